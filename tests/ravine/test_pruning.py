"""Scores against closed forms and the whole Hessian, masks against ``torch.nn.utils.prune`` and counts by hand."""

import copy
import itertools

import pytest
import torch
from torch import nn
from torch.nn.utils import prune

from ravine import pruning
from ravine.pruning import (
    hessian_diagonal,
    magnitude_scores,
    masks_of,
    n_m_masks,
    obd_saliency,
    random_scores,
    sparsities,
    sparsity_of,
)

CLOSE = {"rtol": 1e-10, "atol": 1e-12}


def network(kind="tanh"):
    hidden = {"tanh": nn.Tanh(), "relu": nn.ReLU()}.get(kind)
    if hidden is not None:
        return nn.Sequential(nn.Linear(3, 4), hidden, nn.Linear(4, 3)).double()
    return nn.Sequential(
        nn.Conv2d(1, 2, 2), nn.BatchNorm2d(2), nn.Softplus(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(8, 3)
    ).double()


def examples(kind="tanh"):
    shape = (6, 1, 5, 5) if kind == "convolution" else (6, 3)
    return torch.randn(shape, dtype=torch.float64), torch.tensor([0, 1, 2, 2, 1, 0])


def scores(*shapes):
    return {f"layer{index}": torch.randn(shape, dtype=torch.float64).abs() for index, shape in enumerate(shapes)}


# ------------------------------------------------------------------------------------------------------------- scores


def test_scores_are_of_weights_unless_names_are_given():
    model = network("convolution")
    for found in (magnitude_scores(model), random_scores(model, torch.Generator())):
        assert list(found) == ["0.weight", "5.weight"]
    named = magnitude_scores(model, ["5.bias", "1.weight"])
    assert list(named) == ["5.bias", "1.weight"]
    assert torch.equal(named["5.bias"], model[5].bias.detach().abs())
    assert not any(score.requires_grad for score in named.values())
    with pytest.raises(ValueError, match=r"expected names of parameters.*got \['1.weights'\]"):
        magnitude_scores(model, ["1.weights"])
    with pytest.raises(ValueError, match="got none"):
        magnitude_scores(nn.ReLU())


def test_magnitudes_do_not_follow_the_weights():
    model = network()
    found = magnitude_scores(model)
    before = {name: score.clone() for name, score in found.items()}
    nn.init.zeros_(model[0].weight)
    assert all(torch.equal(found[name], before[name]) for name in found)


def test_random_scores_follow_their_generator_alone():
    model, other = network(), network()
    first, again = (random_scores(m, torch.Generator().manual_seed(3)) for m in (model, other))
    different = random_scores(model, torch.Generator().manual_seed(4))
    for name, score in first.items():
        assert torch.equal(score, again[name])
        assert not torch.equal(score, different[name])
        assert score.dtype == torch.float64
        assert score.min() >= 0 and score.max() < 1


@pytest.mark.parametrize("kind", ["tanh", "relu", "convolution"])
@pytest.mark.parametrize("chunk", [1, 5, 1000])
def test_the_diagonal_is_that_of_the_whole_hessian(kind, chunk):
    model, (x, y) = network(kind).eval(), examples(kind)
    for name, found in hessian_diagonal(model, nn.functional.cross_entropy, x, y, chunk=chunk).items():
        weight = model.get_parameter(name).detach()

        def loss(values, name=name):
            return nn.functional.cross_entropy(torch.func.functional_call(model, {name: values}, (x,)), y)

        whole = torch.autograd.functional.hessian(loss, weight).view(weight.numel(), weight.numel())
        torch.testing.assert_close(found, whole.diagonal().view_as(weight), **CLOSE)
        assert found.abs().max() > 1e-4


def test_the_diagonal_of_least_squares_is_the_mean_of_squared_inputs():
    model, x, y = nn.Linear(5, 2).double(), torch.randn(7, 5).double(), torch.randn(7, 2).double()
    found = hessian_diagonal(model, nn.MSELoss(), x, y, names=["weight", "bias"])
    # The mean is over 7 x 2 numbers, of which a weight touches 7.
    torch.testing.assert_close(found["weight"], (x**2).mean(0).expand(2, 5), **CLOSE)
    torch.testing.assert_close(found["bias"], torch.ones(2, dtype=torch.float64), **CLOSE)


def test_the_diagonal_is_zero_where_the_loss_is_linear_or_does_not_look():
    model = nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 2))
    found = hessian_diagonal(model[0], lambda output, y: output.sum(), torch.ones(4, 3), None)
    assert torch.equal(found["weight"], torch.zeros(2, 3))
    found = hessian_diagonal(model, lambda output, y: output.sum(), torch.ones(4, 3), None)  # linear in each alone
    assert all(
        (diagonal == 0).all() and diagonal.shape == model.get_parameter(n).shape for n, diagonal in found.items()
    )
    unused = nn.ModuleDict({"used": nn.Linear(3, 2), "idle": nn.Linear(3, 2)})
    unused.forward = unused["used"].forward
    found = hessian_diagonal(unused, lambda output, y: output.square().sum(), torch.ones(4, 3), None)
    assert torch.equal(found["used.weight"], torch.full((2, 3), 8.0))
    assert torch.equal(found["idle.weight"], torch.zeros(2, 3))


