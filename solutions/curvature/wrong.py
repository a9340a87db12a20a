"""Answers to the assignment *Curvature* whose verdict is known; read by ``proctor verify``, never imported.

Each wrong answer is a mistake that people make; ``fails`` lists exactly the test cells that must notice it. E-numbers
refer to the errata of the source notes, where the mistake comes from one.
"""

from proctor.variants import equivalent, right, wrong

# --------------------------------------------------------------------------------------------------- kind-of-point
SIGNS, ZEROS = "kind-of-point-signs", "kind-of-point-zeros"


def kind(
    values="np.linalg.eigvalsh(hessian)",
    least="tolerance * np.abs(values).max()",
    saddle="up and down",
    flat="np.any(np.abs(values) <= least)",
    first="",
    last='"minimum" if up else "maximum"',
):
    """An answer to kind-of-point with one of its parts replaced."""
    return f"""
def kind_of_point(hessian, *, tolerance):
    values = {values}
    least = {least}
    up, down = (values > least).any(), (values < -least).any()
    {first}
    if {saddle}:
        return "saddle"
    if {flat}:
        return "inconclusive"
    return {last}
"""


wrong(
    "kind-of-point",
    "a zero makes it inconclusive (E74)",
    fails=[ZEROS],
    source=kind(first='if np.any(np.abs(values) <= least): return "inconclusive"'),
)
wrong(
    "kind-of-point",
    "the determinant decides (E74)",
    fails=[ZEROS],
    source=kind(first='if abs(np.prod(values)) <= 1e-9: return "inconclusive"'),
)
wrong("kind-of-point", "semidefinite is definite", fails=[ZEROS], source=kind(flat="not up and not down"))
wrong("kind-of-point", "an absolute tolerance", fails=[ZEROS], source=kind(least="tolerance"))
wrong("kind-of-point", "the tolerance ignored", fails=[ZEROS], source=kind(least="1e-8 * np.abs(values).max()"))
wrong("kind-of-point", "no tolerance", fails=[ZEROS], source=kind(least="0.0"))
wrong(
    "kind-of-point",
    "a fraction of the largest eigenvalue, not of the largest size",
    fails=[ZEROS],
    source=kind(least="tolerance * values.max()"),
)
wrong("kind-of-point", "judged by the diagonal", fails=[SIGNS, ZEROS], source=kind(values="np.diag(hessian)"))
wrong(
    "kind-of-point",
    "minimum and maximum exchanged",
    fails=[SIGNS, ZEROS],
    source=kind(values="np.linalg.eigvalsh(-hessian)"),
)
wrong("kind-of-point", "one negative eigenvalue is a saddle", fails=[SIGNS, ZEROS], source=kind(saddle="down"))
wrong("kind-of-point", "never a saddle", fails=[SIGNS, ZEROS], source=kind(saddle="False"))
wrong(
    "kind-of-point",
    "singular values for eigenvalues",
    fails=[SIGNS, ZEROS],
    source="""
def kind_of_point(hessian, *, tolerance):
    values = np.linalg.svd(hessian)[1]
    return "minimum" if values.min() > tolerance * values.max() else "inconclusive"
""",
)
wrong(
    "kind-of-point",
    "the test of two variables, for all",
    fails=[SIGNS, ZEROS],
    source="""
def kind_of_point(hessian, *, tolerance):
    det = np.linalg.det(hessian)
    if abs(det) <= tolerance * np.abs(hessian).max() ** len(hessian):
        return "inconclusive"
    return "saddle" if det < 0 else "minimum" if hessian[0, 0] > 0 else "maximum"
""",
)
wrong(
    "kind-of-point",
    "delegates to ravine",
    fails=[SIGNS, ZEROS],
    source="""
from ravine.curvature import classify_critical_point


def kind_of_point(hessian, *, tolerance):
    return classify_critical_point(torch.tensor(hessian), tolerance=tolerance * float(np.abs(hessian).max()))
""",
)
right("kind-of-point", "with other tests", source=kind())
right(
    "kind-of-point",
    "by the ends of the spectrum, with torch",
    source="""
def kind_of_point(hessian, *, tolerance):
    values = torch.linalg.eigvalsh(torch.tensor(hessian))
    low, high = values[0].item(), values[-1].item()
    least = tolerance * max(abs(low), abs(high))
    if low < -least and high > least:
        return "saddle"
    if low > least:
        return "minimum"
    return "maximum" if high < -least else "inconclusive"
""",
)

# --------------------------------------------------------------------------------------------------- where-it-ends
NEWTON, OTHERS, BORDER = (f"where-it-ends-{name}" for name in ("newton", "others", "border"))
for name, answer, cells in [
    ("Newton escapes (E76)", '"MMSMMMSM", 1.0886595', [NEWTON]),
    ("Newton escapes after a push (E76)", '"MSSMMMSM", 1.0886595', [NEWTON]),
    ("Newton never finds a minimum", '"MSSMSSSM", 1.0886595', [NEWTON]),
    ("saddle-free leaves the saddle itself", '"MSSMSMMM", 1.0886595', [OTHERS]),
    ("gradient descent always escapes", '"MSMMSMSM", 1.0886595', [OTHERS]),
    ("gradient descent near the line is caught", '"MSSSSMSM", 1.0886595', [OTHERS]),
    ("saddle-free is caught like Newton", '"MSSMSMSS", 1.0886595', [OTHERS]),
    ("every method escapes (E76)", '"MMMMMMMM", 1.0886595', [NEWTON, OTHERS]),
    ("every method is caught", '"SSSSSSSS", 1.0886595', [NEWTON, OTHERS]),
    ("the middle of the chapter's two starts", '"MSSMSMSM", 1.09', [BORDER]),
    ("rounded", '"MSSMSMSM", 1.0887', [BORDER]),
    ("the chapter's start", '"MSSMSMSM", 1.08', [BORDER]),
    ("nowhere: Newton always converges on a convex loss (E21)", '"MSSMSMSM", math.inf', [BORDER]),
]:
    wrong("where-it-ends", name, fails=cells, source=f"def where_it_ends():\n    return {answer}\n")
