"""The thread budget and what is read of the machine."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bench.machine import environment
from bench.machine.interference import Usage, interference


@pytest.fixture
def cgroup(tmp_path, monkeypatch):
    """A control group hierarchy of version 2 with this process two levels down."""
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/cgroup").write_text("0::/outer/inner\n")
    (tmp_path / "group/outer/inner").mkdir(parents=True)
    monkeypatch.setattr(environment, "PROC", tmp_path / "proc")
    monkeypatch.setattr(environment, "_CGROUP", tmp_path / "group")
    return tmp_path / "group"


def test_budget_is_at_least_one_and_at_most_the_cores():
    assert 1 <= environment.read_thread_budget() <= os.cpu_count()


def test_quota_is_the_tightest_of_the_enclosing_groups(cgroup):
    (cgroup / "outer/cpu.max").write_text("150000 100000\n")
    (cgroup / "outer/inner/cpu.max").write_text("max 100000\n")
    assert environment.read_quota() == 1.5


def test_no_limit_is_none(cgroup):
    (cgroup / "outer/inner/cpu.max").write_text("max 100000\n")
    assert environment.read_quota() is None


def test_quota_of_version_1_is_read(cgroup, tmp_path):
    (tmp_path / "proc/self/cgroup").write_text("4:cpu,cpuacct:/box\n")
    box = cgroup / "cpu/box"
    box.mkdir(parents=True)
    (box / "cpu.cfs_quota_us").write_text("250000\n")
    (box / "cpu.cfs_period_us").write_text("100000\n")
    assert environment.read_quota() == 2.5


def test_unlimited_quota_of_version_1_is_none(cgroup, tmp_path):
    (tmp_path / "proc/self/cgroup").write_text("4:cpu,cpuacct:/\n")
    (cgroup / "cpu").mkdir()
    (cgroup / "cpu/cpu.cfs_quota_us").write_text("-1\n")
    (cgroup / "cpu/cpu.cfs_period_us").write_text("100000\n")
    assert environment.read_quota() is None


@pytest.mark.parametrize(("quota", "budget"), [("50000", 1), ("100000", 1), ("199000", 1), ("800000", 4)])
def test_a_part_of_a_core_is_no_thread(cgroup, monkeypatch, quota, budget):
    (cgroup / "outer/inner/cpu.max").write_text(f"{quota} 100000\n")
    monkeypatch.setattr(environment, "_affinity", lambda: 4)
    monkeypatch.setattr(environment, "_cores", lambda: 4)
    assert environment.read_thread_budget() == budget


def test_hyperthreads_are_no_cores(monkeypatch):
    monkeypatch.setattr(environment, "_affinity", lambda: 8)
    monkeypatch.setattr(environment, "_cores", lambda: 4)
    monkeypatch.setattr(environment, "read_quota", lambda: None)
    assert environment.read_thread_budget() == 4


def test_contamination_is_a_share_of_the_time_between():
    group = Path("group")
    before = Usage(at_s=10, pressure_us=0, steal_ticks=0, total_ticks=0, throttled={group: 2})
    after = Usage(at_s=12, pressure_us=1_000_000, steal_ticks=20, total_ticks=400, throttled={group: 5})
    told = interference(before, after)
    assert (told["cpu_pressure_percent"], told["steal_percent"], told["throttled_periods"]) == (50, 5, 3)


def test_what_cannot_be_read_stays_unknown():
    nothing = Usage(at_s=0, pressure_us=None, steal_ticks=None, total_ticks=None, throttled=None)
    told = interference(nothing, nothing)
    assert (told["cpu_pressure_percent"], told["steal_percent"], told["throttled_periods"]) == (None, None, None)


@pytest.fixture
def devices(tmp_path, monkeypatch):
    """A machine with an NVIDIA driver and one GPU."""
    (tmp_path / "proc/driver/nvidia").mkdir(parents=True)
    (tmp_path / "proc/driver/nvidia/version").write_text("NVRM version: NVIDIA UNIX x86_64 Kernel Module\n")
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev/nvidia0").write_text("")
    monkeypatch.setattr(environment, "PROC", tmp_path / "proc")
    monkeypatch.setattr(environment, "_DEV", tmp_path / "dev")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return tmp_path


@pytest.mark.usefixtures("devices")
def test_a_driver_and_a_device_are_a_gpu():
    assert environment.has_nvidia_gpu()


@pytest.mark.parametrize("gone", ["proc/driver/nvidia/version", "dev/nvidia0"])
def test_a_driver_without_a_device_or_the_reverse_is_none(devices, gone):
    (devices / gone).unlink()
    (devices / "dev/nvidiactl").write_text("")
    assert not environment.has_nvidia_gpu()


@pytest.mark.parametrize(("shown", "there"), [("", False), ("-1", False), ("0", True), ("1,0", True)])
@pytest.mark.usefixtures("devices")
def test_a_gpu_that_the_user_hides_is_none(monkeypatch, shown, there):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", shown)
    assert environment.has_nvidia_gpu() is there


def test_environment_names_what_decides_a_number():
    told = environment.read_environment()
    assert set(told) == {"cpu", "limits", "system", "libraries", "git"}
    assert told["cpu"]["model"]
    assert {"torch", "openvino", "numpy"} <= set(told["libraries"])
    assert told["limits"]["threads"] == environment.read_thread_budget()
