"""What a selection expands to, and every call that is refused before the first second is spent."""

from __future__ import annotations

import pytest

from analysis.model_options import ModelOptions
from bench.machine.environment import read_thread_budget
from bench.planning import plan as bench_plan
from bench.planning.plan import Selection, expand
from bench.planning.presets import PRESETS, Preset
from bench.planning.streams import expand_streams
from bench.records.case import Case
from bench.records.settings import Settings
from bench.records.subject import Subject
from rexnet_core.errors import InputError
from rexnet_core.sources.registry import REGISTERED


def test_quick_is_one_model_in_one_group_without_the_slow_compiler():
    plan = expand(Selection())
    assert {(case.model, case.batch) for case in plan.cases} == {("rexnet_1.0", 1)}
    assert [[case.backend for case in group] for group in plan.matches()] == [["eager", "torchscript", "openvino"]]
    assert plan.settings.min_rounds >= 3, "fewer rounds have no interval"


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_expands_to_distinct_cases_in_whole_matches(preset):
    plan = expand(Selection(preset=preset))
    assert len(set(plan.cases)) == len(plan.cases)
    assert sorted(case.id for match in plan.matches() for case in match) == sorted(case.id for case in plan.cases)
    assert len({case.id for case in plan.cases}) == len(plan.cases)
    # Every runtime gets the same threads, and every match has its reference when all backends run.
    assert {case.threads for case in plan.cases if case.device == "cpu"} == {read_thread_budget()}
    if preset == "full":
        assert all("eager" in {case.backend for case in match} for match in plan.matches())


def test_a_selection_replaces_what_the_preset_says():
    chosen = {"models": ["mobilenet_v2_1.0"], "backends": ["openvino"], "batch_sizes": [4], "resolutions": [96]}
    assert expand(Selection(**chosen, threads=1)).cases == (
        Case(model="mobilenet_v2_1.0", backend="openvino", batch=4, resolution=96, threads=1),
    )


@pytest.mark.parametrize(
    ("backend", "threads", "swept"),
    [("openvino", 6, [1, 2, 4, 6, 0]), ("openvino", 1, [1, 0]), ("eager", 8, [1, 2, 4, 8]), ("compile", 6, [1, 2, 6])],
)
def test_streams_are_swept_up_to_the_threads(backend, threads, swept):
    assert expand_streams("throughput", None, backend, threads) == swept
    assert expand_streams("latency", None, backend, threads) == [0]


def test_streams_that_were_asked_for_are_the_only_ones_and_have_ids_of_their_own():
    known = {"models": ["rexnet_1.0"], "batch_sizes": [1], "backends": ["openvino"], "threads": 1}
    plan = expand(Selection(**known, scenarios=["latency", "throughput"], streams=["hint", 1, "hint"]))
    ids = [(case.scenario, case.streams, case.id.removeprefix("rexnet_1.0-224-b1-openvino")) for case in plan.cases]
    assert ids == [("latency", 0, ""), ("throughput", 0, "-throughput"), ("throughput", 1, "-throughput-streams1")]
    assert len(plan.matches()) == 1


def test_repeats_are_measured_once():
    assert len(expand(Selection(models=["rexnet_1.0"] * 2, batch_sizes=[1, 1], backends=["eager", "eager"])).cases) == 1


