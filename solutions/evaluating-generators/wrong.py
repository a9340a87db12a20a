"""Answers to the assignment *Evaluating generators* whose verdict is known; read by ``proctor verify``, never imported.

Each wrong answer is a mistake that people make; ``fails`` lists exactly the test cells that must notice it. E-numbers
refer to the errata of the source notes, where the mistake comes from one.
"""

from proctor.variants import equivalent, right, wrong

# --------------------------------------------------------------------------------------------------------- predict
MIXED, PARTS, DISTANCE, COPIES = "predict-mixed", "predict-parts", "predict-distance", "predict-copies"
RIGHT = ["2.481610", "2.871746", "7.0", "0.733333"]
for name, at, number, cell in [
    ("the mean of two scores (E110)", 0, "2.5", MIXED),
    ("each half by itself", 0, "2.0", MIXED),
    ("variety alone (E110)", 0, "2 * (16 / 3) ** 0.75", MIXED),
    ("the certain half", 0, "4.0", MIXED),
    ("all classes alike", 0, "8 / math.sqrt(8)", MIXED),
    ("all together", 1, "10.0", PARTS),
    ("classes by parts", 1, "2.5", PARTS),
    ("three classes", 1, "3.0", PARTS),
    ("sorted eigenvalues", 2, "3.0", DISTANCE),
    ("diagonals only", 2, "2 + 2 * (math.sqrt(5) - math.sqrt(2.5)) ** 2", DISTANCE),
    ("variances compared", 2, "75.0", DISTANCE),
    ("means forgotten", 2, "5.0", DISTANCE),
    ("the root", 2, "math.sqrt(7)", DISTANCE),
    ("one half", 3, "0.6", COPIES),
    ("copies alone", 3, "0.2", COPIES),
    ("no copies", 3, "2 / 3", COPIES),
    ("sets exchanged", 3, "0.2 + 0.8 / 3", COPIES),
]:
    numbers = ", ".join([*RIGHT[:at], number, *RIGHT[at + 1 :]])
    wrong("predict", name, fails=[cell], source=f"def predict():\n    return {numbers}\n")
wrong(
    "predict",
    "three numbers",
    fails=[MIXED, PARTS, DISTANCE, COPIES],
    source=f"def predict():\n    return {', '.join(RIGHT[:3])}\n",
)
right("predict", "numbers in a list", source=f"def predict():\n    return [{', '.join(RIGHT)}]\n")
right(
    "predict",
    "computed",
    source="""
def predict():
    def score(p):
        log = np.log(np.where(p > 0, p, 1))
        return np.exp(np.mean(np.sum(p * (log - np.log(p.mean(0))), axis=1)))

    p = np.concatenate([np.eye(8)[:4], np.full((4, 8), 1 / 8)])
    part = np.eye(3)[[0, 0, 1, 1, 2]]
    C, D = np.array([[5.0, 4.0], [4.0, 5.0]]), np.array([[2.5, -1.5], [-1.5, 2.5]])
    overlap = np.sqrt(np.linalg.eigvals(C @ D)).sum()
    return score(p), score(part), 2 + np.trace(C + D) - 2 * overlap, 1 / 5 + 4 / 5 * 2 / 3
""",
)

# --------------------------------------------------------------------------------------------------------- answers
ENTROPIES, BIAS, EDGES = "answers-entropies", "answers-bias", "answers-edges"


def judged(
    log_p="logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)",
    mean="p.mean(axis=0)",
    variety="-np.sum(mean * np.log(np.where(mean > 0, mean, 1)))",
    doubt="-np.sum(p * log_p, axis=1).mean()",
    variance="p.var(axis=0, ddof=1)",
    bias="np.sum(np.divide(s2, mean, out=np.zeros(K), where=mean > 0)) / (2 * n)",
    result="variety, doubt, bias",
):
    """An answer to answers with one of its parts replaced."""
    return f"""
def judge_answers(logits):
    n, K = logits.shape
    log_p = {log_p}
    p = np.exp(log_p)
    mean, s2 = {mean}, {variance}
    variety = {variety}
    doubt = {doubt}
    bias = {bias}
    return {result}
"""


