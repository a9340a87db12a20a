"""Answers to *Catastrophic forgetting* whose verdict is known; read by ``proctor verify``, never imported.

Each wrong answer is a mistake that people make; ``fails`` lists exactly the test cells that must notice it. E-numbers
refer to the errata of the source notes, where the mistake comes from one.
"""

from proctor.variants import equivalent, right, wrong

# ------------------------------------------------------------------------------------------------------ caricature
END, AHEAD, READINGS = (f"caricature-{name}" for name in ("end", "ahead", "readings"))
ANSWERS = ("1 / 8", "-1.0", "1.0", "-1 / 24", "0.33973", "1.0", "1 / 3", "'B'")
for name, changes, cells in [
    ("old tasks fall to chance (E149)", {0: "(1 + 7 / 24) / 8", 1: "-23 / 24", 2: "23 / 24"}, [END]),
    ("old tasks at a third", {0: "(1 + 7 / 3) / 8"}, [END]),
    ("ACC of the last task", {0: "1.0"}, [END]),
    ("sums over T", {1: "-7 / 8", 2: "7 / 8"}, [END]),
    ("BWT is forgetting (E150)", {1: "1.0"}, [END]),
    ("FWT without row 0 (E150)", {3: "0.0"}, [AHEAD]),
    ("chance among three", {3: "-1 / 3"}, [AHEAD]),
    ("interference", {7: "'A'"}, [AHEAD]),
    ("the fault of the mean", {7: "'C'"}, [AHEAD]),
    ("forgetting", {7: "'D'"}, [AHEAD]),
    ("anytime is ACC", {4: "1 / 8"}, [READINGS]),
    ("the triangle's mean", {4: "8 / 36"}, [READINGS]),
    ("told, and forgotten all the same", {5: "1 / 8"}, [READINGS]),
    ("chance among all, though told", {6: "1 / 24"}, [READINGS]),
]:
    parts = [changes.get(place, answer) for place, answer in enumerate(ANSWERS)]
    wrong("caricature", name, fails=cells, source=f"def caricature():\n    return {', '.join(parts)}\n")
right(
    "caricature",
    "computed",
    source="""
def caricature():
    R = np.zeros((9, 8))
    R[0] = 1 / 24
    R[np.arange(1, 9), np.arange(8)] = 1.0
    anytime = np.mean([R[t, :t].mean() for t in range(1, 9)])
    ahead = [R[j, j] - R[0, j] for j in range(1, 8)]
    return [R[8].mean(), (R[8] - R.diagonal(-1))[:-1].mean(), 1.0, np.mean(ahead), anytime, 1.0, 1 / 3, "B"]
""",
)

# --------------------------------------------------------------------------------------------------- metrics-after
BACK, FORWARD, BEST, ANYTIME = (f"metrics-after-{name}" for name in ("back", "ahead", "best", "anytime"))


def metrics_after(
    check="R.shape[0] - R.shape[1] != 1 or t not in range(1, R.shape[1] + 1)",
    acc="sum(now) / t",
    bwt="sum(now[j] - R[j + 1, j] for j in range(t - 1)) / (t - 1)",
    base="R[0] if baseline is None else baseline",
    fwt="sum(R[j, j] - base[j] for j in range(1, t)) / (t - 1)",
    best="max(R[s, j] for s in range(j + 1, t))",
    forgetting="sum({best} - now[j] for j in range(t - 1)) / (t - 1)",
    anytime="sum(R[s, j] / s for s in range(1, t + 1) for j in range(s)) / t",
    one="if t == 1:\n        return {**found, 'BWT': None, 'FWT': None, 'F': None}",
    now="R[t, :t]",
):
    """An answer to metrics-after with one of its parts replaced."""
    return f"""
def metrics_after(R, t, *, baseline=None):
    if {check}:
        raise ValueError("wrong shape or t")
    now = {now}
    base = {base}
    found = {{"ACC": {acc}, "anytime": {anytime}}}
    {one}
    return found | {{"BWT": {bwt}, "FWT": {fwt}, "F": {forgetting.format(best=best)}}}
"""


