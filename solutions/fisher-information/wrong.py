"""Answers to the assignment *Fisher information* whose verdict is known; read by ``proctor verify``, never imported.

Each wrong answer is a mistake that people make; ``fails`` lists exactly the test cells that must notice it. E-numbers
refer to the errata of the source notes, where the mistake comes from one.
"""

from proctor.variants import right, wrong

# -------------------------------------------------------------------------------------------------------- on-paper
ABSOLUTE, RULERS, FITTED, HUNDRED = (f"on-paper-{name}" for name in ("absolute", "rulers", "fitted", "hundred"))
PARTS = ("(7, 625)", "(25536, 64)", "(2507, 25)", "(0.0396, 0.0004, 0.0396)", "0.0396")
for name, position, value, cell in [
    ("not rounded up", 0, "(6.234375, 625)", ABSOLUTE),
    ("a variance of 0.02", 0, "(1, 13)", ABSOLUTE),
    ("the chapter's counts", 0, "(10, 2500)", ABSOLUTE),
    ("a fair coin is always the hardest (E153)", 1, "(7, 625)", RULERS),
    ("the factor 1 - theta forgotten", 1, "(25600, 128)", RULERS),
    ("the variance set to an eighth of theta", 1, "(8, 4)", RULERS),
    ("the logit rounded down", 2, "(2506, 25)", RULERS),
    ("the information in theta for the logit (E153)", 2, "(1, 2)", RULERS),
    ("a variance of 0.4 for the logit", 2, "(1003, 10)", RULERS),
    ("the input forgotten", 3, "(0.0099, 0.0001, 0.0099)", FITTED),
    ("the input not squared", 3, "(0.0198, 0.0002, 0.0198)", FITTED),
    ("empirical and true are the same (E151)", 3, "(0.0396, 0.0396, 0.0396)", FITTED),
    ("true at the label of the data (E151)", 3, "(0.0004, 0.0004, 0.0396)", FITTED),
    ("the sign of the curvature", 3, "(0.0396, 0.0004, -0.0396)", FITTED),
    ("the wrong label not counted", 4, "0.0004", HUNDRED),
    ("the mean score squared", 4, "0.0", HUNDRED),
    ("the sum over the set", 4, "3.96", HUNDRED),
    ("the wrong label alone", 4, "3.9204", HUNDRED),
]:
    numbers = [*PARTS[:position], value, *PARTS[position + 1 :]]
    wrong("on-paper", name, fails=[cell], source=f"def on_paper():\n    return {', '.join(numbers)}\n")
wrong(
    "on-paper",
    "the two coins exchanged",
    fails=[ABSOLUTE, RULERS],
    source="def on_paper():\n    return (625, 7), (64, 25536), (25, 2507), (0.0396, 0.0004, 0.0396), 0.0396\n",
)
right(
    "on-paper",
    "computed with fractions",
    source="""
from fractions import Fraction


def on_paper():
    coins = Fraction(1, 400), Fraction(1, 2)
    absolute = [math.ceil(t * (1 - t) * 2_500) for t in coins]
    relative = [math.ceil((1 - t) / t * 64) for t in coins]
    logit = [math.ceil(Fraction(25, 4) / (t * (1 - t))) for t in coins]
    p, x = 0.99, 2
    right, other = (x * (1 - p)) ** 2, (x * p) ** 2
    fisher = p * right + (1 - p) * other
    return [absolute, relative, logit, [fisher, right, x * x * p * (1 - p)], np.array(0.99 * right + 0.01 * other)]
""",
)

# ---------------------------------------------------------------------------------------------------------- scores
THETA, OTHERS, INFORMATION, RULER = (f"scores-{name}" for name in ("theta", "others", "information", "ruler"))


def rulers(
    score="(1 / theta - y / (1 - theta)) * slope",
    told="series * slope**2 / (theta**2 * (1 - theta))",
    slope='{"theta": 1.0, "logit": theta * (1 - theta), "log": theta}[parameter]',
    ruler="math.atanh(math.sqrt(1 - theta))",
):
    """An answer to scores with one of its parts replaced."""
    return f"""
def scores(y, theta, parameter="theta"):
    slope = {slope}
    return {score}


def information(theta, series, parameter="theta"):
    slope = {slope}
    return {told}


def ruler(theta):
    return {ruler}
"""


