"""OpenVINO IR: the `.xml` parsed without running anything, checked against the `.bin` beside it, and described."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rexnet_core.errors import InputError, UnsupportedModelError
from rexnet_core.sources.exported_metadata import KEY, read_class_names, read_exported
from rexnet_core.sources.file_checks import check_inside, check_specs, count_elements, find_size, read_whole
from rexnet_core.sources.graph_description import GraphDescription
from rexnet_core.sources.guarded_xml import parse_xml
from rexnet_core.sources.tensors import TensorSpec

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from xml.etree.ElementTree import Element

#: The largest files that OpenVINO writes have a tenth of it; the weights are in the other file [bytes].
_MOST_BYTES = 64 * 2**20
#: The first version with operator sets, and the oldest that OpenVINO still reads.
_OLDEST = 10
_LETTERS = {"f": "float", "fp": "float", "bf": "bfloat", "i": "int", "u": "uint"}


def describe_ir(path: Path) -> GraphDescription:
    """What an IR takes, gives and says of itself, once it and its weights are checked.

    Args:
        path: The ``.xml``; the ``.bin`` of the same name must lie beside it.

    Raises:
        InputError: A file is missing, damaged, no IR, or shorter than what it declares.
        UnsupportedModelError: The model has operators of its makers, or inputs of unknown rank.
    """
    net = parse_xml(read_whole(path, "an OpenVINO IR", _MOST_BYTES), path)
    version = net.get("version", "")
    if net.tag != "net" or not re.fullmatch("[0-9]{1,4}", version) or int(version) < _OLDEST:
        raise InputError(
            f"an OpenVINO IR must be of version {_OLDEST} or later; {path} is <{net.tag} version={version!r}>; "
            "convert the model with a current OpenVINO"
        )
    _check_weights(net, path)
    _check_operators(net, path)
    inputs = tuple(_inputs(net, path))
    check_specs(inputs, path)
    told = {one.tag.lower(): one.get("value", "") for one in net.findall("rt_info/model_info/*")}
    framework = net.find("rt_info/conversion_parameters/framework")
    return GraphDescription(
        inputs=inputs,
        outputs=tuple(_outputs(net, path)),
        licence=told.get("license", told.get("licence", "")).strip(),
        producer=_producer(net, "" if framework is None else framework.get("value", "")),
        classes=read_class_names(told.get("classes", "")) or tuple(told.get("labels", "").split()),
        preprocessing=read_exported(told.get(KEY, "")),
    )


def _check_weights(net: Element, path: Path) -> None:
    weights = path.with_suffix(".bin")
    size = find_size(weights, "the weights of an OpenVINO IR")
    check_inside(path.parent, weights, path)
    for layer in net.iter("layer"):
        if layer.get("type") != "Const":
            continue
        owner, data = f"{layer.get('name', 'a constant')} of {path}", layer.find("data")
        given = {} if data is None else dict(data.items())
        start, length = (_whole(given.get(key, ""), owner) for key in ("offset", "size"))
        if start + length > size:
            raise InputError(
                f"the weights of an OpenVINO IR must be whole; {owner} needs {start + length} bytes of {weights.name}, "
                f"which has {size}; copy the file again"
            )
        elements = count_elements([_whole(side, owner) for side in _sides(given.get("shape", ""))], owner)
        kind = "u8" if given.get("element_type") == "boolean" else given.get("element_type", "")
        bits = re.fullmatch("[a-z]+([0-9]+)[a-z0-9]*", kind)
        if bits and elements * int(bits[1][:3]) > 8 * length:
            raise InputError(
                f"constants must hold what they declare; {owner} declares {given['shape']} of "
                f"{given['element_type']} in {length} bytes; convert the model again"
            )


def _check_operators(net: Element, path: Path) -> None:
    own = sorted({layer.get("type", "") for layer in net.iter("layer") if layer.get("version") == "extension"})
    if own:
        raise UnsupportedModelError(
            f"models must be made of OpenVINO's own operators; {path} has {', '.join(own[:5])}; "
            "convert it without extensions"
        )


def _inputs(net: Element, path: Path) -> Iterator[TensorSpec]:
    for layer in net.findall("layers/layer"):
        data = layer.find("data")
        if layer.get("type") != "Parameter" or data is None:
            continue
        name, shape = layer.get("name", ""), data.get("shape", "")
        if "..." in shape:
            raise UnsupportedModelError(
                f"inputs must have a known rank; {name} of {path} has none; convert the model with an input shape"
            )
        port = layer.find("output/port")
        yield TensorSpec(
            name=_first_name("" if port is None else port.get("names", "")) or name,
            shape=tuple(int(side) if re.fullmatch("[0-9]{1,18}", side) else None for side in _sides(shape)),
            dtype=_dtype(data.get("element_type", "")),
        )


def _outputs(net: Element, path: Path) -> Iterator[TensorSpec]:
    layers = {layer.get("id"): layer for layer in net.findall("layers/layer")}
    sources = {edge.get("to-layer"): edge for edge in net.findall("edges/edge")}
    for number, layer in layers.items():
        if layer.get("type") != "Result":
            continue
        edge = sources.get(number)
        source = None if edge is None else layers.get(edge.get("from-layer"))
        if edge is None or source is None:
            raise InputError(
                f"an OpenVINO IR must be whole; nothing leads to the output {layer.get('name')} of {path}; "
                "convert the model again"
            )
        ports = [port for port in source.findall("output/port") if port.get("id") == edge.get("from-port")]
        port = ports[0] if ports else layer
        sides = (side.text or "" for side in port.findall("dim"))
        yield TensorSpec(
            name=_first_name(port.get("names", "")) or source.get("name", ""),
            shape=tuple(int(side) if re.fullmatch("[0-9]{1,18}", side) else None for side in sides),
            dtype=_dtype(port.get("precision", "").lower()),
        )


def _sides(shape: str) -> list[str]:
    return [side.strip() for side in shape.split(",") if side.strip()]


def _whole(text: str, owner: str) -> int:
    if not re.fullmatch("[0-9]{1,18}", text):
        raise InputError(f"sizes and places must be whole numbers; {owner} has {text[:40]!r}; convert the model again")
    return int(text)


def _first_name(names: str) -> str:
    """The first of the names of a tensor; a comma within a name follows a backslash."""
    return re.split(r"(?<!\\),", names)[0].replace("\\,", ",")


def _dtype(word: str) -> str:
    """As numpy writes OpenVINO's ``f32`` or ``FP32``."""
    found = re.fullmatch("(f|fp|bf|i|u)([0-9]+)", word)
    return f"{_LETTERS[found[1]]}{found[2]}" if found else {"boolean": "bool"}.get(word, word)


def _producer(net: Element, framework: str) -> str:
    version = net.find("rt_info/Runtime_version")
    told = "" if version is None else f"OpenVINO {version.get('value', '').partition('-')[0]}".strip()
    return " from ".join(filter(None, (told, framework)))