right("metrics-after", "sums written out", source=metrics_after())
for name, cells, parts in [
    ("a diagonal off by one row", [BACK], {"bwt": "sum(now[j] - R[j, j] for j in range(t - 1)) / (t - 1)"}),
    ("BWT over T", [BACK], {"bwt": "sum(now[j] - R[j + 1, j] for j in range(t - 1)) / t"}),
    ("BWT is forgetting (E150)", [BACK], {"bwt": "sum(R[j + 1, j] - now[j] for j in range(t - 1)) / (t - 1)"}),
    ("BWT against row 0", [BACK], {"bwt": "sum(now[j] - R[0, j] for j in range(t - 1)) / (t - 1)"}),
    ("ACC of all tasks", [BACK], {"acc": "R[t].mean()"}),
    ("ACC of the diagonal", [BACK], {"acc": "R.diagonal(-1)[:t].mean()"}),
    ("the end of the stream", [BACK, BEST], {"now": "R[-1, :t]"}),
    ("rows from 0", [BACK, BEST], {"now": "R[t - 1, :t]"}),
    ("FWT against zero (E150)", [FORWARD], {"fwt": "sum(R[j, j] for j in range(1, t)) / (t - 1)"}),
    ("FWT against the last row", [FORWARD], {"fwt": "sum(R[j, j] - now[j] for j in range(1, t)) / (t - 1)"}),
    ("FWT on the diagonal", [FORWARD], {"fwt": "sum(R[j + 1, j] - base[j] for j in range(1, t)) / (t - 1)"}),
    ("FWT of the first task too", [FORWARD], {"fwt": "sum(R[j, j] - base[j] for j in range(t)) / t"}),
    ("FWT in row 1", [FORWARD], {"fwt": "sum(R[1, j] - base[j] for j in range(1, t)) / (t - 1)"}),
    ("FWT of all tasks", [FORWARD], {"fwt": "np.mean((R.diagonal() - base)[1:])"}),
    ("the baseline ignored", [FORWARD], {"base": "R[0]"}),
    ("row 0 in the maximum", [BEST], {"best": "max(R[s, j] for s in range(t))"}),
    ("the chapter's maximum", [BEST], {"best": "max(R[s, j] for s in range(1, t))"}),
    ("the end in the maximum", [BEST], {"best": "max(R[s, j] for s in range(j + 1, t + 1))"}),
    ("the future in the maximum", [BEST], {"best": "max(R[s, j] for s in range(j + 1, len(R)))"}),
    ("minus BWT", [BEST], {"best": "R[j + 1, j]"}),
    ("forgetting over T", [BEST], {"forgetting": "sum({best} - now[j] for j in range(t - 1)) / t"}),
    (
        "forgetting never negative",
        [BEST],
        {"forgetting": "sum(max({best} - now[j], 0) for j in range(t - 1)) / (t - 1)"},
    ),
    ("the triangle's mean", [ANYTIME], {"anytime": "R[1 : t + 1, :t][np.tril_indices(t)].mean()"}),
    ("whole rows", [ANYTIME], {"anytime": "R[1 : t + 1].mean()"}),
    ("anytime of the stream", [ANYTIME], {"anytime": "np.mean([R[s, :s].mean() for s in range(1, len(R))])"}),
    ("anytime is ACC", [ANYTIME], {"anytime": "now.mean()"}),
    ("any matrix", [ANYTIME], {"check": "t not in range(1, R.shape[1] + 1)"}),
    ("a square matrix", [BACK, FORWARD, BEST, ANYTIME], {"check": "R.shape[0] != R.shape[1]"}),
    ("any t", [ANYTIME], {"check": "R.shape[0] - R.shape[1] != 1"}),
    (
        "zeros where there is nothing to say",
        [ANYTIME],
        {"one": "if t == 1:\n        return {**found, 'BWT': 0.0, 'FWT': 0.0, 'F': 0.0}"},
    ),
    (
        "changes R",
        [BACK],
        {"one": "R[t + 1 :] = 0\n    if t == 1:\n        return {**found, 'BWT': None, 'FWT': None, 'F': None}"},
    ),
]:
    wrong("metrics-after", name, fails=cells, source=metrics_after(**parts))
