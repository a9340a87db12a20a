"""The accuracy matrix as the explorable shows it: committed results, settings in an address, and what numbers come to.

The results are ``ravine/data/continual-learning.json``, the numbers those of ``ravine.continual``. After t tasks a
number is that of the first t rows and columns of R and of the row before any training: what could be said by then. The
script in ``book/_static/accuracy-matrix`` has the same formulas; tests/book holds them equal.

A setting is the query of an address: ``scenario=permuted&method=ewc&beside=joint&seed=11&learned=3&number=bwt``.
"""

import functools
import importlib.resources
import json
import statistics
from dataclasses import dataclass
from urllib.parse import parse_qsl

#: Of each number the least tasks that it needs, its short name, and what it is.
NUMBERS = {
    "acc": (1, "ACC", "average accuracy: all tasks so far, now"),
    "la": (1, "LA", "learning accuracy: each task just after it was learned"),
    "bwt": (2, "BWT", "backward transfer: now, minus just after learning"),
    "forgetting": (2, "Forgetting", "the best time so far, minus now"),
    "fwt": (2, "FWT", "forward transfer: just before learning, minus before any training"),
}
USUAL = {"scenario": "permuted", "method": "ewc", "beside": "sequential", "seed": "mean", "number": "bwt"}
REFERENCES = ("sequential", "joint")  # what every method is compared with


@dataclass(frozen=True)
class Setting:
    """What is shown.

    Attributes:
        scenario: a name of the results' scenarios.
        method: a name of the scenario's methods, the matrix on the left.
        beside: another, on the right; it may be the same.
        seed: of the runs that are shown; None: the mean over all.
        learned: how many tasks have been learned, from 0.
        number: a name of ``NUMBERS``, whose cells are marked.
    """

    scenario: str
    method: str
    beside: str
    seed: int | None
    learned: int
    number: str

    @property
    def query(self) -> str:
        """The setting as the query of an address; seed, tasks and number are left out where they are the usual ones."""
        pairs = [("scenario", self.scenario), ("method", self.method), ("beside", self.beside)]
        pairs += [("seed", str(self.seed))] * (self.seed is not None)
        pairs += [("learned", str(self.learned))] * (self.learned != len(results()[self.scenario]["tasks"]))
        pairs += [("number", self.number)] * (self.number != USUAL["number"])
        return "&".join("=".join(pair) for pair in pairs)


@functools.cache
def results() -> dict:
    """The scenarios of the committed results: title, tasks, chance, and of each method title and runs."""
    file = importlib.resources.files("ravine.data") / "continual-learning.json"
    return json.loads(file.read_text(encoding="utf-8"))["scenarios"]


def parse(query: str) -> Setting:
    """Read a query. The page ignores what it does not understand; what the course's authors write must be right.

    Raises:
        ValueError: if a key or value is unknown or out of range.
    """
    found = dict(parse_qsl(query, keep_blank_values=True))
    unknown = set(found) - {*USUAL, "learned"}
    if unknown:
        raise ValueError(f"there is no {min(unknown)!r}; there are {', '.join(USUAL)}, learned")
    given = USUAL | found
    scenario = results()[_one_of("scenario", given["scenario"], results())]
    method, beside = (_one_of(key, given[key], scenario["methods"]) for key in ("method", "beside"))
    seed = _one_of("seed", given["seed"], ["mean", *(str(run["seed"]) for run in scenario["methods"][method]["runs"])])
    stages = [str(count) for count in range(len(scenario["tasks"]) + 1)]
    learned = _one_of("learned", given.get("learned", stages[-1]), stages)
    number = _one_of("number", given["number"], NUMBERS)
    return Setting(given["scenario"], method, beside, None if seed == "mean" else int(seed), int(learned), number)


def _one_of(key: str, value: str, known) -> str:
    if value not in known:
        raise ValueError(f"{key} must be one of {', '.join(known)}, got {value!r}")
    return value


def chosen(setting: Setting, method: str) -> list[dict]:
    """The runs of a method that the setting shows."""
    runs = results()[setting.scenario]["methods"][method]["runs"]
    return [run for run in runs if setting.seed in (None, run["seed"])]


def matrix(setting: Setting, method: str) -> list[list[float]]:
    """R as it is shown: of one run, or the mean over the runs."""
    rows = zip(*(run["R"] for run in chosen(setting, method)), strict=True)
    return [[statistics.fmean(cell) for cell in zip(*row, strict=True)] for row in rows]


def measured(setting: Setting, method: str) -> dict[str, list[float]]:
    """Of each number what it came to in each run that is shown; nothing where it needs more tasks."""
    from ravine import continual

    formulas = {
        "acc": continual.average_accuracy,
        "la": continual.learning_accuracy,
        "bwt": continual.backward_transfer,
        "forgetting": continual.forgetting,
        "fwt": continual.forward_transfer,
    }
    learned = setting.learned
    runs = [[row[:learned] for row in run["R"][: learned + 1]] for run in chosen(setting, method)]
    return {name: [formulas[name](R) for R in runs] if learned >= NUMBERS[name][0] else [] for name in NUMBERS}


def cells(number: str, learned: int, runs: list[dict]) -> dict[tuple[int, int], int]:
    """The cells (row, column) that a number averages, with the sign that each has.

    For forgetting, with several runs: those that are the best time in at least one of them.
    """
    if learned < NUMBERS[number][0]:
        return {}
    earlier = range(learned - 1)
    if number == "acc":
        return {(learned, task): 1 for task in range(learned)}
    if number == "la":
        return {(task + 1, task): 1 for task in range(learned)}
    if number == "bwt":
        return {(learned, task): 1 for task in earlier} | {(task + 1, task): -1 for task in earlier}
    if number == "fwt":
        return {(task + 1, task + 1): 1 for task in earlier} | {(0, task + 1): -1 for task in earlier}
    best = {(max(range(1, learned), key=lambda row: run["R"][row][task]), task): 1 for run in runs for task in earlier}
    return best | {(learned, task): -1 for task in earlier}


def told(value: float, digits: int = 3) -> str:
    """A number as the page has it, with a true minus sign; a half goes up, as in the script.

    >>> told(-0.265), told(0.125, 2), told(-0.0001)
    ('−0.265', '0.13', '0.000')
    """
    text = f"{value + 1e-9:.{digits}f}"
    return text.removeprefix("-") if float(text) == 0 else text.replace("-", "−")


def facts() -> dict:
    """All that the script needs to know, beyond the formulas."""
    return {
        "usual": USUAL,
        "references": REFERENCES,
        "numbers": {
            name: {"least": least, "name": short, "what": what} for name, (least, short, what) in NUMBERS.items()
        },
        "scenarios": {
            name: {
                "title": scenario["title"],
                "tasks": scenario["tasks"],
                "methods": {
                    key: {
                        "title": method["title"],
                        "hyperparameters": method["hyperparameters"],
                        "runs": method["runs"],
                    }
                    for key, method in scenario["methods"].items()
                },
            }
            for name, scenario in results().items()
        },
    }
