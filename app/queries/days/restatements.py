"""Changes of days that were final before: what a provider said then, and what it says now."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import NamedTuple

from peewee import fn

from app.dates import day_number, day_of
from app.models import DayChange, Organization, Partition, ProviderRun, Run
from app.providers.paging import REPORTING_LAG
from app.states import RunStatus, Source

SETTLED_AFTER = timedelta(days=1) + REPORTING_LAG
"""From the beginning of a day until nothing more is expected of it."""
BEFORE_AND_AFTER = (
    DayChange.records_before,
    DayChange.records_after,
    DayChange.tokens_before,
    DayChange.tokens_after,
    DayChange.value_nanos_before,
    DayChange.value_nanos_after,
)
"""The figures of a change, as the rows that tell of one hold them."""


class Restatement(NamedTuple):
    """A change of a final day by a run: figures before and after, money in nano-dollars."""

    provider: str
    day: int
    run: int
    changed_at: int
    records_before: int
    records_after: int
    tokens_before: int
    tokens_after: int
    value_nanos_before: int
    value_nanos_after: int


class _Reading(NamedTuple):
    started_at: int
    run: int
    start_day: int
    end_day: int


def restatements(
    start: date | None = None, end: date | None = None, limit: int | None = None
) -> Iterator[Restatement]:
    """Changes of days that had been read when they were final, the newest change first."""
    changes = _later_changes(start, end)
    readings = _readings()
    earlier = _changes_by_partition()
    found = (
        change
        for number, partition, change in changes
        if _was_final(
            change,
            [at for one, at in earlier[partition] if one < number],
            readings[change.provider],
        )
    )
    return islice(found, limit)


def settled_from(day: int) -> int:
    """The moment, in epoch seconds, from which a day (YYYYMMDD) is final."""
    beginning = datetime.combine(day_of(day), datetime.min.time(), UTC)
    return int((beginning + SETTLED_AFTER).timestamp())


def _was_final(change: Restatement, changed: list[int], readings: list[_Reading]) -> bool:
    """Whether the day had been read after it was final and before this change.

    `changed` are the moments of the earlier changes. Runs are told apart by their numbers:
    several may begin in one second.
    """
    final = settled_from(change.day)
    if change.changed_at < final:
        return False
    if any(final <= moment for moment in changed):
        return True
    # Readings are in the order of their beginning: those before the day was final are skipped.
    first = bisect_left(readings, (final,))
    return any(
        reading.run < change.run and reading.start_day <= change.day <= reading.end_day
        for reading in islice(readings, first, None)
    )


def _later_changes(start: date | None, end: date | None) -> Iterator[tuple[int, int, Restatement]]:
    """(number, partition, change) of every change but the first of a day, the newest first."""
    earlier = DayChange.alias()
    first = earlier.select(earlier.id).where(
        (earlier.partition == DayChange.partition) & (earlier.id < DayChange.id)
    )
    where = Partition.source != Source.IMPORTED
    if start and end:
        where &= Partition.day.between(day_number(start), day_number(end))
    rows = (
        DayChange.select(
            DayChange.id,
            DayChange.partition,
            Organization.provider,
            Partition.day,
            DayChange.run,
            DayChange.changed_at,
            *BEFORE_AND_AFTER,
        )
        .join(Partition)
        .join(Organization)
        .where(where & fn.EXISTS(first))
        .order_by(DayChange.id.desc())
        .tuples()
    )
    for number, partition, *facts in rows.iterator():
        yield number, partition, Restatement(*facts)


def _changes_by_partition() -> dict[int, list[tuple[int, int]]]:
    """(number, moment) of every change of a day, by the day's partition."""
    rows = DayChange.select(DayChange.partition, DayChange.id, DayChange.changed_at).tuples()
    found: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for partition, number, changed_at in rows:
        found[partition].append((number, changed_at))
    return found


def _readings() -> dict[str, list[_Reading]]:
    """The runs that read their whole window, by provider, the oldest first."""
    rows = (
        ProviderRun.select(
            ProviderRun.provider, ProviderRun.started_at, Run.id, Run.start_day, Run.end_day
        )
        .join(Run)
        .where(ProviderRun.status == RunStatus.OK)
        .order_by(ProviderRun.started_at, Run.id)
        .tuples()
    )
    found: dict[str, list[_Reading]] = defaultdict(list)
    for provider, *facts in rows:
        found[provider].append(_Reading(*facts))
    return found
