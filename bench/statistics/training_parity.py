"""Whether training steps compute what those of the reference compute: forward pass, backward pass and update."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from bench.statistics.parity import compare

if TYPE_CHECKING:
    import numpy.typing as npt

    from bench.records.measurement import Parity

    Logits = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingLimit:
    """What the outputs after an update must reach.

    Args:
        error: Largest difference from the reference over the largest change that updates made to the reference.
        least_share: How much of the reference's change must be found, by projection; none is 0, all is 1.
        most_share: How much of it at most.
    """

    error: float
    least_share: float
    most_share: float


#: In fp32, eager with other threads or another layout reached an error of 0.02; leaving out momentum gave 0.5, its part
#: of Nesterov 0.3, and any update at all 1. bf16 leaves so much rounding in gradients that only a missing or an
#: opposite update can be told: sound shares were 0.6 to 1.
TRAINING_LIMITS = {
    "fp32": TrainingLimit(error=0.1, least_share=0.9, most_share=1.1),
    "bf16": TrainingLimit(error=1.5, least_share=0.3, most_share=2.0),
}
#: Change found beneath which no weight has moved.
_STILL = 0.15


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """How steps agree with those of the reference, the worst step: see `TrainingLimit`."""

    error: float
    share: float
    passed: bool
    first_wrong: int | None = None


def judge_steps(reference: Logits, frozen: Logits, logits: Logits, precision: str) -> Steps:
    """How the outputs after updates agree.

    Args:
        reference: Shape ``(steps, N, classes)``; the first step has seen no update, and is not judged.
        frozen: What they would be without any update.
        logits: Of the steps that are judged.
        precision: Of the case.
    """
    limit = TRAINING_LIMITS[precision]
    errors, shares, right = [], [], []
    for one, still, other in zip(*(each[1:].astype(float) for each in (reference, frozen, logits)), strict=True):
        change, power = np.abs(one - still).max(), float(((one - still) ** 2).sum())
        errors.append(float(np.abs(other - one).max() / max(change, np.finfo(float).tiny)))
        shares.append(float(((other - still) * (one - still)).sum() / max(power, np.finfo(float).tiny)))
        right.append(errors[-1] <= limit.error and limit.least_share <= shares[-1] <= limit.most_share)
    worst = max(range(len(right)), key=lambda index: (not right[index], errors[index]))
    wrong = next((index + 2 for index, well in enumerate(right) if not well), None)
    return Steps(error=errors[worst], share=shares[worst], passed=all(right), first_wrong=wrong)


def compare_steps(reference: Logits, frozen: Logits, logits: Logits, precision: str) -> Parity:
    """Agreement of training steps with the reference: the first as an inference, the later by `judge_steps`.

    Cosine and relative error are those of the first step; the share of equal arg max is that of all.
    """
    first = compare(reference[:1], logits[:1], precision)
    every = compare(reference, logits, precision)
    known = replace(first, inputs=every.inputs, top1_agreement=every.top1_agreement)
    if not first.passed or not np.isfinite(logits).all():
        fault = "" if np.isfinite(logits).all() else every.fault
        differs = (
            f"the first forward pass of training differs: cosine {first.cosine:.6f}, "
            f"relative error {first.relative_error:.2g}"
        )
        return replace(known, passed=False, fault=fault or differs)
    judged = judge_steps(reference, frozen, logits, precision)
    return replace(known, passed=judged.passed, fault="" if judged.passed else _describe(judged))


def _describe(judged: Steps) -> str:
    if abs(judged.share) < _STILL:
        return (
            "no update: after the first step the outputs are those of the first weights, so the backward pass or the "
            "optimiser's step was left out"
        )
    return (
        f"another update: the first forward pass agrees, and from step {judged.first_wrong} on outputs differ by "
        f"{judged.error:.0%} of what updates change, with {judged.share:.0%} of the change found, so the backward pass "
        "or the optimiser's step computes something else"
    )
