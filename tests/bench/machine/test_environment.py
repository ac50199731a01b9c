"""The thread budget and what is read of the machine."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bench.machine import environment
from bench.machine.interference import Usage, interference

GROUP = Path("group")


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
    (cgroup / "outer/inner/cpu.max").write_text("max 100000\n")
    assert environment.read_quota() is None
    (cgroup / "outer/cpu.max").write_text("150000 100000\n")
    assert environment.read_quota() == 1.5


@pytest.mark.parametrize(("group", "quota_us", "quota"), [("box", "250000", 2.5), ("", "-1", None)])
def test_quota_of_version_1_is_read(cgroup, tmp_path, group, quota_us, quota):
    (tmp_path / "proc/self/cgroup").write_text(f"4:cpu,cpuacct:/{group}\n")
    folder = cgroup / "cpu" / group
    folder.mkdir(parents=True)
    (folder / "cpu.cfs_quota_us").write_text(f"{quota_us}\n")
    (folder / "cpu.cfs_period_us").write_text("100000\n")
    assert environment.read_quota() == quota


@pytest.mark.parametrize(
    ("affinity", "quota", "budget"), [(4, 0.5, 1), (4, 1.0, 1), (4, 1.99, 1), (4, 8.0, 4), (8, None, 4)]
)
def test_neither_a_part_of_a_core_nor_a_hyperthread_is_a_thread(monkeypatch, affinity, quota, budget):
    monkeypatch.setattr(environment, "_affinity", lambda: affinity)
    monkeypatch.setattr(environment, "_cores", lambda: 4)
    monkeypatch.setattr(environment, "read_quota", lambda: quota)
    assert environment.read_thread_budget() == budget


@pytest.mark.parametrize(
    ("before", "after", "shares"),
    [
        ((0, 0, 0, {GROUP: 2}), (1_000_000, 20, 400, {GROUP: 5}), (50, 5, 3)),
        ((None,) * 4, (None,) * 4, (None, None, None)),
    ],
)
def test_interference_is_a_share_of_the_time_between_or_unknown(before, after, shares):
    names = ("pressure_us", "steal_ticks", "total_ticks", "throttled")
    usages = [Usage(at_s=at, **dict(zip(names, one, strict=True))) for at, one in ((10, before), (12, after))]
    counted = interference(*usages)
    assert tuple(counted[name] for name in ("cpu_pressure_percent", "steal_percent", "throttled_periods")) == shares


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


@pytest.mark.parametrize("gone", ["proc/driver/nvidia/version", "dev/nvidia0"])
def test_a_driver_without_a_device_or_the_reverse_is_none(devices, gone):
    (devices / gone).unlink()
    (devices / "dev/nvidiactl").write_text("")
    assert not environment.has_nvidia_gpu()


@pytest.mark.parametrize(("visible", "present"), [(None, True), ("", False), ("-1", False), ("0", True), ("1,0", True)])
@pytest.mark.usefixtures("devices")
def test_a_driver_and_a_device_are_a_gpu_unless_the_user_hides_it(monkeypatch, visible, present):
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert environment.has_nvidia_gpu() is present


def test_environment_names_what_decides_a_number():
    read = environment.read_environment()
    assert set(read) == {"cpu", "limits", "system", "libraries", "git"}
    assert read["cpu"]["model"]
    assert {"torch", "openvino", "numpy"} <= set(read["libraries"])
    assert read["limits"]["threads"] == environment.read_thread_budget()
