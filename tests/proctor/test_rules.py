"""What an answer may import: every way of naming a module that a reader would see."""

import time

import pytest

from proctor.rules import breaches

IMPORTS, FORBIDS = ("math", "numpy", "torch"), ("torch.optim", "ravine.gradient_descent")


@pytest.mark.parametrize(
    "source, found",
    [
        ("import numpy as np\nimport torch.nn.functional as F", []),
        ("from torch import nn, tensor\nfrom math import *", []),
        ("import itertools, collections.abc\nfrom __future__ import annotations", []),
        ("x = torch.optimize\noptim = 1\nself.torch.optim", []),
        ("import torch.optim", ["torch.optim"]),
        ("import torch.optim as o", ["torch.optim"]),
        ("import torch.optim.sgd", ["torch.optim.sgd"]),
        ("from torch import optim", ["torch.optim"]),
        ("from torch import tensor, optim as o", ["torch.optim"]),
        ("from torch.optim import SGD", ["torch.optim", "torch.optim.SGD"]),
        ("from torch.optim import *", ["torch.optim", "torch.optim.*"]),
        ("import torch\nopt = torch.optim.SGD([p], lr=0.1)", ["torch.optim"]),
        ("def f():\n    return torch.optim", ["torch.optim"]),
        ("import os", ["os"]),
        ("import os.path as p, math", ["os.path"]),
        ("from os import path", ["os", "os.path"]),
        ("import ravine.gradient_descent", ["ravine.gradient_descent"]),
        ("import numpyro, mathx", ["mathx", "numpyro"]),
        ("from . import x", [".", "..x"]),
        ("try:\n    import sys\nexcept ImportError:\n    pass", ["sys"]),
        ("%timeit 1\nimport os", ["os"]),
        ("!ls\nimport os", ["os"]),
        ("%%time\nx = 1", []),
    ],
)
def test_modules_are_found(source, found):
    assert breaches(source, IMPORTS, FORBIDS) == found


def test_long_answers_are_read_in_time():
    start = time.process_time()
    assert breaches(("x" + ".a" * 2500 + "\n") * 10 + "torch.optim.sgd.x", IMPORTS, FORBIDS) == ["torch.optim"]
    assert time.process_time() - start < 2


def test_forbidding_wins_over_allowing():
    assert breaches("import torch.optim", ("torch", "torch.optim"), ("torch.optim",)) == ["torch.optim"]
    assert breaches("import statistics", (), ("statistics",)) == ["statistics"]


@pytest.mark.parametrize("source", ["def f(:", "x = '\\0", "x\0y", "(" * 5000, "", "\ud800", "a = %x y\n" * 600])
def test_what_does_not_parse_is_left_to_the_run(source):
    assert breaches(source, IMPORTS, FORBIDS) == []
