"""Connections in the settings: how they are set up, and really trying them out."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from app.config import Config
from app.database import database as proxy
from app.providers import by_name
from app.web.settings.connections import connection, try_out
from tests.conftest import close
from tests.invented import configured, with_account
from tests.invented_keys import send
from tests.reading import shown
from tests.upstream import Company, Upstream

CONNECTIONS = "/settings/connections"


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    """The invented company's APIs."""
    with Upstream(Company(ordinary=3, heavy=3)) as running:
        yield running


@pytest.fixture
def connected(config: Config, upstream: Upstream) -> Iterator[Flask]:
    """The application with keys that the upstream takes."""
    app = create_app(configured(config, upstream))
    yield app
    close(proxy.obj)


def test_a_connection_that_works_says_what_it_read(connected: Flask, upstream: Upstream) -> None:
    client = connected.test_client()
    for name, listed in (("anthropic", "10 members"), ("cursor", "members")):
        text = shown(send(client, CONNECTIONS, {"provider": name}).text)
        assert "The key works: " in text
        assert listed in text
    assert upstream.anthropic_key not in client.get(CONNECTIONS).text
    assert upstream.anthropic_key[-4:] in client.get(CONNECTIONS).text


def test_a_connection_that_does_not_work_says_why(config: Config, upstream: Upstream) -> None:
    good = configured(config, upstream)
    for name in ("anthropic", "cursor"):
        provider = by_name(name)
        wrong = try_out(provider, with_account(good, name, key="sk-ant-admin01-wrong-key"))
        assert not wrong.good
        assert "answered 401" in wrong.sentence
        assert "wrong-key" not in wrong.sentence
        closed = with_account(good, name, base_url="http://127.0.0.1:9")
        assert "could not be reached" in try_out(provider, closed).sentence
        nothing = try_out(provider, with_account(good, name, key=None))
        assert nothing.sentence == f"Set {provider.SETTINGS.key} first."


def test_a_connection_that_failed_is_not_called_connected(
    config: Config, upstream: Upstream
) -> None:
    app = create_app(with_account(configured(config, upstream), "cursor", key="a-wrong-key-for-it"))
    text = shown(send(app.test_client(), CONNECTIONS, {"provider": "cursor"}).text)
    assert re.search(r"Cursor failed .*answered 401", text)
    assert "Anthropic failed" not in text
    close(proxy.obj)


def test_without_a_key_the_page_says_what_to_set(client: FlaskClient) -> None:
    text = client.get(CONNECTIONS).text
    assert "ANTHROPIC_ADMIN_KEY_FILE" in text
    assert "CURSOR_ADMIN_KEY" in text
    assert "Test connection" not in text


def test_a_provider_that_does_not_exist_is_told(connected: Flask) -> None:
    text = send(connected.test_client(), CONNECTIONS, {"provider": "nobody"}).text
    assert "There is no such provider" in text


def test_a_short_key_is_not_given_away() -> None:
    shown = connection(by_name("cursor"), with_account(Config(), "cursor", key="short"))
    assert (shown.configured, shown.key_ending) == (True, "")


def test_the_name_of_the_team_is_on_screen(config: Config) -> None:
    app = create_app(with_account(config, "cursor", team="acme <team>"))
    client = app.test_client()
    for path in ("/", "/users", "/status", CONNECTIONS):
        assert "Cursor (acme &lt;team&gt;)" in client.get(path).text
    close(proxy.obj)
