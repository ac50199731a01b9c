"""Which figures the trained check has."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from reports.drawing.figure import Figure
from reports.rank.figures import layer_claims, trained
from reports.rank.names import conditions_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pandas as pd

    Frames = Mapping[str, pd.DataFrame]

_FOOT = (
    "seeds", "epochs", "side", "train_per_class", "batch_size", "learning_rate", "table2_head", "table3a_head", "torch",
)  # fmt: skip


def list_figures(frames: Frames) -> Iterator[Figure]:
    """The figures in the order of the page."""
    runs, settings = frames["runs"], frames["settings"]
    fine = runs[runs["status"] == "ok"]
    foot = conditions_of(settings, "study", _FOOT)
    yield Figure(
        name="rank_steps",
        title="Accuracy and nuclear norm, step by step",
        caption="Squares are means over seeds with 95 % intervals, dots are single seeds. Open diamonds are what the "
        "paper prints for its networks on other data; they have their own axis on the right, so only the direction of "
        "the steps can be compared, not the numbers.",
        needs="no network was trained",
        plot=partial(trained.plot_steps, frames["summary"], fine, foot),
    )
    yield Figure(
        name="rank_pairs",
        title="Differences between steps",
        caption="Differences paired by seed, with 95 % intervals. Right of zero: the later step has more. An interval "
        "that holds zero shows no difference.",
        needs="no two networks share a seed",
        plot=partial(trained.plot_pairs, frames["pairs"], frames["summary"], foot),
    )
    yield Figure(
        name="rank_together",
        title="Do rank and accuracy go together?",
        caption="One point per run, marked by network, one row per group, as features of different widths can't be "
        "compared. The nuclear norm grows with the scale of the features; the other two do not.",
        needs="fewer than three runs went well",
        plot=partial(trained.plot_together, fine, foot),
    )
    yield Figure(
        name="rank_verdicts",
        title="Claims",
        caption="What became of each claim on this small data set.",
        needs="no claim was tested",
        plot=partial(layer_claims.plot_verdicts, frames["claims"], foot),
    )
