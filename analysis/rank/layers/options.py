"""The options of the layer study and of its search, stated once; everything is checked before anything runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from analysis.option_values import number, whole
from analysis.rank.layers.protocols import PROTOCOLS
from analysis.rank.layers.setting import ACTIVATIONS, ALL_BLOCKS, CHOICES
from analysis.rank.layers.task import LayersTask
from analysis.rank.spectra.spectrum import CENTRINGS
from rexnet_core.errors import InputError, UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Callable


def _names(text: str, known: tuple[str, ...]) -> dict[str, Any]:
    return {"nargs": "+", "metavar": "NAME", "help": f"{text}: any of {', '.join(known)}"}


def _one_of(text: str, known: tuple[str, ...]) -> dict[str, Any]:
    return {"metavar": "NAME", "help": f"{text}: one of {', '.join(known)}"}


#: Flag, parameter of `LayerSetting`, keywords; without a flag the protocol's value stands.
_PARAMETERS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("--blocks", "blocks", _names("building blocks", ALL_BLOCKS)),
    ("--activations", "activations", _names("curves", ACTIVATIONS)),
    ("--ratios", "ratios", {"nargs": "+", "type": number, "metavar": "R", "help": "d_in / d_out, above 0, up to 1"}),
    (
        "--d-out",
        "d_out",
        {"nargs": 2, "type": whole, "metavar": ("LOW", "HIGH"), "help": "range of output channels, drawn evenly"},
    ),
    ("--rows", "rows", {"metavar": "N", "help": "columns N of X: 4x (times d_out), d+1, or a number"}),
    ("--spatial", "spatial", {"type": whole, "metavar": "SIDE", "help": "of the maps; 1 is a vector"}),
    ("--weight-law", "weights", _one_of("law of W", CHOICES["weights"])),
    ("--input-law", "inputs", _one_of("law of X", CHOICES["inputs"])),
    ("--norm", "norm", _one_of("batch norm and the activation", CHOICES["norm"])),
    ("--norm-statistics", "norm_statistics", _one_of("of the batch norm", CHOICES["norm_statistics"])),
    (
        "--expansion",
        "expansion",
        {"nargs": "+", "type": number, "metavar": "T", "help": "of inverted bottlenecks: one value, or a range"},
    ),
    (
        "--second-activation",
        "second_activation",
        {"metavar": "NAME", "help": "after the 3x3 of a bottleneck: same, or an activation"},
    ),
    ("--precision", "precision", _one_of("of the features", CHOICES["precision"])),
    ("--centrings", "centrings", _names("of the spectra", CENTRINGS)),
    (
        "--tolerances",
        "tolerances",
        {
            "nargs": "+",
            "metavar": "NAME",
            "help": "numpy, producer, or rel:SHARE; the first is primary where the protocol's is missing",
        },
    ),
    (
        "--networks",
        "networks",
        {"type": whole, "metavar": "N", "help": "random networks at most (1000; grid: 20 of each)"},
    ),
    (
        "--target-se",
        "target_se",
        {"type": number, "metavar": "SE", "help": "stop at this standard error of the paired differences (0: never)"},
    ),
    ("--seed", "seed", {"type": whole, "metavar": "N", "help": "of sizes, weights and inputs (0; closest: 2)"}),
)
_PAIR = 2


def add_options(add: Callable[..., object]) -> None:
    """Declare the options of the layer study.

    Args:
        add: ``add_argument`` of argparse.
    """
    add(
        "--protocol",
        nargs="+",
        metavar="NAME",
        help="what the paper leaves open is filled in so: literal (the text read literally), closest (nearest to its "
        "figure, found by search), sensitivity (a grid); default: all three",
    )
    for flag, name, keywords in _PARAMETERS:
        add(flag, dest=name, **keywords)
    add("--exact", action="store_true", help="exact ranks of networks of integers beside the others")
    _add_processes(add)


def _add_processes(add: Callable[..., object]) -> None:
    add("--processes", type=whole, metavar="N", help="processes with one thread each; default: the cores there are")


def read_task(given: Callable[[str], Any], processes: int) -> LayersTask:
    """The study that the options ask for, checked.

    Args:
        given: The value of an option by its destination.
        processes: As many as there are cores to use.

    Raises:
        InputError: A value is outside its range, or does not fit the others.
    """
    chosen = tuple(dict.fromkeys(given("protocol") or PROTOCOLS))
    for name in chosen:
        if name not in PROTOCOLS:
            raise UnknownNameError("protocol", name, PROTOCOLS)
    overrides = {name: value for _, name, _ in _PARAMETERS if (value := given(name)) is not None}
    overrides = {name: tuple(value) if isinstance(value, list) else value for name, value in overrides.items()}
    if (expansion := overrides.get("expansion")) is not None:
        if len(expansion) > _PAIR:
            raise InputError(f"expansion is one value or a range of two; got {len(expansion)} values")
        overrides["expansion"] = (expansion[0], expansion[-1])
    task = LayersTask(
        protocols=chosen, overrides=overrides, exact=bool(given("exact")), workers=_read_processes(given, processes)
    )
    task.settings()
    task.grid()
    return task


def _read_processes(given: Callable[[str], Any], processes: int) -> int:
    asked = given("processes")
    if asked is not None and asked < 1:
        raise InputError(f"at least one process is needed; got {asked}")
    return int(asked or processes)


def add_search_options(add: Callable[..., object]) -> None:
    """Declare the options of the search for the nearest setting.

    Args:
        add: ``add_argument`` of argparse.
    """
    add("--tries", type=whole, default=120, metavar="N", help="random settings before the best are improved (120)")
    add("--networks", type=whole, default=16, metavar="N", help="random networks of each setting (16)")
    add("--seed", type=whole, default=0, metavar="N", help="of the settings that are tried (0)")
    _add_processes(add)


def read_search(given: Callable[[str], Any], processes: int) -> dict[str, int]:
    """Arguments of `analysis.rank.layers.commands.run_search`, checked.

    Args:
        given: The value of an option by its destination.
        processes: As many as there are cores to use.

    Raises:
        InputError: A value is outside its range.
    """
    for name, low, high in (("tries", 1, 100_000), ("networks", 2, 10_000), ("seed", 0, 2**31)):
        if not low <= given(name) <= high:
            raise InputError(f"--{name} must lie from {low} to {high}; got {given(name)}")
    return {
        **{name: given(name) for name in ("tries", "networks", "seed")},
        "workers": _read_processes(given, processes),
    }
