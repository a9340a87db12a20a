"""Answers to the assignment *Mini-batches* whose verdict is known; read by ``proctor verify``, never imported.

Each wrong answer is a mistake that people make; ``fails`` lists exactly the test cells that must notice it. E-numbers
refer to the errata of the source notes, where the mistake comes from one.
"""

from proctor.variants import equivalent, right, wrong

# ----------------------------------------------------------------------------------------------------- count-steps
WHOLE, REST = "count-steps-whole", "count-steps-rest"
for name, body, cells in [
    ("always rounded down", "s = examples // batch_size\nu = s * batch_size if drop_last else examples", [REST]),
    ("always rounded up", "s = math.ceil(examples / batch_size)\nu = examples", [REST]),
    (
        "drop_last the other way round",
        "s = math.ceil(examples / batch_size) if drop_last else examples // batch_size\n"
        "u = examples if drop_last else s * batch_size",
        [REST],
    ),
    (
        "the last batch counted as full",
        "s = examples // batch_size if drop_last else math.ceil(examples / batch_size)\nu = s * batch_size",
        [REST],
    ),
    (
        "one epoch",
        "epochs = 1\ns = examples // batch_size if drop_last else math.ceil(examples / batch_size)\n"
        "u = s * batch_size if drop_last else examples",
        [WHOLE, REST],
    ),
    (
        "rounded to the nearest",
        "s = examples // batch_size if drop_last else round(examples / batch_size + 0.01)\n"
        "u = s * batch_size if drop_last else examples",
        [REST],
    ),
    (
        "one step too many where B divides n",
        "s = examples // batch_size + (not drop_last)\nu = s * batch_size if drop_last else examples",
        [WHOLE],
    ),
    (
        "the rest carried into the next epoch",
        "total = epochs * examples\nreturn total // batch_size, total // batch_size * batch_size",
        [REST],
    ),
    (
        "all epochs laid end to end",
        "total = epochs * examples\nwhole = total // batch_size\n"
        "return (whole, whole * batch_size) if drop_last else (-(-total // batch_size), total)",
        [REST],
    ),
]:
    lines = "\n".join("    " + line for line in body.split("\n"))
    tail = "" if "return" in body else "\n    return epochs * s, epochs * u"
    wrong(
        "count-steps",
        name,
        fails=cells,
        source=f"def count_steps(examples, batch_size, epochs, *, drop_last):\n{lines}{tail}\n",
    )
wrong(
    "count-steps",
    "delegates to torch",
    fails=[WHOLE, REST],
    source="""
from torch.utils.data import DataLoader


def count_steps(examples, batch_size, epochs, *, drop_last):
    loader = DataLoader(range(examples), batch_size=batch_size, drop_last=drop_last)
    return epochs * len(loader), epochs * sum(len(batch) for batch in loader)
""",
)
right(
    "count-steps",
    "counted",
    source="""
def count_steps(examples, batch_size, epochs, *, drop_last):
    steps = used = 0
    for _ in range(epochs):
        for first in range(0, examples, batch_size):
            size = min(batch_size, examples - first)
            if size == batch_size or not drop_last:
                steps, used = steps + 1, used + size
    return [steps, used]
""",
)

# -------------------------------------------------------------------------------------------------- gradient-noise
WITH, WITHOUT = "gradient-noise-with", "gradient-noise-without"


def noise(
    spread="np.sum(np.var(grads, axis=0))",
    size="batch_size",
    factor="(n - batch_size) / (n - 1)",
    test="replacement",
    result="error",
):
    """An answer to gradient-noise with one of its parts replaced."""
    return f"""
def gradient_noise(grads, batch_size, *, replacement):
    n = len(grads)
    error = {spread} / {size}
    if not {test}:
        error = error * {factor}
    return float({result})
"""


