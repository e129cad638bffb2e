"""A pivot as it stands on screen: words for rows and columns, cells written, linked, shaded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence, Set
from datetime import date

from app.queries.pivot.dimensions import (
    BY_LABEL,
    BY_TOTAL,
    DIMENSIONS,
    PERIODS,
    PERSON,
)
from app.queries.pivot.footer import FooterLine
from app.queries.pivot.measures import ADDITIVE, MEASURES, PEOPLE, Amount, Line
from app.queries.pivot.pivot import Pivot, PivotColumn
from app.queries.scope import Scope
from app.web.pivot.links import (
    NOTHING_MORE,
    PEOPLES,
    Links,
    Narrowed,
    narrowed_to,
    narrowed_to_days,
    narrowed_to_line,
)
from app.web.pivot.view import PivotView
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
        self.columns = [(one, narrowed_to(found.by, one, scope)) for one in found.columns]

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
            parts=[f"{label} {part}" for label, part in periods if part],
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
        rows = [self._sum_row("sum", found.rows_sum, self._of_rows)]
        rows += map(self._nobodys_row, found.footer)
        if found.footer and not self.view.search:
            cells: list[Amount | None] = [column.total for column in found.columns]
            whole = Line(None, "", cells, found.others, found.total)
            rows.append(self._sum_row("whole", whole, lambda narrowed: narrowed))
        return rows

    def _sum_row(self, kind: str, line: Line, whose: Callable[[Narrowed], Narrowed]) -> FootRow:
        """A sum; of rows that were searched for it is nowhere else."""
        narrowed = [also for _, also in self.columns]
        links = [None if self.view.search else whose(also) for also in (*narrowed, NOTHING_MORE)]
        return self._foot_row(kind, line, links)

    def _of_rows(self, narrowed: Narrowed) -> Narrowed:
        """What leads to the rows alone: a list of people tells them beside the rest."""
        if self.found.footer and self.links.needs_records(narrowed):
            return PEOPLES.and_also(narrowed)
        return narrowed

    def _nobodys_row(self, line: FooterLine) -> FootRow:
        whose = narrowed_to_line(line)
        # The line goes before a column of nobody, which holds all that is nobody's.
        links = [None if whose is None else also.and_also(whose) for _, also in self.columns]
        row = self._foot_row("nobody", line, [*links, whose])
        return row._replace(label=line.label, keys=line.keys, href=self.links.behind(whose))

    def _foot_row(
        self, kind: str, line: Line | FooterLine, links: Sequence[Narrowed | None]
    ) -> FootRow:
        """A row below the rows; the last of the links is that of its total."""
        write = self._nobodys_cell if kind == "nobody" else self._cell
        *cells, total = map(write, (*line.cells, line.total), map(self.links.behind, links))
        share = self._share(line.total, "") if self.found.footer else EMPTY
        return FootRow(kind, cells, write(line.others), total, share)

    def _nobodys_cell(self, amount: Amount | None, href: str = "") -> Cell:
        """How many people used what is nobody's is not known, and no zero."""
        if amount is not None and self.view.measure == PEOPLE:
            return Cell(DASH, "Nobody knows how many people used it")
        return self._cell(amount, href)

    def _row(self, line: Line) -> Row:
        label, title = said(self.view.rows, line.label, line.key, with_year=self.with_year)
        narrowed = narrowed_to(self.view.rows, line, self.scope)
        cells = [
            self._linked(cell, self._at(line, narrowed, *column))
            for cell, column in zip(line.cells, self.columns, strict=True)
        ]
        href = self.links.behind(narrowed)
        shade = 0 if self.found.by else self._shade(line.total)
        return Row(
            label=label,
            title=title,
            href=self._page_of(line) or href,
            cells=cells,
            others=self._cell(line.others),
            total=self._cell(line.total, href, shade),
            share=self._share(line.total, href),
            part=not_whole(self.view.rows, line.key, self.view.scope, self.open_days),
        )

    def _page_of(self, line: Line) -> str:
        """The page of the person of a row; "" of other rows."""
        if self.view.rows != PERSON:
            return ""
        return self.links.person(self.person_path(line.label))

    def _at(self, line: Line, narrowed: Narrowed, column: PivotColumn, also: Narrowed) -> Narrowed:
        """What leads to where a row and a column meet."""
        if self.view.rows not in PERIODS or self.found.by not in PERIODS:
            return narrowed.and_also(also)
        first = PERIODS[self.view.rows].span(line.key, self.scope)
        second = PERIODS[self.found.by].span(column.key, self.scope)
        return narrowed_to_days((max(first[0], second[0]), min(first[1], second[1])))

    def _share(self, amount: Amount | None, href: str) -> Cell:
        adds_up = not self.found.by and self.view.measure in ADDITIVE
        if not adds_up or amount is None or amount.is_unknown:
            return EMPTY
        whole = self.found.total
        words = f"{self._cell(amount).title} of {self._cell(whole).title}"
        if whole.is_partial:
            words += f"; {lacking(self.view.measure, whole)}"
        return Cell(formatting.percent(amount.value, whole.value), words, href)

    def _linked(self, amount: Amount | None, narrowed: Narrowed) -> Cell:
        if amount is None:
            return EMPTY
        return self._cell(amount, self.links.behind(narrowed), self._shade(amount))

    def _cell(self, amount: Amount | None, href: str = "", shade: int = 0) -> Cell:
        """An amount; one of nothing leads nowhere."""
        if amount is None:
            return EMPTY
        measure, href = self.view.measure, href if any(amount) else ""
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
