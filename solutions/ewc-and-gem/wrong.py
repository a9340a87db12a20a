"""Answers to the assignment *EWC, GEM and replay* whose verdict is known; read by ``proctor verify``, never imported.

Each wrong answer is a mistake that people make; ``fails`` lists exactly the test cells that must notice it. E-numbers
refer to the errata of the source notes, where the mistake comes from one.
"""

from proctor.variants import equivalent, right, wrong

# --------------------------------------------------------------------------------------------------------- springs
BAYES, MINIMIZER, EDGE, THREE = (f"springs-{name}" for name in ("bayes", "minimizer", "divergence", "three-tasks"))
ANSWERS = ("3.0", "0.0025", "[0.8, 0.6]", "[0.0, 1.0]", "9.0", "8 / 3", "7 / 3")
for name, changes, cells in [
    ("λ upside down", {0: "1 / 3"}, [BAYES]),
    ("λ is 1", {0: "1.0"}, [BAYES]),
    ("λ for a mean, twice", {1: "3.0"}, [BAYES]),
    ("multiplied by B's number", {1: "400.0"}, [BAYES]),
    ("weight by weight", {2: "[1.0, -1.0]"}, [MINIMIZER]),
    ("λ left out", {2: "[12 / 7, 1 / 7]"}, [MINIMIZER]),
    ("a half too much", {2: "[4 / 3, 1 / 3]"}, [MINIMIZER]),
    ("the free weight stays", {3: "[0.0, -1.0]"}, [MINIMIZER]),
    ("all weights are held", {3: "[0.0, 0.0]"}, [MINIMIZER]),
    ("B's own curvature forgotten", {4: "10.0"}, [EDGE]),
    ("oscillation for divergence", {4: "4.0"}, [EDGE]),
    ("the slackest spring", {4: "36.0"}, [EDGE]),
    ("a half too much in the edge", {4: "18.0"}, [EDGE]),
    ("one for separate", {5: "7 / 3", 6: "8 / 3"}, [THREE]),
    ("both alike", {6: "8 / 3"}, [THREE]),
    ("the last Fisher alone", {5: "3.5"}, [THREE]),
]:
    parts = [changes.get(place, answer) for place, answer in enumerate(ANSWERS)]
    wrong("springs", name, fails=cells, source=f"def springs():\n    return {', '.join(parts)}\n")
right(
    "springs",
    "computed",
    source="""
def springs():
    h, b, f = np.array([[2.0, 1.0], [1.0, 2.0]]), np.array([4.0, -1.0]), np.array([2.0, 0.0])
    strength = 1200 / 400
    first = np.linalg.solve(h + strength * np.diag(f), h @ b)
    far = np.array([0.0, (h @ b)[1] / h[1, 1]])
    edge = min((2 / 0.1 - 2) / each for each in (2, 0.5))
    two = (0 + 2) / 2
    return [strength, strength / 1200, first, far, edge, (6 + two + two) / 3, (6 + 0 + two) / 3]
""",
)

# ---------------------------------------------------------------------------------------------------- ewc-sequence
ONE, SEPARATE = "ewc-sequence-one", "ewc-sequence-separate"


def ewc_sequence(
    own="hessian",
    stiff="stiff + fisher",
    pull="pull + fisher * end if separate else stiff * end",
    solve="np.linalg.solve(own + strength * np.diag(stiff), own @ best + strength * pull)",
    before="",
):
    """An answer to ewc-sequence with one of its parts replaced."""
    return f"""
def ewc_sequence(hessians, minima, strength=1.0, *, separate=False):
    ends, stiff, pull = [], np.zeros(minima.shape[1]), np.zeros(minima.shape[1])
    {before}
    for hessian, best in zip(hessians, minima):
        own = {own}
        end = {solve}
        fisher = np.diag(hessian)
        stiff = {stiff}
        pull = {pull}
        ends.append(end)
    return np.array(ends)
"""


