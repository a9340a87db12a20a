"""Answers to the assignment *Actor and critic* whose verdict is known; read by ``proctor verify``, never imported.

Each wrong answer is a mistake that people make; ``fails`` lists exactly the test cells that must notice it. E-numbers
refer to the errata of the source notes, where the mistake comes from one.
"""

from proctor.variants import right, wrong

# ------------------------------------------------------------------------------------------------------------- six
ERRORS, ACTOR, ENDS = (f"six-{name}" for name in ("errors", "actor", "ends"))
LISTS = (
    "[-0.5, 1.5, -1]",
    "[-0.06, 1.1, -1]",
    "[0.26, 1.9, 1]",
    "[0.52, 0.28, 0.2]",
    "[2, 3, 1]",
    "[1.87, 2.5, 10]",
)
for name, position, value, cell in [
    ("targets, not errors", 0, "[2.5, 2.5, 4]", ERRORS),
    ("no discount", 0, "[0, 4, -1]", ERRORS),
    ("λ without γ", 1, "[0.06, 0.7, -1]", ERRORS),
    ("G - v", 1, "[0, 1, -1]", ERRORS),
    ("rounded", 1, "[-0.1, 1.1, -1]", ERRORS),
    ("the clock is the end", 2, LISTS[1], ERRORS),
    ("the state after the reset", 2, "[0.18, 1.7, 0.5]", ERRORS),
    ("the rest shared evenly (E146)", 3, "[0.4, 0.4, 0.2]", ACTOR),
    ("advantages", 3, "[3, -2, -5]", ACTOR),
    ("exchanged", 3, "[0.28, 0.52, 0.2]", ACTOR),
    ("TD is what Monte-Carlo is", 4, "[2, 2, 1]", ENDS),
    ("the squared TD error is minimized (E145)", 4, "[2, 1, 1]", ENDS),
    ("the gradient through the target changes nothing (E145)", 4, "[2, 3, 3]", ENDS),
    ("one sample for each episode (E145)", 4, "[3, 3, 1]", ENDS),
    ("the return of the first step", 5, "[2.71, 2.5, 10]", ENDS),
    ("TD with a wrong end is Monte-Carlo", 5, "[1.87, 1.87, 10]", ENDS),
    ("a clock is an end for everybody", 5, "[1.87, 2.5, 2.5]", ENDS),
]:
    numbers = [*LISTS[:position], value, *LISTS[position + 1 :]]
    wrong("six", name, fails=[cell], source=f"def six_judgments():\n    return {', '.join(numbers)}\n")
right(
    "six",
    "computed",
    source="""
def six_judgments():
    def fade(errors):
        return [sum(0.4**k * e for k, e in enumerate(errors[t:])) for t in range(3)]
    r, v = np.array([2.0, 0.0, 4.0]), np.array([3.0, 1.0, 5.0])
    delta, cut = (r + 0.5 * np.append(v[1:], end) - v for end in (0.0, 4.0))
    p = (3 + 2 * 0.2 - 1 * 0.8) / 5
    gains = [sum(0.9**k for k in range(n)) for n in (1, 2, 3)]
    return [delta, fade(delta), fade(cut), (p, 0.8 - p, 0.2), (2.0, 3.0, 1.0), (np.mean(gains), 1 / (1 - 0.6), 1 / 0.1)]
""",
)

# ----------------------------------------------------------------------------------------------------------- batch
MC, TD = "batch-mc", "batch-td"


def batch(
    after="r[t] + discount * after",
    gain="after",
    counted="True",
    earned="r[t]",
    moves="diag - discount * leads",
    result="gains / np.maximum(used, 1), np.linalg.solve(moves, earned)",
    more="",
):
    """An answer to batch with one of its parts replaced."""
    return f"""
def batch_values(states, rewards, number, discount):
    visits, used, gains, earned = np.zeros((4, number))
    leads = np.zeros((number, number))
    for s, r in zip(states, rewards):
        after = 0.0
        for t in reversed(range(len(s))):
            after = {after}
            visits[s[t]] += 1
            if {counted}:
                used[s[t]] += 1
                gains[s[t]] += {gain}
            earned[s[t]] += {earned}
            if t + 1 < len(s):
                leads[s[t], s[t + 1]] += 1
        {more}
    diag = np.diag(visits)
    moves = {moves}
    return {result}
"""


