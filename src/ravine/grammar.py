"""A small invented English, and the truth about each of its sentences.

The truth: the part of speech of each word, the topic, what the sentence thinks of things, the sense of each ambiguous
word ("bank" of a river or with money), and which noun each verb agrees with, however far away.

Paper: Linzen, Dupoux and Goldberg (2016), "Assessing the ability of LSTMs to learn syntax-sensitive dependencies"
(agreement past nouns of the other number).
Taught in: book/transformers/pretraining.md
"""

import random
from dataclasses import dataclass
from typing import NamedTuple

import torch

# For each topic: people, things, verbs without an object, adjectives; what comes first is the most frequent.
_TOPICS = {
    "river": ("ferryman angler", "boat bank bridge otter bow reed", "row swim", "muddy deep"),
    "orchard": ("gardener baker", "pear apple pie mouse tree basket", "harvest bake", "ripe sweet"),
    "market": ("merchant clerk", "coin bank loan note purse debt", "pay bargain", "costly golden"),
    "workshop": ("engineer inventor", "machine apple screen mouse wire spring engine", "work tinker", "electric noisy"),
    "music": ("fiddler singer", "song note drum bow tune pitch", "sing dance", "merry loud"),
    "mountain": ("walker shepherd", "path spring ridge stone cairn pitch", "climb walk rest", "steep snowy"),
}
TOPICS = tuple(_TOPICS)
PARTS = ("DET", "NOUN", "PRON", "ADJ", "VERB", "AUX", "ADV", "PART", "ADP", "CONJ", "PUNCT")
POSITIVE = ("good", "lovely", "fine", "splendid", "pleasant")
NEGATIVE = ("bad", "awful", "poor", "dreary", "dull")
_JUDGMENTS = {1: POSITIVE, -1: NEGATIVE}
_JUDGING = {1: ("love", "enjoy", "praise", "admire"), -1: ("hate", "fear", "curse", "dislike")}
_MOODS = {1: ("gladly", "happily"), -1: ("sadly", "grimly"), 0: ("often", "slowly", "today", "again")}
_PEOPLE = ("child", "friend", "guest", "stranger")
_VERBS = ("see", "find", "draw", "remember", "describe", "know")
_GENERAL = ("wait", "talk", "arrive")
_SAYING = ("say", "think", "claim")
_ADJECTIVES = ("old", "small", "quiet", "narrow", "gray", "tall", "wooden", "strange", "new", "long")
_TEMPERS = ("old", "small", "quiet", "tall", "strange", "young", "kind", "weary")  # of people
_PLACES = ("near", "beside", "behind", "above", "below", "past")
_DETERMINERS = {1: ("the", "the", "a", "this", "every", "one"), 2: ("the", "the", "these", "many", "some", "two")}
_CONJUNCTIONS = ("and", "but", "while", "because")
_REST = ("an", "is", "are", "was", "do", "does", "not", "that", "it", "very", ",", ".")
_ACTIVITIES = ("swim", "harvest", "bargain", "work", "dance", "climb", "walk", "rest")  # nouns and verbs
_IRREGULAR = {"ferryman": "ferrymen", "mouse": "mice", "child": "children", "pitch": "pitches"}


def _inflected(word, number=2):
    """Return a noun's form for one or for several, number 1 or 2."""
    return word if number == 1 else _IRREGULAR.get(word, word + "s")


def _verb(word, number):
    """Return a verb's form: "walks" for one, "walk" for several."""
    return word + "s" if number == 1 else word


class _Topic(NamedTuple):
    people: tuple[str, ...]
    things: tuple[str, ...]
    verbs: tuple[str, ...]
    adjectives: tuple[str, ...]


