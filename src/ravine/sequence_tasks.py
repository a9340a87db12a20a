"""Copy, reverse, induction: three tasks on random symbols, for which the right attention pattern is known.

Symbols are 1 ... ``symbols`` and 0 separates, so a model needs a vocabulary of ``symbols + 1``. Every step can draw a
batch anew: then there is nothing to overfit. Induction is the pattern of Olsson et al. (2022), "In-context learning and
induction heads", a b ... a → b; the repetitions come in random order, so that positions do not give the answer away.
Taught in: book/transformers/transformer.md
"""

import dataclasses

import torch

SEPARATOR = 0


@dataclasses.dataclass(frozen=True, eq=False)
class Batch:
    """Sequences for a decoder; ``functional.cross_entropy(logits[scored], targets[scored])`` is the loss.

    Attributes:
        tokens: what goes in, ``(batch, 2 length)``.
        targets: the token that follows each, ``(batch, 2 length)``: already shifted.
        scored: bool, ``(batch, 2 length)``, True where what is before decides what follows.
    """

    tokens: torch.Tensor
    targets: torch.Tensor
    scored: torch.Tensor


def copy(batch, length, symbols, generator=None):
    """Say the string again: ``a b c | a b c``. The token to say next is found ``length`` positions back.

    Args:
        batch: number of sequences.
        length: number of symbols n in the string; a sequence has 2 n tokens.
        symbols: number of symbols to draw from.
        generator: a ``torch.Generator``; default: PyTorch's global one.

    Returns:
        The :class:`Batch`.

    Raises:
        ValueError: if a number is below 1.

    >>> batch = copy(1, 3, 9, torch.Generator().manual_seed(0))
    >>> batch.tokens.tolist(), batch.targets[batch.scored].tolist()
    ([[9, 1, 3, 0, 9, 1]], [9, 1, 3])
    """
    _check(batch=(batch, 1), length=(length, 1), symbols=(symbols, 1))
    string = torch.randint(1, symbols + 1, (batch, length), generator=generator)
    return _repeated(string, string)


def reverse(batch, length, symbols, generator=None):
    """Say the string backwards: ``a b c | c b a``. Arguments, result and errors as of :func:`copy`.

    The token to say next at position i, counted from 0, is found at position ``2 length − 1 − i``.
    """
    _check(batch=(batch, 1), length=(length, 1), symbols=(symbols, 1))
    string = torch.randint(1, symbols + 1, (batch, length), generator=generator)
    return _repeated(string, string.flip(1))


def _repeated(string, answer):
    whole = torch.cat([string, torch.full((len(string), 1), SEPARATOR), answer], 1)
    scored = (torch.arange(whole.shape[1] - 1) >= string.shape[1]).expand(len(string), -1)
    return Batch(whole[:, :-1], whole[:, 1:], scored)


def induction(batch, length, symbols, generator=None):
    """Say what followed: ``a b c d | c d a b``. A string of different symbols, then neighbors from it in random order.

    Each symbol but the string's last is followed by the same one in the whole sequence. At the first of a pair the
    answer is known, if one looks for the symbol's earlier place and goes one further. The best that is possible without
    is one guess in ``length − 1``.

    Args:
        batch: number of sequences.
        length: number of symbols n in the string, >= 3; a sequence has 2 n tokens.
        symbols: number of symbols to draw from, >= ``length``.
        generator: a ``torch.Generator``; default: PyTorch's global one.

    Returns:
        The :class:`Batch`; every second position after the string is scored. Nothing separates string and pairs.

    Raises:
        ValueError: if a number is too small.

    >>> batch = induction(1, 4, 9, torch.Generator().manual_seed(0))
    >>> batch.tokens.tolist(), batch.targets[batch.scored].tolist()
    ([[3, 4, 5, 9, 4, 5, 5, 9]], [5, 9])
    """
    _check(batch=(batch, 1), length=(length, 3), symbols=(symbols, length))
    string = _different(batch, length, symbols, generator) + 1  # (batch, length)
    first = _different(batch, length // 2 + 1, length - 1, generator)  # (batch, pairs): where each begins in the string
    pairs = torch.stack([first, first + 1], 2).flatten(1)  # (batch, 2 pairs)
    whole = torch.cat([string, string.gather(1, pairs)], 1)[:, : 2 * length + 1]
    place = torch.arange(2 * length) - length
    return Batch(whole[:, :-1], whole[:, 1:], ((place >= 0) & (place % 2 == 0)).expand(batch, -1))


def _different(batch, count, below, generator):
    """Draw ``count`` different numbers from 0 ... ``below − 1`` for each sequence."""
    return torch.rand(batch, below, generator=generator).argsort(1)[:, :count]


def accuracy(logits, batch):
    """Return the share of scored positions at which the target's logit is the largest, a float.

    Args:
        logits: ``(batch, 2 length, vocabulary)``.
        batch: the :class:`Batch` they are for.

    Raises:
        ValueError: if the shapes do not fit.
    """
    if logits.shape[:-1] != batch.targets.shape:
        expected, got = (*batch.targets.shape, "vocabulary"), tuple(logits.shape)
        raise ValueError(f"expected logits {expected}, got {got}")
    return (logits.argmax(-1) == batch.targets)[batch.scored].double().mean().item()


def _check(**numbers):
    for name, (number, least) in numbers.items():
        if number < least:
            raise ValueError(f"{name} must be >= {least}, got {number}")
