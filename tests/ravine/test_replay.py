"""The reservoir against its definition: every example ever offered is in it with the same probability."""

import pytest
import torch

from ravine.replay import ReplayBuffer


def filled(capacity, n, seed, batch):
    buffer = ReplayBuffer(capacity, seed)
    for start in range(0, n, batch):
        part = torch.arange(start, min(start + batch, n))
        buffer.add_(part[:, None].float(), part, torch.full_like(part, start // batch))
    return buffer


@pytest.mark.parametrize("batch", [1, 7, 30])
def test_each_example_is_kept_equally_often(batch):
    rounds, capacity, n = 3000, 6, 30
    counts = torch.zeros(n)
    for seed in range(rounds):
        buffer = filled(capacity, n, seed, batch)
        assert len(buffer) == len(buffer.columns[1].unique()) == capacity
        counts[buffer.columns[1]] += 1
    expected = capacity / n
    error = (counts / rounds - expected) / (expected * (1 - expected) / rounds) ** 0.5
    assert error.abs().max() < 4.2  # 30 numbers of standard deviation 1
    assert (error**2).mean() < 1.9


def test_pairs_are_kept_together_as_often_as_in_a_random_subset():
    """A reservoir that kept a block of neighbors would pass the test above."""
    rounds, capacity, n = 3000, 4, 10
    together = torch.zeros(n, n)
    for seed in range(rounds):
        kept = filled(capacity, n, seed, 3).columns[1]
        together[kept[:, None], kept[None, :]] += 1
    expected = capacity * (capacity - 1) / (n * (n - 1))
    off = together[~torch.eye(n, dtype=torch.bool)] / rounds
    assert (off - expected).abs().max() < 4.5 * (expected * (1 - expected) / rounds) ** 0.5


def test_all_is_kept_while_there_is_room_and_inputs_stay_with_their_classes():
    buffer = filled(20, 12, 0, 5)
    assert buffer.columns[1].tolist() == list(range(12))
    assert buffer.columns[2].tolist() == [0] * 5 + [1] * 5 + [2] * 2
    later = filled(20, 500, 0, 5)
    x, y, task = later.columns
    assert torch.equal(x[:, 0].long(), y)
    assert torch.equal(task, y // 5)
    assert (len(later), later.seen) == (20, 500)


def test_draws_are_without_repetition_seeded_and_cover_everything():
    buffer, twin = filled(20, 100, 3, 10), filled(20, 100, 3, 10)
    seen = set()
    for _ in range(50):
        x, y, task = buffer.draw(8)
        assert len(y.unique()) == 8
        assert torch.equal(x[:, 0].long(), y)
        assert torch.equal(task, y // 10)
        assert torch.equal(y, twin.draw(8)[1])
        seen |= set(y.tolist())
    assert seen == set(buffer.columns[1].tolist())
    assert len(buffer.draw(100)[1]) == 20


def test_what_is_offered_and_what_is_drawn_are_copies():
    x, y = torch.zeros(3, 2), torch.zeros(3, dtype=torch.int64)
    buffer = ReplayBuffer(5, 0)
    buffer.add_(x, y)
    x += 1
    buffer.draw(3)[0].add_(1)
    assert buffer.columns[0].abs().max() == 0


def test_its_size_in_bytes():
    buffer = ReplayBuffer(50, 0)
    assert buffer.memory_bytes == 0
    buffer.add_(torch.zeros(80, 4, 5), torch.zeros(80, dtype=torch.int64))
    assert buffer.memory_bytes == 50 * (4 * 20 + 8)


def test_wrong_arguments_say_what_is_expected():
    with pytest.raises(ValueError, match="capacity of at least 1"):
        ReplayBuffer(0, 0)
    buffer = ReplayBuffer(3, 0)
    with pytest.raises(ValueError, match="empty"):
        buffer.draw(1)
    with pytest.raises(ValueError, match="one length"):
        buffer.add_(torch.zeros(3, 2), torch.zeros(2))
    buffer.add_(torch.zeros(3, 2), torch.zeros(3))
    with pytest.raises(ValueError, match=r"shapes \[\(2,\), \(\)\]"):
        buffer.add_(torch.zeros(3, 4), torch.zeros(3))
    with pytest.raises(ValueError, match="as the earlier ones"):
        buffer.add_(torch.zeros(3, 2))
