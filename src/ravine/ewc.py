"""Elastic weight consolidation: a quadratic penalty that holds each parameter as firmly as old tasks need it.

Papers: Kirkpatrick et al. (2017), "Overcoming catastrophic forgetting in neural networks"; Huszár (2018), "Note on the
quadratic penalties in elastic weight consolidation" (after several tasks: *one* penalty about the latest parameters,
with the sum of the tasks' Fisher diagonals, since the parameters of one task already answer for those before; the
first paper keeps a penalty for each task). Parameters, anchors and Fisher diagonals are ``{name: tensor}``, as
``model.named_parameters()`` names them and as ``fisher.fisher_diagonal`` returns them.
Taught in: book/lifelong/ewc-and-gem.md
"""

import torch


def ewc_penalty(params, anchors, fishers, strength):
    """Return strength / 2 · Σ_j F_j (θ_j − θ*_j)², summed over all parameters that have a Fisher diagonal.

    Args:
        params: current parameters θ, ``{name: tensor}``, of any shapes. Gradients flow into these alone.
        anchors: θ*, the parameters after the old tasks, with the same names and shapes.
        fishers: F >= 0, with names among those and the same shapes; all ones give the plain L2 penalty.
        strength: λ >= 0. With losses that are means over examples, Bayes's rule says λ = (examples of the old task) /
            (examples of the new one); in practice it is tuned.

    Returns:
        A scalar tensor.

    Raises:
        ValueError: if a name is missing, shapes differ or ``strength`` is negative.

    >>> ewc_penalty({"w": torch.tensor([1.0, 2.0])}, {"w": torch.zeros(2)}, {"w": torch.tensor([1.0, 0.5])}, 2.0)
    tensor(3.)
    """
    if not strength >= 0:
        raise ValueError(f"expected a strength >= 0, got {strength}")
    if not fishers:
        raise ValueError("expected Fisher diagonals {name: tensor}, got none")
    total = 0.0
    for name, fisher in fishers.items():
        shapes = [tuple(x[name].shape) if name in x else None for x in (params, anchors)]
        if shapes != [tuple(fisher.shape)] * 2:
            raise ValueError(
                f"{name}: expected parameters and anchors of the Fisher diagonal's shape {tuple(fisher.shape)}, "
                f"got {shapes[0]} and {shapes[1]}"
            )
        total = total + (fisher.detach() * (params[name] - anchors[name].detach()) ** 2).sum()
    return strength / 2 * total


def added(fishers, more):
    """Return the sums of two ``{name: tensor}``, by name; the first may be None, for nothing yet."""
    if fishers is None:
        return {name: value.detach().clone() for name, value in more.items()}
    if fishers.keys() != more.keys():
        raise ValueError(f"expected equal names, only one has {sorted(fishers.keys() ^ more.keys())}")
    return {name: value + more[name] for name, value in fishers.items()}


def copied(model):
    """Return the trainable parameters of a model, detached and copied: ``{name: tensor}``."""
    return {name: p.detach().clone() for name, p in model.named_parameters() if p.requires_grad}


def ones_like(params):
    """Return a Fisher diagonal that holds all parameters alike."""
    return {name: torch.ones_like(value) for name, value in params.items()}
