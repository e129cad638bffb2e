"""The state of the page of records: range and filters, whose they are, and the page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from werkzeug.datastructures import MultiDict

from app.queries.records.holders import Holder, HolderKind
from app.queries.records.question import ANYBODYS, Whose
from app.web.view.records import parse_whose, whose_arguments
from app.web.view.state import Paged, View, parse_page


@dataclass(frozen=True)
class RecordsView(Paged, View):
    """Range and filters, whose records are meant, the page of them, and how many holders."""

    whose: Whose = ANYBODYS
    every_holder: bool = False
    STAYS_ON_PAGE: ClassVar[frozenset[str]] = frozenset({"page", "every_holder"})

    def arguments(self) -> list[tuple[str, str]]:
        """The canonical query: no empty and no default parameters."""
        pairs = [*View.arguments(self), *whose_arguments(self.whose), *Paged.arguments(self)]
        return [*pairs, ("holders", "all")] if self.every_holder else pairs

    def of(self, holder: Holder) -> str:
        """Query of the records of one of the holders alone."""
        if holder.kind == HolderKind.PERSON:
            return self.query(whose=self.whose._replace(person=holder.id))
        if holder.kind == HolderKind.SHARED:
            return self.query(whose=self.whose._replace(shared=(holder.id,)))
        return self.query(whose=self.whose._replace(keys=(holder.id,)))

    def of_everybody(self) -> str:
        """Query of everybody's records in the same range and filters."""
        return self.query(whose=ANYBODYS)


def parse_records_view(args: MultiDict[str, str], today: date) -> RecordsView:
    """The records that a query string asks for; odd values of range and page fall back."""
    return RecordsView.with_range_of(
        args,
        today,
        whose=parse_whose(args),
        every_holder=args.get("holders") == "all",
        page=parse_page(args),
    )
