"""The verdicts on the bundled table, with real counts: what the documentation says of them holds."""

import csv
from collections import Counter
from pathlib import Path

import pytest

from analysis.published import load
from analysis.published.checkpoint_size import count_checkpoint_bytes
from analysis.published.document import wanted_by
from analysis.published.gather import FROM_CONFIG, open_cache
from analysis.published.judge import judge_rows

pytestmark = pytest.mark.survival


@pytest.fixture(scope="module")
def asked():
    """What the verdicts asked to be counted: model, side, convention."""
    return set()


@pytest.fixture(scope="module")
def verdicts(asked):
    book = open_cache(None)

    def total(convention, model, side):
        asked.add((model, side, convention))
        return book.count(convention, model, side).total

    return judge_rows(load(), total, count_checkpoint_bytes)


@pytest.mark.usefixtures("verdicts")
def test_all_that_is_asked_for_is_counted_beforehand_on_all_cores(asked):
    beforehand = set(wanted_by(load()))
    assert {key for key in asked if key[2] not in FROM_CONFIG} == beforehand


def test_every_row_has_a_verdict(verdicts):
    assert len(verdicts) == len(load())
    counts = Counter(one.verdict for one in verdicts if one.row.metric != "checkpoint_size")
    assert counts == {"reproduced": 116, "explained": 12, "contradicted": 10, "needs data": 129, "needs hardware": 38}


def test_what_is_explained_and_what_is_contradicted(verdicts):
    judged = [
        (one.verdict, one.row.source.split(" (")[0], one.row.model, one.row.metric, one.row.printed)
        for one in verdicts
        if one.verdict in {"explained", "contradicted"} and one.row.metric != "checkpoint_size"
    ]
    with (Path(__file__).parent / "data/verdicts.csv").open(encoding="utf-8") as lines:
        _, *expected = map(tuple, csv.reader(lines))
    assert sorted(judged) == sorted(expected)


def test_open_model_zoo_comes_out_to_the_last_digit(verdicts):
    found = {(one.row.model, one.row.metric): one for one in verdicts if one.row.source == "Open Model Zoo"}
    assert found["rexnet_1.0", "flops"].ours == 832_501_592
    assert found["regnetx_3.2gf", "flops"].ours == 6_389_348_104
    assert found["regnetx_3.2gf", "params"].ours == 15_265_272
    assert all(found[model, "flops"].verdict == "reproduced" for model in ("rexnet_1.0", "regnetx_3.2gf"))


def test_timm_index_is_exact_for_every_model(verdicts):
    index = [one for one in verdicts if one.row.source.startswith("timm") and one.row.metric == "flops"]
    assert len(index) == 24
    assert {(one.verdict, one.how, one.convention) for one in index} == {("reproduced", "exact", "timm_index")}


def test_checkpoints_have_the_printed_size_where_the_file_was_written_by_the_publisher_alone(verdicts):
    sizes = {one.row.model: one for one in verdicts if one.row.metric == "checkpoint_size"}
    same = {model for model, one in sizes.items() if one.verdict == "reproduced"}
    assert same == {model for model in sizes if model.startswith(("rexnet", "regnetx"))} | {"efficientnet_b2"}
    assert all(abs(one.difference) < 400 for one in sizes.values())


def test_every_reason_is_one_plain_line(verdicts):
    assert all(one.reason.isprintable() for one in verdicts)
    assert all(one.reason for one in verdicts if one.verdict != "reproduced")
