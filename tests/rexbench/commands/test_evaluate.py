"""The evaluate command: accuracies that are known beforehand, told in every form, and one line for each mistake."""

import argparse
import hashlib
from contextlib import contextmanager

import numpy as np
import pytest
import torch
from PIL import Image

from rexbench.commands import evaluate
from rexnet_core import create_model, dump_weights
from rexnet_core.calibration import calibrate

CLASSES = 12
SIDE = 32
#: Of the images: so many have the class that comes first, one that comes third, and one that comes ninth.
FIRST, THIRD, NINTH = 21, 9, 10
NAMES = ("zebra", "n02", "yak", "n01", "ant", "bee", "n10", "cat", "dog", "0", "eel", "fox")


def drawn(seed):
    """An image of large coloured shapes, so that they differ for the network, too."""
    random = np.random.default_rng(seed)
    width, height = (int(side) for side in random.integers(33, 64, 2))
    small = Image.fromarray(random.integers(0, 256, (5, 5, 3), dtype=np.uint8))
    return small.resize((width, height), Image.Resampling.NEAREST)


def as_published(image):
    """Shorter side to 36, centre 32, normalised: written without the project's own."""
    short = min(image.size)
    width, height = (int(36 * side / short) for side in image.size)
    resized = np.asarray(image.resize((width, height), Image.Resampling.BICUBIC), np.float64) / 255
    top, left = round((height - SIDE) / 2), round((width - SIDE) / 2)
    cut = resized[top : top + SIDE, left : left + SIDE]
    return ((cut - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]).transpose(2, 0, 1)


@pytest.fixture(scope="module")
def network():
    """Twelve classes, with weights that behave as trained ones."""
    network = create_model("rexnet_1.0", num_classes=CLASSES)
    calibrate(network, SIDE, seed=1)
    return network


@pytest.fixture(scope="module")
def place(network, tmp_path_factory):
    """A checkpoint and a folder, labelled by what the network says in float64, one image at a time."""
    root = tmp_path_factory.mktemp("evaluate")
    dump_weights(network, root / "twelve.pth", "official")
    exact = create_model("rexnet_1.0", num_classes=CLASSES).double().eval()
    exact.load_state_dict(network.state_dict())
    order = sorted(NAMES)
    for number in range(FIRST + THIRD + NINTH):
        image = drawn(number)
        with torch.no_grad():
            [logits] = exact(torch.from_numpy(as_published(image))[None]).numpy()
        wanted = 0 if number < FIRST else 2 if number < FIRST + THIRD else 8
        folder = root / "val" / order[np.argsort(-logits)[wanted]]
        folder.mkdir(parents=True, exist_ok=True)
        image.save(folder / f"{number}.png")
    (root / "classes.txt").write_text("\n".join(order))
    return root


@pytest.fixture(autouse=True)
def _in_place(place, monkeypatch):
    monkeypatch.chdir(place)


@pytest.fixture
def val(tmp_path):
    """A small folder of the test's own, with the checkpoint's twelve classes."""
    for number, name in enumerate(NAMES):
        (tmp_path / "own" / name).mkdir(parents=True)
        drawn(number).save(tmp_path / "own" / name / "1.png")
    return tmp_path / "own"


BASE = "evaluate rexnet_1.0 --weights twelve.pth --resolution 32 --threads 1"


def test_a_known_share_is_right(call, place):
    answer = call(BASE, "--json --images val --classes-file classes.txt --batch-size 7")
    found = answer.document
    assert answer.code == 0
    total = FIRST + THIRD + NINTH
    assert (found["images"], found["top1_correct"], found["top5_correct"]) == (total, FIRST, FIRST + THIRD)
    assert found["top1_percent"] == 52.5
    assert found["top5_percent"] == 75.0
    assert (found["top1_low_percent"], found["top1_high_percent"]) == pytest.approx((37.5, 67.06), abs=0.005)
    assert (found["found"], found["class_folders"], found["classes"]) == (
        total,
        len(list((place / "val").iterdir())),
        12,
    )
    assert found["weights"] == {
        "path": "twelve.pth",
        "entry": None,
        "layout": "official",
        "sha256": hashlib.sha256((place / "twelve.pth").read_bytes()).hexdigest(),
    }
    assert found["preprocessing"]["resized_side"] == 36
    assert found["unreadable_files"] == []
    assert not found["stopped"]


def test_the_order_of_the_classes_decides(call, tmp_path):
    (tmp_path / "turned.txt").write_text("\n".join(sorted(NAMES, reverse=True)))
    found = call(BASE, f"--json --images val --classes-file {tmp_path}/turned.txt").document
    assert found["top1_correct"] < FIRST


