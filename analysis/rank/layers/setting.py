"""Every choice of the layer study, those that the paper states and those that it leaves open, as one record."""

from __future__ import annotations

import math
import re
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any

from analysis.json_values import make_plain
from analysis.rank.spectra.spectrum import CENTRINGS
from analysis.rank.spectra.tolerance import parse_tolerance
from analysis.setting_fields import check_fields, option
from rexnet_core.errors import InputError, UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

BLOCKS = ("conv1x1", "conv3x3", "inverted_bottleneck_conv3x3", "inverted_bottleneck_dwconv3x3")
#: An inverted bottleneck measured without its shortcut.
NO_SHORTCUT = "_no_shortcut"
ALL_BLOCKS = (*BLOCKS, *(f"{block}{NO_SHORTCUT}" for block in BLOCKS[2:]))

#: The paper's, in the order of its legend, then five more.
PAPER_ACTIVATIONS = ("Linear", "ReLU6", "ReLU", "LeakyReLU", "ELU", "SoftPlus", "Hardswish", "SiLU")
ACTIVATIONS = (*PAPER_ACTIVATIONS, "GELU", "Mish", "SELU", "Tanh", "Sigmoid")

#: The paper's ten, and the two that its first lesson compares: expansion by 20 and by 6.
RATIOS = (0.05, 0.1, round(1 / 6, 4), 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)

