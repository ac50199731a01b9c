"""The commands that measure runs, and write or rebuild their reports."""

from __future__ import annotations

import argparse
import os
import re
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rexbench_compare
import rexbench_published
import rexbench_rank
import rexbench_selftest
from reports.answer import DONE, FAILED, WRONG, add_output, give_answer, out_folder
from rexnet_core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bench.records import Measurement
    from bench.store import Store
    from reports.tables import RunData


def add_run(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `run`."""
    from bench.options import add_control, add_options  # noqa: PLC0415

    add_options(parser.add_argument)
    add_control(parser.add_argument)
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder of the report (results/RUN)")
    add_output(parser)


def run(args: argparse.Namespace) -> int:
    """Measure latency and throughput of models on backends, store every sample, and write a report.

    Backends of one model, batch and precision are measured side by side, in turns of random order, each in a process of
    its own; speed-ups are ratios of turns taken at the same time. Every finished round is stored at once.
    """
    from bench.contradictions import check_force, read_resumed  # noqa: PLC0415
    from bench.lock import MachineLock  # noqa: PLC0415
    from bench.options import read_selection  # noqa: PLC0415
    from bench.plan import expand  # noqa: PLC0415
    from bench.progress import make_progress  # noqa: PLC0415
    from bench.session import Session, make_run_id  # noqa: PLC0415
    from bench.store import Store  # noqa: PLC0415
    from reports.write import check_writable  # noqa: PLC0415

    given = partial(getattr, args)
    check_force(given)
    plan = expand(read_selection(given, args.project)) if args.resume is None else None
    if args.project.path is not None:
        _tell(f"configured by {args.project}")
    check_writable(out_folder(args.out, make_run_id()))
    stopped = False
    with MachineLock(wait=args.wait, tell=_tell) as lock:
        store = Store(args.store, create=args.resume is None)
        resumed = read_resumed(given, store)
        planned = resumed.plan if resumed else plan
        assert planned is not None, "a run is new or resumed"
        session = Session(planned, store, progress=make_progress(), lock=lock, resumed=resumed)
        try:
            with session:
                if not (resumed and resumed.whole):
                    _tell(str(session.forecast))
                session.measure_all()
        except KeyboardInterrupt:
            stopped = True
            _tell("stopped; finished cases are kept" if session.begun else "stopped before it began")
    if not session.begun:
        return FAILED
    code = _publish(args, store, session.run.id)
    if told := session.describe_shortfall():
        _tell(told)
    if resumed and resumed.whole:
        _tell(f"run {session.run.id} is whole: its {len(resumed.plan.cases)} cases are there, nothing was measured")
    return FAILED if stopped else code


def _tell(text: str) -> None:
    """Say something beside the answer."""
    print(f"rexbench: {text}", file=sys.stderr, flush=True)


def run_suites(words: list[str]) -> int:
    """Run the suites under pytest, then write the report of what they measured."""
    import pytest  # noqa: PLC0415

    import bench  # noqa: PLC0415

    folder = Path(bench.__file__).parent / "suites"
    own = [] if any(re.search(r"\.py(::|$)", word) for word in words) else [str(folder)]
    seen = _Remember()
    code = pytest.main([*_SUITE_SETTINGS, "--rootdir", str(folder), *own, *words], [seen])

    from bench.plugin import RUN_ID  # noqa: PLC0415 - pytest wants to be the first to import its plugin
    from bench.store import Store  # noqa: PLC0415

    run = seen.config.stash.get(RUN_ID, None) if seen.config else None
    judged = DONE
    if run:
        args = argparse.Namespace(out=None, json=False, csv=None)
        judged = _publish(args, Store(seen.config.getoption("store")), run)
    return {0: judged, 1: FAILED, 2: FAILED if run else WRONG}.get(int(code), WRONG)


#: The suites come with their own settings: a pytest section in the folder we are called from is not about them.
_SUITE_SETTINGS = (
    *("-c", os.devnull, "--import-mode=importlib", "-p", "no:cacheprovider", "-p", "bench.plugin"),
    *("-W", "ignore::DeprecationWarning", "--benchmark-columns=median,iqr,min,max,rounds"),
)


class _Remember:
    """A pytest plugin that keeps the configuration for after the session, and looks for a place for the report."""

    config: Any = None

    def pytest_configure(self, config: Any) -> None:
        self.config = config

    def pytest_runtestloop(self, session: Any) -> None:
        import pytest  # noqa: PLC0415

        from reports.write import check_writable  # noqa: PLC0415

        if not session.config.option.collectonly:
            try:
                check_writable(Path("results"))
            except InputError as error:
                pytest.exit(str(error), returncode=WRONG)


def add_report(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `report`."""
    from bench.options import CONFIG, STORE  # noqa: PLC0415

    flag, keywords = STORE
    parser.add_argument("--run", default="latest", metavar="ID", help="a run's id, a part of it, or latest")
    parser.add_argument(flag, **keywords)
    parser.add_argument(CONFIG[0], **CONFIG[1])
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder of the report (results/RUN)")
    add_output(parser)


def report(args: argparse.Namespace) -> int:
    """Rebuild the report of a run from the store: report.html, CSV files and figures. Nothing is measured."""
    from bench.store import Store  # noqa: PLC0415

    store = Store(args.store, create=False)
    known = store.runs_to_report()
    info = store.find_run(args.run, among=known)
    run = info.id
    if run not in known:
        raise InputError(f"run {run} ({info.preset}) was ended before it stored anything; name another with --run")
    if (document := store.study(run)) is not None:
        named = {
            "published": rexbench_published.publish,
            "compare": rexbench_compare.publish,
            "selftest": rexbench_selftest.publish,
        }
        named.get(document.get("kind", ""), rexbench_rank.publish_study)(args, document, run)
    else:
        _publish(args, store, run)
    return DONE


def _load(store: Store, run: str) -> RunData:
    from analysis.published import load  # noqa: PLC0415
    from bench.floors import find_floor  # noqa: PLC0415
    from reports.tables import RunData  # noqa: PLC0415

    info = store.find_run(run)
    floor = find_floor(store, info.environment)
    return RunData(
        info=info,
        measurements=store.measurements(run),
        costs=store.costs(run),
        printed=load(),
        floor=floor.describe() if floor else "",
    )


def _publish(args: argparse.Namespace, store: Store, run: str) -> int:
    """Write the report of a run and say what it holds; the exit code its cases deserve."""
    from analysis.published import top1  # noqa: PLC0415
    from reports.console import render_cases  # noqa: PLC0415
    from reports.knees import render_knees  # noqa: PLC0415
    from reports.tables import cases_frame, knees_frame, plain_rows  # noqa: PLC0415
    from reports.write import write_report  # noqa: PLC0415

    data = _load(store, run)
    models = {measurement.case.model for measurement in data.measurements} | {cost["model"] for cost in data.costs}
    known = {model: (float(found.value), found.source) for model in models if (found := top1(model))}
    path = write_report(data, out_folder(args.out, run), known)
    frame = cases_frame(data)
    knees = knees_frame(frame)
    answer = {"cases": plain_rows(frame), "knees": plain_rows(knees), "floor": data.floor or None}
    document = {"run": run, "report": str(path), **answer}
    shown = [render_cases(frame), render_knees(knees), data.floor]
    give_answer(args, document, frame, text=lambda: "\n".join(filter(None, shown)))
    print(f"{'' if args.json else 'report: '}{path}", file=sys.stderr if args.json or args.csv == "-" else sys.stdout)
    return _judge(data.measurements)


def _judge(measurements: Iterable[Measurement]) -> int:
    """1 if a case failed, was interrupted or mismatched, or nothing could be measured at all."""
    statuses = [measurement.status for measurement in measurements]
    bad = {"failed", "mismatch", "interrupted"}
    return FAILED if bad.intersection(statuses) or "ok" not in statuses else DONE
