"""Returns, TD errors, advantages and the loss that they weigh: what turns rewards into a step of the policy.

Papers: Williams (1992), "Simple statistical gradient-following algorithms for connectionist reinforcement learning";
Schulman et al. (2016), "High-dimensional continuous control using generalized advantage estimation". Time is the last
axis. Nothing here knows why an episode ended: that is in the next values, which ``Episodes.next_values`` computes.
Taught in: book/decisions/actor-critic.md
"""

import torch


def returns(rewards, discount):
    """Return the reward-to-go G_t = r_t + γ G_{t+1} along the last axis, of the shape of ``rewards``.

    Rewards 0 after an episode's end change nothing. Where only the clock ran out, what would have come counts as 0.

    >>> returns(torch.tensor([1.0, 0.0, 2.0, -1.0, 3.0]), 0.9)
    tensor([3.8593, 3.1770, 3.5300, 1.7000, 3.0000])
    """
    total, sums = 0.0, []
    for reward in reversed(rewards.unbind(-1)):
        total = reward + discount * total
        sums.append(total)
    return torch.stack(sums[::-1], -1)


def surrogate_loss(log_probabilities, advantages, mask=None):
    """Return −Σ_t A_t log π(a_t | s_t), summed over time, the last axis, and averaged over episodes.

    Its gradient is an estimate of −∇J where the data were drawn from the current policy; its value means nothing.

    Args:
        log_probabilities: of the actions that were taken, ``(..., T)``; one-step episodes are ``(n, 1)``.
        advantages: of the same shape. They are detached: no gradient flows through them.
        mask: bool, ``(..., T)``, True at real steps; None: all.

    Raises:
        ValueError: if the shapes differ. (Broadcasting here would be a silent error.)
    """
    shapes = [tuple(x.shape) for x in (log_probabilities, advantages, mask) if x is not None]
    if len(set(shapes)) != 1:
        raise ValueError(f"expected log-probabilities, advantages and mask of one shape, got {shapes}")
    terms = -advantages.detach() * log_probabilities
    return (terms if mask is None else terms.masked_fill(~mask, 0.0)).sum(-1).mean()


def td_errors(rewards, values, next_values, discount):
    """Return δ_t = r_t + γ V(s_{t+1}) − V(s_t); all of one shape.

    The next value is 0 where the task is over, and not where only the clock ran out: ``Episodes.next_values``.
    """
    return rewards + discount * next_values - values


def generalized_advantage(rewards, values, next_values, discount, lam, mask=None):
    """Return Σ_k (γ λ)ᵏ δ_{t+k} along the last axis.

    λ = 0 gives the TD error, λ = 1 the return minus the value (with the final value in place of what a clock cut off).

    Args:
        rewards: ``(..., T)``.
        values: V(s_t), ``(..., T)``.
        next_values: V(s_{t+1}), ``(..., T)``, 0 where the task is over.
        discount: γ.
        lam: λ in [0, 1].
        mask: bool, ``(..., T)``, True at real steps, which come first; the result is 0 elsewhere.
    """
    errors = td_errors(rewards, values, next_values, discount)
    return returns(errors if mask is None else errors.masked_fill(~mask, 0.0), discount * lam)


def peer_baseline(gains, mask):
    """Return, for each step, the mean return of the *other* episodes at the same time, ``(n, T)``; 0 if none is there.

    It does not depend on the episode's own actions, so that subtracting it leaves the gradient's expected value as it
    is. The mean over all episodes, its own included, would shrink that by (n − 1) / n.
    """
    others = mask.sum(0) - mask.long()  # (n, T)
    return ((gains * mask).sum(0) - gains * mask) / others.clamp(min=1)
