"""How usage spreads over the week."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from datetime import date
from fractions import Fraction
from typing import NamedTuple, Protocol

from app.dates import days_between
from app.queries.sums.figures import Figures, add_up


class Dated(Protocol):
    """A day and its sums: a `DayPoint` or a `PersonDayPoint`."""

    @property
    def day(self) -> date:
        """The UTC day."""

    @property
    def by_tool(self) -> Mapping[str, Figures]:
        """Its sums per tool, nothing for a day without usage."""


class Weekday(NamedTuple):
    """One weekday (0 is Monday): how many such days there are, on how many was usage, sums."""

    weekday: int
    days: int
    days_used: int
    figures: Figures

    @property
    def average_tokens(self) -> int:
        """Tokens per such day, with or without usage, rounded half-even."""
        return _average(self.figures.tokens, self.days)

    @property
    def average_value_nanos(self) -> int:
        """Nano-dollars of value per such day, rounded half-even."""
        return _average(self.figures.value_nanos, self.days)


def _average(amount: int, days: int) -> int:
    return round(Fraction(amount, days)) if days else 0


def by_weekday(
    points: Iterable[Dated], start: date, end: date, left_out: Collection[date] = ()
) -> list[Weekday]:
    """The seven weekdays from `start` to `end`, Monday first, without the days `left_out`.

    `points` need not name days without usage.
    """
    asked = [day for day in days_between(start, end) if day not in left_out]
    numbers = Counter(day.weekday() for day in asked)
    parts: dict[int, list[Figures]] = {}
    for point in points:
        if start <= point.day <= end and point.day not in left_out and point.by_tool:
            figures = add_up(point.by_tool.values())
            parts.setdefault(point.day.weekday(), []).append(figures)
    return [
        Weekday(
            number,
            numbers[number],
            len(parts.get(number, [])),
            add_up(parts[number]) if number in parts else Figures(),
        )
        for number in range(7)
    ]
