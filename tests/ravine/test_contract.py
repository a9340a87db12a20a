"""Every method on every landscape: equal to its oracle step by step, and a well-behaved PyTorch optimizer.

A new method is one row of ``METHODS``. Steps are compared one at a time from equal state: after each, the oracle's
parameters (and so the point where the next gradient is taken) are copied into ours. A rounding error then stays one,
where whole paths on Rosenbrock or Rastrigin would carry it to order one.
"""

import copy
from typing import NamedTuple

import pytest
import torch

from ravine import landscapes
from ravine.gradient_descent import GradientDescent


class Method(NamedTuple):
    """A method of ours, what it is compared with, and hyperparameters that both understand."""

    ours: type
    oracle: type
    hyperparameters: dict


METHODS = {
    "gradient descent": Method(GradientDescent, torch.optim.SGD, {"lr": 1e-3}),
}
DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
TOLERANCES = {torch.float64: 1e-12, torch.float32: 2e-6}

METHOD = pytest.mark.parametrize("method", METHODS.values(), ids=METHODS.keys())


def parameter(values):
    return values.detach().clone().requires_grad_()


@METHOD
@pytest.mark.parametrize("name", landscapes.ALL)
@pytest.mark.parametrize("dtype", TOLERANCES, ids=str)
@pytest.mark.parametrize("device", DEVICES)
def test_each_step_is_the_oracles(method, name, dtype, device):
    landscape = landscapes.ALL[name]()
    theirs = parameter(torch.tensor(landscape.start, dtype=dtype, device=device))
    ours = parameter(theirs)
    optimizer = method.ours([ours], **method.hyperparameters)
    oracle = method.oracle([theirs], **method.hyperparameters)
    moved = 0
    for _ in range(50):
        before = theirs.detach().clone()
        grad = landscape.grad(before)
        ours.grad, theirs.grad = grad.clone(), grad.clone()
        optimizer.step()
        oracle.step()
        moved += not torch.equal(theirs, before)
        torch.testing.assert_close(ours, theirs, rtol=TOLERANCES[dtype], atol=TOLERANCES[dtype])
        with torch.no_grad():
            ours.copy_(theirs)
    assert moved >= 10, "the oracle stood still: nothing was compared"


@METHOD
def test_state_can_be_saved_and_restored(method):
    landscape = landscapes.rosenbrock()

    def walk(optimizer, params, steps):
        for _ in range(steps):
            params.grad = landscape.grad(params.detach())
            optimizer.step()

    params = parameter(torch.tensor(landscape.start).double())
    optimizer = method.ours([params], **method.hyperparameters)
    walk(optimizer, params, 5)
    resumed = parameter(params)
    other = method.ours([resumed], **{**method.hyperparameters, "lr": 123.0})
    other.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    walk(optimizer, params, 5)
    walk(other, resumed, 5)
    assert torch.equal(params, resumed)


@METHOD
def test_follows_a_scheduler_as_the_oracle_does(method):
    landscape = landscapes.quadratic(condition=10)
    found = []
    for kind in (method.ours, method.oracle):
        params = parameter(torch.tensor(landscape.start).double())
        optimizer = kind([params], **method.hyperparameters)
        scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=20)
        for _ in range(20):
            params.grad = landscape.grad(params.detach())
            optimizer.step()
            scheduler.step()
        assert optimizer.param_groups[0]["lr"] == pytest.approx(0, abs=1e-12)
        found.append(params.detach())
    torch.testing.assert_close(*found, rtol=1e-12, atol=1e-12)


@METHOD
def test_updates_in_place_and_zeroes_gradients(method):
    params = parameter(torch.tensor([1.0, 2.0]))
    address = params.data_ptr()
    optimizer = method.ours([params], **method.hyperparameters)
    (params**2).sum().backward()
    optimizer.step()
    assert params.data_ptr() == address
    assert params.tolist() != [1.0, 2.0]
    optimizer.zero_grad()
    assert params.grad is None


@METHOD
def test_refuses_no_parameters(method):
    with pytest.raises(ValueError, match="empty parameter list"):
        method.ours([], **method.hyperparameters)
