"""ONNX files: read without running anything, checked, and described.

A file may be damaged or hostile: nothing that it names is opened before it is found to lie in the model's folder, and
no memory is taken for what the file only declares.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rexnet_core.errors import InputError, UnsupportedModelError, first_line
from rexnet_core.sources.exported_metadata import KEY, read_class_names, read_exported
from rexnet_core.sources.file_checks import check_specs, read_text, read_whole
from rexnet_core.sources.graph_description import GraphDescription
from rexnet_core.sources.onnx_parts import DOMAINS, operators_in, tensors_in
from rexnet_core.sources.onnx_tensors import check_tensor
from rexnet_core.sources.tensors import TensorSpec

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

#: What protobuf allows for one message [bytes].
_MOST_BYTES = 2**31 - 1
_SHOWN = 5


def describe_onnx(path: Path) -> GraphDescription:
    """What an ONNX file takes, gives and says of itself, once it is checked.

    Args:
        path: The file; weights may lie in files beside it, which are not read.

    Raises:
        InputError: The file is missing, damaged, no ONNX, or names weights that are not whole or lie elsewhere; or the
            package `onnx` is not installed.
        UnsupportedModelError: The model has operators or inputs that the runtimes here do not know.
    """
    onnx = _import_onnx()
    model = _parse(onnx, path)
    for tensor in tensors_in(model):
        check_tensor(onnx, tensor, path)
    _check_operators(model, path)
    _check_with_library(onnx, path)
    held = {tensor.name for tensor in model.graph.initializer}
    held |= {tensor.values.name for tensor in model.graph.sparse_initializer}
    inputs = tuple(_spec(onnx, value, path) for value in model.graph.input if value.name not in held)
    check_specs(inputs, path)
    told = {read_text(one.key, path).lower(): read_text(one.value, path) for one in model.metadata_props}
    return GraphDescription(
        inputs=inputs,
        outputs=tuple(_spec(onnx, value, path) for value in model.graph.output),
        licence=told.get("license", told.get("licence", "")).strip(),
        producer=" ".join(read_text(one, path) for one in (model.producer_name, model.producer_version)).strip(),
        classes=_classes(told),
        preprocessing=read_exported(told.get(KEY, "")),
    )


def write_with_shapes(path: Path, shapes: Sequence[tuple[int, ...]], target: Path) -> None:
    """Write the model of a file that `describe_onnx` has checked with fixed shapes of its inputs.

    Every node gets a name of its own, by which a runtime's profile can name it. Weights that lie in
    other files go into one file beside the target.

    Args:
        path: The file.
        shapes: One for each input that is no weight, in the order of the file.
        target: Where the model goes, in another folder.
    """
    onnx = _import_onnx()
    model = onnx.load(path, load_external_data=False)
    external = any(tensor.data_location == onnx.TensorProto.EXTERNAL for tensor in tensors_in(model))
    if external:
        onnx.load_external_data_for_model(model, str(path.parent))
    held = {tensor.name for tensor in model.graph.initializer}
    held |= {tensor.values.name for tensor in model.graph.sparse_initializer}
    inputs = [value for value in model.graph.input if value.name not in held]
    for value, shape in zip(inputs, shapes, strict=True):
        for side, fixed in zip(value.type.tensor_type.shape.dim, shape, strict=True):
            side.dim_value = fixed
    _name_nodes(model.graph.node)
    # Shapes in between were written for open sides.
    del model.graph.value_info[:]
    onnx.save(model, target, save_as_external_data=external, location=f"{target.name}.data")


def _name_nodes(nodes: Iterable[Any]) -> None:
    names: set[str] = set()
    for place, node in enumerate(nodes):
        if not node.name or node.name in names:
            node.name = f"{node.op_type}_at_{place}"
        names.add(node.name)


def _import_onnx() -> Any:
    try:
        import onnx  # noqa: PLC0415 - an extra, and half a second to import
    except ImportError as error:
        raise InputError(
            f"ONNX files need the package onnx; {first_line(error)}; pip install 'rexbench[onnx]'"
        ) from error
    return onnx


def _parse(onnx: Any, path: Path) -> Any:
    from google.protobuf.message import DecodeError  # noqa: PLC0415 - it comes with onnx

    data = read_whole(path, "an ONNX file", _MOST_BYTES)
    try:
        model = onnx.load_model_from_string(data)
    except DecodeError as error:
        raise InputError(f"an ONNX file must hold a whole ONNX model; {path} does not; export it again") from error
    if not model.HasField("graph") or not model.graph.node:
        raise InputError(f"an ONNX file must hold a graph; {path} has none; export the model again")
    return model


def _check_operators(model: Any, path: Path) -> None:
    own = {(function.domain, function.name) for function in model.functions}
    used = {(read_text(node.domain, path), read_text(node.op_type, path)) for node in operators_in(model)}
    others = sorted(".".join(one) for one in used - own if one[0] not in DOMAINS)
    if others:
        more = f" and {len(others) - _SHOWN} more" if len(others) > _SHOWN else ""
        raise UnsupportedModelError(
            f"models must be made of the standard operators of ONNX; {path} has {', '.join(others[:_SHOWN])}{more}; "
            "export it without custom operators"
        )


def _check_with_library(onnx: Any, path: Path) -> None:
    try:
        onnx.checker.check_model(path)
    except Exception as error:  # its exceptions have no class in common
        said = first_line(error).rstrip(".")
        raise InputError(f"an ONNX file must hold a valid model; {path}: {said}; export it again") from error


def _spec(onnx: Any, value: Any, path: Path) -> TensorSpec:
    kind = value.type.WhichOneof("value")
    if kind != "tensor_type" or not value.type.tensor_type.HasField("shape"):
        what = "a tensor without rank" if kind == "tensor_type" else (kind or "nothing").removesuffix("_type")
        raise UnsupportedModelError(
            f"inputs and outputs must be tensors of known rank; {value.name} of {path} is {what}; export another model"
        )
    tensor = value.type.tensor_type
    if not tensor.elem_type or tensor.elem_type not in onnx.TensorProto.DataType.values():
        raise InputError(
            f"tensors must have a type that ONNX knows; {value.name} of {path} has type {tensor.elem_type}; "
            "export the model again"
        )
    sides = (side.dim_value if side.HasField("dim_value") else None for side in tensor.shape.dim)
    return TensorSpec(
        name=read_text(value.name, path),
        shape=tuple(side if side is None or side > 0 else None for side in sides),
        dtype=str(onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type)),
    )


def _classes(told: Mapping[str, str]) -> tuple[str, ...]:
    """A JSON list, or one name on each line."""
    text = next((told[key] for key in ("classes", "labels", "class_names") if key in told), "").strip()
    return read_class_names(text) if text.startswith("[") else tuple(text.splitlines())
