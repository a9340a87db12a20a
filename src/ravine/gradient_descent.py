"""Gradient descent: step against the gradient, by the learning rate.

Paper: Cauchy (1847), for systems of equations. The update is ``params = params - lr * grad``, which is PyTorch's
``torch.optim.SGD`` without momentum or weight decay; whether the gradient comes from all the data or from a batch
(stochastic gradient descent, SGD) is decided outside.
Taught in: book/optimization/gradient-descent.md
"""

from .optimizer import Optimizer


class GradientDescent(Optimizer):
    """Gradient descent: ``θ ← θ − η g``. It remembers nothing.

    Args:
        params: tensors to update, or parameter groups.
        lr: learning rate η > 0. A scheduler may later lower it to 0.

    Raises:
        ValueError: if ``lr`` is not a positive finite number.

    >>> import torch
    >>> weight = torch.tensor([1.0], requires_grad=True)
    >>> optimizer = GradientDescent([weight], lr=0.25)
    >>> (weight**2).sum().backward()
    >>> optimizer.step()
    >>> weight
    tensor([0.5000], requires_grad=True)
    """

    def __init__(self, params, lr):
        super().__init__(params, lr=lr)

    def update(self, param, grad, state, *, lr):
        """Take one step; see :class:`GradientDescent`."""
        param.sub_(grad, alpha=lr)
