"""Whatever a message quotes, it is one line that a terminal can show, and tells no password.

Of the same kind: any scheme, a scheme that is missing or half there, several addresses in one text, passwords with @,
:, /, #, quotes, blanks or line breaks; connection strings, queries, variables and options that name a password; any
control character, separator of lines, change of the writing direction or half of a character.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rexnet_core.errors import InputError, RexbenchError, StoreError, UnknownNameError, WeightsError
from rexnet_core.printable import escape_controls, make_message, shorten

LONGEST = 2000


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("unrecognized arguments: postgresql://u:s3cret@127.0.0.1/x", "unrecognized arguments: postgresql://u:***@127.0.0.1/x"),
        ("--store=postgresql://u:s3cret@h/x", "--store=postgresql://u:***@h/x"),
        ("--store=postgresql://u:s3 cret@h/x", "--store=postgresql://u:***@h/x"),
        ("postgresql+psycopg://u:s3@cret@h:5432/x?a=b", "postgresql+psycopg://u:***@h:5432/x?a=b"),
        ("postgresql://u:s3/cr#e:t?@h/x", "postgresql://u:***@h/x"),
        ("postgresql://u:s3\ncret@h/x", "postgresql://u:***@h/x"),
        ("postgresql://u@corp:s3cret@h/x", "postgresql://u@corp:***@h/x"),
        ("redis://:s3cret@h", "redis://:***@h"),
        ("--base-wheel https://u:s3cret@h/w.whl is no file", "--base-wheel https://u:***@h/w.whl is no file"),
        ("from postgresql://u:s3cret@h/x to postgresql://v:s3cret@k/y", "from postgresql://u:***@h/x to postgresql://v:***@k/y"),
        ("['postgresql://u:s3cret@h', 'postgresql://v:s3cret@k']", "['postgresql://u:***@h', 'postgresql://v:***@k']"),
        ("u:s3cret@h/x", "u:***@h/x"),
        ("//u:s3cret@h/x", "//u:***@h/x"),
        ("postgresql:u:s3cret@h/x", "postgresql:***@h/x"),
        ("postgresql:/u:s3cret@h/x", "postgresql:***@h/x"),
        ("host=h password=s3cret dbname=x", "host=h password=*** dbname=x"),
        ("host=h password = 's3 cret' dbname=x", "host=h password = *** dbname=x"),
        ("'postgresql://h/x?user=u&password=s3cret'; see", "'postgresql://h/x?user=u&password=***'; see"),
        ("postgresql://h/x?sslpassword=s3cret", "postgresql://h/x?sslpassword=***"),
        ("PGPASSWORD=s3cret rexbench", "PGPASSWORD=*** rexbench"),
        ("Server=x;PWD=s3cret", "Server=x;PWD=***"),
        ("--password s3cret --json", "--password *** --json"),
    ],
)  # fmt: skip
def test_a_password_is_hidden_wherever_it_stands(text, shown):
    assert make_message(text) == shown
    assert make_message(shown) == shown


@pytest.mark.parametrize(
    "text",
    [
        "sqlite:///results/rexbench.db",
        "postgresql://u@h:5432/x",
        "http://127.0.0.1:80/x",
        "git@github.com:organisation/repository",
        'connection failed: password authentication failed for user "u"',
        "unknown model 'rexnt_1.0'; did you mean 'rexnet_1.0'?",
        "results/é/ü 模型.pth: 9 tokens at 12:30",
    ],
)
def test_what_holds_no_password_stays_as_it_is(text):
    assert make_message(text) == text


@pytest.mark.parametrize(
    ("sign", "shown"),
    [
        ("\x1b[31m", r"\x1b[31m"),
        ("\n", r"\n"),
        ("\r", r"\r"),
        ("\t", r"\t"),
        ("\0", r"\x00"),
        ("\x7f", r"\x7f"),
        ("\x9b", r"\x9b"),
        ("\u2028", r"\u2028"),
        ("\u202e", r"\u202e"),
        ("\u2066", r"\u2066"),
        ("\u200b", r"\u200b"),
        ("\ufeff", r"\ufeff"),
        ("\udce9", r"\udce9"),
        ("\U000e0041", r"\U000e0041"),
    ],
)
def test_what_can_not_be_seen_is_written_out(sign, shown):
    assert make_message(f"a{sign}b") == f"a{shown}b"


def test_ends_of_lines_stay_where_they_are_wanted():
    assert escape_controls("a\n\x1bb\n", keep="\n") == "a\n\\x1bb\n"


@pytest.mark.parametrize("error", [RexbenchError, InputError, StoreError, WeightsError])
def test_every_error_has_such_a_message_for_callers_from_python_too(error):
    assert str(error("no\nstore postgresql://u:s3cret@h")) == r"no\nstore postgresql://u:***@h"


def test_a_message_may_quote_another():
    inner = InputError("a\x1b postgresql://u:s3cret@h/x")
    assert str(InputError(f"base: {inner}")) == f"base: {inner}"


def test_a_very_long_message_is_cut_in_its_middle():
    line = str(InputError(f"unrecognized arguments: {'x' * 100_000}; see `rexbench --help`"))
    assert len(line) <= LONGEST
    assert line.startswith("unrecognized arguments: xxx")
    assert line.endswith("xxx; see `rexbench --help`")


@pytest.mark.parametrize(
    "part", ["://:", "a", "a:", "password=", "@", "a:@", " 'a://u:", "a.b-c+", "password=\\'", "x'"]
)
def test_the_work_on_a_message_grows_with_its_length_alone(part):
    """Work that grew with its square would end the test session here: the longest argument takes it minutes."""
    UnknownNameError("model", part * (131_072 // len(part)), ["rexnet_1.0"] * 50)


@given(st.text(st.characters(codec=None)))
def test_any_text_becomes_one_line_that_can_be_encoded(text):
    line = make_message(text)
    assert len(f"{line}.".splitlines()) == 1
    line.encode()
    assert make_message(line) == line


@pytest.mark.parametrize("most", range(1, 60))
def test_a_cut_never_shows_a_password_whose_address_it_cuts(most):
    assert "s3cret" not in shorten("['--store=postgresql://u:s3cret@host/x']", most)


def test_a_short_text_is_not_cut():
    assert shorten("about right", 11) == "about right"
    assert shorten("a little longer", 8) == "a little..."