for name, cells, parts in [
    ("the gradient of the loss", [THETA, OTHERS], {"score": "(y / (1 - theta) - 1 / theta) * slope"}),
    ("the score in the logit for all", [THETA, OTHERS], {"score": "1 - theta - theta * y"}),
    ("the score in theta for all", [OTHERS], {"score": "1 / theta - y / (1 - theta)"}),
    ("divided by the derivative", [OTHERS], {"score": "(1 / theta - y / (1 - theta)) / slope"}),
    ("the derivative squared in the score", [OTHERS], {"score": "(1 / theta - y / (1 - theta)) * slope**2"}),
    (
        "the derivative of the likelihood",
        [THETA, OTHERS],
        {"score": "((1 - theta) ** y - theta * y * (1 - theta) ** (y - 1.0)) * slope"},
    ),
    ("the head forgotten", [THETA, OTHERS], {"score": "-y / (1 - theta) * slope"}),
    ("the head counted as a tail", [THETA, OTHERS], {"score": "(1 / theta - (y + 1) / (1 - theta)) * slope"}),
    ("heads and tails exchanged", [THETA, OTHERS], {"score": "(y / theta - 1 / (1 - theta)) * slope"}),
    ("the score of a single toss", [THETA, OTHERS], {"score": "(y - theta) / (theta * (1 - theta)) * slope"}),
    ("one number for all series", [THETA, OTHERS], {"score": "np.sum((1 / theta - y / (1 - theta)) * slope)"}),
    ("for one series", [INFORMATION], {"told": "slope**2 / (theta**2 * (1 - theta))"}),
    ("for tosses, not series", [INFORMATION], {"told": "series * slope**2 / (theta * (1 - theta))"}),
    ("the information in theta for all (E153)", [INFORMATION], {"told": "series / (theta**2 * (1 - theta))"}),
    ("the derivative not squared", [INFORMATION], {"told": "series * slope / (theta**2 * (1 - theta))"}),
    ("the derivative the other way round", [INFORMATION], {"told": "series / slope**2 / (theta**2 * (1 - theta))"}),
    ("the bound", [INFORMATION], {"told": "theta**2 * (1 - theta) / slope**2 / series"}),
    ("the variance of y", [INFORMATION], {"told": "series * slope**2 * (1 - theta) / theta**2"}),
    (
        "dz/dθ in the place of dθ/dz",
        [OTHERS, INFORMATION],
        {"slope": '{"theta": 1.0, "logit": 1 / (theta * (1 - theta)), "log": 1 / theta}[parameter]'},
    ),
    (
        "the logarithm's ruler taken for that of tails",
        [OTHERS, INFORMATION],
        {"slope": '{"theta": 1.0, "logit": theta * (1 - theta), "log": 1 - theta}[parameter]'},
    ),
    ("theta is a ruler for all (E153)", [RULER], {"ruler": "theta"}),
    ("the logit is a ruler for all (E153)", [RULER], {"ruler": "math.log(theta / (1 - theta))"}),
    ("the logarithm", [RULER], {"ruler": "math.log(theta)"}),
    ("the chapter's ruler, for single tosses", [RULER], {"ruler": "math.asin(math.sqrt(theta))"}),
    ("the square root", [RULER], {"ruler": "math.sqrt(1 - theta)"}),
    ("the root forgotten", [RULER], {"ruler": "math.atanh(1 - theta)"}),
    ("a constant", [RULER], {"ruler": "4.0"}),
    ("the information itself", [RULER], {"ruler": "1 / (theta**2 * (1 - theta))"}),
]:
    wrong("scores", name, fails=cells, source=rulers(**parts))
wrong(
    "scores",
    "delegates to torch.distributions",
    fails=[THETA, OTHERS, INFORMATION, RULER],
    source="""
def scores(y, theta, parameter="theta"):
    t = torch.full((len(y),), theta, dtype=torch.float64, requires_grad=True)
    logs = torch.distributions.Geometric(probs=t).log_prob(torch.tensor(y).double())
    return torch.autograd.grad(logs.sum(), t)[0].numpy()


def information(theta, series, parameter="theta"):
    return series / (theta**2 * (1 - theta))


def ruler(theta):
    return math.atanh(math.sqrt(1 - theta))
""",
)
wrong(
    "scores",
    "delegates to ravine",
    fails=[THETA, OTHERS, INFORMATION, RULER],
    source="from ravine.fisher import bernoulli_information\n"
    + rulers(told="bernoulli_information(theta, series) * slope**2 / theta"),
)
right(
    "scores",
    "by autograd, the information as a long sum",
    source="""
BACK = {"theta": lambda v: v, "logit": torch.sigmoid, "log": torch.exp}
THERE = {"theta": lambda t: t, "logit": lambda t: math.log(t / (1 - t)), "log": math.log}


def scores(y, theta, parameter="theta"):
    v = torch.full((len(y),), THERE[parameter](theta), dtype=torch.float64, requires_grad=True)
    t, y = BACK[parameter](v), torch.as_tensor(y)
    return torch.autograd.grad((t.log() + y * (1 - t).log()).sum(), v)[0]


def information(theta, series, parameter="theta"):
    y = np.arange(2000)
    return series * (theta * (1 - theta) ** y @ scores(y, theta, parameter).numpy() ** 2)


def ruler(theta):
    return 3 * math.acosh(1 / math.sqrt(theta)) + 1
""",
)
right(
    "scores",
    "from the mean and the variance, the ruler rising",
    source=rulers(
        score="((1 - theta) / theta - y) / (1 - theta) * slope",
        told="series * (slope / (1 - theta)) ** 2 * (1 - theta) / theta**2",
        ruler="math.log((1 - math.sqrt(1 - theta)) / (1 + math.sqrt(1 - theta)))",
    ),
)

# ------------------------------------------------------------------------------------------------------------ bugs
LABELS, SQUARES, PENALTY, ALL = (f"bugs-{name}" for name in ("labels", "squares", "penalty", "all"))


def dice(
    drawn="row < p",
    score="(drawn - p)[:, None] * x",
    collect="scores.extend(of_row)",
    center="scores",
    result="scores.T @ scores / len(scores)",
):
    """An answer to bugs with one of its parts replaced."""
    return f"""
def fisher_by_drawing(weights, x, y, uniforms, penalty):
    p = 1 / (1 + np.exp(-(x @ weights)))
    scores = []
    for row in uniforms:
        drawn = {drawn}
        of_row = {score}
        {collect}
    scores = np.array(scores)
    scores = {center}
    return {result}
"""


