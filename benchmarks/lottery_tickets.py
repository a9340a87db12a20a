"""Lottery tickets and their controls: the data behind chapter Lottery tickets.

    python benchmarks/lottery_tickets.py [--write]

Networks 196-100-50-10 learn digits. Masks come from pruning by magnitude, in rounds or at once; networks with these
masks, or with masks that know less, start from their initial weights, or from others, and are trained. Each of them
has two learning rates of its own, the best of a grid that grows until its best is inside: for accuracy (on the
validation set, at the step of the least validation loss), and for speed (steps to a validation accuracy of 0.9); chosen
with other seeds than those reported. Test accuracy is that of the weights of the least validation loss.

Computes every run anew and says how the accuracies compare with the committed ones. ``--write`` puts the result into
src/ravine/data/lottery-tickets.json instead. Every finished part is kept in _build/benchmarks/lottery_tickets, so that
what was stopped goes on where it was; a change of the library's sources or of PyTorch begins anew. About ten minutes
of one core. Exit status 1 when the new result contradicts the committed one: a way that was clearly better than
another (every seed) is now clearly worse.
"""

import argparse
import copy
import itertools
import json
import math
import statistics
import sys
import time
from pathlib import Path

import torch
from provenance import digest, provenance, rounded

from proctor.files import write_atomic
from ravine import pruning
from ravine.lottery_tickets import Networks, digits14, find_tickets, go_back_, shuffled, train, with_other_values

ROOT = Path(__file__).parents[1]
CACHE = ROOT / "_build" / "benchmarks" / "lottery_tickets"
COMMITTED = ROOT / "src" / "ravine" / "data" / "lottery-tickets.json"
# What a run's numbers depend on.
SOURCES = ("data/__init__.py", "lottery_tickets.py", "masking.py", "pruning.py")

SIZES, STEPS, REWIND = (196, 100, 50, 10), 700, 50
TUNING_SEEDS, SEEDS = (10, 11, 12), (0, 1, 2, 3, 4, 5)
LEFT, LADDER, FOUND_AT = (0.5, 0.2, 0.1, 0.05, 0.02, 0.01), (0.1, 0.05, 0.02), 0.05
TARGET = 0.9
MAIN = ("ticket", "one-shot", "re-initialized", "shuffled in layers", "random mask")
LADDERS = (
    "inputs kept",
    "degrees kept",
    "live pixels",
    "exchanged values",
    "exchanged signs",
    "random signs",
    "signs only",
    "rewound",
    "trained on",
)
OTHER_RATES = ("ticket, lower rate", "re-initialized, lower rate", "ticket, higher rate", "re-initialized, higher rate")


def settings():
    """Return what is committed beside the numbers."""
    return {
        "data": "MNIST-5k averaged to 14 x 14, split(seed=0): 3,000 to learn from, 1,000 to choose, 1,000 to test",
        "network": list(SIZES),
        "optimizer": "Adam, betas (0.9, 0.999); batches of 60",
        "steps": STEPS,
        "left": list(LEFT),
        "rounds": "two from each share to the next, each keeping the same part",
        "found_with": "the dense network's rate for accuracy; lower and higher: half a decade beside it",
        "rewind": REWIND,
        "target": TARGET,
        "chosen_by": (
            "accuracy: validation accuracy at the least validation loss; speed: steps to the target, at most all; "
            "means of the tuning seeds, best inside a grid of half decades"
        ),
        "tuning_seeds": list(TUNING_SEEDS),
        "seeds": list(SEEDS),
        "methods": ["dense", *MAIN, *LADDERS, *OTHER_RATES],
    }


def shares():
    """Return the share left after each round."""
    rounds, before = [], 1.0
    for share in LEFT:
        rounds += [math.sqrt(before * share), share]
        before = share
    return rounds


def rate(half_decade):
    """Return a learning rate to three digits."""
    return float(f"{10 ** (half_decade / 2):.3g}")


