"""Links between pages: which pages exist, and the range and filters that travel along."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlencode

from flask import current_app, request, url_for

from app.usage import utc_today
from app.web.params import View, parse_view

PAGES = (
    ("/", "Overview"),
    ("/users", "People"),
    ("/status", "Status"),
    ("/import", "Import"),
    ("/settings", "Settings"),
)
PAGES_OF_FIGURES = ("/", "/users")
"""Pages with a range and filters: a link to them takes those of the present page along."""


def navigation() -> list[tuple[str, str, bool]]:
    """(URL, label, is the present page) of the main pages that exist."""
    query = parse_view(request.args, utc_today()).query().rstrip("?")
    found = [(page_at(path), label, path) for path, label in PAGES]
    return [
        (url + query if path in PAGES_OF_FIGURES else url, label, request.path == path)
        for url, label, path in found
        if url
    ]


def range_arguments() -> list[tuple[str, str]]:
    """The range and filters of the present page, as fields of a form that leads elsewhere."""
    return parse_view(request.args, utc_today()).arguments()


def page_at(path: str, **values: Any) -> str:
    """The URL of the page with this path rule ("/users/<email>"), "" while there is none."""
    for rule in current_app.url_map.iter_rules():
        plain = re.sub(r"<[^<>:]*:", "<", rule.rule)
        if plain == path and "GET" in (rule.methods or ()):
            return url_for(rule.endpoint, **values)
    return ""


class Behind:
    """Links to the people behind a figure of a view; "" while there is no such page."""

    def __init__(self, view: View) -> None:
        self.view = view
        self.people = page_at("/users")

    def __call__(self, *, sort: str = "", rows: str = "", **changes: Any) -> str:
        """The people page with the view's range and filters, changed, sorted or grouped."""
        if not self.people:
            return ""
        pairs = [("rows", rows), ("sort", "" if sort == "totalTokens" else sort)]
        more = urlencode([(name, value) for name, value in pairs if value])
        query = self.view.query(**changes)
        glue = "&" if more and query != "?" else ""
        return f"{self.people}{query}{glue}{more}".rstrip("?")

    def person(self, email: str) -> str:
        """The page of a person, with the view's range and filters."""
        url = page_at("/users/<email>", email=email)
        return (url + self.view.query()).rstrip("?") if url else ""
