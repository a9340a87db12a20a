"""The networks of the small DCGAN: shapes, labels, where normalization stands, samples."""

import copy
import itertools

import pytest
import torch

from ravine.dcgan import Discriminator, Generator


def random(seed=0):
    return torch.Generator().manual_seed(seed)


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
