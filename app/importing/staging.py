"""Reading a file into a staged batch, in pieces: nothing of it counts yet."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from contextlib import suppress
from typing import BinaryIO

from app.database import writing
from app.dates import day_number, now_seconds
from app.identity import BadEmail, checked_email
from app.importing.events import encoded
from app.importing.merging import key_hash_of
from app.importing.owners import guess_owner, organization_of
from app.importing.parts import CONTRADICTION, REPETITION, PartsAbove
from app.importing.progress import note_read
from app.importing.stored import (
    PIECE,
    Facts,
    delete_batch,
    keep_rejected,
    keep_rows,
    rows_of_batch,
)
from app.importing.turns import turn
from app.importing.types import ImportRefused, WrongKind
from app.ledger import LARGEST_SUM, named, weight_of
from app.locks import LockHeld
from app.models import ImportBatch
from app.providers import by_name
from app.providers.exports import BadRow, Export, ExportRow, HeaderAgain, SkippedRow, open_export
from app.states import BatchStatus, Merge, OwnerBy

STALE_SECONDS = 24 * 3600
"""After this a file that nobody applied is forgotten."""
MOST_REJECTED = 10_000
"""How many rejected rows are kept of a file; all are counted."""
LONGEST_NAME = 200
TOO_MUCH = "with this row the file would sum up to more than the database can hold"

Progress = Callable[[int], None]
"""Is told how many bytes were read, again and again."""


class HashedStream:
    """A stream that knows the SHA-256 of what was read through it, and how much of it that is.

    `bytes` is its length, 0 where that cannot be known.
    """

    def __init__(self, stream: BinaryIO, progress: Progress | None = None) -> None:
        self._stream = stream
        self._digest = hashlib.sha256()
        self._progress = progress
        self.bytes_read = 0
        self.bytes = _size_of(stream)

    def read(self, size: int = -1) -> bytes:
        """Read like the stream itself."""
        piece = self._stream.read(size)
        self._digest.update(piece)
        self.bytes_read += len(piece)
        if self._progress:
            self._progress(len(piece))
        return piece

    def hexdigest(self) -> str:
        """The SHA-256 of the whole stream, whose rest is read for it."""
        while self.read(1 << 18):
            pass
        return self._digest.hexdigest()


def _size_of(stream: BinaryIO) -> int:
    if not stream.seekable():
        return 0
    here = stream.tell()
    size = stream.seek(0, io.SEEK_END)
    stream.seek(here)
    return size - here


def stage_file(
    stream: BinaryIO,
    name: str,
    *,
    person: str = "",
    by: str,
    kind: str = "",
    organization: str = "",
    progress: Progress | None = None,
) -> ImportBatch:
    """Read a file into a batch, which is kept (has an id) only when it has
    rows, good or rejected ones.

    Raises UnreadableExport, `WrongKind` unless `kind` is "" or names the file, and
    `ImportRefused` for a person who is no e-mail address and for an `organization` ("" = as the
    file tells) that cannot be one; nothing is kept then.
    """
    whose = _person(person)
    hashed = HashedStream(stream, progress)
    export = open_export(hashed, name=name, person=whose)  # type: ignore[arg-type]
    if kind and export.kind.provider and kind not in _names_of(export):
        raise WrongKind(
            f"The file is {export.kind.label} ({export.kind.name}), not {kind!r}. "
            "Leave the type out, or choose the file that was meant."
        )
    drop_stale()
    batch = ImportBatch(
        kind=export.kind.name,
        merge=export.kind.merge,
        file_name=_file_name(name),
        person=whose if export.kind.needs_person else "",
        status=BatchStatus.STAGING,
        made_at=now_seconds(),
        made_by=by,
    )
    if export.kind.provider:
        _read_rows(batch, export, hashed, organization)
    return batch


def _names_of(export: Export) -> tuple[str, ...]:
    """What may be said of a file: the export's name, or whose usage it holds."""
    provider = by_name(export.kind.provider)
    return export.kind.name, provider.NAME, provider.TOOL.key


def drop_stale() -> None:
    """Forget files that were staged more than a day ago and never applied."""
    waiting = (BatchStatus.STAGING, BatchStatus.STAGED)
    old = ImportBatch.select().where(
        ImportBatch.status.in_(waiting) & (ImportBatch.made_at < now_seconds() - STALE_SECONDS)
    )
    if not old.exists():
        return
    # Asked again inside, so that none is applied meanwhile. Who has the turn may need it long.
    with suppress(LockHeld), turn(wait=False):
        for batch in list(old):
            delete_batch(batch)


