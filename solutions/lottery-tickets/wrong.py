"""Answers to the assignment *Lottery tickets* whose verdict is known; read by ``proctor verify``, never imported.

Each wrong answer is a mistake that people make; ``fails`` lists exactly the test cells that must notice it. E-numbers
refer to the errata of the source notes, where the mistake comes from one.
"""

from proctor.variants import right, wrong

# ----------------------------------------------------------------------------------------------------- find-ticket
MASKS, STARTS, RESULT = (f"find-ticket-{name}" for name in ("masks", "starts", "result"))


def find_ticket(
    copy="weights = weights.copy()",
    first="train(weights, state, mask, k)",
    begin="now, moved = weights * mask, state * mask",
    go="train(now, moved, mask, steps - k)",
    scores="score(now)",
    within="mask & ",
    count="round(share * d)",
    last="weights * mask",
):
    """An answer to find-ticket with one of its parts replaced."""
    return f"""
def find_ticket(weights, train, score, shares, *, steps, k=0):
    {copy}
    d = len(weights)
    state, mask, masks = np.zeros(d), np.ones(d, dtype=bool), []
    {first}
    for share in shares:
        {begin}
        {go}
        values = {scores}
        places = sorted(range(d), key=lambda j: ({"not mask[j], " if within else ""}-values[j]))
        mask = np.isin(np.arange(d), places[: {count}])
        masks.append(mask)
    return np.array(masks), {last}
"""


right("find-ticket", "sorted names of weights", source=find_ticket())
right(
    "find-ticket",
    "names of those that stay",
    source="""
def find_ticket(weights, train, score, shares, *, steps, k=0):
    theta, speed = np.array(weights), np.zeros_like(weights)
    if k:
        train(theta, speed, np.full(theta.shape, True), k)
    masks = [np.full(theta.shape, True)]
    for share in shares:
        kept = masks[-1]
        end, velocity = np.where(kept, theta, 0.0), np.where(kept, speed, 0.0)
        train(end, velocity, kept.copy(), steps - k)
        stay = np.flatnonzero(kept)
        stay = stay[np.argsort(score(end)[stay])[len(stay) - round(share * len(theta)):]]
        masks.append(np.zeros(len(theta), dtype=bool))
        masks[-1][stay] = True
    return np.stack(masks[1:]), np.where(masks[-1], theta, 0.0)
""",
)
wrong(
    "find-ticket",
    "as given",
    fails=[MASKS, STARTS, RESULT],
    source="""
def find_ticket(weights, train, score, shares, *, steps, k=0):
    state, mask, masks = np.zeros(len(weights)), np.ones(len(weights), dtype=bool), []
    train(weights, state, mask, k)
    start = weights
    for share in shares:
        train(weights, state, mask, steps - k)
        gone = np.argsort(score(weights))[: len(weights) - round(share * len(weights))]
        mask = np.ones(len(weights), dtype=bool)
        mask[gone] = False
        masks.append(mask)
        weights = start * mask
    return np.array(masks), weights
""",
)
for name, cells, parts in [
    (
        "the start is no copy",
        [STARTS, RESULT],
        {"begin": "now = weights\n        now *= mask\n        moved = state * mask"},
    ),
    ("the weights given are changed at first", [RESULT], {"copy": "pass"}),
    (
        "never put back",
        [STARTS, RESULT],
        {
            "begin": "now, moved = (now * mask if len(masks) else weights.copy()), state * mask",
            "last": "now * mask",
        },
    ),
    ("the optimizer goes on", [STARTS], {"begin": "now, moved = weights * mask, state"}),
    (
        "the optimizer goes on under the mask",
        [STARTS],
        {"begin": "now, moved = weights * mask, (moved if len(masks) else state) * mask"},
    ),
    ("the optimizer starts from zero", [STARTS], {"begin": "now, moved = weights * mask, 0 * state"}),
    ("reset instead of rewound (E148)", [STARTS, RESULT], {"first": "pass"}),
    (
        "back to the start, k steps for nothing",
        [STARTS, RESULT],
        {"first": "train(weights.copy(), state.copy(), mask, k)"},
    ),
    ("all steps after step k", [STARTS], {"go": "train(now, moved, mask, steps)"}),
    ("rounds without a mask", [MASKS], {"go": "train(now, moved, np.ones(d, dtype=bool), steps - k)"}),
    ("deleted weights come back at the start", [STARTS], {"begin": "now, moved = weights.copy(), state * mask"}),
    ("deleted weights come back by their score", [MASKS], {"within": ""}),
    ("scored before training", [MASKS], {"scores": "score(weights * mask)"}),
    ("magnitude instead of the score", [MASKS, STARTS, RESULT], {"scores": "np.abs(now)"}),
    ("the best go", [MASKS, STARTS, RESULT], {"scores": "-score(now)"}),
    ("rounded down", [MASKS], {"count": "int(share * d + 1e-9)"}),
    ("rounded up", [MASKS], {"count": "math.ceil(share * d - 1e-9)"}),
    ("a share of what is left", [MASKS, STARTS, RESULT], {"count": "round(share * mask.sum())"}),
    ("the share goes", [MASKS, STARTS, RESULT], {"count": "d - round(share * d)"}),
    ("one training too many", [MASKS, STARTS, RESULT], {"last": "(train(now, moved, mask, 1), now * mask)[1]"}),
    ("returns the last round's end", [RESULT], {"last": "now * mask"}),
    ("the ticket without its mask", [STARTS, RESULT], {"last": "weights"}),
    ("one-shot, titled rounds (E148)", [MASKS], {"within": "", "scores": "score(now) if not masks else values"}),
]:
    wrong("find-ticket", name, fails=cells, source=find_ticket(**parts))
