"""What a backend is, in plain values that any process reads without importing the runtime.

What a backend does is `bench.backends.Backend`. Each backend's file declares its own `INFO`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.records.case import END_TO_END, THROUGHPUT, TRAIN
from bench.records.training import TRAINED_PRECISIONS
from rexnet_core.sources.registry import FORMS, SOURCES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path
    from typing import Any

    import numpy.typing as npt
    import torch

    from bench.records.case import Case

    #: Writes a module or the graph in a file, given an example of each input, into a folder in the backend's own form.
    Export = Callable[[torch.nn.Module | Path, tuple[torch.Tensor, ...], Path], None]
    #: Writes the int8 form of a module, or of the graph in a file, into a folder, calibrated on batches with an array
    #: for each input. Returns the layers that it quantised, each with its signal to noise [dB], NaN where not known.
    Quantize = Callable[[torch.nn.Module | Path, Sequence[tuple[npt.NDArray[Any], ...]], Path], Mapping[str, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that `rexbench doctor` looked at.

    The level is ``ok``, ``warn`` (numbers are affected) or ``fail`` (something can't run).
    """

    check: str
    level: str
    found: str
    remedy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A program that a backend calls while it compiles; `name` is the key of its version in a run's environment."""

    name: str
    title: str
    read_version: Callable[[], str | None]
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendInfo:
    """All that the parent process and the reports know of a backend.

    Args:
        name: As ``--backends`` has it.
        library: Distribution whose version every run records.
        install: Command that installs the library; default: pip with the name of the library, or of our extra.
        extra: Our extra that brings the library; empty where every install of rexbench has it.
        position: Place in tables and legends, the smallest first; backends of other distributions follow ours.
        forms: Forms of models that it takes, as `rexnet_core.sources.source.ModelSource.form` has them.
        memory_formats: Supported values of `Case.memory_format`; a runtime that chooses its own takes ``contiguous``.
        queued: Whether it keeps several requests in flight by itself (`bench.backends.Queued`). Any other backend
            answers one call at a time; its throughput is measured with several instances.
        trains: Whether it can take training steps (`bench.backends.Trained`).
        hint: Whether one that keeps several requests in flight has a hint by which it chooses its number of streams.
        tuning_variables: Beginnings of environment variables that tune it; workers start without them.
        thread_variables: Environment variables that receive the thread budget.
        compile_cache: Environment variable that names the folder of its compile cache; empty where compiling leaves
            nothing behind that a later process could reuse.
        tools: Programs that it calls.
        find_obstacle: Says why it can't work on this machine and what to do, in one line, without importing the
            runtime; empty where nothing is in the way. ``rexbench doctor`` shows it.
        examine: Findings for ``rexbench doctor``, the library's version first. It runs in a process of its own and may
            import the runtime.
        export: Imports what converting needs and returns the function that converts a module. It runs in the process
            that prepares the shared files; the times of build and conversion are then those of this process.
        quantize: Imports what quantising needs and returns the function that does it, for cases in int8. It runs in the
            same process, after `export`, and raises `bench.backends.Unavailable` where a package is missing.
        int8_beside: Name of the backend whose fp32 form differs from this one's int8 form in the precision alone, where
            that is not its own.
        export_key: Key by which parents before `exports` ask the preparing process for this export; empty for none.
        deprecated: Since when and in favour of what the runtime is deprecated, as in ``deprecated since ...``; empty
            where it is not. Its rows are marked, and doctor says it.
    """

    name: str
    library: str = ""
    install: str = ""
    extra: str = ""
    position: int = 100
    precisions: tuple[str, ...] = ("fp32",)
    forms: tuple[str, ...] = ("module",)
    memory_formats: tuple[str, ...] = ("contiguous",)
    devices: tuple[str, ...] = ("cpu",)
    queued: bool = False
    trains: bool = False
    hint: bool = True
    tuning_variables: tuple[str, ...] = ()
    thread_variables: tuple[str, ...] = ()
    compile_cache: str = ""
    colour: str = "#cc79a7"
    marker: str = "v"
    tools: tuple[Tool, ...] = ()
    find_obstacle: Callable[[], str] | None = None
    examine: Callable[[], list[Finding]] | None = None
    export: Callable[[], Export] | None = None
    quantize: Callable[[], Quantize] | None = None
    int8_beside: str = ""
    export_key: str = ""
    deprecated: str = ""

    @property
    def how_to_install(self) -> str:
        """The command that installs the library."""
        return self.install or (
            f'pip install "rexbench[{self.extra}]"' if self.extra else f"pip install {self.library}"
        )

    def why_unsupported_model(self, case: Case) -> str:
        """Why the backend can't run the model of a case whatever its settings, in one line; empty where it can."""
        source = SOURCES.get(case.source)
        if source is None:
            return f"this rexbench knows no source {case.source!r} of models"
        if source.form not in self.forms:
            return f"{self.name} takes {' and '.join(FORMS[form] for form in self.forms)}, not {source.spelling}"
        return ""

    def why_unsupported(self, case: Case) -> str:
        """Why the backend can't run a case on any machine, in one line; empty where it can."""
        if why := self.why_unsupported_model(case):
            return why
        for kind, asked, supported in (
            ("device", case.device, self.devices),
            ("precision", case.precision, self.precisions),
            ("memory format", case.memory_format, self.memory_formats),
        ):
            if asked not in supported:
                return f"{self.name} supports {kind} {' and '.join(supported)}, not {asked}"
        return self._why_no_scenario(case)

    def _why_no_scenario(self, case: Case) -> str:
        if case.scenario == TRAIN:
            return self._why_no_training(case)
        side = case.resolution
        if case.scenario == END_TO_END and case.input_shapes not in {((3, side, side),), ((side, side, 3),)}:
            return f"a picture becomes one square image of 3 colours; {case.model} takes {case.shape}"
        if case.scenario == THROUGHPUT and not self.queued:
            return f"{self.name} answers one call at a time; its throughput is that of several instances"
        if case.scenario == "throughput" and not case.streams and not self.hint:
            return f"{self.name} has no throughput hint; name its number of streams, such as --streams {case.threads}"
        return ""

    def _why_no_training(self, case: Case) -> str:
        if not self.trains:
            return f"{self.name} runs models and does not train them"
        if case.precision not in TRAINED_PRECISIONS:
            return f"training steps are taken in {' and '.join(TRAINED_PRECISIONS)}, not {case.precision}"
        return ""
