"""REINFORCE, REINFORCE with a baseline, and A2C on CartPole: the data behind figures of chapter Actor and critic.

    python benchmarks/actor_critic.py [--write]

All have the same budget of steps of the environment, the same networks and the same critic. For each, the learning
rate and the size of a batch (episodes, or the length of a piece) are tuned: from a start, both are moved by a half
decade and by a factor of two, until every neighbor is worse. What counts is the mean length of episodes over the whole
budget, mean of the tuning seeds. The reported seeds choose nothing.

Computes every run anew and says how the result compares with the committed one. ``--write`` puts it into
src/ravine/data/actor-critic.json instead. Every finished run is kept in _build/benchmarks/actor-critic, so that what
was stopped goes on where it was; a change of the library's sources or of PyTorch begins anew. About ten minutes of one
core. Exit status 1 when the new result contradicts the committed one: a method that was better than another by more
than four standard errors is now worse by as much.
"""

import argparse
import itertools
import json
import math
import statistics
import sys
import time
from pathlib import Path

import numpy as np
import torch
from provenance import digest, provenance
from torch import nn
from torch.nn import functional

from proctor.files import write_atomic
from ravine.episodes import draw
from ravine.policy_gradient import (
    CartPole,
    PolicyNetwork,
    ValueNetwork,
    collect,
    returns,
    surrogate_loss,
)

ROOT = Path(__file__).parents[1]
CACHE = ROOT / "_build" / "benchmarks" / "actor-critic"
COMMITTED = ROOT / "src" / "ravine" / "data" / "actor-critic.json"
SOURCES = ("advantages.py", "cartpole.py", "episodes.py", "policies.py")  # what a run's numbers depend on

BUDGET, BINS = 30_000, 15
DISCOUNT, LAM, COPIES = 0.99, 0.95, 8
SCALE, VALUE_LR, VALUE_STEPS = 50.0, 0.01, 10
TUNING_SEEDS, SEEDS = range(100, 108), range(10)

# What is tuned: the learning rate, 10 to the power of half of the first number; the size, 2 to the power of the second.
METHODS = {
    "REINFORCE": ({"kind": "episodes", "baseline": False}, (-4, 2)),
    "REINFORCE, baseline": ({"kind": "episodes", "baseline": True}, (-4, 2)),
    "A2C": ({"kind": "pieces", "lam": LAM}, (-4, 5)),
    "one network, raw returns": ({"kind": "shared", "scale": 1.0}, (-4, 4)),
    "one network, scaled returns": ({"kind": "shared", "scale": SCALE}, (-4, 4)),
}
LAMBDAS = (0.0, 0.5, 0.9, 1.0)  # beside LAM; A2C with its tuned size, the learning rate tuned for each


def of_a_run():
    """Return the settings that a single run depends on."""
    return {
        "budget": BUDGET,
        "discount": DISCOUNT,
        "lam": LAM,
        "copies": COPIES,
        "critic": {"scale": SCALE, "lr": VALUE_LR, "steps for each step of the actor": VALUE_STEPS},
        "one network": "hidden layer shared, one step for each piece, value loss weighted 0.5",
    }


def settings():
    """Return what is committed beside the numbers."""
    return of_a_run() | {
        "chosen_by": "mean length of episodes over the budget, mean of the tuning seeds; every neighbor is worse",
        "tuning_seeds": list(TUNING_SEEDS),
        "seeds": list(SEEDS),
        "methods": list(METHODS),
        "lambdas": list(LAMBDAS),
    }


class SharedNetwork(nn.Module):
    """Actor and critic on one hidden layer."""

    def __init__(self, scale, generator):
        super().__init__()
        self.policy = PolicyNetwork(4, 2, generator=generator)
        self.value = ValueNetwork(4, scale=scale, generator=generator)
        self.value.layers[0] = self.policy.layers[0]


def train(seed, half_decade, doublings, *, kind, baseline=True, lam=LAM, copies=COPIES, scale=SCALE):
    """Train once; return ``[(steps so far, length)]`` of every episode that ended within the budget."""
    rng = torch.Generator().manual_seed(seed)
    shared = SharedNetwork(scale, rng)
    if kind != "shared":
        shared.value = ValueNetwork(4, scale=scale, generator=rng)
    policy, value = shared.policy, shared.value
    trained = shared if kind == "shared" else policy  # a parameter that both use is listed once
    actor = torch.optim.Adam(trained.parameters(), lr=10 ** (half_decade / 2))
    critic = torch.optim.Adam(value.parameters(), lr=VALUE_LR)

    def update(observations, actions, advantages, targets):
        """Fit the critic to its targets, then take one step of the actor; all ``(samples, ...)``."""
        for _ in range(VALUE_STEPS if kind != "shared" and baseline else 0):
            critic.zero_grad()
            functional.mse_loss(value(observations), targets).backward()
            critic.step()
        taken = policy(observations).log_softmax(-1).gather(-1, actions[:, None])
        loss = surrogate_loss(taken, advantages[:, None])
        if kind == "shared":
            loss = loss + 0.5 * functional.mse_loss(value(observations) / scale, targets / scale)
        actor.zero_grad()
        loss.backward()
        actor.step()

    if kind == "episodes":
        return whole_episodes(policy, value, update, rng, 2**doublings, baseline)
    return pieces(policy, value, update, rng, 2**doublings, copies, lam)


