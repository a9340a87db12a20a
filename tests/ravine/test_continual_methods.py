"""Each hook against what it should compute, and all methods through a whole sequence."""

import copy

import pytest
import torch
from torch import nn

from ravine import continual_methods as methods
from ravine.continual import Examples, Head, Method, Task, learn_sequence, loss, network
from ravine.ewc import ewc_penalty
from ravine.fisher import fisher_diagonal
from ravine.gem import agem_projection, gem_projection

MAKE = {
    "sequential": methods.Sequential,
    "joint": methods.Joint,
    "l2": lambda: methods.L2(0.1),
    "ewc": lambda: methods.EWC(1.0, seed=0),
    "ewc, all labels": lambda: methods.EWC(1.0, labels="all"),
    "ewc, empirical": lambda: methods.EWC(1.0, labels="data"),
    "replay": lambda: methods.Replay(20),
    "gem": lambda: methods.GEM(20),
    "gem, margin": lambda: methods.GEM(20, margin=0.5),
    "a-gem": lambda: methods.AGEM(20, draw=8),
}
SETTINGS = {"epochs": 2, "batch_size": 10, "lr": 0.1, "seed": 0}


def tasks(count=3, n=40, masked=False):
    """Tasks of two classes each, which lie in different corners; the same outputs, or (masked) two for each task."""
    generator, found = torch.Generator().manual_seed(0), []
    for number in range(count):
        parts = []
        for _ in range(3):
            y = torch.arange(n) % 2
            x = torch.randn(n, 6, generator=generator) / 2
            x[torch.arange(n), y + 2 * number] += 1.5
            allowed = torch.ones(2 * count if masked else 2, dtype=torch.bool)
            if masked:
                y = y + 2 * number
                allowed[:] = False
                allowed[2 * number : 2 * number + 2] = True
            parts.append(Examples(x, y, allowed.expand(n, -1)))
        found.append(Task(f"task {number}", *parts, ("a", "b")))
    return found


def small(outputs=2, seed=0):
    return network(6, 8, outputs, seed)


def with_gradient(model, examples):
    model.zero_grad()
    loss(model, examples).backward()
    return flat(model)


def flat(model):
    return torch.cat([p.grad.flatten() for p in model.parameters()])


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("name", MAKE)
def test_every_method_goes_through_a_sequence_the_same_each_time(name, masked):
    stream = tasks(masked=masked)
    found = []
    for _ in range(2):
        method, model = MAKE[name](), small(6 if masked else 2)
        record = learn_sequence(model, stream, method=method, **SETTINGS)
        assert record.R.shape == (4, 3)
        assert isinstance(method, Method)
        assert (record.memory_bytes > 0) == (name != "sequential")
        found.append(torch.cat([p.flatten() for p in model.parameters()]))
    assert torch.equal(*found)
    assert found[0].isfinite().all()


@pytest.mark.parametrize("name", sorted(set(MAKE) - {"sequential"}))
def test_the_first_task_is_learned_as_without_a_method(name):
    models = []
    for method in (MAKE[name](), methods.Sequential()):
        model = small()
        learn_sequence(model, tasks(1), method=method, **SETTINGS)
        models.append(model)
    for one, other in zip(*(model.parameters() for model in models), strict=True):
        assert torch.equal(one, other)


def test_a_strength_of_zero_changes_nothing_and_a_great_one_holds_everything():
    stream, models = tasks(2), {}
    for name, method in (("ewc", methods.EWC(0.0)), ("l2", methods.L2(0.0)), ("none", None), ("held", methods.L2(9.0))):
        models[name] = small()
        learn_sequence(models[name], stream, method=method, **SETTINGS)
    first = small()
    learn_sequence(first, stream[:1], **SETTINGS)
    way = {}
    for name, model in models.items():
        difference = torch.cat([(p - q).flatten() for p, q in zip(model.parameters(), first.parameters(), strict=True)])
        way[name] = difference.norm().item()
    assert way["ewc"] == way["l2"] == way["none"]
    assert way["held"] < 0.4 * way["none"]


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("labels", ["model", "data", "all"])
def test_ewc_holds_by_the_fisher_diagonals_summed_over_tasks(labels, masked):
    """With the allowed outputs set by a Head, and both diagonals taken where their task ended."""
    stream, model, generator = tasks(masked=masked), small(6 if masked else 2), torch.Generator().manual_seed(4)
    method, expected = methods.EWC(2.0, labels=labels, seed=4), {}
    for task in stream[:2]:
        with torch.no_grad():
            for p in model.parameters():
                p += 0.1
        method.end_task(model, task)
        options = {"model": {"seed": generator}, "data": {"y": task.train.y}, "all": {}}[labels]
        head = Head(model, task.train.allowed[0])
        for name, value in fisher_diagonal(head, task.train.x, labels, **options).items():
            expected[name.removeprefix("model.")] = expected.get(name.removeprefix("model."), 0.0) + value
    anchors = copy.deepcopy(dict(model.named_parameters()))
    with torch.no_grad():
        for p in model.parameters():
            p -= 0.3
    params = dict(model.named_parameters())
    torch.testing.assert_close(method.penalty(model), ewc_penalty(params, anchors, expected, 2.0))
    assert method.memory_bytes == 2 * 4 * sum(p.numel() for p in params.values())


