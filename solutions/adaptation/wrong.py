"""Answers to the assignment *Adaptation* whose verdict is known; read by ``proctor verify``, never imported.

Each wrong answer is a mistake that people make; ``fails`` lists exactly the test cells that must notice it. E-numbers
refer to the errata of the source notes, where the mistake comes from one.
"""

from proctor.variants import equivalent, right, wrong

# ---------------------------------------------------------------------------------------------------------- counts
ADAPTERS, PREFIX, LORA, BYTES = (f"counts-{name}" for name in ("adapters", "prefix", "lora", "bytes"))
COUNTS = ("1990595", "122880", "2906368", "1628160", "1226050560")
for name, position, value, cell in [
    ("no head", 0, "1987520", ADAPTERS),
    ("two adapters per layer, as in the chapter", 0, "3978115", ADAPTERS),
    ("no biases", 0, "1969155", ADAPTERS),
    ("d m weights (E130)", 0, "987075", ADAPTERS),
    ("heads of keys as many as heads of queries", 1, "491520", PREFIX),
    ("one prefix for all layers (E131)", 1, "6144", PREFIX),
    ("keys without values", 1, "61440", PREFIX),
    ("the network saves parameters (E131)", 2, "12288", PREFIX),
    ("the network without its input", 2, "2894080", PREFIX),
    ("no difference while training", 2, "122880", PREFIX),
    ("all matrices square", 3, "983040", LORA),
    ("W_V square", 3, "1720320", LORA),
    ("queries and values only (E132)", 3, "399360", LORA),
    ("A only", 3, "860160", LORA),
    ("16 bytes for all", 4, "4826050560", BYTES),
    ("the base forgotten", 4, "26050560", BYTES),
    ("no gradients", 4, "1219537920", BYTES),
]:
    numbers = [*COUNTS[:position], value, *COUNTS[position + 1 :]]
    wrong("counts", name, fails=[cell], source=f"def counts():\n    return {', '.join(numbers)}\n")
wrong(
    "counts",
    "four numbers",
    fails=[ADAPTERS, PREFIX, LORA, BYTES],
    source=f"def counts():\n    return {', '.join(COUNTS[:4])}\n",
)
right(
    "counts",
    "as a list, from shapes",
    source="""
def counts():
    d, f, kv, layers = 1024, 4096, 4 * 64, 20
    def linear(i, o):
        return i * o + o
    adapters = layers * (linear(d, 48) + linear(48, d)) + linear(d, 3)
    net = 12 * d + linear(d, 256) + linear(256, layers * 2 * kv)
    lora = layers * sum(6 * (i + o) for i, o in ((d, d), (d, kv), (d, f), (f, d)))
    return [adapters, 12 * layers * 2 * kv, net, lora, 4 * 300_000_000 + (4 + 4 + 8) * lora]
""",
)

# ------------------------------------------------------------------------------------------------------ verbalizer
SUMS, PRIOR, EDGES = (f"verbalizer-{name}" for name in ("sums", "prior", "edges"))


def classes(
    scores="np.stack([np.logaddexp.reduce(logits[:, ids], axis=1) for ids in words], axis=1)",
    prior="scores - np.array([np.logaddexp.reduce(prior[ids]) for ids in words])",
    result="np.exp(scores - np.logaddexp.reduce(scores, axis=1)[:, None])",
):
    """An answer to verbalizer with one of its parts replaced."""
    return f"""
def classify(logits, words, prior=None):
    scores = {scores}
    if prior is not None:
        scores = {prior}
    return {result}
"""


