"""Muon: momentum for matrices whose step is made nearly orthogonal, so that all its directions have one length.

Source: Jordan et al. (2024), "Muon: an optimizer for hidden layers in neural networks". The orthogonal factor of the
momentum is the direction of steepest descent when a step is measured by its spectral norm (Bernstein and Newhouse,
2024); a polynomial iteration finds it roughly, in a few matrix products.
Taught in: book/optimization/adam.md
"""

import math

import torch

from .optimizer import Optimizer

# Jordan et al. chose the polynomial for its slope at 0, not for its limit: singular values end between 0.7 and 1.2.
_COEFFICIENTS = (3.4445, -4.7750, 2.0315)


def orthogonalize(matrix, *, steps=5):
    """Bring all singular values of a matrix near 1 and keep its singular vectors, by a Newton–Schulz iteration.

    With X scaled to Frobenius norm 1, each step is ``X ← a X + (b X Xᵀ + c (X Xᵀ)²) X``. Computed in bfloat16, as in
    the source and in PyTorch: the result is meant to be rough.

    Args:
        matrix: ``(rows, columns)``; zeros stay zeros.
        steps: number of iterations.

    Returns:
        A matrix of the same shape in bfloat16.

    Raises:
        ValueError: if ``matrix`` is not two-dimensional.

    >>> orthogonalize(torch.diag(torch.tensor([5.0, 1.0]))).float().diag().round(decimals=1)
    tensor([0.7000, 0.8000])
    """
    if matrix.ndim != 2:
        raise ValueError(f"expected a matrix, got shape {tuple(matrix.shape)}")
    a, b, c = _COEFFICIENTS
    wide = matrix.shape[0] <= matrix.shape[1]
    x = matrix.bfloat16() if wide else matrix.bfloat16().T
    x = x / x.norm().clamp(min=1e-7)
    for _ in range(steps):
        gram = x @ x.T  # (rows, rows), the short side
        x = torch.addmm(x, torch.addmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x if wide else x.T


class Muon(Optimizer):
    """Muon, for weight matrices: ``m ← β m + (1 − β) g``, ``θ ← (1 − η λ) θ − η r · orthogonalize((1 − β) g + β m)``.

    The mixture is Nesterov's; r is ``√max(1, rows / columns)``. Other parameters (biases, embeddings, the last layer)
    go to AdamW.

    Args:
        params: matrices to update, or parameter groups.
        lr: learning rate η > 0.
        beta: decay β of the average, in [0, 1).
        weight_decay: decoupled weight decay λ >= 0.

    Raises:
        ValueError: if a hyperparameter is out of range or a parameter is not a matrix.
    """

    def __init__(self, params, lr=1e-3, beta=0.95, weight_decay=0.1):
        super().__init__(params, lr=lr, beta=beta, weight_decay=weight_decay)

    def add_param_group(self, param_group):
        """Add a group of matrices; see :meth:`ravine.optimizer.Optimizer.add_param_group`."""
        super().add_param_group(param_group)
        for param in self.param_groups[-1]["params"]:
            if param.ndim != 2:
                self.param_groups.pop()
                raise ValueError(f"Muon updates matrices, got a parameter of shape {tuple(param.shape)}")

    def initial_state(self, param):
        """Start with an average of zeros."""
        return {"average": torch.zeros_like(param)}

    def update(self, param, grad, state, *, lr, beta, weight_decay):
        """Take one step; see :class:`Muon`."""
        average = state["average"]
        average.lerp_(grad, 1 - beta)
        param.mul_(1 - lr * weight_decay)
        rows, columns = param.shape
        step = orthogonalize(grad.lerp(average, beta))
        param.sub_(step, alpha=lr * math.sqrt(max(1, rows / columns)))
