"""Runs the test suites, goes on when one fails, and ends with one plain total: the work behind ``make test``.

    python -m proctor.suites                      every suite
    python -m proctor.suites --fast               without slow, browser and notebook tests: ``make check``
    python -m proctor.suites proctor notebooks    these two

Each suite is pytest in a process of its own on both cores. Notebooks are generated for the occasion: every chapter and
every master is converted into ``_build/nbval/`` and run by nbval, all cells of a file by one worker (one kernel).
"""

import argparse
import os
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

from proctor.files import write_atomic
from proctor.steps import clock

REPORTS = Path("_build/tests")
NBVAL = Path("_build/nbval")
FAST = "not slow and not browser"
CELL_TIMEOUT = 240  # seconds; far above an honest cell on a busy machine, so that only a hung one meets it
# What each suite runs: pytest's paths and options. Doctests belong to the package whose code they show.
SUITES = {
    "lint": [],
    "ravine": ["tests/ravine", "src/ravine", "--doctest-modules"],
    # Small courses that tests read lie in tests/proctor/files; their modules are data, not tests.
    "proctor": ["tests/proctor", "src/proctor", "--doctest-modules", "--ignore=tests/proctor/files"],
    "house": ["tests/house"],
    "book": ["tests/book"],
    "notebooks": [str(NBVAL), "--nbval-lax", "--nbval-kernel-name=ravine", f"--nbval-cell-timeout={CELL_TIMEOUT}"],
}
# A notebook's kernel may warn on its way up; that is no fault of the course. Its cells are judged by nbval.
LENIENT = {"notebooks": ["--dist", "loadfile", "-W", "default"]}


@dataclass(frozen=True)
class Result:
    """What one suite came to; ``seconds`` is wall time."""

    suite: str
    passed: int
    failed: int
    skipped: int
    seconds: float

    @property
    def good(self) -> bool:
        """Whether something ran and nothing failed."""
        return self.failed == 0 and self.passed > 0


def run(root: Path, names=(), *, fast: bool = False, workers: int = 2) -> list[Result]:
    """Run the named suites (all, when none is named) and print the total.

    Args:
        root: the course's directory.
        names: suites, of ``SUITES``.
        fast: leave out what is marked slow or browser, and the notebooks.
        workers: processes for each suite.

    Returns:
        One result for each suite that ran, in order.

    Raises:
        ValueError: for a name that is no suite.
    """
    if unknown := set(names) - set(SUITES):
        raise ValueError(f"no such suite: {', '.join(sorted(unknown))}; there are {', '.join(SUITES)}")
    chosen = [name for name in SUITES if name in names or not names]
    work = {name: SUITES[name] for name in chosen}
    if fast:
        # One pytest for all: starting it and importing torch in each worker costs more than the fast tests themselves.
        words = [word for name in chosen if name not in ("lint", "notebooks") for word in SUITES[name]]
        work = {name: [] for name in chosen if name == "lint"} | {"fast": [*dict.fromkeys(words), "-m", FAST]}
    results = []
    for name, words in work.items():
        print(f"\n== {name}", flush=True)
        results.append(_lint(root) if name == "lint" else _pytest(root, name, words, workers))
    print(table(results), flush=True)
    return results


def table(results) -> str:
    """One line for each suite, and a last line that machines read too: ``12 passed, 0 failed, 0 skipped``.

    >>> print(table([Result("ravine", 12, 0, 0, 3.0)]))
    <BLANKLINE>
    suite         passed  failed  skipped      took
    ravine            12       0        0     3.0 s
    <BLANKLINE>
    12 passed, 0 failed, 0 skipped
    """
    lines = ["", f"{'suite':<12} {'passed':>7} {'failed':>7} {'skipped':>8} {'took':>9}"]
    for one in results:
        lines.append(f"{one.suite:<12} {one.passed:>7} {one.failed:>7} {one.skipped:>8} {clock(one.seconds):>9}")
    passed, failed, skipped = (sum(getattr(r, field) for r in results) for field in ("passed", "failed", "skipped"))
    return "\n".join([*lines, "", f"{passed} passed, {failed} failed, {skipped} skipped"])


