"""The options of a run, stated once for pytest and for the command line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.option_types import number, whole, whole_or
from bench.case import BACKENDS, DEVICES, MEMORY_FORMATS, PRECISIONS, SCENARIOS
from bench.plan import NATIVE, PRESETS, Selection
from bench.store import DEFAULT_URL

if TYPE_CHECKING:
    from collections.abc import Callable


_PRESET_HELP = "; ".join(f"{name}: {preset.summary}" for name, preset in PRESETS.items())

#: Flag, destination and keywords of each option, as argparse and pytest both take them.
OPTIONS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("--preset", {"default": "quick", "metavar": "NAME", "help": f"what to run and how thoroughly. {_PRESET_HELP}"}),
    ("--models", {"nargs": "+", "metavar": "MODEL", "help": "models in place of the preset's (see `rexbench models`)"}),
    ("--backends", {"nargs": "+", "metavar": "BACKEND", "help": f"any of {', '.join(BACKENDS)}"}),
    ("--batch-sizes", {"nargs": "+", "type": whole, "metavar": "N", "help": "images per call"}),
    (
        "--resolutions",
        {
            "nargs": "+",
            "type": whole_or(NATIVE),
            "metavar": "PIXELS",
            "help": f"sides of the square input; {NATIVE}: each model's own",
        },
    ),
    ("--precisions", {"nargs": "+", "metavar": "NAME", "help": f"any of {', '.join(PRECISIONS)}"}),
    ("--memory-formats", {"nargs": "+", "metavar": "NAME", "help": f"any of {', '.join(MEMORY_FORMATS)}"}),
    ("--scenarios", {"nargs": "+", "metavar": "NAME", "help": f"any of {', '.join(SCENARIOS)}"}),
    (
        "--device",
        {
            "metavar": "NAME",
            "help": f"one of {', '.join(DEVICES)}; default: cpu, and with presets that say so a GPU where there is one",
        },
    ),
    (
        "--threads",
        {"type": whole, "metavar": "N", "help": "threads of every runtime; default: what the machine allows"},
    ),
    (
        "--weights",
        {"type": Path, "metavar": "FILE", "help": "a checkpoint of the one chosen model; default: calibrated ones"},
    ),
    ("--rounds", {"type": whole, "metavar": "N", "help": "process rounds at most"}),
    (
        "--target",
        {"type": number, "metavar": "SHARE", "help": "stop at this relative half-width of the interval (0.02)"},
    ),
    ("--budget", {"type": number, "metavar": "SECONDS", "help": "time for the whole run; rounds are spread to fit"}),
    (
        "--limit",
        {"type": number, "metavar": "SECONDS", "help": "time a case may take in one round before it is ended"},
    ),
    ("--seed", {"type": whole, "metavar": "N", "help": "of weights, inputs and turn order (0)"}),
)

STORE: tuple[str, dict[str, Any]] = (
    "--store",
    {"default": DEFAULT_URL, "metavar": "URL", "help": f"SQLAlchemy URL of the results ({DEFAULT_URL})"},
)

_SETTINGS = {"rounds": "max_rounds", "target": "target", "budget": "budget_s", "limit": "limit_s", "seed": "seed"}


def add_options(add: Callable[..., object]) -> None:
    """Declare the options of a run.

    Args:
        add: ``add_argument`` of argparse, or ``addoption`` of a pytest group.
    """
    for flag, keywords in (*OPTIONS, STORE):
        add(flag, **keywords)


def read_selection(given: Callable[[str], Any]) -> Selection:
    """The selection that the options make.

    Args:
        given: The value of an option by its destination, such as ``batch_sizes``.
    """
    plain = ("preset", "models", "backends", "batch_sizes", "resolutions", "precisions", "memory_formats", "scenarios")
    settings = {name: value for option, name in _SETTINGS.items() if (value := given(option)) is not None}
    return Selection(
        **{name: given(name) for name in (*plain, "device", "threads", "weights")},
        settings=settings,
    )
