"""The small library that every notebook of "Out of the Ravine" imports.

A *ravine* is the long, steep-sided valley in which plain gradient descent zigzags; the course keeps returning to it.
Modules load when they are first used, so ``import ravine`` costs nothing and does not import PyTorch:

    landscapes        losses of two parameters whose shape and minima are known
    gradient_descent  gradient descent; on the gradient of a mini-batch it is SGD
    momentum          heavy ball, Nesterov, and momentum as a moving average
    adaptive_methods  AdaGrad, RMSprop, AdaDelta
    adam              Adam, AMSGrad, AdamW
    lion, muon        two newer update rules
    optimizer         what all update rules share
    schedules         the learning rate as a function of the step
    curvature         Hessian and Hessian-vector products, kinds of critical points
    spectrum          largest and smallest eigenvalues from products alone: power iteration, Lanczos
    newton            Newton's method, its saddle-free form, a step that leaves a saddle
    attention         attention, its masks, several heads, positions
    transformer       encoder, decoder, or both
    sequence_tasks    copy, reverse, induction: tasks whose right attention pattern is known
    language          a small invented language with known grammar, and a model pre-trained on it
    grammar           the grammar of that language, and the truth about its sentences
    text              a story, for character models
    adaptation        LoRA, adapters, prefixes, soft prompts
    gan               a generator and a discriminator in training
    gan_game          their game between distributions, where everything is exact
    dcgan             small networks for images of digits
    generator_scores  Inception Score and Fréchet distance, with a classifier of digits
    discrete_sequences  generators of short sequences, all of which can be listed, and their discriminators
    sequence_training  fits those generators: by maximum likelihood, or against a discriminator
    mdp               decision processes small enough to be solved: values, occupancy, the exact policy gradient
    episodes          episodes as padded tensors, and the loop that plays them
    cartpole          a fast batch of CartPoles
    advantages        returns, TD errors, advantages, and the loss that they weigh
    policies          tables and small networks: policies and critics
    policy_gradient   REINFORCE, and an actor with a critic
    pruning           scores of weights, and masks that keep the best
    masking           zeros that stay zero in training
    structured        removing whole neurons, for a network that is really smaller
    lottery_tickets   tickets found by pruning in rounds, and the controls they are compared with
    task_streams      tasks in a row: permuted, or split by class
    continual         learns them one after the other
    accuracy_matrix   what was right after which task, and the averages of it
    continual_methods  ways to remember: the hooks that the loop calls
    ewc, gem, replay  the mathematics of three of them
    fisher            scores and Fisher information
    comparison        optimizers on equal terms: problems, results, tuning and evaluation
    descent           ``descend``: run an optimizer on a loss and record its path
    training          ``fit``: a plain training loop
    data              small data sets that need no download
    plot              the one style, the colors, contour plots, animated paths
    runtime           device and seeds
    claims            ``claim``: a sentence of the prose, checked when the page runs

>>> import ravine
>>> path = ravine.descend(ravine.landscapes.quadratic(), ravine.gradient_descent.GradientDescent, steps=10, lr=0.019)
>>> path.steps
10
"""

import importlib

_MODULES = frozenset(
    {
        "accuracy_matrix",
        "adam",
        "adaptation",
        "adaptive_methods",
        "advantages",
        "attention",
        "cartpole",
        "claims",
        "comparison",
        "continual",
        "continual_methods",
        "curvature",
        "data",
        "dcgan",
        "descent",
        "discrete_sequences",
        "episodes",
        "ewc",
        "fisher",
        "gan",
        "gan_game",
        "gem",
        "generator_scores",
        "gradient_descent",
        "grammar",
        "landscapes",
        "language",
        "lion",
        "lottery_tickets",
        "masking",
        "mdp",
        "momentum",
        "muon",
        "newton",
        "optimizer",
        "plot",
        "policies",
        "policy_gradient",
        "problems",
        "progress",
        "pruning",
        "replay",
        "results",
        "runtime",
        "schedules",
        "sequence_tasks",
        "sequence_training",
        "spectrum",
        "structured",
        "task_streams",
        "text",
        "training",
        "transformer",
    }
)
_FUNCTIONS = {
    "claim": "claims",
    "descend": "descent",
    "device": "runtime",
    "fit": "training",
    "seed_everything": "runtime",
}

__all__ = [*sorted(_MODULES), *sorted(_FUNCTIONS)]


def __getattr__(name):
    """Import a module or function of the library when it is first asked for (PEP 562)."""
    if name in _MODULES:
        return importlib.import_module(f"{__name__}.{name}")
    if name in _FUNCTIONS:
        return getattr(importlib.import_module(f"{__name__}.{_FUNCTIONS[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted({*globals(), *__all__})
