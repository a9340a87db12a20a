"""Pre-train the small encoder of chapters Pre-training and Adaptation on the language of ``ravine.language``.

    python benchmarks/pretrain.py [--write]

Trains anew and says how the new model compares with the committed one on sentences neither has seen. ``--write`` puts
the weights (float16) into src/ravine/data/language-model.npz instead, and what they are beside them into
language-model.json. Under five minutes of one core. Exit status 1 when the new model's loss is worse by more than 2 %.
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
from ravine import language
from ravine.attention import padding_mask
from ravine.language import VOCABULARY
from ravine.transformer import Transformer

ROOT = Path(__file__).parents[1]
WEIGHTS = ROOT / "src" / "ravine" / "data" / "language-model.npz"
STATED = WEIGHTS.with_suffix(".json")
SETTINGS = {
    "model": {"d_model": 64, "heads": 4, "layers": 3, "longest": 40},
    # The usual 0.02 would leave words of one kind alike for thousands of steps: the embedding is tied, and 64 wide.
    "embedding_std": 0.125,
    "masking": {"share": 0.15, "mask": 0.8, "random": 0.1},
    "optimizer": {"name": "AdamW", "lr": 2e-3, "betas": [0.9, 0.98], "weight_decay": 0.01, "clip_norm": 1.0},
    "schedule": {"steps": 12_000, "warmup": 200, "shape": "linear to zero"},
    "batch": 32,
    "seed": 0,
}
HELD_OUT = {"seed": 1_000_003, "sentences": 2000}
HISTORY = {"seed": 1_000_004, "sentences": 300, "every": 1000}


def batches(size, generator):
    """Yield tokens and lengths without end: new sentences, those of a batch about equally long."""
    while True:
        drawn = sorted(language.sentences(50 * size, generator), key=lambda sentence: len(sentence.words))
        for index in torch.randperm(50, generator=generator).tolist():
            yield VOCABULARY.batch(drawn[index * size : (index + 1) * size])


def train():
    """Train for the whole budget.

    Returns:
        ``(model, history)``: for each 1000 steps their mean loss, and what the model then knew.
    """
    torch.manual_seed(SETTINGS["seed"])
    generator = torch.Generator().manual_seed(SETTINGS["seed"])
    model = Transformer(len(VOCABULARY), causal=False, **SETTINGS["model"])
    torch.nn.init.normal_(model.embedding.weight, std=SETTINGS["embedding_std"])
    given, schedule = SETTINGS["optimizer"], SETTINGS["schedule"]
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=given["lr"], betas=given["betas"], weight_decay=given["weight_decay"]
    )
    steps, warmup = schedule["steps"], schedule["warmup"]
    scheduler = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / warmup, (steps - step) / (steps - warmup))
    )
    history, recent, began = [], [], time.process_time()
    for step, (tokens, lengths) in zip(range(steps), batches(SETTINGS["batch"], generator), strict=False):
        masked, chosen = language.mask_tokens(tokens, generator, SETTINGS["masking"]["share"])
        logits = model(masked, mask=padding_mask(lengths))
        loss = functional.cross_entropy(logits[chosen], tokens[chosen])
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), given["clip_norm"])
        optimizer.step()
        scheduler.step()
        recent.append(loss.item())
        if (step + 1) % HISTORY["every"] == 0:
            knows = measure(model, HISTORY["seed"], HISTORY["sentences"])
            history.append({"step": step + 1, "loss": round(sum(recent) / len(recent), 4), **knows})
            recent.clear()
            print(*(f"{name} {value}" for name, value in history[-1].items()), sep="  ", end="  ")
            print(f"{time.process_time() - began:.0f} s", flush=True)
    return model.eval(), history


@torch.no_grad()
def measure(model, seed, sentences):
    """Return what the model knows about new sentences, by names that are explained below."""
    generator = torch.Generator().manual_seed(seed)
    drawn = language.sentences(sentences, generator)
    tokens, lengths = VOCABULARY.batch(drawn)
    mask = padding_mask(lengths)
    masked, chosen = language.mask_tokens(tokens, generator)
    logits, targets = model(masked, mask=mask)[chosen], tokens[chosen]
    return {
        "masked_loss": round(functional.cross_entropy(logits, targets).item(), 4),
        "masked_accuracy": _share(logits.argmax(-1) == targets),
        "topic_accuracy": _topic(model, drawn),
        "agreement_accuracy": _agreement(model, drawn, misleading=False),
        "agreement_accuracy_misleading": _agreement(model, drawn, misleading=True),
        "sentiment_zero_shot": _verdict(model, language.opinions(sentences, generator)),
        "dispute_zero_shot": _verdict(model, language.disputes(sentences, generator)),
    }


def _topic(model, drawn):
    """How often the guesses for a hidden topical word are mostly words of the right topic, which the rest tells."""
    rows = []
    for sentence in drawn:
        told = [index for index, word in enumerate(sentence.words) if word in language.TOPIC_WORDS[sentence.topic]]
        if len(told) > 1:
            rows.append((sentence, told[0]))
    logits = _hidden(model, rows)[0]
    mass = torch.stack(
        [logits[:, VOCABULARY.encode(sorted(words))].logsumexp(1) for words in language.TOPIC_WORDS.values()], 1
    )
    return _share(mass.argmax(1) == torch.tensor([language.TOPICS.index(sentence.topic) for sentence, _ in rows]))


def _agreement(model, drawn, misleading):
    """How often the right form of a hidden verb is likelier than the other; misleading: past a noun of that number."""
    rows = [
        (sentence, verb)
        for sentence in drawn
        for subject, verb in sentence.agreements
        if sentence.misleading(subject, verb) == misleading
    ]
    logits, right = _hidden(model, rows)
    wrong = torch.tensor(VOCABULARY.encode(language.OTHER_NUMBER[word] for word in VOCABULARY.decode(right)))
    return _share(logits.gather(1, right[:, None]) > logits.gather(1, wrong[:, None]))


def _verdict(model, drawn):
    """How often "it was [MASK] ." is filled in rightly: the words for good together likelier than those for bad."""
    rows = [(f"{sentence} it was [MASK] .".split(), len(sentence.words) + 2) for sentence in drawn]
    logits = _hidden(model, rows)[0]
    good, bad = (logits[:, VOCABULARY.encode(words)].logsumexp(1) for words in (language.POSITIVE, language.NEGATIVE))
    return _share((good > bad) == torch.tensor([sentence.sentiment > 0 for sentence in drawn]))


def _hidden(model, rows):
    """Hide the word at an index of each text; return the logits there, and which words they were."""
    tokens, lengths = VOCABULARY.batch([text for text, _ in rows])
    place = torch.arange(len(rows)), torch.tensor([index + 1 for _, index in rows])
    hidden = tokens[place]
    tokens[place] = VOCABULARY.MASK
    return model(tokens, mask=padding_mask(lengths))[place], hidden


def _share(right):
    return round(right.float().mean().item(), 4)


def rounded(model):
    """Round the weights to float16, in place, and return them as NumPy arrays by name, the tied one once."""
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(parameter.half())
    return {name: value.half().numpy() for name, value in model.state_dict().items() if name != "unembedding.weight"}


def write(arrays, history, measured, seconds):
    """Write the weights and what they are."""
    packed = io.BytesIO()
    np.savez(packed, **arrays)
    stated = {
        **provenance(__file__, ("torch", "numpy"), SETTINGS, cpu_seconds=round(seconds)),
        "held_out": {"final": HELD_OUT, "history": HISTORY},
        "measured": measured,
        "history": history,
        "sha256": hashlib.sha256(packed.getvalue()).hexdigest(),
        "words": VOCABULARY.words,
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
    model, history = train()
    arrays = rounded(model)
    measured = measure(model, **HELD_OUT)
    print(json.dumps(measured, indent=2))
    if arguments.write:
        write(arrays, history, measured, time.process_time() - began)
        return 0
    old = measure(language.pretrained(), **HELD_OUT)
    print(f"committed: {json.dumps(old, indent=2)}")
    return int(measured["masked_loss"] > 1.02 * old["masked_loss"])


if __name__ == "__main__":
    sys.exit(main())
