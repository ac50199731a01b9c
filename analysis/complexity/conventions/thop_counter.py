"""Multiply-adds and more as thop (pytorch-OpCounter) counts them.

thop hangs a hook on every module whose class is *exactly* one it knows: a subclass counts nothing. What each class
counts is in `thop_rules`. Whatever runs as a function or as an operator between modules is not seen: SiLU before it had
a module of its own, shortcut additions, the products of squeeze-excite, means. A module that stands in several places
of the tree gets a hook for each, and is added up at each: it counts as often as the square of its places.

Two releases differ: 0.0.31 counts a convolution's bias and two per element of batch norm, and never the module it is
given itself; 0.1.1 leaves the bias out, counts *four* per element of an affine norm, and knows more classes.

Source: Lyken17/pytorch-OpCounter, ``thop/profile.py``, releases 0.0.31.post2005241907 and 0.1.1.post2209072238.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from analysis.complexity.conventions.module_log import count_places, refuse_modules, watch_modules
from analysis.complexity.conventions.record import Count, Part, describe_uncounted, make_count
from analysis.complexity.conventions.thop_rules import NOT_MODELLED, RULES
from analysis.complexity.inputs import Resolution, read_inputs
from analysis.complexity.meta_run import build_on_meta

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from torch import nn

    from analysis.complexity.conventions.module_log import Call

#: The release that does not count the module it is given itself.
_CHILDREN_ONLY = "0.0.31"


def count_as_thop(
    model: nn.Module | str,
    resolution: Resolution = 224,
    *,
    release: str = "0.1.1",
    unseen: Callable[[str, nn.Module], bool] = lambda _name, _module: False,
) -> Count:
    """What ``thop.profile(model, ...)`` gives.

    Args:
        model: A registered name or a module.
        resolution: Side, or height and width, of the image [pixels], or inputs of any kind.
        release: A key of `thop_rules.RULES`.
        unseen: Whether thop would pass over a module because, in the code that was counted, its class is a subclass.

    Raises:
        InputError: Unknown name, a side out of range, or a module that thop counts and this does not.
    """
    inputs = read_inputs(resolution)
    module = build_on_meta(model, inputs)
    refuse_modules(module, f"thop {release}", NOT_MODELLED)
    log = watch_modules(module, inputs)
    rules = RULES[release]
    log.refuse_keywords(f"thop {release}", rules)
    seen = [call for call in log.calls if type(call.module) in rules and not unseen(call.name, call.module)]
    if release == _CHILDREN_ONLY:
        seen = [call for call in seen if call.name]
    convention = "thop" if release == "0.1.1" else f"thop_{release}"
    uncounted = describe_uncounted(log.operations(outside={call.name for call in seen}))
    return make_count(convention, model, inputs, _parts(module, seen, release), uncounted)


def _parts(module: nn.Module, seen: list[Call], release: str) -> Iterator[Part]:
    """What the runs count; those that count nothing are left out."""
    places = count_places(module)
    for call in seen:
        kind = type(call.module)
        group, amount = RULES[release][kind]
        counted = amount(call) * places[call.name] ** 2
        if counted:
            yield Part(layer=call.name, operator=kind.__name__, group=group, amount=counted)
