"""Links between pages, and the range and filters that travel along."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from flask import request, url_for

from app.dates import utc_today
from app.queries.records.origin import Origin
from app.queries.records.question import Whose
from app.web.view.figure_words import FIGURE_WORDS
from app.web.view.params import encoded
from app.web.view.records import records_link
from app.web.view.state import View, parse_view

PAGES = (
    ("dashboard.page", "Overview"),
    ("people.page", "People"),
    ("status.page", "Status"),
    ("imports.page", "Import"),
    ("settings_keys.page", "Settings"),
)
PAGES_OF_FIGURES = ("dashboard.page", "people.page")
"""Pages with a range and filters: a link to them takes those of the present page along."""
MEASURES_OF_COLUMNS = {
    words.column: words.measure for words in FIGURE_WORDS.values() if words.money
}
"""Money that pages put first: the list of people by a column, the overview by a measure."""
WITH_PAGES_BELOW = ("imports.page", "settings_keys.page")
PATH_CHARACTERS = "!$&'()*+,:;=@"
"""What stands in a path as it is, beside letters, digits and "-._~"."""
DEFAULTS = (("sort", "totalTokens"), ("measure", "tokens"))
SELDOM_SHOWN = (
    "totalBilled",
    "tools",
    "inputTokens",
    "cacheWriteTokens",
    "cacheReadTokens",
    "outputTokens",
    "avgTokensPerDay",
    "firstActive",
)
"""Columns that the list of people shows only when asked."""
BESIDE = ("email", "totalTokens", "totalCost")
"""Columns that it then shows beside the one asked for."""


def navigation() -> list[tuple[str, str, bool]]:
    """(URL, label, is the present page) of the main pages."""
    pairs = parse_view(request.args, utc_today()).arguments()
    return [
        (url_for(endpoint) + _taken_along(endpoint, pairs), label, is_present(endpoint))
        for endpoint, label in PAGES
    ]


def _taken_along(endpoint: str, pairs: list[tuple[str, str]]) -> str:
    """Range, filters, and the money that was put first, for a page that has them."""
    if endpoint not in PAGES_OF_FIGURES:
        return ""
    told = [*pairs, *_put_first(endpoint)]
    return f"?{encoded(told)}" if told else ""


def _put_first(endpoint: str) -> list[tuple[str, str]]:
    """How a page puts the money first that the present page does."""
    asked = (request.args.get("measure"), request.args.get("sort"))
    for column, measure in MEASURES_OF_COLUMNS.items():
        if measure == asked[0] or column == asked[1]:
            by_column = [("sort", column), *columns_for(column)]
            return by_column if endpoint == "people.page" else [("measure", measure)]
    return []


def is_present(endpoint: str) -> bool:
    """Whether the present page is this one, or one of the settings or imports below it."""
    path = url_for(endpoint)
    below = endpoint in WITH_PAGES_BELOW and request.path.startswith(f"{path}/")
    return below or request.path == path


def range_arguments() -> list[tuple[str, str]]:
    """The range and filters of the present page, as fields of a form that leads elsewhere."""
    return parse_view(request.args, utc_today()).arguments()


def person_path(email: str) -> str:
    """The path of the page of a person."""
    return person_paths()(email)


def person_paths() -> Callable[[str], str]:
    """What makes `person_path` of many: for a thousand of a table `url_for` would take long."""
    start = f"{url_for('people.page')}/"
    return lambda email: start + quote(email, safe=PATH_CHARACTERS)


class Drilldown:
    """Links to the people behind a figure of a view; many figures lead to the same."""

    def __init__(self, view: View) -> None:
        self.view = view.plain()
        self.people = url_for("people.page")
        self._made: dict[tuple[Any, ...], str] = {}

    def __call__(self, *, sort: str = "", rows: str = "", measure: str = "", **changes: Any) -> str:
        """The people page with the view's range and filters, changed, sorted or grouped."""
        key = (sort, rows, measure, *changes.items())
        if key not in self._made:
            self._made[key] = self._address(sort, rows, measure, changes)
        return self._made[key]

    def _address(self, sort: str, rows: str, measure: str, changes: dict[str, Any]) -> str:
        pairs = [("rows", rows), ("measure", measure), ("sort", sort)]
        return self._with([*pairs, *columns_for(sort)], changes)

    def _with(self, pairs: list[tuple[str, str]], changes: dict[str, Any]) -> str:
        told = [pair for pair in pairs if pair[1] and pair not in DEFAULTS]
        more = encoded(told)
        query = self.view.query(**changes)
        glue = "&" if more and query != "?" else ""
        return f"{self.people}{query}{glue}{more}".rstrip("?")

    def person(self, email: str, **changes: Any) -> str:
        """The page of a person, with the view's range and filters, changed."""
        return person_path(email) + self.view.plain_query(**changes)


class PersonDrilldown(Drilldown):
    """Links from the figures of one person: their own page, their row of the list, a pivot.

    The row is found by search, so that it may bring people along whose address ends likewise.
    """

    def __init__(self, view: View, email: str) -> None:
        super().__init__(view)
        self.email = email

    def _address(self, sort: str, rows: str, measure: str, changes: dict[str, Any]) -> str:
        """The person by `rows`; else their page with changes; else their row, `sort` in it."""
        if changes and not rows:
            return self.view.query(**changes)
        grouped = [("by", rows), ("measure", measure)] if rows else columns_for(sort)
        return self._with([*grouped, ("q", self.email)], changes)

    def workspace(self, origin: Origin) -> str:
        """The records of everybody in a workspace."""
        place = Whose(workspace=origin.workspace)
        return records_link(self.view, place, teams=(), organizations=(origin.slug,))


def columns_for(column: str) -> list[tuple[str, str]]:
    """What makes the list of people show a column that it usually does not."""
    return [("cols", name) for name in (*BESIDE, column)] if column in SELDOM_SHOWN else []
