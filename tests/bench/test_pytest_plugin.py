"""pytest is the loop: selection, statistics and exit codes work as its users know them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from bench import pytest_plugin
from bench.machine.lock import MachineLock
from bench.pytest_plugin import ReplayClock
from bench.store.store import Store

pytestmark = pytest.mark.survival

SUITES = Path(__file__).parents[2] / "bench/suites"
TINY = [
    "--models",
    "rexnet_0.5",
    "--resolutions",
    "32",
    "--batch-sizes",
    "1",
    "--rounds",
    "1",
    "--backends",
    "openvino",
]


def start(folder, *words, module="rexbench", **variables):
    command, env = [sys.executable, "-m", module, *words], {**os.environ, **variables}
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=240, check=False, env=env)


def check_refusal(folder, line, *words):
    """Suites end with code 2 and a line, without a traceback."""
    done = start(folder, "suites", *words)
    assert done.returncode == 2, done.stdout + done.stderr
    assert line in done.stdout + done.stderr
    assert "Traceback" not in done.stderr + done.stdout


def test_replay_clock_shows_each_duration_between_two_looks():
    clock = ReplayClock()
    clock.load([0.5, 0.25])
    looks = [clock() for _ in range(4)]
    assert [looks[1] - looks[0], looks[3] - looks[2]] == [0.5, 0.25]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """One small real run, through the suites, where the user's settings ask for two processes."""
    folder = tmp_path_factory.mktemp("suites")
    words = [*TINY, "--benchmark-json", "times.json", "-q"]
    return folder, start(folder, "suites", *words, PYTEST_ADDOPTS="-n 2 --dist loadfile")


def test_suites_run_all_cases_here_whatever_plugins_are_asked_to_do(finished):
    _, done = finished
    left_out = "rexbench: --numprocesses, --dist, --tx left out: cases that are measured at the same time disturb"
    assert left_out in done.stderr
    assert "2 passed" in done.stdout


@pytest.mark.parametrize(
    ("option", "value", "alone"),
    [
        ("numprocesses", 2, None),
        ("numprocesses", "auto", None),
        ("dist", "load", "no"),
        ("tx", ["popen"], []),
        ("forked", True, False),
        ("workers", "2", None),
        ("tests_per_worker", "2", None),
        ("parallel_threads", 4, 1),
    ],
)
def test_options_that_run_tests_apart_are_left_out_and_told(capsys, option, value, alone):
    options = SimpleNamespace(**{option: value, "store": "x"})
    pytest_plugin._keep_together(options)
    assert getattr(options, option) == alone
    assert f"--{option.replace('_', '-')} left out" in capsys.readouterr().err
    pytest_plugin._keep_together(options)
    assert capsys.readouterr().err == ""


def test_suites_end_with_the_path_of_a_report(finished):
    folder, done = finished
    assert done.returncode == 0, done.stdout + done.stderr
    last = done.stdout.strip().splitlines()[-1]
    assert last.startswith("report: ")
    assert (folder / last.removeprefix("report: ")).is_file()


def test_samples_of_the_worker_are_the_rounds_of_pytest_benchmark(finished):
    folder, _ = finished
    with Store(f"sqlite:///{folder}/results/rexbench.db") as store:
        [measurement] = store.measurements(store.find_run().id)
    samples = [sample for part in measurement.rounds for turn in part.turns_s for sample in turn]
    benchmarks = json.loads((folder / "times.json").read_text())["benchmarks"]
    [entry] = [one for one in benchmarks if one["name"].startswith("test_latency")]
    assert entry["stats"]["rounds"] == len(samples)
    assert entry["stats"]["data"] == pytest.approx(samples)
    assert entry["extra_info"]["backend"] == "openvino"
    done = start(folder, "compare", "times.json", module="pytest_benchmark")
    assert done.returncode == 0
    assert "test_latency[rexnet_0.5-32-b1-openvino]" in done.stdout


def test_report_rebuilds_from_the_store_with_the_keys_others_rely_on(finished, tmp_path):
    folder, _ = finished
    store = f"sqlite:///{folder}/results/rexbench.db"
    done = start(tmp_path, "report", "--store", store, "--json", "--csv", "cases.csv")
    document = json.loads(done.stdout)
    assert done.returncode == 0
    assert set(document) >= {"run", "report", "cases"}
    assert (tmp_path / document["report"]).is_file()
    [case] = document["cases"]
    expected = "model resolution batch backend precision memory_format threads status reason latency_s latency_low_s"
    assert {*expected.split(), "latency_high_s", "throughput_per_s"} <= set(case)
    assert (case["backend"], case["status"]) == ("openvino", "ok")
    # Fewer than three rounds have no interval; a second is there where both were dirty.
    assert (case["latency_low_s"] is None) == (case["rounds"] < 3)
    assert case["latency_s"] > 0
    assert (tmp_path / "cases.csv").read_text().startswith("model,resolution,batch,backend")


def test_suites_that_cannot_run_are_a_usage_error_in_one_line_and_leave_no_store(tmp_path):
    check_refusal(tmp_path, "ERROR: unknown model 'rexnt_1.0'; did you mean 'rexnet_1.0'?", "--models", "rexnt_1.0")
    with MachineLock():
        check_refusal(tmp_path, "another run is measuring on this machine", *TINY, "-k", "latency")
    assert list(tmp_path.rglob("*.db")) == []
    (tmp_path / "notes.db").write_text("no database" * 100)
    line = "can't open the store sqlite:///notes.db"
    check_refusal(tmp_path, line, *TINY, "--store", "sqlite:///notes.db", "-k", "latency")


def test_selection_by_name_runs_that_case_alone(tmp_path):
    grid = ["--models", "rexnet_1.0", "rexnet_1.3", "--batch-sizes", "1", "8"]
    done = start(tmp_path, "suites", *grid, "--collect-only", "-q", "-k", "latency and openvino and b8")
    cases = [line for line in done.stdout.splitlines() if "test_latency" in line]
    assert len(cases) == 2
    assert all("openvino" in line and "b8" in line for line in cases)


@pytest.mark.parametrize(
    ("words", "present", "absent"), [((), "latency", "overhead"), (("-m", "extra"), "overhead", "latency")]
)
def test_extras_are_left_out_unless_asked_for(tmp_path, words, present, absent):
    listed = start(tmp_path, "suites", "--collect-only", "-q", *words).stdout
    assert f"test_{present}" in listed
    assert f"test_{absent}" not in listed
