"""Episodes of a batch, padded to one length, and the loop that plays them.

An environment of this library holds several independent copies of one task, and has

    reset(generator, n)       -> observations, (n, ...)
    step(actions, generator)  -> observations, rewards, terminated, truncated, each (n, ...)

*Terminated*: the task itself is over, and nothing can be earned any more. *Truncated*: somebody stopped the clock; what
would have come is unknown, not zero. Both can happen in the same step. A copy that is over stays as it is: its
observation and its flags no longer change, and its rewards are 0.
Taught in: book/decisions/policy-gradient.md
"""

from dataclasses import dataclass

import torch


@dataclass(eq=False, repr=False)
class Episodes:
    """n episodes of at most T steps; what follows the end of a shorter one is padding.

    Attributes:
        observations: what was seen *before* each action, ``(n, T, ...)``; states of an MDP are int64, ``(n, T)``.
        actions: int64, ``(n, T)``.
        rewards: ``(n, T)``, 0 in the padding, so that sums along time need no mask.
        mask: bool, ``(n, T)``, True at real steps.
        terminated: bool, ``(n,)``: whether the task was over after the last real step.
        truncated: bool, ``(n,)``: whether the clock ran out at that step.
        final_observations: what was seen after the last real step, ``(n, ...)``.
    """

    observations: torch.Tensor
    actions: torch.Tensor
    rewards: torch.Tensor
    mask: torch.Tensor
    terminated: torch.Tensor
    truncated: torch.Tensor
    final_observations: torch.Tensor

    @property
    def lengths(self):
        """Number of real steps of each episode, ``(n,)``."""
        return self.mask.sum(-1)

    @property
    def totals(self):
        """Sum of the rewards of each episode, undiscounted, ``(n,)``."""
        return self.rewards.sum(-1)

    def next_values(self, values, final_values):
        """Return the value of what follows each step, which is where terminated and truncated differ.

        Args:
            values: of ``observations``, ``(n, T)``.
            final_values: of ``final_observations``, ``(n,)``.

        Returns:
            ``(n, T)``: the value of the next observation; after the last real step 0 where the task is over, the final
            value where only the clock ran out. 0 in the padding.
        """
        after_end = torch.where(self.terminated, torch.zeros_like(final_values), final_values)  # (n,)
        shifted = torch.cat([values[:, 1:], torch.zeros_like(values[:, :1])], 1)  # (n, T)
        last = torch.arange(self.mask.shape[1]) == self.lengths[:, None] - 1  # (n, T)
        return torch.where(last, after_end[:, None], shifted) * self.mask

    def __len__(self):
        return len(self.mask)

    def __repr__(self):
        return f"Episodes({len(self)} episodes, {int(self.mask.sum())} steps, mean total {self.totals.mean():.4g})"


def draw(probabilities, generator=None):
    """Draw an index from each row of ``probabilities``, ``(..., K)``; rows need not be normalized.

    >>> draw(torch.tensor([[0.0, 1.0, 0.0], [0.0, 0.0, 2.0]]), torch.Generator())
    tensor([1, 2])
    """
    cumulative = probabilities.cumsum(-1, dtype=torch.float64)  # (..., K)
    chance = torch.rand(cumulative.shape[:-1], generator=generator, dtype=torch.float64)  # in [0, 1)
    return (chance[..., None] * cumulative[..., -1:] >= cumulative[..., :-1]).sum(-1)


@torch.no_grad()
def play(env, probabilities, generator=None, n=None):
    """Play one episode in each copy of ``env``, from a reset to the end of the longest.

    Args:
        env: an environment, as the module describes.
        probabilities: function ``observations (n, ...) -> (n, A)``, the policy's probabilities of the actions.
        generator: a ``torch.Generator`` for starts, actions and the environment's chance; default: the global one.
        n: number of episodes; default: that of the environment.

    Returns:
        The :class:`Episodes`.
    """
    seen = torch.as_tensor(env.reset(generator, n))
    running = torch.ones(len(seen), dtype=torch.bool)
    steps, ends = [], (~running, ~running)
    while running.any():
        actions = draw(probabilities(seen), generator)
        after, rewards, *ends = (torch.as_tensor(array) for array in env.step(actions.numpy(), generator))
        steps.append((seen, actions, rewards, running))
        running, seen = ~(ends[0] | ends[1]), after
    return Episodes(*(torch.stack(column, 1) for column in zip(*steps, strict=True)), *ends, seen)


class Walkers:
    """n walkers in one :class:`ravine.mdp.MDP`: an environment whose observations are states, int64."""

    def __init__(self, mdp, n, longest):
        if n < 1 or longest < 1:
            raise ValueError(f"expected at least one walker and one step, got n={n} and longest={longest}")
        if (mdp.start * mdp.absorbing).sum() > 0:
            raise ValueError("expected no start in an absorbing state, where an episode is over before it begins")
        self.mdp, self.n, self.longest = mdp, n, longest
        self.observations, self.actions = mdp.states, mdp.actions
        self.state = self.steps = None

    def reset(self, generator=None, n=None):
        """Put n walkers on their first states; return these, ``(n,)``."""
        self.n = self.n if n is None else n
        self.state = draw(self.mdp.start.expand(self.n, -1), generator)
        self.steps = torch.zeros(self.n, dtype=torch.int64)
        return self.state

    def step(self, actions, generator=None):
        """Take an action each, ``(n,)``; return ``(states, rewards, terminated, truncated)``, ``(n,)`` each."""
        actions, before = torch.as_tensor(actions), self.state
        running = ~self.mdp.absorbing[before] & (self.steps < self.longest)
        after = draw(self.mdp.transitions[before, actions], generator)
        self.state, self.steps = torch.where(running, after, before), self.steps + running
        rewards = self.mdp.rewards[before, actions, self.state] * running
        return self.state, rewards, self.mdp.absorbing[self.state], self.steps >= self.longest
