"""Images and weights that behave as photographs and trained networks do, made from a seed: nothing is downloaded.

Importing this file imports no torch; making images needs none either.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt
    import torch

_CALIBRATION_IMAGES = 32
_CALIBRATION_PIXELS = 32 * 224**2
#: Mean shift of the batch norms. Centred on zero, half of each activation's inputs are cut off, and a deep random
#: network carries a rounding error on until it is as large as the signal (bf16 on ReXNet 1.0 at 64 pixels: 24 % of the
#: largest logit; with the shift 9 %), which trained ones don't.
_SHIFT = 0.5
#: A channel that is the same for all images is not scaled to infinity.
_LEAST_VARIANCE = 1e-4


def make_images(count: int, resolution: int, seed: int) -> npt.NDArray[np.float32]:
    """Images that differ as photographs do: in how fast their power falls with frequency, in contrast and in colour.

    Images that were all alike but for their noise would make squeeze-excite, which sees only means, divide by nearly
    nothing in its batch norm, and the logits would be rounding errors made large.

    Returns:
        Shape ``(count, 3, resolution, resolution)``, in the range of normalised ImageNet pixels.
    """
    random = np.random.default_rng((seed, resolution))
    images = np.empty((count, 3, resolution, resolution), np.float32)
    for image in images:
        image[:] = draw_image(random, resolution)
    return images


def draw_image(random: np.random.Generator, resolution: int) -> npt.NDArray[np.float64]:
    """The next image of a generator, with the statistics of `make_images`: shape ``(3, resolution, resolution)``."""
    frequency = np.hypot(np.fft.fftfreq(resolution)[:, None], np.fft.rfftfreq(resolution)[None])
    frequency = np.maximum(frequency, 1 / resolution)
    noise = np.fft.rfft2(random.standard_normal((3, resolution, resolution))) * frequency ** -random.uniform(0.5, 2.0)
    pixels = np.fft.irfft2(noise, s=(resolution, resolution))
    contrast = np.exp(random.normal(-0.3, 0.4))
    return np.asarray(pixels / pixels.std() * contrast + random.normal(0, 0.7, (3, 1, 1)))


def calibrate(module: torch.nn.Module, resolution: int, seed: int) -> None:
    """Give a model weights that behave as trained ones do, in place; it is left in eval mode.

    Shifts and biases are non-zero, batch norm statistics are those of the data, and the logits have unit scale:
    plain initial weights let OpenVINO drop additions of zero and give logits too small to compare.

    Args:
        module: In any mode, on the CPU, float32.
        resolution: Side of the calibration images [pixels].
        seed: Seed of weights and images.
    """
    import torch  # noqa: PLC0415 - whoever only makes images stays free of torch

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
