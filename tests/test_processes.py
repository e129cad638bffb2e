"""Commands as real processes: killed, asked to stop, or started twice, they lose nothing."""

from __future__ import annotations

import random
import re
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path

import pytest
from peewee import JOIN, Database, fn

from app.config import Config, read_config
from app.database import database as proxy
from app.database import open_database, pending_migrations
from app.dates import day_number
from app.ledger import StoredDay
from app.locks import LockHeld, exclusive_lock
from app.models import TABLES, Partition, ProviderRun, Run, Usage
from app.rollups import TOKENS, refresh_everything
from app.runs import (
    begin_run,
)
from app.states import RunStatus
from app.sync import Progress, SyncBusy
from app.sync.run import sync_lock
from tests import commands
from tests.conftest import close
from tests.held import Held
from tests.invented import (
    assert_exact,
    configured,
    rollup_content,
    stored_content,
    sync,
    with_account,
)
from tests.killed import die_within, kill, started
from tests.postgres import PostgresServer
from tests.upstream import CLAUDE_CODE, Company, Upstream, true_totals

pytestmark = pytest.mark.process

FIRST = date(2026, 9, 1)
WINDOW = [FIRST + timedelta(offset) for offset in range(31)]
DAYS = WINDOW + [WINDOW[-1] + timedelta(offset) for offset in (1, 2, 3)]
FEW = WINDOW[:8]
PATIENCE = 30.0
"""Seconds to end in, however busy the machine; a held request would take a minute."""
MIGRATION_KILLS, MIGRATION_STEPS = 5, 40
"""How often migrations are killed, and after how many statements at most: there are 200."""
HOLDERS = """
    SELECT pid FROM pg_locks JOIN pg_database ON pg_database.oid = database
    WHERE locktype = 'advisory' AND datname = current_database()
"""


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    """Only Claude Code was used: Cursor's requests must be a second apart."""
    company = Company(heavy=60)
    for day in DAYS:
        company.clear(day, tool="cursor")
    with Upstream(company) as server:
        server.page_rows = 60
        yield server


@pytest.fixture
def live(config: Config, database: Database, upstream: Upstream) -> Config:
    return with_account(configured(config, upstream), "cursor", key=None)


@pytest.fixture
def settings(database_settings: dict[str, str], upstream: Upstream) -> dict[str, str]:
    return database_settings | commands.providers(upstream, "anthropic")


@pytest.fixture
def held() -> Iterator[Held]:
    fault = Held()
    yield fault
    fault.release()


def between(days: list[date]) -> tuple[str, ...]:
    return ("--from", str(days[0]), "--to", str(days[-1]))


def stamps() -> dict[int, list[int]]:
    """Records, tokens and value of every stored day, as its stamp says."""
    columns = (Partition.day, Partition.records, Partition.tokens, Partition.value_nanos)
    return {day: figures for day, *figures in Partition.select(*columns).tuples()}


def rows() -> dict[int, list[int]]:
    """The same, counted from the records themselves."""
    sums = (fn.COUNT(Usage.sequence), fn.SUM(TOKENS), fn.SUM(Usage.value_nanos))
    records = Partition.select(Partition.day, *sums).join(Usage, JOIN.LEFT_OUTER)
    query = records.group_by(Partition.id, Partition.day).tuples()
    return {day: [int(figure or 0) for figure in figures] for day, *figures in query}


def true_days(upstream: Upstream, days: list[date]) -> dict[int, list[int]]:
    """The same, as the provider has it now."""
    truth = true_totals(upstream.company, days[0], days[-1])
    sums = {day: truth.by_day[day, CLAUDE_CODE] for day in days}
    return {
        day_number(day): [found.records, found.total_tokens, found.value_nanos]
        for day, found in sums.items()
    }


def assert_whole_days(*allowed: dict[int, list[int]]) -> None:
    """Every stored day is as a whole in one of its allowed states; stamps and rollups agree."""
    stored = stamps()
    assert stored == rows()
    for day, figures in stored.items():
        assert figures in [state[day] for state in allowed], day
    rollups = rollup_content()
    with proxy.atomic() as transaction:
        refresh_everything()
        made_anew = rollup_content()
        transaction.rollback()
    assert made_anew == rollups


