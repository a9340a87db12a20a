"""Answers to the assignment *Generative adversarial networks* whose verdict is known; read by ``proctor verify``.

Each wrong answer is a mistake that people make; ``fails`` lists exactly the test cells that must notice it. E-numbers
refer to the errata of the source notes, where the mistake comes from one.
"""

from proctor.variants import right, wrong

# --------------------------------------------------------------------------------------------------------- predict
VALUE, SLOPES, LOG = (f"predict-{name}" for name in ("value", "slopes", "log"))
NUMBERS = ("-0.346574", "-0.00247262", "-0.997527", "0.193147")
for name, changes, cell in [
    ("the loss, not the value", {0: "0.346574"}, VALUE),
    ("one divergence", {0: "-0.866434"}, VALUE),
    ("-ln 4 whatever the generator (E106)", {0: "-1.386294"}, VALUE),
    ("the supports taken for disjoint", {0: "0.0"}, VALUE),
    ("the slopes exchanged", {1: "-0.997527", 2: "-0.00247262"}, SLOPES),
    ("the slope of ln(1 - x) (E108)", {1: "-1.00248"}, SLOPES),
    ("an extremely large gradient (E108)", {2: "-404.4288"}, SLOPES),
    ("the sign", {1: "0.00247262", 2: "0.997527"}, SLOPES),
    ("half of the value", {3: "0.443147"}, LOG),
    ("two divergences", {3: "0.386294"}, LOG),
    ("bits", {3: "0.278652"}, LOG),
]:
    numbers = [changes.get(place, number) for place, number in enumerate(NUMBERS)]
    wrong("predict", name, fails=[cell], source=f"def predict():\n    return {', '.join(numbers)}\n")
wrong(
    "predict",
    "three numbers",
    fails=[VALUE, SLOPES, LOG],
    source=f"def predict():\n    return {', '.join(NUMBERS[:3])}\n",
)
right(
    "predict",
    "computed, as a list",
    source="""
def predict():
    d = 1 / (1 + math.exp(6))
    return [0.25 * math.log(0.25), -d, d - 1, (math.log(4) - 2 * 0.5) / 2]
""",
)

# --------------------------------------------------------------------------------------------------------- referee
BEST, LOSS, ZEROS = (f"referee-{name}" for name in ("best", "loss", "zeros"))


def referee(
    real="share * p_data",
    fake="(1 - share) * p_generator",
    above="real_target * real + fake_target * fake",
    below="real + fake",
    nowhere="0.5",
    weight="total",
    cost="best * np.log(np.maximum(best, 1e-300)) + (1 - best) * np.log(np.maximum(1 - best, 1e-300))",
):
    """An answer to referee with one of its parts replaced."""
    return f"""
def referee(p_data, p_generator, *, share, real_target, fake_target):
    real, fake = {real}, {fake}
    total = {below}
    best = np.where(total > 0, ({above}) / np.where(total > 0, total, 1), {nowhere})
    return best, -np.sum({weight} * ({cost}))
"""


for name, cells, parts in [
    ("equal shares, as in the chapter", [BEST, LOSS, ZEROS], {"real": "p_data", "fake": "p_generator"}),
    (
        "the shares exchanged",
        [BEST, LOSS, ZEROS],
        {"real": "(1 - share) * p_data", "fake": "share * p_generator"},
    ),
    ("the real target ignored", [BEST, LOSS, ZEROS], {"above": "real + fake_target * fake"}),
    ("one-sided whatever is asked", [BEST, LOSS, ZEROS], {"above": "real_target * real"}),
    ("hard targets", [BEST, LOSS, ZEROS], {"above": "real"}),
    ("the targets exchanged", [BEST, LOSS, ZEROS], {"above": "fake_target * real + real_target * fake"}),
    (
        "smoothed on both sides with one number",
        [BEST, LOSS, ZEROS],
        {"above": "real_target * real + (1 - real_target) * fake"},
    ),
    ("the target as a weight", [BEST, LOSS, ZEROS], {"below": "real_target * real + (1 - fake_target) * fake"}),
    ("zero where nobody is", [ZEROS], {"nowhere": "0.0"}),
    ("the value", [LOSS, ZEROS], {"weight": "-total"}),
    ("without probabilities", [LOSS, ZEROS], {"weight": "1"}),
    ("hard loss", [LOSS, ZEROS], {"cost": "share * p_data / total * np.log(best)", "weight": "total"}),
    (
        "0 ln 0 is nan",
        [ZEROS],
        {"cost": "best * np.log(best) + (1 - best) * np.log(1 - best)"},
    ),
]:
    wrong("referee", name, fails=cells, source=referee(**parts))
