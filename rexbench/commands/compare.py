"""Report whether the head is slower than the base: two builds, two settings or two stored runs."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.model_options import ModelOptions
from analysis.setting_fields import name_option
from bench.comparison.builds import Source, open_builds
from bench.comparison.case_pairs import KEYS, expand_pairs, read_changes
from bench.comparison.compare import compare_live, compare_stored, find_differences, find_unshared
from bench.comparison.document import COMPARE, make_document
from bench.machine.lock import MachineLock
from bench.machine.scratch import make_scratch
from bench.options import add_options as add_run_options
from bench.options import add_wait, read_selection
from bench.planning.option_fields import read_fields
from bench.planning.option_values import number
from bench.planning.plan import Selection
from bench.records.settings import Settings
from bench.running.paired_builds import open_executors
from bench.running.progress import Progress
from bench.selftest.detectable_effect import find_detectable_effect
from bench.store.store import Store
from bench.store.studies import record_study
from reports.compare import render_compare, render_markdown
from reports.report import build_frames
from rexbench.output import STDOUT, add_output, check_target, log, write_csv, write_output, write_text
from rexnet_core.errors import InputError, StoreError
from rexnet_core.exit_codes import ExitCode

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from analysis.study import Study
    from bench.comparison.compare import ComparedCase
    from bench.planning.plan import Plan
    from bench.records.case import Case
    from bench.records.run import RunInfo
    from bench.selftest.detectable_effect import DetectableEffect
    from bench.workers.child_process import Build

_SIDES = ("base", "head")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    text = "two stored runs, first the base, then the head: each an id, a part of an id, or latest"
    parser.add_argument("runs", nargs="*", metavar="RUN", help=text)
    parser.add_argument("--live", action="store_true", help="build both sides now and let them take turns")
    for side, default in (("base", ""), ("head", "; default: with --base the working tree, else the running code")):
        parser.add_argument(f"--{side}", metavar="REF", help=f"a git revision for the {side}{default}")
        parser.add_argument(f"--{side}-wheel", type=Path, metavar="FILE", help=f"a wheel of rexbench for the {side}")
        text = f"interpreter of an environment with rexbench for the {side}"
        parser.add_argument(f"--{side}-python", type=Path, metavar="PATH", help=text)
        text = f"settings that apply to the {side} only: {', '.join(KEYS)}"
        parser.add_argument(f"--{side}-set", nargs="+", metavar="KEY=VALUE", help=text)
    text = "changes within this margin are the same; default: the larger of 0.03 and the minimum detectable effect"
    parser.add_argument("--margin", "--band", type=number, metavar="SHARE", help=text)
    parser.add_argument("--force", action="store_true", help="compare stored runs even if their environments differ")
    text = "a short report for a pull request; - for standard output"
    parser.add_argument("--markdown", metavar="FILE", help=text)
    add_wait(parser.add_argument)
    # The number of rounds is fixed before the first, so no width of an interval ends them.
    add_run_options(parser.add_argument, leave_out={"target"})
    add_output(parser)


def run(args: argparse.Namespace) -> int:
    """Report for each case whether the head is FASTER, SLOWER, the SAME or AMBIGUOUS, with intervals.

    With --live --base main, one worker of each build runs, and the two take turns in random order, in rounds of fresh
    processes. With compare RUN RUN, the rounds of two stored runs are compared, which were measured at different times.
    A change within the margin counts as SAME. The margin is 3 %, or the minimum detectable effect that `rexbench
    selftest` stored for this machine if that is larger.

    Exit codes: 0 every case is the same or faster, 3 a case is slower, 4 no case is slower and a case is ambiguous,
    1 a case failed, 2 the call is wrong. A case that runs in the base and can't run in the head has failed.
    """
    _check(args)
    return _compare_live(args) if _is_live(args) else _compare_stored(args)


def publish(args: argparse.Namespace, study: Study, run_id: str | None) -> int:
    """Answer with a comparison in every form that was asked for; the exit code it deserves."""
    markdown = getattr(args, "markdown", None)
    rows = build_frames(COMPARE, study)["rows"]
    if markdown == STDOUT:
        try:
            if args.csv:
                write_csv(args.csv, rows)
        finally:
            write_text(STDOUT, render_markdown(study))
    else:
        document = {**({"run": run_id} if run_id else {}), **study.as_answer()}
        text = render_compare(study) + (f"\nstored as run {run_id}" if run_id else "")
        try:
            if markdown:
                write_text(markdown, render_markdown(study), option="--markdown")
        finally:
            write_output(args, document, rows, text=lambda: text)
    return _judge(study)


def _judge(study: Study) -> int:
    """The exit code: a known regression outweighs a failed or missing case, and both outweigh doubt."""
    statuses = {row["status"] for row in study.payload["rows"]}
    verdicts = {row["verdict"] for row in study.payload["rows"]}
    if "SLOWER" in verdicts:
        return ExitCode.REGRESSION
    lost = study.stopped or study.payload["only_base"] or "ok" not in statuses
    if lost or statuses - {"ok", "unavailable", "unsupported"}:
        return ExitCode.FAILED
    return ExitCode.INCONCLUSIVE if "AMBIGUOUS" in verdicts else ExitCode.DONE


def _is_live(args: argparse.Namespace) -> bool:
    return bool(args.live or any(_named(args, side) for side in _SIDES))


def _named(args: argparse.Namespace, side: str) -> list[str]:
    """The options given that define a side."""
    given = {f"--{side}{part}": getattr(args, f"{side}{part.replace('-', '_')}") for part in ("", "-wheel", "-python")}
    return [flag for flag, value in given.items() if value] + (
        [f"--{side}-set"] if getattr(args, f"{side}_set") else []
    )


def _check(args: argparse.Namespace) -> None:
    """Check options before anything is built.

    Raises:
        InputError: Options contradict one another, or one is missing.
    """
    if args.margin is not None and not 0 <= args.margin < 1:
        raise InputError(f"--margin must be a share from 0 to 1, such as 0.03, got {args.margin}")
    if args.markdown == STDOUT and (args.json or args.csv == STDOUT):
        raise InputError("--markdown - and --json or --csv - both ask for standard output; give --markdown a file")
    check_target("--markdown", args.markdown)
    if _is_live(args):
        _check_live(args)
    elif given := _find_grid(args):
        raise InputError(
            f"stored runs are compared on all cases they share; leave out {given[0]}, which only --live uses"
        )
    elif len(args.runs) != 2:  # noqa: PLR2004 - a base and a head
        number = len(args.runs)
        raise InputError(f"name two stored runs to compare, got {number}; to measure two builds, use --live --base REF")


def _find_grid(args: argparse.Namespace) -> list[str]:
    """The options given that choose what a live comparison measures."""
    return [
        name_option(spec)
        for setting in (Selection, ModelOptions, Settings)
        for spec in fields(setting)
        if spec.name in read_fields(args, setting)
    ]


def _check_live(args: argparse.Namespace) -> None:
    """Check the options of a live comparison.

    Raises:
        InputError: Options contradict one another, or one is missing.
    """
    if args.runs:
        runs = " ".join(args.runs)
        raise InputError(f"stored runs ({runs}) can't be measured live; leave out the runs or the options of builds")
    if args.force:
        raise InputError("--force works only for two stored runs; leave it out of a live comparison")
    for side in _SIDES:
        sources = [flag for flag in _named(args, side) if not flag.endswith("-set")]
        if len(sources) > 1:
            raise InputError(f"each side must be one build, but {' and '.join(sources)} name two; leave one out")
    if not _named(args, "base") and not args.head_set:
        raise InputError("--live needs a base; give --base REF, --base-wheel, --base-python or --base-set")
    if (rounds := args.max_rounds) is not None and rounds < 2:  # noqa: PLR2004 - one round has no interval
        raise InputError(f"--rounds must be at least 2, not {rounds}; one round can't show how processes differ")


def _sources(args: argparse.Namespace) -> tuple[Source, Source]:

    base = Source(ref=args.base, wheel=args.base_wheel, python=args.base_python)
    head = Source(ref=args.head, wheel=args.head_wheel, python=args.head_python)
    if head == Source() and args.base:
        head = Source(tree=True)
    return base, head


def _compare_live(args: argparse.Namespace) -> int:
    own = [read_changes(f"--{side}-set", getattr(args, f"{side}_set")) for side in _SIDES]
    plan, pairs = expand_pairs(read_selection(args, args.project), own, preset=args.preset is not None)
    study: Study | None = None
    try:
        with MachineLock(wait=args.wait, tell=log), open_builds(*_sources(args)) as builds:
            store = Store(args.store)
            descriptions = {"base": builds[0].description, "head": builds[1].description}
            with record_study(store, COMPARE, {**plan.settings.as_dict(), **descriptions}) as record:
                rounds, threads = plan.settings.max_rounds, plan.cases[0].threads
                detectable = find_detectable_effect(store, record.run.environment, rounds=rounds, threads=threads)
                for study in _measure(plan, pairs, builds, margin=args.margin, detectable=detectable):
                    record.keep(study)
    except StoreError:
        if study:  # a result that can't be stored can still be shown
            publish(args, study, None)
        raise
    assert study is not None, "a comparison has at least one case"
    return publish(args, study, record.run.id)


def _measure(
    plan: Plan,
    pairs: list[tuple[Case, Case]],
    builds: tuple[Build, Build],
    *,
    margin: float | None,
    detectable: DetectableEffect | None,
) -> Iterator[Study]:
    """A live comparison as it stands after each case; Ctrl-C ends it with what there is."""
    descriptions = builds[0].description, builds[1].description
    done: list[ComparedCase] = []
    progress = Progress()
    progress.begin(len(pairs))

    def describe() -> Study:
        return make_document(
            done, builds=descriptions, live=True, margin=margin, detectable=detectable, planned=len(pairs)
        )

    with make_scratch() as scratch:
        weights = {name: getattr(plan, name) for name in ("weights", "weights_entry", "calibration", "pictures")}
        options: dict[str, Any] = {"settings": plan.settings, "scratch": scratch, **weights}
        try:
            for compared in compare_live(pairs, open_executors(builds, plan.settings), watch=progress.step, **options):
                done.append(compared)
                progress.done(compared.head)
                yield describe()
        except KeyboardInterrupt:
            log("stopped; finished cases are kept")
            yield replace(describe(), stopped=True)
        finally:
            progress.end()


def _compare_stored(args: argparse.Namespace) -> int:

    store = Store(args.store, create=False)
    base, head = (_find_run(store, name) for name in args.runs)
    plans = [store.plan(run.id) or {} for run in (base, head)]
    differences = find_differences(base, head, (plans[0].get("weights_sha256"), plans[1].get("weights_sha256")))
    if differences and not args.force:
        raise InputError(
            f"runs {base.id} and {head.id} were taken under unlike conditions ({'; '.join(differences)}), whose times "
            "don't compare; run both builds here with --live, or label every row with --force"
        )
    measured = store.measurements(base.id), store.measurements(head.id)
    study = make_document(
        compare_stored(*measured),
        builds=(f"run {base.id}", f"run {head.id}"),
        live=False,
        margin=args.margin,
        detectable=None,
        differences=differences,
        unshared=find_unshared(*measured),
    )
    return publish(args, study, None)


def _find_run(store: Store, name: str) -> RunInfo:
    """The run of that name; ``latest`` is the newest that has cases, which a study has not.

    Raises:
        InputError: The run has no cases.
    """
    able = store.runs_with_cases()
    if name == "latest":
        runs = [run for run in store.runs() if run.id in able]
        return max(runs, key=lambda run: (run.started_at, run.id)) if runs else store.find_run(name)
    run = store.find_run(name)
    if run.id not in able:
        raise InputError(f"run {run.id} ({run.preset}) has no cases to compare; name another")
    return run
