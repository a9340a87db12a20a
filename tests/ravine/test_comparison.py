"""The comparison of optimizers: its protocol with toy problems, its problems, the committed result."""

import functools
import inspect
import json
import math
import re

import pytest
import torch

from ravine import comparison, data, problems, results
from ravine.comparison import METHODS, Method, Protocol
from ravine.gradient_descent import GradientDescent
from ravine.problems import Problem
from ravine.results import Cell, Results, Run

SMALL = Protocol(tuning_seeds=(10, 11), evaluation_seeds=(0, 1, 2), margin=2)
PLAIN = Method(GradientDescent, 1e-3, (-4, 0), {})
#: The four problems with the smallest budgets they have.
TINY = {
    "ravine": functools.partial(problems.ravine, steps=5),
    **{make.__name__: functools.partial(make, epochs=1) for make in problems.ALL[1:]},
}


def toy(best, calls=None, steps=7):
    """A problem whose final loss is known: a parabola in log10 of the learning rate, divergence two decades above."""

    def train(optimizer, seed, *, lr):
        if calls is not None:
            calls.append((seed, lr))
        last = math.nan if lr > 101 * 10**best else 0.1 + (math.log10(lr) - best) ** 2 / 1000 + seed / 1e6
        return Run((0, steps), (1.0, last), test_loss=last, test_accuracy=0.5)

    return Problem("toy", steps, train)


@pytest.mark.parametrize("best", [-6, -3.5, -2, -1, 0, 3])
def test_the_grid_grows_until_the_best_rate_is_inside(best):
    cell = comparison.compare(toy(best), PLAIN, SMALL)
    assert cell.lr == pytest.approx(10**best, rel=2e-3)
    assert 2 <= cell.best < len(cell.lrs) - 2
    assert list(cell.half_decades) == list(range(cell.half_decades[0], cell.half_decades[-1] + 1)), "a gap in the grid"
    assert cell.half_decades[0] <= -4 and cell.half_decades[-1] >= 0, "the grid lost a part of its start"


def test_no_rate_is_tried_twice_and_no_seed_is_used_for_both():
    calls = []
    cell = comparison.compare(toy(-5, calls), PLAIN, SMALL)
    tuning = [call for call in calls if call[0] in SMALL.tuning_seeds]
    assert len(tuning) == len(set(tuning)) == 2 * len(cell.lrs)
    assert calls[len(tuning) :] == [(seed, lr) for lr in (cell.lr, 1e-3) for seed in (0, 1, 2)]


def test_a_grid_without_a_best_rate_is_given_up():
    endless = Problem("endless", 1, lambda optimizer, seed, lr: Run((0, 1), (1.0, 1 / (1 + lr))))
    with pytest.raises(RuntimeError, match="endless: no best learning rate"):
        comparison.compare(endless, PLAIN, SMALL)


def test_a_rate_at_which_one_seed_diverges_is_out():
    def train(optimizer, seed, *, lr):
        # The larger the better, but above 0.05 one of the two seeds ends higher than it began.
        return Run((0, 1), (1.0, 2.0 if lr > 0.05 and seed == 11 else 0.5 / (1 + lr)))

    cell = comparison.compare(Problem("edge", 1, train), PLAIN, SMALL)
    assert cell.lr == 0.0316
    assert cell.scores[cell.best + 1] == math.inf
    assert math.isfinite(cell.tuning[cell.best + 1][0])


@pytest.mark.parametrize(
    ("last", "diverged"), [(0.5, False), (1.0, False), (1.01, True), (math.inf, True), (math.nan, True)]
)
def test_divergence_is_ending_higher_than_the_start(last, diverged):
    run = Run((0, 1), (1.0, last))
    assert run.diverged is diverged
    assert run.loss == (math.inf if diverged else last)