def notebooks(root: Path) -> list[Path]:
    """Convert every chapter and master into ``_build/nbval/``, remove what has no source, and return the notebooks."""
    import jupytext

    target = root / NBVAL
    wanted = []
    for source in sorted([*root.glob("book/**/*.md"), *root.glob("solutions/*/*.md")]):
        text = source.read_text(encoding="utf-8")
        if "file_format: mystnb" not in text[:400]:
            continue
        notebook = jupytext.reads(text, fmt="md:myst")
        for number, cell in enumerate(notebook.cells):
            cell["id"] = f"cell-{number:03d}"  # else every conversion would change the file
        path = target / source.relative_to(root).with_suffix(".ipynb")
        write_atomic(path, jupytext.writes(notebook, fmt="ipynb"))
        wanted.append(path)
    for path in target.rglob("*.ipynb"):
        if path not in wanted:
            path.unlink()
    return wanted


def count(report: Path) -> tuple[int, int, int]:
    """Passed, failed (errors included) and skipped tests of a JUnit report; all 0 where there is no readable one."""
    try:
        suites = ElementTree.parse(report).getroot().iter("testsuite")
        totals = [[int(suite.get(key, 0)) for key in ("tests", "failures", "errors", "skipped")] for suite in suites]
    except (OSError, ElementTree.ParseError):
        return 0, 0, 0
    tests, failures, errors, skipped = (sum(column) for column in zip(*totals, strict=True)) if totals else (0, 0, 0, 0)
    return tests - failures - errors - skipped, failures + errors, skipped


def _pytest(root: Path, name: str, words: list[str], workers: int) -> Result:
    started = time.perf_counter()
    if name == "notebooks":
        notebooks(root)
    report = root / REPORTS / f"{name}.xml"
    report.parent.mkdir(parents=True, exist_ok=True)
    report.unlink(missing_ok=True)
    options = [
        "-q",
        "-n",
        str(workers),
        f"--junitxml={report}",
        "--durations=5",
        *LENIENT.get(name, ["--dist", "worksteal"]),
    ]
    # One thread a process: two workers with two threads each would only wait for one another.
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "MPLBACKEND": "Agg"}
    if name == "notebooks":
        del environment["MPLBACKEND"]  # a notebook draws into itself
        environment["PROCTOR_TRUSTED"] = "1"  # these notebooks are ours: proctor.provisioner need not lock them up
    status = subprocess.run([sys.executable, "-m", "pytest", *words, *options], cwd=root, env=environment).returncode
    passed, failed, skipped = count(report)
    if status and not failed:
        failed = 1  # it stopped before it could report, or found no test at all: neither is a pass
    return Result(name, passed, failed, skipped, time.perf_counter() - started)


def _lint(root: Path) -> Result:
    started = time.perf_counter()
    commands = (["format", "--check"], ["check"])
    codes = [subprocess.run([sys.executable, "-m", "ruff", *words, "."], cwd=root).returncode for words in commands]
    failed = sum(code != 0 for code in codes)
    return Result("lint", len(codes) - failed, failed, 0, time.perf_counter() - started)


def main(arguments=None) -> int:
    """The command line; returns 0 if every suite ran and passed, 1 otherwise."""
    parser = argparse.ArgumentParser(prog="python -m proctor.suites", description="Run the test suites.")
    parser.add_argument("suites", nargs="*", metavar="SUITE", help=", ".join(SUITES))
    parser.add_argument("--fast", action="store_true", help="leave out slow, browser and notebook tests")
    parser.add_argument("--workers", type=int, default=2, help="processes for each suite (default: 2)")
    options = parser.parse_args(arguments)
    try:
        results = run(Path.cwd(), options.suites, fast=options.fast, workers=options.workers)
    except ValueError as error:
        parser.error(str(error))
    return 0 if all(result.good for result in results) else 1


if __name__ == "__main__":
    raise SystemExit(main())
