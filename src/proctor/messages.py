"""What went wrong, counted: the misconceptions and errors that the examiner's messages name.

A message is written for one student and holds that student's numbers. Here two messages are the same when they say the
same of other numbers.
"""

import re
from collections import Counter
from collections.abc import Iterable

from proctor.calls import MAX_MESSAGE

MAX_TEXT = 200

_MISTAKE = re.compile(r"This is what you get with this mistake: (.+?)\.(?= \(the answer | \(after your |$)", re.DOTALL)
_TAIL = re.compile(r" \((?:line \d+: |the answer cell itself raised |after your answers ).*$", re.DOTALL)
_ARRAY = re.compile(r"\[[-+0-9.,e\s\[\]…infaNoe]*(?:\]|$)")
_NUMBER = re.compile(r"(?<![\w.])[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?(?!\w)|(?<!\w)(?:nan|-?inf)(?!\w)")


def misconception(message: str) -> str | None:
    """The mistake that a message names, or None.

    >>> misconception("lr: got 2, which is not right. This is what you get with this mistake: one over the curvature.")
    'one over the curvature'
    """
    found = _MISTAKE.search(message[:MAX_MESSAGE])
    return found[1][:MAX_TEXT] if found else None


def normalized(message: str) -> str:
    """A message without the student's values and lines of code, at most ``MAX_TEXT`` characters.

    >>> normalized("the path in 2 dimension(s): got [[ 1.5], [-2.e-05]], which is not right.")
    'the path in … dimension(s): got …, which is not right.'
    >>> normalized("the code raised ValueError: no (line 4: raise ValueError('no'))")
    'the code raised ValueError: no'
    """
    return _NUMBER.sub("…", _ARRAY.sub("…", _plain(message)))[:MAX_TEXT]


class Counted:
    """Messages that say the same, and how many submissions got each; numbers stay where none of them is a student's."""

    def __init__(self):
        self._counts, self._texts = Counter(), {}

    def add(self, messages: Iterable[str]) -> None:
        """Count what one submission was told; the same thing said twice counts once."""
        for key, text in {normalized(message): _plain(message)[:MAX_TEXT] for message in messages}.items():
            self._counts[key] += 1
            if self._texts.setdefault(key, text) != text or "got " in text:
                self._texts[key] = key

    def most_common(self) -> list[tuple[str, int]]:
        """Texts and numbers of submissions, the most frequent first."""
        return [(self._texts[key], count) for key, count in self._counts.most_common()]


def _plain(message: str) -> str:
    return " ".join(_TAIL.sub("", message[:MAX_MESSAGE]).split())
