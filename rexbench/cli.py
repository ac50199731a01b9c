"""The command line: the one place where models, counts, times and reports meet.

Answers go to standard output, messages and progress to standard error. Exit codes: 0 done, 1 some cases failed,
2 the call or the input is wrong, 3 a regression was found, 4 inconclusive.
"""

from __future__ import annotations

import argparse
import errno
import inspect
import os
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, NoReturn

from bench.machine.signals import stop_on_signals
from rexbench.commands import compare, complexity, evaluate, models, published, rank, report, run, selftest, suites
from rexbench.output import DONE, FAILED, WRONG, add_output, check_output
from rexnet_core.errors import InputError, RexbenchError, UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


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
        return suites.run_suites(words[1:])
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
    from bench.options import read_store  # noqa: PLC0415
    from bench.planning.config import load_config  # noqa: PLC0415

    args.project = load_config(getattr(args, "config_file", None))
    args.store = read_store(args.store, args.project)


_SUMMARIES = {
    "models": "the registered models with what they cost",
    "complexity": "parameters, multiply-adds and memory traffic of a model",
    "run": "benchmark models on backends, and write a report",
    "suites": "the same under pytest with pytest-benchmark; takes pytest's options, too",
    "compare": compare.SUMMARY,
    "selftest": selftest.SUMMARY,
    "report": "rebuild a report from the store, without measuring",
    "published": "the numbers others printed, each reproduced, explained, contradicted or open",
    "rank": "rank of layer outputs: the paper's claim in random layers, whole networks and trained ones",
    "evaluate": evaluate.SUMMARY,
    "doctor": "what on this machine will bend the numbers, with remedies",
}


def _check_command(words: Sequence[str]) -> None:
    if words and not words[0].startswith("-") and words[0] not in _SUMMARIES:
        raise UnknownNameError("command", words[0], _SUMMARIES)


def _make_parser() -> argparse.ArgumentParser:
    import shtab  # noqa: PLC0415 - kept off the path of a failing start

    from bench.machine.environment import read_version  # noqa: PLC0415

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
        ("models", models.add_models, models.list_models),
        ("complexity", complexity.add_complexity, complexity.count_complexity),
        ("run", run.add_run, run.run),
        ("compare", compare.add_options, compare.run),
        ("selftest", selftest.add_options, selftest.run),
        ("report", report.add_report, report.report),
        ("evaluate", evaluate.add_evaluate, evaluate.evaluate),
        ("doctor", _add_doctor, _doctor),
    ):
        _add_command(commands, name, _SUMMARIES[name], add, command)
    _add_command(commands, "published", _SUMMARIES["published"], published.add_options, published.run)
    rank_parser = commands.add_parser("rank", help=_SUMMARIES["rank"], description=_SUMMARIES["rank"])
    studies = rank_parser.add_subparsers(title="studies", metavar="STUDY", required=True)
    for study, (summary, add_study, run_study) in rank.STUDIES.items():
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


def _add_doctor(parser: argparse.ArgumentParser) -> None:
    add_output(parser, csv=False)


def _doctor(args: argparse.Namespace) -> int:
    """Look at threads, quota, compiler, backends, precision defaults, load, frequency and room.

    Each finding comes with its remedy. Nothing is changed.
    """
    from analysis.json_values import render_json  # noqa: PLC0415
    from bench.doctor import examine  # noqa: PLC0415

    findings = examine()
    if args.json:
        print(render_json([asdict(finding) for finding in findings]))
    else:
        for finding in findings:
            print(f"{finding.level:4}  {finding.check:10} {finding.found}")
            if finding.remedy:
                print(f"{'':16} -> {finding.remedy}")
    return FAILED if any(finding.level == "fail" for finding in findings) else DONE
