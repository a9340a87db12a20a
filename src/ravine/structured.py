"""Pruning whole neurons: a network that is really smaller, and so faster on any machine.

Paper: Li et al. (2017), "Pruning filters for efficient convnets" (they rank filters by the sum of |w|, here it is the
Euclidean norm, as in ``torch.nn.utils.prune.ln_structured`` with n = 2). A neuron is a row of its layer and a column of
the next one; a channel of a convolution is a filter there and, after flattening, several columns. Both go.
Taught in: book/compression/pruning.md
"""

import copy

import torch
from torch import nn

from .masking import applied

_LAYERS = (nn.Linear, nn.Conv2d)
_POOLS = (nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveMaxPool2d, nn.AdaptiveAvgPool2d)
_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)
# They treat each neuron by itself, and all alike.
_ALIKE = (
    nn.CELU,
    nn.Dropout,
    nn.ELU,
    nn.GELU,
    nn.Hardswish,
    nn.Hardtanh,
    nn.Identity,
    nn.LeakyReLU,
    nn.Mish,
    nn.ReLU,
    nn.SELU,
    nn.Sigmoid,
    nn.SiLU,
    nn.Softplus,
    nn.Tanh,
)


@torch.no_grad()
def remove_neurons(model, layer, keep, *, fold=False):
    """Return a copy of ``model`` without some neurons of one layer: fewer rows there, fewer columns in the next.

    Where the outgoing weights of the removed neurons are zero, the copy computes the same. Where they are not but the
    neurons are constant, ``fold`` adds what they contributed to the next bias, and it computes the same again.

    Args:
        model: an ``nn.Sequential`` of ``nn.Linear`` and ``nn.Conv2d`` with activations, dropout, pooling, batch
            normalization (whose statistics are cut too) and ``nn.Flatten`` between them. It is left as it is.
        layer: position of the layer in ``model``; another one must follow.
        keep: which of its N neurons (or channels) stay: bool, ``(N,)``, or their numbers; they keep their order.
        fold: True: the removed neurons have no incoming weights, so that each gives a constant that follows from its
            bias. A tensor ``(N,)``: these constants, as the next layer sees them (:func:`activations`, averaged:
            a mean stands for a neuron that varies). Exact in evaluation mode.

    Returns:
        The new ``nn.Sequential``, with parameters of its own: an optimizer must be made anew.

    Raises:
        ValueError: if something else lies between the layers, ``keep`` or ``fold`` does not fit, or masks are applied.

    >>> net = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
    >>> remove_neurons(net, 0, [0, 2])
    Sequential(
      (0): Linear(in_features=4, out_features=2, bias=True)
      (1): ReLU()
      (2): Linear(in_features=2, out_features=2, bias=True)
    )
    """
    first, between, last = _span(model, layer)
    if applied(model):
        raise ValueError("expected a model without masks, whose shapes would not fit: release_ it first")
    size = _size(model[first])
    kept = _kept(keep, size).to(model[first].weight.device)
    smaller = copy.deepcopy(model)
    source, target = smaller[first], smaller[last]
    columns = target.weight.unflatten(1, (size, -1))  # (out, N, columns of each, ...)
    if fold is not False:
        constants = _constants(source, smaller[first + 1 : last], target, kept, fold)  # (N,)
        change = columns.flatten(2).sum(-1)[:, ~kept] @ constants[~kept]  # (out,)
        if target.bias is None:
            target.bias = nn.Parameter(change)
        else:
            _set_(target, "bias", target.bias + change)
    _set_(target, "weight", columns[:, kept].flatten(1, 2))
    _set_(source, "weight", source.weight[kept])
    if source.bias is not None:
        _set_(source, "bias", source.bias[kept])
    _set_size_(source, int(kept.sum()))
    if isinstance(target, nn.Linear):
        target.in_features = target.weight.shape[1]
    else:
        target.in_channels = target.weight.shape[1]
    for norm in between:
        if isinstance(smaller[norm], _NORMS):
            _cut_norm_(smaller[norm], kept)
    return smaller


@torch.no_grad()
def activations(model, layer, x):
    """Return what the next layer sees of the neurons of ``layer``, before flattening, in evaluation mode.

    Args:
        model, layer: as in :func:`remove_neurons`.
        x: inputs of the model.

    Returns:
        ``(n, N)`` for a linear layer, ``(n, N, height, width)`` for a convolution.

    Raises:
        ValueError: as :func:`remove_neurons`.
    """
    _, between, last = _span(model, layer)
    modes = {module: module.training for module in model.modules()}
    model.eval()
    try:
        for position in range(last):
            if not (position in between and isinstance(model[position], nn.Flatten)):
                x = model[position](x)
    finally:
        for module, training in modes.items():
            module.training = training
    return x


@torch.no_grad()
def neuron_scores(model, layer, x=None, *, kind="norm"):
    """Return a score for each neuron of a layer, ``(N,)``; the lowest are to go first.

    Args:
        model, layer: as in :func:`remove_neurons`.
        x: inputs, for the activity.
        kind: "norm": the Euclidean norm of a neuron's incoming weights, without the bias. "activity": its mean absolute
            activation (:func:`activations`) over inputs and places.

    Raises:
        ValueError: if ``kind`` is neither, or ``x`` lacks; as :func:`remove_neurons`.

    >>> net = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 1))
    >>> _ = net[0].weight.data.copy_(torch.tensor([[3.0, 4.0], [0.0, 1.0]]))
    >>> neuron_scores(net, 0)
    tensor([5., 1.])
    """
    if kind not in ("norm", "activity") or (kind == "activity" and x is None):
        raise ValueError(f"kind must be 'norm', or 'activity' with inputs x, got {kind!r} and x {type(x).__name__}")
    first, _, _ = _span(model, layer)
    if kind == "norm":
        return torch.linalg.vector_norm(model[first].weight.flatten(1), dim=1)
    values = activations(model, layer, x).abs()  # (n, ..., N) or (n, N, height, width)
    neurons = values.movedim(1, -1) if isinstance(model[first], nn.Conv2d) else values
    return neurons.flatten(0, -2).mean(0)


