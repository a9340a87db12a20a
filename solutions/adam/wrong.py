"""Answers to the assignment *Adam* whose verdict is known; read by ``proctor verify``, never imported.

Each wrong answer is a mistake that people make; ``fails`` lists exactly the test cells that must notice it. E-numbers
refer to the errata of the source notes, where the mistake comes from one.
"""

from proctor.variants import equivalent, right, wrong

# -------------------------------------------------------------------------------------------------------- readings
ZERO, START = "readings-zero", "readings-start"


def repaired(t="np.arange(1, len(readings) + 1)", value="(readings - left * start) / (1 - left)"):
    """An answer to readings with one of its parts replaced."""
    return f"""
def repair_readings(readings, *, beta, start=0.0):
    t = {t}
    left = (beta ** (t + 0 * np.arange(len(readings)))).reshape((-1,) + (1,) * (readings.ndim - 1))
    return {value}
"""


for name, cells, parts in [
    ("the exponent 2 (E4)", [ZERO, START], {"t": "2"}),
    ("the exponent T", [ZERO, START], {"t": "len(readings)"}),
    ("counted from 0 (E13)", [ZERO, START], {"t": "np.arange(len(readings))"}),
    ("the start ignored (E14)", [START], {"value": "readings / (1 - left)"}),
    ("the whole start taken away", [START], {"value": "(readings - start) / (1 - left)"}),
    ("the start put in once more", [START], {"value": "(readings + left * start) / (1 - left)"}),
    ("the start taken away late", [START], {"value": "readings / (1 - left) - left * start"}),
    ("the start decayed once", [START], {"value": "(readings - beta * start) / (1 - left)"}),
    ("not divided", [ZERO, START], {"value": "readings - left * start"}),
    ("multiplied", [ZERO, START], {"value": "(readings - left * start) * (1 - left)"}),
    ("divided by 1 - beta", [ZERO, START], {"value": "(readings - left * start) / (1 - beta)"}),
    ("as they are", [ZERO, START], {"value": "readings"}),
    ("beta is 0.9", [ZERO, START], {"t": "np.arange(1, len(readings) + 1) * math.log(0.9) / math.log(beta or 0.1)"}),
]:
    wrong("readings", name, fails=cells, source=repaired(**parts))
wrong(
    "readings",
    "t along the last axis",
    fails=[ZERO, START],
    source="""
def repair_readings(readings, *, beta, start=0.0):
    left = beta ** np.arange(1, readings.shape[-1] + 1)
    return (readings - left * start) / (1 - left)
""",
)
wrong(
    "readings",
    "for numbers only",
    fails=[ZERO, START],
    source="""
def repair_readings(readings, *, beta, start=0.0):
    left = beta ** np.arange(1, len(readings) + 1)
    return (readings - left * start) / (1 - left)
""",
)
wrong(
    "readings",
    "in place",
    fails=[ZERO],
    source=repaired(value="readings").replace(
        "    return", "    readings -= left * start\n    readings /= 1 - left\n    return"
    ),
)
right("readings", "with an explicit shape", source=repaired())
right(
    "readings",
    "recover the values, then weigh them",
    source="""
def repair_readings(readings, *, beta, start=0.0):
    before, total, weight, repaired = np.full(readings.shape[1:], start), 0.0, 0.0, []
    for reading in readings:
        value = (reading - beta * before) / (1 - beta)
        total, weight, before = beta * total + value, beta * weight + 1, reading
        repaired.append(total / weight)
    return np.array(repaired).reshape(readings.shape)
""",
)

# --------------------------------------------------------------------------------------------------------- predict
EPSILON, CORRECTION, TREND = "predict-epsilon", "predict-correction", "predict-trend"
for name, answer, cells in [
    ("epsilon negligible", "1.0, 0.001, 0.76, 0.0526, 12", [EPSILON]),
    ("epsilon inside everywhere (E11)", "0.001, 0.001, 0.0001, 0.0526, 12", [EPSILON, CORRECTION]),
    ("the two exchanged", "0.001, 0.909, 0.76, 0.0526, 12", [EPSILON]),
    ("epsilon outside everywhere", "0.909, 0.909, 0.76, 0.0526, 12", [EPSILON]),
    ("no root", "0.909, 10.0, 0.76, 0.0526, 12", [EPSILON]),
    ("Keras", "0.24, 0.001, 0.76, 0.0526, 12", [EPSILON]),
    ("uncorrected without epsilon", "0.909, 0.001, 3.162, 0.0526, 12", [CORRECTION]),
    ("corrected always", "0.909, 0.001, 0.909, 0.0526, 12", [CORRECTION]),
    ("each step is lr (E62)", "0.909, 0.001, 0.76, 1.0, 12", [CORRECTION]),
    ("the steps cancel", "0.909, 0.001, 0.76, 1e-12, 12", [CORRECTION]),
    ("uncorrected second step", "0.909, 0.001, 0.76, 0.2237, 12", [CORRECTION]),
    ("the exponent 1", "0.909, 0.001, 0.76, 0.0707, 12", [CORRECTION]),
    ("not divided by v", "0.909, 0.001, 0.76, 0.1053, 12", [CORRECTION]),
    ("the correction removes the lag (E85)", "0.909, 0.001, 0.76, 0.0526, 0", [EPSILON, CORRECTION, TREND]),
    ("hardly any lag (E85)", "0.909, 0.001, 0.76, 0.0526, 1e-9", [TREND]),
    ("the lag of slope 1", "0.909, 0.001, 0.76, 0.0526, 4", [TREND]),
    ("the memory", "0.909, 0.001, 0.76, 0.0526, 15", [TREND]),
    ("the lag for 0.9", "0.909, 0.001, 0.76, 0.0526, 27", [TREND]),
    ("the lag for 0.9 and slope 1", "0.909, 0.001, 0.76, 0.0526, 9", [TREND]),
]:
    wrong("predict", name, fails=cells, source=f"def predict():\n    return {answer}\n")
