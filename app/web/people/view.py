"""The state of the list of people, as the query string of `/users` says it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date
from typing import Any

from werkzeug.datastructures import MultiDict

from app.queries.people.order import DEFAULT_SORT, MORE_SORTS
from app.usage import normal_email
from app.web.people.columns import BY_NAME, COLUMNS, USUAL, Column, chosen_columns
from app.web.view.params import View, parse_number, parse_view

SIZES = (25, 50, 100, 250)
DEFAULT_SIZE = 50
LONGEST_SEARCH = 100
LAST_PAGE = 1_000_000
STAYS_ON_PAGE = {"page", "peek", "columns"}
"""Changes that leave the rows as they are; every other change starts at the first page."""


@dataclass(frozen=True)
class PeopleView(View):
    """Range and filters, and: search, order, columns, page, and who is looked at beside it."""

    search: str = ""
    sort: str = DEFAULT_SORT
    descending: bool = True
    columns: tuple[str, ...] = USUAL
    page: int = 1
    size: int = DEFAULT_SIZE
    peek: str = ""

    def arguments(self) -> list[tuple[str, str]]:
        """The canonical query: no empty and no default parameters."""
        pairs = super().arguments()
        if self.search:
            pairs.append(("q", self.search))
        natural = BY_NAME[self.sort].order == "desc"
        if self.sort != DEFAULT_SORT:
            pairs.append(("sort", self.sort))
        if self.descending != natural:
            pairs.append(("dir", "desc" if self.descending else "asc"))
        if self.columns != USUAL:
            pairs += [("cols", name) for name in self.columns]
        for name, value, default in (("page", self.page, 1), ("size", self.size, DEFAULT_SIZE)):
            if value != default:
                pairs.append((name, str(value)))
        return [*pairs, ("peek", self.peek)] if self.peek else pairs

    def query(self, **changes: Any) -> str:
        """As of every view; a change of the rows starts at the first page."""
        if set(changes) - STAYS_ON_PAGE:
            changes = {"page": 1} | changes
        return super().query(**changes)

    def plain_query(self, **changes: Any) -> str:
        """The query of range and filters alone, for other pages; "" when it is the default."""
        plain = View(**{field.name: getattr(self, field.name) for field in fields(View)})
        return plain.query(**changes).rstrip("?")

    def sorted_by(self, column: Column) -> str:
        """The query that a click on the heading of a column leads to."""
        descending = column.order == "desc"
        if self.sort == column.name:
            descending = not self.descending
        return self.query(sort=column.name, descending=descending)

    @property
    def shown_columns(self) -> list[Column]:
        """The chosen columns in their order on screen."""
        return [column for column in COLUMNS if column.name in self.columns]

    @property
    def is_filtered(self) -> bool:
        """Whether a search or a filter leaves somebody out."""
        return bool(self.search or self.scope.is_filtered)


def parse_people_view(args: MultiDict[str, str], today: date) -> PeopleView:
    """The list that a query string asks for; odd values fall back to the default."""
    base = parse_view(args, today)
    sort, descending = parse_order(args.get("sort", DEFAULT_SORT), args.get("dir", ""))
    size = parse_number(args.get("size", ""), 1, SIZES[-1])
    return PeopleView(
        **{field.name: getattr(base, field.name) for field in fields(base)},
        search=plain_text(args.get("q", "")),
        sort=sort,
        descending=descending,
        columns=chosen_columns(",".join(args.getlist("cols")).split(",")),
        page=parse_number(args.get("page", ""), 1, LAST_PAGE) or 1,
        size=size if size in SIZES else DEFAULT_SIZE,
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


def plain_text(text: str) -> str:
    """Typed words without blanks around them and without characters no database takes."""
    return text.replace("\0", "").strip()[:LONGEST_SEARCH]
