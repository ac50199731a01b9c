"""The command that runs the suites under pytest."""

from __future__ import annotations

import argparse
import os
import re
from pathlib import Path
from typing import Any

from rexbench.output import DONE, FAILED, WRONG
from rexbench.publishing import _publish
from rexnet_core.errors import InputError


def run_suites(words: list[str]) -> int:
    """Run the suites under pytest, then write the report of what they measured."""
    import pytest  # noqa: PLC0415

    import bench  # noqa: PLC0415

    folder = Path(bench.__file__).parent / "suites"
    own = [] if any(re.search(r"\.py(::|$)", word) for word in words) else [str(folder)]
    seen = _Remember()
    code = pytest.main([*_SUITE_SETTINGS, "--rootdir", str(folder), *own, *words], [seen])

    from bench.pytest_plugin import RUN_ID  # noqa: PLC0415 - pytest wants to be the first to import its plugin
    from bench.store.store import Store  # noqa: PLC0415

    run = seen.config.stash.get(RUN_ID, None) if seen.config else None
    judged = DONE
    if run:
        args = argparse.Namespace(out=None, json=False, csv=None)
        judged = _publish(args, Store(seen.config.getoption("store")), run)
    return {0: judged, 1: FAILED, 2: FAILED if run else WRONG}.get(int(code), WRONG)


#: The suites come with their own settings: a pytest section in the folder we are called from is not about them.
_SUITE_SETTINGS = (
    *("-c", os.devnull, "--import-mode=importlib", "-p", "no:cacheprovider", "-p", "bench.pytest_plugin"),
    *("-W", "ignore::DeprecationWarning", "--benchmark-columns=median,iqr,min,max,rounds"),
)


class _Remember:
    """A pytest plugin that keeps the configuration for after the session, and looks for a place for the report."""

    config: Any = None

    def pytest_configure(self, config: Any) -> None:
        self.config = config

    def pytest_runtestloop(self, session: Any) -> None:
        import pytest  # noqa: PLC0415

        from reports.files.writable import check_writable  # noqa: PLC0415

        if not session.config.option.collectonly:
            try:
                check_writable(Path("results"))
            except InputError as error:
                pytest.exit(str(error), returncode=WRONG)
