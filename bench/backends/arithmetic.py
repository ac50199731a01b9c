"""Whether the processor computes in int8 and bf16 by itself, and what follows for cases in these precisions."""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING

from bench.backends.info import Finding
from bench.backends.instruction_sets import read_flags
from bench.records.case import QUANTIZED

if TYPE_CHECKING:
    from bench.records.case import Case

#: Flags of x86 and of ARM, by precision: dot products of 8-bit integers, and of bfloat16.
_INT8 = ("amx_int8", "avx512_vnni", "avx_vnni", "avx_vnni_int8", "i8mm", "asimddp")
_AMX_BF16 = "amx_bf16"
_BF16 = (_AMX_BF16, "avx512_bf16", "bf16")
_NO_INT8 = "this processor has no INT8 arithmetic (VNNI or AMX, on ARM dot products)"
_UNKNOWN = "the system does not tell whether the processor has {} arithmetic"


def find_doubts(case: Case) -> list[str]:
    """What a case in int8 must say on a processor without INT8 arithmetic; nothing where that is not known."""
    flags = read_flags()
    if case.precision != QUANTIZED or case.device != "cpu" or flags is None or flags.intersection(_INT8):
        return []
    return [f"{_NO_INT8}, so that int8 may be slower than fp32 here, and says little about processors that have it"]


def sums_of_int8_overflow() -> bool:
    """Whether products of 8 bits are summed in 16 bits, which overflow: on x86 without VNNI."""
    return platform.machine() in {"x86_64", "AMD64"} and not (read_flags() or frozenset()).intersection(_INT8)


def examine_arithmetic() -> list[Finding]:
    """A finding for int8 and one for bf16."""
    return [
        Finding(check=name, level="ok", found=found)
        for name, found in ((QUANTIZED, _describe_int8()), ("bf16", _describe_bf16()))
    ]


def _describe_int8() -> str:
    flags = read_flags()
    if flags is None:
        return _UNKNOWN.format("INT8")
    if found := [name for name in _INT8 if name in flags]:
        return f"INT8 arithmetic ({', '.join(found)}): int8 can be faster than fp32"
    return f"{_NO_INT8}: int8 may be slower than fp32 here, and its rows say so"


def _describe_bf16() -> str:
    flags = read_flags()
    if flags is None:
        return _UNKNOWN.format("bf16")
    found = [name for name in _BF16 if name in flags]
    if not found:
        return (
            "this processor has no bf16 arithmetic: OpenVINO can't run bf16 here, and torch computes it in other ways"
        )
    words = f"bf16 arithmetic ({', '.join(found)})"
    if found == ["avx512_bf16"]:
        return f"{words} but no AMX: on the processor of this kind that was measured, bf16 was slower than fp32"
    return f"{words}: bf16 can be faster than fp32"
