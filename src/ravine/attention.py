"""Attention: each position asks a question of all positions, and receives a mean of what they offer.

Paper: Vaswani et al. (2017), "Attention is all you need", sections 3.2 and 3.5. Tokens are rows, so the softmax runs
along each row. Masks are boolean, and True means "may look", as in PyTorch's scaled_dot_product_attention; in the masks
of nn.MultiheadAttention True means the opposite.
Taught in: book/transformers/attention.md
"""

import math

import torch
from torch import nn
from torch.nn import functional


def attention(query, key, value, mask=None):
    """Compute ``softmax(Q Kᵀ / √d_k) V``, the softmax along each row.

    Args:
        query: ``(..., L, d_k)``, the questions of L positions.
        key: ``(..., S, d_k)``, by which S positions are found.
        value: ``(..., S, d_v)``, what is received from them.
        mask: bool, broadcastable to ``(..., L, S)``, True where a query may look at a key; None: everywhere.

    Returns:
        ``(output, weights)``: ``(..., L, d_v)`` and ``(..., L, S)``; each row of weights sums to 1.

    Raises:
        ValueError: if the shapes do not fit, ``mask`` is not boolean, or a query may look nowhere.

    >>> query, key, value = torch.tensor([[4.0]]), torch.tensor([[1.0], [0.0]]), torch.tensor([[10.0], [20.0]])
    >>> attention(query, key, value)
    (tensor([[10.1799]]), tensor([[0.9820, 0.0180]]))
    """
    matrices = min(query.ndim, key.ndim, value.ndim) >= 2
    if not matrices or query.shape[-1] != key.shape[-1] or key.shape[-2] != value.shape[-2]:
        shapes = ", ".join(str(tuple(tensor.shape)) for tensor in (query, key, value))
        raise ValueError(f"expected query (..., L, d_k), key (..., S, d_k), value (..., S, d_v), got {shapes}")
    scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])  # (..., L, S)
    if mask is not None:
        scores = scores.masked_fill(~_checked(mask, scores.shape), -math.inf)
    weights = scores.softmax(-1)  # (..., L, S)
    return weights @ value, weights


def _checked(mask, shape):
    if mask.dtype != torch.bool:
        raise ValueError(f"expected a boolean mask, True where a query may look, got {mask.dtype}")
    if any(n not in (1, size) for n, size in zip(mask.shape[::-1], shape[::-1], strict=False)) or mask.ndim > len(
        shape
    ):
        raise ValueError(f"expected a mask broadcastable to {tuple(shape)}, got {tuple(mask.shape)}")
    if not mask.any(-1).all():
        raise ValueError("expected at least one key for each query, got a row of the mask without True")
    return mask


def causal_mask(length):
    """Let each position look at itself and what is before it: bool, ``(length, length)``.

    >>> causal_mask(3).int().tolist()
    [[1, 0, 0], [1, 1, 0], [1, 1, 1]]
    """
    return torch.ones(length, length, dtype=torch.bool).tril()


def window_mask(length, width):
    """Let each position look at most ``width`` positions away, to both sides: bool, ``(length, length)``.

    Raises:
        ValueError: if ``width`` is negative.

    >>> window_mask(4, 1).int().tolist()
    [[1, 1, 0, 0], [1, 1, 1, 0], [0, 1, 1, 1], [0, 0, 1, 1]]
    """
    if width < 0:
        raise ValueError(f"width must be >= 0, got {width}")
    index = torch.arange(length)
    return (index[:, None] - index).abs() <= width


def padding_mask(lengths, longest=None):
    """Hide what fills up the shorter sequences of a batch: bool, ``(batch, 1, 1, longest)``, for all heads and rows.

    Args:
        lengths: number of real tokens in each sequence, ``(batch,)``; the padding follows them.
        longest: length of the padded sequences; default: the largest of ``lengths``.

    Raises:
        ValueError: if a length is not in 1 ... ``longest``.

    >>> padding_mask([1, 3]).int().tolist()
    [[[[1, 0, 0]]], [[[1, 1, 1]]]]
    """
    lengths = torch.as_tensor(lengths)
    longest = int(lengths.max()) if longest is None else longest
    if lengths.min() < 1 or lengths.max() > longest:
        raise ValueError(f"lengths must be in 1 ... {longest}, got {lengths.tolist()}")
    return (torch.arange(longest, device=lengths.device) < lengths[:, None])[:, None, None]


