"""Sums of everybody over any range, from four rows of numbers however long it is.

A row holds a number for each actor, so that what a person used is added up last, by whose the
actors are now: a mapping changes no row.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from peewee import fn

from app.database import asked_once, database
from app.dates import day_number
from app.models import MODEL, UNATTRIBUTED, Actor, RunningSum, Slice
from app.packed import numbers_at, pack, read, unpack
from app.queries.remembered import no_day, remembered
from app.queries.scope import Scope, is_called, organizations
from app.running import IN_INDEX, Series

Span = tuple[date, date]
"""A first and a last day."""
ByPerson = dict[str, list[int]]
"""Sums of each figure by the id of a person, that of nobody first; as long as ids reach."""


def is_of_whole_tools(scope: Scope) -> bool:
    """Whether running sums answer a scope: they are of tools and organisations, cut no finer."""
    return not (scope.models or scope.products)


def running_sums(scope: Scope, figures: Sequence[str], tools: Sequence[str] = ()) -> ByPerson:
    """Sums of figures (of `RUNNING_FIGURES`) of everybody, of nobody too, whatever their teams.

    Of a scope of whole tools; `tools`: of these of its tools alone.
    """
    first, last = scope.bounds()
    series = [one for one in series_of(scope) if not tools or one[1] in tools]
    totals = total_rows(series, figures, {last, first - 1})
    return {
        figure: _added_up(
            {one: totals[one, figure, last] - totals[one, figure, first - 1] for one in series}
        )
        for figure in figures
    }


def sums_of_spans(
    scope: Scope, figure: str, spans: Sequence[Span], ids: Sequence[int] | None = None
) -> list[list[int]]:
    """Sums of a figure of everybody in each span of days, by person as `running_sums`.

    Of a scope of whole tools; its own days do not matter. `ids`: of these few persons alone.
    """
    series, owners = series_of(scope), None if ids is None else _lanes_of(tuple(ids))
    edges = [(day_number(first - timedelta(days=1)), day_number(last)) for first, last in spans]
    totals = total_rows(series, (figure,), {day for edge in edges for day in edge}, owners)
    return [
        _added_up(
            {one: totals[one, figure, last] - totals[one, figure, before] for one in series}, owners
        )
        for before, last in edges
    ]


def users_in(scope: Scope, records: Sequence[int]) -> list[int]:
    """The ids of the persons with records in a scope, given how many records each has."""
    people = [person for person, number in enumerate(records) if number and person != UNATTRIBUTED]
    members = scope.members()
    if members is None:
        return people
    ids = {person for (person,) in members.tuples()}
    return [person for person in people if person in ids]


def series_of(scope: Scope) -> list[Series]:
    """The organisations and tools that a scope of whole tools is of."""
    names = organizations()
    return [
        (organization, tool)
        for organization, tool in _all_series()
        if (not scope.tools or tool in scope.tools)
        and (not scope.organizations or is_called(names[organization], scope.organizations))
    ]


@remembered(days=no_day)
def _all_series() -> list[Series]:
    query = Slice.select(Slice.organization, Slice.tool).where(Slice.kind == MODEL)
    return sorted(query.distinct().tuples())


def total_rows(
    series: Sequence[Series],
    figures: Sequence[str],
    days: Iterable[int],
    some: dict[int, _Owners] | None = None,
) -> dict[tuple[Series, str, int], int]:
    """The row of each series and figure that sums all usage until the end of each day.

    Of `some` lanes alone: then a row has these, in their order.
    """
    untils = _untils()
    last = {(one, day): _last(untils.get(one, ()), day) for one in series for day in days}
    rows = _rows({key: {until, until // 100 * 100} for key, until in last.items()}, figures, some)
    return {
        (one, figure, day): sum(
            rows.get((*one, figure, place), 0) for place in {until, until // 100 * 100}
        )
        for (one, day), until in last.items()
        for figure in figures
    }


def _rows(
    wanted: dict[tuple[Series, int], set[int]],
    figures: Sequence[str],
    some: dict[int, _Owners] | None,
) -> dict[tuple[int, str, str, int], int]:
    places = {(*one, until) for (one, _), untils in wanted.items() for until in untils}
    until, tool = RunningSum.until, RunningSum.tool
    within = until.in_({place[2] for place in places}) & tool.in_({place[1] for place in places})
    columns = (RunningSum.organization, tool, RunningSum.figure, until, RunningSum.sums)
    query = RunningSum.select(*columns).where(within & RunningSum.figure.in_(list(figures)))

    def row_of(organization: int, sums: bytes) -> int:
        if some is None:
            return read(sums)
        mine = some.get(organization)
        return pack(numbers_at(sums, mine.lanes)) if mine else 0

    return {
        (organization, of, figure, day): row_of(organization, bytes(sums))
        for organization, of, figure, day, sums in database.execute(query).fetchall()
        if (organization, of, day) in places
    }


def _last(untils: Sequence[int], day: int) -> int:
    """The last of the days until which rows are that is not after one; 0: none."""
    place = bisect_right(untils, day)
    return untils[place - 1] if place else 0


@remembered()
def _untils() -> dict[Series, array[int]]:
    """The days until which there are rows of each series, in order."""
    columns = (RunningSum.organization, RunningSum.tool, RunningSum.until)
    query = RunningSum.select(*columns).where(IN_INDEX).order_by(RunningSum.until)
    found: dict[Series, array[int]] = {}
    for organization, tool, until in database.execute(query).fetchall():
        found.setdefault((organization, tool), array("q")).append(until)
    return found


@remembered()
def lane_counts() -> dict[int, int]:
    """How many lanes each organisation has."""
    query = Actor.select(Actor.organization, fn.MAX(Actor.lane) + 1).group_by(Actor.organization)
    return dict(query.tuples())


class _Owners(NamedTuple):
    """The person of each lane, the highest id of a person, and the lanes if not all in order."""

    people: Sequence[int]
    highest: int
    lanes: Sequence[int] = ()


NO_LANES = _Owners((), UNATTRIBUTED)


@remembered(days=no_day)
def _owners(organization: int, lanes: int) -> _Owners:
    """Whose so many lanes of an organisation are."""
    owners = array("q", [UNATTRIBUTED]) * lanes
    query = Actor.select(Actor.lane, Actor.person).where(
        (Actor.organization == organization) & Actor.person.is_null(False)
    )
    for lane, person in database.execute(query).fetchall():
        owners[lane] = person
    return _Owners(owners, max(owners, default=UNATTRIBUTED))


@asked_once
def _lanes_of(ids: tuple[int, ...]) -> dict[int, _Owners]:
    """The lanes of these persons in each organisation."""
    columns = (Actor.organization, Actor.person, Actor.lane)
    query = Actor.select(*columns).where(Actor.person.in_(list(ids)))
    found: dict[int, list[tuple[int, int]]] = {}
    for organization, person, lane in database.execute(query).fetchall():
        found.setdefault(organization, []).append((person, lane))
    return {
        organization: _Owners([one[0] for one in pairs], max(ids), [one[1] for one in pairs])
        for organization, pairs in found.items()
    }


def _added_up(rows: dict[Series, int], some: dict[int, _Owners] | None = None) -> list[int]:
    """The numbers of rows by whose their lanes are."""
    if some is None:
        owners = {one: _owners(one[0], lane_counts().get(one[0], 0)) for one in rows}
    else:
        owners = {one: some.get(one[0], NO_LANES) for one in rows}
    highest = max((each.highest for each in owners.values()), default=UNATTRIBUTED)
    sums = [0] * (highest + 1)
    for one, row in rows.items():
        # Numbers end with the last that is not 0.
        for person, number in zip(owners[one].people, unpack(row), strict=False):
            sums[person] += number
    return sums
