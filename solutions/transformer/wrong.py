"""Answers to the assignment *The transformer* whose verdict is known; read by ``proctor verify``, never imported.

Each wrong answer is a mistake that people make; ``fails`` lists exactly the test cells that must notice it. E-numbers
refer to the errata of the source notes, where the mistake comes from one.
"""

from proctor.variants import right, wrong

# ----------------------------------------------------------------------------------------------------------- sizes
BLOCK, MODEL, HEADS = "sizes-block", "sizes-model", "sizes-heads"
for name, numbers, cells in [
    ("decoder blocks of two parts (E122)", "1774464, 28975104, 19200, 1.0", [BLOCK, MODEL]),
    ("two normalizations in a decoder block", "2365824, 31340544, 19200, 1.0", [BLOCK, MODEL]),
    ("no biases", "2361600, 31296000, 19200, 1.0", [BLOCK, MODEL]),
    ("two tables", "2366592, 39023616, 19200, 1.0", [MODEL]),
    ("no last normalizations", "2366592, 31342080, 19200, 1.0", [MODEL]),
    ("one vector for the sentence (E121)", "2366592, 31343616, 384, 1.0", [HEADS]),
    ("twice the heads cost twice as much (E120)", "2366592, 31343616, 19200, 2.0", [HEADS]),
    ("twice the heads cost half as much (E120)", "2366592, 31343616, 19200, 0.5", [HEADS]),
    ("three numbers", "2366592, 31343616, 19200", [BLOCK, MODEL, HEADS]),
]:
    wrong("sizes", name, fails=cells, source=f"def sizes():\n    return {numbers}\n")
right(
    "sizes",
    "counted matrix by matrix",
    source="""
def sizes():
    d, m = 384, 1536
    linear = lambda a, b: a * b + b
    look, feed, norm = 4 * linear(d, d), linear(d, m) + linear(m, d), 2 * d
    encoder, decoder = look + feed + 2 * norm, 2 * look + feed + 3 * norm
    return [decoder, 20_000 * d + 8 * encoder + 4 * decoder + 2 * norm, 50 * d, 1]
""",
)

# ------------------------------------------------------------------------------------------------------ comb-heads
SHAPES, OUTPUT, PARTS = "comb-heads-shapes", "comb-heads-output", "comb-heads-parts"


def combs(
    cut="z.reshape(len(z), -1, heads).transpose(2, 0, 1)",
    back="z.reshape(len(z), -1, heads).transpose(2, 0, 1)",
    size="key.shape[2]",
    weights="softmax({scores})",
    result="parts.sum(axis=0), parts",
):
    """An answer to comb-heads with one of its parts replaced."""
    weights = weights.format(scores=f"query @ key.mT / math.sqrt({size})")
    return f"""
def comb_heads(x, memory, w_q, w_k, w_v, w_o, *, heads):
    query, key, value = ({cut} for z in (x @ w_q, memory @ w_k, memory @ w_v))
    (rows,) = ({back} for z in (w_o.T,))
    weights = {weights}
    parts = weights @ value @ rows.mT
    return {result}
"""


