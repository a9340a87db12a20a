"""The cache of executed chapters."""

import nbformat
import pytest

from proctor import executed

HEADER = "---\nfile_format: mystnb\nkernelspec: {name: python3, display_name: Python 3}\n---\n# One\n\n"


def write(folder, name, code):
    """Write a notebook of one cell."""
    path = folder / name
    path.write_text(f"{HEADER}```{{code-cell}}\n{code}\n```\n")
    return path


def test_a_notebook_is_told_by_its_header(tmp_path):
    assert executed.is_notebook(write(tmp_path, "one.md", "1"))
    (tmp_path / "page.md").write_text("# Page\n\nkernelspec: of nothing\n")
    assert not executed.is_notebook(tmp_path / "page.md")
    (tmp_path / "meta.md").write_text("---\nmyst: {}\n---\n# Page\n")
    assert not executed.is_notebook(tmp_path / "meta.md")


@pytest.mark.slow
def test_good_ones_are_kept_and_bad_ones_reported(tmp_path):
    good = write(tmp_path, "good.md", "import os\nprint(os.environ['OMP_NUM_THREADS'])")
    bad = write(tmp_path, "bad.md", "1 / 0")
    assert executed.pending(tmp_path, [good, bad]) == [good, bad]
    runs = {run.source: run for run in executed.execute(tmp_path, [good, bad], timeout=60, report=lambda run: None)}
    assert runs[good].error is None and runs[good].seconds > 0
    assert "ZeroDivisionError" in runs[bad].error
    assert executed.pending(tmp_path, [good, bad]) == [bad]
    notebook, seconds = executed.read(tmp_path, good)
    assert notebook.cells[-1].outputs[0].text == "1\n" and seconds == pytest.approx(runs[good].seconds)
    assert executed.read(tmp_path, bad) == (None, None)
    assert executed.read(tmp_path, tmp_path / "other.md") == (None, None)
    write(tmp_path, "good.md", "print(2)")
    assert executed.pending(tmp_path, [good]) == [good], "other code is another notebook"


def test_claims_are_read_in_order():
    record = {"text": "a", "holds": True}
    outputs = [
        nbformat.v4.new_output("stream", text="noise"),
        nbformat.v4.new_output("display_data", data={executed.CLAIM: record, "text/plain": "claim: a"}),
    ]
    cells = [nbformat.v4.new_markdown_cell("text"), nbformat.v4.new_code_cell("claim", outputs=outputs)]
    assert executed.claims(nbformat.v4.new_notebook(cells=cells)) == [record]


def test_a_figure_stands_without_the_echo_of_its_last_line():
    echo = nbformat.v4.new_output("execute_result", data={"text/plain": "[Text(0, 0, 'x')]"})
    picture = nbformat.v4.new_output("display_data", data={"image/svg+xml": "<svg/>", "text/plain": "<Figure>"})
    cell = nbformat.v4.new_code_cell("ax.plot()", outputs=[echo, picture])
    executed.drop_echo(cell)
    assert len(cell.outputs) == 2, "only a cell that is a figure"
    cell.metadata["mystnb"] = {"figure": {"name": "fig"}}
    executed.drop_echo(cell)
    assert [output.output_type for output in cell.outputs] == ["display_data"]
