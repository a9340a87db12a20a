"""Eight ways to learn one task after the other, in four scenarios: the data behind chapter Remembering.

    python benchmarks/continual_learning.py [--write]

Five permutations of the 5,000 digits, and the digits in five pairs, in the three settings of van de Ven and Tolias
(2019). Images are averaged 2 x 2 to 14 x 14 pixels. A seed decides everything: division of the images, permutations,
first weights, order of examples, what a memory keeps. Each method has its own learning rate and, where it has one, its
own strength, chosen by the final average accuracy on the validation images of two other seeds: a walk on a grid of half
decades that ends where every neighbor is worse, diagonal ones included. (Seeds divide the same images, so that an image
tested here may have been a training or validation image there.) What is reported is measured on test images, five
seeds. For permuted digits EWC and L2 are also run along a line of strengths, at the learning rate that was best for
each.

Computes every run anew and says how the final accuracies compare with the committed ones. ``--write`` puts the result
into src/ravine/data/continual-learning.json instead. Every finished run is kept in _build/benchmarks, so that what was
stopped goes on where it was; a change of the library's sources or of PyTorch begins anew. About a quarter of an hour of
one core. Exit status 1 when the new result contradicts the committed one: a method that was clearly better than another
(every seed) is now clearly worse.
"""

import argparse
import itertools
import json
import statistics
import sys
import time
from pathlib import Path

import torch
from provenance import digest, provenance
from torch.nn import functional

from proctor.files import write_atomic
from ravine import continual, data, task_streams
from ravine import continual_methods as methods

ROOT = Path(__file__).parents[1]
CACHE = ROOT / "_build" / "benchmarks" / "continual_learning"
COMMITTED = ROOT / "src" / "ravine" / "data" / "continual-learning.json"
# What a run's numbers depend on.
SOURCES = (
    *("continual.py", "continual_methods.py", "data/__init__.py", "ewc.py"),
    *("fisher.py", "gem.py", "replay.py", "task_streams.py"),
)

TASKS, HIDDEN, BATCH, CAPACITY = 5, 100, 50, 200
TUNING_SEEDS, SEEDS = (1, 2), (11, 12, 13, 14, 15)
SCENARIOS = {
    "permuted": ("Permuted digits", 5),  # title, epochs
    "split-task": ("Split digits, task-incremental", 10),
    "split-domain": ("Split digits, domain-incremental", 10),
    "split-class": ("Split digits, class-incremental", 10),
}
METHODS = {
    "sequential": ("Sequential", None, lambda seed: methods.Sequential()),
    "l2": ("L2", "strength", lambda seed, strength: methods.L2(strength)),
    "ewc": ("EWC", "strength", lambda seed, strength: methods.EWC(strength, seed=seed)),
    "ewc-empirical": (
        "EWC, empirical Fisher",
        "strength",
        lambda seed, strength: methods.EWC(strength, labels="data"),
    ),
    "replay": ("Replay", None, lambda seed: methods.Replay(CAPACITY, seed=seed)),
    "gem": ("GEM", None, lambda seed: methods.GEM(CAPACITY, seed=seed)),
    "a-gem": ("A-GEM", None, lambda seed: methods.AGEM(CAPACITY, draw=BATCH, seed=seed)),
    "joint": ("Joint", None, lambda seed: methods.Joint()),
}
VARIANTS = {
    "gem-margin": ("GEM with a margin", "margin", lambda seed, margin: methods.GEM(CAPACITY, margin=margin, seed=seed)),
}
STARTS = {"lr": -1, "l2": -2, "ewc": 2, "ewc-empirical": 2, "gem-margin": -1}  # half decades from which the walks begin
SWEPT = {"l2": range(-6, 2), "ewc": range(-2, 5)}  # half decades of the strength


