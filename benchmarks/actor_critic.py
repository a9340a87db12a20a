"""REINFORCE, with and without a baseline, and A2C on CartPole: the data behind figures of chapter Actor and critic.

    python benchmarks/actor_critic.py [--write]

All have the same budget of steps of the environment and the same networks. Each is tuned: from a start, the numbers
that it may choose (:class:`Place`) are moved, one at a time, until every neighbor is worse on the tuning runs. The
reported runs choose nothing. What counts is the mean length of 16 episodes played by the policy as it is after every
2,000 steps, outside the budget, mean over the whole budget: so an episode that is long does not count late.

The runs of one method are trained side by side, their networks stacked and their losses added, so that each meets only
its own; ten runs cost little more than one.

Computes everything anew and says how the result compares with the committed one. ``--write`` puts it into
src/ravine/data/actor-critic.json instead. What was finished is kept in _build/benchmarks/actor-critic, so that what was
stopped goes on where it was; a change of this script, of the library's sources or of PyTorch begins anew. About four
minutes of one core. Exit status 1 when the new result contradicts the committed one: a method that was better than
another by more than four standard errors is now worse by as much.
"""

import argparse
import hashlib
import itertools
import json
import math
import statistics
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from provenance import digest, provenance

from proctor.files import write_atomic
from ravine.policy_gradient import CartPole, PolicyNetwork, ValueNetwork

ROOT = Path(__file__).parents[1]
CACHE = ROOT / "_build" / "benchmarks" / "actor-critic"
COMMITTED = ROOT / "src" / "ravine" / "data" / "actor-critic.json"
SOURCES = ("cartpole.py", "policies.py")  # what a run's numbers depend on, beside this file

BUDGET, CHECKPOINTS, EPISODES = 30_000, 15, 16
DISCOUNT, SCALE, CRITIC_STEPS = 0.99, 50.0, 10
LAMBDAS = (0.0, 0.5, 0.8, 0.9, 0.95, 0.98, 1.0)
TUNING, REPORTED = range(100, 108), range(20)


class Place(NamedTuple):
    """The numbers that can be tuned, as places on their grids."""

    lr: int  # of the actor: 10 to the power of half of it
    size: int  # episodes of a batch, or steps of a piece: 2 to its power
    critic_lr: int = -4  # like lr
    copies: int = 3  # of the task, where pieces are played: 2 to its power
    lam: int = LAMBDAS.index(1.0)  # place in LAMBDAS

    def numbers(self):
        """Return the numbers themselves."""
        rates = {name: float(f"{10 ** (getattr(self, name) / 2):.3g}") for name in ("lr", "critic_lr")}
        return rates | {"size": 2**self.size, "copies": 2**self.copies, "lam": LAMBDAS[self.lam]}


@dataclass(frozen=True)
class Method:
    """What is not tuned, and the names of what is."""

    free: tuple[str, ...] = ("lr", "size")
    whole: bool = False  # batches of whole episodes; otherwise pieces, cut wherever they are full
    critic: bool = True
    bootstrap: bool = True  # ask the critic where the clock ran out; otherwise nothing comes after
    critic_lam: float | None = None  # lambda of the critic's targets, if it is another
    shared: bool = False  # one hidden layer for actor and critic, one step of both losses, added
    head: float = SCALE  # what the critic's last layer is multiplied by
    divided_by: float = SCALE  # what the critic's errors are divided by in the shared loss


EPISODIC = {
    "REINFORCE": (Method(("lr", "size"), whole=True, critic=False, bootstrap=False), Place(-3, 1)),
    "REINFORCE, baseline": (Method(("lr", "size", "critic_lr"), whole=True, bootstrap=False), Place(-3, 1)),
}
SHOWN_LAMBDAS = (0.0, 0.9, 1.0)


def settings():
    """Return what is committed beside the numbers."""
    return {
        "budget": BUDGET,
        "checkpoints": CHECKPOINTS,
        "episodes at each": EPISODES,
        "discount": DISCOUNT,
        "critic": {"scale": SCALE, "steps for each step of the actor": CRITIC_STEPS},
        "one network": "hidden layer shared, one step for each piece, squared error weighted 0.5",
        "lambdas": list(LAMBDAS),
        "chosen_by": "mean length over the checkpoints, mean of the tuning runs; every neighbor is worse",
        "tuning_seeds": list(TUNING),
        "seeds": list(REPORTED),
    }


