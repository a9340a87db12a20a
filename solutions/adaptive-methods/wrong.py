"""Answers to the assignment *Adaptive methods* whose verdict is known; read by ``proctor verify``, never imported.

Each wrong answer is a mistake that people make; ``fails`` lists exactly the test cells that must notice it. E-numbers
refer to the errata of the source notes, where the mistake comes from one.
"""

from proctor.variants import equivalent, right, wrong

# ---------------------------------------------------------------------------------------------------------- by-rms
SHAPE, VALUES = "by-rms-shape", "by-rms-values"


def by_rms(
    total="total + grad**2",
    sigma="np.sqrt(total / t)",
    step="lr / math.sqrt(t) * grad / (sigma + eps)",
    path="[start]",
    first="np.zeros_like(start)",
):
    """An answer to by-rms with one of its parts replaced."""
    return f"""
def adagrad_by_rms(grads, start, *, lr, eps):
    path, total, t = {path}, {first}, 0
    for grad in grads:
        t += 1
        total = {total}
        sigma = {sigma}
        path.append(path[-1] - {step})
    return np.array(path)
"""


for name, cells, source in [
    ("the index of the sum drifts (E28)", [VALUES], by_rms(total="t * grad**2")),
    ("the rate does not fall (E82)", [VALUES], by_rms(step="lr * grad / (sigma + eps)")),
    ("two falls", [VALUES], by_rms(sigma="np.sqrt(total)")),
    ("falls like 1/t", [VALUES], by_rms(step="lr / t * grad / (sigma + eps)")),
    ("no eps (E29)", [SHAPE, VALUES], by_rms(step="lr / math.sqrt(t) * grad / sigma")),
    ("eps is 1e-10", [VALUES], by_rms(step="lr / math.sqrt(t) * grad / (sigma + 1e-10)")),
    (
        "eps in the sum's place",
        [VALUES],
        by_rms(step="lr * grad / (np.sqrt(total) + eps)"),
    ),
    ("eps inside (E12, E59)", [VALUES], by_rms(sigma="np.sqrt(total / t + eps) - eps")),
    (
        "eps is the learning rate too (E59)",
        [SHAPE, VALUES],
        by_rms(step="eps / math.sqrt(t) * grad / (sigma + eps)"),
    ),
    ("uphill (E59)", [SHAPE, VALUES], by_rms(step="-lr / math.sqrt(t) * grad / (sigma + eps)")),
    (
        "accumulates after the step",
        [SHAPE, VALUES],
        by_rms(sigma="np.sqrt((total - grad**2) / t)"),
    ),
    (
        "the standard deviation (E82)",
        [SHAPE, VALUES],
        by_rms(sigma="grads[:t].std(axis=0)"),
    ),
    ("the mean absolute gradient", [VALUES], by_rms(sigma="np.abs(grads[:t]).mean(axis=0)")),
    ("one number for all entries", [SHAPE, VALUES], by_rms(total="total + np.sum(grad**2)")),
    (
        "the mean of all gradients, the future included",
        [SHAPE, VALUES],
        by_rms(sigma="np.sqrt(np.mean(grads**2, axis=0))"),
    ),
    ("counts from 0", [SHAPE, VALUES], by_rms().replace("    t += 1\n", "    t += t > 0 or total.any()\n")),
    ("the start left out", [SHAPE, VALUES], by_rms().replace("np.array(path)", "np.array(path[1:])")),
    ("only the steps", [SHAPE, VALUES], by_rms().replace("path[-1] -", "-")),
    ("a vector only", [SHAPE], by_rms(first="np.zeros(len(start))")),
    (
        "in place on start",
        [SHAPE, VALUES],
        """
def adagrad_by_rms(grads, start, *, lr, eps):
    path, total = [start], np.zeros_like(start)
    for t, grad in enumerate(grads, start=1):
        total += grad**2
        start -= lr / math.sqrt(t) * grad / (np.sqrt(total / t) + eps)
        path.append(start)
    return np.array(path)
""",
    ),
    (
        "changes the gradients",
        [SHAPE],
        """
def adagrad_by_rms(grads, start, *, lr, eps):
    path, squares = [start], np.cumsum(grads**2, axis=0)
    for t in range(1, len(grads) + 1):
        grads[t - 1] *= lr / math.sqrt(t) / (np.sqrt(squares[t - 1] / t) + eps)
        path.append(path[-1] - grads[t - 1])
    return np.array(path)
""",
    ),
    (
        "delegates to torch.optim",
        [SHAPE, VALUES],
        """
def adagrad_by_rms(grads, start, *, lr, eps):
    return torch_path("Adagrad", grads, start, lr=lr, eps=eps)
""",
    ),
    (
        "delegates to ravine",
        [SHAPE, VALUES],
        """
from ravine.adaptive_methods import AdaGrad


def adagrad_by_rms(grads, start, *, lr, eps):
    weight, path = torch.tensor(start, requires_grad=True), [start]
    optimizer = AdaGrad([weight], lr=lr, eps=eps)
    for grad in grads:
        weight.grad = torch.tensor(grad)
        optimizer.step()
        path.append(weight.detach().numpy().copy())
    return np.array(path)
""",
    ),
]:
    wrong("by-rms", name, fails=cells, source=source)
