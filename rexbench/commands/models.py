"""List the models, with their cost and published accuracy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from analysis.complexity import count
from analysis.published import find_accuracy
from rexbench.output import add_output, write_output
from rexnet_core.exit_codes import ExitCode
from rexnet_core.registry import model_info, model_names

if TYPE_CHECKING:
    import argparse


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    add_output(parser)


def run(args: argparse.Namespace) -> int:
    """List the registered models with parameters, multiply-adds at 224 and the published top-1.

    Widths between the listed ones work, too: rexnet_1.15, mobilenet_v2_0.5.

    All commands take models from elsewhere, too: timm:NAME[.TAG] and torchvision:NAME (with the package),
    py:package.module:callable (your own module, from the current folder), FILE.onnx, FILE.xml (OpenVINO IR) and
    FILE.pt2 (of torch.export; with --trust).
    """
    rows = []
    for name in model_names():
        cost, info = count(name, 224), model_info(name)
        accuracy = find_accuracy(name, info.resolution).top1
        rows.append(
            {
                "model": name,
                "family": info.family,
                "params": cost.params,
                "macs_at_224": cost.macs,
                "published_top1_percent": float(accuracy.value) if accuracy else None,
                "resolution": info.resolution,
                "source": info.source,
            }
        )
    write_output(args, rows, pd.DataFrame(rows))
    return ExitCode.DONE
