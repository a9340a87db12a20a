"""Answers to the assignment *Momentum* whose verdict is known; read by ``proctor verify``, never imported.

Each wrong answer is a mistake that people make; ``fails`` lists exactly the test cells that must notice it. E-numbers
refer to the errata of the source notes, where the mistake comes from one.
"""

from proctor.variants import equivalent, right, wrong

# ---------------------------------------------------------------------------------------------------- velocity-sum
HEAVY, AVERAGE = "velocity-sum-heavy", "velocity-sum-average"


def sums(
    velocity="beta * velocity - lr * grad", average="beta * average + (1 - beta) * grad", result="velocity, average"
):
    """An answer to velocity-sum as a loop with one of its parts replaced."""
    return f"""
def velocity_sum(grads, *, lr, beta):
    velocity = average = np.zeros(grads.shape[1:])
    count = len(grads)
    for grad in grads:
        velocity = {velocity}
        average = {average}
    return {result}
"""


wrong(
    "velocity-sum",
    "the sum omits the last gradient and begins with one that never entered (E79)",
    fails=[HEAVY, AVERAGE],
    source="""
def velocity_sum(grads, *, lr, beta):
    grads = np.concatenate([np.zeros((1, *grads.shape[1:])), grads])[: len(grads)]
    weights = beta ** np.arange(len(grads) - 1.0, -1.0, -1.0)
    total = np.tensordot(weights, grads, axes=1)
    return -lr * total, (1 - beta) * total
""",
)
wrong(
    "velocity-sum",
    "the weights run the wrong way",
    fails=[HEAVY, AVERAGE],
    source="""
def velocity_sum(grads, *, lr, beta):
    total = np.tensordot(beta ** np.arange(float(len(grads))), grads, axes=1)
    return -lr * total, (1 - beta) * total
""",
)
wrong("velocity-sum", "uphill", fails=[HEAVY], source=sums(velocity="beta * velocity + lr * grad"))
wrong(
    "velocity-sum",
    "the velocity is an average (E17, E80)",
    fails=[HEAVY],
    source=sums(velocity="beta * velocity - lr * (1 - beta) * grad"),
)
wrong("velocity-sum", "no learning rate", fails=[HEAVY], source=sums(velocity="beta * velocity - grad"))
wrong(
    "velocity-sum",
    "the present gradient decayed too",
    fails=[HEAVY],
    source=sums(velocity="beta * (velocity - lr * grad)"),
)
wrong("velocity-sum", "the average is a sum (E80)", fails=[AVERAGE], source=sums(average="beta * average + grad"))
wrong(
    "velocity-sum",
    "the average corrected for its start",
    fails=[AVERAGE],
    source=sums(result="velocity, average / (1 - beta**count) if count else average"),
)
wrong(
    "velocity-sum",
    "the plain mean",
    fails=[AVERAGE],
    source=sums(result="velocity, grads.mean(axis=0) if count else average"),
)
wrong(
    "velocity-sum",
    "the learning rate in the average",
    fails=[AVERAGE],
    source=sums(average="beta * average - lr * (1 - beta) * grad"),
)
wrong("velocity-sum", "the other order", fails=[HEAVY, AVERAGE], source=sums(result="average, velocity"))
wrong(
    "velocity-sum",
    "beta is 0.9",
    fails=[HEAVY, AVERAGE],
    source=sums().replace("beta *", "0.9 *").replace("1 - beta", "0.1"),
)
wrong(
    "velocity-sum",
    "fails without gradients, and for single numbers",
    fails=["velocity-sum-shape"],
    source="""
def velocity_sum(grads, *, lr, beta):
    velocity, average = -lr * grads[0], (1 - beta) * grads[0]
    for grad in grads[1:]:
        velocity, average = beta * velocity - lr * grad, beta * average + (1 - beta) * grad
    return velocity, average
""",
)
wrong(
    "velocity-sum",
    "delegates to ravine",
    fails=["velocity-sum-shape", HEAVY, AVERAGE],
    source="""
from ravine.momentum import EMAMomentum, HeavyBall


def velocity_sum(grads, *, lr, beta):
    found = []
    for method in (HeavyBall, EMAMomentum):
        weight = torch.zeros(grads.shape[1:], dtype=torch.float64, requires_grad=True)
        optimizer = method([weight], lr=lr, beta=beta)
        for grad in grads:
            weight.grad = torch.as_tensor(grad)
            optimizer.step()
        found.append(next(iter(optimizer.state[weight].values())).numpy())
    return tuple(found)
""",
)
right("velocity-sum", "as a loop", source=sums())
right(
    "velocity-sum",
    "in place on copies, with torch",
    source="""
def velocity_sum(grads, *, lr, beta):
    total = torch.zeros(grads.shape[1:], dtype=torch.float64)
    for grad in torch.as_tensor(grads):
        total.mul_(beta).add_(grad)
    return (-lr * total).numpy(), total.mul_(1 - beta).numpy()
""",
)