wrong(
    "referee",
    "delegates to ravine",
    fails=[BEST, LOSS, ZEROS],
    source="from ravine.gan import optimal_discriminator\n" + referee(),
)
right("referee", "with np.where", source=referee())
right(
    "referee",
    "with loops, term by term",
    source="""
def referee(p_data, p_generator, *, share, real_target, fake_target):
    answer, loss = [], 0.0
    for p, q in zip(share * p_data, (1 - share) * p_generator):
        d = 0.5 if p + q == 0 else (p * real_target + q * fake_target) / (p + q)
        for weight, target in ((p, real_target), (q, fake_target)):
            for chance, says in ((target, d), (1 - target, 1 - d)):
                if weight * chance > 0:
                    loss -= weight * chance * math.log(says)
        answer.append(d)
    return answer, loss
""",
)

# ---------------------------------------------------------------------------------------------------------- losses
MINIMAX, OTHER, LIKELIHOOD = (f"losses-{name}" for name in ("minimax", "non-saturating", "likelihood"))


def losses(
    p="np.exp(theta) / np.exp(theta).sum()",
    minimax="np.log(p / (p + p_data))",
    other="np.log((p + p_data) / p_data)",
    gradient="p * (cost - p @ cost)",
    third="-np.exp(logits)",
):
    """An answer to losses with one of its parts replaced."""
    return f"""
def generator_gradients(theta, p_data):
    p = {p}
    return tuple({gradient} for cost in ({minimax}, {other}))


def likelihood_loss(logits):
    return {third}
"""


for name, cells, parts in [
    ("one objective: the minimax gradient for both (E107)", [OTHER], {"other": "np.log(p / (p + p_data))"}),
    ("the gradient of KL(p_g || p_d) alone", [OTHER], {"other": "np.log(p / p_data)"}),
    (
        "D moves along",
        [OTHER],
        {"other": "np.log((p + p_data) / p_data) + p / (p + p_data)"},
    ),
    ("half of the minimax gradient", [MINIMAX], {"minimax": "np.log(p / (p + p_data)) / 2"}),
    ("the minimax loss with the other sign", [MINIMAX], {"minimax": "-np.log(p / (p + p_data))"}),
    ("D and 1 - D exchanged", [MINIMAX], {"minimax": "np.log(p_data / (p + p_data))"}),
    ("the other loss with the other sign", [OTHER], {"other": "-np.log((p + p_data) / p_data)"}),
    ("with respect to p_g", [MINIMAX, OTHER], {"gradient": "cost"}),
    ("without the baseline", [MINIMAX, OTHER], {"gradient": "p * cost"}),
    ("a plain mean", [MINIMAX, OTHER], {"gradient": "p * (cost - cost.mean())"}),
    ("without the softmax's factor", [MINIMAX, OTHER], {"gradient": "cost - p @ cost"}),
    ("theta taken for probabilities", [MINIMAX, OTHER], {"p": "np.abs(theta) / np.abs(theta).sum() + 1e-9"}),
    ("h flees", [LIKELIHOOD], {"third": "np.exp(logits)"}),
    ("h of the other order", [LIKELIHOOD], {"third": "-logits"}),
    ("h of the inverse ratio", [LIKELIHOOD], {"third": "-np.exp(-logits)"}),
    ("h is the non-saturating loss (E107)", [LIKELIHOOD], {"third": "np.logaddexp(0, -logits)"}),
    ("h is the minimax loss", [LIKELIHOOD], {"third": "-np.logaddexp(0, logits)"}),
    ("h of D", [LIKELIHOOD], {"third": "-1 / (1 + np.exp(-logits))"}),
    ("h with another constant", [LIKELIHOOD], {"third": "1 - np.exp(logits)"}),
]:
    wrong("losses", name, fails=cells, source=losses(**parts))
