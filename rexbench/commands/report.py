"""The command that rebuilds a report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rexbench.commands import compare, published, rank, selftest
from rexbench.output import DONE, add_output
from rexbench.publishing import _publish
from rexnet_core.errors import InputError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

#: Kind of a study to what answers with the study.
_PUBLISH: dict[str, Callable[..., object]] = {
    "published": published.publish,
    "compare": compare.publish,
    "selftest": selftest.publish,
    **dict.fromkeys(("layers", "network", "trained"), rank.publish_study),
}


def add_report(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `report`."""
    from bench.options import CONFIG, STORE  # noqa: PLC0415

    flag, keywords = STORE
    parser.add_argument("--run", default="latest", metavar="ID", help="a run's id, a part of it, or latest")
    parser.add_argument(flag, **keywords)
    parser.add_argument(CONFIG[0], **CONFIG[1])
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder of the report (results/RUN)")
    add_output(parser)


def report(args: argparse.Namespace) -> int:
    """Rebuild the report of a run from the store: report.html, CSV files and figures. Nothing is measured."""
    from bench.store.store import Store  # noqa: PLC0415

    store = Store(args.store, create=False)
    known = store.runs_to_report()
    info = store.find_run(args.run, among=known)
    run = info.id
    if run not in known:
        raise InputError(f"run {run} ({info.preset}) was ended before it stored anything; name another with --run")
    if (study := store.study(run)) is not None:
        publish = _PUBLISH.get(study.kind)
        if publish is None:
            raise InputError(
                f"a study must be of kind {', '.join(_PUBLISH)}; run {run} is of kind {study.kind!r}; update rexbench"
            )
        publish(args, study, run)
    else:
        _publish(args, store, run)
    return DONE
