"""Schedules against PyTorch's schedulers, update by update, and against closed forms."""

import math

import numpy as np
import pytest
import torch
from torch.optim import lr_scheduler

from ravine import schedules
from ravine.gradient_descent import GradientDescent

PEAK = 0.3


def rates(make_scheduler, updates, lr=PEAK):
    """Learning rate of each update, as the optimizer sees it."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=lr)
    scheduler = make_scheduler(optimizer)
    seen = []
    for _ in range(updates):
        seen.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return seen


def warm(optimizer, steps, after):
    """Chain PyTorch's own linear warm-up and another scheduler."""
    rise = lr_scheduler.LinearLR(optimizer, start_factor=1 / (steps + 1), total_iters=steps)
    return lr_scheduler.SequentialLR(optimizer, [rise, after(optimizer)], milestones=[steps])


def unchanged(optimizer):
    """PyTorch's schedule that does nothing."""
    return lr_scheduler.ConstantLR(optimizer, factor=1.0, total_iters=0)


ORACLES = {
    "constant": (schedules.constant(), unchanged, 30),
    "warm-up to a constant": (
        schedules.with_warmup(schedules.constant(), 7),
        lambda o: lr_scheduler.LinearLR(o, start_factor=1 / 8, total_iters=7),
        30,
    ),
    "step_decay every 5": (
        schedules.step_decay(range(5, 31, 5), gamma=0.3),
        lambda o: lr_scheduler.StepLR(o, step_size=5, gamma=0.3),
        30,
    ),
    "step_decay": (
        schedules.step_decay([4, 9]),
        lambda o: lr_scheduler.MultiStepLR(o, milestones=[4, 9]),
        30,
    ),
    "linear": (
        schedules.linear(20, final=0.25),
        lambda o: lr_scheduler.LinearLR(o, start_factor=1.0, end_factor=0.25, total_iters=20),
        30,  # beyond the end
    ),
    "cosine": (  # PyTorch's rises again after its end: compared up to there
        schedules.cosine(20, final=0.1),
        lambda o: lr_scheduler.CosineAnnealingLR(o, T_max=20, eta_min=0.1 * PEAK),
        21,
    ),
    "warm-up, then cosine": (
        schedules.with_warmup(schedules.cosine(20), 6),
        lambda o: warm(o, 6, lambda o: lr_scheduler.CosineAnnealingLR(o, T_max=20)),
        27,
    ),
    "warmup_stable_decay": (
        schedules.warmup_stable_decay(25, warmup=5, decay=10, final=0.2),
        lambda o: lr_scheduler.SequentialLR(
            o,
            [
                lr_scheduler.LinearLR(o, start_factor=1 / 6, total_iters=5),
                unchanged(o),
                lr_scheduler.LinearLR(o, start_factor=1.0, end_factor=0.2, total_iters=10),
            ],
            milestones=[5, 15],
        ),
        30,
    ),
}


@pytest.mark.filterwarnings("ignore:The epoch parameter in `scheduler.step")  # PyTorch's SequentialLR warns of itself
@pytest.mark.parametrize(("schedule", "oracle", "updates"), ORACLES.values(), ids=ORACLES)
def test_rates_are_pytorchs(schedule, oracle, updates):
    ours = rates(lambda o: lr_scheduler.LambdaLR(o, schedule), updates)
    assert ours == pytest.approx(rates(oracle, updates), rel=1e-12, abs=1e-15)


def test_noam_is_the_papers_formula():
    for d_model, warmup in ((512, 4000), (64, 1), (100, 30)):
        rate = schedules.noam(d_model, warmup)
        for s in (1, 2, warmup - 1, warmup, warmup + 1, 7 * warmup, 100_000):
            if s >= 1:
                expected = 1 / math.sqrt(d_model) * min(1 / math.sqrt(s), s / (warmup * math.sqrt(warmup)))
                assert rate(s - 1) == pytest.approx(expected, rel=1e-12)


def test_noam_peaks_at_the_end_of_the_warm_up():
    rate = schedules.noam(512, 4000)
    values = [rate(step) for step in range(10_000)]
    assert int(np.argmax(values)) == 3999
    assert max(values) == pytest.approx((512 * 4000) ** -0.5, rel=1e-12)
    assert max(values) == pytest.approx(6.99e-4, abs=5e-7)
    assert values[0] > 0, "the first update must not be wasted"


def test_noam_is_a_warm_up_and_an_inverse_square_root():
    rate, factor = schedules.noam(256, 50), schedules.with_warmup(schedules.inverse_sqrt(50), 49)
    for step in range(500):
        assert rate(step) == pytest.approx((256 * 50) ** -0.5 * factor(step), rel=1e-12)


def test_noam_gives_the_rate_itself():
    rate = schedules.noam(512, 10)
    ours = rates(lambda o: lr_scheduler.LambdaLR(o, rate), 20, lr=1.0)
    assert ours == [rate(step) for step in range(20)]


@pytest.mark.parametrize("step", [0, 1, 5, 1000])
def test_decays_have_their_closed_forms(step):
    assert schedules.inverse_time(5)(step) == pytest.approx(1 / (1 + step / 5))
    assert schedules.inverse_sqrt(5)(step) == pytest.approx(1 / math.sqrt(1 + step / 5))


