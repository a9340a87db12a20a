"""The gradebook: what nbgrader reads back is what was judged, and what a person entered stays."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import nbgrader.api as api
import pytest

from proctor import gradebook
from proctor.gradebook import NO_RESPONSE, Gradebook
from proctor.intake import Submission
from proctor.marks import Manual
from proctor.masters import read_master
from proctor.verdict import Judgement, Verdict

WARMUP = Path(__file__).parent / "files" / "course" / "solutions" / "warmup" / "warmup.md"
ANSWERS = {
    "double": "def double(x):\n    return x + 1",
    "counter": "class Counter: pass",
    "why": "It cannot be learned.",
}
VERDICTS = (
    Verdict("double-one", "double", 1, "pass"),
    Verdict("double-drawn", "double", 2, "fail", "double(x): got 4, which is not right."),
    Verdict("counter-adds", "counter", 2, "error", "AttributeError: no add"),
)


@pytest.fixture
def assignment():
    return read_master(WARMUP)


@pytest.fixture
def submission():
    return Submission("ada", dict(ANSWERS))


@pytest.fixture
def book(tmp_path, assignment):
    with Gradebook(tmp_path) as book:
        book.add_assignment(assignment)
        yield book


def grades(tmp_path, student="ada"):
    with api.Gradebook(f"sqlite:///{tmp_path / 'gradebook.db'}") as book:
        notebook = book.find_submission_notebook("warmup", "warmup", student)
        return {
            grade.name: (grade.auto_score, grade.manual_score, grade.needs_manual_grade) for grade in notebook.grades
        }


def comments(tmp_path, student="ada"):
    with api.Gradebook(f"sqlite:///{tmp_path / 'gradebook.db'}") as book:
        notebook = book.find_submission_notebook("warmup", "warmup", student)
        return {comment.name: (comment.auto_comment, comment.manual_comment) for comment in notebook.comments}


def recorded_time(tmp_path, student="ada"):
    with api.Gradebook(f"sqlite:///{tmp_path / 'gradebook.db'}") as book:
        return book.find_submission("warmup", student).timestamp


def enter(tmp_path, cell, score=None, comment=None, student="ada"):
    """What the formgrader does when a person grades."""
    with api.Gradebook(f"sqlite:///{tmp_path / 'gradebook.db'}") as book:
        if score is not None:
            grade = book.find_grade(cell, "warmup", "warmup", student)
            grade.manual_score, grade.needs_manual_grade = score, False
        if comment is not None:
            book.find_comment(cell, "warmup", "warmup", student).manual_comment = comment
        book.db.commit()


def record(book, assignment, submission, judgement, **more):
    return book.record(assignment, submission, judgement, before=ANSWERS, **more)


def test_scores_are_what_was_judged(tmp_path, book, assignment, submission):
    record(book, assignment, submission, Judgement(VERDICTS))
    assert grades(tmp_path) == {
        "double-one": (1.0, None, False),
        "double-drawn": (0.0, None, False),
        "counter-adds": (0.0, None, False),
        "why": (None, None, True),
    }
    assert comments(tmp_path)["double"] == ("double-drawn: double(x): got 4, which is not right.", None)
    with api.Gradebook(f"sqlite:///{tmp_path / 'gradebook.db'}") as theirs:
        found = theirs.find_submission("warmup", "ada")
        assert (found.score, found.max_score, found.needs_manual_grade) == (1.0, 8.0, True)


def test_a_cell_without_a_verdict_is_zero_and_not_null(tmp_path, book, assignment):
    record(book, assignment, Submission("bob", {}), Judgement(()))
    assert {score for score, _, _ in grades(tmp_path, "bob").values()} == {0.0}
    assert not any(waits for _, _, waits in grades(tmp_path, "bob").values())
    assert comments(tmp_path, "bob")["double"] == (NO_RESPONSE, None)


def test_manual_grades_survive_grading_again(tmp_path, book, assignment, submission):
    record(book, assignment, submission, Judgement(VERDICTS))
    enter(tmp_path, "why", score=2.5, comment="Nearly.")
    enter(tmp_path, "double-drawn", score=1.0)
    record(book, assignment, submission, Judgement(VERDICTS))
    assert grades(tmp_path)["why"] == (None, 2.5, False)
    assert grades(tmp_path)["double-drawn"] == (0.0, 1.0, False)
    assert comments(tmp_path)["why"] == (None, "Nearly.")
    assert book.manual(assignment, "ada") == {"why": Manual(2.5, "Nearly."), "double-drawn": Manual(1.0)}


def test_a_changed_answer_or_verdict_asks_for_another_look(tmp_path, book, assignment, submission):
    record(book, assignment, submission, Judgement(VERDICTS))
    enter(tmp_path, "why", score=2.5)
    enter(tmp_path, "double-drawn", score=1.0)
    passed = (VERDICTS[0], replace(VERDICTS[1], kind="pass"), VERDICTS[2])
    record(book, assignment, replace(submission, answers={**ANSWERS, "why": "Other words."}), Judgement(passed))
    assert grades(tmp_path)["why"] == (None, 2.5, True)
    assert grades(tmp_path)["double-drawn"] == (2.0, 1.0, True)


def test_another_answer_with_the_same_verdicts_asks_for_another_look(tmp_path, book, assignment, submission):
    record(book, assignment, submission, Judgement(VERDICTS))
    enter(tmp_path, "double-drawn", score=1.0)
    enter(tmp_path, "counter-adds", score=1.0)
    other = {**ANSWERS, "double": "def double(x):\n    return x + 2"}
    record(book, assignment, replace(submission, answers=other), Judgement(VERDICTS))
    found = grades(tmp_path)
    assert found["double-drawn"] == (0.0, 1.0, True) and found["double-one"] == (1.0, None, False)
    assert found["counter-adds"] == (0.0, 1.0, False)  # of another question


def test_a_failure_in_the_middle_writes_nothing(tmp_path, book, assignment, submission, monkeypatch):
    def fail(*_):
        raise RuntimeError("disk full")

    monkeypatch.setattr(gradebook, "auto_comment", fail)
    with pytest.raises(RuntimeError, match="disk full"):
        record(book, assignment, submission, Judgement(VERDICTS))
    monkeypatch.undo()
    with closing(sqlite3.connect(tmp_path / "gradebook.db")) as database:
        assert database.execute("select count(*) from submitted_assignment").fetchone() == (0,)
        assert database.execute("select count(*) from student").fetchone() == (0,)
    record(book, assignment, submission, Judgement(VERDICTS))
    assert grades(tmp_path)["double-one"] == (1.0, None, False)


def test_a_late_penalty_is_where_nbgrader_looks_for_it(tmp_path, book, assignment, submission):
    def penalty():
        with api.Gradebook(f"sqlite:///{tmp_path / 'gradebook.db'}") as theirs:
            assert theirs.find_submission("warmup", "ada").late_submission_penalty == pytest.approx(
                theirs.find_submission_notebook("warmup", "warmup", "ada").late_submission_penalty or 0.0
            )
            return theirs.find_submission_notebook("warmup", "warmup", "ada").late_submission_penalty

    assert record(book, assignment, submission, Judgement(VERDICTS))[1] == 0.0 and penalty() is None
    assert record(book, assignment, submission, Judgement(VERDICTS), late_penalty=0.5)[1] == 0.5 and penalty() == 0.5
    assert record(book, assignment, submission, Judgement(VERDICTS), late_penalty=None)[1] == 0.5 and penalty() == 0.5
    enter(tmp_path, "why", score=3.0)
    assert record(book, assignment, submission, Judgement(VERDICTS), late_penalty=lambda score: score / 4)[1] == 1.0
    assert book.late_penalty(assignment, "ada") == penalty() == 1.0 and book.late_penalty(assignment, "bob") == 0.0
    assert record(book, assignment, submission, Judgement(VERDICTS), late_penalty=lambda score: 99.0)[1] == 4.0
    assert record(book, assignment, submission, Judgement(VERDICTS))[1] == 0.0 and penalty() is None


def test_what_is_there_already_is_not_written_again(tmp_path, book, assignment, submission):
    def written():
        return (tmp_path / "gradebook.db-wal").stat().st_size

    record(book, assignment, submission, Judgement(VERDICTS))
    before = written()
    assert before > 0
    record(book, assignment, submission, Judgement(VERDICTS))
    assert written() == before


def test_a_reader_does_not_keep_the_writer_waiting(tmp_path, book, assignment, submission):
    """The formgrader may be open, in the middle of reading, while a class is graded."""
    with closing(sqlite3.connect(tmp_path / "gradebook.db", isolation_level=None)) as reader:
        reader.execute("begin")
        assert reader.execute("select count(*) from grade").fetchone() == (0,)
        record(book, assignment, submission, Judgement(VERDICTS))
        assert reader.execute("select count(*) from grade").fetchone() == (0,)
        reader.execute("rollback")
        assert reader.execute("select count(*) from grade").fetchone() == (4,)


@pytest.mark.slow
def test_the_cells_are_those_of_generate_assignment(tmp_path, assignment):
    """Our rows and nbgrader's own SaveCells agree, checksums included."""
    from proctor.release import notebook_text, source_notebook

    for place in ("ours", "theirs"):
        (tmp_path / place).mkdir()
    with Gradebook(tmp_path / "ours") as book:
        book.add_assignment(assignment)
    source = tmp_path / "theirs" / "source" / "warmup" / "warmup.ipynb"
    source.parent.mkdir(parents=True)
    source.write_text(notebook_text(source_notebook(assignment)))
    command = [sys.executable, "-m", "nbgrader", "generate_assignment", "warmup"]
    environment = {"PATH": str(Path(sys.executable).parent), "HOME": str(tmp_path), "JUPYTER_NO_CONFIG": "1"}
    subprocess.run(command, cwd=tmp_path / "theirs", env=environment, check=True, capture_output=True)

    def cells(place):
        with api.Gradebook(f"sqlite:///{tmp_path / place / 'gradebook.db'}") as book:
            notebook = book.find_notebook("warmup", "warmup")
            return (
                {cell.name: (cell.max_score, cell.cell_type) for cell in notebook.grade_cells},
                {cell.name for cell in notebook.solution_cells},
                {
                    cell.name: (cell.source, cell.locked, cell.checksum, cell.cell_type)
                    for cell in notebook.source_cells
                },
            )

    def version(place):
        with closing(sqlite3.connect(tmp_path / place / "gradebook.db")) as database:
            return database.execute("select version_num from alembic_version").fetchall()

    assert cells("ours") == cells("theirs")
    assert version("ours") == version("theirs")


