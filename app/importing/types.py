"""What an import is to those who ask: its file, its preview, and why it can be refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import BinaryIO, NamedTuple

from app.queries.sums.figures import Figures
from app.states import BatchStatus

SHOWN_REJECTED = 100
"""How many rejected rows a preview or a refusal holds; `rejected_rows` gives them all."""


class ImportRefused(Exception):
    """The import cannot be done; the message is for people: what, and what to do."""


class NoSuchImport(ImportRefused):
    """There is no such import (any more), or it is not in the state that was asked for."""


class TooMuch(ImportRefused):
    """With a record of the file the sum of all usage would be more than the database can hold."""


class WrongKind(ImportRefused):
    """The file is another export than the caller says."""


NOTHING = Figures()


def usage_of(tokens: int, value_nanos: int, unpriced_tokens: int) -> Figures:
    """The figures that an import tells of some usage."""
    return Figures(tokens=tokens, value_nanos=value_nanos, unpriced_tokens=unpriced_tokens)


class RejectedLine(NamedTuple):
    """A row that cannot be read: its line, the offending cell, the reason."""

    line: int
    value: str
    message: str


class SentFile(NamedTuple):
    """A file as it was sent, or a part of one."""

    stream: BinaryIO
    name: str


class FileDay(NamedTuple):
    """A day of a file: its good rows, their tokens and value (nano-dollars)."""

    day: date
    rows: int
    tokens: int
    value_nanos: int


class UnattributedKey(NamedTuple):
    """A key of the file that belongs to nobody ("": no key named), with its usage."""

    key: str
    figures: Figures


class UnpricedModel(NamedTuple):
    """A model of the file (raw name) with tokens whose value is unknown."""

    model: str
    tokens: int


class Renamed(NamedTuple):
    """Two names (addresses, keys) that tell the same events; `after` is the newer, it counts."""

    before: str
    after: str
    events: int


class Renaming(StrEnum):
    """The answer to the questions of an import."""

    SAME = "same"
    DIFFERENT = "different"


class Question(NamedTuple):
    """Two names under which the same usage seems to be told, in two files.

    With `batch` the two files are the same, given as two people's usage.
    """

    before: str
    after: str
    before_file: str
    day: date | None = None
    model: str = ""
    tokens: int = 0
    value_nanos: int = 0
    kind: str = ""
    batch: int = 0

    @property
    def sentence(self) -> str:
        """The question with both rows."""
        if self.batch:
            return (
                f"This file was imported as usage of {self.before} ({self.before_file}), "
                f"now it is said to be usage of {self.after}."
            )
        figure = f"{self.tokens:,} tokens" if self.tokens else f"${self.value_nanos / 10**9:,.2f}"
        return (
            f"{self.day} {self.model}: {figure} of {self.kind} {self.before} in "
            f"{self.before_file}, the same of {self.kind} {self.after} in this file."
        )


@dataclass(frozen=True)
class ImportedFile:
    """One import: a stored batch as others see it.

    `id` is 0 for a file without rows, of which nothing is kept.
    `kind` is the export's stable name, `label` its words. `rows` are all of the file and the
    sum of `new`, `changed`, `unchanged`, `covered` (days the API covers), `skipped` (nothing to
    count) and `rejected`. Tokens, those without a price, and value (nano-dollars) are of all good
    rows. Moments are UTC.
    `busy_since` is when somebody began to apply or undo it, who has not finished.
    `organization` is the label of whose usage it is, `owner_reason` the sentence that says why.
    """

    id: int
    provider: str
    kind: str
    label: str
    file_name: str
    person: str
    status: BatchStatus
    made_at: datetime
    made_by: str
    partial: bool = False
    busy_since: datetime | None = None
    applied_at: datetime | None = None
    applied_by: str = ""
    undone_at: datetime | None = None
    undone_by: str = ""
    first_day: date | None = None
    last_day: date | None = None
    days: int = 0
    rows: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    covered: int = 0
    skipped: int = 0
    rejected: int = 0
    tokens: int = 0
    value_nanos: int = 0
    unpriced_tokens: int = 0
    organization: str = ""
    owner_reason: str = ""

    @property
    def good_rows(self) -> int:
        """Rows with something to count."""
        return self.rows - self.skipped - self.rejected

    @property
    def figures(self) -> Figures:
        """Tokens and value of all good rows."""
        return usage_of(self.tokens, self.value_nanos, self.unpriced_tokens)


class RowsRejected(ImportRefused):
    """Rows of the file cannot be read and the caller did not choose the good rows.

    `rows` are the first of them, `file` is the file, which may be gone already.
    """

    def __init__(self, message: str, file: ImportedFile, rows: Sequence[RejectedLine]) -> None:
        super().__init__(message)
        self.file = file
        self.rows = rows


class RenameUnclear(ImportRefused):
    """Names seem to mean the same and nobody said whether they do."""

    def __init__(self, message: str, questions: Sequence[Question]) -> None:
        super().__init__(message)
        self.questions = questions


@dataclass(frozen=True)
class Preview:
    """What applying a staged file would do now; of an applied one, what it did.

    `note` is a sentence when there is nothing to apply: the file holds no rows, or it was
    applied before (then `file` is that one). `before` and `after`: what counts in the days of
    the file. `covered_amounts`: tokens and value (nano-dollars) of the covered rows of each of the
    `covered_days`; none of files that an earlier version applied. `people` are all e-mails of the
    file, `unknown_people` those seen first here.
    """

    file: ImportedFile
    note: str = ""
    covered_days: tuple[date, ...] = ()
    covered_amounts: tuple[tuple[int, int], ...] = ()
    covered_tokens: int = 0
    before: Figures = NOTHING
    after: Figures = NOTHING
    people: tuple[str, ...] = ()
    unknown_people: tuple[str, ...] = ()
    unattributed: tuple[UnattributedKey, ...] = ()
    unpriced: tuple[UnpricedModel, ...] = ()
    renamed: tuple[Renamed, ...] = ()
    questions: tuple[Question, ...] = ()
    warnings: tuple[str, ...] = ()
    ignored_columns: tuple[str, ...] = ()
    skipped_reasons: tuple[tuple[str, int], ...] = ()
    rejected_rows: tuple[RejectedLine, ...] = ()

    @property
    def can_apply(self) -> bool:
        """Whether there is something to apply (rejected rows need `partial`)."""
        return self.file.status is BatchStatus.STAGED and self.file.good_rows > 0

    @property
    def records_imported(self) -> int:
        """New and changed records."""
        return 0 if self.note else self.file.new + self.file.changed

    @property
    def records_unchanged(self) -> int:
        """Records known before."""
        return self.file.good_rows if self.note else self.file.unchanged

    @property
    def records_skipped(self) -> int:
        """Rows with nothing to count, or covered by the API."""
        return self.file.skipped + (0 if self.note else self.file.covered)

    @property
    def unmapped_keys(self) -> list[str]:
        """Named keys of the file that belong to nobody."""
        return [owner.key for owner in self.unattributed if owner.key]


@dataclass(frozen=True)
class Undone:
    """What an undo did: the file as it is now, and what counts in its days."""

    file: ImportedFile
    before: Figures
    after: Figures
