"""Answers to the assignment *GANs for discrete sequences* whose verdict is known; read by ``proctor verify`` only.

Each wrong answer is a mistake that people make; ``fails`` lists exactly the test cells that must notice it. E-numbers
refer to the errata of the source notes, where the mistake comes from one.
"""

from proctor.variants import right, wrong

# --------------------------------------------------------------------------------------------------------- predict
GRADIENT, VARIANCE, PRICE, TRAPEZOID = (f"predict-{name}" for name in ("gradient", "variance", "price", "trapezoid"))
LISTS = (
    "[-0.11, 0.114, -0.004]",
    "[0.1, -0.06, -0.04]",
    "[0.163608, 0.3036 / 0.62]",
    "[45, 7.5]",
    "[2.5, 0, 1]",
)
for name, position, value, cell in [
    ("p R", 0, "[0.1, 0.24, 0.08]", GRADIENT),
    ("descent", 0, "[0.11, -0.114, 0.004]", GRADIENT),
    ("rounded", 0, "[-0.1, 0.1, 0.0]", GRADIENT),
    ("a bad word is pushed down (E112)", 1, "[-0.1, 0.06, 0.04]", GRADIENT),
    ("the written logit only", 1, "[0.1, 0, 0]", GRADIENT),
    ("the mean mark subtracted", 1, "[-0.11, 0.066, 0.044]", GRADIENT),
    ("the mean square", 2, "[0.18872, 0.3036 / 0.62]", VARIANCE),
    ("the mean mark is the best", 2, "[0.163608, 0.42]", VARIANCE),
    ("words of the whole length", 3, "[90, 15]", PRICE),
    ("a rollout after the last letter", 3, "[63, 10.5]", PRICE),
    ("letters only", 3, "[45, 45]", PRICE),
    ("unbiased", 4, "[1, 1, 1]", TRAPEZOID),
    ("the sum of the slopes", 4, "[5, 0, 2]", TRAPEZOID),
    ("the middle", 4, "[5 / 16, 1.5, 1]", TRAPEZOID),
]:
    numbers = [*LISTS[:position], value, *LISTS[position + 1 :]]
    wrong("predict", name, fails=[cell], source=f"def predictions():\n    return {', '.join(numbers)}\n")
right(
    "predict",
    "computed",
    source="""
def predictions():
    p, R = np.array([0.5, 0.3, 0.2]), np.array([0.2, 0.8, 0.4])
    S = np.eye(3) - p
    L, g = (S**2).sum(1), p * (R - p @ R)
    letters = 3 * sum(6 - t for t in range(1, 6))
    ends = [np.mean([d(0), d(1)]) / (f(1) - f(0)) for f, d in (
        (lambda y: y**5, lambda y: 5 * y**4),
        (lambda y: 3 * y**2 - 2 * y**3, lambda y: 6 * y - 6 * y**2),
        (lambda y: 2 * y - y**2, lambda y: 2 - 2 * y))]
    return [g, R[0] * S[0], [(p * R**2) @ L - g @ g, (p * R) @ L / (p @ L)], [letters, letters / 6], ends]
""",
)

# --------------------------------------------------------------------------------------------------------- listing
WORDS, HEAT, DISTANCE, KINDS = (f"listing-{name}" for name in ("words", "temperature", "distance", "kinds"))


def listing(
    z="table.reshape(len(p), len(table)) / temperature",
    top="z.max(axis=1)[:, None]",
    below="lifted.sum(axis=1)[:, None]",
    p="(p[:, None] * lifted / below).ravel()",
    result="p",
    distance="np.abs(p - truth).sum() / 2",
    share="p[truth > 0].sum()",
    kinds="np.exp(-(there * np.log(there)).sum())",
):
    """An answer to listing with one of its parts replaced."""
    return f"""
def sequence_probabilities(tables, temperature=1.0):
    p = np.ones(1)
    for table in tables:
        z = {z}
        lifted = np.exp(z - {top})
        below = {below}
        p = {p}
    return {result}


def report(p, truth):
    there = p[p > 0]
    return {distance}, {share}, {kinds}
"""


