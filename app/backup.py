"""A whole copy of the database in one file, made while the product runs."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from app.database import database, describe, is_postgres
from app.files import FILE_MODE
from app.soundness import sqlite_damage

ENVIRONMENT = {
    "host": "PGHOST",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "connect_timeout": "PGCONNECT_TIMEOUT",
    "target_session_attrs": "PGTARGETSESSIONATTRS",
}
"""How pg_dump takes what a POSTGRES_URL says; nothing of it shows in the list of processes."""


COMPANIONS = ("-wal", "-shm", "-journal", ".lock")
"""How the names end of what SQLite and our locks keep beside the database."""


class BackupFailed(Exception):
    """No backup was made; the message says why and what to do."""


def write_backup(target: Path) -> int:
    """Copy the open database to the file `target`, which is then whole or as it was; its bytes.

    SQLite: a database file. PostgreSQL: an archive for `pg_restore`. Readers and writers go on
    meanwhile; the copy holds one moment. Raises `BackupFailed`.
    """
    _check(target)
    with _aside(target) as temporary:
        (_dump_postgres if is_postgres() else _copy_sqlite)(temporary)
        return temporary.stat().st_size


def _check(target: Path) -> None:
    """Refuse what a backup must not take the place of: a device, a folder, our own files."""
    if target.is_dir():
        raise BackupFailed(f"{target} is a folder; name a file in it.")
    if target.exists() and not target.is_file():
        raise BackupFailed(f"{target} is no file; a backup would take its place. Name a file.")
    if is_postgres():
        return
    own, real = os.path.realpath(database.obj.database), os.path.realpath(target)
    if real == own or (target.exists() and target.samefile(own)):
        raise BackupFailed(f"{target} is the database itself; name another file.")
    beside = real.removeprefix(own)
    if beside != real and beside.endswith(COMPANIONS):
        raise BackupFailed(f"{target} belongs to the database; name another file.")


@contextmanager
def _aside(target: Path) -> Iterator[Path]:
    """A file beside `target` that takes its place when all went well, on the disk for good."""
    temporary = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE))
        yield temporary
        # First the content, then the name: a power cut leaves the old backup or the new one.
        _flush(temporary)
        os.replace(temporary, target)
        _flush(target.parent)
    except OSError as error:
        raise BackupFailed(f"{target} cannot be written ({error.strerror}).") from None
    finally:
        temporary.unlink(missing_ok=True)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _copy_sqlite(temporary: Path) -> None:
    try:
        with closing(sqlite3.connect(temporary)) as copy:
            # In one step: a copy in pieces starts over with every write of somebody else.
            database.connection().backup(copy)
            # One file that needs no other beside it.
            copy.execute("PRAGMA journal_mode = DELETE")
            damage = sqlite_damage(copy)
    except sqlite3.Error as error:
        raise BackupFailed(f"{describe()} could not be copied: {error}.") from None
    if damage:
        raise BackupFailed(f"{describe()} is damaged: {damage}. Restore an earlier backup.")


def _dump_postgres(temporary: Path) -> None:
    program = shutil.which("pg_dump")
    if program is None:
        raise BackupFailed(
            "PostgreSQL is backed up by pg_dump, which is not installed here. Install the "
            "PostgreSQL client programs, or run pg_dump --format=custom where they are."
        )
    command = [program, "--format=custom", "--no-owner", f"--file={temporary}"]
    done = subprocess.run(  # noqa: S603 - our own arguments, no shell
        command, env=postgres_environment(), stdin=subprocess.DEVNULL, capture_output=True
    )
    if done.returncode:
        said = " ".join(done.stderr.decode(errors="replace").split())
        raise BackupFailed(f"pg_dump failed with code {done.returncode}: {said}")


def postgres_environment() -> dict[str, str]:
    """The environment in which PostgreSQL's own programs reach the open database."""
    engine = database.obj
    known = {
        ENVIRONMENT[name]: str(value)
        for name, value in engine.connect_params.items()
        if name in ENVIRONMENT and value is not None
    }
    return os.environ | known | {"PGDATABASE": engine.database}
