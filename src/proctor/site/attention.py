"""Attention as the explorable computes it: words, their vectors, settings in an address, and what a word receives.

A word's query, key and value follow from the word alone, as in a model's first layer without positions. The words of
``WORDS`` have vectors set by hand, so that nouns find their adjectives, and "bank" the words of its topic; any other
word has random ones. Queries and keys have ``dimensions`` components: the first two are shown and may be dragged, the
others are random, with mean 0 and variance 1. The formulas and the random numbers stand twice, here with
``ravine.attention`` and in ``book/_static/attention``; tests/book holds them equal.

A setting is the query of an address: ``words=the+blue+creature&look=3&mask=causal&dimensions=64&q3=1.5,0.2``.
"""

import math
import re
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, quote_plus

LONGEST, LETTERS = 10, 120  # words and characters of a sentence: at most
REACH = 4.0  # how far from 0 a component may be dragged
DIMENSIONS = (2, 4, 8, 16, 32, 64, 128, 256, 512)
TEMPERATURES = (0.1, 10.0)
MASKS = {
    "none": "every word",
    "causal": "itself and the words before",
    "window-1": "itself and 1 word to each side",
    "window-2": "itself and 2 words to each side",
}
KINDS = {"q": "query", "k": "key", "v": "value"}
SENTENCES = {
    "The creature": "words=a+fluffy+blue+creature+roamed+the+verdant+forest&look=4",
    "A bank, of a river": "words=they+sat+on+the+bank+of+the+river&look=5",
    "A bank, with money": "words=the+bank+would+not+extend+the+loan&look=2",
    "An apple, to eat": "words=she+ate+the+apple+and+an+orange&look=4",
    "Apple, which sells": "words=apple+sells+the+phone&look=1",
}
USUAL = SENTENCES["The creature"]

# Directions of the plane of queries and keys: adjectives of what lives lie to the right, adjectives of places above,
# words of nature to the left, words of business below; nouns that live lie between the first and the last. A query
# points to what it looks for. Each word: query, key, value.
WORDS = {
    "a": ((0.4, -0.3), (0.2, 0.3), (-1.5, -2.7)),
    "an": ((0.4, -0.3), (0.2, 0.3), (-1.5, -2.7)),
    "the": ((0.3, 0.4), (-0.3, 0.2), (-0.4, -3.1)),
    "and": ((-0.3, 0.3), (0.3, -0.2), (0.6, -2.6)),
    "of": ((-0.4, -0.2), (0.1, -0.4), (1.6, -2.8)),
    "on": ((0.2, -0.5), (-0.2, -0.3), (1.5, -2.2)),
    "not": ((0.5, 0.2), (0.4, 0.1), (2.6, -2.4)),
    "would": ((-0.2, 0.5), (0.2, -0.3), (0.4, -2.1)),
    "they": ((0.6, -0.6), (0.7, -1.2), (0.6, 1.3)),
    "she": ((0.6, -0.6), (0.8, -1.2), (0.9, 1.0)),
    "fluffy": ((1.0, -1.4), (2.3, 0.7), (-0.9, 3.0)),
    "blue": ((1.0, -1.3), (2.5, 0.0), (1.2, 2.8)),
    "hungry": ((0.9, -1.5), (2.4, -0.3), (2.4, 1.9)),
    "verdant": ((-1.1, 1.2), (-0.3, 2.5), (-2.7, 2.3)),
    "quiet": ((-1.2, 1.0), (0.4, 2.3), (-1.8, 1.4)),
    "creature": ((3.1, 0.4), (1.2, -1.5), (0.5, 0.5)),
    "cat": ((3.0, 0.2), (1.4, -1.3), (1.0, 0.3)),
    "forest": ((0.3, 3.0), (-2.0, 1.1), (-2.9, 1.2)),
    "valley": ((0.1, 2.9), (-2.2, 0.9), (-2.2, 0.7)),
    "river": ((-0.2, 2.8), (-2.6, -0.3), (-3.2, 0.3)),
    "water": ((0.4, 2.4), (-2.5, -0.6), (-3.3, -0.6)),
    "orange": ((0.8, 1.5), (-2.4, 0.1), (-2.6, -1.0)),
    "pear": ((0.9, 1.4), (-2.5, 0.3), (-2.0, -1.3)),
    "bank": ((-2.2, -2.3), (-0.5, -0.6), (0.0, -0.5)),
    "apple": ((-2.3, -2.1), (-0.6, -0.4), (0.3, -0.9)),
    "loan": ((0.6, 1.2), (-0.2, -2.6), (3.2, 0.4)),
    "money": ((0.5, 1.3), (-0.4, -2.5), (3.3, -0.5)),
    "phone": ((0.8, 1.1), (0.1, -2.6), (2.8, 1.2)),
    "sells": ((1.3, -1.9), (0.1, -1.6), (2.2, -1.3)),
    "extend": ((1.1, -1.8), (0.5, -0.9), (1.6, -1.2)),
    "roamed": ((1.6, -2.6), (0.4, -0.6), (-1.2, -1.6)),
    "sat": ((1.5, -2.5), (0.3, -0.5), (0.8, -1.5)),
    "ate": ((1.6, -2.3), (-0.9, -0.2), (-1.3, -0.8)),
}


