"""The state of a page, as its query string says it: what all kinds of pages share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, ClassVar, Self
from urllib.parse import quote_plus

from werkzeug.datastructures import MultiDict

from app.dates import parse_day
from app.queries.scope import FILTERS, NO_FILTERS, Scope
from app.tools import TOOL_KEYS
from app.web.view.params import (
    DEFAULT_DAYS,
    MOST_DAYS,
    encoded,
    last_days,
    parse_filters,
    parse_number,
)

SIZES = (25, 50, 100, 250)
"""The rows of a page that somebody may choose."""
DEFAULT_SIZE = 25
LAST_PAGE = 1_000_000


@dataclass(frozen=True)
class State:
    """What a page shows. Each kind says what of it stands in the query string."""

    def arguments(self) -> list[tuple[str, str]]:
        """The canonical query: no empty and no default parameters."""
        raise NotImplementedError

    def changed(self, **changes: Any) -> Self:
        """The state with changes to its fields."""
        return replace(self, **changes)

    def query(self, **changes: Any) -> str:
        """The query string ("?..." or "?") of this state with changes."""
        return "?" + encoded(self.changed(**changes).arguments())

    def queries_ending(self, name: str, **changes: Any) -> Callable[[str], str]:
        """Queries of this state with changes that end with a value of `name`, one for each row."""
        start = self.query(**changes)
        glue = "" if start == "?" else "&"
        return lambda value: f"{start}{glue}{name}={quote_plus(value)}"


@dataclass(frozen=True)
class View(State):
    """The range and filters of a page of figures.

    `days` is the preset ("today and the N - 1 days before"), None for explicit dates or for
    all time (`all_time`).
    """

    today: date
    scope: Scope
    days: int | None = DEFAULT_DAYS
    all_time: bool = False

    @classmethod
    def with_range_of(cls, args: MultiDict[str, str], today: date, **own: Any) -> Self:
        """The view over the range that a query string asks for; odd values fall back.

        `own` are the further fields of a kind of view.
        """
        scope, days, all_time = _parse_range(args, today)
        return cls(today, scope, days=days, all_time=all_time, **own)

    def arguments(self) -> list[tuple[str, str]]:
        """Range and filters alone."""
        pairs: list[tuple[str, str]] = []
        if self.all_time:
            pairs.append(("days", "all"))
        elif self.days is None:
            bounds = (("start", self.scope.start), ("end", self.scope.end))
            pairs += [(name, day.isoformat()) for name, day in bounds if day]
        elif self.days != DEFAULT_DAYS:
            pairs.append(("days", str(self.days)))
        for name, field in FILTERS.items():
            pairs += [(name, value) for value in getattr(self.scope, field)]
        return pairs

    def changed(self, **changes: Any) -> Self:
        """The view with changes to its fields or to those of its scope."""
        of_scope = {key: changes.pop(key) for key in tuple(changes) if key in Scope._fields}
        return super().changed(scope=self.scope._replace(**of_scope), **changes)

    def plain(self) -> View:
        """Range and filters alone: what a link to another page carries."""
        return View(self.today, self.scope, self.days, self.all_time)

    def plain_query(self, **changes: Any) -> str:
        """The query of range and filters alone, for other pages; "" when it is the default."""
        return self.plain().query(**changes).rstrip("?")

    def with_days(self, days: int) -> str:
        """Query of the same view over today and the `days` - 1 days before."""
        return self.query(days=days, all_time=False)

    def with_dates(self, start: date, end: date) -> str:
        """Query of the same view over these days."""
        return self.query(days=None, all_time=False, start=start, end=end)

    def dated_queries(self) -> Callable[[date, date], str]:
        """`with_dates` of many days: the rest of the query is written once."""
        ends = (date.min.isoformat(), date.max.isoformat())
        start, _, rest = self.with_dates(date.min, date.max).partition(ends[0])
        between, _, end = rest.partition(ends[1])
        return lambda first, last: f"{start}{first}{between}{last}{end}"

    def with_all_time(self) -> str:
        """Query of the same view over everything."""
        return self.query(days=None, all_time=True, start=None, end=None)

    def without_filters(self) -> str:
        """Query of the same range without filters."""
        return self.query(**NO_FILTERS)


@dataclass(frozen=True)
class Pages:
    """What a pager says: rows `first` to `last` of `count`, on page `page` of `last_page`."""

    first: int
    last: int
    count: int
    page: int
    last_page: int


@dataclass(frozen=True)
class Paged(State):
    """A list that is shown a page at a time, `size` rows on each.

    A change of the rows starts at the first page again: from page 4, `query(sort="label")`
    leads to page 1, but `query(page=5)`, or a change that `STAYS_ON_PAGE` names, does not.
    """

    page: int = 1
    size: int = DEFAULT_SIZE
    STAYS_ON_PAGE: ClassVar[frozenset[str]] = frozenset({"page"})

    def arguments(self) -> list[tuple[str, str]]:
        """Page and size alone."""
        usual = (("page", self.page, 1), ("size", self.size, type(self).size))
        return [(name, str(value)) for name, value, default in usual if value != default]

    def changed(self, **changes: Any) -> Self:
        """The state with changes, on the first page when they change the rows."""
        stays = self.STAYS_ON_PAGE.issuperset(changes)
        return super().changed(**changes if stays else {"page": 1} | changes)

    @property
    def offset(self) -> int:
        """How many rows are on the pages before."""
        return (self.page - 1) * self.size

    def within(self, count: int) -> Self:
        """The state of a list of `count` rows: a page after the last one is the last."""
        return replace(self, page=min(self.page, self.last_page(count)))

    def last_page(self, count: int) -> int:
        """The number of the last page of `count` rows, at least 1."""
        return max(1, -(-count // self.size))

    def pages(self, count: int, shown: int) -> Pages:
        """What the pager says of `count` rows, of which this page has `shown`."""
        last_page = self.last_page(count)
        return Pages(self.offset + 1, self.offset + shown, count, self.page, last_page)


@dataclass(frozen=True)
class Searched(Paged):
    """A list with a search."""

    search: str = ""

    def search_arguments(self) -> list[tuple[str, str]]:
        """The search alone."""
        return [("q", self.search)] if self.search else []


def parse_view(args: MultiDict[str, str], today: date) -> View:
    """The range and filters that a page's query string asks for; odd values fall back."""
    return View.with_range_of(args, today)


