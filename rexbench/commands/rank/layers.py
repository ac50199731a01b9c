"""Random layers and blocks: the paper's figure 1 and its claims, tested."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from analysis.rank.layers.setting import LayerSetting
from analysis.rank.layers.task import LayersTask
from bench.machine.environment import read_thread_budget
from bench.planning.option_fields import add_fields, read_fields
from rexbench.studies import add_study_options, run_study
from rexnet_core.errors import InputError

if TYPE_CHECKING:
    import argparse

_PAIR = 2


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the study."""
    # What is not given is the protocol's, not the default of the setting.
    for setting in (LayersTask, LayerSetting):
        add_fields(parser.add_argument, setting, defaults=False)
    add_study_options(parser)


def run(args: argparse.Namespace) -> int:
    """Measure rank(f(WX)) / d_out of random layers and blocks, against d_in / d_out, and test the paper's claims.

    All activations use the same random networks, so that differences between activations are paired. The result is
    compared with the paper's figure 1, and each claim is tested by a stated rule under each protocol.
    """
    task = read_task(args, read_thread_budget())
    from analysis.rank.layers.commands import run_layers_task  # noqa: PLC0415 - torch, after the checks

    return run_study(args, "layers", task.as_dict(), lambda progress: run_layers_task(task, progress))


def read_task(args: argparse.Namespace, processes: int) -> LayersTask:
    """The study that the options ask for, checked.

    Args:
        args: The values of the options; None for those that were not given.
        processes: Processes where no number is given.

    Raises:
        InputError: A value is outside its range, or does not fit the others.
    """
    overrides: dict[str, Any] = read_fields(args, LayerSetting)
    if "expansion" in overrides:
        values = overrides["expansion"]
        if len(values) > _PAIR:
            raise InputError(f"--expansion must be one value, or the two ends of a range; got {len(values)} values")
        overrides["expansion"] = (values[0], values[-1])
    given = {"workers": processes, **read_fields(args, LayersTask)}
    if "protocols" in given:
        given["protocols"] = tuple(dict.fromkeys(given["protocols"]))
    task = LayersTask(overrides=overrides, **given)
    task.settings()
    task.grid()
    return task
