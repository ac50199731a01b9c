"""OpenVINO on the CPU.

Precision is pinned: left alone, the CPU plugin takes bfloat16 by itself where the processor has it.
"""

from __future__ import annotations

import itertools
import time
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from analysis.graphs.reading import read_graph
from bench.backends import BackendInfo, Finding, Unavailable
from bench.backends.instruction_sets import KERNELS, PROCESSOR, read_processor
from bench.backends.openvino_int8 import int8_name, open_quantize, read_layers
from bench.records.case import QUANTIZED
from bench.records.measurement import Effective, LayerRun

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import torch

    from bench.backends import Images, Logits
    from bench.backends.info import Export
    from bench.records.case import Case

#: What is not quantised in an int8 model runs in fp32, not in the bf16 that the plugin would choose.
_PINNED = {"fp32": "f32", "bf16": "bf16", QUANTIZED: "f32"}
_NAMES = {
    "float": "fp32",
    "f32": "fp32",
    "float32": "fp32",
    "bfloat16": "bf16",
    "bf16": "bf16",
    "u8": QUANTIZED,
    "i8": QUANTIZED,
}
_LAYERS = frozenset({"Convolution", "GroupConvolution", "Deconvolution", "MatMul", "FullyConnected"})
#: Calls whose times are averaged, after one that is not.
_PROFILED_CALLS = 20