# ------------------------------------------------------------------------------------------------------- rate-drop
FIRST, STEPS = "rate-drop-first", "rate-drop-steps"
for name, answer, cells in [
    ("all remember the old rate", "0.91, 0.91, 0.91, 43", [FIRST]),
    ("none remembers the old rate (E17)", "0.1, 0.1, 0.1, 43", [FIRST]),
    ("the new gradient left out", "0.9, 0.1, 0.1, 43", [FIRST]),
    ("the average at PyTorch's rate", "0.91, 0.1, 0.01, 43", [FIRST]),
    ("PyTorch's form remembers the old rate", "0.91, 0.91, 0.1, 43", [FIRST]),
    ("the average remembers the old rate", "0.91, 0.1, 0.91, 43", [FIRST]),
    ("counted from 0", "0.91, 0.1, 0.1, 42", [STEPS]),
    ("the memory of ten steps", "0.91, 0.1, 0.1, 10", [STEPS]),
    ("a step too many", "0.91, 0.1, 0.1, 44", [STEPS]),
    ("all at once", "0.1, 0.91, 0.91, 1", [FIRST, STEPS]),
]:
    wrong("rate-drop", name, fails=cells, source=f"def rate_drop():\n    return {answer}\n")
right(
    "rate-drop",
    "measured",
    source="""
def rate_drop():
    inside, outside, average, lengths = 1.0, 10.0, 1.0, []
    while not lengths or lengths[-1] > 0.11:
        inside = 0.9 * inside + 0.01
        lengths.append(inside)
    return [lengths[0], 0.01 * (0.9 * outside + 1), 0.1 * (0.9 * average + 0.1), len(lengths)]
""",
)

# ------------------------------------------------------------------------------------------------------- torch-sgd
PLAIN, DAMPENING, NESTEROV = "torch-sgd-steps", "torch-sgd-dampening", "torch-sgd-nesterov"
SGD = [PLAIN, DAMPENING, NESTEROV]


def sgd(
    check="nesterov and dampening != 0",
    grad="grad + weight_decay * params",
    first="grad",
    later="momentum * buffer + (1 - dampening) * grad",
    ahead="grad + momentum * buffer",
    result="params - lr * step, buffer",
):
    """An answer to torch-sgd with one of its parts replaced."""
    return f"""
def sgd_step(params, buffer, grad, *, lr, momentum, dampening=0.0, weight_decay=0.0, nesterov=False):
    if {check}:
        raise ValueError("no")
    grad = {grad}
    if buffer is None:
        buffer = {first}
    else:
        buffer = {later}
    step = {ahead} if nesterov else buffer
    return {result}
"""


