"""Presets: named grids with measuring settings."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from analysis.model_options import ModelOptions
from analysis.published.latency import TABLE_5
from bench.records.case import MEMORY_FORMATS
from bench.records.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

#: In place of a resolution: each model's own input side, which its published accuracy belongs to.
NATIVE = "native"
#: The preset of a run that names none.
DEFAULT = "quick"
#: Backends of a preset that names none.
ALL_BACKENDS = ("eager", "torchscript", "compile", "openvino")
#: Backends of a comparison or self-test that names none: the reference, and one of another library.
PAIR_BACKENDS = ("eager", "openvino")
#: Backends whose converted forms are evaluated where a call names precisions alone: the original runs in eager already.
CONVERTED_BACKENDS = PAIR_BACKENDS[1:]


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """A named grid with measuring settings.

    Args:
        summary: What it is for and how long it takes, for the help.
        resolutions: Sides of the square input [pixels], or `NATIVE`; None for the usual one, or the one that a
            checkpoint was trained for.
        rivals: Groups of models that are compared with one another and therefore take turns; the others are divided by
            the first. No model is in two groups.
        streams: Numbers of streams, or `bench.records.case.HINT`; None for a sweep.
        device: One of `bench.records.case.DEVICES`; None for the CPU, and a GPU where the preset has a part for it.
        threads: Of every runtime; None for what the machine allows.
        options: How models from elsewhere are made and fed.
        gpu_batch_sizes: Batch sizes on a GPU. A preset with some runs there, too, where there is one.
    """

    summary: str
    models: tuple[str, ...]
    batch_sizes: tuple[int, ...]
    settings: Settings
    backends: tuple[str, ...] = ALL_BACKENDS
    resolutions: tuple[int | str, ...] | None = None
    precisions: tuple[str, ...] = ("fp32",)
    memory_formats: tuple[str, ...] = ("contiguous",)
    rivals: tuple[tuple[str, ...], ...] = ()
    scenarios: tuple[str, ...] = ("latency",)
    streams: tuple[int | str, ...] | None = None
    device: str | None = None
    threads: int | None = None
    gpu_batch_sizes: tuple[int, ...] = ()
    gpu_backends: tuple[str, ...] = ("eager",)
    options: ModelOptions = field(default_factory=ModelOptions)


_PUBLISHED = ("0.9", "1.0", "1.3", "1.5", "2.0", "2.2", "3.0")

PRESETS: Mapping[str, Preset] = {
    "quick": Preset(
        summary="ReXNet 1.0 at batch 1, within four minutes on two cores; without compile, which is slow from cold",
        models=("rexnet_1.0",),
        batch_sizes=(1,),
        # torch.compile was seen to take 103 s from cold, which left time for two rounds: too few for an interval.
        backends=("eager", "torchscript", "openvino"),
        settings=Settings(min_rounds=3, max_rounds=8, round_s=1.5, warm_s=5.0, budget_s=200.0),
    ),
    "standard": Preset(
        summary="the most used widths and both baselines (one to two hours on two cores)",
        models=(
            "rexnet_1.0",
            "rexnet_1.3",
            "rexnet_1.5",
            "rexnet_2.0",
            "rexnet_lite_1.0",
            "regnetx_3.2gf",
            "mobilenet_v2_1.0",
        ),
        batch_sizes=(1, 8, 32),
        settings=Settings(min_rounds=3, max_rounds=6),
    ),
    "full": Preset(
        summary="every published width, four batch sizes, both memory formats, fp32 and bf16 (a whole night)",
        models=(
            *(f"rexnet_{width}" for width in _PUBLISHED),
            "rexnet_lite_1.0",
            "rexnet_plain",
            "regnetx_3.2gf",
            "mobilenet_v2_1.0",
        ),
        batch_sizes=(1, 8, 32, 64),
        precisions=("fp32", "bf16"),
        memory_formats=MEMORY_FORMATS,
        settings=Settings(min_rounds=6, max_rounds=10, round_s=5.0),
    ),
    "paper-latency": Preset(
        summary="ReXNet beside EfficientNet as in the paper's table 5, each at its own input side: batch 1 on the CPU, "
        "and batch 64 on a GPU if there is one (15 minutes on two cores)",
        models=tuple(model for pair in TABLE_5 for model in pair),
        batch_sizes=(1,),
        backends=PAIR_BACKENDS,
        resolutions=(NATIVE,),
        rivals=TABLE_5,
        gpu_batch_sizes=(64,),
        settings=Settings(min_rounds=3, max_rounds=6),
    ),
}