wrong(
    "metrics-after",
    "delegates to ravine",
    fails=[BACK, FORWARD, BEST, ANYTIME],
    source="""
from ravine import accuracy_matrix as library


def metrics_after(R, t, *, baseline=None):
    R = R[: t + 1, :t]
    base = None if baseline is None else baseline[:t]
    found = {"ACC": library.average_accuracy(R), "anytime": np.mean([R[s, :s].mean() for s in range(1, t + 1)])}
    if t == 1:
        return found | {"BWT": None, "FWT": None, "F": None}
    found["BWT"], found["FWT"] = library.backward_transfer(R), library.forward_transfer(R, base)
    return found | {"F": library.forgetting(R)}
""",
)

# ----------------------------------------------------------------------------------------------------- hidden-loss
CONDITIONS, NUMBERS = "hidden-loss-conditions", "hidden-loss-numbers"


def hidden_loss(first, second="0.9, 0.9", last="0.9", ahead="0.1"):
    """An answer to hidden-loss with these columns, from each task's own row on."""
    return f"""
def hidden_loss(gain, loss):
    columns = [{first}], [{second}], [{last}]
    return np.array([[{ahead}] * (4 - len(column)) + column for column in columns]).T
"""


right(
    "hidden-loss",
    "one task gains, the other loses",
    source=hidden_loss("0.5, 0.5 + 2 * (gain + loss), 0.5 + 2 * (gain + loss)", "0.9, 0.9 - 2 * loss"),
)
right(
    "hidden-loss",
    "both lose",
    source=hidden_loss("0.5, 0.5 + 2 * (gain + loss), 0.5 + 2 * gain + loss", "1.0, 1.0 - loss", "0.6"),
)
for name, cells, parts in [
    ("minus BWT is forgetting (E150)", [NUMBERS], ["0.9, 0.9, 0.9 - 2 * loss"]),
    ("not times two", [NUMBERS], ["0.5, 0.5 + gain + loss, 0.5 + gain"]),
    ("times three", [NUMBERS, CONDITIONS], ["0.5, 0.5 + 3 * (gain + loss), 0.5 + 3 * gain"]),
    ("BWT always zero", [NUMBERS], ["0.5, 0.5 + 2 * loss, 0.5"]),
    ("no forgetting", [NUMBERS], ["0.5, 0.5 + 2 * gain, 0.5 + 2 * gain"]),
    ("the gain comes last", [NUMBERS], ["0.5, 0.5, 0.5 + 2 * (gain + loss)", "0.9, 0.9 - 2 * loss"]),
    ("the chapter's example", [NUMBERS], ["0.5, 0.8, 0.8", "0.9, 0.6"]),
    (
        "a better time before learning",
        [CONDITIONS],
        ["0.5, 0.5 + 2 * (gain + loss), 0.5 + 2 * gain", "0.9, 0.9", "0.9", "0.2"],
    ),
    ("learned poorly", [CONDITIONS], ["0.3, 0.3 + 2 * (gain + loss), 0.3 + 2 * gain"]),
    ("out of range", [CONDITIONS], ["0.9, 0.9 + 2 * (gain + loss), 0.9 + 2 * gain"]),
    ("negative accuracies", [CONDITIONS], ["0.5, 0.5 + 2 * (gain + loss), 0.5 + 2 * gain - 1.5", "0.9, 0.9 + 1.5"]),
]:
    wrong("hidden-loss", name, fails=cells, source=hidden_loss(*parts))

# ---------------------------------------------------------------------------------------------------------- recast
TARGETS, ALLOWED, EDGES = (f"recast-{name}" for name in ("targets", "allowed", "edges"))


def recast(
    check="setting not in ('task', 'domain', 'class') or any(label not in place for label in y.tolist())",
    known="groups[:learned]",
    number="outputs.index(label)",
    outputs="[label for group in groups for label in group]",
    place="group.index(label)",
    domain="[True] * len(groups[0])",
    task="[output in group for output in outputs]",
    told="[owner[output] < learned for output in outputs]",
    dtype="bool",
):
    """An answer to recast with one of its parts replaced."""
    return f"""
def recast(y, groups, setting, learned):
    outputs = {outputs}
    owner = {{label: k for k, group in enumerate(groups) for label in group}}
    place = {{label: k for k, group in enumerate({known}) for label in group}}
    if {check}:
        raise ValueError("unknown setting or label")
    target, allowed = [], []
    for label in y.tolist():
        group = groups[owner[label]]
        target.append({place} if setting == "domain" else {number})
        allowed.append({domain} if setting == "domain" else {task} if setting == "task" else {told})
    return np.array(target), np.array(allowed, dtype={dtype})
"""


