"""Train the small classifier of digits on which the scores of chapter Evaluating generators rest.

    python benchmarks/digit_classifier.py [--write]

Trains anew on 3,000 of the 5,000 digits, each shifted by at most one pixel, and says how the new classifier compares
with the committed one on the rest: 1,000 for validation, 1,000 for the test. ``--write`` puts the weights (float16)
into src/ravine/data/digit-classifier.npz instead, and what they are beside them into digit-classifier.json. Under a
minute of one core. Exit status 1 when the new one is right on the test digits less often, by more than 1 %.
"""

import argparse
import hashlib
import io
import json
import sys
import time
from pathlib import Path

import numpy as np
import torch
from provenance import provenance
from torch.nn import functional

from proctor.files import write_atomic
from ravine import generator_scores
from ravine.gan import digits14

ROOT = Path(__file__).parents[1]
WEIGHTS = ROOT / "src" / "ravine" / "data" / "digit-classifier.npz"
STATED = WEIGHTS.with_suffix(".json")
SETTINGS = {
    "data": "ravine.gan.digits14().split(seed=0): 3,000 to train, 1,000 for validation, 1,000 for the test",
    "augmentation": {"shift": 1},
    "optimizer": {"name": "AdamW", "lr": 3e-3, "weight_decay": 0.01},
    "schedule": {"steps": 2000, "shape": "linear to zero"},
    "batch": 64,
    "seed": 0,
}


def shifted(images, most, generator):
    """Move each image by up to ``most`` pixels, its own way; what comes in is paper."""
    n, side = len(images), images.shape[-1]
    padded = functional.pad(images, (most,) * 4, value=-1.0)[:, 0]
    rows, columns = torch.randint(2 * most + 1, (2, n, 1), generator=generator) + torch.arange(side)  # (n, side) each
    return padded[torch.arange(n)[:, None, None], rows[:, :, None], columns[:, None, :]][:, None]


def train(x, y):
    """Train for the whole budget; return the classifier."""
    torch.manual_seed(SETTINGS["seed"])
    generator = torch.Generator().manual_seed(SETTINGS["seed"])
    model, given, steps = generator_scores.DigitClassifier(), SETTINGS["optimizer"], SETTINGS["schedule"]["steps"]
    optimizer = torch.optim.AdamW(model.parameters(), lr=given["lr"], weight_decay=given["weight_decay"])
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 - step / steps)
    for _ in range(steps):
        index = torch.randint(len(x), (SETTINGS["batch"],), generator=generator)
        batch = shifted(x[index], SETTINGS["augmentation"]["shift"], generator)
        loss = functional.cross_entropy(model(batch), y[index])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scheduler.step()
    return model.eval().requires_grad_(False)


def measure(model, split):
    """Return accuracy and loss on each part, and the Inception Score of the test digits."""
    measured = {}
    for name, (x, y) in zip(("train", "validation", "test"), split, strict=True):
        logits = model(x)
        measured[f"{name}_accuracy"] = round((logits.argmax(1) == y).double().mean().item(), 4)
        measured[f"{name}_loss"] = round(functional.cross_entropy(logits, y).item(), 4)
    return measured | {"test_inception_score": round(generator_scores.inception_score(logits.softmax(1)), 3)}


def rounded(model):
    """Round the weights to float16, in place, and return them as NumPy arrays by name."""
    for parameter in model.parameters():
        parameter.copy_(parameter.half())
    return {name: value.half().numpy() for name, value in model.state_dict().items()}


def write(arrays, measured, seconds):
    """Write the weights and what they are."""
    packed = io.BytesIO()
    np.savez(packed, **arrays)
    stated = {
        **provenance(__file__, ("torch", "numpy", "mlxtend"), SETTINGS, cpu_seconds=round(seconds)),
        "measured": measured,
        "sha256": hashlib.sha256(packed.getvalue()).hexdigest(),
    }
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(value)}" for name, value in stated.items())
    write_atomic(STATED, f"{{\n{lines}\n}}\n".encode())
    write_atomic(WEIGHTS, packed.getvalue())
    print(f"written: {WEIGHTS.relative_to(ROOT)}, {len(packed.getvalue()) / 1000:.0f} kB")


def main():
    """Train, measure, then write or compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help=f"write {WEIGHTS.relative_to(ROOT)} and its .json")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    began = time.process_time()
    split = digits14().split(seed=0)
    model = train(*split.train)
    arrays = rounded(model)
    measured = measure(model, split)
    print(json.dumps(measured, indent=2))
    if arguments.write:
        write(arrays, measured, time.process_time() - began)
        return 0
    old = measure(generator_scores.classifier(), split)
    print(f"committed: {json.dumps(old, indent=2)}")
    return int(measured["test_accuracy"] < old["test_accuracy"] - 0.01)


if __name__ == "__main__":
    sys.exit(main())