wrong(
    "losses",
    "delegates to ravine",
    fails=[MINIMAX, OTHER, LIKELIHOOD],
    source="from ravine.gan import generator_loss\n" + losses(),
)
right("losses", "with probabilities", source=losses())
right(
    "losses",
    "with autograd through a held discriminator",
    source="""
def generator_gradients(theta, p_data):
    gradients = []
    for kind in range(2):
        own = torch.tensor(theta, requires_grad=True)
        p = own.softmax(0)
        d = torch.tensor(p_data) / (torch.tensor(p_data) + p.detach())
        gradients.append(torch.autograd.grad((p * (-d.log() if kind else (1 - d).log())).sum(), own)[0])
    return gradients


def likelihood_loss(logits):
    d = 1 / (1 + np.exp(-logits))
    return -d / (1 - d) if np.all(logits < 30) else -np.exp(logits)
""",
)

# ------------------------------------------------------------------------------------------------------------ bugs
LABEL, ROWS, GENERATOR, TURN = (f"bugs-{name}" for name in ("label", "rows", "generator", "turn"))


def bugs(
    real="functional.softplus(-judge(d, x)).mean()",
    fake="functional.softplus(judge(d, generate(g, z).detach())).mean()",
    forget="d.grad = None",
    loss="functional.softplus(-judge(d, generate(g, z_g))).mean()",
    before="pass",
    copy="g, d = g.clone().requires_grad_(), d.clone().requires_grad_()",
    result="g.detach(), d.detach()",
):
    """An answer to bugs with one of its parts replaced."""
    return f"""
def train_step(g, d, real, z_d, z_g, *, lr_g, lr_d):
    {copy}
    {before}
    for x, z in zip(real, z_d):
        {forget}
        ({real} + {fake}).backward()
        with torch.no_grad():
            d -= lr_d * d.grad
    {loss}.backward()
    with torch.no_grad():
        g -= lr_g * g.grad
    return {result}
"""


for name, cells, parts in [
    (
        "fakes called real, left as it is",
        [LABEL, ROWS, TURN],
        {"fake": "functional.softplus(-judge(d, generate(g, z).detach())).mean()"},
    ),
    ("gradients added up, left as it is", [ROWS, TURN], {"forget": "pass"}),
    ("the sign, left as it is", [GENERATOR, TURN], {"loss": "functional.softplus(judge(d, generate(g, z_g))).mean()"}),
    (
        "no detach, left as it is",
        [GENERATOR, TURN],
        {"fake": "functional.softplus(judge(d, generate(g, z))).mean()"},
    ),
    (
        "the minimax loss (E107)",
        [GENERATOR, TURN],
        {"loss": "(-functional.softplus(judge(d, generate(g, z_g))).mean())"},
    ),
    (
        "detached in the generator's step too",
        [LABEL, ROWS, GENERATOR, TURN],
        {"loss": "functional.softplus(-judge(d, generate(g, z_g).detach())).mean()"},
    ),
    ("the noise of the discriminator's step", [GENERATOR, TURN], {"before": "z_g = z_d[-1] if len(z_d) else z_g"}),
    (
        "the discriminator before its steps",
        [TURN],
        {"before": "old = d.detach().clone()", "loss": "functional.softplus(-judge(old, generate(g, z_g))).mean()"},
    ),
    ("one step of the discriminator", [ROWS, TURN], {"before": "real, z_d = real[:1], z_d[:1]"}),
    (
        "one mean over all examples",
        [LABEL, ROWS, TURN],
        {
            "real": "functional.softplus(-judge(d, x)).sum() / (len(x) + len(z))",
            "fake": "functional.softplus(judge(d, generate(g, z).detach())).sum() / (len(x) + len(z))",
        },
    ),
    (
        "half of the sum",
        [LABEL, ROWS, TURN],
        {
            "real": "functional.softplus(-judge(d, x)).mean() / 2",
            "fake": "functional.softplus(judge(d, generate(g, z).detach())).mean() / 2",
        },
    ),
    ("real examples only", [LABEL, ROWS, TURN], {"fake": "0"}),
    ("returns what requires gradients", [TURN], {"result": "g, d"}),
    (
        "changes what it is given",
        [TURN],
        {"copy": "g.requires_grad_(), d.requires_grad_()"},
    ),
]:
    wrong("bugs", name, fails=cells, source=bugs(**parts))
