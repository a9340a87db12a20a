"""Both scores against closed forms, SciPy's and torchmetrics'; the committed classifier."""

import copy
import hashlib
import json
import math
from importlib import resources

import numpy as np
import pytest
import torch

from ravine import gan, generator_scores
from ravine.generator_scores import frechet_distance, inception_score, moments


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def features(n, d, seed, dtype=torch.float64):
    """Features that are correlated, and of different scales."""
    mixed = torch.randn(n, d, dtype=dtype, generator=generator(seed)) @ torch.randn(
        d, d, dtype=dtype, generator=generator(seed + 100)
    )
    return mixed * torch.logspace(-1, 1, d, dtype=dtype) + seed


def test_extremes_of_the_inception_score():
    assert inception_score(torch.eye(10).repeat(7, 1)) == pytest.approx(10, abs=1e-12)
    assert inception_score(torch.eye(10)[[3] * 50]) == 1
    assert inception_score(torch.full((50, 10), 0.1)) == 1
    # Three of ten classes, once each: 3. One sure image, one that says nothing: between.
    assert inception_score(torch.eye(10)[[0, 4, 9]]) == pytest.approx(3, abs=1e-12)
    p = torch.tensor([[1.0, 0.0], [0.5, 0.5]], dtype=torch.float64)
    information = (math.log(4 / 3) + 0.5 * math.log(2 / 3) + 0.5 * math.log(2)) / 2
    assert inception_score(p) == pytest.approx(math.exp(information), rel=1e-14)


def test_the_inception_score_is_the_exponential_of_the_mutual_information():
    p = torch.randn(200, 6, dtype=torch.float64).softmax(-1)
    joint = p / len(p)  # of image and class
    product = joint.sum(0) * joint.sum(1, keepdim=True)
    expected = gan.kullback_leibler(joint.flatten(), product.flatten()).exp().item()
    assert inception_score(p) == pytest.approx(expected, rel=1e-12)


def test_splits_are_scored_apart():
    p = torch.eye(10).repeat_interleave(10, 0)  # sorted: each of ten parts has one class
    assert inception_score(p) == pytest.approx(10)
    assert inception_score(p, splits=10) == 1
    assert inception_score(p, splits=5) == pytest.approx(2)
    assert inception_score(p, splits=100) == 1


def test_what_is_not_probabilities_is_refused():
    with pytest.raises(ValueError, match=r"apply softmax\(-1\)"):
        inception_score(torch.randn(5, 10))
    with pytest.raises(ValueError, match=r"got \(10,\)"):
        inception_score(torch.full((10,), 0.1))
    for splits in (0, 6):
        with pytest.raises(ValueError, match=rf"splits must be in 1 ... 5, got {splits}"):
            inception_score(torch.full((5, 10), 0.1), splits)


