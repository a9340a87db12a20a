"""GEM's projection against a quadratic program solved otherwise, and against the closed form for one constraint."""

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from ravine.gem import agem_projection, gem_projection


def normal(*shape, seed=0, dtype=torch.float64):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def closed_form(gradient, reference):
    return gradient - min(0.0, (gradient @ reference / (reference @ reference)).item()) * reference


def by_slsqp(gradient, memory, margin=0.0):
    """The primal program, by another method: min ‖z − h‖² / 2 with G z >= 0, where h = g + margin Σ g_i."""
    wished, rows = (gradient + margin * memory.sum(0)).numpy(), memory.numpy()
    found = minimize(
        lambda z: 0.5 * ((z - wished) ** 2).sum(),
        np.zeros_like(wished),
        jac=lambda z: z - wished,
        constraints={"type": "ineq", "fun": lambda z: rows @ z, "jac": lambda z: rows},
        method="SLSQP",
        options={"ftol": 1e-14, "maxiter": 500},
    )
    assert found.success
    return torch.from_numpy(found.x)


def test_the_example_of_the_course():
    found = gem_projection(torch.tensor([1.0, 0.0]), torch.tensor([[-1.0, 1.0]]))
    assert found.tolist() == pytest.approx([0.5, 0.5])
    assert agem_projection(torch.tensor([1.0, 0.0]), torch.tensor([-1.0, 1.0])).tolist() == pytest.approx([0.5, 0.5])