for name, cells, parts in [
    ("the first visit only", [MC], {"counted": "s[t] not in s[:t]"}),
    ("the last visit only", [MC], {"counted": "s[t] not in s[t + 1:]"}),
    ("one sample for each episode (E145)", [MC], {"counted": "t == 0"}),
    ("no discount in the returns", [MC], {"after": "r[t] + after"}),
    ("the whole return", [MC], {"gain": "sum(discount**n * x for n, x in enumerate(r))"}),
    ("rewards only", [MC], {"gain": "r[t]"}),
    ("Monte-Carlo twice", [TD], {"result": "(gains / used,) * 2"}),
    ("TD twice", [MC], {"result": "(np.linalg.solve(moves, earned),) * 2"}),
    ("exchanged", [MC, TD], {"result": "np.linalg.solve(moves, earned), gains / used"}),
    ("no discount in the equations", [TD], {"moves": "diag - leads"}),
    ("the whole return earned", [TD], {"earned": "after"}),
    ("transposed", [TD], {"moves": "diag - discount * leads.T"}),
    ("changes the rewards", [MC], {"more": "r *= 0.5"}),
]:
    wrong("batch", name, fails=cells, source=batch(**parts))
wrong(
    "batch",
    "a few sweeps of small steps",
    fails=[MC, TD],
    source="""
def batch_values(states, rewards, number, discount):
    v = np.zeros((2, number))
    for _ in range(20):
        for s, r in zip(states, rewards):
            for t in range(len(s)):
                g = sum(discount ** (n - t) * r[n] for n in range(t, len(s)))
                ahead = v[1, s[t + 1]] if t + 1 < len(s) else 0.0
                v[0, s[t]] += 0.05 * (g - v[0, s[t]])
                v[1, s[t]] += 0.05 * (r[t] + discount * ahead - v[1, s[t]])
    return v[0], v[1]
""",
)
right("batch", "with counts", source=batch())
right(
    "batch",
    "updates until nothing changes",
    source="""
def batch_values(states, rewards, number, discount):
    table, steps = [[] for _ in range(number)], []
    for s, r in zip(states, rewards):
        g = 0.0
        for t in range(len(s) - 1, -1, -1):
            g = r[t] + discount * g
            table[s[t]].append(g)
            steps.append((s[t], r[t], s[t + 1] if t + 1 < len(s) else number))
    at, paid, to = (np.array(x) for x in zip(*steps))
    count, v = np.bincount(at, minlength=number), np.zeros(number + 1)
    for _ in range(3000):
        v[:-1] = np.bincount(at, weights=paid + discount * v[to], minlength=number) / count
    return np.array([np.mean(x) for x in table]), v[:-1]
""",
)

# ---------------------------------------------------------------------------------------------------------- pieces
OPEN, OVER, CUT, TARGETS = (f"pieces-{name}" for name in ("open", "terminated", "truncated", "targets"))


def pieces(
    after="np.where(terminated, 0.0, np.where(truncated, final_values, values[1:]))",
    errors="rewards + discount * after - values[:-1]",
    ends="terminated | truncated",
    fade="discount * lam",
    result="out, out + values[:-1]",
):
    """An answer to pieces with one of its parts replaced."""
    return f"""
def piece_advantages(rewards, values, final_values, terminated, truncated, *, discount, lam):
    after = {after}
    errors = {errors}
    ends = {ends}
    out, later = np.zeros(rewards.shape), np.zeros(rewards.shape[1])
    for t in reversed(range(len(rewards))):
        out[t] = errors[t] + {fade} * np.where(ends[t], 0.0, later)
        later = out[t]
    return {result}
"""


