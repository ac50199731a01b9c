"""Whether an artefact computes what the original does, before anybody sees it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.exporting.pictures import COUNT, lay_out, make_sets, read_sets
from bench.statistics.parity import LIMITS, Limit, cosine_similarities, relative_errors
from rexnet_core.errors import ModelError, RexbenchError, first_line
from rexnet_core.preprocess import normalise, resize_and_crop_pixels

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import numpy.typing as npt

    from bench.exporting.form import Form
    from bench.exporting.original import Original
    from rexnet_core.preprocess import Preprocessing

    Pictures = npt.NDArray[np.uint8]
    Run = Callable[[npt.NDArray[Any]], npt.NDArray[np.float32]]

#: The least probability that is told from nothing.
_LEAST = 1e-12
#: What the steps around an int8 network may change of its outputs: nothing was seen, but a value that lies on the edge
#: between two of the 256 may go either way. Pixels that are resized inside differ by a level or two.
_STEPS, _STEPS_RESIZED = Limit(cosine=0.999, error=0.02), Limit(cosine=0.98, error=0.2)
#: Weights in fp16 keep 11 bits. Of the largest logit 0.2 to 0.8 % were seen, the most with calibrated random weights.
_LIMITS = {**LIMITS, "fp16": Limit(cosine=0.9999, error=1e-2), "resized": Limit(cosine=0.999, error=5e-2)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How far outputs agree with those of the original.

    Args:
        cosine: The least of all pictures.
        error: The largest difference over the largest output of the original.
        same_top1: Share of pictures with the same class in front.
    """

    cosine: float
    mean_cosine: float
    error: float
    same_top1: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """An artefact that agrees with the original.

    Args:
        agreement: Over all pictures.
        other_order: The error where the channels are fed in the other order; None where the original gives the same for
            both.
        limit: What was asked of the agreement.
        fed: One call's input, which is made up whatever the pictures were: it goes with the artefact to anybody.
        original: What the original gives for it.
        given: What the artefact gives for it.
    """

    agreement: Agreement
    other_order: float | None
    limit: Limit
    pictures: int
    fed: npt.NDArray[Any]
    original: npt.NDArray[np.float32]
    given: npt.NDArray[np.float32]

    def tell(self) -> dict[str, Any]:
        """The facts as plain values."""
        return {
            "pictures": self.pictures,
            **asdict(self.agreement),
            "error_of_other_channel_order": self.other_order,
            "parity_limit": asdict(self.limit),
        }


def verify(
    original: Original, form: Form, run: Run, *, network: Run | None = None, files: Sequence[Path] = ()
) -> Verified:
    """The agreement of an artefact, loaded from its file, with the original.

    Args:
        original: The model.
        form: Of the artefact.
        run: The artefact.
        network: The int8 form of the network alone. What the artefact does before and after it is compared with that,
            for the limits of int8 are too wide to tell a wrong mean.
        files: Pictures of the kind that int8 was calibrated on, whose ranges may not suit others; none: made-up ones.

    Raises:
        ModelError: They differ, or the artefact would give the same for channels in the other order.
    """
    limit = _LIMITS[form.precision if form.resized_side is None or form.precision == "int8" else "resized"]
    sets = read_sets(form, files, original.classifier.preprocessing) if files else make_sets(form)
    expected = _compute_sets(original, form, sets)
    given = _run_sets(run, form, sets)
    _check_outputs(expected, given)
    agreement = _compare(*_as_logits(form, expected, given))
    if not _allows(limit, *_as_logits(form, expected, given)):
        how = f"{form.precision} with --resize" if form.resized_side else form.precision
        raise ModelError(
            f"the artefact's outputs must be those of {original.name}, they differ: least cosine "
            f"{agreement.cosine:.4f}, relative error {agreement.error:.2g} over {len(given)} pictures, where {how} may "
            f"have {limit.cosine:g} and {limit.error:g}; nothing was written"
        )
    if network is not None:
        _check_steps(original, form, network, sets, given)
    if form.batch is None:
        _check_other_batch(run, form, sets[0][:1], given[:1])
    stored = make_sets(form)[0][: form.batch or 1]
    return Verified(
        agreement=agreement,
        other_order=_check_order(original, form, run, sets, agreement),
        limit=limit,
        pictures=len(given),
        fed=lay_out(stored, form),
        original=_compute(original, form, stored),
        given=run(lay_out(stored, form)),
    )


def _prepare(pictures: Pictures, form: Form, steps: Preprocessing) -> npt.NDArray[np.float32]:
    """Pictures in RGB as the original takes them, shape ``(N, 3, side, side)``."""
    resized = form.resized_side is not None
    cut = [resize_and_crop_pixels(one, form.side, steps) if resized else one for one in pictures]
    return np.stack([normalise(one, steps) for one in cut])


def _compute_sets(original: Original, form: Form, sets: Sequence[Pictures]) -> npt.NDArray[np.float32]:
    return np.concatenate([_compute(original, form, pictures) for pictures in sets])


