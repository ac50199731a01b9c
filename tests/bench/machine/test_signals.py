"""The first signal stops what may be stopped, the second everything."""

from __future__ import annotations

import os
import signal

import pytest

from bench.machine.signals import finish_first, stop_on_signals
from rexnet_core.errors import StoreError
from rexnet_core.exit_codes import ExitCode


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_at_once_but_for_what_must_be_finished(number):
    done = []
    with pytest.raises(KeyboardInterrupt), stop_on_signals(), finish_first() as asked:
        with finish_first():
            assert not asked()
            signal.raise_signal(number)
            assert asked()
            done.append("inner")
        done.append("outer")
    with pytest.raises(KeyboardInterrupt), stop_on_signals():
        with finish_first():
            done.append("whole")
        signal.raise_signal(number)
        done.append("never")
    assert done == ["inner", "outer", "whole"]


def test_an_error_goes_before_the_signal_and_the_signal_is_not_kept_for_later():
    with stop_on_signals():
        with pytest.raises(StoreError), finish_first():
            signal.raise_signal(signal.SIGTERM)
            raise StoreError("no room")
        with finish_first():
            pass


def test_a_second_signal_ends_at_once_though_nobody_reads_what_it_says(monkeypatch):
    def leave(code):
        raise SystemExit(code)

    def refuse(*_):
        raise BrokenPipeError

    monkeypatch.setattr(os, "_exit", leave)
    monkeypatch.setattr(os, "write", refuse)
    with pytest.raises(SystemExit) as left, stop_on_signals(), finish_first():
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGINT)
    assert left.value.code == ExitCode.FAILED
