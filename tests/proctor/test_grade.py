"""Grading a class: everybody gets a result, nobody stops another, and an interrupted run goes on where it was."""

import csv
import os
import shutil
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from proctor import desk, local_grader
from proctor import grade as grading
from proctor.grade import grade, plan
from proctor.handed_in import find_submissions, find_unjudged
from proctor.intake import parse
from proctor.masters import MasterError, read_master
from proctor.policy import read_policy
from proctor.release import notebook_text, release_notebook
from proctor.results import Journal
from proctor.sandbox import HOW_TO, SandboxMissing, sandbox_problem
from proctor.scores import read_scores
from proctor.sitting import SittingError
from proctor.verdict import Judgement, Verdict
from proctor.zygote import ZygoteLost

COURSE = Path(__file__).parent / "files" / "course"
MASTER = read_master(COURSE / "solutions" / "warmup" / "warmup.md")
RIGHT = MASTER.solutions()
CLASS = {
    "ada": RIGHT,
    "bob": RIGHT | {"double": "def double(x):\n    return x * x"},
    "carl": MASTER.stubs(),
    "dora": RIGHT | {"counter": "while True: pass"},
    "emil": RIGHT | {"double": "__import__('os')._exit(1)"},
    "fritz": RIGHT | {"double": "raise ValueError('\\ud800 <script>alert(1)</script>')"},
}
# Without counter-adds where `double`, which it uses, does not work.
SCORES = {"ada": 5, "bob": 0, "carl": 0, "dora": 3, "emil": 0, "fritz": 0, "gina": 0, "hans": 0, "ida": 0, "jan": 0}


def hand_in(folder, student, answers):
    notebook = release_notebook(MASTER)
    for cell in notebook.cells:
        cell.source = answers.get(cell.id, cell.source)
    path = folder / student / "warmup" / "warmup.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(notebook_text(notebook))


@pytest.fixture
def course(tmp_path):
    shutil.copytree(COURSE / "solutions", tmp_path / "solutions")
    for student, answers in CLASS.items():
        hand_in(tmp_path / "submitted", student, answers)
    for student in ("gina", "hans", "ida"):
        (tmp_path / "submitted" / student / "warmup").mkdir(parents=True)
    (tmp_path / "submitted" / "gina" / "warmup" / "warmup.ipynb").write_bytes(b"\x89PNG\x00")
    os.symlink("/etc/passwd", tmp_path / "submitted" / "ida" / "warmup" / "warmup.ipynb")
    (tmp_path / "submitted" / "jan").mkdir()
    os.symlink("/", tmp_path / "submitted" / "jan" / "warmup")
    return tmp_path


def scores(graded):
    journal = Journal(graded.directory, "warmup")
    return {row.student: journal.read(row.student).judgement.earned for row in graded.rows}


