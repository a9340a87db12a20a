"""Pruning single weights: a score for each, and masks that keep the best. ``masking`` holds the zeros in training.

Papers: LeCun, Denker and Solla (1990), "Optimal brain damage" (saliency; here the diagonal of the Hessian is exact, not
their approximation of it); Han et al. (2015), "Learning both weights and connections for efficient neural networks"
(magnitude, again and again); Mishra et al. (2021), "Accelerating sparse deep neural networks" (2:4). Masks are
``dict[str, Tensor]`` by the names of parameters, boolean, and True means "stays". Nothing here becomes faster: a zero
is multiplied like any other number. ``structured`` makes networks really smaller.
Taught in: book/compression/pruning.md
"""

import torch

from .masking import applied, apply_, check_like, check_masks, release_

__all__ = [
    "applied",
    "apply_",
    "hessian_diagonal",
    "magnitude_scores",
    "masks_of",
    "n_m_masks",
    "obd_saliency",
    "random_scores",
    "release_",
    "sparsities",
    "sparsity_of",
]


def magnitude_scores(model, names=None):
    """Return |w| for each weight, ``{name: tensor of the parameter's shape}``.

    Args:
        model: a ``torch.nn.Module``.
        names: of parameters; default: all of two dimensions and more, so neither biases nor normalizations.

    Raises:
        ValueError: if the model has no such parameter.
    """
    return {name: weight.detach().abs() for name, weight in _weights(model, names).items()}


def random_scores(model, generator, names=None):
    """Return scores in [0, 1) that know nothing of the weights; arguments and errors of :func:`magnitude_scores`.

    Args:
        generator: a ``torch.Generator`` on the CPU.
    """
    return {
        name: torch.rand(weight.shape, dtype=weight.dtype, generator=generator).to(weight.device)
        for name, weight in _weights(model, names).items()
    }


def obd_saliency(model, loss_fn, x, y, *, curvature=None, names=None):
    """Return h_kk w_k² / 2 for each weight: by how much the loss grows where this weight alone becomes 0.

    That is the second-order term alone: it takes the gradient to be 0, as after training to the end. Where the loss
    curves down, h_kk < 0 and so is the saliency.

    Args:
        model, loss_fn, x, y, names: as in :func:`hessian_diagonal`.
        curvature: h, as :func:`hessian_diagonal` returns it, where it or an approximation is at hand.

    Raises:
        ValueError: if the model has no such parameter, the loss is no scalar, or ``curvature`` does not fit.
    """
    if curvature is None:
        curvature = hessian_diagonal(model, loss_fn, x, y, names=names)
    weights = _weights(model, curvature if names is None else names)
    check_like("curvature", curvature, weights)
    return {name: curvature[name] * weight.detach() ** 2 / 2 for name, weight in weights.items()}


def hessian_diagonal(model, loss_fn, x, y, *, names=None, chunk=128):
    """Return the diagonal of the loss's Hessian, exact: ``{name: tensor of the parameter's shape}``.

    Each number costs one more backward pass through the gradient; this is for small networks.

    Args:
        model: a ``torch.nn.Module``, taken in the mode it is in; nothing about it changes.
        loss_fn: function ``(model(x), y) -> scalar``.
        x, y: the examples, all at once.
        names: as in :func:`magnitude_scores`.
        chunk: passes that run together, >= 1: more are faster and take more memory.

    Raises:
        ValueError: if the model has no such parameter or the loss is no scalar.

    >>> model = torch.nn.Linear(2, 1, bias=False)
    >>> x, y = torch.tensor([[1.0, 3.0]]), torch.zeros(1, 1)
    >>> hessian_diagonal(model, torch.nn.MSELoss(), x, y)  # the loss is (w · x)², and its second derivatives 2 x²
    {'weight': tensor([[ 2., 18.]])}
    """
    weights = {name: weight.detach().requires_grad_() for name, weight in _weights(model, names).items()}
    fixed = {name: tensor.detach().clone() for name, tensor in [*model.named_parameters(), *model.named_buffers()]}
    with torch.enable_grad():
        loss = loss_fn(torch.func.functional_call(model, fixed | weights, (x,)), y)
        if not isinstance(loss, torch.Tensor) or loss.numel() != 1:
            raise ValueError(f"expected a scalar loss, got {tuple(getattr(loss, 'shape', ())) or type(loss).__name__}")
        grads = torch.autograd.grad(loss.reshape(()), list(weights.values()), create_graph=True, materialize_grads=True)
        return {name: _diagonal(grad, weights[name], chunk) for name, grad in zip(weights, grads, strict=True)}


def _diagonal(grad, weight, chunk):
    if not grad.requires_grad:  # the loss is linear in this tensor
        return torch.zeros_like(weight)
    entries = []
    for index in torch.arange(weight.numel(), device=weight.device).split(chunk):
        rows = torch.zeros(len(index), weight.numel(), dtype=weight.dtype, device=weight.device)
        rows[torch.arange(len(index)), index] = 1
        (products,) = torch.autograd.grad(
            grad,
            weight,
            rows.view(-1, *weight.shape),
            retain_graph=True,
            allow_unused=True,
            is_grads_batched=True,
        )
        if products is None:  # linear in this one, if not in others
            return torch.zeros_like(weight)
        entries.append(products.flatten(1)[torch.arange(len(index)), index])
    return torch.cat(entries).view_as(weight)


