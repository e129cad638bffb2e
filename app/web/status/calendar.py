"""The calendar of completeness: a row for each provider's month, a cell for each day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple

from app.dates import month_end, month_start
from app.queries.days.completeness import DayMark, DayState
from app.web.status.view import StatusView
from app.web.view import formatting

MONTHS_SHOWN = 6
DAYS = range(1, 32)


class DayStyle(NamedTuple):
    """How a state looks and reads: a sign beside the colour, one word, and what it means."""

    sign: str
    word: str
    meaning: str


DAY_STYLES = {
    DayState.FINAL: DayStyle("\u2022", "final", "read after the day had ended"),
    DayState.PROVISIONAL: DayStyle("P", "provisional", "the provider may still add to it"),
    DayState.RESTATED: DayStyle("R", "restated", "the provider changed it after it was final"),
    DayState.IMPORTED: DayStyle("I", "imported", "an imported file counts, the API holds nothing"),
    DayState.MISSING: DayStyle("\u00d7", "missing", "nothing was ever read"),
    DayState.FAILED: DayStyle("!", "failed", "the newest attempt to read it failed"),
    DayState.SUSPICIOUS: DayStyle("?", "suspicious", "held usage, came back empty, was kept"),
}


class DayCell(NamedTuple):
    """A day in the calendar; `state` is "" where nothing is expected. `query` leads to it.

    Its row says the year, and the sheet of styles draws the sign of its state.
    """

    number: int
    state: str
    label: str
    query: str
    chosen: bool


class CalendarRow(NamedTuple):
    """One provider's month. `first` of the rows of its month, which are `rows` together."""

    provider: str
    label: str
    month: str
    first: bool
    cells: list[DayCell | None]


def months_of(view: StatusView, today: date) -> tuple[date, date]:
    """First and last day of the calendar of a view: whole months."""
    if view.year:
        return date(view.year, 1, 1), date(view.year, 12, 31)
    first = month_start(today)
    for _ in range(MONTHS_SHOWN - 1):
        first = month_start(first - timedelta(days=1))
    return first, month_end(today)


def calendar_rows(
    view: StatusView,
    providers: Sequence[tuple[str, str]],
    marks: dict[str, dict[date, DayMark]],
    today: date,
) -> list[CalendarRow]:
    """The rows, the newest month first; months in which no day has a mark are left out."""
    first, last = months_of(view, today)
    rows = []
    month = month_start(last)
    while month >= first:
        end = month_end(month)
        if any(month <= day <= end for known in marks.values() for day in known):
            rows += _month_rows(view, providers, marks, month)
        month = month_start(month - timedelta(days=1))
    return rows


def _month_rows(
    view: StatusView,
    providers: Sequence[tuple[str, str]],
    marks: dict[str, dict[date, DayMark]],
    month: date,
) -> list[CalendarRow]:
    name = f"{formatting.MONTHS[month.month - 1]} {month.year}"
    return [
        CalendarRow(
            provider,
            label,
            name,
            place == 0,
            [_cell(view, provider, label, marks[provider], month, number) for number in DAYS],
        )
        for place, (provider, label) in enumerate(providers)
    ]


def _cell(
    view: StatusView,
    provider: str,
    label: str,
    marks: dict[date, DayMark],
    month: date,
    number: int,
) -> DayCell | None:
    if number > month_end(month).day:
        return None
    day = month.replace(day=number)
    mark = marks.get(day)
    chosen = view.day == day and view.provider == provider
    if mark is None:
        return DayCell(number, "", "", "", chosen)
    words = f"{label}, {formatting.weekday(day)}: {DAY_STYLES[mark.state].word}"
    words += f", {formatting.exact(mark.tokens)} tokens" if mark.tokens else ""
    query = view.query(day=day, provider=provider)
    return DayCell(number, mark.state, words, query, chosen)
