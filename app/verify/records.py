"""The records of a stored day as values again: what they add up to, and their hash."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

from app.dates import day_of
from app.ledger.records import hash_of, lines_of
from app.models import SUM_COLUMNS, UNATTRIBUTED, Actor, Partition, Usage
from app.states import Source
from app.usage import Tokens, UsageRecord

STAMP_SUMS = ("records", "tokens", "value_nanos", "billed_nanos", "unpriced_tokens")
_OF_RECORDS = tuple(map(SUM_COLUMNS.index, STAMP_SUMS[1:]))
Models = dict[int, tuple[str, str]]
"""(tool, raw model) of every slice of a model."""


def stored_records(partition: Partition, models: Models) -> Iterator[tuple[int, int, UsageRecord]]:
    """(person, model slice, record) of everything a partition holds, in stored order."""
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
        Usage.select(Actor.person, Actor.key, Actor.account, Actor.workspace, Usage.model, *columns)
        .join(Actor)
        .where(Usage.partition == partition)
        .order_by(Usage.sequence)
        .tuples()
    )
    day = day_of(partition.day)
    for person, key, account, workspace, model, *kept in rows.iterator():
        record = UsageRecord.with_day(day, ((key, account, workspace), *models[model], *kept))
        yield person or UNATTRIBUTED, model, record


def content_hash_of(source: str, records: list[UsageRecord]) -> str:
    """The hash in the stamp of these records: of imported ones their order matters."""
    if source != Source.IMPORTED:
        return hash_of(records)
    return hashlib.sha256(lines_of(records)).hexdigest()


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
        figures = figures_of(record)
        for place, figure in enumerate((1, *(figures[of_record] for of_record in _OF_RECORDS))):
            sums[place] += figure
    return sums
