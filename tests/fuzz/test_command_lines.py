"""Words of a call: each call is refused in one line, answered with help, or accepted; nothing is measured here."""

import argparse
import io
from contextlib import redirect_stderr, redirect_stdout
from importlib import import_module
from pathlib import Path

import pytest
from fuzzing import check_line
from mutations import make_word

from analysis.rank.layers.task import SearchTask
from analysis.rank.trained import TrainedSetting
from bench.comparison.case_pairs import read_changes
from bench.options import read_selection
from bench.planning.option_fields import read_fields
from bench.planning.plan import expand
from bench.resume_options import check_force
from rexbench.cli import main
from rexbench.commands import compare, complexity, evaluate, find_commands, published, selftest, suites
from rexbench.commands.rank import layers, network
from rexbench.dispatch import make_parser

_COUNT = complexity.run


def _check_run(args):
    check_force(args)
    expand(read_selection(args, args.project))


def _check_compare(args):
    compare._check(args)
    for side in ("base", "head"):
        read_changes(f"--{side}-set", getattr(args, f"{side}_set"))


def _check_selftest(args):
    selftest._plan(args)
    selftest._levels(args.levels)


def _check_published(args):
    published._check(args)
    published._explored(args.explore, {"rexnet_1.0"})


#: What a command checks before its work, which is all that is done of it here.
_CHECKS = {
    "run": _check_run,
    "compare": _check_compare,
    "selftest": _check_selftest,
    "published": _check_published,
    "complexity": lambda args: None if args.trace or args.convention else _COUNT(args),
    "evaluate": lambda args: (evaluate.read_setting(args, 2), evaluate.read_conversions(args)),
    "rank.network": network.read_setting,
    "rank.layers": lambda args: layers.read_task(args, 2),
    "rank.search": lambda args: SearchTask(**{"workers": 2, **read_fields(args, SearchTask)}),
    "rank.trained": lambda args: TrainedSetting(**read_fields(args, TrainedSetting)),
    "doctor": lambda _: None,
    "models": lambda _: None,
    "report": lambda _: None,
}


def _find_options():
    """Every option of every command, and each command's words."""
    commands = [[name] for name in find_commands("rexbench.commands") if name not in {"rank", "suites"}]
    commands += [["rank", name] for name in find_commands("rexbench.commands.rank")]
    known = {}
    for words in commands:
        parser = make_parser(words)
        for word in words:
            [group] = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
            parser = group.choices[word]
        known[tuple(words)] = sorted({option for action in parser._actions for option in action.option_strings})
    return {
        **known,
        ("suites",): ["--store", "-k", "--models", "--nonsense"],
        (): ["--help", "--version", "--print-completion"],
    }


_OPTIONS = _find_options()
_COMMANDS = sorted(_OPTIONS)


def _make_call(chance):
    command = chance.choice(_COMMANDS)
    words = list(command)
    for _ in range(chance.randrange(6)):
        option, value = chance.choice(_OPTIONS[command]), make_word(chance)
        parts = ([option], [option, value], [option, value, make_word(chance)], [f"{option}={value}"], [value])
        words += chance.choice((*parts, [option[: chance.randrange(12)]]))
    if chance.random() < 0.1:
        chance.shuffle(words)
    return words


@pytest.fixture
def _only_checks(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for name, check in _CHECKS.items():
        monkeypatch.setattr(
            import_module(f"rexbench.commands.{name}"), "run", lambda args, check=check: (check(args) and 0) or 0
        )
    monkeypatch.setattr(suites, "run_words", lambda words: suites._check_words(words) or 0)


@pytest.mark.usefixtures("_only_checks")
def test_any_call_is_refused_in_one_line_or_accepted(fuzz):
    def attempt(words):
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            try:
                code = main(words)
            except SystemExit as left:  # argparse ends a help text so
                return {0: "help", None: "help"}[left.code]
        files = list(Path().iterdir())
        if code == 2:
            lines = err.getvalue().split("\n")
            assert lines.pop() == ""
            assert len(lines) == 1, lines
            assert lines[0].startswith("rexbench: ")
            check_line(lines[0])
            assert not files, files
        for path in files:
            path.unlink()
        return {0: "accepted", 2: "refused"}[code]

    fuzz("command lines", _make_call, attempt)
