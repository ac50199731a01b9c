"""Operations as `torch.utils.flop_counter.FlopCounterMode` counts them, which comes with torch.

Two per multiply-add of convolutions and matrix products, and nothing else: biases, batch norm, activations, pooling and
additions are skipped silently. Here the same run is watched for what was skipped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch.utils.flop_counter import FlopCounterMode, flop_registry

from analysis.complexity.conventions.module_log import watch_modules
from analysis.complexity.conventions.record import Count, Part, describe_uncounted, make_count
from analysis.complexity.meta_run import Resolution, build_on_meta, check_shape, find_stand_ins, run_on_meta

if TYPE_CHECKING:
    from torch import nn


def count_as_torch(model: nn.Module | str, resolution: Resolution = 224) -> Count:
    """What FlopCounterMode gives, module by module and operator by operator.

    Raises:
        InputError: Unknown name, or a side out of range.
    """
    shape = check_shape(resolution)
    module = build_on_meta(model)
    counter = FlopCounterMode(display=False)
    run_on_meta(module, torch.empty(1, 3, *shape, device="meta"), find_stand_ins(module), counter)
    registered = {packet.__name__ for packet in flop_registry if hasattr(packet, "__name__")}
    passed_over = watch_modules(module, shape).operations(outside=())
    parts = _own_parts(counter.get_flop_counts(), [name for name, _ in module.named_modules()])
    uncounted = {name: times for name, times in passed_over.items() if name not in registered}
    return make_count("torch", model, shape, parts, describe_uncounted(uncounted))


def _own_parts(counts: dict[str, dict[Any, int]], modules: list[str]) -> tuple[Part, ...]:
    """Each module's own operations: torch gives a module's with its children's."""
    inclusive = {name.partition(".")[2]: operators for name, operators in counts.items() if name != "Global"}
    parts = []
    for name in modules:
        children = [one for one in inclusive if one and one.rpartition(".")[0] == name and one != name]
        for operator, amount in inclusive.get(name, {}).items():
            own = amount - sum(inclusive[child].get(operator, 0) for child in children)
            if own:
                word = str(operator).removeprefix("aten.")
                group = "convolution" if "conv" in word else "linear"
                parts.append(Part(layer=name, operator=word, group=group, amount=own))
    return tuple(parts)
