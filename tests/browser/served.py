"""The real application on a loopback port: gunicorn as `scripts/serve` starts it."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from tests import commands
from tests.sharing import once

PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
"""What a Chromium is called; the first has no windows to care for and takes half the time."""
PEOPLE, DAYS = 212, 130
"""The demo company's size, and enough days for weeks in the chart and five months."""


def installed_browser() -> str | None:
    """The path of a Chromium of this machine; None without one."""
    return next(filter(None, map(shutil.which, PROGRAMS)), None)


@contextmanager
def serving(settings: Mapping[str, str], log: Path) -> Iterator[str]:
    """The URL of a running server; afterwards its log, made at `log`, must be empty."""
    with socket.create_server(("127.0.0.1", 0)) as listening, log.open("w") as output:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        process = subprocess.Popen(
            gunicorn(listening.fileno()),
            cwd=commands.ROOT,
            env=commands.environment(settings),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=[listening.fileno()],
        )
        try:
            wait_until_healthy(url, process, log)
            yield url
        finally:
            process.terminate()
            process.wait(commands.SECONDS)
    assert log.read_text() == "", "the server wrote this to its log"


def gunicorn(descriptor: int) -> list[str]:
    """The command that serves on an open listening socket."""
    return [
        *(sys.executable, "-m", "gunicorn", "wsgi:app", "--bind", f"fd://{descriptor}"),
        *("--worker-class", "app.serving.Worker", "--workers", "1", "--threads", "8"),
        *("--no-control-socket", "--log-level", "warning"),
    ]


def wait_until_healthy(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Return when the server answers; raises with its log when it has ended or stays silent."""
    deadline = time.monotonic() + commands.SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urlopen(f"{url}/healthz", timeout=5):  # noqa: S310 - our own loopback URL
                return
        except (URLError, TimeoutError):
            time.sleep(0.1)
    raise RuntimeError(f"the server at {url} did not start: {log.read_text()}")


def write_demo(run_folder: Path, path: Path, people: int = PEOPLE, days: int = DAYS) -> None:
    """Make `path` a database of the demo company of that size, which a run invents only once."""
    made = run_folder / f"demo_{people}_{days}.db"
    once(made, lambda: _invent(made, people, days))
    shutil.copy(made, path)


def _invent(path: Path, people: int, days: int) -> None:
    settings = {"SQLITE_PATH": str(path)}
    done = commands.run(settings, "demo", "--people", str(people), "--days", str(days))
    if done.returncode:
        raise RuntimeError(f"flask demo failed: {done.stderr}")