def whole_episodes(policy, value, update, rng, episodes, baseline):
    """REINFORCE: batches of whole episodes."""
    env, ended, steps = CartPole(episodes), [], 0
    while True:
        batch = collect(env, policy, generator=rng)
        steps += int(batch.mask.sum())
        if steps > BUDGET:
            return ended
        ended += [(steps, length) for length in batch.lengths.tolist()]
        gains = returns(batch.rewards, DISCOUNT)
        with torch.no_grad():
            advantages = gains - value(batch.observations) if baseline else gains
        update(*(x[batch.mask] for x in (batch.observations, batch.actions, advantages, gains)))


def pieces(policy, value, update, rng, length, copies, lam):
    """A2C: pieces of ``length`` steps of several copies; a copy whose episode is over begins a new one."""
    env, ended, running, rows = CartPole(copies), [], np.zeros(copies, dtype=int), []
    seen = torch.from_numpy(env.reset(rng))
    for step in itertools.count(1):
        with torch.no_grad():
            actions = draw(policy(seen).softmax(-1), rng)
        after, rewards, over, stopped = map(torch.from_numpy, env.step(actions.numpy()))
        ends, running = (over | stopped).numpy(), running + 1
        rows.append((seen, actions, rewards, after, over, over | stopped))
        ended += [(step * copies, int(n)) for n in running[ends]]
        running[ends] = env.steps[ends] = 0
        fresh = torch.rand(int(ends.sum()), 4, generator=rng, dtype=torch.float64)
        env.state[ends] = fresh.numpy() * 0.1 - 0.05
        seen = torch.from_numpy(env.state.astype(np.float32))
        if len(rows) == length:
            update(*judged(value, lam, *(torch.stack(column) for column in zip(*rows, strict=True))))
            rows = []
        if (step + 1) * copies > BUDGET:
            return ended


def judged(value, lam, observations, actions, rewards, after, over, ends):
    """Return observations, actions, advantages and targets, flat, from ``(length, copies, ...)``."""
    with torch.no_grad():
        values = value(observations)
        errors = rewards + DISCOUNT * value(after) * ~over - values
    advantages, later = torch.zeros_like(errors), torch.zeros_like(errors[0])
    for t in reversed(range(len(errors))):
        advantages[t] = later = errors[t] + DISCOUNT * lam * later * ~ends[t]
    return observations.flatten(0, 1), actions.flatten(), advantages.flatten(), (advantages + values).flatten()


def curve(ended):
    """Return the mean length of the episodes that ended in each of ``BINS`` equal parts of the budget."""
    means, last = [], 10.0
    for low in range(0, BUDGET, BUDGET // BINS):
        lengths = [n for steps, n in ended if low < steps <= low + BUDGET // BINS]
        last = statistics.mean(lengths) if lengths else last
        means.append(float(f"{last:.4g}"))
    return means


def run(name, options, at, seed, folder):
    """Return the curve of one run, trained or from the cache."""
    path = folder / f"{name} {at[0]} {at[1]} {seed}.json".replace(" ", "-").replace(",", "")
    if not path.exists():
        write_atomic(path, json.dumps(curve(train(seed, *at, **options))))
    return json.loads(path.read_text())


def tune(name, options, start, folder, moves):
    """Move until every neighbor is worse; return the best place and the scores of all that were tried."""
    scores = {}

    def score(at):
        if at not in scores:
            runs = [statistics.mean(run(name, options, at, seed, folder)) for seed in TUNING_SEEDS]
            scores[at] = statistics.mean(runs)
        return scores[at]

    best = start
    while True:
        around = [(best[0] + a, best[1] + b) for a, b in moves]
        ahead = max([best, *around], key=score)
        if ahead == best:
            return best, scores
        best = ahead


def compute(name, options, start, folder, moves=((-1, 0), (1, 0), (0, -1), (0, 1))):
    """Tune one method, then run its reported seeds; return its cell."""
    began = time.process_time()
    at, scores = tune(name, options, start, folder, moves)
    curves = [run(name, options, at, seed, folder) for seed in SEEDS]
    print(
        f"{name:28} lr {10 ** (at[0] / 2):<7.3g} size {2 ** at[1]:<4} of {len(scores)}: mean length"
        f" {np.mean(curves):.0f}, last fifth {np.mean([c[-3:] for c in curves]):.0f},"
        f" {time.process_time() - began:.0f} s",
        flush=True,
    )
    return {
        "method": name,
        "lr": float(f"{10 ** (at[0] / 2):.3g}"),
        "size": 2 ** at[1],
        "tried": [[*place, float(f"{value:.4g}")] for place, value in sorted(scores.items())],
        "curves": curves,
    }


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
    folder = CACHE / digest(SOURCES, of_a_run())
    folder.mkdir(parents=True, exist_ok=True)
    cells = [compute(name, options, start, folder) for name, (options, start) in METHODS.items()]
    a2c = next(cell for cell in cells if cell["method"] == "A2C")
    start = round(2 * math.log10(a2c["lr"])), round(math.log2(a2c["size"]))
    for lam in LAMBDAS:
        options = {"kind": "pieces", "lam": lam}
        cells.append(compute(f"A2C, lambda {lam:g}", options, start, folder, moves=((-1, 0), (1, 0))))
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
