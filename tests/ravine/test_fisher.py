"""Fisher information against closed forms, loops over examples, and the expected Hessian by autograd.functional."""

import copy

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy, one_hot

from ravine import fisher

CLOSE = {"rtol": 1e-9, "atol": 1e-12}


def network(outputs=3):
    return nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, outputs)).double()


def inputs(n=7, features=2):
    return torch.randn(n, features, dtype=torch.float64)


def loop_scores(model, x, y):
    """Return the scores by one backward pass for each example, ``(n, d)``."""
    rows = []
    for one, label in zip(x, y, strict=True):
        loss = cross_entropy(model(one[None]), label[None])
        gradients = torch.autograd.grad(-loss, list(model.parameters()))
        rows.append(torch.cat([g.reshape(-1) for g in gradients]))
    return torch.stack(rows)


def loop_matrix(model, x):
    """Return the exact Fisher matrix as a loop over examples and classes."""
    total = 0
    for one in x:
        p = model(one[None]).softmax(-1)[0].detach()
        for k, weight in enumerate(p):
            s = loop_scores(model, one[None], torch.tensor([k]))[0]
            total = total + weight * s[:, None] * s[None]
    return total / len(x)


def flat(by_name):
    return torch.cat([value.reshape(-1) for value in by_name.values()])


def test_scores_are_those_of_a_loop_over_examples():
    model, x, y = network(), inputs(), torch.tensor([0, 1, 2, 2, 1, 0, 0])
    scores = fisher.score(model, x, y)
    assert {name: tuple(value.shape) for name, value in scores.items()} == {
        name: (7, *value.shape) for name, value in model.named_parameters()
    }
    rows = torch.cat([value.flatten(1) for value in scores.values()], 1)
    torch.testing.assert_close(rows, loop_scores(model, x, y), **CLOSE)


def test_the_scores_have_mean_zero_under_the_model_and_not_under_other_labels():
    model, x = network(), inputs(1)
    p = model(x).softmax(-1)[0].detach()
    scores = fisher.score(model, x.expand(3, 2), torch.arange(3))
    for value in scores.values():
        torch.testing.assert_close(torch.tensordot(p, value, dims=1), torch.zeros_like(value[0]), **CLOSE)
        assert value.mean(0).abs().max() > 1e-3


@pytest.mark.parametrize("chunk", [1, 3, 100])
def test_matrix_and_diagonal_are_those_of_a_loop(chunk):
    model, x = network(), inputs()
    expected = loop_matrix(model, x)
    torch.testing.assert_close(fisher.fisher_matrix(model, x, chunk=chunk), expected, **CLOSE)
    diagonal = fisher.fisher_diagonal(model, x, "all", chunk=chunk)
    torch.testing.assert_close(flat(diagonal), expected.diagonal(), **CLOSE)
    assert [value.shape for value in diagonal.values()] == [p.shape for p in model.parameters()]


def test_it_is_minus_the_expected_hessian_and_the_gauss_newton_matrix():
    """The oracle: autograd.functional.hessian of log p at each class, weighted by the model's probability."""
    model, x = network(), inputs()
    names, sizes = zip(*((name, p.numel()) for name, p in model.named_parameters()), strict=True)
    shapes = [p.shape for p in model.parameters()]
    at = flat({name: p.detach() for name, p in model.named_parameters()})

    def log_p(params, one, k):
        parts = [part.view(shape) for part, shape in zip(params.split(sizes), shapes, strict=True)]
        values = dict(zip(names, parts, strict=True))
        return torch.func.functional_call(model, values, (one[None],)).log_softmax(-1)[0, k]

    expected = 0
    for one in x:
        p = model(one[None]).softmax(-1)[0].detach()
        for k in range(3):
            hessian = torch.autograd.functional.hessian(lambda w, one=one, k=k: log_p(w, one, k), at)
            expected = expected - p[k] * hessian / len(x)
    torch.testing.assert_close(fisher.minus_expected_hessian(model, x), expected, **CLOSE)
    torch.testing.assert_close(fisher.fisher_matrix(model, x), expected, **CLOSE)
    torch.testing.assert_close(fisher.gauss_newton(model, x), expected, **CLOSE)
    assert torch.linalg.eigvalsh(expected).min() > -1e-12


class Logits(nn.Module):
    """Its parameters are the logits themselves."""

    def __init__(self, values):
        super().__init__()
        self.values = nn.Parameter(values)

    def forward(self, x):
        return self.values.expand(len(x), -1)


def test_the_information_about_logits_is_diag_p_minus_p_p():
    logits = torch.tensor([0.3, -1.0, 2.0, 0.5], dtype=torch.float64)
    p = logits.softmax(-1)
    expected = p.diag() - p.outer(p)
    torch.testing.assert_close(fisher.softmax_information(logits), expected, **CLOSE)
    torch.testing.assert_close(fisher.fisher_matrix(Logits(logits), torch.zeros(2, 1)), expected, **CLOSE)
    assert torch.linalg.matrix_rank(expected) == 3
    scores = one_hot(torch.arange(4), 4) - p
    torch.testing.assert_close(fisher.score_variance(scores, p), expected, **CLOSE)
    torch.testing.assert_close(fisher.score_variance(scores), scores.T @ scores / 4, **CLOSE)


