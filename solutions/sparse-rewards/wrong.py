"""Answers to the assignment *Sparse rewards* whose verdict is known; read by ``proctor verify``, never imported.

Each wrong answer is a mistake that people make; ``fails`` lists exactly the test cells that must notice it. E-numbers
refer to the errata of the source notes, where the mistake comes from one.
"""

from proctor.variants import right, wrong

# --------------------------------------------------------------------------------------------------------- predict
BONUS, TELESCOPE, ADVANTAGE, HINDSIGHT = (f"predict-{n}" for n in ("bonus", "telescope", "advantage", "hindsight"))
NUMBERS = ("2.25", "-3.9375", "-4.0", "-0.1", "8", "0.85")
for name, position, value, cell in [
    ("the chapter's limit", 0, "5 * 0.36 / 0.44", BONUS),
    ("the first step is paid", 0, "1.8", BONUS),
    ("each step is paid", 0, "1.25", BONUS),
    ("Φ = 0 at the clock", 1, "-4.0", TELESCOPE),
    ("sums without discount", 1, "-12.0", TELESCOPE),
    ("Φ kept at the end", 2, "-3.9375", TELESCOPE),
    ("shaping adds up to nothing", 2, "0.0", TELESCOPE),
    ("Φ subtracted from Q only", 3, "-4.1", ADVANTAGE),
    ("V as a mean over moves (E146)", 3, "-0.25", ADVANTAGE),
    ("finishing without its bonus", 4, "10", BONUS),
    ("without the root", 4, "3", BONUS),
    ("rounded down", 4, "7", BONUS),
    ("honest", 5, "0.4", HINDSIGHT),
    ("shares of all steps", 5, "0.76", HINDSIGHT),
    ("goals wanted equally often", 5, "0.32 / 0.44", HINDSIGHT),
]:
    numbers = [*NUMBERS[:position], value, *NUMBERS[position + 1 :]]
    wrong("predict", name, fails=[cell], source=f"def predictions():\n    return {', '.join(numbers)}\n")
right(
    "predict",
    "computed",
    source="""
def predictions():
    phi = {"A": 4, "B": 6, "C": 2, "-": 0}
    def total(path):
        return sum(0.5**t * (0.5 * phi[b] - phi[a]) for t, (a, b) in enumerate(zip(path, path[1:])))
    m = next(m for m in range(1, 99) if 0.3 / math.sqrt(m) / 0.1 < 1 + 0.3 / math.sqrt(m))
    across, wanted = 0.6 * 0.4, 0.4 * 0.2
    value = (across + wanted * 0.4) / (across + wanted)
    return [5 * 0.36 / 0.8, total("ABCBAC"), total("ABCBAC-"), 2.5 - (0.2 * 3 + 0.8 * 2.5), m, value]
""",
)

# ---------------------------------------------------------------------------------------------------------- shaped
INSIDE, TERMINATED, TRUNCATED = (f"shaped-{n}" for n in ("inside", "terminated", "truncated"))


def shaped(
    clear="ahead[terminated, -1] = 0.0",
    result="rewards + discount * ahead - here",
    before="",
):
    """An answer to shaped with one of its parts replaced."""
    return f"""
def shaped(rewards, states, phi, discount, terminated):
    {before}
    here, ahead = phi[states[:, :-1]], phi[states[:, 1:]]
    {clear}
    return {result}
"""


SHAPED = [INSIDE, TERMINATED, TRUNCATED]
for name, cells, parts in [
    ("no γ in the bonus", SHAPED, {"result": "rewards + ahead - here"}),
    ("γ on the wrong side", SHAPED, {"result": "rewards + ahead - discount * here"}),
    ("the sign", SHAPED, {"result": "rewards - discount * ahead + here"}),
    ("the bonus alone", SHAPED, {"result": "discount * ahead - here"}),
    (
        "γᵗ in front",
        [INSIDE, TERMINATED, TRUNCATED],
        {"result": "rewards + discount ** np.arange(rewards.shape[1]) * (discount * ahead - here)"},
    ),
    ("Φ kept at the end", [TERMINATED, TRUNCATED], {"clear": "pass"}),
    ("Φ = 0 at the clock", [TRUNCATED], {"clear": "ahead[:, -1] = 0.0"}),
    ("turned round", [TERMINATED, TRUNCATED], {"clear": "ahead[~terminated, -1] = 0.0"}),
    (
        "no bonus for the last step",
        [INSIDE, TERMINATED, TRUNCATED],
        {"clear": "ahead[terminated, -1] = 0.0; here[terminated, -1] = 0.0"},
    ),
    (
        "one end clears all",
        [TRUNCATED],
        {"clear": "ahead[:, -1] *= not terminated.any()"},
    ),
    (
        "the state's Φ cleared for all visits",
        [TERMINATED, TRUNCATED],
        {"before": "phi = phi.copy(); phi[states[terminated, -1]] = 0.0"},
    ),
    (
        "changes the rewards",
        [TRUNCATED],
        {"clear": "ahead[terminated, -1] = 0.0; rewards += discount * ahead - here", "result": "rewards"},
    ),
]:
    wrong("shaped", name, fails=cells, source=shaped(**parts))
