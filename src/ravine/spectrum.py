"""Eigenvalues of a symmetric matrix that is known by its products with vectors only, as the Hessian of a network is.

Papers: von Mises and Pollaczek-Geiringer (1929) for power iteration; Lanczos (1950) for the method of that name, here
with full reorthogonalization, and with a fresh random vector wherever it has exhausted an invariant subspace. A product
with a Hessian is ``curvature.hessian_operator``.
Taught in: book/optimization/curvature.md
"""

import math
from typing import NamedTuple

import torch


class EigenPair(NamedTuple):
    """An approximate eigenvalue of a symmetric matrix H.

    Attributes:
        value: the Rayleigh quotient λ of ``vector``, in units of H.
        vector: v, of Euclidean norm 1, ``(size,)``.
        residual: the norm of H v - λ v. Some eigenvalue of H lies within it of ``value``; which one, it cannot say.
        steps: products with H that were used.
    """

    value: float
    vector: torch.Tensor
    residual: float
    steps: int


class RitzPairs(NamedTuple):
    """Approximate eigenpairs of a symmetric matrix H, from a Krylov space.

    Attributes:
        values: Ritz values, ascending, ``(steps,)``.
        vectors: Ritz vectors in the columns, orthonormal, ``(size, steps)``.
        residuals: the norm of H v - λ v for each pair, ``(steps,)``.
    """

    values: torch.Tensor
    vectors: torch.Tensor
    residuals: torch.Tensor


def power_iteration(matvec, size, *, shift=0.0, steps=1000, tolerance=1e-8, start=None, generator=None):
    """Find the eigenvalue of a symmetric matrix H that is farthest from ``shift``.

    Repeats v <- (H - shift I) v / norm. Without a shift that is the eigenvalue of largest *absolute value*. Shifted by
    the largest eigenvalue, it is the smallest. The error of v shrinks by the ratio of the second farthest distance to
    the farthest at each step; where two eigenvalues are equally far on different sides, v does not converge.

    Args:
        matvec: function v -> H v, ``(size,)`` to ``(size,)``.
        size: rows of H, >= 1.
        shift: in units of H.
        steps: products with H at most, >= 1.
        tolerance: stop when the residual is at most this fraction of the distance to ``shift``; >= 0.
        start: first v, ``(size,)``, not zero; default: random, float64, on the CPU. A part of v that is missing here,
            rounding alone can bring in.
        generator: ``torch.Generator`` of the random start; default: PyTorch's global one.

    Returns:
        The :class:`EigenPair`. A large residual says that the steps did not suffice.

    Raises:
        ValueError: if a number is out of range, or a product has the wrong shape or is not finite.

    >>> diagonal = torch.tensor([5.0, -1.0, 2.0]).double()
    >>> product = lambda v: diagonal * v
    >>> round(power_iteration(product, 3).value, 9), round(power_iteration(product, 3, shift=5.0).value, 9)
    (5.0, -1.0)
    """
    _check_count("steps", steps)
    if not (math.isfinite(shift) and tolerance >= 0):
        raise ValueError(f"expected a finite shift and a tolerance >= 0, got {shift} and {tolerance}")
    vector = _start(start, size, generator)
    for step in range(1, steps + 1):
        image = _product(matvec, vector)
        value = torch.dot(vector, image).item()
        residual = torch.linalg.vector_norm(image - value * vector).item()
        if step == steps or residual <= tolerance * abs(value - shift):
            break
        moved = image - shift * vector
        norm = torch.linalg.vector_norm(moved)
        if norm == 0:  # v is an eigenvector, of eigenvalue shift
            break
        vector = moved / norm
    return EigenPair(value, vector, residual, step)