wrong(
    "answers",
    "a softmax over the images",
    fails=[ENTROPIES, BIAS, EDGES],
    source=judged("logits - np.logaddexp.reduce(logits, axis=0)"),
)
wrong("answers", "exchanged", fails=[ENTROPIES, EDGES], source=judged(result="doubt, variety, bias"))
wrong(
    "answers",
    "the logarithm of the score",
    fails=[ENTROPIES, EDGES],
    source=judged(result="variety - doubt, doubt, bias"),
)
wrong("answers", "doubt summed", fails=[ENTROPIES, EDGES], source=judged(doubt="-np.sum(p * log_p)"))
wrong(
    "answers",
    "a softmax of the mean logits",
    fails=[ENTROPIES, BIAS, EDGES],
    source=judged(mean="np.exp(logits.mean(0)) / np.exp(logits.mean(0)).sum()"),
)
wrong("answers", "divided by n", fails=[BIAS, EDGES], source=judged(variance="p.var(axis=0)"))
wrong("answers", "the bound", fails=[BIAS, EDGES], source=judged(bias="0.0 if s2.sum() == 0 else (K - 1) / (2 * n)"))
wrong("answers", "a minus", fails=[BIAS, EDGES], source=judged(result="variety, doubt, -bias"))
wrong("answers", "one half missing", fails=[BIAS, EDGES], source=judged(result="variety, doubt, 2 * bias"))
wrong("answers", "not divided by p(c)", fails=[BIAS, EDGES], source=judged(bias="s2.sum() / (2 * n)"))
wrong("answers", "0 log 0", fails=[EDGES], source=judged(variety="-np.sum(mean * np.log(mean))"))
wrong("answers", "0 by 0", fails=[EDGES], source=judged(bias="np.sum(s2 / mean) / (2 * n)"))
wrong(
    "answers",
    "exponentials that overflow",
    fails=[EDGES],
    source=judged("np.log(np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True))"),
)
wrong(
    "answers",
    "in place",
    fails=[EDGES],
    source=judged("np.subtract(logits, np.logaddexp.reduce(logits, axis=1, keepdims=True), out=logits)"),
)
wrong(
    "answers",
    "delegates to ravine",
    fails=[ENTROPIES, BIAS, EDGES],
    source="from ravine.generator_scores import inception_score\n" + judged(),
)
right("answers", "with zeros by cases", source=judged())
right(
    "answers",
    "in torch",
    source="""
def judge_answers(logits):
    import torch

    log_p = torch.log_softmax(torch.tensor(logits), 1)
    p = log_p.exp()
    mean = p.mean(0)
    part = torch.nan_to_num(((p - mean) ** 2).sum(0) / (len(p) - 1) / mean)
    variety, doubt = torch.special.entr(mean).sum(), torch.special.entr(p).sum(1).mean()
    return variety.item(), doubt.item(), part.sum().item() / 2 / len(p)
""",
)

# --------------------------------------------------------------------------------------------------- find-the-bugs
ORDER, CUTS, ZEROS = "find-the-bugs-order", "find-the-bugs-parts", "find-the-bugs-zeros"


def in_parts(
    shuffled="p[generator.permutation(len(p))]",
    part="np.array_split(p, splits)",
    marginal="part.mean(axis=0)",
    terms="np.where(part > 0, part, 1)",
    fall="np.where(marginal > 0, marginal, 1)",
    result="np.mean(found), np.std(found)",
):
    """An answer to find-the-bugs with one of its parts replaced."""
    return f"""
def split_scores(p, *, splits, generator):
    p = {shuffled}
    size = len(p) // splits
    found = []
    for part in {part}:
        marginal = {marginal}
        kl = np.sum(part * (np.log({terms}) - np.log({fall})), axis=1)
        found.append(np.exp(kl.mean()))
    return {result}
"""


