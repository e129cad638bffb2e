"""The pivot as CSV: all its rows, with the columns and the order of the screen."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any, NamedTuple

from flask import Response, request, stream_with_context

from app.database import reading
from app.dates import utc_now
from app.queries.days.freshness import ProviderState, freshness, known_span
from app.queries.pivot.dimensions import DIMENSIONS
from app.queries.pivot.footer import FooterLine
from app.queries.pivot.measures import MEASURES, MONEY, NOTHING, PEOPLE, Amount, Line
from app.queries.pivot.pivot import Pivot, pivot_in_pieces, shown_periods
from app.queries.scope import Scope
from app.web.pivot.page import first_row, has_shares, others_words, title
from app.web.pivot.view import PivotView, parse_pivot_view
from app.web.pivot.whole import growing_days
from app.web.pivot.words import NO_OWNER_OR_SHARED, SLICE_WORDS, figure_words, shared_words
from app.web.request.lifecycle import make_ready
from app.web.request.servers import best_server
from app.web.view import formatting
from app.web.view.csv_files import (
    csv_answer,
    csv_text,
    file_name,
    plain_dollars,
    plain_share,
)
from app.web.view.csv_metadata import Contents
from app.web.view.frame import configured_providers
from app.web.view.periods import with_both_ends

ROWS_AT_ONCE = 500


class PivotFile(NamedTuple):
    """A pivot for a file, without the lines of its rows, and what it was asked for."""

    view: PivotView
    scope: Scope
    found: Pivot
    open_days: set[date]
    states: list[ProviderState]

    @property
    def unknown(self) -> str:
        """The heading of the tokens whose measure is not known; "" when all of it is."""
        words = figure_words(self.view.measure)
        return words.heading if words and self.found.total.unknown_tokens else ""

    @property
    def heading(self) -> str:
        """The heading of the totals of the rows."""
        return "Total" if self.found.by else MEASURES[self.view.measure].label

    @property
    def partly_known(self) -> list[int]:
        """The places of the columns in which something is not known."""
        columns = self.found.columns
        return [place for place, one in enumerate(columns) if one.total.unknown_tokens]

    @property
    def headings(self) -> list[str]:
        """The words of the screen, then those of what is not known of each row and column."""
        view, found = self.view, self.found
        others = [others_words(found)] if found.other_columns else []
        nobody = NO_OWNER_OR_SHARED[0] if found.shares_column else formatting.NO_OWNER
        words = [_csv_label(found.by, column.label) or nobody for column in found.columns]
        last = [self.heading]
        if has_shares(view, found):
            last.append("Share")
        if self.unknown:
            last.append(self.unknown)
            last += [f"{self.unknown}: {words[place]}" for place in self.partly_known]
        return [DIMENSIONS[view.rows].one.capitalize(), *words, *others, *last]


def found_pivot(view: PivotView) -> tuple[PivotFile, Iterator[list[Line]]]:
    """The pivot of a view, and its lines piece by piece, for as long as the reading lasts."""
    states = freshness(configured_providers())
    scope = closed_scope(view)
    open_days = growing_days(scope, states) if known_span() else set()
    found, lines = pivot_in_pieces(scope, view.shape(first_row(view)), ROWS_AT_ONCE)
    return PivotFile(view, scope, found, open_days, states), lines


def closed_scope(view: PivotView) -> Scope:
    """The scope of a view with both ends, once any usage is known."""
    span = known_span()
    return with_both_ends(view.scope, span, view.today) if span else view.scope


def export() -> Response:
    """All rows of the pivot with the columns and the order of the screen, read as they are sent.

    Plain integers, dollars as plain decimals, ISO days. Usage of nobody has rows too, so that
    the file sums up to the total, which is not in it.
    """
    view = parse_pivot_view(request.args, utc_now().date())
    with reading():
        scope = closed_scope(view)
    shown = shown_periods(view.by, view.rows, scope)
    by = ["by", shown] if shown else []
    days = [day.isoformat() for day in (scope.start, scope.end) if day]
    name = file_name(view.measure, view.rows, *by, *days, *view.scope.filters(), view.search)
    return csv_answer(stream_with_context(csv_pieces(view)), name)


def contents(now: datetime) -> Contents:
    """What the file of the pivot holds."""
    with reading():
        whole, _ = found_pivot(parse_pivot_view(request.args, now.date()))
    words = figure_words(whole.view.measure)
    return Contents(
        title=title(whole.view),
        scope=whole.view.scope,
        first=whole.scope.start,
        last=whole.scope.end,
        columns=whole.headings,
        rows=whole.found.row_count + len(whole.found.footer),
        open_days=whole.open_days,
        states=whole.states,
        search=whole.view.search,
        meanings={whole.heading: words.meaning} if words else {},
        money=[words.money] if words and words.money else [],
    )


def csv_pieces(view: PivotView) -> Iterator[str]:
    """The file in pieces of some hundred rows, the share in percent as a plain number, all of
    one snapshot.
    """
    # The view has returned by now, and its connection with it.
    make_ready()
    with best_server(), reading():
        whole, pieces = found_pivot(view)
        yield csv_text([whole.headings])
        for lines in pieces:
            rows = [_csv_row(whole, line, _csv_label(view.rows, line.label)) for line in lines]
            yield csv_text(rows)
        yield csv_text([_nobodys_row(whole, line) for line in whole.found.footer])


def _csv_label(dimension: str, label: str) -> str:
    """The words of the screen, except that days, weeks and months are written for programs."""
    return SLICE_WORDS[dimension](label) if dimension in SLICE_WORDS else label


def _nobodys_row(whole: PivotFile, line: FooterLine) -> list[Any]:
    label = shared_words(line.label) if line.label else formatting.NO_OWNER
    row = _csv_row(whole, line, label)
    if whole.view.measure != PEOPLE:
        return row
    # How many people used what is nobody's is not known, and no zero.
    return [label, *[""] * (len(row) - 1)]


def _csv_row(whole: PivotFile, line: Line | FooterLine, label: str) -> list[Any]:
    view, found = whole.view, whole.found
    others = [line.others] if found.other_columns else []
    amounts = [*line.cells, *others, line.total]
    row = [label, *(plain_amount(view.measure, amount) for amount in amounts)]
    if has_shares(view, found):
        total = line.total or NOTHING
        known = line.total and not total.is_unknown
        row.append(plain_share(total.value, found.total.value) if known else "")
    if whole.unknown:
        cells = [line.total, *(line.cells[place] for place in whole.partly_known)]
        row += [(cell or NOTHING).unknown_tokens for cell in cells]
    return row


def plain_amount(measure: str, amount: Amount | None) -> str | int:
    """An amount for programs: an integer or plain dollars; "" where the screen has a dash."""
    if amount is None or amount.is_unknown:
        return ""
    return plain_dollars(amount.value) if measure in MONEY else amount.value
