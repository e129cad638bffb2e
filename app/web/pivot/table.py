"""A pivot as it stands on screen: words for rows and columns, cells written, linked, shaded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from datetime import date
from typing import Any, NamedTuple

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
    NO_OWNER_OR_SHARED,
    AmountWriter,
    not_whole,
    said,
)
from app.web.pivot.written import FootRow, Heading, Row, Table
from app.web.view import formatting
from app.web.view.cells import DASH, Cell

HEAT_STEPS = (16, 8, 4, 2)
"""A cell is a step darker from a 16th, an 8th, a quarter and a half of the largest on."""
CellWriter = Callable[[Amount | None, str, str], Cell]


def table(
    view: PivotView,
    scope: Scope,
    found: Pivot,
    person_path: Callable[[str], str],
    open_days: Set[date] = frozenset(),
) -> Table:
    """The table of a pivot; `scope` is the one it was asked for, `open_days` may still grow."""
    return _TableWriter(view, scope, found, person_path, open_days).table()


class _Column(NamedTuple):
    """A column: its key and heading, what leads to it, the classes of its cells by shade."""

    key: Any
    heading: Heading
    narrowed: Narrowed
    shades: Sequence[str]


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
        self.write = AmountWriter(view.measure)
        self.person_path = person_path
        self.links = Links(view)
        self.largest = _largest(found) if view.heat else 0
        self.has_shares = not found.by and view.measure in ADDITIVE
        self.columns = [self._column(column) for column in found.columns]

    def table(self) -> Table:
        rows = [self._row(line) for line in self.found.lines]
        headings = [column.heading for column in self.columns]
        periods = [(one.label, one.part) for one in headings]
        periods += [(row.label, row.part) for row in rows]
        return Table(
            corner=self._heading(BY_LABEL, DIMENSIONS[self.view.rows].one.capitalize(), ""),
            headings=headings,
            total=self._heading(
                BY_TOTAL,
                "Total" if self.found.by else MEASURES[self.view.measure].label,
                self.write.words.meaning if self.write.words else "",
            ),
            rows=rows,
            foot=self._foot(),
            largest=self.write(Amount(self.largest)).text if self.largest else "",
            parts=[f"{label}: {part}" for label, part in periods if part],
        )

    def _column(self, column: PivotColumn) -> _Column:
        heading = self._column_heading(column)
        look = "open" if heading.part else ""
        shades = [look, *(f"{look} heat-{shade}".strip() for shade in range(1, 6))]
        return _Column(column.key, heading, narrowed_to(self.found.by, column, self.scope), shades)

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
        narrowed = [*(column.narrowed for column in self.columns), NOTHING_MORE]
        links = [None if self.view.search else whose(also) for also in narrowed]
        return FootRow(kind, self._foot_cells(line, links, self.write))

    def _of_rows(self, narrowed: Narrowed) -> Narrowed:
        """What leads to the rows alone: a list of people tells them beside the rest."""
        if self.found.footer and self.links.needs_records(narrowed):
            return PEOPLES.and_also(narrowed)
        return narrowed

    def _nobodys_row(self, line: FooterLine) -> FootRow:
        whose = narrowed_to_line(line)
        # The line goes before a column of nobody, which holds all that is nobody's.
        links = [None if whose is None else one.narrowed.and_also(whose) for one in self.columns]
        cells = self._foot_cells(line, [*links, whose], self._nobodys_cell)
        return FootRow("nobody", cells, line.label, line.keys, self.links.behind(whose))

    def _foot_cells(
        self, line: Line | FooterLine, links: Sequence[Narrowed | None], write: CellWriter
    ) -> list[Cell]:
        """The cells of a row below the rows; the last of the links is that of its total."""
        looks = [column.shades[0] for column in self.columns]
        cells = [
            write(amount, self.links.behind(link), look)
            for amount, link, look in zip(line.cells, links[:-1], looks, strict=True)
        ]
        if self.found.other_columns:
            cells.append(write(line.others, "", "others"))
        cells.append(write(line.total, self.links.behind(links[-1]), "edge"))
        if self.has_shares:
            cells.append(self._share(line.total if self.found.footer else None, ""))
        return cells

    def _nobodys_cell(self, amount: Amount | None, href: str = "", look: str = "") -> Cell:
        """How many people used what is nobody's is not known, and no zero."""
        if amount is not None and self.view.measure == PEOPLE:
            return Cell(DASH, "Nobody knows how many people used it", look=look)
        return self.write(amount, href, look)

    def _row(self, line: Line) -> Row:
        label, title = said(self.view.rows, line.label, line.key, with_year=self.with_year)
        narrowed = narrowed_to(self.view.rows, line, self.scope)
        href = self.links.behind(narrowed)
        return Row(
            label=label,
            title=title,
            href=self._page_of(line) or href,
            cells=[*self._crossings(line, narrowed), *self._edge(line, href)],
            part=not_whole(self.view.rows, line.key, self.view.scope, self.open_days),
        )

    def _page_of(self, line: Line) -> str:
        """The page of the person of a row; "" of other rows."""
        if self.view.rows != PERSON:
            return ""
        return self.links.person(self.person_path(line.label))

    def _crossings(self, line: Line, narrowed: Narrowed) -> Iterator[Cell]:
        """The cells where a row meets the columns."""
        along, of_periods = self.links.along(narrowed), self._crosses_periods()
        for amount, column in zip(line.cells, self.columns, strict=True):
            if amount is None:
                yield Cell("", look=column.shades[0])
                continue
            also = self._days_at(line, column) if of_periods else column.narrowed
            href = self.links.crossing(along, also)
            yield self.write(amount, href, column.shades[self._shade(amount)])

    def _crosses_periods(self) -> bool:
        return self.view.rows in PERIODS and self.found.by in PERIODS

    def _days_at(self, line: Line, column: _Column) -> Narrowed:
        """What leads to the days where a period of the rows and one of the columns meet."""
        first = PERIODS[self.view.rows].span(line.key, self.scope)
        second = PERIODS[self.found.by].span(column.key, self.scope)
        return narrowed_to_days((max(first[0], second[0]), min(first[1], second[1])))

    def _edge(self, line: Line, href: str) -> Iterator[Cell]:
        """The cells of a row after its columns."""
        if self.found.other_columns:
            yield self.write(line.others, "", "others")
        shade = 0 if self.found.by else self._shade(line.total)
        yield self.write(line.total, href, f"edge heat-{shade}" if shade else "edge")
        if self.has_shares:
            yield self._share(line.total, href)

    def _share(self, amount: Amount | None, href: str) -> Cell:
        if amount is None or amount.is_unknown:
            return Cell("", look="share")
        whole, write = self.found.total, self.write
        words = f"{write(amount).title} of {write(whole).title}"
        if whole.is_partial:
            words += f"; {write.lacking(whole)}"
        return Cell(formatting.percent(amount.value, whole.value), words, href, "share")

    def _shade(self, amount: Amount | None) -> int:
        if not self.largest or amount is None or amount.value <= 0:
            return 0
        return 1 + sum(amount.value * step >= self.largest for step in HEAT_STEPS)


def _largest(found: Pivot) -> int:
    amounts: Iterable[Amount | None] = (cell for line in found.lines for cell in line.cells)
    if not found.by:
        amounts = (line.total for line in found.lines)
    return max((amount.value for amount in amounts if amount), default=0)
