"""Ways to damage a valid notebook: in its cells, metadata and outputs, as JSON, as bytes.

Each takes the notebook (a parsed one, changed in place; or bytes, which it returns changed) and a random.Random.
``fuzz.py`` is what uses them.
"""

import contextlib
import copy
import json
import random

ODD = [None, True, -1, 2**70, 1e308, float("nan"), "", "\0", "\ud800", "x" * 10_000, [], {}, [[]], {"a": {}}]
CELL_TYPES = ["code", "markdown", "raw", "heading", "", None, 4]
ROLES = ["grade", "solution", "locked", "task", "points", "grade_id", "schema_version", "cell_type", "checksum"]
TAGS = [["raises-exception"], ["skip-execution"], "remove-cell", [3], {"a": 1}, ["remove-input"] * 1000]
FORGED = [
    {"output_type": "stream", "name": "stdout", "text": "passed: 100 of 100 points"},
    {"output_type": "display_data", "data": {"text/html": "<script>alert(1)</script>"}, "metadata": {}},
    {"output_type": "error", "ename": "", "evalue": "", "traceback": ["\x1b[31mno\x1b[0m"]},
    {"output_type": "pyout"},
    "an output",
    None,
]
MARK = "\ue000"  # begins a key that stands there twice once the notebook is text: a dict cannot hold it
NEST = "\ue001"  # stands for lists in lists, deeper than json.dumps can write


def remove_cell(notebook, rng):
    notebook["cells"].remove(_cell(notebook, rng))


def double_cell(notebook, rng):
    cell = copy.deepcopy(_cell(notebook, rng))
    notebook["cells"].insert(rng.randrange(len(notebook["cells"]) + 1), cell)


def move_cells(notebook, rng):
    rng.shuffle(notebook["cells"])


def retype_cell(notebook, rng):
    _cell(notebook, rng)["cell_type"] = rng.choice(CELL_TYPES)


def swap_ids(notebook, rng):
    one, other = _cell(notebook, rng), _cell(notebook, rng)
    for key in ("id", "metadata"):
        one[key], other[key] = other[key], one[key]


def lose_metadata(notebook, rng):
    for cell in notebook["cells"]:
        del cell[rng.choice(["id", "metadata"])]


def swell_cell(notebook, rng):
    _cell(notebook, rng)["source"] *= rng.choice([2, 5000])


def add_cells(notebook, rng):
    cell = {"cell_type": "code", "metadata": {}, "source": "raise SystemExit", "outputs": [], "execution_count": None}
    notebook["cells"] += [cell] * rng.choice([1, 5000])


def change_source(notebook, rng):
    cell = _cell(notebook, rng)
    cell["source"] = rng.choice(["".join(cell["source"]), *(cell["source"] + odd for odd in ([""], [None], [["x"]]))])


def twist_grading(notebook, rng):
    cell = _cell(notebook, rng)
    values = [*ODD, 100.0, "100", [c["id"] for c in notebook["cells"]], _cell(notebook, rng)["id"]]
    cell["metadata"].setdefault("nbgrader", {})[rng.choice(ROLES)] = rng.choice(values)


def twist_settings(notebook, rng):
    where = rng.choice([notebook, notebook["metadata"], notebook["metadata"]["proctor"]])
    where[rng.choice(list(where))] = rng.choice(ODD)


def tag_cell(notebook, rng):
    _cell(notebook, rng)["metadata"]["tags"] = rng.choice(TAGS)


def attach(notebook, rng):
    _cell(notebook, rng)["attachments"] = rng.choice(
        [*ODD, {"x.png": {"image/png": "A" * 1000}}, {"x.svg": {"image/svg+xml": "<svg onload=alert(1)>"}}]
    )


def forge_outputs(notebook, rng):
    _cell(notebook, rng).update(outputs=[rng.choice(FORGED)] * rng.choice([1, 1000]), execution_count="100/100")


def other_minor(notebook, rng):
    notebook["nbformat_minor"] = rng.choice([0, 1, 2, 3, 4, 6, 99, *ODD])


def swap_value(notebook, rng):
    where, key = rng.choice(_places(notebook))
    where[key] = rng.choice(ODD)