#: One random network of this width takes a second; beyond it a study of them would not end.
_MOST_CHANNELS = 2048
_MOST_EXPANSION = 64
#: Of one tensor; a few of them are alive at a time, in each process.
_MOST_BYTES = 2 * 2**30
_ROWS = re.compile(r"(?P<times>\d+(\.\d+)?)x|d\+(?P<more>\d+)|(?P<count>\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerSetting:
    """One setting of the study; together with the seed it determines every number.

    Args:
        blocks: Names from `ALL_BLOCKS`.
        activations: Names from `ACTIVATIONS`.
        ratios: Dimension ratios d_in / d_out, above 0, up to 1.
        d_out: Output channels are uniform on this closed range.
        rows: Columns N of X: ``4x`` is 4 d_out, ``d+1`` is d_out + 1, a number is that number.
        spatial: Side of the maps whose positions are the rows; 1 is a vector input, on which a 3x3 kernel has only its
            centre.
        weights: Law of W: ``normal`` N(0, 1); ``fan_in`` N(0, 1 / fan-in); ``kaiming`` N(0, 2 / fan-in); ``uniform``
            on +-1 / sqrt(fan-in), PyTorch's default.
        inputs: Law of X: ``normal`` N(0, 1), ``uniform`` on [0, 1], ``half_normal`` |N(0, 1)|.
        norm: Batch norm ``before`` or ``after`` each activation, or ``none``; where there is one, an inverted
            bottleneck has one after its projection, too.
        norm_statistics: ``batch``, as in training, or ``identity``, as an untrained network in eval mode.
        expansion: Range of t, by which an inverted bottleneck expands its input; uniform on it, one draw per network.
        second_activation: After the depthwise or 3x3 convolution of an inverted bottleneck: ``same``, or a name. The
            curve of Linear has no activation in any case.
        precision: Type in which the features are computed.
        centrings: Names from ``uncentred``, ``centred``.
        tolerances: Names of tolerances, see `analysis.rank.spectra.tolerance`.
        primary: Metric, centring and tolerance that the figure, the overlay and the verdicts are about.
        reference: Activation from which paired differences are taken.
        networks: Random networks at most.
        least_networks: Before the target may end the study.
        target_se: Ends it once the standard error of every paired difference of the primary metric is below; 0 never.
        seed: Seed of sizes, weights and inputs.
    """

    blocks: tuple[str, ...] = option(BLOCKS, "building blocks", nargs="+", choices=ALL_BLOCKS, kind="block")
    activations: tuple[str, ...] = option(
        PAPER_ACTIVATIONS, "curves", nargs="+", choices=ACTIVATIONS, kind="activation"
    )
    ratios: tuple[float, ...] = option(RATIOS, "d_in / d_out, above 0, up to 1", nargs="+", type=float, metavar="R")
    d_out: tuple[int, int] = option(
        (10, 100), "range of output channels, drawn uniformly", nargs=2, type=int, metavar=("LOW", "HIGH")
    )
    rows: str = option("4x", "columns N of X: 4x is 4 d_out, d+1 is d_out + 1; or a number", metavar="N")
    spatial: int = option(1, "side of the maps; 1 is a vector", type=int, metavar="SIDE", bounds=(1, 64))
    weights: str = option("normal", "law of W", flag="--weight-law", choices=("normal", "fan_in", "kaiming", "uniform"))
    inputs: str = option("normal", "law of X", flag="--input-law", choices=("normal", "uniform", "half_normal"))
    norm: str = option("before", "batch norm relative to the activation", choices=("none", "before", "after"))
    norm_statistics: str = option("batch", "statistics of the batch norm", choices=("batch", "identity"))
    expansion: tuple[float, float] = option(
        (6.0, 6.0), "expansion of inverted bottlenecks: one value, or a range", nargs="+", type=float, metavar="T"
    )
    second_activation: str = option(
        "same",
        "activation after the 3x3 convolution of a bottleneck",
        choices=("same", *ACTIVATIONS),
        kind="activation",
    )
    precision: str = option("float32", "type of the features", choices=("float32", "float64"))
    centrings: tuple[str, ...] = option(
        CENTRINGS, "centrings of the spectra", nargs="+", choices=CENTRINGS, kind="centring"
    )
    tolerances: tuple[str, ...] = option(
        ("numpy", "producer", "rel:0.1", "rel:0.03", "rel:0.01", "rel:0.001"),
        "numpy, producer, or rel:SHARE; the first is primary if the protocol's own is not listed",
        nargs="+",
    )
    primary: tuple[str, str, str] = ("rank", "uncentred", "numpy")
    reference: str = field(default="ReLU6", metadata={"choices": ACTIVATIONS, "kind": "activation"})
    networks: int = option(
        1000, "random networks at most", unset="1000; grid: 20 of each", type=int, bounds=(2, 100_000)
    )
    least_networks: int = 100
    target_se: float = option(
        0.0, "stop at this standard error of the paired differences", unset="0, never", type=float, metavar="SE"
    )
    seed: int = option(0, "seed of sizes, weights and inputs", unset="0; closest: 2", type=int)

    def __post_init__(self) -> None:
        """Refuse what no study can be made of.

        Raises:
            InputError: A value is outside its range; the message says which and what would do.
        """
        check_fields(self)
        if len(set(self.blocks)) < len(self.blocks):
            raise InputError(f"each block can be studied once; got {_list(self.blocks)}")
        if not self.ratios or not all(0 < ratio <= 1 for ratio in self.ratios):
            raise InputError(f"dimension ratios d_in / d_out must be above 0 and at most 1; got {_list(self.ratios)}")
        if not 2 <= self.d_out[0] <= self.d_out[1] <= _MOST_CHANNELS:  # noqa: PLR2004 - one channel has no ratio
            raise InputError(f"d_out must be a range within 2 and {_MOST_CHANNELS}; got {_list(self.d_out)}")
        if not 0 <= self.expansion[0] <= self.expansion[1] <= _MOST_EXPANSION:
            raise InputError(f"expansion must be a range within 0 and {_MOST_EXPANSION}; got {_list(self.expansion)}")
        if not (math.isfinite(self.target_se) and self.target_se >= 0):
            raise InputError(f"the target standard error must be 0 (none) or positive; got {self.target_se}")
        if self.seed < 0:
            raise InputError(f"the seed must not be negative; got {self.seed}")
        self._check_rows()
        self._check_size()
        self._check_primary()

    def _check_rows(self) -> None:
        if not _ROWS.fullmatch(self.rows):
            raise InputError(f"rows are written such as 4x, d+1 or 1024; got {self.rows!r}")
        for d_out in self.d_out:
            if self.rows_for(d_out) <= d_out:
                raise InputError(f"N must exceed d_out; {self.rows} gives {self.rows_for(d_out)} rows at {d_out}")

    def _check_size(self) -> None:
        """Refuse before it begins what would end for lack of memory."""
        d_out = self.d_out[1]
        mid = self.expansion[1] * self.d_in(max(self.ratios), d_out)
        narrow = not any(block.startswith("inverted") for block in self.blocks)
        weight = d_out**2 * 9 if narrow else max(mid, d_out) ** 2 * 9
        features = len(self.activations) * self.rows_for(d_out) * (d_out if narrow else max(mid, d_out))
        for name, count in (("weights", weight), ("features", features)):
            if count * 8 > _MOST_BYTES:
                raise InputError(
                    f"the {name} of one network would take {count * 8 / 2**30:.3g} GiB, more than {_MOST_BYTES >> 30}; "
                    "give a smaller d_out, rows or expansion"
                )

    def _check_primary(self) -> None:
        metric, centring, tolerance = self.primary
        for one in self.tolerances:
            if parse_tolerance(one).rule == "certified":
                raise InputError("the layer study computes its features once; `certified` needs them in float64, too")
        if centring not in self.centrings or (metric == "rank" and tolerance not in self.tolerances):
            raise InputError(f"the primary metric must be among those computed; got {' '.join(self.primary)}")

    def rows_for(self, d_out: int) -> int:
        """N for that width, a whole number of maps."""
        match = _ROWS.fullmatch(self.rows)
        assert match
        if match["times"]:
            rows = math.ceil(float(match["times"]) * d_out)
        else:
            rows = d_out + int(match["more"]) if match["more"] else int(match["count"])
        return math.ceil(rows / self.spatial**2) * self.spatial**2

    @staticmethod
    def d_in(ratio: float, d_out: int) -> int:
        """Input channels for a ratio: the nearest whole number, at least 1."""
        return max(1, math.floor(ratio * d_out + 0.5))

    def as_dict(self) -> dict[str, Any]:
        """Plain values; `from_dict` is the way back."""
        plain: dict[str, Any] = make_plain(asdict(self))
        return plain

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> LayerSetting:
        """The setting that `as_dict` made plain.

        Raises:
            InputError: A parameter is unknown or out of its range.
        """
        known = {spec.name for spec in fields(cls)}
        for name in data:
            if name not in known:
                raise UnknownNameError("parameter", name, known)
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in data.items()
        }
        return cls(**values)


def _list(values: Sequence[Any]) -> str:
    return ", ".join(f"{value:g}" if isinstance(value, float) else str(value) for value in values)
