"""A small transformer: encoder, decoder, or both, with all that happens inside it in sight.

Papers: Vaswani et al. (2017), "Attention is all you need"; Xiong et al. (2020), "On layer normalization in the
transformer architecture" (pre-LN, the default here). Other than the paper's, its feed-forward network has GELU, its
positions are learned unless asked for otherwise, and there is no dropout. Tables of embeddings start with rows of
length about 1; so that sinusoids do not drown them, those are divided by √d_model (the paper multiplies the embedding).
Taught in: book/transformers/transformer.md
"""

import dataclasses

import torch
from torch import nn

from .attention import MultiHeadAttention, causal_mask, sinusoidal_positions


class Block(nn.Module):
    """One layer: attention, then a feed-forward network on each token; each part's output is added to its input.

    With pre-LN a part computes ``x + part(norm(x))``, with post-LN (the paper's) ``norm(x + part(x))``.

    Args:
        d_model: size of a token's vector.
        heads: number of heads.
        d_ff: inner width of the feed-forward network; default: ``4 d_model``.
        norm: "pre" or "post".
        cross: whether a second attention, between the two parts, looks at a memory (an encoder's output).

    Raises:
        ValueError: if ``norm`` is neither, or ``heads`` does not divide ``d_model``; from a call, if there is a memory
            without ``cross`` or ``cross`` without a memory.
    """

    def __init__(self, d_model, heads, d_ff=None, *, norm="pre", cross=False):
        super().__init__()
        if norm not in ("pre", "post"):
            raise ValueError(f"norm must be 'pre' or 'post', got {norm!r}")
        self.pre, d_ff = norm == "pre", d_ff or 4 * d_model
        self.attention, self.norm_attention = MultiHeadAttention(d_model, heads), nn.LayerNorm(d_model)
        self.cross_attention = MultiHeadAttention(d_model, heads) if cross else None
        self.norm_cross = nn.LayerNorm(d_model) if cross else None
        self.feed_forward = nn.Sequential(nn.Linear(d_model, d_ff), nn.GELU(), nn.Linear(d_ff, d_model))
        self.norm_feed_forward = nn.LayerNorm(d_model)

    def forward(self, x, memory=None, *, mask=None, memory_mask=None, past=None):
        """Send ``x``, ``(batch, L, d_model)``, through the layer; masks and past as in :class:`MultiHeadAttention`.

        Returns:
            ``(x, weights, cross_weights)``: ``(batch, L, d_model)``, ``(batch, heads, L, P + L)``, and, with a memory
            ``(batch, S, d_model)``, ``(batch, heads, L, S)``; without, None.
        """
        if (memory is None) != (self.cross_attention is None):
            wanted, got = ("no memory", "one") if self.cross_attention is None else ("a memory", "none")
            raise ValueError(f"expected {wanted} for a block with cross={self.cross_attention is not None}, got {got}")
        cross_weights = None
        change, weights = self.attention(self._before(self.norm_attention, x), mask=mask, past=past)
        x = self._after(self.norm_attention, x + change)  # (batch, L, d_model)
        if memory is not None:
            change, cross_weights = self.cross_attention(self._before(self.norm_cross, x), memory, mask=memory_mask)
            x = self._after(self.norm_cross, x + change)  # (batch, L, d_model)
        change = self.feed_forward(self._before(self.norm_feed_forward, x))  # through (batch, L, d_ff)
        return self._after(self.norm_feed_forward, x + change), weights, cross_weights

    def _before(self, norm, x):
        return norm(x) if self.pre else x

    def _after(self, norm, x):
        return x if self.pre else norm(x)

    def remember(self, x, past=None):
        """Return the keys and values of what enters the block, as :meth:`MultiHeadAttention.remember`."""
        return self.attention.remember(self._before(self.norm_attention, x), past)


@dataclasses.dataclass(frozen=True, eq=False)
class Trace:
    """What happened in one pass.

    Attributes:
        logits: ``(batch, L, vocabulary)``.
        states: layers + 1 tensors ``(batch, L, d_model)``: what enters the first block, and what leaves each block.
        weights: each layer's attention, ``(batch, heads, L, P + L)``; P is the length of ``past``.
        cross_weights: each layer's cross-attention, ``(batch, heads, L, S)``; empty without one.
    """

    logits: torch.Tensor
    states: list[torch.Tensor]
    weights: list[torch.Tensor]
    cross_weights: list[torch.Tensor]