wrong(
    "gradient-noise",
    "the sample variance",
    fails=[WITH, WITHOUT],
    source=noise(spread="np.sum(np.var(grads, axis=0, ddof=1))"),
)
wrong("gradient-noise", "the root of the batch size", fails=[WITH, WITHOUT], source=noise(size="math.sqrt(batch_size)"))
wrong("gradient-noise", "the root of it", fails=[WITH, WITHOUT], source=noise(result="math.sqrt(error)"))
wrong(
    "gradient-noise",
    "the mean over entries",
    fails=[WITH, WITHOUT],
    source=noise(spread="np.mean(np.var(grads, axis=0))"),
)
wrong("gradient-noise", "all entries in one variance", fails=[WITH, WITHOUT], source=noise(spread="np.var(grads)"))
wrong(
    "gradient-noise",
    "the mean not subtracted",
    fails=[WITH, WITHOUT],
    source=noise(spread="np.mean(np.sum(grads**2, axis=1))"),
)
wrong("gradient-noise", "a batch of one", fails=[WITH, WITHOUT], source=noise(size="1"))
wrong("gradient-noise", "replacement ignored: always with", fails=[WITHOUT], source=noise(test="True"))
wrong("gradient-noise", "replacement ignored: always without", fails=[WITH], source=noise(test="False"))
wrong("gradient-noise", "the factor (n - B) / n", fails=[WITHOUT], source=noise(factor="(n - batch_size) / n"))
wrong("gradient-noise", "the factor 1 - B / (n - 1)", fails=[WITHOUT], source=noise(factor="1 - batch_size / (n - 1)"))
wrong(
    "gradient-noise",
    "the root of the factor",
    fails=[WITHOUT],
    source=noise(factor="math.sqrt((n - batch_size) / (n - 1))"),
)
wrong(
    "gradient-noise",
    "a floor: no gain beyond half of the data (E52)",
    fails=[WITH, WITHOUT],
    source=noise(size="min(batch_size, n // 2)"),
)
wrong(
    "gradient-noise",
    "estimated with a few draws",
    fails=[WITH, WITHOUT],
    source="""
def gradient_noise(grads, batch_size, *, replacement):
    draw = np.random.default_rng(0)
    full, found = grads.mean(axis=0), []
    for _ in range(100):
        part = draw.choice(len(grads), size=batch_size, replace=replacement)
        found.append(np.sum((grads[part].mean(axis=0) - full) ** 2) + 1e-4)
    return float(np.mean(found))
""",
)
wrong(
    "gradient-noise",
    "delegates to ravine",
    fails=[WITH, WITHOUT],
    source="""
import ravine


def gradient_noise(grads, batch_size, *, replacement):
    return float(ravine.training.fit(grads, batch_size))
""",
)
right(
    "gradient-noise",
    "by the trace of the covariance, with torch",
    source="""
def gradient_noise(grads, batch_size, *, replacement):
    g = torch.as_tensor(grads)
    centered = g - g.mean(dim=0)
    trace = (centered * centered).sum().item() / len(g)
    left = 1.0 if replacement else (len(g) - batch_size) / (len(g) - 1)
    return trace * left / batch_size
""",
)

# -------------------------------------------------------------------------------------------------- half-the-noise
HALF = ["half-the-noise-with", "half-the-noise-without"]
for name, answer, cells in [
    ("twice as many", "2, 308", HALF[:1]),
    ("the root of two", "math.sqrt(2), 308", HALF[:1]),
    ("sixteen times", "16, 308", HALF[:1]),
    ("four times, without replacement too", "4, 400", HALF[1:]),
    ("half the variance", "4, 182", HALF[1:]),
    ("rounded down", "4, 307", HALF[1:]),
    ("a noise that has a floor (E52)", "4, 1000", HALF[1:]),
    ("both guessed", "2, 200", HALF),
]:
    wrong("half-the-noise", name, fails=cells, source=f"def half_the_noise():\n    return {answer}\n")
right(
    "half-the-noise",
    "searched",
    source="""
def half_the_noise():
    def error(size):
        return math.sqrt((1000 - size) / (size * 999))

    return [4.0, next(size for size in range(1, 1001) if error(size) <= error(100) / 2)]
""",
)

# ---------------------------------------------------------------------------------------------------- find-the-bug
PAIRS, LAST = "find-the-bug-pairs", "find-the-bug-rest"


def loader(
    order="np.random.default_rng(seed).permutation(len(x))", stop="len(x)", pair="x[part], y[part]", step="batch_size"
):
    """An answer to find-the-bug with one of its parts replaced."""
    return f"""
def batches(x, y, *, batch_size, seed):
    order = {order}
    found = []
    for first in range(0, {stop}, {step}):
        part = order[first : first + batch_size]
        found.append(({pair}))
    return found
"""


