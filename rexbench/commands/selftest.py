"""The command that times a build against itself: what can a comparison see on this machine today?"""

from __future__ import annotations

import sys
import time
from contextlib import nullcontext
from typing import TYPE_CHECKING

from rexbench.output import DONE, FAILED, add_output, give_answer
from rexnet_core.errors import InputError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from analysis.study import Study
    from bench.planning.plan import Plan
    from bench.records.case import Case
    from bench.records.pair import Pair

SUMMARY = "a build against itself: false alarms, and the smallest slow-down that can be seen here today"
#: Time for the pairs [s] where nothing else bounds them; a pair takes about half a minute.
BUDGET_S = 1500.0


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    from analysis.option_values import number, whole  # noqa: PLC0415
    from bench.comparison.case_pairs import ROUNDS  # noqa: PLC0415
    from bench.options import STORE  # noqa: PLC0415
    from bench.statistics.verdicts import BAND  # noqa: PLC0415

    add, (flag, keywords) = parser.add_argument, STORE
    add("--model", default="rexnet_1.0", metavar="MODEL", help="what is timed (rexnet_1.0)")
    add("--backends", nargs="+", default=["eager", "openvino"], metavar="BACKEND", help="default: eager openvino")
    add("--batch-size", type=whole, default=1, metavar="N", help="images per call (1)")
    add("--resolution", type=whole, default=224, metavar="PIXELS", help="side of the square input (224)")
    add("--threads", type=whole, metavar="N", help="threads of every runtime; default: what the machine allows")
    text = f"process rounds of the comparisons that are judged ({ROUNDS}, as in compare)"
    add("--rounds", type=whole, default=ROUNDS, metavar="N", help=text)
    text = (
        "comparisons that share no process; default: as many as fit into the budget, the rest is drawn anew from them"
    )
    add("--trials", type=whole, metavar="N", help=text)
    text = "slow-downs to try, as shares; none for the floor alone, in a third of the time (0.005 0.01 0.02 0.05)"
    add("--levels", type=number, nargs="*", metavar="SHARE", help=text)
    text = f"time for all pairs of processes; default: {BUDGET_S:g}, or with --trials as long as it takes"
    add("--budget", type=number, metavar="SECONDS", help=text)
    add("--band", type=number, default=BAND, metavar="SHARE", help=f"the band of the verdicts ({BAND})")
    add("--neighbour", action="store_true", help="beside a process that keeps a core busy on and off")
    add("--protocols", action="store_true", help="print how other orders and tests fare on the same samples")
    add("--seed", type=whole, default=0, metavar="N", help="of weights, inputs and turn order (0)")
    add("--wait", action="store_true", help="begin when another run on this machine has ended")
    add(flag, **keywords)
    add_output(parser)


def run(args: argparse.Namespace) -> int:
    """Time the same build against itself, as two workers in turns, and say what a comparison would have made of it.

    In each pair of fresh processes one side is also slowed by 0.5, 1, 2 and 5 % of its own call time (--levels). Told
    are the share of comparisons that raise a false alarm, the share that finds each slow-down, and the floor: the
    smallest that is found in 95 %. The floor is stored; `rexbench compare` and the reports of this machine show and use
    the newest.
    """
    from bench.machine.lock import MachineLock  # noqa: PLC0415
    from bench.selftest.detectable_effect import SELFTEST  # noqa: PLC0415
    from bench.selftest.document import make_document  # noqa: PLC0415
    from bench.selftest.noisy_neighbour import live_beside_neighbour  # noqa: PLC0415
    from bench.store.store import Store  # noqa: PLC0415
    from bench.store.studies import record_study  # noqa: PLC0415
    from bench.workers.executor import WorkerError  # noqa: PLC0415

    plan, levels = _plan(args), _levels(args.levels)
    settings = {**plan.settings.as_dict(), "levels": levels, "rounds": args.rounds, "neighbour": args.neighbour}
    with MachineLock(wait=args.wait, tell=_tell):
        store = Store(args.store)
        with record_study(store, SELFTEST, settings) as record:
            with live_beside_neighbour() if args.neighbour else nullcontext(lambda: None) as read_share:
                taken, failed, stopped = _take(args, plan, levels)
                try:
                    share = read_share()
                except WorkerError as error:
                    _tell(str(error))
                    share, stopped = 0.0, True
            study = make_document(
                taken,
                levels=levels,
                rounds=args.rounds,
                band=args.band,
                neighbour=share,
                stopped=stopped,
                failed=failed,
            )
            record.keep(study)
    return publish(args, study, record.run.id)


