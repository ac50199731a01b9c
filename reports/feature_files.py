"""Features of pictures as files: NumPy's, Parquet or CSV."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from reports.files.bundle import render_csv
from rexnet_core.errors import InputError
from rexnet_core.files import check_file, write_file
from rexnet_core.printable import escape_controls
from rexnet_core.sources.packages import check_installed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy.typing as npt

    Features = npt.NDArray[np.float32]

_NPY, _PARQUET, _CSV = ".npy", ".parquet", ".csv"
_NEED = "--features needs a file it can write"


def check_features(target: Path) -> None:
    """Check before anything runs that features can be written to a file.

    Raises:
        InputError: Its name says no known form, a package is missing, or it can't be written.
    """
    if target.suffix not in {_NPY, _PARQUET, _CSV}:
        raise InputError(f"--features needs a file ending in {_NPY}, {_PARQUET} or {_CSV}; got {target}")
    if target.suffix == _PARQUET:
        check_installed("pyarrow", "parquet", f"--features FILE{_PARQUET}")
    for path in (target, _names_file(target)) if target.suffix == _NPY else (target,):
        check_file(path, _NEED)


def write_features(target: Path, pictures: Sequence[str], features: Features) -> None:
    """Write the features of pictures; a .npy file holds numbers alone, and the names stand beside it.

    Args:
        target: Its suffix says the form.
        pictures: Names in the order of the rows.
        features: Shape (N, C).

    Raises:
        InputError: It can't be written; a file that was there stays as it was.
    """
    names = [escape_controls(name) for name in pictures]
    if target.suffix == _NPY:
        write_file(_names_file(target), "".join(f"{name}\n" for name in names), need=_NEED)
        held = BytesIO()
        np.save(held, features)
        write_file(target, held.getvalue(), need=_NEED)
        return
    columns = [f"feature_{number}" for number in range(features.shape[1])]
    frame = pd.DataFrame(features, columns=columns)
    frame.insert(0, "picture", names)
    write_file(target, _pack(frame) if target.suffix == _PARQUET else render_csv(frame), need=_NEED)


def _pack(frame: pd.DataFrame) -> bytes:
    held = BytesIO()
    frame.to_parquet(held, index=False, engine="pyarrow")
    return held.getvalue()


def _names_file(target: Path) -> Path:
    return target.with_name(f"{target.name}.txt")
