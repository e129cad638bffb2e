"""The throw-away PostgreSQL itself: fresh databases, copies of a template, nothing left over."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest
from playhouse.db_url import connect

from tests.postgres import PostgresServer, PostgresUnavailable, find_binaries

HOLD_A_SERVER = """
from tests.postgres import running_server
with running_server() as server:
    print(server.url, flush=True)
    input()
"""


def execute(url: str, statement: str) -> list[tuple[object, ...]]:
    database = connect(url, unquote_user=True, unquote_password=True)
    with database.connection_context():
        cursor = database.execute_sql(statement)
        return cursor.fetchall() if cursor.description else []


def test_a_fresh_database_is_empty(postgres_cluster: PostgresServer) -> None:
    name = postgres_cluster.new_name()
    url = postgres_cluster.create_database(name)
    tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
    assert execute(url, tables) == [(0,)]
    postgres_cluster.drop_database(name)


def test_a_database_is_a_copy_of_its_template(postgres_cluster: PostgresServer) -> None:
    template, copy = postgres_cluster.new_name("template"), postgres_cluster.new_name()
    execute(postgres_cluster.create_database(template), "CREATE TABLE thing AS SELECT 7 AS size")
    url = postgres_cluster.create_database(copy, template)
    assert execute(url, "SELECT size FROM thing") == [(7,)]
    postgres_cluster.drop_database(copy)
    postgres_cluster.drop_database(template)


def test_a_dropped_database_is_gone_though_still_in_use(postgres_cluster: PostgresServer) -> None:
    name = postgres_cluster.new_name()
    url = postgres_cluster.create_database(name)
    with closing(psycopg2.connect(url)):
        postgres_cluster.drop_database(name)
    with pytest.raises(psycopg2.OperationalError, match="does not exist"):
        psycopg2.connect(url)


def test_every_test_gets_settings_of_its_own_database(database_settings: dict[str, str]) -> None:
    [(name, value)] = database_settings.items()
    assert name in ("SQLITE_PATH", "POSTGRES_URL")
    url = f"sqlite:///{value}" if name == "SQLITE_PATH" else value
    execute(url, "CREATE TABLE only_in_this_test (id INTEGER)")


@pytest.mark.process
def test_a_killed_test_run_leaves_no_server_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TEST_DATABASE_URL", raising=False)
    try:
        find_binaries()
    except PostgresUnavailable as reason:
        pytest.skip(str(reason))
    with subprocess.Popen(
        [sys.executable, "-c", HOLD_A_SERVER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": os.getcwd()},
    ) as run:
        assert run.stdout
        directory = Path(run.stdout.readline().strip().partition("host=")[2])
        assert directory.is_dir()
        run.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 300
    while directory.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not directory.exists()
