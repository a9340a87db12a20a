"""Answers to the assignment *Gradient descent* whose verdict is known; read by ``proctor verify``, never imported.

Each wrong answer is a mistake that people make; ``fails`` lists exactly the test cells that must notice it. E-numbers
refer to the errata of the source notes, where the mistake comes from one.
"""

from proctor.variants import equivalent, right, wrong

# ---------------------------------------------------------------------------------------------------- clipped-step
STEP = ["clipped-step-shapes", "clipped-step-values", "clipped-step-edges", "clipped-step-inputs"]


def clipped(body, checks=True):
    """An answer to clipped-step with its checks of lr and max_norm and the given body."""
    lines = ["def clipped_step(params, grads, *, lr, max_norm):"]
    if checks:
        lines += ["    if lr <= 0 or max_norm <= 0:", '        raise ValueError("lr and max_norm must be positive")']
    return "\n".join(lines + ["    " + line for line in body.strip("\n").split("\n")])


NORM = "norm = math.sqrt(sum(np.sum(np.square(g, dtype=np.float64)) for g in grads.values()))\n"
SCALE = NORM + "scale = min(1.0, max_norm / norm) if norm > 0 else 1.0\n"

wrong(
    "clipped-step",
    "goes uphill (E81)",
    fails=["clipped-step-shapes", "clipped-step-values", "clipped-step-edges"],
    source=clipped(SCALE + "return {k: params[k] + lr * scale * grads[k] for k in params}"),
)
wrong(
    "clipped-step",
    "no clipping",
    fails=["clipped-step-values", "clipped-step-edges"],
    source=clipped("return {k: params[k] - lr * grads[k] for k in params}"),
)
wrong(
    "clipped-step",
    "each array by its own norm",
    fails=["clipped-step-values"],
    source=clipped("""
new = {}
for name, g in grads.items():
    norm = math.sqrt(np.sum(np.square(g, dtype=np.float64)))
    new[name] = params[name] - lr * (g * (max_norm / max(norm, max_norm)))
return new
"""),
)
wrong(
    "clipped-step",
    "each entry by its value",
    fails=["clipped-step-values", "clipped-step-edges"],
    source=clipped("return {k: params[k] - lr * np.clip(grads[k], -max_norm, max_norm) for k in params}"),
)
wrong(
    "clipped-step",
    "bounds the step, not the gradient",
    fails=["clipped-step-values", "clipped-step-edges"],
    source=clipped(
        NORM
        + "scale = max_norm / max(lr * norm, max_norm)\nreturn {k: params[k] - lr * grads[k] * scale for k in params}"
    ),
)
wrong(
    "clipped-step",
    "always scales to max_norm",
    fails=["clipped-step-shapes", "clipped-step-values", "clipped-step-edges"],
    source=clipped(NORM + "return {k: params[k] - lr * (grads[k] * (max_norm / norm)) for k in params}"),
)
wrong(
    "clipped-step",
    "ignores lr",
    fails=["clipped-step-shapes", "clipped-step-values", "clipped-step-edges"],
    source=clipped(SCALE + "return {k: params[k] - grads[k] * scale for k in params}"),
)
wrong(
    "clipped-step",
    "unit gradient, max_norm only decides",
    fails=["clipped-step-values", "clipped-step-edges"],
    source=clipped(
        NORM
        + "scale = 1 / norm if norm > max_norm else 1.0\n"
        + "return {k: params[k] - lr * (grads[k] * scale) for k in params}"
    ),
)
wrong(
    "clipped-step",
    "squared norm",
    fails=["clipped-step-values", "clipped-step-edges"],
    source=clipped("""
norm = sum(np.sum(np.square(g, dtype=np.float64)) for g in grads.values())
return {k: params[k] - lr * (grads[k] * (max_norm / max(norm, max_norm))) for k in params}
"""),
)
wrong(
    "clipped-step",
    "norm of sums of absolute values",
    fails=["clipped-step-values", "clipped-step-edges"],
    source=clipped("""
norm = sum(np.sum(np.abs(g.astype(np.float64))) for g in grads.values())
return {k: params[k] - lr * (grads[k] * (max_norm / max(norm, max_norm))) for k in params}
"""),
)
wrong(
    "clipped-step",
    "a small number in the denominator, as in torch",
    fails=["clipped-step-values"],
    source=clipped(
        NORM
        + "scale = min(1.0, max_norm / (norm + 1e-6))\nreturn {k: params[k] - lr * (grads[k] * scale) for k in params}"
    ),
)
wrong(
    "clipped-step",
    "divides by a norm of zero",
    fails=["clipped-step-edges"],
    source=clipped(NORM + "return {k: params[k] - lr * (grads[k] * min(1.0, max_norm / norm)) for k in params}"),
)
wrong(
    "clipped-step",
    "norm in float32 overflows",
    fails=["clipped-step-edges"],
    source=clipped("""
norm = float(np.sqrt(sum(np.sum(g * g) for g in grads.values())))
scale = max_norm / max(norm, max_norm)
return {k: params[k] - lr * (grads[k] * scale) for k in params}
"""),
)
wrong(
    "clipped-step",
    "returns float64 for float32",
    fails=["clipped-step-edges"],
    source=clipped(
        SCALE + "return {k: params[k].astype(float) - lr * (grads[k].astype(float) * scale) for k in params}"
    ),
)
wrong(
    "clipped-step",
    "changes params in place",
    fails=["clipped-step-inputs"],
    source=clipped(
        SCALE + "for k in params:\n    params[k] -= (lr * (grads[k] * scale)).astype(params[k].dtype)\nreturn params"
    ),
)
wrong(
    "clipped-step",
    "scales grads in place",
    fails=["clipped-step-inputs"],
    source=clipped(
        SCALE
        + "for k in grads:\n    grads[k] *= np.asarray(scale, grads[k].dtype)\n"
        + "return {k: params[k] - lr * grads[k] for k in params}"
    ),
)
wrong(
    "clipped-step",
    "accepts any lr and max_norm",
    fails=["clipped-step-inputs"],
    source=clipped(SCALE + "return {k: params[k] - lr * (grads[k] * scale) for k in params}", checks=False),
)
wrong(
    "clipped-step",
    "delegates the clipping to torch",
    fails=["clipped-step-values", "clipped-step-edges"],
    source=clipped("""
leaves = {k: torch.nn.Parameter(torch.as_tensor(v)) for k, v in params.items()}
for k, leaf in leaves.items():
    leaf.grad = torch.as_tensor(grads[k]).clone()
torch.nn.utils.clip_grad_norm_(list(leaves.values()), max_norm)
return {k: (leaf - lr * leaf.grad).detach().numpy() for k, leaf in leaves.items()}
"""),
)
wrong(
    "clipped-step",
    "delegates the step to torch.optim",
    fails=STEP,
    source=clipped("""
leaves = {k: torch.nn.Parameter(torch.as_tensor(v.copy())) for k, v in params.items()}
for k, leaf in leaves.items():
    leaf.grad = torch.as_tensor(grads[k]).clone()
torch.nn.utils.clip_grad_norm_(list(leaves.values()), max_norm)
torch.optim.SGD(list(leaves.values()), lr=lr).step()
return {k: leaf.detach().numpy() for k, leaf in leaves.items()}
"""),
)
wrong(
    "clipped-step",
    "delegates the step to ravine",
    fails=STEP,
    source="from ravine.gradient_descent import GradientDescent\n\n\n"
    + clipped("""
leaves = {k: torch.nn.Parameter(torch.as_tensor(v.copy())) for k, v in params.items()}
for k, leaf in leaves.items():
    leaf.grad = torch.as_tensor(grads[k]).clone()
torch.nn.utils.clip_grad_norm_(list(leaves.values()), max_norm)
GradientDescent(list(leaves.values()), lr=lr).step()
return {k: leaf.detach().numpy() for k, leaf in leaves.items()}
"""),
)
right(
    "clipped-step",
    "one long vector, cut up again",
    source=clipped("""
long = np.concatenate([np.asarray(grads[k], dtype=np.float64).ravel() for k in params])
length = np.linalg.norm(long)
if length > max_norm:
    long = long / length * max_norm
new, place = {}, 0
for name, value in params.items():
    piece = long[place : place + value.size].reshape(value.shape)
    place += value.size
    new[name] = (value - lr * piece).astype(value.dtype)
return new
"""),
)
right(
    "clipped-step",
    "in place on copies, with torch",
    source=clipped("""
squares = [torch.as_tensor(g).double().square().sum() for g in grads.values()]
norm = torch.stack(squares).sum().sqrt()
scale = 1.0 if norm <= max_norm else max_norm / norm
new = {k: torch.as_tensor(p).clone() for k, p in params.items()}
for k in new:
    new[k] -= lr * scale * torch.as_tensor(grads[k])
return {k: v.numpy() for k, v in new.items()}
"""),
)

