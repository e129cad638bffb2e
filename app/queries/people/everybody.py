"""What everybody used in a scope, read once per version of the data and kept as plain columns.

A list of people is then sorted, searched, paged and summed in memory: for ten thousand people
that takes a few milliseconds, where a database has to group their months again each time.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from peewee import JOIN

from app.database import database
from app.dates import day_of
from app.identity import aliases
from app.models import SUM_COLUMNS, UNATTRIBUTED, Person, PersonSpan
from app.queries.remembered import remembered
from app.queries.scope import Scope, Slices, its_days, slices_of, teams
from app.queries.sums.figures import Figures, add_up
from app.queries.sums.persons import days_active, person_sums

BYTES_A_PERSON = 400
WIDTH = len(SUM_COLUMNS)


class Known(NamedTuple):
    """A person ever seen, and the edges of all their usage as integers (0: no usage).

    `name` and `team` are "" where nobody said, `left_day` is 0 for somebody who has not left.
    """

    email: str
    first_day: int
    last_day: int
    name: str = ""
    team: str = ""
    left_day: int = 0


class Activity(NamedTuple):
    """Everybody with usage in a scope: ids, and in the same order tokens and active days."""

    ids: Sequence[int]
    tokens: Sequence[int]
    days: Sequence[int]


class Everybody(NamedTuple):
    """Everybody with usage in a scope, by e-mail.

    `columns` hold per tool one column for each of `Figures`, and last the days with usage of
    the tool, which are positive for its users only. All columns are in the order of `ids`.
    `unattributed` is, by tool, what belongs to no person.
    """

    ids: Sequence[int]
    columns: Mapping[str, Sequence[Sequence[int]]]
    days: Sequence[int]
    unattributed: dict[str, Figures]

    def column(self, name: str) -> Sequence[int]:
        """One of `SUM_COLUMNS` over all tools."""
        place = SUM_COLUMNS.index(name)
        return _added([columns[place] for columns in self.columns.values()], len(self.ids))

    def by_tool(self, place: int) -> dict[str, Figures]:
        """The figures of the person at `place`, of the tools they used."""
        return {
            tool: Figures(*(column[place] for column in columns[:WIDTH]))
            for tool, columns in self.columns.items()
            if columns[WIDTH][place]
        }

    def sums(self, places: Sequence[int] | None) -> dict[str, Figures]:
        """The sums per tool of the persons at these places, None: of all."""
        return {
            tool: Figures(*(_sum(column, places) for column in columns[:WIDTH]))
            for tool, columns in self.columns.items()
            if _sum(columns[WIDTH], places)
        }

    def days_of(self, places: Sequence[int] | None) -> int:
        """The active days of the persons at these places together, None: of all."""
        return _sum(self.days, places)


def _sum(column: Sequence[int], places: Sequence[int] | None) -> int:
    return sum(column) if places is None else sum(column[place] for place in places)


def _added(columns: Sequence[Sequence[int]], length: int) -> Sequence[int]:
    if len(columns) == 1:
        return columns[0]
    return [sum(numbers) for numbers in zip(*columns, strict=True)] if columns else [0] * length


def told_of_people() -> set[str]:
    """Which of "name" and "team" anybody is known to have."""
    known = known_people().values()
    return {field for field in ("name", "team") if any(getattr(one, field) for one in known)}


def known_people(ids: Sequence[int] | None = None) -> dict[int, Known]:
    """These persons by id; without `ids` all persons, and remembered."""
    return _everybody_known() if ids is None else _known_people(list(ids))


@remembered(lambda found: BYTES_A_PERSON * len(found))
def _everybody_known() -> dict[int, Known]:
    return _known_people(None)


def _known_people(ids: list[int] | None) -> dict[int, Known]:
    edges = (PersonSpan.first_day, PersonSpan.last_day)
    columns = (Person.id, Person.email, *edges, Person.name, Person.team, Person.left_day)
    query = Person.select(*columns).join(
        PersonSpan, JOIN.LEFT_OUTER, on=Person.id == PersonSpan.person_id
    )
    rows = database.execute(query if ids is None else query.where(Person.id.in_(ids))).fetchall()
    named = teams()
    return {
        key: Known(email, first or 0, last or 0, name, named[team] if team else "", left or 0)
        for key, email, first, last, name, team, left in rows
    }


def edges_of(person: Known) -> tuple[date | None, date | None]:
    """The first and last day with usage of all time; None without any."""
    if not person.first_day:
        return None, None
    return day_of(person.first_day), day_of(person.last_day)


@remembered(days=its_days)
def activity(scope: Scope) -> Activity:
    """Tokens and active days of everybody with usage in the scope; remembered."""
    slices = slices_of(scope)
    if not slices.whole:
        return Activity((), (), ())
    query = person_sums(scope, slices.whole, ("tokens",))
    rows = [row for row in database.execute(query).fetchall() if row[0] != UNATTRIBUTED]
    if len(slices.whole) > 1:
        # Several slices share days: only a distinct count is right.
        days = dict(database.execute(days_active(scope, slices.whole, None)).fetchall())
        rows = [(key, tokens, days.get(key, 0)) for key, tokens, _ in rows]
    return (
        Activity(*(_numbers(column) for column in zip(*rows, strict=True)))
        if rows
        else (Activity((), (), ()))
    )


@remembered(days=its_days)
def everybody(scope: Scope) -> Everybody:
    """All figures of everybody with usage in the scope; remembered."""
    slices = slices_of(scope)
    if not slices.whole:
        return Everybody((), {}, (), {})
    rows = _rows_by_tool(scope, slices)
    active = dict(database.execute(days_active(scope, slices.whole, None)).fetchall())
    active.pop(UNATTRIBUTED, None)
    known = known_people()
    ids = sorted(active, key=lambda key: known[key].email)
    unattributed = {
        tool: Figures(*found.pop(UNATTRIBUTED)[:WIDTH])
        for tool, found in rows.items()
        if UNATTRIBUTED in found
    }
    columns = {
        tool: [_numbers(column) for column in zip(*_in_order(found, ids), strict=True)]
        for tool, found in rows.items()
        if found
    }
    return Everybody(_numbers(ids), columns, _numbers(active[key] for key in ids), unattributed)


@remembered()
def unused_by(scope: Scope) -> Everybody:
    """Everybody known, of the teams of the scope, without usage in it: all figures are zero."""
    known, active, further = known_people(), set(activity(scope).ids), aliases()
    found = {
        key: person.email
        for key, person in known.items()
        if key not in active
        and person.email not in further
        and (not scope.teams or person.team in scope.teams)
    }
    ids = sorted(found, key=found.__getitem__)
    return Everybody(_numbers(ids), {}, _numbers([0] * len(ids)), {})


def _in_order(found: dict[int, Sequence[int]], ids: Sequence[int]) -> Iterator[Sequence[int]]:
    nothing = (0,) * (WIDTH + 1)
    return (found.get(key, nothing) for key in ids)


def _rows_by_tool(scope: Scope, slices: Slices) -> dict[str, dict[int, Sequence[int]]]:
    """{tool: {person: the figures and the days}}; the days are merely positive."""
    query = person_sums(scope, list(slices.by_tool), SUM_COLUMNS, by_slice=True)
    found: dict[str, dict[int, Sequence[int]]] = {}
    for person_id, slice_id, *sums in database.execute(query).fetchall():
        rows = found.setdefault(slices.by_tool[slice_id], {})
        before = rows.get(person_id)
        rows[person_id] = sums if before is None else [*map(sum, zip(before, sums, strict=True))]
    return dict(sorted(found.items()))


def _numbers(numbers: Iterable[int]) -> array[int]:
    return array("q", numbers)


def merged(by_tool: dict[str, Figures]) -> Figures:
    """The sum over the tools."""
    if len(by_tool) == 1:
        return next(iter(by_tool.values()))
    return add_up(by_tool.values()) if by_tool else Figures()