for name, cells, parts in [
    ("the last letter slowest", [WORDS, HEAT], {"p": "(lifted / below).T.ravel() * np.tile(p, len(table))"}),
    ("one softmax over all words", [WORDS, HEAT], {"below": "1.0", "result": "p / p.sum()", "top": "0.0"}),
    ("temperature ignored", [HEAT], {"z": "table.reshape(len(p), len(table))"}),
    ("times the temperature", [HEAT], {"z": "table.reshape(len(p), len(table)) * temperature"}),
    (
        "whole words cooled",
        [HEAT],
        {
            "z": "table.reshape(len(p), len(table))",
            "result": "p ** (1 / temperature) / (p ** (1 / temperature)).sum()",
        },
    ),
    (
        "powers, not normalized",
        [HEAT],
        {"z": "table.reshape(len(p), len(table))", "result": "p ** (1 / temperature)"},
    ),
    ("exponentials that overflow", [WORDS], {"top": "0.0"}),
    (
        "changes the tables",
        [HEAT],
        {"z": "table.reshape(len(p), len(table)) / temperature; table *= 1.01"},
    ),
    ("no half", [DISTANCE], {"distance": "np.abs(p - truth).sum()"}),
    ("Euclid", [DISTANCE], {"distance": "np.linalg.norm(p - truth)"}),
    ("the share of kinds", [DISTANCE], {"share": "(truth > 0).mean()"}),
    ("right words by the language", [DISTANCE], {"share": "p @ truth"}),
    ("the entropy", [KINDS], {"kinds": "-(there * np.log(there)).sum()"}),
    ("words that are written", [KINDS], {"kinds": "1.0 * len(there)"}),
    ("0 ln 0", [KINDS], {"kinds": "np.exp(-(p * np.log(p)).sum())"}),
    ("bits and nats", [KINDS], {"kinds": "2 ** -(there * np.log(there)).sum()"}),
]:
    wrong("listing", name, fails=cells, source=listing(**parts))
right(
    "listing",
    "word by word",
    source="""
def sequence_probabilities(tables, temperature=1.0):
    out = []
    for word in np.ndindex(*[len(tables[0])] * len(tables)):
        log_p = 0.0
        for t, table in enumerate(tables):
            row = table[word[:t]] / temperature
            log_p += row[word[t]] - np.logaddexp.reduce(row)
        out.append(math.exp(log_p))
    return np.array(out)


def report(p, truth):
    entropy = -sum(q * math.log(q) for q in p if q)
    return 1 - np.minimum(p, truth).sum() + (p.sum() - 1) / 2 + (truth.sum() - 1) / 2, p @ (truth > 0), math.e**entropy
""",
)

# ---------------------------------------------------------------------------------------------------------- clocks
FIRST, PREFIX, MARGINS = (f"clocks-{name}" for name in ("first", "prefix", "margins"))


def clocks(
    key="table[tuple(prefix)] - np.log(clocks[:, t])",
    result="np.stack(prefix, axis=1)",
    margin="np.stack([np.delete(raced, a, axis=1).max(axis=1) for a in range(raced.shape[1])], axis=1) - raced",
    race="logits - np.log(clocks)",
):
    """An answer to clocks with one of its parts replaced."""
    return f"""
def draw_words(tables, clocks):
    prefix = []
    for t, table in enumerate(tables):
        prefix.append(np.argmax({key}, axis=1))
    return {result}


def margins(logits, clocks):
    raced = {race}
    return {margin}
"""


for name, cells, parts in [
    ("no noise", [FIRST, PREFIX], {"key": "table[tuple(prefix)] + 0 * clocks[:, t]"}),
    ("plus ln E", [FIRST, PREFIX], {"key": "table[tuple(prefix)] + np.log(clocks[:, t])"}),
    ("E for Gumbel noise", [FIRST, PREFIX], {"key": "table[tuple(prefix)] + clocks[:, t]"}),
    ("E for uniform numbers", [FIRST, PREFIX], {"key": "table[tuple(prefix)] - np.log(np.abs(np.log(clocks[:, t])))"}),
    ("rates that overflow", [FIRST], {"key": "-clocks[:, t] * np.exp(-table[tuple(prefix)])"}),
    (
        "fresh dice",
        [FIRST, PREFIX],
        {"key": "table[tuple(prefix)] + np.random.default_rng(0).gumbel(size=clocks[:, t].shape)"},
    ),
    ("the prefix backward", [PREFIX], {"key": "table[tuple(prefix[::-1])] - np.log(clocks[:, t])"}),
    ("the clocks of the first place", [PREFIX], {"key": "table[tuple(prefix)] - np.log(clocks[:, 0])"}),
    (
        "the first word's prefix for all",
        [PREFIX],
        {"key": "table[tuple(q[0] for q in prefix)] - np.log(clocks[:, t])"},
    ),
    ("changes the clocks", [PREFIX], {"race": "logits - np.log(clocks); clocks *= 2"}),
    ("the winner at 0", [MARGINS], {"margin": "raced.max(axis=1)[:, None] - raced"}),
    ("the other sign", [MARGINS], {"margin": "raced - np.sort(raced, axis=1)[:, -2:-1]"}),
    ("no noise in the race", [MARGINS], {"race": "logits + 0.0"}),
    ("the gap to the second", [MARGINS], {"margin": "np.sort(raced, axis=1)[:, -2:-1] - raced"}),
]:
    wrong("clocks", name, fails=cells, source=clocks(**parts))
