"""Counts as documents, rows and text; every form has the total in it."""

import pytest

from analysis.complexity.conventions import CONVENTIONS, Count, Part
from analysis.complexity.conventions.frame import as_document, expand_convention, make_rows, render_counts, said_above
from rexnet_core.errors import UnknownNameError

PARTS = (
    Part(layer="stem", operator="Add", group="bias", amount=1),
    Part(layer="stem", operator="Convolution", group="convolution", amount=6),
    Part(layer="", operator="Add", group="elementwise", amount=3),
)


def counted(convention="openvino", height=32, width=32):
    return Count(
        convention=convention, model="small", height=height, width=width, parts=PARTS, uncounted=("Tan x1", "Erf x1")
    )


def test_an_operator_of_two_groups_has_two_rows():
    same = {"model": "small", "resolution": 32, "convention": "openvino"}
    assert make_rows([counted()]) == [
        {**same, "operator": "Convolution", "group": "convolution", "amount": 6, "percent": 60.0},
        {**same, "operator": "Add", "group": "elementwise", "amount": 3, "percent": 30.0},
        {**same, "operator": "Add", "group": "bias", "amount": 1, "percent": 10.0},
    ]


def test_rows_per_layer_follow_the_run():
    rows = make_rows([counted()], per_layer=True)
    assert [(row["layer"], row["operator"], row["amount"]) for row in rows] == [
        ("stem", "Add", 1),
        ("stem", "Convolution", 6),
        ("", "Add", 3),
    ]


def test_several_counts_have_a_row_each():
    rows = make_rows([counted(), counted("macs")])
    assert [(row["convention"], row["total"], row["unit"]) for row in rows] == [
        ("openvino", 10, "operations"),
        ("macs", 10, "multiply-adds"),
    ]


def test_one_count_is_one_document_and_several_are_a_list():
    one = as_document([counted()], per_layer=True)
    assert (one["total"], one["operators"], one["groups"]) == (
        10,
        {"Convolution": 6, "Add": 4},
        {"convolution": 6, "bias": 1, "elementwise": 3},
    )
    assert [layer["amount"] for layer in one["layers"]] == [1, 6, 3]
    several = as_document([counted(), counted("macs")])
    assert [document["convention"] for document in several["counts"]] == ["openvino", "macs"]
    assert "layers" not in several["counts"][0]


def test_an_image_that_is_no_square_is_written_as_height_by_width():
    assert as_document([counted(height=224, width=285)])["resolution"] == "224x285"


def test_text_of_one_count_frames_its_table():
    lines = render_counts([counted()], "TABLE").splitlines()
    assert lines[0] == "small at 32 x 32: 10 operations (OpenVINO graph)"
    assert lines[-3:] == ["TABLE", "", "not counted  Tan x1, Erf x1"]
    assert said_above([counted()]) == ["model", "resolution", "convention"]


def test_text_of_several_keeps_their_names():
    assert render_counts([counted(), counted("macs")], "TABLE") == "small at 32 x 32\n\nTABLE"
    assert "convention" not in said_above([counted(), counted("macs")])


def test_a_word_stands_for_one_convention_or_for_all():
    assert expand_convention("thop") == ("thop",)
    assert expand_convention("all") == tuple(CONVENTIONS)
    with pytest.raises(UnknownNameError, match="unknown convention 'thopp'; did you mean 'thop'"):
        expand_convention("thopp")
