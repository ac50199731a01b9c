"""The evaluate command of the command line: the accuracy of a checkpoint on labelled images."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rexbench.output import DONE, FAILED, add_output, give_answer
from rexnet_core.errors import InputError

if TYPE_CHECKING:
    import argparse

SUMMARY = "top-1 and top-5 accuracy of a checkpoint on a folder of labelled images"


def add_evaluate(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    from analysis.accuracy.setting import add_options  # noqa: PLC0415

    add_options(parser.add_argument)
    add_output(parser)


def evaluate(args: argparse.Namespace) -> int:
    """Measure the top-1 and top-5 accuracy of a checkpoint, beside what was printed for the model.

    The folder holds one subfolder for each class; their order by name is the order of the checkpoint's outputs, as with
    ImageNet's 1000 folders. Images are resized by the shorter side, their centre is cut out: the printed accuracies are
    made so. fp32 on the CPU, eager. Ctrl-C gives the accuracy over the images seen so far.
    """
    from analysis.accuracy.setting import read_setting  # noqa: PLC0415
    from bench.machine.environment import read_thread_budget  # noqa: PLC0415
    from bench.running.progress import StudyBars  # noqa: PLC0415
    from reports.accuracy import accuracy_frames, render_accuracy  # noqa: PLC0415

    setting = read_setting(lambda name: getattr(args, name), read_thread_budget())
    _check_csv(args.csv)
    from analysis.accuracy.run import run_evaluation  # noqa: PLC0415 - torch, after the options are known to be right

    with StudyBars() as bars:
        study = run_evaluation(setting, bars)
    give_answer(args, study.as_answer(), accuracy_frames(study)["accuracy"], text=lambda: render_accuracy(study))
    if study.stopped:
        print("rexbench: stopped; the answer is about the images seen so far", file=sys.stderr)
        return FAILED
    return DONE


def _check_csv(target: str | None) -> None:
    """Find a file that can't be written before the images, not after."""
    if not target or target == "-":
        return
    try:
        with Path(target).open("a"):
            pass
    except OSError as error:
        raise InputError(f"--csv needs a file it can write; {target}: {error.strerror or error}") from None
