"""The sync of a due moment: which providers and days it reads."""

from __future__ import annotations

import logging
from datetime import date, timedelta

from app import slots
from app.config import Config
from app.dates import day_number, day_of, days_between, moment, utc_now
from app.ledger import DEMO_ORGANIZATION
from app.models import Organization, Partition, Slot
from app.providers import PROVIDERS, Provider, by_name
from app.states import RunKind
from app.sync.order import Order, Progress, Result, daily_window
from app.sync.run import carry_out, refuse_beside_demo, sync_lock

log = logging.getLogger(__name__)

LONG_DAYS = 31
"""What is read once a week: vendors correct figures for up to 30 days."""
BY = "schedule"


def configured_names(config: Config) -> list[str]:
    """The providers that have a key."""
    return [provider.NAME for provider in PROVIDERS if config.provider_key(provider.NAME)]


def sync_due(config: Config, day: date, progress: Progress) -> Result | None:
    """Carry out the due moment of `day`, or None when there is nothing to do for it.

    Raises `SyncBusy` when another sync is running, `DemoDatabase`.
    """
    names = configured_names(config)
    with sync_lock():
        refuse_beside_demo()
        slot = slots.take(day, utc_now())
        if slot is None:
            return None
        left = slots.unread(slot, names)
        waits = slots.asked_to_wait(left, utc_now())
        for name, until in waits.items():
            log.info("%s asked to wait until %s UTC", name, moment(until))
        result = None
        if ready := tuple(name for name in left if name not in waits):
            result = carry_out(config, _order(slot, ready), progress)
        slots.settle(slot, result.run if result else None, names, utc_now())
        return result


def _order(slot: Slot, providers: tuple[str, ...]) -> Order:
    today = utc_now().date()
    start = today - timedelta(days=LONG_DAYS - 1)
    if not slot.weekly:
        start = min(daily_window(today)[0], *(_first_gap(name, today) for name in providers))
    kind = RunKind.WEEKLY if slot.weekly else RunKind.DAILY
    return Order(kind, start, today, providers, resume=True, by=BY, slot=slot)


def _first_gap(name: str, today: date) -> date:
    """The first of the last 31 days that was never read when it was over, such as after a long
    pause; today when there is none. Days before the first stored one are no gap."""
    provider = by_name(name)
    stored = _stored_days(provider, today - timedelta(days=LONG_DAYS - 1))
    if not stored:
        return today
    days = days_between(min(stored), today)
    return next((day for day in days if not stored.get(day)), today)


def _stored_days(provider: Provider, start: date) -> dict[date, bool]:
    """The days since `start` that the provider was asked for, and whether each is settled."""
    stamps = (
        Partition.select(Partition.day, Partition.settled)
        .join(Organization)
        .where(
            (Organization.provider == provider.NAME)
            & (Organization.name != DEMO_ORGANIZATION)
            & (Partition.source == provider.SOURCE)
            & (Partition.day >= day_number(start))
        )
        .tuples()
    )
    return {day_of(day): bool(settled) for day, settled in stamps}
