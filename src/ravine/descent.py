"""``descend``: run an optimizer on a loss and record the path it takes.

Any ``torch.optim.Optimizer`` class can walk, ours or PyTorch's, and any differentiable loss of a vector can be walked
on. On a :class:`ravine.landscapes.Landscape` the gradient comes in closed form and the losses are computed for many
steps at once, so that ten thousand steps take a fraction of a second.
Taught in: book/optimization/gradient-descent.md
"""

import inspect
from dataclasses import dataclass

import torch

from .landscapes import Landscape

# Steps taken on a landscape between two looks at the loss. What lies beyond the stop is cut off.
_CHUNK = 200


@dataclass(frozen=True, eq=False, repr=False)
class Path:
    """The points an optimizer visited, the start first.

    Attributes:
        params: ``(steps + 1, d)``.
        losses: loss at each point, ``(steps + 1,)``.
        grad_norms: Euclidean norm of the gradient at each point, ``(steps + 1,)``.
        minimum: the lowest loss there is.
    """

    params: torch.Tensor
    losses: torch.Tensor
    grad_norms: torch.Tensor
    minimum: float

    @property
    def steps(self):
        """Number of steps taken; the path has one point more."""
        return len(self.losses) - 1

    @property
    def diverged(self):
        """Whether the path ran away: it ends in numbers that are not finite, or ten times as high as it began.

        Heights are measured above ``minimum``. A path may overshoot a little at first, hence the factor; one that grows
        slowly needs enough steps to show it.
        """
        first, last = self.losses[0].item(), self.losses[-1].item()
        if not (_finite(self.losses[-1]) and _finite(self.params[-1])):
            return True
        return last - first > 9 * abs(first - self.minimum) + torch.finfo(self.losses.dtype).eps

    def steps_to(self, gap):
        """Count the steps until the loss first lies within ``gap`` of the minimum.

        Args:
            gap: height above ``minimum``, >= 0, in units of the loss.

        Returns:
            The number of steps, or None if the path never gets there.

        Raises:
            ValueError: if ``gap`` is negative or NaN.
        """
        if not gap >= 0:
            raise ValueError(f"gap must be >= 0, got {gap}")
        return _first(self.losses - self.minimum <= gap)

    def __repr__(self):
        return f"Path({self.steps} steps, loss {self.losses[0].item():.4g} to {self.losses[-1].item():.4g})"


def descend(landscape, method, *, start=None, steps, until=None, dtype=torch.float64, **hyperparameters):
    """Run an optimizer and record its path.

    Args:
        landscape: a :class:`~ravine.landscapes.Landscape`, or any function from parameters ``(d,)`` to a scalar loss
            (differentiable by autograd). A function's lowest loss is its attribute ``minimum`` if it has one, else 0.
        method: an optimizer class, called as ``method([params], **hyperparameters)``.
        start: where to begin, ``(d,)``; default ``landscape.start``. A CUDA tensor keeps the walk on its device.
        steps: number of steps at most, >= 0.
        until: stop once the loss is within this distance of the minimum; default: take all the steps.
        dtype: floating-point type of the walk.
        **hyperparameters: passed to ``method``, for example ``lr=0.01``.

    Returns:
        The :class:`Path`. It ends early at the first point that is within ``until`` of the minimum, or whose loss,
        gradient or parameters are not finite (that point is the last of the path).

    Raises:
        ValueError: if ``steps`` or ``until`` is negative, or a function comes without ``start``, or the start is not a
            finite vector (of two numbers, for a landscape), or the loss is not a scalar.

    >>> from ravine import landscapes
    >>> from ravine.gradient_descent import GradientDescent
    >>> descend(landscapes.quadratic(condition=10), GradientDescent, start=(1.0, 1.0), steps=500, until=1e-6, lr=0.1)
    Path(63 steps, loss 5.5 to 8.581e-07)
    """
    if isinstance(steps, bool) or not isinstance(steps, int) or steps < 0:
        raise ValueError(f"steps must be an integer >= 0, got {steps!r}")
    if until is not None and not until >= 0:
        raise ValueError(f"until must be >= 0, got {until}")
    params = _start(landscape, start, dtype)
    minimum = float(getattr(landscape, "minimum", 0.0))
    closed_form = isinstance(landscape, Landscape)
    evaluate = _evaluate_landscape if closed_form else _evaluate_function
    optimizer = method([params], **hyperparameters)
    needs_closure = inspect.signature(method.step).parameters["closure"].default is inspect.Parameter.empty

    def closure():
        loss, params.grad = evaluate(landscape, params)
        return loss

    if closed_form and not needs_closure:
        points, losses, grads = _walk_fast(landscape, params, optimizer, steps, until, minimum)
    else:
        points, losses, grads = _walk(closure, params, optimizer, steps, until, minimum, needs_closure)
    stop = _first(_stops(points, losses, grads, until, minimum))
    end = len(losses) if stop is None else stop + 1
    norms = torch.linalg.vector_norm(grads[:end], dim=-1)
    return Path(points[:end], losses[:end], norms, minimum)


