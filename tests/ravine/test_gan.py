"""The game against closed forms, the losses against PyTorch's, the networks and their training."""

import copy
import itertools
import math

import pytest
import torch
from torch.nn import functional

from ravine import data, gan
from ravine.gan import Discriminator, Generator

EXACT = {"rtol": 1e-12, "atol": 1e-13}


def random(seed=0):
    return torch.Generator().manual_seed(seed)


def distributions(*shape, seed=0, zeros=False):
    p = torch.rand(*shape, dtype=torch.float64, generator=random(seed))
    if zeros:  # never a whole row
        p[..., 1:] *= torch.rand(p[..., 1:].shape, generator=random(seed + 1000)) < 0.6
    return p / p.sum(-1, keepdim=True)


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.3])
def test_losses_are_binary_cross_entropy(smoothing):
    real, fake = 3 * torch.randn(7, 2, dtype=torch.float64), 3 * torch.randn(11, dtype=torch.float64)
    bce = functional.binary_cross_entropy_with_logits
    expected = bce(real, torch.full_like(real, 1 - smoothing)) + bce(fake, torch.zeros_like(fake))
    torch.testing.assert_close(gan.discriminator_loss(real, fake, smoothing=smoothing), expected, **EXACT)
    torch.testing.assert_close(gan.generator_loss(fake), bce(fake, torch.ones_like(fake)), **EXACT)
    torch.testing.assert_close(gan.generator_loss(fake, "minimax"), -bce(fake, torch.zeros_like(fake)), **EXACT)


def test_losses_of_logits_far_from_zero_are_finite():
    far = torch.tensor([1e4, -1e4])
    assert gan.discriminator_loss(far, far).item() == 10_000
    assert gan.generator_loss(far).item() == 5000
    assert gan.generator_loss(far, "minimax").item() == -5000


@pytest.mark.parametrize("at", [-30.0, -10.0, 0.0, 10.0])
def test_slopes_of_the_generators_losses(at):
    """In the logit a: -(1 - σ(a)), and -σ(a), which vanishes where the discriminator is sure."""
    for kind, slope in (("non-saturating", -torch.tensor(-at).double().sigmoid()), ("minimax", None)):
        a = torch.tensor([at], dtype=torch.float64, requires_grad=True)
        (found,) = torch.autograd.grad(gan.generator_loss(a, kind), a)
        expected = -a.detach().sigmoid() if slope is None else slope.reshape(1)
        torch.testing.assert_close(found, expected, **EXACT)


@pytest.mark.parametrize("zeros", [False, True])
def test_value_of_the_best_reply_is_the_jensen_shannon_divergence(zeros):
    p, q = distributions(40, 6, seed=1, zeros=zeros), distributions(40, 6, seed=2, zeros=zeros)
    best = gan.optimal_discriminator(p, q)
    expected = 2 * gan.jensen_shannon(p, q) - math.log(4)
    torch.testing.assert_close(gan.value(p, q, best), expected, **EXACT)
    torch.testing.assert_close(gan.value(p, q), expected, **EXACT)
    at_equality = torch.full((40,), -math.log(4), dtype=torch.float64)
    torch.testing.assert_close(gan.value(p, p, gan.optimal_discriminator(p, p)), at_equality, **EXACT)
    assert (expected > at_equality).all()


def test_no_discriminator_is_better_than_the_best():
    p, q = distributions(1, 5, seed=3), distributions(1, 5, seed=4)
    others = torch.rand(500, 5, dtype=torch.float64)
    near = (gan.optimal_discriminator(p, q) + 1e-3 * torch.randn(500, 5, dtype=torch.float64)).clamp(0, 1)
    for tried in (others, near):
        assert (gan.value(p, q, tried) < gan.value(p, q)).all()


def test_the_best_reply_is_a_stationary_point_in_the_logits():
    p, q = distributions(5, seed=5), distributions(5, seed=6)
    logits = gan.optimal_discriminator(p, q).logit().requires_grad_()
    (slope,) = torch.autograd.grad(gan.value(p, q, logits.sigmoid()), logits)
    torch.testing.assert_close(slope, torch.zeros(5, dtype=torch.float64), rtol=0, atol=1e-14)


def test_value_stays_finite_where_the_best_reply_rounds_to_one():
    p, q = torch.tensor([1.0, 1e-30]), torch.tensor([1e-30, 1.0])
    assert gan.optimal_discriminator(p, q)[0] == 1
    assert gan.value(p, q, gan.optimal_discriminator(p, q)) == -math.inf
    assert gan.value(p, q).abs() < 1e-20
    assert gan.value(torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0]), torch.tensor([0.0, 0.0])) == -math.inf


