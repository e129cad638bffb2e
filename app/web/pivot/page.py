"""The pivot at `/users?rows=...&by=...`: parse, ask, write, render; and the same as CSV."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from flask import Response, request

from app.database import reading
from app.dates import days_between, utc_now
from app.queries.days.freshness import ProviderState, known_span
from app.queries.pivot.dimensions import DIMENSIONS, NO_TEAM, PERIODS, TEAM, TOOL
from app.queries.pivot.measures import ADDITIVE, COST, MEASURES, NOTHING, Amount, Line
from app.queries.pivot.pivot import MOST_PERIODS, Pivot, pivot
from app.queries.scope import Scope
from app.web.pivot.table import table
from app.web.pivot.view import PivotView, parse_pivot_view
from app.web.pivot.words import (
    LEGENDS,
    MENUS,
    NO_OWNER,
    NO_OWNER_OR_SHARED,
    PARTLY,
    counted,
)
from app.web.request import htmx
from app.web.view import formatting
from app.web.view.csv_files import (
    csv_answer,
    csv_text,
    export_note,
    file_name,
    plain_dollars,
    plain_share,
)
from app.web.view.frame import frame, with_known_teams
from app.web.view.navigation import person_path
from app.web.view.periods import open_days_of, within_records
from app.web.view.state import SIZES

ROWS_AT_ONCE = 500
NO_TEAM_WORDS = "no team"


def respond() -> Response:
    """The pivot of the range and filters in the query string, or the part HTMX asks for."""
    now = utc_now()
    view = parse_pivot_view(request.args, now.date())
    with reading():
        view = with_known_teams(view)
        context = frame(view, now) | MENUS | {"empty": "nothing", "title": title(view)}
        if context["span"]:
            context |= known_context(view, context["span"], context["states"])
    shown: PivotView = context["view"]
    return htmx.answer("pivot/page.html", shown.query(page=shown.page), **context)


def known_context(
    view: PivotView, span: tuple[date, date], states: Sequence[ProviderState]
) -> dict[str, Any]:
    """What the page shows once any usage is known."""
    scope = closed(within_records(view.scope, span), span)
    open_days = growing_days(scope, states)
    found = pivot(scope, view.shape(), limit=view.size, offset=view.offset)
    view = as_found(view, found)
    return {
        "view": view,
        "shown": (scope.start, scope.end),
        "empty": emptiness(view, found),
        "found": found,
        "table": table(view, scope, found, person_path, open_days),
        "file_holds": export_note(total_words(view, found), open_days),
        "counted": total_words(view, found),
        "columns_word": DIMENSIONS[found.by].many if found.by else "",
        "coarser": coarser_words(view, found),
        "adds_up": view.measure in ADDITIVE,
        "has_shares": has_shares(view, found),
        "others_words": others_words(found),
        "legend": LEGENDS[view.measure] if found.total.unknown_tokens else "",
        "partly": PARTLY.get(view.measure, ""),
        "searchable": view.rows not in PERIODS,
        "row_words": (DIMENSIONS[view.rows].one, DIMENSIONS[view.rows].many),
        "announcement": announcement(view, found),
        "sizes": SIZES,
        "pages": view.pages(found.row_count, len(found.lines)),
    }


def closed(scope: Scope, span: tuple[date, date]) -> Scope:
    """The scope with both ends: open ones become the first or last known day."""
    start, end = scope.start or span[0], scope.end or span[1]
    return scope._replace(start=min(start, end), end=end)


def growing_days(scope: Scope, states: Sequence[ProviderState]) -> set[date]:
    """The days of a scope with both ends whose figures may still grow."""
    days = days_between(scope.start or date.min, scope.end or date.min)
    return open_days_of(days, scope, states)


def as_found(view: PivotView, found: Pivot) -> PivotView:
    """The view without what there is not: a page after the last, an unknown sort."""
    page = found.offset // view.size + 1
    natural = DIMENSIONS[view.rows].natural_sort
    sort = "" if (found.sort, found.descending) == natural else found.sort
    return replace(view, page=page, sort=sort, descending=found.descending)


def emptiness(view: PivotView, found: Pivot) -> str:
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
    """What the sum of the rows sums up: "38 of 212 people", "7 teams and no team"."""
    if has_teamless(view, found):
        return f"{counted(view.rows, found.row_count - 1)} and {NO_TEAM_WORDS}"
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


def export() -> Response:
    """All rows of the pivot with the columns and the order of the screen, as a CSV file.

    Plain integers, dollars as plain decimals, ISO days. The sums of all rows are not in it.
    """
    view = parse_pivot_view(request.args, utc_now().date())
    with reading():
        view = with_known_teams(view)
        span = known_span()
        scope = closed(within_records(view.scope, span), span) if span else view.scope
        found = pivot(scope, view.shape(), limit=None)
    by = ["by", found.by] if found.by else []
    days = [day.isoformat() for day in (scope.start, scope.end) if day]
    name = file_name(view.measure, view.rows, *by, *days, *view.scope.filters(), view.search)
    return csv_answer(csv_pieces(view, found), name)


def csv_pieces(view: PivotView, found: Pivot) -> Iterator[str]:
    """The file in pieces of some hundred rows, the share in percent as a plain number."""
    others = [others_words(found)] if found.other_columns else []
    nobody = NO_OWNER_OR_SHARED[0] if found.shares_column else NO_OWNER
    words = [_csv_label(found.by, column.label) or nobody for column in found.columns]
    last = ["Total"] if found.by else [MEASURES[view.measure].label]
    if has_shares(view, found):
        last.append("Share")
    yield csv_text([[DIMENSIONS[view.rows].one.capitalize(), *words, *others, *last]])
    for first in range(0, len(found.lines), ROWS_AT_ONCE):
        lines = found.lines[first : first + ROWS_AT_ONCE]
        yield csv_text(
            [_csv_row(view, found, line, _csv_label(view.rows, line.label)) for line in lines]
        )


def _csv_label(dimension: str, label: str) -> str:
    """The words of the screen, except that days, weeks and months are written for programs."""
    if dimension == TOOL:
        return formatting.tool_label(label)
    return label


def _csv_row(view: PivotView, found: Pivot, line: Line, label: str) -> list[Any]:
    others = [line.others] if found.other_columns else []
    amounts = [*line.cells, *others, line.total]
    row = [label, *(plain_amount(view.measure, amount) for amount in amounts)]
    if has_shares(view, found):
        total = line.total or NOTHING
        known = line.total and not total.is_unknown
        row.append(plain_share(total.value, found.total.value) if known else "")
    return row


def plain_amount(measure: str, amount: Amount | None) -> str | int:
    """An amount for programs: an integer or plain dollars; "" where the screen has a dash."""
    if amount is None or amount.is_unknown:
        return ""
    return plain_dollars(amount.value) if measure == COST else amount.value
