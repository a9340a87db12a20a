"""Methods that remember, as hooks of ``continual.learn_sequence``: L2, EWC, replay, GEM, A-GEM.

EWC and its control L2 keep parameters and a number for each; the other three keep examples, all three the same ones: a
:class:`ReplayBuffer` to which each task's training examples are offered when the task ends. So their memories may be
compared. An object serves one sequence. The mathematics is in ``ewc``, ``gem`` and ``replay``, the papers are named
there.
Taught in: book/lifelong/ewc-and-gem.md
"""

import torch

from .continual import Examples, Joint, Method, Sequential, join, loss
from .ewc import added, copied, ewc_penalty, ones_like
from .fisher import fisher_diagonal
from .gem import agem_projection, gem_projection
from .replay import ReplayBuffer

__all__ = [
    "AGEM",
    "EWC",
    "GEM",
    "L2",
    "Joint",
    "Replay",
    "ReplayBuffer",
    "Sequential",
    "agem_projection",
    "ewc_penalty",
    "gem_projection",
]


class L2(Method):
    """Hold all parameters alike: strength / 2 times the squared distance from where the last task ended.

    The control for EWC: the same penalty without a Fisher diagonal.
    """

    def __init__(self, strength):
        """Take the strength λ >= 0."""
        self.strength, self.anchors, self.fishers = strength, None, None

    def penalty(self, model):
        """Return the penalty; 0 in the first task."""
        if self.anchors is None:
            return 0.0
        return ewc_penalty(dict(model.named_parameters()), self.anchors, self.fishers, self.strength)

    def end_task(self, model, task):
        """Keep the parameters."""
        self.anchors = copied(model)
        self.fishers = ones_like(self.anchors)

    @property
    def memory_bytes(self):
        """One number for each parameter."""
        return _bytes(self.anchors)


class EWC(L2):
    """Hold each parameter as its Fisher information says, summed over the tasks, about where the last task ended."""

    def __init__(self, strength, *, labels="model", seed=0):
        """Start with nothing to hold.

        Args:
            strength: λ >= 0; see ``ewc.ewc_penalty``.
            labels: "model" draws one label for each training example from the network, "all" takes the exact
                expectation, "data" takes the given labels: the *empirical* Fisher.
            seed: of the labels drawn.
        """
        super().__init__(strength)
        self.labels, self._generator = labels, torch.Generator().manual_seed(seed)

    def end_task(self, model, task):
        """Keep the parameters, and add the Fisher diagonal at them over the task's training examples.

        Raises:
            ValueError: if training diverged, as it does where lr · strength · F is above 2 for a parameter.
        """
        anchors = copied(model)
        if not all(value.isfinite().all() for value in anchors.values()):
            raise ValueError("expected finite parameters, got inf or NaN: training diverged, lower lr or strength")
        examples, options = task.train, {}
        if self.labels == "data":
            options["y"] = examples.y
        if self.labels == "model":
            options["seed"] = self._generator
        training = model.training
        model.eval()
        allowed = examples.allowed[0].nonzero()[:, 0].tolist()
        fishers = fisher_diagonal(model, examples.x, self.labels, classes=allowed, **options)
        model.train(training)
        self.anchors, self.fishers = anchors, added(self.fishers, fishers)

    @property
    def memory_bytes(self):
        """Two numbers for each parameter, however many tasks there were."""
        return _bytes(self.anchors) + _bytes(self.fishers)


class _Remembering(Method):
    """What has a buffer of examples."""

    def __init__(self, capacity, *, seed=0):
        """Start with an empty buffer.

        Args:
            capacity: examples kept, of all tasks together, >= 1.
            seed: of which are kept and which are drawn.
        """
        self.buffer, self.tasks = ReplayBuffer(capacity, seed), 0

    def end_task(self, model, task):
        """Offer the task's training examples to the buffer."""
        self.buffer.add_(*task.train, torch.full_like(task.train.y, self.tasks))
        self.tasks += 1

    @property
    def memory_bytes(self):
        """The examples and the numbers of their tasks."""
        return self.buffer.memory_bytes


class Replay(_Remembering):
    """Train on the batch joined with as many examples from the buffer."""

    def batch(self, examples):
        """Return the batch and as many remembered examples, or all there are."""
        if not len(self.buffer):
            return examples
        return join([examples, Examples(*self.buffer.draw(len(examples.y))[:3])])


class GEM(_Remembering):
    """Project the gradient so that it conflicts with the gradient on no old task's remembered examples."""

    def __init__(self, capacity, *, margin=0.0, seed=0):
        """Start with an empty buffer.

        Args:
            capacity: examples kept, of all tasks together, >= 1.
            margin: see ``gem.gem_projection``.
            seed: of which are kept.
        """
        super().__init__(capacity, seed=seed)
        self.margin, self.steps, self.projected = margin, 0, 0

    def change_gradient_(self, model):
        """Project, where there is something to remember."""
        if not len(self.buffer):
            return
        *columns, numbers = self.buffer.columns
        remembered = Examples(*columns)
        rows = [_gradient(model, remembered.select(numbers == number)) for number in numbers.unique()]
        self._replace_(model, lambda gradient: gem_projection(gradient, torch.stack(rows), self.margin))

    def _replace_(self, model, project):
        trained = [p for p in model.parameters() if p.grad is not None]
        gradient = _flat(p.grad for p in trained)
        changed = project(gradient)
        self.steps += 1
        if not torch.equal(changed, gradient):
            self.projected += 1
            for p, part in zip(trained, changed.split([p.numel() for p in trained]), strict=True):
                p.grad.copy_(part.view_as(p))


class AGEM(GEM):
    """Project so that the gradient does not conflict with the mean gradient on a batch drawn from the buffer."""

    def __init__(self, capacity, *, draw, seed=0):
        """Start with an empty buffer.

        Args:
            capacity: examples kept, of all tasks together, >= 1.
            draw: how many of them make the reference gradient of a step, >= 1.
            seed: of which are kept and which are drawn.
        """
        super().__init__(capacity, seed=seed)
        self.draw = draw

    def change_gradient_(self, model):
        """Project, where there is something to remember."""
        if not len(self.buffer):
            return
        reference = _gradient(model, Examples(*self.buffer.draw(self.draw)[:3]))
        self._replace_(model, lambda gradient: agem_projection(gradient, reference))


def _gradient(model, examples):
    """Return the gradient of the loss on examples for the parameters that have one, ``(d,)``; ``.grad`` stays."""
    trained = [p for p in model.parameters() if p.grad is not None]
    return _flat(torch.autograd.grad(loss(model, examples), trained, materialize_grads=True))


def _flat(tensors):
    return torch.cat([tensor.reshape(-1) for tensor in tensors])


def _bytes(tensors):
    return sum(value.numel() * value.element_size() for value in (tensors or {}).values())
