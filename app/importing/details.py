"""More about imports for their page: the days of a file, files that wait, what an undo does."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from app.database import reading
from app.dates import day_of
from app.importing.effects import AppliedFiles, Effect
from app.importing.facts import facts_of
from app.importing.merging import merged_day
from app.importing.previews import batch_of, find_batch
from app.importing.rows import rows_of_day
from app.importing.types import (
    Batch,
    Totals,
)
from app.ledger import StampSums, day_stamps
from app.models import ImportBatch, Organization
from app.states import BatchStatus


class FileDay(NamedTuple):
    """A day of a file: its good rows, their tokens and value (nano-dollars)."""

    day: date
    rows: int
    tokens: int
    value_nanos: int


def days_of(batch_id: int) -> list[FileDay]:
    """The days of a file's good rows, oldest first. Raises `NoSuchImport`."""
    days = facts_of(find_batch(batch_id)).days
    return [FileDay(day_of(day), *sums) for day, sums in sorted(days.items())]


def waiting(limit: int = 50) -> list[Batch]:
    """Files that were staged and neither applied nor discarded, the newest first."""
    found = (
        ImportBatch.select(ImportBatch, Organization)
        .join(Organization)
        .where(ImportBatch.status == BatchStatus.STAGED)
        .order_by(ImportBatch.id.desc())
        .limit(limit)
    )
    return [batch_of(batch) for batch in found]


def undo_preview(batch_id: int) -> tuple[Totals, Totals]:
    """What counts in the days of an applied file now, and would count after undoing it.

    Writes nothing. Raises `NoSuchImport` when it is not applied.
    """
    with reading():
        effect = _without(find_batch(batch_id, BatchStatus.APPLIED))
    shown = effect.shown()
    return shown["before"], shown["after"]


def _without(batch: ImportBatch) -> Effect:
    effect = Effect()
    files = AppliedFiles(batch.organization)
    for day in facts_of(batch).days:
        stamps = day_stamps(batch.organization, day)
        if stamps.covered:
            effect.moved(stamps.counting, stamps.counting)
            continue
        others = [other for other in files.on(day) if other != batch.id]
        records = merged_day(day_of(day), rows_of_day(day, others), others) if others else ()
        effect.moved(stamps.counting, StampSums.of(records))
    return effect
