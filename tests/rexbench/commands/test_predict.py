"""The predict command: classes known beforehand, in every form, of good and of damaged pictures."""

import importlib.util
import io
import os
import textwrap
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from rexbench.commands import predict
from rexnet_core import create_model
from rexnet_core.calibration import calibrate

CLASSES, SIDE = 12, 32
#: The side is the one that the checkpoint was trained for.
BASE = "predict rexnet_0.5 --weights named.pth --threads 1"
NAMES = [f"thing {number}" for number in range(CLASSES)]


@pytest.fixture(scope="module")
def network():
    network = create_model("rexnet_0.5", num_classes=CLASSES)
    calibrate(network, SIDE, seed=1)
    return network.eval()


@pytest.fixture(autouse=True)
def place(network, tmp_path, monkeypatch):
    """A checkpoint with the names of its classes, and pictures of coloured squares."""
    monkeypatch.chdir(tmp_path)
    torch.save({"state_dict": network.state_dict(), "classes": NAMES, "resolution": SIDE}, "named.pth")
    (tmp_path / "some").mkdir()
    for seed in range(3):
        draw(seed).save(f"some/{seed}.png")
    return tmp_path


def draw(seed):
    small = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    return Image.fromarray(small).resize((36, 36), Image.Resampling.NEAREST)  # resized to itself


def expect(network, seed):
    """Probabilities, written without the project's own."""
    pixels = np.asarray(draw(seed), np.float64)[2:34, 2:34] / 255
    image = ((pixels - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]).transpose(2, 0, 1)
    with torch.no_grad():
        return network(torch.from_numpy(image[None]).float()).double().softmax(1)[0].numpy()


def test_classes_and_probabilities_are_those_of_the_network(call, network):
    answer = call(BASE, "some --json --top 3")
    found = answer.document
    assert (answer.code, answer.err) == (0, "")
    assert [row["picture"] for row in found["pictures"]] == ["some/0.png", "some/1.png", "some/2.png"]
    for seed, row in enumerate(found["pictures"]):
        shares = expect(network, seed)
        order = np.argsort(-shares)[:3]
        assert [one["class"] for one in row["classes"]] == order.tolist()
        assert [one["probability"] for one in row["classes"]] == pytest.approx(shares[order].tolist(), rel=1e-4)
        assert [one["name"] for one in row["classes"]] == [NAMES[index] for index in order]
    assert (found["names"], found["outputs"], found["reference"]) == ("the model's own", "logits", "eager fp32")
    assert found["weights"]["entry"] == "state_dict"
    assert (found["preprocessing"]["resized_side"], found["preprocessing"]["turned_by_exif"]) == (36, False)


def test_all_classes_add_up_and_rows_are_csv(call):
    rows = call(BASE, "some/0.png --csv --top 99 --batch-size 1").rows
    assert [int(row["rank"]) for row in rows] == list(range(1, 13))
    assert sum(float(row["probability"]) for row in rows) == pytest.approx(1)
    assert {row["status"] for row in rows} == {"ok"}


def test_few_pictures_are_blocks_and_many_are_lines(call):
    blocks = call(BASE, "some").out.splitlines()
    assert blocks[0] == "some/0.png"
    assert blocks[1].split()[1:] == ["%", *blocks[1].split()[2:]]
    assert [line for line in blocks if line.startswith("names")] == ["names          the model's own"]
    lines = call(BASE, "some some some").out.splitlines()
    assert lines[0].split() == ["picture", "first", "second", "third"]
    assert [line.split()[0] for line in lines[1:10]] == 3 * ["some/0.png", "some/1.png", "some/2.png"]


def test_a_damaged_picture_costs_the_others_nothing(call, place):
    (place / "some" / "1.png").write_bytes(b"no image")
    answer = call(BASE, "some --json --features kept.csv")
    assert answer.code == 2
    assert answer.err == (
        "rexbench: 1 of 3 pictures can't be read; the first: some/1.png is no image in a known format; remove or "
        "replace it\n"
    )
    assert [row["status"] for row in answer.document["pictures"]] == ["ok", "unreadable", "ok"]
    assert list(pd.read_csv("kept.csv")["picture"]) == ["some/0.png", "some/2.png"]
    skipped = call(BASE, "some --csv --top 1 --skip-unreadable")
    assert (skipped.code, [row["status"] for row in skipped.rows]) == (0, ["ok", "unreadable", "ok"])


@pytest.mark.parametrize("form", ["npy", "csv", "parquet"])
def test_features_give_the_logits(call, network, form):
    if form == "parquet":
        pytest.importorskip("pyarrow")
    assert call(BASE, f"some --csv rows.csv --batch-size 2 --features out.{form}").code == 0
    if form == "npy":
        features = np.load("out.npy")
        assert Path("out.npy.txt").read_text() == "some/0.png\nsome/1.png\nsome/2.png\n"
    else:
        frame = getattr(pd, f"read_{form}")(f"out.{form}")
        assert list(frame.pop("picture")) == ["some/0.png", "some/1.png", "some/2.png"]
        features = frame.to_numpy(np.float32)
    with torch.no_grad():
        shares = network.classifier(torch.tensor(features)).double().softmax(1).numpy()
    assert shares == pytest.approx(np.stack([expect(network, seed) for seed in range(3)]), abs=1e-5)


def test_parquet_names_what_is_missing(call, monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *more: (name != "pyarrow" and find(name, *more)) or None
    )
    answer = call(BASE, "some --features out.parquet")
    assert answer.code == 2
    assert "needs the package pyarrow, which is not installed; pip install 'rexbench[parquet]'" in answer.err