right(
    "by-rms",
    "without a loop",
    source="""
def adagrad_by_rms(grads, start, *, lr, eps):
    t = np.arange(1.0, len(grads) + 1).reshape(-1, *([1] * start.ndim))
    sigma = np.sqrt(np.cumsum(grads**2, axis=0) / t)
    steps = lr * grads / (np.sqrt(t) * (sigma + eps))
    return np.concatenate([start[None], start - np.cumsum(steps, axis=0)])
""",
)
right(
    "by-rms",
    "as a sum whose eps grows, in torch",
    source="""
def adagrad_by_rms(grads, start, *, lr, eps):
    theta, total = torch.tensor(start), torch.zeros(start.shape, dtype=torch.float64)
    path = [theta.clone()]
    for t, grad in enumerate(torch.tensor(grads), start=1):
        total.addcmul_(grad, grad)
        theta.sub_(lr * grad / (total.sqrt() + eps * t**0.5))
        path.append(theta.clone())
    return torch.stack(path).numpy()
""",
)

# --------------------------------------------------------------------------------------------------------- predict
ADAGRAD, RMSPROP, FORGET = "predict-adagrad", "predict-rmsprop", "predict-forget"
FIRST, HUNDREDTH = "0.001 / math.sqrt(0.001)", "0.001 / math.sqrt(1 - 0.999**100)"
for name, answer, cells in [
    ("the mean, not the sum", f"0.5, 0.2, {FIRST}, {HUNDREDTH}, 175", [ADAGRAD]),
    ("no root", f"0.0025, 0.04, {FIRST}, {HUNDREDTH}, 175", [ADAGRAD]),
    ("decays straight to zero (E36)", f"0.05, 0.0, {FIRST}, {HUNDREDTH}, 175", [ADAGRAD]),
    ("the factor not squared", f"0.05, 1 / math.sqrt(45), {FIRST}, {HUNDREDTH}, 175", [ADAGRAD]),
    ("the rate after the first step", f"0.05, 1 / 3, {FIRST}, {HUNDREDTH}, 175", [ADAGRAD]),
    ("first step lr (E33)", "0.05, 0.2, 0.001, 0.001, 175", [RMSPROP]),
    ("first step too short (E33)", "0.05, 0.2, 1e-6, 0.001 * (1 - 0.999**100), 175", [RMSPROP]),
    ("settled at step 100", f"0.05, 0.2, {FIRST}, 0.001, 175", [RMSPROP]),
    ("the first step for ever", f"0.05, 0.2, {FIRST}, {FIRST}, 175", [RMSPROP]),
    ("the wrong sign", f"0.05, 0.2, -{FIRST}, -{HUNDREDTH}, 175", [RMSPROP]),
    ("AdaGrad's steps", "0.05, 0.2, 0.001, 0.0001, 175", [RMSPROP]),
    ("beta is 0.9 (E33)", "0.05, 0.2, 0.001 / math.sqrt(0.1), 0.001, 175", [RMSPROP]),
    ("one too many", f"0.05, 0.2, {FIRST}, {HUNDREDTH}, 176", [FORGET]),
    ("one too few", f"0.05, 0.2, {FIRST}, {HUNDREDTH}, 174", [FORGET]),
    ("ten steps", f"0.05, 0.2, {FIRST}, {HUNDREDTH}, 10", [FORGET]),
    ("no squares", f"0.05, 0.2, {FIRST}, {HUNDREDTH}, 88", [FORGET]),
    ("a fraction of a step", f"0.05, 0.2, {FIRST}, {HUNDREDTH}, 174.8", [FORGET]),
]:
    wrong("predict", name, fails=cells, source=f"def predict():\n    return {answer}\n")
right(
    "predict",
    "by simulation, as a list",
    source="""
def predict():
    theta, s, steps = 0.0, 0.0, []
    for _ in range(100):
        s = 0.999 * s + 0.001 * 49
        steps.append(0.001 * 7 / math.sqrt(s))
    s, count = 1e4, 0
    while s > 2e-4:
        s, count = 0.9 * s + 0.1 * 1e-4, count + 1
    limit = 1 / math.sqrt(sum((3 * 0.8**k) ** 2 for k in range(400)))
    return [1 / math.sqrt(100 * 4), limit, steps[0], steps[-1], count]
""",
)

# -------------------------------------------------------------------------------------------------------- centered
EPS, VARIANCE, EDGES = "centered-eps", "centered-variance", "centered-edges"


def rmsprop(
    square="beta * square + (1 - beta) * grad**2",
    mean="beta * mean + (1 - beta) * grad",
    v="np.maximum(square - mean**2, 0) if centered else square",
    divisor="np.sqrt(v + eps) if inside else np.sqrt(v) + eps",
    result="params - lr * grad / divisor",
):
    """An answer to centered with one of its parts replaced."""
    return f"""
def rmsprop_step(params, square, mean, grad, *, lr, beta, eps, centered=False, inside=False):
    square = {square}
    mean = {mean}
    v = {v}
    divisor = {divisor}
    return {result}, square, mean
"""


