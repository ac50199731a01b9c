from __future__ import annotations

import copy
from typing import Any

import pytest

from analysis.study import Study
from reports.published import text

PAPER = "ReXNet paper (arXiv 2007.00992v3), Table 1"
AT_80 = """\
5 published numbers
  1  reproduced      our count gives the printed digits
  0  explained       our count does not give the printed digits, and a
                     computation shows why
  1  contradicted    its convention is known, and under it our count gives other
                     digits
  1  open            not settled: several conventions may have made it, or
                     nothing here can count it
  1  needs data      an accuracy: it takes the data set and the checkpoint to
                     check
  1  needs hardware  a latency: it takes the hardware; what can be compared are
                     ratios between models

contradicted: its convention is known, and under it our count gives other digits
  model       metric  printed     ours  counted as
  rexnet_1.0  params    4.9 M  4.797 M  params
      clovaai/rexnet README: ours is 4,796,873; the paper prints 4.8 M for it,
      which our count gives

open: not settled: several conventions may have made it, or nothing here can
  count it
  model       metric          printed          ours  counted as
  rexnet_1.0  file size  19,417,999 B  19,417,552 B  checkpoint
      clovaai/rexnet README: the file differs by 447 bytes

source                 rows  repr  expl  contr  open  data  hardw
ReXNet paper, Table 1     3     1     .      .     .     1      1
clovaai/rexnet README     2     .     .      1     1     .      .\
"""
AT_120 = """\
source                                      rows  reproduced  explained  contradicted  open  needs data  needs hardware
ReXNet paper (arXiv 2007.00992v3), Table 1     3           1          .             .     .           1               1
clovaai/rexnet README                          2           .          .             1     1           .               .\
"""
EVERY = """\
ReXNet paper (arXiv 2007.00992v3), Table 1
  rexnet_1.0  flops    0.40 G  0.3984 G  reproduced
  rexnet_1.0  top-1    77.9 %         -  needs data
  rexnet_1.0  latency   12 ms         -  needs hardware

clovaai/rexnet README
  rexnet_1.0  params            4.9 M       4.797 M  contradicted
      ours is 4,796,873; the paper prints 4.8 M for it, which our count gives
  rexnet_1.0  file size  19,417,999 B  19,417,552 B  open
      the file differs by 447 bytes
"""


def render_published(document: dict[str, Any], *args: Any, **options: Any) -> str:
    return text.render_published(Study.from_dict(document), *args, **options)


def test_what_is_not_reproduced_comes_with_its_reason(document: dict[str, Any]) -> None:
    assert render_published(document, width=80) == AT_80


def test_a_wider_terminal_has_room_for_whole_names(document: dict[str, Any]) -> None:
    shown = render_published(document, width=120)
    assert shown.endswith(AT_120)
    assert "computation shows why\n" in shown


def test_heads_are_short_where_whole_words_do_not_fit(document: dict[str, Any]) -> None:
    assert f"{PAPER}     3     1     .      .     .     1      1\n" in render_published(document, width=100)


def test_every_row_is_a_line_by_source(document: dict[str, Any]) -> None:
    assert EVERY in render_published(document, every_row=True, width=80)


def test_one_verdict_shows_its_rows_alone_with_the_counts_of_all(document: dict[str, Any]) -> None:
    shown = render_published(document, "needs hardware", width=120)
    assert shown.startswith("5 published numbers\n")
    assert "  rexnet_1.0  latency    12 ms     -" in shown
    assert "Table 1: the table implies 0.71 [0.67, 0.74] times efficientnet_b0" in shown
    assert "contradicted: " not in shown
    assert "rows  " not in shown


def test_a_document_cut_to_some_rows_keeps_its_counts(document: dict[str, Any]) -> None:
    cut = {**document, "rows": document["rows"][:1]}
    shown = render_published(cut, every_row=True, width=80)
    assert shown.startswith("5 published numbers\n")
    assert shown.endswith("  rexnet_1.0  flops  0.40 G  0.3984 G  reproduced")


def test_a_ratio_that_was_measured_is_told_in_the_list(document: dict[str, Any]) -> None:
    document["rows"][4] |= {"our_ratio": 0.8, "our_ratio_low": 0.79, "our_ratio_high": 0.81}
    assert "\n      the table implies 0.71" in render_published(document, every_row=True, width=100)


def test_nothing_is_a_line(nothing: dict[str, Any]) -> None:
    assert render_published(nothing, width=80) == "0 published numbers"


@pytest.mark.parametrize("width", [1, 60, 80, 120, 500])
@pytest.mark.parametrize("every_row", [False, True])
def test_no_line_is_wider_than_the_terminal(document: dict[str, Any], width: int, *, every_row: bool) -> None:
    rows = copy.deepcopy(document["rows"])
    for row in rows:
        row |= {
            "model": "m" * 90,
            "source": "s" * 200,
            "reason": "r" * 300,
            "convention": "c" * 90,
            "printed": "9" * 40,
        }
    lines = render_published({**document, "rows": rows}, every_row=every_row, width=width).splitlines()
    assert max(map(len, lines)) <= min(max(width, 60), 140)


def test_letters_that_steer_a_terminal_are_taken_out(document: dict[str, Any]) -> None:
    for row in document["rows"]:
        row |= {name: f"\x1b[31m{row[name]}\x07" for name in ("source", "model", "printed", "reason", "convention")}
    for every_row in (False, True):
        shown = render_published(document, every_row=every_row, width=100)
        assert all(letter.isprintable() or letter == "\n" for letter in shown)
