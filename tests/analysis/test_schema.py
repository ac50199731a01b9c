"""What does not fit a schema is one line, whatever characters it holds."""

from __future__ import annotations

from typing import Literal, TypedDict

import pytest

from analysis.schema import SchemaError, read_as


class _Row(TypedDict):
    unit: Literal["s", "bytes"]
    note: str


@pytest.mark.parametrize(
    "row", [{"unit": "\udce9", "note": ""}, {"unit": "s", "note": "", "\udce9": 1}, {"\udce9": 1}, {"unit": "s"}, 3]
)
def test_what_is_no_text_does_not_fit_where_words_are_known(row):
    with pytest.raises(SchemaError) as error:
        read_as(_Row, row)
    assert str(error.value).isprintable()


def test_text_may_hold_what_is_no_text_in_any_encoding():
    assert read_as(_Row, {"unit": "s", "note": "\udce9"})["note"] == "\udce9"
