"""A run: who measured what, when and where."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any


def read_clock() -> str:
    """The time now, ISO 8601 in UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def make_run_id() -> str:
    """An id that sorts by time and doesn't collide where two runs begin in the same second."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(2)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunInfo:
    """A run: when, where and under what conditions.

    Args:
        id: Sortable, such as ``20261121T081530-4f2a``.
        started_at: ISO 8601 in UTC.
        finished_at: ISO 8601 in UTC; empty while the run is running or after a crash.
        status: ``running``, ``done`` or ``interrupted``.
        environment: Nested plain values: ``cpu``, ``limits``, ``libraries``, ``git``, ``system``.
    """

    id: str
    started_at: str
    finished_at: str = ""
    status: str = "running"
    preset: str = ""
    planned: int = 0
    environment: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