for name, cells, source in [
    ("eps always outside (E12)", [EPS, VARIANCE, EDGES], rmsprop(divisor="np.sqrt(v) + eps")),
    ("eps always inside (E12)", [EPS, VARIANCE, EDGES], rmsprop(divisor="np.sqrt(v + eps)")),
    (
        "inside and outside exchanged (E12)",
        [EPS, VARIANCE, EDGES],
        rmsprop(divisor="np.sqrt(v) + eps if inside else np.sqrt(v + eps)"),
    ),
    (
        "inside means eps squared",
        [EPS, VARIANCE, EDGES],
        rmsprop(divisor="np.sqrt(v + (eps**2 if inside else 0)) + (0 if inside else eps)"),
    ),
    ("no eps (E29)", [EPS, VARIANCE, EDGES], rmsprop(divisor="np.sqrt(v)")),
    ("eps is 1e-8", [EPS, VARIANCE, EDGES], rmsprop(divisor="np.sqrt(v + 1e-8) if inside else np.sqrt(v) + 1e-8")),
    ("no root", [EPS, VARIANCE, EDGES], rmsprop(divisor="v + eps")),
    ("never centered", [VARIANCE, EDGES], rmsprop(v="square")),
    ("always centered", [EPS], rmsprop(v="np.maximum(square - mean**2, 0)")),
    ("no care for rounding", [EDGES], rmsprop(v="square - mean**2 if centered else square")),
    (
        "the absolute value for rounding",
        [EDGES],
        rmsprop(v="abs(square - mean**2) if centered else square"),
    ),
    (
        "only what stands under the root is kept from being negative, eps included",
        [EDGES],
        rmsprop(
            v="square - mean**2 if centered else square",
            divisor="np.sqrt(np.maximum(v + eps, 0)) if inside else np.sqrt(np.maximum(v, 0)) + eps",
        ),
    ),
    ("the mean not squared", [VARIANCE, EDGES], rmsprop(v="np.maximum(square - mean, 0) if centered else square")),
    ("this gradient for the mean", [VARIANCE], rmsprop(v="np.maximum(square - grad**2, 0) if centered else square")),
    (
        "the old mean under the root",
        [VARIANCE],
        rmsprop(
            mean="(m := mean) * beta + (1 - beta) * grad", v="np.maximum(square - m**2, 0) if centered else square"
        ),
    ),
    ("a mean only if centered", [EDGES], rmsprop(mean="beta * mean + (1 - beta) * grad if centered else mean")),
    ("a mean without 1 - beta", [VARIANCE, EDGES], rmsprop(mean="beta * mean + grad")),
    (
        "the centered gradient is what steps",
        [VARIANCE, EDGES],
        rmsprop(result="params - lr * (grad - mean * centered) / divisor"),
    ),
    (
        "corrected for the start, as Adam is (E33)",
        [EPS, VARIANCE],
        rmsprop(divisor="np.sqrt(v / (1 - beta) + eps) if inside else np.sqrt(v / (1 - beta)) + eps"),
    ),
    ("a sum, not an average", [EPS, VARIANCE, EDGES], rmsprop(square="square + grad**2")),
    (
        "the weights exchanged",
        [EPS, VARIANCE, EDGES],
        rmsprop(square="(1 - beta) * square + beta * grad**2", mean="(1 - beta) * mean + beta * grad"),
    ),
    (
        "beta is 0.9",
        [EPS, VARIANCE, EDGES],
        rmsprop(square="0.9 * square + 0.1 * grad**2", mean="0.9 * mean + 0.1 * grad"),
    ),
    (
        "s before its update",
        [EPS, VARIANCE],
        rmsprop(
            square="(s := square) * beta + (1 - beta) * grad**2", v="np.maximum(s - mean**2, 0) if centered else s"
        ),
    ),
    ("uphill", [EPS, VARIANCE, EDGES], rmsprop(result="params + lr * grad / divisor")),
    (
        "one number for all entries",
        [EPS, VARIANCE],
        rmsprop(v="np.mean(np.maximum(square - mean**2, 0) if centered else square)"),
    ),
    (
        "in place",
        [EDGES],
        """
def rmsprop_step(params, square, mean, grad, *, lr, beta, eps, centered=False, inside=False):
    square *= beta
    square += (1 - beta) * grad**2
    mean *= beta
    mean += (1 - beta) * grad
    v = np.maximum(square - mean**2, 0) if centered else square
    divisor = np.sqrt(v + eps) if inside else np.sqrt(v) + eps
    return params - lr * grad / divisor, square, mean
""",
    ),
    (
        "delegates to torch.optim",
        [EPS, VARIANCE, EDGES],
        """
def rmsprop_step(params, square, mean, grad, *, lr, beta, eps, centered=False, inside=False):
    weight = torch.tensor(params, requires_grad=True)
    optimizer = torch.optim.RMSprop([weight], lr=lr, alpha=beta, eps=eps, centered=centered)
    weight.grad = torch.tensor(grad)
    state = {"step": torch.tensor(1.0), "square_avg": torch.tensor(square), "grad_avg": torch.tensor(mean)}
    optimizer.state[weight] = state
    optimizer.step()
    return weight.detach().numpy(), state["square_avg"].numpy(), state["grad_avg"].numpy()
""",
    ),
]:
    wrong("centered", name, fails=cells, source=source)
