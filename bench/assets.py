"""Make what the workers of a group share, once and in a process of its own: weights, inputs, reference logits, exports.

The parent never imports torch, and a worker of another runtime does not either; they exchange files.
"""

from __future__ import annotations

import json
import math
import os
import sys
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.backends import Unavailable, Unsupported
from bench.backends.registry import load_backend
from bench.machine.environment import volunteer_for_oom_killer
from bench.preparing.calibration import draw_sets
from bench.preparing.graphs import call_literally, export_graph, quantize_graph
from bench.preparing.held_out import dump_held_out
from bench.preparing.modules import (
    call_eager,
    export_module,
    give_weights,
    open_module,
    quantize_module,
)
from bench.preparing.pictures import prepare_pictures
from bench.preparing.reference import compute_reference
from bench.preparing.task import read_task
from bench.preparing.training import prepare_training
from bench.records.files import REFERENCE
from bench.records.inputs import dump_inputs
from bench.workers.failures import describe_error
from bench.workers.parent_watch import hold_on
from rexnet_core.calibration import make_inputs
from rexnet_core.errors import ModelError, RexbenchError, UnsupportedModelError, WeightsError
from rexnet_core.exit_codes import ExitCode
from rexnet_core.printable import make_message
from rexnet_core.sources.registry import REGISTERED, SOURCES, open_for
from rexnet_core.sources.source import EAGER
from rexnet_core.telemetry import refuse_telemetry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from bench.preparing.calibration import Drawn
    from bench.preparing.task import Task
    from rexnet_core.sources.source import OpenedModel
    from rexnet_core.sources.tensors import Shape

#: Distinct inputs that parity compares, at least; batches rotate so that no input is seen twice in a row.
MIN_IMAGES = 8
MIN_BATCHES = 2
_MAX_BYTES = 512 * 2**20
#: Status of the cases that an error of ours ends; any other is ``failed``.
_STATUSES = {UnsupportedModelError: "unsupported", Unsupported: "unsupported", Unavailable: "unavailable"}


def plan_batches(batch: int, shapes: Sequence[Shape]) -> int:
    """How many distinct batches a group gets: enough for parity, fewer where they would fill the memory."""
    wanted = max(MIN_BATCHES, math.ceil(MIN_IMAGES / batch))
    affordable = _MAX_BYTES // (batch * 4 * sum(map(math.prod, shapes)))
    return max(1, min(wanted, affordable))


def prepare(values: Mapping[str, Any]) -> dict[str, Any]:
    """Make the files of one group; weights that are there already are kept.

    Args:
        values: What `bench.preparing.task.read_task` reads.

    Returns:
        ``exports``: by backend, ``build_s`` and ``convert_s``, the times of making the module from its weights and of
        converting it. The worker reads a file, but whoever starts from PyTorch pays both. At the top, the same two keys
        for a parent from before `exports`: those of the first backend, None without any. ``weights_entry``: the entry
        of the checkpoint that was read now, None where the file is the state dict itself or no file was read.
        ``weights`` and ``reference``: what they are, in words. ``outputs``: how many values each output has for one
        image. Where reduced precision is asked for, ``quantized``: by backend, ``quantize_s`` and ``layers``, the
        quantised layers with their signal to noise [dB], or ``fault``; ``calibration`` and ``held_out``: what the model
        was calibrated on, and compared on, in words; ``held_out_images``: the number of the latter. Where training
        steps are asked for, ``training``: by precision an empty table, or ``fault``. Where pictures are asked for,
        ``pictures``: what they are in ``words``, and the ``steps`` of preparing them, or ``fault``.

    Raises:
        WeightsError: The checkpoint can't be used.
        ModelError: A model from elsewhere fails by itself.
        UnsupportedModelError: It can't be measured here.
    """
    task = read_task(values)
    if SOURCES[task.source].form == "module":
        return _prepare_module(task)
    return _prepare_graph(task)


def _prepare_module(task: Task) -> dict[str, Any]:
    import torch  # noqa: PLC0415

    torch.set_num_threads(task.threads)
    opened = open_module(task)
    _check_unchanged(task)
    task = replace(task, types=tuple(spec.dtype for spec in opened.list_inputs(task.shapes)))
    opened, weights = give_weights(opened, task)
    opened = _choose_steps(task, opened)
    module: Any = opened.module
    call = call_eager(module)
    with_eager = {**weights, "reference": EAGER, "outputs": _dump_reference(task, call)}
    exports = _export(task, export_module)
    shown = _show(task, opened, call)
    return _answer({**with_eager, **_reduce(task, opened, call, quantize_module), **_train(task), **shown}, exports)


def _prepare_graph(task: Task) -> dict[str, Any]:
    opened = _choose_steps(task, open_for(task.source, task.model, task.shapes))
    _check_unchanged(task)
    task = replace(task, types=tuple(spec.dtype for spec in opened.inputs))
    call, words = call_literally(task)
    told = {"weights": "the model's own", "weights_entry": None, "reference": words}
    known = {**told, "outputs": _dump_reference(task, call)}
    exports = _export(task, export_graph)
    return _answer({**known, **_reduce(task, opened, call, quantize_graph), **_show(task, opened, call)}, exports)


def _choose_steps(task: Task, opened: OpenedModel) -> OpenedModel:
    """The model with the preprocessing that a parent asks for, where it asks for one."""
    return replace(opened, preprocessing=task.steps) if task.steps else opened


def _check_unchanged(task: Task) -> None:
    """Check that an opened model is the one that was described."""
    if task.fingerprint and (now := SOURCES[task.source].fingerprint(task.model)) != task.fingerprint:
        raise ModelError(
            f"{task.model} has changed since it was described: its fingerprint was {task.fingerprint}, and is {now}; "
            "start a new run"
        )


