"""Our batch of CartPoles against Gymnasium's one, step by step from equal states."""

import math

import gymnasium
import numpy as np
import pytest
import torch

from ravine.cartpole import CartPole


def gymnasiums(state):
    env = gymnasium.make("CartPole-v1")
    env.reset(seed=0)
    env.unwrapped.state = tuple(state)
    return env


def test_every_step_is_gymnasiums_from_equal_states():
    rng = np.random.default_rng(0)
    scale = np.array([2.39, 3.0, 0.2, 3.0])
    states = rng.uniform(-1, 1, (300, 4)) * scale
    actions = rng.integers(0, 2, 300)
    ours = CartPole(300)
    ours.reset()
    ours.state = states
    observations, rewards, terminated, truncated = ours.step(actions)
    fell = 0
    for index, (state, action) in enumerate(zip(states, actions, strict=True)):
        theirs = gymnasiums(state)
        seen, reward, over, cut, _ = theirs.step(int(action))
        np.testing.assert_allclose(ours.state[index], theirs.unwrapped.state, rtol=0, atol=1e-12)
        np.testing.assert_allclose(observations[index], seen, rtol=1e-6, atol=1e-7)
        assert (rewards[index], terminated[index], truncated[index]) == (reward, over, cut)
        fell += over
    assert 10 < fell < 290
    assert observations.dtype == rewards.dtype == np.float32


def test_whole_episodes_end_as_gymnasiums_do():
    """Random pushes fall soon; pushing towards the side the pole falls to lasts to the limit."""
    ours = CartPole(12)
    ours.reset(torch.Generator().manual_seed(3))
    theirs = [gymnasiums(state) for state in ours.state]
    over, rng, lengths = [False] * 12, np.random.default_rng(1), [0] * 12
    ends = set()
    while not all(over):
        state = ours.state
        balance = state[:, 2] + 0.5 * state[:, 3] + 0.05 * state[:, 0] + 0.1 * state[:, 1] > 0
        actions = np.where(np.arange(12) < 6, balance, rng.integers(0, 2, 12)).astype(int)
        observations, rewards, terminated, truncated = ours.step(actions)
        for index, env in enumerate(theirs):
            if over[index]:
                assert rewards[index] == 0
                np.testing.assert_array_equal(ours.state[index], state[index])
                continue
            env.unwrapped.state = tuple(state[index])
            seen, reward, fallen, cut, _ = env.step(int(actions[index]))
            np.testing.assert_allclose(observations[index], seen, rtol=1e-6, atol=1e-7)
            assert (rewards[index], terminated[index], truncated[index]) == (reward, fallen, cut)
            over[index], lengths[index] = fallen or cut, lengths[index] + 1
            if over[index]:
                ends.add((fallen, cut))
    assert lengths[:6] == [500] * 6
    assert max(lengths[6:]) < 200
    assert ends == {(False, True), (True, False)}
    assert ours.steps.tolist() == lengths


@pytest.mark.parametrize("state", [(2.39, 4.0, 0, 0), (-2.39, -4.0, 0, 0), (0, 0, 0.2, 2.0), (0, 0, -0.2, -2.0)])
def test_the_last_step_earns_and_may_also_be_the_last_of_the_clock(state):
    env = CartPole(1, limit=3)
    env.reset()
    env.state, env.steps = np.array([state], dtype=np.float64), np.array([2])
    _, rewards, terminated, truncated = env.step([0])
    assert (rewards[0], terminated[0], truncated[0]) == (1, True, True)
    before = env.state.copy()
    _, rewards, terminated, truncated = env.step([1])
    assert (rewards[0], terminated[0], truncated[0]) == (0, True, True)
    np.testing.assert_array_equal(env.state, before)


def test_resets_repeat_and_are_uniform():
    env = CartPole(2)
    first = env.reset(torch.Generator().manual_seed(1), 4000)
    np.testing.assert_array_equal(first, env.reset(torch.Generator().manual_seed(1)))
    assert env.state.shape == (4000, 4)
    assert np.abs(env.state).max() <= 0.05
    np.testing.assert_allclose(env.state.mean(0), 0, atol=5 * 0.1 / math.sqrt(12 * 4000))
    assert env.state.std() == pytest.approx(0.1 / math.sqrt(12), rel=0.03)


def test_wrong_input_is_refused():
    for wrong in ({"n": 0}, {"limit": 0}):
        with pytest.raises(ValueError, match="n and limit must be >= 1"):
            CartPole(**wrong)
    env = CartPole(2)
    with pytest.raises(ValueError, match="expected a reset before the first step"):
        env.step([0, 1])
    env.reset()
    for actions in ([0], [0, 2], [[0, 1]], [0.5, 1]):
        with pytest.raises(ValueError, match="expected 2 actions, each 0 or 1"):
            env.step(actions)
