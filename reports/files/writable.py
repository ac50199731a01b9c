"""Whether a report can be written, known before anything runs."""

from __future__ import annotations

import contextlib
import tempfile
from typing import TYPE_CHECKING

from rexnet_core.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path


def check_writable(folder: Path) -> None:
    """Find out before the first second is spent, not after the last, that a report has no place.

    Raises:
        InputError: The folder can't be made or written to.
    """
    made = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder) as probe:
            probe.write(b"x" * 4096)
            probe.flush()
    except OSError as error:
        raise InputError(f"the report needs a folder it can write to; {folder}: {error.strerror}") from None
    finally:
        for path in made:  # a call that is refused after this must leave nothing behind
            with contextlib.suppress(OSError):
                path.rmdir()