LIBRARY = "z.reshape(len(z), heads, -1).transpose(1, 0, 2)"
wrong("comb-heads", "the library's layout", fails=[OUTPUT, PARTS], source=combs(cut=LIBRARY, back=LIBRARY))
wrong("comb-heads", "blocks in, combs in W_O", fails=[OUTPUT, PARTS], source=combs(cut=LIBRARY))
wrong("comb-heads", "combs in, blocks in W_O", fails=[OUTPUT, PARTS], source=combs(back=LIBRARY))
wrong("comb-heads", "divided by the root of d", fails=[OUTPUT, PARTS], source=combs(size="x.shape[1]"))
wrong(
    "comb-heads",
    "divided by the root of the number of heads",
    fails=[SHAPES, OUTPUT, PARTS],
    source=combs(size="heads"),
)
wrong("comb-heads", "not divided", fails=[SHAPES, OUTPUT, PARTS], source=combs(size="1"))
wrong(
    "comb-heads",
    "softmax over the queries",
    fails=[SHAPES, OUTPUT, PARTS],
    source=combs(weights="softmax(({scores}).mT).mT"),
)
wrong(
    "comb-heads",
    "the mean of the heads",
    fails=[SHAPES, OUTPUT, PARTS],
    source=combs(result="parts.mean(axis=0), parts"),
)
wrong(
    "comb-heads",
    "parts before W_O",
    fails=[SHAPES, PARTS],
    source=combs(result="parts.sum(axis=0), weights @ value"),
)
wrong("comb-heads", "self-attention", fails=[SHAPES, OUTPUT, PARTS], source=combs().replace("memory @", "x @"))
wrong(
    "comb-heads",
    "no error for a number that does not divide d",
    fails=[SHAPES],
    source=combs("z[:, : z.shape[1] // heads * heads].reshape(len(z), -1, heads).transpose(2, 0, 1)").replace(
        "w_o.T,", "w_o.T[:, : len(w_o) // heads * heads],"
    ),
)
wrong(
    "comb-heads",
    "delegates to ravine",
    fails=[SHAPES, OUTPUT, PARTS],
    source="""
from ravine.attention import MultiHeadAttention


def comb_heads(x, memory, w_q, w_k, w_v, w_o, *, heads):
    layer = MultiHeadAttention(x.shape[1], heads, bias=False).double()
    order = np.arange(x.shape[1]).reshape(-1, heads).T.ravel()
    with torch.no_grad():
        for part, w in ((layer.query, w_q), (layer.key, w_k), (layer.value, w_v)):
            part.weight.copy_(torch.tensor(w[:, order].T))
        layer.output.weight.copy_(torch.tensor(w_o[order].T))
        output = layer(torch.tensor(x)[None], torch.tensor(memory)[None])[0][0].numpy()
    return output, np.stack([output / heads] * heads)
""",
)
right(
    "comb-heads",
    "head by head, with torch's attention",
    source="""
def comb_heads(x, memory, w_q, w_k, w_v, w_o, *, heads):
    if x.shape[1] % heads != 0:
        raise ValueError("heads")
    parts = []
    for i in range(heads):
        q, k, v = (torch.tensor(a @ w[:, i::heads])[None] for a, w in ((x, w_q), (memory, w_k), (memory, w_v)))
        mixed = torch.nn.functional.scaled_dot_product_attention(q, k, v)[0].numpy()
        parts.append(mixed @ w_o[i::heads])
    return sum(parts), np.array(parts)
""",
)
right(
    "comb-heads",
    "columns put in order first",
    source="""
def comb_heads(x, memory, w_q, w_k, w_v, w_o, *, heads):
    d = x.shape[1]
    if d // heads * heads != d:
        raise ValueError("heads")
    order = np.concatenate([np.arange(i, d, heads) for i in range(heads)])
    q, k, v = x @ w_q[:, order], memory @ w_k[:, order], memory @ w_v[:, order]
    parts, size = np.zeros((heads, *x.shape)), d // heads
    for i in range(heads):
        cut = slice(i * size, (i + 1) * size)
        parts[i] = softmax(q[:, cut] @ k[:, cut].T / size**0.5) @ v[:, cut] @ w_o[order][cut]
    return parts.sum(0), parts
""",
)

# --------------------------------------------------------------------------------------------------- find-the-bugs
SILENT, SOURCE, VALUES = "find-the-bugs-silent", "find-the-bugs-source", "find-the-bugs-values"


def decoder(
    first="",
    start="x",
    target="True",
    cross="x + look(inner, memory, {p}, causal=False)",
    feed="normalize(x, *p['norm_feed_forward'])",
    result="x + change",
):
    """An answer to find-the-bugs with one of its parts replaced."""
    cross = cross.replace("{p}", "p['cross']")
    return f"""
def decoder_block(x, memory, p):
    {first or "pass"}
    inner = normalize(x, *p["norm_self"])
    x = {start} + look(inner, inner, p["self"], causal={target})
    inner = normalize(x, *p["norm_cross"])
    x = {cross}
    w_in, b_in, w_out, b_out = p["feed_forward"]
    change = np.maximum({feed} @ w_in + b_in, 0) @ w_out + b_out
    return {result}
"""


