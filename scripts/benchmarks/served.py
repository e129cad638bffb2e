"""The application behind a real gunicorn, and clients of it."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import NamedTuple

from scripts.benchmarks.sizes import KEY, Filled
from tests import commands
from tests.browser.served import wait_until_healthy


class Server(NamedTuple):
    """A running server: its port and its first process."""

    port: int
    process: int

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"


class Answer(NamedTuple):
    """Status and length of an answer, seconds until its first byte and until its end."""

    status: int
    bytes: int
    first: float
    whole: float


def environment(data: Filled) -> dict[str, str]:
    """What a process needs to open the same database."""
    return commands.environment(data.settings) | {"SECRET_KEY": KEY}


@contextmanager
def serving(data: Filled, log: Path, workers: int = 2) -> Iterator[Server]:
    """gunicorn as `scripts/serve` starts it, with eight threads a worker."""
    with socket.create_server(("127.0.0.1", 0)) as listening, log.open("w") as output:
        port = listening.getsockname()[1]
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "gunicorn", "wsgi:app"),
                *("--bind", f"fd://{listening.fileno()}", "--no-control-socket"),
                *("--worker-class", "app.serving.Worker", "--threads", "8"),
                *("--workers", str(workers), "--log-level", "warning"),
            ],
            cwd=commands.ROOT,
            env=environment(data),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=[listening.fileno()],
        )
        try:
            wait_until_healthy(f"http://127.0.0.1:{port}", process, log)
            yield Server(port, process.pid)
        finally:
            process.terminate()
            process.wait(commands.SECONDS)


def ask(connection: HTTPConnection, address: str) -> Answer:
    """Ask once on a kept connection and read the whole answer."""
    began = time.perf_counter()
    connection.request("GET", address, headers={"Accept-Encoding": "gzip"})
    response = connection.getresponse()
    size = len(response.read(1))
    first = time.perf_counter() - began
    while piece := response.read(65536):
        size += len(piece)
    return Answer(response.status, size, first, time.perf_counter() - began)
