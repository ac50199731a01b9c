"""Which instruction set the kernels of a runtime really use, and whether the processor offers a wider one.

Runtimes choose their kernels by the processor, but also by environment variables, by how they were built and by what
they support. A kernel for narrower vectors takes up to several times as long.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

_CPUINFO = Path("/proc/cpuinfo")
#: What x86 and ARM call their lines of flags.
_FLAGS = frozenset({"flags", "Features"})
#: Widths of vectors on x86, the narrowest first, each with how processors and runtimes name it. AMX, VNNI and the like
#: are for other precisions than fp32, and are not asked for here.
_WIDTHS = {
    "SSE": r"sse.*|default",
    "AVX": r"avx",
    "AVX2": r"avx2",
    "AVX-512": r"avx512.*|avx10.*|amx.*",
}
#: Keys in `Effective.details`: of torch's own kernels, of those that inductor writes, of oneDNN, of kernels that ran.
OWN, GENERATED, ONEDNN, KERNELS, PROCESSOR = "isa", "inductor_isa", "onednn_isa", "kernels", "processor_isa"
_NAMES = {
    OWN: "torch's own kernels",
    GENERATED: "inductor's kernels",
    ONEDNN: "oneDNN",
    KERNELS: "the kernels that ran",
}


def widest(words: Iterable[str]) -> str | None:
    """The widest instruction set that names of kernels, flags of a processor or the like hold; None where none does."""
    parts = {part for word in words for part in re.split(r"[^a-z0-9.]+", word.lower().replace("avx-512", "avx512"))}
    found = [width for width, names in _WIDTHS.items() if any(re.fullmatch(names, part) for part in parts)]
    return found[-1] if found else None


def read_flags() -> frozenset[str] | None:
    """What the first processor says that it can do, in the system's words; None where it does not say."""
    try:
        lines = _CPUINFO.read_text(errors="replace").splitlines()
    except OSError:
        return None
    named = (line.partition(":") for line in lines)
    flags = next((words for name, _, words in named if name.strip() in _FLAGS), "").split()
    return frozenset(flags) if flags else None


def read_processor() -> str | None:
    """The widest set that the processor offers; None where it does not say, as on other processors than x86."""
    return widest(read_flags() or ())


def describe(details: Mapping[str, Any]) -> str:
    """What the runtime reports of its kernels, such as ``AVX512; kernels AVX-512``; empty where it reports nothing."""
    own = [str(details[key]) for key in (OWN, GENERATED) if details.get(key)]
    ran = widest(_words(details.get(KERNELS)))
    return "; ".join([*dict.fromkeys(own), *([f"kernels {ran}"] if ran else [])])


def find_shortfalls(details: Mapping[str, Any]) -> list[str]:
    """Where kernels use narrower vectors than the processor offers, each in one sentence."""
    offered, order = details.get(PROCESSOR), list(_WIDTHS)
    if offered not in order:
        return []
    found = {name: widest(_words(details.get(key))) for key, name in _NAMES.items()}
    return [
        f"{name} use{'s' if name == _NAMES[ONEDNN] else ''} {width} at most, and this processor has {offered}"
        for name, width in found.items()
        if width and order.index(width) < order.index(offered)
    ]


def _words(value: Any) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list | tuple) else [str(value)] if value else []


def listen_to_onednn(call: Callable[[], object]) -> dict[str, Any]:
    """The set that oneDNN uses at most, and the names of the kernels that it runs in a call of torch.

    oneDNN writes them to standard output, which is read from a file meanwhile. Empty where torch has no oneDNN.
    """
    import torch  # noqa: PLC0415

    mkldnn: Any = torch.backends.mkldnn
    if not mkldnn.is_available():
        return {}
    with tempfile.TemporaryFile() as file:
        sys.stdout.flush()
        kept = os.dup(1)
        os.dup2(file.fileno(), 1)
        try:
            with mkldnn.verbose(mkldnn.VERBOSE_ON):
                call()
        finally:
            os.dup2(kept, 1)
            os.close(kept)
        file.seek(0)
        return read_verbose(file.read().decode(errors="replace"))


def read_verbose(text: str) -> dict[str, Any]:
    """What oneDNN writes under ``ONEDNN_VERBOSE=1``, as details of a runtime."""
    isa = re.search(r",info,cpu,isa:([^\n]*)", text)
    lines = (line.split(",") for line in text.splitlines() if ",exec,cpu," in line)
    # v1,primitive,exec,cpu,convolution,brgconv:avx512_core,...
    kernels = sorted({words[words.index("exec") + 3] for words in lines if len(words) > words.index("exec") + 3})
    return {**({ONEDNN: isa[1].strip()} if isa else {}), **({KERNELS: kernels} if kernels else {})}