BATCH = {"collect": "scores.append(of_row.mean(axis=0))"}
WITH_PENALTY = {"score": "(drawn - p)[:, None] * x - penalty * weights"}
CENTERED = {"center": "scores - scores.mean(axis=0)"}
for name, cells, parts in [
    ("labels with the frequency of the data", [LABELS, ALL], {"drawn": "row < y.mean()"}),
    ("labels of the data (E151)", [LABELS, ALL], {"drawn": "y"}),
    ("the mean before the square", [SQUARES, ALL], BATCH),
    ("the sum before the square", [SQUARES, ALL], {"collect": "scores.append(of_row.sum(axis=0))"}),
    ("the penalty in the score", [PENALTY, ALL], WITH_PENALTY),
    ("the mean subtracted", [ALL], CENTERED),
    (
        "the mean subtracted, one less",
        [LABELS, SQUARES, PENALTY, ALL],
        CENTERED | {"result": "scores.T @ scores / (len(scores) - 1)"},
    ),
    ("one less", [LABELS, SQUARES, PENALTY, ALL], {"result": "scores.T @ scores / max(len(scores) - 1, 1)"}),
    ("the four bugs", [LABELS, SQUARES, PENALTY, ALL], BATCH | WITH_PENALTY | CENTERED | {"drawn": "row < y.mean()"}),
    ("three bugs: the mean that is subtracted hides the penalty", [SQUARES, ALL], BATCH | WITH_PENALTY | CENTERED),
    ("three bugs, the squares repaired", [LABELS, PENALTY, ALL], WITH_PENALTY | CENTERED | {"drawn": "row < y.mean()"}),
    ("above p", [LABELS, ALL], {"drawn": "row >= p"}),
    ("a fair coin for each label", [LABELS, ALL], {"drawn": "row < 0.5"}),
    ("the likeliest label", [LABELS, ALL], {"drawn": "p > 0.5"}),
    ("the average probability", [ALL], {"drawn": "row < p.mean()"}),
    ("for the whole set", [SQUARES, ALL], {"result": "len(x) * (scores.T @ scores) / len(scores)"}),
    ("its own dice", [LABELS, ALL], {"drawn": "np.random.default_rng(0).uniform(size=len(x)) < p"}),
    ("the exact expectation", [ALL], {"result": "(p * (1 - p) * x.T) @ x / len(x)"}),
    (
        "the curvature of the penalty",
        [SQUARES, PENALTY, ALL],
        {"result": "scores.T @ scores / len(scores) + penalty * np.eye(len(weights))"},
    ),
    ("changes x", [ALL], {"result": "(scores.T @ scores / len(scores), x.fill(0))[0]"}),
]:
    wrong("bugs", name, fails=cells, source=dice(**parts))
wrong("bugs", "as given", fails=[LABELS, SQUARES, PENALTY, ALL], source="fisher_by_drawing = fisher_with_bugs\n")
right(
    "bugs",
    "all at once",
    source="""
def fisher_by_drawing(weights, x, y, uniforms, penalty):
    p = torch.sigmoid(torch.tensor(x @ weights)).numpy()
    squares = np.where(uniforms < p, 1 - p, p) ** 2
    return np.einsum("i,ia,ib->ab", squares.mean(axis=0), x, x) / len(x)
""",
)
right("bugs", "repaired where it stood", source=dice())

# ---------------------------------------------------------------------------------------------------------- change
MATRIX, INVERSE, DIAGONAL, RATIO = (f"change-{name}" for name in ("matrix", "inverse", "diagonal", "ratio"))
SLOPES = '{"sigma": (0, 1), "variance": (0, 1 / (2 * sigma)), "log": (0, sigma), "ratio": (sigma / mean, mean)}'


def changed(
    turn="np.linalg.inv(jacobian)",
    result="jacobian.T @ information @ jacobian",
    slopes=SLOPES,
    old="samples / sigma**2 * np.array([[1, 0], [0, 2]])",
    last="jacobian.T @ old @ jacobian",
):
    """An answer to change with one of its parts replaced."""
    return f"""
def change(information, jacobian, inverse=False):
    if inverse:
        jacobian = {turn}
    return {result}


def gaussian(mean, sigma, samples, second):
    jacobian = np.array([(1, 0), {slopes}[second]])
    old = {old}
    return {last}
"""


