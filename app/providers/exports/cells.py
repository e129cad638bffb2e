"""Strict readers for the cells of a CSV export: they accept or explain, never guess."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from app.dates import utc_now
from app.values import (
    DAY_TEXT,
    EARLIEST,
    INSTANT_TEXT,
    LATEST_AHEAD,
    MAX_TOKENS,
    BadValue,
    nanos_from_dollars,
)

SHOWN = 80
_FAST_DIGITS = 12
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_DAY_OR_HOUR = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?: [0-9]{2}:[0-9]{2}(?::[0-9]{2})?)?")
_GROUPED = re.compile(r"[1-9][0-9]{0,2}(?:,[0-9]{3})+(?![0-9])")
_COUNT = re.compile(r"(?P<whole>[0-9]{1,17})(?:\.0{1,2})?")
_UNITS = re.compile(r"(?P<whole>[0-9]{1,9})(?:\.(?P<part>[0-9]{1,9}))?")
_MONEY = re.compile(
    r"(?P<minus>[-\u2212]?)(?:US\$|\$|USD)? ?(?P<minus_inside>[-\u2212]?)"
    r"(?P<amount>[0-9.,eE+-]{1,60}?)(?: ?USD)?",
    re.ASCII,
)
_IN_PARENTHESES = re.compile(r"\(([^()]*)\)")
_NO_MONEY = frozenset({"", "-", "--", "\u2013", "\u2014", "n/a", "na", "nan", "null", "none"})
"""Cells that say of an amount that it is not known."""
_A_TRACE = re.compile(r"< ?(?:US)?\$? ?0?\.0*1 ?(?:USD)?", re.ASCII)
_DECIMAL_COMMA = re.compile(r"-?[0-9]+(?:[. ][0-9]{3})*,(?:[0-9]{1,2}|[0-9]{4,})", re.ASCII)
_SPACED_INSTANT = re.compile(
    r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})[T ](?P<time>[0-9:.]{5,18}) ?"
    r"(?P<zone>Z|UTC|GMT|[+-][0-9]{2}(?::?[0-9]{2})?)"
)
_DECIMAL_OR_THOUSANDS = re.compile(r"-?[1-9][0-9]{0,2}[.,][0-9]{3}")


class BadCell(BadValue):
    """A cell that cannot be used: `value` is what it holds, the message names its column."""

    def __init__(self, column: str, value: str, why: str) -> None:
        super().__init__(f"{column}: {why}")
        self.value = value[:SHOWN]


class CellReader:
    """Reads numbers and times of one file.

    In a file with semicolons or tabs between its columns a comma can be a decimal comma, so
    what could be either is refused. Instants before 2020 and more than 48 hours after `now`
    are refused.
    """

    def __init__(self, delimiter: str = ",", now: datetime | None = None) -> None:
        self._commas_are_ambiguous = delimiter != ","
        self._latest = (now or utc_now()) + LATEST_AHEAD
        # A file says the same days and amounts over and over; what is remembered goes with it.
        self.day = lru_cache(maxsize=4096)(self._read_day)
        self.dollars = lru_cache(maxsize=4096)(self._read_dollars)

    def count(self, text: str, column: str) -> int:
        """A count from 0 to 10^12; an empty cell is 0.

        Accepts ASCII digits, commas between groups of three, and `.0` or `.00` at the end.
        """
        # Most cells of a million rows: without the patterns in a quarter of their time.
        if text.isdigit() and text.isascii() and len(text) <= _FAST_DIGITS:
            return int(text)
        if not text:
            return 0
        parts = _COUNT.fullmatch(self._without_commas(text, column))
        if parts is None or int(parts["whole"]) > MAX_TOKENS:
            raise BadCell(column, text, f"expected a whole number from 0 to 10^12, got {_q(text)}")
        return int(parts["whole"])

    def counts(self, texts: Sequence[str], columns: Sequence[str]) -> list[int]:
        """The count of each cell."""
        plain = "".join(texts)
        if plain.isdigit() and plain.isascii() and max(map(len, texts)) <= _FAST_DIGITS:
            return [int(text or 0) for text in texts]
        return list(map(self.count, texts, columns))

    def units(self, text: str, column: str) -> int | None:
        """A number of units such as 4, 4.0 or 0.5; None where it is not whole."""
        parts = _UNITS.fullmatch(text)
        if parts is None:
            raise BadCell(column, text, f"expected a number such as 4 or 0.5, got {_q(text)}")
        return None if (parts["part"] or "").strip("0") else int(parts["whole"])

    def instant(self, text: str, column: str) -> tuple[date, int | None]:
        """The UTC day, and epoch milliseconds where there is a time (with its zone).

        A stated zone is a zone: `2026-03-31 02:00:00+00:00`, `... UTC`, `...+0530` and `...+02`
        are read, also without seconds.
        """
        if INSTANT_TEXT.fullmatch(text):
            return self._moment(text, column)
        return self._read_instant(_with_t(text), column)

    def _read_instant(self, text: str, column: str) -> tuple[date, int | None]:
        if not INSTANT_TEXT.fullmatch(text):
            if not DAY_TEXT.fullmatch(text):
                wanted = "expected YYYY-MM-DD, or a time with its zone as 2026-03-31T02:00:00Z"
                raise BadCell(column, text, f"{wanted}, got {_q(text)}")
            return self.day(text, column), None
        return self._moment(text, column)

    def _moment(self, text: str, column: str) -> tuple[date, int]:
        try:
            moment = datetime.fromisoformat(text)
            if text[-1] != "Z":
                moment = moment.astimezone(UTC)
        except (ValueError, OverflowError):
            raise BadCell(column, text, f"there is no such date as {_q(text)}") from None
        self._check_time(moment, text, column)
        return moment.date(), (moment - _EPOCH) // _MILLISECOND

    def _read_day(self, text: str, column: str) -> date:
        """The UTC day of `YYYY-MM-DD` and of `YYYY-MM-DD HH:MM`, which has to be in UTC.

        Of an instant with its zone, too.
        """
        if INSTANT_TEXT.fullmatch(_with_t(text)):
            return self.instant(text, column)[0]
        if not _DAY_OR_HOUR.fullmatch(text):
            wanted = "expected YYYY-MM-DD or YYYY-MM-DD HH:MM"
            raise BadCell(column, text, f"{wanted}, got {_q(text)}")
        try:
            moment = datetime.fromisoformat(text).replace(tzinfo=UTC)
        except ValueError:
            raise BadCell(column, text, f"there is no such date as {_q(text)}") from None
        self._check_time(moment, text, column)
        return moment.date()

    def _check_time(self, moment: datetime, text: str, column: str) -> None:
        if moment < EARLIEST:
            raise BadCell(column, text, f"{_q(text)} is before 2020")
        if moment > self._latest:
            raise BadCell(column, text, f"{_q(text)} is more than 48 hours in the future")

    def _read_dollars(self, text: str, column: str) -> int | None:
        """Nano-dollars, rounded half-even once; None for what says no amount.

        That is an empty cell, dashes, `N/A`, `NaN` and `<$0.01`. Accepts `1.23`, `$1.23`,
        `US$ 1.23`, `1.23 USD`, `.5`, `-1.23`, also with the typographic minus that our own
        figures have, `($1.23)` for a negative amount, and commas between groups of three. Every
        other currency and infinity are refused.
        """
        if text.lower() in _NO_MONEY or _A_TRACE.fullmatch(text):
            return None
        if inside := _IN_PARENTHESES.fullmatch(text):
            credit = self._read_dollars(inside[1], column)
            if credit is None or credit < 0:
                raise BadCell(column, text, f"expected dollars such as 1.23, got {_q(text)}")
            return -credit
        parts = _MONEY.fullmatch(text)
        if parts is None or (parts["minus"] and parts["minus_inside"]):
            raise BadCell(column, text, f"expected dollars such as 1.23, got {_q(text)}")
        nanos = self._amount(parts["amount"], text, column)
        negative = parts["minus"] or parts["minus_inside"]
        return -nanos if negative and nanos else nanos

    def _amount(self, amount: str, text: str, column: str) -> int | None:
        """Nano-dollars of the amount in a cell, which is `text`."""
        if _DECIMAL_COMMA.fullmatch(amount):
            point = _pointed(amount)
            why = f"{_q(text)} has a decimal comma; write it with a point, as {point}"
            raise BadCell(column, text, why)
        plain = self._without_commas(amount, column)
        try:
            return nanos_from_dollars(f"0{plain}" if plain.startswith(".") else plain)
        except BadValue:
            why = f"expected dollars such as 1.23, up to 10^7, got {_q(text)}"
            raise BadCell(column, text, why) from None

    def _without_commas(self, text: str, column: str) -> str:
        if self._commas_are_ambiguous and _DECIMAL_OR_THOUSANDS.fullmatch(text):
            why = f"in a file without commas between its columns {_q(text)} is ambiguous"
            raise BadCell(column, text, f"{why} (thousands or decimals?)")
        grouped = _GROUPED.match(text)
        return grouped[0].replace(",", "") + text[grouped.end() :] if grouped else text


def _with_t(text: str) -> str:
    """An instant as ISO 8601 writes it; any other text as it is."""
    parts = None if INSTANT_TEXT.fullmatch(text) else _SPACED_INSTANT.fullmatch(text)
    if parts is None:
        return text
    zone = "Z" if parts["zone"] in ("Z", "UTC", "GMT") else parts["zone"].replace(":", "")
    zone = zone if zone == "Z" else f"{zone[:3]}:{zone[3:] or '00'}"
    return f"{parts['day']}T{parts['time']}{zone}"


def _pointed(text: str) -> str:
    whole, _, part = text.partition(",")
    return whole.replace(".", "").replace(" ", "") + "." + part


def _q(text: str) -> str:
    return repr(text if len(text) <= SHOWN else text[:SHOWN] + "…")
