"""Paddle's ``.pdparams``, a pickle of numpy arrays: written, and read without running anything in it.

Source: what paddle.save of Paddle 2 and 3 writes at protocols 2, 3 and 4, its older forms included.
"""

from __future__ import annotations

import io
import pickle
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch

from rexnet_core.inert_pickles import InertValue, stand_ins

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_PROTOCOL = 4
#: Of what numpy calls its types, those that torch has; objects are none of them.
_TYPES = frozenset({"b1", "f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"})
#: Whatever a file of Paddle never has is left out: a set, for one, takes values that are nested without end.
_INSTRUCTIONS = (
    "PROTO FRAME MARK STOP MEMOIZE PUT BINPUT LONG_BINPUT GET BINGET LONG_BINGET NONE NEWTRUE NEWFALSE BININT BININT1 "
    "BININT2 LONG1 LONG4 BINFLOAT BINUNICODE BINUNICODE8 SHORT_BINUNICODE BINBYTES BINBYTES8 SHORT_BINBYTES BINSTRING "
    "SHORT_BINSTRING EMPTY_TUPLE TUPLE TUPLE1 TUPLE2 TUPLE3 EMPTY_LIST APPEND APPENDS EMPTY_DICT GLOBAL STACK_GLOBAL "
    "REDUCE NEWOBJ"
)


def read_paddle(path: Path) -> Any:
    """What the file holds, with a tensor for each array; the tensors share the memory of what was read.

    Raises:
        pickle.UnpicklingError: It holds something else than arrays and plain data; ``GLOBAL NAME`` names it.
        Exception: It is damaged, in any other way that a pickle can be.
    """
    return _give_tensors(_Reader(path.read_bytes()).load(), {})


def write_paddle(tensors: Mapping[str, torch.Tensor], path: str) -> None:
    """Write tensors in such a way that paddle.load reads them.

    Raises:
        ValueError: numpy lacks the type of a tensor.
    """
    try:
        arrays = {name: tensor.numpy() for name, tensor in tensors.items()}
    except TypeError as error:
        raise ValueError(f"numpy lacks a type: {error}") from None
    with Path(path).open("wb") as file:
        pickle.dump(arrays, file, protocol=_PROTOCOL)


class _Type:
    """In place of numpy's dtype, which takes flags from a pickle that make it read numbers as addresses."""

    def __init__(self, code: object = None, *_: object) -> None:
        self.code = _only(code, _TYPES, "type of an array")

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _only(state[1], frozenset("<|"), "byte order of an array")


class _Array:
    """In place of numpy's ndarray; its values are numbers, and all of them are there."""

    def __init__(self, *_: object) -> None:
        self.values = np.empty(0)

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, shape, kind, is_fortran, data = state
        given = data.encode("latin1") if isinstance(data, str) else data
        self.values = np.ndarray(shape, kind.code, given, order="F" if is_fortran else "C")
        if self.values.nbytes != len(given):
            raise pickle.UnpicklingError(f"an array of {self.values.nbytes} bytes has {len(given)}")


def _only(given: object, allowed: frozenset[str], what: str) -> str:
    if not isinstance(given, str) or given not in allowed:
        found = repr(given[:9]) if isinstance(given, str) else f"a {type(given).__name__}"
        raise pickle.UnpicklingError(f"the {what} must be one of {', '.join(sorted(allowed))}, found {found}")
    return given


def _encode(text: str, _: str) -> bytes:
    """Bytes as protocol 2 has them."""
    return text.encode("latin1")


def _no_bytes() -> bytes:
    return b""


def _tuple(items: list[Any]) -> tuple[Any, ...]:
    return tuple(items)


def _dictionary(*_: object) -> dict[Any, Any]:
    return {}


_BUILTINS_OF_PROTOCOL_2 = "__builtin__"
_MADE: dict[tuple[str, str], Any] = {
    ("_codecs", "encode"): _encode,
    ("builtins", "bytes"): _no_bytes,
    ("builtins", "tuple"): _tuple,
    ("collections", "OrderedDict"): _dictionary,
    ("numpy", "dtype"): _Type,
    ("numpy.core.multiarray", "_reconstruct"): _Array,
    ("numpy._core.multiarray", "_reconstruct"): _Array,
}


