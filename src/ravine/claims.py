"""Claims: a sentence of the prose, with the number behind it, checked whenever the page runs.

A claim becomes an output of its cell, of a MIME type of its own, so that the page of all claims can be read from the
executed notebook (a cached one too). A claim that does not hold stops the build.
"""

import json
import math
import numbers

from IPython import get_ipython
from IPython.display import display

MIME = "application/vnd.ravine.claim+json"


class ClaimError(AssertionError):
    """A claim of the prose that its own numbers do not bear out."""


def claim(text, value, *, at_most=None, at_least=None, equals=None, within=None):
    """Check a claim and show it.

    Give ``at_most``, ``at_least`` or both (a range); or ``equals``, with ``within`` as its absolute tolerance; or, for
    a value that is True or False, nothing: then it must be True.

    The margin says how much room is left. For a bound it is the distance to it as a fraction of the bound's size (the
    distance itself where the bound is 0); for ``within`` it is the unused fraction of the tolerance. It is negative
    where the claim fails, and None for an exact ``equals`` and for True.

    Args:
        text: the claim, a sentence that a reader can follow without the page.
        value: the measured number (or a tensor or array of one element), or a bool.
        at_most: upper bound, included.
        at_least: lower bound, included.
        equals: the expected number.
        within: absolute tolerance of ``equals``, > 0.

    Raises:
        ClaimError: if the claim does not hold; a value that is not a number (NaN) satisfies nothing.
        ValueError: if the text is empty, the bounds do not go together, or the value has more than one element.

    >>> claim("a square has four sides", len("abcd"), equals=4)
    claim: a square has four sides [4, equals 4]
    >>> claim("a fifth of the steps is enough", 0.16, at_most=0.2)
    claim: a fifth of the steps is enough [0.16, at most 0.2, margin 20%]
    """
    if not isinstance(text, str) or not text.strip():
        raise ValueError(f"expected the claim's text, got {text!r}")
    value = _plain(value)
    relation, bound, margin, holds = _judge(value, at_most, at_least, equals, within)
    record = {"text": text, "value": value, "relation": relation, "bound": bound, "margin": margin, "holds": holds}
    plain = _sentence(record)
    if get_ipython() is None:
        print(plain)
    else:
        # Through JSON and back: what is stored in the notebook must be valid JSON, which has no infinity.
        display({MIME: json.loads(json.dumps(_finite(record), allow_nan=False)), "text/plain": plain}, raw=True)
    if not holds:
        raise ClaimError(plain)


def _judge(value, at_most, at_least, equals, within):
    if within is not None and (equals is None or not within > 0):
        raise ValueError(f"within is the tolerance of equals and must be positive, got {within} with equals={equals}")
    if equals is not None and (at_most is not None or at_least is not None):
        raise ValueError("give equals, or bounds, not both")
    if equals is None and at_most is None and at_least is None:
        if not isinstance(value, bool):
            raise ValueError(f"a number needs a bound (at_most, at_least or equals), got {value!r} alone")
        return "is true", True, None, value
    if isinstance(value, bool) != isinstance(equals, bool):
        raise ValueError(f"cannot compare {value!r} with a bound of another kind")
    if equals is not None:
        equals = _plain(equals)
        if within is None:
            return "equals", equals, None, value == equals
        within = _plain(within)
        margin = 1 - abs(value - equals) / within
        return "within", [equals, within], margin, abs(value - equals) <= within
    margins, bounds = [], []
    for bound, sign in ((at_least, 1), (at_most, -1)):
        if bound is not None:
            bound = _plain(bound)
            bounds.append(bound)
            margins.append(sign * (value - bound) / (abs(bound) or 1))
    margin = min(margins) if not any(map(math.isnan, margins)) else math.nan
    relation = "between" if len(bounds) == 2 else "at least" if at_least is not None else "at most"
    # Compared directly, not through the margin, which may round to 0 (or overflow) beside the bound.
    holds = (at_least is None or value >= at_least) and (at_most is None or value <= at_most)
    return relation, bounds if len(bounds) == 2 else bounds[0], margin, bool(holds)


def _plain(value):
    """Return a bool, int or float for a number, or for an array or tensor that holds one."""
    if hasattr(value, "item"):
        if math.prod(getattr(value, "shape", ())) != 1:
            raise ValueError(f"expected one number, got shape {tuple(value.shape)}")
        value = value.item()
    if not isinstance(value, numbers.Real):
        raise ValueError(f"expected a number or a bool, got {value!r}")
    return value if isinstance(value, bool | int) else float(value)


def _finite(record):
    return {
        key: str(item) if isinstance(item, float) and not math.isfinite(item) else item for key, item in record.items()
    }


def _sentence(record):
    verdict = "claim" if record["holds"] else "claim does not hold"
    value, bound, relation = record["value"], record["bound"], record["relation"]
    if relation == "is true":
        return f"{verdict}: {record['text']}"
    shown = f"{value:.4g}" if isinstance(value, float) else f"{value}"
    if relation == "within":
        limit = f"within {bound[1]:g} of {bound[0]:g}"
    elif relation == "between":
        limit = f"between {bound[0]:g} and {bound[1]:g}"
    else:
        limit = f"{relation} {bound:g}" if isinstance(bound, float) else f"{relation} {bound}"
    margin = "" if record["margin"] is None else f", margin {record['margin']:.0%}"
    return f"{verdict}: {record['text']} [{shown}, {limit}{margin}]"