class Learners:
    """Actors and critics of several runs, their weights stacked along the first axis."""

    def __init__(self, generators, method, place):
        pairs = [
            (PolicyNetwork(4, 2, generator=g), ValueNetwork(4, scale=method.head, generator=g)) for g in generators
        ]
        self.actor, self.judge = (
            [torch.stack([p.detach() for p in column]).requires_grad_() for column in zip(*weights, strict=True)]
            for weights in ([list(network.parameters()) for network in kind] for kind in zip(*pairs, strict=True))
        )
        self.method, rates = method, place.numbers()
        trained = self.actor
        if method.shared:
            self.judge[:2] = self.actor[:2]
            trained = self.actor + self.judge[2:]
        self.actor_optimizer = torch.optim.Adam(trained, lr=rates["lr"], fused=True)
        self.critic_optimizer = torch.optim.Adam(self.judge, lr=rates["critic_lr"], fused=True)

    def values(self, observations):
        """Return ``(runs, ...)`` for ``(runs, ..., 4)``."""
        flat = observations.flatten(1, -2)
        return self.method.head * network(self.judge, flat).view(observations.shape[:-1])

    def update(self, observations, actions, advantages, targets, weights):
        """Fit the critics, then take a step of the actors; ``(runs, samples, ...)``, the weights of a run add to 1."""
        for _ in range(CRITIC_STEPS if self.method.critic and not self.method.shared else 0):
            self.critic_optimizer.zero_grad()
            (weights * (self.values(observations) - targets) ** 2).sum().backward()
            self.critic_optimizer.step()
        logs = network(self.actor, observations).log_softmax(-1).gather(-1, actions[..., None]).squeeze(-1)
        loss = -(weights * advantages * logs).sum()
        if self.method.shared:
            errors = (self.values(observations) - targets) / self.method.divided_by
            loss = loss + 0.5 * (weights * errors**2).sum()
        self.actor_optimizer.zero_grad()
        loss.backward()
        self.actor_optimizer.step()


def network(weights, x):
    """One hidden layer of tanh for each run: ``(runs, n, outputs)`` from ``(runs, n, inputs)``."""
    first, first_bias, last, last_bias = weights
    hidden = torch.baddbmm(first_bias[:, None], x, first.mT).tanh()
    return torch.baddbmm(last_bias[:, None], hidden, last.mT)


def step(env, actor, seen, rng):
    """Play one step of every copy; return actions, what came of them, and the two kinds of end, ``(runs, n, ...)``.

    In NumPy, like the environment: for so few numbers a call of PyTorch takes longer than its work.
    """
    first, first_bias, last, last_bias = (p.detach().numpy() for p in actor)
    hidden = np.tanh(seen @ first.swapaxes(1, 2) + first_bias[:, None])
    logits = hidden @ last.swapaxes(1, 2) + last_bias[:, None]
    chance = torch.rand(seen.shape[:2], generator=rng, dtype=torch.float64).numpy()
    actions = (chance >= 1 / (1 + np.exp(logits[..., 1] - logits[..., 0]))).astype(np.int64)
    came = env.step(actions.reshape(-1))
    return actions, *(array.reshape(*seen.shape[:2], *array.shape[1:]) for array in came)


def stacked(rows):
    """Return tensors ``(runs, n, T, ...)`` from a list of T rows."""
    return [torch.from_numpy(np.stack(column, 2)) for column in zip(*rows, strict=True)]


class Record:
    """The actors as they were at each checkpoint."""

    def __init__(self, actor):
        self.actor = actor
        self.kept = [p.detach()[:, None].repeat(1, CHECKPOINTS, *[1] * (p.dim() - 1)) for p in actor]
        self.taken = torch.zeros(len(actor[0]), CHECKPOINTS, dtype=torch.bool)
        self.at = BUDGET // CHECKPOINTS * torch.arange(1, CHECKPOINTS + 1)

    def update(self, steps):
        """Keep the actors of the runs that have passed a checkpoint, after ``steps`` steps, ``(runs,)``."""
        new = (steps[:, None] >= self.at) & ~self.taken
        for kept, now in zip(self.kept, self.actor, strict=True):
            kept[new] = now.detach()[new.nonzero(as_tuple=True)[0]]
        self.taken |= new

    def lengths(self, rng):
        """Return the mean length of the episodes that each of the actors plays, ``(runs, checkpoints)``."""
        actors = [kept.flatten(0, 1) for kept in self.kept]
        env = CartPole(len(actors[0]) * EPISODES)
        seen = env.reset(rng).reshape(-1, EPISODES, 4)
        while True:
            _, seen, _, over, stopped = step(env, actors, seen, rng)
            if (over | stopped).all():
                return env.steps.reshape(*self.taken.shape, EPISODES).mean(-1)