POST = {"feed": "x", "result": "normalize(x + change, *p['norm_feed_forward'])"}
DROPPED = "look(inner, memory, {p}, causal=False)"
MASKED = "x + look(inner, memory, {p}, causal=True)"
for name, cells, parts in [
    ("residual from the normalized input", [SILENT, VALUES], {"start": "inner"}),
    ("cross-attention without a residual", [SILENT, VALUES], {"cross": DROPPED}),
    ("residual of the cross-attention from the normalized input", [SILENT, VALUES], {"cross": f"inner + {DROPPED}"}),
    ("the source masked", [SOURCE, VALUES], {"cross": MASKED}),
    ("norm after the sum, as in post-LN (E122)", [SILENT, VALUES], POST),
    ("norm after the sum as well", [SILENT, VALUES], {"result": POST["result"]}),
    ("no causal mask", [SOURCE, VALUES], {"target": "False"}),
    ("no norm before the feed-forward network", [VALUES], {"feed": "x"}),
    ("decoder without cross-attention (E122)", [VALUES], {"cross": "x"}),
    ("input is the memory (E127)", [SILENT, SOURCE, VALUES], {"first": "x = memory"}),
    ("nothing repaired", [SILENT, SOURCE, VALUES], {"start": "inner", "cross": MASKED[4:]} | POST),
]:
    wrong("find-the-bugs", name, fails=cells, source=decoder(**parts))
wrong(
    "find-the-bugs",
    "in place",
    fails=[VALUES],
    source=decoder().replace("x = x + look(inner, inner", "x += look(inner, inner"),
)
wrong(
    "find-the-bugs",
    "delegates to ravine",
    fails=[SILENT, SOURCE, VALUES],
    source="from ravine.transformer import Block\n" + decoder(),
)
right("find-the-bugs", "part by part", source=decoder())
right(
    "find-the-bugs",
    "in torch",
    source="""
def decoder_block(x, memory, p):
    F = torch.nn.functional
    x, memory = torch.tensor(x), torch.tensor(memory)

    def norm(name):
        return F.layer_norm(x, x.shape[-1:], *(torch.tensor(np.asarray(part)) for part in p[name]))

    def part(target, source, maps, mask):
        q, k, v, o = (torch.tensor(np.asarray(w)) for w in maps)
        y = F.scaled_dot_product_attention((target @ q)[None], (source @ k)[None], (source @ v)[None], is_causal=mask)
        return y[0] @ o

    y = norm("norm_self")
    x = part(y, y, p["self"], True) + x
    x = part(norm("norm_cross"), memory, p["cross"], False) + x
    a, b, c, d = (torch.tensor(np.asarray(w)) for w in p["feed_forward"])
    return (x + (norm("norm_feed_forward") @ a + b).relu() @ c + d).numpy()
""",
)

# ------------------------------------------------------------------------------------------------------ dependence
MAPS, RARE, EDGES = "dependence-maps", "dependence-rare", "dependence-edges"


def detector(
    tokens="range(vocabulary)",
    copy="tokens.copy()",
    same="np.isclose(model(changed), before, rtol=0, atol=tolerance).all(axis=1)",
    mark="found[:, j] |= ~same",
    result="found",
):
    """An answer to dependence with one of its parts replaced."""
    return f"""
def dependence(model, tokens, vocabulary, *, tolerance=1e-9):
    before = model(tokens)
    found = np.zeros((len(tokens), len(tokens)), dtype=bool)
    for j in range(len(tokens)):
        for other in {tokens}:
            changed = {copy}
            changed[j] = other
            same = {same}
            {mark}
    return {result}
"""


