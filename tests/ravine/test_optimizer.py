"""What all update rules share, where one rule shows it; what each rule must do is in test_contract.py."""

import pytest
import torch

from ravine.adam import Adam
from ravine.gradient_descent import GradientDescent
from ravine.optimizer import Optimizer


def test_each_group_has_its_own_hyperparameters():
    slow, fast = torch.ones(1, requires_grad=True), torch.ones(1, requires_grad=True)
    optimizer = GradientDescent([{"params": [slow]}, {"params": [fast], "lr": 0.5}], lr=0.1)
    (slow.sum() + fast.sum()).backward()
    optimizer.step()
    assert (slow.item(), fast.item()) == pytest.approx((0.9, 0.5))


def test_a_parameter_that_joins_late_counts_its_own_steps():
    early, late = (torch.zeros(1, dtype=torch.float64, requires_grad=True) for _ in range(2))
    optimizer = Adam([early], lr=0.1)
    for _ in range(3):
        early.grad = torch.ones_like(early)
        optimizer.step()
    optimizer.add_param_group({"params": [late], "lr": 0.5})
    late.grad = torch.full_like(late, -7.0)
    optimizer.step()
    assert late.item() == pytest.approx(0.5)


def test_complex_parameters_are_refused():
    with pytest.raises(ValueError, match=r"real floating-point type, got torch\.complex64"):
        GradientDescent([torch.zeros(2, dtype=torch.complex64, requires_grad=True)], lr=0.1)


def test_sparse_gradients_are_refused():
    embedding = torch.nn.Embedding(4, 2, sparse=True)
    embedding(torch.tensor([1])).sum().backward()
    with pytest.raises(ValueError, match="dense gradient"):
        GradientDescent(embedding.parameters(), lr=0.1).step()


def test_a_rule_without_an_update_says_so():
    weight = torch.zeros(1, requires_grad=True)
    weight.grad = torch.ones(1)
    with pytest.raises(NotImplementedError, match=r"does not define update\(\)"):
        Optimizer([weight], lr=0.1).step()
