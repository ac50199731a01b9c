"""Copies of the functions that modules keep, such as ``lambda x: self.conv(x)``, which Python's deep copy leaves as is.

A function reaches a module through what it closes over or through a default, and a copy of the module needs a function
that reaches the copy.
"""

from __future__ import annotations

import copy
from types import CellType, FunctionType, MethodType
from typing import TYPE_CHECKING, Any

from torch import Tensor, nn

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: What is replaced by its copy where a function holds it; anything else stays shared.
_COPIED = (nn.Module, MethodType, Tensor, list, tuple, dict)


class FunctionCopies:
    """Copies of all functions that a module and its submodules keep as attributes or hooks.

    Args:
        module: What is about to be copied.
        memo: What Python's deep copy has copied, by the id of the original; takes the functions.
    """

    def __init__(self, module: nn.Module, memo: dict[int, Any]) -> None:
        self._memo = memo
        self._cells: dict[int, tuple[CellType, CellType]] = {}
        self._functions: list[tuple[FunctionType, FunctionType]] = []
        for child in module.modules():
            self._prepare(_functions_in(vars(child).values()))

    def finish(self) -> None:
        """Fill the copies, once the module is copied, with what they hold."""
        for original, copied in self._cells.values():
            try:
                content = original.cell_contents
            except ValueError:  # the variable has no value yet
                continue
            copied.cell_contents = self._copy(content)
        for function, twin in self._functions:
            twin.__defaults__ = function.__defaults__ and tuple(map(self._copy, function.__defaults__))
            twin.__kwdefaults__ = {name: self._copy(value) for name, value in (function.__kwdefaults__ or {}).items()}

    def _prepare(self, functions: Iterable[FunctionType]) -> None:
        """Make copies with empty cells, also of the functions that these close over."""
        for function in functions:
            if id(function) in self._memo or not (function.__closure__ or function.__defaults__):
                continue
            cells = function.__closure__ or ()
            for cell in cells:
                self._cells.setdefault(id(cell), (cell, CellType()))
            closure = tuple(self._cells[id(cell)][1] for cell in cells)
            twin = FunctionType(function.__code__, function.__globals__, function.__name__, None, closure)
            twin.__dict__.update(vars(function))
            self._memo[id(function)] = twin
            self._functions.append((function, twin))
            self._prepare(_functions_in(_contents_of(cells)))

    def _copy(self, content: Any) -> Any:
        if id(content) in self._memo:
            return self._memo[id(content)]
        return copy.deepcopy(content, self._memo) if isinstance(content, _COPIED) else content


def _functions_in(values: Iterable[Any]) -> Iterator[FunctionType]:
    """Functions among values, and in dictionaries of them, as hooks are."""
    for value in values:
        if isinstance(value, FunctionType):
            yield value
        elif isinstance(value, dict):
            yield from (one for one in value.values() if isinstance(one, FunctionType))


def _contents_of(cells: Iterable[CellType]) -> Iterator[Any]:
    for cell in cells:
        try:
            yield cell.cell_contents
        except ValueError:  # the variable has no value yet
            continue
