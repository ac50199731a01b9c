"""AOTInductor: torch.export writes a program, inductor compiles it into a package, and a process loads the package.

The worker never imports the model's code. A package is code: only one that this run has compiled is loaded.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from dataclasses import replace
from importlib import import_module
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from bench.backends.inductor import CACHE, INDUCTOR, check_compiler, hush, read_vectors
from bench.backends.instruction_sets import GENERATED
from bench.backends.torch_module import TorchModule
from bench.records.outputs import list_tensors

if TYPE_CHECKING:
    from collections.abc import Iterator

    import torch

    from bench.backends.info import Export
    from bench.records.case import Case
    from bench.records.measurement import Effective

#: Key of the package's own data: the threads that its code was generated for.
_THREADS = "threads"
_TMPDIR = "TMPDIR"


class AheadOfTime(TorchModule):
    """The compiled package of the exported program; a process that finds the package does not compile."""

    def __init__(self, case: Case, assets: Path) -> None:
        super().__init__(case, assets)
        self.exported = assets / exported_name(case.batch)
        self.package = Path()
        self.program: Any = None
        self.own_folder: tempfile.TemporaryDirectory[str] | None = None

    def load(self) -> None:
        """Import torch, where inductor can compile."""
        import torch  # noqa: PLC0415

        check_compiler(self.case)
        super().load()
        torch.set_grad_enabled(False)

    def build(self) -> None:
        """Nothing: the model comes as a file."""

    def convert(self) -> None:
        """Read the exported program, where there is no package of it yet."""
        import torch  # noqa: PLC0415

        self.package = self._cache() / f"{_digest(self.exported)}-threads{self.case.threads}.pt2"
        if not self.package.exists():
            with hush():
                self.program = torch.export.load(self.exported)

    def _cache(self) -> Path:
        """The folder of the case in this run; without one a new folder, so that nothing of others is loaded."""
        if not (folder := os.environ.get(CACHE)):
            self.own_folder = tempfile.TemporaryDirectory()
            folder = self.own_folder.name
        Path(folder).mkdir(parents=True, exist_ok=True)
        return Path(folder)

    def compile(self) -> None:
        """Compile the program into a package where there is none, and load the package."""
        from torch._inductor import aoti_load_package  # noqa: PLC0415

        # Loading unpacks a library, which is not needed once it is loaded; a killed worker would leave it behind.
        with hush(), tempfile.TemporaryDirectory(dir=self.package.parent) as folder, _temporary_files_in(folder):
            if self.program is not None:
                self._make_package(Path(folder) / "package.pt2")
            self.call = aoti_load_package(str(self.package))

    def _make_package(self, made: Path) -> None:
        """Compile into one file, and put it in its place once it is complete."""
        from torch._inductor import aoti_compile_and_package  # noqa: PLC0415

        # Freezing lays weights out for oneDNN beforehand; torch ignores it where gradients are on.
        settings = {"freezing": True, "aot_inductor.metadata": {_THREADS: str(self.case.threads)}}
        aoti_compile_and_package(self.program, package_path=str(made), inductor_configs=settings)
        made.rename(self.package)
        self.program = None

    def effective(self) -> Effective:
        """Type of the outputs; threads of the pool, or those that the code was generated for, if these are others."""
        outputs = [tensor for tensor in list_tensors(self.runner(0)()) if tensor.is_floating_point()]
        reported = self._report(outputs, memory_format="runtime", **{GENERATED: read_vectors()})
        generated = int(self.call.get_metadata()[_THREADS])
        return replace(reported, threads=generated) if generated != self.case.threads else reported


@contextlib.contextmanager
def _temporary_files_in(folder: str) -> Iterator[None]:
    """A context in which C++ code makes its temporary files in a folder."""
    before = os.environ.get(_TMPDIR)
    os.environ[_TMPDIR] = folder
    try:
        yield
    finally:
        os.environ.pop(_TMPDIR)
        os.environ.update({_TMPDIR: before} if before is not None else {})


def exported_name(batch: int) -> str:
    """File name of the exported program for a batch size."""
    return f"exported-batch{batch}.pt2"


def _digest(path: Path) -> str:
    """What tells the exported program from those of other weights: the package of another is not loaded."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def open_export() -> Export:
    """The export of a module, torch's exporter being imported."""
    import_module("torch.export")
    return dump_exported


def dump_exported(model: torch.nn.Module | Path, examples: tuple[torch.Tensor, ...], folder: Path) -> None:
    """Export a module at the static shapes of its examples; the folder receives the file named by `exported_name`."""
    import torch  # noqa: PLC0415

    assert not isinstance(model, PurePath), "`INFO.forms` names modules alone"
    with hush(), torch.no_grad():
        torch.export.save(torch.export.export(model, examples), folder / exported_name(len(examples[0])))


INFO = replace(
    INDUCTOR,
    name="aoti",
    position=3,
    precisions=("fp32",),
    memory_formats=("contiguous",),
    devices=("cpu",),
    colour="#e69f00",
    marker="P",
    export=open_export,
)


def open_backend(case: Case, assets: Path) -> AheadOfTime:
    """The package, compiled or loaded."""
    return AheadOfTime(case, assets)