wrong(
    "find-ticket",
    "delegates to ravine",
    fails=[MASKS, STARTS, RESULT],
    source="""
from ravine.lottery_tickets import find_tickets as find_ticket
""",
)

# --------------------------------------------------------------------------------------------------------- control
FRESH, SIGNS, EXCHANGED, PLACES = (f"control-{name}" for name in ("fresh", "signs", "exchanged", "places"))


def control(
    generator="draw = np.random.default_rng(seed)",
    inside="pass",
    spread="w.std()",
    fresh="draw.normal(0, spread, size=m.sum())",
    signs="np.where(w[m] > 0, spread, -spread)",
    exchanged="draw.permutation(w[m])",
    places="draw.permutation(m.ravel()).reshape(m.shape)",
    new="np.where(m, w, 0.0)",
    end="pass",
):
    """An answer to control with one of its parts replaced."""
    return f"""
def control(initial, masks, kind, seed):
    {generator}
    result = {{}}
    for name, w in initial.items():
        {inside}
        m = old = masks[name]
        spread = {spread}
        if kind == "places":
            m = {places}
        new = {new}
        if kind == "fresh":
            new[m] = {fresh}
        elif kind == "signs":
            new[m] = {signs}
        elif kind == "exchanged":
            new[m] = {exchanged}
        {end}
        result[name] = new, m
    return {{name: pair[0] for name, pair in result.items()}}, {{name: pair[1] for name, pair in result.items()}}
"""


