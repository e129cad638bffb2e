"""Query strings: into a view of a page (odd values fall back) or an API call (they are a 400)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from werkzeug.datastructures import MultiDict

from app.dates import parse_day
from app.providers import PROVIDERS
from app.queries.scope import Scope
from app.web.request.errors import BadRequest

NUMBER = re.compile(r"\d{1,9}", re.ASCII)
HUGE = re.compile(r"[1-9]\d{9,}", re.ASCII)
DEFAULT_DAYS = 30
MOST_DAYS = 36_600
TOOLS = tuple(provider.TOOL for provider in PROVIDERS)
LONGEST_TEXT = 200


def parse_number(text: str, least: int, most: int) -> int | None:
    """A whole number in the bounds, else None."""
    if not NUMBER.fullmatch(text):
        return None
    number = int(text)
    return number if least <= number <= most else None


def last_days(days: int, today: date) -> tuple[date, date]:
    """Today and the `days` - 1 days before."""
    return today - timedelta(days=days - 1), today


@dataclass(frozen=True)
class View:
    """The state of a page, as its query string says it.

    `days` is the preset ("today and the N - 1 days before"), None for explicit dates or for
    all time (`all_time`).
    """

    today: date
    scope: Scope
    days: int | None = DEFAULT_DAYS
    all_time: bool = False

    def arguments(self) -> list[tuple[str, str]]:
        """The canonical query: no empty and no default parameters."""
        pairs: list[tuple[str, str]] = []
        if self.all_time:
            pairs.append(("days", "all"))
        elif self.days is None:
            bounds = (("start", self.scope.start), ("end", self.scope.end))
            pairs += [(name, day.isoformat()) for name, day in bounds if day]
        elif self.days != DEFAULT_DAYS:
            pairs.append(("days", str(self.days)))
        pairs += [("tool", tool) for tool in self.scope.tools]
        pairs += [("model", model) for model in self.scope.models]
        return pairs + [("team", team) for team in self.scope.teams]

    def query(self, **changes: Any) -> str:
        """The query string ("?..." or "") of this view with changes to its fields or scope."""
        scope_changes = {key: changes.pop(key) for key in tuple(changes) if key in Scope._fields}
        changed = replace(self, scope=self.scope._replace(**scope_changes), **changes)
        text = urlencode(changed.arguments())
        return f"?{text}" if text else "?"

    def with_days(self, days: int) -> str:
        """Query of the same view over today and the `days` - 1 days before."""
        return self.query(days=days, all_time=False)

    def with_dates(self, start: date, end: date) -> str:
        """Query of the same view over these days."""
        return self.query(days=None, all_time=False, start=start, end=end)

    def with_all_time(self) -> str:
        """Query of the same view over everything."""
        return self.query(days=None, all_time=True, start=None, end=None)

    def without_filters(self) -> str:
        """Query of the same range without tool, model and team filters."""
        return self.query(tools=(), models=(), teams=())


def parse_view(args: MultiDict[str, str], today: date) -> View:
    """The view that a page's query string asks for; odd values fall back to the default."""
    tools = tuple(tool for tool in TOOLS if tool in args.getlist("tool"))
    filters = (tools, _names(args, "model"), _names(args, "team"))
    start, end = parse_day(args.get("start", "")), parse_day(args.get("end", ""))
    if start or end:
        end = end or today
        if start is None or start <= end:
            return View(today, Scope(start, end, *filters), days=None)
    if args.get("days") == "all":
        return View(today, Scope(None, None, *filters), days=None, all_time=True)
    days = parse_number(args.get("days", ""), 1, MOST_DAYS) or DEFAULT_DAYS
    return View(today, Scope(*last_days(days, today), *filters), days=days)


def _names(args: MultiDict[str, str], name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_texts(args.getlist(name))))


def _texts(values: list[str]) -> list[str]:
    return [text for value in values if (text := value.replace("\0", "").strip()[:LONGEST_TEXT])]


def api_scope(args: MultiDict[str, str], today: date, default_days: int | None = None) -> Scope:
    """The scope of an API read. Raises `BadRequest` naming the parameter."""
    start, end = _api_range(args, today, default_days)
    tools = _names(args, "tool")
    for tool in tools:
        if tool not in TOOLS:
            raise BadRequest(f"tool: must be one of {', '.join(TOOLS)}, not {tool!r}.")
    return Scope(start, end, tools, _names(args, "model"), _names(args, "team"))


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
