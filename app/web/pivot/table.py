"""A pivot as it stands on screen: words for rows and columns, cells written, linked, shaded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Set
from datetime import date

from app.queries.pivot.dimensions import (
    BY_LABEL,
    BY_TOTAL,
    DIMENSIONS,
    NO_TEAM,
    PERIODS,
    PERSON,
    TEAM,
    WORKSPACE,
)
from app.queries.pivot.footer import FooterLine
from app.queries.pivot.measures import ADDITIVE, MEASURES, PEOPLE, Amount, Line
from app.queries.pivot.pivot import Pivot, PivotColumn
from app.queries.scope import Scope
from app.web.pivot.view import Links, Narrowed, PivotView, narrowed_to, narrowed_to_days
from app.web.pivot.words import (
    DASH,
    NO_OWNER_OR_SHARED,
    figure_words,
    lacking,
    not_whole,
    said,
    written,
)
from app.web.pivot.written import Cell, FootRow, Heading, Row, Table
from app.web.view import formatting

HEAT_STEPS = (16, 8, 4, 2)
"""A cell is a step darker from a 16th, an 8th, a quarter and a half of the largest on."""


def table(
    view: PivotView,
    scope: Scope,
    found: Pivot,
    person_path: Callable[[str], str],
    open_days: Set[date] = frozenset(),
) -> Table:
    """The table of a pivot; `scope` is the one it was asked for, `open_days` may still grow."""
    return _TableWriter(view, scope, found, person_path, open_days).table()


class _TableWriter:
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
        self.words = figure_words(view.measure)
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
            corner=self._heading(BY_LABEL, DIMENSIONS[self.view.rows].one.capitalize(), ""),
            headings=headings,
            total=self._heading(
                BY_TOTAL,
                "Total" if self.found.by else MEASURES[self.view.measure].label,
                self.words.meaning if self.words else "",
            ),
            rows=rows,
            foot=self._foot(),
            largest=self._cell(Amount(self.largest)).text if self.largest else "",
            parts=[f"{label}: {part}" for label, part in periods if part],
        )

    def _column_heading(self, column: PivotColumn) -> Heading:
        by = self.found.by
        label, title = said(by, column.label, column.key, with_year=self.with_year)
        if not column.label and self.found.shares_column:
            label, title = NO_OWNER_OR_SHARED
        heading = self._heading(column.label or "none", label, title)
        return heading._replace(part=not_whole(by, column.key, self.view.scope, self.open_days))

    def _heading(self, sort: str, label: str, title: str) -> Heading:
        shown = (self.found.sort, self.found.descending)
        order = ""
        if shown[0] == sort:
            order = "descending" if shown[1] else "ascending"
        name = "".join(letter if letter.isalnum() else "-" for letter in sort)
        query = self.view.sorted_by(sort, shown)
        return Heading(f"sort-{name}", sort, label, title, query, order)

    def _foot(self) -> list[FootRow]:
        """The sum of the rows, what belongs to nobody, and everything: as below the people."""
        found = self.found
        rows = [self._foot_row("sum", found.rows_sum)]
        for line in found.footer:
            rows.append(self._foot_row("nobody", line)._replace(label=line.label, keys=line.keys))
        if found.footer and not self.view.search:
            cells: list[Amount | None] = [column.total for column in found.columns]
            whole = Line(None, "", cells, found.others, found.total)
            rows.append(self._foot_row("whole", whole))
        return rows

    def _foot_row(self, kind: str, line: Line | FooterLine) -> FootRow:
        links = [""] * len(line.cells)
        if kind != "nobody" and not self.view.search:
            links = [self._href(narrowed, path) for _, narrowed, path in self.columns]
        write = self._nobodys_cell if kind == "nobody" else self._cell
        share = self._share(line.total, "") if self.found.footer else EMPTY
        cells = [write(*cell) for cell in zip(line.cells, links, strict=True)]
        return FootRow(kind, cells, write(line.others), write(line.total), share)

    def _nobodys_cell(self, amount: Amount | None, href: str = "") -> Cell:
        """How many people used what is nobody's is not known, and no zero."""
        if amount is not None and self.view.measure == PEOPLE:
            return Cell(DASH, "Nobody knows how many people used it")
        return self._cell(amount, href)

    def _narrowed(self, dimension: str, item: PivotColumn | Line) -> tuple[Narrowed, str | None]:
        """What narrows a view to a row or column, and the path of the page that shows it.

        The path is "" for this page and None where no view can be narrowed like that.
        """
        by = DIMENSIONS[dimension]
        if dimension == PERSON:
            return Narrowed(), None if item.key == by.unattributed else self.person_path(item.label)
        if dimension == WORKSPACE:
            return self.links.workspace(item.label), ""
        if dimension in PERIODS:
            return narrowed_to_days(*PERIODS[dimension].span(item.key, self.scope)), ""
        if dimension == TEAM and item.key in (NO_TEAM, by.unattributed):
            return Narrowed(), None
        return narrowed_to(by.filter, item.label), ""

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
            label=label,
            title=title,
            href=href,
            cells=cells,
            others=self._cell(line.others),
            total=self._cell(line.total, href, shade),
            share=self._share(line.total, href),
            part=not_whole(self.view.rows, line.key, self.view.scope, self.open_days),
        )

    def _share(self, amount: Amount | None, href: str) -> Cell:
        adds_up = not self.found.by and self.view.measure in ADDITIVE
        if not adds_up or amount is None or amount.is_unknown:
            return EMPTY
        whole = self.found.total
        words = f"{self._cell(amount).title} of {self._cell(whole).title}"
        if whole.is_partial:
            words += f"; {lacking(self.view.measure, whole)}"
        return Cell(formatting.percent(amount.value, whole.value), words, href)

    def _linked(
        self,
        amount: Amount | None,
        line: Line,
        narrowed: Narrowed,
        path: str | None,
        column: PivotColumn,
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
        first = PERIODS[self.view.rows].span(row, self.scope)
        second = PERIODS[self.found.by].span(column, self.scope)
        return narrowed_to_days(max(first[0], second[0]), min(first[1], second[1]))

    def _href(self, narrowed: Narrowed, path: str | None) -> str:
        if path is None:
            return ""
        return path + self.links.elsewhere(narrowed) if path else self.links.here(narrowed)

    def _cell(self, amount: Amount | None, href: str = "", shade: int = 0) -> Cell:
        if amount is None:
            return EMPTY
        measure = self.view.measure
        return Cell(*written(measure, amount), href, shade, lacking(measure, amount))

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
