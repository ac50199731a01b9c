"""What the page's tables show: frames cut down to what a reader asks, in units people read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from analysis.statistics.estimates import format_estimate
from bench.backends.registry import mark_deprecated
from bench.machine.interference import RULES
from bench.records.case import HINT, LATENCY, THROUGHPUT
from bench.records.pictures import CALL_PARTS
from bench.records.training import PARTS
from bench.statistics.disturbance import DISTURBED, UNDISTURBED, UNKNOWN
from reports.estimate_columns import read_estimate
from reports.run.frames import TABLES
from reports.run.interference_badge import SYMBOLS, render_badge
from reports.texts import load_texts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from analysis.statistics.estimates import Estimate

#: Headings of the columns that say what else the machine did.
MACHINE, EVIDENCE = "machine", "what else it did"
#: Heading of the break-even, the only number whose infinity reads "never".
PAYS = "pays after [images]"
_CLASSES = {SYMBOLS[UNDISTURBED]: "undisturbed", SYMBOLS[DISTURBED]: "disturbed", SYMBOLS[UNKNOWN]: "unknown"}
_NAMES = ["model", "resolution", "batch", "backend", "precision", "memory_format", "threads", "device", "scenario"]
_NAMES += ["streams", "shape", "calibration", "arrivals", "pictures"]
_ALWAYS = {"model", "batch", "backend"}
_UNITS = {"resolution": "px"}
_MOST = {rule.name: f"{rule.limit:.0f} %" for rule in RULES}


def shared_settings(cases: pd.DataFrame) -> str:
    """What all cases have in common and the tables therefore leave out."""
    shared = [name for name in _NAMES if name not in _identity(cases)]
    if not cases["streams"].any():
        shared = [name for name in shared if name != "streams"]  # nobody was asked
    shared = [name for name in shared if str(cases[name].iloc[0])]
    words = [f"{name.replace('_', ' ')} {cases[name].iloc[0]} {_UNITS.get(name, '')}".strip() for name in shared]
    return ", ".join(words)


def view_cases(cases: pd.DataFrame) -> pd.DataFrame:
    """Cases with samples: times in milliseconds, each number beside its interval."""
    rows = cases[cases["samples"] > 0]
    view = _identity_of(rows, cases)
    view[MACHINE] = [render_badge(state) for state in rows["interference"]]
    view["latency [ms]"] = rows["latency_s"] * 1e3
    view["latency 95 % interval"] = _interval(rows, "latency", "_s", 1e3)
    view["speed-up"] = rows["speedup"]
    view["speed-up 95 % interval"] = _interval(rows, "speedup")
    view["images/s"] = rows["throughput_per_s"]
    view["images/s 95 % interval"] = _interval(rows, "throughput", "_per_s")
    if rows["load_latency_s"].notna().any():
        view["under load [ms]"] = pd.to_numeric(rows["load_latency_s"]) * 1e3
        view["under load 95 % interval"] = _interval(rows, "load_latency", "_s", 1e3)
        view["under load p95 [ms]"] = pd.to_numeric(rows["load_p95_s"]) * 1e3
    for part in PARTS:
        if rows[f"{part}_s"].notna().any():
            view[f"{part} [ms]"] = pd.to_numeric(rows[f"{part}_s"]) * 1e3
    for percent in (90, 95, 99):
        view[f"p{percent} [ms]"] = pd.to_numeric(rows[f"p{percent}_s"]) * 1e3
    view["samples"] = rows["samples"]
    view["rounds"] = rows["rounds"]
    view["outliers"] = rows["outliers"]
    view["stopped by"] = rows["stop_reason"]
    view["peak memory [MB]"] = rows["peak_rss_bytes"].astype("Float64").astype(float) / 1e6
    view["status"] = rows["status"]
    view[EVIDENCE] = rows["interference_evidence"]
    return view


def view_end_to_end(cases: pd.DataFrame) -> pd.DataFrame:
    """Cases that begin with pictures: the whole and its parts, each with its interval."""
    rows = cases[cases["preprocessing_share"].notna()]
    view = _identity_of(rows, cases)
    view["latency [ms]"] = _with_interval(rows, "latency", 1e3, "_s")
    for part in CALL_PARTS:
        view[f"{part} [ms]"] = _with_interval(rows, part, 1e3, "_s")
    view["preprocessing [%]"] = _with_interval(rows, "preprocessing_share", 100)
    view["parts / whole"] = pd.to_numeric(rows["parts_share"])
    view["speed-up"] = _with_interval(rows, "speedup")
    view["shown"] = rows["pictures_shown"]
    view["prepared by"] = rows["preprocessing_steps"] + ", " + rows["decoder"]
    view["status"] = rows["status"]
    return view


def view_precisions(cases: pd.DataFrame) -> pd.DataFrame:
    """Cases in reduced precision: what it brings and costs, and the verdict, whose sentence stands elsewhere."""
    rows = cases[cases["verdict"].notna() & (cases["verdict"] != "")]
    view = _identity_of(rows, cases)
    view["verdict"] = rows["verdict"]
    view["over fp32"] = _with_interval(rows, "fp32_speedup")
    view["top-1 change [points]"] = _with_interval(rows, "top1_change", 100)
    view["same top class [%]"] = _with_interval(rows, "agreement_top1", 100)
    view["cosine, mean"] = _with_interval(rows, "agreement_cosine")
    view["largest error, mean"] = _with_interval(rows, "agreement_relative_error")
    view["compared on"] = rows["agreement_on"].fillna("")
    view["calibrated on"] = rows["calibrated_on"].fillna("")
    view["in int8 [% of multiply-adds]"] = pd.to_numeric(rows["int8_macs_share"]) * 100
    return view


def view_energy(cases: pd.DataFrame) -> pd.DataFrame:
    """Cases whose energy could be read, in millijoules for one image."""
    rows = cases[cases["energy_j_per_image"].notna()]
    view = _identity_of(rows, cases)
    for heading, name in (("energy", "energy"), ("memory", "energy_dram")):
        if rows[f"{name}_j_per_image"].notna().any():
            view[f"{heading} [mJ/image]"] = rows[f"{name}_j_per_image"] * 1e3
            view[f"{heading} 95 % interval"] = _interval(rows, name, "_j_per_image", 1e3)
    view["idle power [W]"] = pd.to_numeric(rows["idle_power_w"])
    view["status"] = rows["status"]
    return view


def badges_of(view: pd.DataFrame) -> dict[str, dict[str, str]]:
    """The classes of the badges in a view by column and text, as `reports.page.datatables.render_table` takes them."""
    if MACHINE not in view:
        return {}
    return {MACHINE: {text: f"badge {_CLASSES[text[0]]}" for text in view[MACHINE] if text}}


def view_model_pairs(pairs: pd.DataFrame) -> pd.DataFrame:
    """Each pair with its ratio beside the paper's."""
    always = ("batch", "backend")
    names = [*always, *(name for name in ("precision", "memory_format", "device") if len(pairs[name].unique()) > 1)]
    view = pairs[["model", "other", *names]].rename(columns=lambda name: name.replace("_", " ")).copy()
    view["input [px]"] = pairs["model_resolution"].astype(str) + " / " + pairs["other_resolution"].astype(str)
    for who in ("model", "other"):
        view[f"{who} [ms]"] = pd.to_numeric(pairs[f"{who}_latency_s"]) * 1e3
    view["other / model"] = pd.to_numeric(pairs["ratio"])
    view["95 % interval"] = _interval(pairs, "ratio")
    view["paper's ratio"] = pd.to_numeric(pairs["paper_ratio"])
    view["paper's within"] = pairs["paper_in_interval"].map({True: "yes", False: "no"}).fillna("")
    view["paper's machine"] = pairs["paper_condition"].fillna("")
    view["note"] = pairs["reason"]
    return view