def test_the_diagonal_leaves_the_model_as_it_is_masks_and_batch_norm_included():
    model, (x, y) = network("convolution").train(), examples("convolution")
    before = copy.deepcopy(model.state_dict())
    bare = hessian_diagonal(model, nn.functional.cross_entropy, x, y)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(p.grad is None for p in model.parameters())
    masks = masks_of(magnitude_scores(model), 0.5)
    pruning.apply_(model, masks)
    under = hessian_diagonal(model, nn.functional.cross_entropy, x, y)
    # A weight that is held at zero still has a curvature there.
    assert all((under[name] != 0).any() for name in bare)
    assert (under["5.weight"][~masks["5.weight"]] != 0).any()
    released = hessian_diagonal(pruning.release_(model), nn.functional.cross_entropy, x, y)
    assert all(torch.equal(under[name], released[name]) for name in under)


def test_saliency_is_how_the_loss_grows_exact_where_the_loss_is_quadratic():
    x = torch.randn(20, 4, dtype=torch.float64) * torch.tensor([10.0, 1.0, 0.1, 1.0], dtype=torch.float64)
    y = torch.randn(20, 1, dtype=torch.float64)
    model = nn.Linear(4, 1, bias=False).double()
    model.weight.data = torch.linalg.lstsq(x, y).solution.T
    found = obd_saliency(model, nn.MSELoss(), x, y)["weight"]
    base = nn.functional.mse_loss(model(x), y)
    for index in range(4):
        without = copy.deepcopy(model)
        without.weight.data[0, index] = 0
        growth = nn.functional.mse_loss(without(x), y) - base
        torch.testing.assert_close(found[0, index], growth.detach(), **CLOSE)


def test_magnitude_and_saliency_disagree_where_inputs_have_different_scales():
    """The large weight sits on a tiny input: it is the one to drop, and magnitude drops the other."""
    x = torch.randn(50, 2, generator=torch.Generator().manual_seed(0)) * torch.tensor([10.0, 0.01])
    y = x @ torch.tensor([[0.5], [5.0]])
    model = nn.Linear(2, 1, bias=False)
    model.weight.data = torch.tensor([[0.5, 5.0]])
    by_size = masks_of(magnitude_scores(model), 0.5)["weight"]
    by_saliency = masks_of(obd_saliency(model, nn.MSELoss(), x, y), 0.5)["weight"]
    assert by_size.tolist() == [[False, True]]
    assert by_saliency.tolist() == [[True, False]]


def test_saliency_takes_a_curvature_that_is_at_hand():
    model, (x, y) = network(), examples()
    weights = {name: model.get_parameter(name).detach() for name in ("0.weight", "2.weight")}
    curvature = {name: torch.randn_like(weight) for name, weight in weights.items()}
    found = obd_saliency(model, None, None, None, curvature=curvature)
    for name, weight in weights.items():
        torch.testing.assert_close(found[name], curvature[name] * weight * weight / 2)
    one = obd_saliency(model, nn.functional.cross_entropy, x, y, names=["2.bias"])
    assert list(one) == ["2.bias"]
    for wrong in ({"0.weight": torch.ones(1)}, {"other": torch.ones(4, 3)}):
        with pytest.raises(ValueError, match=r"expected (curvature|names of parameters)"):
            obd_saliency(model, None, None, None, curvature=wrong)
    with pytest.raises(ValueError, match=r"curvature by name.*\['2.weight'\] does not fit"):
        obd_saliency(model, None, None, None, curvature={"0.weight": torch.ones(4, 3)}, names=list(weights))