@dataclass(frozen=True)
class Setting:
    """What is shown.

    Attributes:
        words: the sentence.
        look: which word looks, from 0.
        mask: a name of ``MASKS``.
        dimensions: of queries and keys, d_k.
        scaled: whether the scores are divided by √d_k.
        temperature: what they are divided by besides.
        moved: vectors that differ from the words' own, ``{("q", 3): (1.5, 0.2)}``; positions from 0.
    """

    words: tuple[str, ...]
    look: int = 0
    mask: str = "none"
    dimensions: int = 2
    scaled: bool = True
    temperature: float = 1.0
    moved: dict[tuple[str, int], tuple[float, float]] = field(default_factory=dict)

    @property
    def query(self) -> str:
        """The setting as the query of an address; what has its default is left out."""
        pairs = [("words", "+".join(map(quote_plus, self.words))), ("look", str(self.look + 1))]
        if self.mask != "none":
            pairs.append(("mask", self.mask))
        if self.dimensions != 2:
            pairs.append(("dimensions", str(self.dimensions)))
        if not self.scaled:
            pairs.append(("scaled", "no"))
        if self.temperature != 1:
            pairs.append(("temperature", f"{self.temperature:g}"))
        pairs += [(f"{kind}{i + 1}", ",".join(f"{x:g}" for x in self.moved[kind, i])) for kind, i in sorted(self.moved)]
        return "&".join("=".join(pair) for pair in pairs)

    def vectors(self, kind: str) -> list[list[float]]:
        """All queries, keys or values: ``(words, dimensions)``, for values ``(words, 2)``."""
        size = 2 if kind == "v" else self.dimensions
        rows = [vector(word, kind, size) for word in self.words]
        return [[*self.moved.get((kind, i), row[:2]), *row[2:]] for i, row in enumerate(rows)]


def parse(query: str) -> Setting:
    """Read a query. The page ignores what it does not understand; what the course's authors write must be right.

    Raises:
        ValueError: if a key or value is unknown or out of range.

    >>> parse("words=the+blue+creature&look=3&q3=1.5,0.2").moved
    {('q', 2): (1.5, 0.2)}
    """
    given = dict(parse_qsl(query, keep_blank_values=True))
    if "words" not in given:
        given = dict(parse_qsl(USUAL)) | given
    text = given.pop("words")
    words = tuple(text.split())
    if not 1 <= len(words) <= LONGEST or len(text) > LETTERS:
        raise ValueError(f"a sentence has 1 to {LONGEST} words and at most {LETTERS} characters, got {text!r}")
    look = _chosen(given.pop("look", "1"), "look", map(str, range(1, len(words) + 1)))
    mask = _chosen(given.pop("mask", "none"), "mask", MASKS)
    dimensions = _chosen(given.pop("dimensions", "2"), "dimensions", map(str, DIMENSIONS))
    scaled = _chosen(given.pop("scaled", "yes"), "scaled", ("yes", "no"))
    temperature = float(given.pop("temperature", "1"))
    if not TEMPERATURES[0] <= temperature <= TEMPERATURES[1]:
        raise ValueError("temperature must be in [{:g}, {:g}], got {:g}".format(*TEMPERATURES, temperature))
    moved = dict(_moved(key, value, len(words)) for key, value in given.items())
    return Setting(words, int(look) - 1, mask, int(dimensions), scaled == "yes", temperature, moved)


