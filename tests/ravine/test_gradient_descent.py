"""What is particular to gradient descent; the step itself is compared with PyTorch's in test_contract.py."""

import math

import pytest
import torch

from ravine.gradient_descent import GradientDescent, gradient_descent_step


def test_step_is_worked_by_hand_and_changes_nothing():
    params, grad = torch.tensor([1.0, -2.0]), torch.tensor([4.0, 0.5])
    assert gradient_descent_step(params, grad, lr=0.5).tolist() == [-1.0, -2.25]
    assert params.tolist() == [1.0, -2.0]
    assert grad.tolist() == [4.0, 0.5]


@pytest.mark.parametrize("lr", [0, -0.1, math.nan, math.inf])
def test_lr_must_be_positive_and_finite(lr):
    weight = torch.zeros(2, requires_grad=True)
    with pytest.raises(ValueError, match="lr must be"):
        gradient_descent_step(weight, weight, lr=lr)
    with pytest.raises(ValueError, match="lr must be"):
        GradientDescent([weight], lr=lr)
    with pytest.raises(ValueError, match="lr must be"):
        GradientDescent([{"params": [weight], "lr": lr}], lr=0.1)


def test_shapes_must_agree():
    with pytest.raises(ValueError, match=r"shape \(2,\), got \(3,\)"):
        gradient_descent_step(torch.zeros(2), torch.zeros(3), lr=0.1)


def test_each_group_has_its_own_lr():
    slow, fast = torch.ones(1, requires_grad=True), torch.ones(1, requires_grad=True)
    optimizer = GradientDescent([{"params": [slow]}, {"params": [fast], "lr": 0.5}], lr=0.1)
    (slow.sum() + fast.sum()).backward()
    optimizer.step()
    assert (slow.item(), fast.item()) == pytest.approx((0.9, 0.5))


def test_parameters_without_gradient_stay():
    used, unused = torch.ones(1, requires_grad=True), torch.ones(1, requires_grad=True)
    optimizer = GradientDescent([used, unused], lr=0.1)
    used.sum().backward()
    optimizer.step()
    assert unused.item() == 1.0


def test_closure_is_evaluated_and_its_loss_returned():
    weight = torch.tensor([3.0], requires_grad=True)
    optimizer = GradientDescent([weight], lr=0.1)

    def closure():
        optimizer.zero_grad()
        loss = (weight**2).sum()
        loss.backward()
        return loss

    assert optimizer.step(closure).item() == 9.0
    assert weight.item() == pytest.approx(2.4)
