"""Figures of a pivot by whose usage is and in which workspace, from the running sums of actors.

A range is a few rows of numbers, one for each actor, however many days it has; whose they are and
where they were used is added up last.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from itertools import compress, repeat
from typing import Any, NamedTuple

from app.bitmaps import bitmap_of, ids_in
from app.database import database
from app.dates import day_number
from app.models import UNATTRIBUTED, Actor
from app.packed import unpack
from app.queries.pivot.active import people_asked
from app.queries.pivot.dimensions import (
    NO_TEAM,
    NOBODYS_TEAM,
    ORGANIZATION,
    PERIODS,
    PERSON,
    TEAM,
    TOOL,
    WORKSPACE,
    Period,
    PivotQuestion,
)
from app.queries.pivot.measures import DAYS, PEOPLE, Amount
from app.queries.remembered import no_day, remembered
from app.queries.scope import Scope, organizations, slice_organizations, teams
from app.queries.sums.active import ANYBODY, members_of, people_count, team_bitmaps
from app.queries.sums.running import lane_counts, series_of, total_rows
from app.running import Series

MOST_PERIODS = 60
"""Of more than these periods rows of numbers are no few any more."""
PERIODS_AT_ONCE = 12
"""The rows of so many are in memory: some megabytes for ten thousand people."""
NOT_ASKED = -1
"""The last place of all."""
Keys = tuple[Any, ...]
Days = tuple[int, int]
"""The day before the first one and the last day (YYYYMMDD)."""
Rows = dict[tuple[Series, str, int], int]
"""Rows of numbers by series, figure and the day until which they sum."""
Labels = Mapping[int, tuple[str, str]]


def is_told_by_lanes(question: PivotQuestion, dimensions: Sequence[str]) -> bool:
    """Whether running sums know: of whole tools, by no model, no days counted, few periods."""
    periods = [PERIODS[name] for name in dimensions if name in PERIODS]
    few = all(len(one.all_in(question.scope)) <= MOST_PERIODS for one in periods)
    scope, told = question.scope, {PERSON, TEAM, WORKSPACE, TOOL, ORGANIZATION, *PERIODS}
    cut = scope.models or scope.products or question.models is not None or question.no_models
    by_known = set(dimensions) <= told and len(periods) < 2
    return by_known and few and not cut and question.measure.name != DAYS


def summed(
    question: PivotQuestion, dimensions: Sequence[str], labels: Labels
) -> dict[Keys, Amount]:
    """The measure by every combination of keys with usage, of the models in `labels`."""
    period = next((PERIODS[name] for name in dimensions if name in PERIODS), None)
    place = dimensions.index(period.name) if period else 0
    places: dict[Keys, int] = {}
    series = _series(question, labels)
    lanes = [(one, _placed(question, dimensions, one, places)) for one in series]
    found: dict[Keys, Amount] = {}
    stretches = _stretches(question.scope, period)
    for first in range(0, len(stretches), PERIODS_AT_ONCE):
        piece = stretches[first : first + PERIODS_AT_ONCE]
        edges = {edge for _, days in piece for edge in days}
        rows = total_rows(series, _figures(question), edges)
        for start, days in piece:
            for key, amount in _amounts(question, lanes, [*places], rows, days):
                found[(*key[:place], start, *key[place:]) if period else key] = amount
    return found


def _figures(question: PivotQuestion) -> tuple[str, ...]:
    return ("records", *question.measure.columns)


def _stretches(scope: Scope, period: Period | None) -> list[tuple[Any, Days]]:
    """The days of each period in a scope, or all of its days."""
    if period is None:
        first, last = scope.bounds()
        return [(None, (first - 1, last))]
    spans = [(start, *period.span(start, scope)) for start in period.all_in(scope)]
    return [
        (start, (day_number(first - timedelta(days=1)), day_number(last)))
        for start, first, last in spans
    ]


class _Placed(NamedTuple):
    """Of each lane of a series the place of its key (of those not asked for the last one of all),
    and the person.
    """

    places: list[int]
    people: Sequence[int]


def _amounts(
    question: PivotQuestion,
    lanes: Sequence[tuple[Series, _Placed]],
    keys: Sequence[Keys],
    rows: Rows,
    days: Days,
) -> Iterable[tuple[Keys, Amount]]:
    """What each key with usage on these days comes to."""
    if question.measure.name == PEOPLE:
        people: list[list[int]] = [[] for _ in range(len(keys) + 1)]
        for series, placed in lanes:
            (records,) = _numbers(rows, series, ("records",), days)
            for place, person in compress(zip(*placed, strict=True), records):
                people[place].append(person)
        found = zip(keys, people, strict=False)
        return [(key, Amount(people_count(bitmap_of(some)))) for key, some in found if some]
    columns = _figures(question)
    used, *sums = ([0] * (len(keys) + 1) for _ in columns)
    for series, placed in lanes:
        for whole, numbers in zip(
            (used, *sums), _numbers(rows, series, columns, days), strict=True
        ):
            # Numbers end with the last lane that has records.
            for place, number in zip(placed.places, numbers, strict=False):
                whole[place] += number
    cells = compress(zip(keys, *sums, strict=False), used)
    return [(key, Amount(*numbers)) for key, *numbers in cells]


def _numbers(rows: Rows, series: Series, figures: tuple[str, ...], days: Days) -> list[array[int]]:
    """Each of the figures of all lanes on these days: as many of each."""
    before, last = days
    found = [unpack(rows[series, name, last] - rows[series, name, before]) for name in figures]
    reach = max(map(len, found))
    for numbers in found:
        numbers.extend([0] * (reach - len(numbers)))
    return found


def _series(question: PivotQuestion, labels: Labels) -> list[Series]:
    """The organisations and tools that are asked for."""
    owners, names = slice_organizations(), organizations()
    asked = {(owners[key], tool) for key, (tool, _) in labels.items()}
    return [one for one in series_of(question.scope) if (names[one[0]], one[1]) in asked]


def _placed(
    question: PivotQuestion, dimensions: Sequence[str], series: Series, places: dict[Keys, int]
) -> _Placed:
    """The lanes of a series by their keys but for periods: those that are new get a place."""
    lanes = _lanes_of(series)
    columns = _columns(dimensions, series, lanes)
    asked = people_asked(question)
    if question.scope.teams:
        asked &= members_of(key for key, name in teams().items() if name in question.scope.teams)
    anybody, some = asked == ANYBODY, {*ids_in(asked)} if asked >= 0 else None
    only, without = question.workspaces, question.no_workspaces
    of_lanes = []
    for key, person, workspace in zip(columns, lanes.people, lanes.workspaces(), strict=False):
        mine = anybody or (person in some if some is not None else asked >> person & 1)
        there = (only is None or workspace in only) and workspace not in without
        of_lanes.append(places.setdefault(key, len(places)) if mine and there else NOT_ASKED)
    return _Placed(of_lanes, lanes.people)


def _columns(dimensions: Sequence[str], series: Series, lanes: Lanes) -> Iterable[Keys]:
    """The keys of each lane, but for periods."""
    known: dict[str, Callable[[], Iterable[Any]]] = {
        PERSON: lambda: lanes.people,
        TEAM: lambda: _teams_of(lanes.people),
        WORKSPACE: lanes.workspaces,
        TOOL: lambda: repeat(series[1], len(lanes.people)),
        ORGANIZATION: lambda: repeat(organizations()[series[0]], len(lanes.people)),
    }
    chosen = [known[name]() for name in dimensions if name not in PERIODS]
    return zip(*chosen, strict=True) if chosen else repeat((), len(lanes.people))


def _teams_of(people: Iterable[int]) -> list[int]:
    """The key of the dimension "team" of each of these."""
    team_of = {UNATTRIBUTED: NOBODYS_TEAM}
    for team, members in team_bitmaps().items():
        team_of |= dict.fromkeys(ids_in(members), team)
    return [team_of.get(person, NO_TEAM) for person in people]


class Lanes(NamedTuple):
    """Whose the usage of each actor is: a person's id, and which of the `known` workspaces."""

    people: array[int]
    places: array[int]
    known: list[tuple[int, str]]

    def workspaces(self) -> list[tuple[int, str]]:
        """The key of the workspace of each actor."""
        return [self.known[place] for place in self.places]


def _lanes_of(series: Series) -> Lanes:
    return _lanes(series[0], lane_counts().get(series[0], 0))


@remembered(days=no_day)
def _lanes(organization: int, reach: int) -> Lanes:
    """So many lanes of an organisation."""
    known = {"": 0}
    people, places = array("q", [UNATTRIBUTED]) * reach, array("q", [0]) * reach
    query = Actor.select(Actor.lane, Actor.person, Actor.workspace).where(
        Actor.organization == organization
    )
    for lane, person, workspace in database.execute(query).fetchall():
        people[lane] = person or UNATTRIBUTED
        places[lane] = known.setdefault(workspace, len(known))
    return Lanes(people, places, [(organization, workspace) for workspace in known])
