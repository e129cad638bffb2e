"""Commands that are killed in the middle."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from app.database import database as proxy
from app.database import is_postgres
from tests import commands


@contextmanager
def started(settings: dict[str, str], *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A running command, which does not outlive a failing test."""
    with commands.start(settings, *arguments) as process:
        try:
            yield process
        finally:
            process.kill()


def kill(process: subprocess.Popen[str]) -> None:
    """SIGKILL; returns when the kernel and the database server are done with the process."""
    process.kill()
    process.communicate()
    _wait_for_the_server()


def die_within(settings: dict[str, str], statement: int, *arguments: str) -> None:
    """Run a command that is killed right after that statement of its own (the first is 1)."""
    command = [sys.executable, "-m", "tests.dying", str(statement), *arguments]
    environment = commands.environment(settings)
    process = subprocess.run(command, cwd=commands.ROOT, env=environment, timeout=commands.SECONDS)
    assert process.returncode == -signal.SIGKILL
    _wait_for_the_server()


def _wait_for_the_server() -> None:
    deadline = time.monotonic() + commands.SECONDS
    while is_postgres() and _other_sessions() and time.monotonic() < deadline:
        time.sleep(0.005)


def _other_sessions() -> int:
    return proxy.execute_sql(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
        "AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
    ).fetchone()[0]
