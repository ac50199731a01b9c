"""OpenVINO's messages, cut to the line that tells something."""

import pytest

from analysis.graphs.reading import telling_line

UNKNOWN = """Exception from src/inference/src/cpp/core.cpp:84:
Check 'false' failed at src/frontends/common_translators/src/unconverted_ops_report.cpp:151:
FrontEnd API failed with OpConversionFailure:
Model wasn't fully converted.
Summary:
-- No conversion rule found for operations: com.foo.Foo


"""


@pytest.mark.parametrize(
    ("message", "line"),
    [
        (UNKNOWN, "No conversion rule found for operations: com.foo.Foo"),
        ("Exception from a.cpp:1:\nfirst cause.\n", "first cause"),
        ("Exception from a.cpp:1:\n", "Exception from a.cpp:1:"),
        ("", "RuntimeError"),
    ],
)
def test_the_line_that_tells_is_found(message, line):
    assert telling_line(RuntimeError(message)) == line