@pytest.mark.parametrize(
    ("wrong", "line"),
    [
        ({"preset": "quik"}, "unknown preset 'quik'; did you mean 'quick'?"),
        ({"backends": ["openvno"]}, "unknown backend 'openvno'; did you mean 'openvino'?"),
        ({"models": ["rexnet_0"]}, "rexnet_0"),
        ({"models": ["rexnt_1.0"]}, "did you mean 'rexnet_1.0'"),
        ({"models": []}, "at least one model must be chosen, but none is"),
        ({"backends": []}, "at least one backend must be chosen"),
        ({"batch_sizes": [0]}, "a batch size must be at least 1, not 0"),
        ({"batch_sizes": [-3]}, "a batch size must be at least 1, not -3"),
        ({"batch_sizes": [10**9]}, "batch 1000000000 of rexnet_1.0 at 224 needs at least"),
        ({"resolutions": [0]}, "resolution must be a whole number of pixels from 32 to 4096, got 0"),
        ({"resolutions": [7]}, "got 7"),
        ({"precisions": ["fp16"]}, "unknown precision 'fp16'"),
        ({"memory_formats": ["channel_last"]}, "did you mean 'channels_last'"),
        ({"resolutions": ["natve"]}, "unknown resolution 'natve'; did you mean 'native'?"),
        ({"device": "gpu"}, "unknown device 'gpu'"),
        ({"streams": [1]}, "--streams applies only to the throughput scenario, which is not chosen"),
        ({"streams": [], "scenarios": ["throughput"]}, "at least one number of streams must be chosen"),
        ({"streams": [0], "scenarios": ["throughput"]}, "streams must be from 1 to"),
        ({"streams": [2], "scenarios": ["throughput"], "threads": 1}, "streams must be from 1 to 1, the number"),
        ({"streams": ["hnt"], "scenarios": ["throughput"]}, "unknown number of streams 'hnt'; did you mean 'hint'?"),
        ({"threads": 0}, "a number of threads must be at least 1, not 0"),
        ({"threads": 4096}, "threads must be at most"),
        ({"settings": {"target": 0.0}}, "target must be a share between 0 and 1, not 0.0"),
        ({"settings": {"max_rounds": 0}}, "max_rounds must be above 0, not 0"),
        ({"settings": {"budget_s": -1.0}}, "budget must be above 0 seconds, not -1.0"),
        ({"settings": {"limit_s": 0.0}}, "limit_s must be above 0"),
        ({"settings": {"limit_s": 1e300}}, "limit_s must be at most 2592000, which is 30 days, not 1e+300"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line(wrong, line):
    with pytest.raises(InputError) as caught:
        expand(Selection(**wrong))
    assert line in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_checkpoint_is_for_one_model(tmp_path):
    path = tmp_path / "weights.pth"
    path.write_bytes(b"")
    known = [Subject(model="rexnet_1.0", source=REGISTERED, shapes=((3, 224, 224),))]
    with pytest.raises(InputError, match="--weights is the checkpoint of one model, 2 are chosen"):
        expand(Selection(models=["rexnet_1.0", "rexnet_1.3"], weights=path))
    with pytest.raises(InputError, match="--weights must be a file"):
        expand(Selection(models=["rexnet_1.0"], weights=tmp_path))
    plan = expand(Selection(models=["rexnet_1.0"], weights=path, weights_entry="state_dict_ema"), known)
    assert (plan.weights, plan.weights_entry) == (path, "state_dict_ema")
    with pytest.raises(
        InputError, match="--weights-entry names an entry of a checkpoint; got 'ema' alone; add --weights"
    ):
        expand(Selection(models=["rexnet_1.0"], weights_entry="ema"))
    for name in ("x" * 300, "a\0b"):
        with pytest.raises(InputError, match="--weights must be a file"):
            expand(Selection(models=["rexnet_1.0"], weights=tmp_path / name))


def test_a_checkpoint_that_cannot_be_read_is_refused_beforehand(tmp_path, monkeypatch):
    def refuse(_path, *_):
        raise PermissionError(13, "Permission denied")

    path = tmp_path / "weights.pth"
    path.touch()
    for method in ("open", "is_file"):
        with monkeypatch.context() as patch:
            patch.setattr(f"pathlib.Path.{method}", refuse)
            with pytest.raises(InputError, match=r"--weights must be a file that can be read; .*: Permission denied"):
                bench_plan._check_weights(path, ["rexnet_1.0"])


def test_fewer_rounds_than_the_presets_least_are_granted():
    settings = expand(Selection(settings={"max_rounds": 1})).settings
    assert (settings.min_rounds, settings.max_rounds) == (1, 1)


@pytest.fixture
def duel(monkeypatch):
    """A preset of two pairs and a model without rival, on a machine without GPU."""
    rivals = (("rexnet_1.0", "mobilenet_v2_1.0"), ("rexnet_2.0", "mobilenet_v2_1.4"))
    known = {"batch_sizes": (1,), "settings": Settings(), "backends": ("eager", "openvino"), "resolutions": ("native",)}
    models = (*rivals[0], *rivals[1], "rexnet_plain")
    preset = Preset(summary="pairs", models=models, rivals=rivals, gpu_batch_sizes=(64,), **known)
    monkeypatch.setitem(PRESETS, "duel", preset)
    monkeypatch.setattr(bench_plan, "has_nvidia_gpu", lambda: False)
    return preset


@pytest.fixture
def gpu(duel, monkeypatch):  # noqa: ARG001 - the same preset
    monkeypatch.setattr(bench_plan, "has_nvidia_gpu", lambda: True)


def grid(**selection):
    plan = expand(Selection(**{"preset": "duel", **selection}))
    return {(case.device, case.batch, case.backend) for case in plan.cases}


ON_CPU = {("cpu", 1, "eager"), ("cpu", 1, "openvino")}


def test_rivals_share_a_match_with_all_their_backends(duel):
    plan = expand(Selection(preset="duel"))
    models = [[case.model for case in match] for match in plan.matches()]
    assert models == [
        ["rexnet_1.0"] * 2 + ["mobilenet_v2_1.0"] * 2,
        ["rexnet_2.0"] * 2 + ["mobilenet_v2_1.4"] * 2,
        ["rexnet_plain"] * 2,
    ]
    assert plan.rivals == duel.rivals


@pytest.mark.usefixtures("duel")
def test_rivals_meet_at_the_same_batch_only_whatever_their_precisions_and_sides():
    plan = expand(Selection(preset="duel", batch_sizes=[1, 8], precisions=["fp32", "bf16"]))
    assert len(plan.matches()) == 3 * 2
    assert all(len({case.terms for case in match}) == 1 for match in plan.matches())
    pair = Selection(preset="duel", models=["rexnet_1.0", "mobilenet_v2_1.0"], resolutions=[64, 96])
    [match] = expand(pair).matches()
    assert {case.resolution for case in match} == {64, 96}


@pytest.mark.usefixtures("duel")
def test_a_model_whose_rivals_were_not_chosen_has_none():
    plan = expand(Selection(preset="duel", models=["rexnet_1.0", "rexnet_2.0", "mobilenet_v2_1.4"]))
    assert plan.rivals == (("rexnet_2.0", "mobilenet_v2_1.4"),)
    assert [len(match) for match in plan.matches()] == [2, 4]


@pytest.mark.usefixtures("gpu")
def test_other_presets_have_no_rivals_and_stay_on_the_cpu():
    plan = expand(Selection(preset="quick"))
    assert plan.rivals == ()
    assert {case.device for case in plan.cases} == {"cpu"}


@pytest.mark.usefixtures("duel")
def test_native_is_the_side_of_each_model():
    assert {case.resolution for case in expand(Selection(preset="duel")).cases} == {224}
    mixed = expand(Selection(models=["rexnet_1.0"], backends=["eager"], resolutions=["native", 160, 224]))
    assert {case.resolution for case in mixed.cases} == {224, 160}


@pytest.mark.usefixtures("duel")
def test_without_a_gpu_all_is_on_the_cpu():
    assert grid() == ON_CPU


@pytest.mark.usefixtures("gpu")
def test_where_there_is_a_gpu_what_runs_there_is_measured_too_unless_a_device_is_named():
    assert grid() == {*ON_CPU, ("cuda", 64, "eager")}
    assert [len(match) for match in expand(Selection(preset="duel")).matches()] == [4, 4, 2, 2, 2, 1]
    assert grid(device="cpu") == ON_CPU
    assert grid(device="cuda") == {("cuda", 64, "eager")}
    assert grid(device="cuda", batch_sizes=[2], backends=["compile"]) == {("cuda", 2, "compile")}
    assert grid(backends=["openvino"]) == {("cpu", 1, "openvino")}


def test_the_papers_pairs_meet_at_their_own_sides(monkeypatch):
    monkeypatch.setattr(bench_plan, "has_nvidia_gpu", lambda: True)
    plan = expand(Selection(preset="paper-latency"))
    sides = [tuple(dict.fromkeys((case.model, case.resolution) for case in match)) for match in plan.matches()]
    pairs = [
        (("rexnet_1.0", 224), ("efficientnet_b0", 224)),
        (("rexnet_1.3", 224), ("efficientnet_b1", 240)),
        (("rexnet_1.5", 224), ("efficientnet_b2", 260)),
        (("rexnet_2.0", 224), ("efficientnet_b3", 300)),
    ]
    assert sides == pairs * 2
    assert grid(preset="paper-latency") == {*ON_CPU, ("cuda", 64, "eager")}


def expand_call(**selection):
    return expand(Selection(**{"batch_sizes": [1], **selection}))


def test_models_that_a_call_lets_take_turns_are_one_group_and_all_that_is_measured():
    plan = expand_call(rivals=["rexnet_1.0", "mobilenet_v2_1.0"], backends=["eager", "openvino"])
    assert plan.rivals == (("rexnet_1.0", "mobilenet_v2_1.0"),)
    assert [{case.model for case in cases} for cases in plan.matches()] == [{"rexnet_1.0", "mobilenet_v2_1.0"}]
    with pytest.raises(InputError, match="--rivals needs at least two models"):
        expand_call(rivals=["rexnet_1.0", "rexnet_1.0"])
    with pytest.raises(InputError, match="--rivals must be among --models; rexnet_2"):
        expand_call(rivals=["rexnet_1.0", "rexnet_2.0"], models=["rexnet_1.0"])


def test_a_module_of_your_own_is_a_model_like_others(tmp_path, monkeypatch):
    (tmp_path / "mymodels.py").write_text(
        "from torch import nn\n"
        "def build(width=4):\n"
        "    print('a model speaks')\n"
        "    return nn.Sequential(nn.Conv2d(1, width, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())\n"
    )
    monkeypatch.chdir(tmp_path)
    options = ModelOptions(model_args='{"width": 6}', in_channels=1)
    plan = expand_call(models=["py:mymodels:build", "rexnet_0.5"], options=options)
    first, ours = plan.subjects
    assert (first.model, first.source, first.shapes) == ('py:mymodels:build({"width":6})', "py", ((1, 224, 224),))
    assert first.cost is not None
    assert first.cost["macs"] == 6 * 9 * 222 * 222
    assert first.fingerprint.startswith("sha256:")
    assert ours.shapes == ((1, 224, 224),)
    assert {case.shape for case in plan.cases} == {"1x224x224"}
    with pytest.raises(InputError, match="--model-args are for a model py:"):
        expand_call(models=["rexnet_1.0"], options=ModelOptions(model_args="{}"))
    with pytest.raises(InputError, match="must be a JSON object"):
        expand_call(models=["py:mymodels:build"], options=ModelOptions(model_args="[1]"))
    with pytest.raises(InputError, match="needs the module nothere"):
        expand_call(models=["py:nothere:build"])
