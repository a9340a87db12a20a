"""Generative adversarial networks: a generator learns from a discriminator that learns to tell its output from data.

The losses and the training loop; :mod:`ravine.gan_game` has the game between distributions, where everything is exact,
and :mod:`ravine.dcgan` the networks for images. Their names are here too. A discriminator returns logits, not
probabilities: the losses are computed from them without overflow.

Papers: Goodfellow et al. (2014), "Generative adversarial nets" (both losses of the generator); Reed et al. (2016),
"Generative adversarial text to image synthesis" (real images with wrong labels as a third kind of example).
Taught in: book/generation/gans.md
"""

from dataclasses import dataclass, field

import torch
from torch.nn import functional

from . import data
from .dcgan import Discriminator, Generator
from .gan_game import jensen_shannon, kullback_leibler, optimal_discriminator, value

__all__ = [
    "Discriminator",
    "Generator",
    "History",
    "digits14",
    "discriminator_loss",
    "fit_gan",
    "generator_loss",
    "jensen_shannon",
    "kullback_leibler",
    "optimal_discriminator",
    "value",
]


def discriminator_loss(real_logits, fake_logits, *, smoothing=0.0):
    """Compute ``-mean log D(x) - mean log(1 - D(G(z)))``, where ``D = σ(logit)``.

    Args:
        real_logits: of real examples, any shape.
        fake_logits: of generated examples, any shape; it need not be that of the real ones.
        smoothing: how far the target of real examples is below 1, in [0, 1); one-sided, the others' target stays 0.

    Returns:
        A scalar, in nats; ``2 log 2 = 1.386`` for a discriminator that always says 1/2.

    Raises:
        ValueError: if ``smoothing`` is out of range.

    >>> discriminator_loss(torch.zeros(3), torch.zeros(2))
    tensor(1.3863)
    """
    if not 0 <= smoothing < 1:
        raise ValueError(f"smoothing must be in [0, 1), got {smoothing}")
    real = (1 - smoothing) * functional.softplus(-real_logits) + smoothing * functional.softplus(real_logits)
    return real.mean() + functional.softplus(fake_logits).mean()


def generator_loss(fake_logits, kind="non-saturating"):
    """Compute what the generator minimizes: ``-mean log D(G(z))``, or, of the original game, ``mean log(1 - D(G(z)))``.

    Where the discriminator is sure of a fake, at a logit far below 0, the slope in the logit is about -1 for the first
    and about 0 for the second, which is then said to saturate.

    Args:
        fake_logits: of generated examples, any shape.
        kind: "non-saturating" or "minimax".

    Returns:
        A scalar, in nats.

    Raises:
        ValueError: if ``kind`` is neither.

    >>> generator_loss(torch.zeros(2)), generator_loss(torch.zeros(2), "minimax")
    (tensor(0.6931), tensor(-0.6931))
    """
    if kind == "non-saturating":
        return functional.softplus(-fake_logits).mean()
    if kind == "minimax":
        return -functional.softplus(fake_logits).mean()
    raise ValueError(f"kind must be 'non-saturating' or 'minimax', got {kind!r}")


@dataclass(eq=False, repr=False)
class History:
    """What happened during a training run: one number a step in each list.

    Attributes:
        discriminator_losses: mean of the step's discriminator updates, each before it.
        generator_losses: before the generator's update.
        real: mean D(x) of the real images in the discriminator's updates.
        fake: mean D(G(z)) of the images in the generator's update, before it.
    """

    discriminator_losses: list[float] = field(default_factory=list)
    generator_losses: list[float] = field(default_factory=list)
    real: list[float] = field(default_factory=list)
    fake: list[float] = field(default_factory=list)

    @property
    def steps(self):
        """Number of the generator's updates."""
        return len(self.generator_losses)

    def __repr__(self):
        last = {"D(x)": self.real, "D(G(z))": self.fake}
        return f"History({self.steps} steps{''.join(f', {name} {v[-1]:.2f}' for name, v in last.items() if v)})"


