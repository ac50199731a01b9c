"""Compare a build with itself: the rate of false positives, and the smallest slow-down that is detected here."""

from __future__ import annotations

import math
import time
from contextlib import nullcontext
from typing import TYPE_CHECKING

from analysis.model_options import MODEL_HELP, ModelOptions
from bench.comparison.case_pairs import ROUNDS, SETTINGS
from bench.machine.lock import MachineLock
from bench.machine.scratch import make_scratch
from bench.options import add_store, add_wait, read_model_options
from bench.planning.option_fields import add_fields
from bench.planning.option_values import number, whole
from bench.planning.plan import Selection, expand
from bench.planning.presets import PAIR_BACKENDS
from bench.running.paired_builds import STEADY_HEAP, open_executors
from bench.running.progress import Progress
from bench.selftest.detectable_effect import SELFTEST
from bench.selftest.document import make_document
from bench.selftest.noisy_neighbour import live_beside_neighbour
from bench.selftest.pairs import LEVELS, count_pairs, find_failure, measure_pairs, open_groups, read_pairs
from bench.statistics.verdicts import BAND
from bench.store.store import Store
from bench.store.studies import record_study
from bench.workers.child_process import Build
from bench.workers.executor import WorkerError
from reports.report import build_frames
from reports.selftest import render_protocols, render_selftest
from rexbench.output import add_output, log, write_output
from rexnet_core.errors import InputError
from rexnet_core.exit_codes import ExitCode
from rexnet_core.sources.tensors import USUAL_SIDE

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from analysis.study import Study
    from bench.planning.plan import Plan
    from bench.records.case import Case
    from bench.records.pair import Pair

#: Time for the pairs [s] where nothing else bounds them; a pair takes about half a minute.
BUDGET_S = 1500.0


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    add = parser.add_argument
    usual = f"default: {' '.join(PAIR_BACKENDS)}"
    add("--model", default="rexnet_1.0", metavar="MODEL", help=f"model to time: {MODEL_HELP}; default: rexnet_1.0")
    add_fields(add, ModelOptions)
    add("--backends", nargs="+", default=list(PAIR_BACKENDS), metavar="BACKEND", help=usual)
    add("--batch-size", type=whole, default=1, metavar="N", help="images per call (1)")
    text = f"side of the square input; default: {USUAL_SIDE}, or the own one of a model from elsewhere"
    add("--resolution", type=whole, metavar="PIXELS", help=text)
    add("--threads", type=whole, metavar="N", help="threads of every runtime; default: what the machine allows")
    text = f"process rounds of each comparison ({ROUNDS}, as in compare)"
    add("--rounds", type=whole, default=ROUNDS, metavar="N", help=text)
    text = "independent comparisons to measure (default: as many as fit); further trials are drawn from their pairs"
    add("--trials", type=whole, metavar="N", help=text)
    text = "slow-downs to try, as shares (0.005 0.01 0.02 0.05); without values, no slow-downs, in a third of the time"
    add("--levels", type=number, nargs="*", metavar="SHARE", help=text)
    text = f"time for all pairs of processes; default: {BUDGET_S:g}, or no limit if --trials is given"
    add("--budget", type=number, metavar="SECONDS", help=text)
    text = f"the equivalence margin of the verdicts ({BAND})"
    add("--margin", "--band", type=number, default=BAND, metavar="SHARE", help=text)
    add("--neighbour", action="store_true", help="run the test beside a process that keeps one core busy, with pauses")
    add("--protocols", action="store_true", help="also print the error rates of other orders and tests")
    add("--seed", type=whole, default=0, metavar="N", help="seed of weights, inputs and turn order (0)")
    add_wait(add)
    add_store(add)
    add_output(parser)


