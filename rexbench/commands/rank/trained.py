"""Small networks trained from scratch: the paper's table 2."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.rank.trained import TrainedSetting, run_trained
from bench.planning.option_fields import add_fields, read_fields
from rexbench.studies import add_study_options, run_study

if TYPE_CHECKING:
    import argparse


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the study."""
    add_fields(parser.add_argument, TrainedSetting)
    add_study_options(parser)


def run(args: argparse.Namespace) -> int:
    """Train the paper's small networks on scikit-learn's digits, and compare accuracy and nuclear norm, paired by seed.

    Each finished training is kept in the output folder: the same call resumes an interrupted study.
    """
    setting = TrainedSetting(**read_fields(args, TrainedSetting))
    args.out = folder = args.out or Path("results") / "rank-trained"
    return run_study(
        args, "trained", setting.as_dict(), lambda bars: run_trained(setting, partial(bars, "training"), folder)
    )
