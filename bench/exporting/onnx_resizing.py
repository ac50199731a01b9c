"""Nodes of ONNX that resize a picture and cut out its centre, rounded as torchvision does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rexnet_core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy.typing as npt

    from bench.exporting.form import Form

#: The first set of operators whose resizing smooths with the step down, as Pillow does.
_LEAST_OPSET = 18


def check_operators(model: Any, form: Form) -> None:
    """Refuse to resize with operators that can't do it.

    Raises:
        InputError: The file is of an earlier set of operators.
    """
    opset = next((one.version for one in model.opset_import if one.domain in {"", "ai.onnx"}), 0)
    if form.resized_side and opset < _LEAST_OPSET:
        raise InputError(
            f"--resize needs ONNX files of operator set {_LEAST_OPSET} or later, this one is of {opset}; leave it out, "
            "or export the model anew"
        )


def resize_nodes(onnx: Any, form: Form, picture: str, hold: Callable[[str, npt.NDArray[Any]], str]) -> Iterator[Any]:
    """The nodes, of which the last gives the cut.

    Args:
        onnx: The package.
        form: Of the artefact.
        picture: Name of a tensor of shape (N, 3, H, W).
        hold: Keeps a constant and gives its name.
    """

    def make(kind: str, given: list[str], name: str, **attributes: Any) -> Any:
        place = f"resize/{name}"
        return onnx.helper.make_node(kind, given, [place], name=f"{place}/node", **attributes)

    def whole(name: str, *values: int) -> str:
        return hold(name, np.array(values, np.int64))

    cubic = {"mode": "cubic", "cubic_coeff_a": -0.5} if form.interpolation == "bicubic" else {"mode": "linear"}
    yield make("Shape", [picture], "shape")
    yield make("Gather", ["resize/shape", whole("outer", 0, 1)], "kept")
    yield make("Gather", ["resize/shape", whole("inner", 2, 3)], "sides")
    yield make("ReduceMin", ["resize/sides"], "shorter", keepdims=1)
    yield make("Mul", ["resize/sides", whole("target", form.resized_side or form.side)], "scaled")
    yield make("Div", ["resize/scaled", "resize/shorter"], "sized")
    yield make("Gather", ["resize/sides", whole("first", 0)], "height")
    yield make("Gather", ["resize/sized", whole("last", 1)], "new_width")
    yield make("Concat", ["resize/kept", "resize/height", "resize/new_width"], "wide_shape", axis=0)
    yield make("Concat", ["resize/kept", "resize/sized"], "new_shape", axis=0)
    ends = [hold(name, np.array(value, np.float32)) for name, value in (("black", 0), ("white", 255))]
    # Pillow resizes the width first, and rounds after each of both.
    for given, shape, name in ((picture, "wide_shape", "wide"), ("resize/wide", "new_shape", "pixels")):
        smooth = [given, "", "", f"resize/{shape}"]
        yield make("Resize", smooth, f"{name}_smooth", antialias=1, exclude_outside=1, **cubic)
        yield make("Round", [f"resize/{name}_smooth"], f"{name}_rounded")
        yield make("Clip", [f"resize/{name}_rounded", *ends], name)
    yield make("Sub", ["resize/sized", whole("side", form.side)], "spare")
    yield make("Cast", ["resize/spare"], "spare_floating", to=onnx.TensorProto.FLOAT)
    yield make("Mul", ["resize/spare_floating", hold("half", np.array(0.5, np.float32))], "middle")
    yield make("Round", ["resize/middle"], "middle_whole")
    yield make("Cast", ["resize/middle_whole"], "start", to=onnx.TensorProto.INT64)
    yield make("Add", ["resize/start", "prepare/side"], "stop")
    yield make("Slice", ["resize/pixels", "resize/start", "resize/stop", "prepare/inner"], "cut")
