"""Every method on every landscape: equal to its oracle step by step, and a well-behaved PyTorch optimizer.

A new method is one row of ``METHODS``. Steps are compared one at a time from equal parameters: after each, the oracle's
parameters (and so the point where the next gradient is taken) are copied into ours. A rounding error then stays one,
where whole paths on Rosenbrock or Rastrigin would carry it to order one.
"""

import copy
import math
import random
from collections.abc import Callable
from typing import NamedTuple

import lion_pytorch
import pytest
import torch

from ravine import adam, adaptive_methods, landscapes, lion, momentum, muon
from ravine.gradient_descent import GradientDescent
from ravine.optimizer import Optimizer


class Method(NamedTuple):
    """A method of ours, its oracle under our names, and random hyperparameters for both.

    shape: of the parameter in the test; the last dimension is the point of a landscape.
    scheduled: whether the oracle also agrees while the learning rate changes.
    """

    ours: type[Optimizer]
    oracle: Callable[..., torch.optim.Optimizer]
    draw: dict[str, Callable[[random.Random], object]]
    shape: tuple[int, ...] = (2,)
    scheduled: bool = True


def log_uniform(low, high):
    return lambda rng: math.exp(rng.uniform(math.log(low), math.log(high)))


def uniform(low, high):
    return lambda rng: rng.uniform(low, high)


def sgd(params, lr, beta=0.0, nesterov=False):
    return torch.optim.SGD(params, lr=lr, momentum=beta, nesterov=nesterov, foreach=False)


RATE, BETA, EPS = {"lr": log_uniform(1e-4, 1e-2)}, {"beta": uniform(0.05, 0.99)}, {"eps": log_uniform(1e-10, 1e-3)}
BETAS = {"betas": lambda rng: (rng.uniform(0, 0.99), rng.uniform(0.5, 0.9999))}
DECAY = {"weight_decay": log_uniform(1e-4, 1.0)}
METHODS = {
    "gradient descent": Method(GradientDescent, sgd, RATE),
    # PyTorch keeps the learning rate outside the velocity, so a change of it tells the two apart: see test_momentum.py.
    "heavy ball": Method(momentum.HeavyBall, sgd, RATE | BETA, scheduled=False),
    "Nesterov": Method(
        momentum.Nesterov, lambda p, lr, beta: sgd(p, lr, beta, nesterov=True), RATE | BETA, scheduled=False
    ),
    "EMA momentum": Method(momentum.EMAMomentum, lambda p, lr, beta: sgd(p, lr * (1 - beta), beta), RATE | BETA),
    "AdaGrad": Method(adaptive_methods.AdaGrad, torch.optim.Adagrad, RATE | EPS),
    "RMSprop": Method(
        adaptive_methods.RMSprop,
        lambda p, lr, beta, eps: torch.optim.RMSprop(p, lr=lr, alpha=beta, eps=eps),
        RATE | BETA | EPS,
    ),
    "AdaDelta": Method(
        adaptive_methods.AdaDelta,
        lambda p, lr, beta, eps: torch.optim.Adadelta(p, lr=lr, rho=beta, eps=eps),
        {"lr": log_uniform(0.1, 10)} | BETA | EPS,
    ),
    "Adam": Method(adam.Adam, torch.optim.Adam, RATE | BETAS | EPS),
    "AMSGrad": Method(
        adam.AMSGrad, lambda p, **settings: torch.optim.Adam(p, amsgrad=True, **settings), RATE | BETAS | EPS
    ),
    "AdamW": Method(adam.AdamW, torch.optim.AdamW, RATE | BETAS | EPS | DECAY),
    "Lion": Method(lion.Lion, lambda p, **settings: lion_pytorch.Lion(p, **settings), RATE | BETAS | DECAY),
    "Muon": Method(
        muon.Muon,
        lambda p, lr, beta, weight_decay: torch.optim.Muon(p, lr=lr, momentum=beta, weight_decay=weight_decay),
        RATE | BETA | DECAY,
        shape=(2, 2),
    ),
}
DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
TOLERANCES = {torch.float64: 1e-12, torch.float32: 2e-6}
STEPS = 200

