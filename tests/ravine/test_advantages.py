"""Returns and advantages against their definitions as sums, and the surrogate against the exact gradient."""

import pytest
import torch

from ravine import mdp
from ravine.advantages import generalized_advantage, peer_baseline, returns, surrogate_loss, td_errors

CLOSE = {"rtol": 1e-12, "atol": 1e-12}


def normal(*shape):
    return torch.randn(shape, dtype=torch.float64)


@pytest.mark.parametrize("discount", [0.0, 0.9, 1.0])
def test_returns_are_discounted_sums_of_what_comes(discount):
    rewards = normal(2, 3, 7)
    for step in range(7):
        expected = sum(discount ** (later - step) * rewards[..., later] for later in range(step, 7))
        torch.testing.assert_close(returns(rewards, discount)[..., step], expected, **CLOSE)


def test_the_generalized_advantage_is_the_weighted_sum_of_td_errors():
    rewards, values, following, lengths = normal(3, 6), normal(3, 6), normal(3, 6), (6, 4, 1)
    mask = torch.arange(6) < torch.tensor(lengths)[:, None]
    errors = td_errors(rewards, values, following, 0.9)
    torch.testing.assert_close(errors, rewards + 0.9 * following - values)
    for lam in (0.0, 0.7, 1.0):
        ours = generalized_advantage(rewards, values, following, 0.9, lam, mask)
        for episode, length in enumerate(lengths):
            for step in range(length):
                expected = sum((0.9 * lam) ** (k - step) * errors[episode, k] for k in range(step, length))
                torch.testing.assert_close(ours[episode, step], expected, **CLOSE)
        assert (ours[~mask] == 0).all()
    torch.testing.assert_close(generalized_advantage(rewards, values, following, 0.9, 0.0), errors)


def test_lambda_one_is_the_return_minus_the_value():
    """Also where a clock cut the episode: the final value stands for what would have come."""
    rewards, values, final = normal(1, 5), normal(1, 5), normal(1)
    for end in (torch.zeros(1, dtype=torch.float64), final):
        following = torch.cat([values[:, 1:], end[:, None]], 1)
        ours = generalized_advantage(rewards, values, following, 0.8, 1.0)
        cut = torch.cat([rewards, end[:, None]], 1)
        torch.testing.assert_close(ours, returns(cut, 0.8)[:, :-1] - values, **CLOSE)


def test_mixing_n_step_advantages_gives_lambda():
    """The paper's definition: (1 − λ) Σ λ^(n − 1) times the n-step advantage, the last one with what weight is left."""
    rewards, values, final = normal(6), normal(6), normal(1)
    following, lam, discount = torch.cat([values[1:], final]), 0.6, 0.9
    n_step = [returns(rewards[:n], discount)[0] + discount**n * following[n - 1] - values[0] for n in range(1, 7)]
    weights = [(1 - lam) * lam**n for n in range(5)] + [lam**5]
    expected = sum(weight * advantage for weight, advantage in zip(weights, n_step, strict=True))
    torch.testing.assert_close(generalized_advantage(rewards, values, following, discount, lam)[0], expected, **CLOSE)


def test_the_surrogate_detaches_its_advantages_and_ignores_padding():
    logs = normal(4, 5).requires_grad_()
    advantages = normal(4, 5).requires_grad_()
    mask = torch.arange(5) < torch.tensor([5, 1, 3, 2])[:, None]
    loss = surrogate_loss(logs, advantages, mask)
    loss.backward()
    assert advantages.grad is None
    torch.testing.assert_close(logs.grad, -advantages.detach() * mask / 4)
    torch.testing.assert_close(loss.detach(), -(advantages * logs * mask).sum().detach() / 4)
    padded = torch.where(mask, logs, float("-inf"))
    assert surrogate_loss(padded, advantages, mask).isfinite()


def test_shapes_that_would_broadcast_are_refused():
    for wrong in (normal(5, 1), normal(5), normal(4, 5).T[:4]):
        with pytest.raises(ValueError, match="log-probabilities, advantages and mask of one shape"):
            surrogate_loss(normal(4, 5), wrong)