SHARES = "np.exp(logits - np.logaddexp.reduce(logits, axis=1)[:, None])"
for name, cells, parts in [
    (
        "the mean, as in the chapter",
        [SUMS, PRIOR],
        {"scores": "np.stack([np.logaddexp.reduce(logits[:, i], axis=1) - math.log(len(i)) for i in words], axis=1)"},
    ),
    (
        "the likeliest word",
        [SUMS, PRIOR],
        {"scores": "np.stack([logits[:, ids].max(axis=1) for ids in words], axis=1)"},
    ),
    ("one word for each class (E129)", [SUMS, PRIOR], {"scores": "np.stack([logits[:, i[0]] for i in words], axis=1)"}),
    ("logits added", [SUMS, PRIOR], {"scores": "np.stack([logits[:, i].sum(axis=1) for i in words], axis=1)"}),
    (
        "a softmax over probabilities",
        [SUMS, PRIOR, EDGES],
        {
            "scores": f"np.stack([{SHARES}[:, ids].sum(axis=1) for ids in words], axis=1)",
            "prior": "scores / np.array([np.exp(prior[i] - np.logaddexp.reduce(prior)).sum() for i in words])",
        },
    ),
    (
        "not normalized over the classes",
        [SUMS, PRIOR, EDGES],
        {"result": "np.exp(scores - np.logaddexp.reduce(logits, axis=1)[:, None])"},
    ),
    ("normalized over the texts", [SUMS, PRIOR, EDGES], {"result": "np.exp(scores - np.logaddexp.reduce(scores))"}),
    ("the prior ignored", [PRIOR, EDGES], {"prior": "scores"}),
    (
        "the prior's mean",
        [PRIOR],
        {"prior": "scores - np.array([np.logaddexp.reduce(prior[i]) - math.log(len(i)) for i in words])"},
    ),
    (
        "multiplied by the prior",
        [PRIOR, EDGES],
        {"prior": "scores + np.array([np.logaddexp.reduce(prior[ids]) for ids in words])"},
    ),
    (
        "ratios word by word",
        [PRIOR],
        {"prior": "np.stack([np.logaddexp.reduce((logits - prior)[:, ids], axis=1) for ids in words], axis=1)"},
    ),
    (
        "changes the logits",
        [EDGES],
        {"prior": "scores - np.array([np.logaddexp.reduce(prior[ids]) for ids in words]); logits -= prior"},
    ),
]:
    wrong("verbalizer", name, fails=cells, source=classes(**parts))
wrong(
    "verbalizer",
    "probabilities that underflow",
    fails=[EDGES],
    source="""
def classify(logits, words, prior=None):
    def shares(z):
        p = np.exp(z - z.max(axis=-1, keepdims=True))
        return p / p.sum(axis=-1, keepdims=True)
    s = np.stack([shares(logits)[:, ids].sum(axis=1) for ids in words], axis=1)
    if prior is not None:
        s = s / np.array([shares(prior)[ids].sum() for ids in words])
    return s / s.sum(axis=1, keepdims=True)
""",
)
right(
    "verbalizer",
    "with torch, class by class",
    source="""
def classify(logits, words, prior=None):
    import torch
    z = torch.log_softmax(torch.tensor(logits), 1)
    score = torch.stack([torch.logsumexp(z[:, torch.tensor(ids)], 1) for ids in words], 1)
    if prior is not None:
        z0 = torch.log_softmax(torch.tensor(prior), 0)
        score = score - torch.stack([torch.logsumexp(z0[torch.tensor(ids)], 0) for ids in words])
    return torch.softmax(score, 1)
""",
)
right(
    "verbalizer",
    "a maximum taken off by hand",
    source="""
def classify(logits, words, prior=None):
    out = np.zeros((len(logits), len(words)))
    for row, z in zip(out, logits):
        for c, ids in enumerate(words):
            top = max(z[i] for i in ids)
            row[c] = top + math.log(sum(math.exp(z[i] - top) for i in ids))
            if prior is not None:
                top = max(prior[i] for i in ids)
                row[c] -= top + math.log(sum(math.exp(prior[i] - top) for i in ids))
        row -= row.max()
    out = np.exp(out)
    return out / out.sum(1, keepdims=True)
""",
)

# ---------------------------------------------------------------------------------------------------------- prefix
OUTPUT, MASK, GATE = (f"prefix-{name}" for name in ("output", "mask", "gate"))


