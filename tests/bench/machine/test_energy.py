"""Counters of energy in a made-up tree of powercap: two sockets, what is left out, and every way to lie or to lack."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bench.machine import energy
from bench.machine.energy import describe_counters, find_still, measure_between, read_energy

RANGE = 262_143_328_850


@pytest.fixture
def powercap(tmp_path, monkeypatch):
    """Two sockets with their memory, and all that must not be counted."""
    monkeypatch.setattr(energy, "POWERCAP", tmp_path)
    write_zone(tmp_path, "intel-rapl:0", "package-0", 1_000_000)
    write_zone(tmp_path, "intel-rapl:0:0", "core", 900_000)
    write_zone(tmp_path, "intel-rapl:0:1", "dram", 100_000)
    write_zone(tmp_path, "intel-rapl:1", "package-1", 2_000_000)
    write_zone(tmp_path, "intel-rapl:1:0", "dram", 200_000)
    write_zone(tmp_path, "intel-rapl:2", "psys", 50_000_000)
    write_zone(tmp_path, "intel-rapl-mmio:0", "package-0", 1_000_000)
    (tmp_path / "intel-rapl").mkdir()
    return tmp_path


def write_zone(root, zone, name, energy_uj, range_uj=RANGE):
    folder = root / zone
    folder.mkdir(exist_ok=True)
    for file, value in (("name", name), ("energy_uj", energy_uj), ("max_energy_range_uj", range_uj)):
        (folder / file).write_text(f"{value}\n")


def set_counter(root, zone, value):
    (root / zone / "energy_uj").write_text(f"{value}\n")


def read_at(seconds):
    return replace(read_energy(), at_s=seconds)


def test_packages_and_memory_are_summed_apart_and_nothing_is_counted_twice(powercap):
    before = read_at(10.0)
    assert {domain: list(zones) for domain, zones in before.zones.items()} == {
        "package": ["intel-rapl:0", "intel-rapl:1"],
        "dram": ["intel-rapl:0:1", "intel-rapl:1:0"],
    }
    set_counter(powercap, "intel-rapl:0", 4_000_000)
    set_counter(powercap, "intel-rapl:1", 7_000_000)
    set_counter(powercap, "intel-rapl:1:0", 700_000)
    for left_out in ("intel-rapl:2", "intel-rapl-mmio:0", "intel-rapl:0:0"):
        set_counter(powercap, left_out, 60_000_000)
    consumed = measure_between(before, read_at(10.5))
    assert (consumed.elapsed_s, consumed.joules, consumed.reasons) == (0.5, {"package": 8.0, "dram": 0.5}, {})
    assert describe_counters() == "package and dram"


def test_a_counter_that_begins_anew_within_a_turn_is_followed(powercap):
    set_counter(powercap, "intel-rapl:0", RANGE - 1_000_000)
    before = read_at(0.0)
    set_counter(powercap, "intel-rapl:0", 500_000)
    assert measure_between(before, read_at(0.15)).joules["package"] == pytest.approx(1.5)


def test_a_turn_in_which_a_counter_may_have_begun_anew_twice_has_no_energy(powercap):
    write_zone(powercap, "intel-rapl:1", "package-1", 0, range_uj=65_532_610_987)
    before = read_at(0.0)
    consumed = measure_between(before, read_at(100.0))
    assert "intel-rapl:1 may have begun anew more than once in 100 s" in consumed.reasons["package"]
    assert consumed.joules == {"dram": 0.0}


def test_a_counter_that_jumps_has_no_energy(powercap):
    before = read_at(0.0)
    set_counter(powercap, "intel-rapl:0", 0)  # set back, as by a restart, and not at the end of its range
    assert measure_between(before, read_at(0.15)).reasons == {"package": "the counter of intel-rapl:0 jumped"}


def test_a_counter_that_stands_still_is_no_energy_of_nought(powercap):
    before = read_at(0.0)
    set_counter(powercap, "intel-rapl:0", 9_000_000)
    after = read_at(1.0)
    assert find_still(before, after, "package").startswith("the counter of intel-rapl:1 does not move")
    set_counter(powercap, "intel-rapl:1", 9_000_000)
    assert not find_still(before, read_at(1.0), "package")


@pytest.mark.parametrize("content", ["", "watts", "-5", "1e9", "9" * 5000, "\x00\xff", "²"])
def test_what_is_no_whole_number_is_named(powercap, content):
    (powercap / "intel-rapl:0/energy_uj").write_text(content)
    assert "intel-rapl:0/energy_uj must hold a whole number, and holds" in read_energy().reasons["package"]
    assert describe_counters().startswith("not available: ")
    assert describe_counters().isprintable()


def test_files_of_root_alone_are_named_with_the_remedy(powercap, monkeypatch):
    path = powercap / "intel-rapl:0/energy_uj"
    plain = type(path).open

    def refuse(self, *args, **options):
        if self == path:
            raise PermissionError(13, "Permission denied")
        return plain(self, *args, **options)

    monkeypatch.setattr(type(path), "open", refuse)
    reading = read_energy()
    assert list(reading.zones) == ["dram"]
    assert "can be read by root alone; sudo chmod a+r " in reading.reasons["package"]
    assert "\n" not in reading.reasons["package"]


def test_a_zone_that_vanishes_takes_its_domain_with_it_and_leaves_the_other(powercap):
    before = read_at(0.0)
    for file in ("name", "energy_uj", "max_energy_range_uj"):
        (powercap / "intel-rapl:1" / file).unlink()
    consumed = measure_between(before, read_at(1.0))
    assert consumed.reasons == {"package": "intel-rapl:1 came or went while energy was measured"}
    assert consumed.joules == {"dram": 0.0}


def test_a_machine_without_counters_and_a_container_that_hides_them_say_which(tmp_path, monkeypatch):
    monkeypatch.setattr(energy, "POWERCAP", tmp_path / "powercap")
    assert "shows no counters of energy" in read_energy().reasons["package"]
    (tmp_path / "powercap").mkdir()
    assert "has no zone intel-rapl:0" in read_energy().reasons["package"]
    (tmp_path / "powercap/intel-rapl:0").symlink_to(tmp_path / "masked/intel-rapl:0")
    assert "are hidden" in read_energy().reasons["package"]


def test_a_processor_without_a_counter_of_its_memory_has_the_energy_of_its_packages(tmp_path, monkeypatch):
    monkeypatch.setattr(energy, "POWERCAP", tmp_path)
    write_zone(tmp_path, "intel-rapl:0", "package-0-die-0", 5)
    reading = read_energy()
    assert (list(reading.zones), list(reading.reasons)) == (["package"], ["dram"])