for name, cells, parts in [
    ("one replacement, as in the chapter", [RARE], {"tokens": "[(tokens[j] + 1) % vocabulary]"}),
    ("the last token of the vocabulary left out", [RARE], {"tokens": "range(vocabulary - 1)"}),
    ("token 0 left out", [RARE], {"tokens": "range(1, vocabulary)"}),
    ("the last replacement decides", [MAPS, RARE], {"mark": "found[:, j] = ~same"}),
    ("axes exchanged", [MAPS, RARE, EDGES], {"result": "found.T"}),
    ("True where nothing depends", [MAPS, RARE, EDGES], {"result": "~found"}),
    ("changed in place", [MAPS, RARE, EDGES], {"copy": "tokens"}),
    (
        "all numbers of an output must move",
        [RARE, EDGES],
        {"same": "np.isclose(model(changed), before, rtol=0, atol=tolerance).any(axis=1)"},
    ),
    ("minus infinity minus itself", [EDGES], {"same": "(abs(model(changed) - before) <= tolerance).all(axis=1)"}),
    ("tolerance ignored", [EDGES], {"same": "np.isclose(model(changed), before, rtol=0, atol=1e-9).all(axis=1)"}),
    ("any difference counts", [EDGES], {"same": "(model(changed) == before).all(axis=1)"}),
    ("a relative tolerance too", [EDGES], {"same": "np.isclose(model(changed), before, atol=tolerance).all(axis=1)"}),
    ("moves with their sign", [MAPS, RARE, EDGES], {"same": "~(model(changed) - before > tolerance).any(axis=1)"}),
]:
    wrong("dependence", name, fails=cells, source=detector(**parts))
wrong(
    "dependence",
    "only the future looked at",
    fails=[MAPS, RARE, EDGES],
    source=detector(result="np.triu(found, 1)"),
)
wrong("dependence", "delegates to ravine", fails=[MAPS, RARE, EDGES], source="import ravine.transformer\n" + detector())
right("dependence", "token by token", source=detector())
right(
    "dependence",
    "with sets of moved places",
    source="""
def dependence(model, tokens, vocabulary, *, tolerance=1e-9):
    before = np.array(model(tokens))
    found = [[False] * len(tokens) for _ in tokens]
    for j, old in enumerate(tokens):
        for other in set(range(vocabulary)) - {int(old)}:
            after = np.array(model(np.array([*tokens[:j], other, *tokens[j + 1 :]])))
            for t in range(len(tokens)):
                for a, b in zip(after[t], before[t]):
                    found[t][j] = found[t][j] or bool(a != b and abs(a - b) > tolerance)
    return np.array(found)
""",
)

# ------------------------------------------------------------------------------------------------------- chat-loss
SIMPLE, TURNS, GRADIENT, RANGE = "chat-loss-simple", "chat-loss-turns", "chat-loss-gradient", "chat-loss-edges"


def chat(
    counts="spoken[:, 1:]",
    places="[:, :-1]",
    targets="tokens[:, 1:]",
    log_p="z - torch.logsumexp(z, -1, keepdim=True)",
    picked="log_p.gather(2, y[..., None])[..., 0]",
    loss="-picked[counts].mean()",
    gradient="z.grad",
    check="not counts.any()",
):
    """An answer to chat-loss with one of its parts replaced; the gradient comes from automatic differentiation."""
    return f"""
def chat_loss(logits, tokens, spoken):
    z = torch.tensor(logits, requires_grad=True)
    y, counts = torch.tensor({targets}), torch.tensor({counts})
    if {check}:
        raise ValueError("nothing to learn")
    log_p = ({log_p}){places}
    picked = {picked}
    loss = {loss}
    loss.backward()
    return loss.item(), {gradient}.numpy()
"""


