"""The layers of a model while they are being counted: what each use adds, and which batch norms fold into which layer.

What is used is a *weight*, known by the name of its parameter. A layer is the module that owns it, and may own several:
a module that holds a convolution's weight and a norm's scale itself is one layer of two weights.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from math import prod
from typing import TYPE_CHECKING

from analysis.complexity.cost import FP32_BYTES, LayerCost

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(slots=True)
class _Draft:
    """The uses of one weight; sizes in elements.

    For a convolution or linear layer `reads` says how often something read its output, and `norms` how often each norm
    did; for a norm `makers` says how often it read the output of each.
    """

    kind: str
    layer: str
    uses: int = 0
    macs: int = 0
    activations: int = 0
    inputs: int = 0
    out_shape: tuple[int, ...] = ()
    width: int = 0
    has_bias: bool = False
    reads: int = 0
    norms: Counter[str] = field(default_factory=Counter)
    makers: Counter[str] = field(default_factory=Counter)
    numbers: int = 0


class Tally:
    """The counts of one run.

    Args:
        sizes: Elements of each parameter of the model, by its name.
    """

    def __init__(self, sizes: Mapping[str, int]) -> None:
        self._sizes = sizes
        self._drafts: dict[str, _Draft] = {}
        self._skipped: Counter[str] = Counter()

    def book(
        self,
        weight: str | None,
        kind: str,
        *,
        macs: int,
        inputs: int,
        out_shape: tuple[int, ...],
        width: int,
        has_bias: bool,
    ) -> str:
        """Add one use of a weight; one that is used twice costs twice.

        Args:
            weight: Name of its parameter; None where it is computed from the inputs.
            kind: What `LayerCost` calls it.
            macs: Multiply-adds.
            inputs: Elements that are read.
            out_shape: Shape of what it gives.
            width: Channels of that.
            has_bias: Whether a bias is added.

        Returns:
            The name under which `read` and `norm` know it.
        """
        name, draft = self._draft(weight, kind)
        draft.uses += 1
        draft.macs += macs
        draft.inputs += inputs
        draft.activations += prod(out_shape)
        draft.out_shape = out_shape
        draft.width, draft.has_bias = width, has_bias
        return name

    def norm(
        self, weight: str | None, numbers: set[str], *, maker: str | None, shape: tuple[int, ...], fixed: bool
    ) -> None:
        """Add one use of a batch norm.

        Args:
            weight: Name of its scale, or of its mean where it has no scale.
            numbers: Names of its scale and shift.
            maker: Whose output it reads, where that is a convolution or linear layer.
            shape: Of the map that it reads.
            fixed: Whether it uses kept statistics, without which it can't be folded.
        """
        name, draft = self._draft(weight, "batch_norm")
        draft.uses += 1
        draft.out_shape = shape
        draft.numbers = sum(self._sizes.get(number, 0) for number in numbers)
        self.skip("batch_norm")
        if maker is not None and fixed:
            draft.makers[maker] += 1
            self._drafts[maker].norms[name] += 1

    def read(self, maker: str) -> None:
        """Something reads the output of a convolution or linear layer."""
        self._drafts[maker].reads += 1

    def skip(self, operation: str) -> None:
        """An operation ran that no count has a part for."""
        self._skipped[operation] += 1

    def layers(self) -> tuple[LayerCost, ...]:
        """The layers in the order they ran, then modules that own parameters and were not seen."""
        sizes: Counter[str] = Counter()
        for name, size in self._sizes.items():
            sizes[layer_of(name)] += size
        drafts: dict[str, list[_Draft]] = {}
        for draft in self._drafts.values():
            drafts.setdefault(draft.layer, []).append(draft)
        unseen = {layer: [_Draft("other", layer)] for layer in sizes if layer not in drafts}
        return tuple(self._finish(layer, sizes[layer], own) for layer, own in (drafts | unseen).items())

    def uncounted(self) -> tuple[str, ...]:
        """The operations that ran and are in no multiply-add count, most frequent first."""
        return tuple(f"{name} x{times}" for name, times in self._skipped.most_common())

    def _draft(self, weight: str | None, kind: str) -> tuple[str, _Draft]:
        """The draft of a weight; one that is no parameter gets a name of its own."""
        name = f"<{kind} {len(self._drafts)}>" if weight is None else weight
        layer = name if weight is None else layer_of(weight)
        return name, self._drafts.setdefault(name, _Draft(kind, layer))

    def _finish(self, layer: str, params: int, drafts: list[_Draft]) -> LayerCost:
        folded = params
        for draft in drafts:
            if draft.kind == "batch_norm":
                folded -= draft.numbers if self._folds(draft) else 0
            elif any(self._folds(self._drafts[norm]) for norm in draft.norms):
                folded += 0 if draft.has_bias else draft.width
        # A norm in one module with a convolution is part of a convolution.
        main = next((draft for draft in drafts if draft.kind != "batch_norm"), drafts[0])
        moves = main.kind not in {"batch_norm", "other"}
        inputs, outputs = (sum(getattr(draft, name) for draft in drafts) for name in ("inputs", "activations"))
        return LayerCost(
            layer=layer,
            kind=main.kind,
            params=params,
            params_folded=folded,
            macs=sum(draft.macs for draft in drafts),
            activations=outputs,
            out_shape=drafts[-1].out_shape,
            weight_bytes=FP32_BYTES * folded if moves else 0,
            input_bytes=FP32_BYTES * inputs,
            output_bytes=FP32_BYTES * outputs,
        )

    def _folds(self, norm: _Draft) -> bool:
        """Whether a norm reads one layer at each of its uses, and nothing but the norm reads what that layer gives."""
        if len(norm.makers) != 1:
            return False
        ((maker, times),) = norm.makers.items()
        return times == norm.uses == self._drafts[maker].uses == self._drafts[maker].reads


def layer_of(parameter: str) -> str:
    """The module that owns a parameter; one that a parametrization keeps belongs to the module it is computed for."""
    owner, _, _ = f".{parameter.rpartition('.')[0]}".partition(".parametrizations.")
    return owner.removeprefix(".")