right("bugs", "with detach and .grad", source=bugs())
right(
    "bugs",
    "with slopes by hand, in NumPy",
    source="""
def train_step(g, d, real, z_d, z_g, *, lr_g, lr_d):
    g, d = g.numpy().copy(), d.numpy().copy()
    powers = np.arange(3)
    for x, z in zip(real.numpy(), z_d.numpy()):
        high, low = x[:, None] ** powers, (g[0] + g[1] * z)[:, None] ** powers
        up = (high / (1 + np.exp(high @ d))[:, None]).mean(0)
        d = d + lr_d * (up - (low / (1 + np.exp(-low @ d))[:, None]).mean(0))
    z = z_g.numpy()
    fake = g[0] + g[1] * z
    push = (d[1] + 2 * d[2] * fake) / (1 + np.exp(fake[:, None] ** powers @ d))
    g = g + lr_g * np.array([push.mean(), (push * z).mean()])
    return torch.tensor(g), torch.tensor(d)
""",
)
right(
    "bugs",
    "with targets and weights in one cross-entropy",
    source="""
def train_step(g, d, real, z_d, z_g, *, lr_g, lr_d):
    cost = functional.binary_cross_entropy_with_logits
    for x, z in zip(real, z_d):
        d = d.detach().requires_grad_()
        logits = judge(d, torch.cat([x, generate(g, z)]))
        target = (torch.arange(len(logits)) < len(x)).double()
        weight = target / len(x) + (1 - target) / len(z)
        cost(logits, target, weight=weight, reduction="sum").backward()
        d = d.detach() - lr_d * d.grad
    g = g.clone().requires_grad_()
    logits = judge(d.detach(), generate(g, z_g))
    cost(logits, torch.ones_like(logits)).backward()
    return g.detach() - lr_g * g.grad, d.detach().clone()
""",
)
wrong(
    "bugs",
    "delegates to torch.optim",
    fails=[LABEL, ROWS, GENERATOR, TURN],
    source="from torch.optim import SGD\n" + bugs(),
)

# ---------------------------------------------------------------------------------------------------------- settle
TOGETHER, IN_TURN, RATE = (f"settle-{name}" for name in ("simultaneous", "in-turn", "rate"))


def settle(
    slope="-lr_d / 2",
    friction="1 - lr_d * gamma",
    push="lr_g / 2",
    many="np.linalg.matrix_power(d, d_steps)",
    in_turn="g @ d",
    together="np.array([g[0], d[1]])",
    rate="4 * gamma if gamma < 1 else 4 * (gamma - math.sqrt(gamma**2 - 1))",
):
    """An answer to settle with one of its parts replaced."""
    return f"""
def round_matrix(*, lr_g, lr_d, gamma=0.0, d_steps=1, in_turn=True):
    d = np.array([[1, 0], [{slope}, {friction}]])
    d = {many}
    g = np.array([[1, {push}], [0, 1]])
    return {in_turn} if in_turn else {together}


def largest_rate(gamma):
    return {rate}
"""


for name, cells, parts in [
    ("always in turn", [TOGETHER], {"together": "g @ d"}),
    ("never in turn (E106)", [IN_TURN], {"in_turn": "np.array([g[0], d[1]])"}),
    ("the generator first", [IN_TURN], {"in_turn": "d @ g"}),
    ("no penalty", [TOGETHER, IN_TURN], {"friction": "1"}),
    ("the penalty's sign", [TOGETHER, IN_TURN], {"friction": "1 + lr_d * gamma"}),
    ("half of the penalty", [TOGETHER, IN_TURN], {"friction": "1 - lr_d * gamma / 2"}),
    ("one step of the discriminator", [TOGETHER, IN_TURN], {"many": "d"}),
    ("steps as a factor", [TOGETHER, IN_TURN], {"many": "np.eye(2) + d_steps * (d - np.eye(2))"}),
    ("one rate for both", [TOGETHER, IN_TURN], {"push": "lr_d / 2"}),
    ("the slope of sigma forgotten", [TOGETHER, IN_TURN], {"slope": "-lr_d", "push": "lr_g"}),
    ("both players descend", [TOGETHER, IN_TURN], {"push": "-lr_g / 2"}),
    ("from the determinant alone", [RATE], {"rate": "4 * gamma"}),
    ("every small step converges (E106)", [RATE], {"rate": "1 / gamma"}),
    ("friction below 2", [RATE], {"rate": "2 / gamma"}),
    ("half of it", [RATE], {"rate": "2 * (gamma - math.sqrt(max(gamma**2 - 1, 0)))"}),
    ("more friction never harms", [RATE], {"rate": "max(4 * gamma, 4)"}),
    ("the other root", [RATE], {"rate": "4 * (gamma + math.sqrt(max(gamma**2 - 1, 0)))"}),
]:
    wrong("settle", name, fails=cells, source=settle(**parts))