def test_peers_are_the_other_episodes_that_still_run():
    gains = torch.tensor([[1.0, 2.0, 3.0], [3.0, 6.0, 0.0], [5.0, 0.0, 0.0]])
    mask = torch.tensor([[True, True, True], [True, True, False], [True, False, False]])
    baseline = peer_baseline(gains, mask)
    assert baseline[0].tolist() == [4, 6, 0]
    assert baseline[1, :2].tolist() == [3, 2]
    assert baseline[2, 0].item() == 2


def estimates(problem, logits, *, discount_time, baseline):
    """Return 400 estimates of the gradient, each from 50 episodes, ``(400, S, A)``."""
    policy, discount = logits.softmax(-1), problem.discount
    episodes = problem.sample(policy, 20_000, 300, torch.Generator().manual_seed(7))
    assert episodes.terminated.all()
    gains = returns(episodes.rewards, discount)  # (20000, T)
    if baseline == "values":
        gains = gains - problem.state_values(policy)[episodes.observations]
    groups = [x.unflatten(0, (400, 50)) for x in (gains, episodes.mask, episodes.observations, episodes.actions)]
    gains, mask, states, actions = groups  # (400, 50, T)
    if baseline == "peers":
        gains = gains - torch.stack([peer_baseline(*group) for group in zip(gains, mask, strict=True)])
    if discount_time:
        gains = gains * discount ** torch.arange(gains.shape[-1], dtype=gains.dtype)
    asked = logits.repeat(400, 1, 1).requires_grad_()  # one copy for each group
    logs = asked.log_softmax(-1)[torch.arange(400)[:, None, None], states, actions]
    # The loss is a mean over all episodes, so that a group's share is 1 / 400 of its own gradient.
    return -400 * torch.autograd.grad(surrogate_loss(logs, gains, mask), asked)[0]


@pytest.mark.parametrize("discount_time", [True, False])
def test_the_surrogates_gradient_is_unbiased_and_baselines_only_lower_its_variance(discount_time):
    problem = mdp.gridworld(["S.", ".G"], discount=0.6, step=-0.2, slip=0.2)
    logits = torch.randn(4, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64) / 2
    exact = problem.policy_gradient(logits, customary=not discount_time)
    other = problem.policy_gradient(logits, customary=discount_time)
    spread = {}
    for baseline in ("none", "peers", "values"):
        found = estimates(problem, logits, discount_time=discount_time, baseline=baseline)
        error = found.std(0) / len(found) ** 0.5  # (S, A)
        assert ((found.mean(0) - exact).abs() <= 5 * error).all()
        # Five standard errors are narrow enough to tell the two gradients apart.
        assert ((found.mean(0) - other).abs() > 5 * error).any()
        spread[baseline] = found.var(0).sum().item()
    assert spread["values"] < spread["peers"] < spread["none"]


def test_td_errors_of_the_true_values_have_mean_zero_in_every_state_and_the_advantage_for_every_action():
    problem = mdp.gridworld(["S.", "H.", ".G"], discount=0.9, hole=-1.0, slip=0.4)
    policy = torch.randn(6, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64).softmax(-1)
    values, exact = problem.state_values(policy), problem.advantages(policy)
    episodes = problem.sample(policy, 20_000, 40, torch.Generator().manual_seed(2))
    following = episodes.next_values(values[episodes.observations], values[episodes.final_observations])
    for lam in (0.0, 0.5, 1.0):
        ours = generalized_advantage(
            episodes.rewards, values[episodes.observations], following, problem.discount, lam, episodes.mask
        )
        for state in range(6):
            here = episodes.mask & (episodes.observations == state)
            for action in range(4):
                found = ours[here & (episodes.actions == action)]
                if len(found) > 100:
                    error = found.std() / len(found) ** 0.5 + 1e-12
                    assert (found.mean() - exact[state, action]).abs() < 5 * error
