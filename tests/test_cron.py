"""Cron at `/api/cron/sync`: its secret is the only way in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from app.config import Config
from app.database import database as proxy
from app.dates import utc_today
from tests.calls import SECRET, asked_days, bearer
from tests.conftest import close
from tests.invented import configured, with_account
from tests.upstream import Company, Upstream


@pytest.fixture
def live(config: Config) -> Iterator[Config]:
    """Only Anthropic is configured: its requests need not be spaced."""
    with Upstream(Company(heavy=60)) as upstream:
        both = configured(config, upstream)
        yield replace(with_account(both, "cursor", key=None), cron_secret=SECRET)


@pytest.fixture
def app(live: Config) -> Iterator[Flask]:
    application = create_app(live)
    application.config["TESTING"] = True
    yield application
    close(proxy.obj)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_cron_syncs_the_daily_window(client: FlaskClient, method: str) -> None:
    answer = client.open("/api/cron/sync", method=method, headers=bearer(SECRET))
    assert answer.status_code == 200
    assert answer.get_json()["success"] is True
    assert asked_days() == [(utc_today() - timedelta(days=3), utc_today(), "cron")]


def test_a_look_at_the_headers_syncs_nothing(client: FlaskClient) -> None:
    assert client.head("/api/cron/sync", headers=bearer(SECRET)).status_code == 405
    assert asked_days() == []


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer wrong",
        f"bearer {SECRET}",
        f"Bearer {SECRET} ",
        f"Basic {SECRET}",
        SECRET,
        "Bearer é",
    ],
)
@pytest.mark.parametrize("database_engine", ["sqlite"])
def test_cron_refuses_a_wrong_secret(client: FlaskClient, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    answer = client.post("/api/cron/sync", headers=headers)
    assert answer.status_code == 401
    assert answer.get_json()["error"]
    assert asked_days() == []


@pytest.mark.parametrize("database_engine", ["sqlite"])
def test_cron_without_a_secret_is_off_not_open(live: Config) -> None:
    client = create_app(replace(live, cron_secret=None)).test_client()
    for headers in ({}, {"Authorization": "Bearer "}, {"Authorization": "Bearer None"}):
        answer = client.get("/api/cron/sync", headers=headers)
        assert answer.status_code == 503
        assert "CRON_SECRET" in answer.get_json()["error"]
    assert asked_days() == []
