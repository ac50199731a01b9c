"""ONNX Runtime on the CPU.

Its threads sleep while they have nothing to do: left alone, they spin, which takes a core from whatever else is alive.
"""

from __future__ import annotations

import itertools
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import psutil

from bench.backends import BackendInfo, Finding, Unavailable
from bench.backends.instruction_sets import PROCESSOR, read_processor
from bench.backends.onnx_export import find_missing, int8_name, onnx_name, open_export
from bench.backends.onnx_int8 import quantize
from bench.backends.onnx_layers import Finder, load_layers
from bench.backends.onnx_session import CPU, Profile, name_precision, open_session
from bench.backends.openmp import find_mixed_openmp
from bench.records.case import QUANTIZED
from bench.records.measurement import Effective, LayerRun

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from bench.backends import Images, Logits
    from bench.backends.info import Quantize
    from bench.backends.onnx_session import Node
    from bench.records.case import Case

#: Calls under the profiler whose times are used, and those before, in which memory is taken.
_PROFILED_CALLS, _SETTLING_CALLS = 20, 3


class OnnxRuntime:
    """A session that one thread calls; in the throughput scenario several threads call it at once."""

    def __init__(self, case: Case, assets: Path) -> None:
        self.case = case
        self.path = assets / (int8_name if case.precision == QUANTIZED else onnx_name)(case.batch)
        self.callers = case.streams if case.scenario == "throughput" else 1
        self.pool: ThreadPoolExecutor | None = None
        self.values: list[list[Any]] = []
        self.bindings: list[list[Any]] = []
        self.nodes: list[Node] | None = None

    def load(self) -> None:
        """Import the runtime; its threads are given to the session."""
        if missing := find_missing("onnxruntime"):
            raise Unavailable(missing)
        import onnxruntime  # noqa: PLC0415 - imported inside the worker, and timed there

        self.runtime = onnxruntime

    def build(self) -> None:
        """Nothing: the model comes as a file."""

    def convert(self) -> None:
        """Nothing: the session reads the file."""

    def compile(self) -> None:
        """Open a session: the runtime rewrites the graph, and lays the weights out for its kernels."""
        self.first = Profile(self.path.parent)
        before = psutil.Process().num_threads()
        self.session = self._open(self.first)
        self.pool_threads = psutil.Process().num_threads() - before
        if self.case.scenario == "throughput":
            self.pool = ThreadPoolExecutor(self.callers)

    def _open(self, profile: Profile) -> Any:
        """A session whose threads and the callers together are as many as the case has."""
        return open_session(self.path, self.case.threads - self.callers + 1, profile)

    def feed(self, *inputs: Images) -> None:
        """Bind the inputs over the same memory, so that no copy is timed; each caller has bindings of its own."""
        wrap = self.runtime.OrtValue.ortvalue_from_numpy
        names = [one.name for one in self.session.get_inputs()]
        self.values = [[wrap(np.ascontiguousarray(values)) for values in batch] for batch in zip(*inputs, strict=True)]
        self.bindings = [
            [self._bind(dict(zip(names, batch, strict=True))) for batch in self.values] for _ in range(self.callers)
        ]

    def _bind(self, values: dict[str, Any]) -> Any:
        binding = self.session.io_binding()
        for name, value in values.items():
            binding.bind_ortvalue_input(name, value)
        for output in self.session.get_outputs():
            binding.bind_output(output.name)
        return binding

    def runner(self, index: int) -> Callable[[], object]:
        """One inference; in the throughput scenario one from each caller at once."""
        if self.pool is not None:
            return self._callers_runner(index)
        call, binding = self.session.run_with_iobinding, self.bindings[0][index]

        def run() -> object:
            call(binding)
            return binding

        return run

    def _callers_runner(self, index: int) -> Callable[[], object]:
        """One request from each caller: for the warm-up, not for what is counted."""
        pool, call = cast("ThreadPoolExecutor", self.pool), self.session.run_with_iobinding
        bindings = [own[index] for own in self.bindings]

        def run() -> object:
            list(pool.map(call, bindings))
            return bindings[0]

        return run

    def request(self, index: int) -> Callable[[], object]:
        """One request from one of the callers."""
        pool, call = cast("ThreadPoolExecutor", self.pool), self.session.run_with_iobinding
        binding = self.bindings[0][index]

        def run() -> object:
            pool.submit(call, binding).result()
            return binding

        return run

    def pump(self, until_s: float, least: int, most: int) -> list[tuple[float, float]]:
        """Let every caller call until the time is up, one request after the other."""
        pool, taken = cast("ThreadPoolExecutor", self.pool), itertools.count()

        def call(bindings: list[Any]) -> list[tuple[float, float]]:
            return list(self._request_times(bindings, taken, until_s, least, most))

        return [times for of_caller in pool.map(call, self.bindings) for times in of_caller]

    def _request_times(
        self, bindings: list[Any], taken: Iterator[int], until_s: float, least: int, most: int
    ) -> Iterator[tuple[float, float]]:
        """Start and end of each request of one caller [s]; the callers take the inputs in turn."""
        call = self.session.run_with_iobinding
        for own, number in enumerate(taken):
            begun = time.monotonic()
            if own >= least and (number >= most or begun >= until_s):
                return
            call(bindings[number % len(bindings)])
            yield begun, time.monotonic()

    def read(self, output: object) -> list[Logits]:
        """A copy of each output tensor."""
        if self.nodes is None:  # after the first inference: what is written of later ones would take memory
            self.nodes = self.first.close(self.session)
        return [np.array(value.numpy(), dtype=np.float32) for value in cast("Any", output).get_outputs()]

    def effective(self) -> Effective:
        """What the profile of the first inference says of every node, and how many threads the session began."""
        assert self.nodes is not None, "effective is asked for after an output was read"
        providers = sorted({node.provider for node in self.nodes}) or self.session.get_providers()
        return Effective(
            precision=self._name_precision(self.nodes),
            threads=self.callers + self.pool_threads,
            streams=self.callers,
            jobs=self.callers,
            memory_format="runtime",
            device="cpu" if providers == [CPU] else " and ".join(providers),
            details={
                "version": self.runtime.__version__,
                "providers": providers,
                PROCESSOR: read_processor(),
            },
        )

    def _name_precision(self, nodes: Sequence[Node]) -> str | None:
        """Of the nodes that compute; of a quantised model, of the layers that are quantised in its file."""
        quantized = [layer for layer in load_layers(self.path) if layer.quantized]
        if self.case.precision != QUANTIZED or not quantized:
            return name_precision(node.precision for node in nodes if node.computes)
        ran = Finder(quantized).pair(nodes)
        unseen = {layer.name for layer in quantized} - {layer.name for layer, _ in ran}
        return name_precision([*(node.precision for _, node in ran), *(["unknown"] if unseen else [])])

    def profile(self) -> list[LayerRun]:
        """The layers in another session, whose profile holds several calls."""
        profile = Profile(self.path.parent)
        session = self._open(profile)
        fed = {one.name: value for one, value in zip(session.get_inputs(), self.values[0], strict=True)}
        for _ in range(_SETTLING_CALLS + _PROFILED_CALLS):
            session.run_with_ort_values(None, fed)
        ran = Finder(load_layers(self.path)).pair(profile.close(session))
        if not ran:
            return []
        each = len(ran) // (_SETTLING_CALLS + _PROFILED_CALLS)
        times_s = np.reshape([node.time_s for _, node in ran], (-1, each))[_SETTLING_CALLS:]
        return [
            LayerRun(
                layer=layer.name,
                kind=node.kind,
                precision=node.precision,
                macs=layer.macs,
                time_s=float(time_s),
                provider=node.provider,
            )
            for (layer, node), time_s in zip(ran[:each], np.median(times_s, axis=0), strict=True)
        ]


