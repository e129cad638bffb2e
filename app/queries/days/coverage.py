"""Which days each provider was asked for: of the others nothing is known, not even zero."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, timedelta
from typing import NamedTuple

from peewee import ModelSelect

from app.dates import day_of, days_between
from app.models import ImportBatch, Organization, Partition
from app.queries.remembered import remembered
from app.queries.scope import Scope
from app.states import BatchStatus, Source

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
    """Days of a provider that are known, and whether its API was ever read."""

    days: frozenset[date]
    by_api: bool

    @property
    def first(self) -> date:
        """The first known day."""
        return min(self.days)

    @property
    def last(self) -> date:
        """The last known day."""
        return max(self.days)


def gaps(today: date) -> list[Gap]:
    """Every range of days that an API can still be asked for, up to yesterday."""
    yesterday = today - timedelta(days=1)
    return [
        gap
        for provider, covered in sorted(_covered().items())
        if covered.by_api
        for gap in _missing(provider, covered, covered.first, yesterday)
    ]


def first_days() -> dict[str, date]:
    """The first known day of every provider whose API was ever read."""
    return {provider: covered.first for provider, covered in _covered().items() if covered.by_api}


def began_on(providers: Collection[str]) -> date | None:
    """The first day that any of the providers was read for; None where only a file tells of it.

    Files leave out days without usage, so that theirs may have begun earlier.
    """
    known = [covered for _, covered in _covered_of(providers)]
    earliest = min(known, key=lambda covered: covered.first, default=None)
    return earliest.first if earliest and earliest.by_api else None


def never_read(scope: Scope, providers: Collection[str]) -> list[Gap]:
    """Days of a closed range that one of the providers was never asked for.

    Also those before its first one, but none after its latest one: these are yet to come. A
    provider without any usage or reading is none: it is not used.
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


def _covered_of(providers: Collection[str]) -> list[tuple[str, _Covered]]:
    return [(name, covered) for name, covered in sorted(_covered().items()) if name in providers]


def _missing(provider: str, covered: _Covered, start: date, end: date) -> list[Gap]:
    missing = (day for day in days_between(start, end) if day not in covered.days)
    return [Gap(provider, *span) for span in _ranges(missing)]


@remembered(lambda found: BYTES_A_DAY * sum(len(covered.days) for covered in found.values()))
def _covered() -> dict[str, _Covered]:
    days: dict[str, set[date]] = {}
    by_api = set()
    for provider, source, day in _stored_days().tuples():
        days.setdefault(provider, set()).add(day_of(day))
        if source != Source.IMPORTED:
            by_api.add(provider)
    for provider, first, last in _days_of_files().tuples():
        # A file leaves out the days without usage, and yet it tells of them.
        days.setdefault(provider, set()).update(days_between(day_of(first), day_of(last)))
    return {name: _Covered(frozenset(known), name in by_api) for name, known in days.items()}


def _stored_days() -> ModelSelect:
    # Of imports what counts: what one prepares does not yet, and perhaps never will.
    return (
        Partition.select(Organization.provider, Partition.source, Partition.day)
        .join(Organization)
        .where((Partition.source != Source.IMPORTED) | (Partition.counts & (Partition.records > 0)))
    )


def _days_of_files() -> ModelSelect:
    return (
        ImportBatch.select(Organization.provider, ImportBatch.first_day, ImportBatch.last_day)
        .join(Organization)
        .where((ImportBatch.status == BatchStatus.APPLIED) & ImportBatch.first_day.is_null(False))
    )


def _ranges(days: Iterable[date]) -> list[tuple[date, date]]:
    """Runs of consecutive days, as their first and last."""
    found: list[tuple[date, date]] = []
    for day in days:
        if found and day - found[-1][1] == timedelta(days=1):
            found[-1] = (found[-1][0], day)
        else:
            found.append((day, day))
    return found
