"""Exact solutions against enumeration, sampling, autograd, finite differences and Gymnasium."""

import itertools

import gymnasium
import pytest
import torch

from ravine import mdp
from ravine.episodes import draw

CLOSE = {"rtol": 1e-10, "atol": 1e-10}


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def a_random_mdp(seed=0, states=4, actions=3, discount=0.9, absorbing=True):
    """Any MDP; the last state is absorbing where asked for."""
    generator = rng(seed)
    transitions = torch.rand(states, actions, states, generator=generator, dtype=torch.float64)
    rewards = torch.randn(states, actions, states, generator=generator, dtype=torch.float64)
    start = torch.rand(states, generator=generator, dtype=torch.float64)
    if absorbing:
        transitions[-1], rewards[-1], start[-1] = torch.eye(states, dtype=torch.float64)[-1], 0, 0
    return mdp.MDP(transitions / transitions.sum(-1, keepdim=True), rewards, discount, start / start.sum())


def a_random_policy(problem, seed=1):
    return torch.randn(problem.states, problem.actions, generator=rng(seed), dtype=torch.float64).softmax(-1)


def by_steps(problem, policy, longest, discount=None):
    """Return J and the discounted visits of ``longest`` steps, by moving the distribution of states forward."""
    discount = problem.discount if discount is None else discount
    state, total, visits = problem.start, 0.0, torch.zeros(problem.states, dtype=torch.float64)
    for step in range(longest):
        joint = state[:, None, None] * policy[:, :, None] * problem.transitions  # (S, A, S)
        total = total + discount**step * (joint * problem.rewards).sum()
        visits += discount**step * state * ~problem.absorbing
        state = joint.sum((0, 1))
    return total, visits


@pytest.mark.parametrize(("discount", "absorbing"), [(0.9, True), (0.9, False), (0.0, False), (1.0, True)])
def test_values_satisfy_their_definitions(discount, absorbing):
    problem = a_random_mdp(discount=discount, absorbing=absorbing)
    policy = a_random_policy(problem)
    values, actions = problem.state_values(policy), problem.action_values(policy)
    torch.testing.assert_close((policy * actions).sum(-1), values, **CLOSE)
    for state, action in itertools.product(range(4), range(3)):
        ahead = sum(
            problem.transitions[state, action, after]
            * (problem.rewards[state, action, after] + discount * values[after])
            for after in range(4)
        )
        torch.testing.assert_close(actions[state, action], ahead, **CLOSE)
    torch.testing.assert_close(problem.advantages(policy), actions - values[:, None], **CLOSE)
    assert (policy * problem.advantages(policy)).sum(-1).abs().max() < 1e-10
    torch.testing.assert_close(problem.expected_return(policy), problem.start @ values)


@pytest.mark.parametrize("discount", [0.9, 1.0])
def test_return_and_occupancy_are_sums_over_time(discount):
    problem = a_random_mdp(discount=discount)
    policy = a_random_policy(problem)
    expected, visits = by_steps(problem, policy, 800)
    torch.testing.assert_close(problem.expected_return(policy), expected, **CLOSE)
    torch.testing.assert_close(problem.occupancy(policy), visits, **CLOSE)
    torch.testing.assert_close(problem.occupancy(policy, 1.0), by_steps(problem, policy, 800, 1.0)[1], **CLOSE)
    rewards = (policy * (problem.transitions * problem.rewards).sum(-1)).sum(-1)
    torch.testing.assert_close(problem.occupancy(policy) @ rewards, expected, **CLOSE)


def test_return_is_the_mean_over_all_trajectories():
    """Three states from the left of a short grid: each path of four steps, its probability, its return."""
    problem = mdp.gridworld(["S.", "HG"], discount=0.8, hole=-0.5, step=-0.1, slip=0.3)
    policy = a_random_policy(problem)
    total = 0.0
    for path in itertools.product(range(4), repeat=4):
        for actions in itertools.product(range(4), repeat=3):
            probability, gain = problem.start[path[0]], 0.0
            for step, (state, action, after) in enumerate(zip(path, actions, path[1:], strict=False)):
                probability = probability * policy[state, action] * problem.transitions[state, action, after]
                gain = gain + 0.8**step * problem.rewards[state, action, after]
            total = total + probability * gain
    torch.testing.assert_close(total, by_steps(problem, policy, 3)[0], **CLOSE)


