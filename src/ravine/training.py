"""``fit``: the training loop, as plain as it gets.

Shuffle, take a batch, compute the loss, step; after each epoch, evaluate. The whole data set lives in two tensors, so
there is no loader and no worker process.
Taught in: book/optimization/gradient-descent.md
"""

import math
import time
from dataclasses import dataclass, field

import torch

from .progress import progress as follow
from .runtime import device as default_device

# Examples that are evaluated at once: large enough to be fast, small enough for any memory.
_EVALUATION_BATCH = 2048


@dataclass(eq=False, repr=False)
class History:
    """What happened during a training run; losses are means over examples where ``loss`` is one.

    Attributes:
        step_losses: loss of each batch, before its step, ``steps`` floats.
        train_losses: mean of an epoch's batch losses, weighted by batch size, ``epochs`` floats. The parameters change
            under it: it is not the loss of any one model.
        validation_losses: loss on the validation set after each epoch; empty without one.
        metrics: ``{name: one float an epoch}``, on the validation set (without one, on the training set).
        seconds: duration of the run.
    """

    step_losses: list[float] = field(default_factory=list)
    train_losses: list[float] = field(default_factory=list)
    validation_losses: list[float] = field(default_factory=list)
    metrics: dict[str, list[float]] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def diverged(self):
        """Whether a loss stopped being finite, which ended the run."""
        return not all(map(math.isfinite, self.step_losses))

    def __repr__(self):
        last = {"train loss": self.train_losses, "validation loss": self.validation_losses, **self.metrics}
        shown = "".join(f", {name} {values[-1]:.4g}" for name, values in last.items() if values)
        return f"History({len(self.train_losses)} epochs, {len(self.step_losses)} steps{shown})"


def fit(
    model,
    train,
    *,
    loss,
    optimizer,
    epochs,
    batch_size,
    validation=None,
    metrics=None,
    scheduler=None,
    device=None,
    seed=0,
    progress=True,
):
    """Train a model by mini-batches.

    Args:
        model: a ``torch.nn.Module``; it is moved to ``device`` and trained in place, and is left in evaluation mode.
        train: ``(x, y)``, tensors of n examples each (a ``ravine.data.Data`` will do).
        loss: function ``(output, y) -> scalar``, a mean over examples.
        optimizer: a ``torch.optim.Optimizer`` of the model's parameters, or a function that makes one from them.
        epochs: passes over the training set, >= 1.
        batch_size: examples a step, >= 1; the last batch of an epoch holds what is left.
        validation: ``(x, y)`` to evaluate on after each epoch.
        metrics: ``{name: function (output, y) -> number}``, computed on the outputs for the whole set at once.
        scheduler: a learning-rate scheduler of the optimizer, or a function that makes one from it. It advances after
            every *step*, not every epoch.
        device: default ``ravine.device()``.
        seed: of the order of examples. Dropout and the like draw from PyTorch's global generator.
        progress: False to show no progress bar; one appears only where a person waits over two seconds.

    Returns:
        The :class:`History`. A loss that is not finite ends the run after its epoch.

    Raises:
        ValueError: if a number is out of range, the data are not pairs of equal length, or ``loss`` is not a scalar.
    """
    where = default_device() if device is None else torch.device(device)
    for name, number in (("epochs", epochs), ("batch_size", batch_size)):
        if isinstance(number, bool) or not isinstance(number, int) or number < 1:
            raise ValueError(f"{name} must be an integer >= 1, got {number!r}")
    x, y = _pair("train", train, where)
    held_out = None if validation is None else _pair("validation", validation, where)
    model.to(where)
    if not isinstance(optimizer, torch.optim.Optimizer):
        optimizer = optimizer(model.parameters())
    if scheduler is not None and not hasattr(scheduler, "step"):
        scheduler = scheduler(optimizer)
    generator = torch.Generator().manual_seed(seed)
    history = History(metrics={name: [] for name in metrics or {}})
    began = time.perf_counter()
    with follow(epochs * math.ceil(len(x) / batch_size), "training", show=progress) as advance:
        for _ in range(epochs):
            order = torch.randperm(len(x), generator=generator).to(where)
            _epoch(model, x, y, order.split(batch_size), loss, optimizer, scheduler, history, advance)
            _evaluate(model, held_out, (x, y), loss, metrics or {}, history)
            if history.diverged:
                break
    history.seconds = time.perf_counter() - began
    return history


def _pair(name, data, where):
    x, y = data
    if len(x) != len(y) or len(x) == 0:
        raise ValueError(f"{name} must hold as many inputs as targets, and at least one, got {len(x)} and {len(y)}")
    return x.to(where), y.to(where)


def _epoch(model, x, y, batches, loss, optimizer, scheduler, history, advance):
    """Train on each batch once; ``batches`` are tensors of indices."""
    model.train()
    losses = []  # kept on the device: reading one would wait for it
    for batch in batches:
        optimizer.zero_grad()
        batch_loss = loss(model(x[batch]), y[batch])
        if batch_loss.numel() != 1:
            raise ValueError(f"expected a scalar loss, got shape {tuple(batch_loss.shape)}")
        batch_loss.backward()
        optimizer.step()
        if scheduler is not None:
            scheduler.step()
        losses.append(batch_loss.detach().reshape(()))
        advance()
    values = torch.stack(losses).tolist()
    history.step_losses += values
    history.train_losses.append(sum(v * len(b) for v, b in zip(values, batches, strict=True)) / len(x))


@torch.no_grad()
def _evaluate(model, held_out, train, loss, metrics, history):
    model.eval()
    if held_out is None and not metrics:
        return
    x, y = train if held_out is None else held_out
    output = torch.cat([model(part) for part in x.split(_EVALUATION_BATCH)])
    if held_out is not None:
        history.validation_losses.append(float(loss(output, y)))
    for name, metric in metrics.items():
        history.metrics[name].append(float(metric(output, y)))
