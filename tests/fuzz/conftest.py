"""Inputs of every kind, nearly right or not at all, for as long as one likes: ``nox -s fuzz -- --minutes 30 --seed 7``.

Each input is made from a number; the first is the seed, and one that fails can be made again from its own. A traceback,
a message that is not one clean line, an input that takes over a minute and a file that a refused call leaves behind
fail; the end tells how many were tried.
"""

import os
import time
from collections import Counter
from itertools import count
from pathlib import Path
from random import Random

import pytest
from fuzzing import judge

_COUNTS = "inputs tried"
FIRST = 20260101
#: Of an input that fails [characters]; its number makes it again.
_MOST_SHOWN = 1000
_HERE = Path(__file__).parent


def pytest_addoption(parser):
    group = parser.getgroup("fuzz")
    group.addoption("--minutes", type=float, default=2.0, help="for all kinds of input together (2)")
    group.addoption("--seed", type=int, default=FIRST, help="the same inputs for the same seed (20260101)")


def pytest_collection_modifyitems(items):
    for item in items:
        if _HERE in item.path.parents:
            item.add_marker("fuzz")


def pytest_terminal_summary(terminalreporter, config):
    reports = [report for reports in terminalreporter.stats.values() for report in reports]
    counts = dict(
        value for report in reports for name, value in getattr(report, "user_properties", ()) if name == _COUNTS
    )
    if not counts:
        return
    terminalreporter.section(f"inputs tried, --seed {config.getoption('seed', FIRST)}")
    for kind, outcomes in sorted(counts.items()):
        words = ", ".join(f"{number} {outcome}" for outcome, number in sorted(outcomes.items()))
        terminalreporter.write_line(f"{kind:15} {sum(outcomes.values()):7}  ({words})")
    terminalreporter.write_line(f"{'together':15} {sum(sum(outcomes.values()) for outcomes in counts.values()):7}")


@pytest.fixture
def fuzz(request):
    """Tries inputs until the share of time of a test is spent."""
    config = request.config
    tests = sum(item.get_closest_marker("fuzz") is not None for item in request.session.items)
    processes = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    share_s = 60 * config.getoption("minutes", 2.0) * processes / tests
    first = config.getoption("seed", FIRST)

    def run(kind, make, attempt):
        """Try what `make` makes of one source of chance after another; `attempt` gives the outcome in a word."""
        counts = Counter()
        end = time.monotonic() + share_s
        try:
            for number in count(first):
                made = make(Random(number))
                try:
                    counts[judge(attempt, made)] += 1
                except BaseException as error:
                    again = f"nox -s fuzz -- --seed {number} -k {request.node.name}"
                    error.add_note(f"found with: {again}\ninput: {repr(made)[:_MOST_SHOWN]}")
                    raise
                if time.monotonic() > end:
                    break
        finally:  # reports carry it to the end of the session, from other processes too
            request.node.user_properties.append((_COUNTS, (kind, dict(counts))))

    return run