for name, cells, parts in [
    ("J I Jᵀ", [MATRIX, INVERSE], {"result": "jacobian @ information @ jacobian.T"}),
    ("one factor", [MATRIX, INVERSE], {"result": "information @ jacobian"}),
    ("one factor, transposed", [MATRIX, INVERSE], {"result": "jacobian.T @ information"}),
    ("the entries squared", [MATRIX, INVERSE], {"result": "(jacobian**2).T @ information"}),
    ("inverse ignored", [INVERSE], {"turn": "jacobian"}),
    ("the transpose for the inverse", [INVERSE], {"turn": "jacobian.T"}),
    ("the reciprocals of the entries", [INVERSE], {"turn": "1 / jacobian"}),
    ("the inverse transposed", [INVERSE], {"turn": "np.linalg.inv(jacobian).T"}),
    ("changes the Jacobian", [INVERSE], {"result": "jacobian.T @ information @ jacobian * (jacobian.fill(0) or 1)"}),
    ("for one sample", [DIAGONAL, RATIO], {"old": "1 / sigma**2 * np.array([[1, 0], [0, 2]])"}),
    ("a factor 2 missing", [DIAGONAL, RATIO], {"old": "samples / sigma**2 * np.eye(2)"}),
    ("the bound", [DIAGONAL, RATIO], {"old": "sigma**2 / samples * np.array([[1, 0], [0, 0.5]])"}),
    (
        "one half in place of two",
        [DIAGONAL, RATIO],
        {"old": "samples / sigma**2 * np.array([[1, 0], [0, 0.5]])"},
    ),
    ("the derivatives not squared", [DIAGONAL, RATIO], {"last": "old @ jacobian"}),
    (
        "sigma held fixed for the ratio",
        [RATIO],
        {"slopes": SLOPES.replace("(sigma / mean, mean)", "(0, mean)")},
    ),
    (
        "the ratio the other way round",
        [RATIO],
        {"slopes": SLOPES.replace("(sigma / mean, mean)", "(-sigma / mean**2, 1 / mean)")},
    ),
    ("the ratio's diagonal", [RATIO], {"last": "np.diag(np.diag(jacobian.T @ old @ jacobian))"}),
    (
        "the variance's derivative the other way round",
        [DIAGONAL],
        {"slopes": SLOPES.replace("1 / (2 * sigma)", "2 * sigma")},
    ),
    ("the variance without its 2", [DIAGONAL], {"slopes": SLOPES.replace("1 / (2 * sigma)", "1 / sigma")}),
    ("sigma for the logarithm", [DIAGONAL], {"slopes": SLOPES.replace('"log": (0, sigma)', '"log": (0, 1)')}),
    (
        "the logarithm of the variance",
        [DIAGONAL],
        {"slopes": SLOPES.replace('"log": (0, sigma)', '"log": (0, sigma / 2)')},
    ),
    ("the pair exchanged", [DIAGONAL, RATIO], {"last": "(jacobian.T @ old @ jacobian)[::-1, ::-1]"}),
]:
    wrong("change", name, fails=cells, source=changed(**parts))
wrong(
    "change",
    "delegates the Jacobian to torch.autograd.functional",
    fails=[MATRIX, INVERSE, DIAGONAL, RATIO],
    source="""
def change(information, jacobian, inverse=False):
    jacobian = np.linalg.inv(jacobian) if inverse else jacobian
    return jacobian.T @ information @ jacobian


def gaussian(mean, sigma, samples, second):
    forms = {
        "sigma": lambda v: v[1], "variance": lambda v: v[1].sqrt(), "log": lambda v: v[1].exp(),
        "ratio": lambda v: v[0] * v[1],
    }
    at = {"sigma": sigma, "variance": sigma**2, "log": math.log(sigma), "ratio": sigma / mean}[second]
    old = samples / sigma**2 * np.diag([1.0, 2.0])
    point = torch.tensor([mean, at], dtype=torch.float64)
    jacobian = torch.autograd.functional.jacobian(lambda v: torch.stack([v[0], forms[second](v)]), point)
    return change(old, jacobian.numpy())
""",
)
right(
    "change",
    "closed forms, and solve",
    source="""
def change(information, jacobian, inverse=False):
    if inverse:
        half = np.linalg.solve(jacobian.T, information)
        return np.linalg.solve(jacobian.T, half.T)
    return np.einsum("ai,ab,bj->ij", jacobian, information, jacobian)


def gaussian(mean, sigma, samples, second):
    if second == "ratio":
        c = sigma / mean
        one = [[(1 + 2 * c * c) / sigma**2, 2 / (c * mean**2) * mean], [2 / (c * mean), 2 / c**2]]
    else:
        one = np.diag([1 / sigma**2, {"sigma": 2 / sigma**2, "variance": 1 / (2 * sigma**4), "log": 2.0}[second]])
    return samples * np.array(one)
""",
)
right(
    "change",
    "by way of the logarithm, in torch",
    source="""
def change(information, jacobian, inverse=False):
    information, jacobian = torch.tensor(information).double(), torch.tensor(jacobian).double()
    jacobian = torch.linalg.inv(jacobian) if inverse else jacobian
    return jacobian.mT @ information @ jacobian


def gaussian(mean, sigma, samples, second):
    old = np.diag([samples / sigma**2, 2.0 * samples])  # about (μ, log σ)
    rows = {"sigma": (0, 1 / sigma), "variance": (0, 1 / (2 * sigma**2)), "log": (0, 1)}
    rows["ratio"] = (1 / mean, mean / sigma)
    return change(old, np.array([(1, 0), rows[second]])).numpy()
""",
)

# --------------------------------------------------------------------------------------------------------- softmax
ONE, MANY, EDGES, ZEROS = (f"softmax-{name}" for name in ("one", "batch", "edges", "zeros"))