right(
    "predict",
    "computed",
    source="""
def predict():
    g, eps = 1e-7, 1e-8
    m = v = mean = 0.0
    for t, slope in enumerate([2.0, -2.0], start=1):
        m, v = 0.9 * m + 0.1 * slope, 0.999 * v + 0.001 * slope**2
    for t in range(1, 1001):
        mean = 0.8 * mean + 0.2 * 3 * t
    second = abs(m) / (1 - 0.9**2) / math.sqrt(v / (1 - 0.999**2))
    return [g / (g + eps), g / math.sqrt(g * g + eps), 0.1 * g / (0.001**0.5 * g + eps), second, 3000 - mean]
""",
)

# ------------------------------------------------------------------------------------------------------------ adam
PLAIN, DECOUPLED, PENALTY, STATE = "adam-plain", "adam-decoupled", "adam-l2", "adam-state"
WALKS = [PLAIN, DECOUPLED, PENALTY]


def adam(
    t="state.get('t', 0) + 1",
    before="",
    grad="grad if decoupled else grad + weight_decay * params",
    m="beta1 * state.get('m', 0.0) + (1 - beta1) * grad",
    v="beta2 * state.get('v', 0.0) + (1 - beta2) * grad**2",
    hats="m / (1 - beta1**t), v / (1 - beta2**t)",
    step="m_hat / (np.sqrt(v_hat) + eps)",
    decay="weight_decay * params if decoupled else 0.0",
    result="params - lr * (step + decay), {'t': t, 'm': m, 'v': v}",
):
    """An answer to adam with one of its parts replaced."""
    return f"""
def adam_step(params, grad, state, *, lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0, decoupled=True):
    beta1, beta2 = betas
    {before or "pass"}
    t = {t}
    grad = {grad}
    m = {m}
    v = {v}
    m_hat, v_hat = {hats}
    step = {step}
    decay = {decay}
    return {result}
"""


