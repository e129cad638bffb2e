"""What is stored of a file: its batch, what it says as a whole (JSON), and its rows.

Rows are written in pieces and read by day in the order of their keys.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from peewee import Tuple

from app.bulk import insert_rows
from app.database import database, writing
from app.dates import day_number, day_of
from app.importing.events import decoded
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
BESIDE = "beside"
"""The fact that says which rows of a file are another organisation's than the file."""
UNCHANGED = Names()
NO_PARTS: Mapping[int, ShareOfFile] = {}
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


Sums = dict[int, list[int]]
"""By day (YYYYMMDD): rows, tokens, value, tokens without a price."""


class Beside(NamedTuple):
    """What a file holds of another organisation: whose rows, and the sums of their days."""

    actors: frozenset[RawActor]
    days: Sums


class ShareOfFile(NamedTuple):
    """The rows of a file that belong to an organisation: of these actors, or of all but these."""

    actors: frozenset[RawActor]
    only: bool

    def holds(self, row: StoredRow) -> bool:
        """Whether a row is one of them."""
        return (tuple(json.loads(row.payload)[0]) in self.actors) is self.only


class Share(NamedTuple):
    """What a file tells of one organisation; without a `part` all its rows."""

    organization: Organization
    days: Sums
    part: ShareOfFile | None = None


@dataclass
class Facts:
    """Sums of the good rows: by day, by actor the same without rows, and the tokens of each model
    without a price. `beside`: by the name of another organisation what belongs to it.
    """

    days: Sums = field(default_factory=dict)
    actors: dict[RawActor, list[int]] = field(default_factory=dict)
    unpriced: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    warnings: Sequence[str] = ()
    ignored_columns: Sequence[str] = ()
    key_ids: dict[str, str] = field(default_factory=dict)
    answers: Answers = field(default_factory=Answers)
    beside: dict[str, Beside] = field(default_factory=dict)

    def add(self, record: UsageRecord) -> int:
        """Count a good row; its day as YYYYMMDD."""
        day, tokens, value = day_number(record.day), sum(record.tokens), record.value_nanos
        of_day = self.days.get(day) or self.days.setdefault(day, [0, 0, 0, 0])
        of_actor = self.actors.get(record.actor) or self.actors.setdefault(record.actor, [0, 0, 0])
        of_day[0] += 1
        of_day[1] += tokens
        of_actor[0] += tokens
        if value is not None:
            of_day[2] += value
            of_actor[1] += value
        elif tokens:
            of_day[3] += tokens
            of_actor[2] += tokens
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
                **({BESIDE: _beside_json(self.beside)} if self.beside else {}),
            },
            ensure_ascii=False,
        )


def add_to(sums: list[int], *more: int) -> None:
    """Add to each sum."""
    for place, amount in enumerate(more):
        sums[place] += amount


def _beside_json(beside: Mapping[str, Beside]) -> dict[str, Any]:
    return {
        name: [sorted(theirs.actors), sorted(theirs.days.items())]
        for name, theirs in beside.items()
    }


def facts_of(batch: ImportBatch) -> Facts:
    """The facts kept with a batch."""
    said = json.loads(batch.facts)
    has_unpriced = bool(said.get("unpriced"))
    return Facts(
        days={day: _whole(sums, 4, has_unpriced) for day, sums in said.get("days", ())},
        actors={
            RawActor(*each[:3]): _whole(each[3:], 3, has_unpriced)
            for each in said.get("actors", ())
        },
        unpriced=Counter(dict(said.get("unpriced", ()))),
        skipped=Counter(dict(said.get("skipped", ()))),
        warnings=said.get("warnings", ()),
        ignored_columns=said.get("ignored_columns", ()),
        key_ids=said.get(KEY_IDS, {}),
        answers=Answers.of(said.get(ANSWERS, {})),
        beside={
            name: Beside(frozenset(RawActor(*each) for each in actors), dict(days))
            for name, (actors, days) in said.get(BESIDE, {}).items()
        },
    )


def _whole(sums: list[int], length: int, has_unpriced: bool) -> list[int]:
    """Sums of a file; those of an earlier version lack the last one, the tokens without a price.

    Where a file has such tokens, usage without any value is taken for them.
    """
    if len(sums) >= length:
        return sums
    tokens, value = sums[-2:]
    return [*sums, tokens if has_unpriced and not value else 0]


def shares_of(batch: ImportBatch) -> list[Share]:
    """What a file tells of each organisation, its own first."""
    facts, own = facts_of(batch), batch.organization
    if not facts.beside:
        return [Share(own, facts.days)]
    others = [
        Share(_named(own, name), theirs.days, ShareOfFile(theirs.actors, only=True))
        for name, theirs in facts.beside.items()
    ]
    left = {day: list(sums) for day, sums in facts.days.items()}
    for other in others:
        for day, sums in other.days.items():
            add_to(left[day], *(-each for each in sums))
    away = frozenset().union(*(theirs.actors for theirs in facts.beside.values()))
    days = {day: sums for day, sums in left.items() if sums[0]}
    return [Share(own, days, ShareOfFile(away, only=False)), *others]


