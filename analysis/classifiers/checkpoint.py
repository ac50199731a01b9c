"""A checkpoint of one of our networks: its classes are counted before a network is made for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rexnet_core import create_model, load_weights, model_config
from rexnet_core.checkpoint import load_tensors
from rexnet_core.files import digest_file
from rexnet_core.weights import count_classes

if TYPE_CHECKING:
    from pathlib import Path

    from rexnet_core.checkpoint_entries import NamedTensors
    from rexnet_core.network import Network


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """The tensors of a file, not yet in a network.

    Args:
        model: A registered name.
        path: The file.
        sha256: Digest of the file, in hexadecimal.
        tensors: By name, with the entry of the file that they are from.
        classes: Rows of the classifier.
    """

    model: str
    path: Path
    sha256: str
    tensors: NamedTensors
    classes: int

    def build(self) -> tuple[Network, str]:
        """The network in eval mode with these weights, and the layout that was recognised.

        Raises:
            WeightsError: The tensors are not this model's.
        """
        network = create_model(self.model, num_classes=self.classes)
        layout = load_weights(network, self.tensors)
        return network.eval(), layout


def read_checkpoint(model: str, path: Path, entry: str | None = None) -> Checkpoint:
    """The checkpoint in a file; nothing in it is run.

    Args:
        model: A registered name.
        path: The file.
        entry: Which of the file's entries to take where several hold weights.

    Raises:
        WeightsError: It can't be read safely, has several entries with weights of which none is chosen, or has no
            classifier under a name that the model's family uses.
    """
    loaded = load_tensors(path, entry)
    classes = count_classes(model_config(model), loaded)
    return Checkpoint(model=model, path=path, sha256=digest_file(path), tensors=loaded, classes=classes)


def tell_weights(path: Path, entry: str | None, layout: str, sha256: str | None = None) -> dict[str, Any]:
    """What an answer says of the file that weights are from."""
    return {"path": str(path), "entry": entry, "layout": layout, "sha256": sha256 or digest_file(path)}
