"""The pivot: any dimension as rows, another as columns, one measure, totals on both edges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from app.queries.keys.shared import shared_key_lines
from app.queries.pivot.dimensions import (
    ADDITIVE,
    MODEL,
    NOTHING,
    PEOPLE,
    PERIODS,
    PERSON,
    UNOWNED,
    WORKSPACE,
    Amount,
    Question,
    add,
    labels,
    periods,
    subtract,
)
from app.queries.pivot.shape import (
    BY_LABEL,
    BY_TOTAL,
    Column,
    Columns,
    Line,
    Shape,
    columns_add_up,
    natural_sort,
)
from app.queries.pivot.sums import Sums, grouped
from app.queries.pivot.unattributed import FooterLine, footer_lines, shared_columns, sum_of_rows
from app.queries.scope import Scope
from app.queries.shortened import at_most
from app.usage import normal_email

MOST_COLUMNS = 24
MOST_PERIODS = 60


class Pivot(NamedTuple):
    """A page of a pivot.

    `by` is the dimension of the columns as shown, coarser than asked for when there were too
    many periods. `lines` is one page of `row_count` rows; `known_rows` counts those without
    the search too. Usage of nobody is no row of people or teams: `nobody` lists it below them,
    and `rows_sum` is what the rows alone come to. `other_columns` columns are summed up in
    `others`. Totals are of all rows the search leaves and of nobody; distinct counts are
    counted anew for them. `shares_column`: the column of nobody holds usage of shared keys.
    """

    by: str
    columns: list[Column]
    lines: list[Line]
    other_columns: int
    others: Amount
    total: Amount
    row_count: int
    known_rows: int
    rows_sum: Line
    nobody: list[FooterLine]
    shares_column: bool
    sort: str
    descending: bool
    offset: int


def shown_periods(by: str, rows: str, scope: Scope) -> str:
    """The dimension for the columns: coarser than `by` if that has more than 60 periods."""
    if by not in PERIODS:
        return by
    coarser = [name for name in PERIODS[PERIODS.index(by) :] if name != rows]
    fitting = [name for name in coarser if len(periods(name, scope)) <= MOST_PERIODS]
    return fitting[0] if fitting else coarser[-1]


def pivot(scope: Scope, shape: Shape, *, limit: int | None = 50, offset: int = 0) -> Pivot:
    """A page of the pivot of a scope with both ends; `limit` None means all rows.

    An offset beyond the last row shows the last page.
    """
    by = shown_periods(shape.by, shape.rows, scope)
    return _Work(scope, shape._replace(by=by)).pivot(limit, offset)


class _Work:
    """One pivot in the making: what is asked of the database once, and used in many places."""

    def __init__(self, scope: Scope, shape: Shape) -> None:
        self.shape = shape
        self.everybody = everybody = Question(scope, shape.measure)
        self.unowned = UNOWNED.get(shape.rows)
        # Words narrow to people of that e-mail; in other rows they are looked for in the labels.
        self.question = replace(
            everybody, search=normal_email(shape.search) * (shape.rows == PERSON)
        )
        self.grid: Sums | None = None
        by = shape.by
        # Workspaces are read from the records: once, if everything follows from the cells.
        if by and WORKSPACE in (shape.rows, by) and shape.measure in ADDITIVE:
            self.grid = grouped(self.question, (shape.rows, by))
        self.row_totals = self._along(shape.rows, 0)
        self.row_labels = labels(shape.rows, self._row_keys())
        self.known_rows = len(self.row_labels)
        if self.question.search:
            self.known_rows = grouped(replace(everybody, measure=PEOPLE), ()).get((), NOTHING).value
        if shape.search and shape.rows not in (*PERIODS, PERSON):
            self._keep_matching_rows()

    def _along(self, dimension: str, place: int) -> dict[Any, Amount]:
        if self.grid is None:
            return {key: value for (key,), value in grouped(self.question, (dimension,)).items()}
        parts: dict[Any, list[Amount]] = {}
        for keys, amount in self.grid.items():
            parts.setdefault(keys[place], []).append(amount)
        return {key: add(amounts) for key, amounts in parts.items()}

    def _row_keys(self) -> Sequence[Any]:
        if self.shape.rows in PERIODS and self.row_totals:
            return periods(self.shape.rows, self.question.scope)
        return [key for key in self.row_totals if key != self.unowned]

    def _keep_matching_rows(self) -> None:
        wanted = self.shape.search.strip().casefold()
        kept = {
            key: label
            for key, label in self.row_labels.items()
            if wanted in label.casefold().replace("_", " ") or wanted in label.casefold()
        }
        self.row_labels = kept
        self.row_totals = {key: self.row_totals[key] for key in kept}
        if self.grid is not None:
            self.grid = {keys: value for keys, value in self.grid.items() if keys[0] in kept}
        if kept:
            self.question = self.question.to(self.shape.rows, list(kept))
        else:
            self.question = self.question.to(MODEL, ())

    def pivot(self, limit: int | None, offset: int) -> Pivot:
        columns, other_keys = self._columns()
        sort, descending = self._sort(columns)
        order = self._ordered(sort, descending, columns)
        if limit is not None:
            last = (max(len(order) - 1, 0) // limit) * limit
            offset = min(offset, last)
            order = order[offset : offset + limit]
        has_nobody = self.unowned in self.row_totals
        keys = [*order, self.unowned] if has_nobody else order
        others = self._others(columns, other_keys, keys)
        lines = self._lines(keys, columns, others)
        nobody = lines.pop() if has_nobody else None
        shown = Columns(self.shape.by, [column.key for column in columns])
        totals: list[Amount | None] = [column.total for column in columns]
        whole = Line(None, "", totals, others.get((), NOTHING), self._total())
        return Pivot(
            self.shape.by,
            columns,
            lines,
            len(other_keys),
            whole.others,
            whole.total or NOTHING,
            len(self.row_labels),
            self.known_rows,
            sum_of_rows(self.question, shown, whole, nobody, bool(other_keys)),
            self._nobody(nobody, shown),
            self._shares_column(),
            sort,
            descending,
            offset if limit is not None else 0,
        )

    def _nobody(self, nobody: Line | None, columns: Columns) -> list[FooterLine]:
        if self.unowned is None:
            return []
        return footer_lines(self.everybody, columns, nobody, self.shape.search)

    def _shares_column(self) -> bool:
        if self.shape.by not in UNOWNED:
            return False
        return bool(shared_key_lines(self.everybody.scope))

    def _columns(self) -> tuple[list[Column], list[Any]]:
        """The columns to show, and the keys of the others."""
        by = self.shape.by
        if not by:
            return [], []
        totals = self._along(by, 1)
        if self.shape.search and self.unowned is not None:
            # Shared keys of that name have a line below the rows, and its parts a column.
            more = shared_columns(self.everybody, by, self.shape.search)
            totals = dict.fromkeys(more, NOTHING) | totals
        if by in PERIODS:
            keys = periods(by, self.question.scope) if totals else []
            shown, others = keys[-MOST_PERIODS:], keys[:-MOST_PERIODS]
            words = labels(by, shown)
        else:
            words = labels(by, totals)
            keys = sorted(totals, key=lambda key: (-totals[key].value, not words[key], words[key]))
            first, rest = at_most(keys, MOST_COLUMNS)
            shown, others = list(first), list(rest)
        return [Column(key, words[key], totals.get(key, NOTHING)) for key in shown], others

    def _sort(self, columns: Sequence[Column]) -> tuple[str, bool]:
        known = {BY_LABEL, BY_TOTAL, *(column.label or "none" for column in columns)}
        if self.shape.sort in known:
            return self.shape.sort, self.shape.descending
        return natural_sort(self.shape.rows)

    def _ordered(self, sort: str, descending: bool, columns: Sequence[Column]) -> list[Any]:
        words = self.row_labels
        order = sorted(words, key=words.__getitem__, reverse=sort == BY_LABEL and descending)
        if sort == BY_LABEL:
            return order
        values = self.row_totals
        if sort != BY_TOTAL:
            chosen = next(column for column in columns if (column.label or "none") == sort)
            values = self._column_values(chosen)
        sign = -1 if descending else 1
        return sorted(order, key=lambda key: sign * values.get(key, NOTHING).value)

    def _column_values(self, column: Column) -> dict[Any, Amount]:
        if self.grid is not None:
            return {keys[0]: value for keys, value in self.grid.items() if keys[1] == column.key}
        question = self.question.to(self.shape.by, [column.key])
        return {key: value for (key,), value in grouped(question, (self.shape.rows,)).items()}

    def _cells(self, order: Sequence[Any], columns: Sequence[Column]) -> Sums:
        if self.grid is not None or not columns:
            return self.grid or {}
        question = self._near(order)
        if self.shape.by == PERSON:
            question = question.to(PERSON, [column.key for column in columns])
        return grouped(question, (self.shape.rows, self.shape.by))

    def _near(self, order: Sequence[Any]) -> Question:
        """The question for a page of rows: narrowed where there may be thousands of them."""
        return self.question.to(PERSON, order) if self.shape.rows == PERSON else self.question

    def _lines(self, order: Sequence[Any], columns: Sequence[Column], others: Sums) -> list[Line]:
        cells = self._cells(order, columns)
        counted = columns_add_up(self.shape.measure, self.shape.by)
        lines = []
        for key in order:
            row = [cells.get((key, column.key)) for column in columns]
            total = self.row_totals.get(key)
            rest = others.get((key,), NOTHING)
            if others and counted and total:
                rest = subtract(total, add(cell for cell in row if cell))
            lines.append(Line(key, self.row_labels.get(key, ""), row, rest, total))
        return lines

    def _others(
        self, columns: Sequence[Column], other_keys: Sequence[Any], order: Sequence[Any]
    ) -> Sums:
        """What the columns not shown come to, by (row,), and for all rows by ()."""
        if not other_keys:
            return {}
        if columns_add_up(self.shape.measure, self.shape.by):
            shown = add(column.total for column in columns)
            return {(): subtract(self._total(), shown)}
        keys = [column.key for column in columns]
        whole = self.question.without(self.shape.by, keys)
        near = self._near(order).without(self.shape.by, keys)
        return grouped(near, (self.shape.rows,)) | grouped(whole, ())

    def _total(self) -> Amount:
        if self.shape.measure in ADDITIVE:
            return add(self.row_totals.values())
        return grouped(self.question, ()).get((), NOTHING)
