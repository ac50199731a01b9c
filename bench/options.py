"""The options of a run, stated once for pytest and for the command line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.option_values import duration, megabytes, number, whole, whole_or
from bench.backends.registry import backend_names
from bench.planning.config import EMPTY
from bench.planning.plan import NATIVE, PRESETS, Selection
from bench.planning.presets import DEFAULT
from bench.records.case import DEVICES, HINT, MEMORY_FORMATS, PRECISIONS, SCENARIOS
from bench.store.store import DEFAULT_URL

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.planning.config import Config

_PRESET_HELP = "; ".join(f"{name}: {preset.summary}" for name, preset in PRESETS.items())

#: Flag, destination and keywords of each option, as argparse and pytest both take them.
OPTIONS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("--preset", {"metavar": "NAME", "help": f"what to run and how thoroughly; default: {DEFAULT}. {_PRESET_HELP}"}),
    ("--models", {"nargs": "+", "metavar": "MODEL", "help": "models in place of the preset's (see `rexbench models`)"}),
    ("--backends", {"nargs": "+", "metavar": "BACKEND", "help": f"any of {', '.join(backend_names())}"}),
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
        "--streams",
        {
            "nargs": "+",
            "type": whole_or(HINT),
            "metavar": "N",
            "help": "in the throughput scenario: streams of a runtime that queues requests, or instances that share "
            f"the threads; {HINT}: what such a runtime chooses; default: 1, 2, 4 ... up to the threads, and {HINT}",
        },
    ),
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
    (
        "--budget",
        {
            "type": duration,
            "metavar": "TIME",
            "help": "time for the whole run, such as 90s, 10m or 1h30m: a round for each match, then each round to the "
            "one with the widest interval; without --rounds, as many as help",
        },
    ),
    (
        "--limit",
        {"type": number, "metavar": "SECONDS", "help": "time a case may take in one round before it is ended"},
    ),
    (
        "--memory-limit",
        {"type": megabytes, "metavar": "MB", "help": "resident memory at which a worker is ended; default: no limit"},
    ),
    ("--seed", {"type": whole, "metavar": "N", "help": "of weights, inputs and turn order (0)"}),
)

STORE: tuple[str, dict[str, Any]] = (
    "--store",
    {"default": DEFAULT_URL, "metavar": "URL", "help": f"SQLAlchemy URL of the results ({DEFAULT_URL})"},
)

CONFIG: tuple[str, dict[str, Any]] = (
    "--config",
    {
        "dest": "config_file",
        "metavar": "FILE",
        "help": "presets and defaults; default: rexbench.toml, or [tool.rexbench] in pyproject.toml, from the current "
        "folder up to the root of the repository",
    },
)

CONTROL: tuple[tuple[str, dict[str, Any]], ...] = (
    ("--wait", {"action": "store_true", "help": "begin when another run on this machine has ended"}),
    (
        "--resume",
        {
            "metavar": "RUN",
            "help": "go on with an interrupted run: its id, a part of it, or latest; it has its options",
        },
    ),
    ("--force", {"action": "store_true", "help": "resume also under other versions; the report will say so"}),
)

#: Options that are measuring settings, with the fields they set.
SETTINGS = {"rounds": "max_rounds", "target": "target", "budget": "budget_s", "limit": "limit_s", "seed": "seed"}
SETTINGS["memory_limit"] = "memory_limit_bytes"


def add_options(add: Callable[..., object]) -> None:
    """Declare the options of a run.

    Args:
        add: ``add_argument`` of argparse, or ``addoption`` of a pytest group.
    """
    for flag, keywords in (*OPTIONS, STORE, CONFIG):
        add(flag, **keywords)


def add_control(add: Callable[..., object]) -> None:
    """Declare how a run deals with others, and with itself after an interruption.

    Args:
        add: As for `add_options`.
    """
    for flag, keywords in CONTROL:
        add(flag, **keywords)


def read_store(asked: str, config: Config) -> str:
    """The URL of the store: the one that was asked for, else the project's, else ours.

    Args:
        asked: The option's value.
        config: What the project has configured.
    """
    # The very default, not an equal text, is what the option has where nobody gave it.
    return config.store if asked is DEFAULT_URL and config.store is not None else asked


def read_selection(given: Callable[[str], Any], config: Config = EMPTY) -> Selection:
    """The selection that the options make.

    Args:
        given: The value of an option by its destination, such as ``batch_sizes``.
        config: What the project has configured; options go before it.
    """
    plain = (
        *("models", "backends", "batch_sizes", "resolutions", "precisions", "memory_formats", "scenarios", "streams"),
        *("device", "threads", "weights"),
    )
    settings = {name: value for option, name in SETTINGS.items() if (value := given(option)) is not None}
    return Selection(
        **{name: given(name) for name in plain},
        preset=given("preset") or config.preset or DEFAULT,
        presets=config.presets,
        settings=settings,
    )