right("settle", "row by row", source=settle())
right(
    "settle",
    "from two columns, and by bisection",
    source="""
def round_matrix(*, lr_g, lr_d, gamma=0.0, d_steps=1, in_turn=True):
    columns = []
    for theta, psi in ((1.0, 0.0), (0.0, 1.0)):
        seen = psi
        for _ in range(d_steps):
            psi -= lr_d * (theta / 2 + gamma * psi)
        columns.append([theta + lr_g * (psi if in_turn else seen) / 2, psi])
    return np.transpose(columns)


def largest_rate(gamma):
    low, high = 0.0, 10.0
    while high - low > 1e-6:
        rate = (low + high) / 2
        step = round_matrix(lr_g=rate, lr_d=rate, gamma=gamma, in_turn=False)
        if abs(np.linalg.eigvals(step)).max() < 1:
            low = rate
        else:
            high = rate
    return low
""",
)

# ----------------------------------------------------------------------------------------------------------- sides
LENGTHS, OVERLAP = "sides-lengths", "sides-overlap"
SIDES = ("9", "27", "1", "3", "4", "1", "81")
for name, place, value, cell in [
    ("no padding", 0, "8", LENGTHS),
    ("rounded up", 0, "10", LENGTHS),
    ("the inverse, by its shape too (E109)", 1, "28", LENGTHS),
    ("padding on the way up", 1, "31", LENGTHS),
    ("nothing to add", 2, "0", LENGTHS),
    ("only 28", 3, "1", LENGTHS),
    ("one axis", 4, "2", OVERLAP),
    ("all of the kernel", 4, "25", OVERLAP),
    ("even", 5, "4", OVERLAP),
    ("an inverse (E109)", 6, "784", OVERLAP),
    ("the rank of one axis", 6, "9", OVERLAP),
]:
    numbers = [*SIDES[:place], value, *SIDES[place + 1 :]]
    wrong("sides", name, fails=[cell], source=f"def sides():\n    return {', '.join(numbers)}\n")
wrong("sides", "six numbers", fails=[LENGTHS, OVERLAP], source="def sides():\n    return 9, 27, 1, 3, 4, 1\n")
right(
    "sides",
    "counted",
    source="""
def sides():
    def down(n):
        return sum(1 for start in range(-1, n + 2 - 5, 3))

    up = (down(28) - 1) * 3 - 2 + 5
    writes = [sum(1 for i in range(20) if 0 <= p - 3 * i < 5) for p in range(20, 30)]
    same = sum(down(n) == down(28) for n in range(3, 60))
    return [down(28), up, 28 - up, same, max(writes) ** 2, min(writes) ** 2, down(28) ** 2]
""",
)

# -------------------------------------------------------------------------------------------------------- cylinder
MATRIX, TRANSPOSED, RESTORE = (f"cylinder-{name}" for name in ("matrix", "transposed", "restore"))
ALL = [MATRIX, TRANSPOSED, RESTORE]


def cylinder(
    check="n % stride",
    place="(i * stride + j - offset) % n",
    plus="+=",
    kernel="kernel",
    up="C.T @ y",
    back="C.T @ np.linalg.solve(C @ C.T, y)",
):
    """An answer to cylinder with one of its parts replaced."""
    return f"""
def conv_matrix(kernel, n, *, stride, offset):
    if {check}:
        raise ValueError("no whole number of steps")
    C = np.zeros((n // stride, n))
    for i in range(n // stride):
        for j, weight in enumerate({kernel}):
            C[i, {place}] {plus} weight
    return C


def transposed(y, kernel, *, stride, offset):
    C = conv_matrix(kernel, len(y) * stride, stride=stride, offset=offset)
    return {up}


def restore(y, kernel, *, stride, offset):
    C = conv_matrix(kernel, len(y) * stride, stride=stride, offset=offset)
    return {back}
"""