BOTH = [ONE, SEPARATE]
for name, cells, parts in [
    ("separate is ignored: always one", [SEPARATE], {"pull": "stiff * end"}),
    ("separate is ignored: always many", [ONE], {"pull": "pull + fisher * end"}),
    ("separate upside down", BOTH, {"before": "separate = not separate"}),
    ("the last Fisher alone", BOTH, {"stiff": "fisher"}),
    ("the first Fisher alone", BOTH, {"stiff": "stiff if len(ends) else fisher"}),
    ("held at the task's own minimum", BOTH, {"pull": "pull + fisher * best if separate else stiff * best"}),
    ("separate: at the tasks' own minima", [SEPARATE], {"pull": "pull + fisher * best if separate else stiff * end"}),
    ("the current loss diagonal, too", BOTH, {"own": "np.diag(np.diag(hessian))"}),
    ("strength ignored", BOTH, {"before": "strength = 1.0"}),
    ("half of the strength", BOTH, {"before": "strength = strength / 2"}),
    ("twice the strength", BOTH, {"before": "strength = 2 * strength"}),
    ("the anchor is not pulled to", BOTH, {"solve": "np.linalg.solve(own + strength * np.diag(stiff), own @ best)"}),
    ("no penalty", BOTH, {"solve": "best"}),
    (
        "the full Fisher matrix",
        BOTH,
        {"stiff": "stiff + fisher", "before": "full, drag = np.zeros(hessians.shape[1:]), 0 * minima[0]"},
    ),
]:
    source = ewc_sequence(**parts)
    if name == "the full Fisher matrix":
        source = source.replace("np.diag(stiff), own @ best + strength * pull", "full, own @ best + strength * drag")
        source = source.replace(
            "        ends.append",
            "        full = full + hessian\n"
            "        drag = drag + hessian @ end if separate else full @ end\n"
            "        ends.append",
        )
    wrong("ewc-sequence", name, fails=cells, source=source)
right(
    "ewc-sequence",
    "springs kept in a list",
    source="""
def ewc_sequence(hessians, minima, strength=1.0, *, separate=False):
    springs, ends = [], np.empty(minima.shape)
    for k in range(len(minima)):
        matrix, target = hessians[k].copy(), hessians[k] @ minima[k]
        for fisher, anchor in springs:
            matrix += strength * np.diag(fisher)
            target += strength * fisher * anchor
        ends[k] = np.linalg.inv(matrix) @ target
        new = hessians[k].diagonal()
        if separate:
            springs.append((new, ends[k]))
        else:
            springs = [(new + sum(fisher for fisher, _ in springs), ends[k])]
    return ends
""",
)

equivalent("ewc-sequence", "hessian @ best -> best @ hessian", why="a Hessian is symmetric")

# ----------------------------------------------------------------------------------------------------- learn-tasks
FISHER, PATH, ARRAYS = (f"learn-tasks-{name}" for name in ("fisher", "path", "arrays"))


def learn_tasks(
    begin="start",
    step="w = w - lr * (grad + strength * stiff * (w - anchor))",
    fisher="((p * (1 - p))[:, None] * x**2).mean(axis=0)",
    stiff="stiff + fisher",
    anchor="w",
    first="",
    again="p = 1 / (1 + np.exp(-x @ w))",
    append="w",
):
    """An answer to learn-tasks with one of its parts replaced."""
    return f"""
def learn_tasks(tasks, start, *, strength, lr, steps):
    w, stiff, ends = {begin}, np.zeros(len(start)), []
    anchor = w
    for x, y in tasks:
        {first}
        p = 1 / (1 + np.exp(-x @ w))
        fisher = {fisher}
        for _ in range(steps):
            p = 1 / (1 + np.exp(-x @ w))
            grad = ((p - y)[:, None] * x).mean(axis=0)
            {step}
        {again}
        fisher = {fisher}
        stiff = {stiff}
        anchor = {anchor}
        ends.append({append})
    return np.array(ends), stiff
"""


