"""Mutants: every place of the solution and no other, with names that stay."""

import ast

import pytest

from proctor.mutants import find_mutant, mutants

STEP = '''\
def step(params, grad, *, lr=0.1):
    """Go downhill: 1 - 2."""
    scale = 1 + 1
    ### BEGIN SOLUTION
    if lr <= 0:
        raise ValueError("lr must be above " + str(0))
    return params - lr * grad
    ### END SOLUTION
'''


def names(source):
    return [mutant.name for mutant in mutants(source)]


def test_names_say_where_and_what():
    found = names(STEP)
    assert "line 7: params - lr * grad -> params + lr * grad" in found
    assert "line 7: lr * grad -> grad" in found
    assert "line 5: lr <= 0 -> lr < 0" in found
    assert "line 1: step: ignore lr: lr = 0.1" in found
    assert "line 1: step: return params" in found
    assert "line 6: drop raise ValueError('lr must be above ' + str(0))" in found


def test_nothing_outside_the_solution_is_touched():
    for mutant in mutants(STEP):
        function = ast.parse(mutant.source).body[0]
        assert ast.get_docstring(function) == "Go downhill: 1 - 2."
        assert ast.unparse(function.body[1]) == "scale = 1 + 1"
        assert "lr must be above ' + str(0)" in mutant.source or "raise" not in mutant.source


def test_mutants_are_different_deterministic_python():
    first, second = mutants(STEP), mutants(STEP)
    assert first == second
    texts = [mutant.source for mutant in first]
    assert len(set(texts)) == len(texts)
    assert ast.unparse(ast.parse(STEP)) not in texts
    assert len({mutant.name for mutant in first}) == len(first)
    for text in texts:
        compile(text, "mutant", "exec")


def test_a_cell_without_markers_is_all_solution():
    assert "line 1: x = 3 -> x = 4" in names("x = 3\n")
    assert any(mutant.source == "x = 0" for mutant in mutants("x = 3\n"))


def test_the_same_change_twice_on_a_line_gets_two_names():
    found = [name for name in names("y = (a - b) * (a - b)\n") if "a - b -> a + b" in name or "(a + b)" in name]
    assert len(found) == len(set(found)) == 2


def test_find_mutant_with_and_without_line():
    made = mutants(STEP)
    assert find_mutant(made, "lr * grad -> grad") is find_mutant(made, "line 7: lr * grad -> grad")
    with pytest.raises(ValueError, match=r"nearest are .*params \+ lr"):
        find_mutant(made, "params - lr * grad -> params + lr * gradient")
    twice = mutants("x = a - b\ny = a - b\n")
    with pytest.raises(ValueError, match="put the line before it"):
        find_mutant(twice, "a - b -> a + b")


def test_what_is_not_python_is_refused():
    with pytest.raises(ValueError, match="line 2: an answer must be Python"):
        mutants("x = 1\ny = = 2\n")


def test_methods_are_mutated_without_self():
    source = "class Memory:\n    def add(self, x):\n        self.total += x\n        return self.total\n"
    found = names(source)
    assert "line 2: Memory.add: ignore x: x = 1" in found
    assert "line 3: self.total += x -> self.total = x" in found
    assert not any("ignore self" in name for name in found)
