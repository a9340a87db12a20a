"""Generative adversarial networks: a generator learns from a discriminator that learns to tell its output from data.

First what the game is for distributions over K outcomes, where everything is exact; then a small DCGAN for digits of
14 x 14 pixels that learns on one CPU core in seconds.

Papers: Goodfellow et al. (2014), "Generative adversarial nets" (the game, both losses of the generator); Radford, Metz
and Chintala (2016), "Unsupervised representation learning with deep convolutional generative adversarial networks" (the
networks); Mirza and Osindero (2014), "Conditional generative adversarial nets"; Reed et al. (2016), "Generative
adversarial text to image synthesis" (real images with wrong labels as a third kind of example). A discriminator returns
logits, not probabilities: the losses are computed from them without overflow.
Taught in: book/generation/gans.md
"""

from dataclasses import dataclass, field

import torch
from torch import nn
from torch.nn import functional

from . import data

# The slope of LeakyReLU for negative inputs, as in DCGAN.
_SLOPE = 0.2


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


def optimal_discriminator(p_data, p_generator):
    """Compute ``D*(x) = p_data(x) / (p_data(x) + p_generator(x))``, the best reply to a generator.

    Args:
        p_data: probabilities ``(..., K)``; values of a density will do, they need not sum to 1.
        p_generator: likewise, broadcastable to the other.

    Returns:
        ``(..., K)``, in [0, 1]; 1/2 where both are 0, where any answer is as good.

    Raises:
        ValueError: if an entry is negative or the shapes do not fit.

    >>> optimal_discriminator(torch.tensor([0.5, 0.5, 0.0]), torch.tensor([0.5, 0.0, 0.5]))
    tensor([0.5000, 1.0000, 0.0000])
    """
    _check_pair(p_data, p_generator, total=None)
    both = p_data + p_generator
    return torch.where(both > 0, p_data / both.where(both > 0, 1), 0.5)


def value(p_data, p_generator, discriminator=None):
    """Compute the value of the game, ``V = Σ p_data log D + Σ p_generator log(1 - D)``.

    Args:
        p_data: probabilities ``(..., K)``.
        p_generator: probabilities ``(..., K)``.
        discriminator: ``D``, in [0, 1], ``(..., K)``; None: the best reply, from logarithms of the probabilities, which
            stays right where ``D*`` rounds to 0 or 1.

    Returns:
        ``(...)``, in nats; ``-inf`` where ``D`` is sure of what is wrong.

    Raises:
        ValueError: if rows are not probabilities, the shapes do not fit, or ``D`` is out of range.

    >>> p = torch.tensor([0.25, 0.75])
    >>> value(p, p, torch.tensor([0.5, 0.5])), value(p, p)
    (tensor(-1.3863), tensor(-1.3863))
    """
    _check_pair(p_data, p_generator)
    if discriminator is None:
        both = p_data + p_generator
        return _relative_entropy(p_data, both) + _relative_entropy(p_generator, both)
    if not ((discriminator >= 0) & (discriminator <= 1)).all():
        raise ValueError("expected a discriminator with values in [0, 1], got logits or other values outside")
    return (torch.xlogy(p_data, discriminator) + torch.xlogy(p_generator, 1 - discriminator)).sum(-1)


def kullback_leibler(p, q):
    """Compute ``KL(p || q) = Σ p log(p / q)``, infinite where q is 0 and p is not.

    Args:
        p: probabilities ``(..., K)``.
        q: probabilities ``(..., K)``.

    Returns:
        ``(...)``, in nats. Outcomes with ``p = 0`` contribute nothing, to the gradient neither.

    Raises:
        ValueError: if rows are not probabilities or the shapes do not fit.

    >>> kullback_leibler(torch.tensor([1.0, 0.0]), torch.tensor([0.5, 0.5]))
    tensor(0.6931)
    """
    _check_pair(p, q)
    return _relative_entropy(p, q)


def jensen_shannon(p, q):
    """Compute ``JSD(p, q) = KL(p || m) / 2 + KL(q || m) / 2`` with ``m = (p + q) / 2``; from 0 to log 2.

    Args, returns and errors as :func:`kullback_leibler`.

    >>> jensen_shannon(torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0]))
    tensor(0.6931)
    """
    _check_pair(p, q)
    middle = (p + q) / 2
    return (_relative_entropy(p, middle) + _relative_entropy(q, middle)) / 2


def _relative_entropy(p, q):
    """Compute ``Σ p log(p / q)``; ones stand in for what must not reach a logarithm, so that gradients are finite."""
    there = p > 0
    return (p * (p.where(there, 1).log() - q.where(there, 1).log())).sum(-1)


def _check_pair(p, q, total=1.0):
    if p.ndim < 1 or q.ndim < 1 or p.shape[-1] != q.shape[-1]:
        raise ValueError(f"expected two tensors (..., K) of one K, got {tuple(p.shape)} and {tuple(q.shape)}")
    for tensor in (p, q):
        if not (tensor >= 0).all():
            raise ValueError(f"expected probabilities, got the entry {tensor.min().item():g}")
        sums = tensor.sum(-1)
        if total is not None and not torch.allclose(sums, torch.full_like(sums, total), rtol=0, atol=1e-4):
            raise ValueError(f"expected rows that sum to 1, got a sum of {sums.flatten()[0]:g}; divide by the sum")


