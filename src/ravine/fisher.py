"""Fisher information of classifiers: how much a label tells about each parameter, and the curvature that it equals.

Papers: Martens (2020), "New insights and perspectives on the natural gradient method" (the generalized Gauss-Newton
matrix is the Fisher matrix for softmax and cross-entropy); Kunstner et al. (2019), "Limitations of the empirical Fisher
approximation" (labels must be drawn from the model). A model here is a ``torch.nn.Module`` that maps ``(n, ...)`` to
logits ``(n, K)``; it says p(y | x) = softmax(logits)[y]. Everything is for *one* observation, averaged over the inputs:
multiply by n for n observations. Logarithms are natural, diagonals are ``{name: tensor}`` by parameter, and matrices
``(d, d)`` in the order of ``parameters()``, trainable ones only. The model is left as it is.
Taught in: book/lifelong/fisher-information.md
"""

import torch
from torch.func import functional_call, grad, jacrev, vmap
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.dropout import _DropoutNd

from .curvature import hessian

LABELS = ("model", "data", "all")


def bernoulli_information(theta, n=1):
    """Return n / (θ (1 − θ)), what n tosses of a coin tell about its probability θ in (0, 1), a number or a tensor.

    >>> bernoulli_information(0.5, n=100)
    400.0
    """
    inside = (theta > 0) & (theta < 1)
    if not bool(inside.all() if isinstance(inside, torch.Tensor) else inside):
        raise ValueError(f"expected theta in (0, 1), got {theta}: at 0 and 1 the information is infinite")
    return n / (theta * (1 - theta))


def softmax_information(logits):
    """Return diag(p) − p pᵀ with p = softmax(logits): what one label tells about the logits.

    Args:
        logits: ``(..., K)``.

    Returns:
        ``(..., K, K)``, of rank K − 1: adding the same number to all logits changes nothing.

    >>> softmax_information(torch.zeros(2))
    tensor([[ 0.2500, -0.2500],
            [-0.2500,  0.2500]])
    """
    p = logits.softmax(-1)
    others = p[..., :, None] * p[..., None, :]
    others = others - torch.diag_embed(others.diagonal(dim1=-2, dim2=-1))
    return torch.diag_embed(others.sum(-1)) - others  # not p - p², which rounds to 0 where p rounds to 1


def score(model, x, y, *, classes=None):
    """Return the gradient of log p(y | x) for each example by itself, ``{name: (n, *shape of the parameter)}``.

    Args:
        model: maps ``(n, ...)`` to logits ``(n, K)``.
        x: inputs, ``(n, ...)``.
        y: labels, int64, ``(n,)``.
        classes: the labels that are possible at all, as those of one task; None: all K. Others get probability 0.

    Raises:
        ValueError: if shapes or labels do not fit, nothing is trainable, or batch normalization or dropout is in
            training mode, where an example has no probability by itself.
    """
    family = _Family(model, x, classes)
    return family.scores(x, family.checked(y))


def score_variance(scores, weights=None):
    """Return the mean of s sᵀ over scores s: their covariance, since a model's own scores have mean zero.

    Args:
        scores: ``(n, d)``.
        weights: ``(n,)``, for an exact expectation, as probabilities; None: 1 / n each.

    Returns:
        ``(d, d)``, symmetric and positive semidefinite.
    """
    weighted = scores / len(scores) if weights is None else scores * weights[:, None]
    return weighted.T @ scores