right(
    "where-it-ends",
    "the border by an experiment",
    source="""
def where_it_ends():
    low, high = 1.08, 1.1
    while high - low > 1e-9:
        x = (low + high) / 2
        middle = x
        for _ in range(60):
            x = x - math.sinh(x) * math.cosh(x)
            if abs(x) > 5 or abs(x) < 0.1:
                break
        low, high = (middle, high) if abs(x) < 0.1 else (low, middle)
    return ["MSSMSMSM", low]
""",
)

# ----------------------------------------------------------------------------------------------------- nine-losses
DIAGONAL, MIXED = "nine-losses-diagonal", "nine-losses-mixed"


def nine(
    first="(x[2, 1] - 2 * x[1, 1] + x[0, 1]) / h1**2",
    second="(x[1, 2] - 2 * x[1, 1] + x[1, 0]) / h2**2",
    mixed="(x[2, 2] - x[2, 0] - x[0, 2] + x[0, 0]) / (4 * h1 * h2)",
    result="[[first, mixed], [mixed, second]]",
):
    """An answer to nine-losses with one of its parts replaced."""
    return f"""
def hessian_from_losses(losses, *, steps):
    x, (h1, h2) = losses, steps
    first = {first}
    second = {second}
    mixed = {mixed}
    return np.array({result})
"""


wrong(
    "nine-losses",
    "the axes exchanged",
    fails=[DIAGONAL],
    source=nine().replace("losses, steps\n", "losses.T, steps\n"),
)
wrong(
    "nine-losses", "the diagonal exchanged", fails=[DIAGONAL], source=nine(result="[[second, mixed], [mixed, first]]")
)
wrong(
    "nine-losses",
    "the diagonal by (2h)²",
    fails=[DIAGONAL],
    source=nine(
        first="(x[2, 1] - 2 * x[1, 1] + x[0, 1]) / (2 * h1) ** 2",
        second="(x[1, 2] - 2 * x[1, 1] + x[1, 0]) / (2 * h2) ** 2",
    ),
)
wrong(
    "nine-losses",
    "the diagonal by h",
    fails=[DIAGONAL],
    source=nine(
        first="(x[2, 1] - 2 * x[1, 1] + x[0, 1]) / h1",
        second="(x[1, 2] - 2 * x[1, 1] + x[1, 0]) / h2",
    ),
)
wrong(
    "nine-losses",
    "one step size for both",
    fails=[DIAGONAL, MIXED],
    source=nine().replace("h2*", "h1*").replace("* h2)", "* h1)"),
)
wrong("nine-losses", "slopes", fails=[DIAGONAL], source=nine(first="(x[2, 1] - x[0, 1]) / (2 * h1)"))
wrong("nine-losses", "the middle once", fails=[DIAGONAL], source=nine(first="(x[2, 1] - x[1, 1] + x[0, 1]) / h1**2"))
wrong("nine-losses", "no mixed entry", fails=[MIXED], source=nine(mixed="0.0"))
wrong("nine-losses", "zeros", fails=[DIAGONAL, MIXED], source=nine(first="0.0", second="0.0", mixed="0.0"))
wrong("nine-losses", "the mixed entry by h1 h2", fails=[MIXED], source=nine().replace("(4 * h1 * h2)", "(h1 * h2)"))
wrong(
    "nine-losses",
    "the mixed entry by (h1 + h2)²",
    fails=[MIXED],
    source=nine().replace("(4 * h1 * h2)", "(h1 + h2) ** 2"),
)
wrong(
    "nine-losses",
    "the mixed entry's sign",
    fails=[MIXED],
    source=nine(mixed="(x[2, 0] + x[0, 2] - x[2, 2] - x[0, 0]) / (4 * h1 * h2)"),
)
wrong(
    "nine-losses",
    "one-sided",
    fails=[MIXED],
    source=nine(mixed="(x[2, 2] - x[1, 2] - x[2, 1] + x[1, 1]) / (h1 * h2)"),
)
wrong(
    "nine-losses",
    "all corners added",
    fails=[MIXED],
    source=nine(mixed="(x[2, 2] + x[2, 0] + x[0, 2] + x[0, 0] - 4 * x[1, 1]) / (4 * h1 * h2)"),
)
wrong("nine-losses", "an upper triangle", fails=[MIXED], source=nine(result="[[first, mixed], [0.0, second]]"))
wrong("nine-losses", "the inverse", fails=[DIAGONAL, MIXED], source=nine().replace("np.array", "np.linalg.pinv"))
wrong(
    "nine-losses",
    "in place",
    fails=[DIAGONAL],
    source=nine().replace("    first =", "    x -= x[1, 1].copy()\n    first ="),
)
wrong(
    "nine-losses",
    "np.gradient twice",
    fails=[DIAGONAL],
    source="""
def hessian_from_losses(losses, *, steps):
    slopes = np.gradient(losses, *steps)
    return np.array([[np.gradient(slope, *steps)[axis][1, 1] for axis in (0, 1)] for slope in slopes])
""",
)
right("nine-losses", "entry by entry", source=nine())
right(
    "nine-losses",
    "as products with stencils",
    source="""
def hessian_from_losses(losses, *, steps):
    slope, bend, middle = np.array([-0.5, 0, 0.5]), np.array([1, -2, 1]), np.array([0, 1, 0])
    mixed = slope @ losses @ slope
    entries = [[bend @ losses @ middle, mixed], [mixed, middle @ losses @ bend]]
    return [[entries[i][j] / steps[i] / steps[j] for j in range(2)] for i in range(2)]
""",
)

