"""The text, the table and the figures of a training."""

import pytest

from analysis.study import Study
from reports.report import build_frames, check_study, find_report
from rexnet_core.errors import InputError


@pytest.fixture
def document(studies):
    return studies["training"].as_dict()


@pytest.fixture
def study(studies):
    return studies["training"]


def test_the_text_tells_the_best_epoch_and_every_condition(study):
    lines = find_report("training").text(study).splitlines()
    assert lines[0].endswith("325 pictures: top-1 82.50 % on 40 validation pictures after epoch 3")
    assert "trained        4 of 20 epochs, until it was stopped; the same call with --resume goes on" in lines
    assert (
        "batch          32 over 2 processes in 2 passes, fp32, channels_last, cpu, 1 threads; 5 pictures that fill no "
        "batch are left out of each epoch, others each time"
    ) in lines
    assert "unreadable     data/train/a/torn.jpg" in lines


@pytest.mark.parametrize(("brings", "start"), [(True, "the weights that the model brings"), (False, "fresh weights")])
def test_a_frozen_network_is_said_to_be_frozen(document, brings, start):
    frozen = Study.from_dict(document | {"started_from": {}, "frozen": True, "brings_weights": brings})
    assert f"starts from    {start}, all but the classifier frozen, seed 0" in find_report("training").text(frozen)


def test_each_epoch_is_a_row(study):
    frame = build_frames("training", study)["epochs"]
    assert list(frame["epoch"]) == [1, 2, 3, 4]
    assert frame["val_top5_percent"].isna().all()
    assert list(frame["best"]) == [True, False, True, False]


def test_figures_are_drawn_where_an_epoch_has_ended(study, document):
    report = find_report("training")
    figures = list(report.figures(study, build_frames("training", study)))
    assert [figure.name for figure in figures] == ["training_accuracy", "training_loss", "training_rate"]
    panel = figures[0].plot().axes[0]
    assert [list(line.get_ydata()) for line in panel.lines][1:] == [[50.0, 47.5, 82.5, 80.0], [82.5]]
    nothing = Study.from_dict(document | {"epochs": [], "best": None, "best_file": None})
    assert all(figure.plot() is None for figure in report.figures(nothing, build_frames("training", nothing)))
    assert report.text(nothing).splitlines()[0].endswith("no epoch has ended")


@pytest.mark.parametrize(
    "change", [{"epochs": [{"epoch": "1"}]}, {"recipe": {}}, {"best": 3}, {"classes": None}, {"started_from": [1]}]
)
def test_a_damaged_document_is_one_line(document, change):
    with pytest.raises(InputError, match="a stored study must have the shape of its kind, training"):
        check_study("training", Study.from_dict(document | change))
