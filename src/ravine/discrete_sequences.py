"""Short sequences of tokens, all of which can be listed: generators, a discriminator, and gradients through a choice.

With V symbols and length T there are Vᵀ sequences. As long as that is some ten thousands, everything that is usually
estimated from samples can be computed: the generator's distribution, its distance from the data's, the gradient of an
expected reward. Sequences are rows ``(n, T)`` of tokens, int64, from 0 to V − 1, or one-hot, ``(n, T, V)``; a list of
all of them is in lexicographic order, so that a sequence's index is its number in base V. ``...`` stands for axes of
networks that are trained side by side, or for nothing. :mod:`ravine.sequence_training` trains them.

Papers: Jang, Gu and Poole (2017), "Categorical reparameterization with Gumbel-softmax"; Maddison, Mnih and Teh (2017),
"The concrete distribution".
Taught in: book/generation/discrete-sequences.md
"""

import math

import torch
from torch import nn
from torch.nn import functional

SYMBOLS = "()[]"


def all_sequences(symbols, length):
    """List all sequences, ``(symbols ** length, length)``, int64, in lexicographic order.

    Args:
        symbols: number of symbols V, >= 1.
        length: tokens in a sequence T, >= 1.

    Raises:
        ValueError: if a number is below 1.

    >>> all_sequences(2, 2).tolist()
    [[0, 0], [0, 1], [1, 0], [1, 1]]
    """
    if symbols < 1 or length < 1:
        raise ValueError(f"symbols and length must be >= 1, got {symbols} and {length}")
    number = torch.arange(symbols**length)[:, None]
    return number // symbols ** torch.arange(length - 1, -1, -1) % symbols


