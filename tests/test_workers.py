"""Real servers with several workers: a due sync runs once, whoever is killed or stopped."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests
from peewee import Database

from app.dates import day_number, day_of, utc_today
from app.models import ProviderRun, Run, Slot
from app.states import RunStatus, SlotStatus
from tests import commands
from tests.held import Held
from tests.invented import assert_exact
from tests.upstream import Company, Upstream, true_totals
from tests.workers import (
    looks_of,
    reports,
    serving,
    statuses,
    wait_for_looks,
    wait_for_slot,
)

pytestmark = pytest.mark.process

PATIENCE = 20.0
"""Seconds to end in, however busy the machine: a held request would take a minute, gunicorn kills
what has not ended after 30 seconds."""
WORKERS = {"sqlite": 2, "postgres": 3}
SECRET = "a secret for cron"
CALLERS, COMMANDS = 32, 4


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    """Only Claude Code was used: Cursor's requests must be a second apart."""
    company = Company(heavy=60, ordinary=0)
    for back in range(32):
        company.clear(utc_today() - timedelta(back), tool="cursor")
    with Upstream(company) as server:
        yield server


@pytest.fixture
def held() -> Iterator[Held]:
    fault = Held()
    yield fault
    fault.release()


@pytest.fixture
def settings(
    database: Database, database_settings: dict[str, str], upstream: Upstream
) -> dict[str, str]:
    """A sync has been due for a minute."""
    keys = commands.providers(upstream, "anthropic")
    return database_settings | keys | {"SYNC_AT": minutes_from_now(-1), "CRON_SECRET": SECRET}


def minutes_from_now(minutes: int) -> str:
    return f"{datetime.now(UTC) + timedelta(minutes=minutes):%H:%M}"


