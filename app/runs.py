"""The record of every run: what was asked, what each provider did, how it ended."""

from __future__ import annotations

import time
from collections.abc import Collection
from datetime import date
from enum import StrEnum

from app.database import process_label, writing
from app.models import ProviderRun, Run
from app.usage import day_number


class Status(StrEnum):
    """How a run, or a provider's part of it, stands."""

    RUNNING = "running"
    OK = "ok"
    FAILED = "failed"
    STOPPED = "stopped"
    INTERRUPTED = "interrupted"
    NOT_CONFIGURED = "not configured"


UNFINISHED = (Status.STOPPED, Status.INTERRUPTED)
ANEW = " --force"
"""Ends the kind of a run that goes on with nothing: what was read before it does not count."""


def now_seconds() -> int:
    """The present moment as epoch seconds."""
    return int(time.time())


def begin_run(kind: str, start: date, end: date) -> Run:
    """Log that a run begins. Only the holder of the sync lock may call this."""
    with writing():
        _mark_dead_runs()
        return Run.create(
            kind=kind,
            status=Status.RUNNING,
            start_day=day_number(start),
            end_day=day_number(end),
            started_at=now_seconds(),
            process=process_label(),
        )


def _mark_dead_runs() -> None:
    """Runs still "running" while we hold the lock died without a word."""
    for table in (Run, ProviderRun):
        table.update(status=Status.INTERRUPTED, finished_at=now_seconds()).where(
            table.status == Status.RUNNING
        ).execute()


def begin_provider(run: Run, provider: str, days_asked: int) -> ProviderRun:
    """Log that a provider's part of a run begins."""
    return ProviderRun.create(
        run=run,
        provider=provider,
        status=Status.RUNNING,
        started_at=now_seconds(),
        days_asked=days_asked,
    )


def finish_provider(part: ProviderRun, status: Status, *, kind: str = "", error: str = "") -> None:
    """Log how a provider's part ended, with all its counters."""
    part.status = status
    part.error_kind = kind
    part.error = error
    part.finished_at = now_seconds()
    part.save()


def finish_run(run: Run, parts: Collection[ProviderRun]) -> None:
    """Log how a run ended: as its worst part did."""
    statuses = {part.status for part in parts}
    worst = (Status.FAILED, Status.STOPPED, Status.OK, Status.NOT_CONFIGURED)
    run.status = next((status for status in worst if status in statuses), Status.OK)
    run.finished_at = now_seconds()
    run.save()


def running_run() -> Run | None:
    """The run that holds the sync lock now, as far as the log knows."""
    return Run.select().where(Run.status == Status.RUNNING).order_by(Run.id.desc()).first()


def resumable_from(kind: str, provider: str, within_seconds: int) -> int | None:
    """Id of the run that began the newest unbroken series of unfinished ones, or None.

    Days read by it and later runs need not be read again by one that goes on with the work.
    """
    first = None
    parts = (
        ProviderRun.select(Run.id, Run.kind, ProviderRun.status, ProviderRun.started_at)
        .join(Run)
        .where(
            Run.kind.in_((kind, kind + ANEW))
            & (ProviderRun.provider == provider)
            & (ProviderRun.status != Status.RUNNING)
        )
        .order_by(ProviderRun.id.desc())
    )
    for run_id, run_kind, status, started_at in parts.tuples().iterator():
        recent = started_at >= now_seconds() - within_seconds
        if status not in UNFINISHED or not recent:
            break
        first = run_id
        if run_kind != kind:
            break
    return first