def gated(
    scores="query @ np.concatenate([prefix_key, key]).T / math.sqrt(query.shape[1])",
    mask="scores[:, p:][~mask] = -np.inf",
    result="weights @ np.concatenate([prefix_value, value])",
    gate="weights[:, :p].sum(axis=1)",
    lse="np.logaddexp.reduce(query @ key.T / root, axis=1)",
    odds="np.log(gate / (1 - gate))",
    inverse="np.linalg.pinv(query) @ (root * (lse + odds))",
):
    """An answer to prefix with one of its parts replaced."""
    return f"""
def prefix_attention(query, key, value, prefix_key, prefix_value, mask=None):
    p = len(prefix_key)
    scores = {scores}
    if mask is not None:
        {mask}
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    weights = weights / weights.sum(axis=1, keepdims=True)
    return {result}, {gate}


def open_gate(query, key, gate):
    root = math.sqrt(query.shape[1])
    lse, odds = {lse}, {odds}
    return {inverse}
"""


for name, cells, parts in [
    ("the gate of the tokens", [OUTPUT, MASK], {"gate": "weights[:, p:].sum(axis=1)"}),
    ("a mean over the places", [OUTPUT, MASK], {"gate": "weights[:, :p].mean(axis=1)"}),
    ("the first place only", [OUTPUT, MASK], {"gate": "weights[:, 0]"}),
    ("no divisor", [OUTPUT, MASK], {"scores": "query @ np.concatenate([prefix_key, key]).T"}),
    (
        "root of the number of keys",
        [OUTPUT, MASK],
        {"scores": "(k := np.concatenate([prefix_key, key])) is not None and query @ k.T / math.sqrt(len(k))"},
    ),
    ("the prefix's values left out", [OUTPUT, MASK], {"result": "weights[:, p:] @ value"}),
    (
        "the prefix added, the tokens not turned down",
        [OUTPUT, MASK],
        {"result": "weights[:, p:] @ value / weights[:, p:].sum(1, keepdims=True) + weights[:, :p] @ prefix_value"},
    ),
    ("the mask ignored", [MASK], {"mask": "pass"}),
    ("the mask upside down", [MASK], {"mask": "scores[:, p:][mask] = -np.inf"}),
    (
        "the mask on the first places (a mask too short)",
        [MASK],
        {"mask": "scores[:, : mask.shape[1]][~mask] = -np.inf"},
    ),
    ("hidden scores of zero", [MASK], {"mask": "scores[:, p:][~mask] = 0"}),
    ("overwrites the mask", [MASK], {"mask": "scores[:, p:][~mask] = -np.inf; mask[...] = True"}),
    ("odds the other way round", [GATE], {"odds": "np.log((1 - gate) / gate)"}),
    ("the logarithm of the gate", [GATE], {"odds": "np.log(gate)"}),
    ("the tokens left out", [GATE], {"lse": "0.0"}),
    ("against the loudest token", [GATE], {"lse": "(query @ key.T / root).max(axis=1)"}),
    ("against the sum of scores", [GATE], {"lse": "(query @ key.T / root).sum(axis=1)"}),
    ("the divided score", [GATE], {"inverse": "np.linalg.pinv(query) @ (lse + odds)"}),
    ("scores of tokens not divided", [GATE], {"lse": "np.logaddexp.reduce(query @ key.T, axis=1)"}),
    (
        "a key for the first query only",
        [GATE],
        {"inverse": "query[0] * root * (lse + odds)[0] / (query[0] @ query[0])"},
    ),
    (
        "one key for each query, averaged",
        [GATE],
        {"inverse": "((root * (lse + odds) / (query**2).sum(1))[:, None] * query).mean(axis=0)"},
    ),
    (
        "right gates, but not the shortest",
        [GATE],
        {
            "inverse": "np.linalg.lstsq(query[:, ::-1] * np.arange(1, query.shape[1] + 1), root * (lse + odds), "
            "rcond=None)[0][::-1] * np.arange(query.shape[1], 0, -1)"
        },
    ),
]:
    wrong("prefix", name, fails=cells, source=gated(**parts))