def train(seeds, method, place):
    """Train a run for each seed; return the mean lengths at the checkpoints, ``(runs, checkpoints)``."""
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]
    learners = Learners(generators, method, place)
    record, play = Record(learners.actor), whole_episodes if method.whole else pieces
    for rows, steps in play(learners.actor, place, generators[0]):
        record.update(steps)
        learners.update(*judged(learners, method, LAMBDAS[place.lam], *rows))
        if record.taken.all():
            return record.lengths(generators[0])
    raise AssertionError("unreachable")


def whole_episodes(actor, place, rng):
    """Yield batches of whole episodes, and the steps so far; runs that have spent the budget play no more."""
    runs, n = len(actor[0]), 2**place.size
    env, steps = CartPole(runs * n), torch.zeros(runs, dtype=torch.int64)
    while True:
        seen = env.reset(rng).reshape(runs, n, 4)
        live = np.repeat(steps.numpy()[:, None] < BUDGET, n, 1)
        env.steps[~live.reshape(-1)] = env.limit
        rows = []
        while live.any():
            actions, after, rewards, over, stopped = step(env, actor, seen, rng)
            rows.append((seen, actions, rewards, after, over, over | stopped, live))
            seen, live = after, live & ~(over | stopped)
        rows = stacked(rows)
        steps = steps + rows[-1].sum((1, 2))
        yield rows, steps


def pieces(actor, place, rng):
    """Yield pieces of equal length of several copies; a copy whose episode is over begins a new one."""
    runs, n = len(actor[0]), 2**place.copies
    env, rows = CartPole(runs * n), []
    seen = env.reset(rng).reshape(runs, n, 4)
    for played in itertools.count(1):
        actions, after, rewards, over, stopped = step(env, actor, seen, rng)
        rows.append((seen, actions, rewards, after, over, over | stopped, np.ones((runs, n), dtype=bool)))
        ends = (over | stopped).reshape(-1)
        fresh = torch.rand(int(ends.sum()), 4, generator=rng, dtype=torch.float64)
        env.state[ends], env.steps[ends] = fresh.numpy() * 0.1 - 0.05, 0
        seen = env.state.astype(np.float32).reshape(runs, n, 4)
        if len(rows) == 2**place.size:
            yield stacked(rows), torch.full((runs,), played * n)
            rows = []


def judged(learners, method, lam, observations, actions, rewards, after, over, ends, live):
    """Return samples, advantages, targets and weights, ``(runs, samples, ...)``, from ``(runs, n, T, ...)``."""
    with torch.no_grad():
        values, later = torch.zeros_like(rewards), torch.zeros_like(rewards)
        if method.critic:
            values, later = learners.values(observations), learners.values(after)
    later = later * ~(over if method.bootstrap else ends)
    errors = rewards + DISCOUNT * later - values
    advantages = summed(errors, lam, ends)
    wanted = advantages if method.critic_lam is None else summed(errors, method.critic_lam, ends)
    weights = live / live.sum((1, 2), keepdim=True).clamp(min=1)
    return [x.flatten(1, 2) for x in (observations, actions, advantages, wanted + values, weights)]


def summed(errors, lam, ends):
    """Return GAE: the TD errors from each step on, fading by gamma times lambda, up to the end of the episode."""
    sums, later = torch.zeros_like(errors), torch.zeros_like(errors[..., 0])
    for t in reversed(range(errors.shape[-1])):
        sums[..., t] = later = errors[..., t] + DISCOUNT * lam * later * ~ends[..., t]
    return sums


def runs(method, place, seeds, folder):
    """Return the curves of a method's runs, trained or from the cache."""
    what = hashlib.sha256(repr(replace(method, free=())).encode()).hexdigest()[:8]  # not its name: variants share runs
    path = folder / f"{what}-{'_'.join(map(str, place))}-{seeds[0]}.json"
    if not path.exists():
        lengths = train(seeds, method, place).tolist()
        write_atomic(path, json.dumps([[float(f"{x:.4g}") for x in row] for row in lengths]))
    return json.loads(path.read_text())


