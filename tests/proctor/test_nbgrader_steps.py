"""Plain nbgrader in this course: the stock commands give the scores that ``proctor grade`` gives, and leak nothing."""

import csv
import json
import shutil
import urllib.request
import warnings
from functools import partial
from pathlib import Path

import pytest

from proctor.forked import run_forked
from proctor.intake import read_submission
from proctor.judge import judge
from proctor.launch import fork_candidate
from proctor.markers import CODE_STUB, TEXT_STUB
from proctor.masters import read_master
from proctor.release import notebook_text, release, release_notebook

ROOT = Path(__file__).parents[2]
COURSE = Path(__file__).parent / "files" / "course"
SECRETS = ("secret_value", "the square instead", "memorized", "need not compute", "a second counter")
STDERR = "import warnings\nwarnings.warn('careful')\n\n\ndef double(x):\n    warnings.warn('again')\n    return {}\n"


@pytest.fixture(scope="module")
def steps():
    with warnings.catch_warnings():  # nbgrader's own imports warn
        warnings.simplefilter("ignore")
        from proctor import nbgrader_steps
    return nbgrader_steps


@pytest.fixture(scope="module")
def assignment():
    return read_master(COURSE / "solutions" / "warmup" / "warmup.md")


def hand_in(course, assignment, student, answers=None, raw=None, name="warmup"):
    folder = course / "submitted" / student / "warmup"
    folder.mkdir(parents=True)
    notebook = release_notebook(assignment)
    for cell in notebook.cells:
        cell.source = (answers or {}).get(cell.id, cell.source)
    (folder / f"{name}.ipynb").write_bytes(notebook_text(notebook).encode() if raw is None else raw)


@pytest.fixture(scope="module")
def course(tmp_path_factory, assignment, nbgrader):
    """A class of three kinds of student, graded with the stock commands only."""
    course = tmp_path_factory.mktemp("course")
    shutil.copytree(COURSE / "solutions", course / "solutions")
    shutil.copy(ROOT / "nbgrader_config.py", course)
    release(course)
    right = {**assignment.solutions(), "why": "So that <b onclick=alert(1)>nobody</b> can learn them by heart."}
    hand_in(course, assignment, "ada", {**right, "double": STDERR.format("2 * x")})
    hand_in(course, assignment, "bob", {**right, "double": "def double(x):\n    return x + 1", "counter": "os = 1 / 0"})
    hand_in(course, assignment, "eve", {**right, "counter": "import warnings\nwarnings.sys.modules['os']._exit(3)"})
    hand_in(course, assignment, "mal", raw=b"\x00\xff{")
    hand_in(course, assignment, "zoe", right, name="final")
    for arguments in (("autograde", "warmup"), ("generate_feedback", "warmup"), ("export", "--to", "grades.csv")):
        nbgrader(course, *arguments)
    return course


@pytest.mark.slow
def test_stock_commands_give_the_examiners_scores(course, assignment):
    exported = {
        row["student_id"]: float(row["score"])
        for row in csv.DictReader((course / "grades.csv").read_text().splitlines())
    }
    launch = partial(fork_candidate, assignment.forbids)
    judged = {}
    for student in sorted(exported):
        found = read_submission(course / "submitted" / student / "warmup", assignment, student)
        with warnings.catch_warnings():  # pytest's "warnings are errors" must not reach the forked candidate
            warnings.simplefilter("ignore")
            judged[student] = run_forked(judge, assignment, found.answers, launch=launch).earned
    assert exported == judged == {"ada": 5.0, "bob": 1.0, "eve": 3.0, "mal": 0.0, "zoe": 5.0}


@pytest.mark.slow
def test_no_score_is_missing_but_those_a_person_gives(course):
    import sqlite3
    from contextlib import closing

    query = """select student_id, base_cell.name, auto_score, needs_manual_grade from grade
               join base_cell on base_cell.id = cell_id
               join submitted_notebook on submitted_notebook.id = grade.notebook_id
               join submitted_assignment on submitted_assignment.id = submitted_notebook.assignment_id"""
    with closing(sqlite3.connect(course / "gradebook.db")) as database:
        rows = database.execute(query).fetchall()
    assert len(rows) == 5 * 4
    assert {(student, cell) for student, cell, score, _ in rows if score is None} == {
        (student, "why") for student in ("ada", "bob", "eve", "zoe")
    }
    assert all(bool(waits) == (score is None) for _, _, score, waits in rows)


@pytest.mark.slow
def test_feedback_of_the_stock_command_hides_tests_and_rubrics(course):
    for student in ("ada", "bob", "eve", "mal", "zoe"):
        page = (course / "feedback" / student / "warmup" / "warmup.html").read_text()
        assert not [secret for secret in SECRETS if secret in page], student
        assert "<b onclick" not in page
    assert "This test is hidden" in page


@pytest.mark.slow
def test_autograded_notebooks_hold_our_verdicts_and_nothing_of_the_kernel(course):
    notebook = json.loads((course / "autograded" / "bob" / "warmup" / "warmup.ipynb").read_text())
    cells = {cell["id"]: cell for cell in notebook["cells"]}
    assert cells["double-drawn"]["outputs"][0]["ename"] == "fail"
    assert "double(x)" in cells["double-drawn"]["outputs"][0]["evalue"]
    assert cells["counter-adds"]["outputs"][0]["ename"] == "error"
    assert "why-rubric" in cells
    assert not any(
        "File" in line for cell in cells.values() for output in cell.get("outputs", ()) for line in output["traceback"]
    )


