"""Make what the workers of a group share, once and in a process of its own: weights, inputs, reference logits, exports.

The parent never imports torch, and a worker of another runtime does not either; they exchange files.
"""

from __future__ import annotations

import json
import math
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from bench.backends.registry import load_backend, read_registry
from bench.machine.environment import volunteer_for_oom_killer
from bench.records.files import IMAGES, REFERENCE, WEIGHTS
from bench.workers.failures import describe_error
from bench.workers.parent_watch import hold_on
from rexnet_core.calibration import calibrate, make_images
from rexnet_core.errors import RexbenchError
from rexnet_core.exit_codes import ExitCode

#: Distinct inputs that parity compares, at least; batches rotate so that no input is seen twice in a row.
MIN_IMAGES = 8
MIN_BATCHES = 2
_MAX_BYTES = 512 * 2**20


def plan_batches(batch: int, resolution: int) -> int:
    """How many distinct batches a group gets: enough for parity, fewer where they would fill the memory."""
    wanted = max(MIN_BATCHES, math.ceil(MIN_IMAGES / batch))
    affordable = _MAX_BYTES // (batch * 3 * resolution**2 * 4)
    return max(1, min(wanted, affordable))


def prepare(task: dict[str, Any]) -> dict[str, Any]:
    """Make the files of one group; weights that are there already are kept.

    Args:
        task: ``model``, ``resolution``, ``batch``, ``threads``, ``seed``, ``weights`` (a checkpoint or None),
            ``weights_entry`` (which entry of the checkpoint, None or absent for its only one), ``folder``, ``exports``
            (names of the backends that need files of their own). A parent from before `exports` sends a key for each
            such backend instead (`BackendInfo.export_key`).

    Returns:
        ``exports``: by backend, ``build_s`` and ``convert_s``, the times of making the module from its weights and of
        converting it. The worker reads a file, but whoever starts from PyTorch pays both. At the top, the same two keys
        for a parent from before `exports`: those of the first backend, None without any. ``weights_entry``: the entry
        of the checkpoint that was read now, None where the file is the state dict itself or no file was read.

    Raises:
        WeightsError: The checkpoint can't be used.
    """
    import torch  # noqa: PLC0415

    from rexnet_core import create_model, dump_weights, load_weights  # noqa: PLC0415
    from rexnet_core.checkpoint import load_tensors  # noqa: PLC0415

    torch.set_num_threads(task["threads"])
    folder, side = Path(task["folder"]), task["resolution"]
    module = create_model(task["model"])
    shared, entry = folder / WEIGHTS, None
    if shared.exists():
        load_weights(module, shared)
    else:
        if task["weights"]:
            loaded = load_tensors(task["weights"], task.get("weights_entry"))
            load_weights(module, loaded)
            entry = loaded.entry
        else:
            calibrate(module, side, task["seed"])
        dump_weights(module, shared)
    module.eval()
    batches = plan_batches(task["batch"], side)
    images = make_images(batches * task["batch"], side, task["seed"] + 2).reshape(batches, task["batch"], 3, side, side)
    np.save(folder / IMAGES, images)
    with torch.inference_mode():
        np.save(folder / REFERENCE, np.stack([module(torch.from_numpy(batch)).numpy() for batch in images]))
    exports = {name: _export(name, task, folder) for name in _read_exports(task)}
    return {
        **next(iter(exports.values()), {"build_s": None, "convert_s": None}),
        "exports": exports,
        "weights_entry": entry,
    }


def _read_exports(task: dict[str, Any]) -> list[str]:
    if "exports" in task:
        return list(task["exports"])
    return [info.name for info in read_registry().infos.values() if info.export_key and task.get(info.export_key)]


def _export(name: str, task: dict[str, Any], folder: Path) -> dict[str, float]:
    """Write the files of a backend; the times it took, imports not included."""
    import torch  # noqa: PLC0415

    from rexnet_core import create_model, load_weights  # noqa: PLC0415

    open_export = load_backend(name).INFO.export
    assert open_export is not None, "a parent asks for the exports that a backend declares"
    example = torch.zeros(task["batch"], 3, task["resolution"], task["resolution"])
    export = open_export()
    begun = time.perf_counter()
    module = create_model(task["model"]).eval()
    load_weights(module, folder / WEIGHTS)
    built = time.perf_counter()
    export(module, example, folder)
    return {"build_s": built - begun, "convert_s": time.perf_counter() - built}


def main() -> None:
    """Prepare the task on standard input; the answer goes into the file named by the first argument."""
    hold_on()
    volunteer_for_oom_killer()
    try:
        done = prepare(json.loads(sys.stdin.read()))
    except RexbenchError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(ExitCode.WRONG)
    except Exception as error:  # noqa: BLE001 - whatever a runtime throws is the outcome of the cases
        sys.stderr.write(f"{type(error).__name__}: {describe_error(error)}\n")
        sys.exit(ExitCode.FAILED)
    Path(sys.argv[1]).write_text(json.dumps(done))


if __name__ == "__main__":
    main()
