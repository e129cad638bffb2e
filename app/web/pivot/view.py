"""The state of the pivot, as the query string of `/users` says it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from werkzeug.datastructures import MultiDict

from app.queries.pivot.dimensions import BY_LABEL, DIMENSIONS, PERIODS, PERSON
from app.queries.pivot.measures import MEASURES, TOKENS
from app.queries.pivot.pivot import Shape
from app.web.view.params import LONGEST_TEXT, plain_text
from app.web.view.state import Searched, View, parse_page, parse_size


@dataclass(frozen=True)
class PivotView(Searched, View):
    """Range and filters, and: rows, columns, measure, search, order, shading and page.

    `sort` is "" for the natural order, else "label", "total" or the label of a column.
    """

    rows: str = PERSON
    by: str = ""
    measure: str = TOKENS
    sort: str = ""
    descending: bool = True
    heat: bool = False
    STAYS_ON_PAGE: ClassVar[frozenset[str]] = frozenset({"page", "heat"})

    def arguments(self) -> list[tuple[str, str]]:
        """The canonical query: no empty and no default parameters."""
        pairs = [*View.arguments(self), *self.shape_arguments(), *self.search_arguments()]
        return [*pairs, *self._order(), *Searched.arguments(self)]

    def shape_arguments(self) -> list[tuple[str, str]]:
        """Rows, columns, measure and shading alone."""
        pairs = [("rows", self.rows)] if self.rows != PERSON else []
        if self.by:
            pairs.append(("by", self.by))
        if self.measure != TOKENS:
            pairs.append(("measure", self.measure))
        return [*pairs, ("heat", "1")] if self.heat else pairs

    def _order(self) -> list[tuple[str, str]]:
        natural, descending = DIMENSIONS[self.rows].natural_sort
        if not self.sort or (self.sort, self.descending) == (natural, descending):
            return []
        pairs = [("sort", self.sort)]
        if self.descending != (self.sort != BY_LABEL):
            pairs.append(("dir", "desc" if self.descending else "asc"))
        return pairs

    def shape(self, first: str = "") -> Shape:
        """What to ask for, with the row that goes first."""
        parts = (self.rows, self.by, self.measure, self.search, self.sort, self.descending)
        return Shape(*parts, first=first)

    def sorted_by(self, sort: str, shown: tuple[str, bool]) -> str:
        """The query that a click on a heading leads to; `shown` is the present (sort, down)."""
        descending = not shown[1] if shown[0] == sort else sort != BY_LABEL
        return self.query(sort=sort, descending=descending)

    def turned(self) -> str:
        """The query of the same pivot with rows and columns exchanged."""
        return self.query(rows=self.by, by=self.rows, search="", sort="")


def parse_pivot_view(args: MultiDict[str, str], today: date) -> PivotView:
    """The pivot that a query string asks for; odd values fall back to the default."""
    rows = _one_of(DIMENSIONS, args.get("rows", ""), PERSON)
    by = _one_of(DIMENSIONS, args.get("by", ""), "")
    sort = args.get("sort", "").replace("\0", "")[:LONGEST_TEXT]
    direction = args.get("dir", "").lower()
    if not sort:
        sort, descending = "", DIMENSIONS[rows].natural_sort[1]
    else:
        descending = sort != BY_LABEL if direction not in ("asc", "desc") else direction == "desc"
    return PivotView.with_range_of(
        args,
        today,
        rows=rows,
        by=by if by != rows else "",
        measure=_one_of(MEASURES, args.get("measure", ""), TOKENS),
        search="" if rows in PERIODS else plain_text(args.get("q", "")),
        sort=sort,
        descending=descending,
        heat=args.get("heat") == "1",
        page=parse_page(args),
        size=parse_size(args),
    )


def _one_of(known: Collection[str], text: str, default: str) -> str:
    return text if text in known else default
