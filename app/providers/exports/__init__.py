"""Reading the vendors' CSV exports: one module per export, this is their registry and door."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import chain
from operator import itemgetter
from typing import BinaryIO

from app.providers.claude_record import summed
from app.providers.exports import claude_cost, claude_tokens, cursor_events
from app.providers.exports.cells import SHOWN, BadCell, CellReader
from app.providers.exports.claude_cost import MoneyTarget, is_of_searches, matched, money_target
from app.providers.exports.refused import refused_as
from app.providers.exports.table import CsvRow, CsvTable, normalised, read_table
from app.providers.exports.text import text_lines
from app.providers.exports.types import (
    BadRow,
    ExportKind,
    ExportModule,
    ExportRow,
    HeaderAgain,
    Reading,
    RowReader,
    SkippedRow,
    UnreadableExport,
)
from app.states import Merge
from app.usage import normal_email

__all__ = [
    "EMPTY",
    "EXPORT_KINDS",
    "BadRow",
    "Export",
    "ExportKind",
    "ExportRow",
    "HeaderAgain",
    "MoneyTarget",
    "SkippedRow",
    "UnreadableExport",
    "is_of_searches",
    "matched",
    "money_target",
    "open_export",
    "summed",
]

MODULES: tuple[ExportModule, ...] = (
    cursor_events,
    claude_cost,
    claude_tokens,
)
LONGEST_CELL = 1_000
"""Characters; also bounds what the readers of cells remember."""
EXPORT_KINDS = tuple(module.KIND for module in MODULES)
AnyRow = ExportRow | BadRow | SkippedRow | HeaderAgain
EMPTY = ExportKind("empty", "", "An empty file", Merge.EVENTS)
"""The kind of a file without any text: it has no rows."""


class Export:
    """An opened export. Its rows can be read once.

    `columns` and `ignored_columns` are headers as the file writes them.
    """

    def __init__(
        self,
        kind: ExportKind,
        columns: Sequence[str] = (),
        ignored_columns: Sequence[str] = (),
        rows: Iterable[AnyRow] = (),
        reading: Reading | None = None,
    ) -> None:
        self.kind = kind
        self.columns = tuple(columns)
        self.ignored_columns = tuple(ignored_columns)
        self._rows = rows
        self._reading = reading

    def rows(self) -> Iterator[AnyRow]:
        """Every row that is not blank, in the order of the file, read as it is asked for.

        Raises UnreadableExport when the file turns out to be damaged further down (nothing of
        it should be kept then), and when nobody said whose usage it is.
        """
        if self.kind.needs_person and self._reading and not self._reading.person:
            raise UnreadableExport(
                f"This export ({self.kind.label}) does not say who used it. Say whose usage it"
                " is: give the e-mail address of the person."
            )
        yield from self._rows

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was odd in the rows read so far, one sentence each with the number of rows."""
        counted = self._reading.warnings.items() if self._reading else ()
        return tuple(
            f"{times:,} {'row' if times == 1 else 'rows'}: {sentence}."
            for sentence, times in counted
        )


def open_export(
    stream: BinaryIO, *, name: str = "", person: str = "", now: datetime | None = None
) -> Export:
    """The export in `stream`, recognised by its header; its rows are read later, in pieces.

    `name` is the file's name for the sentences of errors. `person` is the e-mail address of
    whose usage it is, for exports that do not say; the others ignore it. Rows more than 48
    hours after `now` (the clock) are rejected. Raises UnreadableExport for anything that is no
    export this program can count.
    """
    base = name.replace("\\", "/").rsplit("/", 1)[-1]
    subject = f"The file {base[:SHOWN]!r}" if base else "The file"
    table = read_table(text_lines(stream, subject), _is_known, subject)
    if table is None:
        return Export(EMPTY)
    module = _module_of(table, subject)
    places = _places(table, module, subject)
    grid = _Grid(len(table.columns), [places.get(field) for field in module.FIELDS])
    first = next(table.rows, None)
    reading = Reading(places.keys(), CellReader(table.delimiter, now), normal_email(person))
    anonymous = module.needs_person(reading.present, grid.row(first.cells if first else []))
    used = set(places.values())
    unused = [place for place in range(len(table.columns)) if place not in used]
    return Export(
        replace(module.KIND, needs_person=anonymous),
        table.columns,
        [table.columns[place] or f"(column {place + 1})" for place in unused],
        _read_rows(chain([first] if first else [], table.rows), grid, module, table, reading),
        reading,
    )


