"""A throw-away PostgreSQL for one test run: started from installed binaries, gone afterwards."""

from __future__ import annotations

import itertools
import os
import pwd
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlencode, urlsplit, urlunsplit

import psycopg2

from tests.memory import in_memory

SETTINGS = """
listen_addresses = ''
unix_socket_directories = '{directory}'
unix_socket_permissions = 0700
port = 5432
wal_level = minimal
max_wal_senders = 0
max_connections = 200
shared_buffers = 64MB
"""
# Nothing in a test outlives the run, so durability is traded for speed. Without autovacuum no
# background worker holds the template database while a test copies it.
FAST_SETTINGS = """
fsync = off
full_page_writes = off
synchronous_commit = off
autovacuum = off
max_wal_size = 256MB
"""
DURABLE_SETTINGS = """
shared_buffers = 1GB
work_mem = 64MB
max_wal_size = 4GB
"""

# The server lives as long as its standard input: when the test process ends, even by a kill,
# the pipe closes, and the server stops and takes its directory along.
KEEPER = """
PATH="$1:$PATH"
start() {
  sh -c "$MAKE" &&
    cat settings >> data/postgresql.conf &&
    "$1/pg_ctl" -D data -l server.log -w -t 60 start
}
start "$1" > start.log 2>&1 && echo ready || echo failed
read -r _
"$1/pg_ctl" -D data -m immediate stop > /dev/null 2>&1
cd / && rm -rf "$2"
"""


INITDB = "initdb -D data -U postgres -A trust -E UTF8 --no-sync {locale}"


class PostgresUnavailable(Exception):
    """No PostgreSQL to test with; the message says what to install or set."""


class PostgresServer:
    """A running server reached by `url`, which may create and drop databases.

    `run` names the test run in the names of its databases; its workers share it.
    """

    def __init__(self, url: str, run: str = "") -> None:
        self.url = url
        self.run = run or str(os.getpid())
        self._numbers = itertools.count(1)
        self._kept: psycopg2.extensions.connection | None = None

    def new_name(self, prefix: str = "test") -> str:
        """A database name that no other test and no other test run uses."""
        return f"{prefix}_{self.run}_{os.getpid()}_{next(self._numbers)}"

    def shared_name(self, prefix: str) -> str:
        """The name of a database that all workers of this run use."""
        return f"{prefix}_{self.run}_shared"

    def database_url(self, name: str) -> str:
        """The URL of the database `name` on this server."""
        return urlunsplit(urlsplit(self.url)._replace(path=f"/{name}"))

    def create_database(self, name: str, template: str | None = None) -> str:
        """Creates `name` as a copy of `template` (None: empty) and returns its URL."""
        # A copy of files takes a quarter of the time that a copy by the log takes.
        how = " STRATEGY file_copy" if self._connection().server_version >= 150_000 else ""
        self.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template or "template0"}"{how}')
        return self.database_url(name)

    def drop_database(self, name: str) -> None:
        """Drops `name`, also when something is still connected to it."""
        self.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def drop_all(self) -> None:
        """Drops every database of this run."""
        with self._connection().cursor() as cursor:
            cursor.execute("SELECT datname FROM pg_database")
            names = [name for (name,) in cursor if f"_{self.run}_" in name]
        for name in names:
            self.drop_database(name)

    def execute(self, statement: str) -> None:
        """Runs one administrative statement outside any transaction."""
        with self._connection().cursor() as cursor:
            cursor.execute(statement)

    def _connection(self) -> psycopg2.extensions.connection:
        """One connection for all administration: each is a process that the server starts."""
        if self._kept is None or self._kept.closed:
            self._kept = psycopg2.connect(self.url)
            self._kept.autocommit = True
        return self._kept


@contextmanager
def running_server(*, durable: bool = False) -> Iterator[PostgresServer]:
    """The server of TEST_DATABASE_URL, else one started here from the installed binaries.

    `durable`: as in production, to measure.

    Raises `PostgresUnavailable` when there is neither.
    """
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        server = PostgresServer(given)
        try:
            yield server
        finally:
            server.drop_all()
        return
    with _own_server(find_binaries(), durable) as server:
        yield server


