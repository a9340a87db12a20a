"""Figures: one style and four sizes, the same through the whole book."""

import matplotlib as mpl
import matplotlib.pyplot as plt
from IPython import get_ipython

from .colors import COLORS, INK

#: Width and height in inches. A text column of the site is 7.6 inches wide.
SIZES = {"small": (3.6, 2.6), "column": (6.4, 4.0), "wide": (7.6, 3.0), "tall": (6.4, 6.4)}

STYLE = {
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
    "savefig.dpi": 192,
    "figure.constrained_layout.use": True,
    "font.size": 10,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.prop_cycle": mpl.cycler(color=list(COLORS.values())),
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "lines.linewidth": 1.8,
    "lines.solid_capstyle": "round",
    "legend.frameon": False,
    # Letters as outlines look the same everywhere; the fixed salt makes two builds of a page the same, byte for byte.
    "svg.fonttype": "path",
    "svg.hashsalt": "ravine",
}


def figure(size="column", rows=1, columns=1, **options):
    """Start a figure in the style of the course.

    Args:
        size: one of ``SIZES``; the size of the whole figure.
        rows: number of rows of axes.
        columns: number of columns of axes.
        **options: passed to ``matplotlib.pyplot.subplots``, for example ``sharey=True``.

    Returns:
        ``(figure, axes)``: one ``Axes``, or an array of them, ``(rows,)``, ``(columns,)`` or ``(rows, columns)``.

    Raises:
        ValueError: if ``size`` is not one of ``SIZES``.
    """
    if size not in SIZES:
        raise ValueError(f"size must be one of {', '.join(SIZES)}, got {size!r}")
    mpl.rcParams.update(STYLE)
    _draw_as_svg_in_notebooks()
    return plt.subplots(rows, columns, figsize=SIZES[size], **options)


def _draw_as_svg_in_notebooks():
    shell = get_ipython()
    if shell is None or not hasattr(shell, "kernel"):
        return
    from matplotlib_inline.backend_inline import set_matplotlib_formats

    # No date, so that two builds agree; not cropped, so that a size is a size.
    set_matplotlib_formats("svg", metadata={"Date": None}, bbox_inches=None)
