"""Parameters of query strings: of a page (odd values fall back) or an API call (a 400)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from functools import lru_cache
from urllib.parse import quote_plus

from werkzeug.datastructures import MultiDict

from app.dates import parse_day
from app.queries.scope import FILTERS, Scope
from app.web.request.errors import BadRequest

NUMBER = re.compile(r"\d{1,9}", re.ASCII)
HUGE = re.compile(r"[1-9]\d{9,}", re.ASCII)
DEFAULT_DAYS = 30
MOST_DAYS = 36_600
LONGEST_TEXT, LONGEST_SEARCH = 200, 100


def encoded(pairs: Iterable[tuple[str, str]]) -> str:
    """The query string of parameters with plain names, as `urlencode` writes it.

    A page has hundreds of links with the same few values: each is quoted once.
    """
    return "&".join(f"{name}={_quoted(value)}" for name, value in pairs)


@lru_cache(maxsize=2000)
def _quoted(value: str) -> str:
    return quote_plus(value)


def parse_number(text: str, least: int, most: int) -> int | None:
    """A whole number in the bounds, else None."""
    if not NUMBER.fullmatch(text):
        return None
    number = int(text)
    return number if least <= number <= most else None


def last_days(days: int, today: date) -> tuple[date, date]:
    """Today and the `days` - 1 days before."""
    return today - timedelta(days=days - 1), today


def plain_text(text: str, longest: int = LONGEST_SEARCH) -> str:
    """Typed words without blanks around them and without characters no database takes."""
    return text.replace("\0", "").strip()[:longest]


def parse_texts(args: MultiDict[str, str], name: str) -> tuple[str, ...]:
    """The texts that are given for a name, each once."""
    texts = [plain_text(value, LONGEST_TEXT) for value in args.getlist(name)]
    return tuple(dict.fromkeys(filter(None, texts)))


def parse_filters(args: MultiDict[str, str]) -> Scope:
    """The filters that are given, of all days."""
    return Scope(None, None, *(parse_texts(args, name) for name in FILTERS))


def api_scope(args: MultiDict[str, str], today: date, default_days: int | None = None) -> Scope:
    """The scope of an API read, where an unknown filter matches nothing as it does on pages.

    Raises `BadRequest` naming the parameter.
    """
    start, end = _api_range(args, today, default_days)
    return parse_filters(args)._replace(start=start, end=end)


def _api_range(
    args: MultiDict[str, str], today: date, default_days: int | None
) -> tuple[date | None, date | None]:
    start, end = _api_day(args, "startDate"), _api_day(args, "endDate")
    if start or end:
        if start and start > (end or today):
            limit = "endDate" if end else f"today ({today}, UTC)"
            raise BadRequest(f"startDate: must not be after {limit}.")
        return start, end or today
    if text := args.get("days", "").strip():
        days = parse_number(text, 1, MOST_DAYS)
        if days is None:
            raise BadRequest(f"days: must be a whole number from 1 to {MOST_DAYS}.")
        return last_days(days, today)
    return last_days(default_days, today) if default_days else (None, None)


def is_rolling(args: Mapping[str, str]) -> bool:
    """Whether the range of an API read is "the last N days": dates go before `days`."""
    dates = (args.get(name, "").strip() for name in ("startDate", "endDate"))
    return bool(args.get("days", "").strip()) and not any(dates)


def _api_day(args: Mapping[str, str], name: str) -> date | None:
    text = args.get(name, "").strip()
    day = parse_day(text)
    if text and day is None:
        raise BadRequest(f"{name}: must be a day written YYYY-MM-DD, not {text[:40]!r}.")
    return day


def api_number(args: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    """A whole number of an API read; above `most` it is cut to `most`."""
    text = args.get(name, "").strip()
    if not text:
        return default
    number = most if HUGE.fullmatch(text) else parse_number(text, least, most=10**9)
    if number is None:
        raise BadRequest(f"{name}: must be a whole number from {least}, not {text[:40]!r}.")
    return min(number, most)
