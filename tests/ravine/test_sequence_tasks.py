"""The tasks: the answer is where it is said to be, nothing else is scored, and a small transformer learns them."""

import pytest
import torch
from torch.nn import functional

from ravine import sequence_tasks
from ravine.sequence_tasks import Batch, accuracy, copy, induction, reverse
from ravine.transformer import Transformer

TASKS = [copy, reverse, induction]


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize(("length", "symbols"), [(3, 3), (6, 9), (7, 30)])
def test_targets_are_the_tokens_shifted(task, length, symbols):
    batch = task(50, length, symbols, generator())
    assert batch.tokens.shape == batch.targets.shape == batch.scored.shape == (50, 2 * length)
    assert batch.tokens.dtype == batch.targets.dtype == torch.int64
    assert batch.scored.dtype == torch.bool
    assert torch.equal(batch.targets[:, :-1], batch.tokens[:, 1:])
    assert batch.tokens.max() == symbols
    assert batch.tokens.min() == (1 if task is induction else 0)


@pytest.mark.parametrize(("task", "place"), [(copy, lambda i, n: i - n), (reverse, lambda i, n: 2 * n - 1 - i)])
def test_the_answer_of_copy_and_reverse_stands_at_a_known_place(task, place):
    batch = task(50, 8, 5, generator())
    assert (batch.tokens[:, 8] == sequence_tasks.SEPARATOR).all()
    assert (batch.tokens == sequence_tasks.SEPARATOR).sum() == 50
    assert batch.scored[0].tolist() == [False] * 8 + [True] * 8
    for i in range(8, 16):
        assert torch.equal(batch.targets[:, i], batch.tokens[:, place(i, 8)])


@pytest.mark.parametrize(("length", "symbols"), [(3, 3), (6, 9), (9, 9)])
def test_the_answer_of_induction_is_what_followed(length, symbols):
    batch = induction(200, length, symbols, generator())
    assert batch.scored[0].nonzero().flatten().tolist() == list(range(length, 2 * length, 2))
    asked = []
    for tokens, targets, scored in zip(batch.tokens, batch.targets, batch.scored, strict=True):
        string = tokens[:length].tolist()
        assert len(set(string)) == length
        places = [string.index(token) for token in tokens[scored].tolist()]
        assert targets[scored].tolist() == [string[place + 1] for place in places]
        assert len(set(places)) == len(places)
        asked += places
    assert set(asked) == set(range(length - 1)), "every neighbor in the string is asked for"


@pytest.mark.parametrize("task", TASKS)
def test_the_generator_decides(task):
    first, again, other = (task(4, 5, 9, generator(seed)).tokens for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_accuracy_counts_scored_positions_only():
    tokens = torch.tensor([[1, 2, 3, 1]])
    batch = Batch(tokens, torch.tensor([[2, 3, 1, 2]]), torch.tensor([[False, True, True, True]]))
    said = torch.tensor([[0, 3, 1, 0]])
    assert accuracy(functional.one_hot(said, 4).double(), batch) == pytest.approx(2 / 3)
    assert accuracy(functional.one_hot(batch.targets, 4).double(), batch) == 1.0


def test_wrong_numbers_are_refused():
    for task in (copy, reverse):
        for position, name in enumerate(("batch", "length", "symbols")):
            numbers = [2, 3, 4]
            numbers[position] = 0
            with pytest.raises(ValueError, match=f"{name} must be >= 1, got 0"):
                task(*numbers)
    for numbers, message in (
        ((0, 4, 9), "batch must be >= 1, got 0"),
        ((2, 2, 9), "length must be >= 3, got 2"),
        ((2, 6, 5), "symbols must be >= 6, got 5"),
    ):
        with pytest.raises(ValueError, match=message):
            induction(*numbers)
    with pytest.raises(ValueError, match=r"expected logits \(2, 6, 'vocabulary'\), got \(2, 5, 10\)"):
        accuracy(torch.zeros(2, 5, 10), copy(2, 3, 9))


def trained(task, steps, *, length=8, symbols=12, seed=0, **options):
    """A transformer after some steps of AdamW, and a batch that it has not seen."""
    torch.manual_seed(seed)
    model = Transformer(symbols + 1, longest=2 * length, **options)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.0)
    drawn = generator(seed)
    for step in range(steps):
        optimizer.param_groups[0]["lr"] = 3e-3 * min(1, (step + 1) / 50)
        batch = task(64, length, symbols, drawn)
        logits = model(batch.tokens)
        optimizer.zero_grad()
        functional.cross_entropy(logits[batch.scored], batch.targets[batch.scored]).backward()
        optimizer.step()
    return model.eval(), task(256, length, symbols, generator(seed + 1))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("task", "place"), [(copy, lambda i, n: i - n), (reverse, lambda i, n: 2 * n - 1 - i)])
@torch.no_grad()
def test_copy_and_reverse_are_learned_with_the_pattern_that_they_need(task, place, seed):
    with torch.enable_grad():
        model, batch = trained(task, 150, layers=1, heads=1, seed=seed)
    trace = model.trace(batch.tokens)
    assert accuracy(trace.logits, batch) > 0.99
    rows = torch.arange(8, 16)
    assert trace.weights[0][:, 0, rows, place(rows, 8)].mean() > 0.9


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
@torch.no_grad()
def test_induction_takes_two_layers(seed):
    found = {}
    for layers in (1, 2):
        with torch.enable_grad():
            model, batch = trained(induction, 300, layers=layers, seed=seed)
        found[layers] = accuracy(model(batch.tokens), batch)
    assert found[2] > 0.99
    assert found[1] < 2 / 7, "one guess in seven is chance"
