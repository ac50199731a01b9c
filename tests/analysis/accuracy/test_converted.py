"""Converted forms see what the original sees, and rows say how they differ from it, image by image."""

import numpy as np
import pytest
import torch

from analysis.accuracy.converted import Comparison
from analysis.accuracy.folder import leave_out, read_folder
from analysis.statistics.paired_shares import mcnemar_p
from rexnet_core.errors import InputError

RANDOM = np.random.default_rng(0)
LOGITS = RANDOM.standard_normal((3, 10, 7)).astype(np.float32)
LABELS = RANDOM.integers(0, 7, (3, 10))
PIXELS = RANDOM.standard_normal((3, 10, 3, 4, 4)).astype(np.float32)


class Form:
    """Answers each batch with what it is given beforehand, until that is at its end."""

    def __init__(self, *answers, status="ok", reason=""):
        self.answers, self.seen = list(answers), []
        self.told = {"backend": "toy", "status": status, "reason": reason}

    def classify(self, images):
        self.seen.append(images)
        return self.answers.pop(0) if self.answers else None

    def describe(self):
        return dict(self.told)


def compare(*forms, batches=3, images=30):
    comparison = Comparison(forms)
    for index in range(batches):
        comparison(PIXELS[index], torch.from_numpy(LOGITS[index]), torch.from_numpy(LABELS[index]))
    return list(comparison.list_rows(images, 7))


def right(logits):
    return (logits.reshape(-1, 7).argmax(1) == LABELS.ravel()).tolist()


def test_a_form_that_says_the_same_has_not_changed():
    form = Form(*LOGITS)
    [row] = compare(form)
    assert (row["top1_change_points"], row["top1_mcnemar_p"], row["same_top1_percent"]) == (0, 1, 100)
    assert (row["both_right"], row["both_wrong"]) == (sum(right(LOGITS)), 30 - sum(right(LOGITS)))
    assert row["top1_change_low_points"] < 0 < row["top1_change_high_points"]
    assert all((one == other).all() for one, other in zip(form.seen, PIXELS, strict=True))


def test_each_image_is_compared_with_itself():
    other = LOGITS[:, :, ::-1].copy()
    [row] = compare(Form(*other))
    own, original = right(other), right(LOGITS)
    pairs = list(zip(original, own, strict=True))
    assert row["top1_correct"] == sum(own)
    assert row["only_original_right"] == pairs.count((True, False))
    assert row["only_converted_right"] == pairs.count((False, True))
    assert row["top1_change_points"] == pytest.approx(100 * (sum(own) - sum(original)) / 30)
    assert row["top1_mcnemar_p"] == mcnemar_p(original, own)
    assert row["same_top1_images"] == (LOGITS.argmax(2) == other.argmax(2)).sum()
    order = np.argsort(-other.reshape(30, 7), axis=1)[:, :5]
    assert row["top5_correct"] == sum(label in row for label, row in zip(LABELS.ravel(), order, strict=True))


def test_after_a_stop_rows_are_about_the_images_that_count():
    whole = compare(Form(*LOGITS[:, :, ::-1].copy()), batches=2, images=20)
    assert compare(Form(*LOGITS[:, :, ::-1].copy()), images=20) == whole


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (np.zeros((10, 6), np.float32), "its output has the shape (10, 6) in place of (10, 7)"),
        (np.full((10, 7), np.nan, np.float32), "its output has NaN or infinite values"),
    ],
)
def test_a_form_with_a_wrong_output_has_no_numbers_and_is_not_asked_again(answer, reason):
    bad, good = Form(answer, *LOGITS), Form(*LOGITS)
    row, other = compare(bad, good)
    assert row == {"backend": "toy", "status": "failed", "reason": reason}
    assert len(bad.seen) == 1
    assert other["images"] == 30


def test_a_form_that_ends_keeps_its_own_status_and_reason():
    [row] = compare(Form(LOGITS[0], status="unsupported", reason="it can't"))
    assert row == {"backend": "toy", "status": "unsupported", "reason": "it can't"}


def test_fewer_classes_than_five_have_no_top_5():
    comparison = Comparison([Form(LOGITS[0][:, :3].copy())])
    comparison(PIXELS[0], torch.from_numpy(LOGITS[0][:, :3]), torch.from_numpy(LABELS[0] % 3))
    [row] = comparison.list_rows(10, 3)
    assert row["top5_percent"] is row["top5_change_points"] is row["top5_mcnemar_p"] is None
    assert row["top1_correct"] is not None


def test_pictures_are_left_out_wherever_they_are_linked_from(save, tmp_path):
    for number, name in enumerate("aab"):
        save(tmp_path / "val" / name / f"{number}.png", seed=number)
    (tmp_path / "links" / "x").mkdir(parents=True)
    (tmp_path / "links" / "x" / "1.png").symlink_to(tmp_path / "val" / "b" / "2.png")
    folder = read_folder(tmp_path / "val")
    kept = leave_out(folder, [tmp_path / "links" / "x" / "1.png"])
    assert [image.path.name for image in kept.images] == ["0.png", "1.png"]
    assert (kept.folders, kept.classes) == (1, 2)
    assert leave_out(folder, []) is folder
    with pytest.raises(InputError, match="no form was calibrated on, all are"):
        leave_out(folder, [image.path for image in folder.images])