METHOD = pytest.mark.parametrize("method", METHODS.values(), ids=METHODS.keys())
SCHEDULED = pytest.mark.parametrize(
    "method", [m for m in METHODS.values() if m.scheduled], ids=[name for name, m in METHODS.items() if m.scheduled]
)


def parameter(values):
    return values.detach().clone().requires_grad_()


def drawn(method, seed):
    rng = random.Random(seed)
    return {name: draw(rng) for name, draw in method.draw.items()}


def started(method, landscape, **kind):
    """A parameter of the method's shape: the landscape's start, and points beside it."""
    start = torch.tensor(landscape.start, dtype=torch.float64).expand(method.shape)
    return parameter(
        (start + 0.1 * torch.arange(math.prod(method.shape[:-1])).reshape(*method.shape[:-1], 1)).to(**kind)
    )


def inside(landscape, params):
    return all(
        ((low <= values) & (values <= high)).all()
        for values, (low, high) in zip(params.unbind(-1), landscape.window, strict=True)
    )


@METHOD
@pytest.mark.parametrize("name", landscapes.ALL)
@pytest.mark.parametrize("dtype", TOLERANCES, ids=str)
@pytest.mark.parametrize("device", DEVICES)
def test_each_step_is_the_oracles(method, name, dtype, device):
    landscape = landscapes.ALL[name]()
    start = started(method, landscape, dtype=dtype, device=device)
    theirs, ours = parameter(start), parameter(start)
    settings = drawn(method, seed=f"{name} {dtype}")
    optimizer, oracle = method.ours([ours], **settings), method.oracle([theirs], **settings)
    moved = 0
    for _ in range(STEPS):
        before = theirs.detach().clone()
        grad = landscape.grad(before)
        ours.grad, theirs.grad = grad.clone(), grad.clone()
        optimizer.step()
        oracle.step()
        moved += not torch.equal(theirs, before)
        torch.testing.assert_close(ours, theirs, rtol=TOLERANCES[dtype], atol=TOLERANCES[dtype])
        with torch.no_grad():
            # It ran away, or it has arrived and stands still: go on from the start, with the same state.
            if not inside(landscape, theirs) or torch.equal(theirs, before):
                theirs.copy_(start)
            ours.copy_(theirs)
    assert moved >= STEPS / 2, "the oracle stood still: nothing was compared"


@METHOD
@pytest.mark.parametrize("seed", range(10))
def test_each_step_is_the_oracles_on_random_gradients(method, seed):
    """Several parameters of several shapes; gradients of many sizes, some exactly zero."""
    generator = torch.Generator().manual_seed(seed)
    shapes = [(3, 4), (5, 2), (1, 1)] + ([] if method.ours is muon.Muon else [(), (7,), (2, 3, 4)])
    theirs = [parameter(torch.randn(shape, generator=generator, dtype=torch.float64)) for shape in shapes]
    ours = [parameter(param) for param in theirs]
    settings = drawn(method, seed)
    optimizer, oracle = method.ours(ours, **settings), method.oracle(theirs, **settings)
    for _ in range(STEPS):
        for mine, param in zip(ours, theirs, strict=True):
            size = 10 ** (4 * torch.rand((), generator=generator) - 2)
            grad = size * torch.randn(param.shape, generator=generator, dtype=torch.float64)
            grad *= torch.rand(param.shape, generator=generator) > 0.2
            mine.grad, param.grad = grad.clone(), grad.clone()
        optimizer.step()
        oracle.step()
        for mine, param in zip(ours, theirs, strict=True):
            torch.testing.assert_close(mine, param, rtol=1e-12, atol=1e-12)
            with torch.no_grad():
                mine.copy_(param)