def _dump_reference(task: Task, call: Any, held_out: Drawn | None = None) -> list[int]:
    """Write the inputs and the reference outputs; how many values each output has for one image.

    The inputs are generated, or the first of those that no calibration has seen.
    """
    batches = plan_batches(task.batch, task.shapes)
    count = batches * task.batch
    if held_out is None:
        flat = make_inputs(task.shapes, task.types, count, task.seed + 2)
    else:
        flat = held_out.read([place % held_out.count for place in range(count)])
    inputs = [values.reshape(batches, task.batch, *values.shape[1:]) for values in flat]
    outputs, widths = compute_reference(call, inputs, audit=task.source != REGISTERED)
    dump_inputs(task.folder, inputs)
    np.save(task.folder / REFERENCE, outputs)
    return widths


def _reduce(task: Task, opened: OpenedModel, call: Any, quantize: Any) -> dict[str, Any]:
    """What cases in reduced precision need beside: other inputs to compare on, and the int8 form of each backend."""
    if not task.compares:
        return {}
    try:
        calibration, held_out = draw_sets(task, opened)
        batches = list(calibration.split(task.batch)) if task.quantized else []
        remark = dump_held_out(task, held_out, call)
        if task.calibration and task.calibration.source:
            # Ranges taken from pictures are wrong for generated images, on which a sound form would be a mismatch.
            _dump_reference(task, call, held_out)
    except Exception as error:  # noqa: BLE001 - pictures, loaders and disks are the caller's; fp32 goes on without them
        return {"quantized": {name: {"fault": _describe_fault(error)} for name in task.quantized}}
    quantized: dict[str, Any] = {}
    for name in task.quantized:
        open_quantize = load_backend(name).INFO.quantize
        assert open_quantize is not None, "a parent asks for what a backend declares"
        with _as_fault(quantized, name):
            quantized[name] = dict(quantize(task, open_quantize, batches))
    words = f"{held_out.words}{remark}"
    told = {"calibration": calibration.words, "held_out": words, "held_out_images": held_out.count}
    return {"quantized": quantized, **told}


def _train(task: Task) -> dict[str, Any]:
    """For each precision in which training steps are taken why they can't be; empty where they can."""
    done: dict[str, Any] = {precision: {} for precision in task.trains}
    for precision in task.trains:
        with _as_fault(done, precision):
            prepare_training(task, precision)
    return {"training": done} if done else {}


def _show(task: Task, opened: OpenedModel, call: Any) -> dict[str, Any]:
    """What the pictures are, and what is done to them, or why there are none; empty where nobody asks."""
    done: dict[str, Any] = {}
    if task.pictures is not None:
        with _as_fault(done, "pictures"):
            done["pictures"] = prepare_pictures(task, opened, call)
    return done


def _export(task: Task, export: Callable[[Task, Any], Mapping[str, float]]) -> dict[str, Any]:
    """For each backend the times of its export, or why there is none."""
    done: dict[str, Any] = {}
    for name in task.exports:
        open_export = load_backend(name).INFO.export
        assert open_export is not None, "a parent asks for the exports that a backend declares"
        with _as_fault(done, name):
            done[name] = export(task, open_export)
    return done


@contextmanager
def _as_fault(done: dict[str, Any], name: str) -> Iterator[None]:
    """A context in which a backend's own work fails for its cases alone."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - whatever a runtime throws is the outcome of its cases
        done[name] = {"fault": _describe_fault(error)}


def _describe_fault(error: Exception) -> tuple[str, str]:
    """Status and reason of the cases that an error ends."""
    if isinstance(error, RexbenchError):
        return next((status for kind, status in _STATUSES.items() if isinstance(error, kind)), "failed"), str(error)
    return "failed", make_message(f"{type(error).__name__}: {describe_error(error)}")


def _answer(known: dict[str, Any], exports: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """What is known, with the times of the first export at the top for a parent from before `exports`."""
    made = next((times for times in exports.values() if "fault" not in times), {})
    return {**{name: made.get(name) for name in ("build_s", "convert_s")}, **known, "exports": exports}


def main() -> None:
    """Prepare the task on standard input; the answer goes into the file named by the first argument."""
    hold_on()
    volunteer_for_oom_killer()
    refuse_telemetry()
    # A user's code may read the arguments of its program: these are not its own.
    path, sys.argv = Path(sys.argv[1]), sys.argv[:1]
    own = os.getpid()
    code, done = _run(json.loads(sys.stdin.read()))
    if os.getpid() != own:  # a user's code has forked, and comes here twice
        os._exit(ExitCode.FAILED)
    if done is not None:
        path.write_text(json.dumps(done))
    sys.stderr.flush()
    # Threads that a user's code has left behind must not keep the process.
    os._exit(code)


def _run(values: dict[str, Any]) -> tuple[ExitCode, dict[str, Any] | None]:
    """The exit code, and the answer where there is one."""
    foreign = values.get("source", REGISTERED) != REGISTERED
    try:
        done = prepare(values)
    except (ModelError, UnsupportedModelError) as error:
        done = {"fault": _describe_fault(error)}
    except RexbenchError as error:
        if not foreign:
            sys.stderr.write(f"{error}\n")
            return ExitCode.WRONG, None
        # A user's code can end its process with any code: what the caller must mend is told in the answer.
        done = {"wrong": str(error)} if isinstance(error, WeightsError) else {"fault": _describe_fault(error)}
    except Exception as error:  # noqa: BLE001 - whatever a runtime throws is the outcome of the cases
        sys.stderr.write(f"{type(error).__name__}: {describe_error(error)}\n")
        return ExitCode.FAILED, None
    return ExitCode.DONE, done


if __name__ == "__main__":
    main()
