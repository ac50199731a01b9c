"""What a census checks, as one record; and the names of its models."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from analysis.json_values import make_plain
from analysis.model_options import SPELLINGS, ModelOptions
from analysis.setting_fields import check_fields, option
from bench.backends.registry import check_backend, libraries
from bench.machine.environment import read_thread_budget, read_version
from bench.planning.presets import DEFAULT, PRESETS
from bench.workers.descriptions import list_names
from rexnet_core.errors import InputError, UnknownNameError
from rexnet_core.sources.registry import LISTED

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Those that need no long compilation.
BACKENDS = PRESETS[DEFAULT].backends
_EVERY = ("*",)
#: Libraries that make models, beside those of the backends.
_MAKERS = ("torch", "timm", "torchvision")


@dataclass(frozen=True, slots=True, kw_only=True)
class CensusSetting:
    """One setting of a census; with the versions of the libraries it determines every row.

    The metadata of a field says what it is.
    """

    models: tuple[str, ...] = option(
        (), f"models to check, in place of a source: ours, or {SPELLINGS}", positional=True, nargs="*", metavar="MODEL"
    )
    source: str | None = option(None, f"check the models of a source: one of {', '.join(LISTED)}", metavar="SOURCE")
    filter: tuple[str, ...] = option(
        _EVERY, "only models that fit a pattern such as 'mobile*'", unset="all", nargs="+", metavar="PATTERN"
    )
    count: int | None = option(None, "only so many models, taken at even distances", type=int, bounds=(1, 10**6))
    backends: tuple[str, ...] = option(
        BACKENDS, "backends to check", unset=" ".join(BACKENDS), nargs="+", metavar="BACKEND"
    )
    resolution: int = option(
        64,
        "side of the square input; a model that refuses it is tried at its own side",
        type=int,
        metavar="PIXELS",
        bounds=(1, 4096),
    )
    threads: int | None = option(
        None, "threads of every runtime", unset="what the machine allows", type=int, bounds=(1, 4096)
    )
    seed: int = option(0, "seed of weights and inputs", type=int, bounds=(0, 2**31 - 1))
    limit_s: float = option(
        300.0,
        "time that preparing a model, or a model on a backend, may take",
        flag="--limit",
        type=float,
        metavar="SECONDS",
        bounds=(1.0, 86400.0),
    )
    model_args: str | None = option(None, "arguments of a model py:..., as a JSON object", metavar="JSON")
    trust: bool = option(False, "load models from files that can hold code, such as FILE.pt2")

    def __post_init__(self) -> None:
        """Refuse what no census can be made of.

        Raises:
            InputError: A value is out of range, or there are models and a source, or neither.
            UnknownNameError: A source or a backend is not known.
        """
        check_fields(self)
        object.__setattr__(self, "backends", tuple(dict.fromkeys(self.backends)))  # each once
        for name in self.backends:
            check_backend(name)
        if bool(self.models) == bool(self.source):
            given = "both" if self.models else "neither"
            raise InputError(f"a census needs names of models or --source, not both; got {given}")
        if self.source is not None and self.source not in LISTED:
            raise UnknownNameError("source that lists its models", self.source, LISTED)
        if self.models and self.filter != _EVERY:
            raise InputError("--filter chooses among the models of a --source; with names of models leave it out")

    @property
    def thread_count(self) -> int:
        """Threads of every runtime."""
        return self.threads or read_thread_budget()

    def as_dict(self) -> dict[str, Any]:
        """Plain values, with the versions on which the rows depend."""
        names = dict.fromkeys([*_MAKERS, *libraries(self.backends)])
        versions = {name: version for name in names if (version := read_version(name))}
        plain: dict[str, Any] = make_plain({**asdict(self), "threads": self.thread_count, "versions": versions})
        return plain


def find_models(setting: CensusSetting) -> dict[str, str]:
    """The kind of source by name of the models that a census checks.

    Raises:
        InputError: There can be no such model here, or no model fits the patterns.
    """
    if setting.source is None:
        names: Sequence[str] = setting.models
    else:
        names = list_names(setting.source, setting.filter)
        if not names:
            raise InputError(
                f"--filter must fit the name of a model of {setting.source}, which has no prefix; "
                f"got {' '.join(setting.filter)}"
            )
    options = ModelOptions(model_args=setting.model_args, trust=setting.trust)
    models = options.resolve(names)
    options.check_used(models)
    return _choose(models, setting.count)


def _choose(models: dict[str, str], count: int | None) -> dict[str, str]:
    if count is None or count >= len(models):
        return models
    names = list(models)
    return {name: models[name] for name in (names[place * len(names) // count] for place in range(count))}
