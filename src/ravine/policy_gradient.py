"""Learning a policy by the gradient of the expected return: REINFORCE, with baselines, and an actor with a critic.

Papers: Williams (1992), "Simple statistical gradient-following algorithms for connectionist reinforcement learning";
Sutton et al. (2000), "Policy gradient methods for reinforcement learning with function approximation"; Mnih et al.
(2016), "Asynchronous methods for deep reinforcement learning" (A3C); Schulman et al. (2016), "High-dimensional
continuous control using generalized advantage estimation". Both loops here play whole episodes and make one policy step
from each batch, so that every step is on-policy; A2C takes its steps from pieces of fixed length, cut across episodes.
Taught in: book/decisions/policy-gradient.md
"""

import time
from dataclasses import dataclass, field

import torch
from torch import nn
from torch.nn import functional

from .advantages import generalized_advantage, peer_baseline, returns, surrogate_loss, td_errors
from .cartpole import CartPole
from .episodes import Episodes, play
from .policies import PolicyNetwork, TabularPolicy, TabularValue, ValueNetwork
from .progress import progress as follow

__all__ = [
    "CartPole",
    "Episodes",
    "History",
    "PolicyNetwork",
    "TabularPolicy",
    "TabularValue",
    "ValueNetwork",
    "actor_critic",
    "collect",
    "generalized_advantage",
    "peer_baseline",
    "reinforce",
    "returns",
    "surrogate_loss",
    "td_errors",
]


def collect(env, policy, episodes=None, generator=None):
    """Play ``episodes`` episodes (default: ``env.n``) with a module that returns logits; return :class:`Episodes`."""
    return play(env, lambda observations: policy(observations).softmax(-1), generator, episodes)


@dataclass(eq=False, repr=False)
class History:
    """What happened during a training run, one entry an iteration.

    Attributes:
        returns: mean over the batch of the undiscounted return, before the iteration's step.
        steps: steps of the environment so far.
        losses: the surrogate. Its value says nothing about progress.
        value_losses: mean squared error of the critic, before its steps; empty without a critic.
        entropies: mean entropy of the policy over the visited states, nats.
        seconds: duration of the run.
    """

    returns: list[float] = field(default_factory=list)
    steps: list[int] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    value_losses: list[float] = field(default_factory=list)
    entropies: list[float] = field(default_factory=list)
    seconds: float = 0.0

    def __repr__(self):
        last = f", return {self.returns[-1]:.4g}" if self.returns else ""
        return f"History({len(self.returns)} iterations, {(self.steps or [0])[-1]} steps{last})"


def reinforce(
    env,
    policy,
    *,
    iterations=60,
    episodes=None,
    discount=0.99,
    baseline="peers",
    lr=1e-2,
    value_lr=1e-2,
    value_steps=10,
    discount_time=False,
    seed=0,
    on_iteration=None,
    progress=True,
):
    """Train ``policy``, in place, by REINFORCE: Adam on the surrogate with the reward-to-go.

    An episode that was cut counts as over: the objective is what is earned within the limit.

    Args:
        env: a :class:`CartPole`, or ``MDP.environment(n, longest)``; :mod:`ravine.episodes` says what it must do.
        policy: module that maps observations to logits.
        iterations: batches of episodes, and steps of the policy.
        episodes: episodes a batch; default: ``env.n``.
        discount: γ.
        baseline: what is subtracted from the return: None, ``"peers"`` (:func:`peer_baseline`), or a module that maps
            observations to values, trained here to predict the return.
        lr: learning rate of the policy's Adam.
        value_lr: learning rate of the value module's Adam.
        value_steps: its steps for each batch, on the whole batch.
        discount_time: multiply each step's advantage by γᵗ, as the exact gradient of the discounted return has it;
            most code leaves it out.
        seed: of starts, actions and the environment's chance.
        on_iteration: called as ``(iteration, episodes)`` after each iteration.
        progress: False to show no progress bar.

    Returns:
        The :class:`History`.
    """
    if baseline not in (None, "peers") and not isinstance(baseline, nn.Module):
        raise ValueError(f'baseline must be None, "peers" or a module, got {baseline!r}')
    critic = _Critic(baseline, value_lr, value_steps) if isinstance(baseline, nn.Module) else None

    def judge(batch, history):
        gains = returns(batch.rewards, discount)  # (n, T)
        if critic is not None:
            advantages = gains - critic.values(batch.observations)
            history.value_losses.append(critic.step(batch, gains))
        else:
            advantages = gains if baseline is None else gains - peer_baseline(gains, batch.mask)
        times = torch.arange(gains.shape[1], dtype=gains.dtype)
        return advantages * discount**times if discount_time else advantages

    return _train(env, policy, judge, iterations, episodes, lr, 0.0, False, seed, on_iteration, progress)


