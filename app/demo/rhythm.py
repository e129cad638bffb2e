"""When the invented company works: weekdays, holidays, growth over the months, time of day."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, time
from typing import NamedTuple

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
WORKING_MS = 8 * HOUR_MS + HOUR_MS // 2
FOUNDED = date(2025, 3, 1)
"""Nobody uses anything before this day; some colleagues do from then on."""
_WEEKDAYS = (0.95, 1.08, 1.1, 1.05, 0.82, 0.06, 0.06)
_PUBLIC_HOLIDAYS = frozenset({(1, 1), (5, 1), (12, 24), (12, 25), (12, 26)})
_ON_PUBLIC_HOLIDAYS = 0.04
_FIRST_VOLUME, _GROWTH_PER_DAY, _LARGEST_VOLUME = 0.3, 0.00115, 1.3


class Today(NamedTuple):
    """What everybody's day has in common."""

    day: date
    ordinal: int
    week: int
    start_ms: int
    """Epoch milliseconds of 00:00 UTC."""
    elapsed_ms: int
    """How much of the day is over, in milliseconds: `DAY_MS` for a past day, 0 for a future one."""
    at_work: float
    """How likely an ordinary habit is followed today: about 1 on a weekday."""
    volume: float
    """How large the tokens of a habit have grown: about 1 at the end of 2026."""

    @classmethod
    def of(cls, day: date, now: datetime) -> Today:
        """The day as seen at `now` (with its zone)."""
        start = datetime.combine(day, time.min, UTC)
        elapsed = int((now - start).total_seconds() * 1000)
        return cls(
            day=day,
            ordinal=day.toordinal(),
            week=day.isocalendar().week,
            start_ms=int(start.timestamp()) * 1000,
            elapsed_ms=min(max(elapsed, 0), DAY_MS),
            at_work=_at_work(day),
            volume=_volume(day),
        )

    def is_working_day(self) -> bool:
        """Whether offices are open."""
        return self.at_work > max(_ON_PUBLIC_HOLIDAYS, *_WEEKDAYS[5:])

    def passed(self, start_ms: int, length_ms: int) -> int:
        """Thousandths of a stretch of the day that are over: 0 before it, 1000 after it."""
        return min(max((self.elapsed_ms - start_ms) * 1000 // length_ms, 0), 1000)


def repeatable_dice(*parts: object) -> random.Random:
    """Dice that fall the same way every time for the same parts."""
    # Invented figures that must be repeatable, not a secret.
    return random.Random("/".join(str(part) for part in parts))  # noqa: S311


def _at_work(day: date) -> float:
    usual = _WEEKDAYS[day.weekday()]
    return min(usual, _ON_PUBLIC_HOLIDAYS) if (day.month, day.day) in _PUBLIC_HOLIDAYS else usual


def _volume(day: date) -> float:
    return min(_FIRST_VOLUME + _GROWTH_PER_DAY * (day - FOUNDED).days, _LARGEST_VOLUME)
