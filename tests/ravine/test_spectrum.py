"""Eigenvalues from products alone, against NumPy and SciPy, with repeated eigenvalues and unlucky starts."""

import math

import numpy as np
import pytest
import torch
from scipy.sparse.linalg import LinearOperator, eigsh

from ravine.curvature import flatten, hessian_operator
from ravine.spectrum import extreme_eigenpairs, lanczos, power_iteration

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


def small_network(dtype=torch.float64):
    torch.manual_seed(3)
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 2)).to(dtype)
    x, y = torch.randn(9, 3, dtype=dtype), torch.arange(9) % 2
    return model, lambda net: torch.nn.functional.cross_entropy(net(x), y)


# Power iteration


def test_power_iteration_finds_the_largest_absolute_value_and_shifted_the_smallest():
    diagonal = torch.tensor([5.0, -1.0, 2.0]).double()
    found = power_iteration(lambda v: diagonal * v, 3)
    assert found.value == pytest.approx(5, abs=1e-12)
    assert power_iteration(lambda v: diagonal * v, 3, shift=found.value).value == pytest.approx(-1, abs=1e-12)
    diagonal = torch.tensor([3.0, -4.0, 1.0]).double()
    assert power_iteration(lambda v: diagonal * v, 3).value == pytest.approx(-4, abs=1e-12)


@DTYPE
@pytest.mark.parametrize("seed", range(4))
def test_power_iteration_is_numpys(dtype, seed):
    matrix = symmetric(12, seed, [-9, *np.linspace(-5, 6, 11)])
    values, vectors = np.linalg.eigh(matrix.numpy())
    start = torch.randn(12, generator=torch.Generator().manual_seed(seed), dtype=dtype)
    found = power_iteration(lambda v: matrix.to(dtype) @ v, 12, start=start, tolerance=1e-9, steps=300)
    assert found.value == pytest.approx(values[0], rel=TOLERANCES[dtype])
    assert found.vector.dtype == dtype
    assert abs(found.vector.double().numpy() @ vectors[:, 0]) == pytest.approx(1, abs=TOLERANCES[dtype])


def test_power_iteration_reports_its_residual_and_its_steps():
    matrix = symmetric(8, 1)
    found = power_iteration(lambda v: matrix @ v, 8, steps=3, generator=torch.Generator().manual_seed(0))
    assert found.steps == 3
    expected = torch.linalg.vector_norm(matrix @ found.vector - found.value * found.vector).item()
    assert found.residual == pytest.approx(expected, rel=1e-10)
    assert np.abs(np.linalg.eigvalsh(matrix.numpy()) - found.value).min() <= found.residual


def test_two_eigenvalues_equally_far_leave_a_large_residual():
    diagonal = torch.tensor([2.0, -2.0, 1.0]).double()
    start = torch.tensor([0.8, 0.6, 0.0]).double()
    assert power_iteration(lambda v: diagonal * v, 3, start=start).residual > 1
    assert power_iteration(lambda v: diagonal * v, 3, start=start, shift=-1.0).value == pytest.approx(2, abs=1e-12)


def test_power_iteration_from_a_start_orthogonal_to_the_top_stays_there_without_rounding():
    diagonal = torch.tensor([5.0, -1.0, 2.0]).double()
    found = power_iteration(lambda v: diagonal * v, 3, start=torch.tensor([0.0, 1.0, 1.0]).double())
    assert found.value == pytest.approx(2, abs=1e-12)


def test_power_iteration_of_zero_and_of_the_identity():
    assert power_iteration(lambda v: 0 * v, 4).value == 0
    assert power_iteration(lambda v: v, 4, shift=1.0)[::2] == (pytest.approx(1), pytest.approx(0, abs=1e-12))


@pytest.mark.parametrize("seed", [0, 1])
def test_a_generator_decides_the_start(seed):
    matrix = symmetric(6, 2)
    runs = [
        power_iteration(lambda v: matrix @ v, 6, steps=2, generator=torch.Generator().manual_seed(seed))
        for _ in range(2)
    ]
    assert torch.equal(runs[0].vector, runs[1].vector)


# Lanczos


@DTYPE
@pytest.mark.parametrize("seed", range(4))
def test_all_steps_give_the_whole_spectrum(dtype, seed):
    matrix = symmetric(20, seed)
    start = torch.randn(20, generator=torch.Generator().manual_seed(seed), dtype=dtype)
    pairs = lanczos(lambda v: matrix.to(dtype) @ v, 20, 20, start=start)
    expected = np.linalg.eigvalsh(matrix.numpy())
    np.testing.assert_allclose(pairs.values.double().numpy(), expected, atol=TOLERANCES[dtype])
    vectors = pairs.vectors.double()
    torch.testing.assert_close(vectors.T @ vectors, torch.eye(20).double(), rtol=0, atol=TOLERANCES[dtype])
    rebuilt = (vectors * pairs.values.double()) @ vectors.T
    torch.testing.assert_close(rebuilt, matrix, rtol=0, atol=10 * TOLERANCES[dtype])