wrong(
    "prefix",
    "delegates to ravine",
    fails=[OUTPUT, MASK, GATE],
    source="from ravine.attention import attention\n" + gated(),
)
right(
    "prefix",
    "two attentions and a gate",
    source="""
def part(query, key, value, mask):
    scores = query @ key.T * query.shape[1] ** -0.5
    scores = np.where(mask, scores, -np.inf)
    top = np.maximum(scores.max(axis=1, keepdims=True), -1e300)
    lifted = np.exp(scores - top)
    total = lifted.sum(axis=1, keepdims=True)
    with np.errstate(divide="ignore"):
        return lifted @ value / np.maximum(total, 1e-300), (top + np.log(total))[:, 0]


def prefix_attention(query, key, value, prefix_key, prefix_value, mask=None):
    n = len(query)
    seen = np.ones((n, len(key)), dtype=bool) if mask is None else mask
    one, low = part(query, key, value, seen)
    two, high = part(query, prefix_key, prefix_value, np.ones((n, len(prefix_key)), dtype=bool))
    gate = np.exp(high - np.logaddexp(low, high))
    return (1 - gate[:, None]) * one + gate[:, None] * two, gate


def open_gate(query, key, gate):
    root = query.shape[1] ** 0.5
    mass = np.exp(query @ key.T / root).sum(axis=1)
    scores = np.log(mass) + np.log(gate) - np.log1p(-gate)
    return query.T @ np.linalg.solve(query @ query.T, root * scores)
""",
)
right(
    "prefix",
    "the shortest by least squares",
    source=gated(inverse="np.linalg.lstsq(query, root * (lse + odds), rcond=None)[0]"),
)

# ---------------------------------------------------------------------------------------------------------- starts
SAME, STUCK, FIRST = (f"starts-{name}" for name in ("same", "stuck", "first"))
STARTS = ("1235678", "378", "26")
for name, position, value, cell in [
    ("only B and W_up may be zero", 0, "1358", SAME),
    ("only both", 0, "38", SAME),
    ("the sigmoid is 0 at 0", 0, "12356789", SAME),
    ("all but 4 and 9, and 7 as well", 0, "123568", SAME),
    ("a zero is a dead end (E132)", 1, "12356789", STUCK),
    ("the ReLU overlooked", 1, "38", STUCK),
    ("GELU like ReLU", 1, "3678", STUCK),
    ("zero B avoids collapse, whatever A is (E132)", 1, "", STUCK),
    ("the other matrix", 2, "15", FIRST),
    ("the sigmoid too", 2, "269", FIRST),
    ("the ReLU too", 2, "267", FIRST),
    ("LoRA only", 2, "2", FIRST),
]:
    parts = [*STARTS[:position], value, *STARTS[position + 1 :]]
    wrong("starts", name, fails=[cell], source=f"def starts():\n    return {tuple(parts)}\n")
wrong("starts", "two strings", fails=[SAME, STUCK, FIRST], source="def starts():\n    return '1235678', '378'\n")
right("starts", "in another order", source="def starts():\n    return ['8765321', '873', '62']\n")

# ---------------------------------------------------------------------------------------------------------- server
SCALE, NO_TASK, SWAP, NONE = (f"server-{name}" for name in ("scale", "no-task", "swap", "none"))


def server(
    out="x @ weight.T + bias",
    asked="task >= 0",
    lora="loras[task]",
    scale="alpha / len(a)",
    change="b @ (a @ x[row])",
    start="weight = weight.copy()",
    minus="alpha / len(old[0])",
    plus="alpha / len(new[0])",
    old="old is not None",
    new="new is not None",
):
    """An answer to server with one of its parts replaced."""
    return f"""
def serve(x, tasks, weight, bias, loras, *, alpha):
    out = {out}
    for row, task in enumerate(tasks):
        if {asked}:
            a, b = {lora}
            out[row] += {scale} * {change}
    return out


def swap(weight, old, new, *, alpha):
    {start}
    if {old}:
        weight -= {minus} * old[1] @ old[0]
    if {new}:
        weight += {plus} * new[1] @ new[0]
    return weight
"""


