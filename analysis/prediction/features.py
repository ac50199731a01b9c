"""The features of pictures: what the last linear layer of a module makes its logits of, found while the module runs."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch
from torch import nn

from rexnet_core.errors import UnsupportedModelError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    import numpy.typing as npt

    from analysis.classifiers.classifier import Classifier

    Pixels = npt.NDArray[np.float32]

#: Of a batch: images by channels.
_ROWS = 2


class FeatureTap:
    """What went into each linear layer that gives as many outputs as there are classes, and what came out."""

    def __init__(self, model: str, layers: list[nn.Linear]) -> None:
        self._model = model
        self._seen: list[tuple[list[torch.Tensor], list[torch.Tensor]]] = [([], []) for _ in layers]

    def hook(self, place: int, given: tuple[torch.Tensor, ...], output: torch.Tensor) -> None:
        """A layer has run."""
        inputs, outputs = self._seen[place]
        inputs.append(given[0].detach().clone())  # what follows may write into it
        outputs.append(output.detach().clone())

    def take(self, logits: torch.Tensor) -> Pixels:
        """The features of the images whose logits these are, shape (N, C); the tap is empty then.

        Raises:
            UnsupportedModelError: No layer made these logits of one row for each image.
        """
        try:
            for inputs, outputs in self._seen:
                if outputs and _makes(torch.cat(outputs), torch.cat(inputs), logits):
                    features: Pixels = torch.cat(inputs)[: len(logits)].float().numpy()
                    return features
        finally:
            for inputs, outputs in self._seen:
                inputs.clear()
                outputs.clear()
        raise UnsupportedModelError(
            f"--features are what the last linear layer takes; no such layer of {self._model} gives its logits as they "
            "are, from one row for each image"
        )


def _makes(outputs: torch.Tensor, inputs: torch.Tensor, logits: torch.Tensor) -> bool:
    """Whether a layer made the logits; a batch that is filled up has more rows."""
    if inputs.dim() != _ROWS or len(outputs) < len(logits):
        return False
    return torch.equal(outputs[: len(logits)].float(), logits)


@contextmanager
def tap_features(classifier: Classifier, model: str) -> Iterator[FeatureTap]:
    """A context in which each pass of a classifier leaves its features in the tap.

    Raises:
        UnsupportedModelError: It is no module, or has no linear layer with an output for each class.
    """
    if classifier.module is None:
        raise UnsupportedModelError(f"--features come from a module of torch, {model} is a graph; leave them out")
    layers = [
        layer
        for layer in classifier.module.modules()
        if isinstance(layer, nn.Linear) and layer.out_features == classifier.classes
    ]
    if not layers:
        raise UnsupportedModelError(
            f"--features are what the last linear layer takes; {model} has no nn.Linear of {classifier.classes} outputs"
        )
    tap, handles = FeatureTap(model, layers), []
    try:
        for place, layer in enumerate(layers):
            handles.append(
                layer.register_forward_hook(lambda _, given, output, place=place: tap.hook(place, given, output))
            )
        yield tap
    finally:
        for handle in handles:
            handle.remove()
