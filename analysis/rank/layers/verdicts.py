"""The verdict on each claim: under one protocol, and over a grid of the choices that the paper leaves open."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from analysis.rank.layers.claims import CLAIMS, TEXTS
from analysis.rank.layers.view import View

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from analysis.rank.layers.study import LayerSample

HOLDS, FAILS, DEPENDS, OPEN = "holds", "fails", "depends on", "can't be told"
#: A choice matters to a claim if from one of its levels to another the share of views it holds in differs by this.
_MATTERS = 0.2
#: Claims whose survival is what C11 asks about.
_SURVIVORS = tuple(f"C{number}" for number in range(2, 10))


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The verdict on one claim.

    Args:
        claim: C1 to C11.
        text: The claim.
        rule: What must be seen for it to hold.
        protocol: The protocol under which the claim was tested.
        verdict: ``holds``, ``fails``, ``depends on`` or ``can't be told``.
        depends_on: The choices that change the verdict, the most important first; empty where none does.
        detail: The evidence.
    """

    claim: str
    text: str
    rule: str
    protocol: str
    verdict: str
    depends_on: str
    detail: str


def _verdict(claim: str, protocol: str, verdict: str, detail: str, depends_on: str = "") -> Verdict:
    return Verdict(
        claim=claim, **TEXTS[claim], protocol=protocol, verdict=verdict, depends_on=depends_on, detail=detail
    )


def judge(sample: LayerSample, protocol: str) -> list[Verdict]:
    """The verdicts of a study at its primary metric; `depends_on` says whether another tolerance or centring differs.

    Args:
        sample: Sample of the study.
        protocol: Name of the protocol.
    """
    primary = View(sample)
    others = _neighbours(sample)
    verdicts = []
    for claim in CLAIMS:
        finding = claim.test(primary)
        flips = [
            name
            for name, views in others.items()
            if finding.held is not None and any(claim.test(view).held is (not finding.held) for view in views)
        ]
        verdict = OPEN if finding.held is None else HOLDS if finding.held else FAILS
        verdicts.append(_verdict(claim.name, protocol, verdict, finding.detail, ", ".join(flips)))
    decided = [verdict for verdict in verdicts if verdict.claim in _SURVIVORS and verdict.verdict != OPEN]
    moved = [verdict.claim for verdict in decided if verdict.depends_on]
    robust = OPEN if not decided or not any(others.values()) else FAILS if moved else HOLDS
    detail = f"{', '.join(moved)} change with the tolerance or the centring" if moved else "none of them changes"
    return [*verdicts, _verdict("C11", protocol, robust, detail)]


def _neighbours(sample: LayerSample) -> dict[str, list[View]]:
    """The views that differ from the primary one in the tolerance alone, or in the centring alone."""
    metric, centring, tolerance = sample.setting.primary
    if metric != "rank":
        return {}
    return {
        "tolerance": [View(sample, (metric, centring, one)) for one in sample.setting.tolerances if one != tolerance],
        "centring": [View(sample, (metric, one, tolerance)) for one in sample.setting.centrings if one != centring],
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One claim in one view of a grid.

    Args:
        claim: C1 to C10.
        levels: Choice to its level in this view.
        held: Whether the claim held; None where the study leaves the claim open.
    """

    claim: str
    levels: Mapping[str, str]
    held: bool | None


def try_claims(sample: LayerSample, levels: Mapping[str, str]) -> list[Trial]:
    """Every claim in every view (tolerance and centring) of a sample.

    Args:
        sample: Sample of one setting of a grid.
        levels: Where in the grid it stands.
    """
    trials = []
    for centring in sample.setting.centrings:
        for tolerance in sample.setting.tolerances:
            view = View(sample, ("rank", centring, tolerance))
            place = {**levels, "tolerance": tolerance, "centring": centring}
            trials += [Trial(claim=claim.name, levels=place, held=claim.test(view).held) for claim in CLAIMS]
    return trials


def tally_levels(trials: Iterable[Trial]) -> list[dict[str, Any]]:
    """How often each claim held at each level of each choice: ``claim, factor, level, views, held, undecided``.

    Views count those in which the claim was shown to hold or to fail.
    """
    counts: dict[tuple[str, str, str], list[bool | None]] = {}
    for trial in trials:
        for factor, level in trial.levels.items():
            counts.setdefault((trial.claim, factor, level), []).append(trial.held)
    return [
        {
            "claim": claim,
            "factor": factor,
            "level": level,
            "views": sum(one is not None for one in held),
            "held": sum(one is True for one in held),
            "undecided": sum(one is None for one in held),
        }
        for (claim, factor, level), held in counts.items()
    ]


def judge_grid(trials: Sequence[Trial], protocol: str) -> list[Verdict]:
    """The verdict of each claim over a grid: it holds or fails everywhere, or depends on the choices that are named.

    Args:
        trials: Trials of the whole grid.
        protocol: Name of the protocol.
    """
    levels = tally_levels(trials)
    verdicts = []
    for claim in CLAIMS:
        held = [trial.held for trial in trials if trial.claim == claim.name]
        good, bad = held.count(True), held.count(False)
        verdict = DEPENDS if good and bad else HOLDS if good else FAILS if bad else OPEN
        choices = ", ".join(_choices(levels, claim.name)) if verdict == DEPENDS else ""
        detail = f"holds in {good}, fails in {bad} and is undecided in {held.count(None)} of {len(held)} views"
        verdicts.append(_verdict(claim.name, protocol, verdict, detail, choices))
    moved = [one.claim for one in verdicts if one.claim in _SURVIVORS and one.verdict == DEPENDS]
    detail = f"{', '.join(moved)} depend on the choices named" if moved else "none of them depends on a choice"
    robust = FAILS if moved else HOLDS if trials else OPEN
    return [*verdicts, _verdict("C11", protocol, robust, detail)]


def _choices(levels: Sequence[Mapping[str, Any]], claim: str) -> list[str]:
    """The choices that matter to a claim, the most important first; the best ones where none reaches the mark."""
    spreads: dict[str, float] = {}
    for factor in dict.fromkeys(one["factor"] for one in levels):
        mine = [one for one in levels if (one["claim"], one["factor"]) == (claim, factor) and one["views"]]
        shares = [one["held"] / one["views"] for one in mine]
        spreads[factor] = max(shares) - min(shares) if shares else 0.0
    mark = min(_MATTERS, max(spreads.values()))
    return [name for name in sorted(spreads, key=lambda one: -spreads[one]) if spreads[name] >= mark]


def as_rows(verdicts: Iterable[Verdict]) -> list[dict[str, Any]]:
    """Plain rows."""
    return [asdict(one) for one in verdicts]
