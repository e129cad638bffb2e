"""Cron at `/api/cron/sync`: its secret is the only way in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from app.access import list_events
from app.access.audit import CRON_REFUSED
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


def test_the_secret_cannot_be_guessed_without_end(client: FlaskClient) -> None:
    known = {"REMOTE_ADDR": "198.51.100.1"}
    good = client.get("/api/cron/sync", headers=bearer(SECRET), environ_base=known)
    assert good.status_code == 200
    for number in range(4):
        attacker = {"REMOTE_ADDR": f"192.0.2.{number}"}
        answers = [
            client.get("/api/cron/sync", headers=bearer("wrong"), environ_base=attacker)
            for _ in range(6)
        ]
        assert [answer.status_code for answer in answers] == [401] * 5 + [429]
    assert "Too many tries" in answers[-1].get_json()["error"]
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 60
    right = client.get("/api/cron/sync", headers=bearer(SECRET), environ_base=attacker)
    assert right.status_code == 429
    good = client.get("/api/cron/sync", headers=bearer(SECRET), environ_base=known)
    assert good.status_code == 200
    told = [(one.actor, one.address) for one in list_events(100) if one.action == CRON_REFUSED]
    assert len(told) == 20
    assert told[0] == ("no login", "192.0.2.3")


def test_a_call_without_a_secret_is_no_try(client: FlaskClient) -> None:
    for _ in range(8):
        assert client.get("/api/cron/sync").status_code == 401
    assert client.get("/api/cron/sync", headers=bearer(SECRET)).status_code == 200
