"""What may lie beside the tensors of a pickled checkpoint: plain data, for which stand-ins are put that keep nothing.

No class of another library is made from a file and no function of one is called. numpy's dtype, for one, takes flags
from a pickle that make it read numbers as addresses.
"""

from __future__ import annotations

from typing import Any, Self

_DATES = "date datetime time timedelta timezone"
_BUILTINS = "bool bytearray bytes complex dict float frozenset int list object range set slice str tuple type"
_PATHS = "Path PosixPath PurePath PurePosixPath PureWindowsPath WindowsPath"
_NUMPY = (
    "bool bool_ bytes_ complex64 complex128 datetime64 dtype float16 float32 float64 int8 int16 int32 int64 longdouble "
    "ndarray object_ str_ timedelta64 uint8 uint16 uint32 uint64 void"
)
_NUMPY_FUNCTIONS = "_reconstruct scalar"
#: Module -> names of values that training scripts save beside the tensors.
_VALUES = {
    "argparse": "Namespace",
    "builtins": _BUILTINS,
    "datetime": _DATES,
    "decimal": "Decimal",
    "fractions": "Fraction",
    "numpy": _NUMPY,
    "numpy._core.multiarray": _NUMPY_FUNCTIONS,
    "numpy._core.numeric": "_frombuffer",
    "numpy.core.multiarray": _NUMPY_FUNCTIONS,
    "numpy.core.numeric": "_frombuffer",
    "pathlib": _PATHS,
    "pathlib._local": _PATHS,
    "types": "SimpleNamespace",
    "uuid": "UUID",
}


class InertValue:
    """Made of anything, keeps nothing."""

    def __new__(cls, *_: object) -> Self:
        """One that keeps none of its arguments."""
        return object.__new__(cls)

    def __init__(self, *_: object) -> None:
        pass

    def __setstate__(self, state: object) -> None:
        pass


class _Items:
    """An empty dictionary or list in place of one of another type; the file then fills it."""

    make: type[Any]

    def __new__(cls, *_: object) -> Any:
        return cls.make()


def stand_ins() -> list[type[Any]]:
    """A class for each name, called as the original is."""
    values = [_named(InertValue, module, name) for module, names in _VALUES.items() for name in names.split()]
    dictionary, line = _named(_Items, "collections", "defaultdict"), _named(_Items, "collections", "deque")
    dictionary.make, line.make = dict, list
    return [*values, dictionary, line]


def _named(base: type[Any], module: str, name: str) -> type[Any]:
    return type(name, (base,), {"__module__": module, "__qualname__": name})