right("control", "where and pairs", source=control())
right(
    "control",
    "a permutation of places",
    source=control(
        places="np.isin(np.arange(m.size), draw.choice(m.size, size=m.sum(), replace=False)).reshape(m.shape)",
        fresh="(spread * draw.standard_normal(m.shape))[m]",
        exchanged="w[m][np.argsort(draw.random(m.sum()))]",
        signs="np.copysign(spread, w[m])",
    ),
)
for name, cells, parts in [
    ("the spread of the survivors", [FRESH, SIGNS], {"spread": "w[m].std()"}),
    ("the spread with zeros put in", [SIGNS], {"spread": "(w * m).std()"}),
    ("1/(n - 1)", [SIGNS], {"spread": "w.std(ddof=1)"}),
    ("the root of the mean square", [SIGNS], {"spread": "math.sqrt(np.mean(w**2))"}),
    ("fresh: unit scale", [FRESH], {"fresh": "draw.normal(size=m.sum())"}),
    ("fresh: the variance", [FRESH], {"fresh": "draw.normal(0, spread**2, size=m.sum())"}),
    (
        "fresh: one scale for all layers",
        [FRESH],
        {"fresh": "draw.normal(0, next(iter(initial.values())).std(), m.sum())"},
    ),
    ("fresh: uniform", [FRESH], {"fresh": "draw.uniform(-spread * 3**0.5, spread * 3**0.5, size=m.sum())"}),
    ("fresh: the layer's values shuffled", [FRESH], {"fresh": "draw.permutation(w.ravel())[: m.sum()]"}),
    ("fresh: the mean of the layer", [FRESH], {"fresh": "draw.normal(w.mean(), spread, size=m.sum())"}),
    (
        "fresh: deleted weights too",
        [FRESH],
        {"end": "new = draw.normal(0, spread, size=w.shape) if kind == 'fresh' else new"},
    ),
    (
        "fresh: other places",
        [FRESH],
        {"end": "m = draw.permutation(m.ravel()).reshape(m.shape) if kind == 'fresh' else m"},
    ),
    ("a generator for each layer", [FRESH, PLACES], {"inside": "draw = np.random.default_rng(seed)"}),
    ("the seed is ignored", [PLACES], {"generator": "draw = np.random.default_rng(0)"}),
    ("no seed at all", [PLACES], {"generator": "draw = np.random.default_rng()"}),
    ("signs: the mean magnitude of the survivors", [SIGNS], {"signs": "np.sign(w[m]) * np.abs(w[m]).mean()"}),
    ("signs: the mean magnitude of the layer", [SIGNS], {"signs": "np.sign(w[m]) * np.abs(w).mean()"}),
    ("signs: without size", [SIGNS], {"signs": "np.sign(w[m])"}),
    ("signs: tossed", [SIGNS], {"signs": "draw.choice([-1.0, 1.0], size=m.sum()) * spread"}),
    ("signs: all alike", [SIGNS], {"signs": "spread"}),
    ("signs: deleted weights too", [SIGNS], {"end": "new = np.sign(w) * spread if kind == 'signs' else new"}),
    ("exchanged: nothing", [EXCHANGED, PLACES], {"exchanged": "w[m]"}),
    ("exchanged: with deleted weights", [EXCHANGED], {"exchanged": "draw.permutation(w.ravel()).reshape(w.shape)[m]"}),
    (
        "exchanged: magnitudes, each sign stays",
        [EXCHANGED],
        {"exchanged": "np.sign(w[m]) * np.abs(draw.permutation(w[m]))"},
    ),
    (
        "exchanged: signs are tossed too",
        [EXCHANGED],
        {"exchanged": "draw.permutation(w[m]) * draw.choice([-1, 1], m.sum())"},
    ),
    ("exchanged: drawn with replacement", [EXCHANGED], {"exchanged": "draw.choice(w[m], size=m.sum())"}),
    ("exchanged: sorted", [PLACES], {"exchanged": "np.sort(w[m])"}),
    (
        "exchanged: within a row",
        [EXCHANGED],
        {"exchanged": "np.concatenate([draw.permutation(row[on]) for row, on in zip(w, m)])"},
    ),
    ("places: whole rows", [PLACES], {"places": "draw.permutation(m)"}),
    ("places: whole columns", [PLACES], {"places": "draw.permutation(m, axis=-1)"}),
    ("places: each with its probability", [PLACES], {"places": "draw.random(m.shape) < m.mean()"}),
    ("places: the old weights", [PLACES], {"new": "np.where(old, w, 0.0)"}),
    (
        "places: the old weights move along",
        [PLACES],
        {"end": "new[m] = draw.permutation(w[old]) if kind == 'places' else new[m]"},
    ),
    ("places: none are drawn", [PLACES], {"places": "m"}),
    ("changes the weights given", [PLACES], {"new": "w; new[~m] = 0.0"}),
]:
    wrong("control", name, fails=cells, source=control(**parts))
wrong(
    "control",
    "the layers' places are drawn together",
    fails=[PLACES],
    source=control(
        inside="""if kind == "places" and not result:
            sizes = np.cumsum([w.size for w in initial.values()])[:-1]
            everything = draw.permutation(np.concatenate([m.ravel() for m in masks.values()]))
            parts = dict(zip(masks, np.split(everything, sizes)))""",
        places="parts[name].reshape(m.shape)",
    ),
)

