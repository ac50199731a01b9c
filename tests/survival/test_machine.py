"""A disk that is full or read-only, a clock that steps, and another run on the machine."""

from __future__ import annotations

import os
import signal
import subprocess
from datetime import datetime, timedelta

import pytest

pytestmark = pytest.mark.survival

ONCE = ["--backends", "eager", "openvino", "--batch-sizes", "1", "--rounds", "1"]
THRICE = ["--backends", "eager", "--batch-sizes", "1", "--rounds", "3", "--target", "1e-9"]
LITTLE = 250_000
ENDLESS = ["--backends", "eager", "--batch-sizes", "1", "--rounds", "2000", "--target", "1e-9"]


def test_a_disk_that_fills_up_is_one_line_and_what_was_stored_stays_readable(place, tiny):
    code, out, err = place.run(*tiny, *ENDLESS, trouble={"pause_s": 0.0001, "largest_file": LITTLE})
    assert (code, out) == (2, "")
    assert err.splitlines()[-1].startswith("rexbench: can't write to the store ")
    assert "Traceback" not in err
    _, found = place.look()
    assert found[0].rounds
    place.check_that_none_is_left()


def test_a_full_file_system_is_one_line_and_what_was_stored_stays_readable(place, tiny):
    small = place.folder / "results"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=500k", "tmpfs", str(small)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root may mount a small file system")
    try:
        code, out, err = place.run(*tiny, *ENDLESS, trouble={"pause_s": 0.0001})
        assert (code, out) == (2, "")
        assert "full" in err.splitlines()[-1]
        assert "Traceback" not in err
        assert place.look()[1][0].rounds
        place.check_that_none_is_left()
        subprocess.run(["mount", "-o", "remount,ro", str(small)], check=True)
        code, out, err = place.run(*tiny, *ONCE, "--out", str(place.folder / "report"))
        assert (code, out, err.count("\n")) == (2, "", 1)
        assert "readonly" in err
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_a_wall_clock_that_jumps_by_hours_changes_no_time(place, tiny):
    code, _, err = place.run(*tiny, *THRICE, "--budget", "600", trouble={"clock": True})
    assert code == 0, err
    info, found = place.look()
    began, ended = (datetime.fromisoformat(text) for text in (info.started_at, info.finished_at))
    assert abs(ended - began) > timedelta(hours=1), "it has jumped"
    assert 0 < info.settings["time"]["taken_s"] < 600
    for one in found:
        assert len(one.rounds) >= 3
        assert all(0 <= seconds < 60 for part in one.rounds for seconds in part.phases_s.values())
        assert all(0.001 < sample < 1 for part in one.rounds for turn in part.turns_s for sample in turn)
        assert one.stop_reason == "rounds"


def test_a_second_run_on_the_machine_is_refused_or_waits(place, tiny):
    first = place.start(*tiny, *ENDLESS, trouble={"eager contiguous": "hangs"})
    place.wait_for_process("sleep")
    code, out, err = place.run(*tiny, *ONCE, "--store", "sqlite:///other.db")
    assert (code, out) == (2, "")
    assert err == (
        f"rexbench: another run is measuring on this machine (pid {first.pid}), and two would disturb each other; "
        f"add --wait to begin after it, or end it with `kill {first.pid}`\n"
    )
    assert not (place.folder / "other.db").exists()
    second = place.start(*tiny, *ONCE, "--wait", "--store", "sqlite:///other.db")
    assert second.stderr.readline().endswith("waiting for it to end\n")
    first.send_signal(signal.SIGKILL)
    _, err = second.communicate(timeout=300)
    assert second.returncode == 0, err
    place.check_that_none_is_left()
