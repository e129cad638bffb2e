"""The clock: in a serving process, it looks every half minute whether a sync is due.

Every worker has one. Which of them carries a due moment out is decided by its row in the
database (`app.slots`), so that it does not matter how many there are, or on how many hosts.
"""

from __future__ import annotations

import logging
import os
import random
import signal
import sys
from datetime import UTC, timedelta
from typing import TYPE_CHECKING

import click
from flask.helpers import get_debug_flag

from app import slots
from app.config import Config
from app.database import FAILURES, OutdatedSchema, database, require_current_schema
from app.dates import utc_now
from app.importing import forget_unfinished
from app.sync.background import is_stopping, start_work, stop_when_the_process_ends
from app.sync.order import DemoDatabase, SyncBusy
from app.sync.run import refuse_beside_demo
from app.sync.scheduled import configured_names, sync_due

if TYPE_CHECKING:
    from apscheduler.schedulers.background import BackgroundScheduler

log = logging.getLogger(__name__)

CHECK_SECONDS = 30
FIRST_CHECK_SECONDS = (1.0, 5.0)
"""Between these, at random, so that workers started together do not all ask at once."""
SERVERS = ("gunicorn", "waitress", "granian", "uvicorn", "uwsgi", "mod_wsgi")


def start_when_serving(config: Config) -> BackgroundScheduler | None:
    """Start the clock if this process serves requests; None when it does not, or must not.

    For `wsgi.py`, which `flask` loads for every command and servers in every worker.
    """
    if not is_serving():
        return None
    if _is_before_the_fork():
        # Threads do not survive a fork, and a lock held across it would never be freed.
        if config.scheduler:
            log.warning("The scheduled sync is off: it does not work with gunicorn's --preload.")
        return None
    stop_when_the_process_ends()
    return start(config) if config.scheduler else None


def start(config: Config) -> BackgroundScheduler:
    """Start the clock of this process."""
    # Commands load this module and need no clock, which is a tenth of what they would load.
    from apscheduler.schedulers.background import BackgroundScheduler
    from apscheduler.triggers.combining import OrTrigger
    from apscheduler.triggers.cron import CronTrigger
    from apscheduler.triggers.date import DateTrigger
    from apscheduler.triggers.interval import IntervalTrigger

    # What it has to say at lower levels is that it works.
    logging.getLogger("apscheduler").setLevel(logging.CRITICAL)
    at = config.sync_at
    first = utc_now() + timedelta(seconds=random.uniform(*FIRST_CHECK_SECONDS))  # noqa: S311
    trigger = OrTrigger(
        [
            CronTrigger(hour=at.hour, minute=at.minute, timezone=UTC),
            IntervalTrigger(seconds=CHECK_SECONDS, start_date=first, timezone=UTC),
        ]
    )
    clock = BackgroundScheduler(timezone=UTC)
    clock.add_job(
        check,
        trigger,
        args=[config, _Said()],
        # A look that comes late is still worth taking, but several missed ones are one.
        coalesce=True,
        max_instances=1,
        misfire_grace_time=None,
    )
    clock.add_job(tidy, DateTrigger(first), misfire_grace_time=None)
    clock.start()
    return clock


def tidy() -> None:
    """Delete what an import left behind whose process died."""
    try:
        with database.connection_context():
            forget_unfinished()
    except FAILURES as error:
        log.info("what a killed import left cannot be deleted yet: %s", error)


class _Said:
    """The last trouble that was told: the same one is not told every half minute."""

    def __init__(self) -> None:
        self.last = ""

    def tell(self, trouble: str) -> None:
        """Log a trouble once, until another or none takes its place."""
        if trouble and trouble != self.last:
            log.warning("The scheduled sync has to wait: %s", trouble)
        self.last = trouble


def check(config: Config, said: _Said) -> None:
    """Start the due sync, in a thread of its own, unless it is done, waits, or is under way."""
    if is_stopping() or not configured_names(config):
        return
    try:
        with database.connection_context():
            _start_if_due(config)
        said.tell("")
    except (DemoDatabase, OutdatedSchema) as error:
        said.tell(str(error))
    except FAILURES as error:
        said.tell(" ".join(f"the database does not answer: {error}".split()))
    except Exception:
        log.exception("looking for a due sync failed")


def _start_if_due(config: Config) -> None:
    require_current_schema()
    now = utc_now()
    slots.release_ahead(config.sync_at, now)
    day = slots.due_day(config.sync_at, now)
    if not slots.is_open(day, now):
        return
    refuse_beside_demo()
    try:
        start_work(lambda progress: sync_due(config, day, progress))
    except SyncBusy:
        log.info("a sync is running already; the scheduled one waits for its end")


def is_serving() -> bool:
    """Whether this process answers requests: a server's worker, or `flask run` itself."""
    if os.environ.get("FLASK_RUN_FROM_CLI") != "true":
        return any(server in sys.modules for server in SERVERS)
    context = click.get_current_context(silent=True)
    if context is None or context.info_name != "run":
        return False
    reload = context.params.get("reload")
    reloads = get_debug_flag() if reload is None else reload
    # With the reloader on, the first process only watches files.
    return not reloads or os.environ.get("WERKZEUG_RUN_MAIN") == "true"


def _is_before_the_fork() -> bool:
    """Whether this is gunicorn's master, which a worker's own signal handlers tell apart."""
    return "gunicorn" in sys.modules and signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
