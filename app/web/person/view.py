"""The state of a person's page: the view of every page, and the page of raw records."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date
from typing import Any

from werkzeug.datastructures import MultiDict

from app.web.view.params import View, parse_number, parse_view

MOST_PAGES = 10**6


@dataclass(frozen=True)
class PersonView(View):
    """A view with the page (from 1) of the records; any other change goes back to the first."""

    page: int = 1

    def arguments(self) -> list[tuple[str, str]]:
        """The canonical query: no empty and no default parameters."""
        pairs = super().arguments()
        return [*pairs, ("page", str(self.page))] if self.page > 1 else pairs

    def query(self, **changes: Any) -> str:
        """The query string of this view with changes to its fields or scope."""
        if changes:
            changes = {"page": 1} | changes
        return super().query(**changes)

    def without_page(self) -> str:
        """Query that another page understands too: range and filters."""
        return self.query(page=1)


def parse_person_view(args: MultiDict[str, str], today: date) -> PersonView:
    """The view that the query string asks for; odd values fall back to the default."""
    view = parse_view(args, today)
    shared = {field.name: getattr(view, field.name) for field in fields(view)}
    return PersonView(**shared, page=parse_number(args.get("page", ""), 1, MOST_PAGES) or 1)
