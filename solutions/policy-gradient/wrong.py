"""Answers to the assignment *Policy gradient* whose verdict is known; read by ``proctor verify``, never imported.

Each wrong answer is a mistake that people make; ``fails`` lists exactly the test cells that must notice it. E-numbers
refer to the errata of the source notes, where the mistake comes from one.
"""

from proctor.variants import equivalent, right, wrong

# ---------------------------------------------------------------------------------------------------- five-rewards
TOGO, WEIGHTS, SCORE = (f"five-rewards-{name}" for name in ("togo", "weights", "score"))
LISTS = (
    "[2.9968, 2.496, 3.12, 1.4, 3]",
    "[2.9968, 1.9968, 1.9968, 0.7168, 1.2288]",
    "[1, 0, 3.12, 1.12, 1.92]",
    "[1.2, 0.6, -1.8]",
    "[4 / 3, -4 / 3, -8 / 3, 8 / 3]",
)
for name, position, value, cell in [
    ("no discount", 0, "[5, 4, 4, 2, 3]", TOGO),
    ("the total return for all", 0, "[2.9968] * 5", TOGO),
    ("rounded", 0, "[3.0, 2.5, 3.1, 1.4, 3.0]", TOGO),
    ("no factor of time (E144)", 1, LISTS[0], WEIGHTS),
    ("t from 1 (E144)", 1, "[0.8 * w for w in (2.9968, 1.9968, 1.9968, 0.7168, 1.2288)]", WEIGHTS),
    ("the total return as weight", 1, "[2.9968] * 5", WEIGHTS),
    ("no reset", 2, LISTS[1], WEIGHTS),
    ("the clock runs on", 2, "[1, 0, 1.9968, 0.7168, 1.2288]", WEIGHTS),
    ("resets without the factor of time", 2, "[1, 0, 3.12, 1.4, 3]", WEIGHTS),
    ("descent", 3, "[-1.2, -0.6, 1.8]", SCORE),
    ("one logit only", 3, "[0, 0, -1.8]", SCORE),
    ("the gradient of the probability", 3, "[0.12, 0.06, -0.18]", SCORE),
    ("the mean of all four", 4, "[1, -1, -2, 2]", SCORE),
    ("the baselines", 4, "[5 / 3, 7 / 3, 8 / 3, 4 / 3]", SCORE),
]:
    numbers = [*LISTS[:position], value, *LISTS[position + 1 :]]
    wrong("five-rewards", name, fails=[cell], source=f"def five_rewards():\n    return {', '.join(numbers)}\n")
right(
    "five-rewards",
    "computed",
    source="""
def five_rewards():
    def togo(r):
        return [sum(0.8 ** (n - t) * r[n] for n in range(t, len(r))) for t in range(len(r))]
    def exact(r):
        return [0.8 ** t * g for t, g in enumerate(togo(r))]
    r, pulls = [1, 0, 2, -1, 3], np.array([3.0, 1.0, 0.0, 4.0])
    estimate = -2 * (np.array([0, 0, 1]) - np.array([0.6, 0.3, 0.1]))
    return [togo(r), exact(r), exact(r[:2]) + exact(r[2:]), estimate, pulls - (pulls.sum() - pulls) / 3]
""",
)

# ------------------------------------------------------------------------------------------------------------ dice
PIECES, EDGES, SCORES = (f"dice-{name}" for name in ("pieces", "edges", "scores"))


def dice(
    z="logits / temperature",
    actions="(uniforms[:, None] * ends[:, -1:] >= ends[:, :-1]).sum(axis=1)",
    scores="(np.eye(p.shape[1])[actions] - p) / temperature",
    top="z.max(axis=1)[:, None]",
):
    """An answer to dice with one of its parts replaced."""
    return f"""
def draw_actions(logits, uniforms, temperature=1.0):
    z = {z}
    ends = np.cumsum(np.exp(z - {top}), axis=1)
    return {actions}


def scores(logits, actions, temperature=1.0):
    z = logits / temperature
    p = np.exp(z - {top})
    p = p / p.sum(axis=1)[:, None]
    return {scores}
"""