# -------------------------------------------------------------------------------------------------- stability-edge
EDGES = ["stability-edge-quadratic", "stability-edge-line"]
for name, first, second, cells in [
    ("1/L is taken for the limit", "1 / 25", "3 / 14", EDGES[:1]),
    ("smallest eigenvalue", "2 / 0.5", "3 / 14", EDGES[:1]),
    ("best learning rate", "2 / (0.5 + 25)", "3 / 14", EDGES[:1]),
    ("average eigenvalue", "2 / ((0.5 + 4 + 25) / 3)", "3 / 14", EDGES[:1]),
    ("square differentiated without its 2", "2 / 25", "2 / (14 / 3)", EDGES[1:]),
    ("sum in place of mean", "2 / 25", "2 / (2 * 14)", EDGES[1:]),
    ("1/L for the line", "2 / 25", "1 / (2 * 14 / 3)", EDGES[1:]),
    ("sum with a factor one half", "2 / 25", "2 / 14", EDGES[1:]),
    ("labels in the curvature", "2 / 25", "2 / (2 * (2 + 6 + 21) / 3)", EDGES[1:]),
    ("the two in the wrong order", "3 / 14", "2 / 25", EDGES),
]:
    wrong("stability-edge", name, fails=cells, source=f"def stability_edges():\n    return {first}, {second}\n")
wrong("stability-edge", "one number for both", fails=EDGES, source="def stability_edges():\n    return 2 / 25\n")
right(
    "stability-edge", "as decimals, in a list", source="def stability_edges():\n    return [0.08, 0.2142857142857143]\n"
)
right(
    "stability-edge",
    "computed",
    source="""
def stability_edges():
    x = np.array([1.0, 2.0, 3.0])
    return 2 / np.max([0.5, 4, 25]), 2 / np.mean(2 * x**2)
""",
)

# --------------------------------------------------------------------------------------------------------- best-lr
BEST = ["best-lr-values", "best-lr-edges"]


def best(
    lr="2 / (low + high)", factor="(high - low) / (high + low)", check="low <= 0", values="np.linalg.eigvalsh(hessian)"
):
    """An answer to best-lr with one of its parts replaced."""
    return f"""
def best_lr(hessian):
    values = np.sort({values})
    low, high = float(values[0]), float(values[-1])
    if {check}:
        raise ValueError("not positive definite")
    lr = {lr}
    return lr, {factor}
"""