def find_obstacle() -> str:
    """Which package is missing."""
    return find_missing("onnxruntime", "onnx", "onnxscript")


def open_quantize() -> Quantize:
    """The function that quantises, with what it needs imported.

    Raises:
        Unavailable: A package is missing.
    """
    if missing := find_missing("onnx", "onnxruntime"):
        raise Unavailable(missing)
    import onnxruntime.quantization  # noqa: PLC0415

    assert onnxruntime.quantization
    return quantize


def examine() -> list[Finding]:
    """The version, the providers, and what is surprising about threads and int8."""
    if find_obstacle():
        return []
    import onnxruntime  # noqa: PLC0415

    providers = ", ".join(onnxruntime.get_available_providers())
    return [
        Finding(check="backends", level="ok", found=f"ONNX Runtime {onnxruntime.__version__} with {providers}"),
        Finding(check="threads", level="ok", found="by itself its threads spin between calls; those of rexbench sleep"),
        *find_mixed_openmp(),
    ]


INFO = BackendInfo(
    name="onnxruntime",
    library="onnxruntime",
    extra="onnx",
    position=5,
    precisions=("fp32", QUANTIZED),
    forms=("module", "onnx"),
    queued=True,
    hint=False,
    tuning_variables=("ORT_",),
    colour="#882255",
    marker="X",
    find_obstacle=find_obstacle,
    examine=examine,
    export=open_export,
    quantize=open_quantize,
)


def open_backend(case: Case, assets: Path) -> OnnxRuntime:
    """ONNX Runtime with one caller, or several."""
    return OnnxRuntime(case, assets)