@pytest.mark.parametrize("discount", [0.9, 1.0])
def test_samples_agree_with_the_exact_values_within_five_standard_errors(discount):
    problem = a_random_mdp(discount=discount)
    policy = a_random_policy(problem)
    episodes = problem.sample(policy, 20_000, 300, rng(2))
    assert episodes.terminated.all()
    weights = discount ** torch.arange(episodes.mask.shape[1], dtype=torch.float64)
    gains = (weights * episodes.rewards).sum(-1)
    assert (gains.mean() - problem.expected_return(policy)).abs() < 5 * gains.std() / len(gains) ** 0.5
    for state, expected in enumerate(problem.occupancy(policy)):
        visits = (weights * episodes.mask * (episodes.observations == state)).sum(-1)
        assert (visits.mean() - expected).abs() <= 5 * visits.std() / len(visits) ** 0.5
    first = episodes.observations[:, 0]
    for state in range(3):
        taken = episodes.actions[:, 0][first == state].bincount(minlength=3) / (first == state).sum()
        assert (taken - policy[state]).abs().max() < 5 * 0.5 / (first == state).sum() ** 0.5


def test_the_policy_gradient_is_that_of_autograd_and_of_finite_differences():
    for problem in (a_random_mdp(), a_random_mdp(3, discount=1.0), mdp.frozen_lake(), mdp.chain(4)):
        logits = torch.randn(problem.states, problem.actions, generator=rng(5), dtype=torch.float64, requires_grad=True)
        ours = problem.policy_gradient(logits)
        assert not ours.requires_grad
        (exact,) = torch.autograd.grad(problem.expected_return(logits.softmax(-1)), logits)
        torch.testing.assert_close(ours, exact, **CLOSE)
        shift = torch.zeros_like(logits)
        shift[0, 1] = 1e-5
        with torch.no_grad():
            up, down = (problem.expected_return((logits + sign * shift).softmax(-1)) for sign in (1, -1))
        torch.testing.assert_close(ours[0, 1], (up - down) / 2e-5, rtol=1e-6, atol=1e-9)


def test_the_customary_gradient_lacks_gamma_to_the_t():
    problem = a_random_mdp(discount=0.7)
    logits = torch.randn(4, 3, generator=rng(5), dtype=torch.float64)
    policy = logits.softmax(-1)
    exact, customary = torch.zeros_like(logits), torch.zeros_like(logits)
    state = problem.start
    for step in range(400):
        term = state[:, None] * policy * problem.advantages(policy)
        exact += 0.7**step * term
        customary += term
        state = torch.einsum("s,sa,sat->t", state, policy, problem.transitions)
    torch.testing.assert_close(problem.policy_gradient(logits), exact, **CLOSE)
    torch.testing.assert_close(problem.policy_gradient(logits, customary=True), customary, **CLOSE)
    assert torch.nn.functional.cosine_similarity(exact.flatten(), customary.flatten(), 0) < 0.999
    same = a_random_mdp(discount=1.0)
    torch.testing.assert_close(same.policy_gradient(logits, customary=True), same.policy_gradient(logits))


@pytest.mark.parametrize("seed", range(4))
def test_both_iterations_find_the_best_of_all_deterministic_policies(seed):
    problem = a_random_mdp(seed, discount=0.8)
    values, policy = problem.value_iteration()
    again, same = problem.policy_iteration()
    torch.testing.assert_close(values, again, **CLOSE)
    assert torch.equal(policy, same)
    torch.testing.assert_close(problem.state_values(policy), values, **CLOSE)
    tables = (torch.eye(3, dtype=torch.float64)[list(choice)] for choice in itertools.product(range(3), repeat=4))
    best = torch.stack([problem.state_values(table) for table in tables]).amax(0)
    torch.testing.assert_close(values, best, **CLOSE)


