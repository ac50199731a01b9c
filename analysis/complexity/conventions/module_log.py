"""Which modules ran with which shapes, and which operations ran inside which module: what hook-based tools see."""

from __future__ import annotations

import contextlib
from collections import Counter
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook
from torch.utils._python_dispatch import TorchDispatchMode

from analysis.complexity.meta_run import make_tensors, run_once
from analysis.complexity.operations import answer, computes
from rexnet_core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping
    from types import TracebackType
    from typing import Self

    from torch import nn

    from analysis.complexity.inputs import Inputs


@dataclass(frozen=True, slots=True)
class Call:
    """One run of one module: its name, itself, and the shapes of its first input and of its (first) output."""

    name: str
    module: nn.Module
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


class Rule(NamedTuple):
    """How a class is counted: under which group of operators, and how much for one run."""

    group: str
    amount: Callable[[Call], int]


def count_read(call: Call) -> int:
    """One per element that a module reads."""
    return prod(call.inputs)


def count_given(call: Call) -> int:
    """One per element that a module gives."""
    return prod(call.outputs)


class ModuleLog(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """A context in which every run of a module, and every operation by the innermost module, is written down."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._names = {id(child): name for name, child in module.named_modules()}
        self._inside: list[str] = []
        self._answers = False
        self._hooks: list[torch.utils.hooks.RemovableHandle] = []
        self._operations: Counter[tuple[str, str]] = Counter()
        self._without_inputs: dict[type[nn.Module], str] = {}
        self.calls: list[Call] = []

    def __enter__(self) -> Self:
        """Hooks for all modules are set: torch takes other paths through a module that has hooks of its own."""
        self._hooks.append(register_module_forward_pre_hook(self._enter))
        self._hooks.append(register_module_forward_hook(self._leave))
        super().__enter__()  # type: ignore[no-untyped-call]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Hooks are taken off, whatever happened."""
        super().__exit__(kind, error, trace)  # type: ignore[no-untyped-call]
        for hook in self._hooks:
            hook.remove()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """The result of `func` on `meta`, once it is written down."""
        if computes(func):
            self._operations[self.running, func.overloadpacket.__name__.rstrip("_")] += 1
        self._answers = True
        try:
            return answer(func, args, kwargs)
        finally:
            self._answers = False

    @property
    def answers(self) -> bool:
        """Whether an operation is being answered: what is called then, is called by torch and not by the model."""
        return self._answers

    @property
    def running(self) -> str:
        """Name of the innermost module that runs now."""
        return self._inside[-1] if self._inside else ""

    @contextlib.contextmanager
    def inside(self, name: str) -> Iterator[None]:
        """A context whose operations are written down as if a module of this name ran them."""
        self._inside.append(name)
        try:
            yield
        finally:
            self._inside.pop()

    def operations(self, *, outside: Collection[str]) -> Counter[str]:
        """How often each operation ran in modules other than those named."""
        counts: Counter[str] = Counter()
        for (inside, operation), times in self._operations.items():
            if inside not in outside:
                counts[operation] += times
        return counts

    def _enter(self, module: nn.Module, _inputs: Any) -> None:
        if id(module) in self._names:
            self._inside.append(self._names[id(module)])

    def _leave(self, module: nn.Module, inputs: Any, outputs: Any) -> None:
        if id(module) not in self._names:
            return
        name = self._inside.pop()
        if isinstance(outputs, (tuple, list)) and outputs:
            outputs = outputs[0]
        if torch.is_tensor(outputs) and inputs and torch.is_tensor(inputs[0]):
            self.calls.append(Call(name, module, tuple(inputs[0].shape), tuple(outputs.shape)))
        elif not inputs:
            self._without_inputs.setdefault(type(module), name)

    def refuse_keywords(self, tool: str, classes: Collection[type[nn.Module]]) -> None:
        """Nothing, where each module that a tool knows was given its input by place: a hook is not shown any other.

        Args:
            tool: Its name and release.
            classes: Those that it knows.

        Raises:
            InputError: One was given its input by name.
        """
        for kind, name in self._without_inputs.items():
            if kind in classes:
                raise InputError(
                    f"{tool} breaks off at a {kind.__name__} whose input is given by name, as that of {name!r} is; "
                    "give it without a name"
                )


def watch_modules(module: nn.Module, inputs: Inputs) -> ModuleLog:
    """The log of one run of a module from `build_on_meta`."""
    log = ModuleLog(module)
    run_once(module, make_tensors(module, inputs), log)
    return log


def count_places(model: nn.Module) -> Counter[str]:
    """How many places of the tree each module has, by the name of the first: a tool that walks it meets it so often."""
    names = {id(module): name for name, module in model.named_modules()}
    return Counter(names[id(module)] for module in _walk(model))


def _walk(module: nn.Module) -> Iterator[nn.Module]:
    yield module
    for child in module.children():
        yield from _walk(child)


def refuse_modules(model: nn.Module, tool: str, classes: Mapping[str, str]) -> None:
    """Nothing, where the model has no module that the tool counts and that is not modelled here.

    Args:
        model: Looked through as a whole, run or not.
        tool: Its name and release.
        classes: Full name of a class to what people call it.

    Raises:
        InputError: It has one.
    """
    for name, module in model.named_modules():
        kind = type(module)
        known_as = classes.get(f"{kind.__module__}.{kind.__qualname__}")
        if known_as:
            raise InputError(
                f"{tool} counts {known_as}, which is not modelled here; got one at {name or 'the top'!r}; "
                "run the tool itself, or choose another convention"
            )
