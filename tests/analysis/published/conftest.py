import pytest

from analysis.published import PublishedRow

#: What a made-up counter says of every side: the real numbers, so that the cases read like the published ones.
COUNTS = {
    ("macs", "rexnet_1.0"): 398_370_392,
    ("macs", "rexnet_1.3"): 662_229_098,
    ("macs", "rexnet_1.5"): 875_828_154,
    ("macs", "rexnet_2.0"): 1_528_850_782,
    ("macs", "rexnet_2.2"): 1_842_508_176,
    ("params", "rexnet_1.0"): 4_796_873,
    ("params", "rexnet_1.3"): 7_557_091,
    ("params", "rexnet_1.5"): 9_728_593,
    ("params", "rexnet_2.0"): 16_366_620,
    ("params", "rexnet_2.2"): 19_485_308,
    ("params", "rexnet_3.0"): 34_708_792,
    ("params", "rexnet_lite_1.3"): 6_747_960,
    ("params_with_statistics", "rexnet_1.0"): 4_838_251,
    ("openvino_constants", "rexnet_1.0"): 4_775_497,
}


def total(convention, model, _side):
    """The made-up counter: numbers that no row prints for what it does not know."""
    return COUNTS.get((convention, model), 123_456_789_123)


def row(model, metric, printed, unit, **changes):
    """A row of a paper that states its convention, unless told otherwise."""
    plain = {
        "source": "A paper",
        "locator": "Table 1",
        "convention": "multiply-adds" if metric == "flops" else "",
        "conditions": "",
        "note": "",
        "line": 2,
        "file": "mine.csv",
    }
    return PublishedRow(model=model, metric=metric, printed=printed, unit=unit, **{**plain, **changes})


@pytest.fixture(scope="session")
def make_row():
    return row


@pytest.fixture(scope="session")
def count():
    return total
