"""The stack on which this thread handles signals."""

from __future__ import annotations

import ctypes
import sys

_SS_DISABLE = 2


class _Stack(ctypes.Structure):
    """``stack_t`` of Linux."""

    _fields_ = (("ss_sp", ctypes.c_void_p), ("ss_flags", ctypes.c_int), ("ss_size", ctypes.c_size_t))


def drop_signal_stack() -> None:
    """Let this thread handle signals on its ordinary stack.

    OpenVINO's CPU plugin gives the thread that opens it another stack for signals, large enough for AMX. When NNCF had
    quantised a model, that stack was gone and still in place (OpenVINO 2026.4.1): Ctrl-C then ended the process with
    SIGSEGV, and nothing was cleaned up.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).sigaltstack(ctypes.byref(_Stack(None, _SS_DISABLE, 0)), None)
