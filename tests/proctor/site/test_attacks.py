"""The table of attacks: every row is shown, by family, with what became of it on either side."""

import json
from types import SimpleNamespace

import pytest
from docutils import nodes
from docutils.parsers.rst import DirectiveError

from proctor.site import attacks

ROWS = [
    {"family": "Files", "tries": "Reads.", "here": "resisted", "plain": "full marks"},
    {"family": "Files", "tries": "Writes.", "here": "resisted", "plain": "not tried"},
    {"family": "Honest", "tries": "Works.", "here": "fair", "plain": "points lost"},
]


@pytest.fixture
def directive(tmp_path):
    noted = []
    env = SimpleNamespace(srcdir=str(tmp_path), note_dependency=noted.append)
    settings = SimpleNamespace(env=env)
    machine = SimpleNamespace(reporter=None)
    state = SimpleNamespace(document=SimpleNamespace(settings=settings))
    one = attacks.AttacksDirective("attacks", [], {}, [], 1, 0, "", state, machine)
    return one, tmp_path / attacks.STORED, noted


def test_every_row_is_shown_under_its_family(directive):
    one, path, noted = directive
    path.parent.mkdir(parents=True)
    stored = {"attacks": ROWS, "provenance": {"date": "2026-11-21", "environment": {"nbgrader": "1"}}}
    path.write_text(json.dumps(stored))
    sentence, *content = one.run()
    assert "withstood 3 of 3" in sentence.astext() and "given 2 of them" in sentence.astext()
    assert [node.astext() for node in content if isinstance(node, nodes.rubric)] == ["Files", "Honest"]
    cells = [entry.astext() for table in content for entry in table.findall(nodes.entry)]
    assert all(row[key] in cells for row in ROWS for key in ("tries", "here", "plain"))
    assert noted == [attacks.STORED]


def test_a_missing_result_says_how_to_make_it(directive):
    with pytest.raises(DirectiveError) as raised:
        directive[0].run()
    assert "python benchmarks/attacks.py --write" in raised.value.msg