for name, cells, parts in [
    ("the likeliest action", [PIECES, EDGES], {"actions": "logits.argmax(axis=1)"}),
    ("the pieces backward", [PIECES, EDGES], {"actions": "(uniforms[:, None] * ends[:, -1:] < ends).sum(axis=1) - 1"}),
    ("the left end outside", [EDGES], {"actions": "(uniforms[:, None] * ends[:, -1:] > ends[:, :-1]).sum(axis=1)"}),
    (
        "one number for all rows",
        [PIECES, EDGES],
        {"actions": "(uniforms[:1, None] * ends[:, -1:] >= ends[:, :-1]).sum(axis=1)"},
    ),
    (
        "NumPy's own dice",
        [PIECES, EDGES],
        {
            "actions": "np.array([np.random.default_rng(i).choice(len(e), p=np.diff(e, prepend=0.0) / e[-1])"
            " for i, e in enumerate(ends)])"
        },
    ),
    ("temperature ignored by the dice", [PIECES], {"z": "logits + 0.0"}),
    ("times the temperature", [PIECES], {"z": "logits * temperature"}),
    ("exponentials that overflow", [EDGES, SCORES], {"top": "0.0"}),
    ("the gradient of the cross-entropy", [SCORES], {"scores": "(p - np.eye(p.shape[1])[actions]) / temperature"}),
    ("no chain rule", [SCORES], {"scores": "np.eye(p.shape[1])[actions] - p"}),
    ("times temperature", [SCORES], {"scores": "(np.eye(p.shape[1])[actions] - p) * temperature"}),
    (
        "the gradient of the probability",
        [SCORES],
        {"scores": "(np.eye(p.shape[1])[actions] - p) * p[range(len(p)), actions][:, None] / temperature"},
    ),
    (
        "the drawn logit only",
        [SCORES],
        {"scores": "np.eye(p.shape[1])[actions] * (1 - p) / temperature"},
    ),
    (
        "changes the logits",
        [EDGES],
        {"z": "logits / temperature; logits *= 1.01"},
    ),
]:
    wrong("dice", name, fails=cells, source=dice(**parts))
right(
    "dice",
    "row by row, and with autograd",
    source="""
def draw_actions(logits, uniforms, temperature=1.0):
    import torch
    out = []
    for z, u in zip(logits, uniforms):
        p = torch.softmax(torch.tensor(z) / temperature, 0).tolist()
        end, action = 0.0, None
        for a, piece in enumerate(p):
            end += piece
            if piece > 0:
                action = a
                if u < end:
                    break
        out.append(action)
    return np.array(out)


def scores(logits, actions, temperature=1.0):
    import torch
    z = torch.tensor(logits, requires_grad=True)
    logs = torch.log_softmax(z / temperature, 1)
    logs[torch.arange(len(logits)), torch.tensor(actions)].sum().backward()
    return z.grad.numpy()
""",
)
right(
    "dice",
    "searchsorted",
    source="""
def draw_actions(logits, uniforms, temperature=1.0):
    z = logits / temperature
    p = np.exp(z - np.logaddexp.reduce(z, axis=1, keepdims=True))
    return np.array([np.searchsorted(np.cumsum(row)[:-1], u, side="right") for row, u in zip(p, uniforms)])


def scores(logits, actions, temperature=1.0):
    z = logits / temperature
    out = -np.exp(z - np.logaddexp.reduce(z, axis=1, keepdims=True))
    out[np.arange(len(z)), actions] += 1
    return out / temperature
""",
)

# ---------------------------------------------------------------------------------------------------------- resets
NONE, GAINS, CLOCK = (f"resets-{name}" for name in ("none", "gains", "weights"))


def resets(
    gain="rewards[:, t] + discount * after",
    after="np.where(first[:, t], 0.0, gains[:, t])",
    began="np.maximum.accumulate(np.where(first, times, 0), axis=1)",
    result="gains, discount ** (times - began) * gains",
):
    """An answer to resets with one of its parts replaced."""
    return f"""
def rewards_to_go(rewards, first, discount):
    gains, after = np.zeros(rewards.shape), np.zeros(len(rewards))
    times = np.arange(rewards.shape[1])
    for t in reversed(times):
        gains[:, t] = {gain}
        after = {after}
    began = {began}
    return {result}
"""


