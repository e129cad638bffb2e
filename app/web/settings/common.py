"""What all pages of the settings share: their list, one page of rows, who acts."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Self, TypeVar

from flask import Response, redirect, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as AnyResponse

from app.web.request import htmx
from app.web.view.params import parse_number, plain_text
from app.web.view.state import Pages, Searched, parse_page

LONGEST_TEXT = 300
MOST_ACTS = 10**9
Row = TypeVar("Row")
SomeView = TypeVar("SomeView", bound="ListView")


@dataclass(frozen=True)
class ListView(Searched):
    """The state of a list in the settings. Its further fields are texts, "" by default."""

    def arguments(self) -> list[tuple[str, str]]:
        """The canonical query: no empty and no default parameters."""
        own = [(name, str(getattr(self, name))) for name in own_fields(type(self))]
        shared = [*self.search_arguments(), *super().arguments()]
        return shared + [(name, text) for name, text in own if text]

    def at_rest(self) -> Self:
        """The view of the same rows, with nothing about to happen and nothing just done."""
        return self.changed(**dict.fromkeys(self.STAYS_ON_PAGE - {"page"}, ""))

    def still(self, **changes: Any) -> str:
        """The query of the view at rest, with changes."""
        return self.at_rest().query(**changes)


def own_fields(kind: type[ListView]) -> list[str]:
    """The texts that a list has beside its search and page."""
    shared = {field.name for field in fields(ListView)}
    return [field.name for field in fields(kind) if field.name not in shared]


def parse_list_view(kind: type[SomeView], args: MultiDict[str, str]) -> SomeView:
    """The view of that kind that a query string (or a form) asks for; odd values fall back."""
    names = {name: name for name in own_fields(kind)} | {"search": "q"}
    texts: dict[str, Any] = {
        field: plain_text(args.get(name, ""), LONGEST_TEXT) for field, name in names.items()
    }
    return kind(page=parse_page(args), **texts)


def page_of(rows: Sequence[Row], view: SomeView) -> tuple[SomeView, Sequence[Row], Pages]:
    """The rows of a page, and what its pager says; a page after the last one is the last."""
    view = view.within(len(rows))
    chosen = rows[view.offset : view.offset + view.size]
    return view, chosen, view.pages(len(rows), len(chosen))


def is_being_typed(text: str) -> bool:
    """Whether HTMX looks at an address while it is typed, which is still too short for one.

    The button (and so the key Enter) sends `look`: then somebody wants to know.
    """
    looked_at = request.method == "GET" and htmx.wants_part() and "look" not in request.args
    return looked_at and "." not in text.partition("@")[2].strip(". ")


def batch_number(text: str) -> int | None:
    """The number of an act in a query string or form."""
    return parse_number(text, 1, MOST_ACTS)


def show(template: str, query: str, *, status: int = 200, **context: Any) -> Response:
    """A page of the settings, or its part; with 422 what was typed is in it."""
    return htmx.answer(template, query, status=status, row_id=row_id, **context)


def show_list(template: str, context: dict[str, Any], error: str = "") -> Response:
    """A page of the settings whose `view` is a list, or its part; with an error it is a 422."""
    view: ListView = context["view"]
    query = view.query(page=view.page)
    return show(template, query, status=422 if error else 200, error=error, **context)


def back_to(endpoint: str, query: str) -> AnyResponse:
    """Go (back) to a page after a write: HTMX follows and swaps what has changed there."""
    return redirect(url_for(endpoint) + query.rstrip("?"), 303)


def row_id(text: str) -> str:
    """A short name for an element about `text`, whatever characters that holds."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:10]
