"""The line of a chart: what its bars are compared with, day for day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from app.dates import days_between, same_day_before
from app.web.view.charts import Bar
from app.web.view.periods import Comparison


def days_before(compared: Comparison | None) -> dict[date, date]:
    """{day of the range: the day it is compared with}, of complete days, each at most once.

    Empty where nothing is known of the days before: no line is drawn then. Of 31 March, whose
    day in February is that of the 28th already, nothing stands.
    """
    if compared is None or compared.unknown:
        return {}
    (start, end), before = compared.now[:2], compared.before[:2]
    if not (start and end and before[0] and before[1]):
        return {}
    found = {
        same_day_before(day, start, (before[0], before[1])): day
        for day in reversed(list(days_between(start, end)))
    }
    return {day: then for then, day in reversed(found.items())}


def before_bars(
    drawn: Iterable[Bar], then: Mapping[date, date], amounts: Mapping[date, int]
) -> dict[date, int]:
    """{first day of a bar: what the days add up to that its complete days are compared with}."""
    found: dict[date, int] = {}
    for bar in drawn:
        compared = [then[day] for day in days_between(bar.first, bar.last) if day in then]
        if compared:
            found[bar.first] = sum(amounts.get(day, 0) for day in compared)
    return found
