"""The loop and its references against plain PyTorch, and the hooks as a method sees them."""

import copy

import pytest
import torch
from torch import nn
from torch.nn import functional

from ravine import continual, data
from ravine.continual import (
    Examples,
    Head,
    Joint,
    Method,
    Sequential,
    Task,
    accuracy,
    join,
    learn_sequence,
    loss,
    network,
    split_tasks,
)


@pytest.fixture(scope="module")
def digits():
    return data.digits()


def toy_tasks(count=2, outputs=3, n=7):
    """Tasks of random numbers, all outputs allowed."""
    rng = torch.Generator().manual_seed(0)

    def examples(n):
        return Examples(
            torch.randn(n, 4, generator=rng),
            torch.randint(outputs, (n,), generator=rng),
            torch.ones(n, outputs, dtype=torch.bool),
        )

    return [Task(str(index), examples(n), examples(5), examples(6), ("a", "b", "c")) for index in range(count)]


def gradient_path(model):
    return torch.cat([p.detach().flatten() for p in model.parameters()])


# ------------------------------------------------------------------------------------------------- loss and accuracy


def test_what_is_not_allowed_takes_no_part():
    torch.manual_seed(0)
    model, x = nn.Linear(4, 5).double(), torch.randn(8, 4, dtype=torch.float64)
    allowed = torch.tensor([False, True, False, True, True]).expand(8, -1)
    y = torch.tensor([1, 3, 4, 1, 1, 3, 4, 3])
    chosen = model(x)[:, [1, 3, 4]]
    within = torch.tensor([0, 1, 2, 0, 0, 1, 2, 1])
    examples = Examples(x, y, allowed)
    torch.testing.assert_close(loss(model, examples), functional.cross_entropy(chosen, within))
    assert accuracy(model, examples) == (chosen.argmax(1) == within).double().mean()
    loss(model, examples).backward()
    assert (model.weight.grad[[0, 2]] == 0).all() and (model.weight.grad[[1, 3, 4]] != 0).all()
    head = Head(model, allowed[0])
    torch.testing.assert_close(functional.cross_entropy(head(x), y), loss(model, examples))
    assert [p is q for p, q in zip(head.parameters(), model.parameters(), strict=True)] == [True, True]
    assert not any(
        grad.isnan().any() for grad in torch.autograd.grad(head(x).log_softmax(1)[:, 1].sum(), [*head.parameters()])
    )


def test_examples_of_different_tasks_mix_in_one_batch(digits):
    """A batch from two tasks, each example with outputs of its own, has the mean of both losses."""
    first, second = (task.train for task in split_tasks(digits, 2, "task")[:2])
    parts = [first.select(slice(0, 10)), second.select(slice(0, 30))]
    model = network(64, 8, 10, seed=0)
    mixed = loss(model, join(parts))
    torch.testing.assert_close(mixed, (10 * loss(model, parts[0]) + 30 * loss(model, parts[1])) / 40)
    assert join(parts).bytes == 40 * (64 * 4 + 8 + 10)


def test_accuracy_goes_in_parts_and_counts_each_example_once(monkeypatch):
    torch.manual_seed(0)
    model, examples = nn.Linear(4, 3), toy_tasks(n=23)[0].train
    whole = accuracy(model, examples)
    monkeypatch.setattr(continual, "_EVALUATION_BATCH", 5)
    assert accuracy(model, examples) == whole


def test_a_network_is_decided_by_its_seed_and_leaves_the_generator_alone():
    before = torch.get_rng_state()
    first, again, other = network(5, 7, 3, seed=1), network(5, 7, 3, seed=1), network(5, 7, 3, seed=2)
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(gradient_path(first), gradient_path(again))
    assert not torch.equal(gradient_path(first), gradient_path(other))
    assert first(torch.randn(2, 5)).shape == (2, 3)


# --------------------------------------------------------------------------------------------------------- the sequence


@pytest.mark.parametrize("optimizer", [torch.optim.SGD, torch.optim.Adam])
def test_sequential_is_plain_pytorch(optimizer):
    tasks, ours = toy_tasks(), network(4, 5, 3, seed=0)
    theirs = copy.deepcopy(ours)
    record = learn_sequence(ours, tasks, epochs=2, batch_size=3, lr=0.1, seed=4, optimizer=optimizer)
    generator = torch.Generator().manual_seed(4)
    losses, R = [], []

    def test():
        R.append([(theirs(task.test.x).argmax(1) == task.test.y).double().mean().item() for task in tasks])

    test()
    for task in tasks:
        stepper = optimizer(theirs.parameters(), lr=0.1)
        for _ in range(2):
            for batch in torch.randperm(7, generator=generator).split(3):
                value = functional.cross_entropy(theirs(task.train.x[batch]), task.train.y[batch])
                stepper.zero_grad()
                value.backward()
                stepper.step()
                losses.append(value.item())
        test()
    torch.testing.assert_close(gradient_path(ours), gradient_path(theirs))
    assert [len(part) for part in record.losses] == [6, 6]
    assert [value for part in record.losses for value in part] == pytest.approx(losses)
    assert record.R.tolist() == R and record.R.dtype == torch.float64 and record.R.shape == (3, 2)
    assert record.memory_bytes == 0 and record.seconds > 0
    assert not ours.training


