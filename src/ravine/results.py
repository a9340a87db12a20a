"""What came of a comparison of optimizers: runs, cells, and the file that keeps them.

A *run* is one training; a *cell* is one optimizer on one problem, its grid of learning rates and its final runs. How
they are made is said in :mod:`ravine.comparison`.
Taught in: book/optimization/adam.md
"""

import json
import math
import statistics
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Run:
    """What one training run came to.

    Attributes:
        steps: the steps at which the loss was taken, the first 0, the last the whole budget.
        losses: validation loss at these steps (on the ravine: the loss as a fraction of the loss at the start). It
            stops early where a loss was not finite.
        test_loss: loss on the test set after the last step; None on the ravine, and where the run diverged.
        test_accuracy: fraction of the test set's targets predicted rightly; None likewise.
    """

    steps: tuple[int, ...]
    losses: tuple[float, ...]
    test_loss: float | None = None
    test_accuracy: float | None = None

    @property
    def diverged(self):
        """Whether the loss ended higher than it began, or in something that is not a finite number."""
        return not (math.isfinite(self.losses[-1]) and self.losses[-1] <= self.losses[0])

    @property
    def loss(self):
        """The last loss; infinite for a run that diverged."""
        return math.inf if self.diverged else self.losses[-1]


@dataclass(frozen=True)
class Cell:
    """One optimizer on one problem.

    Attributes:
        half_decades: the grid: a learning rate is 10 to the power of half of each, ascending.
        tuning: last validation loss for each rate and tuning seed, ``(rates, seeds)``; infinite where it diverged.
        tuned: a run for each evaluation seed, with the best rate.
        untuned: the same with the default learning rate.
    """

    half_decades: tuple[int, ...]
    tuning: tuple[tuple[float, ...], ...]
    tuned: tuple[Run, ...]
    untuned: tuple[Run, ...]

    @property
    def lrs(self):
        """The learning rates of the grid."""
        return tuple(learning_rate(half_decade) for half_decade in self.half_decades)

    @property
    def scores(self):
        """For each learning rate the geometric mean of its losses; infinite where one of them is."""
        return tuple(math.exp(mean_log(losses)) for losses in self.tuning)

    @property
    def best(self):
        """Index of the best learning rate."""
        return min(range(len(self.tuning)), key=lambda index: mean_log(self.tuning[index]))

    @property
    def lr(self):
        """The best learning rate."""
        return self.lrs[self.best]

    def final(self, kind="tuned"):
        """Return the losses that are reported, one for each evaluation seed: on the test set, if there is one.

        Args:
            kind: "tuned" or "untuned".

        Returns:
            A list of floats, infinite where the run diverged.
        """
        return [run.loss if run.test_loss is None else run.test_loss for run in getattr(self, kind)]


@dataclass(frozen=True)
class Results:
    """Cells and where they come from.

    Attributes:
        provenance: script, date, environment and settings.
        cells: ``{(problem, optimizer): Cell}``, by their names.
    """

    provenance: dict
    cells: dict[tuple[str, str], Cell]

    def medians(self, problem, kind="tuned"):
        """Return ``{optimizer: median of its final losses}`` on a problem."""
        return {
            optimizer: statistics.median(cell.final(kind))
            for (on, optimizer), cell in self.cells.items()
            if on == problem
        }


def learning_rate(half_decade):
    """Return the learning rate of a half-decade, to three digits.

    >>> [learning_rate(half_decade) for half_decade in (-3, -2, -1, 0)]
    [0.0316, 0.1, 0.316, 1.0]
    """
    return float(f"{10 ** (half_decade / 2):.3g}")


def mean_log(losses):
    """Return the mean logarithm of losses, the score of a learning rate; infinite where one of them is."""
    return sum(math.log(max(loss, 1e-300)) for loss in losses) / len(losses)


def write(results):
    """Return results as JSON: numbers to four digits, null where a loss was not finite."""
    cells = [{"problem": on, "optimizer": name, **asdict(cell)} for (on, name), cell in results.cells.items()]
    lines = ",\n".join(json.dumps(_rounded(cell), allow_nan=False, separators=(",", ":")) for cell in cells)
    return f'{{"provenance": {json.dumps(results.provenance, indent=2)},\n"cells": [\n{lines}\n]}}\n'


def read(text):
    """Read results that :func:`write` wrote, and check that the protocol was kept.

    Args:
        text: JSON.

    Returns:
        The :class:`Results`.

    Raises:
        ValueError: if a cell or a part of the provenance is missing, a best learning rate lies at the edge of its
            grid, or the runs do not have the seeds and the budget that the settings state.
    """
    provenance = json.loads(text)["provenance"]
    missing = {"script", "date", "environment", "settings"} - provenance.keys()
    if missing:
        raise ValueError(f"provenance lacks {', '.join(sorted(missing))}")
    stated, cells = provenance["settings"], read_cells(text)
    expected = {(problem, optimizer) for problem in stated["problems"] for optimizer in stated["optimizers"]}
    if cells.keys() != expected:
        raise ValueError(f"cells missing or too many: {sorted(cells.keys() ^ expected)}")
    for (problem, optimizer), cell in cells.items():
        _check(f"{optimizer} on {problem}", cell, stated["protocol"], stated["problems"][problem]["steps"])
    return Results(provenance, cells)


def read_cells(text):
    """Read the cells alone, unchecked: ``{(problem, optimizer): Cell}``."""
    return {(entry.pop("problem"), entry.pop("optimizer")): _cell(entry) for entry in json.loads(text)["cells"]}


def _rounded(value):
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(item) for item in value]
    if isinstance(value, float):
        return float(f"{value:.4g}") if math.isfinite(value) else None
    return value


def _cell(entry):
    runs = {
        kind: tuple(Run(tuple(run.pop("steps")), _losses(run.pop("losses")), **run) for run in entry.pop(kind))
        for kind in ("tuned", "untuned")
    }
    return Cell(tuple(entry["half_decades"]), tuple(map(_losses, entry["tuning"])), **runs)


def _losses(values):
    return tuple(math.inf if value is None else value for value in values)


def _check(name, cell, protocol, steps):
    if not protocol["margin"] <= cell.best < len(cell.lrs) - protocol["margin"]:
        raise ValueError(f"{name}: the best learning rate lies at the edge of its grid")
    tuning, evaluation = len(protocol["tuning_seeds"]), len(protocol["evaluation_seeds"])
    if {len(losses) for losses in cell.tuning} != {tuning}:
        raise ValueError(f"{name}: expected {tuning} tuning runs for each learning rate")
    for runs in (cell.tuned, cell.untuned):
        if len(runs) != evaluation:
            raise ValueError(f"{name}: expected {evaluation} runs, got {len(runs)}")
        if any(run.steps[-1] != steps and not run.diverged for run in runs):
            raise ValueError(f"{name}: a run did not use its budget of {steps} steps")
