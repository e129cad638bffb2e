"""How far the data reaches, per provider, and what went wrong last."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple

from peewee import Case, ModelSelect, Value, fn

from app.database import asked_once, database
from app.dates import day_of, moment_if_any
from app.models import Organization, Partition, ProviderRun
from app.queries.remembered import remembered
from app.queries.scope import Scope
from app.states import RunStatus

NOTHING = Value("")


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
    facts = _facts()
    return [_state(facts, *provider) for provider in providers]


def _state(facts: _Facts, name: str, label: str, configured: bool) -> ProviderState:
    day, fetched_at = facts.latest.get(name, (None, None))
    failed, error = facts.newest.get(name, (False, ""))
    good = facts.good.get(name) if name in facts.newest else None
    return ProviderState(
        provider=name,
        label=label,
        configured=configured,
        through=day_of(day) if day else None,
        fetched_at=moment_if_any(fetched_at),
        failed=error if failed else "",
        last_good_at=moment_if_any(good),
    )


class _Facts(NamedTuple):
    """By provider: (latest day, read at), (was the newest run a failure, its error), last good
    run; and the days that a provider may still add to."""

    latest: dict[str, tuple[int, int]]
    newest: dict[str, tuple[bool, str]]
    good: dict[str, int]
    unsettled: list[int]


@asked_once
def _facts() -> _Facts:
    """What changes with every run, even with a failed one, which leaves the data as it was."""
    # In one query, as every page asks for all four.
    latest, newest, good, unsettled = 0, 1, 2, 3
    query = (
        _latest_days(latest)
        .union_all(_newest_runs(newest))
        .union_all(_good_runs(good))
        .union_all(_unsettled_days(unsettled))
    )
    rows: dict[int, list[tuple]] = {}
    for kind, *row in database.execute(query).fetchall():
        rows.setdefault(kind, []).append(tuple(row))
    return _Facts(
        {name: (day, at) for name, day, at, _ in rows.get(latest, ())},
        {name: (bool(failed), error) for name, failed, _, error in rows.get(newest, ())},
        {name: at for name, _, at, _ in rows.get(good, ())},
        [day for _, day, _, _ in rows.get(unsettled, ())],
    )


def _latest_days(kind: int) -> ModelSelect:
    newest = (
        Partition.select(Organization.provider, fn.MAX(Partition.day).alias("day"))
        .join(Organization)
        .where(Partition.prepared == 0)
        .group_by(Organization.provider)
        .alias("newest")
    )
    same = (newest.c.provider == Organization.provider) & (newest.c.day == Partition.day)
    return (
        Partition.select(
            Value(kind), newest.c.provider, newest.c.day, fn.MAX(Partition.fetched_at), NOTHING
        )
        .join(Organization)
        .join(newest, on=same)
        .group_by(newest.c.provider, newest.c.day)
    )


def _newest_runs(kind: int) -> ModelSelect:
    ended = ProviderRun.alias("ended")
    newest = (
        ended.select(fn.MAX(ended.id))
        .where(ended.finished_at.is_null(False))
        .group_by(ended.provider)
    )
    failed = Case(None, [(ProviderRun.status == RunStatus.FAILED, 1)], 0)
    return ProviderRun.select(
        Value(kind), ProviderRun.provider, failed, Value(0), ProviderRun.error
    ).where(ProviderRun.id.in_(newest))


def _good_runs(kind: int) -> ModelSelect:
    return (
        ProviderRun.select(
            Value(kind), ProviderRun.provider, Value(0), fn.MAX(ProviderRun.finished_at), NOTHING
        )
        .where(ProviderRun.status == RunStatus.OK)
        .group_by(ProviderRun.provider)
    )


def _unsettled_days(kind: int) -> ModelSelect:
    return Partition.select(Value(kind), NOTHING, Partition.day, Value(0), NOTHING).where(
        ~Partition.settled & Partition.counts
    )


@remembered()
def known_span() -> tuple[date, date] | None:
    """First and last day with usage, None while there is none; remembered."""
    first, last = (
        Partition.select(fn.MIN(Partition.day), fn.MAX(Partition.day))
        .where(Partition.records > 0)
        .tuples()
        .get()
    )
    return (day_of(first), day_of(last)) if first else None


def unsettled_days(scope: Scope) -> set[date]:
    """Days of the range that a provider may still add to."""
    first, last = scope.bounds()
    return {day_of(day) for day in _facts().unsettled if first <= day <= last}