right("recast", "one example after another", source=recast())
for name, cells, parts in [
    ("the class is the target", [TARGETS, EDGES], {"number": "label"}),
    ("ascending outputs", [TARGETS, EDGES], {"number": "sorted(outputs).index(label)"}),
    ("places everywhere", [TARGETS, EDGES], {"number": "group.index(label)"}),
    ("a place in the sorted group", [TARGETS, EDGES], {"place": "sorted(group).index(label)"}),
    ("domain without shared outputs", [TARGETS, EDGES], {"place": "outputs.index(label)"}),
    ("the number of the task", [TARGETS, EDGES], {"place": "owner[label]"}),
    ("class-incremental, told the task (E149)", [ALLOWED], {"told": "[output in group for output in outputs]"}),
    ("task-incremental, not told", [ALLOWED], {"task": "[owner[output] < learned for output in outputs]"}),
    ("the whole stream, as in the library", [ALLOWED], {"told": "[True] * len(outputs)"}),
    ("learned ignored", [ALLOWED, EDGES], {"known": "groups", "told": "[True] * len(outputs)"}),
    ("one task too few", [ALLOWED], {"told": "[owner[output] < learned - 1 for output in outputs]"}),
    ("one task too many", [ALLOWED], {"told": "[owner[output] <= learned for output in outputs]"}),
    ("the answer given away", [ALLOWED], {"task": "[output == label for output in outputs]"}),
    ("domain with an output for each class", [ALLOWED, EDGES], {"domain": "[True] * len(outputs)"}),
    (
        "outputs of the learned tasks alone",
        [ALLOWED, EDGES],
        {"outputs": "[label for group in groups[:learned] for label in group]"},
    ),
    ("labels not learned yet", [EDGES], {"known": "groups"}),
    ("any setting", [EDGES], {"check": "any(label not in place for label in y.tolist())"}),
    ("zeros and ones", [TARGETS, ALLOWED], {"dtype": "int"}),
    (
        "sorts the groups in place",
        [TARGETS, EDGES],
        {"outputs": "[label for group in groups for label in (group.sort() or group)]"},
    ),
]:
    wrong("recast", name, fails=cells, source=recast(**parts))
wrong(
    "recast",
    "delegates to ravine",
    fails=[TARGETS, ALLOWED, EDGES],
    source="""
from ravine.task_streams import split_tasks


def recast(y, groups, setting, learned):
    order = [label for group in groups for label in group]
    tasks = split_tasks((torch.zeros(len(y), 1), torch.as_tensor(y)), len(groups[0]), setting, order=order)
    return tasks[0].train.y.numpy(), tasks[0].train.allowed.numpy()
""",
)

# ------------------------------------------------------------------------------------------------------ restricted
RIGHT, LOSS, LARGE = (f"restricted-{name}" for name in ("accuracy", "loss", "large"))


def restricted(
    masked="z.masked_fill(~m, -torch.inf)",
    best="masked",
    loss="(masked.logsumexp(1) - z[rows, y]).mean()",
    voice="(masked.logsumexp(1) - z.logsumexp(1)).exp().mean()",
    hits="(best.argmax(1).numpy() == y).mean()",
    start="torch.tensor(logits)",
):
    """An answer to restricted with one of its parts replaced."""
    return f"""
def restricted(logits, y, allowed):
    z, m, rows = {start}, torch.tensor(allowed), torch.arange(len(y))
    masked = {masked}
    best = {best}
    return {hits}, float({loss}), float({voice})
"""


