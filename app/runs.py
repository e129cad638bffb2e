"""The record of every run: what was asked, what each provider did, how it ended."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from peewee import ModelSelect, PeeweeException, fn

from app.database import analyse, database, process_label, writing
from app.dates import day_number, now_seconds
from app.locks import is_held
from app.models import ProviderRun, Run, Slot
from app.states import RunStatus


class LockLost(PeeweeException):
    """A run no longer holds the lock that lets it run."""


SYNC_LOCK = "sync"
"""Name of the lock that every run holds."""
MOST_DAYS = 3660
"""How many days a run may be asked for."""
MOST_CLOCK_SKEW_SECONDS = 300
UNFINISHED = (RunStatus.STOPPED, RunStatus.INTERRUPTED)
ANEW = " --force"
"""Ends the kind of a run that goes on with nothing: what was read before it does not count."""


def begin_run(
    kind: str, start: date, end: date, *, by: str | None = None, slot: Slot | None = None
) -> Run:
    """Log that a run begins, `by` whom and for which due moment, if any.

    Only the holder of the sync lock may call this.
    """
    with writing():
        _mark_dead_runs()
        return Run.create(
            kind=kind,
            status=RunStatus.RUNNING,
            start_day=day_number(start),
            end_day=day_number(end),
            started_at=now_seconds(),
            process=process_label(),
            asked_by=by,
            slot=slot,
        )


def _mark_dead_runs() -> None:
    """Runs still "running" while we hold the lock died without a word."""
    for table in (Run, ProviderRun):
        table.update(status=RunStatus.INTERRUPTED, finished_at=now_seconds()).where(
            table.status == RunStatus.RUNNING
        ).execute()


def begin_provider(run: Run, provider: str, days_asked: int) -> ProviderRun:
    """Log that a provider's part of a run begins."""
    return ProviderRun.create(
        run=run,
        provider=provider,
        status=RunStatus.RUNNING,
        started_at=now_seconds(),
        days_asked=days_asked,
    )


def finish_provider(
    part: ProviderRun, status: RunStatus, *, kind: str = "", error: str = ""
) -> None:
    """Log how a provider's part ended, with all its counters."""
    part.status = status
    part.error_kind = kind
    part.error = error
    part.finished_at = now_seconds()
    part.save()


def finish_run(run: Run, parts: Collection[ProviderRun]) -> None:
    """Log how a run ended: as its worst part did."""
    statuses = {part.status for part in parts}
    worst = (RunStatus.FAILED, RunStatus.STOPPED, RunStatus.OK, RunStatus.NOT_CONFIGURED)
    run.status = next((status for status in worst if status in statuses), RunStatus.OK)
    run.finished_at = now_seconds()
    run.save()
    if any(part.days_changed for part in parts):
        analyse()


def clock_warning(part: ProviderRun) -> str:
    """What to say when a provider's clock and ours disagree by more than 5 minutes, else ""."""
    skew = part.clock_skew_seconds or 0
    if abs(skew) <= MOST_CLOCK_SKEW_SECONDS:
        return ""
    side = "behind" if skew > 0 else "ahead of"
    return (
        f"This machine's clock is {abs(skew)} seconds {side} the provider's: set it right, "
        "because it decides which day is today."
    )


def running_run() -> Run | None:
    """The run that holds the sync lock now, as far as the log knows."""
    return Run.select().where(Run.status == RunStatus.RUNNING).order_by(Run.id.desc()).first()


def active_run() -> Run | None:
    """The run that is under way now: not one whose process died."""
    run = running_run()
    return run if run and is_held(database.obj, SYNC_LOCK) else None


def standing_of(logged: Run | ProviderRun, active: Run | None) -> str:
    """How a run or a part of one stands, while `active` is the run that is under way.

    What the log still calls running without being under way was interrupted: its process died.
    """
    number = logged.id if isinstance(logged, Run) else logged.run_id
    under_way = active is not None and active.id == number
    dead = logged.status == RunStatus.RUNNING and not under_way
    return RunStatus.INTERRUPTED if dead else str(logged.status)


def request_cancel(run_id: int) -> bool:
    """Ask a run to stop after the day in hand, whichever process it runs in.

    False when there is no such run or it has ended.
    """
    with writing():
        asked = Run.update(cancel_asked_at=now_seconds()).where(
            (Run.id == run_id) & (Run.status == RunStatus.RUNNING) & Run.cancel_asked_at.is_null()
        )
        return bool(asked.execute()) or cancel_asked(run_id)


def cancel_asked(run_id: int) -> bool:
    """Whether somebody asked this run to stop while it was running."""
    asked = _running(run_id).where(Run.cancel_asked_at.is_null(False))
    return asked.exists()


def check_not_replaced(run_id: int) -> None:
    """Raise `LockLost` when another run holds the lock of this one, and so declared it dead.

    A server can cut the connection that holds the lock and leave the others of its process.
    """
    if not _running(run_id).exists():
        raise LockLost(
            "the server cut the connection that held this run's lock, and another run has begun"
        )


def _running(run_id: int) -> ModelSelect:
    return Run.select(Run.id).where((Run.id == run_id) & (Run.status == RunStatus.RUNNING))


def resumable_from(kind: str, provider: str, within_seconds: int) -> int | None:
    """Id of the run that began the newest unbroken series of unfinished ones, or None.

    Days read by it and later runs need not be read again by one that goes on with the work.
    """
    first = None
    parts = (
        ProviderRun.select(
            Run.id,
            Run.kind,
            ProviderRun.status,
            fn.COALESCE(ProviderRun.finished_at, ProviderRun.started_at),
        )
        .join(Run)
        .where(
            Run.kind.in_((kind, kind + ANEW))
            & (ProviderRun.provider == provider)
            & (ProviderRun.status != RunStatus.RUNNING)
        )
        .order_by(ProviderRun.id.desc())
    )
    for run_id, run_kind, status, ended_at in parts.tuples().iterator():
        recent = ended_at >= now_seconds() - within_seconds
        if status not in UNFINISHED or not recent:
            break
        first = run_id
        if run_kind != kind:
            break
    return first
