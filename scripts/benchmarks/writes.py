"""What writing takes: days with their rollups, and imports of large files."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread

from app.database import database
from app.demo import DemoCompany
from app.importing import apply, stage, undo
from app.ledger import PreparedDays, writing_usage
from scripts.benchmarks.figures import (
    TICKS,
    Figure,
    Took,
    milliseconds,
    resident,
    server_nanoseconds,
)
from scripts.benchmarks.replacing import replace, usages
from scripts.benchmarks.sizes import Filled
from tests import commands
from tests.imported import EVENTS_HEADER

DAYS_AGO = 4
ROW_BYTES, FILE_PEOPLE, FILE_DAYS = 135, 300, 365
MODELS = ("gpt-5.5", "auto", "composer-2", "claude-opus-4-7-thinking-max")
MEGABYTE = 2**20


def measure_writes(data: Filled, megabytes: int, folder: Path) -> Iterator[Figure]:
    """Days first: an import leaves another company behind."""
    with database.connection_context():
        yield from days(data)
    # Two files: the same one again would change nothing.
    paths = [folder / f"events-{number}.csv" for number in (1, 2)]
    rows = [generate(path, megabytes * MEGABYTE, path.name) for path in paths]
    yield from command(data, paths[0], rows[0])
    with database.connection_context():
        yield from in_steps(data, paths[1], rows[1])


def figures(data: Filled, row: str, took: Took, records: int, **more: float) -> Iterator[Figure]:
    """What one write took."""
    values = {
        "seconds": took.wall / 1000,
        "processor seconds": took.cpu / 1000,
        "records/s": records / took.wall * 1000,
        **{name.replace("_", " "): value for name, value in more.items()},
    }
    for column, value in values.items():
        yield Figure(data.size.name, data.engine, "writes", row, column, value)


def days(data: Filled) -> Iterator[Figure]:
    """A working day of every provider: with changed records, and the same again."""
    # A weekday, whatever day it is: at weekends hardly anybody works.
    back = DAYS_AGO + max(0, (datetime.now(UTC) - timedelta(DAYS_AGO)).weekday() - 4)
    for name, usage in usages(DemoCompany(data.size.people), back).items():
        count = len(usage.records)
        for change, words in ((1, "changed"), (1, "the same again"), (0, "changed back")):
            took = milliseconds(
                lambda change=change, name=name, usage=usage: replace(name, usage, change)
            )
            row = f"a day of {name} ({count:,} records), {words}"
            yield from figures(data, row, took, count)


def command(data: Filled, path: Path, rows: int) -> Iterator[Figure]:
    """`flask import` of the file, its memory, and the longest that another writer waits."""
    peak, waits = 0, [0.0]
    arguments = ("import", str(path), "--organization", "measured")

    def run() -> None:
        nonlocal peak
        with commands.start(data.settings, *arguments) as process:
            while process.poll() is None:
                peak = max(peak, resident(process.pid, "Anonymous"))
                time.sleep(0.05)
            said = process.communicate()
        if process.returncode:
            raise SystemExit(f"flask import: exit code {process.returncode}: {said[1]}")

    with waiting(waits):
        took = milliseconds(run)
    memory, wait = peak / MEGABYTE, max(waits)
    row = f"`flask import` ({rows:,} rows), to its end"
    for figure in figures(data, row, took, rows, MB_of_memory=memory, longest_wait_s=wait):
        # What another process works this one's clock does not tell.
        if figure.column != "processor seconds":
            yield figure


def in_steps(data: Filled, path: Path, rows: int) -> Iterator[Figure]:
    """Another one in the steps of a preview: read, then made to count."""
    said = {"by": "bench", "email_domain": "example.com"}
    staged = []

    def read() -> None:
        with path.open("rb") as file:
            staged.append(stage(file, path.name, organization="measured_again", **said))

    yield from figures(data, "an import: read and parsed", milliseconds(read), rows)
    batch = staged[0].file.id
    moments: list[Took] = []
    for words, work in (
        ("an import: counted once parsed", lambda: apply(batch, renamed="different", **said)),
        ("an import: undone", lambda: undo(batch, **said)),
    ):
        waits = [0.0]
        with timed_moments(moments), waiting(waits):
            took = milliseconds(work)
        yield from figures(data, words, took, rows, longest_wait_s=max(waits))
        yield from figures(data, f"{words}: the moment it takes effect", moments.pop(), rows)


@contextmanager
def timed_moments(moments: list[Took]) -> Iterator[None]:
    """Note what the transaction takes in which prepared days come to count."""
    plain = PreparedDays.taking_effect

    @contextmanager
    def timed(days: PreparedDays) -> Iterator[None]:
        with ExitStack() as stack:
            stack.enter_context(plain(days))
            server, wall, used = server_nanoseconds(), time.perf_counter(), time.thread_time()
            yield
            stack.close()
            cpu = (time.thread_time() - used) * 1000 + (server_nanoseconds() - server) / TICKS
            moments.append(Took((time.perf_counter() - wall) * 1000, cpu))

    PreparedDays.taking_effect = timed
    try:
        yield
    finally:
        PreparedDays.taking_effect = plain


def generate(path: Path, size: int, seed: str) -> int:
    """Write a team export of Cursor of about `size` bytes, newest first; its number of rows."""
    dice, at, rows = random.Random(seed), datetime(2026, 10, 31, 23, 59, 59), 0
    step = FILE_DAYS * 86_400_000 * 2 * ROW_BYTES // size
    with path.open("w") as file:
        file.write(f"{EVENTS_HEADER}\n")
        while file.tell() < size:
            at -= timedelta(milliseconds=dice.randrange(1, step))
            parts = [dice.randrange(limit) for limit in (50_000, 9_000, 500_000, 9_000)]
            cells = (
                f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z",
                f"dev{dice.randrange(FILE_PEOPLE)}@example.com",
                *("On-Demand", dice.choice(MODELS), "No"),
                *parts,
                sum(parts),
                f"{dice.randrange(200) / 100:.2f}",
            )
            file.write(",".join(f'"{cell}"' for cell in cells) + "\n")
            rows += 1
    return rows


@contextmanager
def waiting(waits: list[float]) -> Iterator[None]:
    """Meanwhile take the lock of those who write usage, and note how long that takes."""
    over = Event()

    def take() -> None:
        with database.connection_context():
            while not over.wait(0.02):
                began = time.monotonic()
                with writing_usage():
                    waits.append(time.monotonic() - began)

    other = Thread(target=take)
    other.start()
    try:
        yield
    finally:
        over.set()
        other.join()
