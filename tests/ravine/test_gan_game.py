"""The exact game: closed forms, SciPy, and gradients of the divergences that the losses stand for."""

import math

import pytest
import torch

from ravine import gan, gan_game

EXACT = {"rtol": 1e-12, "atol": 1e-13}


def random(seed=0):
    return torch.Generator().manual_seed(seed)


def distributions(*shape, seed=0, zeros=False):
    p = torch.rand(*shape, dtype=torch.float64, generator=random(seed))
    if zeros:  # never a whole row
        p[..., 1:] *= torch.rand(p[..., 1:].shape, generator=random(seed + 1000)) < 0.6
    return p / p.sum(-1, keepdim=True)


@pytest.mark.parametrize("zeros", [False, True])
def test_value_of_the_best_reply_is_the_jensen_shannon_divergence(zeros):
    p, q = distributions(40, 6, seed=1, zeros=zeros), distributions(40, 6, seed=2, zeros=zeros)
    best = gan_game.optimal_discriminator(p, q)
    expected = 2 * gan_game.jensen_shannon(p, q) - math.log(4)
    torch.testing.assert_close(gan_game.value(p, q, best), expected, **EXACT)
    torch.testing.assert_close(gan_game.value(p, q), expected, **EXACT)
    at_equality = torch.full((40,), -math.log(4), dtype=torch.float64)
    torch.testing.assert_close(gan_game.value(p, p, gan_game.optimal_discriminator(p, p)), at_equality, **EXACT)
    assert (expected > at_equality).all()


def test_no_discriminator_is_better_than_the_best():
    p, q = distributions(1, 5, seed=3), distributions(1, 5, seed=4)
    others = torch.rand(500, 5, dtype=torch.float64)
    near = (gan_game.optimal_discriminator(p, q) + 1e-3 * torch.randn(500, 5, dtype=torch.float64)).clamp(0, 1)
    for tried in (others, near):
        assert (gan_game.value(p, q, tried) < gan_game.value(p, q)).all()


def test_the_best_reply_is_a_stationary_point_in_the_logits():
    p, q = distributions(5, seed=5), distributions(5, seed=6)
    logits = gan_game.optimal_discriminator(p, q).logit().requires_grad_()
    (slope,) = torch.autograd.grad(gan_game.value(p, q, logits.sigmoid()), logits)
    torch.testing.assert_close(slope, torch.zeros(5, dtype=torch.float64), rtol=0, atol=1e-14)


def test_value_stays_finite_where_the_best_reply_rounds_to_one():
    p, q = torch.tensor([1.0, 1e-30]), torch.tensor([1e-30, 1.0])
    assert gan_game.optimal_discriminator(p, q)[0] == 1
    assert gan_game.value(p, q, gan_game.optimal_discriminator(p, q)) == -math.inf
    assert gan_game.value(p, q).abs() < 1e-20
    assert gan_game.value(torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0]), torch.tensor([0.0, 0.0])) == -math.inf


def test_divergences_are_scipys():
    special = pytest.importorskip("scipy.special")
    distance = pytest.importorskip("scipy.spatial.distance")
    p, q = distributions(30, 7, seed=7, zeros=True), distributions(30, 7, seed=8, zeros=True)
    expected = torch.from_numpy(special.rel_entr(p.numpy(), q.numpy()).sum(-1))
    assert expected.isinf().any() and expected.isfinite().any()
    torch.testing.assert_close(gan_game.kullback_leibler(p, q), expected, **EXACT)
    expected = torch.from_numpy(distance.jensenshannon(p.numpy(), q.numpy(), axis=-1) ** 2)
    torch.testing.assert_close(gan_game.jensen_shannon(p, q), expected, rtol=1e-10, atol=1e-12)


