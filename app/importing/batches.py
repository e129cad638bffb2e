"""The life of a file: staged, applied or discarded, undone. Each step is one transaction."""

from __future__ import annotations

from dataclasses import replace
from typing import BinaryIO

from app.database import process_label, reading, writing
from app.dates import moment, now_seconds
from app.importing.doubts import doubts_of
from app.importing.effects import (
    AppliedFiles,
    Effect,
    OnDay,
    applied,
    columns_of,
    effect_of,
    foreseen,
    taken_back,
)
from app.importing.files import file_of
from app.importing.owners import Owners, label_of, organization_called
from app.importing.previews import empty_preview, preview_of
from app.importing.staging import Progress, stage_file
from app.importing.stored import delete_batch, delete_rows, facts_of, find_batch, rejected_rows
from app.importing.types import (
    SHOWN_REJECTED,
    ImportedFile,
    Preview,
    RenameUnclear,
    Renaming,
    RowsRejected,
    Undone,
)
from app.ledger import DEMO_ORGANIZATION, RecordWriter, bump_data_version, writing_usage
from app.models import ImportBatch, Organization, Run
from app.queries.remembered import data_version
from app.states import BatchStatus, OwnerBy, RunStatus

SHOWN_QUESTIONS = 5
IMPORT, UNDO, MOVE = "import", "undo import", "move import"
"""The kinds of run that an import, its undo and its way to another organisation are logged as."""


def stage(
    stream: BinaryIO,
    name: str,
    *,
    person: str = "",
    by: str,
    email_domain: str,
    kind: str = "",
    organization: str = "",
    progress: Progress | None = None,
) -> Preview:
    """Read a file (in pieces) without counting anything of it, and say what applying it does.

    `person` is the e-mail of whose usage it is, for exports that do not say. `kind` is the
    export the caller takes it for ("" = any), `organization` the label of whose it is ("" = as
    its people and keys tell). `progress` is told the bytes of each piece.
    When there is nothing to apply the preview has a `note`, and nothing is kept.
    Raises UnreadableExport for a file that is refused, `WrongKind`, `ImportRefused`.
    """
    batch = stage_file(
        stream,
        name,
        person=person,
        by=by,
        kind=kind,
        organization=organization,
        progress=progress,
    )
    if not batch.id:
        return empty_preview(batch)
    if earlier := _applied_before(batch):
        discard(batch.id)
        return _known_already(earlier, batch, email_domain)
    with reading():
        effect, version = foreseen(batch), data_version()
        found = preview_of(batch, effect, email_domain)
    with writing():
        ImportBatch.update(effect_version=version, **columns_of(effect)).where(
            (ImportBatch.id == batch.id) & (ImportBatch.status == BatchStatus.STAGED)
        ).execute()
    return found


def apply(
    batch_id: int,
    *,
    partial: bool = False,
    renamed: str = "",
    by: str,
    email_domain: str,
    on_day: OnDay | None = None,
) -> Preview:
    """Let a staged file count, in one transaction; what it did.

    Raises `RowsRejected` when rows of it cannot be read, unless `partial`, `RenameUnclear` when
    names seem to mean the same, unless `renamed` says "same" or "different", and `NoSuchImport`
    when it is not staged (any more). A file that was applied before, perhaps by somebody else
    at the same time, changes nothing: the answer has a `note`. `on_day` is told how many days
    are done and how many there are.
    """
    with writing_usage():
        batch = find_batch(batch_id, BatchStatus.STAGED)
        _refuse_rejected(batch, partial)
        if earlier := _applied_before(batch):
            delete_batch(batch)
            return _known_already(earlier, batch, email_domain)
        _answer(batch, renamed)
        # Before it is applied: nobody is unknown afterwards.
        found = preview_of(batch, Effect(), email_domain)
        run = _log_run(IMPORT, batch, by)
        writer = RecordWriter(batch.organization, email_domain)
        effect = applied(batch, run, writer, on_day)
        _note_applied(batch, effect, run, by)
        bump_data_version()
    return replace(found, file=file_of(batch), **effect.shown())


def import_file(
    stream: BinaryIO,
    name: str,
    *,
    person: str = "",
    partial: bool = False,
    renamed: str = "",
    by: str,
    email_domain: str,
    kind: str = "",
    organization: str = "",
    progress: Progress | None = None,
    on_day: OnDay | None = None,
) -> Preview:
    """Stage a file and apply it at once, without the time a preview takes; what it did.

    Raises what `stage` and `apply` raise; nothing is kept then.
    """
    batch = stage_file(
        stream,
        name,
        person=person,
        by=by,
        kind=kind,
        organization=organization,
        progress=progress,
    )
    if not batch.id:
        return empty_preview(batch)
    try:
        return apply(
            batch.id,
            partial=partial,
            renamed=renamed,
            by=by,
            email_domain=email_domain,
            on_day=on_day,
        )
    except BaseException:
        discard(batch.id)
        raise


def discard(batch_id: int) -> None:
    """Forget a staged file. One that is applied, undone or gone stays as it is."""
    # Not beside one that is being applied: its rows would go under it.
    with writing_usage():
        batch = ImportBatch.get_or_none(
            (ImportBatch.id == batch_id) & (ImportBatch.status == BatchStatus.STAGED)
        )
        if batch:
            delete_batch(batch)


