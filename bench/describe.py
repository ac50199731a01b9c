"""Describe models from elsewhere: the program that opens them and counts them, in a process apart from the parent.

Opening a model imports torch or reads a graph, and may run a user's code. Each answer is one line of JSON, written as
soon as it is known: where the process dies, those before are kept.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.complexity.analytic import count_config
from analysis.complexity.frame import as_dict
from analysis.complexity.resolution import check_resolution
from bench.machine.environment import volunteer_for_oom_killer
from bench.records.case import name_shape
from bench.records.subject import Question, Subject
from bench.workers.failures import describe_error
from bench.workers.parent_watch import hold_on
from rexnet_core.errors import InputError, ModelError, RexbenchError, UnsupportedModelError
from rexnet_core.network_config import NetConfig
from rexnet_core.printable import make_message
from rexnet_core.sources.registry import LISTED, SOURCES, open_asked
from rexnet_core.sources.tensors import fix_shapes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analysis.complexity.cost import Cost
    from rexnet_core.sources.source import OpenedModel
    from rexnet_core.sources.tensors import Shape
from rexnet_core.telemetry import refuse_telemetry


def describe(question: Question) -> Subject:
    """What is known of a model.

    Raises:
        InputError: There is no such model, or a checkpoint is not its own.
    """
    known: dict[str, Any] = {"model": question.model, "source": question.source}
    try:
        opened = open_asked(question.source, question.model, question.shapes, question.channels)
        side = _load_checkpoint(opened, question) if question.weights else question.resolution
        inputs = opened.list_inputs(question.shapes)
        shapes = fix_shapes(inputs, resolution=side, asked=question.shapes, channels=question.channels)
        opened.check_sizes(shapes)
    except InputError:
        raise
    except UnsupportedModelError as error:
        return Subject(**known, fault=("unsupported", str(error)))
    except ModelError as error:
        return Subject(**known, fault=("failed", str(error)))
    fingerprint = SOURCES[question.source].fingerprint(question.model)
    family = type(opened.module).__module__.rpartition(".")[2] if opened.module is not None else ""
    known |= {"shapes": shapes, "fingerprint": fingerprint, "licence": opened.licence, "family": family}
    known["table_macs"] = _count_as_tables(opened, question.table_side)
    try:
        cost = count_opened(question.model, opened, shapes)
    except RexbenchError as error:
        return Subject(**known, uncounted=str(error))
    except SystemExit as error:
        return Subject(**known, uncounted=f"the model called sys.exit({error.code!r}) when it was counted")
    except Exception as error:  # noqa: BLE001 - a user's forward may raise anything; the model may still be measured
        return Subject(**known, uncounted=make_message(describe_error(error)))
    return Subject(**known, cost=as_dict(cost, per_layer=True))


def _load_checkpoint(opened: OpenedModel, question: Question) -> int | None:
    """Give our network its checkpoint; the side at which it is measured [pixels]."""
    from rexnet_core.checkpoint import load_tensors  # noqa: PLC0415 - imports torch
    from rexnet_core.weights import load_checkpoint  # noqa: PLC0415

    assert opened.module is not None, "our networks are modules"
    loaded = load_tensors(question.weights, question.weights_entry)
    load_checkpoint(opened.module, loaded)
    if not question.told_side or loaded.resolution is None:
        return question.resolution
    try:
        return check_resolution(loaded.resolution)
    except InputError as error:
        raise InputError(f"{question.weights} tells a side that it can't be measured at; {error}") from None


def count_opened(name: str, opened: OpenedModel, shapes: Sequence[Shape]) -> Cost:
    """What an opened model costs for one image; the config of one of our networks says it for a square."""
    whole = [(1, *shape) for shape in shapes]
    side = name_shape(tuple(shapes))[0]
    config = getattr(opened.module, "config", None)
    if isinstance(config, NetConfig) and tuple(shapes) == ((config.stem.w_in, side, side),):
        return count_config(config, side)
    if opened.module is None:
        from analysis.graphs.counting import count_graph  # noqa: PLC0415 - imports openvino

        assert opened.path is not None, "what is no module is a file"
        return count_graph(opened.path, whole, name=name, resolution=side)
    from analysis.complexity import trace  # noqa: PLC0415 - imports torch

    types = [spec.dtype for spec in opened.list_inputs(shapes)]
    return trace(opened.module, side, shapes=whole, dtypes=types, name=name)


def _count_as_tables(opened: OpenedModel, side: int | None) -> int | None:
    """The multiply-adds as timm's tables count them; None where none are asked for, or they can't be counted."""
    if side is None or opened.module is None:
        return None
    from analysis.published.timm_counts import count_as_timm_tables  # noqa: PLC0415 - imports torch

    try:
        return count_as_timm_tables(opened.module, side).total
    except (Exception, SystemExit):  # noqa: BLE001 - a model's forward may raise anything; no verdict follows
        return None


def read_question(values: dict[str, Any]) -> Question:
    """A question from its plain values."""
    return Question(**{**values, "shapes": tuple(map(tuple, values["shapes"]))})


def _answer(values: dict[str, Any]) -> dict[str, Any]:
    try:
        if "pattern" in values:
            return {"names": LISTED[values["source"]].list_names(values["pattern"])}
        return asdict(describe(read_question(values)))
    except InputError as error:
        return {"wrong": str(error)}


def main() -> None:
    """Answer the list of questions on standard input, in the file that the first argument names.

    A question is that of `Question`, or has ``source`` and ``pattern``: the names that a source lists.
    """
    hold_on()
    volunteer_for_oom_killer()
    refuse_telemetry()
    # A user's code may read the arguments of its program: these are not its own.
    path, sys.argv = Path(sys.argv[1]), sys.argv[:1]
    own = os.getpid()
    questions = json.loads(sys.stdin.read())
    # Whatever a model prints must not reach the parent's output.
    os.dup2(2, 1)
    for values in questions:
        answer = _answer(values)
        if os.getpid() != own:  # a user's code has forked, and comes here twice
            os._exit(1)
        with path.open("a") as answers:
            answers.write(json.dumps(answer) + "\n")
    # Threads that a user's code has left behind must not keep the process.
    os._exit(0)


if __name__ == "__main__":
    main()
