"""A model as an ONNX file at the static shapes of a case."""

from __future__ import annotations

import importlib.util
import logging
import warnings
from pathlib import PurePath
from typing import TYPE_CHECKING

from analysis.graphs.reading import check_shapes, describe_graph
from bench.backends import Unavailable
from bench.backends.onnx_layers import dump_layers, list_layers
from rexnet_core.sources.onnx_file import write_with_shapes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import torch

    from bench.backends.info import Export

#: Weights beyond this go into a second file: a message of protobuf holds 2 GiB, and the graph needs some of it [bytes].
_MOST_BYTES = 1_900_000_000


def onnx_name(batch: int) -> str:
    """File name of the model for a batch size."""
    return f"batch{batch}.onnx"


def int8_name(batch: int) -> str:
    """File name of the same model in int8."""
    return f"batch{batch}.int8.onnx"


def data_of(path: Path) -> Path:
    """The file beside a model in which its weights are where they are too large for the model's own."""
    return path.with_name(f"{path.name}.data")


def find_missing(*packages: str) -> str:
    """Which of these packages are not installed and what to do, in one line; empty where all are."""
    missing = [package for package in packages if importlib.util.find_spec(package) is None]
    return f'{" and ".join(missing)} must be installed; pip install "rexbench[onnx]"' if missing else ""


def open_export() -> Export:
    """The conversion to an ONNX file, with what it needs imported.

    Raises:
        Unavailable: A package is missing.
    """
    if missing := find_missing("onnx", "onnxscript"):
        raise Unavailable(missing)
    import onnx  # noqa: PLC0415
    import onnxscript  # noqa: PLC0415

    assert onnx
    assert onnxscript
    return dump_onnx


def dump_onnx(model: torch.nn.Module | Path, examples: tuple[torch.Tensor, ...], folder: Path) -> None:
    """Write a model at the static shapes of its examples; the folder receives the file named by `onnx_name`."""
    target = folder / onnx_name(len(examples[0]))
    shapes = [tuple(example.shape) for example in examples]
    data_of(target).unlink(missing_ok=True)  # it would be added to
    if isinstance(model, PurePath):
        check_shapes(describe_graph(model), shapes, model)
        write_with_shapes(model, shapes, target)
    else:
        export_module(model, examples, target)
    import onnx  # noqa: PLC0415

    dump_layers(target, list_layers(onnx.load(target, load_external_data=False)))


def export_module(
    module: torch.nn.Module, examples: tuple[torch.Tensor, ...], target: Path, *, any_batch: bool = False
) -> None:
    """Write a module as torch's exporter does, without what the exporter says of other packages.

    Args:
        module: In eval mode.
        examples: Its inputs; where any batch is to fit, of more than one image.
        target: The file.
        any_batch: Whether the file is to take any number of images.
    """
    import torch  # noqa: PLC0415

    sizes = tuple({0: torch.export.Dim("batch")} for _ in examples) if any_batch else None
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            warnings.simplefilter("ignore", DeprecationWarning)
            program = torch.onnx.export(module, examples, dynamo=True, verbose=False, dynamic_shapes=sizes)
        assert program is not None, "without a path torch gives back what it made"
        program.save(target, external_data=sum(_sizes(module)) > _MOST_BYTES)
    finally:
        logger.setLevel(level)


def _sizes(module: torch.nn.Module) -> Iterator[int]:
    """Bytes of each tensor that the file will hold."""
    for tensor in (*module.parameters(), *module.buffers()):
        yield tensor.numel() * tensor.element_size()
