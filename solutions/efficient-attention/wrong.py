"""Answers to the assignment *Efficient attention* whose verdict is known; read by ``proctor verify``, never imported.

Each wrong answer is a mistake that people make; ``fails`` lists exactly the test cells that must notice it. E-numbers
refer to the errata of the source notes, where the mistake comes from one.
"""

from proctor.variants import equivalent, right, wrong

# ------------------------------------------------------------------------------------------------------- two-bills
SHARE, LENGTH, CACHE = "two-bills-share", "two-bills-length", "two-bills-cache"
GIB = "131072 * 120000 / 2**30"
for name, numbers, cells in [
    ("the chapter's layer", f"0.25, 6 * 4096, 2 * 6 * 4096, {GIB}", [SHARE, LENGTH]),
    ("keys and values of 32 heads", "8192 / (8192 + 29696), 29696, 59391, 4 * 131072 * 120000 / 2**30", None),
    ("two matrices in the feed-forward network", f"8192 / (8192 + 19456), 19456, 38911, {GIB}", [SHARE, LENGTH]),
    ("scores of 8 heads only", f"2048 / (2048 + 26624), 106496, 212991, {GIB}", [SHARE, LENGTH]),
    ("over the rest, not the whole", f"8192 / 26624, 26624, 53247, {GIB}", [SHARE]),
    ("in percent", f"400 / 17, 26624, 53247, {GIB}", [SHARE]),
    ("the projections alone", f"4 / 17, 5120, 10239, {GIB}", [LENGTH]),
    ("causal pairs change nothing", f"4 / 17, 26624, 26624, {GIB}", [LENGTH]),
    ("causal pairs halve the length", f"4 / 17, 26624, 13312, {GIB}", [LENGTH]),
    ("keys only", "4 / 17, 26624, 53247, 131072 * 60000 / 2**30", [CACHE]),
    ("one layer", "4 / 17, 26624, 53247, 4096 * 120000 / 2**30", [CACHE]),
    ("one text", "4 / 17, 26624, 53247, 131072 * 6000 / 2**30", [CACHE]),
    ("gigabytes", "4 / 17, 26624, 53247, 131072 * 120000 / 1e9", [CACHE]),
    ("three numbers", "4 / 17, 26624, 53247", None),
]:
    wrong("two-bills", name, fails=cells or [SHARE, LENGTH, CACHE], source=f"def two_bills():\n    return {numbers}\n")
right("two-bills", "numbers in a list", source="def two_bills():\n    return [0.235294, 26624, 53248, 14.6484]\n")
right(
    "two-bills",
    "counted product by product",
    source="""
def two_bills():
    def product(n, r, m):
        return 2 * n * r * m

    def rest(n):
        shapes = [(4096, 4096)] * 2 + [(4096, 1024)] * 2 + [(4096, 14336)] * 2 + [(14336, 4096)]
        return sum(product(n, *shape) for shape in shapes)

    def pairs(n, keys):
        return 32 * (product(n, 128, keys) + product(n, keys, 128))

    lengths = np.arange(1, 70_000)
    full = lengths[np.argmax(pairs(lengths, lengths) >= rest(lengths))]
    causal = lengths[np.argmax(pairs(lengths, (lengths + 1) / 2) >= rest(lengths))]
    share = pairs(8192, 8192) / (pairs(8192, 8192) + rest(8192))
    return share, full, causal, 20 * 6000 * 32 * 2 * (8 * 128) * 2 / 1024**3
""",
)

# ----------------------------------------------------------------------------------------------------------- merge
SHAPES, VALUES, EDGES = "merge-shapes", "merge-values", "merge-edges"
LSE = "lse = np.logaddexp(la, lb)\n"
WEIGHTS = (
    "safe = np.where(np.isneginf(lse), 0.0, lse)\nu, w = np.exp(la - safe)[..., None], np.exp(lb - safe)[..., None]\n"
)


def merged(body):
    """An answer to merge with the given body; the parts are (a, la) and (b, lb)."""
    lines = ["def merge(first, second):", "    (a, la), (b, lb) = first, second"]
    return "\n".join(lines + ["    " + line for line in body.strip("\n").split("\n")])