right(
    "centered",
    "in torch, with branches",
    source="""
def rmsprop_step(params, square, mean, grad, *, lr, beta, eps, centered=False, inside=False):
    p, s, m, g = (torch.tensor(array) for array in (params, square, mean, grad))
    s.mul_(beta).addcmul_(g, g, value=1 - beta)
    m.lerp_(g, 1 - beta)
    v = s.clone()
    if centered:
        v = (v - m * m).clamp(min=0)
    if inside:
        divisor = v.add(eps).sqrt()
    else:
        divisor = v.sqrt().add(eps)
    return [p.addcdiv_(g, divisor, value=-lr).numpy(), s.numpy(), m.numpy()]
""",
)

# -------------------------------------------------------------------------------------------------------- adadelta
PATH, TWO, UNITS = "adadelta-path", "adadelta-two", "adadelta-units"
RESCALED = "eps_step * unit**2, eps_grad * (loss / unit) ** 2"


def adadelta(
    s="beta * s + (1 - beta) * grad**2",
    delta="-np.sqrt(u + eps_step) / np.sqrt(s + eps_grad) * grad",
    u="beta * u + (1 - beta) * delta**2",
    theta="theta + delta",
    rescaled=RESCALED,
):
    """An answer to adadelta with one of its parts replaced."""
    return f"""
def adadelta_path(grads, start, *, beta, eps_step, eps_grad):
    theta, path, s, u = start, [start], np.zeros(start.shape), np.zeros(start.shape)
    for grad in grads:
        s = {s}
        delta = {delta}
        u = {u}
        theta = {theta}
        path.append(theta)
    return np.array(path)


def rescaled_eps(eps_step, eps_grad, *, unit, loss):
    return {rescaled}
"""


for name, cells, source in [
    ("combines AdaGrad and RMSprop (E61)", [PATH, TWO], adadelta(s="s + grad**2")),
    ("RMSprop: u never grows", [PATH, TWO], adadelta(u="u")),
    ("u of the gradients", [PATH, TWO], adadelta(u="beta * u + (1 - beta) * grad**2")),
    ("u of the points", [PATH, TWO], adadelta(u="beta * u + (1 - beta) * (theta + delta) ** 2")),
    ("u without squares", [PATH, TWO], adadelta(u="beta * u + (1 - beta) * abs(delta)")),
    ("u is a sum", [PATH, TWO], adadelta(u="u + delta**2")),
    ("uphill", [PATH, TWO], adadelta(theta="theta - delta")),
    ("no root above", [PATH, TWO], adadelta(delta="-(u + eps_step) / np.sqrt(s + eps_grad) * grad")),
    ("eps outside the roots", [PATH, TWO], adadelta(delta="-(np.sqrt(u) + eps_step) / (np.sqrt(s) + eps_grad) * grad")),
    (
        "the two constants exchanged",
        [PATH, TWO],
        adadelta(delta="-np.sqrt(u + eps_grad) / np.sqrt(s + eps_step) * grad"),
    ),
    ("one constant", [PATH, TWO], adadelta(delta="-np.sqrt(u + eps_step) / np.sqrt(s + eps_step) * grad")),
    (
        "the other constant for both",
        [PATH, TWO],
        adadelta(delta="-np.sqrt(u + eps_grad) / np.sqrt(s + eps_grad) * grad"),
    ),
    (
        "no constant above: it never starts (E61)",
        [PATH, TWO],
        adadelta(delta="-np.sqrt(u) / np.sqrt(s + eps_grad) * grad"),
    ),
    ("a learning rate of 0.01", [PATH, TWO], adadelta(theta="theta + 0.01 * delta")),
    (
        "s before its update",
        [PATH, TWO],
        adadelta(
            s="beta * (old := s) + (1 - beta) * grad**2",
            delta="-np.sqrt(u + eps_step) / np.sqrt(old + eps_grad) * grad",
        ),
    ),
    (
        "a window of the last steps (E61)",
        [PATH, TWO],
        adadelta(s="np.mean(grads[max(0, len(path) - 3) : len(path)] ** 2, axis=0)"),
    ),
    ("beta is 0.9", [PATH, TWO], adadelta().replace("    theta, path", "    beta = 0.9\n    theta, path")),
    ("the steps, not the points", [PATH, TWO], adadelta(theta="delta")),
    ("the units left alone", [UNITS], adadelta(rescaled="eps_step, eps_grad")),
    ("no squares", [UNITS], adadelta(rescaled="eps_step * unit, eps_grad * loss / unit")),
    ("the other way round", [UNITS], adadelta(rescaled="eps_step / unit**2, eps_grad * (loss * unit) ** 2")),
    ("the loss forgotten", [UNITS], adadelta(rescaled="eps_step * unit**2, eps_grad / unit**2")),
    (
        "the loss for the steps too",
        [UNITS],
        adadelta(rescaled="eps_step * (unit * loss) ** 2, eps_grad * (loss / unit) ** 2"),
    ),
    ("the gradient in the old unit", [UNITS], adadelta(rescaled="eps_step * unit**2, eps_grad * loss**2")),
    ("the gradient times the unit", [UNITS], adadelta(rescaled="eps_step * unit**2, eps_grad * (loss * unit) ** 2")),
    ("the loss divides", [UNITS], adadelta(rescaled="eps_step * unit**2, eps_grad / (loss * unit) ** 2")),
    ("the other order", [UNITS], adadelta(rescaled="eps_grad * (loss / unit) ** 2, eps_step * unit**2")),
    (
        "in place on start",
        [PATH, TWO],
        adadelta().replace("theta = theta + delta", "theta += delta"),
    ),
    (
        "delegates to torch.optim",
        [PATH, TWO],
        f"""
def adadelta_path(grads, start, *, beta, eps_step, eps_grad):
    return torch_path("Adadelta", grads, start, lr=1.0, rho=beta, eps=eps_step)


def rescaled_eps(eps_step, eps_grad, *, unit, loss):
    return {RESCALED}
""",
    ),
    (
        "delegates to ravine",
        [PATH, TWO, UNITS],
        f"""
from ravine.adaptive_methods import AdaDelta


def adadelta_path(grads, start, *, beta, eps_step, eps_grad):
    weight, path = torch.tensor(start, requires_grad=True), [start]
    optimizer = AdaDelta([weight], lr=1.0, beta=beta, eps=eps_step)
    for grad in grads:
        weight.grad = torch.tensor(grad)
        optimizer.step()
        path.append(weight.detach().numpy().copy())
    return np.array(path)


def rescaled_eps(eps_step, eps_grad, *, unit, loss):
    return {RESCALED}
""",
    ),
]:
    wrong("adadelta", name, fails=cells, source=source)
