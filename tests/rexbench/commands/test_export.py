"""`rexbench export` from its words to its folder, and what other commands make of the artefact."""

import json
import sys

import pytest

from rexbench.cli import main

CODE = """
import torch

def build():
    torch.manual_seed(0)
    network = torch.nn.Sequential(
        torch.nn.Conv2d(3, 8, 3, stride=2), torch.nn.ReLU(), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(),
        torch.nn.Linear(8, 4),
    )
    network.default_cfg = {"input_size": (3, 32, 32), "mean": (0.5, 0.45, 0.4), "std": (0.2, 0.22, 0.24)}
    return network
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "exported_classifier.py").write_text(CODE)
    (tmp_path / "names.txt").write_text("one\ntwo two\nthree\nfour\n")
    monkeypatch.delitem(sys.modules, "exported_classifier", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_an_artefact_is_exported_and_predicts_what_the_original_predicts(folder, capsys):
    from PIL import Image  # noqa: PLC0415 - the only one here

    Image.linear_gradient("L").convert("RGB").resize((60, 40)).save("picture.png")
    words = ["export", "py:exported_classifier:build", "--to", "onnx", "--out", "made", "--input-order", "bgr"]
    assert main([*words, "--classes-file", "names.txt", "--output", "probabilities", "--json"]) == 0
    card = json.loads(capsys.readouterr().out)
    assert (card["input"]["converted"]["channel_order"], card["named_classes"]) == ("BGR", 4)
    assert (folder / "made/labels.txt").read_text() == "one\ntwo two\nthree\nfour\n"
    told = []
    for model in ("py:exported_classifier:build", "made/model.onnx"):
        assert main(["predict", model, "picture.png", "--classes-file", "names.txt", "--json"]) == 0
        told.append(json.loads(capsys.readouterr().out))
    first, second = ([list(one.values()) for one in document["pictures"][0]["classes"]] for document in told)
    for ours, theirs in zip(first, second, strict=True):
        assert theirs == [pytest.approx(value, abs=1e-4) if isinstance(value, float) else value for value in ours]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["rexnet_1.0", "--to", "ir", "--out", "made"], "an export needs trained weights; give --weights FILE"),
        (["py:exported_classifier:build", "--out", "made"], "an export needs a format and a folder; give --to"),
        (["py:exported_classifier:build", "--to", "ir"], "an export needs a format and a folder; give --out"),
        (
            ["py:exported_classifier:build", "--to", "ir", "--out", ".", "--force"],
            "--out names a new folder; . is there and is no export; name another",
        ),
        (
            ["py:exported_classifier:build", "--to", "ir", "--out", "made", "--calibration", "."],
            "--calibration applies only to int8, which is not chosen",
        ),
    ],
)
@pytest.mark.usefixtures("folder")
def test_a_wrong_call_is_one_line(words, message, capsys):
    assert main(["export", *words]) == 2
    assert message in capsys.readouterr().err
