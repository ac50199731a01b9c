"""What works: each model of a source described, counted, exported and compared on each backend."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bench.census.census import CENSUS, run_census
from bench.census.setting import CensusSetting, find_models
from bench.machine.lock import MachineLock
from bench.options import add_config, add_store, add_wait
from bench.planning.option_fields import add_fields, read_fields
from bench.planning.option_values import megabytes
from bench.running.progress import Progress
from bench.store.store import Store
from bench.store.studies import find_study, record_study
from bench.workers.executor import ProcessExecutor
from reports.files.writable import check_writable
from reports.report import check_study
from rexbench.output import add_output, log
from rexbench.studies import publish_study
from rexnet_core.errors import InputError
from rexnet_core.exit_codes import ExitCode

if TYPE_CHECKING:
    import argparse

    from analysis.study import Study
    from bench.store.studies import StudyRecord

_BAD = frozenset({"failed", "mismatch"})


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    add = parser.add_argument
    add_fields(add, CensusSetting)
    text = "resident memory at which a process is killed (no limit)"
    add("--memory-limit", dest="memory_limit_bytes", type=megabytes, metavar="MB", help=text)
    add("--resume", action="store_true", help="continue the last census of the same settings")
    add_wait(add)
    add_store(add)
    add_config(add)
    add_output(parser, folder=True)


def run(args: argparse.Namespace) -> int:
    """Find out which models work here: described, counted, exported, run on each backend and compared.

    Each row is one model on one backend: ok, mismatch (its outputs differ from those of the reference), failed,
    unsupported (the backend can't take such a model) or unavailable (not on this machine), with the reason. The
    reference of a model of torch is eager fp32, of a graph file its most literal run. Weights are random, settled on
    the inputs. Nothing is measured: the times of the steps say what a census spent, and are no benchmark.

    Each finished model is stored at once. After Ctrl-C, the same call with --resume does the rest.
    """
    setting = CensusSetting(**read_fields(args, CensusSetting))
    check_writable(args.out or Path("results"))
    with MachineLock(wait=args.wait, tell=log):
        pass  # a census loads the machine, and would disturb a run that measures now; none waits for a census
    models = find_models(setting)
    store = Store(args.store)
    resumed = _find_resumed(args, setting, store)
    study, run_id = _take(args, setting, models, store, resumed)
    if study is None:
        log("stopped before the first model was checked; nothing is kept")
        return ExitCode.FAILED
    publish_study(args, study, run_id)
    if study.stopped:
        log(f"stopped; {study.payload['checked']} of {len(models)} models are kept; --resume does the rest")
    failed = any(row["status"] in _BAD for row in study.payload["rows"])
    return ExitCode.FAILED if study.stopped or failed else ExitCode.DONE


def _find_resumed(args: argparse.Namespace, setting: CensusSetting, store: Store) -> StudyRecord | None:
    if not args.resume:
        return None
    resumed = find_study(store, CENSUS, setting.as_dict())
    if resumed is None or resumed.study is None:
        log(f"{store.url} has no census of these settings and versions; a new one begins")
        return None
    try:
        check_study(CENSUS, resumed.study)
    except InputError as error:
        raise InputError(f"census {resumed.run.id} can't be continued: {error}") from None
    log(f"continuing census {resumed.run.id}")
    return resumed


def _take(
    args: argparse.Namespace,
    setting: CensusSetting,
    models: dict[str, str],
    store: Store,
    resumed: StudyRecord | None,
) -> tuple[Study | None, str]:
    """The census, None where it has no row, and the id of its run."""
    executor = ProcessExecutor(memory_limit_bytes=args.memory_limit_bytes)
    with record_study(store, CENSUS, setting.as_dict(), resumed) as record, Progress() as bars:
        study = run_census(
            setting,
            models,
            executor=executor,
            keep=record.keep,
            known=record.study,
            tell=lambda done, of: bars("models checked", done, of),
        )
        record.study = study if study.payload["rows"] else None
    return record.study, record.run.id
