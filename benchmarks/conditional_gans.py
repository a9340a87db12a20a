"""What tells a conditional GAN that the label counts: the data behind the comparison of chapter Conditional GANs.

    python benchmarks/conditional_gans.py [--write]

The generator is asked for digits by label. Three discriminators: one that judges the image alone, one that judges
pairs (Mirza and Osindero 2014), and one that also sees real images with wrong labels as fakes (Reed et al. 2016). Each
has a learning rate of its own: that with the highest accuracy after 400 steps, mean of two seeds; a grid grows until
its best is inside, but for the first, which sees no labels and takes the second's. The accuracy is the
share of images that the committed classifier of digits reads as asked.

Computes every run anew and says how the accuracies compare with the committed ones. ``--write`` puts the result into
src/ravine/data/conditional-gans.json instead. Every finished run is kept in _build/benchmarks/conditional_gans, so
that what was stopped goes on where it was; a change of the library's sources or of PyTorch begins anew. About four
minutes of one core. Exit status 1 when the new result contradicts the committed one: a way that was clearly better
than another (every seed) is now clearly worse.
"""

import argparse
import itertools
import json
import statistics
import sys
import time
from pathlib import Path

import torch
from provenance import digest, provenance

from proctor.files import write_atomic
from ravine import gan
from ravine.generator_scores import classifier, frechet_distance, moments

ROOT = Path(__file__).parents[1]
CACHE = ROOT / "_build" / "benchmarks" / "conditional_gans"
COMMITTED = ROOT / "src" / "ravine" / "data" / "conditional-gans.json"
# What a run's numbers depend on.
SOURCES = ("data/__init__.py", "data/digit-classifier.npz", "gan.py", "generator_scores.py")

AT, TUNED_AT = (100, 200, 400, 800), 400
TUNING_SEEDS, SEEDS = (10, 11), (0, 1, 2, 3, 4)
METHODS = ("image alone", "matched pairs", "with mismatched pairs")
SAMPLES = 200  # of each digit


def settings():
    """Return what is committed beside the numbers."""
    return {
        "data": "ravine.gan.digits14(), all 5,000; distances to the 2,000 that the classifier did not learn",
        "networks": "ravine.gan.Generator(classes=10), Discriminator(classes=10, or 0 for the image alone)",
        "optimizer": "Adam, betas (0.5, 0.999), the same rate for both networks",
        "batch": 32,
        "steps": list(AT),
        "samples_of_each_digit": SAMPLES,
        "chosen_by": f"accuracy at step {TUNED_AT}, mean of the tuning seeds; best inside a grid of half decades",
        "tuning_seeds": list(TUNING_SEEDS),
        "seeds": list(SEEDS),
        "methods": list(METHODS),
        "noticed": "share of 2,000 real images whose logit is higher with the right label than with a wrong one",
        "spread": "variance of pixels within a digit, summed, of images read as asked, over that of real images",
    }


class Blind(torch.nn.Module):
    """A discriminator that is given the label and does not look at it."""

    def __init__(self):
        super().__init__()
        self.eye = gan.Discriminator()

    def forward(self, images, labels):
        """Judge the images alone."""
        return self.eye(images)


def train(name, lr, seed, steps):
    """Train once; return what was measured at each of ``AT``."""
    images, labels = gan.digits14()
    parts = gan.digits14().split(seed=0)
    unseen = torch.cat([parts.validation.x, parts.test.x])
    unseen_labels = torch.cat([parts.validation.y, parts.test.y])
    reader = classifier()
    wrong = torch.randint(1, 10, unseen_labels.shape, generator=torch.Generator().manual_seed(seed))
    wrong = (unseen_labels + wrong) % 10
    target = moments(reader.features(unseen))
    asked = torch.arange(10).repeat_interleave(SAMPLES)
    real = torch.stack([images[labels == digit].var(0).sum() for digit in range(10)])
    torch.manual_seed(seed)
    generator = gan.Generator(classes=10)
    discriminator = Blind() if name == METHODS[0] else gan.Discriminator(classes=10)
    result = {"accuracy": [], "distance": [], "spread": [], "noticed": []}

    def measure(step):
        if step not in AT:
            return
        drawn = generator.sample(len(asked), 1000 + seed, asked)
        right = reader(drawn).argmax(1) == asked
        result["accuracy"].append(right.float().mean().item())
        result["distance"].append(frechet_distance(*moments(reader.features(drawn)), *target))
        groups = [drawn[right & (asked == digit)] for digit in range(10)]
        ratios = [(g.var(0).sum() / r).item() for g, r in zip(groups, real, strict=True) if len(g) >= 20]
        result["spread"].append(ratios)
        margin = discriminator(unseen, unseen_labels) - discriminator(unseen, wrong)
        result["noticed"].append((margin.sign().mean().item() + 1) / 2)

    began = time.process_time()
    gan.fit_gan(
        generator,
        discriminator,
        images,
        labels=labels,
        steps=steps,
        lr=lr,
        mismatched=name == METHODS[2],
        seed=seed,
        on_step=measure,
    )
    return result | {"seconds": time.process_time() - began}