def send(monkeypatch, held, *, terminal=False):
    stream = SimpleNamespace(buffer=io.BytesIO(held), isatty=lambda: terminal)
    monkeypatch.setattr("sys.stdin", stream)


def test_standard_input_is_a_picture(call, monkeypatch, network):
    held = io.BytesIO()
    draw(2).save(held, "PNG")
    send(monkeypatch, held.getvalue())
    [row] = call(BASE, "- --json --top 1").document["pictures"]
    assert row["picture"] == "standard input"
    assert row["classes"][0]["class"] == expect(network, 2).argmax()


@pytest.mark.parametrize(
    ("held", "terminal", "message"),
    [
        (b"", False, "which is empty; send one there with < FILE"),
        (b"", True, "which is a terminal; send one there with < FILE"),
        (b"no image", False, "standard input is no image in a known format"),
    ],
)
def test_standard_input_that_is_no_picture_is_one_line(call, monkeypatch, held, terminal, message):
    send(monkeypatch, held, terminal=terminal)
    answer = call(BASE, "-")
    assert (answer.code, answer.out) == (2, "")
    assert message in answer.err
    monkeypatch.setattr("sys.stdin", None)
    assert "which is closed" in call(BASE, "-").err


def test_pictures_are_turned_on_demand(call):
    exif = Image.Exif()
    exif[0x0112] = 6
    draw(0).save("turned.jpg", exif=exif, quality=100, subsampling=0)
    draw(0).transpose(Image.Transpose.ROTATE_270).save("upright.png")
    stored = call(BASE, "turned.jpg --json").document
    turned = call(BASE, "turned.jpg --upright --json").document
    upright = call(BASE, "upright.png --json").document
    first = [document["pictures"][0]["classes"][0] for document in (stored, turned, upright)]
    assert first[1]["class"] == first[2]["class"]
    assert first[1]["probability"] == pytest.approx(first[2]["probability"], abs=0.05)
    assert stored["pictures"] != turned["pictures"]
    assert turned["preprocessing"]["turned_by_exif"]
    assert [document["pictures"][0]["lies_turned"] for document in (stored, turned, upright)] == [True, True, False]
    assert "1 of the pictures lie turned, as their EXIF entries say; --upright" in call(BASE, "turned.jpg").out
    assert "lie turned" not in call(BASE, "turned.jpg --upright").out


def test_a_name_that_is_no_text_is_told(call):
    draw(0).save("plain.png")
    Path("plain.png").rename(os.fsdecode(b"x\xff.png"))
    answer = call(BASE, "--csv --top 1 --features out.npy", ".")
    assert answer.code == 0
    assert {r"x\udcff.png"} == {row["picture"] for row in answer.rows}
    assert Path("out.npy.txt").read_text() == "x\\udcff.png\n"


def test_ctrl_c_keeps_what_is_done(call, monkeypatch):
    calls = []

    class Bars:
        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def log(self, _):
            pass

        def __call__(self, _part, done, _total):
            calls.append(done)
            if done == 2:
                raise KeyboardInterrupt

    monkeypatch.setattr(predict, "Progress", Bars)
    answer = call(BASE, "some --json --batch-size 1 --features done.npy")
    assert (answer.code, calls) == (1, [1, 2])
    assert answer.document["stopped"]
    assert len(answer.document["pictures"]) == len(np.load("done.npy")) == 2
    assert answer.err == "rexbench: stopped; the answer is about the pictures seen so far\n"


def test_outputs_that_are_probabilities_stay_as_they_are(call, place, monkeypatch):
    code = """
        import torch
        class Net(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.share = torch.nn.Parameter(torch.tensor([0.7, 0.1, 0.2]))
            def forward(self, x):
                return self.share.expand(len(x), 3)
    """
    (place / "soft_toy.py").write_text(textwrap.dedent(code))
    monkeypatch.syspath_prepend(place)
    found = call("predict py:soft_toy:Net some/0.png --resolution 32 --json --threads 1").document
    assert found["outputs"] == "probabilities"
    assert [one["class"] for one in found["pictures"][0]["classes"]] == [0, 2, 1]
    assert found["pictures"][0]["classes"][0]["probability"] == pytest.approx(0.7)


class Form:
    """A converted form that gives up after some pictures."""

    def __init__(self, network, after):
        self.network, self.left = network, after

    def classify(self, pixels):
        self.left -= len(pixels)
        if self.left < 0:
            return None
        with torch.inference_mode():
            return self.network(torch.from_numpy(pixels)).numpy()

    def describe(self):
        failed = self.left < 0
        status, reason = ("failed", "the worker died") if failed else ("ok", "")
        return {"backend": "toy", "precision": "int8", "calibration": "", "status": status, "reason": reason}


def test_a_form_computes_in_place_of_the_model_and_may_end(call, network, monkeypatch):
    forms = iter([Form(network, 3), Form(network, 2), Form(network, 0)])
    monkeypatch.setattr(predict, "open_conversions", lambda *_, **__: nullcontext([next(forms)]))
    words = (BASE, "some --json --batch-size 1 --backend openvino --precision int8")
    good = call(*words)
    assert (good.code, good.document["backend"], len(good.document["pictures"])) == (0, "toy", 3)
    ended = call(*words)
    assert (ended.code, len(ended.document["pictures"])) == (1, 2)
    assert ended.err == "rexbench: stopped: the worker died; the answer is about the pictures seen so far\n"
    none = call(*words)
    assert (none.code, none.out) == (2, "")
    assert none.err == "rexbench: toy int8 can't compute: failed: the worker died\n"
