"""How many requests are in flight in the throughput scenario: what may be asked for, and what is swept by default."""

from __future__ import annotations

from itertools import count, takewhile
from typing import TYPE_CHECKING

from bench.backends.registry import info_of
from bench.records.case import HINT
from rexnet_core.errors import InputError, UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Sequence


def check_streams(asked: Sequence[int | str] | None, scenarios: Sequence[str], threads: int) -> list[int] | None:
    """What was asked for as numbers, each once, 0 for `HINT`; None where nothing was.

    Raises:
        InputError: No case would use them, or there are more than threads.
        UnknownNameError: A word is not `HINT`.
    """
    if asked is None:
        return None
    if "throughput" not in scenarios:
        raise InputError(
            "--streams applies only to the throughput scenario, which is not chosen; add --scenarios throughput"
        )
    if not asked:
        raise InputError("at least one number of streams must be chosen, but none is; leave the option out")
    for one in asked:
        if isinstance(one, str):
            if one != HINT:
                raise UnknownNameError("number of streams", one, (HINT,))
        elif not 1 <= one <= threads:
            raise InputError(
                f"streams must be from 1 to {threads}, the number of threads, not {one}; "
                f"write {HINT} to let the runtime choose"
            )
    return list(dict.fromkeys(0 if isinstance(one, str) else one for one in asked))


def expand_streams(scenario: str, asked: Sequence[int] | None, backend: str, threads: int) -> list[int]:
    """The streams of a backend's cases in a scenario.

    By default powers of two up to the threads, and the threads; for a backend that has a throughput hint also 0, for
    its choice, and for one that is run as instances those alone that share the threads evenly.
    """
    if scenario != "throughput":
        return [0]
    if asked is not None:
        return list(asked)
    powers = takewhile(lambda power: power < threads, (2**exponent for exponent in count()))
    swept = [*powers, threads]
    info = info_of(backend)
    if info.queued:
        return [*swept, 0] if info.hint else swept
    return [streams for streams in swept if threads % streams == 0]
