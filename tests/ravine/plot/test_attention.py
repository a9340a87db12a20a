"""The heat map: one cell for each weight at its row and column, on a ground that stays empty."""

import numpy as np
import pytest
import torch

from ravine.plot import INK, attention, figure

TOKENS = ["a", "fluffy", "creature"]
WEIGHTS = torch.tensor([[1.0, 0.0, 0.0], [0.25, 0.75, 0.0], [0.1, 0.2, 0.7]], requires_grad=True)


def test_each_cell_is_as_opaque_as_its_weight():
    fig, ax = figure("small")
    mesh = attention(ax, WEIGHTS, TOKENS)
    fig.canvas.draw()
    colors = mesh.get_facecolors().reshape(3, 3, 4)
    np.testing.assert_allclose(colors[..., 3], WEIGHTS.detach().numpy(), atol=0.01)
    assert np.ptp(colors[..., :3], axis=(0, 1)).max() < 1e-6, "one color, more or less of it"


def test_rows_run_down_and_keys_stand_above():
    fig, ax = figure("small")
    attention(ax, WEIGHTS, TOKENS)
    fig.canvas.draw()
    assert [label.get_text() for label in ax.get_yticklabels()] == TOKENS
    assert [label.get_text() for label in ax.get_xticklabels()] == TOKENS
    boxes = [label.get_window_extent() for label in ax.get_yticklabels()]
    assert boxes[0].y0 > boxes[1].y0 > boxes[2].y0
    above = [label.get_window_extent() for label in ax.get_xticklabels()]
    assert above[0].x0 < above[1].x0 < above[2].x0
    assert min(box.y0 for box in above) >= ax.get_window_extent().y1
    assert {label.get_color() for label in (*ax.get_xticklabels(), *ax.get_yticklabels())} == {INK}


def test_other_keys_and_a_lower_full_color():
    fig, ax = figure("small")
    mesh = attention(ax, np.full((2, 4), 0.25), "ab", keys=range(4), highest=0.5)
    fig.canvas.draw()
    assert [label.get_text() for label in ax.get_xticklabels()] == list("0123")
    np.testing.assert_allclose(mesh.get_facecolors()[:, 3], 0.5, atol=0.01)


@pytest.mark.parametrize("shape", [(3, 2), (2, 3), (1, 3, 3), (3,)])
def test_names_and_weights_that_do_not_fit_are_refused(shape):
    _, ax = figure("small")
    with pytest.raises(ValueError, match=r"expected weights \(3, 3\), one head's, got"):
        attention(ax, torch.zeros(shape), TOKENS)
