"""A small DCGAN for gray images of a few pixels, 14 x 14 by default, with or without labels.

Papers: Radford, Metz and Chintala (2016), "Unsupervised representation learning with deep convolutional generative
adversarial networks"; Mirza and Osindero (2014), "Conditional generative adversarial nets".
Taught in: book/generation/gans.md
"""

import torch
from torch import nn
from torch.nn import functional

# The slope of LeakyReLU for negative inputs, as in DCGAN.
_SLOPE = 0.2


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
            return self.eval()(torch.randn(n, self.latent, generator=random), labels)
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