right(
    "adadelta",
    "the ratio under one root, in torch; the constants in steps",
    source="""
def adadelta_path(grads, start, *, beta, eps_step, eps_grad):
    path, s, u = [torch.tensor(start)], 0.0, 0.0
    for grad in torch.tensor(grads):
        s = beta * s + (1 - beta) * grad * grad
        delta = grad * ((u + eps_step) / (s + eps_grad)) ** 0.5
        u = beta * u + (1 - beta) * delta * delta
        path.append(path[-1] - delta)
    return torch.stack(path).numpy()


def rescaled_eps(eps_step, eps_grad, *, unit, loss):
    slope = loss / unit
    return [unit * unit * eps_step, slope * slope * eps_grad]
""",
)

# ---------------------------------------------------------------------------------------------------------- sparse
ROWS, DECAY, REPEATED = "sparse-adagrad", "sparse-decay", "sparse-repeated"


def sparse(
    add="np.add.at(grad, place, grads)",
    power="age[touched]",
    memory="memory[touched] * factor + grad**2",
    step="lr * grad / (np.sqrt(memory[touched]) + eps)",
    aging="age + 1",
    reset="age[touched] = 0",
    copies="table.copy(), memory.copy()",
):
    """An answer to sparse with one of its parts replaced."""
    return f"""
def sparse_step(table, memory, age, rows, grads, *, lr, beta, eps):
    touched, place = np.unique(rows, return_inverse=True)
    grad = np.zeros((len(touched), table.shape[1]))
    {add}
    table, memory = {copies}
    age = {aging}
    factor = (beta ** {power} * np.ones(len(touched)))[:, None]
    memory[touched] = {memory}
    table[touched] -= {step}
    {reset}
    return table, memory, age
"""


for name, cells, source in [
    ("one factor, however long it was", [DECAY, REPEATED], sparse(power="1")),
    ("one factor too few", [DECAY, REPEATED], sparse(power="(age[touched] - 1)")),
    ("one factor too many", [DECAY, REPEATED], sparse(power="(age[touched] + 1)")),
    ("nothing decays: always AdaGrad", [DECAY, REPEATED], sparse(power="0")),
    ("a factor 1 - beta", [ROWS, DECAY, REPEATED], sparse(memory="memory[touched] * factor + (1 - beta) * grad**2")),
    (
        "1 - beta unless beta is 1",
        [DECAY, REPEATED],
        sparse(memory="memory[touched] * factor + (1 - beta or 1) * grad**2"),
    ),
    ("the memory of touched rows begins anew", [ROWS, DECAY, REPEATED], sparse(memory="grad**2")),
    ("beta is 0.9", [ROWS, DECAY, REPEATED], sparse(power="age[touched] * 0 + 0.9 ** age[touched]")),
    ("the last of repeated rows", [REPEATED], sparse(add="grad[place] = grads")),
    ("repeated rows, added in the wrong way", [REPEATED], sparse(add="grad[place] += grads")),
    (
        "the mean of repeated rows",
        [REPEATED],
        sparse(add="np.add.at(grad, place, grads); grad /= np.bincount(place, minlength=len(touched))[:, None]"),
    ),
    (
        "squared before they are added",
        [REPEATED],
        sparse(
            add="np.add.at(grad, place, grads); squares = np.zeros(grad.shape); np.add.at(squares, place, grads**2)",
            memory="memory[touched] * factor + squares",
        ),
    ),
    ("no eps (E29)", [ROWS, DECAY, REPEATED], sparse(step="lr * grad / np.sqrt(memory[touched])")),
    ("eps inside (E12)", [ROWS, DECAY, REPEATED], sparse(step="lr * grad / np.sqrt(memory[touched] + eps)")),
    ("no root", [ROWS, DECAY, REPEATED], sparse(step="lr * grad / (memory[touched] + eps)")),
    ("uphill", [ROWS, DECAY, REPEATED], sparse(step="-lr * grad / (np.sqrt(memory[touched]) + eps)")),
    (
        "one rate for a row",
        [ROWS, DECAY, REPEATED],
        sparse(step="lr * grad / (np.sqrt(memory[touched].sum(axis=1, keepdims=True)) + eps)"),
    ),
    ("no row ages", [ROWS, DECAY, REPEATED], sparse(aging="age.copy()")),
    ("touched rows go on aging", [ROWS, DECAY, REPEATED], sparse(reset="pass")),
    ("all rows begin anew", [ROWS, DECAY, REPEATED], sparse(reset="age[:] = 0")),
    ("touched rows have age 1", [ROWS, DECAY, REPEATED], sparse(reset="age[touched] = 1")),
    ("the table in place", [ROWS], sparse(copies="table, memory.copy()")),
    ("the memory in place", [ROWS], sparse(copies="table.copy(), memory")),
    (
        "the age in place",
        [ROWS],
        sparse(aging="np.add(age, 1, out=age)"),
    ),
    (
        "decays all rows at each step, and again",
        [DECAY, REPEATED],
        sparse(copies="table.copy(), memory * beta", power="age[touched]"),
    ),
    (
        "dense: the memory of the others decays too",
        [DECAY, REPEATED],
        """
def sparse_step(table, memory, age, rows, grads, *, lr, beta, eps):
    grad = np.zeros_like(table)
    np.add.at(grad, rows, grads)
    memory = beta * memory + grad**2
    age = age + 1
    age[rows] = 0
    return table - lr * grad / (np.sqrt(memory) + eps), memory, age
""",
    ),
    (
        "delegates to torch.optim",
        [ROWS, DECAY, REPEATED],
        """
def sparse_step(table, memory, age, rows, grads, *, lr, beta, eps):
    grad = np.zeros_like(table)
    np.add.at(grad, rows, grads)
    root = math.sqrt(1 - beta)
    new = torch_path("RMSprop", [grad], table, lr=lr * root, alpha=beta, eps=eps * root)[-1]
    age = age + 1
    age[rows] = 0
    return new, beta * memory + grad**2, age
""",
    ),
]:
    wrong("sparse", name, fails=cells, source=source)