# ---------------------------------------------------------------------------------------------------- list-product
SHAPE, VALUES, UNUSED = (f"list-product-{name}" for name in ("shape", "values", "unused"))


def product(
    leaves="[p.detach().clone().requires_grad_() for p in params]",
    grads="torch.autograd.grad(LOSSES[name](*leaves), leaves, create_graph=True, allow_unused=True)",
    slope="sum((g * v).sum() for g, v in zip(grads, vectors) if g is not None)",
    parts="torch.autograd.grad(slope, leaves, allow_unused=True)",
    result="[torch.zeros_like(p) if h is None else h for p, h in zip(leaves, parts)]",
):
    """An answer to list-product with one of its parts replaced."""
    return f"""
def list_product(name, params, vectors):
    leaves = {leaves}
    grads = {grads}
    slope = {slope}
    parts = {parts}
    return {result}
"""


OWN = """[
        None if g is None or not g.requires_grad
        else torch.autograd.grad((g * v).sum(), p, retain_graph=True, allow_unused=True)[0]
        for g, v, p in zip(grads, vectors, leaves)
    ]"""
wrong("list-product", "each tensor by itself", fails=[VALUES], source=product(parts=OWN))
wrong(
    "list-product",
    "the gradient times v",
    fails=[VALUES, UNUSED],
    source=product(parts="[None if g is None else (g * v).detach() for g, v in zip(grads, vectors)]"),
)
wrong(
    "list-product",
    "the gradient",
    fails=[SHAPE, VALUES, UNUSED],
    source=product(parts="[None if g is None else g.detach() for g in grads]"),
)
wrong(
    "list-product",
    "the gradient differentiated without v",
    fails=[SHAPE, VALUES, UNUSED],
    source=product(slope="sum(g.sum() for g in grads if g is not None)"),
)
wrong(
    "list-product",
    "H times the gradient (g @ g)",
    fails=[SHAPE, VALUES, UNUSED],
    source=product(slope="sum((g * g).sum() for g in grads if g is not None)"),
)
wrong(
    "list-product",
    "v after the second derivative",
    fails=[VALUES],
    source=product(
        slope="sum(g.sum() for g in grads if g is not None)",
        result="[torch.zeros_like(p) if h is None else h * v for p, h, v in zip(leaves, parts, vectors)]",
    ),
)
wrong(
    "list-product",
    "v not held fixed",
    fails=[SHAPE, VALUES],
    source=product(leaves="[p.requires_grad_() for p in params]"),
)
wrong(
    "list-product",
    "the parameters themselves, v cut off",
    fails=[SHAPE],
    source=product(
        leaves="[p.requires_grad_() for p in params]",
        slope="sum((g * v.detach()).sum() for g, v in zip(grads, vectors) if g is not None)",
    ),
)
wrong(
    "list-product",
    "the second tensor has nothing to say",
    fails=[VALUES],
    source=product(slope="(grads[0] * vectors[0]).sum()"),
)
wrong(
    "list-product",
    "a mean",
    fails=[VALUES, UNUSED],
    source=product(slope="sum((g * v).mean() for g, v in zip(grads, vectors) if g is not None)"),
)
wrong(
    "list-product",
    "fails where a tensor is not used",
    fails=[UNUSED],
    source=product(
        grads="torch.autograd.grad(LOSSES[name](*leaves), leaves, create_graph=True)",
        parts="torch.autograd.grad(slope, leaves)",
    ),
)
wrong(
    "list-product",
    "None where a tensor is not used",
    fails=[UNUSED],
    source=product(result="list(parts)"),
)
wrong(
    "list-product",
    "backward twice, the first gradient still there",
    fails=[SHAPE, VALUES, UNUSED],
    source=product(
        grads="torch.autograd.grad(LOSSES[name](*leaves), leaves, create_graph=True, allow_unused=True)\n"
        "    LOSSES[name](*leaves).backward()",
        parts="slope.backward() or [p.grad for p in leaves]",
    ),
)
wrong(
    "list-product",
    "always one loss",
    fails=[SHAPE, VALUES, UNUSED],
    source=product().replace("LOSSES[name]", 'LOSSES["deep"]'),
)
wrong(
    "list-product",
    "coarse differences of gradients",
    fails=[VALUES, UNUSED],
    source="""
def list_product(name, params, vectors):
    def grads(h):
        leaves = [(p + h * v).detach().requires_grad_() for p, v in zip(params, vectors)]
        found = torch.autograd.grad(LOSSES[name](*leaves), leaves, allow_unused=True)
        return [torch.zeros_like(p) if g is None else g for p, g in zip(leaves, found)]

    return [(up - down) / 0.02 for up, down in zip(grads(0.01), grads(-0.01))]
""",
)
wrong(
    "list-product",
    "delegates to torch.autograd.functional",
    fails=[SHAPE, VALUES, UNUSED],
    source="""
def list_product(name, params, vectors):
    return list(torch.autograd.functional.hvp(LOSSES[name], tuple(params), tuple(vectors))[1])
""",
)
wrong(
    "list-product",
    "delegates to torch.func",
    fails=[SHAPE, VALUES, UNUSED],
    source="""
def list_product(name, params, vectors):
    return list(torch.func.jvp(torch.func.grad(LOSSES[name], argnums=(0, 1)), tuple(params), tuple(vectors))[1])
""",
)
wrong(
    "list-product",
    "delegates to ravine",
    fails=[SHAPE, VALUES, UNUSED],
    source="""
from ravine.curvature import hvp


def list_product(name, params, vectors):
    sizes = [p.numel() for p in params]

    def loss(flat):
        return LOSSES[name](*(part.view_as(p) for part, p in zip(flat.split(sizes), params)))

    flat = hvp(loss, *(torch.cat([x.reshape(-1) for x in parts]) for parts in (params, vectors)))
    return [part.view_as(p) for part, p in zip(flat.split(sizes), params)]
""",
)
right("list-product", "without materialized zeros", source=product())
right(
    "list-product",
    "by grad_outputs, on one flat vector",
    source="""
def list_product(name, params, vectors):
    sizes = [p.numel() for p in params]
    flat = torch.cat([p.detach().reshape(-1) for p in params]).requires_grad_()
    v = torch.cat([v.detach().reshape(-1) for v in vectors])
    with torch.enable_grad():
        parts = [part.view_as(p) for part, p in zip(flat.split(sizes), params)]
        (g,) = torch.autograd.grad(LOSSES[name](*parts), flat, create_graph=True)
    (h,) = torch.autograd.grad(g, flat, v)
    return tuple(part.view_as(p) for part, p in zip(h.split(sizes), params))
""",
)

