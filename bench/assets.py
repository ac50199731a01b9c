"""What the workers of a match share, made once by a process of its own: weights, inputs, reference logits, IR.

The parent never imports torch and the OpenVINO worker never does either; files are how they meet.
"""

from __future__ import annotations

import json
import math
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt
    import torch

WEIGHTS = "weights.safetensors"
IMAGES = "images.npy"
REFERENCE = "reference.npy"

#: Distinct inputs that parity compares, at least; batches rotate so that no input is seen twice in a row.
MIN_IMAGES = 8
MIN_BATCHES = 2
_MAX_BYTES = 512 * 2**20
_CALIBRATION_IMAGES = 16
_CALIBRATION_BATCH = 8


def plan_batches(batch: int, resolution: int) -> int:
    """How many distinct batches a match gets: enough for parity, fewer where they would fill the memory."""
    wanted = max(MIN_BATCHES, math.ceil(MIN_IMAGES / batch))
    affordable = _MAX_BYTES // (batch * 3 * resolution**2 * 4)
    return max(1, min(wanted, affordable))


def make_images(count: int, resolution: int, seed: int) -> npt.NDArray[np.float32]:
    """Images whose power falls as 1/f, as photographs' does, each with its own colour.

    Returns:
        Shape ``(count, 3, resolution, resolution)``, mean 0 and standard deviation 1 over all but the count.
    """
    random = np.random.default_rng((seed, resolution))
    frequency = np.hypot(np.fft.fftfreq(resolution)[:, None], np.fft.rfftfreq(resolution)[None])
    amplitude = 1 / np.maximum(frequency, 1 / resolution)
    images = np.empty((count, 3, resolution, resolution), np.float32)
    for image in images:
        noise = np.fft.rfft2(random.standard_normal(image.shape)) * amplitude
        pixels = np.fft.irfft2(noise, s=image.shape[-2:])
        pixels = pixels / pixels.std() + random.normal(0, 0.5, (3, 1, 1))
        image[:] = (pixels - pixels.mean()) / pixels.std()
    return images


def calibrate(module: torch.nn.Module, resolution: int, seed: int) -> None:
    """Give a model weights that behave as trained ones do, in place; it is left in eval mode.

    Shifts and biases are non-zero, batch norm statistics are those of the data, and the logits have unit scale:
    plain initial weights let OpenVINO drop additions of zero and give logits too small to compare.

    Args:
        module: In any mode, on the CPU, float32.
        resolution: Side of the calibration images [pixels].
        seed: Of weights and images.
    """
    import torch  # noqa: PLC0415 - the parent process imports this file and stays free of torch

    generator = torch.Generator().manual_seed(seed)
    norms = [part for part in module.modules() if isinstance(part, torch.nn.BatchNorm2d | torch.nn.BatchNorm1d)]
    module.eval()
    with torch.no_grad():
        for name, tensor in module.named_parameters():
            draw = torch.randn(tensor.shape, generator=generator)
            if tensor.dim() > 1:
                tensor.copy_(draw * (2 / tensor[0].numel()) ** 0.5)
            else:
                tensor.copy_(1 + 0.1 * draw if name.endswith("weight") else 0.1 * draw)
        for norm in norms:
            norm.reset_running_stats()
            norm.momentum, norm.training = None, True  # None: the plain average over all calibration batches
        images = torch.from_numpy(make_images(_CALIBRATION_IMAGES, resolution, seed + 1))
        outputs = [module(part) for part in torch.split(images, _CALIBRATION_BATCH)]
        module.eval()
        last = [part for part in module.modules() if isinstance(part, torch.nn.Linear | torch.nn.Conv2d)][-1]
        scale = float(torch.cat(outputs).std())
        last.weight.mul_(1 / max(scale, 1e-12))
    for norm in norms:
        norm.momentum = 0.1


def prepare(task: dict[str, Any]) -> dict[str, Any]:
    """Make the files of one match; those that are there already are kept.

    Args:
        task: ``model``, ``resolution``, ``batch``, ``threads``, ``seed``, ``weights`` (a checkpoint or None),
            ``folder``, ``ir`` (whether OpenVINO needs its representation).

    Returns:
        ``convert_s``: time the conversion took, None without one.
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
    return {"convert_s": _dump_ir(module, task, folder) if task["ir"] else None}


def _dump_ir(module: torch.nn.Module, task: dict[str, Any], folder: Path) -> float:
    """Write the OpenVINO representation; the time it took [s], without the import."""
    import torch  # noqa: PLC0415

    from bench.backends import openvino  # noqa: PLC0415

    example = torch.zeros(task["batch"], 3, task["resolution"], task["resolution"])
    openvino.import_runtime()
    begun = time.perf_counter()
    openvino.dump_ir(module, example, folder / openvino.ir_name(task["batch"]))
    return time.perf_counter() - begun


if __name__ == "__main__":
    done = prepare(json.loads(sys.stdin.read()))
    (Path(sys.argv[1])).write_text(json.dumps(done))