def _person(text: str) -> str:
    if not text.strip():
        return ""
    try:
        return checked_email(text)
    except BadEmail as error:
        raise ImportRefused(f"Whose usage it is cannot be read: {error}") from None


def _file_name(name: str) -> str:
    base = name.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(each if each.isprintable() else " " for each in base)[:LONGEST_NAME]


def _read_rows(batch: ImportBatch, export: Export, hashed: HashedStream, label: str) -> None:
    batch.whole_bytes, batch.touched_at = hashed.bytes, now_seconds()
    with writing():
        batch.organization = organization_of(export.kind.provider, label)
        batch.owner_by = OwnerBy.SAID if label.strip() else OwnerBy.GUESS
        batch.save(force_insert=True)
    reader = _RowReader(batch, hashed)
    try:
        reader.read(export)
        batch.sha256 = hashed.hexdigest()
        with writing():
            reader.finish(export)
    except BaseException:
        # Whatever it is, nothing of a file that was not read to its end is kept.
        delete_batch(batch)
        raise


class _RowReader:
    """Reads the rows of one file into the database."""

    def __init__(self, batch: ImportBatch, stream: HashedStream) -> None:
        self.batch = batch
        self._stream = stream
        self.facts = Facts()
        self.rows = self.rejected = self._weight = 0
        self._good: list[tuple] = []
        self._bad: list[tuple] = []
        self._above: PartsAbove | None = None

    def read(self, export: Export) -> None:
        """Store every row."""
        merge = export.kind.merge
        for row in export.rows():
            if isinstance(row, HeaderAgain):
                # Written first: the rows above are compared with those below from the database.
                self._flush()
                self._above = PartsAbove(merge, rows_of_batch(self.batch))
                continue
            self.rows += 1
            if isinstance(row, ExportRow):
                self._keep_new(row, merge)
            elif isinstance(row, SkippedRow):
                self.facts.skipped[row.reason] += 1
            else:
                self._reject(row)
        self._flush()

    def _keep_new(self, row: ExportRow, merge: Merge) -> None:
        key_hash = key_hash_of(merge, row.key, row.record)
        weight = self._weight + weight_of(row.record)
        if weight > LARGEST_SUM:
            self._reject(BadRow(row.line, named(row.record), TOO_MUCH))
        elif self._above is None:
            self._keep(row, key_hash, weight)
        elif self._above.repeats(key_hash, row.record):
            self.facts.skipped[REPETITION] += 1
        elif self._above.contradicts(key_hash) or self._above.is_cut_otherwise(
            day_number(row.record.day), key_hash
        ):
            self._reject(BadRow(row.line, row.record.model, CONTRADICTION))
        else:
            self._keep(row, key_hash, weight)

    def _keep(self, row: ExportRow, key_hash: str, weight: int) -> None:
        self._weight = weight
        day = self.facts.add(row.record)
        kept = (day, key_hash, self.batch.id, self.rows, row.key, encoded(row.record))
        self._good.append(kept)
        if len(self._good) >= PIECE:
            self._flush()

    def _reject(self, row: BadRow) -> None:
        self.rejected += 1
        if self.rejected <= MOST_REJECTED:
            self._bad.append((self.batch.id, self.rows, row.line, row.value, row.message))

    def _flush(self) -> None:
        if self._good:
            keep_rows(self._good)
        if self._bad:
            keep_rejected(self._bad)
        self._good, self._bad = [], []
        note_read(self.batch, self.rows, self._stream.bytes_read)

    def finish(self, export: Export) -> None:
        """Store what the file says as a whole; a file with nothing to count is not kept."""
        batch, facts = self.batch, self.facts
        batch.rows, batch.rejected = self.rows, self.rejected
        batch.skipped, batch.facts = facts.skipped.total(), facts.as_json()
        if not (facts.days or self.rejected):
            delete_batch(batch)
            batch.id = None
            return
        facts.warnings, facts.ignored_columns = export.warnings, export.ignored_columns
        if facts.days:
            batch.days = len(facts.days)
            batch.first_day, batch.last_day = min(facts.days), max(facts.days)
            _, batch.tokens, batch.value_nanos, batch.unpriced_tokens = facts.sums
        batch.facts = facts.as_json()
        if batch.owner_by == OwnerBy.GUESS:
            guess_owner(batch)
        batch.status = BatchStatus.STAGED
        batch.save()
