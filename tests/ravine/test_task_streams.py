"""Streams of tasks against the data they come from: nothing is lost, mixed up, or tested on after training."""

import pytest
import torch

from ravine import data
from ravine.task_streams import permutations, permuted_tasks, split_tasks

PARTS = ("train", "validation", "test")


@pytest.fixture(scope="module")
def digits():
    return data.digits()


def rows(x):
    return {tuple(row) for row in x.tolist()}


def test_permutations_are_permutations_the_first_the_identity():
    found = permutations(30, 6, seed=3)
    assert found.shape == (6, 30)
    assert torch.equal(found[0], torch.arange(30))
    assert torch.equal(found.sort(1).values, torch.arange(30).expand(6, 30))
    assert len(rows(found)) == 6
    assert torch.equal(found, permutations(30, 6, seed=3))
    assert not torch.equal(found[1:], permutations(30, 6, seed=4)[1:])
    assert torch.equal(found[:3], permutations(30, 3, seed=3)), "a longer stream begins like a shorter one"


def test_permuted_tasks_are_the_same_images_and_can_be_put_back(digits):
    tasks = permuted_tasks(digits, 4, seed=5)
    for task, row in zip(tasks, permutations(64, 4, seed=5), strict=True):
        for part, original in zip(PARTS, digits.split(seed=5), strict=True):
            found = getattr(task, part)
            assert torch.equal(found.x[:, row.argsort()], original.x)
            assert torch.equal(found.y, original.y)
            assert found.allowed.all() and found.allowed.shape == (len(original), 10)
    assert [len(part.y) for part in (tasks[0].train, tasks[0].validation, tasks[0].test)] == [1078, 360, 359]
    assert tasks[0].classes == digits.names


def test_no_image_that_is_tested_is_trained_on_in_any_order(digits):
    tasks = permuted_tasks(digits, 3, seed=1)
    back = permutations(64, 3, seed=1).argsort(1)
    seen = {part: [rows(getattr(t, part).x[:, b]) for t, b in zip(tasks, back, strict=True)] for part in PARTS}
    trained = set.union(*seen["train"])
    assert not trained & set.union(*seen["test"])
    assert not trained & set.union(*seen["validation"])


@pytest.mark.parametrize("setting", ["task", "domain", "class"])
@pytest.mark.parametrize("order", [None, [3, 1, 4, 0, 5, 9, 2, 6, 8, 7]])
@pytest.mark.parametrize("size", [2, 5])
def test_the_three_settings_are_one_stream_with_other_answers(digits, setting, order, size):
    tasks = split_tasks(digits, size, setting, seed=2, order=order)
    classes = order or list(range(10))
    parts = digits.split(seed=2)
    assert len(tasks) == 10 // size
    for index, task in enumerate(tasks):
        group = classes[index * size : (index + 1) * size]
        assert task.classes == tuple(str(label) for label in group)
        assert task.name == ", ".join(task.classes)
        for part, original in zip(PARTS, parts, strict=True):
            found = getattr(task, part)
            inside = torch.tensor([label in group for label in original.y.tolist()])
            assert torch.equal(found.x, original.x[inside])
            labels = original.y[inside].tolist()
            if setting == "domain":
                assert found.y.tolist() == [group.index(label) for label in labels]
                assert found.allowed.shape == (len(labels), size) and found.allowed.all()
            else:
                assert found.y.tolist() == labels
                assert found.allowed.shape == (len(labels), 10)
                allowed = group if setting == "task" else range(10)
                assert torch.equal(
                    found.allowed, torch.tensor([k in allowed for k in range(10)]).expand(len(labels), 10)
                )
    for part in PARTS:
        assert sum(len(getattr(task, part).y) for task in tasks) == len(getattr(parts, part))


def test_data_may_be_a_pair():
    x, y = torch.randn(40, 3), torch.arange(40) % 4
    pair, whole = split_tasks((x, y), 2), split_tasks(data.Data(x, y, ("0", "1", "2", "3")), 2)
    assert all(torch.equal(a.test.x, b.test.x) and a.name == b.name for a, b in zip(pair, whole, strict=True))
    assert permuted_tasks((x, y), 2, 0)[1].train.x.shape == (24, 3)
    for wrong in ((x, y[:3]), (x[0], y), (x[:0], y[:0])):
        with pytest.raises(ValueError, match=r"expected x \(n, features\) and y \(n,\)"):
            permuted_tasks(wrong, 2, 0)


def test_wrong_streams_are_refused(digits):
    for features, tasks in ((0, 1), (3, 0)):
        with pytest.raises(ValueError, match="at least one feature and one task"):
            permutations(features, tasks, 0)
    with pytest.raises(ValueError, match="setting must be 'task', 'domain' or 'class', got 'classes'"):
        split_tasks(digits, 2, "classes")
    for size, setting in ((3, "class"), (0, "class"), (1, "domain"), (1, "task")):
        with pytest.raises(ValueError, match="classes_per_task to divide the 10 classes"):
            split_tasks(digits, size, setting)
    assert len(split_tasks(digits, 1, "class")) == 10
    for order in ([0, 1], [0] * 10, range(1, 11)):
        with pytest.raises(ValueError, match="order must hold each class from 0 to 9 once"):
            split_tasks(digits, order=order)
