"""Four small problems on which optimizers are compared: a ravine, a badly scaled regression, a CNN, a transformer.

A problem knows how to make itself from a seed and how long it may be trained; which optimizer does it, and how its
learning rate is found, is decided in :mod:`ravine.comparison`. All four run on the CPU, and give the same numbers
whatever PyTorch's default dtype and global generator are.
Taught in: book/optimization/adam.md
"""

import dataclasses
import functools
import math
from collections.abc import Callable

import torch
from torch.nn import functional

from . import data, landscapes
from .descent import descend
from .results import Run
from .training import fit


@dataclasses.dataclass(frozen=True)
class Problem:
    """Something to train, and the budget for it.

    Attributes:
        name: what figures call it.
        steps: the budget: every run takes as many steps.
        train: ``(optimizer, seed, **hyperparameters) -> Run``, called with a class of optimizers. The seed decides
            everything that is drawn: the data's split, the first parameters, the order of the batches.
        metric: what the losses of its runs are.
    """

    name: str
    steps: int
    train: Callable[..., Run]
    metric: str = "validation loss"


def ravine(steps=100):
    """Build the ravine of condition number 100; the seed draws its direction and where its minimum lies.

    Along the coordinate axes it would be easy for every method that scales each coordinate by itself. And with the
    minimum at zero, weight decay would know the answer: so the path starts at zero, and the minimum lies 10 away.

    Args:
        steps: the budget.

    Returns:
        The problem; its loss is relative to the loss at the start.
    """

    def train(optimizer, seed, **hyperparameters):
        angle, direction = (math.pi * torch.rand(2, generator=_generator(seed), dtype=torch.float64)).tolist()
        minimum = (10 * math.cos(direction), 10 * math.sin(direction))
        path = descend(_moved(angle, minimum), optimizer, steps=steps, **hyperparameters)
        kept = [step for step in range(0, steps, steps // 20 or 1) if step < path.steps]
        kept = (*kept, path.steps)
        return Run(kept, tuple((path.losses[list(kept)] / path.losses[0]).tolist()))

    return Problem("ravine", steps, train, "loss / loss at the start")


def logistic_regression(epochs=20):
    """Build softmax regression on the digits, each pixel in a unit of its own: from a tenth to ten.

    The factors are spaced evenly in the logarithm; the seed decides which pixel gets which.

    Args:
        epochs: passes over 1,078 images in batches of 108, ten steps each.

    Returns:
        The problem.
    """

    def make(seed):
        loaded = _digits()
        factors = torch.logspace(-1, 1, 64, dtype=torch.float32)[torch.randperm(64, generator=_generator(seed))]
        model = torch.nn.Linear(64, 10, dtype=torch.float32)
        torch.nn.init.zeros_(model.weight)
        torch.nn.init.zeros_(model.bias)
        return model, data.Data(loaded.x * factors, loaded.y, loaded.names).split(seed=seed)

    return _supervised("scaled digits", make, epochs=epochs, batch_size=108, examples=1078)


def small_cnn(epochs=15):
    """Build a convolutional network of 6,058 parameters on the digits.

    Args:
        epochs: passes over 1,078 images in batches of 54, twenty steps each.

    Returns:
        The problem.
    """

    def make(seed):
        single = {"dtype": torch.float32}
        model = torch.nn.Sequential(
            torch.nn.Unflatten(1, (1, 8, 8)),
            torch.nn.Conv2d(1, 8, 3, padding=1, **single),
            torch.nn.ReLU(),
            torch.nn.MaxPool2d(2),
            torch.nn.Conv2d(8, 16, 3, padding=1, **single),
            torch.nn.ReLU(),
            torch.nn.MaxPool2d(2),
            torch.nn.Flatten(),
            torch.nn.Linear(64, 64, **single),
            torch.nn.ReLU(),
            torch.nn.Linear(64, 10, **single),
        )
        return model, _digits().split(seed=seed)

    return _supervised("CNN", make, epochs=epochs, batch_size=54, examples=1078)


def small_transformer(epochs=10):
    """Build a transformer of 9,514 parameters that sorts strings of eight digits.

    Args:
        epochs: passes over 2,560 random strings in batches of 64, forty steps each.

    Returns:
        The problem; a guess at random has loss log 10 and accuracy 1/10.
    """

    def make(seed):
        strings = torch.randint(10, (3840, 8), generator=_generator(seed))
        names = tuple(str(digit) for digit in range(10))
        parts = (data.Data(part, part.sort(1).values, names) for part in strings.split((2560, 640, 640)))
        return Transformer(), data.Split(*parts)

    return _supervised("transformer", make, epochs=epochs, batch_size=64, examples=2560)


class Transformer(torch.nn.Module):
    """A transformer encoder of one layer: symbols ``(batch, length)`` to logits ``(batch, symbols, length)``.

    Args:
        symbols: how many different ones there are.
        length: of a string.
        width: of the vector that stands for a symbol.
        heads: number of attention heads; a divisor of ``width``.
    """

    def __init__(self, symbols=10, length=8, width=32, heads=2):
        super().__init__()
        single = {"dtype": torch.float32}
        self.heads = heads
        self.symbol = torch.nn.Embedding(symbols, width, **single)
        self.place = torch.nn.Parameter(torch.randn(length, width, **single))
        self.norms = torch.nn.ModuleList(torch.nn.LayerNorm(width, **single) for _ in range(3))
        self.query_key_value = torch.nn.Linear(width, 3 * width, **single)
        self.mix = torch.nn.Linear(width, width, **single)
        self.widen, self.narrow = (torch.nn.Linear(*shape, **single) for shape in ((width, 64), (64, width)))
        self.read = torch.nn.Linear(width, symbols, **single)

    def forward(self, x):
        hidden = self.symbol(x) + self.place  # (batch, length, width)
        split = self.query_key_value(self.norms[0](hidden)).unflatten(-1, (3, self.heads, -1))
        query, key, value = split.permute(2, 0, 3, 1, 4)  # each (batch, heads, length, width / heads)
        weights = torch.softmax(query @ key.mT / math.sqrt(query.shape[-1]), dim=-1)
        hidden = hidden + self.mix((weights @ value).transpose(1, 2).flatten(-2))
        hidden = hidden + self.narrow(torch.relu(self.widen(self.norms[1](hidden))))
        return self.read(self.norms[2](hidden)).mT


def _supervised(name, make, *, epochs, batch_size, examples):
    """Return the problem of training what ``make(seed) -> (model, Split)`` makes; ``examples`` are its train set's."""

    def train(optimizer, seed, **hyperparameters):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            model, parts = make(seed)
        before = _evaluate(model, parts.validation)[0]
        history = fit(
            model,
            parts.train,
            loss=functional.cross_entropy,
            optimizer=functools.partial(optimizer, **hyperparameters),
            epochs=epochs,
            batch_size=batch_size,
            validation=parts.validation,
            device="cpu",
            seed=seed,
            progress=False,
        )
        losses = (before, *history.validation_losses)
        run = Run(tuple(per_epoch * epoch for epoch in range(len(losses))), losses)
        return run if run.diverged else Run(run.steps, losses, *_evaluate(model, parts.test))

    per_epoch = math.ceil(examples / batch_size)
    return Problem(name, per_epoch * epochs, train)


@functools.cache
def _digits():
    """Read the digits once; nothing here changes them."""
    return data.digits()


@torch.no_grad()
def _evaluate(model, part):
    """Return mean loss and accuracy; logits are ``(n, classes)`` or ``(n, classes, length)``."""
    model.eval()
    output = model(part.x)
    return functional.cross_entropy(output, part.y).item(), (output.argmax(1) == part.y).double().mean().item()


def _moved(angle, minimum):
    """Return the ravine with its minimum at a point, and the start at zero."""
    centered, shift = landscapes.quadratic(condition=100, angle=angle), torch.tensor(minimum, dtype=torch.float64)
    return dataclasses.replace(
        centered,
        function=lambda params: centered.function(params - shift),
        gradient=lambda params: centered.gradient(params - shift),
        start=(0.0, 0.0),
        minima=(minimum,),
    )


def _generator(seed):
    return torch.Generator().manual_seed(seed)


#: What makes the four problems, with their full budgets.
ALL = (ravine, logistic_regression, small_cnn, small_transformer)