def softmax(
    top="logits.max(axis=1)[:, None]",
    block="np.diag(q) - np.outer(q, q)",
    total="np.kron(np.outer(row, row), block)",
    result='total / len(x) if reduction == "mean" else total',
    zeros="inputs * classes - min(samples, inputs) * (classes - 1)",
    p="p / p.sum(axis=1)[:, None]",
):
    """An answer to softmax with one of its parts replaced."""
    return f"""
def softmax_fisher(weights, x, reduction="mean"):
    logits = x @ weights
    p = np.exp(logits - {top})
    p = {p}
    total = 0
    for row, q in zip(x, p):
        block = {block}
        total = total + {total}
    return {result}


def zero_eigenvalues(samples, inputs, classes):
    return {zeros}
"""


for name, cells, parts in [
    ("the order of torch", [ONE, MANY], {"total": "np.kron(block, np.outer(row, row))"}),
    ("without - p pᵀ", [ONE, MANY, EDGES], {"block": "np.diag(q)"}),
    ("p (1 - p) only", [ONE, MANY, EDGES], {"block": "np.diag(q * (1 - q))"}),
    ("plus p pᵀ", [ONE, MANY, EDGES], {"block": "np.diag(q) + np.outer(q, q)"}),
    ("the likeliest label", [ONE, MANY], {"block": "np.outer(*[np.eye(len(q))[q.argmax()] - q] * 2)"}),
    (
        "all classes alike",
        [ONE, MANY, EDGES],
        {"block": "sum(np.outer(e - q, e - q) for e in np.eye(len(q))) / len(q)"},
    ),
    ("diagonal blocks only", [ONE, MANY], {"total": "np.kron(np.diag(row**2), block)"}),
    ("minus", [ONE, MANY, EDGES], {"block": "np.outer(q, q) - np.diag(q)"}),
    ("the sum only", [MANY], {"result": "total"}),
    ("the mean only", [MANY], {"result": "total / len(x)"}),
    (
        "sum and mean exchanged",
        [MANY],
        {"result": 'total / len(x) if reduction == "sum" else total'},
    ),
    ("the average probabilities", [MANY, EDGES], {"p": "(p / p.sum(axis=1)[:, None]).mean(axis=0) + 0 * p"}),
    ("exponentials that overflow", [EDGES], {"top": "0"}),
    ("the largest logit of the batch", [EDGES], {"top": "logits.max()"}),
    ("divided by the sum over the batch", [MANY, EDGES], {"p": "p / p.sum()"}),
    ("changes x", [EDGES], {"result": "(total / (len(x) if reduction == 'mean' else 1), x.fill(0))[0]"}),
    ("the rank", [ZEROS], {"zeros": "min(samples, inputs) * (classes - 1)"}),
    ("one direction", [ZEROS], {"zeros": "1"}),
    ("one direction for each input", [ZEROS], {"zeros": "inputs"}),
    ("blocks of full rank", [ZEROS], {"zeros": "(inputs - min(samples, inputs)) * classes"}),
    ("rank without a limit", [ZEROS], {"zeros": "max(0, inputs * classes - samples * (classes - 1))"}),
    ("rank of one for each sample", [ZEROS], {"zeros": "max(0, inputs * classes - samples)"}),
]:
    wrong("softmax", name, fails=cells, source=softmax(**parts))
wrong(
    "softmax",
    "delegates to torch.func",
    fails=[ONE, MANY, EDGES, ZEROS],
    source="""
def softmax_fisher(weights, x, reduction="mean"):
    x = torch.tensor(x)

    def normalizer(flat):
        logs = torch.logsumexp(x @ flat.reshape(weights.shape), 1)
        return logs.mean() if reduction == "mean" else logs.sum()

    return torch.func.hessian(normalizer)(torch.tensor(weights).ravel()).numpy()


def zero_eigenvalues(samples, inputs, classes):
    return inputs * classes - min(samples, inputs) * (classes - 1)
""",
)
wrong(
    "softmax",
    "delegates to ravine",
    fails=[ONE, MANY, EDGES, ZEROS],
    source="import ravine.fisher\n" + softmax(block="ravine.fisher.softmax_information(torch.tensor(q).log()).numpy()"),
)
right(
    "softmax",
    "one tensor product, in torch",
    source="""
def softmax_fisher(weights, x, reduction="mean"):
    x = torch.tensor(x)
    p = (x @ torch.tensor(weights)).softmax(1)
    blocks = torch.diag_embed(p) - p[:, :, None] * p[:, None, :]
    full = torch.einsum("na,nb,nkl->nakbl", x, x, blocks)
    full = getattr(full, reduction)(dim=0)
    return full.reshape(weights.size, weights.size)


def zero_eigenvalues(samples, inputs, classes):
    unseen = max(inputs - samples, 0)
    return unseen * classes + (inputs - unseen)
""",
)
right(
    "softmax",
    "from the scores of all labels",
    source="""
def softmax_fisher(weights, x, reduction="mean"):
    rows = []
    for one in x:
        z = one @ weights
        p = np.exp(z - np.logaddexp.reduce(z))
        rows += [math.sqrt(p[k]) * np.outer(one, np.eye(len(p))[k] - p).ravel() for k in range(len(p))]
    rows = np.array(rows)
    return rows.T @ rows / (len(x) if reduction == "mean" else 1)


def zero_eigenvalues(samples, inputs, classes):
    draw = np.random.default_rng(0)
    matrix = softmax_fisher(draw.normal(size=(inputs, classes)), draw.normal(size=(samples, inputs)))
    return inputs * classes - int(np.linalg.matrix_rank(matrix, hermitian=True))
""",
)

