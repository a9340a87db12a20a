"""Answers to the assignment *Conditional GANs* whose verdict is known; read by ``proctor verify``, never imported.

Each wrong answer is a mistake that people make; ``fails`` lists exactly the test cells that must notice it. E-numbers
refer to the errata of the source notes, where the mistake comes from one.
"""

from proctor.variants import equivalent, right, wrong

# --------------------------------------------------------------------------------------------------------- predict
CELLS = [f"predict-{name}" for name in ("value", "verdict", "error", "share")]
RIGHT = ["-0.625503", "0.615385", "1.68", "0.0111111"]
for name, place, number in [
    ("the image alone", 0, "-math.log(4)"),
    ("two labels", 0, "-0.954771"),
    ("real pairs alone", 0, "math.log(0.8)"),
    ("all generated pairs could be real", 0, "math.log(0.16)"),
    ("never a wrong one", 1, "2 / 3"),
    ("matched pairs", 1, "0.5"),
    ("full weights", 1, "4 / 9"),
    ("the mean's error", 2, "0.84"),
    ("the median's error (E95)", 2, "1.2"),
    ("the distributions agree", 2, "0"),
    ("pairings of classes", 3, "1 / 6"),
    ("no cycle loss keeps the content", 3, "1"),
    ("one map", 3, "1 / 720"),
]:
    numbers = ", ".join([*RIGHT[:place], number, *RIGHT[place + 1 :]])
    wrong("predict", name, fails=[CELLS[place]], source=f"def predict():\n    return {numbers}\n")
wrong("predict", "three numbers", fails=CELLS, source=f"def predict():\n    return {', '.join(RIGHT[:3])}\n")
right(
    "predict",
    "computed",
    source="""
def predict():
    orders = [o for o in itertools.permutations(range(6)) if all(o[k] // 2 == k // 2 for k in range(6))]
    own = 1 / (1 + 1 / 4)
    error = sum(p * q * (a - b) ** 2 for a, p in ((1, 0.3), (-1, 0.7)) for b, q in ((1, 0.3), (-1, 0.7)))
    return [math.log(own) + math.log(1 - own) / 4, 1 / (1 + 0.5 + 0.5 / 4), error, len(orders) / math.factorial(6)]
""",
)

# ----------------------------------------------------------------------------------------------------------- swaps
MARGINAL, FREQUENCIES, OTHERS = (f"swaps-{name}" for name in ("marginal", "frequencies", "others"))


def swaps(marginal="p_c @ p_x_given_c", mixed="p_d[list(o)]", keep="np.allclose(marginal(p_c, mixed), real)"):
    """An answer to swaps with one of its parts replaced."""
    return f"""
def marginal(p_c, p_x_given_c):
    return {marginal}


def unseen_swaps(p_c, p_d):
    found, real = [], marginal(p_c, p_d)
    for o in itertools.permutations(range(len(p_c))):
        mixed = {mixed}
        if {keep}:
            found.append(o)
    return found
"""


wrong("swaps", "the plain mean", fails=[MARGINAL, FREQUENCIES, OTHERS], source=swaps("p_x_given_c.mean(axis=0)"))
wrong("swaps", "not summed", fails=[MARGINAL, OTHERS, FREQUENCIES], source=swaps("p_c[:, None] * p_x_given_c"))
wrong("swaps", "every permutation", fails=[FREQUENCIES, OTHERS], source=swaps(keep="True"))
wrong("swaps", "the identity alone", fails=[FREQUENCIES, OTHERS], source=swaps(keep="list(o) == sorted(o)"))
wrong("swaps", "equal frequencies alone", fails=[OTHERS], source=swaps(keep="np.allclose(p_c[list(o)], p_c)"))
wrong("swaps", "the inverse", fails=[OTHERS], source=swaps(mixed="p_d[np.argsort(o)]"))
wrong(
    "swaps",
    "pairs are compared",
    fails=[FREQUENCIES, OTHERS],
    source=swaps(keep="np.allclose(mixed, p_d)"),
)
wrong(
    "swaps",
    "in place",
    fails=[FREQUENCIES, OTHERS],
    source=swaps(keep="[p_d.__setitem__(slice(None), mixed), np.allclose(marginal(p_c, p_d), real)][1]"),
)
right(
    "swaps",
    "with frequencies moved, in torch",
    source="""
def marginal(p_c, p_x_given_c):
    return torch.einsum("c,ck->k", torch.tensor(p_c), torch.tensor(p_x_given_c))


def unseen_swaps(p_c, p_d):
    found = []
    for order in itertools.permutations(range(len(p_c))):
        moved = np.array(p_c)
        for c, pi in enumerate(order):
            moved[pi] -= p_c[c]
        if abs(moved @ p_d).max() < 1e-7:
            found.insert(0, list(order))
    return found
""",
)

