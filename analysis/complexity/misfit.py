"""What a model says against the image that it is counted on, in one line. No torch here."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from rexnet_core.errors import InputError, RexbenchError

if TYPE_CHECKING:
    from collections.abc import Iterator

#: What code of models, and torch, raise where an input does not fit.
_MISFITS = (RuntimeError, ValueError, TypeError, LookupError, ArithmeticError, AssertionError, AttributeError)


@contextlib.contextmanager
def refuse_misfits(resolution: int | tuple[int, int], in_channels: int = 3) -> Iterator[None]:
    """A context in which a model runs.

    Args:
        resolution: Side, or height and width, of the image [pixels].
        in_channels: Channels of the image.

    Raises:
        InputError: The model does not take such an image.
    """
    try:
        yield
    except RexbenchError:
        raise
    except _MISFITS as error:
        first_line = next(iter(str(error).strip().splitlines()), "")
        raise InputError(
            f"the model must take (1, {in_channels}, H, W) at resolution {resolution}; it gave {type(error).__name__}: "
            f"{first_line}; give one for images of {in_channels} channels whose path does not depend on their numbers, "
            "or another resolution"
        ) from error