ALL = [OPEN, OVER, CUT, TARGETS]
for name, cells, parts in [
    ("λ ignored", ALL, {"fade": "discount"}),
    ("λ without γ", ALL, {"fade": "lam"}),
    ("λ = 0", ALL, {"fade": "0.0"}),
    ("no discount of the next value", ALL, {"errors": "rewards + after - values[:-1]"}),
    ("targets, not errors", ALL, {"errors": "rewards + discount * after"}),
    (
        "the end of the piece is an end",
        ALL,
        {
            "after": "np.where(terminated, 0.0,"
            " np.where(truncated, final_values, np.append(values[1:-1], 0 * values[:1], axis=0)))"
        },
    ),
    (
        "bootstraps over a termination",
        [OVER, CUT, TARGETS],
        {"after": "np.where(truncated, final_values, values[1:])"},
    ),
    ("the sum runs across ends", [OVER, CUT, TARGETS], {"ends": "terminated & ~terminated"}),
    ("the sum runs across truncations", [CUT, TARGETS], {"ends": "terminated"}),
    (
        "a truncation is a termination",
        [CUT, TARGETS],
        {"after": "np.where(terminated | truncated, 0.0, values[1:])"},
    ),
    ("the value after the reset", [CUT, TARGETS], {"after": "np.where(terminated, 0.0, values[1:])"}),
    (
        "the clock before the end",
        [CUT],
        {"after": "np.where(truncated, final_values, np.where(terminated, 0.0, values[1:]))"},
    ),
    ("NaN times zero", ALL, {"after": "(truncated * final_values + ~truncated * values[1:]) * ~terminated"}),
    (
        "one step late",
        [OVER, CUT, TARGETS],
        {"ends": "np.roll(terminated | truncated, 1, axis=0)"},
    ),
    ("one robot ends all", [OVER, CUT, TARGETS], {"ends": "(terminated | truncated).any(axis=1)"}),
    ("no values added", [TARGETS], {"result": "out, out"}),
    ("the TD targets", [TARGETS], {"result": "out, rewards + discount * after"}),
    ("the next values added", [TARGETS], {"result": "out, out + values[1:]"}),
    ("exchanged", ALL, {"result": "out + values[:-1], out"}),
    ("changes the rewards", [TARGETS], {"result": "out, (out + values[:-1], rewards.fill(0.0))[0]"}),
]:
    wrong("pieces", name, fails=cells, source=pieces(**parts))
right("pieces", "with np.where", source=pieces())
right(
    "pieces",
    "sums, robot by robot",
    source="""
def piece_advantages(rewards, values, final_values, terminated, truncated, *, discount, lam):
    steps, robots = rewards.shape
    out = np.zeros((steps, robots))
    for i in range(robots):
        for t in range(steps):
            for k in range(t, steps):
                ahead = values[k + 1, i]
                if terminated[k, i]:
                    ahead = 0.0
                elif truncated[k, i]:
                    ahead = final_values[k, i]
                out[t, i] += (discount * lam) ** (k - t) * (rewards[k, i] + discount * ahead - values[k, i])
                if terminated[k, i] or truncated[k, i]:
                    break
    return out, values[:steps] + out
""",
)
right(
    "pieces",
    "λ-returns first",
    source="""
def piece_advantages(rewards, values, final_values, terminated, truncated, *, discount, lam):
    aims, later = [], values[-1]
    for t in range(len(rewards) - 1, -1, -1):
        ahead = (1 - lam) * values[t + 1] + lam * later
        ahead = np.where(truncated[t], final_values[t], ahead)
        ahead = np.where(terminated[t], 0.0, ahead)
        later = rewards[t] + discount * ahead
        aims.append(later)
    aims = np.stack(aims[::-1])
    return aims - values[:-1], aims
""",
)

# --------------------------------------------------------------------------------------------------------- mixture
STEPS, WEIGHTS = "mixture-steps", "mixture-weights"


def mixture(
    total="discount**n * later[n : n + steps] - values",
    paid="discount**k * paid[k : k + steps]",
    count="n",
    weights="(1 - lam) * lam ** np.arange(m)",
    last="lam ** (m - 1)",
):
    """An answer to mixture with one of its parts replaced."""
    return f"""
def n_step_advantages(rewards, values, discount, n):
    steps = len(rewards)
    paid, later = (np.concatenate([x, np.zeros(n + 2)]) for x in (rewards, values))
    total = {total}
    for k in range({count}):
        total = total + {paid}
    return total


def lambda_weights(m, lam):
    weights = {weights}
    weights[-1] = {last}
    return weights
"""


