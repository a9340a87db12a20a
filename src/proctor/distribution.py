"""The distribution of a class's scores over intervals that begin and end at round numbers."""

import math
from collections.abc import Collection


def bins(scores: Collection[float], points: float, most: int) -> list[tuple[float, float, int]]:
    """Count scores by interval.

    Args:
        scores: points of each submission.
        points: what the assignment is worth.
        most: number of intervals, at most.

    Returns:
        ``(low, high, count)`` from 0 up, ``low`` included. An interval spans 1, 2 or 5 times a power of ten, 0.5 points
        at least; the last one ends with ``points`` and includes it, and whatever lies above.

    >>> bins([0, 3, 4, 9, 10], 10, 5)
    [(0.0, 2.0, 1), (2.0, 4.0, 1), (4.0, 6.0, 1), (6.0, 8.0, 0), (8.0, 10, 2)]
    """
    steps = (factor * 10.0**power for power in range(-1, 9) for factor in (1, 2, 5))
    step = next(step for step in steps if step >= 0.5 and points <= step * most)
    number = max(math.ceil(points / step), 1)
    counts = [0] * number
    for score in scores:
        counts[min(max(int(score / step + 1e-9), 0), number - 1)] += 1
    ends = [*((place + 1) * step for place in range(number - 1)), points or step]
    return [(place * step, end, count) for place, (end, count) in enumerate(zip(ends, counts, strict=True))]


def span(low: float, high: float, points: float) -> str:
    """An interval in words.

    >>> span(0, 2, 10), span(8, 10, 10)
    ('0 to below 2', '8 to 10')
    """
    return f"{low:g} to {'below ' if high < points else ''}{high:g}"
