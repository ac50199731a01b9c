"""A whole evaluation: checkpoint, folder, network, and the document that says what came out."""

from __future__ import annotations

import random
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from analysis.accuracy.converted import Comparison
from analysis.accuracy.folder import leave_out, read_folder
from analysis.accuracy.hits import TOP, Hits, count_hits
from analysis.accuracy.published import published_rows, why_not_comparable
from analysis.accuracy.shares import tell_share
from analysis.classifiers.classifier import open_classifier
from analysis.study import Study
from rexnet_core.errors import InputError
from rexnet_core.preprocess import load_as_published

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt

    from analysis.accuracy.converted import Converted
    from analysis.accuracy.folder import LabelledFolder, LabelledImage
    from analysis.accuracy.setting import EvaluationSetting
    from analysis.classifiers.classifier import Classifier
    from rexnet_core.preprocess import Preprocessing

    #: Opens the converted forms of a classifier, once it is known that it can be evaluated.
    Convert = Callable[[Classifier], AbstractContextManager[Sequence[Converted]]]

#: The most skipped damaged files whose names are kept.
NAMED = 20


def run_evaluation(
    setting: EvaluationSetting,
    progress: Callable[[str, int, int], object],
    *,
    convert: Convert = lambda _classifier: nullcontext(()),
    calibrated: Sequence[Path] = (),
) -> Study:
    """Evaluate a checkpoint, and its converted forms on the same images.

    After Ctrl-C the study is about the images seen so far, and ``stopped`` says so. The order is shuffled, alike each
    time, so that the images seen are a fair sample.

    Args:
        setting: Model, weights, images and how they are read.
        progress: Called with a word, the images done and their number.
        convert: Opens the converted forms.
        calibrated: Pictures that a form was calibrated on, which are left out.

    Raises:
        InputError: Checkpoint, folder or an image can't be used, or the classes of both differ.
        KeyboardInterrupt: It came before the first batch was through.
    """
    asked = setting.classifier
    classifier = open_classifier(asked)
    folder = read_folder(setting.images, setting.classes_file, classifier.class_names)
    _check_classes(setting, folder, classifier.classes)
    kept = leave_out(folder, calibrated)
    images = list(kept.spread(setting.limit))
    random.Random(0).shuffle(images)
    with convert(classifier) as converted:
        comparison = Comparison(converted)
        counting = count_hits(
            classifier.classify,
            images,
            _loader(classifier.resolution, classifier.preprocessing),
            batch_size=asked.batch_size,
            threads=asked.threads,
            skip_unreadable=setting.skip_unreadable,
            watch=comparison,
        )
        hits, stopped = _follow(counting, len(images), progress)
        rows = list(comparison.list_rows(hits.images, folder.classes)) if hits.images else []
    if not hits.images:
        raise InputError(f"an accuracy needs images, none of {len(images)} in {setting.images} can be read")
    accuracy = _accuracy(hits, folder)
    payload = {
        "model": asked.model,
        "resolution": classifier.resolution,
        **classifier.told,
        **accuracy,
        "asked": len(images),
        **_conditions(setting, folder),
        "named_by": _tell_names(setting, folder, classifier),
        "calibrated_left_out": len(folder.images) - len(kept.images),
        "reference": classifier.reference,
        "preprocessing": {**describe_steps(classifier.resolution, classifier.preprocessing), "of": classifier.whose},
        "weights": classifier.weights,
        "converted": rows,
        **_published(setting, accuracy, kept),
    }
    return Study(kind="accuracy", stopped=stopped, payload=payload)


def _follow(
    counting: Generator[Hits, None, None], total: int, progress: Callable[[str, int, int], object]
) -> tuple[Hits, bool]:
    """The hits at the end, and whether the user ended the counting early."""
    hits = Hits()
    try:
        for hits in counting:
            progress("images", hits.images + len(hits.unreadable), total)
    except KeyboardInterrupt:
        if not hits.images:
            raise
        return hits, True
    finally:
        counting.close()
    return hits, False


def _check_classes(setting: EvaluationSetting, folder: LabelledFolder, classes: int) -> None:
    if folder.classes == classes:
        return
    trained = f"the checkpoint has {classes} classes"
    if setting.classes_file is None:
        raise InputError(
            f"{trained}, {setting.images} has {folder.classes} class folders; give as many, or name all classes in "
            "order in a --classes-file"
        )
    raise InputError(f"{trained}, {setting.classes_file} names {folder.classes}; name each on a line, in order")


def _tell_names(setting: EvaluationSetting, folder: LabelledFolder, classifier: Classifier) -> str:
    """Where the order of the classes is from."""
    if setting.classes_file is not None:
        return str(setting.classes_file)
    if set(classifier.class_names) & {image.path.relative_to(setting.images).parts[0] for image in folder.images}:
        return "the names in the model's file"
    other = "; the model's file has other names" if classifier.class_names else ""
    return f"the order of the folders' names{other}"


def _loader(side: int, steps: Preprocessing) -> Callable[[LabelledImage], npt.NDArray[np.float32]]:
    return lambda image: load_as_published(image.path, side, steps)


def _accuracy(hits: Hits, folder: LabelledFolder) -> dict[str, Any]:
    """Counts, shares and intervals; top-5 has none where there are fewer classes than that."""
    accuracy: dict[str, Any] = {"images": hits.images, "classes": folder.classes}
    accuracy |= tell_share("top1", hits.top1, hits.images)
    accuracy |= tell_share("top5", hits.top5 if folder.classes >= TOP else None, hits.images)
    return accuracy | {"unreadable": len(hits.unreadable), "unreadable_files": list(hits.unreadable[:NAMED])}


def describe_steps(side: int, steps: Preprocessing) -> dict[str, Any]:
    """How images are prepared, as plain values."""
    return {
        "rule": steps.rule,
        "words": steps.in_words(side),
        "resized_side": steps.shorter_side(side),
        "interpolation": steps.interpolation,
        "crop_ratio": steps.crop_ratio,
        "crop": side,
        "mean": list(steps.mean),
        "std": list(steps.std),
        "channel_order": steps.channel_order,
        "turned_by_exif": steps.upright,
        "note": steps.note,
    }


def _conditions(setting: EvaluationSetting, folder: LabelledFolder) -> dict[str, Any]:
    return {
        "folder": str(setting.images),
        "found": len(folder.images),
        "left_out": folder.left_out,
        "class_folders": folder.folders,
        "classes_file": str(setting.classes_file) if setting.classes_file else None,
        "limit": setting.limit,
        "precision": "fp32",
        "batch_size": setting.classifier.batch_size,
        "threads": setting.classifier.threads,
    }


def _published(setting: EvaluationSetting, accuracy: dict[str, Any], folder: LabelledFolder) -> dict[str, Any]:
    """Printed accuracies; those of a name from elsewhere are the publisher's, of weights that may be others."""
    reason = why_not_comparable(folder.folders, folder.classes)
    rows = published_rows(setting.classifier.model, accuracy, comparable=not reason)
    return {"comparable": not reason, "not_comparable_because": reason, "published": list(rows)}
