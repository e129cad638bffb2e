"""One run: from the providers into the ledger, a day at a time, recorded as it goes."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta

from peewee import PeeweeException

from app.config import Config
from app.database import database, describe, reconnect, writing
from app.http import Client, ErrorClass, Limits, UpstreamError
from app.identity import resolve_again, store_directory
from app.ledger import (
    DEMO_ORGANIZATION,
    Outcome,
    StoredDay,
    bump_data_version,
    organization_for,
    replace_day,
)
from app.locks import LockHeld, exclusive_lock
from app.models import Organization, Partition, ProviderRun, Run
from app.providers import PROVIDERS, Provider
from app.runs import (
    Status,
    begin_provider,
    begin_run,
    finish_provider,
    finish_run,
    resumable_from,
    running_run,
)
from app.usage import DayUsage, day_number, days_between, utc_now

log = logging.getLogger(__name__)

SYNC_DAYS = 4
"""The daily window: the last 3 days and today."""
RESUME_WITHIN_SECONDS = 6 * 3600


class SyncBusy(Exception):
    """Another sync is running; the message says which."""

    def __init__(self, run: Run | None) -> None:
        self.run_id = run.id if run else None
        number = f" (run {run.id}, {run.kind}, process {run.process})" if run else ""
        super().__init__(f"A sync is already running{number}. Try again when it has ended.")


class DemoDatabase(Exception):
    """The database holds invented usage; the message says what to do."""


@dataclass(frozen=True)
class Order:
    """What to do: a kind of run, days (both included), providers (empty = all of them)."""

    kind: str
    start: date
    end: date
    providers: tuple[str, ...] = ()
    allow_empty: bool = False
    resume: bool = False


@dataclass
class Progress:
    """Whom to tell, and whom to ask whether to stop."""

    on_day: Callable[[str, date, StoredDay], None] = lambda provider, day, stored: None
    on_start: Callable[[str, int, int], None] = lambda provider, days, skipped: None
    should_stop: Callable[[], bool] = lambda: False


@dataclass
class Result:
    """How a run ended: the log rows of its providers, by name."""

    run: Run
    parts: dict[str, ProviderRun] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether everything asked for was done by at least one configured provider."""
        return self.run.status == Status.OK


def run_order(
    config: Config, order: Order, progress: Progress | None = None, limits: Limits | None = None
) -> Result:
    """Carry out an order. One run at a time on a database: else `SyncBusy`.

    A provider's failure is recorded in its part and never touches the other one.
    """
    try:
        with exclusive_lock(database.obj, "sync"):
            _refuse_beside_demo()
            return _run_providers(config, order, progress or Progress(), limits)
    except LockHeld:
        raise SyncBusy(running_run()) from None


def _refuse_beside_demo() -> None:
    """Real figures must not be added to invented ones."""
    invented = (
        Partition.select()
        .join(Organization)
        .where((Partition.records > 0) & (Organization.name == DEMO_ORGANIZATION))
    )
    if invented.exists():
        raise DemoDatabase(
            f"The database ({describe()}) holds the demo company, and real usage must not mix "
            "with it. Name an empty database with SQLITE_PATH or POSTGRES_URL."
        )


def _run_providers(
    config: Config, order: Order, progress: Progress, limits: Limits | None
) -> Result:
    result = Result(begin_run(order.kind, order.start, order.end))
    for provider in PROVIDERS:
        if order.providers and provider.NAME not in order.providers:
            continue
        part = begin_provider(result.run, provider.NAME, (order.end - order.start).days + 1)
        result.parts[provider.NAME] = part
        if not config.provider_key(provider.NAME):
            finish_provider(part, Status.NOT_CONFIGURED)
        elif progress.should_stop():
            finish_provider(part, Status.STOPPED, error=_stopped_sentence(provider))
        else:
            _run_provider(config, order, provider, part, progress, limits)
    finish_run(result.run, result.parts.values())
    return result


def _run_provider(
    config: Config,
    order: Order,
    provider: Provider,
    part: ProviderRun,
    progress: Progress,
    limits: Limits | None,
) -> None:
    """Sync one provider; whatever goes wrong ends in its part of the log."""
    try:
        client = provider.connect(
            config.provider_key(provider.NAME) or "",
            config.provider_url(provider.NAME),
            should_stop=progress.should_stop,
            limits=limits,
        )
    except ValueError as error:
        finish_provider(part, Status.FAILED, kind="configuration", error=str(error))
        return
    try:
        status, kind, sentence = _attempt(config, order, provider, client, part, progress)
    finally:
        client.close()
    _count_traffic(part, client)
    finish_provider(part, status, kind=kind, error=sentence)


