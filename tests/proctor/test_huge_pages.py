"""Huge pages: gathering memory changes where it lies, and nothing that is in it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np

from proctor import huge_pages, sandbox
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


FILL = """
from proctor import huge_pages
import re
{before}
held = [bytes(100_000) for _ in range(200)]  # by malloc, in its heap
print(sum(map(int, re.findall(r"AnonHugePages: +([0-9]+)", open("/proc/self/smaps").read()))))
"""


def huge_kilobytes(before, environment):
    command = [sys.executable, "-c", FILL.format(before=before)]
    done = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=True)
    return int(done.stdout)


def offered():
    """Does this kernel give huge pages to whoever asks?"""
    enabled = Path(sandbox.HUGE_PAGES, "enabled")
    return enabled.exists() and re.search(r"\[(madvise|always)\]", enabled.read_text()) is not None


def test_a_heap_lies_in_huge_pages_from_the_start_where_there_are_any_unless_it_takes_no_more():
    assert (huge_kilobytes("", huge_pages.FROM_THE_START) > 8192) == offered()
    assert huge_kilobytes("huge_pages.no_more()", huge_pages.FROM_THE_START) < 8192
