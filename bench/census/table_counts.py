"""The multiply-adds that timm's tables print of its models, beside ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from analysis.published.timm_counts import judge
from analysis.published.timm_results import find_cpu_times
from rexnet_core.sources.timm_models import SOURCE

if TYPE_CHECKING:
    from bench.records.subject import Subject


def find_table_side(model: str, source: str) -> int | None:
    """The side at which timm's tables print the multiply-adds of a model, the smallest of several [pixels]."""
    return min(find_cpu_times(model), default=None) if source == SOURCE.kind else None


def compare_with_table(subject: Subject) -> dict[str, Any]:
    """What timm's tables print, at which side, what we count as they do, and the verdict; empty without a number."""
    side = find_table_side(subject.model, subject.source)
    if side is None:
        return {}
    printed = find_cpu_times(subject.model)[side].gmacs
    known = {"published_gmacs": printed, "published_side": side}
    if subject.table_macs is None:
        return known
    verdict = judge(subject.model.removeprefix(f"{SOURCE.kind}:"), "gmacs", printed, subject.table_macs)
    return {**known, "counted_gmacs": subject.table_macs / 1e9, "gmacs_verdict": verdict.verdict}
