"""Files as others see them: those that were imported, those that wait, and one by its number."""

from __future__ import annotations

from collections.abc import Sequence

from app.dates import day_of, moment, moment_if_any
from app.importing.effects import COUNTS_OF_ROWS, Effect
from app.importing.owners import label_of
from app.importing.progress import busy_since
from app.importing.stored import find_batch
from app.importing.types import ImportedFile
from app.models import ImportBatch, Organization
from app.providers.exports import EMPTY, EXPORT_KINDS
from app.states import BatchStatus

_LABELS = {kind.name: kind.label for kind in (*EXPORT_KINDS, EMPTY)}
_COUNTS = ("days", "rows", "skipped", "rejected", "tokens", "value_nanos", "unpriced_tokens")
_PAST = (BatchStatus.APPLIED, BatchStatus.UNDONE)


def history(limit: int = 50, offset: int = 0) -> list[ImportedFile]:
    """Files that were applied, undone ones too, the newest application first."""
    found = (
        ImportBatch.select(ImportBatch, Organization)
        .join(Organization)
        .where(ImportBatch.status.in_(_PAST))
        .order_by(ImportBatch.run.desc())
        .limit(limit)
        .offset(offset)
    )
    return [file_of(batch) for batch in found]


def history_count() -> int:
    """How many files `history` has."""
    return int(ImportBatch.select().where(ImportBatch.status.in_(_PAST)).count())


def waiting(limit: int = 1000) -> list[ImportedFile]:
    """Files that were staged and neither applied nor discarded, the newest first."""
    found = (
        ImportBatch.select(ImportBatch, Organization)
        .join(Organization)
        .where(ImportBatch.status == BatchStatus.STAGED)
        .order_by(ImportBatch.id.desc())
        .limit(limit)
    )
    return [file_of(batch) for batch in found]


def find_file(number: int, *states: BatchStatus) -> ImportedFile:
    """The file, in one of these states. Raises `NoSuchImport`."""
    return file_of(find_batch(number, *states))


def file_of(batch: ImportBatch, effect: Effect | None = None) -> ImportedFile:
    """A stored batch as others see it, with a newer effect where there is one."""
    effects: Sequence[int] = [getattr(effect or batch, name) for name in COUNTS_OF_ROWS]
    return ImportedFile(
        id=batch.id,
        provider=batch.organization.provider,
        kind=batch.kind,
        label=_LABELS.get(batch.kind, batch.kind),
        file_name=batch.file_name,
        person=batch.person,
        status=BatchStatus(batch.status),
        made_at=moment(batch.made_at),
        made_by=batch.made_by,
        partial=batch.partial,
        busy_since=busy_since(batch),
        applied_at=moment_if_any(batch.applied_at),
        applied_by=batch.applied_by,
        undone_at=moment_if_any(batch.undone_at),
        undone_by=batch.undone_by,
        first_day=day_of(batch.first_day) if batch.first_day else None,
        last_day=day_of(batch.last_day) if batch.last_day else None,
        organization=label_of(batch.organization),
        owner_reason=batch.owner_reason,
        **dict(zip(COUNTS_OF_ROWS, effects, strict=True)),
        **{name: getattr(batch, name) for name in _COUNTS},
    )


def unkept_file(batch: ImportBatch) -> ImportedFile:
    """A file with nothing to count, of which nothing is kept."""
    return ImportedFile(
        id=0,
        provider="",
        kind=batch.kind,
        label=_LABELS.get(batch.kind, batch.kind),
        file_name=batch.file_name,
        person=batch.person,
        status=BatchStatus.STAGED,
        made_at=moment(batch.made_at),
        made_by=batch.made_by,
        rows=batch.rows,
        skipped=batch.skipped,
    )
