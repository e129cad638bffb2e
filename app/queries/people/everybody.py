"""Everybody with usage in a scope, in two steps, however many they are.

Who they are and one figure of each decide who stands on a page and in which order: one sum a
person. Only of the few who are shown all figures are read, and what all add up to comes from
the totals of days. Of ten thousand people the sums of every figure would take ten times as long.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from peewee import Select

from app.bitmaps import ids_in
from app.database import database, total
from app.identity import aliases
from app.models import RUNNING_FIGURES, SUM_COLUMNS, UNATTRIBUTED, PersonDay, TotalDay
from app.queries.people.known import known_people
from app.queries.remembered import remembered
from app.queries.scope import NO_SLICE, Scope, its_days, slices_of
from app.queries.sums.active import active_in, days_active, people_count, people_in
from app.queries.sums.figures import Figures, add_up, sums_of
from app.queries.sums.persons import person_sums
from app.queries.sums.running import (
    ByPerson,
    is_of_whole_tools,
    running_sums,
    series_of,
    users_in,
)
from app.queries.sums.slices import days_around, sums_by_range

MOST_IDS = 1000
"""At most this many persons are asked for by their ids in one question."""
BYTES_A_ROW = 1200
ByTool = dict[str, Figures]
"""Sums of usage by tool, of the tools that were used."""


class Activity(NamedTuple):
    """Everybody with usage in a scope: ids, and in the same order tokens and active days."""

    ids: Sequence[int]
    tokens: Sequence[int]
    days: Sequence[int]


class Active(NamedTuple):
    """Everybody with usage in a scope: ids, and in the same order tokens (or what was asked)."""

    ids: Sequence[int]
    tokens: Sequence[int]


class Everybody(NamedTuple):
    """Everybody with usage in a scope, or (`unused`) everybody known without, by e-mail.

    `days` are their active days. Places are those in `ids`; figures are read when asked for.
    """

    scope: Scope
    ids: Sequence[int]
    days: Sequence[int]
    unused: bool = False

    def column(self, figure: str, tool: str = "") -> Sequence[int]:
        """One of `SUM_COLUMNS` of everybody, of one tool or over all."""
        found = amounts(self.scope, figure, tool)
        return [found.get(key, 0) for key in self.ids]

    def by_tool(self, places: Sequence[int]) -> list[ByTool]:
        """The figures of the persons at these places."""
        ids = [self.ids[place] for place in places]
        found = {} if self.unused or not ids else _figures_of(self.scope, ids)
        return [found.get(key, {}) for key in ids]

    def sums(self, places: Sequence[int] | None) -> ByTool:
        """The sums of the persons at these places, None: of all."""
        if self.unused:
            return {}
        if places is None:
            return _sums_of_all(self.scope)
        return _sums_of_some(self.scope, [self.ids[place] for place in places])

    def days_of(self, places: Sequence[int] | None) -> int:
        """The active days of the persons at these places together, None: of all."""
        return sum(self.days if places is None else (self.days[place] for place in places))

    def unattributed(self) -> ByTool:
        """What belongs to no person; no team holds any of it."""
        return {} if self.unused or self.scope.teams else unattributed(self.scope)


@remembered(days=its_days)
def activity(scope: Scope) -> Activity:
    """Tokens and active days of everybody with usage in the scope; remembered."""
    found, days = active(scope), days_active(scope, slices_of(scope).whole)
    return Activity(found.ids, found.tokens, _numbers(map(days.__getitem__, found.ids)))


@remembered(days=its_days)
def active(scope: Scope) -> Active:
    """Tokens of everybody with usage in the scope; remembered."""
    if is_of_whole_tools(scope):
        sums = running_sums(scope, ("tokens", "records"))
        ids = users_in(scope, sums["records"])
        return Active(_numbers(ids), _numbers(map(sums["tokens"].__getitem__, ids)))
    return Active(*_read_amounts(scope, "tokens", slices_of(scope).whole))


def amounts(scope: Scope, figure: str, tool: str = "") -> dict[int, int]:
    """One of `SUM_COLUMNS` of everybody with usage in the scope (and of the tool), by id."""
    if (figure, tool) == ("tokens", ""):
        return dict(zip(*active(scope), strict=True))
    return dict(zip(*_amounts(scope, figure, tool), strict=True))


@remembered(days=its_days)
def _amounts(scope: Scope, figure: str, tool: str) -> Active:
    if is_of_whole_tools(scope):
        ids = active(scope).ids
        sums = running_sums(scope, (figure,), [tool] if tool else ())[figure]
        return Active(ids, _numbers(sums[key] if key < len(sums) else 0 for key in ids))
    slices = slices_of(scope)
    chosen = [key for key, name in slices.by_tool.items() if name == tool] if tool else slices.whole
    return Active(*_read_amounts(scope, figure, chosen))


def _read_amounts(
    scope: Scope, figure: str, slices: Sequence[int]
) -> tuple[Sequence[int], Sequence[int]]:
    """(ids, amounts) of everybody with usage of slices cut finer than running sums are."""
    if not slices:
        return (), ()
    rows = database.execute(person_sums(scope, slices, (figure,))).fetchall()
    people = [row for row in rows if row[0] != UNATTRIBUTED]
    return _numbers(row[0] for row in people), _numbers(row[1] for row in people)


@remembered(days=its_days)
def everybody(scope: Scope) -> Everybody:
    """Everybody with usage in the scope; remembered."""
    found, known = activity(scope), known_people()
    rows = sorted(zip(found.ids, found.days, strict=True), key=lambda row: known[row[0]].email)
    return Everybody(scope, _numbers([row[0] for row in rows]), _numbers([row[1] for row in rows]))


@remembered()
def unused_by(scope: Scope) -> Everybody:
    """Everybody known, of the teams of the scope, without usage in it: all figures are zero."""
    known, further = known_people(), aliases()
    used = {*ids_in(people_in(scope, slices_of(scope).whole))}
    found = {
        key: person.email
        for key, person in known.items()
        if key not in used
        and person.email not in further
        and (not scope.teams or person.team in scope.teams)
    }
    ids = sorted(found, key=found.__getitem__)
    return Everybody(scope, _numbers(ids), _numbers([0] * len(ids)), unused=True)


def _figures_of(scope: Scope, ids: Sequence[int]) -> dict[int, ByTool]:
    """The figures of persons with usage in the scope; of many those of everybody are read."""
    if len(ids) > MOST_IDS:
        return _figures_of_many(scope) if is_of_whole_tools(scope) else _read_figures(scope, None)
    # Whose ids they are is known to count: no team needs to be asked for again.
    return _figures_of_few(scope._replace(teams=()), tuple(ids))


def _figures_of_many(scope: Scope) -> dict[int, ByTool]:
    found: dict[int, ByTool] = {}
    for tool, sums in _sums_by_tool(scope).items():
        columns = [sums[name] for name in SUM_COLUMNS]
        for person_id in users_in(scope, sums["records"]):
            figures = Figures(*[column[person_id] for column in columns])
            found.setdefault(person_id, {})[tool] = figures
    return found


def _sums_by_tool(scope: Scope) -> dict[str, ByPerson]:
    tools = sorted({tool for _, tool in series_of(scope)})
    return {tool: running_sums(scope, RUNNING_FIGURES, [tool]) for tool in tools}


@remembered(lambda found: BYTES_A_ROW * len(found), days=its_days)
def _figures_of_few(scope: Scope, ids: tuple[int, ...]) -> dict[int, ByTool]:
    return _read_figures(scope, list(ids))


def _read_figures(scope: Scope, ids: list[int] | None) -> dict[int, ByTool]:
    slices = slices_of(scope)
    if not slices.by_tool:
        return {}
    query = person_sums(scope, list(slices.by_tool), SUM_COLUMNS, people=ids, by_slice=True)
    found: dict[int, dict[str, list[Figures]]] = {}
    for person_id, slice_id, *sums in database.execute(query).fetchall():
        parts = found.setdefault(person_id, {}).setdefault(slices.by_tool[slice_id], [])
        parts.append(Figures(*sums[:-1]))
    return {key: _each_added(parts) for key, parts in found.items()}


def _each_added(parts: dict[str, list[Figures]]) -> ByTool:
    return {
        tool: some[0] if len(some) == 1 else add_up(some) for tool, some in sorted(parts.items())
    }


@remembered(days=its_days)
def _sums_of_all(scope: Scope) -> ByTool:
    if scope.teams:
        return _sums_of_some(scope, None)
    slices = slices_of(scope).by_tool
    query = (
        TotalDay.select(TotalDay.slice, *sums_of(TotalDay))
        .where(TotalDay.slice.in_([*slices, NO_SLICE]) & scope.covers(TotalDay.day))
        .group_by(TotalDay.slice)
    )
    rows = database.execute(query).fetchall()
    active = active_in(scope, slices)
    used = {slices[key] for (key, _), bitmap in active.items() if people_count(bitmap)}
    nobodys = unattributed(scope)
    return {
        tool: figures.minus(nobodys.get(tool, Figures()))
        for tool, figures in _added(rows, slices).items()
        if tool in used
    }


def _sums_of_some(scope: Scope, ids: Sequence[int] | None) -> ByTool:
    """The sums of these persons, None: of all members of the scope's teams."""
    if is_of_whole_tools(scope) and (ids is None or len(ids) > MOST_IDS):
        return _sums_of_many(scope, ids)
    slices, rows = slices_of(scope).by_tool, []
    if not slices:
        return {}
    for start in range(0, len(ids or (0,)), MOST_IDS):
        people = None if ids is None else list(ids[start : start + MOST_IDS])
        query = person_sums(scope, list(slices), SUM_COLUMNS, people=people, by_slice=True)
        each = query.alias("each")
        sums = [total(getattr(each.c, name)) for name in SUM_COLUMNS]
        together = Select([each], [each.c.slice_id, *sums]).group_by(each.c.slice_id)
        rows += database.execute(together).fetchall()
    return _added(rows, slices)


