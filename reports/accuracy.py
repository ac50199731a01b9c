"""How an evaluation is shown: a row for each form of the model, and text for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reports.classifier import describe_classifier
from reports.columns import load_tables, make_frame
from reports.converted_forms import list_forms, render_forms
from reports.report import Report
from reports.terminal import render_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pandas as pd

    from analysis.study import Study

_NAMES = {"top1": "top-1", "top5": "top-5"}
_PLACES = {True: "inside", False: "outside", None: "-"}
TABLES = load_tables("accuracy")


def accuracy_frames(study: Study) -> dict[str, pd.DataFrame]:
    """One row for the original and for each converted form: the accuracy, and what the accuracy depends on."""
    nested = ("preprocessing", "weights")
    inner = {f"{part}_{key}": value for part in nested for key, value in study.payload[part].items()}
    rows = [{**row, **inner, "stopped": study.stopped} for row in list_forms(study.payload)]
    return {"accuracy": make_frame(rows, TABLES["accuracy"])}


def render_accuracy(study: Study) -> str:
    """The accuracy with its interval, its conditions, and the published accuracies."""
    document = study.payload
    forms = list(render_forms(document))
    parts = [*_result(document), "", *forms, *([""] if forms else []), *_conditions(study), "", *_published(document)]
    return "\n".join(parts)


def _result(document: Mapping[str, Any]) -> Iterator[str]:
    yield f"{document['model']} at {document['resolution']} px, {document['images']} images"
    for metric, name in _NAMES.items():
        value, low, high = (document[f"{metric}{end}_percent"] for end in ("", "_low", "_high"))
        if value is not None:
            yield f"{name}  {value:.2f} % [{low:.2f}, {high:.2f}]"


def _conditions(study: Study) -> Iterator[str]:
    yield f"images         {_images(study)}"
    yield f"classes        by {study.payload['named_by']}"
    yield from describe_classifier(study.payload)
    yield "interval       95 %, Wilson: how far other images of the kind would move it"


def _images(study: Study) -> str:
    document = study.payload
    parts = [
        f"{document['found']} in {document['folder']}, {document['class_folders']} of {document['classes']} classes"
    ]
    if left_out := document.get("calibrated_left_out"):
        parts.append(f"{left_out} left out, on which a form was calibrated")
    if document["asked"] < document["found"] - (left_out or 0):
        parts.append(f"{document['asked']} of them taken at even distances (--limit)")
    if study.stopped:
        parts.append("stopped before the end, those seen are a shuffled part")
    for key, what in (("left_out", "other or hidden files left out"), ("unreadable", "unreadable and passed over")):
        if document[key]:
            parts.append(f"{document[key]} {what}")
    return "; ".join(parts)


def _published(document: Mapping[str, Any]) -> list[str]:
    rows = document["published"]
    if not rows:
        return ["published      nothing in our table"]
    if not document["comparable"]:
        return [f"published      {len(rows)} numbers, not compared: {document['not_comparable_because']}"]
    heads = ("published", "printed", "ours - printed", "interval", "source")
    return render_rows(heads, map(_published_cells, rows), right={1, 2})


def _published_cells(row: Mapping[str, Any]) -> list[str]:
    difference = row["difference_percent"]
    return [
        _NAMES[row["metric"]],
        f"{row['printed_percent']:.2f}",
        "-" if difference is None else f"{difference:+.2f}",
        _PLACES[row["in_interval"]],
        "; ".join(filter(None, (row["source"], row["conditions"], row["note"]))),
    ]


REPORTS = {"accuracy": Report(kind="accuracy", columns=TABLES, frames=accuracy_frames, text=render_accuracy)}
