"""The schedule: what a due sync reads, when it waits, and which process has a clock."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from peewee import Database

from app import slots
from app.config import Config
from app.database import database as proxy
from app.dates import day_number, day_of, utc_now, utc_today
from app.demo import write_demo
from app.locks import exclusive_lock
from app.models import Partition, ProviderRun, Run, Slot
from app.runs import (
    begin_run,
    clock_warning,
)
from app.scheduler import check, start, start_when_serving
from app.states import RunStatus, SlotStatus
from app.sync import DemoDatabase, Progress, SyncBusy, start_sync
from app.sync.order import Order
from app.sync.scheduled import sync_due
from tests import commands
from tests.due import DAY, GOOD, NOW, ended, taken
from tests.invented import configured, sync, with_account
from tests.upstream import Company, Upstream


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with Upstream(Company(heavy=60)) as server:
        yield server


@pytest.fixture
def live(config: Config, database: Database, upstream: Upstream) -> Config:
    """Only Anthropic is configured: its requests need not be spaced."""
    return with_account(configured(config, upstream), "cursor", key=None)


def test_the_first_sync_reads_31_days_and_the_next_the_last_four(live: Config) -> None:
    today = utc_today()
    first = sync_due(live, today - timedelta(1), Progress())
    assert (first.run.kind, first.run.asked_by) == ("weekly", "schedule")
    assert day_of(first.run.start_day) == today - timedelta(30)
    second = sync_due(live, today, Progress())
    assert second.run.kind == "daily"
    assert (day_of(second.run.start_day), day_of(second.run.end_day)) == (
        today - timedelta(3),
        today,
    )
    assert sync_due(live, today, Progress()) is None
    assert Run.select().count() == 2
    assert {slot.status for slot in Slot.select()} == {SlotStatus.OK}


def test_days_that_were_missed_are_made_up(live: Config) -> None:
    today = utc_today()
    with taken(today - timedelta(1)) as slot:
        slots.settle(slot, ended(slot, anthropic=GOOD), ("anthropic",), NOW)
    assert sync(live, today - timedelta(12), today - timedelta(9)).ok
    result = sync_due(live, today, Progress())
    assert day_of(result.run.start_day) == today - timedelta(8)
    stored = {day for (day,) in Partition.select(Partition.day).tuples()}
    assert stored == {day_number(today - timedelta(back)) for back in range(13)}


def test_only_what_failed_is_read_again(
    config: Config, database: Database, upstream: Upstream
) -> None:
    both = configured(config, upstream)
    upstream.fault("cursor", "", 1, (500, {"x-should-retry": "false"}, b"{}"), times=None)
    result = sync_due(both, utc_today(), Progress())
    assert {name: part.status for name, part in result.parts.items()} == {
        "anthropic": RunStatus.OK,
        "cursor": RunStatus.FAILED,
    }
    assert sync_due(both, utc_today(), Progress()) is None
    Slot.update(retry_at=0).execute()
    upstream.clear_faults()
    asked = len(upstream.seen("anthropic"))
    again = sync_due(both, utc_today(), Progress())
    assert list(again.parts) == ["cursor"]
    assert again.run.kind == "weekly"
    assert again.ok
    assert len(upstream.seen("anthropic")) == asked
    assert Slot.get().status == SlotStatus.OK


def test_a_long_retry_after_is_kept_and_honoured(live: Config, upstream: Upstream) -> None:
    upstream.fault("anthropic", "", 1, (429, {"Retry-After": "7200"}, b"{}"))
    result = sync_due(live, utc_today(), Progress())
    until = result.parts["anthropic"].not_before
    assert abs(until - utc_now().timestamp() - 7200) < 60
    assert "it asks to wait until" in result.parts["anthropic"].error
    assert Slot.get().retry_at == until
    asked = len(upstream.log)
    tomorrow = utc_today() + timedelta(1)
    assert sync_due(live, tomorrow, Progress()) is None
    assert len(upstream.log) == asked
    waiting = Slot.get(Slot.day == day_number(tomorrow))
    assert (waiting.status, waiting.retry_at) == (SlotStatus.WAITING, until)
    assert Run.select().count() == 1


def test_a_clock_that_is_wrong_is_noticed(live: Config, upstream: Upstream) -> None:
    late = datetime.now(UTC) + timedelta(minutes=10)

    def later(exchange):
        date_of_ten_minutes_on = late.strftime("%a, %d %b %Y %H:%M:%S GMT")
        return replace(exchange.answer, headers={"Date": date_of_ten_minutes_on})

    today = utc_today()
    assert abs(sync(live, today, today).parts["anthropic"].clock_skew_seconds) < 60
    upstream.fault("anthropic", "", 1, later, times=None)
    skew = sync(live, today, today).parts["anthropic"].clock_skew_seconds
    assert 500 < skew < 700
    assert ProviderRun.get_by_id(2).clock_skew_seconds is None
    said = [clock_warning(one) for one in ProviderRun.select().order_by(ProviderRun.id)]
    assert [bool(warning) for warning in said] == [False, False, True, False]
    assert f"{skew} seconds behind the provider's" in said[2]


def test_it_gives_way_to_a_sync_that_is_running(live: Config) -> None:
    with exclusive_lock(proxy.obj, "sync"):
        begin_run("backfill", DAY, DAY)
        with pytest.raises(SyncBusy):
            sync_due(live, utc_today(), Progress())
    assert Slot.select().count() == 0
    assert sync_due(live, utc_today(), Progress()).ok


class Told:
    """What the clock would have logged."""

    def __init__(self) -> None:
        self.troubles: list[str] = []

    def tell(self, trouble: str) -> None:
        self.troubles.append(trouble)


def test_without_providers_nothing_happens_at_all(config: Config, database: Database) -> None:
    said = Told()
    check(config, said)
    assert said.troubles == []
    assert Run.select().count() == Slot.select().count() == 0


def test_beside_the_demo_company_nothing_is_read(live: Config, upstream: Upstream) -> None:
    write_demo(3, 2, now=utc_now(), email_domain="example.com", progress=lambda *_: None)
    said = Told()
    proxy.close()
    check(live, said)
    assert "demo company" in said.troubles[0]
    assert upstream.log == []
    with proxy.connection_context():
        assert Slot.select().count() == 0
    with pytest.raises(DemoDatabase):
        start_sync(live, Order("sync", DAY, DAY), "a test")


def test_a_database_that_is_down_is_waited_for() -> None:
    from app.database import open_database

    nowhere = Config(postgres_url="postgresql://me:hush@127.0.0.1:1/none")
    config = with_account(nowhere, "anthropic", key="key")
    open_database(config)
    said = Told()
    check(config, said)
    [trouble] = said.troubles
    assert trouble.startswith("the database does not answer: ")
    assert "hush" not in trouble


def test_the_clock_starts_and_stops(config: Config, database: Database) -> None:
    clock = start(config)
    jobs = clock.get_jobs()
    assert {job.name for job in jobs} == {"check", "tidy"}
    assert all(job.next_run_time - utc_now() < timedelta(seconds=35) for job in jobs)
    clock.shutdown()


def test_a_process_that_does_not_serve_has_no_clock(config: Config) -> None:
    assert start_when_serving(config) is None


@pytest.mark.process
@pytest.mark.parametrize("arguments", [("routes",), ("migrate",), ("--help",)])
def test_a_command_starts_no_clock(arguments: tuple[str, ...], tmp_path) -> None:
    script = (
        "import sys, threading, atexit; from flask.cli import main; "
        "atexit.register(lambda: print([t.name for t in threading.enumerate()])); "
        f"sys.argv = ['flask', '--app', 'wsgi', *{arguments!r}]; main()"
    )
    answer = subprocess.run(
        [sys.executable, "-c", script],
        cwd=commands.ROOT,
        env=commands.environment({"SQLITE_PATH": str(tmp_path / "x.db")}),
        capture_output=True,
        text=True,
        timeout=commands.SECONDS,
    )
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.splitlines()[-1] == "['MainThread']"
