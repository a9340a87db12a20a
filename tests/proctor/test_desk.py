"""The desk: everything is written, nothing twice, and what people enter meanwhile is neither lost nor overlooked."""

import contextlib
import csv
import gc
import subprocess
import sys
import tracemalloc
from pathlib import Path

import nbgrader.api as api
import pytest

from proctor.desk import Desk
from proctor.intake import Problem, Submission
from proctor.marks import GRADED, PARTLY, WAITING
from proctor.masters import read_master
from proctor.results import Journal, Result
from proctor.verdict import Judgement, Verdict

WARMUP = Path(__file__).parent / "files" / "course" / "solutions" / "warmup" / "warmup.md"
VERDICTS = (Verdict("double-one", "double", 1, "pass"), Verdict("double-drawn", "double", 2, "fail", "No."))


@pytest.fixture(scope="module")
def assignment():
    return read_master(WARMUP)


@pytest.fixture
def desk(tmp_path, assignment):
    stamp = tmp_path / "submitted" / "ada" / "warmup" / "timestamp.txt"
    stamp.parent.mkdir(parents=True)
    stamp.write_text("2026-03-01 12:00:00 UTC")
    with Desk(tmp_path, tmp_path / "submitted", assignment) as desk:
        yield desk


def result(assignment, student="ada", answers=(), **more):
    answers = assignment.solutions() | {"why": "Because."} | dict(answers)
    problems = (Problem("renamed", "the notebook has another name"),)
    return Result(Submission(student, answers, problems), Judgement(VERDICTS, **more), {"double": "k"}, 1.5)


def enter(course, student="ada", **scores):
    """What the formgrader does when a person grades."""
    with api.Gradebook(f"sqlite:///{course / 'gradebook.db'}") as book:
        for cell, score in scores.items():
            grade = book.find_grade(cell, "warmup", "warmup", student)
            grade.manual_score, grade.needs_manual_grade = score, False
        book.db.commit()


def files(course):
    trees = ("autograded", "feedback", "grades", "results")
    return {path.relative_to(course): path for tree in trees for path in (course / tree).rglob("*") if path.is_file()}


def page(course, student="ada"):
    return (course / "feedback" / student / "warmup" / "warmup.html").read_text(encoding="utf-8")


