"""The only writer of usage: a day of a source is replaced whole, with its stamp and rollups."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from app.database import insert_rows, writing
from app.identity import ensure_actors
from app.model_names import display_name
from app.models import (
    MODEL,
    TOOL,
    DayChange,
    Meta,
    Organization,
    Partition,
    Run,
    Slice,
    Usage,
)
from app.rollups import refresh_day
from app.usage import Actor, DayUsage, UsageRecord, day_number

DEMO_ORGANIZATION = "demo"
"""Name of the invented organisation at every provider."""

USAGE_COLUMNS = (
    "partition_id",
    "sequence",
    "day",
    "actor_id",
    "model_id",
    "input_tokens",
    "cache_write_5m_tokens",
    "cache_write_1h_tokens",
    "cache_read_tokens",
    "output_tokens",
    "requests",
    "value_nanos",
    "billed_nanos",
    "price_status",
    "at_ms",
    "detail",
)


class Outcome(StrEnum):
    """What storing a day did."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    SUSPICIOUS = "suspicious"


@dataclass(frozen=True)
class Figures:
    """What a stored day adds up to: the stamp's sums."""

    records: int = 0
    tokens: int = 0
    value_nanos: int = 0
    billed_nanos: int = 0
    unpriced_tokens: int = 0

    @classmethod
    def of(cls, records: Sequence[UsageRecord]) -> Figures:
        """Add up records; unknown money counts as nothing, its tokens as unpriced."""
        return cls(
            records=len(records),
            tokens=sum(record.total_tokens for record in records),
            value_nanos=sum(record.value_nanos or 0 for record in records),
            billed_nanos=sum(record.billed_nanos or 0 for record in records),
            unpriced_tokens=sum(
                record.total_tokens for record in records if record.value_nanos is None
            ),
        )


@dataclass(frozen=True)
class StoredDay:
    """The result of storing one day: outcome, and its figures before and after."""

    outcome: Outcome
    before: Figures
    after: Figures


def organization_for(provider: str, name: str = "") -> Organization:
    """The account at a provider, made at first use."""
    return Organization.get_or_create(provider=provider, name=name)[0]


def replace_day(
    organization: Organization,
    source: str,
    usage: DayUsage,
    run: Run,
    *,
    email_domain: str,
    allow_empty: bool = False,
) -> StoredDay:
    """Replace what `source` says of one day by `usage`, in one transaction, stamp and all.

    An unchanged day only gets a fresh stamp. A day that held usage and comes back empty is
    kept and marked suspicious unless `allow_empty`.
    """
    content_hash = hash_of(usage.records)
    with writing():
        partition = _partition(organization, source, usage, run)
        before = _figures(partition)
        if partition.content_hash == content_hash:
            _stamp(partition, usage, run)
            return StoredDay(Outcome.UNCHANGED, before, before)
        if before.records and not usage.records and not allow_empty:
            Partition.update(suspicious_at=_now()).where(Partition.id == partition.id).execute()
            return StoredDay(Outcome.SUSPICIOUS, before, before)
        after = Figures.of(usage.records)
        first_time = not partition.content_hash
        _write_records(partition, usage.records, organization, email_domain)
        _stamp(partition, usage, run, content_hash=content_hash, changed_at=_now(), **vars(after))
        refresh_day(partition.day)
        _log_change(run, partition, before, after)
        bump_data_version()
    return StoredDay(Outcome.NEW if first_time else Outcome.CHANGED, before, after)


def hash_of(records: Sequence[UsageRecord]) -> str:
    """SHA-256 of the records as a multiset: their order does not matter, their number does."""
    lines = sorted(json.dumps(record[1:], separators=(",", ":")) for record in records)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def bump_data_version() -> None:
    """Tell every cache that the data changed. Part of the writing transaction."""
    Meta.update(data_version=Meta.data_version + 1).execute()


def _now() -> int:
    return int(time.time())


def _partition(organization: Organization, source: str, usage: DayUsage, run: Run) -> Partition:
    partition, _ = Partition.get_or_create(
        organization=organization,
        day=day_number(usage.day),
        source=source,
        defaults={"run": run, "fetched_at": 0, "changed_at": 0},
    )
    return partition


def _figures(partition: Partition) -> Figures:
    return Figures(
        partition.records,
        partition.tokens,
        partition.value_nanos,
        partition.billed_nanos,
        partition.unpriced_tokens,
    )


def _stamp(partition: Partition, usage: DayUsage, run: Run, **changes: object) -> None:
    Partition.update(
        settled=usage.settled, run=run, fetched_at=_now(), suspicious_at=None, **changes
    ).where(Partition.id == partition.id).execute()


def _write_records(
    partition: Partition,
    records: Sequence[UsageRecord],
    organization: Organization,
    email_domain: str,
) -> None:
    """Put `records` in the place of what the partition held. A row per record, twins too."""
    Usage.delete().where(Usage.partition == partition).execute()
    actors = ensure_actors(
        organization, {record.actor for record in records}, _labels(records), email_domain
    )
    models = ensure_models({(record.tool, record.model) for record in records})
    insert_rows("usage", USAGE_COLUMNS, _rows(partition, records, actors, models))


def _labels(records: Sequence[UsageRecord]) -> dict[Actor, str]:
    """Names that only the usage tells: those of Cursor's service accounts."""
    return {
        record.actor: json.loads(record.detail).get("serviceAccountName", "")
        for record in records
        if record.actor.key and "serviceAccountName" in record.detail
    }


def _rows(
    partition: Partition,
    records: Sequence[UsageRecord],
    actors: dict[Actor, int],
    models: dict[tuple[str, str], int],
) -> Iterator[tuple]:
    for sequence, record in enumerate(records):
        yield (
            partition.id,
            sequence,
            partition.day,
            actors[record.actor],
            models[record.tool, record.model],
            *record[4:12],
            record.price_status.value,
            *record[13:],
        )


def ensure_models(wanted: set[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """Slice ids of (tool, raw model) pairs, with the slices of their tools."""
    stored = _model_slices()
    missing = sorted(wanted - set(stored))
    if missing:
        rows = [
            {"kind": TOOL, "tool": tool, "model": "", "name": ""}
            for tool in sorted({tool for tool, _ in missing})
        ]
        rows += [
            {"kind": MODEL, "tool": tool, "model": raw, "name": display_name(raw)}
            for tool, raw in missing
        ]
        Slice.insert_many(rows).on_conflict_ignore().execute()
        stored = _model_slices()
    return {pair: stored[pair] for pair in wanted}


def _model_slices() -> dict[tuple[str, str], int]:
    rows = Slice.select(Slice.tool, Slice.model, Slice.id).where(Slice.kind == MODEL).tuples()
    return {(tool, raw): slice_id for tool, raw, slice_id in rows}


def _log_change(run: Run, partition: Partition, before: Figures, after: Figures) -> None:
    DayChange.create(
        run=run,
        partition=partition,
        changed_at=_now(),
        records_before=before.records,
        records_after=after.records,
        tokens_before=before.tokens,
        tokens_after=after.tokens,
        value_nanos_before=before.value_nanos,
        value_nanos_after=after.value_nanos,
    )
