"""Lottery tickets: networks side by side are what they are alone, tickets are reset, controls keep their counts."""

import copy
import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils import prune

from ravine import data, pruning
from ravine.lottery_tickets import (
    Networks,
    digits14,
    find_tickets,
    go_back_,
    magnitude_masks,
    shuffled,
    train,
    with_other_values,
)

SIZES = (4, 8, 6, 3)


@pytest.fixture
def split():
    x, y = torch.randn(60, 4, generator=torch.Generator().manual_seed(0)), torch.arange(60) % 3
    x = x + nn.functional.one_hot(y, 4)  # something to learn
    return data.Data(x, y, ("a", "b", "c")).split(seed=0)


@pytest.fixture
def model():
    return Networks(SIZES, (5, 6))


@pytest.fixture
def masks(model):
    return magnitude_masks(model, 0.4)


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(1)


def alone(model, k):
    """The k-th network as PyTorch would write it."""
    layers = []
    for name in model.names:
        weight = getattr(model, name)[k]
        layer = nn.Linear(weight.shape[1], weight.shape[0])
        layer.weight.data.copy_(weight)
        layer.bias.data.copy_(getattr(model, name.replace("weight", "bias"))[k])
        layers += [layer, nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def test_digits_are_averages_of_2_by_2_pixels():
    small, full = digits14(), data.mnist5k()
    assert small.x.shape == (5000, 196)
    assert small.x[7, 14 * 3 + 5] == pytest.approx(full.x[7].view(28, 28)[6:8, 10:12].mean().item())
    assert (small.y == full.y).all()


def test_side_by_side_is_what_each_is_alone(model, split):
    x, y = split.test
    losses, accuracies = model.evaluate(x, y)
    for k in range(2):
        logits = alone(model, k)(x)
        torch.testing.assert_close(model(x)[k], logits)
        assert losses[k].item() == pytest.approx(F.cross_entropy(logits, y).item(), rel=1e-5)
        assert accuracies[k] == (logits.argmax(1) == y).float().mean()


def test_a_seed_gives_its_network_whatever_stands_beside_it(model):
    assert torch.equal(Networks(SIZES, (6,)).weight2[0], model.weight2[1])
    assert Networks((400, 100, 10), (0,)).weight1.std().item() == pytest.approx(math.sqrt(2 / 500), rel=0.02)


def test_training_is_adam_on_batches_of_its_own(model, split):
    twin = alone(model, 1)
    train(model, split, lr=0.01, steps=4, seed=3, batch=10)
    x, y = split.train
    adam = torch.optim.Adam(twin.parameters(), lr=0.01)
    batches = torch.Generator().manual_seed(1_000_003 * 3 + 1)
    for _ in range(4):
        drawn = torch.randint(len(x), (10,), generator=batches)
        adam.zero_grad()
        F.cross_entropy(twin(x[drawn]), y[drawn]).backward()
        adam.step()
    torch.testing.assert_close(model.weight1[1], twin[0].weight, rtol=1e-4, atol=1e-6)


def test_a_record_knows_the_step_of_the_least_loss_and_its_weights(model, split):
    record = train(model, split, lr=0.3, steps=60, seed=0, looks=range(0, 60, 5))
    assert record.looks == list(range(0, 61, 5))
    rows = record.losses.argmin(0)
    assert record.stops.tolist() == [record.looks[row] for row in rows]
    assert record.at_stop.tolist() == [record.accuracies[row, k].item() for k, row in enumerate(rows)]
    model.load_state_dict(record.best)
    torch.testing.assert_close(model.evaluate(*split.validation)[0], record.losses.amin(0))


def test_steps_to_an_accuracy_are_the_first_look_that_had_it_or_infinite(model, split):
    record = train(model, split, lr=0.01, steps=20, seed=0, looks=(10,))
    assert record.reached(0.0).tolist() == [0, 0]
    assert record.reached(1.1).tolist() == [math.inf, math.inf]
    least = record.accuracies[1].min().item()
    first = [0 if record.accuracies[0, k] >= least else 10 for k in range(2)]
    assert record.reached(least).tolist() == first


@pytest.mark.parametrize("wrong", [{"lr": 0}, {"steps": 0}, {"batch": 0}])
def test_training_refuses_numbers_out_of_range(model, split, wrong):
    with pytest.raises(ValueError, match="expected lr > 0"):
        train(model, split, **{"lr": 0.1, "steps": 1, "seed": 0, "batch": 2} | wrong)


@pytest.mark.parametrize("left", [0.7, 0.31, 0.05])
def test_masks_are_those_of_torch_in_each_network(model, left):
    masks = magnitude_masks(model, left)
    for k in range(2):
        twin = alone(model, k)
        total = sum(getattr(model, name)[k].numel() for name in model.names)
        parts = [(layer, "weight") for layer in twin if isinstance(layer, nn.Linear)]
        prune.global_unstructured(parts, prune.L1Unstructured, amount=round((1 - left) * total))
        for name, (layer, _) in zip(model.names, parts, strict=True):
            assert torch.equal(masks[name][k], layer.weight_mask.bool())


def test_tickets_are_nested_masks_and_the_initial_weights(model, split):
    initial, trained = copy.deepcopy(model.state_dict()), []

    def learn(model, number):
        train(model, split, lr=0.01, steps=5, seed=number, batch=10)
        trained.append(copy.deepcopy(model))

    found = find_tickets(model, learn, [0.6, 0.4, 0.2])
    assert list(found) == [0.6, 0.4, 0.2]
    assert [round(1 - pruning.sparsity_of(masks), 2) for masks in found.values()] == [0.6, 0.4, 0.2]
    for name in model.names:
        assert (found[0.2][name] <= found[0.4][name]).all() and (found[0.4][name] <= found[0.6][name]).all()
        assert torch.equal(getattr(model, name), initial[name] * found[0.2][name])
        # The second round trained the ticket of the first, with its zeros.
        assert (getattr(trained[1], name)[~found[0.6][name]] == 0).all()
    second = magnitude_masks(trained[1], 0.4, within=found[0.6])
    assert all(torch.equal(second[name], found[0.4][name]) for name in model.names)
    train(model, split, lr=0.01, steps=3, seed=9)
    assert all((getattr(model, name)[~found[0.2][name]] == 0).all() for name in model.names)


def test_rewinding_goes_back_to_the_state_it_is_given(model, split):
    train(model, split, lr=0.01, steps=3, seed=0)
    later = copy.deepcopy(model.state_dict())
    found = find_tickets(
        model, lambda model, number: train(model, split, lr=0.01, steps=5, seed=1), [0.5], rewind=later
    )
    assert torch.equal(model.weight2, later["weight2"] * found[0.5]["weight2"])
    assert torch.equal(model.bias2, later["bias2"])


def sums(masks, axis):
    return [mask.sum(axis).tolist() for mask in masks.values()]


def test_shuffled_masks_keep_what_they_are_told_to(masks, generator):
    layers, inputs, degrees = (shuffled(masks, generator, keep) for keep in ("layers", "inputs", "degrees"))
    for other in (layers, inputs, degrees):
        assert sums(other, (1, 2)) == sums(masks, (1, 2))
        assert any(not torch.equal(other[name], masks[name]) for name in masks)
        assert all(other[name].dtype == torch.bool for name in masks)
    assert sums(layers, 1)[0] != sums(masks, 1)[0]
    assert sums(inputs, 1)[0] == sums(masks, 1)[0]
    assert sums(degrees, 1) == sums(masks, 1) and sums(degrees, 2) == sums(masks, 2)
    with pytest.raises(ValueError, match="'neurons'"):
        shuffled(masks, generator, "neurons")


def test_trades_reach_every_matrix_of_the_same_sums_equally_often(generator):
    # One 1 in each row and column: six permutations.
    counts = {}
    for _ in range(600):
        other = shuffled({"weight1": torch.eye(3, dtype=torch.bool)[None]}, generator, "degrees")["weight1"]
        key = tuple(other[0].int().argmax(1).tolist())
        counts[key] = counts.get(key, 0) + 1
    assert len(counts) == 6
    assert min(counts.values()) > 60  # 100 expected, with a standard deviation of 9


def test_other_values_stand_in_the_same_places(model, masks, generator):
    go_back_(model, model.state_dict(), masks)
    state = copy.deepcopy(model.state_dict())
    for name in masks:
        for k in range(2):
            kept = masks[name][k]
            before = state[name][k][kept]

            def values(how, name=name, k=k, kept=kept):
                return with_other_values(state, masks, generator, how)[name][k][kept]

            assert torch.equal(values("shuffled").sort().values, before.sort().values)
            assert torch.equal(values("random signs").abs(), before.abs())
            assert torch.equal(values("shuffled signs").abs(), before.abs())
            assert (values("shuffled signs") > 0).sum() == (before > 0).sum()
            signs = values("signs")
            assert torch.equal(signs.sign(), before.sign())
            torch.testing.assert_close(signs.abs(), before.abs().mean().expand_as(before))
    assert torch.equal(with_other_values(state, masks, generator, "shuffled")["bias1"], state["bias1"])
    with pytest.raises(ValueError, match="'new'"):
        with_other_values(state, masks, generator, "new")
