"""Due moments of the schedule that were taken, and runs of them that have ended."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime

from app import slots
from app.database import database as proxy
from app.locks import exclusive_lock
from app.models import Run, Slot
from app.runs import (
    begin_provider,
    begin_run,
    finish_provider,
    finish_run,
)
from app.states import RunStatus

DAY = date(2026, 10, 5)
NOW = datetime(2026, 10, 5, 6, 0, 30, tzinfo=UTC)
GOOD = (RunStatus.OK, "")


@contextmanager
def taken(day: date = DAY, now: datetime = NOW) -> Iterator[Slot]:
    """The due moment of a day, taken by the holder of the lock."""
    with exclusive_lock(proxy.obj, "sync"):
        slot = slots.take(day, now)
        assert slot is not None
        yield slot


def ended(slot: Slot, **parts: tuple[RunStatus, str]) -> Run:
    """A run of the due moment whose providers ended with (status, class of the error)."""
    run = begin_run("daily", DAY, DAY, slot=slot)
    logged = [begin_provider(run, name, 1) for name in parts]
    for part, (status, kind) in zip(logged, parts.values(), strict=True):
        finish_provider(part, status, kind=kind)
    finish_run(run, logged)
    return run