def reused(graded):
    return {row.student for row in graded.rows if row.reused}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_a_class(course, monkeypatch):
    if sys.platform == "linux" and (reason := sandbox_problem()):
        pytest.fail(f"{HOW_TO} ({reason})")
    sandboxed = sys.platform == "linux"

    # The first run is interrupted after three results.
    seen = []

    def interrupt(row, total):
        seen.append((row.student, total))
        if len(seen) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        grade(course, "warmup", jobs=2, sandboxed=sandboxed, on_result=interrupt)
    written = {student for student in SCORES if Journal(course, "warmup").read(student)}
    assert written == {student for student, _ in seen} and all(total == 10 for _, total in seen)

    # A damaged file of the journal counts as not there; the second run judges what is missing, and only that.
    lost = sorted(written)[0]
    (course / "results" / "warmup" / f"{lost}.json").write_text("{")
    graded = grade(course, "warmup", jobs=2, sandboxed=sandboxed)
    assert graded.faults == [] and reused(graded) >= written - {lost}
    assert [row.student for row in graded.rows] == sorted(SCORES) and scores(graded) == SCORES
    codes = {row.student: row.problems for row in graded.rows}
    assert codes["gina"] == ("not-a-notebook",) and codes["hans"] == ("missing",)
    assert codes["ida"] == codes["jan"] == ("not-a-file",) and codes["ada"] == ()
    judgements = {student: Journal(course, "warmup").read(student).judgement for student in SCORES}
    assert [verdict.kind for verdict in judgements["dora"].of("counter")] == ["timeout"]
    assert [verdict.kind for verdict in judgements["emil"].of("double")] == ["crash", "not-run"]

    # Everything is written: gradebook, feedback without hidden tests or scripts, CSV.
    with closing(sqlite3.connect(course / "gradebook.db")) as database:
        assert database.execute("select count(*) from student").fetchone() == (10,)
    for student in SCORES:
        pages = list((course / "feedback" / student / "warmup").glob("*.html"))
        assert len(pages) == 1
        text = pages[0].read_text(encoding="utf-8")
        assert "secret_value" not in text and "<script>alert" not in text and "root:" not in text
    tables = list((course / "grades").glob("*.csv"))
    assert tables and all(list(csv.reader(table.open(encoding="utf-8"))) for table in tables)
    first = {path: path.read_bytes() for path in [*tables, *(course / "results").rglob("*.json")]}

    # Nothing changed: everything is reused. One answer changed: that one is judged.
    again = grade(course, "warmup", jobs=2, sandboxed=sandboxed)
    assert reused(again) == set(SCORES) and scores(again) == SCORES
    assert {path: path.read_bytes() for path in first} == first
    hand_in(course / "submitted", "carl", RIGHT)  # which Ada's is too
    changed = grade(course, "warmup", jobs=1, sandboxed=sandboxed)
    assert reused(changed) == set(SCORES) and scores(changed) == SCORES | {"carl": 5}

    # What cannot be written is a fault of its own submission, and judged again.
    write = desk.write_feedback

    def odd(folder, assignment, submission, *rest):
        if submission.student == "bob":
            raise OSError("disk is odd")
        return write(folder, assignment, submission, *rest)

    monkeypatch.setattr(desk, "write_feedback", odd)
    partial = grade(course, "warmup", jobs=1, sandboxed=sandboxed)
    assert [(row.student, row.fault) for row in partial.faults] == [
        ("bob", "could not be written: OSError: disk is odd")
    ]
    assert len(partial.rows) == 10


def test_wrong_use_is_named(tmp_path, course, monkeypatch):
    with pytest.raises(MasterError, match="there are: warmup"):
        grade(course, "gone")
    with pytest.raises(FileNotFoundError, match=r"expected .*nowhere/<student>/warmup/warmup.ipynb, found none"):
        grade(course, "warmup", submissions=tmp_path / "nowhere")
    monkeypatch.setattr(grading.sandbox, "sandbox_problem", lambda: "it is not there")
    with pytest.raises(SandboxMissing, match=r"apt-get install bubblewrap.*\(it is not there\)"):
        grade(course, "warmup")
    assert not (course / "gradebook.db").exists()


def test_submissions_are_found_in_order_and_none_is_overlooked(course):
    (course / "submitted" / ".DS_Store").mkdir()
    (course / "submitted" / "notes.txt").write_text("")
    (course / "submitted" / "kim" / "other").mkdir(parents=True)
    (course / "submitted" / "zoe").mkdir()
    (course / "submitted" / "zoe" / "warmup").write_text("a file in the folder's place")
    assert list(find_submissions(course / "submitted", "warmup")) == [*sorted(SCORES), "zoe"]
    assert find_submissions(course / "nowhere", "warmup") == {}


def test_a_plan_says_what_would_be_judged_and_writes_nothing(course):
    before = {path for path in course.rglob("*") if path.name != ".course-secret"}
    assert plan(course, "warmup") == dict.fromkeys(sorted(SCORES), True)
    assert {path for path in course.rglob("*") if path.name != ".course-secret"} == before


