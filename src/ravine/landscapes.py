"""Landscapes: losses of two parameters whose shape, minima and gradient are known exactly.

Each factory returns a :class:`Landscape`: the loss, its gradient, where its minima lie, which part of the plane is
worth drawing, and a start on the wall of the ravine, from which a zigzag can be seen. The lowest loss is 0 in all.

Sources: Rosenbrock (1960); Beale (1958); Himmelblau (1972); Rastrigin (1974). The saddle is the smallest deep linear
network, ``y = w1 * w2 * x``, trained by squared error on the one example ``x = target = 1``.
Taught in: book/optimization/gradient-descent.md
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import torch


@dataclass(frozen=True)
class Landscape:
    """A loss of two parameters.

    Calling it gives the loss: parameters of shape ``(..., 2)`` give losses of shape ``(...,)``, of the same dtype and
    on the same device.

    Attributes:
        name: what plots and messages call it.
        function: the loss, ``(..., 2) -> (...,)``.
        gradient: its gradient in closed form, ``(..., 2) -> (..., 2)``; the tests hold it equal to :meth:`grad`.
        start: where a path starts by default, ``(2,)``.
        minima: the points where the loss is lowest, each ``(2,)``. Where they form a curve (the saddle), two of them.
        window: ``((xmin, xmax), (ymin, ymax))``, the part of the plane worth drawing.
        formula: the loss in TeX, in the symbols of book/notation.md.
        minimum: the lowest loss.
    """

    name: str
    function: Callable[[torch.Tensor], torch.Tensor] = field(repr=False)
    gradient: Callable[[torch.Tensor], torch.Tensor] = field(repr=False)
    start: tuple[float, float]
    minima: tuple[tuple[float, float], ...]
    window: tuple[tuple[float, float], tuple[float, float]]
    formula: str = field(repr=False)
    minimum: float = 0.0

    def __call__(self, params):
        """Return the loss.

        Args:
            params: points of the plane, ``(..., 2)``, a floating-point tensor.

        Returns:
            The losses, ``(...,)``.

        Raises:
            ValueError: if the last dimension is not 2 or the numbers are not floating-point.

        >>> rosenbrock()(torch.tensor([[1.0, 1.0], [0.0, 0.0]]))
        tensor([0., 1.])
        """
        return self.function(_checked(params))

    def grad(self, params):
        """Return the gradient of the loss, by automatic differentiation.

        Args:
            params: points of the plane, ``(..., 2)``, a floating-point tensor; it is left unchanged.

        Returns:
            The gradients, ``(..., 2)``, detached.

        Raises:
            ValueError: as for calling the landscape.

        >>> quadratic(condition=100).grad(torch.tensor([1.0, 1.0]))
        tensor([  1., 100.])
        """
        points = _checked(params).detach().requires_grad_()
        with torch.enable_grad():
            (grad,) = torch.autograd.grad(self.function(points).sum(), points)
        return grad


def _checked(params):
    if not isinstance(params, torch.Tensor) or not params.is_floating_point():
        found = params.dtype if isinstance(params, torch.Tensor) else type(params).__name__
        raise ValueError(f"expected a floating-point tensor of shape (..., 2), got {found}")
    if params.ndim == 0 or params.shape[-1] != 2:
        raise ValueError(f"expected parameters of shape (..., 2), got {tuple(params.shape)}")
    return params


def quadratic(condition=100.0, angle=0.0):
    """Build the ravine itself: a quadratic bowl with curvature 1 along its floor and ``condition`` across it.

    The loss is ``1/2 x^T H x``, where H has eigenvalues ``(1, condition)``. The axis of curvature 1 points along
    ``(cos angle, sin angle)``.

    Args:
        condition: condition number of the Hessian, >= 1.
        angle: direction of the floor, in radians, counterclockwise from the first axis.

    Returns:
        The landscape; its only minimum is the origin.

    Raises:
        ValueError: if ``condition`` is below 1 or not finite, or ``angle`` is not finite.
    """
    if not (math.isfinite(condition) and condition >= 1):
        raise ValueError(f"condition must be a finite number >= 1, got {condition}")
    if not math.isfinite(angle):
        raise ValueError(f"angle must be finite, got {angle}")
    c, s = math.cos(angle), math.sin(angle)
    # Entries of H = R diag(1, condition) R^T. Plain numbers: they fit every dtype and device.
    h11, h12, h22 = c * c + condition * s * s, (1 - condition) * c * s, s * s + condition * c * c

    def loss(params):
        x, y = params.unbind(-1)
        return 0.5 * (h11 * x * x + 2 * h12 * x * y + h22 * y * y)

    def gradient(params):
        x, y = params.unbind(-1)
        return torch.stack((h11 * x + h12 * y, h12 * x + h22 * y), -1)

    # Steep enough a start to see the zigzag at scale, whatever the condition: 2.5 at condition 100.
    along, across = -9.0, min(9.0, max(1.5, 25.0 / math.sqrt(condition)))
    half_along, half_across = 11.0, 1.3 * across
    half_x = half_along * abs(c) + half_across * abs(s)
    half_y = half_along * abs(s) + half_across * abs(c)
    return Landscape(
        name=f"quadratic, condition {condition:g}",
        function=loss,
        gradient=gradient,
        start=(along * c - across * s, along * s + across * c),
        minima=((0.0, 0.0),),
        window=((-half_x, half_x), (-half_y, half_y)),
        formula=r"L(\theta) = \tfrac{1}{2}\, \theta^\top H\, \theta",
    )


def rosenbrock():
    """Build Rosenbrock's banana: a curved ravine whose floor is nearly flat. Minimum at (1, 1)."""

    def loss(params):
        x, y = params.unbind(-1)
        return (1 - x) ** 2 + 100 * (y - x**2) ** 2

    def gradient(params):
        x, y = params.unbind(-1)
        height = y - x**2
        return torch.stack((-2 * (1 - x) - 400 * x * height, 200 * height), -1)

    return Landscape(
        name="Rosenbrock",
        function=loss,
        gradient=gradient,
        start=(-1.2, 1.0),
        minima=((1.0, 1.0),),
        window=((-2.0, 2.0), (-1.0, 3.0)),
        formula=r"L(\theta) = (1 - \theta_1)^2 + 100\, (\theta_2 - \theta_1^2)^2",
    )


