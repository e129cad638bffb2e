"""The calendar: UTC days and moments, the weeks and months around them, and their numbers.

The database knows a day as the integer YYYYMMDD, a month as YYYYMM, a moment as epoch seconds.
"""

from __future__ import annotations

import calendar
import re
import time
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

FIRST_DAY = date(2000, 1, 1)
"""No usage is older: the table of days refuses it."""
ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def utc_now() -> datetime:
    """The present moment, with its zone."""
    return datetime.now(UTC)


def utc_today() -> date:
    """The present UTC calendar day."""
    return utc_now().date()


def now_seconds() -> int:
    """The present moment as epoch seconds."""
    return int(time.time())


def now_milliseconds() -> int:
    """The present moment as epoch milliseconds."""
    return time.time_ns() // 1_000_000


def moment(seconds: int) -> datetime:
    """A stored moment as a UTC datetime."""
    return datetime.fromtimestamp(seconds, UTC)


def moment_if_any(seconds: int | None) -> datetime | None:
    """A stored moment as a UTC datetime; None where none is stored."""
    return None if seconds is None else moment(seconds)


def parse_day(text: str) -> date | None:
    """A day written YYYY-MM-DD, else None."""
    try:
        return date.fromisoformat(text) if ISO_DAY.fullmatch(text) else None
    except ValueError:
        return None


def day_number(day: date) -> int:
    """The integer YYYYMMDD by which the database knows a day."""
    return day.year * 10_000 + day.month * 100 + day.day


def day_of(number: int) -> date:
    """The day of an integer YYYYMMDD."""
    return date(number // 10_000, number // 100 % 100, number % 100)


def days_between(start: date, end: date) -> Iterable[date]:
    """Every day from `start` to `end`, both included, oldest first."""
    return (start + timedelta(days=offset) for offset in range((end - start).days + 1))


def week_start(day: date) -> date:
    """The Monday of the ISO week of a day."""
    return day - timedelta(days=day.weekday())


def week_end(day: date) -> date:
    """The Sunday of the ISO week of a day, or the last day there is."""
    return day + timedelta(days=min(6 - day.weekday(), (date.max - day).days))


def month_start(day: date) -> date:
    """The first day of the month of a day."""
    return day.replace(day=1)


def month_end(day: date) -> date:
    """The last day of the month of a day."""
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def month_length(month: int) -> int:
    """How many days a month YYYYMM has."""
    return calendar.monthrange(month // 100, month % 100)[1]


def month_after(month: int) -> int:
    """The month after a month YYYYMM: 202701 after 202612."""
    return month + 1 if month % 100 < 12 else (month // 100 + 1) * 100 + 1


def month_before(month: int) -> int:
    """The month before a month YYYYMM: 202612 before 202701."""
    return month - 1 if month % 100 > 1 else (month // 100 - 1) * 100 + 12


def days_before(
    start: date, end: date, today: date, *, rolling: bool = False
) -> tuple[date, date] | None:
    """First and last day of the period that a range is compared with; None before year 1.

    Of whole calendar months the same number of months before: November with October. Of a month
    to date (from the 1st to today or yesterday) the same days of the month before, cut at its
    end: 1 - 30 March with all of February. Of a year to date the same days of the year before.
    Of any other range, and always of a `rolling` one ("the last 30 days"), as many days
    immediately before.
    """
    months = 0 if rolling else _months_to_go_back(start, end, today)
    try:
        if not months:
            length = end - start + timedelta(days=1)
            return start - length, start - timedelta(days=1)
        whole = end == month_end(end) and not _is_year_to_date(start, end, today)
        last = months_before(end, months)
        return months_before(start, months), month_end(last) if whole else last
    except (OverflowError, ValueError):
        return None


def same_day_before(day: date, start: date, before: tuple[date, date]) -> date:
    """The day of the period `before` that stands where `day` does in a range from `start` on.

    Periods that begin on the 1st of a month go by the calendar, others by counting.
    """
    first, last = before
    if start.day == first.day == 1:
        months = (start.year - first.year) * 12 + start.month - first.month
        return min(months_before(day, months), last)
    return first + (day - start)


def months_before(day: date, months: int) -> date:
    """The same day some months earlier, or the last of that month; ValueError before year 1."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    first = date(year, month + 1, 1)
    return first.replace(day=min(day.day, month_end(first).day))


def _months_to_go_back(start: date, end: date, today: date) -> int:
    if start.day != 1:
        return 0
    if _is_year_to_date(start, end, today):
        return 12
    if end == month_end(end):
        return (end.year - start.year) * 12 + end.month - start.month + 1
    is_to_date = end in (today, today - timedelta(days=1))
    return 1 if is_to_date and month_start(end) == start else 0


def _is_year_to_date(start: date, end: date, today: date) -> bool:
    """Whether a range runs from 1 January over more than that month to today or yesterday."""
    to_date = end in (today, today - timedelta(days=1))
    return to_date and start == date(end.year, 1, 1) and end.month > 1
