"""Locks across processes that the kernel frees when their holder dies.

PostgreSQL: a session advisory lock on a connection of its own. SQLite: `flock` on a file
beside the database.
"""

from __future__ import annotations

import fcntl
import os
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from peewee import Database, OperationalError, PeeweeException, PostgresqlDatabase

from app.files import FILE_MODE, make_folder

NAMESPACE = 0x41555454
"""First half of every advisory lock key, so that other programs' locks are not ours."""


HELD = """
    SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND classid = %s AND objid = %s
    AND granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


LOOKS_LAST_SECONDS = 0.2


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
        with _file_lock(_lock_file(engine, name), wait):
            yield


def is_held(engine: Database, name: str) -> bool:
    """Whether anybody holds the lock `name` now."""
    if isinstance(engine, PostgresqlDatabase):
        return bool(engine.execute_sql(HELD, _key(name)).fetchone())
    try:
        # Shared: of two that look at the same time, neither takes the other for a holder.
        with _file_lock(_lock_file(engine, name), wait=False, shared=True):
            return False
    except LockHeld:
        return True


@contextmanager
def _advisory_lock(engine: PostgresqlDatabase, name: str, wait: bool) -> Iterator[None]:
    key = _key(name)
    # A connection of its own: the pool's may be handed on while the lock is held.
    own = PostgresqlDatabase(engine.database, **engine.connect_params)
    own.connect()
    try:
        if wait:
            own.execute_sql("SELECT pg_advisory_lock(%s, %s)", key)
        elif not own.execute_sql("SELECT pg_try_advisory_lock(%s, %s)", key).fetchone()[0]:
            raise LockHeld(name)
        try:
            yield
        finally:
            # A server notices a closed connection a little later: too late for the next caller.
            with suppress(PeeweeException):
                own.execute_sql("SELECT pg_advisory_unlock(%s, %s)", key)
    finally:
        own.close()


def _key(name: str) -> tuple[int, int]:
    # Keys of the server are signed 32-bit numbers.
    return NAMESPACE, zlib.crc32(name.encode()) & 0x7FFFFFFF


def _lock_file(engine: Database, name: str) -> Path:
    # The real path: a file reached through a link is the same database.
    return Path(f"{os.path.realpath(engine.database)}.{name}.lock")


@contextmanager
def _file_lock(path: Path, wait: bool, shared: bool = False) -> Iterator[None]:
    descriptor = _open_lock(path)
    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    try:
        if not _locked(descriptor, kind, wait):
            raise LockHeld(name_of(path))
        yield
    finally:
        # The file stays: were it deleted, the next two could lock two files of one name.
        os.close(descriptor)


def _locked(descriptor: int, kind: int, wait: bool) -> bool:
    """Whether the lock was taken. Those who only look hold it for a moment: it is worth a wait."""
    if wait:
        fcntl.flock(descriptor, kind)
        return True
    deadline = time.monotonic() + (0 if kind == fcntl.LOCK_SH else LOOKS_LAST_SECONDS)
    while True:
        with suppress(BlockingIOError):
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
            return True
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.01)


def _open_lock(path: Path) -> int:
    try:
        make_folder(path.parent)
        # Closed in children: one that outlives its parent would go on holding the lock.
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)
    except OSError as error:
        raise OperationalError(f"cannot open the lock file {path}: {error.strerror}") from None


def name_of(path: Path) -> str:
    """The lock's name in its file name: tracker.db.sync.lock -> sync."""
    return path.name.removesuffix(".lock").rsplit(".", 1)[-1]
