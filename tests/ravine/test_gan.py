"""Losses and training: PyTorch's loss, a loop written by hand, and what each option changes."""

import copy
import math

import pytest
import torch
from torch.nn import functional

from ravine import data, gan
from ravine.gan import Discriminator, Generator

EXACT = {"rtol": 1e-12, "atol": 1e-13}


def random(seed=0):
    return torch.Generator().manual_seed(seed)


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
