"""Models from elsewhere in the process of a study: opened by their sources, and blamed for their own errors."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rexnet_core.errors import ModelError, RexbenchError, first_line
from rexnet_core.sources.module_checks import set_to_eval
from rexnet_core.sources.registry import SOURCES, open_asked
from rexnet_core.sources.tensors import fix_shapes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from analysis.model_options import ModelOptions
    from rexnet_core.sources.source import OpenedModel
    from rexnet_core.sources.tensors import Shape, TensorSpec

_ROOT = Path(__file__).resolve().parents[1]
#: Packages whose errors are ours.
_OURS = tuple(str(_ROOT / name) for name in ("analysis", "bench", "reports", "rexbench", "rexnet_core"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Guest:
    """A model from elsewhere, opened at the shapes at which it is studied.

    Args:
        name: As its source spells it.
        kind: Of its source.
        opened: The model; a module is in eval mode.
        inputs: What it takes.
        shapes: Of each input for one image.
        fingerprint: What tells it from others of its name.
    """

    name: str
    kind: str
    opened: OpenedModel
    inputs: tuple[TensorSpec, ...]
    shapes: tuple[Shape, ...]
    fingerprint: str


def open_guest(name: str, kind: str, options: ModelOptions, *, resolution: int | None = None, seed: int = 0) -> Guest:
    """The model of a resolved name; it may run the model's own code.

    Args:
        name: As its source spells it.
        kind: Of its source.
        options: How it is made and fed.
        resolution: Side of the image [pixels]; None is the model's own.
        seed: Of initial weights.

    Raises:
        InputError: There is no such model.
        ModelError: Its own code failed.
        UnsupportedModelError: It can't be a model here.
    """
    if SOURCES[kind].form == "module":
        import torch  # noqa: PLC0415 - graphs need none

        torch.manual_seed(seed)
    with blame_model(name):
        opened = open_asked(kind, name, options.shapes, options.in_channels)
        if opened.module is not None:
            set_to_eval(opened.module)
    inputs = opened.list_inputs(options.shapes)
    shapes = fix_shapes(inputs, resolution=resolution, asked=options.shapes, channels=options.in_channels)
    fingerprint = SOURCES[kind].fingerprint(name)
    return Guest(name=name, kind=kind, opened=opened, inputs=inputs, shapes=shapes, fingerprint=fingerprint)


@contextlib.contextmanager
def blame_model(name: str) -> Iterator[None]:
    """A context in which a model from elsewhere runs: what it raises is one line about the model.

    Raises:
        ModelError: The model raised something, or ended the process.
    """
    try:
        yield
    except (RexbenchError, KeyboardInterrupt, MemoryError):
        raise
    except SystemExit as error:
        raise ModelError(f"{name} called sys.exit({error.code!r})") from None
    except BaseException as error:
        if _is_ours(error.__traceback__):
            raise
        said = first_line(error) if isinstance(error, Exception) else ""
        raise ModelError(f"{name} raised {type(error).__name__}: {said}") from None


def _is_ours(trace: TracebackType | None) -> bool:
    """Whether the line that raised is of rexbench itself."""
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace is not None and trace.tb_frame.f_code.co_filename.startswith(_OURS)
