"""Why a runtime failed is in the one line that is kept of its error.

Of the same kind, and held here: a compiler quoted below an empty line, an error that wraps another in its text or as
its cause, messages of several lines, of none, and very long ones.
"""

from __future__ import annotations

import pytest

from bench import worker
from bench.backends import Unavailable
from bench.workers.failures import describe_error

COMPILER = """C++ compile error

Command:
g++ /tmp/a.cpp -Werror -o /tmp/a.so {padding}

Output:
/tmp/a.cpp: In function 'void kernel(const float*)':
/tmp/a.cpp:7:5: error: 'cexp' was not declared in this scope
/tmp/a.cpp:8:5: error: expected ';'
compilation terminated."""


def chain():
    error = RuntimeError("conversion failed")
    error.__cause__ = OSError(28, "No space left on device")
    return error


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (
            RuntimeError(COMPILER.format(padding="-I/x " * 200)),
            "C++ compile error: /tmp/a.cpp:7:5: error: 'cexp' was not declared in this scope",
        ),
        (
            RuntimeError("backend='inductor' raised:\nCppCompileError: x\n\nOutput:\ng++: fatal error: no input\nend"),
            "backend='inductor' raised: CppCompileError: x: g++: fatal error: no input",
        ),
        (RuntimeError("first\n\nld: cannot find -lgomp\ncollect2: error: ld returned 1"), "first: collect2: error: ld"),
        (
            RuntimeError("Check failed\n\nException from src/core.cpp:1\nan error occurred in node x"),
            "occurred in node x",
        ),
        (chain(), "conversion failed: OSError: [Errno 28] No space left on device"),
        (ValueError("two\nlines"), "two lines"),
        (ValueError(""), "no message"),
        (ValueError("x" * 9000), "x" * 500),
        (ValueError("y" * 9000 + "\n\nerror: why"), "y: error: why"),
    ],
)
def test_the_line_has_the_reason(error, line):
    told = describe_error(error)
    assert line in told
    assert len(told) <= 500
    assert "\n" not in told


def test_a_worker_keeps_the_reason_of_any_error_and_its_kind():
    error = RuntimeError(COMPILER.format(padding=""))
    told = worker._describe(error)
    assert told["error"] == "failed"
    assert told["message"].startswith("RuntimeError: C++ compile error: /tmp/a.cpp:7:5: error: 'cexp'")
    assert worker._describe(Unavailable("no compiler")) == {"error": "unavailable", "message": "no compiler"}
    assert worker._describe(MemoryError())["message"] == "out of memory: no message"


def test_an_error_that_is_its_own_cause_ends():
    first, second = ValueError("a"), ValueError("b")
    first.__cause__, second.__cause__ = second, first
    assert describe_error(first).startswith("a")
