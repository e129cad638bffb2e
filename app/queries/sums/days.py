"""Usage day by day, cut into series."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from operator import itemgetter
from typing import NamedTuple

from app.dates import day_number, day_of, days_between
from app.queries.days.freshness import known_span
from app.queries.remembered import remembered
from app.queries.scope import Scope, slices_of
from app.queries.sums.active import people_by_day
from app.queries.sums.figures import Figures, add_up
from app.queries.sums.slices import day_rows

SERIES_COLUMNS = ("tokens", "value_nanos", "billed_nanos", "unpriced_tokens", "unbilled_tokens")
"""The figures that are told of days: of a year by model only these few are read."""
_in_place = itemgetter(
    *(SERIES_COLUMNS.index(name) if name in SERIES_COLUMNS else -1 for name in Figures._fields)
)
"""What `Figures` holds, from the figures that are told and a 0 behind them."""


class SeriesDay(NamedTuple):
    """One day: figures (of `SERIES_COLUMNS`) of each series with usage, and people."""

    day: date
    by_series: dict[str, Figures]
    people: int

    @property
    def figures(self) -> Figures:
        """Sums over all series."""
        return add_up(self.by_series.values())


def series_days(
    scope: Scope, labels: Mapping[int, str], *, with_people: bool = True
) -> list[SeriesDay]:
    """Every day of a range by series, zero-filled, oldest first.

    `labels` cuts the scope into series: {slice id: name}. An open end of the range is closed by
    the first or last day with usage. Not `with_people`, they are not counted.
    """
    span = known_span()
    start = scope.start or (span[0] if span else scope.end)
    end = scope.end or (span[1] if span else scope.start)
    if start is None or end is None:
        return []
    found: dict[int, dict[str, list[Figures]]] = {}
    for number, slice_id, *sums in day_rows(scope, labels, SERIES_COLUMNS):
        found.setdefault(number, {}).setdefault(labels[slice_id], []).append(_figures(sums))
    people = people_by_day(scope, slices_of(scope).whole) if with_people else {}
    return [
        _series_day(day, found.get(day_number(day), {}), people.get(day_number(day), 0))
        for day in days_between(start, end)
    ]


def _series_day(day: date, by_series: Mapping[str, list[Figures]], people: int) -> SeriesDay:
    return SeriesDay(day, {name: add_up(parts) for name, parts in by_series.items()}, people)


def _figures(sums: Iterable[int]) -> Figures:
    return Figures._make(_in_place((*sums, 0)))


def figures_of_days(days: Iterable[date], scope: Scope) -> dict[date, Figures]:
    """Figures (of `SERIES_COLUMNS`) of the given days, none without usage; remembered.

    The days need not lie in the range of `scope`.
    """
    return _figures_of_days(tuple(days), scope)


@remembered()
def _figures_of_days(days: tuple[date, ...], scope: Scope) -> dict[date, Figures]:
    around = scope._replace(start=min(days), end=max(days))
    wanted = {day_number(day) for day in days}
    parts: dict[int, list[Figures]] = {}
    for day, _, *sums in day_rows(around, slices_of(scope).whole, SERIES_COLUMNS):
        if day in wanted:
            parts.setdefault(day, []).append(_figures(sums))
    return {day_of(day): add_up(found) for day, found in parts.items()}