def _build(reader: Any) -> None:
    """BUILD: a state for what may have one."""
    state = reader.stack.pop()
    made = reader.stack[-1]
    if not isinstance(made, _Array | _Type | InertValue):
        raise pickle.UnpicklingError(f"a {type(made).__name__} takes no state")
    made.__setstate__(state)


def _set_item(reader: Any) -> None:
    """SETITEM."""
    value, key = reader.stack.pop(), reader.stack.pop()
    _set(reader.stack[-1], [key, value])


def _set_items(reader: Any) -> None:
    """SETITEMS."""
    items = reader.pop_mark()
    _set(reader.stack[-1], items)


def _set(dictionary: Any, items: list[Any]) -> None:
    """Of keys, a tuple that is nested deep enough ends the process when it is hashed."""
    if not isinstance(dictionary, dict) or not all(isinstance(key, str | int) for key in items[::2]):
        raise pickle.UnpicklingError("a dictionary must have names for keys")
    dictionary.update(zip(items[::2], items[1::2], strict=True))


# The reader in C takes as much memory as a number in the file says.
class _Reader(pickle._Unpickler):  # noqa: SLF001
    """Makes arrays and plain data; any other name is refused, and nothing is imported."""

    dispatch: ClassVar[dict[int, Callable[[Any], None]]] = {
        **{
            getattr(pickle, name)[0]: pickle._Unpickler.dispatch[getattr(pickle, name)[0]]  # noqa: SLF001
            for name in _INSTRUCTIONS.split()
        },
        pickle.BUILD[0]: _build,
        pickle.SETITEM[0]: _set_item,
        pickle.SETITEMS[0]: _set_items,
    }

    def __init__(self, data: bytes) -> None:
        super().__init__(io.BytesIO(data), encoding="latin1")
        self._made = {(made.__module__, made.__name__): made for made in stand_ins()} | _MADE

    def load(self) -> Any:
        try:
            return super().load()
        except KeyError:
            raise pickle.UnpicklingError("not as Paddle writes a file") from None

    def find_class(self, module: str, name: str) -> Any:
        known = "builtins" if module == _BUILTINS_OF_PROTOCOL_2 else module, name
        if known not in self._made:
            raise pickle.UnpicklingError(f"GLOBAL {'.'.join(known)} is no array")
        return self._made[known]


#: Arrays above 1 GiB lie in pieces, which the first of these entries lists. The other has names of Paddle's program.
_PIECES, _PROGRAM = "UnpackBigParamInfor@@", "StructuredToParameterName@@"
_NAMED = 2


def _give_tensors(value: Any, done: dict[int, tuple[Any, Any]]) -> Any:
    """The value with tensors for its arrays; what a file refers to many times is made once.

    Args:
        value: What was read. A nested save has (name, array) for a tensor.
        done: By identity, each value that was met, and what was made of it.
    """
    if isinstance(value, tuple) and len(value) == _NAMED and isinstance(value[1], _Array):
        value = value[1]
    if not isinstance(value, _Array | dict | list | tuple):
        return value
    if id(value) in done:
        return done[id(value)][1]
    made: Any = {} if isinstance(value, dict) else []
    if isinstance(value, _Array):
        made = torch.from_numpy(value.values)
    done[id(value)] = value, made
    if isinstance(value, dict):
        given = _join_pieces(value)
        made.update((key, _give_tensors(one, done)) for key, one in given.items() if key != _PROGRAM)
    elif not isinstance(value, _Array):
        made.extend(_give_tensors(one, done) for one in value)
    return made


def _join_pieces(given: dict[Any, Any]) -> dict[Any, Any]:
    if _PIECES not in given:
        return given
    rest = dict(given)
    for name, told in rest.pop(_PIECES).items():
        whole = _Array()
        whole.values = np.concatenate([rest.pop(piece).values for piece in told["slices"]]).reshape(told["OriginShape"])
        rest[name] = whole
    return rest
