"""The Hessian, products with it and critical points, against PyTorch's own Hessians and results worked by hand."""

import math

import numpy as np
import pytest
import torch
from scipy.optimize import rosen_hess_prod

from ravine import landscapes
from ravine.curvature import classify_critical_point, flatten, hessian, hessian_operator, hvp

TOLERANCES = {torch.float64: 1e-10, torch.float32: 2e-4}
DTYPE = pytest.mark.parametrize("dtype", TOLERANCES, ids=str)


def wavy(x):
    """A smooth loss with a dense Hessian of both signs."""
    return torch.sin(x).sum() * torch.cos(2 * x).prod() + (x.roll(1) * x**2).sum()


def symmetric(size, seed, eigenvalues=None):
    """A random symmetric matrix, float64, with the eigenvalues that are asked for."""
    generator = torch.Generator().manual_seed(seed)
    matrix = torch.randn(size, size, generator=generator, dtype=torch.float64)
    if eigenvalues is None:
        return (matrix + matrix.T) / 2
    q, _ = torch.linalg.qr(matrix)
    return (q * torch.as_tensor(eigenvalues, dtype=torch.float64)) @ q.T


def small_network(dtype=torch.float64):
    torch.manual_seed(3)
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 2)).to(dtype)
    x, y = torch.randn(9, 3, dtype=dtype), torch.arange(9) % 2
    return model, lambda net: torch.nn.functional.cross_entropy(net(x), y)


# Products with the Hessian


@DTYPE
@pytest.mark.parametrize("seed", range(5))
def test_hessian_and_products_are_pytorchs(dtype, seed):
    generator = torch.Generator().manual_seed(seed)
    x, v = (torch.randn(6, generator=generator, dtype=dtype) for _ in range(2))
    expected = torch.autograd.functional.hessian(wavy, x)
    tolerance = {"rtol": TOLERANCES[dtype], "atol": TOLERANCES[dtype]}
    torch.testing.assert_close(hvp(wavy, x, v), expected @ v, **tolerance)
    torch.testing.assert_close(hvp(wavy, x, v), torch.autograd.functional.hvp(wavy, x, v)[1], **tolerance)
    torch.testing.assert_close(hessian(wavy, x), expected, **tolerance)
    assert torch.equal(hessian(wavy, x), hessian(wavy, x).T)


def test_product_on_rosenbrock_is_scipys():
    point, v = torch.tensor([-1.2, 0.7]).double(), torch.tensor([0.3, -2.0]).double()
    expected = rosen_hess_prod(point.numpy(), v.numpy())
    np.testing.assert_allclose(hvp(landscapes.rosenbrock(), point, v).numpy(), expected, rtol=1e-12)


@pytest.mark.parametrize("name", landscapes.ALL)
def test_hessian_of_a_landscape_is_symmetric_difference_of_its_gradient(name):
    landscape = landscapes.ALL[name]()
    point, step = torch.tensor([0.4, -0.3]).double(), 1e-5
    units = step * torch.eye(2).double()
    slopes = (landscape.gradient(point + units) - landscape.gradient(point - units)) / (2 * step)
    torch.testing.assert_close(hessian(landscape, point), slopes, rtol=1e-6, atol=1e-6)


def test_a_product_keeps_the_shape_and_changes_nothing():
    params, v = torch.ones(2, 3).double(), torch.full((2, 3), 2.0).double()
    result = hvp(lambda w: (w**3).sum(), params, v)
    assert result.tolist() == (6 * v).tolist()
    assert params.grad is None and not params.requires_grad and not result.requires_grad
    with torch.no_grad():
        assert torch.equal(hvp(lambda w: (w**3).sum(), params, v), result)


def test_an_operator_can_be_used_again():
    x = torch.linspace(-1, 1, 6).double()
    product, full = hessian_operator(wavy, x), torch.autograd.functional.hessian(wavy, x)
    for unit, column in zip(torch.eye(6).double(), full, strict=True):
        torch.testing.assert_close(product(unit), column, rtol=1e-12, atol=1e-12)


def test_a_linear_loss_has_no_curvature_and_unused_parameters_have_none():
    assert hvp(lambda x: 3 * x.sum(), torch.ones(2), torch.ones(2)).tolist() == [0, 0]
    assert hessian(lambda x: x[0] ** 2, torch.ones(2)).tolist() == [[2, 0], [0, 0]]


@pytest.mark.parametrize(
    ("loss", "params", "vector", "message"),
    [
        (wavy, torch.ones(3), torch.ones(4), r"shape \(3,\), got \(4,\)"),
        (lambda x: x, torch.ones(3), torch.ones(3), r"scalar loss, got \(3,\)"),
        (lambda x: 1.0, torch.ones(3), torch.ones(3), "scalar loss, got float"),
        (lambda x: x.detach().sum(), torch.ones(3), torch.ones(3), "does not depend"),
    ],
)
def test_products_refuse(loss, params, vector, message):
    with pytest.raises(ValueError, match=message):
        hvp(loss, params, vector)


def test_a_whole_hessian_is_of_a_vector():
    with pytest.raises(ValueError, match=r"shape \(d,\), got \(2, 2\)"):
        hessian(lambda x: (x**2).sum(), torch.ones(2, 2))


# Networks


