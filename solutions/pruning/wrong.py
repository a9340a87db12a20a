"""Answers to the assignment *Pruning* whose verdict is known; read by ``proctor verify``, never imported.

Each wrong answer is a mistake that people make; ``fails`` lists exactly the test cells that must notice it. E-numbers
refer to the errata of the source notes, where the mistake comes from one.
"""

from proctor.variants import equivalent, right, wrong

# ------------------------------------------------------------------------------------------------------ two-orders
ORDER, COST, COUPLED = (f"two-orders-{name}" for name in ("order", "cost", "coupled"))
ANSWERS = ("[2, 3, 1, 4]", "[1, 3, 2, 4]", "3.69", "2.44", "3.64", "[1, 2]", "0.75", "0.85")
for name, changes, cells in [
    ("the sign left on", {0: "[4, 2, 3, 1]"}, [ORDER]),
    ("largest first", {0: "[4, 1, 3, 2]", 1: "[4, 2, 3, 1]"}, [ORDER]),
    ("small is unimportant (E147)", {1: "[2, 3, 1, 4]"}, [ORDER]),
    ("h |w|", {1: "[1, 4, 3, 2]"}, [ORDER]),
    ("curvature alone", {1: "[4, 1, 3, 2]"}, [ORDER]),
    ("no factor 1/2", {2: "7.38", 3: "4.88"}, [COST]),
    ("the first deletion alone", {2: "2.25"}, [COST]),
    ("the last deletion alone", {3: "1.44"}, [COST]),
    ("saliencies add up, always", {4: "2.44"}, [COUPLED]),
    ("the mixed term once", {4: "3.04"}, [COUPLED]),
    ("the old pair", {5: "[1, 3]"}, [COUPLED]),
    ("nothing moves", {6: "1.0", 7: "0.6"}, [COUPLED]),
    ("the change, not the weight", {7: "0.25"}, [COUPLED]),
]:
    parts = [changes.get(place, answer) for place, answer in enumerate(ANSWERS)]
    wrong("two-orders", name, fails=cells, source=f"def two_orders():\n    return {', '.join(parts)}\n")
right(
    "two-orders",
    "computed",
    source="""
def two_orders():
    h, w = np.diag([2.0, 50, 8, 1]), np.array([1, -0.3, 0.6, -2.2])
    def grow(h, *gone):
        delta = np.where(np.isin([1, 2, 3, 4], gone), -w, 0)
        return delta @ h @ delta / 2
    first = 1 + np.argsort(np.abs(w))
    second = np.array(sorted([1, 2, 3, 4], key=lambda k: grow(h, k)))
    full = h.copy()
    full[0, 2] = full[2, 0] = 2
    pair = min(combinations([1, 2, 3, 4], 2), key=lambda pair: grow(full, *pair))
    other = np.linalg.inv(full)
    step = -w[0] * other[:, 0] / other[0, 0]
    return [
        first, second, grow(h, *first[:2]), grow(h, *second[:2]), grow(full, 1, 3), pair,
        step @ full @ step / 2, w[2] + step[2],
    ]
""",
)

# ---------------------------------------------------------------------------------------------------------- misled
CONDITIONS, FACTOR = "misled-conditions", "misled-factor"
for name, first, weights, cells in [
    ("the factor between the entries of X", "2 * factor", "[1.0, 2.0]", [FACTOR]),
    ("the factor between the curvatures", "math.sqrt(factor)", "[1.0, 2.0]", [FACTOR]),
    ("one fixed case", "4.0", "[1.0, 2.0]", [FACTOR]),
    ("at least the factor", "3 * math.sqrt(factor)", "[1.0, 2.0]", [FACTOR]),
    ("the weights once", "math.sqrt(2 * factor)", "[1.0, 2.0]", [FACTOR]),
    ("the other one is cheap", "2 / math.sqrt(factor)", "[1.0, 2.0]", [FACTOR]),
    ("the larger one comes first", "math.sqrt(factor) / 2", "[2.0, 1.0]", [CONDITIONS]),
    ("hardly smaller", "math.sqrt(factor) * 4 / 3", "[3.0, 4.0]", [CONDITIONS]),
    ("equal weights", "math.sqrt(factor)", "[1.0, 1.0]", [CONDITIONS]),
]:
    wrong(
        "misled",
        name,
        fails=cells,
        source=f"def misled(factor):\n    return np.diag([{first}, 1.0]), np.array({weights})\n",
    )
wrong(
    "misled",
    "inputs that are not orthogonal",
    fails=[CONDITIONS],
    source="""
def misled(factor):
    return np.array([[2 * math.sqrt(factor), 1.0], [0.0, 0.0]]), np.array([1.0, 2.0])
""",
)
wrong(
    "misled",
    "a column that counts for nothing",
    fails=[CONDITIONS, FACTOR],
    source="def misled(factor):\n    return np.array([[1.0, 0.0], [-1.0, 0.0]]), np.array([1.0, 2.0])\n",
)
right(
    "misled",
    "four rows of mean zero, in torch",
    source="""
def misled(factor):
    signs = torch.tensor([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]], dtype=torch.float64)
    return signs * torch.tensor([9 * factor**0.5, 0.25], dtype=torch.float64), [-0.25, 9.0]
""",
)

