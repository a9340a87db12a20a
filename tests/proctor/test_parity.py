"""Parity: on honest submissions ``proctor grade`` and plain ``nbgrader autograde`` give the same score for every cell.

``PARITY="adam momentum"`` names other assignments, ``PARITY=all`` takes every one (minutes each).
"""

import os
import shutil
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from proctor.grade import grade
from proctor.masters import find_assignments, find_master, read_master
from proctor.release import notebook_text, release, release_notebook
from proctor.sample_class import CHATTER
from proctor.variants import read_variants

ROOT = Path(__file__).parents[2]
NAMES = os.environ.get("PARITY", "gradient-descent").split()
WRITTEN = "The steps have become too small to matter: $\\eta g < 10^{-6}$."


def honest_class(assignment, variants):
    """Answers by student: the solutions, two classmates who write them differently, one half right, one blank."""
    tested = [question for question in assignment.questions if not question.written]
    written = {question.id: WRITTEN for question in assignment.questions if question.written}
    right = {entry.question: entry.source for entry in variants.right}
    other = {entry.question: entry.source for entry in reversed(variants.right)}
    wrong = {entry.question: entry.source for entry in reversed(variants.wrong)}
    used = assignment.used_by(assignment.questions)
    mistaken = [question.id for question in tested if question.id not in used][::2]
    solutions = assignment.solutions() | written
    chatty = {tested[0].id: CHATTER + right[tested[0].id]}  # a warning and much output cost nothing
    return {
        "master": solutions,
        "other": solutions | other,
        "chatty": solutions | right | chatty,
        "partly": solutions | {id: wrong[id] for id in mistaken},
        "blank": assignment.stubs(),
    }


def hand_in(folder, assignment, answers):
    notebook = release_notebook(assignment)
    for cell in notebook.cells:
        cell.source = answers.get(cell.id, cell.source)
    folder.mkdir(parents=True)
    (folder / f"{assignment.name}.ipynb").write_text(notebook_text(notebook), encoding="utf-8")


def recorded(database):
    """Student -> cell -> the machine's score and whether a person still has to look, from a gradebook."""
    query = """select student_id, base_cell.name, auto_score, needs_manual_grade from grade
               join base_cell on base_cell.id = cell_id
               join submitted_notebook on submitted_notebook.id = grade.notebook_id
               join submitted_assignment on submitted_assignment.id = submitted_notebook.assignment_id"""
    scores = {}
    with closing(sqlite3.connect(database)) as connection:
        for student, cell, score, waits in connection.execute(query):
            scores.setdefault(student, {})[cell] = score, bool(waits)
    return scores


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
@pytest.mark.parametrize("name", find_assignments(ROOT) if NAMES == ["all"] else NAMES)
def test_plain_nbgrader_gives_the_same_scores(tmp_path, nbgrader, name):
    shutil.copytree(ROOT / "solutions" / name, tmp_path / "solutions" / name)
    shutil.copy(ROOT / "nbgrader_config.py", tmp_path)
    release(tmp_path)
    path = find_master(tmp_path, name)
    assignment = read_master(path)
    classroom = honest_class(assignment, read_variants(path.with_name("wrong.py")))
    for student, answers in classroom.items():
        hand_in(tmp_path / "submitted" / student / name, assignment, answers)
    shutil.copytree(tmp_path / "submitted", tmp_path / "ours" / "submitted")

    grade(tmp_path, name, submissions=tmp_path / "ours" / "submitted", jobs=1, sandboxed=sys.platform == "linux")
    nbgrader(tmp_path, "autograde", name)
    ours, plain = recorded(tmp_path / "ours" / "gradebook.db"), recorded(tmp_path / "gradebook.db")
    assert set(ours) == set(classroom) and ours == plain

    by_machine = sum(question.points for question in assignment.questions if not question.written)
    sums = {student: sum(score or 0 for score, _ in cells.values()) for student, cells in ours.items()}
    assert sums["master"] == sums["other"] == sums["chatty"] == by_machine
    assert 0 < sums["partly"] < by_machine and sums["blank"] == 0
