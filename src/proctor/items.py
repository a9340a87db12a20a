"""Item analysis: how hard a question was, and whether it tells those who know more from those who know less.

Classical test theory, as in Crocker and Algina, *Introduction to Classical and Modern Test Theory* (1986), chapter 14.
The correlation is corrected: an item is compared with the rest of the score and not with the whole, of which it is a
part (Henrysson, "Correction of item-total correlations in item analysis", Psychometrika 28, 1963).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

MIN_SUBMISSIONS = 10  # below that, a correlation says more about who happened to take part than about the question
WEAK = 0.2  # Ebel and Frisbie, Essentials of Educational Measurement (1991): below 0.2 an item is to be looked at


@dataclass(frozen=True)
class Item:
    """What one question measured.

    Attributes:
        difficulty: mean share of the points, 0 (nobody) to 1 (everybody); None where it is not known.
        discrimination: corrected item-rest correlation, -1 to 1; None where it is not known, there are too few
            submissions, or all did equally well.
    """

    difficulty: float | None = None
    discrimination: float | None = None


def analyze(earned: np.ndarray, points: Sequence[float]) -> list[Item]:
    """Difficulty and discrimination of every question.

    Args:
        earned: array (submissions, questions); points, NaN where a grader has yet to decide.
        points: what each question is worth; one that is worth nothing has no difficulty.

    Returns:
        One item a question. Nothing is known yet of a question of which some answers wait, for what is settled are
        mostly those left blank; nor is it part of the rest that the others are compared with.

    Raises:
        ValueError: if the shapes do not fit.

    >>> analyze(np.array([[2.0, 1.0], [0.0, 0.0], [1.0, 1.0]]), [2, 1])[0]
    Item(difficulty=0.5, discrimination=None)
    """
    earned = np.asarray(earned, dtype=float)
    if earned.ndim != 2 or earned.shape[1] != len(points):
        raise ValueError(f"expected an array (submissions, {len(points)}), got shape {earned.shape}")
    settled = ~np.isnan(earned).any(axis=0) & (len(earned) > 0)
    total = earned[:, settled].sum(axis=1)
    items = []
    for item, worth, known in zip(earned.T, points, settled, strict=True):
        known = known and worth > 0
        items.append(Item(float(item.mean() / worth), correlation(item, total - item)) if known else Item())
    return items


def correlation(item: np.ndarray, rest: np.ndarray) -> float | None:
    """Pearson's correlation of an item with the rest of the score: the point-biserial one where an item is 0 or 1.

        r = Σ (x - mean x)(y - mean y) / sqrt(Σ (x - mean x)² · Σ (y - mean y)²)

    Args:
        item: points in the item, shape (submissions,).
        rest: points in all other items, same shape.

    Returns:
        r; None below ``MIN_SUBMISSIONS``, or where either does not vary.
    """
    if len(item) < MIN_SUBMISSIONS:
        return None
    x, y = item - item.mean(), rest - rest.mean()
    spread = math.sqrt(float(x @ x) * float(y @ y))
    return float(x @ y) / spread if spread > 1e-12 else None
