"""What all sources whose models are files share: the path and the digest. No torch here."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from rexnet_core.errors import InputError
from rexnet_core.files import refused_paths

_LONGEST = 400


def resolve_file(name: str, suffix: str) -> str | None:
    """The path in its plain form, if it is that of a file with this suffix that can be read; None for other suffixes.

    Raises:
        InputError: There is no such file, or it can't be read, or no store can hold its name.
    """
    if not name.lower().endswith(suffix) or name.startswith(("py:", "timm:", "torchvision:")):
        return None
    need = f"a model ending in {suffix} must be a file that can be read"
    path = Path(os.path.normpath(name))
    try:
        str(path).encode()
    except UnicodeEncodeError:
        raise InputError(f"{need}; the name {name!r} is no text") from None
    if len(str(path)) > _LONGEST:
        raise InputError(f"{need}; its path has {len(str(path))} characters, at most {_LONGEST} can be stored")
    with refused_paths(need, path, "give the path of a model"):
        if path.is_dir():
            raise IsADirectoryError(21, "is a folder")
        path.open("rb").close()
    return str(path)


def fingerprint_file(*names: str | Path) -> str:
    """Digest of the contents of files, in this order; one that is not there counts as empty."""
    digest = hashlib.sha256()
    for name in names:
        path = Path(name)
        if path.is_file():
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    return f"sha256:{digest.hexdigest()[:32]}"
