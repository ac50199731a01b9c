"""The hooks of a probe: they copy sampled rows out of a forward pass, and hand them to one stream per tap."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from analysis.rank.network.parallel import map_on_one_thread_each
from analysis.rank.network.positions import gather_rows, layout_of, places_of, pool_rows, positions_per_image
from analysis.rank.network.records import TapRecord
from analysis.rank.spectra.stream import SpectrumStream
from rexnet_core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analysis.rank.network.positions import Positions, PositionSampler
    from analysis.rank.network.taps import Tap
    from analysis.rank.spectra.spectrum import Spectrum

#: Layers whose three axes are (B, C, L).
_SEQUENCE_FIRST = (nn.Conv1d, nn.ConvTranspose1d, nn.BatchNorm1d, nn.InstanceNorm1d)


@dataclass(slots=True)
class _Rows:
    """What a tap gave for the batch at hand."""

    rows: Tensor
    positions: int
    height: int = 1
    width: int = 1


@dataclass(slots=True)
class _Stream:
    """All rows of a tap so far, and how the first of them were drawn."""

    tap: Tap
    stream: SpectrumStream
    first: _Rows
    images: int = 0


@dataclass(slots=True)
class Gatherer:
    """Takes rows in hooks, holds those of the batch at hand, and streams them.

    A hook copies at once: the next module may write over the tensor.

    Args:
        taps: Where.
        wanted: Positions of each image.
        images: In the whole probe, for ``auto``.
        sampler: Draws the positions.
    """

    taps: tuple[Tap, ...]
    wanted: Positions
    images: int
    sampler: PositionSampler
    _streams: dict[str, _Stream] = field(default_factory=dict)
    _batch: dict[str, tuple[Tap, _Rows]] = field(default_factory=dict)
    _exact: dict[str, tuple[Tap, _Rows]] | None = None
    _calls: Counter[str] = field(default_factory=Counter)

    def attach(self, module: nn.Module, tap: Tap) -> Any:
        """Hook a tap's module; the handle that removes the hook."""

        def before(module: nn.Module, inputs: tuple[Any, ...]) -> None:
            self._take(tap, module, inputs[0] if inputs else None)

        def after(module: nn.Module, _: Any, output: Any) -> None:
            self._take(tap, module, output)

        return module.register_forward_pre_hook(before) if tap.side == "input" else module.register_forward_hook(after)

    def start(self, first: int, count: int) -> None:
        """Go on to the batch of `count` images whose first has that index."""
        self.sampler.start(first, count)
        self._batch, self._exact = {}, None
        self._calls.clear()

    def turn_to_producer(self) -> None:
        """Mark the outputs so far as exact; the outputs to measure follow."""
        self._exact, self._batch = self._batch, {}
        self._calls.clear()

    def flush(self) -> None:
        """Stream the rows of the batch."""
        for name, (tap, taken) in self._batch.items():
            if name not in self._streams:
                with _naming(name):
                    stream = SpectrumStream(taken.rows.shape[1], producer=taken.rows.dtype)
                self._streams[name] = _Stream(tap, stream, taken)
            kept = self._streams[name]
            exact = None if self._exact is None else self._exact[name][1].rows
            if exact is not None and taken.rows.dtype == exact.dtype:
                raise InputError(f"certify compares with float64; tap {name} is in float64 already; leave it out")
            with _naming(name):
                kept.stream.add(taken.rows, exact)
            kept.images += self.sampler.count
        self._batch, self._exact = {}, None

    def finish(self) -> tuple[tuple[TapRecord, ...], tuple[str, ...]]:
        """The records in the order of the taps, and the names of taps whose module never ran."""
        finished = map_on_one_thread_each(_finish, [kept.stream for kept in self._streams.values()])
        spectra = dict(zip(self._streams, finished, strict=True))
        records: list[TapRecord] = []
        unreached: list[str] = []
        for tap in self.taps:
            source = tap.same_as or tap.name
            runs = [name for name, kept in self._streams.items() if kept.tap.name == source]
            records += [self._record(tap, name, spectra[name]) for name in runs]
            unreached += [] if runs else [tap.name]
        self._streams.clear()
        return tuple(records), tuple(unreached)

    def _record(self, tap: Tap, name: str, spectrum: Spectrum) -> TapRecord:
        kept = self._streams[name]
        return TapRecord(
            # An alias keeps its own name; a run after the first has the tap's name and a number.
            tap=replace(tap, name=tap.name + name.removeprefix(kept.tap.name)),
            spectrum=spectrum,
            images=kept.images,
            positions_per_image=kept.first.positions,
            height=kept.first.height,
            width=kept.first.width,
        )

    def _take(self, tap: Tap, module: nn.Module, features: Any) -> None:
        self._calls[tap.name] += 1
        call = self._calls[tap.name]
        if not isinstance(features, Tensor):
            kind = type(features).__name__
            raise InputError(f"a tap reads one tensor; the {tap.side} of {tap.name} is a {kind}; tap another module")
        with _naming(tap.name):
            taken = self._sample(tap, features, sequence_first=isinstance(module, _SEQUENCE_FIRST))
        self._batch[tap.name if call == 1 else f"{tap.name}@{call}"] = tap, taken

    def _sample(self, tap: Tap, features: Tensor, *, sequence_first: bool) -> _Rows:
        layout = layout_of(features, channels_last=tap.channels_last, sequence_first=sequence_first)
        if len(features) != self.sampler.count:
            expected = f"the {self.sampler.count} images of the batch"
            raise InputError(
                f"the first axis must be {expected}; got shape {tuple(features.shape)}; tap another module"
            )
        channels, height, width = places_of(features, layout)
        if not features.numel():
            raise InputError(f"features must not be empty; got shape {tuple(features.shape)}; give larger images")
        if tap.pooling == "pooled" or layout == "rows":
            return _Rows(pool_rows(features, layout), 1)
        positions = positions_per_image(self.wanted, channels=channels, images=self.images, available=height * width)
        chosen = self.sampler.draw(height, width, positions)
        return _Rows(gather_rows(features, layout, chosen), positions, height, width)


@contextmanager
def _naming(name: str) -> Iterator[None]:
    """A context whose errors name the tap."""
    try:
        yield
    except InputError as error:
        raise InputError(f"tap {name}: {error}") from None


def _finish(stream: SpectrumStream) -> Spectrum:
    with torch.no_grad():
        return stream.finish()
