"""One metric of a sample, asked for by block, activation and ratio: what the claims are tested on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analysis.rank.layers.setting import LayerSetting

if TYPE_CHECKING:
    from analysis.rank.layers.study import LayerSample
    from analysis.rank.spectra.spectrum import Array

#: Ratios this near are the same: a third is written with four digits.
_SAME_RATIO = 1e-3


class View:
    """A sample seen at one metric, centring and tolerance.

    Args:
        sample: Sample of random networks.
        primary: Metric, centring, tolerance; by default the setting's.
    """

    def __init__(self, sample: LayerSample, primary: tuple[str, str, str] | None = None) -> None:
        self.setting, self.d_out = sample.setting, sample.d_out
        self.primary = primary or sample.setting.primary
        self._values = {block: sample.column(block, *self.primary) for block in self.setting.blocks}

    def has(self, *names: str) -> bool:
        """Whether all those blocks and activations were studied."""
        return set(names) <= {*self.setting.blocks, *self.setting.activations}

    def ratio_near(self, wanted: float) -> float | None:
        """The studied ratio nearest to `wanted`; None if none is close."""
        near = [ratio for ratio in self.setting.ratios if abs(ratio - wanted) < _SAME_RATIO]
        return near[0] if near else None

    @property
    def lowest(self) -> float:
        """The lowest ratio that the paper's figure shows, or the lowest studied."""
        return self.ratio_near(0.1) or min(self.setting.ratios)

    @property
    def ratios(self) -> list[float]:
        """The studied ratios within the paper's figure, rising."""
        return sorted(ratio for ratio in self.setting.ratios if ratio >= self.lowest)

    def values(self, block: str, activation: str, ratio: float) -> Array:
        """One number per network, as a share of d_out."""
        setting = self.setting
        return self._values[block][:, setting.ratios.index(ratio), setting.activations.index(activation)]

    def bound(self, ratio: float) -> Array:
        """min(d_in, N - 1) / d_out of every network: what a linear layer can reach."""
        setting = self.setting
        sizes = self.d_out.astype(int)
        return np.array(
            [min(LayerSetting.d_in(ratio, int(size)), setting.rows_for(int(size)) - 1) / size for size in sizes]
        )
