"""Multiply-adds and more as ptflops counts them, by its default engine ``pytorch``.

ptflops hangs a hook on every module whose class is exactly one it knows (`ptflops_rules`), and besides replaces
functions of `torch.nn.functional`, of `torch` and of its tensors by counting ones (`ptflops_functions`). Convolutions
and linear layers count their multiply-adds and one per output for a bias, batch norm two per element, activations one
per element, pooling one per element read. A module that is implemented by a replaced function is therefore counted
*twice*: ReLU and adaptive average pooling are; ReLU6 is not, as it calls another function; SiLU, which has no hook, is
counted once, through its function. The operators ``+``, ``*`` and ``@`` and means are not seen. What a hook counted is
added up at every place of the tree where its module stands.

Source: sovrasov/flops-counter.pytorch, ``ptflops/pytorch_ops.py`` and ``pytorch_engine.py``, release 0.7.5.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from analysis.complexity.conventions.module_log import ModuleLog, count_places, refuse_modules
from analysis.complexity.conventions.ptflops_functions import FunctionLog
from analysis.complexity.conventions.ptflops_rules import NOT_MODELLED, RULES
from analysis.complexity.conventions.record import Count, Part, describe_uncounted, make_count
from analysis.complexity.inputs import Resolution, read_inputs
from analysis.complexity.meta_run import build_on_meta, make_tensors, name_of, run_once
from rexnet_core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import nn


def count_as_ptflops(model: nn.Module | str, resolution: Resolution = 224) -> Count:
    """What ``ptflops.get_model_complexity_info(model, (3, H, W))`` gives.

    Raises:
        InputError: Unknown name, a side out of range, or a module that ptflops counts and this does not.
    """
    inputs = read_inputs(resolution)
    module = build_on_meta(model, inputs)
    refuse_modules(module, "ptflops 0.7.5", NOT_MODELLED)
    log = ModuleLog(module)
    functions = FunctionLog(log)
    with functions.replaced():
        run_once(module, make_tensors(module, inputs), log)
    log.refuse_keywords("ptflops 0.7.5", RULES)
    if sum(not call.name for call in log.calls) > 1:
        raise InputError(
            f"ptflops divides its count by how often the model itself runs; {name_of(model)} calls itself; "
            "give one that does not, or choose another convention"
        )
    parts = tuple(_parts(module, log))
    uncounted = log.operations(outside={*functions.booked(), *(part.layer for part in parts)})
    return make_count("ptflops", model, inputs, (*parts, *functions.parts()), describe_uncounted(uncounted))


def _parts(module: nn.Module, log: ModuleLog) -> Iterator[Part]:
    """What the hooks count."""
    places = count_places(module)
    for call in log.calls:
        kind = type(call.module)
        if kind in RULES:
            group, amount = RULES[kind]
            counted = amount(call) * places[call.name]
            yield Part(layer=call.name, operator=kind.__name__, group=group, amount=counted)