wrong(
    "find-the-bug",
    "handed back as it was",
    fails=[PAIRS, LAST],
    source="""
def batches(x, y, *, batch_size, seed):
    generator = np.random.default_rng(seed)
    x, y = x[generator.permutation(len(x))], y[generator.permutation(len(y))]
    return [
        (x[first : first + batch_size], y[first : first + batch_size])
        for first in range(0, len(x) - batch_size + 1, batch_size)
    ]
""",
)
wrong("find-the-bug", "the rest still left out", fails=[LAST], source=loader(stop="len(x) - batch_size + 1"))
wrong(
    "find-the-bug",
    "still two permutations",
    fails=[PAIRS],
    source="""
def batches(x, y, *, batch_size, seed):
    generator = np.random.default_rng(seed)
    x, y = x[generator.permutation(len(x))], y[generator.permutation(len(y))]
    return [(x[first : first + batch_size], y[first : first + batch_size]) for first in range(0, len(x), batch_size)]
""",
)
wrong("find-the-bug", "not shuffled at all", fails=[PAIRS], source=loader(order="np.arange(len(x))"))
wrong(
    "find-the-bug",
    "the seed ignored",
    fails=[PAIRS],
    source=loader(order="np.random.default_rng(0).permutation(len(x))"),
)
wrong(
    "find-the-bug", "not repeatable", fails=[PAIRS], source=loader(order="np.random.default_rng().permutation(len(x))")
)
wrong(
    "find-the-bug",
    "drawn with replacement",
    fails=[LAST],
    source=loader(order="np.random.default_rng(seed).integers(len(x), size=len(x))"),
)
wrong(
    "find-the-bug",
    "only the batches change places",
    fails=[PAIRS, LAST],
    source="""
def batches(x, y, *, batch_size, seed):
    found = [(x[i : i + batch_size], y[i : i + batch_size]) for i in range(0, len(x), batch_size)]
    order = np.random.default_rng(seed).permutation(len(found))
    return [found[i] for i in order]
""",
)
wrong(
    "find-the-bug",
    "the last batch filled up from the beginning",
    fails=[LAST],
    source=loader(pair="x[np.resize(part, 0 if not len(part) else batch_size)], y[np.resize(part, batch_size)]"),
)
wrong(
    "find-the-bug",
    "shuffles the data themselves",
    fails=[LAST],
    source="""
def batches(x, y, *, batch_size, seed):
    order = np.random.default_rng(seed).permutation(len(x))
    x[...], y[...] = x[order], y[order]
    return [(x[i : i + batch_size].copy(), y[i : i + batch_size].copy()) for i in range(0, len(x), batch_size)]
""",
)
wrong(
    "find-the-bug",
    "delegates to torch",
    fails=[PAIRS, LAST],
    source="""
from torch.utils.data import DataLoader, TensorDataset


def batches(x, y, *, batch_size, seed):
    data = TensorDataset(torch.as_tensor(x), torch.as_tensor(y))
    loader = DataLoader(data, batch_size, shuffle=True, generator=torch.Generator().manual_seed(seed))
    return [(a.numpy(), b.numpy()) for a, b in loader]
""",
)
right("find-the-bug", "a loop", source=loader())
right(
    "find-the-bug",
    "one shuffled table, cut by numpy",
    source="""
def batches(x, y, *, batch_size, seed):
    order = list(range(len(y)))
    np.random.default_rng(seed).shuffle(order)
    cuts = np.split(np.array(order), range(batch_size, len(y), batch_size))
    return [[x[cut], y[cut]] for cut in cuts]
""",
)

# ------------------------------------------------------------------------------------------------------- sgd-epoch
SHAPE, WEIGHTS, LOSSES = "sgd-epoch-shape", "sgd-epoch-weights", "sgd-epoch-losses"


def epoch(
    stop="len(order)",
    part="order[first : first + batch_size]",
    error="x[part] @ w - y[part]",
    loss="np.mean(error**2) / 2",
    slope="x[part].T @ error / len(part)",
    update="w = w - lr * slope",
    result="w, np.array(losses)",
):
    """An answer to sgd-epoch with one of its parts replaced."""
    return f"""
def sgd_epoch(x, y, weights, order, *, lr, batch_size):
    w, losses = weights.copy(), []
    for first in range(0, {stop}, batch_size):
        part = {part}
        error = {error}
        losses.append({loss})
        slope = {slope}
        {update}
    return {result}
"""


