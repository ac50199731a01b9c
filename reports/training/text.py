"""A training as text for a terminal, and its parts in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rexnet_core.sources.registry import REGISTERED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from analysis.study import Study

_SHOWN = 5
_ENDS = {
    "done": "to the end of the recipe",
    "early": "until validation had not become better for as many epochs as --patience says",
    "stopped": "until it was stopped; the same call with --resume goes on",
}


#: Keys of a training by what they hold; one that is missing is empty.
WORDS = (
    "model", "source", "train_folder", "val_folder", "learning_rate_rule", "precision", "device", "ended", "reason",
    "last_file",
)  # fmt: skip
COUNTS = (
    "resolution", "train_images", "val_images", "left_out", "accumulate", "processes", "threads", "seed", "steps",
    "steps_done", "left_out_per_epoch",
)  # fmt: skip
LISTS = ("classes", "unreadable_files")
FLAGS = ("channels_last", "frozen", "brings_weights")


def complete(payload: Mapping[str, Any]) -> dict[str, Any]:
    """The payload of a training with every key; what is missing is empty."""
    empty: dict[str, Any] = {"recipe": None, "started_from": {}, "best": None, "best_file": None, "epochs": []}
    empty |= dict.fromkeys(WORDS, "") | dict.fromkeys(COUNTS, 0) | dict.fromkeys(FLAGS, False)
    return {**empty, **{name: [] for name in LISTS}, **payload}


def render_training(study: Study) -> str:
    """The best epoch, how the training went, and its conditions."""
    return "\n".join(_lines(complete(study.payload)))


def _lines(training: Mapping[str, Any]) -> Iterator[str]:
    yield summarise(training)
    yield ""
    for name, value in describe(training):
        yield f"{name:<14} {value}"


def summarise(training: Mapping[str, Any]) -> str:
    """What was trained on what, and the best validation, in one sentence."""
    head = (
        f"{training['model']} at {training['resolution']} px, {len(training['classes'])} classes, "
        f"{training['train_images']} pictures"
    )
    best = training["best"]
    if not best:
        return f"{head}: no epoch has ended"
    five = "" if best["val_top5_percent"] is None else f", top-5 {best['val_top5_percent']:.2f} %"
    return (
        f"{head}: top-1 {best['val_top1_percent']:.2f} %{five} on {best['val_images']} validation pictures "
        f"after epoch {best['epoch']}"
    )


def describe(training: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What a reader must know about a training, by name."""
    recipe = training["recipe"]
    if not recipe:
        return
    yield "trained", f"{len(training['epochs'])} of {recipe['epochs']} epochs, {_tell_end(training)}"
    yield "recipe", f"{recipe['name']} ({recipe['source']})"
    yield (
        "learning rate",
        f"{training['learning_rate_rule']}; {recipe['schedule']}, warm-up {recipe['warmup_epochs']:g}",
    )
    yield "optimiser", _tell_optimizer(recipe)
    yield "overfitting", "against it: " + _tell_regularisation(recipe, own=training["source"] in {"", REGISTERED})
    yield "batch", _tell_batch(training)
    yield "starts from", _tell_start(training)
    yield "pictures", _tell_pictures(training)
    if training["unreadable_files"]:
        names = training["unreadable_files"]
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        yield "unreadable", f"{', '.join(names[:_SHOWN])}{more}"
    if training["best_file"]:
        yield "weights", training["best_file"]


def _tell_end(training: Mapping[str, Any]) -> str:
    return _ENDS.get(training["ended"]) or str(training["reason"])


def _tell_optimizer(recipe: Mapping[str, Any]) -> str:
    momentum = f", Nesterov's momentum {recipe['momentum']:g}" if recipe["optimizer"] == "sgd" else ""
    where = "all" if recipe["decay_norms"] else "batch norms and biases have none"
    clip = f", gradients cut to norm {recipe['clip_norm']:g}" if recipe["clip_norm"] else ""
    average = f", moving average of weights {recipe['ema_decay']:g}" if recipe["ema_decay"] else ""
    return f"{recipe['optimizer']}{momentum}, weight decay {recipe['weight_decay']:g} ({where}){clip}{average}"


def _tell_regularisation(recipe: Mapping[str, Any], *, own: bool) -> str:
    parts = [f"augmentation {recipe['augmentation']}"]
    if recipe["augmentation"] != "none":
        parts.append(f"crops from {recipe['crop_share']:g} of the picture, mirrored {recipe['flip']:g}")
    if recipe["augmentation"] == "randaugment":
        parts.append(f"magnitude {recipe['magnitude']:g}")
    names = {"erasing": "erasing"} if recipe["augmentation"] != "none" else {}
    names |= {"label_smoothing": "label smoothing"}
    names |= {"dropout": "dropout", "drop_path": "drop path"} if own else {}
    parts += [f"{what} {recipe[name]:g}" for name, what in names.items() if recipe[name]]
    return ", ".join(parts)


def _tell_batch(training: Mapping[str, Any]) -> str:
    parts = [f"{training['recipe']['batch_size']}"]
    if training["processes"] > 1:
        parts.append(f"over {training['processes']} processes")
    if training["accumulate"] > 1:
        parts.append(f"in {training['accumulate']} passes")
    left = training["left_out_per_epoch"]
    rest = f"; {left} pictures that fill no batch are left out of each epoch, others each time" if left else ""
    layout = ", channels_last" if training["channels_last"] else ""
    return (
        f"{' '.join(parts)}, {training['precision']}{layout}, {training['device']}, {training['threads']} threads{rest}"
    )


def _tell_start(training: Mapping[str, Any]) -> str:
    weights = training["started_from"]
    if weights:
        start = f"{weights['path']} ({weights['layout']} layout, sha256 {weights['sha256']})"
    else:
        start = "the weights that the model brings" if training["brings_weights"] else "fresh weights"
    frozen = ", all but the classifier frozen" if training["frozen"] else ""
    return f"{start}{frozen}, seed {training['seed']}"


def _tell_pictures(training: Mapping[str, Any]) -> str:
    left = f"; {training['left_out']} other or hidden files left out" if training["left_out"] else ""
    return (
        f"{training['train_images']} in {training['train_folder']}, {training['val_images']} for validation in "
        f"{training['val_folder']}{left}"
    )
