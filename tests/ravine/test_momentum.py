"""Momentum against forms that have no velocity, also while the learning rate changes."""

import pytest
import torch

from ravine import landscapes
from ravine.momentum import EMAMomentum, HeavyBall, Nesterov

BETA = 0.9
VALLEY = landscapes.quadratic(condition=100)
RATES = [0.01 * 0.97**t for t in range(150)]


def walk(method, rates, **settings):
    """The points that an optimizer visits on the ravine under a schedule, the start first."""
    params = torch.tensor(VALLEY.start, dtype=torch.float64, requires_grad=True)
    optimizer = method([params], lr=rates[0], **settings)
    points = [params.detach().clone()]
    for rate in rates:
        optimizer.param_groups[0]["lr"] = rate
        params.grad = VALLEY.grad(params.detach())
        optimizer.step()
        points.append(params.detach().clone())
    return torch.stack(points)


def test_heavy_ball_is_polyaks_two_step_recurrence():
    points = walk(HeavyBall, RATES, beta=BETA)
    before = points[0]
    for t, rate in enumerate(RATES):
        expected = points[t] - rate * VALLEY.grad(points[t]) + BETA * (points[t] - before)
        torch.testing.assert_close(points[t + 1], expected, rtol=1e-12, atol=1e-12)
        before = points[t]


def test_nesterov_is_sutskevers_form_seen_from_the_look_ahead_point():
    stored = walk(Nesterov, RATES, beta=BETA)
    params, velocity = stored[0].clone(), torch.zeros(2, dtype=torch.float64)
    for rate, ahead in zip(RATES, stored, strict=False):
        torch.testing.assert_close(ahead, params + BETA * velocity, rtol=1e-10, atol=1e-10)
        velocity = BETA * velocity - rate * VALLEY.grad(params + BETA * velocity)
        params = params + velocity


def test_pytorchs_path_is_the_same_only_while_the_rate_is_constant():
    def theirs(rates):
        return walk(lambda p, lr: torch.optim.SGD(p, lr=lr, momentum=BETA), rates)

    constant = [0.01] * 150
    torch.testing.assert_close(walk(HeavyBall, constant, beta=BETA), theirs(constant), rtol=1e-9, atol=1e-9)
    drop = [0.01] * 50 + [0.001] * 100
    ours, other = walk(HeavyBall, drop, beta=BETA), theirs(drop)
    torch.testing.assert_close(ours[:51], other[:51], rtol=1e-9, atol=1e-9)
    # The velocity gathered at the old rate goes on in ours, and is cut to a tenth in PyTorch's.
    assert ((ours[52] - other[52]).norm() / (ours[51] - ours[50]).norm()).item() > 0.5


def test_moving_average_is_the_weighted_sum_of_gradients():
    points = walk(EMAMomentum, RATES, beta=BETA)
    grads = torch.stack([VALLEY.grad(point) for point in points])
    for t in range(1, len(points)):
        weights = (1 - BETA) * BETA ** torch.arange(t - 1, -1, -1, dtype=torch.float64)
        step = -RATES[t - 1] * weights @ grads[:t]
        torch.testing.assert_close(points[t] - points[t - 1], step, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("method", [HeavyBall, EMAMomentum, Nesterov])
def test_without_momentum_it_is_gradient_descent(method):
    points = walk(method, RATES, beta=0.0)
    for t, rate in enumerate(RATES):
        torch.testing.assert_close(points[t + 1], points[t] - rate * VALLEY.grad(points[t]), rtol=1e-12, atol=1e-12)
