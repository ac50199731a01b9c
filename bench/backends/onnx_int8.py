"""A model in int8 for ONNX Runtime: static, with unsigned activations and signed weights that have a scale per channel.

These are the settings that the runtime's own guide gives for x86 processors. Without VNNI the products of 8 by 8 bits
are summed in pairs of 16 bits, which overflow; weights of 7 bits, as the guide has it, keep them from that.
"""

from __future__ import annotations

import contextlib
import io
import logging
import math
from typing import TYPE_CHECKING

import numpy as np

from bench.backends.arithmetic import sums_of_int8_overflow
from bench.backends.layer_noise import decibels
from bench.backends.onnx_export import data_of, int8_name, onnx_name
from bench.backends.onnx_layers import dump_layers, list_layers, load_layers
from bench.backends.onnx_session import open_session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    import torch

    from bench.backends.onnx_layers import OnnxLayer

    Batches = Sequence[tuple[np.ndarray, ...]]

#: Outputs of layers that are kept at once, of each of the two models [bytes].
_MOST_BYTES = 256 * 2**20
#: Batches whose outputs are compared.
_COMPARED = 8


def quantize(_model: torch.nn.Module | Path, batches: Batches, folder: Path) -> dict[str, float]:
    """Write the int8 form of the file that the export has left in a folder.

    Args:
        batches: What it is calibrated on: each an array per input, shape ``(N, ...)``.
        folder: Has the fp32 form, and receives the int8 form.

    Returns:
        The layers that were quantised, each with the ratio of signal to noise of its output [dB].
    """
    import onnx  # noqa: PLC0415

    batch = len(batches[0][0])
    source, target = folder / onnx_name(batch), folder / int8_name(batch)
    simplified = target.with_name(f"simplified-{target.name}")
    try:
        with _quiet():
            _write(source, simplified, target, batches)
        layers = list_layers(onnx.load(target, load_external_data=False), load_layers(source))
        dump_layers(target, layers)
        return _compare(simplified, target, layers, batches[:_COMPARED])
    finally:
        for left in folder.glob(f"{simplified.name}*"):
            left.unlink()


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """A context without what the quantiser prints and logs."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        logging.disable(before)


def _write(source: Path, simplified: Path, target: Path, batches: Batches) -> None:
    from onnxruntime.quantization import QuantFormat, QuantType, quantize_static  # noqa: PLC0415
    from onnxruntime.quantization.shape_inference import quant_pre_process  # noqa: PLC0415

    large = data_of(source).exists()
    data_of(target).unlink(missing_ok=True)  # it would be added to
    quant_pre_process(
        source,
        simplified,
        skip_symbolic_shape=True,  # all shapes are static
        save_as_external_data=large,
        all_tensors_to_one_file=True,
        external_data_location=data_of(simplified).name,
    )
    quantize_static(
        simplified,
        target,
        _Reader(source, batches),
        quant_format=QuantFormat.QDQ,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        per_channel=True,
        reduce_range=sums_of_int8_overflow(),
        use_external_data_format=large,
    )


class _Reader:
    """Gives the batches one after the other, as the runtime's calibration reads them."""

    def __init__(self, path: Path, batches: Batches) -> None:
        self.names = _input_names(path)
        self.rest = iter(batches)

    def get_next(self) -> dict[str, np.ndarray] | None:
        """The inputs by name; None at the end."""
        batch = next(self.rest, None)
        return None if batch is None else dict(zip(self.names, batch, strict=True))


def _input_names(path: Path) -> list[str]:
    return [one.name for one in open_session(path, 1).get_inputs()]


def _compare(simplified: Path, target: Path, layers: Sequence[OnnxLayer], batches: Batches) -> dict[str, float]:
    """The ratio of signal to noise [dB] of the output of each quantised layer, fp32 against int8."""
    import onnx  # noqa: PLC0415

    nodes = onnx.load(simplified, load_external_data=False).graph.node
    known = {output for node in nodes for output in node.output}
    ratios = {layer.name: math.nan for layer in layers if layer.quantized}
    for some in _split([layer for layer in layers if layer.quantized and layer.given in known]):
        exact = _open_with(simplified, [layer.given for layer in some])
        rounded = _open_with(target, [layer.rounded for layer in some])
        signal, noise = np.sum([_measure(exact(batch), rounded(batch)) for batch in batches], axis=0)
        ratios |= zip((layer.name for layer in some), map(decibels, signal, noise), strict=True)
    return ratios


def _split(layers: Sequence[OnnxLayer]) -> Iterator[list[OnnxLayer]]:
    """The layers in groups whose outputs are few enough to be held together."""
    some: list[OnnxLayer] = []
    for layer in layers:
        if some and 4 * sum(one.elements for one in [*some, layer]) > _MOST_BYTES:
            yield some
            some = []
        some.append(layer)
    if some:
        yield some


def _measure(exact: Sequence[np.ndarray], rounded: Sequence[np.ndarray]) -> np.ndarray:
    """Power of each tensor, and of the difference of the two, shape ``(2, tensors)``."""
    pairs = list(zip(exact, rounded, strict=True))
    signal = [np.square(one, dtype=np.float64).sum() for one, _ in pairs]
    noise = [np.square(one - other, dtype=np.float64).sum() for one, other in pairs]
    return np.array([signal, noise])


def _open_with(path: Path, tensors: Sequence[str]) -> Callable[[tuple[np.ndarray, ...]], list[np.ndarray]]:
    """A function from the inputs of a model to the values of its tensors of these names."""
    import onnx  # noqa: PLC0415

    model = onnx.load(path, load_external_data=False)
    own = {output.name for output in model.graph.output}
    model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in dict.fromkeys(tensors) if name not in own)
    # Its weights may lie beside the file.
    probe = path.with_name(f"probe-{path.name}")
    try:
        onnx.save(model, probe)
        session = open_session(probe, 1)
    finally:
        probe.unlink(missing_ok=True)
    names = [one.name for one in session.get_inputs()]
    return lambda batch: session.run(list(tensors), dict(zip(names, batch, strict=True)))