def run(args: argparse.Namespace) -> int:
    """Compare a build with itself, and report how often a comparison is wrong and which slow-downs it detects.

    The rounds are measured as in `rexbench compare --live`. In additional turns of each round, the head is slowed by
    0.5, 1, 2 and 5 % of its own call time (--levels). The answer has the share of comparisons with a false positive,
    the share that detects each slow-down, and the minimum detectable effect: the smallest slow-down that 95 % of
    comparisons detect. The effect is stored. `rexbench compare` uses the newest effect of this machine as its margin
    if that is larger than 3 %, and the reports of runs show the effect.
    """
    plan, levels = _plan(args), _levels(args.levels)
    settings = {**plan.settings.as_dict(), "levels": levels, "rounds": args.rounds, "neighbour": args.neighbour}
    with MachineLock(wait=args.wait, tell=log):
        store = Store(args.store)
        with record_study(store, SELFTEST, settings) as record:
            with live_beside_neighbour() if args.neighbour else nullcontext(lambda: None) as read_share:
                pairs, failed, stopped = _measure(args, plan, levels)
                try:
                    share = read_share()
                except WorkerError as error:
                    log(str(error))
                    share, stopped = 0.0, True
            study = make_document(
                pairs,
                levels=levels,
                rounds=args.rounds,
                margin=args.margin,
                neighbour=share,
                stopped=stopped,
                failed=failed,
            )
            record.keep(study)
    return publish(args, study, record.run.id)


def publish(args: argparse.Namespace, study: Study, run_id: str) -> int:
    """Answer with a self-test."""
    protocols = getattr(args, "protocols", False)
    frame = build_frames(SELFTEST, study)["protocols" if protocols else "cases"]
    text = render_selftest(study) + (f"\n\n{render_protocols(study)}" if protocols else "")
    write_output(args, {"run": run_id, **study.as_answer()}, frame, text=lambda: f"{text}\n\nstored as run {run_id}")
    complete = study.payload["cases"] and not study.stopped and not study.payload.get("failed")
    return ExitCode.DONE if complete else ExitCode.FAILED


def _plan(args: argparse.Namespace) -> Plan:
    """The cases, checked in the same way as those of a run.

    Raises:
        InputError: A value is out of range.
    """
    if args.rounds < 2:  # noqa: PLR2004 - one round has no interval
        raise InputError(f"--rounds must be at least 2, not {args.rounds}; one round can't show how processes differ")
    if args.trials is not None and args.trials < 1:
        raise InputError(f"--trials must be at least 1, not {args.trials}")
    if not 0 <= args.margin < 1:
        raise InputError(f"--margin must be a share from 0 to 1, such as 0.03, got {args.margin}")
    changes = {**SETTINGS, "seed": args.seed}
    if args.budget is not None:
        changes["budget_s"] = args.budget
    selection = Selection(
        models=[args.model],
        backends=args.backends,
        batch_sizes=[args.batch_size],
        resolutions=None if args.resolution is None else [args.resolution],
        threads=args.threads,
        device="cpu",
        options=read_model_options(args),
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
        raise InputError(f"--levels must be shares above 0 and at most 1, such as 0.02 for 2 %, not {wrong[0]}")
    return [0.0, *sorted(set(given))]


def _measure(
    args: argparse.Namespace, plan: Plan, levels: list[float]
) -> tuple[dict[Case, list[Pair]], dict[Case, str], bool]:
    """Pairs of each case, why some cases ended early, and whether the user stopped the test."""
    build, wanted = Build(variables=STEADY_HEAP), args.trials * args.rounds if args.trials else None
    executors = open_executors((build, build), plan.settings)
    failed: dict[Case, str] = {}
    stopped = False
    with make_scratch() as scratch, Progress() as progress:
        groups = open_groups(
            plan.cases, settings=plan.settings, executors=executors, scratch=scratch, pairs=wanted, levels=levels
        )
        try:
            progress.log("preparing")
            for group in measure_pairs(groups, _budget(args)):
                progress.log(f"{sum(map(count_pairs, groups))} pairs of processes")
                if failure := find_failure(group):
                    case = group.states[0].case
                    failed[case] = failure
                    log(f"{case.id}: {failure}; this case gets no more pairs, the others continue")
        except KeyboardInterrupt:
            log("stopped; finished pairs are kept")
            stopped = True
    pairs = {case: read_pairs(group, levels) for case, group in zip(plan.cases, groups, strict=True)}
    return pairs, failed, stopped


def _budget(args: argparse.Namespace) -> Callable[[], float]:
    """Asks for the time left for pairs [s]."""
    begun = time.monotonic()
    budget_s = args.budget if args.budget is not None else math.inf if args.trials else BUDGET_S
    return lambda: budget_s - (time.monotonic() - begun)
