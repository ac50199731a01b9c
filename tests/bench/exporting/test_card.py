"""The cards of Open Model Zoo, and where the numbers of a card come from."""

import json
import re

import pytest
import torch

from analysis.accuracy.run import describe_steps
from analysis.classifiers.classifier import open_classifier
from analysis.classifiers.setting import ClassifierSetting
from bench.exporting import own_check
from bench.exporting.latency import NOT_MEASURED
from bench.exporting.run import run_export
from bench.exporting.setting import make_setting
from bench.records.calibration import CalibrationSet
from reports.model_card import _head_licence, render_card
from rexnet_core import create_model, dump_weights
from rexnet_core.errors import InputError

ROW = {
    f"{name}{end}_percent": value
    for name, values in (("top1", (70.0, 60.0, 80.0)), ("top5", (90.0, 85.0, 95.0)))
    for end, value in zip(("", "_low", "_high"), values, strict=True)
}


def write_evaluation(path, **changes):
    row = {"backend": "onnxruntime", "precision": "fp32", "status": "ok", "images": 50, **ROW, "top1_percent": 69.0}
    told = {
        "kind": "accuracy", "model": "py:tiny_classifier:build", "resolution": 32, "folder": "val", "classes": 5,
        "images": 50, "weights": {"sha256": None, "entry": None}, "preprocessing": {}, "converted": [row], **ROW,
    }  # fmt: skip
    path.write_text(json.dumps(told | changes))
    return path


def test_a_measured_accuracy_is_on_the_card_for_both_forms(export, tmp_path):
    from bench.exporting.original import open_original  # noqa: PLC0415 - as the export does

    setting = make_setting(
        ClassifierSetting(model="py:tiny_classifier:build", source="py", threads=1), {"to": "onnx", "out": tmp_path}
    )
    classifier = open_original(setting).classifier
    same = {
        "fingerprint": classifier.told["fingerprint"],
        "preprocessing": {**describe_steps(32, classifier.preprocessing), "of": "its own"},
    }
    evaluation = write_evaluation(tmp_path / "evaluation.json", **same)
    card = export("onnx", accuracy=evaluation)
    text = (tmp_path / "out/README.md").read_text()
    assert 'dataset: {name: "50 images of val, 32 pixels", type: folder}' in text
    assert "source:" not in text
    assert card["accuracy"]["converted"]["top1_percent"] == 69.0
    assert "| Top 1 | 70.00 % [60.00, 80.00] | 69.00 % [60.00, 80.00] |" in text
    assert '    - {type: accuracy, name: "Top 1 accuracy [%]", value: 69.00}' in text
    export("ir", precision="fp16", accuracy=evaluation, force=True)
    text = (tmp_path / "out/README.md").read_text()
    assert "| Top 1 | 70.00 % [60.00, 80.00] | not measured |" in text
    assert "model-index" not in text
    export("ir", accuracy=evaluation, force=True)
    assert "value: 70.00}" in (tmp_path / "out/README.md").read_text()
    same["preprocessing"]["crop_ratio"] = 1.0
    with pytest.raises(InputError, match=r"preprocessing \(crop_ratio\): .* has 1.0, the export 0.875; evaluate"):
        export("onnx", accuracy=write_evaluation(evaluation, **same), force=True)


@pytest.mark.parametrize(
    ("licence", "lines"),
    [("MIT", ["license: mit"]), ("Mine: see LICENCE", ["license: other", 'license_name: "Mine: see LICENCE"'])],
)
def test_a_licence_is_one_that_the_hub_knows_or_another_with_a_name(licence, lines):
    assert list(_head_licence(licence)) == lines


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model": "rexnet_1.0"}, "--accuracy must be of the same model, weights, side and preprocessing; model: "),
        ({"weights": {"sha256": "0" * 64, "entry": None}}, "weights: .* has 00000.*, the export None; evaluate"),
        ({"weights": {"sha256": None, "entry": "ema"}}, "entry of the weights: .* has ema, the export None"),
        ({"resolution": 64}, "side: .* has 64, the export 32"),
        ({"top1_percent": 101}, "must be what `rexbench evaluate --json` writes"),
        ({"kind": "layers"}, "it is a document of kind 'layers'"),
    ],
)
def test_another_accuracy_is_refused(export, tmp_path, changes, message):
    with pytest.raises(InputError, match=message):
        export("onnx", accuracy=write_evaluation(tmp_path / "evaluation.json", **changes))


