"""The invented language keeps its own rules, masking has BERT's rates, and the pre-trained model knows the language."""

import hashlib
import json
from importlib import resources

import pytest
import torch

from ravine import language
from ravine.attention import padding_mask
from ravine.language import VOCABULARY, Vocabulary


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_the_vocabulary():
    assert 200 <= len(VOCABULARY) <= 300
    assert VOCABULARY.words[:4] == ("[PAD]", "[CLS]", "[SEP]", "[MASK]")
    assert (Vocabulary.PAD, Vocabulary.CLS, Vocabulary.SEP, Vocabulary.MASK) == (0, 1, 2, 3)
    assert VOCABULARY.words[4:] == language.WORDS
    assert VOCABULARY.decode(VOCABULARY.encode("the old bank")) == ["the", "old", "bank"]
    assert VOCABULARY.decode(torch.tensor([1, 3])) == ["[CLS]", "[MASK]"]
    assert "bank" in VOCABULARY and "banc" not in VOCABULARY


def test_padding():
    tokens, lengths = VOCABULARY.batch(["the bank", ["the", "old", "bank", "."]])
    assert lengths.tolist() == [4, 6]
    assert [" ".join(VOCABULARY.decode(row)) for row in tokens] == [
        "[CLS] the bank [SEP] [PAD] [PAD]",
        "[CLS] the old bank . [SEP]",
    ]


def test_masking_has_berts_rates():
    tokens, _ = VOCABULARY.batch(language.sentences(4000, generator(6)))
    before = tokens.clone()
    masked, chosen = language.mask_tokens(tokens, generator(7))
    assert torch.equal(tokens, before)
    ordinary = tokens >= 4
    count, total = int(chosen.sum()), int(ordinary.sum())
    assert not (chosen & ~ordinary).any()
    assert torch.equal(masked[~chosen], tokens[~chosen])
    assert count / total == pytest.approx(0.15, abs=4 * (0.15 * 0.85 / total) ** 0.5)
    now, was = masked[chosen], tokens[chosen]
    other = 232 / 233  # a random word may be the one that was there
    for share, expected in (
        ((now == Vocabulary.MASK), 0.8),
        ((now != was) & (now != Vocabulary.MASK), 0.1 * other),
        ((now == was), 0.1 + 0.1 * (1 - other)),
    ):
        assert share.float().mean().item() == pytest.approx(expected, abs=4 * (expected / count) ** 0.5)
    assert (now[now != Vocabulary.MASK] >= 4).all()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: VOCABULARY.encode("the bnak is old"), "expected words of the language, got 'bnak'"),
        (lambda: VOCABULARY.pad([[1], []]), "at least one token"),
        (lambda: Vocabulary(["old", "old"]), "each word once"),
        (lambda: Vocabulary(["[MASK]"]), "each word once"),
        (
            lambda: language.mask_tokens(torch.zeros(1, 1), generator(), share=1.0),
            r"share must be in \(0, 1\), got 1.0",
        ),
    ],
)
def test_refuses(wrong, message):
    with pytest.raises(ValueError, match=message):
        wrong()


def test_the_examples_in_the_text_are_sentences_of_the_language():
    for text in (
        "the bank near the bridge is muddy .",
        "the clerks remember the bank beside the coins .",
        "the engineer admires the apple past the screens .",
    ):
        assert all(word in VOCABULARY for word in text.split())


@pytest.fixture(scope="module")
def model():
    return language.pretrained()


def test_the_weights_are_those_that_are_described(model):
    folder = resources.files("ravine.data")
    stated = json.loads((folder / "language-model.json").read_text(encoding="utf-8"))
    weights = (folder / "language-model.npz").read_bytes()
    assert len(weights) < 2_000_000
    assert hashlib.sha256(weights).hexdigest() == stated["sha256"]
    assert {"script", "date", "environment", "settings", "held_out", "measured", "history"} <= stated.keys()
    assert len(model.blocks) == stated["settings"]["model"]["layers"]
    assert not model.causal and not model.training
    assert model.unembedding.weight is model.embedding.weight


def test_each_caller_gets_a_model_of_its_own(model):
    other = language.pretrained()
    with torch.no_grad():
        other.embedding.weight.zero_()
    assert model.embedding.weight.abs().max() > 0


def test_weights_of_another_vocabulary_are_refused(monkeypatch):
    monkeypatch.setattr(language, "VOCABULARY", Vocabulary(["old"]))
    with pytest.raises(ValueError, match=r"another vocabulary; run python benchmarks/pretrain.py --write"):
        language.pretrained()


@torch.no_grad()
def test_the_model_knows_what_it_was_measured_to_know(model):
    """On 300 sentences of another seed: masked words, and cloze sentiment without any training."""
    drawn = language.sentences(300, generator(8))
    tokens, lengths = VOCABULARY.batch(drawn)
    masked, chosen = language.mask_tokens(tokens, generator(9))
    logits = model(masked, mask=padding_mask(lengths))[chosen]
    assert torch.nn.functional.cross_entropy(logits, tokens[chosen]).item() < 1.4
    drawn = language.opinions(300, generator(10))
    tokens, lengths = VOCABULARY.batch([f"{sentence} it was [MASK] ." for sentence in drawn])
    logits = model(tokens, mask=padding_mask(lengths))[torch.arange(300), lengths - 3]
    good, bad = (logits[:, VOCABULARY.encode([word])[0]] for word in ("good", "bad"))
    right = (good > bad) == torch.tensor([sentence.sentiment > 0 for sentence in drawn])
    assert right.float().mean() > 0.93
