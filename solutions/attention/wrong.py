"""Answers to *Attention* whose verdict is known; read by ``proctor verify``, never imported.

Each wrong answer is a mistake that people make; ``fails`` lists exactly the test cells that must notice it. E-numbers
refer to the errata of the source notes, where the mistake comes from one.
"""

from proctor.variants import equivalent, right, wrong

# ------------------------------------------------------------------------------------------------ column-attention
SHAPES, VALUES, MASK, EDGES = (f"column-attention-{name}" for name in ("shapes", "values", "mask", "edges"))


def columns(
    scores="key.T @ query / math.sqrt(query.shape[0])",
    mask="np.where(blocked, -np.inf, scores)",
    weights="np.exp(scores - np.maximum(scores.max(axis=0), -1e300))",
    norm="weights / np.maximum(weights.sum(axis=0), 1)",
    result="value @ weights, weights",
):
    """An answer to column-attention with one of its parts replaced."""
    return f"""
def column_attention(query, key, value, blocked=None):
    scores = {scores}
    if blocked is not None:
        scores = {mask}
    weights = {weights}
    weights = {norm}
    return {result}
"""


for name, cells, parts in [
    (
        "softmax over the queries (E116)",
        [SHAPES, VALUES, MASK, EDGES],
        {
            "weights": "np.exp(scores - np.maximum(scores.max(axis=1, keepdims=True), -1e300))",
            "norm": "weights / np.maximum(weights.sum(axis=1, keepdims=True), 1e-300)",
        },
    ),
    ("no divisor", [VALUES, MASK], {"scores": "key.T @ query"}),
    ("divided by d_k", [VALUES, MASK], {"scores": "key.T @ query / query.shape[0]"}),
    ("root of the number of queries", [VALUES, MASK], {"scores": "key.T @ query / math.sqrt(query.shape[1])"}),
    ("root of the number of keys", [VALUES, MASK], {"scores": "key.T @ query / math.sqrt(key.shape[1])"}),
    ("mask upside down", [MASK, EDGES], {"mask": "np.where(blocked, scores, -np.inf)"}),
    ("mask ignored", [MASK, EDGES], {"mask": "scores"}),
    ("forbidden scores of zero", [MASK, EDGES], {"mask": "np.where(blocked, 0.0, scores)"}),
    ("mask transposed", [MASK, EDGES], {"mask": "np.where(blocked.T, -np.inf, scores)"}),
    ("minus 1e9: sees everything where it may see nothing", [EDGES], {"mask": "np.where(blocked, -1e9, scores)"}),
    (
        "NaN where all is blocked",
        [EDGES],
        {"weights": "np.exp(scores - scores.max(axis=0))", "norm": "weights / weights.sum(axis=0)"},
    ),
    ("overflow", [EDGES], {"weights": "np.exp(scores)", "norm": "weights / np.maximum(weights.sum(axis=0), 1e-300)"}),
    (
        "one softmax over the whole table",
        [SHAPES, VALUES, MASK, EDGES],
        {"weights": "np.exp(scores - scores.max())", "norm": "weights / weights.sum()"},
    ),
    ("rows come back", [SHAPES, VALUES, MASK, EDGES], {"result": "(value @ weights).T, weights.T"}),
    ("no weights", [SHAPES, VALUES, MASK, EDGES], {"result": "value @ weights"}),
    ("changes the mask", [EDGES], {"mask": "np.where(blocked, -np.inf, scores); blocked[...] = False"}),
]:
    wrong("column-attention", name, fails=cells, source=columns(**parts))
