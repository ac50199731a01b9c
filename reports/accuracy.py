"""An evaluation as text and as a row. No torch here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_NAMES = {"top1": "top-1", "top5": "top-5"}
_PLACES = {True: "inside", False: "outside", None: "-"}


def accuracy_frame(document: Mapping[str, Any]) -> pd.DataFrame:
    """One row with the accuracy, and what it depends on.

    Args:
        document: What `analysis.accuracy.run_evaluation` gave.
    """
    nested = ("preprocessing", "weights")
    flat = {key: value for key, value in document.items() if not isinstance(value, dict | list)}
    inner = {f"{part}_{key}": value for part in nested for key, value in document[part].items()}
    return pd.DataFrame([flat | {key: value for key, value in inner.items() if not isinstance(value, list)}])


def render_accuracy(document: Mapping[str, Any]) -> str:
    """The accuracy with its interval, its conditions, and the printed ones.

    Args:
        document: What `analysis.accuracy.run_evaluation` gave.
    """
    return "\n".join([*_result(document), "", *_conditions(document), "", *_published(document)])


def _result(document: Mapping[str, Any]) -> Iterator[str]:
    yield f"{document['model']} at {document['resolution']} px, {document['images']} images"
    for metric, name in _NAMES.items():
        value, low, high = (document[f"{metric}{end}_percent"] for end in ("", "_low", "_high"))
        if value is not None:
            yield f"{name}  {value:.2f} % [{low:.2f}, {high:.2f}]"


def _conditions(document: Mapping[str, Any]) -> Iterator[str]:
    done, weights = document["preprocessing"], document["weights"]
    yield f"images         {_images(document)}"
    yield (
        f"preprocessing  shorter side to {done['resized_side']} px, {done['interpolation']}; "
        f"centre {done['crop']} px; ImageNet mean and deviation; not turned by EXIF"
    )
    yield f"weights        {weights['path']}, {weights['layout']} layout, sha256 {weights['sha256']}"
    yield "interval       95 %, Wilson: how far other images of the kind would move it"


def _images(document: Mapping[str, Any]) -> str:
    parts = [
        f"{document['found']} in {document['folder']}, {document['class_folders']} of {document['classes']} classes"
    ]
    if document["asked"] < document["found"]:
        parts.append(f"{document['asked']} of them taken at even distances (--limit)")
    if document["stopped"]:
        parts.append("stopped before the end, those seen are a shuffled part")
    for key, what in (("left_out", "other or hidden files left out"), ("unreadable", "unreadable and passed over")):
        if document[key]:
            parts.append(f"{document[key]} {what}")
    return "; ".join(parts)


def _published(document: Mapping[str, Any]) -> Iterator[str]:
    rows = document["published"]
    if not rows:
        yield "published      nothing in our table"
        return
    if not document["comparable"]:
        yield f"published      {len(rows)} numbers, not compared: {document['not_comparable_because']}"
        return
    yield f"{'published':9}  {'printed':>7}  {'ours - printed':>14}  {'interval':8}  source"
    for row in rows:
        difference = "-" if row["difference_percent"] is None else f"{row['difference_percent']:+.2f}"
        source = "; ".join(filter(None, (row["source"], row["conditions"], row["note"])))
        yield (
            f"{_NAMES[row['metric']]:9}  {row['printed_percent']:7.2f}  {difference:>14}  "
            f"{_PLACES[row['in_interval']]:8}  {source}"
        )
