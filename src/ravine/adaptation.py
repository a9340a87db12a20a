"""Adapting a pre-trained transformer with few parameters of its own: LoRA, adapters, a prefix, a soft prompt.

Papers: Hu et al. (2022), "LoRA: low-rank adaptation of large language models"; Houlsby et al. (2019),
"Parameter-efficient transfer learning for NLP" (adapters); Li and Liang (2021), "Prefix-tuning: optimizing continuous
prompts for generation"; Lester, Al-Rfou and Constant (2021), "The power of scale for parameter-efficient prompt
tuning". All four freeze the model. Here, Houlsby's layer norms stay frozen too, and Li and Liang's prefix is trained as
it is, without the small network that they train it through for stability and drop afterwards.
Taught in: book/transformers/adaptation.md
"""

import dataclasses
import math

import torch
from torch import nn

from .attention import padding_mask


def freeze_(model):
    """Stop the training of all parameters of ``model``, in place; return it."""
    return model.requires_grad_(False)


def trainable(model):
    """Count the numbers that training changes, a tied weight once.

    >>> trainable(nn.Linear(3, 2))
    8
    """
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)


class LoRALinear(nn.Module):
    """A frozen linear layer plus a trained change of low rank: ``h = W₀ x + b + (alpha / rank) B A x``.

    A is random and B zero, so that training starts from W₀. (Were both zero, neither would get a gradient.)

    Args:
        linear: the ``nn.Linear`` with W₀ ``(out, in)``; it is frozen.
        rank: r >= 1, rows of ``A`` ``(r, in)`` and columns of ``B`` ``(out, r)``: r (in + out) numbers to train.
        alpha: the scale is alpha / r, so that a change of r does not ask for another learning rate.
        generator: a ``torch.Generator`` for A, normal with variance 1 / in; default: PyTorch's global one.

    Raises:
        ValueError: if ``linear`` is no linear layer, or ``rank`` or ``alpha`` is out of range.

    >>> layer = LoRALinear(nn.Linear(768, 768), rank=8, alpha=16)
    >>> trainable(layer)
    12288
    """

    def __init__(self, linear, rank, alpha, *, generator=None):
        super().__init__()
        if not isinstance(linear, nn.Linear):
            raise ValueError(f"expected an nn.Linear to adapt, got {type(linear).__name__}")
        _check_lora(rank, alpha)
        self.linear, self.scale = freeze_(linear), alpha / rank
        weight = linear.weight
        self.A = nn.Parameter(weight.new_empty(rank, linear.in_features))  # (r, in)
        self.B = nn.Parameter(weight.new_zeros(linear.out_features, rank))  # (out, r)
        nn.init.normal_(self.A, std=linear.in_features**-0.5, generator=generator)

    def forward(self, x):
        """Map ``x``, ``(..., in)``, to ``(..., out)``."""
        return self.linear(x) + self.scale * (x @ self.A.T @ self.B.T)

    @torch.no_grad()
    def merge(self):
        """Return one new ``nn.Linear`` that does the same, with ``W₀ + (alpha / rank) B A``: nothing is slower."""
        bias = self.linear.bias
        merged = nn.Linear(*self.linear.weight.shape[::-1], bias=bias is not None).to(self.linear.weight)
        merged.weight.copy_(self.linear.weight + self.scale * self.B @ self.A)
        if bias is not None:
            merged.bias.copy_(bias)
        return merged


def add_lora_(model, rank, alpha, targets=("query", "value"), *, generator=None):
    """Freeze ``model`` and make each linear layer whose name is in ``targets`` a :class:`LoRALinear`, in place.

    Args:
        model: any module.
        rank, alpha, generator: as in :class:`LoRALinear`.
        targets: names of attributes; in a ``Transformer`` there are query, key, value, output.

    Returns:
        The same ``model``.

    Raises:
        ValueError: if no linear layer has such a name; as :class:`LoRALinear`.
    """
    _check_lora(rank, alpha)
    found = _children(model, lambda name, child: name in targets and isinstance(child, nn.Linear))
    if not found:
        raise ValueError(f"expected the names of linear layers of the model, got {tuple(targets)}; none is there")
    freeze_(model)
    for parent, name, child in found:
        setattr(parent, name, LoRALinear(child, rank, alpha, generator=generator))
    return model


