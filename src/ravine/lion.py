"""Lion: the sign of a momentum, found by a search over programs.

Paper: Chen et al. (2023), "Symbolic discovery of optimization algorithms". One average is kept, but the step looks at a
mixture of it with the present gradient that forgets faster.
Taught in: book/optimization/adam.md
"""

import torch

from .optimizer import Optimizer


class Lion(Optimizer):
    """Lion: ``θ ← (1 − η λ) θ − η sign(β₁ m + (1 − β₁) g)``, then ``m ← β₂ m + (1 − β₂) g``.

    Args:
        params: tensors to update, or parameter groups.
        lr: learning rate η > 0: the length of every step in every parameter. Three to ten times smaller than Adam's.
        betas: (β₁, β₂), each in [0, 1): the mixture in the step, and the decay of the average.
        weight_decay: decoupled weight decay λ >= 0.

    Raises:
        ValueError: if a hyperparameter is out of range.

    >>> weight = torch.tensor([1.0, 1.0], requires_grad=True)
    >>> optimizer = Lion([weight], lr=0.25)
    >>> weight.grad = torch.tensor([100.0, -0.01])
    >>> optimizer.step()
    >>> weight
    tensor([0.7500, 1.2500], requires_grad=True)
    """

    def __init__(self, params, lr=1e-4, betas=(0.9, 0.99), weight_decay=0.0):
        super().__init__(params, lr=lr, betas=betas, weight_decay=weight_decay)

    def initial_state(self, param):
        """Start with an average of zeros."""
        return {"average": torch.zeros_like(param)}

    def update(self, param, grad, state, *, lr, betas, weight_decay):
        """Take one step; see :class:`Lion`."""
        beta1, beta2 = betas
        average = state["average"]
        param.mul_(1 - lr * weight_decay)
        param.sub_(average.lerp(grad, 1 - beta1).sign_(), alpha=lr)
        average.lerp_(grad, 1 - beta2)
