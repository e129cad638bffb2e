"""Databases that tests get copies of: migrated ones, empty or filled once in a process."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.config import Config
from app.database import migrate, open_database
from app.dates import utc_today
from tests.postgres import PostgresServer

Fill = Callable[[], Any]


class Templates:
    """Makes templates, and copies of them, when they are first asked for."""

    def __init__(self, request: pytest.FixtureRequest, folder: Path) -> None:
        self._request, self._folder = request, folder
        self._made: dict[object, str] = {}

    @property
    def server(self) -> PostgresServer:
        """The PostgreSQL server of this run."""
        server: PostgresServer = self._request.getfixturevalue("postgres_cluster")
        return server

    def path(self, fill: Fill | None = None) -> str:
        """The SQLite file with what `fill` stores (None: nothing)."""
        if (made := self._made.get(key := ("sqlite", *_key(fill)))) is None:
            made = self._made[key] = str(self._folder / f"{len(self._made)}.db")
            if fill:
                shutil.copy(self.path(), made)
            _prepare(Config(sqlite_path=Path(made)), fill or migrate)
        return made

    def name(self, fill: Fill | None = None) -> str:
        """The PostgreSQL database with what `fill` stores (None: nothing)."""
        if (made := self._made.get(key := ("postgres", *_key(fill)))) is None:
            made = self._made[key] = self.server.new_name("template")
            url = self.server.create_database(made, self.name() if fill else None)
            _prepare(Config(postgres_url=url), fill or migrate)
        return made


def _key(fill: Fill | None) -> tuple[object, ...]:
    """What is filled in may hang on the day."""
    return (fill, utc_today()) if fill else ()


def _prepare(config: Config, work: Fill) -> None:
    engine = open_database(config)
    with engine.connection_context():
        work()
        if config.sqlite_path and not config.postgres_url:
            engine.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    if hasattr(engine, "close_all"):
        engine.close_all()