right(
    "shaped",
    "step by step",
    source="""
def shaped(rewards, states, phi, discount, terminated):
    out = np.zeros(rewards.shape)
    n, steps = rewards.shape
    for i in range(n):
        for t in range(steps):
            over = terminated[i] and t == steps - 1
            out[i, t] = rewards[i, t] + discount * (0 if over else phi[states[i, t + 1]]) - phi[states[i, t]]
    return out
""",
)

# --------------------------------------------------------------------------------------------------------- waiting
FIRST, RESTART, BACK, SILENT, NOISE = (f"waiting-{n}" for n in ("first", "restart", "back", "silent", "noise"))


def waiting(
    p="right[k]",
    wrong="0 if restart else max(k - 1, 0)",
    stays="to[n, n] = 1.0",
    result="np.linalg.matrix_power(to, moves)[0, n]",
    heard="math.log(silent) / math.log1p(-P)",
    steady="(1 / P - 1) / noise**2",
    needed="math.ceil(max(heard, steady))",
):
    """An answer to waiting with one of its parts replaced."""
    return f"""
def chance(right, moves, restart=True):
    n = len(right)
    to = np.zeros((n + 1, n + 1))
    {stays}
    for k in range(n):
        to[k, k + 1] += {p}
        to[k, {wrong}] += 1 - {p}
    return {result}


def episodes_needed(P, silent, noise):
    heard = {heard}
    steady = {steady}
    return {needed}
"""


for name, cells, parts in [
    ("coins", [FIRST, RESTART, BACK], {"p": "0.5"}),
    ("one probability for all", [FIRST, RESTART, BACK], {"p": "right[0]"}),
    ("right and wrong exchanged", [FIRST, RESTART, BACK], {"p": "(1 - right[k])"}),
    ("restart ignored", [BACK], {"wrong": "0"}),
    ("always one state back", [RESTART], {"wrong": "max(k - 1, 0)"}),
    ("a mistake leads nowhere", [RESTART, BACK], {"wrong": "k"}),
    ("the default turned round", [RESTART, BACK], {"wrong": "max(k - 1, 0) if restart else 0"}),
    ("the door does not stay open", [RESTART, BACK], {"stays": "pass"}),
    ("the first attempt only", [RESTART, BACK], {"result": "math.prod(right) * (moves >= n)"}),
    (
        "attempts of n moves",
        [RESTART, BACK],
        {"result": "1 - (1 - math.prod(right)) ** (moves // n)"},
    ),
    (
        "the chapter's formula",
        [FIRST, RESTART, BACK],
        {"result": "0.5**n * (1 + n / 2) * (moves >= n)"},
    ),
    ("one move more", [FIRST, RESTART, BACK], {"result": "np.linalg.matrix_power(to, moves + 1)[0, n]"}),
    ("rounded down", [SILENT, NOISE], {"needed": "math.floor(max(heard, steady))"}),
    ("not rounded", [SILENT, NOISE], {"needed": "max(heard, steady)"}),
    ("one of both", [SILENT, NOISE], {"needed": "math.ceil(min(heard, steady))"}),
    ("both added", [SILENT, NOISE], {"needed": "math.ceil(heard) + math.ceil(steady)"}),
    ("noise only", [SILENT], {"needed": "math.ceil(steady)"}),
    ("silence only", [NOISE], {"needed": "math.ceil(heard)"}),
    ("1 − P in floating point", [SILENT], {"heard": "math.log(silent) / math.log(1 - P)"}),
    ("1/P", [NOISE], {"steady": "1 / P / noise**2"}),
    ("no root", [NOISE], {"steady": "(1 / P - 1) / noise"}),
    ("P times the root", [NOISE], {"steady": "P * (1 - P) / noise**2"}),
]:
    wrong("waiting", name, fails=cells, source=waiting(**parts))