for name, cells, parts in [
    ("discount forgotten", [NONE, GAINS, CLOCK], {"gain": "rewards[:, t] + after"}),
    ("the own reward left out", [NONE, GAINS, CLOCK], {"gain": "discount * after", "after": "gains[:, t]"}),
    ("resets ignored", [GAINS, CLOCK], {"after": "gains[:, t]"}),
    (
        "first read as last",
        [NONE, GAINS, CLOCK],
        {"gain": "rewards[:, t] + discount * np.where(first[:, t], 0, after)"},
    ),
    (
        "one step too early",
        [GAINS, CLOCK],
        {"after": "np.where(np.append(first, 0 > first[:, :1], axis=1)[:, t + 1], 0.0, gains[:, t])"},
    ),
    ("a reset of one resets all", [GAINS, CLOCK], {"after": "np.where(first[:, t].any(), 0.0, gains[:, t])"}),
    ("no factor of time (E144)", [CLOCK], {"result": "gains, gains"}),
    ("the clock runs on", [CLOCK], {"began": "0"}),
    ("t from 1 (E144)", [CLOCK], {"result": "gains, discount ** (times - began + 1) * gains"}),
    ("both with the factor", [NONE, GAINS], {"result": "(discount ** (times - began) * gains,) * 2"}),
    ("exchanged", [NONE, GAINS, CLOCK], {"result": "discount ** (times - began) * gains, gains"}),
    ("changes the rewards", [GAINS], {"result": "gains, (discount ** (times - began) * gains, rewards.fill(0))[0]"}),
    (
        "changes the rewards' array while summing",
        [GAINS],
        {"gain": "rewards[:, t] + discount * after; rewards[:, t] = gains[:, t]"},
    ),
]:
    wrong("resets", name, fails=cells, source=resets(**parts))
wrong(
    "resets",
    "total return of the episode for each step",
    fails=[NONE, GAINS, CLOCK],
    source="""
def rewards_to_go(rewards, first, discount):
    gains = np.zeros(rewards.shape)
    for i, row in enumerate(rewards):
        cuts = [*np.flatnonzero(first[i]), len(row)]
        for a, b in zip(cuts, cuts[1:]):
            gains[i, a:b] = row[a:b] @ discount ** np.arange(b - a)
    return gains, gains
""",
)
right(
    "resets",
    "episode by episode",
    source="""
def rewards_to_go(rewards, first, discount):
    gains, weights = np.zeros(rewards.shape), np.zeros(rewards.shape)
    for i, row in enumerate(rewards):
        cuts = [*np.flatnonzero(first[i]), len(row)]
        for a, b in zip(cuts, cuts[1:]):
            for t in range(a, b):
                gains[i, t] = sum(discount ** (n - t) * row[n] for n in range(t, b))
                weights[i, t] = discount ** (t - a) * gains[i, t]
    return gains, weights
""",
)

# ------------------------------------------------------------------------------------------------------- surrogate
VALUE, GRADIENT, ENTROPY, PADDING = (f"surrogate-{name}" for name in ("value", "gradient", "entropy", "padding"))


def loss(
    z="np.where(mask[:, :, None], logits, 0.0)",
    weight="np.where(mask, weights, 0.0)[:, :, None]",
    value="-(weight * hot * log_pi).sum() - beta * entropy[mask].sum()",
    gradient="weight * (pi - hot) + beta * pi * (log_pi + entropy)",
    n="len(z)",
):
    """An answer to surrogate with one of its parts replaced."""
    return f"""
def surrogate(logits, actions, weights, mask, beta=0.0):
    z = {z}
    weight = {weight}
    log_pi = z - np.logaddexp.reduce(z, axis=2)[:, :, None]
    pi, hot = np.exp(log_pi), np.eye(z.shape[2])[actions]
    entropy = -(pi * log_pi).sum(axis=2)[:, :, None]
    value = {value}
    gradient = {gradient}
    return value / {n}, gradient / {n}
"""


ALL = [VALUE, GRADIENT, ENTROPY, PADDING]
for name, cells, parts in [
    ("the gradient of the objective (E143)", [GRADIENT, ENTROPY, PADDING], {"gradient": "weight * (hot - pi)"}),
    ("a sum over episodes (E144)", ALL, {"n": "1"}),
    ("a mean over real steps (E144)", ALL, {"n": "mask.sum()"}),
    ("the value's sign", [VALUE, PADDING], {"value": "(weight * hot * log_pi).sum() + beta * entropy[mask].sum()"}),
    ("no entropy in the value", [VALUE, PADDING], {"value": "-(weight * hot * log_pi).sum()"}),
    (
        "the entropy of the padding",
        [PADDING],
        {"value": "-(weight * hot * log_pi).sum() - beta * entropy.sum()"},
    ),
    (
        "the entropy's sign",
        [VALUE, ENTROPY, PADDING],
        {
            "value": "-(weight * hot * log_pi).sum() + beta * entropy[mask].sum()",
            "gradient": "weight * (pi - hot) - beta * pi * (log_pi + entropy)",
        },
    ),
    ("entropy without a gradient", [ENTROPY, PADDING], {"gradient": "weight * (pi - hot)"}),
    ("the entropy's gradient without H", [ENTROPY, PADDING], {"gradient": "weight * (pi - hot) + beta * pi * log_pi"}),
    (
        "with respect to probabilities",
        [ENTROPY, PADDING],
        {"gradient": "weight * (pi - hot) + beta * (log_pi + 1) * mask[:, :, None]"},
    ),
    ("the drawn logits only", [GRADIENT, ENTROPY, PADDING], {"gradient": "-weight * hot * (1 - pi)"}),
    ("padding not masked", [PADDING], {"z": "logits", "weight": "weights[:, :, None]"}),
    (
        "a mask by multiplication",
        [PADDING],
        {"z": "logits * mask[:, :, None]", "weight": "(weights * mask)[:, :, None]"},
    ),
    (
        "the entropy weighed",
        [VALUE, ENTROPY, PADDING],
        {
            "value": "-(weight * (hot * log_pi + beta * entropy / z.shape[2])).sum()",
            "gradient": "weight * (pi - hot) + beta * weight * pi * (log_pi + entropy)",
        },
    ),
    ("changes the logits", [PADDING], {"z": "np.where(mask[:, :, None], logits, 0.0); logits += 1"}),
]:
    wrong("surrogate", name, fails=cells, source=loss(**parts))
