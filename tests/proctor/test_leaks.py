"""The search for secrets: found in every wrapping, and nothing found where nothing is."""

import json
from pathlib import Path

import pytest

from proctor.assignment import Assignment, Cell
from proctor.leaks import search, secrets
from proctor.masters import read_master

TINY = Path(__file__).parent / "files" / "tiny" / "solutions" / "tiny" / "tiny.md"
SOLUTION = "    velocity = beta * velocity - lr * grad\n    params = params + beta * velocity"
CELL = f"def step(params):\n    ### BEGIN SOLUTION\n{SOLUTION}\n    return params\n    ### END SOLUTION"


@pytest.fixture
def hidden():
    return secrets(Assignment("demo", "Demo", (Cell("step", "code", "answer", CELL, question="step"),)))


def found(path, text, hidden):
    path.write_text(text)
    return [leak.secret.cell for leak in search([path], hidden)]


def test_each_kind_of_region_is_a_secret():
    kinds = {(secret.cell, secret.what) for secret in secrets(read_master(TINY))}
    assert kinds == {
        ("halve", "solution"),
        ("halve-once", "hidden tests"),
        ("halve-often", "hidden tests"),
        ("quarter", "solution"),
        ("quarter-value", "hidden tests"),
        ("why", "rubric"),
        ("why", "sample answer"),
    }


@pytest.mark.parametrize(
    ("name", "wrap"),
    [
        ("a.py", lambda code: code),
        ("a.py", lambda code: code.replace("    ", "\t").replace(" = ", "=")),
        ("a.ipynb", lambda code: json.dumps({"cells": [{"source": code.splitlines(keepends=True)}]})),
        ("a.ipynb", lambda code: json.dumps({"cells": [{"outputs": [{"text": code}]}]})),
        ("a.html", lambda code: f"<pre>{code}</pre>".replace("velocity", '<span class="n">velocity</span>')),
        ("a.html", lambda code: f"<!--\n{code}\n-->"),
        ("a.js", lambda code: f"const answer = `\n{code}\n`;"),
        ("broken.json", lambda code: "{\n" + code),
    ],
)
def test_a_solution_is_found_in_every_wrapping(tmp_path, hidden, name, wrap):
    assert found(tmp_path / name, wrap(SOLUTION), hidden) == ["step"]


def test_one_short_line_alone_is_no_leak(tmp_path, hidden):
    assert found(tmp_path / "a.py", SOLUTION.split("\n")[0], hidden) == []
    assert found(tmp_path / "b.py", "return params\nimport numpy as np\nfor _ in range(steps):\n", hidden) == []


def test_a_long_line_alone_is_a_leak(tmp_path):
    line = "return math.sqrt(sum(value * value for value in values) / len(values)) if values else 0.0"
    cell = Cell("rms", "code", "answer", f"### BEGIN SOLUTION\n{line}\n### END SOLUTION", question="rms")
    assert found(tmp_path / "a.py", f"x\n  {line}\n", secrets(Assignment("demo", "Demo", (cell,)))) == ["rms"]


def test_an_answer_of_one_short_line_is_a_secret(tmp_path):
    cell = Cell(
        "edge", "code", "answer", "### BEGIN SOLUTION\nreturn 2 / 25, 3 / 14\n### END SOLUTION", question="edge"
    )
    hidden = secrets(Assignment("demo", "Demo", (cell,)))
    assert found(tmp_path / "a.py", "    return 2/25, 3/14\n", hidden) == ["edge"]
    assert found(tmp_path / "b.py", "    return 2/25, 3/15\n", hidden) == []


def test_what_the_assignment_or_the_library_shows_is_no_secret():
    shown = Cell("given", "code", "given", SOLUTION)
    answer = Cell("step", "code", "answer", CELL, question="step")
    assert secrets(Assignment("demo", "Demo", (answer, shown))) == []
    assert secrets(Assignment("demo", "Demo", (answer,)), public=[SOLUTION]) == []


def test_prose_is_found_across_line_breaks_and_markup(tmp_path):
    hidden = secrets(read_master(TINY))
    text = "<p>… so <em>halving</em> a number lowers\nits exponent, and leaves every digit of the mantissa alone.</p>"
    assert found(tmp_path / "a.html", text, hidden) == ["why"]
    assert found(tmp_path / "b.html", "<p>Halving a number lowers its exponent.</p>", hidden) == []
