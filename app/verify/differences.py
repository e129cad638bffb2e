"""A stored value that is not what it must be, and how it is told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from app.dates import day_of

RECORDS_SAY, EXPECTED = "the records say", "expected"


class Difference(NamedTuple):
    """A stored value that is contradicted. `day` is a day, of months YYYYMM, 0 where there is none.

    `row` is the key of the row in its table, `expected` what it is derived from, or must be.
    """

    table: str
    day: int
    row: str
    column: str
    stored: object
    expected: object
    says: str = RECORDS_SAY

    def sentence(self) -> str:
        """The difference in words."""
        return (
            f"{_when(self.day)}{self.table}, {self.row}: {self.column} is {_shown(self.stored)}, "
            f"{self.says} {_shown(self.expected)}"
        )


def unequal(
    table: str,
    day: int,
    row: str,
    columns: Iterable[str],
    stored: Iterable[Any],
    expected: Iterable[Any],
) -> Iterator[Difference]:
    """What differs between two rows of the same columns."""
    for column, ours, theirs in zip(columns, stored, expected, strict=True):
        if ours != theirs:
            yield Difference(table, day, row, column, ours, theirs)


def _when(day: int) -> str:
    if not day:
        return ""
    month = f"{day // 100:04d}-{day % 100:02d} "
    return month if day < 10**6 else f"{day_of(day).isoformat()} "


def _shown(value: object) -> str:
    return "missing" if value is None else f"{value:,}" if isinstance(value, int) else str(value)
