"""What the overview asks: days by series, and a range beside the one before, in few readings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import reduce
from operator import or_
from typing import NamedTuple

from peewee import Case, Select, fn

from app.database import database
from app.models import (
    ALL_SLICE,
    UNATTRIBUTED,
    PersonDay,
    PersonMonth,
    TotalDay,
)
from app.queries.figures import Figures, add_up, sums_of
from app.queries.models import ModelShare, percentage
from app.queries.person_sums import person_sums
from app.queries.remembered import remembered
from app.queries.scope import Scope, Slices
from app.usage import day_number, day_of, days_between


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
    wanted = {*labels, *slices.whole}
    query = TotalDay.select(
        TotalDay.day,
        TotalDay.slice,
        TotalDay.people,
        TotalDay.tokens,
        TotalDay.value_nanos,
        TotalDay.cache_read_tokens,
        TotalDay.unpriced_tokens,
    ).where(TotalDay.slice.in_(list(wanted)) & scope.covers(TotalDay.day))
    found: dict[int, list[tuple]] = {}
    # A year by model is thousands of rows: the bare cursor reads them in half the time.
    for row in database.obj.execute(query).fetchall():
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
    """What closed ranges without a common day add up to, each by itself.

    All have the tools and models of `slices`. Days between them belong to none.
    """
    by_model: list[dict[tuple[str, str], list[Figures]]] = [{} for _ in scopes]
    nobody: list[list[Figures]] = [[] for _ in scopes]
    for place, slice_id, *sums in _sums_by_period(TotalDay, scopes, slices.by_model, True):
        key = slices.by_model[slice_id]
        by_model[place].setdefault(key, []).append(Figures(*sums))
    for place, _, *sums in _sums_by_period(
        PersonDay, scopes, slices.whole, PersonDay.person_id == UNATTRIBUTED
    ):
        nobody[place].append(Figures(*sums))
    return [
        Period(
            {key: add_up(parts) for key, parts in found.items()},
            add_up(unowned) if unowned else Figures(),
        )
        for found, unowned in zip(by_model, nobody, strict=True)
    ]


def _sums_by_period(
    table: type[TotalDay] | type[PersonDay],
    scopes: Sequence[Scope],
    slice_ids: Iterable[int],
    condition: object,
) -> list[tuple]:
    within = [scope.covers(table.day) for scope in scopes]
    place = Case(None, [(covered, place) for place, covered in enumerate(within)])
    query = (
        table.select(place.alias("place"), table.slice, *sums_of(table))
        .where(table.slice.in_([*slice_ids, 0]))
        .where(reduce(or_, within))
        .group_by(place, table.slice)
    )
    return list((query if condition is True else query.where(condition)).tuples())


def people_counts(scopes: Sequence[Scope], slices: Slices) -> list[int]:
    """Number of persons with usage in each of the scopes; remembered until the data changes."""
    if not (scopes and slices.whole):
        return [0 for _ in scopes]
    bounds = tuple(scope.bounds() for scope in scopes)
    question = ("people_counts", bounds, slices.whole)
    return remembered(question, lambda: _people_counts(scopes, slices))


def _people_counts(scopes: Sequence[Scope], slices: Slices) -> list[int]:
    counts = []
    for number, scope in enumerate(scopes):
        people = person_sums(scope, slices.whole, ()).alias(f"people_{number}")
        owned = people.c.person_id != UNATTRIBUTED
        counts.append(Select([people], [fn.COUNT(people.c.person_id)]).where(owned))
    row = next(iter(Select((), counts).tuples().execute(database.obj)))
    return [int(count) for count in row]


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


def amounts_of_days(days: Sequence[date], slices: Slices) -> dict[date, tuple[int, int]]:
    """{day: (tokens, nano-dollars)} of the given days, those without usage left out."""
    rows = (
        TotalDay.select(TotalDay.day, *sums_of(TotalDay))
        .where(TotalDay.slice.in_([*slices.whole, 0]))
        .where(TotalDay.day.in_([day_number(day) for day in days]))
        .group_by(TotalDay.day)
        .tuples()
    )
    found = {day_of(day): Figures(*sums) for day, *sums in rows}
    return {day: (figures.tokens, figures.value_nanos) for day, figures in found.items()}
