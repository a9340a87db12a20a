"""Holding zeros: masks on a model's weights that stay whatever the optimizer does.

Masks are ``dict[str, Tensor]`` by the names of parameters, boolean, and True means "stays". PyTorch's
``torch.nn.utils.prune`` instead replaces each parameter by a product of itself and its mask, under other names; here
the parameters remain what they are, so that optimizers and checkpoints fit before and after.
Taught in: book/compression/pruning.md
"""

import torch
from torch import nn
from torch.optim.optimizer import register_optimizer_step_post_hook
from torch.utils.weak import WeakTensorKeyDictionary

# The parameters under a mask that are alive and trained, each with its mask in numbers and its gradient's hook.
_HELD = WeakTensorKeyDictionary()


class _Keeper:
    """What :func:`apply_` leaves at a model: called before each forward pass and after new weights were loaded.

    It is copied and pickled with the model; hooks on parameters are not, so that it puts them on where they lack.
    """

    def __init__(self, masks):
        self.masks = masks

    def __call__(self, model, _):
        for name, parameter in model.named_parameters():
            # Under torch.func.functional_call other tensors stand in the parameters' places: not ours to change.
            if name in self.masks and isinstance(parameter, nn.Parameter):
                if parameter.requires_grad:
                    _hold_(parameter, self.masks[name])
                _zero_(parameter, self.masks[name])


def _zero_(parameter, mask=None):
    if parameter in _HELD:
        mask, _ = _HELD[parameter]
    # Through .data: autograd must not take it for a change, since only zeros are written over what should be zero. A
    # product with numbers, as masked_fill_ is 20 times slower on a CPU; so NaN and infinity would stay what they are.
    parameter.data.mul_(mask.to(parameter.data))


def _hold_(parameter, mask):
    if parameter in _HELD:
        return
    # In place, after .grad is there: a hook on the gradient itself must return a new tensor, and takes far longer.
    hook = parameter.register_post_accumulate_grad_hook(_cut_gradient_)
    _HELD[parameter] = mask.to(parameter.detach()), hook
    if parameter.grad is not None:
        _cut_gradient_(parameter)


def _cut_gradient_(parameter):
    mask, _ = _HELD[parameter]
    parameter.grad.detach().mul_(mask.to(parameter.grad))


def _let_go_(parameter):
    if parameter in _HELD:
        _HELD.pop(parameter)[1].remove()


def _after_step(optimizer, args, kwargs):
    if _HELD:
        for group in optimizer.param_groups:
            for parameter in group["params"]:
                if parameter in _HELD:
                    _zero_(parameter)


register_optimizer_step_post_hook(_after_step)


def apply_(model, masks):
    """Set the weights that ``masks`` drop to zero, in place, and keep them there while the model is trained.

    Their gradients are set to zero by each ``backward``, so that they count in no norm and feed no momentum; after
    each step of any ``torch.optim.Optimizer``, before each forward pass of ``model``, and after ``load_state_dict``
    they are set to zero again, whatever momentum from before or a checkpoint made of them. So rewinding is
    ``model.load_state_dict(initial)``. Copies and pickles of the model keep their zeros likewise. The names in
    ``state_dict`` stay what they were, and the masks are not in it: save them beside it. Values that are passed by
    ``torch.func.functional_call`` are used as given.

    Args:
        model: a ``torch.nn.Module``. Masks from before are replaced; what they dropped starts from 0.
        masks: ``{name of a parameter: bool, of its shape}``, True where a weight stays; parameters may lack.

    Returns:
        The same ``model``.

    Raises:
        ValueError: if a name, shape or type does not fit, or the weights are held as part of another model.
    """
    parameters = dict(model.named_parameters())
    check_masks(masks, parameters, some=True)
    taken = [name for name in masks if parameters[name] in _HELD and name not in applied(model)]
    if taken:
        raise ValueError(f"expected weights without masks of a larger or smaller model, got {taken}: release_ that one")
    if _keepers(model):
        release_(model)
    keeper = _Keeper({name: mask.detach().clone() for name, mask in masks.items()})
    model.register_forward_pre_hook(keeper)
    model.register_load_state_dict_post_hook(keeper)
    keeper(model, None)
    return model


def applied(model):
    """Return the masks that hold ``model``, ``{}`` if there are none."""
    return {name: mask.clone() for keeper in _keepers(model)[:1] for name, mask in keeper.masks.items()}


def release_(model):
    """Take the masks off ``model``, in place; return it. The zeros stay until something trains them.

    Raises:
        ValueError: if there are none.
    """
    keepers = _keepers(model)
    if not keepers:
        raise ValueError("expected a model that apply_ put masks on, got one without; releasing twice is not possible")
    for name, parameter in model.named_parameters():
        if name in keepers[0].masks:
            _zero_(parameter, keepers[0].masks[name])
            _let_go_(parameter)
    for hooks in (model._forward_pre_hooks, model._load_state_dict_post_hooks):
        for key in [key for key, hook in hooks.items() if isinstance(hook, _Keeper)]:
            del hooks[key]
    return model


def _keepers(model):
    return [hook for hook in model._forward_pre_hooks.values() if isinstance(hook, _Keeper)]


def check_like(what, given, weights, some=False):
    """Raise ValueError unless ``given`` has a tensor of the right shape for each weight (``some``: names may lack)."""
    wrong = [name for name in given if name not in weights or given[name].shape != weights[name].shape]
    if not some:
        wrong += [name for name in weights if name not in given]
    if wrong or not given:
        raise ValueError(f"expected {what} by name, of the shapes of the weights; {wrong or 'nothing'} does not fit")


def check_masks(masks, weights, some=False):
    """Raise ValueError unless ``masks`` are boolean and fit ``weights``, tensors by name."""
    check_like("masks", masks, weights, some)
    for name, mask in masks.items():
        if mask.dtype != torch.bool:
            raise ValueError(f"expected boolean masks, True where a weight stays, got {mask.dtype} for {name}")