def test_policy_iteration_solves_a_lake_without_discount():
    lake = mdp.frozen_lake(discount=1.0)
    values, _ = lake.policy_iteration()
    assert values[0].item() == pytest.approx(14 / 17, abs=1e-9)
    torch.testing.assert_close(lake.value_iteration()[0], values, rtol=0, atol=1e-9)


@pytest.mark.parametrize("slippery", [True, False])
@pytest.mark.parametrize("name", ["4x4", "8x8"])
def test_the_frozen_lake_is_gymnasiums(name, slippery):
    lake = mdp.frozen_lake(name, slippery)
    theirs = gymnasium.make("FrozenLake-v1", map_name=name, is_slippery=slippery).unwrapped
    transitions, earned = torch.zeros_like(lake.transitions), torch.zeros_like(lake.rewards)
    for state, action in itertools.product(range(lake.states), range(4)):
        for probability, after, reward, terminated in theirs.P[state][action]:
            transitions[state, action, after] += probability
            earned[state, action, after] += probability * reward
            assert terminated == lake.absorbing[after].item()
    torch.testing.assert_close(lake.transitions, transitions, rtol=0, atol=1e-12)
    torch.testing.assert_close(lake.transitions * lake.rewards, earned, rtol=0, atol=1e-12)
    torch.testing.assert_close(lake.start, torch.as_tensor(theirs.initial_state_distrib))


def test_a_gridworld_with_walls_costs_and_slips():
    grid = mdp.gridworld(["S#G", ".H."], discount=1.0, goal=2.0, hole=-3.0, step=-0.5, slip=0.2)
    move = grid.transitions
    assert move[0, mdp.RIGHT].tolist() == [0.9, 0, 0, 0.1, 0, 0]
    assert move[3, mdp.RIGHT].tolist() == pytest.approx([0.1, 0, 0, 0.1, 0.8, 0])
    assert move[5, mdp.UP].tolist() == pytest.approx([0, 0, 0.8, 0, 0.1, 0.1])
    assert grid.absorbing.tolist() == [False, True, True, False, True, False]
    assert grid.rewards[5, mdp.UP].tolist() == [-0.5, -0.5, 1.5, -0.5, -3.5, -0.5]
    assert (grid.rewards[grid.absorbing] == 0).all()
    assert mdp.gridworld(["SS", "GS"]).start.tolist() == pytest.approx([1 / 3, 1 / 3, 0, 1 / 3])


@pytest.mark.parametrize("n", [1, 4, 5])
def test_the_random_walk_has_its_known_values(n):
    walk = mdp.random_walk(n)
    values = walk.state_values(walk.uniform())
    expected = torch.arange(n + 2, dtype=torch.float64) / (n + 1)
    expected[-1] = 0
    torch.testing.assert_close(values, expected, **CLOSE)
    assert walk.start.argmax() == (n + 1) // 2


@pytest.mark.parametrize("n", [1, 3, 6])
def test_chains_have_their_known_values(n):
    discount = 0.9
    for restart in (False, True):
        line = mdp.chain(n, discount, restart)
        expected = [discount ** (n - 1 - state) for state in range(n)] + [0]
        assert line.value_iteration()[0].tolist() == pytest.approx(expected)
        assert line.absorbing.tolist() == [False] * n + [True]
    # The mean time to n heads in a row is 2^(n + 1) - 2; a walk reflected at 0 needs n (n + 1).
    for restart, steps in ((False, n * (n + 1)), (True, 2 ** (n + 1) - 2)):
        line = mdp.chain(n, 1.0, restart)
        assert line.occupancy(line.uniform()).sum().item() == pytest.approx(steps)


