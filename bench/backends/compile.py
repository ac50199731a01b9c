"""torch.compile with inductor, which writes C++ (or Triton) and needs a compiler."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import platform
import re
import subprocess
import sysconfig
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from bench.backends import Tool, Unavailable
from bench.backends.instruction_sets import GENERATED
from bench.backends.torch_module import TORCH, TorchModule
from bench.backends.training import TrainingModule
from bench.records.case import TRAIN
from bench.records.outputs import list_tensors

if TYPE_CHECKING:
    from bench.records.case import Case
    from bench.records.measurement import Effective

_CACHE = "TORCHINDUCTOR_CACHE_DIR"
#: Letters at which torch splits the command line of the compiler, where it does not quote paths.
_SPLITS = re.compile(r"[\s'\"\\]")


def read_compiler() -> str | None:
    """First line of the version of the C++ compiler that inductor would call; None without one."""
    name = os.environ.get("CXX") or ("clang++" if platform.system() == "Darwin" else "g++")
    with contextlib.suppress(OSError, subprocess.SubprocessError, IndexError):
        done = subprocess.run([name, "--version"], capture_output=True, text=True, timeout=20, check=True)
        return done.stdout.splitlines()[0]
    return None


_COMPILER = Tool(
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
        f"set {_CACHE} to": os.environ.get(_CACHE, ""),
        "install torch in": str(Path(found.origin).parent) if found and found.origin else "",
        "use a Python in": sysconfig.get_path("include"),
    }
    for remedy, folder in folders.items():
        if _SPLITS.search(folder):
            needed = "inductor needs folders without spaces, quotes and backslashes in their paths"
            return f"{needed}, and {folder!r} has one; {remedy} another folder"
    return ""


INFO = replace(
    TORCH,
    name="compile",
    position=2,
    trains=True,
    thread_variables=("TORCHINDUCTOR_COMPILE_THREADS",),
    compile_cache=_CACHE,
    find_obstacle=find_obstacle,
    colour="#009e73",
    marker="^",
    tools=(_COMPILER,),
)


class Compiled(TorchModule):
    """The module compiled as one graph for one static shape."""

    def load(self) -> None:
        """Import torch, and make sure that there is a compiler, and nothing in its way, before time is spent."""
        if self.case.device == "cpu":
            if read_compiler() is None:
                raise Unavailable(f"inductor needs a {_COMPILER.title}; {_COMPILER.remedy}")
            if obstacle := find_obstacle():
                raise Unavailable(obstacle)
        super().load()

    def compile(self) -> None:
        """Compile by calling once: inductor does its work at the first call, not before."""
        import torch  # noqa: PLC0415

        self.call = torch.compile(self.module, fullgraph=True, dynamic=False)
        # Made outside inference mode, as the inputs are: inductor compiles anew for the other kind of tensor.
        example = self.example()
        with torch.inference_mode():
            self.call(*example)

    def effective(self) -> Effective:
        """Type of the outputs; inductor lays tensors out as it likes, on the CPU mostly channels_last."""
        outputs = [tensor for tensor in list_tensors(self.runner(0)()) if tensor.is_floating_point()]
        return self._report(outputs, memory_format="runtime", **{GENERATED: _read_vectors()})


class CompiledTraining(Compiled, TrainingModule):
    """Training steps of the compiled module: forward and backward pass are compiled, the optimiser is torch's own."""

    def compile(self) -> None:
        """Compile by one step: inductor compiles the backward pass when it is needed first."""
        import torch  # noqa: PLC0415

        self.call = torch.compile(self.module, fullgraph=True, dynamic=False)
        self.step_on(self.example())()
        self.restart()
        self.take_parts()


def _read_vectors() -> str | None:
    """The instruction set that inductor generates C++ for; None where it does not say."""
    with contextlib.suppress(ImportError, AttributeError):
        from torch._inductor.cpu_vec_isa import pick_vec_isa  # noqa: PLC0415 - torch says it nowhere else

        return str(pick_vec_isa()) or None
    return None


def open_backend(case: Case, assets: Path) -> Compiled:
    """The module, to be compiled."""
    return CompiledTraining(case, assets) if case.scenario == TRAIN else Compiled(case, assets)