wrong("merge", "plain mean", fails=[VALUES, EDGES], source=merged(LSE + "return (a + b) / 2, lse"))
wrong("merge", "sum of the outputs", fails=[SHAPES, VALUES, EDGES], source=merged(LSE + "return a + b, lse"))
wrong(
    "merge",
    "weights exchanged",
    fails=[VALUES, EDGES],
    source=merged(LSE + WEIGHTS + "return w * a + u * b, lse"),
)
wrong(
    "merge",
    "weights are the log-sum-exps",
    fails=[SHAPES, VALUES, EDGES],
    source=merged(LSE + "u = (la / (la + lb))[..., None]\nreturn u * a + (1 - u) * b, lse"),
)
wrong(
    "merge",
    "the larger takes all",
    fails=[SHAPES, VALUES, EDGES],
    source=merged(LSE + "return np.where((la > lb)[..., None], a, b), lse"),
)
wrong(
    "merge",
    "the larger log-sum-exp handed on",
    fails=[VALUES, EDGES],
    source=merged(LSE + WEIGHTS + "return u * a + w * b, np.maximum(la, lb)"),
)
wrong(
    "merge",
    "log-sum-exps added",
    fails=[VALUES, EDGES],
    source=merged(LSE + WEIGHTS + "return u * a + w * b, la + lb"),
)
wrong(
    "merge",
    "logarithm of the mean",
    fails=[VALUES, EDGES],
    source=merged(LSE + WEIGHTS + "return u * a + w * b, lse - math.log(2)"),
)
wrong(
    "merge",
    "overflows",
    fails=[EDGES],
    source=merged("""
u, w = np.exp(la)[..., None], np.exp(lb)[..., None]
return (u * a + w * b) / (u + w), np.log(np.exp(la) + np.exp(lb))
"""),
)
wrong(
    "merge",
    "minus infinity minus itself",
    fails=[EDGES],
    source=merged(LSE + "return np.exp(la - lse)[..., None] * a + np.exp(lb - lse)[..., None] * b, lse"),
)
wrong(
    "merge",
    "in place",
    fails=[EDGES],
    source=merged(LSE + WEIGHTS + "a *= u\na += w * b\nreturn a, lse"),
)
wrong(
    "merge",
    "weights without an axis for the values",
    fails=[SHAPES, VALUES, EDGES],
    source=merged(LSE + WEIGHTS + "return u[..., 0] * a + w[..., 0] * b, lse"),
)
wrong(
    "merge",
    "delegates to ravine, with log-sum-exps for scores",
    fails=[SHAPES, VALUES, EDGES],
    source="from ravine.attention import attention\n\n\n"
    + merged("""
key = torch.tensor(np.stack([la, lb], -1))[..., None]
output, _ = attention(torch.ones_like(key[..., :1, :]), key, torch.tensor(np.stack([a, b], -2)))
return output[..., 0, :].numpy(), np.logaddexp(la, lb)
"""),
)
right(
    "merge",
    "relative to the larger one",
    source=merged("""
top = np.maximum(np.maximum(la, lb), -1e300)
u, w = np.exp(la - top), np.exp(lb - top)
total = u + w
output = (u[..., None] * a + w[..., None] * b) / np.where(total > 0, total, 1.0)[..., None]
with np.errstate(divide="ignore"):
    return output, top + np.log(total)
"""),
)
right(
    "merge",
    "a softmax over the two parts, in torch",
    source=merged("""
pair = torch.tensor(np.stack([la, lb]))
say = torch.softmax(pair, 0).nan_to_num(0.0)[..., None]
return (say * torch.tensor(np.stack([a, b]))).sum(0).numpy(), torch.logsumexp(pair, 0).numpy()
"""),
)

# --------------------------------------------------------------------------------------------------- find-the-bugs
LATER, FAR, HIDDEN = "find-the-bugs-later-maximum", "find-the-bugs-far-rows", "find-the-bugs-hidden-blocks"


def blocks(
    top="np.full((len(scores), 1), -1e300)",
    new="np.maximum(top, part.max(axis=1, keepdims=True))",
    total="shrink * total",
    mix="shrink * mix",
    axis="1",
    keep="top = new",
    result="mix / total",
):
    """An answer to find-the-bugs with one of its parts replaced."""
    return f"""
def mix_in_blocks(scores, values, *, block):
    top, total, mix = {top}, 0.0, 0.0
    for start in range(0, scores.shape[1], block):
        part = scores[:, start : start + block]
        new = {new}
        weights, shrink = np.exp(part - new), np.exp(top - new)
        total = {total} + weights.sum(axis={axis}, keepdims=True)
        mix = {mix} + weights @ values[start : start + block]
        {keep}
    return {result}
"""


