"""The card of an exported model as a README: Open Model Zoo's sections, and Hugging Face's metadata at its head."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from analysis.statistics.estimates import Estimate, format_estimate
from rexnet_core.printable import escape_controls

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_FRAMEWORKS = {"registered": "PyTorch", "onnx": "ONNX", "ir": "OpenVINO"}
#: The identifiers of the hub that licences of weights mostly have.
#: Source: huggingface.co/docs/hub/repositories-licenses.
_LICENCES = """
afl-3.0 agpl-3.0 apache-2.0 artistic-2.0 bsd bsd-2-clause bsd-3-clause bsd-3-clause-clear bsl-1.0 cc cc-by-2.0
cc-by-2.5 cc-by-3.0 cc-by-4.0 cc-by-nc-2.0 cc-by-nc-3.0 cc-by-nc-4.0 cc-by-nc-nd-3.0 cc-by-nc-nd-4.0
cc-by-nc-sa-2.0 cc-by-nc-sa-3.0 cc-by-nc-sa-4.0 cc-by-nd-4.0 cc-by-sa-3.0 cc-by-sa-4.0 cc0-1.0 ecl-2.0 epl-1.0
epl-2.0 eupl-1.1 gpl gpl-2.0 gpl-3.0 isc lgpl lgpl-2.1 lgpl-3.0 mit mpl-2.0 ms-pl ncsa openrail unlicense wtfpl zlib
"""
_METRICS = {"top1_percent": "Top 1", "top5_percent": "Top 5"}


def render_card(facts: Mapping[str, Any]) -> str:
    """The text; where something is not known or not measured, it says so.

    Args:
        facts: The card, digests of files aside.
    """
    parts = (_head, _use_case, _specification, _accuracy, _latency, _io, _check, _legal)
    lines = [line for part in parts for line in part(facts)]
    return escape_controls("\n".join(lines) + "\n", keep="\n")


def _head(facts: Mapping[str, Any]) -> Iterator[str]:
    """YAML; a JSON value is one of YAML, too."""
    yield "---"
    yield from _head_licence(str(facts["licence"]))
    yield f"library_name: {json.dumps(facts['runtime'])}"
    yield "pipeline_tag: image-classification"
    yield f"tags: {json.dumps(['image-classification', facts['format'], facts['precision']])}"
    if shown := _find_measured(facts):
        yield from _index(facts, shown)
    yield "---"
    yield ""


def _head_licence(licence: str) -> Iterator[str]:
    """The hub knows licences by its own names; it takes any other as ``other`` with a name."""
    if licence.lower() in _LICENCES.split():
        yield f"license: {licence.lower()}"
    elif licence:
        yield "license: other"
        yield f"license_name: {json.dumps(licence)}"


def _find_measured(facts: Mapping[str, Any]) -> Mapping[str, Any]:
    """The accuracy that this artefact reaches; empty where nobody measured it.

    Programs read it as that of these files: what was printed is none, and what the original reached is this artefact's
    where it computes the same alone, in fp32 and with pictures resized as the original's.
    """
    found: Mapping[str, Any] = facts["accuracy"].get("converted", {})
    if not found and facts["precision"] == "fp32" and not facts["preprocessing"]["resized_inside"]:
        found = facts["accuracy"].get("original", {})
    return found if found.get("measured") else {}


def _index(facts: Mapping[str, Any], shown: Mapping[str, Any]) -> Iterator[str]:
    yield "model-index:"
    yield f"- name: {json.dumps(_name(facts))}"
    yield "  results:"
    yield "  - task: {type: image-classification}"
    yield f"    dataset: {{name: {json.dumps(shown['dataset'])}, type: folder}}"
    yield "    metrics:"
    for key, title in _METRICS.items():
        if key in shown:
            yield f"    - {{type: accuracy, name: {json.dumps(f'{title} accuracy [%]')}, value: {shown[key]:.2f}}}"


def _name(facts: Mapping[str, Any]) -> str:
    return str(facts["published_name"] or facts["model"])


def _use_case(facts: Mapping[str, Any]) -> Iterator[str]:
    yield f"# {_text(_name(facts))}"
    yield ""
    yield "## Use case and high-level description"
    yield ""
    named = f" (`labels.txt` names {facts['named_classes']})" if facts["named_classes"] else ""
    yield (
        f"`{_text(facts['model'])}` classifies pictures into {facts['classes']:,} classes{named}. This folder holds it "
        f"as {facts['format_words']} in {facts['precision']}, with its preprocessing inside, for "
        f"{facts['runtime']} {facts['versions'].get(facts['runtime'], '')}."
    )
    if facts["calibrated_on"]:
        yield f"Its int8 form was calibrated on {_text(facts['calibrated_on'])}."
    if facts["machine_code"]:
        yield "It holds machine code for the processor that it was made on, and runs on no lesser one."
    yield ""


def _specification(facts: Mapping[str, Any]) -> Iterator[str]:
    cost = facts["cost"]
    yield "## Specification"
    yield ""
    yield "| Metric | Value | Counted as |"
    yield "|---|---|---|"
    yield "| Type | Classification | |"
    if "gflops" in cost:
        yield f"| GFLOPs | {cost['gflops']:.4f} | {cost['gflops_convention']} |"
        yield f"| MParams | {cost['mparams']:.4f} | {cost['mparams_convention']} |"
        yield f"| Multiply-adds | {cost['macs']:,} | of convolutions and linear layers |"
        yield f"| Parameters | {cost['params']:,} | learnable numbers |"
    else:
        yield f"| GFLOPs | not counted | {_text(cost['reason'])} |"
    yield f"| Source framework | {_FRAMEWORKS.get(facts['source'], 'PyTorch')} | |"
    yield ""


def _accuracy(facts: Mapping[str, Any]) -> Iterator[str]:
    accuracy = facts["accuracy"]
    yield "## Accuracy"
    yield ""
    if not accuracy:
        yield "Not measured."
    else:
        original, converted = (accuracy.get(key, {}) for key in ("original", "converted"))
        yield "| Metric | Original model | Converted model |"
        yield "|---|---|---|"
        for key, title in _METRICS.items():
            yield f"| {title} | {_percent(original, key)} | {_percent(converted, key)} |"
        yield ""
        yield from (f"{who.capitalize()}: {_text(accuracy[who]['source'])}." for who in accuracy)
    yield ""


def _percent(values: Mapping[str, Any], key: str) -> str:
    if key not in values:
        return "not measured"
    low, high = (values.get(key.replace("_percent", f"_{end}_percent")) for end in ("low", "high"))
    interval = "" if low is None or high is None else f" [{low:.2f}, {high:.2f}]"
    return f"{values[key]:.2f} %{interval}"


def _latency(facts: Mapping[str, Any]) -> Iterator[str]:
    latency = facts["latency"]
    yield "## Latency"
    yield ""
    if latency["status"] != "measured":
        yield "Not measured."
    else:
        yield "| Batch | Side | Threads | Precision | Latency, 95 % interval | Rounds |"
        yield "|---|---|---|---|---|---|"
        for row in latency["rows"]:
            ends = {key: row[f"latency_{key}_s"] for key in ("low", "high") if row[f"latency_{key}_s"] is not None}
            shown = format_estimate(Estimate(value=row["latency_s"], **ends), "ms", scale=1e3)
            side, threads, precision = row["resolution"], row["threads"], row["precision"]
            yield f"| {row['batch']} | {side} | {threads} | {precision} | {shown} | {row['rounds']} |"
        yield ""
        yield (
            f"Run {latency['run']} of {latency['started_at']} on {_text(latency['processor'])} with "
            f"{latency['rows'][0]['backend']}; the network alone, without the preparation of pictures."
        )
    yield ""


def _io(facts: Mapping[str, Any]) -> Iterator[str]:
    for side in ("input", "output"):
        for form in ("original", "converted"):
            yield f"## {side.capitalize()} of the {form} model"
            yield ""
            yield from (_list_input if side == "input" else _list_output)(facts[side][form])
            yield ""
    steps = facts["preprocessing"]
    place = "inside" if steps["resized_inside"] else "before they go in"
    yield (f"Pictures are prepared {place}: {_text(steps['words'])}. This is {_text(steps['of'])}.")
    if steps["note"]:
        yield f"Note: {_text(steps['note'])}."
    yield ""


def _list_input(told: Mapping[str, Any]) -> Iterator[str]:
    shape = ", ".join(map(str, told["shape"]))
    letters = ", ".join({"N": "B"}.get(letter, letter) for letter in told["layout"])
    yield f"Image, name `{told['name']}`, shape `{shape}`, format `{letters}`, type {told['type']}, where"
    yield ""
    yield "- `B` is the number of pictures, `C` the channel, `H` the height, `W` the width;"
    yield f"- the order of channels is `{told['channel_order']}`;"
    if told["mean"] is None:
        yield "- values are those of pixels, from 0 to 255: mean and scale are inside."
    else:
        yield f"- mean values are {_numbers(told['mean'])}, scale values {_numbers(told['scale'])}, of pixels to 255."


def _numbers(values: list[float]) -> str:
    return f"[{', '.join(f'{value:g}' if value == round(value, 3) else f'{value:.6g}' for value in values)}]"


def _list_output(told: Mapping[str, Any]) -> Iterator[str]:
    shape = ", ".join(map(str, told["shape"]))
    yield f"Class scores, name `{told['name']}`, shape `{shape}`, format `B, C`, as {told['kind']}."


def _check(facts: Mapping[str, Any]) -> Iterator[str]:
    check = facts["check"]
    yield "## Verification"
    yield ""
    yield (
        f"Loaded from its file, the model was compared with the original ({_text(facts['reference'])}) on "
        f"{check['pictures']} pictures: least cosine {check['cosine']:.6f}, largest error {check['error']:.2g} of the "
        f"largest output. `python {check['program']}` checks the digests in `card.json` and the outputs for a stored "
        f"picture; it needs numpy and {facts['runtime']} alone."
    )
    yield ""


def _legal(facts: Mapping[str, Any]) -> Iterator[str]:
    yield "## Legal information"
    yield ""
    licence = facts["licence"]
    yield f"Licence of the weights: {_text(licence)}." if licence else "The licence of the weights is not known."
    if digest := facts["weights"].get("sha256"):
        yield f"The weights are from a file with SHA-256 `{digest}`."


def _text(value: object) -> str:
    """A text that breaks neither a line nor a table."""
    return " ".join(str(value).split()).replace("|", "\\|")