wrong("torch-sgd", "the first gradient dampened (E17)", fails=[DAMPENING], source=sgd(first="(1 - dampening) * grad"))
wrong("torch-sgd", "dampening ignored", fails=[DAMPENING], source=sgd(later="momentum * buffer + grad"))
wrong(
    "torch-sgd",
    "a moving average (E17)",
    fails=SGD,
    source=sgd(later="momentum * buffer + (1 - momentum) * grad"),
)
wrong(
    "torch-sgd",
    "times the dampening",
    fails=SGD,
    source=sgd(later="momentum * buffer + dampening * grad"),
)
wrong("torch-sgd", "weight decay ignored", fails=[PLAIN, NESTEROV], source=sgd(grad="grad + 0"))
wrong("torch-sgd", "weight decay subtracted", fails=[PLAIN, NESTEROV], source=sgd(grad="grad - weight_decay * params"))
wrong(
    "torch-sgd",
    "decoupled weight decay",
    fails=[PLAIN, NESTEROV],
    source=sgd(grad="grad + 0", result="(1 - lr * weight_decay) * params - lr * step, buffer"),
)
wrong("torch-sgd", "nesterov ignored", fails=[NESTEROV], source=sgd(ahead="buffer"))
wrong("torch-sgd", "always Nesterov", fails=[PLAIN, DAMPENING], source=sgd().replace(" if nesterov else buffer", ""))
wrong("torch-sgd", "Nesterov without the gradient", fails=[NESTEROV], source=sgd(ahead="momentum * buffer"))
wrong("torch-sgd", "no check", fails=[NESTEROV], source=sgd(check="False"))
wrong("torch-sgd", "a negative dampening passes", fails=[NESTEROV], source=sgd(check="nesterov and dampening > 0"))
wrong("torch-sgd", "dampening is refused always", fails=[DAMPENING], source=sgd(check="dampening != 0"))
wrong("torch-sgd", "momentum is 0.9", fails=SGD, source=sgd(later="0.9 * buffer + (1 - dampening) * grad"))
wrong("torch-sgd", "no memory", fails=SGD, source=sgd(later="grad"))
wrong("torch-sgd", "uphill", fails=SGD, source=sgd(result="params + lr * step, buffer"))
wrong(
    "torch-sgd",
    "the learning rate in the buffer",
    fails=[PLAIN, NESTEROV],
    source=sgd(
        first="lr * grad", later="momentum * buffer + (1 - dampening) * lr * grad", result="params - step, buffer"
    ),
)
wrong(
    "torch-sgd",
    "in place",
    fails=[PLAIN],
    source=sgd(result="params, buffer").replace("    return", "    params -= lr * step\n    return"),
)
wrong(
    "torch-sgd",
    "delegates to torch.optim",
    fails=SGD,
    source="""
def sgd_step(params, buffer, grad, *, lr, momentum, dampening=0.0, weight_decay=0.0, nesterov=False):
    weight = torch.tensor(params, requires_grad=True)
    weight.grad = torch.tensor(grad)
    optimizer = torch.optim.SGD(
        [weight], lr=lr, momentum=momentum, dampening=dampening, weight_decay=weight_decay, nesterov=nesterov
    )
    if buffer is not None:
        optimizer.state[weight]["momentum_buffer"] = torch.tensor(buffer)
    optimizer.step()
    return weight.detach().numpy(), optimizer.state[weight]["momentum_buffer"].numpy()
""",
)
right("torch-sgd", "with branches", source=sgd())
right(
    "torch-sgd",
    "with torch, the buffer kept as a list",
    source="""
def sgd_step(params, buffer, grad, *, lr, momentum, dampening=0.0, weight_decay=0.0, nesterov=False):
    if nesterov:
        if dampening:
            raise ValueError("no dampening with Nesterov")
    theta, g = torch.tensor(params), torch.tensor(grad)
    g.add_(theta, alpha=weight_decay)
    b = g.clone() if buffer is None else torch.tensor(buffer).mul_(momentum).add_(g, alpha=1 - dampening)
    theta.add_(g.add(b, alpha=momentum) if nesterov else b, alpha=-lr)
    return [theta.numpy(), b.numpy()]
""",
)

# ----------------------------------------------------------------------------------------------------- contraction
VALUES, EDGES = "contraction-values", "contraction-edges"


def radius(value="abs(roots).max()", reduce="max", b="1 + beta - lr * v", c="-beta"):
    """An answer to contraction by the eigenvalues of the matrix, with one of its parts replaced."""
    return f"""
def contraction(eigenvalues, *, lr, beta):
    found = []
    for v in eigenvalues:
        roots = np.linalg.eigvals(np.array([[{b}, {c}], [1.0, 0.0]]))
        found.append(float({value}))
    return {reduce}(found)
"""


