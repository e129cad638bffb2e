"""Servers with several workers, and what a schedule did, for tests."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.models import Run, Slot
from app.states import SlotStatus
from tests import commands
from tests.browser.served import wait_until_healthy
from tests.upstream import Upstream


@contextmanager
def serving(
    settings: dict[str, str], log: Path, workers: int, *options: str
) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """URL and master process of a gunicorn with several workers, stopped afterwards."""
    with socket.create_server(("127.0.0.1", 0)) as listening, log.open("a") as output:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        command = [
            *(sys.executable, "-m", "gunicorn", "tests.quick_wsgi:app"),
            *("--bind", f"fd://{listening.fileno()}", "--no-control-socket"),
            *("--worker-class", "app.serving.Worker", "--threads", "8"),
            *("--workers", str(workers), *options),
        ]
        process = subprocess.Popen(
            [*command, "--log-level", "warning"],
            cwd=commands.ROOT,
            env=commands.environment(settings) | {"TEST_LOOKS": str(looks_of(log))},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=[listening.fileno()],
        )
        try:
            wait_until_healthy(url, process, log)
            yield url, process
        finally:
            process.terminate()
            try:
                process.wait(commands.SECONDS)
            finally:
                process.kill()


def looks_of(log: Path) -> Path:
    """Where the workers of a server with that log tell of their looks (tests/quick_wsgi.py)."""
    return log.with_name("looks")


def wait_for_looks(log: Path, workers: int) -> None:
    """Return when so many workers have looked three times more.

    What is due is then either done or will never be: the first look may have begun before, the
    second begins a sync that it should not, and the third comes when that has left its row.
    """
    path = looks_of(log)
    before = len(path.read_text().splitlines()) if path.exists() else 0
    deadline = time.monotonic() + commands.SECONDS
    while time.monotonic() < deadline:
        lines = path.read_text().splitlines()[before:] if path.exists() else []
        often = [line for line in set(lines) if lines.count(line) >= 3 and line.endswith(" look")]
        if len(often) >= workers:
            return
        time.sleep(0.05)
    pytest.fail("the workers do not look whether a sync is due")


def wait_for_slot(status: str = SlotStatus.OK, count: int = 1) -> None:
    """Return when `count` due moments have this status."""
    deadline = time.monotonic() + commands.SECONDS
    while time.monotonic() < deadline:
        if Slot.select().where(Slot.status == status).count() >= count:
            return
        time.sleep(0.05)
    pytest.fail(f"no slot became {status}: {list(Slot.select().dicts())}")


def statuses() -> list[str]:
    return [run.status for run in Run.select().order_by(Run.id)]


def reports(upstream: Upstream) -> int:
    """How often the upstream server was asked for a first page of usage: once a run."""
    asked = upstream.seen("anthropic", "usage_report")
    return sum("page" not in dict(request.params) for request in asked)
