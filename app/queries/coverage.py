"""Which days each provider was asked for: of the others nothing is known, not even zero."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, timedelta
from typing import NamedTuple

from peewee import fn

from app.models import Organization, Partition
from app.queries.remembered import remembered
from app.queries.restatements import CSV
from app.queries.scope import Scope
from app.usage import day_of, days_between

BYTES_A_DAY = 120


class Gap(NamedTuple):
    """Days of a provider, both included, of which nothing is stored."""

    provider: str
    start: date
    end: date

    @property
    def days(self) -> int:
        """Number of days."""
        return (self.end - self.start).days + 1


class _Covered(NamedTuple):
    """Of a provider whose API was ever read: the days of which anything is stored."""

    first: date
    last: date
    days: frozenset[date]


def gaps(today: date) -> list[Gap]:
    """Every range of days without anything stored, from a provider's first day to yesterday."""
    yesterday = today - timedelta(days=1)
    return [
        gap
        for provider, covered in sorted(_covered().items())
        for gap in _missing(provider, covered, covered.first, yesterday)
    ]


def never_read(scope: Scope, providers: Collection[str]) -> list[Gap]:
    """Days of a closed range that one of the providers was never asked for.

    Also those before its first one, but none after its latest one: these are yet to come.
    A provider that only files tell of has none, as a file leaves out days without usage.
    """
    if scope.start is None or scope.end is None:
        return []
    return [
        gap
        for provider, covered in _covered_of(providers)
        for gap in _missing(provider, covered, scope.start, min(scope.end, covered.last))
    ]


def left_out(scope: Scope, providers: Collection[str]) -> list[Gap]:
    """Days that one of the providers was never asked for, between days that it was."""
    return [
        gap
        for provider, covered in _covered_of(providers)
        for gap in _missing(
            provider,
            covered,
            max(covered.first, scope.start or covered.first),
            min(covered.last, scope.end or covered.last),
        )
    ]


def first_api_days() -> dict[str, date]:
    """The first day that each provider's API was read for."""
    return {provider: covered.first for provider, covered in _covered().items()}


def _covered_of(providers: Collection[str]) -> list[tuple[str, _Covered]]:
    return [(name, covered) for name, covered in sorted(_covered().items()) if name in providers]


def _missing(provider: str, covered: _Covered, start: date, end: date) -> list[Gap]:
    missing = (day for day in days_between(start, end) if day not in covered.days)
    return [Gap(provider, *span) for span in _ranges(missing)]


def _covered() -> dict[str, _Covered]:
    return remembered(
        "covered_days",
        _read_covered,
        lambda found: BYTES_A_DAY * sum(len(covered.days) for covered in found.values()),
    )


def _read_covered() -> dict[str, _Covered]:
    firsts = (
        Partition.select(Organization.provider, fn.MIN(Partition.day))
        .join(Organization)
        .where(Partition.source != CSV)
        .group_by(Organization.provider)
        .tuples()
    )
    stored: dict[str, set[date]] = {provider: set() for provider, _ in firsts}
    days = (
        Partition.select(Organization.provider, Partition.day)
        .join(Organization)
        .where((Partition.source != CSV) | (Partition.counts & (Partition.records > 0)))
        .distinct()
        .tuples()
    )
    for provider, day in days:
        if provider in stored:
            stored[provider].add(day_of(day))
    return {
        provider: _Covered(day_of(first), max(stored[provider]), frozenset(stored[provider]))
        for provider, first in firsts
    }


def _ranges(days: Iterable[date]) -> list[tuple[date, date]]:
    """Runs of consecutive days, as their first and last."""
    found: list[tuple[date, date]] = []
    for day in days:
        if found and day - found[-1][1] == timedelta(days=1):
            found[-1] = (found[-1][0], day)
        else:
            found.append((day, day))
    return found
