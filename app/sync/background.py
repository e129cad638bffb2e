"""A sync in a thread of its own: at most one in this process, stopped when the process ends."""

from __future__ import annotations

import atexit
import logging
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from types import FrameType
from typing import Any

from app.config import Config
from app.database import database
from app.models import Run
from app.sync.order import DemoDatabase, Order, Progress, Result, SyncBusy
from app.sync.run import run_order

log = logging.getLogger(__name__)

STOP_SECONDS = 4.5
"""How long the end of the process waits for the day in hand."""

Work = Callable[[Progress], Result | None]


class Job:
    """One piece of work in a thread. `run` is known once it has begun, `result` when it ended."""

    def __init__(self, work: Work) -> None:
        self.run: Run | None = None
        self.result: Result | None = None
        self.error: Exception | None = None
        self.begun = threading.Event()
        self.ended = threading.Event()
        self._work = work

    def start(self) -> None:
        """Begin in a thread with a database connection of its own."""
        threading.Thread(target=self._carry_out, name="sync", daemon=True).start()

    def _carry_out(self) -> None:
        progress = Progress(should_stop=_stopping.is_set, on_run=self._on_run)
        try:
            with database.connection_context():
                self.result = self._work(progress)
        except Exception as error:
            self.error = error
            if self.run or not isinstance(error, SyncBusy | DemoDatabase):
                log.exception("the sync could not be carried out")
        finally:
            # In this order: whoever is told of the end finds the lock free.
            self.ended.set()
            self.begun.set()

    def _on_run(self, run: Run) -> None:
        self.run = run
        self.begun.set()


_stopping = threading.Event()
_guard = threading.Lock()
_job: Job | None = None


def start_sync(config: Config, order: Order, by: str) -> Run:
    """Begin an order in the background, asked for `by` somebody; its row in the log.

    Raises `SyncBusy` when a sync is running anywhere, `DemoDatabase`, and database errors.
    """
    job = start_work(lambda progress: run_order(config, replace(order, by=by), progress))
    job.begun.wait()
    if job.run is None:
        raise job.error or SyncBusy(None)
    return job.run


def start_work(work: Work) -> Job:
    """Begin work that syncs. Raises `SyncBusy` when this process is at such work already."""
    global _job
    with _guard:
        busy = _job if _job and not _job.ended.is_set() else None
        if busy is None:
            _job = Job(work)
            _job.start()
            return _job
    busy.begun.wait()
    if busy.run is None and isinstance(busy.error, SyncBusy):
        raise busy.error
    raise SyncBusy(busy.run)


def wait_for(run_id: int, seconds: float) -> Result | None:
    """The result of a run begun in this process, or None when it takes longer than `seconds`.

    Raises what ended the run before it could record its end.
    """
    job = _job
    if job is None or job.run is None or job.run.id != run_id:
        return None
    job.ended.wait(seconds)
    if job.error:
        raise job.error
    return job.result


def is_stopping() -> bool:
    """Whether this process is about to end."""
    return _stopping.is_set()


def stop_when_the_process_ends() -> None:
    """On SIGTERM, Ctrl-C and at the end of the process, let a sync end after the day in hand.

    Call it in the main thread of a serving process, after the server set its own handlers.
    """
    atexit.register(_stop_and_wait)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
        before = signal.getsignal(number)
        if callable(before) or (before == signal.SIG_DFL and number != signal.SIGQUIT):
            signal.signal(number, _stopping_first(before))
            # As servers have it: the signal must not break a request that is being answered.
            signal.siginterrupt(number, False)


def _stopping_first(before: Any) -> Callable[[int, FrameType | None], None]:
    def handler(number: int, frame: FrameType | None) -> None:
        _stopping.set()
        if callable(before):
            before(number, frame)
        else:
            # Not the default, which ends the process before the run is recorded as stopped.
            sys.exit(128 + number)

    return handler


def _stop_and_wait() -> None:
    _stopping.set()
    if _job:
        _job.ended.wait(STOP_SECONDS)