IN_PLACE = "w -= lr * (grad + strength * stiff * (w - anchor))"
HALF = "w = w - lr * (grad + strength / 2 * stiff * (w - anchor))"
SQUARE = "((p - y)[:, None] * x).mean(axis=0) ** 2"
wrong(
    "learn-tasks",
    "the function as given",
    fails=[FISHER, PATH, ARRAYS],
    source=learn_tasks(step=HALF.replace("w = w -", "w -="), fisher=SQUARE, stiff="fisher", append="w.copy()"),
)
for name, cells, parts in [
    ("the anchor is the live weights", [PATH, ARRAYS], {"step": IN_PLACE, "append": "w.copy()"}),
    ("start is copied, the anchor is not", [PATH], {"begin": "start.copy()", "step": IN_PLACE, "append": "w.copy()"}),
    ("copies, and start is changed", [ARRAYS], {"step": IN_PLACE, "anchor": "w.copy()", "append": "w.copy()"}),
    ("the rows alias", [PATH], {"begin": "start.copy()", "step": IN_PLACE, "anchor": "w.copy()"}),
    ("a half too much", [PATH], {"step": HALF}),
    ("twice the penalty", [PATH], {"step": HALF.replace("/ 2", "* 2")}),
    ("the penalty pushes away", [PATH], {"step": "w = w - lr * (grad - strength * stiff * (w - anchor))"}),
    ("strength ignored", [PATH], {"step": "w = w - lr * (grad + stiff * (w - anchor))"}),
    ("lr ignored in the penalty", [PATH], {"step": "w = w - lr * grad - strength * stiff * (w - anchor)"}),
    ("the first Fisher is overwritten (Huszár)", [FISHER, PATH], {"stiff": "fisher"}),
    ("the mean gradient squared", [FISHER, PATH], {"fisher": SQUARE}),
    ("the labels of the data (E151)", [FISHER, PATH], {"fisher": "(((p - y) ** 2)[:, None] * x**2).mean(axis=0)"}),
    ("a sum over the examples", [FISHER, PATH], {"fisher": "((p * (1 - p))[:, None] * x**2).sum(axis=0)"}),
    ("the inputs not squared", [FISHER, PATH], {"fisher": "((p * (1 - p))[:, None] * x).mean(axis=0)"}),
    ("the last p of training is one step old", [PATH], {"again": ""}),
    ("the anchor stays at the start", [PATH], {"anchor": "anchor"}),
    (
        "held during the first task",
        [FISHER, PATH],
        {"first": "stiff = stiff + (0.25 * x**2).mean(axis=0) if not ends else stiff"},
    ),
]:
    wrong("learn-tasks", name, fails=cells, source=learn_tasks(**parts))
wrong(
    "learn-tasks",
    "delegates to ravine",
    fails=[FISHER, PATH, ARRAYS],
    source="from ravine.continual_methods import EWC\n" + learn_tasks(),
)
wrong(
    "learn-tasks",
    "Fisher before the task",
    fails=[PATH],
    source="""
def learn_tasks(tasks, start, *, strength, lr, steps):
    w, anchor, stiff, ends = start, start, np.zeros(len(start)), []
    for x, y in tasks:
        p = 1 / (1 + np.exp(-x @ w))
        new = (p * (1 - p)) @ x**2 / len(x)
        for _ in range(steps):
            p = 1 / (1 + np.exp(-x @ w))
            w = w - lr * ((p - y) @ x / len(x) + strength * stiff * (w - anchor))
        stiff, anchor = stiff + new, w
        ends.append(w)
    return np.array(ends), stiff
""",
)
right(
    "learn-tasks",
    "in place, on copies",
    source=learn_tasks(begin="start.copy()", step=IN_PLACE, anchor="w.copy()", append="w.copy()"),
)
right(
    "learn-tasks",
    "torch, with the penalty in the loss",
    source="""
def learn_tasks(tasks, start, *, strength, lr, steps):
    w = torch.tensor(start, requires_grad=True)
    anchor, stiff, ends = w.detach().clone(), torch.zeros(len(start), dtype=w.dtype), []
    for x, y in tasks:
        x, y = torch.tensor(x), torch.tensor(y)
        for _ in range(steps):
            loss = torch.nn.functional.binary_cross_entropy_with_logits(x @ w, y)
            loss = loss + strength / 2 * (stiff * (w - anchor) ** 2).sum()
            loss.backward()
            with torch.no_grad():
                w -= lr * w.grad
            w.grad = None
        anchor = w.detach().clone()
        p = torch.sigmoid(x @ anchor)[:, None]
        stiff = stiff + (p * ((1 - p) * x) ** 2 + (1 - p) * (p * x) ** 2).mean(0)
        ends.append(anchor.numpy())
    return np.array(ends), stiff
""",
)
equivalent(
    "learn-tasks",
    "line 21: -x @ w -> x @ w",
    why="this p is used in p (1 - p) only, where p and 1 - p are the same",
)

# ------------------------------------------------------------------------------------------------- diagonal-misled
MATRIX, FACTOR = "diagonal-misled-matrix", "diagonal-misled-factor"


def diagonal_misled(
    along="2 * math.sqrt(factor) - 1", size="20", matrix="(1 - rho) * np.eye(size) + rho", b="np.ones(size)"
):
    """An answer to diagonal-misled with one of its parts replaced."""
    return f"""
def diagonal_misled(factor):
    along, size = {along}, {size}
    rho = (along - 1) / (size - 1)
    return {matrix}, {b}
"""