for name, cells, parts in [
    ("alpha / d_out, left as it is", [SCALE], {"scale": "alpha / len(b)"}),
    ("alpha / d_in", [SCALE], {"scale": "alpha / a.shape[1]"}),
    ("a scale of 1 (E132)", [SCALE], {"scale": "1.0"}),
    ("alpha alone", [SCALE], {"scale": "alpha"}),
    ("the root of r", [SCALE], {"scale": "alpha / math.sqrt(len(a))"}),
    ("the first task's rank for all", [SCALE], {"scale": "alpha / len(loras[0][0])"}),
    ("no bias", [SCALE, NO_TASK], {"out": "x @ weight.T"}),
    ("the last task for -1, left as it is", [NO_TASK], {"asked": "True"}),
    ("the first task for -1", [NO_TASK], {"asked": "True", "lora": "loras[max(task, 0)]"}),
    ("task 0 taken for none", [SCALE], {"asked": "task > 0"}),
    ("one task for the whole batch", [SCALE], {"lora": "loras[max(tasks)]"}),
    ("no answer where there is no task", [NO_TASK], {"asked": "task < 0:\n            out[row] = 0\n        else"}),
    ("taken out with the new scale, left as it is", [SWAP], {"minus": "alpha / len((new or old)[0])"}),
    ("put in with the old scale", [SWAP], {"plus": "alpha / len((old or new)[0])"}),
    ("never taken out", [SWAP, NONE], {"old": "False"}),
    ("merged twice", [SWAP, NONE], {"minus": "-alpha / len(old[0])"}),
    ("no scale", [SWAP, NONE], {"minus": "1.0", "plus": "1.0"}),
    ("the caller's matrix is changed, left as it is", [NONE], {"start": "pass"}),
    ("None for old not expected", [NONE], {"old": "True"}),
    ("None for new not expected", [NONE], {"new": "True"}),
    ("nothing to do where one is None", [NONE], {"old": "old and new", "new": "old and new"}),
]:
    wrong("server", name, fails=cells, source=server(**parts))
wrong(
    "server",
    "delegates to ravine",
    fails=[SCALE, NO_TASK, SWAP, NONE],
    source="from ravine.adaptation import LoRALinear\n" + server(),
)
right(
    "server",
    "task by task, with merged matrices",
    source="""
def swap(weight, old, new, *, alpha):
    def change(pair):
        return 0 if pair is None else np.einsum("or,ri->oi", pair[1], pair[0]) * (alpha / pair[0].shape[0])

    return weight + change(new) - change(old)


def serve(x, tasks, weight, bias, loras, *, alpha):
    out = np.zeros((len(x), len(bias)))
    for task in set(tasks):
        rows = np.flatnonzero(np.array(tasks) == task)
        merged = swap(weight, None, None if task == -1 else loras[task], alpha=alpha)
        out[rows] = x[rows] @ merged.T + bias
    return out
""",
)

# -------------------------------------------------------------------------------------------------------- rank-two
MATRIX, LOSS, RANK = (f"rank-two-{name}" for name in ("matrix", "loss", "rank"))
RANKS = ("4", "0", "0", "36", "16", "512", "508")
for name, changes, cell in [
    ("the norm, not squared", {0: "2"}, MATRIX),
    ("what is kept", {0: "16"}, MATRIX),
    ("rank 2 does not suffice", {1: "4"}, MATRIX),
    ("rank 4 is worse than rank 2", {2: "4"}, MATRIX),
    ("inputs without a say", {3: "4", 4: "4"}, LOSS),
    ("the truncated SVD is best", {4: "36"}, LOSS),
    ("the other direction", {3: "16"}, LOSS),
    ("deviations not squared", {3: "12", 4: "4"}, LOSS),
    ("roots", {3: "6", 4: "4"}, LOSS),
    ("the output space has r dimensions (E132)", {5: "4", 6: "4"}, RANK),
    ("all passes the bottleneck (E132)", {6: "4"}, RANK),
    ("ranks add", {5: "516"}, RANK),
    ("the rank cannot fall", {6: "512"}, RANK),
]:
    numbers = [changes.get(place, number) for place, number in enumerate(RANKS)]
    wrong("rank-two", name, fails=[cell], source=f"def rank_two():\n    return {', '.join(numbers)}\n")