for name, cells, parts in [
    ("the last value not discounted", [STEPS], {"total": "later[n : n + steps] - values"}),
    ("discounted once too little", [STEPS], {"total": "discount ** (n - 1) * later[n : n + steps] - values"}),
    ("one reward more", [STEPS], {"count": "n + 1"}),
    ("one reward less", [STEPS], {"count": "n - 1"}),
    ("one state later", [STEPS], {"total": "discount**n * later[n + 1 : n + 1 + steps] - values"}),
    ("the critic not asked", [STEPS], {"total": "-values"}),
    ("targets", [STEPS], {"total": "discount**n * later[n : n + steps]"}),
    ("rewards not discounted", [STEPS], {"paid": "paid[k : k + steps]"}),
    ("round and round", [STEPS], {"paid": "discount**k * np.roll(rewards, -k)"}),
    (
        "changes the values",
        [STEPS],
        {"total": "discount**n * later[n : n + steps] - values; values *= 1.0 + 1e-3"},
    ),
    ("the last one counts itself only", [WEIGHTS], {"last": "(1 - lam) * lam ** (m - 1)"}),
    ("normalized", [WEIGHTS], {"last": "weights[-1]; weights = weights / max(weights.sum(), 1e-9)"}),
    ("one power too high", [WEIGHTS], {"weights": "(1 - lam) * lam ** (np.arange(m) + 1.0)", "last": "lam**m"}),
    ("weights of TD errors", [WEIGHTS], {"weights": "lam ** (1.0 * np.arange(m))"}),
    ("the rest to the first", [WEIGHTS], {"last": "lam ** (m - 1); weights = weights[::-1]"}),
    ("all alike", [WEIGHTS], {"weights": "np.full(m, 1 / m)", "last": "1 / m"}),
]:
    wrong("mixture", name, fails=cells, source=mixture(**parts))
right("mixture", "padded with zeros", source=mixture())
right(
    "mixture",
    "sums of TD errors, and the rest by subtraction",
    source="""
def n_step_advantages(rewards, values, discount, n):
    delta = rewards + discount * np.append(values[1:], 0.0) - values
    return np.array([sum(discount**k * d for k, d in enumerate(delta[t : t + n])) for t in range(len(rewards))])


def lambda_weights(m, lam):
    first = [(1 - lam) * lam**k for k in range(m - 1)]
    return np.array([*first, 1 - sum(first)])
""",
)

# --------------------------------------------------------------------------------------------------------- moments
MEAN, VARIANCE, BEST = (f"moments-{name}" for name in ("mean", "variance", "best"))


def moments(
    ahead="rewards + discount * mean",
    spread="noise + discount**2 * variance + (ahead - new[:, None]) ** 2",
    count="steps",
    result="mean, variance",
    best="(3, 9, 15)",
    start="critic",
):
    """An answer to moments with one of its parts replaced."""
    return f"""
def target_moments(transitions, rewards, noise, critic, *, discount, steps):
    mean, variance = {start}, 0.0 * critic
    for _ in range({count}):
        ahead = {ahead}
        new = (transitions * ahead).sum(axis=1)
        variance = (transitions * ({spread})).sum(axis=1)
        mean = new
    return {result}


def best_steps():
    return {best}
"""


for name, cells, parts in [
    ("no discount", [MEAN, VARIANCE], {"ahead": "rewards + mean"}),
    ("one step too many", [MEAN, VARIANCE], {"count": "steps + 1"}),
    ("one step for all n", [MEAN, VARIANCE], {"count": "1"}),
    ("the critic not asked", [MEAN, VARIANCE], {"start": "0.0 * critic"}),
    ("an advantage", [MEAN], {"result": "mean - critic, variance"}),
    ("the variance of the means left out", [VARIANCE], {"spread": "noise + discount**2 * variance"}),
    ("noise left out", [VARIANCE], {"spread": "discount**2 * variance + (ahead - new[:, None]) ** 2"}),
    ("γ, not its square", [VARIANCE], {"spread": "noise + discount * variance + (ahead - new[:, None]) ** 2"}),
    ("noise squared", [VARIANCE], {"spread": "noise**2 + discount**2 * variance + (ahead - new[:, None]) ** 2"}),
    ("the mean square", [VARIANCE], {"result": "mean, variance + mean**2"}),
    ("the standard deviation", [VARIANCE], {"result": "mean, variance**0.5"}),
    (
        "the dice of the first step only",
        [VARIANCE],
        {"spread": "noise + (ahead - new[:, None]) ** 2"},
    ),
    (
        "the variance of the next state by its row",
        [VARIANCE],
        {"spread": "noise + discount**2 * variance[:, None] + (ahead - new[:, None]) ** 2"},
    ),
    ("changes the critic", [VARIANCE], {"result": "mean + 0.0, (variance, critic.fill(0.0))[0]"}),
    ("TD is always best", [BEST], {"best": "(1, 1, 1)"}),
    ("Monte-Carlo is accurate (E145)", [BEST], {"best": "(60, 60, 60)"}),
    ("the same for all N", [BEST], {"best": "(3, 3, 3)"}),
    ("the other way round", [BEST], {"best": "(15, 9, 3)"}),
]:
    wrong("moments", name, fails=cells, source=moments(**parts))
