"""The document of a network study: complete, plain, and in agreement with itself."""

import json
from dataclasses import dataclass
from itertools import pairwise

import pytest
import torch

import rexnet_core
from analysis.complexity import count
from analysis.rank.network import study
from analysis.rank.network.setting import NetworkSetting
from analysis.rank.network.study import run_network
from analysis.statistics.estimates import Estimate
from rexnet_core.errors import InputError, UnknownNameError

MODELS = ("rexnet_0.5", "regnetx_200mf")


@dataclass(frozen=True)
class MadeTimes:
    batch: int
    threads: int
    passes: int = 7
    method: str = "made up"

    def shares(self):
        return {
            "stem.conv": Estimate(value=0.2, low=0.1, high=0.3),
            "stem.act": Estimate(value=0.05, low=0.04, high=0.06),
        }


def make_times(model, images, *, seed):
    assert not model.training
    assert seed == 0
    return MadeTimes(len(images), torch.get_num_threads())


@pytest.fixture(scope="module")
def document():
    setting = NetworkSetting(models=MODELS, resolution=32, image_count=12, jacobian=1, batch_size=6, threads=1)
    return run_network(setting, time_layers=make_times).as_dict()


def test_it_is_plain_json(document):
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert (document["format_version"], document["kind"]) == (1, "network")
    assert document["setting"]["image_kind"] == "1/f"
    assert document["setting"]["torch"] == str(torch.__version__)


def test_the_same_setting_gives_the_same_numbers(document):
    setting = NetworkSetting(models=MODELS[:1], resolution=32, image_count=12, jacobian=0, batch_size=6, threads=1)
    again = run_network(setting).payload["models"][0]["taps"]
    first = document["models"][0]["taps"]
    assert [tap["uncentred"] for tap in again] == [tap["uncentred"] for tap in first]
    assert {tap["jacobian_rank"] for tap in again} == {None}


def test_every_tap_has_spectra_bound_and_measures(document):
    for model in document["models"]:
        depths = [tap["depth"] for tap in model["taps"]]
        assert depths == sorted(depths)
        assert (depths[0], depths[-1]) == (0, 1)
        for tap in model["taps"]:
            assert len(tap["uncentred"]) == len(tap["centred"]) == tap["channels"]
            assert tap["rank"] <= min(tap["channels"], tap["rows"])
            assert "above_bound" not in tap["flags"], tap["tap"]
            assert {row["centring"] for row in tap["measures"]} == {"centred", "uncentred"}


def test_blocks_tell_where_rank_is_gained_and_cut(document):
    for model in document["models"]:
        taps = {tap["tap"]: tap for tap in model["taps"]}
        blocks = model["blocks"]
        assert len(blocks) == len({tap["block"] for tap in model["taps"]} - {"", "stem", "head"})
        for before, block in pairwise(blocks):
            assert block["rank_in"] == before["rank_out"]
            assert block["rank_out"] <= block["bound"] <= block["c_out"]
            assert block["rank_expand"] == taps[f"{block['block']}.expand"]["rank"]
            for step, sign in ((block["gained_by"], 1), (block["cut_by"], -1)):
                points = ["in", "expand", "act", "depthwise", "act2", "project", "add", "out"]
                ranks = [block[f"rank_{point}"] for point in points if block[f"rank_{point}"] is not None]
                names = [point for point in points if block[f"rank_{point}"] is not None]
                changes = {
                    name: sign * (after - before)
                    for name, (before, after) in zip(names[1:], pairwise(ranks), strict=False)
                }
                assert max(changes.values()) == changes[step] > 0 if step else max(changes.values()) <= 0
        assert any(block["gained_by"] == "act" for block in blocks)


def test_the_jacobian_stands_beside_the_span(document):
    taps = {tap["tap"]: tap for tap in document["models"][0]["taps"]}
    act = taps["stage3.block1.act"]
    assert act["jacobian_rank"] <= document["models"][0]["blocks"][3]["c_in"]
    assert taps["penultimate"]["jacobian_rank"] is None