def test_inverse_time_meets_robbins_and_monro_and_its_root_does_not():
    """The sum over [t, 10 t] tends to a positive number (so the sum diverges), that of squares to 0; or not."""

    def tail(schedule, power):
        return sum(schedule(step) ** power for step in range(10_000, 100_000))

    assert tail(schedules.inverse_time(10), 1) > 20
    assert tail(schedules.inverse_time(10), 2) < 0.01
    assert tail(schedules.inverse_sqrt(10), 2) > 20, "the squares of 1/sqrt(t) do not have a finite sum"


@pytest.mark.parametrize(
    ("schedule", "end", "last"),
    [
        (schedules.cosine(10), 10, 0.0),
        (schedules.cosine(10, final=0.3), 10, 0.3),
        (schedules.linear(10, final=0.3), 10, 0.3),
        (schedules.with_warmup(schedules.cosine(10, final=0.3), 5), 15, 0.3),
        (schedules.warmup_stable_decay(10, warmup=2, decay=3, final=0.3), 10, 0.3),
    ],
)
def test_schedules_stay_at_their_end(schedule, end, last):
    assert schedule(end - 1) > last, "the last update still moves"
    assert [schedule(end), schedule(end + 1), schedule(10 * end)] == pytest.approx([last] * 3)


@pytest.mark.parametrize("warmup", [0, 1, 4])
def test_warm_up_ends_at_the_first_full_step(warmup):
    schedule = schedules.with_warmup(schedules.linear(10), warmup)
    assert [schedule(step) for step in range(warmup)] == pytest.approx([(t + 1) / (warmup + 1) for t in range(warmup)])
    assert [schedule(warmup + step) for step in range(12)] == [schedules.linear(10)(step) for step in range(12)]


def test_warm_up_rises_to_where_the_schedule_begins():
    schedule = schedules.with_warmup(lambda step: 8.0 - step, 3)
    assert [schedule(step) for step in range(5)] == [2.0, 4.0, 6.0, 8.0, 7.0]


def test_wsd_may_be_all_warm_up_and_decay():
    schedule = schedules.warmup_stable_decay(5, warmup=2, decay=3)
    assert [schedule(step) for step in range(6)] == pytest.approx([1 / 3, 2 / 3, 1, 2 / 3, 1 / 3, 0])


def test_a_schedule_keeps_no_state():
    schedule = schedules.warmup_stable_decay(20, warmup=5, decay=5)
    forth = [schedule(step) for step in range(25)]
    back = [schedule(step) for step in reversed(range(25))]
    assert forth == back[::-1]
    assert schedule(np.int64(3)) == schedule(torch.tensor(3)) == schedule(3)


def test_drives_an_optimizer_of_ours():
    weight = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    optimizer = GradientDescent([weight], lr=2.0)
    scheduler = lr_scheduler.LambdaLR(optimizer, schedules.linear(4))
    for _ in range(6):  # two updates beyond the end, at rate 0
        weight.grad = torch.ones_like(weight)
        optimizer.step()
        scheduler.step()
    assert weight.item() == pytest.approx(-2.0 * (1 + 0.75 + 0.5 + 0.25))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: schedules.constant()(-1), "step: expected an integer >= 0, got -1"),
        (lambda: schedules.cosine(10)(0.5), r"step: expected an integer >= 0, got 0\.5"),
        (lambda: schedules.noam(512, 4000)(-1), "step: expected an integer >= 0, got -1"),
        (lambda: schedules.with_warmup(schedules.constant(), 3)(-1), "step: expected an integer >= 0, got -1"),
        (lambda: schedules.cosine(0), "steps: expected an integer >= 1, got 0"),
        (lambda: schedules.linear(True), "steps: expected an integer >= 1, got True"),
        (lambda: schedules.cosine(10, final=1.5), r"final: expected a number from 0 to 1, got 1\.5"),
        (lambda: schedules.linear(10, final=math.nan), "final: expected a number from 0 to 1, got nan"),
        (lambda: schedules.step_decay([3], gamma=10), "gamma: expected a positive finite number, at most 1, got 10"),
        (lambda: schedules.step_decay([5, 3]), r"expected milestones that increase, got \[5, 3\]"),
        (lambda: schedules.step_decay([3, 3]), "expected milestones that increase"),
        (lambda: schedules.step_decay([-1]), "milestone: expected an integer >= 0, got -1"),
        (lambda: schedules.inverse_time(0), "shift: expected a positive finite number, got 0"),
        (lambda: schedules.inverse_sqrt(math.inf), "shift: expected a positive finite number, got inf"),
        (lambda: schedules.noam(512, 0), "warmup: expected an integer >= 1, got 0"),
        (lambda: schedules.noam(0, 10), "d_model: expected an integer >= 1, got 0"),
        (lambda: schedules.with_warmup(schedules.constant(), -1), "steps: expected an integer >= 0, got -1"),
        (lambda: schedules.with_warmup(0.1, 10), r"expected a schedule, a function of the step, got 0\.1"),
        (lambda: schedules.with_warmup(schedules.constant(), 2.5), r"steps: expected an integer >= 0, got 2\.5"),
        (
            lambda: schedules.warmup_stable_decay(10, warmup=6, decay=5),
            r"expected warmup \+ decay <= steps = 10, got 6 \+ 5",
        ),
        (lambda: schedules.warmup_stable_decay(10, warmup=0, decay=0), "decay: expected an integer >= 1, got 0"),
    ],
)
def test_wrong_input_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
