"""What a classifier, or its converted form, says of pictures, batch by batch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from analysis.accuracy.hits import check_finite
from analysis.prediction.shares import are_shares, to_shares
from rexnet_core.errors import ModelError

if TYPE_CHECKING:
    import numpy.typing as npt

    from analysis.accuracy.converted import Converted
    from analysis.classifiers.classifier import Classifier
    from analysis.classifiers.loading import LoadedBatch
    from analysis.prediction.features import FeatureTap
    from analysis.prediction.names import ClassNames
    from analysis.prediction.pictures import Picture

    Pixels = npt.NDArray[np.float32]
    #: A picture and its place among all.
    Placed = tuple[int, Picture]


@dataclass(slots=True, kw_only=True)
class Sightings:
    """What is known so far.

    Args:
        classifier: The model itself.
        form: What computes in its place.
        tap: Gives the features of each batch.
        names: Of the classes.
        top: Classes of each picture.
        rows: What is told of a picture, by its place.
        places: Those that were classified, in order.
        features: Of these, batch by batch.
        faults: What is wrong with the others.
        shares: Whether the outputs are probabilities; None before the first.
    """

    classifier: Classifier
    form: Converted | None
    tap: FeatureTap | None
    names: ClassNames
    top: int
    rows: dict[int, dict[str, Any]] = field(default_factory=dict)
    places: list[int] = field(default_factory=list)
    features: list[Pixels] = field(default_factory=list)
    faults: list[Exception] = field(default_factory=list)
    shares: bool | None = None

    def add(self, batch: LoadedBatch[Placed]) -> bool:
        """Whether the pictures of a batch could be classified; those that could be read."""
        if batch.kept:
            outputs = self._classify(np.stack(batch.pixels))
            if outputs is None:
                return False
            check_finite(outputs, [picture.name for _, picture in batch.kept])
            if self.tap:
                self.features.append(self.tap.take(outputs))
            for (place, picture), classes in zip(batch.kept, self._list_classes(outputs), strict=True):
                self.rows[place] = {"picture": picture.name, "status": "ok", "reason": "", "classes": classes}
                self.places.append(place)
        for (place, picture), fault in batch.unreadable:
            self.rows[place] = {
                "picture": picture.name,
                "status": "unreadable",
                "reason": str(fault),
                "classes": [],
            }
            self.faults.append(fault)
        return True

    def _classify(self, pixels: Pixels) -> torch.Tensor | None:
        """Outputs of shape (N, classes); None where the form has come to its end after it gave some."""
        if self.form is None:
            with torch.inference_mode():
                return self.classifier.classify(torch.from_numpy(pixels))
        outputs = self.form.classify(pixels)
        if outputs is not None and outputs.shape[1] == self.classifier.classes:
            return torch.from_numpy(outputs)
        told = self.form.describe()
        if outputs is None and self.places:
            return None
        reason = (
            told["reason"] or f"it gives {outputs and outputs.shape[1]} outputs for {self.classifier.classes} classes"
        )
        raise ModelError(f"{told['backend']} {told['precision']} can't compute: {told['status']}: {reason}")

    def _list_classes(self, outputs: torch.Tensor) -> list[list[dict[str, Any]]]:
        """The first classes of each row; of equal outputs the lower class comes first."""
        if self.shares is None:
            self.shares = are_shares(outputs)
        shares = to_shares(outputs, done=self.shares)
        order = outputs.sort(dim=1, descending=True, stable=True).indices[:, : self.top]
        return [
            [
                {"rank": rank, "class": index, **self.names.describe(index), "probability": share}
                for rank, (index, share) in enumerate(zip(indices, values, strict=True), start=1)
            ]
            for indices, values in zip(order.tolist(), shares.gather(1, order).tolist(), strict=True)
        ]
