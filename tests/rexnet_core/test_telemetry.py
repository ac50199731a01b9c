"""Libraries that tell their makers what they were used for can't."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
CODE = """
from rexnet_core.telemetry import refuse_telemetry
refuse_telemetry()
from openvino.tools.ovc import telemetry_utils
print(telemetry_utils.tm.__name__)
"""


def test_openvino_takes_its_stub_for_the_sender():
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["openvino.tools.ovc.telemetry_stub"]


def test_each_program_refuses_telemetry_before_it_works():
    for name in ("bench/worker.py", "bench/assets.py", "bench/describe.py", "rexbench/cli.py"):
        assert "    refuse_telemetry()\n" in (ROOT / name).read_text(), name
