"""Is the service up? A word for machines, on both databases."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from peewee import Database

from app import create_app
from app.config import read_config
from app.database import database as proxy
from tests.conftest import close


def test_says_ok_when_the_database_answers(client: FlaskClient) -> None:
    response = client.get("/healthz")
    assert (response.status_code, response.text) == (200, "ok")
    assert response.content_type == "text/plain; charset=utf-8"
    assert client.head("/healthz").status_code == 200


def test_is_ready_when_it_is_healthy(client: FlaskClient) -> None:
    response = client.get("/readyz")
    assert (response.status_code, response.text) == (200, "ok")
    assert response.content_type == "text/plain; charset=utf-8"


def test_is_not_ready_with_an_old_schema(client: FlaskClient, app: Flask) -> None:
    assert client.get("/readyz").text == "ok"
    with proxy.connection_context():
        proxy.execute_sql("DELETE FROM schema_migration")
    ready = client.get("/readyz")
    assert ready.status_code == 503
    assert "flask migrate" in ready.text


def test_takes_any_query_string(client: FlaskClient) -> None:
    assert client.get("/healthz?days=x&tool=%00&%FF").status_code == 200


def test_rejects_a_wrong_method(client: FlaskClient) -> None:
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        response = client.open("/healthz", method=method)
        assert response.status_code == 405
        assert "GET" in response.allow


@pytest.fixture
def unmigrated(empty_settings: dict[str, str], tmp_path: Path):
    config = read_config({"SECRET_KEY": "a key for tests only", **empty_settings}, tmp_path)
    yield create_app(config).test_client()
    close(proxy.obj)


@pytest.mark.parametrize("database_engine", ["sqlite"])
def test_an_empty_sqlite_file_is_brought_up_to_date(unmigrated: FlaskClient) -> None:
    assert unmigrated.get("/healthz").text == "ok"
    assert unmigrated.get("/api/stats").status_code == 200


@pytest.mark.parametrize("database_engine", ["postgres"])
def test_an_outdated_postgres_schema_is_named(unmigrated: FlaskClient) -> None:
    assert unmigrated.get("/healthz").text == "ok"
    health = unmigrated.get("/readyz")
    assert (health.status_code, health.mimetype) == (503, "text/plain")
    assert "flask migrate" in health.text
    answer = unmigrated.get("/api/stats")
    assert answer.status_code == 503
    assert answer.json == {"error": health.text}


def test_a_database_of_a_newer_version_is_refused(app: Flask, database: Database) -> None:
    newest = "(SELECT MAX(name) FROM schema_migration)"
    future = "UPDATE schema_migration SET name = '9999_from_the_future' WHERE name = "
    database.execute_sql(future + newest)
    health = app.test_client().get("/readyz")
    assert health.status_code == 503
    assert "9999_from_the_future" in health.text
    assert "newer version" in health.text
