"""The metrics of a sequence: a matrix worked by hand, the papers' sums with indices from 1, and how they relate."""

import numpy as np
import pytest
import torch

from ravine.accuracy_matrix import average_accuracy, backward_transfer, forgetting, forward_transfer, learning_accuracy

BY_HAND = [[0.12, 0.10, 0.11], [0.95, 0.20, 0.15], [0.70, 0.93, 0.30], [0.55, 0.80, 0.90]]
METRICS = (average_accuracy, learning_accuracy, backward_transfer, forward_transfer, forgetting)
OF_TWO = (backward_transfer, forward_transfer, forgetting)


def random_matrix(tasks, seed):
    return np.random.default_rng(seed).random((tasks + 1, tasks))


@pytest.mark.parametrize("kind", [list, np.array, torch.tensor, lambda R: torch.tensor(R, dtype=torch.float32)])
def test_the_matrix_worked_by_hand(kind):
    found = [metric(kind(BY_HAND)) for metric in METRICS]
    # (0.55 + 0.80 + 0.90) / 3, (0.95 + 0.93 + 0.90) / 3, (-0.40 - 0.13) / 2, (0.10 + 0.19) / 2, (0.40 + 0.13) / 2
    assert found == pytest.approx([0.750, 2.78 / 3, -0.265, 0.145, 0.265], abs=1e-6)
    assert all(type(value) is float for value in found)


@pytest.mark.parametrize("tasks", [2, 3, 5, 10])
@pytest.mark.parametrize("seed", range(5))
def test_the_sums_of_the_papers(tasks, seed):
    """Rows and tasks from 1 as in the papers, b for the row before any training."""
    whole = random_matrix(tasks, seed)
    b, T = dict(enumerate(whole[0], 1)), tasks
    R = {(i, j): whole[i, j - 1] for i in range(1, T + 1) for j in range(1, T + 1)}
    assert average_accuracy(whole) == pytest.approx(sum(R[T, i] for i in range(1, T + 1)) / T)
    assert learning_accuracy(whole) == pytest.approx(sum(R[i, i] for i in range(1, T + 1)) / T)
    assert backward_transfer(whole) == pytest.approx(sum(R[T, i] - R[i, i] for i in range(1, T)) / (T - 1))
    assert forward_transfer(whole) == pytest.approx(sum(R[i - 1, i] - b[i] for i in range(2, T + 1)) / (T - 1))
    lost = [max(R[each, j] for each in range(1, T)) - R[T, j] for j in range(1, T)]
    assert forgetting(whole) == pytest.approx(sum(lost) / (T - 1))


@pytest.mark.parametrize("seed", range(20))
def test_how_the_numbers_relate(seed):
    R = random_matrix(5, seed)
    assert forgetting(R) >= -backward_transfer(R) - 1e-12
    change = learning_accuracy(R) + backward_transfer(R) * 4 / 5
    assert average_accuracy(R) == pytest.approx(change)


def test_gains_and_losses_cancel_in_one_and_not_in_the_other():
    R = [[0.1, 0.1, 0.1], [0.5, 0.1, 0.1], [0.5, 0.9, 0.1], [0.8, 0.6, 0.9]]
    assert backward_transfer(R) == pytest.approx(0.0)
    assert forgetting(R) == pytest.approx((-0.3 + 0.3) / 2)  # a gain at the very end cancels in both
    R = [[0.1, 0.1, 0.1], [0.5, 0.1, 0.1], [0.8, 0.9, 0.1], [0.8, 0.6, 0.9]]
    assert backward_transfer(R) == pytest.approx(0.0)
    assert forgetting(R) == pytest.approx(0.15)


def test_the_row_before_training_counts_in_forward_transfer_alone():
    changed = [[0.9, 0.8, 0.7], *BY_HAND[1:]]
    for metric in METRICS:
        assert (metric(changed) == metric(BY_HAND)) == (metric is not forward_transfer)
    assert forward_transfer(BY_HAND, baseline=[0.9, 0.8, 0.7]) == forward_transfer(changed)
    with pytest.raises(ValueError, match=r"a baseline for each of 3 tasks, got shape \(2,\)"):
        forward_transfer(BY_HAND, baseline=[0.1, 0.1])


def test_one_task_has_an_accuracy_and_no_transfer():
    assert average_accuracy([[0.1], [0.9]]) == learning_accuracy([[0.1], [0.9]]) == 0.9
    for metric in OF_TWO:
        with pytest.raises(ValueError, match="at least 2 tasks, got 1"):
            metric([[0.1], [0.9]])


@pytest.mark.parametrize("metric", METRICS)
def test_wrong_matrices_are_refused(metric):
    with pytest.raises(ValueError, match=r"\(T \+ 1, T\), got shape \(3, 3\).*before any training"):
        metric(BY_HAND[1:])
    with pytest.raises(ValueError, match=r"got shape \(3,\)"):
        metric([0.1, 0.2, 0.3])
    for wrong in (95.0, -0.1, float("nan")):
        with pytest.raises(ValueError, match=r"accuracies in \[0, 1\].*percentages"):
            metric([[0.1, 0.1], [wrong, 0.1], [0.9, 0.9]])
    with pytest.raises(ValueError, match="at least"):
        metric(torch.empty(1, 0))