def brackets(length, square=1 / 3):
    """Compute the probability of each sequence in the language of balanced brackets, ``(4 ** length,)``, float64.

    The symbols are ``SYMBOLS``. All shapes, that is, ways to nest and to follow, are equally likely; each pair is
    square or round by a toss. Of length 8 there are 14 shapes and 224 words; all other sequences have probability 0.

    Args:
        length: tokens in a word, even, >= 2.
        square: probability that a pair is square, in [0, 1].

    Raises:
        ValueError: if ``length`` is not a positive even number, or ``square`` no probability.

    >>> p = brackets(2)
    >>> ["".join(SYMBOLS[token] for token in word) for word in all_sequences(4, 2)[p > 0].tolist()]
    ['()', '[]']
    """
    if length < 2 or length % 2:
        raise ValueError(f"length must be even and >= 2, got {length}")
    if not 0 <= square <= 1:
        raise ValueError(f"square must be in [0, 1], got {square}")
    p, shapes = torch.zeros(4**length, dtype=torch.float64), 0
    words = [((), ())]  # what is written, and what is still open
    for step in range(length):
        longer = []
        for word, still_open in words:
            if len(still_open) < length - step:
                longer += [((*word, kind), (*still_open, kind)) for kind in (0, 2)]
            if still_open:
                longer.append(((*word, still_open[-1] + 1), still_open[:-1]))
        words = longer
    for word, _ in words:
        pairs = word.count(2)
        shapes += pairs == 0
        index = sum(token * 4 ** (length - 1 - place) for place, token in enumerate(word))
        p[index] = square**pairs * (1 - square) ** (length // 2 - pairs)
    return p / shapes


def gumbel_softmax(logits, temperature, *, hard=False, generator=None):
    """Draw from the Gumbel-softmax (or concrete) distribution: ``softmax((logits + Gumbel noise) / temperature)``.

    The largest entry is at a token drawn from ``softmax(logits)``, whatever the temperature.

    Args:
        logits: ``(..., V)``.
        temperature: τ > 0, a number or a tensor that broadcasts; towards 0 the result tends to one-hot.
        hard: return the one-hot vector of the largest entry, with the gradient of the soft one (straight-through).
        generator: a ``torch.Generator``; default: PyTorch's global one.

    Returns:
        ``(..., V)``, differentiable in the logits; each row sums to 1.

    Raises:
        ValueError: if ``temperature`` is not positive.

    >>> gumbel_softmax(torch.tensor([0.0, 50.0]), 0.5, hard=True)
    tensor([0., 1.])
    """
    if not (torch.as_tensor(temperature) > 0).all():
        raise ValueError(f"temperature must be > 0, got {temperature}")
    noise = -torch.empty_like(logits).exponential_(generator=generator).log()  # Gumbel: minus the log of an exponential
    soft = ((logits + noise) / temperature).softmax(-1)
    if not hard:
        return soft
    return functional.one_hot(soft.argmax(-1), soft.shape[-1]).to(soft) + soft - soft.detach()


def best_constant_baseline(rewards, scores, probabilities=None):
    """Compute the constant b of least variance of ``(R − b) ∇ log p``: ``E[R ‖S‖²] / E[‖S‖²]``, a scalar.

    Args:
        rewards: R of each sequence, ``(n,)``.
        scores: S = ∇ log p of each, ``(n, parameters)``.
        probabilities: p of each, ``(n,)``, for an exact mean over a list; None: the mean over a sample.

    Raises:
        ValueError: if the shapes do not fit.

    >>> scores = torch.tensor([[0.1, -0.1], [-0.9, 0.9]])  # two tokens, of probabilities 0.9 and 0.1
    >>> best_constant_baseline(torch.tensor([1.0, 0.0]), scores, torch.tensor([0.9, 0.1]))
    tensor(0.1000)
    """
    if scores.ndim != 2 or rewards.shape != scores.shape[:1]:
        raise ValueError(f"expected rewards (n,) and scores (n, d), got {tuple(rewards.shape)}, {tuple(scores.shape)}")
    if probabilities is None:
        probabilities = torch.ones_like(rewards)
    elif probabilities.shape != rewards.shape:
        raise ValueError(f"expected probabilities {tuple(rewards.shape)}, got {tuple(probabilities.shape)}")
    weight = probabilities * scores.square().sum(1)
    return (weight * rewards).sum() / weight.sum()


class SequenceGenerator(nn.Module):
    """A recurrent network that writes sequences token by token: the policy.

    h₀ is a parameter; position t has the logits ``h_t U + c``, and ``h_{t+1} = tanh(y_t E + h_t W + b)``, where y_t is
    one-hot, or soft. Weights are drawn with standard deviation ``1 / √(rows)``, U at a tenth of that: at the start all
    sequences are about equally likely.

    Args:
        symbols: V.
        length: T.
        hidden: units.
        networks: how many stand side by side along a first axis; None: one, without that axis.
        generator: a ``torch.Generator`` for the weights.
    """

    def __init__(self, symbols=4, length=8, hidden=32, networks=None, generator=None):
        super().__init__()
        self.symbols, self.length, axes = symbols, length, () if networks is None else (networks,)

        def weights(rows, columns, scale=1.0):
            drawn = torch.randn(*axes, rows, columns, generator=generator)
            return nn.Parameter(drawn * scale / math.sqrt(rows))

        self.first = nn.Parameter(torch.zeros(*axes, 1, hidden))
        self.embed = weights(symbols, hidden)
        self.mix = weights(hidden, hidden)
        self.shift = nn.Parameter(torch.zeros(*axes, 1, hidden))
        self.read = weights(hidden, symbols, 0.1)
        self.bias = nn.Parameter(torch.zeros(*axes, 1, symbols))

    def _after(self, token, state):
        return torch.tanh(token @ self.embed + state @ self.mix + self.shift)

    def _start(self, *shape):
        return self.first.expand(*torch.broadcast_shapes(self.first.shape[:-1], shape), -1)

    def log_probabilities(self, sequences):
        """Compute log p(y_t | y_<t) of each token, ``(..., n, T)``, of sequences ``(..., n, T)`` or ``(n, T)``."""
        tokens = functional.one_hot(sequences, self.symbols).to(self.embed)
        state, logits = self._start(*tokens.shape[:-2]), []
        for token in tokens.unbind(-2):
            logits.append(state @ self.read + self.bias)
            state = self._after(token, state)
        return (torch.stack(logits, -2).log_softmax(-1) * tokens).sum(-1)

    def relaxed(self, n, temperature, *, hard=False, generator=None):
        """Write ``n`` sequences of Gumbel-softmax tokens, each fed back as it is, ``(..., n, T, V)``.

        Arguments and errors as of :func:`gumbel_softmax`.
        """
        state, tokens = self._start(n), []
        for _ in range(self.length):
            logits = state @ self.read + self.bias
            tokens.append(gumbel_softmax(logits, temperature, hard=hard, generator=generator))
            state = self._after(tokens[-1], state)
        return torch.stack(tokens, -2)

    def sample(self, n, generator=None):
        """Draw ``n`` sequences, ``(..., n, T)``, int64."""
        state, words = self._start(n), []
        with torch.no_grad():
            for _ in range(self.length):
                logits = state @ self.read + self.bias
                noise = -torch.empty_like(logits).exponential_(generator=generator).log()
                words.append((logits + noise).argmax(-1))
                state = self._after(functional.one_hot(words[-1], self.symbols).to(self.embed), state)
        return torch.stack(words, -1)

    def distribution(self, temperature=1.0):
        """Compute the probability of each of the Vᵀ sequences, ``(..., Vᵀ)``.

        Args:
            temperature: divides the logits of every token; 1: the generator's own distribution.
        """
        state, log_p = self.first, torch.zeros_like(self.first[..., 0])  # (..., prefixes, hidden), (..., prefixes)
        for t in range(self.length):
            logits = (state @ self.read + self.bias) / temperature
            log_p = (log_p[..., None] + logits.log_softmax(-1)).flatten(-2)
            if t + 1 < self.length:
                kept = (state @ self.mix + self.shift)[..., :, None, :]
                state = torch.tanh(kept + self.embed[..., None, :, :]).flatten(-3, -2)
        return log_p.exp()


class SequenceDiscriminator(nn.Module):
    """Two hidden layers on the tokens of a whole sequence; its output is a logit.

    Args:
        symbols: V.
        length: T.
        hidden: units of a layer.
        networks: how many stand side by side along a first axis; None: one, without that axis.
        generator: a ``torch.Generator`` for the weights.
    """

    def __init__(self, symbols=4, length=8, hidden=64, networks=None, generator=None):
        super().__init__()
        self.symbols, axes = symbols, () if networks is None else (networks,)
        self.weights, self.shifts = nn.ParameterList(), nn.ParameterList()
        for rows, columns in ((symbols * length, hidden), (hidden, hidden), (hidden, 1)):
            drawn = torch.randn(*axes, rows, columns, generator=generator)
            self.weights.append(nn.Parameter(drawn * math.sqrt(2 / rows)))
            self.shifts.append(nn.Parameter(torch.zeros(*axes, 1, columns)))

    def forward(self, sequences):
        """Return logits, ``(..., n)``, of sequences ``(..., n, T)``, or of one-hot or soft ones, ``(..., n, T, V)``."""
        if not sequences.is_floating_point():
            sequences = functional.one_hot(sequences, self.symbols).to(self.weights[0])
        x = sequences.flatten(-2)
        for layer, (weight, shift) in enumerate(zip(self.weights, self.shifts, strict=True)):
            x = x @ weight + shift
            x = functional.leaky_relu(x, 0.2) if layer < 2 else x
        return x[..., 0]
