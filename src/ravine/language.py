"""A small invented English whose grammar is known, and a masked language model that was pre-trained on it.

What there is to know of a sentence is in :mod:`ravine.grammar`, whose names are here too. So whatever a model is said
to know can be checked.

Paper: Devlin, Chang, Lee and Toutanova (2019), "BERT: pre-training of deep bidirectional transformers for language
understanding" (the masking). Unlike BERT: words rather than word pieces, no segments, no next-sentence task.
Taught in: book/transformers/pretraining.md
"""

import importlib.resources
import json
from typing import NamedTuple

import numpy as np
import torch

from .grammar import (
    AMBIGUOUS,
    LONGEST,
    NEGATIVE,
    OTHER_NUMBER,
    PARTS,
    POSITIVE,
    TOPIC_WORDS,
    TOPICS,
    WORDS,
    Sentence,
    disputes,
    opinions,
    sentences,
)
from .transformer import Transformer

__all__ = [
    "AMBIGUOUS",
    "LONGEST",
    "NEGATIVE",
    "OTHER_NUMBER",
    "PARTS",
    "POSITIVE",
    "TOPICS",
    "TOPIC_WORDS",
    "VOCABULARY",
    "WORDS",
    "Masked",
    "Sentence",
    "Vocabulary",
    "disputes",
    "mask_tokens",
    "opinions",
    "pretrained",
    "sentences",
]


class Vocabulary:
    """Numbers for words, the special tokens first.

    Args:
        words: the ordinary words, each once.

    Attributes:
        words: all words, by number; ``len(vocabulary)`` counts them.
        PAD, CLS, SEP, MASK: the numbers 0, 1, 2, 3 of the special tokens ``[PAD] [CLS] [SEP] [MASK]``.

    Raises:
        ValueError: if a word comes twice; from ``encode``, if a word is unknown.

    >>> tiny = Vocabulary(["the", "bank", "is", "old"])
    >>> tiny.encode("[CLS] the bank is [MASK] [SEP]")
    [1, 4, 5, 6, 3, 2]
    >>> tiny.decode([4, 5])
    ['the', 'bank']
    """

    SPECIAL = ("[PAD]", "[CLS]", "[SEP]", "[MASK]")
    PAD, CLS, SEP, MASK = range(4)

    def __init__(self, words):
        self.words = (*self.SPECIAL, *words)
        self._numbers = {word: number for number, word in enumerate(self.words)}
        if len(self._numbers) < len(self.words):
            raise ValueError("expected each word once, and no special token among them")

    def __len__(self):
        return len(self.words)

    def __contains__(self, word):
        return word in self._numbers

    def encode(self, words):
        """Return the numbers of words: a string with spaces between them, a list, or a :class:`Sentence`."""
        words = str(words).split() if isinstance(words, str | Sentence) else list(words)
        unknown = [word for word in words if word not in self._numbers]
        if unknown:
            raise ValueError(f"expected words of the language, got {', '.join(map(repr, unknown))}; see WORDS")
        return [self._numbers[word] for word in words]

    def decode(self, ids):
        """Return the words of a list or a tensor ``(L,)`` of numbers."""
        return [self.words[number] for number in ids]

    def pad(self, sequences):
        """Fill lists of numbers up to the longest with ``[PAD]``.

        Args:
            sequences: lists of numbers, none empty.

        Returns:
            ``(tokens, lengths)``: ``(batch, longest)`` and ``(batch,)``, for :func:`ravine.attention.padding_mask`.
        """
        if not sequences or not all(sequences):
            raise ValueError("expected sequences of at least one token, got an empty one")
        lengths = torch.tensor([len(sequence) for sequence in sequences])
        tokens = torch.full((len(sequences), int(lengths.max())), self.PAD)
        for row, sequence in zip(tokens, sequences, strict=True):
            row[: len(sequence)] = torch.tensor(sequence)
        return tokens, lengths

    def batch(self, texts):
        """Encode texts as ``[CLS] words [SEP]``, so that word i is token i + 1, and :meth:`pad` them."""
        return self.pad([[self.CLS, *self.encode(text), self.SEP] for text in texts])


VOCABULARY = Vocabulary(WORDS)


class Masked(NamedTuple):
    """Tokens with some of them hidden, and where: both ``(batch, L)``, ``chosen`` bool."""

    tokens: torch.Tensor
    chosen: torch.Tensor


def mask_tokens(tokens, generator, share=0.15):
    """Choose tokens to be predicted, as BERT does: 80 % become ``[MASK]``, 10 % a random word, 10 % stay.

    Each ordinary token is chosen with probability ``share``; special tokens never are.

    Args:
        tokens: numbers of :data:`VOCABULARY`, ``(batch, L)``; left as they are.
        generator: a ``torch.Generator``.
        share: probability in (0, 1).

    Returns:
        ``Masked(tokens, chosen)``. The loss counts where ``chosen`` is True; its targets are the tokens given.

    Raises:
        ValueError: if ``share`` is out of range.
    """
    if not 0 < share < 1:
        raise ValueError(f"share must be in (0, 1), got {share}")
    special = len(Vocabulary.SPECIAL)
    chosen = (torch.rand(tokens.shape, generator=generator) < share) & (tokens >= special)
    fate = torch.rand(tokens.shape, generator=generator)
    words = torch.randint(special, len(VOCABULARY), tokens.shape, generator=generator)
    masked = tokens.masked_fill(chosen & (fate < 0.8), Vocabulary.MASK)
    return Masked(torch.where(chosen & (fate >= 0.9), words, masked), chosen)


def pretrained():
    """Load the encoder that ``benchmarks/pretrain.py`` trained to fill in masked words; the data beside it say how.

    Returns:
        A :class:`ravine.transformer.Transformer` with ``causal=False``, in evaluation mode, the caller's own.

    Raises:
        ValueError: if the file was made for another vocabulary.

    >>> model = pretrained()
    >>> tokens, _ = VOCABULARY.batch(["the walkers near the bridge [MASK] old ."])
    >>> VOCABULARY.decode(model(tokens)[0, 6].topk(1).indices)
    ['are']
    """
    folder = importlib.resources.files("ravine.data")
    stated = json.loads((folder / "language-model.json").read_text(encoding="utf-8"))
    if stated["words"] != list(VOCABULARY.words):
        raise ValueError("the weights belong to another vocabulary; run python benchmarks/pretrain.py --write")
    model = Transformer(len(VOCABULARY), causal=False, **stated["settings"]["model"])
    with (folder / "language-model.npz").open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        state = {name: torch.from_numpy(arrays[name].astype(np.float32)) for name in arrays.files}
    state["unembedding.weight"] = state["embedding.weight"]
    model.load_state_dict(state)
    return model.eval()