class _Grid:
    """Puts the cells of a row into the order of a module's FIELDS; None is no column."""

    def __init__(self, width: int, places: Sequence[int | None]) -> None:
        self.width = width
        # An absent column reads the one empty cell that `row` adds at the end.
        self._in_order = itemgetter(*(width if place is None else place for place in places))

    def row(self, cells: Sequence[str]) -> Sequence[str]:
        """The cells in order, those that are missing in a short row as ""."""
        if len(cells) < self.width:
            cells = [*cells, *[""] * (self.width - len(cells))]
        ordered: Sequence[str] = self._in_order([*cells[: self.width], ""])
        return ordered


def _is_known(headers: frozenset[str]) -> bool:
    return bool(refused_as(headers)) or any(module.recognises(headers) for module in MODULES)


def _module_of(table: CsvTable, subject: str) -> ExportModule:
    headers = frozenset(table.headers)
    if known := refused_as(headers):
        raise UnreadableExport(f"{subject} is {known.label}: {known.why}. {known.instead}")
    for module in MODULES:
        if module.recognises(headers):
            return module
    labels = ", ".join(kind.label for kind in EXPORT_KINDS)
    raise UnreadableExport(
        f"{subject} is no export this program knows. Its first row is"
        f" {_shown(table.columns)}; known are: {labels}. Export one of these, with its header."
    )


def _places(table: CsvTable, module: ExportModule, subject: str) -> dict[str, int]:
    """Where each field of the module is; UnreadableExport for a missing or a double column."""
    fields = {header: name for name, headers in module.FIELDS.items() for header in headers}
    places: dict[str, int] = {}
    seen: dict[str, int] = {}
    for place, header in enumerate(table.headers):
        meaning = fields.get(header, header)
        if header and meaning in seen:
            twice = _shown([table.columns[seen[meaning]], table.columns[place]])
            raise UnreadableExport(
                f"{subject} has two columns of one meaning: {twice}. Remove the one that is wrong."
            )
        seen[meaning] = place
        if header in fields:
            places[meaning] = place
    if absent := module.missing(places.keys()):
        raise UnreadableExport(
            f"{subject} looks like {module.KIND.label}, but has no column {_shown(absent)}."
            f" Its columns are {_shown(table.columns)}. Export it again with all columns."
        )
    return places


def _read_rows(
    rows: Iterable[CsvRow], grid: _Grid, module: ExportModule, table: CsvTable, reading: Reading
) -> Iterator[AnyRow]:
    read = module.start(reading)
    for row in rows:
        found = _read_row(row, grid, read)
        if isinstance(found, BadRow) and _is_known(frozenset(map(normalised, row.cells))):
            found = _header_again(row, table)
        yield found


def _read_row(row: CsvRow, grid: _Grid, read: RowReader) -> AnyRow:
    line, cells = row
    width = grid.width
    # Empty cells after the last column are commas that a spreadsheet program added.
    if len(cells) != width and (len(cells) < width or any(cells[width:])):
        message = f"the row has {len(cells):,} cells, the header has {width:,}"
        return BadRow(line, ",".join(cells)[:SHOWN], message)
    ordered = grid.row(cells)
    if max(map(len, ordered)) > LONGEST_CELL:
        longest = max(ordered, key=len)
        message = f"a cell has {len(longest):,} characters, more than {LONGEST_CELL:,}"
        return BadRow(line, longest[:SHOWN], message)
    try:
        result = read(ordered)
    except BadCell as error:
        return BadRow(line, error.value, str(error))
    return SkippedRow(line, result) if isinstance(result, str) else ExportRow(line, *result)


def _header_again(row: CsvRow, table: CsvTable) -> HeaderAgain:
    """Another header would give the cells below it another meaning."""
    columns = [normalised(cell) for cell in row.cells]
    if columns[: len(table.headers)] != table.headers or any(columns[len(table.headers) :]):
        raise UnreadableExport(
            f"In line {row.line:,} another export begins, with other columns than the first."
            " Import the two as files of their own."
        )
    return HeaderAgain(row.line)


def _shown(columns: Sequence[str]) -> str:
    text = ", ".join(repr(column[:40]) for column in columns[:20])
    return text + (f" and {len(columns) - 20:,} more" if len(columns) > 20 else "")
