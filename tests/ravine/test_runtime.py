"""Device and seeds."""

import random

import numpy as np
import pytest
import torch

from ravine.runtime import device, seed_everything


@pytest.mark.parametrize("value", ["cpu", " CPU "])
def test_cpu_when_asked_for(monkeypatch, value):
    monkeypatch.setenv("RAVINE_DEVICE", value)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert device() == torch.device("cpu")


@pytest.mark.parametrize("value", ["auto", "", None])
@pytest.mark.parametrize(("present", "kind"), [(True, "cuda"), (False, "cpu")])
def test_auto_takes_cuda_where_there_is_one(monkeypatch, value, present, kind):
    monkeypatch.delenv("RAVINE_DEVICE") if value is None else monkeypatch.setenv("RAVINE_DEVICE", value)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: present)
    assert device() == torch.device(kind)


def test_missing_cuda_is_an_error_that_says_what_to_do(monkeypatch):
    monkeypatch.setenv("RAVINE_DEVICE", "cuda")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(RuntimeError, match="Set RAVINE_DEVICE=cpu or auto"):
        device()


def test_unknown_device_is_refused(monkeypatch):
    monkeypatch.setenv("RAVINE_DEVICE", "tpu")
    with pytest.raises(ValueError, match="cpu, cuda or auto, got 'tpu'"):
        device()


def test_one_seed_one_outcome():
    def draw(seed):
        generator = seed_everything(seed)
        drawn = torch.rand(3, generator=generator).tolist(), torch.rand(3).tolist()
        return *drawn, np.random.rand(3).tolist(), random.random()

    assert draw(5) == draw(5)
    assert all(one != other for one, other in zip(draw(5), draw(6), strict=True))


@pytest.mark.parametrize("seed", [-1, 2**32, 1.0, True, "7"])
def test_wrong_seeds_are_refused(seed):
    with pytest.raises(ValueError, match="seed must be"):
        seed_everything(seed)