for name, cells, parts in [
    ("epsilon inside (E11)", [PLAIN], {"step": "m_hat / np.sqrt(v_hat + eps)"}),
    ("no epsilon", [PLAIN, DECOUPLED, PENALTY], {"step": "m_hat / np.sqrt(v_hat)"}),
    ("epsilon on the uncorrected root", [PLAIN], {"step": "m_hat / (np.sqrt(v) + eps) * np.sqrt(1 - beta2**t)"}),
    ("epsilon is always 1e-8", [PLAIN], {"before": "eps = 1e-8"}),
    ("no correction", [*WALKS, STATE], {"hats": "m, v"}),
    ("only m corrected", [*WALKS, STATE], {"hats": "m / (1 - beta1**t), v"}),
    ("the exponent 2 (E4)", [*WALKS, STATE], {"hats": "m / (1 - beta1**2), v / (1 - beta2**2)"}),
    ("one beta (E4)", [*WALKS, STATE], {"before": "beta2 = beta1"}),
    ("betas exchanged", [*WALKS, STATE], {"before": "beta2, beta1 = betas"}),
    ("betas ignored", [*WALKS, STATE], {"before": "beta1, beta2 = 0.9, 0.999"}),
    ("t from 0 (E13)", [*WALKS, STATE], {"t": "state.get('t', -1) + 1"}),
    ("t from 2", [*WALKS, STATE], {"t": "state.get('t', 1) + 1"}),
    ("t never grows", [*WALKS, STATE], {"t": "1"}),
    ("no square (E3)", [*WALKS, STATE], {"v": "beta2 * state.get('v', 0.0) + (1 - beta2) * abs(grad)"}),
    ("the square of the mean (E2)", [*WALKS, STATE], {"v": "beta2 * state.get('v', 0.0) + (1 - beta2) * m**2"}),
    ("no root", [*WALKS, STATE], {"step": "m_hat / (v_hat + eps)"}),
    ("m is the gradient (E2)", [*WALKS, STATE], {"m": "grad"}),
    ("no weights 1 - beta (E3)", [*WALKS, STATE], {"m": "beta1 * state.get('m', 0.0) + grad"}),
    (
        "the learning rate in m (E5)",
        [STATE],
        {
            "m": "beta1 * state.get('m', 0.0) + (1 - beta1) * lr * grad",
            "result": "params - step - lr * decay, {'t': t, 'm': m, 'v': v}",
        },
    ),
    ("uphill", [*WALKS, STATE], {"result": "params + lr * (step - decay), {'t': t, 'm': m, 'v': v}"}),
    ("no learning rate", [*WALKS, STATE], {"result": "params - step - lr * decay, {'t': t, 'm': m, 'v': v}"}),
    ("always an L2 penalty (E18)", [DECOUPLED], {"before": "decoupled = False"}),
    ("always decoupled", [PENALTY], {"before": "decoupled = True"}),
    ("the switch turned round", [DECOUPLED, PENALTY], {"before": "decoupled = not decoupled"}),
    ("no decay", [DECOUPLED, PENALTY], {"before": "weight_decay = 0.0"}),
    ("both decays", [PENALTY], {"decay": "weight_decay * params"}),
    ("both decays, decoupled", [DECOUPLED], {"grad": "grad + weight_decay * params"}),
    ("the penalty subtracted", [PENALTY], {"grad": "grad if decoupled else grad - weight_decay * params"}),
    (
        "the penalty passes m only",
        [PENALTY],
        {
            "grad": "grad",
            "m": "beta1 * state.get('m', 0.0) + (1 - beta1) * (grad + (0 if decoupled else weight_decay * params))",
        },
    ),
    ("twice the penalty", [PENALTY], {"grad": "grad if decoupled else grad + 2 * weight_decay * params"}),
    ("the decay without lr", [DECOUPLED], {"decay": "weight_decay * params / lr if decoupled else 0.0"}),
    ("the decay after the step", [DECOUPLED], {"decay": "weight_decay * (params - lr * step) if decoupled else 0.0"}),
    ("the decay grows", [DECOUPLED], {"decay": "-weight_decay * params if decoupled else 0.0"}),
    (
        "the corrected means kept",
        [*WALKS, STATE],
        {
            "result": "params - lr * (step + decay), {'t': t, 'm': m_hat, 'v': v_hat}",
        },
    ),
    ("the state changed in place", [STATE], {"result": "params - lr * (step + decay), state"}),
    ("in place", [*WALKS, STATE], {"before": "params *= 1.0", "result": "params, {'t': t, 'm': m, 'v': v}"}),
    (
        "a state with more in it",
        [STATE],
        {
            "result": "params - lr * (step + decay), {'t': t, 'm': m, 'v': v, 'lr': lr}",
        },
    ),
]:
    source = adam(**parts)
    if name == "the state changed in place":
        source = source.replace("    return", "    state.update(t=t, m=m, v=v)\n    return")
    if name == "in place":
        source = source.replace("    return", "    params -= lr * (step + decay)\n    return")
    wrong("adam", name, fails=cells, source=source)