@DTYPE
def test_a_flat_network_is_the_network(dtype):
    model, loss = small_network(dtype)
    before = [param.detach().clone() for param in model.parameters()]
    function, params = flatten(model, loss)
    assert torch.equal(params, torch.nn.utils.parameters_to_vector(model.parameters()))
    torch.testing.assert_close(function(params), loss(model), rtol=0, atol=0)
    grads = torch.autograd.grad(loss(model), list(model.parameters()))
    torch.testing.assert_close(torch.func.grad(function)(params), torch.cat([grad.reshape(-1) for grad in grads]))
    params.zero_()
    assert all(torch.equal(old, new) for old, new in zip(before, model.parameters(), strict=True))


def test_a_network_can_share_weights():
    model = torch.nn.Sequential(torch.nn.Linear(2, 2, bias=False), torch.nn.Tanh(), torch.nn.Linear(2, 2, bias=False))
    model[2].weight = model[0].weight
    function, params = flatten(model, lambda net: (net(torch.eye(2)) ** 2).sum())
    weight = params.view(2, 2)
    expected = ((torch.tanh(weight.T) @ weight.T) ** 2).sum()
    assert len(params) == 4
    torch.testing.assert_close(function(params), expected)


def test_products_with_a_networks_hessian_are_double_backward():
    model, loss = small_network()
    function, params = flatten(model, loss)
    v = torch.randn(len(params)).double()
    pieces, offset = [], 0
    for param in model.parameters():
        pieces.append(v[offset : offset + param.numel()].view_as(param))
        offset += param.numel()
    grads = torch.autograd.grad(loss(model), list(model.parameters()), create_graph=True)
    slope = sum((grad * piece).sum() for grad, piece in zip(grads, pieces, strict=True))
    expected = torch.cat([part.reshape(-1) for part in torch.autograd.grad(slope, list(model.parameters()))])
    torch.testing.assert_close(hvp(function, params, v), expected, rtol=1e-12, atol=1e-12)


def test_a_model_without_parameters_is_refused():
    with pytest.raises(ValueError, match="Tanh has no parameters"):
        flatten(torch.nn.Tanh(), lambda net: net(torch.ones(1)).sum())


# Critical points


@pytest.mark.parametrize(
    ("eigenvalues", "kind"),
    [
        ([1, 2], "minimum"),
        ([-1, -2], "maximum"),
        ([-1, 2], "saddle"),
        ([-1, 0, 2], "saddle"),
        ([0, 0, 0, 1e-3, -1e-3], "saddle"),
        ([0, 2], "inconclusive"),
        ([0, -2], "inconclusive"),
        ([0, 0], "inconclusive"),
        ([1e-9, 2], "inconclusive"),
        ([-1e-9, 2], "inconclusive"),
        ([3], "minimum"),
    ],
)
@DTYPE
def test_the_signs_decide(eigenvalues, kind, dtype):
    values = torch.tensor(eigenvalues, dtype=dtype)
    assert classify_critical_point(values) == kind
    assert classify_critical_point(values.flip(0)) == kind
    if dtype == torch.float64:
        for seed in range(5):
            matrix = symmetric(len(values), seed, values)
            assert classify_critical_point(matrix, torch.zeros(len(values))) == kind


def test_tolerances_and_gradients():
    values = torch.tensor([-0.1, 2.0])
    assert classify_critical_point(values, tolerance=0.2) == "inconclusive"
    assert classify_critical_point(values, tolerance=0.05) == "saddle"
    assert classify_critical_point(values, torch.tensor([3e-7, 4e-7])) == "saddle"
    assert classify_critical_point(values, torch.tensor([3e-6, 4e-6])) == "not critical"
    assert classify_critical_point(values, torch.tensor([3.0, 4.0]), grad_tolerance=5.0) == "saddle"


@pytest.mark.parametrize(
    ("curvature", "options", "message"),
    [
        (torch.ones(2, 3), {}, r"\(d, d\) or its eigenvalues, \(d,\), got \(2, 3\)"),
        (torch.ones(0), {}, r"got \(0,\)"),
        (torch.ones(1, 1, 1), {}, r"got \(1, 1, 1\)"),
        (torch.tensor([[0.0, 1.0], [2.0, 0.0]]), {}, "symmetric, but two entries differ by 1"),
        (torch.tensor([math.nan]), {}, "expected finite"),
        (torch.ones(2), {"grad": torch.ones(3)}, r"gradient of shape \(2,\)"),
        (torch.ones(2), {"grad": torch.tensor([math.nan, 0.0])}, "finite gradient"),
        (torch.ones(2), {"tolerance": -1.0}, "tolerances must be >= 0"),
    ],
)
def test_classification_refuses(curvature, options, message):
    with pytest.raises(ValueError, match=message):
        classify_critical_point(curvature, **options)


def test_the_default_tolerance_follows_the_precision():
    """At a minimum of a curve of minima one eigenvalue is 0 but for rounding, which is larger in float32."""
    for dtype in (torch.float32, torch.float64):
        point = torch.tensor([1.5, 1 / 1.5], dtype=dtype)
        matrix = hessian(lambda w: (1 - w[0] * w[1]) ** 2, point)
        assert classify_critical_point(matrix) == "inconclusive"
