"""Adam: a moving average of gradients over the root of a moving average of their squares; with AMSGrad and AdamW.

Papers: Kingma and Ba (2015), "Adam: a method for stochastic optimization", Algorithm 1; Reddi, Kale and Kumar (2018),
"On the convergence of Adam and beyond" (AMSGrad); Loshchilov and Hutter (2019), "Decoupled weight decay regularization"
(AdamW). eps stands outside the root, as in the paper and in PyTorch.
Taught in: book/optimization/adam.md
"""

import math

import torch

from .optimizer import Optimizer


class Adam(Optimizer):
    """Adam: ``m ← β₁ m + (1 − β₁) g``, ``v ← β₂ v + (1 − β₂) g²``, then ``θ ← θ − η m̂ / (√v̂ + ε)``.

    The hats divide by ``1 − β₁ᵗ`` and ``1 − β₂ᵗ``, where t counts the steps of this parameter from 1.

    Args:
        params: tensors to update, or parameter groups.
        lr: learning rate η > 0 (α in the paper); about the length of a step in each parameter.
        betas: decays (β₁, β₂) of the two moments, each in [0, 1).
        eps: ε >= 0, added outside the root.

    Raises:
        ValueError: if a hyperparameter is out of range.

    >>> weight = torch.tensor([1.0, 1.0], requires_grad=True)
    >>> optimizer = Adam([weight], lr=0.25)
    >>> weight.grad = torch.tensor([100.0, -0.01])
    >>> optimizer.step()
    >>> weight
    tensor([0.7500, 1.2500], requires_grad=True)
    """

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
        super().__init__(params, lr=lr, betas=betas, eps=eps)

    def initial_state(self, param):
        """Start at step 0 with moments of zero."""
        return {"step": 0, "first_moment": torch.zeros_like(param), "second_moment": torch.zeros_like(param)}

    def update(self, param, grad, state, *, lr, betas, eps):
        """Take one step; see :class:`Adam`."""
        beta1, beta2 = betas
        state["step"] += 1
        correction1, correction2 = 1 - beta1 ** state["step"], 1 - beta2 ** state["step"]
        state["first_moment"].lerp_(grad, 1 - beta1)
        state["second_moment"].mul_(beta2).addcmul_(grad, grad, value=1 - beta2)
        root = self.divisor(state).sqrt().div_(math.sqrt(correction2)).add_(eps)
        param.addcdiv_(state["first_moment"], root, value=-lr / correction1)

    def divisor(self, state):
        """Return what the root is taken of: the second moment v, before its correction."""
        return state["second_moment"]


class AMSGrad(Adam):
    """AMSGrad: Adam with the largest second moment so far in place of the present one.

    As in PyTorch, the maximum is taken before the bias correction and corrected with the present step's factor. Reddi
    et al. have no bias correction.

    Args:
        params: tensors to update, or parameter groups.
        lr: learning rate η > 0.
        betas: decays (β₁, β₂) of the two moments, each in [0, 1).
        eps: ε >= 0, added outside the root.

    Raises:
        ValueError: if a hyperparameter is out of range.
    """

    def initial_state(self, param):
        """Start at step 0 with moments of zero."""
        return {**super().initial_state(param), "largest_second_moment": torch.zeros_like(param)}

    def divisor(self, state):
        """Return the largest second moment so far."""
        largest = state["largest_second_moment"]
        return torch.maximum(largest, state["second_moment"], out=largest)


class AdamW(Adam):
    """AdamW: Adam whose weight decay does not pass through the moments: first ``θ ← (1 − η λ) θ``, then Adam's step.

    Args:
        params: tensors to update, or parameter groups.
        lr: learning rate η > 0; it scales the decay too, as in PyTorch.
        betas: decays (β₁, β₂) of the two moments, each in [0, 1).
        eps: ε >= 0, added outside the root.
        weight_decay: λ >= 0; with 0 this is Adam.

    Raises:
        ValueError: if a hyperparameter is out of range.

    >>> weight = torch.tensor([1.0], requires_grad=True)
    >>> optimizer = AdamW([weight], lr=0.25, weight_decay=0.4)
    >>> weight.grad = torch.tensor([3.0])
    >>> optimizer.step()
    >>> weight  # (1 - 0.25 * 0.4) * 1 - 0.25
    tensor([0.6500], requires_grad=True)
    """

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
        Optimizer.__init__(self, params, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay)

    def update(self, param, grad, state, *, weight_decay, **adam):
        """Take one step; see :class:`AdamW`."""
        param.mul_(1 - adam["lr"] * weight_decay)
        super().update(param, grad, state, **adam)