# -------------------------------------------------------------------------------------------------------- overlaps
CHANCE, MAGNITUDE = "overlaps-chance", "overlaps-magnitude"
SHARED = ("62.75", "7.5256", "114.992", "0.1851", "0.5929", "0.5929")
for name, changes, cells in [
    ("two masks of one are one", {0: "1254.9"}, [CHANCE]),
    ("a twentieth twice", {0: "3.1375"}, [CHANCE]),
    ("binomial", {1: "7.7209"}, [CHANCE]),
    ("Poisson", {1: "7.9215"}, [CHANCE]),
    ("the variance", {1: "56.634"}, [CHANCE]),
    ("layers do not matter", {2: "62.75"}, [CHANCE]),
    ("shares averaged", {2: "191.31"}, [CHANCE]),
    ("the correlation", {3: "0.5", 4: "0.9", 5: "0.9"}, [MAGNITUDE]),
    ("one end", {3: "0.2438", 4: "0.6374"}, [MAGNITUDE]),
    ("the sign matters", {5: "0.0"}, [MAGNITUDE]),
    ("over the places of either", {3: "0.1020", 4: "0.4214", 5: "0.4214"}, [MAGNITUDE]),
    ("r the same, the rest random", {3: "0.525", 4: "0.905"}, [MAGNITUDE]),
]:
    parts = [changes.get(place, number) for place, number in enumerate(SHARED)]
    wrong("overlaps", name, fails=cells, source=f"def overlaps():\n    return {', '.join(parts)}\n")
right(
    "overlaps",
    "integrated",
    source="""
def overlaps():
    k, n = 1255, 25100
    mean = k * k / n
    spread = math.sqrt(mean * (1 - k / n) * (n - k) / (n - 1))
    layers = sum(kept**2 / size for kept, size in ((850, 19600), (220, 5000), (185, 500)))
    t = 1.9599639845
    a = torch.linspace(t, 9, 20001, dtype=torch.float64)
    def both(r):
        s = math.sqrt(1 - r * r)
        inner = torch.special.ndtr((r * a - t) / s) + torch.special.ndtr((-r * a - t) / s)
        return float(2 * torch.trapezoid(torch.exp(-a * a / 2) * inner, a)) / math.sqrt(2 * math.pi) / 0.05
    return [mean, spread, layers, both(0.5), both(0.9), both(-0.9)]
""",
)
right(
    "overlaps",
    "drawn",
    source="""
def overlaps():
    draw = np.random.default_rng(0)
    t, c = 1.9599639845, draw.normal(size=300000)
    z = np.asarray(torch.special.ndtri(torch.tensor(0.975 + 0.025 * draw.random(300000))))
    shares = [float(np.mean(np.abs(r * z + math.sqrt(1 - r * r) * c) > t)) for r in (0.5, 0.9, -0.9)]
    return (62.75, 7.526, 114.99, *shares)
""",
)

# -------------------------------------------------------------------------------------------------------- steps-to
SMOOTHED, NEVER = "steps-to-smoothed", "steps-to-never"


def steps_to(
    window="curve[max(0, j - width + 1) : j + 1]",
    at="looks[j]",
    hit="mean >= target",
    never="math.inf",
    median="np.median(steps)",
):
    """An answer to steps-to with one of its parts replaced."""
    return f"""
def steps_to(looks, curves, target, *, width=1):
    steps = []
    for curve in curves:
        found = {never}
        for j in range(len(looks)):
            mean = np.mean({window})
            if {hit}:
                found = {at}
                break
        steps.append(float(found))
    steps = np.array(steps)
    return steps, float({median})
"""


