"""Calls of the program from within a test, each in an empty folder of its own."""

import csv
import io
import json
import shlex
from typing import NamedTuple

import pytest
from one_thread import one_thread

from rexbench.cli import main

__all__ = ["one_thread"]


class Answer(NamedTuple):
    """What a call came to."""

    code: int
    out: str
    err: str

    @property
    def document(self):
        return json.loads(self.out)

    @property
    def rows(self):
        return list(csv.DictReader(io.StringIO(self.out)))


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    """No test writes into the checkout."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def call(capsys):
    """Call the program with words that a shell would split."""

    def run(*words):
        try:
            code = main([part for word in words for part in shlex.split(str(word))])
        except SystemExit as left:  # argparse answers --help so
            code = left.code or 0
        return Answer(code, *capsys.readouterr())

    return run
