"""Operations as `torch.utils.flop_counter.FlopCounterMode` counts them, which comes with torch.

Two per multiply-add of convolutions and matrix products, and nothing else: biases, batch norm, activations, pooling and
additions are skipped silently. Here the same run is watched for what was skipped.

The total depends on the paths that torch takes, and FlopCounterMode has no formula for some of them: on the processor
an LSTM, fused attention, and, where no gradients are wanted, the whole of `nn.MultiheadAttention` and
`nn.TransformerEncoderLayer`. So the module runs as people run it, in inference mode, on the processor, under
`torch.no_grad`; the tensors have no data, but say that they are on the processor, and torch takes the same paths.
"""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING, Any

from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._pytree import tree_map_only
from torch.utils.flop_counter import FlopCounterMode

from analysis.complexity.conventions.module_log import ModuleLog
from analysis.complexity.conventions.record import Count, Part, describe_uncounted, make_count
from analysis.complexity.inputs import Resolution, read_inputs
from analysis.complexity.meta_run import build_on_meta, make_tensors, run_once
from analysis.complexity.module_copy import copy_to_processor
from analysis.complexity.operations import computes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import nn


def count_as_torch(model: nn.Module | str, resolution: Resolution = 224) -> Count:
    """What FlopCounterMode gives as ``Global``, module by module and operator by operator.

    Raises:
        InputError: Unknown name, or a side out of range.
    """
    inputs = read_inputs(resolution)
    on_meta = build_on_meta(model, inputs)
    with _silent(), FakeTensorMode(allow_non_fake_inputs=True), FlopCounterMode(display=False) as counter:
        module = copy_to_processor(on_meta)
        log = _CountedLog(module, counter)
        run_once(module, make_tensors(module, inputs), log)
    return make_count("torch", model, inputs, log.parts(), describe_uncounted(log.passed_over()))


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    """A context in which torch does not log what a model raises, for it is raised as well."""
    logger = logging.getLogger("torch._subclasses.fake_tensor")
    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before


#: Fused operations whose results lie one number after the other, but without data get the layout of their input. Fused
#: attention, which is not counted, takes the former alone.
_WHOLE_LAYERS = frozenset({"_transformer_encoder_layer_fwd", "_native_multi_head_attention"})


class _CountedLog(ModuleLog):  # type: ignore[no-untyped-call]
    """The log of a run in which each operation bears what a counter counts for it."""

    def __init__(self, module: nn.Module, counter: FlopCounterMode) -> None:
        super().__init__(module)
        self._counts = counter.flop_counts
        self._amounts: dict[tuple[str, str], int] = {}
        self._passed_over: dict[str, int] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """The result of `func`, once the counter has counted it."""
        before = dict(self._counts["Global"])
        out = func(*args, **(kwargs or {}))
        if func.overloadpacket.__name__ in _WHOLE_LAYERS:
            out = tree_map_only(Tensor, Tensor.contiguous, out)
        counted = {one: amount - before.get(one, 0) for one, amount in self._counts["Global"].items()}
        for operator, amount in counted.items():
            if amount:
                key = self.running, str(operator).removeprefix("aten.")
                self._amounts[key] = self._amounts.get(key, 0) + amount
        if computes(func) and not any(counted.values()):
            name = func.overloadpacket.__name__.rstrip("_")
            self._passed_over[name] = self._passed_over.get(name, 0) + 1
        return out

    def parts(self) -> Iterator[Part]:
        """What was counted, by the module that ran."""
        for (layer, operator), amount in self._amounts.items():
            group = "convolution" if "conv" in operator else "linear"
            yield Part(layer=layer, operator=operator, group=group, amount=amount)

    def passed_over(self) -> dict[str, int]:
        """How often operations ran that count nothing."""
        return self._passed_over
