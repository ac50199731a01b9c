from __future__ import annotations

import copy
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.study import Study
from reports.rank.layers import sign_of
from reports.report import build_frames
from rexnet_core.errors import InputError


def frames_of(document: dict[str, Any]) -> Any:
    study = Study.from_dict(document)
    return build_frames(study.kind, study)


def test_the_primary_metric_is_marked_once_per_point(layers: dict[str, Any]) -> None:
    cells = frames_of(layers)["cells"]
    primary = cells[cells["primary"]]
    assert set(primary["tolerance"]) == {"numpy"}
    assert not primary.duplicated(["protocol", "block", "activation", "dimension_ratio"]).any()
    assert len(primary) == 2 * 4 * 8 * 6


def test_a_sign_is_given_only_where_the_interval_excludes_zero() -> None:
    assert sign_of({"low": 0.01, "high": 0.03}) == "+"
    assert sign_of({"low": -0.03, "high": -0.01}) == "-"
    assert sign_of({"low": -0.01, "high": 0.01}) == "0"
    assert sign_of({"low": 0.0, "high": 0.0}) == "0"
    assert sign_of({"low": None, "high": None}) == ""


def test_the_share_of_views_is_that_of_the_counts(layers: dict[str, Any]) -> None:
    layers = {**layers, "sensitivity": [{"claim": "C1", "factor": "norm", "level": "none", "views": 8, "held": 2}]}
    assert frames_of(layers)["sensitivity"]["share"].tolist() == [0.25]


def test_where_no_view_decides_there_is_no_share(layers: dict[str, Any]) -> None:
    row = {"claim": "C1", "factor": "norm", "level": "none", "views": 0, "held": 0, "undecided": 7}
    frame = frames_of({**layers, "sensitivity": [row]})["sensitivity"]
    assert frame["share"].isna().all()
    assert frame[["views", "held", "undecided"]].to_numpy().tolist() == [[0, 0, 7]]


def test_claims_stay_in_the_order_of_the_document(layers: dict[str, Any]) -> None:
    frames = frames_of(layers)
    for name in ("claims", "sensitivity"):
        assert list(dict.fromkeys(frames[name]["claim"])) == ["C1", "C2", "C4", "C4a", "C4c", "C4d", "C10"]


def test_grid_and_sign_map_have_settings_of_their_own(layers: dict[str, Any]) -> None:
    settings = frames_of(layers)["settings"].set_index(["part", "parameter"])["value"]
    assert settings["sensitivity", "norm"] == "none, before"
    assert settings["sign map", "d_out"] == "16, 64, 256"
    none = frames_of({**layers, "sensitivity_setting": None, "sign_map_setting": None})["settings"]
    assert set(none["part"]) == {"literal", "closest"}


def test_a_search_brings_its_parameters_as_columns(layers: dict[str, Any]) -> None:
    search, tried = frames_of(layers)["search"], ["settings_tried", "views_tried", "validated_distance"]
    assert list(search.columns) == ["rank", "distance", *tried, "weights", "d_out"]
    assert search["d_out"].tolist() == ["10, 60", "10, 60"]
    assert search["settings_tried"].tolist() == [412, 412]


def test_a_search_may_hold_its_settings_as_a_part(layers: dict[str, Any]) -> None:
    best = [{"distance": 0.01, "panels": {"conv1x1": 0.02}, "setting": {"norm": "after", "primary": ["rank", "", "x"]}}]
    search = frames_of({**layers, "search": {"settings_tried": 3, "best": best}})["search"]
    assert search[["rank", "norm", "panels.conv1x1"]].to_numpy().tolist() == [[1, "after", "0.02"]]


def test_singular_values_are_given_relative_to_their_largest(network: dict[str, Any]) -> None:
    spectra = frames_of(network)["spectra"]
    largest = spectra[spectra["index"] == 1]
    assert (largest["value_over_largest"] == 1).all()
    assert (largest["portion_at_most_percent"] == 100).all()
    smallest = spectra.groupby(["model", "tap", "centring"])["portion_at_most_percent"].min()
    channels = spectra.groupby(["model", "tap", "centring"])["index"].max()
    assert np.allclose(smallest, 100 / channels.astype(float))


def test_the_staircase_counts_the_singular_values_above(network: dict[str, Any]) -> None:
    frames = frames_of(network)
    curves, spectra = frames["curves"], frames["spectra"]
    keys = ["model", "tap", "centring"]
    for key, part in list(curves.groupby(keys))[::4]:
        values = spectra[(spectra[keys] == list(key)).all(axis=1)]["value_over_largest"].to_numpy(dtype=float)
        # Not at a tolerance that is a value: there rounding decides.
        for row in part.iloc[:-1:17].to_dict("records"):
            assert row["rank"] == (values > row["tolerance"]).sum()


