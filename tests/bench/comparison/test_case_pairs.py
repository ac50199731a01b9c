"""What a live comparison is asked to measure."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PIL import Image

from bench.comparison.case_pairs import ROUNDS, expand_pairs, read_changes
from bench.planning.plan import Selection
from bench.planning.presets import PRESETS, Preset
from bench.records.settings import Settings
from rexnet_core.errors import InputError, UnknownNameError

TINY = Selection(models=["mobilenet_v2_0.5"], resolutions=[32], backends=["eager"], batch_sizes=[1], threads=1)


def expand(selection=TINY, base=(), head=(), *, preset=False):
    own = [read_changes("--base-set", base), read_changes("--head-set", head)]
    return expand_pairs(selection, own, preset=preset)


def test_where_nothing_is_named_a_short_grid_is_compared():
    plan, pairs = expand(Selection(threads=1))
    assert [base.id for base, _ in pairs] == ["rexnet_1.0-224-b1-eager", "rexnet_1.0-224-b1-openvino"]
    assert all(base == head for base, head in pairs)
    assert (plan.settings.min_rounds, plan.settings.max_rounds, plan.settings.budget_s) == (ROUNDS, ROUNDS, None)


def test_a_preset_that_was_named_has_its_own_grid():
    assert len(expand(Selection(threads=1, preset="standard"), preset=True)[1]) == 84


def test_a_budget_that_was_asked_for_is_kept():
    plan, _ = expand(Selection(threads=1, settings={"budget_s": 60.0, "max_rounds": 4}))
    assert (plan.settings.budget_s, plan.settings.min_rounds) == (60.0, 4)


def test_a_side_may_have_settings_of_its_own():
    _, [(base, head)] = expand(base=["batch=2"], head=["batch=4", "backend=openvino", "precision=bf16"])
    assert (base.batch, base.backend) == (2, "eager")
    assert (head.batch, head.backend, head.precision) == (4, "openvino", "bf16")


def test_a_side_of_its_own_keeps_the_streams_of_its_case():
    asked = replace(TINY, scenarios=["throughput"], backends=["openvino"], streams=[1, "hint"])
    _, pairs = expand(asked, head=["precision=bf16"])
    assert [(base.streams, head.streams) for base, head in pairs] == [(1, 1), (0, 0)]


def test_what_a_project_runs_by_default_is_not_what_it_compares():
    own = Preset(summary="", models=("rexnet_3.0",), batch_sizes=(64,), settings=Settings(), precisions=("bf16",))
    asked = Selection(threads=1, preset="mine", presets={**PRESETS, "mine": own})
    assert [base.id for base, _ in expand(asked)[1]] == [base.id for base, _ in expand(Selection(threads=1))[1]]
    assert next(base.id for base, _ in expand(asked, preset=True)[1]).startswith("rexnet_3.0-224-b64")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            "threads",
            "takes KEY=VALUE, where KEY is one of threads, batch, backend, precision, memory_format, not 'threads'",
        ),
        ("model=rexnet_1.0", "takes KEY=VALUE, where KEY is one of"),
        ("batch=two", "batch needs a whole number, not 'two'"),
        ("batch=0", "a batch size must be at least 1"),
        ("threads=4096", "threads must be at most"),
    ],
)
def test_a_setting_that_makes_no_sense_is_one_line(given, message):
    with pytest.raises(InputError, match=message):
        expand(head=[given])


def test_a_name_that_is_none_gets_the_nearest():
    with pytest.raises(UnknownNameError, match="did you mean 'openvino'"):
        expand(head=["backend=openvno"])


def test_pictures_are_shown_to_the_cases_that_begin_with_them_alone(tmp_path):
    Image.new("RGB", (9, 8)).save(tmp_path / "one.png")
    asked = replace(TINY, scenarios=["latency", "end-to-end"], pictures=str(tmp_path))
    plan, pairs = expand(asked, head=["precision=bf16"])
    assert [[bool(case.pictures) for case in pair] for pair in pairs] == [[False, False], [True, True]]
    assert {case.pictures for pair in pairs for case in pair} == {"", plan.pictures.name}
    preset = Preset(
        summary="", models=("rexnet_1.0",), batch_sizes=(1,), settings=Settings(), scenarios=("end-to-end",)
    )
    named = Selection(threads=1, preset="own", presets={"own": preset}, pictures=str(tmp_path), backends=["eager"])
    plan, [pair] = expand(named, preset=True)
    assert [case.pictures for case in pair] == [plan.pictures.name] * 2
