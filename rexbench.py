"""The command line: the one place where models, counts, times and reports meet.

Answers go to standard output, messages and progress to standard error. Exit codes: 0 done, 1 some cases failed,
2 the call or the input is wrong, 3 a regression was found, 4 inconclusive.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import inspect
import os
import re
import sys
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import rexbench_compare
import rexbench_evaluate
import rexbench_published
import rexbench_rank
import rexbench_selftest
from bench.stop import stop_on_signals
from reports.answer import DONE, FAILED, WRONG, add_output, check_output, give_answer, out_folder
from rexnet_core.errors import InputError, RexbenchError, UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from bench.records import Measurement
    from bench.store import Store
    from reports.tables import RunData

_EPILOG = """\
examples:
  rexbench doctor                                       what on this machine will bend the numbers
  rexbench run                                          the quick preset, with a report at its end
  rexbench run --models rexnet_1.0 rexnet_2.0 --backends eager openvino --batch-sizes 1 8 32
  rexbench complexity rexnet_1.3 --per-layer            parameters and multiply-adds, layer by layer
  rexbench published                                    every printed number: reproduced, explained or contradicted
  rexbench compare --live --base main                   is the working tree slower? exit code 3 if so
  rexbench rank layers --protocol closest               the paper's rank figure, and what becomes of its claims
  rexbench rank network rexnet_1.0 mobilenet_v2_1.0     rank of layer outputs, block by block
  rexbench report --run latest                          the report again, from the store alone
"""


class _Parser(argparse.ArgumentParser):
    """argparse whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        raise InputError(f"{message}; see `{self.prog} --help`")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        with stop_on_signals():
            return _answer(words)
    except RexbenchError as error:
        print(f"rexbench: {error}", file=sys.stderr)
        return WRONG
    except KeyboardInterrupt:
        print("rexbench: stopped", file=sys.stderr)
        return FAILED
    except BrokenPipeError:
        # The reader of our output has had enough; the interpreter must not try to flush to it again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        print(f"rexbench: {error.filename or 'the disk'}: {error.strerror}; make room and try again", file=sys.stderr)
        return WRONG


#: What a system answers where nothing more can be written.
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS})


def _answer(words: list[str]) -> int:
    """Run one command; the exit code."""
    if words[:1] == ["suites"]:
        return _suites(words[1:])
    _check_command(words)
    args = _make_parser().parse_args(words)
    check_output(args)
    _configure(args)
    command: Callable[[argparse.Namespace], int] = args.command
    return command(args)


def _configure(args: argparse.Namespace) -> None:
    """Read what the project has configured for commands that have a store, and take its store where none was named."""
    if not hasattr(args, "store"):
        return
    from bench.config import load_config  # noqa: PLC0415
    from bench.options import read_store  # noqa: PLC0415

    args.project = load_config(getattr(args, "config_file", None))
    args.store = read_store(args.store, args.project)


_SUMMARIES = {
    "models": "the registered models with what they cost",
    "complexity": "parameters, multiply-adds and memory traffic of a model",
    "run": "benchmark models on backends, and write a report",
    "suites": "the same under pytest with pytest-benchmark; takes pytest's options, too",
    "compare": rexbench_compare.SUMMARY,
    "selftest": rexbench_selftest.SUMMARY,
    "report": "rebuild a report from the store, without measuring",
    "published": "the numbers others printed, each reproduced, explained, contradicted or open",
    "rank": "rank of layer outputs: the paper's claim in random layers, whole networks and trained ones",
    "evaluate": rexbench_evaluate.SUMMARY,
    "doctor": "what on this machine will bend the numbers, with remedies",
}


def _check_command(words: Sequence[str]) -> None:
    if words and not words[0].startswith("-") and words[0] not in _SUMMARIES:
        raise UnknownNameError("command", words[0], _SUMMARIES)


