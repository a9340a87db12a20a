"""The lottery-ticket experiment: prune by magnitude, go back to the initial weights, train again; and its controls.

Paper: Frankle and Carbin (2019), "The lottery ticket hypothesis"; going back to a later step is from Frankle et al.
(2020), the controls with signs from Zhou et al. (2019). Here weights are ranked in the whole network (the paper: within
layers for its fully connected networks), and several networks are trained side by side, one for each seed: as
``masking`` and ``pruning`` take any model, they take these too. Masks are ``{name: bool}``, True means "stays".
Taught in: book/compression/lottery-tickets.md
"""

import copy
import math
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F

from . import data
from .masking import apply_
from .pruning import masks_of

#: Steps at which :func:`train` looks at the validation set: often at first, when accuracy changes fast.
LOOKS = (*range(5, 50, 5), *range(50, 150, 10), *range(150, 300, 25), *range(300, 1001, 50))


def digits14():
    """Load the 5,000 digits of MNIST-5k, averaged to 14 x 14 pixels.

    Returns:
        ``ravine.data.Data`` with x ``(5000, 196)``, gray levels in [0, 1].
    """
    full = data.mnist5k()
    return data.Data(F.avg_pool2d(full.x.view(-1, 1, 28, 28), 2).flatten(1), full.y, full.names)


class Networks(nn.Module):
    """Fully connected ReLU networks side by side, one for each seed; no network knows of the others.

    Weights are normal with variance 2 / (inputs + outputs), as in the paper (Glorot); biases are 0.

    Args:
        sizes: neurons in each layer, from the inputs to the classes.
        seeds: one for each network, of its initial weights.

    Attributes:
        names: of the weights, "weight1" ``(networks, outputs, inputs)`` and so on.
    """

    def __init__(self, sizes, seeds):
        super().__init__()
        generators = [torch.Generator().manual_seed(seed) for seed in seeds]
        self.names = [f"weight{layer}" for layer in range(1, len(sizes))]
        for name, inputs, outputs in zip(self.names, sizes, sizes[1:], strict=False):
            drawn = [torch.randn(outputs, inputs, generator=generator) for generator in generators]
            self.register_parameter(name, nn.Parameter(torch.stack(drawn) * math.sqrt(2 / (inputs + outputs))))
            bias = torch.zeros(len(generators), outputs)
            self.register_parameter(name.replace("weight", "bias"), nn.Parameter(bias))

    def __len__(self):
        return len(self.weight1)

    def forward(self, x):
        """Return logits ``(networks, batch, classes)`` for x ``(batch, inputs)`` or ``(networks, batch, inputs)``."""
        x = x.expand(len(self), -1, -1)
        for name in self.names:
            bias = getattr(self, name.replace("weight", "bias"))
            x = torch.baddbmm(bias[:, None], x, getattr(self, name).mT)
            if name != self.names[-1]:
                x = torch.relu(x)
        return x

    @torch.no_grad()
    def evaluate(self, x, y):
        """Return the mean cross-entropy and the accuracy of each network, two tensors ``(networks,)``."""
        logits = self(x)
        losses = F.cross_entropy(logits.flatten(0, 1), y.repeat(len(self)), reduction="none")
        return losses.view(len(self), -1).mean(1), (logits.argmax(2) == y).float().mean(1)


@dataclass(frozen=True, eq=False, repr=False)
class Record:
    """What came of a training.

    Attributes:
        looks: steps at which the validation set was looked at, from 0.
        losses: validation loss, ``(looks, networks)``.
        accuracies: validation accuracy, ``(looks, networks)``.
        stops: for each network the step of its least validation loss, ``(networks,)``.
        best: the state of that step, as ``state_dict`` gives it.
    """

    looks: list[int]
    losses: torch.Tensor
    accuracies: torch.Tensor
    stops: torch.Tensor
    best: dict[str, torch.Tensor]

    def reached(self, accuracy):
        """Return the first look at which each network had the validation accuracy, ``(networks,)``; else infinity."""
        steps = torch.tensor(self.looks, dtype=torch.float32)[:, None].expand_as(self.accuracies)
        return steps.masked_fill(self.accuracies < accuracy, math.inf).amin(0)

    @property
    def at_stop(self):
        """Validation accuracy at the step of the least validation loss, ``(networks,)``."""
        rows = [self.looks.index(int(stop)) for stop in self.stops]
        return self.accuracies[rows, range(len(rows))]


