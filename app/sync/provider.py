"""One provider's part of a run: its days, oldest first, and what went wrong."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta

from peewee import PeeweeException

from app.config import Config
from app.database import reconnect
from app.dates import day_number, days_between, utc_now
from app.identity import resolve_everybody, store_directory
from app.importing import look_again
from app.ledger import (
    Outcome,
    StoredDay,
    SumTooLarge,
    bump_data_version,
    organization_for,
    replace_day,
    writing_usage,
)
from app.models import Organization, Partition, ProviderRun
from app.providers import Provider
from app.runs import (
    check_not_replaced,
    finish_provider,
    resumable_from,
)
from app.states import Failure, RunStatus
from app.sync.order import Order, Progress
from app.upstream import Client, ErrorClass, Limits, UpstreamError
from app.usage import DayUsage

log = logging.getLogger(__name__)

RESUME_WITHIN_SECONDS = 6 * 3600
MOST_BAD_DAYS = 3
"""This many unusable days end the reading: each costs a request, with its repetitions."""


def run_provider(
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
        finish_provider(part, RunStatus.FAILED, kind=Failure.CONFIGURATION, error=str(error))
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
) -> tuple[RunStatus, str, str]:
    """Sync the days of one provider: how that ended, the class of the error, its sentence."""
    try:
        suspicious = _sync_days(config, order, provider, client, part, progress)
    except UpstreamError as error:
        if error.not_before:
            part.not_before = int(error.not_before.timestamp())
        if error.kind is ErrorClass.STOPPED:
            return RunStatus.STOPPED, error.kind, stopped_sentence(provider)
        return RunStatus.FAILED, error.kind, str(error)
    except Exception as error:
        # Whatever it is, it must not keep the other provider from being read.
        log.exception("%s: the sync failed", provider.LABEL)
        kind = Failure.DATABASE if isinstance(error, PeeweeException) else Failure.INTERNAL
        if kind is Failure.DATABASE:
            reconnect()
        cause = "the database failed" if kind is Failure.DATABASE else "a fault in this program"
        name = type(error).__name__
        why = " ".join(str(error).split()).rstrip(".")
        sentence = f"{provider.LABEL}: {cause}: {name}: {why}. Finished days are kept."
        return RunStatus.FAILED, kind, sentence
    if suspicious:
        return RunStatus.FAILED, Failure.SUSPICIOUS, _suspicious_sentence(provider, suspicious)
    return RunStatus.OK, "", ""


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
    with _writing_for(part):
        changed = store_directory(organization, directory)
        if resolve_everybody(config.email_domain) or changed:
            bump_data_version()
    suspicious, bad = [], _BadDays(provider)
    with _looking_again(config, provider, part):
        for first in _window_starts(start, order.end, provider.WINDOW_DAYS):
            last = min(first + timedelta(days=provider.WINDOW_DAYS - 1), order.end)
            part.current_day = day_number(first)
            part.save()
            for usage in _days_that_can_be_read(provider, client, first, last, bad):
                part.unseen = usage.unseen or part.unseen
                if progress.should_stop():
                    raise UpstreamError(provider.LABEL, ErrorClass.STOPPED, "stopped")
                try:
                    stored = _store_day(config, order, provider, organization, usage, part)
                except SumTooLarge as error:
                    bad.refuse(usage.day, error)
                    continue
                if stored.outcome is Outcome.SUSPICIOUS:
                    suspicious.append(usage.day)
                progress.on_day(provider.NAME, usage.day, stored)
        bad.raise_if_any()
    return suspicious


@contextmanager
def _looking_again(config: Config, provider: Provider, part: ProviderRun) -> Iterator[None]:
    """Look once more whose the imported files are, also when the provider fails midway."""
    failure = None
    try:
        yield
    except UpstreamError as error:
        failure = error
    # Days that were stored before the failure may tell whose a file is.
    check_not_replaced(part.run_id)
    look_again(provider.NAME, email_domain=config.email_domain)
    if failure:
        raise failure


class _BadDays:
    """Days whose answer cannot be used, while others of their window can."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self._errors: dict[date, UpstreamError] = {}

    def note(self, day: date, error: UpstreamError) -> None:
        """Leave a day as it was. Too many are no matter of days: raises then."""
        self._errors[day] = error
        if len(self._errors) >= MOST_BAD_DAYS:
            self.raise_if_any()

    def refuse(self, day: date, error: SumTooLarge) -> None:
        """Leave a day as it was because of what a record of it would make of the sums."""
        sentence = f"{self._provider.LABEL}: {error}"
        self.note(day, UpstreamError(self._provider.LABEL, ErrorClass.UNEXPECTED, sentence))

    def raise_if_any(self) -> None:
        """Raise the first error with the days that were left out."""
        for error in self._errors.values():
            days = ", ".join(day.isoformat() for day in self._errors)
            sentence = f"{error} Not read: {days}."
            raise UpstreamError(self._provider.LABEL, error.kind, sentence, error.not_before)


def _days_that_can_be_read(
    provider: Provider, client: Client, first: date, last: date, bad: _BadDays
) -> Iterator[DayUsage]:
    """The days of a window; where its answer holds something unusable, day by day."""
    try:
        days = provider.fetch_days(client, first, last, now=utc_now())
    except UpstreamError as error:
        # A status refuses the request; a day alone would be refused as the window was.
        if error.kind is not ErrorClass.UNEXPECTED or error.status:
            raise
    else:
        yield from days
        return
    for day in days_between(first, last):
        try:
            days = provider.fetch_days(client, day, day, now=utc_now())
        except UpstreamError as error:
            if error.kind is not ErrorClass.UNEXPECTED:
                raise
            bad.note(day, error)
        else:
            yield from days


@contextmanager
def _writing_for(part: ProviderRun) -> Iterator[None]:
    """A transaction that changes usage, unless another run has taken this one's place."""
    with writing_usage():
        check_not_replaced(part.run_id)
        yield


def _store_day(
    config: Config,
    order: Order,
    provider: Provider,
    organization: Organization,
    usage: DayUsage,
    part: ProviderRun,
) -> StoredDay:
    with _writing_for(part):
        stored = replace_day(
            organization,
            provider.SOURCE,
            usage,
            part.run,
            email_domain=config.email_domain,
            allow_empty=order.allow_empty,
        )
    part.current_day = day_number(usage.day)
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
            # A day that may still grow was read too early: it is read again.
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
    part.clock_skew_seconds = client.traffic.clock_skew_seconds


def stopped_sentence(provider: Provider) -> str:
    """What a provider's part says when the run was told to stop."""
    return f"{provider.LABEL}: stopped as asked. Finished days are kept; run it again to go on."


def _suspicious_sentence(provider: Provider, days: list[date]) -> str:
    if not days:
        return ""
    named = ", ".join(day.isoformat() for day in days[:5]) + (" and more" if days[5:] else "")
    return (
        f"{provider.LABEL} now answers no usage for {named}, which held usage before. The stored "
        "figures were kept; use --allow-empty to accept the empty answer."
    )