def undo(batch_id: int, *, by: str, email_domain: str) -> Undone:
    """Take an applied file back, in one transaction: the days are as if it never had come.

    Raises `NoSuchImport` when it is not applied (any more).
    """
    with writing_usage():
        batch = find_batch(batch_id, BatchStatus.APPLIED)
        batch.status, batch.undone_at, batch.undone_by = BatchStatus.UNDONE, now_seconds(), by
        batch.save()
        run = _log_run(UNDO, batch, by)
        effect = taken_back(batch, run, RecordWriter(batch.organization, email_domain))
        delete_rows(batch, list(facts_of(batch).days))
        bump_data_version()
    totals = effect.shown()
    return Undone(file_of(batch), totals["before"], totals["after"])


def give(batch_id: int, label: str) -> None:
    """Let a staged file belong to the organisation of this label ("": as the file tells).

    Raises `NoSuchImport`, and `ImportRefused` for what cannot be a label.
    """
    with writing_usage():
        batch = find_batch(batch_id, BatchStatus.STAGED)
        provider = batch.organization.provider
        if label.strip():
            batch.organization = organization_called(provider, label)
            batch.owner_by, batch.owner_reason = OwnerBy.SAID, ""
        else:
            batch.organization, batch.owner_reason = Owners(provider).of(batch)
            batch.owner_by = OwnerBy.GUESS
        batch.effect_version = None
        batch.save()


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
        before = batch.organization
        after, reason = Owners(before.provider).of(batch)
        if after.id == before.id:
            return None
        run = _log_run(MOVE, batch, batch.applied_by)
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
        bump_data_version()
    return file_of(batch)


def _applied_before(batch: ImportBatch) -> ImportBatch | None:
    """The same file of the same person, if it counts already, for whichever organisation.

    What counts for the demo company goes with it, so it is apart.
    """
    demo = Organization.name == DEMO_ORGANIZATION
    return (
        ImportBatch.select(ImportBatch, Organization)
        .join(Organization)
        .where(
            (ImportBatch.sha256 == batch.sha256)
            & (ImportBatch.person == batch.person)
            & (ImportBatch.status == BatchStatus.APPLIED)
            & (Organization.provider == batch.organization.provider)
            & (demo if batch.organization.name == DEMO_ORGANIZATION else ~demo)
        )
        .first()
    )


def _known_already(earlier: ImportBatch, batch: ImportBatch, email_domain: str) -> Preview:
    day = moment(earlier.applied_at).date()
    note = f"This file was already imported on {day} as #{earlier.id}; nothing was changed."
    if batch.owner_by == OwnerBy.SAID and batch.organization_id != earlier.organization_id:
        whose, wanted = label_of(earlier.organization), label_of(batch.organization)
        note += f" It counts for {whose}: undo it before you give it to {wanted}."
    return preview_of(earlier, effect_of(earlier), email_domain, note=note)


def _answer(batch: ImportBatch, renamed: str) -> None:
    """Keep with the batch what was said of the names in doubt; refuse it where nothing was."""
    questions = doubts_of(batch, AppliedFiles(batch.organization).names(also=batch))
    if not questions:
        return
    if renamed not in list(Renaming):
        raise RenameUnclear(
            f"{' '.join(each.sentence for each in questions[:SHOWN_QUESTIONS])} Is it the same "
            "usage under a new name, or different usage? Nothing was counted.",
            questions,
        )
    facts = facts_of(batch)
    for each in questions:
        if each.batch and renamed == Renaming.DIFFERENT:
            raise RenameUnclear(
                f"{each.sentence} One file is not the usage of two people. Undo "
                f"{each.before_file} if it was a mistake. Nothing was counted.",
                [each],
            )
        if each.batch:
            facts.answers.people[each.batch] = (each.before, each.after)
        else:
            pairs = facts.answers.same if renamed == Renaming.SAME else facts.answers.different
            pairs.append((each.kind, each.before, each.after))
    batch.facts = facts.as_json()


def _refuse_rejected(batch: ImportBatch, partial: bool) -> None:
    good = batch.rows - batch.skipped - batch.rejected
    if batch.rejected and not (partial and good):
        choice = "Correct them, or import only the good rows." if good else "No row is good."
        raise RowsRejected(
            f"{batch.file_name or 'The file'}: {batch.rejected:,} of {batch.rows:,} rows cannot "
            f"be read, so nothing was imported. {choice}",
            file_of(batch),
            rejected_rows(batch.id, SHOWN_REJECTED),
        )


def _log_run(kind: str, batch: ImportBatch, by: str) -> Run:
    """A run that is over when its transaction is. What it did is told by the days it changed."""
    return Run.create(
        kind=kind,
        status=RunStatus.OK,
        start_day=batch.first_day or 0,
        end_day=batch.last_day or 0,
        started_at=now_seconds(),
        finished_at=now_seconds(),
        process=process_label(),
        asked_by=by,
    )


def _note_applied(batch: ImportBatch, effect: Effect, run: Run, by: str) -> None:
    for name, said in columns_of(effect).items():
        setattr(batch, name, said)
    batch.partial = batch.rejected > 0
    batch.status, batch.run = BatchStatus.APPLIED, run
    batch.applied_at, batch.applied_by = now_seconds(), by
    batch.save()
