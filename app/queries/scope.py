"""What a question is about: days, tools, models, teams, and the slices that answer it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import NamedTuple

from peewee import Expression, Field, ModelSelect

from app.dates import day_number
from app.models import ALL_SLICE, MODEL, TOOL, Person, PersonDay, Slice, Team, TotalDay
from app.queries.remembered import remembered

FIRST_DAY, LAST_DAY = 0, 99991231


class Scope(NamedTuple):
    """Days from `start` to `end` (both included, None = open), of some tools, models and teams.

    Empty `tools`, `models` or `teams` mean all of them. A model is a display name or a raw
    name. With `teams`, by name, a scope holds the usage of their present members only: none
    of people without a team, and none that belongs to nobody.
    """

    start: date | None = None
    end: date | None = None
    tools: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()

    @property
    def is_filtered(self) -> bool:
        """Whether tools, models or teams leave something out."""
        return bool(self.filters())

    def filters(self) -> tuple[str, ...]:
        """The names of all that the scope is narrowed to."""
        return self.tools + self.models + self.teams

    @property
    def days(self) -> int | None:
        """Number of days, None for an open range."""
        return (self.end - self.start).days + 1 if self.start and self.end else None

    def previous(self) -> Scope | None:
        """The same number of days immediately before; None for an open range."""
        if not (self.start and self.end and self.days):
            return None
        try:
            start = self.start - timedelta(days=self.days)
        except OverflowError:
            return None
        return self._replace(start=start, end=self.start - timedelta(days=1))

    def bounds(self) -> tuple[int, int]:
        """First and last day as integers YYYYMMDD."""
        return (
            day_number(self.start) if self.start else FIRST_DAY,
            day_number(self.end) if self.end else LAST_DAY,
        )

    def covers(self, day: Field) -> Expression:
        """The condition that the integer column `day` lies in the range."""
        return day.between(*self.bounds())

    def members(self) -> ModelSelect | None:
        """Ids of the persons in the teams, as a subquery; None when anybody counts."""
        if not self.teams:
            return None
        return Person.select(Person.id).join(Team).where(Team.name.in_(list(self.teams)))

    def day_sums(self) -> type[TotalDay] | type[PersonDay]:
        """The smallest table with sums by slice and day that knows whom the scope counts."""
        return PersonDay if self.teams else TotalDay

    def rows_of(self, table: type[TotalDay] | type[PersonDay]) -> Expression:
        """The condition that a row of a rollup of days lies in the range and counts."""
        within = self.covers(table.day)
        return within & table.person_id.in_(self.members()) if self.teams else within


class Slices(NamedTuple):
    """Ids of the slices that answer a scope.

    `whole`: few slices whose sum is the answer. `by_tool` and `by_model`: the same answer cut
    by tool and by raw model, as {slice id: tool} and {slice id: (tool, display name)}.
    """

    whole: tuple[int, ...]
    by_tool: dict[int, str]
    by_model: dict[int, tuple[str, str]]

    def key(self) -> tuple[tuple[int, ...], ...]:
        """The ids alone: slices with the same key are the same."""
        return self.whole, tuple(self.by_tool), tuple(self.by_model)


def _all_slices() -> list[tuple[int, str, str, str, str]]:
    """(id, kind, tool, raw model, display name) of every slice, the first seen first."""
    columns = (Slice.id, Slice.kind, Slice.tool, Slice.model, Slice.name)
    return remembered("slices", lambda: list(Slice.select(*columns).order_by(Slice.id).tuples()))


def slices_of(scope: Scope) -> Slices:
    """The slices of a scope, from a small table."""
    rows = _all_slices()
    tools = {
        slice_id: tool
        for slice_id, kind, tool, _, _ in rows
        if kind == TOOL and (not scope.tools or tool in scope.tools)
    }
    models = {
        slice_id: (tool, name)
        for slice_id, kind, tool, raw, name in rows
        if kind == MODEL
        and tool in tools.values()
        and (not scope.models or name in scope.models or (raw and raw in scope.models))
    }
    if scope.models:
        return Slices(tuple(models), {key: tool for key, (tool, _) in models.items()}, models)
    if scope.tools:
        return Slices(tuple(tools), tools, models)
    return Slices((ALL_SLICE,), tools, models)


def known_models() -> list[tuple[str, str]]:
    """Every (tool, display name) with usage, by name."""
    found = {(tool, name) for _, kind, tool, _, name in _all_slices() if kind == MODEL}
    return sorted(found, key=lambda row: (row[1].lower(), row[0]))


def known_teams() -> list[str]:
    """The name of every team, by name; remembered."""
    return remembered("teams", _known_teams)


def _known_teams() -> list[str]:
    names = (name for (name,) in Team.select(Team.name).tuples())
    return sorted(names, key=lambda name: (name.lower(), name))


def model_places() -> dict[str, int]:
    """{display model: place in the order in which models were first seen}: it never changes."""
    names = dict.fromkeys(name for _, kind, _, _, name in _all_slices() if kind == MODEL)
    return {name: place for place, name in enumerate(names)}
