"""Measure the top-1 and top-5 accuracy of a checkpoint on a folder of labelled images."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from analysis import accuracy
from bench.machine.environment import read_thread_budget
from bench.planning.conversions import name_unshared, read_conversions
from bench.planning.option_fields import add_fields, read_fields
from bench.planning.plan import Selection
from bench.running.conversions import open_conversions
from bench.running.progress import Progress
from reports.accuracy import accuracy_frames, render_accuracy
from rexbench.classifiers import add_classifier, read_classifier
from rexbench.output import add_output, log, write_output
from rexbench.publishing import judge
from rexbench.streams import divert_stdout
from rexnet_core.errors import InputError
from rexnet_core.exit_codes import ExitCode

if TYPE_CHECKING:
    import argparse


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    add_classifier(parser)
    add_fields(parser.add_argument, accuracy.EvaluationSetting)
    add_fields(parser.add_argument, Selection, leave_out=name_unshared())
    add_output(parser)


def run(args: argparse.Namespace) -> int:
    """Measure the top-1 and top-5 accuracy of a checkpoint, and print the published accuracy of the model beside it.

    The folder holds one subfolder for each class. Where the checkpoint names its classes, each folder is that of its
    name; else the order of the folders by name is the order of the checkpoint's outputs, as with ImageNet's 1000
    folders. Images are prepared as the publisher of the weights does, and the answer shows how. A model of torch runs
    in fp32 on the CPU, with eager, and a file of a graph as literally as its runtime can. Ctrl-C gives the accuracy
    over the images seen so far.

    With --backends or --precisions, the same images go through each converted form of the model, made as for `rexbench
    run`, at batch 1 unless --batch-size is given. Its row has the change of top-1 with its interval, and the p-value of
    McNemar's exact test. Pictures that a form was calibrated on are left out.
    """
    setting = read_setting(args, read_thread_budget())
    chosen = read_conversions(args)
    with Progress() as bars, divert_stdout():
        convert = partial(open_conversions, chosen, setting.classifier, tell=bars.log)
        study = accuracy.run_evaluation(setting, bars, convert=convert, calibrated=chosen.calibrated)
    write_output(args, study.as_answer(), accuracy_frames(study)["accuracy"], text=lambda: render_accuracy(study))
    if study.stopped:
        log("stopped; the answer is about the images seen so far")
        return ExitCode.FAILED
    statuses = [row["status"] for row in study.payload["converted"]]
    return judge(statuses) if statuses else ExitCode.DONE


def read_setting(args: argparse.Namespace, threads: int) -> accuracy.EvaluationSetting:
    """The evaluation that the options ask for, checked.

    Args:
        args: The values of the options; None for those that were not given.
        threads: Threads where no number is given.

    Raises:
        InputError: A value is missing or breaks its rule.
    """
    classifier = read_classifier(args, threads, need="an accuracy")
    if args.images is None:
        raise InputError("an accuracy needs labelled images; give --images FOLDER, with one subfolder for each class")
    return accuracy.EvaluationSetting(classifier=classifier, **read_fields(args, accuracy.EvaluationSetting))
