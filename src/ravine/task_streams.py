"""Streams of tasks for continual learning: permuted features, and classes split over tasks in three settings.

Each example carries which of the network's outputs may be named for it (``allowed``). That one vector
makes the same split task- or class-incremental; domain-incremental, the targets are places within the task.

Papers: Goodfellow et al. (2013), "An empirical investigation of catastrophic forgetting" (permuted digits); Zenke,
Poole and Ganguli (2017), "Continual learning through synaptic intelligence" (split digits); van de Ven and Tolias
(2019), "Three scenarios for continual learning". Our permuted stream begins with the identity, and its tasks share one
division into training, validation and test images.
Taught in: book/lifelong/forgetting.md
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch

from .data import Data

__all__ = ["Examples", "Task", "join", "permutations", "permuted_tasks", "split_tasks"]


class Examples(NamedTuple):
    """Inputs ``x (n, features)``, targets ``y (n,)``, and ``allowed (n, outputs)``: True where an output may be named.

    A target is the number of an output, and always allowed.
    """

    x: torch.Tensor
    y: torch.Tensor
    allowed: torch.Tensor

    def select(self, index):
        """Return the examples at ``index``, an int64 or boolean tensor or a slice."""
        return Examples(self.x[index], self.y[index], self.allowed[index])

    @property
    def bytes(self):
        """Memory of the three tensors, in bytes."""
        return sum(part.numel() * part.element_size() for part in self)


def join(parts):
    """Return the :class:`Examples` of a non-empty list one after the other."""
    return Examples(*(torch.cat(column) for column in zip(*parts, strict=True)))


@dataclass(frozen=True, eq=False)
class Task:
    """One task of a stream.

    Attributes:
        name: such as "digits 2, 3".
        train: :class:`Examples` to learn from.
        validation: to choose hyperparameters with.
        test: to report.
        classes: names of the data's classes that occur, in the order of their targets.
    """

    name: str
    train: Examples
    validation: Examples
    test: Examples
    classes: tuple[str, ...]


def permutations(features, tasks, seed):
    """Draw a permutation of the features for each task; the first is the identity.

    Returns:
        ``(tasks, features)``, int64: ``x[:, row]`` is a task's input.

    Raises:
        ValueError: if a number is below 1.
    """
    if features < 1 or tasks < 1:
        raise ValueError(f"expected at least one feature and one task, got {features} and {tasks}")
    generator = torch.Generator().manual_seed(seed)
    rows = [torch.arange(features)] + [torch.randperm(features, generator=generator) for _ in range(tasks - 1)]
    return torch.stack(rows)


def permuted_tasks(data, tasks, seed, *, train=0.6, validation=0.2):
    """Make a stream in which the features are shuffled: for each task in another way, the same for all its examples.

    The classes stay, and no task is named at test: domain-incremental. An image that one task tests on, no task trains
    on.

    Args:
        data: a :class:`ravine.data.Data`, or ``(x (n, features), y (n,))`` with classes from 0.
        tasks: how many, >= 1; the first leaves the features where they are.
        seed: of the division and of the permutations.
        train: fraction of the examples to train on.
        validation: fraction to choose with; what is left is the test set.

    Returns:
        A list of :class:`Task`.

    Raises:
        ValueError: if a number is out of range.
    """
    data = _as_data(data)
    parts = data.split(train, validation, seed)
    allowed = torch.ones(len(data.names), dtype=torch.bool)
    rows = permutations(data.x.shape[1], tasks, seed)
    return [
        Task(f"order {index + 1}", *(_examples(part.x[:, row], part.y, allowed) for part in parts), data.names)
        for index, row in enumerate(rows)
    ]


def split_tasks(data, classes_per_task=2, setting="class", *, seed=0, train=0.6, validation=0.2, order=None):
    """Make a stream in which each task has classes of its own. What is asked at test is the setting.

    "task": the task is named, only its own classes may be answered; each class has an output.
    "domain": the task is not named, and the answer is the class's place in its task (for the digits in their order:
    even or odd); the outputs are shared.
    "class": the task is not named, and any class of the stream may be answered; each class has an output.

    Args:
        data: as for :func:`permuted_tasks`.
        classes_per_task: >= 2 unless the setting is "class"; must divide the number of classes.
        setting: "task", "domain" or "class".
        seed: of the division into training, validation and test sets.
        train, validation: as for :func:`permuted_tasks`.
        order: the classes in the order of the stream; default: ascending.

    Returns:
        A list of :class:`Task`. The network needs as many outputs as there are classes, in the setting "domain"
        ``classes_per_task``.

    Raises:
        ValueError: if an argument is out of range or ``order`` is no permutation of the classes.

    >>> from ravine import data
    >>> tasks = split_tasks(data.digits(), 2, "domain")
    >>> [task.name for task in tasks], tasks[1].train.y.unique()
    (['0, 1', '2, 3', '4, 5', '6, 7', '8, 9'], tensor([0, 1]))
    """
    data = _as_data(data)
    classes = len(data.names)
    if setting not in ("task", "domain", "class"):
        raise ValueError(f"setting must be 'task', 'domain' or 'class', got {setting!r}")
    if classes_per_task < (1 if setting == "class" else 2) or classes % classes_per_task:
        raise ValueError(
            f"expected classes_per_task to divide the {classes} classes (and 2 or more, unless any class may be"
            f" answered), got {classes_per_task}"
        )
    order = list(range(classes)) if order is None else [int(number) for number in order]
    if sorted(order) != list(range(classes)):
        raise ValueError(f"order must hold each class from 0 to {classes - 1} once, got {order}")
    parts = data.split(train, validation, seed)
    groups = torch.tensor(order).split(classes_per_task)
    return [_split_task(parts, group, classes, setting) for group in groups]


def _split_task(parts, group, classes, setting):
    outputs = len(group) if setting == "domain" else classes
    allowed = torch.ones(outputs, dtype=torch.bool)
    if setting == "task":
        allowed[:] = False
        allowed[group] = True
    found = []
    for part in parts:
        place = (part.y[:, None] == group).long()  # one-hot within the task
        inside = place.any(1)
        y = place.argmax(1) if setting == "domain" else part.y
        found.append(_examples(part.x[inside], y[inside], allowed))
    names = tuple(parts.train.names[number] for number in group)
    return Task(", ".join(names), *found, names)


def _examples(x, y, allowed):
    return Examples(x, y, allowed.expand(len(y), -1))


def _as_data(data):
    if isinstance(data, Data):
        return data
    x, y = data
    if x.ndim != 2 or len(x) != len(y) or len(y) == 0:
        raise ValueError(f"expected x (n, features) and y (n,), n >= 1, got {tuple(x.shape)} and {tuple(y.shape)}")
    return Data(x, y, tuple(str(number) for number in range(int(y.max()) + 1)))