def assert_lock_is_free() -> None:
    try:
        with exclusive_lock(proxy.obj, "sync"):
            pass
    except LockHeld:
        pytest.fail("the lock of a dead process is still held")


def test_a_kill_at_any_moment_leaves_whole_days(
    live: Config, settings: dict[str, str], upstream: Upstream
) -> None:
    assert sync(live, FEW[0], FEW[-1]).ok
    chance, before = random.Random(7), true_days(upstream, FEW)
    states = [before]
    for done in range(len(FEW)):
        for day in FEW:
            upstream.company.revise(day, tool="claude_code")
        states.append(true_days(upstream, FEW))
        with started(settings, "backfill", *between(FEW), "--force") as process:
            for _ in range(done):
                process.stdout.readline()
            time.sleep(chance.random() * 0.02)
            kill(process)
        assert_lock_is_free()
        assert_whole_days(*states)
    assert sync(live, FEW[0], FEW[-1]).ok
    assert_exact(true_totals(upstream.company, FEW[0], FEW[-1]))
    ends = [run.status for run in Run.select().where(Run.id > 1).order_by(Run.id)]
    assert set(ends) <= {RunStatus.INTERRUPTED, RunStatus.OK}
    # The first state is stored by a run of its own; a kill may come before a run begins.
    assert ends.count(RunStatus.INTERRUPTED) > len(FEW) / 2


@pytest.mark.parametrize(
    ("path", "nth"), [("organizations/users", 1), ("usage_report", 1), ("usage_report", 2)]
)
def test_a_kill_while_an_answer_is_awaited_changes_nothing(
    live: Config, settings: dict[str, str], upstream: Upstream, held: Held, path: str, nth: int
) -> None:
    assert sync(live, FEW[0], FEW[-1]).ok
    before = stored_content()
    for day in FEW:
        upstream.company.revise(day, tool="claude_code")
    upstream.fault("anthropic", path, nth, held)
    with started(settings, "backfill", *between(FEW)) as process:
        held.wait()
        assert Run.select().order_by(Run.id.desc()).first().status == RunStatus.RUNNING
        kill(process)
    assert_lock_is_free()
    assert stored_content() == before
    assert sync(live, FEW[0], FEW[-1]).ok
    assert_exact(true_totals(upstream.company, FEW[0], FEW[-1]))
    statuses = [run.status for run in Run.select().order_by(Run.id)]
    assert statuses == [RunStatus.OK, RunStatus.INTERRUPTED, RunStatus.OK]
    parts = ProviderRun.select().where(ProviderRun.run == 2)
    assert [part.status for part in parts] == [RunStatus.INTERRUPTED]


def test_a_killed_backfill_goes_on_where_it_was(
    database: Database, settings: dict[str, str], upstream: Upstream, held: Held
) -> None:
    upstream.fault("anthropic", "usage_report", pages_of_a_window(upstream) + 1, held)
    with started(settings, "backfill", *between(DAYS)) as process:
        held.wait()
        kill(process)
    assert len(stamps()) == len(WINDOW)
    again = commands.run(settings, "backfill", *between(DAYS))
    assert again.returncode == 0, again.stderr
    assert f"going on where the last run ended, {len(WINDOW)} days are done" in again.stdout
    assert "anthropic 2026-09-30" not in again.stdout
    assert_exact(true_totals(upstream.company, DAYS[0], DAYS[-1]))


def test_a_killed_fresh_start_does_not_go_on_from_before_it(
    live: Config, settings: dict[str, str], upstream: Upstream, held: Held
) -> None:
    days_left = iter(FEW[:-2])
    stopping = Progress(should_stop=lambda: bool(stamps()) and next(days_left, None) is None)
    assert sync(live, FEW[0], FEW[-1], progress=stopping).run.status == RunStatus.STOPPED
    upstream.company.revise(FEW[0], tool="claude_code")
    upstream.fault("anthropic", "usage_report", 1, held)
    with started(settings, "backfill", *between(FEW), "--force") as process:
        held.wait()
        kill(process)
    assert sync(live, FEW[0], FEW[-1], resume=True).ok
    assert_exact(true_totals(upstream.company, FEW[0], FEW[-1]))