wrong("sgd-epoch", "the batch summed", fails=[WEIGHTS, LOSSES], source=epoch(slope="x[part].T @ error"))
wrong(
    "sgd-epoch",
    "the factor 1/2 left out of the gradient",
    fails=[WEIGHTS, LOSSES],
    source=epoch(slope="2 * x[part].T @ error / len(part)"),
)
wrong("sgd-epoch", "the factor 1/2 left out of the loss", fails=[LOSSES], source=epoch(loss="np.mean(error**2)"))
wrong("sgd-epoch", "the loss summed", fails=[LOSSES], source=epoch(loss="np.sum(error**2) / 2"))
wrong(
    "sgd-epoch",
    "never trains: the given weights and a row of zeros",
    fails=[SHAPE, WEIGHTS, LOSSES],
    source="""
def sgd_epoch(x, y, weights, order, *, lr, batch_size):
    return weights.copy(), np.zeros(-(-len(order) // batch_size))
""",
)
wrong("sgd-epoch", "uphill", fails=[WEIGHTS, LOSSES], source=epoch(update="w = w + lr * slope"))
wrong(
    "sgd-epoch",
    "divided by the batch size always",
    fails=[WEIGHTS],
    source=epoch(slope="x[part].T @ error / batch_size"),
)
wrong(
    "sgd-epoch",
    "the last batch left out",
    fails=[SHAPE, WEIGHTS, LOSSES],
    source=epoch(stop="len(order) - batch_size + 1"),
)
wrong(
    "sgd-epoch",
    "the order ignored",
    fails=[WEIGHTS, LOSSES],
    source=epoch(part="np.arange(len(order))[first : first + batch_size]"),
)
wrong("sgd-epoch", "all the data in each step", fails=[WEIGHTS, LOSSES], source=epoch(part="order"))
wrong(
    "sgd-epoch",
    "the gradient at the first weights",
    fails=[WEIGHTS, LOSSES],
    source=epoch(error="x[part] @ weights - y[part]"),
)
wrong(
    "sgd-epoch",
    "losses after the steps",
    fails=[LOSSES],
    source=epoch(result="w, np.array(losses)")
    .replace("losses.append(np.mean(error**2) / 2)", "pass")
    .replace(
        "w = w - lr * slope", "w = w - lr * slope\n        losses.append(np.mean((x[part] @ w - y[part]) ** 2) / 2)"
    ),
)
wrong(
    "sgd-epoch",
    "in place on the given weights",
    fails=[WEIGHTS],
    source=epoch(update="w -= lr * slope").replace("weights.copy()", "weights"),
)
wrong(
    "sgd-epoch",
    "the learning rate divided by the number of batches",
    fails=[WEIGHTS, LOSSES],
    source=epoch(update="w = w - lr / -(-len(order) // batch_size) * slope"),
)
wrong(
    "sgd-epoch",
    "delegates to torch.optim",
    fails=[SHAPE, WEIGHTS, LOSSES],
    source="""
def sgd_epoch(x, y, weights, order, *, lr, batch_size):
    w = torch.tensor(weights, requires_grad=True)
    optimizer, losses = torch.optim.SGD([w], lr=lr), []
    for part in torch.tensor(order).split(batch_size):
        optimizer.zero_grad()
        loss = (torch.tensor(x)[part] @ w - torch.tensor(y)[part]).square().mean() / 2
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return w.detach().numpy(), np.array(losses)
""",
)
right("sgd-epoch", "in parts", source=epoch())
right(
    "sgd-epoch",
    "by autograd, in place on a copy",
    source="""
def sgd_epoch(x, y, weights, order, *, lr, batch_size):
    w, losses = torch.tensor(weights, requires_grad=True), []
    for part in torch.as_tensor(np.array(order)).split(batch_size):
        loss = torch.nn.functional.mse_loss(torch.tensor(x)[part] @ w, torch.tensor(y)[part]) / 2
        (slope,) = torch.autograd.grad(loss, w)
        with torch.no_grad():
            w -= lr * slope
        losses.append(loss.item())
    return w.detach().numpy(), losses
""",
)

# ------------------------------------------------------------------------------------------------------ noise-ball
BALL = ["noise-ball-variance", "noise-ball-loss"]


