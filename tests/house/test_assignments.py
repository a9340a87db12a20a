"""Every assignment of this course: its tests are tested, its release runs as promised, and nothing leaks."""

import os
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from rich.console import Console

from proctor.audit import audit
from proctor.masters import find_assignments
from proctor.verify import print_report, verify_assignment

ROOT = Path(__file__).resolve().parents[2]
ASSIGNMENTS = find_assignments(ROOT)


def test_there_are_assignments():
    assert ASSIGNMENTS


@pytest.mark.slow
@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_verify(name):
    """With few seeds; `proctor verify` by itself takes more, and `make soak` the most."""
    report = verify_assignment(ASSIGNMENTS[name], jobs=os.cpu_count() or 1, seeds=6, wrong_seeds=1)
    with Console(width=150, record=True) as console:
        print_report(report, console)
    assert report.ok, console.export_text()


@pytest.mark.slow
@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_an_untouched_release_runs(name, tmp_path):
    """Given cells pass; tests cells say that the question is not answered, and nothing else."""
    notebook = nbformat.read(ROOT / "notebooks" / name / f"{name}.ipynb", as_version=4)
    place = {"metadata": {"path": tmp_path}}
    NotebookClient(notebook, kernel_name="ravine", timeout=300, allow_errors=True, resources=place).execute()
    raised = {"given": [], "tests": [], "answer": []}
    for cell in notebook.cells:
        role = cell.metadata.get("proctor", {}).get("role")
        if cell.cell_type == "code" and role in raised:
            errors = [output.ename for output in cell.outputs if output.output_type == "error"]
            raised[role].append((cell.id, errors))
    assert [id for id, errors in raised["given"] if errors] == []
    assert raised["tests"]
    assert [one for one in raised["tests"] if one[1] not in (["Unanswered"], ["NotImplementedError"])] == []


def test_audit():
    """No mistake in a master; no solution or hidden test in notebooks/ or, where it has been built, on the site."""
    assert [str(finding) for finding in audit(ROOT) if finding.severity == "error"] == []
