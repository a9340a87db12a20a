"""Asking again: code that knows how often or in which order it was asked cannot rely on it.

Every request of a tests cell is kept with its reply, as the bytes that were sent. At the end a few requests of every
question that passed are put, fewer and in another order, to a fresh candidate that knows nothing of the first round. An
honest function gives the same answer, also one that draws random numbers, because the candidate seeds the global
generators with the request and its number. A question is asked where it stands: later answers may honestly give its
names another meaning.
"""

import random
from collections import Counter

import numpy as np

from proctor import codec
from proctor.calls import checked

PROBES = 2  # requests of each question that are asked again; of equal ones, the last; a single one twice
MAX_KEPT = 2**20  # bytes of a request or a reply that is kept
RTOL, ATOL = 1e-5, 1e-8  # sums in another place of memory may round otherwise


class Record:
    """The requests of one submission, with their replies, by question."""

    def __init__(self):
        self._seen: Counter[bytes] = Counter()
        self._kept: dict[str, dict[bytes, tuple[bytes, bytes]]] = {}

    def encode(self, request: dict) -> tuple[bytes, bytes]:
        """The request as bytes, and what to send: where equal ones came before, the request with their number.

        Raises:
            CodecError: if it holds what cannot be sent.
        """
        data = codec.encode(request)
        number = self._seen[data]
        if len(data) <= MAX_KEPT:
            self._seen[data] += 1
        return data, codec.encode({**request, "occurrence": number}) if number else data

    def keep(self, question: str, request: bytes, sent: bytes, reply: bytes) -> None:
        """Keep what was sent for a request and what it brought, if neither is too large."""
        if max(len(sent), len(reply)) <= MAX_KEPT:
            kept = self._kept.setdefault(question, {})
            kept.pop(request, None)  # it goes to the end
            kept[request] = sent, reply

    def probes(self, question: str, seed: str) -> list[tuple[bytes, bytes]]:
        """What to send again of a question and the replies that it brought, the later ones first: no place is the same.

        Args:
            question: its id.
            seed: decides which, so that nobody can foresee it.
        """
        asked = self._kept.get(question, {})
        kept = list(asked.values())
        if len(kept) == 1:  # at any rate not as often as before
            return kept if self._seen[next(iter(asked))] > 1 else 2 * kept
        places = sorted(random.Random(seed).sample(range(len(kept)), min(PROBES, len(kept))), reverse=True)
        return [kept[place] for place in places]


def agree(one: bytes, other: bytes) -> bool:
    """Whether two encoded replies say the same: equal values up to rounding, or exceptions of the same kind."""
    if one == other:
        return True
    one, other = checked(codec.decode(one)), checked(codec.decode(other))
    if "value" in one and "value" in other:
        return _same(one["value"], other["value"])
    return one.get("kinds") == other.get("kinds") is not None


def _same(one, other) -> bool:
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple) and set(map(type, [*one, *other])) != {float}:
        return len(one) == len(other) and all(map(_same, one, other))
    if one is None or isinstance(one, str | bool | int):
        return one == other
    one, other = np.asarray(one), np.asarray(other)  # a float or many, an array, a tensor
    return one.shape == other.shape and bool(np.allclose(one, other, rtol=RTOL, atol=ATOL, equal_nan=True))
