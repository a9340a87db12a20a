"""Training generators of sequences of tokens: by maximum likelihood, or against a discriminator.

The networks are those of :mod:`ravine.discrete_sequences`; several stand side by side, each with a learning rate of its
own.

Papers: Yu et al. (2017), "SeqGAN: sequence generative adversarial nets with policy gradient" (a generator rewarded by a
discriminator; here one without convolutions, and its rollouts are in the page only); Jang, Gu and Poole (2017),
"Categorical reparameterization with Gumbel-softmax" (for "straight-through").
Taught in: book/generation/discrete-sequences.md
"""

import torch
from torch.nn import functional

REWARDS = {
    "probability": torch.sigmoid,  # D itself, as in SeqGAN
    "log": functional.logsigmoid,  # ln D, the non-saturating loss
    "logit": lambda logits: logits,  # ln D / (1 - D)
}


def fit_likelihood(generator, words, *, steps, lr, batch=64, betas=(0.9, 0.999), seed, on_step=None):
    """Train by maximum likelihood, in place: Adam on the mean of ``-log p(word)``.

    Args:
        generator: a :class:`ravine.discrete_sequences.SequenceGenerator`.
        words: the data, ``(N, T)`` or, for each network its own, ``(networks, N, T)``.
        steps: updates, each on ``batch`` words drawn with replacement.
        lr: learning rate, a number or ``(networks,)``.
        batch: words of a step, for each network.
        betas: of Adam.
        seed: of the batches.
        on_step: called as ``(step)`` after each step, counted from 1.
    """
    rng, update_ = torch.Generator().manual_seed(seed), _adam(generator, lr, betas)
    for step in range(1, steps + 1):
        update_(-generator.log_probabilities(_draw(words, generator, batch, rng)).sum(-1).mean(-1))
        if on_step is not None:
            on_step(step)


def fit_adversarial(
    generator,
    discriminator,
    words,
    *,
    steps,
    lr,
    discriminator_lr,
    estimator="others",
    reward="probability",
    temperature=1.0,
    batch=64,
    betas=(0.5, 0.999),
    seed,
    on_step=None,
):
    """Train both networks in place, in turn, one step each.

    Args:
        generator: a :class:`ravine.discrete_sequences.SequenceGenerator`.
        discriminator: a :class:`ravine.discrete_sequences.SequenceDiscriminator` with as many networks.
        words: the data, ``(N, T)`` or, for each network its own, ``(networks, N, T)``.
        steps: updates of each.
        lr: learning rate of the generator's Adam, a number or ``(networks,)``.
        discriminator_lr: that of the discriminator's.
        estimator: how the generator's gradient is estimated: "none", REINFORCE without a baseline; "others", with the
            mean reward of the batch's other words; "straight-through", Gumbel-softmax, hard.
        reward: what is made of the logit a of a word: "probability" σ(a), "log" ln σ(a), "logit" a.
        temperature: of "straight-through"; a number or a tensor ``(networks, 1, 1)``.
        batch: words of a step, real and generated, for each network.
        betas: of both Adams.
        seed: of batches and words.
        on_step: called as ``(step)`` after each step, counted from 1.

    Raises:
        ValueError: if ``estimator`` or ``reward`` is none of these, or a word of the batch has no others.
    """
    if estimator not in ("none", "others", "straight-through") or reward not in REWARDS:
        raise ValueError(
            f"estimator must be none, others or straight-through, reward one of {', '.join(REWARDS)};"
            f" got {estimator!r} and {reward!r}"
        )
    if estimator == "others" and batch < 2:
        raise ValueError(f"estimator 'others' compares words of a batch, which needs 2 or more; got batch={batch}")
    rng, judge = torch.Generator().manual_seed(seed), REWARDS[reward]
    update_g_, update_d_ = _adam(generator, lr, betas), _adam(discriminator, discriminator_lr, betas)
    for step in range(1, steps + 1):
        real, fake = _draw(words, generator, batch, rng), generator.sample(batch, rng)
        update_d_((functional.softplus(-discriminator(real)) + functional.softplus(discriminator(fake))).mean(-1))
        if estimator == "straight-through":
            soft = generator.relaxed(batch, temperature, hard=True, generator=rng)
            update_g_(-judge(discriminator(soft)).mean(-1))
        else:
            fake = generator.sample(batch, rng)
            with torch.no_grad():
                weight = judge(discriminator(fake))  # (..., batch)
                if estimator == "others":
                    weight = weight - (weight.sum(-1, keepdim=True) - weight) / (batch - 1)
            update_g_(-(weight * generator.log_probabilities(fake).sum(-1)).mean(-1))
        if on_step is not None:
            on_step(step)


def _draw(words, generator, batch, rng):
    """Draw a batch with replacement, for each network its own."""
    chosen = torch.randint(words.shape[-2], (*generator.first.shape[:-2], batch), generator=rng)
    if words.ndim == 2:
        return words[chosen]
    return words[torch.arange(len(words))[:, None], chosen]


def _adam(module, lr, betas):
    """Return a function that takes a step of Adam on losses ``(networks,)`` or ``()``, each network at its own rate."""
    params = list(module.parameters())
    m, v = ([torch.zeros_like(p) for p in params] for _ in range(2))
    lr = torch.as_tensor(lr)
    lr = lr.view(-1, 1, 1) if lr.ndim else lr
    steps = 0

    def update_(losses):
        nonlocal steps
        steps += 1
        grads = torch.autograd.grad(losses.sum(), params)
        with torch.no_grad():
            for p, g, first, second in zip(params, grads, m, v, strict=True):
                first.lerp_(g, 1 - betas[0])
                second.mul_(betas[1]).addcmul_(g, g, value=1 - betas[1])
                root = (second / (1 - betas[1] ** steps)).sqrt_().add_(1e-8)
                p -= lr / (1 - betas[0] ** steps) * first / root

    return update_
