"""A pivot as it stands on screen: words for rows and columns, cells written, linked, shaded."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from typing import Any, NamedTuple

from app.models import UNATTRIBUTED
from app.queries.pivot import BY_LABEL, BY_TOTAL, Column, Line, Pivot
from app.queries.pivot_dimensions import (
    ADDITIVE,
    COST,
    DAY,
    DAYS,
    MODEL,
    MONTH,
    PEOPLE,
    PERIODS,
    PERSON,
    REQUESTS,
    TOKENS,
    TOOL,
    WEEK,
    WORKSPACE,
    Amount,
    period_span,
)
from app.queries.scope import Scope
from app.web import formatting
from app.web.pivot.view import Links, Narrowed, PivotView, narrowed_to

WORDS = {
    PERSON: ("person", "people"),
    MODEL: ("model", "models"),
    TOOL: ("tool", "tools"),
    DAY: ("day", "days"),
    WEEK: ("week", "weeks"),
    MONTH: ("month", "months"),
    WORKSPACE: ("workspace", "workspaces"),
}
MEASURE_WORDS = {
    TOKENS: ("Tokens", "token", "tokens"),
    COST: ("Cost", "", ""),
    REQUESTS: ("Requests", "request", "requests"),
    DAYS: ("Active days", "active day", "active days"),
    PEOPLE: ("People", "person", "people"),
}
NO_OWNER = "No owner"
DASH = "\u2014"
HEAT_STEPS = (16, 8, 4, 2)
"""A cell is a step darker from a 16th, an 8th, a quarter and a half of the largest on."""


class Heading(NamedTuple):
    """The heading of a column: its words, in full, the sort it stands for, its total."""

    id: str
    sort: str
    label: str
    title: str
    query: str
    order: str
    total: Cell


class Cell(NamedTuple):
    """A figure as written, every digit of it, where it leads ("" nowhere), 0 to 5 of shade."""

    text: str
    title: str = ""
    href: str = ""
    shade: int = 0


class Row(NamedTuple):
    """A row as written. `share` is of the total, "" for counts that do not add up."""

    label: str
    title: str
    href: str
    cells: list[Cell]
    others: Cell
    total: Cell
    share: str
    is_rest: bool


class Table(NamedTuple):
    """The whole table. `largest` is the largest shaded figure, written; "" without shades."""

    corner: Heading
    headings: list[Heading]
    total: Heading
    rows: list[Row]
    others: Cell
    largest: str


def table(view: PivotView, scope: Scope, found: Pivot, person_path: Callable[[str], str]) -> Table:
    """The table of a pivot; `scope` is the one it was asked for."""
    return _Writer(view, scope, found, person_path).table()


class _Writer:
    def __init__(
        self, view: PivotView, scope: Scope, found: Pivot, person_path: Callable[[str], str]
    ) -> None:
        self.view, self.scope, self.found = view, scope, found
        self.person_path = person_path
        self.links = Links(view)
        self.largest = _largest(found) if view.heat else 0
        self.columns = [(column, *self._narrowed(found.by, column)) for column in found.columns]

    def table(self) -> Table:
        rows = [self._row(line) for line in self.found.lines]
        return Table(
            self._heading(BY_LABEL, WORDS[self.view.rows][0].capitalize(), "", Cell("")),
            [self._column_heading(column) for column in self.found.columns],
            self._heading(
                BY_TOTAL,
                "Total" if self.found.by else MEASURE_WORDS[self.view.measure][0],
                "",
                self._cell(self.found.total),
            ),
            rows,
            self._cell(self.found.others),
            self._cell(Amount(self.largest)).text if self.largest else "",
        )

    def _column_heading(self, column: Column) -> Heading:
        label, title = said(self.found.by, column.label, column.key)
        sort = column.label or "none"
        return self._heading(sort, label, title, self._cell(column.total))

    def _heading(self, sort: str, label: str, title: str, total: Cell) -> Heading:
        shown = (self.found.sort, self.found.descending)
        order = ""
        if shown[0] == sort:
            order = "descending" if shown[1] else "ascending"
        name = "".join(letter if letter.isalnum() else "-" for letter in sort)
        query = self.view.sorted_by(sort, shown)
        return Heading(f"sort-{name}", sort, label, title, query, order, total)

    def _narrowed(self, dimension: str, item: Column | Line) -> tuple[Narrowed, str | None]:
        """What narrows a view to a row or column, and the path of the page that shows it.

        The path is "" for this page and None where no view can be narrowed like that.
        """
        if dimension == PERSON:
            return Narrowed(), None if item.key == UNATTRIBUTED else self.person_path(item.label)
        days = period_span(dimension, item.key, self.scope) if dimension in PERIODS else None
        path = None if dimension == WORKSPACE else ""
        return narrowed_to(dimension, item.key, days), path

    def _row(self, line: Line) -> Row:
        label, title = said(self.view.rows, line.label, line.key)
        narrowed, path = self._narrowed(self.view.rows, line)
        cells = [
            self._linked(cell, line, narrowed, path, *column)
            for cell, column in zip(line.cells, self.columns, strict=True)
        ]
        href = self._href(narrowed, path)
        share = ""
        if (
            not self.found.by
            and self.view.measure in ADDITIVE
            and line.total
            and not line.total.not_priced
        ):
            share = formatting.percent(line.total.value, self.found.total.value)
        shade = 0 if self.found.by else self._shade(line.total)
        return Row(
            label,
            title,
            href,
            cells,
            self._cell(line.others),
            self._cell(line.total, href, shade),
            share,
            self.view.rows == PERSON and line.key == UNATTRIBUTED,
        )

    def _linked(
        self,
        amount: Amount | None,
        line: Line,
        narrowed: Narrowed,
        path: str | None,
        column: Column,
        also: Narrowed,
        column_path: str | None,
    ) -> Cell:
        if amount is None:
            return EMPTY
        if path is None or column_path is None:
            return self._cell(amount, "", self._shade(amount))
        if self.view.rows in PERIODS and self.found.by in PERIODS:
            also = self._overlap(line.key, column.key)
        href = self._href(narrowed.and_also(also), path or column_path)
        return self._cell(amount, href, self._shade(amount))

    def _overlap(self, row: date, column: date) -> Narrowed:
        first = period_span(self.view.rows, row, self.scope)
        second = period_span(self.found.by, column, self.scope)
        days = max(first[0], second[0]), min(first[1], second[1])
        return narrowed_to(DAY, None, days)

    def _href(self, narrowed: Narrowed, path: str | None) -> str:
        if path is None:
            return ""
        return path + self.links.elsewhere(narrowed) if path else self.links.here(narrowed)

    def _cell(self, amount: Amount | None, href: str = "", shade: int = 0) -> Cell:
        if amount is None:
            return EMPTY
        return Cell(*written(self.view.measure, amount), href, shade)

    def _shade(self, amount: Amount | None) -> int:
        if not self.largest or amount is None or amount.value <= 0:
            return 0
        return 1 + sum(amount.value * step >= self.largest for step in HEAT_STEPS)


EMPTY = Cell("", "")


def _largest(found: Pivot) -> int:
    amounts: Iterable[Amount | None] = (cell for line in found.lines for cell in line.cells)
    if not found.by:
        amounts = (line.total for line in found.lines)
    return max((amount.value for amount in amounts if amount), default=0)


def written(measure: str, amount: Amount) -> tuple[str, str]:
    """An amount in short, and with every digit."""
    if measure == COST:
        if amount.not_priced:
            return DASH, "No price is known for this usage"
        words = formatting.exact_money(amount.value)
        if amount.unpriced_tokens:
            words += f", and {formatting.exact(amount.unpriced_tokens)} tokens without a price"
        return formatting.money(amount.value), words
    _, one, many = MEASURE_WORDS[measure]
    if measure == REQUESTS and not amount.value:
        return DASH, "The provider tells no requests for this usage"
    write = formatting.compact if measure in (TOKENS, REQUESTS) else formatting.exact
    return write(amount.value), formatting.count_of(amount.value, one, many)


def said(dimension: str, label: str, key: Any) -> tuple[str, str]:
    """A row's or column's words on screen, and in full where they are short."""
    if dimension == PERSON and key == UNATTRIBUTED:
        return NO_OWNER, "Usage that belongs to nobody"
    if dimension == TOOL:
        return formatting.tool_label(label), ""
    if dimension == DAY:
        return formatting.weekday(key), formatting.full_day(key)
    if dimension == WEEK:
        return formatting.day(key), f"Week from Monday {formatting.full_day(key)}"
    if dimension == MONTH:
        return f"{formatting.MONTHS[key.month - 1]}{formatting.SPACE}{key.year}", ""
    return label, ""


def counted(dimension: str, count: int) -> str:
    """Rows or columns in words: "18 models", "1 person"."""
    return formatting.count_of(count, *WORDS[dimension])
