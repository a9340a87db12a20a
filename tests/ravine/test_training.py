"""``fit`` against the loop written out, scikit-learn, and closed forms."""

import functools
import math

import pytest
import torch
from torch.nn import functional

from ravine import data
from ravine.gradient_descent import GradientDescent
from ravine.training import fit


def linear(features=2, classes=2, seed=0):
    torch.manual_seed(seed)
    return torch.nn.Linear(features, classes)


def accuracy(output, y):
    return (output.argmax(1) == y).float().mean()


MOONS = data.two_moons(100, noise=0.1, seed=0).split()
SETTINGS = {"loss": functional.cross_entropy, "epochs": 3, "batch_size": 16}


def test_is_the_loop_written_out():
    x, y = MOONS.train
    model, twin = linear(), linear()
    history = fit(model, (x, y), optimizer=torch.optim.Adam(model.parameters(), lr=0.1), seed=7, **SETTINGS)
    optimizer = torch.optim.Adam(twin.parameters(), lr=0.1)
    generator = torch.Generator().manual_seed(7)
    losses = []
    for _ in range(3):
        for batch in torch.randperm(60, generator=generator).split(16):
            optimizer.zero_grad()
            loss = functional.cross_entropy(twin(x[batch]), y[batch])
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    assert history.step_losses == losses
    assert torch.equal(model.weight, twin.weight)
    # 60 examples in batches of 16, 16, 16 and 12.
    assert history.train_losses[0] == pytest.approx((16 * sum(losses[:3]) + 12 * losses[3]) / 60)
    assert len(history.train_losses) == 3


def test_full_batch_is_gradient_descent_in_closed_form():
    x, y = torch.randn(20, 1).double(), torch.randn(20, 1).double()
    model = torch.nn.Linear(1, 1, bias=False).double()
    curvature, weight = 2 * (x**2).mean(), model.weight.detach().clone()
    best = (x * y).mean() / (x**2).mean()
    optimizer = functools.partial(GradientDescent, lr=0.1)
    fit(model, (x, y), loss=functional.mse_loss, optimizer=optimizer, epochs=5, batch_size=20)
    torch.testing.assert_close(model.weight.detach(), best + (1 - 0.1 * curvature) ** 5 * (weight - best))


def test_reaches_the_optimum_that_scikit_learn_finds():
    from sklearn.linear_model import LogisticRegression

    x, y = data.iris()
    x = (x - x.mean(0)) / x.std(0)
    penalty = 0.01
    model = linear(4, 3)

    def loss(output, target):
        return functional.cross_entropy(output, target) + penalty * model.weight.square().sum() / 2

    history = fit(
        model, (x, y), loss=loss, optimizer=functools.partial(GradientDescent, lr=1.0), epochs=1500, batch_size=150
    )
    reference = LogisticRegression(C=1 / (penalty * 150), tol=1e-8, max_iter=1000).fit(x.numpy(), y.numpy())
    torch.testing.assert_close(
        model.weight.detach(), torch.tensor(reference.coef_, dtype=torch.float32), rtol=0, atol=2e-3
    )
    assert history.train_losses[-1] < history.train_losses[0]


def test_evaluation_uses_the_whole_set_in_evaluation_mode():
    model = torch.nn.Sequential(torch.nn.Dropout(0.5), linear())
    optimizer = functools.partial(GradientDescent, lr=0.1)
    x, y = MOONS.validation
    history = fit(
        model, MOONS.train, validation=MOONS.validation, optimizer=optimizer, metrics={"accuracy": accuracy}, **SETTINGS
    )
    assert not model.training
    with torch.no_grad():
        assert history.validation_losses[-1] == pytest.approx(functional.cross_entropy(model(x), y).item())
        assert history.metrics["accuracy"][-1] == pytest.approx(accuracy(model(x), y).item())
    assert len(history.validation_losses) == len(history.metrics["accuracy"]) == 3


