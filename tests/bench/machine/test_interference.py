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


def write_stat(system, *cores):
    lines = ["cpu  0 0 0 0 0 0 0 0 0 0", *(f"cpu{number} {columns}" for number, columns in enumerate(cores))]
    (system / "proc/stat").write_text("\n".join([*lines, "intr 12 0", "ctxt 7"]) + "\n")


def write_process(system, number, parent, *times, name="python"):
    folder = system / f"proc/{number}"
    folder.mkdir(exist_ok=True)
    spent = " ".join(map(str, times))
    (folder / "stat").write_text(f"{number} ({name}) S {parent} 1 1 0 -1 4194304 100 0 0 0 {spent} 20 0 1 0 9\n")


def test_only_cores_that_we_may_use_count(system):
    write_stat(
        system, "900 0 0 0 0 0 0 0 0 0", "10 2 3 80 1 1 1 2 5 0", "20 0 0 80 0 0 0 0 0 0", "900 0 0 0 0 0 0 0 0 0"
    )
    usage = read_usage()
    assert (usage.busy_ticks, usage.steal_ticks, usage.total_ticks) == (17 + 20, 2, 200)


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


def test_where_a_usable_core_is_not_told_of_none_is(system):
    """A container that numbers its cores anew shows 0 and 1; of those we may use it would be one, of others."""
    write_stat(system, *["10 2 3 80 1 1 1 2 5 0"] * 2)
    usage = read_usage()
    assert (usage.busy_ticks, usage.steal_ticks, usage.total_ticks) == (None, None, None)


def test_a_container_that_sees_its_own_time_alone_knows_of_no_neighbour(system):
    write_stat(system, *["10 2 3 80 1 1 1 2 5 0"] * 4)
    mounts = "proc /proc proc rw 0 0\nlxcfs /proc/{} fuse.lxcfs rw,nosuid,nodev 0 0\n"
    (system / "proc/mounts").write_text(mounts.format("meminfo"))
    assert read_usage().total_ticks == 200
    (system / "proc/mounts").write_text(mounts.format("stat"))
    assert read_usage().total_ticks is None


def test_pressure_is_read_from_the_line_that_says_some(system):
    (system / "proc/pressure").mkdir()
    told = "some avg10=1.00 avg60=2.00 avg300=3.00 total={}\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=7\n"
    (system / "proc/pressure/cpu").write_text(told.format(1_500_000))
    assert read_usage().pressure_us == 1_500_000


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


def test_frequency_is_that_of_the_fastest_usable_core(system):
    for core, khz in ((0, "5000000"), (1, "2000000"), (2, "3000000"), (3, "junk")):
        (system / f"cpu/cpu{core}/cpufreq").mkdir(parents=True)
        (system / f"cpu/cpu{core}/cpufreq/scaling_cur_freq").write_text(khz + "\n")
    assert read_usage().frequency_hz == 3e9


GROUP = Path("group")


def usage(at_s=0.0, **counters):
    return Usage(
        **{"at_s": at_s, "pressure_us": None, "steal_ticks": None, "total_ticks": None, "throttled": None} | counters
    )


def between(**counters):
    """What is told of a window of 10 s on two cores in which the counters rose so."""
    given = {"total_ticks": 2000.0, "busy_ticks": 0.0, "own_ticks": 0.0, "steal_ticks": 0.0, **counters}
    throttled = given.pop("throttled", 0.0)
    before = usage(**dict.fromkeys(given, 0.0), throttled={GROUP: 2.0})
    return interference(before, usage(10.0, **given, throttled={GROUP: 2.0 + throttled}))


def test_busy_time_that_is_not_ours_is_that_of_others():
    assert between(busy_ticks=1900.0, own_ticks=1200.0)["others_percent"] == 35


@pytest.mark.parametrize("own", [1900.0, 1940.0])
def test_our_own_threads_make_no_round_dirty(own):
    told = between(busy_ticks=1900.0, own_ticks=own, pressure_us=9.9e6)
    assert told["cpu_pressure_percent"] == 99
    assert told["others_percent"] == 0
    assert not find_causes(told)


def test_more_time_of_ours_than_the_cores_were_busy_is_no_evidence():
    """Neighbours that used 5 % could not be seen where our own time is 7.5 % too much."""
    told = between(busy_ticks=1900.0, own_ticks=2050.0)
    assert told["others_percent"] is None
    assert not can_judge(told)


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


def test_a_window_too_short_for_the_clock_is_not_judged():
    told = between(total_ticks=199.0, busy_ticks=90.0, steal_ticks=90.0)
    assert (told["others_percent"], told["steal_percent"]) == (None, None)
    assert not find_causes(told)


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


def test_time_in_no_column_was_not_idle():
    """Busy time is sampled once a tick; ours is exact, and may be more."""
    before = Usage(at_s=0.0, pressure_us=None, steal_ticks=0.0, total_ticks=0.0, throttled=None, busy_ticks=0.0)
    before = replace(before, own_ticks=0.0, clock_ticks=0.0)
    after = replace(before, at_s=30.0, total_ticks=5850.0, busy_ticks=5700.0, own_ticks=5838.0, clock_ticks=6000.0)
    assert interference(before, after)["others_percent"] == pytest.approx(100 * 12 / 5850)
    assert interference(replace(before, clock_ticks=None), after)["others_percent"] == 0


def test_the_clock_and_the_columns_agree_on_this_machine():
    usage = read_usage()
    if usage.total_ticks is None:
        pytest.skip("this system does not tell")
    assert usage.clock_ticks == pytest.approx(usage.at_s * len(environment.usable_cores()) * 100, rel=0.5)
