"""Where to compute, and how to make chance repeat."""

import os
import random

import numpy as np
import torch


def device():
    """Return the device to compute on, as the environment variable RAVINE_DEVICE asks.

    ``cpu`` and ``cuda`` mean what they say; ``auto``, the default, takes CUDA where there is one.

    Returns:
        A ``torch.device``.

    Raises:
        ValueError: if RAVINE_DEVICE is none of the three.
        RuntimeError: if it asks for CUDA and there is none.
    """
    wanted = os.environ.get("RAVINE_DEVICE", "auto").strip().lower() or "auto"
    if wanted not in ("cpu", "cuda", "auto"):
        raise ValueError(f"RAVINE_DEVICE must be cpu, cuda or auto, got {wanted!r}")
    if wanted == "cpu":
        return torch.device("cpu")
    if torch.cuda.is_available():
        return torch.device("cuda")
    if wanted == "cuda":
        build = "was built without CUDA" if torch.version.cuda is None else f"was built for CUDA {torch.version.cuda}"
        raise RuntimeError(
            f"RAVINE_DEVICE=cuda, but PyTorch finds no CUDA device (PyTorch {torch.__version__} {build}). "
            "Set RAVINE_DEVICE=cpu or auto to compute on the CPU, or install a CUDA build of PyTorch and its driver."
        )
    return torch.device("cpu")


def seed_everything(seed):
    """Seed Python's, NumPy's and PyTorch's global generators, and return a generator of your own.

    Two runs with one seed agree on one machine with one thread; other machines may round differently.

    Args:
        seed: an integer from 0 to 2**32 - 1 (NumPy's range).

    Returns:
        A ``torch.Generator`` on the CPU, seeded alike, for code that takes one.

    Raises:
        ValueError: if ``seed`` is not such an integer.

    >>> generator = seed_everything(3)
    >>> torch.equal(torch.rand(2), torch.rand(2, generator=generator))
    True
    """
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**32:
        raise ValueError(f"seed must be an integer from 0 to 2**32 - 1, got {seed!r}")
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    return torch.Generator().manual_seed(seed)