class Sittings:
    """Stands in for the zygote and for ``sit``: ``judge(student)`` says what happens, a Judgement or an exception."""

    def __init__(self, monkeypatch, judge):
        self.asked, self.started, self.judge = [], 0, judge
        self.forbids = MASTER.forbids
        monkeypatch.setattr(grading, "Zygote", lambda *args, **kwargs: self)
        monkeypatch.setattr(local_grader.Zygote, "of", self.prepare_for)
        monkeypatch.setattr(local_grader, "sit", self.sit)
        self.started = -2  # the one that was started ahead is closed twice

    def prepare_for(self, *args, **kwargs):
        return self

    def settled(self):
        return self

    def close(self):
        self.started += 1

    def sit(self, zygote, paper, ask, core=None):
        submission = parse(paper.data, paper.assignment, paper.student, paper.problems)
        questions = ask(submission)
        self.asked.append((paper.student, tuple(questions)))
        if not questions:
            return submission, None
        outcome = self.judge(paper.student)
        if isinstance(outcome, Exception):
            raise outcome
        tests = [cell for question in MASTER.questions for cell in question.tests if cell.question in questions]
        return submission, Judgement(tuple(Verdict(cell.id, cell.question, cell.points, outcome) for cell in tests))


@pytest.fixture
def small(tmp_path):
    """A course with three students, two of whom did the same work."""
    shutil.copytree(COURSE / "solutions", tmp_path / "solutions")
    for student, answers in {"ada": RIGHT, "bob": RIGHT, "carl": RIGHT | {"counter": "1"}}.items():
        hand_in(tmp_path / "submitted", student, answers)
    return tmp_path


def outcomes(graded):
    return {row.student: (sum(row.kinds.values()), row.reused, row.fault) for row in graded.rows}


def test_the_same_work_is_judged_once_and_what_changed_again(small, monkeypatch):
    sittings = Sittings(monkeypatch, lambda student: "pass")
    assert not grade(small, "warmup", jobs=1, sandboxed=False).faults
    # Carl's first question is Ada's; only the others are his own.
    assert sittings.asked[0] == ("ada", ("double", "counter")) and sittings.asked[1] == ("bob", ())
    assert sittings.asked[2] == ("carl", ("counter",))

    sittings.asked.clear()
    again = grade(small, "warmup", jobs=1, sandboxed=False)
    assert sittings.asked == [] and all(row.reused for row in again.rows)

    # One test is mended: only its question is judged again.
    path = small / "solutions" / "warmup" / "warmup.md"
    text = path.read_text(encoding="utf-8")
    last = MASTER.question("counter").tests[-1].source
    path.write_text(text.replace(last, last + "\n# mended"), encoding="utf-8")
    grade(small, "warmup", jobs=1, sandboxed=False)
    assert sittings.asked == [("ada", ("counter",)), ("bob", ()), ("carl", ("counter",))]

    sittings.asked.clear()
    grade(small, "warmup", jobs=1, sandboxed=False, force=True)
    assert sittings.asked[0] == ("ada", ("double", "counter"))


def test_a_lost_zygote_is_replaced_and_costs_nobody_anything(small, monkeypatch):
    lost = iter([ZygoteLost("gone")])
    sittings = Sittings(monkeypatch, lambda student: next(lost, "pass"))
    assert grade(small, "warmup", jobs=1, sandboxed=False).faults == [] and sittings.started == 1


def test_whoever_cannot_be_judged_is_the_only_one_without_a_score(small, monkeypatch):
    sittings = Sittings(monkeypatch, lambda student: SittingError("odd") if student == "ada" else "pass")
    graded = grade(small, "warmup", jobs=1, sandboxed=False)
    assert [(row.student, row.fault) for row in graded.faults] == [("ada", "SittingError: odd")]
    assert [asked for asked in sittings.asked if asked[0] == "ada"] == [("ada", ("double", "counter"))]
    assert Journal(small, "warmup").students() == ["bob", "carl"]
    sittings.judge = lambda student: "pass"
    assert grade(small, "warmup", jobs=1, sandboxed=False).faults == []


