"""Checkpoints in official, timm, torchvision, Paddle's or our own names, to and from a network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from rexnet_core.checkpoint import dump_tensors, load_tensors
from rexnet_core.checkpoint_entries import strip_names
from rexnet_core.checkpoint_layouts import layouts_of, module_names, tensor_name
from rexnet_core.errors import InputError, UnknownNameError, WeightsError
from rexnet_core.network import Network
from rexnet_core.tensor_forms import to_own, to_public

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from rexnet_core.checkpoint_entries import NamedTensors
    from rexnet_core.network_config import NetConfig

SHOWN = 3
LONGEST = 100
COUNTER = "num_batches_tracked"
_CLASSIFIER = "classifier.weight"


def load_weights(
    model: nn.Module, source: str | os.PathLike[str] | Mapping[str, Any] | NamedTensors, *, entry: str | None = None
) -> str:
    """Copies a checkpoint into `model`, keeping its dtype and device, and says which layout it was in.

    Everything is checked before anything is copied: after an error the model is as it was.

    Args:
        model: A network of `rexnet_core.create_model`, or any other module, which has its own names alone.
        source: A file of torch.save or safetensors, a mapping, or what `rexnet_core.checkpoint.load_tensors` gave, in
            any layout of the model's family.
        entry: Which entry of a training checkpoint to take where several hold weights, such as ``state_dict_ema``.
            `rexnet_core.checkpoint.load_tensors` says which one a file has.

    Returns:
        The layout recognised: ``own``, ``official``, ``timm``, ``torchvision`` or ``paddle``.

    Raises:
        WeightsError: The file can't be read safely, or its tensors are not this model's.
    """
    own = _own_state(model)
    if any(tensor.is_meta for tensor in own.values()):
        raise WeightsError("weights need a model with memory, this one is on the meta device; call to_empty() first")
    if not own:
        return "own"
    loaded = load_tensors(source, entry)
    tensors = loaded.tensors
    layout, public = _recognise(model, tensors)
    matched = {
        ours: _to_own(model, layout, ours, tensors[theirs]) for ours, theirs in public.items() if theirs in tensors
    }
    check = _problem if isinstance(model, Network) else _misfit
    problems = [f"{public[ours]} {what}" for ours, tensor in matched.items() if (what := check(own[ours], tensor))]
    if differences := _name_differences(public, tensors) + problems:
        more = f" and {len(differences) - SHOWN} more" if len(differences) > SHOWN else ""
        # Where nothing fits, what is missing says nothing: the file's names do.
        names = "" if matched else f"; the file's names begin with {loaded.show_first()}"
        raise WeightsError(
            f"weights must be those of {_name_of(model)} ({layout} names fit best): "
            f"{'; '.join(differences[:SHOWN])}{more}{names}; give the checkpoint of this model"
        )
    with torch.no_grad():
        for ours, tensor in matched.items():
            own[ours].copy_(tensor.reshape(own[ours].shape))
    return layout


def count_classes(config: NetConfig, loaded: NamedTensors) -> int:
    """The classes of a checkpoint of one of our networks: the rows of its classifier.

    Args:
        config: Of the network, with any number of classes.
        loaded: What `rexnet_core.checkpoint.load_tensors` gave, in any layout of the network's family.

    Raises:
        WeightsError: There is no classifier under a name that the network's family uses.
    """
    with torch.device("meta"):
        network = Network(config)
    layout, public = _recognise(network, loaded.tensors)
    classifier = loaded.tensors.get(public[_CLASSIFIER])
    if classifier is not None and classifier.dim() and classifier.numel():
        return len(to_own(config, layout, _CLASSIFIER, classifier))
    names = dict.fromkeys(_public_names(network, one)[_CLASSIFIER] for one in _layouts_of(network))
    part = loaded.name_part(names)
    remedy = f"take a part of them with --weights-entry {part}" if part else "give its checkpoint"
    raise WeightsError(
        f"weights must be those of {config.name}, {loaded.origin} has none of {', '.join(names)}; its names begin with "
        f"{loaded.show_first()}; {remedy}"
    )


def load_checkpoint(model: nn.Module, source: str | os.PathLike[str] | NamedTensors) -> str:
    """Loads a checkpoint of any number of classes as `load_weights` does; one of our networks gets as many.

    Args:
        model: A network of `rexnet_core.create_model`, or any other module, which stays as it is.
        source: A file, or what `rexnet_core.checkpoint.load_tensors` gave.

    Raises:
        WeightsError: The tensors are not this model's.
    """
    if isinstance(model, Network):
        source = load_tensors(source)
        classes = count_classes(model.config, source)
        if model.classifier.out_features != classes:
            model.reset_classifier(classes)
    return load_weights(model, source)


def map_weights(model: nn.Module, layout: str) -> dict[str, Tensor]:
    """The model's tensors under the names, in the order and the form of `layout`.

    Memory is shared, but for what a layout has in another order.

    Raises:
        UnknownNameError: The model's family has no such layout.
    """
    own = _own_state(model)
    return {
        theirs: to_public(model.config, layout, ours, own[ours]) if isinstance(model, Network) else own[ours]
        for ours, theirs in _public_names(model, layout).items()
    }


def dump_weights(model: nn.Module, path: str | os.PathLike[str], layout: str = "own") -> None:
    """Writes the model's tensors to a ``.pth``, ``.pt``, ``.safetensors`` or ``.pdparams`` file in `layout`.

    Raises:
        UnknownNameError: The model's family has no such layout.
        WeightsError: The suffix is another, or the file can't be written.
    """
    tensors = {name: tensor.detach().contiguous().cpu() for name, tensor in map_weights(model, layout).items()}
    # Tensors that share memory, such as tied weights, are written as often as they occur.
    alone = isinstance(model, Network)
    dump_tensors(tensors if alone else {name: tensor.clone() for name, tensor in tensors.items()}, path)


def _own_state(model: nn.Module) -> dict[str, Tensor]:
    """The tensors of a model; what else a module keeps as its state stays as its maker made it."""
    if not isinstance(model, nn.Module):
        raise InputError(f"weights need a module of torch, not {type(model).__name__}; create one first")
    return {name: value for name, value in model.state_dict().items() if isinstance(value, Tensor)}


def _layouts_of(model: nn.Module) -> tuple[str, ...]:
    return layouts_of(model.config.family) if isinstance(model, Network) else ("own",)


def _recognise(model: nn.Module, tensors: Mapping[str, Tensor]) -> tuple[str, dict[str, str]]:
    """The layout that fits best, with its name of each tensor of the model."""
    named = {layout: _short_names(model, layout) for layout in _layouts_of(model)}
    layout = max(named, key=lambda one: len(tensors.keys() & named[one].values()))
    return layout, named[layout]


def _name_of(model: nn.Module) -> str:
    return model.config.name if isinstance(model, Network) else type(model).__name__


def _public_names(model: nn.Module, layout: str) -> dict[str, str]:
    """Our tensor -> its name in `layout`, in the order of the public file."""
    known = _layouts_of(model)
    if layout not in known:
        raise UnknownNameError(f"layout of {_name_of(model)}", str(layout), known)
    names: dict[str, list[str]] = {}
    for name in _own_state(model):
        names.setdefault(name.rpartition(".")[0], []).append(name)
    if layout == "own":
        return {name: name for tensors in names.values() for name in tensors}
    assert isinstance(model, Network), "only our networks have public layouts"
    modules = module_names(model.config, layout)
    pairs = ((name, ours, tensor_name(layout, name.rpartition(".")[2])) for ours in modules for name in names[ours])
    return {name: f"{modules[ours]}.{kind}" for name, ours, kind in pairs if kind}


def _short_names(model: nn.Module, layout: str) -> dict[str, str]:
    """The names in `layout` as `load_tensors` shortens those of a file: all of a model may begin with ``head.``."""
    public = _public_names(model, layout)
    ours = {theirs: name for name, theirs in public.items()}
    return {ours[theirs]: short for short, theirs in strip_names(list(ours)).items()}


def _name_differences(public: Mapping[str, str], tensors: Mapping[str, Tensor]) -> list[str]:
    """What is missing and what is too much; batch counters may be missing, old files have none."""
    missing = [name for name in public.values() if name not in tensors and not name.endswith(COUNTER)]
    extra = tensors.keys() - public.values()
    return [f"{name} is missing" for name in missing] + [
        f"{name if name.isprintable() and len(name) <= LONGEST else repr(name)[:LONGEST]} is unknown"
        for name in tensors
        if name in extra
    ]


def _to_own(model: nn.Module, layout: str, name: str, tensor: Tensor) -> Tensor:
    return to_own(model.config, layout, name, tensor) if isinstance(model, Network) else tensor


def _problem(ours: Tensor, theirs: Tensor) -> str | None:
    """Why `theirs` can't be weights in place of `ours`, or None."""
    if misfit := _misfit(ours, theirs):
        return misfit
    if theirs.is_floating_point() and not bool(torch.isfinite(theirs).all()):
        return "has values that are not finite"
    return None


def _misfit(ours: Tensor, theirs: Tensor) -> str | None:
    """Why `theirs` can't be copied into `ours`, or None; (n, c, 1, 1) fits (n, c).

    Tensors of other people's modules may hold infinities on purpose, as masks of attention do.
    """
    if tuple(theirs.shape) not in {tuple(ours.shape), (*ours.shape, 1, 1)}:
        return f"has shape {list(theirs.shape)} where the model has {list(ours.shape)}"
    if theirs.is_meta or theirs.layout != torch.strided or theirs.is_quantized:
        return "is no plain tensor with values"
    if theirs.is_floating_point() != ours.is_floating_point():
        return f"has type {theirs.dtype} where the model has {ours.dtype}"
    return None