right("restricted", "torch", source=restricted())
right(
    "restricted",
    "NumPy, example by example",
    source="""
def restricted(logits, y, allowed):
    rows = []
    for z, label, able in zip(logits, y, allowed):
        own = z[able] - z[label]
        rest = z[~able] - z[label]
        top, all_top = own.max(), max(own.max(), rest.max(initial=-np.inf))
        inside = np.exp(own - all_top).sum()
        total = top + np.log(np.exp(own - top).sum())
        rows.append([top == 0, total, inside / (inside + np.exp(rest - all_top).sum())])
    return list(np.mean(rows, axis=0))
""",
)
for name, cells, parts in [
    ("zeros beat negative logits", [RIGHT, LARGE], {"best": "z * m"}),
    ("nothing is masked for the accuracy", [RIGHT, LARGE], {"best": "z"}),
    ("the best of all, if allowed", [RIGHT, LARGE], {"hits": "m[rows, z.argmax(1)].double().mean().item()"}),
    ("no new sum after the mask", [LOSS, LARGE], {"loss": "(z.logsumexp(1) - z[rows, y]).mean()"}),
    ("zeros in the softmax", [LOSS, LARGE], {"loss": "((z * m).logsumexp(1) - z[rows, y]).mean()"}),
    ("a sum", [LOSS, LARGE], {"loss": "(masked.logsumexp(1) - z[rows, y]).sum()"}),
    ("the voice of the rest", [LOSS], {"voice": "1 - (masked.logsumexp(1) - z.logsumexp(1)).exp().mean()"}),
    ("the voice is always 1", [LOSS, LARGE], {"voice": "masked.softmax(1).sum(1).mean()"}),
    ("the voice of the target", [LOSS, LARGE], {"voice": "z.softmax(1)[rows, y].mean()"}),
    ("overflow", [LARGE], {"loss": "(masked.exp().sum(1).log() - z[rows, y]).mean()"}),
    (
        "a shift by the largest of all",
        [LARGE],
        {"loss": "-torch.log((z.softmax(1) * m)[rows, y] / (z.softmax(1) * m).sum(1)).mean()"},
    ),
    ("a large negative number, not large enough", [RIGHT, LOSS, LARGE], {"masked": "z.masked_fill(~m, -5.0)"}),
    ("minus a thousand", [LARGE], {"masked": "z.masked_fill(~m, -1000.0)"}),
    (
        "changes the logits",
        [LARGE],
        {
            "start": "torch.as_tensor(logits)",
            "loss": "(masked.logsumexp(1) - z[rows, y]).mean() + 0 * z.mul_(1.5).sum()",
            "voice": "(masked.logsumexp(1) - (z / 1.5).logsumexp(1)).exp().mean()",
        },
    ),
]:
    wrong("restricted", name, fails=cells, source=restricted(**parts))
wrong(
    "restricted",
    "the function as it was",
    fails=[RIGHT, LOSS, LARGE],
    source="""
def restricted(logits, y, allowed):
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    p = p * allowed
    accuracy = np.mean((logits * allowed).argmax(axis=1) == y)
    loss = -np.mean(np.log(p[np.arange(len(y)), y]))
    voice = p.sum(axis=1).mean()
    return accuracy, loss, voice
""",
)
wrong(
    "restricted",
    "delegates to ravine",
    fails=[RIGHT, LOSS, LARGE],
    source="""
from ravine.continual import Examples, accuracy, loss


def restricted(logits, y, allowed):
    examples = Examples(torch.tensor(logits), torch.tensor(y), torch.tensor(allowed))
    voice = (examples.x.softmax(1) * examples.allowed).sum(1).mean()
    return accuracy(lambda x: x, examples), float(loss(lambda x: x, examples)), float(voice)
""",
)

# ---------------------------------------------------------------------------------------------------------- record
ROWS, BEFORE, MODES = (f"record-{name}" for name in ("rows", "before", "modes"))


def record(
    before="np.mean([test(make(seed)) for seed in seeds], axis=0)",
    start="learner = make(seeds[0])",
    fit="learner.train()\n        learner.fit(task['train'])",
    mode="learner.eval()",
    part="test",
    after="R[t] = test(learner)",
    end="",
):
    """An answer to record with one of its parts replaced."""
    return f"""
def record(make, tasks, seeds):
    def test(learner):
        {mode}
        return [learner.accuracy(task["{part}"]) for task in tasks]

    R = np.zeros((len(tasks) + 1, len(tasks)))
    R[0] = {before}
    {start}
    for t, task in enumerate(tasks, start=1):
        {fit}
        {after}
    {end}
    return R
"""


