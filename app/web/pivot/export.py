"""The pivot as CSV: all its rows, with the columns and the order of the screen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import Response, request

from app.database import reading
from app.dates import utc_now
from app.queries.days.freshness import known_span
from app.queries.pivot.dimensions import DIMENSIONS, TOOL
from app.queries.pivot.measures import COST, MEASURES, NOTHING, Amount, Line
from app.queries.pivot.pivot import Pivot, pivot
from app.web.pivot.page import closed, has_shares, others_words
from app.web.pivot.view import PivotView, parse_pivot_view
from app.web.pivot.words import NO_OWNER, NO_OWNER_OR_SHARED
from app.web.view import formatting
from app.web.view.csv_files import csv_answer, csv_text, file_name, plain_dollars, plain_share
from app.web.view.periods import within_records

ROWS_AT_ONCE = 500


def export() -> Response:
    """All rows of the pivot with the columns and the order of the screen, as a CSV file.

    Plain integers, dollars as plain decimals, ISO days. The sums of all rows are not in it.
    """
    view = parse_pivot_view(request.args, utc_now().date())
    with reading():
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
