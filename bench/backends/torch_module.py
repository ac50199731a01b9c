"""What the torch backends share: threads, weights, inputs and what torch reports of itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from bench.backends import BackendInfo, Finding, Unavailable
from bench.backends.instruction_sets import OWN, PROCESSOR, listen_to_onednn, read_processor
from bench.backends.openmp import find_mixed_openmp
from bench.records.files import WEIGHTS
from bench.records.inputs import load_inputs
from bench.records.measurement import Effective
from bench.records.outputs import list_tensors
from rexnet_core.sources.module_checks import set_to_eval
from rexnet_core.sources.registry import REGISTERED, open_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    import torch

    from bench.backends import Images, Logits
    from bench.records.case import Case


def describe_torch() -> list[Finding]:
    """The version of torch, and where it can run."""
    import torch  # noqa: PLC0415

    devices = "cpu and cuda" if torch.cuda.is_available() else "cpu"
    version = Finding(check="backends", level="ok", found=f"torch {torch.__version__} on {devices}")
    return [version, *find_mixed_openmp()]


#: What all backends of torch have in common; each replaces its name and looks, and adds what it has of its own.
TORCH = BackendInfo(
    name="torch",
    library="torch",
    precisions=("fp32", "bf16"),
    memory_formats=("contiguous", "channels_last"),
    devices=("cpu", "cuda"),
    examine=describe_torch,
)


def load_shared_weights(module: torch.nn.Module, path: Path) -> None:
    """Load weights that the preparing process wrote; a network of ours has as many classes as they have."""
    from rexnet_core.weights import load_checkpoint  # noqa: PLC0415

    load_checkpoint(module, path)


class TorchModule:
    """A model run by torch as it is; other backends of torch transform it."""

    def __init__(self, case: Case, assets: Path) -> None:
        self.case = case
        self.assets = assets
        self.module: Any = None
        self.call: Any = None
        self.inputs: list[tuple[torch.Tensor, ...]] = []

    def load(self) -> None:
        """Import torch with the thread budget of the case; no thread is spent on running operators side by side."""
        import torch  # noqa: PLC0415 - imported inside the worker, and timed there

        torch.set_num_threads(self.case.threads)
        if torch.get_num_interop_threads() != 1:  # a process may set it once
            torch.set_num_interop_threads(1)
        if self.case.device == "cuda" and not torch.cuda.is_available():
            raise Unavailable("torch sees no CUDA device; run on a machine with one or leave --device at cpu")
        torch.backends.cuda.matmul.allow_tf32 = False
        torch.backends.cudnn.allow_tf32 = False

    def build(self) -> None:
        """The model in eval mode with the calibrated weights, cast and laid out as asked."""
        import torch  # noqa: PLC0415

        module = open_for(self.case.source, self.case.model, self.case.input_shapes).module
        assert module is not None, "`INFO.forms` names modules alone"
        load_shared_weights(module, self.assets / WEIGHTS)
        set_to_eval(module)
        module.requires_grad_(False)
        # The overload with a memory format takes it alone.
        move: Any = module.to(self.case.device, self._dtype()).to
        self.module = move(memory_format=self._layout())
        torch.set_grad_enabled(False)
        self.call = self.module

    def convert(self) -> None:
        """Nothing: torch runs the module itself."""

    def compile(self) -> None:
        """Nothing: torch runs the module itself."""

    def feed(self, *inputs: Images) -> None:
        """Copy the inputs to the device, cast and laid out as asked."""
        import torch  # noqa: PLC0415

        self.inputs = [
            tuple(self._place(torch.from_numpy(values)) for values in batch) for batch in zip(*inputs, strict=True)
        ]

    def _place(self, values: torch.Tensor) -> torch.Tensor:
        """An input on the device; numbers are cast, and images laid out, as asked."""
        dtype = self._dtype() if values.is_floating_point() else values.dtype
        layout = {"memory_format": self._layout()} if values.dim() == _IMAGE_AXES else {}
        placed: torch.Tensor = cast("Any", values).to(device=self.case.device, dtype=dtype, **layout)
        return placed

    def example(self) -> tuple[torch.Tensor, ...]:
        """An example of each input, in the case's shape, type and layout, for tracing."""
        import torch  # noqa: PLC0415

        fed = load_inputs(self.assets)
        return tuple(self._place(torch.zeros_like(torch.from_numpy(values[0]))) for values in fed)

    def runner(self, index: int) -> Callable[[], object]:
        """The model applied to one input under inference mode, waiting for the device where there is one."""
        import torch  # noqa: PLC0415

        call, inputs = self.call, self.inputs[index]
        if self.case.device == "cuda":

            def run() -> object:
                with torch.inference_mode():
                    out = call(*inputs)
                torch.cuda.synchronize()
                return out
        else:

            def run() -> object:
                with torch.inference_mode():
                    return call(*inputs)

        return run

    def read(self, output: object) -> list[Logits]:
        """All outputs as float32 on the host."""
        return [tensor.float().cpu().numpy().copy() for tensor in list_tensors(output)]

    def effective(self) -> Effective:
        """Type and layout of what the convolutions and linear layers of the module return in one forward pass."""
        import torch  # noqa: PLC0415

        outputs: list[torch.Tensor] = []
        hooks = [
            layer.register_forward_hook(lambda _layer, _inputs, output: outputs.append(output))
            for layer in self.module.modules()
            if isinstance(layer, torch.nn.Conv2d | torch.nn.Linear)
        ]
        try:
            self.runner(0)()
        finally:
            for hook in hooks:
                hook.remove()
        return self._report(outputs, self._name_layout(outputs))

    def _name_layout(self, outputs: Sequence[torch.Tensor]) -> str | None:
        """The layout of the outputs; ``runtime`` where a model from elsewhere chooses that of some by itself."""
        seen = set(filter(None, map(_layout_of, outputs)))
        own = self.case.source != REGISTERED and len(seen) > 1
        return "runtime" if own else _join(seen)

    def _report(
        self, tensors: Sequence[torch.Tensor], memory_format: str | None = None, **details: str | None
    ) -> Effective:
        """What torch reports of itself, with the type and layout of tensors that were really computed with."""
        import torch  # noqa: PLC0415

        own = torch.backends.cpu.get_cpu_capability()
        ran = listen_to_onednn(self.runner(0)) if self.case.device == "cpu" else {}
        kernels = {OWN: own, **details, **ran, PROCESSOR: read_processor()} if self.case.device == "cpu" else {OWN: own}
        return Effective(
            precision=_join(_PRECISIONS.get(str(tensor.dtype), str(tensor.dtype)) for tensor in tensors),
            threads=torch.get_num_threads(),
            streams=torch.get_num_interop_threads(),
            memory_format=memory_format or _join(filter(None, map(_layout_of, tensors))),
            device=_join(tensor.device.type for tensor in tensors),
            details={"version": torch.__version__, **kernels},
        )

    def _dtype(self) -> torch.dtype:
        import torch  # noqa: PLC0415

        return {"fp32": torch.float32, "bf16": torch.bfloat16}[self.case.precision]

    def _layout(self) -> torch.memory_format:
        import torch  # noqa: PLC0415

        formats = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}
        return formats[self.case.memory_format]


#: Of ``(N, C, H, W)``.
_IMAGE_AXES = 4
_PRECISIONS = {"torch.float32": "fp32", "torch.bfloat16": "bf16"}


def _layout_of(tensor: torch.Tensor) -> str | None:
    """Contiguous or channels_last; None where the shape fits both or neither."""
    import torch  # noqa: PLC0415

    if tensor.dim() != _IMAGE_AXES:  # or a weight of as many dimensions
        return None
    fits = tensor.is_contiguous(), tensor.is_contiguous(memory_format=torch.channels_last)
    return {(True, False): "contiguous", (False, True): "channels_last"}.get(fits)


def _join(values: Iterable[str]) -> str | None:
    """The distinct values in one string; None without any."""
    return " and ".join(sorted(set(values))) or None