# ----------------------------------------------------------------------------------------------------------- split
REAL, FITS, ASKED = (f"split-{name}" for name in ("real", "fits", "asked"))


def split(
    real="np.log(p_d.sum(0)) - np.log(p_g.sum(0))",
    fits="np.log(p_d / p_d.sum(0)) - np.log(p_g / p_g.sum(0))",
    asked="np.log(p_d.sum(1)) - np.log(p_g.sum(1))",
    result="real, fits, asked",
):
    """An answer to split with one of its parts replaced."""
    return f"""
def split_logit(p_d, p_g):
    real = {real}
    fits = {fits}
    asked = {asked}
    return {result}
"""


for name, cells, parts in [
    ("axes exchanged", [REAL], {"real": "np.log(p_d.sum(1)) - np.log(p_g.sum(1))"}),
    ("a ratio", [REAL], {"real": "p_d.sum(0) / p_g.sum(0)"}),
    ("upside down", [REAL], {"real": "np.log(p_g.sum(0)) - np.log(p_d.sum(0))"}),
    (
        "every label equally often",
        [REAL],
        {"real": "np.log((p_d.T / p_d.sum(1)).sum(1)) - np.log((p_g.T / p_g.sum(1)).sum(1))"},
    ),
    ("the whole logit", [FITS], {"fits": "np.log(p_d / p_g)"}),
    ("p(x | c)", [FITS], {"fits": "np.log(p_d / p_g) - np.log(p_d.sum(1) / p_g.sum(1))[:, None]"}),
    ("the labels taken off", [FITS], {"fits": "np.log(p_d / p_g) - real - np.log(p_d.sum(1) / p_g.sum(1))[:, None]"}),
    ("of the data alone", [FITS], {"fits": "np.log(p_d / p_d.sum(0)) * (p_d != p_g)"}),
    ("as often as they occur", [ASKED], {"asked": "np.zeros(len(p_d))"}),
    ("q over p", [ASKED], {"asked": "np.log(p_g.sum(1)) - np.log(p_d.sum(1))"}),
    ("two arrays", [REAL, ASKED], {"result": "real, fits"}),
    ("in place", [FITS, ASKED], {"fits": "np.log(np.divide(p_d, p_g, out=p_d)) - real"}),
]:
    wrong("split", name, fails=cells, source=split(**parts))
right("split", "as ratios of conditionals", source=split())
right(
    "split",
    "with loops",
    source="""
def split_logit(p_d, p_g):
    real = [math.log(sum(a) / sum(b)) for a, b in zip(p_d.T, p_g.T)]
    fits = [[math.log(p_d[c, i] / p_g[c, i]) - real[i] for i in range(len(real))] for c in range(len(p_d))]
    return real, fits, [math.log(sum(a) / sum(b)) for a, b in zip(p_d, p_g)]
""",
)

# ---------------------------------------------------------------------------------------------------------- labels
NEVER, SHARES, EVENLY, SHUFFLED = (f"labels-{name}" for name in ("never", "frequencies", "evenly", "shuffled"))
DRAWN = """
    C = len(weights)
    noise = generator.gumbel(size=(len(c), C)) + np.log(weights)
    noise[np.arange(len(c)), c] = -np.inf
    return noise.argmax(axis=1)
"""


def labels(
    body=DRAWN,
    evenly="sum(joint[k] for k in range(C) if k != c) / (C - 1)",
    shuffled="p_c[c] * p_c @ p_d",
    otherwise='raise ValueError("what?")',
):
    """An answer to labels with one of its parts replaced."""
    return f"""
def wrong_labels(c, weights, generator):
    {body.strip()}


def wrong_pairs(p_c, p_d, how):
    C, joint = len(p_c), p_c[:, None] * p_d
    if how == "evenly":
        return np.array([{evenly} for c in range(C)])
    if how == "shuffled":
        return np.array([{shuffled} for c in range(C)])
    {otherwise}
"""


