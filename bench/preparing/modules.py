"""A module of torch made ready: with its weights in a file, and as a reference that runs in eager fp32."""

from __future__ import annotations

import contextlib
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.backends.torch_module import load_shared_weights
from bench.preparing.task import keep_finite
from bench.records.files import WEIGHTS
from bench.records.outputs import list_tensors
from bench.workers.failures import describe_error
from rexnet_core.errors import ModelError, RexbenchError, UnsupportedModelError
from rexnet_core.files import digest_file
from rexnet_core.sources.module_checks import set_to_eval
from rexnet_core.sources.registry import REGISTERED, open_for

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import torch

    from bench.preparing.reference import Call
    from bench.preparing.task import Task
    from rexnet_core.sources.source import OpenedModel

_CALIBRATION_IMAGES = 8


def open_module(task: Task) -> OpenedModel:
    """The model of a task, freshly made from its seed and in eval mode."""
    import torch  # noqa: PLC0415

    torch.manual_seed(task.seed)
    opened = open_for(task.source, task.model, task.shapes)
    module = opened.module
    assert module is not None, "a task for a module"
    opened.check_sizes(task.shapes, task.batch)
    with blame_model("was put into eval mode"):
        set_to_eval(module)
    return opened


def give_weights(opened: OpenedModel, task: Task) -> tuple[OpenedModel, dict[str, Any]]:
    """Give the module its weights, and write them where there is no file yet.

    Returns:
        The model with the preprocessing of whoever published its weights, as far as their layout tells it, and
        ``weights``: what they are, in words; ``weights_entry``: the entry of the checkpoint that was read, or None.

    Raises:
        WeightsError: The checkpoint can't be used.
        ModelError: The module can't compute on its inputs.
    """
    from rexnet_core.checkpoint import load_tensors  # noqa: PLC0415
    from rexnet_core.weights import dump_weights, load_checkpoint  # noqa: PLC0415

    module: Any = opened.module
    shared, entry, layout = task.folder / WEIGHTS, None, "own"
    fresh, ours = not shared.exists(), task.source == REGISTERED
    words = "checkpoint" if task.weights else "the model's own" if opened.pretrained else "calibrated"
    if task.weights and (fresh or ours):
        loaded = load_tensors(task.weights, task.weights_entry)
        entry, layout = loaded.entry, load_checkpoint(module, loaded)
    elif fresh and not opened.pretrained:
        _calibrate(module, task)
    if fresh:
        dump_weights(module, shared)
    else:  # made in the same way, for another batch size or build
        load_shared_weights(module, shared)
    told = {"weights": words, "weights_entry": entry if fresh else None}
    return (_prepare_as_published(opened, task, layout) if ours else opened), told


def _prepare_as_published(opened: OpenedModel, task: Task, layout: str) -> OpenedModel:
    from rexnet_core.publishers import preprocessing_of  # noqa: PLC0415

    sha256 = digest_file(Path(task.weights)) if task.weights else ""
    return replace(opened, preprocessing=preprocessing_of(task.model, layout, sha256))


def _calibrate(module: Any, task: Task) -> None:
    import torch  # noqa: PLC0415

    from rexnet_core.calibration import calibrate, make_inputs, settle  # noqa: PLC0415

    square = task.shapes == ((3, task.resolution, task.resolution),)
    if task.source == REGISTERED and square:
        calibrate(module, task.resolution, task.seed)
        return
    inputs = make_inputs(task.shapes, task.types, _CALIBRATION_IMAGES, task.seed + 1)
    with blame_model("computed"):
        settle(module, [torch.from_numpy(values) for values in inputs], task.seed)


@contextlib.contextmanager
def blame_model(doing: str) -> Iterator[None]:
    """A context in which a model from elsewhere runs: whatever it raises is one line about the model.

    What it prints goes to standard error.

    Args:
        doing: What was done with the model, such as ``computed``.

    Raises:
        ModelError: The model raised an error.
    """
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    except (RexbenchError, KeyboardInterrupt, MemoryError):
        raise
    except SystemExit as error:
        raise ModelError(f"the model called sys.exit({error.code!r}) when it {doing}") from None
    except BaseException as error:  # noqa: BLE001 - a user's code may raise anything
        said = describe_error(error)
        raise ModelError(f"the model raised {type(error).__name__} when it {doing}: {said}") from None


def call_eager(module: torch.nn.Module) -> Call:
    """The reference: the module in eager mode."""
    import torch  # noqa: PLC0415

    def call(inputs: Sequence[Any]) -> list[Any]:
        with torch.inference_mode(), blame_model("computed"):
            tensors = list(list_tensors(module(*map(torch.from_numpy, inputs))))
            if odd := [str(one.dtype) for one in tensors if not hasattr(one, "is_complex") or one.is_complex()]:
                raise UnsupportedModelError(
                    f"the model's output has the type {odd[0]}; outputs must be tensors of torch with real numbers"
                )
            return [tensor.float().numpy() for tensor in tensors]

    return call


def export_module(task: Task, open_export: Any) -> Mapping[str, float]:
    """Write the files of a backend from a module; the times it took [s], imports not included."""
    import torch  # noqa: PLC0415

    export = open_export()
    begun = time.perf_counter()
    module = open_with_weights(task)
    built = time.perf_counter()
    examples = tuple(
        torch.zeros(task.batch, *shape, dtype=getattr(torch, kind))
        for shape, kind in zip(task.shapes, task.types, strict=True)
    )
    with contextlib.nullcontext() if task.source == REGISTERED else blame_model("was exported"):
        export(module, examples, task.folder)
    return {"build_s": built - begun, "convert_s": time.perf_counter() - built}


def quantize_module(task: Task, open_quantize: Any, batches: Sequence[Any]) -> Mapping[str, Any]:
    """Write the int8 form of a module for a backend; the time it took [s], imports not included, and its layers."""
    quantize = open_quantize()
    module = open_with_weights(task)
    begun = time.perf_counter()
    with contextlib.nullcontext() if task.source == REGISTERED else blame_model("was quantised"):
        layers = quantize(module, batches, task.folder)
    return {"quantize_s": time.perf_counter() - begun, "layers": keep_finite(layers)}


def open_with_weights(task: Task) -> Any:
    """The module anew, with the weights that all share."""
    module: Any = open_module(task).module
    load_shared_weights(module, task.folder / WEIGHTS)
    return module
