"""One person: their models and their days."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from app.models import SUM_COLUMNS, PersonDay
from app.queries.figures import Figures, add_up
from app.queries.scope import Scope, slices_of
from app.usage import day_of


class PersonModel(NamedTuple):
    """A person's usage of one display model of one tool."""

    model: str
    tool: str
    figures: Figures


class PersonDayPoint(NamedTuple):
    """A person's day: sums per tool."""

    day: date
    by_tool: dict[str, Figures]

    @property
    def figures(self) -> Figures:
        """Sums over all tools."""
        return add_up(self.by_tool.values())


class PersonUsage(NamedTuple):
    """A person's models, most tokens first, and days with usage, oldest first."""

    models: list[PersonModel]
    days: list[PersonDayPoint]


def person_usage(scope: Scope, person_id: int) -> PersonUsage:
    """Models and days of a person in a scope: one range of the rollup, summed here."""
    by_model = slices_of(scope).by_model
    models: dict[tuple[str, str], list[Figures]] = {}
    days: dict[date, dict[str, list[Figures]]] = {}
    for slice_id, day, *sums in _rows(scope, person_id, list(by_model)):
        tool, name = by_model[slice_id]
        models.setdefault((tool, name), []).append(Figures(*sums))
        days.setdefault(day_of(day), {}).setdefault(tool, []).append(Figures(*sums))
    breakdown = [PersonModel(name, tool, add_up(parts)) for (tool, name), parts in models.items()]
    breakdown.sort(key=lambda row: (-row.figures.tokens, row.model, row.tool))
    points = [
        PersonDayPoint(day, {tool: add_up(parts) for tool, parts in sorted(by_tool.items())})
        for day, by_tool in sorted(days.items())
    ]
    return PersonUsage(breakdown, points)


def _rows(scope: Scope, person_id: int, slice_ids: list[int]) -> list[tuple]:
    columns = [getattr(PersonDay, name) for name in SUM_COLUMNS]
    return list(
        PersonDay.select(PersonDay.slice, PersonDay.day, *columns)
        .where(
            (PersonDay.person_id == person_id)
            & PersonDay.slice.in_(slice_ids)
            & scope.covers(PersonDay.day)
        )
        .tuples()
    )