right(
    "clocks",
    "letter by letter",
    source="""
def draw_words(tables, clocks):
    words = []
    for noise in clocks:
        word = ()
        for table, row in zip(tables, noise):
            z = table[word] - table[word].max()
            word += (min(range(len(row)), key=lambda a: math.log(row[a]) - z[a]),)
        words.append(word)
    return np.array(words)


def margins(logits, clocks):
    out = np.zeros(logits.shape)
    for i, (z, e) in enumerate(zip(logits, clocks)):
        for a in range(len(z)):
            out[i, a] = max(z[b] - math.log(e[b]) for b in range(len(z)) if b != a) - z[a] + math.log(e[a])
    return out
""",
)

# ---------------------------------------------------------------------------------------------------------- others
OTHERS, GRPO, UNBIASED, BIASED = (f"others-{name}" for name in ("mean", "grpo", "unbiased", "biased"))


def others(
    left="marks - marks.mean(axis=1)[:, None]",
    grpo="left / (left.std(axis=1)[:, None] + eps)",
    alone="raise ValueError('no others')",
    result="left * K / (K - 1)",
    mean="policy[words].prod() * advantages(marks[None, words], eps)[0] @ (np.eye(len(policy))[words] - policy) / K",
):
    """An answer to others with one of its parts replaced."""
    return f"""
def advantages(marks, eps=None):
    K = marks.shape[1]
    left = {left}
    if eps is not None:
        return {grpo}
    if K == 1:
        {alone}
    return {result}


def mean_estimate(policy, marks, K, eps=None):
    total = 0.0
    for group in np.ndindex(*[len(policy)] * K):
        words = list(group)
        total += {mean}
    return total
"""


EXACT = """

def mean_estimate(policy, marks, K, eps=None):
    return policy * (marks - policy @ marks)
"""
for name, cells, parts in [
    ("the own mark in the mean", [OTHERS, UNBIASED], {"result": "left"}),
    ("the others' sum over K", [OTHERS], {"result": "marks - (marks.sum(axis=1)[:, None] - marks) / K"}),
    ("one mean for all groups", [OTHERS, GRPO], {"left": "marks - marks.mean()"}),
    ("no error for one word", [OTHERS], {"alone": "return 0 * marks"}),
    ("K − 1 in s", [GRPO, BIASED], {"grpo": "left / (left.std(axis=1, ddof=1)[:, None] + eps)"}),
    ("divided by the variance", [GRPO, BIASED], {"grpo": "left / (left.var(axis=1)[:, None] + eps)"}),
    ("eps ignored", [GRPO, BIASED], {"grpo": "left / (left.std(axis=1)[:, None] + 1e-12)"}),
    ("eps in the root", [GRPO, BIASED], {"grpo": "left / np.sqrt(left.var(axis=1)[:, None] + eps)"}),
    ("the others' mean, divided", [GRPO, BIASED], {"grpo": "left * K / (K - 1) / (left.std(axis=1)[:, None] + eps)"}),
    ("one s for all groups", [GRPO], {"grpo": "left / (left.std() + eps)"}),
    ("eps = 0 read as None", [GRPO], {"grpo": "left / (left.std(axis=1)[:, None] + eps) if eps else left"}),
    (
        "a sum over the words",
        [UNBIASED, BIASED],
        {"mean": "policy[words].prod() * advantages(marks[None, words], eps)[0] @ np.eye(len(policy))[words]"},
    ),
    (
        "groups not weighed",
        [UNBIASED, BIASED],
        {
            "mean": "advantages(marks[None, words], eps)[0] @ np.eye(len(policy))[words] / K / len(policy) ** K",
        },
    ),
    (
        "eps is not passed on",
        [BIASED],
        {"mean": "policy[words].prod() * advantages(marks[None, words])[0] @ np.eye(len(policy))[words] / K"},
    ),
    (
        "marks, no advantages",
        [UNBIASED, BIASED],
        {"mean": "policy[words].prod() * marks[words] @ np.eye(len(policy))[words] / K"},
    ),
    ("changes the marks", [OTHERS], {"left": "marks - marks.mean(axis=1)[:, None]; marks += 1"}),
]:
    wrong("others", name, fails=cells, source=others(**parts))