wrong("best-lr", "limit of stability", fails=BEST, source=best(lr="2 / high"))
wrong("best-lr", "1/L", fails=["best-lr-values", "best-lr-edges"], source=best(lr="1 / high"))
wrong("best-lr", "1/L and its factor", fails=BEST, source=best(lr="1 / high", factor="1 - low / high"))
wrong("best-lr", "average eigenvalue", fails=["best-lr-values"], source=best(lr="1 / float(np.mean(values))"))
wrong("best-lr", "half the rate", fails=BEST, source=best(lr="1 / (low + high)"))
wrong("best-lr", "condition number as factor", fails=BEST, source=best(factor="high / low"))
wrong("best-lr", "factor of the loss", fails=BEST, source=best(factor="((high - low) / (high + low)) ** 2"))
wrong("best-lr", "diagonal for eigenvalues", fails=BEST, source=best(values="np.diag(hessian).astype(float)"))
wrong(
    "best-lr",
    "singular values hide a negative curvature",
    fails=["best-lr-edges"],
    source=best(values="np.linalg.svd(hessian, compute_uv=False)"),
)
wrong("best-lr", "no check", fails=["best-lr-edges"], source=best(check="False"))
wrong("best-lr", "a flat direction passes", fails=["best-lr-edges"], source=best(check="low < 0"))
wrong(
    "best-lr",
    "factor and lr in the wrong order",
    fails=["best-lr-values", "best-lr-edges"],
    source=best(lr="(high - low) / (high + low)", factor="2 / (low + high)"),
)
wrong("best-lr", "tuned for one known matrix", fails=BEST, source="def best_lr(hessian):\n    return 0.5, 0.5\n")
wrong(
    "best-lr",
    "delegates to torch.optim",
    fails=BEST,
    source="""
import torch.optim


def best_lr(hessian):
    lr = torch.ones((), requires_grad=True)
    torch.optim.SGD([lr], lr=0.1).step()
    return float(lr), 0.5
""",
)
right(
    "best-lr",
    "search over the spectral norm",
    source="""
def best_lr(hessian):
    hessian = np.asarray(hessian, dtype=float)
    try:
        np.linalg.cholesky(hessian)
    except np.linalg.LinAlgError as error:
        raise ValueError("not positive definite") from error
    eye, low, high = np.eye(len(hessian)), 0.0, 2 / np.linalg.norm(hessian, 2)

    def stretch(lr):
        return np.linalg.norm(eye - lr * hessian, 2)

    for _ in range(70):
        left, right = low + (high - low) / 3, high - (high - low) / 3
        if stretch(left) < stretch(right):
            high = right
        else:
            low = left
    return low, stretch(low)
""",
)
right(
    "best-lr",
    "general eigenvalues, in torch",
    source="""
def best_lr(hessian):
    values = torch.linalg.eigvals(torch.as_tensor(hessian).double()).real
    if values.min() <= 0:
        raise ValueError(f"smallest eigenvalue {values.min()}, expected a positive one")
    condition = values.max() / values.min()
    return 2 / (values.min() + values.max()), (condition - 1) / (condition + 1)
""",
)

# -------------------------------------------------------------------------------------------------- steps-to-reach
REACH = ["steps-to-reach-below", "steps-to-reach-edge"]
for name, counts, cells in [
    ("half the exponent forgotten", "[1240, 619, 185, None]", REACH[:1]),
    ("until the distance, not the loss", "[1379, 688, 185, None]", REACH[:1]),
    ("until the squared distance", "[690, 344, 185, None]", REACH[:1]),
    ("one too many", "[621, 311, 185, None]", REACH[:1]),
    ("one too few", "[619, 309, 185, None]", REACH[:1]),
    ("oscillation taken for divergence", "[620, 310, None, None]", REACH[1:]),
    ("slow term alone near the edge", "[620, 310, 157, None]", REACH[1:]),
    ("divergence given a number", "[620, 310, 185, 0]", REACH[1:]),
    ("gave up at five hundred", "[None, 310, 185, None]", REACH[:1]),
    ("in the reverse order", "[None, 185, 310, 620]", REACH),
]:
    wrong("steps-to-reach", name, fails=cells, source=f"def steps_to_reach():\n    return {counts}\n")
right(
    "steps-to-reach",
    "vectorized over all learning rates",
    source="""
def steps_to_reach():
    lr, t = np.array([0.5, 1.0, 1.97, 2.03])[:, None] / 100, np.arange(1_000)
    with np.errstate(over="ignore"):
        loss = ((1 - lr) ** (2 * t) + 100 * (1 - 100 * lr) ** (2 * t)) / 2
    below = loss <= 1e-3
    return [np.argmax(row) if row.any() else None for row in below]
""",
)
right(
    "steps-to-reach",
    "by running it",
    source="""
def steps_to_reach():
    counts = []
    for lr in (0.5 / 100, 1 / 100, 1.97 / 100, 2.03 / 100):
        curvatures = np.array([1.0, 100.0])
        params, found = np.ones(2), None
        for t in range(2000):
            loss = 0.5 * np.sum(curvatures * params**2)
            if loss <= 1e-3:
                found = t
                break
            if loss > 1e6:
                break
            params = params - lr * curvatures * params
        counts.append(found)
    return tuple(counts)
""",
)

# ---------------------------------------------------------------------------------------------------- backtracking
FIRST, MEMORY, EDGE = "backtracking-first", "backtracking-memory", "backtracking-edges"
ALL = [FIRST, MEMORY, EDGE]


def backtracking(
    *,
    finite="if not math.isfinite(here):\n    raise ValueError('the loss is not finite')",
    squared="squared = np.sum(grad**2)",
    zero="if squared == 0:\n    return params.copy()",
    first="lr = self.lr",
    trial="trial = params - lr * grad",
    passed="math.isfinite(value) and value <= here - self.sufficient * lr * squared",
    reject="lr = lr * self.shrink\nself.rejections += 1",
    accept="self.lr = lr * self.grow",
    result="return trial",
    shared="",
    start="self.lr = lr\nself.shrink = shrink\nself.grow = grow\nself.sufficient = sufficient\nself.rejections = 0",
):
    """An answer to backtracking with one of its parts replaced."""
    body = [
        "here = loss(params)",
        finite,
        squared,
        zero,
        first,
        "while True:",
        *("    " + line for line in (trial + "\nvalue = loss(trial)\nif " + passed + ":\n    break").split("\n")),
        *("    " + line for line in reject.split("\n")),
        accept,
        result,
    ]
    lines = ["class Backtracking:", *(f"    {line}" for line in shared.split("\n") if line)]
    lines += ["    def __init__(self, lr, *, shrink, grow, sufficient):"]
    lines += ["        " + line for line in start.split("\n")]
    lines += ["    def step(self, loss, params, grad):"]
    lines += ["        " + line for part in body for line in part.split("\n") if line]
    return "\n".join(lines) + "\n"


