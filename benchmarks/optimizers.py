"""Eight optimizers on four problems, each with a learning rate of its own: the data behind the end of chapter Adam.

    python benchmarks/optimizers.py [--write]

Computes every cell anew and says how its median loss compares with the committed one, as a ratio. ``--write`` puts the
result into src/ravine/data/optimizers.json instead. Every finished cell is kept in _build/benchmarks/optimizers, so
that a run that was stopped goes on where it was; a change of the library's sources or of PyTorch begins anew. About
five minutes of one core. Exit status 1 when the new result contradicts the committed one: on some problem, an optimizer
that was clearly better than another (every seed) is now clearly worse.
"""

import argparse
import itertools
import sys
import time
from pathlib import Path

import torch
from provenance import digest, provenance

from proctor.files import write_atomic
from ravine import comparison, data, problems, results

ROOT = Path(__file__).parents[1]
CACHE = ROOT / "_build" / "benchmarks" / "optimizers"
COMMITTED = ROOT / "src" / "ravine" / "data" / "optimizers.json"
# What a cell's numbers depend on.
SOURCES = (
    "adam",
    "adaptive_methods",
    "comparison",
    "data/__init__",
    "descent",
    "gradient_descent",
    "landscapes",
    "momentum",
    "optimizer",
    "problems",
    "results",
    "training",
)


def compute():
    """Compute every cell, or take it from the cache.

    Returns:
        ``{(problem, optimizer): Cell}``.
    """
    folder = CACHE / digest(f"{name}.py" for name in SOURCES)
    folder.mkdir(parents=True, exist_ok=True)
    cells = {}
    for make, (name, method) in itertools.product(problems.ALL, comparison.METHODS.items()):
        problem = make()
        path = folder / f"{problem.name} {name}.json".replace(" ", "-")
        began = time.process_time()
        if not path.exists():
            alone = {(problem.name, name): comparison.compare(problem, method)}
            write_atomic(path, results.write(results.Results({}, alone)))
        cell = results.read_cells(path.read_text())[problem.name, name]
        cells[problem.name, name] = cell
        low, middle, high = (sorted(cell.final())[index] for index in (0, 2, 4))
        print(
            f"{problem.name:14} {name:17} lr {cell.lr:<8g} of {len(cell.lrs):2}  "
            f"{middle:.3g} [{low:.3g}, {high:.3g}]  {time.process_time() - began:.0f} s",
            flush=True,
        )
    return cells


def contradictions(old, new):
    """Find pairs of optimizers of which every run of one beats every run of the other, and the other way round now.

    Args:
        old: a :class:`ravine.results.Results`.
        new: another.

    Returns:
        A list of sentences.
    """

    def beats(found, problem, one, other):
        return max(found.cells[problem, one].final()) < min(found.cells[problem, other].final())

    return [
        f"{problem}: {one} was clearly better than {other}, and is clearly worse"
        for problem, one in old.cells
        for other in comparison.METHODS
        if beats(old, problem, one, other) and beats(new, problem, other, one)
    ]


def main():
    """Compute, then write or compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help=f"write {COMMITTED.relative_to(ROOT)}")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    cells = compute()
    origin = provenance(__file__, ("torch", "numpy", "scikit-learn"), comparison.settings())
    text = results.write(results.Results(origin, cells))
    new = results.read(text)
    if arguments.write:
        write_atomic(COMMITTED, text)
        print(f"written: {COMMITTED.relative_to(ROOT)}, {len(text) / 1000:.0f} kB")
        return 0
    write_atomic(CACHE / "optimizers.json", text)
    old = data.optimizers()
    for problem in new.provenance["settings"]["problems"]:
        before, after = old.medians(problem), new.medians(problem)
        ratios = ", ".join(f"{name} {after[name] / before[name]:.2f}" for name in after)
        print(f"{problem}, new median over committed: {ratios}")
    found = contradictions(old, new)
    print(*(found or ["the new result agrees with the committed one"]), sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