class Generator(nn.Module):
    """From noise to images: a dense layer, then a transposed convolution that doubles the side, then a convolution.

    Batch normalization and ReLU follow all but the last, after which tanh keeps values in [-1, 1]. The transposed
    convolution's kernel, 4, is a multiple of its stride, 2: no pixel is reached by more of the kernel than another,
    except at the border.

    Args:
        latent: size of the noise z.
        channels: of the image before the last convolution; twice as many before it grows.
        size: side of the image, even, in pixels.
        classes: number of classes of a conditional generator; 0: unconditional.

    Raises:
        ValueError: if a size is out of range; from a call, if the shape does not fit, or if there are labels without
            classes or classes without labels.
    """

    def __init__(self, latent=32, channels=16, size=14, *, classes=0):
        super().__init__()
        _check_sizes(size, latent=latent, channels=channels)
        self.latent, self.classes, self.half = latent, classes, size // 2
        self.embedding = _embedding(classes, latent, std=0.5)
        self.dense = nn.Linear(latent * (2 if classes else 1), 2 * channels * self.half**2, bias=False)
        self.norm_dense = nn.BatchNorm2d(2 * channels)
        self.grow = nn.ConvTranspose2d(2 * channels, channels, 4, stride=2, padding=1, bias=False)
        self.norm_grow = nn.BatchNorm2d(channels)
        self.image = nn.Conv2d(channels, 1, 3, padding=1)

    def forward(self, z, labels=None):
        """Turn noise ``(n, latent)``, and labels ``(n,)``, into images ``(n, 1, size, size)``."""
        if z.ndim != 2 or z.shape[1] != self.latent:
            raise ValueError(f"expected noise (n, {self.latent}), got {tuple(z.shape)}")
        _check_labels(labels, self.classes, len(z))
        if labels is not None:
            z = torch.cat([z, self.embedding(labels)], 1)  # (n, 2 latent)
        x = self.dense(z).unflatten(1, (-1, self.half, self.half))  # (n, 2 channels, size / 2, size / 2)
        x = self.norm_dense(x).relu()
        x = self.norm_grow(self.grow(x)).relu()  # (n, channels, size, size)
        return self.image(x).tanh()  # (n, 1, size, size)

    @torch.no_grad()
    def sample(self, n, seed, labels=None):
        """Draw n images in evaluation mode: one image then does not depend on which others are drawn with it.

        Args:
            n: number of images.
            seed: of the noise, or a ``torch.Generator``.
            labels: classes, ``(n,)``, for a conditional generator.

        Returns:
            ``(n, 1, size, size)``, in [-1, 1].
        """
        random = seed if isinstance(seed, torch.Generator) else torch.Generator().manual_seed(seed)
        training = self.training
        try:
            return self.eval()(_noise(n, self, random), labels)
        finally:
            self.train(training)


class Discriminator(nn.Module):
    """From images to one logit each: two convolutions of stride 2 with LeakyReLU, then a dense layer.

    Batch normalization stands before the second LeakyReLU only, never at the input.

    Args:
        channels: of the first convolution; twice as many of the second.
        size: side of the image, even, in pixels.
        classes: number of classes of a conditional discriminator, which judges pairs; 0: unconditional. A label becomes
            a second channel of the image, learned.

    Raises:
        ValueError: if a size is out of range; from a call, if the shape does not fit, or if there are labels without
            classes or classes without labels.
    """

    def __init__(self, channels=16, size=14, *, classes=0):
        super().__init__()
        _check_sizes(size, channels=channels)
        self.size, self.classes = size, classes
        self.embedding = _embedding(classes, size**2, std=0.1)
        self.first = nn.Conv2d(2 if classes else 1, channels, 4, stride=2, padding=1)
        self.second = nn.Conv2d(channels, 2 * channels, 4, stride=2, padding=1, bias=False)
        self.norm_second = nn.BatchNorm2d(2 * channels)
        self.logit = nn.Linear(2 * channels * (size // 4) ** 2, 1)

    def forward(self, images, labels=None):
        """Judge images ``(n, 1, size, size)``, with labels ``(n,)``; return logits ``(n,)``, above 0 for "real"."""
        if images.ndim != 4 or images.shape[1:] != (1, self.size, self.size):
            raise ValueError(f"expected images (n, 1, {self.size}, {self.size}), got {tuple(images.shape)}")
        _check_labels(labels, self.classes, len(images))
        if labels is not None:
            planes = self.embedding(labels).view_as(images)
            images = torch.cat([images, planes], 1)  # (n, 2, size, size)
        x = functional.leaky_relu(self.first(images), _SLOPE)  # (n, channels, size / 2, size / 2)
        x = functional.leaky_relu(self.norm_second(self.second(x)), _SLOPE)  # (n, 2 channels, size // 4, size // 4)
        return self.logit(x.flatten(1)).squeeze(1)  # (n,)


def _embedding(classes, width, std):
    """Return a table of vectors; small ones (PyTorch's have std 1), so that labels do not drown noise or image."""
    if not classes:
        return None
    embedding = nn.Embedding(classes, width)
    nn.init.normal_(embedding.weight, std=std)
    return embedding


def _check_sizes(size, **sizes):
    if size < 4 or size % 2:
        raise ValueError(f"size must be even and >= 4, got {size}")
    for name, number in sizes.items():
        if number < 1:
            raise ValueError(f"{name} must be >= 1, got {number}")


def _check_labels(labels, classes, n):
    if (labels is not None) != (classes > 0):
        wanted, got = ("no labels", "labels") if labels is not None else ("labels", "none")
        raise ValueError(f"expected {wanted} for a network with classes={classes}, got {got}")
    if labels is not None and labels.shape != (n,):
        raise ValueError(f"expected labels ({n},), got {tuple(labels.shape)}")


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


def _noise(n, generator, random, device="cpu"):
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
