"""What all sources whose models are files share: the path and the digest. No torch here."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from pathlib import Path

from rexnet_core.errors import InputError
from rexnet_core.files import refused_paths
from rexnet_core.printable import shorten

_LONGEST = 400
#: How the names of models begin that are no files.
_OTHERS = ("py:", "timm:", "torchvision:")


def resolve_file(name: str, suffix: str) -> str | None:
    """The path in its plain form, if it is that of a file with this suffix that can be read; None for other suffixes.

    Raises:
        InputError: There is no such file, or it can't be read, or no store can hold its name.
    """
    if not name.lower().endswith(suffix) or name.startswith(_OTHERS):
        return None
    need = f"a model ending in {suffix} must be a file that can be read"
    if not name.isprintable():
        raise InputError(f"{need}; the name {shorten(name)!r} holds what can't be printed; rename the file")
    plain = os.path.normpath(name)
    if plain.startswith(_OTHERS):
        plain = f".{os.sep}{plain}"
    if len(plain) > _LONGEST:
        raise InputError(
            f"{need}; its path has {len(plain)} characters, at most {_LONGEST} can be stored; move it or rename it"
        )
    path = Path(plain)
    with refused_paths(need, path, "give the path of a model"):
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):  # a pipe that nobody writes to would wait for ever
            raise OSError(errno.EINVAL, "is a folder" if stat.S_ISDIR(mode) else "is no plain file")
        path.open("rb").close()
    return plain


def fingerprint_file(*names: str | Path) -> str:
    """Digest of the contents of files, in this order; one that is not there counts as empty."""
    digest = hashlib.sha256()
    for name in names:
        path = Path(name)
        if path.is_file():
            with refused_paths("a model must be a file that can be read", path), path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    return f"sha256:{digest.hexdigest()[:32]}"
