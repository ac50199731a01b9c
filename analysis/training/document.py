"""The document of a training: what came out, and all that it depends on."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from analysis.study import Study
from analysis.training.checkpoints import BEST, LAST

if TYPE_CHECKING:
    from analysis.training.data import TrainingData
    from analysis.training.model import Learner
    from analysis.training.schedule import Schedule
    from analysis.training.setting import TrainingSetting
    from analysis.training.standing import Standing

KIND = "training"


def describe_training(
    *,
    setting: TrainingSetting,
    data: TrainingData,
    learner: Learner,
    schedule: Schedule,
    standing: Standing,
    ended: str,
    reason: str,
) -> Study:
    """The training as a study.

    Args:
        setting: What was asked for.
        data: The pictures.
        learner: The network.
        schedule: The plan.
        standing: How far it came.
        ended: ``done``, ``early``, ``stopped`` or ``diverged``.
        reason: Why it diverged.
    """
    recipe = setting.recipe
    payload = {
        "model": setting.model,
        "source": setting.source,
        "resolution": learner.resolution,
        "params": sum(parameter.numel() for parameter in learner.module.parameters()),
        "trained_params": sum(p.numel() for p in learner.module.parameters() if p.requires_grad),
        "classes": list(data.classes),
        "train_images": len(data.train),
        "val_images": len(data.val),
        "train_folder": str(data.folder),
        "val_folder": str(data.val_folder),
        "left_out": data.left_out,
        "unreadable_files": standing.unreadable,
        "data_sha256": data.fingerprint(),
        "recipe": recipe.as_dict(),
        "learning_rate": recipe.learning_rate,
        "learning_rate_rule": _tell_rate(setting),
        "precision": setting.precision,
        "accumulate": setting.accumulate,
        "processes": schedule.processes,
        "threads": setting.threads,
        "workers": setting.workers,
        "device": setting.device,
        "channels_last": setting.channels_last,
        "frozen": setting.freeze,
        "seed": setting.seed,
        "started_from": learner.weights,
        "brings_weights": learner.trained,
        "preprocessing": asdict(learner.preprocessing),
        "steps": schedule.steps,
        "steps_done": standing.step,
        "steps_per_epoch": schedule.steps_per_epoch,
        "left_out_per_epoch": len(data.train) - schedule.steps_per_epoch * schedule.batch,
        "ended": ended,
        "reason": reason,
        "best": standing.best,
        "best_file": str(setting.out / BEST) if standing.best else None,
        "last_file": str(setting.out / LAST) if (setting.out / LAST).exists() else "",
        "epochs": standing.history,
    }
    return Study(kind=KIND, payload=payload, stopped=ended in {"stopped", "diverged"})


def _tell_rate(setting: TrainingSetting) -> str:
    recipe = setting.recipe
    if recipe.rate_for_batch == recipe.batch_size:
        return f"{recipe.learning_rate:g} at batch {recipe.batch_size}"
    return (
        f"{recipe.learning_rate:g} at batch {recipe.batch_size}, scaled linearly from "
        f"{recipe.learning_rate * recipe.rate_for_batch / recipe.batch_size:g} at batch {recipe.rate_for_batch}"
    )