def test_the_information_about_logits_outlives_the_rounding_of_p_to_one():
    logits = torch.tensor([20.0, 0.0, 0.0])
    assert logits.softmax(-1)[0] == 1
    torch.testing.assert_close(
        fisher.softmax_information(logits), fisher.softmax_information(logits.double()).float(), rtol=1e-4, atol=0
    )


def test_a_linear_softmax_has_the_kronecker_product():
    model, x = nn.Linear(2, 3, bias=False).double(), inputs(5)
    information = fisher.softmax_information(model(x).detach())
    expected = sum(torch.kron(a, one.outer(one)) for a, one in zip(information, x, strict=True)) / 5
    torch.testing.assert_close(fisher.fisher_matrix(model, x), expected, **CLOSE)


@pytest.mark.parametrize("theta", [0.05, 0.3, 0.5, 0.999])
def test_bernoulli(theta):
    """Against a two-class softmax with one free logit, whose information θ (1 − θ) transforms by (dφ/dθ)²."""
    logit = torch.tensor(theta, dtype=torch.float64).logit()
    model = Logits(torch.stack([torch.zeros_like(logit), logit]))
    about_logit = fisher.fisher_matrix(model, torch.zeros(1, 1))[1, 1].item()
    assert about_logit == pytest.approx(theta * (1 - theta))
    assert fisher.bernoulli_information(theta, n=10) == pytest.approx(10 * about_logit / (theta * (1 - theta)) ** 2)
    tensor = torch.tensor([theta], dtype=torch.float64)
    assert fisher.bernoulli_information(tensor)[0].item() == pytest.approx(1 / (theta * (1 - theta)))


@pytest.mark.parametrize("theta", [0.0, 1.0, -0.5, torch.tensor([0.5, 1.0])])
def test_a_certain_coin_is_refused(theta):
    with pytest.raises(ValueError, match=r"theta in \(0, 1\)"):
        fisher.bernoulli_information(theta)


def test_drawn_labels_estimate_the_exact_one_and_data_labels_do_not():
    model, x = network(), inputs(20)
    exact = flat(fisher.fisher_diagonal(model, x))
    drawn = [flat(fisher.fisher_diagonal(model, x, "model", seed=seed)) for seed in range(60)]
    drawn = torch.stack(drawn)
    error = drawn.std(0) / len(drawn) ** 0.5
    assert ((drawn.mean(0) - exact).abs() <= 5 * error).all()
    many = flat(fisher.fisher_diagonal(model, x, "model", seed=0, samples=3000))
    torch.testing.assert_close(many, exact, rtol=0.1, atol=1e-3)
    unlikely = model(x).argmin(-1)
    empirical = flat(fisher.fisher_diagonal(model, x, "data", y=unlikely))
    torch.testing.assert_close(empirical, loop_scores(model, x, unlikely).square().mean(0), **CLOSE)
    assert ((empirical - exact).abs() > 5 * error).any()


def test_the_empirical_fisher_vanishes_where_the_labels_are_certain():
    model = nn.Linear(2, 2, bias=False).double()
    with torch.no_grad():
        model.weight.copy_(torch.tensor([[40.0, 0.0], [-40.0, 0.0]]))
    x = torch.tensor([[1.0, 0.5], [-1.0, 0.3]], dtype=torch.float64)
    y = torch.tensor([0, 1])
    assert flat(fisher.fisher_diagonal(model, x, "data", y=y)).max() < 1e-30
    assert 0 < flat(fisher.fisher_diagonal(model, x)).max() < 1e-30  # the model is certain too
    wrong = fisher.fisher_diagonal(model, x, "data", y=1 - y)
    assert flat(wrong).max() > 0.9


def test_seeds_repeat_and_chunks_do_not_matter():
    model, x = network(), inputs()
    first = fisher.fisher_diagonal(model, x, "model", seed=3, samples=2)
    again = fisher.fisher_diagonal(model, x, "model", seed=torch.Generator().manual_seed(3), samples=2, chunk=2)
    other = fisher.fisher_diagonal(model, x, "model", seed=4, samples=2)
    torch.testing.assert_close(first, again, **CLOSE)
    assert not torch.allclose(flat(first), flat(other))