for name, cells, parts in [
    ("the eigenvalue is the factor", [FACTOR], {"along": "min(factor, 20.0)"}),
    ("the root of the factor", [FACTOR], {"along": "math.sqrt(factor)"}),
    ("weights, not losses", [FACTOR], {"along": "min(2 * factor - 1, 19.0)"}),
    ("without the 1", [FACTOR], {"along": "2 * math.sqrt(factor)"}),
    ("diagonal: nothing is lost", [FACTOR], {"matrix": "np.eye(size)"}),
    ("along another direction", [FACTOR], {"b": "np.eye(size)[0]"}),
    ("along the soft direction", [FACTOR], {"b": "np.eye(size)[0] - np.eye(size)[1]"}),
    ("two weights: a correlation above 1", [MATRIX], {"size": "2"}),
    ("no conflict", [FACTOR], {"b": "np.zeros(size)"}),
    ("a stiffer diagonal", [MATRIX, FACTOR], {"matrix": "along * np.eye(size)"}),
    ("one fixed case", [FACTOR], {"along": "3.0"}),
]:
    wrong("diagonal-misled", name, fails=cells, source=diagonal_misled(**parts))
right(
    "diagonal-misled",
    "blocks of ones, from the eigenvector",
    source="""
def diagonal_misled(factor):
    d = 100
    rho = (2 * factor**0.5 - 2) / (d - 1)
    f = [[1.0 if i == j else rho for j in range(d)] for i in range(d)]
    return torch.tensor(f, dtype=torch.float64), [-3.0] * d
""",
)
for other in ("21", "19"):
    equivalent(
        "diagonal-misled",
        f"size = 20 -> size = {other}",
        why="any number of weights that keeps the correlation at or below 1 is right",
    )

# --------------------------------------------------------------------------------------------------------- by-hand
HAND = [f"by-hand-{name}" for name in ("one", "both", "mean")]
ANSWERS = ("[2, 2, 2]", "[2, 2, 2]", "[0.8, 0.8, 0.8]", "[4 / 3, 4 / 3, 8 / 3]", "[2, -2]")
for name, changes, cells in [
    ("not divided by the square", {0: "[1, 3, 2]"}, HAND[:1]),
    ("divided by the length", {0: "[3 - 2**0.5, 1 + 2**0.5, 2]"}, HAND[:1]),
    ("the wrong sign", {0: "[4, 0, 2]"}, HAND[:1]),
    ("the step for g' (E152)", {0: "[-2, -2, -2]"}, HAND[:1]),
    ("the length of g_1 counts", {1: "[-7, 11, 2]"}, HAND[:1]),
    ("along +g' (E152)", {2: "[1.2, 1.2, 1.2]"}, HAND[:1]),
    ("-g is projected (E152)", {2: "[0.7, 0.9, 0.8]"}, HAND[:1]),
    ("task 2 is safe", {3: "[2, 2, 2]"}, HAND[1:2]),
    ("one after the other", {3: "[2, 1.2, 2.4]"}, HAND[1:2]),
    ("A-GEM for GEM", {3: "[7 / 3, 1 / 3, 8 / 3]"}, HAND[1:2]),
    ("nothing is left", {3: "[0, 0, 0]"}, HAND[1:2]),
    ("products for changes", {4: "[-2, 2]"}, HAND[2:]),
    ("A-GEM protects each", {4: "[0, 0]"}, HAND[2:]),
    ("A-GEM does nothing", {4: "[2, 0]"}, HAND[2:]),
]:
    parts = [changes.get(place, answer) for place, answer in enumerate(ANSWERS)]
    wrong("by-hand", name, fails=cells, source=f"def by_hand():\n    return {', '.join(parts)}\n")
right(
    "by-hand",
    "computed",
    source="""
def by_hand():
    g, a, b = np.array([3.0, 1, 2]), np.array([-1.0, 1, 0]), np.array([0.0, -2, 1])
    one = g - (g @ a) / (a @ a) * a
    edge = np.cross(a, b)
    mean = (a + b) / 2
    z = g - (g @ mean) / (mean @ mean) * mean
    return one, one, 1 - 0.1 * one, (g @ edge) / (edge @ edge) * edge, (-z @ a, -z @ b)
""",
)

# -------------------------------------------------------------------------------------------------------- gem-step
STEP, SEVERAL, EDGES = (f"gem-step-{name}" for name in ("one", "several", "edges"))


