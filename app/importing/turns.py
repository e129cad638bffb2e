"""Whose turn it is: what files count is changed by one process at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from peewee import fn

from app.database import database
from app.importing.stored import delete_rows_of
from app.ledger import forget_prepared
from app.locks import LockHeld, exclusive_lock
from app.models import ImportBatch, ImportedRow
from app.states import BatchStatus

IMPORT_LOCK = "import"


def forget_unfinished() -> None:
    """Delete what an import or undo left behind whose process died, unless one is under way."""
    with suppress(LockHeld), turn(wait=False):
        pass


@contextmanager
def turn(*, wait: bool = True) -> Iterator[None]:
    """Change what files count, after whoever does it now; begins with what a dead process left.

    Without `wait` raises `LockHeld` when it is somebody's turn.
    """
    with exclusive_lock(database.obj, IMPORT_LOCK, wait=wait):
        forget_prepared()
        _forget_rows_of_undone_files()
        yield


def _forget_rows_of_undone_files() -> None:
    rows = ImportedRow.select(ImportedRow.day).where(ImportedRow.batch == ImportBatch.id)
    undone = ImportBatch.status == BatchStatus.UNDONE
    for batch in list(ImportBatch.select().where(undone & fn.EXISTS(rows))):
        delete_rows_of(batch)