_BY_TOPIC = {topic: _Topic(*(tuple(words.split()) for words in lists)) for topic, lists in _TOPICS.items()}
# Nouns of two topics each; only the context tells which is meant. (An apple of the workshop is a computer.)
AMBIGUOUS = {
    word: places
    for topic in _BY_TOPIC.values()
    for word in topic.things
    if len(places := tuple(name for name, other in _BY_TOPIC.items() if word in other.things)) > 1
}
_NOUNS = dict.fromkeys(
    (*_PEOPLE, *(word for topic in _BY_TOPIC.values() for word in (*topic.people, *topic.things)), *_ACTIVITIES)
)
_BASES = dict.fromkeys(
    (
        *_VERBS,
        *_GENERAL,
        *_SAYING,
        *_JUDGING[1],
        *_JUDGING[-1],
        *(v for topic in _BY_TOPIC.values() for v in topic.verbs),
    )
)
# For each topic every form that tells it: its words without the ambiguous ones.
TOPIC_WORDS = {
    name: frozenset(
        form
        for words in (topic.people, topic.things, topic.verbs, topic.adjectives)
        for word in words
        if word not in AMBIGUOUS
        for form in ((word,) if words is topic.adjectives else (word, _inflected(word)))
    )
    for name, topic in _BY_TOPIC.items()
}
_SENSED = frozenset(form for word in AMBIGUOUS for form in (word, _inflected(word)))
# The other number of each verb form: "walks" and "walk", "is" and "are", "does" and "do".
OTHER_NUMBER = {_verb(base, number): _verb(base, 3 - number) for base in _BASES for number in (1, 2)} | {
    "is": "are",
    "are": "is",
    "do": "does",
    "does": "do",
}


@dataclass(frozen=True)
class Sentence:
    """Words, and the truth about them.

    Attributes:
        words: the words, punctuation among them.
        parts: the part of speech of each, from :data:`PARTS` (the universal tags of treebanks).
        topic: one of :data:`TOPICS`.
        opinions: what each clause thinks, in order: -1, 0 or 1.
        senses: index of each ambiguous word -> its topic here.
        agreements: for each verb in the present, ``(subject, verb)``, the indices of the noun and of the verb.
    """

    words: tuple[str, ...]
    parts: tuple[str, ...]
    topic: str
    opinions: tuple[int, ...]
    senses: dict[int, str]
    agreements: tuple[tuple[int, int], ...]

    def __str__(self):
        return " ".join(self.words)

    @property
    def sentiment(self):
        """What the whole thinks: -1, 0 or 1. The last clause decides, as in "dull, but the song is lovely"."""
        return self.opinions[-1]

    def is_plural(self, index):
        """Whether the noun at ``index`` stands for several."""
        return self.words[index] not in _NOUNS

    def misleading(self, subject, verb):
        """Whether a noun of the other number stands between a subject and its verb, given by their indices."""
        between = range(subject + 1, verb)
        return any(
            self.parts[index] == "NOUN" and self.is_plural(index) != self.is_plural(subject) for index in between
        )