for name, cells, parts in [
    ("no shift (E133)", [SIMPLE, TURNS, GRADIENT, RANGE], {"places": "[:, 1:]"}),
    (
        "the shift the other way",
        [SIMPLE, TURNS, GRADIENT, RANGE],
        {"places": "[:, 1:]", "targets": "tokens[:, :-1]"},
    ),
    ("the mask not shifted", [SIMPLE, TURNS, GRADIENT, RANGE], {"counts": "spoken[:, :-1]"}),
    ("the sum (E133)", [SIMPLE, TURNS, GRADIENT, RANGE], {"loss": "-picked[counts].sum()"}),
    ("over the number of conversations", [SIMPLE, TURNS, GRADIENT, RANGE], {"loss": "-picked[counts].sum() / len(z)"}),
    ("over all predictions", [TURNS, GRADIENT, RANGE], {"loss": "-(picked * counts).mean()"}),
    ("the prompt learned too", [TURNS, GRADIENT, RANGE], {"loss": "-picked.mean()"}),
    (
        "the mean of means",
        [TURNS, GRADIENT, RANGE],
        {"loss": "-((picked * counts).sum(1) / counts.sum(1)).mean()"},
    ),
    ("bits", [SIMPLE, TURNS, GRADIENT, RANGE], {"loss": "-picked[counts].mean() / math.log(2)"}),
    ("exponentials that overflow", [RANGE], {"log_p": "z - z.exp().sum(-1, keepdim=True).log()"}),
    ("logarithm of zero", [RANGE], {"log_p": "z.softmax(-1).log()"}),
    ("clipped", [RANGE], {"log_p": "z.softmax(-1).clamp(min=1e-12).log()"}),
    ("the sign of the gradient", [GRADIENT], {"gradient": "(-z.grad)"}),
    ("no gradient after the shift", [GRADIENT], {"gradient": "z.grad.roll(1, 1)"}),
    ("no error without tokens", [RANGE], {"check": "False"}),
    ("counts the first token for the error", [RANGE], {"check": "not spoken.any()"}),
    ("counts the first token in the mean", [RANGE], {"loss": "-picked[counts].sum() / spoken.sum()"}),
]:
    wrong("chat-loss", name, fails=cells, source=chat(**parts))
wrong(
    "chat-loss",
    "delegates to torch, without the shift",
    fails=[SIMPLE, TURNS, GRADIENT, RANGE],
    source="""
def chat_loss(logits, tokens, spoken):
    if not spoken[:, 1:].any():
        raise ValueError("nothing to learn")
    z = torch.tensor(logits, requires_grad=True)
    labels = torch.tensor(np.where(spoken, tokens, -100))
    loss = torch.nn.functional.cross_entropy(z.flatten(0, 1), labels.flatten())
    loss.backward()
    return loss.item(), z.grad.numpy()
""",
)
right("chat-loss", "by automatic differentiation", source=chat())
right(
    "chat-loss",
    "token by token",
    source="""
def chat_loss(logits, tokens, spoken):
    total, gradient = 0.0, np.zeros(logits.shape)
    places = [(b, t) for b, row in enumerate(spoken) for t, said in enumerate(row) if said and t > 0]
    if not places:
        raise ValueError("nothing to learn")
    for b, t in places:
        z, y = logits[b, t - 1], tokens[b, t]
        p = softmax(z)
        total += np.log(np.exp(z - z.max()).sum()) + z.max() - z[y]
        gradient[b, t - 1] = p / len(places)
        gradient[b, t - 1, y] -= 1 / len(places)
    return total / len(places), gradient
""",
)

# ------------------------------------------------------------------------------------------------------- two-pasts
FIFTH, JOINT = "two-pasts-fifth", "two-pasts-joint"
for name, numbers, cells in [
    ("teacher forcing stops errors everywhere (E133)", "0.8, 0.8, 0.32768, 0.57328", [FIFTH]),
    ("errors spread in training too", "0.71498, 0.71498, 0.32768, 0.57328", [FIFTH]),
    ("no way back", "0.8, 0.32768, 0.32768, 0.57328", [FIFTH]),
    ("one step too few", "0.8, 0.7166, 0.4096, 0.57328", [FIFTH, JOINT]),
    ("independent steps (E133)", "0.8, 0.71498, 0.219, 0.512355", [JOINT]),
    ("steps 4 and 5 as if independent", "0.8, 0.71498, 0.32768, 0.512355", [JOINT]),
    ("steps 4 and 5 with teacher forcing", "0.8, 0.71498, 0.32768, 0.64", [JOINT]),
    ("three numbers", "0.8, 0.71498, 0.32768", [FIFTH, JOINT]),
]:
    wrong("two-pasts", name, fails=cells, source=f"def two_pasts():\n    return {numbers}\n")
