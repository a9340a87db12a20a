"""Gradient episodic memory: a gradient bent so that, to first order, no remembered task loses.

Papers: Lopez-Paz and Ranzato (2017), "Gradient episodic memory for continual learning" (GEM: one constraint for each
old task, a quadratic program); Chaudhry et al. (2019), "Efficient lifelong learning with A-GEM" (one constraint, the
memory's mean gradient). What is projected is a *gradient*: the optimizer steps along its negative. The quadratic
program is solved exactly, as a non-negative least-squares problem in its dual; Lopez-Paz and Ranzato use quadprog. The
method objects that call these functions in training are in ``continual_methods``.
Taught in: book/lifelong/ewc-and-gem.md
"""

import numpy as np
import torch
from scipy.optimize import nnls

TINY = 1e-12  # a product g·g_i above minus this, for vectors of length 1, counts as no conflict: rounding


def gem_projection(gradient, memory_gradients, margin=0.0):
    """Return the vector nearest to the gradient that has no negative product with any of the memory's gradients.

    It solves min ‖z − g‖² / 2 subject to z·g_i >= 0 for all i through the dual: z = g + Σ v_i g_i, where v >= 0
    minimizes ‖g + Σ v_i g_i‖² / 2. Scaling a memory's gradient by a positive number changes nothing, and one that is
    zero constrains nothing. Computed in float64. A gradient without a conflict comes back as it is.

    Args:
        gradient: g, ``(d,)``.
        memory_gradients: g_i in rows, ``(k, d)``; k may be 0, rows may depend on each other.
        margin: least value of each v_i, >= 0 ("memory strength" γ of the paper): g + margin · Σ g_i is projected
            instead of g. With more than 0 the scale of the memory's gradients counts.

    Returns:
        The projected gradient, ``(d,)``, of the dtype of ``gradient``.

    Raises:
        ValueError: if the shapes do not fit, a number is not finite or ``margin`` is negative.

    >>> gem_projection(torch.tensor([1.0, 0.0]), torch.tensor([[-1.0, 1.0]]))
    tensor([0.5000, 0.5000])
    """
    _check(gradient, memory_gradients, 2)
    if not 0 <= margin < float("inf"):
        raise ValueError(f"expected margin >= 0, got {margin}; 0 is the plain projection")
    wished = gradient.detach().double().cpu() + margin * memory_gradients.detach().double().cpu().sum(0)
    units = _units(memory_gradients)  # (k', d)
    scale = wished.abs().max().item()
    if scale == 0 or not len(units) or (units @ (wished / scale) >= -TINY * (wished / scale).norm()).all():
        return wished.to(gradient)
    # min ‖unitsᵀ v + wished‖ over v >= 0: in the coordinates of an orthonormal basis of the rows, (k', k').
    basis, triangle = torch.linalg.qr(units.T)
    multipliers, _ = nnls(triangle.numpy(), (-(basis.T @ wished) / scale).numpy())
    return (wished + scale * (torch.from_numpy(multipliers) @ units)).to(gradient)


def agem_projection(gradient, reference):
    """Return the vector nearest to the gradient whose product with one reference gradient is not negative.

    That is g − min(0, g·r / ‖r‖²) r, which is GEM's projection for one constraint.

    Args:
        gradient: g, ``(d,)``.
        reference: r, ``(d,)``, the mean gradient over the memory or over a batch of it; zero constrains nothing.

    Returns:
        The projected gradient, ``(d,)``, of the dtype of ``gradient``; computed in float64.

    Raises:
        ValueError: if the shapes do not fit or a number is not finite.

    >>> agem_projection(torch.tensor([3.0, 1.0]), torch.tensor([-2.0, 0.0]))
    tensor([0., 1.])
    """
    _check(gradient, reference, 1)
    units = _units(reference[None])
    if not len(units):
        return gradient.clone()
    long = gradient.detach().double().cpu()
    return (long - (units[0] @ long).clamp(max=0.0) * units[0]).to(gradient)


def _units(rows):
    """Return the rows as float64 on the CPU with length 1, without those that are zero."""
    rows = rows.detach().double().cpu()
    largest = rows.abs().amax(1, keepdim=True) if len(rows) else rows.new_zeros(0, 1)
    kept = largest[:, 0] > 0
    rows = rows[kept] / largest[kept]  # first by the largest entry: no square overflows or vanishes
    return rows / rows.norm(dim=1, keepdim=True)


def _check(gradient, memory, dimensions):
    fits = gradient.dim() == 1 and memory.dim() == dimensions and memory.shape[-1] == len(gradient)
    if not fits:
        wanted = "(d,)" if dimensions == 1 else "(k, d)"
        raise ValueError(
            f"expected a gradient (d,) and the memory's {wanted}, got {tuple(gradient.shape)} and "
            f"{tuple(memory.shape)}; flatten all parameters' gradients into one vector"
        )
    if not (np.isfinite(gradient.detach().cpu().numpy()).all() and np.isfinite(memory.detach().cpu().numpy()).all()):
        raise ValueError("expected finite gradients, got inf or NaN: training diverged, take a smaller learning rate")