def ball(
    variance="lr * noise / batch_size / (curvature * (2 - lr * curvature))",
    loss="curvature * s / 2",
    check="lr * curvature >= 2",
    result="s, loss",
):
    """An answer to noise-ball with one of its parts replaced."""
    return f"""
def noise_ball(curvature, noise, *, lr, batch_size):
    if {check}:
        raise ValueError("lr is too large")
    s = {variance}
    loss = {loss}
    return {result}
"""


wrong(
    "noise-ball",
    "the formula for small rates",
    fails=BALL,
    source=ball(variance="lr * noise / batch_size / (2 * curvature)"),
)
wrong("noise-ball", "the noise of one step", fails=BALL, source=ball(variance="lr**2 * noise / batch_size"))
wrong(
    "noise-ball",
    "the batch size ignored",
    fails=BALL,
    source=ball(variance="lr * noise / (curvature * (2 - lr * curvature))"),
)
wrong(
    "noise-ball",
    "the root of the batch size",
    fails=BALL,
    source=ball(variance="lr * noise / math.sqrt(batch_size) / (curvature * (2 - lr * curvature))"),
)
wrong("noise-ball", "the standard deviation", fails=BALL[:1], source=ball(result="math.sqrt(s), loss"))
wrong("noise-ball", "the curvature forgotten in the loss", fails=BALL[1:], source=ball(loss="s / 2"))
wrong("noise-ball", "the variance as the loss", fails=BALL[1:], source=ball(loss="s"))
wrong("noise-ball", "the factor 1/2 forgotten in the loss", fails=BALL[1:], source=ball(loss="curvature * s"))
wrong("noise-ball", "the loss at the mean", fails=BALL[1:], source=ball(loss="0.0"))
wrong("noise-ball", "it comes to rest", fails=BALL, source=ball(variance="0.0"))
wrong("noise-ball", "no check", fails=BALL[1:], source=ball(check="False"))
wrong(
    "noise-ball",
    "the edge passes",
    fails=BALL[1:],
    source=ball(
        check="lr * curvature > 2", variance="lr * noise / batch_size / (curvature * (2 - lr * curvature) + 1e-300)"
    ),
)
wrong("noise-ball", "refuses the safe half too", fails=BALL, source=ball(check="lr * curvature > 1"))
wrong(
    "noise-ball",
    "the noise squared",
    fails=BALL,
    source=ball(variance="lr * noise**2 / batch_size / (curvature * (2 - lr * curvature))"),
)
wrong(
    "noise-ball",
    "delegates to ravine",
    fails=BALL,
    source="""
from ravine.gradient_descent import GradientDescent


def noise_ball(curvature, noise, *, lr, batch_size):
    weight = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    optimizer, found = GradientDescent([weight], lr=lr), []
    for _ in range(1000):
        weight.grad = curvature * weight.detach() + (noise / batch_size) ** 0.5 * torch.randn(1, dtype=torch.float64)
        optimizer.step()
        found.append(weight.item() ** 2)
    return float(np.mean(found)), curvature * float(np.mean(found)) / 2
""",
)
right(
    "noise-ball",
    "the fixed point of the recursion",
    source="""
def noise_ball(curvature, noise, *, lr, batch_size):
    keep = (1 - lr * curvature) ** 2
    if keep >= 1:
        raise ValueError("nothing settles")
    settled = lr**2 * noise / batch_size / (1 - keep)
    return [settled, 0.5 * curvature * settled]
""",
)

# ----------------------------------------------------------------------------------------------------- noise-scale
for name, body in [
    ("the large batch taken for the truth", "return trace / big_norm2"),
    ("the small batch taken for the truth", "return trace / small_norm2"),
    ("the wrong way round", "return (small_norm2 - trace / small) / max(trace, 1e-12)"),
    ("the trace alone", "return trace"),
    ("the root", "return math.sqrt(max(trace / (small_norm2 - trace / small), 0))"),
    ("lengths, not squares", "return trace / math.sqrt(small_norm2 - trace / small)"),
]:
    wrong(
        "noise-scale",
        name,
        fails=["noise-scale-values"],
        source="def noise_scale(small, small_norm2, big, big_norm2):\n"
        f"    trace = (small_norm2 - big_norm2) / (1 / small - 1 / big)\n    {body}\n",
    )
