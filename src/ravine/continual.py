"""Continual learning: the loop in which one network learns a stream of tasks, one after the other.

A *method* is an object with hooks; :class:`Sequential` does nothing, :class:`Joint` trains on everything so far. What
guards old knowledge lives in ``ravine.continual_methods``. The streams and the metrics are defined in
:mod:`ravine.task_streams` and :mod:`ravine.accuracy_matrix`, and can be had from here.

Papers: Lopez-Paz and Ranzato (2017), "Gradient episodic memory for continual learning" (the protocol; they see each
example once, we may take several epochs); van de Ven and Tolias (2019), "Three scenarios for continual learning".
Taught in: book/lifelong/forgetting.md
"""

import copy
import time
from dataclasses import dataclass, field

import torch
from torch import nn
from torch.nn import functional

from .accuracy_matrix import average_accuracy, backward_transfer, forgetting, forward_transfer, learning_accuracy
from .task_streams import Examples, Task, join, permutations, permuted_tasks, split_tasks

__all__ = [
    "Examples",
    "Head",
    "Joint",
    "Method",
    "Record",
    "Sequential",
    "Task",
    "accuracy",
    "average_accuracy",
    "backward_transfer",
    "forgetting",
    "forward_transfer",
    "join",
    "learn_sequence",
    "learning_accuracy",
    "loss",
    "network",
    "permutations",
    "permuted_tasks",
    "split_tasks",
]

# Examples that are evaluated at once.
_EVALUATION_BATCH = 2048


class Head(nn.Module):
    """A model that sees only the allowed outputs: all other logits are minus infinity.

    Its parameters are the model's own, in the model's order. For whatever wants a plain ``x -> logits``, as
    ``ravine.fisher`` does.

    Args:
        model: ``x -> logits (n, outputs)``.
        allowed: ``(outputs,)`` or ``(n, outputs)``, boolean.
    """

    def __init__(self, model, allowed):
        super().__init__()
        self.model = model
        self.register_buffer("allowed", allowed, persistent=False)

    def forward(self, x):
        """Return the logits ``(n, outputs)``."""
        return self.model(x).masked_fill(~self.allowed, -torch.inf)


def loss(model, examples):
    """Return the mean cross-entropy of the examples among the outputs allowed to each, in nats."""
    return functional.cross_entropy(model(examples.x).masked_fill(~examples.allowed, -torch.inf), examples.y)


@torch.no_grad()
def accuracy(model, examples):
    """Return the fraction of examples for which the largest allowed logit is the target's; the model's mode stays."""
    right = 0
    for first in range(0, len(examples.y), _EVALUATION_BATCH):
        part = examples.select(slice(first, first + _EVALUATION_BATCH))
        logits = model(part.x).masked_fill(~part.allowed, -torch.inf)
        right += int((logits.argmax(1) == part.y).sum())
    return right / len(examples.y)


def network(inputs, hidden, outputs, seed):
    """Return a network with two hidden layers of ``hidden`` ReLUs; ``seed`` alone decides its weights (float32)."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        first, second, last = (
            nn.Linear(rows, columns, dtype=torch.float32)
            for rows, columns in ((inputs, hidden), (hidden, hidden), (hidden, outputs))
        )
    return nn.Sequential(first, nn.ReLU(), second, nn.ReLU(), last)


class Method:
    """How a learner guards what it knows: hooks that the loop calls. These do nothing; a method overrides its own.

    An object serves one sequence: make a new one for the next.
    """

    def start_task(self, model, task):
        """Return the :class:`Examples` to train on; called before each task. Here: the task's own."""
        return task.train

    def batch(self, examples):
        """Return the :class:`Examples` of a step; a memory may add to them."""
        return examples

    def penalty(self, model):
        """Return a scalar to add to the loss."""
        return 0.0

    def change_gradient_(self, model):
        """Change the gradients of the parameters, between ``backward`` and the step."""

    def end_task(self, model, task):
        """Remember what will be needed; called after each task."""

    @property
    def memory_bytes(self):
        """What is kept between tasks beside the network itself, in bytes."""
        return 0


class Sequential(Method):
    """Train on one task after the other, and that is all: the reference that forgets."""


