"""The model that is exported: its network or its graph, its outputs, and what is told of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.accuracy.classes import read_lines
from bench.exporting.form import WHITE
from rexnet_core.errors import InputError
from rexnet_core.sources.registry import REGISTERED, SOURCES

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import torch

    from analysis.classifiers.classifier import Classifier
    from bench.exporting.setting import ExportSetting

#: How near to one the sum of probabilities is.
_SUM = 1e-4


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """A classifier with its weights.

    Args:
        name: As its source spells it.
        source: Kind of its source.
        classifier: It, as the process has opened it.
        model: Its module, or the file of its graph.
        layout: Of the pictures that it takes, ``nchw`` or ``nhwc``.
        class_names: In order; empty where they are not known.
        licence: Empty where it is not known.
        output: What it gives, one of `bench.exporting.form.OUTPUTS`.
        input_name: As its file has it; empty for a module of torch.
        output_name: Alike.
        published: Whether the weights can be those that the publisher of the profile has.
    """

    name: str
    source: str
    classifier: Classifier
    model: torch.nn.Module | Path
    layout: str
    class_names: tuple[str, ...]
    licence: str
    published: bool
    output: str = "logits"
    input_name: str = ""
    output_name: str = ""

    def compute(self, pixels: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Logits of shape (N, classes) for normalised pictures of shape (N, 3, side, side)."""
        import torch  # noqa: PLC0415

        with torch.inference_mode():
            logits: npt.NDArray[np.float32] = self.classifier.classify(torch.from_numpy(pixels)).numpy()
        return logits


def open_original(setting: ExportSetting) -> Original:
    """The model that is to be exported. One from elsewhere may run its author's code.

    Raises:
        InputError: There is no such model, its weights can't be used, or it has other classes than names.
        ModelError: The model's own code failed.
        UnsupportedModelError: It is no classifier of square pictures of three colours.
    """
    import torch  # noqa: PLC0415

    from analysis.classifiers.classifier import open_classifier  # noqa: PLC0415 - imports torch

    asked = setting.classifier
    torch.set_num_threads(asked.threads)
    classifier = _change_steps(setting, open_classifier(asked))
    layout = str(classifier.weights.get("layout", ""))
    published = setting.profile.is_about(classifier.classes, classifier.resolution, layout)
    graph = SOURCES[asked.source].form != "module"
    model: Any = Path(asked.model) if graph else classifier.module
    return Original(
        name=asked.model,
        source=asked.source,
        classifier=classifier,
        model=model,
        output=_find_output(classifier, asked.source),
        class_names=_name_classes(setting, classifier),
        licence=setting.licence or classifier.told.get("licence", "") or (setting.profile.licence if published else ""),
        published=published,
        **(_describe_file(model) if graph else {"layout": "nchw"}),
    )


def _change_steps(setting: ExportSetting, classifier: Classifier) -> Classifier:
    """The classifier with the means and scales that were given."""
    given: dict[str, Any] = {
        name: tuple(value / WHITE for value in values)
        for name, values in (("mean", setting.means), ("std", setting.scales))
        if values is not None
    }
    if not given:
        return classifier
    steps = replace(classifier.preprocessing, **given)
    return replace(classifier, preprocessing=steps, whose=f"{classifier.whose}, with {' and '.join(given)} as asked")


def _find_output(classifier: Classifier, source: str) -> str:
    """What a model gives, as two made-up pictures tell it; ours give logits."""
    import torch  # noqa: PLC0415

    if source == REGISTERED:
        return "logits"
    side = classifier.resolution
    with torch.inference_mode():
        rows = classifier.classify(torch.randn(2, 3, side, side, generator=torch.Generator().manual_seed(0)))
    shares = bool((rows >= 0).all()) and bool(((rows.sum(1) - 1).abs() < _SUM).all())
    return "probabilities" if shares else "logits"


def _describe_file(graph: Path) -> dict[str, str]:
    """The layout of the pictures that a file takes, and the names of its input and its output.

    Raises:
        InputError: It takes pixels as they are, or is of another precision.
    """
    from analysis.graphs.reading import describe_graph  # noqa: PLC0415 - may import onnx
    from rexnet_core.sources.tensors import find_image_axes  # noqa: PLC0415

    told = describe_graph(graph)
    [taken], [given] = told.inputs, told.outputs
    if taken.dtype != "float32":
        raise InputError(
            f"the file of a graph must take float32 to get its preprocessing before it; {graph} takes {taken.dtype}; "
            "export the model that it was made from"
        )
    layout = "nhwc" if find_image_axes(taken) == (0, 1) else "nchw"
    return {"layout": layout, "input_name": taken.name, "output_name": given.name}


def _name_classes(setting: ExportSetting, classifier: Classifier) -> tuple[str, ...]:
    """Names from the file that was given, of the checkpoint, or of ImageNet where there are as many."""
    from rexnet_core.class_names import imagenet_classes  # noqa: PLC0415 - read where it is needed

    names, whose = classifier.class_names, f"the file of {setting.classifier.model}"
    if setting.classes_file is not None:
        names, whose = tuple(read_lines(setting.classes_file)), f"--classes-file {setting.classes_file}"
    if not names:
        known = imagenet_classes()
        return tuple(one.short_name for one in known) if len(known) == classifier.classes else ()
    if len(names) != classifier.classes:
        raise InputError(
            f"each output needs one name; the model has {classifier.classes} outputs, {whose} names {len(names)}; "
            "give --classes-file with a name on each line, in order"
        )
    return names


def is_ours(original: Original) -> bool:
    """Whether it is one of our networks, whose weights a checkpoint brought."""
    return original.source == REGISTERED