def _span(model, layer):
    """Return the position of the layer, those of what is between it and the next layer, and that of the next."""
    if not isinstance(model, nn.Sequential):
        raise ValueError(f"expected an nn.Sequential, got {type(model).__name__}")
    if isinstance(layer, bool) or not isinstance(layer, int) or not -len(model) <= layer < len(model):
        raise ValueError(f"expected the position of a layer in a model of {len(model)}, got {layer!r}")
    first = layer % len(model)
    last = next((at for at in range(first + 1, len(model)) if isinstance(model[at], _LAYERS)), None)
    if not isinstance(model[first], _LAYERS) or last is None:
        raise ValueError(
            f"expected an nn.Linear or nn.Conv2d with another one after it, got {type(model[first]).__name__} at "
            f"{layer}; the neurons of the last layer are the outputs, and stay"
        )
    if any(sum(module is one for module in model) > 1 for one in (model[first], model[last])):
        raise ValueError("expected layers that the model uses once, got one that it uses again")
    between = range(first + 1, last)
    _check_between(model[first], [model[at] for at in between], model[last])
    return first, between, last


def _check_between(source, between, target):
    conv, kinds = isinstance(source, nn.Conv2d), [type(module) for module in between]
    known = (*_ALIKE, *_NORMS, nn.Flatten, *(_POOLS if conv else ()))
    wrong = [kind.__name__ for kind in kinds if kind not in known]
    if wrong:
        raise ValueError(f"expected only activations, dropout, batch norm and the like between layers, got {wrong}")
    size, into = _size(source), isinstance(target, nn.Conv2d)
    inputs = target.in_channels if into else target.in_features
    if conv and not into:
        fits = nn.Flatten in kinds and inputs % size == 0
    else:
        fits = conv == into and inputs == size and not (conv and nn.Flatten in kinds)
    whole = all((module.start_dim, module.end_dim) == (1, -1) for module in between if type(module) is nn.Flatten)
    # A norm after flattening has other features, unless each channel is one number.
    norms = all(module.num_features == size for module in between if type(module) in _NORMS)
    if not (fits and whole and norms):
        raise ValueError(
            f"expected Linear to Linear, Conv2d to Conv2d, or Conv2d, nn.Flatten(), Linear of fitting sizes, got "
            f"{[type(source).__name__, *(kind.__name__ for kind in kinds), type(target).__name__]}, {size} to {inputs}"
        )
    if any(isinstance(module, nn.Conv2d) and module.groups != 1 for module in (source, target)):
        raise ValueError("expected convolutions with groups=1, got one in which only some channels meet")


def _size(layer):
    return layer.out_channels if isinstance(layer, nn.Conv2d) else layer.out_features


def _set_size_(layer, size):
    setattr(layer, "out_channels" if isinstance(layer, nn.Conv2d) else "out_features", size)


def _kept(keep, size):
    keep = torch.as_tensor(keep)
    if keep.dtype == torch.bool and keep.shape == (size,):
        kept = keep
    elif keep.dtype == torch.int64 and keep.ndim == 1 and ((keep >= 0) & (keep < size)).all():
        kept = torch.zeros(size, dtype=torch.bool, device=keep.device)
        kept[keep] = True
    else:
        raise ValueError(f"expected keep as bool of shape ({size},) or numbers in 0 ... {size - 1}, got {keep}")
    if not kept.any():
        raise ValueError("expected at least one neuron to keep, got none")
    return kept


def _constants(source, between, target, kept, fold):
    """Return what each neuron gives, ``(N,)``, right where it is removed."""
    padded = [module for module in (*between, target) if getattr(module, "padding", 0) not in (0, (0, 0), "valid")]
    if any(isinstance(module, (nn.Conv2d, nn.AvgPool2d)) for module in padded):
        raise ValueError("expected no padding after the neurons, got some: there a constant is none at the border")
    weight = source.weight
    if isinstance(fold, torch.Tensor):
        if fold.shape != kept.shape:
            raise ValueError(f"expected one constant for each of {len(kept)} neurons, got shape {tuple(fold.shape)}")
        return fold.to(weight)
    if (weight[~kept] != 0).any():
        raise ValueError("fold=True expects removed neurons without incoming weights; else pass what they give, (N,)")
    constants = weight.new_zeros(len(kept)) if source.bias is None else source.bias
    x = constants.view(1, -1, *[1] * (weight.ndim - 2))  # (1, N) or (1, N, 1, 1)
    for module in copy.deepcopy(between).eval():
        x = x if isinstance(module, _POOLS) else module(x)  # the pool of a constant is the constant
    return x.flatten()


def _cut_norm_(norm, kept):
    norm.num_features = int(kept.sum())
    for name in ("weight", "bias", "running_mean", "running_var"):
        if getattr(norm, name) is not None:
            _set_(norm, name, getattr(norm, name)[kept])


def _set_(module, name, values):
    """Put ``values`` in the place of a parameter, trainable as that was, or of a buffer."""
    old = getattr(module, name)
    parameter = isinstance(old, nn.Parameter)
    setattr(module, name, nn.Parameter(values.clone(), old.requires_grad) if parameter else values.clone())