def gem_step(
    sizes="np.linalg.norm(memories, axis=1)",
    rows="memories[sizes > 0] / sizes[sizes > 0, None]",
    g="grad",
    bound="-1e-10 * np.linalg.norm(g)",
    best="min(allowed, key=lambda z: np.linalg.norm(z - g))",
    end="weights - lr * z",
):
    """An answer to gem-step with one of its parts replaced."""
    return f"""
def gem_step(weights, grad, memories, lr):
    g, sizes = {g}, {sizes}
    rows, allowed = {rows}, []
    for chosen in product([False, True], repeat=len(rows)):
        active = rows[np.array(chosen, dtype=bool)]
        z = g - np.linalg.pinv(active) @ (active @ g)
        if np.all(rows @ z >= {bound}):
            allowed.append(z)
    z = {best}
    return {end}
"""


EACH = [STEP, SEVERAL, EDGES]
for name, cells, parts in [
    ("along +g' (E152)", EACH, {"end": "weights + lr * z"}),
    ("-g is projected, and added (E152)", EACH, {"g": "-grad", "end": "weights + lr * z"}),
    ("-g is projected, and subtracted", EACH, {"g": "-grad"}),
    ("the step, not the weights", [STEP, SEVERAL, EDGES], {"end": "-lr * z"}),
    ("the learning rate ignored", EACH, {"end": "weights - z"}),
    ("g' for the weights", EACH, {"end": "z"}),
    ("the first allowed one", [SEVERAL], {"best": "allowed[0]"}),
    ("the last allowed one", [STEP, SEVERAL], {"best": "allowed[-1]"}),
    ("the shortest allowed one", [STEP, SEVERAL], {"best": "min(allowed, key=lambda z: np.linalg.norm(z))"}),
    ("rows as long as they are", [SEVERAL, EDGES], {"rows": "memories"}),
    ("rows of zeros divided by zero", [EDGES], {"rows": "memories / sizes[:, None]"}),
    ("an absolute tolerance", [EDGES], {"bound": "-1e-6"}),
    (
        "no tolerance",
        [STEP, SEVERAL, EDGES],
        {"bound": "0", "best": "min(allowed or [g], key=lambda z: np.linalg.norm(z - g))"},
    ),
    ("any angle", EACH, {"bound": "-np.inf"}),
    ("constraints the other way round", EACH, {"rows": "-memories[sizes > 0] / sizes[sizes > 0, None]"}),
    ("changes the weights", [STEP], {"end": "np.subtract(weights, lr * z, out=weights)"}),
]:
    wrong("gem-step", name, fails=cells, source=gem_step(**parts))
for name, cells, order in [
    ("one after the other", [SEVERAL, EDGES], "rows"),
    ("one after the other, backwards", [SEVERAL, EDGES], "rows[::-1]"),
    ("ten times round", [SEVERAL, EDGES], "[row for _ in range(10) for row in rows]"),
]:
    wrong(
        "gem-step",
        name,
        fails=cells,
        source=f"""
def gem_step(weights, grad, memories, lr):
    rows = [row / np.linalg.norm(row) for row in memories if np.any(row)]
    z = grad
    for row in {order}:
        z = z - min(0.0, z @ row) * row
    return weights - lr * z
""",
    )
wrong(
    "gem-step",
    "A-GEM",
    fails=[SEVERAL, EDGES],
    source="""
def gem_step(weights, grad, memories, lr):
    mean = memories.sum(axis=0)
    size = np.linalg.norm(mean)
    if size > 0:
        grad = grad - min(0.0, grad @ mean / size) * mean / size
    return weights - lr * grad
""",
)
wrong(
    "gem-step",
    "all corrections at once",
    fails=[SEVERAL, EDGES],
    source="""
def gem_step(weights, grad, memories, lr):
    sizes = np.linalg.norm(memories, axis=1)
    rows = memories[sizes > 0] / sizes[sizes > 0, None]
    return weights - lr * (grad - np.minimum(0.0, rows @ grad) @ rows)
""",
)
for name, cells, chosen in [
    ("orthogonal to those in conflict with g", [SEVERAL], "rows @ grad < 0"),
    ("orthogonal to all", [STEP, SEVERAL], "sizes[sizes > 0] > 0"),
]:
    wrong(
        "gem-step",
        name,
        fails=cells,
        source=f"""
def gem_step(weights, grad, memories, lr):
    sizes = np.linalg.norm(memories, axis=1)
    rows = memories[sizes > 0] / sizes[sizes > 0, None]
    rows = rows[{chosen}]
    return weights - lr * (grad - np.linalg.pinv(rows) @ (rows @ grad))
""",
    )