@METHOD
def test_state_can_be_saved_and_restored(method):
    landscape = landscapes.quadratic(condition=10)

    def walk(optimizer, params, steps):
        for _ in range(steps):
            params.grad = landscape.grad(params.detach())
            optimizer.step()

    params = started(method, landscape)
    optimizer = method.ours([params], **drawn(method, 0))
    walk(optimizer, params, 5)
    resumed = parameter(params)
    other = method.ours([resumed], lr=123.0)
    other.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    walk(optimizer, params, 5)
    walk(other, resumed, 5)
    assert torch.equal(params, resumed)
    twin = copy.deepcopy(optimizer)
    walk(optimizer, params, 5)
    walk(twin, twin.param_groups[0]["params"][0], 5)
    assert torch.equal(params, twin.param_groups[0]["params"][0])


@SCHEDULED
def test_follows_a_scheduler_as_the_oracle_does(method):
    landscape = landscapes.quadratic(condition=10)
    found = []
    for kind in (method.ours, method.oracle):
        params = started(method, landscape)
        optimizer = kind([params], **drawn(method, 0))
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
    params = parameter(torch.tensor([[1.0, 2.0], [3.0, 4.0]]))
    before, address = params.detach().clone(), params.data_ptr()
    optimizer = method.ours([params], lr=0.1)
    (params**2).sum().backward()
    optimizer.step()
    assert params.data_ptr() == address
    assert not torch.equal(params, before)
    optimizer.zero_grad()
    assert params.grad is None


@METHOD
def test_the_gradient_is_left_as_it_was(method):
    weight = parameter(torch.ones(2, 2))
    optimizer = method.ours([weight], lr=0.1)
    weight.grad = torch.tensor([[1.0, -2.0], [0.5, 0.0]])
    before = weight.grad.clone()
    for _ in range(3):
        optimizer.step()
    assert torch.equal(weight.grad, before)


@METHOD
def test_parameters_without_gradient_stay_and_have_no_state(method):
    used, unused = parameter(torch.ones(2, 2)), parameter(torch.ones(2, 2))
    optimizer = method.ours([used, unused], lr=0.1)
    used.sum().backward()
    optimizer.step()
    assert torch.equal(unused, torch.ones(2, 2))
    assert not torch.equal(used, torch.ones(2, 2))
    assert not optimizer.state.get(unused)


@METHOD
def test_closure_is_evaluated_and_its_loss_returned(method):
    weight = parameter(torch.eye(2))
    optimizer = method.ours([weight], lr=0.1)

    def closure():
        optimizer.zero_grad()
        loss = (weight**2).sum()
        loss.backward()
        return loss

    assert optimizer.step(closure).item() == 2.0
    assert not torch.equal(weight, torch.eye(2))


# Every hyperparameter of the library, and what lies outside its range.
REFUSED = {
    "lr": [0, -0.1, math.nan, math.inf, "fast", None],
    "beta": [1, 1.5, -0.1, math.nan, None],
    "betas": [(0.9,), (0.9, 1.0), (-0.1, 0.9), (0.9, 0.99, 0.999), (0.9, math.nan), 0.9],
    "eps": [-1e-8, math.nan, math.inf],
    "weight_decay": [-0.1, math.nan, math.inf],
}


@METHOD
def test_every_hyperparameter_is_held_to_its_range(method):
    weight = parameter(torch.zeros(2, 2))
    for name in method.ours([weight], lr=0.1).defaults:
        for value in REFUSED[name]:
            with pytest.raises(ValueError, match=f"^{name} must be .*, got "):
                method.ours([weight], **{"lr": 0.1, name: value})
            with pytest.raises(ValueError, match=f"^{name} must be .*, got "):
                method.ours([{"params": [weight], name: value}], lr=0.1)


@METHOD
def test_refuses_no_parameters(method):
    with pytest.raises(ValueError, match="empty parameter list"):
        method.ours([], lr=0.1)
