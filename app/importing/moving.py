"""A file on its way to another organisation: given by somebody, or moved after a sync."""

from __future__ import annotations

from app.database import writing
from app.importing.effects import columns_of, effect_of_days, shared_anew
from app.importing.files import file_of
from app.importing.owners import GuessedOwner, Owners, guess_owner, label_of, organization_of
from app.importing.runs import log_run
from app.importing.stored import facts_of, find_batch, forget_unused, organizations_of, shares_of
from app.importing.turns import turn
from app.importing.types import ImportedFile
from app.ledger import DEMO_ORGANIZATION, bump_data_version, preparing
from app.models import ImportBatch, Organization
from app.states import BatchStatus, ImportRun, OwnerBy


def give(batch_id: int, label: str) -> None:
    """Let a staged file belong to the organisation of this label ("": as the file tells).

    Raises `NoSuchImport`, and `ImportRefused` for what cannot be a label.
    """
    with turn(), writing():
        batch = find_batch(batch_id, BatchStatus.STAGED)
        before = organizations_of(batch)
        _give_whole(batch)
        batch.organization = organization_of(batch.organization.provider, label)
        batch.owner_by, batch.owner_reason = OwnerBy.SAID, ""
        if not label.strip():
            batch.owner_by = OwnerBy.GUESS
            guess_owner(batch)
        batch.effect_version = None
        batch.save()
        forget_unused(*before)


def _give_whole(batch: ImportBatch) -> None:
    facts = facts_of(batch)
    if facts.beside:
        facts.beside = {}
        batch.facts = facts.as_json()


def look_again(provider: str, *, email_domain: str) -> list[ImportedFile]:
    """Move the applied files that turn out to be of another organisation; those moved.

    To be called when the provider told its directory and usage: a file that was imported before
    could not be known. Each file moves by itself, all at once.
    """
    mine = (
        (Organization.provider == provider)
        & (Organization.name != DEMO_ORGANIZATION)
        & (ImportBatch.owner_by == OwnerBy.GUESS)
        & (ImportBatch.status == BatchStatus.APPLIED)
    )
    found = ImportBatch.select(ImportBatch.id).join(Organization).where(mine)
    ids = [number for (number,) in found.order_by(ImportBatch.run).tuples()]
    if not ids:
        return []
    with turn():
        moved = [_moved(number, email_domain) for number in ids]
    return [file for file in moved if file]


def _moved(batch_id: int, email_domain: str) -> ImportedFile | None:
    """The file when it belongs to another organisation now, and counts there."""
    batch = ImportBatch.get_or_none(
        (ImportBatch.id == batch_id) & (ImportBatch.status == BatchStatus.APPLIED)
    )
    if batch is None:
        return None
    guess = Owners(batch.organization.provider).of(batch)
    whose = guess.organization.id, {name: one.actors for name, one in guess.beside.items()}
    beside = {name: one.actors for name, one in facts_of(batch).beside.items()}
    if whose == (batch.organization_id, beside):
        return None
    _move(batch, guess, email_domain)
    return file_of(batch)


def _move(batch: ImportBatch, guess: GuessedOwner, email_domain: str) -> None:
    """Take an applied file, or a part of it, back where it counts and apply it where it belongs.

    A file that stays with its organisation keeps its place among the others.
    """
    before, shares = batch.organization, shares_of(batch)
    run = log_run(ImportRun.MOVE, batch, batch.applied_by)
    with preparing(run, email_domain) as days:
        batch.owner_reason = f"{guess.reason} Parted after a sync."
        if guess.organization.id != before.id:
            batch.owner_reason = f"{guess.reason} Moved from {label_of(before)} after a sync."
            batch.organization, batch.run = guess.organization, run
        guess.note_beside(batch)
        outcomes = shared_anew(batch, shares, days)
        with days.taking_effect():
            for name, said in columns_of(effect_of_days(outcomes)).items():
                setattr(batch, name, said)
            days.take_effect()
            batch.save()
            bump_data_version()