def fisher_diagonal(model, x, labels="all", *, y=None, seed=None, samples=1, classes=None, chunk=64):
    """Return the mean of squared scores, the diagonal of the Fisher matrix, ``{name: tensor like the parameter}``.

    Args:
        model, x, classes: as for :func:`score`.
        labels: whose labels the scores are taken at. "all": each class, weighted by the model's probability, which is
            the exact expectation at K times the price; "model": drawn from the model, an unbiased estimate of it;
            "data": the given ``y``, the *empirical* Fisher, which is another thing and tends to 0 where the data are
            fitted perfectly.
        y: int64, ``(n,)``; for "data" only.
        seed: int or CPU ``torch.Generator``; for "model" only.
        samples: draws for each input, >= 1; for "model" only.
        chunk: examples at once; changes memory and time only.

    Raises:
        ValueError: as for :func:`score`, or if ``y`` or ``seed`` lacks, or is given where it would be ignored.

    >>> model = torch.nn.Linear(1, 2, bias=False)
    >>> with torch.no_grad():
    ...     _ = model.weight.zero_()
    >>> fisher_diagonal(model, torch.tensor([[1.0], [3.0]]))  # p (1 - p) = 1/4 times the mean of x², 5
    {'weight': tensor([[1.2500],
            [1.2500]])}
    """
    family = _Family(model, x, classes)
    total = {name: torch.zeros_like(value) for name, value in family.trainable.items()}
    for part, label, weight in family.labelled(x, labels, y, seed, samples, chunk):
        for name, scores in family.scores(x[part], label).items():
            total[name] += torch.tensordot(weight.to(scores), scores.square(), dims=1)
    return {name: value / len(x) for name, value in total.items()}


def fisher_matrix(model, x, labels="all", *, y=None, seed=None, samples=1, classes=None, chunk=64):
    """Return the mean of s sᵀ, ``(d, d)``, for small models; arguments and errors of :func:`fisher_diagonal`."""
    family = _Family(model, x, classes)
    total = 0.0
    for part, label, weight in family.labelled(x, labels, y, seed, samples, chunk):
        scores = torch.cat([value.flatten(1) for value in family.scores(x[part], label).values()], 1)
        total = total + score_variance(scores, weight.to(scores))
    return total / len(x)


def minus_expected_hessian(model, x, *, classes=None):
    """Return −E[∇² log p(y | x)], y from the model, ``(d, d)``: the other definition, by automatic differentiation.

    It equals ``fisher_matrix(model, x, "all")``. Arguments and errors of :func:`score`; for small models.
    """
    family = _Family(model, x, classes)

    def cross_entropy(params):
        logs = family.log_probabilities(family.unflatten(params), x)
        p = logs.detach().exp()  # the law of the labels stays fixed while the parameters move
        return -torch.where(p > 0, p * logs, 0.0).sum(1).mean()

    return hessian(cross_entropy, family.params)


def gauss_newton(model, x, *, classes=None):
    """Return the mean of Jᵀ (diag(p) − p pᵀ) J, J the Jacobian of the logits, ``(d, d)``.

    This generalized Gauss-Newton matrix of the cross-entropy needs no labels, and equals the Fisher matrix.
    Arguments and errors of :func:`score`; for small models.
    """
    family = _Family(model, x, classes)

    def logits(params):
        return family.logits(family.unflatten(params), x)

    jacobian = jacrev(logits)(family.params)  # (n, K, d)
    curvature = softmax_information(family.masked(logits(family.params)))  # (n, K, K)
    return torch.einsum("nkd,nkl,nle->de", jacobian, curvature, jacobian) / len(x)


