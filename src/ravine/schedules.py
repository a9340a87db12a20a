"""Learning-rate schedules: functions of the step that say what fraction of the peak rate to use.

A *schedule* is a plain function ``schedule(step) -> factor``. Steps are counted from 0: ``schedule(0)`` is for the
first update, and the last of T updates uses ``schedule(T - 1)``. This is how ``torch.optim.lr_scheduler.LambdaLR``
counts, so every schedule can be given to it as it is. The factor multiplies the optimizer's ``lr``, the peak rate;
:func:`noam` alone gives the rate itself, to be used with ``lr=1.0``. The functions below make schedules. A schedule
keeps no state: the same step has the same factor, whatever was asked before, and after its end it stays at its last
value (PyTorch's cosine would rise again).

Papers: Robbins and Monro (1951) for 1/t; He et al. (2016) for dividing by 10; Loshchilov and Hutter (2017) for the
cosine, here one half-period without restarts; Vaswani et al. (2017) for ``noam``; Hu et al. (2024) for
warmup-stable-decay, here with a linear decay.
Taught in: book/optimization/schedules.md

>>> import torch
>>> weight = torch.zeros(1, requires_grad=True)
>>> optimizer = torch.optim.SGD([weight], lr=0.5)
>>> scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, with_warmup(cosine(100), 4))
>>> optimizer.step(), scheduler.step()  # the first update, at a fifth of 0.5
(None, None)
>>> scheduler.get_last_lr()
[0.2]
"""

import math
import operator


def constant():
    """Make the schedule that does nothing.

    Returns:
        The schedule: 1 at every step.

    >>> constant()(1000)
    1.0
    """

    def schedule(step):
        _count("step", step)
        return 1.0

    return schedule


def with_warmup(schedule, steps):
    """Put a linear warm-up before a schedule, which then begins ``steps`` later.

    Args:
        schedule: what follows.
        steps: length w >= 0 of the warm-up.

    Returns:
        The schedule: at step t < w it is (t + 1) / (w + 1) times ``schedule(0)``, so that no update is wasted at rate 0
        and step w is the first at the full rate; from there on it is ``schedule(t - w)``.

    Raises:
        ValueError: if ``schedule`` is not a function or ``steps`` not an integer >= 0.

    >>> warm = with_warmup(linear(4), 3)
    >>> [warm(step) for step in range(8)]
    [0.25, 0.5, 0.75, 1.0, 0.75, 0.5, 0.25, 0.0]
    """
    if not callable(schedule):
        raise ValueError(f"expected a schedule, a function of the step, got {schedule!r}")
    warmup = _count("steps", steps)

    def warmed(step):
        step = _count("step", step)
        return schedule(0) * (step + 1) / (warmup + 1) if step < warmup else schedule(step - warmup)

    return warmed


def step_decay(milestones, *, gamma=0.1):
    """Make a staircase: multiply by ``gamma`` at each milestone.

    Args:
        milestones: increasing numbers of steps >= 0; a milestone is the first step at the lower rate.
        gamma: factor in (0, 1].

    Returns:
        The schedule: gamma ** (number of milestones that are at most t).

    Raises:
        ValueError: if the milestones do not increase or ``gamma`` is out of range.

    >>> drop = step_decay([2, 4], gamma=0.5)
    >>> [drop(step) for step in range(6)]
    [1.0, 1.0, 0.5, 0.5, 0.25, 0.25]
    """
    milestones = [_count("milestone", milestone) for milestone in milestones]
    if sorted(set(milestones)) != milestones:
        raise ValueError(f"expected milestones that increase, got {milestones}")
    gamma = _positive("gamma", gamma, most=1)

    def schedule(step):
        step = _count("step", step)
        return gamma ** sum(milestone <= step for milestone in milestones)

    return schedule


def linear(steps, *, final=0.0):
    """Make a straight line from 1 down to ``final``.

    Args:
        steps: number of updates T >= 1. The last one, step T - 1, is one short of the end of the line.
        final: fraction of the peak rate at step T and after, in [0, 1].

    Returns:
        The schedule: 1 - (1 - final) min(t / T, 1).

    Raises:
        ValueError: if an argument is out of range.

    >>> [linear(4)(step) for step in range(6)]
    [1.0, 0.75, 0.5, 0.25, 0.0, 0.0]
    """
    steps, final = _count("steps", steps, least=1), _fraction("final", final)

    def schedule(step):
        return 1 - (1 - final) * min(_count("step", step) / steps, 1.0)

    return schedule