for name, cells, body in [
    ("shuffled", [NEVER, SHARES], "return generator.permutation(c)"),
    (
        "the right one, too",
        [NEVER, SHARES],
        "return generator.choice(len(weights), size=len(c), p=weights / weights.sum())",
    ),
    (
        "the weights ignored",
        [SHARES],
        "return (c + generator.integers(1, len(weights), size=len(c))) % len(weights)",
    ),
    ("always the next", [SHARES], "return (c + 1) % len(weights)"),
    ("zero as a shift", [NEVER, SHARES], "return (c + generator.integers(len(weights), size=len(c))) % len(weights)"),
    (
        "the last label never",
        [NEVER, SHARES],
        "return (c + generator.integers(1, len(weights), size=len(c))) % max(len(weights) - 1, 1)",
    ),
    ("floating point", [NEVER, SHARES], DRAWN.replace("argmax(axis=1)", "argmax(axis=1).astype(float)")),
    (
        "drawn once more where right",
        [NEVER, SHARES],
        """p = weights / weights.sum()
    first, second = generator.choice(len(p), size=(2, len(c)), p=p)
    return np.where(first == c, second, first)""",
    ),
    ("a seed of its own", [SHARES], DRAWN.replace("generator.gumbel", "np.random.default_rng(0).gumbel")),
    (
        "one for the whole batch",
        [SHARES, NEVER],
        """others = np.delete(np.arange(len(weights)), c[0])
    return np.full(len(c), generator.choice(others, p=weights[others] / weights[others].sum()))""",
    ),
    (
        "in place",
        [NEVER, SHARES],
        DRAWN.replace("return noise.argmax(axis=1)", "c[:] = noise.argmax(axis=1)\n    return c"),
    ),
]:
    wrong("labels", name, fails=cells, source=labels(body))
for name, cells, parts in [
    ("the formula for equal labels", [EVENLY], {"evenly": "p_c[c] * (p_d.sum(0) - p_d[c]) / (C - 1)"}),
    ("divided by C", [EVENLY], {"evenly": "(joint.sum(0) - joint[c]) / C"}),
    ("rows for the true labels", [EVENLY], {"evenly": "joint[c]"}),
    ("right ones among them", [EVENLY], {"evenly": "joint.sum(0) / C"}),
    ("every label equally often", [SHUFFLED], {"shuffled": "p_c @ p_d / C"}),
    ("given the label", [SHUFFLED], {"shuffled": "p_c @ p_d"}),
    ("never the right one", [SHUFFLED], {"shuffled": "p_c[c] * (p_c @ p_d - joint[c]) / (1 - p_c[c])"}),
    ("no error", [EVENLY], {"otherwise": "return joint"}),
]:
    wrong("labels", name, fails=cells, source=labels(**parts))
wrong(
    "labels",
    "delegates to ravine",
    fails=[NEVER, SHARES, EVENLY, SHUFFLED],
    source="from ravine.gan import _other_classes\n" + labels(),
)
right("labels", "the largest of noisy logarithms", source=labels())
right(
    "labels",
    "one by one",
    source=labels(
        """
    new = []
    for own in c.tolist():
        p = np.array(weights, dtype=float)
        p[own] = 0
        new.append(generator.choice(len(p), p=p / p.sum()))
    return np.array(new)
""",
        evenly="(p_c @ p_d - joint[c]) / (C - 1)",
    ),
)
equivalent(
    "labels",
    "place >= edges -> place > edges",
    why="they differ only where a random number hits an edge exactly, with a probability of about 2^-53",
)

# ---------------------------------------------------------------------------------------------------------- winner
GENERATOR, VERDICT, EDGES = (f"winner-{name}" for name in ("generator", "verdict", "edges"))


def winner(
    result="p_g, 1 / (1 + ratio)", fakes="np.maximum(0, ratio * p_d - share * p_w) / (1 - share)", start="", end=""
):
    """An answer to winner with one of its parts replaced."""
    return f"""
def best_generator(p_d, p_w, *, share):
    {start}
    low, high = 0.0, 1.0
    for _ in range(60):
        ratio = (low + high) / 2
        p_g = {fakes}
        if p_g.sum() < 1:
            low = ratio
        else:
            high = ratio
    {end}
    return {result}
"""


