"""The pivot at `/users?rows=...&by=...`: parse, ask, write, render."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from flask import Response, request

from app.database import reading
from app.dates import utc_now
from app.queries.days.freshness import ProviderState
from app.queries.pivot.dimensions import DIMENSIONS, NO_TEAM, PERIODS, TEAM
from app.queries.pivot.measures import ADDITIVE, MEASURES
from app.queries.pivot.pivot import MOST_PERIODS, Pivot, pivot
from app.web.pivot.table import table
from app.web.pivot.view import PivotView, parse_pivot_view
from app.web.pivot.whole import growing_days, open_in_periods
from app.web.pivot.words import counted, figure_words, menus
from app.web.request import htmx
from app.web.view import formatting
from app.web.view.csv_files import (
    export_note,
)
from app.web.view.frame import frame
from app.web.view.mine import first_team
from app.web.view.navigation import person_paths
from app.web.view.periods import with_both_ends
from app.web.view.state import SIZES


def respond() -> Response:
    """The pivot of the range and filters in the query string, or the part HTMX asks for."""
    now = utc_now()
    view = parse_pivot_view(request.args, now.date())
    with reading():
        context = (
            frame(view, now)
            | menus(view.rows, view.by)
            | {"empty": "nothing", "title": title(view)}
        )
        if context["span"]:
            context |= known_context(view, context["span"], context["states"])
    shown: PivotView = context["view"]
    return htmx.answer("pivot/page.html", shown.query(page=shown.page), **context)


def known_context(
    view: PivotView, span: tuple[date, date], states: Sequence[ProviderState]
) -> dict[str, Any]:
    """What the page shows once any usage is known."""
    scope = with_both_ends(view.scope, span, view.today)
    open_days = growing_days(scope, states)
    first = first_row(view)
    found = pivot(scope, view.shape(first), limit=view.size, offset=view.offset)
    view = as_found(view, found)
    words = figure_words(view.measure)
    unsettled = open_in_periods(view.scope, scope, states)
    return {
        "view": view,
        "shown": (scope.start, scope.end),
        "empty": empty_reason(view, found),
        "found": found,
        "first_row": first,
        "table": table(view, scope, found, person_paths(), unsettled),
        "file_holds": export_note(
            total_words(view, found),
            open_days,
            shared=any(line.label for line in found.footer),
            nobodys=any(not line.label for line in found.footer),
        ),
        "counted": total_words(view, found),
        "coarser": coarser_words(view, found),
        "adds_up": view.measure in ADDITIVE,
        "has_shares": has_shares(view, found),
        "others_words": others_words(found),
        "legend": words.legend if words and found.total.unknown_tokens else "",
        "by_period": found.by in PERIODS,
        "searchable": view.rows not in PERIODS,
        "row_words": (DIMENSIONS[view.rows].one, DIMENSIONS[view.rows].many),
        "announcement": announcement(view, found),
        "sizes": SIZES,
        "pages": view.pages(found.row_count, len(found.lines)),
    }


def first_row(view: PivotView) -> str:
    """The row that goes before the others: my team among the teams, else ""."""
    return first_team(view.scope) if view.rows == TEAM else ""


def as_found(view: PivotView, found: Pivot) -> PivotView:
    """The view without what there is not: a page after the last, an unknown sort."""
    page = found.offset // view.size + 1
    natural = DIMENSIONS[view.rows].natural_sort
    sort = "" if (found.sort, found.descending) == natural else found.sort
    return replace(view, page=page, sort=sort, descending=found.descending)


def empty_reason(view: PivotView, found: Pivot) -> str:
    """Why there is no row: "search", "filtered", "outside" (no usage in the range), or ""."""
    if found.lines or found.footer:
        return ""
    if view.search:
        return "search"
    return "filtered" if view.scope.is_filtered else "outside"


def title(view: PivotView) -> str:
    """Such as "Cost by person and month"."""
    by = f" and {DIMENSIONS[view.by].one}" if view.by else ""
    return f"{MEASURES[view.measure].label} by {DIMENSIONS[view.rows].one}{by}"


def total_words(view: PivotView, found: Pivot) -> str:
    """What the sum of the rows sums up: "38 of 212 people", "All teams" with those without one."""
    if has_teamless(view, found):
        return "All teams"
    words = counted(view.rows, found.known_rows)
    if view.search and found.known_rows != found.row_count:
        return f"{formatting.exact(found.row_count)} of {words}"
    return words


def has_teamless(view: PivotView, found: Pivot) -> bool:
    """Whether the rows, all on one page, are teams and those whom no team holds."""
    if view.rows != TEAM or view.search or len(found.lines) < found.row_count:
        return False
    return any(line.key == NO_TEAM for line in found.lines)


def has_shares(view: PivotView, found: Pivot) -> bool:
    """Whether each row tells its share: of figures that add up, without columns."""
    return not found.by and view.measure in ADDITIVE


def others_words(found: Pivot) -> str:
    """The heading of the columns that are summed up: "7 earlier", "1 other", "3 others"."""
    word = "earlier" if found.by in PERIODS else "other" if found.other_columns == 1 else "others"
    return f"{formatting.exact(found.other_columns)} {word}"


def coarser_words(view: PivotView, found: Pivot) -> str:
    """Why the columns are not the periods asked for, "" if they are."""
    if found.by == view.by:
        return ""
    asked, shown = DIMENSIONS[view.by].many, DIMENSIONS[found.by].many
    return (
        f"Columns are {shown}: the range has more than {MOST_PERIODS} {asked}. "
        f"A shorter range shows {asked}."
    )


def announcement(view: PivotView, found: Pivot) -> str:
    """What is read out after a swap: "18 models, sorted by total, descending, page 1"."""
    direction = "descending" if found.descending else "ascending"
    sort = DIMENSIONS[view.rows].one if found.sort == "label" else found.sort
    return f"{total_words(view, found)}, sorted by {sort}, {direction}, page {view.page}"
