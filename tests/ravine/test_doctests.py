"""The examples in the docstrings of the library run, and every method module points to a page of the book."""

import doctest
import importlib
import pkgutil
import re
from pathlib import Path

import pytest

import ravine

MODULES = [
    "ravine",
    *(found.name for found in pkgutil.walk_packages(ravine.__path__, "ravine.")),
]
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_examples_are_found():
    tried = {
        name: doctest.testmod(importlib.import_module(name)).attempted for name in ("ravine.claims", "ravine.descent")
    }
    assert all(tried.values()), tried


# Everything but what serves all pages alike.
TAUGHT = sorted(
    {name for name in MODULES if name.count(".") == 1}
    - {f"ravine.{name}" for name in ("claims", "data", "plot", "progress", "runtime")}
)


@pytest.mark.parametrize("name", TAUGHT)
def test_taught_in_names_a_page(name):
    page = re.search(r"^Taught in: (\S+)$", importlib.import_module(name).__doc__, re.MULTILINE)
    assert page, f"{name} does not say where it is taught"
    assert (ROOT / page[1]).is_file(), page[1]