wrong(
    "adam",
    "one state for all",
    fails=[STATE],
    source="""
memory = {}


def adam_step(params, grad, state, *, lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0, decoupled=True):
    if not state and not np.any(memory.get("shape", ()) == params.shape and params == 0):
        memory.clear()
    memory["shape"] = params.shape
    beta1, beta2 = betas
    t = memory.get("t", 0) + 1
    if not decoupled:
        grad = grad + weight_decay * params
    m = beta1 * memory.get("m", 0.0) + (1 - beta1) * grad
    v = beta2 * memory.get("v", 0.0) + (1 - beta2) * grad**2
    memory.update(t=t, m=m, v=v)
    step = m / (1 - beta1**t) / (np.sqrt(v / (1 - beta2**t)) + eps)
    if decoupled:
        step = step + weight_decay * params
    return params - lr * step, {"t": t, "m": m, "v": v}
""",
)
wrong(
    "adam",
    "delegates to torch.optim",
    fails=[*WALKS, STATE],
    source="""
def adam_step(params, grad, state, *, lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0, decoupled=True):
    weight = torch.tensor(params, requires_grad=True)
    weight.grad = torch.tensor(grad)
    method = torch.optim.AdamW if decoupled else torch.optim.Adam
    optimizer = method([weight], lr=lr, betas=betas, eps=eps, weight_decay=weight_decay)
    if state:
        optimizer.state[weight] = {
            "step": torch.tensor(float(state["t"])),
            "exp_avg": torch.tensor(state["m"]),
            "exp_avg_sq": torch.tensor(state["v"]),
        }
    optimizer.step()
    kept = optimizer.state[weight]
    after = {"t": int(kept["step"]), "m": kept["exp_avg"].numpy(), "v": kept["exp_avg_sq"].numpy()}
    return weight.detach().numpy(), after
""",
)
wrong(
    "adam",
    "delegates to ravine",
    fails=[*WALKS, STATE],
    source="""
import ravine.adam


def adam_step(params, grad, state, *, lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0, decoupled=True):
    weight = torch.tensor(params, requires_grad=True)
    weight.grad = torch.tensor(grad)
    optimizer = ravine.adam.AdamW([weight], lr=lr, betas=betas, eps=eps, weight_decay=weight_decay)
    optimizer.step()
    return weight.detach().numpy(), {"t": 1, "m": 0.1 * grad, "v": 0.001 * grad**2}
""",
)
right("adam", "with branches in one line", source=adam())
right(
    "adam",
    "with torch, in place, the decay first",
    source="""
def adam_step(params, grad, state, *, lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0, decoupled=True):
    theta, g = torch.tensor(params), torch.tensor(grad)
    if decoupled:
        theta.mul_(1 - lr * weight_decay)
    else:
        g.add_(theta, alpha=weight_decay)
    if not state:
        state = {"t": 0, "m": np.zeros_like(grad), "v": np.zeros_like(grad)}
    t, m, v = state["t"] + 1, torch.tensor(state["m"]), torch.tensor(state["v"])
    m.lerp_(g, 1 - betas[0])
    v.mul_(betas[1]).addcmul_(g, g, value=1 - betas[1])
    root = (v.sqrt() / math.sqrt(1 - betas[1] ** t)).add_(eps)
    theta.addcdiv_(m, root, value=-lr / (1 - betas[0] ** t))
    return [theta.numpy(), {"v": v.numpy(), "m": m.numpy(), "t": t}]
""",
)

# ---------------------------------------------------------------------------------------------------- what-is-left
LEFT = ["what-is-left-penalty", "what-is-left-decoupled"]
for name, answer, cells in [
    ("an L2 penalty is weight decay (E18)", "0.607, 0.607, 0.607, 0.607", LEFT[:1]),
    ("the wrong way round", "0.975, 0.779, 0.607, 0.607", LEFT[:1]),
    ("exchanged", "0.607, 0.607, 0.779, 0.975", LEFT),
    ("no root", "0.882, 0.999, 0.607, 0.607", LEFT[:1]),
    ("multiplied by s", "0.368, 0.0, 0.607, 0.607", LEFT[:1]),
    ("decoupled depends on s", "0.779, 0.975, 0.779, 0.975", LEFT[1:]),
    ("no learning rate in the decay", "0.779, 0.975, 0.0, 0.0", LEFT[1:]),
    ("constant steps", "0.75, 0.975, 0.5, 0.5", LEFT),
    ("nothing decays", "1.0, 1.0, 1.0, 1.0", LEFT),
]:
    wrong("what-is-left", name, fails=cells, source=f"def what_is_left():\n    return {answer}\n")
right(
    "what-is-left",
    "by theory",
    source="""
def what_is_left():
    pull = 0.001 * 0.1 * 5000
    return [math.exp(-pull / 2), math.exp(-pull / 20), math.exp(-pull), math.exp(-pull)]
""",
)
right("what-is-left", "as measured once", source="def what_is_left():\n    return 0.7752, 0.9709, 0.603, 0.603\n")

# --------------------------------------------------------------------------------------------------- find-the-bugs
ONE, SEVERAL = "find-the-bugs-one", "find-the-bugs-several"


def epochs(square="slope", inner="for slope in slopes:\n            t += 1", outer="", last="pass", copied="start"):
    """An answer to find-the-bugs with one of its parts replaced."""
    return f"""
def adam_epochs(start, epochs, *, lr, betas=(0.9, 0.999), eps=1e-8):
    beta1, beta2 = betas
    params, m, v, t = {copied}, np.zeros_like(start), np.zeros_like(start), 0
    for slopes in epochs:
        {outer or "pass"}
        {inner}
            m = beta1 * m + (1 - beta1) * slope
            v = beta2 * v + (1 - beta2) * {square} ** 2
            params = params - lr * (m / (1 - beta1**t)) / (np.sqrt(v / (1 - beta2**t)) + eps)
        {last}
    return params
"""


