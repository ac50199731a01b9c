"""Rebuild a report from the store, without measuring."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.options import add_config, add_store
from bench.store.store import Store
from reports.report import check_study
from rexbench.commands import compare, published, selftest
from rexbench.output import add_output
from rexbench.publishing import publish_run
from rexbench.studies import publish_study
from rexnet_core.errors import InputError
from rexnet_core.exit_codes import ExitCode

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

#: Kind of a study to what answers with the study.
_PUBLISH: dict[str, Callable[..., object]] = {
    "published": published.publish,
    "compare": compare.publish,
    "selftest": selftest.publish,
    **dict.fromkeys(("layers", "network", "trained", "census", "training"), publish_study),
}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument("--run", default="latest", metavar="ID", help="a run's id, a part of it, or latest")
    add_store(parser.add_argument)
    add_config(parser.add_argument)
    add_output(parser, folder=True)


def run(args: argparse.Namespace) -> int:
    """Rebuild the report of a run from the store: report.html, CSV files and figures. Nothing is measured."""
    store = Store(args.store, create=False)
    complete = store.runs_to_report()
    info = store.find_run(args.run, among=complete)
    if info.id not in complete:
        raise InputError(f"run {info.id} ({info.preset}) ended before it stored anything; name another with --run")
    study = store.study(info.id)
    if study is None:
        publish_run(args, store, info.id)
        return ExitCode.DONE
    publish = _PUBLISH.get(study.kind)
    if publish is None:
        raise InputError(
            f"a study must be of kind {', '.join(_PUBLISH)}; run {info.id} is of kind {study.kind!r}; update rexbench"
        )
    try:
        check_study(study.kind, study)
    except InputError as error:
        raise InputError(f"run {info.id} can't be shown: {error}") from None
    publish(args, study, info.id)
    return ExitCode.DONE