def test_the_rank_of_a_tap_is_that_at_the_rounding_of_its_type(network: dict[str, Any]) -> None:
    taps = frames_of(network)["taps"].set_index(["model", "tap"])
    row = taps.loc[("rexnet_1.0", "stage1.block1.act")]
    assert (row["rank"], row["channels"]) == (91, 96)
    assert row["rank_per_channel"] == pytest.approx(91 / 96)
    assert row["effective_rank"] == pytest.approx(0.6 * 91)


def test_a_threshold_is_set_against_the_largest_singular_value(network: dict[str, Any]) -> None:
    metrics = frames_of(network)["metrics"]
    cut = metrics[(metrics["tap"] == "stage1.block1.act") & (metrics["tolerance"] == "producer")]
    assert cut["threshold_over_largest"].tolist() == pytest.approx([1e-5 * 96 / 100] * 2)


def test_measures_are_found_under_rows_where_these_are_no_count(network: dict[str, Any]) -> None:
    other = copy.deepcopy(network)
    for model in other["models"]:
        for tap in model["taps"]:
            tap["rows"] = tap.pop("measures")
    pd.testing.assert_frame_equal(frames_of(other)["metrics"], frames_of(network)["metrics"])
    assert frames_of(other)["taps"]["rows"].tolist() == frames_of(network)["taps"]["rows"].tolist()


def test_shares_of_layers_add_up(network: dict[str, Any]) -> None:
    layers = frames_of(network)["layers"]
    for name in ("macs_share", "rank_share"):
        assert layers.groupby("model")[name].sum().tolist() == pytest.approx([1, 1])


def test_a_tap_that_several_layers_share_counts_once(network: dict[str, Any]) -> None:
    def layer(name: str, tap: str | None, rank: int | None) -> dict[str, Any]:
        return {"layer": name, "kind": "layer", "macs": 1, "tap": tap, "rank": rank}

    rows = [layer("conv", "a", 30), layer("norm", "a", 30), layer("pool", None, None), layer("fc", "b", 10)]
    rows += [layer("act", None, 5), layer("out", None, 5)]
    layers = frames_of({**network, "models": [network["models"][0] | {"layers": rows}]})["layers"]
    assert layers["rank_share"].fillna(-1).tolist() == pytest.approx([-1, 0.6, -1, 0.2, 0.1, 0.1])
    assert layers["rank"].fillna(-1).tolist() == [30, 30, -1, 10, 5, 5]


def test_missing_numbers_are_missing_and_not_zero(network: dict[str, Any], trained: dict[str, Any]) -> None:
    other = copy.deepcopy(network)
    tap = other["models"][0]["taps"][0]
    tap |= {"uncentred": [None] * 16, "centred": [None] * 16, "measures": [], "depth": None, "flags": ["non_finite"]}
    row = frames_of(other)["taps"].iloc[0]
    assert math.isnan(row["rank"])
    assert math.isnan(row["depth"])
    runs = frames_of(trained)["runs"]
    assert runs[runs["status"] != "ok"]["accuracy"].isna().all()


def test_zeros_have_no_relative_spectrum(network: dict[str, Any]) -> None:
    model = copy.deepcopy(network["models"][0])
    model["taps"] = [model["taps"][-1] | {"uncentred": [0.0] * 128, "centred": [0.0] * 128}]
    frames = frames_of({**network, "models": [model]})
    assert frames["spectra"]["value_over_largest"].isna().all()
    assert (frames["curves"]["rank"] == 0).all()


def test_lists_in_a_setting_are_written_with_commas(layers: dict[str, Any]) -> None:
    settings = frames_of(layers)["settings"].set_index(["part", "parameter"])["value"]
    assert settings["literal", "d_out"] == "10, 100"
    assert settings["literal", "number shown"] == "rank uncentred numpy"


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"kind": "bench", "format": 1}, r"of kind run, published, layers, .*; got 'bench'; update rexbench"),
        ({}, "must name its kind, got None; run the study again"),
        ({"kind": "layers", "format": 2}, "kind layers up to format 1 can be read; got 2; update rexbench"),
        ({"kind": "layers", "format": "x"}, "whole number as format_version, got 'x'"),
        (
            {"kind": "layers", "format": 1, "protocols": [{}]},
            r"shape of its kind, layers; protocols\[0\]: object missing required field name;",
        ),
        (
            {"kind": "trained", "format": 1, "runs": [{"accuracy": "high"}]},
            r"runs\[0\].accuracy: expected float \| null, got str",
        ),
        ({"kind": "network", "format": 1, "models": ["rexnet_1.0"]}, r"models\[0\]: expected object, got str"),
    ],
)
def test_a_document_that_is_not_a_study_gives_one_clear_line(document: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        frames_of(document)
    assert "\n" not in str(caught.value)
