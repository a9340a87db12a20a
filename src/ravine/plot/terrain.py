"""A landscape as a map: its contour lines, and the paths of optimizers on it."""

from weakref import WeakKeyDictionary

import numpy as np
import torch

from .colors import INK, assign_colors
from .figures import figure
from .labels import label_paths

# The window each map must show; an entry goes when its axes do.
_WINDOWS = WeakKeyDictionary()


def contour(ax, landscape, *, levels=None):
    """Draw a landscape's contour lines and its minima, one unit as long across as up.

    The window grows in one direction to fill the axes. The lines are spaced evenly in the logarithm of the height above
    the minimum, which shows the floor of a ravine as well as its walls.

    Args:
        ax: the ``Axes`` to draw on; its limits are set.
        landscape: a :class:`ravine.landscapes.Landscape`.
        levels: number of contour lines; default: 6 to 14, more where the heights span more.

    Returns:
        Matplotlib's contour set.
    """
    ax.set(xlabel=r"$\theta_1$", ylabel=r"$\theta_2$")
    _WINDOWS[ax] = landscape.window
    _fill(ax.figure)
    # The lines reach past the axes of now: a neighbor drawn later may change their shape.
    limits = (_padded(*ax.get_xlim()), _padded(*ax.get_ylim()))
    x, y, losses, heights = contour_grid(landscape, *limits, levels)
    lines = ax.contour(x, y, losses, levels=heights, colors=INK, linewidths=0.6, alpha=0.6, zorder=1)
    ax.plot(*np.transpose(landscape.minima), linestyle="none", marker="+", color=INK, markersize=8, zorder=2)
    return lines


def filling_window(window, ratio):
    """Widen a window in one direction, about its center, until its width is ``ratio`` times its height."""
    (left, right), (bottom, top) = window
    width, height = right - left, top - bottom
    extra_x, extra_y = max(0.0, ratio * height - width) / 2, max(0.0, width / ratio - height) / 2
    return (left - extra_x, right + extra_x), (bottom - extra_y, top + extra_y)


def _fill(fig):
    """Fit every map of a figure to the present shape of its axes, all at once, so that rows stay equally wide."""
    maps = [ax for ax in fig.axes if ax in _WINDOWS]
    for ax in maps:
        ax.set_aspect("auto")
    fig.draw_without_rendering()
    for ax in maps:
        box = ax.get_window_extent()
        xlim, ylim = filling_window(_WINDOWS[ax], box.width / box.height)
        ax.set(xlim=xlim, ylim=ylim)
        ax.set_aspect("equal", adjustable="box")


def _padded(low, high, fraction=0.25):
    return low - fraction * (high - low), high + fraction * (high - low)


def contour_grid(landscape, xlim, ylim, levels):
    """Compute a landscape on a grid and choose its contour levels.

    Returns:
        ``(x, y, losses, heights)``: ``(n,)``, ``(m,)``, ``(m, n)``, and the increasing levels ``(levels,)``.
    """
    x, y = np.linspace(*xlim, 201), np.linspace(*ylim, 161)
    grid = torch.from_numpy(np.stack(np.meshgrid(x, y), -1))
    losses = landscape(grid).numpy()
    (left, right), (bottom, top) = landscape.window
    inside = losses[np.ix_((bottom <= y) & (y <= top), (left <= x) & (x <= right))] - landscape.minimum
    low, high = np.quantile(inside, 0.004), np.quantile(losses - landscape.minimum, 0.95)
    low = max(low, 1e-4 * high)
    if levels is None:
        levels = round(np.clip(1.4 * np.log2(high / low), 6, 14))
    return x, y, losses, landscape.minimum + np.geomspace(low, high, levels)


def paths(landscape, walks, ax=None):
    """Draw contour lines and, on them, the paths of one or several methods, each labeled beside its line.

    The start is a ring, and the last point a dot. Steps are marked where there are at most 60. A path of one method
    needs no label and gets none.

    Args:
        landscape: a :class:`ravine.landscapes.Landscape`.
        walks: ``{label: Path}``; a label that begins with an idea of ``COLORS`` has its color.
        ax: the ``Axes`` to draw on; default: a new figure of size "column".

    Returns:
        The ``Axes``.

    Raises:
        ValueError: if there is no path, or one that is not in two dimensions.
    """
    check_walks(walks)
    if ax is None:
        _, ax = figure("column")
    contour(ax, landscape)
    points = {label: visible(walk.params, landscape.window) for label, walk in walks.items()}
    palette = assign_colors(walks)
    for label, visited in points.items():
        marker = "o" if len(visited) <= 61 else None
        ax.plot(*visited.T, color=palette[label], marker=marker, markersize=2.5, linewidth=1.4, label=label, zorder=3)
        ax.plot(*visited[-1], color=palette[label], marker="o", markersize=5, zorder=4)
        ax.plot(*visited[0], color=INK, marker="o", markersize=6, fillstyle="none", zorder=4)
    if len(points) > 1:
        label_paths(ax, points, palette)
    return ax


def check_walks(walks):
    """Raise ValueError unless ``walks`` maps labels to paths in two dimensions, at least one."""
    if not walks:
        raise ValueError("no path to draw")
    for label, walk in walks.items():
        if walk.params.ndim != 2 or walk.params.shape[1] != 2:
            raise ValueError(f"expected points of shape (steps + 1, 2) for {label!r}, got {tuple(walk.params.shape)}")


def visible(params, window):
    """Cut a path where it has left the picture for good measure: far outside, or no longer finite.

    Args:
        params: the points, ``(steps + 1, 2)``, a tensor.
        window: ``((xmin, xmax), (ymin, ymax))``.

    Returns:
        The points up to the first that is ten windows away, an array ``(n, 2)``, n >= 1.
    """
    points = params.detach().cpu().double().numpy()
    center, size = np.mean(window, axis=1), np.ptp(window, axis=1)
    near = np.isfinite(points).all(1) & (np.abs(points - center) < 10 * size).all(1)
    end = len(points) if near.all() else max(1, int(np.argmin(near)))
    return points[:end]
