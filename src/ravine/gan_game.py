"""The game of generative adversarial networks between distributions over K outcomes, where everything is exact.

Paper: Goodfellow et al. (2014), "Generative adversarial nets".
Taught in: book/generation/gans.md
"""

import math

import torch


def optimal_discriminator(p_data, p_generator):
    """Compute ``D*(x) = p_data(x) / (p_data(x) + p_generator(x))``, the best reply to a generator.

    Args:
        p_data: probabilities ``(..., K)``; values of a density will do, they need not sum to 1.
        p_generator: likewise, broadcastable to the other.

    Returns:
        ``(..., K)``, in [0, 1]; 1/2 where both are 0, where any answer is as good.

    Raises:
        ValueError: if an entry is negative or the shapes do not fit.

    >>> optimal_discriminator(torch.tensor([0.5, 0.5, 0.0]), torch.tensor([0.5, 0.0, 0.5]))
    tensor([0.5000, 1.0000, 0.0000])
    """
    _check_pair(p_data, p_generator, total=None)
    both = p_data + p_generator
    return torch.where(both > 0, p_data / both.where(both > 0, 1), 0.5)


def value(p_data, p_generator, discriminator=None):
    """Compute the value of the game, ``V = Σ p_data log D + Σ p_generator log(1 - D)``.

    Args:
        p_data: probabilities ``(..., K)``.
        p_generator: probabilities ``(..., K)``.
        discriminator: ``D``, in [0, 1], ``(..., K)``; None: the best reply, from logarithms of the probabilities, which
            stays right where ``D*`` rounds to 0 or 1.

    Returns:
        ``(...)``, in nats; ``-inf`` where ``D`` is sure of what is wrong.

    Raises:
        ValueError: if rows are not probabilities, the shapes do not fit, or ``D`` is out of range.

    >>> p = torch.tensor([0.25, 0.75])
    >>> value(p, p, torch.tensor([0.5, 0.5])), value(p, p)
    (tensor(-1.3863), tensor(-1.3863))
    """
    _check_pair(p_data, p_generator)
    if discriminator is None:
        both = p_data + p_generator
        return _relative_entropy(p_data, both) + _relative_entropy(p_generator, both)
    if not ((discriminator >= 0) & (discriminator <= 1)).all():
        raise ValueError("expected a discriminator with values in [0, 1], got logits or other values outside")
    return (torch.xlogy(p_data, discriminator) + torch.xlogy(p_generator, 1 - discriminator)).sum(-1)


def kullback_leibler(p, q):
    """Compute ``KL(p || q) = Σ p log(p / q)``, infinite where q is 0 and p is not.

    Args:
        p: probabilities ``(..., K)``.
        q: probabilities ``(..., K)``.

    Returns:
        ``(...)``, in nats. Outcomes with ``p = 0`` contribute nothing, to the gradient neither.

    Raises:
        ValueError: if rows are not probabilities or the shapes do not fit.

    >>> kullback_leibler(torch.tensor([1.0, 0.0]), torch.tensor([0.5, 0.5]))
    tensor(0.6931)
    """
    _check_pair(p, q)
    return _relative_entropy(p, q)


def jensen_shannon(p, q):
    """Compute ``JSD(p, q) = KL(p || m) / 2 + KL(q || m) / 2`` with ``m = (p + q) / 2``; from 0 to log 2.

    Args, returns and errors as :func:`kullback_leibler`.

    >>> jensen_shannon(torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0]))
    tensor(0.6931)
    """
    _check_pair(p, q)
    both = p + q  # and not half of it, which the smallest numbers do not survive
    return (_relative_entropy(p, both) + _relative_entropy(q, both) + math.log(2) * both.sum(-1)) / 2


def _relative_entropy(p, q):
    """Compute ``Σ p log(p / q)``; ones stand in for what must not reach a logarithm, so that gradients are finite."""
    there = p > 0
    return (p * (p.where(there, 1).log() - q.where(there, 1).log())).sum(-1)


def _check_pair(p, q, total=1.0):
    if p.ndim < 1 or q.ndim < 1 or p.shape[-1] != q.shape[-1]:
        raise ValueError(f"expected two tensors (..., K) of one K, got {tuple(p.shape)} and {tuple(q.shape)}")
    for tensor in (p, q):
        if not (tensor >= 0).all():
            raise ValueError(f"expected probabilities, got the entry {tensor.min().item():g}")
        sums = tensor.sum(-1)
        if total is not None and not torch.allclose(sums, torch.full_like(sums, total), rtol=0, atol=1e-4):
            raise ValueError(f"expected rows that sum to 1, got a sum of {sums.flatten()[0]:g}; divide by the sum")
