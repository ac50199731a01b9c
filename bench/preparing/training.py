"""The outputs that training steps are compared with, and whether a model's steps can be compared at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from bench.backends.training import make_optimizer, set_to_train
from bench.preparing.modules import blame_model, open_with_weights
from bench.records.files import REFERENCE
from bench.records.inputs import dump_inputs
from bench.records.training import FROZEN, STEPS, training_folder
from bench.statistics.training_parity import TRAINING_LIMITS, judge_steps
from rexnet_core.calibration import make_inputs
from rexnet_core.errors import UnsupportedModelError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    import torch

    from bench.preparing.task import Task

    Logits = npt.NDArray[np.float32]
    Batches = Sequence[npt.NDArray[Any]]

#: Rounding of a weight, relative: steps from weights that differ by so little must agree, or nothing can be compared.
_JITTER = {"fp32": 2.0**-24, "bf16": 2.0**-9}
#: Axes of logits, and the fewest classes that a label can tell apart.
_AXES, _LEAST_CLASSES = 2, 2


def prepare_training(task: Task, precision: str) -> None:
    """Write the inputs, labels and reference outputs of the steps in one precision; the reference is eager fp32.

    Raises:
        UnsupportedModelError: The model can't be trained as a classifier, or not on a batch so small.
        ModelError: The model raised an error.
    """
    flat = make_inputs(task.shapes, task.types, STEPS * task.batch, task.seed + 3)
    inputs = [values.reshape(STEPS, task.batch, *values.shape[1:]) for values in flat]
    with blame_model("was trained"):
        classes = _count_classes(_open(task), inputs)
        labels = np.random.default_rng((task.seed, classes)).integers(classes, size=(STEPS, task.batch))
        reference = take_steps(_open(task), inputs, labels, precision)
        frozen = take_steps(_open(task), inputs, labels, precision, updates=False)
        jittered = take_steps(_jitter(_open(task), precision, task.seed), inputs, labels, precision)
    _check_comparable(reference, frozen, jittered, precision)
    folder = training_folder(task.folder, precision)
    folder.mkdir(exist_ok=True)
    dump_inputs(folder, [*inputs, labels])
    np.save(folder / REFERENCE, reference)
    np.save(folder / FROZEN, frozen)


def take_steps(
    module: torch.nn.Module, inputs: Batches, labels: npt.NDArray[Any], precision: str, *, updates: bool = True
) -> Logits:
    """Logits of each step's forward pass, shape ``(steps, N, classes)``; step i is taken on batch i.

    Args:
        module: In training mode.
        inputs: Each of shape ``(steps, N, ...)``.
        labels: Shape ``(steps, N)``.
        precision: That of the case, which chooses the learning rate; all is computed in fp32.
        updates: Whether the weights change.
    """
    import torch  # noqa: PLC0415

    optimizer = make_optimizer(module, precision)
    rows = []
    for index in range(len(labels)):
        logits = module(*(torch.from_numpy(values[index]) for values in inputs))
        if updates:
            loss: Any = torch.nn.functional.cross_entropy(logits, torch.from_numpy(labels[index]))
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
        rows.append(logits.detach().numpy().copy())
    return np.stack(rows)


def _open(task: Task) -> torch.nn.Module:
    module: torch.nn.Module = open_with_weights(task)
    set_to_train(module)
    if not any(one.requires_grad for one in module.parameters()):
        raise UnsupportedModelError("the model has no parameter that can be trained: none requires a gradient")
    _watch_batch_norms(module)
    return module


def _watch_batch_norms(module: torch.nn.Module) -> None:
    """Let a batch norm with one value per channel, which has no variance, say so."""
    from torch.nn.modules.batchnorm import _BatchNorm  # noqa: PLC0415

    def check(name: str, inputs: Any) -> None:
        images, channels = inputs[0].shape[:2]
        if inputs[0].numel() == channels:
            raise UnsupportedModelError(
                f"a batch of {images} can't train the batch norm {name}, which gets one value per channel; "
                "choose a larger batch"
            )

    for name, part in module.named_modules():
        if isinstance(part, _BatchNorm):
            part.register_forward_pre_hook(lambda _part, inputs, name=name: check(name, inputs))


def _count_classes(module: torch.nn.Module, inputs: Batches) -> int:
    """Classes of the model's one output."""
    import torch  # noqa: PLC0415

    with torch.no_grad():
        output: Any = module(*(torch.from_numpy(values[0]) for values in inputs))
    shape = tuple(getattr(output, "shape", ()))
    if len(shape) != _AXES or shape[0] != len(inputs[0][0]) or shape[1] < _LEAST_CLASSES:
        got = f"one of shape {shape}" if shape else type(output).__name__
        raise UnsupportedModelError(
            f"a training step needs a model whose output in training mode is one tensor of logits, (N, classes); "
            f"it is {got}"
        )
    return int(shape[1])


def _jitter(module: torch.nn.Module, precision: str, seed: int) -> torch.nn.Module:
    """The module with weights that are rounded otherwise."""
    import torch  # noqa: PLC0415

    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for tensor in module.parameters():
            if tensor.is_floating_point():
                tensor.mul_(1 + _JITTER[precision] * torch.randn(tensor.shape, generator=generator))
    return module


def _check_comparable(reference: Logits, frozen: Logits, jittered: Logits, precision: str) -> None:
    if not np.isfinite(reference).all():
        raise UnsupportedModelError("the model's outputs become NaN or infinite in training; nothing can be compared")
    judged = judge_steps(reference, frozen, jittered, precision)
    if not judged.passed:
        limit = TRAINING_LIMITS[precision]
        raise UnsupportedModelError(
            f"training steps on a batch of {len(reference[0])} can't be compared: rounding, or chance within the "
            f"model, changes outputs by {judged.error:.0%} of what an update changes, and {limit.error:.0%} is the "
            "most; choose a larger batch"
        )
