"""The application in each of its modes of login, and browsers and scripts that call it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from peewee import Database
from werkzeug.test import TestResponse

from app import create_app
from app.config import read_config
from app.database import database as proxy
from app.models import TABLES, ApiToken, LoginSession
from tests.reading import token_of

ADMIN_PASSWORD, VIEWER_PASSWORD = "the admin's pässword", "the viewer's passwörd"
ADMIN = {"ADMIN_PASSWORD": ADMIN_PASSWORD}
VIEWER = {"VIEWER_PASSWORD": VIEWER_PASSWORD}
BOTH = ADMIN | VIEWER
OPEN = {"ALLOW_NO_AUTH": "1"}
FAR = {"REMOTE_ADDR": "192.0.2.7"}
"""The environment of a request from another machine."""
TOUCHED = {LoginSession: {"seen_at"}, ApiToken: {"used_at"}}
"""All that a read may write: when a session or a token was last used."""


@dataclass
class Site:
    """An application and a way to call it; everything goes through one browser."""

    app: Flask
    client: FlaskClient

    def another(self) -> Site:
        """Another browser, which shares nothing with this one."""
        return Site(self.app, self.app.test_client())

    def script(self) -> Site:
        """A caller that keeps no cookies and sends just the headers it is told to."""
        return Site(self.app, self.app.test_client(use_cookies=False))

    def log_in(self, password: str = ADMIN_PASSWORD, **options: Any) -> TestResponse:
        """The answer to POST /api/auth."""
        return self.client.post("/api/auth", json={"password": password}, **options)

    def token(self, path: str) -> str:
        """The CSRF token on a page."""
        return token_of(self.client, path)

    def form(self, path: str, token: str | None = None, **fields: Any) -> TestResponse:
        """The answer to a form with the right token, or with `token`."""
        right = self.token(path) if token is None else token
        return self.client.post(path, data={"csrf_token": right, **fields})

    def cookie(self) -> str:
        """What the login cookie holds, or ""."""
        kept = self.client.get_cookie("ai_tracker_auth")
        return kept.value if kept else ""


Serve = Callable[..., Site]
ONE_DATABASE = pytest.mark.parametrize("database_engine", ["sqlite"])
"""Marks a test of what happens before or after a database is asked: one kind of it will do."""


@pytest.fixture
def serve(database_settings: dict[str, str], tmp_path: Path) -> Iterator[Serve]:
    """Makes the application with settings, on the same fresh database each time."""
    engines: list[Database] = []

    def make(*settings: dict[str, str]) -> Site:
        environment = {"SECRET_KEY": "a key for tests only", **database_settings}
        for more in settings:
            environment |= more
        # Hundreds of logins need not be slow each.
        app = create_app(replace(read_config(environment, tmp_path), scrypt_cost=2))
        app.config["TESTING"] = True
        engines.append(proxy.obj)
        # Tests look into the tables as well.
        proxy.connect()
        return Site(app, app.test_client())

    yield make
    for engine in engines:
        engine.close()
        if hasattr(engine, "close_all"):
            engine.close_all()


def contents() -> dict[str, Any]:
    """All rows of all tables, without the moments that a read may write."""
    with proxy.connection_context():
        return {table._meta.table_name: _rows(table) for table in TABLES}


def _rows(table: Any) -> list[str]:
    untouched = TOUCHED.get(table, set())
    fields = table._meta.fields.items()
    names = ", ".join(f'"{field.column_name}"' for name, field in fields if name not in untouched)
    # Written out: walkers look after every route, and Peewee takes longer to write it than it runs.
    found = proxy.execute_sql(f'SELECT {names} FROM "{table._meta.table_name}"')  # noqa: S608
    return sorted(repr(tuple(map(_told, row))) for row in found.fetchall())


def _told(cell: Any) -> Any:
    """A memoryview, as psycopg2 gives bytes, says where they are and not what."""
    return bytes(cell) if isinstance(cell, memoryview) else cell