wrong(
    "find-the-bugs",
    "nothing repaired",
    fails=[ORDER, CUTS, ZEROS],
    source=in_parts("p", "(p[i * size : (i + 1) * size] for i in range(splits))", "p.mean(axis=0)", "part", "marginal"),
)
wrong("find-the-bugs", "not shuffled", fails=[ORDER, CUTS], source=in_parts("p"))
wrong(
    "find-the-bugs",
    "shuffled the other way",
    fails=[ORDER, CUTS],
    source=in_parts("p[np.argsort(generator.permutation(len(p)))]"),
)
wrong(
    "find-the-bugs",
    "shuffled in place",
    fails=[ORDER],
    source=in_parts("p").replace("    p = p\n", "    order = generator.permutation(len(p))\n    p[:] = p[order]\n"),
)
wrong(
    "find-the-bugs",
    "the last images lost",
    fails=[CUTS],
    source=in_parts(part="(p[i * size : (i + 1) * size] for i in range(splits))"),
)
wrong(
    "find-the-bugs",
    "the rest in the last part",
    fails=[CUTS],
    source=in_parts(part="(p[i * size : (i + 1) * size if i < splits - 1 else None] for i in range(splits))"),
)
wrong(
    "find-the-bugs",
    "one image of many",
    fails=[ORDER, CUTS],
    source=in_parts(part="(p[i::splits] for i in range(splits))"),
)
wrong("find-the-bugs", "one marginal for all", fails=[ORDER, CUTS], source=in_parts(marginal="p.mean(axis=0)"))
wrong("find-the-bugs", "0 log 0", fails=[ZEROS], source=in_parts(terms="part", fall="marginal"))
wrong(
    "find-the-bugs",
    "a little added",
    fails=[ORDER, CUTS, ZEROS],
    source=in_parts(terms="part + 0.01", fall="marginal + 0.01"),
)
wrong(
    "find-the-bugs",
    "logarithms averaged",
    fails=[ORDER, CUTS],
    source=in_parts(result="np.exp(np.mean(np.log(found))), np.std(found)"),
)
wrong(
    "find-the-bugs",
    "deviation by splits - 1",
    fails=[ORDER, CUTS],
    source=in_parts(result="np.mean(found), np.std(found, ddof=1 if splits > 1 else 0)"),
)
wrong(
    "find-the-bugs",
    "delegates to ravine",
    fails=[ORDER, CUTS, ZEROS],
    source="from ravine.generator_scores import inception_score\n" + in_parts(),
)
right("find-the-bugs", "logarithms by cases", source=in_parts())
right(
    "find-the-bugs",
    "entropies of rows picked by number",
    source="""
def split_scores(p, *, splits, generator):
    import torch

    n, p = len(p), torch.tensor(p)
    order = generator.permutation(n).tolist()
    found, start = [], 0
    for i in range(splits):
        stop = start + n // splits + (i < n % splits)
        part, start = p[order[start:stop]], stop
        found.append(math.exp(torch.special.entr(part.mean(0)).sum() - torch.special.entr(part).sum(1).mean()))
    center = sum(found) / splits
    return center, math.sqrt(sum((x - center) ** 2 for x in found) / splits)
""",
)

# --------------------------------------------------------------------------------------------------------- frechet
SHIFT, SPREAD = "frechet-shift", "frechet-spread"