def merge_lora_(model):
    """Replace each :class:`LoRALinear` in ``model`` by its merged linear layer, in place; return ``model``.

    Raises:
        ValueError: if there is none.
    """
    found = _children(model, lambda _, child: isinstance(child, LoRALinear))
    if not found:
        raise ValueError("expected a model with LoRA, got one without; merging twice is not possible")
    for parent, name, child in found:
        setattr(parent, name, child.merge())
    return model


class Adapter(nn.Module):
    """A narrow network beside a skip connection: ``x + up(GELU(down(x)))``; ``up`` is zero at first.

    Args:
        d_model: size of a token's vector.
        width: m >= 1 of the bottleneck: 2 d m + m + d numbers to train.

    Raises:
        ValueError: if ``width`` is out of range.

    >>> trainable(Adapter(768, 64))
    99136
    """

    def __init__(self, d_model, width):
        super().__init__()
        _check_size("width", width)
        self.down, self.up = nn.Linear(d_model, width), nn.Linear(width, d_model)
        nn.init.zeros_(self.up.weight)
        nn.init.zeros_(self.up.bias)

    def forward(self, x):
        """Map ``x``, ``(..., d_model)``, to the same shape."""
        return x + self.up(nn.functional.gelu(self.down(x)))


def add_adapters_(model, width):
    """Freeze a ``Transformer`` and put two adapters into each block, in place; return it.

    As in Houlsby et al. they come last in the attention and in the feed-forward part, before what these compute is
    added to the block's input.

    Raises:
        ValueError: if ``model`` has adapters already; as :class:`Adapter`.
    """
    if any(isinstance(module, Adapter) for module in model.modules()):
        raise ValueError("expected a model without adapters, got one that has them")
    _check_size("width", width)
    weight = freeze_(model).embedding.weight
    for block in model.blocks:
        attended, fed = (Adapter(weight.shape[1], width).to(weight) for _ in range(2))
        block.attention.output = nn.Sequential(block.attention.output, attended)
        block.feed_forward = nn.Sequential(block.feed_forward, fed)
    return model


class Prefix(nn.Module):
    """Prefix-tuning: in every layer, trained keys and values stand before those of the tokens.

    They begin as the keys and values that random words have. ``past`` gives them to a ``Transformer``.

    Args:
        model: a ``Transformer``; it is frozen.
        length: P >= 1, the number of positions: 2 P layers d_model numbers to train.
        generator: a ``torch.Generator`` for the words; default: PyTorch's global one.

    Raises:
        ValueError: if ``length`` is out of range, or longer than the model's longest sequence.
    """

    def __init__(self, model, length, *, generator=None):
        super().__init__()
        self.model = freeze_(model)
        tokens = _random_words(model, length, generator)[None]  # (1, P)
        with torch.no_grad():
            states = model.trace(tokens).states[:-1]
            pairs = [block.remember(x) for block, x in zip(model.blocks, states, strict=True)]
        self.keys = nn.ParameterList(key.clone() for key, _ in pairs)  # (1, heads, P, d_head) each
        self.values = nn.ParameterList(value.clone() for _, value in pairs)

    def past(self):
        """Return ``(key, value)`` for each layer, each ``(1, heads, P, d_head)``."""
        return list(zip(self.keys, self.values, strict=True))

    def forward(self, tokens, *, mask=None):
        """Return the logits ``(batch, L, vocabulary)``."""
        return self.trace(tokens, mask=mask).logits

    def trace(self, tokens, *, mask=None):
        """Return the ``Trace`` for ``tokens``, ``(batch, L)``, whose positions count from 0 as ever."""
        return self.model.run(self.model.embed(tokens), mask=mask, past=self.past())