wrong(
    "surrogate",
    "logarithms of probabilities that underflow",
    fails=[PADDING],
    source=loss().replace(
        "z - np.logaddexp.reduce(z, axis=2)[:, :, None]", "np.log(np.exp(z) / np.exp(z).sum(axis=2)[:, :, None])"
    ),
)
right(
    "surrogate",
    "with autograd, over the real steps",
    source="""
def surrogate(logits, actions, weights, mask, beta=0.0):
    import torch
    m = torch.tensor(mask)
    z = torch.tensor(logits).masked_fill(~m[..., None], 0.0).requires_grad_()
    logs = torch.log_softmax(z, -1)
    taken = logs.gather(-1, torch.tensor(actions)[..., None])[..., 0]
    bonus = -(logs.exp() * logs).sum(-1)
    value = -(torch.tensor(weights)[m] * taken[m] + beta * bonus[m]).sum() / len(m)
    return value.item(), torch.autograd.grad(value, z)[0].numpy()
""",
)
right(
    "surrogate",
    "step by step",
    source="""
def surrogate(logits, actions, weights, mask, beta=0.0):
    value, gradient = 0.0, np.zeros(logits.shape)
    for i, t in zip(*np.nonzero(mask)):
        z = logits[i, t] - logits[i, t].max()
        log_p = z - np.log(np.exp(z).sum())
        p, h = np.exp(log_p), -(np.exp(log_p) * log_p).sum()
        value -= (weights[i, t] * log_p[actions[i, t]] + beta * h) / len(mask)
        gradient[i, t] = (weights[i, t] * p + beta * p * (log_p + h)) / len(mask)
        gradient[i, t, actions[i, t]] -= weights[i, t] / len(mask)
    return value, gradient
""",
)

# ------------------------------------------------------------------------------------------------------- baselines
VARIANCE, NOISE, ONE, EACH = (f"baselines-{name}" for name in ("variance", "noise", "one", "each"))


def levers(
    mean="policy @ (means[:, None] * scores)",
    squares="((means[:, None] - baseline) ** 2 + variances[:, None]) * scores**2",
    variance="(policy @ squares).sum() - mean @ mean",
    one="paid.sum() / counted.sum()",
    each="paid / counted",
):
    """An answer to baselines with one of its parts replaced."""
    return f"""
def estimate_moments(policy, means, variances, baseline):
    scores = np.eye(len(policy)) - policy
    mean = {mean}
    squares = {squares}
    return mean, {variance}


def best_baselines(policy, means):
    squares = (np.eye(len(policy)) - policy) ** 2
    paid, counted = (policy * means) @ squares, policy @ squares
    return {one}, {each}
"""


