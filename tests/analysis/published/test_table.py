import os
import re
from decimal import Decimal
from pathlib import Path

import pytest

from analysis.published import METRICS, load, top1
from rexnet_core.errors import InputError

HEADER = "source,locator,model,metric,value,unit,convention,conditions,note"
GOOD = "A paper,Table 1,rexnet_1.0,flops,0.40,G,multiply-adds,224x224,"


def written(tmp_path, *rows, header=HEADER):
    path = tmp_path / "mine.csv"
    path.write_text("\n".join((header, *rows)) + "\n", encoding="utf-8")
    return path


def test_the_bundled_table_is_whole():
    rows = load()
    assert len(rows) == 327
    assert {row.metric for row in rows} == set(METRICS)
    assert [row.line for row in rows] == list(range(2, 329))


def test_a_value_is_exact_in_its_base_unit_and_keeps_its_printed_digits(tmp_path):
    (row,) = load(written(tmp_path, GOOD))
    assert (row.printed, row.value, row.step) == ("0.40", 400_000_000, 10_000_000)
    (row,) = load(written(tmp_path, "A paper,,rexnet_1.0,latency,47,ms,,,"))
    assert (row.value, row.step) == (Decimal("0.047"), Decimal("0.001"))


def test_empty_lines_and_the_byte_order_mark_of_a_spreadsheet_are_passed_over(tmp_path):
    path = written(tmp_path, "", GOOD, "")
    assert [row.line for row in load(path)] == [3]
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert load(path)[0].model == "rexnet_1.0"


def test_a_file_that_cannot_be_read_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for name in (tmp_path / "pipe", Path("/dev/zero"), tmp_path):
        with pytest.raises(InputError, match="which is no file"):
            load(name)
    with pytest.raises(InputError, match=r"readable UTF-8 CSV file of at most 10 MB, got .*none\.csv"):
        load(tmp_path / "none.csv")
    with (tmp_path / "large.csv").open("wb") as file:
        file.truncate(10**8)
    with pytest.raises(InputError, match="of at most 10 MB"):
        load(tmp_path / "large.csv")


def test_a_byte_that_is_no_text_names_its_line(tmp_path):
    path = written(tmp_path, GOOD)
    wrong = {":3: must be UTF-8, byte 0xff is not": path.read_bytes() + b"\xff\n", ":1: must be UTF-8": b"\xff\xfe\x00"}
    for message, content in wrong.items():
        path.write_bytes(content)
        with pytest.raises(InputError, match=rf"mine\.csv{message}"):
            load(path)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("A paper,Table 1,rexnet_1.0,flops,0.40", r"mine\.csv:3: a row must have 9 cells, got 5"),
        (",Table 1,rexnet_1.0,flops,0.40,G,,,", r"mine\.csv:3: source and model must not be empty"),
        ("A paper,,rexnet_1.0,flips,0.40,G,,,", r"mine\.csv:3: metric must be one of top1, .*got 'flips'"),
        ("A paper,,rexnet_1.0,flops,0.40,ms,,,", r"mine\.csv:3: unit of flops must be one of 1, M, G, got 'ms'"),
        ("A paper,,rexnet_1.0,flops,0.4O,G,,,", r"mine\.csv:3: value must be a positive number .*got '0\.4O'"),
        ("A paper,,rexnet_1.0,flops,nan,G,,,", r"mine\.csv:3: value must be"),
        ("A paper,,rexnet_1.0,flops,0.0,G,,,", r"mine\.csv:3: value must be"),
        ("A paper,,rexnet_1.0,top1,101,%,,,", r"mine\.csv:3: a percentage must be at most 100, got 101"),
        (f"A paper,,rexnet_1.0,flops,{'9' * 21},1,,,", r"mine\.csv:3: value must be"),
        ("A paper,,rexnet_1.0,flops,1,G,,,\x1b[2J", r"mine\.csv:3: cells must be plain text"),
        ('A paper,"x"y,rexnet_1.0,flops,1,G,,,', r"mine\.csv:3: not CSV"),
        ('"A paper,,rexnet_1.0,flops,1,G,,,', r"mine\.csv:3: not CSV"),
    ],
)
def test_a_row_that_does_not_parse_names_file_and_line(tmp_path, row, message):
    with pytest.raises(InputError, match=message) as caught:
        load(written(tmp_path, GOOD, row))
    assert "\n" not in str(caught.value)


def test_another_header_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"mine\.csv:1: the first line must be source,locator"):
        load(written(tmp_path, header="a,b"))


@pytest.mark.parametrize(
    ("model", "printed", "source"),
    [
        ("rexnet_1.0", "77.9", "ReXNet paper"),
        ("rexnet_lite_1.0", "76.2", "clovaai/rexnet"),
        ("regnetx_3.2gf", "78.15", "Open Model Zoo$"),
    ],
)
def test_the_paper_speaks_for_its_models_and_the_model_zoo_for_regnet(model, printed, source):
    assert top1(model).printed == printed
    assert re.match(source, top1(model).source)


def test_a_model_nobody_printed_an_accuracy_of_has_none():
    assert top1("rexnet_1.7") is None
