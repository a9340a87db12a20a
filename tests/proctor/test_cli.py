"""The command line: exit statuses that scripts can trust, and sentences instead of tracebacks."""

import json
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from proctor import check as checking
from proctor import cli, launch, sandbox
from proctor.assignment import Assignment
from proctor.check import Checked
from proctor.grade import Graded
from proctor.intake import Problem, Submission
from proctor.judge import GivenCellError
from proctor.results import Result, Row
from proctor.verdict import Judgement

FILES = Path(__file__).parent / "files"


@pytest.fixture
def run(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)

    def run(*words):
        result = CliRunner().invoke(cli.app, [str(word) for word in words])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result.exit_code, result.output

    return run


@pytest.fixture
def course(tmp_path):
    shutil.copytree(FILES / "course" / "solutions", tmp_path / "solutions")
    (tmp_path / "_toc.yml").write_text("")
    return tmp_path


def test_help_lists_the_commands(run):
    status, text = run("--help")
    assert status == 0
    for command in ("release", "audit", "verify", "check", "grade", "report", "sample-class", "doctor", "publish"):
        assert command in text


@pytest.mark.parametrize(
    "words", [["no-such-command"], ["grade"], ["check"], ["grade", "warmup", "--jobs", "0"], ["release", "--x"]]
)
def test_wrong_use_is_two(run, words):
    assert run(*words)[0] == 2


def test_outside_a_course_is_two(run):
    status, text = run("release")
    assert status == 2 and "proctor: expected a course" in text and "--course" in text


def test_the_course_is_found_from_below(run, course, monkeypatch):
    (course / "book" / "part").mkdir(parents=True)
    monkeypatch.chdir(course / "book" / "part")
    assert cli.find_course() == course
    assert run("release")[0] == 0 and (course / "notebooks" / "warmup" / "warmup.ipynb").exists()


def test_release_says_what_it_wrote(run, course):
    status, text = run("release")
    assert status == 0 and "wrote notebooks/warmup/warmup.ipynb" in text and "2 of 2 notebooks written" in text
    assert "0 of 2 notebooks written" in run("release", "--course", course)[1]
    status, text = run("release", "gone")
    assert status == 1 and "proctor: no assignment 'gone'" in text and "Traceback" not in text


def test_a_bad_master_is_one_with_file_and_cell(run, course):
    master = course / "solutions" / "warmup" / "warmup.md"
    master.write_text(master.read_text().replace(":tests: double-one 1", ":tests: double-one"))
    for words in (["release"], ["grade", "warmup"], ["verify"]):
        status, text = run(*words)
        assert status == 1 and "warmup.md: cell" in text and "expected 'tests: <id> <points>'" in text


@pytest.mark.parametrize("ok, status", [(True, 0), (False, 1)])
def test_check_tells_by_its_status(run, monkeypatch, ok, status):
    problems = () if ok else (Problem("missing-cell", "an answer cell was deleted", "[/q]"),)
    checked = Checked(Assignment("a", "A", ()), Submission("you", {}, problems), Judgement(()))
    monkeypatch.setattr(checking, "check", lambda path: checked)
    assert run("check", "x.ipynb")[0] == status


def test_check_of_a_file_that_cannot_be_read_is_one(run, tmp_path):
    status, text = run("check", tmp_path / "gone.ipynb")
    assert status == 1 and "no notebook was handed in: gone.ipynb" in text
    (tmp_path / "x.ipynb").write_text("{")
    status, text = run("check", tmp_path / "x.ipynb")
    assert status == 1 and "not a Jupyter notebook" in text and "nothing could be checked" in text


@pytest.mark.parametrize("error", [GivenCellError("given cell x failed"), launch.CandidateLost("crash", "it ended")])
def test_check_on_a_machine_that_lacks_something_is_no_traceback(run, monkeypatch, error):
    def fail(path):
        raise error

    monkeypatch.setattr(checking, "check", fail)
    status, text = run("check", "x.ipynb")
    assert status == 1 and "This is not about your answers: run `proctor doctor`" in text


def test_grading_without_a_sandbox_is_three_with_the_sentence(run, course, monkeypatch):
    (course / "submitted" / "ada" / "warmup").mkdir(parents=True)
    monkeypatch.setattr(sandbox, "sandbox_problem", lambda: "bubblewrap is not installed")
    status, text = run("grade", "warmup")
    assert status == 3 and "apt-get install bubblewrap" in text and "(bubblewrap is not installed)" in text
    assert not (course / "gradebook.db").exists()


def test_grading_nothing_is_one(run, course):
    status, text = run("grade", "warmup")
    assert status == 1 and "submitted/<student>/warmup/warmup.ipynb, found none" in text
    assert run("grade", "gone")[0] == 1