for name, cells, parts in [
    ("the data", [GENERATOR], {"result": "p_d, 1 / (1 + ratio)"}),
    ("one half", [GENERATOR, VERDICT, EDGES], {"start": "share = 0.5"}),
    ("the complement", [GENERATOR, VERDICT, EDGES], {"start": "share = 1 - share"}),
    ("not divided", [GENERATOR, VERDICT, EDGES], {"fakes": "np.maximum(0, ratio * p_d - share * p_w)"}),
    ("not cut off", [GENERATOR, VERDICT, EDGES], {"fakes": "(ratio * p_d - share * p_w) / (1 - share)"}),
    ("negative ones set to 0 at the end", [GENERATOR, VERDICT, EDGES], {
        "fakes": "(ratio * p_d - share * p_w) / (1 - share)",
        "end": "p_g = np.maximum(0, p_g) / np.maximum(0, p_g).sum()",
    }),
    ("one half for an answer", [VERDICT, EDGES], {"result": "p_g, 0.5"}),
    ("the fake's probability", [VERDICT, EDGES], {"result": "p_g, ratio / (1 + ratio)"}),
    ("2 / (2 + kappa)", [VERDICT, EDGES], {"result": "p_g, 2 / (2 + ratio)"}),
    ("exchanged", [GENERATOR, VERDICT, EDGES], {"start": "p_d, p_w = p_w, p_d"}),
    ("no kappa", [GENERATOR], {
        "end": "p_g = np.maximum(0, p_d - share * p_w)\n    p_g = p_g / max(p_g.sum(), 1e-9)",
    }),
    ("in place", [GENERATOR], {"end": "p_d[:] = p_g"}),
]:  # fmt: skip
    wrong("winner", name, fails=cells, source=winner(**parts))
right("winner", "by bisection", source=winner())
right(
    "winner",
    "outcomes given up one by one",
    source="""
def best_generator(p_d, p_w, *, share):
    kept = np.flatnonzero(p_d)
    while True:
        ratio = (1 - share + share * p_w[kept].sum()) / p_d[kept].sum()
        rest = kept[ratio * p_d[kept] > share * p_w[kept]]
        if len(rest) == len(kept):
            break
        kept = rest
    p_g = np.zeros(len(p_d))
    p_g[kept] = (ratio * p_d[kept] - share * p_w[kept]) / (1 - share)
    return p_g, p_d[kept[0]] / (p_d[kept[0]] + (1 - share) * p_g[kept[0]] + share * p_w[kept[0]])
""",
)
for mutant in ("p_d > 0 -> p_d >= 0", "p_d > 0 -> p_d > -1"):
    equivalent(
        "winner",
        mutant,
        why="outcomes without data then sort last, with an infinite ratio; they add to the fakes, not to what is "
        "covered, so the minimum is the same (with a warning)",
    )

# ------------------------------------------------------------------------------------------------------------ bugs
GENERATED, MISMATCHED, OWN, TOGETHER = (f"bugs-{name}" for name in ("generated", "mismatched", "generator", "together"))


def bugs(
    start="g, d = g.clone().requires_grad_(), d.clone().requires_grad_()",
    wrong="(c + shift) % len(d)",
    shown="asked",
    fakes="(generated + mismatched) / 2",
    judged="asked",
    loss="functional.softplus(-judge(d, fake, {judged})).mean()",
    result="torch.autograd.grad(g_loss, g)[0], torch.autograd.grad(d_loss, d)[0]",
):
    """An answer to bugs with one of its parts replaced."""
    return f"""
def both_slopes(g, d, x, c, shift, z, asked):
    {start}
    fake, wrong = generate(g, z, asked), {wrong}
    generated = functional.softplus(judge(d, fake.detach(), {shown})).mean()
    mismatched = functional.softplus(judge(d, x, wrong)).mean()
    d_loss = functional.softplus(-judge(d, x, c)).mean() + {fakes}
    g_loss = {loss.format(judged=judged)}
    return {result}
"""