right(
    "two-pasts",
    "over all answers",
    source="""
def two_pasts():
    import itertools

    fifth = joint = 0.0
    for steps in itertools.product((1, 0), repeat=5):
        p, before = 1.0, 1
        for step in steps:
            good = 0.8 if before else 0.5
            p, before = p * (good if step else 1 - good), step
        fifth, joint = fifth + p * steps[4], joint + p * steps[3] * steps[4]
    return [0.8, fifth, 0.8**5, joint]
""",
)

# ------------------------------------------------------------------------------------------------------ next-token
KNOBS, LIMITS = "next-token-values", "next-token-edges"


def chosen(
    check="temperature < 0 or top_k < 1",
    bar="np.sort(logits, -1)[..., -min(top_k, logits.shape[-1]), None]",
    kept="np.where(logits >= bar, logits, -np.inf)",
    greedy="(kept == kept.max(-1, keepdims=True)) * 1.0",
    soft="np.exp((kept - kept.max(-1, keepdims=True)) / temperature)",
    result="weights / weights.sum(-1, keepdims=True)",
):
    """An answer to next-token with one of its parts replaced."""
    return f"""
def next_token(logits, *, temperature, top_k):
    if {check}:
        raise ValueError("knobs")
    bar = {bar}
    kept = {kept}
    weights = {greedy} if temperature == 0 else {soft}
    return {result}
"""


for name, cells, parts in [
    (
        "multiplied by the temperature",
        [KNOBS, LIMITS],
        {"soft": "np.exp((kept - kept.max(-1, keepdims=True)) * temperature)"},
    ),
    ("the temperature ignored", [KNOBS, LIMITS], {"soft": "np.exp(kept - kept.max(-1, keepdims=True))"}),
    ("k ignored", [KNOBS, LIMITS], {"kept": "logits"}),
    ("k one too large", [KNOBS], {"bar": "np.sort(logits, -1)[..., -min(top_k + 1, logits.shape[-1]), None]"}),
    (
        "the smallest kept",
        [KNOBS, LIMITS],
        {
            "bar": "np.sort(logits, -1)[..., min(top_k, logits.shape[-1]) - 1, None]",
            "kept": "np.where(logits <= bar, logits, -np.inf)",
        },
    ),
    ("others get the logit 0", [KNOBS, LIMITS], {"kept": "np.where(logits >= bar, logits, 0.0)"}),
    (
        "ties broken by place",
        [LIMITS],
        {"kept": "np.where((-logits).argsort(-1).argsort(-1) < top_k, logits, -np.inf)"},
    ),
    ("the first of the largest, at temperature 0", [LIMITS], {"greedy": "np.eye(logits.shape[-1])[kept.argmax(-1)]"}),
    ("exponentials that overflow", [LIMITS], {"soft": "np.exp(kept / temperature)"}),
    ("a small temperature in place of 0", [KNOBS, LIMITS][1:], {"greedy": "np.exp(kept)"}),
    (
        "no error",
        [LIMITS],
        {"check": "False", "bar": "np.sort(logits, -1)[..., -min(max(top_k, 1), logits.shape[-1]), None]"},
    ),
    (
        "no error for k = 0",
        [LIMITS],
        {"check": "temperature < 0", "bar": "np.sort(logits, -1)[..., -min(max(top_k, 1), logits.shape[-1]), None]"},
    ),
    ("temperature 0 forbidden", [LIMITS], {"check": "temperature <= 0 or top_k < 1"}),
    ("not normalized again", [KNOBS, LIMITS], {"result": "softmax(logits / max(temperature, 1e-9)) * (logits >= bar)"}),
    ("normalized over everything", [KNOBS, LIMITS], {"result": "weights / weights.sum()"}),
    ("k is required to fit", [KNOBS], {"bar": "np.sort(logits, -1)[..., -top_k, None]"}),
]:
    wrong("next-token", name, fails=cells, source=chosen(**parts))