@pytest.mark.parametrize(
    "wrong",
    [{"tuning_seeds": ()}, {"evaluation_seeds": ()}, {"tuning_seeds": (3, 9)}, {"margin": 0}],
    ids=lambda wrong: next(iter(wrong)),
)
def test_a_protocol_that_is_none_is_refused(wrong):
    with pytest.raises(ValueError, match=r"disjoint|margin"):
        Protocol(**{"evaluation_seeds": (3, 4), **wrong})


@pytest.mark.parametrize("name", TINY)
def test_a_run_is_decided_by_its_seed(name):
    problem = TINY[name]()
    first = problem.train(GradientDescent, 1, lr=0.001)
    torch.rand(3)
    torch.set_default_dtype(torch.float64)  # as the chapters do
    before = torch.get_rng_state()
    again = problem.train(GradientDescent, 1, lr=0.001)
    assert first == again
    assert torch.equal(before, torch.get_rng_state()), "the global generator has moved"
    assert problem.train(GradientDescent, 2, lr=0.001) != first


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", ["ravine", "logistic_regression"])
def test_every_method_gets_the_whole_budget(name, method, monkeypatch):
    taken = []
    optimizer, hyperparameters = METHODS[method].optimizer, METHODS[method].hyperparameters

    class Counting(optimizer):
        def step(self, closure=None):
            taken.append(1)
            return super().step(closure)

    problem = TINY[name]()
    run = problem.train(Counting, 0, lr=1e-3, **hyperparameters)
    assert run.steps[0] == 0
    assert len(taken) == problem.steps == run.steps[-1]
    assert len(run.steps) == len(run.losses)


@pytest.mark.parametrize("name", TINY)
def test_a_rate_far_too_large_diverges(name):
    run = TINY[name]().train(GradientDescent, 0, lr=1e12)
    assert run.diverged
    assert (run.test_loss, run.test_accuracy) == (None, None)