for name, cells, parts in [
    ("the mean square", [VARIANCE, NOISE], {"variance": "(policy @ squares).sum()"}),
    ("a mean over the entries", [VARIANCE, NOISE], {"variance": "(policy @ squares).sum() / len(mean) - mean @ mean"}),
    ("all levers equally often", [VARIANCE, NOISE], {"mean": "(means[:, None] * scores).mean(axis=0)"}),
    ("baseline ignored", [VARIANCE, NOISE], {"squares": "(means[:, None] ** 2 + variances[:, None]) * scores**2"}),
    ("noise ignored", [NOISE], {"squares": "((means[:, None] - baseline) ** 2) * scores**2"}),
    (
        "variances as standard deviations",
        [NOISE],
        {"squares": "((means[:, None] - baseline) ** 2 + variances[:, None] ** 2) * scores**2"},
    ),
    (
        "a baseline for each lever",
        [NOISE],
        {"squares": "((means - baseline) ** 2 + variances)[:, None] * scores**2"},
    ),
    ("the mean payoff", [ONE], {"one": "policy @ means"}),
    ("the average payoff", [ONE], {"one": "means.mean()"}),
    ("the mean of the best for each", [ONE], {"one": "(paid / counted).mean()"}),
    (
        "the length, not its square",
        [ONE],
        {"one": "policy * means @ squares.sum(axis=1) ** 0.5 / (policy @ squares.sum(axis=1) ** 0.5)"},
    ),
    ("scores without probabilities", [ONE], {"one": "means @ squares.sum(axis=1) / squares.sum()"}),
    ("one for each", [EACH], {"each": "np.full(len(policy), paid.sum() / counted.sum())"}),
    ("the mean payoff for each", [EACH], {"each": "np.full(len(policy), policy @ means)"}),
    ("the payoffs themselves", [EACH], {"each": "means + 0.0"}),
    ("levers and entries exchanged", [EACH], {"each": "squares @ (policy * means) / (squares @ policy)"}),
]:
    wrong("baselines", name, fails=cells, source=levers(**parts))
right(
    "baselines",
    "lever by lever",
    source="""
def estimate_moments(policy, means, variances, baseline):
    b = np.zeros(len(policy)) + baseline
    mean, second = policy * (means - policy @ means), 0.0
    for a, p in enumerate(policy):
        for j, q in enumerate(policy):
            s = (1.0 if a == j else 0.0) - q
            second += p * s * s * ((means[a] - b[j]) ** 2 + variances[a])
    return mean, second - np.sum(mean**2)


def best_baselines(policy, means):
    lengths = policy * (1 - 2 * policy + policy @ policy)
    # P(R, j) weights: pi_j (1 - pi_j)^2 for the lever itself, pi_a pi_j^2 for the others.
    own, other = policy * (1 - policy) ** 2, policy**2
    each = (own * means + other * (policy @ means - policy * means)) / (own + other * (1 - policy))
    return lengths @ means / lengths.sum(), each
""",
)

# ------------------------------------------------------------------------------------------------------------ bugs
DISCOUNT, ACTIONS, PAD, CRITIC = (f"bugs-{name}" for name in ("discount", "actions", "padding", "critic"))


def step(
    gain="rewards[:, t] * mask[:, t] + discount * after",
    advantages="(gains - values).detach()",
    scale="advantages[mask].square().mean().sqrt()",
    log_pi="(seen @ policy).log_softmax(-1).gather(-1, torch.tensor(actions)[..., None])[..., 0]",
    surrogate="-(advantages * log_pi * mask).sum() / len(mask)",
    error="(gains - values)[mask].square().mean()",
):
    """An answer to bugs with one of its parts replaced."""
    return f"""
def gradients(policy, critic, seen, actions, rewards, mask, *, discount):
    policy, critic = (torch.tensor(x, requires_grad=True) for x in (policy, critic))
    seen, rewards, mask = torch.tensor(seen), torch.tensor(rewards), torch.tensor(mask)
    gains, after = torch.zeros_like(rewards), 0.0
    for t in reversed(range(rewards.shape[1])):
        after = gains[:, t] = {gain}
    values = seen @ critic
    advantages = {advantages}
    advantages = advantages / {scale}
    log_pi = {log_pi}
    surrogate = {surrogate}
    error = {error}
    return tuple(g.numpy() for g in torch.autograd.grad(surrogate + error, (policy, critic)))
"""


