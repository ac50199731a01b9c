"""Count the parameters, multiply-adds and memory traffic of a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from analysis import complexity
from analysis.complexity.conventions import CONVENTIONS, count_under
from analysis.complexity.conventions import frame as convention_rows
from rexbench.output import add_output, write_output
from rexnet_core.errors import InputError
from rexnet_core.exit_codes import ExitCode

if TYPE_CHECKING:
    import argparse


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument("model", metavar="MODEL", help="such as rexnet_1.3; see `rexbench models`")
    parser.add_argument("--resolution", type=int, default=224, metavar="PIXELS", help="side of the square input (224)")
    parser.add_argument("--num-classes", type=int, metavar="N", help="outputs of the classifier (1000)")
    parser.add_argument("--in-channels", type=int, metavar="N", help="channels of the input (3)")
    parser.add_argument("--per-layer", action="store_true", help="one row per layer")
    parser.add_argument("--trace", action="store_true", help="count by tracing the model, not from its config")
    text = f"count as another tool does: one of {', '.join(CONVENTIONS)}, or all"
    parser.add_argument("--convention", metavar="NAME", help=text)
    add_output(parser)


def run(args: argparse.Namespace) -> int:
    """Count what a model costs for one image: nothing is run or timed.

    params: learnable numbers. params_folded: after batch norm is folded into the convolutions. macs: multiply-adds of
    convolutions and linear layers; others may print twice this number as FLOPs. activations: output elements of these
    layers. traffic_bytes: the fewest bytes that these layers must read and write, in fp32.
    """
    (_count if args.convention is None else _count_under)(args)
    return ExitCode.DONE


def _count(args: argparse.Namespace) -> None:
    cost = (complexity.trace if args.trace else complexity.count)(args.model, args.resolution, **_options(args))
    rows = complexity.layer_rows(cost) if args.per_layer else complexity.model_rows([cost])
    write_output(args, complexity.as_dict(cost, per_layer=args.per_layer), pd.DataFrame(rows))


def _options(args: argparse.Namespace) -> dict[str, int]:
    """The options of the model that were given."""
    given = {"num_classes": args.num_classes, "in_channels": args.in_channels}
    return {name: value for name, value in given.items() if value is not None}


def _count_under(args: argparse.Namespace) -> None:
    """Answer ``complexity --convention``."""
    if args.trace:
        raise InputError("--trace and --convention count under different conventions; give only one of them")
    if _options(args):
        raise InputError("--convention counts models as they are registered; leave out --num-classes and --in-channels")
    conventions = convention_rows.expand_convention(args.convention)
    counts = [count_under(name, args.model, args.resolution) for name in conventions]
    frame = pd.DataFrame(convention_rows.make_rows(counts, per_layer=args.per_layer))
    table = frame.drop(columns=convention_rows.said_above(counts)).to_string(index=False)
    document = convention_rows.as_document(counts, per_layer=args.per_layer)
    write_output(args, document, frame, lambda: convention_rows.render_counts(counts, table))
