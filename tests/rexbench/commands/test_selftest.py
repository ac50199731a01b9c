"""rexbench selftest at the front door."""

import json

import numpy as np
import pytest

from bench.comparison import case_pairs
from bench.records.case import Case
from bench.records.pair import Pair
from bench.selftest import detectable_effect
from bench.selftest.document import make_document
from bench.selftest.pairs import LEVELS
from bench.store.store import Store
from reports.selftest import render_protocols, render_selftest, selftest_frames

CASE = Case(model="rexnet_1.0", resolution=224, batch=1, backend="eager", threads=2)


def document_of(count, *, spread=0.01, neighbour=None, **changes):
    random = np.random.default_rng(1)
    pairs = []
    for _ in range(count):
        lies = random.normal(0, spread)

        def calls(scale):
            return tuple(map(tuple, 0.02 * scale * random.normal(1, 0.005, (20, 4))))

        heads = tuple(calls(np.exp(lies) * (1 + level)) for level in LEVELS)
        pairs.append(Pair(base_s=tuple(calls(1.0) for _ in LEVELS), head_s=heads, machine={"others_percent": 1.0}))
    return make_document(
        {CASE: pairs}, levels=LEVELS, rounds=6, margin=0.03, neighbour=neighbour, **{"stopped": False, **changes}
    )


def test_the_text_has_error_rates_power_and_detectable_effect():
    text = render_selftest(document_of(24, neighbour=0.48))
    assert (
        "6 rounds of fresh processes a comparison, beside a neighbour that keeps a core busy 48 % of the time" in text
    )
    assert "rexnet_1.0-224-b1-eager, 2 threads, 20" in text
    assert "24 pairs of processes" in text
    assert "   5.0 % slower: found in 100.0 ± 0.0 % (really added: 5.0" in text
    assert "  all pairs together, where nothing was changed: " in text
    assert "minimum detectable effect: " in text
    assert "of 4" in text


def test_few_pairs_give_an_effect_and_fewer_still_none_that_is_kept():
    text = render_selftest(document_of(5))
    assert "rates need 6 pairs" in text
    assert "minimum detectable effect: " in text
    assert "no minimum detectable effect is kept: it takes 5 pairs, these give " in render_selftest(document_of(3))


def test_what_is_not_whole_is_told():
    text = render_selftest(document_of(5, stopped=True, failed={CASE: "the worker died"}))
    assert "\nrexnet_1.0-224-b1-eager ended before the others: the worker died\n" in text
    assert text.endswith("Stopped by the user; this is what the finished pairs say.")
    assert document_of(5, stopped=True).as_answer()["stopped"]


def test_the_table_of_protocols_has_a_row_for_each_order_and_test():
    document = document_of(24)
    table = render_protocols(document)
    assert table.count("| eager | A, then B |") == 3
    assert table.count("| eager | in turns |") == 3
    frames = selftest_frames(document)
    assert list(frames["protocols"]["rounds"].unique()) == [6]
    assert list(frames["protocols"].columns)[4] == "found_0.005"
    assert "found_0.02" in frames["cases"]
    assert set(document.payload["cases"][0]) - {"found", "protocols"} <= set(frames["cases"].columns)
    assert "Too few pairs" in render_protocols(document_of(3))


@pytest.mark.survival
def test_a_real_self_test_stores_an_effect_that_a_comparison_finds(call, tmp_path, monkeypatch):
    monkeypatch.setitem(case_pairs.SETTINGS, "round_s", 0.2)
    monkeypatch.setattr(detectable_effect, "LEAST_PAIRS", 2)
    words = ["--model", "mobilenet_v2_0.5", "--resolution", "32", "--threads", "1", "--backends", "openvino"]
    code, out, err = call("selftest", *words, "--rounds", "2", "--trials", "1", "--neighbour", "--json")
    document = json.loads(out)
    assert code == 0, err
    [case] = document["cases"]
    assert case["pairs"] == 2
    assert case["floor"] > 0
    assert 0 < document["neighbour_share"] < 1
    store = Store(f"sqlite:///{tmp_path}/results/rexbench.db")
    found = detectable_effect.find_detectable_effect(store, store.find_run().environment, threads=1)
    assert (found.run, found.neighbour) == (document["run"], True)
    assert call("report", "--json").document["cases"] == document["cases"]