def train(model, split, *, lr, steps, seed, batch=60, looks=LOOKS):
    """Train networks side by side with Adam, and note when each was best on the validation set.

    Args:
        model: :class:`Networks`; masks that ``apply_`` put on it hold. It ends as it is after the last step.
        split: with ``train`` and ``validation``, each ``(x, y)``.
        lr: learning rate > 0.
        steps: >= 1.
        seed: of the batches, drawn with replacement; each network draws its own.
        batch: examples in a batch of each network.
        looks: at which steps to look at the validation set, besides the first and the last.

    Returns:
        The :class:`Record`.

    Raises:
        ValueError: if a number is out of range.
    """
    if not (lr > 0 and steps >= 1 and batch >= 1):
        raise ValueError(f"expected lr > 0, steps >= 1 and batch >= 1, got {lr}, {steps} and {batch}")
    (x, y), n = split.train, len(model)
    generators = [torch.Generator().manual_seed(1_000_003 * seed + k) for k in range(n)]
    adam = torch.optim.Adam(model.parameters(), lr=lr, fused=True)
    looks = [0, *(look for look in looks if 0 < look < steps), steps]
    losses, accuracies = [], []
    best = {name: value.clone() for name, value in model.state_dict().items()}
    for step in range(steps + 1):
        if step:
            drawn = torch.stack([torch.randint(len(x), (batch,), generator=generator) for generator in generators])
            adam.zero_grad()
            # A mean over n networks would divide each one's gradient by n.
            (n * F.cross_entropy(model(x[drawn]).flatten(0, 1), y[drawn].flatten())).backward()
            adam.step()
        if step == looks[len(losses)]:
            loss, accuracy = model.evaluate(*split.validation)
            better = loss < (torch.stack(losses).amin(0) if losses else math.inf)
            for name, value in model.state_dict().items():
                best[name][better] = value[better]
            losses.append(loss)
            accuracies.append(accuracy)
    losses = torch.stack(losses)
    stops = torch.tensor(looks)[losses.argmin(0)]
    return Record(looks, losses, torch.stack(accuracies), stops, best)


def magnitude_masks(model, left, *, within=None):
    """Return masks that keep the largest weights of each network, in one ranking of all its layers.

    Args:
        model: :class:`Networks`.
        left: share of the weights to keep, in [0, 1].
        within: masks; what they drop stays dropped, and counts.

    Raises:
        ValueError: as ``pruning.masks_of`` does.
    """
    weights = {name: getattr(model, name).detach().abs() for name in model.names}
    networks = [
        masks_of(
            {name: weight[k] for name, weight in weights.items()},
            1 - left,
            within=within and {name: mask[k] for name, mask in within.items()},
        )
        for k in range(len(model))
    ]
    return {name: torch.stack([masks[name] for masks in networks]) for name in model.names}


def find_tickets(model, train, left, *, rewind=None):
    """Prune by magnitude in rounds, each of which trains, cuts, and goes back.

    Args:
        model: :class:`Networks` at their initial weights, without masks. In the end they are back there, with the last
            masks on.
        train: function ``(model, round) -> anything`` that trains in place; round counts from 0.
        left: shares of the weights to keep, descending, one for each round. A single one is one-shot pruning.
        rewind: state to go back to, a ``state_dict``; default: that of the beginning. A later one of the same training
            is *rewinding to step k > 0*.

    Returns:
        ``{share: masks}``.
    """
    state = copy.deepcopy(model.state_dict() if rewind is None else rewind)
    found, masks = {}, None
    for number, share in enumerate(left):
        train(model, number)
        found[share] = masks = magnitude_masks(model, share, within=masks)
        go_back_(model, state, masks)
    return found