RESTART = "for t, slope in enumerate(slopes, start=1):"
for name, cells, parts in [
    ("unchanged", [ONE, SEVERAL], {"square": "m", "inner": RESTART}),
    ("the square of the mean stays (E2)", [ONE, SEVERAL], {"square": "m"}),
    ("the count restarts", [SEVERAL], {"inner": RESTART}),
    ("everything restarts", [SEVERAL], {"outer": "m, v, t = np.zeros_like(start), np.zeros_like(start), 0"}),
    ("the count grows per epoch (E13)", [ONE, SEVERAL], {"inner": "for slope in slopes:", "outer": "t += 1"}),
    (
        "the count grows after the step (E13)",
        [ONE, SEVERAL],
        {
            "inner": "for slope in slopes:\n            t += len(slopes)",
        },
    ),
    ("the count grows twice at an epoch", [SEVERAL], {"outer": "t += m is not v and bool(np.any(m))"}),
    ("v from the corrected mean", [ONE, SEVERAL], {"square": "(m / (1 - beta1**t))"}),
    ("returns after the first epoch", [SEVERAL], {"last": "return params"}),
    ("the moments fade at an epoch", [SEVERAL], {"last": "m = 0.5 * m"}),
]:
    wrong("find-the-bugs", name, fails=cells, source=epochs(**parts))
wrong(
    "find-the-bugs",
    "the start changed in place",
    fails=[ONE],
    source=epochs().replace("params = params - ", "params -= "),
)
wrong(
    "find-the-bugs",
    "delegates to torch.optim",
    fails=[ONE, SEVERAL],
    source="""
def adam_epochs(start, epochs, *, lr, betas=(0.9, 0.999), eps=1e-8):
    weight = torch.tensor(start, requires_grad=True)
    optimizer = torch.optim.Adam([weight], lr=lr, betas=betas, eps=eps)
    for slopes in epochs:
        for slope in slopes:
            weight.grad = torch.tensor(slope)
            optimizer.step()
    return weight.detach().numpy()
""",
)
right("find-the-bugs", "a count before the loops", source=epochs())
right(
    "find-the-bugs",
    "all steps in one row",
    source="""
def adam_epochs(start, epochs, *, lr, betas=(0.9, 0.999), eps=1e-8):
    params, m, v = start.copy(), 0 * start, 0 * start
    for t, slope in enumerate(np.concatenate(epochs), start=1):
        m += (1 - betas[0]) * (slope - m)
        v += (1 - betas[1]) * (slope * slope - v)
        params -= lr / (1 - betas[0] ** t) * m / (eps + np.sqrt(v / (1 - betas[1] ** t)))
    return params
""",
)

# ---------------------------------------------------------------------------------------------------- longest-step
LIMIT, RUN = "longest-step-limit", "longest-step-run"


def longest(
    check="b1 * b1 >= b2",
    q="b1 * b1 / b2",
    ends="(1 - q**steps) / (1 - q)",
    bare="(1 - b1) / math.sqrt(1 - b2)",
    corrections="math.sqrt(1 - b2**steps) / (1 - b1**steps)",
):
    """An answer to longest-step with one of its parts replaced."""
    return f"""
def longest_step(betas, steps):
    b1, b2 = betas
    if {check}:
        raise ValueError("no")
    q = {q}
    return {bare} * math.sqrt({ends}) * {corrections}
"""


for name, cells, parts in [
    ("one lone spike (E62)", [LIMIT, RUN], {"ends": "1.0"}),
    ("no corrections", [RUN], {"corrections": "1.0"}),
    ("only v corrected", [RUN], {"corrections": "math.sqrt(1 - b2**steps)"}),
    ("only m corrected", [RUN], {"corrections": "1 / (1 - b1**steps)"}),
    ("the corrections turned round", [RUN], {"corrections": "(1 - b1**steps) / math.sqrt(1 - b2**steps)"}),
    ("no root over the correction", [RUN], {"corrections": "(1 - b2**steps) / (1 - b1**steps)"}),
    ("the exponent 2 (E4)", [LIMIT, RUN], {"corrections": "math.sqrt(1 - b2**2) / (1 - b1**2)"}),
    ("the sum does not end", [RUN], {"ends": "1 / (1 - q)"}),
    ("the sum ends one term early", [RUN], {"ends": "(1 - q ** (steps - 1)) / (1 - q)"}),
    ("beta1 not squared", [LIMIT, RUN], {"q": "b1 / b2", "ends": "abs((1 - q**steps) / (1 - q))"}),
    ("beta2 squared", [LIMIT, RUN], {"q": "b1 * b1 / b2**2"}),
    ("the factor 1 - beta1 forgotten", [LIMIT, RUN], {"bare": "1 / math.sqrt(1 - b2)"}),
    ("no root over the sum", [LIMIT, RUN], {"ends": "((1 - q**steps) / (1 - q)) ** 2"}),
    ("always lr (E62)", [LIMIT, RUN], {"bare": "1.0", "ends": "1.0", "corrections": "1.0"}),
    ("no check", [LIMIT], {"check": "False", "ends": "abs((1 - q**steps) / (1 - q + 1e-18))"}),
    ("the border passes", [LIMIT], {"check": "b1 * b1 > b2", "ends": "steps if q == 1 else (1 - q**steps) / (1 - q)"}),
    ("compares the betas", [LIMIT], {"check": "b1 > b2"}),
]:
    wrong("longest-step", name, fails=cells, source=longest(**parts))
