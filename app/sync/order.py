"""What a sync is told to do, whom it tells how far it is, and how it ended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta

from app.ledger import StoredDay
from app.models import ProviderRun, Run, Slot
from app.states import RunStatus

SYNC_DAYS = 4
"""The daily window: the last 3 days and today."""


class SyncBusy(Exception):
    """Another sync is running; the message says which."""

    def __init__(self, run: Run | None) -> None:
        self.run_id: int | None = run.id if run else None
        number = f" (run {run.id}, {run.kind}, process {run.process})" if run else ""
        super().__init__(f"A sync is already running{number}. Try again when it has ended.")


class DemoDatabase(Exception):
    """The database holds invented usage; the message says what to do."""


@dataclass(frozen=True)
class Order:
    """What to do: a kind of run, days (both included), providers (empty = all of them).

    `by`: who asks, as people read it. `slot`: the due moment it is for.
    """

    kind: str
    start: date
    end: date
    providers: tuple[str, ...] = ()
    allow_empty: bool = False
    resume: bool = False
    by: str | None = None
    slot: Slot | None = None


@dataclass
class Progress:
    """Whom to tell, and whom to ask whether to stop."""

    on_day: Callable[[str, date, StoredDay], None] = lambda provider, day, stored: None
    on_start: Callable[[str, int, int], None] = lambda provider, days, skipped: None
    should_stop: Callable[[], bool] = lambda: False
    on_run: Callable[[Run], None] = lambda run: None


@dataclass
class Result:
    """How a run ended: the log rows of its providers, by name."""

    run: Run
    parts: dict[str, ProviderRun] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether everything asked for was done by at least one configured provider."""
        return self.run.status == RunStatus.OK


def daily_window(today: date) -> tuple[date, date]:
    """First and last day that a daily sync reads."""
    return today - timedelta(days=SYNC_DAYS - 1), today