def fit_gan(
    generator,
    discriminator,
    images,
    *,
    labels=None,
    steps,
    batch=32,
    lr=1e-3,
    betas=(0.5, 0.999),
    discriminator_steps=1,
    kind="non-saturating",
    mismatched=False,
    seed,
    on_step=None,
):
    """Train both networks by Adam, in turn: ``discriminator_steps`` updates of one, then one of the other.

    Each update draws real images with replacement and noise anew. A conditional generator is asked for the labels of
    real images that were drawn alike.

    With the sizes and numbers that are the defaults, the digits of :func:`digits14` can be recognized after some 1,200
    steps, about ten seconds of one CPU core; with labels and ``mismatched=True`` sooner.

    Args:
        generator: a :class:`Generator`, or any module ``(z, labels) -> images`` with an attribute ``latent``. It and
            ``discriminator`` are trained in place, and left in evaluation mode.
        discriminator: a :class:`Discriminator`, or any module ``(images, labels) -> logits (n,)``.
        images: real images, ``(N, 1, size, size)``, in [-1, 1].
        labels: their classes, ``(N,)``, int64, for conditional networks.
        steps: updates of the generator, >= 1.
        batch: images of each kind in an update.
        lr: Adam's learning rate, of both networks.
        betas: Adam's; the first is lower than usual, as in DCGAN.
        discriminator_steps: updates of the discriminator for one of the generator, >= 1.
        kind: the generator's loss, see :func:`generator_loss`.
        mismatched: whether the discriminator also sees real images with labels of other classes, drawn evenly, as
            examples of fakes; they then weigh as much as the generated ones.
        seed: of batches and noise. The networks' first weights are the caller's.
        on_step: called after each step as ``on_step(number of steps done)``, without gradients, with both networks in
            evaluation mode.

    Returns:
        The :class:`History`.

    Raises:
        ValueError: if a number is out of range, or ``labels`` do not fit the images or are missing for ``mismatched``.

    >>> _ = torch.manual_seed(0)
    >>> images, _ = digits14()
    >>> generator, discriminator = Generator(), Discriminator()
    >>> fit_gan(generator, discriminator, images, steps=2, seed=0).steps
    2
    >>> generator.sample(3, seed=1).shape
    torch.Size([3, 1, 14, 14])
    """
    _check_training(images, labels, mismatched, steps=steps, batch=batch, discriminator_steps=discriminator_steps)
    random = torch.Generator().manual_seed(seed)
    optimizers = [torch.optim.Adam(network.parameters(), lr=lr, betas=betas) for network in (generator, discriminator)]
    history = History()
    for step in range(1, steps + 1):
        generator.train()
        discriminator.train()
        seen = []
        for _ in range(discriminator_steps):
            index, given = _draw(images, labels, batch, random)
            with torch.no_grad():
                fakes = generator(_noise(batch, generator, random, images.device), given)
            real = discriminator(images[index], given)
            judged = discriminator(fakes, given)
            if mismatched:
                wrong = _other_classes(given, int(labels.max()) + 1, random)
                judged = torch.cat([judged, discriminator(images[index], wrong)])
            loss = discriminator_loss(real, judged)
            _update(optimizers[1], loss)
            seen.append((loss.item(), real.sigmoid().mean().item()))
        _, given = _draw(images, labels, batch, random)
        judged = discriminator(generator(_noise(batch, generator, random, images.device), given), given)
        loss = generator_loss(judged, kind)
        _update(optimizers[0], loss)
        history.discriminator_losses.append(sum(one for one, _ in seen) / len(seen))
        history.real.append(sum(one for _, one in seen) / len(seen))
        history.generator_losses.append(loss.item())
        history.fake.append(judged.sigmoid().mean().item())
        if on_step is not None:
            generator.eval()
            discriminator.eval()
            with torch.no_grad():
                on_step(step)
    generator.eval()
    discriminator.eval()
    return history


def _noise(n, generator, random, device):
    return torch.randn(n, generator.latent, generator=random).to(device)


def _draw(images, labels, batch, random):
    index = torch.randint(len(images), (batch,), generator=random)
    return index, None if labels is None else labels[index]


def _other_classes(labels, classes, random):
    """Return for each label another one, each of the others equally likely."""
    shift = torch.randint(1, classes, labels.shape, generator=random).to(labels.device)
    return (labels + shift) % classes


def _update(optimizer, loss):
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def _check_training(images, labels, mismatched, **numbers):
    for name, number in numbers.items():
        if number < 1:
            raise ValueError(f"{name} must be >= 1, got {number}")
    if labels is not None and labels.shape != (len(images),):
        raise ValueError(f"expected labels ({len(images)},) for {len(images)} images, got {tuple(labels.shape)}")
    if mismatched and (labels is None or labels.max() < 1):
        raise ValueError("mismatched pairs need labels of two classes or more; give labels, or mismatched=False")


def digits14():
    """Load 5,000 images of MNIST, 500 of each digit, each 2 x 2 pixels averaged into one, sorted by digit.

    Returns:
        A :class:`ravine.data.Data` with x ``(5000, 1, 14, 14)``, float32, -1 (paper) to 1 (ink), and y ``(5000,)``.
    """
    x, y = loaded = data.mnist5k()
    return data.Data(2 * functional.avg_pool2d(x.view(-1, 1, 28, 28), 2) - 1, y, loaded.names)
