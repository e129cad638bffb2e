"""Where the figures of a pivot lead: to the people or the records behind each of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple
from urllib.parse import urlencode

from flask import url_for

from app.queries.pivot.dimensions import DIMENSIONS, NO_TEAM, PERIODS, PERSON, TEAM, WORKSPACE
from app.queries.pivot.footer import FooterLine
from app.queries.pivot.measures import BILLED, COST, DAYS, REQUESTS, Line
from app.queries.pivot.pivot import PivotColumn
from app.queries.records.question import Ownership, Whose
from app.queries.scope import FILTERS, Scope, organizations
from app.web.pivot.view import PivotView
from app.web.view.navigation import columns_for
from app.web.view.params import encoded
from app.web.view.records import nobodys, whose_arguments
from app.web.view.state import View

SORTS = {COST: "totalCost", BILLED: "totalBilled"}
"""How the list of people is sorted for a measure, where not by tokens."""
OF_RECORDS = (REQUESTS, DAYS)
"""Measures that the list of people does not add up: their figures lead to records."""


class Narrowed(NamedTuple):
    """Parts of a query that narrow it, each "" where the view's own part stays.

    `whose` and `place` (a workspace) are known to records alone, and so is a `team` that is
    none.
    """

    days: str = ""
    tool: str = ""
    model: str = ""
    team: str = ""
    organization: str = ""
    product: str = ""
    whose: str = ""
    place: str = ""

    def and_also(self, other: Narrowed) -> Narrowed:
        """Narrowed by both; where both name the same, by the other."""
        return Narrowed(*(theirs or mine for mine, theirs in zip(self, other, strict=True)))


def _of(whose: Whose) -> str:
    return encoded(whose_arguments(whose))


NOTHING_MORE = Narrowed()
TEAMLESS = Narrowed(team=_of(Whose(owner=Ownership.TEAMLESS)))
NOBODYS = Narrowed(whose=_of(Whose(owner=Ownership.NOBODY)))
PEOPLES = Narrowed(whose=_of(Whose(owner=Ownership.PEOPLE)))


def narrowed_to_days(days: tuple[Any, Any]) -> Narrowed:
    """What leads to the days from the first to the last."""
    return Narrowed(days=urlencode({"start": days[0].isoformat(), "end": days[1].isoformat()}))


def narrowed_to(dimension: str, item: PivotColumn | Line, scope: Scope) -> Narrowed:
    """What leads to one row or column of a pivot of the scope."""
    if dimension in PERIODS:
        return narrowed_to_days(PERIODS[dimension].span(item.key, scope))
    if dimension == WORKSPACE:
        organization, external = item.key
        owner = urlencode({"organization": organizations()[organization]})
        return Narrowed(organization=owner, place=_of(Whose(workspace=external)))
    by = DIMENSIONS[dimension]
    if by.unattributed is not None and item.key == by.unattributed:
        return NOBODYS
    if dimension == PERSON:
        return Narrowed(whose=_of(Whose(person=item.label)))
    if dimension == TEAM and item.key == NO_TEAM:
        return TEAMLESS
    return NOTHING_MORE._replace(**{by.filter: urlencode({by.filter: item.label})})


def narrowed_to_line(line: FooterLine) -> Narrowed | None:
    """What leads to a line of usage of nobody; None where no link can say it."""
    whose = nobodys(line.label, line.keys)
    return None if whose is None else Narrowed(whose=_of(whose))


class Links:
    """The links of a pivot, made from ready parts.

    There are a thousand cells on a page, so none of them builds a whole view.
    """

    def __init__(self, view: PivotView) -> None:
        base = View.arguments(view)
        days = encoded([pair for pair in base if pair[0] not in FILTERS])
        filters = (encoded([pair for pair in base if pair[0] == name]) for name in FILTERS)
        self._own = Narrowed(days, *filters)
        self._people, self._records = url_for("people.page"), url_for("records.page")
        sort = SORTS.get(view.measure, "")
        self._sort = urlencode([("sort", sort), *columns_for(sort)]) if sort else ""
        self._of_records = view.measure in OF_RECORDS

    def behind(self, narrowed: Narrowed | None) -> str:
        """The people behind a figure, or its records, where no list of people tells it."""
        return "" if narrowed is None else self.crossing(self.along(narrowed), NOTHING_MORE)

    def along(self, narrowed: Narrowed) -> Narrowed:
        """The parts of the query of a row, from which those of its cells are made."""
        return self._own.and_also(narrowed)

    def crossing(self, along: Narrowed, also: Narrowed) -> str:
        """What is behind the figure where a row (`along`) and a column meet."""
        narrowed = along if also is NOTHING_MORE else along.and_also(also)
        if self.needs_records(narrowed):
            return self._records + _query(narrowed)
        return self._people + _query((*narrowed, self._sort))

    def person(self, path: str) -> str:
        """The page of a person in the range and filters of the pivot."""
        return path + _query(self._own)

    def needs_records(self, narrowed: Narrowed) -> bool:
        """Whether no list of people tells a figure."""
        if self._of_records or narrowed.whose or narrowed.place:
            return True
        return narrowed.team == TEAMLESS.team


def _query(parts: Iterable[str]) -> str:
    query = "&".join(filter(None, parts))
    return f"?{query}" if query else ""