for name, cells, parts in [
    ("the discount forgotten", [DISCOUNT], {"gain": "rewards[:, t] * mask[:, t] + after"}),
    ("the likeliest action", [ACTIONS], {"log_pi": "(seen @ policy).log_softmax(-1).amax(-1)"}),
    ("not detached (E143)", [CRITIC], {"advantages": "gains - values"}),
    ("scaled over the padding", [PAD], {"scale": "advantages.square().mean().sqrt()"}),
    ("the padding as zeros", [PAD], {"scale": "(advantages * mask).square().mean().sqrt()"}),
    (
        "all four bugs",
        [DISCOUNT, ACTIONS, CRITIC, PAD],
        {
            "gain": "rewards[:, t] * mask[:, t] + after",
            "log_pi": "(seen @ policy).log_softmax(-1).amax(-1)",
            "advantages": "gains - values",
            "scale": "advantages.square().mean().sqrt()",
        },
    ),
    (
        "the actions of the next step",
        [ACTIONS, DISCOUNT, PAD],
        {"log_pi": "(seen @ policy).log_softmax(-1).gather(-1, torch.tensor(actions).roll(-1, 1)[..., None])[..., 0]"},
    ),
    ("the values detached, too", [CRITIC], {"error": "(gains - values.detach() + 0 * values)[mask].square().mean()"}),
    ("the error over the padding", [CRITIC], {"error": "(gains - values).square().mean()"}),
    ("rewards of the padding", [PAD, CRITIC], {"gain": "rewards[:, t] + discount * after"}),
    ("actions of the padding", [PAD], {"surrogate": "-(advantages * log_pi).sum() / len(mask)"}),
    ("a mean over steps (E144)", [DISCOUNT, ACTIONS, PAD], {"surrogate": "-(advantages * log_pi)[mask].mean()"}),
    (
        "the customary normalization",
        [DISCOUNT, ACTIONS, PAD],
        {"advantages": "(gains - values).detach() - (gains - values).detach()[mask].mean()"},
    ),
    ("no scale", [DISCOUNT, ACTIONS, PAD], {"scale": "1.0"}),
]:
    wrong("bugs", name, fails=cells, source=step(**parts))
wrong("bugs", "as given", fails=[DISCOUNT, ACTIONS, CRITIC, PAD], source="gradients = gradients_with_bugs\n")
right(
    "bugs",
    "by hand",
    source="""
def gradients(policy, critic, seen, actions, rewards, mask, *, discount):
    n, steps = mask.shape
    power = np.array([[discount ** (k - t) if k >= t else 0.0 for k in range(steps)] for t in range(steps)])
    gains = np.where(mask, rewards, 0.0) @ power.T
    left = np.where(mask, gains - seen @ critic, 0.0)
    z = seen @ policy
    p = np.exp(z - z.max(axis=2, keepdims=True))
    p = p / p.sum(axis=2, keepdims=True)
    weights = left / np.sqrt((left**2).sum() / mask.sum())
    slope = -np.einsum("ntd,nt,ntk->dk", seen, weights, np.eye(policy.shape[1])[actions] - p) / n
    return slope, -2 * np.einsum("ntd,nt->d", seen, left) / mask.sum()
""",
)

# ------------------------------------------------------------------------------------------------------ directions
RETURN, EXACT, CUSTOMARY, SHARED = (f"directions-{n}" for n in ("return", "gradient", "customary", "shared"))


def walk(
    q="rewards + discount * transitions @ value",
    step="visits[:, None] * ahead[horizon - 1 - t]",
    fade="discount**t",
    add="np.add.at(gradient, shows, {0}); np.add.at(customary, shows, {1})",
    visits="np.einsum('s,sa,sap->p', visits, policy, transitions)",
    advantage="policy * (q - value[:, None])",
    result="start @ value, gradient, customary",
    second="step",
):
    """An answer to directions with one of its parts replaced."""
    return f"""
def directions(logits, transitions, rewards, start, shows, *, horizon, discount):
    policy = np.exp(logits - np.logaddexp.reduce(logits, axis=1)[:, None])[shows]
    value, ahead = np.zeros(len(start)), []
    for _ in range(horizon):
        q = {q}
        value = (policy * q).sum(axis=1)
        ahead.append({advantage})
    visits, gradient, customary = start, np.zeros(logits.shape), np.zeros(logits.shape)
    for t in range(horizon):
        step = {step}
        {add.format(f"{fade} * step", second)}
        visits = {visits}
    return {result}
"""


EVERY = [EXACT, CUSTOMARY, SHARED]
for name, cells, parts in [
    ("no factor of time (E144)", [EXACT, SHARED], {"fade": "1"}),
    ("t from 1 (E144)", EVERY, {"fade": "discount ** (t + 1)"}),
    ("the exact one twice", [CUSTOMARY, SHARED], {"second": "discount**t * step"}),
    ("exchanged", [EXACT, CUSTOMARY, SHARED], {"result": "start @ value, customary, gradient"}),
    ("no discount in Q", [RETURN, *EVERY], {"q": "rewards + transitions @ value"}),
    ("one Q for all times", EVERY, {"step": "visits[:, None] * ahead[-1]"}),
    ("Q backward in time", EVERY, {"step": "visits[:, None] * ahead[t]"}),
    ("states stay", EVERY, {"visits": "visits"}),
    ("visits of the uniform policy", EVERY, {"visits": "np.einsum('s,sap->p', visits, transitions) / policy.shape[1]"}),
    ("without V", EVERY, {"advantage": "policy * q"}),
    ("not weighed by the policy", EVERY, {"advantage": "q - value[:, None]"}),
    (
        "states that look alike overwrite each other",
        [SHARED],
        {"add": "gradient[shows] += {0}; customary[shows] += {1}"},
    ),
    ("the return as a mean over states", [RETURN], {"result": "value.mean(), gradient, customary"}),
    (
        "changes the start",
        [SHARED],
        {"visits": "np.einsum('s,sa,sap->p', visits, policy, transitions); start *= 1.01; value = value / 1.01"},
    ),
]:
    wrong("directions", name, fails=cells, source=walk(**parts))
