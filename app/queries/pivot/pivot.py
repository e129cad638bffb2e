"""The pivot: any dimension as rows, another as columns, one measure, totals on both edges."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from app.models import UNATTRIBUTED
from app.queries.keys.shared import shared_key_lines
from app.queries.pivot.dimensions import (
    BY_LABEL,
    BY_TOTAL,
    DIMENSIONS,
    PERIODS,
    PERSON,
    WORKSPACE,
    PivotQuestion,
)
from app.queries.pivot.footer import FooterLine, footer_lines, shared_columns
from app.queries.pivot.measures import (
    DAYS,
    MEASURES,
    NOTHING,
    PEOPLE,
    TOKENS,
    Amount,
    Line,
    add,
    subtract,
)
from app.queries.pivot.sums import Sums, grouped
from app.queries.scope import Scope
from app.queries.shortened import at_most
from app.usage import normal_email

MOST_COLUMNS = 24
MOST_PERIODS = 60


class Shape(NamedTuple):
    """How a pivot is cut, measured and ordered. `by` "" means no columns but the total.

    `sort` is "label", "total", or the label of a shown column; "" and unknown ones mean the
    natural order: periods from the first, everything else most first. The row with the label
    `first` goes before the others.
    """

    rows: str = PERSON
    by: str = ""
    measure: str = TOKENS
    search: str = ""
    sort: str = ""
    descending: bool = True
    first: str = ""


class PivotColumn(NamedTuple):
    """One column: its key, its label ("" is usage of nobody), what everything in it comes to."""

    key: Any
    label: str
    total: Amount


class _Arranged(NamedTuple):
    """The columns to show and the keys of the others, the keys of all rows in order, the order."""

    columns: list[PivotColumn]
    other_keys: list[Any]
    order: Sequence[Any]
    sort: str
    descending: bool


class Pivot(NamedTuple):
    """A page of a pivot.

    `by` is the dimension of the columns as shown, coarser than asked for when there were too
    many periods. `lines` is one page of `row_count` rows; `known_rows` counts those without
    the search too. Usage of nobody is no row of people or teams: `footer` lists it below them,
    and `rows_sum` is what the rows alone come to. `other_columns` columns are summed up in
    `others`. Totals are of all rows the search leaves and of nobody; distinct counts are
    counted again for them. `shares_column`: the column of nobody holds usage of shared keys.
    """

    by: str
    columns: list[PivotColumn]
    lines: list[Line]
    other_columns: int
    others: Amount
    total: Amount
    row_count: int
    known_rows: int
    rows_sum: Line
    footer: list[FooterLine]
    shares_column: bool
    sort: str
    descending: bool
    offset: int


def shown_periods(by: str, rows: str, scope: Scope) -> str:
    """The dimension for the columns: coarser than `by` if that has more than 60 periods."""
    if by not in PERIODS:
        return by
    names = list(PERIODS)
    coarser = [name for name in names[names.index(by) :] if name != rows]
    fitting = [name for name in coarser if len(PERIODS[name].all_in(scope)) <= MOST_PERIODS]
    return fitting[0] if fitting else coarser[-1]


def pivot(scope: Scope, shape: Shape, *, limit: int | None = 50, offset: int = 0) -> Pivot:
    """A page of the pivot of a scope with both ends; `limit` None means all rows,
    with a line for every name of shared keys below them.

    An offset beyond the last row shows the last page.
    """
    by = shown_periods(shape.by, shape.rows, scope)
    return _Work(scope, shape._replace(by=by)).pivot(limit, offset)


def pivot_in_pieces(scope: Scope, shape: Shape, size: int) -> tuple[Pivot, Iterator[list[Line]]]:
    """The whole pivot without its lines, and the lines, so many at once, read when asked for.

    Ten thousand people by sixty days are six hundred thousand cells: no memory should hold them.
    """
    by = shown_periods(shape.by, shape.rows, scope)
    return _Work(scope, shape._replace(by=by)).in_pieces(size)


class _Work:
    """One pivot in the making, which asks in this order: rows, columns, others, cells, footer.

    `whole` is the question without the search, `question` what the rows and columns are about.
    A pivot of workspaces reads all cells at once, the `grid`, from which the rest follows:
    their records are read once then.
    """

    def __init__(self, scope: Scope, shape: Shape) -> None:
        self.shape = shape
        self.rows, self.by = DIMENSIONS[shape.rows], DIMENSIONS.get(shape.by)
        self.question = self.whole = PivotQuestion(scope, MEASURES[shape.measure])
        if shape.search and shape.rows == PERSON:
            self.question = replace(self.whole, search=normal_email(shape.search))
        self.adds_up = self.whole.measure.adds_up
        self.grid: Sums | None = None
        if self.by and self.adds_up and WORKSPACE in (shape.rows, shape.by):
            self.grid = grouped(self.question, (shape.rows, shape.by))
        self.row_totals = self._along(shape.rows, 0)
        self.row_labels = self.rows.labels(self._row_keys())
        self.known_rows = len(self.row_labels)
        if shape.search and shape.rows == PERSON:
            self.known_rows = self._sum(replace(self.whole, measure=MEASURES[PEOPLE])).value
        elif shape.search and not self.rows.is_period:
            self._keep_matching_rows()

    def _along(self, dimension: str, place: int) -> dict[Any, Amount]:
        """What each key of the rows (`place` 0) or columns (1) comes to."""
        if self.grid is None:
            return {key: value for (key,), value in grouped(self.question, (dimension,)).items()}
        parts: dict[Any, list[Amount]] = {}
        for keys, amount in self.grid.items():
            parts.setdefault(keys[place], []).append(amount)
        # Most often there is one: of ten thousand people a sum each would take long.
        return {
            key: amounts[0] if len(amounts) == 1 else add(amounts) for key, amounts in parts.items()
        }

    def _sum(self, question: PivotQuestion) -> Amount:
        return grouped(question, ()).get((), NOTHING)

    def _row_keys(self) -> Sequence[Any]:
        if self.shape.rows in PERIODS and self.row_totals:
            return PERIODS[self.shape.rows].all_in(self.question.scope)
        unattributed = self.rows.unattributed
        return [key for key in self.row_totals if unattributed is None or key != unattributed]

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
        self.question = self.rows.only(self.question, list(kept))

    def pivot(self, limit: int | None, offset: int) -> Pivot:
        arranged = self._arranged()
        order = arranged.order
        if limit is not None:
            offset = min(offset, (max(len(order) - 1, 0) // limit) * limit)
            order = order[offset : offset + limit]
        found = self._told(arranged, order, every_name=limit is None)
        return found._replace(offset=offset if limit is not None else 0)

    def in_pieces(self, size: int) -> tuple[Pivot, Iterator[list[Line]]]:
        arranged = self._arranged()
        found = self._told(arranged, [], every_name=True)
        order, columns = arranged.order, arranged.columns

        def pieces() -> Iterator[list[Line]]:
            for first in range(0, len(order), size):
                piece = order[first : first + size]
                others = self._others(columns, arranged.other_keys, piece, found.total)
                yield self._lines(piece, columns, others, keep=False)

        return found, pieces()

    def _arranged(self) -> _Arranged:
        columns, other_keys = self._columns()
        sort, descending = self._sort(columns)
        order = self._ordered(sort, descending, columns)
        if self.shape.first:
            order = sorted(order, key=lambda key: self.row_labels[key] != self.shape.first)
        return _Arranged(columns, other_keys, order, sort, descending)

    def _told(self, arranged: _Arranged, order: Sequence[Any], *, every_name: bool) -> Pivot:
        """The pivot with the lines of these rows."""
        columns, other_keys, _, sort, descending = arranged
        unattributed = self.rows.unattributed
        has_footer = unattributed is not None and unattributed in self.row_totals
        keys = [*order, unattributed] if has_footer else order
        total = add(self.row_totals.values()) if self.adds_up else self._sum(self.question)
        others = self._others(columns, other_keys, keys, total)
        lines = self._lines(keys, columns, others)
        nobody = lines.pop() if has_footer else None
        totals: list[Amount | None] = [column.total for column in columns]
        whole = Line(None, "", totals, others.get((), NOTHING), total)
        shares_column = self._shares_column()
        footer = self._footer(columns, nobody, every_name=every_name)
        return Pivot(
            by=self.shape.by,
            columns=columns,
            lines=lines,
            other_columns=len(other_keys),
            others=whole.others,
            total=total,
            row_count=len(self.row_labels),
            known_rows=self.known_rows,
            rows_sum=self._sum_of_rows(columns, whole, nobody, has_others=bool(other_keys)),
            footer=footer,
            shares_column=shares_column,
            sort=sort,
            descending=descending,
            offset=0,
        )

    def _columns(self) -> tuple[list[PivotColumn], list[Any]]:
        """The columns to show, and the keys of the others."""
        if self.by is None:
            return [], []
        totals = self._along(self.shape.by, 1)
        if self.shape.search and self.rows.unattributed is not None:
            # Shared keys of that name have a line below the rows, and its parts a column.
            more = shared_columns(self.whole, self.shape.by, self.shape.search)
            totals = dict.fromkeys(more, NOTHING) | totals
        shown: Sequence[Any]
        others: Sequence[Any]
        if self.shape.by in PERIODS:
            keys = PERIODS[self.shape.by].all_in(self.question.scope) if totals else []
            shown, others = keys[-MOST_PERIODS:], keys[:-MOST_PERIODS]
            words = self.by.labels(shown)
        else:
            words = self.by.labels(totals)
            keys = sorted(totals, key=lambda key: (-totals[key].value, not words[key], words[key]))
            shown, others = at_most(keys, MOST_COLUMNS)
        columns = [PivotColumn(key, words[key], totals.get(key, NOTHING)) for key in shown]
        return columns, list(others)

    def _sort(self, columns: Sequence[PivotColumn]) -> tuple[str, bool]:
        # "none" is in addresses the column of nobody, which has no label.
        known = {BY_LABEL, BY_TOTAL, *(column.label or "none" for column in columns)}
        if self.shape.sort in known:
            return self.shape.sort, self.shape.descending
        return self.rows.natural_sort

    def _ordered(self, sort: str, descending: bool, columns: Sequence[PivotColumn]) -> list[Any]:
        words = self.row_labels
        # First by words: sorting once more, by amounts, leaves equal ones in that order.
        order = sorted(words, key=words.__getitem__, reverse=sort == BY_LABEL and descending)
        if sort == BY_LABEL:
            return order
        values = self.row_totals
        if sort != BY_TOTAL:
            chosen = next(column for column in columns if (column.label or "none") == sort)
            values = self._column_values(chosen)
        sign = -1 if descending else 1
        return sorted(order, key=lambda key: sign * values.get(key, NOTHING).value)

    def _column_values(self, column: PivotColumn) -> dict[Any, Amount]:
        if self.grid is not None or self.by is None:
            grid = self.grid or {}
            return {keys[0]: value for keys, value in grid.items() if keys[1] == column.key}
        question = self.by.only(self.question, [column.key])
        return {key: value for (key,), value in grouped(question, (self.shape.rows,)).items()}

    def _near(self, order: Sequence[Any]) -> PivotQuestion:
        """The question for a page of rows: narrowed where there may be thousands of them."""
        is_long = self.shape.rows == PERSON
        return self.rows.only(self.question, order) if is_long else self.question

    def _others(
        self,
        columns: Sequence[PivotColumn],
        other_keys: Sequence[Any],
        order: Sequence[Any],
        total: Amount,
    ) -> Sums:
        """What the columns not shown come to, by (row,), and for all rows by ()."""
        if self.by is None or not other_keys:
            return {}
        if self.by.adds_up(self.whole.measure):
            return {(): subtract(total, add(column.total for column in columns))}
        # Distinct counts do not add up: they are counted over all but the columns shown.
        keys = [column.key for column in columns]
        near = self.by.without(self._near(order), keys)
        whole = self.by.without(self.question, keys)
        return grouped(near, (self.shape.rows,)) | grouped(whole, ())

    def _lines(
        self,
        order: Sequence[Any],
        columns: Sequence[PivotColumn],
        others: Sums,
        *,
        keep: bool = True,
    ) -> list[Line]:
        cells = self._cells(order, columns, keep=keep) if order else {}
        rest_follows = bool(others and self.by and self.by.adds_up(self.whole.measure))
        lines = []
        for key in order:
            row = [cells.get((key, column.key)) for column in columns]
            total = self.row_totals.get(key)
            rest = others.get((key,), NOTHING)
            if rest_follows and total:
                rest = subtract(total, add(cell for cell in row if cell))
            lines.append(Line(key, self.row_labels.get(key, ""), row, rest, total))
        return lines

    def _cells(self, order: Sequence[Any], columns: Sequence[PivotColumn], *, keep: bool) -> Sums:
        if self.grid is not None or self.by is None or not columns:
            return self.grid or {}
        question = self._near(order)
        if self.shape.by == PERSON:
            question = self.by.only(question, [column.key for column in columns])
        # Of rows that are not narrowed to, every piece asks for the same.
        keep = keep or self.shape.rows != PERSON
        return grouped(question, (self.shape.rows, self.shape.by), keep=keep)

    def _sum_of_rows(
        self, columns: Sequence[PivotColumn], whole: Line, nobody: Line | None, *, has_others: bool
    ) -> Line:
        """What the rows alone come to: the `whole` without what belongs to nobody."""
        if nobody is None or self.shape.measure == PEOPLE:
            return whole
        if self.shape.measure == DAYS:
            return self._days_of_rows(columns, has_others=has_others)
        cells = [subtract(*pair) for pair in zip(whole.cells, nobody.cells, strict=True)]
        others = subtract(whole.others, nobody.others)
        return Line(None, "", [*cells], others, subtract(whole.total, nobody.total))

    def _days_of_rows(self, columns: Sequence[PivotColumn], *, has_others: bool) -> Line:
        """Counted from scratch: a day of nobody may be a day of somebody too."""
        owned = replace(self.question, no_people=(UNATTRIBUTED,))
        found = grouped(owned, (self.shape.by,)) if self.by else {}
        keys = [column.key for column in columns]
        cells = [found.get((key,), NOTHING) for key in keys]
        total, others = self._sum(owned), NOTHING
        if self.by and has_others and self.by.adds_up(self.whole.measure):
            others = subtract(total, add(cells))
        elif self.by and has_others:
            beyond = self.by.without(owned, keys)
            nobody = tuple({*beyond.no_people, UNATTRIBUTED})
            others = self._sum(replace(beyond, no_people=nobody))
        return Line(None, "", [*cells], others, total)

    def _footer(
        self, columns: Sequence[PivotColumn], nobody: Line | None, *, every_name: bool
    ) -> list[FooterLine]:
        if self.rows.unattributed is None:
            return []
        shown = [column.key for column in columns]
        search = self.shape.search
        return footer_lines(self.whole, self.shape.by, shown, nobody, search, every_name=every_name)

    def _shares_column(self) -> bool:
        """Whether the column of nobody holds usage of shared keys."""
        if self.by is None or self.by.unattributed is None:
            return False
        return bool(shared_key_lines(self.whole.scope))
