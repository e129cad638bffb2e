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
from app.providers.exports.table import DELIMITERS, CsvRow, normalised, read_table
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
    "export_named_by",
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
        self._ignored_columns = ignored_columns
        self._rows = rows
        self._reading = reading

    @property
    def ignored_columns(self) -> tuple[str, ...]:
        """The columns above the rows read so far that tell nothing of usage."""
        return tuple(dict.fromkeys(self._ignored_columns))

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
    part = _Part(table.columns, subject, CellReader(table.delimiter, now), normal_email(person))
    first = next(table.rows, None)
    ignored = list(part.ignored_columns)
    return Export(
        replace(part.module.KIND, needs_person=part.is_anonymous(first)),
        table.columns,
        ignored,
        _read_rows(chain([first] if first else [], table.rows), part, ignored),
        part.reading,
    )


def export_named_by(line: str) -> str:
    """The name of the export that has this line as its header, "" where none has.

    Exports that are known and cannot be counted have names, too.
    """
    for delimiter in DELIMITERS:
        headers = frozenset(map(normalised, line.strip("\ufeff\r\n").split(delimiter)))
        if known := refused_as(headers):
            return known.label
        for module in MODULES:
            if module.recognises(headers):
                return module.KIND.name
    return ""


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
        if len(cells) > self.width:
            cells = cells[: self.width]
        ordered: Sequence[str] = self._in_order((*cells, ""))
        return ordered


def _is_known(headers: frozenset[str]) -> bool:
    return bool(refused_as(headers)) or any(module.recognises(headers) for module in MODULES)


class _Part:
    """How the rows below a header are read. Raises UnreadableExport for a header that is odd."""

    def __init__(
        self, columns: Sequence[str], subject: str, cells: CellReader, person: str
    ) -> None:
        self.headers = [normalised(column) for column in columns]
        self.module = _module_of(columns, self.headers, subject)
        places = _places(columns, self.headers, self.module, subject)
        self.grid = _Grid(len(columns), [places.get(field) for field in self.module.FIELDS])
        self.reading = Reading(places.keys(), cells, person)
        used = set(places.values())
        self.ignored_columns = [
            column or f"(column {place + 1})"
            for place, column in enumerate(columns)
            if place not in used
        ]
        self._subject = subject

    def is_anonymous(self, first: CsvRow | None) -> bool:
        """Whether the part, which begins with this row, does not say who used it."""
        cells = self.grid.row(first.cells if first else [])
        return self.module.needs_person(self.reading.present, cells)

    def next(self, header: CsvRow) -> _Part:
        """The part below another header. Raises UnreadableExport for one of another export."""
        columns = list(header.cells)
        while not columns[-1]:
            columns.pop()
        reading, line = self.reading, f"{self._subject}, in line {header.line:,},"
        part = _Part(columns, line, reading.cells, reading.person)
        if part.module is not self.module:
            raise UnreadableExport(
                f"In line {header.line:,} another export begins, {part.module.KIND.label}."
                " Import the two as files of their own."
            )
        part.reading.warnings = reading.warnings
        if part.is_anonymous(None) and not reading.person:
            raise UnreadableExport(
                f"The rows below line {header.line:,} do not say who used it. Say whose usage they"
                " are: give the e-mail address of the person."
            )
        return part


def _module_of(columns: Sequence[str], names: Sequence[str], subject: str) -> ExportModule:
    headers = frozenset(names)
    if known := refused_as(headers):
        raise UnreadableExport(f"{subject} is {known.label}: {known.why}. {known.instead}")
    for module in MODULES:
        if module.recognises(headers):
            return module
    labels = ", ".join(kind.label for kind in EXPORT_KINDS)
    raise UnreadableExport(
        f"{subject} is no export this program knows. Its first row is"
        f" {_shown(columns)}; known are: {labels}. Export one of these, with its header."
    )


def _places(
    columns: Sequence[str], headers: Sequence[str], module: ExportModule, subject: str
) -> dict[str, int]:
    """Where each field of the module is; UnreadableExport for a missing or a double column."""
    fields = {header: name for name, headers in module.FIELDS.items() for header in headers}
    places: dict[str, int] = {}
    seen: dict[str, int] = {}
    for place, header in enumerate(headers):
        meaning = fields.get(header, header)
        if header and meaning in seen:
            twice = _shown([columns[seen[meaning]], columns[place]])
            raise UnreadableExport(
                f"{subject} has two columns of one meaning: {twice}. Remove the one that is wrong."
            )
        seen[meaning] = place
        if header in fields:
            places[meaning] = place
    if absent := module.missing(places.keys()):
        raise UnreadableExport(
            f"{subject} looks like {module.KIND.label}, but has no column {_shown(absent)}."
            f" Its columns are {_shown(columns)}. Export it again with all columns."
        )
    return places


def _read_rows(rows: Iterable[CsvRow], part: _Part, ignored: list[str]) -> Iterator[AnyRow]:
    """The rows of joined exports, each part by its own header; `ignored` columns are added."""
    read = part.module.start(part.reading)
    for row in rows:
        found = _read_row(row, part.grid, read)
        if isinstance(found, BadRow) and _is_known(frozenset(map(normalised, row.cells))):
            part = part.next(row)
            read = part.module.start(part.reading)
            ignored += part.ignored_columns
            found = HeaderAgain(row.line)
        yield found


def _read_row(row: CsvRow, grid: _Grid, read: RowReader) -> AnyRow:
    line, cells = row
    width = grid.width
    # Empty cells after the last column are commas that a spreadsheet program added.
    if len(cells) != width and (len(cells) < width or any(cells[width:])):
        message = f"the row has {len(cells):,} cells, the header has {width:,}"
        return BadRow(line, ",".join(cells)[:SHOWN], message)
    ordered = grid.row(cells)
    # Together first: hardly any row is so long.
    if len("".join(ordered)) > LONGEST_CELL and max(map(len, ordered)) > LONGEST_CELL:
        longest = max(ordered, key=len)
        message = f"a cell has {len(longest):,} characters, more than {LONGEST_CELL:,}"
        return BadRow(line, longest[:SHOWN], message)
    try:
        result = read(ordered)
    except BadCell as error:
        return BadRow(line, error.value, str(error))
    return SkippedRow(line, result) if isinstance(result, str) else ExportRow(line, *result)


def _shown(columns: Sequence[str]) -> str:
    text = ", ".join(repr(column[:40]) for column in columns[:20])
    return text + (f" and {len(columns) - 20:,} more" if len(columns) > 20 else "")