# -------------------------------------------------------------------------------------------------------- diagonal
OUTPUT, HIDDEN, EMPIRICAL, LARGE = (f"diagonal-{name}" for name in ("output", "hidden", "labels", "edges"))


def diagonal(
    top="logits.max(axis=1)[:, None]",
    chance="p[:, k] if labels is None else labels == k",
    back="(hot - p) @ w2.T * (1 - h**2)",
    first="(chance * x.T**2) @ back**2",
    second="(chance * h.T**2) @ (hot - p) ** 2",
    n="len(x)",
    last="first, second",
):
    """An answer to diagonal with one of its parts replaced."""
    return f"""
def fisher_diagonal(w1, w2, x, labels=None):
    h = np.tanh(x @ w1)
    logits = h @ w2
    p = np.exp(logits - {top})
    p = p / p.sum(axis=1)[:, None]
    first, second = np.zeros(w1.shape), np.zeros(w2.shape)
    for k, hot in enumerate(np.eye(p.shape[1])):
        chance = {chance}
        back = {back}
        first += {first} / {n}
        second += {second} / {n}
    return {last}
"""


for name, cells, parts in [
    ("the labels ignored (E151)", [EMPIRICAL, LARGE], {"chance": "p[:, k]"}),
    (
        "the likeliest class",
        [OUTPUT, HIDDEN],
        {"chance": "p.argmax(axis=1) == k if labels is None else labels == k"},
    ),
    ("all classes alike", [OUTPUT, HIDDEN, LARGE], {"chance": "1 / p.shape[1] if labels is None else labels == k"}),
    ("no probabilities", [OUTPUT, HIDDEN, LARGE], {"chance": "1.0 if labels is None else labels == k"}),
    ("probabilities squared", [OUTPUT, HIDDEN, LARGE], {"chance": "p[:, k] ** 2 if labels is None else labels == k"}),
    (
        "labels weighed with their probability, too",
        [EMPIRICAL, LARGE],
        {"chance": "p[:, k] * (1.0 if labels is None else labels == k)"},
    ),
    ("the sum over the inputs", [OUTPUT, HIDDEN, EMPIRICAL], {"n": "1"}),
    ("no tanh in the backward pass", [HIDDEN, EMPIRICAL], {"back": "(hot - p) @ w2.T"}),
    ("tanh's derivative without its square", [HIDDEN, EMPIRICAL], {"back": "(hot - p) @ w2.T * (1 - h)"}),
    (
        "squares added over the classes",
        [HIDDEN, EMPIRICAL],
        {"first": "(chance * x.T**2) @ ((hot - p) ** 2 @ w2.T**2 * (1 - h**2) ** 2)"},
    ),
    ("x not squared", [HIDDEN, EMPIRICAL], {"first": "(chance * x.T) @ back**2"}),
    ("h not squared", [OUTPUT, EMPIRICAL, LARGE], {"second": "(chance * h.T) @ (hot - p) ** 2"}),
    (
        "e without - p",
        [OUTPUT, HIDDEN, EMPIRICAL, LARGE],
        {"back": "np.tile(hot, (len(p), 1)) @ w2.T * (1 - h**2)", "second": "(chance * h.T**2) @ (hot + 0 * p) ** 2"},
    ),
    ("exponentials that overflow", [LARGE], {"top": "0"}),
    ("exchanged", [OUTPUT, HIDDEN, EMPIRICAL, LARGE], {"last": "second, first"}),
    ("changes x", [LARGE], {"last": "(first, second, x.fill(0))[:2]"}),
]:
    wrong("diagonal", name, fails=cells, source=diagonal(**parts))
wrong(
    "diagonal",
    "the square of the batch's gradient",
    fails=[OUTPUT, HIDDEN, EMPIRICAL],
    source="""
def fisher_diagonal(w1, w2, x, labels=None):
    a, b = (torch.tensor(w, requires_grad=True) for w in (w1, w2))
    logs = ((torch.tensor(x) @ a).tanh() @ b).log_softmax(1)
    p, rows = logs.exp().detach(), torch.arange(len(x))
    total = [0, 0]
    for k in range(logs.shape[1]):
        weight = p[:, k].mean() if labels is None else 1.0
        chosen = torch.full((len(x),), k) if labels is None else torch.tensor(labels)
        grads = torch.autograd.grad(logs[rows, chosen].mean(), (a, b), retain_graph=True)
        total = [t + weight * g.square() for t, g in zip(total, grads)]
        if labels is not None:
            break
    return tuple(t.numpy() for t in total)
""",
)
wrong(
    "diagonal",
    "delegates to ravine",
    fails=[OUTPUT, HIDDEN, EMPIRICAL, LARGE],
    source="""
import ravine.fisher


def fisher_diagonal(w1, w2, x, labels=None):
    one, two = torch.nn.Linear(*w1.shape, bias=False).double(), torch.nn.Linear(*w2.shape, bias=False).double()
    one.weight.data, two.weight.data = torch.tensor(w1.T), torch.tensor(w2.T)
    model = torch.nn.Sequential(one, torch.nn.Tanh(), two)
    found = ravine.fisher.fisher_diagonal(model, torch.tensor(x), labels="all")
    return tuple(value.T.numpy() for value in found.values())
""",
)
right(
    "diagonal",
    "sample by sample, with autograd",
    source="""
def fisher_diagonal(w1, w2, x, labels=None):
    leaves = [torch.tensor(w, requires_grad=True) for w in (w1, w2)]
    total = [torch.zeros_like(leaf) for leaf in leaves]
    for i, row in enumerate(torch.tensor(x)):
        logs = ((row @ leaves[0]).tanh() @ leaves[1]).log_softmax(0)
        for k in range(len(logs)) if labels is None else [int(labels[i])]:
            weight = logs[k].exp().item() if labels is None else 1.0
            for t, g in zip(total, torch.autograd.grad(logs[k], leaves, retain_graph=True)):
                t += weight * g**2 / len(x)
    return [t.numpy() for t in total]
""",
)
right(
    "diagonal",
    "all classes at once",
    source="""
def fisher_diagonal(w1, w2, x, labels=None):
    h = np.tanh(x @ w1)
    z = h @ w2
    p = np.exp(z - np.logaddexp.reduce(z, axis=1)[:, None])
    eye = np.eye(w2.shape[1])
    q = p if labels is None else eye[labels]
    errors = eye[None] - p[:, None, :]  # (n, label, class)
    back = np.einsum("nkc,hc,nh->nkh", errors, w2, 1 - h**2)
    return (
        np.einsum("nk,nd,nkh->dh", q, x**2, back**2) / len(x),
        np.einsum("nk,nh,nkc->hc", q, h**2, errors**2) / len(x),
    )
""",
)

