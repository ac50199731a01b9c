"""Count the parameters, multiply-adds and memory traffic of a model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from analysis import complexity
from analysis.complexity.conventions import CONVENTIONS, count_under
from analysis.complexity.conventions import frame as convention_rows
from analysis.complexity.frame import document_rows
from analysis.model_options import MODEL_HELP, ModelOptions
from bench.options import read_model_options
from bench.planning.option_fields import add_fields
from bench.planning.option_values import whole
from bench.planning.subjects import find_subjects
from rexbench.output import add_output, log, write_output
from rexnet_core.errors import InputError
from rexnet_core.exit_codes import ExitCode
from rexnet_core.sources.registry import REGISTERED
from rexnet_core.sources.tensors import USUAL_SIDE

if TYPE_CHECKING:
    import argparse

    from bench.records.subject import Subject


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument("model", metavar="MODEL", help=MODEL_HELP)
    text = f"side of the square input; default: {USUAL_SIDE}, or the own one of a model from elsewhere"
    parser.add_argument("--resolution", type=whole, metavar="PIXELS", help=text)
    parser.add_argument(
        "--num-classes", type=whole, metavar="N", help="outputs of the classifier of one of ours (1000)"
    )
    add_fields(parser.add_argument, ModelOptions)
    parser.add_argument("--per-layer", action="store_true", help="one row per layer")
    text = "count by tracing, not from the config, as models from elsewhere always are"
    parser.add_argument("--trace", action="store_true", help=text)
    text = f"count as another tool does: one of {', '.join(CONVENTIONS)}, or all"
    parser.add_argument("--convention", metavar="NAME", help=text)
    add_output(parser)


def run(args: argparse.Namespace) -> int:
    """Count what a model costs for one image: nothing is timed.

    params: learnable numbers. params_folded: after batch norm is folded into the convolutions. macs: multiply-adds of
    convolutions and linear layers; others may print twice this number as FLOPs. activations: output elements of these
    layers. traffic_bytes: the fewest bytes that these layers must read and write, in fp32.

    One of ours is counted from its config. A model from elsewhere is opened in a process of its own: a module of torch
    runs once without data, a file of a graph is read. Exit code 1: it can't be counted.
    """
    options = read_model_options(args)
    models = options.resolve([args.model])
    options.check_used(models)
    [(name, kind)] = models.items()
    if args.resolution is not None and options.shapes:
        raise InputError("--input-shape and --resolution both say how large the inputs are; give only one of them")
    if kind == REGISTERED and not options.shapes:
        (_count if args.convention is None else _count_under)(args)
        return ExitCode.DONE
    return _count_elsewhere(args, name, kind, options)


def _count(args: argparse.Namespace) -> None:
    counted = complexity.trace if args.trace else complexity.count
    cost = counted(args.model, args.resolution or USUAL_SIDE, **_options(args))
    _write(args, complexity.as_dict(cost, per_layer=args.per_layer) | {"source": REGISTERED})


def _options(args: argparse.Namespace) -> dict[str, int]:
    """The options of the model that were given."""
    given = {"num_classes": args.num_classes, "in_channels": args.in_channels}
    return {name: value for name, value in given.items() if value is not None}


def _write(args: argparse.Namespace, document: dict[str, Any]) -> None:
    write_output(args, document, pd.DataFrame(document_rows(document)))


def _count_elsewhere(args: argparse.Namespace, name: str, kind: str, options: ModelOptions) -> int:
    """Answer about a model that another process has to open."""
    if args.num_classes is not None:
        raise InputError(f"--num-classes is for models of ours on square images; leave it out for {name}")
    if args.convention is not None:
        raise InputError(f"--convention counts models of ours on square images; leave it out for {name}")
    side = USUAL_SIDE if args.resolution is None else args.resolution
    [subject] = find_subjects({name: kind}, options, [side], own_sides=args.resolution is None)
    if subject.cost is None:
        reason = subject.fault[1] if subject.fault else subject.uncounted
        log(reason if reason.startswith(name) else f"{name} can't be counted: {reason}")
        return ExitCode.FAILED
    _write(args, _describe(subject, per_layer=args.per_layer))
    return ExitCode.DONE


def _describe(subject: Subject, *, per_layer: bool) -> dict[str, Any]:
    """What is known of a model, with its cost; what is not told is left out."""
    assert subject.cost is not None, "it has been counted"
    side = subject.cost["resolution"]
    usual = subject.shapes == ((3, side, side),)
    told = {
        "source": subject.source,
        "fingerprint": subject.fingerprint,
        "input_shapes": [] if usual else [[1, *shape] for shape in subject.shapes],
        "licence": subject.licence,
    }
    cost = subject.cost if per_layer else {key: value for key, value in subject.cost.items() if key != "layers"}
    return cost | {key: value for key, value in told.items() if value}


def _count_under(args: argparse.Namespace) -> None:
    """Answer ``complexity --convention``."""
    if args.trace:
        raise InputError("--trace and --convention count under different conventions; give only one of them")
    if _options(args):
        raise InputError("--convention counts models as they are registered; leave out --num-classes and --in-channels")
    conventions = convention_rows.expand_convention(args.convention)
    counts = [count_under(name, args.model, args.resolution or USUAL_SIDE) for name in conventions]
    frame = pd.DataFrame(convention_rows.make_rows(counts, per_layer=args.per_layer))
    table = frame.drop(columns=convention_rows.said_above(counts)).to_string(index=False)
    document = convention_rows.as_document(counts, per_layer=args.per_layer)
    write_output(args, document, frame, lambda: convention_rows.render_counts(counts, table))
