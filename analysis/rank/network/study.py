"""Where networks gain rank and where they lose it: every point of every block, with bounds, costs and time shares."""

from __future__ import annotations

import statistics
from dataclasses import asdict, replace
from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol

import torch

import rexnet_core
from analysis.json_values import make_plain
from analysis.rank.network.jacobian import jacobian_ranks
from analysis.rank.network.probe import probe
from analysis.rank.network.subjects import open_subject
from analysis.rank.network.taps import find_taps
from analysis.rank.spectra.metrics import measure
from analysis.rank.spectra.torch_threads import torch_threads
from analysis.study import Study
from rexnet_core.network import Network
from rexnet_core.sources.registry import REGISTERED

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from torch import Tensor

    from analysis.rank.network.images import ImageSource
    from analysis.rank.network.records import ProbeResult
    from analysis.rank.network.setting import NetworkSetting
    from analysis.rank.network.subjects import Subject
    from analysis.statistics.estimates import Estimate

_HOW_TIMED = ("batch", "threads", "passes", "method")
_OF_SPECTRUM = ("uncentred", "centred", "mean", "std", "noise", "dead_channels", "duplicate_channels")


class LayerTimes(Protocol):
    """Shares of layers in the time of a forward pass, and how they were taken."""

    @property
    def batch(self) -> int:
        """Images of a pass."""

    @property
    def threads(self) -> int:
        """Of torch."""

    @property
    def passes(self) -> int:
        """That were timed."""

    @property
    def method(self) -> str:
        """In words."""

    def shares(self) -> Mapping[str, Estimate]:
        """The share of each layer in the time of a forward pass, by name."""


class LayerTimer(Protocol):
    """What holds the clock, as `bench.layer_profile.time_layers` does; the study itself reads none."""

    def __call__(self, model: torch.nn.Module, images: Tensor, *, seed: int) -> LayerTimes:
        """Time the layers of a model on images of shape (B, C, H, W); the seed is of the resampling."""


def run_network(
    setting: NetworkSetting,
    progress: Callable[[str], None] | None = None,
    time_layers: LayerTimer | None = None,
) -> Study:
    """The study of all models of a setting; None in the payload stands for what is not known.

    Args:
        setting: What to do.
        progress: Receives a few words on the current step.
        time_layers: Times the layers on the first image, with the weights and the threads of the study; None leaves
            the times unknown.

    Raises:
        InputError: A pattern fits nothing, a file is no image, or weights are not the model's.
    """
    source = setting.source()
    check_taps(setting)
    report = progress or (lambda _: None)
    with torch_threads(setting.threads):
        described = _describe(setting, source)
        models = [_study(model, setting, source, report, time_layers) for model in setting.kinds.items()]
    return Study(kind="network", settings=make_plain(described), payload=make_plain({"models": models}))


def check_taps(setting: NetworkSetting) -> None:
    """Find a slip in a pattern before the first network runs, as far as our own networks are asked for.

    Raises:
        UnknownNameError: A pattern fits nothing in one of the models.
    """
    for name, kind in setting.kinds.items():
        if kind != REGISTERED:  # a model from elsewhere is opened once
            continue
        with torch.device("meta"):
            find_taps(rexnet_core.create_model(name), setting.taps)


def _describe(setting: NetworkSetting, source: ImageSource) -> dict[str, Any]:
    """All parameters, with what the defaults came to."""
    return asdict(setting) | {
        "images": None if setting.images is None else str(setting.images),
        "generated": setting.generated if setting.images is None else None,
        "image_kind": source.kind,
        "image_count": source.count,
        "weights": None if setting.weights is None else str(setting.weights),
        "threads": torch.get_num_threads(),
        "torch": str(torch.__version__),
    }


def _study(
    model: tuple[str, str],
    setting: NetworkSetting,
    source: ImageSource,
    report: Callable[[str], None],
    time_layers: LayerTimer | None,
) -> dict[str, Any]:
    name, kind = model
    report(f"{name}: weights")
    subject = open_subject(name, kind, setting)
    source = replace(source, steps=subject.preprocessing)
    with subject.running():
        times = None
        if time_layers:
            report(f"{name}: layer times")
            times = time_layers(subject.model, next(source.batches(1)), seed=setting.seed)
        result = probe(
            subject.model,
            source.batches(setting.batch_size),
            taps=subject.taps,
            positions=setting.positions,
            seed=setting.seed,
            batch_norm=setting.batch_norm,
            certify=setting.certify,
            count=source.count,
            progress=lambda done: report(f"{name}: {done} of {source.count} images"),
        )
    jacobians = _jacobians(subject, setting, source, lambda what: report(f"{name}: {what}"))
    shares = times.shares() if times else {}
    return {
        "model": name,
        **(subject.told or {}),
        "resolution": setting.resolution,
        "params": subject.cost.params,
        "macs": subject.cost.macs,
        "weights": subject.weights,
        "preprocessing": subject.preprocessing.in_words(setting.resolution) if setting.images else None,
        "taps": _tap_rows(subject, result, jacobians),
        "blocks": subject.blocks(result),
        "layers": subject.layers(result, shares),
        "layer_times": {one: getattr(times, one) for one in _HOW_TIMED} if times else None,
    }


def _jacobians(
    subject: Subject, setting: NetworkSetting, source: ImageSource, report: Callable[[str], None]
) -> dict[tuple[str, str], int]:
    """The median of the Jacobian rank over the images where it is known, by block and point; absent if nowhere.

    It is known of the blocks of our networks.
    """
    if not isinstance(subject.model, Network):
        return {}
    ranks_by_point: dict[tuple[str, str], list[int]] = {}
    for number, image in enumerate(islice(source.batches(1), setting.jacobian), 1):
        report(f"Jacobian at image {number} of {min(setting.jacobian, source.count)}")
        ranks = jacobian_ranks(subject.model, image)
        for block, points in ranks.items():
            for point, rank in points.items():
                if rank is not None:
                    ranks_by_point.setdefault((block, point), []).append(rank)
    return {key: statistics.median_low(ranks) for key, ranks in ranks_by_point.items()}


def _tap_rows(subject: Subject, result: ProbeResult, jacobians: Mapping[tuple[str, str], int]) -> list[dict[str, Any]]:
    bounds = subject.bounds(result)
    rows = []
    for record in result.taps:
        tap, spectrum, bound = record.tap, record.spectrum, bounds[record.tap.name]
        above = () if record.rank is None or record.rank <= bound.value else ("above_bound",)
        rows.append(
            record.sampling()
            | {
                **{name: getattr(tap, name) for name in ("block", "point", "stage")},
                "depth": subject.depth(tap),
                **{name: getattr(spectrum, name) for name in _OF_SPECTRUM},
                "rank": record.rank,
                "bound": bound.value,
                "bound_reason": bound.reason,
                "jacobian_rank": jacobians.get((tap.block, tap.point)),
                "flags": [*spectrum.flags(), *above],
                "measures": [asdict(row) for row in measure(spectrum)],
            }
        )
    return rows