wrong(
    "column-attention",
    "masked after the softmax",
    fails=[MASK, EDGES],
    source="""
def column_attention(query, key, value, blocked=None):
    scores = key.T @ query / math.sqrt(query.shape[0])
    weights = np.exp(scores - scores.max(axis=0))
    weights = weights / weights.sum(axis=0)
    if blocked is not None:
        weights = np.where(blocked, 0.0, weights)
    return value @ weights, weights
""",
)
wrong(
    "column-attention",
    "masked after the softmax and put right, unless a blocked score is huge",
    fails=[EDGES],
    source="""
def column_attention(query, key, value, blocked=None):
    scores = key.T @ query / math.sqrt(query.shape[0])
    weights = np.exp(scores - scores.max(axis=0))
    if blocked is not None:
        weights = np.where(blocked, 0.0, weights)
    weights = weights / np.maximum(weights.sum(axis=0), 1e-300)
    return value @ weights, weights
""",
)
wrong(
    "column-attention",
    "for tokens in rows (E116)",
    fails=[SHAPES, VALUES, MASK, EDGES],
    source="""
def column_attention(query, key, value, blocked=None):
    scores = query @ key.T / math.sqrt(query.shape[1])
    if blocked is not None:
        scores = np.where(blocked, -np.inf, scores)
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    weights = weights / weights.sum(axis=1, keepdims=True)
    return weights @ value, weights
""",
)
wrong(
    "column-attention",
    "delegates to ravine",
    fails=[SHAPES, VALUES, MASK, EDGES],
    source="""
def column_attention(query, key, value, blocked=None):
    import torch
    from ravine.attention import attention
    tensors = (torch.tensor(array.T.copy()) for array in (query, key, value))
    mask = None if blocked is None else torch.tensor(~blocked.T)
    output, weights = attention(*tensors, mask)
    return output.T.numpy(), weights.T.numpy()
""",
)
wrong(
    "column-attention",
    "delegates to PyTorch's layer",
    fails=[SHAPES, VALUES, MASK, EDGES],
    source="""
def column_attention(query, key, value, blocked=None):
    import torch
    layer = torch.nn.MultiheadAttention(len(query), 1, bias=False, vdim=len(value), dtype=torch.float64)
    return layer(torch.tensor(query.T), torch.tensor(key.T), torch.tensor(value.T))
""",
)
right(
    "column-attention",
    "one query at a time, over the keys that count",
    source="""
def column_attention(query, key, value, blocked=None):
    weights = np.zeros((key.shape[1], query.shape[1]))
    for i, q in enumerate(query.T):
        seen = [j for j in range(key.shape[1]) if blocked is None or not blocked[j, i]]
        if seen:
            scores = key[:, seen].T @ q / len(q) ** 0.5
            lifted = np.exp(scores - scores.max())
            weights[seen, i] = lifted / lifted.sum()
    return value @ weights, weights
""",
)
right(
    "column-attention",
    "in rows, with torch",
    source="""
def column_attention(query, key, value, blocked=None):
    import torch
    q, k, v = (torch.tensor(array).mT for array in (query, key, value))
    scores = q @ k.mT * q.shape[1] ** -0.5
    if blocked is not None:
        scores = scores.masked_fill(torch.tensor(blocked).mT, -torch.inf)
    weights = torch.nan_to_num(torch.softmax(scores, dim=1), nan=0.0)
    return (weights @ v).mT, weights.mT
""",
)

# --------------------------------------------------------------------------------------------------- three-repairs
SHAPE, AXIS, ORDER = (f"three-repairs-{name}" for name in ("shape", "axis", "order"))


def repairs(
    self_scores="query @ key.T / math.sqrt(query.shape[1])",
    self_result="softmax(scores, axis=1) @ value",
    batch_scores="query @ key.swapaxes(1, 2) / math.sqrt(query.shape[2])",
    batch_result="softmax(scores, axis=2) @ value",
    causal="softmax(np.where(np.tri(len(scores)), scores, -np.inf), axis=1) @ value",
):
    """An answer to three-repairs with one of its parts replaced."""
    return f"""
def self_attention(x, w_q, w_k, w_v):
    query, key, value = x @ w_q, x @ w_k, x @ w_v
    scores = {self_scores}
    return {self_result}


def batch_attention(query, key, value):
    scores = {batch_scores}
    return {batch_result}


def causal_attention(scores, value):
    return {causal}
"""


