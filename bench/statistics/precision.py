"""What reduced precision brings and costs: two verdicts in one row, and the sentence that they make together.

*Faster* is the paired ratio of times against the backend in fp32. *Worse* is the agreement with the reference on
images that no calibration has seen; where their labels are known, the change of top-1 accuracy.

- Worth it: the whole interval of the ratio is above 1, and at most `MOST_LOSS` of top-1 accuracy is lost, by the lower
  bound of the change, or where only the agreement is known by that of the agreement: a decision that stays the same
  costs nothing.
- Not worth it: the ratio is below 1, or within the equivalence margin of 1, or more than `MOST_LOSS` is lost by the
  upper bound of the change, or the output is wrong.
- Can't be told: everything else. Weights that nobody trained have no accuracy to lose, and generated images are none
  that anybody classifies.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.statistics.bootstrap import bootstrap_estimate, resample
from analysis.statistics.estimates import Estimate, format_estimate
from analysis.statistics.intervals import wilson_estimate
from analysis.statistics.paired_shares import mcnemar_p, paired_change
from bench.records.calibration import GENERATED
from bench.records.case import QUANTIZED
from bench.statistics.fallback import int8_share
from bench.statistics.verdicts import BAND

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.records.measurement import Agreement, LayerRun, Measurement
    from bench.statistics.summary import Ratio

#: Share of images: top-1 accuracy that may be lost.
MOST_LOSS = 0.01
WORTH, NOT_WORTH, UNKNOWN = "worth it", "not worth it", "can't be told"
#: Fewer images give no interval that says anything.
_LEAST_IMAGES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Precision:
    """What a case in reduced precision is, beside fp32.

    Args:
        speedup: Time of the backend in fp32 over that of this case, paired by turn.
        over: That backend: the same, or the one that differs in the precision alone.
        pairs: Turns that both took side by side; None without any.
        cosine: Mean over images of the cosine similarity with the reference.
        relative_error: Mean over images of the largest relative error.
        worst_error: The largest of all images; NaN where nothing was compared.
        top1_agreement: Share of images with the same arg max.
        top1_change: Top-1 accuracy of this case minus that of the reference, as a share; missing without labels.
        top1_change_p: Of no change, exact McNemar; NaN without labels.
        images: That were compared; 0 where none were.
        words: What these images are.
        int8_share: Share of multiply-adds that ran in int8; None where the runtime did not tell.
        in_float: Layers that ran in another precision, the slowest first.
        noisiest: Quantised layers with the least signal to noise, the worst first.
        verdict: `WORTH`, `NOT_WORTH` or `UNKNOWN`; empty for fp32.
        sentence: The verdict with its reasons.
    """

    speedup: Estimate = field(default_factory=Estimate)
    over: str = ""
    pairs: int | None = None
    cosine: Estimate = field(default_factory=Estimate)
    relative_error: Estimate = field(default_factory=Estimate)
    worst_error: float = math.nan
    top1_agreement: Estimate = field(default_factory=Estimate)
    top1_change: Estimate = field(default_factory=Estimate)
    top1_change_p: float = math.nan
    images: int = 0
    words: str = ""
    int8_share: float | None = None
    in_float: tuple[LayerRun, ...] = ()
    noisiest: tuple[LayerRun, ...] = ()
    verdict: str = ""
    sentence: str = ""


def judge_precision(measurement: Measurement, speedup: Ratio, over: str) -> Precision:
    """What a case in reduced precision brings and costs, given its ratio to a backend in fp32."""
    compared = _summarise(measurement.agreement) if measurement.agreement else {}
    layers = measurement.layers
    in_float = sorted(
        (layer for layer in layers if layer.precision != QUANTIZED), key=lambda layer: -(layer.time_s or 0.0)
    )
    noisiest = sorted((layer for layer in layers if layer.snr_db is not None), key=lambda layer: layer.snr_db or 0.0)
    known = Precision(
        speedup=speedup.estimate,
        over=over,
        pairs=speedup.pairs or None,
        int8_share=int8_share(layers),
        in_float=tuple(in_float),
        noisiest=tuple(noisiest),
        **compared,
    )
    return _with_verdict(known, measurement)


def _summarise(agreement: Agreement) -> dict[str, Any]:
    images = len(agreement.same_top1)
    labelled = bool(agreement.correct)
    return {
        "cosine": _mean(agreement.cosines),
        "relative_error": _mean(agreement.relative_errors),
        "worst_error": max(agreement.relative_errors),
        "top1_agreement": wilson_estimate(sum(agreement.same_top1), images),
        "top1_change": paired_change(agreement.reference_correct, agreement.correct) if labelled else Estimate(),
        "top1_change_p": mcnemar_p(agreement.reference_correct, agreement.correct) if labelled else math.nan,
        "images": images,
        "words": agreement.images,
    }


def _mean(values: Sequence[float]) -> Estimate:
    """The mean over images with a bootstrap interval: cosines crowd below 1, which a symmetric interval would pass."""
    each = np.asarray(values)
    if len(each) < _LEAST_IMAGES:
        return Estimate(value=float(each.mean()), reason=f"{len(each)} images are too few for an interval")
    return bootstrap_estimate(float(each.mean()), each[resample(len(each))].mean(axis=1))


def _with_verdict(known: Precision, measurement: Measurement) -> Precision:
    if measurement.status not in {"ok", "mismatch"} or not measurement.rounds:
        return known
    case = measurement.case
    if measurement.status == "mismatch":
        verdict = NOT_WORTH if _is_other(measurement) else UNKNOWN
        why = f"its times are not compared, because of a mismatch: {measurement.reason}"
    else:
        (faster, pace), (kept, loss) = _judge_pace(known.speedup, known.over), _judge_loss(known, measurement)
        verdict = NOT_WORTH if False in {faster, kept} else WORTH if faster and kept else UNKNOWN
        why = f"{pace}; {loss}"
    return replace(known, verdict=verdict, sentence=f"{_conclude(case.describe('calibration'), verdict)}: {why}.")


def _is_other(measurement: Measurement) -> bool:
    """Whether a mismatch computes something else, or in another precision, than was asked."""
    asked, got = measurement.case.precision, measurement.effective.precision
    return bool((measurement.parity and not measurement.parity.passed) or got != asked)


def _conclude(name: str, verdict: str) -> str:
    return f"can't tell whether {name} is {WORTH}" if verdict == UNKNOWN else f"{name} is {verdict}"


def _judge_pace(speedup: Estimate, over: str) -> tuple[bool | None, str]:
    """Whether it is faster than a backend in fp32, None where that is not known, and the reason."""
    plain = f"{over} in fp32"
    if math.isnan(speedup.value):
        return None, f"no time of {plain} to compare with ({speedup.reason or 'it was not measured'})"
    words = f"{format_estimate(speedup)} times as fast as {plain}"
    if not speedup.has_interval:
        return None, words
    if speedup.low > 1 and speedup.high > 1 + BAND:
        return True, words
    if speedup.high < 1:
        return False, f"{words}, which is slower"
    if speedup.low > 1 / (1 + BAND) and speedup.high < 1 + BAND:
        return False, f"{words}, which is no gain"
    return None, f"{words}, which may be no gain"


def _judge_loss(known: Precision, measurement: Measurement) -> tuple[bool | None, str]:
    """Whether the accuracy is kept, None where that is not known, and the reason."""
    if not known.images:
        return None, "no image was compared with fp32"
    agreement = f"the same top class on {format_estimate(known.top1_agreement, '%', scale=100)} of {known.words}"
    if measurement.effective.details.get("weights") == "calibrated":
        return None, f"{agreement}, and weights that nobody trained have no accuracy to lose"
    if not math.isnan(known.top1_change.value):
        return _judge_change(known)
    if known.words.endswith(f"{GENERATED} images"):
        return None, f"{agreement}, which says little about photographs; add --calibration FOLDER with some"
    if known.top1_agreement.low >= 1 - MOST_LOSS:
        return True, agreement
    return None, f"{agreement}, and without labels nobody knows which of the two is right"


def _judge_change(known: Precision) -> tuple[bool | None, str]:
    """The same where the labels are known."""
    change = format_estimate(known.top1_change, "points", scale=100, signed=True)
    words = f"top-1 {change} on {known.words} (p = {known.top1_change_p:.2g})"
    if known.top1_change.low >= -MOST_LOSS:
        return True, words
    if known.top1_change.high < -MOST_LOSS:
        return False, words
    return None, f"{words}, which may be a loss of more than {MOST_LOSS:.0%}"