class Lab:
    """Networks of some seeds, and all the masks and states that the methods need of them."""

    def __init__(self, seeds, folder):
        self.seeds, self.folder = seeds, folder
        self.split = digits14().split(seed=0)
        self.seconds = 0.0

    def kept(self, name, make):
        """Return what ``make`` returns, made once and read ever after."""
        path = self.folder / f"{name} of {len(self.seeds)}.pt".replace(" ", "-")
        if not path.exists():
            began = time.process_time()
            made = make()
            torch.save((made, time.process_time() - began), path.with_suffix(".part"))
            path.with_suffix(".part").replace(path)
        made, seconds = torch.load(path)
        self.seconds += seconds
        return made

    def tickets(self, half_decade, rewind=0):
        """Find masks in rounds; return them, those of one-shot pruning, and the states before the cuts and at rewind.

        Every mask and state is by the share left.
        """

        def make():
            model, before = Networks(SIZES, self.seeds), {}
            begin = copy.deepcopy(model.state_dict())
            if rewind:
                train(model, self.split, lr=rate(half_decade), steps=rewind, seed=0)
                begin = copy.deepcopy(model.state_dict())

            def learn(model, number):
                train(model, self.split, lr=rate(half_decade), steps=STEPS - rewind, seed=1 + number)
                before[shares()[number]] = copy.deepcopy(model.state_dict())

            masks = find_tickets(model, learn, shares(), rewind=begin)
            model.load_state_dict(begin)
            pruning.release_(model)
            model.load_state_dict(before[shares()[0]])
            one_shot = {left: find_tickets(copy.deepcopy(model), lambda *_: None, [left])[left] for left in LEFT}
            return {
                "masks": {left: masks[left] for left in LEFT},
                "one-shot": one_shot,
                "before": {left: before[left] for left in LADDER},
                "begin": begin,
            }

        return self.kept(f"tickets {half_decade} {rewind}", make)

    def start(self, name, left, dense):
        """Return the state and the masks (None: all) that a method begins with; dense is the rate's half decade."""
        model = Networks(SIZES, self.seeds)
        state = model.state_dict()
        generator = torch.Generator().manual_seed(round(1000 * left) + len(self.seeds))
        if name == "dense":
            return state, None
        if name == "random mask":
            # Scores of one ranking of all layers, the same share in each by chance only.
            drawn = [pruning.masks_of(random_like(model, generator), 1 - left) for _ in self.seeds]
            return state, {weight: torch.stack([masks[weight] for masks in drawn]) for weight in model.names}
        rates = {"lower rate": dense - 1, "higher rate": dense + 1}
        found = self.tickets(rates.get(name.split(", ")[-1], dense), REWIND if name == "rewound" else 0)
        masks = found["masks"][left]
        if name.startswith("re-initialized"):
            return Networks(SIZES, [seed + 1000 for seed in self.seeds]).state_dict(), masks
        if name == "live pixels":
            other = shuffled(masks, generator)
            return state, other | {"weight1": self.on_live_pixels(masks["weight1"], generator)}
        if name in ("shuffled in layers", "inputs kept", "degrees kept"):
            return state, shuffled(masks, generator, name.split()[-1 if name == "shuffled in layers" else 0])
        if name in ("exchanged values", "exchanged signs", "random signs", "signs only"):
            how = {"exchanged values": "shuffled", "exchanged signs": "shuffled signs", "signs only": "signs"}
            how = how.get(name, name)
            return with_other_values(state, masks, generator, how), masks
        if name == "one-shot":
            return state, found["one-shot"][left]
        if name in ("rewound", "trained on"):
            return found["begin"] if name == "rewound" else found["before"][left], masks
        return state, masks

    def on_live_pixels(self, mask, generator):
        """Return a random mask of the first layer with as many ones, likelier where a pixel varies more."""
        spread = self.split.train.x.std(0).clamp_min(1e-9)
        # The largest of u^(1/w) are a draw without replacement with weights w (Efraimidis and Spirakis 2006).
        keys = torch.rand(mask.shape, generator=generator).log() / spread
        order = keys.flatten(1).argsort(1, descending=True)
        counts = mask.flatten(1).sum(1, keepdim=True)
        ones = torch.arange(order.shape[1]) < counts
        return torch.zeros_like(mask).flatten(1).scatter(1, order, ones).view_as(mask)

    def run(self, name, left, half_decade, dense):
        """Train a method's networks at one rate; return what was measured, a list for each."""

        def make():
            model = Networks(SIZES, self.seeds)
            state, masks = self.start(name, left, dense)
            model.load_state_dict(state)
            if masks is not None:
                go_back_(model, state, masks)
            _, untrained = model.evaluate(*self.split.test)
            record = train(model, self.split, lr=rate(half_decade), steps=STEPS, seed=100)
            model.load_state_dict(record.best)
            _, test = model.evaluate(*self.split.test)
            return {
                "untrained": untrained.tolist(),
                "validation": record.at_stop.tolist(),
                "test": test.tolist(),
                "stop": record.stops.tolist(),
                "steps": [step if math.isfinite(step) else None for step in record.reached(TARGET).tolist()],
            }

        return self.kept(f"{name.replace(',', '')} {left} {half_decade} {dense}", make)


def random_like(model, generator):
    """Return a random score for each weight of one network."""
    return {name: torch.rand(getattr(model, name).shape[1:], generator=generator) for name in model.names}


def mean_steps(steps):
    """Return the mean of steps to the target, where None, not reached, counts as all of them."""
    return statistics.mean(STEPS if step is None else step for step in steps)


