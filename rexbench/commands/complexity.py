"""The commands that count: models with what they cost, and one model in every convention."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rexbench.output import add_output, give_answer
from rexnet_core.errors import InputError

if TYPE_CHECKING:
    import argparse


def add_complexity(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `count_complexity`."""
    from analysis.complexity.conventions import CONVENTIONS  # noqa: PLC0415

    parser.add_argument("model", metavar="MODEL", help="such as rexnet_1.3; see `rexbench models`")
    parser.add_argument("--resolution", type=int, default=224, metavar="PIXELS", help="side of the square input (224)")
    parser.add_argument("--per-layer", action="store_true", help="one row per layer")
    parser.add_argument("--trace", action="store_true", help="count by running the model on the meta device instead")
    text = f"count as others do: one of {', '.join(CONVENTIONS)}, or all"
    parser.add_argument("--convention", metavar="NAME", help=text)
    add_output(parser)


def count_complexity(args: argparse.Namespace) -> int:
    """Count what a model costs for one image: nothing is run or timed.

    params: learnable numbers. params_folded: after batch norm is folded into the convolutions. macs: multiply-adds of
    convolutions and linear layers; twice that is what others may print as FLOPs. activations: output elements of those
    layers. traffic_bytes: what they must move at least, in fp32.
    """
    import pandas as pd  # noqa: PLC0415

    if args.convention is not None:
        return _count_under(args)
    from analysis.complexity import count, trace  # noqa: PLC0415
    from analysis.complexity.frame import as_dict, layer_rows, model_rows  # noqa: PLC0415

    cost = (trace if args.trace else count)(args.model, args.resolution)
    document = as_dict(cost, per_layer=args.per_layer)
    rows = layer_rows(cost) if args.per_layer else model_rows([cost])
    return give_answer(args, document, pd.DataFrame(rows))


def _count_under(args: argparse.Namespace) -> int:
    """The answer of ``complexity --convention``."""
    import pandas as pd  # noqa: PLC0415

    from analysis.complexity.conventions import count_under  # noqa: PLC0415
    from analysis.complexity.conventions import frame as rows  # noqa: PLC0415

    if args.trace:
        raise InputError("--trace counts under our own convention, --convention under another; give one of the two")
    counts = [count_under(name, args.model, args.resolution) for name in rows.expand_convention(args.convention)]
    frame = pd.DataFrame(rows.make_rows(counts, per_layer=args.per_layer))
    shown = frame.drop(columns=rows.said_above(counts)).to_string(index=False)
    document = rows.as_document(counts, per_layer=args.per_layer)
    return give_answer(args, document, frame, lambda: rows.render_counts(counts, shown))
