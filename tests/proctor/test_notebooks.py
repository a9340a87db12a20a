"""The generated notebooks: current, complete, without outputs, every picture there."""

import json
import shutil
from pathlib import Path

import pytest

from proctor.masters import find_assignments, read_master
from proctor.notebooks import audit_notebooks
from proctor.release import release

FILES = Path(__file__).parent / "files" / "tiny"
NOTEBOOK = Path("notebooks/tiny/tiny.ipynb")


@pytest.fixture
def course(tmp_path):
    shutil.copytree(FILES, tmp_path / "course")
    release(tmp_path / "course")
    return tmp_path / "course"


def messages(course):
    masters = {name: read_master(path) for name, path in find_assignments(course).items()}
    return [message for _, _, _, message, _ in audit_notebooks(course, masters)]


def test_fresh_notebooks_are_in_order(course):
    assert messages(course) == []


def test_a_missing_and_a_foreign_notebook(course):
    (course / NOTEBOOK).rename(course / "notebooks" / "tiny" / "copy.ipynb")
    assert messages(course) == ["no master or chapter makes this notebook", "has not been generated"]


def test_a_stale_notebook_and_a_stored_output(course):
    notebook = json.loads((course / NOTEBOOK).read_text())
    code = next(cell for cell in notebook["cells"] if cell["cell_type"] == "code")
    code["execution_count"] = 3
    code["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "seen"}]
    (course / NOTEBOOK).write_text(json.dumps(notebook))
    assert messages(course) == ["is not what its text makes", "holds a stored output"]


def test_a_file_that_is_no_notebook(course):
    (course / NOTEBOOK).write_bytes(b"\x00\xff")
    assert [message.split(":")[0] for message in messages(course)] == ["is not what its text makes", "is no notebook"]


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("![a ravine](ravine.png)", ["the picture 'ravine.png' is missing"]),
        ("![a ravine](there.png)", []),
        ('<img alt="x" src="gone.svg">', ["the picture 'gone.svg' is missing"]),
        ("![a ravine](attachment:ravine.png)", ["the picture 'attachment:ravine.png' is missing"]),
        ("![a ravine](https://example.org/ravine.png)", []),
    ],
)
def test_every_picture_is_where_the_text_says(course, text, missing):
    path = course / "solutions" / "tiny" / "tiny.md"
    path.write_text(path.read_text().replace("# Tiny\n", f"# Tiny\n\n{text}\n", 1))
    release(course)
    (course / "notebooks" / "tiny" / "there.png").write_bytes(b"")
    assert messages(course) == missing