right("longest-step", "in one product", source=longest())
right(
    "longest-step",
    "by the best gradients",
    source="""
def longest_step(betas, steps):
    b1, b2 = betas
    if not b1**2 < b2:
        raise ValueError("the limit is infinite")
    k = np.arange(float(min(steps, 50_000)))
    a = (1 - b1) * b1**k / (1 - b1 ** len(k))
    b = (1 - b2) * b2**k / (1 - b2 ** len(k))
    a, b = a[b > 1e-200], b[b > 1e-200]
    return float(np.sqrt(np.sum(a**2 / b)))
""",
)

# --------------------------------------------------------------------------------------------------------- amsgrad
OFF, ON = "amsgrad-off", "amsgrad-on"


def projected(
    m="beta1 * m + (1 - beta1) * slope",
    v="beta2 * v + (1 - beta2) * slope**2",
    largest="max(largest, v) if amsgrad else v",
    rate="lr / math.sqrt(t)",
    step="m / math.sqrt(largest)",
    project="min(1.0, max(-1.0, theta))",
    theta="start",
    before="pass",
):
    """An answer to amsgrad with one of its parts replaced."""
    return f"""
def projected_path(slopes, *, lr, betas, amsgrad, start=0.0):
    beta1, beta2 = betas
    {before}
    theta, m, v, largest, path = {theta}, 0.0, 0.0, 0.0, []
    for t, slope in enumerate(slopes, start=1):
        m = {m}
        old, v = v, {v}
        largest = {largest}
        theta = theta - {rate} * {step}
        theta = {project}
        path.append(theta)
    return np.array(path)
"""


for name, cells, parts in [
    ("always Adam", [ON], {"largest": "v"}),
    ("always AMSGrad", [OFF], {"largest": "max(largest, v)"}),
    ("the switch turned round", [OFF, ON], {"largest": "v if amsgrad else max(largest, v)"}),
    ("the larger of the last two", [ON], {"largest": "max(old, v) if amsgrad else v"}),
    ("the largest squared gradient", [ON], {"largest": "max(largest, slope**2) if amsgrad else v"}),
    ("the smallest", [ON], {"largest": "min(largest or v, v) if amsgrad else v"}),
    ("the maximum kept as v", [ON], {"v": "beta2 * (largest if amsgrad else v) + (1 - beta2) * slope**2"}),
    ("bias correction", [OFF, ON], {"step": "m / (1 - beta1**t) / math.sqrt(largest / (1 - beta2**t))"}),
    ("a constant rate", [OFF, ON], {"rate": "lr"}),
    ("a rate 1/t", [OFF, ON], {"rate": "lr / t"}),
    ("t from 0 (E13)", [OFF, ON], {"rate": "lr / math.sqrt(max(t - 1, 1))"}),
    ("no projection", [OFF, ON], {"project": "theta"}),
    ("projected from above only", [OFF, ON], {"project": "min(1.0, theta)"}),
    ("projected from below only", [OFF, ON], {"project": "max(-1.0, theta)"}),
    ("thrown back to the start", [OFF, ON], {"project": "theta if abs(theta) <= 1 else start"}),
    ("the start ignored", [OFF, ON], {"theta": "0.0"}),
    ("no root", [OFF, ON], {"step": "m / largest"}),
    ("uphill", [OFF, ON], {"rate": "-lr / math.sqrt(t)"}),
    ("no momentum", [OFF, ON], {"m": "slope"}),
    ("no square (E3)", [OFF, ON], {"v": "beta2 * v + (1 - beta2) * abs(slope)"}),
    ("betas exchanged", [OFF, ON], {"before": "beta2, beta1 = betas"}),
    ("betas ignored", [OFF, ON], {"before": "beta1, beta2 = 0.9, 0.999"}),
]:
    wrong("amsgrad", name, fails=cells, source=projected(**parts))
