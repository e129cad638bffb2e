"""What is stored of a file: its batch, what it says as a whole (JSON), and its rows.

Rows are written in pieces and read by day in the order of their keys.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from peewee import Tuple

from app.bulk import insert_rows
from app.database import writing
from app.dates import day_number, day_of
from app.importing.merging import EARLIER_EVENTS, StoredRow, known_again
from app.importing.names import Answers, Names
from app.importing.types import NoSuchImport, RejectedLine
from app.model_names import display_name
from app.models import (
    Actor,
    ApiKey,
    ImportBatch,
    ImportedRow,
    Member,
    Organization,
    Partition,
    RejectedRow,
    Slice,
    Workspace,
)
from app.states import BatchStatus
from app.usage import RawActor, UsageRecord
from app.versions import bump_data_version

PIECE = 5_000
"""How many rows are written or read at a time, so that memory stays bounded."""
COLUMNS = ("day", "key_hash", "batch_id", "sequence", "key", "payload")
REJECTED_COLUMNS = ("batch_id", "sequence", "line", "value", "message")
KEY_IDS, ANSWERS = "key_ids", "answers"
"""Facts from which names follow that mean the same."""
UNCHANGED = Names()
_ORDER = (ImportedRow.key_hash, ImportedRow.batch, ImportedRow.sequence)


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


@dataclass
class Facts:
    """Sums of the good rows: by day [rows, tokens, value, tokens without a price], by actor the
    same without rows, and the tokens of each model without a price.
    """

    days: dict[int, list[int]] = field(default_factory=dict)
    actors: dict[RawActor, list[int]] = field(default_factory=dict)
    unpriced: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    warnings: Sequence[str] = ()
    ignored_columns: Sequence[str] = ()
    key_ids: dict[str, str] = field(default_factory=dict)
    answers: Answers = field(default_factory=Answers)

    def add(self, record: UsageRecord) -> int:
        """Count a good row; its day as YYYYMMDD."""
        day, tokens, value = day_number(record.day), record.total_tokens, record.value_nanos or 0
        unpriced = tokens if record.value_nanos is None else 0
        _add(self.days.setdefault(day, [0, 0, 0, 0]), 1, tokens, value, unpriced)
        _add(self.actors.setdefault(record.actor, [0, 0, 0]), tokens, value, unpriced)
        if unpriced:
            self.unpriced[display_name(record.model)] += tokens
        if "api_key_id" in record.detail and record.actor.key:
            self.key_ids[json.loads(record.detail)["api_key_id"]] = record.actor.key
        return day

    @property
    def sums(self) -> tuple[int, ...]:
        """Rows, tokens, value and tokens without a price of all days."""
        return tuple(sum(part) for part in zip(*self.days.values(), strict=True))

    def as_json(self) -> str:
        """To be kept with the batch."""
        return json.dumps(
            {
                "days": sorted(self.days.items()),
                "actors": [[*actor, *sums] for actor, sums in self.actors.items()],
                "unpriced": self.unpriced.most_common(),
                "skipped": self.skipped.most_common(),
                "warnings": list(self.warnings),
                "ignored_columns": list(self.ignored_columns),
                **({KEY_IDS: self.key_ids} if self.key_ids else {}),
                **({ANSWERS: self.answers.as_json()} if self.answers != Answers() else {}),
            },
            ensure_ascii=False,
        )


def _add(sums: list[int], *more: int) -> None:
    sums[:] = [one + other for one, other in zip(sums, more, strict=True)]


def facts_of(batch: ImportBatch) -> Facts:
    """The facts kept with a batch."""
    said = json.loads(batch.facts)
    # Files of earlier versions lack the last of these sums.
    return Facts(
        days={day: [*sums, 0][:4] for day, sums in said.get("days", ())},
        actors={RawActor(*each[:3]): [*each[3:], 0][:3] for each in said.get("actors", ())},
        unpriced=Counter(dict(said.get("unpriced", ()))),
        skipped=Counter(dict(said.get("skipped", ()))),
        warnings=said.get("warnings", ()),
        ignored_columns=said.get("ignored_columns", ()),
        key_ids=said.get(KEY_IDS, {}),
        answers=Answers.of(said.get(ANSWERS, {})),
    )


def applied_batches(organization: Organization) -> list[ImportBatch]:
    """The applied files of an organisation in the order of their application."""
    return list(
        ImportBatch.select()
        .where(
            (ImportBatch.organization == organization) & (ImportBatch.status == BatchStatus.APPLIED)
        )
        .order_by(ImportBatch.run)
    )


def keep_rows(rows: list[tuple]) -> None:
    """Store rows of `COLUMNS` in a transaction of their own."""
    # In the order of the table's key, for the sake of speed.
    rows.sort()
    with writing():
        insert_rows("imported_row", COLUMNS, rows)


def keep_rejected(rows: list[tuple]) -> None:
    """Store rows of `REJECTED_COLUMNS` in a transaction of their own."""
    with writing():
        insert_rows("rejected_row", REJECTED_COLUMNS, rows)


def rows_of_day(day: int, batches: Sequence[int], names: Names = UNCHANGED) -> Iterator[StoredRow]:
    """The rows of `batches` on a day (YYYYMMDD) by their newest names, sorted by key hash.

    A day that holds rows of an earlier version, with other key hashes, is sorted in memory, and
    so is one whose rows may be renamed.
    """
    if not batches:
        return
    mine = (ImportedRow.day == day) & ImportedRow.batch.in_(batches)
    rows = _in_pieces(mine)
    earlier = mine & ImportedRow.key_hash.between(*EARLIER_EVENTS)
    if names or ImportedRow.select().where(earlier).exists():
        rows = iter(sorted(known_again(day_of(day), row, names) for row in rows))
    yield from rows


def rows_of_batch(batch: ImportBatch) -> Iterator[tuple[str, str]]:
    """Key hash and payload of all good rows of a file."""
    yield from (
        ImportedRow.select(ImportedRow.key_hash, ImportedRow.payload)
        .where(ImportedRow.batch == batch)
        .tuples()
        .iterator()
    )


def _in_pieces(wanted: Any) -> Iterator[StoredRow]:
    query = ImportedRow.select(*_ORDER, ImportedRow.key, ImportedRow.payload).where(wanted)
    # Piece by piece, from the last key on: psycopg2 takes all rows of a query into memory.
    query = query.order_by(*_ORDER).limit(PIECE).tuples()
    piece = list(query)
    while piece:
        for key_hash, batch, _, key, payload in piece:
            yield StoredRow(key_hash, batch, key, payload)
        if len(piece) < PIECE:
            return
        piece = list(query.where(Tuple(*_ORDER) > tuple(piece[-1][:3])))


def delete_rows_of(batch: ImportBatch) -> None:
    """Delete the good rows of a file, in steps that others can pass between."""
    mine = ImportedRow.batch == batch
    days = ImportedRow.select(ImportedRow.day).where(mine).distinct().tuples()
    for (day,) in list(days):
        with writing():
            ImportedRow.delete().where((ImportedRow.day == day) & mine).execute()


def delete_batch(batch: ImportBatch) -> None:
    """Delete a file that was never applied, and all its rows, in steps.

    If that ends midway, what is left is a file that nobody read to its end.
    """
    with writing():
        ImportBatch.update(status=BatchStatus.STAGING).where(ImportBatch.id == batch.id).execute()
    delete_rows_of(batch)
    with writing():
        RejectedRow.delete().where(RejectedRow.batch == batch).execute()
        ImportBatch.delete().where(ImportBatch.id == batch.id).execute()
        forget_unused(batch.organization)


def forget_unused(organization: Organization) -> None:
    """A label that was made for a file goes with it, unless something else has it."""
    tables = (ImportBatch, Partition, Actor, Member, ApiKey, Workspace)
    if organization.name and not any(
        table.select().where(table.organization == organization).exists() for table in tables
    ):
        # Of models that only files named which never came to count.
        if Slice.delete().where(Slice.organization == organization).execute():
            bump_data_version()
        Organization.delete().where(Organization.id == organization.id).execute()


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