def _chosen(value: str, what: str, choices) -> str:
    choices = list(choices)
    if value not in choices:
        raise ValueError(f"{what} must be one of {', '.join(choices)}, got {value!r}")
    return value


def _moved(key: str, text: str, count: int):
    found = re.fullmatch(r"([qkv])([1-9]\d?)", key)
    if not found or int(found[2]) > count:
        raise ValueError(f"there is no {key!r}; vectors are q1, k1, v1 to v{count}")
    point = tuple(float(part) for part in text.split(","))
    if len(point) != 2 or not all(abs(x) <= REACH for x in point):
        raise ValueError(f"{key} must be two numbers in [-{REACH:g}, {REACH:g}], got {text!r}")
    return (found[1], int(found[2]) - 1), point


# ---- vectors


def bare(word: str) -> str:
    """A word as it is looked up: in small letters, without punctuation before and after it.

    >>> bare("Bank,"), bare("don't"), bare("...")
    ('bank', "don't", '...')
    """
    return re.sub(r"^[^\w]+|[^\w]+$", "", word).lower() or word


def vector(word: str, kind: str, size: int) -> list[float]:
    """A word's query, key or value: two components by hand, if the word is known, and the others random."""
    word = bare(word)
    by_hand = WORDS[word]["qkv".index(kind)] if word in WORDS else ()
    draw = stream(f"{kind} {word}")
    drawn = [next(draw) for _ in range(size)]
    return [*by_hand, *drawn[len(by_hand) :]]


def stream(text: str):
    """Random numbers that follow from a text: uniform with mean 0 and variance 1 (FNV-1a, then mulberry32)."""
    state = 0x811C9DC5
    for byte in text.encode():
        state = (state ^ byte) * 0x01000193 & 0xFFFFFFFF
    while True:
        state = state + 0x6D2B79F5 & 0xFFFFFFFF
        bits = (state ^ state >> 15) * (state | 1) & 0xFFFFFFFF
        bits ^= bits + ((bits ^ bits >> 7) * (bits | 61) & 0xFFFFFFFF) & 0xFFFFFFFF
        yield math.sqrt(3) * (2 * ((bits ^ bits >> 14) / 2**32) - 1)


# ---- attention


def attend(setting: Setting) -> dict[str, list]:
    """What every word receives.

    Returns:
        ``scores`` q·k and ``weights``, each ``(words, words)``, a row for each word that looks; ``output``
        ``(words, 2)``.
    """
    import torch

    from ravine.attention import attention

    query, key, value = (torch.tensor(setting.vectors(kind), dtype=torch.float64) for kind in KINDS)
    factor = (1 if setting.scaled else math.sqrt(setting.dimensions)) / setting.temperature
    output, weights = attention(query * factor, key, value, allowed(setting))
    return {"scores": (query @ key.T).tolist(), "weights": weights.tolist(), "output": output.tolist()}


def allowed(setting: Setting):
    """The mask: bool ``(words, words)``, True where a word may look."""
    import torch

    from ravine.attention import causal_mask, window_mask

    count, (name, _, width) = len(setting.words), setting.mask.partition("-")
    if name == "none":
        return torch.ones(count, count, dtype=torch.bool)
    return causal_mask(count) if name == "causal" else window_mask(count, int(width))


def facts() -> dict:
    """All that the script needs to know, beyond the formulas."""
    return {
        "query": USUAL,
        "longest": LONGEST,
        "letters": LETTERS,
        "reach": REACH,
        "dimensions": DIMENSIONS,
        "temperatures": TEMPERATURES,
        "masks": MASKS,
        "sentences": SENTENCES,
        "words": WORDS,
    }