wrong(
    "contraction",
    "gradient descent's factor",
    fails=[VALUES, EDGES],
    source="""
def contraction(eigenvalues, *, lr, beta):
    return float(np.abs(1 - lr * np.asarray(eigenvalues)).max())
""",
)
wrong(
    "contraction",
    "the root of beta always",
    fails=[VALUES, EDGES],
    source="""
def contraction(eigenvalues, *, lr, beta):
    return math.sqrt(beta)
""",
)
wrong(
    "contraction", "the moving average (E17)", fails=[VALUES, EDGES], source=radius(b="1 + beta - lr * (1 - beta) * v")
)
wrong("contraction", "the factor of the loss", fails=[VALUES, EDGES], source=radius(value="abs(roots).max() ** 2"))
wrong("contraction", "the best direction", fails=[VALUES, EDGES], source=radius(reduce="min"))
wrong("contraction", "the smaller root", fails=[VALUES, EDGES], source=radius(value="abs(roots).min()"))
wrong("contraction", "the real part only", fails=[EDGES], source=radius(value="abs(roots.real).max()"))
wrong("contraction", "no absolute value", fails=[VALUES, EDGES], source=radius(value="roots.real.max()"))
wrong(
    "contraction",
    "the largest singular value",
    fails=[VALUES, EDGES],
    source="""
def contraction(eigenvalues, *, lr, beta):
    return max(float(np.linalg.norm([[1 + beta - lr * v, -beta], [1, 0]], 2)) for v in eigenvalues)
""",
)
wrong(
    "contraction",
    "the largest eigenvalue only",
    fails=[VALUES],
    source=radius().replace("for v in eigenvalues", "for v in [max(eigenvalues)]"),
)
wrong(
    "contraction",
    "the root with the plus sign only",
    fails=[VALUES, EDGES],
    source="""
def contraction(eigenvalues, *, lr, beta):
    b = 1 + beta - lr * np.asarray(eigenvalues, dtype=complex)
    return float(abs(b + np.sqrt(b * b - 4 * beta)).max() / 2)
""",
)
wrong("contraction", "the first eigenvalue only", fails=[VALUES], source=radius(reduce="(lambda x: x[0])"))
wrong("contraction", "the sign of beta", fails=[VALUES, EDGES], source=radius(c="beta"))
wrong(
    "contraction",
    "delegates to ravine",
    fails=[VALUES, EDGES],
    source="""
from ravine import descend, landscapes
from ravine.momentum import HeavyBall


def contraction(eigenvalues, *, lr, beta):
    path = descend(landscapes.quadratic(max(eigenvalues)), HeavyBall, steps=200, lr=lr, beta=beta)
    return float((path.params[-1].norm() / path.params[-101].norm()) ** 0.01)
""",
)
right("contraction", "by the eigenvalues of the matrix", source=radius())
right(
    "contraction",
    "by the formula for a quadratic equation",
    source="""
def contraction(eigenvalues, *, lr, beta):
    b = 1 + beta - lr * np.asarray(eigenvalues, dtype=complex)
    d = np.sqrt(b * b - 4 * beta)
    return float(np.maximum(abs(b + d), abs(b - d)).max() / 2)
""",
)

# ---------------------------------------------------------------------------------------------------- best-setting
BEST = ["best-setting-values", "best-setting-edges"]


def best(
    lr="4 / (a + b) ** 2",
    beta="((b - a) / (b + a)) ** 2",
    factor="(b - a) / (b + a)",
    check="not 0 < smallest <= largest",
):
    """An answer to best-setting with one of its parts replaced; a and b are the roots of the two eigenvalues."""
    return f"""
def best_setting(smallest, largest):
    if {check}:
        raise ValueError("no")
    a, b = smallest**0.5, largest**0.5
    kappa = largest / smallest
    return {lr}, {beta}, {factor}
"""


