"""What a probe adds to the forward pass it watches, in time and in memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from analysis.rank.network.images import generated_images
from analysis.rank.network.probe import probe
from analysis.rank.network.setting import DEFAULT_BATCH, DEFAULT_COUNT
from bench.suites.support.interleaved_timing import mean_ratio, record_ratio, time_in_turns
from rexnet_core import create_model
from rexnet_core.calibration import calibrate

pytestmark = pytest.mark.extra

MODEL, RESOLUTION = "rexnet_1.0", 224
TURNS = 5
FEW, MANY = 64, 1024

# White noise, made batch by batch. VmHWM and not ru_maxrss: the latter is handed down from the process that starts
# another, so that a large parent would be measured twice.
_PEAK = """
import sys
from pathlib import Path
from analysis.rank.network.images import generated_images
from analysis.rank.network.probe import probe
from rexnet_core import create_model
count = int(sys.argv[1])
source = generated_images("white", resolution={resolution}, count=count)
probe(create_model({model!r}), source.batches({batch}), count=count)
[line] = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:")]
print(int(line.split()[1]) * 1024)
"""


def test_a_probe_with_the_default_sampling_against_the_bare_forward_pass(benchmark: Any) -> None:
    """Target: at most 3 times the bare forward pass of the same images, decompositions included."""
    model = create_model(MODEL)
    calibrate(model, RESOLUTION, seed=0)
    batches = list(generated_images("white", resolution=RESOLUTION, count=DEFAULT_COUNT).batches(DEFAULT_BATCH))

    def bare() -> None:
        with torch.no_grad():
            for batch in batches:
                model(batch)

    def probed() -> None:
        probe(model, iter(batches), count=DEFAULT_COUNT)

    times = time_in_turns({"probe": probed, "bare": bare}, budget_s=0, least_turns=TURNS, warm_up=1)
    ratio = mean_ratio(times["probe"], times["bare"])
    benchmark.extra_info.update(images=DEFAULT_COUNT, batch=DEFAULT_BATCH, **times)
    benchmark.pedantic(lambda: None)
    text = f"{TURNS} pairs of {DEFAULT_COUNT} images: probe / bare forward"
    record_ratio(benchmark, "probe_over_bare", ratio, text)
    assert ratio.high <= 3


def _peak_bytes(count: int) -> int:
    if not Path("/proc/self/status").exists():
        pytest.skip("the peak of one process is read from /proc")
    code = _PEAK.format(model=MODEL, resolution=RESOLUTION, batch=DEFAULT_BATCH)
    done = subprocess.run([sys.executable, "-c", code, str(count)], capture_output=True, text=True, check=True)
    return int(done.stdout)


def test_memory_does_not_grow_with_the_number_of_images(benchmark: Any) -> None:
    """Target: 16 times the images take at most a tenth more memory."""
    peaks = {count: _peak_bytes(count) for count in (FEW, MANY)}
    growth = peaks[MANY] / peaks[FEW]
    benchmark.extra_info.update(peak_bytes={str(count): peak for count, peak in peaks.items()})
    benchmark.pedantic(lambda: None)
    shown = ", ".join(f"{count} images {peak / 2**20:.0f} MiB" for count, peak in peaks.items())
    print(f"\npeak memory: {shown}, ratio {growth:.3f}", end="")  # noqa: T201
    assert growth <= 1.1
