"""Exit codes of the program and of the processes it starts."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What a shell learns of how a command ended."""

    DONE = 0
    #: A case failed, or the command was stopped before its end.
    FAILED = 1
    #: The call or its input is wrong.
    WRONG = 2
    #: A comparison found a case that is slower.
    REGRESSION = 3
    #: A comparison found no case that is slower, but can't rule one out.
    INCONCLUSIVE = 4