@pytest.mark.slow
def test_generate_assignment_agrees_with_our_release(course, nbgrader):
    """nbgrader's own step, on our source notebook, gives the cells and checksums of proctor's release."""
    nbgrader(course, "generate_assignment", "warmup", "--force")
    theirs = json.loads((course / "_nbgrader" / "release" / "warmup" / "warmup.ipynb").read_text())
    ours = json.loads((course / "notebooks" / "warmup" / "warmup.ipynb").read_text())

    def essence(notebook):
        return [
            ("".join(cell["source"]), cell["metadata"].get("nbgrader", {}).get("checksum"))
            for cell in notebook["cells"]
        ]

    assert essence(theirs) == essence(ours)


@pytest.mark.slow
def test_the_formgrader_shows_rubric_verdicts_and_no_markup_of_a_student(course, formgrader):
    with formgrader(course) as address:

        def fetch(path):
            with urllib.request.urlopen(f"{address}{path}?token=course", timeout=60) as page:
                return page.read().decode()

        submitted = json.loads(fetch("/formgrader/api/submitted_notebooks/warmup/warmup"))
        pages = {entry["student"]: fetch(f"/formgrader/submissions/{entry['id']}/") for entry in submitted}
    assert {entry["student"]: entry["needs_manual_grade"] for entry in submitted} == {
        "ada": True, "bob": True, "eve": True, "mal": False, "zoe": True
    }  # fmt: skip
    assert "can be memorized" in pages["ada"] and "need not compute" in pages["ada"]
    assert "<b onclick" not in pages["ada"]
    assert "ZeroDivisionError" in pages["bob"]
    assert "the process ended" in pages["eve"]


def test_the_configuration_names_what_exists(steps):
    from traitlets.config import Config
    from traitlets.utils.importstring import import_item

    config = Config()
    exec((ROOT / "nbgrader_config.py").read_text(), {"get_config": lambda: config})
    names = [config.Autograde.exporter_class, *config.Autograde.sanitize_preprocessors]
    for name in (*names, *config.Autograde.autograde_preprocessors, *config.GenerateFeedback.preprocessors):
        assert isinstance(import_item(name), type), name
    assert config.ClearSolutions.code_stub == {"python": CODE_STUB}
    assert config.ClearSolutions.text_stub == TEXT_STUB
    assert {"*.md", "*.py"} <= set(config.CourseDirectory.ignore)
    assert config.CourseDirectory.release_directory != "notebooks"


def executed(assignment, outputs):
    """An executed notebook: cell id -> outputs, or None for a cell that never ran."""
    from proctor.autograded import rebuilt_notebook

    notebook = rebuilt_notebook(assignment, {})
    for number, cell in enumerate(notebook.cells):
        if cell.cell_type == "code":
            found = outputs.get(cell.id, [])
            cell.execution_count = None if found is None else number
            cell.outputs = found or []
    return notebook


def test_verdicts_are_read_from_outputs(steps, assignment):
    from nbformat.v4 import new_output

    stderr = new_output("stream", name="stderr", text="Warning: 1 % of disk left")
    result = new_output("execute_result", data={"text/plain": "0.0"})
    wrong = new_output("error", ename="AssertionError", evalue="got 4", traceback=["secret line"])
    ran = executed(
        assignment, {"double": [stderr], "double-one": [stderr, result], "double-drawn": [wrong], "counter-adds": None}
    )
    judgement = steps.read_judgement(assignment, ran)
    assert [(v.cell, v.kind, v.earned) for v in judgement.verdicts] == [
        ("double-one", "pass", 1.0),
        ("double-drawn", "fail", 0.0),
        ("counter-adds", "not-run", 0.0),
    ]
    assert judgement.verdicts[1].message == "got 4"
    assert judgement.outputs == {"double": "Warning: 1 % of disk left"}


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("NotImplementedError", "unanswered"),
        ("Unanswered", "unanswered"),
        ("StudentError", "error"),
        ("CellTimeoutError", "timeout"),
        ("crash", "crash"),
        ("refused", "refused"),
        ("MemoryError", "memory"),
    ],
)
def test_kinds_of_failure(steps, assignment, name, kind):
    from nbformat.v4 import new_output

    ran = executed(assignment, {"double-one": [new_output("error", ename=name, evalue="why", traceback=[])]})
    assert steps.read_judgement(assignment, ran).verdicts[0].kind == kind


def test_feedback_hides_what_is_hidden(steps, assignment):
    from nbformat.v4 import new_output

    trace = new_output("error", ename="AssertionError", evalue="got 4", traceback=["assert secret_value == 3"])
    notebook = executed(assignment, {"double-drawn": [trace, new_output("stream", name="stdout", text="secret_value")]})
    notebook.cells[-1].metadata.nbgrader["comment"] = "<img src=x onerror=alert(1)>"
    hidden, _ = steps.HideTests().preprocess(notebook, {})
    text = notebook_text(hidden)
    assert not [secret for secret in SECRETS if secret in text]
    cells = {cell.id: cell for cell in hidden.cells}
    assert "student.double(1.0)" in cells["double-one"].source
    assert cells["double-drawn"].source == steps.HIDDEN_NOTE
    assert [output.traceback for output in cells["double-drawn"].outputs] == [["AssertionError: got 4"]]
    assert "<img" not in cells["why"].metadata.nbgrader.comment


def test_unpaired_markers_hide_the_whole_test(steps, assignment):
    notebook = executed(assignment, {})
    cell = next(cell for cell in notebook.cells if cell.id == "double-drawn")
    cell.source = "### END HIDDEN TESTS\nsecret_value = 1"
    hidden, _ = steps.HideTests().preprocess(notebook, {})
    assert next(cell for cell in hidden.cells if cell.id == "double-drawn").source == steps.HIDDEN_NOTE