wrong(
    "directions",
    "autograd through J, and no customary direction",
    fails=[CUSTOMARY, SHARED],
    source="""
def directions(logits, transitions, rewards, start, shows, *, horizon, discount):
    import torch
    z, moves, pays = torch.tensor(logits, requires_grad=True), torch.tensor(transitions), torch.tensor(rewards)
    policy, visits, total = torch.softmax(z, 1)[torch.tensor(shows)], torch.tensor(start), 0.0
    for t in range(horizon):
        total = total + discount**t * (visits[:, None] * policy * pays).sum()
        visits = torch.einsum("s,sa,sap->p", visits, policy, moves)
    slope = torch.autograd.grad(total, z)[0].numpy()
    return total.item(), slope, slope
""",
)
right(
    "directions",
    "autograd, with values held fixed",
    source="""
def directions(logits, transitions, rewards, start, shows, *, horizon, discount):
    import torch
    z, moves, pays = torch.tensor(logits, requires_grad=True), torch.tensor(transitions), torch.tensor(rewards)
    policy = torch.softmax(z, 1)[torch.tensor(shows)]
    held, values = policy.detach(), [torch.zeros(len(start), dtype=torch.float64)]
    for _ in range(horizon):
        values.append((held * (pays + discount * moves @ values[-1])).sum(1))
    visits, out = torch.tensor(start), []
    losses = [0.0, 0.0]
    for t in range(horizon):
        q = pays + discount * moves @ values[horizon - 1 - t]
        part = (visits[:, None] * policy * q).sum()
        losses = [losses[0] + discount**t * part, losses[1] + part]
        visits = torch.einsum("s,sa,sap->p", visits, held, moves)
    slopes = [torch.autograd.grad(x, z, retain_graph=True)[0].numpy() for x in losses]
    return (torch.tensor(start) @ values[-1]).item(), *slopes
""",
)

# ----------------------------------------------------------------------------------------------------------- stale
FIRST, STEPS, MOMENTS, CAP = (f"stale-{name}" for name in ("one", "steps", "moments", "cap"))


def stale(
    ratios="np.exp((new - old).cumsum(axis=1))",
    paid="discount ** np.arange(rewards.shape[1]) * ratios * rewards",
    result="paid[:, ::-1].cumsum(axis=1)[:, ::-1]",
    ratio="np.minimum(new / old, cap)",
    score="np.eye(len(new)) - new",
    variance="old @ (estimates**2).sum(axis=1) - mean @ mean",
):
    """An answer to stale with one of its parts replaced."""
    return f"""
def stale_weights(rewards, old, new, discount):
    ratios = {ratios}
    paid = {paid}
    return {result}


def stale_moments(old, new, payoffs, cap=math.inf):
    estimates = ({ratio} * payoffs)[:, None] * ({score})
    mean = old @ estimates
    return mean, {variance}
"""


