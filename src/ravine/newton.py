"""Newton's method and its relatives: steps that divide the slope by the curvature.

Papers: Newton's step with damping after Levenberg (1944); saddle-free Newton after Dauphin et al. (2014), here with the
exact Hessian where they project on a Krylov space; the step along negative curvature as in Nocedal and Wright (2006),
chapter 3, with its length halved until the loss has fallen by half of what the quadratic model promised.
Taught in: book/optimization/curvature.md
"""

import math
from typing import NamedTuple

import torch

from .curvature import hessian
from .descent import Path


def newton_step(params, grad, hessian, *, damping=0.0):
    """Take Newton's step, θ - (H + δ I)⁻¹ g: to where the quadratic model has its critical point.

    That is the lowest point of the model only if H + δ I is positive definite.

    Args:
        params: current parameters θ, ``(d,)``.
        grad: gradient g of the loss there, ``(d,)``.
        hessian: its Hessian H, ``(d, d)``.
        damping: δ >= 0, in units of H.

    Returns:
        The new parameters, ``(d,)``; the inputs are left unchanged.

    Raises:
        ValueError: if the shapes do not fit, ``damping`` is negative, or the matrix is singular.

    >>> newton_step(torch.tensor([4.0, 1.0]), torch.tensor([4.0, 100.0]), torch.diag(torch.tensor([1.0, 100.0])))
    tensor([0., 0.])
    """
    _check(params, grad, hessian, damping)
    damped = hessian + damping * torch.eye(len(params)).to(hessian)
    step, info = torch.linalg.solve_ex(damped, grad)
    if info.item() != 0 or not step.isfinite().all():
        raise ValueError(f"the Hessian is singular with damping {damping}: Newton's step does not exist")
    return params - step


def saddle_free_step(params, grad, hessian, *, damping=0.0):
    """Take a saddle-free Newton step, θ - (|H| + δ I)⁻¹ g, where |H| has the absolute values of H's eigenvalues.

    Args:
        params: current parameters θ, ``(d,)``.
        grad: gradient g of the loss there, ``(d,)``.
        hessian: its Hessian H, ``(d, d)``, symmetric.
        damping: δ >= 0, in units of H. With 0, flat directions are stepped along without bound.

    Returns:
        The new parameters, ``(d,)``; the inputs are left unchanged.

    Raises:
        ValueError: if the shapes do not fit, ``damping`` is negative, or the matrix is singular.

    >>> saddle = torch.diag(torch.tensor([2.0, -2.0]))
    >>> saddle_free_step(torch.tensor([0.5, 0.25]), torch.tensor([1.0, -0.5]), saddle)
    tensor([0.0000, 0.5000])
    """
    _check(params, grad, hessian, damping)
    eigenvalues, eigenvectors = torch.linalg.eigh(hessian)
    sizes = eigenvalues.abs() + damping
    if not sizes.min() > 0:
        raise ValueError(f"the Hessian is singular with damping {damping}: the step does not exist")
    return params - eigenvectors @ (eigenvectors.T @ grad / sizes)


def newton(loss, start, *, steps, damping=0.0, saddle_free=False, line_search=False, until=None):
    """Run Newton's method with exact Hessians, for small d, and record its path.

    Args:
        loss: function of one vector to a scalar. Its lowest value is its attribute ``minimum`` if it has one, else 0.
        start: where to begin, ``(d,)``, a floating-point tensor.
        steps: number of steps at most, >= 0.
        damping: δ >= 0, see :func:`newton_step`.
        saddle_free: take :func:`saddle_free_step` instead.
        line_search: halve a step until the loss falls by a tenth of what the slope promised (Armijo's condition).
        until: stop once the gradient's Euclidean norm is at most this; >= 0.

    Returns:
        The :class:`ravine.descent.Path`.

    Raises:
        ValueError: if ``steps`` or ``until`` is negative, a Hessian is singular, or, with ``line_search``, a step
            points uphill (so it may, where H + δ I is not positive definite).

    >>> newton(lambda x: (x**2).sum(), torch.tensor([3.0, 4.0]), steps=1)
    Path(1 steps, loss 25 to 0)
    """
    if isinstance(steps, bool) or not isinstance(steps, int) or steps < 0:
        raise ValueError(f"steps must be an integer >= 0, got {steps!r}")
    if until is not None and not until >= 0:
        raise ValueError(f"until must be >= 0, got {until}")
    rule = saddle_free_step if saddle_free else newton_step
    points, losses, norms = [start.detach().clone()], [], []
    while True:
        value, grad = _value_and_grad(loss, points[-1])
        losses.append(value)
        norms.append(torch.linalg.vector_norm(grad))
        if len(points) > steps or not norms[-1].isfinite() or (until is not None and norms[-1] <= until):
            break
        new = rule(points[-1], grad, hessian(loss, points[-1]), damping=damping)
        points.append(_backtrack(loss, points[-1], new, value, grad) if line_search else new)
    minimum = float(getattr(loss, "minimum", 0.0))
    return Path(torch.stack(points), torch.stack(losses), torch.stack(norms), minimum)