def view_knees(knees: pd.DataFrame) -> pd.DataFrame:
    """Each series with its knee, or why it has none."""
    always = ("model", "resolution", "backend")
    names = [*always, *(name for name in ("precision", "memory_format", "device") if len(knees[name].unique()) > 1)]
    view = knees[names].rename(columns=lambda name: name.replace("_", " ")).copy()
    at = knees["at_batch"].map(lambda batch: "" if pd.isna(batch) else f", batch {batch}")
    apart = knees["scenario"].map(lambda scenario: "" if scenario in {LATENCY, THROUGHPUT} else f", {scenario}")
    view["over"] = knees["over"] + at + apart
    view["measured"] = knees["sizes"]
    for who in ("knee", "best"):
        view[who] = knees[who].map(lambda size: "" if pd.isna(size) else str(size))
        view[f"{who} [images/s]"] = pd.to_numeric(knees[f"{who}_throughput_per_s"])
        view[f"{who} [ms]"] = pd.to_numeric(knees[f"{who}_latency_s"]) * 1e3
    view["note"] = knees["reason"]
    return view


def view_left_out(cases: pd.DataFrame) -> pd.DataFrame:
    """Cases that no comparison uses, and why."""
    rows = cases[cases["status"] != "ok"]
    view = _identity_of(rows, cases)
    view["status"] = rows["status"]
    view["reason"] = rows["reason"]
    return view


