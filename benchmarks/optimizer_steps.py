"""How long a step of ravine's optimizers takes, as a ratio to PyTorch's for-loop implementation.

Both step the same parameters with the same gradients, in turn, in one process: once over the tensors of a network of
three layers, once over many small tensors, where the cost is Python's. Each counts with its quickest round: whatever
else the machine does only adds time. The course promises a ratio for every pair.

    python benchmarks/optimizer_steps.py                  # exit status 1 if a promise is broken
    python benchmarks/optimizer_steps.py --rounds 5       # quicker, rougher
"""

import argparse
import gc
import math
import statistics
import sys
import time

import torch

from ravine import adam, adaptive_methods, momentum, muon
from ravine.gradient_descent import GradientDescent

TARGET = 1.1
SHAPES = {
    "network, 3 layers": [(256, 784), (256,), (256, 256), (256,), (10, 256), (10,)],
    "200 small tensors": [(8, 8), (8,)] * 100,
}
LOOP = {"foreach": False}
PAIRS = {
    "gradient descent": (
        lambda p: GradientDescent(p, lr=1e-3),
        lambda p: torch.optim.SGD(p, lr=1e-3, **LOOP),
    ),
    "heavy ball": (
        lambda p: momentum.HeavyBall(p, lr=1e-3),
        lambda p: torch.optim.SGD(p, lr=1e-3, momentum=0.9, **LOOP),
    ),
    "Nesterov": (
        lambda p: momentum.Nesterov(p, lr=1e-3),
        lambda p: torch.optim.SGD(p, lr=1e-3, momentum=0.9, nesterov=True, **LOOP),
    ),
    "AdaGrad": (lambda p: adaptive_methods.AdaGrad(p, lr=1e-3), lambda p: torch.optim.Adagrad(p, lr=1e-3, **LOOP)),
    "RMSprop": (lambda p: adaptive_methods.RMSprop(p, lr=1e-3), lambda p: torch.optim.RMSprop(p, lr=1e-3, **LOOP)),
    "AdaDelta": (lambda p: adaptive_methods.AdaDelta(p), lambda p: torch.optim.Adadelta(p, **LOOP)),
    "Adam": (lambda p: adam.Adam(p), lambda p: torch.optim.Adam(p, **LOOP)),
    "AMSGrad": (lambda p: adam.AMSGrad(p), lambda p: torch.optim.Adam(p, amsgrad=True, **LOOP)),
    "AdamW": (lambda p: adam.AdamW(p), lambda p: torch.optim.AdamW(p, **LOOP)),
    "Muon": (
        lambda p: muon.Muon([x for x in p if x.ndim == 2]),
        lambda p: torch.optim.Muon([x for x in p if x.ndim == 2]),
    ),
}


def stepper(make, shapes):
    """An optimizer's ``step`` on parameters and gradients drawn from one seed, its state already made."""
    generator = torch.Generator().manual_seed(0)
    params = [torch.randn(shape, generator=generator).requires_grad_() for shape in shapes]
    for param in params:
        param.grad = torch.randn(param.shape, generator=generator)
    step = make(params).step
    for _ in range(3):
        step()
    return step


def seconds(step, steps):
    """Wall seconds of ``steps`` calls."""
    began = time.perf_counter()
    for _ in range(steps):
        step()
    return time.perf_counter() - began


def ratio(ours, theirs, rounds, target_seconds=0.05):
    """Our quickest round over theirs, both timed in turn, the order changing."""
    steps = max(3, round(target_seconds / max(seconds(theirs, 3) / 3, 1e-6)))
    best = {ours: math.inf, theirs: math.inf}
    for number in range(rounds):
        for step in (ours, theirs) if number % 2 else (theirs, ours):
            best[step] = min(best[step], seconds(step, steps))
    return best[ours] / best[theirs]


def main():
    """Print the table of ratios; return 1 if the promise is broken."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15, help="times that each pair is measured (default: 15)")
    rounds = parser.parse_args().rounds
    torch.set_num_threads(1)
    gc.disable()
    print(f"{'our time / PyTorch (for-loop)':<32}" + "".join(f"{name:>20}" for name in SHAPES))
    ratios = []
    for name, (ours, theirs) in PAIRS.items():
        row = [ratio(stepper(ours, shapes), stepper(theirs, shapes), rounds) for shapes in SHAPES.values()]
        ratios += row
        print(f"{name:<32}" + "".join(f"{value:>20.2f}" for value in row), flush=True)
    mean = math.exp(statistics.fmean(map(math.log, ratios)))
    print(f"\ngeometric mean {mean:.2f}; largest {max(ratios):.2f}, promised: at most {TARGET}")
    return int(max(ratios) > TARGET)


if __name__ == "__main__":
    sys.exit(main())
