"""Attention against PyTorch's own, with every kind of mask, and what must hold for any of them."""

import math

import pytest
import torch
from torch import nn
from torch.nn import functional

from ravine.attention import (
    MultiHeadAttention,
    attention,
    causal_mask,
    padding_mask,
    sinusoidal_positions,
    window_mask,
)

TOLERANCES = {torch.float64: 1e-12, torch.float32: 2e-6}
EXACT = {"rtol": 1e-12, "atol": 1e-12}
MASKS = {
    "none": lambda: None,
    "causal": lambda: functional.pad(causal_mask(5), (0, 2)),
    "window": lambda: window_mask(7, 2)[:5],
    "padding": lambda: padding_mask([7, 1, 4]),
    "both": lambda: padding_mask([7, 1, 4]) & functional.pad(causal_mask(5), (0, 2)),
    "one row": lambda: (torch.arange(7) != 3)[None],
}


def normal(*shape, dtype=torch.float64):
    return torch.randn(shape, dtype=dtype)


@pytest.mark.parametrize("name", MASKS)
@pytest.mark.parametrize("dtype", TOLERANCES, ids=str)
def test_attention_is_pytorchs(name, dtype):
    query, key, value = (normal(3, 2, *shape, dtype=dtype) for shape in ((5, 8), (7, 8), (7, 6)))
    mask = MASKS[name]()
    tolerance = {"rtol": TOLERANCES[dtype], "atol": TOLERANCES[dtype]}
    ours = [tensor.clone().requires_grad_() for tensor in (query, key, value)]
    theirs = [tensor.clone().requires_grad_() for tensor in (query, key, value)]
    output, weights = attention(*ours, mask)
    expected = functional.scaled_dot_product_attention(*theirs, attn_mask=mask)
    torch.testing.assert_close(output, expected, **tolerance)
    # The identity as values makes PyTorch show its weights.
    identity = torch.eye(7, dtype=dtype).expand(3, 2, 7, 7)
    torch.testing.assert_close(
        weights, functional.scaled_dot_product_attention(query, key, identity, attn_mask=mask), **tolerance
    )
    torch.testing.assert_close(weights.sum(-1), torch.ones(3, 2, 5, dtype=dtype), **tolerance)
    direction = torch.randn_like(output)
    for mine, wanted in zip(
        torch.autograd.grad(output, ours, direction), torch.autograd.grad(expected, theirs, direction), strict=True
    ):
        torch.testing.assert_close(mine, wanted, **tolerance)


def test_what_is_hidden_has_weight_exactly_zero():
    mask = window_mask(6, 1)
    _, weights = attention(normal(6, 4), normal(6, 4), normal(6, 4), mask)
    assert (weights[~mask] == 0).all()
    assert (weights[mask] > 0).all()


def test_matrices_without_a_batch_and_different_batches_that_broadcast():
    query, key, value = normal(5, 8), normal(7, 8), normal(7, 6)
    alone, _ = attention(query, key, value)
    many, weights = attention(query.expand(4, 1, 5, 8), key.expand(3, 7, 8), value)
    assert weights.shape == (4, 3, 5, 7)
    torch.testing.assert_close(many, alone.expand(4, 3, 5, 6), **EXACT)


def test_masks():
    for length in (1, 2, 9):
        row, column = torch.meshgrid(torch.arange(length), torch.arange(length), indexing="ij")
        assert torch.equal(causal_mask(length), column <= row)
        for width in (0, 1, 20):
            assert torch.equal(window_mask(length, width), (row - column).abs() <= width)
    assert window_mask(5, 4).all()
    mask = padding_mask(torch.tensor([2, 5, 1]), 6)
    assert mask.shape == (3, 1, 1, 6)
    assert mask.sum(-1).flatten().tolist() == [2, 5, 1]
    assert mask[0, 0, 0].tolist() == [True, True, False, False, False, False]
    assert {m.dtype for m in (causal_mask(2), window_mask(2, 1), mask)} == {torch.bool}


@pytest.mark.parametrize("base", [10_000, 100])
def test_sinusoids_are_the_papers(base):
    table = sinusoidal_positions(50, 16, base)
    for p in range(50):
        for i in range(8):
            angle = p / base ** (2 * i / 16)
            assert table[p, 2 * i].item() == pytest.approx(math.sin(angle), abs=1e-5)
            assert table[p, 2 * i + 1].item() == pytest.approx(math.cos(angle), abs=1e-5)


def test_products_of_sinusoids_depend_on_the_distance_only():
    table = sinusoidal_positions(40, 32)
    products = table @ table.T
    for distance in range(40):
        diagonal = products.diagonal(distance)
        torch.testing.assert_close(diagonal, diagonal[:1].expand_as(diagonal), rtol=0, atol=2e-5)
    torch.testing.assert_close(products.diagonal(), torch.full((40,), 16.0))


def pair(d_model=12, heads=3, bias=True, dtype=torch.float64):
    """Our module and PyTorch's, with equal weights."""
    ours = MultiHeadAttention(d_model, heads, bias=bias).to(dtype)
    theirs = nn.MultiheadAttention(d_model, heads, bias=bias, batch_first=True, dtype=dtype)
    with torch.no_grad():
        parts = (ours.query, ours.key, ours.value)
        theirs.in_proj_weight.copy_(torch.cat([part.weight for part in parts]))
        theirs.out_proj.weight.copy_(ours.output.weight)
        if bias:
            theirs.in_proj_bias.copy_(torch.cat([part.bias for part in parts]))
            theirs.out_proj.bias.copy_(ours.output.bias)
    return ours, theirs


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("heads", [1, 3, 12])
@pytest.mark.parametrize("cross", [False, True])
def test_multi_head_attention_is_pytorchs(heads, bias, cross):
    ours, theirs = pair(heads=heads, bias=bias)
    x, memory = normal(2, 5, 12), normal(2, 7, 12)
    source = memory if cross else x
    output, weights = ours(x, memory) if cross else ours(x)
    expected, looked = theirs(x, source, source, average_attn_weights=False)
    torch.testing.assert_close(output, expected, **EXACT)
    torch.testing.assert_close(weights, looked, **EXACT)


