"""What a reading of a CSV export is made of: its kind, its rows, and why it can be refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from app.providers.exports.cells import CellReader
from app.states import Merge
from app.usage import UsageRecord


class UnreadableExport(Exception):
    """The file as a whole is refused; the message is for people: what, where, what to do."""


@dataclass(frozen=True)
class ExportKind:
    """What a header was recognised as.

    `merge` is how the rows of overlapping exports add up. `needs_person`: the file does not say
    who used it. `how` tells people where the vendor offers it, under which names of files.
    """

    name: str
    provider: str
    label: str
    merge: Merge
    needs_person: bool = False
    how: str = ""


@dataclass(frozen=True)
class BadRow:
    """A row that cannot be read. `value` is the offending cell, cut to 80 characters."""

    line: int
    value: str
    message: str


@dataclass(frozen=True)
class SkippedRow:
    """A row with nothing to count."""

    line: int
    reason: str


@dataclass(frozen=True)
class HeaderAgain:
    """A header once more, perhaps with other columns: somebody joined two exports in one file."""

    line: int


class ExportRow(NamedTuple):
    """One good row.

    `line` is the 1-based physical line where it begins. `key` is "" for events, else canonical
    JSON of the columns that identify the row.
    """

    line: int
    record: UsageRecord
    key: str


RowReader = Callable[[Sequence[str]], tuple[UsageRecord, str] | str]
"""Takes the cells of one row in the order of FIELDS ("" = not in the file).

Gives the record and its key, or the reason why there is nothing to count. Raises BadCell.
"""


@dataclass
class Reading:
    """What the rows of one file share: its columns, how its cells read, whose it is."""

    present: Set[str]
    cells: CellReader
    person: str = ""
    warnings: Counter[str] = field(default_factory=Counter)


class ExportModule(Protocol):
    """What every module of an export offers; see any of them for the facts behind it.

    FIELDS: each column it reads, with the normalised headers that mean it.
    """

    KIND: ExportKind
    FIELDS: Mapping[str, tuple[str, ...]]

    def recognises(self, headers: Set[str]) -> bool:
        """Whether the normalised headers are this export's, complete or not."""

    def missing(self, present: Set[str]) -> Sequence[str]:
        """The columns, as the vendor writes them, that are required and not there."""

    def needs_person(self, present: Set[str], first_row: Sequence[str]) -> bool:
        """Whether the file does not say who used it; `first_row` is in the order of FIELDS."""

    def start(self, reading: Reading) -> RowReader:
        """A reader for the rows of one file."""