wrong(
    "rank-two", "six numbers", fails=[MATRIX, LOSS, RANK], source="def rank_two():\n    return 4, 0, 0, 36, 16, 512\n"
)
right(
    "rank-two",
    "computed",
    source="""
def rank_two():
    M, S = np.zeros((4, 4)), np.eye(4)
    M[:2, :2], S[:2, :2] = [[3, 1], [1, 3]], [[5, -4], [-4, 5]]
    u, s, v = np.linalg.svd(M)
    rest = M - s[0] * np.outer(u[:, 0], v[0])
    weighted = np.linalg.svd(M @ np.linalg.cholesky(S), compute_uv=False)
    return [s[1] ** 2, sum(s[2:] ** 2), 0.0, np.trace(rest @ S @ rest.T), sum(weighted[1:] ** 2), 512, 512 - 4]
""",
)

# ----------------------------------------------------------------------------------------------------- best-change
BEST, MEAN, FEW = (f"best-change-{name}" for name in ("loss", "mean", "few"))


def best(body):
    """An answer to best-change with the given body."""
    return "\n".join(
        ["def best_change(inputs, change, *, rank, scale):", *("    " + line for line in body.split("\n"))]
    )


CUT = "u, s, v = np.linalg.svd({})\nb, a = u[:, :rank], (np.diag(s) @ v[: len(s)])[:rank]\n"
DIRECTIONS = "d = np.linalg.svd(change @ inputs.T)[0][:, :rank]\n"
ROOT = "w, e = np.linalg.eigh({})\nroot, back = e * w**0.5 @ e.T, e * w**-0.5 @ e.T\n"
SECOND = "inputs.T @ inputs / len(inputs)"
for name, cells, body in [
    ("the truncated SVD", [BEST, MEAN, FEW], CUT.format("change") + "return a / scale, b"),
    (
        "the directions of the inputs",
        [BEST, MEAN, FEW],
        "v = np.linalg.svd(inputs)[2][:rank]\nreturn v / scale, change @ v.T",
    ),
    ("no scale", [BEST, MEAN, FEW], DIRECTIONS + "return d.T @ change, d"),
    ("times the scale", [BEST, MEAN, FEW], DIRECTIONS + "return d.T @ change * scale, d"),
    ("the scale in both factors", [BEST, MEAN, FEW], DIRECTIONS + "return d.T @ change / scale, d / scale"),
    ("B first", [BEST, MEAN, FEW], DIRECTIONS + "return d, d.T @ change / scale"),
    (
        "the last directions",
        [BEST, MEAN, FEW],
        "d = np.linalg.svd(change @ inputs.T)[0][:, -rank:]\nreturn d.T @ change / scale, d",
    ),
    (
        "one rank less",
        [BEST, MEAN, FEW],
        DIRECTIONS + "d = d * (np.arange(rank) < rank - 1)\nreturn d.T @ change / scale, d",
    ),
    (
        "the mean taken off",
        [BEST, MEAN, FEW],
        "x = inputs - inputs.mean(axis=0)\n" + DIRECTIONS.replace("inputs", "x") + "return d.T @ change / scale, d",
    ),
    (
        "the second moment, not its root",
        [BEST, MEAN, FEW],
        f"d = np.linalg.svd(change @ ({SECOND}))[0][:, :rank]\nreturn d.T @ change / scale, d",
    ),
    (
        "the chapter's formula, with an inverse",
        [FEW],
        ROOT.format(SECOND)
        + "u, s, v = np.linalg.svd(change @ root, full_matrices=False)\n"
        + "return (s[:, None] * v)[:rank] @ back / scale, u[:, :rank]",
    ),
    (
        "the chapter's formula, with the covariance",
        [BEST, MEAN, FEW],
        ROOT.format("np.cov(inputs.T)")
        + "u, s, v = np.linalg.svd(change @ root, full_matrices=False)\n"
        + "return (s[:, None] * v)[:rank] @ back / scale, u[:, :rank]",
    ),
    ("changes M", [BEST], DIRECTIONS + "a = d.T @ change / scale\nchange -= change\nreturn a, d"),
]:
    wrong("best-change", name, fails=cells, source=best(body))
