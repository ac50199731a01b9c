"""Tests have a lock of their own: they must pass beside a run, and beside one another."""

from __future__ import annotations

import os

import pytest

from bench import lock


@pytest.fixture(scope="session", autouse=True)
def _own_lock(tmp_path_factory):
    before = os.environ.get(lock.VARIABLE)
    os.environ[lock.VARIABLE] = str(tmp_path_factory.mktemp("lock") / "rexbench.lock")
    yield
    del os.environ[lock.VARIABLE]
    if before is not None:
        os.environ[lock.VARIABLE] = before
