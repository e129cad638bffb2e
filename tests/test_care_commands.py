"""`flask status`, `doctor` and `backup`: what they find, say and end with."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from app.backup import BackupFailed, postgres_environment, write_backup
from app.config import Config, read_config
from app.database import database as proxy
from app.database import open_database
from app.dates import utc_today
from app.doctor import Level, examine
from app.models import (
    ProviderRun,
    Run,
)
from app.soundness import sqlite_damage
from app.verify import Verifier
from tests.commands import run_here
from tests.conftest import close
from tests.invented import assert_exact, stored_content, sync, with_account
from tests.postgres import PostgresServer
from tests.upstream import Upstream, true_totals

MONDAY = date(2026, 9, 28)
WEEK = (MONDAY, MONDAY + timedelta(days=6))


def yesterday_and_today() -> tuple[date, date]:
    return utc_today() - timedelta(days=1), utc_today()


# flask status


def test_status_is_well_after_a_good_sync(live: Config) -> None:
    sync(live, *yesterday_and_today())
    done = run_here(live, "status")
    assert done.exit_code == 0, done.output
    for words in ("Anthropic: up to date", "Cursor: up to date", "ok", "daily at 06:00 UTC"):
        assert words in done.output


def test_status_shows_no_more_of_a_key_than_its_end(live: Config) -> None:
    secret = replace(live, admin_password="hush-hush", cron_secret="very-hush-hush")
    for arguments in (("status",), ("status", "--json"), ("doctor",)):
        said = run_here(secret, *arguments).output
        for hidden in (*(account.key for account in secret.accounts.values()), "hush-hush"):
            assert hidden not in said
    assert "ends in 0001" in run_here(secret, "status").output


def test_status_names_failures_gaps_and_suspicious_days(live: Config, upstream: Upstream) -> None:
    first, last = utc_today() - timedelta(days=4), utc_today()
    sync(live, first, first)
    sync(live, *yesterday_and_today())
    done = run_here(live, "status")
    assert done.exit_code == 1
    assert f"gap: {first + timedelta(days=1)} to {last - timedelta(days=2)} (2 days)" in done.output
    sync(live, first + timedelta(days=1), first + timedelta(days=1))
    assert f"gap: {last - timedelta(days=2)} (1 day)\n" in run_here(live, "status").output
    upstream.company.clear(first, "cursor")
    upstream.fault("anthropic", "usage_report", 1, (401, {}, b"{}"))
    sync(live, first, last)
    done = run_here(live, "status")
    assert done.exit_code == 1
    assert "Anthropic: failed" in done.output
    assert f"suspicious: {first}" in done.output
    assert "401" in done.output


def test_status_tells_a_run_whose_process_died(live: Config) -> None:
    sync(live, *yesterday_and_today())
    Run.update(status="running", finished_at=None).execute()
    ProviderRun.update(status="running", finished_at=None).execute()
    done = run_here(live, "status")
    assert done.exit_code == 1
    assert "Anthropic: interrupted" in done.output
    assert "last run: 1 (backfill), interrupted" in done.output
    assert "running" not in done.output


def test_status_as_json_says_the_same(live: Config) -> None:
    sync(live, *yesterday_and_today())
    done = run_here(live, "status", "--json")
    found = json.loads(done.output)
    assert done.exit_code == 0
    assert found["providers"]["cursor"]["ok"] is True
    assert found["providers"]["cursor"]["dataThrough"] == utc_today().isoformat()
    assert found["runs"][0]["requests"] == sum(part.requests for part in ProviderRun.select())


def test_status_of_an_empty_product_is_well(config: Config) -> None:
    done = run_here(config, "status")
    assert done.exit_code == 0
    assert "No run yet." in done.output
    close(proxy.obj)


def test_a_configured_provider_never_read_is_not_well(live: Config) -> None:
    done = run_here(live, "status")
    assert done.exit_code == 1
    assert "never read" in done.output


# flask doctor


def test_doctor_finds_a_good_installation(live: Config, upstream: Upstream) -> None:
    good = replace(live, admin_password="a long password", secret_key=os.urandom(16).hex())
    done = run_here(good, "doctor")
    assert done.exit_code == 0, done.output
    assert "FAIL" not in done.output
    assert "Anthropic: answers" in done.output
    assert "clock: agrees with Cursor" in done.output
    assert upstream.seen("cursor", "members")


def findings(config: Config, **environ: str) -> dict[str, list[Level]]:
    open_database(config)
    found: dict[str, list[Level]] = {}
    for finding in examine(config, environ):
        found.setdefault(finding.subject, []).append(finding.level)
        assert finding.level is Level.OK or finding.found
    return found


def test_doctor_says_when_strangers_are_let_in(config: Config) -> None:
    assert findings(config)["login"] == [Level.OK]
    assert findings(config, HOST="0.0.0.0")["login"] == [Level.WARN]  # noqa: S104
    wide_open = replace(config, allow_no_auth=True)
    assert findings(wide_open, HOST="0.0.0.0")["login"] == [Level.FAIL]  # noqa: S104
    assert findings(wide_open)["login"] == [Level.WARN]
    guarded = replace(config, admin_password="a long password", viewer_password="another one")
    assert "login" not in findings(guarded, HOST="0.0.0.0")  # noqa: S104
    assert "EXTERNAL_URL" not in findings(config)
    assert findings(replace(config, trusted_proxies=1))["EXTERNAL_URL"] == [Level.WARN]
    named = replace(config, trusted_proxies=1, external_url="https://usage.example")
    assert findings(named)["EXTERNAL_URL"] == [Level.OK]
    weak = replace(config, admin_password="secret", secret_key="changeme-changeme")
    assert findings(weak)["ADMIN_PASSWORD"] == findings(weak)["SECRET_KEY"] == [Level.WARN]
    close(proxy.obj)


def test_doctor_names_a_key_that_is_refused(live: Config) -> None:
    done = run_here(with_account(live, "cursor", key="crsr_wrong"), "doctor")
    assert done.exit_code == 1
    assert "FAIL  Cursor: " in done.output
    assert "OK    Anthropic: " in done.output
    assert "crsr_wrong" not in done.output


def test_doctor_survives_a_provider_that_is_not_there(live: Config) -> None:
    done = run_here(with_account(live, "cursor", base_url="http://127.0.0.1:1"), "doctor")
    assert done.exit_code == 1
    assert "could not be reached" in done.output


def test_doctor_survives_a_database_that_is_down() -> None:
    config = Config(postgres_url="postgresql://me:hush@127.0.0.1:1/none", secret_key="x" * 16)
    done = run_here(config, "doctor")
    assert done.exit_code == 1
    assert "FAIL  database: " in done.output
    assert "hush" not in done.output
    close(proxy.obj)


def test_doctor_asks_for_migrations(empty_settings: dict[str, str], tmp_path: Path) -> None:
    config = read_config({"SECRET_KEY": "a key for tests only", **empty_settings}, tmp_path)
    done = run_here(config, "doctor")
    assert done.exit_code == 1
    assert "flask migrate" in done.output
    assert done.output.count("FAIL") == 1, done.output
    close(proxy.obj)


# flask backup


def test_a_restored_backup_is_the_database(
    live: Config, upstream: Upstream, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    sync(live, *WEEK)
    before = stored_content()
    copy = tmp_path / "copy"
    done = run_here(live, "backup", str(copy))
    assert done.exit_code == 0, done.output
    assert copy.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in tmp_path.glob(".*part")) == []
    sync(live, WEEK[1] + timedelta(days=1), WEEK[1] + timedelta(days=1))
    assert stored_content() != before
    close(proxy.obj)
    restored = restore(live, copy, tmp_path, request)
    open_database(restored)
    assert stored_content() == before
    assert_exact(true_totals(upstream.company, *WEEK))
    assert list(Verifier().differences()) == []


def restore(config: Config, copy: Path, folder: Path, request: pytest.FixtureRequest) -> Config:
    """As the README says: put the file in its place, or pg_restore into an empty database."""
    if not config.postgres_url:
        shutil.copy(copy, folder / "restored.db")
        return replace(config, sqlite_path=folder / "restored.db")
    server: PostgresServer = request.getfixturevalue("postgres_cluster")
    name = server.new_name("restored")
    url = server.create_database(name)
    command = ["pg_restore", "--no-owner", "--exit-on-error", f"--dbname={url}", str(copy)]
    subprocess.run(command, check=True, capture_output=True)
    request.addfinalizer(lambda: server.drop_database(name))
    return replace(config, postgres_url=url)


def test_an_older_backup_is_replaced_or_kept_whole(live: Config, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.write_text("an older backup")
    assert run_here(live, "backup", str(copy)).exit_code == 0
    assert copy.read_bytes()[:5] in (b"SQLit", b"PGDMP")
    for bad in (tmp_path, tmp_path / "no" / "folder"):
        done = run_here(live, "backup", str(bad))
        assert done.exit_code == 1
        assert done.output.startswith("Error: ")


def test_the_database_is_no_place_for_its_backup(live: Config) -> None:
    if live.postgres_url:
        pytest.skip("PostgreSQL has no file")
    done = run_here(live, "backup", str(live.sqlite_path))
    assert done.exit_code == 1
    assert "the database itself" in done.output


def test_without_pg_dump_it_says_so(
    live: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not live.postgres_url:
        pytest.skip("SQLite needs no program")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BackupFailed, match="not installed"):
        write_backup(tmp_path / "copy")
    assert list(tmp_path.glob("*copy*")) == []


def test_a_password_travels_in_the_environment() -> None:
    open_database(Config(postgres_url="postgresql://me:p%40ss@db.example:6543/usage"))
    found = postgres_environment()
    assert [found[name] for name in ("PGHOST", "PGPORT", "PGUSER", "PGPASSWORD", "PGDATABASE")] == [
        "db.example",
        "6543",
        "me",
        "p@ss",
        "usage",
    ]


def test_a_false_alarm_of_sqlite_is_none(tmp_path: Path) -> None:
    """Versions 3.40 and 3.41 cry NULL over tables like our rollups."""
    with closing(sqlite3.connect(":memory:")) as database:
        columns = "figure INTEGER NOT NULL, day INTEGER NOT NULL, PRIMARY KEY (day)"
        database.execute(f"CREATE TABLE sums ({columns}) STRICT, WITHOUT ROWID")
        database.execute("INSERT INTO sums VALUES (1, 2)")
        assert sqlite_damage(database) == ""
        broken = tmp_path / "broken.db"
        broken.write_bytes(database.serialize())
    content = bytearray(broken.read_bytes())
    content[4096 + 3 : 4096 + 8] = b"\xff" * 5
    broken.write_bytes(content)
    with closing(sqlite3.connect(broken)) as database:
        assert sqlite_damage(database) != ""