def test_a_new_version_of_an_assignment_keeps_submissions(tmp_path, book, assignment, submission):
    record(book, assignment, submission, Judgement(VERDICTS))
    longer = _master(tmp_path, WARMUP.read_text().replace(":tests: counter-adds 2", ":tests: counter-counts 4"))
    book.add_assignment(longer)
    assert grades(tmp_path)["counter-counts"] == (0.0, None, True)
    assert "counter-adds" not in grades(tmp_path)
    mended = replace(VERDICTS[2], cell="counter-counts", kind="pass")
    record(book, longer, submission, Judgement((*VERDICTS[:2], mended)))
    assert grades(tmp_path)["counter-counts"] == (2.0, None, False)


def test_a_new_version_never_drops_what_a_person_entered(tmp_path, book, assignment, submission):
    record(book, assignment, submission, Judgement(VERDICTS))
    enter(tmp_path, "counter-adds", score=2.0)
    shorter = _master(tmp_path, WARMUP.read_text().replace(":tests: counter-adds 2", ":tests: counter-counts 4"))
    with pytest.raises(ValueError, match=r"counter-adds.*put the cell back"):
        book.add_assignment(shorter)
    assert grades(tmp_path)["counter-adds"] == (0.0, 2.0, False)


def test_the_time_stamp_follows_the_submission(tmp_path, book, assignment, submission):
    stamp = tmp_path / "submitted" / "ada" / "warmup" / "timestamp.txt"
    stamp.parent.mkdir(parents=True)
    for text in ("2026-03-01 12:00:00 UTC", "no date", "2026-03-01T14:00:00+02:00", None):
        stamp.unlink() if text is None else stamp.write_text(text)
        record(book, assignment, submission, Judgement(VERDICTS))
        assert recorded_time(tmp_path) == (datetime(2026, 3, 1, 12) if text and "2026" in text else None)


def test_the_time_is_that_of_the_attempt_that_counts(tmp_path, book, assignment, submission):
    for folder, day in (("submitted/ada/warmup", 3), ("attempts/ada/warmup/1", 1)):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "timestamp.txt").write_text(f"2026-03-0{day} 12:00:00 UTC")
    record(book, assignment, submission, Judgement(VERDICTS), counts=tmp_path / "attempts" / "ada" / "warmup" / "1")
    assert recorded_time(tmp_path) == datetime(2026, 3, 1, 12)
    record(book, assignment, submission, Judgement(VERDICTS))
    assert recorded_time(tmp_path) == datetime(2026, 3, 3, 12)


def _master(tmp_path, text):
    path = tmp_path / "warmup.md"
    path.write_text(text)
    return read_master(path)