wrong(
    "others",
    "a divisor does not matter",
    fails=[BIASED],
    source=others().partition("\n\ndef mean_estimate")[0] + EXACT,
)
right(
    "others",
    "loops",
    source="""
def advantages(marks, eps=None):
    if eps is None and len(marks[0]) < 2:
        raise ValueError("one word")
    out = np.zeros(marks.shape)
    for i, row in enumerate(marks):
        for j, mark in enumerate(row):
            if eps is None:
                out[i, j] = mark - np.delete(row, j).mean()
            else:
                out[i, j] = (mark - row.mean()) / (row.std() + eps)
    return out


def mean_estimate(policy, marks, K, eps=None):
    V = len(policy)
    groups = np.indices((V,) * K).reshape(K, -1).T
    weights = policy[groups].prod(axis=1)[:, None] * advantages(marks[groups], eps) / K
    return np.einsum("gk,gkv->v", weights, np.eye(V)[groups] - policy)
""",
)

# ---------------------------------------------------------------------------------------------------------- places
SPREAD, CONSTANT, EACH = (f"places-{name}" for name in ("variance", "constant", "each"))


def places(
    estimates="((marks[:, None] - baselines)[:, :, None] * scores).sum(axis=1)",
    variance="(p @ (estimates - p @ estimates) ** 2).sum()",
    weights="p @ (scores**2).sum(axis=2)",
    paid="(p * marks) @ (scores * scores.sum(axis=1)[:, None]).sum(axis=2)",
    constant="paid.sum() / weights.sum()",
    each="paid / weights",
):
    """An answer to places with one of its parts replaced."""
    return f"""
def estimate_variance(p, scores, marks, baselines):
    estimates = {estimates}
    return {variance}


def best_baselines(p, scores, marks):
    weights = {weights}
    paid = {paid}
    return {constant}, {each}
"""


for name, cells, parts in [
    ("the mean square", [SPREAD], {"variance": "(p @ estimates**2).sum()"}),
    ("the mean over the entries", [SPREAD], {"variance": "(p @ (estimates - p @ estimates) ** 2).mean()"}),
    ("not weighed by p", [SPREAD], {"variance": "estimates.var(axis=0).sum()"}),
    ("no baseline", [SPREAD], {"estimates": "marks[:, None] * scores.sum(axis=1)"}),
    (
        "the baselines in the other order",
        [SPREAD],
        {"estimates": "((marks[:, None] - baselines[::-1])[:, :, None] * scores).sum(axis=1)"},
    ),
    (
        "the places' variances added",
        [SPREAD],
        {
            "estimates": "(marks[:, None] - baselines)[:, :, None] * scores",
            "variance": "p @ ((estimates - np.einsum('n,ntd->td', p, estimates)) ** 2).sum(axis=(1, 2))",
        },
    ),
    ("the mean mark", [CONSTANT], {"constant": "p @ marks"}),
    (
        "the letters' squares",
        [CONSTANT, EACH],
        {"paid": "(p * marks) @ (scores**2).sum(axis=2)"},
    ),
    ("own squares for the places", [EACH], {"each": "(p * marks) @ (scores**2).sum(axis=2) / weights"}),
    ("the constant for all places", [EACH], {"each": "paid.sum() / weights.sum() + 0 * paid"}),
    ("the mean of the places' baselines", [CONSTANT], {"constant": "(paid / weights).mean()"}),
    (
        "words not weighed",
        [CONSTANT, EACH],
        {
            "weights": "(scores**2).sum(axis=(0, 2))",
            "paid": "marks @ (scores * scores.sum(axis=1)[:, None]).sum(axis=2)",
        },
    ),
    ("over the whole mean square", [EACH], {"each": "paid / weights.sum()"}),
    ("changes the marks", [CONSTANT], {"weights": "p @ (scores**2).sum(axis=2); marks += 1; marks = marks - 1"}),
]:
    wrong("places", name, fails=cells, source=places(**parts))
