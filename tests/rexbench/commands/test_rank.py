from __future__ import annotations

import json

import pandas as pd
import pytest
import torch
from PIL import Image

from bench.store.store import Store
from rexbench.cli import main

FEW = "--protocol literal --networks 3 --ratios 0.1 0.5 1.0 --d-out 8 14 --activations Linear ReLU6 SiLU --processes 1"
NETWORK = "mobilenet_v2_0.5 --resolution 32 --image-count 24 --jacobian 0 --taps stage1.* penultimate*"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Every call in a folder of its own, on one thread."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    torch.set_num_threads(threads)


def call(*words):
    return main([one for word in words for one in word.split()])


def answer(capsys, *words):
    code = call(*words)
    return code, json.loads(capsys.readouterr().out)


def test_a_layer_study_ends_with_a_report_and_lies_in_the_store(folder, capsys):
    assert call("rank layers", FEW) == 0
    told = capsys.readouterr()
    assert "claims" in told.out
    [page] = folder.glob("results/*/report.html")
    assert str(page.relative_to(folder)) in told.out
    rows = pd.read_csv(page.parent / "csv" / "cells.csv")
    assert {"block", "activation", "dimension_ratio", "metric", "centring", "tolerance", "mean", "low"} <= set(rows)
    assert (page.parent / "figures" / "rank_figure1_literal.svg").exists()
    store = Store("sqlite:///results/rexbench.db", create=False)
    run = store.find_run()
    assert (run.preset, run.status) == ("rank layers", "done")
    assert store.study(run.id).payload["protocols"][0]["setting"]["networks"] == 3


def test_the_same_seed_gives_the_same_document(capsys):
    first, second = (answer(capsys, "rank layers", FEW, "--json")[1] for _ in range(2))
    assert first["protocols"] == second["protocols"]
    assert first["run"] != second["run"]
    third = answer(capsys, "rank layers", FEW, "--seed 1 --json")[1]
    assert third["protocols"] != first["protocols"]


def test_the_report_of_a_study_is_rebuilt_from_the_store(folder, capsys):
    call("rank layers", FEW, "--out made")
    assert call("report --run latest --out again") == 0
    capsys.readouterr()
    for name in ("report.html", "csv/cells.csv", "figures/rank_figure1_literal.svg"):
        assert (folder / "again" / name).read_bytes() == (folder / "made" / name).read_bytes()


def test_csv_rows_can_stand_alone(capsys):
    assert call("rank layers", FEW, "--csv") == 0
    told = capsys.readouterr()
    assert told.out.splitlines()[0].startswith("protocol,block,activation")
    assert "report.html" in told.err


def test_a_network_study_takes_images_from_a_folder(folder, capsys):
    images = folder / "images"
    images.mkdir()
    for number in range(3):
        Image.effect_noise((40, 36), 30 + 30 * number).convert("RGB").save(images / f"{number}.png")
    code, found = answer(capsys, "rank network", NETWORK.replace("--image-count 24", ""), f"--images {images} --json")
    assert code == 0
    [model] = found["models"]
    assert model["model"] == "mobilenet_v2_0.5"
    taps = {one["tap"]: one for one in model["taps"]}
    assert taps["penultimate.pooled"]["images"] == 3
    assert "sample_limited" in taps["penultimate.pooled"]["flags"]
    assert {"macs", "time_share", "time_share_low", "rank"} <= set(model["layers"][0])


def test_networks_are_compared_on_generated_images(folder, capsys):
    assert call("rank network mobilenet_v2_0.6", NETWORK, "--generated white --out here") == 0
    assert "mobilenet_v2_0.5" in capsys.readouterr().out
    rows = pd.read_csv(folder / "here" / "csv" / "taps.csv")
    assert set(rows["model"]) == {"mobilenet_v2_0.6", "mobilenet_v2_0.5"}


def test_an_image_that_is_none_is_named_and_nothing_is_written(folder, capsys):
    images = folder / "images"
    images.mkdir()
    (images / "broken.png").write_text("no image")
    assert call("rank network", NETWORK, f"--image-count 1 --images {images}") == 2
    told = capsys.readouterr().err
    assert "broken.png" in told
    assert told.count("\n") == 1
    assert not list(folder.glob("results/*/report.html"))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("rank", "required: STUDY"),
        ("rank layrs", "invalid choice"),
        ("rank layers --protocol litral", "did you mean 'literal'"),
        ("rank layers --protocol literal --ratios 0", "above 0 and up to 1"),
        ("rank layers --protocol literal --ratios 1.5", "above 0 and up to 1"),
        ("rank layers --ratios x", "a number is needed"),
        ("rank layers --protocol closest --d-out 100 10", "d_out must be a range"),
        ("rank layers --protocol closest --tolerances numy", "did you mean 'numpy'"),
        ("rank layers --json --csv", "both ask for standard output"),
        ("rank layers --store nonsense", "SQLAlchemy URL"),
        ("rank network rexnt_1.0", "rexnet_1.0"),
        ("rank network", "required: MODEL"),
        ("rank network rexnet_1.0 --images nowhere", "nowhere"),
        ("rank network rexnet_1.0 --taps stage9.*", "unknown tap"),
        ("rank network rexnet_1.0 --weights missing.pth", "missing.pth"),
        ("rank trained --seeds 0", "seeds"),
        ("rank layers --norm none", "add --protocol literal closest"),
        ("rank search --tries 0", "--tries must lie from 1"),
        ("rank search --out nowhere/found.json", "nowhere/found.json"),
    ],
)
def test_a_wrong_call_is_one_line_and_exit_code_2(words, message, capsys, folder):
    assert call(words) == 2
    told = capsys.readouterr()
    assert message in told.err
    assert told.err.startswith("rexbench: ")
    assert told.err.count("\n") == 1
    assert not told.out
    assert not list(folder.glob("results/*/report.html"))


def test_a_folder_that_cannot_be_written_is_found_before_anything_runs(folder, capsys):
    (folder / "taken").write_text("a file")
    assert call("rank layers", FEW, "--out taken") == 2
    assert "taken" in capsys.readouterr().err


def test_ctrl_c_leaves_a_run_that_says_so(monkeypatch, capsys):
    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("analysis.rank.layers.commands.run_layers", stop)
    assert call("rank layers", FEW) == 1
    assert "stopped" in capsys.readouterr().err
    assert Store("sqlite:///results/rexbench.db").find_run().status == "interrupted"


def test_a_small_search_answers_with_one_document(monkeypatch, capsys, folder):
    choices = {"norm": ("none",), "d_out": ((8, 12),)}
    monkeypatch.setattr("analysis.rank.layers.search.OPEN_CHOICES", choices)
    code, found = answer(capsys, "rank search --tries 1 --networks 2 --processes 1 --out found.json")
    assert code == 0
    assert found["settings_tried"] == 1
    assert json.loads((folder / "found.json").read_text()) == found
