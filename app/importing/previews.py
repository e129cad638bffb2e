"""Batches as others see them: history, and what a file would do before it is applied."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from app.database import reading
from app.dates import day_of, moment
from app.identity import (
    KnownDirectory,
    known_directory,
)
from app.importing.effects import Effect, effect_of, foreseen
from app.importing.facts import Facts, facts_of
from app.importing.types import (
    SHOWN_REJECTED,
    Batch,
    NoSuchImport,
    Preview,
    RejectedLine,
    UnownedKey,
    UnpricedModel,
)
from app.models import ImportBatch, Meta, Organization, Person, RejectedRow
from app.providers.exports import EMPTY, EXPORT_KINDS
from app.states import BatchStatus, Rule
from app.usage import normal_email

_LABELS = {kind.name: kind.label for kind in (*EXPORT_KINDS, EMPTY)}
_COUNTS = ("days", "rows", "skipped", "rejected", "tokens", "value_nanos")
_EFFECTS = ("new", "changed", "unchanged", "covered")


def find_batch(batch_id: int, *states: BatchStatus) -> ImportBatch:
    """The batch, in one of these states. Raises `NoSuchImport`."""
    batch = ImportBatch.get_or_none(ImportBatch.id == batch_id)
    if batch is None or batch.status == BatchStatus.STAGING:
        raise NoSuchImport(
            f"There is no import #{batch_id}: a file that was not applied within a day is "
            "forgotten. Choose the file again."
        )
    if states and batch.status not in states:
        raise NoSuchImport(f"Import #{batch_id} is {batch.status} already; nothing was changed.")
    return batch


def history(limit: int = 50, offset: int = 0) -> list[Batch]:
    """Files that were applied, undone ones too, the newest application first."""
    past = (BatchStatus.APPLIED, BatchStatus.UNDONE)
    found = (
        ImportBatch.select(ImportBatch, Organization)
        .join(Organization)
        .where(ImportBatch.status.in_(past))
        .order_by(ImportBatch.run.desc())
        .limit(limit)
        .offset(offset)
    )
    return [batch_of(batch) for batch in found]


def history_count() -> int:
    """How many files `history` has."""
    past = (BatchStatus.APPLIED, BatchStatus.UNDONE)
    return int(ImportBatch.select().where(ImportBatch.status.in_(past)).count())


def rejected_rows(batch_id: int, limit: int = 10_000, offset: int = 0) -> list[RejectedLine]:
    """Rows of a file that cannot be read, in its order; at most 10,000 are kept."""
    rows = (
        RejectedRow.select(RejectedRow.line, RejectedRow.value, RejectedRow.message)
        .where(RejectedRow.batch == batch_id)
        .order_by(RejectedRow.sequence)
        .limit(limit)
        .offset(offset)
    )
    return [RejectedLine(*row) for row in rows.tuples()]


def preview(batch_id: int, *, email_domain: str) -> Preview:
    """What applying a staged file would do now; of an applied or undone one, what it did.

    Raises `NoSuchImport`.
    """
    with reading():
        batch = find_batch(batch_id)
        return preview_of(batch, _effect_now(batch), email_domain)


def preview_of(batch: ImportBatch, effect: Effect, email_domain: str, *, note: str = "") -> Preview:
    """The preview of a batch that has this effect."""
    facts = facts_of(batch)
    emails, unowned = _owners(facts, known_directory(batch.organization, email_domain))
    known = {email for (email,) in Person.select(Person.email).tuples()}
    return Preview(
        batch_of(batch, effect),
        note,
        **effect.shown(),
        people=tuple(sorted(emails)),
        unknown_people=tuple(sorted(emails - known)),
        unowned_keys=unowned,
        unpriced=tuple(UnpricedModel(*each) for each in facts.unpriced.most_common()),
        warnings=tuple(facts.warnings),
        ignored_columns=tuple(facts.ignored_columns),
        skipped_reasons=tuple(facts.skipped.most_common()),
        rejected_rows=tuple(rejected_rows(batch.id, SHOWN_REJECTED)),
    )


def empty_preview(batch: ImportBatch) -> Preview:
    """The preview of a file with nothing to count, of which nothing is kept."""
    nothing = Batch(
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
    what = "nothing to count" if batch.rows else "no rows"
    return Preview(
        nothing,
        f"The file holds {what}, so nothing was changed.",
        skipped_reasons=tuple(facts_of(batch).skipped.most_common()),
    )


def keep_effect(batch: ImportBatch, effect: Effect) -> None:
    """Set the batch's columns of an effect (not saved)."""
    for name in _EFFECTS:
        setattr(batch, name, getattr(effect, name))
    batch.effect = effect.as_json()


def data_version() -> int:
    """The version of the data, to know whether a counted effect still holds."""
    return int(Meta.select(Meta.data_version).scalar())


def _effect_now(batch: ImportBatch) -> Effect:
    staged = batch.status == BatchStatus.STAGED
    if staged and batch.effect_version != data_version():
        return foreseen(batch)
    return effect_of(batch)


def _owners(facts: Facts, known: KnownDirectory) -> tuple[set[str], tuple[UnownedKey, ...]]:
    """E-mails of the people of a file, and its keys that belong to nobody, most tokens first."""
    emails: set[str] = set()
    unowned: dict[str, list[int]] = {}
    for actor, (tokens, value) in facts.actors.items():
        email, rule = known.resolve(actor)
        if email:
            emails.add(normal_email(email))
        elif rule != Rule.SHARED:
            sums = unowned.setdefault(actor.key, [0, 0])
            sums[0] += tokens
            sums[1] += value
    most_first = sorted(unowned.items(), key=lambda each: (-each[1][0], each[0]))
    return emails, tuple(UnownedKey(key, *sums) for key, sums in most_first)


def batch_of(batch: ImportBatch, effect: Effect | None = None) -> Batch:
    """A stored batch as others see it, with a newer effect where there is one."""
    effects: Sequence[int] = [getattr(effect or batch, name) for name in _EFFECTS]
    return Batch(
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
        applied_at=_moment_or_none(batch.applied_at),
        applied_by=batch.applied_by,
        undone_at=_moment_or_none(batch.undone_at),
        undone_by=batch.undone_by,
        first_day=day_of(batch.first_day) if batch.first_day else None,
        last_day=day_of(batch.last_day) if batch.last_day else None,
        **dict(zip(_EFFECTS, effects, strict=True)),
        **{name: getattr(batch, name) for name in _COUNTS},
    )


def _moment_or_none(seconds: int | None) -> datetime | None:
    return None if seconds is None else moment(seconds)