wrong(
    "waiting",
    "the chain of the library",
    fails=[FIRST, RESTART, BACK, SILENT, NOISE],
    source="from ravine.mdp import chain\n" + waiting(),
)
right(
    "waiting",
    "by a recurrence, and with a root",
    source="""
def chance(right, moves, restart=True):
    at = np.eye(len(right) + 1)[0]
    for _ in range(moves):
        good, bad = at[:-1] * right, at[:-1] * (1 - right)
        at = np.append(np.zeros(len(right)), at[-1])
        at[1:] += good
        if restart:
            at[0] += bad.sum()
        else:
            at[0] += bad[0]
            at[:-2] += bad[1:]
    return at[-1]


def episodes_needed(P, silent, noise):
    quiet = math.ceil(np.log(silent) / np.log1p(-P))
    return max(quiet, math.ceil((math.sqrt((1 - P) / P) / noise) ** 2))
""",
)

# ------------------------------------------------------------------------------------------------------------ bugs
DISCOUNT, END, CLOCK, ACTIONS = (f"bugs-{n}" for n in ("discount", "end", "clock", "actions"))


def errors(
    bonus="discount * np.where(terminated, 0.0, phi[after]) - phi[states]",
    follow="np.where(terminated, 0.0, q[after].max(axis=1))",
    now="q[states, actions]",
    last="",
):
    """An answer to bugs with one of its parts replaced."""
    return f"""
def td_errors(q, phi, states, actions, rewards, after, terminated, truncated, *, discount):
    over = terminated | truncated
    errors = rewards + {bonus} + discount * {follow} - {now}
    {last}
    return errors
"""


for name, cells, parts in [
    ("no γ in the bonus", [DISCOUNT], {"bonus": "np.where(terminated, 0.0, phi[after]) - phi[states]"}),
    (
        "γ times all of the bonus",
        [DISCOUNT],
        {"bonus": "discount * (np.where(terminated, 0.0, phi[after]) - phi[states])"},
    ),
    ("no bonus", [DISCOUNT, END, CLOCK, ACTIONS], {"bonus": "0.0"}),
    ("Φ at the end", [END], {"bonus": "discount * phi[after] - phi[states]"}),
    ("no bonus at an end", [DISCOUNT, END, CLOCK], {"bonus": "(discount * phi[after] - phi[states]) * ~terminated"}),
    ("Q after the end", [DISCOUNT, END, CLOCK], {"follow": "q[after].max(axis=1)"}),
    ("the clock is an end for Q", [CLOCK], {"follow": "np.where(over, 0.0, q[after].max(axis=1))"}),
    ("the clock is an end for Φ", [CLOCK], {"bonus": "discount * np.where(over, 0.0, phi[after]) - phi[states]"}),
    (
        "the clock is stronger than the end",
        [CLOCK],
        {"follow": "np.where(terminated & ~truncated, 0.0, q[after].max(axis=1))"},
    ),
    ("the best action instead of that taken", [ACTIONS], {"now": "q[states].max(axis=1)"}),
    (
        "the same action again",
        [DISCOUNT, END, CLOCK, ACTIONS],
        {"follow": "np.where(terminated, 0.0, q[after, actions])"},
    ),
    ("changes phi", [ACTIONS], {"last": "phi += 1.0"}),
]:
    wrong("bugs", name, fails=cells, source=errors(**parts))
wrong("bugs", "as given", fails=[DISCOUNT, END, CLOCK, ACTIONS], source="td_errors = errors_with_bugs\n")
right(
    "bugs",
    "step by step",
    source="""
def td_errors(q, phi, states, actions, rewards, after, terminated, truncated, *, discount):
    out = []
    for s, a, r, b, end in zip(states, actions, rewards, after, terminated):
        bonus = (0.0 if end else discount * phi[b]) - phi[s]
        target = r + bonus if end else r + bonus + discount * max(q[b])
        out.append(target - q[s, a])
    return np.array(out)
""",
)

# ------------------------------------------------------------------------------------------------------- hindsight
GOALS, AGAIN, STEP, ORDER = (f"hindsight-{n}" for n in ("goals", "again", "step", "order"))