right(
    "moments",
    "with second moments, and measured",
    source="""
def target_moments(transitions, rewards, noise, critic, *, discount, steps):
    first, second = critic, critic**2
    for _ in range(steps):
        both = rewards**2 + noise + 2 * discount * rewards * first + discount**2 * second
        second = np.einsum("st,st->s", transitions, both)
        first = np.einsum("st,st->s", transitions, rewards + discount * first)
    return first, second - first**2


def best_steps():
    truth, table = np.arange(1, 10) / 10, []
    for n in range(1, 61):
        m, v = target_moments(line_moves, line_pays, 0 * line_pays, line_critic, discount=1.0, steps=n)
        table.append((np.mean((m[1:-1] - truth) ** 2), np.mean(v[1:-1])))
    bias, variance = np.array(table).T
    return [1 + int(np.argmin(bias + variance / many)) for many in (1, 10, 100)]
""",
)

# ----------------------------------------------------------------------------------------------------------- fixed
FIXED = ("fixed-mc", "fixed-td", "fixed-residual")


def fixed(
    values="np.linalg.solve(np.eye(len(visits)) - discount * transitions, own)",
    seen="features.T * visits",
    mc="np.linalg.solve(seen @ features, seen @ values)",
    gap="features - discount * transitions @ features",
    td="np.linalg.solve(seen @ gap, seen @ own)",
    chances="visits[:, None] * transitions",
    normal="np.einsum('st,sti,stj->ij', chances, pairs, pairs)",
    side="np.einsum('st,sti->i', chances * rewards, pairs)",
    result="mc, td, np.linalg.solve(normal, side)",
):
    """An answer to fixed with one of its parts replaced."""
    return f"""
def fixed_points(features, transitions, rewards, visits, discount):
    own = (transitions * rewards).sum(axis=1)
    values = {values}
    seen = {seen}
    mc = {mc}
    gap = {gap}
    td = {td}
    chances = {chances}
    pairs = features[:, None] - discount * features
    normal = {normal}
    side = {side}
    return {result}
"""


for name, cells, parts in [
    ("values without discount ahead", FIXED[:1], {"values": "own"}),
    ("all states alike", FIXED[:2], {"seen": "features.T"}),
    ("weighed twice", FIXED[:2], {"seen": "features.T * visits**2"}),
    ("MC without weights", FIXED[:1], {"mc": "np.linalg.solve(features.T @ features, features.T @ values)"}),
    ("TD is Monte-Carlo", FIXED[1:2], {"td": "mc"}),
    (
        "TD minimizes the squared TD error (E145)",
        FIXED[1:2],
        {"result": "mc, np.linalg.solve(normal, side), np.linalg.solve(normal, side)"},
    ),
    (
        "Monte-Carlo is TD",
        FIXED[:1],
        {"mc": "np.linalg.solve(seen @ (features - discount * transitions @ features), seen @ own)"},
    ),
    ("the gradient through the target changes nothing (E145)", FIXED[2:], {"result": "mc, td, td"}),
    ("no discount", FIXED[1:2], {"gap": "features - 0.999 * transitions @ features"}),
    ("transposed", FIXED[1:2], {"gap": "features - discount * transitions.T @ features"}),
    (
        "the square of the mean of δ",
        FIXED[2:],
        {"normal": "(gap.T * visits) @ gap", "side": "(gap.T * visits) @ own"},
    ),
    ("visits left out of the residual", FIXED[2:], {"chances": "transitions"}),
    ("all steps alike", FIXED[2:], {"chances": "np.ones(rewards.shape)"}),
    ("exchanged", FIXED[:2], {"result": "td, mc, np.linalg.solve(normal, side)"}),
    (
        "changes the visits",
        FIXED[2:],
        {"result": "mc, td, (np.linalg.solve(normal, side), visits.fill(0.5))[0]"},
    ),
]:
    wrong("fixed", name, fails=list(cells), source=fixed(**parts))
