"""The sessions of the project: ``nox -s bench`` runs the main job, ``nox`` alone lint, types and tests.

All sessions share one virtual environment in ``.nox/rexbench``: torch is large, and one environment is what the
figures are made with.
"""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

import nox

nox.options.sessions = ["lint", "types", "tests"]
nox.needs_version = ">=2025.2.9"  # the first with dependency groups

_ROOT = Path(__file__).parent
_ENV = _ROOT / ".nox" / "rexbench"
_BIN = _ENV / ("Scripts" if os.name == "nt" else "bin")
_GROUPS = ("tests", "lint", "types")
#: Installed without their dependencies, as pyproject.toml says.
_GUESTS = ("guests",)


def _run(session: nox.Session, *command: str, **variables: str) -> None:
    """Run a program of the shared environment."""
    session.run(str(_BIN / command[0]), *command[1:], external=True, env=variables)


def _prepare(session: nox.Session) -> None:
    """Make the shared environment, or bring it up to date when what it is made from has changed."""
    sources = b"".join((_ROOT / name).read_bytes() for name in ("pyproject.toml", "constraints.txt"))
    wanted = hashlib.sha256(sources + sys.version.encode() + str(_ROOT).encode()).hexdigest()
    stamp = _ENV / "made-from.txt"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    session.run(sys.executable, "-m", "venv", "--clear", str(_ENV), external=True)
    constrained = ["-c", str(_ROOT / "constraints.txt")]
    project = nox.project.load_toml(_ROOT / "pyproject.toml")
    groups, guests = (nox.project.dependency_groups(project, *names) for names in (_GROUPS, _GUESTS))
    # Some networks and registries are slow with torch; a timeout of pip's default 15 s would end the run.
    _run(session, "python", "-m", "pip", "install", "-q", "--timeout", "120", *constrained, "-e", str(_ROOT), *groups)
    _run(session, "python", "-m", "pip", "install", "-q", "--timeout", "120", "--no-deps", *constrained, *guests)
    stamp.write_text(wanted)


@nox.session(python=False)
def bench(session: nox.Session) -> None:
    """Run the suites of a preset and write a report: ``nox -s bench -- --preset quick --models rexnet_1.0``."""
    _prepare(session)
    _run(session, "rexbench", "suites", *session.posargs)


@nox.session(python=False)
def tests(session: nox.Session) -> None:
    """Run the tests in two processes; ``nox -s tests -- -n 0`` keeps them in one."""
    _test(session)


@nox.session(python=False)
def survival(session: nox.Session) -> None:
    """Run the tests that start real runs, wait for them and kill them."""
    _test(session, "-m", "survival and not extra")


@nox.session(python=False)
def fuzz(session: nox.Session) -> None:
    """Try broken inputs for two minutes: ``nox -s fuzz -- --minutes 30 --seed 7`` for as long as one likes."""
    _test(session, "tests/fuzz", "-m", "fuzz")


def _test(session: nox.Session, *options: str) -> None:
    _prepare(session)
    # Two processes with a thread for every core each would wait for one another.
    _run(session, "pytest", "-n", "2", "--dist", "loadfile", *options, *session.posargs, OMP_NUM_THREADS="1")


@nox.session(python=False)
def lint(session: nox.Session) -> None:
    """Check style and formatting."""
    _prepare(session)
    _run(session, "ruff", "check", *session.posargs)
    _run(session, "ruff", "format", "--check")


@nox.session(python=False)
def types(session: nox.Session) -> None:
    """Check types, strictly."""
    _prepare(session)
    _run(session, "mypy", *session.posargs)
