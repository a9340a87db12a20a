"""A step size of its own for every parameter, from the size of its past gradients: AdaGrad, RMSprop, AdaDelta.

Papers: Duchi, Hazan and Singer (2011), "Adaptive subgradient methods"; Tieleman and Hinton (2012), lecture 6e of
"Neural networks for machine learning"; Zeiler (2012), "ADADELTA". All squares and roots are taken entry by entry. The
place of eps is PyTorch's: outside the root for AdaGrad and RMSprop, inside both roots for AdaDelta.
Taught in: book/optimization/adaptive-methods.md
"""

import torch

from .optimizer import Optimizer


class AdaGrad(Optimizer):
    """AdaGrad: ``G ← G + g²``, then ``θ ← θ − η g / (√G + ε)``.

    Args:
        params: tensors to update, or parameter groups.
        lr: learning rate η > 0; the first step of every parameter has this length.
        eps: ε >= 0, added outside the root. With 0, a parameter whose first gradient is 0 becomes NaN.

    Raises:
        ValueError: if ``lr`` or ``eps`` is out of range.

    >>> weight = torch.tensor([1.0, 1.0], requires_grad=True)
    >>> optimizer = AdaGrad([weight], lr=0.5)
    >>> weight.grad = torch.tensor([100.0, 0.01])
    >>> optimizer.step()
    >>> weight
    tensor([0.5000, 0.5000], requires_grad=True)
    """

    def __init__(self, params, lr, eps=1e-10):
        super().__init__(params, lr=lr, eps=eps)

    def initial_state(self, param):
        """Start with sums of zero."""
        return {"sum_of_squares": torch.zeros_like(param)}

    def update(self, param, grad, state, *, lr, eps):
        """Take one step; see :class:`AdaGrad`."""
        total = state["sum_of_squares"]
        total.addcmul_(grad, grad)
        param.addcdiv_(grad, total.sqrt().add_(eps), value=-lr)


class RMSprop(Optimizer):
    """RMSprop: ``s ← β s + (1 − β) g²``, then ``θ ← θ − η g / (√s + ε)``.

    Args:
        params: tensors to update, or parameter groups.
        lr: learning rate η > 0. The first step has length ``lr / sqrt(1 - beta)``: s starts at 0, uncorrected.
        beta: decay β of the mean square, in [0, 1). PyTorch calls it ``alpha``, with the default 0.99.
        eps: ε >= 0, added outside the root.

    Raises:
        ValueError: if a hyperparameter is out of range.

    >>> weight = torch.tensor([1.0], requires_grad=True)
    >>> optimizer = RMSprop([weight], lr=0.1, beta=0.75)
    >>> weight.grad = torch.tensor([-3.0])
    >>> optimizer.step()
    >>> weight  # 1 + 0.1 / sqrt(0.25)
    tensor([1.2000], requires_grad=True)
    """

    def __init__(self, params, lr, beta=0.9, eps=1e-8):
        super().__init__(params, lr=lr, beta=beta, eps=eps)

    def initial_state(self, param):
        """Start with mean squares of zero."""
        return {"mean_square": torch.zeros_like(param)}

    def update(self, param, grad, state, *, lr, beta, eps):
        """Take one step; see :class:`RMSprop`."""
        mean_square = state["mean_square"]
        mean_square.mul_(beta).addcmul_(grad, grad, value=1 - beta)
        param.addcdiv_(grad, mean_square.sqrt().add_(eps), value=-lr)


class AdaDelta(Optimizer):
    """AdaDelta: a step in the parameter's own units, the ratio of two running root mean squares.

    ``s ← β s + (1 − β) g²``; ``Δ = √(u + ε) / √(s + ε) · g``; ``u ← β u + (1 − β) Δ²``; ``θ ← θ − η Δ``.

    Args:
        params: tensors to update, or parameter groups.
        lr: factor η > 0 on the step; the paper has none, which is 1.
        beta: decay β of both mean squares, in [0, 1). The paper and PyTorch call it ρ.
        eps: ε >= 0, inside both roots. It sets the size of the first steps: it is a hidden learning rate.

    Raises:
        ValueError: if a hyperparameter is out of range.

    >>> weight = torch.tensor([1.0], requires_grad=True)
    >>> optimizer = AdaDelta([weight], beta=0.75, eps=0.01)
    >>> weight.grad = torch.tensor([2.0])
    >>> optimizer.step()
    >>> weight  # 1 - 0.1 / sqrt(0.25 * 4 + 0.01) * 2
    tensor([0.8010], requires_grad=True)
    """

    def __init__(self, params, lr=1.0, beta=0.9, eps=1e-6):
        super().__init__(params, lr=lr, beta=beta, eps=eps)

    def initial_state(self, param):
        """Start with mean squares of zero."""
        return {"mean_square": torch.zeros_like(param), "mean_square_step": torch.zeros_like(param)}

    def update(self, param, grad, state, *, lr, beta, eps):
        """Take one step; see :class:`AdaDelta`."""
        mean_square, mean_square_step = state["mean_square"], state["mean_square_step"]
        mean_square.mul_(beta).addcmul_(grad, grad, value=1 - beta)
        step = mean_square_step.add(eps).sqrt_().div_(mean_square.add(eps).sqrt_()).mul_(grad)
        mean_square_step.mul_(beta).addcmul_(step, step, value=1 - beta)
        param.sub_(step, alpha=lr)
