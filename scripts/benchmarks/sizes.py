"""The three companies, and databases filled with them."""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from peewee import AutoField

from app.bulk import insert_rows
from app.config import Config
from app.database import database, migrate, open_database
from app.demo import write_demo
from app.models import TABLES
from scripts.benchmarks.figures import Figure
from tests.postgres import running_server

KEY = "signs nothing in a benchmark"
ENGINES = ("sqlite", "postgres")


class Size(NamedTuple):
    """A company: its people, and the days that it is told for."""

    name: str
    people: int
    days: int


SIZES = {"S": Size("S", 200, 90), "M": Size("M", 2_000, 365), "L": Size("L", 10_000, 365)}


class Filled(NamedTuple):
    """A filled database: how to open it here, and the environment of a process that does."""

    size: Size
    engine: str
    config: Config
    settings: dict[str, str]


@contextmanager
def filled(size: Size, engine: str, folder: Path) -> Iterator[tuple[Filled, list[Figure]]]:
    """A database of a size for one run, which writes into it; what filling it took.

    `folder` keeps a SQLite file of each size, made by the first run that needs it. A run works
    on a copy, and PostgreSQL is given the same rows.
    """
    made = folder / f"{size.name}.db"
    figures = [] if made.exists() else invent(size, made)
    copy = folder / f"{size.name}.run.db"
    copy_file(made, copy)
    try:
        if engine == "sqlite":
            yield sqlite(size, copy), figures
        else:
            with running_server(durable=True) as server:
                url = server.create_database(server.new_name("bench"))
                fill_postgres(url, copy)
                yield postgres(size, url), figures
                database.close_all()
    finally:
        for path in folder.glob(f"{copy.name}*"):
            path.unlink()


def sqlite(size: Size, path: Path) -> Filled:
    """A SQLite file, opened and at the present schema."""
    config = Config(sqlite_path=path, secret_key=KEY)
    open_database(config)
    with database.connection_context():
        migrate()
    return Filled(size, "sqlite", config, {"SQLITE_PATH": str(path)})


def postgres(size: Size, url: str) -> Filled:
    """A PostgreSQL database, opened."""
    config = Config(postgres_url=url, secret_key=KEY)
    open_database(config)
    return Filled(size, "postgres", config, {"POSTGRES_URL": url})


def invent(size: Size, path: Path) -> list[Figure]:
    """Write the demo company to a new SQLite file, as `flask demo` does, and tell its rate."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".unfinished")
    sqlite(size, unfinished)
    began, used = time.perf_counter(), time.process_time()
    now = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
    with database.connection_context():
        result = write_demo(
            size.people, size.days, now=now, email_domain="acme.example", progress=silent
        )
    wall, cpu = time.perf_counter() - began, time.process_time() - used
    unfinished.rename(path)
    row = f"`flask demo` ({result.records:,} records)"
    columns = {"seconds": wall, "processor seconds": cpu, "records/s": result.records / wall}
    return [
        Figure(size.name, "sqlite", "writes", row, name, value) for name, value in columns.items()
    ]


def silent(*_: object) -> None:
    """Tell of no progress."""


def copy_file(source: Path, target: Path) -> None:
    """Copy a SQLite database, with what its log still holds."""
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)
    shutil.copymode(source, target)


def fill_postgres(url: str, path: Path) -> None:
    """Copy every row of a SQLite file at any schema to an empty PostgreSQL database."""
    sqlite(SIZES["S"], path)
    open_database(Config(postgres_url=url, secret_key=KEY))
    with closing(sqlite3.connect(path)) as source, database.connection_context():
        migrate()
        with database.atomic():
            for table in reversed(TABLES):
                table.delete().execute()
            for table in TABLES:
                copy_table(source, table)
        # As autovacuum does within minutes; the product analyses a SQLite file by itself.
        database.execute_sql("ANALYZE")


def copy_table(source: sqlite3.Connection, table: type) -> None:
    """All rows of a table, whose numbers go on after them."""
    meta = table._meta
    columns = [field.column_name for field in meta.sorted_fields]
    named = ", ".join(f'"{name}"' for name in columns)
    rows = source.execute(f'SELECT {named} FROM "{meta.table_name}"')  # noqa: S608 - our models
    booleans = [place for place, field in enumerate(meta.sorted_fields) if is_boolean(field)]
    insert_rows(meta.table_name, columns, (spelled(row, booleans) for row in rows))
    if isinstance(meta.primary_key, AutoField):
        key = meta.primary_key.column_name
        database.execute_sql(
            f"SELECT setval(pg_get_serial_sequence('\"{meta.table_name}\"', '{key}'), "  # noqa: S608
            f'COALESCE(MAX("{key}"), 1)) FROM "{meta.table_name}"'
        )


def is_boolean(field: object) -> bool:
    """Whether PostgreSQL stores a field as a boolean, which SQLite writes as 0 and 1."""
    return getattr(field, "field_type", "") == "BOOL"


def spelled(row: tuple[object, ...], booleans: list[int]) -> list[object]:
    """A row of SQLite as COPY of PostgreSQL reads it."""
    values = list(row)
    for place in booleans:
        values[place] = None if values[place] is None else str(bool(values[place])).lower()
    return values
