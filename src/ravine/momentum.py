"""Momentum: a velocity that remembers past gradients. Heavy ball, its moving-average form, and Nesterov's.

Papers: Polyak (1964), "Some methods of speeding up the convergence of iteration methods"; Nesterov (1983); Sutskever et
al. (2013), "On the importance of initialization and momentum in deep learning", for the form with a velocity.
Convention: the learning rate stands inside the velocity, so that a change of it does not rescale what is remembered.
PyTorch's SGD keeps it outside: the same path while it is constant, another one under a schedule.
Taught in: book/optimization/momentum.md
"""

import torch

from .optimizer import Optimizer


class HeavyBall(Optimizer):
    """Heavy ball: ``v ← β v − η g``, then ``θ ← θ + v``.

    Args:
        params: tensors to update, or parameter groups.
        lr: learning rate η > 0. Along a constant gradient the step grows to ``lr / (1 - beta)`` times it.
        beta: momentum β in [0, 1); with 0 this is gradient descent.

    Raises:
        ValueError: if ``lr`` or ``beta`` is out of range.

    >>> weight = torch.tensor([1.0], requires_grad=True)
    >>> optimizer = HeavyBall([weight], lr=0.1, beta=0.5)
    >>> for _ in range(2):
    ...     weight.grad = torch.tensor([1.0])
    ...     optimizer.step()
    >>> weight  # 1 - 0.1 - (0.05 + 0.1)
    tensor([0.7500], requires_grad=True)
    """

    def __init__(self, params, lr, beta=0.9):
        super().__init__(params, lr=lr, beta=beta)

    def initial_state(self, param):
        """Start at rest: a velocity of zeros."""
        return {"velocity": torch.zeros_like(param)}

    def update(self, param, grad, state, *, lr, beta):
        """Take one step; see :class:`HeavyBall`."""
        velocity = state["velocity"]
        velocity.mul_(beta).sub_(grad, alpha=lr)
        param.add_(velocity)


class Nesterov(HeavyBall):
    """Nesterov's accelerated gradient: the heavy ball with the gradient taken where the velocity is about to lead.

    In Sutskever's form ``v ← β v − η ∇L(θ + β v)``, ``θ ← θ + v``. The tensor here holds the look-ahead point
    ``θ + β v`` itself, as PyTorch's does, because that is where the gradient is evaluated; in that variable the step
    is ``v ← β v − η g``, ``θ ← θ + β v − η g``.

    Args:
        params: tensors to update, or parameter groups.
        lr: learning rate η > 0.
        beta: momentum β in [0, 1); with 0 this is gradient descent.

    Raises:
        ValueError: if ``lr`` or ``beta`` is out of range.

    >>> weight = torch.tensor([1.0], requires_grad=True)
    >>> optimizer = Nesterov([weight], lr=0.1, beta=0.5)
    >>> weight.grad = torch.tensor([1.0])
    >>> optimizer.step()
    >>> weight  # 1 - 0.5 * 0.1 - 0.1
    tensor([0.8500], requires_grad=True)
    """

    def update(self, param, grad, state, *, lr, beta):
        """Take one step; see :class:`Nesterov`."""
        velocity = state["velocity"]
        velocity.mul_(beta).sub_(grad, alpha=lr)
        param.add_(velocity, alpha=beta).sub_(grad, alpha=lr)


class EMAMomentum(Optimizer):
    """Momentum as a moving average: ``m ← β m + (1 − β) g``, then ``θ ← θ − η m``.

    At a constant learning rate this is the heavy ball with ``lr * (1 - beta)``. PyTorch's ``dampening`` is not this
    form: it leaves the first gradient undamped.

    Args:
        params: tensors to update, or parameter groups.
        lr: learning rate η > 0. Along a constant gradient the step grows to ``lr`` times it.
        beta: decay β of the exponential moving average, in [0, 1); with 0 this is gradient descent.

    Raises:
        ValueError: if ``lr`` or ``beta`` is out of range.

    >>> weight = torch.tensor([1.0], requires_grad=True)
    >>> optimizer = EMAMomentum([weight], lr=0.1, beta=0.5)
    >>> weight.grad = torch.tensor([1.0])
    >>> optimizer.step()
    >>> weight  # 1 - 0.1 * 0.5
    tensor([0.9500], requires_grad=True)
    """

    def __init__(self, params, lr, beta=0.9):
        super().__init__(params, lr=lr, beta=beta)

    def initial_state(self, param):
        """Start with an average of zeros, which is not corrected for."""
        return {"average": torch.zeros_like(param)}

    def update(self, param, grad, state, *, lr, beta):
        """Take one step; see :class:`EMAMomentum`."""
        average = state["average"]
        average.lerp_(grad, 1 - beta)
        param.sub_(average, alpha=lr)