for name, cells, parts in [
    ("the kernel turned around", ALL, {"kernel": "kernel[::-1]"}),
    ("no offset", ALL, {"place": "(i * stride + j) % n"}),
    ("the offset's sign", ALL, {"place": "(i * stride + j + offset) % n"}),
    ("stride 1", ALL, {"place": "(i + j - offset) % n"}),
    ("only the last weight that meets a pixel", [MATRIX, TRANSPOSED], {"plus": "="}),
    ("no error", [MATRIX], {"check": "False"}),
    ("the inverse for the transposed (E109)", [TRANSPOSED], {"up": "np.linalg.pinv(C) @ y"}),
    ("the transposed for the inverse (E109)", [RESTORE], {"back": "C.T @ y"}),
    ("the transposed, scaled (E109)", [RESTORE], {"back": "C.T @ y / (kernel @ kernel)"}),
    ("pixels repeated", [RESTORE], {"back": "np.repeat(y, stride) / np.sum(kernel)"}),
    (
        "transposed with the kernel turned around",
        [TRANSPOSED],
        {
            "up": "conv_matrix(kernel[::-1], len(y) * stride, stride=stride, offset=offset).T @ y",
        },
    ),
]:
    wrong("cylinder", name, fails=cells, source=cylinder(**parts))
wrong(
    "cylinder",
    "the border is not wrapped",
    fails=ALL,
    source=cylinder(plus="+= 0 if i * stride + j - offset not in range(n) else"),
)
right("cylinder", "with a solve", source=cylinder())
right(
    "cylinder",
    "with torch",
    source="""
def conv_matrix(kernel, n, *, stride, offset):
    if n % stride != 0:
        raise ValueError("stride")
    eye = torch.eye(n, dtype=torch.float64)
    see = (torch.arange(0, n, stride)[:, None] + torch.arange(len(kernel)) - offset) % n  # (n / s, k)
    return (eye[:, see] @ torch.tensor(kernel)).T


def transposed(y, kernel, *, stride, offset):
    x = torch.zeros(len(y) * stride, dtype=torch.float64, requires_grad=True)
    C = conv_matrix(kernel, len(x), stride=stride, offset=offset)
    return torch.autograd.grad((C @ x) @ torch.tensor(y), x)[0]


def restore(y, kernel, *, stride, offset):
    C = conv_matrix(kernel, len(y) * stride, stride=stride, offset=offset).numpy()
    return np.linalg.lstsq(C, y, rcond=None)[0]
""",
)

# ----------------------------------------------------------------------------------------------------------- modes
FOUND, QUALITY, BALANCE = (f"modes-{name}" for name in ("found", "quality", "balance"))


def modes(
    squared="np.einsum('nki,kij,nkj->nk', away, np.linalg.inv(covariances), away)",
    nearest="squared.argmin(axis=1)",
    good="squared.min(axis=1) <= reach**2",
    due="need * weights * len(samples)",
    counted="nearest[good]",
    compare=">=",
    share="good.mean()",
    q="counts / counts.sum()",
    w="weights",
    bad="0, 0.0, math.inf",
    kl="sum(a * math.log(a / b) for a, b in zip(q, w) if a > 0)",
):
    """An answer to modes with one of its parts replaced."""
    return f"""
def coverage(samples, centers, covariances, weights, *, reach, need):
    away = samples[:, None] - centers
    squared = {squared}
    nearest = {nearest}
    good = {good}
    counts = np.bincount({counted}, minlength=len(centers))
    if good.sum() == 0:
        return {bad}
    q, w = {q}, {w}
    return int(np.sum(counts {compare} {due})), {share}, {kl}
"""


