"""A training step in torch: forward pass, backward pass, update by stochastic gradient descent; timed apart."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from bench.backends.part_times import PartTimes, read_clock
from bench.backends.torch_module import TorchModule, load_shared_weights
from bench.records.files import WEIGHTS
from bench.records.inputs import load_inputs
from bench.records.training import LEARNING_RATES, MOMENTUM, PARTS, training_folder
from rexnet_core.sources.registry import open_for

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch


def set_to_train(module: torch.nn.Module) -> None:
    """Put a module into training mode with dropout off: backends draw other random numbers, and can't be compared.

    Stochastic depth counts as dropout; batch norm uses the statistics of the batch.
    """
    module.train()
    for part in module.modules():
        if "drop" in type(part).__name__.lower() or type(part).__name__ == "StochasticDepth":
            part.eval()


def make_optimizer(module: torch.nn.Module, precision: str) -> torch.optim.Optimizer:
    """Stochastic gradient descent with Nesterov's momentum, without weight decay."""
    import torch  # noqa: PLC0415

    trained = [one for one in module.parameters() if one.requires_grad]
    return torch.optim.SGD(trained, lr=LEARNING_RATES[precision], momentum=MOMENTUM, nesterov=True)


class TrainingModule(TorchModule):
    """A model that is trained: each call is a step on one batch, and returns the logits of its forward pass."""

    def __init__(self, case: Any, assets: Any) -> None:
        super().__init__(case, assets)
        self.optimizer: Any = None
        self.first: list[tuple[torch.Tensor, torch.Tensor]] = []
        self.parts = PartTimes(PARTS)

    def build(self) -> None:
        """The model in training mode with the calibrated weights, laid out as asked, and its optimiser."""
        import torch  # noqa: PLC0415

        module = open_for(self.case.source, self.case.model, self.case.input_shapes).module
        assert module is not None, "`INFO.forms` names modules alone"
        load_shared_weights(module, self.assets / WEIGHTS)
        set_to_train(module)
        move: Any = module.to(self.case.device).to
        self.module = self.call = move(memory_format=self._layout())
        self.optimizer = make_optimizer(self.module, self.case.precision)
        with torch.no_grad():
            self.first = [(one, one.detach().clone()) for one in (*module.parameters(), *module.buffers())]

    def example(self) -> tuple[torch.Tensor, ...]:
        """An example of each input and of the labels."""
        import torch  # noqa: PLC0415

        fed = load_inputs(training_folder(self.assets, self.case.precision))
        return tuple(self._place(torch.from_numpy(values[0])) for values in fed)

    def runner(self, index: int) -> Callable[[], object]:
        """A step on one batch, waiting for the device where there is one; the weights are others afterwards."""
        return self.step_on(self.inputs[index])

    def step_on(self, batch: tuple[torch.Tensor, ...]) -> Callable[[], torch.Tensor]:
        """A step on a batch of each input and its labels."""
        import torch  # noqa: PLC0415

        *inputs, labels = batch
        call, optimizer, parts, now = self.call, self.optimizer, self.parts, read_clock
        loss_of = torch.nn.functional.cross_entropy
        waits = self.case.device == "cuda"
        cast = self._autocast()

        def run() -> torch.Tensor:
            begun = now()
            with cast:
                logits = call(*inputs)
                loss: Any = loss_of(logits, labels)
            forward = now()
            loss.backward()
            backward = now()
            optimizer.step()
            optimizer.zero_grad()
            if waits:
                torch.cuda.synchronize()
            else:  # a GPU works on behind the clock of its parts
                parts.add(begun, forward, backward, now())
            return logits.detach()  # type: ignore[no-any-return]

        return run

    def _autocast(self) -> contextlib.AbstractContextManager[Any]:
        import torch  # noqa: PLC0415

        if self.case.precision == "fp32":
            return contextlib.nullcontext()
        return torch.autocast(self.case.device, torch.bfloat16)

    def restart(self) -> None:
        """Give the model its first weights again, and the optimiser no momentum."""
        import torch  # noqa: PLC0415

        with torch.no_grad():
            for tensor, first in self.first:
                tensor.copy_(first)
            for state in self.optimizer.state.values():
                # Not forgotten: the next step would take the time of making it anew.
                state["momentum_buffer"].zero_()

    def take_parts(self) -> dict[str, list[float]]:
        """The time of each part in the steps since this was asked last [s]."""
        return self.parts.take()

    def _dtype(self) -> torch.dtype:
        """That of weights and inputs: autocast casts what is worth it."""
        import torch  # noqa: PLC0415

        return torch.float32
