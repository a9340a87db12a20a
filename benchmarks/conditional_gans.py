"""What tells a conditional GAN that the label counts: the data behind the comparison of chapter Conditional GANs.

    python benchmarks/conditional_gans.py [--write]

The generator is asked for digits by label. Three discriminators: one that judges the image alone, one that judges
pairs (Mirza and Osindero 2014), and one that also sees real images with wrong labels as fakes (Reed et al. 2016). Each
has a learning rate of its own, the best after 400 steps, mean of two seeds: by the accuracy, the share of images that
the committed classifier of digits reads as asked, or, for the first, which sees no labels, by the Fréchet distance. A
grid grows until its best is inside. Networks learn the 3,000 digits that the classifier learned; distances and what
the discriminator knows of labels are measured on the 2,000 others.

Computes every run anew and says how the accuracies compare with the committed ones. ``--write`` puts the result into
src/ravine/data/conditional-gans.json instead. Every finished run is kept in _build/benchmarks/conditional_gans, so
that what was stopped goes on where it was; a change of the library's sources or of PyTorch begins anew. About five
minutes of one core. Exit status 1 when the new result contradicts the committed one: a way that was clearly better
than another (every seed) is now clearly worse.
"""

import argparse
import copy
import itertools
import json
import statistics
import sys
import time
from pathlib import Path

import torch
from provenance import digest, provenance, rounded

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
SAMPLES, BATCH = 200, 32  # of each digit; of a training step


def settings():
    """Return what is committed beside the numbers."""
    return {
        "data": "ravine.gan.digits14().split(seed=0): 3,000 to learn from, 2,000 unseen",
        "networks": "ravine.gan.Generator(classes=10), Discriminator(classes=10, or 0 for the image alone)",
        "optimizer": "Adam, betas (0.5, 0.999), the same rate for both networks",
        "batch": BATCH,
        "steps": list(AT),
        "samples_of_each_digit": SAMPLES,
        "chosen_by": (
            f"accuracy (image alone: Fréchet distance) at step {TUNED_AT}, mean of the tuning seeds; "
            "best inside a grid of half decades"
        ),
        "tuning_seeds": list(TUNING_SEEDS),
        "seeds": list(SEEDS),
        "methods": list(METHODS),
        "noticed": "share of the unseen images whose logit is higher with the right label than with a wrong one",
        "noticed_in_batches": f"the same, normalized over batches of {BATCH} real images instead of running averages",
        "spread": "variance of pixels within a digit, summed, over that of the unseen images; of both those read right",
    }


class Blind(torch.nn.Module):
    """A discriminator that is given the label and does not look at it."""

    def __init__(self):
        super().__init__()
        self.eye = gan.Discriminator()

    def forward(self, images, labels):
        """Judge the images alone."""
        return self.eye(images)


def variances(reader, images, labels):
    """Return for each digit the summed variance of the pixels of images read as that digit; None for fewer than 20."""
    right = reader(images).argmax(1) == labels
    groups = [images[right & (labels == digit)] for digit in range(10)]
    return [group.var(0).sum().item() if len(group) >= 20 else None for group in groups]


def prefers(discriminator, images, right, wrong):
    """Return the share of images whose logit is higher with the right label; equal logits count half."""
    margin = discriminator(images, right) - discriminator(images, wrong)
    return (margin.sign().mean().item() + 1) / 2


def train(name, lr, seed, steps):
    """Train once; return what was measured at each of ``AT``."""
    parts = gan.digits14().split(seed=0)
    unseen = torch.cat([parts.validation.x, parts.test.x])
    unseen_labels = torch.cat([parts.validation.y, parts.test.y])
    reader = classifier()
    wrong = torch.randint(1, 10, unseen_labels.shape, generator=torch.Generator().manual_seed(seed))
    wrong = (unseen_labels + wrong) % 10
    target = moments(reader.features(unseen))
    asked = torch.arange(10).repeat_interleave(SAMPLES)
    real = variances(reader, unseen, unseen_labels)
    torch.manual_seed(seed)
    generator = gan.Generator(classes=10)
    discriminator = Blind() if name == METHODS[0] else gan.Discriminator(classes=10)
    result = {"accuracy": [], "distance": [], "spread": [], "noticed": [], "noticed_in_batches": []}

    def measure(step):
        if step not in AT:
            return
        drawn = generator.sample(len(asked), 1000 + seed, asked)
        result["accuracy"].append((reader(drawn).argmax(1) == asked).float().mean().item())
        result["distance"].append(frechet_distance(*moments(reader.features(drawn)), *target))
        pairs = zip(variances(reader, drawn, asked), real, strict=True)
        result["spread"].append([one / of for one, of in pairs if one is not None])
        result["noticed"].append(prefers(discriminator, unseen, unseen_labels, wrong))
        in_training = copy.deepcopy(discriminator).train()
        batches = [part.split(BATCH) for part in (unseen, unseen_labels, wrong)]
        shares = [prefers(in_training, *batch) * len(batch[0]) for batch in zip(*batches, strict=True)]
        result["noticed_in_batches"].append(sum(shares) / len(unseen))

    began = time.process_time()
    gan.fit_gan(
        generator,
        discriminator,
        parts.train.x,
        labels=parts.train.y,
        steps=steps,
        batch=BATCH,
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


def quality(name, run):
    """Return by what a way's rate is chosen, larger is better, of one run's last measurement."""
    return -run["distance"][-1] if name == METHODS[0] else run["accuracy"][-1]


def compute(name, folder):
    """Widen the grid of one way until its best is inside; return its cell and the seconds of its runs."""
    grid, wanted = {}, {-7, -6, -5}
    while wanted:
        grid |= {half_decade: runs(name, half_decade, TUNING_SEEDS, folder, TUNED_AT) for half_decade in sorted(wanted)}
        best = max(grid, key=lambda at: statistics.mean(quality(name, run) for run in grid[at]))
        wanted = {best - 1, best + 1} - grid.keys()
    final = runs(name, best, SEEDS, folder, AT[-1])
    measured = ("accuracy", "distance", "spread", "noticed", "noticed_in_batches")
    cell = {
        "method": name,
        "half_decades": sorted(grid),
        "tuning_quality": [[quality(name, run) for run in grid[at]] for at in sorted(grid)],
        "half_decade": best,
        "lr": rate(best),
        **{key: [run[key] for run in final] for key in measured},
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


def main():
    """Compute, then write or compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help=f"write {COMMITTED.relative_to(ROOT)}")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    folder = CACHE / digest(SOURCES, settings())
    folder.mkdir(parents=True, exist_ok=True)
    computed = [compute(name, folder) for name in METHODS]
    cells = [rounded(cell) for cell, _ in computed]
    seconds = round(sum(seconds for _, seconds in computed))
    origin = provenance(__file__, ("torch", "numpy"), settings(), cpu_seconds=seconds)
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
