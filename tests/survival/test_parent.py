"""What becomes of a run whose parent is killed, stopped or hurried."""

from __future__ import annotations

import json
import signal

import pytest

pytestmark = pytest.mark.survival

ENDLESS = ["--rounds", "60", "--target", "1e-9", "--backends", "eager", "openvino"]
THRICE = ["--rounds", "3", *ENDLESS[2:]]


def count_rounds(_run, measurements):
    return sum(len(one.rounds) for one in measurements)


def test_a_killed_run_loses_no_finished_round_and_is_completed_under_its_id(place, tiny):
    run = place.start(*tiny, *THRICE, "--batch-sizes", "1", "2", "--budget", "600")
    info, before = place.wait_for(lambda run, found: count_rounds(run, found) >= 6)
    run.kill()
    run.wait()
    place.check_that_none_is_left()
    now, kept = place.look()
    assert now.status == "running"
    assert count_rounds(now, kept) >= count_rounds(info, before)
    code, out, err = place.run("--resume", info.id[-4:], "--json")
    assert (code, json.loads(out)["run"]) == (0, info.id), err
    done, found = place.look()
    assert (done.id, done.status) == (info.id, "done")
    assert [one.stop_reason for one in found] == ["rounds"] * 4
    assert min(len(one.rounds) for one in found) in {3, 4}  # one more where the machine was busy with something else
    for one in kept:
        [after] = [other for other in found if other.case == one.case]
        assert all(part in (*after.rounds, *after.repeated) for part in one.rounds)


def test_a_worker_in_a_long_call_and_what_it_started_end_with_a_killed_parent(place, tiny):
    run = place.start(*tiny, *ENDLESS, trouble={"eager contiguous": "hangs"})
    place.wait_for_process("sleep")
    run.kill()
    place.check_that_none_is_left()


@pytest.mark.parametrize(("number", "real", "rounds"), [(signal.SIGTERM, False, 4), (signal.SIGINT, True, 2)])
def test_a_request_to_end_keeps_what_is_finished_and_writes_the_report(place, tiny, number, real, rounds):
    if real:
        place.leave_runtimes_real()
    run = place.start(*tiny, *ENDLESS)
    place.wait_for(lambda run, found: count_rounds(run, found) >= rounds)
    run.send_signal(number)
    out, err = run.communicate(timeout=300)
    assert run.returncode == 1
    assert err.splitlines()[-1] == "rexbench: stopped; finished cases are kept"
    assert "Traceback" not in err
    assert list(place.folder.glob("results/*/report.html"))
    assert "report: " in out
    stored, measurements = place.look()
    assert stored.status == "interrupted"
    assert all(one.rounds for one in measurements)
    place.check_that_none_is_left()


def test_a_second_signal_ends_a_run_at_once(place, tiny):
    run = place.start(*tiny, *ENDLESS, trouble={"eager contiguous": "hangs"})
    place.wait_for_process("sleep")
    run.send_signal(signal.SIGINT)
    # The first is heard when the worker is being ended, which takes a hung one seconds.
    place.wait_for_signal_heard(run)
    run.send_signal(signal.SIGTERM)
    _, err = run.communicate(timeout=300)
    assert run.returncode == 1
    assert "ended at once by a second signal" in err
    assert "Traceback" not in err
    place.check_that_none_is_left()


def test_a_killed_run_of_real_runtimes_is_completed(place, tiny):
    place.leave_runtimes_real()
    run = place.start(*tiny, *THRICE, "--batch-sizes", "1")
    info, _ = place.wait_for(lambda run, found: count_rounds(run, found) >= 2)
    run.kill()
    place.check_that_none_is_left()
    code, _, err = place.run("--resume", info.id)
    assert code == 0, err
    assert min(len(one.rounds) for one in place.look()[1]) in {3, 4}


def test_no_compiler_is_left_by_a_parent_killed_while_inductor_compiles(place, tiny):
    place.leave_runtimes_real()
    run = place.start(*tiny, *ENDLESS[:-2], "compile", "--batch-sizes", "1")
    place.wait_for_process("-shared")
    run.kill()
    place.check_that_none_is_left()


def test_suites_stop_and_go_on_like_a_run(place, tiny):
    run = place.start(*tiny, *THRICE, "--batch-sizes", "1", "2", command="suites")
    info, _ = place.wait_for(lambda run, found: count_rounds(run, found) >= 4)
    run.send_signal(signal.SIGTERM)
    out, err = run.communicate(timeout=300)
    assert (run.returncode, "Traceback" in out + err) == (1, False), out + err
    assert place.look()[0].status == "interrupted"
    code, out, err = place.run("--resume", "latest", command="suites")
    assert code == 0, out + err
    done, found = place.look()
    assert (done.id, done.status, len(found)) == (info.id, "done", 4)
    assert min(len(one.rounds) for one in found) in {3, 4}
    place.check_that_none_is_left()
