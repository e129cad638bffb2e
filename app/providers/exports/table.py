"""The header and the rows of a CSV file, found by what the header says and read strictly."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, islice
from typing import NamedTuple

from app.providers.exports.types import UnreadableExport

DELIMITERS = ",;\t|"
MOST_TITLE_LINES = 20
_NO_NAME = re.compile(r"[^a-z0-9/$]+")


class CsvRow(NamedTuple):
    """The trimmed cells of one row, and the physical line where it begins."""

    line: int
    cells: list[str]


class CsvTable(NamedTuple):
    """A file cut into cells: its columns as written, and the rows below (without blank ones)."""

    columns: list[str]
    headers: list[str]
    delimiter: str
    rows: Iterator[CsvRow]


def normalised(header: str) -> str:
    """A header as it is compared: lower case, with one `_` for other than letters and digits."""
    return _NO_NAME.sub("_", header.lower()).strip("_")


def read_table(
    lines: Iterator[str], is_known: Callable[[frozenset[str]], bool], subject: str
) -> CsvTable | None:
    """The table of the lines, None for a file without any text.

    The delimiter is the one with which `is_known` knows the header, else the one that gives
    the most columns; Excel's line `sep=;` decides by itself. Raises UnreadableExport for a
    quote that is never closed and the like, also while its rows are read.
    """
    before, first = _first_line(lines)
    delimiters = DELIMITERS
    said = re.fullmatch(r'"?sep=(.)"?\s*', first, re.IGNORECASE)
    if said and said[1] in DELIMITERS:
        delimiters = said[1]
        more, first = _first_line(lines)
        before += 1 + more
    else:
        titles, lines = _without_titles(chain([first], lines), is_known)
        before, first = before + titles, next(lines)
    if not first:
        return None
    delimiter = max(delimiters, key=lambda each: _fit(first, each, is_known))
    rows = _rows(chain([first], lines), delimiter, before, subject)
    columns = next(rows, CsvRow(0, [])).cells
    while columns and not columns[-1]:
        columns.pop()
    return CsvTable(columns, [normalised(column) for column in columns], delimiter, rows)


def _without_titles(
    lines: Iterator[str], is_known: Callable[[frozenset[str]], bool]
) -> tuple[int, Iterator[str]]:
    """How many lines stand above a header that is known, and the lines from there on.

    A report has its name and its dates above. No line is left out where no header is found.
    """
    ahead = list(islice(lines, MOST_TITLE_LINES))
    for place, line in enumerate(ahead):
        if any(_fit(line, delimiter, is_known)[0] for delimiter in DELIMITERS):
            return place, chain(ahead[place:], lines)
    return 0, chain(ahead, lines)


def _first_line(lines: Iterator[str]) -> tuple[int, str]:
    """How many blank lines come first, and the line after them ("" when there is none)."""
    for skipped, line in enumerate(lines):
        if line.strip(DELIMITERS + '" \r\n\ufeff'):
            return skipped, line
    return 0, ""


def _fit(
    header_line: str, delimiter: str, is_known: Callable[[frozenset[str]], bool]
) -> tuple[bool, int]:
    try:
        cells: Sequence[str] = next(csv.reader([header_line], delimiter=delimiter))
    except csv.Error:
        return False, 0
    return is_known(frozenset(map(normalised, cells))), len(cells)


def _rows(lines: Iterator[str], delimiter: str, before: int, subject: str) -> Iterator[CsvRow]:
    reader = csv.reader(lines, delimiter=delimiter, strict=True, skipinitialspace=True)
    line = before + 1
    try:
        for cells in reader:
            trimmed = list(map(str.strip, cells))
            if any(trimmed):
                yield CsvRow(line, trimmed)
            line = before + reader.line_num + 1
    except csv.Error as error:
        raise UnreadableExport(_why(subject, line, str(error))) from None


def _why(subject: str, line: int, error: str) -> str:
    if "unexpected end" in error:
        why = "a quote opens that is never closed, so the file is cut off or damaged"
    elif "field limit" in error:
        why = "a cell is longer than 131,072 characters, or a quote is never closed"
    else:
        why = f"the quotes do not add up ({error})"
    return (
        f"{subject} cannot be read: in the row that begins in line {line} {why}. Export it again."
    )