right(
    "sparse",
    "row by row",
    source="""
def sparse_step(table, memory, age, rows, grads, *, lr, beta, eps):
    whole = {}
    for row, grad in zip(rows.tolist(), grads):
        whole[row] = whole.get(row, 0) + grad
    table, memory, age = np.array(table), np.array(memory), np.array(age)
    for row, grad in whole.items():
        memory[row] = beta ** (age[row] + 1) * memory[row] + grad**2
        table[row] -= lr * grad / (np.sqrt(memory[row]) + eps)
        age[row] = -1
    return table, memory, age + 1
""",
)
right(
    "sparse",
    "with torch and a mask",
    source="""
def sparse_step(table, memory, age, rows, grads, *, lr, beta, eps):
    t, v, rows = torch.tensor(table), torch.tensor(memory), torch.tensor(rows)
    grad = torch.zeros_like(t).index_add_(0, rows, torch.tensor(grads))
    hit = torch.zeros(len(t), dtype=torch.bool)
    hit[rows] = True
    age = torch.tensor(age) + 1
    v = torch.where(hit[:, None], v * beta ** age.double()[:, None] + grad * grad, v)
    t = torch.where(hit[:, None], t - lr * grad / (v.sqrt() + eps), t)
    return t.numpy(), v.numpy(), torch.where(hit, 0, age).numpy()
""",
)

# ------------------------------------------------------------------------------------------------------------ bugs
ONE, SEVERAL, ZEROS = "bugs-one", "bugs-several", "bugs-zeros"


def fit(
    total="sum(past**2 for past in seen)",
    divisor="np.sqrt(total) + eps",
    step="lr * grad",
    late="seen.append(grad)",
    update="weights = weights -",
):
    """An answer to bugs with one of its parts replaced."""
    return f"""
def fit(x, y, start, *, lr, eps):
    weights, seen = start, []
    for features, target in zip(x, y, strict=True):
        grad = (features @ weights - target) * features
        {late}
        total = {total}
        {update} {step} / ({divisor})
    return weights
"""