def test_moments_are_numpys():
    x = features(50, 4, seed=1)
    mean, covariance = moments(x)
    torch.testing.assert_close(mean, torch.from_numpy(np.mean(x.numpy(), 0)), rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(covariance, torch.from_numpy(np.cov(x.numpy(), rowvar=False)), rtol=1e-12, atol=1e-12)
    assert moments(x.float())[1].dtype == torch.float64
    with pytest.raises(ValueError, match=r"at least two examples, got \(1, 4\)"):
        moments(x[:1])


@pytest.mark.parametrize("d", [1, 2, 8, 32])
def test_frechet_distance_is_scipys_formula(d):
    linalg = pytest.importorskip("scipy.linalg")
    first, second = moments(features(300, d, seed=1)), moments(features(200, d, seed=2))
    (mean_1, cov_1), (mean_2, cov_2) = ([part.numpy() for part in pair] for pair in (first, second))
    root = linalg.sqrtm(cov_1 @ cov_2).real
    expected = ((mean_1 - mean_2) ** 2).sum() + np.trace(cov_1 + cov_2 - 2 * root)
    assert frechet_distance(*first, *second) == pytest.approx(expected, rel=1e-8)


def test_frechet_distance_of_gaussians_that_are_known():
    """With covariances that commute it is ``|μ₁ - μ₂|² + Σ (σ₁ - σ₂)²``, also when some are zero."""
    basis, _ = torch.linalg.qr(torch.randn(6, 6, dtype=torch.float64))
    sigma_1, sigma_2 = torch.tensor([[3.0, 1, 0, 2, 0, 5], [1.0, 1, 2, 0, 0, 0.5]], dtype=torch.float64)
    cov_1, cov_2 = (basis * sigma**2 @ basis.T for sigma in (sigma_1, sigma_2))
    mean = torch.arange(6.0, dtype=torch.float64)
    expected = 55 + (sigma_1 - sigma_2).square().sum().item()
    assert frechet_distance(mean, cov_1, torch.zeros(6), cov_2) == pytest.approx(expected, rel=1e-6)
    assert frechet_distance(mean, cov_1, mean, cov_1) == pytest.approx(0, abs=1e-6)
    assert frechet_distance(mean, cov_1, mean + 2, cov_1) == pytest.approx(24, rel=1e-6)


def test_frechet_distance_is_symmetric_and_does_not_turn():
    first, second = features(80, 5, seed=3), features(90, 5, seed=4)
    distance = frechet_distance(*moments(first), *moments(second))
    assert frechet_distance(*moments(second), *moments(first)) == pytest.approx(distance, rel=1e-10)
    turn, _ = torch.linalg.qr(torch.randn(5, 5, dtype=torch.float64))
    turned = frechet_distance(*moments(first @ turn + 7), *moments(second @ turn + 7))
    assert turned == pytest.approx(distance, rel=1e-9)
    scaled = frechet_distance(*moments(3 * first), *moments(3 * second))
    assert scaled == pytest.approx(9 * distance, rel=1e-9)


def test_fewer_examples_than_features():
    first, second = features(5, 12, seed=5), features(6, 12, seed=6)
    linalg = pytest.importorskip("scipy.linalg")
    (mean_1, cov_1), (mean_2, cov_2) = moments(first), moments(second)
    values = linalg.eigvals((cov_1 @ cov_2).numpy()).real.clip(0)
    expected = (mean_1 - mean_2).square().sum() + cov_1.trace() + cov_2.trace() - 2 * np.sqrt(values).sum()
    assert frechet_distance(mean_1, cov_1, mean_2, cov_2) == pytest.approx(expected.item(), rel=1e-5)


def test_wrong_moments_are_refused():
    mean, identity = torch.zeros(2), torch.eye(2)
    with pytest.raises(ValueError, match=r"got \(2,\), \(2, 2\), \(3,\), \(2, 2\)"):
        frechet_distance(mean, identity, torch.zeros(3), identity)
    with pytest.raises(ValueError, match="symmetric covariance"):
        frechet_distance(mean, torch.tensor([[1.0, 1.0], [0.0, 1.0]]), mean, identity)
    with pytest.raises(ValueError, match="got the eigenvalue -1"):
        frechet_distance(mean, identity, mean, torch.tensor([[1.0, 2.0], [2.0, 1.0]]))


@pytest.fixture(scope="module")
def model():
    return generator_scores.classifier()


@pytest.fixture(scope="module")
def split():
    return gan.digits14().split(seed=0)


class Features(torch.nn.Module):
    """What torchmetrics wants instead of Inception-v3."""

    num_features = 32

    def __init__(self, model):
        super().__init__()
        self.model = copy.deepcopy(model)

    def forward(self, images):
        return self.model.features(images.to(self.model.output.weight.dtype))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Metric `InceptionScore` will save all extracted features")
def test_scores_are_those_of_torchmetrics(model, split):
    fid = pytest.importorskip("torchmetrics.image.fid")
    inception = pytest.importorskip("torchmetrics.image.inception")
    real, other = split.train.x[:600], split.test.x[:500] + 0.3 * torch.randn(500, 1, 14, 14)
    distance = fid.FrechetInceptionDistance(feature=Features(model), normalize=True, input_img_size=(1, 14, 14))
    distance.set_dtype(torch.float64)
    distance.update(real, real=True)
    distance.update(other, real=False)
    ours = frechet_distance(*moments(model.features(real)), *moments(model.features(other)))
    assert ours == pytest.approx(distance.compute().item(), rel=1e-4)
    # It takes logits through the identity, and shuffles them: here into an order that is known.
    score = inception.InceptionScore(feature=torch.nn.Identity(), splits=2)
    logits = model(other)
    order = torch.randperm(len(logits), generator=generator(3))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch, "randperm", lambda n: order)
        score.update(logits)
        mean, _ = score.compute()
    assert inception_score(logits[order].softmax(-1), splits=2) == pytest.approx(mean.item(), rel=1e-5)


def test_the_weights_are_those_that_are_described(model):
    folder = resources.files("ravine.data")
    stated = json.loads((folder / "digit-classifier.json").read_text(encoding="utf-8"))
    weights = (folder / "digit-classifier.npz").read_bytes()
    assert len(weights) < 300_000
    assert hashlib.sha256(weights).hexdigest() == stated["sha256"]
    assert {"script", "date", "environment", "settings", "measured"} <= stated.keys()
    assert not model.training
    assert not any(parameter.requires_grad for parameter in model.parameters())


def test_each_caller_gets_a_model_of_its_own(model):
    generator_scores.classifier().output.weight.zero_()
    assert model.output.weight.abs().max() > 0


def test_the_classifier_knows_what_it_was_measured_to_know(model, split):
    stated = json.loads((resources.files("ravine.data") / "digit-classifier.json").read_text(encoding="utf-8"))
    logits = model(split.test.x)
    accuracy = (logits.argmax(1) == split.test.y).double().mean().item()
    assert accuracy == pytest.approx(stated["measured"]["test_accuracy"], abs=0.002)
    assert accuracy > 0.96
    assert inception_score(logits.softmax(1)) == pytest.approx(stated["measured"]["test_inception_score"], abs=0.01)


def test_features_are_what_the_last_layer_sees(model, split):
    seen = model.features(split.test.x[:50])
    assert seen.shape == (50, 32) and (seen >= 0).all()
    assert torch.equal(model.output(seen), model(split.test.x[:50]))
    with pytest.raises(ValueError, match=r"images \(n, 1, 14, 14\), got \(5, 1, 28, 28\)"):
        model.features(torch.zeros(5, 1, 28, 28))


def test_gradients_reach_the_images(model, split):
    images = split.test.x[:2].clone().requires_grad_()
    model(images).sum().backward()
    assert images.grad.abs().max() > 0


def test_noise_is_far_from_digits_and_digits_from_each_other_are_near(model, split):
    real = moments(model.features(split.train.x))
    near = frechet_distance(*real, *moments(model.features(split.test.x)))
    noise = 2 * torch.rand(1000, 1, 14, 14, generator=generator(1)) - 1
    far = frechet_distance(*real, *moments(model.features(noise)))
    assert 0 < near < far / 50
