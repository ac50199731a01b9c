"""Each trouble of a worker is one failed case with its reason; the others of its match go on."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.survival

TROUBLE = {
    "eager contiguous": "killed",
    "torchscript contiguous": "silent",
    "compile contiguous": "hangs",
    "eager channels_last": "grows",
}


def test_the_others_of_a_match_go_on(place, tiny):
    words = ["--batch-sizes", "1", "--memory-formats", "contiguous", "channels_last", "--rounds", "1"]
    words += ["--backends", "eager", "torchscript", "compile", "openvino"]
    limits = ["--target", "1e-9", "--limit", "5", "--memory-limit", "300"]
    code, _, err = place.run(*tiny, *words, *limits, trouble=TROUBLE)
    assert code == 1, err
    run, found = place.look()
    told = {f"{one.case.backend} {one.case.memory_format}": one for one in found}
    assert run.status == "done", err
    assert run.settings["memory_limit_bytes"] == 300_000_000
    reasons = {name: told[name].reason for name in TROUBLE}
    assert {told[name].status for name in TROUBLE} == {"failed"}
    assert "the worker died: killed (SIGKILL)" in reasons["eager contiguous"]
    assert "the worker died: exit code 0" in reasons["torchscript contiguous"]
    assert "no answer to 'build' within the case's limit of 5 s" in reasons["compile contiguous"]
    assert "memory limit: " in reasons["eager channels_last"]
    assert "--memory-limit is 300 MB" in reasons["eager channels_last"]
    for name in ("openvino contiguous", "torchscript channels_last"):
        assert (told[name].status, told[name].stop_reason) == ("ok", "rounds"), told[name].reason
    place.check_that_none_is_left()


def test_a_real_worker_beyond_its_memory_limit_is_a_failed_case(place, tiny):
    place.leave_runtimes_real()
    words = ["--backends", "eager", "--batch-sizes", "1", "--rounds", "1", "--memory-limit", "60"]
    code, _, _ = place.run(*tiny, *words)
    assert code == 1
    [one] = place.look()[1]
    assert one.status == "failed"
    assert one.reason.startswith("memory limit: ")


def test_matches_of_two_batch_sizes_alternate_under_a_budget_each_with_its_own_inputs(place, tiny):
    words = ["--backends", "eager", "--batch-sizes", "1", "2", "--rounds", "2", "--target", "1e-9"]
    code, _, err = place.run(*tiny, *words, "--budget", "600")
    assert code == 0, err
    found = place.look()[1]
    assert [(one.case.batch, one.status) for one in found] == [(1, "ok"), (2, "ok")]
    assert all(len(one.rounds) >= 2 for one in found)
    place.check_that_none_is_left()
