"""Which entry of a training checkpoint holds the weights, and their names without what training puts before them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from torch import Tensor

from rexnet_core.errors import WeightsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: The name of the file's own top level, where it holds weights beside entries that do.
TOP = "."
#: Entries lie no deeper than this in the files of any training library.
_DEPTH = 4
#: Entries shown in a message.
_SHOWN = 8
#: Modules that wrap others and never are a layer: DataParallel and AveragedModel, torch.compile, FSDP, checkpointing.
_WRAPPERS = frozenset({"module", "_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module"})
#: AveragedModel's count of steps, beside the tensors.
_COUNTER = "n_averaged"
_MATRIX = 2
#: The longest name of a tensor or an entry that a message shows whole.
_LONGEST = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedTensors:
    """The tensors of a checkpoint.

    Args:
        tensors: By name, without the prefixes that training leaves.
        entry: Keys to the entry of the file that holds them, joined by dots; None where the file is the state dict.
        origin: The file, for messages.
        first_names: The first names as the file has them, for messages.
        classes: Names of the classes in order, where the file lists them beside the weights as ``classes``.
        resolution: Side of the images that it was trained for [pixels], where the file tells it as ``resolution``.
    """

    tensors: Mapping[str, Tensor]
    entry: str | None
    origin: str
    first_names: tuple[str, ...]
    classes: tuple[str, ...] = ()
    resolution: int | None = None

    def show_first(self) -> str:
        """The first names of the file in one line."""
        return ", ".join(repr(name)[:_LONGEST] for name in self.first_names)

    def name_part(self, suffixes: Iterable[str]) -> str:
        """The entry that would take the names which end so, without what stands before them; empty without any."""
        ends = [name.removesuffix(f".{end}") for name in self.tensors for end in suffixes if name.endswith(f".{end}")]
        where = [] if self.entry in {None, TOP} else [self.entry]
        return ".".join([*where, ends[0]])[:_LONGEST] if ends else ""


def take_entry(given: Mapping[Any, Any], origin: str, asked: str | None) -> NamedTensors:
    """The tensors of the one entry that holds weights, or of the entry that is asked for.

    Weights and their moving average are never told apart by their names: who reads one of them, knows which.

    Args:
        given: What a file holds.
        origin: The file, for messages.
        asked: Keys of an entry, joined by dots; what follows them chooses the names that begin with it, where a
            training module keeps other tensors beside its network.

    Raises:
        WeightsError: Several entries hold weights and none is asked for, the one asked for is none of them, or what it
            holds is not named tensors.
    """
    entries = dict(_find_entries(given, (), set()))
    if asked is not None and asked not in entries:
        entries |= _find_part(entries, asked)
    name = _only_name(entries, origin) if asked is None else _asked_name(entries, asked, origin)
    where = origin if name == TOP else f"entry {name!r} of {origin}"
    tensors = _check_tensors(entries.get(name, given), where)
    plain = _strip_prefixes(tensors)
    entry = None if name == TOP and len(entries) <= 1 else name
    return NamedTensors(
        tensors=plain,
        entry=entry,
        origin=origin,
        first_names=tuple(list(tensors)[:3]),
        classes=_read_classes(given.get("classes")),
        resolution=side if type(side := given.get("resolution")) is int else None,
    )


def _read_classes(told: Any) -> tuple[str, ...]:
    """The names that a file lists; whatever else stands there is none."""
    return tuple(told) if isinstance(told, list | tuple) and all(isinstance(name, str) for name in told) else ()


def _find_entries(
    given: Mapping[Any, Any], path: tuple[str, ...], seen: set[tuple[int, int]]
) -> Iterator[tuple[str, Any]]:
    """Each entry with weights, whatever it is called: keys joined by dots, and what stands there.

    What a file refers to many times at one depth is searched once: the number of paths to it has no limit.
    """
    if _holds_weights(given, top=not path):
        yield ".".join(path) or TOP, given
    elif (id(given), len(path)) in seen:
        return
    seen.add((id(given), len(path)))
    for key, value in given.items() if len(path) < _DEPTH else ():
        if not isinstance(key, str) or _is_optimizer(key, value):
            continue
        if isinstance(value, Mapping):
            yield from _find_entries(value, (*path, key), seen)
        elif isinstance(value, list | tuple) and _count_matrices(value):
            yield ".".join((*path, key)), value


def _holds_weights(given: Mapping[Any, Any], *, top: bool) -> bool:
    """Whether these are tensors of modules; a file may have a lone tensor or two at its top, such as a best score.

    Scores of files, whose names have dots, are numbers without axes.
    """
    named = (value for name, value in given.items() if isinstance(name, str) and "." in name)
    if any(isinstance(value, Tensor) and value.dim() for value in named):
        return True
    return not top and _count_matrices(given.values()) > 1


def _count_matrices(values: Iterable[Any]) -> int:
    return sum(isinstance(value, Tensor) and value.dim() >= _MATRIX for value in values)


def _is_optimizer(key: str, value: Any) -> bool:
    """Whether these are an optimizer's moments, which are as many tensors and as large."""
    named = key.lower() == "opt" or key.lower().startswith("optim")
    return named or (isinstance(value, Mapping) and "param_groups" in value)


