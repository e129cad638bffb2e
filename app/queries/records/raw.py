"""Raw records, newest first: a page of them, or all."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from peewee import JOIN, ModelSelect, fn

from app.database import database, total
from app.dates import day_of, moment
from app.models import Actor, ActorDay, DayChange, ImportBatch, Partition, Person, Run, Slice, Usage
from app.queries.records.origin import ORIGIN, Origin, origin_of, with_names
from app.queries.records.question import RecordQuestion
from app.queries.remembered import remembered
from app.rollups import TOKENS
from app.states import BatchStatus, Source

UNDATED = -1
"""Sorts a record without a time after those of its day that have one, on both databases."""
AT_ONCE = 2000
"""How many records are held in memory while all are read."""
BYTES_A_DAY = 150


class RawRecord(NamedTuple):
    """One record as the provider gave it, and where it came from. Money in nano-dollars.

    `owner` is the e-mail of the person it belongs to, "" for nobody's. `files` are the imported
    files that its day was read from, such as "#3 team.csv".
    """

    day: date
    at: datetime | None
    tool: str
    model: str
    raw_model: str
    input_tokens: int
    cache_write_5m_tokens: int
    cache_write_1h_tokens: int
    cache_read_tokens: int
    output_tokens: int
    tokens: int
    requests: int | None
    value_nanos: int | None
    billed_nanos: int | None
    price_status: str
    owner: str
    source: str
    fetched_at: datetime
    run_id: int
    run_kind: str
    detail: dict[str, Any]
    origin: Origin
    files: tuple[str, ...]

    @property
    def cache_write_tokens(self) -> int:
        """Both kinds of cache write."""
        return self.cache_write_5m_tokens + self.cache_write_1h_tokens


_NEWEST_FIRST = (
    Usage.day.desc(),
    fn.COALESCE(Usage.at_ms, UNDATED).desc(),
    Usage.partition.desc(),
    Usage.sequence.desc(),
)
_COLUMNS = (
    Usage.day,
    Usage.at_ms,
    Slice.tool,
    Slice.name,
    Slice.model,
    Usage.input_tokens,
    Usage.cache_write_5m_tokens,
    Usage.cache_write_1h_tokens,
    Usage.cache_read_tokens,
    Usage.output_tokens,
    TOKENS,
    Usage.requests,
    Usage.value_nanos,
    Usage.billed_nanos,
    Usage.price_status,
    fn.COALESCE(Person.email, ""),
    Partition.source,
    Partition.fetched_at,
    Run.id,
    Run.kind,
)
"""The columns of a record in the order of its fields; then come detail, partition and origin."""


def raw_records(question: RecordQuestion, *, limit: int = 50, offset: int = 0) -> list[RawRecord]:
    """One page of the records, newest first.

    Two phases: the keys of the page from the narrow columns of its days, then everything about
    them.
    """
    first, last, skipped = _days_of_page(question, limit, offset)
    if first is None:
        return []
    near = question._replace(scope=question.scope._replace(start=first, end=last))
    chosen = _keys(near).limit(limit).offset(offset - skipped).alias("chosen")
    # Bare rows: of a hundred thousand records the wrappers around them cost more than the query.
    rows = database.execute(_with_everything(chosen).order_by(*_NEWEST_FIRST)).fetchall()
    files = _files_of({row[_PARTITION] for row in rows if row[_SOURCE] == Source.IMPORTED})
    return [_raw_record(row, files.get(row[_PARTITION], ())) for row in rows]


def record_pages(question: RecordQuestion) -> Iterator[list[RawRecord]]:
    """All records, newest first, as many at a time as memory may hold."""
    for offset in range(0, record_count(question), AT_ONCE):
        yield raw_records(question, limit=AT_ONCE, offset=offset)


def record_count(question: RecordQuestion) -> int:
    """How many records there are."""
    return sum(records for _, records in records_by_day(question))


@remembered(lambda found: BYTES_A_DAY * len(found))
def records_by_day(question: RecordQuestion) -> list[tuple[date, int]]:
    """How many records each day with some has, newest first; remembered."""
    if question.is_of_everything:
        within = Partition.counts & (Partition.records > 0) & question.scope.covers(Partition.day)
        query = Partition.select(Partition.day, total(Partition.records)).where(within)
    else:
        query = question.sums().select(Partition.day, total(ActorDay.records))
    by_day = query.group_by(Partition.day).order_by(Partition.day.desc())
    return [(day_of(day), count) for day, count in database.execute(by_day).fetchall()]


def _days_of_page(
    question: RecordQuestion, limit: int, offset: int
) -> tuple[date | None, date | None, int]:
    """The first and last day of a page (None beyond the end), and the records of newer days."""
    first = last = None
    skipped = passed = 0
    for day, count in records_by_day(question):
        if passed + count <= offset:
            skipped += count
        elif passed < offset + limit:
            first, last = day, last or day
        passed += count
    return first, last, skipped


def _keys(question: RecordQuestion) -> ModelSelect:
    columns = (Usage.partition.alias("partition_id"), Usage.sequence)
    return question.records().select(*columns).order_by(*_NEWEST_FIRST)


def _with_everything(chosen: Any) -> ModelSelect:
    same = (chosen.c.partition_id == Usage.partition) & (chosen.c.sequence == Usage.sequence)
    query = (
        Usage.select(*_COLUMNS, Usage.detail, Partition.id, *ORIGIN)
        .join(chosen, on=same)
        .join_from(Usage, Partition)
        .join_from(Partition, Run)
        .join_from(Usage, Slice)
        .join_from(Usage, Actor)
        .join_from(Actor, Person, JOIN.LEFT_OUTER)
    )
    return with_names(query)


_SOURCE, _FETCHED_AT = map(RawRecord._fields.index, ("source", "fetched_at"))
_DETAIL, _PARTITION = len(_COLUMNS), len(_COLUMNS) + 1


def _files_of(partitions: set[int]) -> dict[int, tuple[str, ...]]:
    """The files that changed each of these imported days and still count, oldest first."""
    if not partitions:
        return {}
    rows = (
        DayChange.select(DayChange.partition, ImportBatch.id, ImportBatch.file_name)
        .join(ImportBatch, on=(ImportBatch.run == DayChange.run))
        .where(
            DayChange.partition.in_(sorted(partitions))
            & (ImportBatch.status == BatchStatus.APPLIED)
        )
        .order_by(ImportBatch.id)
        .tuples()
    )
    found: dict[int, tuple[str, ...]] = {}
    for partition, number, name in rows:
        found[partition] = (*found.get(partition, ()), f"#{number} {name}".strip())
    return found


def _raw_record(row: Sequence[Any], files: tuple[str, ...]) -> RawRecord:
    day, at_ms, *plain = row[:_DETAIL]
    at = None if at_ms is None else datetime.fromtimestamp(at_ms / 1000, UTC)
    detail, origin = _facts(row[_DETAIL]), origin_of(row[_PARTITION + 1 :])
    values: list[Any] = [day_of(day), at, *plain, detail, origin, files]
    record = RawRecord(*values)
    return record._replace(fetched_at=moment(row[_FETCHED_AT]))


def _facts(detail: str) -> dict[str, Any]:
    """What the provider said beside the figures; {} when that is nothing readable."""
    try:
        found = json.loads(detail) if detail else {}
    except ValueError:
        return {"detail": detail}
    return found if isinstance(found, dict) else {"detail": detail}