def sinusoidal_positions(length, d_model, base=10_000):
    """Return the positions' code of the paper, ``(length, d_model)``: ``sin(p ω_i), cos(p ω_i)`` side by side.

    The frequencies ``ω_i = base^(−2i / d_model)`` fall from 1; the dot product of two rows depends only on how far
    apart they are.

    Raises:
        ValueError: if ``d_model`` is odd.

    >>> sinusoidal_positions(2, 4, base=100)
    tensor([[0.0000, 1.0000, 0.0000, 1.0000],
            [0.8415, 0.5403, 0.0998, 0.9950]])
    """
    if d_model % 2:
        raise ValueError(f"d_model must be even, for pairs of sine and cosine, got {d_model}")
    frequencies = base ** (-torch.arange(0, d_model, 2) / d_model)  # (d_model / 2,)
    angles = torch.arange(length)[:, None] * frequencies  # (length, d_model / 2)
    return torch.stack([angles.sin(), angles.cos()], -1).flatten(-2)  # (length, d_model)


class MultiHeadAttention(nn.Module):
    """Attention with several heads: each looks in a subspace of its own, and ``output`` mixes what they found.

    Args:
        d_model: size of a token's vector.
        heads: number of heads h; each has size ``d_head = d_model / h``.
        bias: whether the four linear maps ``query``, ``key``, ``value``, ``output`` have biases.

    Raises:
        ValueError: if ``heads`` does not divide ``d_model``; from a call, as :func:`attention`.
    """

    def __init__(self, d_model, heads, *, bias=True):
        super().__init__()
        if heads < 1 or d_model % heads:
            raise ValueError(f"heads must divide d_model, got {heads} heads and d_model {d_model}")
        self.heads = heads
        self.query, self.key, self.value, self.output = (nn.Linear(d_model, d_model, bias=bias) for _ in range(4))

    def forward(self, x, memory=None, *, mask=None, past=None):
        """Let each token of ``x`` look at the tokens of ``x``, or of ``memory``.

        Args:
            x: ``(batch, L, d_model)``.
            memory: where keys and values come from (cross-attention), ``(batch, S, d_model)``; default: ``x``.
            mask: bool, broadcastable to ``(batch, heads, L, S)``, True where a token may look.
            past: ``(key, value)``, each ``(batch or 1, heads, P, d_head)``, put before the keys and values: those of
                earlier tokens, or a learned prefix. Every token may look at them.

        Returns:
            ``(output, weights)``: ``(batch, L, d_model)``, ``(batch, heads, L, P + S)``.
        """
        query = self.split(self.query(x))  # (batch, heads, L, d_head)
        key, value = self.remember(x if memory is None else memory, past)  # (batch, heads, P + S, d_head)
        if mask is not None and past is not None:
            mask = functional.pad(mask, (past[0].shape[2], 0), value=True)  # (..., L, P + S)
        output, weights = attention(query, key, value, mask)  # (batch, heads, L, d_head), (batch, heads, L, P + S)
        return self.output(output.transpose(1, 2).flatten(2)), weights

    def remember(self, x, past=None):
        """Return the keys and values of ``x``, after those of ``past``: two of ``(batch, heads, P + S, d_head)``."""
        new = self.split(self.key(x)), self.split(self.value(x))
        if past is None:
            return new
        return tuple(torch.cat([old.expand(len(x), -1, -1, -1), now], 2) for old, now in zip(past, new, strict=True))

    def split(self, x):
        """Cut each token's vector into heads: ``(batch, L, d_model)`` to ``(batch, heads, L, d_head)``."""
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)
