"""A whole run: one at a time on a database, provider by provider, each on its own."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

from peewee import PeeweeException

from app.config import Config
from app.database import database, describe
from app.ledger import holds_demo
from app.locks import LockHeld, exclusive_lock
from app.models import Run
from app.providers import PROVIDERS
from app.runs import (
    SYNC_LOCK,
    begin_provider,
    begin_run,
    cancel_asked,
    finish_provider,
    finish_run,
    running_run,
)
from app.states import RunStatus
from app.sync.order import DemoDatabase, Order, Progress, Result, SyncBusy
from app.sync.provider import run_provider, stopped_sentence
from app.upstream import Limits

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
"""How often a run looks whether somebody asked it to stop."""
BEGIN_SECONDS = 2.0
"""How long the holder of the lock may take to write its run into the log."""


def run_order(
    config: Config, order: Order, progress: Progress | None = None, limits: Limits | None = None
) -> Result:
    """Carry out an order. One run at a time on a database: else `SyncBusy`.

    A provider's failure is recorded in its part and never touches the other one.
    """
    with sync_lock():
        return carry_out(config, order, progress or Progress(), limits)


@contextmanager
def sync_lock() -> Iterator[None]:
    """Be the one that syncs, or raise `SyncBusy`."""
    with ExitStack() as held:
        try:
            held.enter_context(exclusive_lock(database.obj, SYNC_LOCK))
        except LockHeld:
            raise SyncBusy(_holder()) from None
        yield


def _holder() -> Run | None:
    """The run of whoever holds the lock, which may be just about to begin it."""
    deadline = time.monotonic() + BEGIN_SECONDS
    while (run := running_run()) is None and time.monotonic() < deadline:
        time.sleep(0.05)
    return run


def carry_out(
    config: Config, order: Order, progress: Progress, limits: Limits | None = None
) -> Result:
    """Carry out an order as the holder of the sync lock."""
    refuse_beside_demo()
    run = begin_run(order.kind, order.start, order.end, by=order.by, slot=order.slot)
    progress.on_run(run)
    stop = _StopAsked(run, progress.should_stop)
    return _run_providers(config, order, Result(run), replace(progress, should_stop=stop), limits)


def refuse_beside_demo() -> None:
    """Real figures must not be added to invented ones: raise `DemoDatabase`."""
    if holds_demo():
        raise DemoDatabase(
            f"The database ({describe()}) holds the demo company, and real usage must not mix "
            "with it. Name an empty database with SQLITE_PATH or POSTGRES_URL."
        )


class _StopAsked:
    """Whether to stop: as the process says, or somebody anywhere who cancelled the run."""

    def __init__(self, run: Run, should_stop: Callable[[], bool]) -> None:
        self._run = run
        self._should_stop = should_stop
        self._cancelled = False
        self._next_look = 0.0

    def __call__(self) -> bool:
        if not self._cancelled and time.monotonic() >= self._next_look:
            self._next_look = time.monotonic() + LOOK_SECONDS
            self._cancelled = self._look()
        return self._cancelled or self._should_stop()

    def _look(self) -> bool:
        try:
            return cancel_asked(self._run.id)
        except PeeweeException:
            # Work that needs the database says so itself, in its own words.
            log.info("cannot see whether run %d is to stop", self._run.id, exc_info=True)
            return False


def _run_providers(
    config: Config, order: Order, result: Result, progress: Progress, limits: Limits | None
) -> Result:
    for provider in PROVIDERS:
        if order.providers and provider.NAME not in order.providers:
            continue
        part = begin_provider(result.run, provider.NAME, (order.end - order.start).days + 1)
        result.parts[provider.NAME] = part
        if not config.provider_key(provider.NAME):
            finish_provider(part, RunStatus.NOT_CONFIGURED)
        elif progress.should_stop():
            finish_provider(part, RunStatus.STOPPED, error=stopped_sentence(provider))
        else:
            run_provider(config, order, provider, part, progress, limits)
    finish_run(result.run, result.parts.values())
    return result