def best_of(course, monkeypatch, kinds, deadline=1):
    """Half of the points after the deadline; Ada hands in on the days that ``kinds`` names, and gets these verdicts."""
    (course / "grading.toml").write_text(
        '[attempts]\nkeep = "best"\n[late]\nsteps = [{after_hours = 0, percent = 50}]\n'
        f"[deadlines]\nwarmup = 2026-10-{deadline:02}T00:00:00Z\n"
    )
    for number in kinds:
        hand_in(course / "attempts" / "ada" / "warmup", number, RIGHT | {"double": f"# {number}"})
        folder = course / "attempts" / "ada" / "warmup" / number
        shutil.move(folder / "warmup" / "warmup.ipynb", folder / "warmup.ipynb")
        (folder / "timestamp.txt").write_text(f"2026-10-{int(number):02} 12:00:00 UTC")
        shutil.copytree(folder, course / "submitted" / "ada" / "warmup", dirs_exist_ok=True)
    current = list(kinds)
    Sittings(monkeypatch, lambda student: "pass" if student != "ada" else kinds[current.pop(0)])
    return grade(course, "warmup", jobs=1, sandboxed=False, force=True)


def test_of_several_attempts_the_best_counts_and_lateness_costs(small, monkeypatch):
    graded = best_of(small, monkeypatch, {"1": "fail", "2": "pass", "10": "fail"})
    assert Journal(small, "warmup").read("ada").judgement.earned == MASTER.points - MASTER.question("why").points
    table = (small / "grades" / "warmup.csv").read_text(encoding="utf-8").splitlines()
    (row,) = [row for row in csv.DictReader(table) if row["student"] == "ada"]
    assert float(row["late"]) == graded.rows[0].earned / 2 == float(row["score"]) > 0


def test_the_export_takes_off_what_grading_took_off(small, monkeypatch):
    """The first attempt counts and was in time; that the last one was not is no matter."""
    graded = best_of(small, monkeypatch, {"1": "pass", "10": "fail"}, deadline=5)
    (ada,) = [score for score in read_scores(small, "warmup", read_policy(small)) if score.student == "ada"]
    assert (ada.earned, ada.late) == (graded.rows[0].earned, 0.0) and ada.earned > 0
    assert find_unjudged(small / "submitted", "warmup", read_policy(small)) == set()


def test_an_attempt_that_could_not_be_judged_is_not_counted_as_wrong(small, monkeypatch):
    graded = best_of(small, monkeypatch, {"1": "fail", "2": SittingError("odd"), "3": "fail"}, deadline=5)
    assert [(row.student, row.fault) for row in graded.faults] == [("ada", "SittingError: odd")]
    assert Journal(small, "warmup").students() == ["bob", "carl"]
    graded = best_of(small, monkeypatch, {"1": "fail", "2": "pass", "3": "fail"}, deadline=5)
    assert graded.faults == [] and Journal(small, "warmup").read("ada").judgement.earned == 5


def test_a_new_attempt_that_could_not_be_judged_is_noticed(small, monkeypatch):
    best_of(small, monkeypatch, {"1": "pass", "2": "fail"}, deadline=5)
    graded = best_of(small, monkeypatch, {"1": "pass", "2": "fail", "3": SittingError("odd")}, deadline=5)
    assert [row.student for row in graded.faults] == ["ada"]
    assert find_unjudged(small / "submitted", "warmup", read_policy(small)) == {"ada"}
    hand_in(small / "submitted", "bob", RIGHT | {"double": "# newer"})
    assert find_unjudged(small / "submitted", "warmup", read_policy(small)) == {"ada", "bob"}
