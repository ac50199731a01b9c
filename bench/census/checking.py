"""One model on each backend: prepared once, then let compute once by each, and compared with its reference."""

from __future__ import annotations

import math
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.backends.registry import info_of
from bench.census.row import CensusRow
from bench.census.table_counts import compare_with_table
from bench.records.case import Case, name_shape
from bench.records.settings import Settings
from bench.running.interleaved_group import InterleavedGroup
from bench.workers.shared_files import export_times
from rexnet_core.registry import model_info
from rexnet_core.sources.registry import REGISTERED

if TYPE_CHECKING:
    from bench.census.setting import CensusSetting
    from bench.records.subject import Subject
    from bench.running.case_state import CaseState
    from bench.workers.executor import Executor

_TIMES = {"build": "build_s", "compile": "compile_s", "first_inference": "first_inference_s"}


def check_subject(subject: Subject, setting: CensusSetting, executor: Executor, scratch: Path) -> list[CensusRow]:
    """What became of a model on each backend, in the order of the backends.

    Args:
        subject: The model at the inputs at which it is checked.
        setting: Of the census.
        executor: Starts the processes.
        scratch: Folder for files, of which none is left.
    """
    known = _describe(subject)
    if subject.fault:
        status, reason = subject.fault
        return [CensusRow(**known, backend=name, status=status, reason=reason) for name in setting.backends]
    begun = executor.now()
    with tempfile.TemporaryDirectory(dir=scratch, ignore_cleanup_errors=True) as folder:
        group = InterleavedGroup(
            _make_cases(subject, setting),
            settings=Settings(seed=setting.seed, limit_s=setting.limit_s),
            executor=executor,
            scratch=Path(folder),
        )
        group.check()
    took_s = executor.now() - begun
    return [CensusRow(**known, **_read(state), took_s=took_s) for state in group.states]


def _describe(subject: Subject) -> dict[str, Any]:
    side, shape = name_shape(subject.shapes) if subject.shapes else (None, "")
    cost = subject.cost or {}
    return {
        "model": subject.model,
        "source": subject.source,
        "family": _name_family(subject),
        "resolution": side,
        "shape": shape,
        "params": cost.get("params"),
        "macs": cost.get("macs"),
        "uncounted": subject.uncounted,
        **compare_with_table(subject),
    }


def _name_family(subject: Subject) -> str:
    """Its family; models that have none, such as files of graphs, are named after their source."""
    own = model_info(subject.model).family if subject.source == REGISTERED else subject.family
    return own or subject.source


def _make_cases(subject: Subject, setting: CensusSetting) -> list[Case]:
    side, shape = name_shape(subject.shapes)
    plain = Case(
        model=subject.model,
        resolution=side,
        shape=shape,
        source=subject.source,
        fingerprint=subject.fingerprint,
        batch=1,
        backend=setting.backends[0],
        threads=setting.thread_count,
    )
    return [replace(plain, backend=name) for name in setting.backends]


def _read(state: CaseState) -> dict[str, Any]:
    """What a case's state says of its backend."""
    backend, parity = state.case.backend, state.parity
    phases = state.built.get("phases_s", {})
    times = {column: phases.get(name) for name, column in _TIMES.items()}
    faults = state.prepared.get("exports", {}).get(backend, {})
    exported = bool(state.prepared) and "fault" not in faults if info_of(backend).export else None
    if exported:
        times |= {f"{name}_s": taken for name, taken in export_times(state.prepared, state.case).items()}
    if parity:
        finite = parity.relative_error if math.isfinite(parity.relative_error) else None
        times |= {"cosine": parity.cosine, "relative_error": finite}
    return {
        "backend": backend,
        "status": state.status,
        "reason": state.reason,
        "exported": exported,
        "reference": parity.reference if parity else "",
        **times,
    }
