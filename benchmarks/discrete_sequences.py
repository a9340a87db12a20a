"""Forging words of brackets, adversarially and by maximum likelihood: the data behind figures of the chapter
Discrete sequences.

    python benchmarks/discrete_sequences.py [--write]

A recurrent network of 32 units learns the balanced brackets of length 8 from 500 words: by maximum likelihood, against
a discriminator, or first one and then the other. All 65,536 sequences are listed, so that every distance is exact. Each
method's learning rates and the step at which it stops are those of least total variation distance from the language,
mean of the tuning runs; a grid that has its best at an edge is extended. (The pre-trained ones begin where maximum
likelihood stops and go on with the rates of the game, to the end.) The reported runs choose nothing; run i has the same
first weights and the same 500 words with every method.

Computes every run anew and says how the result compares with the committed one. ``--write`` puts it into
src/ravine/data/discrete-sequences.json instead. Every finished method is kept in _build/benchmarks/discrete-sequences,
so that what was stopped goes on where it was; a change of the library's source or of PyTorch begins anew. About four
minutes of one core. Exit status 1 when the new result contradicts the committed one: a method that was better than
another by more than four standard errors is now worse by as much.
"""

import argparse
import itertools
import json
import math
import statistics
import sys
import time
from pathlib import Path

import torch
from provenance import digest, provenance

from proctor.files import write_atomic
from ravine.discrete_sequences import (
    SequenceDiscriminator,
    SequenceGenerator,
    all_sequences,
    brackets,
)
from ravine.sequence_training import fit_adversarial, fit_likelihood

ROOT = Path(__file__).parents[1]
CACHE = ROOT / "_build" / "benchmarks" / "discrete-sequences"
COMMITTED = ROOT / "src" / "ravine" / "data" / "discrete-sequences.json"
SOURCES = ("discrete_sequences.py", "sequence_training.py")

LENGTH, WORDS, STEPS, EVERY, BATCH = 8, 500, 1500, 100, 64
TUNING_RUNS, RUNS = 2, 8
TEMPERATURES = (0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2)
TRUTH = brackets(LENGTH)
LISTED = all_sequences(4, LENGTH)

# Exponents of the grids' learning rates, in half decades: generator, discriminator (None: there is none).
RATES, RATES_D = (-7, -6, -5), (-5, -4, -3)
METHODS = {
    "maximum likelihood": None,
    "REINFORCE, others": {"estimator": "others"},
    "pre-trained, others": {"estimator": "others"},
    "REINFORCE": {"estimator": "none"},
    "straight-through": {"estimator": "straight-through", "reward": "log"},
}


def settings():
    """Return what a method's numbers depend on, and what is committed beside them."""
    return {
        "language": f"brackets of length {LENGTH}",
        "words": WORDS,
        "steps": STEPS,
        "every": EVERY,
        "batch": BATCH,
        "runs": RUNS,
        "tuning_runs": TUNING_RUNS,
        "chosen_by": "total variation distance, mean of the tuning runs, over rates and stopping step",
        "temperatures": list(TEMPERATURES),
        "temperature of straight-through": 1.0,
    }


def measure(p):
    """Exact figures of distributions ``(runs, 4 ** LENGTH)``."""
    p = p.double()
    return {
        "tv": (p - TRUTH).abs().sum(1) / 2,
        "kl": (TRUTH[TRUTH > 0] * (TRUTH[TRUTH > 0] / p[:, TRUTH > 0]).log()).sum(1),
        "valid": p[:, TRUTH > 0].sum(1),
        "entropy": -torch.xlogy(p, p).sum(1),
    }


def train(options, rates, runs, seed, steps, begin=None):
    """Train ``runs`` networks for each pair of rates, side by side.

    Returns:
        Measures, each ``(looks, rates, runs)``, the first look before the first step; and the generators.
    """
    rng = torch.Generator().manual_seed(seed)
    networks = len(rates) * runs
    generator = SequenceGenerator(networks=runs, generator=rng)
    discriminator = SequenceDiscriminator(networks=runs, generator=rng)
    drawn = torch.multinomial(TRUTH.expand(runs, -1), WORDS, replacement=True, generator=rng)
    words = LISTED[drawn].repeat(len(rates), 1, 1)
    if begin is not None:
        generator.load_state_dict(begin)
    for module in (generator, discriminator):
        for p in module.parameters():
            p.data = p.data.repeat(len(rates), 1, 1)
    lr, d_lr = (torch.tensor([10 ** (r[i] / 2) for r in rates]).repeat_interleave(runs) for i in (0, 1))
    looks = []

    @torch.no_grad()
    def look(step):
        if step % EVERY == 0:
            looks.append(measure(generator.distribution()))

    look(0)
    common = {"steps": steps, "batch": BATCH, "seed": seed, "on_step": look}
    if options is None:
        fit_likelihood(generator, words, lr=lr, **common)
    else:
        fit_adversarial(generator, discriminator, words, lr=lr, discriminator_lr=d_lr, **options, **common)
    measures = {k: torch.stack([m[k] for m in looks]).view(-1, len(rates), runs) for k in looks[0]}
    assert networks == measures["tv"][0].numel()
    return measures, generator


