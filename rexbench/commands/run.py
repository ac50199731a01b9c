"""Benchmark models on backends, and write a report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.machine.lock import MachineLock
from bench.options import add_control, read_selection
from bench.options import add_options as add_run_options
from bench.planning.plan import expand
from bench.records.run import make_run_id
from bench.resume_options import check_force, read_resumed
from bench.running.progress import Progress
from bench.running.session import Session
from bench.store.store import Store
from reports.files.writable import check_writable
from rexbench.output import add_output, log, out_folder
from rexbench.publishing import publish_run
from rexnet_core.exit_codes import ExitCode

if TYPE_CHECKING:
    import argparse


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    add_run_options(parser.add_argument)
    add_control(parser.add_argument)
    add_output(parser, folder=True)


def run(args: argparse.Namespace) -> int:
    """Measure latency and throughput of models on backends, store every sample, and write a report.

    The backends of one model, batch size and precision take turns in random order, each in its own process. A speed-up
    is a ratio of times from the same turns. Every finished round is stored at once.
    """
    check_force(args)
    plan = expand(read_selection(args, args.project)) if args.resume is None else None
    if args.project.path is not None:
        log(f"configured by {args.project}")
    check_writable(out_folder(args.out, make_run_id()))
    stopped = False
    with MachineLock(wait=args.wait, tell=log) as lock:
        store = Store(args.store, create=args.resume is None)
        resumed = read_resumed(args, store)
        planned = resumed.plan if resumed else plan
        assert planned is not None, "a run is new or resumed"
        session = Session(planned, store, progress=Progress(), lock=lock, resumed=resumed)
        try:
            with session:
                if not (resumed and resumed.whole):
                    log(str(session.forecast))
                session.measure_all()
        except KeyboardInterrupt:
            stopped = True
            log("stopped; finished cases are kept" if session.begun else "stopped before it began")
    if not session.begun:
        return ExitCode.FAILED
    code = publish_run(args, store, session.run.id)
    if shortfall := session.describe_shortfall():
        log(shortfall)
    if resumed and resumed.whole:
        log(f"run {session.run.id} is complete: all {len(resumed.plan.cases)} cases are stored, nothing was measured")
    return ExitCode.FAILED if stopped else code