wrong(
    "backtracking",
    "any decrease is enough (E54)",
    fails=[FIRST, MEMORY],
    source=backtracking(passed="math.isfinite(value) and value < here"),
)
wrong("backtracking", "no test at all", fails=ALL, source=backtracking(passed="True"))
wrong(
    "backtracking",
    "squared norm not squared",
    fails=[FIRST, MEMORY],
    source=backtracking(squared="squared = np.linalg.norm(grad)"),
)
wrong(
    "backtracking",
    "lr missing from the promise",
    fails=ALL,
    source=backtracking(passed="math.isfinite(value) and value <= here - self.sufficient * squared"),
)
wrong(
    "backtracking",
    "promise with the wrong sign",
    fails=[FIRST, MEMORY],
    source=backtracking(passed="math.isfinite(value) and value <= here + self.sufficient * lr * squared"),
)
wrong("backtracking", "always starts from the first lr", fails=[MEMORY], source=backtracking(accept="pass"))
wrong("backtracking", "remembers without growing", fails=[MEMORY], source=backtracking(accept="self.lr = lr"))
wrong("backtracking", "always doubles", fails=[MEMORY], source=backtracking(accept="self.lr = 2 * lr"))
wrong(
    "backtracking",
    "grows the first trial, not the accepted lr",
    fails=[MEMORY],
    source=backtracking(accept="self.lr = self.lr * self.grow"),
)
wrong(
    "backtracking",
    "grows before the step",
    fails=ALL,
    source=backtracking(first="lr = self.lr * self.grow", accept="self.lr = lr"),
)
wrong(
    "backtracking",
    "grows only after a first success",
    fails=[MEMORY],
    source=backtracking(accept="self.lr = lr * self.grow if lr == self.lr else lr"),
)
wrong("backtracking", "always halves", fails=ALL, source=backtracking(reject="lr = lr * 0.5\nself.rejections += 1"))
wrong(
    "backtracking",
    "counts the last step only",
    fails=[MEMORY],
    source=backtracking(first="lr = self.lr\nself.rejections = 0"),
)
wrong(
    "backtracking",
    "counts every trial",
    fails=ALL,
    source=backtracking(trial="trial = params - lr * grad\nself.rejections += 1", reject="lr = lr * self.shrink"),
)
wrong("backtracking", "counts nothing", fails=ALL, source=backtracking(reject="lr = lr * self.shrink"))
wrong("backtracking", "goes uphill (E81)", fails=ALL, source=backtracking(result="return params + lr * grad"))
wrong(
    "backtracking",
    "state in the class",
    fails=[MEMORY],
    source=backtracking(
        shared="memory = {}",
        start="self.memory.update(lr=lr)\nself.shrink = shrink\nself.grow = grow\nself.sufficient = sufficient\n"
        "self.rejections = 0\nself.lr = lr",
        first="lr = self.memory['lr']",
        accept="self.lr = self.memory['lr'] = lr * self.grow",
    ),
)
wrong(
    "backtracking",
    "a trial with loss nan passes",
    fails=[EDGE],
    source=backtracking(passed="value != value or -math.inf < value <= here - self.sufficient * lr * squared"),
)
wrong(
    "backtracking",
    "a trial with loss minus infinity passes",
    fails=[EDGE],
    source=backtracking(passed="value <= here - self.sufficient * lr * squared"),
)
wrong("backtracking", "zero gradient grows lr", fails=[EDGE], source=backtracking(zero=""))
wrong(
    "backtracking",
    "zero gradient hands back the caller's array",
    fails=[EDGE],
    source=backtracking(zero="if squared == 0:\n    return params"),
)
wrong(
    "backtracking",
    "zero gradient returns nothing",
    fails=[EDGE],
    source=backtracking(zero="if squared == 0:\n    return None"),
)
wrong(
    "backtracking",
    "nan at the start not noticed",
    fails=[EDGE],
    source=backtracking(
        finite="if math.isinf(here):\n    raise ValueError('infinite')",
        passed="math.isfinite(value) and value <= here - self.sufficient * lr * squared or lr < 1e-9",
    ),
)
wrong(
    "backtracking",
    "minus infinity at the start not noticed",
    fails=[EDGE],
    source=backtracking(
        finite="if here != here or here == math.inf:\n    raise ValueError('not finite')",
        passed="math.isfinite(value) and value <= here - self.sufficient * lr * squared or lr < 1e-9",
    ),
)
wrong(
    "backtracking",
    "changes params in place",
    fails=[EDGE],
    source=backtracking(result="params -= lr * grad\nreturn params"),
)
wrong("backtracking", "vectors only", fails=[FIRST, EDGE], source=backtracking(squared="squared = float(grad @ grad)"))
wrong(
    "backtracking",
    "delegates to torch.optim",
    fails=ALL,
    source="""
class Backtracking:
    def __init__(self, lr, *, shrink, grow, sufficient):
        self.lr, self.rejections = lr, 0

    def step(self, loss, params, grad):
        leaf = torch.nn.Parameter(torch.as_tensor(params.copy()))
        leaf.grad = torch.as_tensor(grad)
        torch.optim.SGD([leaf], lr=self.lr).step()
        return leaf.detach().numpy()
""",
)
right(
    "backtracking",
    "recursive, with a list of rejected rates",
    source="""
class Backtracking:
    def __init__(self, lr, *, shrink, grow, sufficient):
        self.lr, self.shrink, self.grow, self.sufficient = lr, shrink, grow, sufficient
        self.rejected = []

    @property
    def rejections(self):
        return len(self.rejected)

    def accepts(self, lr, loss, params, grad):
        fall = loss(params) - loss(params - lr * grad)
        return math.isfinite(fall) and fall >= self.sufficient * lr * float((grad * grad).sum())

    def step(self, loss, params, grad):
        if not np.isfinite(loss(params)):
            raise ValueError("loss at params is not finite")
        if not np.any(grad):
            return np.array(params)
        return self.try_from(self.lr, loss, params, grad)

    def try_from(self, lr, loss, params, grad):
        if self.accepts(lr, loss, params, grad):
            self.lr = self.grow * lr
            return params - lr * grad
        self.rejected.append(lr)
        return self.try_from(self.shrink * lr, loss, params, grad)
""",
)
right(
    "backtracking",
    "a bounded loop over powers of shrink",
    source="""
class Backtracking:
    def __init__(self, lr, *, shrink, grow, sufficient):
        self.lr = lr
        self.rejections = 0
        self.settings = shrink, grow, sufficient

    def step(self, loss, params, grad):
        shrink, grow, c = self.settings
        before = float(loss(params))
        if math.isnan(before) or math.isinf(before):
            raise ValueError(before)
        power = np.linalg.norm(grad.ravel()) ** 2
        if power > 0:
            for tries in range(2000):
                lr = self.lr * shrink**tries
                new = params - lr * grad
                after = float(loss(new))
                if np.isfinite(after) and before - after >= c * lr * power:
                    self.lr = lr * grow
                    self.rejections = self.rejections + tries
                    return new
        return 1.0 * params
""",
)