SCALAR = "max(top, part.max())"
wrong("find-the-bugs", "nothing repaired", fails=[LATER, FAR, HIDDEN], source=blocks("-np.inf", SCALAR, total="total"))
wrong("find-the-bugs", "the total repaired only", fails=[FAR, HIDDEN], source=blocks("-np.inf", SCALAR))
wrong("find-the-bugs", "one maximum for all queries", fails=[FAR], source=blocks("-1e300", SCALAR))
wrong("find-the-bugs", "the total not rescaled", fails=[LATER], source=blocks(total="total"))
wrong("find-the-bugs", "the mix not rescaled", fails=[LATER], source=blocks(mix="mix"))
wrong("find-the-bugs", "neither rescaled", fails=[LATER], source=blocks(total="total", mix="mix"))
wrong(
    "find-the-bugs",
    "begins with minus infinity",
    fails=[HIDDEN],
    source=blocks("np.full((len(scores), 1), -np.inf)"),
)
wrong("find-the-bugs", "begins with zero", fails=[FAR], source=blocks("np.zeros((len(scores), 1))"))
wrong(
    "find-the-bugs",
    "the maximum of the block, not the largest so far",
    fails=[HIDDEN],
    source=blocks(new="part.max(axis=1, keepdims=True)"),
)
wrong(
    "find-the-bugs",
    "the old maximum is never replaced",
    fails=[LATER, FAR, HIDDEN],
    source=blocks(keep="pass"),
)
wrong("find-the-bugs", "denominator over the queries", fails=[LATER, FAR, HIDDEN], source=blocks(axis="0"))
wrong("find-the-bugs", "not divided", fails=[LATER, FAR, HIDDEN], source=blocks(result="mix"))
wrong(
    "find-the-bugs",
    "each block by itself",
    fails=[LATER, FAR, HIDDEN],
    source="""
def mix_in_blocks(scores, values, *, block):
    outputs = []
    for start in range(0, scores.shape[1], block):
        part = torch.tensor(scores[:, start : start + block])
        outputs.append(torch.softmax(part, 1).numpy() @ values[start : start + block])
    return sum(outputs) / len(outputs)
""",
)
wrong(
    "find-the-bugs",
    "the last block, if shorter, is left out",
    fails=[LATER, HIDDEN],
    source=blocks().replace("range(0, scores.shape[1], block)", "range(0, max(scores.shape[1] - block + 1, 1), block)"),
)
wrong(
    "find-the-bugs",
    "subtracts the maximum in place",
    fails=[FAR],
    source=blocks(keep="top = new\n        part -= new"),
)
wrong(
    "find-the-bugs",
    "delegates to ravine",
    fails=[LATER, FAR, HIDDEN],
    source="""
from ravine.attention import attention


def mix_in_blocks(scores, values, *, block):
    query, key = torch.tensor(scores) * math.sqrt(scores.shape[1]), torch.eye(scores.shape[1]).double()
    return attention(query, key, torch.tensor(values))[0].numpy()
""",
)
right(
    "find-the-bugs",
    "minus infinity, and a safe difference",
    source="""
def mix_in_blocks(scores, values, *, block):
    top = np.full(len(scores), -np.inf)
    total, mix = np.zeros(len(scores)), np.zeros((len(scores), values.shape[1]))
    for start in range(0, len(values), block):
        part = scores[:, start : start + block]
        new = np.maximum(top, part.max(axis=1))
        safe = np.where(np.isneginf(new), 0.0, new)
        shrink, weights = np.exp(top - safe), np.exp(part - safe[:, None])
        total = total * shrink + weights.sum(axis=1)
        mix = mix * shrink[:, None] + np.einsum("ij,jk->ik", weights, values[start : start + block])
        top = new
    return mix / total[:, None]
""",
)
right(
    "find-the-bugs",
    "query by query and key by key",
    source="""
def mix_in_blocks(scores, values, *, block):
    output = []
    for row in scores:
        top, total, mix = -1e300, 0.0, np.zeros(values.shape[1])
        for score, value in zip(row, values):
            new = max(top, score)
            total = total * math.exp(top - new) + math.exp(score - new)
            mix = mix * math.exp(top - new) + value * math.exp(score - new)
            top = new
        output.append(mix / total)
    return np.array(output)
""",
)

# ----------------------------------------------------------------------------------------------------- window-mask
MASK, RULE = "window-mask-shape", "window-mask-values"


def window(near="i - j < window", far="j < sinks", causal="j <= i", first="keys - queries", result="seen"):
    """An answer to window-mask with one of its parts replaced."""
    return f"""
def cached_window(queries, keys, *, window, sinks):
    i, j = {first} + np.arange(queries)[:, None], np.arange(keys)[None]
    seen = ({causal}) & (({near}) | ({far}))
    return {result}
"""


