"""What a question is about: days, tools, models, teams, and the slices that answer it."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from peewee import Expression, Field, ModelSelect

from app.dates import day_number, days_before
from app.models import ALL_SLICE, MODEL, TOOL, Person, PersonDay, Slice, Team, TotalDay
from app.queries.remembered import Days, no_day, remembered

FIRST_DAY, LAST_DAY = 0, 99991231
NO_SLICE = 0
"""The id of no slice, for a list of ids that must not be empty."""


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

    def previous(self, today: date, *, rolling: bool = False) -> Scope | None:
        """What it is compared with (`days_before`); None for an open range."""
        if not (self.start and self.end):
            return None
        days = days_before(self.start, self.end, today, rolling=rolling)
        return self._replace(start=days[0], end=days[1]) if days else None

    def bounds(self) -> tuple[int, int]:
        """First and last day as integers YYYYMMDD."""
        return (
            day_number(self.start) if self.start else FIRST_DAY,
            day_number(self.end) if self.end else LAST_DAY,
        )

    def covers(self, day: Field | Expression) -> Expression:
        """The condition that the integer `day` lies in the range."""
        return day.between(*self.bounds())

    def members(self) -> ModelSelect | None:
        """Ids of the persons in the teams, as a subquery; None when anybody counts."""
        if not self.teams:
            return None
        return Person.select(Person.id).join(Team).where(Team.name.in_(list(self.teams)))

    def rows_of(self, table: type[TotalDay] | type[PersonDay]) -> Expression:
        """The condition that a row of a rollup of days lies in the range and counts."""
        within = self.covers(table.day)
        return within & table.person_id.in_(self.members()) if self.teams else within


def its_days(scope: Scope, *_: object) -> Days:
    """The days that the answer to a question depends on whose first argument is its scope."""
    return scope.bounds()


class Slices(NamedTuple):
    """Ids of the slices that answer a scope.

    `whole`: few slices whose sum is the answer. `by_tool` and `by_model`: the same answer cut
    by tool and by raw model, as {slice id: tool} and {slice id: (tool, display name)}.
    """

    whole: tuple[int, ...]
    by_tool: dict[int, str]
    by_model: dict[int, tuple[str, str]]


@remembered(days=no_day)
def _all_slices() -> list[tuple[int, str, str, str, str]]:
    """(id, kind, tool, raw model, display name) of every slice, the first seen first."""
    columns = (Slice.id, Slice.kind, Slice.tool, Slice.model, Slice.name)
    return list(Slice.select(*columns).order_by(Slice.id).tuples())


def slices_of(scope: Scope) -> Slices:
    """The slices of a scope, from a small table; remembered."""
    return _slices(scope.tools, scope.models)


@remembered(days=no_day)
def _slices(tools: tuple[str, ...], models: tuple[str, ...]) -> Slices:
    rows = _all_slices()
    of_tools = {
        slice_id: tool
        for slice_id, kind, tool, _, _ in rows
        if kind == TOOL and (not tools or tool in tools)
    }
    known = set(of_tools.values())
    of_models = {
        slice_id: (tool, name)
        for slice_id, kind, tool, raw, name in rows
        if kind == MODEL
        and tool in known
        and (not models or name in models or (raw and raw in models))
    }
    if models:
        whole = tuple(of_models)
        return Slices(whole, {key: tool for key, (tool, _) in of_models.items()}, of_models)
    return Slices(tuple(of_tools) if tools else (ALL_SLICE,), of_tools, of_models)


def known_models() -> list[tuple[str, str]]:
    """Every (tool, display name) with usage, by name."""
    found = {(tool, name) for _, kind, tool, _, name in _all_slices() if kind == MODEL}
    return sorted(found, key=lambda row: (row[1].lower(), row[0]))


def model_names() -> set[str]:
    """Every name that a filter of models finds: display names and raw ones."""
    return {name for _, kind, _, *both in _all_slices() if kind == MODEL for name in both if name}


@remembered(days=no_day)
def teams() -> dict[int, str]:
    """The name of every team by its id; remembered."""
    return dict(Team.select(Team.id, Team.name).tuples())


def known_teams() -> list[str]:
    """The name of every team, by name."""
    return sorted(teams().values(), key=lambda name: (name.lower(), name))


def model_places() -> dict[str, int]:
    """{display model: place in the order in which models were first seen}: it never changes."""
    names = dict.fromkeys(name for _, kind, _, _, name in _all_slices() if kind == MODEL)
    return {name: place for place, name in enumerate(names)}
