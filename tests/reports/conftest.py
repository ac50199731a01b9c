"""Made-up records of a run that looks like a real one: two models that are compared, four backends, two batches, and
what goes wrong.
"""

from __future__ import annotations

from dataclasses import replace
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis.published import load
from analysis.study import Study
from bench.planning.presets import ALL_BACKENDS as BACKENDS
from bench.records.case import Case
from bench.records.measurement import Agreement, Effective, LayerRun, Measurement, Parity, Round
from bench.records.run import RunInfo
from reports.run.data import RunData

HOSTILE = "<script>alert(1)</script>"
_SPEED = {"eager": 1.0, "torchscript": 1.15, "compile": 1.6, "openvino": 2.1}
_EAGER_S = {("rexnet_1.0", 1): 0.029, ("rexnet_1.0", 8): 0.21, ("rexnet_2.0", 1): 0.081, ("rexnet_2.0", 8): 0.62}
_PHASES = {
    "eager": {"import": 1.4, "build": 0.3, "first_inference": 0.14},
    "torchscript": {"import": 1.4, "build": 0.3, "convert": 2.2, "compile": 0.6, "first_inference": 0.9},
    "compile": {"import": 1.4, "build": 0.3, "compile": 31.0, "first_inference": 0.05},
    "openvino": {"import": 0.3, "convert": 0.2, "compile": 0.8, "first_inference": 0.03},
}
_CACHE = {"compile": ("cold", "cached"), "openvino": ("cold", "cold")}


def made_round(rng: np.random.Generator, case: Case, index: int, drift: Any) -> Round:
    centre = _EAGER_S[case.model, case.batch] / _SPEED[case.backend] * np.exp(rng.normal(0, 0.01))
    noise = np.exp(np.abs(rng.normal(0, 0.03, (8, 7))))
    cache = _CACHE[case.backend][min(index, 1)] if case.backend in _CACHE else None
    phases = {name: value * float(np.exp(rng.normal(0, 0.02))) for name, value in _PHASES[case.backend].items()}
    if cache == "cached":
        phases["compile"] = 3.1
    return Round(
        turns_s=tuple(tuple(turn) for turn in (centre * drift[:, None] * noise).tolist()),
        phases_s=phases | {"warm_up": 1.0},
        compile_cache=cache,
        warmup_calls=24,
        peak_rss_bytes=612_000_000 + 1_000_000 * index,
        base_rss_bytes=231_000_000,
        interference={"cpu_pressure_percent": 3.5 + index, "steal_percent": None, "throttled_periods": 0.0},
    )


def made_measurement(case: Case, rounds: int = 6) -> Measurement:
    # Seeded by the match, so that drift is shared within it, as side by side measuring makes it.
    seed = abs(hash((case.resolution, case.batch, len(case.model)))) % 1000 + int(
        _EAGER_S[case.model, case.batch] * 1e4
    )
    shared, own = np.random.default_rng(seed), np.random.default_rng([seed, BACKENDS.index(case.backend)])
    drift = np.exp(shared.normal(0, 0.04, (rounds, 8)))
    return Measurement(
        case=case,
        status="ok",
        rounds=tuple(made_round(own, case, index, drift[index]) for index in range(rounds)),
        parity=Parity(cosine=0.999999, relative_error=3e-6, top1_agreement=1.0, inputs=4, passed=True),
        effective=Effective(
            precision=case.precision,
            threads=case.threads,
            streams=1,
            memory_format="runtime" if case.backend == "openvino" else case.memory_format,
            device="cpu",
        ),
        stop_reason="target",
    )


def without_rounds(case: Case, status: str, reason: str) -> Measurement:
    return Measurement(case=case, status=status, reason=reason)


def made_measurements(rounds: int = 6) -> tuple[Measurement, ...]:
    measurements = {}
    for model, batch in _EAGER_S:
        for backend in BACKENDS:
            case = Case(model=model, resolution=224, batch=batch, backend=backend, threads=2)
            measurements[case.id] = made_measurement(case, rounds)
    failed, wrong = measurements["rexnet_2.0-224-b8-compile"], measurements["rexnet_2.0-224-b1-torchscript"]
    measurements[failed.case.id] = without_rounds(failed.case, "failed", f"killed by signal 9 after 12 s {HOSTILE}")
    measurements[wrong.case.id] = replace(
        wrong,
        status="mismatch",
        reason="top-1 agrees on 2 of 4 inputs; must on all",
        parity=Parity(cosine=0.97, relative_error=0.2, top1_agreement=0.5, inputs=4, passed=False),
    )
    plain = Case(model="rexnet_1.0", resolution=224, batch=1, backend="eager", threads=2)
    extra = (
        made_measurement(replace(plain, precision="bf16"), rounds),
        without_rounds(
            replace(plain, backend="openvino", precision="bf16"), "unavailable", "this processor has no bfloat16"
        ),
        without_rounds(
            replace(plain, backend="openvino", memory_format="channels_last"), "unsupported", "ask for contiguous"
        ),
        replace(
            made_measurement(replace(plain, memory_format="channels_last"), rounds), notes=("warm-up hit its cap.",)
        ),
    )
    return (*measurements.values(), *extra, *made_throughput(plain, rounds), made_int8(plain, rounds))