wrong("best-setting", "gradient descent's rate", fails=BEST[:1], source=best(lr="2 / (smallest + largest)"))
wrong("best-setting", "gradient descent's factor", fails=BEST[:1], source=best(factor="(kappa - 1) / (kappa + 1)"))
wrong("best-setting", "Nesterov's momentum", fails=BEST[:1], source=best(beta="(b - a) / (b + a)"))
wrong("best-setting", "Nesterov's rate", fails=BEST[:1], source=best(lr="1 / largest"))
wrong("best-setting", "Nesterov's factor", fails=BEST[:1], source=best(factor="1 - a / b"))
wrong("best-setting", "the factor squared", fails=BEST[:1], source=best(factor="((b - a) / (b + a)) ** 2"))
wrong(
    "best-setting",
    "the limit of stability",
    fails=BEST,
    source=best(lr="2 * (1 + ((b - a) / (b + a)) ** 2) / largest"),
)
wrong("best-setting", "the sum of the eigenvalues", fails=BEST, source=best(lr="4 / (smallest + largest)"))
wrong("best-setting", "no square", fails=BEST, source=best(lr="4 / (a + b)"))
wrong("best-setting", "beta is 0.9", fails=BEST, source=best(beta="0.9"))
wrong(
    "best-setting",
    "no roots",
    fails=BEST[:1],
    source=best()
    .replace("smallest**0.5, largest**0.5", "smallest, largest")
    .replace("4 / (a + b) ** 2", "2 / (a + b)"),
)
wrong("best-setting", "no check", fails=BEST[1:], source=best(check="False"))
wrong(
    "best-setting",
    "a flat direction passes",
    fails=BEST[1:],
    source=best(check="not 0 <= smallest <= largest").replace("largest / smallest", "1"),
)
wrong("best-setting", "equal curvatures refused", fails=BEST[1:], source=best(check="not 0 < smallest < largest"))
wrong("best-setting", "the wrong order passes", fails=BEST[1:], source=best(check="not 0 < smallest"))
wrong(
    "best-setting",
    "the moving average's rate (E17)",
    fails=BEST[:1],
    source=best(lr="4 / (a + b) ** 2 / (1 - ((b - a) / (b + a)) ** 2)"),
)
wrong(
    "best-setting",
    "delegates to scipy",
    fails=BEST,
    source="""
from scipy.optimize import minimize


def best_setting(smallest, largest):
    found = minimize(lambda x: abs(1 - x[0] * largest), [0.1])
    return float(found.x[0]), 0.5, 0.5
""",
)
right(
    "best-setting",
    "by the condition number, as a list",
    source="""
def best_setting(smallest, largest):
    if smallest <= 0 or largest < smallest:
        raise ValueError("expected 0 < smallest <= largest")
    root = math.sqrt(largest / smallest)
    factor = 1 - 2 / (root + 1)
    return [(1 + factor) ** 2 / largest, factor**2, factor]
""",
)

# --------------------------------------------------------------------------------------------------- nesterov-path
SHAPE, PATH = "nesterov-path-shape", "nesterov-path-values"


def nesterov(
    ahead="theta + beta * v", velocity="beta * v - lr * hessian @ look", append="path.append(theta)", first="start"
):
    """An answer to nesterov-path with one of its parts replaced."""
    return f"""
def nesterov_path(hessian, start, *, lr, betas):
    theta, v = start.copy(), np.zeros(len(start))
    path = [{first}]
    for beta in betas:
        look = {ahead}
        v = {velocity}
        theta = theta + v
        {append}
    return np.array(path)
"""