right(
    "fixed",
    "least squares, and autograd",
    source="""
def fixed_points(features, transitions, rewards, visits, discount):
    f, p, r = torch.tensor(features), torch.tensor(transitions), torch.tensor(rewards)
    d, size = torch.tensor(visits), features.shape[1]
    truth = torch.linalg.inv(torch.eye(len(d), dtype=torch.float64) - discount * p) @ (p * r).sum(1)
    root = d.sqrt()[:, None]
    mc = torch.linalg.lstsq(root * f, root * truth[:, None]).solution[:, 0]

    def update(w, half):
        delta = r + discount * f @ w - (f @ w)[:, None]
        if half:
            return f.T @ (d * (p * delta).sum(1))
        w = w.clone().requires_grad_()
        delta = r + discount * f @ w - (f @ w)[:, None]
        return torch.autograd.grad((d[:, None] * p * delta**2).sum(), w)[0]

    found = []
    for half in (True, False):
        base = update(torch.zeros(size, dtype=torch.float64), half)
        slope = torch.stack([update(e, half) - base for e in torch.eye(size, dtype=torch.float64)], 1)
        found.append(torch.linalg.solve(slope, -base).numpy())
    return mc.numpy(), *found
""",
)

# ------------------------------------------------------------------------------------------------------------ bugs
CLOCK, BREAKS, ENTROPY, CRITIC = (f"bugs-{name}" for name in ("clock", "ends", "entropy", "critic"))


def step(
    zero="over",
    fade="discount * lam * ~ends[t]",
    bonus="- beta * entropy.mean()",
    advantages="advantages.detach()",
    targets="(advantages + values).detach()",
    error="c * (targets - values).square().mean()",
    praise="-(weights * taken).mean()",
    more="",
):
    """An answer to bugs with one of its parts replaced."""
    return f"""
def a2c_gradients(
    shared, actor, critic, seen, after, actions, rewards, terminated, truncated, *, discount, lam, beta, c
):
    {more}
    shared, actor, critic = (torch.tensor(x, requires_grad=True) for x in (shared, actor, critic))
    seen, after, rewards, actions = (torch.tensor(x) for x in (seen, after, rewards, actions))
    over, ends = torch.tensor(terminated), torch.tensor(terminated | truncated)
    hidden = torch.tanh(seen @ shared)
    values, next_values = hidden @ critic, torch.tanh(after @ shared) @ critic
    errors = rewards + discount * next_values * ~{zero} - values
    advantages, later = [], 0.0
    for t in reversed(range(len(errors))):
        later = errors[t] + {fade} * later
        advantages.append(later)
    advantages = torch.stack(advantages[::-1])
    weights = {advantages}
    log_pi = (hidden @ actor).log_softmax(-1)
    taken = log_pi.gather(-1, actions[..., None]).squeeze(-1)
    entropy = -(log_pi.exp() * log_pi).sum(-1)
    targets = {targets}
    loss = {praise} {bonus} + {error}
    return tuple(g.numpy() for g in torch.autograd.grad(loss, (shared, actor, critic)))
"""