right("steps-to", "loops", source=steps_to())
right(
    "steps-to",
    "running sums",
    source="""
def steps_to(looks, curves, target, *, width=1):
    sums = np.cumsum(np.pad(curves, ((0, 0), (width, 0))), axis=1)
    n = np.minimum(np.arange(len(looks)) + 1, width)
    smooth = (sums[:, width:] - sums[:, :-width]) / n
    later = np.where(smooth >= target - 1e-12, np.asarray(looks, dtype=float), math.inf)
    steps = later.min(axis=1)
    ordered = sorted(steps)
    low, high = ordered[(len(steps) - 1) // 2], ordered[len(steps) // 2]
    return steps, float(low if low == high else (low + high) / 2)
""",
)
wrong(
    "steps-to",
    "as given",
    fails=[SMOOTHED, NEVER],
    source="""
def steps_to(looks, curves, target, *, width=1):
    smooth = np.array([np.convolve(curve, np.ones(width) / width, mode="same") for curve in curves])
    steps = looks[np.argmax(smooth >= target, axis=1)]
    reached = smooth.max(axis=1) >= target
    return steps.astype(float), float(np.median(steps[reached]))
""",
)
for name, cells, parts in [
    ("a centered window", [SMOOTHED], {"window": "curve[max(0, j - width // 2) : j + width // 2 + 1]"}),
    ("a window into the future", [SMOOTHED], {"window": "curve[j : j + width]"}),
    ("no smoothing", [SMOOTHED], {"window": "curve[j]"}),
    ("one too long", [SMOOTHED, NEVER], {"window": "curve[max(0, j - width) : j + 1]"}),
    ("zeros before the first look", [SMOOTHED], {"hit": "mean * min(j + 1, width) / width >= target"}),
    ("whole windows only", [SMOOTHED], {"hit": "j >= width - 1 and mean >= target"}),
    ("all looks so far", [SMOOTHED, NEVER], {"window": "curve[: j + 1]"}),
    ("the number of the look", [SMOOTHED, NEVER], {"at": "j"}),
    ("more than the target", [SMOOTHED], {"hit": "mean > target"}),
    ("never is at once", [NEVER], {"never": "looks[0]"}),
    ("never is the last look", [NEVER], {"never": "looks[-1]"}),
    ("never is not a number", [NEVER], {"never": "math.nan", "median": "np.nanmedian(steps)"}),
    ("runs dropped", [NEVER], {"median": "np.median(steps[np.isfinite(steps)])"}),
    ("the mean of those that arrive", [NEVER], {"median": "np.mean(steps[np.isfinite(steps)])"}),
    ("the mean", [NEVER], {"median": "np.mean(steps)"}),
    ("the lower middle", [NEVER], {"median": "np.sort(steps)[(len(steps) - 1) // 2]"}),
    ("the upper middle", [NEVER], {"median": "np.sort(steps)[len(steps) // 2]"}),
    ("the last look in the median", [NEVER], {"median": "np.median(np.minimum(steps, looks[-1]))"}),
]:
    wrong("steps-to", name, fails=cells, source=steps_to(**parts))

# ---------------------------------------------------------------------------------------------------------- paired
ERROR, TOSSES = "paired-error", "paired-signs"


def paired(
    mean="d.mean()",
    error="d.std(ddof=1) / len(d) ** 0.5",
    p="min(1.0, 2 * tail)",
    k="max(ups, m - ups)",
    m="int(np.sum(d != 0))",
    above="c >= k",
):
    """An answer to paired with one of its parts replaced."""
    return f"""
def paired(a, b):
    d = a - b
    m, ups = {m}, int(np.sum(d > 0))
    k = {k}
    tail = sum(math.comb(m, c) for c in range(m + 1) if {above}) * 0.5**m
    return float({mean}), float({error}), float({p})
"""