def hindsight(
    goals="states[at]",
    ends="states[1:] == goals",
    paid="np.where(ends, 0.0, -1.0)",
    copy="q = q.copy()",
    order="reversed(range(len(actions)))",
    skip="s != goals[t]",
    ahead="0.0 if ends[t] else table[states[t + 1]].max()",
    table="q[goals[t]]",
    change="lr * (rewards[t] + discount * ahead - table[s, a])",
):
    """An answer to hindsight with one of its parts replaced."""
    return f"""
def relabel(states, at):
    goals = {goals}
    ends = {ends}
    return goals, {paid}, ends


def learn(q, states, actions, at, lr, discount):
    old = q
    {copy}
    goals, rewards, ends = relabel(states, at)
    for t in {order}:
        table, s, a = {table}, states[t], actions[t]
        if {skip}:
            ahead = {ahead}
            table[s, a] += {change}
    return q
"""


ALL = [GOALS, AGAIN, STEP, ORDER]
for name, cells, parts in [
    ("the last state for all", ALL, {"goals": "0 * states[1:] + states[-1]"}),
    ("the next state for all", ALL, {"goals": "states[1:]"}),
    ("the state before", ALL, {"goals": "states[at - 1]"}),
    ("at counted from t", ALL, {"goals": "states[np.minimum(at + np.arange(len(at)), len(at))]"}),
    ("reached at the time at[t] only", [AGAIN], {"ends": "at == np.arange(1, len(at) + 1)"}),
    ("reached where a step begins", ALL, {"ends": "states[:-1] == goals"}),
    ("the chapter's rewards", ALL, {"paid": "ends + 0.0"}),
    ("the reward not recomputed", ALL, {"paid": "0.0 * ends - 1.0"}),
    ("the end not recomputed", [STEP, ORDER], {"ahead": "table[states[t + 1]].max()"}),
    ("forward", [ORDER], {"order": "range(len(actions))"}),
    ("steps from the goal", [ORDER], {"skip": "True"}),
    ("targets from the old table", [ORDER], {"ahead": "0.0 if ends[t] else old[goals[t], states[t + 1]].max()"}),
    ("no discount", [STEP, ORDER], {"change": "lr * (rewards[t] + ahead - table[s, a])"}),
    ("no learning rate", [STEP, ORDER], {"change": "rewards[t] + discount * ahead - table[s, a]"}),
    ("the mean over actions", [STEP, ORDER], {"ahead": "0.0 if ends[t] else table[states[t + 1]].mean()"}),
    (
        "goal and state exchanged",
        [STEP, ORDER],
        {"table": "q[:, goals[t]]"},
    ),
    ("changes the table", [ORDER], {"copy": "pass"}),
]:
    wrong("hindsight", name, fails=cells, source=hindsight(**parts))
right(
    "hindsight",
    "in loops",
    source="""
def relabel(states, at):
    goals, rewards, ends = [], [], []
    for t, index in enumerate(at):
        goals.append(int(states[index]))
        ends.append(bool(states[t + 1] == goals[-1]))
        rewards.append(float(ends[-1]) - 1)
    return goals, rewards, ends


def learn(q, states, actions, at, lr, discount):
    new = np.array(q)
    for t in range(len(at) - 1, -1, -1):
        g, s, b, a = states[at[t]], states[t], states[t + 1], actions[t]
        if s == g:
            continue
        target = 0 if b == g else -1 + discount * max(new[g, b])
        new[g, s, a] = (1 - lr) * new[g, s, a] + lr * target
    return new
""",
)

# ------------------------------------------------------------------------------------------------------------ plan
ONE, PLAN_END, ON = (f"plan-{n}" for n in ("one", "end", "on"))


def planner(
    V="Q.max(axis=1)",
    back="0 * V + V[0]",
    door="V[0] if goes_on else 0.0",
    update="rewards + discount * np.stack([back, ahead], axis=1)",
    horizon="horizon",
):
    """An answer to plan with one of its parts replaced."""
    return f"""
def plan(rewards, discount, goes_on, horizon):
    Q = np.zeros(rewards.shape)
    for _ in range({horizon}):
        V = {V}
        back, ahead = {back}, np.append(V[1:], {door})
        Q = {update}
    return Q
"""


