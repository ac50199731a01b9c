"""Which nodes of a graph follow from its constants alone, and which numbers of the file they come from."""

from __future__ import annotations

import re
from math import prod
from typing import TYPE_CHECKING, Any

from analysis.graphs.nodes import MODULE, sources

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Their outputs are drawn, or kept from run to run.
_NOT_FIXED = frozenset({"RandomUniform", "Multinomial", "ReadValue", "Parameter"})
#: A constant that its exporter named for the parameter of a module.
_PARAMETER = re.compile(r"(?:self\.)?([A-Za-z_]\w*(?:\.\w+)*)\.(?:weight|bias|gamma|beta|kernel|[wb]_)\w*")


class Constants:
    """The nodes whose values the file fixes.

    A shape counts as fixed, for those of the inputs are given.

    Args:
        nodes: All nodes of a graph in an order in which each follows what it reads.
    """

    def __init__(self, nodes: Sequence[Any]) -> None:
        self._roots: dict[str, frozenset[str]] = {}
        self._known: dict[str, Any] = {}
        for node in nodes:
            self._take(node)

    def is_fixed(self, node: Any) -> bool:
        """Whether the value of a node does not depend on the inputs."""
        return node.get_name() in self._roots

    def roots(self, node: Any) -> list[Any]:
        """The constants that a fixed node is computed from, the largest first and shapes last.

        There are none for another node, or no node.
        """
        names = self._roots.get(node.get_name(), ()) if node is not None else ()
        return sorted(
            (self._known[name] for name in names),
            key=lambda one: (_is_shape(one), -count_numbers(one), str(one.get_name())),
        )

    def _take(self, node: Any) -> None:
        kind, name = node.get_type_name(), node.get_name()
        if kind == "Constant":
            self._known[name] = node
            self._roots[name] = frozenset({name})
        elif kind == "ShapeOf":
            self._roots[name] = frozenset()
        elif kind not in _NOT_FIXED:
            read = [self._roots.get(one.get_name()) for one in sources(node)]
            if read and None not in read:
                self._roots[name] = frozenset().union(*filter(None, read))


def _is_shape(constant: Any) -> bool:
    """Whether a constant is of the type that shapes and places have."""
    return bool(constant.get_element_type().get_type_name() == "i64")


def count_numbers(constant: Any) -> int:
    """The elements of a constant."""
    return int(prod(constant.get_output_shape(0)))


def is_one(node: Any) -> bool:
    """Whether a node is a constant of the single number 1."""
    constant = node is not None and node.get_type_name() == "Constant"
    return bool(constant and count_numbers(node) == 1 and node.get_element_type().is_real() and node.data.item() == 1)


def name_of_module(constant: Any) -> str:
    """The module whose parameter a constant is, where its name tells; else empty."""
    found = _PARAMETER.fullmatch(constant.get_friendly_name())
    return found[1] if found else ""


def name_of_node(node: Any) -> str:
    """The module that a node was converted from, else the node's own name."""
    name = str(node.get_friendly_name())
    if name.startswith(MODULE):
        return name.removeprefix(MODULE).partition("/")[0]
    return name.removesuffix("/WithoutBiases")
