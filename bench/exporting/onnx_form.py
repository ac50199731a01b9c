"""ONNX with its preprocessing inside, as nodes before and after those of the network."""

from __future__ import annotations

from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.backends.onnx_export import export_module, int8_name, onnx_name
from bench.backends.onnx_session import open_session
from bench.exporting.form import list_facts
from bench.exporting.onnx_resizing import check_operators, resize_nodes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy.typing as npt

    from bench.exporting.form import Form
    from bench.exporting.original import Original

ARTEFACT = "model.onnx"
#: What the network's own names begin with, so that none of them is one of ours.
_NETWORK = "network/"
#: A dimension that may vary must not be 1 in the example.
_EXAMPLE_BATCH = 2
_TO_NCHW, _TO_NHWC = [0, 3, 1, 2], [0, 2, 3, 1]


def write(original: Original, form: Form, network: Path, target: Path) -> None:
    """Write ``model.onnx``; weights beyond what one file holds go into ``model.onnx.data``.

    Args:
        original: What it is made from.
        form: Of the artefact.
        network: Folder with the network as the backend's own conversion wrote it.
        target: Folder that receives the artefact.
    """
    import onnx  # noqa: PLC0415
    from onnx.compose import add_prefix  # noqa: PLC0415

    source = _find_network(original, form, network)
    model = add_prefix(onnx.load(source), _NETWORK)
    _forget_paths(model)
    check_operators(model, form)
    _surround(onnx, model, form)
    for key, value in list_facts(original, form).items():
        model.metadata_props.append(onnx.StringStringEntryProto(key=key, value=value))
    large = source.with_name(f"{source.name}.data").exists()
    onnx.save(model, target / ARTEFACT, save_as_external_data=large, location=f"{ARTEFACT}.data")
    onnx.checker.check_model(target / ARTEFACT, full_check=True)


def convert(original: Original, form: Form, network: Path) -> None:
    """Write the network for any number of pictures, where the backend's own conversion fixes that number."""
    import torch  # noqa: PLC0415

    if not isinstance(original.model, PurePath):
        example = torch.zeros(_EXAMPLE_BATCH, 3, form.side, form.side)
        export_module(original.model, (example,), network / onnx_name(1), any_batch=True)


def _find_network(original: Original, form: Form, network: Path) -> Path:
    if form.batch is None and isinstance(original.model, PurePath):
        return Path(original.model)
    named = int8_name if form.precision == "int8" else onnx_name
    return network / named(form.batch or 1)


def _forget_paths(model: Any) -> None:
    """Drop what torch's exporter writes of the code it ran, with paths of the machine."""
    del model.metadata_props[:]
    for graph in (model.graph, *model.functions):
        for owner in (graph, *graph.node, *graph.value_info):
            del owner.metadata_props[:]
        for node in graph.node:
            node.doc_string = ""
    for value in (*model.graph.input, *model.graph.output, *model.graph.initializer):
        del value.metadata_props[:]


def _surround(onnx: Any, model: Any, form: Form) -> None:
    """Put the preparation before the network's nodes, and the end behind them."""
    graph, helper = model.graph, onnx.helper
    held = {tensor.name for tensor in graph.initializer}
    [image] = [value for value in graph.input if value.name not in held]
    [scores] = graph.output
    before = list(_prepare(onnx, graph, form, image.name))
    after = helper.make_node(
        "Softmax" if form.output == "probabilities" else "Identity",
        [scores.name],
        [form.output_name],
        name="output",
        **({"axis": 1} if form.output == "probabilities" else {}),
    )
    nodes = [*before, *graph.node, after]
    del graph.node[:]
    graph.node.extend(nodes)
    kind = onnx.TensorProto.UINT8 if form.input_type == "uint8" else onnx.TensorProto.FLOAT
    named = ("batch", "height", "width", None) if form.input_layout == "nhwc" else ("batch", None, "height", "width")
    shape = [name if size is None else size for name, size in zip(named, form.shape, strict=True)]
    given = [form.batch or "batch", form.classes]
    rest = [value for value in graph.input if value.name in held]
    del graph.input[:], graph.output[:], graph.value_info[:]
    graph.input.extend([helper.make_tensor_value_info(form.input_name, kind, shape), *rest])
    graph.output.append(helper.make_tensor_value_info(form.output_name, onnx.TensorProto.FLOAT, given))


def _prepare(onnx: Any, graph: Any, form: Form, end: str) -> Iterator[Any]:
    """The nodes from the picture to what the network takes."""
    make, last = onnx.helper.make_node, form.input_name

    def hold(name: str, values: npt.NDArray[Any]) -> str:
        graph.initializer.append(onnx.numpy_helper.from_array(values, f"prepare/{name}"))
        return f"prepare/{name}"

    def step(kind: str, name: str, *others: str, **attributes: Any) -> Any:
        nonlocal last
        node = make(kind, [last, *others], [f"prepare/{name}"], name=f"prepare/{name}/node", **attributes)
        last = node.output[0]
        return node

    if form.input_type != "float32":
        yield step("Cast", "floating", to=onnx.TensorProto.FLOAT)
    laid = form.input_layout
    if form.resized_side:
        if laid == "nhwc":
            yield step("Transpose", "planar", perm=_TO_NCHW)
        resized = list(resize_nodes(onnx, form, last, hold))
        yield from resized
        last, laid = resized[-1].output[0], "nchw"
    if laid != form.network_layout:
        yield step("Transpose", "laid", perm=_TO_NCHW if laid == "nhwc" else _TO_NHWC)
    channels = 1 if form.network_layout == "nchw" else 3
    if form.reverses:
        yield step("Gather", "reversed", hold("order", np.array([2, 1, 0], np.int64)), axis=channels)
    sides = (1, 3, 1, 1) if channels == 1 else (1, 1, 1, 3)
    yield step("Sub", "shifted", hold("mean", np.array(form.mean, np.float32).reshape(sides)))
    yield step("Div", "scaled", hold("scale", np.array(form.scale, np.float32).reshape(sides)))
    yield make("Identity", [last], [end], name="prepare/end")


def open_artefact(folder: Path, _form: Form) -> Callable[[npt.NDArray[Any]], npt.NDArray[np.float32]]:
    """The artefact from its file."""
    return _open(folder / ARTEFACT)


def open_network(folder: Path, form: Form) -> Callable[[npt.NDArray[Any]], npt.NDArray[np.float32]]:
    """The int8 form of the network alone, as the quantiser left it."""
    return _open(folder / int8_name(form.batch or 1))


def _open(path: Path) -> Callable[[npt.NDArray[Any]], npt.NDArray[np.float32]]:
    session = open_session(path, 1)
    [taken] = session.get_inputs()

    def run(pictures: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        [output] = session.run(None, {taken.name: pictures})
        return np.asarray(output, np.float32)

    return run
