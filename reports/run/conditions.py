"""The conditions of a run in words: what a reader must know before believing a number."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from bench.records.durations import describe_duration
from bench.running.resume import RESUMED
from bench.running.time_estimate import TIME, describe_above
from bench.statistics.model_ratios import RIVALS, read_model_pairs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pandas as pd

    from bench.records.run import RunInfo

#: Instruction sets that decide which kernels run.
_TELLING = (
    "avx2",
    "avx512f",
    "avx512_vnni",
    "avx512_bf16",
    "avx512_fp16",
    "amx_bf16",
    "amx_int8",
    "asimd",
    "sve",
    "bf16",
)
_UNKNOWN = "not known"


def describe_conditions(info: RunInfo, cases: pd.DataFrame, floor: str = "") -> list[tuple[str, str]]:
    """Names and values, the most telling first; what could not be read says so."""
    cpu, limits, system, libraries, git = (
        _part(info, name) for name in ("cpu", "limits", "system", "libraries", "git")
    )
    rows = [
        ("processor", _word(cpu.get("model"))),
        ("instruction sets", _flags(cpu)),
        ("thread budget", _threads(limits)),
        ("cgroup CPU quota", _word(limits.get("cgroup_quota_cores"), "none", " cores")),
        ("frequency governor", _word(system.get("governor"), "can't be read")),
        ("virtual machine", _word(system.get("hypervisor"))),
        ("load before the run", _word(system.get("load_1m"))),
        ("energy counters", _word(system.get("energy"), "not looked for")),
        ("worst round", _worst_round(cases)),
        ("minimum detectable effect", floor or "not tested; run `rexbench selftest`"),
        ("libraries", ", ".join(f"{name} {version}" for name, version in libraries.items()) or _UNKNOWN),
        ("python", _word(system.get("python"))),
        ("system", _word(system.get("os"))),
        ("compiler", _word(system.get("compiler"), "not installed")),
        ("git commit", _commit(git)),
        *_variables(system),
    ]
    plain = {name: value for name, value in info.settings.items() if name not in {TIME, RESUMED, RIVALS}}
    settings = ", ".join(f"{name} {value}" for name, value in _flat({**plain, **_model_pairs(info)}))
    return [*rows, *_resumed(info), *_time(info), ("measuring settings", settings or _UNKNOWN)]


def footnote(info: RunInfo, cases: pd.DataFrame) -> str:
    """The conditions in one line, for the foot of a figure."""
    threads = sorted(int(count) for count in cases["threads"].unique())
    words = [str(_part(info, "cpu").get("model") or "unknown processor")]
    words += [f"{' or '.join(map(str, threads))} thread{'' if threads == [1] else 's'}"] if threads else []
    return "; ".join([*words, "fp32 and contiguous unless named", f"run {info.id}"])


def describe_everything(info: RunInfo) -> list[tuple[str, str]]:
    """Every recorded value of the environment under its dotted name."""
    return [(name, str(value)) for name, value in _flat(info.environment)]


def _resumed(info: RunInfo) -> Iterator[tuple[str, str]]:
    """When an interrupted run was resumed, and what conditions had changed; empty for a run without a break."""
    times = ["; ".join([again["at"], *again["differences"]]) for again in info.settings.get(RESUMED, ())]
    if times:
        yield "interrupted, and resumed at", ", ".join(times)


def _variables(system: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The environment variables that were set: those that workers had, and those that they were started without."""
    kept, dropped = system.get("kept_variables"), system.get("ignored_variables")
    if isinstance(kept, dict) and kept:
        yield "variables passed on", ", ".join(f"{name}={value}" for name, value in kept.items())
    if isinstance(dropped, list) and dropped:
        yield "variables ignored", ", ".join(map(str, dropped))


def _time(info: RunInfo) -> Iterator[tuple[str, str]]:
    """The budget, the expected time and the time taken, and the cases above the target; nothing where unrecorded."""
    account = info.settings.get(TIME)
    if not isinstance(account, dict):
        return
    words = {"budget": info.settings.get("budget_s")}
    words |= {name: account.get(f"{name}_s") for name in ("expected", "taken")}
    yield "time", ", ".join(f"{name} {describe_duration(value)}" for name, value in words.items() if value is not None)
    if (above := account.get("above_target")) is not None:
        every = "every measured case is within the target half-width"
        yield "precision", describe_above(above, info.planned, info.settings.get("target", math.nan)) or every


def _model_pairs(info: RunInfo) -> dict[str, str]:
    groups = read_model_pairs(info.settings)
    return {"model pairs": "; ".join(" / ".join(group) for group in groups)} if groups else {}


def _part(info: RunInfo, name: str) -> Mapping[str, Any]:
    values = info.environment.get(name)
    return values if isinstance(values, dict) else {}


def _word(value: object, missing: str = _UNKNOWN, unit: str = "") -> str:
    if value is None or value == "":
        return missing
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.4g}{unit}" if isinstance(value, float) else f"{value}{unit}"


def _flags(cpu: Mapping[str, Any]) -> str:
    flags = set(str(cpu.get("flags", "")).split())
    return ", ".join(name for name in _TELLING if name in flags) or _UNKNOWN


def _threads(limits: Mapping[str, Any]) -> str:
    budget = _word(limits.get("threads"))
    return f"{budget} (affinity {_word(limits.get('affinity'))}, physical cores {_word(limits.get('physical_cores'))})"


def _commit(git: Mapping[str, Any]) -> str:
    if not git.get("commit"):
        return "not in a checkout"
    return f"{str(git['commit'])[:12]}{', with changes not committed' if git.get('dirty') else ''}"


def _worst_round(cases: pd.DataFrame) -> str:
    names = {"others_percent": "neighbours {:.3g} % of the cores", "cpu_pressure_percent": "CPU pressure {:.3g} %"}
    names |= {"steal_percent": "steal {:.3g} %", "throttled_periods": "{:.0f} throttled periods"}
    names |= {"frequency_drop_percent": "frequency down by {:.3g} %"}
    counters = [
        text.format(float(cases[name].dropna().max())) for name, text in names.items() if cases[name].notna().any()
    ]
    return ", ".join(counters) or "no counters could be read"


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value
