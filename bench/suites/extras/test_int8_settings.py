"""What NNCF's settings, and layers left in fp32, are worth to ReXNet in int8: agreement with fp32 beside the time.

Every variant is quantised from one graph on the same 64 generated images and compared on 64 others. The signal to
noise is that of the logits. Times are ratios to the int8 form that rexbench measures, from turns of all variants side
by side.
"""

from __future__ import annotations

import logging
import os
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from bench.backends import Unavailable
from bench.backends.openvino import ir_name
from bench.backends.openvino_int8 import list_layers, open_quantize, run_nncf
from bench.machine.environment import read_thread_budget
from bench.records.case import Case
from bench.statistics.parity import cosine_similarities
from bench.suites.support.interleaved_timing import ratio_of_medians, time_in_turns
from bench.workers.executor import ProcessExecutor
from bench.workers.shared_files import prepare_task
from rexnet_core.calibration import make_images

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.extra

IMAGES = 64
BUDGET_S = 60.0
MODEL = os.environ.get("REXBENCH_INT8_MODEL", "rexnet_1.0")
#: Layers that stay in fp32, by what their name holds.
LEFT_OUT = {
    "stem in fp32": ("stem.",),
    "depthwise convolutions in fp32": (".depthwise.",),
    "expanding convolutions in fp32": (".expand.",),
    "projecting convolutions in fp32": (".project.",),
    "last two stages in fp32": ("stages.4", "stages.5", "stages.6"),
    "head and classifier in fp32": ("head", "classifier"),
}


def make_variants() -> dict[str, dict[str, Any]]:
    import nncf  # noqa: PLC0415
    from nncf.quantization.advanced_parameters import AdvancedSmoothQuantParameters  # noqa: PLC0415

    smooth = AdvancedSmoothQuantParameters(convolution=0.5, matmul=0.5)
    return {
        "as rexbench does": {},
        "ranges of activations per channel (NNCF's default)": {"per_channel": True},
        "preset performance": {"preset": nncf.QuantizationPreset.PERFORMANCE},
        "model type transformer": {"model_type": nncf.ModelType.TRANSFORMER},
        "accurate bias correction": {"fast_bias_correction": False},
        "no bias correction": {"advanced": {"disable_bias_correction": True}},
        "smooth quantisation": {"advanced": {"smooth_quant_alphas": smooth}},
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The graph of the model with calibrated weights."""
    folder = tmp_path_factory.mktemp("settings")
    case = Case(model=MODEL, resolution=224, batch=1, backend="openvino", threads=read_thread_budget())
    ProcessExecutor().prepare(prepare_task([case], folder, seed=0), 600)
    return folder


def open_run(graph: Any) -> Callable[[np.ndarray], np.ndarray]:
    import openvino  # noqa: PLC0415

    config = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": str(read_thread_budget())}
    request = openvino.Core().compile_model(graph, "CPU", {**config, "NUM_STREAMS": "1"}).create_infer_request()
    return lambda image: request.infer([image])[0].copy()


def describe(exact: np.ndarray, found: np.ndarray) -> str:
    noise = 10 * np.log10(np.square(exact).sum() / np.square(exact - found).sum())
    cosines = cosine_similarities(exact.astype(float), found.astype(float))
    same = (exact.argmax(1) == found.argmax(1)).mean()
    return f"{noise:5.1f} dB, cosine {cosines.mean():.4f} (least {cosines.min():.4f}), same class {same:4.0%}"


def test_settings_and_layers_left_in_fp32(folder: Path) -> None:
    import openvino  # noqa: PLC0415

    try:
        open_quantize()
    except Unavailable as error:
        pytest.skip(str(error))
    import nncf  # noqa: PLC0415

    nncf.set_log_level(logging.CRITICAL)
    core, path = openvino.Core(), folder / ir_name(1)
    batches = [(image[None],) for image in make_images(IMAGES, 224, 3)]
    others = [image[None] for image in make_images(IMAGES, 224, 4)]
    runs = {"fp32": open_run(core.read_model(path))}
    exact = np.concatenate([runs["fp32"](image) for image in others])
    names = read_names(folder)
    variants = make_variants() | {name: {"ignored": parts} for name, parts in LEFT_OUT.items()}
    shares = {"fp32": 0.0}
    for name, options in variants.items():
        parts = options.pop("ignored", ())
        if nodes := [node for node, layer in names.items() if any(part in layer for part in parts)]:
            options["ignored_scope"] = nncf.IgnoredScope(names=nodes)
        quantized = run_nncf(core.read_model(path), batches, **options)
        layers = list(list_layers(quantized, [], 1))
        shares[name] = sum(one.macs for one in layers if one.quantized) / sum(one.macs for one in layers)
        runs[name] = open_run(quantized)
    logits = {name: np.concatenate([run(image) for image in others]) for name, run in runs.items()}
    times = time_in_turns({name: partial(run, others[0]) for name, run in runs.items()}, budget_s=BUDGET_S)
    for name in runs:
        ratio = ratio_of_medians(times[name], times["as rexbench does"])
        agreement = describe(exact, logits[name]) if name != "fp32" else "the reference"
        line = f"{name:52} {ratio.value:.2f} [{ratio.low:.2f}, {ratio.high:.2f}] {shares[name]:4.0%} {agreement}"
        print(f"\n{line}", end="")  # noqa: T201
    usual = cosine_similarities(exact.astype(float), logits["as rexbench does"].astype(float))
    assert usual.mean() > 0.95


def read_names(folder: Path) -> dict[str, str]:
    """The module's layer of each node of the graph."""
    import openvino  # noqa: PLC0415

    from bench.backends.layer_names import list_module_layers  # noqa: PLC0415
    from rexnet_core import create_model  # noqa: PLC0415

    calls = list_module_layers(create_model(MODEL).eval(), [np.zeros((1, 3, 224, 224), np.float32)])
    graph = openvino.Core().read_model(folder / ir_name(1))
    return {layer.node: layer.layer for layer in list_layers(graph, calls, 1)}
