"""Pictures through a classifier: the first classes of each, and its features."""

from __future__ import annotations

from contextlib import ExitStack, closing, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.accuracy.run import describe_steps
from analysis.classifiers.classifier import open_classifier
from analysis.classifiers.loading import load_batches
from analysis.prediction.features import tap_features
from analysis.prediction.names import choose_names
from analysis.prediction.sightings import Sightings
from analysis.rank.spectra.torch_threads import torch_threads
from analysis.study import Study
from rexnet_core.image_decoding import lies_turned
from rexnet_core.preprocess import normalise, read_image, resize_and_crop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from contextlib import AbstractContextManager

    import numpy.typing as npt

    from analysis.accuracy.converted import Converted
    from analysis.classifiers.classifier import Classifier
    from analysis.classifiers.loading import LoadedBatch
    from analysis.prediction.pictures import Picture
    from analysis.prediction.setting import PredictionSetting
    from analysis.prediction.sightings import Placed

    Pixels = npt.NDArray[np.float32]
    #: Opens the converted form of a classifier, if one is asked for.
    Convert = Callable[[Classifier], AbstractContextManager[Sequence[Converted]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """What came out.

    Args:
        study: The classes of each picture.
        pictures: Those that have features, in order.
        features: Of these, shape (N, C); None where nobody asked.
    """

    study: Study
    pictures: tuple[str, ...] = ()
    features: Pixels | None = None


def run_prediction(
    setting: PredictionSetting,
    pictures: Sequence[Picture],
    progress: Callable[[str, int, int], object],
    *,
    convert: Convert = lambda _classifier: nullcontext(()),
) -> Prediction:
    """The first classes of each picture, by the model itself or by its converted form.

    After Ctrl-C the study is about the pictures seen so far, and ``stopped`` says so.

    Args:
        setting: Model, and what is asked of it.
        pictures: In the order of the answer.
        progress: Called with a word, the pictures done and their number.
        convert: Opens the converted form; of none, the model itself computes.

    Raises:
        InputError: The model or its weights can't be used, no picture can be read, or outputs are not finite.
        ModelError: The model's own code failed, or its converted form can't compute.
        UnsupportedModelError: It can't classify pictures, or has no features.
        KeyboardInterrupt: It came before the first batch was through.
    """
    asked = setting.classifier
    classifier = open_classifier(asked)
    names = choose_names(classifier.classes, classifier.class_names, setting.classes_file)
    steps = classifier.preprocessing
    turned: set[int] = set()

    def load(placed: Placed) -> Pixels:
        if lies_turned(placed[1].source):
            turned.add(placed[0])
        image = read_image(placed[1].source, steps, name=placed[1].name)
        return normalise(resize_and_crop(image, classifier.resolution, steps), steps)

    with ExitStack() as stack:
        tap = stack.enter_context(tap_features(classifier, asked.model)) if setting.features else None
        form = next(iter(stack.enter_context(convert(classifier))), None)
        seen = Sightings(classifier=classifier, form=form, tap=tap, names=names, top=setting.top)
        stack.enter_context(torch_threads(asked.threads))
        loaded = load_batches(list(enumerate(pictures)), load, batch_size=asked.batch_size, threads=asked.threads)
        stopped = _follow(stack.enter_context(closing(loaded)), seen, len(pictures), progress)
        told = form.describe() if form else {}
    rows = [{**row, "lies_turned": place in turned} for place, row in sorted(seen.rows.items())]
    if not any(row["classes"] for row in rows):
        raise seen.faults[0]
    payload = {
        **_describe(setting, classifier),
        **told,
        "outputs": "probabilities" if seen.shares else "logits",
        "names": names.source,
        "asked": len(pictures),
        "unreadable": len(seen.faults),
        "pictures": rows,
    }
    return Prediction(
        study=Study(kind="prediction", stopped=stopped, payload=payload),
        pictures=tuple(pictures[place].name for place in seen.places),
        features=np.concatenate(seen.features)[: len(seen.places)] if tap else None,  # Ctrl-C may come between both
    )


def _describe(setting: PredictionSetting, classifier: Classifier) -> dict[str, Any]:
    """What the answer depends on where the model itself computes."""
    return {
        "model": setting.classifier.model,
        "resolution": classifier.resolution,
        "classes": classifier.classes,
        **classifier.told,
        "precision": "fp32",
        "batch_size": setting.classifier.batch_size,
        "threads": setting.classifier.threads,
        "reference": classifier.reference,
        "top": min(setting.top, classifier.classes),
        "preprocessing": {**describe_steps(classifier.resolution, classifier.preprocessing), "of": classifier.whose},
        "weights": classifier.weights,
    }


def _follow(
    batches: Iterable[LoadedBatch[Placed]], seen: Sightings, total: int, progress: Callable[[str, int, int], object]
) -> bool:
    """Whether it came to its end before all pictures were seen."""
    try:
        for batch in batches:
            if not seen.add(batch):
                return True
            progress("pictures", len(seen.rows), total)
    except KeyboardInterrupt:
        if not seen.places:
            raise
        return True
    return False