right(
    "best-change",
    "the chapter's formula, with a pseudoinverse",
    source="""
def best_change(inputs, change, *, rank, scale):
    w, e = np.linalg.eigh(inputs.T @ inputs / len(inputs))
    root = e * np.sqrt(np.maximum(w, 0)) @ e.T
    u, s, v = np.linalg.svd(change @ root, full_matrices=False)
    keep = s[:rank, None] * v[:rank] @ np.linalg.pinv(root, rcond=1e-6)
    return keep / math.sqrt(scale), u[:, :rank] / math.sqrt(scale)
""",
)
right(
    "best-change",
    "principal directions of the outputs, with torch",
    source="""
def best_change(inputs, change, *, rank, scale):
    import torch
    outputs = torch.tensor(inputs) @ torch.tensor(change).T
    b = torch.linalg.eigh(outputs.T @ outputs)[1].flip(1)[:, :rank]
    return b.T @ torch.tensor(change), b / scale
""",
)

# ------------------------------------------------------------------------------------------------------ early-exit
LEAVE, CHOOSE, REPORT = (f"early-exit-{name}" for name in ("leave", "choose", "report"))


def exits(
    entropy="-np.sum(p * np.log(np.maximum(p, 1e-300)), axis=2)",
    sure="h < threshold",
    last="sure[-1] = True",
    layers="sure.argmax(axis=0) + 1",
    answers="p.argmax(axis=2)[layers - 1, np.arange(len(labels))]",
    floor="measure(*validation, -1.0)[1] - margin",
    good="measure(*validation, t)[1] >= floor",
    pick="max",
    report="measure(*test, best)",
    mean="layers.mean()",
):
    """An answer to early-exit with one of its parts replaced."""
    return f"""
def leave(p, threshold):
    h = {entropy}
    sure = {sure}
    {last}
    return {layers}


def early_exit(validation, test, thresholds, *, margin):
    def measure(p, labels, threshold):
        layers = leave(p, threshold)
        answers = {answers}
        return {mean}, (answers == labels).mean()

    floor = {floor}
    best = {pick}([t for t in thresholds if {good}])
    return best, *{report}
"""


for name, cells, parts in [
    ("above the threshold", [LEAVE, CHOOSE, REPORT], {"sure": "h > threshold"}),
    ("at the threshold too", [LEAVE], {"sure": "h <= threshold"}),
    ("bits", [LEAVE, CHOOSE], {"entropy": "-np.sum(p * np.log2(np.maximum(p, 1e-300)), axis=2)"}),
    ("0 ln 0 is nan", [LEAVE], {"entropy": "-np.sum(p * np.log(p), axis=2)"}),
    ("the largest probability (E155)", [LEAVE, CHOOSE, REPORT], {"sure": "p.max(axis=2) > threshold"}),
    (
        "counted from 0",
        [LEAVE, REPORT],
        {"layers": "sure.argmax(axis=0)", "answers": "p.argmax(axis=2)[layers, np.arange(len(labels))]"},
    ),
    ("who is never sure leaves first", [LEAVE, CHOOSE, REPORT], {"last": "pass"}),
    (
        "the last that is sure",
        [LEAVE, CHOOSE],
        {"layers": "len(sure) - sure[:-1][::-1].argmax(axis=0) - 1 + ~sure[:-1].any(0)"},
    ),
    ("the answers of the last exit", [CHOOSE, REPORT], {"answers": "p[-1].argmax(axis=1)"}),
    (
        "chosen on the test data",
        [CHOOSE, REPORT],
        {"floor": "measure(*test, -1.0)[1] - margin", "good": "measure(*test, t)[1] >= floor"},
    ),
    ("the floor from the test data", [CHOOSE], {"floor": "measure(*test, -1.0)[1] - margin"}),
    ("the margin ignored", [CHOOSE, REPORT], {"floor": "measure(*validation, -1.0)[1]"}),
    ("below 1, not below the last exit", [CHOOSE], {"floor": "1 - margin"}),
    ("the smallest", [CHOOSE], {"pick": "min"}),
    ("the first in the list", [CHOOSE], {"pick": "next(iter(thresholds)) or max"}),
    (
        "the most accurate",
        [CHOOSE],
        {"good": "measure(*validation, t)[1] == max(measure(*validation, s)[1] for s in thresholds)"},
    ),
    ("reported on validation data", [REPORT], {"report": "measure(*validation, best)"}),
    ("all layers together", [REPORT], {"mean": "layers.sum()"}),
    ("zero instead of an error", [CHOOSE], {"pick": "(lambda found: max(found, default=0.0))"}),
]:
    wrong("early-exit", name, fails=cells, source=exits(**parts))
