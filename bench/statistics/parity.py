"""Correct before fast: whether a backend computes the same function, in the way that was requested."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from bench.records.case import QUANTIZED, TRAIN
from bench.records.measurement import Parity
from rexnet_core.sources.source import EAGER

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from bench.records.case import Case
    from bench.records.measurement import Effective


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """What outputs must reach: cosine of each image, and of all on average, and the share with the same arg max.

    `error` is the largest difference over the largest reference output.
    """

    cosine: float
    error: float
    agreement: float = 0.0
    mean_cosine: float = 0.0

    def allows(self, cosines: npt.NDArray[np.float64], error: float, agreement: float) -> bool:
        """Whether outputs are within it."""
        return bool(
            cosines.min() >= self.cosine
            and cosines.mean() >= self.mean_cosine
            and error <= self.error
            and agreement >= self.agreement
        )


#: fp32 backends differ by the order of their sums alone. bf16 keeps 8 bits of every product, and calibrated random
#: weights carry its rounding on further than trained ones: 2 to 9 % of the largest logit were seen, where another
#: function gives 100 % and a cosine near 0. int8 keeps 8 bits of every value, in ranges taken from images: of sound
#: conversions by three runtimes the mean cosine was .972 and more, of two that cost 8 to 29 points of accuracy .90 and
#: .68; neither the arg max of calibrated random weights, whose logits are flat, nor their
#: largest error (0.2 at 224 pixels, 0.6 at 96, of sound conversions) says anything there.
LIMITS = {
    "fp32": Limit(cosine=0.9999, error=1e-3, agreement=1.0),
    "bf16": Limit(cosine=0.98, error=0.2, agreement=0.5),
    "int8": Limit(cosine=0.80, error=1.0, mean_cosine=0.95),
}

#: Outputs below this are compared with it: where all are nearly nothing, the rounding of a sigmoid, which runtimes
#: compute to 1e-7, is not small beside them.
_LEAST = 1e-4


def compare(
    reference: npt.NDArray[np.float32],
    logits: npt.NDArray[np.float32],
    precision: str,
    *,
    widths: Sequence[int] = (),
    words: str = EAGER,
) -> Parity:
    """Agreement of outputs with those of the reference, by `LIMITS` of a precision; of several outputs the worst.

    Args:
        reference: Shape ``(..., values)``.
        logits: Of the same shape.
        precision: Of the case.
        widths: How many values of each row belong to each output; empty where there is one.
        words: What the reference is called.
    """
    if len(widths) > 1 and reference.shape == logits.shape and sum(widths) == reference.shape[-1]:
        edges = np.cumsum(widths)[:-1]
        pairs = zip(np.split(reference, edges, axis=-1), np.split(logits, edges, axis=-1), strict=True)
        each = [compare(one, other, precision, words=words) for one, other in pairs]
        return replace(
            max(each, key=lambda parity: (not parity.passed, parity.relative_error)),
            cosine=min(parity.cosine for parity in each),
            top1_agreement=min(parity.top1_agreement for parity in each),
        )
    return replace(_compare(reference, logits, precision), reference=words)


def _compare(reference: npt.NDArray[np.float32], logits: npt.NDArray[np.float32], precision: str) -> Parity:
    expected = reference.reshape(-1, reference.shape[-1]).astype(np.float64)
    outputs = logits.reshape(-1, logits.shape[-1]).astype(np.float64)
    fault = _find_fault(expected, outputs)
    if expected.shape != outputs.shape or not np.isfinite(outputs).all():
        return Parity(
            cosine=0.0,
            relative_error=float("inf"),
            top1_agreement=0.0,
            inputs=len(expected),
            passed=False,
            fault=fault,
        )
    cosines, errors = cosine_similarities(expected, outputs), relative_errors(expected, outputs)
    error, agreement = float(errors.max()), float(np.mean(expected.argmax(axis=1) == outputs.argmax(axis=1)))
    agrees = {name: limit.allows(cosines, error, agreement) for name, limit in LIMITS.items()}
    coarser = [name for name, enough in agrees.items() if enough]
    if coarser and not fault:
        fault = f"output is as inexact as {' or '.join(coarser)}"
    return Parity(
        cosine=float(cosines.min()),
        relative_error=error,
        top1_agreement=agreement,
        inputs=len(expected),
        passed=agrees[precision],
        fault="" if agrees[precision] else fault,
    )


def cosine_similarities(expected: npt.NDArray[np.float64], outputs: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Of each row of both, shape ``(inputs, values)``."""
    norms = np.linalg.norm(expected, axis=1) * np.linalg.norm(outputs, axis=1)
    cosines: npt.NDArray[np.float64] = (expected * outputs).sum(axis=1) / np.maximum(norms, np.finfo(float).tiny)
    return cosines


def relative_errors(expected: npt.NDArray[np.float64], outputs: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The largest difference of each row over the largest expected value of all, shape ``(inputs,)``."""
    errors: npt.NDArray[np.float64] = np.abs(expected - outputs).max(axis=1) / max(
        float(np.abs(expected).max()), _LEAST
    )
    return errors


def _find_fault(expected: npt.NDArray[np.float64], outputs: npt.NDArray[np.float64]) -> str:
    """What is wrong with logits, shape ``(inputs, classes)``, where it has a simple name; else empty."""
    if expected.shape != outputs.shape:
        return f"output has the shape {outputs.shape} in place of {expected.shape}"
    if not np.isfinite(outputs).all():
        return "output has NaN or infinite values"
    if len(outputs) > 1 and np.ptp(outputs, axis=0).max() == 0 < np.ptp(expected, axis=0).max():
        return f"output is the same for {len(outputs)} distinct inputs"
    return ""


def find_mismatches(case: Case, effective: Effective, parity: Parity) -> list[str]:
    """Each way in which effective settings or outputs differ from what was requested; empty where none does."""
    mismatches = [
        f"asked for {name} {asked}, got {got}"
        for name, asked, got in (
            ("precision", case.precision, effective.precision),
            ("threads", case.threads, effective.threads),
            ("memory format", case.memory_format, effective.memory_format),
            ("device", case.device, effective.device),
            *([("streams", case.streams, effective.streams)] if case.streams else []),
        )
        if got not in {asked, None, "runtime"}
    ]
    if case.precision == QUANTIZED and effective.precision is None:
        mismatches.append(f"asked for precision {QUANTIZED}, and the runtime does not tell what ran")
    # What is wrong with training steps is in words alone: the numbers are those of the first.
    if not parity.passed and not (case.scenario == TRAIN and parity.fault):
        mismatches.append(
            f"output differs from {parity.reference}: "
            f"cosine {parity.cosine:.6f}, relative error {parity.relative_error:.2g}, "
            f"top-1 agreement {parity.top1_agreement:.0%} over {parity.inputs} inputs"
        )
    if parity.fault:
        mismatches.append(parity.fault)
    return mismatches
