"""Strict readers for single values of a provider's JSON: they accept or explain, never guess."""

from __future__ import annotations

import re
import reprlib
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation

MAX_TOKENS = 10**12
MAX_DOLLARS = 10**7
"""Of one record, in each of its counts and amounts: what is more is refused and named.

The largest record ever seen had some 10^10 tokens. What records add up to has a bound of its
own, see `app.ledger.bounds`.
"""
EARLIEST = datetime(2020, 1, 1, tzinfo=UTC)
LATEST_AHEAD = timedelta(hours=48)

DIGITS = re.compile(r"[0-9]{1,16}")
INSTANT_DIGITS = re.compile(r"[0-9]{1,17}")
DECIMAL_TEXT = re.compile(r"-?[0-9]{1,40}(\.[0-9]{1,40})?([eE][+-]?[0-9]{1,4})?")
DAY_TEXT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
INSTANT_TEXT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?"
    r"(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
)
NOT_STORABLE = re.compile("[\x00\ud800-\udfff]")


class BadValue(ValueError):
    """A value that cannot be used. The message says what was wrong, without the field's name."""


def token_count(value: object, *, missing: int = 0) -> int:
    """Return a count of tokens, 0 to 10**12; None gives `missing`.

    Accepts an int, an integral Decimal and a string of 1 to 16 ASCII digits. BadValue for the
    rest: booleans, fractions, negative numbers, `1_000`, other alphabets' digits.
    """
    if value is None:
        return missing
    count = _whole(value, DIGITS)
    if count is None or not 0 <= count <= MAX_TOKENS:
        raise BadValue(f"expected a whole number from 0 to 10^12, got {_shown(value)}")
    return count


def nanos_from_cents(value: object) -> int | None:
    """Return nano-dollars for decimal cents (int, Decimal or decimal text), rounded half-even once.

    None gives None (unknown). BadValue for booleans, NaN, infinity, other text and amounts
    beyond ten million dollars. Negative amounts are credits and stay.
    """
    return _nanos(value, exponent=-7, largest=MAX_DOLLARS * 100)


def nanos_from_dollars(value: object) -> int | None:
    """Return nano-dollars for decimal dollars; the rules of `nanos_from_cents`."""
    return _nanos(value, exponent=-9, largest=MAX_DOLLARS)


def instant_ms(value: object) -> int:
    """Return epoch milliseconds for an epoch instant in seconds, milliseconds or microseconds.

    The unit follows from the magnitude. Accepts an int, an integral Decimal and digits in a
    string. BadValue before 2020 and more than 48 hours ahead of the clock.
    """
    instant = _whole(value, INSTANT_DIGITS)
    if instant is None or instant < 0:
        raise BadValue(f"expected an epoch instant in whole milliseconds, got {_shown(value)}")
    milliseconds = _milliseconds(instant)
    latest = datetime.now(UTC) + LATEST_AHEAD
    if milliseconds < EARLIEST.timestamp() * 1000:
        raise BadValue(f"the instant {_shown(value)} is before 2020")
    if milliseconds > latest.timestamp() * 1000:
        raise BadValue(f"the instant {_shown(value)} is more than 48 hours in the future")
    return milliseconds


def utc_day(text: object) -> date:
    """Return the UTC calendar day of `YYYY-MM-DD` or of an ISO 8601 instant with its zone.

    Upper-case T and Z, up to nine digits of a second, `±hh:mm`. BadValue for anything else,
    such as a time without a zone, a week date or 30 February.
    """
    if not isinstance(text, str):
        raise BadValue(f"expected a date in text, got {_shown(text)}")
    try:
        if DAY_TEXT.fullmatch(text):
            return date.fromisoformat(text)
        if INSTANT_TEXT.fullmatch(text):
            return datetime.fromisoformat(text).astimezone(UTC).date()
    except (ValueError, OverflowError):
        raise BadValue(f"there is no such date as {_shown(text)}") from None
    raise BadValue(f"expected YYYY-MM-DD or an ISO 8601 time with its zone, got {_shown(text)}")


def clean_text(value: object, limit: int = 300) -> str:
    """Return text both databases can store, cut to `limit` characters; None gives "".

    NUL and lone surrogates are removed. BadValue for anything but text.
    """
    if value is None:
        return ""
    if not isinstance(value, str):
        raise BadValue(f"expected text, got {_shown(value)}")
    return NOT_STORABLE.sub("", value)[:limit]


def _whole(value: object, digits: re.Pattern[str]) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, Decimal):
        return _integral(value)
    if isinstance(value, str) and digits.fullmatch(value):
        return int(value)
    return None


def _integral(value: Decimal) -> int | None:
    # The size is checked first: int(Decimal("1e999999999")) would fill the memory.
    if not value.is_finite() or value.copy_abs() > 10**18 or value != value.to_integral_value():
        return None
    return int(value)


def _milliseconds(instant: int) -> int:
    # 10^12 is a moment of 2001 in milliseconds and of the year 33658 in seconds: nothing that is
    # accepted, from 2020 on, can be meant in two units.
    if instant < 10**12:
        return instant * 1000
    if instant < 10**15:
        return instant
    return instant // 1000


def _nanos(value: object, *, exponent: int, largest: int) -> int | None:
    if value is None:
        return None
    amount = _decimal(value)
    if amount is None or not amount.is_finite() or amount.copy_abs() > largest:
        raise BadValue(f"expected a decimal amount up to 10^7 dollars, got {_shown(value)}")
    # quantize rounds the exact operand; a multiplication would round to 28 digits before it.
    rounded = amount.quantize(Decimal(1).scaleb(exponent), rounding=ROUND_HALF_EVEN)
    return int(rounded.scaleb(-exponent))


def _decimal(value: object) -> Decimal | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | Decimal):
        return Decimal(value)
    if isinstance(value, str) and DECIMAL_TEXT.fullmatch(value):
        try:
            return Decimal(value)
        except InvalidOperation:
            return None
    return None


def _shown(value: object) -> str:
    return reprlib.repr(value)