# ------------------------------------------------------------------------------------------------------ keep-masks
COUNTS, GLOBAL, TIES, LEAST = (f"keep-masks-{name}" for name in ("counts", "global", "ties", "least"))
EACH = [COUNTS, GLOBAL, TIES, LEAST]


def keep_masks(
    prepare="",
    rank="np.lexsort([np.lexsort([s.ravel()])])",
    safe="rank >= len(rank) - least",
    count="round(sparsity * len(flat))",
    check="if count > np.sum(~safe):\n        raise ValueError('too many')",
    order="np.lexsort([flat, safe])[:count]",
    dtype="bool",
):
    """An answer to keep-masks with one of its parts replaced."""
    return f"""
def keep_masks(scores, sparsity, *, least=0):
    {prepare}
    flat = np.concatenate([s.ravel() for s in scores.values()])
    ranks = [{rank} for s in scores.values()]
    safe = np.concatenate([{safe} for rank in ranks])
    count = {count}
    {check}
    kept = np.ones(len(flat), dtype=bool)
    kept[{order}] = False
    masks = {{}}
    for name, s in scores.items():
        masks[name], kept = kept[:s.size].reshape(s.shape).astype({dtype}), kept[s.size:]
    return masks
"""


for name, cells, parts in [
    ("sparsity is the share that stays", EACH, {"count": "round((1 - sparsity) * len(flat))"}),
    ("rounded down", [COUNTS, LEAST], {"count": "int(sparsity * len(flat))"}),
    ("rounded up", [COUNTS, LEAST], {"count": "math.ceil(sparsity * len(flat))"}),
    ("the best go", [GLOBAL, TIES, LEAST], {"order": "np.lexsort([-flat, safe])[:count]"}),
    ("the sign is dropped", [GLOBAL], {"order": "np.lexsort([np.abs(flat), safe])[:count]"}),
    (
        "the last of equal scores goes first",
        [TIES],
        {"order": "np.lexsort([-np.arange(len(flat)), flat, safe])[:count]"},
    ),
    (
        "layers by name",
        [TIES],
        {"prepare": "scores = dict(sorted(scores.items()))"},
    ),
    ("nothing is protected", [TIES, LEAST], {"order": "np.lexsort([flat])[:count]"}),
    ("one too few protected", [TIES, LEAST], {"safe": "rank > len(rank) - least"}),
    ("the worst are protected", [TIES, LEAST], {"safe": "rank < least"}),
    (
        "the first of equal scores are protected",
        [TIES],
        {"rank": "np.lexsort([np.lexsort([-np.arange(s.size), s.ravel()])])"},
    ),
    ("the last entries are protected", [LEAST], {"rank": "np.arange(s.size)"}),
    ("no check", [LEAST], {"check": ""}),
    (
        "a check too strict",
        [COUNTS, TIES, LEAST],
        {"check": "if count >= np.sum(~safe):\n        raise ValueError('too many')"},
    ),
    (
        "protected ones are not made up for",
        [TIES, LEAST],
        {"order": "np.setdiff1d(np.lexsort([flat])[:count], np.flatnonzero(safe))"},
    ),
    ("masks of zeros and ones", [COUNTS], {"dtype": "float"}),
]:
    wrong("keep-masks", name, fails=cells, source=keep_masks(**parts))
wrong(
    "keep-masks",
    "each layer by itself",
    fails=EACH,
    source="""
def keep_masks(scores, sparsity, *, least=0):
    masks = {}
    for name, s in scores.items():
        kept = np.ones(s.size, dtype=bool)
        kept[np.lexsort([s.ravel()])[: max(min(round(sparsity * s.size), s.size - least), 0)]] = False
        masks[name] = kept.reshape(s.shape)
    return masks
""",
)
wrong(
    "keep-masks",
    "a threshold: equal scores go together",
    fails=[TIES, LEAST],
    source="""
def keep_masks(scores, sparsity, *, least=0):
    flat = np.sort(np.concatenate([s.ravel() for s in scores.values()]))
    count = round(sparsity * len(flat))
    limit = flat[count] if count < len(flat) else np.inf
    return {name: s >= limit for name, s in scores.items()}
""",
)
wrong(
    "keep-masks",
    "changes the scores",
    fails=[COUNTS],
    source=keep_masks(check="for s in scores.values():\n        s[...] = np.abs(s)")
    .replace(
        "count = round",
        "if count_check(scores, least, sparsity):\n        raise ValueError('too many')\n    count = round",
    )
    .replace(
        "def keep_masks",
        """def count_check(scores, least, sparsity):
    total = sum(s.size for s in scores.values())
    return round(sparsity * total) > sum(max(s.size - least, 0) for s in scores.values())


def keep_masks""",
    ),
)
wrong(
    "keep-masks",
    "delegates to ravine",
    fails=EACH,
    source="""
from ravine.pruning import masks_of


def keep_masks(scores, sparsity, *, least=0):
    masks = masks_of({name: torch.as_tensor(s) for name, s in scores.items()}, sparsity)
    return {name: mask.numpy() for name, mask in masks.items()}
""",
)
right(
    "keep-masks",
    "one after another",
    source="""
def keep_masks(scores, sparsity, *, least=0):
    masks = {name: np.ones(s.shape, dtype=bool) for name, s in scores.items()}
    line = []
    for layer, (name, s) in enumerate(scores.items()):
        line += [(float(score), layer, place, name) for place, score in enumerate(s.flat)]
    left = round(sparsity * len(line))
    for _, _, place, name in sorted(line):
        if left and masks[name].sum() > least:
            masks[name].flat[place] = False
            left -= 1
    if left:
        raise ValueError(f"{left} weights too many are protected")
    return masks
""",
)

