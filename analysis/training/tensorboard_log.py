"""Logs for TensorBoard, one value of each column for each epoch."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@contextmanager
def open_log(folder: Path | None, step: int) -> Iterator[Callable[[dict[str, Any]], None]]:
    """A function that logs the row of an epoch while the context lasts; nothing is logged without a folder.

    Args:
        folder: Of the logs.
        step: Where the training begins; what an interrupted one has logged after it is not shown.
    """
    if folder is None:
        yield lambda _row: None
        return
    from torch.utils.tensorboard import SummaryWriter  # noqa: PLC0415 - optional

    writer = SummaryWriter(folder, purge_step=step + 1)

    def log(row: dict[str, Any]) -> None:
        for name, value in row.items():
            if isinstance(value, float):
                group, _, rest = name.partition("_")
                tag = f"{group}/{rest}" if group in {"train", "val"} else name
                writer.add_scalar(tag, value, row["step"])
        writer.flush()

    try:
        yield log
    finally:
        writer.close()