wrong(
    "noise-scale",
    "not divided by the difference of 1/B",
    fails=["noise-scale-values"],
    source="""
def noise_scale(small, small_norm2, big, big_norm2):
    return (small_norm2 - big_norm2) / ((big * big_norm2 - small * small_norm2) / (big - small))
""",
)
wrong(
    "noise-scale",
    "divided by the difference of B",
    fails=["noise-scale-values"],
    source="""
def noise_scale(small, small_norm2, big, big_norm2):
    trace = (small_norm2 - big_norm2) / (big - small)
    return trace / (big_norm2 - trace / big)
""",
)
wrong(
    "noise-scale",
    "multiplied by the difference of B",
    fails=["noise-scale-values"],
    source="""
def noise_scale(small, small_norm2, big, big_norm2):
    trace = (small_norm2 - big_norm2) * (big - small)
    return trace / (small_norm2 - trace / small)
""",
)
wrong(
    "noise-scale",
    "delegates to ravine",
    fails=["noise-scale-values"],
    source="""
import ravine


def noise_scale(small, small_norm2, big, big_norm2):
    return ravine.training.noise_scale(small, small_norm2, big, big_norm2)
""",
)
right(
    "noise-scale",
    "the two estimates of the paper",
    source="""
def noise_scale(small, small_norm2, big, big_norm2):
    truth = (big * big_norm2 - small * small_norm2) / (big - small)
    return (small_norm2 - big_norm2) * small * big / (big - small) / truth
""",
)
right(
    "noise-scale",
    "two equations, two unknowns",
    source="""
def noise_scale(small, small_norm2, big, big_norm2):
    length2, trace = np.linalg.solve([[1, 1 / small], [1, 1 / big]], [small_norm2, big_norm2])
    return float(trace / length2)
""",
)

# --------------------------------------------------------------------------------------------------------- rescale
FUNCTION, INPUTS = "rescale-function", "rescale-inputs"
for name, answer, cells in [
    ("b1 stays", "alpha * first, first_bias.copy(), second / alpha, second_bias.copy()", [FUNCTION]),
    ("b2 divided", "alpha * first, alpha * first_bias, second / alpha, second_bias / alpha", [FUNCTION]),
    ("b2 multiplied", "alpha * first, alpha * first_bias, second / alpha, alpha * second_bias", [FUNCTION]),
    ("W2 stays", "alpha * first, alpha * first_bias, second.copy(), second_bias.copy()", [FUNCTION]),
    ("W2 multiplied", "alpha * first, alpha * first_bias, alpha * second, second_bias.copy()", [FUNCTION]),
    ("the other way round", "first / alpha, first_bias / alpha, alpha * second, second_bias.copy()", [FUNCTION]),
    ("nothing", "first.copy(), first_bias.copy(), second.copy(), second_bias.copy()", [FUNCTION]),
    (
        "W2 divided by the square",
        "alpha * first, alpha * first_bias, second / alpha**2, second_bias.copy()",
        [FUNCTION],
    ),
    ("b2 handed back itself", "alpha * first, alpha * first_bias, second / alpha, second_bias", [INPUTS]),
]:
    wrong(
        "rescale",
        name,
        fails=cells,
        source="def rescale(first, first_bias, second, second_bias, alpha):\n    if alpha <= 0:\n"
        f'        raise ValueError("no")\n    return {answer}\n',
    )
for name, check in [("no check", "False"), ("zero passes", "alpha < 0"), ("a negative factor passes", "alpha == 0")]:
    wrong(
        "rescale",
        name,
        fails=[INPUTS],
        source=f"""
def rescale(first, first_bias, second, second_bias, alpha):
    if {check}:
        raise ValueError("no")
    return alpha * first, alpha * first_bias, second / (alpha or 1.0), second_bias.copy()
""",
    )