# ------------------------------------------------------------------------------------------------------- curvature
SECOND, FIRST, EDGES = (f"curvature-{name}" for name in ("second", "first", "edges"))


def curvature(
    slope="z / (1 + z) ** 2",
    first="((slope @ w2**2) * (hidden > 0)).T @ x**2 / len(x)",
    second="slope.T @ hidden**2 / len(x)",
    hidden="np.maximum(x @ w1.T + b1, 0)",
):
    """An answer to curvature with one of its parts replaced."""
    return f"""
def curvature(w1, b1, w2, b2, x):
    hidden = {hidden}
    logits = hidden @ w2.T + b2
    z = np.exp(-np.abs(logits))
    slope = {slope}
    return {first}, {second}
"""


SOFTMAX = "torch.softmax(torch.as_tensor(logits), 1).numpy()"
for name, cells, parts in [
    (
        "the chapter's softmax",
        [SECOND, FIRST, EDGES],
        {
            "slope": SOFTMAX,
            "first": "((slope @ w2**2 - (slope @ w2) ** 2) * (hidden > 0)).T @ x**2 / len(x)",
            "second": "(slope * (1 - slope)).T @ hidden**2 / len(x)",
        },
    ),
    ("off counts as on", [FIRST, EDGES], {"first": "(slope @ w2**2).T @ x**2 / len(x)"}),
    ("a neuron at its kink is on", [EDGES], {"first": "((slope @ w2**2) * (x @ w1.T + b1 >= 0)).T @ x**2 / len(x)"}),
    (
        "outgoing weights forgotten",
        [FIRST, EDGES],
        {"first": "(slope.sum(1)[:, None] * (hidden > 0)).T @ x**2 / len(x)"},
    ),
    ("outgoing weights not squared", [FIRST, EDGES], {"first": "((slope @ w2) * (hidden > 0)).T @ x**2 / len(x)"}),
    ("inputs not squared", [FIRST, EDGES], {"first": "((slope @ w2**2) * (hidden > 0)).T @ x / len(x)"}),
    ("hidden values not squared", [SECOND, EDGES], {"second": "slope.T @ hidden / len(x)"}),
    ("a sum", [SECOND, FIRST], {"first": "((slope @ w2**2) * (hidden > 0)).T @ x**2", "second": "slope.T @ hidden**2"}),
    ("p for p (1 - p)", [SECOND, FIRST, EDGES], {"slope": "1 / (1 + np.exp(-logits))"}),
    ("overflow", [EDGES], {"slope": "np.exp(logits) / (1 + np.exp(logits)) ** 2"}),
    ("no bias", [SECOND, FIRST, EDGES], {"hidden": "np.maximum(x @ w1.T, 0)"}),
    ("no ReLU", [SECOND, FIRST], {"hidden": "x @ w1.T + b1"}),
    (
        "the saliency",
        [SECOND, FIRST, EDGES],
        {
            "first": "((slope @ w2**2) * (hidden > 0)).T @ x**2 / len(x) * w1**2 / 2",
            "second": "slope.T @ hidden**2 / len(x) * w2**2 / 2",
        },
    ),
    ("a mean over the outputs", [SECOND, FIRST], {"slope": "z / (1 + z) ** 2 / len(w2)"}),
]:
    wrong("curvature", name, fails=cells, source=curvature(**parts))