def test_the_jacobians_median_is_over_the_images_where_it_is_known(monkeypatch):
    ranks = iter(
        [{"act": 9, "add": None}, {"act": None, "add": None}, {"act": 5, "add": None}, {"act": 6, "add": None}]
    )
    monkeypatch.setattr(study, "jacobian_ranks", lambda *_: {"stage2.block2": next(ranks)})
    taps = ("stage2.block2.act", "stage2.block2.add")
    setting = NetworkSetting(models=MODELS[:1], resolution=32, image_count=4, taps=taps, jacobian=4)
    [model] = run_network(setting).payload["models"]
    assert [tap["jacobian_rank"] for tap in model["taps"]] == [6, None]


def test_the_entry_that_the_weights_are_from_is_named(tmp_path):
    weights = rexnet_core.create_model("rexnet_0.5").state_dict()
    torch.save({"model": weights, "model_ema": weights}, tmp_path / "both.ckpt")
    own = {"weights": tmp_path / "both.ckpt", "image_count": 2, "jacobian": 0, "taps": ("*.add",), "resolution": 32}
    with pytest.raises(InputError, match="has them in 'model', 'model_ema'; choose with --weights-entry NAME"):
        run_network(NetworkSetting(models=("rexnet_0.5",), **own))
    [model] = run_network(NetworkSetting(models=("rexnet_0.5",), weights_entry="model_ema", **own)).payload["models"]
    assert model["weights"] == "both.ckpt (model_ema, own)"
    with pytest.raises(InputError, match="--weights-entry names an entry of a checkpoint; got 'ema' alone"):
        NetworkSetting(models=("rexnet_0.5",), weights_entry="ema")


def test_weights_whose_features_are_not_finite_give_a_document_without_ranks(tmp_path):
    weights = rexnet_core.create_model("rexnet_0.5")
    weights.stages[2][0].body.depthwise.norm.running_var[0] = -1
    torch.save(weights.state_dict(), tmp_path / "own.pth")
    own = {"weights": tmp_path / "own.pth", "image_count": 4, "jacobian": 2, "taps": ("stage3.block1.*",)}
    [model] = run_network(NetworkSetting(models=MODELS[:1], resolution=32, **own)).payload["models"]
    ranks = {tap["point"]: (tap["rank"] is None, tap["jacobian_rank"] is None) for tap in model["taps"]}
    assert ranks["act"] == (False, False)
    assert ranks["depthwise"] == ranks["project"] == (True, True)


def test_layers_join_cost_time_and_rank(document):
    model = document["models"][0]
    layers = {layer["layer"]: layer for layer in model["layers"]}
    cost = count("rexnet_0.5", 32)
    assert [name for name, layer in layers.items() if layer["params"]] == [layer.layer for layer in cost.layers]
    assert sum(layer["macs"] for layer in model["layers"]) == cost.macs == model["macs"]
    assert sum(layer["params"] for layer in model["layers"]) == cost.params == model["params"]
    assert layers["stem.conv"]["time_share"] == 0.2
    assert layers["stem.norm"]["time_share"] is None
    assert layers["stem.act"]["time_share"] == 0.05
    assert (layers["stem.act"]["macs"], layers["stem.act"]["kind"]) == (0, "activation")
    assert model["layer_times"] == {"batch": 1, "threads": 1, "passes": 7, "method": "made up"}
    places = list(layers)
    assert places[:3] == ["stem.conv", "stem.norm", "stem.act"]
    assert places[-3:] == ["head_conv.act", "pool.0", "classifier"]


