"""The state of a person's page: range and filters, and the page of raw records."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from werkzeug.datastructures import MultiDict

from app.web.view.charted import Charted, asks_for_table
from app.web.view.state import Paged, parse_page


@dataclass(frozen=True)
class PersonView(Paged, Charted):
    """Range and filters with the page of the records: other records begin at the first again."""

    STAYS_ON_PAGE: ClassVar[frozenset[str]] = frozenset({"page", "table"})

    def arguments(self) -> list[tuple[str, str]]:
        """The canonical query: no empty and no default parameters."""
        return [*Charted.arguments(self), *Paged.arguments(self)]


def parse_person_view(args: MultiDict[str, str], today: date) -> PersonView:
    """The view that the query string asks for; odd values fall back to the default."""
    return PersonView.with_range_of(args, today, page=parse_page(args), table=asks_for_table(args))