def test_a_card_says_what_was_not_measured_and_is_no_model_index(export, tmp_path):
    export("onnx")
    text = (tmp_path / "out/README.md").read_text()
    assert text.count("Not measured.") == 2
    assert "model-index" not in text
    assert "The licence of the weights is not known." in text


@pytest.mark.extra
@pytest.mark.parametrize(
    ("model", "rows"),
    [
        (
            "rexnet_1.0",
            [
                "| GFLOPs | 0.8325 |", "| MParams | 4.7779 |", "| Top 1 | 77.86 % |", "| Top 5 | 93.87 % |",
                "name `input.1`, shape `1, 3, 224, 224`, format `B, C, H, W`", "order of channels is `RGB`",
                "mean values are [123.675, 116.28, 103.53], scale values [58.395, 57.12, 57.375]", "name `prob`",
            ],
        ),
        (
            "regnetx_3.2gf",
            [
                "| GFLOPs | 6.3893 |", "| MParams | 15.2653 |", "| Top 1 | 78.15 % | 78.15 % |", "| Top 5 | 94.09 % |",
                "name `data`, shape `1, 3, 224, 224`, format `B, C, H, W`", "order of channels is `BGR`",
                "mean values are [103.53, 116.28, 123.675], scale values [57.375, 57.12, 58.395]", "name `prob`",
            ],
        ),
    ],
)  # fmt: skip
def test_the_cards_of_open_model_zoo_come_out_of_public_checkpoints(tmp_path, model, rows):
    torch.manual_seed(0)
    dump_weights(create_model(model), tmp_path / "public.pth", "official")
    classifier = ClassifierSetting(model=model, weights=tmp_path / "public.pth", threads=1, batch_size=6)
    setting = make_setting(classifier, {"to": "ir", "out": tmp_path / "out", "like": "open-model-zoo"})
    run_export(setting, calibration=CalibrationSet(), latency=NOT_MEASURED, render=render_card)
    text = (tmp_path / "out/README.md").read_text()
    assert [row for row in rows if row not in text] == []
    converted = text.partition("## Input of the converted model")[2]
    assert re.search(r"order of channels is `BGR`", converted)


def test_a_checkpoint_of_our_training_is_prepared_as_it_was_trained(tmp_path):
    network = create_model("rexnet_lite_1.0", num_classes=3)
    torch.save({"state_dict": network.state_dict(), "resolution": 32, "classes": ["a", "b", "c"]}, tmp_path / "w.pth")
    setting = ClassifierSetting(model="rexnet_lite_1.0", weights=tmp_path / "w.pth", threads=1, batch_size=1)
    opened = open_classifier(setting)
    assert (opened.resolution, opened.whose) == (32, "that of rexbench train, which made these weights")


def test_weights_of_other_classes_get_neither_name_nor_licence_nor_numbers_of_the_published_ones(tmp_path, monkeypatch):
    monkeypatch.setattr(own_check, "run", lambda _folder: None)
    dump_weights(create_model("rexnet_1.0", num_classes=3), tmp_path / "three.pth", "official")
    classifier = ClassifierSetting(
        model="rexnet_1.0", weights=tmp_path / "three.pth", threads=1, batch_size=6, resolution=32
    )
    setting = make_setting(classifier, {"to": "pt2", "out": tmp_path / "out", "like": "open-model-zoo"})
    card = run_export(setting, calibration=CalibrationSet(), latency=NOT_MEASURED, render=render_card)
    text = (tmp_path / "out/README.md").read_text()
    assert (card["published_name"], card["licence"], card["accuracy"]) == ("", "", {})
    assert "license:" not in text
    assert "model-index" not in text