for name, cells, parts in [
    ("plain distances", [FOUND, QUALITY], {"squared": "(away**2).sum(2)"}),
    (
        "the variances alone",
        [QUALITY],
        {
            "squared": "(away**2 / np.diagonal(covariances, axis1=1, axis2=2)).sum(2)",
        },
    ),
    (
        "the covariance, not its inverse",
        [FOUND, QUALITY],
        {
            "squared": "np.einsum('nki,kij,nkj->nk', away, covariances, away)",
        },
    ),
    (
        "the nearest by plain distance",
        [FOUND],
        {
            "nearest": "(away**2).sum(2).argmin(axis=1)",
            "good": "squared[np.arange(len(samples)), nearest] <= reach**2",
        },
    ),
    ("below the reach", [FOUND], {"good": "squared.min(axis=1) < reach**2"}),
    ("a square against a distance", [FOUND, QUALITY], {"good": "squared.min(axis=1) <= reach"}),
    ("bad samples count", [FOUND, BALANCE], {"counted": "nearest"}),
    ("the same number for all modes", [FOUND], {"due": "need * len(samples) / len(centers)"}),
    ("of the good samples", [FOUND], {"due": "need * weights * good.sum()"}),
    ("need ignored", [FOUND], {"due": "weights * len(samples)"}),
    ("any sample finds a mode", [FOUND], {"due": "1"}),
    ("more than due", [FOUND], {"compare": ">"}),
    ("a number, not a share", [QUALITY], {"share": "good.sum()"}),
    ("bad ones", [QUALITY], {"share": "1 - good.mean()"}),
    ("against equal shares", [BALANCE], {"w": "np.full(len(centers), 1 / len(centers))"}),
    ("of all samples", [BALANCE], {"q": "counts / len(samples)"}),
    ("the wrong way round", [BALANCE], {"kl": "sum(b * math.log(b / max(a, 1e-9)) for a, b in zip(q, w))"}),
    ("bits", [BALANCE], {"kl": "sum(a * math.log2(a / b) for a, b in zip(q, w) if a > 0)"}),
    ("the entropy", [BALANCE], {"kl": "-sum(a * math.log(a) for a in q if a > 0)"}),
    ("0 ln 0 is nan", [BALANCE], {"kl": "float(np.sum(q * np.log(q / w)))"}),
    ("no sample is good, no imbalance", [BALANCE], {"bad": "0, 0.0, 0.0"}),
]:
    wrong("modes", name, fails=cells, source=modes(**parts))
right("modes", "with one term for each mode", source=modes())
right(
    "modes",
    "with whitened samples, mode by mode",
    source="""
def coverage(samples, centers, covariances, weights, *, reach, need):
    distance = []
    for center, covariance in zip(centers, covariances):
        whitened = np.linalg.solve(np.linalg.cholesky(covariance), (samples - center).T)
        distance.append(np.sqrt((whitened**2).sum(axis=0)))
    distance = np.stack(distance)
    counts = [0] * len(centers)
    for column in distance.T:
        k = int(np.argmin(column))
        counts[k] += bool(column[k] <= reach)
    total = sum(counts)
    found = sum(c >= need * w * len(samples) for c, w in zip(counts, weights))
    if not total:
        return 0, 0.0, float("inf")
    imbalance = sum(c / total * math.log(c / total / w) for c, w in zip(counts, weights) if c)
    return int(found), total / len(samples), imbalance
""",
)

# ------------------------------------------------------------------------------------------------- true-statements
GROUPS = [f"true-statements-{name}" for name in ("game", "loss", "images")]
for name, letters, cells in [
    ("small steps converge (E106)", "ABCEHI", GROUPS[:1]),
    ("a perfect discriminator is always right", "CEHI", GROUPS[:1]),
    ("a constant D prefers the data", "AEHI", GROUPS[:1]),
    ("the same direction (E107)", "ACDEHI", GROUPS[1:2]),
    ("an extremely large gradient (E108)", "ACHI", GROUPS[1:2]),
    ("away from the data", "ACEFHI", GROUPS[1:2]),
    ("twos against ones and threes (E113)", "ACEGHI", GROUPS[2:]),
    ("never undone", "ACEI", GROUPS[2:]),
    ("JSD grows with the distance (E113)", "ACEH", GROUPS[2:]),
    ("all", "ABCDEFGHI", GROUPS),
    ("none", "", GROUPS),
    ("the false ones", "BDFG", GROUPS),
]:
    wrong("true-statements", name, fails=cells, source=f'def true_statements():\n    return "{letters}"\n')
right("true-statements", "in another order", source='def true_statements():\n    return "IHECA"\n')