for name, cell, parts in [
    ("scores of features, left as they are (E116)", SHAPE, {"self_scores": "query.T @ key / math.sqrt(len(query))"}),
    ("divided by the root of n", SHAPE, {"self_scores": "query @ key.T / math.sqrt(len(query))"}),
    ("divided by the root of d", SHAPE, {"self_scores": "query @ key.T / math.sqrt(x.shape[1])"}),
    ("keys ask, queries answer", SHAPE, {"self_scores": "key @ query.T / math.sqrt(query.shape[1])"}),
    ("values are the tokens (E117)", SHAPE, {"self_result": "softmax(scores, axis=1) @ x"}),
    ("softmax over the queries, one sequence (E116)", SHAPE, {"self_result": "softmax(scores, axis=0) @ value"}),
    ("softmax over the queries, left as it is (E116)", AXIS, {"batch_result": "softmax(scores, axis=1) @ value"}),
    ("softmax over the batch", AXIS, {"batch_result": "softmax(scores, axis=0) @ value"}),
    ("the whole batch transposed", AXIS, {"batch_scores": "query @ key.T / math.sqrt(query.shape[2])"}),
    ("divided by the root of n, batch", AXIS, {"batch_scores": "query @ key.swapaxes(1, 2) / query.shape[1] ** 0.5"}),
    ("masked after, left as it is", ORDER, {"causal": "np.tril(softmax(scores, axis=1)) @ value"}),
    ("zeros in place of minus infinity", ORDER, {"causal": "softmax(np.tril(scores), axis=1) @ value"}),
    (
        "sees the future only",
        ORDER,
        {"causal": "softmax(np.where(np.tri(len(scores)).T, scores, -np.inf), axis=1) @ value"},
    ),
    (
        "minus 1000, and the future is louder",
        ORDER,
        {"causal": "softmax(scores - 1000 * np.triu(scores * 0 + 1, 1), 1) @ value"},
    ),
    (
        "masked after and divided by the sum",
        ORDER,
        {"causal": "(w := np.tril(softmax(scores, axis=1))) @ value / w.sum(axis=1, keepdims=True)"},
    ),
    ("mask of ones and zeros added", ORDER, {"causal": "softmax(scores + np.tri(len(scores)), axis=1) @ value"}),
]:
    wrong("three-repairs", name, fails=[cell], source=repairs(**parts))
wrong(
    "three-repairs",
    "delegates to ravine",
    fails=[SHAPE, AXIS, ORDER],
    source="from ravine.attention import attention, causal_mask\n" + repairs(),
)
right(
    "three-repairs",
    "one function for all, with einsum",
    source="""
def attend(scores, value):
    lifted = np.exp(scores - np.max(scores, axis=-1)[..., None])
    return np.einsum("...ij,...jv->...iv", lifted / lifted.sum(-1)[..., None], value)


def self_attention(x, w_q, w_k, w_v):
    return attend(x @ (w_q @ w_k.T) @ x.T * w_q.shape[1] ** -0.5, x) @ w_v


def batch_attention(query, key, value):
    return attend(np.einsum("bik,bjk->bij", query, key) / query.shape[-1] ** 0.5, value)


def causal_attention(scores, value):
    return np.stack([attend(scores[i : i + 1, : i + 1], value[: i + 1])[0] for i in range(len(scores))])
""",
)

# ----------------------------------------------------------------------------------------------------- predictions
SPREAD, START, LEAD = (f"predictions-{name}" for name in ("spread", "start", "lead"))
RIGHT = ("50", "0.02", "0.1", "0.25", "8 * math.log(135)")
for name, position, value, cell in [
    ("near zero (E115)", 0, "0.02", SPREAD),
    ("the variance", 0, "2500", SPREAD),
    ("the cosine as large as the product", 1, "50", SPREAD),
    ("one over d", 1, "1 / 2500", SPREAD),
    ("the cosine stretched", 2, "0.6", SPREAD),
    ("the product, not the cosine", 2, "60", SPREAD),
    ("the factor on both matrices", 3, "1 / 16", START),
    ("the inverse factor", 3, "4", START),
    ("half of the factor", 3, "1 / 32", START),
    ("the divided score's lead", 4, "math.log(135)", LEAD),
    ("divided twice", 4, "math.log(135) / 8", LEAD),
    ("sixteen rivals", 4, "8 * math.log(144)", LEAD),
    ("one rival", 4, "8 * math.log(9)", LEAD),
    ("d_k, not its root", 4, "64 * math.log(135)", LEAD),
]:
    numbers = [*RIGHT[:position], value, *RIGHT[position + 1 :]]
    wrong("predictions", name, fails=[cell], source=f"def predictions():\n    return {', '.join(numbers)}\n")