def pages_of_a_window(upstream: Upstream) -> int:
    """How many requests the first window takes with the present page size."""
    rows_of_days = [len(upstream.company.rows_on(day)) for day in WINDOW]
    upstream.page_rows = max(1000, sum(rows_of_days))
    return 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_asked_to_stop_it_ends_soon_and_goes_on_later(
    database: Database,
    settings: dict[str, str],
    upstream: Upstream,
    held: Held,
    number: signal.Signals,
) -> None:
    upstream.fault("anthropic", "usage_report", pages_of_a_window(upstream) + 1, held)
    with started(settings, "backfill", *between(DAYS)) as process:
        held.wait()
        asked = time.monotonic()
        process.send_signal(number)
        answer = commands.finish(process)
    assert time.monotonic() - asked < PATIENCE
    assert answer.returncode == 1
    assert answer.stderr == (
        "Stopping after the day in hand.\n"
        "Error: Anthropic: stopped as asked. Finished days are kept; run it again to go on.\n"
    )
    assert f"Anthropic: stopped, {len(WINDOW)} of {len(DAYS)} days" in answer.stdout
    assert [run.status for run in Run.select()] == [RunStatus.STOPPED]
    assert_whole_days(true_days(upstream, DAYS))
    held.release()
    again = commands.run(settings, "backfill", *between(DAYS))
    assert again.returncode == 0, again.stderr
    assert_exact(true_totals(upstream.company, DAYS[0], DAYS[-1]))


def test_asked_to_stop_between_two_days_it_keeps_the_days_it_named(
    database: Database, settings: dict[str, str], upstream: Upstream
) -> None:
    with started(settings, "backfill", *between(WINDOW)) as process:
        first = process.stdout.readline()
        process.terminate()
        answer = commands.finish(process)
    named = re.findall(r"^anthropic (\S+) new, ", first + answer.stdout, re.MULTILINE)
    assert sorted(stamps()) == [int(day.replace("-", "")) for day in named]
    assert_whole_days(true_days(upstream, WINDOW))
    # A machine that is slow in sending the signal may have let the work end.
    stopped = len(named) < len(WINDOW)
    assert answer.returncode == int(stopped)
    assert Run.get().status == (RunStatus.STOPPED if stopped else RunStatus.OK)


@pytest.mark.parametrize("database_engine", ["sqlite"])
def test_asked_to_stop_in_a_pause_between_requests_it_does_not_wait(
    database: Database, database_settings: dict[str, str], upstream: Upstream
) -> None:
    settings = database_settings | commands.providers(upstream, "cursor")
    upstream.fault("cursor", "", 1, (429, {"Retry-After": "100"}, b"{}"))
    with started(settings, "backfill", *between(DAYS)) as process:
        deadline = time.monotonic() + commands.SECONDS
        while not upstream.seen("cursor") and time.monotonic() < deadline:
            time.sleep(0.01)
        process.terminate()
        # A process that waited would still be there when this gives up.
        answer = commands.finish(process)
    assert answer.returncode == 1
    assert "Error: Cursor: stopped as asked." in answer.stderr
    assert len(upstream.seen("cursor")) == 1
    assert stamps() == {}


def test_a_second_sync_is_refused_while_one_runs(
    database: Database, settings: dict[str, str], upstream: Upstream, held: Held
) -> None:
    upstream.fault("anthropic", "usage_report", 1, held)
    with started(settings, "backfill", *between(FEW)) as process:
        held.wait()
        seen = len(upstream.log)
        second = commands.run(settings, "sync", *between(FEW))
        assert second.returncode == 1
        assert second.stdout == ""
        assert re.fullmatch(
            rf"Error: A sync is already running \(run 1, backfill, process {process.pid}@\S+\)\. "
            r"Try again when it has ended\.\n",
            second.stderr,
        )
        assert len(upstream.log) == seen
        held.release()
        assert commands.finish(process).returncode == 0
    assert [run.status for run in Run.select()] == [RunStatus.OK]
    assert_exact(true_totals(upstream.company, FEW[0], FEW[-1]))