TWICE = """
def curvature(w1, b1, w2, b2, x):
    leaves = [torch.tensor(part, requires_grad=True) for part in (w1, b1, w2, b2)]
    x = torch.as_tensor(x)
    z = torch.relu(x @ leaves[0].T + leaves[1]) @ leaves[2].T + leaves[3]
    loss = torch.nn.functional.softplus(z).sum() / len(x)
    found = []
    for leaf in (leaves[0], leaves[2]):
        (slope,) = torch.autograd.grad(loss, leaf, create_graph=True)
        SECOND
    return found
"""
wrong(
    "curvature",
    "squared gradients: an empirical Fisher",
    fails=[SECOND, FIRST, EDGES],
    source=TWICE.replace("SECOND", "found.append(slope.detach().numpy() ** 2)"),
)
wrong(
    "curvature",
    "row sums of the Hessian: one backward pass for all",
    fails=[SECOND, FIRST],
    source=TWICE.replace(
        "SECOND", "found.append(torch.autograd.grad(slope.sum(), leaf, retain_graph=True)[0].numpy())"
    ),
)
wrong(
    "curvature",
    "delegates to ravine",
    fails=[SECOND, FIRST, EDGES],
    source="""
from ravine.pruning import hessian_diagonal


def curvature(w1, b1, w2, b2, x):
    net = torch.nn.Sequential(torch.nn.Linear(*w1.T.shape), torch.nn.ReLU(), torch.nn.Linear(*w2.T.shape)).double()
    for parameter, part in zip(net.parameters(), (w1, b1, w2, b2)):
        parameter.data = torch.as_tensor(part)
    loss = lambda z, y: torch.nn.functional.softplus(z).sum() / len(z)
    found = hessian_diagonal(net, loss, torch.as_tensor(x), None)
    return found["0.weight"].numpy(), found["2.weight"].numpy()
""",
)
right(
    "curvature",
    "two backward passes",
    source=TWICE.replace(
        "SECOND",
        """rows = [torch.autograd.grad(s, leaf, retain_graph=True)[0].flatten() for s in slope.flatten()]
        found.append(torch.stack(rows).diagonal().reshape(leaf.shape).numpy())""",
    ),
)
right(
    "curvature",
    "example by example",
    source="""
def curvature(w1, b1, w2, b2, x):
    first, second = np.zeros(w1.shape), np.zeros(w2.shape)
    for row in x:
        a = w1 @ row + b1
        h = np.where(a > 0, a, 0.0)
        p = torch.sigmoid(torch.as_tensor(w2 @ h + b2)).numpy()
        first += np.outer((a > 0) * ((p * (1 - p)) @ w2**2), row**2)
        second += np.outer(p * (1 - p), h**2)
    return first / len(x), second / len(x)
""",
)

# --------------------------------------------------------------------------------------------------------- balance
FUNCTION, NORMS, LEFT = (f"balance-{name}" for name in ("function", "norms", "edges"))
DEAD = "np.where((inward > 0) & (outward > 0), {0}, 1.0)"


def balance(
    inward="np.linalg.norm(w1, axis=1)",
    outward="np.linalg.norm(w2, axis=0)",
    ratio="np.sqrt(outward / np.where(inward > 0, inward, 1))",
    scale=DEAD,
    new="w1 * c[:, None], b1 * c, w2 / c",
):
    """An answer to balance with one of its parts replaced."""
    return f"""
def balance(w1, b1, w2):
    inward, outward = {inward}, {outward}
    ratio = {ratio}
    c = {scale.format("ratio")}
    return {new}
"""


ROOT = "np.sqrt({0} / np.where(inward > 0, inward, 1))"
for name, cells, parts in [
    ("the bias stays", [FUNCTION, NORMS], {"new": "w1 * c[:, None], b1, w2 / c"}),
    ("no root", [NORMS, LEFT], {"ratio": "outward / np.where(inward > 0, inward, 1)"}),
    ("upside down", [NORMS, LEFT], {"ratio": "np.sqrt(inward / np.where(outward > 0, outward, 1))"}),
    ("multiplied on both sides", [FUNCTION, NORMS, LEFT], {"new": "w1 * c[:, None], b1 * c, w2 * c"}),
    ("incoming norms of 1", [NORMS, LEFT], {"ratio": "1 / np.where(inward > 0, inward, 1)"}),
    ("the bias in the norm", [NORMS, LEFT], {"inward": "np.linalg.norm(np.column_stack([w1, b1]), axis=1)"}),
    (
        "sums of absolute values",
        [NORMS, LEFT],
        {"inward": "np.abs(w1).sum(axis=1)", "outward": "np.abs(w2).sum(axis=0)"},
    ),
    (
        "one scale for the layer",
        [NORMS, LEFT],
        {"ratio": "np.sqrt(np.linalg.norm(w2) / (np.linalg.norm(w1) or 1.0))"},
    ),
    ("nothing is moved", [NORMS, LEFT], {"scale": "np.ones(len(w1))"}),
    (
        "divides by a norm of zero",
        [LEFT],
        {"ratio": "np.sqrt(outward / inward)", "scale": "{0}"},
    ),
    ("a small number in the denominator", [LEFT], {"ratio": "np.sqrt(outward / (inward + 1e-30))", "scale": "{0}"}),
    ("the squared norms", [NORMS, LEFT], {"inward": "(w1**2).sum(axis=1)", "outward": "(w2**2).sum(axis=0)"}),
    ("the norm of the wrong axis", [FUNCTION, NORMS, LEFT], {"outward": "np.linalg.norm(w2, axis=1)"}),
]:
    wrong("balance", name, fails=cells, source=balance(**parts))