def test_divergences_are_scipys():
    special = pytest.importorskip("scipy.special")
    distance = pytest.importorskip("scipy.spatial.distance")
    p, q = distributions(30, 7, seed=7, zeros=True), distributions(30, 7, seed=8, zeros=True)
    expected = torch.from_numpy(special.rel_entr(p.numpy(), q.numpy()).sum(-1))
    assert expected.isinf().any() and expected.isfinite().any()
    torch.testing.assert_close(gan.kullback_leibler(p, q), expected, **EXACT)
    expected = torch.from_numpy(distance.jensenshannon(p.numpy(), q.numpy(), axis=-1) ** 2)
    torch.testing.assert_close(gan.jensen_shannon(p, q), expected, rtol=1e-10, atol=1e-12)


def test_divergences_of_equal_and_of_disjoint_distributions():
    p = distributions(3, 4, seed=9)
    nothing = torch.zeros(3, dtype=torch.float64)
    torch.testing.assert_close(gan.kullback_leibler(p, p), nothing, **EXACT)
    torch.testing.assert_close(gan.jensen_shannon(p, p), nothing, **EXACT)
    apart = torch.eye(4, dtype=torch.float64)[:2]
    assert gan.jensen_shannon(*apart).item() == pytest.approx(math.log(2), abs=1e-15)
    assert gan.kullback_leibler(*apart).item() == math.inf


def test_gradients_are_right_and_finite_where_probabilities_are_zero():
    logits = torch.randn(5, dtype=torch.float64, requires_grad=True)
    p = distributions(5, seed=10, zeros=True)
    for function in (gan.jensen_shannon, gan.value, gan.kullback_leibler):
        assert torch.autograd.gradcheck(lambda a, f=function: f(p, a.softmax(-1)), logits)
    zero = torch.tensor([1.0, 0.0, 0.0], requires_grad=True)
    (slope,) = torch.autograd.grad(gan.jensen_shannon(torch.tensor([0.5, 0.5, 0.0]), zero), zero)
    assert slope.isfinite().all()


def test_the_generators_gradient_with_the_best_reply_fixed_is_that_of_the_divergences():
    """Goodfellow et al.: 2 JSD for the minimax loss; Arjovsky and Bottou (2017): KL - 2 JSD for the other."""
    p = distributions(6, seed=11)
    logits = torch.randn(6, dtype=torch.float64, requires_grad=True)
    q = logits.softmax(-1)
    best = gan.optimal_discriminator(p, q.detach())
    a = best.logit()

    def slope(function):
        return torch.autograd.grad(function, logits, retain_graph=True)[0]

    losses = {
        kind: sum(q[k] * gan.generator_loss(a[k], kind) for k in range(6)) for kind in ("minimax", "non-saturating")
    }
    twice = slope(2 * gan.jensen_shannon(p, q))
    torch.testing.assert_close(slope(losses["minimax"]), twice, **EXACT)
    torch.testing.assert_close(slope(losses["non-saturating"]), slope(gan.kullback_leibler(q, p)) - twice, **EXACT)


def test_what_is_no_distribution_is_refused():
    half = torch.tensor([0.5, 0.5])
    for function in (gan.value, gan.kullback_leibler, gan.jensen_shannon):
        with pytest.raises(ValueError, match=r"sum to 1, got a sum of 0\.9; divide"):
            function(half, torch.tensor([0.5, 0.4]))
        with pytest.raises(ValueError, match=r"got the entry -0\.5"):
            function(torch.tensor([1.5, -0.5]), half)
        with pytest.raises(ValueError, match=r"of one K, got \(3,\) and \(2,\)"):
            function(torch.tensor([1.0, 0.0, 0.0]), half)
    with pytest.raises(ValueError, match=r"values in \[0, 1\], got logits"):
        gan.value(half, half, torch.tensor([2.0, 0.5]))
    with pytest.raises(ValueError, match=r"got the entry -1"):
        gan.optimal_discriminator(half, torch.tensor([-1.0, 2.0]))
    with pytest.raises(ValueError, match=r"smoothing must be in \[0, 1\), got 1"):
        gan.discriminator_loss(half, half, smoothing=1)
    with pytest.raises(ValueError, match=r"'non-saturating' or 'minimax', got 'hinge'"):
        gan.generator_loss(half, "hinge")


def test_densities_will_do_for_the_best_reply():
    assert gan.optimal_discriminator(torch.tensor([3.0, 0.0]), torch.tensor([1.0, 0.0])).tolist() == [0.75, 0.5]


@pytest.mark.parametrize(("size", "classes"), [(14, 0), (14, 10), (28, 3), (10, 0)])
def test_shapes_and_ranges(size, classes):
    generator, discriminator = (
        Generator(5, 4, size, classes=classes),
        Discriminator(4, size, classes=classes),
    )
    labels = torch.arange(6) % classes if classes else None
    images = generator(100 * torch.randn(6, 5), labels)
    assert images.shape == (6, 1, size, size)
    assert images.abs().max() <= 1
    assert discriminator(images, labels).shape == (6,)