def drop_value(notebook, rng):
    where, key = rng.choice(_places(notebook))
    del where[key]


def rename_key(notebook, rng):
    where, key = rng.choice([place for place in _places(notebook) if isinstance(place[0], dict)])
    where[rng.choice([key.upper(), "", "\ud800", "cells", "source", "x" * 10_000])] = where.pop(key)


def double_key(notebook, rng):
    where, key = rng.choice([place for place in _places(notebook) if isinstance(place[0], dict)])
    where[MARK + key] = rng.choice([*ODD, copy.deepcopy(where[key])])


def nest(notebook, rng):
    where, key = rng.choice(_places(notebook))
    where[key] = NEST


def flip(data, rng):
    data = bytearray(data)
    for _ in range(rng.choice([1, 1, 1, 10, 100])):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return bytes(data)


def cut(data, rng):
    return data[: rng.randrange(len(data))] if rng.random() < 0.5 else data[rng.randrange(len(data)) :]


def splice(data, rng):
    start, at = rng.randrange(len(data)), rng.randrange(len(data))
    return data[:at] + data[start : start + rng.randrange(2000)] + data[at + rng.randrange(200) :]


def insert(data, rng):
    odd = [b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b'"', b"\\", b"NaN", b"9" * 5000, b"[" * 10**5, b"\r", b"\xed\xa0\x80"]
    at = rng.randrange(len(data))
    return data[:at] + rng.choice(odd) + data[at:]


def recode(data, rng):
    return data.decode("utf-8", "replace").encode(rng.choice(["utf-16", "utf-32", "utf-8-sig", "utf-7"]))


IN_CELLS = (remove_cell, double_cell, move_cells, retype_cell, swap_ids, lose_metadata, swell_cell, add_cells)
IN_CELLS += (change_source, twist_grading, twist_settings, tag_cell, attach, forge_outputs, other_minor)
IN_JSON = (swap_value, drop_value, rename_key, double_key, nest)
IN_BYTES = (flip, cut, splice, insert, recode)


def fuzzed(notebook: bytes, rng: random.Random) -> tuple[bytes, str]:
    """Damage a valid notebook in one to three ways; the same generator state gives the same bytes.

    Args:
        notebook: a release of an assignment with answers filled in, as UTF-8 JSON.
        rng: draws what is done.

    Returns:
        The damaged notebook, and the names of what was done to it, in order.
    """
    kinds = [rng.choice((IN_CELLS, IN_CELLS, IN_JSON, IN_BYTES)) for _ in range(rng.choice((1, 1, 2, 3)))]
    # Cells first, bytes last: a damage expects what it damages to be whole.
    chosen = [rng.choice(kind) for kind in sorted(kinds, key=(IN_CELLS, IN_JSON, IN_BYTES).index)]
    tree = json.loads(notebook)
    for damage in chosen:
        if damage not in IN_BYTES:
            # What an earlier damage left unfit for this one stays as it is.
            with contextlib.suppress(KeyError, TypeError, AttributeError, ValueError, IndexError):
                damage(tree, rng)
            tree = copy.deepcopy(tree)  # or the next damage would reach the values above
    depth = rng.choice((1, 50, 500, 100_000))
    text = json.dumps(tree).replace(json.dumps(MARK)[1:-1], "").replace(json.dumps(NEST), "[" * depth + "]" * depth)
    data = text.encode()
    for damage in chosen:
        data = damage(data, rng) if damage in IN_BYTES and data else data
    return data, ", ".join(damage.__name__.replace("_", " ") for damage in chosen)


def _cell(notebook, rng) -> dict:
    """A cell, more often than not one that grading needs."""
    graded = [cell for cell in notebook["cells"] if "nbgrader" in cell["metadata"]]
    return rng.choice(rng.choice([graded, graded, notebook["cells"]]))


def _places(value) -> list[tuple]:
    """Every (container, key) of a JSON value."""
    found, todo = [], [value]
    while todo:
        where = todo.pop()
        keys = where if isinstance(where, dict) else range(len(where)) if isinstance(where, list) else ()
        found += [(where, key) for key in keys]
        todo += [where[key] for key in keys]
    return found