def find_binaries() -> Path:
    """The folder with initdb and pg_ctl: the newest of Debian's, else the one in PATH.

    Raises `PostgresUnavailable` when there is none.
    """
    debian = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if debian:
        return max(debian, key=lambda path: int(re.sub(r"\D", "", path.parent.name) or 0))
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    raise PostgresUnavailable(
        "no PostgreSQL for the tests: initdb is neither in PATH nor in /usr/lib/postgresql. "
        "Install PostgreSQL (Debian: apt-get install postgresql) or set TEST_DATABASE_URL."
    )


@contextmanager
def _own_server(binaries: Path, durable: bool) -> Iterator[PostgresServer]:
    settings = DURABLE_SETTINGS if durable else FAST_SETTINGS
    with kept_server(binaries, private_directory(durable), settings) as server:
        yield server


@contextmanager
def kept_server(
    binaries: Path, directory: Path, more_settings: str, make: str = ""
) -> Iterator[PostgresServer]:
    """A server in `directory`, which is removed with it; its files come from `make` or initdb."""
    settings = SETTINGS.format(directory=directory) + more_settings
    (directory / "settings").write_text(settings)
    make = make or INITDB.format(locale=_locale_options(binaries))
    with _keeper(binaries, directory, make) as keeper:
        answer = keeper.stdout.readline().strip() if keeper.stdout else ""
        if answer != "ready":
            raise PostgresUnavailable(_why_not_started(binaries, directory))
        query = urlencode({"host": directory}, safe="/")
        yield PostgresServer(f"postgresql://postgres@/postgres?{query}")


@contextmanager
def _keeper(binaries: Path, directory: Path, make: str) -> Iterator[subprocess.Popen[str]]:
    environment = {name: value for name, value in os.environ.items() if name[:2] != "PG"}
    environment |= {"HOME": str(directory), "LC_ALL": "C", "MAKE": make}
    # Leaving Popen closes the pipe and waits, which ends the keeper and its server.
    user = unprivileged_user()
    with subprocess.Popen(
        ["/bin/sh", "-c", KEEPER, "keeper", str(binaries), str(directory)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=directory,
        env=environment,
        start_new_session=True,
        user=user,
        extra_groups=None if user is None else [],
    ) as keeper:
        yield keeper


def private_directory(durable: bool) -> Path:
    """A new directory for a server, owned by whom it runs as."""
    # The path of a unix socket has room for about 100 bytes, so not in a deep TMPDIR.
    base = "/tmp" if os.access("/tmp", os.W_OK) else None  # noqa: S108
    if not durable:
        base = in_memory() or base
    directory = Path(tempfile.mkdtemp(prefix="pg-", dir=base))
    user = unprivileged_user()
    if user is not None:
        shutil.chown(directory, user)
    return directory


def unprivileged_user() -> int | None:
    """The user id a root process must become, since PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            return pwd.getpwnam(name).pw_uid
    raise PostgresUnavailable(
        "PostgreSQL does not run as root, and there is no user postgres or nobody to run it as."
    )


def _locale_options(binaries: Path) -> str:
    """A language's sort order where the server has it, like a production database.

    Plain byte order would hide queries that sort differently than on SQLite.
    """
    usage = subprocess.run([binaries / "initdb", "--help"], capture_output=True, text=True)
    if "--icu-locale" in usage.stdout:
        return "--locale=C --locale-provider=icu --icu-locale=en-US"
    return "--locale=C"


def _why_not_started(binaries: Path, directory: Path) -> str:
    logs = [directory / "start.log", directory / "server.log"]
    lines = [line for log in logs if log.exists() for line in log.read_text().splitlines()]
    return f"PostgreSQL of {binaries} did not start: " + " | ".join(lines[-6:])