class _Draft:
    """A sentence in the making: each method appends its words and returns what later ones must agree with."""

    def __init__(self, rng, topic):
        self.rng, self.name, self.topic = rng, topic, _BY_TOPIC[topic]
        self.words, self.parts, self.agreements, self.opinions, self.named = [], [], [], [], set()

    def add(self, words, part):
        for word in words.split():
            self.words.append(word)
            self.parts.append(part)
        return len(self.words) - 1

    def draw(self, words):
        """Draw a word, the first ones more often, as in a real language: of five words the first is a third."""
        return words[int(len(words) * self.rng.random() ** 1.5)]

    def chance(self, share):
        return self.rng.random() < share

    # A phrase returns (index of its noun, number), number 1 or 2.

    def noun(self, words, adjectives, modifiers=0.0):
        """Determiner, perhaps an adjective, the noun; perhaps a place or a clause that keeps it from its verb."""
        word = self.draw([word for word in words if word not in self.named] or words)
        self.named.add(word)
        number = self.rng.choice((1, 2))
        form, determiner = _inflected(word, number), self.rng.choice(_DETERMINERS[number])
        adjective = self.draw(adjectives) if self.chance(0.3) else ""
        self.add("an" if determiner == "a" and (adjective or form)[0] in "aeiou" else determiner, "DET")
        self.add(adjective, "ADJ")
        subject = self.add(form, "NOUN"), number
        if self.chance(modifiers):
            if self.chance(0.6):
                self.place()
            else:
                self.clause(subject, acts=adjectives is _TEMPERS)
        return subject

    def person(self, modifiers=0.0):
        return self.noun(self.topic.people if self.chance(0.7) else _PEOPLE, _TEMPERS, modifiers)

    def thing(self, modifiers=0.0, adjectives=None):
        activities = [verb for verb in self.topic.verbs if verb in _ACTIVITIES]
        return self.noun(
            self.topic.things if self.chance(0.85) else activities, adjectives or self.adjectives(), modifiers
        )

    def adjectives(self):
        return self.topic.adjectives if self.chance(0.6) else _ADJECTIVES

    def place(self):
        self.add(self.draw(_PLACES), "ADP")
        self.noun(self.topic.things, self.adjectives())

    def clause(self, subject, acts):
        """A relative clause: "that the singers know", or of one who acts "that knows the singers"."""
        self.add("that", "PRON")
        if acts and self.chance(0.5):
            self.agree(subject, self.draw(_VERBS))
            self.person()
        else:
            self.agree(self.person(), self.draw(_VERBS))

    def agree(self, subject, base):
        """A verb that agrees, "is" or "are" where ``base`` is "be"."""
        index, number = subject
        form = ("is", "are")[number - 1] if base == "be" else _verb(base, number)
        self.agreements.append((index, self.add(form, "AUX" if base in ("be", "do") else "VERB")))

    def denied(self, subject, base):
        """A verb after "does not" or "do not"."""
        index, number = subject
        self.agreements.append((index, self.add(("does", "do")[number - 1], "AUX")))
        self.add("not", "PART")
        self.add(base, "VERB")

    # A statement has no opinion; an opinion is 1 or -1.

    def act(self):
        return self.draw(self.topic.verbs if self.chance(0.8) else _GENERAL)

    def statement(self):
        kind = self.rng.randrange(4)
        if kind == 0:
            self.agree(self.person(0.5), self.act())
            self.add(self.draw(_MOODS[0]) if self.chance(0.4) else "", "ADV")
            if self.chance(0.6):
                self.place()
        elif kind == 1:
            self.agree(self.person(0.5), self.draw(_VERBS))
            self.thing(0.2)
        elif kind == 2:
            self.agree(self.thing(0.6), "be")
            self.add("very" if self.chance(0.2) else "", "ADV")
            self.add(self.draw(self.adjectives()), "ADJ")
        else:
            self.denied(self.person(0.4), self.draw(_VERBS))
            self.thing(0.2)
        self.opinions.append(0)

    def opinion(self, sign):
        kind = self.rng.randrange(4)
        denied = self.chance(0.3) and kind < 3
        inner = -sign if denied else sign
        if kind == 0:
            (self.denied if denied else self.agree)(self.person(0.35), self.draw(_JUDGING[inner]))
            self.thing(0.2, _JUDGMENTS[sign])
        elif kind == 1:
            self.judged(inner, denied)
        elif kind == 2:
            self.agree(self.person(0.2), self.draw(_SAYING))
            self.add("that", "CONJ")
            self.judged(inner, denied)
        else:
            self.agree(self.person(0.35), self.act())
            self.add(self.draw(_MOODS[sign]), "ADV")
            if self.chance(0.5):
                self.add(self.draw(_PLACES), "ADP")
                self.thing(0.0, _JUDGMENTS[sign])
        self.opinions.append(sign)

    def judged(self, sign, denied):
        self.agree(self.thing(0.35), "be")
        self.add("not" if denied else "", "PART")
        self.judgment(sign)

    def judgment(self, sign):
        """One adjective or two: "good and pleasant"."""
        first = self.draw(_JUDGMENTS[sign])
        self.add(first, "ADJ")
        if self.chance(0.4):
            self.add("and", "CONJ")
            self.add(self.draw([word for word in _JUDGMENTS[sign] if word != first]), "ADJ")

    def join(self, conjunction):
        self.add(",", "PUNCT")
        self.add(conjunction, "CONJ")

    def dispute(self):
        """Two opinions: the same after "and", opposite after "but", either after "while"."""
        first = self.rng.choice((1, -1))
        conjunction = self.rng.choice(("and", "but", "while", "while"))
        self.opinion(first)
        self.join(conjunction)
        self.opinion({"and": first, "but": -first, "while": self.rng.choice((1, -1))}[conjunction])

    def end(self):
        self.add(".", "PUNCT")

    def verdict(self):
        """A second sentence that sums the first up: "it was lovely ."."""
        self.add("it", "PRON")
        self.add("was", "AUX")
        self.judgment(self.opinions[-1])
        self.end()

    def anything(self):
        kind = self.rng.random()
        if kind < 0.25:
            self.statement()
            if kind < 0.09:
                self.join(self.rng.choice(("and", "because")))
                self.statement()
        elif kind < 0.62:
            self.opinion(self.rng.choice((1, -1)))
        else:
            self.dispute()
        self.end()
        if self.opinions[-1] and self.chance(0.8):
            self.verdict()

    def lone_opinion(self):
        self.opinion(self.rng.choice((1, -1)))
        self.end()

    def lone_dispute(self):
        self.dispute()
        self.end()

    def sentence(self):
        senses = {index: self.name for index, word in enumerate(self.words) if word in _SENSED}
        return Sentence(
            tuple(self.words), tuple(self.parts), self.name, tuple(self.opinions), senses, tuple(self.agreements)
        )


