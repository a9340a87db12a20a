"""``descend`` records what the optimizer did, and stops where it should."""

import math
import time

import pytest
import torch

from ravine import landscapes
from ravine.descent import Path, descend
from ravine.gradient_descent import GradientDescent

QUADRATIC = landscapes.quadratic(condition=10)


def loop(landscape, method, steps, **hyperparameters):
    """The obvious loop, by autograd: what ``descend`` must agree with."""
    params = torch.tensor(landscape.start, dtype=torch.float64).requires_grad_()
    optimizer = method([params], **hyperparameters)
    points = [params.detach().clone()]
    for _ in range(steps):
        optimizer.zero_grad()
        landscape(params).backward()
        optimizer.step()
        points.append(params.detach().clone())
    return torch.stack(points)


@pytest.mark.parametrize("name", landscapes.ALL)
@pytest.mark.parametrize(
    ("method", "hyperparameters"),
    [
        (GradientDescent, {"lr": 1e-4}),
        (torch.optim.SGD, {"lr": 1e-4, "momentum": 0.5}),
        (torch.optim.Adam, {"lr": 1e-3}),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_path_is_that_of_the_obvious_loop(name, method, hyperparameters):
    landscape = landscapes.ALL[name]()
    path = descend(landscape, method, steps=230, **hyperparameters)  # more than one chunk
    torch.testing.assert_close(path.params, loop(landscape, method, 230, **hyperparameters), rtol=1e-8, atol=1e-8)
    torch.testing.assert_close(path.losses, landscape(path.params))
    torch.testing.assert_close(path.grad_norms, landscape.grad(path.params).norm(dim=1))
    assert path.params.shape == (231, 2)
    assert path.losses.shape == path.grad_norms.shape == (231,)
    assert path.steps == 230


def test_a_function_is_walked_like_its_landscape():
    def function(params):
        return QUADRATIC(params)

    as_landscape = descend(QUADRATIC, GradientDescent, steps=30, until=1e-3, lr=0.15)
    as_function = descend(function, GradientDescent, start=QUADRATIC.start, steps=30, until=1e-3, lr=0.15)
    torch.testing.assert_close(as_function.params, as_landscape.params)
    torch.testing.assert_close(as_function.losses, as_landscape.losses)
    torch.testing.assert_close(as_function.grad_norms, as_landscape.grad_norms)


def test_a_function_of_many_parameters():
    target = torch.arange(5.0).double()
    path = descend(lambda w: ((w - target) ** 2).sum(), GradientDescent, start=torch.zeros(5), steps=100, lr=0.25)
    torch.testing.assert_close(path.params[-1], target)
    assert path.params.shape == (101, 5)


def test_closed_form_of_gradient_descent_on_a_quadratic():
    lr, steps = 0.15, 40
    path = descend(QUADRATIC, GradientDescent, steps=steps, lr=lr)
    shrink = 1 - lr * torch.tensor([1.0, 10.0], dtype=torch.float64)
    expected = torch.tensor(QUADRATIC.start, dtype=torch.float64) * shrink ** torch.arange(steps + 1)[:, None]
    torch.testing.assert_close(path.params, expected, rtol=1e-12, atol=1e-12)


def test_until_cuts_at_the_first_point_that_is_low_enough():
    whole = descend(QUADRATIC, GradientDescent, steps=500, lr=0.15)
    cut = descend(QUADRATIC, GradientDescent, steps=500, until=1e-4, lr=0.15)
    assert cut.steps == whole.steps_to(1e-4) < 500
    assert cut.losses[-1] <= 1e-4 < cut.losses[-2]
    assert torch.equal(cut.params, whole.params[: cut.steps + 1])
    assert descend(QUADRATIC, GradientDescent, start=(0.0, 0.0), steps=5, until=0, lr=0.1).steps == 0


def test_until_counts_from_the_minimum_of_a_function():
    def raised(params):
        return 3 + (params**2).sum()

    raised.minimum = 3
    path = descend(raised, GradientDescent, start=(1.0,), steps=500, until=1e-3, lr=0.1)
    assert path.minimum == 3
    assert 0 < path.steps == path.steps_to(1e-3) < 500


def test_runaway_path_ends_at_its_first_infinite_point():
    for loss, start in ((landscapes.rosenbrock(), None), (lambda w: landscapes.rosenbrock()(w), (-1.2, 1.0))):
        path = descend(loss, GradientDescent, start=start, steps=1000, lr=0.01)
        assert path.diverged
        assert path.steps < 50
        assert not math.isfinite(path.losses[-1])
        assert path.losses[:-1].isfinite().all()


def test_diverged_tells_growth_from_convergence():
    assert descend(QUADRATIC, GradientDescent, steps=100, lr=0.21).diverged  # beyond 2 / 10
    assert not descend(QUADRATIC, GradientDescent, steps=100, lr=0.19).diverged
    assert not descend(QUADRATIC, GradientDescent, start=(0.0, 0.0), steps=10, lr=0.19).diverged


def test_steps_to():
    path = Path(torch.zeros(4, 2), torch.tensor([9.0, 3.0, 4.0, 2.5]), torch.zeros(4), minimum=2.0)
    assert (path.steps_to(7), path.steps_to(1), path.steps_to(0.5), path.steps_to(0.1)) == (0, 1, 3, None)
    for gap in (-1, math.nan):
        with pytest.raises(ValueError, match="gap must be"):
            path.steps_to(gap)


def test_optimizer_that_needs_a_closure():
    path = descend(landscapes.rosenbrock(), torch.optim.LBFGS, steps=20, until=1e-9, line_search_fn="strong_wolfe")
    assert path.steps_to(1e-9) is not None


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_dtype(dtype):
    path = descend(QUADRATIC, GradientDescent, steps=3, dtype=dtype, lr=0.1)
    assert path.params.dtype == path.losses.dtype == path.grad_norms.dtype == dtype
    params = torch.tensor(QUADRATIC.start, dtype=dtype)
    torch.testing.assert_close(path.params[1], params - 0.1 * QUADRATIC.grad(params))


def test_start_is_not_changed_and_zero_steps_are_allowed():
    start = torch.tensor([1.0, 1.0], dtype=torch.float64)
    descend(QUADRATIC, GradientDescent, start=start, steps=3, lr=0.1)
    assert start.tolist() == [1.0, 1.0]
    assert descend(QUADRATIC, GradientDescent, steps=0, lr=0.1).params.tolist() == [list(QUADRATIC.start)]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"steps": -1}, "steps must be"),
        ({"steps": 2.0}, "steps must be"),
        ({"until": -1e-3}, "until must be"),
        ({"until": math.nan}, "until must be"),
        ({"start": (1.0, 2.0, 3.0)}, "two parameters"),
        ({"start": (math.nan, 0.0)}, "finite"),
        ({"start": 1.0}, "vector"),
        ({"landscape": lambda w: (w**2).sum()}, "pass start"),
        ({"landscape": lambda w: w**2, "start": (1.0, 2.0)}, "scalar"),
    ],
)
def test_wrong_arguments_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        descend(**{"landscape": QUADRATIC, "method": GradientDescent, "steps": 3, "lr": 0.1, **changes})


def test_repr_is_one_short_line():
    shown = repr(descend(QUADRATIC, GradientDescent, steps=3, lr=0.1))
    assert shown.startswith("Path(3 steps, loss ")
    assert len(shown) < 80


@pytest.mark.slow
def test_ten_thousand_steps_take_seconds_at_most():
    began = time.process_time()
    descend(landscapes.rosenbrock(), torch.optim.Adam, steps=10_000, lr=1e-3)
    assert time.process_time() - began < 5  # a tenth of that is usual


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_start_on_cuda_stays_there():
    start = torch.tensor(QUADRATIC.start, device="cuda")
    path = descend(QUADRATIC, GradientDescent, start=start, steps=300, lr=0.1)
    assert path.params.is_cuda
    torch.testing.assert_close(
        path.params.cpu(), descend(QUADRATIC, GradientDescent, start=start.cpu(), steps=300, lr=0.1).params
    )
