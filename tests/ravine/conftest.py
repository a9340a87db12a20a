"""Every test of the library starts from the same seeds and defaults, and leaves no figure open."""

import matplotlib.pyplot as plt
import pytest
import torch

import ravine


@pytest.fixture(autouse=True)
def same_start(monkeypatch):
    monkeypatch.setenv("RAVINE_DEVICE", "cpu")
    dtype = torch.get_default_dtype()
    ravine.seed_everything(0)
    yield
    torch.set_default_dtype(dtype)
    plt.close("all")
