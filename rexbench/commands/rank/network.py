"""Every block of whole networks, on images."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.model_options import ModelOptions
from analysis.rank.network.setting import NetworkSetting
from bench.options import read_model_options
from bench.planning.option_fields import add_fields, read_fields
from bench.planning.option_values import whole_or
from rexbench.streams import divert_stdout
from rexbench.studies import add_study_options, run_study
from rexnet_core.errors import InputError

if TYPE_CHECKING:
    import argparse

    from analysis.study import Study
    from bench.running.progress import Progress


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the study."""
    add_fields(parser.add_argument, NetworkSetting, types={"positions": whole_or("auto")})
    # Images are square and have three colours.
    add_fields(parser.add_argument, ModelOptions, leave_out={"input_shapes", "in_channels"})
    add_study_options(parser)


def run(args: argparse.Namespace) -> int:
    """Measure the rank of layer outputs of whole networks on images, block by block, beside what algebra allows.

    Any module of torch can be probed. Of a model from elsewhere there are no bounds from algebra, no Jacobians and no
    table of blocks, which need a config of ours. Its code runs in this process. In Python: see `analysis.rank.probe`.
    """
    setting = read_setting(args)
    from analysis.rank.network.study import check_taps, run_network  # noqa: PLC0415 - torch, after the checks
    from bench.layer_profile import time_layers  # noqa: PLC0415 - torch

    check_taps(setting)
    plain = {name: str(value) if isinstance(value, Path) else value for name, value in asdict(setting).items()}

    def study(bars: Progress) -> Study:
        with divert_stdout():
            return run_network(setting, bars.log, time_layers)

    return run_study(args, "network", plain, study)


def read_setting(args: argparse.Namespace) -> NetworkSetting:
    """The study that the options ask for, checked, its images found.

    Args:
        args: The values of the options; None for those that were not given.

    Raises:
        InputError: A value is outside its range, or does not fit the others.
    """
    if args.images is not None and args.generated is not None:
        raise InputError("--images and --generated exclude each other; give one")
    setting = NetworkSetting(**read_fields(args, NetworkSetting), options=read_model_options(args))
    setting.source()
    return setting
