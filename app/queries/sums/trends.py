"""Usage day by day."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from app.dates import day_of, days_between
from app.models import SUM_COLUMNS
from app.queries.days.freshness import known_span
from app.queries.scope import Scope, slices_of
from app.queries.sums.figures import Figures, add_up
from app.queries.sums.slices import day_rows


class DayPoint(NamedTuple):
    """One day: sums per tool, and how many people were active."""

    day: date
    by_tool: dict[str, Figures]
    people: int

    @property
    def figures(self) -> Figures:
        """Sums over all tools of the scope."""
        return add_up(self.by_tool.values()) if self.by_tool else Figures()


def daily(scope: Scope) -> list[DayPoint]:
    """Every day of the range, zero-filled, oldest first.

    An open end of the range is closed by the first or last day with usage. `people` is exact
    for one slice; for several models it is their largest count.
    """
    span = known_span()
    start = scope.start or (span[0] if span else scope.end)
    end = scope.end or (span[1] if span else scope.start)
    if start is None or end is None:
        return []
    found: dict[date, dict[str, list[Figures]]] = {}
    people: dict[date, int] = {}
    slices = slices_of(scope)
    wanted = {*slices.by_tool, *slices.whole}
    for day_id, slice_id, count, *sums in day_rows(scope, wanted, SUM_COLUMNS):
        day = day_of(day_id)
        if slice_id in slices.whole:
            people[day] = max(people.get(day, 0), count)
        if slice_id in slices.by_tool:
            tool = slices.by_tool[slice_id]
            found.setdefault(day, {}).setdefault(tool, []).append(Figures(*sums))
    return [
        DayPoint(
            day,
            {tool: add_up(parts) for tool, parts in sorted(found.get(day, {}).items())},
            people.get(day, 0),
        )
        for day in days_between(start, end)
    ]
