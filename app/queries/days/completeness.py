"""Which days of which provider are whole."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from peewee import fn

from app.dates import day_number, day_of, days_between
from app.models import Organization, Partition, ProviderRun, Run
from app.queries.days.coverage import first_days
from app.queries.days.restatements import restatements
from app.states import Failure, RunStatus, Source


class DayState(StrEnum):
    """How far a provider's day can be trusted, the most urgent first."""

    SUSPICIOUS = "suspicious"
    FAILED = "failed"
    MISSING = "missing"
    PROVISIONAL = "provisional"
    RESTATED = "restated"
    IMPORTED = "imported"
    FINAL = "final"


class Stamp(NamedTuple):
    """What is stored for one day at one source."""

    provider: str
    day: int
    source: str
    counts: bool
    settled: bool
    records: int
    tokens: int
    run: int
    suspicious: bool


class DayMark(NamedTuple):
    """One day in the calendar; `tokens` are those that count."""

    state: DayState
    tokens: int

    @property
    def is_suspicious(self) -> bool:
        """Whether it held usage, came back empty, and was kept."""
        return self.state is DayState.SUSPICIOUS


def calendar(
    providers: Sequence[str], start: date, end: date, today: date
) -> dict[str, dict[date, DayMark]]:
    """The mark of every day from `start` to `end` that has one, by provider.

    Days before a provider's first one, in the future, and today until its first reading have
    none.
    """
    bounds = (day_number(start), day_number(end))
    stamps = _stamps(bounds)
    failures = _newest_failures(bounds)
    restated = {(one.provider, one.day) for one in restatements(start, end)}
    first = first_days()
    yesterday = today - timedelta(days=1)
    return {
        provider: dict(
            _marks(
                provider,
                stamps,
                failures,
                restated,
                _expected(first.get(provider), start, min(end, yesterday)),
            )
        )
        for provider in providers
    }


def count_states(providers: Sequence[str], today: date) -> dict[str, dict[DayState, int]]:
    """How many days of a provider are in each state, over all of its history."""
    first, last = _span()
    counts = {provider: dict.fromkeys(DayState, 0) for provider in providers}
    if first is None or last is None:
        return counts
    for provider, marks in calendar(providers, first, max(last, today), today).items():
        for mark in marks.values():
            counts[provider][mark.state] += 1
    return counts


def _expected(first: date | None, start: date, end: date) -> set[int]:
    """Days that must be stored: from the provider's first one on."""
    days = days_between(max(first, start), end) if first else ()
    return {day_number(day) for day in days}


def _marks(
    provider: str,
    stamps: dict[tuple[str, int], list[Stamp]],
    failures: dict[tuple[str, int], int],
    restated: set[tuple[str, int]],
    expected: set[int],
) -> Iterable[tuple[date, DayMark]]:
    known = {day for name, day in (*stamps, *failures) if name == provider}
    for day in sorted(known | expected):
        found = stamps.get((provider, day), [])
        state = _state(found, failures.get((provider, day), 0), (provider, day) in restated)
        if state is DayState.MISSING and day not in expected:
            continue
        yield day_of(day), DayMark(state, sum(one.tokens for one in found if one.counts))


def _state(stamps: list[Stamp], failed_run: int, restated: bool) -> DayState:
    """The state of a day from what is stored and the newest run that failed on it."""
    api = [one for one in stamps if one.source != Source.IMPORTED]
    imported = any(one.source == Source.IMPORTED and one.counts and one.records for one in stamps)
    if any(one.suspicious for one in api):
        return DayState.SUSPICIOUS
    # A run that stored the day later made good what had failed.
    if failed_run > max((one.run for one in api), default=0):
        return DayState.FAILED
    if imported:
        return DayState.IMPORTED
    if not api:
        return DayState.MISSING
    if not all(one.settled for one in api):
        return DayState.PROVISIONAL
    return DayState.RESTATED if restated else DayState.FINAL


def _stamps(bounds: tuple[int, int]) -> dict[tuple[str, int], list[Stamp]]:
    rows = (
        Partition.select(
            Organization.provider,
            Partition.day,
            Partition.source,
            Partition.counts,
            Partition.settled,
            Partition.records,
            Partition.tokens,
            Partition.run,
            Partition.suspicious_at,
        )
        .join(Organization)
        .where(Partition.day.between(*bounds) & (Partition.prepared == 0))
        .tuples()
    )
    found: dict[tuple[str, int], list[Stamp]] = defaultdict(list)
    for *facts, suspicious_at in rows:
        stamp = Stamp._make((*facts, suspicious_at is not None))
        found[stamp.provider, stamp.day].append(stamp)
    return found


def _newest_failures(bounds: tuple[int, int]) -> dict[tuple[str, int], int]:
    """{(provider, day): id of the newest run that failed with this day in its window}."""
    rows: Iterable[tuple[Any, ...]] = (
        ProviderRun.select(ProviderRun.provider, Run.id, Run.start_day, Run.end_day)
        .join(Run)
        .where(
            (ProviderRun.status == RunStatus.FAILED)
            & (ProviderRun.error_kind != Failure.SUSPICIOUS)
            & (Run.start_day <= bounds[1])
            & (Run.end_day >= bounds[0])
        )
        .order_by(Run.id.desc())
        .tuples()
    )
    painted: dict[tuple[str, int], int] = {}
    whole: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for provider, run, start, end in rows:
        start, end = max(start, bounds[0]), min(end, bounds[1])
        # Many failed runs are about the same days, which are walked through once.
        if any(first <= start and end <= last for first, last in whole[provider]):
            continue
        whole[provider].append((start, end))
        for day in days_between(day_of(start), day_of(end)):
            painted.setdefault((provider, day_number(day)), run)
    return painted


def _span() -> tuple[date | None, date | None]:
    span = Partition.select(fn.MIN(Partition.day), fn.MAX(Partition.day))
    first, last = span.where(Partition.prepared == 0).tuples().get()
    return (day_of(first), day_of(last)) if first else (None, None)
