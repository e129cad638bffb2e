"""The state of `/status`, as its query string says it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from urllib.parse import urlencode

from werkzeug.datastructures import MultiDict

from app.dates import parse_day
from app.providers import PROVIDERS
from app.web.view.params import parse_number

NAMES = tuple(provider.NAME for provider in PROVIDERS)
LAST_PAGE = 1_000_000
LAST_RUN = 10**9 - 1
FIRST_YEAR = 2000


@dataclass(frozen=True)
class StatusView:
    """What is chosen: a year of the calendar (0: the last months), a day, a run, a page of runs."""

    year: int = 0
    provider: str = ""
    day: date | None = None
    run: int = 0
    page: int = 1

    def arguments(self) -> list[tuple[str, str]]:
        """The canonical query: no empty and no default parameters."""
        pairs = [("year", str(self.year))] if self.year else []
        if self.day:
            pairs += [("day", self.day.isoformat()), ("provider", self.provider)]
        if self.run:
            pairs.append(("run", str(self.run)))
        return [*pairs, ("page", str(self.page))] if self.page > 1 else pairs

    def query(self, **changes: Any) -> str:
        """The query string ("?..." or "?") of this view with changes."""
        return "?" + urlencode(replace(self, **changes).arguments())


def parse_status_view(args: MultiDict[str, str], today: date) -> StatusView:
    """The view that a query string asks for; odd values fall back to the default."""
    provider = args.get("provider", "")
    return StatusView(
        year=parse_number(args.get("year", ""), FIRST_YEAR, today.year) or 0,
        provider=provider if provider in NAMES else NAMES[0],
        day=parse_day(args.get("day", "")),
        run=parse_number(args.get("run", ""), 1, LAST_RUN) or 0,
        page=parse_number(args.get("page", ""), 1, LAST_PAGE) or 1,
    )
