"""Smaller networks compute the same: against masks, against products by hand, and against ``torch.nn.utils.prune``."""

import copy

import pytest
import torch
from torch import nn
from torch.nn.utils import prune

from ravine import pruning
from ravine.structured import activations, neuron_scores, remove_neurons

CLOSE = {"rtol": 1e-12, "atol": 1e-12}


def dense():
    return nn.Sequential(
        nn.Linear(5, 7), nn.ReLU(), nn.Dropout(0.3), nn.Linear(7, 6), nn.BatchNorm1d(6), nn.GELU(), nn.Linear(6, 3)
    )


def convolutional():
    return nn.Sequential(
        nn.Conv2d(2, 6, 3, padding=1, stride=2),
        nn.BatchNorm2d(6),
        nn.LeakyReLU(),
        nn.Conv2d(6, 5, 3, bias=False),
        nn.Tanh(),
        nn.AvgPool2d(2),
        nn.Flatten(),
        nn.Dropout(),
        nn.Linear(20, 4),
    )


# name: model, positions of the layer and the next, shape of an example
CASES = {
    "linear to linear": (dense, 0, 3, (5,)),
    "through batch norm": (dense, 3, 6, (5,)),
    "convolution to convolution": (convolutional, 0, 3, (2, 11, 11)),
    "convolution to linear": (convolutional, 3, 8, (2, 11, 11)),
}


def case(name):
    """Return a model in float64 whose batch norms have seen data, the two positions, and inputs."""
    make, first, last, shape = CASES[name]
    model, x = make().double(), torch.randn(9, *shape, dtype=torch.float64)
    for norm in model.modules():
        if isinstance(norm, (nn.BatchNorm1d, nn.BatchNorm2d)):
            for tensor in (norm.weight, norm.bias, norm.running_mean):
                nn.init.normal_(tensor)
            nn.init.uniform_(norm.running_var, 0.5, 2)
    return model.eval(), first, last, x


def outgoing(model, last, size):
    """Return a view of the next layer's weights, ``(out, N, ...)``."""
    return model[last].weight.data.view(len(model[last].weight), size, -1)


def keep_some(size):
    kept = torch.ones(size, dtype=torch.bool)
    kept[[1, 4]] = False
    return kept


@pytest.mark.parametrize("name", CASES)
def test_without_outgoing_weights_a_neuron_can_go(name):
    model, first, last, x = case(name)
    kept = keep_some(len(model[first].weight))
    outgoing(model, last, len(kept))[:, ~kept] = 0
    before = copy.deepcopy(model.state_dict())
    smaller = remove_neurons(model, first, kept)
    torch.testing.assert_close(smaller(x), model(x), **CLOSE)
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())
    assert not smaller.training
    # Small integers in place of real numbers are added without rounding: then the outputs are equal to the last bit.
    if name == "linear to linear":
        for layer in (model[0], model[3]):
            layer.weight.data.mul_(4).round_()
            layer.bias.data.mul_(4).round_()
        whole = model[:4](x.round())
        assert torch.equal(remove_neurons(model, 0, kept)[:4](x.round()), whole)
        assert whole.abs().sum() > 0


@pytest.mark.parametrize("name", CASES)
def test_it_is_the_masked_network(name):
    """Whatever the weights: removing is what masking the outgoing weights does, with less to compute."""
    model, first, last, x = case(name)
    kept = keep_some(len(model[first].weight))
    smaller = remove_neurons(model, first, kept)
    mask = torch.ones_like(model[last].weight, dtype=torch.bool)
    mask.view(len(mask), len(kept), -1)[:, ~kept] = False
    masked = pruning.apply_(copy.deepcopy(model), {f"{last}.weight": mask})
    torch.testing.assert_close(smaller(x), masked(x), **CLOSE)
    assert (smaller(x) - model(x)).abs().max() > 1e-3


@pytest.mark.parametrize("name", CASES)
def test_the_network_is_really_smaller(name):
    model, first, last, x = case(name)
    model.train()
    kept = keep_some(len(model[first].weight))
    smaller = remove_neurons(model, first, kept)
    incoming = model[first].weight[0].numel() + (model[first].bias is not None)
    norm = 2 * any(isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)) for module in model[first:last])
    columns = outgoing(model, last, len(kept))[:, 0].numel()
    numbers, fewer = (sum(p.numel() for p in one.parameters()) for one in (model, smaller))
    assert numbers - fewer == 2 * (incoming + norm + columns)
    # What the modules say of their sizes is true.
    for module in smaller:
        if isinstance(module, nn.Linear):
            assert (module.out_features, module.in_features) == module.weight.shape
        elif isinstance(module, nn.Conv2d):
            assert (module.out_channels, module.in_channels) == module.weight.shape[:2]
        elif isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
            assert (module.num_features,) == module.weight.shape == module.running_var.shape
    assert len(smaller[first].weight) == len(kept) - 2
    assert smaller.training
    assert smaller.eval()(x).shape == model.eval()(x).shape