# ---------------------------------------------------------------------------------------------------- find-the-bug
PATH, BEST_POINT, INPUTS = "find-the-bug-path", "find-the-bug-best", "find-the-bug-inputs"


def descend(
    *,
    start="params = np.array(start, dtype=float)",
    path="path = [params]",
    update="params = params - lr * hessian @ params",
    append="path.append(params)",
    better="loss < best_loss",
    first="best, best_loss = params, 0.5 * params @ hessian @ params",
    keep="best, best_loss = params, loss",
    result="return np.array(path), best",
):
    """An answer to find-the-bug with one of its parts replaced."""
    return f"""
def descend(hessian, start, *, lr, steps):
    {start}
    {path}
    {first}
    for _ in range(steps):
        {update}
        {append}
        loss = 0.5 * params @ hessian @ params
        if {better}:
            {keep}
    {result}
"""


wrong(
    "find-the-bug",
    "handed back as it was",
    fails=[PATH, BEST_POINT, INPUTS],
    source=descend(start="params = start", update="params -= lr * hessian @ params"),
)
wrong(
    "find-the-bug",
    "copies the start only",
    fails=[PATH, BEST_POINT, INPUTS],
    source=descend(update="params -= lr * hessian @ params"),
)
wrong(
    "find-the-bug",
    "copies the rows but not best",
    fails=[BEST_POINT],
    source=descend(
        path="path = [params.copy()]", update="params -= lr * hessian @ params", append="path.append(params.copy())"
    ),
)
wrong(
    "find-the-bug",
    "copies rows and best but not the start",
    fails=[INPUTS],
    source=descend(
        start="params = start",
        path="path = [params.copy()]",
        update="params -= lr * hessian @ params",
        append="path.append(params.copy())",
        first="best, best_loss = params.copy(), 0.5 * params @ hessian @ params",
        keep="best, best_loss = params.copy(), loss",
    ),
)
wrong(
    "find-the-bug",
    "copies, but an integer start stays integer",
    fails=[INPUTS],
    source=descend(start="params = start.copy()"),
)
wrong("find-the-bug", "the last of equal losses", fails=[BEST_POINT], source=descend(better="loss <= best_loss"))
wrong(
    "find-the-bug",
    "the last point as best",
    fails=[BEST_POINT],
    source=descend(result="return np.array(path), path[-1]"),
)
wrong(
    "find-the-bug",
    "best by distance, not loss",
    fails=[BEST_POINT],
    source=descend(result="return np.array(path), min(path, key=np.linalg.norm)"),
)
wrong(
    "find-the-bug",
    "gradient without the Hessian",
    fails=[PATH, BEST_POINT, INPUTS],
    source=descend(update="params = params - lr * params"),
)
wrong(
    "find-the-bug",
    "delegates to ravine",
    fails=[PATH, BEST_POINT, INPUTS],
    source="import torch\nfrom ravine import descend as walk\nfrom ravine.gradient_descent import GradientDescent\n"
    + descend(
        update="params = walk(lambda p: p @ torch.tensor(hessian) @ p / 2, GradientDescent, start=params, steps=1, "
        "lr=lr).params[-1].numpy()"
    ),
)
right(
    "find-the-bug",
    "copies everywhere, in place in between",
    source=descend(
        start="params = np.asarray(start).astype(float)",
        path="path = [params.copy()]",
        update="params -= lr * hessian @ params",
        append="path.append(params.copy())",
        first="best, best_loss = params.copy(), 0.5 * params @ hessian @ params",
        keep="best, best_loss = params.copy(), loss",
    ),
)
right(
    "find-the-bug",
    "a filled array, best by argmin",
    source="""
def descend(hessian, start, *, lr, steps):
    path = np.empty((steps + 1, len(start)))
    path[0] = start
    for t in range(steps):
        path[t + 1] = path[t] - lr * (hessian @ path[t])
    losses = 0.5 * np.einsum("ti,ij,tj->t", path, hessian, path)
    return path, path[np.argmin(losses)]
""",
)

# ---------------------------------------------------------------------------------------------------- fit-logistic
SHAPE, STEPS, OPTIMUM, FAR = "fit-logistic-shape", "fit-logistic-steps", "fit-logistic-optimum", "fit-logistic-edges"


def logistic(
    *,
    begin="w, b, losses = np.zeros(x.shape[1]), 0.0, []",
    loss="np.mean(np.logaddexp(0, z) - y * z) + penalty / 2 * w @ w",
    error="(1 + np.tanh(z / 2)) / 2 - y",
    update="w, b = w - lr * (x.T @ error / len(y) + penalty * w), b - lr * error.mean()",
    steps="steps",
    result="return w, b, np.array(losses)",
):
    """An answer to fit-logistic with one of its parts replaced."""
    update = update.replace("\n", "\n        ")
    return f"""
def fit_logistic(x, y, *, lr, steps, penalty):
    {begin}
    for step in range({steps} + 1):
        z = x @ w + b
        losses.append({loss})
        if step == {steps}:
            break
        error = {error}
        {update}
    {result}
"""


