from __future__ import annotations

import copy
from typing import Any

import pytest

from analysis.study import Study
from reports.report import find_report


def render(document: dict[str, Any]) -> str:
    study = Study.from_dict(document)
    return find_report(study.kind).text(study)


def test_layers_are_distances_verdicts_and_ratios(layers: dict[str, Any]) -> None:
    lines = render(layers).splitlines()
    assert lines[0] == "mean |ours - paper| over figure 1 (rank correlation)"
    assert lines[2].split() == ["conv1x1", "0.020", "(+0.70)", "0.020", "(+0.70)"]
    assert "C2   fails (differs by tolerance, centring)  depends on tolerance, centring" in "\n".join(lines)
    linear = [line.split() for line in lines if line.startswith("Linear")]
    assert linear == [["Linear", *["0.100", "0.200", "0.500", "1.000"] * 4]] * 2


def test_a_study_with_other_ratios_and_null_values_is_still_a_table(layers: dict[str, Any]) -> None:
    protocol = copy.deepcopy(layers["protocols"][0])
    kept = [cell for cell in protocol["cells"] if cell["dimension_ratio"] == 0.3 and cell["block"] == "conv1x1"]
    kept[0]["mean"] = None
    protocol |= {"cells": kept, "distances": [], "overlay": []}
    text = render({"format": 1, "kind": "layers", "protocols": [protocol]})
    assert text.splitlines()[3].split() == ["Linear", "-"]
    assert text.splitlines()[4].split()[0] == "ReLU6"


def test_a_correlation_that_does_not_exist_says_so(layers: dict[str, Any]) -> None:
    protocol = layers["protocols"][0] | {
        "distances": [{"block": "all", "points": 3, "mean_absolute_distance": 0.5, "rank_correlation": None}]
    }
    assert "0.500 (none)" in render({**layers, "protocols": [protocol]})


def test_a_network_is_one_line_a_block(network: dict[str, Any]) -> None:
    lines = render(network).splitlines()
    assert lines[0] == "rexnet_1.0 at 224 px, weights calibrated random"
    assert lines[2].split()[:2] == ["stage1.block1", "16-96-26"]
    assert lines[2].replace("-> ", "").split()[2:] == ["16", "16", "80", "96", "25", "26", "26"]
    assert lines[3].endswith("few_rows")
    assert "head.pooled: rank 121 of 128, effective rank, centred, 72.6" in lines


def test_doubts_about_a_block_stand_at_its_line(network: dict[str, Any]) -> None:
    other = copy.deepcopy(network)
    other["models"][0]["taps"][1]["flags"] = ["few_rows", "above_bound"]
    other["models"][0]["blocks"][0]["rank_expand"] = None
    lines = render(other).splitlines()
    assert lines[2].endswith("above_bound few_rows")
    assert "16 ->    - ->   80" in lines[2]


def test_the_trained_check_is_its_summary_and_claims(trained: dict[str, Any]) -> None:
    text = render(trained)
    assert "Baseline                       1.00      5   85.0 [83.8, 86.2]" in text
    assert "48.0 %, 5997.5" in text
    assert "1 of 30 runs failed and are left out" in text
    assert "C17 can't be told: " in text


@pytest.mark.parametrize("kind", ["layers", "network", "trained"])
def test_an_empty_study_is_no_text(kind: str) -> None:
    assert render({"format": 1, "kind": kind}) == ""
