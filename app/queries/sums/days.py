"""Usage day by day, cut into series."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from app.dates import day_number, day_of, days_between
from app.queries.days.freshness import known_span
from app.queries.remembered import Days, remembered
from app.queries.scope import Scope, slices_of
from app.queries.sums.slices import day_rows

SERIES_COLUMNS = ("tokens", "value_nanos", "cache_read_tokens", "unpriced_tokens")
DayAmounts = dict[date, tuple[int, int]]


class SeriesDay(NamedTuple):
    """One day: tokens and nano-dollars by series, tokens read from the cache, people."""

    day: date
    tokens: dict[str, int]
    value_nanos: dict[str, int]
    cache_read_tokens: int
    unpriced_tokens: int
    people: int


def series_days(scope: Scope, labels: Mapping[int, str]) -> list[SeriesDay]:
    """Every day of a range by series, zero-filled, oldest first.

    `labels` cuts the scope into series: {slice id: name}. An open end of the range is closed by
    the first or last day with usage. `people` is exact for one whole slice; for several models
    it is their largest count.
    """
    span = known_span()
    start = scope.start or (span[0] if span else scope.end)
    end = scope.end or (span[1] if span else scope.start)
    if start is None or end is None:
        return []
    whole = slices_of(scope).whole
    found: dict[int, list[tuple]] = {}
    for row in day_rows(scope, {*labels, *whole}, SERIES_COLUMNS):
        found.setdefault(row[0], []).append(row[1:])
    return [
        _series_day(day, found.get(day_number(day), ()), whole, labels)
        for day in days_between(start, end)
    ]


def _series_day(
    day: date, rows: Iterable[tuple], whole: Sequence[int], labels: Mapping[int, str]
) -> SeriesDay:
    tokens: dict[str, int] = {}
    value_nanos: dict[str, int] = {}
    people = cache_read = unpriced = 0
    for slice_id, count, some_tokens, some_nanos, some_cache_read, some_unpriced in rows:
        if slice_id in whole:
            people = max(people, count)
            cache_read += some_cache_read
            unpriced += some_unpriced
        if slice_id in labels:
            label = labels[slice_id]
            tokens[label] = tokens.get(label, 0) + some_tokens
            value_nanos[label] = value_nanos.get(label, 0) + some_nanos
    return SeriesDay(day, tokens, value_nanos, cache_read, unpriced, people)


def amounts_of_days(days: Iterable[date], scope: Scope) -> DayAmounts:
    """{day: (tokens, nano-dollars)} of the given days, those without usage left out; remembered.

    The days need not lie in the range of `scope`.
    """
    return _amounts_of_days(tuple(days), scope)


def _around(days: tuple[date, ...], _: Scope) -> Days:
    return day_number(min(days)), day_number(max(days))


@remembered(days=_around)
def _amounts_of_days(days: tuple[date, ...], scope: Scope) -> DayAmounts:
    around = scope._replace(start=min(days), end=max(days))
    wanted, found = set(days), DayAmounts()
    columns = ("tokens", "value_nanos")
    for day_id, _, _, tokens, nanos in day_rows(around, slices_of(scope).whole, columns):
        day = day_of(day_id)
        if day in wanted:
            before = found.get(day, (0, 0))
            found[day] = (before[0] + tokens, before[1] + nanos)
    return found
