"""A card of any page: a figure of a range, and how its change is said in words."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from app.web.view import formatting

DASH = "\u2014"
NOT_KNOWN = f"{DASH} before"
"""Instead of a change, when all the days before are earlier than the first known day."""
Writer = Callable[[int], str]


class Card(NamedTuple):
    """One figure of the range: as shown, in full, against the days before, and its curve.

    `compared` tells both sides of the change in full. `sort`, or `rows` and `measure`, say
    which view of the people is behind it.
    """

    label: str
    value: str
    full: str
    change: str
    compared: str
    spark: str
    sort: str = ""
    rows: str = ""
    measure: str = ""


def compared_words(now: str, before: str, *, known: bool) -> str:
    """Both sides of a change in full; the days before the first known one have no figure."""
    return f"{now}; before: {before if known else 'nothing is known'}"


def change_words(write: Callable[[int], str], now: int, before: int) -> str:
    """Both the earlier value and the change: "2.81 B before, up 16 %", "0 before, new"."""
    return f"{write(before)} before, {formatting.change(now, before)}"


def until_words(write: Writer, shown: int, compared: int, until: date | None) -> str:
    """The figure that a change compares, up to its last day, where it is not the shown one."""
    if until is None or write(shown) == write(compared):
        return ""
    return f"{write(compared)} to {formatting.day(until)}; "


def write_share(hundredths: int) -> str:
    """Hundredths of a percent as a percentage: "87.9 %"."""
    return formatting.share(Decimal(hundredths) / 100)


def points_words(now: int, before: int) -> str:
    """The earlier share and the change in percentage points, both of hundredths of a percent."""
    if before == 0:
        words = "new" if now else "unchanged"
    else:
        points = abs(Decimal(now - before)) / 100
        coarse = points >= Decimal("0.1") and write_share(now) != write_share(before)
        # Finer than the shares beside it where these are written alike.
        size = f"{points:.1f}" if coarse else f"{points:.2f}"
        direction = "up" if now > before else "down"
        words = f"{direction}{formatting.SPACE}{size}{formatting.SPACE}points"
        words = words if now != before else "unchanged"
    return f"{write_share(before)} before, {words}"