def test_masks_of_multi_head_attention_are_pytorchs_reversed():
    ours, theirs = pair()
    x = normal(3, 6, 12)
    output, weights = ours(x, mask=causal_mask(6) & padding_mask([6, 2, 4]))
    padding = ~padding_mask([6, 2, 4])[:, 0, 0]
    expected, looked = theirs(x, x, x, attn_mask=~causal_mask(6), key_padding_mask=padding, average_attn_weights=False)
    torch.testing.assert_close(output, expected, **EXACT)
    torch.testing.assert_close(weights, looked, **EXACT)


def test_the_past_stands_before_the_keys_and_values():
    layer, _ = pair()
    x, mask = normal(2, 6, 12), causal_mask(6)
    whole, weights = layer(x, mask=mask)
    for cut in (1, 3, 5):
        output, looked = layer(x[:, cut:], mask=causal_mask(6 - cut), past=layer.remember(x[:, :cut]))
        torch.testing.assert_close(output, whole[:, cut:], **EXACT)
        torch.testing.assert_close(looked, weights[:, :, cut:], **EXACT)
    first = layer.remember(x[:, :2])
    for one, other in zip(layer.remember(x), layer.remember(x[:, 2:], first), strict=True):
        assert one.shape == (2, 3, 6, 4)
        torch.testing.assert_close(one, other, **EXACT)


def test_one_past_serves_a_whole_batch_and_every_mask():
    layer, _ = pair()
    x = normal(3, 5, 12)
    past = normal(1, 3, 2, 4), normal(1, 3, 2, 4)
    mask = padding_mask([5, 1, 3])
    output, weights = layer(x, mask=mask, past=past)
    assert weights.shape == (3, 3, 5, 7)
    assert (weights[..., :2] > 0).all()
    assert (weights[1, :, :, 3:] == 0).all()
    repeated = tuple(tensor.expand(3, -1, -1, -1) for tensor in past)
    torch.testing.assert_close(layer(x, mask=mask, past=repeated)[0], output, **EXACT)
    # A key that has a weight of e^0 and a value of 0 only makes the sum of the weights larger.
    query = layer.split(layer.query(x))
    scores = (query @ layer.split(layer.key(x)).mT / 2).exp()
    zeros = torch.zeros(1, 3, 1, 4, dtype=torch.float64)
    torch.testing.assert_close(layer(x, past=(zeros, zeros))[1][..., 1:], scores / (1 + scores.sum(-1, keepdim=True)))


@pytest.mark.parametrize("heads", [1, 3])
def test_without_positions_attention_knows_no_order(heads):
    layer, _ = pair(heads=heads)
    x, order = normal(2, 7, 12), torch.randperm(7)
    output, weights = layer(x)
    permuted, looked = layer(x[:, order])
    torch.testing.assert_close(permuted, output[:, order], **EXACT)
    torch.testing.assert_close(looked, weights[:, :, order][..., order], **EXACT)


@pytest.mark.parametrize(("bias", "expected"), [(True, 4 * (64 * 64 + 64)), (False, 4 * 64 * 64)])
@pytest.mark.parametrize("heads", [1, 4, 64])
def test_the_number_of_parameters_does_not_depend_on_the_heads(heads, bias, expected):
    assert sum(p.numel() for p in MultiHeadAttention(64, heads, bias=bias).parameters()) == expected


def test_wrong_shapes_are_refused():
    fits = normal(5, 8), normal(7, 8), normal(7, 6)
    for index, wrong in ((0, normal(5, 7)), (1, normal(6, 8)), (2, normal(6, 6)), (0, normal(8)), (2, normal(7))):
        tensors = [*fits[:index], wrong, *fits[index + 1 :]]
        with pytest.raises(ValueError, match=r"expected query \(\.\.\., L, d_k\), .*got \("):
            attention(*tensors)


def test_wrong_masks_are_refused():
    query, key, value = normal(2, 5, 8), normal(2, 7, 8), normal(2, 7, 6)
    with pytest.raises(ValueError, match=r"boolean mask.*got torch.float32"):
        attention(query, key, value, torch.zeros(5, 7))
    for shape in ((5, 6), (4, 7), (3, 5, 7), (1, 2, 5, 7)):
        with pytest.raises(ValueError, match=r"broadcastable to \(2, 5, 7\), got"):
            attention(query, key, value, torch.ones(shape, dtype=torch.bool))
    nowhere = torch.ones(5, 7, dtype=torch.bool)
    nowhere[3] = False
    with pytest.raises(ValueError, match="at least one key for each query"):
        attention(query, key, value, nowhere)


def test_wrong_numbers_are_refused():
    with pytest.raises(ValueError, match="width must be >= 0, got -1"):
        window_mask(3, -1)
    for lengths, longest in (([3, 0], None), ([3, 5], 4)):
        with pytest.raises(ValueError, match=r"lengths must be in 1 \.\.\. [34], got"):
            padding_mask(lengths, longest)
    with pytest.raises(ValueError, match="d_model must be even, for pairs of sine and cosine, got 5"):
        sinusoidal_positions(3, 5)
    for heads in (5, 0):
        with pytest.raises(ValueError, match="heads must divide d_model"):
            MultiHeadAttention(12, heads)