# ----------------------------------------------------------------------------------------------- lowest-eigenvalue
STEPS, END = "lowest-eigenvalue-steps", "lowest-eigenvalue-end"


def lowest(
    bound="np.abs(matrix).sum(axis=1).max()",
    first="start / np.sqrt(np.sum(start**2))",
    step="bound * v - matrix @ v",
    count="steps",
    value="v @ matrix @ v",
    result="float(value), v",
):
    """An answer to lowest-eigenvalue with one of its parts replaced."""
    return f"""
def lowest_eigenvalue(matrix, start, *, steps):
    bound = {bound}
    v = {first}
    for _ in range({count}):
        v = {step}
        v = v / np.linalg.norm(v)
    value = {value}
    return {result}
"""


wrong("lowest-eigenvalue", "no shift (E77)", fails=[STEPS, END], source=lowest(step="matrix @ v"))
wrong("lowest-eigenvalue", "no shift, turned round (E77)", fails=[STEPS, END], source=lowest(step="-matrix @ v"))
wrong("lowest-eigenvalue", "shifted the wrong way", fails=[STEPS, END], source=lowest(step="bound * v + matrix @ v"))
wrong("lowest-eigenvalue", "not shifted back", fails=[STEPS, END], source=lowest(value="bound - v @ matrix @ v"))
wrong("lowest-eigenvalue", "H - cI, so that v alternates", fails=[STEPS], source=lowest(step="matrix @ v - bound * v"))
wrong(
    "lowest-eigenvalue",
    "the smallest in size, by solving",
    fails=[STEPS, END],
    source=lowest(step="np.linalg.solve(matrix, v)"),
)
wrong(
    "lowest-eigenvalue",
    "shifted by the largest size",
    fails=[STEPS],
    source=lowest(bound="np.abs(np.linalg.eigvalsh(matrix)).max()"),
)
wrong("lowest-eigenvalue", "shifted by all entries", fails=[STEPS], source=lowest(bound="np.abs(matrix).sum()"))
wrong("lowest-eigenvalue", "shifted by Frobenius's norm", fails=[STEPS], source=lowest(bound="np.linalg.norm(matrix)"))
wrong("lowest-eigenvalue", "one step more", fails=[STEPS], source=lowest(count="steps + 1"))
wrong("lowest-eigenvalue", "always a hundred steps", fails=[STEPS], source=lowest(count="100"))
wrong(
    "lowest-eigenvalue",
    "the start ignored",
    fails=[STEPS],
    source=lowest(first="np.ones(len(start)) / len(start) ** 0.5"),
)
wrong(
    "lowest-eigenvalue",
    "the start as it is",
    fails=[STEPS],
    source=lowest(first="start"),
)
wrong(
    "lowest-eigenvalue",
    "in place on the start",
    fails=[STEPS],
    source=lowest(first="start").replace("v = start\n", "v = start\n    v /= np.linalg.norm(v)\n"),
)
wrong("lowest-eigenvalue", "the length of Hv", fails=[STEPS, END], source=lowest(value="np.linalg.norm(matrix @ v)"))
wrong(
    "lowest-eigenvalue",
    "exact, by LAPACK",
    fails=[STEPS],
    source="""
def lowest_eigenvalue(matrix, start, *, steps):
    values, vectors = np.linalg.eigh(matrix)
    return float(values[0]), vectors[:, 0] * np.sign(vectors[:, 0] @ start)
""",
)
wrong(
    "lowest-eigenvalue",
    "delegates to ravine",
    fails=[STEPS, END],
    source="""
from ravine.spectrum import power_iteration


def lowest_eigenvalue(matrix, start, *, steps):
    pair = power_iteration(
        lambda v: torch.tensor(matrix) @ v,
        len(start),
        shift=np.abs(matrix).sum(1).max(),
        steps=steps,
        start=torch.tensor(start),
    )
    return pair.value, pair.vector.numpy()
""",
)
right("lowest-eigenvalue", "with other norms", source=lowest())
right(
    "lowest-eigenvalue",
    "with the shifted matrix, in torch, normalized at the end",
    source="""
def lowest_eigenvalue(matrix, start, *, steps):
    h, v = torch.tensor(matrix), torch.tensor(start)
    shifted = h.abs().sum(0).max() * torch.eye(len(v), dtype=v.dtype) - h
    for _ in range(steps):
        v = shifted @ v
        v = v / v.abs().max()
    return [((v @ h @ v) / (v @ v)).item(), (v / v.norm()).numpy()]
""",
)

