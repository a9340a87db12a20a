"""Small policies and critics: tables for a few states, networks of one hidden layer for observations in numbers.

A policy returns logits, so that softmax makes it a distribution; a critic returns a value.
Taught in: book/decisions/policy-gradient.md
"""

import torch
from torch import nn


class PolicyNetwork(nn.Module):
    """Logits of the actions, ``(..., actions)``, from observations ``(..., observations)``: one hidden layer of tanh.

    The last layer begins small, so that the first policy is nearly uniform. ``generator`` draws the weights.
    """

    def __init__(self, observations, actions, hidden=32, *, generator=None):
        super().__init__()
        self.layers = _layers(observations, hidden, actions, generator)

    def forward(self, observations):
        return self.layers(observations)


class ValueNetwork(nn.Module):
    """The value, ``(...)``, of observations ``(..., observations)``: one hidden layer of tanh.

    ``scale`` multiplies the output: the size of the returns that are expected, so that the weights stay of order one.
    """

    def __init__(self, observations, hidden=32, *, scale=1.0, generator=None):
        super().__init__()
        self.layers, self.scale = _layers(observations, hidden, 1, generator), scale

    def forward(self, observations):
        return self.scale * self.layers(observations).squeeze(-1)


class TabularPolicy(nn.Module):
    """A logit for each state and action, ``(S, A)``, from 0: the uniform policy. States are int64, ``(...)``."""

    def __init__(self, states, actions):
        super().__init__()
        self.logits = nn.Parameter(torch.zeros(states, actions, dtype=torch.float64))

    def forward(self, states):
        return self.logits[states]


class TabularValue(nn.Module):
    """A value for each state, ``(S,)``, from 0. States are int64, ``(...)``."""

    def __init__(self, states):
        super().__init__()
        self.values = nn.Parameter(torch.zeros(states, dtype=torch.float64))

    def forward(self, states):
        return self.values[states]


def _layers(inputs, hidden, outputs, generator):
    # nn.Linear would draw weights of its own, from the global generator.
    first, last = (nn.utils.skip_init(nn.Linear, *sizes) for sizes in ((inputs, hidden), (hidden, outputs)))
    nn.init.orthogonal_(first.weight, 2**0.5, generator=generator)
    nn.init.orthogonal_(last.weight, 0.01, generator=generator)
    nn.init.zeros_(first.bias)
    nn.init.zeros_(last.bias)
    return nn.Sequential(first, nn.Tanh(), last)
