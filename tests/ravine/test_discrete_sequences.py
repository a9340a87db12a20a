"""Everything is listed: brute force, closed forms, PyTorch's own Gumbel-softmax, autograd through the enumeration."""

import itertools
import math

import pytest
import torch
from torch.nn import functional

from ravine import discrete_sequences as sequences

EXACT = {"rtol": 1e-10, "atol": 1e-12}


@pytest.fixture(autouse=True)
def double_precision():
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


def random(seed=0):
    return torch.Generator().manual_seed(seed)


def generator(seed=0, networks=None, length=3, symbols=3):
    made = sequences.SequenceGenerator(symbols, length, hidden=5, networks=networks, generator=random(seed))
    for p in made.parameters():  # far from uniform
        p.data += torch.randn(p.shape, generator=random(seed + 1))
    return made


@pytest.mark.parametrize(("symbols", "length"), [(1, 3), (2, 4), (3, 3)])
def test_all_sequences_are_the_product_in_order(symbols, length):
    expected = list(itertools.product(range(symbols), repeat=length))
    assert list(map(tuple, sequences.all_sequences(symbols, length).tolist())) == expected


@pytest.mark.parametrize(("length", "shapes"), [(2, 1), (4, 2), (6, 5), (8, 14)])
def test_brackets_are_the_balanced_ones_by_catalans_count(length, shapes):
    p = sequences.brackets(length, square=0.25)

    def balanced(word):
        still_open = []
        for token in word:
            if token % 2 == 0:
                still_open.append(token)
            elif not still_open or still_open.pop() + 1 != token:
                return False
        return not still_open

    words = sequences.all_sequences(4, length)
    assert ((p > 0) == torch.tensor([balanced(word) for word in words.tolist()])).all()
    assert int((p > 0).sum()) == shapes * 2 ** (length // 2)
    assert p.sum().item() == pytest.approx(1, abs=1e-12)
    squares = (words == 2).sum(1)
    expected = 0.25**squares * 0.75 ** (length // 2 - squares) / shapes
    torch.testing.assert_close(p[p > 0], expected[p > 0], **EXACT)


@pytest.mark.parametrize("hard", [False, True])
@pytest.mark.parametrize("temperature", [0.3, 1.0, 4.0])
def test_gumbel_softmax_is_pytorchs(hard, temperature):
    logits, weight = torch.randn(2, 50, 4, generator=random()), torch.randn(2, 50, 4, generator=random(1))
    drawn = []
    for function in (
        lambda z: sequences.gumbel_softmax(z, temperature, hard=hard),
        lambda z: functional.gumbel_softmax(z, temperature, hard=hard),
    ):
        z = logits.clone().requires_grad_()
        torch.manual_seed(3)
        y = function(z)
        drawn.append((y.detach(), torch.autograd.grad((weight * y).sum(), z)[0]))
    for ours, theirs in zip(*drawn, strict=True):
        torch.testing.assert_close(ours, theirs, **EXACT)


def test_largest_entry_is_a_draw_from_the_softmax_and_a_generator_repeats_it():
    logits = torch.tensor([0.3, 0.5, 0.2]).log().expand(100_000, 3)
    y = sequences.gumbel_softmax(logits, 5.0, generator=random())
    torch.testing.assert_close(y.argmax(1).bincount() / 100_000, torch.tensor([0.3, 0.5, 0.2]), rtol=0, atol=0.01)
    assert (y == sequences.gumbel_softmax(logits, 5.0, generator=random())).all()
    rows = sequences.gumbel_softmax(logits[:2], torch.tensor([[0.01], [100.0]]), generator=random())
    assert rows[0].max() > 0.9 > 0.4 > rows[1].max()  # a temperature of its own for each row


@pytest.mark.parametrize("networks", [None, 3])
def test_distribution_is_the_product_of_the_tokens_probabilities(networks):
    made, listed = generator(networks=networks), sequences.all_sequences(3, 3)
    p = made.distribution()
    assert p.shape == (27,) if networks is None else (3, 27)
    torch.testing.assert_close(p.sum(-1), torch.ones(p.shape[:-1]), **EXACT)
    torch.testing.assert_close(made.log_probabilities(listed).sum(-1).exp(), p, **EXACT)
    assert p.max() > 0.1  # nothing like uniform


def test_networks_side_by_side_are_as_each_alone():
    many, words = generator(networks=2), sequences.all_sequences(3, 3)[[5, 17, 26]]
    judge = sequences.SequenceDiscriminator(3, 3, hidden=7, networks=2, generator=random(4))
    for i in range(2):
        one = sequences.SequenceGenerator(3, 3, hidden=5)
        one.load_state_dict({k: v[i] for k, v in many.state_dict().items()})
        torch.testing.assert_close(one.distribution(0.7), many.distribution(0.7)[i], **EXACT)
        torch.testing.assert_close(one.log_probabilities(words), many.log_probabilities(words)[i], **EXACT)
        alone = sequences.SequenceDiscriminator(3, 3, hidden=7)
        alone.load_state_dict({k: v[i] for k, v in judge.state_dict().items()})
        torch.testing.assert_close(alone(words), judge(words)[i], **EXACT)


def test_temperature_makes_a_distribution_cold_or_flat():
    made = generator()
    torch.testing.assert_close(made.distribution(1e6), torch.full((27,), 1 / 27), rtol=0, atol=1e-4)
    assert made.distribution(0.01).max() > 0.9


@pytest.mark.parametrize("draw", ["sample", "hard"])
def test_words_are_drawn_from_the_distribution(draw):
    made, place = generator(), 3 ** torch.arange(2, -1, -1)
    words = (
        made.sample(40_000, random(7))
        if draw == "sample"
        else made.relaxed(40_000, 0.5, hard=True, generator=random(7)).argmax(-1)
    )
    frequencies = ((words * place).sum(1)).bincount(minlength=27) / 40_000
    torch.testing.assert_close(frequencies, made.distribution(), rtol=0, atol=0.012)


def test_a_discriminator_reads_tokens_and_one_hot_alike():
    judge = sequences.SequenceDiscriminator(3, 3, generator=random())
    words = sequences.all_sequences(3, 3)
    torch.testing.assert_close(judge(words), judge(functional.one_hot(words, 3).double()), **EXACT)


def test_reinforce_is_unbiased_and_the_best_constant_is_the_best():
    made, listed = generator(), sequences.all_sequences(3, 3)
    rewards = torch.rand(27, generator=random(9))
    params = list(made.parameters())

    def flat(x):
        return torch.cat([g.flatten() for g in torch.autograd.grad(x, params, retain_graph=True)])

    p = made.distribution()
    exact, logs = flat((p * rewards).sum()), made.log_probabilities(listed).sum(1)
    scores, p = torch.stack([flat(x) for x in logs]), p.detach()

    def variance(b):
        estimates = (rewards - b)[:, None] * scores
        torch.testing.assert_close(p @ estimates, exact, **EXACT)
        return (p @ (estimates - exact).square().sum(1)).item()

    best = sequences.best_constant_baseline(rewards, scores, p)
    assert all(variance(best) < variance(best + d) for d in (-0.1, 0.1, -best.item()))
    drawn = torch.multinomial(p, 50_000, replacement=True, generator=random(10))
    assert sequences.best_constant_baseline(rewards[drawn], scores[drawn]).item() == pytest.approx(
        best.item(), abs=0.02
    )


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="must be >= 1, got 0 and 3"):
        sequences.all_sequences(0, 3)
    with pytest.raises(ValueError, match="even and >= 2, got 3"):
        sequences.brackets(3)
    with pytest.raises(ValueError, match=r"in \[0, 1\], got 2"):
        sequences.brackets(2, square=2)
    for temperature in (0.0, -1.0, math.nan):
        with pytest.raises(ValueError, match="temperature must be > 0"):
            sequences.gumbel_softmax(torch.zeros(3), temperature)
    with pytest.raises(ValueError, match=r"scores \(n, d\), got \(3,\), \(2, 4\)"):
        sequences.best_constant_baseline(torch.zeros(3), torch.zeros(2, 4))
    with pytest.raises(ValueError, match=r"probabilities \(3,\), got \(2,\)"):
        sequences.best_constant_baseline(torch.zeros(3), torch.zeros(3, 4), torch.zeros(2))