wrong("window-mask", "True means hidden", fails=[MASK, RULE], source=window(result="~seen"))
wrong("window-mask", "the token itself not counted", fails=[RULE], source=window(near="i - j <= window"))
wrong("window-mask", "one too narrow", fails=[MASK, RULE], source=window(near="i - j < window - 1"))
wrong("window-mask", "looks ahead", fails=[RULE], source=window(near="abs(i - j) < window", causal="j < keys"))
wrong("window-mask", "queries are the first tokens", fails=[MASK, RULE], source=window(first="0"))
wrong("window-mask", "queries one too late", fails=[MASK, RULE], source=window(first="keys - queries + 1"))
wrong(
    "window-mask",
    "sinks before they were written",
    fails=[RULE],
    source=window(causal="(j <= i) | (j < sinks)"),
)
wrong("window-mask", "no sinks", fails=[RULE], source=window(far="j < 0"))
wrong("window-mask", "one sink too many", fails=[RULE], source=window(far="j <= sinks"))
wrong("window-mask", "no window", fails=[RULE], source=window(near="j <= i"))
wrong("window-mask", "sinks replace the window", fails=[MASK, RULE], source=window(near="i - j < 1"))
wrong("window-mask", "integers", fails=[MASK], source=window(result="seen.astype(int)"))
wrong("window-mask", "keys are rows", fails=[MASK, RULE], source=window(result="seen.T"))
wrong(
    "window-mask",
    "delegates to ravine",
    fails=[MASK, RULE],
    source="""
from ravine.attention import causal_mask, window_mask


def cached_window(queries, keys, *, window, sinks):
    return (causal_mask(keys) & window_mask(keys, window - 1))[-queries:].numpy()
""",
)
right("window-mask", "with an offset", source=window())
right(
    "window-mask",
    "row by row",
    source="""
def cached_window(queries, keys, *, window, sinks):
    mask = np.zeros((queries, keys), dtype=bool)
    for row, i in enumerate(range(keys - queries, keys)):
        mask[row, max(i - window + 1, 0) : i + 1] = True
        mask[row, : min(sinks, i + 1)] = True
    return mask
""",
)

# --------------------------------------------------------------------------------------------------------- witness
REFUTED, PASSED, SYMMETRY = "witness-refuted", "witness-passed", "witness-symmetry"


def proof(
    scale="np.abs(gram).max()",
    slack="tolerance * scale",
    asymmetry="np.abs(gram - gram.T).max() > slack",
    matrix="gram",
    fine="values[0] >= -slack",
    result="vectors[:, 0]",
):
    """An answer to witness with one of its parts replaced."""
    return f"""
def witness(gram, *, tolerance=1e-10):
    scale = {scale}
    slack = {slack}
    if {asymmetry}:
        raise ValueError("not symmetric")
    values, vectors = np.linalg.eigh({matrix})
    if {fine}:
        return None
    return {result}
"""


wrong("witness", "no tolerance (E156)", fails=[PASSED], source=proof(fine="values[0] >= 0"))
wrong("witness", "an absolute tolerance", fails=[REFUTED, PASSED, SYMMETRY], source=proof(slack="tolerance"))
wrong("witness", "the tolerance ignored", fails=[PASSED, SYMMETRY], source=proof(slack="1e-10 * scale"))
wrong("witness", "the largest entry, not the largest in size", fails=[SYMMETRY], source=proof(scale="gram.max()"))
wrong("witness", "symmetry not looked at", fails=[SYMMETRY], source=proof(asymmetry="False"))
wrong(
    "witness",
    "made symmetric in silence",
    fails=[SYMMETRY],
    source=proof(asymmetry="False", matrix="(gram + gram.T) / 2"),
)
wrong("witness", "exact symmetry", fails=[SYMMETRY], source=proof(asymmetry="np.any(gram != gram.T)"))
wrong(
    "witness",
    "NumPy's own tolerance for symmetry",
    fails=[SYMMETRY],
    source=proof(asymmetry="not np.allclose(gram, gram.T)"),
)
wrong("witness", "a row of the eigenvectors", fails=[REFUTED], source=proof(result="vectors[0]"))
wrong("witness", "the largest eigenvalue's vector", fails=[REFUTED], source=proof(result="vectors[:, -1]"))
wrong("witness", "the eigenvalue, not the vector", fails=[REFUTED, SYMMETRY], source=proof(result="values[0]"))
wrong("witness", "not of length one", fails=[REFUTED], source=proof(result="2 * vectors[:, 0]"))
wrong(
    "witness",
    "any negative entry",
    fails=[REFUTED, PASSED, SYMMETRY],
    source=proof(fine="gram.min() >= -slack"),
)
wrong(
    "witness",
    "the determinant",
    fails=[REFUTED, SYMMETRY],
    source=proof(fine="np.linalg.det(gram / scale if scale else gram) >= -slack / (scale or 1) or values[0] >= -slack"),
)
wrong(
    "witness",
    "the diagonal",
    fails=[REFUTED, SYMMETRY],
    source=proof(fine="np.diag(gram).min() >= -slack", asymmetry="np.abs(gram - gram.T).max() > slack").replace(
        "return vectors[:, 0]", "return np.eye(len(gram))[0] if len(gram) != 4 else values[0]"
    ),
)
wrong("witness", "a verdict in place of a proof", fails=[REFUTED, SYMMETRY], source=proof(result="False"))
wrong(
    "witness",
    "delegates to ravine",
    fails=[REFUTED, PASSED, SYMMETRY],
    source="from ravine.attention import attention\n" + proof(),
)
right(
    "witness",
    "eigenvectors in torch",
    source="""
def witness(gram, *, tolerance=1e-10):
    gram = torch.tensor(gram)
    bound = tolerance * gram.abs().max()
    if (gram - gram.T).abs().max() > bound:
        raise ValueError("not symmetric")
    values, vectors = torch.linalg.eigh((gram + gram.T) / 2)
    lowest = values.argmin()
    return -vectors[:, lowest].numpy() if values[lowest] < -bound else None
""",
)
right("witness", "in other words", source=proof(asymmetry="not np.allclose(gram, gram.T, rtol=0, atol=slack)"))

