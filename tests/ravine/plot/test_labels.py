"""Labels stand beside their lines, inside the picture, and never on each other."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ravine import landscapes
from ravine.descent import descend
from ravine.gradient_descent import GradientDescent
from ravine.plot import COLORS, figure, label_lines, paths
from ravine.plot.labels import spread


def boxes(ax, texts):
    ax.figure.canvas.draw()
    return [text.get_window_extent() for text in texts]


def overlap(one, other):
    return min(one.x1, other.x1) - max(one.x0, other.x0) > 0 and min(one.y1, other.y1) - max(one.y0, other.y0) > 0


def test_lines_are_named_at_their_ends_in_their_colors():
    fig, ax = figure("column")
    ax.semilogy(range(10), np.exp(-np.arange(10.0)), color=COLORS["Adam"], label="Adam")
    ax.semilogy(range(10), np.exp(-1.02 * np.arange(10.0)), color=COLORS["AdamW"], label="AdamW")
    ax.axhline(1e-3)
    texts = label_lines(ax)
    assert [(text.get_text(), text.get_color()) for text in texts] == [
        ("Adam", COLORS["Adam"]),
        ("AdamW", COLORS["AdamW"]),
    ]
    assert not overlap(*boxes(ax, texts))
    assert all(box.x1 <= fig.bbox.x1 for box in boxes(ax, texts)), "the layout makes room for the names"
    assert [text.xy[0] for text in texts] == [9, 9]


def test_crowded_names_are_moved_apart():
    _, ax = figure("column")
    for number in range(8):
        ax.plot([0, 1], [0, 1 + number / 1000], label=f"line {number}")
    placed = boxes(ax, label_lines(ax))
    assert not any(overlap(*pair) for pair in itertools.combinations(placed, 2))


def test_lines_that_end_in_nothing_are_named_where_they_last_were():
    _, ax = figure("column")
    ax.plot([0, 1, 2], [1.0, 2.0, np.nan], label="cut")
    ax.plot([0, 1, 2], [np.nan] * 3, label="empty")
    (text,) = label_lines(ax)
    assert text.get_text() == "cut"
    assert tuple(text.xy) == (1, 2)


def test_axes_without_labels_are_left_alone():
    _, ax = figure("column")
    ax.plot([0, 1])
    assert label_lines(ax) == []


@pytest.mark.parametrize("name", ["quadratic", "rosenbrock", "beale", "himmelblau", "saddle"])
def test_path_names_stay_inside_and_off_each_other(name):
    landscape = landscapes.ALL[name]()
    walks = {
        "gradient descent": descend(landscape, GradientDescent, steps=300, lr=5e-4),
        "heavy ball": descend(landscape, torch.optim.SGD, steps=300, lr=5e-4, momentum=0.9),
        "Adam": descend(landscape, torch.optim.Adam, steps=300, lr=0.05),
    }
    ax = paths(landscape, walks)
    placed = boxes(ax, ax.texts)
    frame = ax.get_window_extent()
    assert not any(overlap(*pair) for pair in itertools.combinations(placed, 2))
    assert all(frame.x0 - 2 < box.x0 and box.x1 < frame.x1 + 2 and frame.y0 - 2 < box.y0 for box in placed)


@settings(max_examples=200)
@given(st.lists(st.floats(0, 100), min_size=1, max_size=12), st.floats(0.1, 8))
def test_spread_keeps_order_distance_and_bounds(heights, gap):
    heights = np.array(heights)
    moved = spread(heights, gap, 0.0, 100.0)
    order = np.argsort(heights, kind="stable")
    assert (np.diff(moved[order]) >= gap - 1e-6).all()
    if gap * (len(heights) - 1) <= 100:
        assert moved.min() >= -1e-6
        assert moved.max() <= 100 + 1e-6
    if len(heights) > 1 and np.diff(heights[order]).min() >= gap:
        np.testing.assert_allclose(moved, heights)
