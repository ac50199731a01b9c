"""What a source of models is: one file of this folder each, found by `rexnet_core.sources.registry`. No torch here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from rexnet_core.errors import UnsupportedModelError
from rexnet_core.sources.tensors import TensorSpec, show_shape

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from typing import Any

    import torch

    from rexnet_core.preprocess import Preprocessing
    from rexnet_core.sources.tensors import Shape

#: What the reference of a module is called: every backend is compared with it.
EAGER = "eager fp32"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A name as a caller wrote it, with what else was asked for.

    Args:
        model_args: Arguments of a callable that makes a model.
        trust: Whether the caller trusts files that hold code.
    """

    name: str
    model_args: Mapping[str, Any] | None = None
    trust: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedModel:
    """A model in the process that opened it.

    Args:
        inputs: What it takes.
        module: It, where it is a module of torch; else None.
        path: Its file, where it is a graph; else None.
        pretrained: Whether its weights are its own: a module that is not gets weights of ours.
        outputs: What it gives, where that is known without running it.
        licence: Where it is told.
        classes: Names of its classes in order, where they are told.
        preprocessing: How its author prepares images, where that is told.
        any_inputs: Whether it may take other inputs than `inputs` says: a user's module does not tell.
        fixed: Whether it takes no other sizes than `inputs` says, not even of the batch.
    """

    inputs: tuple[TensorSpec, ...]
    module: torch.nn.Module | None = None
    path: Path | None = None
    pretrained: bool = False
    outputs: tuple[TensorSpec, ...] = ()
    licence: str = ""
    classes: tuple[str, ...] = ()
    any_inputs: bool = False
    fixed: bool = False
    preprocessing: Preprocessing | None = None

    def list_inputs(self, asked: Sequence[Shape]) -> tuple[TensorSpec, ...]:
        """What it takes, where a caller asks for these shapes, for one image, of its inputs; none where nobody asks."""
        if not asked or not self.any_inputs:
            return self.inputs
        return tuple(TensorSpec(name="", shape=(None, *shape), dtype="float32") for shape in asked)

    def check_sizes(self, shapes: Sequence[Shape], batch: int | None = None) -> None:
        """Refuse sizes that it can't take.

        Args:
            shapes: Of each input for one image.
            batch: Images per call; None leaves it open.

        Raises:
            UnsupportedModelError: It was made for other sizes alone.
        """
        for spec, shape in zip(self.inputs, shapes, strict=False) if self.fixed else ():
            asked = (batch, *shape)
            sizes = zip(spec.shape, asked, strict=False)
            if len(spec.shape) != len(asked) or any(own and size and own != size for own, size in sizes):
                raise UnsupportedModelError(
                    f"input {spec.name!r} has the fixed shape {show_shape(spec.shape)}, asked for was "
                    f"{show_shape(asked)}; export the model with dimensions that may vary"
                )


class ModelSource(Protocol):
    """Where models come from.

    Args:
        kind: The source as a case names it.
        form: What its models are: ``module``, ``onnx`` or ``ir``. A backend says which forms it takes.
        spelling: How its names are written, for messages.
        takes_channels: Whether it makes a model for any number of channels of the image.
        runs_code: Whether opening a model runs code of the model's author, who may be anybody.
    """

    kind: str
    form: str
    spelling: str
    takes_channels: bool
    runs_code: bool

    def resolve(self, request: Request) -> str | None:
        """The one spelling of a name; None if the name is that of another source.

        It is cheap, imports neither torch nor the package that makes the model, and runs nothing of the model's.

        Raises:
            InputError: The name is of this source, and there can be no such model here.
        """

    def open(self, name: str, channels: int | None) -> OpenedModel:
        """The model. Never called in the parent process: it may run the model's own code.

        Args:
            name: As `resolve` spelled it.
            channels: Of the image, where the source can make a model for any number of them; None is its own.

        Raises:
            InputError: There is no such model.
            ModelError: The model's own code failed.
            UnsupportedModelError: It can't be a model here.
        """

    def fingerprint(self, name: str) -> str:
        """What tells this model from others that had its name, once it is open; empty for our own."""


class ListedSource(ModelSource, Protocol):
    """A source that knows all of its models."""

    def list_names(self, pattern: str) -> list[str]:
        """The names that fit a pattern such as ``mobile*``, which has no prefix, as `resolve` spells them.

        Never called in the parent process: it may import the package that makes the models.

        Raises:
            InputError: The package can't be imported.
        """
