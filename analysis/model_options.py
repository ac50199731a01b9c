"""How models are to be made and fed, as every command that takes models of all sources asks for it. No torch here."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from analysis.setting_fields import option
from rexnet_core.errors import InputError
from rexnet_core.sources.python_callable import parse_model_args
from rexnet_core.sources.registry import resolve
from rexnet_core.sources.source import Request
from rexnet_core.sources.tensors import parse_shape

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from rexnet_core.sources.tensors import Shape

SPELLINGS = "timm:NAME, torchvision:NAME, py:package.module:callable, FILE.onnx, FILE.xml, FILE.pt2"
#: What a command says of a model that it takes.
MODEL_HELP = f"ours, such as rexnet_1.3 (see `rexbench models`), or {SPELLINGS}"
_MOST_CHANNELS = 2**16


@dataclass(frozen=True, kw_only=True)
class ModelOptions:
    """How the models of a call are to be made and fed; checked when it is made.

    Raises:
        InputError: A value breaks a rule.
    """

    model_args: str | None = option(None, "arguments of a model py:..., as a JSON object", metavar="JSON")
    input_shapes: Sequence[str] | None = option(
        None,
        "shape of each input, such as 1,3,224,224; each case puts its batch in place of the first number",
        flag="--input-shape",
        nargs="+",
        metavar="SHAPE",
    )
    in_channels: int | None = option(None, "channels of the images", unset="the model's own", type=int)
    trust: bool = option(False, "load models from files that can hold code, such as FILE.pt2")

    def __post_init__(self) -> None:
        _ = self.arguments, self.shapes
        if self.in_channels is not None and not 1 <= self.in_channels <= _MOST_CHANNELS:
            raise InputError(f"in_channels must be a whole number from 1 to {_MOST_CHANNELS}; got {self.in_channels}")

    @cached_property
    def arguments(self) -> Mapping[str, Any] | None:
        """Arguments of models that a callable makes."""
        return None if self.model_args is None else parse_model_args(self.model_args)

    @cached_property
    def shapes(self) -> tuple[Shape, ...]:
        """Shapes of each input for one image; empty for those that a model has."""
        return tuple(map(parse_shape, self.input_shapes or ()))

    def over(self, usual: ModelOptions) -> ModelOptions:
        """These options; where one is not given, the usual one."""
        given = {spec.name: getattr(self, spec.name) for spec in fields(self)}
        return replace(usual, **{name: value for name, value in given.items() if value not in (None, False)})

    def resolve(self, names: Iterable[str]) -> dict[str, str]:
        """The kind of source by the one spelling of each name, each once, in order.

        Raises:
            InputError: There can be no such model here.
        """
        asked = [Request(name=name, model_args=self.arguments, trust=self.trust) for name in names]
        return {name: kind for kind, name in map(resolve, asked)}

    def check_used(self, models: Mapping[str, str]) -> None:
        """Check that each option is for a model that there is.

        Raises:
            InputError: Arguments are given, and no model takes any.
        """
        if self.model_args is not None and "py" not in models.values():
            raise InputError(
                "--model-args are for a model py:package.module:callable, and there is none; leave them out"
            )
