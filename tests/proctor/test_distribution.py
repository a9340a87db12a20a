"""Scores counted by intervals with round ends."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from proctor.distribution import bins, span


def test_everybody_is_counted_once_also_above_and_below():
    found = bins([0, 1, 1.9, 2, 36.5, 37, 39, -1], 37, 20)
    assert len(found) == 19 and found[0] == (0, 2, 4) and found[1] == (2, 4, 1) and found[-1] == (36, 37, 3)


@pytest.mark.parametrize(
    "points, width", [(0, 0.5), (1, 0.5), (8, 0.5), (10, 0.5), (11, 1), (37, 2), (100, 5), (1e4, 500)]
)
def test_intervals_are_round(points, width):
    low, high, _ = bins([0.0], points, 20)[0]
    assert (low, high) == (0, width)


@given(some.lists(some.floats(0, 50)), some.floats(0.1, 50), some.integers(1, 20))
def test_intervals_follow_one_another(scores, points, most):
    found = bins(scores, points, most)
    assert len(found) <= most and sum(count for *_, count in found) == len(scores)
    assert [high for _, high, _ in found[:-1]] == [low for low, *_ in found[1:]]
    assert found[0][0] == 0 and found[-1][1] == points


def test_only_the_last_interval_includes_its_end():
    assert (span(0, 0.5, 1), span(0.5, 1, 1)) == ("0 to below 0.5", "0.5 to 1")
