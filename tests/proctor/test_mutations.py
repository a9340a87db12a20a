"""One kind of mistake, one row: what each rule makes of a piece of code."""

import ast

import pytest

from proctor.mutations import rewrites


def made(code):
    """All rewrites of every node of an expression or statement, as text."""
    tree = ast.parse(code)
    parents = {child: parent for parent in ast.walk(tree) for child in ast.iter_child_nodes(parent)}
    found = []
    for node, parent in parents.items():
        for other in rewrites(node, parent):
            found.append(ast.unparse(ast.fix_missing_locations(other)).split("\n")[0])
    return found


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("a - b", ["a + b", "a", "-b"]),
        ("a + b", ["a - b", "a", "b"]),
        ("a * b", ["a / b", "a", "b"]),
        ("a / b", ["a * b", "a"]),
        ("a @ b", ["b @ a", "a", "b"]),
        ("a ** 2", ["a * 2", "a", "3", "1"]),
        ("-a", ["a"]),
        ("a < b", ["a <= b", "a >= b"]),
        ("a == b", ["a != b"]),
        ("a and b", ["a or b"]),
        ("range(n)", ["range(n + 1)", "range(n - 1)"]),
        ("x[1:n]", ["2", "0", "1:n - 1"]),
        ("x[:n]", ["1:n", ":n - 1"]),
        ("x.sum(axis=0)", ["x", "x.mean(axis=0)", "x.sum()", "1", "-1"]),
        ("x.mean(dim=-1, keepdim=True)", ["x.mean(keepdim=True)", "x.mean(dim=-1)", "False", "0", "-2", "1"]),
        ("x.detach()", ["x"]),
        ("x.clone()", ["x"]),
        ("torch.sqrt(x)", ["x"]),
        ("f(a, b)", ["f(b, a)"]),
        ("f(a, k=b)", ["f(a)"]),
        ("0.5", ["1.0"]),
        ("f(1e-08)", ["1e-05"]),
        ("True", ["False"]),
        ("a if b < c else d", ["a", "d", "b <= c"]),
        ("choice = 'B'", ["'A'", "'C'"]),
        ("choice = 'BF'", ["'F'", "'B'", "'ABF'"]),
        ("with torch.no_grad():\n    f()", ["if True:"]),
        ("@torch.no_grad()\ndef f():\n    return 1", ["def f():"]),
        ("x += y", ["x -= y", "x = y", "pass"]),
        ("while f(x):\n    g()", ["while not f(x):"]),
    ],
)
def test_rules(code, expected):
    assert set(expected) <= set(made(code))


@pytest.mark.parametrize("code", ["print(x)", "zip(a, b, strict=True)", "f(device='cpu')", "maximum(a, b)"])
def test_what_would_only_make_work_is_left_out(code):
    left_out = {"print(x)": "pass", "zip(a, b, strict=True)": "zip(a, b)", "f(device='cpu')": "f()"}
    assert left_out.get(code, "maximum(b, a)") not in made(code)


def test_a_reported_number_is_halved_and_doubled_and_a_guard_is_not():
    assert {"return 0.002", "return 0.0005"} <= {f"return {text}" for text in made("def f():\n    return 0.001")}
    assert "2e-08" not in made("a / (b + 1e-08)")