class Escape(NamedTuple):
    """One step along negative curvature.

    Attributes:
        params: the new parameters, ``(d,)``.
        curvature: the smallest eigenvalue of the Hessian, negative.
        length: Euclidean length of the step.
    """

    params: torch.Tensor
    curvature: float
    length: float


def escape_saddle(loss, params, *, length=1.0, tolerance=1e-8):
    """Step from a saddle along the eigenvector q of the most negative eigenvalue λ, with the sign that has gᵀq <= 0.

    The length s is halved until the loss falls by half of what the quadratic model promises, s |gᵀq| + s²|λ|/2.
    Where no third derivative along q exceeds K, that holds for every s <= 3|λ|/(2K), so halving ends.

    Args:
        loss: function of one vector to a scalar.
        params: at a saddle or near one, ``(d,)``, floating-point; it is left unchanged.
        length: Euclidean length of the step to try first, > 0.
        tolerance: λ >= -tolerance counts as not negative; >= 0.

    Returns:
        The :class:`Escape`.

    Raises:
        ValueError: if a number is out of range, there is no negative curvature, or no step lowers the loss.

    >>> round(escape_saddle(lambda w: (1 - w[0] * w[1]) ** 2, torch.zeros(2)).curvature, 5)
    -2.0
    """
    if not (math.isfinite(length) and length > 0 and tolerance >= 0):
        raise ValueError(f"expected length > 0 and tolerance >= 0, got {length} and {tolerance}")
    value, grad = _value_and_grad(loss, params)
    eigenvalues, eigenvectors = torch.linalg.eigh(hessian(loss, params))
    smallest, direction = eigenvalues[0].item(), eigenvectors[:, 0]
    if smallest >= -tolerance:
        raise ValueError(f"there is no negative curvature here: the smallest eigenvalue is {smallest:.3g}")
    slope = torch.dot(grad, direction).item()
    if slope > 0:
        slope, direction = -slope, -direction
    for _ in range(100):
        new = params.detach() + length * direction
        # "<=" is false for NaN: a step into nowhere is refused.
        if loss(new) <= value + 0.5 * (length * slope + 0.5 * length**2 * smallest):
            return Escape(new, smallest, length)
        length /= 2
    raise ValueError("no step along negative curvature lowers the loss: is it twice differentiable here?")


def _check(params, grad, hessian, damping):
    shape, square = tuple(params.shape), (*params.shape, *params.shape)
    if params.ndim != 1 or grad.shape != params.shape or tuple(hessian.shape) != square:
        found = f"{shape}, {tuple(grad.shape)} and {tuple(hessian.shape)}"
        raise ValueError(f"expected parameters (d,), gradient (d,) and Hessian (d, d), got {found}")
    if not (math.isfinite(damping) and damping >= 0):
        raise ValueError(f"damping must be a finite number >= 0, got {damping}")


def _value_and_grad(loss, params):
    point = params.detach().requires_grad_()
    with torch.enable_grad():
        value = loss(point)
        (grad,) = torch.autograd.grad(value, point)
    return value.detach(), grad


def _backtrack(loss, old, new, value, grad):
    """Halve the step from ``old`` to ``new`` until Armijo's condition holds, with the constant 0.1."""
    step = new - old
    slope = torch.dot(grad, step)
    if slope > 0:
        raise ValueError("the step points uphill: the Hessian is not positive definite; use saddle_free or damping")
    for _ in range(100):
        # Rounding may hide a decrease close to the minimum: allow for it.
        slack = 4 * torch.finfo(value.dtype).eps * value.abs()
        if loss(old + step) <= value + 0.1 * torch.dot(grad, step) + slack:
            break
        step = step / 2
    return old + step  # after a hundred halvings the point stands still: rounding hides any decrease
