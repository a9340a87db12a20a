"""Steps that use curvature, against NumPy and results worked by hand."""

import math

import numpy as np
import pytest
import torch

from ravine import landscapes
from ravine.newton import escape_saddle, newton, newton_step, saddle_free_step

TOLERANCES = {torch.float64: 1e-10, torch.float32: 2e-4}
DTYPE = pytest.mark.parametrize("dtype", TOLERANCES, ids=str)


def symmetric(size, seed, eigenvalues=None):
    """A random symmetric matrix, float64, with the eigenvalues that are asked for."""
    generator = torch.Generator().manual_seed(seed)
    matrix = torch.randn(size, size, generator=generator, dtype=torch.float64)
    if eigenvalues is None:
        return (matrix + matrix.T) / 2
    q, _ = torch.linalg.qr(matrix)
    return (q * torch.as_tensor(eigenvalues, dtype=torch.float64)) @ q.T


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("damping", [0.0, 0.7])
def test_steps_are_numpys(seed, damping):
    generator = torch.Generator().manual_seed(seed)
    params, grad = (torch.randn(5, generator=generator, dtype=torch.float64) for _ in range(2))
    matrix = symmetric(5, seed)
    expected = params.numpy() - np.linalg.solve(matrix.numpy() + damping * np.eye(5), grad.numpy())
    np.testing.assert_allclose(newton_step(params, grad, matrix, damping=damping).numpy(), expected, rtol=1e-10)
    values, vectors = np.linalg.eigh(matrix.numpy())
    expected = params.numpy() - vectors @ np.diag(1 / (abs(values) + damping)) @ vectors.T @ grad.numpy()
    np.testing.assert_allclose(saddle_free_step(params, grad, matrix, damping=damping).numpy(), expected, rtol=1e-10)


@pytest.mark.parametrize("step", [newton_step, saddle_free_step])
def test_steps_refuse(step):
    one = torch.ones(2)
    with pytest.raises(ValueError, match="singular"):
        step(one, one, torch.diag(torch.tensor([1.0, 0.0])))
    with pytest.raises(ValueError, match=r"got \(2,\), \(2,\) and \(3, 3\)"):
        step(one, one, torch.eye(3))
    with pytest.raises(ValueError, match="damping must be"):
        step(one, one, torch.eye(2), damping=-1.0)


def test_newton_solves_a_quadratic_in_one_step():
    path = newton(landscapes.quadratic(condition=1e4, angle=0.7), torch.tensor([3.0, -8.0]).double(), steps=1)
    assert path.params[-1].abs().max() < 1e-10


def test_newton_is_attracted_by_the_saddle_and_saddle_free_newton_is_not():
    saddle, start = landscapes.saddle(), torch.tensor([0.3, 0.2]).double()
    path = newton(saddle, start, steps=8)
    assert path.params[-1].abs().max() < 1e-12
    assert path.losses[-1].item() == pytest.approx(1)
    free = newton(saddle, start, steps=60, saddle_free=True, damping=1e-6)
    assert free.losses[-1] < 1e-10


def test_newton_doubles_the_digits():
    """On x - log x, minimum 1, the error squares exactly: x' = 2x - x², so 1 - x' = (1 - x)²."""
    path = newton(lambda x: (x - x.log()).sum(), torch.tensor([0.5]).double(), steps=5)
    errors = (1 - path.params[:, 0]).abs()
    torch.testing.assert_close(errors[1:4], errors[:3] ** 2, rtol=1e-10, atol=1e-14)


def test_a_line_search_makes_newton_safe_where_it_diverges():
    def loss(x):
        return torch.log(torch.cosh(x)).sum()  # convex; pure Newton diverges beyond 1.089

    start = torch.tensor([1.2]).double()
    assert not newton(loss, start, steps=5).params[-1].abs().max() < 10
    path = newton(loss, start, steps=20, line_search=True, until=1e-12)
    assert path.params[-1].abs() < 1e-10
    assert path.steps < 10
    assert (path.losses.diff() <= 1e-15).all()


def test_newton_refuses():
    start = torch.tensor([0.3, 0.2]).double()
    with pytest.raises(ValueError, match="uphill"):
        newton(landscapes.saddle(), start, steps=1, line_search=True)
    for wrong, message in (({"steps": -1}, "steps must be"), ({"steps": 1, "until": -1.0}, "until must be")):
        with pytest.raises(ValueError, match=message):
            newton(landscapes.saddle(), start, **wrong)


@DTYPE
def test_an_escape_follows_the_negative_curvature_downhill(dtype):
    saddle = landscapes.saddle()
    found = escape_saddle(saddle, torch.zeros(2, dtype=dtype), length=0.5)
    assert found.curvature == pytest.approx(-2)
    assert found.length == 0.5
    assert found.params.norm().item() == pytest.approx(0.5)
    assert found.params[0].item() == pytest.approx(found.params[1].item(), rel=1e-6)
    for near in ((0.01, -0.02), (-0.01, 0.02), (0.02, 0.03), (-0.02, -0.03)):
        point = torch.tensor(near, dtype=dtype)
        step = escape_saddle(saddle, point, length=0.1).params - point
        assert torch.dot(step, saddle.grad(point)) <= 1e-7
        assert saddle(point + step) < saddle(point)


def test_an_escape_shortens_a_step_that_is_too_long():
    def loss(x):
        return 100 * x[0] ** 4 - x[0] ** 2 + x[1] ** 2

    found = escape_saddle(loss, torch.zeros(2).double(), length=8.0)
    assert found.length < 0.1
    assert loss(found.params) <= 0.5 * 0.5 * found.length**2 * found.curvature


def test_an_escape_needs_negative_curvature():
    with pytest.raises(ValueError, match=r"no negative curvature here: the smallest eigenvalue is 1"):
        escape_saddle(landscapes.quadratic(), torch.zeros(2).double())
    for wrong in ({"length": 0.0}, {"length": math.inf}, {"tolerance": -1.0}):
        with pytest.raises(ValueError, match="expected length > 0"):
            escape_saddle(landscapes.saddle(), torch.zeros(2).double(), **wrong)
