"""The two training loops: one step written out by hand, what they converge to, and CartPole."""

import math

import pytest
import torch

from ravine import advantages, cartpole, episodes, mdp, policies, policy_gradient
from ravine.policy_gradient import (
    CartPole,
    PolicyNetwork,
    TabularPolicy,
    TabularValue,
    ValueNetwork,
    actor_critic,
    collect,
    reinforce,
)

CLOSE = {"rtol": 1e-10, "atol": 1e-12}


def a_grid(discount=0.8):
    return mdp.gridworld(["S.", ".G"], discount=discount, step=-0.2, slip=0.2)


def test_everything_is_found_in_one_place():
    for module in (advantages, cartpole, episodes, policies):
        for name in set(policy_gradient.__all__) & set(vars(module)):
            assert getattr(policy_gradient, name) is getattr(module, name)
    assert set(policy_gradient.__all__) <= set(vars(policy_gradient))


def by_hand(problem, policy, batch, weigh):
    """Return the gradient of −J as sums over single steps; ``weigh(episode, step) -> advantage``."""
    probabilities, gradient = policy.detach().softmax(-1), torch.zeros_like(policy)
    for episode in range(len(batch)):
        for step in range(batch.lengths[episode]):
            state, action = batch.observations[episode, step], batch.actions[episode, step]
            score = torch.eye(problem.actions, dtype=torch.float64)[action] - probabilities[state]
            gradient[state] -= weigh(episode, step) * score / len(batch)
    return gradient.detach()


@pytest.mark.parametrize("discount_time", [False, True])
@pytest.mark.parametrize("baseline", [None, "peers", "module"])
def test_a_step_of_reinforce_is_the_sum_written_out(baseline, discount_time):
    problem = a_grid()
    env, policy, value = problem.environment(6, 5), TabularPolicy(4, 4), TabularValue(4)
    with torch.no_grad():
        policy.logits.copy_(torch.randn(4, 4))
        value.values.copy_(torch.randn(4))
    before, guesses = policy.logits.detach().clone(), value.values.detach().clone()
    batch = collect(env, policy, None, torch.Generator().manual_seed(3))
    assert batch.truncated.any()

    def gain(episode, step):
        rewards = batch.rewards[episode, step : batch.lengths[episode]]
        return sum(0.8**later * reward for later, reward in enumerate(rewards))

    def weigh(episode, step):
        others = [k for k in range(6) if k != episode and batch.mask[k, step]]
        subtracted = {
            None: lambda: 0.0,
            "peers": lambda: sum(gain(k, step) for k in others) / max(len(others), 1),
            "module": lambda: guesses[batch.observations[episode, step]],
        }[baseline]()
        return (gain(episode, step) - subtracted) * (0.8**step if discount_time else 1)

    chosen = value if baseline == "module" else baseline
    options = {"discount": 0.8, "baseline": chosen, "discount_time": discount_time, "lr": 0.01, "seed": 3}
    history = reinforce(env, policy, iterations=1, progress=False, **options)
    expected = by_hand(problem, before, batch, weigh)
    torch.testing.assert_close(policy.logits.grad, expected, **CLOSE)
    # The first step of Adam has the length lr in each coordinate.
    torch.testing.assert_close(policy.logits.detach(), before - 0.01 * expected.sign(), rtol=0, atol=1e-5)
    assert history.returns == [pytest.approx(batch.totals.mean().item())]
    assert history.steps == [int(batch.lengths.sum())]
    assert len(history.value_losses) == (baseline == "module")


@pytest.mark.parametrize("lam", [0.0, 0.6, 1.0])
def test_a_step_of_the_actor_is_the_sum_written_out_with_the_final_value_where_the_clock_ran_out(lam):
    problem = a_grid()
    env, policy, value = problem.environment(6, 5), TabularPolicy(4, 4), TabularValue(4)
    with torch.no_grad():
        value.values.copy_(torch.randn(4))
    before, guesses = policy.logits.detach().clone(), value.values.detach().clone()
    batch = collect(env, policy, None, torch.Generator().manual_seed(3))
    assert (batch.truncated & ~batch.terminated).any()
    assert batch.terminated.any()

    def error(episode, step):
        state = batch.observations[episode, step]
        if step + 1 < batch.lengths[episode]:
            following = guesses[batch.observations[episode, step + 1]]
        else:
            following = 0.0 if batch.terminated[episode] else guesses[batch.final_observations[episode]]
        return batch.rewards[episode, step] + 0.8 * following - guesses[state]

    def weigh(episode, step):
        return sum((0.8 * lam) ** (k - step) * error(episode, k) for k in range(step, batch.lengths[episode]))

    history = actor_critic(env, policy, value, iterations=1, discount=0.8, lam=lam, seed=3, progress=False)
    torch.testing.assert_close(policy.logits.grad, by_hand(problem, before, batch, weigh), **CLOSE)
    errors = [weigh(k, step) ** 2 for k in range(6) for step in range(batch.lengths[k])]
    assert history.value_losses == [pytest.approx(float(sum(errors)) / len(errors))]
    assert not torch.equal(value.values, guesses)


