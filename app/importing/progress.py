"""How far imports are, kept in the database: any process shows it, and a reload shows it again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import NamedTuple

from app.database import database, writing
from app.dates import moment, now_seconds
from app.importing.turns import IMPORT_LOCK, turn
from app.locks import is_held
from app.models import ImportBatch
from app.states import BatchStatus

SILENT_SECONDS = 60
"""A file of which nothing was read for so long is not read any more: its reader died."""


class ReadingFile(NamedTuple):
    """A file that is being read: its rows so far, and how much of it that is, if known."""

    name: str
    by: str
    rows: int
    percent: int | None


def being_read() -> list[ReadingFile]:
    """The files that are being read now, in the order in which they began."""
    alive = ImportBatch.touched_at > now_seconds() - SILENT_SECONDS
    found = ImportBatch.select().where((ImportBatch.status == BatchStatus.STAGING) & alive)
    return [
        ReadingFile(each.file_name, each.made_by, each.rows, _percent(each))
        for each in found.order_by(ImportBatch.id)
    ]


def _percent(batch: ImportBatch) -> int | None:
    if not batch.whole_bytes:
        return None
    return min(100, 100 * int(batch.read_bytes) // int(batch.whole_bytes))


def note_read(batch: ImportBatch, rows: int, read_bytes: int) -> None:
    """Note how far the reader of a file is."""
    with writing():
        ImportBatch.update(rows=rows, read_bytes=read_bytes, touched_at=now_seconds()).where(
            ImportBatch.id == batch.id
        ).execute()


@contextmanager
def busy(batch_id: int) -> Iterator[None]:
    """Let others see that a file is being applied or undone, when it is its turn.

    The turn is over at once when its holder dies, so that what it noted holds no longer.
    """
    with turn():
        _note_busy(batch_id)
        try:
            yield
        finally:
            _note_busy(None)


def _note_busy(batch_id: int | None) -> None:
    with writing():
        ImportBatch.update(busy_at=None).where(ImportBatch.busy_at.is_null(False)).execute()
        ImportBatch.update(busy_at=now_seconds()).where(ImportBatch.id == batch_id).execute()


def busy_since(batch: ImportBatch) -> datetime | None:
    """Since when a file is being applied or undone, None when it is not."""
    if batch.busy_at is None or not is_held(database.obj, IMPORT_LOCK):
        return None
    return moment(batch.busy_at)