class Joint(Method):
    """Train on all tasks so far together, each time from the first weights: the reference that keeps everything.

    With the same number of epochs, task t costs t times as many steps.
    """

    def __init__(self):
        self.initial, self.seen = None, []

    def start_task(self, model, task):
        """Go back to the first weights; return the examples of all tasks so far."""
        if self.initial is None:
            self.initial = copy.deepcopy(model.state_dict())
        model.load_state_dict(self.initial)
        self.seen.append(task.train)
        return join(self.seen)

    @property
    def memory_bytes(self):
        """All training examples."""
        return sum(examples.bytes for examples in self.seen)


@dataclass(eq=False, repr=False)
class Record:
    """What a sequence came to.

    Attributes:
        R: accuracies ``(T + 1, T)``, float64; row 0 before any training. See :mod:`ravine.accuracy_matrix`.
        losses: for each task the loss of each of its steps, penalty included.
        seconds: duration of the training, hooks included, evaluation not.
        memory_bytes: what the method keeps at the end beside the network.
    """

    R: torch.Tensor
    losses: list[list[float]] = field(default_factory=list)
    seconds: float = 0.0
    memory_bytes: int = 0

    def __repr__(self):
        return f"Record({self.R.shape[1]} tasks, average accuracy {average_accuracy(self.R):.3f})"


def learn_sequence(
    model,
    tasks,
    *,
    method=None,
    epochs,
    batch_size,
    lr,
    seed,
    optimizer=torch.optim.SGD,
    evaluate_on="test",
    on_step=None,
):
    """Let one network learn tasks one after the other, and test it on all of them before, between and after.

    Args:
        model: a ``torch.nn.Module``, ``x -> logits (n, outputs)``; trained in place, left in evaluation mode.
        tasks: a list of :class:`Task`.
        method: a fresh :class:`Method`; default :class:`Sequential`.
        epochs: passes over the examples of each task, >= 1.
        batch_size: examples a step, >= 1; the last batch of an epoch holds what is left.
        lr: learning rate.
        seed: of the order of examples.
        optimizer: called as ``optimizer(parameters, lr=lr)``, anew for each task.
        evaluate_on: "test", or "validation" for whoever chooses hyperparameters.
        on_step: called as ``(index of the task, step within it, model)`` after each step, both counted from 0; its time
            does not count.

    Returns:
        The :class:`Record`.

    Raises:
        ValueError: if a number is out of range, or there is no task.
    """
    for name, number in (("epochs", epochs), ("batch_size", batch_size)):
        if isinstance(number, bool) or not isinstance(number, int) or number < 1:
            raise ValueError(f"{name} must be an integer >= 1, got {number!r}")
    if evaluate_on not in ("test", "validation"):
        raise ValueError(f"evaluate_on must be 'test' or 'validation', got {evaluate_on!r}")
    if not tasks:
        raise ValueError("expected at least one task, got none")
    method = Sequential() if method is None else method
    generator = torch.Generator().manual_seed(seed)
    rows, record = [_row(model, tasks, evaluate_on)], Record(torch.empty(0))
    for index, task in enumerate(tasks):
        model.train()
        watch, losses = _Watch(), []
        with watch:
            examples = method.start_task(model, task)
            stepper = optimizer(model.parameters(), lr=lr)
        for _ in range(epochs):
            order = torch.randperm(len(examples.y), generator=generator)
            for chosen in order.split(batch_size):
                with watch:
                    losses.append(_step(model, method, stepper, examples.select(chosen)))
                if on_step is not None:
                    on_step(index, len(losses) - 1, model)
        with watch:
            method.end_task(model, task)
        record.losses.append(torch.stack(losses).tolist())
        record.seconds += watch.seconds
        rows.append(_row(model, tasks, evaluate_on))
    record.R, record.memory_bytes = torch.tensor(rows, dtype=torch.float64), method.memory_bytes
    return record


def _step(model, method, stepper, examples):
    stepper.zero_grad()
    value = loss(model, method.batch(examples)) + method.penalty(model)
    value.backward()
    method.change_gradient_(model)
    stepper.step()
    return value.detach()


def _row(model, tasks, part):
    model.eval()
    return [accuracy(model, getattr(task, part)) for task in tasks]


class _Watch:
    """Adds up the time spent inside ``with``."""

    seconds = 0.0

    def __enter__(self):
        self._began = time.perf_counter()

    def __exit__(self, *_):
        self.seconds += time.perf_counter() - self._began
