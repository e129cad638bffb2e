"""One provider's part of a run: its days, oldest first, and what went wrong."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from functools import cached_property

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
        status, kind, sentence = _ProviderRun(
            config, order, provider, client, part, progress
        ).outcome()
    finally:
        client.close()
    _count_traffic(part, client)
    finish_provider(part, status, kind=kind, error=sentence)


class _ProviderRun:
    """The reading of one provider's days, oldest first, noted in `part` as it goes on."""

    def __init__(
        self,
        config: Config,
        order: Order,
        provider: Provider,
        client: Client,
        part: ProviderRun,
        progress: Progress,
    ) -> None:
        self.email_domain = config.email_domain
        self.order = order
        self.provider = provider
        self.client = client
        self.part = part
        self.progress = progress
        self.bad = _BadDays(provider)
        self.suspicious: list[date] = []

    @cached_property
    def organization(self) -> Organization:
        """The account that is read. First asked for where a database that fails is noted."""
        return organization_for(self.provider.NAME)

    def outcome(self) -> tuple[RunStatus, str, str]:
        """Read and store the days: how that ended, the class of the error, its sentence."""
        label = self.provider.LABEL
        try:
            self._read_days()
        except UpstreamError as error:
            if error.not_before:
                self.part.not_before = int(error.not_before.timestamp())
            if error.kind is ErrorClass.STOPPED:
                return RunStatus.STOPPED, error.kind, stopped_sentence(self.provider)
            return RunStatus.FAILED, error.kind, str(error)
        except Exception as error:
            # Whatever it is, it must not keep the other provider from being read.
            log.exception("%s: the sync failed", label)
            kind = Failure.DATABASE if isinstance(error, PeeweeException) else Failure.INTERNAL
            if kind is Failure.DATABASE:
                reconnect()
            cause = "the database failed" if kind is Failure.DATABASE else "a fault in this program"
            why = " ".join(str(error).split()).rstrip(".")
            sentence = f"{label}: {cause}: {type(error).__name__}: {why}. Finished days are kept."
            return RunStatus.FAILED, kind, sentence
        if self.suspicious:
            return RunStatus.FAILED, Failure.SUSPICIOUS, self._suspicious_sentence()
        return RunStatus.OK, "", ""

    def _read_days(self) -> None:
        part, order, length = self.part, self.order, self.provider.WINDOW_DAYS
        start = self._first_day()
        part.days_done = (start - order.start).days
        self.progress.on_start(self.provider.NAME, part.days_asked, part.days_done)
        self._keep_directory()
        with self._looking_again():
            for first in _window_starts(start, order.end, length):
                part.current_day = day_number(first)
                part.save()
                last = min(first + timedelta(days=length - 1), order.end)
                for usage in self._usable_days(first, last):
                    part.unseen = usage.unseen or part.unseen
                    if self.progress.should_stop():
                        raise UpstreamError(self.provider.LABEL, ErrorClass.STOPPED, "stopped")
                    self._take(usage)
            self.bad.raise_if_any()

    def _first_day(self) -> date:
        """Where an unfinished backfill goes on; the last day is always read again."""
        order, name = self.order, self.provider.NAME
        first = order.resume and resumable_from(order.kind, name, RESUME_WITHIN_SECONDS)
        if not first:
            return order.start
        read = {
            day
            for (day,) in Partition.select(Partition.day)
            .where(
                (Partition.organization == self.organization)
                & (Partition.source == self.provider.SOURCE)
                & (Partition.run >= first)
                # A day that may still grow was read too early: it is read again.
                & Partition.settled
            )
            .tuples()
        }
        days = days_between(order.start, order.end)
        return next((day for day in days if day_number(day) not in read), order.end)

    def _keep_directory(self) -> None:
        directory = self.provider.fetch_directory(self.client)
        with self._writing():
            changed = store_directory(self.organization, directory)
            if resolve_everybody(self.email_domain) or changed:
                bump_data_version()

    @contextmanager
    def _looking_again(self) -> Iterator[None]:
        """Look once more whose the imported files are, also when the provider fails midway."""
        failure = None
        try:
            yield
        except UpstreamError as error:
            failure = error
        # Days that were stored before the failure may tell whose a file is.
        check_not_replaced(self.part.run_id)
        look_again(self.provider.NAME, email_domain=self.email_domain)
        if failure:
            raise failure

    def _usable_days(self, first: date, last: date) -> Iterator[DayUsage]:
        """The days of a window; where its answer holds something unusable, day by day."""
        try:
            days = self._fetch(first, last)
        except UpstreamError as error:
            # A status refuses the request; a day alone would be refused as the window was.
            if error.kind is not ErrorClass.UNEXPECTED or error.status:
                raise
        else:
            yield from days
            return
        for day in days_between(first, last):
            try:
                days = self._fetch(day, day)
            except UpstreamError as error:
                if error.kind is not ErrorClass.UNEXPECTED:
                    raise
                self.bad.note(day, error)
            else:
                yield from days

    def _fetch(self, first: date, last: date) -> list[DayUsage]:
        return self.provider.fetch_days(self.client, first, last, now=utc_now())

    def _take(self, usage: DayUsage) -> None:
        """Store a day, and tell what came of it."""
        try:
            stored = self._store(usage)
        except SumTooLarge as error:
            self.bad.refuse(usage.day, error)
            return
        if stored.outcome is Outcome.SUSPICIOUS:
            self.suspicious.append(usage.day)
        self.progress.on_day(self.provider.NAME, usage.day, stored)

    def _store(self, usage: DayUsage) -> StoredDay:
        part = self.part
        with self._writing():
            stored = replace_day(
                self.organization,
                self.provider.SOURCE,
                usage,
                part.run,
                email_domain=self.email_domain,
                allow_empty=self.order.allow_empty,
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

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """A transaction that changes usage, unless another run has taken this one's place."""
        with writing_usage():
            check_not_replaced(self.part.run_id)
            yield

    def _suspicious_sentence(self) -> str:
        days = self.suspicious
        named = ", ".join(day.isoformat() for day in days[:5]) + (" and more" if days[5:] else "")
        return (
            f"{self.provider.LABEL} now answers no usage for {named}, which held usage before. The "
            "stored figures were kept; use --allow-empty to accept the empty answer."
        )


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
