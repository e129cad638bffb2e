"""Fixtures for all tests: a PostgreSQL server and fresh databases of both kinds."""

from __future__ import annotations

import os
import re
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from flask import Flask
from flask.testing import FlaskClient, FlaskCliRunner
from peewee import Database

from app import create_app
from app.config import Config, read_config
from app.database import database as proxy
from app.database import migrate, open_database
from tests.filled import company, filled_company, filled_config, filled_town, town  # noqa: F401
from tests.modes import serve  # noqa: F401
from tests.postgres import PostgresServer, PostgresUnavailable, running_server
from tests.probes import probed  # noqa: F401

# Who runs this in the background ignores Ctrl-C, and so would every process started here.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# How fast examples are made tells of the machine, not of the code.
hypothesis.settings.register_profile(
    "steady",
    hypothesis.settings.get_profile("ci" if os.environ.get("CI") else "default"),
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("steady")

ROOT = Path(__file__).resolve().parent.parent

# What a developer has set for the real product must not reach a test.
for setting in re.findall(r"^#?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE):
    os.environ.pop(setting, None)
    os.environ.pop(f"{setting}_FILE", None)


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[PostgresServer]:
    """One PostgreSQL server for the whole run; skips without one, fails when CI=true."""
    try:
        with running_server() as server:
            yield server
    except PostgresUnavailable as reason:
        if os.environ.get("CI") == "true":
            pytest.fail(str(reason))
        pytest.skip(str(reason))


@pytest.fixture(scope="session")
def postgres_template(postgres_cluster: PostgresServer) -> str:
    """The database that every fresh PostgreSQL database is a copy of: a migrated one."""
    name = postgres_cluster.new_name("template")
    engine = open_database(Config(postgres_url=postgres_cluster.create_database(name)))
    migrate()
    engine.close_all()
    return name


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file that every fresh SQLite database is a copy of: a migrated one."""
    path = tmp_path_factory.mktemp("template") / "tracker.db"
    engine = open_database(Config(sqlite_path=path))
    migrate()
    engine.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.close()
    return path


@pytest.fixture(params=["sqlite", "postgres"])
def database_engine(request: pytest.FixtureRequest) -> str:
    """Runs the test once on each kind of database."""
    return request.param


@pytest.fixture
def database_settings(
    database_engine: str, request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[dict[str, str]]:
    """The settings of a fresh migrated database: SQLITE_PATH or POSTGRES_URL."""
    if database_engine == "sqlite":
        path = tmp_path / "tracker.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield {"SQLITE_PATH": str(path)}
        return
    server: PostgresServer = request.getfixturevalue("postgres_cluster")
    name = server.new_name()
    url = server.create_database(name, request.getfixturevalue("postgres_template"))
    yield {"POSTGRES_URL": url}
    server.drop_database(name)


@pytest.fixture
def empty_settings(
    database_engine: str, request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[dict[str, str]]:
    """The settings of a database without any table."""
    if database_engine == "sqlite":
        yield {"SQLITE_PATH": str(tmp_path / "empty.db")}
        return
    server: PostgresServer = request.getfixturevalue("postgres_cluster")
    name = server.new_name("empty")
    yield {"POSTGRES_URL": server.create_database(name)}
    server.drop_database(name)


@pytest.fixture
def config(database_settings: dict[str, str], tmp_path: Path) -> Config:
    """The configuration of a fresh database, without providers."""
    return read_config({"SECRET_KEY": "a key for tests only", **database_settings}, tmp_path)


@pytest.fixture
def app(config: Config) -> Iterator[Flask]:
    """The application on the fresh database."""
    application = create_app(config)
    application.config["TESTING"] = True
    yield application
    close(proxy.obj)


@pytest.fixture
def database(app: Flask) -> Database:
    """The application's database, connected in this thread."""
    proxy.connect(reuse_if_open=True)
    return proxy.obj


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser without JavaScript."""
    return app.test_client()


@pytest.fixture
def runner(app: Flask) -> FlaskCliRunner:
    """Runs commands in this process."""
    return app.test_cli_runner()


def close(engine: Database) -> None:
    """Close every connection of a database, pooled ones too."""
    engine.close()
    if hasattr(engine, "close_all"):
        engine.close_all()