wrong(
    "bugs",
    "nothing repaired",
    fails=[GENERATED, MISMATCHED, OWN, TOGETHER],
    source=bugs(shown="wrong", wrong="c.roll(1)", fakes="generated + mismatched", judged="c"),
)
for name, cells, parts in [
    ("fakes with wrong labels", [GENERATED, TOGETHER], {"shown": "wrong"}),
    ("fakes with labels of the real ones", [GENERATED, TOGETHER], {"shown": "c"}),
    ("wrong labels by shuffling", [MISMATCHED, TOGETHER], {"wrong": "c.roll(1)"}),
    ("shifted the other way", [MISMATCHED, TOGETHER], {"wrong": "(c - shift) % len(d)"}),
    ("full weights", [GENERATED, MISMATCHED, TOGETHER], {"fakes": "generated + mismatched"}),
    ("quarters", [GENERATED, MISMATCHED, TOGETHER], {"fakes": "(generated + mismatched) / 4"}),
    ("no wrong pairs", [MISMATCHED, TOGETHER], {"fakes": "generated / 2"}),
    (
        "one mean over both kinds",
        [TOGETHER],
        {"fakes": "(len(z) * generated + len(x) * mismatched) / (len(z) + len(x))"},
    ),
    ("the generator judged by other labels", [OWN, TOGETHER], {"judged": "c"}),
    ("the minimax loss", [OWN], {"loss": "-functional.softplus(judge(d, fake, asked)).mean()"}),
    ("the generator uphill", [OWN], {"loss": "-functional.softplus(-judge(d, fake, asked)).mean()"}),
    ("changes what it is given", [TOGETHER], {"start": "g.requires_grad_(), d.requires_grad_()"}),
    (
        "exchanged",
        [GENERATED, MISMATCHED, OWN, TOGETHER],
        {"result": "torch.autograd.grad(d_loss, d)[0], torch.autograd.grad(g_loss, g)[0]"},
    ),
]:
    wrong("bugs", name, fails=cells, source=bugs(**parts))
wrong(
    "bugs",
    "delegates to torch.optim",
    fails=[GENERATED, MISMATCHED, OWN, TOGETHER],
    source="from torch.optim import SGD\n" + bugs(),
)
right("bugs", "with detach and three means", source=bugs())
right(
    "bugs",
    "by hand",
    source="""
def both_slopes(g, d, x, c, shift, z, asked):
    for_g, for_d = torch.zeros_like(g), torch.zeros_like(d)
    fake = generate(g, z, asked)
    wrong = torch.where(c + shift >= len(d), c + shift - len(d), c + shift)
    for images, labels, goal, weight in ((x, c, 1, 1.0), (fake, asked, 0, 0.5), (x, wrong, 0, 0.5)):
        push = weight * (judge(d, images, labels).sigmoid() - goal) / len(images)
        for_d.index_add_(0, labels, torch.stack([push, push * images], 1))
    push = -judge(d, fake, asked).neg().sigmoid() * d[asked, 1] / len(z)
    for_g.index_add_(0, asked, torch.stack([push, push * z], 1))
    return for_g, for_d
""",
)

# ---------------------------------------------------------------------------------------------------------- pixels
SQUARED, ABSOLUTE, MISS = (f"pixels-{name}" for name in ("squared", "absolute", "miss"))


def pixels(
    squared="np.average(answers, axis=0, weights=counts)",
    price="np.where(g < answers[:, k], miss * (answers[:, k] - g), g - answers[:, k])",
    total="counts @ price",
    values="np.unique(answers[:, k])",
    better="<",
    end="",
):
    """An answer to pixels with one of its parts replaced."""
    return f"""
def best_image(answers, counts, *, loss, miss=1):
    if loss == "squared":
        return {squared}
    best = []
    for k in range(answers.shape[1]):
        lowest = math.inf
        for g in {values}:
            price = {price}
            if {total} {better} lowest:
                lowest, winner = {total}, g
        best.append(winner)
    {end}
    return np.array(best)
"""


