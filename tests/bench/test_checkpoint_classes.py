"""A checkpoint says how many classes one of our networks has, wherever weights are taken: cost, files, probing."""

import re
from dataclasses import replace

import numpy as np
import pytest
import torch

from analysis.complexity import as_dict, count
from analysis.model_options import ModelOptions
from analysis.rank.network.setting import NetworkSetting
from analysis.rank.network.subjects import open_subject
from bench.assets import prepare
from bench.backends.torch_module import load_shared_weights
from bench.backends.training import TrainingModule
from bench.describe import describe
from bench.planning import subjects
from bench.planning.plan import Selection, expand
from bench.planning.presets import PRESETS
from bench.planning.subjects import find_subjects
from bench.records.case import Case
from bench.records.files import REFERENCE, WEIGHTS
from bench.records.subject import Question
from bench.workers.shared_files import prepare_task
from rexnet_core import create_model, dump_weights
from rexnet_core.errors import InputError, WeightsError
from rexnet_core.sources.registry import REGISTERED

SIDE, CLASSES = 32, 12


@pytest.fixture(scope="module")
def network():
    return create_model("rexnet_0.5", num_classes=CLASSES).eval()


@pytest.fixture(scope="module")
def checkpoint(network, tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "twelve.pdparams"
    dump_weights(network, path, "paddle")
    return path


def ask(checkpoint, **more):
    return Question(model="rexnet_0.5", source=REGISTERED, resolution=SIDE, weights=str(checkpoint), **more)


def test_cost_is_that_of_the_classes_of_the_checkpoint(checkpoint, monkeypatch):
    monkeypatch.setattr(subjects, "describe_models", lambda questions, _: list(map(describe, questions)))
    [subject] = find_subjects({"rexnet_0.5": REGISTERED}, ModelOptions(), [SIDE], own_sides=False, weights=checkpoint)
    assert subject.cost == as_dict(count("rexnet_0.5", SIDE, num_classes=CLASSES), per_layer=True)
    assert subject.shapes == ((3, SIDE, SIDE),)


def test_a_checkpoint_of_another_network_is_refused_before_the_run(checkpoint, tmp_path):
    with pytest.raises(WeightsError, match=r"weights must be those of rexnet_0\.6 \(paddle names fit best\)"):
        describe(Question(model="rexnet_0.6", source=REGISTERED, resolution=SIDE, weights=str(checkpoint)))
    torch.save({"fc.weight": torch.zeros(3, 3)}, tmp_path / "a.pth")
    with pytest.raises(WeightsError, match=r"has none of classifier\.weight, output\.1\.weight, head\.fc\.weight; its"):
        describe(ask(tmp_path / "a.pth"))


def test_what_cases_share_has_the_classes_of_the_checkpoint(checkpoint, network, tmp_path):
    case = Case(model="rexnet_0.5", resolution=SIDE, batch=2, backend="eager", precision="fp32", threads=1)
    told = prepare(prepare_task([case], tmp_path, seed=0, weights=checkpoint))
    assert told["weights"] == "checkpoint"
    assert np.load(tmp_path / REFERENCE).shape[-1] == CLASSES
    module = create_model("rexnet_0.5")
    load_shared_weights(module, tmp_path / WEIGHTS)
    assert torch.equal(module.classifier.weight, network.classifier.weight)
    trained = TrainingModule(case, tmp_path)
    trained.build()
    assert trained.module.classifier.out_features == CLASSES


def test_a_probed_network_has_the_classes_of_the_checkpoint(checkpoint):
    setting = NetworkSetting(models=("rexnet_0.5",), weights=checkpoint, resolution=SIDE)
    subject = open_subject("rexnet_0.5", REGISTERED, setting)
    assert subject.cost.params == count("rexnet_0.5", SIDE, num_classes=CLASSES).params
    assert [step.out_shape for step in subject.steps if step.name == "classifier"] == [(1, CLASSES)]
    assert re.fullmatch(r"twelve\.pdparams \(paddle\)", subject.weights)


@pytest.mark.parametrize(("chosen", "side"), [({}, 48), ({"resolutions": [64]}, 64), ({"resolutions": ["native"]}, 48)])
def test_a_run_measures_at_the_side_that_the_checkpoint_was_trained_for(network, tmp_path, monkeypatch, chosen, side):
    monkeypatch.setattr(subjects, "describe_models", lambda questions, _: list(map(describe, questions)))
    path = tmp_path / "trained.pth"
    torch.save({"state_dict": network.state_dict(), "resolution": 48}, path)
    plan = expand(Selection(models=["rexnet_0.5"], weights=path, **chosen))
    assert {case.resolution for case in plan.cases} == {side}
    [subject] = plan.subjects
    assert subject.cost == as_dict(count("rexnet_0.5", side, num_classes=CLASSES), per_layer=True)


def test_a_preset_with_sides_keeps_them_and_without_any_side_told_it_is_the_usual(network, tmp_path, monkeypatch):
    monkeypatch.setattr(subjects, "describe_models", lambda questions, _: list(map(describe, questions)))
    path = tmp_path / "trained.pth"
    torch.save({"state_dict": network.state_dict(), "resolution": 48}, path)
    mine = {"mine": replace(PRESETS["quick"], resolutions=(64,))}
    [subject] = expand(Selection(preset="mine", presets=mine, models=["rexnet_0.5"], weights=path)).subjects
    assert subject.shapes == ((3, 64, 64),)
    torch.save(network.state_dict(), path)
    [subject] = expand(Selection(models=["rexnet_0.5"], weights=path)).subjects
    assert subject.shapes == ((3, 224, 224),)


@pytest.mark.parametrize("side", [5, -1, 10**30])
def test_a_side_that_no_image_has_is_one_line(network, tmp_path, side):
    path = tmp_path / "hostile.pth"
    torch.save({"state_dict": network.state_dict(), "resolution": side}, path)
    with pytest.raises(InputError, match=rf"hostile\.pth tells a side that it can't be measured at; .* got {side};"):
        describe(replace(ask(path), told_side=True))
    assert describe(ask(path)).shapes == ((3, SIDE, SIDE),)