def lanczos(matvec, size, steps, *, start=None, generator=None):
    """Approximate eigenpairs of a symmetric matrix H by the Lanczos method, with full reorthogonalization.

    Builds an orthonormal basis Q of the span of v, H v, H² v, ... and diagonalizes Qᵀ H Q, which is tridiagonal. The
    extreme eigenvalues converge first. One start sees one copy of a repeated eigenvalue, and nothing that is orthogonal
    to it; when that is exhausted, the method goes on from a fresh random vector. So ``steps=size`` gives the whole
    spectrum.

    Args:
        matvec: function v -> H v, ``(size,)`` to ``(size,)``.
        size: rows of H, >= 1.
        steps: products with H, from 1 to ``size``; ``steps * size`` numbers are kept.
        start: first v, ``(size,)``, not zero; default: random, float64, on the CPU.
        generator: ``torch.Generator`` of what is drawn; default: PyTorch's global one.

    Returns:
        The :class:`RitzPairs`.

    Raises:
        ValueError: if a number is out of range, or a product has the wrong shape or is not finite.

    >>> diagonal = torch.tensor([5.0, -1.0, 2.0]).double()
    >>> [round(value, 9) for value in lanczos(lambda v: diagonal * v, 3, 3).values.tolist()]
    [-1.0, 2.0, 5.0]
    """
    _check_count("steps", steps)
    vector = _start(start, size, generator)
    if steps > size:
        raise ValueError(f"expected at most size = {size} steps, got {steps}")
    basis = vector.new_zeros(steps, size)  # row k is the k-th basis vector
    diagonal, beside, scale = [], [], 0.0
    for step in range(steps):
        basis[step] = vector
        image = _product(matvec, vector)
        diagonal.append(torch.dot(vector, image).item())
        rest = _orthogonal_part(image, basis[: step + 1])
        norm = torch.linalg.vector_norm(rest).item()
        scale = max(scale, torch.linalg.vector_norm(image).item())
        if step + 1 == size or norm <= 10 * math.sqrt(size) * torch.finfo(vector.dtype).eps * scale:
            norm = 0.0  # the basis spans an invariant subspace: what is left over is rounding
            if step + 1 < steps:
                rest = _orthogonal_part(_start(None, size, generator).to(vector), basis[: step + 1])
        beside.append(norm)
        if step + 1 < steps:
            vector = rest / torch.linalg.vector_norm(rest)
    # In float64 on the CPU whatever the basis: the matrix is small.
    tridiagonal = torch.diag(torch.tensor(diagonal, dtype=torch.float64))
    off = torch.tensor(beside[:-1], dtype=torch.float64)
    tridiagonal += torch.diag(off, 1) + torch.diag(off, -1)
    values, mixing = torch.linalg.eigh(tridiagonal)
    residuals = beside[-1] * mixing[-1].abs()
    return RitzPairs(values.to(basis), basis.T @ mixing.to(basis), residuals.to(basis))


def extreme_eigenpairs(matvec, size, *, steps=60, start=None, generator=None):
    """Find the smallest and the largest eigenvalue of a symmetric matrix by the Lanczos method.

    Args:
        matvec: function v -> H v, ``(size,)`` to ``(size,)``.
        size: rows of H, >= 1.
        steps: products with H at most, >= 1.
        start: see :func:`lanczos`.
        generator: see :func:`lanczos`.

    Returns:
        ``(smallest, largest)``, two :class:`EigenPair`. A large residual says that the steps did not suffice.

    Raises:
        ValueError: as for :func:`lanczos`.

    >>> diagonal = torch.tensor([5.0, -1.0, 2.0]).double()
    >>> smallest, largest = extreme_eigenpairs(lambda v: diagonal * v, 3)
    >>> round(smallest.value, 9), round(largest.value, 9)
    (-1.0, 5.0)
    """
    _check_count("steps", steps)
    _check_count("size", size)
    used = min(steps, size)
    values, vectors, residuals = lanczos(matvec, size, used, start=start, generator=generator)
    return tuple(EigenPair(values[i].item(), vectors[:, i], residuals[i].item(), used) for i in (0, -1))


def _check_count(name, number):
    if isinstance(number, bool) or not isinstance(number, int) or number < 1:
        raise ValueError(f"{name} must be an integer >= 1, got {number!r}")


def _start(start, size, generator):
    """Return the start, or a random one, scaled to norm 1."""
    _check_count("size", size)
    if start is None:
        start = torch.randn(size, generator=generator, dtype=torch.float64)
    if start.shape != (size,) or not start.is_floating_point():
        raise ValueError(f"expected a floating-point start of shape ({size},), got {start.dtype}, {tuple(start.shape)}")
    norm = torch.linalg.vector_norm(start)
    if not (norm > 0 and norm.isfinite()):
        raise ValueError("expected a start that is finite and not zero")
    return start / norm


def _product(matvec, vector):
    image = matvec(vector)
    if image.shape != vector.shape:
        raise ValueError(f"expected a product of shape {tuple(vector.shape)}, got {tuple(image.shape)}")
    if not image.isfinite().all():
        raise ValueError("the product with the matrix is not finite")
    return image


def _orthogonal_part(vector, basis):
    """Remove from ``vector`` its part in the span of the rows of ``basis``; twice, since once leaves rounding."""
    for _ in range(2):
        vector = vector - basis.T @ (basis @ vector)
    return vector
