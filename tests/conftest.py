"""Tests have a lock of their own: they must pass beside a run, and beside one another."""

from __future__ import annotations

import os

import pytest

from bench.machine import lock


@pytest.fixture(scope="session", autouse=True)
def _plain_children():
    """Suites that a test starts are no part of a shared-out test run: pytest-benchmark would time nothing in one."""
    for name in [name for name in os.environ if name.startswith("PYTEST_XDIST_")]:
        del os.environ[name]


@pytest.fixture(scope="session", autouse=True)
def _own_lock(tmp_path_factory):
    before = os.environ.get(lock.VARIABLE)
    os.environ[lock.VARIABLE] = str(tmp_path_factory.mktemp("lock") / "rexbench.lock")
    yield
    del os.environ[lock.VARIABLE]
    if before is not None:
        os.environ[lock.VARIABLE] = before
