"""The answer is given whatever the encoding of the terminal, and a stream that takes no answer is one line.

Of the same kind: every encoding that lacks a letter, the C locale, closed and full streams, readers that leave early;
help texts, versions, completion scripts, JSON, CSV and Markdown as well as text.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROGRAM = """
import sys
from rexbench import output
from rexbench.commands import models
models.run = lambda args: output.answer("\\u26a0 \\xb1 \\udce9 \\x1b[31m\\n") or 0
from rexbench.cli import main
sys.exit(main(sys.argv[1:]))
"""
FULL = "standard output must take the answer; it gave No space left on device; name a file or make room"


def shell(line, **variables):
    """The exit code, standard output and standard error of a line in which $R is the program with one odd answer."""
    done = subprocess.run(
        ["bash", "-c", line],
        env={**os.environ, "PYTHONPATH": str(ROOT), "R": sys.executable, "P": PROGRAM, **variables},
        capture_output=True,
        check=False,
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


@pytest.mark.parametrize(
    ("variables", "text"),
    [
        ({"PYTHONIOENCODING": "ascii"}, r"\u26a0 \xb1"),
        ({"PYTHONIOENCODING": "latin-1"}, r"\u26a0"),
        ({"PYTHONIOENCODING": "utf-8:strict"}, "⚠ ±"),
        ({"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, r"\u26a0 \xb1"),
    ],
)
def test_letters_that_an_encoding_lacks_are_spelled_out(variables, text):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, "models"],
        env={**os.environ, "PYTHONPATH": str(ROOT), **variables},
        capture_output=True,
        check=False,
    )
    out = done.stdout.decode("latin-1" if "latin-1" in variables.values() else "utf-8")
    assert (done.returncode, done.stderr) == (0, b"")
    assert out.startswith(text)
    assert out.endswith(" \\udce9 \\x1b[31m\n")


@pytest.mark.parametrize("words", ["models", "--help", "--version", "--print-completion bash"])
def test_a_full_output_is_one_line(words):
    assert shell(f'"$R" -c "$P" {words} >/dev/full') == (2, "", f"rexbench: {FULL}\n")


def test_a_closed_output_is_found_before_the_work():
    closed = "rexbench: standard output must be open; it is closed, send it to a file or to /dev/null\n"
    assert shell('"$R" -c "$P" models >&-') == (2, "", closed)


@pytest.mark.parametrize("lost", ["2>&-", "2>/dev/full", "<&-"])
def test_other_streams_may_be_lost(lost):
    assert shell(f'"$R" -c "$P" models {lost}')[0] == 0
    assert shell(f'"$R" -c "$P" nonsense {lost}')[0] == 2


def test_a_reader_that_leaves_does_not_change_the_exit_code():
    line = 'set -o pipefail; "$R" -c "$P" {} | true'
    assert shell(line.format("--print-completion bash")) == (0, "", "")
    assert shell(line.format("nonsense"))[0] == 2
