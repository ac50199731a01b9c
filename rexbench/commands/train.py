"""Train a classifier on a folder of pictures, from scratch or from a checkpoint."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from analysis import training
from analysis.model_options import ModelOptions
from analysis.training import Recipe, TrainingSetting, read_recipe, recipe_names
from analysis.training.recipe import DEFAULT
from analysis.training.setting import DEFAULT_MODEL
from analysis.training.torchrun import read_place
from bench.machine.environment import read_thread_budget
from bench.machine.signals import finish_first
from bench.options import add_store, read_model_options
from bench.planning.option_fields import add_fields, read_fields
from bench.running.progress import Progress
from bench.store.store import Store
from bench.store.studies import record_study
from reports.files.writable import check_writable
from rexbench.output import add_output, log
from rexbench.streams import divert_stdout
from rexbench.studies import publish_study
from rexnet_core.errors import InputError
from rexnet_core.exit_codes import ExitCode
from rexnet_core.sources.registry import REGISTERED

if TYPE_CHECKING:
    import argparse

    from analysis.study import Study


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    text = f"named values that the options below change: one of {', '.join(recipe_names())} (default: {DEFAULT})"
    parser.add_argument("--recipe", default=DEFAULT, metavar="NAME", help=text)
    for setting in (TrainingSetting, Recipe, ModelOptions):
        add_fields(parser.add_argument, setting)
    add_store(parser.add_argument)
    add_output(parser, folder=True)


def run(args: argparse.Namespace) -> int:
    """Train a classifier on folders of pictures, one folder for each class.

    The folder of results has best.pth, the weights of the best validation, which every command takes as --weights;
    last.pth, from which --resume goes on to the same result as without the interruption; log.csv; and the report.
    Ctrl-C writes last.pth and ends. The learning rate grows with --batch-size as the recipe says. torchrun starts
    several processes that share each batch: torchrun --nproc-per-node 2 -m rexbench train DATA.
    """
    place = read_place()
    setting = read_setting(args, max(1, read_thread_budget() // place.neighbours))
    if place.first:
        check_writable(setting.out)
    with divert_stdout(), training.open_training(setting) as opened:
        if not place.first:
            return _end(opened.train(lambda *_: None, guard=finish_first))
        store = Store(args.store)
        with record_study(store, "train", setting.decides()) as record, Progress() as bars:
            study = opened.train(bars, guard=finish_first)
            record.keep(study)
    args.out = setting.out
    publish_study(args, study, record.run.id)
    _tell(study, setting)
    return _end(study)


def read_setting(args: argparse.Namespace, threads: int) -> TrainingSetting:
    """The training that the options ask for, checked.

    Args:
        args: The values of the options; None for those that were not given.
        threads: Threads where no number is given.

    Raises:
        InputError: A value is missing or breaks its rule.
    """
    given = read_fields(args, TrainingSetting)
    options = read_model_options(args)
    model = given.get("model", DEFAULT_MODEL)
    [(name, kind)] = options.resolve([model]).items()
    options.check_used({name: kind})
    threads = given.setdefault("threads", threads)
    given.setdefault("workers", threads)
    changes = read_fields(args, Recipe)
    if kind != REGISTERED and (idle := sorted({"dropout", "drop_path"} & changes.keys())):
        raise InputError(
            f"--{idle[0].replace('_', '-')} acts on our networks alone, {name} has its own; leave the option out"
        )
    return TrainingSetting(
        **{**given, "model": name},
        source=kind,
        options=options,
        recipe=read_recipe(args.recipe, changes),
        out=args.out or Path("results") / f"training-{name.rpartition('/')[2].replace(':', '-')}",
    )


def _tell(study: Study, setting: TrainingSetting) -> None:
    ended = study.payload["ended"]
    if ended == "stopped":
        log(f"stopped; the same call with --resume goes on from update {study.payload['steps_done']} in {setting.out}")
    elif ended == "diverged":
        log(study.payload["reason"])


def _end(study: Study) -> int:
    return ExitCode.FAILED if study.stopped else ExitCode.DONE