for name, text in [
    ("delegates to ravine", "from ravine.gem import gem_projection\n"),
    ("delegates to scipy", "from scipy.optimize import nnls\n"),
]:
    wrong("gem-step", name, fails=EACH, source=text + gem_step())
right(
    "gem-step",
    "by multipliers of the dual",
    source="""
from itertools import combinations


def gem_step(weights, grad, memories, lr):
    rows = [m / np.linalg.norm(m) for m in memories if np.linalg.norm(m) > 0]
    size = np.linalg.norm(grad)
    if size == 0:
        return weights.copy()
    unit = grad / size
    for count in range(len(rows) + 1):
        for chosen in combinations(rows, count):
            a = np.array(chosen).reshape(count, len(grad))
            if count and np.linalg.matrix_rank(a, tol=1e-9) < count:
                continue
            v = np.linalg.solve(a @ a.T, -a @ unit)
            z = unit + v @ a
            if np.all(v >= -1e-9) and all(row @ z >= -1e-9 for row in rows):
                return weights - lr * size * z
""",
)
right(
    "gem-step",
    "Hildreth's method: one constraint after the other, with what was added taken back",
    source="""
def gem_step(weights, grad, memories, lr):
    rows = [m / np.linalg.norm(m) for m in memories if np.linalg.norm(m) > 0]
    v, z = [0.0] * len(rows), grad
    for _ in range(400):
        for i, row in enumerate(rows):
            new = max(0.0, v[i] - z @ row)
            z, v[i] = z + (new - v[i]) * row, new
    return weights - lr * z
""",
)
equivalent(
    "gem-step",
    "[False, True] -> [True, False]",
    why="the choices of active rows come in another order; the nearest of all is the same",
)
equivalent(
    "gem-step",
    "-1e-10 * np.linalg.norm(grad) -> -1.0000000000000001e-07 * np.linalg.norm(grad)",
    why="any allowance between rounding and a true conflict tells the two apart",
)

# ---------------------------------------------------------------------------------------------------- largest-step
LARGEST, MANY, LIMITS = (f"largest-step-{name}" for name in ("one", "several", "edges"))


def largest_step(
    now="x @ weights - y",
    moved="x @ way",
    check="np.any(moved != 0)",
    step="max(0.0, 2 * (now @ moved) / (moved @ moved))",
    take="min(limit, step)",
    start="math.inf",
    stop="limit",
):
    """An answer to largest-step with one of its parts replaced."""
    return f"""
def largest_step(weights, way, memories):
    limit = {start}
    for x, y in memories:
        now, moved = {now}, {moved}
        if {check}:
            step = {step}
            limit = {take}
    return {stop}
"""


TRIO = [LARGEST, MANY, LIMITS]
for name, cells, parts in [
    ("to the lowest point", TRIO, {"step": "max(0.0, (now @ moved) / (moved @ moved))"}),
    ("along +z", TRIO, {"step": "max(0.0, -2 * (now @ moved) / (moved @ moved))"}),
    ("negative steps", [LIMITS], {"step": "2 * (now @ moved) / (moved @ moved)"}),
    (
        "no promise at all is infinite",
        [LIMITS],
        {"step": "2 * (now @ moved) / (moved @ moved) if now @ moved >= 0 else math.inf"},
    ),
    ("only the first order: any step", TRIO, {"step": "math.inf if now @ moved >= 0 else 0.0"}),
    ("the largest of the limits", [MANY, LIMITS], {"take": "max(limit, step) if limit < math.inf else step"}),
    ("the last memory alone", [MANY, LIMITS], {"take": "step"}),
    ("the first memory alone", [MANY, LIMITS], {"take": "limit if limit < math.inf else step"}),
    (
        "mean for one, sum for the other",
        [LARGEST, MANY],
        {"step": "max(0.0, 2 * np.mean(now * moved) / (moved @ moved))"},
    ),
    ("the targets forgotten", [LARGEST, MANY, LIMITS], {"now": "x @ weights"}),
    (
        "the curvature is the length of z",
        [LARGEST, MANY, LIMITS],
        {"step": "max(0.0, 2 * (now @ moved) / len(x) / (way @ way))"},
    ),
    ("divides by zero", [LIMITS], {"check": "True"}),
    ("the step that no gradient step may exceed", TRIO, {"step": "2 / np.linalg.eigvalsh(x.T @ x / len(x)).max()"}),
    ("0 without a memory", TRIO, {"start": "0.0"}),
    ("a large number for infinity", [LIMITS], {"start": "1e9"}),
    ("1 without a memory", [LIMITS], {"stop": "limit if limit < math.inf else 1.0"}),
]:
    wrong("largest-step", name, fails=cells, source=largest_step(**parts))
