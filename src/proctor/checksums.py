"""The checksum that nbgrader's format stores in every cell of a release, without importing nbgrader.

A student's machine need not have nbgrader, and importing it costs seconds. The test compares with
``nbgrader.utils.compute_checksum``, which this follows (metadata schema 3).
"""

import hashlib


def cell_checksum(cell) -> str:
    """MD5 over source, cell type, the three flags, grade id and points of a cell with nbgrader metadata.

    Raises:
        KeyError: if the cell has no nbgrader metadata.
    """
    ours = cell["metadata"]["nbgrader"]
    flags = [str(bool(ours.get(name, False))) for name in ("grade", "solution", "locked")]
    points = [str(float(ours["points"]))] if ours.get("grade") else []
    parts = [cell["source"], cell["cell_type"], *flags, ours["grade_id"], *points]
    return hashlib.md5("".join(parts).encode(), usedforsecurity=False).hexdigest()