for name, cells, parts in [
    ("a truncation is a termination", [CLOCK], {"zero": "ends"}),
    ("bootstraps over a termination", [CLOCK, BREAKS], {"zero": "(over & ~over)"}),
    ("the sum runs into the next episode", [BREAKS], {"fade": "discount * lam"}),
    ("the sum stops at terminations only", [BREAKS], {"fade": "discount * lam * ~over[t]"}),
    ("one step late", [BREAKS], {"fade": "discount * lam * ~ends.roll(1, 0)[t]"}),
    ("λ ignored", [CLOCK, BREAKS, ENTROPY, CRITIC], {"fade": "discount * ~ends[t]"}),
    ("λ without γ", [BREAKS], {"fade": "lam * ~ends[t]"}),
    ("the entropy's sign", [ENTROPY], {"bonus": "+ beta * entropy.mean()"}),
    ("no entropy", [ENTROPY], {"bonus": ""}),
    ("the entropy summed", [ENTROPY], {"bonus": "- beta * entropy.sum()"}),
    ("nothing detached (E145)", [CRITIC], {"advantages": "advantages", "targets": "advantages + values"}),
    ("the advantage not detached", [CRITIC], {"advantages": "advantages"}),
    (
        "the values in the target not detached: the critic learns nothing",
        [CRITIC],
        {"targets": "weights + values", "error": "c * ((targets - values) + 0 * values).square().mean()"},
    ),
    ("the true gradient of the squared TD error (E145)", [CRITIC], {"targets": "advantages + values"}),
    ("c ignored", [CRITIC], {"error": "(targets - values).square().mean()"}),
    ("half of c", [CRITIC], {"error": "0.5 * c * (targets - values).square().mean()"}),
    (
        "all four bugs",
        [CLOCK, BREAKS, ENTROPY, CRITIC],
        {
            "zero": "ends",
            "fade": "discount * lam",
            "bonus": "+ beta * entropy.mean()",
            "advantages": "advantages",
            "targets": "advantages + values",
        },
    ),
    (
        "advantages normalized",
        [CLOCK, BREAKS, ENTROPY, CRITIC],
        {"advantages": "((advantages - advantages.mean()) / (advantages.square().mean().sqrt() + 1e-8)).detach()"},
    ),
    ("a mean over robots only", [CLOCK, BREAKS, ENTROPY, CRITIC], {"praise": "-(weights * taken).sum(0).mean()"}),
    ("changes the rewards", [CRITIC], {"more": "given, rewards = rewards, rewards.copy(); given += 1.0"}),
]:
    wrong("bugs", name, fails=cells, source=step(**parts))
wrong("bugs", "as given", fails=[CLOCK, BREAKS, ENTROPY, CRITIC], source="a2c_gradients = gradients_with_bugs\n")
right("bugs", "with detach", source=step())
right(
    "bugs",
    "by hand",
    source="""
def a2c_gradients(
    shared, actor, critic, seen, after, actions, rewards, terminated, truncated, *, discount, lam, beta, c
):
    h = np.tanh(seen @ shared)
    z = h @ actor
    p = np.exp(z - z.max(axis=2, keepdims=True))
    p = p / p.sum(axis=2, keepdims=True)
    v = h @ critic
    delta = rewards + discount * np.where(terminated, 0.0, np.tanh(after @ shared) @ critic) - v
    out, later = np.zeros(delta.shape), 0.0
    for t in range(len(delta) - 1, -1, -1):
        later = delta[t] + discount * lam * np.where(terminated[t] | truncated[t], 0.0, later)
        out[t] = later
    entropy = -(p * np.log(p)).sum(axis=2, keepdims=True)
    dz = out[..., None] * (p - np.eye(p.shape[2])[actions]) + beta * p * (np.log(p) + entropy)
    dv = -2 * c * out
    dh = dz @ actor.T + dv[..., None] * critic
    n = delta.size
    return (
        np.einsum("tnd,tnm->dm", seen, dh * (1 - h**2)) / n,
        np.einsum("tnm,tnk->mk", h, dz) / n,
        np.einsum("tnm,tn->m", h, dv) / n,
    )
""",
)

# ------------------------------------------------------------------------------------------------- true-statements
GROUPS = [f"true-statements-{name}" for name in ("letters", "targets", "training")]
for name, letters, cells in [
    ("V after acting (E145)", "ABDFGI", GROUPS[:1]),
    ("no advantage is nothing earned (E146)", "ACDFGI", GROUPS[:1]),
    ("all advantages may be negative", "DFGI", GROUPS[:1]),
    ("TD is biased (E145)", "AFGI", GROUPS[1:2]),
    ("one target for each episode (E145)", "ADEFGI", GROUPS[1:2]),
    ("TD and MC never agree", "ADGI", GROUPS[1:2]),
    ("a wrong critic bends every gradient", "ADFI", GROUPS[2:]),
    ("TD descends the squared TD error (E145)", "ADFGHI", GROUPS[2:]),
    ("the clock does no harm", "ADFG", GROUPS[2:]),
    ("all", "ABCDEFGHI", GROUPS),
    ("none", "", GROUPS),
    ("the false ones", "BCEH", GROUPS),
]:
    wrong("true-statements", name, fails=cells, source=f'def true_statements():\n    return "{letters}"\n')
right("true-statements", "in another order", source='def true_statements():\n    return "IGFDA"\n')