for name, cells, source in [
    (
        "handed back as it was (E28)",
        [ONE, SEVERAL, ZEROS],
        fit(total="sum(grad**2 for past in seen)", divisor="np.sqrt(np.sum(total))"),
    ),
    ("the index still drifts (E28)", [ONE, SEVERAL], fit(total="sum(grad**2 for past in seen)")),
    (
        "the index drifts, and no eps (E28, E29)",
        [ONE, SEVERAL, ZEROS],
        fit(total="sum(grad**2 for past in seen)", divisor="np.sqrt(total)"),
    ),
    ("still one number for all weights", [SEVERAL], fit(divisor="np.sqrt(np.sum(total)) + eps")),
    ("eps still missing (E29)", [ONE, ZEROS], fit(divisor="np.sqrt(total)")),
    ("eps inside (E59)", [ONE], fit(divisor="np.sqrt(total + eps)")),
    ("eps is 1e-10", [ONE], fit(divisor="np.sqrt(total) + 1e-10 * 1e-10")),
    ("eps only where the sum is zero", [ONE], fit(divisor="np.where(total > 0, np.sqrt(total), eps)")),
    ("a mean: no fall", [ONE, SEVERAL], fit(total="np.mean(np.square(seen), axis=0)")),
    ("absolute values", [ONE, SEVERAL], fit(total="sum(abs(past) for past in seen) ** 2")),
    ("a sum that can fall: no squares", [ONE, SEVERAL], fit(total="abs(sum(past for past in seen)) ** 2")),
    ("uphill (E59)", [ONE, SEVERAL, ZEROS], fit(update="weights = weights +")),
    ("eps for the learning rate (E59)", [ONE, SEVERAL, ZEROS], fit(step="eps * grad")),
    (
        "no root",
        [ONE, SEVERAL, ZEROS],
        fit(divisor="total + eps"),
    ),
    (
        "accumulates after the step",
        [ONE, SEVERAL, ZEROS],
        fit(total="sum((past**2 for past in seen), np.zeros_like(grad))", late="seen = [*seen, grad]").replace(
            "in seen)", "in seen[:-1])"
        ),
    ),
    ("in place on start", [SEVERAL], fit(update="weights -=")),
    (
        "delegates to torch.optim",
        [ONE, SEVERAL, ZEROS],
        """
def fit(x, y, start, *, lr, eps):
    weights = torch.tensor(start, requires_grad=True)
    optimizer = torch.optim.Adagrad([weights], lr=lr, eps=eps)
    for features, target in zip(torch.tensor(x), torch.tensor(y)):
        optimizer.zero_grad()
        ((features @ weights - target) ** 2 / 2).backward()
        optimizer.step()
    return weights.detach().numpy()
""",
    ),
]:
    wrong("bugs", name, fails=cells, source=source)
right("bugs", "with the list of gradients", source=fit())
right(
    "bugs",
    "with autograd",
    source="""
def fit(x, y, start, *, lr, eps):
    weights, total = torch.tensor(start), torch.zeros(len(start), dtype=torch.float64)
    for features, target in zip(torch.tensor(x), torch.tensor(y)):
        leaf = weights.requires_grad_()
        (grad,) = torch.autograd.grad((features @ leaf - target) ** 2 / 2, leaf)
        total += grad**2
        weights = leaf.detach() - lr * grad / (total.sqrt() + eps)
    return weights.detach().numpy()
""",
)

# ----------------------------------------------------------------------------------------------------------- angle
ANGLE = ["angle-values", "angle-edges"]


def angle(
    check="kappa <= 1 or not 1 <= target <= kappa",
    sine="(target - 1) / (kappa - 1) * math.sqrt(kappa / target)",
    result="math.asin(min(1.0, sine)) / 2",
):
    """An answer to angle with one of its parts replaced."""
    return f"""
def largest_angle(kappa, target):
    if {check}:
        raise ValueError("kappa > 1 and 1 <= target <= kappa")
    r = (target - 1) / (target + 1)
    sine = {sine}
    return {result}
"""


for name, cells, source in [
    ("the angle doubled", ANGLE, angle(result="math.asin(min(1.0, sine))")),
    ("in degrees", ANGLE, angle(result="math.degrees(math.asin(min(1.0, sine)) / 2)")),
    ("the cosine", ANGLE, angle(result="math.acos(min(1.0, sine)) / 2")),
    ("no root", ANGLE[:1], angle(sine="(target - 1) / (kappa - 1)")),
    ("the correlation for the sine", ANGLE, angle(sine="r")),
    ("mean diagonal entries", ANGLE[:1], angle(sine="r * (kappa + 1) / (kappa - 1)")),
    ("the product is kappa", ANGLE, angle(sine="2 * r * math.sqrt(kappa) / (kappa - 1)")),
    (
        "the square of the correlation",
        ANGLE,
        angle(sine="r**2 * (kappa + 1) / (kappa - 1)").replace("(1.0, sine)", "(0.9, sine)"),
    ),
    ("a linear guess", ANGLE[:1], angle(result="math.pi / 4 * (target - 1) / (kappa - 1)")),
    ("no check", ANGLE[1:], angle(check="False")),
    ("a target above kappa passes", ANGLE[1:], angle(check="kappa <= 1 or target < 1")),
    ("a target of kappa refused", ANGLE[1:], angle(check="kappa <= 1 or not 1 <= target < kappa")),
    ("a target of 1 refused", ANGLE[1:], angle(check="kappa <= 1 or not 1 < target <= kappa")),
    (
        "a round ravine passes",
        ANGLE[1:],
        angle(check="not 1 <= target <= kappa").replace("(kappa - 1)", "max(kappa - 1, 1e-300)"),
    ),
    ("gains nothing: always 45 degrees", ANGLE, angle(result="math.pi / 4")),
    (
        "delegates to ravine",
        ANGLE,
        """
from ravine import landscapes
from ravine.adaptive_methods import AdaGrad


def largest_angle(kappa, target):
    return landscapes.quadratic(kappa, target).angle
""",
    ),
]:
    wrong("angle", name, fails=cells, source=source)
right("angle", "by the correlation", source=angle(sine="2 * r * math.sqrt(kappa / (1 - r**2)) / (kappa - 1)"))
right(
    "angle",
    "by bisection",
    source="""
def largest_angle(kappa, target):
    if not (kappa > 1 and 1 <= target <= kappa):
        raise ValueError("no such angle")

    def left(angle):
        c, s = math.cos(angle), math.sin(angle)
        a, b, d = c * c + kappa * s * s, (1 - kappa) * c * s, s * s + kappa * c * c
        r = abs(b) / math.sqrt(a * d)
        return (1 + r) / (1 - r)

    low, high = 0.0, math.pi / 4
    for _ in range(60):
        middle = (low + high) / 2
        if left(middle) < target:
            low = middle
        else:
            high = middle
    return high
""",
)