class SoftPrompt(nn.Module):
    """Prompt tuning: trained vectors stand before the embedded tokens, in the input alone.

    They begin as the embeddings of random words (Lester et al.: better than random numbers, for smaller models).

    Args:
        model: a ``Transformer``; it is frozen.
        length: P >= 1, the number of vectors: P d_model numbers to train.
        generator: a ``torch.Generator`` for the words; default: PyTorch's global one.

    Raises:
        ValueError: if ``length`` is out of range.
    """

    def __init__(self, model, length, *, generator=None):
        super().__init__()
        self.model = freeze_(model)
        words = _random_words(model, length, generator)
        self.prompt = nn.Parameter(model.embedding.weight.detach()[words].clone())  # (P, d_model)

    def forward(self, tokens, *, mask=None):
        """Return the logits ``(batch, L, vocabulary)``."""
        return self.trace(tokens, mask=mask).logits

    def trace(self, tokens, *, mask=None):
        """Return the ``Trace`` of the tokens alone, without the prompt; its weights are ``(batch, heads, L, P + L)``.

        Args:
            tokens: ``(batch, L)``; their positions count from 0 as ever, the prompt has none.
            mask: bool, broadcastable to ``(batch, heads, L, L)``; the prompt may look, and be looked at, everywhere.
        """
        length = len(self.prompt)
        if mask is not None:
            rows = length if mask.shape[-2] > 1 else 0
            mask = nn.functional.pad(mask, (length, 0, rows, 0), value=True)
        prompt = self.prompt.expand(len(tokens), -1, -1)  # (batch, P, d_model)
        trace = self.model.run(torch.cat([prompt, self.model.embed(tokens)], 1), mask=mask)
        return dataclasses.replace(
            trace,
            logits=trace.logits[:, length:],
            states=[state[:, length:] for state in trace.states],
            weights=[weights[:, :, length:] for weights in trace.weights],
        )


class Classifier(nn.Module):
    """A linear head on the mean of a sentence's last states, or on its first.

    Args:
        body: a ``Transformer``, as it is or adapted; a :class:`Prefix`; a :class:`SoftPrompt`.
        classes: number of classes.
        pool: "mean" over the tokens, or "first": that of ``[CLS]``.

    Raises:
        ValueError: if ``pool`` is neither.
    """

    def __init__(self, body, classes, *, pool="mean"):
        super().__init__()
        if pool not in ("mean", "first"):
            raise ValueError(f"pool must be 'mean' or 'first', got {pool!r}")
        self.body, self.pool = body, pool
        self.head = nn.Linear(self.model.embedding.embedding_dim, classes)

    @property
    def model(self):
        """The ``Transformer`` inside."""
        return getattr(self.body, "model", self.body)

    def features(self, tokens, lengths):
        """Return what the head sees of ``tokens`` ``(batch, L)`` and ``lengths`` ``(batch,)``: ``(batch, d_model)``."""
        mask = padding_mask(lengths, tokens.shape[1])  # (batch, 1, 1, L)
        states = self.model.norm(self.body.trace(tokens, mask=mask).states[-1])  # (batch, L, d_model)
        if self.pool == "first":
            return states[:, 0]
        real = mask[:, 0, 0, :, None]  # (batch, L, 1)
        return (states * real).sum(1) / real.sum(1)

    def forward(self, tokens, lengths):
        """Return the logits ``(batch, classes)``."""
        return self.head(self.features(tokens, lengths))


def _children(model, wanted):
    return [
        (parent, name, child)
        for parent in model.modules()
        for name, child in parent.named_children()
        if wanted(name, child)
    ]


def _random_words(model, length, generator):
    _check_size("length", length)
    return torch.randint(len(model.embedding.weight), (length,), generator=generator)


def _check_lora(rank, alpha):
    _check_size("rank", rank)
    if not (math.isfinite(alpha) and alpha > 0):
        raise ValueError(f"alpha must be a finite number > 0, got {alpha}")


def _check_size(name, value):
    if not (isinstance(value, int) and value >= 1):
        raise ValueError(f"{name} must be an integer >= 1, got {value!r}")
