"""The models of a network study, ours and those from elsewhere, with what the study has to know of each."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import torch

import rexnet_core
from analysis.complexity import count, trace
from analysis.guests import blame_model, open_guest
from analysis.rank.network.bounds import Bound
from analysis.rank.network.guest_taps import find_guest_taps
from analysis.rank.network.steps import Step, trace_steps
from analysis.rank.network.tables import block_rows, bounds_of, depth_of, layer_rows
from analysis.rank.network.taps import find_taps
from rexnet_core.calibration import calibrate, make_inputs, settle
from rexnet_core.checkpoint import load_tensors
from rexnet_core.errors import UnsupportedModelError
from rexnet_core.preprocess import Preprocessing
from rexnet_core.publishers import preprocessing_of
from rexnet_core.sources.registry import REGISTERED
from rexnet_core.weights import load_checkpoint

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager

    from analysis.complexity import Cost
    from analysis.guests import Guest
    from analysis.rank.network.records import ProbeResult
    from analysis.rank.network.setting import NetworkSetting
    from analysis.rank.network.taps import Tap
    from analysis.statistics.estimates import Estimate
    from rexnet_core.network import Network
    from rexnet_core.network_config import NetConfig

CALIBRATED = "calibrated random"
#: As a run makes them for the same model, side and seed.
_SETTLING_IMAGES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A model that is ready to be probed.

    Args:
        name: As its source spells it.
        model: In eval mode.
        weights: Where its weights are from, in words.
        taps: Where features are taken.
        cost: What it costs.
        steps: Of its forward pass.
        config: Of one of our networks; None for a model from elsewhere, of which algebra says nothing.
        depths: Of the taps of a model from elsewhere, by name.
        told: ``source`` and ``fingerprint`` of a model from elsewhere.
        preprocessing: How pictures are prepared for it.
    """

    name: str
    model: torch.nn.Module
    weights: str
    taps: tuple[Tap, ...]
    cost: Cost
    steps: tuple[Step, ...]
    config: NetConfig | None = None
    depths: Mapping[str, float] | None = None
    told: Mapping[str, str] | None = None
    preprocessing: Preprocessing

    def running(self) -> AbstractContextManager[None]:
        """A context in which the model runs; errors of one from elsewhere are its own."""
        return blame_model(self.name) if self.config is None else nullcontext()

    def bounds(self, result: ProbeResult) -> dict[str, Bound]:
        """How high the rank can be at each tap; nothing but the shape of the features bounds a model from elsewhere."""
        if self.config is not None:
            return bounds_of(self.config, result)
        sizes = {record.tap.name: record.spectrum for record in result.taps}
        return {
            name: Bound(size.channels, "as many as channels").within(size.channels, size.rows)
            for name, size in sizes.items()
        }

    def depth(self, tap: Tap) -> float | None:
        """Where a tap stands, from 0 to 1."""
        if self.config is not None:
            return depth_of(self.config, tap)
        return (self.depths or {}).get(tap.name)

    def layers(self, result: ProbeResult, shares: Mapping[str, Estimate]) -> list[dict[str, Any]]:
        """One row per step; the output of a block from elsewhere is that of no single layer in it."""
        if self.config is None:
            names = {step.name for step in self.steps}
            result = replace(result, taps=tuple(one for one in result.taps if one.tap.module in names))
        return layer_rows(self.cost, self.steps, result, shares)

    def blocks(self, result: ProbeResult) -> list[dict[str, Any]]:
        """One row per block of one of our networks."""
        return [] if self.config is None else block_rows(self.config, result)


def open_subject(name: str, kind: str, setting: NetworkSetting) -> Subject:
    """The model of a resolved name, with its weights.

    Raises:
        InputError: There is no such model, weights are not the model's, or a pattern fits nothing.
        ModelError: A model from elsewhere fails by itself.
        UnsupportedModelError: It takes something else than square images of three colours.
    """
    return _open_ours(name, setting) if kind == REGISTERED else _open_foreign(name, kind, setting)


def _open_ours(name: str, setting: NetworkSetting) -> Subject:
    model, weights, layout = _load(name, setting)
    classes = model.config.head.num_classes
    return Subject(
        name=name,
        model=model,
        weights=weights,
        taps=find_taps(model, setting.taps),
        cost=count(name, setting.resolution, num_classes=classes),
        steps=trace_steps(name, setting.resolution, num_classes=classes),
        config=model.config,
        preprocessing=preprocessing_of(name, layout),
    )


def _load(name: str, setting: NetworkSetting) -> tuple[Network, str, str]:
    """The model in ``eval`` mode, where its weights are from, and their layout."""
    model = rexnet_core.create_model(name)
    if setting.weights is None:
        calibrate(model, setting.resolution, setting.seed)
        return model.eval(), CALIBRATED, "own"
    return model.eval(), *_load_checkpoint(model, setting)


def _load_checkpoint(model: torch.nn.Module, setting: NetworkSetting) -> tuple[str, str]:
    """What the checkpoint is, in words, and its layout."""
    assert setting.weights is not None, "the caller has a checkpoint"
    loaded = load_tensors(setting.weights, setting.weights_entry)
    layout = load_checkpoint(model, loaded)
    entry = f"{loaded.entry}, " if loaded.entry else ""
    return f"{setting.weights.name} ({entry}{layout})", layout


def _open_foreign(name: str, kind: str, setting: NetworkSetting) -> Subject:
    guest = open_guest(name, kind, setting.options, resolution=setting.resolution, seed=setting.seed)
    side = setting.resolution
    if guest.shapes != ((3, side, side),) or not guest.inputs[0].dtype.startswith("float"):
        raise UnsupportedModelError(
            f"{name} must take square images of 3 colours of {side} pixels in floating point to be probed; "
            f"it takes {guest.shapes}; give another --resolution"
        )
    model: Any = guest.opened.module
    weights = _give_weights(guest, setting)
    with blame_model(name):
        image = torch.zeros(1, 3, side, side, dtype=getattr(torch, guest.inputs[0].dtype))
        taps, depths = find_guest_taps(model, image, setting.taps)
    cost = trace(model, side, dtypes=[guest.inputs[0].dtype], shapes=[(1, 3, side, side)], name=name)
    return Subject(
        name=name,
        model=model,
        weights=weights,
        taps=taps,
        cost=cost,
        steps=tuple(Step(name=one.layer, kind="layer", out_shape=one.out_shape) for one in cost.layers),
        depths=depths,
        told={"source": kind, "fingerprint": guest.fingerprint},
        preprocessing=guest.opened.preprocessing or Preprocessing(),
    )


def _give_weights(guest: Guest, setting: NetworkSetting) -> str:
    """Give a model its weights, as `bench.preparing` does for a run; where they are from, in words."""
    model: Any = guest.opened.module
    if setting.weights is not None:
        return _load_checkpoint(model, setting)[0]
    if guest.opened.pretrained:
        return "the model's own"
    inputs = make_inputs(guest.shapes, [spec.dtype for spec in guest.inputs], _SETTLING_IMAGES, setting.seed + 1)
    with blame_model(guest.name):
        settle(model, [torch.from_numpy(values) for values in inputs], setting.seed)
    return "initial, with batch norm statistics of generated images"
