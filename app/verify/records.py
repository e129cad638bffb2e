"""The records of a stored day as values again: what they add up to, and their hash."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from app.dates import day_of
from app.ledger import LARGEST_SUM, OrderedSums, hash_of, weight_of
from app.models import SUM_COLUMNS, UNATTRIBUTED, Actor, Partition, Usage
from app.states import Source
from app.usage import Tokens, UsageRecord

STAMP_SUMS = ("records", "tokens", "value_nanos", "billed_nanos", "unpriced_tokens", "weight")
_OF_RECORDS = tuple(map(SUM_COLUMNS.index, STAMP_SUMS[1:-1]))
_WHOSE = (Actor.id, Actor.person, Actor.key, Actor.account, Actor.workspace)
Models = dict[int, tuple[str, str]]
"""(tool, raw model) of every slice of a model."""


class StoredRecord(NamedTuple):
    """A record with the ids of its actor, of that one's person, and of its model's slice."""

    actor: int
    person: int
    model: int
    record: UsageRecord


def stored_records(partition: Partition, models: Models) -> Iterator[StoredRecord]:
    """Everything a partition holds, in stored order."""
    columns = (
        *(getattr(Usage, f"{kind}_tokens") for kind in Tokens._fields),
        Usage.requests,
        Usage.value_nanos,
        Usage.billed_nanos,
        Usage.price_status,
        Usage.at_ms,
        Usage.detail,
    )
    rows = (
        Usage.select(*_WHOSE, Usage.model, *columns)
        .join(Actor)
        .where(Usage.partition == partition)
        .order_by(Usage.sequence)
        .tuples()
    )
    day = day_of(partition.day)
    for actor, person, key, account, workspace, model, *kept in rows.iterator():
        record = UsageRecord.with_day(day, ((key, account, workspace), *models[model], *kept))
        yield StoredRecord(actor, person or UNATTRIBUTED, model, record)


def content_hash_of(source: str, records: list[UsageRecord]) -> str:
    """The hash in the stamp of these records: of imported ones their order matters."""
    if source != Source.IMPORTED:
        return hash_of(records)
    sums = OrderedSums(LARGEST_SUM)
    sums.add(records)
    return sums.content_hash


def figures_of(record: UsageRecord) -> tuple[int, ...]:
    """The sums of one record in the order of `SUM_COLUMNS`."""
    tokens = record.total_tokens
    return (
        tokens,
        record.tokens.input,
        record.tokens.cache_write_5m + record.tokens.cache_write_1h,
        record.tokens.cache_read,
        record.tokens.output,
        record.requests or 0,
        record.value_nanos or 0,
        record.billed_nanos or 0,
        tokens if record.value_nanos is None else 0,
        tokens if record.billed_nanos is None else 0,
        tokens if record.requests is None else 0,
    )


def stamp_sums(records: Iterable[UsageRecord]) -> list[int]:
    """The sums of a stamp in the order of `STAMP_SUMS`."""
    sums = [0] * len(STAMP_SUMS)
    for record in records:
        sums_of_record = figures_of(record)
        figures = (1, *(sums_of_record[place] for place in _OF_RECORDS), weight_of(record))
        for place, figure in enumerate(figures):
            sums[place] += figure
    return sums