def masks_of(scores, sparsity, scope="global", *, within=None):
    """Return masks that drop the lowest scores: exactly ``round(sparsity × weights)`` of them.

    Where scores are equal, those that come first in ``scores`` and in their tensor are dropped first.

    Args:
        scores: ``{name: tensor}``, finite.
        sparsity: share of the weights to drop, in [0, 1].
        scope: "global": one ranking of all weights; "layer": one in each tensor, where ``sparsity`` may also be
            ``{name: number}``.
        within: masks; what they drop stays dropped, and counts. None: nothing yet.

    Raises:
        ValueError: if a number is out of range, a score not finite, or ``within`` drops more already.

    >>> masks_of({"a": torch.tensor([[4.0, 1.0]]), "b": torch.tensor([[3.0, 2.0]])}, 0.5)
    {'a': tensor([[ True, False]]), 'b': tensor([[ True, False]])}
    """
    if scope not in ("global", "layer"):
        raise ValueError(f"scope must be 'global' or 'layer', got {scope!r}")
    if not scores or not all(score.isfinite().all() for score in scores.values()):
        raise ValueError("expected finite scores of at least one parameter, got none, or an infinite one or NaN")
    shares = sparsity if isinstance(sparsity, dict) else dict.fromkeys(scores, sparsity)
    if (scope == "global" and isinstance(sparsity, dict)) or shares.keys() != scores.keys():
        raise ValueError("expected one sparsity for all, or, with scope='layer', one for each name in scores")
    if not all(0 <= share <= 1 for share in shares.values()):
        raise ValueError(f"sparsity must be in [0, 1], got {sparsity}")
    if within is not None:
        check_masks(within, scores)
        # An infinitely bad score, so that what is gone leads the ranking.
        scores = {name: score.masked_fill(~within[name].to(score.device), -torch.inf) for name, score in scores.items()}
    if scope == "layer":
        return {name: _keep_best(score.flatten(), shares[name]).view_as(score) for name, score in scores.items()}
    kept = _keep_best(torch.cat([score.flatten() for score in scores.values()]), sparsity)
    parts = kept.split([score.numel() for score in scores.values()])
    return {name: part.view_as(score) for (name, score), part in zip(scores.items(), parts, strict=True)}


def _keep_best(scores, sparsity):
    count, gone = round(sparsity * len(scores)), int(scores.isneginf().sum())
    if gone > count:
        raise ValueError(f"expected a sparsity that drops at least the {gone} weights already gone, got {count}")
    kept = torch.ones_like(scores, dtype=torch.bool)
    kept[scores.argsort(stable=True)[:count]] = False
    return kept


def sparsity_of(masks):
    """Return the share of weights that ``masks`` drop, in [0, 1].

    >>> sparsity_of({"weight": torch.tensor([[True, False, False, False]])})
    0.75
    """
    return 1 - sum(int(mask.sum()) for mask in masks.values()) / sum(mask.numel() for mask in masks.values())


def sparsities(final, rounds):
    """Return the sparsity after each of ``rounds`` rounds that all keep the same share of what is left.

    Args:
        final: the last sparsity, in [0, 1).
        rounds: >= 1.

    Raises:
        ValueError: if a number is out of range.

    >>> [round(value, 3) for value in sparsities(0.9, 3)]
    [0.536, 0.785, 0.9]
    """
    if not 0 <= final < 1 or isinstance(rounds, bool) or not isinstance(rounds, int) or rounds < 1:
        raise ValueError(f"expected final in [0, 1) and an integer rounds >= 1, got {final} and {rounds!r}")
    return [1 - (1 - final) ** (done / rounds) for done in range(1, rounds)] + [final]


def n_m_masks(weight, n=2, m=4):
    """Return the mask that keeps the n largest |w| of each m inputs in a row, bool, of the weight's shape.

    Args:
        weight: ``(out, in)`` or ``(out, in, height, width)``; a group lies along ``in``.
        n, m: 0 <= n <= m; 2 and 4 are what NVIDIA's sparse tensor cores take.

    Raises:
        ValueError: if m does not divide ``in``, or a number is out of range.

    >>> n_m_masks(torch.tensor([[1.0, -4.0, 3.0, 2.0]]))
    tensor([[False,  True,  True, False]])
    """
    if not 0 <= n <= m or m < 1 or weight.ndim < 2 or weight.shape[1] % m:
        raise ValueError(
            f"expected a weight (out, in, ...) with in a multiple of m, and 0 <= n <= m, "
            f"got shape {tuple(weight.shape)}, n = {n}, m = {m}"
        )
    groups = weight.detach().abs().movedim(1, -1).unflatten(-1, (-1, m))  # (out, ..., in / m, m)
    dropped = groups.argsort(dim=-1, stable=True)[..., : m - n]
    kept = torch.ones_like(groups, dtype=torch.bool).scatter(-1, dropped, False)
    return kept.flatten(-2).movedim(-1, 1)


def _weights(model, names):
    parameters = dict(model.named_parameters())
    if names is None:
        names = [name for name, parameter in parameters.items() if parameter.ndim >= 2]
    unknown = [name for name in names if name not in parameters]
    if unknown or not names:
        raise ValueError(f"expected names of parameters, {list(parameters)}, got {unknown or 'none'}")
    return {name: parameters[name] for name in names}