def test_all_class_folders_need_no_file(call, val):
    answer = call(BASE, "--json --images", val)
    found = answer.document
    named = call(BASE, "--json --images", val, "--classes-file classes.txt").document
    assert answer.code == 0
    assert (found["images"], found["classes"]) == (12, 12)
    assert found["top5_correct"] == named["top5_correct"]


def test_preprocessing_can_be_chosen_and_is_told(call):
    words = "--images val --classes-file classes.txt --crop-ratio 1 --interpolation bilinear --channel-order bgr"
    found = call(BASE, "--json", words).document
    assert found["preprocessing"] == {
        "rule": "clovaai",
        "words": "clovaai: shorter side to 32 px, bilinear; centre 32 px; BGR",
        "resized_side": 32,
        "interpolation": "bilinear",
        "crop_ratio": 1.0,
        "crop": 32,
        "mean": [0.485, 0.456, 0.406],
        "std": [0.229, 0.224, 0.225],
        "channel_order": "bgr",
        "turned_by_exif": False,
        "note": "",
        "of": "that of the publisher of these weights, with crop_ratio and interpolation and channel_order as asked",
    }
    assert found["top1_correct"] != FIRST


def test_a_limit_takes_a_part_and_the_text_says_so(call):
    answer = call(BASE, "--images val --classes-file classes.txt --limit 10")
    assert answer.code == 0
    assert "rexnet_1.0 at 32 px, 10 images" in answer.out
    assert "10 of them taken at even distances (--limit)" in answer.out
    assert "official layout" in answer.out
    assert "numbers, not compared: the checkpoint has 12 classes" in answer.out
    assert answer.err == ""


def test_a_damaged_image_is_named_or_passed_over(call, val):
    (val / "ant" / "torn.jpg").write_bytes(b"no image")
    (val / "ant" / "notes.txt").write_text("x")
    answer = call(BASE, "--images", val)
    assert answer.code == 2
    assert "torn.jpg is no image in a known format" in answer.err
    assert (answer.out, answer.err.count("\n")) == ("", 1)
    answer = call(BASE, "--json --images", val, "--skip-unreadable")
    found = answer.document
    assert answer.code == 0
    assert (found["images"], found["unreadable"], found["left_out"]) == (12, 1, 1)
    assert found["unreadable_files"] == [str(val / "ant" / "torn.jpg")]


def test_of_many_damaged_images_twenty_are_named(call, val):
    for number in range(25):
        (val / "bee" / f"torn{number}.png").write_bytes(b"")
    found = call(BASE, "--json --images", val, "--skip-unreadable").document
    assert (found["unreadable"], len(found["unreadable_files"])) == (25, 20)


def test_nothing_but_damaged_images_has_no_accuracy(call, tmp_path):
    for name in NAMES:
        (tmp_path / "torn" / name).mkdir(parents=True)
        (tmp_path / "torn" / name / "1.png").write_bytes(b"")
    answer = call(BASE, "--skip-unreadable --images", tmp_path / "torn")
    assert answer.code == 2
    assert "none of 12 in" in answer.err


def test_csv_is_one_row_with_the_keys_of_json(call, val):
    found = call(BASE, "--json --images", val).document
    answer = call(BASE, "--csv --images", val)
    assert answer.code == 0
    [row] = answer.rows
    assert {"model", "images", "top1_percent", "top5_high_percent", "weights_sha256"} <= set(row)
    assert float(row["top1_percent"]) == found["top1_percent"]
    assert row["preprocessing_resized_side"] == "36"


def test_the_entry_of_a_training_checkpoint_is_chosen_and_named(call, place):
    """Weights beside their average are refused; alone or chosen, the answer says which were taken."""
    tensors = torch.load(place / "twelve.pth")
    shuffled = {name: tensor.flip(0) for name, tensor in tensors.items()}
    torch.save({"state_dict": shuffled, "state_dict_ema": tensors, "epoch": 3}, place / "both.pth.tar")
    torch.save({"state_dict_ema": tensors, "args": argparse.Namespace(lr=0.1)}, place / "average.ckpt")
    base = "evaluate rexnet_1.0 --resolution 32 --threads 1 --images val --classes-file classes.txt --limit 4"
    answer = call(base, "--weights both.pth.tar --json")
    assert answer.code == 2
    assert "has them in 'state_dict', 'state_dict_ema'; choose with --weights-entry NAME" in answer.err
    for words in ("both.pth.tar --weights-entry state_dict_ema", "average.ckpt"):
        found = call(base, "--json --weights", words).document
        assert found["weights"]["entry"] == "state_dict_ema"
        assert "entry state_dict_ema, official layout" in call(base, "--weights", words).out
    plain = call(base, "--json --weights twelve.pth").document
    assert plain["weights"]["entry"] is None
    assert plain["top1_percent"] == found["top1_percent"]
    answer = call(base, "--weights both.pth.tar --weights-entry ema")
    assert (answer.code, "not 'ema'; weights are in 'state_dict', 'state_dict_ema'" in answer.err) == (2, True)