def _sums_of_many(scope: Scope, ids: Sequence[int] | None) -> ByTool:
    wanted, found = None if ids is None else set(ids), {}
    for tool, sums in _sums_by_tool(scope).items():
        users = users_in(scope, sums["records"])
        mine = [key for key in users if wanted is None or key in wanted]
        if mine:
            columns = (map(sums[name].__getitem__, mine) for name in SUM_COLUMNS)
            found[tool] = Figures(*map(sum, columns))
    return found


def unattributed(scope: Scope) -> ByTool:
    """What belongs to no person, by tool; remembered."""
    return unattributed_of((scope,))[0]


@remembered(days=days_around)
def unattributed_of(scopes: tuple[Scope, ...]) -> list[ByTool]:
    """What belongs to no person in each of scopes without a common day, by tool; remembered."""
    slices = slices_of(scopes[0]).by_tool
    # The day plus 0 is no column of an index: so SQLite looks for the rows of this one person,
    # some hundreds, and not for the days, which hold the rows of thousands of persons.
    query = sums_by_range(PersonDay, PersonDay.day + 0, scopes, slices)
    nobodys = query.where(PersonDay.person_id == UNATTRIBUTED)
    rows: list[list[Sequence[int]]] = [[] for _ in scopes]
    for place, *sums in database.execute(nobodys).fetchall():
        rows[place].append(sums)
    return [_added(found, slices) for found in rows]


def _added(rows: Iterable[Sequence[int]], tools: dict[int, str]) -> ByTool:
    """Rows of (slice, *figures), added up by tool."""
    found: dict[str, list[Figures]] = {}
    for slice_id, *figures in rows:
        found.setdefault(tools[slice_id], []).append(Figures(*figures))
    return _each_added(found)


def _numbers(numbers: Iterable[int]) -> array[int]:
    return array("q", numbers)


def merged(by_tool: ByTool) -> Figures:
    """The sum over the tools."""
    if len(by_tool) == 1:
        return next(iter(by_tool.values()))
    return add_up(by_tool.values()) if by_tool else Figures()
