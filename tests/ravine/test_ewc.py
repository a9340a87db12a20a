"""The penalty of EWC against its formula, its gradient, and the posterior that it approximates."""

import pytest
import torch

from ravine.ewc import added, ewc_penalty


def normal(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


SHAPES = {"weight": (3, 4), "bias": (3,)}


def drawn(seed):
    return {name: normal(*shape, seed=seed + i) for i, (name, shape) in enumerate(SHAPES.items())}


def test_value_and_gradient_are_those_of_the_formula():
    params, anchors = drawn(1), drawn(5)
    fishers = {name: value**2 for name, value in drawn(9).items()}
    asked = {name: value.requires_grad_() for name, value in params.items()}
    held = {name: value.clone().requires_grad_() for name, value in anchors.items()}
    penalty = ewc_penalty(asked, held, fishers, 3.0)
    expected = sum(
        1.5 * fishers[name].flatten()[j] * (params[name].flatten()[j] - anchors[name].flatten()[j]) ** 2
        for name in SHAPES
        for j in range(params[name].numel())
    )
    torch.testing.assert_close(penalty, expected)
    penalty.backward()
    for name in SHAPES:
        torch.testing.assert_close(asked[name].grad, 3.0 * fishers[name] * (params[name] - anchors[name]))
        assert held[name].grad is None


def test_the_minimizer_with_quadratic_losses_is_the_weighted_mean_of_both_minima():
    a, b = normal(5, seed=1), normal(5, seed=2)
    curvature_a, curvature_b = normal(5, seed=3) ** 2 + 0.1, normal(5, seed=4) ** 2 + 0.1
    for strength in (0.0, 0.3, 4.0, 1e6):
        expected = (curvature_b * b + strength * curvature_a * a) / (curvature_b + strength * curvature_a)
        theta = expected.clone().requires_grad_()
        penalty = ewc_penalty({"theta": theta}, {"theta": a}, {"theta": curvature_a}, strength)
        ((curvature_b * (theta - b) ** 2).sum() / 2 + penalty).backward()
        assert theta.grad.abs().max() <= 1e-9 * (1 + strength)


def test_one_penalty_about_the_latest_minimum_equals_one_for_each_task_where_losses_are_quadratic():
    """Huszár: with exact curvatures, the sum about the minimum of tasks 1 and 2 is both losses, up to a constant."""
    minima = [normal(4, seed=s) for s in (1, 2)]
    curvatures = [normal(4, seed=s) ** 2 + 0.1 for s in (3, 4)]
    latest = sum(c * m for c, m in zip(curvatures, minima, strict=True)) / sum(curvatures)
    summed = added(added(None, {"t": curvatures[0]}), {"t": curvatures[1]})
    differences = []
    for seed in range(5):
        theta = normal(4, seed=10 + seed)
        both = sum((c * (theta - m) ** 2).sum() / 2 for c, m in zip(curvatures, minima, strict=True))
        differences.append(both - ewc_penalty({"t": theta}, {"t": latest}, summed, 1.0))
    torch.testing.assert_close(torch.stack(differences), differences[0].expand(5))


def test_parameters_without_a_fisher_diagonal_are_free():
    params, anchors = drawn(1), drawn(5)
    only = {"bias": torch.ones(3, dtype=torch.float64)}
    expected = ((params["bias"] - anchors["bias"]) ** 2).sum() / 2
    torch.testing.assert_close(ewc_penalty(params, anchors, only, 1.0), expected)


def test_what_is_added_is_a_copy():
    first = {"t": torch.ones(2)}
    total = added(None, first)
    first["t"] += 1
    assert total["t"].tolist() == [1, 1]
    assert added(total, first)["t"].tolist() == [3, 3]
    assert total["t"].tolist() == [1, 1]


def test_wrong_arguments_say_what_is_expected():
    one = {"t": torch.ones(2)}
    with pytest.raises(ValueError, match="strength >= 0"):
        ewc_penalty(one, one, one, -1.0)
    with pytest.raises(ValueError, match="strength >= 0"):
        ewc_penalty(one, one, one, float("nan"))
    with pytest.raises(ValueError, match="got none"):
        ewc_penalty(one, one, {}, 1.0)
    with pytest.raises(ValueError, match=r"t: expected parameters and anchors .* \(2,\), got \(2,\) and None"):
        ewc_penalty(one, {}, one, 1.0)
    with pytest.raises(ValueError, match=r"got \(1,\) and \(2,\)"):
        ewc_penalty({"t": torch.ones(1)}, one, one, 1.0)
    with pytest.raises(ValueError, match="only one has"):
        added(one, {"u": torch.ones(2)})
