"""What errors of other libraries become in a message of ours."""

import pytest

from rexnet_core.errors import first_line


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (PermissionError(13, "Permission denied", "/a/b"), "Permission denied"),
        (ValueError("embedded null byte"), "embedded null byte"),
        (RuntimeError("first\nsecond"), "first"),
        (RuntimeError("\n\nfirst\r\nsecond"), "first"),
        (RuntimeError(), "RuntimeError"),
        (RuntimeError("\x1b[31mred"), r"\x1b[31mred"),
        (RuntimeError("x" * 1000), "x" * 120),
        (RuntimeError("größer"), "größer"),
    ],
)
def test_an_error_becomes_one_short_line_that_can_be_printed(error, line):
    assert first_line(error) == line
