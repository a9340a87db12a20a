"""Markers: regions are cut exactly, and whatever could release an answer by mistake is refused."""

import pytest

from proctor import markers

ANSWER = """\
def f(x):
    ### BEGIN SOLUTION
    y = x
    return y
    ### END SOLUTION

def g(x):
    '''Kept.'''
    ### BEGIN SOLUTION
    return 1
    ### END SOLUTION"""


def test_stub_replaces_each_solution_at_its_indentation():
    assert (
        markers.with_stub(ANSWER)
        == """\
def f(x):
    # YOUR CODE HERE
    raise NotImplementedError()

def g(x):
    '''Kept.'''
    # YOUR CODE HERE
    raise NotImplementedError()"""
    )


def test_stub_of_a_cell_without_region_is_the_whole_cell():
    assert markers.with_stub("print(1)") == markers.CODE_STUB


def test_solution_keeps_the_code_and_drops_the_markers():
    text = markers.without_markers(ANSWER, markers.SOLUTION)
    assert "return y" in text and "return 1" in text and "###" not in text


def test_regions_are_told_apart():
    source = "a\n### BEGIN HIDDEN TESTS\nb\n### END HIDDEN TESTS\nc"
    assert markers.without_region(source, markers.HIDDEN_TESTS) == "a\nc"
    assert markers.region_text(source, markers.HIDDEN_TESTS) == "b"
    assert markers.has_region(source, markers.HIDDEN_TESTS)
    assert not markers.has_region(source, markers.SOLUTION)
    assert markers.without_region(source, markers.SOLUTION) == source


def test_empty_region_still_becomes_a_stub():
    assert "NotImplementedError" in markers.with_stub("### BEGIN SOLUTION\n### END SOLUTION")


@pytest.mark.parametrize("source", ["", "\n", "x = 1\n\n\n", "  \n# plain ### text"])
def test_text_without_markers_is_kept_as_it_is(source):
    assert markers.without_region(source, markers.HIDDEN_TESTS) == source
    assert markers.without_markers(source, markers.SOLUTION) == source


@pytest.mark.parametrize(
    "source",
    [
        "### BEGIN SOLUTION\nx",
        "x\n### END SOLUTION",
        "### END SOLUTION\nx\n### BEGIN SOLUTION",
        "### BEGIN SOLUTION\n### BEGIN SOLUTION\n### END SOLUTION",
        "### BEGIN SOLUTION\nx\n### END SOLUTION\n### END SOLUTION",
        "### BEGIN SOLUTION\nx\n    ### END SOLUTION",
        "    ### BEGIN SOLUTION\n    x\n\t### END SOLUTION",
        "### BEGIN SOLUTION\nx\n### END HIDDEN TESTS",
    ],
)
def test_unpaired_markers_are_refused(source):
    with pytest.raises(markers.MarkerError, match="###"):
        markers.split_regions(source, markers.SOLUTION)


@pytest.mark.parametrize(
    "line",
    [
        "#### BEGIN SOLUTION",
        "## BEGIN SOLUTION",
        "###BEGIN SOLUTION",
        "### begin solution",
        "### BEGIN  SOLUTION",
        "### BEGIN SOLUTION:",
        "### BEGIN SOLUTOIN",
        "### BEGIN HIDDEN TEST",
        "### BEGIN HIDDEN_TESTS",
        "# BEGIN HIDDEN TESTS",
        "x = 1  ### BEGIN SOLUTION",
        '"BEGIN SOLUTION"',
        "### END",
        "### END RUBRIK",
    ],
)
@pytest.mark.parametrize("region", [markers.SOLUTION, markers.HIDDEN_TESTS, markers.RUBRIC])
def test_near_misses_are_refused_and_named(line, region):
    with pytest.raises(markers.MarkerError, match=r"line 2: .* is no marker"):
        markers.split_regions(f"x = 1\n{line}\ny = 2", region)


@pytest.mark.parametrize("line", ["# begin with the solution of the system", "### Beginning", "# the end", "ENDING"])
def test_prose_is_no_near_miss(line):
    assert markers.split_regions(line, markers.SOLUTION) == [(False, "", line)]