def rate(half_decade):
    """Return a learning rate to three digits."""
    return float(f"{10 ** (half_decade / 2):.3g}")


def runs(name, half_decade, seeds, folder, steps):
    """Return the run of each seed at one rate, trained or from the cache."""
    found = []
    for seed in seeds:
        path = folder / f"{name} {half_decade} {seed}.json".replace(" ", "-")
        if not path.exists():
            write_atomic(path, json.dumps(train(name, rate(half_decade), seed, steps)))
        found.append(json.loads(path.read_text()))
    return found


def compute(name, folder, best=None):
    """Widen the grid of one way until its best is inside, unless a rate is given; return its cell."""
    grid, wanted = {}, {-7, -6, -5} if best is None else set()
    while wanted:
        grid |= {half_decade: runs(name, half_decade, TUNING_SEEDS, folder, TUNED_AT) for half_decade in sorted(wanted)}
        best = max(grid, key=lambda at: statistics.mean(run["accuracy"][-1] for run in grid[at]))
        wanted = {best - 1, best + 1} - grid.keys()
    final = runs(name, best, SEEDS, folder, AT[-1])
    cell = {
        "method": name,
        "half_decades": sorted(grid),
        "tuning_accuracy": [[run["accuracy"][-1] for run in grid[at]] for at in sorted(grid)],
        "half_decade": best,
        "lr": rate(best),
        **{key: [run[key] for run in final] for key in ("accuracy", "distance", "spread", "noticed")},
    }
    seconds = sum(run["seconds"] for run in itertools.chain(final, *grid.values()))
    accuracies = " ".join(f"{run['accuracy'][-1]:.3f}" for run in final)
    print(f"{name:22} lr {cell['lr']:<8g} of {len(grid)}  {accuracies}  {seconds:.0f} s", flush=True)
    return cell, seconds


def contradictions(old, new):
    """Find pairs of ways of which every run of one beats every run of the other, and the other way round now."""

    def beats(cells, one, other):
        return min(run[-1] for run in cells[one]["accuracy"]) > max(run[-1] for run in cells[other]["accuracy"])

    return [
        f"{one} was clearly better than {other}, and is clearly worse"
        for one, other in itertools.permutations(METHODS, 2)
        if beats(old, one, other) and beats(new, other, one)
    ]


def rounded(value):
    """Round numbers to four digits."""
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [rounded(item) for item in value]
    return float(f"{value:.4g}") if isinstance(value, float) else value


def main():
    """Compute, then write or compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help=f"write {COMMITTED.relative_to(ROOT)}")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    folder = CACHE / digest(SOURCES, settings())
    folder.mkdir(parents=True, exist_ok=True)
    mismatched, first = compute(METHODS[2], folder)
    matched, second = compute(METHODS[1], folder)
    alone, third = compute(METHODS[0], folder, best=matched["half_decade"])
    cells = [rounded(cell) for cell in (alone, matched, mismatched)]
    origin = provenance(__file__, ("torch", "numpy"), settings(), cpu_seconds=round(first + second + third))
    lines = ",\n".join(json.dumps(cell, separators=(",", ":")) for cell in cells)
    text = f'{{"provenance": {json.dumps(origin, indent=2)},\n"cells": [\n{lines}\n]}}\n'
    if arguments.write:
        write_atomic(COMMITTED, text)
        print(f"written: {COMMITTED.relative_to(ROOT)}, {len(text) / 1000:.1f} kB")
        return 0
    new = {cell["method"]: cell for cell in cells}
    old = {cell["method"]: cell for cell in json.loads(COMMITTED.read_text(encoding="utf-8"))["cells"]}
    for name in METHODS:
        before, after = (statistics.mean(run[-1] for run in found[name]["accuracy"]) for found in (old, new))
        print(f"{name}: mean accuracy {before:.3f} committed, {after:.3f} now")
    found = contradictions(old, new)
    print(*(found or ["the new result agrees with the committed one"]), sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
