"""wrong.py: what it lists is read back, and every mistake in it is named with file and line."""

import textwrap
from pathlib import Path

import pytest

from proctor.masters import read_master
from proctor.variants import VariantsError, equivalent, read_variants, wrong

TINY = Path(__file__).parent / "files" / "tiny" / "solutions" / "tiny"


@pytest.fixture
def written(tmp_path):
    """A function that writes a wrong.py and reads it."""

    def write(text):
        path = tmp_path / "wrong.py"
        path.write_text("from proctor.variants import equivalent, right, wrong\n" + textwrap.dedent(text))
        return read_variants(path)

    return write


def test_entries_are_read_in_order():
    variants = read_variants(TINY / "wrong.py")
    assert [(w.question, w.name, w.fails) for w in variants.wrong] == [
        ("halve", "ignores times", ("halve-often",)),
        ("quarter", "halves once", ("quarter-value",)),
    ]
    assert variants.wrong[0].source == "def halve(x, *, times=1):\n    return x * 0.5"
    assert [r.name for r in variants.right] == ["in one power", "twice in a row"]
    assert variants.equivalent == ()
    assert list(variants.problems(read_master(TINY / "tiny.md"))) == []


def test_a_missing_file_lists_nothing(tmp_path):
    variants = read_variants(tmp_path / "wrong.py")
    assert (variants.wrong, variants.right, variants.equivalent) == ((), (), ())


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("wrong('q', 'n', fails='cell', source='x')", 2, "list of test cell ids"),
        ("wrong('q', 'n', fails=[], source='x')", 2, "names no test cell"),
        ("wrong('q', 'n', fails=['c'], source=3)", 2, "source must be the text"),
        ("wrong('q', '', fails=['c'], source='x')", 2, "must be texts"),
        ("equivalent('q', 'm', why=' ')", 2, "the reason"),
        ("right('q', 'n', source='x')\nright('q', 'n', source='y')", 3, "listed before"),
        ("\nx = 1 / 0", 3, "ZeroDivisionError"),
        ("\n\nx = = 1", 4, "SyntaxError"),
    ],
)
def test_a_mistake_is_named_with_file_and_line(written, tmp_path, text, line, message):
    with pytest.raises(VariantsError) as error:
        written(text)
    assert str(error.value).startswith(f"{tmp_path / 'wrong.py'}:{line}: ")
    assert message in str(error.value)


def test_entries_belong_in_a_file():
    with pytest.raises(VariantsError, match="proctor verify reads"):
        wrong("q", "n", fails=["c"], source="x")
    with pytest.raises(VariantsError, match="proctor verify reads"):
        equivalent("q", "m", why="because")


def test_problems_name_what_the_master_does_not_hold(written):
    variants = written("""
        wrong("halve", "a", fails=["quarter-value"], source="x")
        wrong("why", "b", fails=["c"], source="x")
    """)
    problems = list(variants.problems(read_master(TINY / "tiny.md")))
    assert [problem.split(": ", 1)[1] for problem in problems] == [
        "wrong('halve', 'a'): 'quarter-value' is no test cell of this question; there are: halve-once, halve-often",
        "wrong('why', 'b'): no question 'why' with tests in the master; there are: halve, quarter",
        "question 'halve' has no second right answer; add right('halve', …)",
        "question 'quarter' has no wrong answer; add wrong('quarter', …) for a plausible mistake",
        "question 'quarter' has no second right answer; add right('quarter', …)",
    ]