right("record", "row by row into an array", source=record())
for name, cells, parts in [
    ("on training data", [ROWS, BEFORE, MODES], {"part": "train"}),
    ("on validation data", [ROWS, BEFORE, MODES], {"part": "validation"}),
    (
        "a new learner for each task",
        [ROWS, MODES],
        {"fit": "learner = make(seeds[0])\n        learner.train()\n        learner.fit(task['train'])"},
    ),
    ("tested at the end", [ROWS, MODES], {"after": "", "end": "R[1:] = test(learner)"}),
    ("tasks seen only (E150)", [ROWS, MODES], {"after": "R[t, :t] = test(learner)[:t]"}),
    ("one network's row 0 (E150)", [BEFORE, MODES], {"before": "test(make(seeds[0]))"}),
    ("no row 0 (E150)", [BEFORE, MODES], {"before": "0"}),
    ("chance for row 0", [BEFORE, MODES], {"before": "1 / len(tasks)"}),
    ("a sum of seeds", [BEFORE, MODES], {"before": "np.sum([test(make(seed)) for seed in seeds], axis=0)"}),
    ("the last seed is trained", [ROWS, MODES], {"start": "learner = make(seeds[-1])"}),
    (
        "one row too early",
        [ROWS, MODES],
        {"fit": "R[t] = test(learner)\n        learner.train()\n        learner.fit(task['train'])", "after": ""},
    ),
    (
        "validation data too",
        [ROWS, MODES],
        {"fit": "learner.train()\n        learner.fit(task['train'])\n        learner.fit(task['validation'])"},
    ),
    ("trained on test data", [ROWS, MODES], {"fit": "learner.train()\n        learner.fit(task['test'])"}),
    ("no modes", [MODES], {"mode": "pass", "fit": "learner.fit(task['train'])"}),
    ("dropout in the test", [MODES], {"mode": "pass"}),
    (
        "training mode is never set again",
        [MODES],
        {"start": "learner = make(seeds[0])\n    learner.train()", "fit": "learner.fit(task['train'])"},
    ),
    (
        "trusts that a fresh learner trains",
        [MODES],
        {"fit": "if t > 1:\n            learner.train()\n        learner.fit(task['train'])"},
    ),
    (
        "evaluation mode before the stream only",
        [MODES],
        {"mode": "pass", "before": "np.mean([[n.eval(), test(n)][1] for n in map(make, seeds)], axis=0)"},
    ),
    (
        "a mean of streams",
        [ROWS, MODES],
        {"end": "if seeds[1:]:\n        R[1:] = np.mean([record(make, tasks, [seed])[1:] for seed in seeds], axis=0)"},
    ),
]:
    wrong("record", name, fails=cells, source=record(**parts))
wrong(
    "record",
    "delegates to ravine",
    fails=[ROWS, BEFORE, MODES],
    source="""
from ravine.continual import learn_sequence


def record(make, tasks, seeds):
    return learn_sequence(make(seeds[0]), tasks, epochs=1, batch_size=1, lr=0.1, seed=0).R.numpy()
""",
)

# ----------------------------------------------------------------------------------------------------------- drift
STEPS, LIMITS, MEASURED = (f"drift-{name}" for name in ("steps", "limits", "measured"))
DRIFTS = ("0", "0.5", "27 / 32", "2", "0.5", "23", "0.19477", "6")
for name, changes, cells in [
    ("least alike is worst", {0: "2.0"}, [STEPS]),
    ("the way does not matter", {1: "0.0", 2: "0.0", 3: "0.0"}, [STEPS, LIMITS]),
    ("losses of steps add up", {1: "1.0", 2: "1.125"}, [STEPS]),
    ("two projections", {2: "1.125"}, [STEPS]),
    ("no factor 1/2", {1: "1.0", 2: "27 / 16", 3: "4.0", 4: "1.0"}, [STEPS, LIMITS]),
    ("slow is gentle", {3: "0.0"}, [LIMITS]),
    ("the worst at 90 degrees", {4: "2.0"}, [LIMITS]),
    ("one too few", {5: "22"}, [LIMITS]),
    ("all trainings", {5: "45"}, [LIMITS]),
    ("no factor 1/2 in the count", {5: "26"}, [LIMITS]),
    ("the sum of squares", {6: "0.38954"}, [MEASURED]),
    ("after two passes", {6: "0.070249"}, [MEASURED]),
    ("passes after the first", {7: "5"}, [MEASURED]),
    ("trainings", {7: "18"}, [MEASURED]),
]:
    parts = [changes.get(place, answer) for place, answer in enumerate(DRIFTS)]
    wrong("drift", name, fails=cells, source=f"def drift():\n    return {', '.join(parts)}\n")
