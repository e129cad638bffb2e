"""Files over HTTP: until their first byte and their end, and what memory they take meanwhile."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from threading import Event, Thread

from scripts.benchmarks.figures import Figure, family, resident
from scripts.benchmarks.served import ask, serving
from scripts.benchmarks.sizes import Filled

FILES = {
    "CSV of all people, 365 d": "/export/users.csv?days=365",
    "CSV pivot person by day, 60 d": "/export/users.csv?rows=person&by=day&days=60",
    "CSV of records, 30 d": "/export/records.csv?days=30",
}
MEGABYTE = 2**20


def measure_streams(data: Filled, folder: Path) -> Iterator[Figure]:
    """Each file once, from a worker that has just begun: nothing is remembered."""
    for name, address in FILES.items():
        with serving(data, folder / "server.log", workers=1) as server:
            (worker,) = family(server.process)[1:]
            connection = HTTPConnection("127.0.0.1", server.port, timeout=600)
            ask(connection, "/api/stats?days=1")
            peak = [before := resident(worker, "Anonymous")]
            with watching(worker, peak):
                answer = ask(connection, address)
            connection.close()
        if answer.status != 200:
            raise SystemExit(f"{address} answered {answer.status}.")
        values = {
            "first byte ms": answer.first * 1000,
            "whole ms": answer.whole * 1000,
            "MB": answer.bytes / MEGABYTE,
            "extra MB": (max(peak) - before) / MEGABYTE,
        }
        for column, value in values.items():
            yield Figure(data.size.name, data.engine, "files over the wire", name, column, value)


@contextmanager
def watching(process: int, peak: list[int]) -> Iterator[None]:
    """Meanwhile note the memory of a process, every few milliseconds."""
    over = Event()

    def look() -> None:
        while not over.wait(0.005):
            peak.append(resident(process, "Anonymous"))

    other = Thread(target=look)
    other.start()
    try:
        yield
        time.sleep(0.02)
    finally:
        over.set()
        other.join()
