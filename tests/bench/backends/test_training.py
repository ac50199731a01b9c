"""Training steps in real workers: an honest one passes, and one that leaves something out is named."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch

from bench.backends.registry import backend_names, info_of, read_registry
from bench.backends.training import TrainingModule, set_to_train
from bench.preparing.task import read_task
from bench.preparing.training import prepare_training
from bench.records.files import REFERENCE
from bench.records.inputs import load_inputs
from bench.records.settings import Settings
from bench.records.training import LEARNING_RATES, PARTS, training_folder
from bench.running.interleaved_group import InterleavedGroup
from bench.workers.executor import ProcessExecutor
from bench.workers.shared_files import prepare_task
from rexnet_core import create_model, dump_weights, load_weights
from rexnet_core.calibration import calibrate
from rexnet_core.errors import UnsupportedModelError

from .conftest import make_case, show_toys

#: Each trainer that leaves something out, with what its row says.
LIES = {
    "skips_backward": "no update: after the first step the outputs are those of the first weights",
    "skips_update": "no update: after the first step the outputs are those of the first weights",
    "skips_momentum": r"another update: the first forward pass agrees, and from step 2 on outputs differ by \d+%",
    "stays_in_eval": "the first forward pass of training differs",
    "stops_training": "after the warm-up, the same training steps gave other outputs",
}


def make_step(backend="eager", **changes):
    return make_case(backend, **{"batch": 4, "scenario": "train", **changes})


def measure(cases, folder):
    """What a short round gives, by backend."""
    settings = Settings(min_rounds=1, max_rounds=1, round_s=0.1, slice_s=0.01, warm_s=2.0, warm_calls=40)
    group = InterleavedGroup(cases, settings=settings, executor=ProcessExecutor(), scratch=folder)
    return {each.case.id: each for each in group.run(None, lambda _measurements: None)}


@pytest.fixture(scope="module")
def measured(toy_site, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        show_toys(toy_site, patch)
        cases = [make_step(name) for name in ("trains_honestly", *LIES)]
        measurements = measure(cases, tmp_path_factory.mktemp("lies"))
        read_registry.cache_clear()
    return {one.case.backend: one for one in measurements.values()}


@pytest.mark.survival
def test_an_honest_trainer_passes(measured):
    honest = measured["trains_honestly"]
    assert (honest.status, honest.reason) == ("ok", "")
    assert tuple(honest.rounds[0].parts_s) == PARTS


@pytest.mark.survival
@pytest.mark.parametrize("lie", LIES)
def test_a_part_that_is_left_out_is_named(measured, lie):
    assert measured[lie].status == "mismatch"
    assert re.search(LIES[lie], measured[lie].reason)


@pytest.mark.survival
def test_steps_and_inferences_of_one_model_take_turns_and_are_compared_with_their_own_reference(tmp_path):
    changes = {}, {"precision": "bf16"}, {"memory_format": "channels_last"}, {"scenario": "latency"}
    cases = [make_step(**change) for change in changes]
    by_id = measure(cases, tmp_path)
    assert [(one.status, one.reason) for one in by_id.values()] == [("ok", "")] * 4
    step, bf16, _, inference = by_id.values()
    assert bf16.effective.precision == "bf16"
    assert inference.rounds[0].parts_s == {}
    whole = np.median(np.concatenate(step.rounds[0].turns_s))
    assert sum(step.rounds[0].parts_s.values()) == pytest.approx(whole, rel=0.5)


@pytest.mark.extra
@pytest.mark.survival
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_compiled_steps_agree_with_eager_ones(tmp_path, precision):
    [one] = measure([make_step("compile", precision=precision)], tmp_path).values()
    assert (one.status, one.reason) == ("ok", "")


@pytest.fixture(scope="module")
def task(tmp_path_factory):
    """The task of preparing steps of a small network, whose weights are there."""
    folder = tmp_path_factory.mktemp("steps")
    network = create_model("mobilenet_v2_0.5")
    calibrate(network, 64, seed=0)
    dump_weights(network, folder / "weights.safetensors")
    return lambda **changes: read_task(prepare_task([make_step(**changes)], folder, seed=0))


def test_the_reference_is_that_of_steps_written_by_hand(task):
    known = task()
    prepare_training(known, "fp32")
    folder = training_folder(known.folder, "fp32")
    images, labels = map(torch.from_numpy, load_inputs(folder))
    module = create_model("mobilenet_v2_0.5")
    load_weights(module, known.folder / "weights.safetensors")
    set_to_train(module)
    momentum = {}
    for index, expected in enumerate(np.load(folder / REFERENCE)):
        logits = module(images[index])
        assert np.allclose(logits.detach().numpy(), expected, atol=1e-4 * np.abs(expected).max())
        module.zero_grad()
        (-torch.log_softmax(logits, 1)[range(4), labels[index]].mean()).backward()
        with torch.no_grad():
            for name, weight in module.named_parameters():
                momentum[name] = 0.9 * momentum.get(name, 0) + weight.grad
                weight.sub_(LEARNING_RATES["fp32"] * (weight.grad + 0.9 * momentum[name]))


def test_a_batch_too_small_for_a_batch_norm_is_one_line(tmp_path):
    torch.manual_seed(0)
    dump_weights(create_model("rexnet_1.0"), tmp_path / "weights.safetensors")
    task = read_task(prepare_task([make_step(model="rexnet_1.0", batch=1)], tmp_path, seed=0))
    with pytest.raises(UnsupportedModelError, match=r"a batch of 1 can't train the batch norm \S+, which gets one"):
        prepare_training(task, "fp32")


def test_a_restart_gives_the_same_steps_again(task):
    known = task()
    prepare_training(known, "fp32")
    step = TrainingModule(make_step(), known.folder)
    step.build()
    step.feed(*load_inputs(training_folder(known.folder, "fp32")))
    first = [step.read(step.runner(index)())[0] for index in range(3)]
    step.restart()
    again = [step.read(step.runner(index)())[0] for index in range(3)]
    assert np.array_equal(first, again)
    assert {name: len(times_s) for name, times_s in step.take_parts().items()} == dict.fromkeys(PARTS, 6)
    assert step.take_parts() == {name: [] for name in PARTS}


@pytest.mark.parametrize("backend", backend_names())
def test_a_backend_that_does_not_train_says_so(backend):
    why = info_of(backend).why_unsupported(make_step(backend))
    assert why == ("" if info_of(backend).trains else f"{backend} runs models and does not train them")