@pytest.mark.parametrize("fault, status", [("", 0), ("a worker process died", 1)])
def test_grading_tells_by_its_status(run, course, monkeypatch, fault, status):
    from proctor import grade as grading

    given = {}

    def grade(root, name, **options):
        given.update(options, root=root, name=name)
        return Graded(Assignment("warmup", "W", ()), (Row("ada", fault=fault),), 1.0, root)

    monkeypatch.setattr(grading, "grade", grade)
    assert run("grade", "warmup", "--jobs", "3", "--force", "--submissions", course / "handed")[0] == status
    assert (given["root"], given["jobs"], given["force"], given["sandboxed"]) == (course, 3, True, True)
    run("grade", "warmup", "--unsafe")
    assert given["sandboxed"] is False


def test_a_report_is_written_of_what_was_graded(run, course):
    from proctor.results import Journal

    assert run("report", "gone")[0] == 1
    status, text = run("report", "warmup")
    assert status == 1 and "run `proctor grade warmup` first" in text
    Journal(course, "warmup").write(Result(Submission("ada", {}), Judgement(()), {}, 1.0))
    (course / "submitted" / "ada" / "warmup").mkdir(parents=True)
    status, text = run("report", "warmup")
    assert status == 0 and f"wrote {course / 'report' / 'warmup.html'}" in text
    assert (course / "report" / "warmup.csv").exists()


def test_collecting_tells_by_its_status(run, course):
    with zipfile.ZipFile(course / "submissions.zip", "w") as archive:
        archive.writestr("ada_7_99_warmup.ipynb", "{}")
    status, text = run("collect", "warmup", "submissions.zip", "--dry-run")
    assert status == 0 and "1 would be collected, 0 were there, 0 need a look" in text
    assert not (course / "submitted").exists()
    status, text = run("collect", "warmup", "submissions.zip")
    assert status == 0 and "1 collected, 0 were there" in text
    assert (course / "submitted" / "7" / "warmup" / "warmup.ipynb").read_text() == "{}"
    with zipfile.ZipFile(course / "submissions.zip", "a") as archive:
        archive.writestr("[/red]bob_LATE_8_100_warmup.ipynb", "{}")
        archive.writestr("notes.txt", "")
    status, text = run("collect", "warmup", "submissions.zip")
    assert status == 1 and "not collected: 'notes.txt': not a name that Canvas or Moodle gives" in text
    assert "late, but nobody says since when: 8" in text and "1 collected, 1 were there, 1 need a look" in text


@pytest.mark.parametrize("words", [["gone", "x.zip"], ["warmup", "gone.zip"], ["warmup", "_toc.yml"], ["warmup", "."]])
def test_collecting_what_cannot_be_is_one(run, course, words):
    status, text = run("collect", *words)
    assert status == 1 and "proctor: " in text and "Traceback" not in text and not (course / "submitted").exists()


def test_exporting_tells_by_its_status(run, course, monkeypatch):
    from proctor import scores

    assert run("export", "warmup", "--for", "paper")[0] == 2
    status, text = run("export", "warmup", "--for", "csv")
    assert status == 1 and "run: proctor grade warmup" in text
    (course / "grading.toml").write_text("[late]\ngrace = 3")
    (course / "gradebook.db").write_text("")
    status, text = run("export", "warmup", "--for", "csv")
    assert status == 1 and "late.grace: unknown key" in text
    students = tuple(f"student-{number:02}" for number in range(14))
    done = scores.Exported(course / "grades" / "warmup-canvas.csv", ("ada",), waiting=students)
    monkeypatch.setattr(scores, "export", lambda *args, **options: done)
    status, text = run("export", "warmup", "--for", "canvas", "--roster", "x.csv", "--dry-run")
    assert status == 0 and "would write 1 scores to" in text
    assert (
        "not given, a grader has to look or newer work to be judged: student-00," in text
        and "student-11 and 2 more" in text
    )
    done = replace(done, unlisted=("eve",))
    assert run("export", "warmup", "--for", "canvas")[0] == 1


@pytest.mark.slow
def test_the_whole_way_of_a_student(run, course):
    assert run("release")[0] == 0
    path = course / "notebooks" / "warmup" / "warmup.ipynb"
    status, text = run("check", path)
    assert status == 1 and "fail" in text and "double: test cell 1 of 2: not answered yet" in text
    notebook = json.loads(path.read_text())
    for cell in notebook["cells"]:
        cell["source"] = cli_solutions(course).get(cell["id"], cell["source"])
    path.write_text(json.dumps(notebook))
    status, text = run("check", path)
    assert status == 0 and "all visible tests pass" in text


def cli_solutions(course):
    from proctor.masters import read_master

    return read_master(course / "solutions" / "warmup" / "warmup.md").solutions()