wrong("next-token", "delegates to ravine", fails=[KNOBS, LIMITS], source="import ravine.transformer\n" + chosen())
right("next-token", "with where", source=chosen())
right(
    "next-token",
    "row by row, in torch",
    source="""
def next_token(logits, *, temperature, top_k):
    if not (temperature >= 0 and top_k >= 1):
        raise ValueError("knobs")
    rows = []
    for row in torch.tensor(logits).reshape(-1, logits.shape[-1]):
        row = row - row.max()
        row[row < row.topk(min(top_k, len(row)))[0][-1]] = -math.inf
        if temperature:
            rows.append(torch.softmax(row / temperature, 0))
        else:
            rows.append((row == 0).double() / (row == 0).sum())
    return torch.stack(rows).reshape(logits.shape).numpy()
""",
)

# ------------------------------------------------------------------------------------------------- true-statements
GROUPS = ["true-statements-heads", "true-statements-blocks", "true-statements-loss"]
for name, letters, cells in [
    ("heads are cheaper (E120)", "ABDFI", GROUPS[:1]),
    ("heads with a picture are needed (E120)", "ACDFI", GROUPS[:1]),
    ("one vector is enough (E121)", "AFI", GROUPS[1:2]),
    ("the decoder's input is the memory (E127)", "ADEFI", GROUPS[1:2]),
    ("pre-LN or post-LN, all the same (E122)", "ADI", GROUPS[1:2]),
    ("independent steps (E133)", "ADFGI", GROUPS[2:]),
    ("teacher forcing stops errors (E133)", "ADFHI", GROUPS[2:]),
    ("everything is true", "ABCDEFGHI", GROUPS),
    ("nothing is true", "", GROUPS),
]:
    wrong("true-statements", name, fails=cells, source=f'def true_statements():\n    return "{letters}"\n')
wrong("true-statements", "a list of letters", fails=GROUPS, source="def true_statements():\n    return list('ADFI')\n")
right("true-statements", "in another order", source="def true_statements():\n    return 'IFDA'\n")

# -------------------------------------------------------------------------------------------------------- one-head
BOTH = "one-head-both"


def one_head(a="0.7", b="0.3", read="rest = output - 0.7 * np.eye(8)[first]", answers="[first, rest.argmax(1)]"):
    """An answer to one-head with one of its parts replaced."""
    return f"""
def ask(first, second):
    return {a} * np.eye(6)[first] + {b} * np.eye(6)[second]


def read(output):
    first = output.argmax(1)
    {read}
    return np.stack({answers}, 1)
"""


wrong("one-head", "halves", fails=[BOTH], source=one_head("0.5", "0.5", "rest = output - 0.5 * np.eye(8)[first]"))
wrong(
    "one-head",
    "the two largest, so never the same",
    fails=[BOTH],
    source=one_head(answers="np.argsort(-output, 1)[:, :2].T"),
)
wrong("one-head", "exchanged", fails=[BOTH], source=one_head("0.3", "0.7"))
wrong("one-head", "negative weights", fails=[BOTH], source=one_head("2.0", "-1.0"))
wrong("one-head", "two rows in one: weights that sum to 2", fails=[BOTH], source=one_head("1.0", "1.0"))
wrong("one-head", "only the first", fails=[BOTH], source=one_head("1.0", "0.0"))
wrong("one-head", "delegates to ravine", fails=[BOTH], source="import ravine.attention\n" + one_head())
right("one-head", "an identity matrix", source=one_head())
right(
    "one-head",
    "a softmax, and the nearest pair",
    source="""
def ask(first, second):
    scores = np.full((len(first), 6), -1000.0)
    rows = np.arange(len(first))
    scores[rows, first], scores[rows, second] = 2.0, 1.0
    return softmax(scores)


def read(output):
    share = 1 / (1 + math.exp(-1))
    pairs = [(a, b) for a in range(8) for b in range(8)]
    means = np.array([share * np.eye(8)[a] + (1 - share) * np.eye(8)[b] for a, b in pairs])
    return np.array([pairs[np.abs(means - row).sum(1).argmin()] for row in output])
""",
)

# ------------------------------------------------------------------ mutants of the solutions that are right answers too
