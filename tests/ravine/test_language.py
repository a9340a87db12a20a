"""The invented language keeps its own rules, masking has BERT's rates, and the pre-trained model knows the language."""

import hashlib
import json
from importlib import resources

import pytest
import torch

from ravine import language
from ravine.attention import padding_mask
from ravine.language import VOCABULARY, Vocabulary

IRREGULAR = {"ferrymen": "ferryman", "mice": "mouse", "children": "child", "pitches": "pitch"}
DETERMINED = {"a": 1, "an": 1, "this": 1, "every": 1, "one": 1, "these": 2, "many": 2, "some": 2, "two": 2}


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def drawn():
    return language.sentences(3000, generator(1))


def is_plural(noun):
    return noun in IRREGULAR or (noun.endswith("s") and noun[:-1] in language.WORDS)


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


def test_every_word_is_used(drawn):
    many = [*drawn, *language.sentences(3000, generator(2))]
    assert {word for sentence in many for word in sentence.words} == set(language.WORDS)


def test_sentences_follow_the_seed():
    assert language.sentences(20, generator(5)) == language.sentences(20, generator(5))
    assert language.sentences(20, generator(5)) != language.sentences(20, generator(6))
    both = generator(5)
    assert language.sentences(20, both) != language.sentences(20, both)


def test_each_word_has_a_part(drawn):
    for sentence in drawn:
        assert len(sentence.words) == len(sentence.parts) <= language.LONGEST
        assert set(sentence.parts) <= set(language.PARTS)
        assert sentence.words[-1] == "."


def test_some_words_are_nouns_and_verbs(drawn):
    parts = {}
    for sentence in drawn:
        for word, part in zip(sentence.words, sentence.parts, strict=True):
            parts.setdefault(word, set()).add(part)
    both = {word for word, found in parts.items() if found == {"NOUN", "VERB"}}
    assert {"walk", "walks", "dance", "dances", "swim", "swims"} <= both


def test_determiners_fit_their_nouns(drawn):
    seen = set()
    for sentence in drawn:
        pairs = list(zip(sentence.words, sentence.parts, strict=True))
        for index, (word, part) in enumerate(pairs):
            if part == "DET":
                seen.add(word)
                noun = next(other for other, kind in pairs[index:] if kind == "NOUN")
                assert DETERMINED.get(word, 1 + is_plural(noun)) == 1 + is_plural(noun), sentence
                if word in ("a", "an"):
                    assert (word == "an") == (sentence.words[index + 1][0] in "aeiou"), sentence
    assert seen == {"the", *DETERMINED}


def test_verbs_agree_with_their_subjects_however_far(drawn):
    distant = 0
    for sentence in drawn:
        assert len({verb for _, verb in sentence.agreements}) == len(sentence.agreements)
        for subject, verb in sentence.agreements:
            assert sentence.parts[subject] == "NOUN" and sentence.parts[verb] in ("VERB", "AUX")
            word, plural = sentence.words[verb], is_plural(sentence.words[subject])
            assert word.endswith("s") != plural, sentence
            assert language.OTHER_NUMBER[language.OTHER_NUMBER[word]] == word
            assert sentence.is_plural(subject) == plural
            between = range(subject + 1, verb)
            numbers = {is_plural(sentence.words[index]) for index in between if sentence.parts[index] == "NOUN"}
            assert sentence.misleading(subject, verb) == ((not plural) in numbers)
            distant += sentence.misleading(subject, verb)
    assert distant > 300


def test_the_sense_is_the_topic_and_the_topic_is_named(drawn):
    for sentence in drawn:
        ambiguous = [
            i for i, word in enumerate(sentence.words) if IRREGULAR.get(word, word.rstrip("s")) in language.AMBIGUOUS
        ]
        assert list(sentence.senses) == ambiguous
        assert set(sentence.senses.values()) <= {sentence.topic}
        for index in ambiguous:
            word = sentence.words[index]
            assert sentence.topic in language.AMBIGUOUS[IRREGULAR.get(word, word.rstrip("s"))]
    assert language.AMBIGUOUS["bank"] == ("river", "market")
    assert language.AMBIGUOUS["apple"] == ("orchard", "workshop")


def understood(sentence):
    """The opinion of one clause, read by rule: its last judgment, which a "not" before it turns around."""
    good = {*language.POSITIVE, "love", "enjoy", "praise", "admire", "gladly", "happily"}
    bad = {*language.NEGATIVE, "hate", "fear", "curse", "dislike", "sadly", "grimly"}
    words = [word if word in good | bad or word[:-1] not in good | bad else word[:-1] for word in sentence.words]
    last = max(index for index, word in enumerate(words) if word in good | bad)
    direct = sentence.parts[last] == "ADV" or sentence.parts[last - 1] == "DET"  # "sing sadly", "the dull song"
    return (1 if words[last] in good else -1) * (-1 if "not" in words and not direct else 1)


def test_a_verdict_is_the_last_opinion(drawn):
    verdicts = 0
    for sentence in drawn:
        if "it" in sentence.words:
            verdicts += 1
            it = sentence.words.index("it")
            assert sentence.words[it : it + 2] == ("it", "was")
            said = {*sentence.words[it + 2 :]} - {"and", "."}
            assert said <= {*(language.POSITIVE if sentence.sentiment > 0 else language.NEGATIVE)}
            assert len(said) in (1, 2)
    assert verdicts > 800
    assert {sentence.sentiment for sentence in drawn} == {-1, 0, 1}


def test_opinions_and_disputes():
    for sentence in language.opinions(300, generator(3)):
        assert len(sentence.opinions) == 1 and sentence.sentiment in (-1, 1)
        assert "it" not in sentence.words
        assert understood(sentence) == sentence.sentiment, sentence
    disputes = language.disputes(1000, generator(4))
    for sentence in disputes:
        first, last = sentence.opinions
        assert sentence.sentiment == last
        joint = sentence.words[sentence.words.index(",") + 1]
        assert joint in ("and", "but", "while")
        assert joint == "while" or (first == last) == (joint == "and")
    apart = [a != b for a, b in (sentence.opinions for sentence in disputes)]
    assert 0.42 < sum(apart) / len(apart) < 0.58


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
        (lambda: language.sentences(0, generator()), "expected a positive number of sentences, got 0"),
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
