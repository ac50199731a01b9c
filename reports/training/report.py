"""The report of a training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from analysis.schema import Count, Finite, Maybe, Text
from reports.columns import load_tables, make_frame
from reports.page.sections import Section
from reports.page.templates import render_page
from reports.report import Report
from reports.schema import describe_record, list_of
from reports.texts import load_texts
from reports.training import figures
from reports.training.text import describe, render_training, summarise

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
_WORDS = (
    "model", "train_folder", "val_folder", "learning_rate_rule", "precision", "device", "ended", "reason", "last_file",
)  # fmt: skip
_COUNTS = (
    "resolution", "train_images", "val_images", "left_out", "accumulate", "processes", "threads", "seed", "steps",
    "steps_done", "left_out_per_epoch",
)  # fmt: skip
SCHEMA = describe_record(
    "training",
    **dict.fromkeys(_WORDS, str),
    **dict.fromkeys(_COUNTS, Count),
    classes=list[str],
    unreadable_files=list[str],
    channels_last=bool,
    frozen=bool,
    recipe=_RECIPE,
    started_from=dict[str, str | None],
    best=(_BEST | None, None),
    best_file=(Text | None, None),
    epochs=list_of(_EPOCH),
)


def training_frames(study: Study) -> dict[str, pd.DataFrame]:
    """One row for each epoch."""
    return {"epochs": make_frame(study.payload["epochs"], TABLES["epochs"])}


def render_training_page(study: Study, frames: Frames, pictures: Sequence[Picture]) -> str:
    """The report as HTML.

    Args:
        study: The training.
        frames: As from `training_frames`.
        pictures: The drawn figures.
    """
    return render_page(
        "training/page.html.j2",
        kind="training",
        title="rexbench: training",
        pictures=pictures,
        sections=_sections(frames),
        summary=summarise(study.payload),
        settings=list(describe(study.payload)),
        doubt=study.payload["reason"] if study.payload["ended"] == "diverged" else "",
        stopped=study.payload["ended"] == "stopped",
    )


def _sections(frames: Frames) -> Iterator[Section]:
    meanings = {name: column.meaning for name, column in TABLES["epochs"].items()}
    yield Section(
        name="epochs", table=frames["epochs"], meanings=meanings, **load_texts("training")["sections"]["epochs"]
    )


def _conditions(payload: Mapping[str, Any]) -> str:
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
