"""What several extras set and restore."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Torch on one thread: two that contend for busy cores wait for each other."""
    import torch  # noqa: PLC0415 - an everyday run imports this file, and needs no torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
