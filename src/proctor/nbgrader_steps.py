"""Steps for plain nbgrader: ``nbgrader autograde``, ``generate_feedback`` and the formgrader give proctor's verdicts.

``nbgrader_config.py`` puts these in place of nbgrader's own. A submission is rebuilt from the master before anything of
it runs, whatever state its file is in; a crash or a timeout costs the question it happened in; a line on stderr costs
nothing; a test without a verdict is 0 and never NULL; feedback shows no hidden test. What this mode cannot do is keep
tests and students apart: both run in one kernel, where an answer can reach the test that judges it. ``proctor grade``
has two processes for that.
"""

import os
import re
from functools import lru_cache
from glob import glob
from pathlib import Path

from nbclient.exceptions import DeadKernelError
from nbconvert.exporters import NotebookExporter
from nbgrader.preprocessors import Execute, NbGraderPreprocessor

from proctor import markers, rules, seeds
from proctor.assignment import Assignment
from proctor.autograded import RUBRIC_ROLE, autograded_notebook, harmless_markdown, rebuilt_notebook
from proctor.gradebook import Gradebook
from proctor.intake import read_submission
from proctor.masters import find_master, read_master
from proctor.verdict import KINDS, Judgement, Verdict

TIMEOUT_NAME = "CellTimeoutError"
KIND_OF_ERROR = {
    "AssertionError": "fail",
    "NotImplementedError": "unanswered",
    "Unanswered": "unanswered",
    "MemoryError": "memory",
    TIMEOUT_NAME: "timeout",
}
HIDDEN_NOTE = "# This test is hidden."


class SubmissionExporter(NotebookExporter):
    """Reads submissions through proctor's intake; stands in for the exporter of ``nbgrader autograde``.

    nbgrader would read the file itself, and leave a student whose file is no notebook without a score. Every folder of
    the class is taken, with or without a readable notebook in it, and scored 0 until there are verdicts.
    """

    def __init__(self, config=None, **kw):
        super().__init__(config=config, **kw)
        self.submission = None
        converter, course = self.parent, getattr(self.parent, "coursedir", None)
        if course is None or not course.assignment_id:
            return
        with self._gradebook() as book:
            book.add_assignment(self.master(course.assignment_id))
        if course.notebook_id in ("*", course.assignment_id):
            folders = glob(course.format_path(course.submitted_directory, course.student_id, course.assignment_id))
            name = f"{course.assignment_id}.ipynb"
            converter.assignments = {
                folder: [os.path.join(folder, name)] for folder in folders if os.path.isdir(folder)
            }

    def master(self, name: str) -> Assignment:
        """The master of an assignment of this course."""
        path = find_master(Path(self.parent.coursedir.root), name)
        return _read_master(path, path.stat().st_mtime_ns)

    def record(self, submission, judgement) -> None:
        """Write scores and comments to the gradebook."""
        with self._gradebook() as book:
            book.record(self.master(self.parent.coursedir.assignment_id), submission, judgement, before={})

    def from_filename(self, filename, resources=None, **kw):
        """The rebuilt notebook of a submission; in nbgrader's second pass, the file that the first one wrote."""
        if not getattr(self.parent, "_sanitizing", False):
            return super().from_filename(filename, resources=resources, **kw)
        names = resources["nbgrader"]
        assignment = self.master(names["assignment"])
        self.submission = read_submission(Path(filename).parent, assignment, names["student"])
        self.record(self.submission, Judgement(()))
        notebook = rebuilt_notebook(assignment, self.submission.answers)
        resources.setdefault("metadata", {}).update(name=Path(filename).stem, path=str(Path(filename).parent))
        return self.from_notebook_node(notebook, resources, **kw)

    def _gradebook(self):
        course = self.parent.coursedir
        return Gradebook(course.root, Path(course.root) / course.submitted_directory, course.db_url)