def test_every_tap_is_behind_the_one_layer_that_made_its_features(document):
    for model in document["models"]:
        taps = {tap["tap"]: tap for tap in model["taps"]}
        layers = {layer["layer"]: layer for layer in model["layers"]}
        behind = {name: layer["tap"] for name, layer in layers.items() if layer["tap"]}
        assert len(set(behind.values())) == len(behind)
        assert set(taps) - set(behind.values()) <= {name for name in taps if name.endswith(".input")} | {"penultimate"}
        for name, tap in behind.items():
            assert (layers[name]["rank"], layers[name]["channels"]) == (taps[tap]["rank"], taps[tap]["channels"])
            assert layers[name]["out_shape"][1] == taps[tap]["channels"]
            if tap != "penultimate.pooled":
                assert layers[name]["out_shape"][2:] == [taps[tap]["height"], taps[tap]["width"]]
        assert not any(name.endswith(".conv") for name in behind)
        assert behind["stem.norm"] == "stem.conv"
        assert sum(tap.endswith(".add") for tap in behind.values()) == sum(name.endswith(".add") for name in behind) > 0


def test_taps_of_whole_modules_are_behind_the_last_step_of_them():
    taps = ("stage3.block1.se", "stages.0.0", "head_conv", "stem:pooled", "stem.conv")
    setting = NetworkSetting(models=("rexnet_1.0",), resolution=32, image_count=2, taps=taps, jacobian=0)
    [model] = run_network(setting).payload["models"]
    behind = {layer["layer"]: layer["tap"] for layer in model["layers"] if layer["tap"]}
    assert behind == {
        "stem.norm": "stem.conv",
        "stages.0.0.body.project.norm": "stages.0.0",
        "stages.2.0.body.se.scale": "stage3.block1.se",
        "head_conv.act": "head_conv",
    }


def test_squeeze_excite_after_the_activation_is_tapped_in_its_place():
    taps = ("stage2.block2.*", "stage3.block1.input")
    setting = NetworkSetting(
        models=("efficientnet_b0",), resolution=64, image_count=6, taps=taps, jacobian=0, threads=1
    )
    [model] = run_network(setting).payload["models"]
    own = {tap["point"]: tap for tap in model["taps"] if tap["block"] == "stage2.block2"}
    assert list(own) == ["input", "expand", "act", "depthwise", "act2", "se", "project", "add"]
    depths = [tap["depth"] for tap in own.values()]
    assert depths == sorted(set(depths))
    assert not any("above_bound" in tap["flags"] for tap in own.values())
    behind = {layer["tap"]: layer["layer"] for layer in model["layers"]}
    assert behind["stage2.block2.se"] == "stages.1.1.body.se.scale"
    assert behind["stage2.block2.act2"] == "stages.1.1.body.act"


def test_a_pattern_that_fits_one_model_only_is_told_before_anything_runs():
    setting = NetworkSetting(models=MODELS, resolution=32, image_count=2, taps=("*.se",))
    told = []
    with pytest.raises(UnknownNameError, match="unknown tap"):
        run_network(setting, progress=told.append)
    assert not told


def test_chosen_points_alone_leave_the_others_unknown():
    setting = NetworkSetting(models=MODELS[:1], resolution=32, image_count=4, taps=("stage2.block2.a*",), jacobian=0)
    [model] = run_network(setting).payload["models"]
    assert model["layer_times"] is None
    assert [tap["point"] for tap in model["taps"]] == ["act", "act2", "add"]
    block = next(block for block in model["blocks"] if block["block"] == "stage2.block2")
    assert block["rank_in"] is None
    assert block["rank_out"] == block["rank_add"] > 0


def test_threads_and_the_message_of_a_bad_image_survive(tmp_path):
    (tmp_path / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\n and nothing more")
    threads = torch.get_num_threads()
    setting = NetworkSetting(models=MODELS[:1], resolution=32, images=tmp_path, threads=1)
    with pytest.raises(InputError, match=r"bad\.png (is no image|can't be read)"):
        run_network(setting)
    assert torch.get_num_threads() == threads
