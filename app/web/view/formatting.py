"""How figures, money, days and ages are written on every page (Jinja filters)."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from flask import Flask

from app.states import BatchStatus, RunStatus
from app.tools import TOOL_KEYS, tool_label
from app.usage import NANOS_PER_CENT, NANOS_PER_DOLLAR
from app.web.view.figure_words import FIGURE_WORDS

SPACE = "\u00a0"
"""No-break space: a figure and its unit never part at the end of a line."""
DASH = "\u2013"
MINUS = "\u2212"
TIMES = "\u00d7"
NEW, UNCHANGED = "new", "unchanged"
NO_OWNER = "No owner"
"""What stands for usage that belongs to nobody, on screen and in files."""

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
WEEKDAY_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_UNITS = ("", "K", "M", "B", "T", "Q")


def compact(count: int) -> str:
    """A count in three significant digits: "3.26 B", "41.2 M", "782 K"; below 1,000 exact."""
    size = abs(count)
    if size < 1000:
        return exact(count)
    digits = str(round(size, 3 - len(str(size))))
    unit = min((len(digits) - 1) // 3, len(_UNITS) - 1)
    point = len(digits) - 3 * unit
    number = f"{digits[:point]}.{digits[point:3]}" if point < 3 else f"{int(digits[:point]):,}"
    return f"{MINUS if count < 0 else ''}{number}{SPACE}{_UNITS[unit]}"


def tick(count: int) -> str:
    """A round count without idle digits, for an axis: "50 M", "2.5 K"."""
    number, _, unit = compact(count).partition(SPACE)
    number = number.rstrip("0").rstrip(".") if "." in number else number
    return f"{number}{SPACE}{unit}" if unit else number


def exact(count: int) -> str:
    """Every digit of a count: "3,260,000,000"."""
    return f"{count:,}".replace("-", MINUS)


def money(nanos: int | None) -> str:
    """Nano-dollars as dollars and cents: "$15,026.69"; a trace is "<$0.01", unknown is a dash."""
    if nanos is None:
        return "\u2014"
    cents, rest = divmod(abs(nanos), NANOS_PER_CENT)
    cents += 2 * rest + (cents & 1) > NANOS_PER_CENT
    if cents == 0 and nanos != 0:
        return "<$0.01"
    sign = MINUS if nanos < 0 else ""
    return f"{sign}${cents // 100:,}.{cents % 100:02d}"


def exact_money(nanos: int) -> str:
    """Every digit of an amount in nano-dollars, at least cents: "$0.000315"."""
    whole, fraction = divmod(abs(nanos), NANOS_PER_DOLLAR)
    digits = f"{fraction:09d}".rstrip("0").ljust(2, "0")
    return f"{MINUS if nanos < 0 else ''}${whole:,}.{digits}"


def percent(part: int, whole: int) -> str:
    """`part` of `whole` with one decimal: "38.1 %"; a trace is "<0.1 %"."""
    return share(Decimal(100 * part) / whole if whole else Decimal(0))


def share(percentage: Decimal) -> str:
    """A percentage with one decimal: "38.1 %"; a trace is "<0.1 %"."""
    rounded = round(percentage, 1)
    if rounded == 0 and percentage > 0:
        return f"<0.1{SPACE}%"
    return f"{rounded:.1f}{SPACE}%"


def change(now: int, before: int) -> str:
    """The change: "+16 %", "\u22120.4 %", "\u00d712" from tenfold on, "new", "unchanged"."""
    if now == before:
        return UNCHANGED
    if before == 0:
        return NEW
    if now >= 10 * before:
        return f"{TIMES}{exact(round(Decimal(now) / before))}"
    points = abs(Decimal(100 * (now - before)) / before)
    size = f"{round(points, 0 if points >= 10 else 1)}" if points >= Decimal("0.05") else "<0.1"
    return f"{sign(now - before)}{size}{SPACE}%"


def sign(difference: int) -> str:
    """The sign before the size of a difference that is not 0."""
    return "+" if difference > 0 else MINUS


def day(value: date) -> str:
    """A day without its year: "22 Nov"."""
    return f"{value.day}{SPACE}{MONTHS[value.month - 1]}"


def full_day(value: date) -> str:
    """A day with its year: "22 Nov 2026"."""
    return f"{day(value)}{SPACE}{value.year}"


def weekday(value: date) -> str:
    """A day with its weekday: "Sun 22 Nov"."""
    return f"{WEEKDAYS[value.weekday()]}{SPACE}{day(value)}"


def days(start: date | None, end: date | None) -> str:
    """A range of days, both included: "24 Oct - 22 Nov 2026" (with an en dash)."""
    if start is None or end is None:
        return _half_open(start, end)
    if start == end:
        return full_day(end)
    if start.year != end.year:
        first = full_day(start)
    elif start.month != end.month:
        first = day(start)
    else:
        first = str(start.day)
    return f"{first} {DASH} {full_day(end)}"


def short_days(start: date, end: date, year: int) -> str:
    """Days that leave out the year of what they stand beside: "1-29 Oct", "28 Sep - 4 Oct"."""
    if (start.year, end.year) != (year, year):
        return days(start, end)
    if start == end:
        return day(end)
    if start.month == end.month:
        return f"{start.day}{DASH}{day(end)}"
    return f"{day(start)} {DASH} {day(end)}"


def _half_open(start: date | None, end: date | None) -> str:
    if start:
        return f"since {full_day(start)}"
    return f"until {full_day(end)}" if end else "all time"


def clock(moment: datetime) -> str:
    """A moment to the minute, in the zone it carries: "22 Nov 11:04"."""
    return f"{day(moment.date())}{SPACE}{moment:%H:%M}"


def age(moment: datetime, now: datetime) -> str:
    """How long ago a moment was: "just now", "12 min ago", "3 h ago", "2 d ago"."""
    minutes = int((now - moment).total_seconds()) // 60
    if minutes < 1:
        return "just now"
    if minutes < 60:
        return f"{minutes}{SPACE}min ago"
    if minutes < 48 * 60:
        return f"{minutes // 60}{SPACE}h ago"
    return f"{exact(minutes // (24 * 60))}{SPACE}d ago"


def count_of(count: int, one: str, many: str = "") -> str:
    """A count with its noun: "1 key", "3 keys", "2 people"."""
    return f"{exact(count)}{SPACE}{one if count == 1 else many or one + 's'}"


def tool_class(tool: str) -> str:
    """The style class that gives a tool its colour on every page."""
    return f"tool-{tool.replace('_', '-')}" if tool in TOOL_KEYS else "tool-other"


FILTERS = (
    compact,
    tick,
    exact,
    money,
    exact_money,
    percent,
    share,
    day,
    full_day,
    weekday,
    days,
    clock,
    age,
    count_of,
    tool_label,
    tool_class,
)


def register(app: Flask) -> None:
    """Makes `FILTERS` Jinja filters of their own names, and states and figures' words known."""
    app.jinja_env.globals.update(
        BatchStatus=BatchStatus, RunStatus=RunStatus, figure_words=FIGURE_WORDS
    )
    for function in FILTERS:
        app.add_template_filter(function)