wrong(
    "fit-logistic",
    "bias after weights, at the new weights (E26)",
    fails=[STEPS],
    source=logistic(
        update="w = w - lr * (x.T @ error / len(y) + penalty * w)\n"
        "b = b - lr * np.mean((1 + np.tanh((x @ w + b) / 2)) / 2 - y)"
    ),
)
wrong(
    "fit-logistic",
    "sum in place of mean",
    fails=[STEPS, OPTIMUM],
    source=logistic(update="w, b = w - lr * (x.T @ error + penalty * w), b - lr * error.sum()"),
)
wrong(
    "fit-logistic",
    "sum in place of mean, loss as well",
    fails=[STEPS, OPTIMUM, FAR],
    source=logistic(
        loss="np.sum(np.logaddexp(0, z) - y * z) + penalty / 2 * w @ w",
        update="w, b = w - lr * (x.T @ error + penalty * w), b - lr * error.sum()",
    ),
)
wrong(
    "fit-logistic",
    "mean over all entries of x",
    fails=[STEPS, OPTIMUM],
    source=logistic(update="w, b = w - lr * (x.T @ error / x.size + penalty * w), b - lr * error.mean()"),
)
wrong(
    "fit-logistic",
    "penalty on the bias",
    fails=[STEPS, OPTIMUM],
    source=logistic(
        update="w, b = w - lr * (x.T @ error / len(y) + penalty * w), b - lr * (error.mean() + penalty * b)"
    ),
)
wrong(
    "fit-logistic",
    "penalty without the factor one half",
    fails=[STEPS, OPTIMUM],
    source=logistic(
        loss="np.mean(np.logaddexp(0, z) - y * z) + penalty * w @ w",
        update="w, b = w - lr * (x.T @ error / len(y) + 2 * penalty * w), b - lr * error.mean()",
    ),
)
wrong(
    "fit-logistic",
    "penalty ignored in the gradient",
    fails=[STEPS, OPTIMUM],
    source=logistic(update="w, b = w - lr * x.T @ error / len(y), b - lr * error.mean()"),
)
wrong(
    "fit-logistic",
    "penalty missing from the loss",
    fails=[STEPS, OPTIMUM],
    source=logistic(loss="np.mean(np.logaddexp(0, z) - y * z)"),
)
wrong(
    "fit-logistic",
    "penalty divided by n",
    fails=[STEPS, OPTIMUM],
    source=logistic(update="w, b = w - lr * (x.T @ error + penalty * w) / len(y), b - lr * error.mean()"),
)
wrong(
    "fit-logistic",
    "goes uphill (E81)",
    fails=[SHAPE, STEPS, OPTIMUM],
    source=logistic(update="w, b = w + lr * (x.T @ error / len(y) + penalty * w), b + lr * error.mean()"),
)
wrong(
    "fit-logistic",
    "no bias",
    fails=[STEPS, OPTIMUM],
    source=logistic(update="w = w - lr * (x.T @ error / len(y) + penalty * w)"),
)
wrong(
    "fit-logistic",
    "ignores lr",
    fails=[STEPS],
    source=logistic(begin="lr = 0.5\n    w, b, losses = np.zeros(x.shape[1]), 0.0, []"),
)
wrong("fit-logistic", "one step too few", fails=[SHAPE, STEPS, FAR], source=logistic(steps="(steps - 1)"))
wrong("fit-logistic", "one step too many", fails=[SHAPE, STEPS, FAR], source=logistic(steps="(steps + 1)"))
wrong("fit-logistic", "steps ignored", fails=[SHAPE, STEPS], source=logistic(steps="100"))
wrong(
    "fit-logistic",
    "starts from ones",
    fails=[STEPS],
    source=logistic(begin="w, b, losses = np.ones(x.shape[1]), 0.0, []"),
)
wrong(
    "fit-logistic",
    "log of a rounded probability",
    fails=[FAR],
    source=logistic(
        begin="w, b, losses = np.zeros(x.shape[1]), 0.0, []\n    np.seterr(all='ignore')",
        loss="-np.mean(y * np.log(1 / (1 + np.exp(-z))) + (1 - y) * np.log(1 - 1 / (1 + np.exp(-z))))"
        " + penalty / 2 * w @ w",
        error="1 / (1 + np.exp(-z)) - y",
    ),
)
wrong(
    "fit-logistic",
    "log of a clipped probability",
    fails=[FAR],
    source=logistic(
        loss="-np.mean(np.where(y == 1, np.log(np.clip((1 + np.tanh(z / 2)) / 2, 1e-15, 1)),"
        " np.log(np.clip((1 - np.tanh(z / 2)) / 2, 1e-15, 1)))) + penalty / 2 * w @ w"
    ),
)
wrong(
    "fit-logistic",
    "squared error in place of the logistic loss",
    fails=[STEPS, OPTIMUM],
    source=logistic(error="z - y"),
)
wrong(
    "fit-logistic",
    "a step for each sample in turn",
    fails=[STEPS, OPTIMUM],
    source=logistic(
        update="for i in range(len(y)):\n"
        "    e = (1 + np.tanh((x[i] @ w + b) / 2)) / 2 - y[i]\n"
        "    w, b = w - lr * (e * x[i] + penalty * w), b - lr * e"
    ),
)
wrong(
    "fit-logistic",
    "training goes on from the last call",
    fails=[STEPS, FAR],
    source="MEMORY = {}\n"
    + logistic(
        begin="w, b, losses = MEMORY.get(x.shape[1], (np.zeros(x.shape[1]), 0.0)) + ([],)",
        result="MEMORY[x.shape[1]] = w, b\n    return w, b, np.array(losses)",
    ),
)
wrong(
    "fit-logistic",
    "centers x in place",
    fails=[STEPS, OPTIMUM, FAR],
    source=logistic(begin="x -= x.mean(axis=0)\n    w, b, losses = np.zeros(x.shape[1]), 0.0, []"),
)
wrong(
    "fit-logistic",
    "solved by Newton, not by the steps asked for",
    fails=[STEPS, OPTIMUM, FAR],
    source=logistic(
        update="p = (1 + np.tanh(z / 2)) / 2\n"
        "wide = np.column_stack([x, np.ones(len(y))])\n"
        "ridge = np.diag([penalty] * x.shape[1] + [0.0])\n"
        "h = (wide * (p * (1 - p))[:, None]).T @ wide / len(y) + ridge + 1e-9 * np.eye(x.shape[1] + 1)\n"
        "move = np.linalg.solve(h, wide.T @ error / len(y) + ridge @ np.append(w, b))\n"
        "w, b = w - move[:-1], b - move[-1]"
    ),
)
wrong(
    "fit-logistic",
    "delegates to torch.optim",
    fails=[SHAPE, STEPS, OPTIMUM, FAR],
    source="""
def fit_logistic(x, y, *, lr, steps, penalty):
    w = torch.zeros(x.shape[1], dtype=torch.float64, requires_grad=True)
    b = torch.zeros((), dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.SGD([w, b], lr=lr)
    losses = []
    for step in range(steps + 1):
        z = torch.as_tensor(x) @ w + b
        loss = torch.nn.functional.binary_cross_entropy_with_logits(z, torch.as_tensor(y).double())
        loss = loss + penalty / 2 * (w @ w)
        losses.append(loss.item())
        if step < steps:
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return w.detach().numpy(), b.item(), np.array(losses)
""",
)
wrong(
    "fit-logistic",
    "delegates through the module's other name",
    fails=[SHAPE, STEPS, OPTIMUM, FAR],
    source="""
def fit_logistic(x, y, *, lr, steps, penalty):
    w = torch.zeros(x.shape[1], dtype=torch.float64, requires_grad=True)
    b = torch.zeros((), dtype=torch.float64, requires_grad=True)
    optimizer = getattr(torch, "op" + "tim").SGD([w, b], lr=lr)
    losses = []
    for step in range(steps + 1):
        z = torch.as_tensor(x) @ w + b
        loss = torch.nn.functional.binary_cross_entropy_with_logits(z, torch.as_tensor(y).double())
        loss = loss + penalty / 2 * (w @ w)
        losses.append(loss.item())
        if step < steps:
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return w.detach().numpy(), b.item(), np.array(losses)
""",
)
right(
    "fit-logistic",
    "autograd in torch, updates by hand",
    source="""
def fit_logistic(x, y, *, lr, steps, penalty):
    x, y = torch.tensor(x, dtype=torch.float64), torch.tensor(y, dtype=torch.float64)
    params = torch.zeros(x.shape[1] + 1, dtype=torch.float64, requires_grad=True)

    def objective():
        z = x @ params[:-1] + params[-1]
        return torch.nn.functional.softplus(z * (1 - 2 * y)).mean() + penalty / 2 * params[:-1].square().sum()

    losses = [objective()]
    for _ in range(steps):
        (grad,) = torch.autograd.grad(losses[-1], params)
        params = (params - lr * grad).detach().requires_grad_()
        losses.append(objective())
    return params[:-1], params[-1], torch.stack(losses)
""",
)
right(
    "fit-logistic",
    "sample by sample, in plain loops",
    source="""
def fit_logistic(x, y, *, lr, steps, penalty):
    n, d = x.shape
    w, b, losses = [0.0] * d, 0.0, []

    def measure():
        total = penalty / 2 * sum(v * v for v in w)
        for row, label in zip(x.tolist(), y.tolist()):
            z = b + sum(v * value for v, value in zip(w, row))
            total += (max(z, 0.0) + math.log1p(math.exp(-abs(z))) - label * z) / n
        return total

    losses.append(measure())
    for _ in range(steps):
        z = x @ np.array(w) + b
        small = np.exp(-np.abs(z))
        chance = np.where(z >= 0, 1 / (1 + small), small / (1 + small))
        error = (chance - y) / n
        b, w = b - lr * error.sum(), [v - lr * (error @ x[:, j] + penalty * v) for j, v in enumerate(w)]
        losses.append(measure())
    return np.array(w), b, losses
""",
)

