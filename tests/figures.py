"""The read side's figures of one scope, asked for as pages and the JSON API ask."""

from __future__ import annotations

from typing import Any

from app.dates import days_between
from app.queries.people.person import PersonDayPoint
from app.queries.people.rows import PeopleQuestion, Rows, people_rows
from app.queries.scope import Scope, slices_of
from app.queries.sums.days import SeriesDay, series_days
from app.queries.sums.ranges import ModelShare, RangeSums, people_counts, sums_of_ranges


def totals(scope: Scope) -> RangeSums:
    (found,) = sums_of_ranges([scope], by_model=False)
    return found


def active_people(scope: Scope) -> int:
    (found,) = people_counts([scope])
    return found


def models(scope: Scope) -> list[ModelShare]:
    (found,) = sums_of_ranges([scope])
    return found.shares()


def daily(scope: Scope) -> list[SeriesDay]:
    return series_days(scope, slices_of(scope).by_tool)


def by_day(scope: Scope) -> list[PersonDayPoint]:
    """All figures of each day of a closed range by tool, each day asked for as a range."""
    assert scope.start
    assert scope.end
    days = days_between(scope.start, scope.end)
    return [PersonDayPoint(day, totals(scope._replace(start=day, end=day)).by_tool) for day in days]


def people(scope: Scope, *, limit: int | None = 50, offset: int = 0, **asked: Any) -> Rows:
    return people_rows(PeopleQuestion(scope, **asked), limit, offset)
