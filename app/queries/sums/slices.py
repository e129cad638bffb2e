"""Sums of whole slices, over a range or by day: of everything, or of the members of teams."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce
from operator import or_

from peewee import Case, Expression, Field, ModelSelect, Select, Value

from app.database import database, total
from app.models import SUM_COLUMNS, PersonDay, TotalDay
from app.queries.remembered import Days, remembered
from app.queries.scope import NO_SLICE, Scope, its_days
from app.queries.sums.figures import Figures, sums_of
from app.queries.sums.persons import person_sums

BYTES_A_NUMBER = 40


def slice_sums(scope: Scope, slice_ids: Iterable[int]) -> dict[int, Figures]:
    """The sums of each of these slices in a scope, those without usage left out."""
    wanted = list(slice_ids)
    if not wanted:
        return {}
    query = _of_members(scope, wanted) if scope.teams else _of_everything(scope, wanted)
    return {slice_id: Figures(*sums) for slice_id, *sums in database.execute(query).fetchall()}


def _of_everything(scope: Scope, wanted: Sequence[int]) -> Select:
    return (
        TotalDay.select(TotalDay.slice, *sums_of(TotalDay))
        .where(TotalDay.slice.in_(list(wanted)) & scope.covers(TotalDay.day))
        .group_by(TotalDay.slice)
    )


def days_around(scopes: Sequence[Scope], *_: object) -> Days:
    """The first and last day that an answer about several scopes depends on."""
    firsts, lasts = zip(*(scope.bounds() for scope in scopes), strict=True)
    return min(firsts), max(lasts)


def sums_by_range(
    table: type[TotalDay] | type[PersonDay],
    day: Field | Expression,
    scopes: Sequence[Scope],
    slice_ids: Iterable[int],
) -> ModelSelect:
    """Query of (place of the scope, slice id, *sums) of scopes that have no day in common."""
    within = [scope.covers(day) for scope in scopes]
    # Of a single range the rows come in the order of their slices: grouping them is free then.
    place, keys = Value(0), [table.slice]
    if len(scopes) > 1:
        place = Case(None, [(covered, place) for place, covered in enumerate(within)])
        keys = [place, table.slice]
    return (
        table.select(place.alias("place"), table.slice, *sums_of(table))
        .where(table.slice.in_([*slice_ids, NO_SLICE]))
        .where(reduce(or_, within))
        .group_by(*keys)
    )


def _of_members(scope: Scope, wanted: Sequence[int]) -> Select:
    rows = person_sums(scope, wanted, SUM_COLUMNS, by_slice=True).alias("rows")
    sums = [total(getattr(rows.c, name)) for name in SUM_COLUMNS]
    return Select([rows], [rows.c.slice_id, *sums]).group_by(rows.c.slice_id)


def day_rows(scope: Scope, slice_ids: Iterable[int], columns: Sequence[str]) -> list[tuple]:
    """(day as an integer, slice id, *columns) of each day and slice with usage.

    `columns` are names of `SUM_COLUMNS`. Bare rows, remembered: a year by model is thousands.
    """
    return _day_rows(scope, tuple(sorted(slice_ids)), tuple(columns))


@remembered(
    lambda rows: BYTES_A_NUMBER * sum(2 + len(row) for row in rows[:1]) * len(rows), days=its_days
)
def _day_rows(scope: Scope, wanted: tuple[int, ...], columns: tuple[str, ...]) -> list[tuple]:
    if not wanted:
        return []
    if scope.teams:
        sums = [total(getattr(PersonDay, name)) for name in columns]
        query = (
            PersonDay.select(PersonDay.day, PersonDay.slice, *sums)
            .where(PersonDay.slice.in_(list(wanted)) & scope.rows_of(PersonDay))
            .group_by(PersonDay.day, PersonDay.slice)
        )
    else:
        figures = [getattr(TotalDay, name) for name in columns]
        query = TotalDay.select(TotalDay.day, TotalDay.slice, *figures).where(
            TotalDay.slice.in_(list(wanted)) & scope.covers(TotalDay.day)
        )
    return list(database.execute(query).fetchall())