# ---------------------------------------------------------------------------------------------------- find-the-bug
PLANE, SPACE = "find-the-bug-plane", "find-the-bug-space"


def escape(
    pair="values[0], vectors[:, 0]",
    stay="curvature >= 0",
    sign="grad @ direction > 0",
    length="2 * abs(curvature) / third",
    result="params + length * direction",
):
    """An answer to find-the-bug with one of its parts replaced."""
    return f"""
def escape(params, grad, hessian, *, third):
    values, vectors = np.linalg.eigh(hessian)
    curvature, direction = {pair}
    if {stay}:
        return params.copy()
    if {sign}:
        direction = -direction
    length = {length}
    return {result}
"""


wrong("find-the-bug", "handed back as it was", fails=[SPACE], source=escape(pair="values[0], vectors[0]"))
wrong("find-the-bug", "the last column", fails=[PLANE, SPACE], source=escape(pair="values[0], vectors[:, -1]"))
wrong("find-the-bug", "the largest eigenvalue", fails=[PLANE, SPACE], source=escape(pair="values[-1], vectors[:, -1]"))
wrong("find-the-bug", "a guess at the sign only", fails=[PLANE, SPACE], source=escape(sign="False"))
wrong("find-the-bug", "uphill", fails=[PLANE, SPACE], source=escape(sign="grad @ direction < 0"))
wrong("find-the-bug", "the sign of the row", fails=[SPACE], source=escape(sign="grad @ vectors[0] > 0"))
wrong("find-the-bug", "too long: 3 |λ| / K", fails=[PLANE, SPACE], source=escape(length="3 * abs(curvature) / third"))
wrong("find-the-bug", "a step of length 1", fails=[PLANE, SPACE], source=escape(length="1.0"))
wrong("find-the-bug", "the curvature's sign", fails=[PLANE, SPACE], source=escape(length="2 * curvature / third"))
wrong("find-the-bug", "never stays", fails=[PLANE], source=escape(stay="False"))
wrong("find-the-bug", "never moves", fails=[PLANE, SPACE], source=escape(stay="True"))
wrong(
    "find-the-bug",
    "in place",
    fails=[PLANE],
    source=escape(result="params").replace(
        "    return params\n", "    params += length * direction\n    return params\n"
    ),
)
wrong(
    "find-the-bug",
    "the most negative diagonal entry",
    fails=[PLANE, SPACE],
    source=escape(pair="np.diag(hessian).min(), np.eye(len(grad))[np.argmin(np.diag(hessian))]"),
)
wrong(
    "find-the-bug",
    "the gradient's direction",
    fails=[PLANE, SPACE],
    source=escape(pair="values[0], grad / max(np.linalg.norm(grad), 1e-9)"),
)
wrong(
    "find-the-bug",
    "np.linalg.eig, which does not sort",
    fails=[PLANE, SPACE],
    source=escape().replace("linalg.eigh", "linalg.eig"),
)
wrong(
    "find-the-bug",
    "delegates to ravine",
    fails=[PLANE, SPACE],
    source="""
from ravine.newton import escape_saddle


def escape(params, grad, hessian, *, third):
    g, h = torch.tensor(grad), torch.tensor(hessian)
    length = 2 * abs(np.linalg.eigvalsh(hessian)[0]) / third
    found = escape_saddle(lambda p: g @ p + p @ h @ p / 2, torch.zeros_like(g), length=length)
    return params + found.params.numpy()
""",
)
right("find-the-bug", "a matrix product for the sign", source=escape())
right(
    "find-the-bug",
    "by np.linalg.eig and argmin",
    source="""
def escape(params, grad, hessian, *, third):
    values, vectors = np.linalg.eig(hessian)
    which = np.argmin(values)
    q = vectors.T[which]
    step = 2 * max(-values[which], 0.0) / third * q
    return params + (step if np.sum(grad * step) <= 0 else -step)
""",
)

# ---------------------------------------------------------------------------------------------------- careful-step
DIRECTION, RADIUS = "careful-step-direction", "careful-step-radius"


