"""Shapes, first outputs and seeds of the small policies and critics."""

import pytest
import torch

from ravine.policies import PolicyNetwork, TabularPolicy, TabularValue, ValueNetwork


def test_networks_map_any_batch_and_begin_nearly_indifferent():
    x = torch.randn(5, 7, 4)
    logits, values = PolicyNetwork(4, 3)(x), ValueNetwork(4)(x)
    assert logits.shape == (5, 7, 3)
    assert values.shape == (5, 7)
    assert logits.softmax(-1).sub(1 / 3).abs().max() < 0.03
    assert values.abs().max() < 0.1


def test_the_scale_multiplies_the_value():
    x = torch.randn(6, 4)
    one, fifty = (ValueNetwork(4, scale=scale, generator=torch.Generator().manual_seed(0)) for scale in (1, 50))
    torch.testing.assert_close(fifty(x), 50 * one(x))


@pytest.mark.parametrize(
    "make", [lambda rng: PolicyNetwork(4, 2, 8, generator=rng), lambda rng: ValueNetwork(4, 8, generator=rng)]
)
def test_equal_seeds_give_equal_weights(make):
    one, same, other = (make(torch.Generator().manual_seed(seed)) for seed in (0, 0, 1))
    for a, b in zip(one.parameters(), same.parameters(), strict=True):
        assert torch.equal(a, b)
    assert not torch.equal(next(one.parameters()), next(other.parameters()))


def test_tables_begin_at_zero_and_are_looked_up():
    policy, value = TabularPolicy(5, 3), TabularValue(5)
    states = torch.tensor([[0, 4], [2, 2]])
    assert policy(states).shape == (2, 2, 3)
    assert value(states).shape == (2, 2)
    assert not policy(states).any()
    with torch.no_grad():
        policy.logits[4, 1] = 2.0
        value.values[4] = 3.0
    assert policy(states)[0, 1].tolist() == [0, 2, 0]
    assert value(states)[0].tolist() == [0, 3]
