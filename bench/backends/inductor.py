"""What the backends that compile with inductor share: inductor writes C++ (or Triton), and calls a compiler."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import platform
import re
import subprocess
import sysconfig
import tempfile
import warnings
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from bench.backends import Tool, Unavailable
from bench.backends.torch_module import TORCH

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.records.case import Case

#: Names the folder in which inductor keeps what it has compiled.
CACHE = "TORCHINDUCTOR_CACHE_DIR"
#: Letters at which torch splits the command line of the compiler, where it does not quote paths.
_SPLITS = re.compile(r"[\s'\"\\]")


def read_compiler() -> str | None:
    """First line of the version of the C++ compiler that inductor would call; None without one."""
    name = os.environ.get("CXX") or ("clang++" if platform.system() == "Darwin" else "g++")
    with contextlib.suppress(OSError, subprocess.SubprocessError, IndexError):
        done = subprocess.run([name, "--version"], capture_output=True, text=True, timeout=20, check=True)
        return done.stdout.splitlines()[0]
    return None


COMPILER = Tool(
    name="compiler",
    title="C++ compiler",
    read_version=read_compiler,
    remedy="install g++ (Debian: apt-get install g++) or set CXX",
)


def find_obstacle() -> str:
    """Which folder the compiler can't be given: torch splits the compiler's command line at these letters."""
    found = importlib.util.find_spec("torch")
    folders = {
        "set TMPDIR to": tempfile.gettempdir(),
        f"set {CACHE} to": os.environ.get(CACHE, ""),
        "install torch in": str(Path(found.origin).parent) if found and found.origin else "",
        "use a Python in": sysconfig.get_path("include"),
    }
    for remedy, folder in folders.items():
        if _SPLITS.search(folder):
            needed = "inductor needs folders without spaces, quotes and backslashes in their paths"
            return f"{needed}, and {folder!r} has one; {remedy} another folder"
    return ""


#: What all backends on inductor have in common.
INDUCTOR = replace(
    TORCH,
    name="inductor",
    thread_variables=("TORCHINDUCTOR_COMPILE_THREADS",),
    compile_cache=CACHE,
    find_obstacle=find_obstacle,
    tools=(COMPILER,),
)


def explain_obstacle() -> str:
    """Why nothing can be compiled for the processor here, in one line; empty where it can."""
    if read_compiler() is None:
        return f"inductor needs a {COMPILER.title}; {COMPILER.remedy}"
    return find_obstacle()


def check_compiler(case: Case) -> None:
    """Make sure that there is a compiler, and nothing in its way, before time is spent.

    Raises:
        Unavailable: Inductor can't compile for the device of the case on this machine.
    """
    if case.device != "cpu":
        return
    if obstacle := explain_obstacle():
        raise Unavailable(obstacle)


def read_vectors() -> str | None:
    """The instruction set that inductor generates C++ for; None where it does not say."""
    with contextlib.suppress(ImportError, AttributeError):
        from torch._inductor.cpu_vec_isa import pick_vec_isa  # noqa: PLC0415 - torch says it nowhere else

        return str(pick_vec_isa()) or None
    return None


@contextlib.contextmanager
def hush() -> Iterator[None]:
    """A context without the warnings of torch about old names that torch itself uses when it exports and loads."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*treespec, LeafSpec.*", category=FutureWarning)
        yield
