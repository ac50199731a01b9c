"""Files that the workers of these tests share, and a backend of another distribution."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bench.backends.registry import backend_names, read_registry
from bench.records.case import Case
from bench.workers.executor import ProcessExecutor
from bench.workers.shared_files import prepare_task

LIMIT_S = 400


def make_case(backend, **changes):
    known = {"model": "mobilenet_v2_0.5", "resolution": 64, "batch": 2, "threads": 1}
    return Case(backend=backend, **{**known, **changes})


@pytest.fixture(scope="session")
def toy_site(tmp_path_factory):
    """A folder in which the toy's wheel is installed."""
    folder = tmp_path_factory.mktemp("toy")
    source = shutil.copytree(Path(__file__).parent / "toy_backend", folder / "source")
    pip = [sys.executable, "-m", "pip", "-q", "--disable-pip-version-check"]
    make = [*pip, "wheel", "--no-build-isolation", "--no-deps", "-w", folder, source]
    subprocess.run(make, check=True, capture_output=True)
    install = [*pip, "install", "--no-deps", "--no-index", "--target", folder / "site", *folder.glob("*.whl")]
    subprocess.run(install, check=True, capture_output=True)
    return folder / "site"


def show_toys(toy_site, patch):
    """Let this process and its workers find what is installed in a folder."""
    patch.syspath_prepend(toy_site)
    patch.setenv("PYTHONPATH", os.pathsep.join([str(toy_site), os.environ.get("PYTHONPATH", "")]))
    read_registry.cache_clear()


@pytest.fixture
def toys(toy_site, monkeypatch):
    """The toy and the backends that lie, seen by this process and its workers."""
    show_toys(toy_site, monkeypatch)
    yield
    read_registry.cache_clear()


@pytest.fixture(scope="session")
def assets(tmp_path_factory):
    """Weights, inputs, reference logits and exports of one model."""
    folder = tmp_path_factory.mktemp("assets")
    task = prepare_task([make_case(name) for name in backend_names()], folder, seed=0)
    prepared = ProcessExecutor().prepare(task, LIMIT_S)
    assert all(times["build_s"] > 0 and times["convert_s"] > 0 for times in prepared["exports"].values())
    return folder
