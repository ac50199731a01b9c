"""Packages that only some users have: whether one is there, and imports that say what is missing. No torch here."""

from __future__ import annotations

import importlib.util
from importlib import metadata

from rexnet_core.errors import InputError


def check_installed(package: str, extra: str, user: str) -> None:
    """Check that a package is there, without importing it.

    Args:
        package: The package, as it is imported.
        extra: Our extra that brings it.
        user: What needs it, for the message.

    Raises:
        InputError: It is not there.
    """
    if importlib.util.find_spec(package) is None:
        raise InputError(f"{user} needs the package {package}, which is not installed; pip install 'rexbench[{extra}]'")


def read_version(package: str) -> str:
    """The version of an installed package, with its name; the name alone where no version is told."""
    try:
        return f"{package} {metadata.version(package)}"
    except metadata.PackageNotFoundError:
        return package
