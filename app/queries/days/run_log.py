"""The log of runs, a page at a time, and what one run changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from peewee import fn

from app.database import total
from app.dates import day_of, moment, moment_if_any
from app.models import DayChange, Organization, Partition, ProviderRun, Run
from app.queries.days.restatements import BEFORE_AND_AFTER
from app.runs import active_run, standing_of
from app.states import RunStatus

LOGGED = Run.status != RunStatus.PREPARING
MOST_CHANGES = 400
"""Changed days shown of one run; all of them are counted."""


class RunPart(NamedTuple):
    """What a run did at one provider.

    `tokens` and `value_nanos` are what the days it changed changed by, from the sums of those
    days `before`. An import asks for no days (`days_asked` is 0).
    """

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
    tokens: int = 0
    value_nanos: int = 0
    tokens_before: int = 0
    value_nanos_before: int = 0


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
    return int(Run.select().where(LOGGED).count())


def runs_page(limit: int, offset: int = 0) -> list[LoggedRun]:
    """Runs, the newest first."""
    runs = Run.select().where(LOGGED).order_by(Run.id.desc())
    return _logged(runs.limit(limit).offset(offset))


def one_run(number: int) -> LoggedRun | None:
    """A run by its number, None when there is none."""
    return next(iter(_logged(Run.select().where(LOGGED & (Run.id == number)))), None)


def changed_days(number: int) -> list[ChangedDay]:
    """The days that a run changed, oldest first; at most `MOST_CHANGES`."""
    rows = (
        DayChange.select(
            Organization.provider,
            Partition.day,
            Partition.source,
            *BEFORE_AND_AFTER,
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
    runs, active = list(query), active_run()
    parts = _parts(runs, active)
    return [
        LoggedRun(
            id=run.id,
            kind=run.kind,
            status=standing_of(run, active),
            who=run.asked_by or "",
            process=run.process,
            start=day_of(run.start_day),
            end=day_of(run.end_day),
            started_at=moment(run.started_at),
            finished_at=moment_if_any(run.finished_at),
            parts=parts[run.id],
        )
        for run in runs
    ]


def _parts(runs: Sequence[Run], active: Run | None) -> dict[int, list[RunPart]]:
    numbers = [run.id for run in runs]
    sums = _sums(numbers)
    found: dict[int, list[RunPart]] = defaultdict(list)
    for part in ProviderRun.select().where(ProviderRun.run.in_(numbers)).order_by(ProviderRun.id):
        changed = sums.get((part.run_id, part.provider))
        found[part.run_id].append(_part(part, standing_of(part, active), changed))
    for run in runs:
        if run.id not in found:
            theirs = [(name, one) for (number, name), one in sums.items() if number == run.id]
            found[run.id] = [_imported(run, name, changed) for name, changed in theirs]
    return found


def _part(part: ProviderRun, status: str, changed: _Changed | None) -> RunPart:
    return RunPart(
        provider=part.provider,
        status=status,
        started_at=moment(part.started_at),
        finished_at=moment_if_any(part.finished_at),
        requests=part.requests,
        retries=part.retries,
        waited_ms=part.waited_ms,
        bytes_read=part.bytes_read,
        days_asked=part.days_asked,
        days_done=part.days_done,
        days_changed=part.days_changed,
        records_changed=part.records_changed,
        records_unchanged=part.records_unchanged,
        error=part.error,
        **(changed.sums._asdict() if changed else {}),
    )


def _imported(run: Run, provider: str, changed: _Changed) -> RunPart:
    """What an import or its undo did: it asks no provider, so only its changed days tell."""
    return RunPart(
        provider=provider,
        status=run.status,
        started_at=moment(run.started_at),
        finished_at=moment_if_any(run.finished_at),
        requests=0,
        retries=0,
        waited_ms=0,
        bytes_read=0,
        days_asked=0,
        days_done=0,
        days_changed=changed.days,
        records_changed=changed.records,
        records_unchanged=0,
        error="",
        **changed.sums._asdict(),
    )


class _Sums(NamedTuple):
    """By how much the sums of days changed, and what they were."""

    tokens: int
    value_nanos: int
    tokens_before: int
    value_nanos_before: int


class _Changed(NamedTuple):
    """The days a run changed, and by how many records."""

    days: int
    records: int
    sums: _Sums


def _sums(numbers: Sequence[int]) -> dict[tuple[int, str], _Changed]:
    """What all the days that a run changed changed by, for (run, provider)."""
    rows = (
        DayChange.select(
            DayChange.run,
            Organization.provider,
            fn.COUNT(DayChange.id),
            total(fn.ABS(DayChange.records_after - DayChange.records_before)),
            total(DayChange.tokens_after - DayChange.tokens_before),
            total(DayChange.value_nanos_after - DayChange.value_nanos_before),
            total(DayChange.tokens_before),
            total(DayChange.value_nanos_before),
        )
        .join(Partition)
        .join(Organization)
        .where(DayChange.run.in_(numbers))
        .group_by(DayChange.run, Organization.provider)
        .order_by(DayChange.run, Organization.provider)
        .tuples()
    )
    return {
        (run, provider): _Changed(days, records, _Sums._make(sums))
        for run, provider, days, records, *sums in rows
    }


def count_changes(number: int) -> int:
    """How many days a run changed."""
    return int(DayChange.select(fn.COUNT(DayChange.id)).where(DayChange.run == number).scalar())
