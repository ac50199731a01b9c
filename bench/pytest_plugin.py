"""pytest as the loop: options, the run as a fixture, and samples handed to pytest-benchmark's statistics.

Loaded with ``-p bench.pytest_plugin``; it changes nothing for tests that don't ask for its fixtures.
"""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console

from bench.machine.lock import MachineLock
from bench.options import add_control, add_options, read_selection, read_store
from bench.planning.config import load_config
from bench.planning.plan import Plan, expand
from bench.resume_options import read_resumed
from bench.running.progress import Progress
from bench.running.session import Session
from bench.store.store import Store
from rexnet_core.errors import RexbenchError
from rexnet_core.exit_codes import ExitCode
from rexnet_core.printable import make_message

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from bench.running.resume import Resumption

_PLAN = pytest.StashKey[Plan]()
_RESUMED: pytest.StashKey[Resumption | None] = pytest.StashKey()
_LOCK = pytest.StashKey[MachineLock]()
#: Id of the run this pytest session made, for whoever started it.
RUN_ID = pytest.StashKey[str]()
#: Options of plugins that run tests in other processes or at the same time, each with the value that leaves it out.
_APART: dict[str, Any] = {
    "numprocesses": None,
    "dist": "no",
    "tx": [],  # pytest-xdist
    "forked": False,  # pytest-forked
    "workers": None,
    "tests_per_worker": None,  # pytest-parallel
    "parallel_threads": 1,  # pytest-run-parallel
}
#: pytest captures standard error once it has begun; the display needs the terminal itself.
_TERMINAL = os.fdopen(os.dup(2), "w", errors="backslashreplace") if os.isatty(2) else None


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options of a run."""
    group = parser.getgroup("rexbench", "what to benchmark")
    add_options(group.addoption)
    add_control(group.addoption)


@pytest.hookimpl(tryfirst=True)  # before the plugins that would start processes
def pytest_configure(config: pytest.Config) -> None:
    """Check the selection before anything is collected: a bad one is an error of usage, in one line."""
    _keep_together(config.option)
    config.addinivalue_line("markers", "extra: takes longer than the everyday run allows; selected with -m extra")
    try:
        project = load_config(config.getoption("config_file"))
        config.option.store = read_store(config.option.store, project)
        config.stash[_RESUMED] = resumed = _read_resumed(config)
        config.stash[_PLAN] = resumed.plan if resumed else expand(read_selection(config.option, project))
    except RexbenchError as error:
        raise pytest.UsageError(str(error)) from None


def _keep_together(option: Any) -> None:
    """Run all tests here, one after the other, whatever an option or PYTEST_ADDOPTS asks for.

    Cases that are measured at the same time disturb one another, and the run is one for all of them.
    """
    asked = [name for name, alone in _APART.items() if getattr(option, name, alone) not in (alone, None, 0)]
    for name in asked:
        setattr(option, name, _APART[name])
    if asked:
        names = ", ".join(f"--{name.replace('_', '-')}" for name in asked)
        line = f"rexbench: {names} left out: cases that are measured at the same time disturb one another"
        print(line, file=sys.stderr, flush=True)  # noqa: T201 - before pytest has a place for it


def _read_resumed(config: pytest.Config) -> Resumption | None:
    """The run to resume; from now on no other run measures, so that its state stays as it was read."""
    config.stash[_LOCK] = lock = MachineLock(wait=config.getoption("wait"), tell=_tell)
    if config.getoption("resume") is None:
        return read_resumed(config.option)
    held = ExitStack()
    config.add_cleanup(held.close)
    held.enter_context(lock)
    store = Store(config.getoption("store"), create=False)
    held.callback(store.close)
    return read_resumed(config.option, store)


def _tell(text: str) -> None:
    """Say something on standard error, as pytest has not begun to capture it."""
    os.write(2, f"rexbench: {make_message(text)}\n".encode())


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Don't even import the extras unless -m asks for them: they bring torch into this process."""
    return True if "extras" in collection_path.parts and "extra" not in config.getoption("markexpr") else None


def pytest_collection_finish(session: pytest.Session) -> None:
    """Plan only the tests that were selected, so that -k saves time and the run can complete."""
    if session.config.stash[_RESUMED]:
        return  # its plan is that of its beginning
    plan = session.config.stash[_PLAN]
    params = [getattr(item, "callspec").params for item in session.items if hasattr(item, "callspec")]  # noqa: B009
    chosen = {given["case"] for given in params if "case" in given}
    session.config.stash[_PLAN] = replace(plan, cases=tuple(case for case in plan.cases if case in chosen))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test that takes `case` or `model` once per case or model of the plan, group by group."""
    plan = metafunc.config.stash[_PLAN]
    if "case" in metafunc.fixturenames:
        cases = [case for match in plan.matches() for case in match]
        metafunc.parametrize("case", cases, ids=[case.id for case in cases])
    if "model_at" in metafunc.fixturenames:
        pairs = list(dict.fromkeys((case.model, case.resolution) for case in plan.cases))
        metafunc.parametrize("model_at", pairs, ids=[f"{model}-{side}" for model, side in pairs])


@pytest.fixture(scope="session")
def bench_session(pytestconfig: pytest.Config) -> Iterator[Session]:
    """The run: entered at the first case, closed at the end of the session."""
    progress = Progress(Console(file=_TERMINAL) if _TERMINAL else None)
    try:
        lock, resumed = pytestconfig.stash[_LOCK], pytestconfig.stash[_RESUMED]
        with ExitStack() as held:
            held.enter_context(lock)  # before the store: suites that are refused leave none
            store = Store(pytestconfig.getoption("store"))
            held.callback(store.close)
            plan = pytestconfig.stash[_PLAN]
            session = held.enter_context(Session(plan, store, progress=progress, lock=lock, resumed=resumed))
            pytestconfig.stash[RUN_ID] = session.run.id
            if _TERMINAL:
                print(f"\nrexbench: {session.forecast}", file=_TERMINAL, flush=True)
            yield session
    except RexbenchError as error:
        pytest.exit(str(error), returncode=ExitCode.WRONG)


class ReplayClock:
    """A clock that replays recorded durations: the difference of two readings is the next recorded duration.

    pytest-benchmark times what it runs itself; this lets it take samples that a worker took in another process.
    """

    __name__ = "recorded by the worker"

    def __init__(self) -> None:
        self._durations: list[float] = []
        self._now = 0.0
        self._running = False

    def load(self, durations: Sequence[float]) -> None:
        """Durations to show next [s]."""
        self._durations, self._running = list(reversed(durations)), False

    def __call__(self) -> float:
        """The time now [s]."""
        if self._running and self._durations:
            self._now += self._durations.pop()
        self._running = not self._running
        return self._now


REPLAY = ReplayClock()


def replay(benchmark: Any, samples_s: Sequence[float]) -> None:
    """Hand recorded samples [s] to pytest-benchmark; the test must be marked with ``benchmark(timer=REPLAY)``."""
    REPLAY.load(samples_s)
    benchmark.pedantic(lambda: None, rounds=len(samples_s), iterations=1)
