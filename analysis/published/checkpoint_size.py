"""Size of a checkpoint file, by writing one to nowhere."""

from __future__ import annotations

import io
from collections import OrderedDict
from typing import IO, cast

import torch

import rexnet_core
from rexnet_core.checkpoint_layouts import layouts_of
from rexnet_core.weights import map_weights

#: That format writes the memory address of each tensor twice, in decimal, as its name. The length of the file therefore
#: depends on the number of digits of the addresses; this is the number of digits on Linux.
_ADDRESS_DIGITS = 14
_MENTIONS = 2


class _Counter(io.RawIOBase):
    """A file that keeps nothing but its length."""

    size = 0

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, data: object) -> int:
        """Count the bytes."""
        length = memoryview(data).nbytes  # type: ignore[arg-type]
        self.size += length
        return length


def count_checkpoint_bytes(model: str) -> int | None:
    """Bytes of the checkpoint that timm published for a model; None where timm's names for it are not known.

    Tensors under timm's names, in timm's order, in the format that `torch.save` wrote before release 1.6.

    Args:
        model: A registered name.

    Raises:
        InputError: Unknown name.
    """
    with torch.device("meta"):
        network = rexnet_core.create_model(model)
    if "timm" not in layouts_of(network.config.family):
        return None
    network.to_empty(device="cpu")  # the values don't matter, and filling them takes longer than all the rest
    file = _Counter()
    tensors = OrderedDict((name, tensor.contiguous()) for name, tensor in map_weights(network, "timm").items())
    torch.save(tensors, cast("IO[bytes]", file), _use_new_zipfile_serialization=False)
    names = [str(tensor.untyped_storage()._cdata) for tensor in tensors.values()]  # noqa: SLF001 - what the file names it
    return file.size + sum(_MENTIONS * (_ADDRESS_DIGITS - len(name)) for name in names)