@pytest.mark.parametrize(
    "eigenvalues",
    [
        [2, 2, 2, 2, 2, 2, 2, 2],
        [0, 0, 0, 0, 0, 0, 0, 0],
        [-3, -3, 0, 0, 0, 0, 7, 7],
        [1, 1, 1, 1, 1, 1, 1, 1e6],
        [-1, 0, 0, 0, 0, 0, 0, 1],
    ],
    ids=str,
)
@pytest.mark.parametrize("seed", range(3))
def test_repeated_eigenvalues_are_found_as_often_as_they_occur(eigenvalues, seed):
    matrix = symmetric(8, seed, eigenvalues)
    pairs = lanczos(lambda v: matrix @ v, 8, 8, generator=torch.Generator().manual_seed(seed))
    np.testing.assert_allclose(pairs.values.numpy(), eigenvalues, atol=1e-10 * max(map(abs, [*eigenvalues, 1])))
    torch.testing.assert_close(pairs.vectors.T @ pairs.vectors, torch.eye(8).double(), rtol=0, atol=1e-10)


def test_a_start_orthogonal_to_the_top_is_left_when_its_subspace_is_exhausted():
    diagonal = torch.tensor([5.0, -1.0, 2.0]).double()
    start = torch.tensor([0.0, 1.0, 1.0]).double()
    two = lanczos(lambda v: diagonal * v, 3, 2, start=start)
    assert two.values.tolist() == pytest.approx([-1, 2], abs=1e-12)
    assert two.residuals.max() < 1e-12
    three = lanczos(lambda v: diagonal * v, 3, 3, start=start)
    assert three.values.tolist() == pytest.approx([-1, 2, 5], abs=1e-10)


@pytest.mark.parametrize("seed", range(3))
def test_few_steps_give_the_extremes_of_a_large_matrix_as_scipy_does(seed):
    generator = np.random.default_rng(seed)
    spectrum = np.concatenate([[-30.0, -12.0], generator.uniform(-1, 1, 394), [15.0, 20.0, 33.0, 60.0]])
    matrix = symmetric(400, seed, spectrum)
    product = lambda v: matrix @ v  # noqa: E731
    pairs = lanczos(product, 400, 60, generator=torch.Generator().manual_seed(seed))
    operator = LinearOperator((400, 400), matvec=lambda v: matrix.numpy() @ v.ravel(), dtype=np.float64)
    for end, which in ((0, "SA"), (-1, "LA")):
        expected = eigsh(operator, k=1, which=which, return_eigenvectors=False)[0]
        assert pairs.values[end].item() == pytest.approx(expected, abs=1e-10)
    smallest, largest = extreme_eigenpairs(product, 400, generator=torch.Generator().manual_seed(seed))
    assert (smallest.value, largest.value) == pytest.approx((-30, 60), abs=1e-10)
    assert (smallest.steps, largest.steps) == (60, 60)
    true = torch.linalg.vector_norm(matrix @ pairs.vectors - pairs.vectors * pairs.values, dim=0)
    torch.testing.assert_close(pairs.residuals, true, rtol=1e-6, atol=1e-10)


def test_the_extremes_of_a_networks_hessian_are_numpys():
    function, params = flatten(*small_network())
    expected = np.linalg.eigvalsh(torch.autograd.functional.hessian(function, params).numpy())
    pairs = extreme_eigenpairs(hessian_operator(function, params), len(params))
    assert [pair.value for pair in pairs] == pytest.approx([expected[0], expected[-1]], abs=1e-10)


def test_one_dimension_and_more_steps_than_dimensions():
    assert lanczos(lambda v: -3 * v, 1, 1).values.tolist() == pytest.approx([-3])
    smallest, largest = extreme_eigenpairs(lambda v: -3 * v, 1)
    assert smallest.value == largest.value == pytest.approx(-3)
    assert largest.steps == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"size": 0}, "size must be an integer >= 1, got 0"),
        ({"steps": 0}, "steps must be an integer >= 1, got 0"),
        ({"steps": 2.0}, "steps must be"),
        ({"start": torch.zeros(3)}, "not zero"),
        ({"start": torch.ones(2)}, r"start of shape \(3,\), got .*, \(2,\)"),
        ({"start": torch.full((3,), math.nan)}, "finite"),
        ({"matvec": lambda v: v[:2]}, r"product of shape \(3,\), got \(2,\)"),
        ({"matvec": lambda v: v * math.inf}, "not finite"),
    ],
    ids=lambda value: value if isinstance(value, str) else next(iter(value)),
)
@pytest.mark.parametrize("method", [power_iteration, lanczos, extreme_eigenpairs])
def test_spectra_refuse(method, arguments, message):
    with pytest.raises(ValueError, match=message):
        method(**{"matvec": lambda v: v, "size": 3, "steps": 2, **arguments})


def test_more_refusals():
    with pytest.raises(ValueError, match="at most size = 3 steps, got 4"):
        lanczos(lambda v: v, 3, 4)
    for wrong in ({"shift": math.nan}, {"tolerance": -1.0}):
        with pytest.raises(ValueError, match="finite shift and a tolerance"):
            power_iteration(lambda v: v, 3, **wrong)