def cosine(steps, *, final=0.0):
    """Make half a period of a cosine, from 1 down to ``final``.

    Args:
        steps: number of updates T >= 1. The last one, step T - 1, is one short of the end of the curve.
        final: fraction of the peak rate at step T and after, in [0, 1].

    Returns:
        The schedule: final + (1 - final) (1 + cos(pi min(t / T, 1))) / 2.

    Raises:
        ValueError: if an argument is out of range.

    >>> [round(cosine(4)(step), 3) for step in range(6)]
    [1.0, 0.854, 0.5, 0.146, 0.0, 0.0]
    """
    steps, final = _count("steps", steps, least=1), _fraction("final", final)

    def schedule(step):
        done = min(_count("step", step) / steps, 1.0)
        return final + (1 - final) * (1 + math.cos(math.pi * done)) / 2

    return schedule


def inverse_time(shift):
    """Make a 1/t decay, which satisfies the conditions of Robbins and Monro.

    Args:
        shift: number of steps k > 0 after which the rate has halved.

    Returns:
        The schedule: k / (k + t).

    Raises:
        ValueError: if ``shift`` is not a positive finite number.

    >>> [inverse_time(10)(step) for step in (0, 10, 90)]
    [1.0, 0.5, 0.1]
    """
    shift = _positive("shift", shift)

    def schedule(step):
        return shift / (shift + _count("step", step))

    return schedule


def inverse_sqrt(shift):
    """Make a decay with one over the square root of the step.

    Args:
        shift: number of steps k > 0; the rate has halved after 3 k.

    Returns:
        The schedule: sqrt(k / (k + t)).

    Raises:
        ValueError: if ``shift`` is not a positive finite number.

    >>> [inverse_sqrt(10)(step) for step in (0, 30)]
    [1.0, 0.5]
    """
    shift = _positive("shift", shift)

    def schedule(step):
        return math.sqrt(shift / (shift + _count("step", step)))

    return schedule


def noam(d_model, warmup):
    """Make the schedule of the Transformer: a linear warm-up, then one over the square root of the step.

    It gives the learning rate itself: use it with ``lr=1.0``. The paper counts steps s from 1, as its formula must
    (at s = 0 it has no power of -1/2); here s = t + 1. The peak (d w) ** -0.5 is at s = w, which is step w - 1. Up to
    this number it is ``with_warmup(inverse_sqrt(w), w - 1)``.

    Args:
        d_model: width d >= 1 of the model.
        warmup: steps w >= 1 up to the peak, the peak included.

    Returns:
        The schedule: d ** -0.5 * min(s ** -0.5, s * w ** -1.5).

    Raises:
        ValueError: if an argument is not an integer >= 1.

    >>> rate = noam(512, 4000)
    >>> [f"{rate(step):.2e}" for step in (0, 3999, 15999)]
    ['1.75e-07', '6.99e-04', '3.49e-04']
    """
    d_model, warmup = _count("d_model", d_model, least=1), _count("warmup", warmup, least=1)

    def schedule(step):
        s = _count("step", step) + 1
        return d_model**-0.5 * min(s**-0.5, s * warmup**-1.5)

    return schedule


def warmup_stable_decay(steps, *, warmup, decay, final=0.0):
    """Make the three-part schedule WSD: up, level, down.

    Args:
        steps: number of updates T >= 1 in all.
        warmup: updates w >= 0 on the way up, as in :func:`with_warmup`.
        decay: updates k >= 1 on the way down, a straight line as in :func:`linear`.
        final: fraction of the peak rate at step T and after, in [0, 1].

    Returns:
        The schedule: (t + 1) / (w + 1) at step t < w, 1 up to step T - k, then straight down to ``final`` at step T.

    Raises:
        ValueError: if an argument is out of range or the parts are longer than the whole.

    >>> wsd = warmup_stable_decay(8, warmup=1, decay=4)
    >>> [wsd(step) for step in range(9)]
    [0.5, 1.0, 1.0, 1.0, 1.0, 0.75, 0.5, 0.25, 0.0]
    """
    steps, warmup, decay = _count("steps", steps, least=1), _count("warmup", warmup), _count("decay", decay, least=1)
    if warmup + decay > steps:
        raise ValueError(f"expected warmup + decay <= steps = {steps}, got {warmup} + {decay}")
    down = linear(decay, final=final)

    def level_then_down(step):
        return down(max(0, step - (steps - warmup - decay)))

    return with_warmup(level_then_down, warmup)


def _count(name, value, *, least=0):
    """Return a whole number (Python's, NumPy's or a tensor's) as an int."""
    try:
        number = operator.index(value)
    except TypeError:
        number = None
    if number is None or isinstance(value, bool) or number < least:
        raise ValueError(f"{name}: expected an integer >= {least}, got {value!r}")
    return number


def _positive(name, value, *, most=math.inf):
    if not (math.isfinite(value) and 0 < value <= most):
        limit = "" if most == math.inf else f", at most {most}"
        raise ValueError(f"{name}: expected a positive finite number{limit}, got {value!r}")
    return float(value)


def _fraction(name, value):
    if not 0 <= value <= 1:
        raise ValueError(f"{name}: expected a number from 0 to 1, got {value!r}")
    return float(value)