class _Family:
    """The distributions p(y | x) of a model, as functions of its trainable parameters."""

    def __init__(self, model, x, classes):
        modules = list(model.named_modules())
        noisy = [name for name, m in modules if m.training and isinstance(m, (_BatchNorm, _DropoutNd))]
        if noisy:
            raise ValueError(f"expected a model in evaluation mode, got {noisy} in training mode: call model.eval()")
        mixing = [name for name, m in modules if isinstance(m, _BatchNorm) and m.running_mean is None]
        if mixing:
            raise ValueError(f"expected batch normalization with running statistics, got none in {mixing}")
        parameters = dict(model.named_parameters())
        self.trainable = {name: p.detach() for name, p in parameters.items() if p.requires_grad}
        if not self.trainable:
            raise ValueError(f"expected trainable parameters, got none in {type(model).__name__}")
        if len(x) == 0:
            raise ValueError("expected at least one example, got none")
        self.model = model
        self.fixed = {name: p.detach() for name, p in [*parameters.items(), *model.named_buffers()]}
        self.params = torch.cat([p.reshape(-1) for p in self.trainable.values()])
        with torch.no_grad():
            shape = tuple(self.logits({}, x[:1]).shape)
        if len(shape) != 2 or shape[0] != 1:
            raise ValueError(f"expected logits (n, K), got {shape} for one example")
        self.classes = list(range(shape[1])) if classes is None else sorted({int(k) for k in classes})
        if not self.classes or not 0 <= self.classes[0] <= self.classes[-1] < shape[1]:
            raise ValueError(f"expected classes in 0 to {shape[1] - 1}, got {classes}")
        self.impossible = torch.ones(shape[1], dtype=torch.bool, device=x.device)
        self.impossible[self.classes] = False

    def unflatten(self, params):
        parts = params.split([p.numel() for p in self.trainable.values()])
        return {name: part.view_as(p) for (name, p), part in zip(self.trainable.items(), parts, strict=True)}

    def logits(self, values, x):
        return functional_call(self.model, self.fixed | values, (x,))

    def masked(self, logits):
        return logits.masked_fill(self.impossible, -torch.inf)

    def log_probabilities(self, values, x):
        return self.masked(self.logits(values, x)).log_softmax(-1)

    def checked(self, y, n=None):
        if not isinstance(y, torch.Tensor) or y.dtype != torch.int64 or y.ndim != 1:
            raise ValueError(f"expected labels as int64 of shape (n,), got {getattr(y, 'dtype', type(y).__name__)}")
        if n is not None and len(y) != n:
            raise ValueError(f"expected one label for each of {n} inputs, got {len(y)}")
        unknown = sorted(set(y.tolist()) - set(self.classes))
        if unknown:
            raise ValueError(f"expected labels in {self.classes}, got {unknown}")
        return y

    def scores(self, x, y):
        def log_probability(values, one, label):
            return self.log_probabilities(values, one[None])[0].gather(0, label[None])[0]

        if len(x) != len(y):
            raise ValueError(f"expected one label for each of {len(x)} inputs, got {len(y)}")
        return vmap(grad(log_probability), in_dims=(None, 0, 0))(self.trainable, x, y)

    def labelled(self, x, labels, y, seed, samples, chunk):
        """Yield ``(slice of examples, their labels, their weights)``; each example's weights add up to 1."""
        if labels not in LABELS:
            raise ValueError(f"labels must be one of {LABELS}, got {labels!r}")
        for name, value, owner in (("y", y, "data"), ("seed", seed, "model")):
            if (value is None) == (labels == owner):
                verb = "needs" if value is None else "has no use for"
                raise ValueError(f"labels={labels!r} {verb} {name}=")
        if samples < 1 or chunk < 1:
            raise ValueError(f"expected samples and chunk of at least 1, got {samples} and {chunk}")
        parts = [slice(start, start + chunk) for start in range(0, len(x), chunk)]
        if labels == "data":
            y = self.checked(y, len(x))
            yield from ((part, y[part], torch.ones(len(y[part]))) for part in parts)
            return
        with torch.no_grad():
            p = torch.cat([self.log_probabilities({}, x[part]).exp() for part in parts])  # (n, K)
        if labels == "all":
            yield from (
                (part, torch.full_like(p[part, k], k).long(), p[part, k]) for part in parts for k in self.classes
            )
            return
        generator = seed if isinstance(seed, torch.Generator) else torch.Generator().manual_seed(seed)
        drawn = (
            p.double().cpu().multinomial(samples, replacement=True, generator=generator).to(x.device)
        )  # (n, samples)
        for part in parts:
            for draw in drawn[part].unbind(1):
                yield part, draw, torch.full(draw.shape, 1 / samples)
