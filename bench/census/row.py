"""What a census found of one model on one backend, as a plain record."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from analysis.json_values import make_plain


@dataclass(frozen=True, slots=True, kw_only=True)
class CensusRow:
    """One model on one backend. What is not known is None.

    Args:
        model: As its source spells it.
        source: Kind of its source.
        family: The file that defines the module's class; ours have the family of the registry,
            models without a class the name of their source.
        backend: The runtime.
        resolution: Side of the input [pixels].
        shape: Of the inputs for one image, where they are not one square image of 3 channels.
        refused: Why the small side that was asked for was not taken, where it was not.
        status: As of a case of a run.
        reason: Of any status but ``ok``.
        exported: Whether the backend's own file was made; None where the backend needs none.
        cosine: The least over the inputs, between outputs and those of the reference.
        relative_error: Largest error over the largest value of the reference.
        reference: What the outputs were compared with.
        params: Learnable numbers.
        macs: Multiply-adds for one image at this resolution.
        uncounted: Why there are none.
        published_gmacs: What timm's tables print of it, digit for digit.
        published_side: The side to which that belongs [pixels].
        counted_gmacs: What we count as these tables do at that side.
        gmacs_verdict: Whether we count what is printed: as `analysis.published.timm_counts.judge` has it.
        build_s: Time of making the module from its weights [s].
        convert_s: Time of converting it [s].
        compile_s: Time of compiling it [s].
        first_inference_s: Time of the first call [s].
        took_s: Time of all that was done with the model on all backends [s].
    """

    model: str
    source: str
    backend: str
    status: str
    family: str = ""
    resolution: int | None = None
    shape: str = ""
    refused: str = ""
    reason: str = ""
    exported: bool | None = None
    cosine: float | None = None
    relative_error: float | None = None
    reference: str = ""
    params: int | None = None
    macs: int | None = None
    uncounted: str = ""
    published_gmacs: str = ""
    published_side: int | None = None
    counted_gmacs: float | None = None
    gmacs_verdict: str = ""
    build_s: float | None = None
    convert_s: float | None = None
    compile_s: float | None = None
    first_inference_s: float | None = None
    took_s: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        plain: dict[str, Any] = make_plain(asdict(self))
        return plain