# --------------------------------------------------------------------------------------------------- saddle-report
ESCAPE, NORMS = "saddle-report-steps", "saddle-report-norm"


def saddle(
    start="-0.5 + 1e-6", lr="0.1", limit="1e-3", grad="-2 * (1 - a * b) * np.array([b, a])", result="t, min(norms)"
):
    """An answer to saddle-report with one of its parts replaced."""
    return f"""
def saddle_report():
    a, b, norms = 0.5, {start}, []
    for t in range(2000):
        g = {grad}
        norms.append(float(np.linalg.norm(g)))
        if (1 - a * b) ** 2 < {limit}:
            break
        a, b = a - {lr} * g[0], b - {lr} * g[1]
    return {result}
"""


wrong("saddle-report", "one step too many", fails=[ESCAPE], source=saddle(result="t + 1, min(norms)"))
wrong("saddle-report", "loss not squared", fails=[ESCAPE, NORMS][:1], source=saddle(limit="1e-6"))
wrong("saddle-report", "exactly on the line to the saddle", fails=[ESCAPE, NORMS], source=saddle(start="-0.5"))
wrong("saddle-report", "another learning rate", fails=[ESCAPE, NORMS], source=saddle(lr="0.05"))
wrong(
    "saddle-report",
    "factor 2 of the gradient forgotten",
    fails=[ESCAPE, NORMS],
    source=saddle(grad="-(1 - a * b) * np.array([b, a])"),
)
wrong(
    "saddle-report",
    "gradient with its entries swapped",
    fails=[ESCAPE, NORMS],
    source=saddle(grad="-2 * (1 - a * b) * np.array([a, b])"),
)
wrong(
    "saddle-report",
    "second coordinate at the new first one (E26)",
    fails=[ESCAPE, NORMS],
    source="""
def saddle_report():
    a, b, norms = 0.5, -0.5 + 1e-6, []
    for t in range(2000):
        norms.append(2 * abs(1 - a * b) * math.hypot(a, b))
        if (1 - a * b) ** 2 < 1e-3:
            break
        a = a + 0.2 * (1 - a * b) * b
        b = b + 0.2 * (1 - a * b) * a
    return t, min(norms)
""",
)
wrong("saddle-report", "norm at the end", fails=[NORMS], source=saddle(result="t, norms[-1]"))
wrong("saddle-report", "squared norm", fails=[NORMS], source=saddle(result="t, min(norms) ** 2"))
wrong(
    "saddle-report",
    "largest entry in place of the Euclidean norm",
    fails=[NORMS],
    source=saddle(result="t, min(norms) / 2**0.5"),
)
wrong("saddle-report", "gradient vanishes at the plateau (E70)", fails=[NORMS], source=saddle(result="t, 0.0"))
wrong("saddle-report", "only the number of steps", fails=[ESCAPE, NORMS], source=saddle(result="t"))
right(
    "saddle-report",
    "autograd",
    source="""
def saddle_report():
    w = torch.tensor([0.5, -0.5 + 1e-6], dtype=torch.float64, requires_grad=True)
    smallest = math.inf
    for step in range(100_000):
        loss = (1 - w[0] * w[1]) ** 2
        (grad,) = torch.autograd.grad(loss, w)
        smallest = min(smallest, float(grad.norm()))
        if loss < 1e-3:
            return step, smallest
        w = (w - 0.1 * grad).detach().requires_grad_()
""",
)
right("saddle-report", "in plain numbers", source=saddle(result="int(t), float(np.min(norms))"))