def distance(
    shift="np.sum(gap**2)",
    x="(real - real.mean(axis=0)) / math.sqrt(len(real) - 1)",
    y="(generated - generated.mean(axis=0)) / math.sqrt(len(generated) - 1)",
    overlap="np.linalg.norm(x @ y.T, ord='nuc')",
    spread="(x**2).sum() + (y**2).sum() - 2 * overlap",
):
    """An answer to frechet with one of its parts replaced."""
    return f"""
def distance_parts(real, generated):
    gap = real.mean(axis=0) - generated.mean(axis=0)
    x = {x}
    y = {y}
    overlap = {overlap}
    spread = {spread}
    return {shift}, spread
"""


wrong("frechet", "a length", fails=[SHIFT], source=distance("np.linalg.norm(gap)"))
wrong("frechet", "a mean over the features", fails=[SHIFT], source=distance("np.mean(gap**2)"))
wrong(
    "frechet",
    "the whole distance",
    fails=[SPREAD],
    source=distance(spread="(x**2).sum() + (y**2).sum() - 2 * overlap + (gap**2).sum()"),
)
wrong(
    "frechet",
    "divided by n and m",
    fails=[SPREAD],
    source=distance(
        x="(real - real.mean(axis=0)) / math.sqrt(len(real))",
        y="(generated - generated.mean(axis=0)) / math.sqrt(len(generated))",
    ),
)
wrong(
    "frechet",
    "not centered",
    fails=[SPREAD],
    source=distance(x="real / math.sqrt(len(real) - 1)", y="generated / math.sqrt(len(generated) - 1)"),
)
wrong("frechet", "the overlap once", fails=[SPREAD], source=distance(spread="(x**2).sum() + (y**2).sum() - overlap"))
wrong("frechet", "squares of singular values", fails=[SPREAD], source=distance(overlap="np.linalg.norm(x @ y.T) ** 2"))
wrong(
    "frechet",
    "eigenvalues sorted",
    fails=[SPREAD],
    source=distance(
        overlap="sum(a * b for a, b in zip(*(np.linalg.svd(z, full_matrices=False)[1] for z in (x, y))))",
    ),
)
wrong(
    "frechet",
    "feature by feature",
    fails=[SPREAD],
    source=distance(overlap="np.sqrt((x**2).sum(0) * (y**2).sum(0)).sum()"),
)
wrong(
    "frechet",
    "centered in place",
    fails=[SPREAD],
    source=distance(x="np.subtract(real, real.mean(axis=0), out=real) / math.sqrt(len(real) - 1)"),
)
wrong(
    "frechet",
    "delegates to ravine",
    fails=[SHIFT, SPREAD],
    source="from ravine.generator_scores import moments\n" + distance(),
)
right("frechet", "the nuclear norm", source=distance())
right(
    "frechet",
    "eigenvalues of a small product, in torch",
    source="""
def distance_parts(real, generated):
    import torch

    r, g = torch.tensor(real), torch.tensor(generated)
    a, b = r - r.mean(0), g - g.mean(0)
    cross = a @ b.T
    squares = torch.linalg.eigvalsh(cross @ cross.T / (len(r) - 1) / (len(g) - 1))
    total = r.var(0).sum() + g.var(0).sum()
    keep = squares > 1e-13 * squares.max()
    return (r.mean(0) - g.mean(0)).square().sum().item(), (total - 2 * squares[keep].sqrt().sum()).item()
""",
)

# -------------------------------------------------------------------------------------------------------- infinity
LINE, PREDICTED = "infinity-line", "infinity-predicted"


def extrapolated(
    x="1 / sizes",
    y="distances",
    weights="None",
    values="np.linalg.eigvalsh(covariance)",
    which="i != j",
    predicted="1.5 * sum(values) + cross / 2",
    result="limit, slope, predicted",
):
    """An answer to infinity with one of its parts replaced."""
    return f"""
def at_infinity(sizes, distances, covariance):
    slope, limit = np.polyfit({x}, {y}, 1, w={weights})
    values = {values}
    cross = 0.0
    for i, a in enumerate(values):
        for j, b in enumerate(values):
            if {which} and a > 0 and b > 0:
                cross += a * b / (a + b)
    predicted = {predicted}
    return {result}
"""


