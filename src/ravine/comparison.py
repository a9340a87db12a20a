"""An honest comparison of optimizers: equal budgets, learning rates tuned on a grid, and the spread shown.

For one optimizer on one problem: every learning rate of a grid trains with the *tuning seeds*. A rate's score is the
mean over them of the logarithm of the last validation loss, and a rate at which any of them diverged is out. The grid
goes by half-decades and grows until the best rate has ``margin`` rates on either side. Only then do the *evaluation
seeds* train, once with the best rate and once with PyTorch's default, all of them for the problem's whole budget, and
the test set is looked at once, after the last step. Everything but the learning rate stays at its usual value.

Papers: Choi et al. (2019); Sivaprasad et al. (2020); Schmidt et al. (2021).
Taught in: book/optimization/adam.md
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from . import problems
from .adam import Adam, AdamW
from .adaptive_methods import AdaDelta, AdaGrad, RMSprop
from .gradient_descent import GradientDescent
from .momentum import HeavyBall, Nesterov
from .results import Cell, learning_rate, mean_log


@dataclass(frozen=True)
class Method:
    """An optimizer and what is fixed about it.

    Attributes:
        optimizer: its class.
        default_lr: the learning rate that ``torch.optim`` takes when told none.
        first: the half-decades that the grid starts with, from the first to the last: ``(-4, 0)`` is 0.01 to 1.
        hyperparameters: the others, none of them tuned.
    """

    optimizer: type
    default_lr: float
    first: tuple[int, int]
    hyperparameters: Mapping


_MOMENTS = {"betas": (0.9, 0.999), "eps": 1e-8}
METHODS = {
    "gradient descent": Method(GradientDescent, 1e-3, (-4, 0), {}),
    "heavy ball": Method(HeavyBall, 1e-3, (-5, -1), {"beta": 0.9}),
    "Nesterov": Method(Nesterov, 1e-3, (-5, -1), {"beta": 0.9}),
    "AdaGrad": Method(AdaGrad, 1e-2, (-4, 0), {"eps": 1e-10}),
    "RMSprop": Method(RMSprop, 1e-2, (-6, -2), {"beta": 0.9, "eps": 1e-8}),
    "AdaDelta": Method(AdaDelta, 1.0, (-1, 3), {"beta": 0.9, "eps": 1e-6}),
    "Adam": Method(Adam, 1e-3, (-6, -2), _MOMENTS),
    "AdamW": Method(AdamW, 1e-3, (-6, -2), {**_MOMENTS, "weight_decay": 0.01}),
}

# A grid that spans more half-decades than this has no best rate inside.
_WIDEST = 24


@dataclass(frozen=True)
class Protocol:
    """How the comparison is made.

    Attributes:
        tuning_seeds: choose the learning rate.
        evaluation_seeds: are reported; none of them is a tuning seed.
        margin: how many rates of the grid lie beyond the best, at least, on either side.

    Raises:
        ValueError: if there are no seeds of either kind, or they overlap, or the margin is below 1.
    """

    tuning_seeds: tuple[int, ...] = (100, 101, 102, 103, 104)
    evaluation_seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
    margin: int = 2

    def __post_init__(self):
        tuning, evaluation = set(self.tuning_seeds), set(self.evaluation_seeds)
        if not tuning or not evaluation or tuning & evaluation:
            raise ValueError(f"expected two disjoint sets of seeds, got {self.tuning_seeds}, {self.evaluation_seeds}")
        if self.margin < 1:
            raise ValueError(f"margin must be >= 1, or the best rate may lie at the edge; got {self.margin}")


def tune(problem, method, protocol=Protocol()):
    """Train with every learning rate of a grid, which grows until the best one is inside.

    Args:
        problem: a :class:`ravine.problems.Problem`.
        method: a :class:`Method`.
        protocol: says which seeds, and how far inside.

    Returns:
        ``{half_decade: losses}``, ascending; a loss for each tuning seed, infinite where the run diverged.

    Raises:
        RuntimeError: if the grid has become absurdly wide and the best rate is still at its edge.
    """
    low, high = method.first
    losses = {}
    while high - low <= _WIDEST:
        for half_decade in range(low, high + 1):
            if half_decade not in losses:
                lr = learning_rate(half_decade)
                losses[half_decade] = tuple(_train(problem, method, lr, seed).loss for seed in protocol.tuning_seeds)
        best = min(range(low, high + 1), key=lambda half_decade: mean_log(losses[half_decade]))
        if low + protocol.margin <= best <= high - protocol.margin:
            return dict(sorted(losses.items()))
        low, high = min(low, best - protocol.margin), max(high, best + protocol.margin)
    raise RuntimeError(f"{problem.name}: no best learning rate for {method.optimizer.__name__} from {low} to {high}")


def compare(problem, method, protocol=Protocol()):
    """Tune an optimizer on a problem, then evaluate it on seeds that took no part in the tuning.

    Args:
        problem: a :class:`ravine.problems.Problem`.
        method: a :class:`Method`.
        protocol: a :class:`Protocol`.

    Returns:
        The :class:`Cell`.

    Raises:
        RuntimeError: as :func:`tune`.
    """
    losses = tune(problem, method, protocol)
    chosen = Cell(tuple(losses), tuple(losses.values()), (), ())
    tuned, untuned = (
        tuple(_train(problem, method, lr, seed) for seed in protocol.evaluation_seeds)
        for lr in (chosen.lr, method.default_lr)
    )
    return Cell(chosen.half_decades, chosen.tuning, tuned, untuned)


def settings(protocol=Protocol()):
    """Return everything that decides the comparison but the code, as plain JSON values."""
    methods = {
        name: {"default_lr": method.default_lr, "first": method.first, **method.hyperparameters}
        for name, method in METHODS.items()
    }
    made = [make() for make in problems.ALL]
    budgets = {problem.name: {"steps": problem.steps, "metric": problem.metric} for problem in made}
    return json.loads(json.dumps({"protocol": asdict(protocol), "problems": budgets, "optimizers": methods}))


def _train(problem, method, lr, seed):
    return problem.train(method.optimizer, seed, lr=lr, **method.hyperparameters)