@pytest.mark.parametrize("name", ["x" * 300, "locked/a.pth", "twelve.pth/a.pth"])
def test_a_checkpoint_that_cannot_be_read_is_told_in_one_line(call, name, monkeypatch):
    from pathlib import Path  # noqa: PLC0415

    plain = Path.is_file

    def is_file(path, **options):
        if "locked" in str(path):
            raise PermissionError(13, "Permission denied")
        return plain(path, **options)

    monkeypatch.setattr(Path, "is_file", is_file)
    answer = call(f"evaluate rexnet_1.0 --resolution 32 --threads 1 --images val --weights {name}")
    assert answer.code == 2
    assert answer.err.count("\n") == 1
    assert "--weights must be a file" in answer.err


def test_an_accuracy_over_a_thousand_classes_is_laid_beside_those_printed(call, tmp_path, monkeypatch, network):
    """As many class folders as ImageNet has, all but one of whose images are empty files."""
    torch.manual_seed(0)
    thousand = create_model("rexnet_1.0")
    thousand.load_state_dict({**thousand.state_dict(), **_body(network)})
    dump_weights(thousand, tmp_path / "thousand.safetensors", "timm")
    for number in range(1000):
        folder = tmp_path / "val" / f"n{number:08}"
        folder.mkdir(parents=True)
        (folder / "1.png").write_bytes(b"")
    drawn(1).save(tmp_path / "val" / "n00000000" / "2.png")
    monkeypatch.chdir(tmp_path)
    words = "evaluate rexnet_1.0 --resolution 32 --skip-unreadable --weights thousand.safetensors --images val"
    answer = call(words, "--threads 1 --batch-size 500 --json")
    assert answer.code == 0
    found = answer.document
    assert (found["comparable"], found["weights"]["layout"], found["images"]) == (True, "timm", 1)
    metrics = {row["metric"] for row in found["published"]}
    assert metrics == {"top1", "top5"}
    paper = next(row for row in found["published"] if row["source"].startswith("ReXNet paper"))
    assert paper["printed_percent"] == 77.9
    assert paper["difference_percent"] == pytest.approx(found["top1_percent"] - 77.9)
    low, high = found["top1_low_percent"], found["top1_high_percent"]
    assert paper["in_interval"] is bool(low <= 77.95 and high >= 77.85)


def _body(network):
    return {name: tensor for name, tensor in network.state_dict().items() if not name.startswith("classifier")}


def test_ctrl_c_gives_the_answer_of_what_was_seen(call, monkeypatch):
    from analysis.accuracy import hits  # noqa: PLC0415

    calls, plain = [], hits.ranks_of

    def stop(*given):
        calls.append(given)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return plain(*given)

    monkeypatch.setattr(hits, "ranks_of", stop)
    answer = call(BASE, "--images val --classes-file classes.txt --batch-size 8 --json")
    assert answer.code == 1
    found = answer.document
    assert (found["stopped"], found["images"], found["asked"]) == (True, 16, 40)
    assert answer.err == "rexbench: stopped; the answer is about the images seen so far\n"
    calls[:] = [None, None]
    answer = call(BASE, "--images val --classes-file classes.txt")
    assert answer.code == 1
    assert answer.err == "rexbench: stopped\n"


def test_the_side_is_the_models_own_unless_another_is_given():
    parser = argparse.ArgumentParser()
    evaluate.add_options(parser)
    words = "efficientnet_b1 --weights twelve.pth --images val"
    setting = evaluate.read_setting(parser.parse_args(words.split()), threads=3).classifier
    assert (setting.resolution, setting.threads, setting.batch_size) == (None, 3, 64)
    words += " --resolution 64 --threads 2"
    setting = evaluate.read_setting(parser.parse_args(words.split()), threads=3).classifier
    assert (setting.resolution, setting.threads) == (64, 2)