class Transformer(nn.Module):
    """Embedding, blocks, logits: a decoder as in GPT if ``causal``, else an encoder as in BERT.

    Args:
        vocabulary: number of tokens.
        d_model, heads, d_ff, norm, cross: as in :class:`Block`.
        layers: number of blocks.
        longest: length of the longest sequence, where there are positions.
        causal: whether a token may look only at itself and at what is before it.
        positions: "learned", "sinusoidal" or None.
        tied: whether the unembedding shares the embedding's matrix.
        segments: number of segments, each with an embedding; 0: none.

    Raises:
        ValueError: if an argument is none of its choices; from a call, if ``tokens`` are not integers ``(batch, L)`` in
            the vocabulary, are too many, or have segments where the model has none.
    """

    def __init__(
        self, vocabulary, *, d_model=64, heads=4, layers=2, d_ff=None, longest=128, causal=True, norm="pre",
        positions="learned", tied=True, segments=0, cross=False,
    ):  # fmt: skip
        super().__init__()
        if positions not in ("learned", "sinusoidal", None):
            raise ValueError(f"positions must be 'learned', 'sinusoidal' or None, got {positions!r}")
        self.causal = causal
        self.embedding = nn.Embedding(vocabulary, d_model)
        self.positions = nn.Embedding(longest, d_model) if positions else None
        self.segments = nn.Embedding(segments, d_model) if segments else None
        self.blocks = nn.ModuleList(Block(d_model, heads, d_ff, norm=norm, cross=cross) for _ in range(layers))
        self.norm = nn.LayerNorm(d_model) if norm == "pre" else nn.Identity()
        self.unembedding = nn.Linear(d_model, vocabulary, bias=False)
        for table in filter(None, (self.embedding, self.positions, self.segments, self.unembedding)):
            nn.init.normal_(table.weight, std=d_model**-0.5)
        if positions == "sinusoidal":
            self.positions = nn.Embedding.from_pretrained(sinusoidal_positions(longest, d_model) / d_model**0.5)
        if tied:
            self.unembedding.weight = self.embedding.weight

    def forward(self, tokens, **options):
        """Return the logits, ``(batch, L, vocabulary)``, for tokens ``(batch, L)``; options as of :meth:`trace`."""
        return self.trace(tokens, **options).logits

    def trace(self, tokens, *, mask=None, segments=None, past=None, memory=None, memory_mask=None):
        """Return the :class:`Trace` of a pass.

        Args:
            tokens: ``(batch, L)``, integers.
            mask: bool, broadcastable to ``(batch, heads, L, L)``; a causal model's own mask holds as well.
            segments: ``(batch, L)``, integers; default: all 0.
            past: keys and values of earlier tokens, a pair for each block; the tokens' positions follow theirs. After a
                learned prefix, which has no positions: ``run(embed(tokens), past=prefix)``.
            memory: ``(batch, S, d_model)``, for a model with ``cross``.
            memory_mask: bool, broadcastable to ``(batch, heads, L, S)``.
        """
        x = self.embed(tokens, segments, start=past[0][0].shape[2] if past else 0)
        return self.run(x, mask=mask, past=past, memory=memory, memory_mask=memory_mask)

    def embed(self, tokens, segments=None, *, start=0):
        """Return what enters the first block, ``(batch, L, d_model)``; ``start`` is the first token's position."""
        self._check(tokens, segments, start)
        x = self.embedding(tokens)  # (batch, L, d_model)
        if self.positions is not None:
            x = x + self.positions.weight[start : start + tokens.shape[1]]  # (L, d_model), for every sequence
        if self.segments is not None:
            x = x + self.segments(torch.zeros_like(tokens) if segments is None else segments)  # (batch, L, d_model)
        return x

    def run(self, x, *, mask=None, past=None, memory=None, memory_mask=None):
        """Send ``x``, ``(batch, L, d_model)``, through blocks and unembedding; the rest of :meth:`trace`."""
        if self.causal:
            causal = causal_mask(x.shape[1]).to(x.device)  # (L, L)
            mask = causal if mask is None else causal & mask
        states, weights, cross_weights = [x], [], []
        for block, earlier in zip(self.blocks, past or [None] * len(self.blocks), strict=True):
            x, looked, crossed = block(x, memory, mask=mask, memory_mask=memory_mask, past=earlier)
            states.append(x)  # (batch, L, d_model)
            weights.append(looked)  # (batch, heads, L, P + L)
            cross_weights += [] if crossed is None else [crossed]  # (batch, heads, L, S)
        return Trace(self.unembedding(self.norm(x)), states, weights, cross_weights)

    @torch.no_grad()
    def generate(self, tokens, steps, *, temperature=1.0, generator=None, memory=None, memory_mask=None):
        """Continue sequences, token by token, each drawn from ``softmax(logits / temperature)``.

        Keys and values of earlier tokens are kept, not computed again.

        Args:
            tokens: ``(batch, L)``, how the sequences begin.
            steps: number of tokens to append.
            temperature: >= 0; 0 takes the likeliest token.
            generator: a ``torch.Generator`` to draw from; default: PyTorch's global one.
            memory, memory_mask: as in :meth:`trace`.

        Returns:
            ``tokens`` and what follows them, ``(batch, L + steps)``.

        Raises:
            ValueError: if the model is not causal, ``temperature`` is negative, or the sequences get too long.
        """
        if not self.causal:
            raise ValueError("expected a causal model to generate from, got an encoder (causal=False)")
        if not temperature >= 0:
            raise ValueError(f"temperature must be >= 0, got {temperature}")
        new, past = tokens, None
        for _ in range(steps):
            trace = self.trace(new, past=past, memory=memory, memory_mask=memory_mask)
            blocks = zip(self.blocks, trace.states[:-1], past or [None] * len(self.blocks), strict=True)
            past = [block.remember(x, earlier) for block, x, earlier in blocks]  # two of (batch, heads, P + L, d_head)
            logits = trace.logits[:, -1]  # (batch, vocabulary)
            new = logits.argmax(-1, keepdim=True)  # (batch, 1)
            if temperature > 0:
                new = torch.multinomial((logits / temperature).softmax(-1), 1, generator=generator)
            tokens = torch.cat([tokens, new], 1)
        return tokens

    def _check(self, tokens, segments, start):
        if tokens.ndim != 2 or tokens.dtype not in (torch.int64, torch.int32) or tokens.shape[1] == 0:
            raise ValueError(f"expected integer tokens (batch, L), L >= 1, got {tokens.dtype} {tuple(tokens.shape)}")
        if tokens.min() < 0 or tokens.max() >= self.embedding.num_embeddings:
            size, low, high = self.embedding.num_embeddings, int(tokens.min()), int(tokens.max())
            raise ValueError(f"expected tokens in 0 ... {size - 1}, got {low} ... {high}")
        if self.positions is not None and start + tokens.shape[1] > self.positions.num_embeddings:
            longest, got = self.positions.num_embeddings, start + tokens.shape[1]
            raise ValueError(f"expected at most {longest} tokens, got {got}; shorten them, or build with longest={got}")
        if segments is not None and self.segments is None:
            raise ValueError("got segments for a model without them; build it with segments=2, or more")


