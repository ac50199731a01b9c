"""The report of a training."""

from __future__ import annotations

from types import GenericAlias
from typing import TYPE_CHECKING, Any

from analysis.schema import Count, Finite, Maybe, Text
from reports.columns import load_tables, make_frame
from reports.page.sections import Section
from reports.page.templates import render_page
from reports.report import Report
from reports.schema import describe_record
from reports.texts import load_texts
from reports.training import figures
from reports.training.text import COUNTS, FLAGS, LISTS, WORDS, complete, describe, render_training, summarise

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pandas as pd

    from analysis.study import Study
    from reports.drawing.picture import Picture

    Frames = Mapping[str, pd.DataFrame]

TABLES = load_tables("training")
_NUMBERS = ("learning_rate", "train_loss", "train_top1_percent", "val_loss", "val_top1_percent")
_EPOCH = describe_record(
    "epoch", TABLES["epochs"], ("epoch", "step", "val_images"), **dict.fromkeys(_NUMBERS, Finite), best=bool
)
_BEST = describe_record("best", epoch=Count, val_images=Count, val_top1_percent=Finite, val_top5_percent=(Maybe, None))
_TEXTS = ("name", "source", "optimizer", "schedule", "augmentation")
_SHARES = (
    "momentum", "weight_decay", "warmup_epochs", "label_smoothing", "dropout", "drop_path", "clip_norm", "ema_decay",
    "crop_share", "flip", "magnitude", "erasing",
)  # fmt: skip
_RECIPE = describe_record(
    "recipe",
    **dict.fromkeys(_TEXTS, str),
    **dict.fromkeys(_SHARES, Finite),
    epochs=Count,
    batch_size=Count,
    decay_norms=bool,
)
SCHEMA = describe_record(
    "training",
    **dict.fromkeys(WORDS, (str, "")),
    **dict.fromkeys(COUNTS, (Count, 0)),
    **dict.fromkeys(LISTS, (list[str], [])),
    **dict.fromkeys(FLAGS, (bool, False)),
    recipe=(_RECIPE | None, None),
    started_from=(dict[str, str | None], {}),
    best=(_BEST | None, None),
    best_file=(Text | None, None),
    epochs=(GenericAlias(list, (_EPOCH,)), []),
)


def training_frames(study: Study) -> dict[str, pd.DataFrame]:
    """One row for each epoch."""
    return {"epochs": make_frame(complete(study.payload)["epochs"], TABLES["epochs"])}


def render_training_page(study: Study, frames: Frames, pictures: Sequence[Picture]) -> str:
    """The report as HTML.

    Args:
        study: The training.
        frames: As from `training_frames`.
        pictures: The drawn figures.
    """
    payload = complete(study.payload)
    return render_page(
        "training/page.html.j2",
        kind="training",
        title="rexbench: training",
        pictures=pictures,
        sections=_sections(frames),
        summary=summarise(payload),
        settings=list(describe(payload)),
        doubt=payload["reason"] if payload["ended"] == "diverged" else "",
        stopped=payload["ended"] == "stopped",
    )


def _sections(frames: Frames) -> Iterator[Section]:
    meanings = {name: column.meaning for name, column in TABLES["epochs"].items()}
    yield Section(
        name="epochs", table=frames["epochs"], meanings=meanings, **load_texts("training")["sections"]["epochs"]
    )


def _conditions(payload: Mapping[str, Any]) -> str:
    payload = complete(payload)
    if not payload["recipe"]:
        return ""
    return (
        f"{payload['model']} at {payload['resolution']} px, recipe {payload['recipe']['name']}, "
        f"{payload['train_images']} training and {payload['val_images']} validation pictures, seed {payload['seed']}."
    )


REPORTS = {
    "training": Report(
        kind="training",
        columns=TABLES,
        frames=training_frames,
        text=render_training,
        schema=SCHEMA,
        figures=lambda study, frames: figures.list_figures(frames, _conditions(study.payload)),
        page=render_training_page,
    )
}
