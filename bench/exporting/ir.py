"""OpenVINO IR with its preprocessing inside, as OpenVINO's own steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from bench.backends.openvino import ir_name
from bench.backends.openvino_int8 import int8_name
from bench.exporting.form import list_facts

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import numpy.typing as npt

    from bench.exporting.form import Form
    from bench.exporting.original import Original

ARTEFACT = "model.xml"


def write(original: Original, form: Form, network: Path, target: Path) -> None:
    """Write ``model.xml`` and ``model.bin``.

    Args:
        original: What it is made from.
        form: Of the artefact.
        network: Folder with the network as the backend's own conversion wrote it.
        target: Folder that receives the artefact.
    """
    import openvino  # noqa: PLC0415

    named = int8_name if form.precision == "int8" else ir_name
    graph = openvino.Core().read_model(network / named(form.batch or 1))
    if form.batch is None:
        graph.reshape({0: [-1, *map(int, list(graph.inputs[0].get_shape())[1:])]})
    _prune_names(graph, form)
    prepared = _add_steps(openvino, graph, form)
    for key, value in (_list_facts(original, form) | list_facts(original, form)).items():
        prepared.set_rt_info(value, ["model_info", key])
    openvino.save_model(prepared, target / ARTEFACT, compress_to_fp16=form.precision == "fp16")


def _prune_names(graph: Any, form: Form) -> None:
    graph.inputs[0].get_tensor().set_names({form.input_name})
    graph.outputs[0].get_tensor().set_names({form.output_name})


def _add_steps(openvino: Any, graph: Any, form: Form) -> Any:
    """The graph after OpenVINO's preprocessing steps, which run in the order in which they are written."""
    from openvino import opset13 as operators  # noqa: PLC0415
    from openvino.preprocess import PrePostProcessor  # noqa: PLC0415

    steps = PrePostProcessor(graph)
    image = steps.input(0)
    image.tensor().set_element_type(openvino.Type(np.dtype(form.input_type)))
    image.tensor().set_layout(openvino.Layout(form.input_layout.upper()))
    if form.resized_side:
        image.tensor().set_shape([-1 if size is None else size for size in form.shape])
    image.model().set_layout(openvino.Layout(form.network_layout.upper()))
    inside = image.preprocess()
    if form.input_type != "float32":
        inside.convert_element_type(openvino.Type.f32)
    if form.resized_side:
        inside.convert_layout(openvino.Layout("NCHW"))
        inside.custom(lambda picture: _resize(operators, picture, form))
    if form.reverses:
        inside.reverse_channels()
    inside.mean(list(form.mean)).scale(list(form.scale))
    if form.output == "probabilities":
        steps.output(0).postprocess().custom(lambda logits: operators.softmax(logits, 1).output(0))
    prepared = steps.build()
    prepared.inputs[0].get_node().set_friendly_name(form.input_name)
    _prune_names(prepared, form)
    return prepared


def _resize(operators: Any, picture: Any, form: Form) -> Any:
    """The centre of a picture, shape (N, 3, H, W), whose shorter side is resized, rounded as torchvision does."""
    axes = np.array([2, 3], np.int64)
    sides = operators.gather(operators.shape_of(picture, "i64"), axes, np.int64(0))
    shorter = operators.reduce_min(sides, np.array([0], np.int64), keep_dims=True)
    sized = operators.divide(operators.multiply(sides, np.array([form.resized_side], np.int64)), shorter)
    kernel = {"bicubic": "bicubic_pillow", "bilinear": "bilinear_pillow"}[form.interpolation]
    whole = picture
    # Pillow resizes the width first, and rounds after each of both.
    for axis in (1, 0):
        place = np.array([axis], np.int64)
        size = operators.gather(sized, place, np.int64(0))
        smooth = operators.interpolate(whole, size, kernel, "sizes", cube_coeff=-0.5, axes=axes[place])
        whole = operators.clamp(operators.round(smooth, "half_to_even"), 0.0, 255.0)
    spare = operators.convert(operators.subtract(sized, np.array([form.side], np.int64)), "f32")
    half = operators.round(operators.multiply(spare, np.array([0.5], np.float32)), "half_to_even")
    start = operators.convert(half, "i64")
    stop = operators.add(start, np.array([form.side], np.int64))
    cut = operators.slice(whole, start, stop, np.array([1, 1], np.int64), axes)
    shape = np.array([0, 3, form.side, form.side], np.int64)
    return operators.reshape(cut, shape, special_zero=True).output(0)


def _list_facts(original: Original, form: Form) -> dict[str, str]:
    """Facts under the keys by which OpenVINO's Model API reads a classifier."""
    labels = " ".join("_".join(name.split()) for name in original.class_names)
    return {
        "model_type": "Classification",
        "mean_values": " ".join(f"{value:.7g}" for value in form.mean),
        "scale_values": " ".join(f"{value:.7g}" for value in form.scale),
        "reverse_input_channels": "YES" if form.reverses else "NO",
        "embedded_processing": "YES",
        "output_raw_scores": "True" if form.given == "logits" else "False",
        **({"labels": labels} if labels else {}),
    }


def open_artefact(folder: Path, _form: Form) -> Callable[[npt.NDArray[Any]], npt.NDArray[np.float32]]:
    """The artefact from its file."""
    return _open(folder / ARTEFACT)


def open_network(folder: Path, form: Form) -> Callable[[npt.NDArray[Any]], npt.NDArray[np.float32]]:
    """The int8 form of the network alone, as the quantiser left it."""
    return _open(folder / int8_name(form.batch or 1))


def _open(path: Path) -> Callable[[npt.NDArray[Any]], npt.NDArray[np.float32]]:
    """A file run in fp32: left alone, the runtime takes bfloat16 where the processor has it."""
    import openvino  # noqa: PLC0415

    compiled = openvino.Core().compile_model(path, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})

    def run(pictures: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        return np.array(compiled(pictures)[0], np.float32)

    return run
