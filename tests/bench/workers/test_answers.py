"""Whatever a worker answers, its case ends with the reason at most, and the others go on.

Of the same kind, and held here: every key of every answer that is missing or of another type; times that are negative,
zero, NaN, infinite or longer than the case may take; too many samples, or none; requests that end before they begin;
logits that are no file, cut off, of another shape or type.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from bench.running.interleaved_group import InterleavedGroup
from bench.workers.answers import SchemaError, check_answer, read_logits

EFFECTIVE = {"precision": "fp32", "threads": 2, "streams": 1, "memory_format": "contiguous", "device": "cpu", "jobs": 1}
ANSWERS = {
    "open": {"protocol": 2},
    "build": {"phases_s": {"import": 1.0, "first_inference": 0.1}, "effective": EFFECTIVE, "caches": False},
    "warm_up": {"calls": 9, "steady": True, "median_s": 0.01, "elapsed_s": 0.2, "faults": []},
    "take_turn": {"samples_s": [0.01, 0.02], "involuntary_switches": 1, "calls": 3},
    "take_flow": {"starts_s": [1.0, 1.1], "ends_s": [1.1, 1.2], "involuntary_switches": 1},
    "memory": {"peak_rss_bytes": 9, "base_rss_bytes": None},
    "prepare": {"build_s": 1.0, "convert_s": None, "exports": {"openvino": {"build_s": 1.0, "convert_s": 2.0}}},
}
OPTIONAL = {
    "protocol",
    "faults",
    "calls",
    "peak_rss_bytes",
    "base_rss_bytes",
    "build_s",
    "convert_s",
    "exports",
    "details",
}
#: None of these is a value of any key; 1e6 is longer than the limit.
NONSENSE = ("x", -1.0, math.nan, math.inf, [None], {"x": []}, [-1.0], [math.nan], [1e6], [0.0])


def places(value, *path):
    for name, inner in value.items() if isinstance(value, dict) else ():
        yield (*path, name)
        yield from places(inner, *path, name)


def change(value, path, wrong):
    return {**value, path[0]: change(value[path[0]], path[1:], wrong) if path[1:] else wrong}


@pytest.mark.parametrize(("do", "path"), [(do, path) for do, answer in ANSWERS.items() for path in places(answer)])
def test_no_value_of_an_answer_may_be_nonsense(do, path):
    check_answer(do, ANSWERS[do], 300, most=10_000)
    texts = ({"precision"}, {"memory_format"}, {"device"})
    for wrong in NONSENSE:
        if (wrong == "x" and {path[-1]} in texts) or (
            isinstance(wrong, dict) and path[-1] in {"effective", "openvino"}
        ):
            continue  # a text may be any, and a table may have names that this version does not know
        with pytest.raises(SchemaError):
            check_answer(do, change(ANSWERS[do], path, wrong), 300, most=10_000)


@pytest.mark.parametrize("do", ANSWERS)
@pytest.mark.parametrize("answer", [None, 3, "x", [], [{}]])
def test_an_answer_is_a_table(do, answer):
    with pytest.raises(SchemaError, match="must be a table"):
        check_answer(do, answer, 300)


@pytest.mark.parametrize(
    ("do", "changes", "line"),
    [
        ("take_turn", {"samples_s": []}, "has 0 samples, where 1 to 3 were asked for"),
        ("take_turn", {"samples_s": [0.1] * 4}, "has 4 samples, where 1 to 3 were asked for"),
        ("take_turn", {"samples_s": [0.0]}, r"samples_s\[0\]: expected float > 0.0"),
        ("take_turn", {"samples_s": [200.0, 200.0]}, "has a time of 400 s, and the case has a limit of 300 s"),
        ("take_turn", {"calls": 1}, "has 2 samples of 1 calls, where no more than one in two is left out"),
        ("take_turn", {"calls": 10**9}, "has 2 samples of 1000000000 calls"),
        ("warm_up", {"elapsed_s": 301.0}, "has a time of 301 s"),
        ("build", {"phases_s": {"compile": 1e5}}, "has a time of 100000 s"),
        ("take_flow", {"ends_s": [1.1]}, "must have an end later than its start"),
        ("take_flow", {"ends_s": [0.5, 1.2]}, "must have an end later than its start"),
        ("take_flow", {"starts_s": [], "ends_s": []}, "has 0 samples"),
    ],
)
def test_what_can_not_be_true_is_told(do, changes, line):
    with pytest.raises(SchemaError, match=line):
        check_answer(do, {**ANSWERS[do], **changes}, 300, most=3)


@pytest.mark.parametrize(
    "script",
    [
        {"build": {**ANSWERS["build"], "effective": 3}},
        {"build": {**ANSWERS["build"], "effective": {"threads": "two"}}},
        {"build": {**ANSWERS["build"], "phases_s": [1.0]}},
        {"build": {**ANSWERS["build"], "caches": "yes"}},
        {"warm_up": {**ANSWERS["warm_up"], "median_s": "fast"}},
        {"warm_up": {**ANSWERS["warm_up"], "faults": "none"}},
        {"take_turn": {"samples_s": [math.nan], "involuntary_switches": 0}},
        {"take_turn": {"samples_s": [-0.01], "involuntary_switches": 0}},
        {"take_turn": {"samples_s": 3, "involuntary_switches": 0}},
        {"take_turn": {"samples_s": [0.01], "involuntary_switches": None}},
        {"memory": {"peak_rss_bytes": "much"}},
        {"logits": np.zeros((3, 2, 10), np.float32)},
        {"logits": np.zeros(3, np.float32)},
        {"logits": np.full((4, 2, 10), "x")},
    ],
)
def test_nonsense_fails_its_case_and_the_others_go_on(executor, cases, settings, tmp_path, script):
    executor.scripts = {"compile": script}
    group = InterleavedGroup(cases, settings=settings, executor=executor, scratch=tmp_path)
    measured = {one.case.backend: one for one in group.run(None, lambda _: None)}
    failed = measured.pop("compile")
    assert (failed.status, failed.rounds) == ("failed", ())
    assert failed.reason
    assert "\n" not in failed.reason
    assert {(one.status, len(one.rounds)) for one in measured.values()} == {("ok", settings.max_rounds)}


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY", b"PK\x03\x04", b"words", None])
def test_logits_that_are_no_array_are_told(tmp_path, content):
    path = tmp_path / "logits.npy"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SchemaError, match=r"^logits\.npy can't be read: "):
        read_logits(path)
