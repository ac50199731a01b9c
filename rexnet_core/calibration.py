"""Images and weights that behave as photographs and trained networks do, made from a seed: nothing is downloaded.

Importing this file imports no torch; making images needs none either.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    import torch

    from rexnet_core.sources.tensors import Shape

_CALIBRATION_IMAGES = 32
_CALIBRATION_PIXELS = 32 * 224**2
#: Mean shift of the batch norms. Centred on zero, half of each activation's inputs are cut off, and a deep random
#: network carries a rounding error on until it is as large as the signal (bf16 on ReXNet 1.0 at 64 pixels: 24 % of the
#: largest logit; with the shift 9 %), which trained ones don't.
_SHIFT = 0.5
#: A channel that is the same for all images is not scaled to infinity.
_LEAST_VARIANCE = 1e-4
_LEAST_SPREAD = 1e-9


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
    return draw_pixels(random, 3, resolution, resolution)


def draw_pixels(random: np.random.Generator, channels: int, height: int, width: int) -> npt.NDArray[np.float64]:
    """An image with the statistics of `make_images`: shape ``(channels, height, width)``."""
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None])
    frequency = np.maximum(frequency, 1 / max(height, width))
    noise = np.fft.rfft2(random.standard_normal((channels, height, width))) * frequency ** -random.uniform(0.5, 2.0)
    pixels = np.fft.irfft2(noise, s=(height, width))
    contrast = np.exp(random.normal(-0.3, 0.4))
    spread = pixels.std()
    # An image of one number has no spread.
    scaled = pixels / spread if spread > _LEAST_SPREAD else pixels
    return np.asarray(scaled * contrast + random.normal(0, 0.7, (channels, 1, 1)))


def make_inputs(shapes: Sequence[Shape], types: Sequence[str], count: int, seed: int) -> tuple[npt.NDArray[Any], ...]:
    """Values for the inputs of any model: images for what has the shape of one, else normal numbers.

    Args:
        shapes: Of each input for one image.
        types: Of each input; whole numbers are drawn from all that the type can hold.
        count: Images.
        seed: The same seed gives the same values; one square image of 3 channels is that of `make_images`.

    Returns:
        For each input an array of shape ``(count, *shape)``.
    """
    first = shapes[0]
    if len(shapes) == 1 and len(first) == 3 and first[0] == 3 and first[1] == first[2] and types[0] == "float32":  # noqa: PLR2004
        return (make_images(count, first[1], seed),)
    random = np.random.default_rng((seed, *first))
    return tuple(_make_input(random, shape, np.dtype(kind), count) for shape, kind in zip(shapes, types, strict=True))


def _make_input(random: np.random.Generator, shape: Shape, kind: np.dtype[Any], count: int) -> npt.NDArray[Any]:
    if kind.kind in "iu":
        limits = np.iinfo(kind)
        return random.integers(limits.min, limits.max, (count, *shape), kind, endpoint=True)
    if len(shape) != 3:  # noqa: PLR2004 - channels, height and width
        return random.standard_normal((count, *shape)).astype(kind)
    deep_last = shape[2] < min(shape[:2])
    channels, height, width = (shape[2], *shape[:2]) if deep_last else shape
    images = np.stack([draw_pixels(random, channels, height, width) for _ in range(count)])
    return (np.moveaxis(images, 1, 3) if deep_last else images).astype(kind)


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


def settle(module: torch.nn.Module, inputs: Sequence[torch.Tensor], seed: int) -> None:
    """Let a new model from elsewhere behave as a trained one does, in place; it is left in eval mode.

    It keeps its author's initial weights, which suit its design. Only what would hide an error of a runtime changes:
    parameters that are one number throughout, such as biases of 0, scales of 1 or 1e-6 and classifiers of 0, receive
    random differences, and batch norms the statistics of the inputs.

    Args:
        module: In any mode, on the CPU.
        inputs: A batch of each input.
        seed: Of the differences.
    """
    import torch  # noqa: PLC0415

    generator = torch.Generator().manual_seed(seed)
    norms: list[Any] = [part for part in module.modules() if isinstance(part, torch.nn.modules.batchnorm._BatchNorm)]  # noqa: SLF001
    module.eval()
    with torch.no_grad():
        for tensor in module.parameters():
            if tensor.is_floating_point() and tensor.numel() > 1 and bool((tensor == tensor.flatten()[0]).all()):
                tensor.add_(0.1 * torch.randn(tensor.shape, generator=generator).to(tensor.dtype))
        for norm in norms:
            if norm.bias is not None:
                norm.bias.add_(_SHIFT)
        taken = [norm for norm in norms if norm.running_mean is not None]
        hooks = [norm.register_forward_pre_hook(_take_statistics) for norm in taken]
        try:
            module(*inputs)
        finally:
            for hook in hooks:
                hook.remove()


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
