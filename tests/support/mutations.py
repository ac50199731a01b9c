"""Inputs that are nearly right, each made from a source of chance: bytes, documents, words."""

import string

SECRET = "s3cret"
#: What has ended a program somewhere: controls, halves of characters, passwords, numbers at their limits, odd paths.
WORDS = (
    *(
        "",
        "-",
        "--",
        "0",
        "-1",
        "1",
        "2",
        "3.5",
        "1e400",
        "nan",
        "inf",
        "-inf",
        str(10**30),
        "1_000",
        "0x10",
        "٣",
        "2**9",
    ),
    *("rexnet_1.0", "rexnet_0.5", "rexnet_1e9", "rexnet_nan", "mobilenet_v2_1.0", "efficientnet_b0", "rexnet_99999"),
    *("eager", "openvino", "fp32", "bf16", "cpu", "latency", "native", "auto", "latest", "none", "all", "90s", "1h30m"),
    *("threads=2", "batch=x", "=", "seed=", "literal", "relu", "silu", "0.5", "0.02"),
    *(
        "x.csv",
        "none/x.csv",
        ".",
        "..",
        "x" * 300,
        "/dev/full",
        "/dev/null",
        "/proc/none",
        "a\0b",
        "\x1b[31mred",
        "a\nb",
    ),
    *("\u202egnp", "\u2028", "\udce9", "\ud800", "é", "模型", "%s", "{}", "$(id)", "'", '"', "\\", "[", "*", "~"),
    f"postgresql://u:{SECRET}@127.0.0.1:1/x",
    f"--store=postgresql://u:{SECRET}@h/x",
    f"host=h password={SECRET}",
    "sqlite:///x.db",
    "postgresql://[",
    "://",
)
_NUMBERS = (-1, 0, 1, 2, 2**31, 2**63, 10**30, -0.5, 0.5, 1e308, float("nan"), float("inf"))
_PIECES = (b"\0" * 8, b"\xff" * 8, b"\x80", b"\n", b'"', b"{", b",", b"1e999")
_LETTERS = string.printable.replace("/", "") + "é\u202e\udce9\u2028\0\x1b\U0001f600"


def make_word(chance):
    """A word as a caller may type it, or any few letters."""
    if chance.random() < 0.8:
        return chance.choice(WORDS)
    return "".join(chance.choices(_LETTERS, k=chance.randrange(1, 12)))


def make_value(chance):
    """A value of any kind that JSON or TOML has."""
    kinds = (
        lambda: chance.choice((None, True, False)),
        lambda: chance.choice(_NUMBERS),
        lambda: chance.choice(("", [], {}, [[]])),
        lambda: chance.choice(WORDS),
        lambda: [make_word(chance) for _ in range(chance.randrange(3))],
    )
    return chance.choice(kinds)()


def edit(chance, data):
    """The bytes with a few edits."""
    for _ in range(chance.randrange(1, 6)):
        data = _edit_once(chance, data)
    return data


def _edit_once(chance, data):
    at = chance.randrange(len(data) + 1)
    piece = chance.choice(_PIECES) if chance.random() < 0.5 else chance.randbytes(chance.randrange(1, 8))
    before, inside, after = data[:at], data[at : at + len(piece)], data[at + len(piece) :]
    flipped = bytes(byte ^ 1 << chance.randrange(8) for byte in inside[:1]) + inside[1:]
    middles = [piece, flipped, piece + inside, b"", inside + inside]
    if chance.random() < 0.05:
        return before or data
    return before + chance.choice(middles) + after


def spoil(chance, value):
    """The document with a value somewhere in it replaced or gone."""
    if not isinstance(value, dict | list) or not value or chance.random() < 0.05:
        return make_value(chance)
    changed = dict(value) if isinstance(value, dict) else list(value)
    place = chance.choice(list(value)) if isinstance(value, dict) else chance.randrange(len(value))
    if chance.random() < 0.15:
        del changed[place]
    elif chance.random() < 0.1 and isinstance(value, dict):
        changed[make_word(chance)] = changed.pop(place)
    else:
        changed[place] = spoil(chance, value[place])
    return changed
