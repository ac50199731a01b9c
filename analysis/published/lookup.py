"""All rows with the convention of each, and a way to count: what the rules look at. No torch here.

A table may have thousands of rows, so what many rows ask for is found once: a rule looks at the rows that it is about,
and never at all of them.
"""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property
from typing import TYPE_CHECKING

from analysis.published.conditions import read_input
from analysis.published.rounding import agree
from rexnet_core.registry import model_info

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from analysis.published.conventions import Choice
    from analysis.published.table import PublishedRow


class Table:
    """Rows, their conventions and their counts.

    Args:
        rows: In file order.
        choices: Place of a cost row to its convention.
        total: Convention, model, side -> our count.
    """

    def __init__(
        self,
        rows: Sequence[PublishedRow],
        choices: Mapping[int, Choice],
        total: Callable[[str, str, int], int],
    ) -> None:
        self.rows, self.choices, self.total = rows, choices, total
        self._matches: dict[tuple[int, str | None], str] = {}
        self._kin: dict[tuple[str, ...], dict[tuple[str, ...], list[int]]] = {}
        self._reasons: dict[tuple[str, ...], str] = {}

    def ours(self, place: int, model: str | None = None) -> int:
        """Our count for a row, or for the named model, under the convention and input side of the row."""
        row = self.rows[place]
        side = read_input(row).side if model is None else model_info(model).resolution
        assert side is not None  # a row without a side has no convention
        return self.total(self.choices[place].convention, model or row.model, side)

    def counted(self, place: int) -> bool:
        """Whether the row is a cost that has a count."""
        return place in self.choices and bool(self.choices[place].convention)

    def matches(self, place: int, model: str | None = None) -> str:
        """How our count gives the printed digits, as `agree` says."""
        key = place, model
        if key not in self._matches:
            self._matches[key] = agree(self.rows[place], self.ours(place, model))
        return self._matches[key]

    def alike(self, place: int, printed: str | None = None) -> Sequence[int]:
        """The places of rows about the same number: model, metric, convention and input; one place for each source.

        Args:
            place: Place of a row with a count.
            printed: Only rows with these digits and the unit of the row; all where None.
        """
        key = self._number_key(place)
        return self._alike[key if printed is None else (*key, printed, self.rows[place].unit)]

    def kin(self, place: int, *fields: str) -> list[int]:
        """The places of the rows that share those fields with a row, itself among them, in file order."""
        if fields not in self._kin:
            found: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
            for number, row in enumerate(self.rows):
                found[tuple(getattr(row, name) for name in fields)].append(number)
            self._kin[fields] = found
        return self._kin[fields][tuple(getattr(self.rows[place], name) for name in fields)]

    def before(self, place: int) -> int | None:
        """The place of the row with a count that stands above one in its column; None for the first."""
        return self._before.get(place)

    def said_once(self, key: tuple[str, ...], find: Callable[[], str]) -> str:
        """What `find` says, which is the same for all rows of a key."""
        if key not in self._reasons:
            self._reasons[key] = find()
        return self._reasons[key]

    def _number_key(self, place: int) -> tuple[object, ...]:
        row = self.rows[place]
        return row.model, row.metric, self.choices[place].convention, read_input(row).side

    @cached_property
    def _alike(self) -> dict[tuple[object, ...], list[int]]:
        found: defaultdict[tuple[object, ...], dict[tuple[str, ...], int]] = defaultdict(dict)
        for place, row in enumerate(self.rows):
            if self.counted(place):
                key, said = self._number_key(place), (row.source, row.printed, row.unit)
                found[key].setdefault(said, place)
                found[*key, row.printed, row.unit].setdefault(said, place)
        return defaultdict(list, {key: list(places.values()) for key, places in found.items()})

    @cached_property
    def _before(self) -> dict[int, int]:
        found: dict[int, int] = {}
        last: dict[tuple[str, ...], int] = {}
        for place, row in enumerate(self.rows):
            if self.counted(place):
                column = (row.source, row.locator, row.metric, row.file)
                if column in last:
                    found[place] = last[column]
                last[column] = place
        return found