right("paired", "one list of tosses", source=paired())
right(
    "paired",
    "torch",
    source="""
def paired(a, b):
    d = torch.as_tensor(np.asarray(a) - np.asarray(b))
    error = (d.var() / d.numel()).sqrt().item()
    signs = d.sign()[d != 0]
    m, net = signs.numel(), abs(int(signs.sum()))
    p = sum(math.comb(m, c) for c in range(m + 1) if abs(m - 2 * c) >= net) / 2**m
    return d.mean().item(), error, p
""",
)
for name, cells, parts in [
    ("b minus a", [ERROR], {"mean": "-d.mean()"}),
    ("the median", [ERROR], {"mean": "np.median(d)"}),
    ("not paired", [ERROR], {"error": "math.sqrt((a.var(ddof=1) + b.var(ddof=1)) / len(d))"}),
    ("1/n", [ERROR], {"error": "d.std() / len(d) ** 0.5"}),
    ("no root of n", [ERROR], {"error": "d.std(ddof=1)"}),
    ("over n", [ERROR], {"error": "d.std(ddof=1) / len(d)"}),
    ("one-sided", [TOSSES], {"p": "tail"}),
    ("above 1", [TOSSES], {"p": "2 * tail"}),
    ("exactly k", [TOSSES], {"above": "c == k"}),
    ("more than k", [TOSSES], {"above": "c > k"}),
    ("always a's side", [TOSSES], {"k": "ups"}),
    ("zeros are tosses", [TOSSES], {"m": "len(d)"}),
    ("zeros are tosses for nobody", [TOSSES], {"m": "len(d)", "k": "max(ups, int(np.sum(d < 0)))"}),
    ("signs of b minus a", [TOSSES], {"k": "m - ups"}),
    ("the normal approximation", [TOSSES], {"p": "math.erfc(abs(2 * k - m) / math.sqrt(2 * max(m, 1)))"}),
    ("the t-test's normal approximation", [TOSSES], {"p": "math.erfc(abs(d.mean()) / (d.std() + 1e-9))"}),
]:
    wrong("paired", name, fails=cells, source=paired(**parts))

# -------------------------------------------------------------------------------------------------------- verdicts
WHERE, NUMBERS, LEAST, CLAIMS = (f"verdicts-{name}" for name in ("places", "weights", "numbers", "claims"))
VERDICTS = ('"BAEDFG"', "0.0625", "6", "9", '"AF"')
for name, changes, cells in [
    ("layers by a random mask", {0: '"CAEDFG"'}, [WHERE]),
    ("pixels by shuffling", {0: '"BAEDFB"'}, [WHERE]),
    ("pixels by a random mask", {0: '"BAEDFC"'}, [WHERE]),
    ("signs by tossing", {0: '"BADEFG"'}, [NUMBERS]),
    ("signs by fresh weights", {0: '"BAADFG"'}, [NUMBERS]),
    ("sizes by fresh weights", {0: '"BAEAFG"'}, [NUMBERS]),
    ("places by shuffling them", {0: '"BBEDFG"'}, [NUMBERS]),
    ("no reset by fresh weights", {0: '"BAEDAG"'}, [NUMBERS]),
    ("one-sided p", {1: "0.03125"}, [LEAST]),
    ("five seeds suffice", {2: "5"}, [LEAST]),
    ("not corrected for twelve", {3: "6"}, [LEAST]),
    ("one-sided, twelve", {3: "8"}, [LEAST]),
    ("five seeds show it", {4: '"ABF"'}, [CLAIMS]),
    ("no difference is shown", {4: '"ADF"'}, [CLAIMS]),
    ("not paired", {4: '"EF"'}, [CLAIMS]),
    ("a lead is a lead", {4: '"ACF"'}, [CLAIMS]),
    ("a narrow interval", {4: '"A"'}, [CLAIMS]),
]:
    parts = [changes.get(place, value) for place, value in enumerate(VERDICTS)]
    wrong("verdicts", name, fails=cells, source=f"def verdicts():\n    return {', '.join(parts)}\n")
right(
    "verdicts",
    "computed",
    source="""
def verdicts():
    fewest = [next(n for n in range(1, 99) if 2 * 0.5**n <= level) for level in (0.05, 0.05 / 12)]
    return ["BAEDFG", 2 * 0.5**5, *fewest, "AF"]
""",
)