def _compute(original: Original, form: Form, pictures: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """What the original gives for pictures in RGB."""
    return _to_output(form, original.compute(_prepare(pictures, form, original.classifier.preprocessing)))


def _to_output(form: Form, logits: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """What an artefact gives for logits."""
    if form.output == "logits":
        return logits
    powers = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True))
    shares: npt.NDArray[np.float32] = (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)
    return shares


def _as_logits(form: Form, *outputs: npt.NDArray[np.float32]) -> list[npt.NDArray[np.float64]]:
    """Outputs to which limits of logits apply: of probabilities their logarithms, which are logits but for a shift."""
    wide = [one.astype(np.float64) for one in outputs]
    if form.output == "logits":
        return wide
    logarithms = [np.log(np.maximum(one, _LEAST)) for one in wide]
    return [one - one.mean(axis=1, keepdims=True) for one in logarithms]


def _run_sets(run: Run, form: Form, sets: Sequence[Pictures]) -> npt.NDArray[np.float32]:
    batch = form.batch or COUNT
    fed = (lay_out(pictures[start : start + batch], form) for pictures in sets for start in range(0, COUNT, batch))
    if form.batch is not None:
        return np.concatenate([run(pictures) for pictures in fed])
    try:
        return np.concatenate([run(pictures) for pictures in fed])
    except RexbenchError:
        raise
    except Exception as error:  # noqa: BLE001 - each runtime raises its own
        raise ModelError(
            f"an artefact for any batch must take {COUNT} pictures; this one does not: {first_line(error)}; "
            "give --batch 1"
        ) from None


def _check_outputs(expected: npt.NDArray[Any], given: npt.NDArray[Any]) -> None:
    if given.shape != expected.shape or not np.isfinite(given).all():
        what = f"shape {given.shape}" if given.shape != expected.shape else "NaN or infinite values"
        raise ModelError(f"the artefact must give finite outputs of shape {expected.shape}, it gives {what}")


def _compare(wide: npt.NDArray[np.float64], other: npt.NDArray[np.float64]) -> Agreement:
    cosines = cosine_similarities(wide, other)
    return Agreement(
        cosine=float(cosines.min()),
        mean_cosine=float(cosines.mean()),
        error=float(relative_errors(wide, other).max()),
        same_top1=float(np.mean(wide.argmax(1) == other.argmax(1))),
    )


def _allows(limit: Limit, expected: npt.NDArray[np.float64], given: npt.NDArray[np.float64]) -> bool:
    found = _compare(expected, given)
    return limit.allows(cosine_similarities(expected, given), found.error, found.same_top1)


def _check_steps(
    original: Original, form: Form, network: Run, sets: Sequence[Pictures], given: npt.NDArray[np.float32]
) -> None:
    """Refuse an artefact in int8 that gives something else than its network does for prepared pictures."""
    steps, size = original.classifier.preprocessing, form.batch or 1
    pixels = np.concatenate([_prepare(pictures, form, steps) for pictures in sets])
    taken = pixels.transpose(0, 2, 3, 1) if original.layout == "nhwc" else pixels
    batches = [np.ascontiguousarray(taken[start : start + size]) for start in range(0, len(taken), size)]
    alone = _to_output(form, np.concatenate([network(batch).reshape(size, -1) for batch in batches]))
    found = _compare(*_as_logits(form, alone, given))
    limit = _STEPS if form.resized_side is None else _STEPS_RESIZED
    if not (found.cosine >= limit.cosine and found.error <= limit.error):
        raise ModelError(
            "the artefact must give what its int8 network gives for prepared pictures; least cosine "
            f"{found.cosine:.4f}, relative error {found.error:.2g}; nothing was written"
        )


def _check_other_batch(run: Run, form: Form, pictures: npt.NDArray[np.uint8], given: npt.NDArray[Any]) -> None:
    alone = run(lay_out(pictures, form))
    if alone.shape != given.shape or not _allows(LIMITS["int8"], *_as_logits(form, given, alone)):
        raise ModelError(
            "an artefact for any batch must give for one picture what it gives for many; this one does not; "
            "give --batch 1"
        )


def _check_order(
    original: Original, form: Form, run: Run, sets: Sequence[Pictures], agreement: Agreement
) -> float | None:
    """The error of pictures with their channels in the other order, which must be larger than that in the right one.

    Int8 may move the outputs of pale pictures by more than the order does: its steps are compared with its network.
    """
    swapped = [np.ascontiguousarray(pictures[..., ::-1]) for pictures in sets]
    expected = _compute_sets(original, form, sets)
    if _compare(*_as_logits(form, expected, _compute_sets(original, form, swapped))).error <= LIMITS["fp32"].error:
        return None
    wrong = _compare(*_as_logits(form, expected, _run_sets(run, form, swapped))).error
    if wrong <= agreement.error and form.precision != "int8":
        raise ModelError(
            f"the artefact must take pictures in {form.input_order.upper()}; its outputs are nearer to the "
            "original's in the other order of channels; nothing was written"
        )
    return wrong