for name, cells, parts in [
    ("the end is always worth 0", [ON], {"door": "0.0"}),
    ("the end always goes on", [PLAN_END], {"door": "V[0]"}),
    ("turned round", [PLAN_END, ON], {"door": "0.0 if goes_on else V[0]"}),
    ("the end is worth the last state", [ON], {"door": "V[-1] if goes_on else 0.0"}),
    ("no discount", [PLAN_END, ON], {"update": "rewards + np.stack([back, ahead], axis=1)"}),
    ("a mean over actions", [PLAN_END, ON], {"V": "Q.mean(axis=1)"}),
    ("one state back", [PLAN_END, ON], {"back": "np.append(V[0], V[:-1])"}),
    ("a wrong move stays", [PLAN_END, ON], {"back": "V"}),
    ("one move more", [ONE, PLAN_END, ON], {"horizon": "horizon + 1"}),
    ("one move less", [ONE, PLAN_END, ON], {"horizon": "horizon - 1"}),
    ("for ever", [ONE, PLAN_END, ON], {"horizon": "100"}),
    ("the next move's values only", [ONE, PLAN_END, ON], {"update": "discount * np.stack([back, ahead], axis=1)"}),
    ("actions exchanged", [PLAN_END, ON], {"update": "rewards + discount * np.stack([ahead, back], axis=1)"}),
    (
        "changes the rewards",
        [ONE, PLAN_END, ON],
        {"update": "rewards + discount * np.stack([back, ahead], axis=1); rewards *= 1.01"},
    ),
]:
    wrong("plan", name, fails=cells, source=planner(**parts))
right(
    "plan",
    "state by state, with n + 1 states",
    source="""
def plan(rewards, discount, goes_on, horizon):
    n = len(rewards)
    V, Q = [0.0] * (n + 1), np.zeros((n, 2))
    for _ in range(horizon):
        Q = np.array([[rewards[k][0] + discount * V[0], rewards[k][1] + discount * V[k + 1]] for k in range(n)])
        V = [max(row) for row in Q]
        V.append(V[0] if goes_on else 0.0)
    return Q
""",
)

# --------------------------------------------------------------------------------------------------------- measure
ENDS, GAMMA, DICE = (f"measure-{n}" for n in ("ends", "discount", "dice"))
for name, numbers, cells in [
    ("the ends exchanged", "24.4, 3.0, 86.0, 7", [ENDS]),
    ("both ends alike", "24.4, 24.4, 86.0, 7", [ENDS]),
    ("dice", "3.0, 16.0, 86.0, 7", [ENDS]),
    ("twice as patient, twice as long", "3.0, 24.4, 48.8, 7", [GAMMA]),
    ("the discount does not matter", "3.0, 24.4, 24.4, 7", [GAMMA]),
    ("γ = 0.9 with an end that goes on", "3.0, 24.4, 3.0, 7", [GAMMA]),
    ("dice without a second attempt", "3.0, 24.4, 86.0, 5", [DICE]),
    ("the last n of dice", "3.0, 24.4, 86.0, 6", [DICE]),
    ("an end that goes on", "3.0, 24.4, 86.0, 2", [DICE]),
]:
    wrong("measure", name, fails=cells, source=f"def measured():\n    return {numbers}\n")
right("measure", "other seeds", source="def measured():\n    return [2.8, 24.0, 87, 7]\n")

# ------------------------------------------------------------------------------------------------------------ hear
GROUPS = [f"hear-{n}" for n in ("returns", "step", "tables")]
for name, letters, cells in [
    ("normalizing makes a signal", "ZINNZIZII", GROUPS[:1]),
    ("normalizing makes noise of zeros", "ZNNNZIZII", GROUPS[:1]),
    ("shaping strengthens the gradient", "ZZINZIZII", GROUPS[:1]),
    ("a small gradient, not none (E146)", "NZNNZIZII", GROUPS[:1]),
    ("an untrained critic gets learning going (E146)", "ZZNIZIZII", GROUPS[1:2]),
    ("TD errors are never zero", "ZZNNNIZII", GROUPS[1:2]),
    ("shaping one step ahead is a baseline", "ZZNNZNZII", GROUPS[1:2]),
    ("ε is a signal", "ZZNNZINII", GROUPS[2:]),
    ("no reward, no optimism", "ZZNNZIZZI", GROUPS[2:]),
    ("hindsight needs the real reward", "ZZNNZIZIZ", GROUPS[2:]),
    ("nothing hears", "ZZZZZZZZZ", GROUPS),
]:
    wrong("hear", name, fails=cells, source=f'def hears():\n    return "{letters}"\n')
right("hear", "by group", source='def hears():\n    return "ZZN" + "NZI" + "ZII"\n')