def test_of_many_callers_in_one_process_one_runs(
    live: Config, upstream: Upstream, held: Held
) -> None:
    upstream.fault("anthropic", "usage_report", 1, held)
    refused = []

    def call() -> None:
        with proxy.connection_context():
            try:
                assert sync(live, FEW[0], FEW[-1], providers=("anthropic",)).ok
            except SyncBusy as busy:
                refused.append(busy)
                if len(refused) == 7:
                    held.release()

    with ThreadPoolExecutor(8) as pool:
        for future in [pool.submit(call) for _ in range(8)]:
            future.result(timeout=commands.SECONDS)
    assert len(refused) == 7
    assert [run.status for run in Run.select()] == [RunStatus.OK]
    assert_exact(true_totals(upstream.company, FEW[0], FEW[-1]))


@pytest.mark.parametrize("database_engine", ["postgres"])
def test_a_connection_that_the_server_cuts_fails_one_provider_only(
    config: Config, database: Database, upstream: Upstream, postgres_cluster: PostgresServer
) -> None:
    def cut(provider: str, day: date, stored: StoredDay) -> None:
        if (provider, day) == ("anthropic", FEW[2]):
            [session] = proxy.execute_sql("SELECT pg_backend_pid()").fetchone()
            postgres_cluster.execute(f"SELECT pg_terminate_backend({session})")

    both = configured(config, upstream)
    result = sync(both, FEW[0], FEW[-1], progress=Progress(on_day=cut))
    part = result.parts["anthropic"]
    assert (part.status, part.error_kind, part.days_done) == (RunStatus.FAILED, "database", 3)
    assert part.error.startswith("Anthropic: the database failed: ")
    assert part.error.isprintable()
    assert result.parts["cursor"].status == RunStatus.OK
    assert Run.get_by_id(result.run.id).status == RunStatus.FAILED
    assert sync(both, FEW[0], FEW[-1]).ok
    assert_exact(true_totals(upstream.company, FEW[0], FEW[-1]))


@pytest.mark.parametrize("database_engine", ["postgres"])
def test_a_run_that_lost_its_lock_writes_nothing_beside_the_next(
    config: Config, database: Database, upstream: Upstream, postgres_cluster: PostgresServer
) -> None:
    def lose_the_lock(provider: str, day: date, stored: StoredDay) -> None:
        if day == FEW[2]:
            [[holder]] = proxy.execute_sql(HOLDERS).fetchall()
            postgres_cluster.execute(f"SELECT pg_terminate_backend({holder})")
            with sync_lock():
                begin_run("sync", FEW[0], FEW[-1])

    both = configured(config, upstream)
    result = sync(both, FEW[0], FEW[-1], progress=Progress(on_day=lose_the_lock))
    for part in result.parts.values():
        assert (part.status, part.error_kind) == (RunStatus.FAILED, "database")
        assert "LockLost: the server cut the connection that held this run's lock" in part.error
    assert [part.days_done for part in result.parts.values()] == [3, 0]
    assert Partition.select().count() == 3
    assert sync(both, FEW[0], FEW[-1]).ok
    assert_exact(true_totals(upstream.company, FEW[0], FEW[-1]))


@pytest.fixture
def empty(empty_settings: dict[str, str], tmp_path: Path) -> Iterator[Database]:
    """The empty database, connected in this thread."""
    engine = open_database(read_config({"SECRET_KEY": "x" * 16, **empty_settings}, tmp_path))
    engine.connect()
    yield engine
    close(engine)


def test_many_processes_migrate_an_empty_database_together(
    empty_settings: dict[str, str],
) -> None:
    processes = [commands.start(empty_settings, "migrate") for _ in range(4)]
    answers = [commands.finish(process) for process in processes]
    assert [(answer.returncode, answer.stderr) for answer in answers] == [(0, "")] * 4
    said = sorted(answer.stdout.splitlines()[0] for answer in answers)
    assert said[0].startswith("Applied 0001_initial")
    assert set(said[1:]) == {"The database schema is current."}


