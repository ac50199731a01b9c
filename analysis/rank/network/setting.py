"""What a network study is asked for; everything is checked before anything runs. No torch here."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from analysis.complexity import check_resolution
from analysis.model_options import MODEL_HELP, ModelOptions
from analysis.rank.network.images import GENERATED, ImageSource, folder_images, generated_images
from analysis.rank.network.records import BATCH_NORM_MODES, BatchNormMode
from analysis.setting_fields import ENTRY, ENTRY_UNSET, about, check_fields, check_weights, option
from rexnet_core.errors import InputError
from rexnet_core.preprocess import list_images
from rexnet_core.sources.registry import SOURCES

#: Images where no number is given: with fewer, the decompositions take longer than the networks.
#: Positions of one image resemble each other: few of each of many images say more than many of a few.
DEFAULT_COUNT = 512
DEFAULT_BATCH = 16
_MOST = 1_000_000
#: More threads than this are surely a mistake.
_MOST_THREADS = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkSetting:
    """What a network study is asked for; checked when it is made. The metadata of each field says what it is.

    Raises:
        InputError: A value is out of range, or two do not go together.
    """

    models: tuple[str, ...] = field(
        metadata=about(f"modules of torch: {MODEL_HELP}", metavar="MODEL", nargs="+", positional=True)
    )
    images: Path | None = option(None, "a folder of images; its subfolders are not read", type=Path, metavar="DIR")
    generated: str = option(
        "1/f",
        "generated images, where no folder is given",
        metavar="KIND",
        choices=GENERATED,
        kind="kind of generated images",
    )
    image_count: int | None = option(
        None, "number of images", unset=f"{DEFAULT_COUNT}, or all of a folder with fewer", type=int, bounds=(1, _MOST)
    )
    resolution: int = option(224, "side of the images", type=int, metavar="PIXELS")
    weights: Path | None = option(
        None,
        "a checkpoint of the one model",
        unset="random weights, with batch norm statistics of 1/f images",
        type=Path,
    )
    weights_entry: str | None = option(None, ENTRY, unset=ENTRY_UNSET)
    batch_norm: BatchNormMode = option(
        "eval",
        "running statistics (eval) or those of each batch (batch)",
        metavar="MODE",
        choices=BATCH_NORM_MODES,
        kind="batch norm mode",
    )
    positions: int | Literal["auto"] = option(
        "auto", "rows per image; auto: 4 rows per channel over all images", metavar="N", bounds=(1, _MOST)
    )
    taps: tuple[str, ...] | None = option(
        None,
        "such as 'stage3.*' or '*.add'; of a model from elsewhere names of modules, such as 'layer1.*'",
        unset="every point of every block; of a model from elsewhere the outputs of its blocks",
        nargs="+",
        metavar="PATTERN",
    )
    certify: bool = option(False, "also run in float64, for ranks without rounding errors")
    jacobian: int = option(1, "number of images on which Jacobian ranks are computed", type=int, bounds=(0, _MOST))
    batch_size: int = option(DEFAULT_BATCH, "images per pass", type=int, bounds=(1, _MOST))
    seed: int = option(0, "seed of weights, images and positions", type=int, bounds=(0, 2**31))
    threads: int | None = option(
        None, "threads of torch", unset="as torch chooses", type=int, bounds=(1, _MOST_THREADS)
    )

    options: ModelOptions = field(default_factory=ModelOptions)

    @property
    def kinds(self) -> dict[str, str]:
        """The kind of source of each model, by name."""
        return self.options.resolve(self.models)

    def __post_init__(self) -> None:
        if not self.models:
            raise InputError("a network study needs at least one model; see `rexbench models`")
        self._resolve()
        if len(set(self.models)) < len(self.models):
            raise InputError(f"each model must be named only once; got {', '.join(self.models)}")
        check_resolution(self.resolution)
        if self.weights is not None and len(self.models) > 1:
            raise InputError(f"--weights is for a single model; got {', '.join(self.models)}; run each model by itself")
        check_weights(self.weights, self.weights_entry)
        check_fields(self)
        if self.batch_norm == "batch" and (self.batch_size == 1 or self.image_count == 1):
            raise InputError("--batch-norm batch needs 2 images in a batch; raise --batch-size and --image-count")

    def _resolve(self) -> None:
        """Spell the models as their sources do.

        Raises:
            InputError: There can be no such model, or it is no module of torch.
        """
        resolved = [self.options.resolve([name]).popitem() for name in self.models]
        for name, kind in resolved:
            if SOURCES[kind].form != "module":
                raise InputError(f"a network study needs modules of torch; {name} is a file of a graph; leave it out")
        object.__setattr__(self, "models", tuple(name for name, _ in resolved))
        self.options.check_used(dict(resolved))

    def source(self) -> ImageSource:
        """The images.

        Raises:
            InputError: The folder has none, or fewer than were asked for.
        """
        if self.images is None:
            count = self.image_count or DEFAULT_COUNT
            return generated_images(self.generated, resolution=self.resolution, count=count, seed=self.seed)
        count = self.image_count or min(DEFAULT_COUNT, len(list_images(self.images)))
        return folder_images(self.images, resolution=self.resolution, count=count, seed=self.seed)