wrong("infinity", "a line in n", fails=[LINE], source=extrapolated("sizes"))
wrong("infinity", "a line in the root", fails=[LINE], source=extrapolated("sizes**-0.5"))
wrong("infinity", "weighted", fails=[LINE], source=extrapolated(weights="np.sqrt(sizes)"))
wrong(
    "infinity",
    "equal n averaged",
    fails=[LINE],
    source=extrapolated("1 / np.unique(sizes)", "[distances[sizes == n].mean() for n in np.unique(sizes)]"),
)
wrong("infinity", "exchanged", fails=[LINE], source=extrapolated(result="slope, limit, predicted"))
wrong(
    "infinity",
    "the largest n",
    fails=[LINE],
    source=extrapolated(result="distances.min() - 1e-3, slope, predicted"),
)
wrong("infinity", "each pair once", fails=[PREDICTED], source=extrapolated(which="i < j"))
wrong("infinity", "a pair with itself", fails=[PREDICTED], source=extrapolated(which="True"))
wrong("infinity", "variances of the features", fails=[PREDICTED], source=extrapolated(values="np.diag(covariance)"))
wrong("infinity", "the mean alone", fails=[PREDICTED], source=extrapolated(predicted="sum(values)"))
wrong(
    "infinity",
    "equal eigenvalues",
    fails=[PREDICTED],
    source=extrapolated(predicted="(len(values) + 5) / 4 * sum(values)"),
)
wrong(
    "infinity",
    "0 by 0",
    fails=[PREDICTED],
    source=extrapolated(
        predicted="1.25 * sum(values) + (values[:, None] * values / (values[:, None] + values)).sum() / 2"
    ),
)
wrong(
    "infinity",
    "delegates to ravine",
    fails=[LINE, PREDICTED],
    source="from ravine.generator_scores import frechet_distance\n" + extrapolated(),
)
right("infinity", "by polyfit and loops", source=extrapolated())
right(
    "infinity",
    "normal equations in torch",
    source="""
def at_infinity(sizes, distances, covariance):
    import torch

    design = torch.stack([torch.ones(len(sizes)).double(), 1 / torch.tensor(sizes).double()], 1)
    limit, slope = torch.linalg.lstsq(design, torch.tensor(distances)[:, None]).solution.flatten().tolist()
    v = torch.linalg.eigvalsh(torch.tensor(covariance)).clamp(min=0)
    pairs = torch.nan_to_num(v[:, None] * v / (v[:, None] + v)).fill_diagonal_(0.0)
    return limit, slope, (1.5 * v.sum() + pairs.sum() / 2).item()
""",
)

# --------------------------------------------------------------------------------------------------------- density
PRECISION, DENSITY, COVERAGE, BALLS = "density-precision", "density-density", "density-coverage", "density-edges"
ALL = [PRECISION, DENSITY, COVERAGE, BALLS]


def balls(
    radii="np.sort(own, axis=1)[:, k]",
    inside="between <= radii",
    precision="inside.any(axis=1).mean()",
    density="inside.sum(axis=1).mean() / k",
    coverage="inside.any(axis=0).mean()",
):
    """An answer to density with one of its parts replaced."""
    return f"""
def density_coverage(real, generated, *, k):
    def distances(a, b):
        return np.linalg.norm(a[:, None] - b, axis=-1)

    own, between = distances(real, real), distances(generated, real)
    radii = {radii}
    inside = {inside}
    return {precision}, {density}, {coverage}
"""