def _only_name(entries: Mapping[str, Any], origin: str) -> str:
    if len(entries) > 1:
        raise WeightsError(
            f"weights must be in a single entry, {origin} has them in {_list(entries)}; choose with "
            "--weights-entry NAME (entry= in Python)"
        )
    return next(iter(entries), TOP)


def _asked_name(entries: Mapping[str, Any], asked: str, origin: str) -> str:
    """The name that is asked for, or the only one below it: ``ema`` for ``ema.module``."""
    below = [name for name in entries if asked and name.startswith(f"{asked}.")]
    names = [asked] if asked in entries else below
    if len(names) == 1:
        return names[0]
    found = f"weights are in {_list(names or entries)}" if entries else "there is none"
    raise WeightsError(f"--weights-entry must name an entry with weights of {origin}, not {asked!r}; {found}")


def _find_part(entries: Mapping[str, Any], asked: str) -> dict[str, Any]:
    """Of the entries, the tensors whose names begin with what is asked for behind the name of their entry."""
    for name, given in entries.items():
        first = asked if name == TOP else asked.removeprefix(f"{name}.")
        inside = isinstance(given, Mapping) and (name == TOP or first != asked)
        names = (
            [one for one in given if isinstance(one, str) and _unwrap(one).startswith(f"{first}.")] if inside else []
        )
        if names:
            return {asked: {one: given[one] for one in names}}
    return {}


def _list(names: Iterable[str]) -> str:
    shown = [repr(name)[:_LONGEST] for name in names]
    more = f" and {len(shown) - _SHOWN} more" if len(shown) > _SHOWN else ""
    return ", ".join(shown[:_SHOWN]) + more


def _check_tensors(given: Any, where: str) -> dict[str, Tensor]:
    if not isinstance(given, Mapping):
        kind = "tensors without names" if isinstance(given, Sequence) else type(given).__name__
        raise WeightsError(f"{where} must hold named tensors, found {kind}; give a state dict")
    for name, value in given.items():
        if not isinstance(name, str) or not isinstance(value, Tensor):
            # Another key than a name can take as long to show as its maker likes.
            what = repr(name)[:_LONGEST] if isinstance(name, str) else f"what {type(name).__name__} names"
            raise WeightsError(f"{where} must hold named tensors, {what} is {type(value).__name__}; give a state dict")
    if not given:
        raise WeightsError(f"{where} must hold named tensors, it is empty; give a state dict")
    return dict(given)


def _strip_prefixes(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {short: tensors[name] for short, name in strip_names(list(tensors)).items()}


def strip_names(names: Sequence[str]) -> dict[str, str]:
    """Each name by what is left without wrapping modules, wherever these stand, and without what all names begin with.

    ``model.``, ``net.`` and any other attribute that a training module keeps its network in is such a beginning.
    """
    plain = {_unwrap(name): name for name in names}
    if len(plain) < len(names):  # two would become one: these are other tensors than training's
        return {name: name for name in names}
    short = {one: name for one, name in plain.items() if one.rpartition(".")[2] != _COUNTER}
    while short and all("." in one for one in short) and len({one.partition(".")[0] for one in short}) == 1:
        short = {one.partition(".")[2]: name for one, name in short.items()}
    return short


def _unwrap(name: str) -> str:
    return ".".join(part for part in name.split(".") if part not in _WRAPPERS)