# ------------------------------------------------------------------------------------------------- true-statements
GROUPS = ["true-statements-direction", "true-statements-convergence", "true-statements-training"]
for name, letters, cells in [
    ("the gradient points downhill (E81)", "ABFHI", GROUPS[:1]),
    ("units do not matter (E56)", "FHI", GROUPS[:1]),
    ("linear update, linear functions (E24)", "BCFHI", GROUPS[:1]),
    ("falling loss means convergence (E54)", "BDFHI", GROUPS[1:2]),
    ("all data, global minimum (E55)", "BEFHI", GROUPS[1:2]),
    ("2/L does not suffice", "BHI", GROUPS[1:2]),
    ("flat loss, zero gradient", "BFGHI", GROUPS[2:]),
    ("Adam uses second derivatives (E64)", "BFI", GROUPS[2:]),
    ("training loss is the goal (E68)", "BFH", GROUPS[2:]),
    ("everything is true", "ABCDEFGHI", GROUPS),
    ("nothing is true", "", GROUPS),
    ("the other half", "ACDEG", GROUPS),
]:
    wrong("true-statements", name, fails=cells, source=f'def true_statements():\n    return "{letters}"\n')
wrong("true-statements", "a list of letters", fails=GROUPS, source="def true_statements():\n    return list('BFHI')\n")
wrong("true-statements", "with commas", fails=GROUPS, source="def true_statements():\n    return 'B, F, H, I'\n")
right(
    "true-statements",
    "in another order",
    source='def true_statements():\n    return "".join(sorted("FBIH", reverse=True))\n',
)

# -------------------------------------------------------------------------------------------------- arrive-nowhere
FALLS, STAYS = "arrive-nowhere-decrease", "arrive-nowhere-limit"
for name, rate, cells in [
    ("constant", "0.1", [STAYS]),
    ("1/(t + 2): its sum is infinite", "1 / (t + 2)", [STAYS]),
    ("root decay", "0.5 / (t + 1) ** 0.5", [STAYS]),
    ("zero from some step on", "0.1 if t < 50 else 0.0", [FALLS]),
    ("no step at all", "0.0", [FALLS, STAYS]),
    ("jumps to and fro without falling", "2.0", [FALLS, STAYS]),
    ("climbs", "2.5", [FALLS, STAYS]),
    ("negative", "-1 / (t + 2) ** 2", [FALLS, STAYS]),
    ("arrives at once", "1.0", [STAYS]),
    ("1/(t + 1)^2: the first step lands on the minimum", "1 / (t + 1) ** 2", [STAYS]),
    ("falls, then rests later than the visible steps", "1 / (t + 2) ** 2 if t < 200 else 2.0", [FALLS]),
]:
    wrong("arrive-nowhere", name, fails=cells, source=f"def rate_at(t):\n    return {rate}\n")
right("arrive-nowhere", "a geometric sequence", source="def rate_at(t):\n    return 0.5 ** (t + 1)\n")
right("arrive-nowhere", "across the valley, near 2", source="def rate_at(t):\n    return 2 - 1 / (t + 2) ** 1.5\n")

# ------------------------------------------------------------------ mutants of the solutions that are right answers too
SYMMETRIC = "the Hessian is symmetric, so that the vector may stand on either side of it"
equivalent(
    "find-the-bug",
    "line 16: 0.5 * params @ hessian @ params -> params @ (0.5 * params @ hessian)",
    why=SYMMETRIC,
)
equivalent("find-the-bug", "line 16: 0.5 * params @ hessian -> hessian @ (0.5 * params)", why=SYMMETRIC)
equivalent("find-the-bug", "lr * hessian @ params -> params @ (lr * hessian)", why=SYMMETRIC)
equivalent(
    "find-the-bug",
    "line 20: 0.5 * params @ hessian @ params -> params @ (0.5 * params @ hessian)",
    why=SYMMETRIC,
)
equivalent("find-the-bug", "line 20: 0.5 * params @ hessian -> hessian @ (0.5 * params)", why=SYMMETRIC)
equivalent(
    "fit-logistic",
    "np.logaddexp(0, logits) -> np.logaddexp(logits, 0)",
    why="logaddexp is symmetric in its two arguments",
)
for mutant in ("1 / (t + 2) ** 2 -> 2 / (t + 2) ** 2", "t + 2 -> t + 3", "(t + 2) ** 2 -> (t + 2) ** 3"):
    equivalent(
        "arrive-nowhere",
        mutant,
        why="the question is open: this is another sequence of rates below 2 whose sum is finite, a right answer",
    )