wrong(
    "largest-step",
    "all examples together, as A-GEM",
    fails=[MANY, LIMITS],
    source="""
def largest_step(weights, way, memories):
    if not memories:
        return math.inf
    x, y = np.concatenate([m[0] for m in memories]), np.concatenate([m[1] for m in memories])
    now, moved = x @ weights - y, x @ way
    return max(0.0, 2 * (now @ moved) / (moved @ moved)) if np.any(moved) else math.inf
""",
)
right(
    "largest-step",
    "gradients and Hessians, in torch",
    source="""
def largest_step(weights, way, memories):
    w, z, limits = torch.tensor(weights), torch.tensor(way), [math.inf]
    for x, y in memories:
        x, y = torch.tensor(x), torch.tensor(y)
        grad, hessian = x.T @ (x @ w - y) / len(x), x.T @ x / len(x)
        slope, bend = (z @ grad).item(), (z @ hessian @ z).item()
        if bend > 0:
            limits.append(2 * slope / bend if slope > 0 else 0.0)
    return min(limits)
""",
)

# ---------------------------------------------------------------------------------------------------- two-memories
CONFLICT, RATES = "two-memories-conflict", "two-memories-rates"


def two_memories(first="0.96, 0.28", second="0.28, 0.96", side="np.eye(len(grad))[np.argmin(np.abs(grad))]", scale=""):
    """An answer to two-memories with one of its parts replaced."""
    return f"""
def two_memories(grad):
    back = -grad / np.linalg.norm(grad)
    side = {side}
    side = side - (side @ back) * back
    side = side / np.linalg.norm(side)
    (a, b), (c, d) = ({first}), ({second})
    return {scale}(a * back + b * side), c * back + d * side
"""


for name, cells, parts in [
    ("exchanged: task 2 suffers", [RATES], {"first": "0.28, 0.96", "second": "0.96, 0.28"}),
    ("on two sides: GEM can do nothing", [RATES], {"second": "0.28, -0.96"}),
    ("the chapter's: only one conflicts", [CONFLICT], {"second": "-0.28, 0.96"}),
    ("hardly different", [RATES], {"first": "0.8, 0.6", "second": "0.6, 0.8"}),
    ("against g itself: GEM can do nothing", [RATES], {"first": "1.0, 0.0"}),
    ("not of length 1", [CONFLICT], {"scale": "2 * "}),
    ("along g", [CONFLICT, RATES], {"first": "-0.96, 0.28", "second": "-0.28, 0.96"}),
    ("one gradient twice", [RATES], {"second": "0.96, 0.28"}),
    ("a side that may be g", [CONFLICT, RATES], {"side": "np.eye(len(grad))[0]"}),
]:
    wrong("two-memories", name, fails=cells, source=two_memories(**parts))
right(
    "two-memories",
    "angles of 12 and 84 degrees",
    source="""
def two_memories(grad):
    size = len(grad)
    basis = np.linalg.qr(np.column_stack([grad, np.random.default_rng(0).normal(size=(size, size - 1))]))[0]
    back = -basis[:, 0] * np.sign(basis[:, 0] @ grad)
    return [math.cos(math.radians(t)) * back - math.sin(math.radians(t)) * basis[:, 1] for t in (12, 84)]
""",
)

# ----------------------------------------------------------------------------------------------------------- offer
STREAM, AGAIN = "offer-stream", "offer-again"


def offer(
    first="list(kept)",
    start="seen + 1",
    place="int(u * number)",
    accept="place < capacity",
    seen="seen + len(examples)",
    dice="uniforms",
):
    """An answer to offer with one of its parts replaced."""
    return f"""
def offer(kept, seen, examples, uniforms, capacity):
    kept = {first}
    for number, (example, u) in enumerate(zip(examples, {dice}), start={start}):
        place = {place}
        if len(kept) < capacity:
            kept.append(example)
        elif {accept}:
            kept[place] = example
    return kept, {seen}
"""