def test_the_smaller_network_trains_by_itself():
    model, first, _, x = case("through batch norm")
    model[first].weight.requires_grad_(False)
    smaller = remove_neurons(model, first, keep_some(6)).train()
    before = copy.deepcopy(model.state_dict())
    optimizer = torch.optim.SGD(smaller.parameters(), lr=0.1)
    smaller(x).square().mean().backward()
    optimizer.step()
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())
    assert not smaller[first].weight.requires_grad
    assert smaller[6].weight.grad.abs().sum() > 0
    assert smaller[4].running_mean.shape == (4,)


def test_keep_as_numbers_and_layer_from_the_end():
    model, *_ = case("linear to linear")
    expected = remove_neurons(model, 0, torch.tensor([False, True, True, False, True, False, False])).state_dict()
    for keep, layer in (([4, 1, 2], 0), (torch.tensor([1, 2, 4]), -7), ((2, 2, 1, 4), 0)):
        found = remove_neurons(model, layer, keep).state_dict()
        assert all(torch.equal(value, expected[key]) for key, value in found.items())


def test_keeping_all_changes_nothing():
    for name in CASES:
        model, first, _, x = case(name)
        assert torch.equal(remove_neurons(model, first, range(len(model[first].weight)))(x), model(x))


# ------------------------------------------------------------------------------------------------------------ folding


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("bias", [True, False])
def test_constant_neurons_are_folded_into_the_next_bias(name, bias):
    model, first, last, x = case(name)
    kept = keep_some(len(model[first].weight))
    model[first].weight.data[~kept] = 0
    if not bias:
        model[last].bias = None
    for fold in (True, constants(model, first, x)):
        smaller = remove_neurons(model, first, kept, fold=fold)
        torch.testing.assert_close(smaller(x), model(x), **CLOSE)
        assert smaller[last].bias is not None
    if name != "convolution to linear":  # a convolution without bias, and tanh(0) = 0: there is nothing to fold
        assert (remove_neurons(model, first, kept)(x) - model(x)).abs().max() > 1e-3


def constants(model, first, x):
    values = activations(model, first, x)
    return values.flatten(2).mean((0, 2)) if values.ndim == 4 else values.mean(0)


def test_a_mean_stands_for_a_neuron_that_varies():
    """The mean output of a linear layer stays, which it does not where the neuron is dropped and forgotten."""
    model, first, _, x = case("through batch norm")
    kept = keep_some(6)
    folded = remove_neurons(model, first, kept, fold=constants(model, first, x))
    torch.testing.assert_close(folded(x).mean(0), model(x).mean(0), **CLOSE)
    assert (remove_neurons(model, first, kept)(x).mean(0) - model(x).mean(0)).abs().max() > 1e-3


def test_what_cannot_be_folded_is_refused():
    model, first, _, _ = case("linear to linear")
    kept = keep_some(7)
    with pytest.raises(ValueError, match="fold=True expects removed neurons without incoming weights"):
        remove_neurons(model, first, kept, fold=True)
    with pytest.raises(ValueError, match=r"one constant for each of 7 neurons, got shape \(2,\)"):
        remove_neurons(model, first, kept, fold=torch.zeros(2))
    padded = nn.Sequential(nn.Conv2d(1, 3, 2), nn.ReLU(), nn.Conv2d(3, 2, 3, padding=1))
    nn.init.zeros_(padded[0].weight)
    with pytest.raises(ValueError, match="expected no padding after the neurons"):
        remove_neurons(padded, 0, [0, 1], fold=True)
    assert remove_neurons(padded, 0, [0, 1])[2].in_channels == 2


# ------------------------------------------------------------------------------------------------------------- scores


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("amount", [1, 3])
def test_norms_rank_as_pytorchs(name, amount):
    model, first, _, _ = case(name)
    scores = neuron_scores(model, first)
    kept = torch.ones(len(scores), dtype=torch.bool)
    kept[scores.argsort()[:amount]] = False
    pruned = prune.ln_structured(copy.deepcopy(model[first]), "weight", amount, n=2, dim=0)
    assert torch.equal(pruned.weight_mask.flatten(1).bool(), kept[:, None].expand(-1, pruned.weight_mask[0].numel()))
    assert not scores.requires_grad


def test_activations_are_what_the_next_layer_sees():
    for name in CASES:
        model, first, last, x = case(name)
        model.train()  # neither dropout nor the statistics of batch norm may show
        before = copy.deepcopy(model.state_dict())
        found = activations(model, first, x)
        assert model.training and all(module.training for module in model)
        assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())
        seen = {}
        hook = model[last].register_forward_pre_hook(lambda _, inputs, seen=seen: seen.update(x=inputs[0]))
        model.eval()(x)
        hook.remove()
        assert torch.equal(found.view_as(seen["x"]), seen["x"])
        assert found.shape[:2] == (len(x), len(model[first].weight))


