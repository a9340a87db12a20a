"""The invented language: what its sentences say of themselves is true."""

import pytest
import torch

from ravine import grammar

IRREGULAR = {"ferrymen": "ferryman", "mice": "mouse", "children": "child", "pitches": "pitch"}
DETERMINED = {"a": 1, "an": 1, "this": 1, "every": 1, "one": 1, "these": 2, "many": 2, "some": 2, "two": 2}


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def drawn():
    return grammar.sentences(3000, generator(1))


def is_plural(noun):
    return noun in IRREGULAR or (noun.endswith("s") and noun[:-1] in grammar.WORDS)


def test_every_word_is_used(drawn):
    many = [*drawn, *grammar.sentences(3000, generator(2))]
    assert {word for sentence in many for word in sentence.words} == set(grammar.WORDS)


def test_sentences_follow_the_seed():
    assert grammar.sentences(20, generator(5)) == grammar.sentences(20, generator(5))
    assert grammar.sentences(20, generator(5)) != grammar.sentences(20, generator(6))
    both = generator(5)
    assert grammar.sentences(20, both) != grammar.sentences(20, both)


def test_each_word_has_a_part(drawn):
    for sentence in drawn:
        assert len(sentence.words) == len(sentence.parts) <= grammar.LONGEST
        assert set(sentence.parts) <= set(grammar.PARTS)
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
            assert grammar.OTHER_NUMBER[grammar.OTHER_NUMBER[word]] == word
            assert sentence.is_plural(subject) == plural
            between = range(subject + 1, verb)
            numbers = {is_plural(sentence.words[index]) for index in between if sentence.parts[index] == "NOUN"}
            assert sentence.misleading(subject, verb) == ((not plural) in numbers)
            distant += sentence.misleading(subject, verb)
    assert distant > 300


def test_the_sense_is_the_topic_and_the_topic_is_named(drawn):
    for sentence in drawn:
        ambiguous = [
            i for i, word in enumerate(sentence.words) if IRREGULAR.get(word, word.rstrip("s")) in grammar.AMBIGUOUS
        ]
        assert list(sentence.senses) == ambiguous
        assert set(sentence.senses.values()) <= {sentence.topic}
        for index in ambiguous:
            word = sentence.words[index]
            assert sentence.topic in grammar.AMBIGUOUS[IRREGULAR.get(word, word.rstrip("s"))]
    assert grammar.AMBIGUOUS["bank"] == ("river", "market")
    assert grammar.AMBIGUOUS["apple"] == ("orchard", "workshop")


def understood(sentence):
    """The opinion of one clause, read by rule: its last judgment, which a "not" before it turns around."""
    good = {*grammar.POSITIVE, "love", "enjoy", "praise", "admire", "gladly", "happily"}
    bad = {*grammar.NEGATIVE, "hate", "fear", "curse", "dislike", "sadly", "grimly"}
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
            assert said <= {*(grammar.POSITIVE if sentence.sentiment > 0 else grammar.NEGATIVE)}
            assert len(said) in (1, 2)
    assert verdicts > 800
    assert {sentence.sentiment for sentence in drawn} == {-1, 0, 1}


def test_opinions_and_disputes():
    for sentence in grammar.opinions(300, generator(3)):
        assert len(sentence.opinions) == 1 and sentence.sentiment in (-1, 1)
        assert "it" not in sentence.words
        assert understood(sentence) == sentence.sentiment, sentence
    disputes = grammar.disputes(1000, generator(4))
    for sentence in disputes:
        first, last = sentence.opinions
        assert sentence.sentiment == last
        joint = sentence.words[sentence.words.index(",") + 1]
        assert joint in ("and", "but", "while")
        assert joint == "while" or (first == last) == (joint == "and")
    apart = [a != b for a, b in (sentence.opinions for sentence in disputes)]
    assert 0.42 < sum(apart) / len(apart) < 0.58


def test_no_sentences_are_refused():
    with pytest.raises(ValueError, match="expected a positive number of sentences, got 0"):
        grammar.sentences(0, generator())