def tune(method, start, folder):
    """Move until every neighbor is worse; return the best place and the scores of all that were tried."""
    scores = {}

    def score(place):
        if place not in scores:
            scores[place] = float(np.mean(runs(method, place, TUNING, folder)))
        return scores[place]

    def neighbors(place):
        for field, move in itertools.product(method.free, (-1, 1)):
            moved = place._replace(**{field: getattr(place, field) + move})
            if 0 <= moved.lam < len(LAMBDAS) and moved.copies >= 0 and moved.size >= 0:
                yield moved

    best = start
    while True:
        ahead = max([best, *neighbors(best)], key=score)
        if ahead == best:
            return best, scores
        best = ahead


def compute(name, method, start, folder):
    """Tune one method, then run its reported seeds; return its cell."""
    began = time.process_time()
    place, scores = tune(method, start, folder)
    curves = runs(method, place, REPORTED, folder)
    means = np.mean(curves, 1)
    print(
        f"{name:28} {place.numbers()}, of {len(scores)}: {means.mean():.0f} ± {means.std(ddof=1):.0f},"
        f" last fifth {np.mean([c[-3:] for c in curves]):.0f}, {time.process_time() - began:.0f} s",
        flush=True,
    )
    return {
        "method": name,
        **{key: value for key, value in place.numbers().items() if key in ("lr", "size", "lam", *method.free)},
        "tuned": list(method.free),
        "tried": [[*at, float(f"{value:.4g}")] for at, value in sorted(scores.items())],
        "curves": curves,
    }, place


def compute_all(folder):
    """Return all cells. A variant begins where the method that it varies ended, and keeps what it does not tune."""
    cells = []

    def add(name, method, start):
        cell, best = compute(name, method, start, folder)
        cells.append(cell)
        return best

    for name, (method, start) in EPISODIC.items():
        add(name, method, start)
    best = add("A2C", Method(("lr", "size", "critic_lr", "copies", "lam")), Place(-4, 4))
    for kind, scale in (("raw", 1.0), ("scaled", SCALE)):
        add(f"one network, {kind} returns", Method(shared=True, head=scale, divided_by=scale), best)
    for lam in SHOWN_LAMBDAS:
        add(f"A2C, lambda {lam:g}", Method(), best._replace(lam=LAMBDAS.index(lam)))
    add("A2C, lambda 0 for the actor", Method(critic_lam=LAMBDAS[best.lam]), best._replace(lam=0))
    add("A2C, lambda 0 for the critic", Method(critic_lam=0.0), best)
    return cells


def contradictions(old, new):
    """Find pairs of which one was better by over four standard errors, and is worse by as much."""

    def better(cells, one, other):
        means = [[statistics.mean(c) for c in cells[name]["curves"]] for name in (one, other)]
        error = math.hypot(*(statistics.stdev(m) / len(m) ** 0.5 for m in means))
        return statistics.mean(means[0]) - statistics.mean(means[1]) > 4 * error

    return [
        f"{one} was better than {other}, and is worse"
        for one, other in itertools.permutations(old, 2)
        if better(old, one, other) and better(new, other, one)
    ]


def main():
    """Compute, then write or compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help=f"write {COMMITTED.relative_to(ROOT)}")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    code = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()
    folder = CACHE / digest(SOURCES, code)
    folder.mkdir(parents=True, exist_ok=True)
    cells = compute_all(folder)
    origin = provenance(__file__, ("torch", "numpy"), settings())
    lines = ",\n".join(json.dumps(cell, separators=(",", ":")) for cell in cells)
    if arguments.write:
        text = f'{{"provenance": {json.dumps(origin, indent=2)},\n"cells": [\n{lines}\n]}}\n'
        write_atomic(COMMITTED, text)
        print(f"written: {COMMITTED.relative_to(ROOT)}, {len(text) / 1000:.1f} kB")
        return 0
    new = {cell["method"]: cell for cell in cells}
    old = {cell["method"]: cell for cell in json.loads(COMMITTED.read_text(encoding="utf-8"))["cells"]}
    for name in old:
        print(
            f"{name}: mean length {np.mean(old[name]['curves']):.0f} committed, {np.mean(new[name]['curves']):.0f} now"
        )
    found = contradictions(old, new)
    print(*(found or ["the new result agrees with the committed one"]), sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