class EncoderDecoder(nn.Module):
    """An encoder that reads the source, and a decoder that looks at the encoder's output while it writes the target.

    Args:
        source_vocabulary: number of tokens of the source.
        target_vocabulary: number of tokens of the target.
        **options: of both :class:`Transformer`, ``d_model`` for example.
    """

    def __init__(self, source_vocabulary, target_vocabulary, **options):
        super().__init__()
        self.encoder = Transformer(source_vocabulary, causal=False, **options)
        self.encoder.unembedding = nn.Identity()  # the decoder looks at vectors, one for each token of the source
        self.decoder = Transformer(target_vocabulary, cross=True, **options)

    def forward(self, source, target, *, source_mask=None):
        """Return the logits for targets ``(batch, L)``, ``(batch, L, target_vocabulary)``; see :meth:`trace`."""
        return self.trace(source, target, source_mask=source_mask).logits

    def trace(self, source, target, *, source_mask=None):
        """Return the decoder's :class:`Trace` for ``source`` ``(batch, S)``; a mask hides the source's padding."""
        memory = self.encoder(source, mask=source_mask)  # (batch, S, d_model)
        return self.decoder.trace(target, memory=memory, memory_mask=source_mask)

    def generate(self, source, target, steps, *, source_mask=None, **options):
        """Continue ``target`` ``(batch, L)``, at first a token that means "begin", as :meth:`Transformer.generate`."""
        memory = self.encoder(source, mask=source_mask)  # (batch, S, d_model)
        return self.decoder.generate(target, steps, memory=memory, memory_mask=source_mask, **options)
