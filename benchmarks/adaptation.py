"""Seven ways to adapt one pre-trained encoder to one task: the data behind the table of chapter Adaptation.

    python benchmarks/adaptation.py [--write]

The task: 1,000 sentences of two clauses, labeled with the opinion of the first. Every way is trained by Adam with a
learning rate of its own: that with the lowest loss on the validation sentences, mean of two seeds; a grid is extended
until its best is inside. The test sentences choose nothing.

Computes every run anew and says how the test accuracies compare with the committed ones. ``--write`` puts the result
into src/ravine/data/adaptation.json instead. Every finished run is kept in _build/benchmarks/adaptation, so that what
was stopped goes on where it was; a change of the library's sources or of PyTorch begins anew. About five minutes of
one core. Exit status 1 when the new result contradicts the committed one: a way that was clearly better than another
(every seed) is now clearly worse.
"""

import argparse
import functools
import itertools
import json
import math
import statistics
import sys
import time
from pathlib import Path

import torch
from pretrain import SETTINGS
from provenance import digest, provenance
from torch import nn
from torch.nn import functional as F

from proctor.files import write_atomic
from ravine import adaptation, language
from ravine.transformer import Transformer

ROOT = Path(__file__).parents[1]
CACHE = ROOT / "_build" / "benchmarks" / "adaptation"
COMMITTED = ROOT / "src" / "ravine" / "data" / "adaptation.json"
# What a run's numbers depend on.
SOURCES = ("adaptation.py", "attention.py", "grammar.py", "language.py", "transformer.py", "data/language-model.npz")

STEPS, BATCH = 200, 32
TUNING_SEEDS, SEEDS = (0, 1), (0, 1, 2)
SENTENCES = {"train": 1000, "validation": 500, "test": 500}
DRAWN_WITH = {"train": "500 + seed", "validation": 78, "test": 77}
RANK, ALPHA, WIDTH, LENGTH = 4, 8, 8, 8

# The body under the classifier's head, and where its grid begins: half decades, 10 to the power of half of each.
METHODS = {
    "head only": (lambda model, _: adaptation.freeze_(model), -2),
    "soft prompt": (lambda model, rng: adaptation.SoftPrompt(model, LENGTH, generator=rng), -3),
    "prefix": (lambda model, rng: adaptation.Prefix(model, LENGTH, generator=rng), -1),
    "LoRA": (lambda model, rng: adaptation.add_lora_(model, RANK, ALPHA, generator=rng), -4),
    "adapters": (lambda model, _: adaptation.add_adapters_(model, WIDTH), -4),
    "full": (lambda model, _: model, -6),
    "full, random weights": (lambda *_: from_scratch(), -5),
}


def settings():
    """Return what is committed beside the numbers."""
    return {
        "task": "ravine.language.disputes, label: whether the first opinion is positive",
        "sentences": SENTENCES,
        "drawn_with_seed": DRAWN_WITH,
        "steps": STEPS,
        "batch": BATCH,
        "optimizer": "Adam, rate linear to zero",
        "chosen_by": "validation loss, mean of the tuning seeds; best rate inside its grid",
        "tuning_seeds": list(TUNING_SEEDS),
        "seeds": list(SEEDS),
        "methods": list(METHODS),
        "sizes": {"rank": RANK, "alpha": ALPHA, "width": WIDTH, "length": LENGTH},
        "head": "linear, on the mean of the last states; trained with the rest, at the same rate",
    }


def from_scratch():
    """Return a model of the same shape with random weights, as pre-training began."""
    fresh = Transformer(len(language.VOCABULARY), causal=False, **SETTINGS["model"])
    nn.init.normal_(fresh.embedding.weight, std=SETTINGS["embedding_std"])
    return fresh


@functools.cache
def draw(part, seed=0):
    """Return ``(tokens, lengths, labels)`` of a part of the data; only the training sentences depend on the seed."""
    number = 500 + seed if part == "train" else DRAWN_WITH[part]
    drawn = language.disputes(SENTENCES[part], torch.Generator().manual_seed(number))
    labels = torch.tensor([int(sentence.opinions[0] > 0) for sentence in drawn])
    return *language.VOCABULARY.batch(drawn), labels