def test_labels_change_what_comes_out_and_what_is_said():
    generator, discriminator = Generator(classes=3), Discriminator(classes=3)
    z = torch.randn(1, 32).expand(3, -1)
    images = generator(z, torch.arange(3))
    assert min((images[i] - images[j]).abs().max() for i, j in itertools.combinations(range(3), 2)) > 1e-3
    logits = discriminator(images[:1].expand(3, -1, -1, -1), torch.arange(3))
    assert len(set(logits.tolist())) == 3


def test_normalization_is_where_dcgan_has_it():
    """Neither what the generator puts out nor what the discriminator gets passes through a norm."""
    for network, convolutions in ((Generator(), 2), (Discriminator(), 2)):
        names = [name for name, _ in network.named_children()]
        kinds = [type(module).__name__ for module in network.children()]
        assert kinds.count("Conv2d") + kinds.count("ConvTranspose2d") == convolutions
        assert "BatchNorm" not in kinds[0] and "BatchNorm" not in kinds[-1], names
    assert isinstance(Generator().image, torch.nn.Conv2d)


def test_wrong_shapes_and_labels_are_refused():
    labels, z, images = torch.zeros(2, dtype=torch.int64), torch.randn(2, 32), torch.zeros(2, 1, 14, 14)
    with pytest.raises(ValueError, match=r"noise \(n, 32\), got \(2, 3\)"):
        Generator()(torch.randn(2, 3))
    with pytest.raises(ValueError, match=r"images \(n, 1, 14, 14\), got \(2, 196\)"):
        Discriminator()(torch.zeros(2, 196))
    with pytest.raises(ValueError, match="expected no labels for a network with classes=0, got labels"):
        Generator()(z, labels)
    with pytest.raises(ValueError, match="expected labels for a network with classes=4, got none"):
        Discriminator(classes=4)(images)
    with pytest.raises(ValueError, match=r"expected labels \(2,\), got \(1,\)"):
        Generator(classes=4)(z, labels[:1])
    with pytest.raises(ValueError, match="size must be even and >= 4, got 15"):
        Generator(size=15)
    with pytest.raises(ValueError, match="channels must be >= 1, got 0"):
        Discriminator(channels=0)


def test_a_sample_does_not_depend_on_its_company_and_changes_nothing():
    generator = Generator()
    generator(torch.randn(8, 32))
    before = copy.deepcopy(generator.state_dict())
    many = generator.sample(5, seed=3)
    assert generator.training
    torch.testing.assert_close(generator.sample(2, seed=random(3)), many[:2])
    assert not many.requires_grad
    for name, tensor in generator.state_dict().items():
        assert torch.equal(tensor, before[name])


class Recorder(torch.nn.Module):
    """A network that notes with what it was called."""

    def __init__(self, network):
        super().__init__()
        self.network, self.latent, self.calls = network, getattr(network, "latent", None), []

    def forward(self, x, labels=None):
        self.calls.append((x, labels))
        return self.network(x, labels)


def test_each_step_is_k_updates_of_the_discriminator_then_one_of_the_generator():
    generator, discriminator = Recorder(Generator(4, 2)), Recorder(Discriminator(2))
    images = torch.rand(20, 1, 14, 14)
    history = gan.fit_gan(generator, discriminator, images, steps=3, batch=5, discriminator_steps=2, seed=0)
    assert len(generator.calls) == 3 * (2 + 1)
    assert len(discriminator.calls) == 3 * (2 * 2 + 1)
    assert {len(x) for x, _ in generator.calls + discriminator.calls} == {5}
    for column in (history.discriminator_losses, history.generator_losses, history.real, history.fake):
        assert len(column) == history.steps == 3
        assert all(map(math.isfinite, column))
    # Every call of the generator had noise of its own.
    assert len({x.sum().item() for x, _ in generator.calls}) == 9


def steps_by_hand(generator, discriminator, images, *, steps, batch, lr, betas, seed):
    """The same training, with PyTorch's loss, for one update of each network a step."""
    draw, bce = random(seed), functional.binary_cross_entropy_with_logits
    adam_g, adam_d = (torch.optim.Adam(net.parameters(), lr=lr, betas=betas) for net in (generator, discriminator))
    for _ in range(steps):
        real = images[torch.randint(len(images), (batch,), generator=draw)]
        fake = generator(torch.randn(batch, generator.latent, generator=draw)).detach()
        adam_d.zero_grad()
        (bce(discriminator(real), torch.ones(batch)) + bce(discriminator(fake), torch.zeros(batch))).backward()
        adam_d.step()
        torch.randint(len(images), (batch,), generator=draw)
        adam_g.zero_grad()
        bce(
            discriminator(generator(torch.randn(batch, generator.latent, generator=draw))), torch.ones(batch)
        ).backward()
        adam_g.step()