class OpenVino:
    """A compiled model with one synchronous request, or with a queue of them in the throughput scenario."""

    def __init__(self, case: Case, assets: Path) -> None:
        self.case = case
        self.path = assets / (int8_name if case.precision == QUANTIZED else ir_name)(case.batch)
        self.inputs: list[Any] = []
        self.queue: Any = None

    def load(self) -> None:
        """Import the runtime; its threads are given at compile time."""
        import openvino  # noqa: PLC0415 - imported inside the worker, and timed there

        self.core = openvino.Core()
        if self.case.precision == "bf16" and "BF16" not in self.core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
            raise Unavailable("this processor has no bfloat16 arithmetic that OpenVINO uses (avx512_bf16 or amx_bf16)")

    def build(self) -> None:
        """Nothing: the model comes as a file."""

    def convert(self) -> None:
        """Read the intermediate representation that `dump_ir` wrote from the same weights."""
        self.model = self.core.read_model(self.path)

    def compile(self) -> None:
        """Compile with threads, streams and precision pinned."""
        import openvino  # noqa: PLC0415

        self.compiled = self.core.compile_model(self.model, "CPU", self._configure())
        self.infer_request = self.compiled.create_infer_request()
        if self.case.scenario == "throughput":
            # As many requests as the compiled model calls optimal, which is what 0 asks for.
            self.queue = openvino.AsyncInferQueue(self.compiled, 0)

    def _configure(self) -> dict[str, str]:
        throughput = self.case.scenario == "throughput"
        streams = self.case.streams if throughput else 1
        return {
            "INFERENCE_PRECISION_HINT": _PINNED[self.case.precision],
            "INFERENCE_NUM_THREADS": str(self.case.threads),
            "PERFORMANCE_HINT": "THROUGHPUT" if throughput else "LATENCY",
            # Left out, the hint chooses.
            **({"NUM_STREAMS": str(streams)} if streams else {}),
        }

    def feed(self, *inputs: Images) -> None:
        """Wrap the inputs as tensors over the same memory, so that no copy is timed."""
        import openvino  # noqa: PLC0415

        self.inputs = [
            {
                place: openvino.Tensor(np.ascontiguousarray(values), shared_memory=True)
                for place, values in enumerate(batch)
            }
            for batch in zip(*inputs, strict=True)
        ]

    def runner(self, index: int) -> Callable[[], object]:
        """One synchronous inference; in the throughput scenario, one inference per request, all in flight."""
        if self.queue is not None:
            return self._queue_runner(index)
        request, tensors = self.infer_request, list(self.inputs[index].items())

        def run() -> object:
            for place, tensor in tensors:
                request.set_input_tensor(place, tensor)
            return request.infer()

        return run

    def _queue_runner(self, index: int) -> Callable[[], object]:
        """Fills the queue once and waits: for the warm-up, not for what is counted."""
        queue, tensors = self.queue, self.inputs[index]
        requests = range(len(queue))

        def run() -> object:
            for _ in requests:
                queue.start_async(tensors, share_inputs=True)
            queue.wait_all()
            return queue[0].results

        return run

    def request(self, index: int) -> Callable[[], object]:
        """One request through the queue."""
        queue, tensors = self.queue, self.inputs[index]

        def run() -> object:
            place = queue.get_idle_request_id()
            queue.start_async(tensors, share_inputs=True)
            queue.wait_all()
            return queue[place].results

        return run

    def pump(self, until_s: float, least: int, most: int) -> list[tuple[float, float]]:
        """Keep the queue full, then let it run empty; a request's time begins when there is room for it.

        It ends when this thread, which sleeps until there is room for another, sees the room. A callback would report a
        little earlier, but make the runtime's threads wait for the interpreter after each request.
        """
        queue, inputs, started = self.queue, itertools.cycle(self.inputs), 0
        begun: dict[int, float] = {}
        done: list[tuple[float, float]] = []
        while started < least * len(queue) or (time.monotonic() < until_s and started < most):
            place = queue.get_idle_request_id()
            now = time.monotonic()
            if place in begun:
                done.append((begun[place], now))
            begun[place] = now
            queue.start_async(next(inputs), share_inputs=True)
            started += 1
        place = queue.get_idle_request_id()
        done.append((begun.pop(place), time.monotonic()))
        queue.wait_all()
        # The runtime measured those that ended while this thread was not waiting for them.
        return done + [(start, start + queue[other].latency / 1e3) for other, start in begun.items()]

    def read(self, output: object) -> list[Logits]:
        """A copy of each output tensor."""
        outputs = cast("Any", output)
        return [np.array(outputs[place], dtype=np.float32) for place in range(len(self.compiled.outputs))]

    def effective(self) -> Effective:
        """The compiled model's properties, and the precision its convolutions were really given."""
        import openvino  # noqa: PLC0415

        executed = self._read_precisions()
        hint = _name(self.compiled.get_property("INFERENCE_PRECISION_HINT"))
        return Effective(
            precision=" and ".join(executed) or hint,
            threads=int(self.compiled.get_property("INFERENCE_NUM_THREADS")),
            streams=int(self.compiled.get_property("NUM_STREAMS")),
            jobs=len(self.queue) if self.queue is not None else 1,
            memory_format="runtime",
            device="cpu",
            details={
                "version": openvino.get_version(),
                "precision_hint": hint,
                KERNELS: sorted(self._read_convolutions("primitiveType")),
                PROCESSOR: read_processor(),
            },
        )

    def _read_precisions(self) -> list[str]:
        """Of the layers that ran; of a quantised model, of the layers that are quantised in it."""
        if self.case.precision != QUANTIZED:
            return sorted(set(map(_name, self._read_convolutions("runtimePrecision"))))
        layers = read_layers(self.path)
        executed = _list_executed(self.compiled)
        # A model in which nothing is quantised is told by what its layers run in.
        counted = [layer for layer in layers if layer.quantized] or layers
        return sorted({_name(layer.find(executed)["runtimePrecision"]) for layer in counted})

    def _read_convolutions(self, key: str) -> set[str]:
        """The values of a runtime property of the executed layers."""
        return {info[key] for info in _list_executed(self.compiled).values() if key in info}

    def profile(self) -> list[LayerRun]:
        """The layers of the model, compiled once more with OpenVINO's profiling."""
        config = {**self._configure(), "PERF_COUNT": "YES"}
        profiled = self.core.compile_model(self.core.read_model(self.path), "CPU", config)
        request, times_s = profiled.create_infer_request(), dict[str, float]()
        request.infer(self.inputs[0])
        for _ in range(_PROFILED_CALLS):
            request.infer(self.inputs[0])
            for step in request.get_profiling_info():
                times_s[step.node_name] = times_s.get(step.node_name, 0.0) + step.real_time.total_seconds()
        executed = _list_executed(profiled)
        return [
            LayerRun(
                layer=layer.layer,
                kind=info["layerType"],
                precision=_name(info["runtimePrecision"]),
                macs=layer.macs,
                time_s=times_s[info["name"]] / _PROFILED_CALLS if info["name"] in times_s else None,
            )
            for layer in read_layers(self.path)
            for info in [layer.find(executed)]
        ]


