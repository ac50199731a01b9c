"""Which figures the layer study has."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from reports.drawing.figure import Figure
from reports.rank.figures import layer_claims, layer_curves, layer_maps
from reports.rank.names import conditions_of, slugs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pandas as pd

    Frames = Mapping[str, pd.DataFrame]

_FOOT = (
    "networks run", "number shown", "d_out", "rows", "weights", "inputs", "norm", "spatial", "expansion",
    "precision", "seed",
)  # fmt: skip
_GRID_FOOT = ("settings", "settings_run", "networks", "ratios", "expansion", "precision", "seed")
_SIGN_FOOT = ("rows", "weights", "inputs", "norm", "spatial", "precision", "seed")
_THRESHOLDS = "The thresholds in the rules are not the paper's, which says it in words."
_PAPER = "Paper: Han et al., CVPR 2021 (arXiv 2007.00992), figure 1, as digitised."


def list_figures(frames: Frames) -> Iterator[Figure]:
    """The figures in the order of the page: verdicts, then each protocol, then what depends on what."""
    protocols = list(dict.fromkeys(frames["cells"]["protocol"]))
    yield Figure(
        name="rank_verdicts",
        title="Claims and protocols",
        caption="One row per claim of the paper, one column per protocol. A check mark: it holds; a cross: it fails; "
        "~: it depends on the choices named; ?: it can't be told, as the study lacks what the rule needs or its "
        "intervals leave it open. Small words beside a mark name what would change it.",
        needs="no claim was tested",
        plot=partial(layer_claims.plot_verdicts, frames["claims"], _THRESHOLDS),
    )
    yield Figure(
        name="rank_distances",
        title="Distance from the paper's figure",
        caption="Mean absolute distance between our means and the digitised points, by panel. Left is nearer. The "
        "protocol called closest was chosen for being near, so its distance is flattering.",
        needs="nothing was compared with the paper's figure",
        plot=partial(layer_curves.plot_distances, frames["distances"], _PAPER),
    )
    for protocol, slug in slugs(protocols).items():
        yield from _protocol_plans(frames, protocol, slug)
    yield Figure(
        name="rank_sensitivity",
        title="How often each claim held, by choice",
        caption="The share [%] in which the claim held, of the settings with that choice in which it was shown to hold "
        "or to fail; a dash where there are none. A row of equal numbers does not depend on the choice; a jump within "
        "a group of columns does.",
        needs="the choices that the paper leaves open were not varied",
        plot=partial(layer_maps.plot_sensitivity, frames["sensitivity"], _grid_conditions(frames["settings"])),
    )
    yield Figure(
        name="rank_signs",
        title="Where SiLU has more rank than ReLU6, and where less",
        caption="Paired difference of rank / d_out over tolerance and width. + and - mark where the 95 % interval "
        "excludes zero, 0 where it does not. The claim that SiLU expands the rank more is about a map of plus signs.",
        needs="the sign map was not computed",
        plot=partial(layer_maps.plot_signs, frames["sign_map"], _sign_conditions(frames)),
    )


def _protocol_plans(frames: Frames, protocol: str, slug: str) -> Iterator[Figure]:
    cells = _of(frames["cells"], protocol)
    primary = cells[cells["primary"]]
    settings = frames["settings"]
    foot = f"{protocol}: {conditions_of(settings, protocol, _FOOT)}"
    reference = conditions_of(settings, protocol, ("reference",)).removeprefix("reference ") or "ReLU6"
    bounds, overlay = _of(frames["bounds"], protocol), _of(frames["overlay"], protocol)
    yield Figure(
        name=f"rank_figure1_{slug}",
        title=f"Figure 1 under the protocol {protocol}",
        caption="Mean share of d_out over random networks, against the ratio of input to output channels. Lines and "
        "small filled markers are ours with 95 % bands, often narrower than the line; open markers are the paper's "
        "digitised points in the same colour. The dotted line is the most that algebra allows. A small panel repeats "
        "our curves where they lie close together; of curves that coincide, the last in the legend is on top.",
        needs="the number that the figure is about was not computed",
        plot=partial(
            layer_curves.plot_figure1, primary, bounds, overlay, f"{foot}. {_PAPER}" if len(overlay) else foot
        ),
    )
    yield Figure(
        name=f"rank_differences_{slug}",
        title=f"Differences to {reference}, protocol {protocol}",
        caption=f"Each activation minus {reference} on the same random networks, with 95 % intervals. Right of zero: "
        "more rank. An interval that holds zero shows no difference.",
        needs=f"no activation was compared with {reference} at the ratios 0.1, 0.2 or 0.5",
        plot=partial(layer_curves.plot_differences, primary, reference, foot),
    )
    yield Figure(
        name=f"rank_tolerances_{slug}",
        title=f"The same curves at other tolerances, protocol {protocol}",
        caption="Rank of a 1x1 convolution. Columns: which singular values count as zero: by rounding (producer, "
        "numpy), or below that fraction of the largest. Rows: singular values of the features, and of the features "
        "minus their means. Where a column looks unlike its neighbour, the curve is one of the tolerance.",
        needs="a 1x1 convolution was not studied at two tolerances",
        plot=partial(layer_curves.plot_tolerances, cells, foot),
    )
    centring = str(primary["centring"].iloc[0]) if len(primary) else "uncentred"
    yield Figure(
        name=f"rank_heat_{slug}",
        title=f"Rank over tolerance and ratio, protocol {protocol}",
        caption=f"Mean rank / d_out of a 1x1 convolution, {centring}; the number is in each cell. Bright is full rank. "
        "Down is looser.",
        needs="a 1x1 convolution was not studied at two tolerances",
        plot=partial(layer_maps.plot_heat, cells, centring, foot),
    )


def _of(frame: pd.DataFrame, protocol: str) -> pd.DataFrame:
    return frame[frame["protocol"] == protocol]


def _grid_conditions(settings: pd.DataFrame) -> str:
    return " ".join(("Rows: claims; columns: what was chosen.", conditions_of(settings, "sensitivity", _GRID_FOOT)))


def _sign_conditions(frames: Frames) -> str:
    signs = frames["sign_map"]
    if signs.empty:
        return ""
    counts = signs["networks"].dropna()
    networks = f"; {counts.min()} to {counts.max()} networks per width" if len(counts) else ""
    foot = conditions_of(frames["settings"], "sign map", _SIGN_FOOT)
    return f"Block {signs['block'].iloc[0]}{networks}{'; ' if foot else ''}{foot}."
