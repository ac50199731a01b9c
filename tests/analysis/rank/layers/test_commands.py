import json
from contextlib import nullcontext

import pytest

from analysis.parallel import map_in_process
from analysis.rank.layers import commands, protocols
from analysis.rank.layers.claims import CLAIMS
from analysis.rank.layers.commands import run_layers_task, run_search
from analysis.rank.layers.search import search_closest
from analysis.rank.layers.setting import LayerSetting
from analysis.rank.layers.sign_map import map_signs
from analysis.rank.layers.task import LayersTask

FEW = {"networks": 4, "ratios": (0.1, 0.5, 1.0), "d_out": (8, 16)}


def test_the_closest_setting_comes_from_a_recorded_search():
    found = protocols.load_closest()
    assert found["settings_tried"] >= len(found["best"]) > 0
    assert [one["distance"] for one in found["best"]] == sorted(one["distance"] for one in found["best"])
    setting = LayerSetting.from_dict(found["best"][0]["setting"])
    assert protocols.closest_setting().primary == setting.primary
    # Fresh networks judge it less kindly than those it was chosen with, but not by another order.
    assert found["best"][0]["distance"] / 2 < found["validated"]["distance"] < 2 * found["best"][0]["distance"]


@pytest.mark.survival
def test_a_study_becomes_one_plain_document(monkeypatch):
    monkeypatch.setattr(protocols, "GRID", {"norm": ("none", "before")})
    monkeypatch.setattr(commands, "map_signs", lambda *_, **__: [{"d_out": 16}])
    told = []
    task = LayersTask(overrides={"networks": 4}, exact=True)
    document = run_layers_task(task, lambda *step: told.append(step)).as_dict()
    assert json.loads(json.dumps(document, allow_nan=True))["kind"] == "layers"
    assert [one["name"] for one in document["protocols"]] == ["literal", "closest"]
    assert {one["protocol"] for one in document["claims"]} == {"literal", "closest", "sensitivity"}
    assert len(document["claims"]) == 3 * (len(CLAIMS) + 1)
    assert {row["factor"] for row in document["sensitivity"]} == {"norm", "tolerance", "centring"}
    assert {row["activation"] for row in document["protocols"][0]["exact"]} <= {
        "Linear",
        "ReLU6",
        "ReLU",
        "LeakyReLU",
        "Hardswish",
    }
    assert document["search"]["best"][0]["rank"] == 1
    assert {what for what, _, _ in told} == {"literal", "closest", "exact ranks", "sensitivity"}
    assert all(0 < done <= total for _, done, total in told)


class _Interrupting:
    """Computes here, until Ctrl-C comes at a given wave of networks."""

    def __init__(self, wave):
        self.left = wave

    def __call__(self, call, tasks):
        self.left -= 1
        if self.left <= 0:
            raise KeyboardInterrupt
        return map_in_process(call, tasks)


def interrupt_at(monkeypatch, wave):
    monkeypatch.setattr(protocols, "GRID", {"norm": ("none", "before", "after")})
    monkeypatch.setattr(commands, "open_parallel_map", lambda _: nullcontext(_Interrupting(wave)))


@pytest.mark.survival
@pytest.mark.parametrize(("wave", "protocol_count", "settings_run"), [(2, 1, None), (3, 1, 1), (4, 1, 2), (5, 1, 3)])
def test_ctrl_c_keeps_what_is_finished(monkeypatch, wave, protocol_count, settings_run):
    """One wave for the literal protocol, three for the grid, then the sign map."""
    interrupt_at(monkeypatch, wave)
    document = run_layers_task(LayersTask(protocols=("literal", "sensitivity"), overrides={"networks": 3})).as_dict()
    assert document["stopped"]
    assert len(document["protocols"]) == protocol_count
    judged = {one["protocol"] for one in document["claims"]}
    assert judged == ({"literal", "sensitivity"} if settings_run else {"literal"})
    assert document["sensitivity_setting"]["settings_run"] == (settings_run or 0)
    assert document["sign_map"] == []


def test_a_finished_grid_is_kept_though_no_protocol_was_asked_for(monkeypatch):
    interrupt_at(monkeypatch, 4)
    document = run_layers_task(LayersTask(protocols=("sensitivity",), overrides={"networks": 3})).as_dict()
    assert document["stopped"]
    assert document["sensitivity_setting"]["settings_run"] == 3
    assert {one["protocol"] for one in document["claims"]} == {"sensitivity"}


@pytest.mark.survival
def test_ctrl_c_in_the_second_wave_of_a_width_ends_the_sign_map():
    with pytest.raises(KeyboardInterrupt):
        map_signs(_Interrupting(2), widths=(16,))


@pytest.mark.survival
def test_ctrl_c_ends_a_search(monkeypatch):
    monkeypatch.setattr("analysis.rank.layers.search.OPEN_CHOICES", {"d_out": ((8, 12),)})
    with pytest.raises(KeyboardInterrupt):
        search_closest(_Interrupting(2), tries=1, networks=60)


def test_the_seed_reaches_grid_and_sign_map(monkeypatch):
    monkeypatch.setattr(protocols, "GRID", {"norm": ("none",)})
    monkeypatch.setattr(commands, "map_signs", lambda *_, seed, **__: [{"seed": seed}])
    document = run_layers_task(LayersTask(protocols=("sensitivity",), overrides={"networks": 2, "seed": 5})).as_dict()
    assert document["sensitivity_setting"]["seed"] == document["sign_map_setting"]["seed"] == 5
    assert document["sign_map"] == [{"seed": 5}]


def test_the_search_finds_what_is_nearest_and_counts_what_it_tried(monkeypatch):
    monkeypatch.setattr(
        "analysis.rank.layers.search.OPEN_CHOICES",
        {"inputs": ("normal", "half_normal"), "norm": ("none", "before"), "d_out": ((8, 16),)},
    )
    found = run_search(tries=3, networks=4, seed=0, workers=1)
    best = found["best"]
    assert 1 <= found["settings_tried"] <= 4
    assert found["views_tried"] == found["settings_tried"] * 9 * 2
    assert best[0]["setting"]["norm"] == "none"
    assert [one["distance"] for one in best] == sorted(one["distance"] for one in best)
    assert found["validated"]["setting"]["seed"] != best[0]["setting"]["seed"]
    assert set(best[0]["panels"]) == set(LayerSetting().blocks)


def test_the_sign_map_shows_where_silu_gains_and_where_it_loses():
    rows = map_signs(map_in_process, widths=(32,))
    assert len(rows) == 2 * 19 * 3
    tight = [row for row in rows if row["tolerance"] <= 1e-3 and row["dimension_ratio"] == 0.1]
    assert tight
    assert all(row["difference"] <= 0 for row in tight)
    assert all(row["low"] <= row["difference"] <= row["high"] for row in rows)
