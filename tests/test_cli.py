"""The commands: what they do, what they say and the exit code they end with."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from click.testing import Result
from flask.testing import FlaskCliRunner

from app import create_app
from app.config import Config, read_config
from app.database import database as proxy
from app.database import migrate
from app.dates import day_of, utc_today
from app.locks import exclusive_lock
from app.models import Partition, ProviderRun, Run
from tests import commands
from tests.conftest import close
from tests.invented import assert_exact, configured, stored_content, with_account
from tests.upstream import Company, Upstream, true_totals

MONDAY, TUESDAY = date(2026, 10, 5), date(2026, 10, 6)
RANGE = ("--from", str(MONDAY), "--to", str(TUESDAY))
REFUSED = (401, {}, b'{"type":"error","error":{"type":"x","message":"no such luck"}}')


class Commands:
    """The commands of an application in this process; call it as one calls `flask`."""

    def __init__(self, config: Config) -> None:
        self.runner: FlaskCliRunner = create_app(config).test_cli_runner()

    def __call__(self, *arguments: str) -> Result:
        return self.runner.invoke(args=list(arguments))


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with Upstream(Company(heavy=60)) as server:
        yield server


@pytest.fixture
def flask(config: Config, upstream: Upstream) -> Iterator[Commands]:
    """Both providers are configured."""
    yield Commands(configured(config, upstream))
    close(proxy.obj)


@pytest.fixture
def claude_only(config: Config, upstream: Upstream) -> Iterator[Commands]:
    """Only Anthropic is configured: its requests need not be spaced."""
    yield Commands(with_account(configured(config, upstream), "cursor", key=None))
    close(proxy.obj)


@pytest.fixture
def unreachable() -> Iterator[Commands]:
    """The database is down."""
    config = Config(postgres_url="postgresql://me:hush@127.0.0.1:1/none", secret_key="x" * 16)
    yield Commands(config)
    close(proxy.obj)


def asked_days() -> list[tuple[str, date, date]]:
    """Kind, first and last day of every run, the oldest first."""
    with proxy.connection_context():
        runs = Run.select().order_by(Run.id)
        return [(run.kind, day_of(run.start_day), day_of(run.end_day)) for run in runs]


def stored_days() -> list[tuple[str, int]]:
    with proxy.connection_context():
        return sorted(Partition.select(Partition.source, Partition.day).tuples())


def test_backfills_a_range_and_says_so_line_by_line(flask: Commands, upstream: Upstream) -> None:
    answer = flask("backfill", *RANGE)
    assert (answer.exit_code, answer.stderr) == (0, "")
    lines = answer.stdout.splitlines()
    days = [line.split(" ")[:3] for line in lines if re.match(r"\w+ 2026-", line)]
    assert days == [
        ["anthropic", "2026-10-05", "new,"],
        ["anthropic", "2026-10-06", "new,"],
        ["cursor", "2026-10-05", "new,"],
        ["cursor", "2026-10-06", "new,"],
    ]
    assert [line for line in lines if line.startswith("Cursor: ok, 2 of 2 days, 2 changed, ")]
    with proxy.connection_context():
        assert_exact(true_totals(upstream.company, MONDAY, TUESDAY))


def test_a_second_sync_changes_nothing(claude_only: Commands) -> None:
    assert claude_only("sync", *RANGE).exit_code == 0
    with proxy.connection_context():
        before = stored_content()
    answer = claude_only("sync", *RANGE)
    assert answer.exit_code == 0
    assert "Anthropic: ok, 2 of 2 days, 0 changed" in answer.stdout
    assert answer.stdout.count("unchanged, ") == 2
    with proxy.connection_context():
        assert stored_content() == before


@pytest.mark.parametrize(
    ("arguments", "days"),
    [
        (("sync",), 4),
        (("backfill",), 30),
        (("sync", "--days", "1"), 1),
        (("backfill", "--days", "3"), 3),
        (("backfill", "--from", str(utc_today() - timedelta(days=4))), 5),
    ],
)
def test_reads_up_to_today_by_default(
    arguments: tuple[str, ...], days: int, claude_only: Commands
) -> None:
    before = utc_today()
    answer = claude_only(*arguments)
    assert answer.exit_code == 0, answer.output
    [(kind, start, end)] = asked_days()
    assert kind == arguments[0]
    assert before <= end <= utc_today()
    if "--from" not in arguments:
        assert (end - start).days == days - 1
    assert len(stored_days()) == (end - start).days + 1


def test_reads_only_the_provider_asked_for(flask: Commands, upstream: Upstream) -> None:
    answer = flask("sync", *RANGE, "--provider", "anthropic")
    assert answer.exit_code == 0
    assert "Cursor" not in answer.output
    assert upstream.seen("cursor") == []
    assert [source for source, _ in stored_days()] == ["messages", "messages"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("sync --days 0", "0 is not in the range"),
        ("sync --days 4000", "4000 is not in the range"),
        ("backfill --days many", "'many' is not a valid integer"),
        ("sync --from 2026-02-30 --to 2026-03-01", "'2026-02-30' is not a day written YYYY-MM-DD."),
        ("backfill --from 20261005", "'20261005' is not a day written YYYY-MM-DD."),
        ("backfill --from ٢٠٢٦-10-05", "is not a day written YYYY-MM-DD."),
        ("backfill --from 1999-12-31 --to 2000-01-02", "1999-12-31"),
        ("sync --from 2026-10-06 --to 2026-10-05", "--from 2026-10-06 is after --to 2026-10-05."),
        ("sync --from 2026-10-05 --to 2999-01-01", "--to 2999-01-01 has not come yet: today is"),
        ("backfill --from 2999-01-01", "--from 2999-01-01 is after --to"),
        ("sync --from 2026-10-05", "--from and --to go together."),
        ("sync --to 2026-10-05", "--from and --to go together."),
        ("backfill --to 2026-10-05", "--to needs --from."),
        ("backfill --days 3 --from 2026-10-05", "Use either --days or --from and --to."),
        ("backfill --from 2010-01-01 --to 2026-01-01", "more than 3660 days"),
        ("sync --provider copilot", "'copilot' is not one of 'anthropic', 'cursor'"),
        ("sync --nonsense", "No such option"),
        ("backfill extra", "unexpected extra argument"),
        ("demo --people 0", "0 is not in the range"),
        ("nonsense", "No such command 'nonsense'"),
    ],
)
def test_wrong_use_is_told_even_without_a_database(
    arguments: str, sentence: str, unreachable: Commands
) -> None:
    answer = unreachable(*arguments.split(" "))
    assert answer.exit_code == 2
    assert sentence in answer.stderr
    assert answer.stdout == ""


@pytest.mark.parametrize("command", ["migrate", "sync", "backfill", "demo"])
def test_a_database_that_is_down_is_one_line(command: str, unreachable: Commands) -> None:
    answer = unreachable(command)
    assert answer.exit_code == 1
    assert answer.stderr.startswith("Error: POSTGRES_URL: PostgreSQL none: ")
    assert answer.stderr.count("\n") == 1
    assert "hush" not in answer.output


def test_without_any_provider_nothing_is_read(config: Config) -> None:
    flask = Commands(config)
    answer = flask("sync", *RANGE)
    assert answer.exit_code == 1
    assert "Anthropic: not configured (set ANTHROPIC_ADMIN_KEY)." in answer.stdout
    assert "Cursor: not configured (set CURSOR_ADMIN_KEY)." in answer.stdout
    assert answer.stderr == "Error: nothing was read, because no provider is configured.\n"
    close(proxy.obj)


def test_one_provider_without_a_key_is_no_failure(claude_only: Commands) -> None:
    answer = claude_only("sync", *RANGE)
    assert answer.exit_code == 0
    assert "Cursor: not configured (set CURSOR_ADMIN_KEY)." in answer.stdout
    assert answer.stderr == ""


def test_asking_for_a_provider_without_a_key_is_a_failure(
    claude_only: Commands, upstream: Upstream
) -> None:
    answer = claude_only("sync", *RANGE, "--provider", "cursor")
    assert answer.exit_code == 1
    assert "Cursor: not configured (set CURSOR_ADMIN_KEY)." in answer.stderr
    assert upstream.log == []


def test_a_failing_provider_is_named_and_the_other_one_is_kept(
    flask: Commands, upstream: Upstream
) -> None:
    upstream.fault("anthropic", "", 1, REFUSED, times=None)
    answer = flask("sync", *RANGE)
    assert answer.exit_code == 1
    assert answer.stderr.startswith("Error: Anthropic ")
    assert "no such luck" in answer.stderr
    assert answer.stderr.count("\n") == 1
    assert "Anthropic: failed, 0 of 2 days" in answer.stdout
    assert "Cursor: ok, 2 of 2 days" in answer.stdout
    assert upstream.anthropic_key not in answer.output
    assert [source for source, _ in stored_days()] == ["events", "events"]
    with proxy.connection_context():
        assert Run.get().status == "failed"
        assert ProviderRun.get(ProviderRun.provider == "anthropic").error in answer.stderr


def test_a_day_that_became_empty_is_accepted_only_when_asked(
    claude_only: Commands, upstream: Upstream
) -> None:
    claude_only("sync", *RANGE)
    upstream.company.clear(MONDAY)
    answer = claude_only("sync", *RANGE)
    assert answer.exit_code == 1
    assert "2026-10-05" in answer.stderr
    assert "--allow-empty" in answer.stderr
    assert "anthropic 2026-10-05 suspicious, " in answer.stdout
    answer = claude_only("backfill", *RANGE, "--allow-empty")
    assert answer.exit_code == 0
    assert "anthropic 2026-10-05 changed, 0 records, 0 tokens" in answer.stdout


def test_a_running_sync_is_a_sentence(claude_only: Commands) -> None:
    with exclusive_lock(proxy.obj, "sync"):
        answer = claude_only("sync", *RANGE)
    assert answer.exit_code == 1
    assert answer.stderr == "Error: A sync is already running. Try again when it has ended.\n"
    assert claude_only("sync", *RANGE).exit_code == 0


def test_migrates_once(empty_settings: dict[str, str], tmp_path: Path) -> None:
    flask = Commands(read_config({"SECRET_KEY": "x" * 16, **empty_settings}, tmp_path))
    first, second = flask("migrate"), flask("migrate")
    assert (first.exit_code, second.exit_code) == (0, 0)
    assert first.stdout.splitlines()[0].startswith("Applied 0001_initial")
    assert second.stdout == "The database schema is current.\n"
    with proxy.connection_context():
        assert migrate() == []
    close(proxy.obj)


def test_makes_a_demo_company_in_an_empty_database_only(config: Config) -> None:
    flask = Commands(config)
    answer = flask("demo", "--people", "3", "--days", "5")
    assert answer.exit_code == 0, answer.output
    assert re.search(r"^[\d,]+ records, [\d,]+ tokens\.$", answer.stdout, re.MULTILINE)
    before = stored_days()
    again = flask("demo", "--people", "3", "--days", "5", "--if-empty")
    assert again.exit_code == 0
    assert "holds usage already" in again.stdout
    assert stored_days() == before != []
    close(proxy.obj)


def terminal_output(settings: dict[str, str], *arguments: str) -> tuple[int, str]:
    """Exit code and screen of a command that runs in a terminal."""
    screen, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "flask", "--app", "wsgi", *arguments],
        cwd=commands.ROOT,
        env=commands.environment(settings) | {"TERM": "xterm"},
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
    )
    os.close(terminal)
    shown = b""
    try:
        while piece := os.read(screen, 65536):
            shown += piece
    except OSError:
        pass  # The screen is closed: the command has ended.
    finally:
        os.close(screen)
    return process.wait(timeout=commands.SECONDS), shown.decode()


@pytest.mark.process
@pytest.mark.parametrize("database_engine", ["sqlite"])
def test_a_terminal_shows_a_progress_bar(
    database_settings: dict[str, str], upstream: Upstream
) -> None:
    settings = database_settings | commands.providers(upstream, "anthropic")
    code, shown = terminal_output(settings, "backfill", *RANGE)
    assert code == 0
    assert re.search(r"anthropic  2026-10-06  \[#+\]  2/2", shown)
    assert "Anthropic: ok, 2 of 2 days" in shown
    assert "records" not in shown