def test_evaluation_in_parts_is_evaluation_at_once(monkeypatch):
    found = []
    for size in (7, 10_000):
        monkeypatch.setattr("ravine.training._EVALUATION_BATCH", size)
        model = linear()
        optimizer = GradientDescent(model.parameters(), lr=0.1)
        found.append(fit(model, MOONS.train, validation=MOONS.test, optimizer=optimizer, **SETTINGS).validation_losses)
    assert found[0] == pytest.approx(found[1])


def test_metrics_without_validation_are_those_of_the_training_set():
    model = linear()
    optimizer = GradientDescent(model.parameters(), lr=0.1)
    history = fit(model, MOONS.train, optimizer=optimizer, metrics={"accuracy": accuracy}, **SETTINGS)
    assert history.metrics["accuracy"][-1] == pytest.approx(accuracy(model(MOONS.train.x), MOONS.train.y).item())
    assert history.validation_losses == []


def test_scheduler_advances_every_step():
    model = linear()
    optimizer = GradientDescent(model.parameters(), lr=0.8)
    scheduler = functools.partial(torch.optim.lr_scheduler.StepLR, step_size=1, gamma=0.5)
    fit(model, MOONS.train, optimizer=optimizer, scheduler=scheduler, **SETTINGS)
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.8 * 0.5**12)  # 3 epochs of 4 batches


def test_seed_decides_the_order():
    def losses(seed):
        model = linear()
        optimizer = GradientDescent(model.parameters(), lr=0.1)
        return fit(model, MOONS.train, optimizer=optimizer, seed=seed, **SETTINGS).step_losses

    assert losses(1) == losses(1)
    assert losses(1) != losses(2)


def test_divergence_ends_the_run():
    x, y = torch.randn(32, 1), torch.randn(32, 1)
    model = torch.nn.Linear(1, 1)
    history = fit(
        model,
        (x, y),
        loss=functional.mse_loss,
        optimizer=GradientDescent(model.parameters(), lr=1e6),
        epochs=1000,
        batch_size=32,
    )
    assert history.diverged
    assert len(history.train_losses) < 20
    assert not math.isfinite(history.train_losses[-1])


def test_history_shows_itself_in_one_line():
    model = linear()
    optimizer = GradientDescent(model.parameters(), lr=0.1)
    history = fit(model, MOONS.train, optimizer=optimizer, metrics={"accuracy": accuracy}, **SETTINGS)
    shown = repr(history)
    assert shown.startswith("History(3 epochs, 12 steps, train loss ")
    assert "accuracy" in shown
    assert "\n" not in shown
    assert history.seconds > 0
    assert not history.diverged


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"epochs": 0}, "epochs must be"),
        ({"batch_size": 0}, "batch_size must be"),
        ({"batch_size": 1.5}, "batch_size must be"),
        ({"train": (torch.zeros(3, 2), torch.zeros(2).long())}, "as many inputs as targets"),
        ({"train": (torch.zeros(0, 2), torch.zeros(0).long())}, "at least one"),
        ({"loss": lambda output, y: output.sum(1)}, "scalar loss"),
    ],
)
def test_wrong_arguments_are_refused(changes, message):
    model = linear()
    arguments = {"train": MOONS.train, "optimizer": GradientDescent(model.parameters(), lr=0.1), **SETTINGS, **changes}
    with pytest.raises(ValueError, match=message):
        fit(model, **arguments)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_cuda_follows_the_cpu():
    found = {}
    for device in ("cpu", "cuda"):
        model = linear()
        optimizer = GradientDescent(model.parameters(), lr=0.1)
        found[device] = fit(model, MOONS.train, validation=MOONS.test, optimizer=optimizer, device=device, **SETTINGS)
        assert next(model.parameters()).device.type == device
    assert found["cuda"].step_losses == pytest.approx(found["cpu"].step_losses, rel=1e-4)
    assert found["cuda"].validation_losses == pytest.approx(found["cpu"].validation_losses, rel=1e-4)
