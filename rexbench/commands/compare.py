"""The command on two builds: it lets them take turns, or sets two stored runs side by side, and is a gate."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rexbench.output import DONE, FAILED, add_output, check_target, give_answer, write_csv, write_text
from rexnet_core.errors import InputError, StoreError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from analysis.study import Study
    from bench.comparison.builds import Side, Source
    from bench.comparison.compare import Compared
    from bench.planning.plan import Plan
    from bench.records.case import Case
    from bench.records.run import RunInfo
    from bench.selftest.detectable_effect import Floor
    from bench.store.store import Store

SUMMARY = "is the head slower than the base? two builds or settings taking turns, or two stored runs"
#: Exit codes beside those of every command: a case is slower; none is, and for some it can't be said.
SLOWER, INCONCLUSIVE = 3, 4


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    from analysis.option_values import number  # noqa: PLC0415
    from bench.comparison.case_pairs import KEYS  # noqa: PLC0415
    from bench.options import add_options as add_grid  # noqa: PLC0415

    parser.add_argument("runs", nargs="*", metavar="RUN", help="base and head: two stored runs, ids or parts or latest")
    parser.add_argument("--live", action="store_true", help="build both sides now and let them take turns")
    for side, default in (("base", ""), ("head", "; default: the working tree with --base, else the code that runs")):
        parser.add_argument(f"--{side}", metavar="REF", help=f"a git revision for the {side}{default}")
        parser.add_argument(f"--{side}-wheel", type=Path, metavar="FILE", help=f"a wheel of rexbench for the {side}")
        text = f"interpreter of an environment with rexbench for the {side}"
        parser.add_argument(f"--{side}-python", type=Path, metavar="PATH", help=text)
        text = f"settings of the {side} alone: {', '.join(KEYS)}"
        parser.add_argument(f"--{side}-set", nargs="+", metavar="KEY=VALUE", help=text)
    text = "changes within this are the same; default: the larger of 0.03 and this machine's floor"
    parser.add_argument("--band", type=number, metavar="SHARE", help=text)
    parser.add_argument("--force", action="store_true", help="compare stored runs of unlike environments all the same")
    text = "a short report for a pull request; - for standard output"
    parser.add_argument("--markdown", metavar="FILE", help=text)
    parser.add_argument("--wait", action="store_true", help="begin when another run on this machine has ended")
    add_grid(parser.add_argument)
    parser.set_defaults(preset=None)
    add_output(parser)


def run(args: argparse.Namespace) -> int:
    """Say of each case whether the head is FASTER, SLOWER or the SAME, or that this is AMBIGUOUS; with intervals.

    Live (--live --base main): both builds' workers are alive together and take turns in random order, in rounds of
    fresh processes. From the store (compare RUN RUN): the rounds of two runs, taken at different times.
    A change within the band is the same: 3 %, or the floor that `rexbench selftest` stored for this machine if larger.

    Exit codes: 0 all same or faster, 3 one is slower, 4 none is slower and one is ambiguous, 1 a case failed, 2 the
    call is wrong. A case that the base can do and the head can't has failed.
    """
    _check(args)
    return _compare_live(args) if _is_live(args) else _compare_stored(args)


def publish(args: argparse.Namespace, study: Study, run_id: str | None) -> int:
    """Answer with a comparison in every form that was asked for; the exit code it deserves."""
    from reports.compare import compare_frames, render_compare, render_markdown  # noqa: PLC0415

    markdown = getattr(args, "markdown", None)
    if markdown == "-":
        sys.stdout.write(render_markdown(study))
        if args.csv:
            write_csv(args.csv, compare_frames(study)["rows"])
    else:
        if markdown:
            write_text(Path(markdown), render_markdown(study), option="--markdown")
        answer = {**({"run": run_id} if run_id else {}), **study.as_answer()}
        text = render_compare(study) + (f"\nstored as run {run_id}" if run_id else "")
        give_answer(args, answer, compare_frames(study)["rows"], text=lambda: text)
    return _judge(study)


def _judge(study: Study) -> int:
    """The exit code: a regression that is known outweighs a case that failed or is missing, and both outweigh doubt."""
    statuses = {row["status"] for row in study.payload["rows"]}
    verdicts = {row["verdict"] for row in study.payload["rows"]}
    if "SLOWER" in verdicts:
        return SLOWER
    lost = study.stopped or study.payload["only_base"] or "ok" not in statuses
    if lost or statuses - {"ok", "unavailable", "unsupported"}:
        return FAILED
    return INCONCLUSIVE if "AMBIGUOUS" in verdicts else DONE


def _is_live(args: argparse.Namespace) -> bool:
    return bool(args.live or any(_named(args, side) for side in ("base", "head")))


def _named(args: argparse.Namespace, side: str) -> list[str]:
    """The options given that say what a side is."""
    given = {f"--{side}{part}": getattr(args, f"{side}{part.replace('-', '_')}") for part in ("", "-wheel", "-python")}
    return [flag for flag, value in given.items() if value] + (
        [f"--{side}-set"] if getattr(args, f"{side}_set") else []
    )


def _check(args: argparse.Namespace) -> None:
    """What can be known to be wrong before anything is built.

    Raises:
        InputError: Options contradict one another, or one is missing.
    """
    if args.band is not None and not 0 <= args.band < 1:
        raise InputError(f"--band is a share from 0 to 1, such as 0.03, not {args.band}")
    if args.markdown == "-" and (args.json or args.csv == "-"):
        raise InputError("--markdown - and --json or --csv - both ask for standard output; give --markdown a file")
    check_target("--markdown", args.markdown)
    if _is_live(args):
        _check_live(args)
    elif given := _find_grid(args):
        raise InputError(
            f"stored runs are compared by all the cases they share; {given[0]} is for --live, leave it out"
        )
    elif len(args.runs) != 2:  # noqa: PLR2004 - a base and a head
        number = f"{len(args.runs)} given"
        raise InputError(f"two stored runs are compared, {number}; or let two builds take turns: --live --base REF")


def _find_grid(args: argparse.Namespace) -> list[str]:
    """The flags given that say what a live comparison measures."""
    from bench.options import OPTIONS  # noqa: PLC0415

    return [flag for flag, _ in OPTIONS if getattr(args, flag[2:].replace("-", "_")) is not None]


def _check_live(args: argparse.Namespace) -> None:
    """The same of a live comparison."""
    if args.runs:
        raise InputError(f"stored runs ({' '.join(args.runs)}) take no turns; leave them or the options of sides out")
    if args.force:
        raise InputError("--force is for stored runs: live, both sides share their environment, or are meant not to")
    for side in ("base", "head"):
        sources = [flag for flag in _named(args, side) if not flag.endswith("-set")]
        if len(sources) > 1:
            raise InputError(f"a side is one build, {' and '.join(sources)} name two; leave one out")
    if not _named(args, "base") and not args.head_set:
        raise InputError("--live needs to know the base: --base REF, --base-wheel, --base-python or --base-set")
    if args.rounds is not None and args.rounds < 2:  # noqa: PLR2004 - one round has no interval
        raise InputError(f"--rounds must be at least 2 to compare, not {args.rounds}: one shows no spread of processes")
    if args.target is not None:
        raise InputError("--target is not for comparing: the number of rounds is fixed before the first; use --rounds")


def _sources(args: argparse.Namespace) -> tuple[Source, Source]:
    from bench.comparison.builds import Source  # noqa: PLC0415

    base = Source(ref=args.base, wheel=args.base_wheel, python=args.base_python)
    head = Source(ref=args.head, wheel=args.head_wheel, python=args.head_python)
    if head == Source() and args.base:
        head = Source(tree=True)
    return base, head


def _compare_live(args: argparse.Namespace) -> int:
    from bench.comparison.builds import open_sides  # noqa: PLC0415
    from bench.comparison.case_pairs import expand_pairs, read_changes  # noqa: PLC0415
    from bench.comparison.document import COMPARE  # noqa: PLC0415
    from bench.machine.lock import MachineLock  # noqa: PLC0415
    from bench.options import read_selection  # noqa: PLC0415
    from bench.selftest.detectable_effect import find_floor  # noqa: PLC0415
    from bench.store.store import Store  # noqa: PLC0415
    from bench.store.studies import record_study  # noqa: PLC0415

    own = [read_changes(f"--{side}-set", getattr(args, f"{side}_set")) for side in ("base", "head")]
    plan, pairs = expand_pairs(read_selection(args.__getattribute__, args.project), own, preset=args.preset is not None)
    study: Study | None = None
    try:
        with MachineLock(wait=args.wait, tell=_tell), open_sides(*_sources(args)) as sides:
            store = Store(args.store)
            told = {**plan.settings.as_dict(), "base": sides[0].told, "head": sides[1].told}
            with record_study(store, COMPARE, told) as record:
                rounds, threads = plan.settings.max_rounds, plan.cases[0].threads
                floor = find_floor(store, record.run.environment, rounds=rounds, threads=threads)
                for study in _measure(plan, pairs, sides, band=args.band, floor=floor):
                    record.keep(study)
    except StoreError:
        if study:  # a result that can't be stored can still be shown
            publish(args, study, None)
        raise
    assert study is not None, "a comparison has at least one case"
    return publish(args, study, record.run.id)


def _measure(
    plan: Plan, pairs: list[tuple[Case, Case]], sides: tuple[Side, Side], *, band: float | None, floor: Floor | None
) -> Iterator[Study]:
    """A live comparison as it stands after each case; Ctrl-C ends it with what there is."""
    from bench.comparison.compare import compare_live  # noqa: PLC0415
    from bench.comparison.document import make_document  # noqa: PLC0415
    from bench.machine.scratch import make_scratch  # noqa: PLC0415
    from bench.running.progress import make_progress  # noqa: PLC0415

    builds, told = (sides[0].build, sides[1].build), (sides[0].told, sides[1].told)
    done: list[Compared] = []
    progress = make_progress()
    progress.begin(len(pairs))

    def describe() -> Study:
        return make_document(done, sides=told, live=True, band=band, floor=floor, planned=len(pairs))

    with make_scratch() as scratch:
        options: dict[str, Any] = {"settings": plan.settings, "scratch": scratch, "weights": plan.weights}
        try:
            for one in compare_live(pairs, builds, watch=progress.step, **options):
                done.append(one)
                progress.done(one.head)
                yield describe()
        except KeyboardInterrupt:
            _tell("stopped; finished cases are kept")
            yield replace(describe(), stopped=True)
        finally:
            progress.end()


def _compare_stored(args: argparse.Namespace) -> int:
    from bench.comparison.compare import compare_stored, find_differences, find_unshared  # noqa: PLC0415
    from bench.comparison.document import make_document  # noqa: PLC0415
    from bench.store.store import Store  # noqa: PLC0415

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
        sides=(f"run {base.id}", f"run {head.id}"),
        live=False,
        band=args.band,
        floor=None,
        differences=differences,
        unshared=find_unshared(*measured),
    )
    return publish(args, study, None)


def _find_run(store: Store, name: str) -> RunInfo:
    """The run of that name; ``latest`` is the newest that has cases, which a study has not.

    Raises:
        InputError: It has none.
    """
    able = store.runs_with_cases()
    if name == "latest":
        runs = [one for one in store.runs() if one.id in able]
        return max(runs, key=lambda one: (one.started_at, one.id)) if runs else store.find_run(name)
    found = store.find_run(name)
    if found.id not in able:
        raise InputError(f"run {found.id} ({found.preset}) has no cases to compare; name another")
    return found


def _tell(text: str) -> None:
    sys.stderr.write(f"rexbench: {text}\n")
