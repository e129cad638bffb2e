"""The kept rows of files: written in pieces, read by day in the order of their keys."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from peewee import Tuple

from app.database import insert_rows, writing
from app.importing.merging import StoredRow
from app.models import ImportBatch, ImportedRow, RejectedRow

PIECE = 5_000
"""How many rows are written or read at a time, so that memory stays bounded."""
COLUMNS = ("day", "key_hash", "batch_id", "sequence", "key", "payload")
REJECTED_COLUMNS = ("batch_id", "sequence", "line", "value", "message")
_ORDER = (ImportedRow.key_hash, ImportedRow.batch, ImportedRow.sequence)


def keep_rows(rows: list[tuple]) -> None:
    """Store rows of `COLUMNS` in a transaction of their own."""
    # In the order of the table's key, for the sake of speed.
    rows.sort()
    with writing():
        insert_rows("imported_row", COLUMNS, rows)


def keep_rejected(rows: list[tuple]) -> None:
    """Store rows of `REJECTED_COLUMNS` in a transaction of their own."""
    with writing():
        insert_rows("rejected_row", REJECTED_COLUMNS, rows)


def rows_of_day(day: int, batches: Sequence[int]) -> Iterator[StoredRow]:
    """The rows of `batches` on a day (YYYYMMDD), sorted by key hash."""
    if not batches:
        return
    query = ImportedRow.select(*_ORDER, ImportedRow.key, ImportedRow.payload).where(
        (ImportedRow.day == day) & ImportedRow.batch.in_(batches)
    )
    query = query.order_by(*_ORDER).limit(PIECE).tuples()
    piece = list(query)
    while piece:
        for key_hash, batch, _, key, payload in piece:
            yield StoredRow(key_hash, batch, key, payload)
        if len(piece) < PIECE:
            return
        piece = list(query.where(Tuple(*_ORDER) > tuple(piece[-1][:3])))


def delete_rows(batch: ImportBatch, days: Sequence[int]) -> None:
    """Delete the good rows of a file, which has them on `days`."""
    for day in days:
        ImportedRow.delete().where(
            (ImportedRow.day == day) & (ImportedRow.batch == batch)
        ).execute()


def delete_batch(batch: ImportBatch) -> None:
    """Delete a file that was never applied, and all its rows."""
    days = ImportedRow.select(ImportedRow.day).where(ImportedRow.batch == batch).distinct()
    # Day by day: SQLite keeps in memory what one statement could have to take back.
    delete_rows(batch, [day for (day,) in days.tuples()])
    RejectedRow.delete().where(RejectedRow.batch == batch).execute()
    ImportBatch.delete().where(ImportBatch.id == batch.id).execute()
