"""Check published numbers: each is reproduced, explained, contradicted or open."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.published.document import EXPLORED, make_document
from analysis.published.gather import open_cache
from analysis.published.table import load
from analysis.published.verdict import VERDICTS
from bench.machine.environment import read_thread_budget
from bench.options import add_store
from bench.planning.option_values import whole
from bench.running.progress import Progress
from bench.store.paper_latency import find_measured
from bench.store.store import Store
from bench.store.studies import record_study
from reports.files.writable import check_writable
from reports.published.text import render_published
from reports.report import build_frames, write_report
from rexbench.output import add_output, out_folder, print_report_path, write_output
from rexnet_core.errors import InputError, UnknownNameError
from rexnet_core.exit_codes import ExitCode
from rexnet_core.registry import model_info, model_names

if TYPE_CHECKING:
    import argparse

    from analysis.study import Study

_NONE = "none"
_ALL = "all"
_CACHE = Path("results") / "counts"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument("--add", action="append", type=Path, metavar="FILE", help="a CSV file of further rows")
    parser.add_argument("--verdict", metavar="NAME", help=f"show only rows with this verdict: {', '.join(VERDICTS)}")
    parser.add_argument("--model", metavar="MODEL", help="show only rows about this model")
    parser.add_argument("--all", action="store_true", help="print every row, not only those that are not reproduced")
    parser.add_argument(
        "--explore",
        nargs="+",
        metavar="MODEL",
        help=f"models in the report's convention explorer; {_ALL}: all published ones; {_NONE}: no model; default: six",
    )
    parser.add_argument(
        "--measured",
        metavar="RUN",
        help=f"compare latency ratios with this run, or {_NONE}; default: the newest run of preset paper-latency",
    )
    parser.add_argument("--jobs", type=whole, metavar="N", help="number of processes; default: the number of cores")
    parser.add_argument(
        "--cache",
        default=str(_CACHE),
        metavar="DIR",
        help=f"folder of kept counts, so that a model is converted only once ({_CACHE}); {_NONE} keeps no counts",
    )
    add_store(parser.add_argument)
    add_output(parser, folder=True)


def run(args: argparse.Namespace) -> int:
    """Compare each published number with our count under the same convention, and give a verdict on the number.

    reproduced: our count gives the printed digits, rounded or truncated. explained: our count gives other digits, and a
    computation shows why. contradicted: the convention is known, and our count gives other digits. open: not settled.
    needs data: the number is an accuracy. needs hardware: the number is a latency; the ratios of printed latencies are
    compared with ratios measured here.

    Rows of your own go into a CSV file with the columns
    source,locator,model,metric,value,unit,convention,conditions,note.
    """
    _check(args)
    rows = [row for file in (None, *dict.fromkeys(args.add or ())) for row in load(file)]
    published = {row.model for row in rows}
    if args.model is not None and args.model not in published:
        raise UnknownNameError("model of a published number", args.model, tuple(sorted(published)))
    explored = _explored(args.explore, published)
    store = Store(args.store)
    measured = [] if args.measured == _NONE else find_measured(store, args.measured)
    check_writable(args.out or Path("results"))
    setting = {"added": [str(file) for file in args.add or ()], "explored": list(explored)}
    book = open_cache(None if args.cache == _NONE else Path(args.cache))
    jobs = args.jobs or read_thread_budget()
    with record_study(store, "published", setting) as record, Progress() as bars:
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
    return ExitCode.DONE


def publish(args: argparse.Namespace, study: Study, run_id: str) -> None:
    """Write the report of the verdicts, and answer with those that were asked for."""
    path = write_report(study.kind, study, out_folder(args.out, run_id), run=run_id)
    chosen = _select_rows(study, getattr(args, "verdict", None), getattr(args, "model", None))
    frame = build_frames(study.kind, chosen)["rows"]
    every = getattr(args, "all", False) or len(chosen.payload["rows"]) < len(study.payload["rows"])
    write_output(
        args,
        {"run": run_id, "report": str(path), **chosen.as_answer()},
        frame,
        text=lambda: render_published(chosen, every_row=every),
    )
    print_report_path(args, path)


def _check(args: argparse.Namespace) -> None:
    """Check options before anything is counted.

    Raises:
        InputError: The number of processes is below 1.
        UnknownNameError: The verdict is not known.
    """
    if args.jobs is not None and args.jobs < 1:
        raise InputError(f"--jobs must be at least 1, not {args.jobs}")
    if args.verdict is not None and args.verdict not in VERDICTS:
        raise UnknownNameError("verdict", args.verdict, tuple(VERDICTS))


def _explored(asked: list[str] | None, published: set[str]) -> tuple[str, ...]:
    """The models of the explorer.

    Raises:
        InputError: A name is not a model, or `none` stands beside another.
    """
    if asked is None:
        return EXPLORED
    if asked == [_ALL]:
        return tuple(name for name in model_names() if name in published)
    if _NONE in asked and len(asked) > 1:
        raise InputError(f"--explore {_NONE} must stand alone, got {' '.join(asked)}; leave one of them out")
    names = () if asked == [_NONE] else tuple(dict.fromkeys(asked))
    for name in names:
        model_info(name)
    return names


def _select_rows(study: Study, verdict: str | None, model: str | None) -> Study:
    """The study with the rows that were asked for; the counts stay those of all."""
    rows = [row for row in study.payload["rows"] if verdict in {None, row["verdict"]} and model in {None, row["model"]}]
    return replace(study, payload={**study.payload, "rows": rows})
