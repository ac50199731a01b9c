"""What the machine did besides: counters from made-up system files, and the rules by which a round is dirty."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from bench.machine import environment
from bench.machine.interference import Usage, can_judge, find_causes, interference, read_own_ticks, read_usage


@pytest.fixture
def system(tmp_path, monkeypatch):
    """A machine of four cores, of which we may use 1 and 2, with the folders of processes to be made."""
    monkeypatch.setattr(environment, "PROC", tmp_path / "proc")
    monkeypatch.setattr(environment, "CPUS", tmp_path / "cpu")
    monkeypatch.setattr(environment, "_CGROUP", tmp_path / "cgroup")
    monkeypatch.setattr(environment, "usable_cores", lambda: frozenset({1, 2}))
    monkeypatch.setattr(os, "getpid", lambda: 100)
    (tmp_path / "proc").mkdir()
    return tmp_path


BUSY = "900 0 0 0 0 0 0 0 0 0"


def write_stat(system, *cores):
    lines = ["cpu  0 0 0 0 0 0 0 0 0 0", *(f"cpu{number} {columns}" for number, columns in enumerate(cores))]
    (system / "proc/stat").write_text("\n".join([*lines, "intr 12 0", "ctxt 7"]) + "\n")


def write_process(system, number, parent, *times, name="python"):
    folder = system / f"proc/{number}"
    folder.mkdir(exist_ok=True)
    spent = " ".join(map(str, times))
    (folder / "stat").write_text(f"{number} ({name}) S {parent} 1 1 0 -1 4194304 100 0 0 0 {spent} 20 0 1 0 9\n")


@pytest.mark.parametrize(
    ("cores", "ticks"),
    [
        ([BUSY, "10 2 3 80 1 1 1 2 5 0", "20 0 0 80 0 0 0 0 0 0", BUSY], (17 + 20, 2, 200)),
        # A container that numbers its cores anew shows 0 and 1; of those we may use it would be one, of others.
        (["10 2 3 80 1 1 1 2 5 0"] * 2, (None, None, None)),
    ],
)
def test_only_cores_that_we_may_use_count_if_all_are_listed(system, cores, ticks):
    write_stat(system, *cores)
    usage = read_usage()
    assert (usage.busy_ticks, usage.steal_ticks, usage.total_ticks) == ticks


def test_our_own_time_is_that_of_the_whole_tree_and_of_those_that_ended(system):
    write_process(system, 100, 1, 5, 6, 1, 2)
    write_process(system, 101, 100, 10, 0, 0, 0, name="a) R 7 (b")
    write_process(system, 102, 101, 100, 0, 0, 0)
    write_process(system, 200, 1, 1000, 1000, 1000, 1000)
    (system / "proc/103").mkdir()
    assert read_own_ticks(100) == 124
    assert read_own_ticks(7) is None


@pytest.mark.usefixtures("system")
def test_without_system_files_nothing_is_known_and_nothing_is_nought():
    usage = read_usage()
    told = interference(usage, usage)
    assert {name for name, value in told.items() if value is not None} <= {"load_1m"}
    assert not can_judge(told)
    assert not find_causes(told)


def test_a_container_that_sees_its_own_time_alone_knows_of_no_neighbour(system):
    write_stat(system, *["10 2 3 80 1 1 1 2 5 0"] * 4)
    mounts = "proc /proc proc rw 0 0\nlxcfs /proc/{} fuse.lxcfs rw,nosuid,nodev 0 0\n"
    (system / "proc/mounts").write_text(mounts.format("meminfo"))
    assert read_usage().total_ticks == 200
    (system / "proc/mounts").write_text(mounts.format("stat"))
    assert read_usage().total_ticks is None


def test_pressure_and_the_frequency_of_the_fastest_usable_core_are_read(system):
    (system / "proc/pressure").mkdir()
    lines = "some avg10=1.00 avg60=2.00 avg300=3.00 total={}\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=7\n"
    (system / "proc/pressure/cpu").write_text(lines.format(1_500_000))
    for core, khz in ((0, "5000000"), (1, "2000000"), (2, "3000000"), (3, "junk")):
        (system / f"cpu/cpu{core}/cpufreq").mkdir(parents=True)
        (system / f"cpu/cpu{core}/cpufreq/scaling_cur_freq").write_text(khz + "\n")
    assert (read_usage().pressure_us, read_usage().frequency_hz) == (1_500_000, 3e9)


def write_throttled(system, **periods):
    """What each of two nested control groups counts, in the outer of which this process has always been."""
    for folder, count in periods.items():
        path = system / {"outer": "cgroup/outer", "inner": "cgroup/outer/inner"}[folder]
        path.mkdir(parents=True, exist_ok=True)
        (path / "cpu.stat").write_text(f"usage_usec 12\nnr_periods 2000\nnr_throttled {count}\nthrottled_usec 3\n")


def test_throttling_of_an_inner_group_is_seen_though_an_outer_one_counted_more(system):
    (system / "proc/self").mkdir()
    (system / "proc/self/cgroup").write_text("0::/outer/inner\n")
    write_throttled(system, outer=1000, inner=5)
    before = read_usage()
    write_throttled(system, outer=1000, inner=8)
    assert interference(before, read_usage())["throttled_periods"] == 3
    write_throttled(system, outer=1004, inner=8)
    assert find_causes(interference(before, read_usage())) == {"throttled_periods": 4}


def test_counters_that_stand_still_are_not_known(system):
    """Some sandboxes show a file that is all noughts."""
    write_stat(system, *["0 0 0 0 0 0 0 0 0 0"] * 4)
    write_process(system, 100, 1, 5, 6, 1, 2)
    told = interference(read_usage(), read_usage())
    assert (told["others_percent"], told["steal_percent"]) == (None, None)


GROUP = Path("group")


UNKNOWN = Usage(at_s=0.0, pressure_us=None, steal_ticks=None, total_ticks=None, throttled=None)


def usage(at_s=0.0, **counters):
    return replace(UNKNOWN, at_s=at_s, **counters)


def between(**counters):
    """The interference of a window of 10 s on two cores in which the counters rose so."""
    rises = {"total_ticks": 2000.0, "busy_ticks": 0.0, "own_ticks": 0.0, "steal_ticks": 0.0, **counters}
    throttled = rises.pop("throttled", 0.0)
    before = usage(**dict.fromkeys(rises, 0.0), throttled={GROUP: 2.0})
    return interference(before, usage(10.0, **rises, throttled={GROUP: 2.0 + throttled}))


@pytest.mark.parametrize(
    ("counters", "percent"),
    [
        ({"busy_ticks": 1900.0, "own_ticks": 1200.0}, 35),
        ({"busy_ticks": 1900.0, "own_ticks": 1900.0}, 0),
        ({"busy_ticks": 1900.0, "own_ticks": 1940.0}, 0),
        # Neighbours that used 5 % could not be seen where our own time is 7.5 % too much.
        ({"busy_ticks": 1900.0, "own_ticks": 2050.0}, None),
        # A window too short for the clock is not judged.
        ({"total_ticks": 199.0, "busy_ticks": 90.0, "steal_ticks": 90.0}, None),
    ],
)
def test_busy_time_that_is_not_ours_is_that_of_others(counters, percent):
    counted = between(**counters, pressure_us=9.9e6)
    assert counted["cpu_pressure_percent"] == 99
    assert counted["others_percent"] == percent
    assert can_judge(counted) == (percent is not None)
    assert bool(find_causes(counted)) == bool(percent)
    assert counted["steal_percent"] == (None if "total_ticks" in counters else 0)


@pytest.mark.parametrize(
    ("counters", "causes"),
    [
        ({"busy_ticks": 100.0}, {}),
        ({"busy_ticks": 102.0}, {"others_percent": 5.1}),
        ({"steal_ticks": 20.0}, {}),
        ({"steal_ticks": 22.0}, {"steal_percent": 1.1}),
        ({"throttled": 1.0}, {"throttled_periods": 1.0}),
    ],
)
def test_a_round_is_dirty_above_its_limits_only(counters, causes):
    assert find_causes(between(**counters)) == pytest.approx(causes)


@pytest.mark.parametrize(("after", "dirty"), [(2.8e9, False), (2.6e9, True), (3.5e9, False), (None, False)])
def test_a_round_is_dirty_where_its_frequency_falls(after, dirty):
    told = interference(usage(frequency_hz=3e9), usage(10.0, frequency_hz=after))
    assert bool(find_causes(told)) is dirty


def spin(seconds):
    return [sys.executable, "-c", f"import time\nend = time.time() + {seconds}\nwhile time.time() < end: pass"]


needs_counters = pytest.mark.skipif(read_usage().own_ticks is None, reason="the system has no counters of processes")


@needs_counters
@pytest.mark.survival
def test_a_busy_neighbour_is_seen_and_our_own_work_is_not():
    """The neighbour's parent has ended, so it is not of our tree."""
    neighbour = ["sh", "-c", '"$@" & exit 0', "sh", *spin(3)]
    with subprocess.Popen(spin(2)), subprocess.Popen(neighbour):
        time.sleep(0.3)
        before = read_usage()
        time.sleep(1.4)
        after = read_usage()
    assert after.own_ticks - before.own_ticks > 20
    assert "others_percent" in find_causes(interference(before, after))


@pytest.mark.parametrize(("clock", "percent"), [(0.0, 100 * 12 / 5850), (None, 0)])
def test_time_in_no_column_was_not_idle(clock, percent):
    """Busy time is sampled once a tick; ours is exact, and may be more."""
    before = usage(steal_ticks=0.0, total_ticks=0.0, busy_ticks=0.0, own_ticks=0.0, clock_ticks=clock)
    after = replace(before, at_s=30.0, total_ticks=5850.0, busy_ticks=5700.0, own_ticks=5838.0, clock_ticks=6000.0)
    assert interference(before, after)["others_percent"] == pytest.approx(percent)


def test_the_clock_and_the_columns_agree_on_this_machine():
    usage = read_usage()
    if usage.total_ticks is None:
        pytest.skip("this system does not tell")
    assert usage.clock_ticks == pytest.approx(usage.at_s * len(environment.usable_cores()) * 100, rel=0.5)
