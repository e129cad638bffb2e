"""Fixtures for all tests: a PostgreSQL server and fresh databases of both kinds."""

from __future__ import annotations

import gc
import os
import re
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from flask import Flask
from flask.testing import FlaskClient, FlaskCliRunner
from peewee import Database

from app import create_app
from app.config import Config, read_config
from app.database import database as proxy
from tests.compiled import CompiledRule, CompiledTemplates
from tests.filled import company, filled_engine, filler, offices, town  # noqa: F401
from tests.invented import configured
from tests.memory import in_memory
from tests.modes import serve  # noqa: F401
from tests.order import dealt
from tests.postgres import PostgresServer, PostgresUnavailable, running_server
from tests.probes import probed  # noqa: F401
from tests.templates import Templates
from tests.upstream import Company, Upstream

# Who runs this in the background ignores Ctrl-C, and so would every process started here.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# How fast examples are made tells of the machine, not of the code. The same ones in every run:
# a new one is looked for with `scripts/test --long`, not by whoever comes by.
for profile, examples, same in (("short", 40, True), ("long", 2_000, False)):
    hypothesis.settings.register_profile(
        profile,
        max_examples=examples,
        derandomize=same,
        database=None,
        deadline=None,
        print_blob=True,
        suppress_health_check=[hypothesis.HealthCheck.too_slow],
    )
hypothesis.settings.load_profile("short")

SECONDS_A_DAY, SECONDS_BEFORE_MIDNIGHT = 86_400, 60
OBJECTS_BETWEEN_LOOKS = 10_000
"""How many new objects let Python look for garbage: with its 700 it is a tenth of the run."""
ROOT = Path(__file__).resolve().parent.parent

# What a developer has set for the real product must not reach a test.
for setting in re.findall(r"^#?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE):
    os.environ.pop(setting, None)
    os.environ.pop(f"{setting}_FILE", None)

# For `tmp_path`: a database that waits for its disk at every commit takes most of a test's time.
if memory := in_memory():
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", memory)

Flask.jinja_options = {"bytecode_cache": CompiledTemplates()}
Flask.url_rule_class = CompiledRule


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Look for no garbage among the half a million objects of the tests: they all stay."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(OBJECTS_BETWEEN_LOOKS)
        gc.enable()


def pytest_runtest_setup() -> None:
    """Begin no test shortly before midnight UTC: what it stores as today's would be yesterday's."""
    left = SECONDS_A_DAY - time.time() % SECONDS_A_DAY
    if left < SECONDS_BEFORE_MIDNIGHT:
        time.sleep(left)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where there are several workers (pytest -n), let each begin with what takes long."""
    if told := getattr(config, "workerinput", None):
        items[:] = dealt(items, told["workercount"])


def pytest_configure(config: pytest.Config) -> None:
    """Make one PostgreSQL server for all workers, where there are several (pytest -n)."""
    if getattr(config.option, "dist", "no") != "no" and not hasattr(config, "workerinput"):
        config.pluginmanager.register(SharedServer(config))


class SharedServer:
    """The PostgreSQL server of the process that hands out the tests, for all its workers."""

    def __init__(self, config: pytest.Config) -> None:
        self._open = ExitStack()
        config.add_cleanup(self._open.close)
        try:
            server = self._open.enter_context(running_server())
            self._told = {"url": server.url, "run": server.run}
        except PostgresUnavailable as reason:
            self._told = {"missing": str(reason)}

    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker, before it starts."""
        node.workerinput["postgres"] = self._told


@pytest.fixture(scope="session")
def postgres_cluster(pytestconfig: pytest.Config) -> Iterator[PostgresServer]:
    """One PostgreSQL server for the whole run; skips without one, fails when CI=true."""
    told = getattr(pytestconfig, "workerinput", {}).get("postgres", {})
    try:
        if "missing" in told:
            raise PostgresUnavailable(told["missing"])
        if "url" in told:
            yield PostgresServer(**told)
            return
        with running_server() as server:
            yield server
    except PostgresUnavailable as reason:
        if os.environ.get("CI") == "true":
            pytest.fail(str(reason))
        pytest.skip(str(reason))


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Path:
    """A folder that all workers of this run share."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if hasattr(pytestconfig, "workerinput") else base) / "shared"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def templates(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Templates:
    """The databases that others are copies of."""
    return Templates(request, tmp_path_factory.mktemp("templates"))


@pytest.fixture(scope="session")
def postgres_template(templates: Templates) -> str:
    """A PostgreSQL database that is migrated and empty."""
    return templates.name()


@pytest.fixture(scope="session")
def sqlite_template(templates: Templates) -> Path:
    """A SQLite file that is migrated and empty."""
    return Path(templates.path())


@pytest.fixture(params=["sqlite", "postgres"])
def database_engine(request: pytest.FixtureRequest) -> str:
    """Runs the test once on each kind of database."""
    return request.param


@pytest.fixture
def database_settings(
    database_engine: str, request: pytest.FixtureRequest, templates: Templates, tmp_path: Path
) -> Iterator[dict[str, str]]:
    """The settings of a fresh migrated database: SQLITE_PATH or POSTGRES_URL.

    It is empty, but for tests with a fixture that `FILLED` of their module names: they get copies
    of one that was filled once.
    """
    filled = getattr(request.module, "FILLED", {})
    fill = next((filled[name] for name in request.fixturenames if name in filled), None)
    if database_engine == "sqlite":
        path = tmp_path / "tracker.db"
        shutil.copy(templates.path(fill), path)
        yield {"SQLITE_PATH": str(path)}
        return
    name = templates.server.new_name()
    yield {"POSTGRES_URL": templates.server.create_database(name, templates.name(fill))}
    templates.server.drop_database(name)


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
    """The configuration of a fresh database, without providers; passwords cost no time."""
    settings = {"SECRET_KEY": "a key for tests only", **database_settings}
    return replace(read_config(settings, tmp_path), scrypt_cost=2)


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


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    """Both providers' APIs on loopback, of a small invented company."""
    with Upstream(Company(heavy=40)) as server:
        yield server


@pytest.fixture
def live(config: Config, upstream: Upstream) -> Iterator[Config]:
    """The settings of a product that reads from `upstream`."""
    config = configured(config, upstream)
    create_app(config)
    yield config
    close(proxy.obj)
