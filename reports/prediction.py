"""How predictions are shown: a row for each class of each picture, and text for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reports.classifier import describe_classifier
from reports.columns import load_tables, make_frame
from reports.report import Report
from reports.terminal import render_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pandas as pd

    from analysis.study import Study

#: Of more pictures than this, each has one line.
_FEW = 8
#: Classes of a picture that has one line.
_ON_A_LINE = 3
#: Reasons that are shown below the lines.
_REASONS = 20
TABLES = load_tables("prediction")


def prediction_frames(study: Study) -> dict[str, pd.DataFrame]:
    """A row for each class of each picture, and one for each picture that could not be read."""
    shared = {
        name: study.payload.get(name) for name in ("model", "resolution", "backend", "precision", "outputs", "names")
    }
    rows = [
        {**shared, **{name: picture[name] for name in ("picture", "status", "reason", "lies_turned")}, **one}
        for picture in study.payload["pictures"]
        for one in picture["classes"] or [{}]
    ]
    return {"prediction": make_frame(rows, TABLES["prediction"])}


def render_prediction(study: Study) -> str:
    """The classes of each picture, then what computed them, and how."""
    document = study.payload
    rows = document["pictures"]
    shown = _as_blocks(rows) if len(rows) <= _FEW else _as_table(rows)
    return "\n".join((*shown, "", *_conditions(document)))


def _as_blocks(rows: list[Mapping[str, Any]]) -> Iterator[str]:
    """The name of each picture, and below it a line for each class."""
    for number, row in enumerate(rows):
        if number:
            yield ""
        yield f"{row['picture']}"
        cells = [[_show_share(one), _name(one), one["synset"]] for one in row["classes"]]
        yield from render_rows(("", "", ""), cells, right={0}, indent=2) if cells else (f"  {row['reason']}",)


def _as_table(rows: list[Mapping[str, Any]]) -> list[str]:
    """A line for each picture, and below them why some have no classes."""
    places = min(_ON_A_LINE, max(len(row["classes"]) for row in rows))
    heads = ["picture", *(head for place in range(places) for head in ("", ("first", "second", "third")[place]))]
    right = {1 + 2 * place for place in range(places)}
    reasons = [row["reason"] for row in rows if row["reason"]]
    more = [f"and {len(reasons) - _REASONS} more"] if len(reasons) > _REASONS else []
    table = render_rows(heads, (_cells(row, places) for row in rows), right=right)
    return [*table, *([""] if reasons else []), *reasons[:_REASONS], *more]


def _cells(row: Mapping[str, Any], places: int) -> list[str]:
    if not row["classes"]:
        return [row["picture"], "", row["status"], *[""] * (2 * places - 2)]
    pairs = [(_show_share(one), _name(one)) for one in row["classes"][:places]]
    return [row["picture"], *(cell for pair in pairs for cell in pair)]


def _show_share(one: Mapping[str, Any]) -> str:
    return f"{100 * one['probability']:.1f} %"


def _name(one: Mapping[str, Any]) -> str:
    return one["short_name"] or f"class {one['class']}"


def _conditions(document: Mapping[str, Any]) -> Iterator[str]:
    form = f"{document['backend']} {document['precision']}" if "backend" in document else document["reference"]
    yield f"computed by    {document['model']} at {document['resolution']} px, {form}"
    if document.get("status", "ok") != "ok":
        yield f"               {document['status']}: {document['reason']}"
    if document.get("calibration"):
        yield f"calibrated on  {document['calibration']}"
    yield from describe_classifier(document)
    turned = sum(row["lies_turned"] for row in document["pictures"])
    if turned and not document["preprocessing"]["turned_by_exif"]:
        yield f"turned         {turned} of the pictures lie turned, as their EXIF entries say; --upright turns them"
    yield f"names          {document['names']}"
    if document["outputs"] == "probabilities":
        yield "probabilities  the model's outputs as they are: each row is a softmax already"


REPORTS = {"prediction": Report(kind="prediction", columns=TABLES, frames=prediction_frames, text=render_prediction)}
