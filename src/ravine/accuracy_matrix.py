"""What a sequence of tasks did to a learner: the matrix R of accuracies, and numbers that sum it up.

R has T + 1 rows and T columns. ``R[t, j]`` is the accuracy on task j, counted from 0, after learning the first t tasks;
row 0 is taken before any training, so the diagonal of what was just learned is ``R[j + 1, j]``. All results are in
accuracy's own unit, fractions of 1.

Papers: Lopez-Paz and Ranzato (2017), "Gradient episodic memory for continual learning" (ACC, BWT, FWT; they count tasks
and rows from 1 and keep our row 0 apart, as a vector b); Chaudhry et al. (2018), "Riemannian walk for incremental
learning" (forgetting).
Taught in: book/lifelong/forgetting.md
"""

import torch

__all__ = ["average_accuracy", "backward_transfer", "forgetting", "forward_transfer", "learning_accuracy"]


def average_accuracy(R):
    """Return ACC, the mean of the last row: how good the learner is at everything, in the end.

    Args:
        R: ``(T + 1, T)``, row 0 before any training, in anything that ``torch.as_tensor`` takes.

    Raises:
        ValueError: if R has another shape, or an entry is not a number in [0, 1].

    >>> R = [[0.12, 0.10, 0.11], [0.95, 0.20, 0.15], [0.70, 0.93, 0.30], [0.55, 0.80, 0.90]]
    >>> print(f"{average_accuracy(R):.3f}")
    0.750
    """
    return float(_checked(R, 1)[-1].mean())


def learning_accuracy(R):
    """Return the mean of ``R[j + 1, j]``: how good the learner was at each task just after it.

    Args:
        R: as for :func:`average_accuracy`, which also raises the same.

    >>> R = [[0.12, 0.10, 0.11], [0.95, 0.20, 0.15], [0.70, 0.93, 0.30], [0.55, 0.80, 0.90]]
    >>> print(f"{learning_accuracy(R):.3f}")
    0.927
    """
    return float(_checked(R, 1).diagonal(-1).mean())


def backward_transfer(R):
    """Return BWT, the mean of ``R[T, j] - R[j + 1, j]`` over all tasks but the last.

    How much has each task gained since it was learned? Gains and losses cancel: 0 does not say that nothing was lost.

    Args:
        R: as for :func:`average_accuracy`, with T >= 2.

    Raises:
        ValueError: as :func:`average_accuracy`, and if there is one task only.

    >>> R = [[0.12, 0.10, 0.11], [0.95, 0.20, 0.15], [0.70, 0.93, 0.30], [0.55, 0.80, 0.90]]
    >>> print(f"{backward_transfer(R):.3f}")
    -0.265
    """
    R = _checked(R, 2)
    return float((R[-1] - R.diagonal(-1))[:-1].mean())


def forward_transfer(R, baseline=None):
    """Return FWT, the mean of ``R[j, j] - baseline[j]`` over all tasks but the first.

    How much better than an untrained network is the learner at a task that it has not seen yet?

    Args:
        R: as for :func:`average_accuracy`, with T >= 2.
        baseline: ``(T,)``, accuracy before any training; better the mean over many initializations than the one in
            row 0, which is the default.

    Raises:
        ValueError: as :func:`average_accuracy`, if there is one task only, or ``baseline`` has another shape.

    >>> R = [[0.12, 0.10, 0.11], [0.95, 0.20, 0.15], [0.70, 0.93, 0.30], [0.55, 0.80, 0.90]]
    >>> print(f"{forward_transfer(R):.3f}")
    0.145
    """
    R = _checked(R, 2)
    baseline = R[0] if baseline is None else torch.as_tensor(baseline, dtype=torch.float64)
    if baseline.shape != R[0].shape:
        raise ValueError(
            f"expected a baseline for each of {R.shape[1]} tasks, got shape {tuple(baseline.shape)};"
            " take the mean of row 0 over the initializations"
        )
    return float((R.diagonal() - baseline)[1:].mean())


def forgetting(R):
    """Return the mean of ``max over 1 <= l < T of R[l, j], minus R[T, j]`` over all tasks but the last.

    How far is each task below its best time? Row 0 has no part in it. At least minus :func:`backward_transfer`, since
    the best time is no worse than the time just after learning; negative only where the end *is* the best time.

    Args:
        R: as for :func:`average_accuracy`, with T >= 2.

    Raises:
        ValueError: as :func:`average_accuracy`, and if there is one task only.

    >>> R = [[0.12, 0.10, 0.11], [0.95, 0.20, 0.15], [0.70, 0.93, 0.30], [0.55, 0.80, 0.90]]
    >>> print(f"{forgetting(R):.3f}")
    0.265
    """
    R = _checked(R, 2)
    return float((R[1:-1].amax(0) - R[-1])[:-1].mean())


def _checked(R, least):
    R = torch.as_tensor(R, dtype=torch.float64)
    if R.ndim != 2 or R.shape[0] != R.shape[1] + 1:
        raise ValueError(
            f"expected R with a row more than columns, (T + 1, T), got shape {tuple(R.shape)};"
            " its first row holds the accuracies before any training"
        )
    if R.shape[1] < least:
        raise ValueError(f"expected at least {least} tasks, got {R.shape[1]}")
    if not bool(((R >= 0) & (R <= 1)).all()):
        raise ValueError("expected accuracies in [0, 1], got one outside, or NaN; divide percentages by 100")
    return R
