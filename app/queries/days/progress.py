"""How far runs are: the one under way, the newest, and the newest part at each provider."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import NamedTuple

from peewee import Expression

from app.dates import day_of, moment, moment_if_any
from app.models import ProviderRun, Run
from app.runs import active_run, clock_warning, standing_of
from app.states import RunKind, RunStatus


class PartProgress(NamedTuple):
    """A run's part at one provider; `current_day` is the day in hand.

    `warning`: what to say of the clocks, else "". `not_before`: until when the provider asked
    not to be called again.
    """

    provider: str
    status: str
    started_at: datetime
    finished_at: datetime | None
    days_asked: int
    days_done: int
    days_changed: int
    records_changed: int
    records_unchanged: int
    current_day: date | None
    error: str
    warning: str
    not_before: datetime | None


class RunProgress(NamedTuple):
    """A run as it stands. `under_way` is false as soon as its process is gone.

    An import of an empty file covers no days. `asked_by` is None when nobody is known to have,
    `scheduled`: it was begun for a due moment, `stopping`: somebody asked it to stop.
    """

    run_id: int
    kind: str
    status: str
    asked_by: str | None
    scheduled: bool
    start: date | None
    end: date | None
    started_at: datetime
    finished_at: datetime | None
    under_way: bool
    stopping: bool
    parts: list[PartProgress]


def run_progress(run_id: int) -> RunProgress | None:
    """How far a run is, from any process; None when there is no such run."""
    run = Run.get_or_none(Run.id == run_id)
    if run is None:
        return None
    active = active_run() if run.status == RunStatus.RUNNING else None
    under_way = active is not None and active.id == run.id
    parts = ProviderRun.select().where(ProviderRun.run == run).order_by(ProviderRun.id)
    return RunProgress(
        run_id=run.id,
        kind=run.kind,
        status=standing_of(run, active),
        asked_by=run.asked_by,
        scheduled=run.slot_id is not None,
        start=day_of(run.start_day) if run.start_day else None,
        end=day_of(run.end_day) if run.end_day else None,
        started_at=moment(run.started_at),
        finished_at=moment_if_any(run.finished_at),
        under_way=under_way,
        stopping=under_way and run.cancel_asked_at is not None,
        parts=[_part(part, active) for part in parts],
    )


def _part(part: ProviderRun, active: Run | None) -> PartProgress:
    return PartProgress(
        provider=part.provider,
        status=standing_of(part, active),
        started_at=moment(part.started_at),
        finished_at=moment_if_any(part.finished_at),
        days_asked=part.days_asked,
        days_done=part.days_done,
        days_changed=part.days_changed,
        records_changed=part.records_changed,
        records_unchanged=part.records_unchanged,
        current_day=day_of(part.current_day) if part.current_day else None,
        error=part.error,
        warning=clock_warning(part),
        not_before=moment_if_any(part.not_before),
    )


def present_run() -> RunProgress | None:
    """The run under way, else the newest that read from a provider: the demo's read from none."""
    active = active_run()
    if active:
        return run_progress(active.id)
    return _newest((Run.kind != RunKind.DEMO) & (ProviderRun.status != RunStatus.NOT_CONFIGURED))


def newest_run() -> RunProgress | None:
    """The newest run that was about days of providers, whether or not any was configured."""
    return _newest(Run.start_day > 0)


def _newest(where: Expression) -> RunProgress | None:
    parts = ProviderRun.select(ProviderRun.run).join(Run).where(where)
    found = parts.order_by(ProviderRun.id.desc()).limit(1).tuples()
    return next((run_progress(number) for (number,) in found), None)


def newest_parts(providers: Iterable[str]) -> dict[str, PartProgress]:
    """The newest part of a run of every provider that was asked anything."""
    active = active_run()
    asked = ProviderRun.select().where(ProviderRun.status != RunStatus.NOT_CONFIGURED)
    newest = (
        asked.where(ProviderRun.provider == name).order_by(ProviderRun.id.desc()).first()
        for name in providers
    )
    return {part.provider: _part(part, active) for part in newest if part}
