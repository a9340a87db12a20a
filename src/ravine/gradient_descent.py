"""Gradient descent: step against the gradient, by the learning rate.

Paper: Cauchy (1847), for systems of equations. The update is ``params = params - lr * grad``, which is PyTorch's
``torch.optim.SGD`` without momentum or weight decay; whether the gradient comes from all the data or from a batch is
decided outside.
Taught in: book/optimization/gradient-descent.md
"""

import math

import torch


def gradient_descent_step(params, grad, *, lr):
    """Advance one gradient-descent step.

    Args:
        params: current parameters θ, any shape.
        grad: gradient g of the loss at ``params``, same shape.
        lr: learning rate η > 0.

    Returns:
        The new parameters, same shape; the inputs are left unchanged.

    Raises:
        ValueError: if ``lr`` is not a positive finite number or the shapes differ.

    >>> gradient_descent_step(torch.tensor([1.0, -2.0]), torch.tensor([2.0, -4.0]), lr=0.25)
    tensor([ 0.5000, -1.0000])
    """
    _check_lr(lr)
    if params.shape != grad.shape:
        raise ValueError(f"expected a gradient of shape {tuple(params.shape)}, got {tuple(grad.shape)}")
    return params - lr * grad


class GradientDescent(torch.optim.Optimizer):
    """Gradient descent as a PyTorch optimizer; it updates the parameters in place.

    Args:
        params: tensors to update, or parameter groups, each of which may have its own ``lr``.
        lr: learning rate η > 0. A scheduler may later lower it to 0.

    Raises:
        ValueError: if the ``lr`` of a group is not a positive finite number.

    >>> weight = torch.tensor([1.0], requires_grad=True)
    >>> optimizer = GradientDescent([weight], lr=0.25)
    >>> (weight**2).sum().backward()
    >>> optimizer.step()
    >>> weight
    tensor([0.5000], requires_grad=True)
    """

    def __init__(self, params, lr):
        _check_lr(lr)
        super().__init__(params, {"lr": lr})

    def add_param_group(self, param_group):
        """Add a group of parameters.

        Args:
            param_group: ``{"params": tensors, "lr": learning rate}``; without ``lr`` the optimizer's own is used.

        Raises:
            ValueError: if its ``lr`` is not a positive finite number.
        """
        _check_lr(param_group.get("lr", self.defaults["lr"]))
        super().add_param_group(param_group)

    @torch.no_grad()
    def step(self, closure=None):
        """Update every parameter that has a gradient.

        Args:
            closure: evaluates the model again and returns the loss; optional.

        Returns:
            The loss that ``closure`` returned, else None.
        """
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for param in group["params"]:
                if param.grad is not None:
                    param.add_(param.grad, alpha=-group["lr"])
        return loss


def _check_lr(lr):
    if not (math.isfinite(lr) and lr > 0):
        raise ValueError(f"lr must be a positive finite number, got {lr}")