def careful(
    check="not floor > 0",
    divisors="np.maximum(np.abs(values), floor)",
    step="-q @ ((q.T @ grad) / divisors)",
    cut="min(1.0, radius / max(np.linalg.norm(step), 1e-300))",
    result="params + cut * step",
):
    """An answer to careful-step with one of its parts replaced."""
    return f"""
def careful_step(params, grad, hessian, *, floor, radius=math.inf):
    if {check}:
        raise ValueError("no")
    values, q = np.linalg.eigh(hessian)
    divisors = {divisors}
    step = {step}
    cut = {cut}
    return {result}
"""


BOTH = [DIRECTION, RADIUS]
wrong(
    "careful-step",
    "Newton: the sign of the curvature kept (E76)",
    fails=BOTH,
    source=careful(divisors="np.where(np.abs(values) < floor, floor, values)"),
)
wrong("careful-step", "pure Newton (E76)", fails=BOTH, source=careful(step="-np.linalg.solve(hessian, grad)"))
wrong("careful-step", "the floor added", fails=BOTH, source=careful(divisors="np.abs(values) + floor"))
wrong("careful-step", "H + floor I", fails=BOTH, source=careful(divisors="values + floor"))
wrong("careful-step", "negative curvatures lifted", fails=BOTH, source=careful(divisors="np.maximum(values, floor)"))
wrong("careful-step", "no floor", fails=BOTH, source=careful(divisors="np.abs(values)"))
wrong("careful-step", "a floor of 0.1 always", fails=BOTH, source=careful(divisors="np.maximum(np.abs(values), 0.1)"))
wrong("careful-step", "a ceiling", fails=BOTH, source=careful(divisors="np.minimum(np.abs(values), floor)"))
wrong(
    "careful-step",
    "the root (a second moment, E64)",
    fails=BOTH,
    source=careful(divisors="np.sqrt(np.maximum(np.abs(values), floor))"),
)
wrong(
    "careful-step",
    "the diagonal only",
    fails=[DIRECTION],
    source=careful(step="-grad / np.maximum(np.abs(np.diag(hessian)), floor)"),
)
wrong(
    "careful-step",
    "the absolute values of the entries",
    fails=BOTH,
    source=careful(step="-np.linalg.solve(np.abs(hessian) + floor * np.eye(len(grad)), grad)"),
)
wrong(
    "careful-step", "rows for columns", fails=[DIRECTION, RADIUS], source=careful(step="-q.T @ ((q @ grad) / divisors)")
)
wrong("careful-step", "uphill", fails=BOTH, source=careful(result="params - cut * step"))
wrong("careful-step", "the step alone", fails=BOTH, source=careful(result="cut * step"))
wrong("careful-step", "no limit", fails=[RADIUS], source=careful(cut="1.0"))
wrong(
    "careful-step",
    "always as long as the radius",
    fails=[RADIUS],
    source=careful(cut="radius / max(np.linalg.norm(step), 1e-300) if radius < math.inf else 1.0"),
)
wrong(
    "careful-step",
    "cut entry by entry",
    fails=[RADIUS],
    source=careful(result="params + np.clip(step, -radius, radius)"),
)
wrong(
    "careful-step",
    "the gradient cut",
    fails=[RADIUS],
    source=careful(cut="min(1.0, radius / max(np.linalg.norm(grad), 1e-300))"),
)
wrong(
    "careful-step",
    "the largest entry is its length",
    fails=[RADIUS],
    source=careful(cut="min(1.0, radius / max(np.abs(step).max(), 1e-300))"),
)
wrong(
    "careful-step",
    "nan without a slope",
    fails=[RADIUS],
    source=careful(result="params + step / np.linalg.norm(step) * min(np.linalg.norm(step), radius)"),
)
wrong("careful-step", "no check", fails=[DIRECTION], source=careful(check="False"))
wrong("careful-step", "a floor of zero passes", fails=[DIRECTION], source=careful(check="floor < 0"))
wrong(
    "careful-step",
    "in place",
    fails=[DIRECTION],
    source=careful(result="params").replace("    return params\n", "    params += cut * step\n    return params\n"),
)
wrong(
    "careful-step",
    "delegates to ravine",
    fails=BOTH,
    source="""
from ravine.newton import saddle_free_step


def careful_step(params, grad, hessian, *, floor, radius=math.inf):
    new = saddle_free_step(*(torch.tensor(x) for x in (params, grad, hessian)), damping=floor)
    return new.numpy()
""",
)
right("careful-step", "a factor of at most 1", source=careful())
right(
    "careful-step",
    "by the matrix, with torch",
    source="""
def careful_step(params, grad, hessian, *, floor, radius=math.inf):
    if floor <= 0:
        raise ValueError("expected a positive floor")
    values, q = torch.linalg.eigh(torch.tensor(hessian))
    model = q @ torch.diag(values.abs().clamp(min=floor)) @ q.T
    p = -torch.linalg.solve(model, torch.tensor(grad))
    if p.norm() > radius:
        p = p / p.norm() * radius
    return (torch.tensor(params) + p).numpy()
""",
)

# ------------------------------------------------------------------------------------------------- lbfgs-direction
PAIRS, SKIPS = "lbfgs-direction-pairs", "lbfgs-direction-skips"


