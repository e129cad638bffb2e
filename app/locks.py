"""Locks across processes that the kernel frees when their holder dies.

PostgreSQL: a session advisory lock on a connection of its own. SQLite: `flock` on a file
beside the database.
"""

from __future__ import annotations

import fcntl
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from peewee import Database, OperationalError, PostgresqlDatabase

NAMESPACE = 0x41555454
"""First half of every advisory lock key, so that other programs' locks are not ours."""


class LockHeld(Exception):
    """Another process (or thread) holds the lock."""


@contextmanager
def exclusive_lock(engine: Database, name: str, *, wait: bool = False) -> Iterator[None]:
    """Hold the lock `name` of this database; without `wait`, raise `LockHeld` when taken.

    Raises peewee's `OperationalError` when no lock can be had at all.
    """
    if isinstance(engine, PostgresqlDatabase):
        with _advisory_lock(engine, name, wait):
            yield
    else:
        # The real path: a file reached through a link is the same database.
        with _file_lock(Path(f"{os.path.realpath(engine.database)}.{name}.lock"), wait):
            yield


@contextmanager
def _advisory_lock(engine: PostgresqlDatabase, name: str, wait: bool) -> Iterator[None]:
    key = (NAMESPACE, zlib.crc32(name.encode()) & 0x7FFFFFFF)
    # A connection of its own: the pool's may be handed on while the lock is held.
    own = PostgresqlDatabase(engine.database, **engine.connect_params)
    own.connect()
    try:
        if wait:
            own.execute_sql("SELECT pg_advisory_lock(%s, %s)", key)
        elif not own.execute_sql("SELECT pg_try_advisory_lock(%s, %s)", key).fetchone()[0]:
            raise LockHeld(name)
        yield
    finally:
        own.close()


@contextmanager
def _file_lock(path: Path, wait: bool) -> Iterator[None]:
    descriptor = _open_lock(path)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            raise LockHeld(name_of(path)) from None
        yield
    finally:
        os.close(descriptor)


def _open_lock(path: Path) -> int:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise OperationalError(f"cannot open the lock file {path}: {error.strerror}") from None


def name_of(path: Path) -> str:
    """The lock's name in its file name: tracker.db.sync.lock -> sync."""
    return path.name.removesuffix(".lock").rsplit(".", 1)[-1]