def beale():
    """Build Beale's function: steep corners, a long flat plain, and one minimum at (3, 1/2)."""
    targets = (1.5, 2.25, 2.625)

    def loss(params):
        x, y = params.unbind(-1)
        return sum((target - x + x * y**power) ** 2 for power, target in enumerate(targets, start=1))

    def gradient(params):
        x, y = params.unbind(-1)
        residuals = [target - x + x * y**power for power, target in enumerate(targets, start=1)]
        along_x = sum(2 * r * (y**power - 1) for power, r in enumerate(residuals, start=1))
        along_y = sum(2 * r * power * x * y ** (power - 1) for power, r in enumerate(residuals, start=1))
        return torch.stack((along_x, along_y), -1)

    return Landscape(
        name="Beale",
        function=loss,
        gradient=gradient,
        start=(1.0, 1.5),
        minima=((3.0, 0.5),),
        window=((-1.0, 4.5), (-2.0, 2.0)),
        formula=r"L(\theta) = \sum_{k=1}^{3} (c_k - \theta_1 + \theta_1 \theta_2^k)^2,\quad c = (1.5, 2.25, 2.625)",
    )


def himmelblau():
    """Build Himmelblau's function: four minima of the same loss, so that the start decides where a path ends."""

    def loss(params):
        x, y = params.unbind(-1)
        return (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2

    def gradient(params):
        x, y = params.unbind(-1)
        first, second = x**2 + y - 11, x + y**2 - 7
        return torch.stack((4 * x * first + 2 * second, 2 * first + 4 * y * second), -1)

    return Landscape(
        name="Himmelblau",
        function=loss,
        gradient=gradient,
        start=(-0.5, -4.5),
        minima=(
            (3.0, 2.0),
            (-2.805118086952745, 3.131312518250573),
            (-3.779310253377747, -3.283185991286169),
            (3.584428340330492, -1.848126526964404),
        ),
        window=((-5.5, 5.5), (-5.5, 5.5)),
        formula=r"L(\theta) = (\theta_1^2 + \theta_2 - 11)^2 + (\theta_1 + \theta_2^2 - 7)^2",
    )


def rastrigin():
    """Build Rastrigin's function: a bowl covered with local minima, about one unit apart. Lowest at the origin."""

    def loss(params):
        return (params**2 + 10 * (1 - torch.cos(2 * math.pi * params))).sum(-1)

    def gradient(params):
        return 2 * params + 20 * math.pi * torch.sin(2 * math.pi * params)

    return Landscape(
        name="Rastrigin",
        function=loss,
        gradient=gradient,
        start=(-2.6, 1.7),
        minima=((0.0, 0.0),),
        window=((-3.5, 3.5), (-3.5, 3.5)),
        formula=r"L(\theta) = \sum_{i=1}^{2} \left(\theta_i^2 + 10 - 10 \cos 2\pi\theta_i\right)",
    )


def saddle():
    """Build the smallest deep linear network: ``(1 - w1 * w2) ** 2``.

    The model ``y = w1 * w2 * x`` meets one example, ``x = target = 1``. The minima fill the hyperbola ``w1 * w2 = 1``
    (``minima`` names its two balanced points); the origin is a saddle, where the gradient is zero and the loss is 1.
    """

    def loss(params):
        w1, w2 = params.unbind(-1)
        return (1 - w1 * w2) ** 2

    def gradient(params):
        w1, w2 = params.unbind(-1)
        slope = -2 * (1 - w1 * w2)
        return torch.stack((slope * w2, slope * w1), -1)

    return Landscape(
        name="saddle",
        function=loss,
        gradient=gradient,
        start=(-1.0, 1.1),
        minima=((1.0, 1.0), (-1.0, -1.0)),
        window=((-2.0, 2.0), (-2.0, 2.0)),
        formula=r"L(w_1, w_2) = (1 - w_1 w_2)^2",
    )


ALL = {
    "quadratic": quadratic,
    "rosenbrock": rosenbrock,
    "beale": beale,
    "himmelblau": himmelblau,
    "rastrigin": rastrigin,
    "saddle": saddle,
}
