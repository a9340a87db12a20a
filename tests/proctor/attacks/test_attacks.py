"""Every attack of ``cases/``, in one class that is graded once: each gets what is due to it, and nothing else."""

import csv
import json
import os
import sys
import time
from pathlib import Path

import pytest
from attack_cases import FULL, HERE, NAME, read_attacks
from attack_class import HONEST, MAX_BYTES, Reader, Scene, beside, dangers, page, rows, secrets_in, size

from proctor.results import Journal
from proctor.sandbox import HOW_TO, sandbox_problem

ROOT = Path(__file__).parents[3]
ATTACKS = read_attacks()
LONGEST = 1500  # seconds that a worker of pytest waits for another one to grade the class
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")


@pytest.fixture(scope="session")
def graded(request, tmp_path_factory):
    """The course's folder after grading, and what was found; graded by whichever worker of pytest comes first."""
    if sys.platform != "linux" or (reason := sandbox_problem()):
        pytest.fail(f"{HOW_TO} ({reason})")
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "attacks"
    report = folder / "report.json"
    try:
        folder.mkdir()
    except FileExistsError:
        deadline = time.monotonic() + LONGEST
        while not report.exists() and time.monotonic() < deadline:
            time.sleep(0.2)
    else:
        asked = {item.callspec.params["attack"].id for item in request.session.items if hasattr(item, "callspec")
                 and "attack" in item.callspec.params}  # fmt: skip
        found = {"error": "grading failed"}
        try:
            found = Scene(folder, [attack for attack in ATTACKS if attack.id in asked]).grade()
        finally:
            report.with_suffix(".new").write_text(json.dumps(found))
            report.with_suffix(".new").rename(report)
    found = json.loads(report.read_text())
    assert "error" not in found, found
    return folder / "course", found


def earned(course, student):
    result = Journal(course, NAME).read(student)
    return None if result is None else result.judgement.earned


@pytest.mark.slow
@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.id)
def test_attack(graded, attack):
    course, found = graded
    result = Journal(course, NAME).read(attack.name)
    if attack.fault and attack.name in found["faults"]:
        return
    assert attack.name not in found["faults"] and result is not None, "it has no score"
    verdicts = [(verdict.cell, verdict.kind, verdict.message[:200]) for verdict in result.judgement.verdicts]
    assert result.judgement.earned in attack.due, verdicts
    kinds = {verdict.kind for verdict in result.judgement.of("gap")} - {"not-run"}
    assert not attack.kinds or kinds <= set(attack.kinds), verdicts
    assert set(attack.problems) <= {problem.code for problem in result.submission.problems}
    shown, told = page(course, attack.name), rows(course, attack.name)
    assert shown, "no page was written"
    assert secrets_in(shown + told + beside(course, attack.name), course) == []
    assert [text for text in attack.absent if text in shown] == []
    assert [text for text in attack.absent if text in told and not text.startswith("<")] == []  # a table is no page
    assert dangers(course, attack.name) == []
    assert size(course, attack.name) <= MAX_BYTES
    assert attack.id not in found["harm"]
    assert not [name for name in found["waited"] if name.startswith(attack.name)], "the grader waited at a pipe"
    if attack.giver:
        assert earned(course, f"{attack.id}-giver") == FULL


@pytest.mark.slow
def test_honest_students_keep_everything(graded):
    course, _ = graded
    for student in HONEST:
        result = Journal(course, NAME).read(student)
        assert result.judgement.earned == FULL and result.submission.problems == () and dangers(course, student) == []


@pytest.mark.slow
def test_nothing_is_left_behind(graded):
    _, found = graded
    assert {key: value for key, value in found.items() if value and key not in ("faults", "waited")} == {}


@pytest.mark.slow
def test_only_a_name_that_cannot_be_written_is_a_fault(graded):
    _, found = graded
    assert set(found["faults"]) <= {attack.name for attack in ATTACKS if attack.fault}


@pytest.mark.slow
def test_no_table_holds_a_formula(graded):
    course, _ = graded
    tables = list((course / "grades").glob("*.csv"))
    assert len(tables) == 2
    for table in tables:
        with table.open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file))
        assert len({len(row) for row in rows}) == 1, "a row was added or broken"
        for cell in (cell for row in rows for cell in row):
            assert cell[:1] not in tuple("=+-@|%\t\r\n") or cell.lstrip("+-").replace(".", "").isdigit(), cell


def test_the_published_table_is_current():
    stored = json.loads((ROOT / "book" / "_static" / "attacks.json").read_text(encoding="utf-8"))["attacks"]
    shown = {row["id"]: (row["tries"], row["digest"]) for row in stored}
    again = "run benchmarks/attacks.py --write"
    assert shown == {attack.id: (attack.tries, attack.digest) for attack in ATTACKS}, again
    assert {row["id"]: row["here"] for row in stored if row["here"] not in ("resisted", "fair")} == {}, again
    assert {row["id"] for row in stored if row["plain"] == "not tried"} == {a.id for a in ATTACKS if a.unfit}, again


def test_the_cases_are_well_formed():
    assert len({attack.id for attack in ATTACKS}) == len({attack.name for attack in ATTACKS}) == len(ATTACKS) >= 60
    for attack in ATTACKS:
        assert attack.tries.endswith(".") and max(attack.due) <= FULL and "/" not in attack.name, attack.id
        assert any(
            (attack.code, attack.deed, attack.answers, attack.giver, attack.notebook, attack.folder, attack.student)
        )
    assert len(list((HERE / "cases").glob("*.toml"))) == len({attack.family for attack in ATTACKS})


@pytest.mark.parametrize(
    "text",
    [
        "<script>x</script>",
        "<p onclick='x'>",
        "<svg/onload=x>",
        "<a href='java\tscript:x'>",
        "<a href='java&#115;cript:x'>",
        "<iframe srcdoc='x'>",
        "<img src=x onerror=x>",
    ],
)
def test_what_could_run_is_found(text):
    assert Reader.dangers_in(f"<p>{text}") and not Reader.dangers_in("<p class='on'>a &lt;script&gt; <b>b</b></p>")