def _attempt(
    config: Config,
    order: Order,
    provider: Provider,
    client: Client,
    part: ProviderRun,
    progress: Progress,
) -> tuple[Status, str, str]:
    """Sync the days of one provider: how that ended, the class of the error, its sentence."""
    try:
        suspicious = _sync_days(config, order, provider, client, part, progress)
    except UpstreamError as error:
        if error.kind is ErrorClass.STOPPED:
            return Status.STOPPED, error.kind, _stopped_sentence(provider)
        return Status.FAILED, error.kind, str(error)
    except Exception as error:
        # Whatever it is, it must not keep the other provider from being read.
        log.exception("%s: the sync failed", provider.LABEL)
        kind = "database" if isinstance(error, PeeweeException) else "internal"
        if kind == "database":
            reconnect()
        cause = "the database failed" if kind == "database" else "a fault in this program"
        name = type(error).__name__
        why = " ".join(str(error).split()).rstrip(".")
        sentence = f"{provider.LABEL}: {cause}: {name}: {why}. Finished days are kept."
        return Status.FAILED, kind, sentence
    part.suspicious_days = " ".join(day.isoformat() for day in suspicious)
    if suspicious:
        return Status.FAILED, "suspicious", _suspicious_sentence(provider, suspicious)
    return Status.OK, "", ""


def _sync_days(
    config: Config,
    order: Order,
    provider: Provider,
    client: Client,
    part: ProviderRun,
    progress: Progress,
) -> list[date]:
    """Read and store every day of the order, oldest first; the suspicious days."""
    organization = organization_for(provider.NAME)
    start = _first_day_to_read(order, provider, organization)
    skipped = (start - order.start).days
    progress.on_start(provider.NAME, part.days_asked, skipped)
    part.days_done = skipped
    directory = provider.fetch_directory(client)
    with writing():
        store_directory(organization, directory)
        if resolve_again(organization, config.email_domain):
            bump_data_version()
    suspicious = []
    for first in _window_starts(start, order.end, provider.WINDOW_DAYS):
        last = min(first + timedelta(days=provider.WINDOW_DAYS - 1), order.end)
        for usage in provider.fetch_days(client, first, last, now=utc_now()):
            if progress.should_stop():
                raise UpstreamError(provider.LABEL, ErrorClass.STOPPED, "stopped")
            stored = _store_day(config, order, provider, organization, usage, part)
            if stored.outcome is Outcome.SUSPICIOUS:
                suspicious.append(usage.day)
            progress.on_day(provider.NAME, usage.day, stored)
    return suspicious


def _store_day(
    config: Config,
    order: Order,
    provider: Provider,
    organization: Organization,
    usage: DayUsage,
    part: ProviderRun,
) -> StoredDay:
    stored = replace_day(
        organization,
        provider.SOURCE,
        usage,
        part.run,
        email_domain=config.email_domain,
        allow_empty=order.allow_empty,
    )
    part.days_done += 1
    if stored.outcome in (Outcome.NEW, Outcome.CHANGED):
        part.days_changed += 1
        part.records_changed += len(usage.records)
    else:
        part.records_unchanged += stored.after.records
    part.save()
    return stored


def _first_day_to_read(order: Order, provider: Provider, organization: Organization) -> date:
    """Where an unfinished backfill goes on; the last day is always read again."""
    first = order.resume and resumable_from(order.kind, provider.NAME, RESUME_WITHIN_SECONDS)
    if not first:
        return order.start
    read = {
        day
        for (day,) in Partition.select(Partition.day)
        .where(
            (Partition.organization == organization)
            & (Partition.source == provider.SOURCE)
            & (Partition.run >= first)
            & Partition.settled
        )
        .tuples()
    }
    days = days_between(order.start, order.end)
    return next((day for day in days if day_number(day) not in read), order.end)


def _window_starts(start: date, end: date, length: int) -> list[date]:
    return [day for day in days_between(start, end) if (day - start).days % length == 0]


def _count_traffic(part: ProviderRun, client: Client) -> None:
    part.requests = client.traffic.requests
    part.retries = client.traffic.retries
    part.waited_ms = int(client.traffic.waited_seconds * 1000)
    part.bytes_read = client.traffic.bytes


def _stopped_sentence(provider: Provider) -> str:
    return f"{provider.LABEL}: stopped as asked. Finished days are kept; run it again to go on."


def _suspicious_sentence(provider: Provider, days: list[date]) -> str:
    if not days:
        return ""
    named = ", ".join(day.isoformat() for day in days[:5]) + (" and more" if days[5:] else "")
    return (
        f"{provider.LABEL} now answers no usage for {named}, which held usage before. The stored "
        "figures were kept; use --allow-empty to accept the empty answer."
    )