def test_frozen_parameters_are_neither_held_nor_projected():
    for name in ("ewc", "l2", "replay", "gem", "a-gem"):
        model, method = small(), MAKE[name]()
        model[0].requires_grad_(False)
        before = model[0].weight.clone()
        learn_sequence(model, tasks(), method=method, **SETTINGS)
        assert torch.equal(model[0].weight, before)
        assert "0.weight" not in (getattr(method, "fishers", None) or {})


def test_the_fisher_diagonal_is_taken_without_dropout_and_the_mode_comes_back():
    model = nn.Sequential(nn.Linear(6, 8), nn.Dropout(0.5), nn.Linear(8, 2)).train()
    methods.EWC(1.0).end_task(model, tasks(1)[0])
    assert model.training
    assert model[1].training


def test_training_that_diverged_is_said():
    model = small()
    with torch.no_grad():
        model[0].weight.fill_(float("nan"))
    with pytest.raises(ValueError, match="diverged"):
        methods.EWC(1.0).end_task(model, tasks(1)[0])


def filled(method, stream, model):
    for task in stream:
        method.end_task(model, task)
    return method


@pytest.mark.parametrize("name", ["replay", "gem", "a-gem"])
def test_all_memories_are_filled_alike(name):
    stream, model = tasks(), small()
    method, other = filled(MAKE[name](), stream, model), filled(methods.GEM(20), stream, model)
    x, y, allowed, numbers = method.buffer.columns
    assert torch.equal(x, other.buffer.columns[0])
    assert len(y) == 20
    for row, target, number in zip(x, y, numbers, strict=True):
        examples = stream[number].train
        at = (examples.x == row).all(1).nonzero().item()
        assert examples.y[at] == target
    assert method.memory_bytes == 20 * (6 * 4 + 8 + 2 + 8)
    assert allowed.all()


def test_replay_joins_a_batch_with_as_many_old_examples():
    stream, model = tasks(), small()
    method = methods.Replay(20)
    batch = stream[2].train.select(slice(0, 7))
    assert method.batch(batch) is batch
    filled(method, stream[:2], model)
    joined = method.batch(batch)
    assert torch.equal(joined.x[:7], batch.x)
    old = method.buffer.columns[0]
    assert len(joined.y) == 14
    assert all((old == row).all(1).any() for row in joined.x[7:])
    assert not torch.equal(joined.x[7:], method.batch(batch).x[7:])
    assert len(method.batch(stream[2].train).y) == 40 + 20


@pytest.mark.parametrize("margin", [0.0, 0.5])
def test_gem_projects_on_each_tasks_remembered_gradient(margin):
    stream, model, conflicts = tasks(), small(seed=3), 0
    method = filled(methods.GEM(20, margin=margin), stream[:2], model)
    *columns, numbers = method.buffer.columns
    memory = Examples(*columns)
    rows = torch.stack([with_gradient(model, memory.select(numbers == number)) for number in (0, 1)])
    for start in range(0, 40, 4):
        gradient = with_gradient(model, stream[2].train.select(slice(start, start + 4)))
        method.change_gradient_(model)
        torch.testing.assert_close(flat(model), gem_projection(gradient, rows, margin))
        conflicts += bool((rows @ gradient < 0).any())
    assert conflicts > 0
    assert method.steps == 10
    assert method.projected == (conflicts if margin == 0 else 10)


def test_a_gem_projects_on_the_mean_gradient_of_what_it_drew():
    stream, model = tasks(), small(seed=3)
    method = filled(methods.AGEM(20, draw=20), stream[:2], model)  # all of the buffer
    reference = with_gradient(model, Examples(*method.buffer.columns[:3]))
    for start in range(0, 40, 4):
        gradient = with_gradient(model, stream[2].train.select(slice(start, start + 4)))
        if start % 8:  # a conflict, whatever these examples say
            gradient = gradient - 2 * reference
            for p, part in zip(
                model.parameters(), gradient.split([p.numel() for p in model.parameters()]), strict=True
            ):
                p.grad.copy_(part.view_as(p))
        method.change_gradient_(model)
        torch.testing.assert_close(flat(model), agem_projection(gradient, reference))
    assert method.projected == 5
    assert method.steps == 10


@pytest.mark.slow
def test_what_remembers_forgets_less():
    """These tasks share parameters and outputs, and one network can answer all of them."""
    last = {}
    for name in ("sequential", "replay", "gem", "a-gem", "joint"):
        rows = [
            learn_sequence(
                small(seed=seed), tasks(3), method=MAKE[name](), epochs=10, batch_size=10, lr=0.3, seed=seed
            ).R[-1, :-1]
            for seed in range(5)
        ]
        last[name] = torch.stack(rows).mean().item()
    assert last["sequential"] < min(last[name] for name in ("replay", "joint")) - 0.1
    assert last["gem"] > last["sequential"] + 0.05
