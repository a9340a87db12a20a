"""Rows written in plain SQL are those that nbgrader's own methods make, and are found along its indexes."""

from pathlib import Path

import nbgrader.api as api
import pytest

from proctor import gradebook_rows
from proctor.database import open_book
from proctor.gradebook import Gradebook
from proctor.gradebook_rows import Row, Rows, complete
from proctor.marks import Manual
from proctor.masters import read_master

WARMUP = Path(__file__).parent / "files" / "course" / "solutions" / "warmup" / "warmup.md"


@pytest.fixture
def url(tmp_path):
    with Gradebook(tmp_path) as book:
        book.add_assignment(read_master(WARMUP))
    return f"sqlite:///{tmp_path / 'gradebook.db'}"


@pytest.fixture
def connection(url):
    book = open_book(url)
    with book.engine.connect() as connection:
        yield connection
    book.close()


def columns(row, *skipped):
    names = [column.name for column in row.__table__.columns if not column.name.endswith("id")]
    return {name: getattr(row, name) for name in names if name not in skipped}


def seen_by_nbgrader(url, student):
    """Every column of a student's rows but ids; a new grade of nbgrader's has no score where ours has 0."""
    with api.Gradebook(url) as book:
        submission = book.find_submission("warmup", student)
        [notebook] = submission.notebooks
        assert {len(row.id) for row in (submission, notebook, *notebook.grades, *notebook.comments)} == {32}
        return (
            columns(book.find_student(student)),
            columns(submission),
            columns(notebook),
            {grade.name: columns(grade, "auto_score") for grade in notebook.grades},
            {comment.name: columns(comment) for comment in notebook.comments},
        )


@pytest.mark.filterwarnings("ignore:Object of type")  # of nbgrader's own making
def test_new_rows_are_those_of_add_submission(url, connection):
    rows = Rows.find_or_add(connection, "warmup", "ours")
    connection.commit()
    assert set(rows.grades) == {"double-one", "double-drawn", "counter-adds", "why"}
    assert set(rows.comments) == {"double", "counter", "why"}
    with api.Gradebook(url) as book:
        book.add_student("theirs")
        book.add_submission("warmup", "theirs")
    assert seen_by_nbgrader(url, "ours") == seen_by_nbgrader(url, "theirs")
    assert Rows.find(connection, "warmup", "theirs").grades["why"].auto is None
    assert Rows.find(connection, "warmup", "nobody") is None and Rows.find(connection, "other", "ours") is None


def test_missing_rows_are_added_and_others_stay(connection):
    rows = Rows.find_or_add(connection, "warmup", "ada")
    rows.grades["why"].auto = 2.0
    rows.write(None, None)
    connection.exec_driver_sql("DELETE FROM grade WHERE id = ?", (rows.grades["double-one"].id,))
    connection.exec_driver_sql("DELETE FROM comment WHERE id = ?", (rows.comments["why"].id,))
    assert "double-one" not in Rows.find(connection, "warmup", "ada").grades
    complete(connection, "id", rows._found.submitted)
    again = Rows.find(connection, "warmup", "ada")
    assert again.grades["double-one"].auto == 0.0 and again.grades["why"].auto == 2.0 and "why" in again.comments


def test_the_machines_part_is_written_and_a_persons_stays(connection):
    rows = Rows.find_or_add(connection, "warmup", "ada")
    id = rows.grades["double-drawn"].id
    connection.exec_driver_sql("UPDATE grade SET manual_score = 1.5, extra_credit = 0.5 WHERE id = ?", (id,))
    rows.grades["double-drawn"].auto, rows.grades["why"].auto = 2.0, None
    rows.grades["why"].waits = rows.grades["double-drawn"].waits = False
    rows.comments["why"].auto = "No response."
    rows.write("2026-03-01 12:00:00.000000", 0.5)
    again = Rows.find(connection, "warmup", "ada")
    assert (again.grades["double-drawn"].auto, again.grades["double-drawn"].score, again.score) == (2.0, 2.0, 2.0)
    assert again.penalty == 0.5 and again.comments["why"].auto == "No response."
    assert again.manual()["double-drawn"] == Manual(1.5, extra=0.5) and "why" not in again.manual()
    again.write(None, 0.0)
    last = Rows.find(connection, "warmup", "ada")
    assert last.penalty == 0.0 and last._found.timestamp is None
    last.write("2026-03-01 12:00:00.000000", None)
    assert Rows.find(connection, "warmup", "ada")._found.timestamp == "2026-03-01 12:00:00.000000"


def test_a_row_knows_whether_it_changed():
    row = Row("id", 1.0, None)
    assert not row.changed
    row.waits = True
    assert row.changed


@pytest.mark.parametrize("query", ["_FIND", "_GRADES", "_COMMENTS"])
def test_no_query_scans_what_grows_with_the_class(connection, query):
    plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {getattr(gradebook_rows, query)}", ("a", "b")).all()
    scanned = [step[3] for step in plan if step[3].startswith("SCAN")]
    assert not [step for step in scanned if step not in ("SCAN base_cell", "SCAN notebook")]
