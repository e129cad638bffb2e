"""The records of a stored day as values again: what is wrong with them, what they add up to."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from app.dates import day_number, day_of
from app.ledger import hash_of, ordered_hash, weight_of
from app.models import MODEL, SUM_COLUMNS, UNATTRIBUTED, Actor, Partition, Slice, Usage
from app.states import Source
from app.usage import PriceStatus, RawActor, Tokens, UsageRecord
from app.verify.differences import EXPECTED, Difference

STAMP_SUMS = ("records", "tokens", "value_nanos", "billed_nanos", "unpriced_tokens", "weight")
_OF_RECORDS = tuple(map(SUM_COLUMNS.index, STAMP_SUMS[1:-1]))
_COUNTS = (*(f"{kind}_tokens" for kind in Tokens._fields), "requests")
_COLUMNS = ("sequence", "day", *_COUNTS, "value_nanos", "billed_nanos", "price_status", "at_ms")
_WHOSE = (Actor.id, Actor.person, Actor.key, Actor.account, Actor.workspace)
_STATUSES = tuple(status.value for status in PriceStatus)


class ModelOf(NamedTuple):
    """What the slice of a model is of."""

    tool: str
    model: str
    organization: int | None


Models = dict[int, ModelOf]
"""Every slice of a model, by its id."""
NO_MODEL = ModelOf("", "", None)


class StoredRecord(NamedTuple):
    """A record with the ids of its actor, of that one's person, and of its model's slice.

    `damage` is what its row says that cannot be: (column, stored, expected).
    """

    actor: int
    person: int
    model: int
    record: UsageRecord
    damage: list[tuple[str, object, object]]

    def differences(self, partition: Partition, sequence: int) -> Iterator[Difference]:
        """The damage, named."""
        row = f"partition {partition.id}, sequence {sequence}"
        for facts in self.damage:
            yield Difference("usage", partition.day, row, *facts, says=EXPECTED)


def stored_records(partition: Partition, models: Models) -> Iterator[StoredRecord]:
    """Everything a partition holds, in stored order, damaged rows too."""
    columns = [getattr(Usage, name) for name in (*_COLUMNS, "detail")]
    rows = (
        Usage.select(*_WHOSE, Usage.model, *columns)
        .join(Actor)
        .where(Usage.partition == partition)
        .order_by(Usage.sequence)
        .tuples()
    )
    for place, (actor, person, key, account, workspace, model, *kept) in enumerate(rows.iterator()):
        row = dict(zip((*_COLUMNS, "detail"), kept, strict=True))
        damage = [*_damage(row, partition.day, place)]
        known = models.get(model, NO_MODEL)
        if known is NO_MODEL:
            damage.append(("model_id", model, "a slice of a model"))
        elif known.organization != partition.organization_id:
            damage.append(("model_id", model, "a slice of its organisation"))
        record = _record(row, RawActor(key, account, workspace), known, partition.day)
        yield StoredRecord(actor, person or UNATTRIBUTED, model, record, damage)


def _damage(row: Mapping[str, Any], day: int, place: int) -> Iterator[tuple[str, object, object]]:
    """What a row says that cannot be."""
    for column, expected in (("sequence", place), ("day", day)):
        if row[column] != expected:
            yield column, row[column], expected
    for column in _COUNTS:
        if (row[column] or 0) < 0:
            yield column, row[column], "none or more"
    status, unknown = row["price_status"], row["value_nanos"] is None
    if status not in _STATUSES:
        yield "price_status", status, " or ".join(_STATUSES)
    elif (status == PriceStatus.UNPRICED) != unknown:
        yield "price_status", status, "unpriced" if unknown else "provider or table"
    if not _is_on(row["at_ms"], day):
        yield "at_ms", row["at_ms"], "a moment of the day"
    if _facts(row["detail"]) is None:
        yield "detail", row["detail"], "a JSON object"


def _is_on(at_ms: int | None, day: int) -> bool:
    if at_ms is None:
        return True
    try:
        return day_number(datetime.fromtimestamp(at_ms // 1000, UTC).date()) == day
    except (ValueError, OverflowError, OSError):
        return False


def _facts(detail: str) -> dict[str, Any] | None:
    try:
        facts = json.loads(detail or "{}")
    except ValueError:
        return None
    return facts if isinstance(facts, dict) else None


def _record(row: Mapping[str, Any], actor: RawActor, model: ModelOf, day: int) -> UsageRecord:
    """The record of a row; of one whose price status is none, what its value makes likely."""
    status = row["price_status"]
    if status not in _STATUSES:
        status = PriceStatus.UNPRICED if row["value_nanos"] is None else PriceStatus.PROVIDER
    return UsageRecord(
        day=day_of(day),
        actor=actor,
        tool=model.tool,
        model=model.model,
        tokens=Tokens(*(row[f"{kind}_tokens"] for kind in Tokens._fields)),
        requests=row["requests"],
        value_nanos=row["value_nanos"],
        billed_nanos=row["billed_nanos"],
        price_status=PriceStatus(status),
        at_ms=row["at_ms"],
        detail=row["detail"],
    )


def models_by_slice() -> Models:
    """What every slice of a model is of."""
    columns = (Slice.id, Slice.tool, Slice.model, Slice.organization)
    rows = Slice.select(*columns).where(Slice.kind == MODEL).tuples()
    return {number: ModelOf(*told) for number, *told in rows}


def content_hash_of(source: str, records: list[UsageRecord]) -> str:
    """The hash in the stamp of these records: of imported ones their order matters."""
    if source != Source.IMPORTED:
        return hash_of(records)
    return ordered_hash(records)


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