wrong(
    "balance",
    "changes its arguments",
    fails=[FUNCTION],
    source=balance(new="w1, b1, w2").replace(
        "    return", "    w1 *= c[:, None]\n    b1 *= c\n    w2 /= c\n    return"
    ),
)
right(
    "balance",
    "neuron by neuron",
    source="""
def balance(w1, b1, w2):
    w1, b1, w2 = w1.copy(), b1.copy(), w2.copy()
    for j in range(len(w1)):
        a, b = math.sqrt(sum(v * v for v in w1[j])), math.sqrt(sum(v * v for v in w2[:, j]))
        if a and b:
            goal = math.sqrt(a * b)
            w1[j], b1[j], w2[:, j] = w1[j] * goal / a, b1[j] * goal / a, w2[:, j] * goal / b
    return w1, b1, w2
""",
)
right(
    "balance", "in torch", source=balance(new="[torch.as_tensor(part) for part in (w1 * c[:, None], b1 * c, w2 / c)]")
)

# ----------------------------------------------------------------------------------------------------- masked-adam
ZEROS, STEPS, STATE = (f"masked-adam-{name}" for name in ("zeros", "steps", "state"))


def masked_adam(
    cut="weights, m, v = weights * mask, m * mask, v * mask",
    first="t + 1",
    before="grad = grad * mask",
    clip="if norm > max_norm:\n            grad = grad * (max_norm / norm)",
    after="",
    step="lr * m_hat / (np.sqrt(v_hat) + eps)",
    end="",
    result="np.array(path), m, v",
):
    """An answer to masked-adam with one of its parts replaced."""
    return f"""
def masked_adam(weights, mask, m, v, t, grads, *, lr, max_norm, beta1=0.9, beta2=0.999, eps=1e-8):
    {cut}
    path = [weights]
    for number, grad in enumerate(grads, start={first}):
        {before}
        norm = np.linalg.norm(grad)
        {clip}
        {after}
        m = beta1 * m + (1 - beta1) * grad
        v = beta2 * v + (1 - beta2) * grad**2
        m_hat, v_hat = m / (1 - beta1**number), v / (1 - beta2**number)
        weights = weights - {step}
        {end}
        path.append(weights)
    return {result}
"""


GIVEN = {"cut": "weights = weights * mask", "first": "1", "before": "", "after": "grad = grad * mask"}
for name, cells, parts in [
    ("as given", [ZEROS, STEPS, STATE], GIVEN),
    ("gradients masked, momentum not (E147)", [ZEROS, STATE], {"cut": "weights = weights * mask"}),
    ("nothing but the cut", [ZEROS, STEPS, STATE], {"cut": "weights = weights * mask", "before": ""}),
    ("clipped before the mask", [STEPS, STATE], {"before": "", "after": "grad = grad * mask"}),
    ("the count starts again", [STEPS], {"first": "1"}),
    ("the count is one behind", [STEPS, ZEROS], {"first": "t"}),
    ("moments thrown away", [STEPS, STATE], {"cut": "weights, m, v = weights * mask, 0 * m, 0 * v"}),
    ("Adam made anew", [STEPS, STATE], {"cut": "weights, m, v = weights * mask, 0 * m, 0 * v", "first": "1"}),
    ("moments keep what was deleted", [STATE], {"cut": "weights = weights * mask", "end": "weights = weights * mask"}),
    (
        "the last row only",
        [ZEROS],
        {
            "cut": "mask = mask.astype(float)\n    weights, m, v = weights * 1.0, m * mask, v * mask",
            "result": "np.array(path[:-1] + [path[-1] * mask]), m, v",
        },
    ),
    ("not cut before the first step", [ZEROS], {"cut": "m, v = m * mask, v * mask", "end": "weights = weights * mask"}),
    ("no clipping", [STEPS, STATE], {"clip": ""}),
    ("always scaled to max_norm", [STEPS, STATE], {"clip": "grad = grad * (max_norm / norm)"}),
    ("eps inside the root", [STEPS], {"step": "lr * m_hat / np.sqrt(v_hat + eps)"}),
    ("no correction", [STEPS], {"step": "lr * m / (np.sqrt(v) + eps)"}),
    ("eps ignored", [STEPS], {"step": "lr * m_hat / np.maximum(np.sqrt(v_hat), 1e-8)"}),
    ("uphill", [STEPS], {"step": "-lr * m_hat / (np.sqrt(v_hat) + eps)"}),
    ("corrected moments returned", [STATE], {"result": "np.array(path), m / (1 - beta1 ** (t + len(grads) or 1)), v"}),
    (
        "the mask is turned around",
        [ZEROS, STEPS, STATE],
        {"cut": "mask = ~mask\n    weights, m, v = weights * mask, m * mask, v * mask"},
    ),
    ("the path without its start", [ZEROS, STEPS], {"result": "np.array(path[1:]), m, v"}),
    (
        "one array, many times in the path",
        [ZEROS, STEPS],
        {"end": "path[0][...] = weights\n        weights = path[0]"},
    ),
    (
        "moments changed in place",
        [STATE],
        {"cut": "m *= mask\n    v *= mask\n    weights = weights * mask"},
    ),
]:
    wrong("masked-adam", name, fails=cells, source=masked_adam(**parts))
