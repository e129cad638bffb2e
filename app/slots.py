"""The due moments of the schedule: which is due, who carries it out, when it is tried again.

A row per UTC day; only the holder of the sync lock takes one, so that a row that says "running"
while the lock is free belongs to a process that died.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, date, datetime, time, timedelta

from peewee import fn

from app.database import database, writing
from app.dates import day_number, day_of
from app.locks import is_held
from app.models import ProviderRun, Run, Slot
from app.runs import SYNC_LOCK
from app.states import Failure, RunStatus, SlotStatus
from app.upstream import ErrorClass

DAILY = "daily"
WEEK = 7
RETRY_AFTER_SECONDS = (600, 1800, 3600)
"""Waits before the tries that follow the first, second and third failure."""
CLOCKS_AGREE_WITHIN = timedelta(minutes=10)
"""How far the clocks of two hosts may be apart: a moment may be taken that much early."""
LASTING = frozenset(
    {
        ErrorClass.KEY_REJECTED,
        ErrorClass.NOT_ALLOWED,
        ErrorClass.REJECTED,
        ErrorClass.REDIRECTED,
        Failure.CONFIGURATION,
        Failure.SUSPICIOUS,
    }
)
"""Failures that another try soon does not mend: they wait for the next day."""


def due_day(sync_at: time, now: datetime) -> date:
    """The UTC day of the latest moment that was due at `now`."""
    return now.date() if now.time() >= sync_at else now.date() - timedelta(days=1)


def next_due(sync_at: time, now: datetime) -> datetime:
    """The next moment that will be due after `now`."""
    return datetime.combine(due_day(sync_at, now) + timedelta(days=1), sync_at, UTC)


def newest_slot(sync_at: time, now: datetime) -> Slot | None:
    """The newest due moment that anybody took, without those that are still ahead."""
    last = day_number(_last_day(sync_at, now))
    taken = Slot.select().where((Slot.kind == DAILY) & (Slot.day <= last))
    return taken.order_by(Slot.day.desc()).first()


def release_ahead(sync_at: time, now: datetime) -> None:
    """Let due moments that were taken although they are still ahead be taken when they come.

    It happens when a clock was ahead, or when SYNC_AT has moved: at 12:00 the moment of a day
    read at 06:00 is ahead again if SYNC_AT is 22:00 now. Waiting for its moment, it cannot be
    taken before by a process that still has the old setting.
    """
    last = day_number(_last_day(sync_at, now))
    ahead = list(Slot.select().where((Slot.kind == DAILY) & (Slot.day > last)))
    if not ahead or is_held(database.obj, SYNC_LOCK):
        return
    with writing():
        for slot in ahead:
            due = int(datetime.combine(day_of(slot.day), sync_at, UTC).timestamp())
            if (slot.status, slot.retry_at) != (SlotStatus.WAITING, due):
                Run.update(slot=None).where(Run.slot == slot).execute()
                slot.status, slot.retry_at, slot.failures = SlotStatus.WAITING, due, 0
                slot.save()


def is_open(day: date, now: datetime) -> bool:
    """Whether the due moment of `day` has to be carried out now. A cheap look, no promise."""
    slot = _slot_of(day)
    if slot and slot.status != SlotStatus.RUNNING and not _is_time(slot, now):
        return False
    return not is_held(database.obj, SYNC_LOCK)


def take(day: date, now: datetime) -> Slot | None:
    """Take the due moment of `day`, or None when there is nothing to do for it.

    Only the holder of the sync lock may call this.
    """
    with writing():
        slot = _slot_of(day)
        if slot is None:
            return Slot.create(
                kind=DAILY, day=day_number(day), status=SlotStatus.RUNNING, weekly=_is_weekly(day)
            )
        if slot.status == SlotStatus.RUNNING:
            # We hold the lock: the process that took it died. That counts as a failure, or a day
            # on which every process dies would be tried for ever.
            slot.failures += 1
            if slot.failures > len(RETRY_AFTER_SECONDS):
                slot.status = SlotStatus.FAILED
                slot.save()
                return None
        elif not _is_time(slot, now):
            return None
        slot.status, slot.retry_at = SlotStatus.RUNNING, None
        slot.save()
        return slot


def unread(slot: Slot, providers: Collection[str]) -> list[str]:
    """Those of `providers` that no run of the due moment has read successfully."""
    done = (
        ProviderRun.select(ProviderRun.provider)
        .join(Run)
        .where((Run.slot == slot) & (ProviderRun.status == RunStatus.OK))
    )
    read = {name for (name,) in done.tuples()}
    return [name for name in providers if name not in read]


def asked_to_wait(providers: Collection[str], now: datetime) -> dict[str, int]:
    """The providers that must not be called yet, and until when (epoch seconds)."""
    newest = ProviderRun.select(fn.MAX(ProviderRun.id)).group_by(ProviderRun.provider)
    waits = ProviderRun.select(ProviderRun.provider, ProviderRun.not_before).where(
        ProviderRun.id.in_(newest)
        & ProviderRun.provider.in_(list(providers))
        & (ProviderRun.not_before > now.timestamp())
    )
    return dict(waits.tuples())


def settle(slot: Slot, run: Run | None, providers: Collection[str], now: datetime) -> None:
    """Record how a due moment stands after `run` (None: every provider asked to wait)."""
    with writing():
        slot.retry_at = None
        left = unread(slot, providers)
        if not left:
            slot.status = SlotStatus.OK
        elif run is not None and _is_cancelled(run):
            slot.status = SlotStatus.CANCELLED
        elif run is not None and run.status == RunStatus.STOPPED:
            # A process that ends leaves the work to the next one.
            slot.status, slot.retry_at = SlotStatus.STOPPED, int(now.timestamp())
        else:
            _settle_unread(slot, run, left, now)
        slot.save()


def _is_cancelled(run: Run) -> bool:
    """Whether somebody wanted an end to it, however its providers ended."""
    return Run.select().where((Run.id == run.id) & Run.cancel_asked_at.is_null(False)).exists()


def _settle_unread(slot: Slot, run: Run | None, left: list[str], now: datetime) -> None:
    kinds = {} if run is None else _failures(run)
    slot.failures += bool(kinds)
    slot.status = SlotStatus.FAILED if kinds else SlotStatus.WAITING
    waits = asked_to_wait(left, now)
    moments = [waits[name] for name in left if name in waits]
    if slot.failures <= len(RETRY_AFTER_SECONDS):
        soon = int(now.timestamp()) + RETRY_AFTER_SECONDS[max(slot.failures, 1) - 1]
        moments += [
            soon for name in left if name not in waits and kinds.get(name, "") not in LASTING
        ]
    slot.retry_at = min(moments, default=None)


def _failures(run: Run) -> dict[str, str]:
    """The class of the error of every provider that failed in a run."""
    failed = ProviderRun.select(ProviderRun.provider, ProviderRun.error_kind).where(
        (ProviderRun.run == run) & (ProviderRun.status == RunStatus.FAILED)
    )
    return dict(failed.tuples())


def _last_day(sync_at: time, now: datetime) -> date:
    """The newest day whose due moment can have come, by any clock that is about right."""
    return due_day(sync_at, now + CLOCKS_AGREE_WITHIN)


def _slot_of(day: date) -> Slot | None:
    return Slot.get_or_none((Slot.kind == DAILY) & (Slot.day == day_number(day)))


def _is_time(slot: Slot, now: datetime) -> bool:
    return slot.retry_at is not None and slot.retry_at <= now.timestamp()


def _is_weekly(day: date) -> bool:
    """Whether no long window was read in the week before `day`, by any provider."""
    recent = (
        ProviderRun.select()
        .join(Run)
        .join(Slot)
        .where(
            Slot.weekly
            & (Slot.day > day_number(day - timedelta(days=WEEK)))
            & (ProviderRun.status == RunStatus.OK)
        )
    )
    return not recent.exists()
