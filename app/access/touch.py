"""Notes that something was used: at most once a minute, without delaying the request."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from peewee import BigIntegerField, OperationalError

from app.database import SQLITE_BUSY_SECONDS, database, is_postgres, writing
from app.dates import now_seconds
from app.models.base import Table

EVERY = 60
"""Seconds within which a second use is not written down."""


def touch(field: BigIntegerField, row: Table) -> None:
    """Set a moment of `row` to now, at most once a minute.

    Not while an import holds SQLite's write lock: a page must not wait for that.
    """
    now = now_seconds()
    if (getattr(row, field.name) or 0) > now - EVERY:
        return
    query = type(row).update({field: now}).where(type(row)._meta.primary_key == row.get_id())
    with without_waiting(), writing():
        query.execute()


@contextmanager
def without_waiting() -> Iterator[None]:
    """A small write that is left out, rather than waited for, while SQLite's lock is held."""
    if is_postgres():
        yield
        return
    database.execute_sql("PRAGMA busy_timeout = 0")
    try:
        with suppress(OperationalError):
            yield
    finally:
        database.execute_sql(f"PRAGMA busy_timeout = {SQLITE_BUSY_SECONDS * 1000}")