wrong("nesterov-path", "the heavy ball (E58)", fails=[PATH], source=nesterov(ahead="theta"))
wrong("nesterov-path", "looks behind (E58)", fails=[PATH], source=nesterov(ahead="theta - beta * v"))
wrong("nesterov-path", "a full velocity ahead", fails=[PATH], source=nesterov(ahead="theta + v"))
wrong(
    "nesterov-path",
    "the points where it looks",
    fails=[SHAPE, PATH],
    source=nesterov(append="path.append(look)"),
)
wrong(
    "nesterov-path",
    "the points that PyTorch stores",
    fails=[SHAPE, PATH],
    source=nesterov(append="path.append(theta + beta * v)"),
)
wrong(
    "nesterov-path",
    "PyTorch's recurrence, which looks with the last momentum",
    fails=[SHAPE, PATH],
    source="""
def nesterov_path(hessian, start, *, lr, betas):
    point, velocity, path = start, np.zeros(len(start)), [start]
    for beta in betas:
        slope = hessian @ point
        velocity = beta * velocity - lr * slope
        point = point + beta * velocity - lr * slope
        path.append(point)
    return np.array(path)
""",
)
wrong(
    "nesterov-path",
    "two gradients, their mean (E35)",
    fails=[PATH],
    source=nesterov(velocity="beta * v - lr * hessian @ (look + theta) / 2"),
)
wrong("nesterov-path", "the gradient only, no velocity", fails=[PATH], source=nesterov(velocity="-lr * hessian @ look"))
wrong(
    "nesterov-path",
    "the first momentum always",
    fails=[PATH],
    source=nesterov().replace("for beta in betas:", "for beta in [betas[0] for _ in betas]:"),
)
wrong(
    "nesterov-path", "momentum is 0.9", fails=[PATH], source=nesterov().replace("look =", "beta = 0.9\n        look =")
)
wrong(
    "nesterov-path",
    "a moving average (E17)",
    fails=[SHAPE, PATH],
    source=nesterov(velocity="beta * v - (1 - beta) * lr * hessian @ look"),
)
wrong("nesterov-path", "uphill", fails=[SHAPE, PATH], source=nesterov(velocity="beta * v + lr * hessian @ look"))
wrong(
    "nesterov-path", "the start left out", fails=[SHAPE, PATH], source=nesterov().replace("path = [start]", "path = []")
)
wrong(
    "nesterov-path",
    "in place on the start",
    fails=[SHAPE, PATH],
    source=nesterov().replace("start.copy()", "start").replace("theta = theta + v", "theta += v"),
)
wrong(
    "nesterov-path",
    "delegates to torch.optim",
    fails=[SHAPE, PATH],
    source="""
def nesterov_path(hessian, start, *, lr, betas):
    weight = torch.tensor(start, requires_grad=True)
    optimizer, path = torch.optim.SGD([weight], lr=lr, momentum=0.9, nesterov=True), [start]
    for beta in betas:
        optimizer.param_groups[0]["momentum"] = float(beta)
        weight.grad = torch.tensor(hessian) @ weight.detach()
        optimizer.step()
        path.append(weight.detach().numpy().copy())
    return np.array(path)
""",
)
right("nesterov-path", "with names for both points", source=nesterov())
right(
    "nesterov-path",
    "two sequences without a velocity",
    source="""
def nesterov_path(hessian, start, *, lr, betas):
    path = np.empty((len(betas) + 1, len(start)))
    path[0] = before = start
    for t, beta in enumerate(betas):
        look = path[t] + beta * (path[t] - before)
        before = path[t]
        path[t + 1] = look - lr * (look @ hessian)
    return path
""",
)

# ---------------------------------------------------------------------------------------------------- find-the-bug
ONE, SEVERAL = "find-the-bug-one", "find-the-bug-several"


def balls(
    velocities="[np.zeros_like(start) for start in starts]",
    params="[start.copy() for start in starts]",
    update="""
            velocity *= beta
            velocity -= lr * hessian @ param
            param += velocity""",
):
    """An answer to find-the-bug with one of its parts replaced."""
    return f"""
def heavy_balls(hessians, starts, *, lr, beta, steps):
    params = {params}
    velocities = {velocities}
    for _ in range(steps):
        for param, velocity, hessian in zip(params, velocities, hessians, strict=True):{update}
    return params
"""