right(
    "places",
    "by parabolas and a system of equations",
    source="""
def estimate_variance(p, scores, marks, baselines):
    estimates = np.einsum("nt,ntd->nd", marks[:, None] - baselines[None], scores)
    mean = p @ estimates
    return p @ (estimates**2).sum(axis=1) - mean @ mean


def best_baselines(p, scores, marks):
    whole = scores.sum(axis=1)
    lengths = (whole**2).sum(axis=1)
    inner = np.einsum("n,ntd,nud->tu", p, scores, scores)
    aim = np.einsum("n,n,ntd,nd->t", p, marks, scores, whole)
    return (p * marks) @ lengths / (p @ lengths), np.linalg.solve(inner, aim)
""",
)

# --------------------------------------------------------------------------------------------------------- rewards
TWO, SQUARES, SUM = (f"rewards-{name}" for name in ("distances", "squares", "sum"))
ROWS = ("np.exp(a / 2) - 1", "np.sign(a) / 2", "2 - 2 * np.exp(-a)", "np.exp(2 * a) - 1", "np.exp(a) - 1 + a")
for name, position, value, cells in [
    ("the derivative itself", 0, "1 - np.exp(a / 2)", [TWO]),
    ("the ratio upside down", 0, "np.exp(-a / 2) - 1", [TWO]),
    ("maximum likelihood", 0, "np.exp(a) - 1", [TWO]),
    ("no half", 1, "np.sign(a)", [TWO]),
    ("the mark less one half", 1, "1 / (1 + np.exp(-a)) - 0.5", [TWO]),
    ("0 and 1", 1, "(a > 0) * 1.0", [TWO]),
    ("2 forgotten", 2, "1 - np.exp(-a)", [SQUARES]),
    ("Neyman for Pearson", 2, "np.exp(2 * a) - 1", [SQUARES]),
    ("the derivative of the square only", 3, "2 * (np.exp(a) - 1)", [SQUARES]),
    ("the constant of number 4", 3, "np.exp(2 * a)", [TWO, SQUARES]),
    ("one of the two", 4, "np.exp(a) - 1", [SUM]),
    ("the half of both", 4, "(np.exp(a) - 1 + a) / 2", [SUM]),
    ("the difference", 4, "np.exp(a) - 1 - a", [SUM]),
]:
    lines = ", ".join([*ROWS[:position], value, *ROWS[position + 1 :]])
    wrong("rewards", name, fails=cells, source=f"def divergence_rewards(a):\n    return np.stack([{lines}])\n")
right(
    "rewards",
    "from the mark",
    source="""
def divergence_rewards(a):
    mark = 1 / (1 + np.exp(-a))
    ratio = mark / (1 - mark)
    half = np.where(a > 0, 0.5, np.where(a < 0, -0.5, 0.0))
    return [np.sqrt(ratio) - 1, half, 2 * (ratio - 1) / ratio, (ratio - 1) * (ratio + 1), np.expm1(a) + a]
""",
)

# --------------------------------------------------------------------------------------------------------- relaxed
LETTERS, SLOPE, COLD, WARM = (f"relaxed-{name}" for name in ("letters", "gradient", "cold", "warm"))


def relaxed(
    x="(logits - np.log(clocks)) / temperature",
    top="x.max(axis=1)[:, None]",
    gradient="soft * (slopes - (soft * slopes).sum(axis=1)[:, None]) / temperature",
    hard="np.eye(x.shape[1])[x.argmax(axis=1)]",
    exact="coefficients[1:].sum() / 4",
    ends="(coefficients * k).sum() + coefficients[1]",
    cold="ends / 8",
    soft="(coefficients * k / (k + 1) / (k + 2)).sum()",
    warm="ends / 12",
):
    """An answer to relaxed with one of its parts replaced."""
    return f"""
def relaxed_gradient(logits, clocks, temperature, slopes):
    x = {x}
    lifted = np.exp(x - {top})
    soft = lifted / lifted.sum(axis=1)[:, None]
    gradient = {gradient}
    return soft, {hard}, gradient


def fair_coin(coefficients):
    k = np.arange(len(coefficients))
    ends = {ends}
    soft = {soft}
    return {exact}, {cold}, soft, {warm}
"""


