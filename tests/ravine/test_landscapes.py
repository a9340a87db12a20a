"""Landscapes against SciPy, autograd, finite differences of an independent formula, and their known minima."""

import math

import numpy as np
import pytest
import torch
from scipy.optimize import rosen, rosen_der

from ravine import landscapes

LANDSCAPES = {
    **{name: factory() for name, factory in landscapes.ALL.items()},
    "round": landscapes.quadratic(condition=1),
    "tilted": landscapes.quadratic(condition=30.0, angle=0.7),
}
EVERY = pytest.mark.parametrize("landscape", LANDSCAPES.values(), ids=LANDSCAPES.keys())


def points(landscape, *shape, dtype=torch.float64):
    """Draw points of the landscape's window, ``(*shape, 2)``."""
    low, high = torch.tensor(landscape.window, dtype=dtype).T
    return low + (high - low) * torch.rand(*shape, 2, dtype=dtype)


@EVERY
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_closed_form_gradient_is_autograds(landscape, dtype):
    drawn = points(landscape, 200, dtype=dtype)
    by_autograd, closed = landscape.grad(drawn), landscape.gradient(drawn)
    assert closed.dtype == dtype
    scale = by_autograd.abs().max().item()
    tolerance = 1e-13 if dtype == torch.float64 else 2e-6
    torch.testing.assert_close(closed, by_autograd, rtol=10 * tolerance, atol=tolerance * scale)


@EVERY
def test_gradient_is_the_slope_of_the_loss(landscape):
    assert torch.autograd.gradcheck(landscape, points(landscape, 5).requires_grad_())


@EVERY
def test_minima_have_the_lowest_loss_zero_gradient_and_no_downward_curvature(landscape):
    for minimum in landscape.minima:
        params = torch.tensor(minimum, dtype=torch.float64)
        assert landscape(params).item() == pytest.approx(landscape.minimum, abs=1e-24)
        assert landscape.grad(params).abs().max().item() < 1e-12
        hessian = torch.autograd.functional.hessian(landscape, params)
        assert torch.linalg.eigvalsh(hessian).min().item() > -1e-10
    assert landscape(points(landscape, 20_000)).min().item() >= landscape.minimum


@EVERY
def test_start_and_minima_lie_in_the_window(landscape):
    low, high = torch.tensor(landscape.window, dtype=torch.float64).T
    for point in (landscape.start, *landscape.minima):
        params = torch.tensor(point, dtype=torch.float64)
        assert ((low < params) & (params < high)).all(), point
    assert landscape.grad(torch.tensor(landscape.start)).norm() > 1  # on a wall, not on a floor


@EVERY
@pytest.mark.parametrize("shape", [(), (3,), (2, 5)], ids=str)
def test_shapes(landscape, shape):
    drawn = points(landscape, *shape)
    assert landscape(drawn).shape == shape
    assert landscape.grad(drawn).shape == landscape.gradient(drawn).shape == (*shape, 2)


def test_grad_leaves_its_argument_alone_and_works_without_grad():
    params = torch.tensor([1.0, 2.0])
    with torch.no_grad():
        grad = landscapes.beale().grad(params)
    assert not params.requires_grad
    assert not grad.requires_grad


def test_rosenbrock_is_scipys():
    drawn = points(LANDSCAPES["rosenbrock"], 100)
    losses, grads = LANDSCAPES["rosenbrock"](drawn), LANDSCAPES["rosenbrock"].grad(drawn)
    np.testing.assert_allclose(losses, rosen(drawn.numpy().T), rtol=1e-13)
    np.testing.assert_allclose(grads, rosen_der(drawn.numpy().T).T, rtol=1e-12, atol=1e-10)


@pytest.mark.parametrize(
    ("name", "point", "loss"),
    [
        # Worked by hand from the published formulas.
        ("quadratic", (2.0, 1.0), 0.5 * (4 + 100)),
        ("beale", (1.0, 2.0), 2.5**2 + 5.25**2 + 9.625**2),
        ("himmelblau", (0.0, 0.0), 121 + 49),
        ("rastrigin", (0.5, 0.0), 0.25 + 20),
        ("saddle", (2.0, 3.0), 25),
    ],
)
def test_values_worked_by_hand(name, point, loss):
    assert LANDSCAPES[name](torch.tensor(point, dtype=torch.float64)).item() == pytest.approx(loss, rel=1e-14)


@pytest.mark.parametrize(("condition", "angle"), [(1, 0.0), (100, 0.0), (30, 0.7), (1e4, -2.0)])
def test_quadratic_has_the_eigenvalues_and_the_direction_asked_for(condition, angle):
    hessian = torch.autograd.functional.hessian(landscapes.quadratic(condition, angle), torch.zeros(2).double())
    eigenvalues = torch.linalg.eigvalsh(hessian)
    torch.testing.assert_close(eigenvalues, torch.tensor([1.0, condition], dtype=torch.float64), rtol=1e-9, atol=1e-9)
    floor = torch.tensor([math.cos(angle), math.sin(angle)], dtype=torch.float64)
    torch.testing.assert_close(hessian @ floor, floor, rtol=1e-9, atol=1e-9)


def test_saddle_is_a_saddle_at_the_origin():
    origin = torch.zeros(2).double()
    assert LANDSCAPES["saddle"].grad(origin).abs().max() == 0
    low, high = torch.linalg.eigvalsh(torch.autograd.functional.hessian(LANDSCAPES["saddle"], origin))
    assert low < 0 < high


@pytest.mark.parametrize(("condition", "angle"), [(0.5, 0), (math.nan, 0), (math.inf, 0), (-3, 0), (10, math.nan)])
def test_quadratic_refuses(condition, angle):
    with pytest.raises(ValueError, match="must be"):
        landscapes.quadratic(condition, angle)


@pytest.mark.parametrize("params", [torch.zeros(3), torch.tensor(1.0), torch.zeros(2, dtype=torch.int64), [0.0, 0.0]])
def test_wrong_params_are_refused(params):
    for call in (LANDSCAPES["saddle"], LANDSCAPES["saddle"].grad):
        with pytest.raises(ValueError, match="expected"):
            call(params)
