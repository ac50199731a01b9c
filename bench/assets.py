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

from bench.machine import volunteer_for_oom_killer
from rexnet_core.errors import RexbenchError

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
_CALIBRATION_IMAGES = 32
_CALIBRATION_PIXELS = 32 * 224**2
#: Mean shift of the batch norms. Centred on zero, half of each activation's inputs are cut off, and a deep random
#: network carries a rounding error on until it is as large as the signal (bf16 on ReXNet 1.0 at 64 pixels: 24 % of the
#: largest logit; with the shift 9 %), which trained ones don't.
_SHIFT = 0.5
#: A channel that is the same for all images is not scaled to infinity.
_LEAST_VARIANCE = 1e-4


def plan_batches(batch: int, resolution: int) -> int:
    """How many distinct batches a match gets: enough for parity, fewer where they would fill the memory."""
    wanted = max(MIN_BATCHES, math.ceil(MIN_IMAGES / batch))
    affordable = _MAX_BYTES // (batch * 3 * resolution**2 * 4)
    return max(1, min(wanted, affordable))


def make_images(count: int, resolution: int, seed: int) -> npt.NDArray[np.float32]:
    """Images that differ as photographs do: in how fast their power falls with frequency, in contrast and in colour.

    Images that were all alike but for their noise would make squeeze-excite, which sees only means, divide by nearly
    nothing in its batch norm, and the logits would be rounding errors made large.

    Returns:
        Shape ``(count, 3, resolution, resolution)``, in the range of normalised ImageNet pixels.
    """
    random = np.random.default_rng((seed, resolution))
    frequency = np.hypot(np.fft.fftfreq(resolution)[:, None], np.fft.rfftfreq(resolution)[None])
    frequency = np.maximum(frequency, 1 / resolution)
    images = np.empty((count, 3, resolution, resolution), np.float32)
    for image in images:
        noise = np.fft.rfft2(random.standard_normal(image.shape)) * frequency ** -random.uniform(0.5, 2.0)
        pixels = np.fft.irfft2(noise, s=image.shape[-2:])
        contrast = np.exp(random.normal(-0.3, 0.4))
        image[:] = pixels / pixels.std() * contrast + random.normal(0, 0.7, (3, 1, 1))
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
    norms: list[Any] = [
        part for part in module.modules() if isinstance(part, torch.nn.BatchNorm2d | torch.nn.BatchNorm1d)
    ]
    last = [part for part in module.modules() if isinstance(part, torch.nn.Linear | torch.nn.Conv2d)][-1]
    count = max(2, min(_CALIBRATION_IMAGES, _CALIBRATION_PIXELS // resolution**2))
    images = torch.from_numpy(make_images(count, resolution, seed + 1))
    module.eval()
    with torch.no_grad():
        for name, tensor in module.named_parameters():
            draw = torch.randn(tensor.shape, generator=generator)
            if tensor.dim() > 1:
                tensor.copy_(draw * (2 / tensor[0].numel()) ** 0.5)
            else:
                tensor.copy_(1 + 0.1 * draw if name.endswith("weight") else 0.1 * draw)
        for norm in norms:
            norm.bias.add_(_SHIFT)
        hooks = [norm.register_forward_pre_hook(_take_statistics) for norm in norms]
        try:
            logits = module(images)
        finally:
            for hook in hooks:
                hook.remove()
        last.weight.mul_(1 / float(logits.std()))


def _take_statistics(norm: torch.nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
    """Set a batch norm's statistics to those of its input, just before it uses them.

    Statistics taken in train mode would belong to inputs that every norm before had scaled by its own batch; with few
    images the two differ by a factor. Taken this way, in order, they are those of the network in eval mode.
    """
    [x] = inputs
    axes = [0, *range(2, x.dim())]
    mean: Any = norm.running_mean
    variance: Any = norm.running_var
    mean.copy_(x.mean(axes))
    variance.copy_(x.var(axes, unbiased=False) + _LEAST_VARIANCE)


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


#: Exit code of this program when the checkpoint it was given is at fault; the last line it writes says why.
WRONG_INPUT = 2


def main() -> None:
    """Prepare the task on standard input; the answer goes into the file named by the first argument."""
    volunteer_for_oom_killer()
    try:
        done = prepare(json.loads(sys.stdin.read()))
    except RexbenchError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(WRONG_INPUT)
    Path(sys.argv[1]).write_text(json.dumps(done))


if __name__ == "__main__":
    main()
