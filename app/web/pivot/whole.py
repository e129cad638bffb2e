"""Which days a pivot shows whose figures are not whole, and which of its weeks and months."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from app.dates import days_between, month_end, month_start, week_end, week_start
from app.queries.days.coverage import began_on
from app.queries.days.freshness import ProviderState
from app.queries.scope import Scope
from app.web.view.periods import open_days_of, providers_of


def growing_days(scope: Scope, states: Sequence[ProviderState]) -> set[date]:
    """The days of a scope with both ends whose figures may still grow."""
    days = days_between(scope.start or date.min, scope.end or date.min)
    return open_days_of(days, scope, states)


def open_in_periods(asked: Scope, shown: Scope, states: Sequence[ProviderState]) -> set[date]:
    """The days without whole figures in the weeks and months of a scope.

    `shown` is the scope `asked` with both ends. Where that was open no period is cut: a month
    with its newest usage on the 28th is whole once all of it was read.
    """
    first, last = shown.start or date.min, shown.end or date.max
    around = shown._replace(
        start=max(asked.start or date.min, min(week_start(first), month_start(first))),
        end=min(asked.end or date.max, max(week_end(last), month_end(last))),
    )
    return growing_days(around, states) | _never_read_before(first, around)


def _never_read_before(first: date, around: Scope) -> set[date]:
    """The days of periods around the first shown day that are earlier than all readings."""
    begun = began_on(providers_of(around))
    earlier = days_between(around.start or first, first)
    return {day for day in earlier if begun and day < min(begun, first)}