# -------------------------------------------------------------------------------------------------------- features
PRODUCT, FORM = "features-product", "features-form"


def unfolded(
    one="np.full_like(x[..., :1], constant)",
    linear="math.sqrt(2 * constant) * x",
    squares="x**2",
    cross="math.sqrt(2) * x[..., i] * x[..., j]",
    pairs="np.triu_indices(x.shape[-1], 1)",
    check="constant < 0",
):
    """An answer to features with one of its parts replaced."""
    return f"""
def features(x, *, constant):
    if {check}:
        raise ValueError("negative")
    i, j = {pairs}
    return np.concatenate([{one}, {linear}, {squares}, {cross}], axis=-1)
"""


for name, part, value in [
    ("products without the root of two (E156)", "cross", "x[..., i] * x[..., j]"),
    ("products with two", "cross", "2 * x[..., i] * x[..., j]"),
    ("linear without the root of two", "linear", "math.sqrt(constant) * x"),
    ("linear without the constant", "linear", "math.sqrt(2) * x"),
    ("linear with 2 c", "linear", "2 * constant * x"),
    ("the constant's root", "one", "np.full_like(x[..., :1], math.sqrt(constant))"),
    ("the constant squared", "one", "np.full_like(x[..., :1], constant**2)"),
    ("the constant ignored", "one", "np.ones_like(x[..., :1])"),
    ("squares not squared", "squares", "x"),
]:
    wrong("features", name, fails=[PRODUCT], source=unfolded(**{part: value}))
wrong("features", "no constant coordinate", fails=[PRODUCT, FORM], source=unfolded(one="x[..., :0]"))
wrong("features", "no linear coordinates", fails=[PRODUCT, FORM], source=unfolded(linear="x[..., :0]"))
wrong("features", "no products", fails=[PRODUCT, FORM], source=unfolded(cross="x[..., :0]"))
wrong(
    "features",
    "c is 1",
    fails=[PRODUCT],
    source=unfolded(one="np.ones_like(x[..., :1])", linear="math.sqrt(2) * x"),
)
wrong(
    "features",
    "each product twice",
    fails=[FORM],
    source="""
def features(x, *, constant):
    if constant < 0:
        raise ValueError("negative")
    longer = np.concatenate([np.full_like(x[..., :1], math.sqrt(constant)), x], axis=-1)
    return (longer[..., :, None] * longer[..., None, :]).reshape(*x.shape[:-1], -1)
""",
)
wrong(
    "features",
    "any constant, its absolute value",
    fails=[FORM],
    source=unfolded(check="False", linear="math.sqrt(2 * abs(constant)) * x"),
)
wrong("features", "zero forbidden too", fails=[FORM], source=unfolded(check="constant <= 0"))
wrong(
    "features",
    "for two coordinates only",
    fails=[PRODUCT, FORM],
    source="""
def features(x, *, constant):
    if constant < 0:
        raise ValueError("negative")
    a, b = x[..., 0], x[..., 1]
    r = math.sqrt(2 * constant)
    return np.stack([np.full_like(a, constant), r * a, r * b, a**2, b**2, math.sqrt(2) * a * b], axis=-1)
""",
)
wrong(
    "features",
    "the kernel itself",
    fails=[PRODUCT, FORM],
    source="""
def features(x, *, constant):
    if constant < 0:
        raise ValueError("negative")
    return (constant + x @ np.swapaxes(x, -1, -2)) ** 2
""",
)
wrong(
    "features",
    "delegates to ravine",
    fails=[PRODUCT, FORM],
    source="import ravine.attention\n" + unfolded(),
)
right("features", "part by part", source=unfolded())
right(
    "features",
    "in a double loop, in torch",
    source="""
def features(x, *, constant):
    if not constant >= 0:
        raise ValueError("negative")
    x = torch.tensor(x)
    longer = [*x.unbind(-1), torch.full_like(x[..., 0], constant**0.5)]
    columns = []
    for place, one in enumerate(longer):
        for other in longer[:place]:
            columns.append(2**0.5 * one * other)
        columns.append(one * one)
    return torch.stack(columns, -1).numpy()
""",
)