@pytest.mark.parametrize("lam", [0.0, 0.9, 1.0])
def test_the_critic_of_a_policy_that_stays_finds_its_values(lam):
    problem = a_grid()
    policy, value = TabularPolicy(4, 4), TabularValue(4)
    options = {"discount": 0.8, "lam": lam, "lr": 0.0, "value_lr": 0.02, "value_steps": 3, "progress": False}
    actor_critic(problem.environment(200, 50), policy, value, iterations=60, **options)
    assert not policy.logits.any()
    exact = problem.state_values(problem.uniform())
    torch.testing.assert_close(value.values.detach(), exact, rtol=0, atol=0.08)


def test_a_clock_that_runs_out_is_no_end_for_the_critic():
    """One state that earns 1 for ever is worth 1 / (1 − γ) = 5; a return of 4 steps sees at most 2.4 of it."""
    for_ever = mdp.MDP(torch.ones(1, 2, 1), torch.ones(1, 2, 1), 0.8, torch.ones(1))
    options = {"iterations": 80, "discount": 0.8, "value_lr": 0.05, "progress": False}
    bootstrapped, cut = TabularValue(1), TabularValue(1)
    actor_critic(for_ever.environment(4, 4), TabularPolicy(1, 2), bootstrapped, lam=0.5, **options)
    reinforce(for_ever.environment(4, 4), TabularPolicy(1, 2), baseline=cut, **options)
    assert bootstrapped.values.item() == pytest.approx(5, abs=0.2)
    mean = sum((1 - 0.8**left) / 0.2 for left in range(1, 5)) / 4
    assert cut.values.item() == pytest.approx(mean, abs=0.05)


@pytest.mark.parametrize("learner", ["none", "peers", "critic"])
def test_both_learn_a_small_grid(learner):
    problem = a_grid()
    policy, options = TabularPolicy(4, 4), {"iterations": 60, "discount": 0.8, "lr": 0.1, "progress": False}
    env = problem.environment(20, 30)
    if learner == "critic":
        actor_critic(env, policy, TabularValue(4), value_lr=0.05, **options)
    else:
        reinforce(env, policy, baseline=None if learner == "none" else learner, **options)
    best = problem.start @ problem.value_iteration()[0]
    uniform = problem.expected_return(problem.uniform())
    reached = problem.expected_return(policy.logits.detach().softmax(-1))
    assert reached > best - 0.1 * (best - uniform)


def test_equal_seeds_train_equally_and_no_global_generator_is_touched():
    def train(seed, loop):
        weights = torch.Generator().manual_seed(0)
        policy, env = PolicyNetwork(4, 2, 8, generator=weights), CartPole(4, limit=40)
        options = {"iterations": 4, "seed": seed, "progress": False}
        if loop is actor_critic:
            return actor_critic(env, policy, ValueNetwork(4, 8, generator=weights), **options)
        return reinforce(env, policy, **options)

    for loop in (reinforce, actor_critic):
        state = torch.get_rng_state()
        one, same, other = train(0, loop), train(0, loop), train(1, loop)
        assert torch.equal(state, torch.get_rng_state())
        assert one.returns == same.returns != other.returns
        assert one.losses == same.losses
        assert one.steps == same.steps


def test_what_is_recorded_and_what_is_called():
    calls = []
    env, policy = CartPole(3, limit=20), PolicyNetwork(4, 2, 8)
    history = reinforce(
        env, policy, iterations=4, episodes=5, on_iteration=lambda *call: calls.append(call), progress=False
    )
    assert [iteration for iteration, _ in calls] == [0, 1, 2, 3]
    assert [len(batch) for _, batch in calls] == [5] * 4
    assert history.returns == [pytest.approx(batch.totals.mean().item()) for _, batch in calls]
    assert history.steps[-1] == sum(int(batch.lengths.sum()) for _, batch in calls)
    assert history.entropies[0] == pytest.approx(math.log(2), abs=1e-3)
    assert repr(history).startswith("History(4 iterations, ")
    assert history.seconds > 0
    assert repr(policy_gradient.History()) == "History(0 iterations, 0 steps)"


def test_a_bonus_keeps_the_policy_uncertain_and_normalizing_changes_only_a_length():
    def train(**options):
        policy = TabularPolicy(4, 4)
        env = a_grid().environment(20, 30)
        return actor_critic(env, policy, TabularValue(4), lr=0.1, progress=False, **options), policy.logits.grad

    free, _ = train(iterations=40)
    held, _ = train(iterations=40, entropy=1.0)
    assert held.entropies[-1] > 1.3 > 0.9 > free.entropies[-1]
    (_, plain), (_, scaled) = train(iterations=1), train(iterations=1, normalize=True)
    torch.testing.assert_close(plain / plain.norm(), scaled / scaled.norm())


def test_cartpole_is_learned():
    policy = PolicyNetwork(4, 2, generator=torch.Generator().manual_seed(1000))
    reinforce(CartPole(16), policy, iterations=45, progress=False)
    assert collect(CartPole(16), policy, None, torch.Generator().manual_seed(5)).totals.mean() > 300


def test_wrong_input_is_refused():
    with pytest.raises(ValueError, match=r"baseline must be None, .* or a module, got 'mean'"):
        reinforce(CartPole(2), PolicyNetwork(4, 2), iterations=1, baseline="mean")
    for number in (0, 1.5):
        with pytest.raises(ValueError, match="iterations must be an integer >= 1"):
            reinforce(CartPole(2), PolicyNetwork(4, 2), iterations=number)
