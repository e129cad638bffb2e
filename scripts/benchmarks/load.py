"""Sixteen readers at once behind a real gunicorn, alone and while days are being replaced."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from scripts.benchmarks.figures import Figure, family, high, median, resident
from scripts.benchmarks.served import Server, ask, environment, serving
from scripts.benchmarks.sizes import Filled
from tests import commands

CLIENTS = 16
READ = {
    "overview, 30 d": "/",
    "people, 30 d": "/users",
    "JSON stats, 365 d": "/api/stats?days=365",
}
MEGABYTE = 2**20


def measure_load(data: Filled, seconds: float, folder: Path) -> Iterator[Figure]:
    """Requests a second and how long they take, and the memory of the workers around it all."""
    with serving(data, folder / "server.log") as server:
        yield from memory(data, server, "two workers and their parent, idle")
        for name, address in READ.items():
            yield from measure(data, server, name, address, seconds)
        yield from memory(data, server, "the same after sixteen readers")


def memory(data: Filled, server: Server, row: str) -> Iterator[Figure]:
    """The proportional memory of all processes of a server."""
    size = sum(resident(process) for process in family(server.process)) / MEGABYTE
    yield Figure(data.size.name, data.engine, "memory", row, "MB", size)


def measure(
    data: Filled, server: Server, name: str, address: str, seconds: float
) -> Iterator[Figure]:
    """One page, quiet, then during writes."""
    quiet, failed = read_for(server, address, seconds)
    with replacing_days(data) as replaced:
        busy, busy_failed = read_for(server, address, seconds)
    values = {
        "requests/s": len(quiet) / seconds,
        "p50 ms": median(quiet) * 1000,
        "p99 ms": high(quiet, 0.99) * 1000,
        "errors": failed,
        "during writes/s": len(busy) / seconds,
        "during p99 ms": high(busy, 0.99) * 1000,
        "during errors": busy_failed,
        "days replaced": len(replaced),
        "share of quiet": len(busy) / max(1, len(quiet)),
    }
    for column, value in values.items():
        yield Figure(data.size.name, data.engine, "sixteen readers", name, column, value)


def read_for(server: Server, address: str, seconds: float) -> tuple[list[float], int]:
    """Seconds of each good answer of all readers together, and how many were not good."""
    until = time.perf_counter() + seconds
    with ThreadPoolExecutor(CLIENTS) as readers:
        found = list(readers.map(lambda _: read(server, address, until), range(CLIENTS)))
    return [one for times, _ in found for one in times], sum(failed for _, failed in found)


def read(server: Server, address: str, until: float) -> tuple[list[float], int]:
    """One reader, who asks again as soon as there is an answer."""
    times, failed = [], 0
    connection = HTTPConnection("127.0.0.1", server.port, timeout=60)
    while time.perf_counter() < until or not times:
        try:
            answer = ask(connection, address)
        except (OSError, HTTPException):
            connection.close()
            failed += 1
        else:
            times.append(answer.whole)
            failed += answer.status != 200
        if failed > CLIENTS:
            raise SystemExit(f"{address} fails again and again.")
    connection.close()
    return times, failed


@contextmanager
def replacing_days(data: Filled) -> Iterator[list[str]]:
    """Meanwhile another process replaces days, one after the other; a line for each."""
    process = subprocess.Popen(
        [sys.executable, "-m", "scripts.benchmarks.replacing", str(data.size.people)],
        cwd=commands.ROOT,
        env=environment(data),
        stdout=subprocess.PIPE,
        text=True,
    )
    replaced: list[str] = []
    try:
        assert process.stdout
        process.stdout.readline()
        yield replaced
    finally:
        process.terminate()
        replaced += process.communicate(timeout=commands.SECONDS)[0].splitlines()
