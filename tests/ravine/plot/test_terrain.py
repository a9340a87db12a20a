"""Contour lines and paths: what is drawn is what happened."""

import numpy as np
import pytest
import torch

from ravine import landscapes
from ravine.descent import Path, descend
from ravine.gradient_descent import GradientDescent
from ravine.plot import COLORS, INK, contour, figure, paths
from ravine.plot.terrain import contour_grid, filling_window, visible

VALLEY = landscapes.quadratic()


def walk(steps=30, lr=0.019, **options):
    return descend(VALLEY, GradientDescent, steps=steps, lr=lr, **options)


def line(ax, label):
    return next(line for line in ax.get_lines() if line.get_label() == label)


def test_window_grows_in_one_direction_only():
    assert filling_window(((0, 4), (0, 2)), 2.0) == ((0, 4), (0, 2))
    assert filling_window(((0, 2), (0, 2)), 2.0) == ((-1, 3), (0, 2))
    assert filling_window(((0, 4), (0, 2)), 1.0) == ((0, 4), (-1, 3))


@pytest.mark.parametrize("name", landscapes.ALL)
@pytest.mark.parametrize("size", ["small", "column", "wide"])
def test_contour_shows_the_window_to_scale(name, size):
    landscape = landscapes.ALL[name]()
    fig, ax = figure(size)
    lines = contour(ax, landscape)
    for limits, wanted in zip((ax.get_xlim(), ax.get_ylim()), landscape.window, strict=True):
        assert limits[0] <= wanted[0] + 1e-9
        assert limits[1] >= wanted[1] - 1e-9
    fig.draw_without_rendering()
    (x0, y0), (x1, y1) = ax.transData.transform([(0, 0), (1, 1)])
    assert x1 - x0 == pytest.approx(y1 - y0)
    assert 6 <= len(lines.levels) <= 14
    assert all(path.vertices.size for path in lines.get_paths()), "a level that no line has"


def test_rows_of_one_figure_are_equally_wide():
    fig, axes = figure("tall", rows=3)
    for ax in axes:
        paths(VALLEY, {"gradient descent": walk()}, ax=ax)
        ax.set_title("a title that comes last")
    fig.draw_without_rendering()
    boxes = [ax.get_window_extent() for ax in axes]
    assert np.ptp([box.width for box in boxes]) < 1
    assert all(box.width > 0.8 * fig.bbox.width for box in boxes)


@pytest.mark.parametrize("name", landscapes.ALL)
def test_levels_rise_from_the_minimum(name):
    landscape = landscapes.ALL[name]()
    x, y, losses, heights = contour_grid(landscape, *landscape.window, None)
    assert losses.shape == (len(y), len(x))
    assert losses[7, 11] == landscape(torch.tensor([x[11], y[7]])).item()
    assert (np.diff(heights) > 0).all()
    assert landscape.minimum < heights[0]
    assert heights[-1] < losses.max()
    assert len(contour_grid(landscape, *landscape.window, 5)[3]) == 5


def test_paths_draw_every_point_in_the_color_of_the_idea():
    walks = {
        "gradient descent": walk(),
        "heavy ball": descend(VALLEY, torch.optim.SGD, steps=30, lr=0.01, momentum=0.8),
    }
    ax = paths(VALLEY, walks)
    for label, path in walks.items():
        drawn = line(ax, label)
        np.testing.assert_array_equal(drawn.get_xydata(), path.params.numpy())
        assert drawn.get_color() == COLORS[label]
    assert {text.get_text(): text.get_color() for text in ax.texts} == {label: COLORS[label] for label in walks}
    assert ax.get_legend() is None


def test_one_path_needs_no_label_and_uses_the_axes_given():
    _, ax = figure("small")
    assert paths(VALLEY, {"gradient descent": walk()}, ax=ax) is ax
    assert not ax.texts


def test_steps_are_marked_while_they_can_be_counted():
    assert line(paths(VALLEY, {"Adam": walk(steps=60)}), "Adam").get_marker() == "o"
    assert line(paths(VALLEY, {"Adam": walk(steps=61)}), "Adam").get_marker() in (None, "None")


def test_start_is_a_ring():
    ax = paths(VALLEY, {"Adam": walk()})
    rings = [item for item in ax.get_lines() if item.get_fillstyle() == "none" and item.get_color() == INK]
    assert [tuple(ring.get_xydata()[0]) for ring in rings] == [VALLEY.start]


def test_runaway_path_is_cut_far_outside_and_draws_without_warning():
    path = walk(steps=3000, lr=0.03)
    assert path.diverged
    points = visible(path.params, VALLEY.window)
    assert 1 < len(points) < 100
    assert np.abs(points[-1]).max() > VALLEY.window[1][1], "the path leaves the picture"
    ax = paths(VALLEY, {"gradient descent": path, "Adam": walk()})
    ax.figure.canvas.draw()


def test_visible_keeps_the_start_however_far():
    assert visible(torch.tensor([[1e9, 0.0], [0.0, 0.0]]), VALLEY.window).tolist() == [[1e9, 0.0]]
    assert len(visible(torch.zeros(5, 2), VALLEY.window)) == 5


def test_nothing_to_draw_is_refused():
    with pytest.raises(ValueError, match="no path"):
        paths(VALLEY, {})
    three = Path(torch.zeros(2, 3), torch.zeros(2), torch.zeros(2), 0.0)
    with pytest.raises(ValueError, match=r"\(steps \+ 1, 2\) for 'Adam', got \(2, 3\)"):
        paths(VALLEY, {"Adam": three})