wrong(
    "predictions", "four numbers", fails=[SPREAD, START, LEAD], source=f"def predictions():\n    return {RIGHT[:4]}\n"
)
right("predictions", "rounded", source="def predictions():\n    return [50, 1 / 50, 0.1, 256**-0.25, 39.24]\n")

# ------------------------------------------------------------------------------------------------------- sinusoids
CODE, TURN = "sinusoids-code", "sinusoids-shift"


def sinusoids(
    speeds="base ** (-2 * np.arange(width // 2) / width)",
    code="np.hstack([np.sin(angles), np.cos(angles)])",
    turn="np.block([[cos, sin], [-sin, cos]])",
):
    """An answer to sinusoids with one of its parts replaced; the speeds are those of both functions."""
    return f"""
def places_code(places, *, width, base):
    angles = np.asarray(places, dtype=float)[:, None] * ({speeds})
    return {code}


def shift(offset, *, width, base):
    angles = offset * ({speeds})
    cos, sin = np.diag(np.cos(angles)), np.diag(np.sin(angles))
    return {turn}
"""


for name, cells, parts in [
    (
        "side by side, as in the paper",
        [CODE],
        {"code": "np.stack([np.sin(angles), np.cos(angles)], 2).reshape(len(places), -1)"},
    ),
    ("cosines first", [CODE], {"code": "np.hstack([np.cos(angles), np.sin(angles)])"}),
    ("no 2 in the exponent", [CODE, TURN], {"speeds": "base ** (-np.arange(width // 2) / width)"}),
    (
        "exponent over the number of circles",
        [CODE, TURN],
        {"speeds": "base ** (-2 * np.arange(width // 2) / (width // 2))"},
    ),
    ("speeds that grow", [CODE, TURN], {"speeds": "base ** (2 * np.arange(width // 2) / width)"}),
    ("base ignored", [CODE, TURN], {"speeds": "10_000 ** (-2 * np.arange(width // 2) / width)"}),
    ("the other way round", [TURN], {"turn": "np.block([[cos, -sin], [sin, cos]])"}),
    ("two rows of sines", [TURN], {"turn": "np.block([[cos, sin], [sin, cos]])"}),
    (
        "one angle for all circles",
        [TURN],
        {
            "turn": "np.kron([[math.cos(offset), math.sin(offset)],"
            " [-math.sin(offset), math.cos(offset)]], np.eye(width // 2))"
        },
    ),
    ("one column for each place", [CODE], {"code": "np.hstack([np.sin(angles), np.cos(angles)]).T"}),
]:
    wrong("sinusoids", name, fails=cells, source=sinusoids(**parts))
wrong(
    "sinusoids",
    "a shift for sine and cosine side by side",
    fails=[TURN],
    source=sinusoids(
        turn="np.kron(cos, np.eye(2)) + np.kron(sin, np.array([[0, 1], [-1, 0]]))",
    ),
)
wrong(
    "sinusoids",
    "a shift right for whole places from 0 on only",
    fails=[TURN],
    source=sinusoids(turn="np.block([[cos, sin], [-sin, cos]]) if offset == int(offset) else np.eye(width)"),
)
wrong(
    "sinusoids",
    "delegates to ravine",
    fails=[CODE, TURN],
    source="from ravine.attention import sinusoidal_positions\n" + sinusoids(),
)
right(
    "sinusoids",
    "complex numbers, and a fit through many places",
    source="""
def places_code(places, *, width, base):
    turns = np.exp(1j * np.outer(places, [base ** (-2 * i / width) for i in range(width // 2)]))
    return np.hstack([turns.imag, turns.real])


def shift(offset, *, width, base):
    matrix = np.zeros((width, width))
    for i in range(width // 2):
        turn = np.exp(1j * offset / base ** (2 * i / width))
        j = width // 2 + i
        matrix[i, i] = matrix[j, j] = turn.real
        matrix[i, j], matrix[j, i] = turn.imag, -turn.imag
    return matrix
""",
)

