"""Fields of settings that describe themselves: metadata says what a field is for, and which values it takes.

The metadata is plain data, from which `bench.planning.option_fields` makes command line options:
``help``: what the field is for; a field without it is no option. ``flag``: the option, if it is not named as the field.
``bounds``: the least and the greatest number. ``choices``: the known names, of a kind that ``kind`` names.
"""

from __future__ import annotations

from dataclasses import field, fields
from typing import TYPE_CHECKING, Any, TypeVar

from rexnet_core.errors import InputError, UnknownNameError, first_line

if TYPE_CHECKING:
    from dataclasses import Field
    from pathlib import Path

T = TypeVar("T")
#: What ``weights_entry`` is for, and what it is where it is not given.
ENTRY = "the entry of the checkpoint that holds the weights, such as state_dict_ema"
ENTRY_UNSET = "the only one with weights; a file with several is refused"


def about(text: str, **more: Any) -> dict[str, Any]:
    """Metadata of a field: its help text, and more of what is named above."""
    return {"help": text, **more}


def option(default: T, text: str, **more: Any) -> T:
    """A field with a default and the metadata that `about` makes."""
    return field(default=default, metadata=about(text, **more))


def name_option(spec: Field[Any]) -> str:
    """The option that sets a field, such as ``--batch-size``."""
    return str(spec.metadata.get("flag") or "--" + spec.name.replace("_", "-"))


def check_fields(setting: Any) -> None:
    """Check each field against its bounds and its choices; None and texts have no bounds.

    Args:
        setting: A dataclass.

    Raises:
        InputError: A number is out of its bounds.
        UnknownNameError: A name is not among the choices.
    """
    for spec in fields(setting):
        value = getattr(setting, spec.name)
        if "bounds" in spec.metadata and value is not None and not isinstance(value, str):
            check_number(name_option(spec), value, *spec.metadata["bounds"])
        if "choices" in spec.metadata:
            kind = spec.metadata.get("kind", spec.name.replace("_", " "))
            check_names(kind, value if isinstance(value, tuple) else (value,), spec.metadata["choices"])


def check_number(option: str, value: float, low: float, high: float) -> None:
    """Check a number against its bounds, both included; between whole bounds it must be whole.

    Raises:
        InputError: The number is out of bounds.
    """
    whole = isinstance(low, int)
    if isinstance(value, bool) or (whole and not isinstance(value, int)) or not low <= value <= high:
        must = "be a whole number" if whole else "lie"
        raise InputError(f"{option} must {must} from {low} to {high if whole else f'{high:g}'}; got {value!r}")


def check_names(kind: str, names: tuple[str, ...], known: tuple[str, ...]) -> None:
    """Check that there is a name, and that each is known.

    Raises:
        InputError: There is no name.
        UnknownNameError: A name is not known.
    """
    if not names:
        raise InputError(f"at least one {kind} is needed; known: {', '.join(known)}")
    for name in names:
        if name not in known:
            raise UnknownNameError(kind, name, known)


def check_weights(weights: Path | None, entry: str | None) -> None:
    """Check that the checkpoint is a file that can be read, and that an entry is asked for of a checkpoint alone.

    Raises:
        InputError: It is none, or there is an entry and no checkpoint.
    """
    if weights is None:
        if entry is not None:
            raise InputError(f"--weights-entry names an entry of a checkpoint; got {entry!r} alone; add --weights FILE")
        return
    try:
        if not weights.is_file():
            raise InputError(f"--weights must be a file; {weights} is not a file")
        weights.open("rb").close()
    except (OSError, ValueError) as error:
        raise InputError(f"--weights must be a file that can be read; {weights}: {first_line(error)}") from None
