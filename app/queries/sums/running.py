"""Sums of everybody over any range, from four rows of numbers however long it is.

A row holds a number for each actor, so that what a person used is added up last, by whose the
actors are now: a mapping changes no row.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from app.database import database
from app.dates import day_number
from app.models import MODEL, UNATTRIBUTED, Actor, RunningSum, Slice
from app.packed import read, unpack
from app.queries.remembered import no_day, remembered
from app.queries.scope import Scope, is_called, organizations
from app.running import Series, last_until, next_lane

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
    series = [one for one in series_of(scope) if not tools or one[1] in tools]
    owners = {one: _owners(one[0], next_lane(one[0])) for one in series}
    sums = {figure: _zeros(owners.values()) for figure in figures}
    first, last = scope.bounds()
    for one in series:
        until, before = (total_rows(one, figures, day) for day in (last, first - 1))
        for figure in figures:
            numbers = unpack(until.get(figure, 0) - before.get(figure, 0))
            _fold(sums[figure], owners[one].people, numbers)
    return sums


def sums_of_spans(scope: Scope, figure: str, spans: Sequence[Span]) -> list[list[int]]:
    """Sums of a figure of everybody in each span of days, by person as `running_sums`.

    Of a scope of whole tools; its own days do not matter. A day that one span ends before and
    another with is read once.
    """
    series = series_of(scope)
    owners = {one: _owners(one[0], next_lane(one[0])) for one in series}
    sums = [_zeros(owners.values()) for _ in spans]
    for one in series:
        days = {day for first, last in spans for day in (first - timedelta(days=1), last)}
        totals = {day: total_rows(one, (figure,), day_number(day)).get(figure, 0) for day in days}
        for place, (first, last) in enumerate(spans):
            numbers = unpack(totals[last] - totals[first - timedelta(days=1)])
            _fold(sums[place], owners[one].people, numbers)
    return sums


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


def total_rows(series: Series, figures: Sequence[str], day: int) -> dict[str, int]:
    """The rows of figures of all usage until the end of a day (YYYYMMDD)."""
    last = last_until(series, day)
    wanted = RunningSum.until.in_({last, last // 100 * 100}) & RunningSum.figure.in_(list(figures))
    mine = (RunningSum.organization == series[0]) & (RunningSum.tool == series[1])
    query = RunningSum.select(RunningSum.figure, RunningSum.sums).where(wanted & mine)
    found: dict[str, int] = {}
    for figure, sums in database.execute(query).fetchall():
        found[figure] = found.get(figure, 0) + read(bytes(sums))
    return found


class _Owners(NamedTuple):
    """The person of each lane, and the highest id of a person."""

    people: array[int]
    highest: int


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


def _zeros(owners: Iterable[_Owners]) -> list[int]:
    """A number for every id of a person."""
    return [0] * (1 + max((each.highest for each in owners), default=UNATTRIBUTED))


def _fold(sums: list[int], owners: Iterable[int], numbers: Iterable[int]) -> None:
    # Numbers end with the last that is not 0.
    for person, number in zip(owners, numbers, strict=False):
        sums[person] += number