wrong(
    "find-the-bug",
    "handed back as it was",
    fails=[SEVERAL],
    source=balls(velocities="[np.zeros_like(params[0])] * len(params)"),
)
wrong(
    "find-the-bug",
    "one copy for all",
    fails=[SEVERAL],
    source=balls(velocities="[np.zeros_like(params[0]).copy()] * len(params)"),
)
wrong(
    "find-the-bug",
    "the velocity rebound, so that it is lost",
    fails=[ONE, SEVERAL],
    source=balls(
        update="""
            velocity = beta * velocity - lr * hessian @ param
            param += velocity"""
    ),
)
wrong(
    "find-the-bug",
    "no momentum",
    fails=[ONE, SEVERAL],
    source=balls(
        update="""
            param -= lr * hessian @ param"""
    ),
)
wrong(
    "find-the-bug",
    "a velocity that begins anew in each step",
    fails=[ONE, SEVERAL],
    source=balls().replace("strict=True):", "strict=True):\n            velocity = np.zeros_like(param)"),
)
wrong("find-the-bug", "the starts changed", fails=[ONE], source=balls(params="list(starts)"))
wrong(
    "find-the-bug",
    "the learning rate outside as well",
    fails=[ONE, SEVERAL],
    source=balls(
        update="""
            velocity *= beta
            velocity -= lr * hessian @ param
            param += lr * velocity"""
    ),
)
wrong(
    "find-the-bug",
    "only the first parameter moves",
    fails=[SEVERAL],
    source=balls().replace("strict=True):", "strict=True):\n            if param is not params[0]: continue"),
)
wrong(
    "find-the-bug",
    "delegates to ravine",
    fails=[ONE, SEVERAL],
    source="""
from ravine.momentum import HeavyBall


def heavy_balls(hessians, starts, *, lr, beta, steps):
    params = [torch.tensor(start, requires_grad=True) for start in starts]
    optimizer = HeavyBall(params, lr=lr, beta=beta)
    for _ in range(steps):
        for param, hessian in zip(params, hessians):
            param.grad = torch.tensor(hessian) @ param.detach()
        optimizer.step()
    return [param.detach().numpy() for param in params]
""",
)
right(
    "find-the-bug",
    "one parameter after another",
    source="""
def heavy_balls(hessians, starts, *, lr, beta, steps):
    points = []
    for hessian, start in zip(hessians, starts):
        now, before = start, start
        for _ in range(steps):
            now, before = now + beta * (now - before) - lr * hessian @ now, now
        points.append(np.array(now))
    return points
""",
)

# --------------------------------------------------------------------------------------------------------- restart
KEEPS, FORGETS = "restart-keeps", "restart-forgets"


def restart(
    test="np.sum(grad * velocity) > 0",
    forgotten="np.zeros_like(velocity)",
    step="beta * velocity - lr * grad",
    result="params + velocity, velocity",
):
    """An answer to restart with one of its parts replaced."""
    return f"""
def restarted_step(params, velocity, grad, *, lr, beta):
    if {test}:
        velocity = {forgotten}
    velocity = {step}
    return {result}
"""


wrong("restart", "never", fails=[FORGETS], source=restart(test="False"))
wrong("restart", "always", fails=[KEEPS], source=restart(test="True"))
wrong("restart", "downhill instead", fails=[KEEPS, FORGETS], source=restart(test="np.sum(grad * velocity) < 0"))
wrong("restart", "on level ground too", fails=[KEEPS], source=restart(test="np.sum(grad * velocity) >= 0"))
wrong("restart", "if any entry leads uphill", fails=[KEEPS], source=restart(test="np.any(grad * velocity > 0)"))
wrong("restart", "if all entries lead uphill", fails=[FORGETS], source=restart(test="np.all(grad * velocity > 0)"))
wrong(
    "restart", "the first entry decides", fails=[KEEPS, FORGETS], source=restart(test="(grad * velocity).flat[0] > 0")
)
wrong(
    "restart",
    "entry by entry",
    fails=[KEEPS, FORGETS],
    source=restart(test="True", forgotten="np.where(grad * velocity > 0, 0.0, velocity)"),
)
wrong("restart", "turned round", fails=[FORGETS], source=restart(forgotten="-velocity"))
wrong("restart", "the step forgotten too", fails=[FORGETS], source=restart(forgotten="lr * grad / beta"))
wrong(
    "restart",
    "a moving average (E17)",
    fails=[KEEPS, FORGETS],
    source=restart(step="beta * velocity - lr * (1 - beta) * grad"),
)
wrong(
    "restart",
    "the new velocity is tested",
    fails=[FORGETS],
    source="""
def restarted_step(params, velocity, grad, *, lr, beta):
    velocity = beta * velocity - lr * grad
    if np.sum(grad * velocity) > 0:
        velocity = np.zeros_like(velocity)
    return params + velocity, velocity
""",
)
wrong(
    "restart",
    "the old velocity moves it",
    fails=[KEEPS, FORGETS],
    source="""
def restarted_step(params, velocity, grad, *, lr, beta):
    if np.sum(grad * velocity) > 0:
        velocity = np.zeros_like(velocity)
    return params + velocity, beta * velocity - lr * grad
""",
)
wrong(
    "restart",
    "in place",
    fails=[KEEPS],
    source="""
def restarted_step(params, velocity, grad, *, lr, beta):
    if np.sum(grad * velocity) > 0:
        velocity[...] = 0
    velocity *= beta
    velocity -= lr * grad
    return params + velocity, velocity
""",
)
wrong(
    "restart",
    "delegates to torch.optim",
    fails=[KEEPS, FORGETS],
    source="""
def restarted_step(params, velocity, grad, *, lr, beta):
    weight = torch.tensor(params, requires_grad=True)
    weight.grad = torch.tensor(grad)
    optimizer = torch.optim.SGD([weight], lr=lr, momentum=beta)
    if np.sum(grad * velocity) <= 0:
        optimizer.state[weight]["momentum_buffer"] = torch.tensor(-velocity / lr)
    optimizer.step()
    return weight.detach().numpy(), (weight.detach() - torch.tensor(params)).numpy()
""",
)
right(
    "restart",
    "a factor of 0 or 1",
    source="""
def restarted_step(params, velocity, grad, *, lr, beta):
    keep = float(np.vdot(grad, velocity) <= 0)
    new = keep * beta * velocity - lr * grad
    return [params + new, new]
""",
)
right(
    "restart",
    "with torch",
    source="""
def restarted_step(params, velocity, grad, *, lr, beta):
    v, g = torch.tensor(velocity), torch.tensor(grad)
    if torch.dot(v.flatten(), g.flatten()).item() > 0:
        v.zero_()
    v.mul_(beta).sub_(g, alpha=lr)
    return torch.tensor(params).add_(v).numpy(), v.numpy()
""",
)