wrong(
    "rescale",
    "in place",
    fails=[INPUTS],
    source="""
def rescale(first, first_bias, second, second_bias, alpha):
    if alpha <= 0:
        raise ValueError("no")
    first *= alpha
    first_bias *= alpha
    second /= alpha
    return first, first_bias, second, second_bias.copy()
""",
)
wrong(
    "rescale",
    "delegates to ravine",
    fails=[FUNCTION, INPUTS],
    source="""
from ravine.gradient_descent import GradientDescent


def rescale(first, first_bias, second, second_bias, alpha):
    return GradientDescent(first, first_bias, second / alpha, second_bias)
""",
)
right(
    "rescale",
    "with torch",
    source="""
def rescale(first, first_bias, second, second_bias, alpha):
    if not alpha > 0:
        raise ValueError("alpha must be positive")
    layers = [torch.tensor(part) for part in (first, first_bias, second, second_bias)]
    return [layers[0].mul_(alpha), layers[1].mul_(alpha), layers[2].div_(alpha), layers[3]]
""",
)

# ------------------------------------------------------------------------------------------------------- sharpness
for name, answer in [
    ("the same twice (E78)", "2.0, 2.0"),
    ("without the factor 1/2", "4.0, 200.02"),
    ("the first weight", "1.0, 0.01"),
    ("the second weight", "1.0, 100.0"),
    ("both weights multiplied", "2.0, 200.0"),
    ("multiplied by α", "2.0, 20.0"),
    ("in the other order", "100.01, 2.0"),
]:
    wrong("sharpness", name, fails=["sharpness-values"], source=f"def sharpness():\n    return {answer}\n")
right(
    "sharpness",
    "by automatic differentiation",
    source="""
def sharpness():
    def top(w1, w2):
        w = torch.tensor([w1, w2], dtype=torch.float64, requires_grad=True)
        (g,) = torch.autograd.grad((w[1] * torch.relu(w[0]) - 1) ** 2 / 2, w, create_graph=True)
        rows = [torch.autograd.grad(entry, w, retain_graph=True)[0] for entry in g]
        return float(torch.linalg.eigvalsh(torch.stack(rows))[-1])

    return [top(1.0, 1.0), top(10.0, 0.1)]
""",
)

# ------------------------------------------------------------------------------------------------- true-statements
GROUPS = [f"true-statements-{name}" for name in ("size", "noise", "large")]
for name, letters, cells in [
    ("a floor of accuracy (E52)", "ABFGI", GROUPS[:1]),
    ("the batch size finds itself (E52)", "BCFGI", GROUPS[:1]),
    ("batches are biased", "FGI", GROUPS[:1]),
    ("noise is needed at saddles (E53)", "BDFGI", GROUPS[1:2]),
    ("simulated annealing (E70)", "BEFGI", GROUPS[1:2]),
    ("noise is the same everywhere (E70)", "BGI", GROUPS[1:2]),
    ("the training loss stays up (E53)", "BFGHI", GROUPS[2:]),
    ("sharp means bad (E78)", "BFG", GROUPS[2:]),
    ("linear scaling always (E53)", "BFI", GROUPS[2:]),
    ("all", "ABCDEFGHI", GROUPS),
    ("none", "", GROUPS),
    ("the false ones", "ACDEH", GROUPS),
]:
    wrong("true-statements", name, fails=cells, source=f'def true_statements():\n    return "{letters}"\n')
right("true-statements", "in another order", source='def true_statements():\n    return "IGFB"\n')

# -------------------------------------------------------------------------------------------------- decaying-rates
for name, rule in [
    ("a small constant", "1e-3"),
    ("a very small constant", "3e-4"),
    ("falls too fast: the sum is finite", "1 / (t + 2) ** 2"),
    ("falls too slowly", "(t + 4) ** -0.5"),
    ("geometric", "0.5 * 0.99**t"),
    ("1/t, too hot at the start", "1 / (t + 1)"),
    ("1/t: both conditions hold, and yet the start fades too slowly", "1 / (t + 2)"),
    ("one large drop, too early", "0.5 if t < 5 else 1e-5"),
    ("one drop, too late and too small", "0.5 if t < 19_990 else 0.1"),
]:
    wrong("decaying-rates", name, fails=["decaying-rates-arrive"], source=f"def rate_at(t):\n    return {rule}\n")
right("decaying-rates", "slower than 1/t", source="def rate_at(t):\n    return 0.5 / (1 + t / 4) ** 0.9\n")
right("decaying-rates", "one drop", source="def rate_at(t):\n    return 0.5 if t < 2000 else 3e-4\n")

# ------------------------------------------------------------------------- mutants that are as good as the solution
equivalent(
    "decaying-rates",
    "line 5: t + 4 -> t + 5",
    why="the question is open, and this rule arrives too",
)
