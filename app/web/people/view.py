"""The state of the list of people, as the query string of `/users` says it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from werkzeug.datastructures import MultiDict

from app.queries.people.order import DEFAULT_SORT, MORE_SORTS
from app.tools import TOOL_KEYS
from app.usage import normal_email
from app.web.people.columns import BY_NAME, COLUMNS, USUAL, Column, chosen_columns
from app.web.view.params import plain_text
from app.web.view.state import Searched, View, parse_page, parse_size

UNUSED = ("usage", "none")
"""The parameter that asks for people without usage."""


@dataclass(frozen=True)
class PeopleView(Searched, View):
    """Range and filters, and: search, order, columns, page, and who is looked at beside it.

    `unused`: those who are known and used nothing in the range, instead of those who did.
    `untold` are usual columns that would be empty: nobody is known to have a name, or a team.
    """

    sort: str = DEFAULT_SORT
    descending: bool = True
    columns: tuple[str, ...] = USUAL
    peek: str = ""
    unused: bool = False
    untold: frozenset[str] = frozenset()
    STAYS_ON_PAGE: ClassVar[frozenset[str]] = frozenset({"page", "peek", "columns"})

    def arguments(self) -> list[tuple[str, str]]:
        """The canonical query: no empty and no default parameters."""
        pairs = [*View.arguments(self), *self.search_arguments()]
        if self.unused:
            pairs.append(UNUSED)
        natural = BY_NAME[self.sort].order == "desc"
        if self.sort != DEFAULT_SORT:
            pairs.append(("sort", self.sort))
        if self.descending != natural:
            pairs.append(("dir", "desc" if self.descending else "asc"))
        if self.columns != USUAL:
            pairs += [("cols", name) for name in self.columns]
        pairs += Searched.arguments(self)
        return [*pairs, ("peek", self.peek)] if self.peek else pairs

    def plain_queries(self) -> dict[str, str]:
        """`plain_query` of each tool alone, and of this view itself ("")."""
        queries = {tool: self.plain_query(tools=(tool,)) for tool in TOOL_KEYS}
        return {"": self.plain_query(), **queries}

    def sorted_by(self, column: Column) -> str:
        """The query that a click on the heading of a column leads to."""
        descending = column.order == "desc"
        if self.sort == column.name:
            descending = not self.descending
        return self.query(sort=column.name, descending=descending)

    @property
    def shown_columns(self) -> list[Column]:
        """The chosen columns in their order on screen."""
        hidden = self.untold if self.columns == USUAL else ()
        return [one for one in COLUMNS if one.name in self.columns and one.name not in hidden]

    @property
    def table_columns(self) -> list[Column]:
        """The columns of the table: a name stands beside the address of its person."""
        return [column for column in self.shown_columns if column.kind != "name"]

    @property
    def shows_names(self) -> bool:
        """Whether a person's cell begins with the name."""
        return "name" in (column.name for column in self.shown_columns)

    @property
    def is_filtered(self) -> bool:
        """Whether a search or a filter leaves somebody out."""
        return bool(self.search or self.scope.is_filtered)


def parse_people_view(args: MultiDict[str, str], today: date) -> PeopleView:
    """The list that a query string asks for; odd values fall back to the default."""
    sort, descending = parse_order(args.get("sort", DEFAULT_SORT), args.get("dir", ""))
    return PeopleView.with_range_of(
        args,
        today,
        search=plain_text(args.get("q", "")),
        sort=sort,
        descending=descending,
        columns=chosen_columns(",".join(args.getlist("cols")).split(",")),
        page=parse_page(args),
        size=parse_size(args),
        unused=(UNUSED[0], args.get(UNUSED[0])) == UNUSED,
        peek=normal_email(args.get("peek", "").replace("\0", ""))[:200],
    )


def parse_order(sort: str, direction: str) -> tuple[str, bool]:
    """A known column and whether it descends; an unknown one is most tokens first."""
    if sort not in MORE_SORTS:
        return DEFAULT_SORT, True
    direction = direction.lower()
    if direction not in ("asc", "desc"):
        direction = BY_NAME[sort].order
    return sort, direction == "desc"
