"""The life of a file: staged, applied or discarded, undone. Each is all or nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import BinaryIO

from app.database import reading, writing
from app.dates import moment, now_seconds
from app.importing.doubts import answer_doubts
from app.importing.effects import (
    AppliedFiles,
    Effect,
    OnDay,
    applied,
    columns_of,
    effect_of,
    effect_of_days,
    foreseen,
    taken_back,
)
from app.importing.files import file_of
from app.importing.owners import label_of
from app.importing.previews import empty_preview, preview_of
from app.importing.progress import busy
from app.importing.runs import log_run
from app.importing.staging import Progress, stage_file
from app.importing.stored import delete_batch, delete_rows_of, find_batch, rejected_rows
from app.importing.turns import turn
from app.importing.types import SHOWN_REJECTED, Preview, RowsRejected, TooMuch, Undone
from app.ledger import (
    DEMO_ORGANIZATION,
    SumTooLarge,
    bump_data_version,
    preparing,
)
from app.models import ImportBatch, Organization, Run
from app.queries.remembered import data_version
from app.states import BatchStatus, ImportRun, OwnerBy


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
        delete_batch(batch)
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
    """Let a staged file count, all at once (see `app.ledger.prepared`); what it did.

    Raises `RowsRejected` when rows of it cannot be read, unless `partial`, `RenameUnclear` when
    names seem to mean the same, unless `renamed` says "same" or "different", and `NoSuchImport`
    when it is not staged (any more), and `TooMuch`. A file that was applied before, perhaps by
    somebody else at the same time, changes nothing: the answer has a `note`. `on_day` is told
    how many days are done and how many there are. Waits while another import is applied.
    """
    with busy(batch_id):
        batch = find_batch(batch_id, BatchStatus.STAGED)
        _refuse_rejected(batch, partial)
        if earlier := _applied_before(batch):
            delete_batch(batch)
            return _known_already(earlier, batch, email_domain)
        answer_doubts(batch, AppliedFiles(batch.organization).names(also=batch), renamed)
        # Before it is applied: nobody is unknown afterwards.
        found = preview_of(batch, Effect(), email_domain)
        effect = _apply(batch, by, email_domain, on_day)
    return replace(found, file=file_of(batch), **effect.shown())


def _apply(batch: ImportBatch, by: str, email_domain: str, on_day: OnDay | None) -> Effect:
    run = log_run(ImportRun.IMPORT, batch, by)
    with _naming(batch), preparing(run, email_domain) as days:
        outcomes = applied(batch, days, on_day)
        with days.taking_effect():
            effect = effect_of_days(outcomes)
            days.take_effect()
            _note_applied(batch, effect, run, by)
            bump_data_version()
    return effect


@contextmanager
def _naming(batch: ImportBatch) -> Iterator[None]:
    """Name the file of which a record is too much."""
    try:
        yield
    except SumTooLarge as error:
        name = batch.file_name or "The file"
        raise TooMuch(f"{name}: {error} Nothing was changed.") from error


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
    with turn():
        batch = ImportBatch.get_or_none(
            (ImportBatch.id == batch_id) & (ImportBatch.status == BatchStatus.STAGED)
        )
        if batch:
            delete_batch(batch)


def undo(batch_id: int, *, by: str, email_domain: str) -> Undone:
    """Take an applied file back, all at once: the days are as if it never had come.

    So are the keys and people that nothing else knows; what was said of keys stays for next time.
    Raises `NoSuchImport` when it is not applied (any more), and `TooMuch` when what counts
    without it is more than the database can add up.
    """
    with busy(batch_id):
        batch = find_batch(batch_id, BatchStatus.APPLIED)
        run = log_run(ImportRun.UNDO, batch, by)
        with _naming(batch), preparing(run, email_domain) as days:
            outcomes = taken_back(batch, days)
            with days.taking_effect():
                totals = effect_of_days(outcomes).shown()
                days.take_effect()
                _note_undone(batch, by)
                bump_data_version()
        delete_rows_of(batch)
    return Undone(file_of(batch), totals["before"], totals["after"])


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


def _note_undone(batch: ImportBatch, by: str) -> None:
    batch.status, batch.undone_at, batch.undone_by = BatchStatus.UNDONE, now_seconds(), by
    batch.save()


def _note_applied(batch: ImportBatch, effect: Effect, run: Run, by: str) -> None:
    for name, said in columns_of(effect).items():
        setattr(batch, name, said)
    batch.partial = batch.rejected > 0
    batch.status, batch.run = BatchStatus.APPLIED, run
    batch.applied_at, batch.applied_by = now_seconds(), by
    batch.save()
