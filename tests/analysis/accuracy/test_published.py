import pytest

from analysis.accuracy.published import published_rows, why_not_comparable


def found(value, half=0.3):
    ends = {"": 0, "_low": -half, "_high": half}
    return {f"{metric}{end}_percent": value + by for metric in ("top1", "top5") for end, by in ends.items()}


def test_each_source_has_its_rows_and_its_place():
    rows = list(published_rows("rexnet_1.0", found(77.8), comparable=True))
    [zoo] = [row for row in rows if row["source"] == "Open Model Zoo" and row["metric"] == "top1"]
    assert zoo["printed_percent"] == 77.86
    assert zoo["difference_percent"] == pytest.approx(-0.06)
    assert zoo["in_interval"] is True
    assert zoo["conditions"]
    [short] = [row for row in rows if row["source"].startswith("PyTorch") and row["printed_percent"] == 72.4]
    assert short["in_interval"] is False
    assert all(row["in_interval"] is False for row in rows if row["metric"] == "top5")


def test_a_printed_number_stands_for_all_that_round_to_it():
    """77.9 is printed; what lies from 77.85 to 77.95 rounds to it."""
    for value, inside in ((77.855, True), (77.945, True), (77.845, False), (77.955, False)):
        rows = published_rows("rexnet_1.0", found(value, half=1e-6), comparable=True)
        assert next(row["in_interval"] for row in rows if row["printed_percent"] == 77.9) is inside


def test_nothing_is_said_about_other_classes():
    assert why_not_comparable(1000, 1000) == ""
    assert "12 classes" in why_not_comparable(12, 12)
    assert "10 of 1000 classes" in why_not_comparable(10, 1000)
    rows = list(published_rows("rexnet_1.0", found(50), comparable=False))
    assert rows
    assert all(row["in_interval"] is row["difference_percent"] is None for row in rows)


def test_a_model_nobody_printed_has_no_row():
    assert list(published_rows("rexnet_1.15", found(50), comparable=True)) == []


def test_a_network_of_timm_stands_beside_what_timm_printed_at_every_side():
    rows = list(published_rows("timm:resnet18", found(71, half=1), comparable=True))
    assert [(row["metric"], row["printed_percent"], row["in_interval"]) for row in rows] == [
        ("top1", 71.504, True), ("top5", 90.086, False), ("top1", 73.164, False), ("top5", 91.054, False),
    ]  # fmt: skip
    assert rows[0]["conditions"] == "224x224, crop ratio 0.950, bicubic"
    assert rows[0]["source"] == "timm's results tables (commit aa4b585)"
