"""Checksums against nbgrader's own."""

from pathlib import Path

import pytest

from proctor.checksums import cell_checksum
from proctor.masters import read_master
from proctor.release import release_notebook, source_notebook

WARMUP = Path(__file__).parent / "files" / "course" / "solutions" / "warmup" / "warmup.md"


@pytest.mark.slow
def test_checksums_are_nbgraders():
    from nbgrader.utils import compute_checksum

    cells = [*release_notebook(read_master(WARMUP)).cells, *source_notebook(read_master(WARMUP)).cells]
    cells = [cell for cell in cells if "nbgrader" in cell.metadata]
    assert len(cells) == 14
    for cell in cells:
        assert cell_checksum(cell) == compute_checksum(cell)


def test_checksum_tells_every_part_that_matters():
    def cell(**changes):
        ours = {"grade": True, "solution": False, "locked": True, "grade_id": "a", "points": 1}
        source, kind = changes.pop("source", "x"), changes.pop("cell_type", "code")
        return {"source": source, "cell_type": kind, "metadata": {"nbgrader": ours | changes}}

    changes = [{}, {"source": "y"}, {"cell_type": "markdown"}, {"grade": False}, {"solution": True}]
    changes += [{"locked": False}, {"grade_id": "b"}, {"points": 2}]
    assert len({cell_checksum(cell(**change)) for change in changes}) == len(changes)
    assert cell_checksum(cell(points=1)) == cell_checksum(cell(points=1.0))


def test_a_cell_without_nbgrader_metadata_is_refused():
    with pytest.raises(KeyError):
        cell_checksum({"source": "", "cell_type": "code", "metadata": {}})
