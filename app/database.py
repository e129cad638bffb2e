"""The database: open, connect, transactions, and the schema's version."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from peewee import (
    Database,
    DatabaseProxy,
    Expression,
    Field,
    OperationalError,
    PeeweeException,
    PostgresqlDatabase,
    SqliteDatabase,
    Value,
    fn,
)
from playhouse.migrations import Runner
from playhouse.pool import MaxConnectionsExceeded, PooledPostgresqlDatabase
from psycopg2.extensions import parse_dsn

from app.config import ROOT, Config, ConfigError
from app.files import make_file, make_folder
from app.locks import exclusive_lock
from app.statements import Statement

FILES = Path(__file__).resolve().parent / "_files"
MIGRATIONS = (FILES if FILES.is_dir() else ROOT) / "migrations"
SQLITE_BUSY_SECONDS = 20
ANALYSED_ROWS = 1000
"""How many rows of each index SQLite looks at: a sample takes milliseconds, all rows seconds."""
PATIENCE_SECONDS, REPLICA_PATIENCE_SECONDS = 10, 2
"""For how long a server, or a free connection to it, is waited for."""
SQLITE_PRAGMAS = {
    "journal_mode": "wal",
    # With "normal" a power cut takes back what was already said to be stored.
    "synchronous": "full",
    "foreign_keys": 1,
    "cache_size": -64 * 1024,
    "mmap_size": 256 * 1024 * 1024,
    "temp_store": "memory",
}

P = ParamSpec("P")
R = TypeVar("R")

FAILURES = (PeeweeException, MaxConnectionsExceeded)
"""What a database that fails, or has no connection left, raises."""
READ_ONLY = "25006"
"""PostgreSQL's number of that error."""

_asked: ContextVar[Database | None] = ContextVar("asked", default=None)


class _Servers(DatabaseProxy):
    """The primary server, or inside `on_replica()` its replica."""

    @property
    def obj(self) -> Any:
        """The engine that the present context asks."""
        return _asked.get() or DatabaseProxy.obj.__get__(self)

    @obj.setter
    def obj(self, engine: Database) -> None:
        DatabaseProxy.obj.__set__(self, engine)


database = _Servers()
_replica = DatabaseProxy()
_answers: ContextVar[dict[Any, Any] | None] = ContextVar("answers", default=None)


class _PrivateSqlite(SqliteDatabase):
    """A SQLite database whose file, once made, is its owner's alone."""

    context_class = Statement

    def _connect(self) -> Any:
        make_file(Path(self.database))
        return super()._connect()


class _Postgres(PooledPostgresqlDatabase):
    """A PostgreSQL server, with connections that are kept."""

    context_class = Statement


class OutdatedSchema(Exception):
    """The database is older or newer than this program; the message says what to do."""


def open_database(config: Config) -> Database:
    """Make `config`'s database the one all models use. Connects to nothing yet.

    Raises `ConfigError` when the folder of a SQLite file cannot be made, or when a replica is
    named without its primary.
    """
    read_url = config.postgres_read_url
    if read_url and not config.postgres_url:
        raise ConfigError("POSTGRES_READ_URL: names a replica, but POSTGRES_URL no primary.")
    if config.postgres_url:
        engine = _postgres(config.postgres_url, PATIENCE_SECONDS)
    else:
        _make_folder(config.sqlite_path)
        engine = _PrivateSqlite(
            str(config.sqlite_path),
            pragmas=SQLITE_PRAGMAS,
            lock_type="IMMEDIATE",
            timeout=SQLITE_BUSY_SECONDS,
        )
    database.initialize(engine)
    # Whoever cannot be answered by a replica soon is answered by the primary.
    _replica.initialize(_postgres(read_url, REPLICA_PATIENCE_SECONDS) if read_url else None)
    return engine


def _postgres(url: str, patience: int) -> Database:
    """The server (of several: the first that fits) at a URL, given seconds to let us in."""
    parts = {"connect_timeout": patience} | parse_dsn(url)
    return _Postgres(
        parts.pop("dbname"), max_connections=32, stale_timeout=300, timeout=patience, **parts
    )


def engines() -> list[Database]:
    """The open database, and the replica where there is one."""
    return [engine for engine in (database.obj, _replica.obj) if engine]


def has_replica() -> bool:
    """Whether POSTGRES_READ_URL names a replica."""
    return _replica.obj is not None


@contextmanager
def on_replica() -> Iterator[None]:
    """Ask the replica in here, not the primary. Raises one of `FAILURES` where it cannot answer."""
    engine = _replica.obj
    engine.connect(reuse_if_open=True)
    asked = _asked.set(engine)
    try:
        yield
    finally:
        _asked.reset(asked)
        engine.close()


def _make_folder(path: Path) -> None:
    try:
        make_folder(path.parent)
    except OSError as error:
        raise ConfigError(
            f"SQLITE_PATH: the folder {path.parent} cannot be made ({error.strerror})."
        ) from None
    if path.is_dir():
        raise ConfigError(f"SQLITE_PATH: {path} is a folder; name a file in it.")


def is_postgres() -> bool:
    """Whether the open database is PostgreSQL (else it is SQLite)."""
    return isinstance(database.obj, PostgresqlDatabase)


def reconnect() -> None:
    """Connect this thread again, because a server may have cut its connection."""
    if is_postgres():
        database.close()
        database.connect()


def refuses_writes(error: BaseException) -> bool:
    """Whether a failure is that of a write on a server that only reads, such as a replica."""
    return getattr(error.__cause__ or error.__context__, "pgcode", "") == READ_ONLY