wrong(
    "amsgrad",
    "projected at the end only",
    fails=[OFF, ON],
    source=projected(project="theta").replace("np.array(path)", "np.clip(path, -1.0, 1.0)"),
)
wrong(
    "amsgrad",
    "the start in the path, the end not",
    fails=[OFF, ON],
    source=projected().replace("np.array(path)", "np.array([start, *path[:-1]])"),
)
wrong(
    "amsgrad",
    "delegates to torch.optim",
    fails=[OFF, ON],
    source="""
def projected_path(slopes, *, lr, betas, amsgrad, start=0.0):
    weight, path = torch.tensor([float(start)], dtype=torch.float64, requires_grad=True), []
    optimizer = torch.optim.Adam([weight], lr=lr, betas=betas, eps=0.0, amsgrad=amsgrad)
    for t, slope in enumerate(slopes, start=1):
        weight.grad = torch.tensor([float(slope)], dtype=torch.float64)
        optimizer.param_groups[0]["lr"] = lr / math.sqrt(t)
        optimizer.step()
        with torch.no_grad():
            weight.clamp_(-1, 1)
        path.append(weight.item())
    return np.array(path)
""",
)
right("amsgrad", "with min and max", source=projected())
right(
    "amsgrad",
    "all means first",
    source="""
def projected_path(slopes, *, lr, betas, amsgrad, start=0.0):
    means = np.zeros((2, len(slopes)))
    now = np.zeros(2)
    b = np.array(betas)
    for i, slope in enumerate(slopes):
        now = b * now + (1 - b) * np.array([slope, slope * slope])
        means[:, i] = now
    v = np.maximum.accumulate(means[1]) if amsgrad else means[1]
    point, points = start, []
    for move in lr * means[0] / np.sqrt(v * np.arange(1, len(slopes) + 1)):
        point -= move
        if abs(point) > 1:
            point = math.copysign(1, point)
        points.append(point)
    return points
""",
)

# ------------------------------------------------------------------------------------------------------------ race
WINNER, EDGE, SPREAD = "race-winner", "race-edge", "race-spread"


CLEAR = "first if rows[first].max() < min(r.min() for n, r in rows.items() if n != first) else 'no winner'"


def race(
    table="np.where(np.isnan(table), np.inf, table)",
    best="int(np.argmin(table.mean(axis=1)))",
    edge="best == 0 or best == len(table) - 1",
    kept="table[best]",
    verdict=CLEAR,
):
    """An answer to race with one of its parts replaced."""
    return f"""
def judge_race(losses):
    rows = {{}}
    for name, table in losses.items():
        table = {table}
        best = {best}
        if {edge}:
            return "widen the grid"
        rows[name] = {kept}
    first = min(rows, key=lambda name: rows[name].mean())
    return {verdict}
"""


for name, cells, parts in [
    ("a single lucky seed", [WINNER], {"best": "int(np.argmin(table.min(axis=1)))"}),
    ("the worst seed decides the rate", [SPREAD], {"best": "int(np.argmin(table.max(axis=1)))"}),
    (
        "diverged runs left out",
        [WINNER],
        {
            "table": "table",
            "best": "int(np.argmin(np.nanmean(table, axis=1)))",
            "kept": "table[best][~np.isnan(table[best])]",
        },
    ),
    ("diverged runs are zero", [WINNER], {"table": "np.nan_to_num(table)"}),
    ("diverged runs not handled", [WINNER], {"table": "table"}),
    ("rates and seeds exchanged", [WINNER, EDGE, SPREAD], {"table": "np.where(np.isnan(table), np.inf, table).T"}),
    ("the mean of everything", [WINNER, SPREAD], {"best": "int(np.argmin(table.mean(axis=1, keepdims=True).mean()))"}),
    ("the edge overlooked", [EDGE], {"edge": "False"}),
    ("the lower edge overlooked", [EDGE], {"edge": "best == len(table) - 1"}),
    ("the upper edge overlooked", [EDGE], {"edge": "best == 0"}),
    ("the lowest mean wins", [SPREAD], {"verdict": "first"}),
    ("a tie wins", [SPREAD], {"verdict": CLEAR.replace("<", "<=")}),
    ("worst against worst", [SPREAD], {"verdict": "min(rows, key=lambda name: rows[name].max())"}),
    ("worst against mean", [SPREAD], {"verdict": CLEAR.replace("r.min()", "r.mean()")}),
    ("never a winner", [WINNER, SPREAD], {"verdict": "'no winner'"}),
    ("Adam is better (E23)", [EDGE, SPREAD], {"edge": "False", "verdict": "'Adam'"}),
    ("the best mean of all rows", [WINNER, SPREAD], {"kept": "table.mean(axis=1)"}),
]:
    wrong("race", name, fails=cells, source=race(**parts))
wrong(
    "race",
    "only the winner's edge matters",
    fails=[EDGE],
    source="""
def judge_race(losses):
    rows, edges = {}, {}
    for name, table in losses.items():
        table = np.where(np.isnan(table), np.inf, table)
        best = int(np.argmin(table.mean(axis=1)))
        rows[name], edges[name] = table[best], best in (0, len(table) - 1)
    first = min(rows, key=lambda name: rows[name].mean())
    if edges[first]:
        return "widen the grid"
    return first if rows[first].max() < min(r.min() for n, r in rows.items() if n != first) else "no winner"
""",
)
wrong(
    "race",
    "all at the first method's rate",
    fails=[WINNER, EDGE],
    source="""
def judge_race(losses):
    rows, best = {}, None
    for name, table in losses.items():
        table = np.where(np.isnan(table), np.inf, table)
        if best is None:
            best = int(np.argmin(table.mean(axis=1)))
            if best in (0, len(table) - 1):
                return "widen the grid"
        rows[name] = table[min(best, len(table) - 1)]
    first = min(rows, key=lambda name: rows[name].mean())
    return first if rows[first].max() < min(r.min() for n, r in rows.items() if n != first) else "no winner"
""",
)
right("race", "the lowest mean first", source=race())
right(
    "race",
    "sorted, with loops",
    source="""
def judge_race(losses):
    spans = []
    for name, table in losses.items():
        means = [math.inf if np.isnan(row).any() else float(row.mean()) for row in table]
        best = means.index(min(means))
        if best < 1 or best > len(means) - 2:
            return "widen the grid"
        spans.append((float(table[best].max()), float(table[best].min()), name))
    spans.sort()
    worst, _, name = spans[0]
    if all(worst < low for _, low, _ in spans[1:]):
        return name
    return "no winner"
""",
)

