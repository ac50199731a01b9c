"""A classifier of any source with its weights, which computes on images in batches of any size."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from analysis.classifiers.checkpoint import read_checkpoint, tell_weights
from analysis.complexity.resolution import check_resolution
from analysis.guests import blame_model, open_guest
from rexnet_core import load_weights
from rexnet_core.checkpoint import load_tensors
from rexnet_core.errors import InputError, ModelError, UnsupportedModelError
from rexnet_core.files import digest_file
from rexnet_core.preprocess import PIXELS, USUAL_RULE, Preprocessing
from rexnet_core.publishers import preprocessing_of
from rexnet_core.registry import model_info
from rexnet_core.sources.registry import REGISTERED
from rexnet_core.sources.source import EAGER
from rexnet_core.sources.tensors import find_image_axes

if TYPE_CHECKING:
    from collections.abc import Callable

    from analysis.classifiers.setting import ClassifierSetting
    from analysis.guests import Guest

    #: Images of shape (N, 3, H, W) to logits of shape (N, classes).
    Classify = Callable[[torch.Tensor], torch.Tensor]

#: Types of pixels; those of an artefact that normalises pictures itself may be whole.
_PIXELS = ("float16", "float32", "float64", "uint8")
_COLOURS = 3
#: A checkpoint in our layout that tells the side of its pictures.
_AS_TRAINED = "that of rexbench train, which made these weights"
_USUAL = "the usual of ImageNet's classifiers; the model does not say its own"


@dataclass(frozen=True, slots=True, kw_only=True)
class Classifier:
    """A classifier with its weights, and what is told of it.

    Args:
        classify: Images to logits.
        classes: Outputs.
        resolution: Side of its images [pixels].
        weights: ``path``, ``entry``, ``layout`` and ``sha256`` of the file that they are from, as far as there is one.
        preprocessing: How images are prepared for it.
        whose: Whose preprocessing that is, in words.
        reference: What computes, in words.
        module: It, where it is a module of torch.
        class_names: Names of its classes in order, where its file or its author tells them.
        told: ``source``, ``fingerprint`` and ``licence``, where there are any.
    """

    classify: Classify
    classes: int
    resolution: int
    weights: dict[str, Any]
    preprocessing: Preprocessing
    whose: str
    reference: str = EAGER
    module: torch.nn.Module | None = None
    class_names: tuple[str, ...] = ()
    told: dict[str, str] = field(default_factory=dict)


def open_classifier(setting: ClassifierSetting) -> Classifier:
    """The classifier that is asked for. A model from elsewhere may run its author's code.

    Raises:
        InputError: There is no such model, or its weights can't be used.
        ModelError: The model's own code failed.
        UnsupportedModelError: It takes something else than square images of three colours, or gives no logits.
    """
    return _open_ours(setting) if setting.source == REGISTERED else _open_guest(setting)


def _open_ours(setting: ClassifierSetting) -> Classifier:
    """One of our networks with its checkpoint."""
    assert setting.weights is not None, "the front door asks for them"
    checkpoint = read_checkpoint(setting.model, setting.weights, setting.weights_entry)
    network, layout = checkpoint.build()
    side = setting.resolution or checkpoint.tensors.resolution or model_info(setting.model).resolution
    setting.check_batch(check_resolution(side))
    trained_here = layout == "own" and checkpoint.tensors.resolution is not None
    known = preprocessing_of(setting.model, layout, checkpoint.sha256)
    steps, whose = _choose_steps(setting, known, _AS_TRAINED if trained_here else "")
    return Classifier(
        classify=network,
        classes=checkpoint.classes,
        resolution=side,
        weights=tell_weights(checkpoint.path, checkpoint.tensors.entry, layout, checkpoint.sha256),
        preprocessing=steps,
        whose=whose,
        module=network,
        class_names=checkpoint.tensors.classes,
    )


def _choose_steps(setting: ClassifierSetting, known: Preprocessing | None, told: str = "") -> tuple[Preprocessing, str]:
    """How images are prepared, and whose way that is, as far as it is told; the caller's word goes first."""
    asked: Any = {name: getattr(setting, name) for name in ("crop_ratio", "interpolation", "channel_order")}
    asked["upright"] = setting.upright or None
    given = [name for name, value in asked.items() if value is not None]
    steps = known or Preprocessing()
    own = "that of the publisher of these weights" if setting.source == REGISTERED else "the model's own"
    whose = told or (own if steps.rule != USUAL_RULE else _USUAL)
    if steps is PIXELS:
        whose = "pixels as they are, since the model takes bytes and does not say more"
    if given:
        whose += f", with {' and '.join(given)} as asked"
    return steps.choose(**asked), whose