def _start(landscape, start, dtype):
    if start is None:
        start = getattr(landscape, "start", None)
        if start is None:
            raise ValueError("a plain function has no start of its own: pass start=(...)")
    params = torch.as_tensor(start, dtype=dtype).detach().clone()
    if params.ndim != 1 or not _finite(params):
        raise ValueError(f"start must be a vector of finite numbers, got {start!r}")
    if isinstance(landscape, Landscape) and len(params) != 2:
        raise ValueError(f"a landscape has two parameters, got a start of {len(params)}")
    return params.requires_grad_()


def _evaluate_landscape(landscape, params):
    """Return loss and gradient in closed form; ``(..., 2)`` gives ``(...,)`` and ``(..., 2)``."""
    with torch.no_grad():
        return landscape.function(params), landscape.gradient(params)


def _evaluate_function(function, params):
    """Return loss and gradient by autograd; ``(d,)`` gives ``()`` and ``(d,)``."""
    with torch.enable_grad():
        loss = function(params)
        if loss.numel() != 1:
            raise ValueError(f"expected a scalar loss, got shape {tuple(loss.shape)}")
        loss = loss.reshape(())
        (grad,) = torch.autograd.grad(loss, params)
    return loss.detach(), grad


def _walk_fast(landscape, params, optimizer, steps, until, minimum):
    """Step with the closed-form gradient alone; compute losses for a chunk of points at a time."""
    values = params.detach()  # shares its memory with params, and spares the bookkeeping of autograd
    points = [values.clone()]
    with torch.no_grad():
        done = False
        while not done and len(points) <= steps:
            chunk = min(_CHUNK, steps + 1 - len(points))
            for _ in range(chunk):
                params.grad = landscape.gradient(values)
                optimizer.step()
                points.append(values.clone())
            recent = torch.stack(points[-chunk - 1 :])
            done = _stops(recent, *_evaluate_landscape(landscape, recent), until, minimum).any().item()
        visited = torch.stack(points)
    return visited, *_evaluate_landscape(landscape, visited)


def _walk(closure, params, optimizer, steps, until, minimum, needs_closure):
    """Step with one evaluation of the loss and its gradient at every point."""
    points, losses, grads = [], [], []
    while True:
        losses.append(closure())
        points.append(params.detach().clone())
        grads.append(params.grad.clone())
        if len(points) > steps or _stops(points[-1], losses[-1], grads[-1], until, minimum).item():
            break
        optimizer.step(closure) if needs_closure else optimizer.step()
    return torch.stack(points), torch.stack(losses), torch.stack(grads)


def _stops(points, losses, grads, until, minimum):
    """Say at which points the walk ends: ``(..., d)``, ``(...,)``, ``(..., d)`` give bools ``(...,)``."""
    stops = ~(losses.isfinite() & points.isfinite().all(-1) & grads.isfinite().all(-1))
    return stops if until is None else stops | (losses - minimum <= until)


def _finite(tensor):
    return tensor.isfinite().all().item()


def _first(flags):
    hits = flags.nonzero()
    return hits[0].item() if len(hits) else None
