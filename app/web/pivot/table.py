"""A pivot as it stands on screen: words for rows and columns, cells written, linked, shaded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Set
from datetime import date
from typing import NamedTuple

from app.models import UNATTRIBUTED
from app.queries.pivot import BY_LABEL, BY_TOTAL, Column, Line, Pivot
from app.queries.pivot_dimensions import (
    ADDITIVE,
    DAY,
    NO_TEAM,
    NOBODYS_TEAM,
    PERIODS,
    PERSON,
    TEAM,
    UNOWNED,
    WORKSPACE,
    Amount,
    period_span,
)
from app.queries.scope import Scope
from app.web import formatting
from app.web.pivot.view import Links, Narrowed, PivotView, narrowed_to
from app.web.pivot.words import MEASURE_WORDS, WORDS, not_whole, said, written

HEAT_STEPS = (16, 8, 4, 2)
"""A cell is a step darker from a 16th, an 8th, a quarter and a half of the largest on."""


class Heading(NamedTuple):
    """The heading of a column: its words, in full, the sort it stands for, its total.

    `part`: why a period is not whole, "" when it is.
    """

    id: str
    sort: str
    label: str
    title: str
    query: str
    order: str
    total: Cell
    part: str = ""


class Cell(NamedTuple):
    """A figure as written, every digit of it, where it leads ("" nowhere), 0 to 5 of shade."""

    text: str
    title: str = ""
    href: str = ""
    shade: int = 0


class Row(NamedTuple):
    """A row as written. `share` is of the total, empty for counts that do not add up.

    `part`: why a period is not whole, "" when it is.
    """

    label: str
    title: str
    href: str
    cells: list[Cell]
    others: Cell
    total: Cell
    share: Cell
    is_rest: bool
    part: str = ""


class Table(NamedTuple):
    """The whole table. `largest` is the largest shaded figure, written; "" without shades.

    `parts` says of each shown period that is not whole why, in the order of the table.
    """

    corner: Heading
    headings: list[Heading]
    total: Heading
    rows: list[Row]
    others: Cell
    largest: str
    parts: list[str]


def table(
    view: PivotView,
    scope: Scope,
    found: Pivot,
    person_path: Callable[[str], str],
    open_days: Set[date] = frozenset(),
) -> Table:
    """The table of a pivot; `scope` is the one it was asked for, `open_days` may still grow."""
    return _Writer(view, scope, found, person_path, open_days).table()


class _Writer:
    def __init__(
        self,
        view: PivotView,
        scope: Scope,
        found: Pivot,
        person_path: Callable[[str], str],
        open_days: Set[date],
    ) -> None:
        self.view, self.scope, self.found = view, scope, found
        self.open_days = open_days
        self.with_year = bool(scope.start and scope.end and scope.start.year != scope.end.year)
        self.person_path = person_path
        self.links = Links(view)
        self.largest = _largest(found) if view.heat else 0
        self.columns = [(column, *self._narrowed(found.by, column)) for column in found.columns]

    def table(self) -> Table:
        rows = [self._row(line) for line in self.found.lines]
        headings = [self._column_heading(column) for column in self.found.columns]
        periods = [(one.label, one.part) for one in headings]
        periods += [(row.label, row.part) for row in rows]
        return Table(
            self._heading(BY_LABEL, WORDS[self.view.rows][0].capitalize(), "", Cell("")),
            headings,
            self._heading(
                BY_TOTAL,
                "Total" if self.found.by else MEASURE_WORDS[self.view.measure][0],
                "",
                self._cell(self.found.total),
            ),
            rows,
            self._cell(self.found.others),
            self._cell(Amount(self.largest)).text if self.largest else "",
            [f"{label}: {part}" for label, part in periods if part],
        )

    def _column_heading(self, column: Column) -> Heading:
        by = self.found.by
        label, title = said(by, column.label, column.key, with_year=self.with_year)
        href = "" if self.view.search else self._href(*self._narrowed(by, column))
        heading = self._heading(
            column.label or "none", label, title, self._cell(column.total, href)
        )
        return heading._replace(part=not_whole(by, column.key, self.scope, self.open_days))

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
        if dimension == WORKSPACE:
            return self.links.workspace(item.label), ""
        if dimension == TEAM and item.key in (NO_TEAM, NOBODYS_TEAM):
            return Narrowed(), None
        days = period_span(dimension, item.key, self.scope) if dimension in PERIODS else None
        return narrowed_to(dimension, item.key, days, item.label), ""

    def _row(self, line: Line) -> Row:
        label, title = said(self.view.rows, line.label, line.key, with_year=self.with_year)
        narrowed, path = self._narrowed(self.view.rows, line)
        cells = [
            self._linked(cell, line, narrowed, path, *column)
            for cell, column in zip(line.cells, self.columns, strict=True)
        ]
        href = self._href(narrowed, path)
        shade = 0 if self.found.by else self._shade(line.total)
        return Row(
            label,
            title,
            href,
            cells,
            self._cell(line.others),
            self._cell(line.total, href, shade),
            self._share(line.total, href),
            line.key == UNOWNED.get(self.view.rows),
            not_whole(self.view.rows, line.key, self.scope, self.open_days),
        )

    def _share(self, amount: Amount | None, href: str) -> Cell:
        adds_up = not self.found.by and self.view.measure in ADDITIVE
        if not adds_up or amount is None or amount.not_priced:
            return EMPTY
        whole = self.found.total
        words = f"{self._cell(amount).title} of {self._cell(whole).title}"
        return Cell(formatting.percent(amount.value, whole.value), words, href)

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
        if path is None or column_path is None or self._lost(narrowed, also, path or column_path):
            return self._cell(amount, "", self._shade(amount))
        if self.view.rows in PERIODS and self.found.by in PERIODS:
            also = self._overlap(line.key, column.key)
        href = self._href(narrowed.and_also(also), path or column_path)
        return self._cell(amount, href, self._shade(amount))

    def _lost(self, narrowed: Narrowed, also: Narrowed, path: str | None) -> bool:
        """Whether the page of a person would show more than the cell: it knows no workspace."""
        return bool(path and (narrowed.shape or also.shape))

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
