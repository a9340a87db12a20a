"""Item analysis against SciPy, and the cases in which there is nothing to say."""

import numpy as np
import pytest
from scipy import stats

from proctor.items import MIN_SUBMISSIONS, Item, analyze, correlation

DRAW = np.random.default_rng(7)


def test_the_point_biserial_correlation_is_scipys():
    item = DRAW.integers(0, 2, size=40).astype(float)
    rest = item + DRAW.normal(size=40)
    assert correlation(item, rest) == pytest.approx(stats.pointbiserialr(item, rest).statistic, abs=1e-12)


def test_an_item_is_compared_with_the_rest_and_not_with_itself():
    points = [3, 1, 2]
    earned = DRAW.uniform(size=(30, 3)) * points
    items = analyze(earned, points)
    for column, item in enumerate(items):
        rest = np.delete(earned, column, axis=1).sum(axis=1)
        assert item.discrimination == pytest.approx(stats.pearsonr(earned[:, column], rest).statistic, abs=1e-12)
        assert item.difficulty == pytest.approx(np.mean(earned[:, column]) / points[column])


def test_what_waits_for_a_grader_is_left_out():
    earned = DRAW.uniform(size=(30, 3))
    earned[:12, 2] = np.nan
    first, second, written = analyze(earned, [1, 1, 1])
    assert written == Item()
    assert first.discrimination == pytest.approx(np.corrcoef(earned[:, 0], earned[:, 1])[0, 1])
    assert second.discrimination == pytest.approx(first.discrimination)


def test_too_few_or_all_alike_says_nothing():
    few = DRAW.uniform(size=(MIN_SUBMISSIONS - 1, 2))
    assert [item.discrimination for item in analyze(few, [1, 1])] == [None, None]
    alike = np.column_stack([np.ones(20), DRAW.uniform(size=20)])
    assert [item.discrimination for item in analyze(alike, [1, 1])] == [None, None]
    assert analyze(np.full((20, 1), np.nan), [2]) == [Item()]
    assert analyze(np.empty((0, 2)), [1, 1]) == [Item(), Item()]
    assert analyze(np.zeros((20, 2)), [1, 0])[1] == Item()


def test_a_wrong_shape_is_said():
    with pytest.raises(ValueError, match=r"expected an array \(submissions, 3\), got shape \(4, 2\)"):
        analyze(np.zeros((4, 2)), [1, 1, 1])
