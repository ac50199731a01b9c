"""Tensor files, read without running anything in them and written whole or not at all."""

from __future__ import annotations

import os
import pickle
import re
import secrets
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors.torch import load_file, save_file

from rexnet_core.checkpoint_entries import NamedTensors, take_entry
from rexnet_core.errors import WeightsError, first_line
from rexnet_core.inert_pickles import stand_ins
from rexnet_core.paddle_files import read_paddle, write_paddle

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

_PADDLE = ".pdparams"
#: What tensors are written to.
SUFFIXES = (".pth", ".pt", ".safetensors", _PADDLE)
_WRITERS: dict[str, Callable[[dict[str, Tensor], str], object]] = {".safetensors": save_file, _PADDLE: write_paddle}
#: What they are read from, besides: by torch.save under the names that training scripts give.
_READ_SUFFIXES = (*SUFFIXES, ".pth.tar", ".pt.tar", ".tar", ".ckpt", ".bin", ".pyth")
#: How torch says that a pickle names what is not on its list, and that it puts together what is not on it.
_NAMED = re.compile(r"GLOBAL (\S+) ")
_UNNAMED = re.compile("unrecognized function|Can only ")
#: How the small text begins that stands in place of a large file until it is fetched.
_POINTER = b"version https://git-lfs"


def load_tensors(
    source: str | os.PathLike[str] | Mapping[str, Any] | NamedTensors, entry: str | None = None
) -> NamedTensors:
    """The named tensors of a file or a mapping, out of their entry and without the prefixes that training leaves.

    Args:
        source: A file, what one holds, or tensors that were taken from one.
        entry: Which entry to take where several hold weights, such as ``state_dict_ema``.

    Raises:
        WeightsError: The file can't be read safely, several entries hold weights and none is asked for, or it holds
            anything but named tensors.
    """
    if isinstance(source, NamedTensors):
        return source
    given, origin = (source, "the mapping") if isinstance(source, Mapping) else (_load_file(source), str(source))
    if not isinstance(given, Mapping):
        raise WeightsError(f"{origin} must hold named tensors, found {type(given).__name__}; give a state dict")
    return take_entry(given, origin, entry)


def dump_tensors(tensors: dict[str, Tensor], path: str | os.PathLike[str]) -> None:
    """Writes the tensors in the format the suffix names; an old file stays until the new one is whole.

    Raises:
        WeightsError: The suffix is unknown or the file can't be written.
    """
    target = _checked_suffix(path, SUFFIXES)
    draft = target.with_name(f".{target.name}.{secrets.token_hex(8)}")
    try:
        draft.touch(exist_ok=False)  # with the rights that the user's files have
    except (OSError, ValueError) as error:
        raise WeightsError(f"can't write {target}: {first_line(error)}; choose another folder") from None
    try:
        _WRITERS.get(target.suffix.lower(), torch.save)(tensors, str(draft))
        draft.replace(target)
    except (OSError, RuntimeError, ValueError) as error:
        raise WeightsError(f"can't write {target}: {first_line(error)}; choose another place") from None
    finally:
        draft.unlink(missing_ok=True)


def _load_file(source: str | os.PathLike[str]) -> Any:
    path = _checked_suffix(source, _READ_SUFFIXES)
    _check_file(path)
    try:
        if path.name.lower().endswith(".safetensors"):
            return load_file(path)
        # A TorchScript archive warns before it is refused, and tensors of Paddle's arrays are read-only.
        with warnings.catch_warnings(action="ignore"), torch.serialization.safe_globals([*stand_ins()]):
            if path.name.lower().endswith(_PADDLE):
                return read_paddle(path)
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise WeightsError(_why_refused(path, str(error)) or _damaged(path, error)) from None
    except Exception as error:  # noqa: BLE001 - a damaged or hostile file fails in ways no list covers
        raise WeightsError(_damaged(path, error)) from None


def _check_file(path: Path) -> None:
    try:
        if path.is_dir():
            raise WeightsError(f"weights must be a file, {path} is a directory; name the file in it")
        size = path.stat().st_size
        if not path.is_file():  # a read from a pipe would never end
            raise WeightsError(f"weights must be a file, {path} is none; give the path of a checkpoint")
        path.open("rb").close()
    except (OSError, ValueError) as error:
        raise WeightsError(f"can't read {path}: {first_line(error)}; give the path of a checkpoint") from None
    if not size:
        raise WeightsError(f"{path} is empty; download or save it again")


def _why_refused(path: Path, said: str) -> str:
    """What a whole file holds besides tensors and plain data; empty if the file is damaged."""
    if not _starts_as_pickle(path):
        return ""
    if named := _NAMED.search(said):
        what = repr(named[1])[:100]
    elif _UNNAMED.search(said):
        what = "instructions that put other things together"
    elif "Unsupported operand" in said:
        return f"{path} is pickled by another protocol than torch.save's own; save its state dict anew and give that"
    else:
        return ""
    return (
        f"{path} holds {what}, which is neither tensors nor plain data and is never run; save its state dict alone "
        "and give that"
    )


def _starts_as_pickle(path: Path) -> bool:
    """Whether the file is a zip archive or a pickle of protocol 2 or later: what torch writes, and what can call."""
    with path.open("rb") as file:
        return file.read(2).startswith((b"PK", b"\x80"))


def _checked_suffix(path: str | os.PathLike[str], suffixes: tuple[str, ...]) -> Path:
    if not isinstance(path, str | os.PathLike):
        raise WeightsError(f"weights must be a path or a mapping, not {type(path).__name__}; give one of them")
    checked = Path(path)
    if not checked.name.lower().endswith(suffixes):
        raise WeightsError(f"weights must end in {', '.join(suffixes)}, was {str(checked)!r}; rename or convert it")
    return checked


def _damaged(path: Path, error: Exception) -> str:
    with path.open("rb") as file:
        if file.read(len(_POINTER)) == _POINTER:
            return f"{path} is a pointer of Git LFS, not the file itself; fetch it with git lfs pull"
    # torch goes on to say how its check can be turned off.
    said = "" if str(error).startswith("Weights only load failed") else f" ({first_line(error)})"
    return f"{path} is damaged or no checkpoint{said}; download or save it again"