# ------------------------------------------------------------------------------------------------------------ rest
for name, answer, cells in [
    ("an amplitude of lr", "0.3, -0.3, 0.1, -0.2, 7 * 0.3**2 / 2", ["rest-rmsprop"]),
    ("RMSprop is sign descent", "0.1, -0.2, 0.1, -0.2, 7 * 0.025 / 2", ["rest-rmsprop"]),
    ("sign descent is RMSprop", "0.15, -0.15, 0.15, -0.15, 0.07875", ["rest-signs"]),
    ("it converges", "1e-9, -1e-9, 0.1, -0.2, 1e-9", ["rest-rmsprop"]),
    ("divided by the curvature", "0.3 / 7, -0.3 / 7, 0.1, -0.2, 0.07875", ["rest-rmsprop"]),
    ("the loss without its half", "0.15, -0.15, 0.1, -0.2, 0.1575", ["rest-rmsprop"]),
    ("the loss without the curvature", "0.15, -0.15, 0.1, -0.2, 0.01125", ["rest-rmsprop"]),
    ("signs the wrong way round", "0.15, -0.15, 0.2, -0.1, 0.07875", ["rest-signs"]),
    ("one point short", "0.15, -0.15, 0.4, -0.2, 0.07875", ["rest-signs"]),
    ("the order of the points", "-0.15, 0.15, -0.2, 0.1, 0.07875", ["rest-rmsprop", "rest-signs"]),
]:
    wrong("rest", name, fails=cells, source=f"def resting_places():\n    return {answer}\n")
right(
    "rest",
    "measured",
    source="""
def resting_places():
    ends = []
    for beta in (0.9, 0.0):
        theta, s, seen = 1.0, 0.0, []
        for _ in range(3000):
            g = 7 * theta
            s = beta * s + (1 - beta) * g * g
            theta -= 0.3 * g / (math.sqrt(s) + (1e-8 if beta else 0.0))
            seen.append(theta)
        ends += [max(seen[-100:]), min(seen[-100:])]
        if beta:
            loss = sum(7 * point**2 / 2 for point in seen[-100:]) / 100
    return [*ends, loss]
""",
)

# ------------------------------------------------------------------------------------------------- true-statements
GROUPS = [f"true-statements-{name}" for name in ("ruler", "memory", "constants")]
for name, letters, cells in [
    ("second moments are second derivatives (E25)", "ABDGI", GROUPS[:1]),
    ("the second moment is the oscillation (E82)", "DGI", GROUPS[:1]),
    ("eps is a regularizer (E59)", "BCDGI", GROUPS[:1]),
    ("the sum grows for continuous data only (E36)", "BGI", GROUPS[1:2]),
    ("decays straight to zero (E36)", "BDEGI", GROUPS[1:2]),
    ("seasons (E60)", "BDFGI", GROUPS[1:2]),
    ("one eps is as good as another (E12)", "BDI", GROUPS[2:]),
    ("a window, and no learning rate (E61)", "BDGHI", GROUPS[2:]),
    ("the state is not needed (E33)", "BDG", GROUPS[2:]),
    ("all", "ABCDEFGHI", GROUPS),
    ("none", "", GROUPS),
    ("the false ones", "ACEFH", GROUPS),
]:
    wrong("true-statements", name, fails=cells, source=f'def true_statements():\n    return "{letters}"\n')
right("true-statements", "in another order", source='def true_statements():\n    return "IGDB"\n')

# ---------------------------------------------------------------------------------------------------------- uphill
for name, answer in [
    ("small gradients only", "[2.0, -1.0] * 20"),
    ("too short a time to forget", "[20.0] + 9 * [-1.0]"),
    ("not enough to the left", "[60.0] + 49 * [-1.0]"),
    ("all to the left", "[1.0, 1.0]"),
    ("all to the right", "100 * [-1.0]"),
    ("turned round", "[-200.0] + 99 * [1.0]"),
    ("too many", "[400.0] + 150 * [-1.0]"),
    ("a single one", "[-1.0]"),
    ("infinite", "[float('inf')] + 99 * [-1.0]"),
    ("so large that its square is not", "[2e200] + 99 * [-1e198]"),
    ("above the limit", "[4e6] + 99 * [-2e4]"),
    ("None", "None"),
]:
    wrong("uphill", name, fails=["uphill-walk"], source=f"def misleading_gradients():\n    return {answer}\n")
right("uphill", "an array of 60", source="def misleading_gradients():\n    return np.array([118.0] + 59 * [-1.0])\n")

# ------------------------------------------------------------------------- mutants that are the same function
equivalent(
    "bugs",
    "features @ weights -> weights @ features",
    why="both are vectors, and the dot product of two vectors does not depend on their order",
)
for mutant in ("[200.0] + 99 * [-1.0] -> [400.0] + 99 * [-1.0]", "99 * [-1.0] -> 98 * [-1.0]"):
    equivalent("uphill", mutant, why="any list that does what the statement asks is right, and this one does it too")