RECALL = (
    "(between.T <= np.sort(distances(generated, generated), axis=1)[:, min(k, len(generated) - 1)]).any(axis=1).mean()"
)
wrong("density", "itself the first neighbor", fails=ALL, source=balls("np.sort(own, axis=1)[:, k - 1]"))
wrong("density", "the next neighbor", fails=ALL, source=balls("np.sort(own, axis=1)[:, min(k + 1, len(own) - 1)]"))
wrong(
    "density",
    "the surface outside",
    fails=[PRECISION, DENSITY, COVERAGE, BALLS][3:],
    source=balls(inside="(between < radii) & (between > -1)"),
)
wrong(
    "density",
    "twins are oneself",
    fails=[BALLS],
    source=balls("np.sort(np.where(own == 0, np.inf, own), axis=1)[:, k - 1]"),
)
wrong("density", "recall for precision", fails=[PRECISION, BALLS], source=balls(precision=RECALL))
wrong("density", "not divided by k", fails=[DENSITY, BALLS], source=balls(density="inside.sum(axis=1).mean()"))
wrong("density", "over the real images", fails=[DENSITY, BALLS], source=balls(density="inside.sum(axis=0).mean() / k"))
wrong("density", "capped", fails=[DENSITY, BALLS], source=balls(density="np.minimum(inside.sum(axis=1) / k, 1).mean()"))
wrong("density", "precision by k", fails=[DENSITY, BALLS], source=balls(density="inside.any(axis=1).mean() / k"))
wrong(
    "density",
    "recall for coverage",
    fails=[COVERAGE, BALLS],
    source=balls(coverage=f"({RECALL} if len(generated) > 1 else 1.0)"),
)
wrong("density", "precision for coverage", fails=[COVERAGE, BALLS], source=balls(coverage="inside.any(axis=1).mean()"))
wrong(
    "density",
    "delegates to ravine",
    fails=ALL,
    source="from ravine.generator_scores import moments\n" + balls(),
)
right("density", "norms, itself first", source=balls())
right(
    "density",
    "one ball after the other, in torch",
    source="""
def density_coverage(real, generated, *, k):
    import torch

    x, y = torch.tensor(real), torch.tensor(generated)
    hits, met = torch.zeros(len(y)), 0
    for i in range(len(x)):
        others = torch.cat([x[:i], x[i + 1 :]])
        radius = ((others - x[i]) ** 2).sum(1).kthvalue(k).values
        inside = ((y - x[i]) ** 2).sum(1) <= radius
        hits, met = hits + inside, met + bool(inside.any())
    return (hits > 0).double().mean().item(), hits.double().mean().item() / k, met / len(x)
""",
)

# ---------------------------------------------------------------------------------------------------------- copies
SHARE, SHIFTS, TIES = "copies-share", "copies-shifts", "copies-ties"


def share(
    pad="np.pad(x, ((0, 0), (reach, reach), (reach, reach)), constant_values=-1.0)",
    moves="[(a, b) for a in range(2 * reach + 1) for b in range(2 * reach + 1)]",
    gap="(images[:, None] - many) ** 2",
    ours="near(training)",
    theirs="near(held_out)",
    result="((t < o) + (t == o) / 2).mean()",
):
    """An answer to copies with one of its parts replaced."""
    return f"""
def training_share(images, training, held_out, *, reach):
    n, h, w = images.shape

    def near(x):
        wide = {pad}
        many = np.concatenate([wide[:, a : a + h, b : b + w] for a, b in {moves}])
        return ({gap}).sum(axis=(2, 3)).min(axis=1)

    t, o = {ours}, {theirs}
    return {result}
"""