def test_activity_is_the_mean_absolute_activation():
    model, first, _, x = case("linear to linear")
    torch.testing.assert_close(neuron_scores(model, first, x, kind="activity"), model[:2](x).abs().mean(0), **CLOSE)
    model, first, _, x = case("convolution to linear")
    values = model[:6](x)
    expected = torch.stack([values[:, channel].abs().mean() for channel in range(5)])
    torch.testing.assert_close(neuron_scores(model, first, x, kind="activity"), expected, **CLOSE)
    # A linear layer along a sequence: the neurons are the last axis.
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    x = torch.randn(6, 5, 3)
    torch.testing.assert_close(neuron_scores(model, 0, x, kind="activity"), model[:2](x).abs().mean((0, 1)))


def test_a_dead_neuron_has_no_activity_and_can_go():
    model = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 2)).double()
    model[0].bias.data[2] = -100
    x = torch.randn(30, 4, dtype=torch.float64)
    scores = neuron_scores(model, 0, x, kind="activity")
    assert (scores == 0).tolist() == [False, False, True, False, False, False]
    assert neuron_scores(model, 0)[2] > 0
    torch.testing.assert_close(remove_neurons(model, 0, scores > 0)(x), model(x), **CLOSE)


# ------------------------------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (nn.Sequential(nn.Linear(4, 4), nn.LayerNorm(4), nn.Linear(4, 2)), r"between layers, got \['LayerNorm'\]"),
        (nn.Sequential(nn.Linear(4, 4), nn.Softmax(-1), nn.Linear(4, 2)), r"between layers, got \['Softmax'\]"),
        (nn.Sequential(nn.Linear(4, 4), nn.MaxPool2d(2), nn.Linear(2, 2)), r"between layers, got \['MaxPool2d'\]"),
        (nn.Sequential(nn.Linear(4, 4), nn.Sequential(nn.ReLU()), nn.Linear(4, 2)), r"got \['Sequential'\]"),
        (nn.Sequential(nn.Linear(4, 4), nn.Flatten(), nn.Linear(8, 2)), "of fitting sizes, got .*4 to 8"),
        (nn.Sequential(nn.Linear(4, 4), nn.Conv2d(4, 4, 1)), "Conv2d to Conv2d, or Conv2d, nn.Flatten"),
        (nn.Sequential(nn.Conv2d(1, 4, 1), nn.ReLU(), nn.Linear(4, 2)), "Conv2d to Conv2d, or Conv2d, nn.Flatten"),
        (nn.Sequential(nn.Conv2d(1, 4, 1), nn.Flatten(2), nn.Linear(4, 2)), "Conv2d to Conv2d, or Conv2d, nn.Flatten"),
        (nn.Sequential(nn.Conv2d(1, 4, 1), nn.Flatten(), nn.BatchNorm1d(8), nn.Linear(8, 2)), "of fitting sizes"),
        (nn.Sequential(nn.Conv2d(1, 4, 1), nn.Conv2d(4, 4, 1, groups=2)), "groups=1"),
        (nn.Sequential(nn.Linear(4, 4)), "nn.Linear or nn.Conv2d with another one after it, got Linear at 0"),
        (nn.Sequential(nn.ReLU(), nn.Linear(4, 4)), "with another one after it, got ReLU at 0"),
        (nn.Linear(4, 4), "expected an nn.Sequential, got Linear"),
        (nn.Sequential(*[nn.Linear(4, 4)] * 2), "layers that the model uses once"),
    ],
    ids=lambda value: "" if isinstance(value, str) else "-".join(type(child).__name__ for child in value.children()),
)
def test_models_that_cannot_be_cut_are_refused(model, message):
    with pytest.raises(ValueError, match=message):
        remove_neurons(model, 0, [0])
    with pytest.raises(ValueError, match=message):
        neuron_scores(model, 0)


def test_wrong_arguments_are_refused():
    model = dense()
    for layer in (7, -8, True, "0"):
        with pytest.raises(ValueError, match="position of a layer in a model of 7"):
            remove_neurons(model, layer, [0])
    for keep in (torch.ones(6, dtype=torch.bool), [7], [-1], [[0]], torch.ones(7), [0.5]):
        with pytest.raises(ValueError, match=r"expected keep as bool of shape \(7,\) or numbers in 0 \.\.\. 6"):
            remove_neurons(model, 0, keep)
    with pytest.raises(ValueError, match="at least one neuron"):
        remove_neurons(model, 0, torch.zeros(7, dtype=torch.bool))
    for kind in ("size", "activity"):
        with pytest.raises(ValueError, match=f"kind must be 'norm', or 'activity' with inputs x, got '{kind}'"):
            neuron_scores(model, 0, kind=kind)
    pruning.apply_(model, {"0.weight": torch.ones(7, 5, dtype=torch.bool)})
    with pytest.raises(ValueError, match="release_ it first"):
        remove_neurons(model, 0, [0])
