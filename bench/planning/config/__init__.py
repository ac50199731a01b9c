"""The configuration file of a project: defaults and named presets, read and checked, never run."""

from bench.planning.config.files import find_config
from bench.planning.config.read import EMPTY, Config, read_config
from rexnet_core.errors import InputError

__all__ = ["EMPTY", "Config", "load_config"]


def load_config(named: str | None = None) -> Config:
    """The configuration in force: the file that was named, or the nearest from the current folder up.

    Raises:
        InputError: The file can't be read or breaks a rule; the message names the file and the key.
    """
    try:
        path = find_config(named)
        return read_config(path) if path else EMPTY
    except InputError as error:
        message = " ".join(str(error).split())
        raise InputError("".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in message)) from None
