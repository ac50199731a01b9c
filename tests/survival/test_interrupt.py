"""Ctrl-C in the middle of a real run. It waits for a round of real workers, so it is an extra."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import psutil
import pytest

from bench.store.store import Store
from rexnet_core.errors import StoreError

pytestmark = pytest.mark.survival


def test_ctrl_c_keeps_finished_rounds_writes_the_report_and_leaves_no_process(tmp_path):
    words = ["--models", "rexnet_0.5", "--resolutions", "32", "--batch-sizes", "1", "--backends", "eager", "openvino"]
    command = [sys.executable, "-m", "rexbench", "run", *words, "--rounds", "50", "--target", "1e-9"]
    run = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    _wait_for_a_round(f"sqlite:///{tmp_path}/results/rexbench.db")
    children = psutil.Process(run.pid).children(recursive=True)
    run.send_signal(signal.SIGINT)
    out, err = run.communicate(timeout=60)
    assert run.returncode == 1
    assert "stopped; finished cases are kept" in err
    assert "Traceback" not in err
    assert list(tmp_path.glob("results/*/report.html"))
    assert "report: " in out
    assert not psutil.wait_procs(children, timeout=10)[1]
    store = Store(f"sqlite:///{tmp_path}/results/rexbench.db")
    found = store.find_run()
    assert found.status == "interrupted"
    assert all(one.rounds for one in store.measurements(found.id))


def _wait_for_a_round(url):
    for _ in range(600):
        time.sleep(0.2)
        try:
            store = Store(url, create=False)
            if any(one.rounds for one in store.measurements(store.find_run().id)):
                return
        except StoreError:
            continue
    pytest.fail("no round within two minutes")