# --------------------------------------------------------------------------------------------------- padded-linear
PLAIN, PADDING, MEMORY = "padded-linear-values", "padded-linear-padding", "padded-linear-memory"


def linear(
    phi="np.where(x > 0, x + 1, np.exp(np.minimum(x, 0)))",
    before="",
    mask="key = key * real[..., None]",
    state="np.swapaxes(key, 1, 2) @ value",
    total="key.sum(axis=1)",
    result="query @ state / (query @ total[..., None])",
):
    """An answer to padded-linear with one of its parts replaced."""
    return f"""
def padded_linear(query, key, value, real):
    {before or "pass"}
    query, key = ({phi} for x in (query, key))
    {mask}
    state, total = {state}, {total}
    return {result}
"""


wrong("padded-linear", "the mask ignored", fails=[PADDING], source=linear(mask="pass"))
wrong(
    "padded-linear",
    "padded keys set to zero before phi",
    fails=[PADDING],
    source=linear(before="key = key * real[..., None]", mask="pass"),
)
wrong(
    "padded-linear",
    "padded values set to zero, keys not",
    fails=[PADDING],
    source=linear(before="value = value * real[..., None]", mask="pass"),
)
wrong(
    "padded-linear",
    "padding kept out of the total only",
    fails=[PADDING],
    source=linear(mask="pass", total="(key * real[..., None]).sum(axis=1)"),
)
wrong(
    "padded-linear",
    "the mask upside down",
    fails=[PLAIN, PADDING, MEMORY][:2],
    source=linear(mask="key = key * ~real[..., None]"),
)
wrong("padded-linear", "not divided", fails=[PLAIN, PADDING], source=linear(result="query @ state"))
wrong(
    "padded-linear",
    "divided by the number of tokens",
    fails=[PLAIN, PADDING],
    source=linear(result="query @ state / real.sum(axis=1)[:, None, None]"),
)
wrong(
    "padded-linear",
    "elu without the 1",
    fails=[PLAIN, PADDING],
    source=linear(phi="np.where(x > 0, x, np.expm1(np.minimum(x, 0)))"),
)
wrong("padded-linear", "phi is the exponential", fails=[PLAIN, PADDING], source=linear(phi="np.exp(x)"))
wrong(
    "padded-linear",
    "queries and keys scaled",
    fails=[PLAIN, PADDING],
    source=linear(before="query, key = (x / x.shape[-1] ** 0.25 for x in (query, key))"),
)
wrong(
    "padded-linear",
    "the denominator over the wrong axis",
    fails=[PLAIN, PADDING],
    source=linear(result="query @ state / (query @ total[..., None]).sum(axis=1, keepdims=True)"),
)
wrong(
    "padded-linear",
    "the first bracketing",
    fails=[MEMORY],
    source=linear(
        state="query @ np.swapaxes(key, 1, 2)",
        total="None",
        result="state @ value / state.sum(axis=-1, keepdims=True)",
    ),
)
wrong(
    "padded-linear",
    "padding zeroed in place",
    fails=[PADDING],
    source=linear(before="value *= real[..., None]"),
)
wrong(
    "padded-linear",
    "softmax attention, delegated to torch",
    fails=[PLAIN, PADDING],
    source="""
def padded_linear(query, key, value, real):
    q, k, v = (torch.tensor(x) for x in (query, key, value))
    mask = torch.tensor(real)[:, None]
    return torch.nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=mask, scale=1.0).numpy()
""",
)
wrong(
    "padded-linear",
    "delegates to ravine",
    fails=[PLAIN, PADDING, MEMORY],
    source="""
from ravine.attention import attention


def padded_linear(query, key, value, real):
    q, k, v = (torch.tensor(x) for x in (query, key, value))
    return attention(q, k, v, torch.tensor(real)[:, None])[0].numpy()
""",
)
right("padded-linear", "with where", source=linear())
right(
    "padded-linear",
    "sequence by sequence, padding cut off, in torch",
    source="""
def padded_linear(query, key, value, real):
    outputs = []
    for q, k, v, m in zip(*(torch.tensor(x) for x in (query, key, value, real))):
        q, k = (torch.nn.functional.elu(x) + 1 for x in (q, k[m]))
        wide = torch.cat([v[m], torch.ones(len(k), 1).double()], 1)
        both = q @ (k.T @ wide)
        outputs.append(both[:, :-1] / both[:, -1:])
    return torch.stack(outputs).numpy()
""",
)

# ---------------------------------------------------------------------------------------------------------- chunks
OUTPUT, STATE, PEAK = "chunks-output", "chunks-state", "chunks-memory"