def _make_parser() -> argparse.ArgumentParser:
    import shtab  # noqa: PLC0415 - kept off the path of a failing start

    from bench.machine import read_version  # noqa: PLC0415

    parser = _Parser(
        prog="rexbench",
        description="Benchmarks and architecture analysis for ReXNet: every number with its convention and conditions.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"rexbench {read_version('rexbench') or 'from source'}")
    shtab.add_argument_to(parser, ["--print-completion"], help="print a completion script for this shell")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, add, command in (
        ("models", _add_models, _models),
        ("complexity", _add_complexity, _complexity),
        ("run", _add_run, _run),
        ("compare", rexbench_compare.add_options, rexbench_compare.run),
        ("selftest", rexbench_selftest.add_options, rexbench_selftest.run),
        ("report", _add_report, _report),
        ("evaluate", rexbench_evaluate.add_evaluate, rexbench_evaluate.evaluate),
        ("doctor", _add_doctor, _doctor),
    ):
        _add_command(commands, name, _SUMMARIES[name], add, command)
    published = rexbench_published
    _add_command(commands, "published", _SUMMARIES["published"], published.add_options, published.run)
    rank = commands.add_parser("rank", help=_SUMMARIES["rank"], description=_SUMMARIES["rank"])
    studies = rank.add_subparsers(title="studies", metavar="STUDY", required=True)
    for study, (summary, add_study, run_study) in rexbench_rank.STUDIES.items():
        _add_command(studies, study, summary, add_study, run_study)
    commands.add_parser("suites", help=_SUMMARIES["suites"])
    return parser


def _add_command(
    commands: argparse._SubParsersAction[_Parser],
    name: str,
    summary: str,
    add: Callable[[argparse.ArgumentParser], None],
    command: Callable[[argparse.Namespace], int],
) -> None:
    sub = commands.add_parser(
        name,
        help=summary,
        description=inspect.getdoc(command),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add(sub)
    sub.set_defaults(command=command)


def _add_models(parser: argparse.ArgumentParser) -> None:
    add_output(parser)


def _models(args: argparse.Namespace) -> int:
    """List the registered models with parameters, multiply-adds at 224 and the published top-1.

    Widths between the listed ones work, too: rexnet_1.15, mobilenet_v2_0.5.
    """
    import pandas as pd  # noqa: PLC0415

    from analysis.complexity import count  # noqa: PLC0415
    from analysis.published import top1  # noqa: PLC0415
    from rexnet_core.catalogue import model_info, model_names  # noqa: PLC0415

    rows = []
    for name in model_names():
        cost, accuracy = count(name, 224), top1(name)
        rows.append(
            {
                "model": name,
                "family": model_info(name).family,
                "params": cost.params,
                "macs_at_224": cost.macs,
                "published_top1_percent": float(accuracy.value) if accuracy else None,
                "resolution": model_info(name).resolution,
                "source": model_info(name).source,
            }
        )
    return give_answer(args, rows, pd.DataFrame(rows))


def _add_complexity(parser: argparse.ArgumentParser) -> None:
    from analysis.complexity.conventions import CONVENTIONS  # noqa: PLC0415

    parser.add_argument("model", metavar="MODEL", help="such as rexnet_1.3; see `rexbench models`")
    parser.add_argument("--resolution", type=int, default=224, metavar="PIXELS", help="side of the square input (224)")
    parser.add_argument("--per-layer", action="store_true", help="one row per layer")
    parser.add_argument("--trace", action="store_true", help="count by running the model on the meta device instead")
    text = f"count as others do: one of {', '.join(CONVENTIONS)}, or all"
    parser.add_argument("--convention", metavar="NAME", help=text)
    add_output(parser)


def _complexity(args: argparse.Namespace) -> int:
    """Count what a model costs for one image: nothing is run or timed.

    params: learnable numbers. params_folded: after batch norm is folded into the convolutions. macs: multiply-adds of
    convolutions and linear layers; twice that is what others may print as FLOPs. activations: output elements of those
    layers. traffic_bytes: what they must move at least, in fp32.
    """
    import pandas as pd  # noqa: PLC0415

    if args.convention is not None:
        return _count_under(args)
    from analysis.complexity import count, trace  # noqa: PLC0415
    from analysis.complexity.frame import as_dict, layer_rows, model_rows  # noqa: PLC0415

    cost = (trace if args.trace else count)(args.model, args.resolution)
    document = as_dict(cost, per_layer=args.per_layer)
    rows = layer_rows(cost) if args.per_layer else model_rows([cost])
    return give_answer(args, document, pd.DataFrame(rows))


def _count_under(args: argparse.Namespace) -> int:
    """The answer of ``complexity --convention``."""
    import pandas as pd  # noqa: PLC0415

    from analysis.complexity.conventions import count_under  # noqa: PLC0415
    from analysis.complexity.conventions import frame as rows  # noqa: PLC0415

    if args.trace:
        raise InputError("--trace counts under our own convention, --convention under another; give one of the two")
    counts = [count_under(name, args.model, args.resolution) for name in rows.expand_convention(args.convention)]
    frame = pd.DataFrame(rows.make_rows(counts, per_layer=args.per_layer))
    shown = frame.drop(columns=rows.said_above(counts)).to_string(index=False)
    document = rows.as_document(counts, per_layer=args.per_layer)
    return give_answer(args, document, frame, lambda: rows.render_counts(counts, shown))


def _add_run(parser: argparse.ArgumentParser) -> None:
    from bench.options import add_control, add_options  # noqa: PLC0415

    add_options(parser.add_argument)
    add_control(parser.add_argument)
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder of the report (results/RUN)")
    add_output(parser)


def _run(args: argparse.Namespace) -> int:
    """Measure latency and throughput of models on backends, store every sample, and write a report.

    Backends of one model, batch and precision are measured side by side, in turns of random order, each in a process of
    its own; speed-ups are ratios of turns taken at the same time. Every finished round is stored at once.
    """
    from bench.contradictions import read_resumed  # noqa: PLC0415
    from bench.lock import MachineLock  # noqa: PLC0415
    from bench.options import read_selection  # noqa: PLC0415
    from bench.plan import expand  # noqa: PLC0415
    from bench.progress import make_progress  # noqa: PLC0415
    from bench.session import Session, make_run_id  # noqa: PLC0415
    from bench.store import Store  # noqa: PLC0415
    from reports.write import check_writable  # noqa: PLC0415

    given = partial(getattr, args)
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
            _tell("stopped; finished cases are kept")
    code = _publish(args, store, session.run.id)
    if told := session.describe_shortfall():
        _tell(told)
    if resumed and resumed.whole:
        _tell(f"run {session.run.id} is whole: its {len(resumed.plan.cases)} cases are there, nothing was measured")
        return DONE
    return FAILED if stopped else code


def _tell(text: str) -> None:
    """Say something beside the answer."""
    print(f"rexbench: {text}", file=sys.stderr, flush=True)


def _suites(words: list[str]) -> int:
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


def _add_report(parser: argparse.ArgumentParser) -> None:
    from bench.options import CONFIG, STORE  # noqa: PLC0415

    flag, keywords = STORE
    parser.add_argument("--run", default="latest", metavar="ID", help="a run's id, a part of it, or latest")
    parser.add_argument(flag, **keywords)
    parser.add_argument(CONFIG[0], **CONFIG[1])
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder of the report (results/RUN)")
    add_output(parser)


def _report(args: argparse.Namespace) -> int:
    """Rebuild the report of a run from the store: report.html, CSV files and figures. Nothing is measured."""
    from bench.store import Store  # noqa: PLC0415

    store = Store(args.store, create=False)
    run = store.find_run(args.run).id
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


def _add_doctor(parser: argparse.ArgumentParser) -> None:
    add_output(parser, csv=False)


def _doctor(args: argparse.Namespace) -> int:
    """Look at threads, quota, compiler, backends, precision defaults, load, frequency and room.

    Each finding comes with its remedy. Nothing is changed.
    """
    from bench.doctor import examine  # noqa: PLC0415
    from reports.answer import render_json  # noqa: PLC0415

    findings = examine()
    if args.json:
        print(render_json([asdict(finding) for finding in findings]))
    else:
        for finding in findings:
            print(f"{finding.level:4}  {finding.check:10} {finding.found}")
            if finding.remedy:
                print(f"{'':16} -> {finding.remedy}")
    return FAILED if any(finding.level == "fail" for finding in findings) else DONE


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


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):
        sys.exit(main())