for name, cells, parts in [
    ("plus ln E", [LETTERS, SLOPE], {"x": "(logits + np.log(clocks)) / temperature"}),
    ("the noise not cooled", [LETTERS, SLOPE], {"x": "logits / temperature - np.log(clocks)"}),
    ("temperature ignored", [LETTERS, SLOPE], {"x": "logits - np.log(clocks)"}),
    ("no noise", [LETTERS, SLOPE], {"x": "logits / temperature"}),
    ("overflow", [LETTERS, SLOPE], {"top": "0.0"}),
    ("the hard letter of the logits", [LETTERS], {"hard": "np.eye(x.shape[1])[logits.argmax(axis=1)]"}),
    ("the hard letter soft", [LETTERS], {"hard": "soft"}),
    ("no gradient can pass (E112)", [SLOPE], {"gradient": "0 * soft"}),
    ("slopes passed straight to the logits", [SLOPE], {"gradient": "slopes + 0.0"}),
    ("no 1 / τ", [SLOPE], {"gradient": "soft * (slopes - (soft * slopes).sum(axis=1)[:, None])"}),
    ("own entries only", [SLOPE], {"gradient": "soft * (1 - soft) * slopes / temperature"}),
    (
        "the gradient at the hard letter",
        [SLOPE],
        {
            "gradient": "np.eye(x.shape[1])[x.argmax(axis=1)]; "
            "gradient = gradient * (slopes - (gradient * slopes).sum(axis=1)[:, None]) / temperature"
        },
    ),
    ("changes the slopes", [SLOPE], {"top": "x.max(axis=1)[:, None]); slopes += 1; slopes = (slopes - 1"}),
    ("p (1 − p) forgotten", [COLD], {"exact": "coefficients[1:].sum()"}),
    ("f(0) forgotten", [COLD], {"exact": "coefficients.sum() / 4"}),
    ("cold straight-through is exact", [COLD], {"cold": "coefficients[1:].sum() / 4"}),
    ("f'(1) only", [COLD, WARM], {"ends": "(coefficients * k).sum()"}),
    ("cold Gumbel-softmax at τ = 1", [WARM], {"soft": "coefficients[1:].sum() / 4"}),
    ("means multiplied", [WARM], {"soft": "coefficients[1:].sum() / 6"}),
    ("straight-through as if cold", [WARM], {"warm": "ends / 8"}),
]:
    wrong("relaxed", name, fails=cells, source=relaxed(**parts))
right(
    "relaxed",
    "with the Jacobian, and with polynomials",
    source="""
def relaxed_gradient(logits, clocks, temperature, slopes):
    x = (logits - np.log(clocks)) / temperature
    soft = np.exp(x - np.logaddexp.reduce(x, axis=1)[:, None])
    hard = (x == x.max(axis=1)[:, None]) * 1.0
    jacobian = np.stack([np.diag(y) - np.outer(y, y) for y in soft]) / temperature
    return soft, hard, np.einsum("nab,nb->na", jacobian, slopes)


def fair_coin(coefficients):
    f = np.polynomial.Polynomial(coefficients)
    slope = f.deriv()
    whole = (slope * np.polynomial.Polynomial([0.0, 1.0, -1.0])).integ()
    ends = slope(0.0) + slope(1.0)
    return [(f(1.0) - f(0.0)) / 4, ends / 2 * 0.25, whole(1.0) - whole(0.0), ends / 2 / 6]
""",
)

# ------------------------------------------------------------------------------------------------------------ bugs
TEMPERATURE, BEGIN, PADDING = (f"bugs-{name}" for name in ("temperature", "begin", "padding"))