# --------------------------------------------------------------------------------------------------- verb-matrices
SIMPLE, SENTENCES = "verb-matrices-simple", "verb-matrices-sentences"


def verb(queries, keys, size="6.0"):
    """An answer to verb-matrices that reads the features of these numbers, in this order."""
    return f"def verb_matrices():\n    eye = {size} * np.eye(5)\n    return eye[:, {queries}], eye[:, {keys}]\n"


for name, cells, source in [
    ("one matrix for both roles", [SIMPLE, SENTENCES], verb([0, 3, 4], [0, 3, 4])),
    ("any noun will do", [SENTENCES], verb([1, 1, 1], [0, 0, 0])),
    ("the number will do", [SIMPLE, SENTENCES], verb([3, 3, 4], [3, 3, 4])),
    ("nouns look for verbs", [SIMPLE, SENTENCES], verb([0, 3, 4], [1, 3, 4])),
    ("the opposite number", [SENTENCES], verb([1, 4, 3], [0, 3, 4])),
    ("too weak", [SIMPLE, SENTENCES], verb([1, 3, 4], [0, 3, 4], "1.5")),
    ("too loud to be allowed", [SIMPLE, SENTENCES], verb([1, 3, 4], [0, 3, 4], "30.0")),
    ("two columns", [SIMPLE, SENTENCES], verb([1, 3], [0, 3])),
    ("right for the singular only", [SENTENCES], verb([1, 3, 3], [0, 3, 3])),
    (
        "3 x 5, for tokens in columns (E116)",
        [SIMPLE, SENTENCES],
        "def verb_matrices():\n    eye = 6.0 * np.eye(5)\n    return eye[[1, 3, 4]], eye[[0, 3, 4]]\n",
    ),
]:
    wrong("verb-matrices", name, fails=cells, source=source)
right(
    "verb-matrices",
    "number as one signed entry, and a price for what is no noun",
    source="""
def verb_matrices():
    w_q, w_k = np.zeros((5, 3)), np.zeros((5, 3))
    w_q[1, 0], w_k[0, 0] = 9.0, 9.0
    w_q[3, 1], w_q[4, 1] = 6.0, -6.0
    w_k[3, 1], w_k[4, 1] = 6.0, -6.0
    w_q[1, 2], w_k[1, 2] = 3.0, -3.0
    return w_q.tolist(), w_k.tolist()
""",
)

# ---------------------------------------------------------------------------------------------- price-for-distance
PRICE, CACHE, LIMITS = (f"price-for-distance-{name}" for name in ("values", "cache", "edges"))


def price(
    distance="np.arange(m - n, m)[:, None] - np.arange(m)",
    scores="query @ key.T / math.sqrt(query.shape[1]) - slope * distance",
    masked="np.where(distance >= 0, scores, -np.inf)",
    weights="softmax(scores, axis=1)",
    check="n > m",
):
    """An answer to price-for-distance with one of its parts replaced."""
    return f"""
def biased_attention(query, key, value, *, slope):
    n, m = len(query), len(key)
    if {check}:
        raise ValueError("more queries than keys")
    distance = {distance}
    scores = {scores}
    scores = {masked}
    weights = {weights}
    return weights @ value, weights
"""


