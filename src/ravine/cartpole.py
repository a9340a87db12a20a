"""CartPole: balance a pole on a cart by pushing the cart left (0) or right (1). A batch of them, in NumPy.

Paper: Barto, Sutton and Anderson (1983), "Neuronlike adaptive elements that can solve difficult learning control
problems". Step by step this is Gymnasium's ``CartPole-v1``: reward 1 a step, the one in which the pole falls included;
over when the pole leans more than 12 degrees or the cart is more than 2.4 from the middle; stopped after 500 steps.
Taught in: book/decisions/policy-gradient.md
"""

import math

import numpy as np
import torch

GRAVITY, CART, POLE, HALF_LENGTH, FORCE, SECONDS = 9.8, 1.0, 0.1, 0.5, 10.0, 0.02
FARTHEST, STEEPEST = 2.4, 12 * 2 * math.pi / 360


class CartPole:
    """A batch of n independent CartPoles.

    Args:
        n: number of copies; 16 episodes a batch and the defaults of ``reinforce`` reach 500 in about 60 batches.
        limit: number of steps after which an episode is truncated; 500, as in ``CartPole-v1``.

    Attributes:
        state: float64, ``(n, 4)``: position, velocity, angle (radians), angular velocity; observations are its float32.
        steps: steps of each copy since the reset, ``(n,)``.

    Raises:
        ValueError: if ``n`` or ``limit`` is not positive; from ``step``, if an action is neither 0 nor 1.

    >>> env = CartPole(2)
    >>> env.reset(torch.Generator().manual_seed(0)).shape
    (2, 4)
    >>> observations, rewards, terminated, truncated = env.step([0, 1])
    >>> rewards, terminated
    (array([1., 1.], dtype=float32), array([False, False]))
    """

    observations, actions = 4, 2

    def __init__(self, n=16, limit=500):
        if n < 1 or limit < 1:
            raise ValueError(f"n and limit must be >= 1, got n={n} and limit={limit}")
        self.n, self.limit = n, limit
        self.state = self.steps = None

    def reset(self, generator=None, n=None):
        """Begin anew, each number of each state uniform in (-0.05, 0.05); return observations, ``(n, 4)``."""
        self.n = self.n if n is None else n
        start = torch.rand(self.n, 4, generator=generator, dtype=torch.float64)
        self.state, self.steps = start.numpy() * 0.1 - 0.05, np.zeros(self.n, dtype=np.int64)
        return self.state.astype(np.float32)

    def step(self, actions, generator=None):
        """Push each cart; those whose episode is over stay as they are. (``generator``: nothing here is random.)

        Returns:
            ``(observations, rewards, terminated, truncated)``: ``(n, 4)`` float32, ``(n,)`` float32, bool, bool.
        """
        actions = np.asarray(actions)
        if self.state is None:
            raise ValueError("expected a reset before the first step; call reset(generator)")
        if actions.shape != (self.n,) or not ((actions == 0) | (actions == 1)).all():
            raise ValueError(f"expected {self.n} actions, each 0 or 1, got {actions}")
        running = ~(self.fallen() | (self.steps >= self.limit))
        self.state = np.where(running[:, None], advance(self.state, actions), self.state)
        self.steps = self.steps + running
        return self.state.astype(np.float32), running.astype(np.float32), self.fallen(), self.steps >= self.limit

    def fallen(self):
        """Return which poles have fallen, or carts have left the track: bool, ``(n,)``."""
        return (np.abs(self.state[:, 0]) > FARTHEST) | (np.abs(self.state[:, 2]) > STEEPEST)


def advance(state, actions):
    """Return the states 0.02 seconds later, by Euler's method: ``(n, 4)`` from ``(n, 4)`` and ``(n,)``."""
    _, velocity, angle, spin = state.T
    cosine, sine = np.cos(angle), np.sin(angle)
    push = (np.where(actions == 1, FORCE, -FORCE) + POLE * HALF_LENGTH * spin**2 * sine) / (CART + POLE)
    turn = (GRAVITY * sine - cosine * push) / (HALF_LENGTH * (4 / 3 - POLE * cosine**2 / (CART + POLE)))
    pull = push - POLE * HALF_LENGTH * turn * cosine / (CART + POLE)
    return state + SECONDS * np.stack([velocity, pull, spin, turn], 1)
