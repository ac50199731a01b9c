"""The configuration file of a project: defaults and named presets, read and checked, never run."""

from bench.planning.config.files import find_config
from bench.planning.config.read import EMPTY, Config, read_config

__all__ = ["EMPTY", "Config", "load_config"]


def load_config(named: str | None = None) -> Config:
    """The configuration in force: the file that was named, or the one found from the current folder up.

    Args:
        named: Path of a file; None to look for one.

    Raises:
        InputError: The file can't be read or breaks a rule; the message says where.
    """
    found = find_config(named)
    return read_config(found) if found else EMPTY
