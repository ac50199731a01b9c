"""The options of a run, declared for pytest and for the command line alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analysis.model_options import ModelOptions
from bench.planning.config import EMPTY
from bench.planning.option_fields import add_fields, read_fields
from bench.planning.option_values import duration, megabytes, whole_or
from bench.planning.plan import Selection
from bench.planning.presets import DEFAULT, NATIVE
from bench.records.case import HINT
from bench.records.settings import Settings
from bench.store.store import DEFAULT_URL

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Collection

    from bench.planning.config import Config

#: How the values of options are read that are neither names nor plain numbers.
_TYPES = {
    "resolutions": whole_or(NATIVE),
    "streams": whole_or(HINT),
    "budget_s": duration,
    "memory_limit_bytes": megabytes,
}


def add_options(add: Callable[..., object], *, leave_out: Collection[str] = ()) -> None:
    """Declare the options of a run, by ``add_argument`` of argparse or ``addoption`` of a pytest group."""
    for setting in (Selection, ModelOptions, Settings):
        add_fields(add, setting, types=_TYPES, leave_out=leave_out, defaults=False)
    add_store(add)
    add_config(add)


def add_store(add: Callable[..., object]) -> None:
    """Declare where results are stored."""
    add("--store", default=DEFAULT_URL, metavar="URL", help=f"SQLAlchemy URL of the results ({DEFAULT_URL})")


def add_config(add: Callable[..., object]) -> None:
    """Declare where the configuration is."""
    text = (
        "presets and defaults; default: rexbench.toml, or [tool.rexbench] in pyproject.toml, from the current folder "
        "up to the root of the repository"
    )
    add("--config", dest="config_file", metavar="FILE", help=text)


def add_wait(add: Callable[..., object]) -> None:
    """Declare what happens while another run measures."""
    add("--wait", action="store_true", help="if another run is measuring on this machine, wait for its end")


def add_control(add: Callable[..., object]) -> None:
    """Declare how a run deals with other runs, and with itself after an interruption."""
    add_wait(add)
    text = "resume an interrupted run with its own options; name it by its id, a part of its id, or latest"
    add("--resume", metavar="RUN", help=text)
    add("--force", action="store_true", help="resume even if versions have changed; the report then says so")


def read_store(asked: str, config: Config) -> str:
    """The URL of the store: the one that was asked for, else the project's, else the default."""
    # An option that was not given holds the default itself, not an equal text.
    return config.store if asked is DEFAULT_URL and config.store is not None else asked


def read_selection(args: argparse.Namespace, config: Config = EMPTY) -> Selection:
    """The selection that the options make, which take precedence over what the project has configured."""
    usual = {"preset": config.preset or DEFAULT, "presets": config.presets, "settings": read_fields(args, Settings)}
    return Selection(**{**usual, **read_fields(args, Selection)}, options=read_model_options(args))


def read_model_options(args: argparse.Namespace) -> ModelOptions:
    """How the models of a call are made and fed.

    Raises:
        InputError: A value breaks a rule.
    """
    return ModelOptions(**read_fields(args, ModelOptions))