def test_training_is_what_it_is_said_to_be():
    images = 2 * torch.rand(50, 1, 14, 14, generator=random(1)) - 1
    ours = Generator(4, 3), Discriminator(3)
    theirs = copy.deepcopy(ours)
    settings = {"steps": 4, "batch": 8, "lr": 1e-3, "betas": (0.5, 0.999), "seed": 7}
    gan.fit_gan(*ours, images, **settings)
    steps_by_hand(*theirs, images, **settings)
    for mine, wanted in zip(ours, theirs, strict=True):
        for one, other in zip(mine.parameters(), wanted.parameters(), strict=True):
            torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-6)


def test_the_same_seed_repeats_and_a_watcher_changes_nothing():
    images, start = torch.rand(30, 1, 14, 14), (Generator(4, 2), Discriminator(2))
    seen = []
    runs = []
    for on_step, seed in ((None, 0), (lambda step: seen.append((step, torch.is_grad_enabled())), 0), (None, 1)):
        networks = copy.deepcopy(start)
        history = gan.fit_gan(*networks, images, steps=3, batch=4, seed=seed, on_step=on_step)
        runs.append((history.generator_losses, networks[0].sample(2, seed=0)))
        assert not networks[0].training and not networks[1].training
    assert seen == [(1, False), (2, False), (3, False)]
    assert runs[0][0] == runs[1][0] != runs[2][0]
    assert torch.equal(runs[0][1], runs[1][1])


def test_a_watcher_sees_networks_in_evaluation_mode():
    generator, discriminator = Generator(4, 2), Discriminator(2)
    modes = []
    gan.fit_gan(
        generator,
        discriminator,
        torch.rand(9, 1, 14, 14),
        steps=2,
        batch=4,
        seed=0,
        on_step=lambda _: modes.append(generator.training or discriminator.training),
    )
    assert modes == [False, False]


def test_mismatched_pairs_are_real_images_with_other_labels():
    images, labels = torch.rand(40, 1, 14, 14), torch.arange(40) % 4
    generator, discriminator = Recorder(Generator(4, 2, classes=4)), Recorder(Discriminator(2, classes=4))
    gan.fit_gan(generator, discriminator, images, labels=labels, steps=25, batch=8, mismatched=True, seed=0)
    of_image = {image.sum().item(): label.item() for image, label in zip(images, labels, strict=True)}
    differences = []
    calls = iter(discriminator.calls)  # three of the discriminator's update, one of the generator's
    for (real, given), (fakes, asked), (again, wrong), _ in zip(calls, calls, calls, calls, strict=True):
        assert [of_image[image.sum().item()] for image in real] == given.tolist() == asked.tolist()
        assert torch.equal(real, again) and not torch.equal(real, fakes)
        differences += ((wrong - given) % 4).tolist()
    counts = torch.tensor(differences).bincount(minlength=4)
    assert counts[0] == 0
    assert counts[1:].min() > 40  # of 200, each of the three others about 67 times


def test_training_refuses_what_cannot_be():
    networks, images = (Generator(4, 2), Discriminator(2)), torch.rand(6, 1, 14, 14)
    for wrong in ({"steps": 0}, {"batch": 0}, {"discriminator_steps": 0}):
        [(name, _)] = wrong.items()
        with pytest.raises(ValueError, match=f"{name} must be >= 1, got 0"):
            gan.fit_gan(*networks, images, seed=0, **{"steps": 1} | wrong)
    with pytest.raises(ValueError, match=r"expected labels \(6,\) for 6 images, got \(5,\)"):
        gan.fit_gan(*networks, images, labels=torch.zeros(5), steps=1, seed=0)
    with pytest.raises(ValueError, match="mismatched pairs need labels of two classes or more"):
        gan.fit_gan(*networks, images, mismatched=True, steps=1, seed=0)


def test_digits_are_averaged_mnist():
    x, y = small = gan.digits14()
    big, classes = data.mnist5k()
    assert x.shape == (5000, 1, 14, 14) and x.dtype == torch.float32
    assert torch.equal(y, classes) and y.bincount().tolist() == [500] * 10
    assert small.names == tuple("0123456789")
    assert x.min() == -1 and 0.9 < x.max() <= 1
    expected = 2 * big.view(-1, 14, 2, 14, 2).mean((2, 4)) - 1
    torch.testing.assert_close(x[:, 0], expected, rtol=0, atol=1e-6)
    assert sum(map(len, small.split())) == 5000