wrong(
    "masked-adam",
    "delegates to torch.optim",
    fails=[ZEROS, STEPS, STATE],
    source="""
def masked_adam(weights, mask, m, v, t, grads, *, lr, max_norm, beta1=0.9, beta2=0.999, eps=1e-8):
    leaf = torch.nn.Parameter(torch.as_tensor(weights * mask))
    adam = torch.optim.Adam([leaf], lr=lr, betas=(beta1, beta2), eps=eps)
    return np.array([weights * mask]), m, v
""",
)
right(
    "masked-adam",
    "everything masked after each step",
    source=masked_adam(
        cut="weights, m, v = weights * mask, m * mask, v * mask",
        end="weights, m, v = np.where(mask, weights, 0), np.where(mask, m, 0), np.where(mask, v, 0)",
    ),
)
right(
    "masked-adam",
    "only the weights that stay",
    source="""
def masked_adam(weights, mask, m, v, t, grads, *, lr, max_norm, beta1=0.9, beta2=0.999, eps=1e-8):
    w, a, b = weights[mask], m[mask], v[mask]
    path = np.zeros((len(grads) + 1, len(weights)))
    path[0, mask] = w
    for k, g in enumerate(grads[:, mask]):
        size = math.sqrt(g @ g)
        g = g / max(1.0, size / max_norm)
        a, b, t = a + (1 - beta1) * (g - a), b + (1 - beta2) * (g * g - b), t + 1
        w = w - lr * a / (1 - beta1**t) / (np.sqrt(b / (1 - beta2**t)) + eps)
        path[k + 1, mask] = w
    m, v = np.zeros(len(weights)), np.zeros(len(weights))
    m[mask], v[mask] = a, b
    return path, m, v
""",
)

# ---------------------------------------------------------------------------------------------------------- rounds
SHARES, ONCE, TURN = (f"rounds-{name}" for name in ("shares", "at-once", "in-turn"))
NUMBERS = ("0.369", "0.643", "14", "1.26", "2.143", "1.398", "1.03", "0.841")
for name, changes, cells in [
    ("the share kept", {0: "0.631"}, [SHARES]),
    ("shares add up", {0: "0.18"}, [SHARES]),
    ("the share of all weights", {1: "0.18"}, [SHARES]),
    ("rounds rounded down", {2: "13"}, [SHARES]),
    ("rounds of a fifth of all", {2: "5"}, [SHARES]),
    ("no factor 1/2", {3: "2.518"}, [ONCE]),
    ("no factor 1/2 in the loss", {4: "4.287", 5: "2.795"}, [ONCE]),
    ("deletions add up", {4: "1.2591"}, [ONCE]),
    ("refitted at once", {4: "1.3975"}, [ONCE]),
    ("not refitted", {5: "2.1435"}, [ONCE]),
    ("magnitude at once", {5: "2.363"}, [ONCE]),
    ("never scored again", {6: "1.3975"}, [TURN]),
    ("rounds find the best", {7: "1.0278"}, [TURN]),
    ("rounds are the best", {6: "0.841"}, [TURN]),
]:
    parts = [changes.get(place, number) for place, number in enumerate(NUMBERS)]
    wrong("rounds", name, fails=cells, source=f"def rounds():\n    return {', '.join(parts)}\n")
right("rounds", "three digits", source=f"def rounds():\n    return [{', '.join(NUMBERS)}]\n")
right(
    "rounds",
    "computed",
    source="""
def rounds():
    def fit(columns):
        theta = np.zeros(8)
        theta[columns] = np.linalg.lstsq(INPUTS[:, columns], ANSWERS, rcond=None)[0]
        return theta
    def loss(theta):
        return 0.5 * np.mean((INPUTS @ theta - ANSWERS) ** 2)
    def score(theta):
        return (INPUTS**2).mean(0) * theta**2 / 2
    everything = fit(list(range(8)))
    order = list(np.argsort(score(everything)))
    kept = np.where(np.isin(np.arange(8), order[6:]), everything, 0)
    left = list(range(8))
    while len(left) > 2:
        s = score(fit(left))
        left.remove(min(left, key=lambda k: s[k]))
    n, share = 0, 1.0
    while share > 0.05:
        n, share = n + 1, share * 0.8
    return (
        1 - 0.1 ** (1 / 5), 0.18 / (1 - 4 * 0.18), n, score(everything)[order[:6]].sum(), loss(kept),
        loss(fit(order[6:])), loss(fit(left)), min(loss(fit(list(pair))) for pair in combinations(range(8), 2)),
    )
""",
)

# --------------------------------------------------------------------------------------------------- merge-neurons
CONSTANTS, COPIES, LIMITS = (f"merge-neurons-{name}" for name in ("constants", "copies", "edges"))


