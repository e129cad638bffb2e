"""The state of a person's page: range and filters, and the page of raw records."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from werkzeug.datastructures import MultiDict

from app.web.view.state import Paged, View, parse_page


@dataclass(frozen=True)
class PersonView(Paged, View):
    """Range and filters with the page of the records; any other change goes back to the first."""

    def arguments(self) -> list[tuple[str, str]]:
        """The canonical query: no empty and no default parameters."""
        return [*View.arguments(self), *Paged.arguments(self)]


def parse_person_view(args: MultiDict[str, str], today: date) -> PersonView:
    """The view that the query string asks for; odd values fall back to the default."""
    return PersonView.with_range_of(args, today, page=parse_page(args))