for name, cells, parts in [
    ("stale data as if fresh (E143)", [FIRST, STEPS], {"ratios": "1.0"}),
    ("ratios upside down", [FIRST, STEPS], {"ratios": "np.exp((old - new).cumsum(axis=1))"}),
    ("the whole episode's ratio", [STEPS], {"ratios": "np.exp((new - old).sum(axis=1))[:, None]"}),
    (
        "the own action's ratio",
        [STEPS],
        {
            "paid": "discount ** np.arange(rewards.shape[1]) * rewards",
            "result": "np.exp(new - old) * paid[:, ::-1].cumsum(axis=1)[:, ::-1]",
        },
    ),
    (
        "ratios up to the action",
        [STEPS],
        {
            "paid": "discount ** np.arange(rewards.shape[1]) * rewards",
            "result": "ratios * paid[:, ::-1].cumsum(axis=1)[:, ::-1]",
        },
    ),
    (
        "ratios from the action on",
        [STEPS],
        {"result": "paid[:, ::-1].cumsum(axis=1)[:, ::-1] / ratios * np.exp(new - old)"},
    ),
    ("the reward's own ratio", [STEPS], {"ratios": "np.exp(new - old)"}),
    (
        "no factor of time (E144)",
        [FIRST, STEPS],
        {"result": "paid[:, ::-1].cumsum(axis=1)[:, ::-1] / discount ** np.arange(rewards.shape[1])"},
    ),
    ("no discount", [FIRST, STEPS], {"paid": "ratios * rewards"}),
    ("the total return", [FIRST, STEPS], {"result": "paid.sum(axis=1)[:, None] + 0 * paid"}),
    ("differences of logarithms", [FIRST, STEPS], {"ratios": "(new - old).cumsum(axis=1)"}),
    (
        "changes the rewards",
        [STEPS],
        {"paid": "discount ** np.arange(rewards.shape[1]) * ratios * rewards; rewards *= 0"},
    ),
    ("no ratio", [MOMENTS, CAP], {"ratio": "np.minimum(1.0, cap)"}),
    ("old over new", [MOMENTS, CAP], {"ratio": "np.minimum(old / new, cap)"}),
    ("the old policy's scores (E143)", [MOMENTS, CAP], {"score": "np.eye(len(new)) - old"}),
    ("the mean square", [MOMENTS, CAP], {"variance": "old @ (estimates**2).sum(axis=1)"}),
    (
        "the variance under the new policy",
        [MOMENTS, CAP],
        {"variance": "new @ (estimates**2).sum(axis=1) - mean @ mean"},
    ),
    ("the cap ignored", [CAP], {"ratio": "new / old"}),
    ("clipped on both sides", [CAP], {"ratio": "np.clip(new / old, 1 / cap, cap)"}),
    ("a lower cap", [MOMENTS, CAP], {"ratio": "np.maximum(new / old, cap)"}),
    ("thrown away", [CAP], {"ratio": "np.where(new / old > cap, 0.0, new / old)"}),
]:
    wrong("stale", name, fails=cells, source=stale(**parts))
right(
    "stale",
    "loops",
    source="""
def stale_weights(rewards, old, new, discount):
    out = np.zeros(rewards.shape)
    for i in range(len(rewards)):
        for t in range(rewards.shape[1]):
            for n in range(t, rewards.shape[1]):
                ratio = math.exp(sum(new[i, k] - old[i, k] for k in range(n + 1)))
                out[i, t] += discount**n * ratio * rewards[i, n]
    return out


def stale_moments(old, new, payoffs, cap=math.inf):
    pulls = [min(n / o, cap) * r * (e - new) for o, n, r, e in zip(old, new, payoffs, np.eye(len(new)))]
    mean = sum(o * g for o, g in zip(old, pulls))
    return mean, sum(o * np.sum((g - mean) ** 2) for o, g in zip(old, pulls))
""",
)

# ------------------------------------------------------------------------------------------------- true-statements
GROUPS = [f"true-statements-{name}" for name in ("estimates", "surrogate", "discount")]
for name, letters, cells in [
    ("the variance of a double is the double", "ABEFGH", GROUPS[:1]),
    ("a baseline must be fixed", "EFGH", GROUPS[:1]),
    ("a bad pull lowers itself", "BCEFGH", GROUPS[:1]),
    ("the surrogate is the objective (E143)", "BDEFGH", GROUPS[1:2]),
    ("adding a number changes the direction", "BFGH", GROUPS[1:2]),
    ("only the logarithm will do", "BEGH", GROUPS[1:2]),
    ("the customary direction may point down in a table", "BEFH", GROUPS[2:]),
    ("the last reward counts differently at each step", "BEFG", GROUPS[2:]),
    ("it is the undiscounted gradient (E144)", "BEFGHI", GROUPS[2:]),
    ("all", "ABCDEFGHI", GROUPS),
    ("none", "", GROUPS),
    ("the false ones", "ACDI", GROUPS),
]:
    wrong("true-statements", name, fails=cells, source=f'def true_statements():\n    return "{letters}"\n')
right("true-statements", "in another order", source='def true_statements():\n    return "HGFEB"\n')

# ------------------------------------------------------------------------- mutants that are the same function
equivalent(
    "surrogate",
    "np.where(mask[:, :, None], logits, 0.0) -> np.where(mask[:, :, None], logits, 1.0)",
    why="in the padding any logits will do that are equal: all that counts is that the policy is uniform there",
)
