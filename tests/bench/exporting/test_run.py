"""Exports of a small classifier to each format, run by the runtimes alone, and those that are refused."""

import hashlib
import json
import subprocess
import sys
import zipfile
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import openvino
import pytest
import torch
from PIL import Image

from bench.exporting import onnx_form, own_check, verification
from bench.exporting.formats import FORMATS
from bench.records.calibration import CalibrationSet
from rexnet_core.errors import InputError, ModelError
from rexnet_core.sources import exported_program

NAMES = ("one", "two", "three", "four", "five")
CHECK = own_check.run
MEAN, STD = (np.array(values, np.float32) for values in ((0.5, 0.45, 0.4), (0.2, 0.22, 0.24)))


@pytest.fixture
def expect(request, picture):
    """What the original gives for the picture."""
    request.getfixturevalue("model")
    pixels = torch.from_numpy(((picture / 255 - MEAN) / STD).astype(np.float32).transpose(0, 3, 1, 2))
    with torch.no_grad():
        return import_module("tiny_classifier").build().eval()(pixels)


def run_onnx(path, picture):
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return session, session.run(None, {session.get_inputs()[0].name: picture})[0]


def run_ir(path, picture):
    model = openvino.Core().compile_model(path, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return model, model(picture)[0]


@pytest.fixture
def call(export, tmp_path):
    """A function that exports with some options, and gives what the artefact's runtime alone gives."""

    def run(to, fed, **options):
        export(to, **options)
        runs = {"onnx": run_onnx, "ir": run_ir}
        return runs[to](tmp_path / "out" / {"onnx": "model.onnx", "ir": "model.xml"}[to], fed)[1]

    return run


@pytest.mark.parametrize("form", [("rgb", "nhwc"), ("bgr", "nchw")])
@pytest.mark.parametrize("to", ["onnx", "ir"])
def test_an_artefact_takes_pixels_and_gives_what_the_original_gives(call, expect, picture, to, form):
    order, layout = form
    fed = picture if order == "rgb" else picture[..., ::-1]
    fed = np.ascontiguousarray(fed if layout == "nhwc" else fed.transpose(0, 3, 1, 2))
    given = call(to, fed, input_order=order, input_layout=layout, output="probabilities")
    assert given == pytest.approx(expect.softmax(1).numpy(), abs=1e-5)


@pytest.mark.parametrize("to", ["onnx", "ir"])
def test_a_network_that_takes_bgr_has_its_means_in_that_order(export, tmp_path, picture, to):
    card = export(to, channel_order="bgr")
    pixels = ((picture / 255 - MEAN) / STD).astype(np.float32)[..., ::-1].transpose(0, 3, 1, 2).copy()
    with torch.no_grad():
        expected = import_module("tiny_classifier").build().eval()(torch.from_numpy(pixels)).numpy()
    runs = {"onnx": (run_onnx, "model.onnx"), "ir": (run_ir, "model.xml")}
    run, name = runs[to]
    assert run(tmp_path / "out" / name, picture)[1] == pytest.approx(expected, abs=1e-4)
    assert card["input"]["converted"]["inside"]["reversed"]
    original = card["input"]["original"]
    assert (original["channel_order"], original["mean"]) == ("BGR", [102.0, 114.75, 127.5])


def test_names_types_and_metadata_are_those_that_were_asked_for(export, tmp_path, picture):
    options = {"input_name": "input.1", "output_name": "prob", "input_type": "float32", "licence": "MIT"}
    export("onnx", **options, batch="dynamic")
    session, given = run_onnx(tmp_path / "out/model.onnx", np.repeat(picture, 3, 0).astype(np.float32))
    assert (session.get_inputs()[0].name, session.get_inputs()[0].type) == ("input.1", "tensor(float)")
    assert session.get_inputs()[0].shape == ["batch", 32, 32, 3]
    assert session.get_outputs()[0].name == "prob"
    assert given.shape == (3, 5)
    assert session.get_modelmeta().custom_metadata_map["license"] == "MIT"
    export("ir", **options, force=True)
    compiled, _ = run_ir(tmp_path / "out/model.xml", picture.astype(np.float32))
    assert compiled.inputs[0].get_names() == {"input.1"}
    assert compiled.outputs[0].get_names() == {"prob"}
    told = openvino.Core().read_model(tmp_path / "out/model.xml").get_rt_info(["model_info"])
    assert told["reverse_input_channels"] == "NO"
    assert told["mean_values"] == "127.5 114.75 102"


def test_an_exported_program_takes_any_number_of_pictures(export, expect, picture, tmp_path):
    export("pt2", batch="dynamic", input_order="bgr")
    program = torch.export.load(tmp_path / "out/model.pt2").module()
    given = program(torch.from_numpy(np.repeat(picture[..., ::-1], 3, 0).copy()))
    assert given.shape == (3, 5)
    assert given[:1].detach().numpy() == pytest.approx(expect.numpy(), abs=1e-4)


def test_no_artefact_holds_a_path_of_the_machine_that_made_it(export, tmp_path):
    for to in ("onnx", "ir", "pt2"):
        export(to, force=True)
        for path in (tmp_path / "out").iterdir():
            assert str(tmp_path).encode() not in path.read_bytes(), path.name
            assert b"site-packages" not in path.read_bytes(), path.name


def test_the_card_has_the_digest_of_every_other_file_and_the_folder_checks_itself(export, tmp_path, monkeypatch):
    monkeypatch.setattr(own_check, "run", CHECK)
    card = export("onnx")
    out = tmp_path / "out"
    assert json.loads((out / "card.json").read_text()) == card
    assert set(card["files"]) == {path.name for path in out.iterdir()} - {"card.json"}
    for name, facts in card["files"].items():
        assert facts["sha256"] == hashlib.sha256((out / name).read_bytes()).hexdigest()
    check = [sys.executable, "-I", str(out / "verify.py")]
    assert subprocess.run(check, check=False, capture_output=True).returncode == 0
    model = onnx.load(out / "model.onnx")
    model.producer_name = "another"
    onnx.save(model, out / "model.onnx")
    changed = subprocess.run(check, check=False, capture_output=True, text=True)
    assert (changed.returncode, changed.stderr) == (
        1,
        "FAILED: model.onnx is missing or is not the file of card.json\n",
    )


def test_the_program_that_checks_finds_another_model_behind_right_digests(export, tmp_path):
    export("onnx", mean_values="100,100,100")
    other = (tmp_path / "out/model.onnx").read_bytes()
    export("onnx", force=True)
    out = tmp_path / "out"
    card = json.loads((out / "card.json").read_text())
    (out / "model.onnx").write_bytes(other)
    card["files"]["model.onnx"]["sha256"] = hashlib.sha256(other).hexdigest()
    (out / "card.json").write_text(json.dumps(card))
    done = subprocess.run([sys.executable, str(out / "verify.py")], check=False, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stdout.startswith("FAILED: relative error ")


@pytest.mark.parametrize(
    ("to", "planted"),
    [
        ("ir", {"mean": (120.0, 116.28, 103.53)}),
        ("ir", {"input_order": "bgr"}),
        ("onnx", {"scale": (51.0, 56.1, 60.0)}),
        ("pt2", {"mean": (102.0, 114.75, 127.5)}),
    ],
)
def test_an_artefact_that_computes_something_else_is_not_written(export, tmp_path, monkeypatch, to, planted):
    writer = import_module(f"bench.exporting.{FORMATS[to].writer}")
    write = writer.write
    monkeypatch.setattr(
        writer, "write", lambda original, form, *places: write(original, replace(form, **planted), *places)
    )
    with pytest.raises(ModelError, match="outputs must be those of py:tiny_classifier:build, they differ"):
        export(to)
    assert [path.name for path in tmp_path.iterdir() if path.suffix != ".py" and path.name != "__pycache__"] == []


def test_channels_in_the_other_order_are_told_apart_even_where_limits_are_wide(export, monkeypatch):
    write = onnx_form.write
    wide = verification.Limit(cosine=-1.0, error=1e9)
    monkeypatch.setitem(verification._LIMITS, "fp32", wide)
    monkeypatch.setattr(
        onnx_form, "write", lambda original, form, *places: write(original, replace(form, input_order="bgr"), *places)
    )
    with pytest.raises(ModelError, match="must take pictures in RGB"):
        export("onnx")


def test_a_folder_that_is_there_stays_unless_it_is_an_export_and_force_is_given(export, tmp_path):
    export("onnx")
    with pytest.raises(InputError, match="holds an export; add --force to replace it"):
        export("onnx")
    (tmp_path / "out/mine.txt").write_text("mine")
    with pytest.raises(InputError, match="is there and is no export; name another"):
        export("onnx", force=True)
    assert (tmp_path / "out/mine.txt").read_text() == "mine"


def test_an_end_in_the_middle_leaves_nothing(export, tmp_path, monkeypatch):
    for error in (KeyboardInterrupt, OSError(28, "No space left on device")):
        monkeypatch.setattr(onnx_form, "open_artefact", lambda *_, error=error: (_ for _ in ()).throw(error))
        with pytest.raises((KeyboardInterrupt, OSError)):
            export("onnx")
        assert not [path for path in tmp_path.iterdir() if path.name.startswith((".out", "out"))]


def test_the_file_of_a_graph_gets_its_preprocessing_before_it(export, picture, expect, tmp_path):
    build = import_module("tiny_classifier").build
    with torch.no_grad():
        torch.onnx.export(build().eval(), (torch.zeros(1, 3, 32, 32),), "graph.onnx", dynamo=True, verbose=False)
    options = {"mean_values": "127.5,114.75,102", "scale_values": "51,56.1,61.2", "input_order": "bgr"}
    for to, run, name in (("onnx", run_onnx, "model.onnx"), ("ir", run_ir, "model.xml")):
        export(to, name="graph.onnx", force=True, **options)
        _, given = run(tmp_path / "out" / name, picture[..., ::-1].copy())
        assert given == pytest.approx(expect.numpy(), abs=1e-4)
    with pytest.raises(InputError, match=r"graph.onnx can become ir or onnx, not pt2"):
        export("pt2", name="graph.onnx", force=True)


@pytest.mark.usefixtures("model")
def test_a_model_that_gives_probabilities_itself_gets_no_second_softmax(export):
    build = import_module("tiny_classifier").build
    network = torch.nn.Sequential(build(), torch.nn.Softmax(1)).eval()
    with torch.no_grad():
        torch.onnx.export(network, (torch.zeros(1, 3, 32, 32),), "graph.onnx", dynamo=True, verbose=False)
    with pytest.raises(InputError, match="gives probabilities itself; leave out --output probabilities"):
        export("onnx", name="graph.onnx", output="probabilities")
    card = export("onnx", name="graph.onnx")
    [given] = onnx.load("graph.onnx").graph.output
    assert [card["output"][form]["kind"] for form in ("original", "converted")] == ["probabilities"] * 2
    assert [card["output"][form]["name"] for form in ("original", "converted")] == [given.name, "prob"]


@pytest.mark.parametrize("to", ["ir", "onnx"])
def test_int8_takes_pixels_too(export, expect, picture, tmp_path, to):
    card = export(to, precision="int8")
    run, name = (run_onnx, "model.onnx") if to == "onnx" else (run_ir, "model.xml")
    _, given = run(tmp_path / "out" / name, picture)
    assert given == pytest.approx(expect.numpy(), abs=0.05)
    assert card["calibrated_on"] == "64 generated images"


def test_int8_is_compared_on_others_of_its_pictures_and_none_of_them_goes_with_it(export, monkeypatch, tmp_path):
    for number in range(4):  # dark ones: ranges for these cut made-up pictures off
        pixels = np.random.default_rng(number).integers(0, 12, (40, 36, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{number}.png")
    files = tuple(f"{number}.png" for number in range(4))
    calibration = CalibrationSet(name="dark", source=str(tmp_path), files=files[:2], held_out=files[2:], found=4)
    seen = []
    monkeypatch.setattr(
        verification, "_compare", lambda *both, old=verification._compare: seen.append(both) or old(*both)
    )
    card = export("ir", precision="int8", calibration=calibration)
    assert (card["calibrated_on"], card["check"]["pictures"]) == (f"2 of 4 pictures in {tmp_path.name}", 6)
    expected, _ = seen[0]
    assert len(np.unique(expected.round(4), axis=0)) == 2  # of two held-out pictures, three times each
    assert np.load(tmp_path / "out/check.npz")["input"].max() > 200


@pytest.mark.parametrize("to", ["ir", "onnx"])
def test_a_wrong_mean_is_found_in_int8_whose_limits_are_wide(export, monkeypatch, to):
    writer = import_module(f"bench.exporting.{FORMATS[to].writer}")
    write, wrong = writer.write, {"scale": (60.0, 66.0, 72.0)}
    monkeypatch.setitem(verification._LIMITS, "int8", verification.Limit(cosine=-1.0, error=1e9))
    monkeypatch.setattr(writer, "write", lambda original, form, *rest: write(original, replace(form, **wrong), *rest))
    with pytest.raises(ModelError, match="must give what its int8 network gives for prepared pictures"):
        export(to, precision="int8")


def test_fp16_halves_the_weights(export, tmp_path):
    export("ir", precision="fp16")
    weights = 3 * 8 * 9 + 8 + 8 * 16 * 9 + 16 + 16 * 5 + 5
    assert weights * 2 < (tmp_path / "out/model.bin").stat().st_size < weights * 3


def test_a_full_disk_that_openvino_meets_is_one_line(export, monkeypatch, tmp_path):
    def save(*_, **__):
        raise RuntimeError("basic_ios::clear: iostream error")

    monkeypatch.setattr(openvino, "save_model", save)
    with pytest.raises(InputError, match=r"--out needs a folder that can be made, with room; .* takes no more"):
        export("ir")
    assert not [path for path in tmp_path.iterdir() if path.name.startswith((".out", "out"))]


def test_an_artefact_is_not_exported_again(export):
    export("onnx")
    with pytest.raises(InputError, match="must take float32 to get its preprocessing before it"):
        export("onnx", name="out/model.onnx", force=True)


@pytest.mark.usefixtures("model")
def test_a_graph_that_fixes_its_batch_inside_is_one_line(export):
    class Fixed(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.network = import_module("tiny_classifier").build()

        def forward(self, pictures):
            return self.network(pictures).reshape(1, 5)

    with torch.no_grad():
        torch.onnx.export(Fixed().eval(), (torch.zeros(1, 3, 32, 32),), "graph.onnx", dynamo=True, verbose=False)
    with pytest.raises(ModelError, match=r"an artefact for any batch must take 6 pictures; .*; give --batch 1"):
        export("onnx", name="graph.onnx", batch="dynamic")


def test_a_check_that_takes_too_long_is_one_line(monkeypatch, tmp_path):
    def run(*_, **__):
        raise subprocess.TimeoutExpired("python", 600)

    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises(ModelError, match=r"verify.py must end within 600 s"):
        CHECK(tmp_path)


def test_an_exported_program_brings_the_names_of_its_classes_and_its_licence(export, tmp_path):
    (tmp_path / "names.txt").write_text("\n".join(NAMES))
    export("pt2", classes_file=tmp_path / "names.txt", licence="MIT")
    opened = exported_program.SOURCE.open(str(tmp_path / "out/model.pt2"), None)
    assert (opened.classes, opened.licence) == (NAMES, "MIT")
    assert opened.preprocessing is not None


def test_a_full_disk_that_an_exported_program_meets_is_one_line(export, monkeypatch):
    def write(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(type(Path()), "write_bytes", write)
    with pytest.raises(InputError, match=r"--out needs a folder that can be made, with room; .* takes no more"):
        export("pt2")


def test_a_package_of_aotinductor_is_named_as_one(tmp_path):
    with zipfile.ZipFile(tmp_path / "model.pt2", "w") as package:
        package.writestr("model/data/aotinductor/model/one.so", "")
    with pytest.raises(InputError, match="it is a package of AOTInductor, which holds no network to read back"):
        exported_program.SOURCE.open(str(tmp_path / "model.pt2"), None)