def made_int8(plain: Case, rounds: int) -> Measurement:
    """OpenVINO in int8: 1.4 times as fast as in fp32, one layer left in fp32, three of 400 labelled pictures worse."""
    case = replace(plain, backend="openvino", precision="int8", calibration="photos-1a2b3c4d")
    known = made_measurement(case, rounds)
    parts = tuple(
        replace(part, turns_s=tuple(tuple(sample / 1.4 for sample in turn) for turn in part.turns_s))
        for part in known.rounds
    )
    right = tuple(index % 5 > 0 for index in range(400))
    details = {"weights": "checkpoint", "calibration": "128 of 528 pictures in photos"}
    return replace(
        known,
        rounds=parts,
        effective=replace(known.effective, details=details),
        agreement=Agreement(
            images="400 others of photos",
            cosines=(0.99,) * 400,
            relative_errors=(0.1,) * 400,
            same_top1=tuple(index > 8 for index in range(400)),
            correct=tuple(flag and index not in {6, 7, 8} for index, flag in enumerate(right)),
            reference_correct=right,
        ),
        layers=(
            LayerRun(layer="stem.conv", kind="Convolution", precision="fp32", macs=10_838_016, time_s=4e-4),
            LayerRun(
                layer="body.conv", kind="Convolution", precision="int8", macs=90_000_000, time_s=3e-4, snr_db=21.5
            ),
            LayerRun(
                layer="classifier", kind="FullyConnected", precision="int8", macs=1_280_000, time_s=1e-4, snr_db=15.0
            ),
        ),
    )


def made_throughput(plain: Case, rounds: int) -> tuple[Measurement, ...]:
    """OpenVINO with streams and with its hint, and instances of eager: twice the streams are 1.4 times the images."""
    asked = [("openvino", 1), ("openvino", 2), ("openvino", 0), ("eager", 1), ("eager", 2)]
    return tuple(
        made_queue(replace(plain, backend=backend, scenario="throughput", streams=streams), rounds)
        for backend, streams in asked
    )


def made_queue(case: Case, rounds: int) -> Measurement:
    known, streams = made_measurement(case, rounds), case.streams or 2
    scale = streams / 1.4 ** (streams - 1)
    parts = tuple(
        replace(part, turns_s=turns, requests_s=tuple(turn * 3 for turn in turns))
        for part in known.rounds
        for turns in [tuple(tuple(scale * sample for sample in turn) for turn in part.turns_s)]
    )
    return replace(known, rounds=parts, effective=replace(known.effective, streams=streams, jobs=streams))


def made_cost(model: str, scale: float) -> dict[str, Any]:
    kinds = ("pointwise", "depthwise", "squeeze-excite")
    layers = [
        {
            "layer": f"features.{index}",
            "kind": kinds[index % 3],
            "params": int(scale * 900 * (index + 1) * (1, 0.1, 0.3)[index % 3]),
            "macs": int(scale * 1e7 * (1, 0.15, 0.01)[index % 3] * (1 + index % 7)),
            "out_shape": (1, 16 * (index + 1), 14, 14),
        }
        for index in range(48)
    ]
    return {
        "model": model,
        "resolution": 224,
        "params": int(4.8e6 * scale),
        "params_folded": int(4.78e6 * scale),
        "macs": int(4.0e8 * scale),
        "activations": int(6.7e6 * scale),
        "layers": layers,
    }


def made_info() -> RunInfo:
    return RunInfo(
        id="20261121T081530-4f2a",
        started_at="2026-11-21T08:15:30+00:00",
        finished_at="2026-11-21T08:24:02+00:00",
        status="done",
        preset="quick",
        planned=20,
        environment={
            "cpu": {"model": "AMD EPYC 9R14", "arch": "x86_64", "logical": 2, "flags": "avx2 avx512f avx512_bf16"},
            "limits": {
                "threads": 2,
                "affinity": 2,
                "physical_cores": 2,
                "cgroup_quota_cores": None,
                "memory_bytes": 2**34,
            },
            "system": {"os": "Linux", "python": "3.11.7", "governor": None, "hypervisor": True, "load_1m": 0.7},
            "libraries": {"torch": "2.13.0", "openvino": "2026.4.1", "numpy": f"2.4{HOSTILE}"},
            "git": {"commit": "1bc2d53a0d5f", "dirty": True},
        },
        settings={"rounds": 6, "target": 0.02, "rivals": [["rexnet_1.0", "rexnet_2.0"]]},
    )


@pytest.fixture(scope="session")
def run() -> RunData:
    """A run with every status in it."""
    costs = (made_cost("rexnet_1.0", 1.0), made_cost("rexnet_2.0", 3.7))
    return RunData(info=made_info(), measurements=made_measurements(), costs=costs, printed=load())


@pytest.fixture(scope="session")
def empty_run() -> RunData:
    """A run that was stopped before anything was measured."""
    return RunData(info=made_info())


def load_builders(folder: str) -> Any:
    """The conftest of a folder, for its builders of made-up documents."""
    spec = spec_from_file_location(f"made_up_{folder}", Path(__file__).parent / folder / "conftest.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def studies(run: RunData) -> dict[str, Any]:
    """By kind of report a full study; that of a run has a model of timm, too."""
    first = run.measurements[0]
    guest = replace(first, case=replace(first.case, model="timm:resnet18"))
    full = replace(run, measurements=(*run.measurements, guest))
    rank, published, census = load_builders("rank"), load_builders("published"), load_builders("census")
    training = load_builders("training")
    ranks = (rank.made_layers(), rank.made_network(), rank.made_trained())
    documents = (*ranks, published.made_document(), census.made_census(), training.made_training())
    return {"run": full} | {document["kind"]: Study.from_dict(document) for document in documents}


@pytest.fixture(scope="session")
def empty_studies(empty_run: RunData, studies: dict[str, Any]) -> dict[str, Any]:
    """By kind of report a study of nothing."""
    return {kind: empty_run if kind == "run" else Study(kind=kind, payload={}) for kind in studies}