def actor_critic(
    env,
    policy,
    value,
    *,
    iterations=60,
    episodes=None,
    discount=0.99,
    lam=0.95,
    lr=1e-2,
    value_lr=1e-2,
    value_steps=10,
    entropy=0.0,
    normalize=False,
    seed=0,
    on_iteration=None,
    progress=True,
):
    """Train ``policy`` and ``value``, in place: a critic whose TD errors, summed by λ, are the actor's advantages.

    Where only the clock ran out, the value of the final observation stands for what would have come. The critic is
    fitted to advantage + value, held fixed (a semi-gradient): with λ = 0 the TD target, with λ = 1 the return.

    Args:
        env, policy, iterations, episodes, discount, lr, value_lr, value_steps, seed, on_iteration, progress: as in
            :func:`reinforce`.
        value: module that maps observations to values.
        lam: λ of :func:`generalized_advantage`.
        entropy: weight of the policy's entropy, summed over time like the surrogate, which is subtracted from the loss.
        normalize: divide the advantages of a batch by their standard deviation. It changes the step's length only.

    Returns:
        The :class:`History`.
    """
    critic = _Critic(value, value_lr, value_steps)

    def judge(batch, history):
        values = critic.values(batch.observations)  # (n, T)
        after = batch.next_values(values, critic.values(batch.final_observations))
        advantages = generalized_advantage(batch.rewards, values, after, discount, lam, batch.mask)
        history.value_losses.append(critic.step(batch, advantages + values))
        return advantages

    return _train(env, policy, judge, iterations, episodes, lr, entropy, normalize, seed, on_iteration, progress)


class _Critic:
    """A value module and its optimizer."""

    def __init__(self, module, lr, steps):
        self.module, self.steps = module, steps
        self.optimizer = torch.optim.Adam(module.parameters(), lr=lr)

    @torch.no_grad()
    def values(self, observations):
        return self.module(observations)

    def step(self, batch, targets):
        """Fit the real steps' values to ``targets``, ``(n, T)``; return the error before."""
        observations, targets, first = batch.observations[batch.mask], targets[batch.mask], None
        for _ in range(self.steps):
            loss = functional.mse_loss(self.module(observations), targets)
            first = loss.item() if first is None else first
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
        return first


def _train(env, policy, judge, iterations, episodes, lr, entropy, normalize, seed, on_iteration, progress):
    """Play a batch, judge its actions, make one step; ``judge(batch, history) -> advantages (n, T)``."""
    if isinstance(iterations, bool) or not isinstance(iterations, int) or iterations < 1:
        raise ValueError(f"iterations must be an integer >= 1, got {iterations!r}")
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.Adam(policy.parameters(), lr=lr)
    history, began, steps = History(), time.perf_counter(), 0
    with follow(iterations, "training", show=progress) as advance:
        for iteration in range(iterations):
            batch = collect(env, policy, episodes, generator)
            advantages = judge(batch, history)
            if normalize:
                advantages = advantages / (advantages[batch.mask].std(correction=0) + 1e-8)
            logs = policy(batch.observations).log_softmax(-1)  # (n, T, A)
            entropies = -(logs.exp() * logs).sum(-1) * batch.mask  # (n, T)
            taken = logs.gather(-1, batch.actions[..., None]).squeeze(-1)  # (n, T)
            loss = surrogate_loss(taken, advantages, batch.mask)
            optimizer.zero_grad()
            (loss - entropy * entropies.sum(-1).mean()).backward()
            optimizer.step()
            steps += int(batch.mask.sum())
            history.returns.append(batch.totals.mean().item())
            history.steps.append(steps)
            history.losses.append(loss.item())
            history.entropies.append((entropies.sum() / batch.mask.sum()).item())
            if on_iteration is not None:
                on_iteration(iteration, batch)
            advance(f"return {history.returns[-1]:.4g}")
    history.seconds = time.perf_counter() - began
    return history
