"""Tensor files, read without running anything in them and written whole or not at all."""

from __future__ import annotations

import os
import pickle
import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from rexnet_core.errors import WeightsError

SUFFIXES = (".pth", ".pt", ".safetensors")
# Training scripts, pycls and others put the state dict below one of these.
WRAPPERS = ("state_dict", "model_state", "model")
# Left by DistributedDataParallel and torch.compile.
PREFIXES = ("module.", "_orig_mod.")


def load_tensors(source: str | os.PathLike[str] | Mapping[str, Any]) -> dict[str, Tensor]:
    """Name -> tensor of a file or a mapping, out of its wrapper and without the prefixes training leaves.

    Raises:
        WeightsError: The file can't be read safely, or it holds anything but named tensors.
    """
    given, origin = (source, "the mapping") if isinstance(source, Mapping) else (_load_file(source), str(source))
    for wrapper in WRAPPERS:
        if isinstance(given, Mapping) and isinstance(given.get(wrapper), Mapping):
            given = given[wrapper]
    if not isinstance(given, Mapping):
        raise WeightsError(f"{origin} must hold named tensors, found {type(given).__name__}; give a state dict")
    if not given:
        raise WeightsError(f"{origin} must hold named tensors, it is empty; give a state dict")
    for name, value in given.items():
        if not isinstance(name, str) or not isinstance(value, Tensor):
            raise WeightsError(
                f"{origin} must hold named tensors, {name!r} is {type(value).__name__}; give a state dict"
            )
    tensors: dict[str, Tensor] = dict(given)
    for prefix in PREFIXES:
        if all(name.startswith(prefix) for name in tensors):
            tensors = {name.removeprefix(prefix): tensor for name, tensor in tensors.items()}
    return tensors


def dump_tensors(tensors: dict[str, Tensor], path: str | os.PathLike[str]) -> None:
    """Writes the tensors in the format the suffix names; an old file stays until the new one is whole.

    Raises:
        WeightsError: The suffix is unknown or the file can't be written.
    """
    target = _checked_suffix(path)
    try:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    except OSError as error:
        raise WeightsError(f"can't write {target}: {error.strerror}; choose another folder") from None
    os.close(handle)
    try:
        if target.suffix == ".safetensors":
            save_file(tensors, name)
        else:
            torch.save(tensors, name)
        Path(name).replace(target)
    except (OSError, RuntimeError) as error:
        raise WeightsError(f"can't write {target}: {_one_line(error)}; choose another place") from None
    finally:
        Path(name).unlink(missing_ok=True)


def _load_file(source: str | os.PathLike[str]) -> Any:
    path = _checked_suffix(source)
    try:
        if path.is_dir():
            raise WeightsError(f"weights must be a file, {path} is a directory; name the file in it")
        if path.stat().st_size == 0:
            raise WeightsError(f"{path} is empty; download or save it again")
    except OSError as error:
        raise WeightsError(f"can't read {path}: {error.strerror}; give the path of a checkpoint") from None
    try:
        if path.suffix.lower() == ".safetensors":
            return load_file(path)
        with warnings.catch_warnings(action="ignore"):  # a TorchScript archive warns before it is refused
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        if _starts_as_pickle(path) and ("GLOBAL" in str(error) or "Unsupported" in str(error)):
            raise WeightsError(
                f"{path} holds pickled code, which is never run; save its state dict alone and give that"
            ) from None
        raise WeightsError(_damaged(path, error)) from None
    except Exception as error:  # noqa: BLE001 - a damaged or hostile file fails in ways no list covers
        raise WeightsError(_damaged(path, error)) from None


def _starts_as_pickle(path: Path) -> bool:
    """Whether the file is a zip archive or a pickle of protocol 2 or later: what torch writes, and what can call."""
    with path.open("rb") as file:
        return file.read(2).startswith((b"PK", b"\x80"))


def _checked_suffix(path: str | os.PathLike[str]) -> Path:
    if not isinstance(path, str | os.PathLike):
        raise WeightsError(f"weights must be a path or a mapping, not {type(path).__name__}; give one of them")
    checked = Path(path)
    if checked.suffix.lower() not in SUFFIXES:
        raise WeightsError(f"weights must end in {', '.join(SUFFIXES)}, was {str(checked)!r}; rename or convert it")
    return checked


def _damaged(path: Path, error: Exception) -> str:
    return f"{path} is damaged or no checkpoint ({_one_line(error)}); download or save it again"


def _one_line(error: Exception) -> str:
    first = str(error).strip().partition("\n")[0]
    return first[:120] or type(error).__name__
