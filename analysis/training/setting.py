"""What a training is asked for, checked before anything is read. No torch here."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from analysis.complexity.resolution import check_resolution
from analysis.model_options import MODEL_HELP, ModelOptions
from analysis.setting_fields import ENTRY, ENTRY_UNSET, about, check_fields, check_weights, option
from analysis.training.recipe import DEFAULT, Recipe, read_recipe
from rexnet_core.errors import InputError
from rexnet_core.registry import model_info
from rexnet_core.sources.packages import check_installed
from rexnet_core.sources.registry import REGISTERED
from rexnet_core.sources.tensors import USUAL_SIDE

PRECISIONS = ("fp32", "bf16")
DEVICES = ("cpu", "cuda")
DEFAULT_MODEL = "rexnet_1.0"
_MOST_THREADS = 1024
_MOST = 10**9


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingSetting:
    """What a training is asked for; checked when it is made. The metadata of each field says what it is.

    Args:
        recipe: Every value of the optimisation and the augmentation.
        resume: Whether a training in `out` is continued.

    Raises:
        InputError: A value is out of range, a file can't be read, or a package is missing.
    """

    data: Path = field(
        metadata=about(
            "folder with train/CLASS/*.jpg and val/CLASS/*.jpg; or of class folders, with --val or --val-share",
            type=Path,
            metavar="DATA",
            positional=True,
        )
    )
    model: str = option(DEFAULT_MODEL, MODEL_HELP, metavar="MODEL")
    source: str = REGISTERED
    options: ModelOptions = field(default_factory=ModelOptions)
    recipe: Recipe = field(default_factory=lambda: read_recipe(DEFAULT))
    val: Path | None = option(None, "folder of the validation pictures", type=Path, metavar="FOLDER", unset="DATA/val")
    val_share: float | None = option(
        None,
        "share of each class's pictures that is kept for validation",
        type=float,
        metavar="SHARE",
        bounds=(0.001, 0.9),
    )
    classes_file: Path | None = option(
        None, "all classes in order, the name of a class folder on each line", unset="in the order of names", type=Path
    )
    weights: Path | None = option(None, "a checkpoint to start from; its classifier is replaced", type=Path)
    weights_entry: str | None = option(None, ENTRY, unset=ENTRY_UNSET)
    keep_classifier: bool = option(False, "keep the checkpoint's classifier, whose classes must be the data's")
    freeze: bool = option(False, "train the classifier alone; batch norms keep their statistics")
    resolution: int | None = option(
        None, "side of the input", type=int, metavar="PIXELS", unset="the model's own, such as 224"
    )
    precision: str = option("fp32", "of the forward pass; bf16 is torch's autocast", choices=PRECISIONS)
    accumulate: int = option(1, "passes that make up one update: less memory, same batch", type=int, bounds=(1, 65536))
    channels_last: bool = option(False, "keep pictures and weights in the order NHWC")
    sync_batch_norm: bool = option(False, "share the statistics of batch norms among processes (GPUs alone)")
    device: str = option("cpu", "what computes", choices=DEVICES)
    seed: int = option(0, "of weights, order, augmentation and dropout", type=int, bounds=(0, 2**31 - 1))
    threads: int = field(
        metadata=about("threads of torch", unset="as this machine allows", type=int, bounds=(1, _MOST_THREADS))
    )
    workers: int = field(
        metadata=about(
            "threads that read pictures", unset="as many as threads of torch", type=int, bounds=(1, _MOST_THREADS)
        )
    )
    skip_unreadable: bool = option(False, "pass over damaged pictures and name them")
    patience: int | None = option(
        None, "end after so many epochs without a better validation", type=int, bounds=(1, _MOST), unset="never"
    )
    checkpoint_every: int | None = option(
        None,
        "write a checkpoint after so many updates, too",
        type=int,
        metavar="STEPS",
        bounds=(1, _MOST),
        unset="at the end of each epoch alone",
    )
    tensorboard: bool = option(False, "write logs for TensorBoard")
    resume: bool = option(False, "go on with the interrupted training in the folder, to the same result")
    out: Path = field(metadata={})

    def __post_init__(self) -> None:
        if self.source == REGISTERED:
            own = model_info(self.model).resolution
            object.__setattr__(self, "resolution", own if self.resolution is None else self.resolution)
        check_resolution(USUAL_SIDE if self.resolution is None else self.resolution)
        check_fields(self)
        check_weights(self.weights, self.weights_entry)
        self._check_packages()
        if self.val is not None and self.val_share is not None:
            raise InputError(
                "--val names a folder, --val-share keeps a part of the training pictures; give one of them"
            )
        if self.weights is None and self.source == REGISTERED and (self.freeze or self.keep_classifier):
            what = "--freeze" if self.freeze else "--keep-classifier"
            raise InputError(f"{what} needs trained weights; give --weights FILE, or leave it out")
        if self.sync_batch_norm and self.device == "cpu":
            raise InputError("--sync-batch-norm works on GPUs alone, torch has none for the CPU; leave it out")

    def _check_packages(self) -> None:
        if self.recipe.needs_kornia:
            what = (
                "random erasing" if self.recipe.augmentation == "crop" else f"--augmentation {self.recipe.augmentation}"
            )
            try:
                check_installed("kornia", "train", what)
            except InputError as error:
                raise InputError(f"{error}, or give --augmentation crop --erasing 0, or none") from None
        if self.tensorboard:
            check_installed("tensorboard", "train", "--tensorboard")

    def decides(self) -> dict[str, Any]:
        """What decides the weights that come out, as plain values; a resumed training must have the same."""
        names = (
            "model",
            "resolution",
            "precision",
            "accumulate",
            "channels_last",
            "sync_batch_norm",
            "freeze",
            "keep_classifier",
            "device",
            "seed",
        )
        values = self.recipe.as_dict()
        told = ("name", "source", "rate_for_batch")
        recipe = {name: value for name, value in values.items() if name not in told}
        return {name: getattr(self, name) for name in names} | {"recipe": recipe}