def describe() -> str:
    """The open database in words, without its password."""
    if not is_postgres():
        return f"SQLite {database.obj.database}"
    return f"PostgreSQL {database.obj.database}"


@contextmanager
def reading() -> Iterator[None]:
    """One consistent snapshot for several reads, so that a page's figures agree."""
    if database.in_transaction():
        yield
        return
    # DEFERRED, and not IMMEDIATE as for writing: a page must not hold SQLite's one write lock.
    mode = "REPEATABLE READ" if is_postgres() else "DEFERRED"
    with database.manual_commit():
        database.begin(mode)
        kept = _answers.set({})
        try:
            yield
        finally:
            _answers.reset(kept)
            database.rollback()


@contextmanager
def temporary(*tables: Any) -> Iterator[None]:
    """Make tables that this connection alone has, and that are gone afterwards.

    SQLite keeps them in a file: there may be more of them than memory.
    """
    if not is_postgres():
        database.execute_sql("PRAGMA temp_store = FILE")
    for table in tables:
        table.drop_table()
        table._meta.without_rowid = not is_postgres() and bool(table._meta.composite_key)
        table.create_table(safe=False, temporary=True)
    try:
        yield
    finally:
        # Without a connection there are none: then it is not the matter that is told.
        with suppress(PeeweeException):
            for table in tables:
                table.drop_table()
            if not is_postgres():
                database.execute_sql("PRAGMA temp_store = MEMORY")


@contextmanager
def aside() -> Iterator[None]:
    """One consistent snapshot, of which temporary tables alone are filled: nobody waits for it."""
    with database.manual_commit():
        database.begin("REPEATABLE READ" if is_postgres() else "DEFERRED")
        try:
            yield
        except BaseException:
            database.rollback()
            raise
        database.commit()


def analyse_new(*tables: Any) -> None:
    """Let PostgreSQL see what temporary tables hold by now: nothing else does."""
    if is_postgres():
        names = ", ".join(f'"{table._meta.table_name}"' for table in tables)
        database.execute_sql(f"ANALYZE {names}")


def asked_once(question: Callable[P, R]) -> Callable[P, R]:
    """Inside one `reading()` the same question is asked once: its data cannot change there."""

    @wraps(question)
    def answer(*args: P.args, **kwargs: P.kwargs) -> R:
        answers = _answers.get()
        if answers is None:
            return question(*args, **kwargs)
        key = (question, args, tuple(sorted(kwargs.items())))
        if key not in answers:
            answers[key] = question(*args, **kwargs)
        answered: R = answers[key]
        return answered

    return answer


def is_writing() -> bool:
    """Whether a transaction is open that may change data, and may yet be rolled back."""
    # `reading` alone keeps answers, and it is the one kind of transaction that writes nothing.
    return bool(database.in_transaction()) and _answers.get() is None


def server_run() -> Any:
    """To select: what tells one run of a server from every other; "" of SQLite.

    Only within one run does data never go back: another server may lack the latest writes, and
    then count different ones by the same numbers.
    """
    return fn.pg_postmaster_start_time().cast("TEXT") if is_postgres() else Value("")


def writing() -> Any:
    """A transaction (or a savepoint in one); SQLite takes its write lock at once."""
    return database.atomic()


def total(value: Field | Expression) -> Any:
    """SUM of a 64-bit integer expression, 0 for no rows: an `int` on both databases."""
    return fn.COALESCE(fn.SUM(value), 0).cast("BIGINT")


def listed(number: Field | Expression) -> Any:
    """All values of an integer expression in a group as one text, with commas between them."""
    if is_postgres():
        return fn.STRING_AGG(number.cast("TEXT"), Value(","))
    return fn.GROUP_CONCAT(number)


def analyse() -> None:
    """Let SQLite see how its data is spread now, so that it knows which index leads to few rows.

    To be called after much was written; PostgreSQL sees to it by itself. It is a sample, written
    within milliseconds; where somebody else writes for long, the last one stays.
    """
    if is_postgres():
        return
    with suppress(OperationalError):
        database.execute_sql(f"PRAGMA analysis_limit = {ANALYSED_ROWS}")
        database.execute_sql("ANALYZE")


def _runner() -> Runner:
    return Runner(database.obj, str(MIGRATIONS))


def pending_migrations() -> list[str]:
    """Names of migrations this database still lacks. Raises `OutdatedSchema` if it is newer."""
    status = _runner().status()
    unknown = [migration.name for migration in status if migration.path is None]
    if unknown:
        raise OutdatedSchema(
            f"The database has the migration {unknown[-1]}, which this version does not know: "
            "it was used by a newer version. Start that version, or restore a backup."
        )
    return [migration.name for migration in status if not migration.applied]


def migrate() -> list[str]:
    """Bring the database to the current schema; the names applied. Safe in many processes."""
    with exclusive_lock(database.obj, "migrate", wait=True):
        pending_migrations()
        applied = list(_runner().up())
    if applied:
        analyse()
    return applied


def require_current_schema() -> None:
    """Migrate an embedded database; refuse an outdated server with the command to run."""
    if is_postgres():
        refuse_outdated_schema()
    elif pending_migrations():
        migrate()


def refuse_outdated_schema() -> None:
    """Raise `OutdatedSchema`, with the command to run, unless every migration was applied."""
    if pending_migrations():
        raise OutdatedSchema("The database schema is out of date: run `flask migrate`.")


def require_answer() -> None:
    """Raise one of `FAILURES` unless the database answers."""
    database.execute_sql("SELECT 1")


def process_label() -> str:
    """Who holds a lock or writes a run: process id and host."""
    return f"{os.getpid()}@{os.uname().nodename}"
