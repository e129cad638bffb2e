"""The totals of a range: everything, per tool, unattributed, and how many people."""

from __future__ import annotations

from typing import NamedTuple

from app.database import database
from app.models import SUM_COLUMNS, UNATTRIBUTED
from app.queries.people.everybody import activity
from app.queries.scope import Scope, Slices, slices_of
from app.queries.sums.figures import Figures, add_up
from app.queries.sums.persons import person_sums
from app.queries.sums.slices import slice_sums


class Totals(NamedTuple):
    """What a scope adds up to. `unattributed` is part of `figures`."""

    figures: Figures
    active_people: int
    unattributed: Figures
    by_tool: dict[str, Figures]


def totals(scope: Scope, slices: Slices | None = None) -> Totals:
    """The totals of a scope. `slices`: those of its tools and models, when known already."""
    slices = slices or slices_of(scope)
    by_tool = figures_by_tool(scope, slices)
    return Totals(
        figures=add_up(by_tool.values()) if by_tool else Figures(),
        active_people=active_people(scope, slices),
        unattributed=unattributed(scope, slices),
        by_tool=by_tool,
    )


def figures_by_tool(scope: Scope, slices: Slices) -> dict[str, Figures]:
    """Sums per tool."""
    parts: dict[str, list[Figures]] = {}
    for slice_id, figures in slice_sums(scope, slices.by_tool).items():
        parts.setdefault(slices.by_tool[slice_id], []).append(figures)
    return {tool: add_up(figures) for tool, figures in sorted(parts.items())}


def active_people(scope: Scope, slices: Slices) -> int:
    """Number of persons with usage in the scope."""
    return len(activity(scope, slices).ids)


def unattributed(scope: Scope, slices: Slices) -> Figures:
    """Sums of the usage that belongs to nobody; no team holds any."""
    if scope.teams or not slices.whole:
        return Figures()
    query = person_sums(scope, slices.whole, SUM_COLUMNS, people=[UNATTRIBUTED])
    row = next(iter(query.tuples().execute(database.obj)), None)
    return Figures(*row[1:-1]) if row else Figures()