for name, cells, parts in [
    ("places from 0", [CACHE], {"distance": "np.arange(n)[:, None] - np.arange(m)"}),
    ("a reward", [PRICE, CACHE, LIMITS], {"scores": "query @ key.T / math.sqrt(query.shape[1]) + slope * distance"}),
    (
        "the price divided too",
        [PRICE, CACHE],
        {"scores": "(query @ key.T - slope * distance) / math.sqrt(query.shape[1])"},
    ),
    ("no divisor", [PRICE, CACHE], {"scores": "query @ key.T - slope * distance"}),
    ("root of the number of tokens", [PRICE, CACHE], {"scores": "query @ key.T / math.sqrt(m) - slope * distance"}),
    ("no price", [PRICE, CACHE, LIMITS], {"scores": "query @ key.T / math.sqrt(query.shape[1])"}),
    (
        "the chapter's slope",
        [PRICE, CACHE, LIMITS],
        {"scores": "query @ key.T / math.sqrt(query.shape[1]) - distance / 2"},
    ),
    ("the future is not hidden", [PRICE, CACHE, LIMITS], {"masked": "scores"}),
    (
        "the future at its distance, as in the chapter",
        [PRICE, CACHE, LIMITS],
        {"masked": "scores + 2 * slope * np.minimum(distance, 0)"},
    ),
    (
        "no token looks at itself, but for the first",
        [PRICE, CACHE, LIMITS],
        {"masked": "np.where((distance > 0) | (np.arange(m) == 0), scores, -np.inf)"},
    ),
    (
        "masked after the softmax",
        [PRICE, CACHE, LIMITS],
        {"masked": "scores", "weights": "softmax(scores, axis=1) * (distance >= 0)"},
    ),
    (
        "softmax over the queries (E116)",
        [PRICE, CACHE, LIMITS],
        {"weights": "softmax(np.where(distance >= 0, scores, -1e300), axis=0)"},
    ),
    ("no check", [LIMITS], {"check": "False"}),
    ("a check too strict", [CACHE], {"check": "n != m"}),
]:
    wrong("price-for-distance", name, fails=cells, source=price(**parts))
wrong(
    "price-for-distance",
    "delegates to ravine",
    fails=[PRICE, CACHE, LIMITS],
    source="""
def biased_attention(query, key, value, *, slope):
    from ravine.attention import attention
    import torch
    return attention(torch.tensor(query), torch.tensor(key), torch.tensor(value))
""",
)
right(
    "price-for-distance",
    "token by token",
    source="""
def biased_attention(query, key, value, *, slope):
    n, m = len(query), len(key)
    if m < n:
        raise ValueError("more queries than keys")
    weights = np.zeros((n, m))
    for row, place in enumerate(range(m - n, m)):
        scores = key[: place + 1] @ query[row] * key.shape[1] ** -0.5
        scores = scores + slope * np.arange(place + 1)  # up to a constant of the row
        lifted = np.exp(scores - scores.max())
        weights[row, : place + 1] = lifted / lifted.sum()
    return weights @ value, weights
""",
)

# ---------------------------------------------------------------------------------------------------- order-defect
ZERO, DEFECT = "order-defect-zero", "order-defect-values"


def defect(result):
    """An answer to order-defect."""
    return f"def order_defect(layer, x, orders):\n    return {result}\n"


for name, cells, result in [
    ("invariance", [ZERO, DEFECT], "max(np.abs(layer(x[o]) - layer(x)).max() for o in orders)"),
    ("the opposite order", [ZERO, DEFECT], "max(np.abs(layer(x[o]) - layer(x)[np.argsort(o)]).max() for o in orders)"),
    ("with its sign", [DEFECT], "max((layer(x[o]) - layer(x)[o]).max() for o in orders)"),
    ("the mean", [DEFECT], "np.mean([np.abs(layer(x[o]) - layer(x)[o]) for o in orders])"),
    ("the first order only", [DEFECT], "np.abs(layer(x[orders[0]]) - layer(x)[orders[0]]).max()"),
    ("the last order only", [DEFECT], "np.abs(layer(x[orders[-1]]) - layer(x)[orders[-1]]).max()"),
    ("the norm", [DEFECT], "max(np.linalg.norm(layer(x[o]) - layer(x)[o]) for o in orders)"),
    ("nothing is compared", [ZERO, DEFECT], "max(np.abs(layer(x[o]) - layer(x[o])).max() for o in orders)"),
    ("always zero", [ZERO, DEFECT], "0.0"),
]:
    wrong("order-defect", name, fails=cells, source=defect(result))
right(
    "order-defect",
    "permutation matrices",
    source="""
def order_defect(layer, x, orders):
    worst, output = 0.0, layer(x)
    for order in orders:
        p = np.eye(len(x))[order]
        worst = max(worst, float(np.max(np.abs(layer(p @ x) - p @ output))))
    return worst
""",
)
right(
    "order-defect",
    "the outputs put back where they were",
    source="""
def order_defect(layer, x, orders):
    return np.max([np.abs(layer(x[o])[np.argsort(o)] - layer(x)) for o in orders])
""",
)

