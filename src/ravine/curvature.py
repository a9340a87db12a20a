"""Curvature: the Hessian, products with it, and what it says about a critical point.

Paper: Pearlmutter (1994), for exact products with the Hessian without the Hessian. He differentiates forward through
the gradient; here the gradient, times the vector, is differentiated backward, which gives the same numbers. The Hessian
is always that of a function of *one* tensor; ``flatten`` turns a network into such a function. Eigenvalues from
products alone are in ``spectrum``, steps that use curvature in ``newton``.
Taught in: book/optimization/curvature.md
"""

import math

import torch


def flatten(model, loss):
    """Turn a network's loss into a function of one vector.

    Args:
        model: a ``torch.nn.Module``; it is left as it is. (Buffers that it updates itself, as batch normalization
            does in training mode, are updated at every evaluation.)
        loss: function of the model to a scalar, which only calls the model:
            ``lambda model: cross_entropy(model(x), y)``.

    Returns:
        ``(function, params)``: a function of vectors ``(d,)`` to the scalar loss, and the model's present parameters,
        ``(d,)``, in the order of ``model.parameters()``.

    Raises:
        ValueError: if the model has no parameters.

    >>> model = torch.nn.Linear(1, 1, bias=False)
    >>> function, params = flatten(model, lambda model: (model(torch.ones(1, 1)) ** 2).sum())
    >>> function(torch.tensor([3.0]))
    tensor(9.)
    """
    pieces = {name: param.detach() for name, param in model.named_parameters()}
    if not pieces:
        raise ValueError(f"{type(model).__name__} has no parameters")
    sizes = [piece.numel() for piece in pieces.values()]

    def function(params):
        split = zip(pieces.items(), params.split(sizes), strict=True)
        values = {name: part.view_as(piece) for (name, piece), part in split}
        return loss(lambda *inputs: torch.func.functional_call(model, values, inputs))

    return function, torch.cat([piece.reshape(-1) for piece in pieces.values()])


def hessian_operator(loss, params):
    """Return the function v -> H v, where H is the Hessian of ``loss`` at ``params``.

    The gradient is computed once, with its graph, and each product differentiates gᵀv once more. The graph stays in
    memory as long as the function does.

    Args:
        loss: function of one tensor to a scalar, differentiable twice by autograd.
        params: where to take the Hessian, any shape; it is left unchanged.

    Returns:
        A function of tensors like ``params`` to tensors like ``params``. It raises ValueError where shapes differ.

    Raises:
        ValueError: if the loss is not a scalar, or does not depend on ``params`` through autograd.

    >>> product = hessian_operator(lambda x: x[0] ** 2 * x[1], torch.tensor([1.0, 3.0]))
    >>> product(torch.tensor([1.0, 0.0]))
    tensor([6., 2.])
    """
    point = params.detach().requires_grad_()
    with torch.enable_grad():
        value = loss(point)
        if not isinstance(value, torch.Tensor) or value.numel() != 1:
            found = tuple(value.shape) if isinstance(value, torch.Tensor) else type(value).__name__
            raise ValueError(f"expected a scalar loss, got {found}")
        if not value.requires_grad:
            raise ValueError("the loss does not depend on the parameters, or was detached from them")
        (grad,) = torch.autograd.grad(value.reshape(()), point, create_graph=True, materialize_grads=True)

    def product(vector):
        if vector.shape != point.shape:
            raise ValueError(f"expected a vector of shape {tuple(point.shape)}, got {tuple(vector.shape)}")
        if not grad.requires_grad:  # the loss is linear
            return torch.zeros_like(vector)
        (result,) = torch.autograd.grad(grad, point, vector.detach(), retain_graph=True, materialize_grads=True)
        return result

    return product


def hvp(loss, params, vector):
    """Compute a Hessian-vector product H v without the Hessian, for about the price of a few gradients.

    Args:
        loss: function of one tensor to a scalar.
        params: where to take the Hessian, any shape.
        vector: v, same shape, dtype and device.

    Returns:
        H v, same shape, detached.

    Raises:
        ValueError: if the shapes differ, the loss is not a scalar, or it does not depend on ``params``.

    >>> hvp(lambda x: (x**3).sum(), torch.tensor([1.0, 2.0]), torch.tensor([1.0, 1.0]))
    tensor([ 6., 12.])
    """
    return hessian_operator(loss, params)(vector)


