"""The state of `/status`, as its query string says it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from werkzeug.datastructures import MultiDict

from app.dates import parse_day
from app.providers import PROVIDERS
from app.web.view.params import parse_number
from app.web.view.state import Paged, parse_page

NAMES = tuple(provider.NAME for provider in PROVIDERS)
LAST_RUN = 10**9 - 1
FIRST_YEAR = 2000


@dataclass(frozen=True)
class StatusView(Paged):
    """What is chosen: a year of the calendar (0: the last months), a day, a run, a page of runs."""

    year: int = 0
    provider: str = ""
    day: date | None = None
    run: int = 0
    size: int = 25
    STAYS_ON_PAGE: ClassVar[frozenset[str]] = frozenset({"page", "year", "provider", "day", "run"})

    def arguments(self) -> list[tuple[str, str]]:
        """The canonical query: no empty and no default parameters."""
        pairs = [("year", str(self.year))] if self.year else []
        if self.day:
            pairs += [("day", self.day.isoformat()), ("provider", self.provider)]
        if self.run:
            pairs.append(("run", str(self.run)))
        return [*pairs, *super().arguments()]


def parse_status_view(args: MultiDict[str, str], today: date) -> StatusView:
    """The view that a query string asks for; odd values fall back to the default."""
    provider = args.get("provider", "")
    return StatusView(
        year=parse_number(args.get("year", ""), FIRST_YEAR, today.year) or 0,
        provider=provider if provider in NAMES else NAMES[0],
        day=parse_day(args.get("day", "")),
        run=parse_number(args.get("run", ""), 1, LAST_RUN) or 0,
        page=parse_page(args),
    )
