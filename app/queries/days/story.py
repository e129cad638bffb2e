"""Everything that is known of one provider's day: what is stored, what changed, who read it."""

from __future__ import annotations

from datetime import date, datetime
from typing import NamedTuple

from app.dates import day_number, moment, moment_if_any
from app.models import DayChange, Organization, Partition, ProviderRun, Run
from app.queries.days.completeness import DayMark, calendar
from app.queries.days.restatements import BEFORE_AND_AFTER, restatements
from app.runs import active_run, standing_of
from app.states import RunStatus, Source

MOST_RUNS = 12


class SourceOfDay(NamedTuple):
    """What one source says of the day; money in nano-dollars. One of the sources `counts`."""

    source: str
    organization: str
    counts: bool
    settled: bool
    records: int
    tokens: int
    value_nanos: int
    unpriced_tokens: int
    run: int
    fetched_at: datetime
    changed_at: datetime
    suspicious_at: datetime | None

    @property
    def imported(self) -> bool:
        """Whether it came from files."""
        return self.source == Source.IMPORTED


class Change(NamedTuple):
    """What a run changed: figures before and after. `restated`: the day was final before."""

    source: str
    run: int
    changed_at: datetime
    records_before: int
    records_after: int
    tokens_before: int
    tokens_after: int
    value_nanos_before: int
    value_nanos_after: int
    restated: bool = False


class Attempt(NamedTuple):
    """A run whose window holds the day."""

    run: int
    kind: str
    started_at: datetime
    status: str
    error: str


class DayStory(NamedTuple):
    """A provider's day; `mark` is None when nothing is expected of it."""

    provider: str
    day: date
    mark: DayMark | None
    sources: list[SourceOfDay]
    changes: list[Change]
    attempts: list[Attempt]


def day_story(provider: str, day: date, today: date) -> DayStory:
    """The story of a day: changes and attempts the newest first."""
    return DayStory(
        provider,
        day,
        calendar((provider,), day, day, today)[provider].get(day),
        _sources(provider, day),
        _changes(provider, day),
        _attempts(provider, day),
    )


def _sources(provider: str, day: date) -> list[SourceOfDay]:
    rows = (
        Partition.select(Partition, Organization)
        .join(Organization)
        .where(
            (Organization.provider == provider)
            & (Partition.day == day_number(day))
            & (Partition.prepared == 0)
        )
        .order_by(Partition.counts.desc(), Partition.source)
    )
    return [
        SourceOfDay(
            source=row.source,
            organization=row.organization.name,
            counts=row.counts,
            settled=row.settled,
            records=row.records,
            tokens=row.tokens,
            value_nanos=row.value_nanos,
            unpriced_tokens=row.unpriced_tokens,
            run=row.run_id,
            fetched_at=moment(row.fetched_at),
            changed_at=moment(row.changed_at),
            suspicious_at=moment_if_any(row.suspicious_at),
        )
        for row in rows
    ]


def _changes(provider: str, day: date) -> list[Change]:
    restated = {one.run for one in restatements(day, day) if one.provider == provider}
    rows = (
        DayChange.select(
            Partition.source,
            DayChange.run,
            DayChange.changed_at,
            *BEFORE_AND_AFTER,
        )
        .join(Partition)
        .join(Organization)
        .where((Organization.provider == provider) & (Partition.day == day_number(day)))
        .order_by(DayChange.id.desc())
        .tuples()
    )
    return [
        Change._make(
            (source, run, moment(at), *figures, source != Source.IMPORTED and run in restated)
        )
        for source, run, at, *figures in rows
    ]


def _attempts(provider: str, day: date) -> list[Attempt]:
    number = day_number(day)
    rows = (
        ProviderRun.select(ProviderRun, Run)
        .join(Run)
        .where(
            (ProviderRun.provider == provider)
            & (Run.start_day <= number)
            & (Run.end_day >= number)
            & (ProviderRun.status != RunStatus.NOT_CONFIGURED)
        )
        .order_by(Run.id.desc())
        .limit(MOST_RUNS)
    )
    active = active_run()
    return [
        Attempt(
            part.run_id,
            part.run.kind,
            moment(part.started_at),
            standing_of(part, active),
            part.error,
        )
        for part in rows
    ]
