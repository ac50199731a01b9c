"""A file of `torch.export.save`. It can hold code: it is loaded where the caller trusts it, and never in the parent."""

from __future__ import annotations

import contextlib
import warnings
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rexnet_core.errors import InputError, UnsupportedModelError, first_line
from rexnet_core.sources.exported_metadata import CLASSES, KEY, LICENCE, read_class_names, read_exported
from rexnet_core.sources.model_files import fingerprint_file, resolve_file
from rexnet_core.sources.source import OpenedModel
from rexnet_core.sources.tensors import TensorSpec

if TYPE_CHECKING:
    from rexnet_core.sources.source import Request

SUFFIX = ".pt2"


class ExportedProgramFile:
    """Models that torch has exported."""

    kind = "pt2"
    form = "module"
    spelling = "FILE.pt2"
    takes_channels = False
    runs_code = True

    def resolve(self, request: Request) -> str | None:
        """The path as it is given."""
        path = resolve_file(request.name, SUFFIX)
        if path is not None and not request.trust:
            raise InputError(
                f"{path} can hold code, which runs when the file is loaded; add --trust if you know who made the file"
            )
        return path

    def open(self, name: str, channels: int | None) -> OpenedModel:
        """The module of the exported program, whose weights are its own, in single precision."""
        import torch  # noqa: PLC0415

        if channels is not None:
            raise InputError(f"{name} has the channels it was exported with; leave out --in-channels")
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # torch uses old names of its own here
                told = dict.fromkeys((f"{KEY}.json", CLASSES, LICENCE), "")
                program: Any = torch.export.load(Path(name), extra_files=told)
                module = program.module().float()
        except Exception as error:  # noqa: BLE001 - torch raises all kinds for a file that is none
            if _is_compiled(Path(name)):
                raise InputError(
                    f"{name} must be a file of torch.export.save, it is a package of AOTInductor, which holds no "
                    "network to read back; give the model that it was made from, or export it with --to pt2"
                ) from None
            raise InputError(
                f"{name} must be a file of torch.export.save, not of torch.save, torch.jit.save or AOTInductor; "
                f"{first_line(error)}"
            ) from None
        return OpenedModel(
            inputs=_read_inputs(program),
            module=module,
            pretrained=True,
            fixed=True,
            classes=read_class_names(_as_text(told[CLASSES])),
            licence=_as_text(told[LICENCE]).strip(),
            preprocessing=read_exported(_as_text(told[f"{KEY}.json"])),
        )

    def fingerprint(self, name: str) -> str:
        """Digest of the file."""
        return fingerprint_file(name)


def _is_compiled(path: Path) -> bool:
    """Whether it is a package of AOTInductor; no code of it runs here."""
    with contextlib.suppress(OSError, ValueError, zipfile.BadZipFile), zipfile.ZipFile(path) as package:
        return any("/aotinductor/" in name for name in package.namelist())
    return False


def _as_text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("utf-8", "replace")


def _read_inputs(program: Any) -> tuple[TensorSpec, ...]:
    values = {node.name: node.meta.get("val") for node in program.graph.nodes if node.op == "placeholder"}
    return tuple(_read_spec(name, values[name]) for name in program.graph_signature.user_inputs if name in values)


def _read_spec(name: str, value: Any) -> TensorSpec:
    if not hasattr(value, "shape"):
        raise UnsupportedModelError(f"input {name!r} is no tensor; inputs must be tensors")
    shape = tuple(size if isinstance(size, int) else None for size in value.shape)
    dtype = "float32" if value.is_floating_point() else str(value.dtype).removeprefix("torch.")
    return TensorSpec(name=name, shape=shape, dtype=dtype)


SOURCE = ExportedProgramFile()
