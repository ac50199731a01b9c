"""Whether a tensor of an ONNX model has the numbers that it declares, in the file or in one beside it."""

from __future__ import annotations

from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from rexnet_core.errors import InputError
from rexnet_core.sources.file_checks import check_inside, count_elements, find_size, read_text

#: Elements smaller than a byte [bits].
_PACKED = {"UINT4": 4, "INT4": 4, "FLOAT4E2M1": 4, "UINT2": 2, "INT2": 2, "FLOAT6E2M3": 6, "FLOAT6E3M2": 6}
#: Where a tensor may keep its numbers, one entry for each, or for two where they are smaller than a byte.
_FIELDS = ("float_data", "int32_data", "int64_data", "double_data", "uint64_data", "string_data")


def check_tensor(onnx: Any, tensor: Any, path: Path) -> None:
    """Refuse a tensor that declares more than there is.

    Raises:
        InputError: It has an unknown type or an impossible shape, too few numbers, or weights in a file that is
            missing, too short, or outside of the model's folder.
    """
    owner = f"{read_text(tensor.name, path) or 'a constant'} of {path}"
    elements = count_elements(tensor.dims, owner)
    bits = _bits(onnx, tensor, owner)
    if tensor.data_location == onnx.TensorProto.EXTERNAL:
        held_bits = 8 * _external_bytes(tensor, path, owner)
    elif tensor.HasField("raw_data"):
        held_bits = 8 * len(tensor.raw_data)
    else:
        held_bits = max(bits, 8) * sum(len(getattr(tensor, field)) for field in _FIELDS)
    if elements * bits > held_bits:
        raise InputError(
            f"tensors must hold what they declare; {owner} declares {list(tensor.dims)} and holds "
            f"{held_bits // bits} elements; export the model again"
        )


def _bits(onnx: Any, tensor: Any, owner: str) -> int:
    names = onnx.TensorProto.DataType
    if not tensor.data_type or tensor.data_type not in names.values():
        raise InputError(
            f"tensors must have a type that ONNX knows; {owner} has type {tensor.data_type}; export the model again"
        )
    name = names.Name(tensor.data_type)
    return int(_PACKED.get(name) or 8 * onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type).itemsize)


def _external_bytes(tensor: Any, path: Path, owner: str) -> int:
    """The bytes that a tensor has in another file."""
    told = {read_text(entry.key, owner): read_text(entry.value, owner) for entry in tensor.external_data}
    location = told.get("location", "")
    target = path.parent / _checked_location(location, owner)
    size = find_size(target, f"weights of {owner}")
    check_inside(path.parent, target, path)
    offset, length = (_whole(told.get(key, ""), owner) for key in ("offset", "length"))
    start, end = offset or 0, size if length is None else (offset or 0) + length
    if not start <= end <= size:
        raise InputError(
            f"external weights must be whole; {owner} needs {end} bytes of {location}, which has {size}; "
            "copy the file again"
        )
    return end - start


def _checked_location(location: str, owner: str) -> str:
    places = PurePosixPath(location), PureWindowsPath(location)
    if (
        not location
        or any(place.is_absolute() or place.anchor or ".." in place.parts for place in places)
        or "\0" in location
    ):
        raise InputError(
            f"weights must lie in the folder of their model; {owner} names {location!r}; "
            "export the model with its weights beside it"
        )
    return location


def _whole(text: str, owner: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 20):  # noqa: PLR2004 - digits of 64 bits
        raise InputError(
            f"external weights must have a whole offset and length; {owner} has {text[:40]!r}; export the model again"
        )
    return int(text)