def publish(args: argparse.Namespace, study: Study, run_id: str) -> int:
    """Answer with a self-test."""
    from reports.selftest import render_protocols, render_selftest, selftest_frames  # noqa: PLC0415

    protocols = getattr(args, "protocols", False)
    frame = selftest_frames(study)["protocols" if protocols else "cases"]
    text = render_selftest(study) + (f"\n\n{render_protocols(study)}" if protocols else "")
    give_answer(args, {"run": run_id, **study.as_answer()}, frame, text=lambda: f"{text}\n\nstored as run {run_id}")
    return FAILED if study.stopped or study.payload.get("failed") or not study.payload["cases"] else DONE


def _plan(args: argparse.Namespace) -> Plan:
    """The cases, checked as those of a run are.

    Raises:
        InputError: A value breaks a rule.
    """
    from bench.comparison.case_pairs import SETTINGS  # noqa: PLC0415
    from bench.planning.plan import Selection, expand  # noqa: PLC0415

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
        InputError: One is no share that makes a call slower.
    """
    from bench.selftest.pairs import LEVELS  # noqa: PLC0415

    if given is None:
        return list(LEVELS)
    if wrong := [level for level in given if not 0 < level <= 1]:
        raise InputError(f"--levels are shares above 0 and up to 1, such as 0.02 for 2 %, not {wrong[0]}")
    return [0.0, *sorted(set(given))]


def _take(
    args: argparse.Namespace, plan: Plan, levels: list[float]
) -> tuple[dict[Case, list[Pair]], dict[Case, str], bool]:
    """Pairs of each case, why some have no more, and whether the user ended it; what is there then is kept."""
    from bench.comparison.builds import STEADY_HEAP  # noqa: PLC0415
    from bench.machine.scratch import make_scratch  # noqa: PLC0415
    from bench.records.pair import Pair  # noqa: PLC0415
    from bench.selftest.pairs import SelfTest, make_pairs  # noqa: PLC0415
    from bench.workers.child_process import Build  # noqa: PLC0415
    from bench.workers.executor import ProcessExecutor  # noqa: PLC0415

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
            for place, found in make_pairs(tests, _limit(args), time.monotonic):
                case = plan.cases[place]
                if isinstance(found, Pair):
                    taken[case].append(found)
                    _show(f"{sum(map(len, taken.values()))} pairs of processes")
                else:
                    failed[case] = str(found)
                    _tell(f"{case.id}: {found}; it has no more pairs, the others go on")
        except KeyboardInterrupt:
            _tell("stopped; finished pairs are kept")
            return taken, failed, True
        finally:
            _show("")
    return taken, failed, False


def _show(text: str) -> None:
    """Say on a terminal how far it is; between pairs only, for drawing would compete with the workers."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{text}")
        sys.stderr.flush()


def _limit(args: argparse.Namespace) -> Callable[[int, float], bool]:
    """Whether so many rounds of pairs are enough, the last of which took so long."""
    begun = time.monotonic()
    budget_s = args.budget if args.budget is not None else None if args.trials else BUDGET_S

    def enough(done: int, last_s: float) -> bool:
        if args.trials and done >= args.trials * args.rounds:
            return True
        # One pair has no spread, whatever it took.
        return done > 1 and budget_s is not None and time.monotonic() - begun + last_s > budget_s

    return enough


def _tell(text: str) -> None:
    sys.stderr.write(f"rexbench: {text}\n")