PAIR = [STREAM, AGAIN]
for name, cells, parts in [
    ("counted from 0", PAIR, {"start": "seen"}),
    ("one too many", PAIR, {"start": "seen + 2"}),
    ("each call counts anew", [AGAIN], {"start": "1"}),
    ("every example replaces one", PAIR, {"place": "int(u * capacity)"}),
    ("taken with probability 1/capacity", PAIR, {"place": "int(u * capacity * capacity)"}),
    (
        "rounded to the nearest",
        PAIR,
        {"place": "round(u * number)", "accept": "place < capacity and place < len(kept)"},
    ),
    (
        "one place too many",
        PAIR,
        {"place": "int(u * number)", "accept": "(place := max(place - (place == capacity), 0)) < capacity"},
    ),
    ("the first ones only", PAIR, {"accept": "False"}),
    ("the list is changed", [AGAIN], {"first": "kept"}),
    ("seen is what is kept", PAIR, {"seen": "len(kept)"}),
    ("seen of this call", [AGAIN], {"seen": "len(examples)"}),
    ("the memory starts anew", [AGAIN], {"first": "[]"}),
]:
    wrong("offer", name, fails=cells, source=offer(**parts))
wrong(
    "offer",
    "a number for full memories only",
    fails=PAIR,
    source="""
def offer(kept, seen, examples, uniforms, capacity):
    kept, dice = list(kept), iter(uniforms)
    for number, example in enumerate(examples, start=seen + 1):
        if len(kept) < capacity:
            kept.append(example)
        elif (place := int(next(dice) * number)) < capacity:
            kept[place] = example
    return kept, seen + len(examples)
""",
)
wrong(
    "offer",
    "its own dice",
    fails=PAIR,
    source=offer(place="int(generator.random() * number)", dice="uniforms").replace(
        "    kept = ", "    generator = np.random.default_rng(0)\n    kept = "
    ),
)
wrong("offer", "delegates to ravine", fails=PAIR, source="from ravine.replay import ReplayBuffer\n" + offer())
right(
    "offer",
    "with an index",
    source="""
def offer(kept, seen, examples, uniforms, capacity):
    memory = kept[:]
    for i in range(len(examples)):
        seen += 1
        if len(memory) < capacity:
            memory = memory + [examples[i]]
            continue
        place = math.floor(uniforms[i] * seen)
        if place in range(capacity):
            memory[place] = examples[i]
    return [memory, seen]
""",
)

# ------------------------------------------------------------------------------------------------------- survivors
LEFT = [f"survivors-{name}" for name in ("reservoir", "bugs")]
ANSWERS = ("1 / 12", "[1 / 7, 1 / 12]", "0.99**1100", "100 * (1 - 0.99**300)", "100 * 0.9999**900")
for name, changes, cells in [
    ("once in, always in", {0: "1.0"}, LEFT[:1]),
    ("taken is kept", {1: "[1 / 7, 1 / 7]"}, LEFT[:1]),
    ("taken with the last probability", {1: "[1 / 12, 1 / 12]"}, LEFT[:1]),
    ("survival alone", {1: "[1 / 7, 7 / 12]"}, LEFT[:1]),
    ("1,200 replacements", {2: "0.99**1200"}, LEFT[1:]),
    ("1,160 replacements", {2: "0.99**1160"}, LEFT[1:]),
    ("bug 1 is a reservoir", {2: "1 / 12"}, LEFT[1:]),
    ("a quarter of task 4", {3: "25.0"}, LEFT[1:]),
    ("nothing else is left", {3: "100.0"}, LEFT[1:]),
    ("a share", {3: "1 - 0.99**300"}, LEFT[1:]),
    ("a quarter of task 1", {4: "25.0"}, LEFT[1:]),
    ("task 1 replaced by itself", {4: "100 * 0.9999**1100"}, LEFT[1:]),
    ("nine accepted", {4: "91.0"}, LEFT[1:]),
    ("bug 1 for bug 2", {4: "100 * 0.99**900"}, LEFT[1:]),
]:
    parts = [changes.get(place, answer) for place, answer in enumerate(ANSWERS)]
    wrong("survivors", name, fails=cells, source=f"def survivors():\n    return {', '.join(parts)}\n")
right(
    "survivors",
    "step by step",
    source="""
def survivors():
    reservoir, stays, fourth, first = 1.0, 1.0, 0.0, 100.0
    for i in range(101, 1201):
        reservoir *= 1 - 100 / i * 1 / 100
        stays *= 1 - 1 / 100
        if i > 300:
            first -= first / 100 / 100
        if i > 900:
            fourth += 1 - fourth / 100
    late = 100 / 700
    for i in range(701, 1201):
        late *= (i - 1) / i
    return reservoir, (1 / 7, late), stays, fourth, first
""",
)
