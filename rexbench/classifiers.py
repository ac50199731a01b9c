"""The options that say which classifier is meant, for every command that shows it pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analysis.classifiers.setting import ClassifierSetting
from analysis.model_options import ModelOptions
from bench.options import read_model_options
from bench.planning.option_fields import add_fields, read_fields
from rexnet_core.errors import InputError
from rexnet_core.sources.registry import REGISTERED

if TYPE_CHECKING:
    import argparse
    from collections.abc import Collection


def add_classifier(parser: argparse.ArgumentParser, *, leave_out: Collection[str] = ()) -> None:
    """Declare the model, its weights, and how images are prepared for it; some fields may be left out."""
    for setting in (ClassifierSetting, ModelOptions):
        add_fields(parser.add_argument, setting, leave_out=leave_out)


def read_classifier(args: argparse.Namespace, threads: int, *, need: str) -> ClassifierSetting:
    """The classifier that the options ask for, checked.

    Args:
        args: The values of the options; None for those that were not given.
        threads: Threads where no number is given.
        need: What needs trained weights, such as ``an accuracy``.

    Raises:
        InputError: A value is missing or breaks its rule.
    """
    options = read_model_options(args)
    models = options.resolve([args.model])
    options.check_used(models)
    [(name, kind)] = models.items()
    if kind == REGISTERED and args.weights is None:
        raise InputError(f"{need} needs trained weights; give --weights FILE")
    if kind == REGISTERED and options.in_channels is not None:
        raise InputError(f"pictures have 3 colours, and so has {name}; leave out --in-channels")
    if options.shapes and (kind == REGISTERED or args.resolution is not None):
        raise InputError("--input-shape is for models from elsewhere without --resolution; leave one out")
    given = read_fields(args, ClassifierSetting)
    return ClassifierSetting(**{"threads": threads, **given, "model": name, "source": kind, "options": options})