# ------------------------------------------------------------------------------------------------- true-statements
GROUPS = [f"true-statements-{name}" for name in ("scores", "query", "places")]
for name, letters, cells in [
    ("products near zero (E115)", "ABCDH", GROUPS[:1]),
    ("the divisor gives new abilities", "CDH", GROUPS[:1]),
    ("doubling changes nothing", "BDH", GROUPS[:1]),
    ("the query knows the context (E119)", "BCH", GROUPS[1:2]),
    ("layer 1 does nothing", "BCDEH", GROUPS[1:2]),
    ("W_Q adapts (E119)", "BCDFH", GROUPS[1:2]),
    ("values are embeddings (E117)", "BCDGH", GROUPS[2:]),
    ("training makes up for places", "BCD", GROUPS[2:]),
    ("longer sentences for nothing (E118)", "BCDHI", GROUPS[2:]),
    ("all", "ABCDEFGHI", GROUPS),
    ("none", "", GROUPS),
    ("the false ones", "AEFGI", GROUPS),
]:
    wrong("true-statements", name, fails=cells, source=f'def true_statements():\n    return "{letters}"\n')
right("true-statements", "in another order", source='def true_statements():\n    return "HDCB"\n')

# --------------------------------------------------------------------------------------------------- other-weights
FOUND = "other-weights-found"


def others(body):
    """An answer to other-weights; ``d`` is a direction that changes neither output nor sum."""
    lines = ["kept = np.vstack([value.T, np.ones(len(weights))])", "d = np.linalg.svd(kept)[2][-1]", *body.split("\n")]
    return "\n".join(["def other_weights(weights, value):", *("    " + line for line in lines)])


for name, body in [
    ("the same weights", "return weights"),
    ("not far enough", "return weights + 0.5 * d / np.max(-d / weights)"),
    ("too far", "return weights + 1.5 * d / np.max(-d / weights)"),
    ("the smallest dropped, the rest stretched", "b = weights * (weights > weights.min())\nreturn b / b.sum()"),
    ("the smallest dropped", "return weights * (weights > weights.min())"),
    (
        "the sum forgotten",
        "d = np.linalg.svd(value.T)[2][-1]\n"
        "d = -d if d.max() > -d.min() else d\n"
        "return weights + d / np.max(-d / weights)",
    ),
    ("equal weights", "return np.full(len(weights), 1 / len(weights))"),
    ("the shortest solution", "return np.linalg.pinv(kept) @ kept @ weights"),
    ("only the direction", "return d"),
]:
    wrong("other-weights", name, fails=[FOUND], source=others(body))
right(
    "other-weights",
    "the opposite direction",
    source=others("d = -d\nreturn np.maximum(weights + d * np.min(weights[d < 0] / -d[d < 0]), 0.0)"),
)
right(
    "other-weights",
    "as few keys as possible, by elimination",
    source="""
def other_weights(weights, value):
    b, kept = np.array(weights), np.vstack([value.T, np.ones(len(weights))])
    while np.count_nonzero(b) > len(kept):
        used = np.flatnonzero(b)
        direction = np.linalg.qr(kept[:, used].T, mode="complete")[0][:, -1]
        direction = direction if direction.min() < -1e-12 else -direction
        rates = -direction / b[used]
        b[used] += direction / rates.max()
        b[used[np.argmax(rates)]] = 0.0
    return b
""",
)

# ------------------------------------------------------------------------- mutants that are the same function
equivalent(
    "three-repairs",
    "line 13: key.swapaxes(1, 2) -> key.swapaxes(2, 1)",
    why="the same two axes are exchanged",
)
equivalent(
    "other-weights",
    "line 9: [value.T, np.ones(len(weights))] -> [np.ones(len(weights)), value.T]",
    why="what must not change is the same in another order",
)
equivalent(
    "other-weights",
    "line 11: np.max(-direction / weights) -> np.min(-direction / weights)",
    why="it goes as far in the opposite direction: the question is open, and this is another right answer",
)