class RunAndJudge(Execute):
    """Runs a rebuilt notebook, turns what its tests cells did into verdicts, and records them."""

    def preprocess(self, nb, resources, km=None):
        """Execute, starting again without a question whose answer ended or blocked the kernel."""
        exporter = self.parent
        assignment, submission = exporter.master(resources["nbgrader"]["assignment"]), exporter.submission
        self._lost = _refused(assignment, submission.answers)  # question -> kind and message; none of it is run
        seed = seeds.question_seed(
            seeds.course_secret(Path(exporter.parent.coursedir.root)),
            assignment.name,
            "",
            assignment.digest,
            "\n".join(submission.answers.get(question.id, "") for question in assignment.questions),
        )
        before = os.environ.get("PROCTOR_SEED")
        os.environ["PROCTOR_SEED"] = seed.hex()  # the kernel inherits it
        try:
            while not self._run_once(nb, resources, km):
                pass
        finally:
            os.environ.pop("PROCTOR_SEED")
            if before is not None:
                os.environ["PROCTOR_SEED"] = before
        judgement = read_judgement(assignment, nb)
        exporter.record(submission, judgement)
        return autograded_notebook(assignment, submission, judgement), resources

    def preprocess_cell(self, cell, resources, index):
        """Execute one cell, unless its question is lost."""
        question = cell.metadata.get("proctor", {}).get("question")
        self._current = question
        if question in self._lost and cell.cell_type == "code":
            kind, message = self._lost[question]
            cell.outputs = [_error_output(kind, message)]
            return cell, resources
        cell, resources = super().preprocess_cell(cell, resources, index)
        timed_out = any(_is_error(output) and output.ename == TIMEOUT_NAME for output in cell.get("outputs", []))
        if question is not None and timed_out:
            raise _QuestionLost(question, "timeout", f"no answer within {self.timeout} s")
        return cell, resources

    def _run_once(self, nb, resources, km) -> bool:
        for cell in nb.cells:
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = [], None
        try:
            super().preprocess(nb, resources, km)
            return True
        except _QuestionLost as lost:
            self._lost[lost.question] = lost.kind, lost.message
        except DeadKernelError:
            if self._current is None or self._current in self._lost:
                raise  # a given cell: the machine's fault or the master's, not the student's
            self._lost[self._current] = "crash", "the process ended"
        self.log.warning("Question %s: %s; starting again without it", self._current, self._lost[self._current][1])
        return False


class HideTests(NbGraderPreprocessor):
    """Takes out of a feedback notebook what a student must not see: hidden tests, rubrics, the tests' tracebacks."""

    def preprocess(self, nb, resources):
        """Change a notebook node in place and return it."""
        nb.cells = [cell for cell in nb.cells if cell.metadata.get("proctor", {}).get("role") != RUBRIC_ROLE]
        for cell in nb.cells:
            ours = cell.metadata.get("nbgrader", {})
            if ours.get("comment"):
                ours["comment"] = harmless_markdown(ours["comment"])
            if ours.get("grade") and not ours.get("solution"):
                cell.source = _visible(cell.source)
                cell.outputs = [
                    _error_output(output.ename, output.evalue)
                    for output in cell.get("outputs", [])
                    if _is_error(output)
                ]
        return nb, resources


def read_judgement(assignment: Assignment, notebook) -> Judgement:
    """Verdicts from an executed notebook: a tests cell passes when it ran and raised nothing; stderr is no failure."""
    verdicts, errors, outputs = [], {}, {}
    for cell in notebook.cells:
        role = cell.metadata.get("proctor", {}).get("role")
        if role == "answer":
            if failure := _failure(cell):
                errors[cell.id] = f"{failure.ename}: {failure.evalue}".rstrip(": ")
            if printed := "".join(output.text for output in cell.outputs if output.output_type == "stream"):
                outputs[cell.id] = printed
        elif role == "tests":
            verdicts.append(_verdict(cell, assignment))
    return Judgement(tuple(verdicts), errors, outputs)


def _refused(assignment: Assignment, answers: dict[str, str]) -> dict[str, tuple[str, str]]:
    """Questions whose answers import what the assignment does not allow."""
    found = {}
    for question in assignment.questions:
        names = rules.breaches(answers.get(question.id, ""), assignment.imports, assignment.forbids)
        if names and not question.written:
            found[question.id] = "refused", f"the answer uses {', '.join(names)}, which this assignment does not allow"
    return found


def _verdict(cell, assignment) -> Verdict:
    question = cell.metadata.proctor.question
    points = next(test.points for test in assignment.question(question).tests if test.id == cell.id)
    failure = _failure(cell)
    if failure is not None:
        kind = KIND_OF_ERROR.get(failure.ename, failure.ename if failure.ename in KINDS else "error")
        message = failure.evalue or failure.ename
        return Verdict(cell.id, question, points, kind, re.sub(r"\x1b\[[0-9;]*m", "", message))
    if cell.execution_count is None:
        return Verdict(cell.id, question, points, "not-run", "the test was not run")
    return Verdict(cell.id, question, points, "pass")


def _failure(cell):
    return next((output for output in cell.get("outputs", []) if _is_error(output)), None)


def _is_error(output) -> bool:
    return output.output_type == "error"


def _error_output(kind: str, message: str):
    from nbformat.v4 import new_output

    return new_output("error", ename=kind, evalue=message, traceback=[f"{kind}: {message}"])


def _visible(source: str) -> str:
    try:
        text = markers.without_region(source, markers.HIDDEN_TESTS).strip("\n")
    except markers.MarkerError:  # not a notebook of ours: show nothing rather than too much
        text = ""
    return text or HIDDEN_NOTE


class _QuestionLost(Exception):
    def __init__(self, question: str, kind: str, message: str):
        self.question, self.kind, self.message = question, kind, message
        super().__init__(message)


@lru_cache(maxsize=8)
def _read_master(path: Path, stamp: int) -> Assignment:
    return read_master(path)
