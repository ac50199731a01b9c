"""What a model says against the inputs that it is counted on, in one line. No torch here."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from rexnet_core.errors import InputError, RexbenchError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analysis.complexity.inputs import Inputs


@contextlib.contextmanager
def refuse_misfits(inputs: Inputs) -> Iterator[None]:
    """A context in which a model runs, whose code may raise anything.

    Raises:
        InputError: The model does not take such inputs.
    """
    try:
        yield
    except RexbenchError:
        raise
    except Exception as error:
        first_line = next(iter(str(error).strip().splitlines()), "")
        must_take, remedy = _words(inputs)
        raise InputError(
            f"the model must take {must_take}; it gave {type(error).__name__}: {first_line}; {remedy}"
        ) from error


def _words(inputs: Inputs) -> tuple[str, str]:
    """What the model must take, and what to do where it does not."""
    if inputs.image is None:
        return str(inputs), "give the shapes and types that it takes, and a model whose path does not depend on numbers"
    channels, height, width = inputs.image
    shown = height if height == width else (height, width)
    images = f"images of {channels} channels whose path does not depend on their numbers"
    return f"(1, {channels}, H, W) at resolution {shown}", f"give one for {images}, or another resolution"
