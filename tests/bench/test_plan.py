"""What a selection expands to, and every call that is refused before the first second is spent."""

from __future__ import annotations

import pytest

from bench.machine import read_thread_budget
from bench.plan import PRESETS, Selection, expand
from rexnet_core.errors import InputError


def test_quick_is_two_variants_on_four_backends_at_two_batch_sizes():
    plan = expand(Selection())
    assert len(plan.cases) == 16
    assert len({case.model for case in plan.cases}) == 2
    assert [len(match) for match in plan.matches()] == [4] * 4


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_expands_to_distinct_cases_in_whole_matches(preset):
    plan = expand(Selection(preset=preset))
    assert len(set(plan.cases)) == len(plan.cases)
    assert sorted(case.id for match in plan.matches() for case in match) == sorted(case.id for case in plan.cases)
    assert len({case.id for case in plan.cases}) == len(plan.cases)


def test_every_match_has_its_eager_reference_when_all_backends_run():
    for match in expand(Selection(preset="full")).matches():
        assert "eager" in {case.backend for case in match}


def test_a_selection_replaces_what_the_preset_says():
    selection = Selection(
        models=["mobilenet_v2_1.0"], backends=["openvino"], batch_sizes=[4], resolutions=[96], threads=1
    )
    [case] = expand(selection).cases
    assert (case.model, case.backend, case.batch, case.resolution, case.threads) == (
        "mobilenet_v2_1.0",
        "openvino",
        4,
        96,
        1,
    )


def test_repeats_are_measured_once():
    assert len(expand(Selection(models=["rexnet_1.0"] * 2, batch_sizes=[1, 1], backends=["eager", "eager"])).cases) == 1


def test_every_runtime_gets_the_same_threads():
    assert {case.threads for case in expand(Selection()).cases} == {read_thread_budget()}


@pytest.mark.parametrize(
    ("wrong", "line"),
    [
        ({"preset": "quik"}, "unknown preset 'quik'; did you mean 'quick'?"),
        ({"backends": ["openvno"]}, "unknown backend 'openvno'; did you mean 'openvino'?"),
        ({"models": ["rexnet_0"]}, "rexnet_0"),
        ({"models": ["rexnt_1.0"]}, "did you mean 'rexnet_1.0'"),
        ({"models": []}, "at least one model must be chosen, the selection is empty"),
        ({"backends": []}, "at least one backend must be chosen"),
        ({"batch_sizes": [0]}, "a batch size must be at least 1, not 0"),
        ({"batch_sizes": [-3]}, "a batch size must be at least 1, not -3"),
        ({"batch_sizes": [10**9]}, "batch 1000000000 of rexnet_1.0 at 224 needs at least"),
        ({"resolutions": [0]}, "resolution must be a whole number of pixels from 32 to 4096, got 0"),
        ({"resolutions": [7]}, "got 7"),
        ({"precisions": ["fp16"]}, "unknown precision 'fp16'"),
        ({"memory_formats": ["channel_last"]}, "did you mean 'channels_last'"),
        ({"device": "gpu"}, "unknown device 'gpu'"),
        ({"threads": 0}, "a number of threads must be at least 1, not 0"),
        ({"threads": 4096}, "threads must be at most"),
        ({"settings": {"target": 0.0}}, "target must be a share between 0 and 1, not 0.0"),
        ({"settings": {"max_rounds": 0}}, "max_rounds must be above 0, not 0"),
        ({"settings": {"budget_s": -1.0}}, "budget must be above 0 seconds, not -1.0"),
        ({"settings": {"limit_s": 0.0}}, "limit_s must be above 0"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line(wrong, line):
    with pytest.raises(InputError) as caught:
        expand(Selection(**wrong))
    assert line in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_checkpoint_is_for_one_model(tmp_path):
    path = tmp_path / "weights.pth"
    path.write_bytes(b"")
    with pytest.raises(InputError, match="--weights is the checkpoint of one model, 2 are chosen"):
        expand(Selection(weights=path))
    with pytest.raises(InputError, match="--weights must be a file"):
        expand(Selection(models=["rexnet_1.0"], weights=tmp_path))
    assert expand(Selection(models=["rexnet_1.0"], weights=path)).weights == path


def test_fewer_rounds_than_the_presets_least_are_granted():
    settings = expand(Selection(settings={"max_rounds": 1})).settings
    assert (settings.min_rounds, settings.max_rounds) == (1, 1)
