"""Who was active: distinct people over any days, slices and teams, from the bitmaps of days.

The people of a quarter are those of its days joined by `|`, the members of a team among them are
what `&` leaves; each takes a microsecond, however many records there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce
from operator import or_

from app.bitmaps import bitmap_of, times_in
from app.database import asked_once, database
from app.models import UNATTRIBUTED, ActiveDay, Person
from app.queries.remembered import no_day, remembered
from app.queries.scope import NO_SLICE, Scope, its_days, teams
from app.rollups import Bitmaps, active_days

NOBODY = 1 << UNATTRIBUTED
"""The bitmap of usage that belongs to nobody."""
ANYBODY = -1
"""The bitmap that holds all persons, and usage of nobody too."""


def active_in(scope: Scope, slice_ids: Iterable[int]) -> Bitmaps:
    """Who used each of the slices on each day: {(slice id, day YYYYMMDD): bitmap}.

    Nobody is among them where no team is asked for; days without anybody are left out.
    """
    found = _active_in(*scope.bounds(), tuple(slice_ids))
    if not scope.teams:
        return found
    members = members_of(key for key, name in teams().items() if name in scope.teams)
    return {place: bits & members for place, bits in found.items() if bits & members}


@asked_once
def _active_in(first: int, last: int, slice_ids: tuple[int, ...]) -> Bitmaps:
    # Of a year by model they are some megabytes: kept while a page asks, never remembered.
    within = ActiveDay.day.between(first, last)
    return active_days(ActiveDay.slice.in_([*slice_ids, NO_SLICE]) & within)


def people_in(scope: Scope, slice_ids: Iterable[int]) -> int:
    """The bitmap of the persons who used any of the slices."""
    return reduce(or_, active_in(scope, slice_ids).values(), 0) & ~NOBODY


@remembered(days=its_days)
def people_by_day(scope: Scope, slice_ids: tuple[int, ...]) -> dict[int, int]:
    """How many persons used any of the slices on each day (YYYYMMDD), once each; remembered."""
    return {day: people_count(people) for day, people in _days(scope, slice_ids).items()}


def days_active(scope: Scope, slice_ids: Iterable[int]) -> Sequence[int]:
    """On how many days each person used any of the slices, by id up to the last of them."""
    return times_in(_days(scope, slice_ids).values())


def _days(scope: Scope, slice_ids: Iterable[int]) -> dict[int, int]:
    days: dict[int, int] = {}
    for (_, day), bitmap in active_in(scope, slice_ids).items():
        days[day] = days.get(day, 0) | bitmap
    return days


def people_count(bitmap: int) -> int:
    """How many persons are in a bitmap; nobody is none."""
    return (bitmap & ~NOBODY).bit_count()


def members_of(team_ids: Iterable[int]) -> int:
    """The bitmap of the present members of teams."""
    bitmaps = team_bitmaps()
    return reduce(or_, (bitmaps.get(key, 0) for key in team_ids), 0)


@remembered(days=no_day)
def team_bitmaps() -> dict[int, int]:
    """The bitmap of the members of each team, by its id; remembered."""
    members: dict[int, list[int]] = {}
    query = Person.select(Person.team, Person.id).where(Person.team.is_null(False))
    for team, person in database.execute(query).fetchall():
        members.setdefault(team, []).append(person)
    return {team: bitmap_of(ids) for team, ids in members.items()}
