"""From the words of a call to its exit code: one parser, made of the command that is called alone.

Answers go to standard output, messages and progress to standard error. Exit codes are those of `ExitCode`.
"""

from __future__ import annotations

import argparse
import errno
import inspect
import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any, NoReturn

import shtab

from bench.machine.environment import read_version
from bench.machine.signals import stop_on_signals
from rexbench.commands import find_commands
from rexbench.output import answer, check_output, flush_answer, log, log_traceback
from rexnet_core.errors import InputError, RexbenchError, UnknownNameError
from rexnet_core.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_COMMANDS = "rexbench.commands"
_EPILOG = """\
examples:
  rexbench doctor                                       lists what on this machine distorts the numbers
  rexbench run                                          the quick preset, with a report at its end
  rexbench run --models rexnet_1.0 rexnet_2.0 --backends eager openvino --batch-sizes 1 8 32
  rexbench complexity rexnet_1.3 --per-layer            parameters and multiply-adds, layer by layer
  rexbench published                                    every printed number: reproduced, explained or contradicted
  rexbench compare --live --base main                   is the working tree slower? exit code 3 if so
  rexbench rank layers --protocol closest               the paper's rank figure, and a verdict on each claim
  rexbench rank network rexnet_1.0 mobilenet_v2_1.0     rank of layer outputs, block by block
  rexbench report --run latest                          the report again, from the store alone
"""
#: Errors of a system on which nothing more can be written.
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS})


def dispatch(words: list[str]) -> int:
    """Run one command; the exit code."""
    if sys.excepthook is sys.__excepthook__:
        sys.excepthook = log_traceback
    try:
        try:
            with stop_on_signals():
                return _run(words)
        finally:
            flush_answer()
    except RexbenchError as error:
        log(str(error))
        return ExitCode.WRONG
    except KeyboardInterrupt:
        log("stopped")
        return ExitCode.FAILED
    except OSError as error:
        if not _is_given(error, words) and error.errno not in _NO_ROOM:
            raise
        log(f"{error.filename or 'the disk'} can't be used: {error.strerror}; name another or make room")
        return ExitCode.WRONG


def _is_given(error: OSError, words: Sequence[str]) -> bool:
    """Whether the system refuses a path that the caller named, which is no fault of ours."""
    names = [os.fsdecode(name) for name in (error.filename, error.filename2) if isinstance(name, str | bytes)]
    return any(name and name in word for name in names for word in words)


def _run(words: list[str]) -> int:
    if words and words[0] in find_commands(_COMMANDS):
        module = import_module(f"{_COMMANDS}.{words[0]}")
        if hasattr(module, "run_words"):
            return int(module.run_words(words[1:]))
    args = make_parser(words).parse_args(words)
    check_output(args)
    _configure(args)
    command: Callable[[argparse.Namespace], int] = args.command
    return command(args)


def _configure(args: argparse.Namespace) -> None:
    """Read the project's configuration for commands that have a store, and take its store if none was named."""
    if not hasattr(args, "store"):
        return
    from bench.options import read_store  # noqa: PLC0415 - only some commands have a store
    from bench.planning.config import load_config  # noqa: PLC0415

    args.project = load_config(getattr(args, "config_file", None))
    args.store = read_store(args.store, args.project)


class _Parser(argparse.ArgumentParser):
    """argparse whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        raise InputError(f"{message}; see `{self.prog} --help`")

    def _get_values(self, action: argparse.Action, arg_strings: list[str]) -> Any:
        """The value of an option; Python 3.11 reads ``--option=--`` as an empty list, whatever the option takes."""
        if action.option_strings and arg_strings == ["--"]:
            self.error(f"argument {action.option_strings[0]}: expected a value, not --")
        return super()._get_values(action, arg_strings)

    def _print_message(self, message: str, file: object = None) -> None:
        """Print a help text or a version, which argparse does through this method alone."""
        del file
        answer(message)


class _PrintCompletion(argparse.Action):
    """Answers with a completion script."""

    def __call__(self, parser: argparse.ArgumentParser, _namespace: object, shell: Any, _option: object = None) -> None:
        answer(f"{shtab.complete(parser, shell)}\n")
        parser.exit(0)


def make_parser(words: Sequence[str]) -> argparse.ArgumentParser:
    """The parser of a call: every command is named, and the one that is called has its options.

    Raises:
        UnknownNameError: The call names no command.
    """
    parser = _Parser(
        prog="rexbench",
        description="Benchmarks and architecture analysis for ReXNet: every number with its convention and conditions.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"rexbench {read_version('rexbench') or 'from source'}")
    text = "print a completion script for this shell"
    parser.add_argument("--print-completion", choices=shtab.SUPPORTED_SHELLS, action=_PrintCompletion, help=text)
    # A completion script needs the options of all commands.
    every = bool(words) and words[0].startswith("--p")
    _add_commands(parser, _COMMANDS, () if every else words, every=every)
    return parser


def _add_commands(parser: argparse.ArgumentParser, package: str, words: Sequence[str], *, every: bool) -> None:
    """Name the commands of a package, and declare the options of the one that is called, or of every one."""
    module, known = import_module(package), find_commands(package)
    called = words[0] if words and not words[0].startswith("-") else None
    if called is not None and called not in known:
        raise UnknownNameError(module.METAVAR.lower(), called, known)
    group = parser.add_subparsers(title=module.TITLE, metavar=module.METAVAR, required=True)
    for name, summary in known.items():
        sub = group.add_parser(name, help=summary, formatter_class=argparse.RawDescriptionHelpFormatter)
        if every or name == called:
            _add_command(sub, f"{package}.{name}", summary, words[1:], every=every)


def _add_command(
    parser: argparse.ArgumentParser, name: str, summary: str, words: Sequence[str], *, every: bool
) -> None:
    module = import_module(name)
    if hasattr(module, "METAVAR"):
        parser.description = summary
        _add_commands(parser, name, words, every=every)
    elif not hasattr(module, "run_words"):
        parser.description = inspect.getdoc(module.run)
        module.add_options(parser)
        parser.set_defaults(command=module.run)
