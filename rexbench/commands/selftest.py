"""A build against itself: false alarms, and the smallest slow-down that can be seen here today."""

from __future__ import annotations

import sys
import time
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from bench.comparison.builds import STEADY_HEAP
from bench.comparison.case_pairs import ROUNDS, SETTINGS
from bench.machine.lock import MachineLock
from bench.machine.scratch import make_scratch
from bench.options import add_store, add_wait
from bench.planning.option_values import number, whole
from bench.planning.plan import Selection, expand
from bench.records.pair import Pair
from bench.selftest.detectable_effect import SELFTEST
from bench.selftest.document import make_document
from bench.selftest.noisy_neighbour import live_beside_neighbour
from bench.selftest.pairs import LEVELS, SelfTest, make_pairs
from bench.statistics.verdicts import BAND
from bench.store.store import Store
from bench.store.studies import record_study
from bench.workers.child_process import Build
from bench.workers.executor import ProcessExecutor, WorkerError
from reports.selftest import protocols_frame, public, render_protocols, render_selftest, selftest_frame
from rexbench.output import add_output, log, write_output
from rexnet_core.errors import InputError
from rexnet_core.exit_codes import ExitCode

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from bench.planning.plan import Plan
    from bench.records.case import Case

#: Time for the pairs [s] where nothing else bounds them; a pair takes about half a minute.
BUDGET_S = 1500.0


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    add = parser.add_argument
    add("--model", default="rexnet_1.0", metavar="MODEL", help="what is timed (rexnet_1.0)")
    add("--backends", nargs="+", default=["eager", "openvino"], metavar="BACKEND", help="default: eager openvino")
    add("--batch-size", type=whole, default=1, metavar="N", help="images per call (1)")
    add("--resolution", type=whole, default=224, metavar="PIXELS", help="side of the square input (224)")
    add("--threads", type=whole, metavar="N", help="threads of every runtime; default: what the machine allows")
    text = f"process rounds of each comparison ({ROUNDS}, as in compare)"
    add("--rounds", type=whole, default=ROUNDS, metavar="N", help=text)
    text = (
        "independent comparisons to run; further ones are resampled from them; default: as many as fit into the budget"
    )
    add("--trials", type=whole, metavar="N", help=text)
    text = "slow-downs to try, as shares; none for the floor alone, in a third of the time (0.005 0.01 0.02 0.05)"
    add("--levels", type=number, nargs="*", metavar="SHARE", help=text)
    text = f"time for all pairs of processes; default: {BUDGET_S:g}, or with --trials as long as it takes"
    add("--budget", type=number, metavar="SECONDS", help=text)
    add("--band", type=number, default=BAND, metavar="SHARE", help=f"changes within this are the same ({BAND})")
    add("--neighbour", action="store_true", help="beside a process that keeps a core busy on and off")
    add("--protocols", action="store_true", help="print how other orders and tests fare on the same samples")
    add("--seed", type=whole, default=0, metavar="N", help="seed of weights, inputs and turn order (0)")
    add_wait(add)
    add_store(add)
    add_output(parser)


def run(args: argparse.Namespace) -> int:
    """Time the same build against itself, as two workers in turns, and report what a comparison would conclude.

    In each pair of fresh processes one side is also slowed by 0.5, 1, 2 and 5 % of its own call time (--levels). The
    answer is the share of comparisons that raise a false alarm, the share that finds each slow-down, and the floor: the
    smallest slow-down that is found in 95 %. The floor is stored; `rexbench compare` and the reports of this machine
    use the newest.
    """
    plan, levels = _plan(args), _levels(args.levels)
    settings = {**plan.settings.as_dict(), "levels": levels, "rounds": args.rounds, "neighbour": args.neighbour}
    with MachineLock(wait=args.wait, tell=log):
        store = Store(args.store)
        with record_study(store, SELFTEST, settings) as study:
            with live_beside_neighbour() if args.neighbour else nullcontext(lambda: None) as read_share:
                taken, failed, stopped = _take(args, plan, levels)
                try:
                    share = read_share()
                except WorkerError as error:
                    log(str(error))
                    share, stopped = 0.0, True
            study.document = make_document(
                taken,
                levels=levels,
                rounds=args.rounds,
                band=args.band,
                neighbour=share,
                stopped=stopped,
                failed=failed,
            )
    return publish(args, study.document, study.run.id)