def test_classes_leave_the_other_labels_out():
    """As the same network with two outputs; the information about the others' weights is 0."""
    model, x = network(), inputs()
    small = copy.deepcopy(model)
    small[2] = nn.Linear(4, 2).double()
    with torch.no_grad():
        small[2].weight.copy_(model[2].weight[[0, 2]])
        small[2].bias.copy_(model[2].bias[[0, 2]])
    ours, expected = fisher.fisher_diagonal(model, x, classes=[2, 0]), fisher.fisher_diagonal(small, x)
    torch.testing.assert_close(ours["0.weight"], expected["0.weight"], **CLOSE)
    torch.testing.assert_close(ours["2.weight"][[0, 2]], expected["2.weight"], **CLOSE)
    assert (ours["2.weight"][1] == 0).all()
    matrix = fisher.fisher_matrix(model, x, classes=[0, 2])
    torch.testing.assert_close(fisher.minus_expected_hessian(model, x, classes=[0, 2]), matrix, **CLOSE)
    torch.testing.assert_close(fisher.gauss_newton(model, x, classes=[0, 2]), matrix, **CLOSE)
    drawn = fisher.fisher_diagonal(model, x, "model", seed=0, classes=[0, 2], samples=50)
    assert (drawn["2.weight"][1] == 0).all()


def test_frozen_parameters_are_left_out_and_nothing_about_the_model_changes():
    model, x = network(), inputs()
    model[0].requires_grad_(False)
    before = copy.deepcopy(model.state_dict())
    ours = fisher.fisher_diagonal(model, x)
    assert list(ours) == ["2.weight", "2.bias"]
    assert fisher.fisher_matrix(model, x).shape == (15, 15)
    torch.testing.assert_close(fisher.gauss_newton(model, x), fisher.fisher_matrix(model, x), **CLOSE)
    torch.testing.assert_close(model.state_dict(), before, rtol=0, atol=0)
    assert all(p.grad is None for p in model.parameters())
    assert not any(value.requires_grad for value in ours.values())
    with torch.no_grad():
        torch.testing.assert_close(fisher.fisher_diagonal(model, x), ours)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_types_stay_what_they_are(dtype):
    model, x = network().to(dtype), inputs().to(dtype)
    for result in (fisher.fisher_matrix(model, x), flat(fisher.fisher_diagonal(model, x, "model", seed=0))):
        assert result.dtype == dtype


def test_convolutions_and_normalization_in_evaluation_mode():
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(), nn.Flatten(), nn.Linear(8, 3)).double()
    x = torch.randn(5, 1, 4, 4, dtype=torch.float64)
    with pytest.raises(ValueError, match=r"\['1'\] in training mode: call model.eval\(\)"):
        fisher.fisher_diagonal(model, x)
    model.eval()
    torch.testing.assert_close(flat(fisher.fisher_diagonal(model, x)), loop_matrix(model, x).diagonal(), **CLOSE)


def test_batch_normalization_that_keeps_no_statistics_is_refused():
    model = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3, track_running_stats=False)).double().eval()
    with pytest.raises(ValueError, match=r"with running statistics, got none in \['1'\]"):
        fisher.fisher_diagonal(model, inputs())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"labels": "empirical"}, "labels must be one of"),
        ({"labels": "data"}, "labels='data' needs y="),
        ({"labels": "model"}, "labels='model' needs seed="),
        ({"labels": "all", "seed": 1}, "has no use for seed="),
        ({"labels": "model", "seed": 1, "y": torch.zeros(7).long()}, "has no use for y="),
        ({"labels": "data", "y": torch.zeros(7)}, "expected labels as int64"),
        ({"labels": "data", "y": torch.zeros(6).long()}, "one label for each of 7 inputs, got 6"),
        ({"labels": "data", "y": torch.full((7,), 3)}, r"expected labels in \[0, 1, 2\], got \[3\]"),
        ({"labels": "data", "y": torch.zeros(7).long(), "classes": [1, 2]}, r"expected labels in \[1, 2\], got \[0\]"),
        ({"classes": [3]}, "expected classes in 0 to 2"),
        ({"classes": []}, "expected classes in 0 to 2"),
        ({"labels": "model", "seed": 1, "samples": 0}, "at least 1"),
        ({"chunk": 0}, "at least 1"),
    ],
)
@pytest.mark.parametrize("function", [fisher.fisher_diagonal, fisher.fisher_matrix])
def test_wrong_arguments_say_what_to_do(function, arguments, message):
    with pytest.raises(ValueError, match=message):
        function(network(), inputs(), **arguments)


def test_wrong_models_and_examples_are_refused():
    frozen = network().requires_grad_(False)
    with pytest.raises(ValueError, match="expected trainable parameters"):
        fisher.fisher_diagonal(frozen, inputs())
    with pytest.raises(ValueError, match="at least one example"):
        fisher.fisher_diagonal(network(), inputs(0))
    with pytest.raises(ValueError, match=r"expected logits \(n, K\)"):
        fisher.fisher_diagonal(nn.Sequential(network(), nn.Flatten(0)), inputs())
    with pytest.raises(ValueError, match="one label for each of 7 inputs, got 2"):
        fisher.score(network(), inputs(), torch.tensor([0, 1]))
