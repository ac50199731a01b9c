"""The command on published numbers: it judges them, stores the verdicts and writes their report."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rexbench.output import DONE, add_output, give_answer, out_folder
from rexnet_core.errors import InputError, UnknownNameError

if TYPE_CHECKING:
    import argparse

    from analysis.study import Study
    from bench.store.store import Store

_NONE = "none"
_ALL = "all"
_CACHE = Path("results") / "counts"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    from analysis.option_values import whole  # noqa: PLC0415
    from analysis.published.verdict import VERDICTS  # noqa: PLC0415
    from bench.options import STORE  # noqa: PLC0415

    flag, keywords = STORE
    parser.add_argument("--add", action="append", type=Path, metavar="FILE", help="a CSV file of further rows")
    parser.add_argument("--verdict", metavar="NAME", help=f"answer with these rows alone: {', '.join(VERDICTS)}")
    parser.add_argument("--model", metavar="MODEL", help="answer with the rows of this model alone")
    parser.add_argument("--all", action="store_true", help="print every row, not only those that are not reproduced")
    parser.add_argument(
        "--explore",
        nargs="+",
        metavar="MODEL",
        help=f"models of the report's convention explorer, {_ALL} that are published, or {_NONE}; default: six",
    )
    parser.add_argument(
        "--measured",
        metavar="RUN",
        help=f"compare latency ratios with this run, or {_NONE}; default: the newest of preset paper-latency",
    )
    parser.add_argument("--jobs", type=whole, metavar="N", help="processes that count; default: the machine's cores")
    parser.add_argument(
        "--cache",
        default=str(_CACHE),
        metavar="DIR",
        help=f"keeps counts, so that models are converted once ({_CACHE}); {_NONE} keeps nothing",
    )
    parser.add_argument(flag, **keywords)
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder of the report (results/RUN)")
    add_output(parser)


def run(args: argparse.Namespace) -> int:
    """Set each published number beside our count under the convention it was made with, and say what became of it.

    reproduced: our count gives the printed digits, rounded or cut. explained: it does not, and a computation shows why.
    contradicted: the convention is known, and our count is another. open: not settled.
    needs data: an accuracy. needs hardware: a latency; the ratios it implies are compared with those measured here.

    Rows of your own go into a CSV file with the columns
    source,locator,model,metric,value,unit,convention,conditions,note.
    """
    from analysis.published.document import make_document  # noqa: PLC0415
    from analysis.published.gather import open_cache  # noqa: PLC0415
    from analysis.published.table import load  # noqa: PLC0415
    from bench.machine.environment import read_thread_budget  # noqa: PLC0415
    from bench.running.progress import StudyBars  # noqa: PLC0415
    from bench.store.store import Store  # noqa: PLC0415
    from bench.store.studies import record_study  # noqa: PLC0415
    from reports.files.writable import check_writable  # noqa: PLC0415

    _check(args)
    rows = [row for file in (None, *dict.fromkeys(args.add or ())) for row in load(file)]
    published = {row.model for row in rows}
    if args.model is not None and args.model not in published:
        raise UnknownNameError("model of a published number", args.model, tuple(sorted(published)))
    explored = _explored(args.explore, published)
    store = Store(args.store)
    measured = _measured(args.measured, store)
    check_writable(args.out or Path("results"))
    setting = {"added": [str(file) for file in args.add or ()], "explored": list(explored)}
    book = open_cache(None if args.cache == _NONE else Path(args.cache))
    jobs = args.jobs or read_thread_budget()
    with record_study(store, "published", setting) as record, StudyBars() as bars:
        study = make_document(
            rows,
            book,
            explored=explored,
            measured=measured,
            jobs=jobs,
            progress=lambda done, of: bars("counting models", done, of),
        )
        record.keep(study)
    publish(args, study, record.run.id)
    return DONE


def publish(args: argparse.Namespace, study: Study, run_id: str) -> None:
    """Write the report of the verdicts, and answer with those that were asked for."""
    from reports.published.text import render_published  # noqa: PLC0415
    from reports.report import build_frames, write_report  # noqa: PLC0415

    path = write_report(study.kind, study, out_folder(args.out, run_id), run=run_id)
    chosen = _select_rows(study, getattr(args, "verdict", None), getattr(args, "model", None))
    frame = build_frames(study.kind, chosen)["rows"]
    every = getattr(args, "all", False) or len(chosen.payload["rows"]) < len(study.payload["rows"])
    give_answer(
        args,
        {"run": run_id, "report": str(path), **chosen.as_answer()},
        frame,
        text=lambda: render_published(chosen, every_row=every),
    )
    print(f"{'' if args.json else 'report: '}{path}", file=sys.stderr if args.json or args.csv == "-" else sys.stdout)


def _check(args: argparse.Namespace) -> None:
    """What can be known to be wrong before anything is counted.

    Raises:
        InputError: A number of processes below 1.
        UnknownNameError: A verdict that is none.
    """
    from analysis.published.verdict import VERDICTS  # noqa: PLC0415

    if args.jobs is not None and args.jobs < 1:
        raise InputError(f"--jobs must be at least 1, not {args.jobs}")
    if args.verdict is not None and args.verdict not in VERDICTS:
        raise UnknownNameError("verdict", args.verdict, tuple(VERDICTS))


def _explored(asked: list[str] | None, published: set[str]) -> tuple[str, ...]:
    """The models of the explorer.

    Raises:
        InputError: A name that is no model, or `none` beside another.
    """
    from analysis.published.document import EXPLORED  # noqa: PLC0415
    from rexnet_core.registry import model_info, model_names  # noqa: PLC0415

    if asked is None:
        return EXPLORED
    if asked == [_ALL]:
        return tuple(name for name in model_names() if name in published)
    if _NONE in asked and len(asked) > 1:
        raise InputError(f"--explore {_NONE} stands alone, got {' '.join(asked)}; leave one of them out")
    names = () if asked == [_NONE] else tuple(dict.fromkeys(asked))
    for name in names:
        model_info(name)
    return names


def _measured(asked: str | None, store: Store) -> list[Any]:
    from bench.store.paper_latency import find_measured  # noqa: PLC0415

    return [] if asked == _NONE else find_measured(store, asked)


def _select_rows(study: Study, verdict: str | None, model: str | None) -> Study:
    """The study with the rows that were asked for; the counts stay those of all."""
    every = study.payload["rows"]
    rows = [row for row in every if verdict in {None, row["verdict"]} and model in {None, row["model"]}]
    return replace(study, payload={**study.payload, "rows": rows})
