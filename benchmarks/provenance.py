"""Where a committed result comes from, for the scripts that make one: its script, day, environment and settings."""

import datetime
import hashlib
import os
import platform
from importlib.metadata import version
from pathlib import Path

import torch

RAVINE = Path(__file__).parents[1] / "src" / "ravine"


def provenance(script, packages, settings, **environment):
    """Return what is written beside a result.

    Args:
        script: path of the script, ``__file__``.
        packages: names of the packages whose versions matter.
        settings: plain data.
        **environment: more of the environment, such as ``cpu_seconds``.
    """
    return {
        "script": f"benchmarks/{Path(script).name}",
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "environment": {
            "python": platform.python_version(),
            **{package: version(package) for package in packages},
            "machine": platform.machine(),
            "cpus": os.cpu_count(),
            "threads": torch.get_num_threads(),
            **environment,
        },
        "settings": settings,
    }


def digest(sources, settings=""):
    """Return a digest of sources of ravine, given relative to it, and of what computes."""
    hashed = hashlib.sha256(f"{torch.__version__} {platform.machine()} {settings}".encode())
    for name in sources:
        hashed.update((RAVINE / name).read_bytes())
    return hashed.hexdigest()[:16]


def rounded(value):
    """Round all numbers in lists and dictionaries to four digits."""
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [rounded(item) for item in value]
    return float(f"{value:.4g}") if isinstance(value, float) else value