def test_episodes_are_played_by_the_rules():
    problem = a_random_mdp()
    policy = a_random_policy(problem)
    episodes = problem.sample(policy, 500, 4, rng())
    assert len(episodes) == 500
    assert episodes.observations.shape == episodes.actions.shape == episodes.rewards.shape == (500, 4)
    assert torch.equal(episodes.lengths, episodes.mask.sum(-1))
    assert torch.equal(episodes.terminated, episodes.final_observations == 3)
    assert torch.equal(episodes.truncated, episodes.lengths == 4)
    assert (episodes.terminated | episodes.truncated).all()
    assert (episodes.terminated & episodes.truncated).any()
    assert (episodes.truncated & ~episodes.terminated).any()
    for states, actions, rewards, length, final in zip(
        *(episodes.observations, episodes.actions, episodes.rewards, episodes.lengths, episodes.final_observations),
        strict=True,
    ):
        path = [*states[:length].tolist(), int(final)]
        for step in range(length):
            assert path[step] != 3
            assert rewards[step] == problem.rewards[path[step], actions[step], path[step + 1]]
        assert (rewards[length:] == 0).all()
    again = problem.sample(policy, 500, 4, rng())
    assert torch.equal(again.observations, episodes.observations)
    assert not torch.equal(problem.sample(policy, 500, 4, rng(1)).observations, episodes.observations)


def test_draws_have_the_probabilities_they_were_given():
    weights = torch.tensor([0.0, 3.0, 0.0, 1.0, 0.0])
    drawn = draw(weights.expand(40_000, 5), rng())
    counts = drawn.bincount(minlength=5)
    assert counts[[0, 2, 4]].sum() == 0
    assert abs(counts[1] / 40_000 - 0.75) < 5 * (0.75 * 0.25 / 40_000) ** 0.5


def test_without_discount_a_policy_must_end():
    line = mdp.chain(3, discount=1.0)
    left = torch.tensor([[1.0, 0.0]]).expand(4, 2)
    for method in (line.state_values, line.occupancy, line.expected_return):
        with pytest.raises(ValueError, match="reaches an absorbing state from everywhere, as the discount is 1"):
            method(left)
    assert mdp.chain(3, 0.9).state_values(left).tolist() == [0, 0, 0, 0]
    for_ever = mdp.MDP(torch.ones(1, 1, 1), torch.ones(1, 1, 1), 1.0, torch.ones(1))
    with pytest.raises(ValueError, match="expected the values to settle in 50 sweeps"):
        for_ever.value_iteration(sweeps=50)


def test_a_state_that_earns_for_ever_is_not_absorbing():
    one = mdp.MDP(torch.ones(1, 1, 1), torch.ones(1, 1, 1), 0.9, torch.ones(1))
    assert not one.absorbing.any()
    assert one.state_values(one.uniform()).item() == pytest.approx(10)


def test_wrong_input_is_refused():
    good = a_random_mdp()
    with pytest.raises(ValueError, match=r"transitions \(S, A, S\), .* got \(4, 3, 4\), \(4, 3\), \(4,\)"):
        mdp.MDP(good.transitions, good.rewards[:, :, 0], 0.9, good.start)
    with pytest.raises(ValueError, match="rows of transitions that are >= 0 and sum to 1"):
        mdp.MDP(good.transitions * 2, good.rewards, 0.9, good.start)
    with pytest.raises(ValueError, match=r"discount must be in \[0, 1\], got 1.1"):
        mdp.MDP(good.transitions, good.rewards, 1.1, good.start)
    with pytest.raises(ValueError, match=r"policy of shape \(4, 3\), got \(3, 4\)"):
        good.state_values(torch.ones(3, 4) / 4)
    with pytest.raises(ValueError, match="rows of policy"):
        good.state_values(torch.ones(4, 3))
    for rows, slip in ((["S.", "G"], 0), (["..G"], 0), (["SG"], 1.5)):
        with pytest.raises(ValueError, match="rows of one length with an S, and slip"):
            mdp.gridworld(rows, slip=slip)
    with pytest.raises(ValueError, match="map_name must be one of 4x4, 8x8, got '5x5'"):
        mdp.frozen_lake("5x5")
    for builder in (mdp.chain, mdp.random_walk):
        with pytest.raises(ValueError, match="expected n >= 1, got 0"):
            builder(0)
    with pytest.raises(ValueError, match="at least one walker and one step"):
        good.environment(2, 0)
    over = mdp.MDP(good.transitions, good.rewards, 0.9, torch.tensor([0.0, 0.0, 0.5, 0.5]))
    with pytest.raises(ValueError, match="no start in an absorbing state"):
        over.environment(2)
