"""Cells, questions and assignments: what a student gets of each, and what it is worth."""

from pathlib import Path

import pytest

from proctor.assignment import Assignment, Cell
from proctor.masters import read_master

WARMUP = Path(__file__).parent / "files" / "course" / "solutions" / "warmup" / "warmup.md"


def test_questions_are_found_by_id_and_their_points_add_up():
    assignment = read_master(WARMUP)
    assert assignment.points == sum(question.points for question in assignment.questions) == 8
    assert set(assignment.stubs()) == set(assignment.solutions()) == {"double", "counter", "why"}
    with pytest.raises(KeyError, match="no question 'x' in warmup"):
        assignment.question("x")


def test_what_a_question_uses_is_followed_through_other_answers():
    cells = [
        Cell(id, "code", "answer", "", question=id, uses=uses) for id, uses in (("a", ()), ("b", ("a",)), ("c", ("b",)))
    ]
    assignment = Assignment("chain", "Chain", tuple(cells))
    assert assignment.used_by([assignment.question("c")]) == {"a", "b"}
    assert assignment.used_by([assignment.question("a")]) == set()


def test_released_cells_hold_neither_solution_nor_hidden_test_nor_rubric():
    assignment = read_master(WARMUP)
    text = "\n".join(cell.released for cell in assignment.cells)
    for secret in ("return 2 * x", "secret_value", "memorized", "Because an answer", "self.total", "###"):
        assert secret not in text
    assert text.count("raise NotImplementedError()") == 2
