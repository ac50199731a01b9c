"""Run the suites under pytest with pytest-benchmark; takes pytest's options, too."""

from __future__ import annotations

import argparse
import os
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import bench
from bench.store.store import Store
from reports.files.writable import check_writable
from rexbench.publishing import publish_run
from rexnet_core.errors import InputError
from rexnet_core.exit_codes import ExitCode
from rexnet_core.files import encode
from rexnet_core.printable import make_message

#: The suites have settings of their own: a pytest section in the current folder is not about them.
_SUITE_SETTINGS = (
    *("-c", os.devnull, "--import-mode=importlib", "-p", "no:cacheprovider", "-p", "bench.pytest_plugin"),
    *("-W", "ignore::DeprecationWarning", "--benchmark-columns=median,iqr,min,max,rounds"),
)


def run_words(words: list[str]) -> int:
    """Run the suites under pytest, then write the report of what they measured.

    Raises:
        InputError: pytest, which repeats words as they are, would show a password or what a terminal acts on.
    """
    _check_words(words)
    folder = Path(bench.__file__).parent / "suites"
    own = [] if any(re.search(r"\.py(::|$)", word) for word in words) else [str(folder)]
    memory = _Memory()
    code = pytest.main([*_SUITE_SETTINGS, "--rootdir", str(folder), *own, *words], [memory])

    from bench.pytest_plugin import RUN_ID  # noqa: PLC0415 - pytest wants to be the first to import its plugin

    run = memory.config.stash.get(RUN_ID, None) if memory.config else None
    published = int(ExitCode.DONE)
    if run:
        args = argparse.Namespace(out=None, json=False, csv=None)
        with Store(memory.config.getoption("store")) as store:
            published = publish_run(args, store, run)
    codes = {0: published, 1: ExitCode.FAILED, 2: ExitCode.FAILED if run else ExitCode.WRONG}
    return codes.get(int(code), ExitCode.WRONG)


def _check_words(words: list[str]) -> None:
    for before, word in pairwise(["", *words]):
        if before == "--store" or word.startswith("--store="):
            continue
        text = encode(word).decode()  # a path that is no text in UTF-8 is still a path
        if make_message(text) != text:
            raise InputError(f"words for pytest must be plain text, with passwords in --store only; got {word}")


class _Memory:
    """A pytest plugin that keeps the configuration for after the session, and checks that a report can be written."""

    config: Any = None

    def pytest_configure(self, config: Any) -> None:
        self.config = config

    def pytest_runtestloop(self, session: Any) -> None:
        if not session.config.option.collectonly:
            try:
                check_writable(Path("results"))
            except InputError as error:
                pytest.exit(str(error), returncode=ExitCode.WRONG)
