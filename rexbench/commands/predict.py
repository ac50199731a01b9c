"""Name the classes that a model sees in pictures, with their probabilities."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from analysis import prediction
from bench.machine.environment import read_thread_budget
from bench.planning.conversions import read_conversions
from bench.planning.option_fields import add_fields, read_fields
from bench.running.conversions import open_conversions
from bench.running.progress import Progress
from reports.feature_files import check_features, write_features
from reports.prediction import prediction_frames, render_prediction
from rexbench.classifiers import add_classifier, read_classifier
from rexbench.output import add_output, log, write_output
from rexbench.streams import divert_stdout, read_stdin
from rexnet_core.errors import InputError
from rexnet_core.exit_codes import ExitCode
from rexnet_core.image_decoding import MOST_BYTES

if TYPE_CHECKING:
    import argparse

    from analysis.study import Study


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    add_classifier(parser)
    add_fields(parser.add_argument, prediction.PredictionSetting)
    _add_form(parser)
    add_output(parser)


def _add_form(parser: argparse.ArgumentParser) -> None:
    """Declare which form of the model computes, by the names under which `read_conversions` knows it."""
    add = partial(parser.add_argument, nargs=1, metavar="NAME")
    add("--backend", dest="backends", help="what computes, as in `rexbench run` (default: eager, or a literal run)")
    add("--precision", dest="precisions", help="fp32, bf16 or int8; without --backend on openvino (default: fp32)")
    text = "calibrate int8 on pictures: a folder, or py:package.module:loader (default: generated images)"
    parser.add_argument("--calibration", metavar="SOURCE", help=text)


def run(args: argparse.Namespace) -> int:
    """Name the classes that a model sees in pictures, with their probabilities.

    A PICTURE is a file, a folder (its hidden files are left out), or - for standard input. Pictures are prepared as the
    model's publisher does, and the answer shows how. Names of classes are those of --classes-file, else the
    checkpoint's own, else ImageNet's where the model has 1000 classes.

    A model of torch runs in fp32 on the CPU, with eager, and a file of a graph as literally as its runtime can. With
    --backend or --precision, the converted form that `rexbench run` times computes instead, after it was checked.

    Each picture that can be read has its answer, also beside damaged ones, and after Ctrl-C. --features writes the
    numbers that a model of torch makes its logits of; a .npy file has the pictures' names in FILE.npy.txt.
    """
    setting = _read_setting(args)
    chosen = read_conversions(args)
    held = partial(read_stdin, MOST_BYTES + 1)  # one more is told as too many
    pictures = prediction.find_pictures(setting.pictures, held, recursive=setting.recursive)
    with Progress() as bars, divert_stdout():
        convert = partial(open_conversions, chosen, setting.classifier, tell=bars.log)
        result = prediction.run_prediction(setting, pictures, bars, convert=convert)
    try:
        if setting.features and result.features is not None:
            write_features(setting.features, result.pictures, result.features)
    finally:
        study = result.study
        frame = prediction_frames(study)["prediction"]
        write_output(args, study.as_answer(), frame, text=lambda: render_prediction(study))
    return _judge(study, skip_unreadable=setting.skip_unreadable)


def _read_setting(args: argparse.Namespace) -> prediction.PredictionSetting:
    classifier = read_classifier(args, read_thread_budget(), need="a prediction")
    setting = prediction.PredictionSetting(classifier=classifier, **read_fields(args, prediction.PredictionSetting))
    if setting.features:
        check_features(setting.features)
        if args.csv and setting.features.absolute() == Path(args.csv).absolute():
            raise InputError(f"--features and --csv each need a file of their own; both are {args.csv}; name another")
        if args.backends or args.precisions:
            raise InputError(
                "--features come from the model itself, not from a converted form; leave out --backend and "
                "--precision, or --features"
            )
    return setting


def _judge(study: Study, *, skip_unreadable: bool) -> int:
    """The exit code, with a line about whatever has no answer."""
    payload = study.payload
    if damaged := [row for row in payload["pictures"] if row["reason"]]:
        log(f"{len(damaged)} of {payload['asked']} pictures can't be read; the first: {damaged[0]['reason']}")
    if study.stopped:
        why = f": {payload['reason']}" if payload.get("reason") else ""
        log(f"stopped{why}; the answer is about the pictures seen so far")
        return ExitCode.FAILED
    if damaged and not skip_unreadable:
        return ExitCode.WRONG
    return ExitCode.FAILED if payload.get("status") == "mismatch" else ExitCode.DONE