def settings():
    """Return what is committed beside the numbers."""
    return {
        "data": "ravine.data.mnist5k() averaged 2 x 2; 3,000 images to learn, 1,000 to choose, 1,000 to test",
        "tasks": TASKS,
        "network": f"ravine.continual.network(196, {HIDDEN}, 10; split-domain: 2)",
        "optimizer": "SGD without momentum",
        "batch": BATCH,
        "epochs": {name: epochs for name, (_, epochs) in SCENARIOS.items()},
        "memory": f"{CAPACITY} examples of all tasks together; replay and A-GEM draw {BATCH} at each step",
        "joint": "row t: trained on tasks 1 to t together, from the first weights",
        "chosen_by": "final average accuracy on validation images, mean of the tuning seeds; best inside half decades",
        "tuning_seeds": list(TUNING_SEEDS),
        "seeds": list(SEEDS),
        "methods": [*METHODS, *VARIANTS],
        "swept": {name: [value(at) for at in line] for name, line in SWEPT.items()},
        "seconds": "CPU seconds of the whole sequence, tests included",
    }


def value(half_decade):
    """Return a hyperparameter to three digits."""
    return float(f"{10 ** (half_decade / 2):.3g}")


def tasks_of(scenario, seed):
    """Return a scenario's five tasks."""
    digits = data.mnist5k()
    x = functional.avg_pool2d(digits.x.view(-1, 1, 28, 28), 2).flatten(1)
    if scenario == "permuted":
        return task_streams.permuted_tasks((x, digits.y), TASKS, seed)
    return task_streams.split_tasks((x, digits.y), 10 // TASKS, scenario.removeprefix("split-"), seed=seed)


class Runs:
    """Trains, or reads what was trained before."""

    def __init__(self, folder):
        """Keep the runs in a folder."""
        self.folder, self.seconds, self._tasks = folder, 0.0, {}

    def __call__(self, scenario, name, point, seed, part):
        """Return ``{"R", "seconds", "memory_bytes"}`` of one run; R is None where training diverged.

        Args:
            scenario, name: keys of SCENARIOS, and of METHODS or VARIANTS.
            point: half decades of the learning rate and, if there is one, of the strength.
            seed: of everything.
            part: "validation" or "test".
        """
        path = self.folder / f"{scenario} {name} {' '.join(map(str, point))} {seed} {part}.json".replace(" ", "_")
        if not path.exists():
            write_atomic(path, json.dumps(self.train(scenario, name, point, seed, part)))
        run = json.loads(path.read_text())
        self.seconds += run["seconds"]
        return run

    def train(self, scenario, name, point, seed, part):
        """Train once."""
        if (scenario, seed) not in self._tasks:
            self._tasks = {(scenario, seed): tasks_of(scenario, seed)}
        tasks, (_, epochs) = self._tasks[scenario, seed], SCENARIOS[scenario]
        model = continual.network(196, HIDDEN, 2 if scenario == "split-domain" else 10, seed)
        method = (METHODS | VARIANTS)[name][2](seed, *map(value, point[1:]))
        began = time.process_time()
        try:
            record = continual.learn_sequence(
                model,
                tasks,
                method=method,
                epochs=epochs,
                batch_size=BATCH,
                lr=value(point[0]),
                seed=seed,
                evaluate_on=part,
            )
            rows = [[round(accuracy, 4) for accuracy in row] for row in record.R.tolist()]
        except ValueError as error:
            if "diverged" not in str(error):
                raise
            rows = None
        seconds = round(time.process_time() - began, 3)
        return {"seed": seed, "R": rows, "seconds": seconds, "memory_bytes": method.memory_bytes}


def quality(run):
    """Return the final average accuracy of a run; 0 where it diverged."""
    return 0.0 if run["R"] is None else statistics.mean(run["R"][-1])


def choose(scenario, name, runs):
    """Walk on the grid until every neighbor is worse; return the point and all that was tried."""
    free = (METHODS | VARIANTS)[name][1]
    here, tried = (STARTS["lr"], STARTS[name]) if free else (STARTS["lr"],), {}
    while True:
        for point in itertools.product(*((at - 1, at, at + 1) for at in here)):
            if point not in tried:
                tried[point] = [quality(runs(scenario, name, point, seed, "validation")) for seed in TUNING_SEEDS]
        best = max(tried, key=lambda point: statistics.mean(tried[point]))
        if best == here:
            return here, tried
        here = best


def compute(scenario, name, runs):
    """Tune and run one method in one scenario; return what is committed."""
    title, free, _ = (METHODS | VARIANTS)[name]
    point, tried = choose(scenario, name, runs)
    names = ("lr", free) if free else ("lr",)
    found = [runs(scenario, name, point, seed, "test") for seed in SEEDS]
    cell = {
        "title": title,
        "hyperparameters": dict(zip(names, map(value, point), strict=True)),
        "tried": [[*map(value, at), round(statistics.mean(tried[at]), 4)] for at in sorted(tried)],
        "runs": found,
    }
    told = " ".join(f"{quality(run):.3f}" for run in found)
    seconds = statistics.mean(run["seconds"] for run in found)
    print(f"{scenario:13} {name:14} {cell['hyperparameters']} of {len(tried)}  {told}  {seconds:.1f} s", flush=True)
    return cell, point


def sweep(name, lr, runs):
    """Run along a line of strengths: for each the final average and the learning accuracy of each seed, or null."""
    lines = []
    for strength in SWEPT[name]:
        found = [runs("permuted", name, (lr, strength), seed, "test")["R"] for seed in SEEDS]
        final = [rows and round(statistics.mean(rows[-1]), 4) for rows in found]
        learned = [rows and round(statistics.mean(rows[t + 1][t] for t in range(TASKS)), 4) for rows in found]
        lines.append({"strength": value(strength), "average_accuracy": final, "learning_accuracy": learned})
        print(f"sweep {name}, lr {value(lr)}, strength {value(strength)}: {final}", flush=True)
    return {"method": name, "lr": value(lr), "lines": lines}


def contradictions(old, new):
    """Find pairs of methods of which every run of one beats every run of the other, and the other way round now."""

    def beats(cells, one, other):
        return min(map(quality, cells[one]["runs"])) > max(map(quality, cells[other]["runs"]))

    return [
        f"{scenario}: {one} was clearly better than {other}, and is clearly worse"
        for scenario in SCENARIOS
        for one, other in itertools.permutations(METHODS, 2)
        if beats(old[scenario]["methods"], one, other) and beats(new[scenario]["methods"], other, one)
    ]


def written(origin, scenarios, swept):
    """Return the JSON, with one line for each run and each line of a sweep."""
    places, tree = [], {**origin, "scenarios": scenarios, "sweep": swept}

    def marked(item):
        """Put a place in for each list whose items get a line each."""
        if isinstance(item, dict):
            return {key: mark(of) if key in ("runs", "lines", "tried") else marked(of) for key, of in item.items()}
        return item

    def mark(rows):
        places.append(",\n".join(json.dumps(row, separators=(",", ":")) for row in rows))
        return [f"place {len(places) - 1}"]

    text = json.dumps(marked(tree), indent=1)
    for number, lines in enumerate(places):
        text = text.replace(f'"place {number}"', lines)
    return text + "\n"


def main():
    """Compute, then write or compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help=f"write {COMMITTED.relative_to(ROOT)}")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    folder = CACHE / digest(SOURCES, f"{settings()} {STARTS}")
    folder.mkdir(parents=True, exist_ok=True)
    runs, scenarios, swept = Runs(folder), {}, []
    for scenario, (title, _) in SCENARIOS.items():
        tasks = tasks_of(scenario, SEEDS[0])
        parts = {"methods": {}, "variants": {}}
        for name in [*METHODS, *VARIANTS]:
            cell, point = compute(scenario, name, runs)
            parts["methods" if name in METHODS else "variants"][name] = cell
            if scenario == "permuted" and name in SWEPT:
                swept.append(sweep(name, point[0], runs))
        chance = 0.1 if scenario in ("permuted", "split-class") else 0.5
        scenarios[scenario] = {"title": title, "tasks": [task.name for task in tasks], "chance": chance, **parts}
    origin = provenance(__file__, ("torch", "numpy", "scipy"), settings(), cpu_seconds=round(runs.seconds))
    text = written(origin, scenarios, swept)
    if arguments.write:
        write_atomic(COMMITTED, text)
        print(f"written: {COMMITTED.relative_to(ROOT)}, {len(text) / 1000:.1f} kB")
        return 0
    old = json.loads(COMMITTED.read_text(encoding="utf-8"))["scenarios"]
    for scenario, name in itertools.product(SCENARIOS, METHODS):
        before, after = (
            statistics.mean(map(quality, found[scenario]["methods"][name]["runs"])) for found in (old, scenarios)
        )
        print(f"{scenario} {name}: mean final accuracy {before:.3f} committed, {after:.3f} now")
    found = contradictions(old, scenarios)
    print(*(found or ["the new result agrees with the committed one"]), sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
