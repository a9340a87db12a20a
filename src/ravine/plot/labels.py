"""Direct labels: names beside the lines they name, instead of a legend to look up."""

import matplotlib as mpl
import numpy as np


def label_lines(ax, *, gap=1.15):
    """Name each labeled line at its right end, in its own color, instead of a legend.

    Call it last: it reads the limits and the scale of the axes. Names that would overlap are moved apart.

    Args:
        ax: the ``Axes``; lines without a label of their own are left alone.
        gap: distance between two names, in heights of a line of text.

    Returns:
        The list of Matplotlib texts.
    """
    lines = [line for line in ax.get_lines() if not line.get_label().startswith("_") and _end(line) is not None]
    if not lines:
        return []
    ax.set_xlim(ax.get_xlim())  # freezes the limits: a label must not move what it labels
    ax.set_ylim(ax.get_ylim())
    ax.figure.draw_without_rendering()
    pixel = 72 / ax.figure.dpi
    ends = [_end(line) for line in lines]
    heights = np.array([ax.transData.transform(end)[1] for end in ends]) * pixel
    frame = ax.get_window_extent()
    low, high = frame.ymin * pixel, frame.ymax * pixel
    moved = spread(np.clip(heights, low, high), gap * mpl.rcParams["font.size"], low, high)
    texts = []
    for line, end, height, target in zip(lines, ends, heights, moved, strict=True):
        text = ax.annotate(
            line.get_label(), end, (6, target - height), textcoords="offset points", va="center", color=line.get_color()
        )
        text.set_annotation_clip(False)
        texts.append(text)
    return texts


def _end(line):
    """Return the last finite point of a line, or None."""
    points = np.column_stack([np.asarray(line.get_xdata(), float), np.asarray(line.get_ydata(), float)])
    points = points[np.isfinite(points).all(1)]
    return points[-1] if len(points) else None


def label_paths(ax, points, palette):
    """Put each path's name beside a stretch of it that the other paths keep away from.

    Args:
        ax: the ``Axes``, its limits set.
        points: ``{label: points}``, arrays ``(n, 2)``.
        palette: ``{label: color}``.
    """
    ax.figure.draw_without_rendering()
    frame = ax.get_window_extent()
    pixels = {label: ax.transData.transform(_densely(visited)) for label, visited in points.items()}
    occupied = np.concatenate(list(pixels.values()))
    for label, spots in pixels.items():
        text = ax.text(0, 0, label, color=palette[label], ha="center", va="center", zorder=5)
        box = text.get_window_extent()
        half = np.array([box.width, box.height]) / 2 + 3  # of the text's box, with a margin, in pixels
        others = np.concatenate([path for name, path in pixels.items() if name != label])
        best, place = -np.inf, None
        for spot in spots[:: max(1, len(spots) // 60)]:
            alone = np.linalg.norm(others - spot, axis=1).min()
            for center in spot + _DIRECTIONS * (half + 2):
                outside = max(*(frame.min + half - center), *(center - frame.max + half), 0.0)
                # Distance from the text's box to the nearest thing already there; negative inside the box.
                gap = np.max(np.abs(occupied - center) - half, axis=1).min()
                score = min(gap, 4) + min(alone, 40) / 8 - 5 * outside
                if score > best + 1e-9:
                    best, place = score, center
        text.set_position(ax.transData.inverted().transform(place))
        occupied = np.concatenate([occupied, place + half * _DIRECTIONS, [place]])


_DIRECTIONS = np.array([(1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (1, -1), (-1, 1), (-1, -1)], dtype=float)


def _densely(points, count=240):
    """Return ``count`` points spread evenly over the length of a path, ``(count, 2)``."""
    lengths = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    wanted = np.linspace(0, lengths[-1], count)
    return np.stack([np.interp(wanted, lengths, column) for column in points.T], 1)


def spread(heights, gap, low, high):
    """Move heights apart until neighbors differ by ``gap`` or more, as little as a simple rule can.

    Args:
        heights: ``(n,)``.
        gap: the least distance, same unit.
        low: where the lowest may go; yields to ``gap`` if there is not room for all.
        high: where the highest may go.

    Returns:
        The new heights, ``(n,)``, in the order of the old.

    >>> spread(np.array([1.0, 1.0, 5.0]), 2.0, 0.0, 10.0).tolist()
    [0.0, 2.0, 5.0]
    """
    order = np.argsort(heights, kind="stable")
    # Merge neighbors that are too close into blocks, each centered on the mean of where its members want to be.
    blocks = []
    for index in order:
        blocks.append([index])
        while len(blocks) > 1:
            upper, lower = _place(heights, blocks[-1], gap, low, high), _place(heights, blocks[-2], gap, low, high)
            if upper[0] - lower[-1] >= gap - 1e-9:
                break
            blocks[-2:] = [blocks[-2] + blocks[-1]]
    moved = np.empty(len(heights))
    for block in blocks:
        moved[block] = _place(heights, block, gap, low, high)
    return moved


def _place(heights, block, gap, low, high):
    offsets = gap * (np.arange(len(block)) - (len(block) - 1) / 2)
    center = np.mean(heights[block])
    center = max(min(center, high - offsets[-1]), low + offsets[-1])
    return center + offsets