right(
    "drift",
    "measured, all of it",
    source="""
def drift():
    def loss_of_a(*turns):
        w = np.array([2.0, 0.0])
        for turn in turns:
            along = np.array([math.cos(math.radians(turn)), math.sin(math.radians(turn))])
            w = along * (along @ w)
        return w[1] ** 2 / 2

    turns = [20]
    while loss_of_a(*turns) > 0.001:
        turns += [0, 20]
    w, found = np.zeros(8), []
    for _ in range(20):
        for x, y in zip(INPUTS, ANSWERS):
            w = w + np.linalg.pinv(x) @ (y - x @ w)
        found.append(np.mean((INPUTS[0] @ w - ANSWERS[0]) ** 2) / 2)
    passes = 1 + int(np.argmax(np.array(found) <= 0.01 * found[0]))
    slow = loss_of_a(*np.linspace(0, 90, 1001)[1:])
    worst = max(loss_of_a(a) for a in range(91))
    return loss_of_a(90), loss_of_a(45, 90), loss_of_a(30, 60, 90), slow, worst, len(turns) // 2 + 1, found[0], passes
""",
)

# ----------------------------------------------------------------------------------------------------------- costs
COUNT, BYTES = "costs-steps", "costs-bytes"


def costs(
    step="-(-n // batch_size) * epochs",
    joint="sum(steps(n) for n in np.cumsum(sizes).tolist())",
    alone="sum(steps(n) for n in sizes)",
    one="network_bytes + example_bytes * max(sizes)",
    each="max(example_bytes * n + network_bytes * k for k, n in enumerate(sizes, 1))",
    together="network_bytes + example_bytes * sum(sizes)",
):
    """An answer to costs with one of its parts replaced."""
    return f"""
def costs(sizes, epochs, batch_size, network_bytes, example_bytes):
    def steps(n):
        return {step}

    alone = {alone}
    return {{"joint": ({joint}, {together}), "sequential": (alone, {one}), "separate": (alone, {each})}}
"""


right("costs", "whole numbers only", source=costs())
for name, cells, parts in [
    ("the last batch is dropped", [COUNT], {"step": "n // batch_size * epochs"}),
    ("epochs run together", [COUNT], {"step": "-(-n * epochs // batch_size)"}),
    ("fractions of steps", [COUNT], {"step": "n / batch_size * epochs"}),
    ("one epoch", [COUNT], {"step": "-(-n // batch_size)"}),
    ("tasks run together", [COUNT], {"alone": "steps(sum(sizes))"}),
    ("the last task's steps", [COUNT], {"alone": "steps(sizes[-1])"}),
    ("joint training once, at the end", [COUNT], {"joint": "steps(sum(sizes))"}),
    ("joint training goes on with what it has", [COUNT], {"joint": "alone"}),
    ("joint training on everything each time", [COUNT], {"joint": "len(sizes) * steps(sum(sizes))"}),
    ("no examples", [BYTES], {"one": "network_bytes"}),
    ("sequential keeps everything", [BYTES], {"one": "network_bytes + example_bytes * sum(sizes)"}),
    ("sequential at the end", [BYTES], {"one": "network_bytes + example_bytes * sizes[-1]"}),
    ("separate at the end", [BYTES], {"each": "example_bytes * sizes[-1] + network_bytes * len(sizes)"}),
    ("separate, the worst of both", [BYTES], {"each": "example_bytes * max(sizes) + network_bytes * len(sizes)"}),
    ("separate, one network", [BYTES], {"each": "example_bytes * max(sizes) + network_bytes"}),
    ("separate, networks alone", [BYTES], {"each": "network_bytes * len(sizes)"}),
    ("joint, the largest task", [BYTES], {"together": "network_bytes + example_bytes * max(sizes)"}),
    ("joint, all networks", [BYTES], {"together": "len(sizes) * network_bytes + example_bytes * sum(sizes)"}),
]:
    wrong("costs", name, fails=cells, source=costs(**parts))

