"""A believable company, invented and repeatable, written through the ledger like real usage."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from app.database import database, describe, writing
from app.dates import days_between
from app.demo.company import PROVIDERS, DemoCompany
from app.demo.teams import store_teams
from app.identity import store_directory
from app.ledger import DEMO_ORGANIZATION, Outcome, StoredDay, organization_for, replace_day
from app.locks import LockHeld, exclusive_lock
from app.models import Organization, Partition, ProviderRun
from app.runs import (
    SYNC_LOCK,
    begin_provider,
    begin_run,
    finish_provider,
    finish_run,
)
from app.states import RunKind, RunStatus

__all__ = [
    "DemoCompany",
    "DemoRefused",
    "DemoResult",
    "database_holds_usage",
    "write_demo",
]

Progress = Callable[[int, int, date], None]


class DemoRefused(Exception):
    """The demo must not be written now; the message says why and what to do."""


class DemoResult(NamedTuple):
    """What the demo's range holds now: people, days, usage records and tokens."""

    people: int
    days: int
    records: int
    tokens: int


def database_holds_usage() -> bool:
    """Whether any usage is stored, of the demo or of a real organisation."""
    return Partition.select().where(Partition.records > 0).exists()


def write_demo(
    people: int, days: int, *, now: datetime, email_domain: str, progress: Progress
) -> DemoResult:
    """Store the demo company's last `days` days up to `now`, oldest first, one commit a day.

    Calls `progress(done, total, day)` after each day. Written twice, nothing changes; days
    outside the range stay as they are. Raises `DemoRefused` when a real organisation's usage
    is stored or a sync is running, ValueError unless there is at least one person and one day.
    """
    if days < 1:
        raise ValueError(f"A demo needs at least one day, not {days}.")
    company = DemoCompany(people)
    try:
        with exclusive_lock(database.obj, SYNC_LOCK):
            _refuse_beside_real_usage()
            return _DayWriter(company, days, now, email_domain).write(progress)
    except LockHeld:
        raise DemoRefused(
            f"Another process writes usage to the database ({describe()}). "
            "Try again when it has ended."
        ) from None


def _refuse_beside_real_usage() -> None:
    real = (
        Partition.select()
        .join(Organization)
        .where((Partition.records > 0) & (Organization.name != DEMO_ORGANIZATION))
    )
    if real.exists():
        raise DemoRefused(
            f"The database ({describe()}) holds real usage, and invented figures must not mix "
            "with it. Name an empty database with SQLITE_PATH or POSTGRES_URL."
        )


class _DayWriter:
    """One run of the demo: its log rows, and the days it stores."""

    def __init__(self, company: DemoCompany, days: int, now: datetime, email_domain: str) -> None:
        self.company = company
        self.now = now
        self.email_domain = email_domain
        self.last = now.astimezone(UTC).date()
        self.first = self.last - timedelta(days=days - 1)
        self.total = days
        self.run = begin_run(RunKind.DEMO, self.first, self.last)
        self.parts = {
            provider.NAME: begin_provider(self.run, provider.NAME, days) for provider in PROVIDERS
        }

    def write(self, progress: Progress) -> DemoResult:
        """Store directories and every day, and log how it ended; what the range holds then."""
        status = RunStatus.FAILED
        try:
            result = self._store_days(progress)
            status = RunStatus.OK
        except KeyboardInterrupt:
            status = RunStatus.STOPPED
            raise
        finally:
            for part in self.parts.values():
                finish_provider(part, status)
            finish_run(self.run, self.parts.values())
        return result

    def _store_days(self, progress: Progress) -> DemoResult:
        organizations = self._store_directories()
        records = tokens = 0
        for done, day in enumerate(days_between(self.first, self.last), start=1):
            for stored in self._store_day(day, organizations):
                records += stored.after.records
                tokens += stored.after.tokens
            progress(done, self.total, day)
        return DemoResult(self.company.size, self.total, records, tokens)

    def _store_directories(self) -> dict[str, Organization]:
        organizations = {}
        with writing():
            for name in self.parts:
                organizations[name] = organization_for(name, DEMO_ORGANIZATION)
                store_directory(organizations[name], self.company.directory(name))
        store_teams([person.email for person in self.company.people], self.company.seed)
        return organizations

    def _store_day(self, day: date, organizations: dict[str, Organization]) -> list[StoredDay]:
        stored = []
        with writing():
            for provider in PROVIDERS:
                usage = self.company.day(provider.NAME, day, now=self.now)
                result = replace_day(
                    organizations[provider.NAME],
                    provider.SOURCE,
                    usage,
                    self.run,
                    email_domain=self.email_domain,
                    allow_empty=True,
                )
                self._count(self.parts[provider.NAME], result)
                stored.append(result)
        return stored

    def _count(self, part: ProviderRun, stored: StoredDay) -> None:
        part.days_done += 1
        if stored.outcome is Outcome.UNCHANGED:
            part.records_unchanged += stored.after.records
        else:
            part.days_changed += 1
            part.records_changed += stored.after.records
