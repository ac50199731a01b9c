"""Made-up measurements: the one place where tests build rounds of times that nobody measured."""

from __future__ import annotations

from bench.records.case import Case
from bench.records.measurement import Effective, Measurement, Round

CASE = Case(model="rexnet_1.0", resolution=224, batch=1, backend="eager")


def make_round(turns_s, **fields):
    """A process round.

    Args:
        turns_s: Samples by turn [s], as nested lists, tuples or arrays.
        fields: Of `Round`, where they are not its defaults; without phases it has none.
    """
    return Round(turns_s=tuple(tuple(map(float, turn)) for turn in turns_s), **{"phases_s": {}, **fields})


def make_measurement(rounds, case=CASE, *, jobs=1, **fields):
    """A measurement, ``ok`` unless another status is given.

    Args:
        rounds: Rounds, or the samples of each by turn [s].
        case: The identity.
        jobs: Requests in one sample.
        fields: Of `Measurement`.
    """
    made = tuple(one if isinstance(one, Round) else make_round(one) for one in rounds)
    return Measurement(case=case, rounds=made, **{"status": "ok", "effective": Effective(jobs=jobs), **fields})