for name, cells, parts in [
    ("counts ignored under the squared loss", [SQUARED], {"squared": "answers.mean(axis=0)"}),
    ("not divided", [SQUARED], {"squared": "counts @ answers"}),
    ("the most frequent answer", [SQUARED], {"squared": "answers[counts.argmax()]"}),
    ("counts ignored", [ABSOLUTE, MISS], {"total": "price.sum()"}),
    ("the largest on ties", [ABSOLUTE, MISS], {"better": "<="}),
    ("m ignored", [MISS], {"price": "abs(answers[:, k] - g)"}),
    (
        "m on the wrong side",
        [MISS],
        {"price": "np.where(g < answers[:, k], answers[:, k] - g, miss * (g - answers[:, k]))"},
    ),
    ("squares", [ABSOLUTE, MISS], {"price": "(answers[:, k] - g) ** 2"}),
    ("in place", [MISS], {"end": "answers *= 0"}),
    ("one answer for all pixels", [SQUARED], {"squared": "np.full(answers.shape[1], counts @ answers[:, 0])"}),
]:
    wrong("pixels", name, fails=cells, source=pixels(**parts))
wrong(
    "pixels",
    "the mean for both (E95)",
    fails=[ABSOLUTE, MISS],
    source="""
def best_image(answers, counts, *, loss, miss=1):
    return counts @ answers / counts.sum()
""",
)
wrong(
    "pixels",
    "the median for both",
    fails=[SQUARED],
    source=pixels(squared='best_image(answers, counts, loss="absolute")'),
)
wrong(
    "pixels",
    "numpy's median",
    fails=[ABSOLUTE, MISS],
    source="""
def best_image(answers, counts, *, loss, miss=1):
    every = np.repeat(answers, counts, axis=0)
    return every.mean(axis=0) if loss == "squared" else np.median(every, axis=0)
""",
)
right("pixels", "every value tried", source=pixels())
right(
    "pixels",
    "with answers repeated",
    source="""
def best_image(answers, counts, *, loss, miss=1):
    every = torch.tensor(np.repeat(answers, counts, axis=0))
    if loss == "squared":
        return every.mean(0)
    place = max(math.ceil(miss / (1 + miss) * len(every) - 1e-9), 1)
    return every.sort(0).values[place - 1]
""",
)

# ----------------------------------------------------------------------------------------------------------- cycle
LOSS, COUNT = "cycle-loss", "cycle-count"


def cycle(
    there="np.abs(xs[F[G]] - xs).mean()",
    back="np.abs(ys[G[F]] - ys).mean()",
    total="there + back",
    count="math.factorial(m) // math.factorial(m - n) * n ** (m - n) if m >= n else 0",
):
    """An answer to cycle with one of its parts replaced."""
    return f"""
def cycle_loss(G, F, xs, ys):
    there = {there}
    back = {back}
    return {total}


def count_pairs(n, m):
    return {count}
"""


for name, cells, parts in [
    ("the first half", [LOSS], {"total": "there"}),
    ("the mean of both halves", [LOSS], {"total": "(there + back) / 2"}),
    ("sums over pixels", [LOSS], {"total": "xs.shape[1] * (there + back)"}),
    ("squared errors", [LOSS], {"total": "((xs[F[G]] - xs) ** 2).mean() + ((ys[G[F]] - ys) ** 2).mean()"}),
    ("weighted by images", [LOSS], {"total": "(len(xs) * there + len(ys) * back) / (len(xs) + len(ys))"}),
    ("in place", [LOSS], {"back": "np.abs(np.subtract(ys[G[F]], ys, out=ys)).mean()"}),
    ("n!", [COUNT], {"count": "math.factorial(n) if m >= n else 0"}),
    ("only equal domains", [COUNT], {"count": "math.factorial(n) * (n == m)"}),
    ("G alone", [COUNT], {"count": "math.perm(m, n)"}),
    ("G need not be one to one", [COUNT], {"count": "m**n if m >= n else 0"}),
    ("F anywhere", [COUNT], {"count": "math.perm(m, n) * n**m"}),
    ("sets, not maps", [COUNT], {"count": "math.comb(m, n) * n ** (m - n)"}),
]:
    wrong("cycle", name, fails=cells, source=cycle(**parts))
right("cycle", "with factorials", source=cycle())
right(
    "cycle",
    "with loops",
    source="""
def cycle_loss(G, F, xs, ys):
    total = 0
    for first, second, images in ((G, F, xs), (F, G, ys)):
        for i, image in enumerate(images):
            total += np.mean(abs(images[second[first[i]]] - image)) / len(images)
    return total


def count_pairs(n, m):
    count = 1
    for k in range(n):
        count *= max(m - k, 0)
    return count * n ** max(m - n, 0)
""",
)
