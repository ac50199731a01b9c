"""Which figures each rank study has."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from reports.drawing.figure import list_named
from reports.rank.figures import layer_claims, layer_curves, layer_maps, network_depth, network_spectra, trained
from reports.rank.names import conditions_of, slugs
from reports.rank.network import FINAL_POINTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pandas as pd

    from reports.drawing.figure import Figure

    Frames = Mapping[str, pd.DataFrame]

#: Parameters in the footnote of each kind of figure.
_PROTOCOL_FOOT = (
    "networks run", "number shown", "d_out", "rows", "weights", "inputs", "norm", "spatial", "expansion",
    "precision", "seed",
)  # fmt: skip
_GRID_FOOT = ("settings", "settings_run", "networks", "ratios", "expansion", "precision", "seed")
_SIGN_FOOT = ("rows", "weights", "inputs", "norm", "spatial", "precision", "seed")
_NETWORK_FOOT = (
    "image_kind", "image_count", "resolution", "batch_norm", "positions", "threads", "seed", "torch",
)  # fmt: skip
_TRAINED_FOOT = (
    "seeds", "epochs", "side", "train_per_class", "batch_size", "learning_rate", "table2_head", "table3a_head", "torch",
)  # fmt: skip
_THRESHOLDS = "The thresholds in the rules are not the paper's, which says it in words."
_PAPER = "Paper: Han et al., CVPR 2021 (arXiv 2007.00992), figure 1, as digitised."
_TIMES = {name: f"layer_times.{name}" for name in ("batch", "threads", "passes", "method")}


def list_layers(frames: Frames) -> Iterator[Figure]:
    """Verdicts, then each protocol, then what depends on what."""
    yield from list_named(
        "layers",
        {
            "rank_verdicts": partial(layer_claims.plot_verdicts, frames["claims"], _THRESHOLDS),
            "rank_distances": partial(layer_curves.plot_distances, frames["distances"], _PAPER),
        },
    )
    for protocol, slug in slugs(frames["cells"]["protocol"]).items():
        yield from _list_protocol(frames, protocol, slug)
    grid = conditions_of(frames["settings"], "sensitivity", _GRID_FOOT)
    grid_foot = f"Rows: claims; columns: what was chosen. {grid}"
    yield from list_named(
        "layers",
        {
            "rank_sensitivity": partial(layer_maps.plot_sensitivity, frames["sensitivity"], grid_foot),
            "rank_signs": partial(layer_maps.plot_signs, frames["sign_map"], _sign_conditions(frames)),
        },
    )


def _list_protocol(frames: Frames, protocol: str, slug: str) -> Iterator[Figure]:
    cells, bounds, overlay = (
        frames[name][frames[name]["protocol"] == protocol] for name in ("cells", "bounds", "overlay")
    )
    primary, settings = cells[cells["primary"]], frames["settings"]
    foot = f"{protocol}: {conditions_of(settings, protocol, _PROTOCOL_FOOT)}"
    paper_foot = f"{foot}. {_PAPER}" if len(overlay) else foot
    reference = conditions_of(settings, protocol, ("reference",)).removeprefix("reference ") or "ReLU6"
    centring = str(primary["centring"].iloc[0]) if len(primary) else "uncentred"
    plots = {
        "rank_figure1": partial(layer_curves.plot_figure1, primary, bounds, overlay, paper_foot),
        "rank_differences": partial(layer_curves.plot_differences, primary, reference, foot),
        "rank_tolerances": partial(layer_curves.plot_tolerances, cells, foot),
        "rank_heat": partial(layer_maps.plot_heat, cells, centring, foot),
    }
    values = {"protocol": protocol, "reference": reference, "centring": centring}
    return list_named("layers", plots, f"_{slug}", **values)


def _sign_conditions(frames: Frames) -> str:
    signs = frames["sign_map"]
    if signs.empty:
        return ""
    counts = signs["networks"].dropna()
    networks = f"; {counts.min()} to {counts.max()} networks per width" if len(counts) else ""
    foot = conditions_of(frames["settings"], "sign map", _SIGN_FOOT)
    return f"Block {signs['block'].iloc[0]}{networks}{'; ' if foot else ''}{foot}."


def list_network(frames: Frames) -> Iterator[Figure]:
    """Along the depth, then spectra, then the join with cost and time."""
    taps, foot = frames["taps"], conditions_of(frames["settings"], "study", _NETWORK_FOOT)
    final = [str(tap) for point in FINAL_POINTS for tap in dict.fromkeys(taps[taps["point"] == point]["tap"])]
    timed = f"{_time_conditions(frames)}{foot}"
    return list_named(
        "network",
        {
            "rank_blocks": partial(network_depth.plot_blocks, frames["blocks"], taps, foot),
            "rank_profile": partial(network_depth.plot_profile, taps, foot),
            "rank_aligned": partial(network_depth.plot_aligned, taps, foot),
            "rank_spectra": partial(network_spectra.plot_final_spectra, frames["spectra"], taps, final, foot),
            "rank_staircases": partial(network_spectra.plot_staircases, frames["curves"], frames["metrics"], foot),
            "rank_jacobian": partial(network_spectra.plot_jacobian, taps, foot),
            "rank_layer_shares": partial(network_depth.plot_layer_shares, frames["layers"], timed),
        },
    )


def _time_conditions(frames: Frames) -> str:
    """How the layers were timed, once for all models timed alike; empty where no model was."""
    by_words: dict[str, list[str]] = {}
    for model in frames["models"]["model"]:
        own = frames["settings"][frames["settings"]["part"] == model]
        values = own.set_index("parameter")["value"].to_dict()
        words = [f"{name} {values[key]}".removeprefix("method ") for name, key in _TIMES.items() if key in values]
        if words:
            by_words.setdefault(", ".join(words), []).append(model)
    if len(by_words) == 1:
        return f"Times: {next(iter(by_words))}. "
    return "".join(f"Times of {', '.join(models)}: {words}. " for words, models in by_words.items())


def list_trained(frames: Frames) -> Iterator[Figure]:
    """Step by step, paired, and against one another; then the claims."""
    runs, foot = frames["runs"], conditions_of(frames["settings"], "study", _TRAINED_FOOT)
    fine = runs[runs["status"] == "ok"]
    return list_named(
        "trained",
        {
            "rank_steps": partial(trained.plot_steps, frames["summary"], fine, foot),
            "rank_pairs": partial(trained.plot_pairs, frames["pairs"], frames["summary"], foot),
            "rank_together": partial(trained.plot_together, fine, foot),
            "rank_verdicts": partial(layer_claims.plot_verdicts, frames["claims"], foot),
        },
    )