def test_joint_is_training_from_the_first_weights_on_the_union():
    tasks, model = toy_tasks(3), network(4, 5, 3, seed=0)
    first, generator = copy.deepcopy(model), torch.Generator().manual_seed(1)
    record = learn_sequence(model, tasks, method=Joint(), epochs=2, batch_size=4, lr=0.1, seed=1)
    assert [len(part) for part in record.losses] == [4, 8, 12]  # 7, 14, 21 examples
    for seen in (1, 2, 3):
        fresh = copy.deepcopy(first)
        whole = join([task.train for task in tasks[:seen]])
        stepper = torch.optim.SGD(fresh.parameters(), lr=0.1)
        for _ in range(2):
            for batch in torch.randperm(7 * seen, generator=generator).split(4):
                stepper.zero_grad()
                functional.cross_entropy(fresh(whole.x[batch]), whole.y[batch]).backward()
                stepper.step()
        assert record.R[seen].tolist() == pytest.approx([accuracy(fresh, task.test) for task in tasks])
    torch.testing.assert_close(gradient_path(model), gradient_path(fresh))
    assert record.memory_bytes == sum(task.train.bytes for task in tasks)


class Spy(Method):
    """Writes down who calls, and uses each hook in a way that shows."""

    def __init__(self):
        self.calls = []

    def start_task(self, model, task):
        self.calls.append(f"start {task.name}")
        return task.train.select(slice(0, 2))

    def batch(self, examples):
        self.calls.append(f"batch {len(examples.y)}")
        return join([examples, examples])

    def penalty(self, model):
        self.calls.append("penalty")
        return 100.0 + 0 * model[0].weight.sum()

    def change_gradient_(self, model):
        assert model[0].weight.grad is not None
        self.calls.append("gradient")
        for p in model.parameters():
            p.grad.zero_()

    def end_task(self, model, task):
        self.calls.append(f"end {task.name}")

    @property
    def memory_bytes(self):
        return len(self.calls)


def test_the_hooks_are_called_in_order_and_what_they_say_is_done():
    model, method, steps = network(4, 5, 3, seed=0), Spy(), []
    before = gradient_path(model)
    record = learn_sequence(
        model, toy_tasks(), method=method, epochs=1, batch_size=2, lr=1.0, seed=0, on_step=lambda *a: steps.append(a)
    )
    once = ["batch 2", "penalty", "gradient"]
    assert method.calls == ["start 0", *once, "end 0", "start 1", *once, "end 1"]
    assert torch.equal(gradient_path(model), before), "gradients of zero move nothing"
    assert all(value > 100 for part in record.losses for value in part)
    assert record.memory_bytes == 10
    assert steps == [(0, 0, model), (1, 0, model)]


def test_hooks_that_do_nothing_do_nothing():
    model, task = network(4, 5, 3, seed=0), toy_tasks()[0]
    for method in (Method(), Sequential()):
        assert method.start_task(model, task) is task.train
        assert method.batch(task.train) is task.train
        assert method.penalty(model) == 0 and method.memory_bytes == 0
        assert method.change_gradient_(model) is None and method.end_task(model, task) is None


def test_validation_is_another_set(digits):
    tasks = split_tasks(digits, 5, "class")
    one, other = (
        learn_sequence(network(64, 10, 10, 0), tasks, epochs=1, batch_size=50, lr=0.1, seed=0, evaluate_on=part).R
        for part in ("test", "validation")
    )
    counts = torch.tensor([len(task.validation.y) for task in tasks])
    torch.testing.assert_close((other * counts).round(), other * counts, atol=1e-9, rtol=0)
    assert not torch.equal(one, other)


def test_a_network_forgets_and_joint_training_does_not(digits):
    """The phenomenon itself, wide margins: the network that holds both tasks loses one when it sees them in turn."""
    tasks, settings = split_tasks(digits, 5, "class"), {"epochs": 10, "batch_size": 20, "lr": 0.2, "seed": 0}
    sequential = learn_sequence(network(64, 50, 10, seed=0), tasks, **settings)
    joint = learn_sequence(network(64, 50, 10, seed=0), tasks, method=Joint(), **settings)
    assert sequential.R[1, 0] > 0.9 and sequential.R[2, 1] > 0.9 and sequential.R[2, 0] < 0.3
    assert joint.R[2].min() > 0.85
    assert repr(joint).startswith("Record(2 tasks, average accuracy 0.")


def test_wrong_settings_are_refused():
    model, tasks, good = network(4, 5, 3, seed=0), toy_tasks(), {"epochs": 1, "batch_size": 2, "lr": 0.1, "seed": 0}
    for name in ("epochs", "batch_size"):
        for wrong in (0, 1.5, True):
            with pytest.raises(ValueError, match=f"{name} must be an integer >= 1, got {wrong!r}"):
                learn_sequence(model, tasks, **good | {name: wrong})
    with pytest.raises(ValueError, match="evaluate_on must be 'test' or 'validation', got 'train'"):
        learn_sequence(model, tasks, evaluate_on="train", **good)
    with pytest.raises(ValueError, match="at least one task"):
        learn_sequence(model, [], **good)
