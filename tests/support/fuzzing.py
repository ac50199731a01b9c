"""What must hold of an input: an outcome or one clean line, within a minute."""

import signal
from contextlib import contextmanager

from mutations import SECRET

from rexnet_core.errors import RexbenchError

_LONGEST_S = 60


class HangError(BaseException):
    """An input took too long; no handler of ours may catch it."""


def judge(attempt, made):
    """The outcome of an input in a word; the error of an input that is refused must be of ours."""
    try:
        with _within_a_minute():
            return attempt(made)
    except RexbenchError as error:
        check_line(str(error))
        return "refused"


def check_line(line):
    """A message is one line that a terminal can show, and tells no password."""
    assert len(f"{line}.".splitlines()) == 1, line
    assert SECRET not in line, line
    assert "\x1b" not in line, line
    line.encode()


@contextmanager
def _within_a_minute():
    def stop(*_):
        raise HangError(f"more than {_LONGEST_S} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(_LONGEST_S)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