@pytest.mark.parametrize("seed", range(20))
def test_one_constraint_has_a_closed_form(seed):
    gradient, reference = normal(7, seed=seed), normal(7, seed=100 + seed)
    expected = closed_form(gradient, reference)
    torch.testing.assert_close(gem_projection(gradient, reference[None]), expected, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(agem_projection(gradient, reference), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("d", "k", "seed"), [(3, 2, 0), (5, 3, 1), (8, 4, 2), (8, 7, 3), (4, 6, 4), (2, 5, 5)])
@pytest.mark.parametrize("margin", [0.0, 0.5])
def test_several_constraints_as_another_solver_finds_them(d, k, seed, margin):
    for number in range(5):
        gradient, memory = normal(d, seed=10 * seed + number), normal(k, d, seed=500 + 10 * seed + number)
        expected = by_slsqp(gradient, memory, margin)
        torch.testing.assert_close(gem_projection(gradient, memory, margin), expected, rtol=1e-5, atol=1e-6)


def conditions(gradient, memory, projected):
    """Karush, Kuhn and Tucker: no conflict, a non-negative combination of the rows added, and only of tight ones."""
    units = memory[memory.norm(dim=1) > 0]
    units = units / units.norm(dim=1, keepdim=True)
    scale = gradient.norm().item()
    assert (units @ projected >= -1e-9 * scale).all()
    # The projection on a cone splits g into orthogonal parts, and shortens it.
    assert abs((projected @ (gradient - projected)).item()) <= 1e-9 * scale**2
    assert projected.norm() <= gradient.norm() * (1 + 1e-12)


@pytest.mark.parametrize("k", [1, 4, 19, 60])
def test_the_conditions_of_optimality_hold_in_many_dimensions(k):
    for seed in range(5):
        gradient = normal(3000, seed=seed)
        memory = normal(k, 3000, seed=50 + seed) - 0.3 * gradient
        projected = gem_projection(gradient, memory)
        conditions(gradient, memory, projected)
        assert (memory @ gradient < 0).all()
        torch.testing.assert_close(gem_projection(projected, memory), projected, rtol=1e-9, atol=1e-9)


def test_rows_that_depend_on_each_other_repeat_or_vanish():
    gradient, row, other = torch.tensor([1.0, 0.2, 0.0]), torch.tensor([-1.0, 1.0, 0.0]), torch.tensor([-1.0, 0.0, 1.0])
    for memory in (
        [row, row],
        [row, 3 * row, 0 * row],
        [row, other, row + other, 2 * row + other],
        [row, row * (1 + 1e-7)],
        [row, torch.zeros(3), other],
    ):
        rows = torch.stack(memory).double()
        projected = gem_projection(gradient.double(), rows)
        conditions(gradient.double(), rows, projected)
    alone = gem_projection(gradient, row[None])
    torch.testing.assert_close(gem_projection(gradient, torch.stack([row, 3 * row, 0 * row])), alone)


def test_opposite_rows_leave_only_what_is_orthogonal_to_both():
    row = torch.tensor([0.0, 2.0, 1.0], dtype=torch.float64)
    projected = gem_projection(torch.tensor([1.0, 1.0, 1.0], dtype=torch.float64), torch.stack([row, -row]))
    torch.testing.assert_close(projected, torch.tensor([1.0, -0.2, 0.4], dtype=torch.float64))


def test_a_cone_that_leaves_no_way_gives_zero():
    gradient = normal(3, dtype=torch.float64)
    assert gem_projection(gradient, torch.cat([torch.eye(3), -torch.eye(3)]).double()).abs().max() <= 1e-12
    assert gem_projection(gradient, -gradient[None]).abs().max() <= 1e-12


@pytest.mark.parametrize("size", [1e-200, 1e-30, 1.0, 1e30, 1e200])
def test_the_scale_of_the_memory_does_not_count(size):
    gradient, memory = normal(6, seed=1), normal(3, 6, seed=2)
    expected = gem_projection(gradient, memory)
    sizes = torch.tensor([[size], [1.0], [1.0]], dtype=torch.float64)
    torch.testing.assert_close(gem_projection(gradient, sizes * memory), expected, rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(gem_projection(size * gradient, memory) / size, expected, rtol=1e-9, atol=1e-12)
    closed = closed_form(gradient, memory[0])
    torch.testing.assert_close(agem_projection(gradient, size * memory[0]), closed, rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(agem_projection(size * gradient, memory[0]) / size, closed, rtol=1e-9, atol=1e-12)


def test_without_a_conflict_the_gradient_comes_back_bit_for_bit():
    gradient = normal(50, dtype=torch.float32)
    for memory in (gradient[None] * 3, torch.zeros(2, 50), torch.zeros(0, 50)):
        assert torch.equal(gem_projection(gradient, memory), gradient)
    assert torch.equal(agem_projection(gradient, gradient), gradient)
    assert torch.equal(agem_projection(gradient, torch.zeros(50)), gradient)
    assert torch.equal(gem_projection(torch.zeros(50), normal(3, 50, dtype=torch.float32)), torch.zeros(50))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_result_has_the_gradients_dtype_and_nothing_is_changed(dtype):
    gradient, memory = normal(9, dtype=dtype), normal(4, 9, seed=1, dtype=dtype)
    before = gradient.clone(), memory.clone()
    for projected in (gem_projection(gradient, memory), agem_projection(gradient, memory[0])):
        assert projected.dtype == dtype
        projected.add_(1.0)
    assert torch.equal(gradient, before[0])
    assert torch.equal(memory, before[1])


def test_a_margin_adds_the_memorys_gradients_first():
    gradient, memory = normal(6, seed=3), normal(3, 6, seed=4)
    expected = gem_projection(gradient + 0.7 * memory.sum(0), memory)
    torch.testing.assert_close(gem_projection(gradient, memory, 0.7), expected)


def test_steps_along_the_negative_projection_lower_every_quadratic_and_along_it_raise_them():
    for seed in range(10):
        centers, point = normal(3, 12, seed=seed), normal(12, seed=90 + seed) / 4
        gradients = point - centers  # of ‖θ − c_i‖² / 2
        new = 3 * gradients[1] - 3 * gradients[0]
        projected = gem_projection(new, gradients)
        assert (gradients @ new).min() < 0
        assert (gradients @ projected).max() > 0.1
        for sign in (-1, 1):
            change = ((point + sign * 1e-5 * projected - centers) ** 2 - (point - centers) ** 2).sum(1) / 2
            assert (sign * change >= -1e-8).all()
            assert sign * change.sum() > 1e-6


@pytest.mark.parametrize("shapes", [((3,), (4,)), ((3,), (2, 4)), ((3, 1), (2, 3)), ((3,), (1, 2, 3))])
def test_shapes_that_do_not_fit_are_refused(shapes):
    with pytest.raises(ValueError, match="expected a gradient"):
        gem_projection(*(torch.ones(shape) for shape in shapes))
    with pytest.raises(ValueError, match="expected a gradient"):
        agem_projection(*(torch.ones(shape) for shape in shapes))


def test_what_is_not_finite_and_a_negative_margin_are_refused():
    for bad in (float("nan"), float("inf")):
        with pytest.raises(ValueError, match="finite"):
            gem_projection(torch.tensor([1.0, bad]), torch.ones(1, 2))
        with pytest.raises(ValueError, match="finite"):
            agem_projection(torch.ones(2), torch.tensor([bad, 1.0]))
    with pytest.raises(ValueError, match="margin"):
        gem_projection(torch.ones(2), torch.ones(1, 2), margin=-1.0)