def sentences(n, generator):
    """Draw sentences of every kind: statements and opinions of one clause or two, some with a verdict at the end.

    Args:
        n: how many, >= 1.
        generator: a ``torch.Generator``.

    Returns:
        A list of :class:`Sentence`, each of at most :data:`LONGEST` words.

    Raises:
        ValueError: if ``n`` is not a positive integer.

    >>> print(sentences(1, torch.Generator().manual_seed(1))[0])
    many apples are pleasant , while the pears are splendid and good . it was good .
    """
    return _draw(n, generator, _Draft.anything)


def opinions(n, generator):
    """Draw sentences of one clause that like or dislike something, without a verdict; as :func:`sentences`.

    >>> print(opinions(1, torch.Generator().manual_seed(1))[0])
    these gardeners arrive gladly .
    """
    return _draw(n, generator, _Draft.lone_opinion)


def disputes(n, generator):
    """Draw sentences of two clauses, each with its opinion, without a verdict; as :func:`sentences`.

    The two are the same after "and", opposite after "but", and either after "while", which joins half of the clauses.
    The last opinion is the sentence's ``sentiment``; the first is one that no verdict in pre-training tells.

    >>> print(disputes(1, torch.Generator().manual_seed(0))[0])
    the gardeners hate two pears , and this baker behind every pie bakes sadly .
    """
    return _draw(n, generator, _Draft.lone_dispute)


LONGEST = 30  # words in a sentence


def _draw(n, generator, kind):
    if not (isinstance(n, int) and n >= 1):
        raise ValueError(f"expected a positive number of sentences, got {n!r}")
    rng = random.Random(torch.randint(2**62, (), generator=generator).item())
    drawn = []
    while len(drawn) < n:
        draft = _Draft(rng, rng.choice(TOPICS))
        kind(draft)
        # A sentence must be short enough, and name its topic: then the sense of an ambiguous word is decided.
        if len(draft.words) <= LONGEST and not TOPIC_WORDS[draft.name].isdisjoint(draft.words):
            drawn.append(draft.sentence())
    return drawn


WORDS = tuple(
    dict.fromkeys(
        word
        for words in (
            (determiner for number in (1, 2) for determiner in _DETERMINERS[number]),
            _REST,
            _CONJUNCTIONS,
            _PLACES,
            (form for base in _BASES for form in (base, _verb(base, 1))),
            (form for noun in _NOUNS for form in (noun, _inflected(noun))),
            _ADJECTIVES,
            _TEMPERS,
            (adjective for topic in _BY_TOPIC.values() for adjective in topic.adjectives),
            (*POSITIVE, *NEGATIVE),
            (adverb for sign in (1, -1, 0) for adverb in _MOODS[sign]),
        )
        for word in words
    )
)