def lbfgs(
    test="s @ y > 1e-8 * np.sqrt(s @ s) * np.sqrt(y @ y)",
    order="pairs",
    gamma="pairs[-1][0] @ pairs[-1][1] / (pairs[-1][1] @ pairs[-1][1])",
    update="(eye - np.outer(s, y) / (s @ y)) @ a @ (eye - np.outer(y, s) / (s @ y)) + np.outer(s, s) / (s @ y)",
    result="-a @ grad",
):
    """An answer to lbfgs-direction with one of its parts replaced."""
    return f"""
def lbfgs_direction(grad, steps, changes):
    pairs = []
    for s, y in zip(steps, changes):
        if {test}:
            pairs.append((s, y))
    if not pairs:
        return -grad
    eye = np.eye(len(grad))
    a = ({gamma}) * eye
    for s, y in {order}:
        a = {update}
    return {result}
"""


EVERY = [PAIRS, SKIPS]
wrong("lbfgs-direction", "newest first", fails=[PAIRS], source=lbfgs(order="pairs[::-1]"))
wrong("lbfgs-direction", "the newest pair only", fails=[PAIRS], source=lbfgs(order="pairs[-1:]"))
wrong("lbfgs-direction", "the oldest pair left out", fails=EVERY, source=lbfgs(order="pairs[1:]", gamma="1.0"))
wrong("lbfgs-direction", "from A = I", fails=EVERY, source=lbfgs(gamma="1.0"))
wrong(
    "lbfgs-direction",
    "from the size of the Hessian",
    fails=EVERY,
    source=lbfgs(gamma="pairs[-1][1] @ pairs[-1][1] / (pairs[-1][0] @ pairs[-1][1])"),
)
wrong(
    "lbfgs-direction",
    "the longer estimate, s·s / s·y",
    fails=[PAIRS],
    source=lbfgs(gamma="pairs[-1][0] @ pairs[-1][0] / (pairs[-1][0] @ pairs[-1][1])"),
)
wrong(
    "lbfgs-direction",
    "the oldest pair's size",
    fails=[PAIRS],
    source=lbfgs(gamma="pairs[0][0] @ pairs[0][1] / (pairs[0][1] @ pairs[0][1])"),
)
wrong(
    "lbfgs-direction",
    "the newest pair's size although it is ignored",
    fails=[SKIPS],
    source=lbfgs(gamma="steps[-1] @ changes[-1] / max(changes[-1] @ changes[-1], 1e-300)"),
)
wrong("lbfgs-direction", "pairs of negative curvature kept (E76)", fails=[SKIPS], source=lbfgs(test="s @ y != 0"))
wrong("lbfgs-direction", "all pairs kept (E76)", fails=[SKIPS], source=lbfgs(test="True"))
wrong(
    "lbfgs-direction",
    "curvature turned positive",
    fails=[SKIPS],
    source=lbfgs(test="abs(s @ y) > 1e-8 * np.sqrt(s @ s) * np.sqrt(y @ y)"),
)
wrong("lbfgs-direction", "an absolute threshold", fails=[SKIPS], source=lbfgs(test="s @ y > 1e-8"))
wrong("lbfgs-direction", "any positive product", fails=[SKIPS], source=lbfgs(test="s @ y > 0"))
wrong(
    "lbfgs-direction",
    "a coarse threshold",
    fails=[SKIPS],
    source=lbfgs(test="s @ y > 1e-4 * np.sqrt(s @ s) * np.sqrt(y @ y)"),
)
wrong("lbfgs-direction", "uphill", fails=EVERY, source=lbfgs(result="a @ grad"))
wrong("lbfgs-direction", "the model of H itself", fails=EVERY, source=lbfgs(result="-np.linalg.solve(a, grad)"))
wrong(
    "lbfgs-direction",
    "s and y exchanged: the update of B",
    fails=EVERY,
    source=lbfgs(test="s @ y > 1e-8 * np.sqrt(s @ s) * np.sqrt(y @ y)").replace(
        "for s, y in pairs", "for y, s in pairs"
    ),
)
wrong(
    "lbfgs-direction",
    "the last term forgotten",
    fails=EVERY,
    source=lbfgs(update="(eye - np.outer(s, y) / (s @ y)) @ a @ (eye - np.outer(y, s) / (s @ y))"),
)
wrong(
    "lbfgs-direction",
    "the factors exchanged",
    fails=EVERY,
    source=lbfgs(
        update="(eye - np.outer(y, s) / (s @ y)) @ a @ (eye - np.outer(s, y) / (s @ y)) + np.outer(s, s) / (s @ y)"
    ),
)
wrong(
    "lbfgs-direction",
    "an inner product for an outer one",
    fails=EVERY,
    source=lbfgs(update="(eye - s @ y / (s @ y)) @ a + np.outer(s, s) / (s @ y)"),
)
wrong(
    "lbfgs-direction",
    "gradient descent (E64)",
    fails=EVERY,
    source="def lbfgs_direction(grad, steps, changes):\n    return -grad\n",
)
wrong(
    "lbfgs-direction",
    "fails without pairs",
    fails=EVERY,
    source=lbfgs().replace("if not pairs:", "if pairs is None:"),
)
wrong(
    "lbfgs-direction",
    "in place",
    fails=[PAIRS],
    source=lbfgs(result="-a @ grad").replace("    return -a", "    grad *= -1\n    return a"),
)
wrong(
    "lbfgs-direction",
    "delegates to torch.optim",
    fails=EVERY,
    source="""
def lbfgs_direction(grad, steps, changes):
    weight = torch.zeros(len(grad), dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([weight], max_iter=1)
    state = optimizer.state[weight]
    state.update(old_dirs=list(torch.tensor(changes)), old_stps=list(torch.tensor(steps)), n_iter=1)
    weight.grad = torch.tensor(grad)
    optimizer.step(lambda: weight.sum())
    return weight.detach().numpy()
""",
)
right("lbfgs-direction", "matrix by matrix", source=lbfgs())
right(
    "lbfgs-direction",
    "two loops, no matrix, with torch",
    source="""
def lbfgs_direction(grad, steps, changes):
    pairs = [
        (s, y)
        for s, y in zip(torch.tensor(steps), torch.tensor(changes))
        if (s @ y).item() > 1e-8 * (s.norm() * y.norm()).item()
    ]
    q, kept = torch.tensor(grad), []
    for s, y in reversed(pairs):
        kept.append((s @ q) / (s @ y))
        q = q - kept[-1] * y
    if pairs:
        s, y = pairs[-1]
        q = q * ((s @ y) / (y @ y))
    for (s, y), alpha in zip(pairs, reversed(kept)):
        q = q + (alpha - (y @ q) / (s @ y)) * s
    return (-q).numpy()
""",
)
right(
    "lbfgs-direction",
    "by the model of H itself, inverted at the end",
    source="""
def lbfgs_direction(grad, steps, changes):
    model = np.eye(len(grad))
    good = [s @ y > 1e-8 * np.linalg.norm(s) * np.linalg.norm(y) for s, y in zip(steps, changes)]
    for number, (s, y) in enumerate(zip(np.array(steps)[good], np.array(changes)[good])):
        if number == 0:
            last_s, last_y = np.array(steps)[good][-1], np.array(changes)[good][-1]
            model = model * (last_y @ last_y) / (last_s @ last_y)
        bs = model @ s
        model = model - np.outer(bs, bs) / (s @ bs) + np.outer(y, y) / (s @ y)
    return np.linalg.solve(model, -grad)
""",
)

