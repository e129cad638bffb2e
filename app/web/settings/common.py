"""What all pages of the settings share: their list, one page of rows, who acts."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar, TypeVar
from urllib.parse import urlencode

from flask import Response, current_app, make_response, redirect, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as AnyResponse

from app.config import Config
from app.web.request import htmx
from app.web.view.params import parse_number

ROWS = 50
LAST_PAGE = 1_000_000
LONGEST_TEXT = 300
MOST_ACTS = 10**9
Row = TypeVar("Row")
SomeView = TypeVar("SomeView", bound="ListView")


@dataclass(frozen=True)
class ListView:
    """The state of a list in the settings, as its query string says it; "" is the default."""

    q: str = ""
    page: int = 1
    STAYS: ClassVar[frozenset[str]] = frozenset({"page"})
    """Changes that leave the rows as they are; every other change starts at the first page."""

    def arguments(self) -> list[tuple[str, str]]:
        """The canonical query: no empty and no default parameters."""
        values = vars(self) | {"page": self.page if self.page > 1 else ""}
        return [(name, str(value)) for name, value in values.items() if value]

    def query(self, **changes: Any) -> str:
        """The query string ("?..." or "?") of this view with changes."""
        if set(changes) - self.STAYS:
            changes = {"page": 1} | changes
        return "?" + urlencode(replace(self, **changes).arguments())


def parse_list_view(kind: type[SomeView], args: MultiDict[str, str]) -> SomeView:
    """The view of that kind that a query string (or a form) asks for; odd values fall back."""
    values: dict[str, Any] = {
        name: args.get(name, "").replace("\0", "").strip()[:LONGEST_TEXT]
        for name in [field.name for field in fields(kind)]
        if name != "page"
    }
    return kind(**values, page=parse_number(args.get("page", ""), 1, LAST_PAGE) or 1)


def page_of(rows: Sequence[Row], view: SomeView) -> tuple[SomeView, Sequence[Row], dict[str, int]]:
    """The rows of a page, and what its pager says; a page after the last one is the last."""
    last = max(1, -(-len(rows) // ROWS))
    view = replace(view, page=min(view.page, last))
    first = (view.page - 1) * ROWS
    chosen = rows[first : first + ROWS]
    return view, chosen, {"first": first + 1, "last_page": last, "count": len(rows)}


def is_being_typed(text: str) -> bool:
    """Whether HTMX looks at an address while it is typed, which is still too short for one.

    The button (and so the key Enter) sends `look`: then somebody wants to know.
    """
    looked_at = request.method == "GET" and htmx.wants_part() and "look" not in request.args
    return looked_at and "." not in text.partition("@")[2].strip(". ")


def batch_number(text: str) -> int | None:
    """The number of an act in a query string or form."""
    return parse_number(text, 1, MOST_ACTS)


def the_config() -> Config:
    """The settings of the application."""
    config: Config = current_app.extensions["tracker_config"]
    return config


def show(template: str, query: str, *, status: int = 200, **context: Any) -> Response:
    """A page of the settings, or its part; with 422 what was typed is in it."""
    response = make_response(htmx.answer(template, query, row_id=row_id, **context))
    response.status_code = status
    return response


def back_to(endpoint: str, query: str) -> AnyResponse:
    """Go (back) to a page after a write: HTMX follows and swaps what has changed there."""
    return redirect(url_for(endpoint) + query.rstrip("?"), 303)


def row_id(text: str) -> str:
    """A short name for an element about `text`, whatever characters that holds."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:10]
