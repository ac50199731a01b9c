"""The processes of one training: what they tell one another."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch
from torch import distributed

from analysis.training.torchrun import Place, read_place
from rexnet_core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from torch import nn


class Processes:
    """All processes of a training, seen from one of them; each method must be called by all.

    Args:
        place: Of this one.
    """

    def __init__(self, place: Place) -> None:
        self.place = place

    @property
    def alone(self) -> bool:
        """Whether there is no other."""
        return self.place.count == 1

    def any(self, flag: bool) -> bool:
        """Whether the flag is set in any process."""
        return bool(self.add_up([float(flag)])[0])

    def add_up(self, values: Sequence[float]) -> list[float]:
        """Sums over all processes."""
        if self.alone:
            return list(values)
        device = "cuda" if distributed.get_backend() == "nccl" else "cpu"
        sums = torch.tensor(values, dtype=torch.float64, device=device)
        distributed.all_reduce(sums)
        return [float(value) for value in sums]

    def align(self, module: nn.Module) -> None:
        """Give every process the first one's tensors; batch norms follow the pictures of their own process."""
        if not self.alone:
            for tensor in (*module.parameters(), *module.buffers()):
                distributed.broadcast(tensor.detach(), 0)


@contextmanager
def join(device: str) -> Iterator[Processes]:
    """The processes that torchrun has started, connected while the context lasts: by gloo on CPUs, by nccl on GPUs.

    Raises:
        InputError: There is no such device.
    """
    place = read_place()
    if device == "cuda":
        if place.local >= torch.cuda.device_count():
            raise InputError(
                f"--device cuda needs a GPU for each process, torch finds {torch.cuda.device_count()}; leave it out"
            )
        torch.cuda.set_device(place.local)
    if place.count == 1:
        yield Processes(place)
        return
    distributed.init_process_group("nccl" if device == "cuda" else "gloo")
    try:
        yield Processes(place)
    finally:
        distributed.destroy_process_group()
