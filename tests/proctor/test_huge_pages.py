"""Huge pages: gathering memory changes where it lies, and nothing that is in it."""

import numpy as np

from proctor import huge_pages
from proctor.forked import run_forked


def gathered():
    before = np.arange(10**6), ["text"] * 1000
    huge_pages.gather()
    return int(before[0].sum()), set(before[1])


def test_nothing_in_memory_changes():
    assert run_forked(gathered) == (10**6 * (10**6 - 1) // 2, {"text"})


def test_a_system_without_maps_goes_on(monkeypatch):
    def fails(*_, **__):
        raise FileNotFoundError("/proc/self/maps")

    monkeypatch.setattr("builtins.open", fails)
    huge_pages.gather()
