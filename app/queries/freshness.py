"""How far the data reaches, per provider, and what went wrong last."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import NamedTuple

from peewee import fn

from app.database import asked_once
from app.models import Organization, Partition, ProviderRun
from app.queries.scope import Scope
from app.usage import day_of

GOOD, FAILED = "ok", "failed"


class ProviderState(NamedTuple):
    """What is known of one provider.

    `through`: latest stored day, read at `fetched_at`. `failed`: the sentence of the newest
    run when it failed, else "". `last_good_at`: end of the newest run without failure.
    """

    provider: str
    label: str
    configured: bool
    through: date | None
    fetched_at: datetime | None
    failed: str
    last_good_at: datetime | None


def freshness(providers: Sequence[tuple[str, str, bool]]) -> list[ProviderState]:
    """States of the providers given as (name, label, is configured)."""
    latest = _latest_days()
    runs = _newest_runs()
    states = []
    for name, label, configured in providers:
        through, fetched_at = latest.get(name, (None, None))
        failed, last_good_at = runs.get(name, ("", None))
        states.append(
            ProviderState(name, label, configured, through, fetched_at, failed, last_good_at)
        )
    return states


def _latest_days() -> dict[str, tuple[date, datetime]]:
    newest = (
        Partition.select(Organization.provider, fn.MAX(Partition.day).alias("day"))
        .join(Organization)
        .group_by(Organization.provider)
        .alias("newest")
    )
    rows = (
        Partition.select(newest.c.provider, newest.c.day, fn.MAX(Partition.fetched_at))
        .join(Organization)
        .join(
            newest,
            on=(newest.c.provider == Organization.provider) & (newest.c.day == Partition.day),
        )
        .group_by(newest.c.provider, newest.c.day)
        .tuples()
    )
    return {provider: (day_of(day), moment(fetched)) for provider, day, fetched in rows}


def _newest_runs() -> dict[str, tuple[str, datetime | None]]:
    newest = ProviderRun.select(fn.MAX(ProviderRun.id)).where(
        ProviderRun.finished_at.is_null(False)
    )
    failures = {
        run.provider: run.error if run.status == FAILED else ""
        for run in ProviderRun.select().where(
            ProviderRun.id.in_(newest.group_by(ProviderRun.provider))
        )
    }
    good = dict(
        ProviderRun.select(ProviderRun.provider, fn.MAX(ProviderRun.finished_at))
        .where(ProviderRun.status == GOOD)
        .group_by(ProviderRun.provider)
        .tuples()
    )
    return {
        provider: (error, moment(good[provider]) if provider in good else None)
        for provider, error in failures.items()
    }


def moment(seconds: int) -> datetime:
    """A stored moment as a UTC datetime."""
    return datetime.fromtimestamp(seconds, UTC)


@asked_once
def known_span() -> tuple[date, date] | None:
    """First and last day with usage, None while there is none."""
    first, last = (
        Partition.select(fn.MIN(Partition.day), fn.MAX(Partition.day))
        .where(Partition.records > 0)
        .tuples()
        .get()
    )
    return (day_of(first), day_of(last)) if first else None


def unsettled_days(scope: Scope) -> set[date]:
    """Days of the range that a provider may still add to."""
    rows = (
        Partition.select(Partition.day)
        .where(scope.covers(Partition.day) & ~Partition.settled)
        .tuples()
    )
    return {day_of(day) for (day,) in rows}