def chunked(
    start="np.zeros((phi_k.shape[1], value.shape[1])), np.zeros(phi_k.shape[1])",
    given="if state is not None:\n        S, z = state",
    early="",
    inside="np.tril(q @ k.T)",
    output="(q @ S + weights @ v) / (q @ z + weights.sum(axis=1))[:, None]",
    late="S, z = S + k.T @ v, z + k.sum(axis=0)",
    result="np.concatenate(outputs), (S, z)",
    stop="len(value)",
):
    """An answer to chunks with one of its parts replaced."""
    return f"""
def causal_chunks(phi_q, phi_k, value, *, chunk, state=None):
    S, z = {start}
    {given}
    outputs = []
    for begin in range(0, {stop}, chunk):
        q, k, v = phi_q[begin : begin + chunk], phi_k[begin : begin + chunk], value[begin : begin + chunk]
        {early or "pass"}
        weights = {inside}
        outputs.append({output})
        {late or "pass"}
    return {result}
"""


UPDATE = "S, z = S + k.T @ v, z + k.sum(axis=0)"
wrong("chunks", "the future inside a chunk", fails=[OUTPUT, STATE], source=chunked(inside="q @ k.T"))
wrong(
    "chunks",
    "a token does not see itself",
    fails=[OUTPUT, STATE, PEAK][:2],
    source=chunked(inside="np.tril(q @ k.T, -1)"),
)
wrong("chunks", "the mask upside down", fails=[OUTPUT, STATE], source=chunked(inside="np.triu(q @ k.T)"))
wrong("chunks", "the state updated too early", fails=[OUTPUT, STATE], source=chunked(early=UPDATE, late=""))
wrong("chunks", "the state never updated", fails=[OUTPUT, STATE], source=chunked(late=""))
wrong("chunks", "S not carried", fails=[OUTPUT, STATE], source=chunked(late="S, z = k.T @ v, z + k.sum(axis=0)"))
wrong("chunks", "z not carried", fails=[OUTPUT, STATE], source=chunked(late="S, z = S + k.T @ v, k.sum(axis=0)"))
wrong(
    "chunks",
    "the state left out of the denominator",
    fails=[OUTPUT, STATE],
    source=chunked(output="(q @ S + weights @ v) / weights.sum(axis=1)[:, None]"),
)
wrong(
    "chunks",
    "past and present divided apart",
    fails=[OUTPUT, STATE],
    source=chunked(output="q @ S / (q @ z + 1e-300)[:, None] + weights @ v / weights.sum(axis=1)[:, None]"),
)
wrong("chunks", "not divided", fails=[OUTPUT, STATE], source=chunked(output="q @ S + weights @ v"))
wrong(
    "chunks",
    "a sum over the wrong axis",
    fails=[OUTPUT, STATE],
    source=chunked(output="(q @ S + weights @ v) / (q @ z + weights.sum(axis=0))[:, None]"),
)
wrong("chunks", "the given state ignored", fails=[STATE], source=chunked(given="pass"))
wrong(
    "chunks",
    "the state as it was given comes back",
    fails=[STATE],
    source=chunked(result="np.concatenate(outputs), (state or (S, z))"),
)
wrong(
    "chunks",
    "the given state changed in place",
    fails=[STATE],
    source=chunked(late="S += k.T @ v\n        z += k.sum(axis=0)"),
)
wrong(
    "chunks",
    "no state comes back",
    fails=[OUTPUT, STATE, PEAK],
    source=chunked(result="np.concatenate(outputs)"),
)
wrong(
    "chunks",
    "the last, shorter chunk left out",
    fails=[OUTPUT, STATE, PEAK],
    source=chunked(stop="len(value) - len(value) % chunk"),
)
wrong(
    "chunks",
    "one large matrix",
    fails=[PEAK],
    source="""
def causal_chunks(phi_q, phi_k, value, *, chunk, state=None):
    S, z = state or (np.zeros((phi_k.shape[1], value.shape[1])), np.zeros(phi_k.shape[1]))
    weights = np.tril(phi_q @ phi_k.T)
    output = (phi_q @ S + weights @ value) / (phi_q @ z + weights.sum(axis=1))[:, None]
    return output, (S + phi_k.T @ value, z + phi_k.sum(axis=0))
""",
)
wrong(
    "chunks",
    "a state for each token, by cumsum",
    fails=[PEAK],
    source="""
def causal_chunks(phi_q, phi_k, value, *, chunk, state=None):
    S, z = state or (np.zeros((phi_k.shape[1], value.shape[1])), np.zeros(phi_k.shape[1]))
    states = S + np.cumsum(phi_k[:, :, None] * value[:, None, :], axis=0)
    totals = z + np.cumsum(phi_k, axis=0)
    output = (phi_q[:, None, :] @ states)[:, 0] / np.sum(phi_q * totals, axis=1, keepdims=True)
    return output, (states[-1].copy(), totals[-1].copy())
""",
)
wrong(
    "chunks",
    "delegates to torch's softmax attention",
    fails=[OUTPUT, STATE],
    source="""
def causal_chunks(phi_q, phi_k, value, *, chunk, state=None):
    q, k, v = (torch.tensor(x)[None] for x in (phi_q, phi_k, value))
    output = torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)[0].numpy()
    S, z = state or (0.0, 0.0)
    return output, (S + phi_k.T @ value, z + phi_k.sum(axis=0))
""",
)
wrong(
    "chunks",
    "delegates to ravine",
    fails=[OUTPUT, STATE, PEAK],
    source="from ravine.attention import causal_mask\n" + chunked(),
)
right("chunks", "with an if", source=chunked())
right(
    "chunks",
    "token by token, values and ones together, in torch",
    source="""
def causal_chunks(phi_q, phi_k, value, *, chunk, state=None):
    q, k, v = (torch.tensor(x) for x in (phi_q, phi_k, value))
    v = torch.cat([v, torch.ones_like(v[:, :1])], 1)
    both = torch.zeros(k.shape[1], v.shape[1]).double()
    if state is not None:
        both = torch.cat([torch.tensor(state[0]), torch.tensor(state[1])[:, None]], 1)
    rows = []
    for query, key, here in zip(q, k, v):
        both = both + torch.outer(key, here)
        rows.append(query @ both)
    rows = torch.stack(rows)
    return (rows[:, :-1] / rows[:, -1:]).numpy(), (both[:, :-1].numpy(), both[:, -1].numpy())
""",
)