def _parse_range(args: MultiDict[str, str], today: date) -> tuple[Scope, int | None, bool]:
    """The scope, its preset and whether it is all time."""
    scope = parse_filters(args)
    asked = scope.tools
    known = [tool for tool in TOOL_KEYS if tool in asked]
    # What there is not stays, and matches nothing: the page says so.
    scope = scope._replace(tools=(*known, *(tool for tool in asked if tool not in TOOL_KEYS)))
    start, end = parse_day(args.get("start", "")), parse_day(args.get("end", ""))
    if start or end:
        end = end or today
        if start is None or start <= end:
            return scope._replace(start=start, end=end), None, False
    if args.get("days") == "all":
        return scope, None, True
    days = parse_number(args.get("days", ""), 1, MOST_DAYS) or DEFAULT_DAYS
    start, end = last_days(days, today)
    return scope._replace(start=start, end=end), days, False


def parse_page(args: MultiDict[str, str]) -> int:
    """The page that a query string asks for, the first for odd values."""
    return parse_number(args.get("page", ""), 1, LAST_PAGE) or 1


def parse_size(args: MultiDict[str, str]) -> int:
    """How many rows a page has, the default for odd values."""
    size = parse_number(args.get("size", ""), 1, SIZES[-1])
    return size if size in SIZES else DEFAULT_SIZE
