"""What the workers of a match share, made once by a process of its own: weights, inputs, reference logits, IR.

The parent never imports torch and the OpenVINO worker never does either; files are how they meet.
"""

from __future__ import annotations

import json
import math
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from bench.machine.environment import volunteer_for_oom_killer
from bench.workers.parent_watch import hold_on
from bench.workers.shared_files import IMAGES, REFERENCE, WEIGHTS
from rexnet_core.calibration import calibrate, make_images
from rexnet_core.errors import RexbenchError
from rexnet_core.exit_codes import ExitCode

#: Distinct inputs that parity compares, at least; batches rotate so that no input is seen twice in a row.
MIN_IMAGES = 8
MIN_BATCHES = 2
_MAX_BYTES = 512 * 2**20


def plan_batches(batch: int, resolution: int) -> int:
    """How many distinct batches a match gets: enough for parity, fewer where they would fill the memory."""
    wanted = max(MIN_BATCHES, math.ceil(MIN_IMAGES / batch))
    affordable = _MAX_BYTES // (batch * 3 * resolution**2 * 4)
    return max(1, min(wanted, affordable))


def prepare(task: dict[str, Any]) -> dict[str, Any]:
    """Make the files of one match; those that are there already are kept.

    Args:
        task: ``model``, ``resolution``, ``batch``, ``threads``, ``seed``, ``weights`` (a checkpoint or None),
            ``folder``, ``ir`` (whether OpenVINO needs its representation).

    Returns:
        ``build_s`` and ``convert_s``: what making the module from its weights and converting it took, None where no
        representation is needed. The OpenVINO worker is handed a file, but whoever starts from PyTorch pays both.

    Raises:
        WeightsError: The checkpoint can't be used.
    """
    import torch  # noqa: PLC0415

    from rexnet_core import create_model, dump_weights, load_weights  # noqa: PLC0415

    torch.set_num_threads(task["threads"])
    folder, side = Path(task["folder"]), task["resolution"]
    module = create_model(task["model"])
    own = folder / WEIGHTS
    if own.exists():
        load_weights(module, own)
    else:
        if task["weights"]:
            load_weights(module, task["weights"])
        else:
            calibrate(module, side, task["seed"])
        dump_weights(module, own)
    module.eval()
    batches = plan_batches(task["batch"], side)
    images = make_images(batches * task["batch"], side, task["seed"] + 2).reshape(batches, task["batch"], 3, side, side)
    np.save(folder / IMAGES, images)
    with torch.inference_mode():
        np.save(folder / REFERENCE, np.stack([module(torch.from_numpy(batch)).numpy() for batch in images]))
    return _dump_ir(task, folder) if task["ir"] else {"build_s": None, "convert_s": None}


def _dump_ir(task: dict[str, Any], folder: Path) -> dict[str, float]:
    """Write the OpenVINO representation; the time it took, imports not included."""
    import torch  # noqa: PLC0415

    from bench.backends import openvino  # noqa: PLC0415
    from rexnet_core import create_model, load_weights  # noqa: PLC0415

    example = torch.zeros(task["batch"], 3, task["resolution"], task["resolution"])
    openvino.import_runtime()
    begun = time.perf_counter()
    module = create_model(task["model"]).eval()
    load_weights(module, folder / WEIGHTS)
    built = time.perf_counter()
    openvino.dump_ir(module, example, folder / openvino.ir_name(task["batch"]))
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
    Path(sys.argv[1]).write_text(json.dumps(done))


if __name__ == "__main__":
    main()
