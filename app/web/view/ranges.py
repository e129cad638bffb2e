"""The range picker: presets, months, and the ranges of the same length around the shown one."""

from __future__ import annotations

from datetime import date, timedelta
from typing import NamedTuple

from app.dates import month_end, month_start
from app.web.view import formatting
from app.web.view.params import MOST_DAYS
from app.web.view.state import View

PRESETS = ((7, "7 d", "7 days", "w W"), (30, "30 d", "30 days", ""), (90, "90 d", "90 days", ""))
YEAR = (365, "1 y", "1 year", "y Y")


class Choice(NamedTuple):
    """A link of the picker. `keys` are the keyboard's keys that follow it, "" for none."""

    id: str
    label: str
    title: str
    query: str
    chosen: bool
    keys: str = ""


class RangePicker(NamedTuple):
    """What the picker offers for a view; `custom` when none of the choices is the shown range.

    `earlier` and `later` are the queries one step away, "" when there is nothing to go to;
    `later_words` say which days the later step shows, as it may overlap the shown ones.
    """

    choices: list[Choice]
    today: Choice
    custom: bool
    earlier: str
    later: str
    later_words: str


def range_picker(view: View, span: tuple[date, date]) -> RangePicker:
    """The picker of a view over records that reach from `span[0]` to `span[1]`."""
    presets = [_preset(view, *preset) for preset in (*PRESETS, YEAR)]
    choices = [*presets, *_months(view), _all_time(view)]
    today = _preset(view, 1, "Today", formatting.full_day(view.today), "d D")
    chosen = any(choice.chosen for choice in (*choices, today))
    return RangePicker(choices, today, not chosen, earlier(view, span[0]), *later(view))


def _preset(view: View, days: int, label: str, title: str, keys: str) -> Choice:
    return Choice(f"days-{days}", label, title, view.with_days(days), view.days == days, keys)


def _months(view: View) -> list[Choice]:
    """The month so far and the one before; they are named, as a shared link keeps its dates."""
    present = month_start(view.today)
    last = month_start(present - timedelta(days=1))
    asked = (view.scope.start, view.scope.end) if view.days is None else None
    found = []
    for number, (words, first, keys) in enumerate(
        (("This month", present, "m M"), ("Last month", last, ""))
    ):
        days = (first, min(month_end(first), view.today))
        name = formatting.MONTHS[first.month - 1]
        title = f"{words}, {name} {first.year}"
        query = view.with_dates(*days)
        found.append(Choice(f"month-{number}", name, title, query, asked == days, keys))
    return found


def _all_time(view: View) -> Choice:
    return Choice("days-all", "All", "All time", view.with_all_time(), view.all_time)


def is_month(start: date, end: date, today: date) -> bool:
    """Whether the days are a whole calendar month, or all that has passed of it."""
    return start.day == 1 and end <= month_end(start) and end in (month_end(start), today)


def earlier(view: View, first_known: date) -> str:
    """Query of the period before (`days_before`); of a month to date, the whole month before.

    "" when the range is open or when nothing is known of days before it.
    """
    start, end = view.scope.start, view.scope.end
    before = view.scope.previous(view.today, rolling=view.days is not None)
    if start is None or end is None or before is None or start <= first_known:
        return ""
    if view.days is None and is_month(start, end, view.today):
        last = start - timedelta(days=1)
        return view.with_dates(month_start(last), last)
    return view.with_dates(before.start, before.end) if before.start and before.end else ""


def later(view: View) -> tuple[str, str]:
    """Query of the same number of days immediately after, and words; of a month, the month after.

    What would reach beyond today ends today, so that the step keeps its length. The query is
    "" when the range is open or ends today.
    """
    start, end, days = view.scope.start, view.scope.end, view.scope.days
    if start is None or end is None or days is None or end >= view.today:
        return "", ""
    following = end + timedelta(days=1)
    if is_month(start, end, view.today):
        until = min(month_end(following), view.today)
        return view.with_dates(following, until), "The month after"
    if days >= (view.today - end).days:
        words = f"The last {formatting.count_of(days, 'day')}, up to today"
        return (view.with_days(days), words) if days <= MOST_DAYS else ("", "")
    return view.with_dates(following, end + timedelta(days=days)), "The days after"
