"""What is measured, and how: figures with their floors, clocks of both sides of a database."""

from __future__ import annotations

import json
import os
import statistics
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from app.database import database, is_postgres

TICKS = 1_000_000
"""Nanoseconds in the milliseconds that everything is told in."""


class Figure(NamedTuple):
    """One measured figure: of which size and engine, in which table, of what, in which column.

    `unit` is empty where the name of the column says it.
    """

    size: str
    engine: str
    part: str
    row: str
    column: str
    value: float
    unit: str = ""


class Took(NamedTuple):
    """Milliseconds of the clock, and of the processors of this process and its server."""

    wall: float
    cpu: float


def milliseconds(work: Callable[[], object]) -> Took:
    """How long one call takes."""
    server, began, used = server_nanoseconds(), time.perf_counter(), time.process_time()
    work()
    wall, own = time.perf_counter() - began, time.process_time() - used
    # A backend that has gone since began at nothing again.
    served = max(0, server_nanoseconds() - server)
    return Took(wall * 1000, own * 1000 + served / TICKS)


def server_nanoseconds() -> int:
    """What the processor has worked for this thread's connection in its PostgreSQL backend."""
    if not is_postgres() or backend() is None:
        return 0
    try:
        return int(Path(f"/proc/{backend()}/schedstat").read_text().split()[0])
    except FileNotFoundError:
        return 0


def backend() -> int | None:
    """The process that serves this thread's connection; of a pool of one, also the next one's."""
    key = id(database.obj)
    if key not in _backends:
        with database.connection_context():
            _backends[key] = database.execute_sql("SELECT pg_backend_pid()").fetchone()[0]
    return _backends[key]


_backends: dict[int, int] = {}


def median(values: Iterable[float]) -> float:
    """The middle one."""
    return statistics.median(values)


def high(values: Iterable[float], share: float = 0.95) -> float:
    """The value that this share of all stays below."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(share * len(ordered)))]


def resident(process: int, field: str = "Pss") -> int:
    """Bytes of memory of a process (`Pss`: shared pages divided among those who share them)."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{field}:"))


def family(process: int) -> list[int]:
    """A process and its children."""
    tasks = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return [process, *map(int, tasks)]


def kept(path: Path, new: list[Figure]) -> list[Figure]:
    """The figures of earlier runs in a file, with those of this run instead of older ones."""
    old = [Figure(*row) for row in json.loads(path.read_text())] if path.exists() else []
    found = {figure[:5]: figure for figure in (*old, *new)}
    path.write_text("[\n" + ",\n".join(map(json.dumps, found.values())) + "\n]\n")
    return list(found.values())


def machine() -> str:
    """The machine in a line: cores, memory, and how busy it was."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} cores, {memory:.0f} GiB, load average {os.getloadavg()[1]:.1f}"