def go_back_(model, state, masks):
    """Give a model the weights of ``state`` under ``masks``, which hold from now on; return it."""
    model.load_state_dict(state)
    return apply_(model, masks)


def shuffled(masks, generator, keep="layers"):
    """Return masks with as many ones, elsewhere: what is left of a mask's use is due to what was kept.

    Args:
        masks: ``{name: (networks, outputs, inputs)}``, the first layer first.
        generator: a ``torch.Generator``.
        keep: "layers": how many weights each layer has; "inputs": also how many each input has; "degrees": also how
            many lead into each neuron and out of it, in all layers.

    Raises:
        ValueError: if ``keep`` is none of these.
    """
    if keep not in ("layers", "inputs", "degrees"):
        raise ValueError(f"keep must be 'layers', 'inputs' or 'degrees', got {keep!r}")
    result = {}
    for layer, (name, mask) in enumerate(masks.items()):
        if keep == "degrees":
            result[name] = torch.stack([_traded(one, generator) for one in mask])
        elif keep == "inputs" and layer == 0:  # a random order of the outputs for each input
            result[name] = mask.gather(1, torch.rand(mask.shape, generator=generator).argsort(1))
        else:
            order = torch.rand(mask.flatten(1).shape, generator=generator).argsort(1)
            result[name] = mask.flatten(1).gather(1, order).view_as(mask)
    return result


def _traded(mask, generator, trades_per_row=10):
    """Shuffle a matrix (rows, columns) of ones and zeros that keeps its sums of rows and of columns.

    Two random rows put together what only one of them has, and deal it out again: the curveball trades of Strona et
    al. (2014). After many, every matrix with these sums is equally likely.
    """
    rows = [set(row.nonzero()[:, 0].tolist()) for row in mask]
    for _ in range(trades_per_row * len(rows)):
        a, b = torch.randint(len(rows), (2,), generator=generator).tolist()
        apart = sorted(rows[a] ^ rows[b])
        if a == b or not apart:
            continue
        both, own = rows[a] & rows[b], len(rows[a] - rows[b])
        dealt = [apart[k] for k in torch.randperm(len(apart), generator=generator).tolist()]
        rows[a], rows[b] = both | set(dealt[:own]), both | set(dealt[own:])
    result = torch.zeros_like(mask)
    for row, columns in enumerate(rows):
        result[row, sorted(columns)] = True
    return result


def with_other_values(state, masks, generator, how):
    """Return a state whose surviving weights have other values; biases stay.

    Args:
        state: initial weights, by name.
        masks: which of them survive.
        generator: a ``torch.Generator``.
        how: "shuffled": the survivors of a layer exchange their values; "random signs": each keeps its magnitude, and
            tosses its sign; "shuffled signs": each keeps its magnitude, and a layer's survivors exchange their signs;
            "signs": each keeps its sign, and has its layer's mean magnitude of survivors.

    Raises:
        ValueError: if ``how`` is none of these.
    """
    if how not in ("shuffled", "random signs", "shuffled signs", "signs"):
        raise ValueError(f"how must be 'shuffled', 'random signs', 'shuffled signs' or 'signs', got {how!r}")
    result = {name: value.clone() for name, value in state.items()}
    for name, mask in masks.items():
        for weights, kept in zip(result[name], mask, strict=True):
            values = weights[kept]
            if how.startswith("shuffled"):
                others = values[torch.randperm(len(values), generator=generator)]
                weights[kept] = others if how == "shuffled" else values.abs() * others.sign()
            elif how == "signs":
                weights[kept] = values.sign() * values.abs().mean()
            else:
                coins = torch.randint(0, 2, values.shape, generator=generator)
                weights[kept] = values.abs() * (2 * coins - 1)
    return result
