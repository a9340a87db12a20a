"""The one style: sizes, transparent ground, no boxes, files that repeat."""

import io

import matplotlib as mpl
import pytest
from matplotlib.colors import to_rgba

from ravine.plot import INK, SIZES, figure, figures


@pytest.mark.parametrize("size", SIZES)
def test_sizes(size):
    fig, _ = figure(size)
    assert tuple(fig.get_size_inches()) == SIZES[size]


def test_grids_and_options():
    _, axes = figure("wide", columns=3, sharey=True)
    assert axes.shape == (3,)
    assert axes[0].get_shared_y_axes().joined(axes[0], axes[2])
    assert figure("tall", rows=2, columns=2)[1].shape == (2, 2)


def test_style_is_transparent_grey_and_open():
    fig, ax = figure()
    assert fig.get_facecolor()[3] == ax.get_facecolor()[3] == 0
    assert not ax.spines["top"].get_visible()
    assert not ax.spines["right"].get_visible()
    assert ax.spines["left"].get_edgecolor() == to_rgba(INK)
    assert ax.set_title("title").get_color() == INK


def test_unknown_size_is_refused():
    with pytest.raises(ValueError, match="small, column, wide, tall"):
        figure("huge")


def test_svg_repeats_byte_for_byte():
    def draw():
        fig, ax = figure("small")
        ax.plot([0, 1, 2], [1, 3, 2])
        ax.fill_between([0, 1, 2], [0, 1, 0])
        file = io.BytesIO()
        fig.savefig(file, format="svg", metadata={"Date": None})
        return file.getvalue()

    first = draw()
    assert first == draw()
    assert b"<text" not in first, "letters are outlines: no font is needed"


def test_notebooks_draw_svg_without_date_or_cropping(monkeypatch):
    asked = []
    monkeypatch.setattr(figures, "get_ipython", lambda: type("Shell", (), {"kernel": object()})())
    monkeypatch.setattr(
        "matplotlib_inline.backend_inline.set_matplotlib_formats",
        lambda *names, **options: asked.append((names, options)),
    )
    figure()
    assert asked == [(("svg",), {"metadata": {"Date": None}, "bbox_inches": None})]


def test_importing_the_module_changes_no_setting():
    with mpl.rc_context():
        mpl.rcdefaults()
        before = mpl.rcParams.copy()
        import importlib

        importlib.reload(figures)
        assert mpl.rcParams == before
