"""The zeros stay under every optimizer, and training is otherwise that of a model whose weights are products w ⊙ m."""

import copy
import io
import weakref

import pytest
import torch
from torch import nn
from torch.nn.utils import prune

import ravine
from ravine import adam, lion, masking, momentum, muon
from ravine.pruning import applied, apply_, magnitude_scores, masks_of, release_, sparsity_of

OPTIMIZERS = {
    "SGD": lambda p: torch.optim.SGD(p, lr=0.1),
    "momentum and weight decay": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, weight_decay=0.1, nesterov=True),
    "Adam": lambda p: torch.optim.Adam(p, lr=0.05, weight_decay=0.1),
    "Adam, one at a time": lambda p: torch.optim.Adam(p, lr=0.05, foreach=False),
    "AdamW": lambda p: torch.optim.AdamW(p, lr=0.05, weight_decay=0.1),
    "RMSprop": lambda p: torch.optim.RMSprop(p, lr=0.01, momentum=0.9),
    "Adagrad": lambda p: torch.optim.Adagrad(p, lr=0.1),
    "our heavy ball": lambda p: momentum.HeavyBall(p, lr=0.1, beta=0.9),
    "our Adam": lambda p: adam.Adam(p, lr=0.05),
    "our Lion": lambda p: lion.Lion(p, lr=0.01),
    "our Muon": lambda p: muon.Muon([q for q in p if q.ndim == 2], lr=0.05),
}


def network():
    return nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 3))


def examples():
    generator = torch.Generator().manual_seed(1)
    return torch.randn(40, 6, generator=generator), torch.randint(3, (40,), generator=generator)


def train(model, optimizer, steps=5):
    x, y = examples()
    for _ in range(steps):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()


def half(model, sparsity=0.5):
    return masks_of(magnitude_scores(model), sparsity)


def assert_zeros(model, masks):
    parameters = dict(model.named_parameters())
    for name, mask in masks.items():
        assert (parameters[name][~mask] == 0).all()
        assert (parameters[name][mask] != 0).all()


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_zeros_stay_zero_from_the_start_and_with_momentum_from_before(name):
    model = network()
    optimizer = OPTIMIZERS[name](list(model.parameters()))
    train(model, optimizer)
    masks = half(model)
    assert apply_(model, masks) is model
    assert_zeros(model, masks)
    before = copy.deepcopy(model.state_dict())
    for _ in range(5):
        train(model, optimizer, steps=1)
        assert_zeros(model, masks)  # after the step, without another forward pass
    for key, mask in masks.items():
        assert not torch.equal(model.state_dict()[key][mask], before[key][mask])


def test_without_the_hold_momentum_and_decay_bring_weights_back():
    """What the test above would not see otherwise: it can fail."""
    model = network()
    optimizer = OPTIMIZERS["Adam"](list(model.parameters()))
    train(model, optimizer)
    masks = half(model)
    release_(apply_(model, masks))
    train(model, optimizer, steps=1)
    assert (model[0].weight[~masks["0.weight"]] != 0).any()


@pytest.mark.parametrize("name", ["SGD", "momentum and weight decay", "Adam", "AdamW", "RMSprop", "Adagrad"])
def test_training_is_that_of_pytorchs_pruning(name):
    ours = network().double()
    theirs = copy.deepcopy(ours)
    masks = half(ours)
    apply_(ours, masks)
    for index in (0, 2):
        prune.custom_from_mask(theirs[index], "weight", masks[f"{index}.weight"])
    one, other = (OPTIMIZERS[name](list(model.parameters())) for model in (ours, theirs))
    x, y = examples()
    for _ in range(8):
        for model, optimizer in ((ours, one), (theirs, other)):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(x.double()), y).backward()
            optimizer.step()
    for index in (0, 2):
        # PyTorch's weight is a product, computed in a forward pass.
        product = theirs[index].weight_orig * theirs[index].weight_mask
        torch.testing.assert_close(ours[index].weight, product, rtol=1e-9, atol=1e-11)
        torch.testing.assert_close(ours[index].bias, theirs[index].bias, rtol=1e-9, atol=1e-11)


def test_gradients_are_zero_under_the_mask_so_that_norms_do_not_count_them():
    model, (x, y) = network(), examples()
    masks = half(model)
    dense = copy.deepcopy(model)
    with torch.no_grad():
        for name, mask in masks.items():
            dense.get_parameter(name).mul_(mask)
    apply_(model, masks)
    for one in (model, dense):
        nn.functional.cross_entropy(one(x), y).backward()
    for name, mask in masks.items():
        torch.testing.assert_close(model.get_parameter(name).grad, dense.get_parameter(name).grad * mask)
        assert (dense.get_parameter(name).grad[~mask] != 0).any()
    kept = nn.utils.clip_grad_norm_(model.parameters(), 1e9)
    assert kept < nn.utils.clip_grad_norm_(dense.parameters(), 1e9)