# --------------------------------------------------------------------------------------------------------- savings
PARTS, HOLD = "savings-parts", "savings-hold"


def savings(
    good="np.asarray(curve) >= level",
    places="range(len(marks) - hold + 1)",
    held="all(good[i : i + hold])",
    found="float(marks[i])",
    never="raise ValueError('never')",
    check="if a == 0:\n        raise ValueError('nothing to learn')",
    saved="(a - c) / a",
    skill="(a - b) / a",
    memory="(b - c) / a",
):
    """An answer to savings with one of its parts replaced."""
    return f"""
def savings(marks, fresh, others, forgot, level, *, hold=1):
    def arrival(curve):
        good = {good}
        for i in {places}:
            if {held}:
                return {found}
        {never}

    a, b, c = arrival(fresh), arrival(others), arrival(forgot)
    {check}
    return {saved}, {skill}, {memory}
"""


right("savings", "memory from its own difference", source=savings())
for name, cells, parts in [
    ("steps, not shares", [PARTS, HOLD], {"saved": "a - c"}),
    ("what is still needed", [PARTS, HOLD], {"saved": "c / a", "skill": "b / a"}),
    ("everything saved is memory", [PARTS, HOLD], {"memory": "(a - c) / a"}),
    ("against the others' steps", [PARTS, HOLD], {"memory": "(b - c) / b"}),
    ("the sum", [PARTS, HOLD], {"memory": "(a - c) / a + (a - b) / a"}),
    ("the wrong sign", [PARTS, HOLD], {"memory": "(c - b) / a"}),
    ("never negative", [PARTS, HOLD], {"memory": "max(b - c, 0) / a"}),
    ("skill over the others' steps", [PARTS, HOLD], {"skill": "(a - b) / b"}),
    ("tests, not steps", [PARTS, HOLD], {"found": "float(i)"}),
    ("above the level", [PARTS], {"good": "np.asarray(curve) > level"}),
    ("hold ignored", [HOLD], {"held": "good[i]"}),
    ("the end of the row", [HOLD], {"found": "float(marks[i + hold - 1])"}),
    ("good until the end", [HOLD], {"held": "all(good[i:])"}),
    ("a row cut off by the end", [HOLD], {"places": "range(len(marks))"}),
    ("one start too few", [PARTS, HOLD], {"places": "range(len(marks) - hold)"}),
    ("arrives at the end anyhow", [HOLD], {"never": "return float(marks[-1])"}),
    ("nothing to learn", [HOLD], {"check": ""}),
]:
    wrong("savings", name, fails=cells, source=savings(**parts))

# ----------------------------------------------------------------------------------------------------------- leaks
DATA, CHOICES = "leaks-data", "leaks-choices"
for name, letters, cells in [
    ("dividing by 255 leaks", "ABCFG", [DATA]),
    ("statistics of all tasks are harmless", "CFG", [DATA]),
    ("the mask is harmless", "BFG", [DATA]),
    ("Adam must remember", "BCDFG", [DATA]),
    ("statistics must never change", "BCEFG", [CHOICES]),
    ("validation data may choose anything", "BCG", [CHOICES]),
    ("early stopping on test data", "BCF", [CHOICES]),
    ("to look ahead is to leak", "BCFGH", [CHOICES]),
    ("everything", "ABCDEFGH", [DATA, CHOICES]),
    ("in another order", "GFCB", [DATA, CHOICES]),
]:
    wrong("leaks", name, fails=cells, source=f"def leaks():\n    return '{letters}'\n")
right(
    "leaks",
    "all but the harmless",
    source="def leaks():\n    return ''.join(k for k in 'ABCDEFGH' if k not in 'HEAD')\n",
)

# ------------------------------------------------------------------ mutants of the solutions that are right answers too
equivalent(
    "recast",
    "groups[0] -> groups[-1]",
    why="in the setting 'domain', the only one that reads it, all groups are equally long",
)
