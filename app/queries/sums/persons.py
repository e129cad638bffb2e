"""Sums per person over any range, read from months and at most two ragged edges of days."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from peewee import Expression, ModelSelect, Select, Value, fn

from app.database import total
from app.dates import month_after, month_before, month_length
from app.models import PersonDay, PersonMonth
from app.queries.scope import FIRST_DAY, LAST_DAY, Scope

NEARER_TO_ITS_START = 15


class Cut(NamedTuple):
    """A range as whole months plus and minus stretches of days (first, last), integers."""

    months: tuple[int, int] | None
    plus: list[tuple[int, int]]
    minus: list[tuple[int, int]]


def cut(start: int, end: int, *, subtracting: bool = True) -> Cut:
    """Cut a range at the month boundaries nearest to its ends.

    From 2026-01-05 to 2026-03-10 are the months January and February and the ten days of March,
    without the first four of January: sums are additive integers, so days outside a whole month
    can be taken away exactly, and no edge reads more than half a month. Distinct counts cannot
    be taken away: not `subtracting`, that range is February and the days of both its edges.
    """
    first_month, last_month = start // 100, end // 100
    starts_whole = start == FIRST_DAY or start % 100 == 1
    ends_whole = end == LAST_DAY or end % 100 == month_length(last_month)
    if first_month == last_month and not (starts_whole and ends_whole):
        return Cut(None, [(start, end)], [])
    plus, minus = [], []
    if not starts_whole:
        if subtracting and start % 100 <= NEARER_TO_ITS_START:
            minus.append((first_month * 100 + 1, start - 1))
        else:
            # 31 ends any month: numbers of days are compared, never looked up.
            plus.append((start, first_month * 100 + 31))
            first_month = month_after(first_month)
    if not ends_whole:
        if subtracting and end % 100 > NEARER_TO_ITS_START:
            minus.append((end + 1, last_month * 100 + 31))
        else:
            plus.append((last_month * 100 + 1, end))
            last_month = month_before(last_month)
    months = (first_month, last_month) if first_month <= last_month else None
    return Cut(months, plus, minus)


def person_sums(
    scope: Scope,
    slices: Sequence[int],
    columns: Sequence[str],
    *,
    people: Any = None,
    by_slice: bool = False,
) -> Select:
    """Query of (person_id, [slice_id], *columns, days), one row per person with usage.

    `columns` are names of `SUM_COLUMNS`. `people` narrows to persons: a list of ids or a
    subquery. `days` counts days with usage only when one slice is asked (else it is merely
    positive). Person 0 is unattributed usage; no team holds it.
    """
    parts = _parts(scope, slices, columns, (people, scope.members()), by_slice)
    source = parts[0]
    for part in parts[1:]:
        source = source.union_all(part)
    rows = source.alias("rows")
    keys = [rows.c.person_id, *([rows.c.slice_id] if by_slice else [])]
    days = fn.SUM(rows.c.days)
    # Whose usage lies only in the days that are taken away again comes to no day: to no row.
    sums = [fn.SUM(getattr(rows.c, name)).cast("BIGINT").alias(name) for name in columns]
    return (
        Select([rows], [*keys, *sums, days.cast("BIGINT").alias("days")])
        .group_by(*keys)
        .having(days > 0)
    )


def _parts(
    scope: Scope,
    slices: Sequence[int],
    columns: Sequence[str],
    among: Sequence[Any],
    by_slice: bool,
) -> list[ModelSelect]:
    months, plus, minus = cut(*scope.bounds())
    parts = []
    if months:
        parts.append(_months(slices, months, columns, among, by_slice))
    for sign, stretches in ((1, plus), (-1, minus)):
        for first, last in stretches:
            within = PersonDay.day.between(first, last)
            parts.append(_days(slices, within, sign, columns, among, by_slice))
    return parts


def _months(
    slices: Sequence[int],
    months: tuple[int, int],
    columns: Sequence[str],
    among: Sequence[Any],
    by_slice: bool,
) -> ModelSelect:
    keys = [PersonMonth.person_id, *([PersonMonth.slice] if by_slice else [])]
    sums = [total(getattr(PersonMonth, name)).alias(name) for name in columns]
    query = (
        PersonMonth.select(*keys, *sums, total(PersonMonth.days).alias("days"))
        .where(_in(PersonMonth.slice, slices) & PersonMonth.month.between(*months))
        .group_by(*keys)
    )
    return _among(query, PersonMonth.person_id, among)


def _days(
    slices: Sequence[int],
    within: Expression,
    sign: int,
    columns: Sequence[str],
    among: Sequence[Any],
    by_slice: bool,
) -> ModelSelect:
    keys = [PersonDay.person_id, *([PersonDay.slice] if by_slice else [])]
    signed = [(getattr(PersonDay, name) * sign).alias(name) for name in columns]
    query = PersonDay.select(*keys, *signed, Value(sign).alias("days")).where(
        _in(PersonDay.slice, slices) & within
    )
    return _among(query, PersonDay.person_id, among)


def _among(query: ModelSelect, person: Any, among: Sequence[Any]) -> ModelSelect:
    """The query, narrowed to persons in all that are given: lists of ids or subqueries."""
    for people in among:
        if people is not None:
            query = query.where(person.in_(people))
    return query


def _in(field: Any, slices: Sequence[int]) -> Expression:
    """One slice by equality: planners read a single range of the key then."""
    return field == slices[0] if len(slices) == 1 else field.in_(list(slices))