right(
    "early-exit",
    "with loops",
    source="""
def leave(probabilities, threshold):
    exits, count, _ = probabilities.shape
    layers = []
    for i in range(count):
        for k in range(exits):
            h = sum(-q * math.log(q) for q in probabilities[k, i].tolist() if q > 0)
            if h < threshold or k == exits - 1:
                layers.append(k + 1)
                break
    return layers


def early_exit(validation, test, thresholds, *, margin):
    def accuracy(data, threshold):
        p, y = data
        layers = leave(p, threshold)
        return sum(int(np.argmax(p[k - 1, i]) == y[i]) for i, k in enumerate(layers)) / len(y), sum(layers) / len(y)

    p, y = validation
    full = float(np.mean(p[-1].argmax(-1) == y))
    for t in sorted(thresholds, reverse=True):
        if accuracy(validation, t)[0] >= full - margin:
            right, layers = accuracy(test, t)
            return t, layers, right
    raise ValueError("no threshold keeps the accuracy")
""",
)

# ------------------------------------------------------------------------------------------------- true-statements
GROUPS = [f"true-statements-{name}" for name in ("prompts", "costs", "exits")]
for name, letters, cells in [
    ("a verbalizer is prompt tuning (E129)", "ABEHI", GROUPS[:1]),
    ("one prompt per batch", "EHI", GROUPS[:1]),
    ("a prefix reorders the tokens", "BCEHI", GROUPS[:1]),
    ("adapters are free (E130)", "BDEHI", GROUPS[1:2]),
    ("full rank is not enough", "BHI", GROUPS[1:2]),
    ("fewer parameters, less computing (E132)", "BEFHI", GROUPS[1:2]),
    ("a softmax is sure (E155)", "BEGHI", GROUPS[2:]),
    ("entropy is another rule", "BEI", GROUPS[2:]),
    ("temperature changes nothing", "BEH", GROUPS[2:]),
    ("all", "ABCDEFGHI", GROUPS),
    ("none", "", GROUPS),
    ("the false ones", "ACDFG", GROUPS),
]:
    wrong("true-statements", name, fails=cells, source=f'def true_statements():\n    return "{letters}"\n')
right("true-statements", "in another order", source='def true_statements():\n    return "IHEB"\n')

# ------------------------------------------------------------------------- mutants that are the same function
equivalent(
    "server",
    "line 33: ((-1, old), (1, new)) -> ((1, new), (-1, old))",
    why="it does not matter which of the two changes is added first",
)
equivalent(
    "early-exit",
    "line 4: np.maximum(probabilities, 1e-300) -> np.maximum(probabilities, 1e-297)",
    why="any tiny number will do: it is multiplied by a probability of 0",
)
equivalent(
    "early-exit",
    "line 32: measure(*validation, 0) -> measure(*validation, -1)",
    why="no entropy is below 0, and none is below -1",
)
