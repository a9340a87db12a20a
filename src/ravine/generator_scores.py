"""Scores of a generator: the Inception Score and the Fréchet distance, with a classifier of our own for digits.

Papers: Salimans et al. (2016), "Improved techniques for training GANs" (the Inception Score); Heusel et al. (2017),
"GANs trained by a two time-scale update rule converge to a local Nash equilibrium" (the Fréchet Inception Distance).
Theirs rest on Inception-v3 and its 1,000 classes of ImageNet; ours on a small network that knows ten digits, so our
numbers compare with each other and with no published ones.
Taught in: book/generation/evaluating-generators.md
"""

import importlib.resources

import numpy as np
import torch
from torch import nn
from torch.nn import functional


def inception_score(probabilities, splits=1):
    """Compute ``exp(mean_x KL(p(c | x) || p(c)))``, where ``p(c)`` is the mean of ``p(c | x)``.

    It is the exponential of the mutual information of image and class: 1 when every image gets the same answer, K when
    the answers are certain and the classes equally frequent.

    Args:
        probabilities: what a classifier says about each image, ``(n, K)``, rows that sum to 1.
        splits: number of parts into which the images are cut, in their order; the score is the mean of the parts'.

    Returns:
        A float in [1, K], but for rounding.

    Raises:
        ValueError: if rows are not probabilities (logits, say), or ``splits`` is not in 1 ... n.

    >>> round(inception_score(torch.eye(10)), 9), inception_score(torch.full((5, 10), 0.1))
    (10.0, 1.0)
    """
    p = torch.as_tensor(probabilities).double()
    if p.ndim != 2 or not (p >= 0).all() or not torch.allclose(p.sum(-1), p.new_ones(()), rtol=0, atol=1e-4):
        raise ValueError(f"expected probabilities (n, K), rows that sum to 1, got {tuple(p.shape)}; apply softmax(-1)")
    if not 1 <= splits <= len(p):
        raise ValueError(f"splits must be in 1 ... {len(p)}, got {splits}")
    return sum(_score(part) for part in p.tensor_split(splits)) / splits


def _score(p):
    marginal = p.mean(0)  # (K,)
    information = (torch.xlogy(p, p) - torch.xlogy(p, marginal)).sum(-1).mean()
    return max(1.0, information.exp().item())  # rounding can leave a 1 just below itself


def moments(features):
    """Return the mean ``(d,)`` and the covariance ``(d, d)`` (divided by n - 1) of features ``(n, d)``, in float64.

    Raises:
        ValueError: if there are fewer than two rows.
    """
    features = torch.as_tensor(features).double()
    if features.ndim != 2 or len(features) < 2:
        raise ValueError(f"expected features (n, d) of at least two examples, got {tuple(features.shape)}")
    mean = features.mean(0)
    return mean, (features - mean).T @ (features - mean) / (len(features) - 1)


def frechet_distance(mean_1, cov_1, mean_2, cov_2):
    """Compute ``|μ₁ - μ₂|² + tr(C₁ + C₂ - 2 (C₁ C₂)^{1/2})``, the squared 2-Wasserstein distance of two Gaussians.

    The trace of ``(C₁ C₂)^{1/2}`` is the sum of the singular values of ``C₁^{1/2} C₂^{1/2}``: no root of a matrix that
    is not symmetric is needed.

    Args:
        mean_1: ``(d,)``.
        cov_1: ``(d, d)``, symmetric and positive semidefinite; it may be singular.
        mean_2: ``(d,)``.
        cov_2: ``(d, d)``.

    Returns:
        A float >= 0, in squared units of the features.

    Raises:
        ValueError: if the shapes do not fit, or a covariance is not symmetric and positive semidefinite.

    >>> frechet_distance([0.0], [[1.0]], [3.0], [[4.0]])
    10.0
    """
    mean_1, cov_1, mean_2, cov_2 = (torch.as_tensor(given).double() for given in (mean_1, cov_1, mean_2, cov_2))
    d = len(mean_1) if mean_1.ndim == 1 else 0
    if d == 0 or mean_2.shape != (d,) or cov_1.shape != (d, d) or cov_2.shape != (d, d):
        shapes = ", ".join(str(tuple(given.shape)) for given in (mean_1, cov_1, mean_2, cov_2))
        raise ValueError(f"expected mean (d,), covariance (d, d), mean (d,), covariance (d, d), got {shapes}")
    overlap = torch.linalg.svdvals(_root(cov_1) @ _root(cov_2)).sum()
    distance = (mean_1 - mean_2).square().sum() + cov_1.trace() + cov_2.trace() - 2 * overlap
    return max(0.0, distance.item())


def _root(covariance):
    """Return the symmetric positive semidefinite square root."""
    tolerance = 1e-6 * covariance.abs().max()
    if (covariance - covariance.T).abs().max() > tolerance:
        raise ValueError("expected a symmetric covariance, got one whose transpose differs")
    values, vectors = torch.linalg.eigh(covariance)
    if values[0] < -tolerance:
        raise ValueError(f"expected a positive semidefinite covariance, got the eigenvalue {values[0]:g}")
    return vectors * values.clamp(min=0).sqrt() @ vectors.T


class DigitClassifier(nn.Module):
    """A small convolutional network for digits of 14 x 14 pixels: two convolutions, two dense layers."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(1, 16, 3, padding=1)
        self.second = nn.Conv2d(16, 32, 3, padding=1)
        self.hidden = nn.Linear(32 * 3 * 3, 32)
        self.output = nn.Linear(32, 10)

    def features(self, x):
        """Return what the last layer sees of images ``(n, 1, 14, 14)`` in [-1, 1]: ``(n, 32)``, not negative.

        Raises:
            ValueError: if the shape does not fit.
        """
        if x.ndim != 4 or x.shape[1:] != (1, 14, 14):
            raise ValueError(f"expected images (n, 1, 14, 14), got {tuple(x.shape)}")
        x = functional.max_pool2d(self.first(x).relu(), 2)  # (n, 16, 7, 7)
        x = functional.max_pool2d(self.second(x).relu(), 2)  # (n, 32, 3, 3)
        return self.hidden(x.flatten(1)).relu()  # (n, 32)

    def forward(self, x):
        """Return logits of the ten digits, ``(n, 10)``."""
        return self.output(self.features(x))


def classifier():
    """Load the classifier that ``benchmarks/digit_classifier.py`` trained; the data beside it say how, and how good.

    It was trained on ``gan.digits14().split(seed=0).train``, 3,000 digits; the other 2,000 are new to it.

    Returns:
        A :class:`DigitClassifier` in evaluation mode, the caller's own, with parameters that need no gradient.

    >>> from ravine import gan
    >>> x, y = gan.digits14()
    >>> classifier()(x[::500]).argmax(1).tolist()
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
    """
    source = importlib.resources.files("ravine.data") / "digit-classifier.npz"
    model = DigitClassifier()
    with source.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        model.load_state_dict({name: torch.from_numpy(arrays[name].astype(np.float32)) for name in arrays.files})
    return model.eval().requires_grad_(False)
