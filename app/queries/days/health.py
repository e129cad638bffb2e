"""How each provider stands: its last run, how far its data reaches, and how far a run is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import NamedTuple

from peewee import fn

from app.dates import day_number, day_of, moment, moment_if_any
from app.models import Organization, Partition, ProviderRun, Run
from app.queries.days.coverage import Gap, gaps
from app.queries.days.freshness import freshness
from app.runs import (
    active_run,
    standing_of,
)
from app.slots import due_day, newest_slot, next_due
from app.states import RunStatus, Source

STALE_AFTER = timedelta(hours=30)
"""A daily sync that has not worked for longer than this is behind."""


class Standing(StrEnum):
    """How a provider stands, in words."""

    NOT_CONFIGURED = RunStatus.NOT_CONFIGURED.value
    NEVER_READ = "never read"
    RUNNING = "reading now"
    FAILED = RunStatus.FAILED.value
    STOPPED = RunStatus.STOPPED.value
    INTERRUPTED = RunStatus.INTERRUPTED.value
    BEHIND = "behind"
    SUSPICIOUS = "has suspicious days"
    GAPS = "has gaps"
    GOOD = "up to date"


GOOD = (Standing.GOOD, Standing.RUNNING, Standing.NOT_CONFIGURED)


class LastRun(NamedTuple):
    """The newest ended part of a run at a provider, and the days of its window.

    `finished_at` is None when its process died and nobody knows when. `unseen`: what the
    provider would not tell, "" when it told all.
    """

    run: int
    kind: str
    status: str
    started_at: datetime
    finished_at: datetime | None
    start: date
    end: date
    error: str
    unseen: str

    @property
    def seconds(self) -> int | None:
        """How long it took, None when nobody knows."""
        if self.finished_at is None:
            return None
        return int((self.finished_at - self.started_at).total_seconds())


class Underway(NamedTuple):
    """A part of a run that runs now; `seconds_left` is an estimate, None without a basis."""

    run: int
    kind: str
    days_done: int
    days_asked: int
    day: date | None
    seconds_left: int | None


class ProviderHealth(NamedTuple):
    """All that is known of a provider. `through` is its newest day, read at `fetched_at`."""

    provider: str
    label: str
    configured: bool
    standing: Standing
    last: LastRun | None
    last_good_at: datetime | None
    first_day: date | None
    through: date | None
    fetched_at: datetime | None
    underway: Underway | None
    gaps: list[Gap]
    suspicious: list[date]
    not_before: datetime | None


def provider_health(
    providers: Sequence[tuple[str, str, bool]], now: datetime
) -> list[ProviderHealth]:
    """The health of the providers given as (name, label, is configured)."""
    active = active_run()
    last, underway, bounds = _last_runs(active), _underway(active, now), _bounds()
    suspicious, waits = _suspicious_days(), _waits()
    missing = gaps(now.date())
    found = []
    for state in freshness(providers):
        name = state.provider
        theirs = [gap for gap in missing if gap.provider == name]
        first, through, fetched_at = bounds.get(name, (None, None, None))
        health = ProviderHealth(
            provider=name,
            label=state.label,
            configured=state.configured,
            standing=Standing.GOOD,
            last=last.get(name),
            last_good_at=state.last_good_at,
            first_day=first,
            through=through,
            fetched_at=fetched_at,
            underway=underway.get(name),
            gaps=theirs,
            suspicious=suspicious.get(name, []),
            not_before=waits.get(name),
        )
        found.append(health._replace(standing=_standing(health, now)))
    return found


def _standing(health: ProviderHealth, now: datetime) -> Standing:
    """One word for a provider, the most urgent that is true."""
    status = health.last.status if health.last else ""
    late = health.last_good_at is None or now - health.last_good_at > STALE_AFTER
    choices = (
        (health.underway is not None, Standing.RUNNING),
        (not health.configured, Standing.NOT_CONFIGURED),
        (status == RunStatus.FAILED, Standing.FAILED),
        (status == RunStatus.STOPPED, Standing.STOPPED),
        (status == RunStatus.INTERRUPTED, Standing.INTERRUPTED),
        (health.last is None and health.through is None, Standing.NEVER_READ),
        (late, Standing.BEHIND),
        (bool(health.suspicious), Standing.SUSPICIOUS),
        (bool(health.gaps), Standing.GAPS),
    )
    return next((standing for holds, standing in choices if holds), Standing.GOOD)


def _last_runs(active: Run | None) -> dict[str, LastRun]:
    # Ended is also what the log calls running of a run whose process died.
    ended = (ProviderRun.status != RunStatus.RUNNING) | (ProviderRun.run != (active or 0))
    newest = (
        ProviderRun.select(fn.MAX(ProviderRun.id))
        .where(ended & (ProviderRun.status != RunStatus.NOT_CONFIGURED))
        .group_by(ProviderRun.provider)
    )
    rows = ProviderRun.select(ProviderRun, Run).join(Run).where(ProviderRun.id.in_(newest))
    return {
        part.provider: LastRun(
            run=part.run_id,
            kind=part.run.kind,
            status=standing_of(part, active),
            started_at=moment(part.started_at),
            finished_at=moment_if_any(part.finished_at),
            start=day_of(part.run.start_day),
            end=day_of(part.run.end_day),
            error=part.error,
            unseen=part.unseen,
        )
        for part in rows
    }


def _underway(run: Run | None, now: datetime) -> dict[str, Underway]:
    """The unfinished parts of the run that is under way, by provider."""
    if run is None:
        return {}
    parts = ProviderRun.select().where((ProviderRun.run == run) & ProviderRun.finished_at.is_null())
    return {
        part.provider: Underway(
            run.id,
            run.kind,
            part.days_done,
            part.days_asked,
            day_of(part.current_day) if part.current_day else None,
            seconds_left(part.days_done, part.days_asked, now - moment(part.started_at)),
        )
        for part in parts
    }


def seconds_left(done: int, asked: int, spent: timedelta) -> int | None:
    """Seconds until all days are read at the present pace; None before the first is."""
    if done <= 0:
        return None
    return max(0, round(spent.total_seconds() * (asked - done) / done))


def _bounds() -> dict[str, tuple[date, date, datetime]]:
    """First and newest stored day of each provider, and when anything was read last."""
    rows = (
        Partition.select(
            Organization.provider,
            fn.MIN(Partition.day),
            fn.MAX(Partition.day),
            fn.MAX(Partition.fetched_at),
        )
        .join(Organization)
        .where((Partition.source != Source.IMPORTED) | (Partition.records > 0))
        .group_by(Organization.provider)
        .tuples()
    )
    return {
        provider: (day_of(first), day_of(last), moment(fetched))
        for provider, first, last, fetched in rows
    }


def _suspicious_days() -> dict[str, list[date]]:
    rows = (
        Partition.select(Organization.provider, Partition.day)
        .join(Organization)
        .where(Partition.suspicious_at.is_null(False))
        .order_by(Partition.day)
        .tuples()
    )
    found: dict[str, list[date]] = {}
    for provider, day in rows:
        found.setdefault(provider, []).append(day_of(day))
    return found


def _waits() -> dict[str, datetime]:
    """Until when a provider asked not to be called again, as of its newest run."""
    newest = ProviderRun.select(fn.MAX(ProviderRun.id)).group_by(ProviderRun.provider)
    rows = (
        ProviderRun.select(ProviderRun.provider, ProviderRun.not_before)
        .where(ProviderRun.id.in_(newest) & ProviderRun.not_before.is_null(False))
        .tuples()
    )
    return {provider: moment(seconds) for provider, seconds in rows}


def next_sync(sync_at: time, now: datetime) -> datetime:
    """When the schedule reads next: its next due moment, or sooner where work was left over.

    `now` itself when a moment that is due has not been carried out yet.
    """
    slot = newest_slot(sync_at, now)
    if slot is None or slot.day < day_number(due_day(sync_at, now)):
        return now
    # A moment may have been taken a little early: its day is not read again.
    following = datetime.combine(day_of(slot.day) + timedelta(days=1), sync_at, UTC)
    scheduled = max(next_due(sync_at, now), following)
    if slot.retry_at is not None:
        return min(max(now, moment(slot.retry_at)), scheduled)
    return scheduled
