"""The command that lists the registered models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rexbench.output import add_output, give_answer

if TYPE_CHECKING:
    import argparse


def add_models(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `list_models`."""
    add_output(parser)


def list_models(args: argparse.Namespace) -> int:
    """List the registered models with parameters, multiply-adds at 224 and the published top-1.

    Widths between the listed ones work, too: rexnet_1.15, mobilenet_v2_0.5.
    """
    import pandas as pd  # noqa: PLC0415

    from analysis.complexity import count  # noqa: PLC0415
    from analysis.published import top1  # noqa: PLC0415
    from rexnet_core.registry import model_info, model_names  # noqa: PLC0415

    rows = []
    for name in model_names():
        cost, accuracy = count(name, 224), top1(name)
        rows.append(
            {
                "model": name,
                "family": model_info(name).family,
                "params": cost.params,
                "macs_at_224": cost.macs,
                "published_top1_percent": float(accuracy.value) if accuracy else None,
                "resolution": model_info(name).resolution,
                "source": model_info(name).source,
            }
        )
    return give_answer(args, rows, pd.DataFrame(rows))