def table(course):
    with (course / "grades" / "warmup.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_result_is_written_everywhere(tmp_path, assignment, desk):
    marks = desk.put(result(assignment))
    assert (marks[0].question.id, marks[0].earned, marks[0].state) == ("double", 1, PARTLY)
    assert marks[-1].state == WAITING
    desk.close_books(["ada", "bob"])
    assert {str(path) for path in files(tmp_path)} == {
        "autograded/ada/warmup/timestamp.txt",
        "autograded/ada/warmup/warmup.ipynb",
        "feedback/ada/warmup/warmup.html",
        "grades/warmup.csv",
        "grades/warmup-questions.csv",
        "results/warmup/.lock",
        "results/warmup/ada.json",
    }
    assert [(row["student"], row["score"], row["problems"]) for row in table(tmp_path)] == [
        ("ada", "1", "the notebook has another name")
    ]
    assert Journal(tmp_path, "warmup").read("ada") == result(assignment)
    with api.Gradebook(f"sqlite:///{tmp_path / 'gradebook.db'}") as book:
        assert book.find_submission("warmup", "ada").score == 1.0


def test_without_a_judgement_nothing_is_written(tmp_path, assignment, desk):
    assert desk.put(Result(Submission("bob", {}), None, {}, 0.0, "fault")) == ()
    desk.close_books(["bob"])
    assert not (tmp_path / "autograded").exists() and table(tmp_path) == []


def test_what_is_there_is_not_written_again(tmp_path, assignment, desk):
    def state():
        return {name: path.stat().st_mtime_ns for name, path in files(tmp_path).items()} | {
            "database": (tmp_path / "gradebook.db-wal").stat().st_size
        }

    desk.put(result(assignment))
    desk.close_books(["ada"])
    before = state()
    assert desk.put(result(assignment))[0].earned == 1
    desk.close_books(["ada"])
    assert state() == before


def test_what_was_lost_or_damaged_comes_back(tmp_path, assignment, desk):
    desk.put(result(assignment))
    before = {name: path.read_bytes() for name, path in files(tmp_path).items()}
    for name, path in files(tmp_path).items():
        if name.name != ".lock":
            path.write_bytes(b"") if name.suffix == ".html" else path.unlink()
    desk.put(result(assignment))
    assert {name: path.read_bytes() for name, path in files(tmp_path).items()} == before


def test_a_score_entered_meanwhile_is_shown(tmp_path, assignment, desk):
    """After a put: on the page and in the marks of the next; after the last one: on the page and in the CSV."""
    desk.put(result(assignment))
    enter(tmp_path, why=2.5)
    marks = desk.put(result(assignment))
    assert (marks[-1].earned, marks[-1].state) == (2.5, GRADED) and "3.5 / 8" not in page(tmp_path)
    assert '3.5</span> <span class="of">of 8 points' in page(tmp_path)
    enter(tmp_path, why=3.0, **{"double-drawn": 1.5})
    desk.close_books(["ada"])
    assert table(tmp_path)[0]["score"] == "5.5" and "points set by a grader" in page(tmp_path)


def test_a_changed_answer_asks_for_another_look(tmp_path, assignment, desk):
    desk.put(result(assignment))
    enter(tmp_path, why=2.5)
    assert desk.put(result(assignment))[-1].state == GRADED
    mark = desk.put(result(assignment, answers={"why": "Other <b>words</b>."}))[-1]
    assert (mark.earned, mark.state) == (2.5, WAITING)


def test_another_answer_with_the_same_verdict_asks_for_another_look(tmp_path, assignment, desk):
    desk.put(result(assignment))
    enter(tmp_path, **{"double-drawn": 1.5})
    assert desk.put(result(assignment))[0].state == GRADED
    mark = desk.put(result(assignment, answers={"double": "def double(x): ..."}))[0]
    assert (mark.earned, mark.state) == (2.5, WAITING)


def test_a_time_stamp_without_a_source_goes(tmp_path, assignment, desk):
    desk.put(result(assignment))
    (tmp_path / "submitted" / "ada" / "warmup" / "timestamp.txt").unlink()
    desk.put(result(assignment))
    assert not (tmp_path / "autograded" / "ada" / "warmup" / "timestamp.txt").exists()
    with api.Gradebook(f"sqlite:///{tmp_path / 'gradebook.db'}") as book:
        assert book.find_submission("warmup", "ada").timestamp is None


def test_a_late_penalty_is_in_gradebook_page_and_table(tmp_path, assignment, desk):
    desk.put(result(assignment), late_penalty=lambda score: score / 2)
    desk.close_books(["ada"])
    assert "Handed in late: 0.5 points are taken off" in page(tmp_path)
    assert (table(tmp_path)[0]["score"], table(tmp_path)[0]["late"]) == ("0.5", "0.5")


@pytest.mark.slow
def test_one_process_is_at_the_desk(tmp_path, assignment, desk):
    code = f"""
from pathlib import Path
from proctor.desk import Desk
from proctor.masters import read_master
try:
    Desk(Path({str(tmp_path)!r}), Path({str(tmp_path)!r}), read_master(Path({str(WARMUP)!r}))).__enter__()
except BlockingIOError as error:
    print(error)
"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said == f"another run is grading warmup into {tmp_path}; wait until it has ended\n"


def test_the_desk_is_given_back(tmp_path, assignment):
    for _ in range(2):
        with contextlib.suppress(KeyError), Desk(tmp_path, tmp_path, assignment):
            raise KeyError
    assert not (tmp_path / "gradebook.db-wal").exists()


def test_memory_does_not_grow_with_the_class(tmp_path, assignment, desk):
    def put(numbers):
        students = [f"s{number}" for number in numbers]
        for student in students:
            desk.put(result(assignment, student, {"why": student * 10_000}, outputs={"double": student * 4_000}))
        desk.close_books(students[:1])
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        first, last = put(range(10, 20)), put(range(20, 50))
    finally:
        tracemalloc.stop()
    assert last - first < 60_000  # bytes; thirty results hold a million


# Enters a score for each student in turn, as a person in the formgrader does, until the file named "stop" is there.
GRADER = """
import sys
from pathlib import Path
import nbgrader.api as api

course, rounds = Path(sys.argv[1]), 0
while not (course / "stop").exists() or rounds < 2:
    rounds += 1
    for student in sys.argv[2:]:
        with api.Gradebook(f"sqlite:///{course / 'gradebook.db'}") as book:
            grade = book.find_grade("why", "warmup", "warmup", student)
            assert grade.manual_score == (rounds - 1 or None), (student, rounds, grade.manual_score)
            grade.manual_score, grade.needs_manual_grade = rounds, False
            book.find_comment("why", "warmup", "warmup", student).manual_comment = f"round {rounds}"
            book.db.commit()
print(rounds)
"""


@pytest.mark.slow
def test_the_formgrader_may_write_while_a_class_is_graded(tmp_path, assignment, desk):
    """Both write all the time: no score is lost, nobody finds the database locked."""
    students = [f"s{number}" for number in range(8)]
    for student in students:
        desk.put(result(assignment, student))
    command = [sys.executable, "-c", GRADER, str(tmp_path), *students]
    grader = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        for number in range(16):
            for student in students:  # verdicts and answers change, so that both sides have something to write
                answers = {"counter": f"class Counter: ...  # {number}"}
                outputs = {"double": str(number)} if number % 2 else {}
                desk.put(result(assignment, student, answers, outputs=outputs))
                if number % 2:
                    desk.put(Result(Submission(student, answers | {"why": "Because."}), Judgement(()), {}, 0.0))
    finally:
        (tmp_path / "stop").touch()
        said, complaints = grader.communicate(timeout=60)
    assert (grader.returncode, complaints) == (0, "")
    for student in students:
        mark = desk.put(result(assignment, student))[-1]
        assert (mark.earned, mark.state, mark.comment) == (float(said), GRADED, f"round {int(said)}")