def compute(name, left, tuning, final, dense):
    """Widen the grid of one method at one share until its best are inside; return its cell."""
    grid, wanted = {}, {-6, -5, -4, -3}
    while wanted:
        grid |= {at: tuning.run(name, left, at, dense) for at in sorted(wanted)}
        best = max(grid, key=lambda at: statistics.mean(grid[at]["validation"]))
        fastest = min(grid, key=lambda at: mean_steps(grid[at]["steps"]))
        if mean_steps(grid[fastest]["steps"]) == STEPS:
            fastest = None
        wanted = {at + by for at in (best, fastest) if at is not None for by in (-1, 1)} - grid.keys()
    run = final.run(name, left, best, dense)
    fast = {} if fastest is None else final.run(name, left, fastest, dense)
    cell = {
        "method": name,
        "left": left,
        "half_decades": sorted(grid),
        "tuning_accuracy": [statistics.mean(grid[at]["validation"]) for at in sorted(grid)],
        "tuning_steps": [mean_steps(grid[at]["steps"]) for at in sorted(grid)],
        "lr": rate(best),
        "test": run["test"],
        "untrained": run["untrained"],
        "stop": run["stop"],
        "lr_for_speed": None if fastest is None else rate(fastest),
        "steps": fast.get("steps"),
        "test_for_speed": fast.get("test"),
    }
    shown = "" if fastest is None else f"  {mean_steps(fast['steps']):4.0f} steps at {cell['lr_for_speed']:g}"
    print(f"{name:28} {left:5} lr {cell['lr']:<8g} {statistics.mean(run['test']):.3f}{shown}", flush=True)
    return cell, best


def describe(masks, state, split):
    """Return what masks, and the initial weights under them, look like; means over the networks."""
    first, second, third = (masks[f"weight{layer}"].float() for layer in (1, 2, 3))
    flat = split.train.x.std(0) < 0.05
    alive = (first.sum(2) > 0) & (second.sum(1) > 0), (second.sum(2) > 0) & (third.sum(1) > 0)
    under = [(state[name], mask) for name, mask in masks.items()]
    return {
        "positive": [(weights[mask] > 0).float().mean().item() for weights, mask in under],
        "size": [(weights[mask].square().mean() / weights.square().mean()).sqrt().item() for weights, mask in under],
        "layers": [mask.mean().item() for mask in (first, second, third)],
        "neurons": [neurons.sum(1).float().mean().item() for neurons in alive],
        "on_flat_pixels": (first[:, :, flat].sum() / first.sum()).item(),
        "pixels": first.sum(1).mean(0).tolist(),
    }


def contradictions(old, new):
    """Find pairs of ways of which every run of one beats every run of the other, and the other way round now."""

    def beats(cells, one, other):
        return min(cells[one]["test"]) > max(cells[other]["test"])

    return [
        f"{one} was clearly better than {other}, and is clearly worse"
        for one, other in itertools.permutations(old.keys() & new.keys(), 2)
        if beats(old, one, other) and beats(new, other, one)
    ]


def main():
    """Compute, then write or compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help=f"write {COMMITTED.relative_to(ROOT)}")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    folder = CACHE / digest(SOURCES, settings())
    folder.mkdir(parents=True, exist_ok=True)
    tuning, final = Lab(TUNING_SEEDS, folder), Lab(SEEDS, folder)
    cell, dense = compute("dense", 1.0, tuning, final, None)
    cells = [cell]
    plan = [(name, left) for left in (0.1, 0.02, 0.05, 0.2, 0.01, 0.5) for name in MAIN]
    plan += [(name, left) for left in (0.05, 0.02, 0.1) for name in LADDERS] + [
        (name, FOUND_AT) for name in OTHER_RATES
    ]
    cells += [compute(name, left, tuning, final, dense)[0] for name, left in plan]
    cells = [rounded(cell) for cell in cells]
    found = final.tickets(dense)
    looks = rounded({str(left): describe(found["masks"][left], found["begin"], final.split) for left in LEFT})
    origin = provenance(__file__, ("torch", "numpy"), settings(), cpu_seconds=round(tuning.seconds + final.seconds))
    lines = ",\n".join(json.dumps(cell, separators=(",", ":")) for cell in cells)
    drawn = ",\n".join(f"{json.dumps(left)}: {json.dumps(look, separators=(',', ':'))}" for left, look in looks.items())
    text = f'{{"provenance": {json.dumps(origin, indent=2)},\n"masks": {{\n{drawn}\n}},\n"cells": [\n{lines}\n]}}\n'
    if arguments.write:
        write_atomic(COMMITTED, text)
        print(f"written: {COMMITTED.relative_to(ROOT)}, {len(text) / 1000:.1f} kB")
        return 0
    new = {(cell["method"], cell["left"]): cell for cell in cells}
    old = {(cell["method"], cell["left"]): cell for cell in json.loads(COMMITTED.read_text(encoding="utf-8"))["cells"]}
    for key in old.keys() & new.keys():
        before, after = (statistics.mean(found[key]["test"]) for found in (old, new))
        print(f"{key[0]}, {key[1]:.0%} left: mean accuracy {before:.3f} committed, {after:.3f} now")
    found = contradictions(old, new)
    print(*(found or ["the new result agrees with the committed one"]), sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
