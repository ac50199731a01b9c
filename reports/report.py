"""A report: how one kind of study becomes tables, text, figures and a page; and the registry of all reports."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from analysis.json_values import make_plain, render_json
from analysis.schema import SchemaError, check_fits
from analysis.study import Study
from reports.drawing.settings import import_matplotlib
from rexnet_core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    import pandas as pd

    from reports.columns import Table
    from reports.drawing.figure import Figure
    from reports.drawing.picture import Picture

    Frames = Mapping[str, pd.DataFrame]

#: Kind of study to the module whose `REPORTS` has its report; a module is imported when its report is needed.
REPORTS: Mapping[str, str] = {
    "run": "reports.run.report",
    "published": "reports.published.report",
    "layers": "reports.rank.report",
    "network": "reports.rank.report",
    "trained": "reports.rank.report",
    "compare": "reports.compare",
    "selftest": "reports.selftest",
    "accuracy": "reports.accuracy",
    "prediction": "reports.prediction",
    "census": "reports.census.report",
    "training": "reports.training.report",
}
#: The study as it is stored, beside the page.
_RESULT = "result.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """How one kind of study is shown.

    Args:
        kind: Of the study.
        columns: Tables by name, which is that of the CSV file without its ending.
        frames: Makes the frame of every table.
        text: Renders the study for a terminal.
        figures: Lists the figures in the order of the page, from the study and its frames.
        schema: What the payload of a stored study must be like, see `reports.schema`.
        page: Renders the page from the study, its frames and the drawn figures; None where there is no page.
        format_version: Newest version of the study's payload that the report can read.
    """

    kind: str
    columns: Mapping[str, Table]
    frames: Callable[[Any], Frames]
    text: Callable[[Any], str]
    schema: Any = dict
    figures: Callable[[Any, Frames], Iterable[Figure]] = lambda _study, _frames: ()
    page: Callable[[Any, Frames, Sequence[Picture]], str] | None = None
    format_version: int = 1


def find_report(kind: str) -> Report:
    """The report of a kind of study.

    Raises:
        InputError: No report is of that kind.
    """
    if kind not in REPORTS:
        raise InputError(f"a report must be of kind {', '.join(REPORTS)}; got {kind!r}; update rexbench")
    import_matplotlib()
    report: Report = import_module(REPORTS[kind]).REPORTS[kind]
    return report


def check_study(kind: str, study: Study) -> Report:
    """The report of a kind, where it can show this study.

    Args:
        kind: A key of `REPORTS`.
        study: As it was stored.

    Raises:
        InputError: The study is of another kind, of a newer format, or not of the shape of its kind.
    """
    report = find_report(kind)
    if study.kind != kind:
        raise InputError(f"a report of {kind} needs a study of kind {kind}; got {study.kind!r}")
    if study.format_version > report.format_version:
        raise InputError(
            f"studies of kind {kind} up to format {report.format_version} can be read; got {study.format_version}; "
            "update rexbench"
        )
    try:
        check_fits(report.schema, make_plain(study.payload))
    except SchemaError as error:
        raise InputError(
            f"a stored study must have the shape of its kind, {kind}; {error}; run the study again"
        ) from None
    return report


def build_frames(kind: str, study: Any) -> Frames:
    """Every table of a study by name; a missing value is NaN, NA or an empty text.

    Args:
        kind: A key of `REPORTS`.
        study: A `Study` of that kind; for a run, `reports.run.data.RunData`.

    Raises:
        InputError: As `check_study`.
    """
    report = check_study(kind, study) if isinstance(study, Study) else find_report(kind)
    return report.frames(study)


def write_report(kind: str, study: Any, out: Path, *, run: str = "") -> Path:
    """Write ``report.html``, ``csv/``, ``figures/`` and ``result.json``, in place of those of an earlier report.

    Args:
        kind: A key of `REPORTS` whose report has a page.
        study: As for `build_frames`; a study of a run has no ``result.json``.
        out: Folder, made if it is not there.
        run: Id of the run, for the manifest.

    Returns:
        The path of the page.

    Raises:
        InputError: The study can't be shown, or the folder can't be written; an earlier report stays as it was.
    """
    report, frames = find_report(kind), build_frames(kind, study)
    from reports.drawing.figure import draw  # noqa: PLC0415 - matplotlib
    from reports.files.bundle import place_report  # noqa: PLC0415

    assert report.page is not None, f"the report of {kind} has no page"
    pictures = draw(report.figures(study, frames))
    return place_report(
        out,
        page=report.page(study, frames, pictures),
        frames=frames,
        columns=report.columns,
        pictures=pictures,
        head={"kind": kind} | ({"run": run} if run else {}),
        others={_RESULT: render_json(study.as_dict())} if isinstance(study, Study) else {},
    )