# ------------------------------------------------------------------------------------------------- true-statements
GROUPS = [f"true-statements-{name}" for name in ("points", "users", "speed")]
for name, letters, cells in [
    ("zeros are inconclusive (E74)", "EFH", GROUPS[:1]),
    ("semidefinite is a minimum", "ABEFH", GROUPS[:1]),
    ("saddles outnumber minima, proved (E75)", "ACEFH", GROUPS[:1]),
    ("Adam uses second derivatives (E64)", "ADEFH", GROUPS[1:2]),
    ("L-BFGS uses the Hessian (E64, E76)", "AFH", GROUPS[1:2]),
    ("a product costs d gradients", "AEH", GROUPS[1:2]),
    ("Newton is always quadratic (E21)", "AEFGH", GROUPS[2:]),
    ("a thousandth of the push takes a thousand times as long", "AEF", GROUPS[2:]),
    ("power iteration is Hessian-free (E77)", "AEFHI", GROUPS[2:]),
    ("all", "ABCDEFGHI", GROUPS),
    ("none", "", GROUPS),
    ("the false ones", "BCDGI", GROUPS),
]:
    wrong("true-statements", name, fails=cells, source=f'def true_statements():\n    return "{letters}"\n')
right("true-statements", "in another order", source='def true_statements():\n    return "HFEA"\n')

# ------------------------------------------------------------------------------------------------ along-every-line
for name, answer in [
    ("one parabola twice", "1.0, 1.0, 1.0"),
    ("between two parabolas that open opposite ways", "1.0, -1.0, 0.5"),
    ("a parabola where f is positive", "1.0, 3.0, 4.0"),
    ("on a parabola where f is zero", "1.0, 3.0, 1.0"),
    ("flat along the x-axis", "0.0, 2.0, 1.0"),
    ("the parabola below both", "1.0, 3.0, 0.0"),
    ("far beyond the limit", "1000.0, 3000.0, 2000.0"),
    ("nothing", "None"),
    ("the parabola forgotten", "1.0, 3.0"),
]:
    wrong(
        "along-every-line",
        name,
        fails=["along-every-line-numbers"],
        source=f"def along_every_line():\n    return {answer}\n",
    )
right("along-every-line", "both open downward", source="def along_every_line():\n    return [-3, -1, -1.5]\n")

# ------------------------------------------------------------------------- mutants that are the same function
equivalent(
    "find-the-bug",
    "line 16: curvature >= 0 -> curvature > 0",
    why="where the curvature is 0 the step has length 0: it stays all the same",
)
equivalent(
    "find-the-bug",
    "line 17: params.copy() -> params",
    why="the array is handed back unchanged; whether it is the same one in memory is not asked",
)
equivalent(
    "find-the-bug",
    "line 18: np.dot(grad, direction) > 0 -> np.dot(grad, direction) >= 0",
    why="where the part along q is zero either sign will do, as the docstring says",
)
equivalent(
    "careful-step",
    "line 23: length > radius -> length >= radius",
    why="a step exactly as long as the radius is multiplied by radius / length = 1",
)
equivalent(
    "lbfgs-direction",
    "line 24: -inverse @ grad -> grad @ -inverse",
    why="A is symmetric",
)
for mutant in (
    "(1.0, 3.0, 2.0) -> (3.0, 1.0, 2.0)",
    "return (1.0, 3.0, 2.0) -> return (0.5, 3.0, 2.0)",
    "return (1.0, 3.0, 2.0) -> return (1.0, 6.0, 2.0)",
):
    equivalent(
        "along-every-line", f"line 5: {mutant}", why="another right answer: c still lies between a and b, both positive"
    )