def step(
    before="np.insert(words[:, :-1], 0, end, axis=1)",
    drawn="np.cumsum(before == end, axis=1) == 1",
    z="logits[before] / temperature",
    scores="(np.eye(len(logits))[words] - policy) / temperature",
    advantage="marks - (marks.sum() - marks) / (n - 1)",
    n="n",
):
    """An answer to bugs with one of its parts replaced."""
    return f"""
def word_gradient(logits, words, marks, *, temperature, end):
    n = len(words)
    before = {before}
    drawn = {drawn}
    z = {z}
    policy = np.exp(z - z.max(axis=2)[:, :, None])
    policy = policy / policy.sum(axis=2)[:, :, None]
    scores = {scores}
    advantage = {advantage}
    gradient = np.zeros(logits.shape)
    np.add.at(gradient, before, (advantage[:, None] * drawn)[:, :, None] * scores)
    return gradient / {n}
"""


for name, cells, parts in [
    (
        "the temperature forgotten",
        [TEMPERATURE],
        {"z": "logits[before]", "scores": "np.eye(len(logits))[words] - policy"},
    ),
    ("no chain rule", [TEMPERATURE], {"scores": "np.eye(len(logits))[words] - policy"}),
    ("times the temperature", [TEMPERATURE], {"z": "logits[before] * temperature"}),
    (
        "np.roll",
        [BEGIN],
        {
            "before": "np.roll(words, 1, axis=1)",
            "drawn": "np.cumsum(np.insert(words[:, :-1], 0, end, axis=1) == end, axis=1) == 1",
        },
    ),
    (
        "the first letter left out",
        [TEMPERATURE, BEGIN, PADDING],
        {"drawn": "(np.cumsum(before == end, axis=1) == 1) * (np.arange(words.shape[1]) > 0)"},
    ),
    (
        "a word begins after letter 0",
        [TEMPERATURE, BEGIN, PADDING],
        {
            "before": "np.insert(words[:, :-1], 0, 0, axis=1)",
            "drawn": "np.cumsum(np.insert(words[:, :-1], 0, end, axis=1) == end, axis=1) == 1",
        },
    ),
    ("the padding counts", [PADDING], {"drawn": "before >= 0"}),
    ("the end does not count", [TEMPERATURE, PADDING], {"drawn": "np.cumsum(words == end, axis=1) == 0"}),
    ("padding is what is an end", [TEMPERATURE, PADDING], {"drawn": "words != end"}),
    (
        "padding is what follows an end directly",
        [PADDING],
        {"drawn": "(before != end) | (np.arange(words.shape[1]) == 0)"},
    ),
    ("the own mark in the mean", [TEMPERATURE, BEGIN, PADDING], {"advantage": "marks - marks.mean()"}),
    ("a mean over letters", [TEMPERATURE, BEGIN, PADDING], {"n": "drawn.sum()"}),
    (
        "changes the marks",
        [PADDING],
        {"before": "np.insert(words[:, :-1], 0, end, axis=1); marks *= 1.5; marks = marks / 1.5"},
    ),
]:
    wrong("bugs", name, fails=cells, source=step(**parts))
UNREPAIRED = {
    "z": "logits[before]",
    "scores": "np.eye(len(logits))[words] - policy",
    "before": "np.roll(words, 1, axis=1)",
    "drawn": "before >= 0",
}
MASK = "np.cumsum(words == end, axis=1) - (words == end) == 0"
for name, cells, kept in [
    ("the temperature", [BEGIN, PADDING], {"before": UNREPAIRED["before"], "drawn": UNREPAIRED["drawn"]}),
    (
        "the beginning",
        [TEMPERATURE, PADDING],
        {"z": UNREPAIRED["z"], "scores": UNREPAIRED["scores"], "drawn": UNREPAIRED["drawn"]},
    ),
    ("the padding", [TEMPERATURE, BEGIN], UNREPAIRED | {"drawn": MASK}),
]:
    wrong("bugs", f"only {name} repaired", fails=cells, source=step(**kept))
wrong("bugs", "as given", fails=[TEMPERATURE, BEGIN, PADDING], source="word_gradient = word_gradient_with_bugs\n")
right(
    "bugs",
    "letter by letter",
    source="""
def word_gradient(logits, words, marks, *, temperature, end):
    total = np.zeros(logits.shape)
    for i, word in enumerate(words):
        b = end
        for a in word:
            z = logits[b] / temperature
            score = -np.exp(z - np.logaddexp.reduce(z))
            score[a] += 1
            total[b] += (marks[i] - np.delete(marks, i).mean()) * score / temperature / len(words)
            b = a
            if a == end:
                break
    return total
""",
)
