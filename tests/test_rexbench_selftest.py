"""rexbench selftest at the front door."""

from __future__ import annotations

import json

import numpy as np
import pytest

from bench.case import Case
from bench.selftest import LEVELS, Pair
from bench.selftest_document import make_document
from bench.store import Store
from reports.selftest import protocols_frame, render_protocols, render_selftest, selftest_frame
from rexbench import main

CASE = Case(model="rexnet_1.0", resolution=224, batch=1, backend="eager", threads=2)


def run(capsys, *words):
    code = main(words)
    told = capsys.readouterr()
    return code, told.out, told.err


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REXBENCH_LOCK", str(tmp_path / "lock"))


def document_of(count, *, spread=0.01, neighbour=False):
    random = np.random.default_rng(1)
    pairs = []
    for _ in range(count):
        lies = random.normal(0, spread)

        def calls(scale):
            return tuple(map(tuple, 0.02 * scale * random.normal(1, 0.005, (20, 4))))

        heads = tuple(calls(np.exp(lies) * (1 + level)) for level in LEVELS)
        pairs.append(Pair(base_s=tuple(calls(1.0) for _ in LEVELS), head_s=heads, machine={"others_percent": 1.0}))
    return make_document({CASE: pairs}, levels=LEVELS, rounds=6, band=0.03, neighbour=neighbour, stopped=False)


def test_the_text_says_alarms_power_and_floor():
    text = render_selftest(document_of(24, neighbour=True))
    assert "6 rounds of fresh processes a comparison, beside a neighbour" in text
    assert "rexnet_1.0-224-b1-eager, 2 threads, 20" in text
    assert "24 pairs of processes" in text
    assert "   5.0 % slower: found in 100.0 ± 0.0 %" in text
    assert "floor: changes under " in text
    assert "of 4" in text


def test_few_pairs_still_give_a_floor():
    text = render_selftest(document_of(3))
    assert "rates need 6 pairs at least" in text
    assert "floor: changes under" in text


def test_the_table_of_protocols_has_a_row_for_each_order_and_test():
    document = document_of(24)
    table = render_protocols(document)
    assert table.count("| eager | A, then B |") == 3
    assert table.count("| eager | in turns |") == 3
    assert list(protocols_frame(document)["rounds"].unique()) == [6]
    assert "found_0.02" in selftest_frame(document)
    assert "Too few pairs" in render_protocols(document_of(3))


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--rounds", "1"], "--rounds must be at least 2, not 1"),
        (["--trials", "0"], "--trials must be at least 1, not 0"),
        (["--band", "5"], "--band is a share from 0 to 1"),
        (["--budget", "0"], "budget must be above 0 seconds"),
        (["--backends", "openvno"], "did you mean 'openvino'"),
    ],
)
def test_a_wrong_call_is_one_line_and_exit_code_2(capsys, words, line):
    code, out, err = run(capsys, "selftest", *words)
    assert (code, out) == (2, "")
    assert line in err
    assert err.count("\n") == 1


def test_a_real_self_test_stores_a_floor_that_a_comparison_finds(capsys, tmp_path):
    words = ["--model", "mobilenet_v2_0.5", "--resolution", "32", "--threads", "1", "--backends", "openvino"]
    code, out, err = run(capsys, "selftest", *words, "--rounds", "2", "--trials", "1", "--neighbour", "--json")
    document = json.loads(out)
    assert code == 0, err
    [case] = document["cases"]
    assert case["pairs"] == 2
    assert case["floor"] > 0
    from bench.floors import find_floor  # noqa: PLC0415

    store = Store(f"sqlite:///{tmp_path}/results/rexbench.db")
    found = find_floor(store, store.find_run().environment)
    assert (found.run, found.neighbour) == (document["run"], True)
    assert json.loads(run(capsys, "report", "--json")[1])["cases"] == document["cases"]
