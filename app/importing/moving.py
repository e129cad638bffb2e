"""A file on its way to another organisation: given by somebody, or moved after a sync."""

from __future__ import annotations

from app.identity import forget_idle_actors
from app.importing.effects import applied, columns_of, taken_back
from app.importing.files import file_of
from app.importing.owners import Owners, guess_owner, label_of, organization_of
from app.importing.runs import log_run
from app.importing.stored import find_batch, forget_unused
from app.importing.types import ImportedFile
from app.ledger import DEMO_ORGANIZATION, RecordWriter, bump_data_version, writing_usage
from app.models import ImportBatch, Organization
from app.states import BatchStatus, ImportRun, OwnerBy


def give(batch_id: int, label: str) -> None:
    """Let a staged file belong to the organisation of this label ("": as the file tells).

    Raises `NoSuchImport`, and `ImportRefused` for what cannot be a label.
    """
    with writing_usage():
        batch = find_batch(batch_id, BatchStatus.STAGED)
        before = batch.organization
        batch.organization = organization_of(batch.organization.provider, label)
        batch.owner_by, batch.owner_reason = OwnerBy.SAID, ""
        if not label.strip():
            batch.owner_by = OwnerBy.GUESS
            guess_owner(batch)
        batch.effect_version = None
        batch.save()
        forget_unused(before)


def look_again(provider: str, *, email_domain: str) -> list[ImportedFile]:
    """Move the applied files that turn out to be of another organisation; those moved.

    To be called when the provider told its directory and usage: a file that was imported before
    could not be known. Each file moves in a transaction of its own.
    """
    mine = (
        (Organization.provider == provider)
        & (Organization.name != DEMO_ORGANIZATION)
        & (ImportBatch.owner_by == OwnerBy.GUESS)
        & (ImportBatch.status == BatchStatus.APPLIED)
    )
    found = ImportBatch.select(ImportBatch.id).join(Organization).where(mine)
    ids = [number for (number,) in found.order_by(ImportBatch.run).tuples()]
    moved = [_moved(number, email_domain) for number in ids]
    return [file for file in moved if file]


def _moved(batch_id: int, email_domain: str) -> ImportedFile | None:
    """The file when it belongs to another organisation now, and counts there."""
    with writing_usage():
        batch = ImportBatch.get_or_none(
            (ImportBatch.id == batch_id) & (ImportBatch.status == BatchStatus.APPLIED)
        )
        if batch is None:
            return None
        after, reason = Owners(batch.organization.provider).of(batch)
        if after.id == batch.organization_id:
            return None
        _move(batch, after, reason, email_domain)
        bump_data_version()
    return file_of(batch)


def _move(batch: ImportBatch, after: Organization, reason: str, email_domain: str) -> None:
    """Take an applied file back where it counts and apply it where it belongs."""
    before, run = batch.organization, log_run(ImportRun.MOVE, batch, batch.applied_by)
    batch.status = BatchStatus.STAGED
    batch.save()
    taken_back(batch, run, RecordWriter(before, email_domain))
    batch.organization = after
    batch.owner_reason = f"{reason} Moved from {label_of(before)} after a sync."
    effect = applied(batch, run, RecordWriter(after, email_domain))
    for name, said in columns_of(effect).items():
        setattr(batch, name, said)
    batch.status, batch.run = BatchStatus.APPLIED, run
    batch.save()
    forget_idle_actors(before)