def merge_neurons(
    alive="np.any(w1 != 0, axis=1)",
    fold="b2 + w2[:, ~alive] @ np.maximum(b1[~alive], 0)",
    same="np.allclose(w1[i] * sizes[j], w1[j] * sizes[i]) and np.isclose(b1[i] * sizes[j], b1[j] * sizes[i])",
    sizes="np.linalg.norm(w1, axis=1)",
    add="new[i] = new[i] + sizes[j] / sizes[i] * w2[:, j]",
    result="w1[stay], b1[stay], np.stack([new[i] for i in stay], axis=1), b2",
):
    """An answer to merge-neurons with one of its parts replaced."""
    return f"""
def merge_neurons(w1, b1, w2, b2):
    alive = {alive}
    b2 = {fold}
    w1, b1, w2 = w1[alive], b1[alive], w2[:, alive]
    sizes = {sizes}
    stay, new = [], {{}}
    for j in range(len(w1)):
        for i in stay:
            if {same}:
                {add}
                break
        else:
            stay.append(j)
            new[j] = w2[:, j]
    return {result}
"""


right("merge-neurons", "one after another", source=merge_neurons())
for name, cells, parts in [
    ("constants are lost", [CONSTANTS, LIMITS], {"fold": "b2"}),
    ("a constant says its bias, ReLU or not", [CONSTANTS, LIMITS], {"fold": "b2 + w2[:, ~alive] @ b1[~alive]"}),
    ("constants subtracted", [CONSTANTS, LIMITS], {"fold": "b2 - w2[:, ~alive] @ np.maximum(b1[~alive], 0)"}),
    ("constants without their bias", [CONSTANTS, LIMITS], {"fold": "b2 + w2[:, ~alive].sum(axis=1)"}),
    ("some zero is constant", [CONSTANTS], {"alive": "np.all(w1 != 0, axis=1)"}),
    (
        "a bias keeps a neuron",
        [CONSTANTS, LIMITS],
        {"alive": "np.any(w1 != 0, axis=1) | (b1 != 0)", "sizes": "np.linalg.norm(w1, axis=1) + 1e-300"},
    ),
    ("copies are lost", [COPIES, LIMITS], {"add": "pass"}),
    ("no factor c", [COPIES, LIMITS], {"add": "new[i] = new[i] + w2[:, j]"}),
    ("over c", [COPIES, LIMITS], {"add": "new[i] = new[i] + sizes[i] / sizes[j] * w2[:, j]"}),
    ("only equal neurons", [COPIES, LIMITS], {"same": "np.allclose(w1[i], w1[j]) and np.isclose(b1[i], b1[j])"}),
    ("biases do not count", [LIMITS], {"same": "np.allclose(w1[i] * sizes[j], w1[j] * sizes[i])"}),
    (
        "the bias without c",
        [COPIES, LIMITS],
        {"same": "np.allclose(w1[i] * sizes[j], w1[j] * sizes[i]) and np.isclose(b1[i], b1[j])"},
    ),
    (
        "opposites are copies",
        [LIMITS],
        {
            "same": "any(np.allclose(w1[i] * sizes[j], s * w1[j] * sizes[i]) "
            "and np.isclose(b1[i] * sizes[j], s * b1[j] * sizes[i]) for s in (1, -1))"
        },
    ),
    ("of equal length", [COPIES, LIMITS], {"same": "np.isclose(sizes[i], sizes[j]) and np.isclose(b1[i], b1[j])"}),
    (
        "in reverse order",
        [CONSTANTS, COPIES, LIMITS],
        {"result": "w1[stay][::-1], b1[stay][::-1], np.stack([new[i] for i in stay[::-1]], axis=1), b2"},
    ),
    ("averaged", [COPIES, LIMITS], {"add": "new[i] = (new[i] + sizes[j] / sizes[i] * w2[:, j]) / 2"}),
    ("nothing is removed", [CONSTANTS, COPIES, LIMITS], {"alive": "np.ones(len(w1), dtype=bool)", "same": "False"}),
]:
    wrong("merge-neurons", name, fails=cells, source=merge_neurons(**parts))
wrong(
    "merge-neurons",
    "changes b2 in place",
    fails=[CONSTANTS],
    source=merge_neurons(fold="b2; b2 += w2[:, ~alive] @ np.maximum(b1[~alive], 0)"),
)
wrong(
    "merge-neurons",
    "the last of the copies stays",
    fails=[COPIES, LIMITS],
    source=merge_neurons(
        add="new[j] = w2[:, j] + sizes[i] / sizes[j] * new[i]\n                stay[stay.index(i)] = j"
    ),
)
wrong(
    "merge-neurons",
    "delegates to ravine",
    fails=[CONSTANTS, COPIES, LIMITS],
    source="""
from ravine.structured import remove_neurons


def merge_neurons(w1, b1, w2, b2):
    net = torch.nn.Sequential(torch.nn.Linear(*w1.T.shape), torch.nn.ReLU(), torch.nn.Linear(*w2.T.shape)).double()
    for parameter, part in zip(net.parameters(), (w1, b1, w2, b2)):
        parameter.data = torch.as_tensor(part)
    small = remove_neurons(net, 0, keep=np.flatnonzero(w1.any(axis=1)).tolist(), fold=True)
    return [parameter.detach().numpy() for parameter in small.parameters()]
""",
)

# --------------------------------------------------------------------------------------------------------- storage
LOOSE, PAIRS = "storage-unstructured", "storage-two-four"


