"""Imported files: do their rows say what is kept of them, and what counts of their days?"""

from __future__ import annotations

import json
from collections.abc import Iterator

from peewee import fn

from app.dates import day_of
from app.importing.effects import AppliedFiles, effect_of
from app.importing.events import decoded
from app.importing.merging import FIRST_LETTERS, key_hash_of, merged_day
from app.importing.staging import MOST_REJECTED
from app.importing.stored import BESIDE, Facts, applied_batches, facts_of, rows_of_day, share_in
from app.ledger import ordered_hash
from app.models import ImportBatch, ImportedRow, Organization, Partition, RejectedRow
from app.states import BatchStatus, Merge, Source
from app.usage import UsageRecord
from app.verify.differences import EXPECTED, RECORDS_SAY, Difference, unequal

OF_ROWS = ("days", "first_day", "last_day", "tokens", "value_nanos", "unpriced_tokens")
UNREADABLE = (ValueError, TypeError, KeyError, IndexError, AttributeError)
"""What reading a damaged row raises."""


def imported_differences() -> Iterator[Difference]:
    """Every file that is not what its rows say, and every day that is not what its files say."""
    damaged = set()
    for batch in ImportBatch.select().where(ImportBatch.status != BatchStatus.STAGING):
        for difference in _file(batch):
            damaged.add(batch.organization_id)
            if BESIDE in batch.facts:
                # It may tell of any other, too.
                damaged |= set(_beside(batch.organization))
            yield difference
    for organization in Organization.select():
        # What rows add up to can be told of rows that can be read.
        if organization.id not in damaged:
            yield from _days(organization)


def _beside(organization: Organization) -> Iterator[int]:
    """The organisations of the same provider."""
    mine = Organization.select().where(Organization.provider == organization.provider)
    return (other.id for other in mine)


def _file(batch: ImportBatch) -> Iterator[Difference]:
    row = f"id {batch.id}"
    try:
        kept = facts_of(batch)
        effect_of(batch)
    except UNREADABLE:
        yield Difference("import_batch", 0, row, "facts", batch.facts, "readable", says=EXPECTED)
        return
    rejected = RejectedRow.select(fn.COUNT(RejectedRow.sequence)).where(RejectedRow.batch == batch)
    stored, expected = rejected.scalar(), min(batch.rejected, MOST_REJECTED)
    if stored != expected:
        yield Difference("import_batch", 0, row, "rejected", batch.rejected, stored)
    facts = Facts()
    yield from _rows(batch, facts)
    if batch.status == BatchStatus.UNDONE:
        return
    stored_sums = [getattr(batch, name) for name in OF_ROWS]
    yield from unequal("import_batch", 0, row, OF_ROWS, stored_sums, _sums(facts))
    good = sum(rows for rows, *_ in facts.days.values())
    if batch.rows - batch.skipped - batch.rejected != good:
        yield Difference("import_batch", 0, row, "good rows", batch.rows - batch.skipped, good)
    for name in ("days", "actors"):
        if getattr(kept, name) != getattr(facts, name):
            facts_of_file = (f"facts ({name})", "other sums", "those of its rows")
            yield Difference("import_batch", 0, row, *facts_of_file, says=EXPECTED)


def _sums(facts: Facts) -> list[int | None]:
    if not facts.days:
        return [0, None, None, 0, 0, 0]
    _, *sums = facts.sums
    return [len(facts.days), min(facts.days), max(facts.days), *sums]


def _rows(batch: ImportBatch, facts: Facts) -> Iterator[Difference]:
    """What is wrong with the rows of a file; the facts grow by those that can be read."""
    rows = ImportedRow.select().where(ImportedRow.batch == batch).dicts().iterator()
    for row in rows:
        name = f"batch {batch.id}, sequence {row['sequence']}"
        if batch.status == BatchStatus.UNDONE:
            yield Difference("imported_row", 0, name, "row", "yes", None, says=EXPECTED)
            continue
        try:
            record = decoded(day_of(row["day"]), row["payload"])
            facts.add(record)
            wanted = _key_hash(batch, row["key_hash"], row["key"], record)
        except UNREADABLE:
            facts_of_row = ("payload", row["payload"], "a record")
            yield Difference("imported_row", row["day"], name, *facts_of_row, says=EXPECTED)
            continue
        if not _is_key(batch, row["key"]):
            facts_of_row = ("key", row["key"], "the row's own key, of events none")
            yield Difference("imported_row", row["day"], name, *facts_of_row, says=EXPECTED)
        if row["key_hash"] != wanted:
            facts_of_row = ("key_hash", row["key_hash"], wanted)
            yield Difference("imported_row", row["day"], name, *facts_of_row, RECORDS_SAY)


def _is_key(batch: ImportBatch, key: str) -> bool:
    """Whether a row can have this key: what tells it apart, as JSON; of events nothing."""
    if not key or batch.merge == Merge.EVENTS:
        return not key
    try:
        return isinstance(json.loads(key), dict)
    except ValueError:
        return False


def _key_hash(batch: ImportBatch, stored: str, key: str, record: UsageRecord) -> str:
    """What the key hash of a row must be; as it is where an earlier version may have made it."""
    by_name = batch.merge == Merge.EVENTS and (record.at_ms is None or not record.total_tokens)
    if stored[:1] == "e" or by_name:
        return stored if stored[:1] in ("e", *FIRST_LETTERS.values()) else "another letter"
    return key_hash_of(Merge(batch.merge), key, record)


def _days(organization: Organization) -> Iterator[Difference]:
    """Imported days that are not what the applied files say of them."""
    row = f"{Source.IMPORTED} of organisation {organization.id}"
    for day, stored, records in days_of_files(organization):
        if stored is None:
            yield Difference("partition", day, row, "row", None, "yes")
        elif stored.content_hash != ordered_hash(records):
            hashes = (stored.content_hash, ordered_hash(records))
            yield Difference("partition", day, row, "content_hash", *hashes, "its files say")


def days_of_files(
    organization: Organization,
) -> Iterator[tuple[int, Partition | None, list[UsageRecord]]]:
    """Every imported day: what is stored of it, and what the applied files say of it."""
    files = AppliedFiles(organization)
    names = files.names()
    imported = (Partition.source == Source.IMPORTED) & (Partition.prepared == 0)
    mine = Partition.select().where((Partition.organization == organization) & imported)
    stored = {one.day: one for one in mine}
    shares = (share_in(batch, organization) for batch in applied_batches(organization))
    told = {day for share in shares if share for day in share.days}
    for day in sorted(told | stored.keys()):
        batches = files.on(day)
        rows = rows_of_day(day, batches, names, files.parts)
        records = list(merged_day(day_of(day), rows, batches)) if batches else []
        yield day, stored.get(day), records