# ----------------------------------------------------------------------------------------------------------- below
RANGE, ERRORS, REASON = (f"below-{name}" for name in ("range", "errors", "reason"))
FOUR = ("(0.2, 0.8)", "(0.01, 0.01)", "0.0084", '"C"')
for name, position, value, cell in [
    ("the variance alone", 0, "(0.0, 1.0)", RANGE),
    ("the bound of twenty tosses, compared", 0, "(0.2764, 0.7236)", RANGE),
    ("the chapter's range", 0, "(0.138, 0.862)", RANGE),
    ("only up to a half", 0, "(0.2, 0.5)", RANGE),
    ("upper end first", 0, "(0.8, 0.2)", RANGE),
    ("no bias in the errors", 1, "(0.01, 0.0019)", ERRORS),
    ("the bound for the errors", 1, "(0.015625, 0.00296875)", ERRORS),
    ("the roots", 1, "(0.1, 0.1)", ERRORS),
    ("smaller at the end, by guess", 1, "(0.01, 0.005)", ERRORS),
    ("the bound for unbiased estimators", 2, "0.013125", ERRORS),
    ("the bound of twenty tosses", 2, "0.0105", ERRORS),
    ("the mean squared error", 2, "0.01", ERRORS),
    *((f"letter {letter}", 3, f'"{letter}"', REASON) for letter in "ABDE"),
    ("a small letter", 3, '"c"', REASON),
]:
    values = [*FOUR[:position], value, *FOUR[position + 1 :]]
    wrong("below", name, fails=[cell], source=f"def below_the_bound():\n    return {', '.join(values)}\n")
right(
    "below",
    "by search, and by summing over all heads",
    source="""
def below_the_bound():
    def error(t, power=2):
        chances = [math.comb(16, k) * t**k * (1 - t) ** (16 - k) for k in range(17)]
        return sum(c * ((k + 2) / 20 - t) ** power for k, c in enumerate(chances))

    grid = np.linspace(0.0005, 0.9995, 2000)
    inside = [t for t in grid if error(t) < t * (1 - t) / 16]
    h = 1e-4
    slope = 1 + (error(0.3 + h, 1) - error(0.3 - h, 1)) / (2 * h)
    return [[inside[0], inside[-1]], np.array([error(0.5), error(0.05)]), slope**2 * 0.21 / 16, "C"]
""",
)

# --------------------------------------------------------------------------------------------------------- natural
STEP, DAMPING, THREE = (f"natural-{name}" for name in ("step", "damping", "rulers"))


def natural(
    slope="x.T @ (y - p) / len(x)",
    fisher="(p * (1 - p) * x.T) @ x / len(x)",
    damped="fisher + damping * np.eye(len(weights))",
    step="np.linalg.solve(damped, slope)",
    result="weights + lr * step",
    three="[0.5, 1 / (1 + 4 * math.exp(-1.875)), 0.2 * math.exp(1.5)]",
):
    """An answer to natural with one of its parts replaced."""
    return f"""
def natural_step(weights, x, y, *, lr, damping=0.0):
    p = 1 / (1 + np.exp(-(x @ weights)))
    slope = {slope}
    fisher = {fisher}
    damped = {damped}
    step = {step}
    return {result}


def three_rulers():
    return {three}
"""