def test_gradients_from_before_are_cut_too():
    model, (x, y) = network(), examples()
    nn.functional.cross_entropy(model(x), y).backward()
    before = model[0].weight.grad.clone()
    masks = half(model)
    apply_(model, masks)
    assert torch.equal(model[0].weight.grad, before * masks["0.weight"])


def test_one_backward_through_two_forward_passes():
    model, (x, y) = network(), examples()
    apply_(model, half(model))
    loss = nn.functional.cross_entropy(model(x) + model(2 * x), y)
    loss.backward()
    assert model[0].weight.grad.abs().sum() > 0


def test_gradients_that_add_up():
    model, (x, y) = network(), examples()
    masks = half(model)
    apply_(model, masks)
    nn.functional.cross_entropy(model(x[:20]), y[:20], reduction="sum").backward()
    nn.functional.cross_entropy(model(x[20:]), y[20:], reduction="sum").backward()
    found = model[2].weight.grad.clone()
    model.zero_grad()
    nn.functional.cross_entropy(model(x), y, reduction="sum").backward()
    torch.testing.assert_close(found, model[2].weight.grad)
    assert (found[~masks["2.weight"]] == 0).all()
    model.zero_grad()
    nn.functional.cross_entropy(model(x), y).backward(inputs=list(model.parameters()))
    assert (model[0].weight.grad[~masks["0.weight"]] == 0).all()


def test_updates_without_an_optimizer_are_undone_before_the_next_forward_pass():
    model, (x, _) = network(), examples()
    masks = half(model)
    apply_(model, masks)
    expected = model(x)
    with torch.no_grad():
        for name, mask in masks.items():
            model.get_parameter(name).add_(~mask)
    assert torch.equal(model(x), expected)
    assert_zeros(model, masks)


@pytest.mark.parametrize("assign", [False, True])
def test_loading_rewinds_to_the_product_of_mask_and_initial_weights(assign):
    model = network()
    initial = copy.deepcopy(model.state_dict())
    train(model, torch.optim.SGD(model.parameters(), lr=0.5), steps=20)
    masks = half(model, 0.8)
    apply_(model, masks)
    assert model.state_dict().keys() == initial.keys()
    model.load_state_dict(copy.deepcopy(initial), assign=assign)
    for name, value in model.state_dict().items():
        assert torch.equal(value, initial[name] * masks[name] if name in masks else initial[name])
    train(model, torch.optim.Adam(model.parameters(), lr=0.05))
    assert_zeros(model, masks)
    # What is saved loads into a model that has no masks.
    other = network()
    other.load_state_dict(model.state_dict())
    assert_zeros(other, masks)


@pytest.mark.parametrize("how", ["deepcopy", "pickle"])
def test_copies_hold_their_own_zeros(how):
    model = network()
    masks = half(model)
    apply_(model, masks)
    train(model, torch.optim.Adam(model.parameters(), lr=0.05))
    if how == "deepcopy":
        copied = copy.deepcopy(model)
    else:
        file = io.BytesIO()
        torch.save(model, file)
        file.seek(0)
        copied = torch.load(file, weights_only=False)
    before = copy.deepcopy(model.state_dict())
    train(copied, torch.optim.AdamW(copied.parameters(), lr=0.05, weight_decay=0.1))
    assert_zeros(copied, masks)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    # Letting one go does not touch the other.
    release_(copied)
    assert applied(copied) == {}
    assert applied(model).keys() == masks.keys()
    train(model, torch.optim.Adam(model.parameters(), lr=0.05))
    assert_zeros(model, masks)
    train(copied, torch.optim.Adam(copied.parameters(), lr=0.05))
    assert (copied[2].weight[~masks["2.weight"]] != 0).any()


def test_released_weights_are_zero_until_training_moves_them():
    model, (x, _) = network(), examples()
    masks = half(model)
    apply_(model, masks)
    expected = model(x)
    with torch.no_grad():
        model[0].weight.add_(~masks["0.weight"])  # even where an update came last
    assert release_(model) is model
    assert_zeros(model, masks)
    assert torch.equal(model(x), expected)
    train(model, torch.optim.SGD(model.parameters(), lr=0.1), steps=1)
    assert (model[2].weight[~masks["2.weight"]] != 0).any()
    initial = copy.deepcopy(network().state_dict())
    model.load_state_dict(initial)
    assert all(torch.equal(value, initial[name]) for name, value in model.state_dict().items())
    with pytest.raises(ValueError, match="releasing twice is not possible"):
        release_(model)