def test_a_due_sync_runs_once_however_many_workers_there_are(
    settings: dict[str, str], upstream: Upstream, database_engine: str, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    with serving(settings, log, WORKERS[database_engine]) as (url, _):
        wait_for_slot()
        wait_for_looks(log, WORKERS[database_engine])
        state = requests.get(f"{url}/api/sync", timeout=60).json()
    assert statuses() == [RunStatus.OK]
    assert reports(upstream) == 1
    assert len(upstream.log) == ProviderRun.get(ProviderRun.provider == "anthropic").requests
    assert state["lastRun"]["askedBy"] == "schedule"
    assert_exact(true_totals(upstream.company, day_of(Run.get().start_day), utc_today()))
    assert log.read_text() == ""


def test_what_was_due_while_all_were_down_is_made_up_once(
    settings: dict[str, str], upstream: Upstream, database_engine: str, tmp_path: Path
) -> None:
    workers, log = WORKERS[database_engine], tmp_path / "log"
    with serving(settings, log, workers):
        wait_for_slot()
    assert reports(upstream) == 1
    due = day_of(Slot.get().day)
    # As if that had been the day before, and nobody there when this day's was due.
    Slot.update(day=day_number(due - timedelta(1))).execute()
    with serving(settings, log, workers):
        wait_for_slot(count=2)
        wait_for_looks(log, workers)
    assert statuses() == [RunStatus.OK, RunStatus.OK]
    assert reports(upstream) == 2
    assert sorted(day_of(slot.day) for slot in Slot.select()) == [due - timedelta(1), due]


def test_one_that_is_killed_in_the_middle_is_taken_over(
    settings: dict[str, str],
    upstream: Upstream,
    held: Held,
    database_engine: str,
    tmp_path: Path,
) -> None:
    upstream.fault("anthropic", "usage_report", 1, held)
    workers, log = WORKERS[database_engine], tmp_path / "log"
    with serving(settings, log, workers):
        held.wait()
        os.kill(int(Run.get().process.partition("@")[0]), signal.SIGKILL)
        wait_for_slot()
        # One of them has taken the place of the killed one.
        wait_for_looks(log, workers)
    assert statuses() == [RunStatus.INTERRUPTED, RunStatus.OK]
    assert Run.get_by_id(1).process != Run.get_by_id(2).process
    # The first request is still held: one that is not answered yet is not in the record.
    assert reports(upstream) == 1
    assert Slot.get().failures == 1
    assert_exact(true_totals(upstream.company, day_of(Run.get().start_day), utc_today()))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_server_that_is_stopped_ends_soon_and_the_next_goes_on(
    settings: dict[str, str],
    upstream: Upstream,
    held: Held,
    database_engine: str,
    tmp_path: Path,
    number: signal.Signals,
) -> None:
    upstream.fault("anthropic", "usage_report", 1, held)
    workers, log = WORKERS[database_engine], tmp_path / "log"
    with serving(settings, log, workers) as (_, process):
        held.wait()
        asked = time.monotonic()
        process.send_signal(number)
        process.wait(commands.SECONDS)
    assert time.monotonic() - asked < PATIENCE
    assert statuses() == [RunStatus.STOPPED]
    assert Slot.get().status == SlotStatus.STOPPED
    held.release()
    with serving(settings, log, workers):
        wait_for_slot()
    assert statuses() == [RunStatus.STOPPED, RunStatus.OK]
    assert "Traceback" not in log.read_text()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("database_engine", ["sqlite"])
def test_flask_run_ends_as_cleanly(
    settings: dict[str, str], upstream: Upstream, held: Held, number: signal.Signals
) -> None:
    upstream.fault("anthropic", "usage_report", 1, held)
    with commands.start(settings, "run", "--port", "0") as process:
        try:
            held.wait()
        except BaseException:
            process.kill()
            raise
        asked = time.monotonic()
        process.send_signal(number)
        answer = commands.finish(process)
    assert time.monotonic() - asked < PATIENCE
    assert statuses() == [RunStatus.STOPPED]
    assert "Traceback" not in answer.stderr


@pytest.mark.parametrize("database_engine", ["sqlite"])
def test_a_request_that_waits_for_its_sync_ends_with_the_server(
    settings: dict[str, str], upstream: Upstream, held: Held, tmp_path: Path
) -> None:
    upstream.fault("anthropic", "usage_report", 1, held)
    off = settings | {"SCHEDULER": "off"}
    with ThreadPoolExecutor(1) as pool, serving(off, tmp_path / "log", 1) as (url, process):
        answer = pool.submit(requests.post, f"{url}/api/sync", timeout=commands.SECONDS)
        held.wait()
        asked = time.monotonic()
        process.terminate()
        result = answer.result(commands.SECONDS).json()
        process.wait(commands.SECONDS)
    assert time.monotonic() - asked < PATIENCE
    assert result["success"] is False
    assert "stopped as asked" in result["result"]["anthropic"]["errors"][0]


@pytest.mark.parametrize("option", ["off", "preload"])
@pytest.mark.parametrize("database_engine", ["sqlite"])
def test_a_server_without_a_clock_syncs_only_when_asked(
    settings: dict[str, str], upstream: Upstream, tmp_path: Path, option: str
) -> None:
    options = ("--preload",) if option == "preload" else ()
    off = settings | ({} if options else {"SCHEDULER": "off"})
    log = tmp_path / "log"
    with serving(off, log, 1, *options) as (url, _):
        assert looks_of(log).read_text().endswith(" no clock\n")
        assert Run.select().count() == 0
        assert requests.post(f"{url}/api/sync", timeout=60).json()["success"] is True
    assert statuses() == [RunStatus.OK]
    assert ("--preload" in log.read_text()) == bool(options)


@pytest.mark.parametrize("database_engine", ["sqlite"])
def test_without_providers_the_clock_is_silent(
    database: Database, database_settings: dict[str, str], tmp_path: Path
) -> None:
    log = tmp_path / "log"
    with serving(database_settings | {"SYNC_AT": minutes_from_now(-1)}, log, 1):
        wait_for_looks(log, 1)
    assert Run.select().count() == Slot.select().count() == 0
    assert log.read_text() == ""


def test_of_32_callers_at_once_one_syncs(
    settings: dict[str, str],
    upstream: Upstream,
    held: Held,
    database_engine: str,
    tmp_path: Path,
) -> None:
    upstream.fault("anthropic", "usage_report", 1, held)
    off = settings | {"SCHEDULER": "off"}
    refused, answers = [], []

    def ask(number: int, url: str) -> None:
        code, said = command(off) if number < COMMANDS else WAYS[number % len(WAYS)](url)
        answers.append((code, said))
        if code in (1, 409):
            refused.append(number)
        if len(refused) == CALLERS - 1:
            held.release()

    with (
        serving(off, tmp_path / "log", WORKERS[database_engine]) as (url, _),
        ThreadPoolExecutor(CALLERS) as pool,
    ):
        for asked in [pool.submit(ask, number, url) for number in range(CALLERS)]:
            asked.result(commands.SECONDS)
        wait_until_idle(url)
    assert len(refused) == CALLERS - 1
    assert statuses() == [RunStatus.OK]
    assert reports(upstream) == 1
    for code, said in answers:
        if code in (1, 409):
            assert "already running (run 1, sync, " in said
    [code] = [code for code, _ in answers if code not in (1, 409)]
    assert code in (0, 200, 303)


def command(settings: dict[str, str]) -> tuple[int, str]:
    """`flask sync`: its exit code and what it complains of."""
    done = commands.run(settings, "sync")
    return done.returncode, done.stderr


def call(url: str) -> tuple[int, str]:
    """The API."""
    answer = requests.post(f"{url}/api/sync", timeout=commands.SECONDS)
    assert answer.json()["runId"] == 1
    return answer.status_code, answer.text


def cron(url: str) -> tuple[int, str]:
    """A scheduler outside."""
    headers = {"Authorization": f"Bearer {SECRET}"}
    answer = requests.get(f"{url}/api/cron/sync", headers=headers, timeout=commands.SECONDS)
    assert answer.json()["runId"] == 1
    return answer.status_code, answer.text


def button(url: str) -> tuple[int, str]:
    """The button in the page, as a browser without JavaScript presses it."""
    with requests.Session() as browser:
        page = browser.get(f"{url}/status/sync", timeout=commands.SECONDS).text
        token = {"csrf_token": re.search(r'name="csrf_token"\s+value="(\w+)"', page)[1]}
        address = f"{url}/status/sync"
        answer = browser.post(address, token, allow_redirects=False, timeout=commands.SECONDS)
        return answer.status_code, answer.text


WAYS = (call, cron, button)


def wait_until_idle(url: str) -> None:
    deadline = time.monotonic() + commands.SECONDS
    while requests.get(f"{url}/api/sync", timeout=60).json()["running"]:
        assert time.monotonic() < deadline
        time.sleep(0.05)