def _named(beside: Organization, name: str) -> Organization:
    """Another organisation of a provider, made where it is gone: a file made it."""
    return Organization.get_or_create(provider=beside.provider, name=name)[0]


def share_in(batch: ImportBatch, organization: Organization) -> Share | None:
    """What a file tells of an organisation, None for nothing."""
    shares = shares_of(batch)
    return next((one for one in shares if one.organization.id == organization.id), None)


def applied_batches(organization: Organization, *columns: Any) -> list[ImportBatch]:
    """The applied files that tell of an organisation, in the order of their application."""
    beside = [batch.id for batch in parted_files(organization.provider, organization.name)]
    mine = (ImportBatch.organization == organization) | ImportBatch.id.in_(beside)
    found = ImportBatch.select(*columns).where(mine & (ImportBatch.status == BatchStatus.APPLIED))
    return list(found.order_by(ImportBatch.run))


def parted_files(provider: str, name: str | None = None) -> list[ImportBatch]:
    """The files that tell of another organisation (of this name), too; undone ones among them."""
    found = (
        ImportBatch.select(ImportBatch, Organization)
        .join(Organization)
        .where((Organization.provider == provider) & ImportBatch.facts.contains(f'"{BESIDE}"'))
    )
    return [
        batch
        for batch in found
        for beside in [facts_of(batch).beside]
        if (beside if name is None else name in beside)
    ]


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


def rows_of_day(
    day: int,
    batches: Sequence[int],
    names: Names = UNCHANGED,
    parts: Mapping[int, ShareOfFile] = NO_PARTS,
) -> Iterator[StoredRow]:
    """The rows of `batches` on a day (YYYYMMDD) by their newest names, sorted by key hash.

    Of a batch with a part only the rows of that part.
    A day that holds rows of an earlier version, with other key hashes, is sorted in memory, and
    so is one whose rows may be renamed.
    """
    if not batches:
        return
    mine = (ImportedRow.day == day) & ImportedRow.batch.in_(batches)
    rows = _in_pieces(mine)
    if parts.keys() & set(batches):
        rows = (row for row in rows if row.batch not in parts or parts[row.batch].holds(row))
    earlier = mine & ImportedRow.key_hash.between(*EARLIER_EVENTS)
    if names or ImportedRow.select().where(earlier).exists():
        rows = iter(sorted(known_again(day_of(day), row, names) for row in rows))
    yield from rows


def records_of(batch: ImportBatch, actors: Collection[RawActor]) -> Iterator[UsageRecord]:
    """The good rows of a file that are these actors'."""
    query = ImportedRow.select(ImportedRow.day, ImportedRow.payload)
    for day, payload in query.where(ImportedRow.batch == batch).tuples().iterator():
        record = decoded(day_of(day), payload)
        if record.actor in actors:
            yield record


def sums_of(batch: ImportBatch, actors: Collection[RawActor]) -> Sums:
    """The sums of the days of a file, of the rows of these actors alone."""
    facts = Facts()
    for record in records_of(batch, actors):
        facts.add(record)
    return facts.days


def rows_of_batch(batch: ImportBatch) -> Iterator[tuple[int, str, str]]:
    """Day, key hash and payload of all good rows of a file."""
    yield from (
        ImportedRow.select(ImportedRow.day, ImportedRow.key_hash, ImportedRow.payload)
        .where(ImportedRow.batch == batch)
        .tuples()
        .iterator()
    )


def _in_pieces(wanted: Any) -> Iterator[StoredRow]:
    query = ImportedRow.select(*_ORDER, ImportedRow.key, ImportedRow.payload).where(wanted)
    # Piece by piece, from the last key on: psycopg2 takes all rows of a query into memory.
    query = query.order_by(*_ORDER).limit(PIECE)
    piece = _bare(query)
    while piece:
        for key_hash, batch, _, key, payload in piece:
            yield StoredRow(key_hash, batch, key, payload)
        if len(piece) < PIECE:
            return
        piece = _bare(query.where(Tuple(*_ORDER) > tuple(piece[-1][:3])))


def _bare(query: Any) -> list[tuple]:
    return list(database.execute(query).fetchall())


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
        forget_unused(*organizations_of(batch))


def organizations_of(batch: ImportBatch) -> list[Organization]:
    """The organisations that a file tells of, its own first."""
    return [share.organization for share in shares_of(batch)]


def forget_unused(*organizations: Organization) -> None:
    """Labels that were made for a file go with it, unless something else has them."""
    tables = (ImportBatch, Partition, Actor, Member, ApiKey, Workspace)
    for organization in organizations:
        mine = (table.select().where(table.organization == organization) for table in tables)
        used = any(rows.exists() for rows in mine) or bool(
            parted_files(organization.provider, organization.name)
        )
        if organization.name and not used:
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