def test_a_loss_that_is_no_scalar_is_refused():
    model, (x, y) = network(), examples()
    with pytest.raises(ValueError, match=r"expected a scalar loss, got \(6,\)"):
        hessian_diagonal(model, nn.CrossEntropyLoss(reduction="none"), x, y)


# -------------------------------------------------------------------------------------------------------------- masks


@pytest.mark.parametrize("amount", [0.0, 0.1, 0.5, 0.77, 0.9, 1.0])
def test_global_masks_are_pytorchs(amount):
    ours = network()
    theirs = copy.deepcopy(ours)
    prune.global_unstructured([(theirs[0], "weight"), (theirs[2], "weight")], prune.L1Unstructured, amount=amount)
    found = masks_of(magnitude_scores(ours), amount)
    for index in (0, 2):
        assert torch.equal(found[f"{index}.weight"], theirs[index].weight_mask.bool())
    assert sparsity_of(found) == pytest.approx(round(24 * amount) / 24)


@pytest.mark.parametrize("amount", [0.0, 0.1, 0.5, 0.77, 0.9, 1.0])
def test_masks_by_layer_are_pytorchs(amount):
    ours = network("convolution")
    theirs = copy.deepcopy(ours)
    found = masks_of(magnitude_scores(ours), amount, "layer")
    for index in (0, 5):
        prune.l1_unstructured(theirs[index], "weight", amount)
        assert torch.equal(found[f"{index}.weight"], theirs[index].weight_mask.bool())


def test_a_sparsity_for_each_layer():
    found = masks_of(scores((4, 5), (2, 10)), {"layer1": 0.25, "layer0": 0.8}, "layer")
    assert [int(mask.sum()) for mask in found.values()] == [4, 15]


def test_again_and_again_is_pytorchs():
    ours = network()
    theirs = copy.deepcopy(ours)
    masks = None
    for count in (5, 11, 20):
        gone = 0 if masks is None else 24 - sum(int(mask.sum()) for mask in masks.values())
        # What torch is given are the scores of what is left; ours are drawn anew and know nothing of what is gone.
        drawn = random_scores(ours, torch.Generator().manual_seed(count))
        prune.global_unstructured(
            [(theirs[0], "weight"), (theirs[2], "weight")],
            prune.L1Unstructured,
            importance_scores={(theirs[index], "weight"): drawn[f"{index}.weight"] for index in (0, 2)},
            amount=count - gone,
        )
        masks = masks_of(drawn, count / 24, within=masks)
        for index in (0, 2):
            assert torch.equal(masks[f"{index}.weight"], theirs[index].weight_mask.bool())


def test_what_is_gone_stays_gone_even_below_zero():
    gone = {"w": torch.tensor([[True, False, True, True]])}
    saliency = {"w": torch.tensor([[-3.0, 0.0, -1.0, 2.0]])}  # the curvature of a loss may be negative
    assert masks_of(saliency, 0.25)["w"].tolist() == [[False, True, True, True]]
    for scope in ("global", "layer"):
        assert masks_of(saliency, 0.25, scope, within=gone)["w"].tolist() == [[True, False, True, True]]
        assert masks_of(saliency, 0.5, scope, within=gone)["w"].tolist() == [[False, False, True, True]]
        with pytest.raises(ValueError, match="at least the 1 weights already gone, got 0"):
            masks_of(saliency, 0.0, scope, within=gone)


def test_ties_fall_in_order_and_counts_are_exact():
    equal = {"a": torch.ones(3, 5), "b": torch.ones(5)}
    for count in range(21):
        found = masks_of(equal, count / 20)
        flat = torch.cat([mask.flatten() for mask in found.values()])
        assert flat.tolist() == [False] * count + [True] * (20 - count)
        assert sparsity_of(found) == pytest.approx(count / 20)