MIDDLE = "[(reach, reach)]"
wrong("copies", "no shifts", fails=[SHIFTS], source=share(moves=MIDDLE))
wrong(
    "copies",
    "only along the axes",
    fails=[SHIFTS],
    source=share(moves="[(a, b) for a in range(2 * reach + 1) for b in range(2 * reach + 1) if reach in (a, b)]"),
)
wrong(
    "copies",
    "in one direction",
    fails=[SHIFTS, TIES],
    source=share(moves="[(a, b) for a in range(reach + 1) for b in range(reach + 1)]"),
)
wrong(
    "copies",
    "by one pixel only",
    fails=[SHIFTS],
    source=share(moves="[(reach + a, reach + b) for a in (-1, 0, 1) for b in (-1, 0, 1) if reach > 0 or a == b == 0]"),
)
wrong("copies", "gray comes in", fails=[SHIFTS], source=share("np.pad(x, ((0, 0), (reach, reach), (reach, reach)))"))
wrong(
    "copies",
    "rolled around",
    fails=[SHIFTS],
    source=share("np.pad(x, ((0, 0), (reach, reach), (reach, reach)), mode='wrap')"),
)
wrong(
    "copies",
    "held-out images not moved",
    fails=[SHIFTS, TIES],
    source=share().replace("def near(x):", "def near(x, reach=reach):").replace("near(held_out)", "near(held_out, 0)"),
)
wrong("copies", "held-out images", fails=[SHARE, SHIFTS, TIES], source=share(result="((o < t) + (t == o) / 2).mean()"))
wrong("copies", "ties for training", fails=[TIES], source=share(result="(t <= o).mean()"))
wrong("copies", "ties for held-out", fails=[TIES], source=share(result="(t < o).mean()"))
wrong("copies", "ties left out", fails=[TIES], source=share(result="(t < o)[t != o].mean()"))
wrong(
    "copies",
    "delegates to ravine",
    fails=[SHARE, SHIFTS, TIES],
    source="from ravine.generator_scores import moments\n" + share(),
)
right("copies", "differences of pictures", source=share())
right(
    "copies",
    "one picture after the other",
    source="""
def training_share(images, training, held_out, *, reach):
    n, h, w = images.shape

    def nearest(image, others):
        best = math.inf
        for other in others:
            for a in range(-reach, reach + 1):
                for b in range(-reach, reach + 1):
                    moved = np.full((h, w), -1.0)
                    moved[max(a, 0) : h + min(a, 0), max(b, 0) : w + min(b, 0)] = other[
                        max(-a, 0) : h + min(-a, 0), max(-b, 0) : w + min(-b, 0)
                    ]
                    best = min(best, float(np.sum((image - moved) ** 2)))
        return best

    points = 0.0
    for image in images:
        t, o = nearest(image, training), nearest(image, held_out)
        points += 1.0 if t < o else 0.5 if t == o else 0.0
    return points / n
""",
)

# ------------------------------------------------------------------------------------------------- true-statements
GROUPS = ["true-statements-inception", "true-statements-frechet", "true-statements-images"]
for name, letters, cells in [
    ("covers the data's classes (E110)", "ABCEG", GROUPS[:1]),
    ("collapse within classes costs (E110)", "CEG", GROUPS[:1]),
    ("certain is enough (E110)", "BEG", GROUPS[:1]),
    ("distance 0 is agreement (E110)", "BCDEG", GROUPS[1:2]),
    ("equal n cancels the bias", "BCEFG", GROUPS[1:2]),
    ("the number of images does not matter", "BCG", GROUPS[1:2]),
    ("precision misses nothing", "BCE", GROUPS[2:]),
    ("one file is one in a thousand", "BCEGH", GROUPS[2:]),
    ("one half proves it", "BCEGI", GROUPS[2:]),
    ("everything is true", "ABCDEFGHI", GROUPS),
    ("nothing is true", "", GROUPS),
    ("the other half", "ADFHI", GROUPS),
]:
    wrong("true-statements", name, fails=cells, source=f'def true_statements():\n    return "{letters}"\n')
wrong("true-statements", "a list of letters", fails=GROUPS, source="def true_statements():\n    return list('BCEG')\n")
right("true-statements", "in another order", source="def true_statements():\n    return 'GECB'\n")

# ------------------------------------------------------------------ mutants of the solutions that are right answers too
equivalent("copies", "(2, 3) -> (3, 2)", why="the norm of a picture is that of the picture transposed")
