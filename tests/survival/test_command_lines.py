"""Command lines as no one would write them: a code of ours, one line, and nothing left by a call that is wrong."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.workers.executor import ProcessExecutor, WorkerError
from rexbench import cli
from rexnet_core.errors import InputError

#: Calls that are right, or nearly; the others are made from them.
SEEDS = [
    shlex.split(line)
    for line in """
        models --json
        models --csv rows.csv
        complexity rexnet_1.3 --per-layer --json
        complexity rexnet_1.0 --resolution 96 --csv
        complexity rexnet_1.0 --convention fvcore
        run --models rexnet_0.5 --resolutions 32 --batch-sizes 1 --threads 1 --backends eager --rounds 1
        run --models rexnet_0.5 --resolutions native 32 --batch-sizes 1 2 --budget 5 --limit 5 --json --wait
        run --preset standard --models mobilenet_v2_0.5 --batch-sizes 1 --scenarios latency --memory-limit 500 --seed 3
        run --models rexnet_0.5 --resolutions 32 --out report --store sqlite:///own.db --csv rows.csv
        run --weights none.pth --models rexnet_1.0 --precisions fp32 bf16 --memory-formats contiguous --device cpu
        run --resume latest --force --store sqlite:///own.db
        run --target 0.05 --rounds 2 --models rexnet_0.5 --batch-sizes 1 --streams 1
        suites --models rexnt_1.0
        compare 2026 latest --json --markdown out.md
        compare --live --base HEAD --rounds 2 --band 0.03
        selftest --rounds 2 --threads 1 --budget 5
        report --run latest --out somewhere
        report --store sqlite:///none.db --json
        published --verdict open --json
        published --model rexnet_1.0 --add rows.csv
        rank layers --protocol closest --json
        rank network rexnet_1.0 --images photos
        rank search
        rank trained
        evaluate rexnet_1.0 --weights none.pth --images photos --json
        doctor --json
        --print-completion bash
        --version
        --help
    """.strip().splitlines()
]
WORDS = sorted({word for words in SEEDS for word in words})
JUNK = [
    *("", "-", "--", "-1", "0", "nan", "inf", "1e999", "9" * 30, "-h", "--re", "--models=", "--store=x", "\udcff", "é"),
    "@a",
]
# No slashes: nothing may be named outside of the folder that the test is in.
odd = st.one_of(st.sampled_from(JUNK), st.text(st.characters(codec="utf-8", exclude_characters="/\\\0."), max_size=6))
word = st.one_of(st.sampled_from(WORDS), odd)


@st.composite
def command_lines(draw):
    """A call that is right, and up to three changes of it."""
    words = list(draw(st.sampled_from(SEEDS)))
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(words)))
        match draw(st.sampled_from(["insert", "replace", "drop", "repeat", "cut"])):
            case "insert":
                words.insert(at, draw(word))
            case "replace":
                words[at : at + 1] = [draw(word)]
            case "drop":
                del words[at : at + 1]
            case "repeat":
                words[at:at] = words[max(0, at - 2) : at]
            case "cut":
                del words[at:]
    return words


@pytest.fixture(scope="module")
def _nothing_is_measured():
    """What would take time or start a process fails, or has nothing to say."""

    def fail(*_, **__):
        raise WorkerError("failed", "nothing is measured here")

    def refuse(*_, **__):
        raise InputError("nothing is built here")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ProcessExecutor, "prepare", fail)
        patch.setattr(ProcessExecutor, "open", fail)
        patch.setattr("bench.running.session.read_environment", dict)
        patch.setattr("bench.store.studies.read_environment", dict)
        patch.setattr("bench.resume_options.read_environment", dict)
        patch.setattr("rexbench.commands.doctor.examine", list)
        patch.setattr("rexbench.commands.compare.open_builds", refuse)
        patch.setattr("reports.drawing.figure.draw", lambda *_: [])
        patch.setattr("rexbench.commands.selftest._measure", lambda *_: ({}, {}, False))
        for study in ("layers", "network", "trained"):
            patch.setattr(f"rexbench.commands.rank.{study}.run_study", lambda *_, **__: 0)
        patch.setattr("analysis.rank.layers.commands.run_search", lambda **_: {})
        patch.setattr("rexbench.commands.suites.run_words", refuse)
        patch.setattr("rexbench.commands.published._explored", refuse)
        patch.setattr("rexbench.commands.evaluate.run", refuse)
        patch.setattr("rexbench.commands.train.run", refuse)
        yield


def tried(count):
    """So many calls, always the same."""
    checks = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
    return settings(max_examples=count, deadline=None, derandomize=True, database=None, suppress_health_check=checks)


@pytest.mark.usefixtures("_nothing_is_measured")
@given(command_lines())
@tried(25)
def test_any_call_ends_with_a_code_of_ours_and_a_wrong_one_leaves_nothing(tmp_path_factory, words):
    check(words, tmp_path_factory.mktemp("call"))


@pytest.mark.survival
@pytest.mark.usefixtures("_nothing_is_measured")
@given(command_lines())
@tried(200)
def test_so_do_two_hundred(tmp_path_factory, words):
    check(words, tmp_path_factory.mktemp("call"))


def check(words, folder):
    """Make a call in an empty folder."""
    here = Path.cwd()
    out, err = StringIO(), StringIO()
    os.chdir(folder)
    try:
        with redirect_stdout(out), redirect_stderr(err):
            code = cli.main(words)
    except SystemExit as left:
        code = left.code or 0
    finally:
        os.chdir(here)
    assert code in {0, 1, 2, 3, 4}
    assert "Traceback" not in err.getvalue()
    if code == 2:
        assert [path for path in folder.rglob("*") if path.is_file()] == []
        assert err.getvalue().count("\n") == 1, err.getvalue()


@pytest.mark.survival
@pytest.mark.parametrize(
    "line",
    [
        "",
        "--help",
        "run --models",
        "run --preset quik",
        "run --resume none",
        "run --store sqlite:////proc/none/x.db --models rexnet_0.5 --batch-sizes 1",
        "run --store postgresql://nobody@localhost:1/none",
        "suites --models rexnt_1.0",
        "suites --resume none",
        "report --run é",
        "compare a b",
        "complexity rexnet_1.3 --resolution 1e9",
    ],
)
def test_real_calls_that_are_wrong_end_with_code_2_and_leave_nothing(tmp_path, line):
    command = [sys.executable, "-m", "rexbench", *shlex.split(line)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == (0 if line == "--help" else 2), done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert list(tmp_path.rglob("*")) == []