def publish(args: argparse.Namespace, document: dict[str, Any], run_id: str) -> int:
    """Answer with a self-test."""
    protocols = getattr(args, "protocols", False)
    frame = protocols_frame(document) if protocols else selftest_frame(document)
    text = render_selftest(document) + (f"\n\n{render_protocols(document)}" if protocols else "")
    write_output(args, {"run": run_id, **public(document)}, frame, text=lambda: f"{text}\n\nstored as run {run_id}")
    complete = document["cases"] and not document["stopped"] and not document.get("failed")
    return ExitCode.DONE if complete else ExitCode.FAILED


def _plan(args: argparse.Namespace) -> Plan:
    """The cases, checked in the same way as those of a run.

    Raises:
        InputError: A value is out of range.
    """
    if args.rounds < 2:  # noqa: PLR2004 - one round has no interval
        raise InputError(f"--rounds must be at least 2, not {args.rounds}: one shows no spread of processes")
    if args.trials is not None and args.trials < 1:
        raise InputError(f"--trials must be at least 1, not {args.trials}")
    if not 0 <= args.band < 1:
        raise InputError(f"--band is a share from 0 to 1, such as 0.03, not {args.band}")
    changes = {**SETTINGS, "seed": args.seed}
    if args.budget is not None:
        changes["budget_s"] = args.budget
    selection = Selection(
        models=[args.model],
        backends=args.backends,
        batch_sizes=[args.batch_size],
        resolutions=[args.resolution],
        threads=args.threads,
        device="cpu",
        settings=changes,
    )
    return expand(selection)


def _levels(given: list[float] | None) -> list[float]:
    """The levels of slowness, 0 first.

    Raises:
        InputError: A level is not a share that makes a call slower.
    """
    if given is None:
        return list(LEVELS)
    if wrong := [level for level in given if not 0 < level <= 1]:
        raise InputError(f"--levels are shares above 0 and up to 1, such as 0.02 for 2 %, not {wrong[0]}")
    return [0.0, *sorted(set(given))]


def _take(
    args: argparse.Namespace, plan: Plan, levels: list[float]
) -> tuple[dict[Case, list[Pair]], dict[Case, str], bool]:
    """Pairs of each case, why some cases ended early, and whether the user stopped the test."""
    executor = ProcessExecutor(Build(variables=STEADY_HEAP))
    taken: dict[Case, list[Pair]] = {case: [] for case in plan.cases}
    failed: dict[Case, str] = {}
    with make_scratch() as folder:
        tests = [
            SelfTest(case, settings=plan.settings, executor=executor, scratch=folder, levels=levels)
            for case in plan.cases
        ]
        try:
            _show("preparing")
            for place, pair in make_pairs(tests, _limit(args), time.monotonic):
                case = plan.cases[place]
                if isinstance(pair, Pair):
                    taken[case].append(pair)
                    _show(f"{sum(map(len, taken.values()))} pairs of processes")
                else:
                    failed[case] = str(pair)
                    log(f"{case.id}: {pair}; this case gets no more pairs, the others continue")
        except KeyboardInterrupt:
            log("stopped; finished pairs are kept")
            return taken, failed, True
        finally:
            _show("")
    return taken, failed, False


def _show(text: str) -> None:
    """Show the progress on a terminal; between pairs only, as drawing would compete with the workers."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{text}")
        sys.stderr.flush()


def _limit(args: argparse.Namespace) -> Callable[[int, float], bool]:
    """Whether a number of rounds of pairs is enough, the last of which took a given time [s]."""
    begun = time.monotonic()
    budget_s = args.budget if args.budget is not None else None if args.trials else BUDGET_S

    def enough(done: int, last_s: float) -> bool:
        if args.trials and done >= args.trials * args.rounds:
            return True
        # One pair has no spread, whatever it took.
        return done > 1 and budget_s is not None and time.monotonic() - begun + last_s > budget_s

    return enough
