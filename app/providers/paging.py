"""Proof that a paged answer is whole, and its records day by day."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from importlib import metadata
from typing import Any, NoReturn, TypeVar

from app.dates import days_between
from app.providers.fields import required
from app.upstream import Client, ErrorClass
from app.usage import DayUsage, UsageRecord
from app.values import BadValue, token_count

MAX_PAGES = 10_000
MAX_EMPTY_PAGES = 3
REPORTING_LAG = timedelta(hours=2)
"""How long after a day's end a provider may still add usage to it."""

Parsed = TypeVar("Parsed")
log = logging.getLogger(__name__)


def user_agent() -> str:
    """Name and version of this program, as providers ask for in the User-Agent header."""
    try:
        return f"ai-usage-tracker/{metadata.version('ai-usage-tracker')}"
    except metadata.PackageNotFoundError:
        return "ai-usage-tracker/development"


class PageProof:
    """Follows one paged answer and refuses whatever does not prove that it is whole.

    A page that is missing its list, says nothing clear about further pages, repeats an
    earlier page or token, or goes on without rows raises UpstreamError: a day is stored only
    when all of it arrived. `twins` is how many rows of two pages may honestly be equal
    (providers whose rows carry no id).
    """

    def __init__(self, client: Client, path: str, *, twins: int = 0) -> None:
        self._client = client
        self._path = path
        self._twins = twins
        self._page = 0
        self._empty_pages = 0
        self._tokens: set[str] = set()
        self._seen: set[bytes] = set()
        self._new_fields: set[str] = set()

    def rows(self, body: Mapping[str, Any], name: str) -> list[Any]:
        """The list `name` of the next page."""
        self._page += 1
        if self._page > MAX_PAGES:
            self.fail(f"the answer goes on after {MAX_PAGES:,} pages")
        if name not in body:
            self.fail(f"page {self._page} has no list {name!r}", ErrorClass.UNEXPECTED)
        rows = body[name]
        if not isinstance(rows, list):
            kind = type(rows).__name__
            self.fail(f"{name!r} on page {self._page} is no list but {kind}", ErrorClass.UNEXPECTED)
        self._count_empty(rows)
        if rows:
            # A page of so few rows is known by all of its answer, such as its token.
            self._refuse_repeat(rows if len(rows) > self._twins else body)
        return rows

    def part(self, body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
        """The object `name` of the present page."""
        value = body.get(name)
        if not isinstance(value, dict):
            self.fail(f"page {self._page} has no object {name!r}", ErrorClass.UNEXPECTED)
        return value

    def total(self, body: Mapping[str, Any], name: str) -> int:
        """The count `name` of the present page."""
        try:
            return required(body, name, token_count)
        except BadValue as error:
            self.fail(f"page {self._page}: {error}", ErrorClass.UNEXPECTED)

    def has_more(self, holder: Mapping[str, Any], flag: str) -> bool:
        """Whether another page follows; anything but true or false is refused."""
        more = holder.get(flag)
        if not isinstance(more, bool):
            self.fail(f"{flag} on page {self._page} is {more!r:.40}, not true or false")
        return more

    def token(self, holder: Mapping[str, Any], name: str) -> str:
        """The token of the page that follows: a text that was not given before."""
        token = holder.get(name)
        if not isinstance(token, str) or not token:
            self.fail(f"page {self._page} says more follows but gives no {name}")
        if token in self._tokens:
            self.fail(f"page loop: page {self._page} gives a {name} that was given before")
        self._tokens.add(token)
        return token

    def parsed(
        self, rows: Iterable[Any], parse: Callable[[Any], Parsed], what: str = "row"
    ) -> list[Parsed]:
        """`parse` of each row of the present page; a BadValue names page, row and field."""
        parsed = []
        for number, row in enumerate(rows, 1):
            try:
                parsed.append(parse(row))
            except BadValue as error:
                where = f"{what} {number} of page {self._page}"
                self.fail(f"{where}: {error}", ErrorClass.UNEXPECTED)
        return parsed

    def note_new_fields(self, row: Mapping[str, Any], known: frozenset[str]) -> None:
        """Log each field this program does not know once per answer."""
        for name in row.keys() - known - self._new_fields:
            self._new_fields.add(name)
            log.info("%s: new field %.80r seen, its value is not counted", self._path, name)

    def fail(self, why: str, kind: ErrorClass = ErrorClass.INCOMPLETE) -> NoReturn:
        """Raise the UpstreamError for an answer that cannot be trusted."""
        self._client.fail(self._path, why, kind)

    def _count_empty(self, rows: list[Any]) -> None:
        self._empty_pages = 0 if rows else self._empty_pages + 1
        if self._empty_pages > MAX_EMPTY_PAGES:
            self.fail(f"{self._empty_pages} empty pages came in a row")

    def _refuse_repeat(self, content: object) -> None:
        digest = hashlib.sha256(repr(content).encode("utf-8", "surrogatepass")).digest()
        if digest in self._seen:
            self.fail(f"page loop: page {self._page} is a duplicate page of an earlier one")
        self._seen.add(digest)


def day_start(day: date) -> datetime:
    """The first moment of a UTC day."""
    return datetime.combine(day, time.min, UTC)


def check_window(start: date, end: date, most_days: int) -> None:
    """ValueError unless the window has one to `most_days` days."""
    days = (end - start).days + 1
    if not 1 <= days <= most_days:
        raise ValueError(f"A window has 1 to {most_days} days, {start} to {end} has {days}.")


def by_day(records: Iterable[UsageRecord], start: date, end: date, now: datetime) -> list[DayUsage]:
    """The records of a window day by day, oldest first, with every day of it present.

    A day is settled two hours after it ended. Records come in a fixed order, so that the same
    usage always gives the same list.
    """
    days: dict[date, list[UsageRecord]] = {day: [] for day in days_between(start, end)}
    for record in records:
        days[record.day].append(record)
    return [
        DayUsage(day, sorted(found, key=_order), now >= day_start(day + _ONE_DAY) + REPORTING_LAG)
        for day, found in days.items()
    ]


_ONE_DAY = timedelta(days=1)


def _order(record: UsageRecord) -> tuple[Any, ...]:
    unknown_as_least = (
        -1 if record.value_nanos is None else record.value_nanos,
        -1 if record.billed_nanos is None else record.billed_nanos,
    )
    return (
        record.at_ms or 0,
        record.actor,
        record.tool,
        record.model,
        record.tokens,
        record.detail,
        *unknown_as_least,
    )