def hessian(loss, params):
    """Compute the whole Hessian, one product for each of its d columns: for small d.

    Args:
        loss: function of one vector to a scalar.
        params: where to take it, ``(d,)``.

    Returns:
        The Hessian, ``(d, d)``, made exactly symmetric.

    Raises:
        ValueError: if ``params`` is not a vector; and as for :func:`hvp`.

    >>> hessian(lambda w: (1 - w[0] * w[1]) ** 2, torch.zeros(2))
    tensor([[ 0., -2.],
            [-2.,  0.]])
    """
    if params.ndim != 1:
        raise ValueError(f"expected parameters of shape (d,), got {tuple(params.shape)}")
    product = hessian_operator(loss, params)
    columns = [product(unit) for unit in torch.eye(len(params), dtype=params.dtype, device=params.device)]
    matrix = torch.stack(columns)
    return (matrix + matrix.T) / 2 + 0.0  # + 0.0 turns -0 into 0


def classify_critical_point(curvature, grad=None, *, tolerance=None, grad_tolerance=1e-6):
    """Say what kind of critical point the second derivatives show.

    One positive and one negative eigenvalue make a saddle, whatever the others are. Eigenvalues of one sign with a zero
    among them decide nothing: higher derivatives do.

    Args:
        curvature: the Hessian, ``(d, d)``, or its eigenvalues, ``(d,)``, d >= 1.
        grad: the gradient, ``(d,)``; without it the point is taken to be critical.
        tolerance: eigenvalues of at most this absolute value count as zero; >= 0, in units of the Hessian. Default: the
            largest absolute eigenvalue times the square root of the type's rounding error.
        grad_tolerance: a gradient of at most this Euclidean norm counts as zero; >= 0.

    Returns:
        ``"minimum"``, ``"maximum"``, ``"saddle"``, ``"inconclusive"`` or ``"not critical"``.

    Raises:
        ValueError: if the shapes are wrong, a matrix is not symmetric, a number is not finite or a tolerance negative.

    >>> classify_critical_point(torch.tensor([[0.0, -2.0], [-2.0, 0.0]]))
    'saddle'
    >>> classify_critical_point(torch.tensor([3.0, 0.0])), classify_critical_point(torch.tensor([3.0, 0.0, -1.0]))
    ('inconclusive', 'saddle')
    """
    eigenvalues = _eigenvalues(curvature)
    if tolerance is None:
        tolerance = math.sqrt(torch.finfo(eigenvalues.dtype).eps) * eigenvalues.abs().max()
    if not (tolerance >= 0 and grad_tolerance >= 0):
        raise ValueError(f"tolerances must be >= 0, got {tolerance} and {grad_tolerance}")
    if grad is not None:
        if grad.shape != eigenvalues.shape or not grad.isfinite().all():
            raise ValueError(f"expected a finite gradient of shape {tuple(eigenvalues.shape)}, got {grad}")
        if torch.linalg.vector_norm(grad) > grad_tolerance:
            return "not critical"
    up, down = (eigenvalues > tolerance), (eigenvalues < -tolerance)
    if up.any() and down.any():
        return "saddle"
    return "minimum" if up.all() else "maximum" if down.all() else "inconclusive"


def _eigenvalues(curvature):
    shape = tuple(curvature.shape)
    if len(shape) not in (1, 2) or shape[0] == 0 or shape != shape[:1] * len(shape):
        raise ValueError(f"expected a Hessian of shape (d, d) or its eigenvalues, (d,), got {shape}")
    if not (curvature.is_floating_point() and curvature.isfinite().all()):
        raise ValueError("expected finite floating-point numbers for the curvature")
    if curvature.ndim == 1:
        return curvature
    asymmetry, size = (curvature - curvature.T).abs().max(), curvature.abs().max()
    if asymmetry > math.sqrt(torch.finfo(curvature.dtype).eps) * size:
        raise ValueError(f"a Hessian is symmetric, but two entries differ by {asymmetry.item():.3g}")
    return torch.linalg.eigvalsh((curvature + curvature.T) / 2)