def test_the_ravine_is_the_ravine_elsewhere():
    # In the directions of its axes, gradient descent's loss is known in closed form.
    seed, lr, steps = 5, 0.01, 30
    run = problems.ravine(steps).train(GradientDescent, seed, lr=lr)
    angle, direction = (
        math.pi * torch.rand(2, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    ).tolist()
    along, across = math.cos(direction - angle), math.sin(direction - angle)
    start = along**2 + 100 * across**2
    expected = ((1 - lr) ** (2 * steps) * along**2 + 100 * (1 - 100 * lr) ** (2 * steps) * across**2) / start
    assert run.losses[-1] == pytest.approx(expected, rel=1e-9)
    assert run.losses[0] == 1


def test_models_are_as_small_as_said():
    for make, limit in ((problems.small_cnn, 10_000), (problems.small_transformer, 30_000)):
        (stated,) = re.findall(r"of ([\d,]+) parameters", make.__doc__)
        counted = []

        class Counting(GradientDescent):
            def __init__(self, params, lr, counted=counted):
                params = list(params)
                counted.append(sum(param.numel() for param in params))
                super().__init__(params, lr)

        make(epochs=1).train(Counting, 0, lr=1e-3)
        assert counted == [int(stated.replace(",", ""))]
        assert counted[0] < limit


def test_the_transformer_sees_order_and_everything_else():
    torch.manual_seed(0)
    model = problems.Transformer()
    x = torch.randint(10, (4, 8))
    assert model(x).shape == (4, 10, 8)
    changed = x.clone()
    changed[:, 0] = (x[:, 0] + 1) % 10
    assert ((model(changed) - model(x)).abs().amax((0, 1)) > 1e-6).all(), "a place does not look at the first one"
    assert not torch.allclose(model(x.flip(1)), model(x).flip(2), atol=1e-3), "without places, order is nothing"


def test_defaults_are_pytorchs():
    theirs = {
        **dict.fromkeys(("gradient descent", "heavy ball", "Nesterov"), torch.optim.SGD),
        "AdaGrad": torch.optim.Adagrad,
        "AdaDelta": torch.optim.Adadelta,
        **{name: getattr(torch.optim, name) for name in ("RMSprop", "Adam", "AdamW")},
    }
    assert theirs.keys() == METHODS.keys()
    for name, method in METHODS.items():
        assert method.default_lr == inspect.signature(theirs[name]).parameters["lr"].default, name
        ours = method.optimizer([torch.zeros(1, requires_grad=True)], lr=1.0).defaults
        assert {key: value for key, value in ours.items() if key != "lr"} == dict(method.hyperparameters), name


# ---- the committed result


@pytest.fixture(scope="module")
def committed():
    return data.optimizers()


def test_the_committed_result_states_how_it_was_made(committed):
    provenance = committed.provenance
    assert provenance["settings"] == comparison.settings(), "run benchmarks/optimizers.py --write again"
    assert provenance["script"] == "benchmarks/optimizers.py"
    assert re.fullmatch(r"20\d\d-\d\d-\d\d", provenance["date"])
    environment = provenance["environment"]
    assert {"python", "torch", "numpy", "scikit-learn", "machine", "cpus", "threads"} == environment.keys()
    assert environment["threads"] == 1
    assert not re.search(r"[/\\](home|root|tmp|work|Users)\b", json.dumps(provenance))


def test_the_committed_result_is_complete(committed):
    assert committed.cells.keys() == {(make().name, name) for make in problems.ALL for name in METHODS}
    for (problem, name), cell in committed.cells.items():
        assert cell.scores[cell.best] == min(cell.scores), (problem, name)
        for run in (*cell.tuned, *cell.untuned):
            assert (run.test_loss is None) is (problem == "ravine" or run.diverged)


@pytest.mark.parametrize(
    ("problem", "method"), [("ravine", "heavy ball"), ("ravine", "Adam"), ("scaled digits", "Adam")]
)
def test_a_cheap_run_gives_the_committed_number(committed, problem, method):
    cell = committed.cells[problem, method]
    made = {make().name: make for make in problems.ALL}[problem]()
    run = comparison._train(made, METHODS[method], cell.lr, 0)
    assert run.steps == cell.tuned[0].steps
    assert run.losses == pytest.approx(cell.tuned[0].losses, rel=0.02)
    assert cell.final()[0] == pytest.approx(Cell((), (), (run,), ()).final()[0], rel=0.02)


def test_results_survive_writing_and_reading(committed):
    assert results.read(results.write(committed)) == committed
    lost = Cell((-1, 0, 1), ((0.5,), (math.inf,), (0.123456789,)), (Run((0, 1), (1.0, math.nan)),), ())
    (read,) = results.read_cells(results.write(Results({}, {("p", "o"): lost}))).values()
    assert read.tuning == ((0.5,), (math.inf,), (0.1235,))
    assert read.tuned[0].diverged
    assert read.best == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda found: found["provenance"].pop("date"), "provenance lacks date"),
        (lambda found: found["cells"].pop(), "missing or too many"),
        (
            lambda found: found["cells"][0].update(tuning=[[0.1] * 5] * 7),
            "edge",
        ),
        (lambda found: found["cells"][0]["tuned"].pop(), "expected 5 runs"),
        (lambda found: found["cells"][0]["tuning"][0].pop(), "tuning runs"),
        (lambda found: found["cells"][0]["tuned"][0]["steps"].__setitem__(-1, 99), "budget"),
    ],
    ids=["provenance", "cell", "edge", "run", "tuning", "budget"],
)
def test_a_result_that_breaks_the_protocol_is_refused(committed, change, message):
    found = json.loads(results.write(committed))
    change(found)
    with pytest.raises(ValueError, match=message):
        results.read(json.dumps(found))


def test_medians_are_of_the_reported_losses():
    runs = tuple(Run((0, 1), (1.0, 0.5), test_loss=loss) for loss in (0.3, 0.1, 0.2))
    gone = (Run((0, 1), (1.0, math.nan)),) * 3
    found = Results({}, {("p", "Adam"): Cell((), (), runs, gone), ("q", "Adam"): Cell((), (), gone, runs)})
    assert found.medians("p") == {"Adam": 0.2}
    assert found.medians("p", "untuned") == {"Adam": math.inf}