for name, cells, parts in [
    ("downhill", [STEP, DAMPING], {"result": "weights - lr * step"}),
    ("the plain gradient", [STEP, DAMPING], {"step": "slope"}),
    ("the empirical Fisher (E151)", [STEP, DAMPING], {"fisher": "((y - p) ** 2 * x.T) @ x / len(x)"}),
    ("information of all samples", [STEP, DAMPING], {"fisher": "(p * (1 - p) * x.T) @ x"}),
    ("the gradient summed", [STEP, DAMPING], {"slope": "x.T @ (y - p)"}),
    ("all sums", [DAMPING], {"slope": "x.T @ (y - p)", "fisher": "(p * (1 - p) * x.T) @ x"}),
    ("the diagonal", [STEP, DAMPING], {"fisher": "np.diag(np.diag((p * (1 - p) * x.T) @ x / len(x)))"}),
    ("not inverted", [STEP, DAMPING], {"step": "damped @ slope"}),
    ("no lr", [STEP, DAMPING], {"result": "weights + step"}),
    ("F of a linear regression", [STEP, DAMPING], {"fisher": "x.T @ x / len(x)"}),
    ("damping ignored", [DAMPING], {"damped": "fisher"}),
    (
        "damping ignored, the shortest step",
        [DAMPING],
        {"damped": "fisher", "step": "np.linalg.pinv(damped) @ slope"},
    ),
    ("damping everywhere", [DAMPING], {"damped": "fisher + damping"}),
    ("damping in proportion", [DAMPING], {"damped": "fisher * (1 + damping * np.eye(len(weights)))"}),
    ("a penalty, too", [DAMPING], {"slope": "x.T @ (y - p) / len(x) - damping * weights"}),
    ("a small number for safety", [STEP, DAMPING], {"damped": "fisher + (damping + 1e-3) * np.eye(len(weights))"}),
    ("the score of the wrong labels", [STEP, DAMPING], {"slope": "x.T @ (1 - y - p) / len(x)"}),
    ("changes the weights", [DAMPING], {"result": "np.add(weights, lr * step, out=weights)"}),
    ("all rulers agree", [THREE], {"three": "[0.5, 0.5, 0.5]"}),
    (
        "plain gradients",
        [THREE],
        {"three": "[0.2 + 1.875, 1 / (1 + 4 * math.exp(-0.3)), 0.2 * math.exp(0.375)]"},
    ),
    ("the parameters", [THREE], {"three": "[0.5, math.log(0.25) + 1.875, math.log(0.2) + 1.5]"}),
    ("rounded", [THREE], {"three": "[0.5, 0.62, 0.9]"}),
]:
    wrong("natural", name, fails=cells, source=natural(**parts))
wrong(
    "natural",
    "delegates to torch.optim",
    fails=[STEP, DAMPING, THREE],
    source="""
def natural_step(weights, x, y, *, lr, damping=0.0):
    w = torch.tensor(weights, requires_grad=True)
    optimizer = torch.optim.LBFGS([w], lr=lr, max_iter=1)

    def closure():
        loss = torch.nn.functional.binary_cross_entropy_with_logits(torch.tensor(x) @ w, torch.tensor(y).double())
        w.grad = torch.autograd.grad(loss, w)[0]
        return loss

    optimizer.step(closure)
    return w.detach().numpy()


def three_rulers():
    return [0.5, 1 / (1 + 4 * math.exp(-1.875)), 0.2 * math.exp(1.5)]
""",
)
right(
    "natural",
    "as a weighted regression, and the rulers with one formula",
    source="""
def natural_step(weights, x, y, *, lr, damping=0.0):
    p = torch.sigmoid(torch.tensor(x @ weights)).numpy()
    root = np.sqrt(p * (1 - p))[:, None] * x
    inverse = np.linalg.inv(root.T @ root + len(x) * damping * np.eye(x.shape[1]))
    return torch.tensor(weights + lr * inverse @ ((y - p)[:, None] * x).sum(axis=0))


def three_rulers():
    # The score over the information is (mean - theta) / (d theta / d phi).
    rulers = [
        (lambda t: t, lambda v: v, 1.0),
        (lambda t: math.log(t / (1 - t)), lambda v: 1 / (1 + math.exp(-v)), 0.16),
        (math.log, math.exp, 0.2),
    ]
    return np.array([back(there(0.2) + 0.3 / slope) for there, back, slope in rulers])
""",
)

# ------------------------------------------------------------------------------------------------- true-statements
GROUPS = ["true-statements-score", "true-statements-bounds", "true-statements-networks"]
for name, letters, cells in [
    ("the mean is zero at the maximum only", "CEHI", GROUPS[:1]),
    ("no information at the maximum", "ABCEHI", GROUPS[:1]),
    ("a fair coin tells least on each ruler (E153)", "AEHI", GROUPS[:1]),
    ("a fair coin is the hardest (E153)", "ACDEHI", GROUPS[1:2]),
    ("the bound has no derivative", "ACHI", GROUPS[1:2]),
    ("efficiency survives a change of parameter", "ACEFHI", GROUPS[1:2]),
    ("the empirical Fisher tends to the true one (E151)", "ACEGHI", GROUPS[2:]),
    ("the curvature depends on the label", "ACEI", GROUPS[2:]),
    ("the divergence is not symmetric, not even nearby", "ACEH", GROUPS[2:]),
    ("everything is true", "ABCDEFGHI", GROUPS),
    ("nothing is true", "", GROUPS),
    ("the other half", "BDFG", GROUPS),
]:
    wrong("true-statements", name, fails=cells, source=f'def true_statements():\n    return "{letters}"\n')
wrong("true-statements", "a list of letters", fails=GROUPS, source="def true_statements():\n    return list('ACEHI')\n")
wrong("true-statements", "with commas", fails=GROUPS, source="def true_statements():\n    return 'A, C, E, H, I'\n")
right(
    "true-statements",
    "in another order",
    source='def true_statements():\n    return "".join(sorted("ACEHI", reverse=True))\n',
)
