"""The network that is trained: ours or a module from elsewhere, with a classifier for the classes of the data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from analysis.classifiers.checkpoint import read_checkpoint, tell_weights
from analysis.guests import blame_model, open_guest
from rexnet_core import create_model, load_weights
from rexnet_core.checkpoint import load_tensors
from rexnet_core.errors import InputError, UnsupportedModelError
from rexnet_core.network import Network
from rexnet_core.preprocess import Preprocessing
from rexnet_core.publishers import preprocessing_of
from rexnet_core.sources import exported_program
from rexnet_core.sources.registry import REGISTERED

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from torch import nn

    from analysis.training.setting import TrainingSetting

#: The classifier of a module from elsewhere, by the names that libraries give it.
_CLASSIFIERS = ("classifier", "fc", "head")


@dataclass(frozen=True, slots=True, kw_only=True)
class Learner:
    """A network to be trained.

    Args:
        module: In training mode, on the CPU.
        resolution: Side of its images [pixels].
        preprocessing: How its author prepares images.
        weights: ``path``, ``entry``, ``layout`` and ``sha256`` of the file that it starts from; empty without one.
        trained: Whether it has weights that it has brought along.
    """

    module: nn.Module
    resolution: int
    preprocessing: Preprocessing
    weights: dict[str, Any]
    trained: bool = False

    def set_training(self, *, freeze: bool) -> None:
        """Put the network into training mode; a frozen one draws dropout and changes nothing else."""
        self.module.train(not freeze)
        if freeze and isinstance(self.module, Network):
            self.module.dropout.train()


def open_learner(setting: TrainingSetting, classes: Sequence[str]) -> Learner:
    """The network with fresh or loaded weights, the same from the same seed.

    Raises:
        InputError: The checkpoint is not this model's, or its classifier is to be kept and does not fit.
        UnsupportedModelError: A model from elsewhere can't be trained here.
    """
    torch.manual_seed(setting.seed)
    learner = _open_own(setting, classes) if setting.source == REGISTERED else _open_guest(setting, classes)
    if setting.freeze:
        kept = {id(parameter) for parameter in _find_classifier(learner.module, setting.model).parameters()}
        for parameter in learner.module.parameters():
            parameter.requires_grad_(id(parameter) in kept)
    learner.set_training(freeze=setting.freeze)
    return learner


def _open_own(setting: TrainingSetting, classes: Sequence[str]) -> Learner:
    recipe = setting.recipe
    network = create_model(setting.model, num_classes=len(classes), dropout=recipe.dropout, drop_path=recipe.drop_path)
    weights: dict[str, Any] = {}
    if setting.weights is not None:
        checkpoint = read_checkpoint(setting.model, setting.weights, setting.weights_entry)
        if setting.keep_classifier:
            _check_kept(setting.weights, checkpoint.tensors.classes, checkpoint.classes, classes)
        network.reset_classifier(checkpoint.classes)
        layout = load_weights(network, checkpoint.tensors)
        if not setting.keep_classifier:
            network.reset_classifier(len(classes))
        weights = tell_weights(setting.weights, checkpoint.tensors.entry, layout)
    assert setting.resolution is not None, "our networks have a side"
    # Checkpoints of a training have our own layout, so this is how every command prepares pictures for them.
    steps = preprocessing_of(setting.model, "own")
    return Learner(module=network, resolution=setting.resolution, preprocessing=steps, weights=weights)


def _open_guest(setting: TrainingSetting, classes: Sequence[str]) -> Learner:
    guest = open_guest(setting.model, setting.source, setting.options, resolution=setting.resolution, seed=setting.seed)
    module: Any = guest.opened.module
    if module is None or setting.source == exported_program.SOURCE.kind:
        raise UnsupportedModelError(f"{guest.name} is a graph that can't be trained; give a model of torch")
    weights: dict[str, Any] = {}
    if setting.freeze and setting.weights is None and not guest.opened.pretrained:
        raise InputError(
            f"--freeze needs trained weights, {guest.name} has fresh ones; give --weights FILE, or leave it out"
        )
    if setting.weights is not None:
        loaded = load_tensors(setting.weights, setting.weights_entry)
        if setting.keep_classifier:
            _check_kept(setting.weights, loaded.classes, len(loaded.classes) or len(classes), classes)
            with blame_model(guest.name):
                _reset_classifier(module, len(classes))
        weights = tell_weights(setting.weights, loaded.entry, load_weights(module, loaded))
    [shape, *_] = guest.shapes
    with blame_model(guest.name):
        if not setting.keep_classifier:
            _reset_classifier(module, len(classes))
        with torch.no_grad():
            outputs = module.eval()(torch.zeros(1, *shape))
    if not isinstance(outputs, torch.Tensor) or tuple(outputs.shape) != (1, len(classes)):
        shown = list(outputs.shape) if isinstance(outputs, torch.Tensor) else type(outputs).__name__
        raise UnsupportedModelError(
            f"{guest.name} must give logits of {len(classes)} classes and has no reset_classifier; it gives {shown}; "
            "make it with as many classes"
        )
    return Learner(
        module=module,
        resolution=shape[-1],
        preprocessing=guest.opened.preprocessing or Preprocessing(),
        weights=weights,
        trained=guest.opened.pretrained and not weights,
    )


def _reset_classifier(module: Any, classes: int) -> None:
    if hasattr(module, "reset_classifier"):
        module.reset_classifier(classes)


def _check_kept(path: Path, names: Sequence[str], count: int, wanted: Sequence[str]) -> None:
    """Check that a classifier is of the data's classes: by their names where the checkpoint has them.

    Args:
        path: Of the checkpoint.
        names: Of its classes; empty where it has none.
        count: Of its classes.
        wanted: Names of the data's classes in their order.

    Raises:
        InputError: It is not.
    """
    need, remedy = "--keep-classifier needs a checkpoint of the data's", "leave the option out for a new classifier"
    if count != len(wanted):
        raise InputError(f"{need} {len(wanted)} classes, {path} has {count}; {remedy}")
    for number, (has, want) in enumerate(zip(names, wanted, strict=False), 1):
        if has != want:
            raise InputError(
                f"{need} classes in their order, class {number} of {path} is {has!r}, not {want!r}; {remedy}"
            )


def _find_classifier(module: nn.Module, name: str) -> nn.Module:
    for attribute in _CLASSIFIERS:
        part = getattr(module, attribute, None)
        if isinstance(part, torch.nn.Module) and any(True for _ in part.parameters()):
            return part
    raise UnsupportedModelError(
        f"--freeze needs to know the classifier, {name} has none of {', '.join(_CLASSIFIERS)}; leave the option out"
    )