# ------------------------------------------------------------------------------------------------- true-statements
GROUPS = [f"true-statements-{name}" for name in ("nature", "convergence", "cost")]
for name, letters, cells in [
    ("a second momentum (E1, E3)", "ABDFH", GROUPS[:1]),
    ("second derivatives (E64)", "BCDFH", GROUPS[:1]),
    ("the scale of the loss matters", "DFH", GROUPS[:1]),
    ("the correction matters throughout (E85)", "BFH", GROUPS[1:2]),
    ("unbiased throughout training (E85)", "BDEFH", GROUPS[1:2]),
    ("always converges (E16)", "BDH", GROUPS[1:2]),
    ("memory grows with the data (E15)", "BDFGH", GROUPS[2:]),
    ("Adam's state is no larger (E15)", "BDF", GROUPS[2:]),
    ("generalization is robustness (E22)", "BDFHI", GROUPS[2:]),
    ("all", "ABCDEFGHI", GROUPS),
    ("none", "", GROUPS),
    ("the false ones", "ACEGI", GROUPS),
]:
    wrong("true-statements", name, fails=cells, source=f'def true_statements():\n    return "{letters}"\n')
right("true-statements", "in another order", source='def true_statements():\n    return "HFDB"\n')

# ------------------------------------------------------------------------------------------------------- long-step
PAPER, FIVE = "long-step-paper", "long-step-five"
for name, answer, cells in [
    ("one lone spike", "[1.0] * 1999 + [1000.0]", [PAPER, FIVE]),
    ("a constant gradient", "[1000.0] * 2000", [PAPER, FIVE]),
    ("silence", "[0.0] * 1988 + [1.0] * 12", [PAPER, FIVE]),
    ("too large", "[1.0] * 1988 + [1e6] * 12", [PAPER, FIVE]),
    ("too many", "[1.0] * 9988 + [1000.0] * 12", [PAPER, FIVE]),
    ("a short run", "[1.0] * 100 + [1000.0] * 12", [PAPER, FIVE]),
    ("three large ones", "[1.0] * 1997 + [1000.0] * 3", [FIVE]),
    ("a hundred large ones", "[1.0] * 1900 + [1000.0] * 100", [PAPER, FIVE]),
    ("growing too slowly", "1000 * 0.99 ** np.arange(600.0)[::-1]", [PAPER, FIVE]),
    ("large ones that alternate", "[1.0] * 1988 + [1000.0, -1000.0] * 6", [PAPER, FIVE]),
    ("not large enough", "[1.0] * 1988 + [4.0] * 12", [PAPER, FIVE]),
    ("turned round", "[1000.0] * 12 + [1.0] * 1988", [PAPER, FIVE]),
    ("no gradients", "[]", [PAPER, FIVE]),
]:
    wrong("long-step", name, fails=cells, source=f"def long_step():\n    return np.array({answer})\n")
right(
    "long-step",
    "growing by 1.11",
    source="""
def long_step():
    return np.clip(1000 * (0.9 / 0.999) ** np.arange(1999.0, -1.0, -1.0), 1, None)
""",
)
right("long-step", "downward, as a list", source="def long_step():\n    return [1, -1] * 800 + [-200] * 11\n")

# ------------------------------------------------------------------------- mutants that are the same function
equivalent(
    "race",
    "table.mean(axis=1) -> table.sum(axis=1)",
    why="all rows of a table have the same number of seeds, so the lowest sum is that of the lowest mean",
)
for mutant, why in [
    ("[1.0] * 1988 -> [2.0] * 1988", "a right answer too: the large gradients are still 500 times the quiet ones"),
    (
        "[1.0] * 1988 -> [1.0] * 1987",
        "a right answer too: one quiet step less changes the last step by less than a percent",
    ),
    ("[1000.0] * 12 -> [500.0] * 12", "a right answer too: the large gradients are still 500 times the quiet ones"),
    ("[1000.0] * 12 -> [1000.0] * 11", "a right answer too: eleven large gradients make a step of 6.10, not 6.11"),
]:
    equivalent("long-step", f"line 5: {mutant}", why=why)