# ------------------------------------------------------------------------------------------------- true-statements
GROUPS = ["true-statements-patterns", "true-statements-kernels", "true-statements-bills"]
for name, letters, cells in [
    ("Longformer learns its pattern (E124)", "ABEGH", GROUPS[:1]),
    ("no pattern follows the data", "EGH", GROUPS[:1]),
    ("dropping small weights saves (E125)", "BCEGH", GROUPS[:1]),
    ("samples prove a kernel (E156)", "BDEGH", GROUPS[1:2]),
    ("any method can be kernelized (E156)", "BEFGH", GROUPS[1:2]),
    ("products are no kernels", "BGH", GROUPS[1:2]),
    ("FlashAttention approximates", "BEH", GROUPS[2:]),
    ("a convolution needs one size (E92)", "BEG", GROUPS[2:]),
    ("grouped queries save scores", "BEGHI", GROUPS[2:]),
    ("everything is true", "ABCDEFGHI", GROUPS),
    ("nothing is true", "", GROUPS),
    ("the other half", "ACDFI", GROUPS),
]:
    wrong("true-statements", name, fails=cells, source=f'def true_statements():\n    return "{letters}"\n')
wrong("true-statements", "a list of letters", fails=GROUPS, source="def true_statements():\n    return list('BEGH')\n")
right("true-statements", "in another order", source="def true_statements():\n    return 'HGEB'\n")

# ------------------------------------------------------------------ mutants of the solutions that are right answers too
equivalent(
    "merge",
    "np.logaddexp(first[1], second[1]) -> np.logaddexp(second[1], first[1])",
    why="logaddexp is symmetric in its two arguments",
)
equivalent(
    "merge",
    "np.where(np.isneginf(lse), 0.0, lse) -> np.where(np.isneginf(lse), 1.0, lse)",
    why="where both are minus infinity, the exponential of minus infinity minus any finite number is 0",
)
SAME = "any cut gives the same numbers: that is what the method promises, and what its tests demand"
equivalent("find-the-bugs", "line 1: mix_in_blocks: ignore block: block = 1", why=SAME)
equivalent("chunks", "line 1: causal_chunks: ignore chunk: chunk = 1", why=SAME)
equivalent(
    "find-the-bugs",
    "np.full((len(scores), 1), -1e+300) -> np.full((len(scores), 1), -2e+300)",
    why="any number far below all scores will do",
)
for mutant in (
    "total, mix = (0.0, 0.0) -> total, mix = (1.0, 0.0)",
    "total, mix = (0.0, 0.0) -> total, mix = (0.0, 1.0)",
):
    equivalent(
        "find-the-bugs",
        mutant,
        why="the first finite score multiplies what was before by the exponential of about -1e300, which is 0",
    )
equivalent(
    "witness",
    "np.abs(gram - gram.T) -> gram - gram.T",
    why="of the entries of a matrix minus its transpose each comes with both signs, so the largest is the same",
)
equivalent(
    "features",
    "[np.full_like(x[..., :1], np.sqrt(constant)), x] -> [x, np.full_like(x[..., :1], np.sqrt(constant))]",
    why="the coordinates may come in any order",
)
equivalent(
    "chunks",
    "range(0, len(value), chunk) -> range(0, len(value) + 1, chunk)",
    why="one more chunk without tokens changes nothing",
)