def _open_guest(setting: ClassifierSetting) -> Classifier:
    guest = open_guest(setting.model, setting.source, setting.options, resolution=setting.resolution)
    side = _check_input(guest)
    weights = _give_weights(guest, setting)
    run, reference = _open_run(guest, setting)
    classify = _in_batches(run, guest, _batch_of(guest) or (None if guest.opened.module else setting.batch_size))
    told = {"source": guest.kind, "fingerprint": guest.fingerprint, "licence": guest.opened.licence}
    steps, whose = _choose_steps(setting, guest.opened.preprocessing or _guess_steps(guest))
    return Classifier(
        classify=classify,
        classes=classify(torch.zeros(1, _COLOURS, side, side)).shape[1],
        resolution=side,
        weights=weights,
        preprocessing=steps,
        whose=whose,
        reference=reference,
        module=guest.opened.module,
        class_names=guest.opened.classes,
        told={key: value for key, value in told.items() if value},
    )


def _guess_steps(guest: Guest) -> Preprocessing | None:
    """What bytes tell of a model that tells nothing: it takes pixels as they are."""
    return PIXELS if guest.inputs[0].dtype == "uint8" else None


def _check_input(guest: Guest) -> int:
    """The side of its images."""
    [spec, *others], [shape, *_] = guest.inputs, guest.shapes
    axes = find_image_axes(spec)
    if others or axes is None:
        raise UnsupportedModelError(
            f"{guest.name} must take one image to classify pictures; it takes {len(guest.inputs)} inputs"
        )
    height, width = (shape[axis] for axis in axes)
    depth = next(shape[axis] for axis in range(3) if axis not in axes)
    if height != width or depth != _COLOURS or spec.dtype not in _PIXELS:
        raise UnsupportedModelError(
            f"{guest.name} must take square images of 3 colours to classify pictures; it takes "
            f"{depth} x {height} x {width} of {spec.dtype}"
        )
    return height


def _give_weights(guest: Guest, setting: ClassifierSetting) -> dict[str, Any]:
    """Load the checkpoint that was named; what the weights are."""
    module: Any = guest.opened.module
    if setting.weights is None:
        if module is not None and not guest.opened.pretrained:
            raise InputError(f"a classifier needs trained weights, {guest.name} comes without; give --weights FILE")
        own = guest.opened.path
        return {
            "path": str(own or guest.name),
            "entry": None,
            "layout": "own",
            "sha256": digest_file(own) if own else None,
        }
    if module is None:
        raise InputError(f"{guest.name} holds its weights itself; leave out --weights")
    loaded = load_tensors(setting.weights, setting.weights_entry)
    layout = load_weights(module, loaded)
    return tell_weights(setting.weights, loaded.entry, layout)


def _open_run(guest: Guest, setting: ClassifierSetting) -> tuple[Callable[[torch.Tensor], Any], str]:
    """What computes the output of a batch as the model takes it, and what it is in words."""
    if guest.opened.module is not None:
        return guest.opened.module, EAGER
    from analysis.graphs.literal_run import open_literal  # noqa: PLC0415 - imports the runtimes

    assert guest.opened.path is not None, "what is no module is a file"
    shapes = [(_batch_of(guest) or setting.batch_size, *shape) for shape in guest.shapes]
    run, words = open_literal(guest.opened.path, shapes, threads=setting.threads)
    return lambda images: [torch.from_numpy(np.asarray(one)) for one in run((images.numpy(),))], words


def _batch_of(guest: Guest) -> int | None:
    """The one number of images that it takes; None where it takes any."""
    return guest.inputs[0].shape[0]


def _in_batches(run: Callable[[torch.Tensor], Any], guest: Guest, batch: int | None) -> Classify:
    """The model as a function of any number of images, in the layout and the type that it takes.

    A model that takes one number of images alone has its last batch filled up, and what that gives is left out.
    """
    spec = guest.inputs[0]
    last = find_image_axes(spec) == (0, 1)

    def classify(images: torch.Tensor) -> torch.Tensor:
        taken = images.movedim(1, 3).contiguous() if last else images
        taken = (taken if spec.dtype != "uint8" else taken.round()).to(getattr(torch, spec.dtype))
        size = batch or len(images)
        pieces = []
        for start in range(0, len(taken), size):
            piece = taken[start : start + size]
            full = torch.cat([piece, piece[-1:].expand(size - len(piece), *piece.shape[1:])])
            with blame_model(guest.name):
                output = run(full)
            pieces.append(_read_logits(output, guest.name)[: len(piece)])
        return torch.cat(pieces)

    return classify


def _read_logits(output: Any, name: str) -> torch.Tensor:
    """The one tensor of an output, with a row for each image."""
    if isinstance(output, dict):
        output = tuple(output.values())
    if isinstance(output, tuple | list) and len(output) == 1:
        output = output[0]
    if not isinstance(output, torch.Tensor) or output.dim() < 2:  # noqa: PLR2004 - images and classes
        what = f"{len(output)} outputs" if isinstance(output, tuple | list) else type(output).__name__
        raise ModelError(f"{name} must give one tensor of logits, it gives {what}")
    return output.float().flatten(1)