def train(name, lr, seed):
    """Train once; return losses and accuracies on validation and test, and the number of trained parameters."""
    torch.manual_seed(seed)
    rng = torch.Generator().manual_seed(seed)
    classifier = adaptation.Classifier(METHODS[name][0](language.pretrained(), rng), 2)
    tokens, lengths, labels = draw("train", seed)
    optimizer = torch.optim.Adam([p for p in classifier.parameters() if p.requires_grad], lr=lr)
    for step in range(STEPS):
        optimizer.param_groups[0]["lr"] = lr * (1 - step / STEPS)
        batch = torch.randint(len(tokens), (BATCH,), generator=rng)
        longest = int(lengths[batch].max())
        loss = F.cross_entropy(classifier(tokens[batch, :longest], lengths[batch]), labels[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    result = {"parameters": adaptation.trainable(classifier)}
    with torch.no_grad():
        for part in ("validation", "test"):
            tokens, lengths, labels = draw(part)
            logits = classifier(tokens, lengths)
            result[f"{part}_loss"] = F.cross_entropy(logits, labels).item()
            result[f"{part}_accuracy"] = (logits.argmax(1) == labels).float().mean().item()
    return result


def rate(half_decade):
    """Return a learning rate to three digits."""
    return float(f"{10 ** (half_decade / 2):.3g}")


def runs(name, half_decade, seeds, folder):
    """Return the run of each seed at one rate, trained or from the cache."""
    found = []
    for seed in seeds:
        path = folder / f"{name} {half_decade} {seed}.json".replace(" ", "-")
        if not path.exists():
            write_atomic(path, json.dumps(train(name, rate(half_decade), seed)))
        found.append(json.loads(path.read_text()))
    return found


def compute(name, folder):
    """Widen the grid of one way until its best is inside; return its cell."""
    began, grid = time.process_time(), {}
    wanted = {METHODS[name][1] + offset for offset in (-1, 0, 1)}
    while wanted:
        grid |= {half_decade: runs(name, half_decade, TUNING_SEEDS, folder) for half_decade in sorted(wanted)}
        losses = {at: statistics.mean(run["validation_loss"] for run in found) for at, found in grid.items()}
        best = min(losses, key=lambda at: losses[at] if math.isfinite(losses[at]) else math.inf)
        wanted = {best - 1, best + 1} - grid.keys()
    final = runs(name, best, SEEDS, folder)
    cell = {
        "method": name,
        "half_decades": sorted(grid),
        "validation_loss": [[run["validation_loss"] for run in grid[at]] for at in sorted(grid)],
        "lr": rate(best),
        "parameters": final[0]["parameters"],
        "validation_accuracy": [run["validation_accuracy"] for run in final],
        "test_accuracy": [run["test_accuracy"] for run in final],
    }
    accuracies = " ".join(f"{accuracy:.3f}" for accuracy in cell["test_accuracy"])
    rates = f"lr {cell['lr']:<8g} of {len(grid)}"
    print(f"{name:21} {rates}  {accuracies}  {time.process_time() - began:.0f} s", flush=True)
    return cell


def contradictions(old, new):
    """Find pairs of ways of which every run of one beats every run of the other, and the other way round now."""

    def beats(cells, one, other):
        return min(cells[one]["test_accuracy"]) > max(cells[other]["test_accuracy"])

    return [
        f"{one} was clearly better than {other}, and is clearly worse"
        for one, other in itertools.permutations(METHODS, 2)
        if beats(old, one, other) and beats(new, other, one)
    ]


def rounded(value):
    """Round numbers to five digits; null where one is not finite."""
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [rounded(item) for item in value]
    if isinstance(value, float):
        return float(f"{value:.5g}") if math.isfinite(value) else None
    return value


def main():
    """Compute, then write or compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help=f"write {COMMITTED.relative_to(ROOT)}")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    began = time.process_time()
    folder = CACHE / digest(SOURCES, settings())
    folder.mkdir(parents=True, exist_ok=True)
    cells = [rounded(compute(name, folder)) for name in METHODS]
    seconds = round(time.process_time() - began)
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
        before, after = (statistics.mean(found[name]["test_accuracy"]) for found in (old, new))
        print(f"{name}: mean test accuracy {before:.3f} committed, {after:.3f} now")
    found = contradictions(old, new)
    print(*(found or ["the new result agrees with the committed one"]), sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