def test_new_masks_replace_the_old():
    model = network()
    first = half(model, 0.25)
    apply_(model, first)
    train(model, torch.optim.SGD(model.parameters(), lr=0.1))
    second = masks_of(magnitude_scores(model), 0.75, within=first)
    apply_(model, second)
    train(model, torch.optim.SGD(model.parameters(), lr=0.1))
    assert_zeros(model, second)
    found = applied(model)
    assert all(torch.equal(found[name], mask) for name, mask in second.items())
    assert sparsity_of(found) == 0.75
    # Fewer masks than before let the others go; a wider one lets weights grow again from zero.
    apply_(model, {"0.weight": first["0.weight"]})
    train(model, torch.optim.SGD(model.parameters(), lr=0.1))
    assert_zeros(model, {"0.weight": first["0.weight"]})
    assert (model[2].weight[~second["2.weight"]] != 0).any()


def test_masks_are_copied():
    model = network()
    masks = half(model)
    apply_(model, masks)
    applied(model)["0.weight"].fill_(True)
    kept = {name: mask.clone() for name, mask in masks.items()}
    masks["0.weight"].fill_(True)
    train(model, torch.optim.SGD(model.parameters(), lr=0.1))
    assert_zeros(model, kept)


def test_other_types_frozen_weights_and_evaluation():
    model, (x, _) = network(), examples()
    masks = half(model)
    model[0].requires_grad_(False)
    apply_(model, masks).double()
    x, y = x.double(), examples()[1]
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.05, weight_decay=0.1)
    frozen = model[0].weight.clone()
    for step in range(4):
        if step == 2:
            assert torch.equal(model[0].weight, frozen)
            model[0].requires_grad_(True)
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()
        assert (model[2].weight.grad[~masks["2.weight"]] == 0).all()
        assert step < 2 or (model[0].weight.grad[~masks["0.weight"]] == 0).all()
        optimizer.step()
        assert_zeros(model, masks)
    with torch.inference_mode():
        assert model(x).isfinite().all()
    with torch.no_grad():
        assert model(x).isfinite().all()


def test_values_of_a_functional_call_are_used_as_given():
    model, (x, _) = network(), examples()
    values = {name: p.detach().clone() for name, p in model.named_parameters()}
    expected = model(x)
    apply_(model, half(model))
    assert torch.equal(torch.func.functional_call(model, values, (x,)), expected)
    assert (values["0.weight"] != 0).all()
    each = torch.func.vmap(
        torch.func.grad(lambda v, one: torch.func.functional_call(model, v, (one,)).sum()), (None, 0)
    )
    assert (each(values, x)["2.weight"] != 0).all()


def test_the_plain_training_loop_and_a_mask_inside_a_larger_model():
    inner = network()
    masks = half(inner)
    apply_(inner, masks)
    outer = nn.Sequential(inner, nn.Linear(3, 3))
    history = ravine.fit(
        outer, examples(), loss=nn.functional.cross_entropy, optimizer=torch.optim.Adam, epochs=2, batch_size=8,
        progress=False,
    )  # fmt: skip
    assert history.train_losses[-1] < history.train_losses[0]
    assert_zeros(inner, masks)


def test_nothing_is_held_of_models_that_are_gone():
    model = network()
    apply_(model, half(model))
    train(model, torch.optim.SGD(model.parameters(), lr=0.1))
    mask = weakref.ref(masking._HELD[model[0].weight][0])
    assert mask() is not None
    del model
    assert mask() is None


def test_wrong_masks_are_refused_and_leave_the_model_alone():
    model = network()
    before = copy.deepcopy(model.state_dict())
    for wrong in ({}, {"1.weight": torch.ones(8, 6) > 0}, {"0.weight": torch.ones(6, 8) > 0}):
        with pytest.raises(ValueError, match="expected masks by name, of the shapes of the weights"):
            apply_(model, wrong)
    with pytest.raises(ValueError, match=r"expected boolean masks.*got torch.float32 for 0.weight"):
        apply_(model, {"0.weight": torch.ones(8, 6)})
    assert applied(model) == {}
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    outer = nn.Sequential(model)
    for first, second in ((model, outer), (outer, model)):
        apply_(first, half(first))
        with pytest.raises(ValueError, match=r"masks of a larger or smaller model, got \['.*0.weight'"):
            apply_(second, half(second))
        assert applied(second) == {}
        release_(first)