def _list_executed(compiled: Any) -> dict[str, dict[str, str]]:
    """What the runtime tells of the layers that it runs, by the name of each node of the graph that they hold."""
    executed: dict[str, dict[str, str]] = {}
    for node in compiled.get_runtime_model().get_ordered_ops():
        info = {name: value.astype(str) for name, value in node.get_rt_info().items()}
        if info.get("layerType") in _LAYERS:
            names = info.get("originalLayersNames", "").split(",")
            executed |= {name: {**info, "name": node.get_friendly_name()} for name in names}
    return executed


def _name(precision: object) -> str:
    """Our word for a precision as OpenVINO writes it (``f32``, ``<Type: 'float32'>``)."""
    word = str(precision).removeprefix("<Type: '").removesuffix("'>").lower()
    return _NAMES.get(word, word)


def ir_name(batch: int) -> str:
    """File name of the intermediate representation for a batch size."""
    return f"batch{batch}.xml"


def examine() -> list[Finding]:
    """The version, and the precision that the CPU plugin would take if nothing were pinned."""
    import openvino  # noqa: PLC0415

    default = _name(openvino.Core().get_property("CPU", "INFERENCE_PRECISION_HINT"))
    version = Finding(check="backends", level="ok", found=f"OpenVINO {openvino.get_version()}")
    return [version, judge_default_precision(default)]


def judge_default_precision(default: str) -> Finding:
    """Whether a user who pins nothing is surprised by the precision."""
    if default == "fp32":
        return Finding(check="precision", level="ok", found="by itself it computes in fp32 here")
    return Finding(
        check="precision",
        level="warn",
        found=f"by itself it computes in {default} on this processor; rexbench pins fp32",
        remedy='set INFERENCE_PRECISION_HINT="f32" in your own code, or compare with --precisions bf16 knowingly',
    )


def open_export() -> Export:
    """The conversion to an intermediate representation, OpenVINO and its PyTorch front end being imported."""
    import openvino  # noqa: PLC0415

    assert openvino.convert_model
    return dump_ir


def dump_ir(model: torch.nn.Module | Path, examples: tuple[torch.Tensor, ...], folder: Path) -> None:
    """Convert a model at the static shapes of its examples, and write it uncompressed, so that it stays float32.

    The folder receives the ``.xml``, named by `ir_name`, and the ``.bin`` beside it.
    """
    import openvino  # noqa: PLC0415

    shapes = [tuple(example.shape) for example in examples]
    converted = read_graph(model, shapes) if isinstance(model, PurePath) else _convert(model, examples)
    openvino.save_model(converted, folder / ir_name(len(examples[0])), compress_to_fp16=False)


def _convert(module: torch.nn.Module, examples: tuple[torch.Tensor, ...]) -> Any:
    """A module as a model of OpenVINO: traced, or exported by torch where tracing fails."""
    import openvino  # noqa: PLC0415
    import torch  # noqa: PLC0415

    shapes = [tuple(example.shape) for example in examples]
    try:
        return openvino.convert_model(module, example_input=examples if examples[1:] else examples[0], input=shapes)
    except Exception:
        try:
            exported = torch.export.export(module, examples)
            converted = openvino.convert_model(exported)
            converted.reshape(dict(enumerate(shapes)))
        except Exception:  # noqa: BLE001 - the first error says more of the model
            converted = None
        if converted is None:
            raise
        return converted


INFO = BackendInfo(
    name="openvino",
    library="openvino",
    position=3,
    precisions=("fp32", "bf16", QUANTIZED),
    forms=("module", "onnx", "ir"),
    queued=True,
    colour="#0072b2",
    marker="D",
    examine=examine,
    export=open_export,
    quantize=open_quantize,
    export_key="ir",
)


def open_backend(case: Case, assets: Path) -> OpenVino:
    """OpenVINO with one request, or a queue."""
    return OpenVino(case, assets)