MADE_BY = {
    "0001_initial": {"usage", "total_day", "meta"},
    "0002_access": {"login_session", "api_token", "login_try", "audit_event"},
    "0003_people": {"team"},
    "0004_mappings": {"mapping_change", "person_alias"},
    "0005_imports": {"import_batch", "imported_row"},
    "0006_schedule": {"slot"},
    "0009_tries": {"known_place"},
    "0012_day_versions": {"day_version"},
    "0013_person_spans": {"person_span"},
    "0016_prepared": {"actor_day"},
    "0018_workspace_days": {"workspace_day"},
    "0020_active_days": {"active_day"},
    "0021_running_sums": {"running_sum"},
}
WIDENED_BY = {"0007_uncounted": "uncounted_tokens", "0011_unbilled": "unbilled_tokens"}
ADDED_BY = {
    "0008_unseen": ("provider_run", {"unseen"}),
    "0010_owners": ("import_batch", {"owner_by", "owner_reason"}),
    "0014_unpriced_files": ("import_batch", {"unpriced_tokens"}),
    "0015_import_progress": (
        "import_batch",
        {"read_bytes", "whole_bytes", "touched_at", "busy_at"},
    ),
    "0019_organization_slices": ("slice", {"organization_id", "product"}),
}
INDEXED_BY = {"0017_fewer_indexes": ("person_month", "person_month_empty")}
WIDENED = {"person_day", "person_month", "total_day"}


def test_a_killed_migration_leaves_all_of_it_or_nothing(
    empty_settings: dict[str, str], empty: Database
) -> None:
    chance, ours = random.Random(11), {table._meta.table_name for table in TABLES}
    for _ in range(MIGRATION_KILLS):
        die_within(empty_settings, chance.randrange(5, MIGRATION_STEPS), "migrate")
        pending, tables = pending_migrations(), set(empty.get_tables())
        assert set(pending) <= {*MADE_BY, *WIDENED_BY, *ADDED_BY, *INDEXED_BY}
        for name, made in MADE_BY.items():
            assert made & tables == (set() if name in pending else made)
        columns = {
            name: {column.name for column in empty.get_columns(name)} for name in WIDENED & tables
        }
        for name, column in WIDENED_BY.items():
            wide = {table for table, found in columns.items() if column in found}
            assert wide == (set() if name in pending else WIDENED)
        for name, (table, added) in ADDED_BY.items():
            if table in tables:
                there = {column.name for column in empty.get_columns(table)} & added
                assert there == (set() if name in pending else added)
        for name, (table, index) in INDEXED_BY.items():
            if table in tables:
                there = {index.name for index in empty.get_indexes(table)}
                assert (index in there) == (name not in pending)
    answer = commands.run(empty_settings, "migrate")
    assert answer.returncode == 0, answer.stderr
    assert ours <= set(empty.get_tables())


@pytest.mark.parametrize("database_engine", ["postgres"])
def test_a_server_with_an_old_schema_is_left_alone(
    empty_settings: dict[str, str], empty: Database, upstream: Upstream
) -> None:
    settings = empty_settings | commands.providers(upstream, "anthropic")
    answer = commands.run(settings, "sync", *between(FEW))
    assert answer.returncode == 1
    assert answer.stderr == "Error: The database schema is out of date: run `flask migrate`.\n"
    assert empty.get_tables() == []
    assert upstream.log == []


@pytest.mark.parametrize("database_engine", ["sqlite"])
def test_an_embedded_database_migrates_itself(
    empty_settings: dict[str, str], empty: Database, upstream: Upstream
) -> None:
    settings = empty_settings | commands.providers(upstream, "anthropic")
    answer = commands.run(settings, "sync", *between(FEW))
    assert answer.returncode == 0, answer.stderr
    assert_exact(true_totals(upstream.company, FEW[0], FEW[-1]))
