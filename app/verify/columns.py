"""What no column can hold, whichever row it is in: a 7 for yes or no, a number below zero, a day
that is none, a moment after all years.

Both databases refuse values of another type; SQLite stores marks as numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import reduce
from operator import or_
from typing import NamedTuple

from peewee import SQL, BooleanField, Expression, Field, IntegerField, fn

from app.database import is_postgres
from app.dates import day_of
from app.models import TABLES, Partition, ProviderRun, Table
from app.verify.differences import EXPECTED, Difference


class ColumnRule(NamedTuple):
    """Values of a column that are `broken`, and what they must be."""

    field: Field
    broken: Expression
    expected: str


MOST_NAMED = 100
"""How many rows of a column are named; one is enough to tell."""
MONEY = {"value_nanos", "billed_nanos", "value_nanos_before", "value_nanos_after"}
"""Negative where a credit is."""
SIGNED: frozenset[Field] = frozenset({Partition.prepared, ProviderRun.clock_skew_seconds})
DAYS = {"day", "first_day", "last_day", "left_day", "current_day"}
"""The names of columns that hold a day as YYYYMMDD."""
LATEST_SECOND = 253_402_300_799
"""The end of the year 9999."""


def out_of_bounds() -> Iterator[Difference]:
    """Every value that its column cannot hold, in any table."""
    for table in TABLES:
        fields = table._meta.sorted_fields
        yield from _named(table, [rule for field in fields for rule in _bounds(field)])
        for field in fields:
            if field.name in DAYS:
                yield from _no_days(field)


def is_odd_mark(field: Field) -> Expression:
    """The condition that a mark is neither 0 nor 1, which only SQLite stores."""
    return field.not_in((False, True))


def _bounds(field: Field) -> Iterator[ColumnRule]:
    if isinstance(field, BooleanField) and not is_postgres():
        yield ColumnRule(field, is_odd_mark(field), "0 or 1")
    if not isinstance(field, IntegerField) or field.name in MONEY:
        return
    if field not in SIGNED:
        yield ColumnRule(field, field < 0, "none or more")
    if field.name in ("at", "at_ms", "not_before") or field.name.endswith("_at"):
        most = LATEST_SECOND * (1000 if field.name.endswith("_ms") else 1)
        yield ColumnRule(field, field > most, "a moment up to the year 9999")


def _no_days(field: Field) -> Iterator[Difference]:
    known = field.model.select(field).where(field.is_null(False)).distinct().tuples()
    wrong = [day for (day,) in known if not is_day(day)]
    if wrong:
        yield from _named(field.model, [ColumnRule(field, field.in_(wrong[:MOST_NAMED]), "a day")])


def is_day(number: int) -> bool:
    """Whether a number is a day as YYYYMMDD."""
    try:
        day_of(number)
    except ValueError:
        return False
    return True


def _named(table: type[Table], rules: Sequence[ColumnRule]) -> Iterator[Difference]:
    """The rows of a table that break a rule; one look tells that none does."""
    broken = reduce(or_, (rule.broken for rule in rules)) if rules else None
    if broken is None or not table.select(SQL("1")).where(broken).exists():
        return
    for field, wrong, expected in rules:
        keys = table._meta.get_primary_keys()
        # Not as a mark, which any number but 0 would be.
        wanted = fn.COALESCE(field, None).coerce(False)
        for *key, stored in table.select(*keys, wanted).where(wrong).limit(MOST_NAMED).tuples():
            pairs = zip(keys, key, strict=True)
            row = ", ".join(f"{one.column_name} {said}" for one, said in pairs)
            place = (table._meta.table_name, 0, row, field.column_name)
            yield Difference(*place, stored, expected, says=EXPECTED)