def test_divergences_of_equal_and_of_disjoint_distributions():
    p = distributions(3, 4, seed=9)
    nothing = torch.zeros(3, dtype=torch.float64)
    torch.testing.assert_close(gan_game.kullback_leibler(p, p), nothing, **EXACT)
    torch.testing.assert_close(gan_game.jensen_shannon(p, p), nothing, **EXACT)
    apart = torch.eye(4, dtype=torch.float64)[:2]
    assert gan_game.jensen_shannon(*apart).item() == pytest.approx(math.log(2), abs=1e-15)
    assert gan_game.kullback_leibler(*apart).item() == math.inf


def test_gradients_are_right_and_finite_where_probabilities_are_zero():
    logits = torch.randn(5, dtype=torch.float64, requires_grad=True)
    p = distributions(5, seed=10, zeros=True)
    for function in (gan_game.jensen_shannon, gan_game.value, gan_game.kullback_leibler):
        assert torch.autograd.gradcheck(lambda a, f=function: f(p, a.softmax(-1)), logits)
    zero = torch.tensor([1.0, 0.0, 0.0], requires_grad=True)
    (slope,) = torch.autograd.grad(gan_game.jensen_shannon(torch.tensor([0.5, 0.5, 0.0]), zero), zero)
    assert slope.isfinite().all()


def test_the_generators_gradient_with_the_best_reply_fixed_is_that_of_the_divergences():
    """Goodfellow et al.: 2 JSD for the minimax loss; Arjovsky and Bottou (2017): KL - 2 JSD for the other."""
    p = distributions(6, seed=11)
    logits = torch.randn(6, dtype=torch.float64, requires_grad=True)
    q = logits.softmax(-1)
    best = gan_game.optimal_discriminator(p, q.detach())
    a = best.logit()

    def slope(function):
        return torch.autograd.grad(function, logits, retain_graph=True)[0]

    losses = {
        kind: sum(q[k] * gan.generator_loss(a[k], kind) for k in range(6)) for kind in ("minimax", "non-saturating")
    }
    twice = slope(2 * gan_game.jensen_shannon(p, q))
    torch.testing.assert_close(slope(losses["minimax"]), twice, **EXACT)
    torch.testing.assert_close(slope(losses["non-saturating"]), slope(gan_game.kullback_leibler(q, p)) - twice, **EXACT)


def test_what_is_no_distribution_is_refused():
    half = torch.tensor([0.5, 0.5])
    for function in (gan_game.value, gan_game.kullback_leibler, gan_game.jensen_shannon):
        with pytest.raises(ValueError, match=r"sum to 1, got a sum of 0\.9; divide"):
            function(half, torch.tensor([0.5, 0.4]))
        with pytest.raises(ValueError, match=r"got the entry -0\.5"):
            function(torch.tensor([1.5, -0.5]), half)
        with pytest.raises(ValueError, match=r"of one K, got \(3,\) and \(2,\)"):
            function(torch.tensor([1.0, 0.0, 0.0]), half)
    with pytest.raises(ValueError, match=r"values in \[0, 1\], got logits"):
        gan_game.value(half, half, torch.tensor([2.0, 0.5]))
    with pytest.raises(ValueError, match=r"got the entry -1"):
        gan_game.optimal_discriminator(half, torch.tensor([-1.0, 2.0]))
    with pytest.raises(ValueError, match=r"smoothing must be in \[0, 1\), got 1"):
        gan.discriminator_loss(half, half, smoothing=1)
    with pytest.raises(ValueError, match=r"'non-saturating' or 'minimax', got 'hinge'"):
        gan.generator_loss(half, "hinge")


def test_densities_will_do_for_the_best_reply():
    assert gan_game.optimal_discriminator(torch.tensor([3.0, 0.0]), torch.tensor([1.0, 0.0])).tolist() == [0.75, 0.5]


def test_the_jensen_shannon_divergence_is_finite_for_the_smallest_numbers():
    p, q = torch.tensor([1.0, 5e-324], dtype=torch.float64), torch.tensor([1.0, 0.0], dtype=torch.float64)
    assert gan_game.jensen_shannon(p, q).item() == pytest.approx(0, abs=1e-15)
