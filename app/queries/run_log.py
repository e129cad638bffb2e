"""The log of runs, a page at a time, and what one run changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from peewee import fn

from app.database import total
from app.models import DayChange, Organization, Partition, ProviderRun, Run
from app.queries.freshness import moment
from app.usage import day_of

MOST_CHANGES = 400
"""Changed days shown of one run; all of them are counted."""


class RunPart(NamedTuple):
    """What a run did at one provider. `tokens` and `value_nanos` are what its days changed by."""

    provider: str
    status: str
    started_at: datetime
    finished_at: datetime | None
    requests: int
    retries: int
    waited_ms: int
    bytes_read: int
    days_asked: int
    days_done: int
    days_changed: int
    records_changed: int
    records_unchanged: int
    error: str
    tokens: int
    value_nanos: int


class LoggedRun(NamedTuple):
    """One run; `finished_at` is None while it runs. `who` started it, in `process`."""

    id: int
    kind: str
    status: str
    who: str
    process: str
    start: date
    end: date
    started_at: datetime
    finished_at: datetime | None
    parts: list[RunPart]

    @property
    def seconds(self) -> int | None:
        """How long it took, None while it runs."""
        return (
            int((self.finished_at - self.started_at).total_seconds()) if self.finished_at else None
        )

    def sum(self, figure: str) -> int:
        """A figure of all its providers together."""
        return sum(getattr(part, figure) for part in self.parts)

    @property
    def errors(self) -> list[str]:
        """The sentences of what went wrong."""
        return [part.error for part in self.parts if part.error]


class ChangedDay(NamedTuple):
    """A day that a run changed, before and after."""

    provider: str
    day: date
    source: str
    records_before: int
    records_after: int
    tokens_before: int
    tokens_after: int
    value_nanos_before: int
    value_nanos_after: int


def count_runs() -> int:
    """Number of runs in the log."""
    return int(Run.select().count())


def runs_page(limit: int, offset: int = 0) -> list[LoggedRun]:
    """Runs, the newest first."""
    return _logged(Run.select().order_by(Run.id.desc()).limit(limit).offset(offset))


def one_run(number: int) -> LoggedRun | None:
    """A run by its number, None when there is none."""
    return next(iter(_logged(Run.select().where(Run.id == number))), None)


def changed_days(number: int) -> list[ChangedDay]:
    """The days that a run changed, oldest first; at most `MOST_CHANGES`."""
    rows = (
        DayChange.select(
            Organization.provider,
            Partition.day,
            Partition.source,
            DayChange.records_before,
            DayChange.records_after,
            DayChange.tokens_before,
            DayChange.tokens_after,
            DayChange.value_nanos_before,
            DayChange.value_nanos_after,
        )
        .join(Partition)
        .join(Organization)
        .where(DayChange.run == number)
        .order_by(Partition.day, Organization.provider, Partition.source)
        .limit(MOST_CHANGES)
        .tuples()
    )
    return [ChangedDay(provider, day_of(day), *figures) for provider, day, *figures in rows]


def _logged(query: Iterable[Any]) -> list[LoggedRun]:
    runs = list(query)
    parts = _parts([run.id for run in runs])
    return [
        LoggedRun(
            run.id,
            run.kind,
            run.status,
            run.asked_by or "",
            run.process,
            day_of(run.start_day),
            day_of(run.end_day),
            moment(run.started_at),
            _ended(run.finished_at),
            parts[run.id],
        )
        for run in runs
    ]


def _parts(numbers: Sequence[int]) -> dict[int, list[RunPart]]:
    sums = _sums(numbers)
    found: dict[int, list[RunPart]] = defaultdict(list)
    for part in ProviderRun.select().where(ProviderRun.run.in_(numbers)).order_by(ProviderRun.id):
        found[part.run_id].append(
            RunPart(
                part.provider,
                part.status,
                moment(part.started_at),
                _ended(part.finished_at),
                part.requests,
                part.retries,
                part.waited_ms,
                part.bytes_read,
                part.days_asked,
                part.days_done,
                part.days_changed,
                part.records_changed,
                part.records_unchanged,
                part.error,
                *sums.get((part.run_id, part.provider), (0, 0)),
            )
        )
    return found


def _sums(numbers: Sequence[int]) -> dict[tuple[int, str], tuple[int, int]]:
    """{(run, provider): change of tokens and nano-dollars by all the days it changed}."""
    rows = (
        DayChange.select(
            DayChange.run,
            Organization.provider,
            total(DayChange.tokens_after - DayChange.tokens_before),
            total(DayChange.value_nanos_after - DayChange.value_nanos_before),
        )
        .join(Partition)
        .join(Organization)
        .where(DayChange.run.in_(numbers))
        .group_by(DayChange.run, Organization.provider)
        .tuples()
    )
    return {(run, provider): (tokens, nanos) for run, provider, tokens, nanos in rows}


def _ended(seconds: int | None) -> datetime | None:
    return None if seconds is None else moment(seconds)


def count_changes(number: int) -> int:
    """How many days a run changed."""
    return int(DayChange.select(fn.COUNT(DayChange.id)).where(DayChange.run == number).scalar())