class Turned:
    """A converted form that says of every second image of a batch the opposite of the original."""

    def __init__(self, network, told):
        self.network, self.told = network, told

    def classify(self, images):
        with torch.no_grad():
            logits = self.network.eval()(torch.from_numpy(images))
        logits[::2] *= -1
        return None if self.told["status"] == "failed" else logits.numpy()

    def describe(self):
        return {"backend": "toy", "calibration": "", "calibration_set": "", "batch_size": 1, "reason": "", **self.told}


@pytest.fixture
def forms(network, monkeypatch):
    """Two forms in place of those that would be made; the second fails."""

    @contextmanager
    def opened(chosen, _setting, classifier, *, tell):
        assert (chosen.backends, chosen.precisions, chosen.batch) == (("openvino",), ("fp32", "int8"), 1)
        assert (classifier.resolution, classifier.classes) == (SIDE, CLASSES)
        tell("open")
        yield [
            Turned(network, {"precision": "fp32", "status": "ok", "threads": 1}),
            Turned(network, {"precision": "int8", "status": "failed", "reason": "it died", "calibration": "noise"}),
        ]

    monkeypatch.setattr(evaluate, "open_conversions", opened)
    return BASE + " --images val --classes-file classes.txt --precisions fp32 int8"


def test_converted_forms_stand_beside_the_original_in_every_form_of_the_answer(call, forms):
    answer = call(forms, "--json")
    assert answer.code == 1, "a form has failed"
    found = answer.document
    assert (found["top1_correct"], found["calibrated_left_out"]) == (FIRST, 0)
    turned, failed = found["converted"]
    assert turned["both_right"] + turned["only_original_right"] == FIRST
    assert turned["top1_change_points"] == pytest.approx(turned["top1_percent"] - 52.5)
    assert turned["top1_change_low_points"] < turned["top1_change_points"] < turned["top1_change_high_points"]
    assert (failed["status"], failed["reason"], "top1_percent" in failed) == ("failed", "it died", False)
    original, *rows = call(forms, "--csv").rows
    assert (original["form"], original["precision"], original["top1_correct"]) == ("original", "fp32", str(FIRST))
    assert [(row["form"], row["backend"], row["status"]) for row in rows] == [
        ("converted", "toy", "ok"),
        ("converted", "toy", "failed"),
    ]
    assert float(rows[0]["top1_mcnemar_p"]) == turned["top1_mcnemar_p"]
    assert (rows[1]["images"], rows[1]["top1_percent"], rows[1]["model"]) == ("", "", "rexnet_1.0")


def test_the_text_has_one_table_and_says_why_a_form_has_no_numbers(call, forms):
    lines = call(forms).out.splitlines()
    [place] = [number for number, line in enumerate(lines) if line.startswith("form ")]
    assert lines[place + 1].split()[:2] == ["original", "52.50"]
    assert lines[place + 2].startswith("toy fp32")
    assert lines[place + 3] == "toy int8: failed: it died"
    assert not [line for line in lines if line.startswith("calibrated on")], "nothing was evaluated in int8"


def test_pictures_to_calibrate_on_are_not_evaluated(call, val, monkeypatch):
    @contextmanager
    def none(_chosen, _setting, _classes, *, tell):
        tell("open")
        yield []

    monkeypatch.setattr(evaluate, "open_conversions", none)
    found = call(BASE, "--json --precisions int8 --images", val, "--calibration", val).document
    assert (found["found"], found["images"], found["calibrated_left_out"]) == (12, 6, 6)
    text = call(BASE, "--precisions int8 --images", val, "--calibration", val).out
    assert "12 in" in text
    assert "6 left out, on which a form was calibrated" in text
    assert "--limit" not in text


def test_classes_that_the_checkpoint_names_decide_and_the_answer_says_so(call, network, tmp_path):
    order = sorted(NAMES)
    turned = {name: network.state_dict()[name] for name in network.state_dict()}
    for name in ("classifier.weight", "classifier.bias"):
        turned[name] = turned[name].flip(0)
    torch.save({"state_dict": turned, "classes": order[::-1]}, tmp_path / "turned.pth")
    words = ("evaluate rexnet_1.0 --resolution 32 --threads 1 --weights", tmp_path / "turned.pth", "--images val")
    whole = [*words, "--classes-file", tmp_path / "all.txt"]
    (tmp_path / "all.txt").write_text("\n".join(order[::-1]))
    named, listed = (call(*one, "--json").document for one in (words, whole))
    assert named["top1_correct"] == listed["top1_correct"] == FIRST
    assert named["named_by"] == "the names in the model's file"
    assert "classes        by the names in the model's file" in call(*words).out