# --------------------------------------------------------------------------------------------------------- blocked
GRADIENT, SHARE = "blocked-gradient", "blocked-share"
BLOCKED = ("[[14.0, 7.0], [0.0, 0.0], [3.5, 1.75]]", "[7.0, 7.0, 3.5]", "0.30579", "2")
for name, changes, cells in [
    (
        "no gradient for deleted weights (E148)",
        {0: "[[14.0, 0.0], [0.0, 0.0], [0.0, 0.0]]", 1: "[7.0, 0.0, 3.5]", 2: "0.0"},
        [GRADIENT, SHARE],
    ),
    ("the third neuron is dead", {0: "[[12.0, 6.0], [0.0, 0.0], [0.0, 0.0]]", 1: "[6.0, 6.0, 0.0]"}, [GRADIENT]),
    ("downhill", {0: "[[-14.0, -7.0], [0.0, 0.0], [-3.5, -1.75]]", 1: "[-7.0, -7.0, -3.5]"}, [GRADIENT]),
    ("twice", {0: "[[28.0, 14.0], [0.0, 0.0], [7.0, 3.5]]", 1: "[14.0, 14.0, 7.0]"}, [GRADIENT]),
    ("w_2 is not in the chain", {0: "[[7.0, 3.5], [7.0, 3.5], [7.0, 3.5]]"}, [GRADIENT]),
    ("f, not f - y", {0: "[[18.0, 9.0], [0.0, 0.0], [4.5, 2.25]]", 1: "[9.0, 9.0, 4.5]"}, [GRADIENT]),
    ("w_2's deleted entry has none", {1: "[7.0, 0.0, 3.5]"}, [GRADIENT]),
    ("transposed", {0: "[[14.0, 0.0, 3.5], [7.0, 0.0, 1.75]]"}, [GRADIENT]),
    ("the surviving share", {2: "0.69421"}, [SHARE]),
    ("lengths, not squares", {2: "0.55298"}, [SHARE]),
    ("sums of sizes", {2: "0.44"}, [SHARE]),
    ("all can move", {3: "0"}, [SHARE]),
    ("the deleted one counts too", {3: "3"}, [SHARE]),
]:
    parts = [changes.get(place, value) for place, value in enumerate(BLOCKED)]
    wrong("blocked", name, fails=cells, source=f"def blocked():\n    return {', '.join(parts)}\n")
right(
    "blocked",
    "computed",
    source="""
def blocked():
    first = torch.tensor([[1.0, 0.0], [0.5, 1.0], [0.0, 0.0]], dtype=torch.float64, requires_grad=True)
    last = torch.tensor([2.0, 0.0, 0.5], dtype=torch.float64, requires_grad=True)
    bias = torch.tensor([0.0, 0.0, 1.0], dtype=torch.float64)
    f = last @ torch.relu(first @ torch.tensor([2.0, 1.0], dtype=torch.float64) + bias)
    ((f - 1) ** 2 / 2).backward()
    parts = (first, last)
    gone = sum(float((w.grad[w == 0] ** 2).sum()) for w in parts)
    whole = sum(float((w.grad**2).sum()) for w in parts)
    still = sum(int(((w != 0) & (w.grad == 0)).sum()) for w in parts)
    return first.grad.numpy(), last.grad.numpy(), gone / whole, still
""",
)

# ----------------------------------------------------------------------------------------------------------- stuck
WHICH, SPARSITY = "stuck-which", "stuck-sparsity"


def stuck(
    a="x @ np.where(mask, weights, 0.0).T + biases",
    on="a > 0",
    lit="x != 0",
    still="(on.T.astype(int) @ lit.astype(int)) == 0",
    deleted="(still & ~mask).sum()",
    sparsity="(~mask & ~still).sum() / (~still).sum()",
):
    """An answer to stuck with one of its parts replaced."""
    return f"""
def stuck(weights, biases, mask, x):
    a = {a}
    on, lit = {on}, {lit}
    still = {still}
    return still, int({deleted}), float({sparsity})
"""