def storage(
    dense="rows * columns * value_bytes",
    csr="count * (value_bytes + index_bytes) + (rows + 1) * index_bytes",
    bitmask="count * value_bytes + bits",
    fits="columns % 4 == 0 and all(mask[r, c : c + 4].sum() <= 2 for r in range(rows) for c in range(0, columns, 4))",
    pairs="rows * columns // 2 * value_bytes + bits",
    count="int(np.count_nonzero(mask))",
    bits="(rows * columns + 7) // 8",
):
    """An answer to storage with one of its parts replaced."""
    return f"""
def storage(mask, value_bytes, *, index_bytes=4):
    (rows, columns), count = mask.shape, {count}
    bits = {bits}
    fits = {fits}
    return {{"dense": {dense}, "csr": {csr}, "bitmask": {bitmask}, "2:4": {pairs} if fits else None}}
"""


right("storage", "loops over the groups", source=storage())
for name, cells, parts in [
    ("a masked matrix shrinks", [LOOSE], {"dense": "count * value_bytes"}),
    ("CSR without beginnings", [LOOSE], {"csr": "count * (value_bytes + index_bytes)"}),
    ("CSR with a beginning too few", [LOOSE], {"csr": "count * (value_bytes + index_bytes) + rows * index_bytes"}),
    ("coordinates", [LOOSE], {"csr": "count * (value_bytes + 2 * index_bytes)"}),
    ("values alone", [LOOSE], {"csr": "count * value_bytes"}),
    ("index_bytes ignored", [LOOSE], {"csr": "count * (value_bytes + 4) + (rows + 1) * 4"}),
    ("indices as large as values", [LOOSE], {"csr": "count * 2 * value_bytes + (rows + 1) * value_bytes"}),
    ("beginnings of columns", [LOOSE], {"csr": "count * (value_bytes + index_bytes) + (columns + 1) * index_bytes"}),
    ("a byte for a bit", [LOOSE], {"bitmask": "count * value_bytes + rows * columns"}),
    ("bits of those that stay", [LOOSE], {"bitmask": "count * value_bytes + (count + 7) // 8"}),
    ("rounded down", [LOOSE, PAIRS], {"bits": "rows * columns // 8"}),
    ("each row to whole bytes", [LOOSE], {"bitmask": "count * value_bytes + rows * ((columns + 7) // 8)"}),
    ("floats", [LOOSE, PAIRS], {"bits": "float((rows * columns + 7) // 8)"}),
    ("half sparse is 2:4", [PAIRS], {"fits": "columns % 4 == 0 and 2 * count <= rows * columns"}),
    ("exactly two of four", [PAIRS], {"fits": "columns % 4 == 0 and bool((mask.reshape(-1, 4).sum(1) == 2).all())"}),
    (
        "four anywhere in a row",
        [PAIRS],
        {"fits": "columns % 4 == 0 and not any(mask[:, c : c + 4].sum(1).max() > 2 for c in range(columns - 3))"},
    ),
    (
        "four in the flat array",
        [PAIRS],
        {"fits": "mask.size % 4 == 0 and bool((mask.reshape(-1, 4).sum(1) <= 2).all())"},
    ),
    (
        "four in a column",
        [PAIRS],
        {"fits": "rows % 4 == 0 and bool((mask.T.reshape(-1, 4).sum(1) <= 2).all())"},
    ),
    ("always", [PAIRS], {"fits": "True"}),
    ("never", [PAIRS], {"fits": "False"}),
    ("2:4 stores what stays", [PAIRS], {"pairs": "count * value_bytes + bits"}),
    ("2:4 without places", [PAIRS], {"pairs": "rows * columns // 2 * value_bytes"}),
    ("2:4 with two bits for all", [PAIRS], {"pairs": "rows * columns // 2 * value_bytes + (rows * columns + 3) // 4"}),
]:
    wrong("storage", name, fails=cells, source=storage(**parts))
right(
    "storage",
    "NumPy's packed bits",
    source="""
def storage(mask, value_bytes, *, index_bytes=4):
    stay = np.flatnonzero(mask)
    packed = len(np.packbits(mask))
    pairs = None
    if not mask.shape[1] % 4 and np.bincount(stay // 4, minlength=1).max() < 3:
        pairs = mask.size * value_bytes // 2 + packed
    starts = np.concatenate([[0], np.cumsum(mask.sum(axis=1))])
    csr = (len(stay) + len(starts)) * index_bytes + len(stay) * value_bytes
    return {"2:4": pairs, "bitmask": len(stay) * value_bytes + packed, "csr": csr, "dense": mask.size * value_bytes}
""",
)

# ------------------------------------------------------------------ mutants of the solutions that are right answers too
equivalent("two-orders", "line 5: [1, 2] -> [2, 1]", why="a pair has no order, and the question asks for none")
SYMMETRIC = "who is alike is a symmetric relation, so that its rows are its columns"
equivalent("merge-neurons", "alike.argmax(axis=1) -> alike.argmax(axis=0)", why=SYMMETRIC)
equivalent(
    "merge-neurons",
    "[w1, b1] -> [b1, w1]",
    why="the columns of units are compared and never told apart, so that their order does not matter",
)
