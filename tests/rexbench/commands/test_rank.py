import json

import pandas as pd
import pytest
from PIL import Image

from bench.store.store import Store

pytestmark = pytest.mark.survival

FEW = "--protocol literal --networks 3 --ratios 0.1 0.5 1.0 --d-out 8 14 --activations Linear ReLU6 SiLU --processes 1"
NETWORK = "mobilenet_v2_0.5 --resolution 32 --image-count 24 --jacobian 0 --taps stage1.* penultimate*"


def test_a_layer_study_ends_with_a_report_and_lies_in_the_store(call, tmp_path):
    answer = call("rank layers", FEW)
    assert answer.code == 0
    assert "claims" in answer.out
    [page] = tmp_path.glob("results/*/report.html")
    assert str(page.relative_to(tmp_path)) in answer.out
    rows = pd.read_csv(page.parent / "csv" / "cells.csv")
    assert {"block", "activation", "dimension_ratio", "metric", "centring", "tolerance", "mean", "low"} <= set(rows)
    assert (page.parent / "figures" / "rank_figure1_literal.svg").exists()
    store = Store("sqlite:///results/rexbench.db", create=False)
    run = store.find_run()
    assert (run.preset, run.status) == ("rank layers", "done")
    assert store.study(run.id).payload["protocols"][0]["setting"]["networks"] == 3


def test_the_same_seed_gives_the_same_document(call):
    first, second = (call("rank layers", FEW, "--json").document for _ in range(2))
    assert first["protocols"] == second["protocols"]
    assert first["run"] != second["run"]
    third = call("rank layers", FEW, "--seed 1 --json").document
    assert third["protocols"] != first["protocols"]


def test_the_report_of_a_study_is_rebuilt_from_the_store(call, tmp_path):
    call("rank layers", FEW, "--out made")
    assert call("report --run latest --out again").code == 0
    for name in ("report.html", "csv/cells.csv", "figures/rank_figure1_literal.svg"):
        assert (tmp_path / "again" / name).read_bytes() == (tmp_path / "made" / name).read_bytes()


def test_csv_rows_can_stand_alone(call):
    answer = call("rank layers", FEW, "--csv")
    assert answer.code == 0
    assert answer.out.splitlines()[0].startswith("protocol,block,activation")
    assert "report.html" in answer.err


def test_a_network_study_takes_images_from_a_folder(call, tmp_path):
    images = tmp_path / "images"
    images.mkdir()
    for number in range(3):
        Image.effect_noise((40, 36), 30 + 30 * number).convert("RGB").save(images / f"{number}.png")
    answer = call("rank network", NETWORK.replace("--image-count 24", ""), f"--images {images} --json")
    found = answer.document
    assert answer.code == 0
    [model] = found["models"]
    assert model["model"] == "mobilenet_v2_0.5"
    taps = {one["tap"]: one for one in model["taps"]}
    assert taps["penultimate.pooled"]["images"] == 3
    assert "sample_limited" in taps["penultimate.pooled"]["flags"]
    assert {"macs", "time_share", "time_share_low", "rank"} <= set(model["layers"][0])


def test_networks_are_compared_on_generated_images(call, tmp_path):
    answer = call("rank network mobilenet_v2_0.6", NETWORK, "--generated white --out here")
    assert answer.code == 0
    assert "mobilenet_v2_0.5" in answer.out
    rows = pd.read_csv(tmp_path / "here" / "csv" / "taps.csv")
    assert set(rows["model"]) == {"mobilenet_v2_0.6", "mobilenet_v2_0.5"}


def test_an_image_that_is_none_is_named_and_nothing_is_written(call, tmp_path):
    images = tmp_path / "images"
    images.mkdir()
    (images / "broken.png").write_text("no image")
    answer = call("rank network", NETWORK, f"--image-count 1 --images {images}")
    assert answer.code == 2
    assert "broken.png" in answer.err
    assert answer.err.count("\n") == 1
    assert not list(tmp_path.glob("results/*/report.html"))


def test_a_folder_that_cannot_be_written_is_found_before_anything_runs(call, tmp_path):
    (tmp_path / "taken").write_text("a file")
    answer = call("rank layers", FEW, "--out taken")
    assert answer.code == 2
    assert "taken" in answer.err


def test_ctrl_c_leaves_a_run_that_says_so(monkeypatch, call):
    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("analysis.rank.layers.commands.run_layers", stop)
    answer = call("rank layers", FEW)
    assert answer.code == 1
    assert "stopped" in answer.err
    assert Store("sqlite:///results/rexbench.db").find_run().status == "interrupted"


def test_a_small_search_answers_with_one_document(call, monkeypatch, tmp_path):
    choices = {"norm": ("none",), "d_out": ((8, 12),)}
    monkeypatch.setattr("analysis.rank.layers.search.OPEN_CHOICES", choices)
    answer = call("rank search --tries 1 --networks 2 --processes 1 --out found.json")
    found = answer.document
    assert answer.code == 0
    assert found["settings_tried"] == 1
    assert json.loads((tmp_path / "found.json").read_text()) == found