right("stuck", "a product of counts", source=stuck())
right(
    "stuck",
    "loops over neurons",
    source="""
def stuck(weights, biases, mask, x):
    rows = []
    for w, b, m in zip(weights, biases, mask):
        on = x[:, m] @ w[m] + b > 0
        rows.append(np.count_nonzero(x[on], axis=0) == 0)
    rows = np.array(rows)
    kept = mask[rows == False]
    return rows, int(np.count_nonzero(rows) - np.count_nonzero(mask[rows])), 1 - float(kept.sum()) / len(kept)
""",
)
for name, cells, parts in [
    ("deleted weights still feed", [WHICH, SPARSITY], {"a": "x @ weights.T + biases"}),
    ("biases forgotten", [WHICH, SPARSITY], {"a": "x @ (weights * mask).T"}),
    ("active at zero", [WHICH, SPARSITY], {"on": "a >= 0"}),
    ("negative inputs are black", [WHICH, SPARSITY], {"lit": "x > 0"}),
    ("nearly black is black", [WHICH], {"lit": "np.abs(x) > 0.01"}),
    ("constant is black", [WHICH, SPARSITY], {"lit": "(x != 0) & (x.std(axis=0) > 0)"}),
    ("pixels alone", [WHICH, SPARSITY], {"still": "np.tile(~lit.any(axis=0), (len(mask), 1))"}),
    ("neurons alone", [WHICH, SPARSITY], {"still": "np.tile(~on.any(axis=0)[:, None], (1, x.shape[1]))"}),
    ("not on the same example", [WHICH, SPARSITY], {"still": "~on.any(axis=0)[:, None] | ~lit.any(axis=0)"}),
    ("a single example without", [WHICH, SPARSITY], {"still": "(on.T.astype(int) @ lit.astype(int)) < len(x)"}),
    ("those that can move", [WHICH, SPARSITY], {"still": "(on.T.astype(int) @ lit.astype(int)) > 0"}),
    ("all stuck ones", [SPARSITY], {"deleted": "still.sum()"}),
    ("stuck survivors", [SPARSITY], {"deleted": "(still & mask).sum()"}),
    ("all deleted ones", [SPARSITY], {"deleted": "(~mask).sum()"}),
    ("ordinary sparsity", [SPARSITY], {"sparsity": "(~mask).mean()"}),
    ("the share that stays", [SPARSITY], {"sparsity": "mask[~still].mean() + 1e-9"}),
    ("of all weights", [SPARSITY], {"sparsity": "(~mask & ~still).mean()"}),
    ("among deleted ones", [SPARSITY], {"sparsity": "(~still)[~mask].mean()"}),
]:
    wrong("stuck", name, fails=cells, source=stuck(**parts))

# ------------------------------------------------------------------------------------------------------------ wide
ONCE, FEWEST = "wide-chance", "wide-neurons"


def wide(
    skip="abs(t) <= eps",
    interval="min(1.0, t + eps) - max(-1.0, t - eps)",
    over="/ 2",
    chance="-math.expm1(count * math.log1p(-p))",
    neurons="math.ceil(math.log(1 - sure) / math.log1p(-p))",
):
    """An answer to wide with one of its parts replaced."""
    return f"""
def wide(target, eps, count, sure):
    p = 1.0
    for t in target:
        if not ({skip}):
            p *= ({interval}) {over}
    return {chance}, {neurons}
"""


right("wide", "one weight after another", source=wide())
right(
    "wide",
    "powers by exponentials",
    source=wide(chance="1 - math.exp(count * math.log1p(-p)) if p > 1e-9 else count * p"),
)
for name, cells, parts in [
    ("nothing is deleted", [ONCE], {"skip": "False"}),
    ("only exact zeros are deleted", [ONCE], {"skip": "t == 0"}),
    ("beyond the ends", [ONCE], {"interval": "2 * eps"}),
    ("beyond the upper end", [ONCE], {"interval": "t + eps - max(-1.0, t - eps) if t > 0 else 2 * eps"}),
    ("weights from [0, 1]", [ONCE, FEWEST], {"over": ""}),
    ("an interval of eps", [ONCE, FEWEST], {"over": "/ 4"}),
    ("float64 says 1 - p = 1", [ONCE], {"chance": "1 - (1 - p) ** count"}),
    ("the expected number", [ONCE], {"chance": "count * p"}),
    ("one neuron", [ONCE], {"chance": "p"}),
    ("none will do", [ONCE], {"chance": "(1 - p) ** count"}),
    ("all will do", [ONCE], {"chance": "p**count"}),
    ("1 - p = 1 in the width", [FEWEST], {"neurons": "math.ceil(math.log(1 - sure) / (math.log(1 - p) or -1e-300))"}),
    ("rounded down", [FEWEST], {"neurons": "math.floor(math.log(1 - sure) / math.log1p(-p))"}),
    ("one over p", [FEWEST], {"neurons": "math.ceil(1 / p)"}),
    ("probabilities add up", [FEWEST], {"neurons": "math.ceil(sure / p)"}),
    ("for 1 - sure", [FEWEST], {"neurons": "math.ceil(math.log(sure) / math.log1p(-p))"}),
]:
    wrong("wide", name, fails=cells, source=wide(**parts))
