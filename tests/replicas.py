"""Two throw-away PostgreSQL servers, of which one follows the other as it would in production."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg2
import pytest

from tests.commands import SECONDS
from tests.postgres import (
    FAST_SETTINGS,
    PostgresServer,
    find_binaries,
    kept_server,
    private_directory,
    unprivileged_user,
)

STREAMING = """
wal_level = replica
max_wal_senders = 4
synchronous_commit = on
"""
COPY = "pg_basebackup -D data -h {source} -U postgres -R -c fast --no-sync"


@dataclass
class Half:
    """One of the two servers, which can be stopped and started."""

    server: PostgresServer
    directory: Path

    def control(self, *order: str) -> None:
        """Run pg_ctl on this server."""
        user = unprivileged_user()
        command = [find_binaries() / "pg_ctl", "-D", "data", "-w", "-l", "server.log", *order]
        subprocess.run(
            command,
            cwd=self.directory,
            check=True,
            user=user,
            extra_groups=None if user is None else [],
            stdout=subprocess.DEVNULL,
            timeout=SECONDS,
        )

    def ask(self, statement: str) -> str:
        """The one value that a statement tells."""
        connection = psycopg2.connect(self.server.url)
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement)
                return str(cursor.fetchone()[0])
        finally:
            connection.close()


@dataclass
class Pair:
    """A primary, and a replica that streams from it."""

    primary: Half
    replica: Half

    def catch_up(self) -> None:
        """Return when the replica has replayed all that the primary has written."""
        self.replica.ask("SELECT pg_wal_replay_resume()")
        written = self.primary.ask("SELECT pg_current_wal_lsn()")
        wait_until(self.replica, f"SELECT pg_last_wal_replay_lsn() >= '{written}'")

    def hold_back(self) -> None:
        """Let the replica receive, but replay nothing more until `catch_up`."""
        self.replica.ask("SELECT pg_wal_replay_pause()")
        wait_until(self.replica, "SELECT pg_get_wal_replay_pause_state() = 'paused'")


def wait_until(half: Half, question: str) -> None:
    """Return when a server answers yes."""
    deadline = time.monotonic() + SECONDS
    while half.ask(question) != "True":
        if time.monotonic() > deadline:
            pytest.fail(f"never came true: {question}")
        time.sleep(0.02)


@contextmanager
def running_pair() -> Iterator[Pair]:
    """Both servers, running. Raises `PostgresUnavailable` without binaries."""
    binaries = find_binaries()
    with ExitStack() as opened:

        def started(make: str = "") -> Half:
            folder = private_directory(durable=False)
            server = kept_server(binaries, folder, FAST_SETTINGS + STREAMING, make)
            return Half(opened.enter_context(server), folder)

        primary = started()
        yield Pair(primary, started(COPY.format(source=primary.directory)))
