"""``Optimizer``: what all update rules share, so that a rule is its equation and little else.

A rule is a class with an ``update`` that changes one parameter in place, and the state that it starts from. Everything
else is PyTorch's: parameter groups, ``state_dict``, schedulers.
Taught in: book/optimization/gradient-descent.md
"""

import math

import torch


def _number(low, *, open_low=False, high=math.inf):
    """Say whether a value lies in [low, high), or (low, high)."""
    return lambda x: math.isfinite(x) and (low < x if open_low else low <= x) and x < high


_in_unit = _number(0, high=1)
# What a hyperparameter may be, by name: it means the same in every rule.
_ALLOWED = {
    "lr": ("a positive finite number", _number(0, open_low=True)),
    "beta": ("a number in [0, 1)", _in_unit),
    "betas": ("two numbers in [0, 1)", lambda pair: len(pair) == 2 and all(map(_in_unit, pair))),
    "eps": ("a finite number >= 0", _number(0)),
    "weight_decay": ("a finite number >= 0", _number(0)),
}


class Optimizer(torch.optim.Optimizer):
    """Base of the update rules.

    A rule defines ``__init__(self, params, lr, ...)``, which hands its hyperparameters on; :meth:`update`; and, if it
    remembers anything, :meth:`initial_state`.

    Args:
        params: real floating-point tensors to update, or parameter groups, each of which may have hyperparameters of
            its own.
        **hyperparameters: the defaults of every group.

    Raises:
        ValueError: if a hyperparameter is out of range, or a parameter is not real.
    """

    def __init__(self, params, **hyperparameters):
        _check(hyperparameters)
        super().__init__(params, hyperparameters)

    def initial_state(self, param):
        """Return what the rule remembers about ``param`` before its first step: a dict of tensors and numbers."""
        return {}

    def update(self, param, grad, state, **hyperparameters):
        """Change ``param`` and ``state`` in place by one step of the rule.

        Args:
            param: the parameter θ, any shape.
            grad: its gradient g, same shape; left unchanged.
            state: what :meth:`initial_state` returned, as the last step left it.
            **hyperparameters: those of the parameter's group.
        """
        raise NotImplementedError(f"{type(self).__name__} does not define update()")

    def add_param_group(self, param_group):
        """Add a group of parameters.

        Args:
            param_group: ``{"params": tensors, ...}`` with any hyperparameters of its own.

        Raises:
            ValueError: if a hyperparameter is out of range, or a parameter is not real.
        """
        _check({name: value for name, value in param_group.items() if name in self.defaults})
        super().add_param_group(param_group)
        for param in self.param_groups[-1]["params"]:
            if not param.is_floating_point():
                self.param_groups.pop()
                raise ValueError(f"expected parameters of a real floating-point type, got {param.dtype}")

    @torch.no_grad()
    def step(self, closure=None):
        """Update every parameter that has a gradient.

        Args:
            closure: evaluates the model again and returns the loss; optional.

        Returns:
            The loss that ``closure`` returned, else None.

        Raises:
            ValueError: if a gradient is sparse.
        """
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            # PyTorch adds entries of its own to the defaults when a state is loaded.
            hyperparameters = {name: group[name] for name in self.defaults if name in _ALLOWED}
            for param in group["params"]:
                if (grad := param.grad) is None:
                    continue
                if (state := self.state.get(param)) is None:
                    state = self._begin(param, grad)
                self.update(param, grad, state, **hyperparameters)
        return loss

    def _begin(self, param, grad):
        if grad.is_sparse:
            raise ValueError("expected a dense gradient, got a sparse one: use .to_dense()")
        self.state[param] = self.initial_state(param)
        return self.state[param]


def _check(hyperparameters):
    for name, value in hyperparameters.items():
        expected, allows = _ALLOWED[name]
        try:
            allowed = allows(value)
        except TypeError:
            allowed = False
        if not allowed:
            raise ValueError(f"{name} must be {expected}, got {value!r}")