def tune(options):
    """Search the grid, and extend it until its best is inside; return rates, stopping step and all scores."""
    scores, low_high = {}, [list(RATES), list(RATES_D if options is not None else (0,))]
    while True:
        new = [pair for pair in itertools.product(*low_high) if pair not in scores]
        measures, _ = train(options, new, TUNING_RUNS, 100, STEPS)
        tv = measures["tv"].mean(2).nan_to_num(1.0)  # (looks, rates)
        for i, pair in enumerate(new):
            scores[pair] = (tv[:, i].min().item(), int(tv[:, i].argmin()) * EVERY)
        best = min(scores, key=scores.get)
        print("   ", best, scores[best], flush=True)
        extended = False
        for axis, at in zip(low_high, best, strict=True):
            if len(axis) > 1 and at in (axis[0], axis[-1]):
                axis[:] = [axis[0] - 1, *axis] if at == axis[0] else [*axis, axis[-1] + 1]
                extended = True
        if not extended:
            return best, scores[best][1], scores


def compute(name, folder, done):
    """Tune one method and run its reported runs, or take them from the cache; return its cell."""
    path = folder / f"{name}.json".replace(" ", "-").replace(",", "")
    if path.exists():
        return json.loads(path.read_text())
    began, options = time.process_time(), METHODS[name]

    def begin(runs, seed):
        likelihood = done["maximum likelihood"]
        return train(None, [likelihood["rates"]], runs, seed, likelihood["stop"])[1].state_dict()

    if name.startswith("pre-trained"):  # goes on with the game's own rates, to the end: what is of interest is the way
        rates, stop, scores, start = done["REINFORCE, others"]["rates"], STEPS, {}, begin(RUNS, 0)
    else:
        (rates, stop, scores), start = tune(options), None
    measures, _ = train(options, [rates], RUNS, 0, STEPS, start)
    cell = {
        "method": name,
        "rates": list(rates),
        "stop": stop,
        "tried": [[*pair, float(f"{tv:.4g}"), at] for pair, (tv, at) in sorted(scores.items())],
        "curves": {k: rounded(m[:, 0].T) for k, m in measures.items() if k in ("tv", "valid", "entropy")},
        "at_stop": {k: rounded(m[stop // EVERY, 0]) for k, m in measures.items()},
    }
    if options is None:
        _, generator = train(None, [rates], RUNS, 0, stop)
        with torch.no_grad():
            cooled = [measure(generator.distribution(temperature)) for temperature in TEMPERATURES]
        cell["cooled"] = {k: rounded(torch.stack([c[k] for c in cooled])) for k in cooled[0]}
        counts = words_of(0)
        cell["training words"] = {k: rounded(v) for k, v in measure(counts).items() if k != "kl"}
    cell["cpu_seconds"] = round(time.process_time() - began)
    write_atomic(path, json.dumps(cell))
    return cell


def words_of(seed):
    """Empirical distributions of the reported runs' training words, ``(RUNS, 4 ** LENGTH)``."""
    rng = torch.Generator().manual_seed(seed)
    SequenceGenerator(networks=RUNS, generator=rng)
    SequenceDiscriminator(networks=RUNS, generator=rng)
    drawn = torch.multinomial(TRUTH.expand(RUNS, -1), WORDS, replacement=True, generator=rng)
    return torch.stack([d.bincount(minlength=len(TRUTH)) for d in drawn]) / WORDS


def rounded(x):
    """Return nested lists of four digits."""
    return [rounded(row) for row in x] if x.ndim else float(f"{x.item():.4g}")


def contradictions(old, new):
    """Find pairs of which one was better by over four standard errors, and is worse by as much."""

    def better(cells, one, other):
        tv = [cells[name]["at_stop"]["tv"] for name in (one, other)]
        error = math.hypot(*(statistics.stdev(t) / len(t) ** 0.5 for t in tv))
        return statistics.mean(tv[1]) - statistics.mean(tv[0]) > 4 * error

    return [
        f"{one} was better than {other}, and is worse"
        for one, other in itertools.permutations(old, 2)
        if better(old, one, other) and better(new, other, one)
    ]


def main():
    """Compute, then write or compare."""
    parser = argparse.ArgumentParser(description="discrete sequences")
    parser.add_argument("--write", action="store_true", help=f"write {COMMITTED.relative_to(ROOT)}")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    folder = CACHE / digest(SOURCES, settings())
    folder.mkdir(parents=True, exist_ok=True)
    new = {}
    for name in METHODS:
        new[name] = cell = compute(name, folder, new)
        at_stop = {k: f"{statistics.mean(v):.3f} ± {statistics.stdev(v):.3f}" for k, v in cell["at_stop"].items()}
        print(f"{name:26} rates {cell['rates']}, stop {cell['stop']}: {at_stop}, {cell['cpu_seconds']} s", flush=True)
    origin = provenance(__file__, ("torch",), settings(), cpu_seconds=sum(c["cpu_seconds"] for c in new.values()))
    if arguments.write:
        lines = ",\n".join(json.dumps(cell, separators=(",", ":")) for cell in new.values())
        text = f'{{"provenance": {json.dumps(origin, indent=2)},\n"cells": [\n{lines}\n]}}\n'
        write_atomic(COMMITTED, text)
        print(f"written: {COMMITTED.relative_to(ROOT)}, {len(text) / 1000:.1f} kB")
        return 0
    old = {cell["method"]: cell for cell in json.loads(COMMITTED.read_text(encoding="utf-8"))["cells"]}
    for name in old:
        tv = [statistics.mean(cells[name]["at_stop"]["tv"]) for cells in (old, new)]
        print(f"{name}: total variation {tv[0]:.3f} committed, {tv[1]:.3f} now")
    found = contradictions(old, new)
    print(*(found or ["the new result agrees with the committed one"]), sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
