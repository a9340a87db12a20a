"""Both ways of training find a language that is listed; their updates are those of PyTorch's Adam."""

import pytest
import torch

from ravine import discrete_sequences as sequences
from ravine import sequence_training as training


@pytest.fixture(autouse=True)
def double_precision():
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


def random(seed=0):
    return torch.Generator().manual_seed(seed)


def test_likelihood_training_finds_the_language():
    words = sequences.all_sequences(4, 4)[sequences.brackets(4) > 0]
    made = sequences.SequenceGenerator(4, 4, hidden=16, networks=2, generator=random())
    seen = []
    training.fit_likelihood(made, words, steps=150, lr=torch.tensor([0.02, 1e-9]), seed=0, on_step=seen.append)
    right = made.distribution()[:, sequences.brackets(4) > 0].sum(1)
    assert right[0] > 0.9 > 0.1 > right[1]  # each network at its own rate
    assert seen == list(range(1, 151))


def test_each_network_takes_the_steps_of_pytorchs_adam_at_its_own_rate():
    made = sequences.SequenceGenerator(3, 4, hidden=5, networks=2, generator=random())
    rates, words = torch.tensor([0.01, 0.1]), torch.tensor([[2, 0, 1, 1]])  # one word: then all batches are alike
    alone = [sequences.SequenceGenerator(3, 4, hidden=5) for _ in rates]
    for i, one in enumerate(alone):
        one.load_state_dict({k: v[i] for k, v in made.state_dict().items()})
    training.fit_likelihood(made, words, steps=7, lr=rates, batch=2, betas=(0.5, 0.99), seed=0)
    for i, one in enumerate(alone):
        optimizer = torch.optim.Adam(one.parameters(), lr=rates[i].item(), betas=(0.5, 0.99))
        for _ in range(7):
            optimizer.zero_grad()
            (-one.log_probabilities(words).sum()).backward()
            optimizer.step()
        torch.testing.assert_close(one.distribution(), made.distribution()[i], rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("estimator", ["none", "others", "straight-through"])
def test_adversarial_training_finds_most_of_the_language(estimator):
    words = sequences.all_sequences(4, 2)[sequences.brackets(2) > 0].expand(2, -1, -1)
    made = sequences.SequenceGenerator(4, 2, hidden=8, networks=2, generator=random())
    judge = sequences.SequenceDiscriminator(4, 2, hidden=16, networks=2, generator=random(1))
    before = made.distribution()[:, sequences.brackets(2) > 0].sum(1)
    rates = {"lr": 0.01, "discriminator_lr": 0.01}
    training.fit_adversarial(made, judge, words, steps=150, **rates, estimator=estimator, seed=0)
    after = made.distribution()[:, sequences.brackets(2) > 0].sum(1)
    assert before.max() < 0.3 < 0.7 < after.min()


def test_an_unknown_estimator_or_reward_is_refused():
    with pytest.raises(ValueError, match="got 'mean' and 'log'"):
        training.fit_adversarial(
            None, None, None, steps=1, lr=1, discriminator_lr=1, estimator="mean", reward="log", seed=0
        )
    with pytest.raises(ValueError, match="got batch=1"):
        training.fit_adversarial(None, None, None, steps=1, lr=1, discriminator_lr=1, reward="log", batch=1, seed=0)