# ------------------------------------------------------------------------------------------------- true-statements
GROUPS = [f"true-statements-{name}" for name in ("conventions", "speed", "nesterov")]
for name, letters, cells in [
    ("dampening is the moving average (E17)", "ABDFHI", GROUPS[:1]),
    ("the velocity is an average (E80)", "DFHI", GROUPS[:1]),
    ("averages weights (E57)", "BCDFHI", GROUPS[:1]),
    ("momentum does not help a quadratic", "BFHI", GROUPS[1:2]),
    ("Polyak's setting is safe everywhere", "BDEFHI", GROUPS[1:2]),
    ("momentum needs smaller rates", "BDHI", GROUPS[1:2]),
    ("two gradients (E35)", "BDFGHI", GROUPS[2:]),
    ("made against local minima (E35)", "BDFI", GROUPS[2:]),
    ("PyTorch stores where it stands", "BDFH", GROUPS[2:]),
    ("all", "ABCDEFGHI", GROUPS),
    ("none", "", GROUPS),
    ("the false ones", "ACEG", GROUPS),
]:
    wrong("true-statements", name, fails=cells, source=f'def true_statements():\n    return "{letters}"\n')
right("true-statements", "in another order", source='def true_statements():\n    return "IHFDB"\n')

# ---------------------------------------------------------------------------------------------------- climbs-first
for name, answer in [
    ("a safe setting", "0.01, 0.9"),
    ("gradient descent at its limit", "2 / 100, 0.0"),
    ("gradient descent's best rate", "2 / 101, 0.9"),
    ("beyond the limit", "0.039, 0.9"),
    ("climbs, but does not settle in time", "0.0394, 0.98"),
    ("too much momentum", "0.0001, 0.999"),
]:
    wrong(
        "climbs-first", name, fails=["climbs-first-setting"], source=f"def climbing_setting():\n    return {answer}\n"
    )
right(
    "climbs-first",
    "Polyak's best setting",
    source="""
def climbing_setting():
    factor = (math.sqrt(100) - 1) / (math.sqrt(100) + 1)
    return [4 / (math.sqrt(100) + 1) ** 2, factor**2]
""",
)

# ------------------------------------------------------------------------- mutants that are the same function
equivalent(
    "nesterov-path",
    "line 16: lr * hessian @ (path[-1] + beta * velocity) -> (path[-1] + beta * velocity) @ (lr * hessian)",
    why="the Hessian is symmetric, as the statement says",
)
equivalent(
    "find-the-bug",
    "line 20: lr * hessian @ param -> param @ (lr * hessian)",
    why="the Hessians are symmetric, as the statement says",
)
equivalent(
    "restart",
    "line 15: np.sum(grad * velocity) -> np.mean(grad * velocity)",
    why="only the sign is used, and a mean has the sign of the sum",
)
