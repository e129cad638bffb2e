"""What a file would do before it is applied, what undoing it would do, and its days."""

from __future__ import annotations

from app.database import reading
from app.dates import day_of
from app.identity import KnownDirectory, known_directory
from app.importing.doubts import doubts_of
from app.importing.effects import AppliedFiles, Effect, effect_of, foreseen, without
from app.importing.files import file_of, unkept_file
from app.importing.stored import Facts, facts_of, find_batch, rejected_rows
from app.importing.types import (
    NOTHING,
    SHOWN_REJECTED,
    FileDay,
    Preview,
    Question,
    UnattributedKey,
    UnpricedModel,
    usage_of,
)
from app.models import ImportBatch, Person
from app.queries.remembered import data_version
from app.queries.sums.figures import Figures, add_up
from app.states import BatchStatus, Rule
from app.usage import normal_email


def preview(batch_id: int, *, email_domain: str) -> Preview:
    """What applying a staged file would do now; of an applied or undone one, what it did.

    Raises `NoSuchImport`.
    """
    with reading():
        batch = find_batch(batch_id)
        return preview_of(batch, _effect_now(batch), email_domain)


def undo_preview(batch_id: int) -> tuple[Figures, Figures]:
    """What counts in the days of an applied file now, and would count after undoing it.

    Writes nothing. Raises `NoSuchImport` when it is not applied.
    """
    with reading():
        effect = without(find_batch(batch_id, BatchStatus.APPLIED))
    shown = effect.shown()
    return shown["before"], shown["after"]


def days_of(batch_id: int) -> list[FileDay]:
    """The days of a file's good rows, oldest first. Raises `NoSuchImport`."""
    days = facts_of(find_batch(batch_id)).days
    return [FileDay(day_of(day), *sums[:3]) for day, sums in sorted(days.items())]


def preview_of(batch: ImportBatch, effect: Effect, email_domain: str, *, note: str = "") -> Preview:
    """The preview of a batch that has this effect."""
    facts = facts_of(batch)
    emails, unattributed = _owners(facts, known_directory(batch.organization, email_domain))
    known = {email for (email,) in Person.select(Person.email).tuples()}
    return Preview(
        file_of(batch, effect),
        note,
        **effect.shown(),
        people=tuple(sorted(emails)),
        unknown_people=tuple(sorted(emails - known)),
        unattributed=unattributed,
        unpriced=tuple(UnpricedModel(*each) for each in facts.unpriced.most_common()),
        warnings=tuple(facts.warnings),
        ignored_columns=tuple(facts.ignored_columns),
        skipped_reasons=tuple(facts.skipped.most_common()),
        questions=_questions(batch),
        rejected_rows=tuple(rejected_rows(batch.id, SHOWN_REJECTED)),
    )


def empty_preview(batch: ImportBatch) -> Preview:
    """The preview of a file with nothing to count, of which nothing is kept."""
    what = "nothing to count" if batch.rows else "no rows"
    return Preview(
        unkept_file(batch),
        f"The file holds {what}, so nothing was changed.",
        skipped_reasons=tuple(facts_of(batch).skipped.most_common()),
    )


def _effect_now(batch: ImportBatch) -> Effect:
    staged = batch.status == BatchStatus.STAGED
    if staged and batch.effect_version != data_version():
        return foreseen(batch)
    return effect_of(batch)


def _questions(batch: ImportBatch) -> tuple[Question, ...]:
    if batch.status != BatchStatus.STAGED:
        return ()
    return tuple(doubts_of(batch, AppliedFiles(batch.organization).names(also=batch)))


def _owners(facts: Facts, known: KnownDirectory) -> tuple[set[str], tuple[UnattributedKey, ...]]:
    """E-mails of the people of a file, and its keys that belong to nobody, most tokens first."""
    emails: set[str] = set()
    unattributed: dict[str, Figures] = {}
    for actor, figures in facts.actors.items():
        email, rule = known.resolve(actor)
        if email:
            emails.add(normal_email(email))
        elif rule != Rule.SHARED:
            unattributed[actor.key] = add_up(
                (unattributed.get(actor.key, NOTHING), usage_of(*figures))
            )
    most_first = sorted(unattributed.items(), key=lambda each: (-each[1].tokens, each[0]))
    return emails, tuple(UnattributedKey(*each) for each in most_first)