def view_phases(phases: pd.DataFrame, cases: pd.DataFrame) -> pd.DataFrame:
    """Phases in seconds, and the images after which they pay."""
    view = _identity_of(phases, cases)
    view["cache"] = phases["compile_cache"]
    view["one off [s]"] = phases["one_off_s"]
    view[PAYS] = pd.to_numeric(phases["break_even_images"]).round()
    for name in ("import", "build", "convert", "compile", "first_inference", "warm_up"):
        # A phase that does nothing for a backend takes the microsecond of timing it.
        view[f"{name.replace('_', ' ')} [s]"] = phases[f"{name}_s"].round(4)
    view["note"] = phases["break_even_reason"].astype(object).where(phases["break_even_reason"].notna(), "")
    return view


def view_costs(costs: pd.DataFrame) -> pd.DataFrame:
    """Costs in millions, as papers give them."""
    view = costs[["model", "resolution"]].copy()
    view["params [M]"] = costs["params"] / 1e6
    view["params, batch norm folded [M]"] = costs["params_folded"] / 1e6
    view["multiply-adds [MMACs]"] = costs["macs"] / 1e6
    view["activations [M]"] = costs["activations"] / 1e6
    return view


def view_accuracies(accuracies: pd.DataFrame) -> pd.DataFrame:
    """Published accuracies with their sources, or why there is none; empty where no model has one."""
    if accuracies["top1_percent"].isna().all():
        return pd.DataFrame()
    view = accuracies[["model", "resolution"]].copy()
    for metric in ("top1", "top5"):
        view[f"{metric.replace('top', 'top-')} [%]"] = pd.to_numeric(accuracies[f"{metric}_percent"])
    view["weights"] = accuracies["weights"]
    view["images"] = accuracies["conditions"]
    view["source or reason"] = accuracies["source"] + accuracies["reason"]
    return view


def view_published_order(orders: pd.DataFrame) -> pd.DataFrame:
    """Each backend's order beside the published one; empty where no backend has enough models."""
    rows = orders[orders["tau"].notna()]
    view = rows[["backend", "threads", "models"]].copy()
    view["Kendall's tau"] = rows["tau"]
    view["95 % interval"] = _interval(rows, "tau")
    view["typical ratio"] = rows["typical_ratio"]
    view["outlying models"] = rows["outliers"]
    view["left out"] = rows["left_out"]
    view["note"] = rows["reason"]
    return view


def view_published_times(times: pd.DataFrame, orders: pd.DataFrame) -> pd.DataFrame:
    """Our latencies beside the published ones, for the backends that `view_published_order` shows."""
    shown = orders.loc[orders["tau"].notna(), ["backend", "threads"]]
    rows = times.merge(shown, on=["backend", "threads"])
    view = rows[["model", "resolution", "backend", "threads"]].copy()
    view["here [ms]"] = rows["latency_s"] * 1e3
    view["here, 95 % interval"] = _interval(rows, "latency", "_s", 1e3)
    view["published [ms]"] = rows["published_latency_s"] * 1e3
    view["ratio"] = rows["ratio"]
    view["deviation"] = rows["deviation"]
    view["outlier"] = rows["outlier"].map({True: "yes", False: ""})
    return view


