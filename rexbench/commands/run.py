"""The commands that measure runs, and write or rebuild their reports."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from rexbench.output import FAILED, add_output, out_folder
from rexbench.publishing import _publish

if TYPE_CHECKING:
    import argparse


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
    from bench.machine.lock import MachineLock  # noqa: PLC0415
    from bench.options import read_selection  # noqa: PLC0415
    from bench.planning.plan import expand  # noqa: PLC0415
    from bench.records.run import make_run_id  # noqa: PLC0415
    from bench.resume_options import check_force, read_resumed  # noqa: PLC0415
    from bench.running.progress import Progress  # noqa: PLC0415
    from bench.running.session import Session  # noqa: PLC0415
    from bench.store.store import Store  # noqa: PLC0415
    from reports.files.writable import check_writable  # noqa: PLC0415

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
        session = Session(planned, store, progress=Progress(), lock=lock, resumed=resumed)
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
