"""What the overview asks: days by series, and a range beside the one before, in few readings."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from functools import reduce
from operator import or_
from typing import NamedTuple

from peewee import Case, ModelSelect, Value, fn

from app.database import database
from app.dates import day_number, day_of, days_between
from app.models import (
    ALL_SLICE,
    UNATTRIBUTED,
    PersonDay,
    PersonMonth,
    TotalDay,
)
from app.queries.people.everybody import activity
from app.queries.remembered import remembered
from app.queries.scope import Scope, Slices
from app.queries.sums.figures import Figures, add_up, sums_of
from app.queries.sums.models import ModelShare, percentage
from app.queries.sums.slices import day_rows, slice_sums

SERIES_COLUMNS = ("tokens", "value_nanos", "cache_read_tokens", "unpriced_tokens")
DayAmounts = dict[date, tuple[int, int]]


class SeriesDay(NamedTuple):
    """One day: tokens and nano-dollars by series, tokens read from the cache, people."""

    day: date
    tokens: dict[str, int]
    nanos: dict[str, int]
    cache_read_tokens: int
    unpriced_tokens: int
    people: int


class Period(NamedTuple):
    """What one range adds up to, by (tool, display model). `unattributed` is part of it."""

    by_model: dict[tuple[str, str], Figures]
    unattributed: Figures

    @property
    def figures(self) -> Figures:
        """Sums over everything."""
        return add_up(self.by_model.values()) if self.by_model else Figures()

    @property
    def by_tool(self) -> dict[str, Figures]:
        """Sums per tool, by name of the tool."""
        parts: dict[str, list[Figures]] = {}
        for (tool, _), figures in sorted(self.by_model.items()):
            parts.setdefault(tool, []).append(figures)
        return {tool: add_up(figures) for tool, figures in parts.items()}

    def plus(self, other: Period) -> Period:
        """Both ranges together."""
        keys = self.by_model.keys() | other.by_model.keys()
        both = (self.by_model, other.by_model)
        merged = {key: add_up(part[key] for part in both if key in part) for key in keys}
        return Period(merged, add_up((self.unattributed, other.unattributed)))

    def shares(self) -> list[ModelShare]:
        """All models, most tokens first, ties by name and tool: as the JSON API lists them."""
        whole = self.figures.tokens
        found = [
            ModelShare(name, tool, figures, percentage(figures.tokens, whole))
            for (tool, name), figures in self.by_model.items()
        ]
        return sorted(found, key=lambda share: (-share.figures.tokens, share.model, share.tool))


class Lifetime(NamedTuple):
    """Everything ever recorded: tokens, nano-dollars and persons with usage."""

    tokens: int
    value_nanos: int
    people: int


def series_days(scope: Scope, slices: Slices, labels: Mapping[int, str]) -> list[SeriesDay]:
    """Every day of a closed range by series, zero-filled, oldest first.

    `labels` cuts the scope into series: {slice id: name}. `people` is exact for one whole
    slice; for several models it is their largest count.
    """
    if scope.start is None or scope.end is None:
        raise ValueError(f"{scope}: days need a closed range.")
    found: dict[int, list[tuple]] = {}
    for row in day_rows(scope, {*labels, *slices.whole}, SERIES_COLUMNS):
        found.setdefault(row[0], []).append(row[1:])
    return [
        _series_day(day, found.get(day_number(day), ()), slices.whole, labels)
        for day in days_between(scope.start, scope.end)
    ]


def _series_day(
    day: date, rows: Iterable[tuple], whole: Sequence[int], labels: Mapping[int, str]
) -> SeriesDay:
    tokens: dict[str, int] = {}
    nanos: dict[str, int] = {}
    people = cache_read = unpriced = 0
    for slice_id, count, some_tokens, some_nanos, some_cache_read, some_unpriced in rows:
        if slice_id in whole:
            people = max(people, count)
            cache_read += some_cache_read
            unpriced += some_unpriced
        if slice_id in labels:
            label = labels[slice_id]
            tokens[label] = tokens.get(label, 0) + some_tokens
            nanos[label] = nanos.get(label, 0) + some_nanos
    return SeriesDay(day, tokens, nanos, cache_read, unpriced, people)


def periods(scopes: Sequence[Scope], slices: Slices) -> list[Period]:
    """What closed ranges without a common day add up to, each by itself; remembered.

    All have the tools, models and teams of `slices`. Days between them belong to none.
    """
    bounds = tuple(scope.bounds() for scope in scopes)
    question = ("periods", bounds, scopes[0].teams, slices.whole, tuple(slices.by_model))
    if scopes[0].teams:
        return remembered(question, lambda: [_period(scope, slices) for scope in scopes])
    return remembered(question, lambda: _periods(scopes, slices))


def _period(scope: Scope, slices: Slices) -> Period:
    sums = slice_sums(scope, slices.by_model)
    return _of_parts(((slices.by_model[key], part) for key, part in sums.items()), ())


def _periods(scopes: Sequence[Scope], slices: Slices) -> list[Period]:
    by_model: list[list[tuple[tuple[str, str], Figures]]] = [[] for _ in scopes]
    nobody: list[list[Figures]] = [[] for _ in scopes]
    whole = _sums_by_period(PersonDay, scopes, slices.whole, Value(1)).where(
        PersonDay.person_id == UNATTRIBUTED
    )
    parts = _sums_by_period(TotalDay, scopes, slices.by_model, Value(0)).union_all(whole)
    for is_nobody, place, slice_id, *sums in database.execute(parts).fetchall():
        if is_nobody:
            nobody[place].append(Figures(*sums))
        else:
            by_model[place].append((slices.by_model[slice_id], Figures(*sums)))
    return [_of_parts(*parts) for parts in zip(by_model, nobody, strict=True)]


def _of_parts(
    parts: Iterable[tuple[tuple[str, str], Figures]], unowned: Collection[Figures]
) -> Period:
    by_model: dict[tuple[str, str], list[Figures]] = {}
    for key, figures in parts:
        by_model.setdefault(key, []).append(figures)
    return Period(
        {key: add_up(figures) for key, figures in by_model.items()},
        add_up(unowned) if unowned else Figures(),
    )


def _sums_by_period(
    table: type[TotalDay] | type[PersonDay],
    scopes: Sequence[Scope],
    slice_ids: Iterable[int],
    tag: Value,
) -> ModelSelect:
    within = [scope.covers(table.day) for scope in scopes]
    place = Case(None, [(covered, place) for place, covered in enumerate(within)])
    return (
        table.select(tag, place.alias("place"), table.slice, *sums_of(table))
        .where(table.slice.in_([*slice_ids, 0]))
        .where(reduce(or_, within))
        .group_by(place, table.slice)
    )


def people_counts(scopes: Sequence[Scope], slices: Slices) -> list[int]:
    """Number of persons with usage in each of the scopes; remembered until the data changes."""
    return [len(activity(scope, slices).ids) for scope in scopes]


def lifetime() -> Lifetime:
    """Everything ever recorded, whatever the range and the filters; remembered likewise."""
    return remembered("lifetime", _lifetime)


def _lifetime() -> Lifetime:
    people = PersonMonth.select(fn.COUNT(PersonMonth.person_id.distinct())).where(
        (PersonMonth.slice == ALL_SLICE) & (PersonMonth.person_id != UNATTRIBUTED)
    )
    sums = TotalDay.select(
        fn.COALESCE(fn.SUM(TotalDay.tokens), 0).cast("BIGINT"),
        fn.COALESCE(fn.SUM(TotalDay.value_nanos), 0).cast("BIGINT"),
        people,
    ).where(TotalDay.slice == ALL_SLICE)
    return Lifetime(*sums.tuples().get())


def amounts_of_days(days: Sequence[date], scope: Scope, slices: Slices) -> DayAmounts:
    """{day: (tokens, nano-dollars)} of the given days, those without usage left out; remembered.

    The days need not lie in the range of `scope`.
    """
    question = ("amounts", tuple(days), scope.teams, slices.whole)
    return remembered(question, lambda: _amounts_of_days(days, scope, slices))


def _amounts_of_days(days: Sequence[date], scope: Scope, slices: Slices) -> DayAmounts:
    around = scope._replace(start=min(days), end=max(days))
    wanted, found = set(days), DayAmounts()
    for day_id, _, _, tokens, nanos in day_rows(around, slices.whole, ("tokens", "value_nanos")):
        day = day_of(day_id)
        if day in wanted:
            before = found.get(day, (0, 0))
            found[day] = (before[0] + tokens, before[1] + nanos)
    return found