def view_effective(cases: pd.DataFrame) -> pd.DataFrame:
    """Requested beside effective settings, agreement of the outputs, and what the machine did meanwhile."""
    rows = cases[cases["samples"] > 0]
    view = _identity_of(rows, cases)
    for name in ("precision", "threads", "memory_format", "device"):
        effective = _or_unknown(rows[f"effective_{name}"])
        view[f"{name.replace('_', ' ')} (requested / effective)"] = rows[name].astype(str) + " / " + effective
    view["effective streams"] = _or_unknown(rows["effective_streams"])
    view["instruction set (effective / processor)"] = [
        " / ".join(text or "not reported" for text in pair)
        for pair in zip(rows["effective_isa"], rows["processor_isa"], strict=True)
    ]
    view["outputs agree"] = rows["parity_passed"].map({True: "yes", False: "no"}).fillna("not compared")
    view["cosine"] = pd.to_numeric(rows["parity_cosine"]).map("{:.6f}".format).replace("nan", "")
    view["relative error"] = pd.to_numeric(rows["parity_relative_error"])
    view["top-1 agreement"] = pd.to_numeric(rows["parity_top1_agreement"])
    view["steady"] = rows["steady"].map({True: "yes", False: "no"})
    view["neighbours [%]"] = _or_unknown(pd.to_numeric(rows["others_percent"]).round(1))
    view["CPU pressure [%]"] = pd.to_numeric(rows["cpu_pressure_percent"])
    view["steal [%]"] = pd.to_numeric(rows["steal_percent"])
    view["throttled periods"] = pd.to_numeric(rows["throttled_periods"])
    view["frequency drop [%]"] = pd.to_numeric(rows["frequency_drop_percent"])
    view["involuntary switches"] = pd.to_numeric(rows["involuntary_switches"])
    view["notes"] = rows["notes"]
    return view


#: What a heading means, shown when the pointer rests on it.
MEANINGS: Mapping[str, str] = {
    **{heading: TABLES[table][column].meaning for heading, (table, column) in load_texts("run")["headings"].items()},
    MACHINE: "undisturbed: as far as the system tells, in no round did neighbours use over "
    f"{_MOST['others_percent']} of the cores or the hypervisor over {_MOST['steal_percent']}, nothing was throttled, "
    f"and the frequency fell by no more than {_MOST['frequency_drop_percent']}; disturbed: one of these did not hold, "
    "and repeating the round did not help; not available: the system does not report neighbours, or sampling was too "
    "short",
}


def _identity(cases: pd.DataFrame) -> list[str]:
    """Names in which the cases of this run differ, and those a reader always wants."""
    return [name for name in _NAMES if name in _ALWAYS or len(cases[name].unique()) > 1]


def _identity_of(rows: pd.DataFrame, cases: pd.DataFrame) -> pd.DataFrame:
    columns = rows[_identity(cases)].copy()
    columns["backend"] = columns["backend"].map(mark_deprecated)
    if "streams" in columns:
        queued = rows["scenario"] == THROUGHPUT
        columns["streams"] = columns["streams"].map(lambda streams: str(streams or HINT)).where(queued, "")
    return columns.rename(columns=lambda name: name.replace("_", " "))


def _with_interval(rows: pd.DataFrame, name: str, scale: float = 1.0, unit: str = "") -> list[str]:
    """The numbers with their intervals; empty where there is none."""
    estimates = (read_estimate(row, name, unit) for row in rows.to_dict("records"))
    return ["" if pd.isna(estimate.value) else format_estimate(estimate, scale=scale) for estimate in estimates]


def _interval(rows: pd.DataFrame, name: str, unit: str = "", scale: float = 1.0) -> list[str]:
    """The intervals of a number, such as ``12.1 to 12.6``; empty where there is none, or the number is exact."""
    estimates = (read_estimate(row, name, unit) for row in rows.to_dict("records"))
    return [_describe_interval(estimate, scale) for estimate in estimates]


def _describe_interval(estimate: Estimate, scale: float) -> str:
    if not estimate.has_interval or estimate.low == estimate.high:
        return ""
    return format_estimate(estimate, scale=scale).partition("[")[2].rstrip("]").replace(", ", " to ")


def _or_unknown(values: pd.Series) -> pd.Series:
    return values.astype(object).where(values.notna(), "not reported").astype(str)