def test_a_layer_of_small_weights_may_go_whole_when_the_ranking_is_global():
    model = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4))
    with torch.no_grad():
        model[0].weight.copy_(torch.rand(4, 4) + 1)
        model[1].weight.copy_(torch.rand(4, 4) / 2)
    found = masks_of(magnitude_scores(model), 0.5)
    assert found["0.weight"].all() and not found["1.weight"].any()
    assert all(mask.sum() == 8 for mask in masks_of(magnitude_scores(model), 0.5, "layer").values())


def test_rounds_keep_the_same_share_each():
    for rounds in (1, 2, 7):
        kept = [1.0, *(1 - value for value in sparsities(0.95, rounds))]
        assert len(kept) == rounds + 1
        ratios = [after / before for before, after in itertools.pairwise(kept)]
        assert ratios == pytest.approx([0.05 ** (1 / rounds)] * rounds)
    # Frankle and Carbin prune 20% of what is left in each round: 5 rounds leave 0.8⁵.
    assert sparsities(1 - 0.8**5, 5) == pytest.approx([0.2, 0.36, 0.488, 0.5904, 0.67232])


@pytest.mark.parametrize("shape", [(3, 8), (2, 8, 3, 2), (5, 12)])
@pytest.mark.parametrize(("n", "m"), [(2, 4), (1, 4), (1, 2), (0, 2), (4, 4)])
def test_n_of_m_by_hand(shape, n, m):
    weight = torch.randn(shape)
    mask = n_m_masks(weight, n, m)
    assert mask.shape == weight.shape and mask.dtype == torch.bool
    # Rows of inputs, one for each output and place.
    rows = weight.transpose(1, -1).reshape(-1, shape[1])
    kept = mask.transpose(1, -1).reshape(-1, shape[1])
    for row, keep in zip(rows, kept, strict=True):
        for start in range(0, shape[1], m):
            group, chosen = row[start : start + m].abs(), keep[start : start + m]
            assert chosen.sum() == n
            assert set(group[chosen].tolist()) == set(sorted(group.tolist(), reverse=True)[:n])


def test_n_of_m_with_ties_and_nothing_but_ties():
    assert n_m_masks(torch.zeros(1, 4)).tolist() == [[False, False, True, True]]
    assert n_m_masks(-torch.ones(2, 8)).sum() == 8


def test_wrong_arguments_are_refused():
    good = scores((2, 2), (3,))
    for wrong in (-0.1, 1.1, float("nan"), {"layer0": 0.5, "layer1": 2}):
        with pytest.raises(ValueError, match=r"sparsity must be in \[0, 1\]"):
            masks_of(good, wrong, "layer")
    for wrong, scope in (({"layer0": 0.5, "layer1": 0.5}, "global"), ({"layer0": 0.5}, "layer")):
        with pytest.raises(ValueError, match="expected one sparsity for all"):
            masks_of(good, wrong, scope)
    with pytest.raises(ValueError, match="scope must be 'global' or 'layer', got 'all'"):
        masks_of(good, 0.5, "all")
    for wrong in ({}, {"a": torch.tensor([1.0, float("nan")])}, {"a": torch.tensor([float("inf")])}):
        with pytest.raises(ValueError, match="expected finite scores"):
            masks_of(wrong, 0.5)
    with pytest.raises(ValueError, match=r"masks by name.*\['layer1'\] does not fit"):
        masks_of(good, 0.5, within={"layer0": torch.ones(2, 2, dtype=torch.bool)})
    for final, rounds in ((1.0, 3), (-0.1, 3), (0.5, 0), (0.5, 2.0), (0.5, True)):
        with pytest.raises(ValueError, match=r"final in \[0, 1\) and an integer rounds"):
            sparsities(final, rounds)
    for weight, n, m in ((torch.ones(2, 6), 2, 4), (torch.ones(4), 2, 4), (torch.ones(2, 4), 3, 2)):
        with pytest.raises(ValueError, match="in a multiple of m"):
            n_m_masks(weight, n, m)
    with pytest.raises(ValueError, match="n = -1"):
        n_m_masks(torch.ones(2, 4), -1, 4)
