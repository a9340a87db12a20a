"""What an episode is, and the value of what follows its end."""

import torch

from ravine import mdp
from ravine.cartpole import CartPole
from ravine.episodes import Episodes, play


def some_episodes():
    """Terminated after 3 steps; only truncated after 2; both at once after 1; truncated at the full length."""
    mask = torch.arange(4) < torch.tensor([3, 2, 1, 4])[:, None]
    return Episodes(
        observations=torch.zeros(4, 4),
        actions=torch.zeros(4, 4, dtype=torch.int64),
        rewards=mask * torch.tensor([1.0, 2.0, 4.0, 8.0]),
        mask=mask,
        terminated=torch.tensor([True, False, True, False]),
        truncated=torch.tensor([False, True, True, True]),
        final_observations=torch.zeros(4),
    )


def test_the_next_value_is_zero_only_where_the_task_is_over():
    episodes = some_episodes()
    values = torch.arange(1.0, 17).view(4, 4)
    after = episodes.next_values(values, torch.tensor([100.0, 200.0, 300.0, 400.0]))
    assert after.tolist() == [[2, 3, 0, 0], [6, 200, 0, 0], [0, 0, 0, 0], [14, 15, 16, 400]]
    assert episodes.lengths.tolist() == [3, 2, 1, 4]
    assert episodes.totals.tolist() == [7, 3, 1, 15]
    assert repr(episodes) == "Episodes(4 episodes, 10 steps, mean total 6.5)"


def test_cartpoles_are_played_to_their_ends():
    env = CartPole(8, limit=25)
    seen = []

    def always_left(observations):
        seen.append(observations)
        return torch.tensor([1.0, 0.0]).expand(len(observations), 2)

    episodes = play(env, always_left, torch.Generator().manual_seed(0))
    assert episodes.terminated.all()
    assert not episodes.actions.any()
    assert torch.equal(torch.stack(seen, 1), episodes.observations)
    assert torch.equal(episodes.totals, episodes.lengths.float())
    assert torch.equal(episodes.lengths, torch.from_numpy(env.steps))
    # After the end the last observation is repeated, and it is the final one.
    for row, length, final in zip(episodes.observations, episodes.lengths, episodes.final_observations, strict=True):
        assert (row[length:] == final).all()
        assert not torch.equal(row[length - 1], final)
        assert final[0].abs() > 2.4 or final[2].abs() > 0.209
    assert len(play(env, always_left, torch.Generator().manual_seed(0), 3)) == env.n == 3


def test_equal_seeds_play_equal_episodes():
    def play_once(seed):
        env = mdp.frozen_lake().environment(6, 30)
        return play(env, lambda states: torch.full((len(states), 4), 0.25), torch.Generator().manual_seed(seed))

    assert torch.equal(play_once(0).observations, play_once(0).observations)
    one, other = play_once(0).actions, play_once(1).actions
    assert one.shape != other.shape or not torch.equal(one, other)
